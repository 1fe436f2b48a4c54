/* Input boxes for actions on sessions. A request is shown in full, then answered by a key or a
 * line.
 *
 * While a box is open, rows may be freed and somebody else may answer. So a box keeps the ids of
 * the rows and of the request. The order carries the id of the request that the user saw. */
#include "panels/sessions_box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/sessions/session.h"
#include "tui/console_internal.h"
#include "tui/editor.h"
#include "tui/peek.h"
#include "tui/tint.h"

#define ASKED_MAX 1000
#define NAMES_MAX 200
#define CHOICES_MAX 12
#define LINE_MAX_BYTES 16384

/* An open box; freed when answered. */
struct asking {
	struct console *console;
	const struct action *action;
	const struct session_box *box; /* the action's */
	char **ids;                    /* ids of the rows */
	size_t n;
	char request[SESSION_ID_SIZE]; /* id of the request to answer; "" */
	size_t question;               /* index of the request's question on the screen */
	struct buf answers;            /* answers so far, separated by semicolons */
	bool tab_again;                /* Tab fetched names: complete again when they arrive */
	size_t tab_at;                 /* position of the cursor at that Tab */
};

static struct asking *sessions_box_create(struct console *c, const struct action *a,
                                          struct row **rows, size_t n)
{
	struct asking *k = xcalloc(1, sizeof(*k));
	k->console = c;
	k->action = a;
	k->box = a->box;
	k->ids = xcalloc(n, sizeof(*k->ids));
	for (; k->n < n; k->n++)
		k->ids[k->n] = xstrdup(rows[k->n]->id);
	buf_init(&k->answers, 64u << 10);
	session_sends_soon(rows[0]);
	return k;
}

static void sessions_box_free(struct asking *k)
{
	if (k->console->completing == k)
		k->console->completing = NULL;
	for (size_t i = 0; i < k->n; i++)
		free(k->ids[i]);
	free(k->ids);
	buf_finish(&k->answers);
	free(k);
}

static struct row *sessions_box_first_row(const struct asking *k)
{
	return store_find(k->console->store, k->ids[0]);
}

/* Runs the action with these words on the rows that still exist. */
static void sessions_box_go(struct asking *k, const char *words)
{
	struct row *rows[ASKED_MAX];
	size_t n = 0;
	for (size_t i = 0; i < k->n && n < ASKED_MAX; i++)
		if ((rows[n] = store_find(k->console->store, k->ids[i])))
			n++;
	if (n) {
		order_begin_rows(k->console, k->action, rows, n, words);
	} else {
		char *copy = xstrdup(words);
		draft_keep(k->console,
		           &(struct intent){ .action = k->action,
		                             .ids = k->ids,
		                             .n = k->n,
		                             .argument = copy },
		           0, "not sent, it is no longer there");
		free(copy);
		console_flash(k->console, TONE_BAD, "%s: it is no longer there", k->action->verb);
	}
	sessions_box_free(k);
}

static void sessions_box_give_up(struct asking *k)
{
	console_redraw(k->console);
	sessions_box_free(k);
}

/* --- what is asked, as text ---------------------------------------------- */

static char *sessions_box_request_text(const struct request *r)
{
	struct doc doc;
	struct buf b;
	doc_init(&doc);
	buf_init(&b, 256u << 10);
	request_doc(r, &doc);
	for (size_t i = 0; i < doc.n; i++) {
		const struct doc_line *line = &doc.lines[i];
		buf_puts(&b, i ? "\n" : "");
		if (line->label)
			buf_addf(&b, "%s  ", line->label);
		buf_puts(&b, line->text ? line->text : "");
	}
	doc_finish(&doc);
	return buf_take(&b);
}

/* The request of the box, if it is still open; else NULL. */
static const struct request *sessions_box_still_asked(const struct asking *k)
{
	struct row *row = sessions_box_first_row(k);
	const struct request *r = row ? session_request(row) : NULL;
	return r && !strcmp(r->id, k->request) ? r : NULL;
}

static void sessions_box_answer_with(struct asking *k, const char *words)
{
	char *whole = xasprintf("%s %s", k->request, words);
	sessions_box_go(k, whole);
	free(whole);
}

/* --- permissions --------------------------------------------------------- */

static void sessions_box_reason_given(const struct dialog_result *result, void *arg)
{
	struct asking *k = arg;
	if (result->choice != 1) {
		sessions_box_give_up(k);
		return;
	}
	char *words = xasprintf("reject: %s", result->text);
	sessions_box_answer_with(k, words);
	free(words);
}

static void sessions_box_permission_chosen(const struct dialog_result *result, void *arg)
{
	static const char *const words[] = { "once", "always", "reject" };
	struct asking *k = arg;
	if (result->choice < 0) {
		sessions_box_give_up(k);
	} else if ((size_t)result->choice < ARRAY_LEN(words)) {
		sessions_box_answer_with(k, words[result->choice]);
	} else {
		struct lineedit_config line = { .prompt = "why: ", .max = 4096 };
		k->console->dialog = dialog_prompt("Reject, and tell it why",
		                                   "It goes on with what you tell it.", &line,
		                                   sessions_box_reason_given, k);
		console_redraw(k->console);
	}
}

static void sessions_box_ask_permission(struct asking *k, const struct request *r,
                                        const struct row *row)
{
	static const struct dialog_item items[] = {
		{ "o", "once", NULL, false },
		{ "a", "always", NULL, false },
		{ "r", "reject", NULL, false },
		{ "m", "reject with a message", NULL, false },
	};
	char title[320], name[TINT_NAME], *text = sessions_box_request_text(r);
	snprintf(title, sizeof(title), "%.60s: %.200s", tint_name(row->server, name), row->name);
	k->console->dialog = dialog_question(title, text, items, ARRAY_LEN(items), -1,
	                                     sessions_box_permission_chosen, k);
	free(text);
}

/* --- questions ----------------------------------------------------------- */

static void sessions_box_ask_question(struct asking *k, const struct request *r,
                                      const struct row *row);

static void sessions_box_question_answered(struct asking *k, const char *words)
{
	const struct request *r = sessions_box_still_asked(k);
	if (!r) {
		buf_addf(&k->answers, "%s%s", k->question ? ";" : "", words);
		/* option numbers are quickly chosen again, so only other answers are noted */
		if (k->answers.data[strspn(k->answers.data, "0123456789,;")] &&
		    strcmp(words, "reject") != 0)
			draft_note(k->console, k->ids[0],
			           "reply: not sent, it was answered elsewhere meanwhile, or "
			           "stopped",
			           k->answers.data);
		console_flash(k->console, TONE_WARN,
		              "it was answered elsewhere meanwhile, or stopped");
		sessions_box_give_up(k);
		return;
	}
	if (!strcmp(words, "reject")) {
		sessions_box_answer_with(k, "reject");
		return;
	}
	buf_puts(&k->answers, k->question ? ";" : "");
	/* escape semicolons, which separate answers */
	for (const char *p = words; *p; p++)
		buf_addf(&k->answers, "%s%c", *p == ';' && r->n_questions > 1 ? "\\" : "", *p);
	if (++k->question < r->n_questions) {
		sessions_box_ask_question(k, r, sessions_box_first_row(k));
		console_redraw(k->console);
		return;
	}
	char *all = xstrdup(k->answers.data);
	sessions_box_answer_with(k, all);
	free(all);
}

static void sessions_box_words_given(const struct dialog_result *result, void *arg)
{
	struct asking *k = arg;
	if (result->choice == 1 && result->text[0])
		sessions_box_question_answered(k, result->text);
	else
		sessions_box_give_up(k);
}

static void sessions_box_ask_for_words(struct asking *k, const char *title, const char *text)
{
	struct lineedit_config line = { .prompt = "answer: ", .max = 4096 };
	k->console->dialog = dialog_prompt(title, text, &line, sessions_box_words_given, k);
	console_redraw(k->console);
}

static void sessions_box_option_chosen(const struct dialog_result *result, void *arg)
{
	struct asking *k = arg;
	const struct request *r = sessions_box_still_asked(k);
	size_t options = r && k->question < r->n_questions ? r->questions[k->question].n_options
	                                                   : 0;
	size_t shown = options < 9 ? options : 9;
	char number[24];
	if (result->choice < 0) {
		sessions_box_give_up(k);
	} else if ((size_t)result->choice < shown) {
		snprintf(number, sizeof(number), "%d", result->choice + 1);
		sessions_box_question_answered(k, number);
	} else if ((size_t)result->choice == shown) {
		sessions_box_ask_for_words(k, "Your own answer", NULL);
	} else {
		sessions_box_question_answered(k, "reject");
	}
}

/* Up to 9 options are chosen by key. Several choices, or more options, are typed: "1,3". */
static void sessions_box_ask_question(struct asking *k, const struct request *r,
                                      const struct row *row)
{
	static const char *const digits[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };
	const struct question *q = &r->questions[k->question];
	struct request one = *r;
	char title[320], name[TINT_NAME];
	one.questions = &r->questions[k->question];
	one.n_questions = 1;
	char *text = sessions_box_request_text(&one);
	snprintf(title, sizeof(title), "%.60s: %.160s (%zu of %zu)",
	         tint_name(row->server, name), row->name, k->question + 1, r->n_questions);
	if (q->multiple || q->n_options > 9) {
		char *more = xasprintf("%s\nNumbers separated by commas, your own words, or the "
		                       "word reject.",
		                       text);
		sessions_box_ask_for_words(k, title, more);
		free(more);
	} else {
		struct dialog_item items[CHOICES_MAX] = { 0 };
		char labels[9][80];
		size_t n = 0;
		for (; n < q->n_options; n++) {
			wash(labels[n], sizeof(labels[n]), q->options[n].label,
			     strlen(q->options[n].label));
			items[n] = (struct dialog_item){ .key = digits[n], .label = labels[n] };
		}
		items[n++] = (struct dialog_item){ .key = "w",
			                           .label = "own words",
			                           .disabled = !q->custom };
		items[n++] = (struct dialog_item){ .key = "x", .label = "reject" };
		k->console->dialog = dialog_question(title, text, items, n, -1,
		                                     sessions_box_option_chosen, k);
	}
	free(text);
}

/* --- words of other actions ---------------------------------------------- */

/* Escapes spaces, which would end the word. */
static char *sessions_box_escaped(const char *before, const char *name, const char *after)
{
	struct buf b;
	buf_init(&b, 16384);
	buf_puts(&b, before);
	for (const char *p = name; *p; p++)
		buf_addf(&b, "%s%c", *p == ' ' || *p == '\\' ? "\\" : "", *p);
	buf_puts(&b, after);
	return buf_take(&b);
}

/* Offers the names that start with the typed text. */
static void sessions_box_offer(struct completion *done, const char *typed, size_t len,
                               const char *before, const char *const *names, size_t n,
                               const char *after)
{
	for (size_t i = 0; i < n; i++) {
		char *word = sessions_box_escaped(before, names[i], after);
		if (!strncmp(word, typed, len))
			completion_add(done, word, NULL);
		free(word);
	}
}

static void sessions_box_complete_list(struct completion *done, struct row *row,
                                       enum session_list list, const char *before, const char *text,
                                       size_t cursor)
{
	const char *names[NAMES_MAX];
	size_t n = row ? session_names(row, list, names, NAMES_MAX) : 0, start = cursor;
	while (start && text[start - 1] != ' ')
		start--;
	sessions_box_offer(done, text + start, cursor - start, before, names, n, "");
}

/* Offers directories of the server. They are fetched over the link. Tab is repeated when they
 * arrive. */
static void sessions_box_complete_directory(struct completion *done, const char *text, size_t start,
                                            size_t cursor, struct asking *k)
{
	struct row *row = sessions_box_first_row(k);
	const char *names[NAMES_MAX];
	char parent[4096];
	size_t n = 0, out = 0, slash = 0;
	completion_start(done, start);
	for (size_t i = start; i < cursor && out + 1 < sizeof(parent); i++) {
		if (text[i] == '\\' && i + 1 < cursor)
			i++;
		parent[out++] = text[i];
		if (text[i] == '/')
			slash = out;
	}
	parent[slash] = '\0';
	if (!row || !slash)
		return;
	bool known = session_directories_in(row, parent, names, NAMES_MAX, &n);
	char *before = sessions_box_escaped("", parent, "");
	sessions_box_offer(done, text + start, cursor - start, before, names, n, "/");
	free(before);
	k->tab_again = !known;
	k->tab_at = cursor;
	k->console->completing = known ? NULL : k;
}

/* A directory as the first word, then agent=NAME and model=NAME. */
static void sessions_box_complete_new(struct completion *done, const char *text, size_t cursor,
                                      struct asking *k)
{
	struct row *row = sessions_box_first_row(k);
	bool again = k->tab_again;
	size_t start =
		0; /* of the word at the cursor; a space after a backslash does not end one */
	for (size_t i = 0; i < cursor; i++) {
		if (text[i] == '\\' && i + 1 < cursor)
			i++;
		else if (text[i] == ' ')
			start = i + 1;
	}
	k->tab_again = false;
	if (again && k->tab_at != cursor)
		return; /* the names arrived, but the user typed on */
	if (text[start] == '/') {
		sessions_box_complete_directory(done, text, start, cursor, k);
	} else if (!start) {
		sessions_box_complete_list(done, row, SESSION_DIRECTORIES, "", text, cursor);
	} else {
		sessions_box_complete_list(done, row, SESSION_AGENTS, "agent=", text, cursor);
		sessions_box_complete_list(done, row, SESSION_MODELS, "model=", text, cursor);
	}
}

/* Tab in a line: completes what the box of the action names. */
static void sessions_box_complete(struct completion *done, const char *text, size_t cursor,
                                  void *arg)
{
	static const enum session_list lists[] = {
		[SESSION_TAB_COMMAND] = SESSION_COMMANDS,
		[SESSION_TAB_AGENT] = SESSION_AGENTS,
		[SESSION_TAB_MODEL] = SESSION_MODELS,
	};
	struct asking *k = arg;
	const char *names[NAMES_MAX];
	size_t n = 0;
	switch (k->box->tab) {
	case SESSION_TAB_NOTHING: break;
	case SESSION_TAB_SERVER: /* only the first word is one */
		for (struct server *v = store_servers(k->console->store); v && n < NAMES_MAX;
		     v = v->next)
			names[n++] = v->name;
		if (!memchr(text, ' ', cursor))
			sessions_box_offer(done, text, cursor, "", names, n, "");
		break;
	case SESSION_TAB_COMMAND:
	case SESSION_TAB_AGENT:
	case SESSION_TAB_MODEL:
		sessions_box_complete_list(done, sessions_box_first_row(k), lists[k->box->tab], "",
		                           text, cursor);
		break;
	case SESSION_TAB_NEW: sessions_box_complete_new(done, text, cursor, k); break;
	}
}

static void sessions_box_changed(struct console *c)
{
	if (!c->completing || !c->dialog)
		return;
	const struct row *row = sessions_box_first_row(c->completing);
	if (row && !session_directories_come(row)) {
		c->completing = NULL;
		dialog_complete_again(c->dialog);
		console_redraw(c);
	}
}

static void sessions_box_line_given(const struct dialog_result *result, void *arg)
{
	struct asking *k = arg;
	if (result->choice == 1 && result->text[0])
		sessions_box_go(k, result->text);
	else
		sessions_box_give_up(k);
}

static void sessions_box_composed(const char *text, const char *why, void *arg)
{
	struct asking *k = arg;
	if (text) {
		sessions_box_go(k, text);
		return;
	}
	console_flash(k->console, TONE_WARN, "nothing was sent: %s", why);
	sessions_box_give_up(k);
}

static void sessions_box_ask_line(struct asking *k, const struct row *row)
{
	char title[320], name[TINT_NAME], *here = NULL;
	const struct session_box *box = k->box;
	/* what was written and not sent comes again */
	const char *text = draft_of(k->console, k->action, k->ids[0]);
	const char *directory = ROW_AS(session, row)->directory;
	if (text && strlen(text) >= LINE_MAX_BYTES) {
		console_flash(k->console, TONE_WARN,
		              "what was written for it is too long for a line: [P] opens it in the "
		              "editor");
		text = NULL;
	}
	if (!text && box->start == SESSION_STARTS_NAME)
		text = row->name;
	else if (!text && box->start == SESSION_STARTS_DIRECTORY && directory)
		text = here = sessions_box_escaped("", directory, " ");
	struct lineedit_config line = { .prompt = box->prompt,
		                        .text = text,
		                        .max = LINE_MAX_BYTES,
		                        .unkept = k->action->flags & ACTION_SECRET,
		                        .complete = box->tab ? sessions_box_complete : NULL,
		                        .arg = k };
	if (k->n > 1)
		snprintf(title, sizeof(title), "%s for %zu sessions", box->title, k->n);
	else
		snprintf(title, sizeof(title), "%s: %.160s on %.60s", box->title, row->name,
		         tint_name(row->server, name));
	k->console->dialog = dialog_prompt(title, box->text, &line, sessions_box_line_given, k);
	free(here);
}

/* --- the way in ---------------------------------------------------------- */

static bool sessions_box_ask(struct console *c, const struct action *a, struct row **rows, size_t n)
{
	const struct session_box *box = a->box;
	const struct request *r = session_request(rows[0]);
	if (!box || (box->how == SESSION_BOX_ANSWER && !r))
		return false;
	struct asking *k = sessions_box_create(c, a, rows, box->how == SESSION_BOX_ANSWER ? 1 : n);
	switch (box->how) {
	case SESSION_BOX_EDITOR:
		editor_open(c, draft_of(c, a, rows[0]->id), sessions_box_composed, k);
		return true;
	case SESSION_BOX_LINE: sessions_box_ask_line(k, rows[0]); break;
	case SESSION_BOX_ANSWER:
		snprintf(k->request, sizeof(k->request), "%s", r->id);
		if (r->is_question && r->n_questions)
			sessions_box_ask_question(k, r, rows[0]);
		else
			sessions_box_ask_permission(k, r, rows[0]);
		break;
	}
	console_redraw(c);
	return true;
}

/* Enter on a session: answers its request. */
static bool sessions_box_open(struct console *c, struct row *r)
{
	const struct action *a = session_request(r) ? action_find(r->kind, "session-answer") : NULL;
	if (!a || !action_applies(c, a, r))
		return false;
	order_begin(c, a);
	return true;
}

/* The top of a conversation is at the end of its details: fetches older messages. */
static bool sessions_box_at_end(struct console *c, struct row *r)
{
	bool asked = session_older(r);
	if (asked)
		console_flash(c, TONE_PLAIN, "older messages are asked for");
	return asked;
}

/* The cursor came to a row. */
static void sessions_box_at_cursor(struct row *r)
{
	if (r->kind == &kind_session && r->source)
		session_git_want(r);
}

/* --- actions ------------------------------------------------------------- */

/* Can the terminal attach to the row? True for sessions and tmux panes on a live link. False for
 * the row of the OpenCode server itself. */
static bool sessions_box_attachable(const struct row *r)
{
	if (r->kind != &kind_session || !r->server->link || r->server->link->state != LINK_UP)
		return false;
	const struct session *s = ROW_AS(session, r);
	return s->type != SESSION_SERVICE && s->type != SESSION_SPEND;
}

static bool sessions_box_in_tmux(const struct row *r)
{
	return sessions_box_attachable(r) && getenv("TMUX");
}

static bool sessions_box_has_children(const struct row *r)
{
	return r->kind == &kind_session && ROW_AS(session, r)->children > 0;
}

static void sessions_box_attach(struct console *c)
{
	shell_open(c, console_row(c));
}

static void sessions_box_attach_window(struct console *c)
{
	shell_open_window(c, console_row(c));
}

static bool sessions_box_is_session(const struct row *r)
{
	return r->kind == &kind_session;
}

static void sessions_box_peek(struct console *c)
{
	peek_toggle(c);
}

static void sessions_box_children(struct console *c)
{
	struct row *r = console_row(c);
	if (r && r->kind == &kind_session && r->source)
		session_fold(r);
	console_redraw(c);
}

static void sessions_box_old(struct console *c)
{
	bool on = session_show_old(c->store);
	console_flash(c, TONE_PLAIN,
	              on ? "archived and old sessions are shown"
	                 : "archived and old sessions are put away");
}

static const struct action actions[] = {
	{ .name = "row-attach",
	  .verb = "attach",
	  .key = "a",
	  .flags = CONSOLE_ROW | CONSOLE_HINT | ACTION_CHANGES,
	  .applies = sessions_box_attachable,
	  .show = sessions_box_attach,
	  .help = "the session itself, full screen; shell-leave comes back" },
	{ .name = "row-attach-window",
	  .verb = "attach in tmux",
	  .key = "A",
	  .flags = CONSOLE_ROW | ACTION_CHANGES,
	  .applies = sessions_box_in_tmux,
	  .show = sessions_box_attach_window,
	  .help = "the session in a tmux window of its own; one that is open is gone to" },
	{ .name = "sessions-peek",
	  .verb = "peek",
	  .key = "v",
	  .flags = CONSOLE_ROW | CONSOLE_HINT,
	  .applies = sessions_box_is_session,
	  .show = sessions_box_peek,
	  .help = "a pane beside the list follows the cursor: the open question with its diff, the "
	          "last words, the git state; again closes it" },
	{ .name = "row-children",
	  .verb = "children",
	  .key = "o",
	  .flags = CONSOLE_ROW,
	  .applies = sessions_box_has_children,
	  .show = sessions_box_children,
	  .help = "show the sessions that were started from it, or fold them away" },
	{ .name = "sessions-old",
	  .verb = "old sessions",
	  .key = "O",
	  .flags = CONSOLE_MENU | CONSOLE_PANES,
	  .show = sessions_box_old,
	  .help = "show archived and old sessions too, or put them away again" },
	{ .name = NULL }
};

const struct panel_extra sessions_extra = {
	.actions = actions,
	.ask = sessions_box_ask,
	.open = sessions_box_open,
	.at_end = sessions_box_at_end,
	.changed = sessions_box_changed,
	.at_cursor = sessions_box_at_cursor,
	.peek = session_peek,
};
