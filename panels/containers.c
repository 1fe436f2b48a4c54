/* Containers of all engines. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/containers/container.h"
#include "panels/panels.h"

#define CPU_WARN 90
#define MEM_LIMIT_WARN 90 /* percent of the container's own limit */

static void containers_state_cell(const struct row *r, struct cell *c)
{
	const struct container *k = ROW_AS(container, r);
	if (cell_order(r, c))
		return;
	if (k->state == CONTAINER_RUNNING) {
		static const struct {
			enum tone tone;
			const char *word;
		} words[] = {
			[CTR_HEALTH_NONE] = { TONE_PLAIN, "up" },
			[CTR_HEALTH_STARTING] = { TONE_BUSY, "starting" },
			[CTR_HEALTH_HEALTHY] = { TONE_PLAIN, "healthy" },
			[CTR_HEALTH_UNHEALTHY] = { TONE_WARN, "unhealthy" },
		};
		cell_set(c, words[k->health].tone, "%s ", words[k->health].word);
		cell_add_age(c, k->health == CTR_HEALTH_UNHEALTHY && k->row.health_ms
		                        ? k->row.health_ms
		                        : k->started_ms);
		if (k->newer)
			cell_add(c, ", update");
	} else if (k->state == CONTAINER_EXITED || k->state == CONTAINER_DEAD) {
		bool bad = k->row.health >= HEALTH_ATTENTION;
		cell_set(c, bad ? TONE_BAD : TONE_IDLE, "exited");
		if (k->exit_code >= 0)
			cell_add(c, " %d", k->exit_code);
		if (k->oom)
			cell_add(c, " oom");
		else if (k->exit_signal[0])
			cell_add(c, " %s", k->exit_signal);
		cell_add(c, " ");
		cell_add_age(c, k->finished_ms);
	} else {
		enum tone tone = k->state == CONTAINER_RESTARTING ? TONE_BUSY : TONE_IDLE;
		cell_set(c, r->health >= HEALTH_ATTENTION ? tone_health(r->health) : tone, "%s",
		         container_state_name(k->state));
	}
}

static int containers_state_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)ROW_AS(container, b)->started_ms,
	                       (double)ROW_AS(container, a)->started_ms);
}

static void containers_cpu_cell(const struct row *r, struct cell *c)
{
	if (ROW_AS(container, r)->cpu < 0)
		cell_unknown(c);
	else
		cell_set(c, ROW_AS(container, r)->cpu >= CPU_WARN ? TONE_WARN : TONE_PLAIN, "%.1f",
		         ROW_AS(container, r)->cpu);
}

static void containers_mem_cell(const struct row *r, struct cell *c)
{
	const struct container *k = ROW_AS(container, r);
	cell_bytes(c, k->mem);
	if (k->mem >= 0 && k->mem_limit > 0 && 100 * k->mem / k->mem_limit >= MEM_LIMIT_WARN)
		c->tone = TONE_WARN;
}

static double containers_net(const struct row *r)
{
	return ROW_AS(container, r)->net_rx + ROW_AS(container, r)->net_tx;
}

static void containers_net_cell(const struct row *r, struct cell *c)
{
	const struct container *k = ROW_AS(container, r);
	char rx[HUMAN_SIZE], tx[HUMAN_SIZE];
	if (k->net_rx < 0 || k->net_tx < 0)
		cell_unknown(c);
	else
		cell_set(c, TONE_PLAIN, "%s %s", human_rate(rx, k->net_rx),
		         human_rate(tx, k->net_tx));
}

static void containers_project_cell(const struct row *r, struct cell *c)
{
	const struct container *k = ROW_AS(container, r);
	if (k->project && k->service)
		cell_set(c, TONE_PLAIN, "%s/%s", k->project, k->service);
	else
		cell_set(c, TONE_PLAIN, "%s", k->project ? k->project : "");
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { COLUMN_OF_SERVER, .min = 8, .importance = 2 },
	                                 { .name = "name",
	                                   .title = "CONTAINER",
	                                   .min = 12,
	                                   .max = 28,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = cell_name },
	                                 { .name = "state",
	                                   .title = "STATE",
	                                   .min = 12,
	                                   .max = 40,
	                                   .importance = 1,
	                                   .cell = containers_state_cell,
	                                   .compare = containers_state_compare },
	                                 { .name = "cpu",
	                                   .title = "CPU%",
	                                   .min = 5,
	                                   .max = 6,
	                                   .importance = 3,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(container, cpu),
	                                   .cell = containers_cpu_cell,
	                                   .descending = true },
	                                 { .name = "mem",
	                                   .title = "MEM",
	                                   .min = 4,
	                                   .max = 5,
	                                   .importance = 4,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(container, mem),
	                                   .cell = containers_mem_cell,
	                                   .descending = true },
	                                 { .name = "net",
	                                   .title = "NET IN/OUT",
	                                   .min = 10,
	                                   .max = 16,
	                                   .importance = 9,
	                                   .align = ALIGN_RIGHT,
	                                   .number = containers_net,
	                                   .cell = containers_net_cell,
	                                   .descending = true },
	                                 { .name = "restarts",
	                                   .title = "RST",
	                                   .min = 3,
	                                   .max = 5,
	                                   .importance = 6,
	                                   .align = ALIGN_RIGHT,
	                                   .field = FIELD_OF(container, restarts),
	                                   .format = cell_restarts,
	                                   .descending = true },
	                                 { .name = "image",
	                                   .title = "IMAGE",
	                                   .min = 16,
	                                   .max = 40,
	                                   .importance = 5,
	                                   .field = FIELD_OF(container, image) },
	                                 { .name = "ports",
	                                   .title = "PORTS",
	                                   .min = 12,
	                                   .max = 28,
	                                   .importance = 7,
	                                   .field = FIELD_OF(container, ports) },
	                                 { .name = "project",
	                                   .title = "PROJECT",
	                                   .min = 10,
	                                   .max = -1,
	                                   .importance = 8,
	                                   .cell = containers_project_cell },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

/* --- how it died, under the table ---------------------------------------- */

/* The start of the last max lines of text. */
static const char *containers_last_of(const char *text, size_t max)
{
	const char *at = text + strlen(text);
	while (at > text) {
		const char *before = at - 1;
		while (before > text && before[-1] != '\n')
			before--;
		if (!max--)
			break;
		at = before;
	}
	return at;
}

static size_t containers_strip(const struct row *r, struct cell *lines, size_t max)
{
	const struct container *k = ROW_AS(container, r);
	size_t n = 1;
	if (k->death == DEATH_NONE || k->finished_ms <= 0 || k->state == CONTAINER_RUNNING)
		return 0;
	char text[HUMAN_SIZE];
	cell_set(&lines[0], TONE_BAD, "%s: died %s", k->row.name,
	         human_clock(text, k->finished_ms));
	if (k->oom)
		cell_add(&lines[0], ", killed for memory");
	if (k->oom && k->mem_limit > 0)
		cell_add(&lines[0], " (limit %s)", human_bytes(text, (uint64_t)k->mem_limit));
	else if (!k->oom && k->exit_signal[0])
		cell_add(&lines[0], ", killed by signal %s", k->exit_signal);
	else if (!k->oom && k->exit_code >= 0)
		cell_add(&lines[0], ", exit code %d", k->exit_code);
	if (k->death == DEATH_MISSING_DEPENDENCY || k->death == DEATH_UNEXPECTED_EXIT)
		cell_add(&lines[0], " (%s)", death_class_name(k->death));
	if (k->started_ms > 0 && k->finished_ms > k->started_ms)
		cell_add(&lines[0], ", ran %s", human_span(text, k->finished_ms - k->started_ms));
	if (k->restarts > 0)
		cell_add(&lines[0], ", restarts %d", k->restarts);
	for (const char *at = k->last_lines ? containers_last_of(k->last_lines, max - 1) : "";
	     *at && n < max; n++) {
		size_t len = strcspn(at, "\n");
		cell_set(&lines[n], TONE_CODE, "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
	return n;
}

const struct panel panel_containers = {
	.name = "containers",
	.title = "Containers",
	.tab = "ctr",
	.kind = &kind_container,
	.columns = columns,
	.order = order_by_need,
	.strip = containers_strip,
	.brief_columns = { "state" },
	.calm = { "No containers",
	          ". `mocr doctor SERVER` says whether Docker or Podman answers." },
	.sources = { "docker", "docker-user", "podman", "podman-user" },
};
