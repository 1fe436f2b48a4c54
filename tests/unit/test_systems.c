/* Systems: their answers, whole and cut at every byte; the rows that come of them; which of two
 * rows of the same alert counts; what may be kept. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/cadvisor_parse.h"
#include "backends/systems/ci_parse.h"
#include "backends/systems/dns_parse.h"
#include "backends/systems/litellm_parse.h"
#include "backends/systems/ollama_parse.h"
#include "backends/systems/prometheus_parse.h"
#include "backends/systems/system.h"

/* as Prometheus 2.42 and Alertmanager 0.25 of Debian 12 answered */
static const char build[] = "{\"status\":\"success\",\"data\":{\"version\":\"2.42.0+ds\"}}";
static const char vm_build[] = "{\"status\":\"success\",\"data\":{}}";
static const char down[] =
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
	"\"__name__\":\"up\",\"instance\":\"127.0.0.1:1\",\"job\":\"gone\"},\"value\":["
	"1796021790.614,\"0\"]}]}}";
static const char nothing[] =
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
static const char count[] = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
			    "\"result\":[{\"metric\":{},\"value\":[1796021790,\"2\"]}]}}";
static const char targets[] =
	"{\"status\":\"success\",\"data\":{\"activeTargets\":[{\"discoveredLabels\":{"
	"\"__param_token\":\"SECRET\"},\"labels\":{\"instance\":\"127.0.0.1:1\",\"job\":\"gone\"},"
	"\"scrapeUrl\":\"http://127.0.0.1:1/metrics?token=SECRET\",\"lastError\":\"Get "
	"\\\"http://127.0.0.1:1/metrics?token=SECRET\\\": connection refused\",\"health\":\"down\"}"
	",{\"labels\":{\"job\":\"prom\"},\"health\":\"up\",\"lastError\":\"\"}]}}";
#define FIRES                                                                               \
	"{\"labels\":{\"alertname\":\"TargetDown\",\"instance\":\"127.0.0.1:1\",\"job\":"   \
	"\"gone\",\"severity\":\"critical\"},\"annotations\":{\"summary\":\"gone does not " \
	"answer\\u001b[31m\"},\"state\":\"firing\",\"activeAt\":\"2026-11-30T06:56:20.63Z\"}"
static const char alerts[] =
	"{\"status\":\"success\",\"data\":{\"alerts\":[" FIRES
	",{\"labels\":{\"alertname\":\"Watchdog\",\"severity\":\"none\"},\"annotations\":{},"
	"\"state\":\"firing\"},{\"labels\":{\"alertname\":\"Slow\"},\"state\":\"pending\"},7,null,"
	"{\"labels\":7}]}}";
#define AM_LABELS                                                                      \
	"{\"alertname\":\"TargetDown\",\"instance\":\"127.0.0.1:1\",\"job\":\"gone\"," \
	"\"severity\":\"critical\",\"site\":\"lab\"}"
static const char am_fires[] =
	"[{\"annotations\":{\"summary\":\"gone does not answer\"},\"receivers\":[{\"name\":"
	"\"SECRET\"}],\"startsAt\":\"2026-11-30T06:56:20.632Z\",\"status\":{\"inhibitedBy\":[],"
	"\"silencedBy\":[],\"state\":\"active\"},\"labels\":" AM_LABELS "}]";
static const char am_silenced[] =
	"[{\"annotations\":{},\"startsAt\":\"2026-11-30T06:56:20.632Z\",\"status\":{"
	"\"inhibitedBy\":[],\"silencedBy\":[\"bf06\"],\"state\":\"suppressed\"},"
	"\"labels\":" AM_LABELS "}]";
static const char silences[] =
	"[{\"id\":\"bf06\",\"status\":{\"state\":\"active\"},\"createdBy\":\"SECRET\",\"endsAt\":"
	"\"2036-11-30T09:00:00.000Z\"},{\"id\":\"old\",\"status\":{\"state\":\"expired\"}}]";

/* --- readers ------------------------------------------------------------- */

static void answers_of_prometheus(void **state)
{
	struct prometheus_targets l;
	struct err err;
	char text[40];
	double n;
	assert_true(prometheus_version_parse(build, strlen(build), text, sizeof(text), &err));
	assert_string_equal(text, "2.42.0+ds");
	assert_true(prometheus_version_parse(vm_build, strlen(vm_build), text, sizeof(text), &err));
	assert_string_equal(text, "");
	assert_true(prometheus_value_parse(count, strlen(count), &n, &err));
	assert_true(n == 2);
	assert_true(prometheus_value_parse(nothing, strlen(nothing), &n, &err));
	assert_true(n == -1);
	assert_true(prometheus_series_parse(down, strlen(down), &l, &err));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.at[0].job, "gone");
	prometheus_targets_finish(&l);
	assert_true(prometheus_targets_parse(targets, strlen(targets), &l, &err));
	assert_int_equal(l.n, 1);
	assert_non_null(strstr(l.at[0].error, "refused"));
	assert_null(strstr(l.at[0].error, "SECRET"));
	prometheus_targets_finish(&l);
	static const char bad[] = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":"
				  "\"parse error\"}";
	assert_false(prometheus_series_parse(bad, strlen(bad), &l, &err));
	assert_non_null(strstr(err.text, "parse error"));
}

static void no_answers_of_prometheus(void **state)
{
	static const char *const none[] = { "",
		                            "<html>",
		                            "[]",
		                            "{}",
		                            "7",
		                            "{\"status\":\"success\"}",
		                            "{\"status\":\"success\",\"data\":[]}" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct prometheus_targets l;
		struct alert_list a;
		struct err err;
		double n;
		err_clear(&err);
		assert_false(prometheus_series_parse(none[i], strlen(none[i]), &l, &err));
		assert_true(*err.text != '\0');
		assert_false(prometheus_targets_parse(none[i], strlen(none[i]), &l, &err));
		assert_false(prometheus_value_parse(none[i], strlen(none[i]), &n, &err));
		if (strcmp(none[i], "[]") != 0)
			assert_false(alerts_parse(none[i], strlen(none[i]), "X", &a, &err));
		assert_true(*err.text != '\0');
	}
}

/* Two series, points outside of what was asked for, and what is no number. */
static const char line_of_two[] =
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
	"{\"metric\":{\"__name__\":\"up\",\"job\":\"a\"},\"values\":[[1000,\"1\"],[1590.2,\"5\"]]},"
	"{\"metric\":{\"job\":\"b\"},\"values\":[[1000,\"NaN\"],[1010,\"+Inf\"],[1590,\"7\"],"
	"[-1e300,\"9\"],[9999,\"9\"],[\"x\",\"9\"],[1020,9],7]}]}}";

static void a_line_of_prometheus(void **state)
{
	static const size_t last = PROMETHEUS_POINTS - 1;
	struct prometheus_line l;
	struct err err;
	assert_true(prometheus_range_parse(line_of_two, strlen(line_of_two), 1000, 10, false, &l,
	                                   &err));
	assert_int_equal(l.series, 2);
	assert_true(l.at[0] == 1 && isinf(l.at[1]) && isnan(l.at[2]) && l.at[last] == 7);
	assert_string_equal(l.labels, "job=b");
	assert_true(
		prometheus_range_parse(line_of_two, strlen(line_of_two), 1000, 10, true, &l, &err));
	assert_true(l.at[last] == 5);
	assert_string_equal(l.labels, "job=a");
	for (size_t i = 0; i < strlen(line_of_two); i++) {
		char *part = xcalloc(1, i ? i : 1);
		memcpy(part, line_of_two, i);
		assert_false(prometheus_range_parse(part, i, 1000, 10, false, &l, &err));
		free(part);
	}
}

/* A list in place of the labels has members without names. */
static void a_line_with_a_list_of_labels(void **state)
{
	static const char text[] = "{\"status\":\"success\",\"data\":{\"result\":["
				   "{\"metric\":[1,\"x\",{}],\"values\":[[1590,\"7\"]]}]}}";
	struct prometheus_line l;
	struct err err;
	assert_true(prometheus_range_parse(text, strlen(text), 1000, 10, false, &l, &err));
	assert_true(l.at[PROMETHEUS_POINTS - 1] == 7);
	assert_string_equal(l.labels, "");
}

static void cut_at_every_byte(void **state)
{
	static const char *const all[] = { build,  down,     count,       targets,
		                           alerts, am_fires, am_silenced, silences };
	struct silence list[SILENCES_MAX];
	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; i < strlen(all[k]); i++) {
			char *part = xcalloc(1, i ? i : 1), text[40], id[64];
			struct prometheus_targets l;
			struct alert_list a;
			struct err err;
			double value;
			size_t n;
			memcpy(part, all[k], i);
			assert_false(alerts_parse(part, i, "X", &a, &err));
			assert_false(prometheus_series_parse(part, i, &l, &err));
			assert_false(prometheus_targets_parse(part, i, &l, &err));
			assert_false(prometheus_value_parse(part, i, &value, &err));
			assert_false(prometheus_version_parse(part, i, text, sizeof(text), &err));
			assert_false(silences_parse(part, i, "X", list, &n, &err));
			assert_false(silence_id_parse(part, i, id));
			free(part);
		}
}

static void alerts_of_both(void **state)
{
	struct alert_list l;
	struct err err;
	assert_true(alerts_parse(alerts, strlen(alerts), "Prometheus", &l, &err));
	assert_int_equal(l.n, 3);
	assert_string_equal(l.at[0].summary, "gone does not answer");
	assert_string_equal(l.at[0].labels, "\nalertname=TargetDown\ninstance=127.0.0.1:1\njob="
	                                    "gone\nseverity=critical\n");
	assert_int_equal(l.at[0].state, ALERT_FIRING);
	assert_int_equal(l.at[2].state, ALERT_PENDING);
	char *few = xstrdup(l.at[0].labels);
	alert_list_finish(&l);
	assert_true(alerts_parse(am_silenced, strlen(am_silenced), "Alertmanager", &l, &err));
	assert_int_equal(l.at[0].state, ALERT_SILENCED);
	assert_string_equal(l.at[0].silence, "bf06");
	/* Alertmanager has the labels of Prometheus and those that it adds for all */
	assert_true(alert_labels_in(few, l.at[0].labels));
	assert_false(alert_labels_in(l.at[0].labels, few));
	assert_false(alert_labels_in("\njob=gon\n", few));
	alert_list_finish(&l);
	free(few);
	/* two that differ in neither name nor instance */
	static const char twins[] = "[{\"labels\":{\"alertname\":\"a\",\"x\":\"1\"}},{\"labels\":{"
				    "\"alertname\":\"a\",\"x\":\"2\"}},{\"labels\":{\"x\":\"a\\n"
				    "b\"}}]";
	assert_true(alerts_parse(twins, strlen(twins), "Alertmanager", &l, &err));
	assert_false(l.at[0].unique || l.at[1].unique);
	assert_string_not_equal(l.at[0].id, l.at[1].id);
	assert_true(l.at[0].exact);
	/* a silence could not name this label */
	assert_false(l.at[2].exact);
	alert_list_finish(&l);
}

/* Through what an answer goes before it is read: labels with the names of what is dropped
 * elsewhere stay, or a silence would hold back more than this alert. */
static void labels_stay_whole(void **state)
{
	static const char in[] =
		"[{\"labels\":{\"alertname\":\"A\",\"config\":\"c\",\"comment\":\"d\","
		"\"receivers\":\"e\",\"createdBy\":\"f\",\"generatorURL\":\"g\"},"
		"\"annotations\":{\"config\":\"h\"},\"receivers\":[{\"name\":\"SECRET\"}],"
		"\"generatorURL\":\"SECRET\",\"status\":{\"state\":\"active\"}}]";
	struct buf out = { 0 };
	struct alert_list l;
	struct err err;
	alerts_reduce(in, strlen(in), &out);
	assert_null(strstr(out.data, "SECRET"));
	assert_true(alerts_parse(out.data, out.len, "X", &l, &err));
	assert_string_equal(l.at[0].labels, "\nalertname=A\ncomment=d\nconfig=c\ncreatedBy=f"
	                                    "\ngeneratorURL=g\nreceivers=e\n");
	assert_true(l.at[0].exact);
	alert_list_finish(&l);
	buf_finish(&out);
}

static bool exact(const char *labels)
{
	char *json = xasprintf("[{\"labels\":{\"alertname\":\"A\"%s}}]", labels);
	struct buf out = { 0 };
	struct alert_list l;
	struct err err;
	alerts_reduce(json, strlen(json), &out);
	assert_true(alerts_parse(out.data, out.len, "X", &l, &err));
	bool yes = l.at[0].exact;
	if (!yes)
		assert_int_equal(l.n, 1);
	/* a text never ends early without being noticed */
	assert_null(strstr(l.at[0].labels, "\nb=c\n"));
	alert_list_finish(&l);
	buf_finish(&out);
	free(json);
	return yes;
}

static void labels_that_no_silence_may_name(void **state)
{
	struct buf many = { 0 }, longest = { 0 };
	for (int i = 0; i < 70; i++)
		buf_addf(&many, ",\"l%d\":\"v\"", i);
	buf_puts(&longest, ",\"l\":\"");
	for (int i = 0; i < 500; i++)
		buf_puts(&longest, "x");
	buf_puts(&longest, "\"");
	assert_true(exact(",\"a\":\"b\""));
	assert_false(exact(many.data));
	assert_false(exact(longest.data));
	assert_false(exact(",\"a\":7"));
	assert_false(exact(",\"a\":null"));
	assert_false(exact(",\"a\":{\"b\":\"c\"}"));
	assert_false(exact(",\"a=b\":\"c\""));
	assert_false(exact(",\"a\":\"b\",\"a\":\"c\""));
	assert_false(exact(",\"a\":\"b\\nc\""));
	/* a value that ends at a NUL would be another one */
	exact(",\"b\":\"c\\u0000d\"");
	buf_finish(&many);
	buf_finish(&longest);
}

static void times_of_a_silence(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
		const char *why;
	} good[] = { { "30m", 1800000, "" },
		     { "2h the disk is new", 7200000, "the disk is new" },
		     { " 3d  x", 259200000, "x" },
		     { "1w", 604800000, "" },
		     { "366d", INT64_C(31622400000), "" } };
	static const char *const bad[] = { "",   " ",      "2",   "h",    "2 h",
		                           "0m", "2hours", "-1h", "367d", "99999999999999999999h",
		                           "2x" };
	int64_t ms;
	const char *why;
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(silence_argument(good[i].text, &ms, &why, &err));
		assert_true(ms == good[i].ms);
		assert_string_equal(why, good[i].why);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(silence_argument(bad[i], &ms, &why, &err));
		assert_non_null(strstr(err.text, "expected 30m, 2h"));
	}
	assert_false(silence_argument(NULL, &ms, &why, &err));
}

static void what_a_silence_sends(void **state)
{
	char *body = silence_body("\nalertname=A\nq=x=\"y\"\n", 1796021780000, 1796028980000,
	                          "ops with mocr", "why");
	assert_string_equal(body,
	                    "{\"matchers\":[{\"name\":\"alertname\",\"value\":\"A\",\"isRegex\":"
	                    "false,\"isEqual\":true},{\"name\":\"q\",\"value\":\"x=\\\"y\\\"\","
	                    "\"isRegex\":false,\"isEqual\":true}],\"startsAt\":\"2026-11-30T06:56:"
	                    "20.000Z\",\"endsAt\":\"2026-11-30T08:56:20.000Z\",\"createdBy\":"
	                    "\"ops with mocr\",\"comment\":\"why\"}");
	free(body);
	/* one without labels would silence everything */
	assert_null(silence_body("\n", 1, 2, "a", "b"));
}

static void what_may_be_kept(void **state)
{
	const char *const all[] = { targets, am_fires, silences,
		                    "{\"config\":{\"original\":\"SECRET\"},\"a\":1}" };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct buf out = { 0 };
		alerts_reduce(all[i], strlen(all[i]), &out);
		assert_non_null(out.data);
		char *error = strstr(out.data, "lastError");
		if (!error) /* its text is masked where it is read and recorded */
			assert_null(strstr(out.data, "SECRET"));
		assert_null(strstr(out.data, "scrapeUrl"));
		buf_finish(&out);
	}
}

static void answers_of_litellm_and_ollama_cut(void **state)
{
	static const char *const all[] = {
		"{\"status\":\"healthy\",\"db\":\"connected\",\"litellm_version\":\"1.81.3\"}",
		"{\"data\":[{\"id\":\"a\"}]}",
		"{\"info\":{\"spend\":1e999,\"max_budget\":\"5\",\"budget_duration\":7}}",
		"{\"keys\":[{\"token\":\"h\",\"spend\":-4},7,null],\"total_count\":99}",
		("{\"results\":[{\"breakdown\":{\"models\":{\"m\":{\"metrics\":{\"spend\":1}},"
		 "\"n\":7}}}],\"metadata\":{\"total_spend\":1.93}}"),
		"{\"providers\":{\"a\":{\"budget_limit\":3,\"time_period\":\"1d\"}}}",
		"{\"models\":[{\"name\":\"a\",\"size\":1e300,\"details\":[]},7]}",
		"{\"status\":\"pulling\",\"total\":5,\"completed\":9}",
	};
	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; i <= strlen(all[k]); i++) {
			char *part = xcalloc(1, i ? i : 1), text[100];
			struct litellm_ready r;
			struct litellm_key key;
			struct litellm_keys keys;
			struct litellm_day d;
			struct ollama_models m;
			struct err err;
			double spend, budget;
			size_t n;
			bool over;
			memcpy(part, all[k], i);
			litellm_ready_parse(part, i, &r, &err);
			litellm_models_parse(part, i, &n, &err);
			if (litellm_key_parse(part, i, &key, &err))
				assert_true(key.spend == -1 && key.budget == -1);
			if (litellm_keys_parse(part, i, &keys, &err))
				assert_int_equal(keys.n + keys.left_out, 99);
			litellm_keys_finish(&keys);
			if (litellm_day_parse(part, i, &d, &err))
				assert_true(d.n == 1 && d.spend == 1.93);
			litellm_day_finish(&d);
			if (litellm_providers_parse(part, i, &spend, &budget))
				assert_true(budget == 3 && spend == 0);
			if (ollama_models_parse(part, i, &m, &err))
				assert_int_equal(m.at[0].size, -1);
			ollama_models_finish(&m);
			ollama_version_parse(part, i, text, sizeof(text), &err);
			ollama_pull_line(part, i, text, sizeof(text), &over);
			assert_null(strchr(text, '%'));
			free(part);
		}
}

static void what_litellm_may_keep(void **state)
{
	static const char json[] =
		"{\"key\":\"sk-SECRET\",\"info\":{\"key_name\":\"SECRET\",\"spend\":1,\"user_id\":"
		"\"SECRET\",\"metadata\":{\"a\":\"SECRET\"}}}";
	struct buf out = { 0 };
	litellm_reduce(json, strlen(json), &out);
	assert_string_equal(out.data, "{\"info\":{\"spend\":1}}");
	buf_finish(&out);
	static const char sums[] = "{\"metadata\":{\"total_spend\":2}}";
	litellm_reduce(sums, strlen(sums), &out);
	assert_string_equal(out.data, sums);
	buf_finish(&out);
}

/* --- rows ---------------------------------------------------------------- */

static struct {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct source *prometheus, *alertmanager;
} w;

static int world(void **state)
{
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	w.settings = settings_load(NULL, NULL);
	w.loop = loop_create();
	w.store = store_create(w.loop, NULL, w.settings);
	struct server *v = server_open_replay(w.store, "pi");
	w.prometheus = server_source(v, "prometheus");
	w.alertmanager = server_source(v, "alertmanager");
	return 0;
}

static int no_world(void **state)
{
	store_destroy(w.store);
	loop_turn(w.loop, 0);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	return 0;
}

static void feed(struct source *s, const char *what, const char *json)
{
	source_feed(s, what, json, strlen(json));
}

static struct system *row(const char *id)
{
	struct row *r = store_find(w.store, id);
	if (!r)
		fail_msg("no row %s", id);
	return system_of(r);
}

static void is(const char *id, enum health health, const char *state, const char *why)
{
	struct system *y = row(id);
	assert_int_equal(y->row.health, health);
	assert_string_equal(y->state, state);
	if (why)
		assert_non_null(y->row.why);
	assert_string_equal(y->row.why ? y->row.why : "", why ? why : "");
}

#define PROM "pi/system/prometheus/main"
#define AM "pi/system/alertmanager/pager"
#define ALERT "/alert/TargetDown-127.0.0.1:1"
#define TARGET "/target/gone-127.0.0.1:1"

static bool applies(const char *verb, const struct system *y)
{
	return action_applies_to(action_find(&kind_system, verb), &y->row);
}

static void rows_of_prometheus(void **state)
{
	feed(w.prometheus, "main\tversion", build);
	feed(w.prometheus, "main\tdown", down);
	is(PROM, HEALTH_GOOD, "up", NULL);
	is(PROM TARGET, HEALTH_ATTENTION, "down", "its last scrape failed");
	feed(w.prometheus, "main\tcount", count);
	feed(w.prometheus, "main\ttargets", targets);
	assert_non_null(strstr(row(PROM TARGET)->row.why, "refused"));
	/* the next round rejects the reason away */
	feed(w.prometheus, "main\tdown", down);
	assert_non_null(strstr(row(PROM TARGET)->row.why, "refused"));
	feed(w.prometheus, "main\talerts", alerts);
	is(PROM ALERT, HEALTH_BAD, "firing", "gone does not answer");
	is(PROM "/alert/Watchdog", HEALTH_IDLE, "firing", NULL);
	is(PROM "/alert/Slow", HEALTH_IDLE, "pending", NULL);
	assert_string_equal(system_figure_text(row(PROM), "targets"), "2");
	assert_string_equal(system_figure_text(row(PROM), "down"), "1");
	assert_string_equal(system_figure_text(row(PROM), "alerts"), "2 firing");
	/* Prometheus has no silences */
	assert_false(applies("silence", row(PROM ALERT)));
	/* rows of one list do not go with another list */
	feed(w.prometheus, "main\tdown", nothing);
	assert_null(store_find(w.store, PROM TARGET));
	assert_string_equal(system_figure_text(row(PROM), "down"), "");
	row(PROM ALERT);
	feed(w.prometheus, "main\tdown", "<html><title>Sign in</title>");
	assert_int_equal(row(PROM)->row.health, HEALTH_BAD);
	assert_non_null(strstr(row(PROM)->row.why, "Prometheus main: "));
}

static void one_alert_in_two_places(void **state)
{
	feed(w.prometheus, "main\tdown", nothing);
	feed(w.prometheus, "main\talerts", alerts);
	is(PROM ALERT, HEALTH_BAD, "firing", "gone does not answer");
	feed(w.alertmanager, "pager\talerts", am_fires);
	is(AM ALERT, HEALTH_BAD, "firing", "gone does not answer");
	is(PROM ALERT, HEALTH_IDLE, "firing", "Alertmanager pager has it too, and counts");
	feed(w.prometheus, "main\talerts", alerts);
	is(PROM ALERT, HEALTH_IDLE, "firing", "Alertmanager pager has it too, and counts");
	assert_true(applies("silence", row(AM ALERT)));
	assert_false(applies("end silence", row(AM ALERT)));
	feed(w.alertmanager, "pager\talerts", am_silenced);
	feed(w.alertmanager, "pager\tsilences", silences);
	is(AM ALERT, HEALTH_IDLE, "silenced", NULL);
	is(PROM ALERT, HEALTH_IDLE, "silenced", "Alertmanager pager has it too, and counts");
	assert_non_null(strstr(system_figure_text(row(AM ALERT), "until"), " more"));
	assert_string_equal(system_figure_text(row(AM), "silences"), "1");
	assert_false(applies("silence", row(AM ALERT)));
	assert_true(applies("end silence", row(AM ALERT)));
	/* one that does not answer leaves the other to speak, and is quiet itself */
	feed(w.alertmanager, "pager\talerts", am_fires);
	feed(w.alertmanager, "pager\talerts", "{\"message\":7}");
	assert_int_equal(row(AM)->row.health, HEALTH_BAD);
	is(PROM ALERT, HEALTH_BAD, "firing", "gone does not answer");
	is(AM ALERT, HEALTH_IDLE, "firing", "Prometheus main has it too, and counts");
	/* it answers again, and knows nothing of it */
	feed(w.alertmanager, "pager\talerts", "[]");
	assert_null(store_find(w.store, AM ALERT));
	is(PROM ALERT, HEALTH_BAD, "firing", "gone does not answer");
}

/* Two names with the same id, and what a silence of one would hold back as well. */
static void alerts_that_look_alike(void **state)
{
	static const char two[] =
		"[{\"labels\":{\"alertname\":\"Disk full\"}},{\"labels\":{\"alertname\":"
		"\"Disk-full\"}},{\"labels\":{\"alertname\":\"Disk full\",\"instance\":\"a\"}}]";
	char command[512];
	feed(w.alertmanager, "pager\talerts", two);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 4);
	struct system *y = row(AM "/alert/Disk-full");
	assert_string_equal(y->row.name, "Disk full");
	action_command(action_find(&kind_system, "silence"), &y->row, command, sizeof(command));
	assert_non_null(strstr(command, "; it also holds back 1 other of the list"));
	assert_non_null(strstr(command, y->ref));
	y = row(AM "/alert/Disk-full-a");
	action_command(action_find(&kind_system, "silence"), &y->row, command, sizeof(command));
	assert_null(strstr(command, "also"));
	feed(w.alertmanager, "pager\talerts", two);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 4);
	assert_string_equal(row(AM "/alert/Disk-full")->row.name, "Disk full");
}

static void more_than_there_is_room_for(void **state)
{
	struct buf b = { 0 };
	buf_puts(&b, "[");
	for (int i = 0; i < SYSTEM_ROWS_MAX + 30; i++)
		buf_addf(&b, "%s{\"labels\":{\"alertname\":\"n%d\"}}", i ? "," : "", i);
	buf_puts(&b, "]");
	feed(w.alertmanager, "pager\talerts", b.data);
	buf_finish(&b);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 1 + SYSTEM_ROWS_MAX);
	assert_int_equal(store_left_out(w.store, &kind_system, NULL), 30);
	assert_string_equal(system_figure_text(row(AM), "alerts"), "230 firing");
	feed(w.alertmanager, "pager\talerts", "[]");
	assert_int_equal(store_count(w.store, &kind_system, NULL), 1);
	assert_int_equal(store_left_out(w.store, &kind_system, NULL), 0);
}

/* --- CI ------------------------------------------------------------------- */

#define CI_JOB(id, number, state)                                                    \
	"{\"id\":" id ",\"run_number\":" number ",\"name\":\"job\",\"workflow_id\":" \
	"\"build.yml\",\"head_branch\":\"main\",\"status\":\"" state "\","           \
	"\"updated_at\":\"2035-11-30T10:01:00Z\"}"
/* As actions/tasks lists them: three jobs of run 3, and one of the run before. */
static const char ci_jobs[] = "{\"workflow_runs\":[" CI_JOB("9", "3", "success") "," CI_JOB(
	"8", "3", "failure") "," CI_JOB("7", "3", "success") "," CI_JOB("6", "2", "failure") "]}";

static void ci_jobs_of_a_run(void **state)
{
	static const char text[] =
		"{\"total_count\":5,\"jobs\":[{\"id\":7,\"name\":\"a \\u001b[1mb\",\"status\":"
		"\"completed\",\"conclusion\":\"timed_out\"},{\"id\":8,\"status\":\"waiting\"},"
		"{\"id\":0,\"name\":\"x\"},{\"name\":\"y\"},{\"id\":9,\"name\":\"z\",\"status\":"
		"\"odd\"}]}";
	struct ci_jobs l;
	struct err err;
	struct buf many = { 0 };
	assert_true(ci_jobs_parse(text, strlen(text), &l, &err));
	assert_true(l.n == 3 && l.left_out == 2);
	assert_true(l.at[0].id == 7 && l.at[0].state == CI_BAD && l.at[1].state == CI_QUEUED);
	assert_string_equal(l.at[0].name, "a b");
	assert_string_equal(l.at[0].word, "timed_out");
	assert_string_equal(l.at[1].name, "job 8");
	assert_int_equal(l.at[2].state, CI_UNKNOWN);
	assert_true(ci_jobs_parse("{\"jobs\":null}", 13, &l, &err) && !l.n && !l.left_out);
	assert_false(ci_jobs_parse("{\"jobs\":{}}", 11, &l, &err));
	assert_false(ci_jobs_parse("{}", 2, &l, &err));
	assert_false(ci_jobs_parse("<html>", 6, &l, &err));
	buf_puts(&many, "{\"jobs\":[{\"id\":1}");
	for (int i = 2; i <= CI_JOBS_MAX + 3; i++)
		buf_addf(&many, ",{\"id\":%d}", i);
	buf_puts(&many, "]}");
	assert_true(ci_jobs_parse(many.data, many.len, &l, &err));
	assert_true(l.n == CI_JOBS_MAX && l.left_out == 3 && l.at[l.n - 1].id == CI_JOBS_MAX);
	buf_finish(&many);
	for (size_t i = 0; i < sizeof(text); i++) {
		char *part = xstrndup(text, i);
		ci_jobs_parse(part, i, &l, &err);
		free(part);
	}
	static const struct {
		const char *url, *base, *path;
	} urls[] = {
		{ "https://a.b:1/c?d#e", "https://a.b:1", "/c?d#e" },
		{ "HTTP://a", "HTTP://a", "" },
		{ "http://a?b", "http://a", "?b" },
		{ "http://", NULL, NULL },
		{ "https:///x", NULL, NULL },
		{ "ftp://a/b", NULL, NULL },
		{ "/x", NULL, NULL },
		{ "", NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		char *base = NULL;
		const char *path = NULL;
		assert_true(ci_url_split(urls[i].url, &base, &path) == (urls[i].base != NULL));
		if (urls[i].base)
			assert_string_equal(base, urls[i].base);
		if (urls[i].base)
			assert_string_equal(path, urls[i].path);
		free(base);
	}
}

static void a_good_job_hides_no_bad_one_of_its_run(void **state)
{
	struct ci_runs l;
	struct err err;
	assert_true(ci_runs_parse(ci_jobs, strlen(ci_jobs), &l, &err));
	assert_int_equal(l.n, 4);
	assert_false(l.at[1].superseded);
	assert_true(l.at[3].superseded);
}

#define CI "pi/system/ci/forge/run/"
static void runs_that_look_alike(void **state)
{
	static const char *const repositories[] = { "a/web", "b/web", "a-b/c", "a/b-c" };
	char what[60], command[200];
	struct source *ci = server_source(w.prometheus->server, "ci");
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 4; i++) {
			snprintf(what, sizeof(what), "forge\truns\t%s", repositories[i]);
			feed(ci, what, ci_jobs);
		}
	assert_int_equal(store_count(w.store, &kind_system, NULL), 1 + 4 * 4);
	assert_string_equal(row(CI "a:web-#3~8")->row.name, "a/web #3");
	assert_string_equal(row(CI "b:web-#3~8")->ref, "b/web:8");
	assert_int_equal(row(CI "a:web-#3~8")->row.health, HEALTH_BAD);
	const struct action *rerun = action_find(&kind_system, "rerun");
	action_command(rerun, &row(CI "b:web-#3~8")->row, command, sizeof(command));
	assert_non_null(strstr(command, "/b/web/actions/runs/8/"));
	/* the order goes where the question said, or nowhere */
	assert_true(rerun->flags & ACTION_AS_SHOWN);
	assert_true(action_find(&kind_system, "cancel")->flags & ACTION_AS_SHOWN);
	assert_true(action_find(&kind_system, "dispatch")->flags & ACTION_AS_SHOWN);
}

/* --- DNS ------------------------------------------------------------------ */

static void values_of_a_record(void **state)
{
	static const char set[] =
		"{\"rrsets\":[{\"name\":\"a\",\"type\":\"TXT\",\"records\":[{\"value\":"
		"\"\\\"a ; b\\\"\"}]},{\"name\":\"b\",\"type\":\"TXT\",\"records\":[{\"value\":"
		"\"x ttl=300\"}]},{\"name\":\"c\",\"type\":\"TXT\",\"records\":[{\"value\":"
		"\"x ;\"},{\"value\":\"y\"}]},{\"name\":\"d\",\"type\":\"TXT\",\"records\":["
		"{\"value\":\"x;y\"},{\"value\":\"z\"}]}]}";
	static const char ten[] = "1 ; 2 ; 3 ; 4 ; 5 ; 6 ; 7 ; 8 ; 9 ; 10";
	struct dns_sets l;
	struct dns_typed t;
	struct err err;
	assert_true(dns_sets_parse(set, strlen(set), &l, &err));
	assert_int_equal(l.n, 4);
	assert_false(l.at[0].exact || l.at[1].exact || l.at[2].exact);
	assert_true(l.at[3].exact);
	assert_true(dns_typed_read(&t, ten, false, &err));
	assert_int_equal(t.n, 10);
	char *more = xasprintf("%s ; 11", ten);
	assert_false(dns_typed_read(&t, more, false, &err));
	assert_non_null(strstr(err.text, "at most 10"));
	free(more);
}

#define DNS "pi/system/dns/box/record/"
/* The zone above and the zone itself both hold the NS set of sub.example.nl. */
static void records_of_two_zones(void **state)
{
	static const char zones[] =
		"{\"zones\":[{\"id\":1,\"name\":\"example.nl\",\"record_count\":9},{\"id\":2,"
		"\"name\":\"sub.example.nl\",\"record_count\":9}]}";
	static const char above[] = "{\"rrsets\":[{\"name\":\"sub\",\"type\":\"NS\","
				    "\"records\":[{\"value\":\"a.ns.\"}]}]}";
	static const char apex[] = "{\"rrsets\":[{\"name\":\"@\",\"type\":\"NS\",\"records\":["
				   "{\"value\":\"b.ns.\"}]}]}";
	struct source *dns = server_source(w.prometheus->server, "dns");
	feed(dns, "box\tzones", zones);
	for (int round = 0; round < 2; round++) {
		feed(dns, "box\tsets\t1/1", above);
		feed(dns, "box\tsets\t2/1", apex);
	}
	assert_int_equal(store_count(w.store, &kind_system, NULL), 1 + 2 + 2);
	assert_string_equal(row(DNS "sub.example.nl-NS~1")->ref, "1/1/sub/NS");
	assert_string_equal(row(DNS "sub.example.nl-NS~2")->ref, "2/1/@/NS");
	assert_string_equal(row(DNS "sub.example.nl-NS~2")->row.name, "sub.example.nl NS");
}

/* A long name is that of the request, too: cut, it would be another record. */
static void a_long_record_is_named_whole(void **state)
{
	char name[160], json[400], id[300], command[700];
	struct source *dns = server_source(w.prometheus->server, "dns");
	memset(name, 'a', sizeof(name));
	name[50] = name[100] = '.';
	name[150] = '\0';
	snprintf(json, sizeof(json),
	         "{\"rrsets\":[{\"name\":\"%s\",\"type\":\"A\",\"records\":[{\"value\":"
	         "\"192.0.2.7\"}]}]}",
	         name);
	feed(dns, "box\tzones", "{\"zones\":[{\"id\":1,\"name\":\"b.nl\",\"record_count\":1}]}");
	feed(dns, "box\tsets\t1/1", json);
	snprintf(id, sizeof(id), DNS "%s.b.nl-A~1", name);
	assert_true(applies("change", row(id)));
	action_command(action_find(&kind_system, "change"), &row(id)->row, command,
	               sizeof(command));
	assert_non_null(strstr(command, name));
	assert_non_null(strstr(command, "/A/actions/set_records; now: 192.0.2.7"));
}

static void dns_left_out(const char *what, const char *json, size_t n)
{
	feed(server_source(w.prometheus->server, "dns"), what, json);
	assert_int_equal(store_left_out(w.store, &kind_system, NULL), n);
}

/* What stands on pages that nobody asks for is counted. */
static void records_beyond_the_pages(void **state)
{
	dns_left_out("box\tzones",
	             "{\"zones\":[{\"id\":1,\"name\":\"a.nl\",\"record_count\":1}],\"meta\":{"
	             "\"pagination\":{\"total_entries\":53}}}",
	             52);
	assert_string_equal(system_figure_text(row("pi/system/dns/box"), "zones"), "53");
	/* 24 pages of 50; the second zone has none */
	dns_left_out("box\tzones",
	             "{\"zones\":[{\"id\":1,\"name\":\"a.nl\",\"record_count\":1230},{\"id\":2,"
	             "\"name\":\"b.nl\",\"record_count\":7}]}",
	             37);
	/* the far side counts values in record_count, and sets in the pages */
	dns_left_out("box\tsets\t1/24",
	             "{\"rrsets\":[],\"meta\":{\"pagination\":{\"total_entries\":1210}}}", 17);
	dns_left_out("box\tzones",
	             "{\"zones\":[{\"id\":1,\"name\":\"a.nl\"}],\"meta\":{\"pagination\":{"
	             "\"total_entries\":1}}}",
	             0);
	dns_left_out("box\tsets\t1/1",
	             "{\"rrsets\":[],\"meta\":{\"pagination\":{\"total_entries\":60}}}", 10);
}

/* --- cAdvisor ------------------------------------------------------------ */

#define MACHINE                                                                                   \
	"{\"cadvisor_version\":\"v0.49.1\",\"num_cores\":4,\"memory_capacity\":8,\"machine_id\":" \
	"\"m\","                                                                                  \
	"\"container_os_version\":\"Alpine\"}"

static void answers_of_cadvisor(void **state)
{
	struct cadvisor_machine m;
	struct cadvisor_list l;
	struct err err;
	assert_true(cadvisor_machine_parse(MACHINE, strlen(MACHINE), &m, &err));
	assert_string_equal(m.version, "v0.49.1");
	assert_string_equal(m.system, "Alpine");
	assert_int_equal(m.cores, 4);
	assert_int_equal(m.memory, 8);
	assert_false(cadvisor_machine_parse("{\"num_cores\":4}", 15, &m, &err));
	assert_non_null(strstr(err.text, "names no version of cAdvisor"));
	assert_int_equal(m.memory, -1);
	assert_false(cadvisor_list_parse("[]", 2, &l, &err));
	assert_non_null(strstr(err.text, "not a map of containers"));
	cadvisor_list_finish(&l);
	static const char json[] = "{\"/a\":{\"aliases\":[\"web\",\"0a\"],\"image\":\"nginx\"},\"/"
	                           "b\":{\"latest_usage\":{"
				   "\"cpu\":0,\"memory\":0}},\"/"
	                           "c\":{\"aliases\":[],\"latest_usage\":{\"cpu\":-1}},\"/d\":7}";
	assert_true(cadvisor_list_parse(json, strlen(json), &l, &err));
	assert_int_equal(l.n, 3);
	assert_int_equal(l.left_out, 0);
	assert_string_equal(l.at[0].cgroup, "/a");
	assert_string_equal(l.at[0].name, "web");
	assert_string_equal(l.at[0].image, "nginx");
	assert_true(l.at[0].cpu < 0 && l.at[0].memory == -1);
	assert_true(l.at[1].cpu >= 0 && l.at[1].cpu < 0.1 && l.at[1].memory == 0);
	assert_string_equal(l.at[1].name, "");
	assert_true(l.at[2].cpu < 0);
	cadvisor_list_finish(&l);
	struct buf many = { 0 };
	buf_puts(&many, "{");
	for (int i = 0; i <= CADVISOR_MAX; i++)
		buf_addf(&many, "%s\"/%d\":{}", i ? "," : "", i);
	buf_puts(&many, "}");
	assert_true(cadvisor_list_parse(many.data, many.len, &l, &err));
	assert_int_equal(l.n, CADVISOR_MAX);
	assert_int_equal(l.left_out, 1);
	cadvisor_list_finish(&l);
	buf_finish(&many);
}

static void what_cadvisor_may_keep(void **state)
{
	struct buf out = { 0 };
	static const char names[] = "{\"/"
	                            "a\":{\"aliases\":[\"web\"],\"labels\":{\"l\":\"secret\"},"
	                            "\"envs\":{\"image\":\"secret\"},"
				    "\"image\":\"nginx\",\"memory\":{\"limit\":1}}}";
	cadvisor_reduce(names, strlen(names), &out);
	assert_string_equal(out.data, "{\"/a\":{\"aliases\":[\"web\"],\"image\":\"nginx\"}}");
	buf_clear(&out);
	cadvisor_reduce(MACHINE, strlen(MACHINE), &out);
	assert_null(strstr(out.data, "machine_id"));
	struct cadvisor_machine m;
	assert_true(cadvisor_machine_parse(out.data, out.len, &m, NULL));
	buf_clear(&out);
	static const char usage[] =
		"{\"/a\":{\"latest_usage\":{\"cpu\":5},\"day_usage\":{\"cpu\":1}}}";
	cadvisor_reduce(usage, strlen(usage), &out);
	assert_string_equal(out.data, "{\"/a\":{\"latest_usage\":{\"cpu\":5}}}");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_of_prometheus),
		cmocka_unit_test(no_answers_of_prometheus),
		cmocka_unit_test(a_line_of_prometheus),
		cmocka_unit_test(a_line_with_a_list_of_labels),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(alerts_of_both),
		cmocka_unit_test(labels_stay_whole),
		cmocka_unit_test(labels_that_no_silence_may_name),
		cmocka_unit_test(times_of_a_silence),
		cmocka_unit_test(what_a_silence_sends),
		cmocka_unit_test(what_may_be_kept),
		cmocka_unit_test(answers_of_litellm_and_ollama_cut),
		cmocka_unit_test(what_litellm_may_keep),
		cmocka_unit_test(answers_of_cadvisor),
		cmocka_unit_test(what_cadvisor_may_keep),
		cmocka_unit_test_setup_teardown(rows_of_prometheus, world, no_world),
		cmocka_unit_test_setup_teardown(one_alert_in_two_places, world, no_world),
		cmocka_unit_test_setup_teardown(alerts_that_look_alike, world, no_world),
		cmocka_unit_test_setup_teardown(more_than_there_is_room_for, world, no_world),
		cmocka_unit_test(a_good_job_hides_no_bad_one_of_its_run),
		cmocka_unit_test_setup_teardown(runs_that_look_alike, world, no_world),
		cmocka_unit_test(ci_jobs_of_a_run),
		cmocka_unit_test(values_of_a_record),
		cmocka_unit_test_setup_teardown(records_of_two_zones, world, no_world),
		cmocka_unit_test_setup_teardown(a_long_record_is_named_whole, world, no_world),
		cmocka_unit_test_setup_teardown(records_beyond_the_pages, world, no_world),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
