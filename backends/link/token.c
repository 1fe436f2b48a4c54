#include "backends/link/token.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"

#define TOKEN_MAX 16384
#define WORD_HIDDEN 8 /* words of at least this many bytes are also hidden inside other words */
/* bytes of the first line of stderr that are examined; the sentence is shorter */
#define SAID_MAX 4096

struct token_ask {
	struct loop *loop; /* borrowed */
	struct link *link; /* this machine, for this command only */
	struct run *run;
	char *whose, *command;
	struct secret *token; /* the result; NULL: see err */
	struct err err;
	token_fn *done;
	void *arg;
};

static void token_begin(void *arg);
static void token_tell(void *arg);

void token_cancel(struct token_ask *t)
{
	if (!t)
		return;
	loop_defer_cancel(t->loop, token_begin, t);
	loop_defer_cancel(t->loop, token_tell, t);
	run_cancel(t->run);
	link_destroy(t->link);
	secret_destroy(t->token);
	free(t->whose);
	free(t->command);
	free(t);
}

/* Runs one turn after the command's end: inside its own callback the link cannot be destroyed. */
static void token_tell(void *arg)
{
	struct token_ask *t = arg;
	struct secret *token = t->token;
	struct err err = t->err;
	token_fn *done = t->done;
	void *done_arg = t->arg;
	t->token = NULL;
	token_cancel(t);
	done(token, token ? NULL : &err, done_arg);
}

/* Ends the name of the program, the only word of the command that may be shown. */
static const char breaks[] = " \t\n'\"=:;|&()<>,`$";

/* Letters and digits form words, in the command and in its output. A quote or a slash may otherwise
 * split a secret. */
static bool token_in_word(char c)
{
	unsigned char u = (unsigned char)c;
	return (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
	       u >= 0x80;
}

/* Hides every occurrence of word in text. A short word is hidden only where it stands alone. */
static void token_hide(char *text, size_t len, const char *word, size_t n)
{
	char *at;
	for (size_t from = 0; text && n && (at = memmem(text + from, len - from, word, n));) {
		size_t end = (size_t)(at - text) + n;
		bool inside = (at > text && token_in_word(at[-1])) ||
		              (end < len && token_in_word(text[end]));
		if (n >= WORD_HIDDEN || !inside)
			memset(at, '*', n);
		from = n >= WORD_HIDDEN || !inside ? end : (size_t)(at - text) + 1;
	}
}

static void token_explain(struct token_ask *t, const struct run_result *r)
{
	struct buf said;
	buf_init(&said, SAID_MAX);
	/* the first line of stderr, without the words of the command and its output */
	size_t printed = strcspn(r->out, "\r\n");
	/* first, because mask_text recognizes secrets by names that are hidden next */
	mask_text(&said, r->err_out, strcspn(r->err_out, "\n"));
	char *line = said.data;
	size_t len = said.len;
	if (printed >= SECRET_SHORTEST)
		token_hide(line, len, r->out, printed);
	const char *word = t->command + strspn(t->command, breaks);
	word += strcspn(word, breaks); /* skip the program's own name */
	while (*word) {
		size_t n = 0;
		while (token_in_word(word[n]))
			n++;
		token_hide(line, len, word, n);
		word += n ? n : 1;
	}
	/* link_run's sentence quotes the command line, which may show where a password is */
	if (r->end.err.code == ERR_TIMEOUT)
		err_set(&t->err, ERR_TIMEOUT, "%s did not end within %d s", t->whose,
		        TOKEN_TIMEOUT_MS / 1000);
	else if (r->end.err.code)
		err_set(&t->err, r->end.err.code, "%s could not be run to its end", t->whose);
	else if (r->end.exit_code == 0)
		err_set(&t->err, ERR_DENIED, "%s printed nothing", t->whose);
	else if (said.len)
		err_set(&t->err, ERR_DENIED, "%s ended with code %d: %s", t->whose,
		        r->end.exit_code, said.data);
	else
		err_set(&t->err, ERR_DENIED, "%s ended with code %d and said nothing", t->whose,
		        r->end.exit_code);
	buf_finish(&said);
}

static void token_on_done(const struct run_result *r, void *arg)
{
	struct token_ask *t = arg;
	size_t n = strcspn(r->out, "\r\n");
	t->run = NULL;
	if (!r->end.err.code && r->end.exit_code == 0 && n)
		t->token = secret_create(r->out, n);
	if (t->token)
		secret_know(r->out, n);
	else
		token_explain(t, r);
	wipe((char *)r->out, r->out_len); /* the run frees it next */
	loop_defer(t->loop, token_tell, t);
}

static void token_begin(void *arg)
{
	struct token_ask *t = arg;
	if (t->link->state == LINK_UP && !t->run)
		t->run = link_run(t->link, t->command, NULL, 0, TOKEN_MAX, TOKEN_TIMEOUT_MS,
		                  token_on_done, t);
}

static void token_on_link(struct link *link, void *arg)
{
	struct token_ask *t = arg;
	if (t->link == link && link->state == LINK_UP && !t->run)
		loop_defer(t->loop, token_begin, t);
}

struct token_ask *token_ask(struct loop *loop, const char *whose, const char *command,
                            token_fn *done, void *arg)
{
	static const struct link_events events = { .changed = token_on_link };
	struct token_ask *t = xcalloc(1, sizeof(*t));
	*t = (struct token_ask){ .loop = loop,
		                 .whose = xstrdup(whose),
		                 .command = xstrdup(command),
		                 .done = done,
		                 .arg = arg };
	t->link = link_create_local(loop, "this machine", &events, t);
	link_connect(t->link); /* the link is up one turn later */
	loop_defer(loop, token_begin, t);
	return t;
}

/* --- pauses ------------------------------------------------------------------ */

void token_pause_failed(struct token_pause *p, int64_t now, bool at_once)
{
	if (!p->failed_ms || now - p->ends_ms > TOKEN_PAUSE_MOST_MS)
		backoff_reset(&p->grows);
	bool first = !p->grows.fails;
	int64_t least = p->least_ms ? p->least_ms : TOKEN_PAUSE_LEAST_MS;
	int64_t pause = backoff_ms(&p->grows, least, TOKEN_PAUSE_MOST_MS);
	p->failed_ms = now;
	p->ends_ms = at_once && first ? now : now + pause;
}

bool token_pause_is_over(const struct token_pause *p, int64_t now)
{
	return now >= p->ends_ms;
}
