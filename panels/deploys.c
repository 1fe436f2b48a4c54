/* Deploys: what can be deployed where, what runs and for how long, and the last results. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/deploy/deploy.h"
#include "backends/store/action.h"
#include "panels/panels.h"

#define BAR_CELLS 10

static void deploys_state_cell(const struct row *r, struct cell *c)
{
	const struct deploy *d = ROW_AS(deploy, r);
	enum tone tone = r->health == HEALTH_IDLE ? TONE_DIM : tone_health(r->health);
	char span[HUMAN_SIZE];
	/* A finished order is skipped: the clock of the run it started says more. */
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
		if (d->usual_s) {
			/* a bar of the elapsed share of the usual time */
			int64_t usual_ms = d->usual_s * 1000;
			int part = (int)(ms * BAR_CELLS / usual_ms);
			part = part < BAR_CELLS ? part : BAR_CELLS;
			cell_add(c, " [%.*s%.*s] of %s", part, "##########", BAR_CELLS - part,
			         "..........", human_age(span, usual_ms));
		}
	} else if (d->state == DEPLOY_CHECKING) {
		cell_add(c, " ");
		cell_add_wait(c, d->check_until_ms);
	} else if (d->state == DEPLOY_FAILED && d->run.code) {
		cell_add(c, " code %d", d->run.code);
	}
}

static void deploys_when_cell(const struct row *r, struct cell *c)
{
	const struct deploy_run *run = &ROW_AS(deploy, r)->run;
	cell_past(c, (double)(run->ended ? run->ended_s : run->started_s) * 1000);
}

static void deploys_took_cell(const struct row *r, struct cell *c)
{
	char span[HUMAN_SIZE];
	if (ROW_AS(deploy, r)->run.ended)
		cell_set(c, TONE_PLAIN, "%s", human_age(span, deploy_span_ms(ROW_AS(deploy, r))));
	else
		cell_set(c, TONE_DIM, "%s", "");
}

static void deploys_revision_cell(const struct row *r, struct cell *c)
{
	const struct deploy_run *run = &ROW_AS(deploy, r)->run;
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
	else if (ROW_AS(deploy, r)->project && ROW_AS(deploy, r)->run.id[0])
		cell_set(c, TONE_DIM, "%s; %d/%d up", ROW_AS(deploy, r)->run.what,
		         ROW_AS(deploy, r)->project->up, ROW_AS(deploy, r)->project->containers);
	else
		cell_set(c, TONE_DIM, "%s", ROW_AS(deploy, r)->run.args);
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 4, .importance = 2 },
	                                 { .name = "name",
	                                   .title = "DEPLOY",
	                                   .min = 8,
	                                   .max = 30,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = cell_name },
	                                 { .name = "state",
	                                   .title = "STATE",
	                                   .min = 9,
	                                   .max = 46,
	                                   .importance = 1,
	                                   .cell = deploys_state_cell },
	                                 { .name = "when",
	                                   .title = "WHEN",
	                                   .min = 4,
	                                   .max = 4,
	                                   .importance = 3,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = deploys_when_cell,
	                                   .field = FIELD_OF(deploy, run.started_s),
	                                   .descending = true },
	                                 { .name = "took",
	                                   .title = "TOOK",
	                                   .min = 4,
	                                   .max = 4,
	                                   .importance = 4,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = deploys_took_cell,
	                                   .descending = true },
	                                 { .name = "revision",
	                                   .title = "REVISION",
	                                   .min = 7,
	                                   .max = 18,
	                                   .importance = 5,
	                                   .cell = deploys_revision_cell },
	                                 { .name = "by",
	                                   .title = "BY",
	                                   .min = 4,
	                                   .max = 24,
	                                   .importance = 6,
	                                   .field = FIELD_OF(deploy, run.by),
	                                   .tone = TONE_DIM },
	                                 { .name = "what",
	                                   .title = "WHAT",
	                                   .min = 10,
	                                   .max = -1,
	                                   .importance = 3,
	                                   .cell = deploys_what_cell },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

const struct panel panel_deploys = {
	.name = "deploys",
	.title = "Deploys",
	.tab = "dep",
	.kind = &kind_deploy,
	.columns = columns,
	.order = order_by_need,
	.brief_columns = { "state" },
	.brief_why = true,
	.sources = { "deploy" },
	.calm = { "Nothing to deploy",
	          ": [deploy NAME] in the configuration names a command, and compose projects come "
	          "by themselves; mocr-config(5) has an example." },
};
