/* systemd units, failed ones first. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/services/unit.h"
#include "panels/panels.h"

/* A timer shows its next run, which says more than "waiting". */
static bool services_timer_next(const struct unit *u, struct cell *c)
{
	if (u->next_ms <= 0)
		return false;
	int64_t left = u->next_ms - now_wall_ms();
	char wait[HUMAN_SIZE];
	if (left < 0)
		return false;
	cell_set(c, TONE_PLAIN, "next in %s", human_age(wait, left));
	/* The text changes at whole minutes, and at whole seconds in the last minute. */
	int64_t step = left > 60000 ? 60000 : 1000;
	c->changes_ms = u->next_ms - left / step * step + 1;
	return true;
}

static void services_state_cell(const struct row *r, struct cell *c)
{
	const struct unit *u = ROW_AS(unit, r);
	if (cell_order(r, c))
		return;
	if (!strcmp(u->load, "not-found")) {
		cell_set(c, TONE_WARN, "not found");
		if (u->nearest)
			cell_add(c, "; near: %s", u->nearest);
		return;
	}
	if (services_timer_next(u, c))
		return;
	enum tone tone = r->health == HEALTH_GOOD ? TONE_PLAIN : tone_health(r->health);
	bool active = !strcmp(u->active, "active");
	cell_set(c, tone, "%s ", u->sub[0] ? u->sub : u->active);
	cell_add_age(c, active ? u->active_ms : u->inactive_ms);
}

static void services_cpu(struct cell *c, double ns)
{
	char span[HUMAN_SIZE];
	if (ns < 0)
		cell_unknown(c);
	else
		cell_set(c, TONE_PLAIN, "%s", human_age(span, (int64_t)ns / 1000000));
}

static void services_pid_cell(const struct row *r, struct cell *c)
{
	if (ROW_AS(unit, r)->main_pid > 0)
		cell_set(c, TONE_DIM, "%d", ROW_AS(unit, r)->main_pid);
	else
		cell_set(c, TONE_DIM, "%s", "");
}

/* Why the unit needs attention, else its description. */
static void services_about_cell(const struct row *r, struct cell *c)
{
	const struct unit *u = ROW_AS(unit, r);
	if (r->why && r->health >= HEALTH_ATTENTION)
		cell_set(c, tone_health(r->health), "%s", r->why);
	else
		cell_set(c, TONE_DIM, "%s", u->description ? u->description : "");
}

/* A user unit is marked, because a system unit often has the same name. */
static void services_name_cell(const struct row *r, struct cell *c)
{
	cell_name(r, c);
	if (ROW_AS(unit, r)->user)
		cell_add(c, " (user)");
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 8, .importance = 2 },
	                                 { .name = "name",
	                                   .title = "UNIT",
	                                   .min = 14,
	                                   .max = 36,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = services_name_cell },
	                                 { .name = "state",
	                                   .title = "STATE",
	                                   .min = 11,
	                                   .max = 40,
	                                   .importance = 1,
	                                   .cell = services_state_cell },
	                                 { .name = "mem",
	                                   .title = "MEM",
	                                   .min = 4,
	                                   .max = 5,
	                                   .importance = 4,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(unit, memory),
	                                   .format = cell_bytes,
	                                   .descending = true },
	                                 { .name = "cpu",
	                                   .title = "CPU",
	                                   .min = 4,
	                                   .max = 4,
	                                   .importance = 5,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(unit, cpu_ns),
	                                   .format = services_cpu,
	                                   .descending = true },
	                                 { .name = "restarts",
	                                   .title = "RST",
	                                   .min = 3,
	                                   .max = 5,
	                                   .importance = 6,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(unit, restarts),
	                                   .format = cell_restarts,
	                                   .descending = true },
	                                 { .name = "enabled",
	                                   .title = "AT BOOT",
	                                   .min = 7,
	                                   .max = 10,
	                                   .importance = 7,
	                                   .field = FIELD_OF(unit, file_state),
	                                   .tone = TONE_DIM },
	                                 { .name = "pid",
	                                   .title = "PID",
	                                   .min = 5,
	                                   .max = 7,
	                                   .importance = 9,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = services_pid_cell },
	                                 { .name = "about",
	                                   .title = "ABOUT",
	                                   .min = 16,
	                                   .max = -1,
	                                   .importance = 8,
	                                   .cell = services_about_cell },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

/* Services first, then timers, then other units such as sockets. */
static int services_rank_of(const struct row *r)
{
	const char *dot = strrchr(r->name, '.');
	if (!dot || !strcmp(dot, ".service"))
		return 0;
	if (!strcmp(dot, ".timer"))
		return 1;
	return 2;
}

/* Sorts running units before the many idle ones. */
static int services_order(const struct row *a, const struct row *b)
{
	int idle_a = a->health == HEALTH_IDLE, idle_b = b->health == HEALTH_IDLE;
	if (a->health >= HEALTH_ATTENTION || b->health >= HEALTH_ATTENTION)
		return order_by_need(a, b);
	if (idle_a != idle_b)
		return idle_a - idle_b;
	int rank = services_rank_of(a) - services_rank_of(b);
	return rank ? rank : order_by_need(a, b);
}

const struct panel panel_services = {
	.name = "services",
	.title = "Services",
	.tab = "unit",
	.kind = &kind_unit,
	.columns = columns,
	.order = services_order,
	.brief_columns = { "state" },
	.calm = { "No systemd units", ". `mocr doctor SERVER` says whether systemd answers." },
	.sources = { "systemd", "systemd-user" },
};
