/* sudo.c: run commands as root through sudo or doas.
 *
 * SUDO_MAY first checks silently whether sudo needs a password. If not, `sudo -n` runs the command
 * and the user is not asked. Otherwise the password goes to `sudo -S` on standard input of that one
 * channel, never in argv. If the login is root, the command runs directly. If there is no sudo,
 * doas is used. doas reads passwords only from a terminal.
 *
 * The messages of sudo, sudo-rs and doas differ, and other tools may follow. So no message decides
 * whether a password was right. First `sudo -v` alone gets the password, in one line. After success
 * our script prints RUN_BEGUN (run.c). Only then is the command's input sent, so that PAM never
 * reads input as a password. A password without a RUN_BEGUN after it is never kept. */
#include "backends/servers/server.h"
#include "backends/servers/sudo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/link/ask.h"
#include "backends/link/loop.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"

#define SUDO_KEEP_MS (5 * 60 * 1000)
#define SUDO_TRIES 3 /* one password, and two more if it was wrong */
/* Prints which tool exists, and RUN_BEGUN at once: without a password only the command reads input.
 * The tools exit with 1 if they fail. Then the script asks the tool whether a password is
 * needed. */
static const char without_password[] =
	"if command -v sudo >/dev/null 2>&1; then t=sudo; elif command -v doas >/dev/null 2>&1; "
	"then t=doas; else t=none; fi; "
	"echo mocr-begun >&2; echo mocr-$t >&2; [ $t != none ] || exit 127; LC_ALL=C; export "
	"LC_ALL; " SUDO_MAY "if [ $t = sudo ]; then may \"${1##*/}\" || { echo \"sudo: a password "
	"is required\" >&2; echo mocr-wants >&2; exit 1; }; fi; "
	"$t -n -- \"$@\"; r=$?; [ $r = 1 ] || exit $r; "
	"if [ $t = sudo ]; then sudo -n -v 2>/dev/null; else doas -n true 2>/dev/null; fi "
	"</dev/null || echo mocr-wants >&2; exit $r";

/* head passes exactly one line, so sudo cannot ask again. The ticket of sudo -v is removed
 * afterwards. With timestamp_timeout=0 there are no tickets (sudoers(5)). Then sudo asks once more,
 * and the script prints RUN_BEGUN when the command starts. */
static const char with_password[] =
	"LC_ALL=C; export LC_ALL; sudo -k; head -n 1 | sudo -S -p '' -v || exit; "
	"if sudo -n -v 2>/dev/null </dev/null; then echo mocr-begun >&2; sudo -n -- \"$@\"; r=$?; "
	"sudo -k; exit $r; fi; "
	"echo mocr-answer >&2; exec sudo -S -p '' -- sh -c 'echo mocr-begun >&2; exec \"$@\"' sh "
	"\"$@\"";

/* Runs on a terminal, where doas asks. $1: number of bytes of input that follow. The terminal is
 * raw, so that it does not change the input. */
static const char on_terminal[] = "stty raw -echo 2>/dev/null; echo mocr-ready; exec doas -- sh -c "
				  "'n=$1; shift; echo mocr-begun; if [ $n = 0 ]; then exec \"$@\" "
				  "</dev/null; fi; head -c $n | \"$@\"' sh \"$@\"";

enum sudo_tool { TOOL_SUDO, TOOL_DOAS, TOOL_NONE };

#define SUDO_NAMED 80 /* bytes of the command that the question shows */

struct sudo {
	struct server *server;     /* borrowed */
	struct secret *kept;       /* owned; NULL: none */
	struct loop_timer *forget; /* owned; timer that wipes the password */
	struct sudo_run *runs;
};

enum sudo_step { SUDO_PLAIN, SUDO_NO_PASSWORD, SUDO_ASKING, SUDO_WITH_PASSWORD };

struct sudo_run {
	struct sudo *sudo;
	struct sudo_run *next;
	enum sudo_step step;
	enum sudo_tool tool; /* known after the try without a password */
	char *command;       /* owned; argv as quoted words */
	char **argv;         /* owned; ended by NULL */
	char said[160];      /* last message of a tool that refused */
	char *input;         /* owned; for the command, sent after the password */
	size_t input_len;
	size_t max;
	int64_t timeout_ms;
	run_fn *done;
	void *arg;
	struct run *run;      /* owned while it runs */
	struct ask *ask;      /* while the question is open; owned by the code that answers */
	struct secret *tried; /* the password of this try; owned */
	bool keep, from_kept;
	int tries;
};

static void sudo_start(struct sudo_run *);

static void sudo_drop_secret(struct secret **s)
{
	secret_destroy(*s);
	*s = NULL;
}

/* --- the kept password --------------------------------------------------- */

void sudo_forget(struct sudo *s)
{
	sudo_drop_secret(&s->kept);
	if (s->forget)
		loop_timer_set(s->forget, -1);
}

static void sudo_on_forget(struct loop_timer *t, void *arg)
{
	sudo_forget(arg);
}

struct sudo *sudo_create(struct server *server)
{
	struct sudo *s = xcalloc(1, sizeof(*s));
	s->server = server;
	return s;
}

void sudo_destroy(struct sudo *s)
{
	if (!s)
		return;
	while (s->runs)
		sudo_run_cancel(s->runs);
	sudo_drop_secret(&s->kept);
	loop_timer_remove(s->forget);
	free(s);
}

/* --- ends ---------------------------------------------------------------- */

static void sudo_run_free(struct sudo_run *r)
{
	LIST_DROP(r->sudo->runs, r);
	run_cancel(r->run);
	sudo_drop_secret(&r->tried);
	if (r->input)
		wipe(r->input, r->input_len);
	free(r->input);
	free(r->command);
	for (char **word = r->argv; *word; word++)
		free(*word);
	free(r->argv);
	free(r);
}

static void sudo_finish(struct sudo_run *r, const struct run_result *result)
{
	run_fn *done = r->done;
	void *arg = r->arg;
	sudo_run_free(r);
	done(result, arg);
}

static void sudo_fail(struct sudo_run *r, const struct run_result *result, enum err_code code,
                      const char *fmt, const char *words)
{
	struct run_result failed = *result;
	char line[200];
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(words, "\r\n"), words);
	failed.end.exit_code = -1;
	err_set(&failed.end.err, code, fmt, r->sudo->server->name, line);
	sudo_finish(r, &failed);
}

void sudo_run_cancel(struct sudo_run *r)
{
	if (!r)
		return;
	if (r->ask)
		server_ask_drop(r->sudo->server, r->ask);
	sudo_run_free(r);
}

/* --- asking -------------------------------------------------------------- */

static void sudo_on_answer(struct ask *ask, struct secret *answer, bool keep_it, void *arg)
{
	struct sudo_run *r = arg;
	static const struct run_result nothing = { .out = "",
		                                   .err_out = "",
		                                   .end = { .exit_code = -1 } };
	r->ask = NULL;
	if (!answer) {
		sudo_fail(r, &nothing, ERR_CANCELLED, "%s: the password for sudo was not given%s",
		          "");
		return;
	}
	sudo_drop_secret(&r->tried);
	r->tried = answer;
	r->keep = keep_it;
	r->from_kept = false;
	r->step = SUDO_WITH_PASSWORD;
	r->tries++;
	sudo_start(r);
}

static const char *sudo_tool_name(const struct sudo_run *r)
{
	return r->tool == TOOL_DOAS ? "doas" : "sudo";
}

static void sudo_ask_user(struct sudo_run *r)
{
	struct server *v = r->sudo->server;
	const char *user = *v->user ? v->user : "the login";
	struct ask *a = xcalloc(1, sizeof(*a));
	a->kind = ASK_SUDO;
	a->can_keep = true;
	snprintf(a->title, sizeof(a->title), "%.60s: %s password", v->name, sudo_tool_name(r));
	char named[SUDO_NAMED + 1];
	wash(named, sizeof(named), r->command, strlen(r->command));
	char again[sizeof(r->said) + 80] = "";
	if (r->tries)
		snprintf(again, sizeof(again), "That was not the password.\n%s said: %s\n",
		         sudo_tool_name(r), *r->said ? r->said : "nothing");
	snprintf(a->text, sizeof(a->text),
	         "%s%.60s may not do this as %.60s without a password:\n%s%s", again, v->name, user,
	         named, strlen(r->command) > SUDO_NAMED ? "..." : "");
	snprintf(a->prompt, sizeof(a->prompt), "Password of %.30s on %.40s", user, v->name);
	a->answered = sudo_on_answer;
	a->arg = r;
	a->ordered = true;
	r->step = SUDO_ASKING;
	r->ask = a;
	server_ask(v, a);
}

/* --- running ------------------------------------------------------------- */

/* Whether text has a message of the tool. Such lines begin with the tool's name. */
static bool sudo_complains(const char *text, const char *tool)
{
	size_t n = strlen(tool);
	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, tool, n) == 0 && at[n] == ':')
			return true;
	}
	return false;
}

/* Whether the tool refuses the login with any password. This only saves the user two more
 * questions. */
static bool sudo_forbids(const char *text)
{
	static const char *const phrases[] = { "not in the sudoers", "is not allowed to",
		                               "may not run",        "not permitted",
		                               "not authorized",     NULL };
	for (size_t i = 0; phrases[i]; i++)
		if (strcasestr(text, phrases[i]))
			return true;
	return false;
}

/* Removes the line from the start or the end of the text. True if the line was there. */
static bool sudo_take_line(char *text, const char *line)
{
	char *at = strstr(text, line);
	size_t n = at ? strlen(line) : 0;
	if (!at || at[n] != '\n')
		return false;
	memmove(at, at + n + 1, strlen(at + n + 1) + 1);
	return true;
}

/* The try without a password has ended. Removes our script's messages from the output of the
 * command. */
static void sudo_tried_without(struct sudo_run *r, const struct run_result *result)
{
	static const char *const names[] = {
		[TOOL_SUDO] = "mocr-sudo", [TOOL_DOAS] = "mocr-doas", [TOOL_NONE] = "mocr-none"
	};
	char *words = xstrdup(result->err_out);
	struct run_result clean = *result;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (sudo_take_line(words, names[i]))
			r->tool = (enum sudo_tool)i;
	bool wants = sudo_take_line(words, "mocr-wants");
	clean.err_out = words;
	clean.err_len = strlen(words);
	bool refused = wants && sudo_complains(words, sudo_tool_name(r));
	if (r->tool == TOOL_NONE)
		sudo_fail(r, &clean, ERR_ABSENT,
		          "%s has neither sudo nor doas, and the login is not root%s", "");
	else if (refused && sudo_forbids(words))
		sudo_fail(r, &clean, ERR_DENIED,
		          r->tool == TOOL_DOAS ? "%s: doas refused: %s" : "%s: sudo refused: %s",
		          words);
	else if (refused && (!r->sudo->kept || r->tries)) {
		sudo_ask_user(r);
	} else if (refused) {
		r->tried = secret_create(r->sudo->kept->text, r->sudo->kept->len);
		r->from_kept = true;
		r->step = SUDO_WITH_PASSWORD;
		sudo_start(r);
	} else {
		sudo_finish(r, &clean);
	}
	free(words);
}

static void sudo_tried_with(struct sudo_run *r, const struct run_result *result)
{
	struct run_result clean = *result;
	/* a terminal has only one output stream */
	if (r->tool == TOOL_DOAS && result->end.exit_code != 0) {
		clean.err_out = result->out;
		clean.err_len = result->out_len;
	}
	/* The last line that is not empty. sudo prints its reason after its lecture. */
	size_t end = strlen(clean.err_out);
	while (end && strchr(" \r\n", clean.err_out[end - 1]))
		end--;
	size_t from = end;
	while (from && clean.err_out[from - 1] != '\n')
		from--;
	wash(r->said, sizeof(r->said), clean.err_out + from, end - from);
	if (result->begun && sudo_forbids(clean.err_out) &&
	    sudo_complains(clean.err_out, sudo_tool_name(r))) {
		sudo_fail(r, &clean, ERR_DENIED,
		          r->tool == TOOL_DOAS ? "%s: doas refused: %s" : "%s: sudo refused: %s",
		          r->said);
	} else if (result->begun) {
		if (r->keep) {
			sudo_drop_secret(&r->sudo->kept);
			r->sudo->kept = secret_create(r->tried->text, r->tried->len);
			if (!r->sudo->forget)
				r->sudo->forget = loop_timer_add(store_loop(r->sudo->server->store),
				                                 SUDO_KEEP_MS, sudo_on_forget,
				                                 r->sudo);
			loop_timer_set(r->sudo->forget, SUDO_KEEP_MS);
		}
		sudo_finish(r, &clean);
	} else {
		if (r->from_kept)
			sudo_forget(r->sudo);
		if (sudo_forbids(clean.err_out))
			sudo_fail(r, &clean, ERR_DENIED,
			          r->tool == TOOL_DOAS ? "%s: doas refused: %s"
			                               : "%s: sudo refused: %s",
			          r->said);
		else if (r->tries < SUDO_TRIES)
			sudo_ask_user(r);
		else
			sudo_fail(r, &clean, ERR_DENIED,
			          r->tool == TOOL_DOAS ? "%s: doas took none of the passwords (%s)"
			                               : "%s: sudo took none of the passwords (%s)",
			          r->said);
	}
}

static void sudo_on_result(const struct run_result *result, void *arg)
{
	struct sudo_run *r = arg;
	r->run = NULL;
	if (r->step == SUDO_PLAIN || result->end.err.code)
		sudo_finish(r, result);
	else if (r->step == SUDO_NO_PASSWORD)
		sudo_tried_without(r, result);
	else
		sudo_tried_with(r, result);
}

/* Builds sh -c SCRIPT sh [COUNT] ARGV... */
static char *sudo_scripted(const struct sudo_run *r, const char *script, const char *count)
{
	size_t n = 0;
	while (r->argv[n])
		n++;
	const char **words = xcalloc(n + 6, sizeof(*words)), **at = words;
	const char *head[] = { "sh", "-c", script, "sh" };
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		*at++ = head[i];
	if (count)
		*at++ = count;
	for (size_t i = 0; i < n; i++)
		*at++ = r->argv[i];
	char *command = quote_command(words);
	free(words);
	return command;
}

static void sudo_start(struct sudo_run *r)
{
	if (r->step == SUDO_PLAIN) {
		r->run = link_run(r->sudo->server->link, r->command, r->input, r->input_len, r->max,
		                  r->timeout_ms, sudo_on_result, r);
		return;
	}
	bool asks = r->step == SUDO_WITH_PASSWORD;
	struct run_stages stages = { .shown = r->command,
		                     .terminal = asks && r->tool == TOOL_DOAS };
	char count[24], *answer = NULL;
	snprintf(count, sizeof(count), "%zu", r->input_len);
	if (asks) {
		stages.answer_len = r->tried->len + 1;
		answer = xcalloc(1, stages.answer_len);
		memcpy(answer, r->tried->text, r->tried->len);
		answer[r->tried->len] = '\n';
		stages.answer = answer;
	}
	const char *script = without_password;
	if (stages.terminal)
		script = on_terminal;
	else if (asks)
		script = with_password;
	char *command = sudo_scripted(r, script, stages.terminal ? count : NULL);
	r->run = link_run_staged(r->sudo->server->link, command, &stages, r->input, r->input_len,
	                         r->max, r->timeout_ms, sudo_on_result, r);
	free(command);
	if (answer)
		wipe(answer, stages.answer_len);
	free(answer);
}

struct sudo_run *sudo_run(struct sudo *s, const char *const *argv, size_t max, int64_t timeout_ms,
                          run_fn *done, void *arg)
{
	return sudo_run_input(s, argv, NULL, 0, max, timeout_ms, done, arg);
}

struct sudo_run *sudo_run_input(struct sudo *s, const char *const *argv, const void *input,
                                size_t len, size_t max, int64_t timeout_ms, run_fn *done, void *arg)
{
	struct sudo_run *r = xcalloc(1, sizeof(*r));
	*r = (struct sudo_run){ .sudo = s,
		                .max = max,
		                .timeout_ms = timeout_ms,
		                .done = done,
		                .arg = arg,
		                .next = s->runs };
	if (len) {
		r->input = xcalloc(1, len);
		memcpy(r->input, input, len);
		r->input_len = len;
	}
	r->command = quote_command(argv);
	size_t n = 0;
	while (argv[n])
		n++;
	r->argv = xcalloc(n + 1, sizeof(*r->argv));
	for (size_t i = 0; i < n; i++)
		r->argv[i] = xstrdup(argv[i]);
	const struct server *v = s->server;
	bool is_root = link_is_local(v->link) ? geteuid() == 0 : v->uid == 0;
	/* `sudo = never`: the command runs as the login, and says itself what is refused */
	bool is_forbidden = v->config && v->config->sudo && strcmp(v->config->sudo, "never") == 0;
	r->step = is_root || is_forbidden ? SUDO_PLAIN : SUDO_NO_PASSWORD;
	s->runs = r;
	sudo_start(r);
	return r;
}
