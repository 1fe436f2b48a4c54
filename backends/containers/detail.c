/* detail.c: the details of a container, from the engine's inspect, in the order that suits an
 * operator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/containers/engine.h"
#include "backends/containers/updates.h"
#include "backends/base/mask.h"
#include "backends/store/doc.h"

#define LABEL_VALUE_MAX 400
#define REFUSED_AGAIN_MS \
	5000 /* after a refusal, the next drawing that is at least this much later asks again */

static const cJSON *ctr_get(const cJSON *o, const char *a, const char *b)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, a);
	return b ? cJSON_GetObjectItemCaseSensitive(v, b) : v;
}

static const char *ctr_str(const cJSON *o, const char *a, const char *b)
{
	const cJSON *v = ctr_get(o, a, b);
	return cJSON_IsString(v) && *v->valuestring ? v->valuestring : NULL;
}

static double ctr_num(const cJSON *o, const char *a, const char *b)
{
	const cJSON *v = ctr_get(o, a, b);
	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static void ctr_pair(struct doc *d, const char *label, const char *value)
{
	if (value)
		doc_pair(d, DOC_PLAIN, label, "%s", value);
}

/* --- facts of the row ---------------------------------------------------- */

static void ctr_add_time(struct doc *d, const char *label, int64_t ms, int64_t now)
{
	char age[HUMAN_SIZE], clock[40];
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	if (ms <= 0)
		return;
	strftime(clock, sizeof(clock), "%F %T", localtime_r(&s, &tm));
	doc_pair(d, DOC_PLAIN, label, "%s (%s ago)", clock,
	         human_span(age, now > ms ? now - ms : 0));
}

static void ctr_add_state(struct doc *d, const struct container *c, int64_t now)
{
	const struct row *row = &c->row;
	bool checked = c->health != CTR_HEALTH_NONE && c->state == CONTAINER_RUNNING;
	static const enum doc_tone tones[] = {
		[HEALTH_UNKNOWN] = DOC_DIM, [HEALTH_GOOD] = DOC_GOOD,      [HEALTH_IDLE] = DOC_DIM,
		[HEALTH_BUSY] = DOC_WARN,   [HEALTH_ATTENTION] = DOC_WARN, [HEALTH_BAD] = DOC_BAD,
		[HEALTH_ASKS] = DOC_WARN,
	};
	enum doc_tone tone = tones[row->health];
	doc_head(d, "State");
	const char *state = container_state_name(c->state);
	if (checked)
		doc_pair(d, tone, "state", "%s, %s", state, container_health_name(c->health));
	else
		doc_pair(d, tone, "state", "%s", state);
	if (row->why)
		doc_pair(d, tone, "why", "%s", row->why);
	ctr_add_time(d, "started", c->started_ms, now);
	if (c->state != CONTAINER_RUNNING)
		ctr_add_time(d, "ended", c->finished_ms, now);
	ctr_add_time(d, "created", c->created_ms, now);
	if (c->restarts >= 0)
		doc_pair(d, c->restarts ? DOC_WARN : DOC_PLAIN, "restarts", "%d", c->restarts);
	char a[HUMAN_SIZE], b[HUMAN_SIZE];
	if (c->cpu >= 0)
		doc_pair(d, DOC_PLAIN, "CPU", "%.1f %% of a core", c->cpu);
	if (c->mem >= 0 && c->mem_limit > 0)
		doc_pair(d, DOC_PLAIN, "memory", "%s of %s", human_bytes(a, (uint64_t)c->mem),
		         human_bytes(b, (uint64_t)c->mem_limit));
	else if (c->mem >= 0)
		doc_pair(d, DOC_PLAIN, "memory", "%s", human_bytes(a, (uint64_t)c->mem));
	if (c->net_rx >= 0)
		doc_pair(d, DOC_PLAIN, "network", "%s in, %s out", human_rate(a, c->net_rx),
		         human_rate(b, c->net_tx));
}

static void ctr_add_death(struct doc *d, const struct container *c)
{
	char ran[HUMAN_SIZE];
	if (c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED ||
	    (c->exit_code < 0 && c->death == DEATH_NONE))
		return;
	doc_head(d, "Its end");
	if (c->death != DEATH_NONE)
		doc_pair(d, DOC_BAD, "class", "%s", death_class_name(c->death));
	enum doc_tone tone = c->exit_code ? DOC_WARN : DOC_PLAIN;
	doc_pair(d, tone, "exit code", "%d%s%s", c->exit_code, *c->exit_signal ? ", signal " : "",
	         c->exit_signal);
	if (c->oom)
		doc_pair(d, DOC_BAD, "out of memory", "yes");
	else
		doc_pair(d, DOC_PLAIN, "out of memory", "no");
	if (c->started_ms > 0 && c->finished_ms >= c->started_ms)
		doc_pair(d, DOC_PLAIN, "ran", "%s",
		         human_span(ran, c->finished_ms - c->started_ms));
	if (c->last_lines && *c->last_lines) {
		doc_add(d, DOC_LABEL, "last lines");
		doc_text(d, DOC_CODE, c->last_lines, strlen(c->last_lines));
	}
}

/* --- the engine's answer ------------------------------------------------- */

static char *ctr_joined(const cJSON *array)
{
	const cJSON *v;
	struct buf b;
	buf_init(&b, 4096);
	cJSON_ArrayForEach (v, array)
		if (cJSON_IsString(v))
			buf_addf(&b, "%s%s", b.len ? " " : "", v->valuestring);
	if (!b.len) {
		buf_finish(&b);
		return NULL;
	}
	return buf_take(&b);
}

static void ctr_add_words(struct doc *d, const char *label, const cJSON *array)
{
	char *words = ctr_joined(array);
	ctr_pair(d, label, words);
	free(words);
}

static void ctr_add_config(struct doc *d, const struct container *c, const cJSON *o)
{
	doc_head(d, "Made from");
	ctr_pair(d, "image",
	         ctr_str(o, "Config", "Image") ? ctr_str(o, "Config", "Image") : c->image);
	ctr_pair(d, "image id",
	         ctr_str(o, "Image", NULL) ? ctr_str(o, "Image", NULL) : c->image_id);
	ctr_pair(d, "container id", c->engine_id);
	ctr_add_words(d, "entrypoint", ctr_get(o, "Config", "Entrypoint"));
	ctr_add_words(d, "command", ctr_get(o, "Config", "Cmd"));
	ctr_pair(d, "in folder", ctr_str(o, "Config", "WorkingDir"));
	ctr_pair(d, "as user", ctr_str(o, "Config", "User"));
	ctr_pair(d, "host name", ctr_str(o, "Config", "Hostname"));
	const cJSON *policy = ctr_get(o, "HostConfig", "RestartPolicy");
	const char *name = ctr_str(policy, "Name", NULL);
	double most = ctr_num(policy, "MaximumRetryCount", NULL);
	if (name && most > 0)
		doc_pair(d, DOC_PLAIN, "restart policy", "%s, at most %.0f times", name, most);
	else
		ctr_pair(d, "restart policy", name ? name : "no");
	char a[HUMAN_SIZE];
	double mem = ctr_num(o, "HostConfig", "Memory"),
	       cpus = ctr_num(o, "HostConfig", "NanoCpus"),
	       pids = ctr_num(o, "HostConfig", "PidsLimit");
	double quota = ctr_num(o, "HostConfig", "CpuQuota"),
	       period = ctr_num(o, "HostConfig", "CpuPeriod");
	if (mem > 0)
		doc_pair(d, DOC_PLAIN, "memory limit", "%s", human_bytes(a, (uint64_t)mem));
	if (cpus > 0)
		doc_pair(d, DOC_PLAIN, "CPU limit", "%.2f cores", cpus / 1e9);
	else if (quota > 0)
		doc_pair(d, DOC_PLAIN, "CPU limit", "%.2f cores",
		         quota / (period > 0 ? period : 100000));
	if (pids > 0)
		doc_pair(d, DOC_PLAIN, "process limit", "%.0f", pids);
	ctr_pair(d, "log driver", ctr_str(ctr_get(o, "HostConfig", "LogConfig"), "Type", NULL));
	if (cJSON_IsTrue(ctr_get(o, "HostConfig", "Privileged")))
		doc_pair(d, DOC_WARN, "privileged", "yes: it may do what root on the server may");
	ctr_pair(d, "engine's error", ctr_str(o, "State", "Error"));
}

static void ctr_add_health(struct doc *d, const cJSON *o)
{
	const cJSON *health = ctr_get(o, "State", "Health"), *entry;
	if (!ctr_str(health, "Status", NULL))
		return;
	doc_head(d, "Health checks");
	ctr_add_words(d, "check", ctr_get(ctr_get(o, "Config", "Healthcheck"), "Test", NULL));
	doc_pair(d, DOC_PLAIN, "failed in a row", "%.0f", ctr_num(health, "FailingStreak", NULL));
	cJSON_ArrayForEach (entry, ctr_get(health, "Log", NULL)) {
		const char *start = ctr_str(entry, "Start", NULL),
			   *said = ctr_str(entry, "Output", NULL);
		char clock[HUMAN_SIZE];
		int code = number_small(ctr_num(entry, "ExitCode", NULL), -1);
		int64_t ms = start ? parse_rfc3339_ms(start) : -1;
		const char *label = ms > 0 ? human_clock(clock, ms) : "check";
		enum doc_tone tone = code ? DOC_BAD : DOC_GOOD;
		doc_pair(d, tone, label, "%d %.400s", code, said ? said : "");
	}
}

static void ctr_add_ports(struct doc *d, const cJSON *o)
{
	const cJSON *port, *bound;
	const cJSON *ports = ctr_get(o, "NetworkSettings", "Ports");
	if (!ports || !ports->child)
		return;
	doc_head(d, "Ports");
	cJSON_ArrayForEach (port, ports) {
		if (!port->child)
			doc_pair(d, DOC_DIM, port->string, "only inside");
		cJSON_ArrayForEach (bound, port) {
			const char *ip = ctr_str(bound, "HostIp", NULL),
				   *out = ctr_str(bound, "HostPort", NULL);
			if (!ip)
				ip = "*";
			doc_pair(d, DOC_PLAIN, port->string, "at %s:%s", ip, out ? out : "?");
		}
	}
}

static void ctr_add_mounts(struct doc *d, const cJSON *o)
{
	const cJSON *m, *mounts = ctr_get(o, "Mounts", NULL);
	if (!mounts || !mounts->child)
		return;
	doc_head(d, "Mounts");
	cJSON_ArrayForEach (m, mounts) {
		const char *to = ctr_str(m, "Destination", NULL), *from = ctr_str(m, "Name", NULL),
			   *type = ctr_str(m, "Type", NULL);
		if (!from || (type && strcmp(type, "bind") == 0))
			from = ctr_str(m, "Source", NULL);
		if (!type)
			type = "mount";
		if (!from)
			from = "";
		bool fixed = cJSON_IsFalse(ctr_get(m, "RW", NULL));
		const char *end = fixed ? ", read only" : "";
		doc_pair(d, DOC_PLAIN, to ? to : "?", "%s %s%s", type, from, end);
	}
}

static void ctr_add_networks(struct doc *d, const cJSON *o)
{
	const cJSON *n, *networks = ctr_get(o, "NetworkSettings", "Networks");
	if (!networks || !networks->child)
		return;
	doc_head(d, "Networks");
	cJSON_ArrayForEach (n, networks) {
		const char *ip = ctr_str(n, "IPAddress", NULL),
			   *ip6 = ctr_str(n, "GlobalIPv6Address", NULL),
			   *gate = ctr_str(n, "Gateway", NULL);
		char *aliases = ctr_joined(ctr_get(n, "Aliases", NULL));
		struct buf b = { 0 };
		buf_puts(&b, ip ? ip : "no address");
		if (ip6)
			buf_addf(&b, " %s", ip6);
		if (gate)
			buf_addf(&b, ", gateway %s", gate);
		if (aliases)
			buf_addf(&b, ", as %s", aliases);
		doc_pair(d, DOC_PLAIN, n->string, "%s", b.data);
		buf_finish(&b);
		free(aliases);
	}
}

static void ctr_add_labels(struct doc *d, const cJSON *o)
{
	const cJSON *l, *labels = ctr_get(o, "Config", "Labels");
	if (!labels || !labels->child)
		return;
	doc_head(d, "Labels");
	/* those of compose come first */
	for (int compose = 1; compose >= 0; compose--)
		cJSON_ArrayForEach (l, labels) {
			bool of_compose = l->string && strstr(l->string, "compose.");
			if (cJSON_IsString(l) && l->string && of_compose == compose)
				doc_pair(d, DOC_PLAIN, l->string, "%.*s", LABEL_VALUE_MAX,
				         l->valuestring);
		}
}

static void ctr_add_env(struct doc *d, const cJSON *o, bool reveal)
{
	const cJSON *v, *env = ctr_get(o, "Config", "Env");
	if (!env || !env->child)
		return;
	doc_head(d, reveal ? "Environment" : "Environment (what looks like a secret is masked)");
	cJSON_ArrayForEach (v, env) {
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		if (!eq)
			continue;
		char *name = xstrndup(v->valuestring, (size_t)(eq - v->valuestring));
		doc_pair(d, strcmp(eq + 1, MASK) == 0 ? DOC_DIM : DOC_PLAIN, name, "%s", eq + 1);
		free(name);
	}
}

/* The inspect answer as JSON. Secrets are masked unless reveal is set. */
static cJSON *ctr_answer(const struct ctr *c, bool reveal)
{
	struct buf masked;
	if (reveal)
		return json_parse(c->answer, c->answer_len);
	buf_init(&masked, 0);
	mask_json(&masked, c->answer, c->answer_len);
	cJSON *o = json_parse(masked.data ? masked.data : "", masked.len);
	buf_finish(&masked);
	return o;
}

void ctr_detail(struct row *row, struct doc *d, bool reveal)
{
	struct container *c = ROW_AS(container, row);
	struct ctr *k = c->priv;
	int64_t now = k ? engine_now(k->engine) : now_wall_ms();
	if (k) {
		/* Requests an inspect once per opening of the details. A kept answer may be old,
		 * because not every change has an event. Later changes arrive by events. */
		if (fetch_open(&k->inspect, k->row->row.details_opened, REFUSED_AGAIN_MS,
		               engine_mono(k->engine)))
			engine_fetch(k->engine);
		/* Whoever looks at it gets another try to learn who chose its labels. */
		bool unknown = c->by_compose == COMPOSE_CLAIMED && k->image.state == FETCH_FAILED;
		if (unknown && engine_mono(k->engine) - k->image.failed_ms >= REFUSED_AGAIN_MS) {
			fetch_want(&k->image);
			engine_fetch(k->engine);
		}
	}
	ctr_add_state(d, c, now);
	/* What the registry has, once it was asked about. */
	char old[24], newer[24], age[HUMAN_SIZE];
	if (c->update_ms > 0) {
		human_span(age, now > c->update_ms ? now - c->update_ms : 0);
		if (c->update_why)
			doc_pair(d, DOC_DIM, "update", "not known, asked %s ago: %s", age,
			         c->update_why);
		else if (c->newer)
			doc_pair(d, DOC_WARN, "update", "%s -> %s, asked %s ago",
			         digest_short(old, c->digest ? c->digest : "?"),
			         digest_short(newer, c->newer), age);
		else
			doc_pair(d, DOC_DIM, "update", "%s is what the registry has, asked %s ago",
			         digest_short(old, c->digest ? c->digest : "?"), age);
	}
	ctr_add_death(d, c);
	if (k && k->answer) {
		cJSON *o = ctr_answer(k, reveal);
		ctr_add_health(d, o);
		ctr_add_config(d, k->row, o);
		ctr_add_ports(d, o);
		ctr_add_mounts(d, o);
		ctr_add_networks(d, o);
		ctr_add_env(d, o, reveal);
		ctr_add_labels(d, o);
		cJSON_Delete(o);
		return;
	}
	doc_head(d, "Made from");
	ctr_pair(d, "image", c->image);
	ctr_pair(d, "command", c->command);
	ctr_pair(d, "ports", c->ports);
	ctr_pair(d, "networks", c->networks);
	ctr_pair(d, "project", c->project);
	ctr_pair(d, "service", c->service);
	if (k && k->detail_err)
		doc_add(d, DOC_BAD, "%s", k->detail_err);
	else if (k && k->engine->origin)
		doc_add(d, DOC_DIM, "asking the engine for the rest…");
}
