/* Newer images: names and digests as parsed, and a strict engine that counts how often its registry
 * is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/engine.h"
#include "backends/containers/updates.h"
#include "backends/servers/server.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "httpd.h"
#include "turns.h"

#define HEX(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define OLD "sha256:" HEX("1b")
#define NEW "sha256:" HEX("aa")
#define IMAGE_ID "sha256:" HEX("d3")

/* --- parsing -------------------------------------------------------------- */

static void test_names(void **state)
{
	assert_true(image_has_tag("nginx"));
	assert_true(image_has_tag("127.0.0.1:5000/lab/app:1"));
	assert_true(image_has_tag("ghcr.io/Berri_AI/litellm:main-v1.81.3"));
	static const char *const none[] = { NULL, "", IMAGE_ID, "nginx@" OLD, "b372152864e2",
		                            "../x", "a//b", "a b", "a?x=1", "a%2e", "-x" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(image_has_tag(none[i]));
}

static void test_digests(void **state)
{
	struct image_digests d;
	struct err err;
	static const char json[] = "{\"Id\":\"x\",\"RepoDigests\":[\"other@" NEW
				   "\",\"127.0.0.1:5000/lab/app@" OLD "\",\"bad@sha256:12\",7]}";
	assert_true(image_digests_parse(&d, json, strlen(json), &err));
	assert_int_equal(d.n, 2);
	assert_string_equal(image_digest_of(&d, "127.0.0.1:5000/lab/app:1"), OLD);
	assert_string_equal(image_digest_of(&d, "127.0.0.1:5000/lab/ap:1"), NEW);
	assert_true(image_digests_have(&d, OLD));
	assert_false(image_digests_have(&d, "sha256:" HEX("cc")));
	assert_false(image_digests_parse(&d, "[]", 2, &err));
	char digest[DIGEST_SIZE];
	static const char lies[] = "{\"Descriptor\":{\"digest\":\"sha256:../../x\"}}";
	assert_false(registry_digest_parse(digest, lies, strlen(lies), &err));
	assert_string_equal(digest, "");
}

static void test_a_line_of_the_file(void **state)
{
	struct image_news news = { .image = "app:1", .id = IMAGE_ID, .digest = OLD,
		                   .registry = NEW, .asked_ms = 1796045574878 }, back;
	struct buf line = { 0 };
	char place[100];
	image_news_write(&news, "sese docker", &line);
	assert_true(image_news_read(&back, place, sizeof(place), line.data, line.len));
	assert_string_equal(place, "sese docker");
	assert_memory_equal(&back, &news, sizeof(news));
	assert_false(image_news_read(&back, place, sizeof(place), line.data, line.len / 2));
	buf_finish(&line);
}

/* --- the engine ----------------------------------------------------------- */

static char dir[] = "/tmp/mocr-updates-XXXXXX", path[64];
static int registry_asked, registry_status; /* status 0: the digest */
static const char *registry_has = NEW, *image_has = OLD, *image_id = IMAGE_ID, *app_id = "abc0";

static bool on_registry(int fd, const struct httpd_request *r)
{
	char body[300];
	__atomic_add_fetch(&registry_asked, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&registry_status, __ATOMIC_SEQ_CST))
		return httpd_answer(fd, "429 Too Many Requests", NULL,
		                    "{\"message\":\"toomanyrequests: You have reached your pull "
		                    "rate limit\"}");
	snprintf(body, sizeof(body), "{\"Descriptor\":{\"digest\":\"%s\",\"size\":527}}",
	         registry_has);
	return httpd_answer(fd, "200 OK", NULL, body);
}

static bool on_image(int fd, const struct httpd_request *r)
{
	char body[400];
	bool known = strstr(r->path, image_id) != NULL;
	snprintf(body, sizeof(body), "{\"Id\":\"%s\",\"RepoDigests\":[\"lab/app@%s\"]}", image_id,
	         image_has);
	return httpd_answer(fd, known ? "200 OK" : "404 Not Found", NULL,
	                    known ? body : "{\"message\":\"No such image\"}");
}

static bool on_list(int fd, const struct httpd_request *r)
{
	char body[600];
	snprintf(body, sizeof(body),
	         "[{\"Id\":\"%s\",\"Names\":[\"/app\"],\"State\":\"running\",\"Status\":\"Up 2 "
	         "hours\",\"Image\":\"lab/app:1\",\"ImageID\":\"%s\"},"
	         "{\"Id\":\"abc1\",\"Names\":[\"/fixed\"],\"State\":\"running\",\"Status\":\"Up 2 "
	         "hours\",\"Image\":\"lab/app@%s\",\"ImageID\":\"%s\"}]",
	         app_id, image_id, OLD, IMAGE_ID);
	return httpd_answer(fd, "200 OK", NULL, body);
}

static bool on_one(int fd, const struct httpd_request *r)
{
	char body[400];
	snprintf(body, sizeof(body),
	         "{\"Id\":\"%s\",\"Image\":\"%s\",\"State\":{\"Status\":\"running\"},"
	         "\"Config\":{\"Image\":\"lab/app:1\"}}",
	         app_id, image_id);
	return httpd_answer(fd, "200 OK", NULL, body);
}

static const struct httpd_route routes[] = {
	{ .path = "/_ping", .headers = "Api-Version: 1.41\r\nServer: Docker/20.10\r\n",
	  .body = "OK" },
	{ .path = "/v1.41/events", .raw = "HTTP/1.1 200 OK\r\n\r\n", .delay_ms = 0 },
	{ .path = "/v1.41/containers/json", .method = "GET", .answer = on_list },
	{ .path = "/v1.41/containers/abc0/json", .method = "GET", .answer = on_one },
	{ .path = "/v1.41/containers/abc9/json", .method = "GET", .answer = on_one },
	{ .path = "/v1.41/images/*", .method = "GET", .answer = on_image },
	{ .path = "/v1.41/distribution/lab/app:1/json", .method = "GET", .answer = on_registry },
	{ 0 }
};

static size_t endpoints_here(const struct source *s, struct endpoint *endpoints, char *buf,
                             size_t size)
{
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = path };
	return 1;
}
static const struct engine_param param = { .cli = "docker",
	                                   .title = "Docker",
	                                   .endpoints = endpoints_here };

struct world {
	struct httpd *httpd;
	struct loop *loop;
	struct http *http;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *source;
	struct backend backend;
};

static void on_link(struct link *link, void *arg) {}

static bool once;

static void open_store(struct world *w, int hours)
{
	static const struct link_events events = { .changed = on_link };
	struct doc complaints;
	doc_init(&complaints);
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->settings = settings_load(NULL, &complaints);
	w->settings->image_updates = hours;
	w->settings->started.once = once;
	doc_finish(&complaints);
	w->store = store_create(w->loop, w->http, w->settings);
	w->server = server_add(w->store, "here");
	w->server->link = link_create_local(w->loop, "here", &events, NULL);
	link_connect(w->server->link);
	for (int i = 0; i < 50 && w->server->link->state != LINK_UP; i++)
		loop_turn(w->loop, 10);
	w->source = server_source(w->server, "docker");
	w->backend = backend_docker;
	w->backend.param = &param;
	w->source->backend = &w->backend;
	w->backend.up(w->source);
	for (int64_t end = now_mono_ms() + 5000;
	     w->source->state != SOURCE_LIVE && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	assert_int_equal(w->source->state, SOURCE_LIVE);
}

static void close_store(struct world *w)
{
	store_destroy(w->store);
	http_destroy(w->http);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
}

static int make_world(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	char file[100];
	snprintf(file, sizeof(file), "%s/mocr/images", dir);
	unlink(file);
	__atomic_store_n(&registry_asked, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&registry_status, 0, __ATOMIC_SEQ_CST);
	registry_has = NEW;
	image_has = OLD;
	image_id = IMAGE_ID;
	app_id = "abc0";
	updates_gap_ms = 50;
	unlink(path);
	w->httpd = httpd_start(path, routes, NULL);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	close_store(w);
	httpd_stop(w->httpd);
	free(w);
	return 0;
}

static struct container *app(struct world *w)
{
	return ROW_AS(container, store_find(w->store, "here/container/app"));
}

static int asked(void)
{
	return __atomic_load_n(&registry_asked, __ATOMIC_SEQ_CST);
}

static struct order *start_check(struct world *w)
{
	struct err err;
	struct order *o = order_start(&app(w)->row, action_find(&kind_container, "updates"), NULL,
	                              &err);
	assert_non_null(o);
	return o;
}

static void await(struct world *w, const struct order *o)
{
	for (int64_t end = now_mono_ms() + 5000;
	     o->state == ORDER_RUNNING && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
}

static struct order *check(struct world *w)
{
	struct order *o = start_check(w);
	await(w, o);
	assert_int_equal(o->state, ORDER_DONE);
	return o;
}

static void test_by_key_only(void **state)
{
	struct world *w = *state;
	open_store(w, 0);
	turns_for(w->loop, 300);
	assert_int_equal(asked(), 0);
	assert_null(kind_container.word(&app(w)->row));
	struct order *o = check(w);
	assert_non_null(strstr(o->output, "newer: sha256:1b1b1b1b1b1b -> sha256:aaaaaaaaaaaa"));
	assert_int_equal(asked(), 1);
	assert_string_equal(app(w)->digest, OLD);
	assert_string_equal(app(w)->newer, NEW);
	assert_string_equal(kind_container.word(&app(w)->row), "@updates");
	assert_int_equal(app(w)->row.health, HEALTH_GOOD);
	/* an answer of the last minute serves again */
	check(w);
	assert_int_equal(asked(), 1);
	const struct action *a = action_find(&kind_container, "updates");
	assert_false(a->applies(store_find(w->store, "here/container/fixed")));
}

/* The next console knows, and asks nobody. */
static void test_kept_for_the_next(void **state)
{
	struct world *w = *state;
	open_store(w, 0);
	check(w);
	close_store(w);
	open_store(w, 6);
	turns_for(w->loop, 100);
	assert_string_equal(app(w)->newer, NEW);
	assert_int_equal(asked(), 1);
}

/* The image was pulled and the container made again: only the engine is asked. */
static void test_pulled_and_up(void **state)
{
	struct world *w = *state;
	open_store(w, 0);
	check(w);
	assert_non_null(app(w)->newer);
	image_id = "sha256:" HEX("e4");
	image_has = NEW;
	engine_relist((struct engine *)w->source);
	for (int64_t end = now_mono_ms() + 5000;
	     (app(w)->newer || !app(w)->digest) && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	assert_null(app(w)->newer);
	assert_string_equal(app(w)->digest, NEW);
	assert_int_equal(asked(), 1);
}

/* The pull brought what is newer still: the old answer says nothing about that. */
static void test_pulled_what_is_newer_still(void **state)
{
	struct world *w = *state;
	open_store(w, 0);
	check(w);
	image_id = "sha256:" HEX("e4");
	image_has = registry_has = "sha256:" HEX("cc");
	engine_relist((struct engine *)w->source);
	turns_for(w->loop, 600);
	assert_null(app(w)->newer);
	assert_null(app(w)->digest);
	assert_int_equal(asked(), 1);
	assert_non_null(strstr(check(w)->output, "is what the registry has"));
	assert_int_equal(asked(), 2);
	assert_null(app(w)->newer);
}

/* A refusal counts as long as an answer, and says what the registry said. */
static void test_a_registry_that_has_enough(void **state)
{
	struct world *w = *state;
	__atomic_store_n(&registry_status, 429, __ATOMIC_SEQ_CST);
	open_store(w, 0);
	struct order *o = check(w);
	assert_non_null(strstr(o->output, "reached your pull rate limit"));
	assert_null(app(w)->newer);
	assert_int_equal(app(w)->row.health, HEALTH_GOOD);
	check(w);
	assert_int_equal(asked(), 1);
	close_store(w);
	open_store(w, 6);
	turns_for(w->loop, 100);
	assert_int_equal(asked(), 1);
	assert_non_null(strstr(app(w)->update_why, "rate limit"));
}

/* A list that comes between two questions does not make the second one come sooner. */
static void test_a_list_ends_no_gap(void **state)
{
	struct world *w = *state;
	updates_gap_ms = 700;
	open_store(w, 0);
	check(w);
	int64_t start = now_mono_ms();
	struct order *o = start_check(w);
	engine_relist((struct engine *)w->source);
	await(w, o);
	assert_int_equal(o->state, ORDER_DONE);
	assert_true(now_mono_ms() - start >= 600);
}

/* The container is made again while the order waits: the row takes orders afterwards. */
static void test_an_order_ends_with_its_container(void **state)
{
	struct world *w = *state;
	updates_gap_ms = 700;
	open_store(w, 0);
	check(w);
	struct order *o = start_check(w);
	app_id = "abc9";
	engine_relist((struct engine *)w->source);
	await(w, o);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_int_equal(o->err.code, ERR_ABSENT);
	assert_non_null(strstr(o->err.text, "was removed before the registry was asked"));
	check(w);
}

/* With the setting it asks by itself: once for the image, and never for what has no tag. */
static void test_by_itself(void **state)
{
	struct world *w = *state;
	int64_t before = updates_first_ms;
	updates_first_ms = 50;
	open_store(w, 6);
	for (int64_t end = now_mono_ms() + 5000; !app(w)->newer && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	updates_first_ms = before;
	assert_non_null(app(w)->newer);
	turns_for(w->loop, 300);
	assert_int_equal(asked(), 1);
}

/* A look that ends, as `mocr status`, asks nobody. */
static void test_not_for_a_single_look(void **state)
{
	struct world *w = *state;
	int64_t before = updates_first_ms;
	updates_first_ms = 0;
	once = true;
	open_store(w, 6);
	once = false;
	turns_for(w->loop, 300);
	updates_first_ms = before;
	assert_int_equal(asked(), 0);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	setenv("XDG_RUNTIME_DIR", dir, 1);
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	snprintf(path, sizeof(path), "%s/engine", dir);
#define WORLD(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_a_line_of_the_file),
		WORLD(test_by_key_only),
		WORLD(test_kept_for_the_next),
		WORLD(test_pulled_and_up),
		WORLD(test_pulled_what_is_newer_still),
		WORLD(test_a_list_ends_no_gap),
		WORLD(test_an_order_ends_with_its_container),
		WORLD(test_by_itself),
		WORLD(test_not_for_a_single_look),
		WORLD(test_a_registry_that_has_enough),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) || failed;
}
