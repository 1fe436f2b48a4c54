/* What the parsers of systems make of answers: of each value replaced by others, of lists around
 * their limits, of what is typed. Files of tests/unit/answers keep what came out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/ci_parse.h"
#include "backends/systems/dns_parse.h"
#include "backends/systems/litellm_parse.h"
#include "backends/systems/ollama_parse.h"
#include "backends/systems/postgres_parse.h"
#include "backends/systems/prometheus_parse.h"
#include "backends/systems/redis_parse.h"
#include "backends/systems/small_parse.h"
#include "tests/unit/expected.h"
#include "tests/unit/variants.h"

#define ANSWERS "tests/unit/answers/"

static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

static void check_written(struct buf *out, const char *path)
{
	expected_check(out, path);
	buf_finish(out);
}

static void dump_err(struct buf *out, const char *who, struct err *err)
{
	buf_addf(out, "%s: refused %d %s\n", who, (int)err->code, err->text);
	err_clear(err);
}

/* --- dumps ---------------------------------------------------------------- */

static void dump_key(struct buf *out, const struct litellm_key *k, bool unique)
{
	buf_addf(out, "key %s id %s each %s spend %.4f of %.4f reset %lld blocked %d unique %d\n",
	         k->alias, k->id, k->duration, k->spend, k->budget, (long long)k->reset_ms,
	         k->blocked, unique);
}

static void dump_litellm(struct buf *out, const char *text, size_t len)
{
	struct err err = { 0 };
	struct litellm_ready r;
	struct litellm_key key;
	struct litellm_keys keys;
	struct litellm_day day;
	double spend = 7, budget = 7;
	size_t n = 0;
	buf_puts(out, "kept ");
	litellm_reduce(text, len, out);
	buf_puts(out, "\n");
	if (litellm_ready_parse(text, len, &r, &err))
		buf_addf(out, "ready %s db %s version %s\n", r.status, r.db, r.version);
	else
		dump_err(out, "ready", &err);
	if (litellm_models_parse(text, len, &n, &err))
		buf_addf(out, "models %zu\n", n);
	else
		dump_err(out, "models", &err);
	if (litellm_key_parse(text, len, &key, &err))
		dump_key(out, &key, true);
	else
		dump_err(out, "key", &err);
	if (litellm_keys_parse(text, len, &keys, &err)) {
		buf_addf(out, "keys %zu left out %zu\n", keys.n, keys.left_out);
		for (size_t i = 0; i < keys.n; i++)
			dump_key(out, &keys.at[i], litellm_key_is_unique(&keys, i));
	} else {
		dump_err(out, "keys", &err);
	}
	litellm_keys_finish(&keys);
	bool good = litellm_providers_parse(text, len, &spend, &budget);
	buf_addf(out, "providers %d %.2f of %.2f\n", good, spend, budget);
	if (litellm_day_parse(text, len, &day, &err))
		buf_addf(out, "day %.2f models %zu\n", day.spend, day.n);
	else
		dump_err(out, "day", &err);
	for (size_t i = 0; i < day.n; i++)
		buf_addf(out, "model %s %.2f %lld failed %lld\n", day.models[i].name,
		         day.models[i].spend, (long long)day.models[i].requests,
		         (long long)day.models[i].failed);
	litellm_day_finish(&day);
}

static void dump_ollama(struct buf *out, const char *text, size_t len)
{
	struct err err = { 0 };
	struct ollama_models l;
	char version[40], says[120];
	bool over;
	if (ollama_version_parse(text, len, version, sizeof(version), &err))
		buf_addf(out, "version %s\n", version);
	else
		dump_err(out, "version", &err);
	if (ollama_models_parse(text, len, &l, &err))
		buf_addf(out, "models %zu left out %zu\n", l.n, l.left_out);
	else
		dump_err(out, "models", &err);
	for (size_t i = 0; i < l.n; i++)
		buf_addf(out, "%s exact %d %s %s at %s size %lld vram %lld until %lld\n",
		         l.at[i].name, l.at[i].exact, l.at[i].params, l.at[i].quant, l.at[i].remote,
		         (long long)l.at[i].size, (long long)l.at[i].vram,
		         (long long)l.at[i].until_ms);
	ollama_models_finish(&l);
	bool good = ollama_pull_line(text, len, says, sizeof(says), &over);
	buf_addf(out, "pull %d over %d %s\n", good, over, says);
}

static void dump_prometheus(struct buf *out, const char *text, size_t len)
{
	struct err err = { 0 };
	struct prometheus_targets l;
	struct prometheus_line line;
	char version[40];
	double value;
	if (prometheus_version_parse(text, len, version, sizeof(version), &err))
		buf_addf(out, "version %s\n", version);
	else
		dump_err(out, "version", &err);
	if (prometheus_value_parse(text, len, &value, &err))
		buf_addf(out, "value %.2f\n", value);
	else
		dump_err(out, "value", &err);
	for (int lowest = 0; lowest < 2; lowest++) {
		if (!prometheus_range_parse(text, len, 1000, 10, lowest, &line, &err)) {
			dump_err(out, "range", &err);
			continue;
		}
		buf_addf(out, "series %zu %s\n", line.series, line.labels);
		for (size_t i = 0; i < PROMETHEUS_POINTS; i++)
			if (!isnan(line.at[i]))
				buf_addf(out, "point %zu %.2f\n", i, line.at[i]);
	}
	for (int down = 0; down < 2; down++) {
		if (down ? prometheus_targets_parse(text, len, &l, &err)
		         : prometheus_series_parse(text, len, &l, &err))
			buf_addf(out, "targets %zu left out %zu\n", l.n, l.left_out);
		else
			dump_err(out, down ? "targets" : "series", &err);
		for (size_t i = 0; i < l.n; i++)
			buf_addf(out, "target %s %s %s\n", l.at[i].job, l.at[i].instance,
			         l.at[i].error);
		prometheus_targets_finish(&l);
	}
}

static void dump_small(struct buf *out, const char *text, size_t len)
{
	struct err err = { 0 };
	struct caddy_upstreams u;
	char status[40], version[40];
	bool healthy;
	size_t n;
	if (ntfy_parse(text, len, &healthy, &err))
		buf_addf(out, "ntfy %d\n", healthy);
	else
		dump_err(out, "ntfy", &err);
	if (n8n_parse(text, len, status, sizeof(status), &err))
		buf_addf(out, "n8n %s\n", status);
	else
		dump_err(out, "n8n", &err);
	qdrant_version(text, len, version, sizeof(version));
	buf_addf(out, "qdrant %d %s\n", qdrant_is_ready(text, len), version);
	if (qdrant_collections_parse(text, len, &n, &err))
		buf_addf(out, "collections %zu\n", n);
	else
		dump_err(out, "collections", &err);
	if (caddy_parse(text, len, &u, &err))
		buf_addf(out, "caddy %zu failing %zu %s\n", u.n, u.failing, u.first);
	else
		dump_err(out, "caddy", &err);
}

static void dump_dns(struct buf *out, const char *text, size_t len)
{
	static struct dns_zones zones;
	static struct dns_sets sets;
	struct dns_action a;
	struct err err = { 0 };
	if (dns_zones_parse(text, len, &zones, &err))
		buf_addf(out, "zones %zu left out %zu\n", zones.n, zones.left_out);
	else
		dump_err(out, "zones", &err);
	for (size_t i = 0; i < zones.n; i++)
		buf_addf(out, "zone %lld %s %s %s ttl %lld records %lld\n",
		         (long long)zones.at[i].id, zones.at[i].name, zones.at[i].status,
		         zones.at[i].mode, (long long)zones.at[i].ttl,
		         (long long)zones.at[i].records);
	if (dns_sets_parse(text, len, &sets, &err))
		buf_addf(out, "sets %zu left out %zu of %zu\n", sets.n, sets.left_out, sets.total);
	else
		dump_err(out, "sets", &err);
	for (size_t i = 0; i < sets.n; i++)
		buf_addf(out, "set %s %s ttl %lld protected %d exact %d %s\n", sets.at[i].name,
		         sets.at[i].type, (long long)sets.at[i].ttl, sets.at[i].is_protected,
		         sets.at[i].exact, sets.at[i].values);
	bool good = dns_action_parse(text, len, &a);
	buf_addf(out, "action %d %lld %s %s\n", good, (long long)a.id, a.status, a.error);
}

static void dump_ci(struct buf *out, const char *text, size_t len)
{
	static struct ci_runs l;
	struct err err = { 0 };
	buf_puts(out, "kept ");
	ci_reduce(text, len, out);
	buf_puts(out, "\n");
	if (ci_runs_parse(text, len, &l, &err))
		buf_addf(out, "runs %zu\n", l.n);
	else
		dump_err(out, "runs", &err);
	for (size_t i = 0; i < l.n; i++) {
		const struct ci_run *r = &l.at[i];
		buf_addf(out, "run %lld #%lld %s of %s on %s at %s by %s for %s\n",
		         (long long)r->id, (long long)r->number, r->title, r->workflow, r->branch,
		         r->commit, r->by, r->event);
		buf_addf(out, "%s is %d from %lld to %lld superseded %d\n", r->word, (int)r->state,
		         (long long)r->began_ms, (long long)r->ended_ms, r->superseded);
	}
}

static void dump_postgres(struct buf *out, const char *text, size_t len)
{
	struct postgres_facts f;
	struct err err = { 0 };
	if (!postgres_parse(text, len, &f, &err))
		dump_err(out, "facts", &err);
	buf_addf(out, "version %s\ncode %s\nrefused %s\nasks %d\nconnections %lld of %lld\n",
	         f.version, f.code, f.refused, f.asks, (long long)f.connections,
	         (long long)f.connections_max);
	buf_addf(out, "standbys %lld behind %lld standby %d cut off %d ms %.2f\n",
	         (long long)f.standbys, (long long)f.behind, f.standby, f.cut_off, f.ms);
}

/* --- each value replaced -------------------------------------------------- */

#define TWO_KEYS                                                                                   \
	"{\"keys\":[{\"key_alias\":\"a\",\"token\":\"t1\",\"spend\":1.5,\"max_budget\":5,"         \
	"\"budget_duration\":\"1d\",\"budget_reset_at\":\"2026-01-01T00:00:00Z\",\"blocked\":"     \
	"true,"                                                                                    \
	"\"key\":\"SECRET\",\"user_id\":\"u\"},{\"key_alias\":\"b\",\"token\":\"t2\",\"spend\":2}" \
	"],"                                                                                       \
	"\"total_count\":5}"
#define MODELS_OF_A_DAY                                                                  \
	"{\"results\":[{\"breakdown\":{\"models\":{\"cheap\":{\"metrics\":{\"spend\":1," \
	"\"api_requests\":4,\"failed_requests\":2}},\"dear\":{\"metrics\":{\"spend\":3," \
	"\"api_requests\":5,\"failed_requests\":0}},\"also\":{\"metrics\":{\"spend\":3," \
	"\"api_requests\":6,\"failed_requests\":1}}}}}],\"metadata\":{\"total_spend\":7.25}}"

static void test_members_of_models(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "ready", dump_litellm,
	                 "{\"status\":\"connected\",\"db\":\"up\",\"litellm_version\":\"1.2\"}");
	variants_of_json(&out, "models", dump_litellm,
	                 "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}");
	variants_of_json(&out, "key", dump_litellm,
	                 "{\"key\":\"t\",\"info\":{\"key_alias\":\"a\",\"token\":\"t\",\"spend\":1."
	                 "5,"
	                 "\"max_budget\":2}}");
	variants_of_json(&out, "keys", dump_litellm, TWO_KEYS);
	variants_of_json(&out, "providers", dump_litellm,
	                 "{\"providers\":{\"x\":{\"spend\":1.5,\"budget_limit\":3,\"time_period\":"
	                 "\"1d\"},\"y\":{\"spend\":2,\"budget_limit\":4,\"time_period\":\"24h\"}}"
	                 "}");
	variants_of_json(&out, "day", dump_litellm, MODELS_OF_A_DAY);
	variants_of_json(&out, "version", dump_ollama, "{\"version\":\"0.9\"}");
	variants_of_json(&out, "tags", dump_ollama,
	                 "{\"models\":[{\"name\":\"q:7b\",\"size\":100,\"size_vram\":60,"
	                 "\"expires_at\":\"2026-01-01T00:00:00Z\",\"remote_host\":\"cloud\","
	                 "\"details\":{\"parameter_size\":\"7.6B\",\"quantization_level\":\"Q4\"}},"
	                 "{\"model\":\"z\"}]}");
	variants_of_json(&out, "pull", dump_ollama,
	                 "{\"status\":\"pulling 3a\",\"total\":2000,\"completed\":900}");
	variants_of_json(&out, "pulled", dump_ollama, "{\"status\":\"success\"}");
	check_written(&out, ANSWERS "systems_models.txt");
}

static void test_members_of_measures(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(&out, "build", dump_prometheus,
	                 "{\"status\":\"success\",\"data\":{\"version\":\"2.4\"}}");
	variants_of_json(&out, "value", dump_prometheus,
	                 "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{\"job\":\"a\","
	                 "\"instance\":\"i\"},\"value\":[1000,\"2\"]},{\"metric\":{\"job\":\"b\"},"
	                 "\"value\":[1000,\"3\"]}]}}");
	variants_of_json(
		&out, "range", dump_prometheus,
		"{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{\"__name__\":"
		"\"up\",\"job\":\"a\",\"zone\":\"z\"},\"values\":[[994.9,\"8\"],[995,\"1\"],"
		"[1004.9,\"5\"],[1590,\"3\"],[1594.9,\"4\"],[1595,\"9\"]]},{\"metric\":{"
		"\"job\":\"b\"},\"values\":[[1000,\"2\"],[1590,\"3.5\"],[1580,\"NaN\"]]}]}}");
	variants_of_json(&out, "targets", dump_prometheus,
	                 "{\"status\":\"success\",\"data\":{\"activeTargets\":[{\"labels\":{"
	                 "\"job\":"
	                 "\"j\",\"instance\":\"i\"},\"health\":\"down\",\"lastError\":\"Get "
	                 "http://h/?token=SECRET refused\"},{\"labels\":{\"job\":\"k\"},\"health\":"
	                 "\"up\"}]}}");
	variants_of_json(&out, "error", dump_prometheus,
	                 "{\"status\":\"error\",\"error\":\"no such thing\"}");
	variants_of_json(&out, "postgres", dump_postgres,
	                 "{\"ms\":1.5,\"asks\":true,\"version\":\"15.2\",\"code\":\"28000\","
	                 "\"refused\":\"no\",\"max_connections\":\"100\",\"connections\":\"7\","
	                 "\"standbys\":\"1\",\"standby\":\"t\",\"behind\":\"30\",\"cut_off\":"
	                 "\"t\"}");
	variants_of_json(&out, "healthy", dump_small, "{\"healthy\":true,\"status\":\"ok\"}");
	variants_of_json(&out, "qdrant", dump_small,
	                 "{\"title\":\"qdrant\",\"version\":\"1.9\",\"result\":{\"collections\":[{"
	                 "\"name\":\"a\"},{\"name\":\"b\"}]}}");
	variants_of_json(&out, "caddy", dump_small,
	                 "[{\"address\":\"a:1\",\"fails\":0},{\"address\":\"b:2\",\"fails\":1},{"
	                 "\"address\":\"c:3\",\"fails\":2}]");
	static const char *const ready[] = { "all shards are ready",
		                             "not ready",
		                             "ready",
		                             "a text of fourty bytes with the word ready",
		                             "this is a text of 39 bytes, then: ready",
		                             "this is a text of forty bytes,then: ready",
		                             "" };
	for (size_t i = 0; i < ARRAY_LEN(ready); i++)
		buf_addf(&out, "%s: %d\n", ready[i], qdrant_is_ready(ready[i], strlen(ready[i])));
	check_written(&out, ANSWERS "systems_measures.txt");
}

static void test_members_of_runs_and_records(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "runs", dump_ci,
		"{\"workflow_runs\":[{\"id\":9,\"run_number\":4,\"display_title\":\"Fix\",\"path\":"
		"\".github/workflows/build.yml@refs/heads/"
		"main\",\"head_branch\":\"main\",\"head_sha\":"
		"\"0123456789abcdef\",\"actor\":{\"login\":\"ann\",\"email\":\"SECRET\"},\"event\":"
		"\"push\",\"status\":\"completed\",\"conclusion\":\"success\",\"run_started_at\":"
		"\"2026-01-01T00:00:00Z\",\"updated_at\":\"2026-01-01T00:01:00Z\"},{\"id\":8,"
		"\"run_number\":3,\"name\":\"Old\",\"workflow_id\":\"build.yml\",\"head_branch\":"
		"\"main\",\"status\":\"failure\",\"created_at\":\"2026-01-01T00:00:00Z\","
		"\"completed_at\":\"2026-01-01T00:02:00Z\"}]}");
	static const char *const words[] = {
		"queued",  "waiting", "pending", "requested", "blocked",   "in_progress",
		"running", "success", "failure", "timed_out", "cancelled", "startup_failure",
		"skipped", "neutral", "stale",   "strange",   "",          "action_required"
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		char *json = xasprintf("{\"workflow_runs\":[{\"id\":2,\"status\":\"%s\","
		                       "\"started_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":"
		                       "\"2026-01-01T00:01:00Z\"}]}",
		                       words[i]);
		dump_ci(&out, json, strlen(json));
		free(json);
	}
	variants_of_json(&out, "zones", dump_dns,
	                 "{\"zones\":[{\"id\":5,\"name\":\"x.org\",\"ttl\":300,\"record_count\":7,"
	                 "\"status\":\"ok\",\"mode\":\"primary\"},{\"id\":6,\"name\":\"y.org\"}],"
	                 "\"meta\":{\"pagination\":{\"total_entries\":4}}}");
	variants_of_json(&out, "sets", dump_dns,
	                 "{\"rrsets\":[{\"name\":\"www\",\"type\":\"A\",\"ttl\":60,\"protection\":{"
	                 "\"change\":true},\"records\":[{\"value\":\"192.0.2.1\"},{\"value\":"
	                 "\"192.0.2.2\"}]}],\"meta\":{\"pagination\":{\"total_entries\":1}}}");
	variants_of_json(&out, "action", dump_dns,
	                 "{\"action\":{\"id\":3,\"status\":\"error\",\"error\":{\"message\":\"no\"}"
	                 "}}");
	check_written(&out, ANSWERS "systems_runs.txt");
}

/* --- limits --------------------------------------------------------------- */

typedef void write_item_fn(struct buf *out, size_t i);

static void write_key(struct buf *out, size_t i)
{
	buf_addf(out, "{\"key_alias\":\"k%zu\",\"token\":\"t\"}", i);
}
static void write_model(struct buf *out, size_t i)
{
	buf_addf(out, "{\"name\":\"m%zu\"}", i);
}
static void write_use(struct buf *out, size_t i)
{
	buf_addf(out, "\"m%zu\":{\"metrics\":{\"spend\":%zu}}", i, i % 7);
}
static void write_series(struct buf *out, size_t i)
{
	buf_addf(out, "{\"metric\":{\"job\":\"j%zu\"}}", i);
}
static void write_zone(struct buf *out, size_t i)
{
	buf_addf(out, "{\"id\":%zu,\"name\":\"z%zu\"}", i + 1, i);
}
static void write_set(struct buf *out, size_t i)
{
	buf_addf(out, "{\"name\":\"s%zu\",\"type\":\"A\",\"records\":[]}", i);
}
static void write_run(struct buf *out, size_t i)
{
	buf_addf(out, "{\"id\":%zu,\"status\":\"queued\"}", i + 1);
}
static void write_alert(struct buf *out, size_t i)
{
	buf_addf(out, "{\"labels\":{\"alertname\":\"a%zu\"}}", i);
}
static void write_silence(struct buf *out, size_t i)
{
	buf_addf(out, "{\"id\":\"s%zu\",\"status\":{\"state\":\"active\"}}", i);
}

static void dump_alerts(struct buf *out, const char *text, size_t len)
{
	static struct silence silences[SILENCES_MAX];
	struct alert_list l;
	struct err err = { 0 };
	size_t n;
	if (alerts_parse(text, len, "X", &l, &err))
		buf_addf(out, "alerts %zu left out %zu\nlast %s\n", l.n, l.left_out,
		         l.n ? l.at[l.n - 1].name : "-");
	alert_list_finish(&l);
	memset(silences, 0, sizeof(silences));
	if (silences_parse(text, len, "X", silences, &n, &err))
		buf_addf(out, "silences %zu, last %s\n", n, silences[SILENCES_MAX - 1].id);
}

static void test_lists_at_their_limits(void **state)
{
	static const struct {
		const char *begin, *end;
		write_item_fn *item;
		size_t most;
		dump_fn *dump;
	} lists[] = {
		{ "{\"keys\":[", "]}", write_key, LITELLM_KEYS_MAX, dump_litellm },
		{ "{\"metadata\":{},\"results\":[{\"breakdown\":{\"models\":{", "}}}]}", write_use,
		  LITELLM_MODELS_MAX, dump_litellm },
		{ "{\"models\":[", "]}", write_model, OLLAMA_MODELS_MAX, dump_ollama },
		{ "{\"status\":\"success\",\"data\":{\"result\":[", "]}}", write_series,
		  PROMETHEUS_TARGETS_MAX, dump_prometheus },
		{ "{\"zones\":[", "]}", write_zone, DNS_ZONES_MAX, dump_dns },
		{ "{\"rrsets\":[", "]}", write_set, DNS_SETS_MAX, dump_dns },
		{ "{\"workflow_runs\":[", "]}", write_run, CI_RUNS_MAX, dump_ci },
		{ "[", "]", write_alert, ALERTS_MAX, dump_alerts },
		{ "[", "]", write_silence, SILENCES_MAX, dump_alerts },
	};
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t step = 0; step < 4; step++) {
			size_t n = step ? lists[i].most - 2 + step : 0;
			struct buf text, now;
			buf_init(&text, 1 << 20);
			buf_init(&now, 1 << 20);
			buf_puts(&text, lists[i].begin);
			for (size_t k = 0; k < n; k++) {
				buf_puts(&text, k ? "," : "");
				lists[i].item(&text, k);
			}
			buf_puts(&text, lists[i].end);
			lists[i].dump(&now, text.data, text.len);
			/* the first lines, how many there are, and the last lines */
			buf_addf(&out, "== %s: %zu\n", lists[i].begin, n);
			size_t line = 0;
			for (const char *p = now.data; p && *p; p = strchr(p, '\n') + 1, line++)
				if (!strncmp(p, "kept", 4))
					continue;
				else if (strstr(p, "left out") || line < 3 ||
				         !strncmp(p, "day", 3) || p + 40 > now.data + now.len)
					buf_addf(&out, "%zu %.*s\n", line, (int)strcspn(p, "\n"),
					         p);
			buf_finish(&text);
			buf_finish(&now);
		}
	check_written(&out, ANSWERS "systems_limits.txt");
}

/* --- what is typed, and small rules --------------------------------------- */

static void write_typed(struct buf *out, const char *text)
{
	for (int named = 0; named < 2; named++) {
		struct dns_typed t;
		struct err err = { 0 };
		buf_addf(out, "[%.70s] %zu: ", text ? text : "NULL", text ? strlen(text) : 0);
		if (!dns_typed_read(&t, text, named, &err)) {
			buf_addf(out, "%s\n", err.text);
			continue;
		}
		char *body = dns_body(&t, named);
		buf_addf(out, "%s %s ttl %lld, %zu: %s\n", t.name, t.type, (long long)t.ttl, t.n,
		         body);
		free(body);
	}
}

static void test_records_as_typed(void **state)
{
	static const char *const texts[] = {
		NULL,
		"",
		" ",
		"a",
		"www A 192.0.2.7",
		"  www   a   192.0.2.7  ttl=300",
		"@ TXT hello world ; two",
		"@x A 1",
		"WWW A 1",
		"*.dev AAAA ::1",
		"www",
		"www A",
		"www ZZ 1",
		"www TOOLONGATYPE 1",
		"www MX 10 mail",
		"ttl=300",
		"1 ttl=59",
		"1 ttl=60",
		"1 ttl=2147483647",
		"1 ttl=2147483648",
		"1 ttl=",
		"1 ttl=6x",
		"1xttl=70",
		"1 ttl=70 ttl=80",
		"ttl=70 1",
		"a ; b ;c ; ; d ; ",
		"1 ; 2 ; 3 ; 4 ; 5 ; 6 ; 7 ; 8 ; 9",
		"1 ; 2 ; 3 ; 4 ; 5 ; 6 ; 7 ; 8 ; 9 ; 10",
		"1 ; 2 ; 3 ; 4 ; 5 ; 6 ; 7 ; 8 ; 9 ; 10 ; ",
		"1 ; 2 ; 3 ; 4 ; 5 ; 6 ; 7 ; 8 ; 9 ; 10 ; 11",
		"x ; y ttl=100",
		"a:b ttl=100",
		" ; a",
	};
	static const size_t lengths[] = { 59, 60, 61, 252, 253, 254, 255, 256, 257 };
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		write_typed(&out, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char text[400];
		memset(text, 'v', lengths[i]);
		snprintf(text + lengths[i], sizeof(text) - lengths[i], " CNAME w ttl=60");
		write_typed(&out, text);
		text[lengths[i]] = '\0';
		write_typed(&out, text);
		/* and as an answer says it, where a long one is no more exact */
		char *json = xasprintf("{\"rrsets\":[{\"name\":\"%s\",\"type\":\"A\",\"records\":[{"
		                       "\"value\":\"%s\"}]}]}",
		                       text, text);
		dump_dns(&out, json, strlen(json));
		free(json);
	}
	static const char *const values[][2] = { { "a ; b", "c" },     { "a", "b;c" },
		                                 { " a", "b" },        { "a ttl=90", "b" },
		                                 { "a", "ttl=90" },    { "a", "b ttl=90" },
		                                 { "x\\u0007y", "b" }, { "", "b" },
		                                 { "a", "" },          { "a ttl=5x", "same" } };
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char *json = xasprintf("{\"rrsets\":[{\"name\":\"w\",\"type\":\"A\",\"records\":[{"
		                       "\"value\":\"%s\"},{\"value\":\"%s\"}]}]}",
		                       values[i][0], values[i][1]);
		dump_dns(&out, json, strlen(json));
		free(json);
	}
	static const long long totals[] = { -1, 0, 1, 2, 999999, 1000000, 1000001 };
	for (size_t i = 0; i < ARRAY_LEN(totals); i++) {
		char *json = xasprintf(
			"{\"rrsets\":[{\"name\":\"w\",\"type\":\"A\"}],\"zones\":[{\"id\":1,"
			"\"name\":\"z\"}],\"meta\":{\"pagination\":{\"total_entries\":%lld}},"
			"\"keys\":[],\"total_count\":%lld}",
			totals[i], totals[i]);
		dump_dns(&out, json, strlen(json));
		dump_litellm(&out, json, strlen(json));
		free(json);
	}
	check_written(&out, ANSWERS "systems_typed.txt");
}

static void test_small_rules_of_systems(void **state)
{
	static const char *const names[] = { "a/b",  "a/",   "/b",   "a",          "a/b/c", ".a/b",
		                             "a/.b", "-a/b", "a/-b", "a.b/c_d-9",  "a b/c", "a/b c",
		                             "",     "A/Z",  "..",   "a..b",       "-a",    "/a",
		                             "a/",   "main", "a~b",  "feature/x.y" };
	static const double money[] = { -1, 0,   0.001, 0.0099, 0.01, 0.7, 0.9,
		                        1,  3.5, 4.49,  4.5,    5,    9 };
	static const double budgets[] = { -1, 0, 1, 5 };
	static const char *const times[] = { NULL,      "",        "30m",      "1h",  "2h why so",
		                             "3d  x y", "1w ",     "52w",      "53w", "366d",
		                             "367d",    "0m",      "m",        "5",   "5 m",
		                             "5mx",     "  7d",    "1000000m", "1x",  "8784h",
		                             "8785h",   "1000001m" };
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		buf_addf(&out, "%s: repository %d branch %d\n", names[i],
		         ci_is_repository(names[i], strlen(names[i])), ci_is_branch(names[i]));
	assert_false(ci_is_branch(NULL));
	for (size_t n = 1; n < 112; n++) {
		char text[260];
		memset(text, 'b', n);
		text[n] = '\0';
		bool branch = ci_is_branch(text);
		snprintf(text + n, sizeof(text) - n, "/c");
		bool first = ci_is_repository(text, n + 2);
		memmove(text + 2, text, n);
		memcpy(text, "c/", 2);
		bool last = ci_is_repository(text, n + 2);
		memset(text, 'b', n);
		memset(text + n / 2, '/', 1);
		buf_addf(&out, "%zu: branch %d, repository %d %d %d\n", n, branch, first, last,
		         ci_is_repository(text, n));
	}
	for (size_t b = 0; b < ARRAY_LEN(budgets); b++)
		for (size_t m = 0; m < ARRAY_LEN(money); m++) {
			char text[60], why[120];
			litellm_money(text, sizeof(text), money[m], budgets[b]);
			litellm_why(why, sizeof(why), "its budget", money[m], budgets[b]);
			buf_addf(&out, "%s | %s | %d\n", text, why,
			         litellm_level(money[m], budgets[b]));
		}
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct err err = { 0 };
		const char *why = "-";
		int64_t ms;
		bool good = silence_argument(times[i], &ms, &why, &err);
		buf_addf(&out, "[%s] %d %lld [%s] %s\n", times[i] ? times[i] : "NULL", good,
		         (long long)ms, why, err.text);
	}
	static const char *const labels[] = {
		"\n",     "\na=b\n", "\na=b\nc=d=e\n", "\nnone\n",
		"\na=\n", "\n=b\n",  "\na=b",          "\na=b\nx\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		char *body = silence_body(labels[i], 1767225600000, 1767225661999, "me", "why");
		buf_addf(&out, "%zu: %s\n", i, body ? body : "NULL");
		free(body);
		for (size_t k = 0; k < ARRAY_LEN(labels); k++)
			buf_addf(&out, "%d", alert_labels_in(labels[i], labels[k]));
		buf_puts(&out, "\n");
	}
	assert_false(alert_labels_in("", "\na=b\n"));
	check_written(&out, ANSWERS "systems_rules.txt");
}

/* Two runs of one workflow: which one still says something. */
static void test_which_run_counts(void **state)
{
	static const char *const first[] = { "success", "failure", "running", "cancelled" };
	static const char *const more[] = { ",\"run_number\":7", "", ",\"run_number\":0",
		                            ",\"run_number\":8" };
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		for (size_t k = 0; k < ARRAY_LEN(more); k++)
			for (int other = 0; other < 3; other++) {
				static struct ci_runs l;
				struct err err = { 0 };
				char *json = xasprintf(
					"{\"workflow_runs\":[{\"id\":3,\"path\":\"a\",\"head_"
					"branch\":"
					"\"m\",\"status\":\"%s\"%s},{\"id\":2,\"path\":\"%s\","
					"\"head_branch\":\"%s\",\"status\":\"failure\",\"run_"
					"number\":7},"
					"{\"id\":1,\"path\":\"b\",\"head_branch\":\"n\",\"status\":"
					"\"success\"},{\"id\":0,\"status\":\"success\"}]}",
					first[i], more[k], other == 1 ? "b" : "a",
					other == 2 ? "n" : "m");
				assert_true(ci_runs_parse(json, strlen(json), &l, &err));
				assert_int_equal(l.n, 3);
				buf_addf(&out, "%s%s %d: %d %d %d\n", first[i], more[k], other,
				         l.at[0].superseded, l.at[1].superseded,
				         l.at[2].superseded);
				free(json);
			}
	check_written(&out, ANSWERS "systems_superseded.txt");
}

/* --- PostgreSQL, message by message --------------------------------------- */

static void write_talk(struct buf *out, const char *what, const struct wire_login *login,
                       const char *bytes, size_t len)
{
	struct buf sent = { 0 }, report = { 0 };
	struct err err = { 0 };
	void *talk = xcalloc(1, postgres_talk.size);
	size_t used = 0;
	char *copy = xcalloc(1, len ? len : 1);
	memcpy(copy, bytes, len);
	postgres_talk.begin(talk, login, &sent);
	size_t begun = *what == '"' && what[1] == '"' ? 0 : sent.len; /* said once */
	int next = postgres_talk.heard(talk, login, copy, len, &used, &sent, &err);
	postgres_talk.report(talk, 2.5, &report);
	buf_addf(out, "%s: %d, %zu of %zu, %s, sent ", what, next, used, len, err.text);
	for (size_t i = begun; i < sent.len && i < begun + 90; i++)
		buf_addf(out, sent.data[i] > ' ' && sent.data[i] < 127 ? "%c" : "<%02x>",
		         (unsigned char)sent.data[i]);
	buf_addf(out, " %zu\n%.*s\n", sent.len, (int)report.len, report.data);
	if (postgres_talk.finish)
		postgres_talk.finish(talk);
	free(talk);
	free(copy);
	buf_finish(&sent);
	buf_finish(&report);
}

static void test_messages_of_postgres(void **state)
{
#define M(s) #s, s, sizeof(s) - 1
	static const struct {
		const char *what, *bytes;
		size_t len;
	} said[] = {
		{ M("") },
		{ M("R\0\0\0") },
		{ M("R\0\0\0\4") },
		{ M("R\0\0\0\3") },
		{ M("R\0\0\0\7\0\0\0") },
		{ M("R\0\0\0\10\0\0\0\0") },
		{ M("R\0\0\0\10\0\0\0\3") },
		{ M("R\0\0\0\10\0\0\0\5") },
		{ M("R\0\0\0\13\0\0\0\5abc") },
		{ M("R\0\0\0\14\0\0\0\5abcd") },
		{ M("R\0\0\0\15\0\0\0\5abcde") },
		{ M("R\0\0\0\10\0\0\0\7") },
		{ M("R\0\0\0\26\0\0\0\12SCRAM-SHA-256\0") },
		{ M("R\0\0\0\25\0\0\0\12SCRAM-SHA-256") },
		{ M("R\0\0\0\10\0\0\0\13") },
		{ M("R\0\0\0\10\0\0\0\14") },
		{ M("X\0\0\0\4") },
		{ M("\0\0\0\0\4") },
		{ M("N\0\1\0\0") },
		{ M("N\0\1\0\1") },
		{ M("N\1\0\0\0") },
		{ M("K\0\0\0\4N\0\0\0\5xZ\0\0\0\5I") },
		{ M("Z\0\0\0\5IZ\0\0\0\5IZ\0\0\0\5I") },
		{ M("E\0\0\0\4") },
		{ M("E\0\0\0\5\0") },
		{ M("E\0\0\0\25SFATAL\0C28P01\0M\0\0") },
		{ M("E\0\0\0\23C28000\0Mno pg\0\0") },
		{ M("E\0\0\0\21C53300\0Mfull\0") },
		{ M("E\0\0\0\11C5330") },
		{ M("E\0\0\0\12Mfull\0") },
		{ M("S\0\0\0\4") },
		{ M("S\0\0\0\22server_version") },
		{ M("S\0\0\0\23server_version\0") },
		{ M("S\0\0\0\36server_version\00015.2 (Deb)\0") },
		{ M("S\0\0\0\26server_version\00015.") },
		{ M("S\0\0\0\26server_versiox\00015.") },
		{ M("D\0\0\0\4") },
		{ M("D\0\0\0\6\0\1") },
		{ M("D\0\0\0\12\0\1\0\0\0\0") },
		{ M("D\0\0\0\13\0\1\0\0\0\0017") },
		{ M("D\0\0\0\13\0\1\0\0\0\0027") },
		{ M("D\0\0\0\23\0\2\377\377\377\377\0\0\0\0018\0\0\0\0") },
		{ M("D\0\0\0\44\0\6\0\0\0\0011\0\0\0\0012\0\0\0\0013\0\0\0\0014\0\0\0\0015\0\0\0"
		    "\0016") },
		{ M("D\0\0\0\51\0\7\0\0\0\0011\0\0\0\0012\0\0\0\0013\0\0\0\0014\0\0\0\0015\0\0\0"
		    "\0016\0\0\0\0017") },
	};
#undef M
	static const struct wire_login logins[] = {
		{ .user = "", .database = "" },
		{ .user = "ann", .database = "shop", .password = "hush" },
	};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		for (size_t k = 0; k < ARRAY_LEN(logins); k++)
			if (!k || !strstr(said[i].what, "SCRAM")) /* its answer is random */
				write_talk(&out, said[i].what, &logins[k], said[i].bytes,
				           said[i].len);
	check_written(&out, ANSWERS "systems_postgres.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_members_of_models, set_zone),
		cmocka_unit_test_setup(test_members_of_measures, set_zone),
		cmocka_unit_test_setup(test_members_of_runs_and_records, set_zone),
		cmocka_unit_test_setup(test_lists_at_their_limits, set_zone),
		cmocka_unit_test_setup(test_records_as_typed, set_zone),
		cmocka_unit_test_setup(test_small_rules_of_systems, set_zone),
		cmocka_unit_test(test_which_run_counts),
		cmocka_unit_test(test_messages_of_postgres),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
