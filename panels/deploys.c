/* Deploys: what can be deployed where, what runs with its clock, how the last one went. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/deploy/deploy.h"
#include "backends/store/action.h"
#include "panels/panels.h"

#define BAR_CELLS 10

static const struct deploy *deploys_panel_of(const struct row *r)
{
	return (const struct deploy *)r;
}

/* Against the time it usually takes; one that takes longer is full and says so. */
static void deploys_bar(struct cell *c, const struct deploy *d, int64_t ms)
{
	int part = (int)(ms * BAR_CELLS / (d->usual_s * 1000));
	char span[HUMAN_SIZE];
	if (part > BAR_CELLS)
		part = BAR_CELLS;
	cell_add(c, " [%.*s%.*s] of %s", part, "##########", BAR_CELLS - part, "..........",
	         human_age(span, d->usual_s * 1000));
}

static void deploys_state_cell(const struct row *r, struct cell *c)
{
	const struct deploy *d = deploys_panel_of(r);
	enum tone tone = r->health == HEALTH_IDLE ? TONE_DIM : tone_health(r->health);
	char span[HUMAN_SIZE];
	/* Once it was started, its own clock says more than that. */
	if (r->order && r->order->state != ORDER_DONE && cell_order(r, c))
		return;
	if (d->state == DEPLOY_RUNNING && strcmp(d->run.what, "deploy") != 0)
		cell_set(c, tone, "%s", d->project ? d->run.what : "rolling back");
	else if (d->project && d->state == DEPLOY_NEVER)
		cell_set(c, tone, "%d/%d up", d->project->up, d->project->containers);
	else
		cell_set(c, tone, "%s", deploy_state_name(d->state));
	if (d->state == DEPLOY_RUNNING) {
		int64_t ms = deploy_span_ms(d);
		cell_add(c, " %s", human_age(span, ms));
		c->changes_ms = now_wall_ms() / 1000 * 1000 + 1000;
		if (d->usual_s)
			deploys_bar(c, d, ms);
	} else if (d->state == DEPLOY_CHECKING) {
		cell_add(c, " ");
		cell_add_wait(c, d->check_until_ms);
	} else if (d->state == DEPLOY_FAILED && d->run.code) {
		cell_add(c, " code %d", d->run.code);
	}
}

static void deploys_when_cell(const struct row *r, struct cell *c)
{
	const struct deploy_run *run = &deploys_panel_of(r)->run;
	cell_age(c, (run->ended ? run->ended_s : run->started_s) * 1000);
	c->tone = TONE_DIM;
}

static int deploys_when_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)deploys_panel_of(a)->run.started_s,
	                       (double)deploys_panel_of(b)->run.started_s);
}

static void deploys_took_cell(const struct row *r, struct cell *c)
{
	char span[HUMAN_SIZE];
	if (deploys_panel_of(r)->run.ended)
		cell_set(c, TONE_PLAIN, "%s", human_age(span, deploy_span_ms(deploys_panel_of(r))));
	else
		cell_set(c, TONE_DIM, "%s", "");
}

static void deploys_by_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", deploys_panel_of(r)->run.by);
}

static void deploys_revision_cell(const struct row *r, struct cell *c)
{
	const struct deploy_run *run = &deploys_panel_of(r)->run;
	if (!*run->before && !*run->after)
		cell_set(c, TONE_DIM, "%s", "");
	else if (!*run->after || !strcmp(run->before, run->after))
		cell_set(c, TONE_DIM, "%.7s", run->before);
	else
		cell_set(c, TONE_PLAIN, "%.7s -> %.7s", run->before, run->after);
}

static void deploys_what_cell(const struct row *r, struct cell *c)
{
	if (r->why)
		cell_set(c, tone_health(r->health), "%s", r->why);
	else if (deploys_panel_of(r)->project && deploys_panel_of(r)->run.id[0])
		cell_set(c, TONE_DIM, "%s; %d/%d up", deploys_panel_of(r)->run.what,
		         deploys_panel_of(r)->project->up,
		         deploys_panel_of(r)->project->containers);
	else
		cell_set(c, TONE_DIM, "%s", deploys_panel_of(r)->run.args);
}

static const struct column columns[] = {
	{ "health", "", 1, 1, 0, ALIGN_LEFT, CUT_END, cell_glyph, order_by_need, false },
	{ "server", "SERVER", 4, 12, 2, ALIGN_LEFT, CUT_MIDDLE, cell_server, NULL, false },
	{ "name", "DEPLOY", 8, 30, 0, ALIGN_LEFT, CUT_MIDDLE, cell_name, NULL, false },
	{ "state", "STATE", 9, 46, 1, ALIGN_LEFT, CUT_END, deploys_state_cell, NULL, false },
	{ "when", "WHEN", 4, 4, 3, ALIGN_RIGHT, CUT_END, deploys_when_cell, deploys_when_compare,
	  true },
	{ "took", "TOOK", 4, 4, 4, ALIGN_RIGHT, CUT_END, deploys_took_cell, NULL, true },
	{ "revision", "REVISION", 7, 18, 5, ALIGN_LEFT, CUT_END, deploys_revision_cell, NULL,
	  false },
	{ "by", "BY", 4, 24, 6, ALIGN_LEFT, CUT_END, deploys_by_cell, NULL, false },
	{ "what", "WHAT", 10, -1, 3, ALIGN_LEFT, CUT_END, deploys_what_cell, NULL, false },
	{ "age", "", 0, 8, 1, ALIGN_RIGHT, CUT_END, cell_stale, NULL, false },
	{ 0 }
};

static void deploys_brief(const struct row *r, struct cell *c)
{
	struct cell state = { 0 };
	deploys_state_cell(r, &state);
	cell_set(c, state.tone, "%s  %s%s%s", r->name, state.text, r->why ? "  " : "",
	         r->why ? r->why : "");
	c->changes_ms = state.changes_ms;
}

static void deploys_empty(const struct store *store, const struct server *s, char *buf, size_t size)
{
	static const char *const names[] = { "deploy", NULL };
	char calm[200];
	snprintf(calm, sizeof(calm),
	         "Nothing to deploy%s%s: [deploy NAME] in the configuration names what can be.",
	         s ? " on " : "", s ? s->name : "");
	empty_sentence(store, s, names, calm, buf, size);
}

static size_t deploys_strip(const struct row *r, struct cell *lines, size_t max)
{
	(void)max;
	if (!r->why || r->health < HEALTH_ATTENTION)
		return 0;
	cell_set(&lines[0], tone_health(r->health), "%s: %s", r->name, r->why);
	return 1;
}

const struct panel panel_deploys = {
	.name = "deploys",
	.title = "Deploys",
	.tab = "dep",
	.kind = &kind_deploy,
	.columns = columns,
	.order = order_by_need,
	.brief = deploys_brief,
	.empty = deploys_empty,
	.strip = deploys_strip,
};
