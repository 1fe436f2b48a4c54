/* kind.c: the kind "server": its actions, details and JSON. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/servers/cert.h"
#include "backends/servers/sudo.h"
#include "backends/logs/logs.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/internal.h"
#include "backends/servers/server.h"
#include "backends/servers/tags.h"
#include "backends/vitals/limits.h"
#include "backends/vitals/packages.h"
#include "backends/vitals/vitals.h"

#define CLOCK_WRONG_MS 1000

/* --- actions ------------------------------------------------------------- */

static bool server_can_connect(const struct row *row)
{
	enum link_state state = row->server->link->state;
	return state == LINK_DOWN || state == LINK_LOST;
}

static bool server_can_disconnect(const struct row *row)
{
	return row->server->link->state != LINK_DOWN && !row->server->store->replay;
}

static bool server_can_check(const struct row *row)
{
	return row->server->link->state == LINK_UP && !row->server->store->replay;
}

static bool server_not_now(const struct row *row, const struct action *a, char *buf, size_t size)
{
	const char *how = "disconnected";
	if (a->applies == server_can_connect)
		how = row->server->link->state == LINK_UP ? "connected" : "connecting";
	snprintf(buf, size, "is %s already", how);
	return !row->server->store->replay &&
	       (a->applies == server_can_connect || a->applies == server_can_disconnect);
}

static void server_run_connect(struct order *order)
{
	struct link *link = order_row(order)->server->link;
	if (link->state == LINK_DOWN)
		link_connect(link);
	else
		link_retry(link);
	order_end(order, NULL, "connecting");
}

static void server_run_disconnect(struct order *order)
{
	link_disconnect(order_row(order)->server->link);
	order_end(order, NULL, NULL);
}

static void server_run_forget(struct order *order)
{
	sudo_forget(order_row(order)->server->sudo);
	order_end(order, NULL, "the kept password was wiped");
}

static void server_say_connect(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "connect to %s", row->name);
}

static void server_say_disconnect(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "close the connection to %s", row->name);
}

static const struct action actions[] = {
	{ .name = "server-connect",
	  .verb = "connect",
	  .help = "connect now, whatever the back-off says",
	  .applies = server_can_connect,
	  .command = server_say_connect,
	  .run = server_run_connect,
	  .doing = "connecting" },
	{ .name = "server-disconnect",
	  .verb = "disconnect",
	  .help = "close the connection and stay away until you connect again",
	  .flags = ACTION_CONFIRM | ACTION_MARKED,
	  .applies = server_can_disconnect,
	  .command = server_say_disconnect,
	  .run = server_run_disconnect,
	  .doing = "disconnecting" },
	{ .name = "server-check",
	  .verb = "updates",
	  .key = "V",
	  .help = "ask apt there, without the network, which packages have an update",
	  .flags = ACTION_MARKED,
	  .applies = server_can_check,
	  .command = packages_say,
	  .run = packages_run,
	  .doing = "checking" },
	{ .name = "server-forget-password",
	  .verb = "forget password",
	  .help = "wipe a sudo password that is kept for a while",
	  .run = server_run_forget,
	  .doing = "forgetting" },
	{ .name = NULL }
};

/* --- details ------------------------------------------------------------- */

static enum doc_tone server_source_tone(enum source_state state)
{
	static const enum doc_tone tones[] = {
		[SOURCE_WAITING] = DOC_DIM, [SOURCE_ABSENT] = DOC_DIM, [SOURCE_DENIED] = DOC_WARN,
		[SOURCE_LIVE] = DOC_GOOD,   [SOURCE_STALE] = DOC_DIM,  [SOURCE_FAILED] = DOC_BAD,
	};
	return tones[state];
}

/* Nothing more can be said of it than its state. */
static bool server_source_is_plain(const struct source *s)
{
	return (s->state == SOURCE_ABSENT || (s->state == SOURCE_WAITING && !*s->detail)) &&
	       !*s->err.text;
}

/* One line for all plain sources of a state: there is one source per backend, and most servers
 * have few of them. What only a section brings is not missing. */
static void server_detail_plain(const struct server *v, enum source_state state, const char *label,
                                struct doc *doc)
{
	struct buf names;
	buf_init(&names, 1024);
	for (const struct source *s = v->sources; s; s = s->next)
		if (s->state == state && server_source_is_plain(s) && !s->backend->by_section)
			buf_addf(&names, "%s%s", names.len ? ", " : "", s->backend->name);
	if (names.len)
		doc_pair(doc, server_source_tone(state), label, "%s", names.data);
	buf_finish(&names);
}

static void server_detail_sources(const struct server *v, struct doc *doc)
{
	char age[HUMAN_SIZE];
	doc_head(doc, "Sources");
	for (const struct source *s = v->sources; s; s = s->next) {
		if (server_source_is_plain(s))
			continue;
		char more[400], detail[sizeof(s->detail) + 2] = "";
		if (*s->detail)
			snprintf(detail, sizeof(detail), ": %s", s->detail);
		doc_pair(doc, server_source_tone(s->state), s->backend->name, "%s%s%s%s",
		         source_state_name(s->state), detail, *s->err.text ? ": " : "",
		         s->err.text);
		if (source_left_out_text(s, more, sizeof(more)))
			doc_pair(doc, DOC_WARN, "", "%s", more);
		if (s->state == SOURCE_STALE && s->fresh_ms)
			doc_pair(doc, DOC_DIM, "", "last heard of %s ago",
			         human_span(age, now_wall_ms() - s->fresh_ms));
	}
	server_detail_plain(v, SOURCE_WAITING, "waiting", doc);
	server_detail_plain(v, SOURCE_ABSENT, "not found", doc);
}

static void server_pair_used(struct doc *doc, const char *label, uint64_t used, uint64_t total)
{
	char a[HUMAN_SIZE], b[HUMAN_SIZE];
	if (!total) {
		doc_pair(doc, DOC_DIM, label, "none or unknown");
		return;
	}
	double share = (double)used / (double)total;
	doc_pair(doc, DOC_PLAIN, label, "%3d %%  %s of %s", (int)(100.0 * share + 0.5),
	         human_bytes(a, used), human_bytes(b, total));
	doc_share(doc, share);
}

static void server_detail_packages(const struct vitals *t, struct doc *doc)
{
	char words[80], age[HUMAN_SIZE], lists[HUMAN_SIZE] = "?";
	if (t->packages < 0)
		return;
	packages_words(t, words, sizeof(words));
	human_span(age, now_wall_ms() - t->packages_ms);
	if (t->packages_lists_ms)
		human_span(lists, now_wall_ms() - t->packages_lists_ms);
	if (!*words)
		snprintf(words, sizeof(words), "no updates");
	enum doc_tone tone = t->packages_security > 0 ? DOC_WARN : DOC_PLAIN;
	doc_pair(doc, tone, "packages", "%s%s%s, asked %s ago; apt fetched its lists %s ago", words,
	         *t->packages_names ? ": " : "", t->packages_names, age, lists);
}

static void server_detail_vitals(const struct server *v, struct doc *doc)
{
	const struct vitals *t = v->vitals;
	char text[HUMAN_SIZE];
	if (!t)
		return;
	doc_head(doc, "Vitals");
	if (t->load1 >= 0 && t->cpus > 0)
		doc_pair(doc, DOC_PLAIN, "load", "%.2f %.2f %.2f on %d processors", t->load1,
		         t->load5, t->load15, t->cpus);
	else if (t->load1 >= 0)
		doc_pair(doc, DOC_PLAIN, "load", "%.2f %.2f %.2f", t->load1, t->load5, t->load15);
	if (t->cpu >= 0) {
		/* Shows the CPU now, and its range in the recent history. */
		float least = 100, most = 0;
		char span[HUMAN_SIZE];
		int64_t interval_ms = store_settings(v->store)->vitals_interval * 1000LL;
		for (size_t i = 0; i < t->n_history; i++) {
			float one = t->cpu_history[i];
			least = one >= 0 && one < least ? one : least;
			most = one > most ? one : most;
		}
		if (t->n_history < 10)
			doc_pair(doc, DOC_PLAIN, "processor", "%.0f %%", t->cpu);
		else
			doc_pair(doc, DOC_PLAIN, "processor",
			         "%.0f %%; %.0f to %.0f %% in the last %s", t->cpu, least, most,
			         human_span(span, (int64_t)t->n_history * interval_ms));
	}
	server_pair_used(doc, "memory", t->mem_used, t->mem_total);
	server_pair_used(doc, "swap", t->swap_used, t->swap_total);
	if (t->temperature >= 0)
		doc_pair(doc, DOC_PLAIN, "temperature", "%.0f °C", t->temperature);
	if (t->clock_known) {
		enum doc_tone tone = llabs(t->clock_ms) < CLOCK_WRONG_MS ? DOC_PLAIN : DOC_WARN;
		doc_pair(doc, tone, "clock", "%lld ms %s this machine's", llabs(t->clock_ms),
		         t->clock_ms < 0 ? "behind" : "ahead of");
	}
	doc_pair(doc, DOC_PLAIN, "up for", "%s", human_span(text, t->uptime_s * 1000));
	if (t->reboot_pending)
		doc_pair(doc, DOC_WARN, "reboot", "pending%s%s", *t->reboot_why ? ": " : "",
		         t->reboot_why);
	server_detail_packages(t, doc);
	const char *head = "disks";
	for (size_t i = 0; i < t->n_disks; i++) {
		char used[HUMAN_SIZE], total[HUMAN_SIZE];
		const struct vitals_disk *d = &t->disks[i];
		doc_pair(doc, d->percent >= limits_of(v).disk ? DOC_WARN : DOC_PLAIN, head,
		         "%3d %%  %s of %s  %s", d->percent, human_bytes(used, d->used),
		         human_bytes(total, d->total), d->mount);
		doc_share(doc, d->percent / 100.0);
		head = "";
	}
	if (t->more_disks)
		doc_pair(doc, DOC_PLAIN, head, "%zu more, none fuller than these", t->more_disks);
	for (size_t i = 0; i < t->n_hung && i < VITALS_HUNG; i++)
		doc_pair(doc, DOC_WARN, i ? "" : "hung", "%s does not answer", t->hung[i]);
	if (t->n_hung > VITALS_HUNG)
		doc_pair(doc, DOC_WARN, "", "and %zu more", t->n_hung - VITALS_HUNG);
}

static void server_detail(struct row *row, struct doc *doc, bool reveal)
{
	const struct server *v = row->server;
	(void)reveal;
	const struct link *l = v->link;
	char age[HUMAN_SIZE];
	doc_head(doc, "Link");
	enum doc_tone tone;
	if (l->state == LINK_UP)
		tone = DOC_GOOD;
	else if (l->state == LINK_LOST)
		tone = DOC_BAD;
	else
		tone = DOC_PLAIN;
	doc_pair(doc, tone, "state", "%s for %s", link_state_name(l->state),
	         human_span(age, now_wall_ms() - l->since_ms));
	if (*l->detail)
		doc_pair(doc, DOC_PLAIN, "by", "%s", l->detail);
	char cert[320];
	if (cert_says(&l->cert, cert, sizeof(cert)))
		doc_pair(doc, cert_ends_soon(&l->cert, now_wall_ms()) ? DOC_WARN : DOC_PLAIN,
		         "certificate", "%s", cert);
	const struct link_cert *of_host = v->vitals ? &v->vitals->host_cert : NULL;
	if (of_host && cert_says(of_host, cert, sizeof(cert)))
		doc_pair(doc, cert_ends_soon(of_host, now_wall_ms()) ? DOC_WARN : DOC_PLAIN,
		         "certificate of host", "%s", cert);
	if (l->latency_ms >= 0)
		doc_pair(doc, DOC_PLAIN, "round trip", "%d ms", l->latency_ms);
	if (*l->err.text)
		doc_pair(doc, DOC_BAD, "why", "%s", l->err.text);
	if (v->asks)
		doc_pair(doc, DOC_WARN, "asks you", "%s", v->asks->title);
	server_detail_sources(v, doc);
	char tags[256];
	server_tags(v, tags, sizeof(tags));
	doc_head(doc, "Machine");
	const struct {
		const char *label, *text;
	} facts[] = {
		{ "tags", tags },        { "host name", v->hostname }, { "system", v->os },
		{ "kernel", v->kernel }, { "login", v->user },
	};
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (*facts[i].text)
			doc_pair(doc, DOC_PLAIN, facts[i].label, "%s", facts[i].text);
	server_detail_vitals(v, doc);
}

static struct stream *server_shell(struct row *row, const char *term, int cols, int rows,
                                   const struct stream_events *events, void *arg, struct err *err)
{
	struct endpoint endpoint = {
		.kind = ENDPOINT_TERMINAL, .term = term, .cols = cols, .rows = rows
	};
	return link_open(row->server->link, &endpoint, events, arg, err);
}

/* --- JSON ---------------------------------------------------------------- */

static void server_json_vitals(cJSON *o, const struct vitals *t)
{
	json_add_number(o, "load1", t->load1, t->load1 >= 0);
	json_add_number(o, "cpu_percent", t->cpu, t->cpu >= 0);
	json_add_number(o, "memory_used", (double)t->mem_used, t->mem_total);
	json_add_number(o, "memory_total", (double)t->mem_total, t->mem_total);
	json_add_number(o, "swap_used", (double)t->swap_used, t->mem_total);
	json_add_number(o, "temperature", t->temperature, t->temperature >= 0);
	json_add_number(o, "uptime_s", (double)t->uptime_s, t->uptime_s >= 0);
	cJSON_AddBoolToObject(o, "reboot_pending", t->reboot_pending);
	json_add_number(o, "package_updates", t->packages, t->packages >= 0);
	json_add_number(o, "package_security_updates", t->packages_security,
	                t->packages_security >= 0);
	cJSON *disks = cJSON_AddArrayToObject(o, "disks");
	for (size_t i = 0; i < t->n_disks; i++) {
		cJSON *d = cJSON_CreateObject();
		cJSON_AddStringToObject(d, "mount", t->disks[i].mount);
		cJSON_AddNumberToObject(d, "percent", t->disks[i].percent);
		cJSON_AddNumberToObject(d, "used", (double)t->disks[i].used);
		cJSON_AddNumberToObject(d, "total", (double)t->disks[i].total);
		cJSON_AddItemToArray(disks, d);
	}
	cJSON_AddNumberToObject(o, "disks_more", (double)t->more_disks);
	cJSON *hung = cJSON_AddArrayToObject(o, "disks_hung");
	for (size_t i = 0; i < t->n_hung && i < VITALS_HUNG; i++)
		cJSON_AddItemToArray(hung, cJSON_CreateString(t->hung[i]));
}

static void server_json(const struct row *row, void *cjson)
{
	const struct server *v = row->server;
	cJSON *o = cjson;
	cJSON_AddStringToObject(o, "link", link_state_name(v->link->state));
	json_add_number(o, "latency_ms", v->link->latency_ms, v->link->latency_ms >= 0);
	cJSON_AddStringToObject(o, "hostname", v->hostname);
	cJSON_AddStringToObject(o, "os", v->os);
	if (v->vitals)
		server_json_vitals(o, v->vitals);
	cJSON *sources = cJSON_AddObjectToObject(o, "sources");
	for (const struct source *s = v->sources; s; s = s->next) {
		cJSON *one = cJSON_AddObjectToObject(sources, s->backend->name);
		cJSON_AddStringToObject(one, "state", source_state_name(s->state));
		if (*s->err.text)
			cJSON_AddStringToObject(one, "why", s->err.text);
		if (*s->detail)
			cJSON_AddStringToObject(one, "detail", s->detail);
		if (s->left_out)
			cJSON_AddNumberToObject(one, "left_out", (double)s->left_out);
		if (!source_settled(s))
			cJSON_AddBoolToObject(one, "late", true);
	}
}

static const char *server_word(const struct row *row)
{
	const struct vitals *t = row->server->vitals;
	return t && t->packages > 0 ? WORD_UPDATES : NULL;
}

const struct kind kind_server = {
	.name = "server",
	.plural = "servers",
	.row_size = sizeof(struct server),
	.actions = actions,
	.detail = server_detail,
	.follow = server_follow,
	.shell = server_shell,
	.not_now = server_not_now,
	.word = server_word,
	.json = server_json,
};
