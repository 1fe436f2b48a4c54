/* The portal of AI stacks: server-sent events cut anywhere, its answers, the rows that come of
 * them, and what is known of a stack that it has forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/apps/app.h"
#include "backends/apps/portal_parse.h"
#include "backends/base/mem.h"
#include "backends/base/sse.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

/* --- events -------------------------------------------------------------- */

static void gather(const char *event, const char *data, size_t len, void *arg)
{
	assert_int_equal(strlen(data), len);
	buf_addf(arg, "<%s|%s>", event, data);
}

static void events_cut_anywhere(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "event: progress\r\ndata: {\"a\":1}\r\nid: 7\r\n\r\n: a "
				   "comment\n\ndata:one\ndata: two\ndata\n\n"
				   "event: complete\rdata: x\r\revent: unfinished\ndata: y\n";
	for (size_t size = 1; size <= sizeof(text); size++) {
		struct sse s = { .event = "" };
		struct buf got = { 0 };
		for (size_t at = 0; at < strlen(text); at += size) {
			size_t n = strlen(text) - at < size ? strlen(text) - at : size;
			char *part = malloc(n);
			memcpy(part, text + at, n);
			sse_feed(&s, part, n, gather, &got);
			free(part);
		}
		assert_string_equal(got.data,
		                    "<progress|{\"a\":1}><message|one\ntwo\n><complete|x>");
		sse_finish(&s);
		buf_finish(&got);
	}
}

static void a_line_without_end_is_left_out(void **state)
{
	struct sse s = { .event = "" };
	struct buf got = { 0 };
	char *big = xcalloc(1, SSE_LINE_MAX + 10);
	memset(big, 'x', SSE_LINE_MAX + 9);
	sse_feed(&s, "data: ", 6, gather, &got);
	sse_feed(&s, big, SSE_LINE_MAX + 9, gather, &got);
	sse_feed(&s, "\n\ndata: y\n\n", 11, gather, &got);
	assert_string_equal(got.data, "<message|y>");
	/* a data of many lines has the same bound */
	for (int i = 0; i < 3; i++)
		sse_feed(&s, big, SSE_LINE_MAX / 2, gather, &got);
	sse_finish(&s);
	buf_finish(&got);
	free(big);
}

/* --- answers ------------------------------------------------------------- */

static void answers(void **state)
{
	static const char health[] = "{\"status\":\"healthy\",\"version\":\"0.1.0\",\"service\":"
				     "\"ai-stack-deployer\",\"activeDeployments\":2}";
	static const char check[] =
		"{\"available\":false,\"valid\":true,\"error\":\"Name already taken\\u001b[31m\"}";
	static const char made[] = "{\"deploymentId\":\"dep_1_x\",\"url\":\"https://"
				   "a.example\",\"statusEndpoint\":\"/api/status/dep_1_x\"}";
	static const char now[] = "{\"status\":\"deploying\",\"progress\":175,\"currentStep\":"
				  "\"Deploying\",\"url\":null}";
	struct portal_health h;
	struct portal_check c;
	struct portal_made m;
	struct portal_state s = { .progress = 3 };
	struct err err;
	char bar[32];
	assert_true(portal_health_parse(health, strlen(health), &h, &err));
	assert_int_equal(h.deploying, 2);
	assert_true(portal_check_parse(check, strlen(check), &c, &err));
	assert_true(c.valid && !c.available && !strchr(c.error, '\x1b'));
	assert_true(portal_made_parse(made, strlen(made), &m, &err));
	assert_string_equal(m.id, "dep_1_x");
	assert_true(portal_state_parse(now, strlen(now), &s));
	assert_int_equal(s.progress, 100);
	portal_bar(42, bar, sizeof(bar));
	assert_string_equal(bar, "[####......] 42%");
	portal_bar(-1, bar, sizeof(bar));
	assert_string_equal(bar, "");
	static const char *const none[] = {
		"", "[]", "{}", "<html>", "7", "{\"deploymentId\":{}}"
	};
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		assert_false(portal_health_parse(none[i], strlen(none[i]), &h, &err));
		assert_false(portal_made_parse(none[i], strlen(none[i]), &m, &err));
		assert_true(*err.text != '\0');
		if (portal_check_parse(none[i], strlen(none[i]), &c, &err))
			assert_false(c.available);
	}
	const char *const all[] = { health, check, made, now };
	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; i < strlen(all[k]); i++) {
			char *part = malloc(i ? i : 1);
			memcpy(part, all[k], i);
			portal_health_parse(part, i, &h, &err);
			portal_check_parse(part, i, &c, &err);
			portal_made_parse(part, i, &m, &err);
			portal_state_parse(part, i, &s);
			free(part);
		}
}

/* --- rows ---------------------------------------------------------------- */

static void feed(struct source *s, const char *what, const char *json)
{
	source_feed(s, what, json, strlen(json));
}

static void rows(void **state)
{
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	struct settings *settings = settings_load(NULL, NULL);
	struct loop *loop = loop_create();
	struct store *store = store_create(loop, NULL, settings);
	struct source *s = server_source(server_open_replay(store, "pi"), "portal");
	feed(s, "box\thealth",
	     "{\"status\":\"healthy\",\"version\":\"0.1.0\",\"activeDeployments\":1}");
	struct app *box = app_of(store_find(store, "pi/app/box"));
	assert_string_equal(box->state, "healthy 0.1.0, 1 deploying");
	assert_int_equal(box->row.health, HEALTH_GOOD);
	feed(s, "box\tprogress\tblue-2",
	     "{\"status\":\"creating_project\",\"progress\":20,\"currentStep\":\"Creating "
	     "project\",\"url\":\"https://b.example\"}");
	struct app *blue = app_of(store_find(store, "pi/app/box/blue-2"));
	assert_int_equal(blue->row.health, HEALTH_BUSY);
	assert_string_equal(blue->row.why, "[##........] 20% Creating project");
	/* half of one changes nothing */
	feed(s, "box\tprogress\tblue-2", "{\"status\":\"crea");
	assert_string_equal(blue->state, "creating_project");
	assert_false(action_applies_to(action_find(&kind_app, "deploy"), &blue->row));
	feed(s, "box\terror\tblue-2", "{\"error\":\"project.create: name taken\"}");
	assert_string_equal(blue->state, "failed");
	assert_string_equal(blue->row.why, "project.create: name taken");
	assert_true(action_applies_to(action_find(&kind_app, "deploy"), &blue->row));
	feed(s, "box\tprogress\tblue-2", "{\"status\":\"deploying\"}"); /* it is over */
	assert_string_equal(blue->state, "failed");
	feed(s, "box\tcomplete\tred-1", "{\"url\":\"https://r.example\"}");
	assert_int_equal(store_find(store, "pi/app/box/red-1")->health, HEALTH_GOOD);
	feed(s, "box\tcomplete\t../../x", "{}");
	feed(s, "box\tprogress\tportal", "{}");
	assert_int_equal(store_count(store, &kind_app, NULL), 3);
	/* the oldest that are over make room; one that goes on stays */
	for (int i = 0; i < 100; i++) {
		char what[60];
		snprintf(what, sizeof(what), "box\t%s\tmany-%d", i == 5 ? "progress" : "complete",
		         i);
		feed(s, what, "{\"status\":\"deploying\",\"url\":\"https://m.example\"}");
	}
	assert_int_equal(store_count(store, &kind_app, NULL), 1 + 64);
	assert_null(store_find(store, "pi/app/box/red-1"));
	/* and the pane says how many have no row */
	assert_int_equal(store_left_out(store, &kind_app, NULL), 38);
	char said[200];
	assert_true(source_left_out_text(s, said, sizeof(said)));
	assert_non_null(strstr(said, "38 more apps of portal on pi are not shown"));
	feed(s, "box\tcomplete\tred-1", "{\"url\":\"https://r.example\"}");
	assert_non_null(store_find(store, "pi/app/box/red-1"));
	feed(s, "box\tcomplete\tmany-0", "{\"url\":\"https://r.example\"}");
	assert_int_equal(store_left_out(store, &kind_app, NULL), 38);
	feed(s, "box\thealth",
	     "{\"status\":\"healthy\",\"version\":\"0.1.0\",\"activeDeployments\":1}");
	assert_int_equal(store_left_out(store, &kind_app, NULL), 38);
	assert_non_null(store_find(store, "pi/app/box/many-99"));
	assert_non_null(store_find(store, "pi/app/box/many-5"));
	assert_null(store_find(store, "pi/app/box/blue-2"));
	feed(s, "box\thealth", "{\"status\":\"degraded\"}");
	assert_int_equal(box->row.health, HEALTH_BAD);
	feed(s, "box\thealth", "<html><title>Sign in</title>");
	assert_int_equal(box->row.health, HEALTH_BAD);
	store_destroy(store);
	loop_turn(loop, 0);
	loop_destroy(loop);
	settings_destroy(settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_cut_anywhere),
		cmocka_unit_test(a_line_without_end_is_left_out),
		cmocka_unit_test(answers),
		cmocka_unit_test(rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
