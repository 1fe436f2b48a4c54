/* programs.c: what the sessions of tmux, Claude Code and other agents share; see program.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/sessions/program.h"
#include "backends/store/activity.h"

#define PREVIEW_MAX (256u << 10)
#define PREVIEW_GAP_MS 1000

static const struct program_kind *const program_kinds[] = { &program_tmux, &program_claude,
	                                                    &program_herdr, &program_agent };

static const struct program_kind *program_kind_of(enum session_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(program_kinds); i++)
		if (program_kinds[i]->type == type)
			return program_kinds[i];
	return NULL;
}

size_t program_fields(char *line, char **fields, size_t n)
{
	size_t got = 0;
	while (got < n) {
		fields[got++] = line;
		char *tab = got < n ? strchr(line, '\t') : NULL;
		if (!tab)
			break;
		*tab = '\0';
		line = tab + 1;
	}
	return got;
}

void program_set_washed(char **slot, const char *text)
{
	char *w = text && *text ? wash_dup(text, 0) : NULL;
	free(*slot);
	*slot = w;
}

struct session *program_make(struct sessions *ss, enum session_type type, const char *local_id,
                             const char *name)
{
	struct session *r = session_row_of(ss, type, local_id, name);
	if (!r->priv) {
		r->priv = xcalloc(1, sizeof(struct program));
		r->cost = r->tokens = r->context_used = r->context_limit = r->memory = r->cpu = -1;
	}
	((struct program *)r->priv)->seen = 1;
	return r;
}

struct program *program_of(const struct row *row)
{
	const struct session *s = ROW_AS(session, row);
	return program_kind_of(s->type) ? s->priv : NULL;
}

bool session_is_program(const struct row *row)
{
	return program_kind_of(ROW_AS(session, row)->type) != NULL;
}

void program_show(struct session *r, enum session_status status, enum health health, int64_t since,
                  const char *why)
{
	bool worked = r->shown == SESSION_BUSY || r->shown == SESSION_PERMISSION;
	if (status == SESSION_BUSY || status == SESSION_PERMISSION) {
		unseen_drop(r, false);
	} else if (r->shown == SESSION_UNKNOWN && status == SESSION_IDLE) {
		unseen_recall(r);
	} else if (worked && status == SESSION_IDLE) {
		unseen_mark(r, since);
		activity_add(r->row.source->store, ACTIVITY_CHANGE, HEALTH_GOOD, r->row.id,
		             "complete: %s", r->row.name);
	}
	if (r->shown != status || !r->status_ms)
		r->status_ms = since;
	r->status = r->shown = status;
	if (health == HEALTH_IDLE && unseen_counts(r)) {
		health = HEALTH_ATTENTION;
		why = UNSEEN_WHY;
	}
	r->hidden = !r->status_ms || (status == SESSION_NOT_SERVED &&
	                              now_wall_ms() - r->updated_ms > SESSION_OLD_MS);
	store_row_health(&r->row, health, r->status_ms, why);
	store_touch(&r->row);
}

void program_leave_pane(struct session *r, struct program *o)
{
	if (r->type != SESSION_TMUX)
		o->pane[0] = o->target[0] = '\0';
}

void program_waits(struct row *row, const char *phrase)
{
	struct session *s = ROW_AS(session, row);
	char why[420];
	snprintf(why, sizeof(why), "Claude Code waits for: %.100s: %.280s",
	         s->words ? s->words : "you", phrase);
	store_row_health(row, HEALTH_ASKS, s->status_ms, why);
	store_touch(row);
}

void program_each(struct sessions *ss, void (*fn)(struct row *, struct program *))
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server), *next;
	for (; row; row = next) {
		next = store_next(row, &kind_session, ss->source.server);
		if (program_of(row))
			fn(row, program_of(row));
	}
}

static void program_was_live(struct row *row, struct program *o)
{
	if (ROW_AS(session, row)->type != SESSION_CLAUDE)
		return; /* the watch tells of Claude Code only */
	o->was_pid = o->pid;
	o->was_status = ROW_AS(session, row)->status;
	o->pid = 0;
}

static void program_ended(struct row *row, struct program *o)
{
	struct session *r = ROW_AS(session, row);
	if (r->type == SESSION_CLAUDE && o->was_pid && !o->pid) {
		program_leave_pane(r, o);
		if (o->job[0]) /* its file says how it ended */
			sessions_look(sessions_of(row->source), 0);
		program_show(r, SESSION_NOT_SERVED, HEALTH_IDLE, now_wall_ms(), NULL);
	} else if (r->type == SESSION_CLAUDE && o->pid &&
	           (o->pid != o->was_pid ||
	            (r->status != o->was_status && r->status == SESSION_IDLE)))
		/* a look finds the pane of a new session, and its last prompt */
		sessions_look(sessions_of(row->source), 0);
}

void programs_live(struct sessions *ss, const char *now)
{
	char *lines = xstrdup(now);
	program_each(ss, program_was_live);
	claude_apply(ss, lines);
	program_each(ss, program_ended);
	program_each(ss, prompt_follow);
	free(lines);
}

static void program_unsee(struct row *row, struct program *o)
{
	o->seen = 0;
	o->pid = o->was_pid = 0;
	o->job_says = false;
	o->herdr_pane[0] = '\0';
	program_leave_pane(ROW_AS(session, row), o); /* the look lists the panes again */
}

static void program_forget_unseen(struct row *row, struct program *o)
{
	if (!o->seen)
		store_row_remove(row);
}

void programs_apply(struct sessions *ss, const char *agents, const struct program_lines *told)
{
	char *lines = xstrdup(told->claude), *copy = xstrdup(told->tmux);
	char *herdr = xstrdup(told->herdr), *found = xstrdup(agents);
	program_each(ss, program_unsee);
	for (char *line = found; line && *line;) {
		char *nl = strchr(line, '\n');
		if (nl)
			*nl = '\0';
		agents_line(ss, line);
		line = nl ? nl + 1 : NULL;
	}
	claude_apply(ss, lines);
	tmux_apply(ss, copy);
	herdr_apply(ss, herdr);
	free(herdr);
	free(found);
	program_each(ss, program_forget_unseen);
	program_each(ss, prompt_follow);
	free(lines);
	free(copy);
}

void program_finish(struct session *s)
{
	struct program *o = s->priv;
	if (!o)
		return;
	run_cancel(o->run);
	prompt_forget(o);
	free(o->needs);
	free(o->herdr);
	free(o->preview);
	free(o->socket);
	free(o->home);
	free(o);
}

/* --- details and attaching ---------------------------------------------- */

static void program_preview_done(const struct run_result *r, void *arg)
{
	struct row *row = arg;
	struct program *o = program_of(row);
	o->run = NULL;
	if (r->end.err.code || r->end.exit_code != 0)
		return;
	free(o->preview);
	o->preview = xstrndup(r->out, r->out_len);
	o->preview_len = r->out_len;
	store_touch(row);
}

static void program_want_preview(struct row *row, struct program *o)
{
	int64_t now = loop_now(store_loop(row->source->store));
	if (!o->pane[0] || o->run || row->server->link->state != LINK_UP ||
	    (o->asked_ms && now - o->asked_ms < PREVIEW_GAP_MS))
		return;
	struct buf command = { 0 };
	tmux_words(&command, o, (const char *[]){ "capture-pane", "-p", "-t", o->pane, NULL });
	o->asked_ms = now;
	o->run = link_run(row->server->link, command.data, NULL, 0, PREVIEW_MAX, 10000,
	                  program_preview_done, row);
	buf_finish(&command);
}

const struct plan *program_plan(const struct row *row)
{
	const struct session *s = ROW_AS(session, row);
	const struct sessions *ss = (const struct sessions *)row->source;
	bool codex = s->type == SESSION_AGENT && s->agent && strcmp(s->agent, "codex") == 0;
	return codex && ss && ss->codex_plan.n ? &ss->codex_plan : NULL;
}

void programs_detail(struct row *row, struct doc *doc)
{
	struct session *s = ROW_AS(session, row);
	struct program *o = program_of(row);
	if (s->words)
		doc_pair(doc, DOC_PLAIN, program_kind_of(s->type)->words_label, "%s", s->words);
	const struct plan *plan = program_plan(row);
	char used[PLAN_WORDS], age[HUMAN_SIZE];
	if (plan)
		doc_pair(doc, DOC_PLAIN, "plan", "%s", plan_words(plan, now_wall_ms(), used,
		                                                  sizeof(used)));
	if (plan && plan->at_ms)
		doc_pair(doc, DOC_DIM, "", "as its last turn heard %s ago",
		         human_span(age, now_wall_ms() - plan->at_ms));
	if (!o->pane[0]) {
		if (o->herdr_pane[0])
			doc_pair(doc, DOC_PLAIN, "herdr pane", "%s", o->herdr_pane);
		else
			doc_add(doc, DOC_DIM, "It runs in no tmux pane.");
		return;
	}
	doc_pair(doc, DOC_PLAIN, "pane", "%s", o->pane);
	program_want_preview(row, o);
	doc_head(doc, "What its pane shows");
	if (o->preview)
		doc_text(doc, DOC_CODE, o->preview, o->preview_len);
	else
		doc_add(doc, DOC_DIM, "asking for it...");
}

const struct request *program_request(const struct row *row)
{
	const struct program *o = program_of(row);
	return o ? o->request : NULL;
}

bool program_is_asked(const struct sessions *ss)
{
	const struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		const struct program *o = program_of(row);
		if (o && o->prompt_run)
			return true;
	}
	return false;
}

bool program_stop_command(const struct row *row, struct buf *b)
{
	const struct program_kind *kind = program_kind_of(ROW_AS(session, row)->type);
	return kind && kind->stop && kind->stop(row, b);
}

bool program_has_pane(const struct row *row)
{
	return program_of(row) && program_of(row)->pane[0];
}

void program_enter(const char *directory, struct buf *b)
{
	buf_puts(b, "cd ");
	quote_word(b, directory);
	buf_puts(b, " 2>/dev/null || { printf \"%s\\n\" \"the directory of this session is gone "
	            "there, or this login may not enter it\"; exit 1; }; ");
}

void program_command(const struct row *row, struct buf *b)
{
	const struct program_kind *kind = program_kind_of(ROW_AS(session, row)->type);
	if (program_has_pane(row) && program_of(row)->target[0])
		tmux_attach(row, b);
	else if (program_of(row)->herdr_pane[0])
		herdr_attach(row, b);
	else if (kind->command)
		kind->command(row, b);
}
