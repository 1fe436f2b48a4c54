/* prompt.c: the question that an agent shows in its tmux pane, and the key that answers it.
 *
 * Source: tmux(1), capture-pane, send-keys, and FORMATS for the mode of a pane. The drawing of
 * Claude Code has no document. Seen on 2.1.332: its question is below a line of dashes, with
 * numbered choices, and a digit chooses one.
 *
 * The pane is read when the agent begins to wait. An answer is sent by one
 * command, which reads the pane again and sends the key only if the pane still shows the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/sessions/acts.h"
#include "backends/sessions/program.h"

#define PROMPT_MAX (64u << 10)
#define PROMPT_MS 10000
#define PROMPT_TRIES 5 /* the agent says that it waits before its question is drawn */
#define OPTIONS_MAX 9
/* Exit codes of the command that answers: the pane shows something else now; the pane is in a mode
 * of tmux, which would take the key. */
#define CHANGED 9
#define IN_MODE 8

/* What is below the last line that Claude Code draws above its question. Without that line nothing:
 * the beginning of the question is not in the pane. */
#define BELOW_RULE                                           \
	" | awk '/^────/{n=0;r=1;next} {l[n++]=$0} " \
	"END{for(i=0;r&&i<n;i++){sub(/ +$/,\"\",l[i]);print l[i]}}'"

static void prompt_capture(struct buf *b, const struct program *o)
{
	tmux_words(b, o, (const char *[]){ "-u", "capture-pane", "-p", "-t", o->pane, NULL });
	buf_puts(b, BELOW_RULE);
}

/* --- reading ------------------------------------------------------------- */

/* The number of a choice, such as "❯ 2. No", and its text. 0: the line is no choice. */
static size_t prompt_choice(const char *line, const char **text, bool *marked)
{
	static const char *const marks[] = { "❯", "›", ">", "│", " " };
	for (size_t i = 0; i < ARRAY_LEN(marks);) {
		size_t n = strlen(marks[i]);
		bool is = !strncmp(line, marks[i], n);
		*marked |= is && i < 3;
		line += is ? n : 0;
		i = is ? 0 : i + 1;
	}
	size_t digits = strspn(line, "0123456789");
	if (!digits || digits > 2 || strncmp(line + digits, ". ", 2) != 0)
		return 0;
	*text = line + digits + 2;
	return digits == 1 ? (size_t)(*line - '0') : OPTIONS_MAX + 1;
}

static bool prompt_is_dashes(const char *line)
{
	return !strncmp(line, "╌╌╌", strlen("╌╌╌"));
}

static const char *prompt_trim(char *line)
{
	static const char frame[] = "│";
	size_t n = strlen(line), edge = strlen(frame);
	while (n && line[n - 1] == ' ')
		line[--n] = '\0';
	line += strspn(line, " ");
	if (!strncmp(line, frame, edge))
		line += edge + strspn(line + edge, " ");
	return line;
}

/* The lines below the rule. What the agent wants to do stands above its choices, and may itself
 * look like choices or like a line of dashes. */
struct prompt_reading {
	char **lines; /* owned array, borrowed lines */
	size_t n_lines;
	size_t first_choice;             /* index of its line; all before it is shown */
	size_t dashes_from, dashes_to;   /* lines of the first and the last line of dashes */
	struct question_option *options; /* owned */
	size_t n;
	bool marked; /* the agent's own mark stands at one of the choices */
};

static size_t prompt_number_at(const struct prompt_reading *p, size_t line)
{
	const char *text;
	bool marked = false;
	return prompt_choice(p->lines[line], &text, &marked);
}

/* The choices are the last lines that count up from 1. False: no line
 * does, or there are more than nine. */
static bool prompt_find_choices(struct prompt_reading *p)
{
	size_t at = p->n_lines, number = 0;
	while (at && !number)
		number = prompt_number_at(p, --at);
	if (!number || number > OPTIONS_MAX)
		return false;
	p->n = number;
	for (size_t want = number; want; at--) {
		size_t is = prompt_number_at(p, at);
		if (is && is != want)
			return false;
		if (is)
			want--;
		if (!want)
			p->first_choice = at;
		if (!at && want)
			return false;
		if (!at)
			break;
	}
	return true;
}

/* Does another list stand between the last line of dashes and the choices? */
static bool prompt_is_ambiguous(const struct prompt_reading *p)
{
	size_t from = p->dashes_to < p->first_choice ? p->dashes_to + 1 : 0;
	for (size_t i = from; i < p->first_choice; i++)
		if (prompt_number_at(p, i))
			return true;
	return false;
}

static void prompt_take_choices(struct prompt_reading *p)
{
	for (size_t i = p->first_choice, n = 0; i < p->n_lines && n < p->n; i++) {
		const char *text;
		size_t number = prompt_choice(p->lines[i], &text, &p->marked);
		if (number == n + 1)
			p->options[n++].label = xstrdup(text);
	}
}

/* Choices that are ticked need more than one key. */
static bool prompt_is_ticked(const struct prompt_reading *p)
{
	return p->n &&
	       (p->options[0].label[0] == '[' || !strncmp(p->options[0].label, "☐", strlen("☐")));
}

static uint32_t prompt_hash(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

/* The words of the question: what stands between the lines of dashes, else its last line. */
static char *prompt_words(const struct prompt_reading *p, const struct buf *all,
                          const struct buf *inside)
{
	const char *first = all->len ? all->data : "";
	if (inside->len)
		return xasprintf("%.*s: %s", (int)strcspn(first, "\n"), first, inside->data);
	const char *last = strrchr(first, '\n');
	return xstrdup(last ? last + 1 : first);
}

static void prompt_fill(struct prompt_reading *p, struct request *r)
{
	struct buf all, inside; /* every line before the choices; those between dashes */
	struct question *q = xcalloc(1, sizeof(*q));
	buf_init(&all, PROMPT_MAX);
	buf_init(&inside, PROMPT_MAX);
	for (size_t i = 0; i < p->first_choice; i++) {
		const char *text = prompt_trim(p->lines[i]);
		if (!*text || prompt_is_dashes(text))
			continue;
		buf_addf(&all, "%s%s", all.len ? "\n" : "", text);
		if (i > p->dashes_from && i < p->dashes_to)
			buf_addf(&inside, "%s%s", inside.len ? " " : "", text);
	}
	r->is_question = true;
	r->questions = q;
	r->n_questions = 1;
	r->note = all.data ? xstrdup(all.data) : NULL;
	q->options = p->options;
	q->n_options = p->n;
	q->header = xstrdup("");
	q->text = prompt_words(p, &all, &inside);
	buf_finish(&all);
	buf_finish(&inside);
}

struct request *prompt_read(const char *text)
{
	char *copy = xstrdup(text);
	struct prompt_reading p = { .options = xcalloc(OPTIONS_MAX, sizeof(*p.options)) };
	struct request *r = xcalloc(1, sizeof(*r));
	size_t most = 1;
	for (const char *c = copy; *c; c++)
		most += *c == '\n';
	p.lines = xcalloc(most, sizeof(*p.lines));
	char *save = NULL;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		p.lines[p.n_lines++] = line;
	bool usable = prompt_find_choices(&p) && p.n > 1 && p.first_choice > 0;
	if (usable) {
		p.dashes_from = p.dashes_to = p.n_lines;
		for (size_t i = 0; i < p.first_choice; i++)
			if (prompt_is_dashes(p.lines[i] + strspn(p.lines[i], " "))) {
				p.dashes_from = p.dashes_from == p.n_lines ? i : p.dashes_from;
				p.dashes_to = i;
			}
		prompt_take_choices(&p);
		usable = p.marked && !prompt_is_ambiguous(&p) && !prompt_is_ticked(&p);
	}
	p.n = usable || p.options[0].label ? p.n : 0;
	prompt_fill(&p, r);
	snprintf(r->id, sizeof(r->id), "pane_%08x", prompt_hash(text));
	free(p.lines);
	free(copy);
	if (usable)
		return r;
	request_free(r);
	return NULL;
}

void prompt_forget(struct program *o)
{
	run_cancel(o->prompt_run);
	o->prompt_run = NULL;
	free(o->prompt);
	o->prompt = NULL;
	request_free(o->request);
	o->request = NULL;
	o->prompt_tries = 0;
}

void prompt_phrase(const struct program *o, char *buf, size_t size)
{
	*buf = '\0';
	if (o->request && o->prompt_of_ms == o->told_ms)
		request_phrase(o->request, buf, size);
	else if (o->needs)
		snprintf(buf, size, "%s", o->needs);
}

static void prompt_say(struct row *row, const struct program *o)
{
	char phrase[300];
	if (!o->request)
		return;
	request_phrase(o->request, phrase, sizeof(phrase));
	program_waits(row, phrase);
}

static void prompt_ask(struct row *row, struct program *o);

static void prompt_arrived(const struct run_result *r, void *arg)
{
	struct row *row = arg;
	struct program *o = program_of(row);
	o->prompt_run = NULL;
	if (!r->end.err.code && r->end.exit_code == 0) {
		o->request = prompt_read(r->out);
		o->prompt = o->request ? xstrdup(r->out) : NULL;
	}
	if (o->request) {
		prompt_say(row, o);
	} else if (!r->end.err.code && o->prompt_tries < PROMPT_TRIES) {
		prompt_ask(row, o);
	}
	sessions_judge_source(sessions_of(row->source));
}

static void prompt_ask(struct row *row, struct program *o)
{
	struct buf command;
	if (row->server->link->state != LINK_UP)
		return;
	buf_init(&command, 4096);
	buf_puts(&command, "LC_ALL=C.UTF-8; export LC_ALL; ");
	if (o->prompt_tries++)
		buf_puts(&command, "sleep 1; ");
	prompt_capture(&command, o);
	o->prompt_run = link_run(row->server->link, command.data, NULL, 0, PROMPT_MAX, PROMPT_MS,
	                         prompt_arrived, row);
	run_name(o->prompt_run, "the question in its pane");
	buf_finish(&command);
}

void prompt_follow(struct row *row, struct program *o)
{
	const struct session *s = ROW_AS(session, row);
	bool waits = s->status == SESSION_PERMISSION && o->pane[0];
	/* one that could not be read is not read again until the agent says something new */
	bool tried = o->request || o->prompt_run || o->prompt_tries >= PROMPT_TRIES;
	if (waits && o->prompt_of_ms == o->told_ms && tried) {
		prompt_say(row, o);
		return;
	}
	prompt_forget(o);
	o->prompt_of_ms = o->told_ms;
	if (waits)
		prompt_ask(row, o);
}

/* --- answering ----------------------------------------------------------- */

/* "Yes" alone allows this once. A longer "Yes, and ..." allows more: only what says so is taken. */
static bool prompt_is_once(const char *label)
{
	return !strcmp(label, "Yes") || !strcmp(label, "Yes, proceed");
}

static bool prompt_is_always(const char *label)
{
	return !strncmp(label, "Yes, and", 8) &&
	       (strstr(label, "always") || strstr(label, "don't ask again"));
}

static bool prompt_is_no(const char *label)
{
	return !strncmp(label, "No", 2) && !(label[2] >= 'a' && label[2] <= 'z');
}

/* The number of the first choice with that meaning; 0: no choice has it. */
static size_t prompt_find(const struct question *q, bool (*is)(const char *))
{
	for (size_t i = 0; i < q->n_options; i++)
		if (is(q->options[i].label))
			return i + 1;
	return 0;
}

/* The key that means the words: a digit, or "Escape". False: no key does, and err says why. */
bool prompt_key(const struct request *r, const char *words, char *key, size_t size, struct err *err)
{
	const struct question *q = &r->questions[0];
	size_t number = 0;
	if (strlen(words) == 1 && *words >= '1' && *words <= '9')
		number = (size_t)(*words - '0');
	else if (!strcmp(words, "once"))
		number = prompt_find(q, prompt_is_once);
	else if (!strcmp(words, "always"))
		number = prompt_find(q, prompt_is_always);
	else if (!strcmp(words, "reject"))
		number = prompt_find(q, prompt_is_no);
	if (number && number <= q->n_options) {
		snprintf(key, size, "%zu", number);
		return true;
	}
	if (!strcmp(words, "reject")) {
		snprintf(key, size, "Escape");
		return true;
	}
	err_set(err, ERR_USAGE,
	        "\"%.60s\" is not one of its choices: answer with a number from 1 to %zu, or with "
	        "once, always or reject; [a] attaches to it",
	        words, q->n_options);
	return false;
}

static void prompt_answered(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->end.err;
	a->run = NULL;
	struct row *row = order_row(a->order);
	if (!err.code && r->end.exit_code == CHANGED)
		err_set(&err, ERR_ABSENT,
		        "its pane shows something else now, so nothing was sent: it was answered "
		        "elsewhere, or asks something new");
	else if (!err.code && r->end.exit_code == IN_MODE)
		err_set(&err, ERR_REFUSED,
		        "its pane is in tmux's copy mode, which would take the key, so nothing was "
		        "sent: q leaves that mode there");
	else if (!err.code && r->end.exit_code != 0)
		err_set(&err, ERR_REFUSED, "tmux did not send the key: %.200s",
		        r->err_len ? r->err_out : "it gave no reason");
	if (row && program_of(row) && err.code == ERR_ABSENT) {
		prompt_forget(program_of(row));
		prompt_follow(row, program_of(row));
	}
	oc_act_end(a, err.code ? &err : NULL, "answered");
}

static const char not_asked[] =
	"it does not ask that any more: it was answered elsewhere, or stopped";

void prompt_answer(struct order *order)
{
	struct row *row = order_row(order);
	struct program *o = row ? program_of(row) : NULL;
	const char *words = order->argument ? order->argument : "";
	size_t n = !strncmp(words, "pane_", 5) ? strcspn(words, " ") : 0;
	char key[16];
	struct err err = { 0 };
	struct buf b;
	if (!o || !o->request ||
	    (n && (strlen(o->request->id) != n || strncmp(words, o->request->id, n) != 0))) {
		err_set(&err, ERR_ABSENT, "%s", not_asked);
		order_end(order, &err, NULL);
		return;
	}
	words += n + strspn(words + n, " ");
	if (!prompt_key(o->request, words, key, sizeof(key), &err)) {
		order_end(order, &err, NULL);
		return;
	}
	buf_init(&b, 8192);
	buf_puts(&b, "LC_ALL=C.UTF-8; export LC_ALL; e=$(cat); n=$(");
	prompt_capture(&b, o);
	buf_addf(&b, "); [ \"$n\" = \"$e\" ] || exit %d; [ \"$(", CHANGED);
	tmux_words(&b, o,
	           (const char *[]){ "display-message", "-p", "-t", o->pane, "#{pane_in_mode}",
	                             NULL });
	buf_addf(&b, ")\" = 0 ] || exit %d; ", IN_MODE);
	tmux_words(&b, o, (const char *[]){ "send-keys", "-t", o->pane, key, NULL });
	struct act *a = oc_act_add(order, NULL, &sessions_of(row->source)->program_acts);
	a->run = link_run(row->server->link, b.data, o->prompt, strlen(o->prompt), 16384, PROMPT_MS,
	                  prompt_answered, a);
	run_name(a->run, "the answer to its pane");
	buf_finish(&b);
}
