/* The fleet: one row per server, joined from its link, its vitals and the counts of what runs on
 * it. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/containers/containers.h"
#include "backends/link/link.h"
#include "backends/servers/tags.h"
#include "backends/services/unit.h"
#include "backends/store/settings.h"
#include "backends/vitals/limits.h"
#include "backends/vitals/vitals.h"
#include "backends/vpn/vpn.h"
#include "panels/fleet_words.h"
#include "panels/graphs.h"
#include "panels/panels.h"
#include "tui/remember.h"
#include "tui/tint.h"

#define SPARK_CELLS 6

/* --- numbers that columns are sorted by; below 0: unknown --- */

static double fleet_latency(const struct row *r)
{
	const struct link *link = r->server->link;
	return link ? link->latency_ms : -1;
}
static double fleet_load(const struct row *r)
{
	return r->server->vitals ? r->server->vitals->load1 : -1;
}
static double fleet_cpu(const struct row *r)
{
	return r->server->vitals ? r->server->vitals->cpu : -1;
}
static double fleet_uptime(const struct row *r)
{
	return r->server->vitals ? (double)r->server->vitals->uptime_s : -1;
}
static double fleet_containers(const struct row *r)
{
	return containers_count(r->server).all;
}
static double fleet_units(const struct row *r)
{
	return units_failed(r->server);
}
static double fleet_in(const struct row *r)
{
	return graphs_now(r->server, VITALS_NET_IN);
}
static double fleet_out(const struct row *r)
{
	return graphs_now(r->server, VITALS_NET_OUT);
}

/* The latency while it is up, else the one word for how it is not. */
static void fleet_link_cell(const struct row *r, struct cell *c)
{
	const struct server *s = r->server;
	static const struct {
		enum tone tone;
		const char *word;
	} words[] = {
		[LINK_DOWN] = { TONE_DIM, "down" },
		[LINK_CONNECTING] = { TONE_BUSY, "connecting" },
		[LINK_ASKING] = { TONE_ASKS, "asks you" },
		[LINK_UP] = { TONE_PLAIN, "up" },
		[LINK_LOST] = { TONE_BAD, "lost" },
	};
	enum link_state state = fleet_link_state(r->server);
	if (state == LINK_UP && s->is_local)
		cell_set(c, TONE_PLAIN, "local");
	else if (state == LINK_UP && s->link->latency_ms >= 0)
		cell_set(c, TONE_PLAIN, "%d ms", s->link->latency_ms);
	else
		cell_set(c, words[state].tone, "%s", words[state].word);
}

static bool fleet_source_is(const struct row *r, const char *name, enum source_state state)
{
	const struct source *src = server_source(r->server, name);
	return src && src->state == state;
}

/* What that source told was true once. */
static bool fleet_is_old(const struct row *r, const char *name)
{
	return fleet_link_state(r->server) != LINK_UP || fleet_source_is(r, name, SOURCE_STALE) ||
	       fleet_source_is(r, name, SOURCE_FAILED);
}

/* Five cells hold a figure of the vitals, with the sign of what is old before it: "~! 97", "~!100".
 */
#define FIGURE_CELLS 5

static void fleet_mark_old(const struct row *r, struct cell *c)
{
	char text[CELL_MAX];
	if (!fleet_is_old(r, "vitals") || strcmp(c->text, "-") == 0)
		return;
	snprintf(text, sizeof(text), "%s", c->text);
	const char *rest = text;
	if (cells(text) >= FIGURE_CELLS && text[0] == '!' && text[1] == ' ')
		rest = text + 2;
	cell_set(c, c->tone, "~%s%s", rest == text ? "" : "!", rest);
}

/* Behind so many digits of it five cells hold it, four where it is old. */
static int fleet_load_digits(double load, bool old)
{
	if (old)
		load *= 10;
	if (load < 100)
		return 2;
	return load < 1000 ? 1 : 0;
}

static void fleet_load_cell(const struct row *r, struct cell *c)
{
	const struct vitals *v = r->server->vitals;
	if (!v || v->load1 < 0)
		cell_unknown(c);
	else
		cell_set(c, v->cpus > 0 && v->load1 > 2 * v->cpus ? TONE_WARN : TONE_PLAIN, "%.*f",
		         fleet_load_digits(v->load1, fleet_is_old(r, "vitals")), v->load1);
	fleet_mark_old(r, c);
}

/* The mean of what is known of a part of the ring; -1: nothing. */
static float fleet_mean_of(const float *ring, size_t from, size_t end)
{
	float sum = 0;
	size_t n = 0;
	for (size_t i = from; i < end; i++)
		if (ring[i] >= 0) {
			sum += ring[i];
			n++;
		}
	return n ? sum / (float)n : -1;
}

/* The last minutes, oldest first: a cell is a fixed part of the ring, so that only the newest one
 * changes until it is full. */
static void fleet_spark_cell(const struct row *r, struct cell *c)
{
	enum { PART = VITALS_HISTORY / SPARK_CELLS };
	const struct vitals *v = r->server->vitals;
	float means[SPARK_CELLS];
	cell_set(c, TONE_DIM, "%s", "");
	if (!v || !v->n_history)
		return;
	size_t last = (v->next_history + VITALS_HISTORY - 1) % VITALS_HISTORY, now = last / PART;
	size_t n = v->n_history < VITALS_HISTORY ? now + 1 : SPARK_CELLS;
	for (size_t i = 0; i < n; i++) {
		size_t part = (now + SPARK_CELLS - (n - 1) + i) % SPARK_CELLS;
		means[i] = fleet_mean_of(v->cpu_history, part * PART,
		                         part == now ? last + 1 : (part + 1) * PART);
	}
	glyph_spark(c->text, sizeof(c->text), means, n, 100);
}

static void fleet_cpu_cell(const struct row *r, struct cell *c)
{
	cell_percent(c, fleet_cpu(r), limits_of(r->server).cpu);
	fleet_mark_old(r, c);
}

static double fleet_mem_percent(const struct row *r)
{
	const struct vitals *v = r->server->vitals;
	return v && v->mem_total ? 100.0 * (double)v->mem_used / (double)v->mem_total : -1;
}

static void fleet_mem_cell(const struct row *r, struct cell *c)
{
	cell_percent(c, fleet_mem_percent(r), limits_of(r->server).memory);
	fleet_mark_old(r, c);
}

static double fleet_disk_percent(const struct row *r)
{
	const struct vitals *v = r->server->vitals;
	return v && v->worst_disk >= 0 && (size_t)v->worst_disk < v->n_disks
	               ? v->disks[v->worst_disk].percent
	               : -1;
}

static void fleet_disk_cell(const struct row *r, struct cell *c)
{
	cell_percent(c, fleet_disk_percent(r), limits_of(r->server).disk);
	fleet_mark_old(r, c);
}

/* Up of all, and how many are not well. Nothing known is "-", an engine that may not be asked says
 * so. */
static void fleet_containers_cell(const struct row *r, struct cell *c)
{
	const struct server *s = r->server;
	struct container_counts n = containers_count(s);
	const char *old = fleet_is_old(r, "docker") || fleet_is_old(r, "podman") ? "~" : "";
	if (!n.all && fleet_source_is(r, "docker", SOURCE_DENIED))
		cell_set(c, TONE_WARN, "denied");
	else if (!n.all)
		cell_unknown(c);
	else if (n.bad)
		cell_set(c, TONE_WARN, "%s%d/%d ! %d", old, n.up, n.all, n.bad);
	else
		cell_set(c, TONE_PLAIN, "%s%d/%d", old, n.up, n.all);
}

static void fleet_units_cell(const struct row *r, struct cell *c)
{
	const struct server *s = r->server;
	const struct source *src = server_source(s, "systemd");
	const char *old = fleet_is_old(r, "systemd") ? "~" : "";
	if (!src || src->state == SOURCE_ABSENT || !src->fresh_ms)
		cell_unknown(c);
	else if (units_failed(s))
		cell_set(c, TONE_BAD, "%s%d failed", old, units_failed(s));
	else
		cell_set(c, TONE_PLAIN, "%sok", old);
}

/* How the VPN sees it, with the age of what is not so well. */
static void fleet_vpn_cell(const struct row *r, struct cell *c)
{
	char words[64];
	int64_t since;
	bool well;
	cell_set(c, TONE_DIM, "%s", "");
	if (!vpn_brief(r->server, words, sizeof(words), &since, &well))
		return;
	enum tone tone;
	if (!well)
		tone = TONE_WARN;
	else if (since)
		tone = TONE_IDLE;
	else
		tone = TONE_PLAIN;
	cell_set(c, tone, "%s%s", words, since ? " " : "");
	cell_add_age(c, since);
}

static void fleet_uptime_cell(const struct row *r, struct cell *c)
{
	const struct vitals *v = r->server->vitals;
	if (!v || v->uptime_s < 0)
		cell_unknown(c);
	else
		cell_age(c, v->wall_ms - v->uptime_s * 1000);
}

/* Nothing was heard of it yet: there is only why. */
static bool fleet_instead(const struct row *r, struct cell *c)
{
	if (fleet_link_state(r->server) == LINK_UP || server_heard_ms(r->server) ||
	    remember_of_server(r->server, NULL))
		return false;
	fleet_words(r, c, true);
	return true;
}

static void fleet_note_cell(const struct row *r, struct cell *c)
{
	struct cell alone = { 0 };
	cell_set(c, TONE_PLAIN, "%s", "");
	if (!fleet_instead(r, &alone))
		fleet_words(r, c, true);
}

/* --- columns that are shown when they are chosen --- */

static void fleet_tags_cell(const struct row *r, struct cell *c)
{
	char tags[CELL_MAX];
	server_tags(r->server, tags, sizeof(tags));
	cell_set(c, TONE_DIM, "%s", tags);
}

static void fleet_hour_cell(const struct row *r, struct cell *c)
{
	char graph[GRAPH_TEXT];
	graphs_small(r->server, VITALS_LOAD, graph);
	cell_set(c, TONE_DIM, "%s", graph);
}

static const struct column columns[] = { { COLUMN_OF_HEALTH },
	                                 { .name = "name",
	                                   .title = "NAME",
	                                   .min = 4,
	                                   .max = 20,
	                                   .cut = CUT_MIDDLE,
	                                   .cell = cell_name },
	                                 { .name = "link",
	                                   .title = "LINK",
	                                   .min = 6,
	                                   .max = 10,
	                                   .importance = 1,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = fleet_link_cell,
	                                   .number = fleet_latency,
	                                   .descending = true,
	                                   .flags = COLUMN_NOW },
	                                 { .name = "load",
	                                   .title = "LOAD",
	                                   .min = 5,
	                                   .max = 5,
	                                   .importance = 4,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = fleet_load_cell,
	                                   .number = fleet_load,
	                                   .descending = true },
	                                 { .name = "spark",
	                                   .title = "",
	                                   .min = SPARK_CELLS,
	                                   .max = SPARK_CELLS,
	                                   .importance = 8,
	                                   .cell = fleet_spark_cell,
	                                   .number = fleet_cpu,
	                                   .descending = true },
	                                 { .name = "cpu",
	                                   .title = "CPU%",
	                                   .min = 5,
	                                   .max = 5,
	                                   .importance = 5,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = fleet_cpu_cell,
	                                   .number = fleet_cpu,
	                                   .descending = true },
	                                 { .name = "mem",
	                                   .title = "MEM%",
	                                   .min = 5,
	                                   .max = 5,
	                                   .importance = 6,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = fleet_mem_cell,
	                                   .number = fleet_mem_percent,
	                                   .descending = true },
	                                 { .name = "disk",
	                                   .title = "DISK%",
	                                   .min = 5,
	                                   .max = 5,
	                                   .importance = 6,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = fleet_disk_cell,
	                                   .number = fleet_disk_percent,
	                                   .descending = true },
	                                 { .name = "containers",
	                                   .title = "CONTAINERS",
	                                   .min = 10,
	                                   .max = 12,
	                                   .importance = 2,
	                                   .cell = fleet_containers_cell,
	                                   .number = fleet_containers,
	                                   .descending = true },
	                                 { .name = "units",
	                                   .title = "UNITS",
	                                   .min = 8,
	                                   .max = 10,
	                                   .importance = 3,
	                                   .cell = fleet_units_cell,
	                                   .number = fleet_units,
	                                   .descending = true },
	                                 { .name = "vpn",
	                                   .title = "VPN",
	                                   .min = 10,
	                                   .max = 14,
	                                   .importance = 6,
	                                   .cell = fleet_vpn_cell },
	                                 { .name = "uptime",
	                                   .title = "UP",
	                                   .min = 3,
	                                   .max = 4,
	                                   .importance = 7,
	                                   .align = ALIGN_RIGHT,
	                                   .cell = fleet_uptime_cell,
	                                   .number = fleet_uptime,
	                                   .descending = true },
	                                 { .name = "note",
	                                   .title = "",
	                                   .min = 8,
	                                   .max = -1,
	                                   .importance = 4,
	                                   .cell = fleet_note_cell,
	                                   .flags = COLUMN_NOW },
	                                 { .name = "tags",
	                                   .title = "TAGS",
	                                   .max = 16,
	                                   .importance = 5,
	                                   .cell = fleet_tags_cell,
	                                   .flags = COLUMN_EXTRA },
	                                 { .name = "hour",
	                                   .title = "LOAD 1 H",
	                                   .min = GRAPHS_SMALL_CELLS,
	                                   .max = GRAPHS_SMALL_CELLS,
	                                   .importance = 7,
	                                   .cell = fleet_hour_cell,
	                                   .number = fleet_load,
	                                   .descending = true,
	                                   .flags = COLUMN_EXTRA },
	                                 { .name = "in",
	                                   .title = "IN/s",
	                                   .min = 5,
	                                   .max = 6,
	                                   .importance = 6,
	                                   .align = ALIGN_RIGHT,
	                                   .number = fleet_in,
	                                   .format = cell_bytes,
	                                   .descending = true,
	                                   .flags = COLUMN_EXTRA },
	                                 { .name = "out",
	                                   .title = "OUT/s",
	                                   .min = 5,
	                                   .max = 6,
	                                   .importance = 6,
	                                   .align = ALIGN_RIGHT,
	                                   .number = fleet_out,
	                                   .format = cell_bytes,
	                                   .descending = true,
	                                   .flags = COLUMN_EXTRA },
	                                 { COLUMN_OF_AGE },
	                                 { .name = NULL } };

/* "sese   12ms 0.42  13 ctr  disk 88%" or "seko   lost 3h: ..." */
static void fleet_brief(const struct row *r, struct cell *c)
{
	const struct server *s = r->server;
	struct cell note = { 0 };
	char name[TINT_NAME];
	fleet_words(r, &note, false);
	if (fleet_link_state(r->server) != LINK_UP || s->asks) {
		if (fleet_link_state(r->server) == LINK_CONNECTING && !s->link->tries &&
		    remember_of_server(s, NULL) && remember_server_brief(s, c))
			return;
		cell_set(c, note.tone, "%-6s %s", tint_name(s, name), note.text);
		c->changes_ms = note.changes_ms;
		return;
	}
	cell_set(c, TONE_PLAIN, "%-6s", tint_name(s, name));
	if (s->is_local)
		cell_add(c, " local");
	else if (s->link->latency_ms >= 0)
		cell_add(c, " %dms", s->link->latency_ms);
	if (s->vitals && s->vitals->load1 >= 0)
		cell_add(c, " %s%.*f", fleet_is_old(r, "vitals") ? "~" : "",
		         fleet_load_digits(s->vitals->load1, false), s->vitals->load1);
	struct container_counts n = containers_count(s);
	if (n.all)
		cell_add(c, "  %d ctr", n.up);
	if (n.bad)
		cell_add(c, " ! %d", n.bad);
	if (units_failed(s))
		cell_add(c, "  %d failed", units_failed(s));
	if (fleet_disk_percent(r) >= limits_of(s).disk)
		cell_add(c, "  disk %.0f%%", fleet_disk_percent(r));
	if (note.text[0])
		cell_add(c, "  %s", note.text);
}

/* The whole sentence of the server under the cursor, for which its column is often too narrow. */
static size_t fleet_strip(const struct row *r, struct cell *lines, size_t max)
{
	(void)max;
	fleet_words(r, &lines[0], false);
	return lines[0].text[0] != '\0';
}

static const struct panel_extra fleet_extra = {
	.actions = graphs_actions,
	.pictures = graphs_of_server,
};

const struct panel panel_fleet = {
	.name = "fleet",
	.title = "Fleet",
	.tab = "fleet",
	.kind = &kind_server,
	.columns = columns,
	.order = order_by_need,
	.instead = fleet_instead,
	.instead_after = "link",
	.brief = fleet_brief,
	.strip = fleet_strip,
	.extra = &fleet_extra,
	.calm = { "No server is watched.\n"
	          ":hosts offers those of your ssh config; :connect NAME adds one by its ssh name "
	          "or user@host:port;\n"
	          "a [server NAME] section in ~/.config/mocr/config keeps it. "
	          "`mocr` alone watches this machine." },
};
