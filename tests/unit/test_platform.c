/* What web platforms have in common, by a small platform of its own against a server on loopback:
 * rounds, their waits and states, orders of many calls, deployments to their end, the journal. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/servers/server.h"
#include "backends/apps/journal.h"
#include "backends/apps/platform.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/log.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "tests/unit/httpd.h"

/* --- the server: what each path answers, and how often it was asked ------ */

static struct route {
	const char *path;
	int status;
	char body[200];
	int asked;
} routes[] = {
	{ .path = "/api/version" }, { .path = "/api/list" },   { .path = "/api/more" },
	{ .path = "/api/one" },     { .path = "/api/deploy" }, { .path = "/api/deployments" },
	{ .path = "/api/log" },
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int port;

static struct route *route(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	fail_msg("no route %s", path);
	return NULL;
}

static void answers(const char *path, int status, const char *body)
{
	struct route *r = route(path);
	pthread_mutex_lock(&lock);
	r->status = status;
	snprintf(r->body, sizeof(r->body), "%s", body);
	pthread_mutex_unlock(&lock);
}

static int asked(const char *path)
{
	pthread_mutex_lock(&lock);
	int n = route(path)->asked;
	pthread_mutex_unlock(&lock);
	return n;
}

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char in[4096], out[2000], path[100];
	ssize_t n;
	while ((n = recv(fd, in, sizeof(in) - 1, 0)) > 0) {
		in[n] = '\0';
		if (sscanf(in, "%*s %99[^ ?]", path) != 1)
			break;
		pthread_mutex_lock(&lock);
		struct route *r = route(path);
		r->asked++;
		snprintf(out, sizeof(out), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s",
		         r->status, strlen(r->body), r->body);
		bool silent = !r->status;
		pthread_mutex_unlock(&lock);
		if (!silent)
			send(fd, out, strlen(out), MSG_NOSIGNAL);
	}
	close(fd);
	return NULL;
}

static void *serve(void *arg)
{
	int fd;
	pthread_t t;
	while ((fd = accept((int)(intptr_t)arg, NULL, NULL)) >= 0) {
		pthread_create(&t, NULL, serve_one, (void *)(intptr_t)fd);
		pthread_detach(t);
	}
	return NULL;
}

static int start_server(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	pthread_t t;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&sin, len) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&sin, &len))
		return -1;
	port = ntohs(sin.sin_port);
	return pthread_create(&t, NULL, serve, (void *)(intptr_t)fd);
}

/* --- the platform: a list is "NAME NAME...", each name its own id -------- */

static int more_seen;
static char asked_about[APP_ID_SIZE]; /* id of the row that was asked about last */

static bool tiny_take_version(struct site *s, const char *ref, const char *text, size_t len,
                              struct err *err)
{
	snprintf(s->version, sizeof(s->version), "%.*s", (int)len, text);
	return true;
}

static bool tiny_take_list(struct site *s, const char *ref, const char *text, size_t len,
                           struct err *err)
{
	char copy[200], *rest = copy, *name;
	if (text[0] == '!')
		return err_set(err, ERR_GARBLED, "its list is no list");
	site_answered(s);
	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	while ((name = strsep(&rest, " ")))
		app_settle(site_app(s, "p", NULL, name, name), HEALTH_GOOD, NULL);
	app_sweep(s->source, s, s->round);
	return true;
}

static bool tiny_take_more(struct site *s, const char *ref, const char *text, size_t len,
                           struct err *err)
{
	more_seen++;
	return true;
}

static bool tiny_take_one(struct site *s, const char *ref, const char *text, size_t len,
                          struct err *err)
{
	snprintf(site_app_by_ref(s, ref)->image, 160, "%.*s", (int)len, text);
	return true;
}

static bool tiny_is_due(const struct site *s, const struct app *a)
{
	return !a->asked_round;
}

static char *tiny_about(const struct app *a, const char **what)
{
	*what = "one";
	snprintf(asked_about, sizeof(asked_about), "%s", a->ref);
	return platform_path("/one?id=", a->ref, "");
}

static void tiny_asked(struct job *j, const struct api_answer *r)
{
	if (r->err.code)
		job_end(j, &r->err, NULL);
	else
		rollout_follow((struct rollout *)j);
}

static void tiny_run(struct order *order, struct app *a, enum app_do what)
{
	struct rollout *r = job_begin(a->instance, order, sizeof(*r), "deploy");
	if (!r)
		return;
	rollout_begin(r, a->ref);
	snprintf(r->before, sizeof(r->before), "old");
	job_call(&r->job, "POST", "/deploy", "{}", tiny_asked);
}

static bool tiny_can(const struct app *a, enum app_do what)
{
	return !a->is_platform && what == APP_DEPLOY;
}

static void tiny_command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	snprintf(buf, size, "deploy %s", a->ref);
}

static char *tiny_deployment_path(const struct rollout *r)
{
	return xstrdup("/deployments");
}

/* "ID STATE" */
static bool tiny_deployment_read(const struct rollout *r, const char *text, size_t len,
                                 struct app_deployment *list, size_t *n, struct err *err)
{
	list[0] = (struct app_deployment){ .id = "" };
	if (sscanf(text, "%79s %23s", list[0].id, list[0].state) != 2)
		return err_set(err, ERR_GARBLED, "no deployment");
	list[0].health = HEALTH_BUSY;
	if (!strcmp(list[0].state, "done"))
		list[0].health = HEALTH_GOOD;
	else if (!strcmp(list[0].state, "failed"))
		list[0].health = HEALTH_BAD;
	*n = 1;
	return true;
}

static char *tiny_log_path(struct site_log *l)
{
	return xstrdup("/log");
}

static void tiny_log_read(struct site_log *l, const struct api_answer *r)
{
	app_log_take(l->log, r->body, r->len, false, NULL);
}

static const struct platform platform_tiny = {
	.app = { .name = "Tiny", .can = tiny_can, .command = tiny_command, .run = tiny_run },
	.product = "Tiny",
	.section = "coolify",
	PLATFORM_SECTION(coolifys, platform_config),
	.prefix = "/api",
	.steps = (const struct platform_step[]){ { "version", "/version", STEP_ONCE,
	                                           tiny_take_version },
	                                         { "list", "/list", STEP_MUST, tiny_take_list },
	                                         { "more", "/more", 0, tiny_take_more },
	                                         { "one", NULL, 0, tiny_take_one },
	                                         { .what = NULL } },
	.shown_ms = 30,
	.hidden_ms = 60,
	.retry_ms = 40,
	.poll_ms = 20,
	.begin_ms = 100000,
	.is_due = tiny_is_due,
	.about = tiny_about,
	.deployment_path = tiny_deployment_path,
	.deployment_read = tiny_deployment_read,
	.log_path = tiny_log_path,
	.log_read = tiny_log_read,
};
static const struct backend backend_tiny = PLATFORM_BACKEND("tiny", platform_tiny);

/* --- the world ----------------------------------------------------------- */

struct world {
	struct platform_config config;
	struct settings settings;
	struct loop *loop;
	struct http *http;
	struct store *store;
	struct server *server;
	struct sites *sites;
	char dir[40], url[60];
};

static void on_link(struct link *l, void *arg) {}

static int make_world(void **state)
{
	static const struct link_events events = { .changed = on_link };
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/mocr-platform-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		answers(routes[i].path, 200, "x");
	answers("/api/list", 200, "one two");
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		routes[i].asked = 0;
	more_seen = 0;
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", port);
	w->config = (struct platform_config){ .name = "box", .url = w->url };
	w->settings = (struct settings){ .state_dir = w->dir, .coolifys = &w->config };
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->store = store_create(w->loop, w->http, &w->settings);
	w->server = server_add(w->store, "here");
	w->server->is_local = true;
	w->server->link = link_create_local(w->loop, "here", &events, NULL);
	link_connect(w->server->link);
	for (int i = 0; i < 100 && w->server->link->state != LINK_UP; i++)
		loop_turn(w->loop, 10);
	w->sites = xcalloc(1, sizeof(*w->sites));
	w->sites->source = (struct source){ .backend = &backend_tiny,
		                            .store = w->store,
		                            .server = w->server };
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	char path[80];
	sites_finish(&w->sites->source);
	w->sites->first = NULL;
	for (struct row *r; (r = store_first(w->store, &kind_app, w->server));)
		store_row_remove(r);
	store_destroy(w->store);
	http_destroy(w->http);
	loop_turn(w->loop, 0);
	loop_destroy(w->loop);
	static const char *const files[] = { "things", "portals", "activity.jsonl", "" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
		remove(path);
	}
	free(w->sites);
	free(w);
	return 0;
}

#define UNTIL(w, condition)                                                                      \
	do {                                                                                     \
		for (int64_t end_ = now_mono_ms() + 8000; !(condition) && now_mono_ms() < end_;) \
			loop_turn((w)->loop, 10);                                                \
		if (!(condition))                                                                \
			fail_msg("never so: %s; the source says: %s", #condition,                \
			         (w)->sites->source.err.text);                                   \
	} while (0)

static struct app *app_at(struct world *w, const char *id)
{
	return ROW_AS(app, store_find(w->store, id));
}

/* --- rounds -------------------------------------------------------------- */

/* A long id is asked about whole: cut, it would be the id of no row, or of another one. */
static void a_long_id(void **state)
{
	struct world *w = *state;
	char name[190], id[220];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(id, sizeof(id), "here/app/box/p/%s", name);
	assert_true(strlen(id) > 199);
	answers("/api/list", 200, name);
	answers("/api/one", 200, "an image");
	sites_up(&w->sites->source);
	UNTIL(w, app_at(w, id) && !strcmp(app_at(w, id)->image, "an image"));
	assert_string_equal(asked_about, name);
}

static void a_round(void **state)
{
	struct world *w = *state;
	struct source *s = &w->sites->source;
	answers("/api/version", 200, "1.2");
	/* a step that may be missing */
	answers("/api/more", 403, "{\"message\":\"not with this token\"}");
	answers("/api/one", 200, "image:1");
	sites_up(s);
	UNTIL(w, s->state == SOURCE_LIVE);
	assert_string_equal(app_at(w, "here/app/box")->state, "1.2");
	assert_string_equal(app_at(w, "here/app/box/p/one")->image, "image:1");
	assert_string_equal(app_at(w, "here/app/box/p/two")->image, "image:1");
	assert_string_equal(s->detail, "Tiny 1.2 box");
	answers("/api/list", 200, "two");
	UNTIL(w, !app_at(w, "here/app/box/p/one"));
	UNTIL(w, asked("/api/list") >= 4);
	assert_int_equal(asked("/api/version"), 1);
	assert_int_equal(asked("/api/one"), 2);
	assert_int_equal(more_seen, 0);
	assert_true(asked("/api/more") >= 2);
}

/* Each fails in its own way; rows stay; it comes back by itself. */
static void rounds_that_fail(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum source_state state;
		const char *words;
	} rows[] = {
		{ 200, "!", SOURCE_STALE, "Tiny box: its list is no list" },
		{ 500, "{\"message\":\"out of memory\"}", SOURCE_STALE,
		  "failed at GET /api/list (500): out of memory" },
		{ 403, "{\"message\":\"no\"}", SOURCE_DENIED, "wants a token (403: no)" },
	};
	struct world *w = *state;
	struct source *s = &w->sites->source;
	sites_up(s);
	UNTIL(w, s->state == SOURCE_LIVE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int more = asked("/api/more");
		answers("/api/list", rows[i].status, rows[i].body);
		UNTIL(w, s->state == rows[i].state && strstr(s->err.text, rows[i].words));
		assert_non_null(app_at(w, "here/app/box/p/two"));
		assert_int_equal(app_at(w, "here/app/box")->row.health, HEALTH_BAD);
		int list = asked("/api/list");
		UNTIL(w, asked("/api/list") > list);
		assert_true(asked("/api/more") <= more + 1); /* the round ends there */
		answers("/api/list", 200, "one two");
		UNTIL(w, s->state == SOURCE_LIVE);
		assert_int_equal(app_at(w, "here/app/box")->row.health, HEALTH_GOOD);
	}
}

/* Each failure doubles the pause, up to six times the first: 40, 80, 160, 240 ms. */
static void waits_grow(void **state)
{
	struct world *w = *state;
	answers("/api/list", 500, "x");
	sites_up(&w->sites->source);
	UNTIL(w, w->sites->first->pause.fails == 1);
	assert_int_equal(w->sites->source.state, SOURCE_FAILED);
	int64_t began = now_mono_ms();
	UNTIL(w, w->sites->first->pause.fails == 5);
	assert_true(now_mono_ms() - began >= 40 + 80 + 160 + 240);
}

static void nobody_there(void **state)
{
	struct world *w = *state;
	w->config.url = "http://127.0.0.1:1";
	sites_up(&w->sites->source);
	UNTIL(w, w->sites->source.state == SOURCE_FAILED);
	assert_non_null(
		strstr(w->sites->source.err.text, "Tiny box: here: connecting to 127.0.0.1:1"));
	w->config.url = "nonsense";
	sites_finish(&w->sites->source);
	w->sites->first = NULL;
	sites_up(&w->sites->source);
	assert_non_null(strstr(w->sites->source.err.text, "[coolify box]: url must read"));
}

/* --- orders -------------------------------------------------------------- */

static struct order *deploy(struct world *w)
{
	struct err err;
	sites_up(&w->sites->source);
	UNTIL(w, w->sites->source.state == SOURCE_LIVE);
	struct order *o = order_start(store_find(w->store, "here/app/box/p/one"),
	                              action_find(&kind_app, "deploy"), NULL, &err);
	if (!o)
		fail_msg("%s", err.text);
	return o;
}

static void a_deployment(void **state)
{
	struct world *w = *state;
	answers("/api/deployments", 200, "old done");
	struct order *o = deploy(w);
	UNTIL(w, strstr(o->progress, "waiting in its queue"));
	answers("/api/deployments", 500, "x");
	/* a look that fails does not end it */
	UNTIL(w, strstr(o->progress, "500"));
	answers("/api/deployments", 200, "new in_progress");
	UNTIL(w, strstr(o->progress, "deploy: in progress"));
	assert_string_equal(app_last(app_at(w, "here/app/box/p/one"))->id, "new");
	answers("/api/deployments", 200, "new done");
	UNTIL(w, o->state == ORDER_DONE);
	assert_non_null(strstr(o->output, "deployed within"));
	assert_int_equal(asked("/api/deploy"), 1);
	assert_null(w->sites->first->jobs);
}

static void a_deployment_that_fails(void **state)
{
	struct world *w = *state;
	answers("/api/deployments", 200, "new failed");
	struct order *o = deploy(w);
	UNTIL(w, o->state == ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "the deployment failed after"));
}

static void the_link_goes_while_it_deploys(void **state)
{
	struct world *w = *state;
	answers("/api/deployments", 200, "new busy");
	struct order *o = deploy(w);
	UNTIL(w, strstr(o->progress, "busy"));
	site_close(w->sites->first, "the link was lost");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_string_equal(o->err.text, "Tiny box: the link was lost");
	struct err err;
	o = order_start(store_find(w->store, "here/app/box/p/one"),
	                action_find(&kind_app, "deploy"), NULL, &err);
	assert_non_null(o);
	assert_string_equal(o->err.text, "Tiny box is not connected");
}

/* --- :reload -------------------------------------------------------------- */

static void its_section_goes_while_it_deploys(void **state)
{
	struct world *w = *state;
	struct source *s = &w->sites->source;
	answers("/api/deployments", 200, "new busy");
	struct order *o = deploy(w);
	UNTIL(w, strstr(o->progress, "busy"));
	sites_configured(s); /* nothing changed: the order goes on */
	assert_int_equal(o->state, ORDER_RUNNING);
	w->settings.coolifys = NULL;
	sites_configured(s);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "Tiny box: its section is no longer in the"));
	assert_int_equal(store_count(w->store, &kind_app, NULL), 0);
	assert_int_equal(s->state, SOURCE_ABSENT);
	/* the section comes back, on the same connection */
	w->settings.coolifys = &w->config;
	sites_configured(s);
	UNTIL(w, s->state == SOURCE_LIVE && app_at(w, "here/app/box/p/one"));
}

static void its_section_has_another_address(void **state)
{
	struct world *w = *state;
	struct source *s = &w->sites->source;
	sites_up(s);
	UNTIL(w, s->state == SOURCE_LIVE);
	w->config.url = (char *)"http://127.0.0.1:9";
	sites_configured(s);
	UNTIL(w, s->state == SOURCE_STALE && strstr(s->err.text, "Tiny box"));
	w->config.url = w->url;
	sites_configured(s);
	UNTIL(w, s->state == SOURCE_LIVE);
	assert_non_null(app_at(w, "here/app/box/p/one"));
}

/* A portal that streams the progress of its stack without end. */
static bool streams(int fd, const struct httpd_request *r)
{
	return httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
	                     "event: progress\ndata: {\"status\":\"deploying\",\"progress\":42,"
	                     "\"currentStep\":\"Deploying\"}\n\n") &&
	       httpd_pause(fd, 60000);
}

static const struct httpd_route platforms[] = {
	{ .path = "/api/check/*", .body = "{\"available\":true,\"valid\":true}" },
	{ .path = "/api/deploy",
	  .body = "{\"deploymentId\":\"dep_1\",\"url\":\"https://a.example\"}" },
	{ .path = "/api/status/*", .answer = streams },
	{ .path = "/*", .raw = "", .delay_ms = 60000 },
	{ 0 },
};

/* Orders of the real platforms: the portal streams, the others wait for the first answer. */
static void every_platform_ends_orders_of_a_section_that_goes(void **state)
{
	static const char tree[] =
		"[{\"projectId\":\"p1\",\"name\":\"shop\",\"applications\":[{\"applicationId\":"
		"\"a1\",\"name\":\"web\",\"applicationStatus\":\"done\"}]}]";
	static const char list[] = "[{\"uuid\":\"a1\",\"name\":\"relay\",\"type\":"
				   "\"application\",\"status\":\"running:healthy\"}]";
	static const struct {
		const char *name, *what, *feed, *row, *verb, *argument, *progress;
	} rows[] = {
		{ "portal", "box\thealth", "{\"status\":\"healthy\",\"version\":\"1\"}",
		  "here/app/box", "new stack", "blue-2", "Deploying" },
		{ "coolify", "box\tresources", list, "here/app/box/relay", "deploy", NULL, "" },
		{ "dokploy", "box\ttree", tree, "here/app/box/shop/web", "deploy", NULL, "" },
	};
	struct world *w = *state;
	struct httpd *h = httpd_start(NULL, platforms, NULL);
	char url[60];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", httpd_port(h));
	struct dokploy_config dokploy = { .name = (char *)"box", .url = url };
	w->config.url = url;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct source *s = server_source(w->server, rows[i].name);
		struct err err;
		w->settings.coolifys = strcmp(rows[i].name, "coolify") ? NULL : &w->config;
		w->settings.portals = strcmp(rows[i].name, "portal") ? NULL : &w->config;
		w->settings.dokploys = strcmp(rows[i].name, "dokploy") ? NULL : &dokploy;
		sites_up(s);
		source_feed(s, rows[i].what, rows[i].feed, strlen(rows[i].feed));
		struct row *row = store_find(w->store, rows[i].row);
		assert_non_null(row);
		struct order *o = order_start(row, action_find(&kind_app, rows[i].verb),
		                              rows[i].argument, &err);
		assert_non_null(o);
		unsigned before = httpd_requests(h);
		UNTIL(w, httpd_requests(h) > before && strstr(o->progress, rows[i].progress));
		assert_int_equal(o->state, ORDER_RUNNING);
		w->settings.coolifys = w->settings.portals = NULL;
		w->settings.dokploys = NULL;
		sites_configured(s);
		assert_int_equal(o->state, ORDER_FAILED);
		assert_non_null(strstr(o->err.text, "its section is no longer in the"));
		assert_int_equal(store_count(w->store, &kind_app, NULL), 0);
	}
	httpd_stop(h);
}

/* The same name in two sections: each has its ids, whichever is heard of first. */
static void ids_of_one_name_do_not_depend_on_who_answers_first(void **state)
{
	static const char *const orders[][2] = { { "dokploy", "coolify" },
		                                 { "coolify", "dokploy" } };
	static const char tree[] =
		"[{\"projectId\":\"p1\",\"name\":\"shop\",\"applications\":[{\"applicationId\":"
		"\"a1\",\"name\":\"web\",\"applicationStatus\":\"done\"}]}]";
	static const char list[] = "[{\"uuid\":\"a1\",\"name\":\"web\",\"type\":"
				   "\"application\",\"status\":\"running:healthy\"}]";
	struct world *w = *state;
	struct dokploy_config dokploy = { .name = (char *)"box", .url = w->url };
	w->settings.dokploys = &dokploy;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		for (size_t k = 0; k < 2; k++) {
			bool first = !strcmp(orders[i][k], "dokploy");
			struct source *s = server_source(w->server, orders[i][k]);
			source_feed(s, "box\tversion", "\"1.2\"", 5);
			source_feed(s, first ? "box\ttree" : "box\tresources", first ? tree : list,
			            strlen(first ? tree : list));
		}
		struct row *dok = store_find(w->store, "here/app/box/shop/web"),
			   *cool = store_find(w->store, "here/app/coolify:box/web");
		assert_non_null(dok);
		assert_non_null(cool);
		assert_string_equal(app_of(cool)->section, "box");
		assert_string_equal(store_find(w->store, "here/app/box")->source->backend->name,
		                    "dokploy");
		assert_non_null(store_find(w->store, "here/app/coolify:box"));
		for (struct row *r; (r = store_first(w->store, &kind_app, w->server));)
			store_row_remove(r);
	}
	w->settings.dokploys = NULL;
}

/* A question for the log is on its way when the connection goes: nothing of it is used again. */
static void the_link_goes_while_a_log_is_asked(void **state)
{
	struct world *w = *state;
	struct err err;
	struct log *log = log_create(1 << 20);
	answers("/api/log", 0, "");
	sites_up(&w->sites->source);
	UNTIL(w, w->sites->source.state == SOURCE_LIVE);
	struct app *a = app_at(w, "here/app/box/p/one");
	app_set_deployments(a, &(struct app_deployment){ .id = "d1", .health = HEALTH_BUSY }, 1);
	struct follow *f = site_follow(a, log, &err);
	assert_non_null(f);
	UNTIL(w, asked("/api/log") == 1);
	site_close(w->sites->first, "the link was lost");
	assert_true(log_last(log) > 0); /* and the log says so */
	for (int i = 0; i < 5; i++)
		loop_turn(w->loop, 5);
	log_destroy(log);
}

/* --- the journal --------------------------------------------------------- */

struct read {
	size_t n;
	struct journal_line last;
};

static void on_line(const struct journal_line *l, void *arg)
{
	struct read *r = arg;
	r->n++;
	r->last = *l;
}

static struct read lines_of(const struct site *s)
{
	struct read r = { .n = 0 };
	journal_read(s, "things", on_line, &r);
	return r;
}

static void the_journal(void **state)
{
	struct world *w = *state;
	struct site a = { .source = &w->sites->source, .name = "box" },
		    b = { .source = &w->sites->source, .name = "boxer" };
	struct journal_line two[2] = { { .word = { "x", "", "z" } }, { .word = { "y" } } };
	char path[80];
	assert_int_equal(lines_of(&a).n, 0);
	assert_true(journal_add(&a, "things", &two[0]));
	assert_true(journal_add(&b, "things", &two[1]));
	assert_true(journal_add(&a, "things", &two[1]));
	assert_int_equal(lines_of(&a).n, 2);
	assert_int_equal(lines_of(&b).n, 1);
	assert_true(journal_replace(&a, "things", two, 1));
	struct read r = lines_of(&a);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.last.word[0], "x");
	assert_string_equal(r.last.word[1], "");
	assert_string_equal(r.last.word[2], "z");
	assert_int_equal(lines_of(&b).n, 1); /* others' lines stay */
	snprintf(path, sizeof(path), "%s/things", w->dir);
	FILE *f = fopen(path, "a");
	fprintf(f, "box\tq\x1b[31m\t1\t2\t3\t4\t5\t6\nbox\nhalf");
	fclose(f);
	r = lines_of(&a);
	assert_int_equal(r.n, 2); /* "box" alone and half a line are none */
	assert_null(strchr(r.last.word[0], '\x1b'));
	assert_string_equal(r.last.word[4], "4");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		T(a_round),
		T(a_long_id),
		T(rounds_that_fail),
		T(waits_grow),
		T(nobody_there),
		T(a_deployment),
		T(a_deployment_that_fails),
		T(the_link_goes_while_it_deploys),
		T(its_section_goes_while_it_deploys),
		T(its_section_has_another_address),
		T(every_platform_ends_orders_of_a_section_that_goes),
		T(ids_of_one_name_do_not_depend_on_who_answers_first),
		T(the_link_goes_while_a_log_is_asked),
		T(the_journal),
	};
	return cmocka_run_group_tests(tests, start_server, NULL);
}
