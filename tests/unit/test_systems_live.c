/* Systems against strict stand-ins on loopback: LiteLLM, Ollama, Grafana. Each refuses what the
 * real one refuses: a wrong verb, a missing token, a body without its members. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/store/action.h"
#include "backends/store/log.h"
#include "backends/store/settings.h"
#include "backends/systems/system.h"
#include "tests/unit/httpd.h"

/* --- what the stand-ins are told, and what they saw ------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const char *spend, *budget, *duration; /* of LiteLLM's own key */
	const char *version;                   /* of Ollama: before 0.1.38 there is no /api/ps */
	const char *pull;                      /* how a pull ends */
	bool admin, hangs, db_fails;
	bool blocked, loaded, deleted, silenced;
	int health, asked, hidden_asked;
} far;

static bool bearer(int fd, const struct httpd_request *q, const char *token)
{
	char line[100];
	snprintf(line, sizeof(line), "\r\nAuthorization: Bearer %s\r\n", token);
	return strstr(q->head, line) ||
	       (httpd_answer(fd, "401 Unauthorized", "Content-Type: application/json\r\n",
	                     "{\"error\":{\"message\":\"Authentication Error, no key\",\"type\":"
	                     "\"auth_error\",\"param\":null,\"code\":\"401\"}}") &&
	        false);
}

/* The text of a member of the body; NULL and an answer 422: not there. The caller frees. */
static char *member(int fd, const struct httpd_request *q, const char *name)
{
	cJSON *o = cJSON_Parse(q->body);
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	char *text = cJSON_IsString(v) ? xstrdup(v->valuestring) : NULL;
	cJSON_Delete(o);
	if (!text)
		httpd_answer(fd, "422 Unprocessable Entity", NULL,
		             "{\"detail\":\"field required\"}");
	return text;
}

/* --- LiteLLM ------------------------------------------------------------- */

static bool lite_health(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	far.health++; /* calls every model: costs money */
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, NULL, NULL, "{}");
}

static bool lite_ready(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	far.asked++;
	bool hangs = far.hangs;
	pthread_mutex_unlock(&lock);
	if (hangs)
		return httpd_pause(fd, 30000);
	return httpd_answer(fd, NULL, "Content-Type: application/json\r\n",
	                    "{\"status\":\"healthy\",\"db\":\"connected\",\"litellm_version\":"
	                    "\"1.81.3\"}");
}

static bool lite_key(int fd, const struct httpd_request *q)
{
	char body[400];
	if (!bearer(fd, q, "sk-1"))
		return true;
	pthread_mutex_lock(&lock);
	snprintf(body, sizeof(body),
	         "{\"key\":\"sk-1\",\"info\":{\"key_alias\":\"ops\",\"spend\":%s,\"max_budget\":%s,"
	         "\"budget_duration\":%s,\"budget_reset_at\":\"2036-01-01T00:00:00Z\"}}",
	         far.spend, far.budget, far.duration);
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, NULL, NULL, body);
}

static bool lite_admin(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	bool admin = far.admin, blocked = far.blocked;
	pthread_mutex_unlock(&lock);
	if (!bearer(fd, q, "sk-1"))
		return true;
	if (!admin)
		return httpd_answer(fd, "403 Forbidden", NULL,
		                    "{\"error\":{\"message\":\"only proxy admins\",\"code\":403}}");
	if (!strcmp(q->path, "/provider/budgets"))
		return httpd_answer(fd, NULL, NULL,
		                    "{\"providers\":{\"a\":{\"budget_limit\":3.0,\"time_period\":"
		                    "\"1d\",\"spend\":2.2},\"b\":{\"budget_limit\":1.0,"
		                    "\"time_period\":\"1d\",\"spend\":0.8}}}");
	char body[400];
	snprintf(body, sizeof(body),
	         "{\"keys\":[{\"token\":\"hash1\",\"key_name\":\"sk-...9\",\"key_alias\":\"n8n\","
	         "\"spend\":4.8,\"max_budget\":5,\"budget_duration\":\"1d\",\"blocked\":%s},"
	         "{\"token\":\"hash2\",\"spend\":0.001}],\"total_count\":2}",
	         blocked ? "true" : "null");
	return httpd_answer(fd, NULL, NULL, body);
}

static bool lite_day(int fd, const struct httpd_request *q)
{
	if (!bearer(fd, q, "sk-1"))
		return true;
	int y, m, d, y2, m2, d2;
	if (sscanf(q->query, "start_date=%4d-%2d-%2d&end_date=%4d-%2d-%2d&page_size=1000", &y, &m,
	           &d, &y2, &m2, &d2) != 6 ||
	    d != d2)
		return httpd_answer(fd, "422 Unprocessable Entity", NULL, "{}");
	return httpd_answer(fd, NULL, NULL,
	                    "{\"results\":[{\"date\":\"2026-02-20\",\"metrics\":{},\"breakdown\":{"
	                    "\"models\":{\"cheap\":{\"metrics\":{\"spend\":0.002,\"api_requests\":"
	                    "9,\"failed_requests\":0}},\"dear\":{\"metrics\":{\"spend\":1.5,"
	                    "\"api_requests\":3,\"failed_requests\":2}}}}}],\"metadata\":{"
	                    "\"total_spend\":1.93}}");
}

static bool lite_block(int fd, const struct httpd_request *q)
{
	char *key = member(fd, q, "key");
	if (!key)
		return true;
	bool known = !strcmp(key, "hash1");
	free(key);
	pthread_mutex_lock(&lock);
	far.blocked = known && !strcmp(q->path, "/key/block");
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, known ? NULL : "404 Not Found", NULL, "{\"blocked\":true}");
}

static const struct httpd_route lite_routes[] = {
	{ .path = "/health", .answer = lite_health },
	{ .path = "/health/readiness", .method = "GET", .answer = lite_ready },
	{ .path = "/key/info", .method = "GET", .answer = lite_key },
	{ .path = "/provider/budgets", .method = "GET", .answer = lite_admin },
	{ .path = "/key/list", .method = "GET", .answer = lite_admin },
	{ .path = "/user/daily/activity", .method = "GET", .answer = lite_day },
	{ .path = "/v1/models",
	  .method = "GET",
	  .body = "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}" },
	{ .path = "/key/*", .method = "POST", .answer = lite_block },
	{ 0 }
};

/* As 1.108.7 answers that has no database. */
static bool lite_bare(int fd, const struct httpd_request *q)
{
	if (!bearer(fd, q, "sk-1"))
		return true;
	return httpd_answer(fd, "500 Internal Server Error", NULL,
	                    "{\"detail\":{\"error\":\"DB not connected. This endpoint needs a "
	                    "database\"}}");
}

static const struct httpd_route bare_routes[] = {
	{ .path = "/health/readiness",
	  .body = "{\"status\":\"healthy\",\"db\":\"Not connected\"}" },
	{ .path = "/health/readiness/details",
	  .body = "{\"status\":\"healthy\",\"litellm_version\":\"1.108.7\"}" },
	{ .path = "/v1/models", .body = "{\"data\":[{\"id\":\"a\"}]}" },
	{ .path = "/key/*", .answer = lite_bare },
	{ .path = "/provider/budgets", .answer = lite_bare },
	{ .path = "/user/daily/activity", .answer = lite_bare },
	{ 0 }
};

/* --- Ollama -------------------------------------------------------------- */

static bool olla_version(int fd, const struct httpd_request *q)
{
	return httpd_answer(fd, NULL, NULL, "{\"version\":\"0.5.1\"}");
}

static bool olla_tags(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	bool deleted = far.deleted;
	far.asked++;
	pthread_mutex_unlock(&lock);
	char body[600];
	snprintf(body, sizeof(body),
	         "{\"models\":[%s{\"name\":\"cloud:1\",\"model\":\"cloud:1\",\"remote_host\":"
	         "\"https://ollama.com\",\"size\":300}]}",
	         deleted ? ""
	                 : "{\"name\":\"qwen:7b\",\"model\":\"qwen:7b\",\"size\":4700000000,"
	                   "\"details\":{\"parameter_size\":\"7.6B\",\"quantization_level\":"
	                   "\"Q4_K_M\"}},");
	return httpd_answer(fd, NULL, NULL, body);
}

static bool olla_ps(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	bool loaded = far.loaded, none = far.version != NULL;
	pthread_mutex_unlock(&lock);
	if (none)
		return httpd_answer(fd, "404 Not Found", NULL, "404 page not found");
	return httpd_answer(fd, NULL, NULL,
	                    loaded ? "{\"models\":[{\"name\":\"qwen:7b\",\"size\":1000,\"size_"
	                             "vram\":"
	                             "500,\"expires_at\":\"2036-01-01T00:00:00Z\"}]}"
	                           : "{\"models\":[]}");
}

static bool olla_generate(int fd, const struct httpd_request *q)
{
	char *model = member(fd, q, "model");
	if (!model)
		return true;
	bool known = !strcmp(model, "qwen:7b");
	free(model);
	if (!known)
		return httpd_answer(fd, "404 Not Found", NULL, "{\"error\":\"model not found\"}");
	pthread_mutex_lock(&lock);
	far.loaded = !strstr(q->body, "\"keep_alive\":0");
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, NULL, NULL, "{\"done\":true}");
}

static bool olla_delete(int fd, const struct httpd_request *q)
{
	char *model = member(fd, q, "model");
	free(model);
	pthread_mutex_lock(&lock);
	far.deleted = model != NULL;
	pthread_mutex_unlock(&lock);
	return !model || httpd_answer(fd, NULL, NULL, "");
}

/* Cut in the middle of lines, as a network does. */
static bool olla_pull(int fd, const struct httpd_request *q)
{
	static const char *const pieces[] = {
		"{\"status\":\"pulling manifest\"}\n{\"status\":\"pulling 3a1f\",\"digest\":\"x\",",
		"\"total\":1000000,\"completed\":450000}\n{\"sta",
		"tus\":\"verifying\"}\n",
	};
	char *model = member(fd, q, "model");
	if (!model)
		return true;
	free(model);
	httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: "
	              "close\r\n\r\n");
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		httpd_say(fd, pieces[i]);
		httpd_pause(fd, 60);
	}
	pthread_mutex_lock(&lock);
	const char *end = far.pull;
	pthread_mutex_unlock(&lock);
	httpd_say(fd, end);
	return false;
}

static const struct httpd_route olla_routes[] = {
	{ .path = "/api/version", .method = "GET", .answer = olla_version },
	{ .path = "/api/tags", .method = "GET", .answer = olla_tags },
	{ .path = "/api/ps", .method = "GET", .answer = olla_ps },
	{ .path = "/api/generate", .method = "POST", .answer = olla_generate },
	{ .path = "/api/delete", .method = "DELETE", .answer = olla_delete },
	{ .path = "/api/pull", .method = "POST", .answer = olla_pull },
	{ 0 }
};

/* --- Grafana ------------------------------------------------------------- */

static bool graf_health(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	bool fails = far.db_fails;
	pthread_mutex_unlock(&lock);
	if (strstr(q->head, "Authorization"))
		return httpd_answer(fd, "400 Bad Request", NULL, "a token where none is needed");
	return httpd_answer(
		fd, NULL, NULL,
		fails ? "{\"commit\":\"x\",\"database\":\"failing\",\"version\":\"12.3\"}"
		      : "{\"commit\":\"x\",\"database\":\"ok\",\"version\":\"12.3.2\"}");
}

static bool graf_alerts(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	bool silenced = far.silenced;
	pthread_mutex_unlock(&lock);
	if (!bearer(fd, q, "sk-1"))
		return true;
	return httpd_answer(fd, NULL, NULL,
	                    silenced
	                            ? "[{\"labels\":{\"alertname\":\"Disk\"},\"status\":{\"state\":"
	                              "\"suppressed\",\"silencedBy\":[\"id1\"]}}]"
	                            : "[{\"labels\":{\"alertname\":\"Disk\"},\"status\":{\"state\":"
	                              "\"active\",\"silencedBy\":[]}}]");
}

static bool graf_silence(int fd, const struct httpd_request *q)
{
	static const char *const wanted[] = { ("matchers\":[{\"name\":\"alertname\",\"value\":"
		                               "\"Disk\",\"isRegex\":false,\"isEqual\":true}]"),
		                              "\"startsAt\":\"20", "\"endsAt\":\"20",
		                              "\"createdBy\":\"", "\"comment\":\"" };
	bool good = bearer(fd, q, "sk-1");
	if (!good)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		good = good && strstr(q->body, wanted[i]);
	if (!good)
		return httpd_answer(fd, "422 Unprocessable Entity", NULL, "{\"message\":\"body\"}");
	pthread_mutex_lock(&lock);
	far.silenced = true;
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, "202 Accepted", NULL, "{\"silenceID\":\"id1\"}");
}

static const struct httpd_route graf_routes[] = {
	{ .path = "/api/health", .method = "GET", .answer = graf_health },
	{ .path = "/api/alertmanager/grafana/api/v2/alerts",
	  .method = "GET",
	  .answer = graf_alerts },
	{ .path = "/api/alertmanager/grafana/api/v2/silences",
	  .method = "POST",
	  .answer = graf_silence },
	{ .path = "/api/alertmanager/grafana/api/v2/silences", .method = "GET", .body = "[]" },
	{ 0 }
};

/* --- a world with one site ------------------------------------------------- */

static char *ci_kind, ci_repositories[] = "ops/site, ops/api  ../x";

static struct {
	struct litellm_config lite;
	struct ci_config ci;
	struct platform_config plain, second; /* second: in no list at first */
	struct settings settings;
	struct loop *loop;
	struct http *http;
	struct store *store;
	struct server *server;
	struct sites *sites;
	struct httpd *httpd;
	char dir[40], url[60];
} w;

static void on_link(struct link *l, void *arg) {}

static void sections(bool there)
{
	w.settings.litellms = there ? &w.lite : NULL;
	w.settings.cis = there ? &w.ci : NULL;
	w.settings.dnses = there ? &w.plain : NULL;
	w.settings.prometheuses = w.settings.alertmanagers = w.settings.grafanas =
		w.settings.ollamas = w.settings.ntfys = w.settings.n8ns = w.settings.qdrants =
			w.settings.caddies = w.settings.cadvisors = there ? &w.plain : NULL;
}

static void begin(const struct backend *backend, const struct httpd_route *routes, char *token)
{
	static const struct link_events events = { .changed = on_link };
	memset(&w, 0, sizeof(w));
	memset(&far, 0, sizeof(far));
	far.spend = "1.2";
	far.budget = far.duration = "null";
	snprintf(w.dir, sizeof(w.dir), "/tmp/mocr-systems-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	w.httpd = httpd_start(NULL, routes, NULL);
	snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d", httpd_port(w.httpd));
	w.lite = (struct litellm_config){ .name = "box", .url = w.url, .token_command = token };
	w.ci = (struct ci_config){ .name = "box",
		                   .url = w.url,
		                   .token_command = token,
		                   .kind = ci_kind,
		                   .repositories = ci_repositories };
	w.plain = (struct platform_config){ .name = "box", .url = w.url, .token_command = token };
	w.second = (struct platform_config){ .name = "two", .url = w.url, .token_command = token };
	w.settings = (struct settings){ .state_dir = w.dir };
	sections(true);
	w.loop = loop_create();
	w.http = http_create(w.loop);
	w.store = store_create(w.loop, w.http, &w.settings);
	w.server = server_add(w.store, "here");
	w.server->is_local = true;
	w.server->link = link_create_local(w.loop, "here", &events, NULL);
	link_connect(w.server->link);
	for (int i = 0; i < 100 && w.server->link->state != LINK_UP; i++)
		loop_turn(w.loop, 10);
	w.sites = xcalloc(1, sizeof(*w.sites));
	w.sites->source = (struct source){ .backend = backend,
		                           .store = w.store,
		                           .server = w.server };
	sites_up(&w.sites->source);
}

static int end(void **state)
{
	char path[80];
	sites_finish(&w.sites->source);
	for (struct row *r; (r = store_first(w.store, &kind_system, w.server));)
		store_row_remove(r);
	store_destroy(w.store);
	http_destroy(w.http);
	loop_turn(w.loop, 0);
	loop_destroy(w.loop);
	snprintf(path, sizeof(path), "%s/activity.jsonl", w.dir);
	remove(path);
	remove(w.dir);
	httpd_stop(w.httpd);
	free(w.sites);
	return 0;
}

#define UNTIL(condition)                                                                          \
	do {                                                                                      \
		for (int64_t end_ = now_mono_ms() + 30000; !(condition) && now_mono_ms() < end_;) \
			loop_turn(w.loop, 10);                                                    \
		if (!(condition))                                                                 \
			fail_msg("never so: %s; the source says: %s", #condition,                 \
			         w.sites->source.err.text);                                       \
	} while (0)

static struct system *at(const char *id)
{
	char whole[200];
	snprintf(whole, sizeof(whole), "here/system/%s", id);
	struct row *r = store_find(w.store, whole);
	return r ? system_of(r) : NULL;
}

static bool figure(const char *id, const char *name, const char *text)
{
	struct system *y = at(id);
	return y && !strcmp(system_figure_text(y, name), text);
}

static bool state(const char *id, const char *text)
{
	struct system *y = at(id);
	return y && !strcmp(y->state, text);
}

static bool why(const char *id, const char *text)
{
	struct system *y = at(id);
	return y && y->row.why && strstr(y->row.why, text);
}

static bool complete(void)
{
	return w.sites->first && w.sites->first->complete;
}

/* Starts an order; its end is in *over. */
static struct order *ordered(const char *id, const char *verb, const char *argument)
{
	struct err err;
	const struct action *a = action_find(&kind_system, verb);
	struct system *y = at(id);
	assert_non_null(a);
	assert_non_null(y);
	struct order *o = order_start(&y->row, a, argument, &err);
	if (!o)
		fail_msg("%s: %s", verb, err.text);
	return o;
}

/* --- LiteLLM ------------------------------------------------------------- */

static char token[] = "echo sk-1", wrong[] = "echo sk-wrong";

static void budget_of_the_key(void **unused)
{
	begin(&backend_litellm, lite_routes, token);
	far.spend = "3.6";
	far.budget = "5.0";
	far.duration = "\"1d\"";
	UNTIL(complete());
	assert_true(figure("litellm/box", "today", "$3.60 of $5.00"));
	assert_true(why("litellm/box", "the budget of today: $3.60 of $5.00 spent, 72 %"));
	assert_int_equal(at("litellm/box")->row.health, HEALTH_ATTENTION);
	assert_string_equal(w.sites->first->version, "1.81.3");
	assert_true(figure("litellm/box", "models", "2"));
	assert_true(figure("litellm/box/model/dear", "today", "$1.50"));
	assert_true(figure("litellm/box/model/dear", "failed", "2"));
	assert_true(figure("litellm/box/model/cheap", "today", "$0.0020"));
	/* a plain key may not list keys, and that is no fault */
	assert_null(at("litellm/box/key/n8n"));
	pthread_mutex_lock(&lock);
	far.spend = "4.6";
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(figure("litellm/box", "today", "$4.60 of $5.00"));
	assert_int_equal(at("litellm/box")->row.health, HEALTH_BAD);
	assert_int_equal(far.health, 0);
}

static void budget_of_all_providers(void **unused)
{
	begin(&backend_litellm, lite_routes, token);
	far.admin = true;
	UNTIL(complete());
	assert_true(figure("litellm/box", "today", "$3.00 of $4.00"));
	assert_int_equal(at("litellm/box")->row.health, HEALTH_ATTENTION);
}

static void budget_of_the_section(void **unused)
{
	begin(&backend_litellm, lite_routes, token);
	w.lite.budget = 200;
	UNTIL(complete());
	assert_true(figure("litellm/box", "today", "$1.93 of $2.00"));
	assert_int_equal(at("litellm/box")->row.health, HEALTH_BAD);
}

static void block_and_unblock(void **unused)
{
	begin(&backend_litellm, lite_routes, token);
	far.admin = true;
	UNTIL(complete());
	w.sites->first->shown = true;
	assert_int_equal(at("litellm/box/key/n8n")->row.health, HEALTH_BAD);
	assert_true(why("litellm/box/key/n8n", "its budget: $4.80 of $5.00 spent, 96 %"));
	ordered("litellm/box/key/n8n", "block", NULL);
	UNTIL(state("litellm/box/key/n8n", "blocked"));
	assert_int_equal(at("litellm/box/key/n8n")->row.health, HEALTH_IDLE);
	ordered("litellm/box/key/n8n", "unblock", NULL);
	UNTIL(state("litellm/box/key/n8n", "active"));
	assert_int_equal(far.health, 0);
}

static void a_wrong_key(void **unused)
{
	begin(&backend_litellm, lite_routes, wrong);
	UNTIL(complete());
	assert_int_equal(at("litellm/box")->row.health, HEALTH_ATTENTION);
	assert_true(why("litellm/box", "rejects the key (401"));
	assert_true(why("litellm/box", "token_command"));
}

/* What it does not keep is no fault of it. */
static void no_database(void **unused)
{
	begin(&backend_litellm, bare_routes, token);
	UNTIL(complete());
	assert_int_equal(at("litellm/box")->row.health, HEALTH_GOOD);
	assert_string_equal(w.sites->first->version, "1.108.7");
	assert_true(figure("litellm/box", "db", "Not connected"));
	assert_true(figure("litellm/box", "models", "1"));
}

static void without_a_key(void **unused)
{
	begin(&backend_litellm, lite_routes, NULL);
	UNTIL(complete());
	assert_int_equal(at("litellm/box")->row.health, HEALTH_GOOD);
	assert_int_equal(httpd_requests(w.httpd), 1);
}

/* Not answered: the loop turns on, and the round waits for nothing else. */
static void one_that_hangs(void **unused)
{
	begin(&backend_litellm, lite_routes, token);
	pthread_mutex_lock(&lock);
	far.hangs = true;
	pthread_mutex_unlock(&lock);
	UNTIL(far.asked == 1);
	for (int i = 0; i < 20; i++)
		loop_turn(w.loop, 10);
	assert_false(complete());
	assert_int_equal(httpd_requests(w.httpd), 1);
}

/* --- Ollama -------------------------------------------------------------- */

#define QWEN "ollama/box/model/qwen:7b"

static void models_and_orders(void **unused)
{
	begin(&backend_ollama, olla_routes, NULL);
	UNTIL(complete());
	w.sites->first->shown = true;
	assert_true(state(QWEN, "on disk") && figure(QWEN, "size", "4.4G"));
	assert_true(figure(QWEN, "params", "7.6B") && figure("ollama/box", "loaded", "0"));
	assert_true(figure("ollama/box/model/cloud:1", "runs at", "https://ollama.com"));
	assert_true(figure("ollama/box/model/cloud:1", "size", ""));
	ordered(QWEN, "load", NULL);
	UNTIL(state(QWEN, "loaded"));
	assert_true(figure(QWEN, "GPU", "50%"));
	assert_non_null(strstr(system_figure_text(at(QWEN), "unloads in"), "w"));
	ordered(QWEN, "unload", NULL);
	UNTIL(state(QWEN, "on disk"));
	assert_true(figure(QWEN, "GPU", "") && figure(QWEN, "unloads in", ""));
	ordered(QWEN, "delete", NULL);
	UNTIL(!at(QWEN));
}

static void lists_rest_when_hidden(void **unused)
{
	begin(&backend_ollama, olla_routes, NULL);
	UNTIL(complete());
	assert_int_equal(far.asked, 1);
	unsigned before = httpd_requests(w.httpd);
	site_poke(w.sites->first);
	UNTIL(httpd_requests(w.httpd) == before + 1);
	for (int i = 0; i < 20; i++)
		loop_turn(w.loop, 10);
	assert_int_equal(far.asked, 1);
	assert_int_equal(httpd_requests(w.httpd), before + 1);
	w.sites->first->shown = true;
	site_poke(w.sites->first);
	UNTIL(far.asked == 2);
}

static char steps[400];
static void on_step(struct order *o, void *arg)
{
	size_t n = strlen(steps);
	snprintf(steps + n, sizeof(steps) - n, "%s|", o->progress);
}

static void pulls(void **unused)
{
	static const struct {
		const char *end;
		enum order_state state;
		const char *words;
	} all[] = {
		{ "{\"status\":\"success\"}\n", ORDER_DONE, "" },
		{ "{\"status\":\"success\"}", ORDER_DONE, "" },
		{ "{\"error\":\"pull model manifest: file does not exist\"}\n", ORDER_FAILED,
		  "Ollama box: pull model manifest: file does not exist" },
		{ "", ORDER_FAILED, "ended its answer before the model was whole" },
	};
	begin(&backend_ollama, olla_routes, NULL);
	UNTIL(complete());
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		pthread_mutex_lock(&lock);
		far.pull = all[i].end;
		pthread_mutex_unlock(&lock);
		steps[0] = '\0';
		struct order *o = ordered("ollama/box", "pull", "qwen:7b");
		o->at = on_step;
		UNTIL(o->state != ORDER_RUNNING);
		assert_int_equal(o->state, all[i].state);
		assert_non_null(strstr(o->err.text, all[i].words));
		assert_non_null(strstr(steps, "pulling 3a1f 45% of 977K|"));
	}
	struct err err;
	const struct action *pull = action_find(&kind_system, "pull");
	assert_null(order_start(&at("ollama/box")->row, pull, "a b", &err));
	assert_non_null(strstr(err.text, "is not a model name"));
}

/* Before 0.1.38 nothing tells what is loaded. */
static void an_old_one(void **unused)
{
	begin(&backend_ollama, olla_routes, NULL);
	far.version = "0.1.30";
	UNTIL(complete());
	assert_int_equal(at("ollama/box")->row.health, HEALTH_GOOD);
	assert_true(state(QWEN, "on disk") && figure("ollama/box", "loaded", ""));
}

/* --- Grafana ------------------------------------------------------------- */

static void grafana_alerts(void **unused)
{
	begin(&backend_grafana, graf_routes, token);
	UNTIL(complete());
	w.sites->first->shown = true;
	assert_string_equal(w.sites->first->version, "12.3.2");
	assert_int_equal(at("grafana/box/alert/Disk")->row.health, HEALTH_ATTENTION);
	assert_true(why("grafana/box/alert/Disk", "the alert Disk fires"));
	ordered("grafana/box/alert/Disk", "silence", "2h new disk");
	UNTIL(state("grafana/box/alert/Disk", "silenced"));
	assert_int_equal(at("grafana/box/alert/Disk")->row.health, HEALTH_IDLE);
	pthread_mutex_lock(&lock);
	far.db_fails = true;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(why("grafana/box", "its database is failing"));
	assert_int_equal(at("grafana/box")->row.health, HEALTH_BAD);
}

static void grafana_without_a_token(void **unused)
{
	begin(&backend_grafana, graf_routes, NULL);
	UNTIL(complete());
	assert_int_equal(at("grafana/box")->row.health, HEALTH_GOOD);
	assert_int_equal(httpd_requests(w.httpd), 1);
}

/* --- small ones ----------------------------------------------------------- */

static bool qdrant_lists(int fd, const struct httpd_request *q)
{
	if (!strstr(q->head, "\r\napi-key: sk-1\r\n"))
		return httpd_answer(fd, "401 Unauthorized", NULL, "Must provide an API key");
	return httpd_answer(fd, NULL, NULL,
	                    "{\"result\":{\"collections\":[{\"name\":\"a\"},{\"name\":"
	                    "\"b\"}]}}");
}

static const struct httpd_route small_routes[] = {
	{ .path = "/v1/health", .method = "GET", .body = "{\"healthy\":false}" },
	{ .path = "/healthz", .method = "GET", .body = "{\"status\":\"ok\"}" },
	{ .path = "/readyz", .method = "GET", .body = "all shards are ready" },
	{ .path = "/", .method = "GET", .body = "{\"version\":\"1.9.2\"}" },
	{ .path = "/collections", .method = "GET", .answer = qdrant_lists },
	{ .path = "/reverse_proxy/upstreams",
	  .method = "GET",
	  .body = "[{\"address\":\"a:1\",\"fails\":0},{\"address\":\"b:2\",\"fails\":3}]" },
	{ 0 }
};

static void small_ones(void **unused)
{
	static const struct {
		const struct backend *backend;
		const char *id;
		enum health health;
		const char *why;
	} all[] = {
		{ &backend_ntfy, "ntfy/box", HEALTH_BAD, "it is not healthy" },
		{ &backend_n8n, "n8n/box", HEALTH_GOOD, NULL },
		{ &backend_qdrant, "qdrant/box", HEALTH_GOOD, NULL },
		{ &backend_caddy, "caddy/box", HEALTH_ATTENTION, "1 of 2 upstreams fail: b:2" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		begin(all[i].backend, small_routes, token);
		UNTIL(complete());
		assert_int_equal(at(all[i].id)->row.health, all[i].health);
		assert_true(!all[i].why || why(all[i].id, all[i].why));
		if (all[i].backend == &backend_qdrant) {
			assert_true(figure("qdrant/box", "collections", "2"));
			assert_string_equal(w.sites->first->version, "1.9.2");
		}
		end(NULL);
	}
}

static bool n8n_unready(int fd, const struct httpd_request *q)
{
	return httpd_answer(fd, "503 Service Unavailable", NULL, "{\"status\":\"error\"}");
}

static bool n8n_behind_a_proxy(int fd, const struct httpd_request *q)
{
	return httpd_answer(fd, "503 Service Unavailable", NULL, "<html><title>Not here</title>");
}

/* Its /healthz says "ok" also without its database. An answer of a proxy does not count. */
static void n8n_readiness(void **unused)
{
	static const struct httpd_route away[] = {
		{ .path = "/healthz/readiness", .method = "GET", .answer = n8n_unready },
		{ .path = "/healthz", .method = "GET", .body = "{\"status\":\"ok\"}" },
		{ 0 }
	};
	static const struct httpd_route proxy[] = {
		{ .path = "/healthz/readiness", .answer = n8n_behind_a_proxy },
		{ .path = "/healthz", .body = "{\"status\":\"ok\"}" },
		{ 0 }
	};
	begin(&backend_n8n, away, token);
	UNTIL(complete());
	assert_int_equal(at("n8n/box")->row.health, HEALTH_BAD);
	assert_true(why("n8n/box", "it is not ready: its database is away or it starts"));
	end(NULL);
	begin(&backend_n8n, proxy, token);
	UNTIL(complete());
	assert_int_equal(at("n8n/box")->row.health, HEALTH_GOOD);
	end(NULL);
}

/* --- cAdvisor ------------------------------------------------------------ */

#define CADVISOR_MACHINE                                                               \
	"{\"kernel_version\":\"6.1\",\"container_os_version\":\"Alpine Linux v3.18\"," \
	"\"cadvisor_version\":\"v0.49.1\",\"num_cores\":4,\"memory_capacity\":8589934592}"
#define CADVISOR_NAMES                                                                   \
	"{\"/docker/ab\":{\"aliases\":[\"javisi_n8n\",\"ab\"],\"namespace\":\"docker\"," \
	"\"labels\":{\"a\":\"label-secret\"},\"envs\":{\"KEY\":\"env-secret\"},"         \
	"\"image\":\"n8nio/n8n\"},\"/docker/cd\":{\"aliases\":[\"javisi_redis\",\"cd\"]}}"

static bool cadvisor_list(int fd, const struct httpd_request *q)
{
	bool summary = !strcmp(q->path, "/api/v2.1/summary");
	if (strcmp(q->method, "GET") != 0 || strcmp(q->query, "type=docker&recursive=true") != 0)
		return httpd_answer(fd, "500 Internal Server Error", NULL, "unknown type");
	return httpd_answer(fd, NULL, "Content-Type: application/json\r\n",
	                    summary ? "{\"/docker/ab\":{\"timestamp\":\"2026-11-30T20:00:00Z\","
	                              "\"latest_usage\":{\"cpu\":125,\"memory\":104857600}}}"
	                            : CADVISOR_NAMES);
}

static const struct httpd_route cadvisor_routes[] = {
	{ .path = "/api/v2.1/attributes", .method = "GET", .body = CADVISOR_MACHINE },
	{ .path = "/api/v2.1/spec", .answer = cadvisor_list },
	{ .path = "/api/v2.1/summary", .answer = cadvisor_list },
	{ 0 }
};

static void cadvisor_shows_containers(void **unused)
{
	begin(&backend_cadvisor, cadvisor_routes, NULL);
	UNTIL(complete());
	assert_int_equal(at("cadvisor/box")->row.health, HEALTH_GOOD);
	assert_string_equal(w.sites->first->version, "v0.49.1");
	assert_true(figure("cadvisor/box", "cores", "4"));
	assert_true(figure("cadvisor/box", "memory", "8.0G"));
	assert_true(figure("cadvisor/box", "containers", "2"));
	assert_true(figure("cadvisor/box/container/javisi_n8n", "cpu", "12.5 %"));
	assert_true(figure("cadvisor/box/container/javisi_n8n", "memory", "100M"));
	assert_true(figure("cadvisor/box/container/javisi_redis", "cpu", "-"));
	/* an engine that may be read says more: the containers go */
	static const struct backend engine = { .name = "docker" };
	static struct source docker;
	docker = (struct source){ .backend = &engine,
		                  .store = w.store,
		                  .server = w.server,
		                  .state = SOURCE_LIVE };
	struct source *before = w.server->sources;
	w.server->sources = &docker;
	site_poke(w.sites->first);
	UNTIL(store_count(w.store, &kind_system, NULL) == 1);
	assert_true(figure("cadvisor/box", "containers", ""));
	w.server->sources = before;
}

/* Something else listens there. */
static void none_of_them(void **unused)
{
	static const struct httpd_route html[] = { { .path = "/*",
		                                     .headers = "Content-Type: text/html\r\n",
		                                     .body = "<html><title>Sign in</title>" },
		                                   { 0 } };
	static const struct {
		const struct backend *backend;
		const char *id;
	} all[] = { { &backend_ntfy, "ntfy/box" },       { &backend_n8n, "n8n/box" },
		    { &backend_qdrant, "qdrant/box" },   { &backend_caddy, "caddy/box" },
		    { &backend_ollama, "ollama/box" },   { &backend_litellm, "litellm/box" },
		    { &backend_grafana, "grafana/box" }, { &backend_cadvisor, "cadvisor/box" } };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		begin(all[i].backend, html, token);
		UNTIL(at(all[i].id) && at(all[i].id)->row.health == HEALTH_BAD);
		assert_true(why(all[i].id, "web page: Sign in"));
		end(NULL);
	}
}

/* --- :reload -------------------------------------------------------------- */

#define VECTOR(pair)                                                                  \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{" \
	"\"instance\":\"a:1\",\"job\":\"gone\"},\"value\":[1796021790," pair "]}]}}"
#define LABELS "\"labels\":{\"alertname\":\"Disk\",\"severity\":\"critical\"}"
#define AM_ALERTS "[{" LABELS ",\"status\":{\"state\":\"active\",\"silencedBy\":[]}}]"
#define MODELS "{\"models\":[{\"name\":\"qwen:7b\",\"size\":1000,\"size_vram\":500}]}"

static bool every_pull(int fd, const struct httpd_request *q)
{
	return httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
	                     "{\"status\":\"pulling 3a1f\"}\n") &&
	       httpd_pause(fd, 60000);
}

/* What each of the nine answers, on one port. */
static const struct httpd_route every[] = {
	{ .path = "/api/v1/query", .body = VECTOR("\"0\"") },
	{ .path = "/api/v1/alerts",
	  .body = "{\"status\":\"success\",\"data\":{\"alerts\":[{" LABELS
	          ",\"state\":\"firing\"}]}}" },
	{ .path = "/api/v2/alerts", .body = AM_ALERTS },
	{ .path = "/api/v2/silences", .body = "[]" },
	{ .path = "/api/alertmanager/grafana/api/v2/alerts", .body = AM_ALERTS },
	{ .path = "/api/alertmanager/grafana/api/v2/silences", .body = "[]" },
	{ .path = "/api/health", .body = "{\"database\":\"ok\"}" },
	{ .path = "/health/readiness", .body = "{\"status\":\"healthy\"}" },
	{ .path = "/key/list",
	  .body = "{\"keys\":[{\"token\":\"hash1\",\"key_alias\":\"n8n\",\"spend\":1}]}" },
	{ .path = "/api/version", .body = "{\"version\":\"0.5.1\"}" },
	{ .path = "/api/tags", .body = MODELS },
	{ .path = "/api/ps", .body = MODELS },
	{ .path = "/api/pull", .answer = every_pull },
	{ .path = "/v1/health", .body = "{\"healthy\":true}" },
	{ .path = "/healthz", .body = "{\"status\":\"ok\"}" },
	{ .path = "/readyz", .body = "all shards are ready" },
	{ .path = "/collections", .body = "{\"result\":{\"collections\":[]}}" },
	{ .path = "/reverse_proxy/upstreams", .body = "[]" },
	{ .path = "/api/v2.1/attributes", .body = CADVISOR_MACHINE },
	{ .path = "/api/v2.1/spec", .body = CADVISOR_NAMES },
	{ .path = "/api/v2.1/summary", .body = "{}" },
	{ 0 }
};

static const struct {
	const struct backend *backend;
	const char *section;
	size_t rows; /* its own and those that it lists */
} nine[] = {
	{ &backend_prometheus, "prometheus", 3 },
	{ &backend_alertmanager, "alertmanager", 2 },
	{ &backend_grafana, "grafana", 2 },
	{ &backend_litellm, "litellm", 2 },
	{ &backend_ollama, "ollama", 2 },
	{ &backend_ntfy, "ntfy", 1 },
	{ &backend_n8n, "n8n", 1 },
	{ &backend_qdrant, "qdrant", 1 },
	{ &backend_caddy, "caddy", 1 },
	{ &backend_cadvisor, "cadvisor", 3 },
};

static size_t rows_of(size_t i, const char *name)
{
	char id[200];
	size_t n = 0;
	snprintf(id, sizeof(id), "here/system/%s/%s", nine[i].section, name);
	for (struct row *r = store_first(w.store, &kind_system, NULL); r;
	     r = store_next(r, &kind_system, NULL))
		n += !strncmp(r->id, id, strlen(id));
	return n;
}

/* Reads what a screen and a status would read of each row. */
static void read_all_rows(void)
{
	for (struct row *r = store_first(w.store, &kind_system, NULL); r;
	     r = store_next(r, &kind_system, NULL)) {
		struct doc doc;
		cJSON *o = cJSON_CreateObject();
		doc_init(&doc);
		kind_system.detail(r, &doc, false);
		kind_system.json(r, o);
		for (const struct action *a = kind_system.actions; a->name; a++)
			action_applies_to(a, r);
		doc_finish(&doc);
		cJSON_Delete(o);
	}
}

static void reload(void)
{
	sites_configured(&w.sites->source);
	read_all_rows();
}

static void sections_go_and_come(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(nine); i++) {
		struct source *s;
		begin(nine[i].backend, every, token);
		s = &w.sites->source;
		UNTIL(complete());
		assert_int_equal(rows_of(i, "box"), nine[i].rows);
		sections(false);
		reload();
		assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
		assert_int_equal(s->state, SOURCE_ABSENT);
		assert_null(w.sites->first);
		sections(true);
		reload();
		UNTIL(complete() && rows_of(i, "box") == nine[i].rows);
		/* a question is on its way */
		unsigned before = httpd_requests(w.httpd);
		site_poke(w.sites->first);
		UNTIL(w.sites->first->call || httpd_requests(w.httpd) > before);
		sections(false);
		reload();
		assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
		for (int k = 0; k < 5; k++)
			loop_turn(w.loop, 10);
		assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
		/* another name */
		sections(true);
		reload();
		UNTIL(complete());
		w.plain.name = w.lite.name = "else";
		reload();
		UNTIL(complete() && rows_of(i, "else") == nine[i].rows);
		assert_int_equal(rows_of(i, "box"), 0);
		end(NULL);
	}
}

/* Of two sections one goes: rows of the other stay. */
static void one_of_two_sections_goes(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(nine); i++) {
		if (nine[i].backend == &backend_litellm)
			continue;
		begin(nine[i].backend, every, token);
		w.plain.next = &w.second;
		reload();
		UNTIL(complete() && w.sites->first->next && w.sites->first->next->complete);
		assert_int_equal(rows_of(i, "two"), nine[i].rows);
		w.plain.next = NULL;
		reload();
		assert_int_equal(rows_of(i, "two"), 0);
		assert_int_equal(rows_of(i, "box"), nine[i].rows);
		assert_int_equal(w.sites->source.state, SOURCE_LIVE);
		end(NULL);
	}
}

static bool many_alerts(int fd, const struct httpd_request *q)
{
	struct buf b = { 0 };
	buf_puts(&b, "[");
	for (int i = 0; i < SYSTEM_ROWS_MAX + 30; i++)
		buf_addf(&b, "%s{\"labels\":{\"alertname\":\"n%d\"}}", i ? "," : "", i);
	buf_puts(&b, "]");
	bool sent = httpd_answer(fd, NULL, NULL, b.data);
	buf_finish(&b);
	return sent;
}
static const struct httpd_route many[] = {
	{ .path = "/api/v2/alerts", .answer = many_alerts }, { 0 }
};

static void what_was_left_out_goes_with_its_section(void **unused)
{
	begin(&backend_alertmanager, many, NULL);
	w.plain.next = &w.second;
	reload();
	UNTIL(w.sites->source.left_out == 60);
	w.plain.next = NULL;
	reload();
	assert_int_equal(w.sites->source.left_out, 30);
	sections(false);
	reload();
	assert_int_equal(w.sites->source.left_out, 0);
}

static void a_section_goes_while_its_order_runs(void **unused)
{
	begin(&backend_ollama, every, NULL);
	UNTIL(complete());
	struct order *o = ordered("ollama/box", "pull", "qwen:7b");
	UNTIL(strstr(o->progress, "pulling"));
	sections(false);
	reload();
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "Ollama box: its section is no longer in the"));
	assert_null(at("ollama/box"));
}

/* The row of Prometheus was quiet because Alertmanager had the same alert. */
static void the_other_row_counts_when_alertmanager_goes(void **unused)
{
	struct sites *prometheus = xcalloc(1, sizeof(*prometheus));
	begin(&backend_alertmanager, every, NULL);
	prometheus->source = w.sites->source;
	prometheus->source.backend = &backend_prometheus;
	sites_up(&prometheus->source);
	UNTIL(complete() && at("prometheus/box/alert/Disk") &&
	      at("prometheus/box/alert/Disk")->row.health == HEALTH_IDLE);
	assert_true(why("prometheus/box/alert/Disk", "Alertmanager box has it too"));
	w.settings.alertmanagers = NULL;
	reload();
	assert_null(at("alertmanager/box/alert/Disk"));
	assert_int_equal(at("prometheus/box/alert/Disk")->row.health, HEALTH_BAD);
	w.settings.prometheuses = NULL;
	sites_configured(&prometheus->source);
	sites_finish(&prometheus->source);
	free(prometheus);
}

/* --- answers of somebody who means ill ------------------------------------- */

static bool ten_thousand(int fd, const struct httpd_request *q)
{
	struct buf b = { 0 };
	buf_puts(&b, "[");
	for (int i = 0; i < 10000; i++)
		buf_addf(&b, "%s{\"name\":\"n%d\"}", i ? "," : "", i);
	buf_puts(&b, "]");
	bool sent = httpd_answer(fd, NULL, "Content-Type: application/json\r\n", b.data);
	buf_finish(&b);
	return sent;
}

static bool too_deep(int fd, const struct httpd_request *q)
{
	char body[4001];
	memset(body, '[', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	return httpd_answer(fd, NULL, "Content-Type: application/json\r\n", body);
}

static bool does_not_answer(int fd, const struct httpd_request *q)
{
	return httpd_pause(fd, 60000);
}

#define ECHO "{\"error\":\"Received API Key = sk-1, which is in no table\"}"
static const struct {
	struct httpd_route route;
	const char *why; /* what the row says; NULL: the system has no list there, or says more */
} ills[] = {
	{ { .path = "/*", .body = "<html><title>Sign in</title>sk-1" }, "web page: Sign in" },
	{ { .path = "/*", .status = "401 Unauthorized", .body = ECHO }, "(401: " },
	{ { .path = "/*", .status = "403 Forbidden", .body = ECHO }, "(403: " },
	{ { .path = "/*", .status = "500 Internal Server Error", .body = ECHO }, "(500)" },
	{ { .path = "/*",
	    .status = "302 Found",
	    .headers = "Location: http://127.0.0.2:1/login?token=sk-1\r\n" },
	  "elsewhere (302" },
	{ { .path = "/*", .body = "{\"a\":" }, "" },
	{ { .path = "/*", .body = "" }, "" },
	{ { .path = "/*", .raw = "HTTP/1.1 200 OK\r\nContent-Le", .hangs_up = true }, "" },
	{ { .path = "/*", .raw = "\x01\x02\xff\r\n\r\n", .hangs_up = true }, "" },
	{ { .path = "/*", .answer = ten_thousand }, NULL },
	{ { .path = "/*", .answer = too_deep }, "" },
	{ { .path = "/*", .answer = does_not_answer }, NULL },
};

static void no_row_has_the_token(void)
{
	for (struct row *r = store_first(w.store, &kind_system, NULL); r;
	     r = store_next(r, &kind_system, NULL))
		if (r->why && strstr(r->why, "sk-1"))
			fail_msg("%s: %s", r->id, r->why);
	assert_null(strstr(w.sites->source.err.text, "sk-1"));
}

/* One site answers badly, in every way. The other of the same section is as before. */
static void ill_answers(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(nine); i++)
		for (size_t k = 0; k < ARRAY_LEN(ills); k++) {
			/* what the shared part does is the same for all */
			if (k % 3 && nine[i].backend != &backend_alertmanager &&
			    nine[i].backend != &backend_litellm)
				continue;
			const struct httpd_route routes[] = { ills[k].route, { 0 } };
			struct httpd *good = httpd_start(NULL, every, NULL);
			char id[100], url[60];
			struct litellm_config lite2 = { .name = "two", .token_command = token };
			snprintf(id, sizeof(id), "%s/box", nine[i].section);
			snprintf(url, sizeof(url), "http://127.0.0.1:%d", httpd_port(good));
			begin(nine[i].backend, routes, token);
			w.second.url = lite2.url = url;
			w.plain.next = &w.second;
			w.lite.next = &lite2;
			reload();
			UNTIL(w.sites->first->next && w.sites->first->next->complete);
			assert_int_equal(rows_of(i, "two"), nine[i].rows);
			if (ills[k].why)
				UNTIL(at(id) && at(id)->row.health == HEALTH_BAD);
			if (ills[k].why && !why(id, ills[k].why))
				fail_msg("%s, %zu: %s", id, k, at(id)->row.why);
			no_row_has_the_token();
			read_all_rows();
			assert_true(store_count(w.store, &kind_system, NULL) < 600);
			end(NULL);
			httpd_stop(good);
		}
}

/* --- CI -------------------------------------------------------------------- */

static struct {
	bool old, limited, hangs_up, page, fails;
	int runs, tasks, reruns, failed_reruns, cancels, dispatches;
} ci;

static bool ci_bearer(int fd, const struct httpd_request *q)
{
	if (strstr(q->head, "\r\nAuthorization: Bearer sk-1\r\n"))
		return true;
	httpd_answer(fd, "401 Unauthorized", NULL, "{\"message\":\"Bad credentials\"}");
	return false;
}

static const char ci_list[] =
	"{\"total_count\":4,\"workflow_runs\":["
	"{\"id\":54,\"run_number\":20,\"display_title\":\"try \\u001b[31mit\",\"path\":"
	"\".github/workflows/build.yml@refs/heads/main\",\"head_branch\":\"main\",\"head_sha\":"
	"\"2885990aaaabbbb\",\"event\":\"push\",\"actor\":{\"login\":\"fred\",\"email\":"
	"\"fred@secret.example\"},\"status\":\"in_progress\",\"conclusion\":null,"
	"\"run_started_at\":\"2026-11-30T10:00:00Z\"},"
	"{\"id\":53,\"run_number\":19,\"display_title\":\"fix build\",\"path\":\"build.yml\","
	"\"head_branch\":\"main\",\"head_sha\":\"17\",\"status\":\"completed\",\"conclusion\":"
	"\"failure\",\"actor\":{\"login\":\"fred\"},\"started_at\":\"2035-11-30T10:00:00Z\","
	"\"completed_at\":\"2035-11-30T10:02:10Z\"},"
	"{\"id\":52,\"run_number\":18,\"display_title\":\"before\",\"path\":\"build.yml\","
	"\"head_branch\":\"main\",\"status\":\"completed\",\"conclusion\":\"failure\"},"
	"{\"id\":51,\"run_number\":17,\"display_title\":\"other\",\"path\":\"build.yml\","
	"\"head_branch\":\"dev\",\"status\":\"completed\",\"conclusion\":\"success\"}]}";

static bool ci_runs_answer(int fd, const struct httpd_request *q)
{
	if (!ci_bearer(fd, q))
		return true;
	pthread_mutex_lock(&lock);
	ci.runs++;
	bool old = ci.old, limited = ci.limited, page = ci.page, fails = ci.fails;
	pthread_mutex_unlock(&lock);
	if (strcmp(q->query, "limit=20") != 0 && strcmp(q->query, "per_page=20") != 0)
		return httpd_answer(fd, "422 Unprocessable Entity", NULL, "{}");
	if (fails)
		return httpd_answer(fd, "500 Internal Server Error", NULL, "{}");
	if (page)
		return httpd_answer(fd, NULL, "Content-Type: text/html\r\n", "<html>Log in");
	if (limited)
		return httpd_answer(fd, "403 Forbidden",
		                    "X-RateLimit-Remaining: 0\r\n",
		                    "{\"message\":\"API rate limit exceeded for user\"}");
	if (old)
		return httpd_answer(fd, "404 Not Found", NULL,
		                    "{\"message\":\"not found\",\"url\":\"/api/swagger\"}");
	if (!strstr(q->path, "/ops/site/"))
		return httpd_answer(fd, NULL, NULL, "{\"workflow_runs\":[],\"total_count\":0}");
	return httpd_answer(fd, NULL, NULL, ci_list);
}

static bool ci_tasks_answer(int fd, const struct httpd_request *q)
{
	if (!ci_bearer(fd, q))
		return true;
	pthread_mutex_lock(&lock);
	ci.tasks++;
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, NULL, NULL,
	                    "{\"workflow_runs\":[{\"id\":7,\"run_number\":3,\"name\":\"test\","
	                    "\"workflow_id\":\"test.yml\",\"head_branch\":\"main\",\"status\":"
	                    "\"failure\",\"run_started_at\":\"2035-11-30T10:00:00Z\","
	                    "\"updated_at\":\"2035-11-30T10:01:00Z\"}],\"total_count\":1}");
}

static bool ci_order(int fd, const struct httpd_request *q)
{
	if (!ci_bearer(fd, q))
		return true;
	bool dispatch = strstr(q->path, "/dispatches");
	if (dispatch && strcmp(q->body, "{\"ref\":\"release/2\",\"inputs\":{}}") != 0)
		return httpd_answer(fd, "422 Unprocessable Entity", NULL, "{\"message\":\"ref\"}");
	if (!dispatch && *q->body)
		return httpd_answer(fd, "400 Bad Request", NULL, "{\"message\":\"a body\"}");
	pthread_mutex_lock(&lock);
	ci.dispatches += dispatch;
	ci.cancels += strstr(q->path, "/54/cancel") != NULL;
	ci.failed_reruns += strstr(q->path, "/53/rerun-failed-jobs") != NULL;
	ci.reruns += strstr(q->path, "/51/rerun") != NULL;
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, dispatch ? "204 No Content" : "201 Created", NULL,
	                    dispatch ? NULL : "{}");
}

#define CI_ROUTES(prefix)                                                                       \
	{ .path = prefix "/repos/ops/site/actions/runs", .method = "GET",                       \
	  .answer = ci_runs_answer },                                                           \
	{ .path = prefix "/repos/ops/api/actions/runs", .method = "GET",                        \
	  .answer = ci_runs_answer },                                                           \
	{ .path = prefix "/repos/ops/site/actions/runs/54/cancel", .method = "POST",            \
	  .answer = ci_order },                                                                 \
	{ .path = prefix "/repos/ops/site/actions/runs/53/rerun-failed-jobs", .method = "POST", \
	  .answer = ci_order },                                                                 \
	{ .path = prefix "/repos/ops/site/actions/runs/51/rerun", .method = "POST",             \
	  .answer = ci_order },                                                                 \
	{ .path = prefix "/repos/ops/site/actions/workflows/build.yml/dispatches",              \
	  .method = "POST", .answer = ci_order }
static const struct httpd_route gitea_routes[] = {
	CI_ROUTES("/api/v1"),
	{ .path = "/api/v1/repos/ops/site/actions/tasks", .method = "GET",
	  .answer = ci_tasks_answer },
	{ .path = "/api/v1/repos/ops/api/actions/tasks", .method = "GET",
	  .status = "404 Not Found", .body = "{\"message\":\"The target couldn't be found.\"}" },
	{ 0 }
};
static const struct httpd_route github_routes[] = { CI_ROUTES(""), { 0 } };

static void ci_done(const char *id, const char *verb, const char *argument)
{
	struct order *o = ordered(id, verb, argument);
	UNTIL(o->state != ORDER_RUNNING);
	if (o->state != ORDER_DONE)
		fail_msg("%s %s: %s", verb, id, o->err.text);
}

static void ci_rows_and_orders(const struct httpd_route *routes)
{
	memset(&ci, 0, sizeof(ci));
	begin(&backend_ci, routes, token);
	UNTIL(complete());
	assert_true(state("ci/box/run/ops:site-#20~54", "running"));
	assert_int_equal(at("ci/box/run/ops:site-#20~54")->row.health, HEALTH_BUSY);
	assert_true(figure("ci/box/run/ops:site-#20~54", "title", "try it"));
	assert_true(figure("ci/box/run/ops:site-#20~54", "commit", "2885990a"));
	assert_true(figure("ci/box/run/ops:site-#20~54", "by", "fred"));
	assert_true(figure("ci/box/run/ops:site-#20~54", "workflow", "build.yml"));
	assert_true(state("ci/box/run/ops:site-#19~53", "failure"));
	assert_int_equal(at("ci/box/run/ops:site-#19~53")->row.health, HEALTH_BAD);
	assert_true(why("ci/box/run/ops:site-#19~53",
	                "build.yml on main failed: fix build, 17 by fred"));
	assert_true(figure("ci/box/run/ops:site-#19~53", "for", "2m 10s"));
	/* a newer one of that branch has ended since */
	assert_int_equal(at("ci/box/run/ops:site-#18~52")->row.health, HEALTH_IDLE);
	assert_int_equal(at("ci/box/run/ops:site-#17~51")->row.health, HEALTH_GOOD);
	assert_true(figure("ci/box", "running", "1") && figure("ci/box", "failed", "1"));
	assert_int_equal(at("ci/box")->row.health, HEALTH_GOOD);
	assert_int_equal(ci.runs, 2);
	ci_done("ci/box/run/ops:site-#20~54", "cancel", NULL);
	ci_done("ci/box/run/ops:site-#19~53", "rerun", NULL);
	ci_done("ci/box/run/ops:site-#17~51", "rerun", NULL);
	ci_done("ci/box/run/ops:site-#17~51", "dispatch", "release/2");
	assert_int_equal(ci.cancels, 1);
	assert_int_equal(ci.failed_reruns, 1);
	assert_int_equal(ci.reruns, 1);
	assert_int_equal(ci.dispatches, 1);
	struct err err;
	assert_null(order_start(&at("ci/box/run/ops:site-#17~51")->row,
	                        action_find(&kind_system, "dispatch"), "a b", &err));
	assert_non_null(strstr(err.text, "is not a branch"));
	assert_null(order_start(&at("ci/box/run/ops:site-#17~51")->row,
	                        action_find(&kind_system, "cancel"), NULL, &err));
}
static void ci_of_gitea(void **unused)
{
	ci_kind = NULL;
	ci_rows_and_orders(gitea_routes);
}
static void ci_of_github(void **unused)
{
	static char github[] = "github";
	ci_kind = github;
	ci_rows_and_orders(github_routes);
	ci_kind = NULL;
}

/* --- the logs of jobs ------------------------------------------------------- */

static struct {
	bool ended, github, tokens, cut; /* tokens: one came to the other host */
	int asked_queued, asked_first, rounds;
	char where[80];      /* of the other host */
	const char *refusal; /* status and headers of the first job's log; NULL: none */
	const char *refusal_headers, *refusal_body;
} jobs;

static bool jobs_list(int fd, const struct httpd_request *q)
{
	if (!ci_bearer(fd, q))
		return true;
	pthread_mutex_lock(&lock);
	bool ended = jobs.ended;
	jobs.rounds++;
	pthread_mutex_unlock(&lock);
	char body[600];
	const char *how = ended ? "\"completed\",\"conclusion\":\"failure\""
	                        : "\"in_progress\",\"conclusion\":null";
	snprintf(body, sizeof(body),
	         "{\"total_count\":3,\"jobs\":[{\"id\":71,\"name\":\"build / arm\",\"status\":%s},"
	         "{\"id\":72,\"name\":\"test\",\"status\":\"%s\"},"
	         "{\"id\":73,\"name\":\"lint\",\"status\":\"completed\",\"conclusion\":"
	         "\"skipped\"}]}",
	         how, ended ? "cancelled" : "queued");
	return httpd_answer(fd, NULL, "Content-Type: application/json\r\n", body);
}

static bool jobs_log(int fd, const struct httpd_request *q)
{
	static const char begun[] = "\xef\xbb\xbf"
				    "2026-11-30T10:00:00.1234567Z one \x1b[31mred\r\n"
				    "without a stamp\n2026-11-30T10:00:02.0000000Z not who";
	static const char whole[] = "\xef\xbb\xbf"
				    "2026-11-30T10:00:00.1234567Z one \x1b[31mred\r\n"
				    "without a stamp\n2026-11-30T10:00:02.0000000Z not whole\n"
				    "2026-11-30T10:00:03.0000000Z ##[error]it failed";
	pthread_mutex_lock(&lock);
	bool ended = jobs.ended, other = !strncmp(q->path, "/store/", 7);
	bool elsewhere = jobs.github && !other;
	char headers[160];
	jobs.asked_queued += !ended && strstr(q->path, "/72/") != NULL;
	jobs.asked_first += strstr(q->path, "/71/") != NULL;
	const char *refusal = strstr(q->path, "/71/") ? jobs.refusal : NULL;
	jobs.tokens = jobs.tokens || (other && strcasestr(q->head, "Authorization"));
	snprintf(headers, sizeof(headers), "Location: %s/store/a%%20b?sig=secret\r\n", jobs.where);
	pthread_mutex_unlock(&lock);
	if (!other && !ci_bearer(fd, q))
		return true;
	if (refusal && refusal[0] == '2') {
		char *text = xcalloc(1, 17000001);
		memset(text, 'a', 17000000);
		httpd_answer(fd, refusal, NULL, text);
		free(text);
		return false;
	}
	if (refusal)
		return httpd_answer(fd, refusal, jobs.refusal_headers, jobs.refusal_body);
	if (!other && (!strstr(q->path, "/71/") || (elsewhere && !ended)))
		return httpd_answer(fd, "404 Not Found", NULL, "{\"message\":\"Not Found\"}");
	if (elsewhere)
		return httpd_answer(fd, "302 Found", headers, "");
	if (other && (strcmp(q->query, "sig=secret") != 0 || strcmp(q->path, "/store/a%20b") != 0))
		return httpd_answer(fd, "403 Forbidden", NULL, "signature");
	return httpd_answer(fd, NULL, "Content-Type: text/plain\r\n", ended ? whole : begun);
}

#define JOB_ROUTES(prefix)                                                             \
	{ .path = prefix "/repos/ops/site/actions/runs/54/jobs", .method = "GET",      \
	  .answer = jobs_list },                                                       \
	{ .path = prefix "/repos/ops/site/actions/jobs/*", .method = "GET",            \
	  .answer = jobs_log },                                                        \
	{ .path = "/store/*", .method = "GET", .answer = jobs_log }
static const struct httpd_route gitea_jobs[] = { CI_ROUTES("/api/v1"),
	                                         JOB_ROUTES("/api/v1"),
	                                         { 0 } };
static const struct httpd_route github_jobs[] = { CI_ROUTES(""), JOB_ROUTES(""), { 0 } };

static size_t log_has(struct log *log, const char *text)
{
	size_t n = 0;
	for (uint64_t at = log_first(log); at && at <= log_last(log); at++)
		n += !strcmp(log_get(log, at)->text, text);
	return n;
}

/* A log that is shown again is asked for at once. */
static void jobs_again(struct log *log)
{
	int before = jobs.rounds;
	log_pause(log, true);
	log_pause(log, false);
	UNTIL(jobs.rounds > before && !w.sites->first->call);
	for (int i = 0; i < 20; i++)
		loop_turn(w.loop, 10);
}

#define JOBS_RUN "ci/box/run/ops:site-#20~54"
static void jobs_begin(bool github)
{
	static char word[] = "github";
	memset(&ci, 0, sizeof(ci));
	memset(&jobs, 0, sizeof(jobs));
	ci_kind = github ? word : NULL;
	jobs.github = github;
	begin(&backend_ci, github ? github_jobs : gitea_jobs, token);
	ci_kind = NULL;
	UNTIL(complete());
}

static void jobs_of_gitea(void **unused)
{
	struct err err;
	jobs_begin(false);
	assert_true(row_has_log(&at(JOBS_RUN)->row) && !row_has_log(&at("ci/box")->row));
	assert_null(kind_system.follow(&at("ci/box")->row, NULL, &err));
	struct log *log = log_create(0);
	assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
	UNTIL(log_has(log, "without a stamp"));
	UNTIL(log_has(log, "lint: skipped, and its log is not there"));
	assert_int_equal(log_total(log), 3);
	assert_int_equal(jobs.asked_queued, 0);
	const struct log_line *first = log_get(log, log_first(log));
	assert_string_equal(first->text, "2026-11-30T10:00:00.1234567Z one red");
	assert_int_equal(first->time_us, INT64_C(1796032800123456));
	assert_string_equal(log_source_name(log, first->source),
	                    "here/system/" JOBS_RUN "/build___arm");
	jobs_again(log);
	assert_int_equal(log_total(log), 3);
	pthread_mutex_lock(&lock);
	jobs.ended = true;
	pthread_mutex_unlock(&lock);
	jobs_again(log);
	UNTIL(log_has(log, "test: cancelled, and its log is not there"));
	assert_int_equal(log_has(log, "2026-11-30T10:00:02.0000000Z not whole"), 1);
	assert_int_equal(log_has(log, "2026-11-30T10:00:03.0000000Z ##[error]it failed"), 1);
	assert_int_equal(log_has(log, "build / arm ended: failure"), 1);
	assert_int_equal(log_total(log), 7);
	UNTIL(strstr(log_status(log), "all jobs have ended"));
	int rounds = jobs.rounds;
	log_pause(log, true);
	log_pause(log, false);
	for (int i = 0; i < 20; i++)
		loop_turn(w.loop, 10);
	assert_int_equal(jobs.rounds, rounds);
	log_destroy(log);
}

/* The reason for a missing log stands in its place. The logs of later jobs follow. A log that will
 * never come is not asked for again. */
static void jobs_refused(void **unused)
{
	static const struct {
		const char *status, *headers, *line; /* NULL: it is tried again */
		int asked;
		const char *body;
	} cases[] = {
		{ "410 Gone", NULL, "build / arm: failure, and its log is not there", 1, NULL },
		{ "403 Forbidden", NULL, "build / arm: failure, and its log is refused (403)", 2,
		  NULL },
		{ "403 Forbidden", "x-ratelimit-remaining: 0\r\n", NULL, 2, NULL },
		{ "403 Forbidden", NULL, NULL, 2, "You have exceeded a secondary rate limit" },
		{ "429 Too Many Requests", NULL, NULL, 2, NULL },
		{ "200 OK", NULL,
		  "build / arm: failure, and its log is over 16 MB: not shown", 1, NULL },
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		jobs_begin(false);
		jobs.ended = true;
		jobs.refusal = cases[i].status;
		jobs.refusal_headers = cases[i].headers;
		jobs.refusal_body = cases[i].body ? cases[i].body : "{\"message\":\"no\"}";
		struct log *log = log_create(0);
		assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
		if (!cases[i].line) {
			UNTIL(strstr(log_status(log), "it is tried again"));
			assert_int_equal(log_total(log), 0);
			log_destroy(log);
			end(NULL);
			continue;
		}
		UNTIL(log_has(log, "test: cancelled, and its log is not there"));
		UNTIL(log_has(log, "lint: skipped, and its log is not there"));
		while (!strstr(log_status(log), "all jobs have ended"))
			jobs_again(log);
		assert_int_equal(log_has(log, cases[i].line), 1);
		assert_int_equal(log_total(log), 3);
		assert_int_equal(jobs.asked_first, cases[i].asked);
		log_destroy(log);
		end(NULL);
	}
}

/* mocr logs asks once: a log that is refused is said all the same. */
static void a_job_refused_without_following(void **unused)
{
	struct err err;
	jobs_begin(false);
	jobs.ended = true;
	jobs.refusal = "403 Forbidden";
	jobs.refusal_body = "no";
	struct log *log = log_create(0);
	log_set_until(log, now_wall_ms() * 1000);
	assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
	UNTIL(log_has(log, "lint: skipped, and its log is not there"));
	assert_int_equal(log_has(log, "build / arm: failure, and its log is refused (403)"), 1);
	log_destroy(log);
}

/* GitHub names another host, which never sees the token, and has the log of an ended job only. */
static void jobs_of_github(void **unused)
{
	struct err err;
	jobs_begin(true);
	struct httpd *store = httpd_start(NULL, github_jobs, NULL);
	snprintf(jobs.where, sizeof(jobs.where), "http://127.0.0.1:%d", httpd_port(store));
	struct log *log = log_create(0);
	assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
	UNTIL(log_has(log, "lint: skipped, and its log is not there"));
	assert_int_equal(log_total(log), 1);
	pthread_mutex_lock(&lock);
	jobs.ended = true;
	pthread_mutex_unlock(&lock);
	jobs_again(log);
	UNTIL(log_has(log, "2026-11-30T10:00:03.0000000Z ##[error]it failed"));
	UNTIL(log_has(log, "test: cancelled, and its log is not there"));
	assert_false(jobs.tokens);
	assert_int_equal(log_total(log), 7);
	log_destroy(log);
	/* what it refuses is said without the address, which holds a signature */
	snprintf(jobs.where, sizeof(jobs.where), "http://127.0.0.1:%d/x", httpd_port(store));
	log = log_create(0);
	assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
	UNTIL(log_has(log, "build / arm: failure, and its log is not there"));
	log_destroy(log);
	snprintf(jobs.where, sizeof(jobs.where), "http://me:pw@127.0.0.1:%d", httpd_port(store));
	log = log_create(0);
	assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
	UNTIL(strstr(log_status(log), "to an address with a user name"));
	assert_null(strstr(log_status(log), "pw"));
	log_destroy(log);
	snprintf(jobs.where, sizeof(jobs.where), "ftp://127.0.0.1");
	log = log_create(0);
	assert_non_null(kind_system.follow(&at(JOBS_RUN)->row, log, &err));
	UNTIL(strstr(log_status(log), "sends the log to no web address"));
	assert_null(strstr(log_status(log), "secret"));
	/* the section goes while the log is open */
	sections(false);
	reload();
	assert_non_null(strstr(log_status(log), "not in the configuration any more"));
	log_destroy(log);
	httpd_stop(store);
}

/* actions/runs came with 1.25. The one without Actions is said, and holds up nothing. */
static void ci_of_an_older_gitea(void **unused)
{
	memset(&ci, 0, sizeof(ci));
	ci.old = true;
	begin(&backend_ci, gitea_routes, token);
	UNTIL(at("ci/box/run/ops:site-#3~7"));
	assert_int_equal(at("ci/box/run/ops:site-#3~7")->row.health, HEALTH_BAD);
	assert_true(figure("ci/box/run/ops:site-#3~7", "workflow", "test.yml"));
	UNTIL(why("ci/box", "ops/api: "));
	assert_int_equal(at("ci/box")->row.health, HEALTH_ATTENTION);
	assert_int_equal(ci.runs, 2);
}

static bool ci_applies(const char *id, const char *verb)
{
	return action_applies_to(action_find(&kind_system, verb), &at(id)->row);
}

/* The id of a task names no run: an order would reach another one. */
static void ci_tasks_are_no_runs(void **unused)
{
	memset(&ci, 0, sizeof(ci));
	ci.old = true;
	begin(&backend_ci, gitea_routes, token);
	UNTIL(at("ci/box/run/ops:site-#3~7"));
	assert_string_equal(at("ci/box/run/ops:site-#3~7")->row.name, "ops/site #3 task 7");
	assert_false(ci_applies("ci/box/run/ops:site-#3~7", "rerun"));
	assert_true(ci_applies("ci/box/run/ops:site-#3~7", "dispatch"));
	/* a :reload asks for runs again */
	pthread_mutex_lock(&lock);
	ci.old = false;
	pthread_mutex_unlock(&lock);
	sites_configured(&w.sites->source);
	UNTIL(at("ci/box/run/ops:site-#19~53"));
	assert_null(at("ci/box/run/ops:site-#3~7"));
	assert_true(ci_applies("ci/box/run/ops:site-#19~53", "rerun"));
}

/* 404 is also the answer to a lack of rights. Runs are found again when the rights are there. */
static void ci_without_rights_for_a_while(void **unused)
{
	static char one[] = "ops/api";
	memset(&ci, 0, sizeof(ci));
	ci.old = true;
	begin(&backend_ci, gitea_routes, token);
	w.ci.repositories = one;
	UNTIL(why("ci/box", "ops/api: "));
	pthread_mutex_lock(&lock);
	ci.old = false;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(at("ci/box")->row.health == HEALTH_GOOD);
}

/* Its runs go with a repository that the section no longer names. */
static void ci_repository_goes(void **unused)
{
	static char other[] = "ops/api";
	memset(&ci, 0, sizeof(ci));
	begin(&backend_ci, gitea_routes, token);
	UNTIL(complete());
	assert_true(figure("ci/box", "failed", "1"));
	/* the settings change while a round is on its way: its answer stays that of ops/site */
	unsigned before = httpd_requests(w.httpd);
	site_poke(w.sites->first);
	UNTIL(w.sites->first->call);
	w.ci.repositories = other;
	UNTIL(httpd_requests(w.httpd) >= before + 2 && !w.sites->first->call);
	assert_non_null(at("ci/box/run/ops:site-#19~53"));
	assert_null(at("ci/box/run/ops:api-#19~53"));
	sites_configured(&w.sites->source);
	UNTIL(!at("ci/box/run/ops:site-#19~53"));
	assert_null(at("ci/box/run/ops:site-#20~54"));
	assert_true(figure("ci/box", "failed", "") && figure("ci/box", "running", ""));
}

/* No repository answers: the CI itself is in trouble, and is asked less often. */
static void ci_that_fails(void **unused)
{
	memset(&ci, 0, sizeof(ci));
	begin(&backend_ci, gitea_routes, token);
	UNTIL(complete());
	assert_int_equal(w.sites->source.state, SOURCE_LIVE);
	pthread_mutex_lock(&lock);
	ci.fails = true;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(state("ci/box", "no answer"));
	assert_true(why("ci/box", "500"));
	assert_int_equal(at("ci/box")->row.health, HEALTH_BAD);
	assert_int_equal(w.sites->source.state, SOURCE_STALE);
	assert_int_equal(w.sites->first->pause.fails, 1);
	/* a refusal is an answer */
	pthread_mutex_lock(&lock);
	ci.fails = false;
	ci.page = true;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(state("ci/box", "up") && why("ci/box", "ops/site: "));
	assert_int_equal(w.sites->source.state, SOURCE_LIVE);
}

/* Too many questions: the round ends, the rows stay, and the next try is a minute away. */
static void ci_asked_too_often(void **unused)
{
	memset(&ci, 0, sizeof(ci));
	begin(&backend_ci, gitea_routes, token);
	UNTIL(complete());
	pthread_mutex_lock(&lock);
	ci.limited = true;
	ci.runs = 0;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(why("ci/box", "was asked too often and waits"));
	for (int i = 0; i < 20; i++)
		loop_turn(w.loop, 10);
	assert_int_equal(ci.runs, 1);
	assert_non_null(at("ci/box/run/ops:site-#20~54"));
}

static void ci_refusals(void **unused)
{
	memset(&ci, 0, sizeof(ci));
	begin(&backend_ci, gitea_routes, wrong);
	UNTIL(why("ci/box", "401: Bad credentials"));
	end(NULL);
	ci.page = true;
	begin(&backend_ci, gitea_routes, token);
	UNTIL(why("ci/box", "ops/site: "));
	assert_int_equal(at("ci/box")->row.health, HEALTH_ATTENTION);
}

/* --- DNS ------------------------------------------------------------------- */

static struct {
	char value[80];
	int ttl, looks, sets, slow;
	bool gone, added, fails;
} dns;

static bool dns_lists(int fd, const struct httpd_request *q)
{
	char body[900];
	if (!bearer(fd, q, "sk-1"))
		return true;
	pthread_mutex_lock(&lock);
	bool second = strstr(q->query, "page=2");
	dns.sets += strstr(q->path, "rrsets") != NULL;
	if (!strcmp(q->path, "/v1/zones"))
		snprintf(body, sizeof(body),
		         "{\"zones\":[{\"id\":343733,\"name\":\"example.nl\",\"ttl\":3600,"
		         "\"mode\":\"primary\",\"status\":\"ok\",\"record_count\":60}]}");
	else if (second)
		snprintf(body, sizeof(body),
		         "{\"rrsets\":[{\"name\":\"@\",\"type\":\"NS\",\"ttl\":null,\"records\":"
		         "[{\"value\":\"a.ns.\"},{\"value\":\"b.ns.\"}],\"protection\":{\"change\":"
		         "true}}]}");
	else
		snprintf(body, sizeof(body), "{\"rrsets\":[%s%s%s%s%s]}",
		         dns.gone ? "" : "{\"name\":\"mc\",\"type\":\"A\",\"ttl\":300,"
		                         "\"records\":[{\"value\":\"",
		         dns.gone ? "" : dns.value, dns.gone ? "" : "\"}]}",
		         !dns.gone && dns.added ? "," : "",
		         dns.added ? "{\"name\":\"oc\",\"type\":\"A\",\"ttl\":60,\"records\":"
		                     "[{\"value\":\"192.0.2.9\"}]}"
		                   : "");
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, NULL, NULL, body);
}

static bool dns_write(int fd, const struct httpd_request *q)
{
	if (!bearer(fd, q, "sk-1"))
		return true;
	bool deletes = !strcmp(q->method, "DELETE");
	pthread_mutex_lock(&lock);
	bool good = true;
	if (deletes)
		dns.gone = true;
	else if (strstr(q->path, "/set_records"))
		good = sscanf(q->body, "{\"records\":[{\"value\":\"%79[0-9.]\"}]}", dns.value) == 1;
	else if (strstr(q->path, "/change_ttl"))
		good = sscanf(q->body, "{\"ttl\":%d}", &dns.ttl) == 1;
	else
		good = dns.added = !strcmp(q->body, "{\"name\":\"oc\",\"type\":\"A\",\"ttl\":60,"
		                                    "\"records\":[{\"value\":\"192.0.2.9\"}]}");
	pthread_mutex_unlock(&lock);
	if (!good)
		return httpd_answer(fd, "422 Unprocessable Entity", NULL,
		                    "{\"error\":{\"code\":\"invalid_input\",\"message\":"
		                    "\"body\"}}");
	return httpd_answer(fd, "201 Created", NULL,
	                    "{\"action\":{\"id\":9,\"status\":\"running\",\"error\":null}}");
}

static bool dns_action(int fd, const struct httpd_request *q)
{
	if (!bearer(fd, q, "sk-1"))
		return true;
	pthread_mutex_lock(&lock);
	dns.looks++;
	bool fails = dns.fails;
	pthread_mutex_unlock(&lock);
	return httpd_answer(fd, NULL, NULL,
	                    fails ? "{\"action\":{\"id\":9,\"status\":\"error\",\"error\":{"
	                            "\"code\":\"action_failed\","
	                            "\"message\":\"nameserver is away\"}}}"
	                          : "{\"action\":{\"id\":9,\"status\":\"success\"}}");
}

static const struct httpd_route dns_routes[] = {
	{ .path = "/v1/zones", .method = "GET", .answer = dns_lists },
	{ .path = "/v1/zones/343733/rrsets", .method = "GET", .answer = dns_lists },
	{ .path = "/v1/zones/343733/rrsets", .method = "POST", .answer = dns_write },
	{ .path = "/v1/zones/343733/rrsets/mc/A", .method = "DELETE", .answer = dns_write },
	{ .path = "/v1/zones/343733/rrsets/mc/A/actions/set_records",
	  .method = "POST",
	  .answer = dns_write },
	{ .path = "/v1/zones/343733/rrsets/mc/A/actions/change_ttl",
	  .method = "POST",
	  .answer = dns_write },
	{ .path = "/v1/actions/9", .method = "GET", .answer = dns_action },
	{ 0 }
};

#define MC "dns/box/record/mc.example.nl-A~343733"

static void dns_begin(char *with)
{
	memset(&dns, 0, sizeof(dns));
	snprintf(dns.value, sizeof(dns.value), "192.0.2.7");
	begin(&backend_dns, dns_routes, with);
}

static void dns_rows_and_orders(void **unused)
{
	struct err err;
	dns_begin(token);
	UNTIL(complete());
	w.sites->first->shown = true;
	assert_true(figure("dns/box/zone/example.nl", "records", "60"));
	assert_true(figure(MC, "value", "192.0.2.7") && figure(MC, "ttl", "300"));
	assert_true(figure("dns/box/record/example.nl-NS~343733", "value", "a.ns. ; b.ns."));
	const struct action *delete = action_find(&kind_system, "delete");
	assert_false(action_applies_to(delete, &at("dns/box/record/example.nl-NS~343733")->row));
	/* the old value is in what is confirmed and kept */
	struct order *o = ordered(MC, "change", "192.0.2.8 ttl=120");
	assert_non_null(strstr(o->command, "set_records; now: 192.0.2.7, ttl 300"));
	UNTIL(o->state != ORDER_RUNNING);
	assert_int_equal(o->state, ORDER_DONE);
	assert_string_equal(dns.value, "192.0.2.8");
	assert_int_equal(dns.ttl, 120);
	UNTIL(figure(MC, "value", "192.0.2.8"));
	ci_done("dns/box/zone/example.nl", "add", "oc a 192.0.2.9 ttl=60");
	UNTIL(at("dns/box/record/oc.example.nl-A~343733"));
	o = ordered(MC, "delete", NULL);
	assert_non_null(strstr(o->command, "DELETE /v1/zones/343733/rrsets/mc/A; now: 192.0.2.8"));
	UNTIL(!at(MC));
	const struct action *add = action_find(&kind_system, "add");
	assert_null(order_start(&at("dns/box/zone/example.nl")->row, add, "OC A 1", &err));
	assert_null(order_start(&at("dns/box/zone/example.nl")->row, add, "oc Q 1", &err));
	assert_null(order_start(&at("dns/box/zone/example.nl")->row, add, "oc A", &err));
	assert_non_null(strstr(err.text, "there is no value"));
}

/* The write was taken, and failed afterwards. */
static void dns_that_fails_later(void **unused)
{
	dns_begin(token);
	dns.fails = true;
	UNTIL(complete());
	struct order *o = ordered(MC, "change", "192.0.2.8");
	UNTIL(o->state != ORDER_RUNNING);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "nameserver is away"));
}

static void dns_rests_when_hidden(void **unused)
{
	dns_begin(token);
	UNTIL(complete());
	int sets = dns.sets;
	unsigned before = httpd_requests(w.httpd);
	site_poke(w.sites->first);
	UNTIL(httpd_requests(w.httpd) == before + 1);
	for (int i = 0; i < 20; i++)
		loop_turn(w.loop, 10);
	assert_int_equal(dns.sets, sets);
	assert_non_null(at(MC));
}

static void dns_with_a_wrong_token(void **unused)
{
	dns_begin(wrong);
	UNTIL(why("dns/box", "rejects the token (401"));
	assert_int_equal(at("dns/box")->row.health, HEALTH_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(budget_of_the_key, end),
		cmocka_unit_test_teardown(budget_of_all_providers, end),
		cmocka_unit_test_teardown(no_database, end),
		cmocka_unit_test_teardown(budget_of_the_section, end),
		cmocka_unit_test_teardown(block_and_unblock, end),
		cmocka_unit_test_teardown(a_wrong_key, end),
		cmocka_unit_test_teardown(without_a_key, end),
		cmocka_unit_test_teardown(one_that_hangs, end),
		cmocka_unit_test_teardown(models_and_orders, end),
		cmocka_unit_test_teardown(lists_rest_when_hidden, end),
		cmocka_unit_test_teardown(pulls, end),
		cmocka_unit_test_teardown(an_old_one, end),
		cmocka_unit_test_teardown(grafana_alerts, end),
		cmocka_unit_test_teardown(grafana_without_a_token, end),
		cmocka_unit_test_teardown(ci_of_gitea, end),
		cmocka_unit_test_teardown(ci_of_github, end),
		cmocka_unit_test_teardown(jobs_of_gitea, end),
		cmocka_unit_test_teardown(jobs_of_github, end),
		cmocka_unit_test(jobs_refused),
		cmocka_unit_test_teardown(a_job_refused_without_following, end),
		cmocka_unit_test_teardown(ci_of_an_older_gitea, end),
		cmocka_unit_test_teardown(ci_tasks_are_no_runs, end),
		cmocka_unit_test_teardown(ci_without_rights_for_a_while, end),
		cmocka_unit_test_teardown(ci_repository_goes, end),
		cmocka_unit_test_teardown(ci_that_fails, end),
		cmocka_unit_test_teardown(ci_asked_too_often, end),
		cmocka_unit_test_teardown(ci_refusals, end),
		cmocka_unit_test_teardown(dns_rows_and_orders, end),
		cmocka_unit_test_teardown(dns_that_fails_later, end),
		cmocka_unit_test_teardown(dns_rests_when_hidden, end),
		cmocka_unit_test_teardown(dns_with_a_wrong_token, end),
		cmocka_unit_test(small_ones),
		cmocka_unit_test(n8n_readiness),
		cmocka_unit_test_teardown(cadvisor_shows_containers, end),
		cmocka_unit_test(none_of_them),
		cmocka_unit_test(ill_answers),
		cmocka_unit_test(sections_go_and_come),
		cmocka_unit_test(one_of_two_sections_goes),
		cmocka_unit_test_teardown(what_was_left_out_goes_with_its_section, end),
		cmocka_unit_test_teardown(a_section_goes_while_its_order_runs, end),
		cmocka_unit_test_teardown(the_other_row_counts_when_alertmanager_goes, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
