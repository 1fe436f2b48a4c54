/* Apps deployed by web platforms: state, age and result of the last deployment, address. */
#include <string.h>

#include "backends/apps/app.h"
#include "backends/base/human.h"
#include "panels/panels.h"

static void apps_platform_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", ROW_AS(app, r)->platform ? ROW_AS(app, r)->platform->name : "");
}

/* Project and environment. Blank for the platform itself. */
static void apps_project_cell(const struct row *r, struct cell *c)
{
	const struct app *a = ROW_AS(app, r);
	if (a->is_platform)
		cell_set(c, TONE_DIM, "%s", "");
	else
		cell_set(c, TONE_PLAIN, "%s%s%s", a->project, *a->environment ? "/" : "",
		         a->environment);
}

static void apps_state_cell(const struct row *r, struct cell *c)
{
	enum tone tone = r->health == HEALTH_IDLE || ROW_AS(app, r)->is_platform
	                         ? TONE_DIM
	                         : tone_health(r->health);
	if (cell_order(r, c))
		return;
	if (ROW_AS(app, r)->is_platform && r->health >= HEALTH_ATTENTION && source_fails(r, c))
		return;
	cell_set(c, tone, "%s", ROW_AS(app, r)->state);
	if (r->health == HEALTH_BUSY && r->health_ms) {
		cell_add(c, " ");
		cell_add_age(c, r->health_ms);
	}
}

static void apps_last_cell(const struct row *r, struct cell *c)
{
	const struct app_deployment *d = app_last(ROW_AS(app, r));
	if (!d) {
		cell_set(c, TONE_DIM, "%s",
		         ROW_AS(app, r)->is_platform || !ROW_AS(app, r)->asked ? "" : "none");
		return;
	}
	cell_set(c, d->health == HEALTH_GOOD ? TONE_DIM : tone_health(d->health), "%s ", d->state);
	cell_add_age(c, d->ended_ms ? d->ended_ms : d->created_ms);
}

static double apps_last_made(const struct row *r)
{
	const struct app_deployment *d = app_last(ROW_AS(app, r));
	return d ? (double)d->created_ms : -1;
}

static void apps_took_cell(const struct row *r, struct cell *c)
{
	const struct app_deployment *d = app_last(ROW_AS(app, r));
	char span[HUMAN_SIZE];
	bool known = d && d->ended_ms && d->created_ms && d->ended_ms >= d->created_ms;
	cell_set(c, TONE_DIM, "%s", known ? human_age(span, d->ended_ms - d->created_ms) : "");
}

static void apps_what_cell(const struct row *r, struct cell *c)
{
	if (r->why)
		cell_set(c, tone_health(r->health), "%s", r->why);
	else
		cell_set(c, TONE_DIM, "%s", ROW_AS(app, r)->image);
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 4, .importance = 6 },
	                                 { .name = "platform",
	                                   .title = "PLATFORM",
	                                   .min = 8,
	                                   .max = 8,
	                                   .importance = 4,
	                                   .cell = apps_platform_cell },
	                                 { .name = "project",
	                                   .title = "PROJECT",
	                                   .min = 7,
	                                   .max = 28,
	                                   .importance = 3,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = apps_project_cell },
	                                 { .name = "name",
	                                   .title = "APP",
	                                   .min = 8,
	                                   .max = 28,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = cell_name },
	                                 { .name = "type",
	                                   .title = "TYPE",
	                                   .min = 7,
	                                   .max = 11,
	                                   .importance = 7,
	                                   .field = FIELD_OF(app, type),
	                                   .tone = TONE_DIM },
	                                 { .name = "state",
	                                   .title = "STATE",
	                                   .min = 7,
	                                   .max = 44,
	                                   .importance = 1,
	                                   .cell = apps_state_cell },
	                                 { .name = "last",
	                                   .title = "LAST",
	                                   .min = 8,
	                                   .max = 14,
	                                   .importance = 2,
	                                   .cell = apps_last_cell,
	                                   .number = apps_last_made,
	                                   .descending = true },
	                                 { .name = "took",
	                                   .title = "TOOK",
	                                   .min = 4,
	                                   .max = 4,
	                                   .importance = 7,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = apps_took_cell,
	                                   .descending = true },
	                                 { .name = "domain",
	                                   .title = "DOMAIN",
	                                   .min = 10,
	                                   .max = 40,
	                                   .importance = 5,
	                                   .cut = CUT_MIDDLE,
	                                   .field = FIELD_OF(app, domain) },
	                                 { .name = "what",
	                                   .title = "WHAT",
	                                   .min = 8,
	                                   .max = -1,
	                                   .importance = 5,
	                                   .cell = apps_what_cell },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

static void apps_brief(const struct row *r, struct cell *c)
{
	const struct app *a = ROW_AS(app, r);
	const struct app_deployment *d = app_last(a);
	struct cell state = { 0 };
	apps_state_cell(r, &state);
	cell_set(c, state.tone, "%s%s%s  %s", a->environment, *a->environment ? "/" : "", r->name,
	         state.text);
	c->changes_ms = state.changes_ms;
	if (d && r->health != HEALTH_BUSY) {
		cell_add(c, " ");
		cell_add_age(c, d->ended_ms ? d->ended_ms : d->created_ms);
	}
	if (r->why)
		cell_add(c, "  %s", r->why);
}

const struct panel panel_apps = {
	.name = "apps",
	.title = "Apps",
	.tab = "apps",
	.kind = &kind_app,
	.columns = columns,
	.order = order_by_place,
	.brief = apps_brief,
	.strip = cell_order_strip,
	.sources = { "dokploy", "coolify", "portal" },
	.calm = { "No platform", ": [dokploy NAME], [coolify NAME] or [portal NAME] in the "
	                         "configuration names one; it is reached through its server, or "
	                         "from this machine." },
};
