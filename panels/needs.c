/* "Needs you": all rows of all servers that need attention, worst first. What the user set
 * aside comes last, dimmed, when it is shown at all. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/store/cause.h"
#include "backends/store/need.h"
#include "panels/panels.h"
#include "tui/need_step.h"

static bool needs_wants(const struct row *r)
{
	return r->need != NEED_NONE;
}

static void needs_kind_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", r->kind->name);
}

/* Blank for a server's own row, because the first column has its name. */
static void needs_name_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_PLAIN, "%s", r->kind == &kind_server ? "" : r->name);
}

/* What a server asks; NULL: it asks nothing. */
static const struct ask *needs_ask(const struct row *r)
{
	const struct link *link = r->server->link;
	if (r->kind != &kind_server)
		return NULL;
	return r->server->asks || !link ? r->server->asks : link->ask;
}

static void needs_why_cell(const struct row *r, struct cell *c)
{
	char aside[120], times[40];
	const char *last = NULL;
	if (cell_order(r, c))
		return;
	cell_set(c, tone_health(need_health(r)), "%s", "");
	if (need_says(r, aside, sizeof(aside)))
		cell_set(c, TONE_DIM, "%s: ", aside);
	else if (need_flaps(r, &last, times, sizeof(times)))
		cell_add(c, "%s%s: ", last ? "well just now, " : "", times);
	/* The question, or the reason, after how much a server that is down hides. last: the last
	 * reason of a row that is well just now; NULL. */
	char down[120];
	const char *why = last ? last : r->why;
	if (needs_ask(r)) {
		cell_add(c, "asks you: %s", ask_words(r->server, needs_ask(r)));
		return;
	}
	if (r->kind == &kind_server && cause_says(r->server, down, sizeof(down)))
		cell_add(c, "%s: ", down);
	if (why)
		cell_add(c, "%s", why);
	else
		cell_add(c, "%s", r->health == HEALTH_BAD ? "failed" : "look at it");
}

static void needs_since_cell(const struct row *r, struct cell *c)
{
	cell_age(c, r->health_ms);
	c->tone = TONE_DIM;
}

/* What Enter does. */
static void needs_step_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", need_step_word(r));
}

static int needs_since_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)b->health_ms, (double)a->health_ms);
}

/* What comes and goes keeps the glyph of its worst time, so that it keeps its place, too. */
static void needs_glyph_cell(const struct row *r, struct cell *c)
{
	cell_set(c, tone_health(need_health(r)), "%s", glyph_health(need_health(r)));
}

static int needs_order(const struct row *a, const struct row *b)
{
	int by_server;
	if ((a->need == NEED_STANDS) != (b->need == NEED_STANDS))
		return a->need == NEED_STANDS ? -1 : 1;
	if (need_health(a) != need_health(b))
		return (int)need_health(b) - (int)need_health(a);
	/* A server that is down explains its other rows, so it comes first. */
	if ((a->kind == &kind_server) != (b->kind == &kind_server))
		return a->kind == &kind_server ? -1 : 1;
	by_server = strcmp(a->server->name, b->server->name);
	return by_server ? by_server : strcmp(a->id, b->id);
}

static const struct column columns[] = { { .name = "health",
	                                   .title = "",
	                                   .min = 1,
	                                   .max = 1,
	                                   .cell = needs_glyph_cell,
	                                   .compare = needs_order,
	                                   .flags = COLUMN_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 4 },
	                                 { .name = "kind",
	                                   .title = "KIND",
	                                   .min = 9,
	                                   .max = 9,
	                                   .importance = 2,
	                                   .cell = needs_kind_cell },
	                                 { .name = "name",
	                                   .title = "NAME",
	                                   .min = 4,
	                                   .max = 28,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = needs_name_cell },
	                                 { .name = "why",
	                                   .title = "WHY",
	                                   .min = 10,
	                                   .max = -1,
	                                   .importance = 1,
	                                   .cell = needs_why_cell },
	                                 { .name = "enter",
	                                   .title = "ENTER",
	                                   .min = 5,
	                                   .max = 7,
	                                   .importance = 3,
	                                   .cell = needs_step_cell,
	                                   .flags = COLUMN_NOW },
	                                 { .name = "since",
	                                   .title = "FOR",
	                                   .min = 3,
	                                   .max = 4,
	                                   .importance = 1,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = needs_since_cell,
	                                   .compare = needs_since_compare,
	                                   .descending = true },
	                                 { .name = NULL } };

/* The table adds the server's name if there are several servers. */
static void needs_brief(const struct row *r, struct cell *c)
{
	struct cell why = { 0 };
	needs_why_cell(r, &why);
	cell_age(c, r->health_ms);
	c->tone = why.tone;
	if (r->kind == &kind_server)
		cell_add(c, " %s", why.text);
	else
		cell_add(c, " %s: %s", r->name, why.text);
	if (why.changes_ms && (!c->changes_ms || why.changes_ms < c->changes_ms))
		c->changes_ms = why.changes_ms;
}

static const struct panel_keeps needs_keeps = {
	.columns = { "kind", "since" },
	.name = "name",
	.why = "why",
};

const struct panel panel_needs = {
	.name = "needs",
	.title = "Needs you",
	.tab = "needs",
	.columns = columns,
	.order = needs_order,
	.wants = needs_wants,
	.needs = true,
	.keeps = &needs_keeps,
	.brief = needs_brief,
	.brief_end = needs_step_cell,
	.calm = { "Nothing", " needs you." },
};
