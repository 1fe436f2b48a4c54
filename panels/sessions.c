/* Sessions of coding agents and tmux on all servers. Those that wait for the user come first. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/sessions/session.h"
#include "panels/panels.h"
#include "panels/sessions_box.h"

#define DEPTH_MAX 16

/* --- cells --------------------------------------------------------------- */

static void sessions_title_cell(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	bool dim = s->shown == SESSION_NOT_SERVED || s->archived_ms || s->type == SESSION_SERVICE ||
	           s->type == SESSION_SPEND;
	int indent = 2 * (s->depth < 6 ? s->depth : 6);
	cell_set(c, dim ? TONE_DIM : TONE_PLAIN, "%*s", indent, "");
	cell_add(c, "%s%s", s->depth ? "- " : "", r->name);
	if (s->children)
		cell_add(c, s->unfolded ? " (-%d)" : " (+%d)", s->children);
}

/* The state with its clock or countdown, then what the session asks. */
static void sessions_status_cell(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	enum tone tone = r->health == HEALTH_IDLE ? TONE_DIM : tone_health(r->health);
	if (cell_order(r, c))
		return;
	if (s->type == SESSION_SERVICE) {
		cell_set(c, tone, "%s", s->words ? s->words : "asked");
		bool serves = r->source->state == SOURCE_LIVE && r->health < HEALTH_ATTENTION;
		if (serves || s->sessions)
			cell_add(c, " %d", s->sessions);
	} else if (s->type == SESSION_TMUX || s->type == SESSION_SPEND) {
		cell_set(c, tone, "%s", s->words ? s->words : "");
	} else if (s->shown == SESSION_RETRY) {
		cell_set(c, tone, "retry in ");
		cell_add_wait(c, s->next_ms);
	} else if (s->shown >= SESSION_BUSY) {
		cell_set(c, tone, "%s ", session_status_name(s->shown));
		cell_add_age(c, s->status_ms);
	} else if (s->finished_ms && s->shown == SESSION_IDLE) {
		cell_set(c, TONE_GOOD, "idle, done ");
		cell_add_age(c, s->finished_ms);
	} else {
		cell_set(c, tone, "%s", session_status_name(s->shown));
	}
}

static void sessions_asks_cell(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	if (r->why)
		cell_set(c, tone_health(r->health), "%s", r->why);
	else if (s->type == SESSION_SERVICE && s->unit)
		cell_set(c, TONE_DIM, "%s", s->unit);
	else if (s->type == SESSION_TMUX && s->model)
		cell_set(c, TONE_DIM, "%s", s->model);
	else if (s->type == SESSION_AGENT && s->words)
		cell_set(c, TONE_DIM, "%s", s->words);
	else
		cell_set(c, TONE_DIM, "%s", "");
}

static void sessions_branch_cell(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	char words[100];
	session_git_say(s, words, sizeof(words));
	cell_set(c, s->git.changes ? TONE_PLAIN : TONE_DIM, "%s", words);
}

static void sessions_agent_cell(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	if (s->type == SESSION_SERVICE)
		cell_bytes(c, (double)s->memory);
	else
		cell_set(c, TONE_DIM, "%s", s->agent ? s->agent : "");
}

static void sessions_model_cell(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	const char *slash = s->model ? strrchr(s->model, '/') : NULL;
	const char *model = slash ? slash + 1 : s->model;
	if (!model || s->type == SESSION_TMUX)
		model = "";
	cell_set(c, TONE_DIM, "%s", model);
}

static double sessions_context_of(const struct row *r)
{
	const struct session *s = ROW_AS(session, r);
	return s->context_used > 0 && s->context_limit > 0
	               ? 100.0 * (double)s->context_used / (double)s->context_limit
	               : -1;
}

static void sessions_context_cell(const struct row *r, struct cell *c)
{
	double share = sessions_context_of(r);
	if (share >= 0 || ROW_AS(session, r)->type == SESSION_OPENCODE)
		cell_percent(c, share, 80);
	else
		cell_set(c, TONE_DIM, "%s", "");
}

static void sessions_tokens(struct cell *c, double t)
{
	if (t < 0)
		cell_set(c, TONE_DIM, "%s", "");
	else if (t >= 1e6)
		cell_set(c, TONE_PLAIN, "%.1fM", t / 1e6);
	else if (t >= 1e3)
		cell_set(c, TONE_PLAIN, "%.0fk", t / 1e3);
	else
		cell_set(c, TONE_PLAIN, "%.0f", t);
}

static void sessions_cost(struct cell *c, double dollars)
{
	if (dollars < 0)
		cell_set(c, TONE_DIM, "%s", "");
	else
		cell_set(c, TONE_PLAIN, dollars >= 10 ? "$%.0f" : "$%.2f", dollars);
}

static int sessions_active_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)ROW_AS(session, b)->updated_ms,
	                       (double)ROW_AS(session, a)->updated_ms);
}

/* --- order: roots by need, then activity; children under their parents --- */

static int sessions_rank_of(const struct row *r)
{
	const struct session *s = ROW_AS(session, r);
	if (r->health >= HEALTH_ATTENTION)
		return 10 - (int)r->health;
	if (s->shown >= SESSION_BUSY && s->shown != SESSION_ERROR)
		return 20;
	if (s->type == SESSION_SERVICE || s->type == SESSION_SPEND)
		return 40;
	if (s->shown == SESSION_NOT_SERVED)
		return 35;
	return 30;
}

static int sessions_by_need(const struct row *a, const struct row *b)
{
	int rank = sessions_rank_of(a) - sessions_rank_of(b);
	if (rank)
		return rank;
	if (ROW_AS(session, a)->updated_ms != ROW_AS(session, b)->updated_ms)
		return ROW_AS(session, a)->updated_ms > ROW_AS(session, b)->updated_ms ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* The row and its ancestors, root first. Returns how many. */
static size_t sessions_chain_of(const struct row *r, const struct row **chain)
{
	const struct row *up[DEPTH_MAX];
	size_t n = 0;
	while (r && n < DEPTH_MAX) {
		char id[512];
		up[n++] = r;
		if (!ROW_AS(session, r)->parent[0])
			break;
		snprintf(id, sizeof(id), "%s/session/%s", r->server->name,
		         ROW_AS(session, r)->parent);
		const struct row *parent = store_find(r->source->store, id);
		r = parent && parent->kind == &kind_session ? parent : NULL;
	}
	for (size_t i = 0; i < n; i++)
		chain[i] = up[n - 1 - i];
	return n;
}

static int sessions_order(const struct row *a, const struct row *b)
{
	const struct row *x[DEPTH_MAX], *y[DEPTH_MAX];
	if (!ROW_AS(session, a)->parent[0] && !ROW_AS(session, b)->parent[0])
		return sessions_by_need(a, b);
	size_t n = sessions_chain_of(a, x), m = sessions_chain_of(b, y), i = 0;
	while (i < n && i < m && x[i] == y[i])
		i++;
	if (i == n || i == m)
		return n < m ? -1 : n > m;
	return sessions_by_need(x[i], y[i]);
}

/* Hides children of a folded parent, and archived and old sessions. */
static bool sessions_wants(const struct row *r)
{
	return !ROW_AS(session, r)->hidden;
}

static const struct column columns[] = {
	{ COLUMN_OF_HEALTH },
	{ COLUMN_OF_SERVER, .min = 4, .importance = 2 },
	{ .name = "title", .title = "SESSION", .min = 14, .max = 44, .cell = sessions_title_cell },
	{ .name = "status",
	  .title = "STATUS",
	  .min = 10,
	  .max = 26,
	  .importance = 1,
	  .cell = sessions_status_cell },
	{ .name = "directory",
	  .title = "DIRECTORY",
	  .min = 8,
	  .max = 28,
	  .importance = 4,
	  .cut = CUT_MIDDLE,
	  .field = FIELD_OF(session, directory),
	  .tone = TONE_DIM },
	{ .name = "branch",
	  .title = "BRANCH",
	  .min = 6,
	  .max = 18,
	  .importance = 10,
	  .cell = sessions_branch_cell },
	{ .name = "agent",
	  .title = "AGENT",
	  .min = 5,
	  .max = 8,
	  .importance = 8,
	  .cell = sessions_agent_cell },
	{ .name = "model",
	  .title = "MODEL",
	  .min = 4,
	  .max = 16,
	  .importance = 7,
	  .cut = CUT_MIDDLE,
	  .cell = sessions_model_cell },
	{ .name = "context",
	  .title = "CTX%",
	  .min = 4,
	  .max = 4,
	  .importance = 5,
	  .align = ALIGN_RIGHT,
	  .number = sessions_context_of,
	  .cell = sessions_context_cell,
	  .descending = true },
	{ .name = "tokens",
	  .title = "TOK",
	  .min = 4,
	  .max = 5,
	  .importance = 9,
	  .align = ALIGN_RIGHT,
	  .field = FIELD_OF(session, tokens),
	  .format = sessions_tokens,
	  .descending = true },
	{ .name = "cost",
	  .title = "COST",
	  .min = 5,
	  .max = 6,
	  .importance = 6,
	  .align = ALIGN_RIGHT,
	  .field = FIELD_OF(session, cost),
	  .format = sessions_cost,
	  .descending = true },
	{ .name = "active",
	  .title = "LAST",
	  .min = 4,
	  .max = 4,
	  .importance = 3,
	  .align = ALIGN_RIGHT,
	  .field = FIELD_OF(session, updated_ms),
	  .format = cell_past,
	  .compare = sessions_active_compare },
	{ .name = "asks",
	  .title = "WHAT",
	  .min = 10,
	  .max = -1,
	  .importance = 3,
	  .cell = sessions_asks_cell },
	{ COLUMN_OF_AGE },
	{ .name = NULL }
};

/* A title is often the first prompt. The directory stands for it, or what the session is. */
static void sessions_kept_name(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	const char *slash = s->directory ? strrchr(s->directory, '/') : NULL;
	const char *name = s->agent && *s->agent ? s->agent : "session";
	if (s->type == SESSION_SERVICE || s->type == SESSION_TMUX || s->type == SESSION_SPEND)
		name = r->name; /* of a program, or given by the user */
	else if (slash && slash[1])
		name = slash + 1;
	cell_set(c, TONE_PLAIN, "%s", name);
}

/* The words of a line of tmux are the title of a window, which agents set. */
static void sessions_kept_status(const struct row *r, struct cell *c)
{
	const struct session *s = ROW_AS(session, r);
	bool has = s->type != SESSION_SERVICE && s->type != SESSION_TMUX &&
	           s->type != SESSION_SPEND;
	cell_set(c, TONE_PLAIN, "%s", has ? session_status_name(s->shown) : "");
}

static const struct panel_keeps sessions_keeps = {
	.columns = { "directory", "branch", "agent", "model", "context", "tokens", "cost",
	             "active" },
	.name = "title",
	.why = "status",
	.name_of = sessions_kept_name,
	.why_of = sessions_kept_status,
};

const struct panel panel_sessions = {
	.name = "sessions",
	.title = "Sessions",
	.tab = "ses",
	.kind = &kind_session,
	.columns = columns,
	.order = sessions_order,
	.wants = sessions_wants,
	.reads_others = true,
	.random_ids = true,
	.keeps = &sessions_keeps,
	.brief_columns = { "status" },
	.brief_why = true,
	.sources = { "sessions" },
	.calm = { "No OpenCode, Claude Code or tmux sessions",
	          ": start one there, such as `tmux new -s work`, and it appears here." },
	.extra = &sessions_extra,
};
