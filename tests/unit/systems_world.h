/* systems_world.h: one system against a stand-in on loopback. The test puts its sections into
 * w.settings, then calls world_begin. */
#ifndef TESTS_SYSTEMS_WORLD_H
#define TESTS_SYSTEMS_WORLD_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/system.h"
#include "tests/unit/httpd.h"

/* what the threads of a stand-in share with the test */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	struct settings settings;
	struct loop *loop;
	struct http *http;
	struct store *store;
	struct server *server;
	struct sites *sites;
	struct httpd *httpd;
	char dir[40], url[60];
} w;

static void world_on_link(struct link *l, void *arg)
{
	(void)l;
	(void)arg;
}

/* Starts the stand-in: w.url is its address. */
static void world_serve(const struct httpd_route *routes)
{
	memset(&w, 0, sizeof(w));
	w.httpd = httpd_start(NULL, routes, NULL);
	snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d", httpd_port(w.httpd));
}

static void world_begin(const struct backend *backend)
{
	static const struct link_events events = { .changed = world_on_link };
	snprintf(w.dir, sizeof(w.dir), "/tmp/mocr-systems-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	w.settings.state_dir = w.dir;
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

static int world_end(void **state)
{
	char path[80];
	(void)state;
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

static bool health(const char *id, enum health h)
{
	struct system *y = at(id);
	return y && y->row.health == h;
}

/* text NULL: the row has no reason */
static bool why(const char *id, const char *text)
{
	struct system *y = at(id);
	if (!text)
		return y && !y->row.why;
	return y && y->row.why && strstr(y->row.why, text);
}

static bool complete(void)
{
	return w.sites->first && w.sites->first->complete;
}

static bool can(const char *id, const char *verb)
{
	struct system *y = at(id);
	return y && action_applies_to(action_find(&kind_system, verb), &y->row);
}

/* Gives an order and waits for its end; err may be NULL. */
static enum order_state ordered(const char *id, const char *verb, const char *argument,
                                struct err *err)
{
	struct err why_not;
	struct system *y = at(id);
	assert_non_null(y);
	struct order *o = order_start(&y->row, action_find(&kind_system, verb), argument, &why_not);
	if (!o)
		fail_msg("%s: %s", verb, why_not.text);
	UNTIL(o->state != ORDER_RUNNING);
	if (err)
		*err = o->err;
	return o->state;
}

/* Turns the loop for a while in which nothing may happen. */
static void world_rest(int64_t ms)
{
	for (int64_t end = now_mono_ms() + ms; now_mono_ms() < end;)
		loop_turn(w.loop, 10);
}

#endif
