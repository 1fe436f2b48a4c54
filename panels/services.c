/* systemd units: failed first. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/services/unit.h"
#include "panels/panels.h"

static const struct unit *services_of(const struct row *r)
{
	return (const struct unit *)r;
}

/* A timer's next run reads better than that it waits. */
static bool services_timer_next(const struct unit *u, struct cell *c)
{
	if (u->next_ms <= 0)
		return false;
	int64_t left = u->next_ms - now_wall_ms();
	char wait[HUMAN_SIZE];
	if (left < 0)
		return false;
	cell_set(c, TONE_PLAIN, "next in %s", human_age(wait, left));
	/* Rounded down to whole minutes in the far, whole seconds in the last one. */
	int64_t step = left > 60000 ? 60000 : 1000;
	c->changes_ms = u->next_ms - left / step * step + 1;
	return true;
}

static void services_state_cell(const struct row *r, struct cell *c)
{
	const struct unit *u = services_of(r);
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

static void services_mem_cell(const struct row *r, struct cell *c)
{
	cell_bytes(c, (double)services_of(r)->memory);
}

static int services_mem_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)services_of(a)->memory, (double)services_of(b)->memory);
}

static void services_cpu_cell(const struct row *r, struct cell *c)
{
	char span[HUMAN_SIZE];
	if (services_of(r)->cpu_ns < 0)
		cell_unknown(c);
	else
		cell_set(c, TONE_PLAIN, "%s", human_age(span, services_of(r)->cpu_ns / 1000000));
}

static int services_cpu_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)services_of(a)->cpu_ns, (double)services_of(b)->cpu_ns);
}

static void services_restarts_cell(const struct row *r, struct cell *c)
{
	if (services_of(r)->restarts > 0)
		cell_set(c, TONE_WARN, "%d", services_of(r)->restarts);
	else if (services_of(r)->restarts == 0)
		cell_set(c, TONE_DIM, "0");
	else
		cell_unknown(c);
}

static int services_restarts_compare(const struct row *a, const struct row *b)
{
	return services_of(a)->restarts - services_of(b)->restarts;
}

static void services_pid_cell(const struct row *r, struct cell *c)
{
	if (services_of(r)->main_pid > 0)
		cell_set(c, TONE_DIM, "%d", services_of(r)->main_pid);
	else
		cell_set(c, TONE_DIM, "%s", "");
}

static void services_enabled_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", services_of(r)->file_state);
}

/* Why it is not well, else what it is. */
static void services_about_cell(const struct row *r, struct cell *c)
{
	const struct unit *u = services_of(r);
	if (r->why && r->health >= HEALTH_ATTENTION)
		cell_set(c, tone_health(r->health), "%s", r->why);
	else
		cell_set(c, TONE_DIM, "%s", u->description ? u->description : "");
}

/* A user's unit often has the name of one of the system's. */
static void services_name_cell(const struct row *r, struct cell *c)
{
	cell_name(r, c);
	if (services_of(r)->user)
		cell_add(c, " (user)");
}

static const struct column columns[] = {
	{ "health", "", 1, 1, 0, ALIGN_LEFT, CUT_END, cell_glyph, order_by_need, false },
	{ "server", "SERVER", 8, 12, 2, ALIGN_LEFT, CUT_MIDDLE, cell_server, NULL, false },
	{ "name", "UNIT", 14, 36, 0, ALIGN_LEFT, CUT_MIDDLE, services_name_cell, NULL, false },
	{ "state", "STATE", 11, 40, 1, ALIGN_LEFT, CUT_END, services_state_cell, NULL, false },
	{ "mem", "MEM", 4, 5, 4, ALIGN_RIGHT, CUT_END, services_mem_cell, services_mem_compare,
	  true },
	{ "cpu", "CPU", 4, 4, 5, ALIGN_RIGHT, CUT_END, services_cpu_cell, services_cpu_compare,
	  true },
	{ "restarts", "RST", 3, 5, 6, ALIGN_RIGHT, CUT_END, services_restarts_cell,
	  services_restarts_compare, true },
	{ "enabled", "AT BOOT", 7, 10, 7, ALIGN_LEFT, CUT_END, services_enabled_cell, NULL, false },
	{ "pid", "PID", 5, 7, 9, ALIGN_RIGHT, CUT_END, services_pid_cell, NULL, false },
	{ "about", "ABOUT", 16, -1, 8, ALIGN_LEFT, CUT_END, services_about_cell, NULL, false },
	{ "age", "", 0, 8, 1, ALIGN_RIGHT, CUT_END, cell_stale, NULL, false },
	{ 0 }
};

static void services_brief(const struct row *r, struct cell *c)
{
	struct cell state = { 0 };
	services_state_cell(r, &state);
	cell_set(c, state.tone, "%s%s  %s", r->name, services_of(r)->user ? " (user)" : "",
	         state.text);
	c->changes_ms = state.changes_ms;
}

static void services_empty(const struct store *store, const struct server *s, char *buf,
                           size_t size)
{
	static const char *const names[] = { "systemd", "systemd-user", NULL };
	char calm[128];
	snprintf(calm, sizeof(calm), s ? "No systemd units on %s." : "No systemd units.",
	         s ? s->name : "");
	empty_sentence(store, s, names, calm, buf, size);
}

/* Services are what one looks for; sockets and timers come after them. */
static int services_rank_of(const struct row *r)
{
	const char *dot = strrchr(r->name, '.');
	if (!dot || !strcmp(dot, ".service"))
		return 0;
	if (!strcmp(dot, ".timer"))
		return 1;
	return 2;
}

/* Units that run come before those that do nothing, which are many. */
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

static size_t services_strip(const struct row *r, struct cell *lines, size_t max)
{
	(void)max;
	if (!r->why || r->health < HEALTH_ATTENTION)
		return 0;
	cell_set(&lines[0], tone_health(r->health), "%s: %s", r->name, r->why);
	return 1;
}

const struct panel panel_services = {
	.name = "services",
	.title = "Services",
	.tab = "unit",
	.kind = &kind_unit,
	.columns = columns,
	.order = services_order,
	.brief = services_brief,
	.empty = services_empty,
	.strip = services_strip,
};
