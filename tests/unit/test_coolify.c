/* Coolify: its answers in all the wrappings they come in, whole and cut at every byte; the rows
 * that come of them; what may be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/apps/app.h"
#include "backends/apps/coolify_parse.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

static const char resources[] =
	"[{\"uuid\":\"a1\",\"name\":\"relay\",\"type\":\"application\",\"status\":\"running:"
	"healthy\",\"fqdn\":\"https://r.example,https://w.example\","
	"\"build_pack\":\"nixpacks\",\"git_repository\":\"https://ghp_SECRET@github.com/acme/"
	"relay\",\"git_branch\":\"main\",\"manual_webhook_secret_github\":\"SECRET\","
	"\"destination\":{\"server\":{\"name\":\"vps\",\"private_key\":\"SECRET\"}}},"
	"{\"uuid\":\"s1\",\"name\":\"plausible\",\"service_type\":\"plausible\",\"status\":"
	"\"degraded:unhealthy\",\"docker_compose_raw\":\"SECRET\"},"
	"{\"uuid\":\"d1\",\"name\":\"pg\",\"type\":\"standalone-postgresql\",\"status\":\"exited\","
	"\"image\":\"postgres:17\",\"postgres_password\":\"SECRET\"},"
	"{\"uuid\":7,\"name\":{}},{\"name\":\"no id\"},null,\"x\"]";
static const char history[] =
	"{\"count\":2,\"deployments\":[{\"deployment_uuid\":\"d2\",\"status\":\"failed\","
	"\"commit\":\"abcdef012345678\",\"commit_message\":\"next\","
	"\"created_at\":\"2026-11-25T10:00:00.000000Z\",\"updated_at\":\"2026-11-25T10:01:00."
	"000000Z\",\"logs\":\"SECRET\"},"
	"{\"deployment_uuid\":\"d1\",\"status\":\"finished\",\"created_at\":\"2026-11-24T10:00:00."
	"000000Z\",\"updated_at\":\"2026-11-24T10:01:00.000000Z\"}]}";
static const char servers[] =
	"[{\"uuid\":\"v1\",\"name\":\"vps\",\"ip\":\"192.0.2.40\",\"settings\":{\"is_reachable\":"
	"true,\"is_usable\":false,\"sentinel_token\":\"SECRET\"}}]";

static void lists_of_all_kinds(void **state)
{
	struct coolify_list l;
	struct err err;
	assert_true(coolify_resources_parse(resources, strlen(resources), &l, &err));
	assert_int_equal(l.n, 3);
	assert_int_equal(l.items[0].kind, COOLIFY_APPLICATION);
	assert_int_equal(l.items[1].kind, COOLIFY_SERVICE);
	assert_int_equal(l.items[2].kind, COOLIFY_DATABASE);
	assert_string_equal(l.items[0].domain, "https://r.example");
	assert_string_equal(l.items[0].image, "github.com/acme/relay main");
	assert_string_equal(l.items[0].server, "vps");
	coolify_list_finish(&l);
	static const char by_number[] = "{\"1\":{\"uuid\":\"a\",\"name\":\"x\",\"type\":"
					"\"application\"},\"4\":{\"uuid\":\"b\",\"name\":\"y\"}}";
	assert_true(coolify_resources_parse(by_number, strlen(by_number), &l, &err));
	assert_int_equal(l.n, 2);
	coolify_list_finish(&l);
	static const char off[] = "{\"success\":true,\"message\":\"API is disabled.\"}";
	assert_false(coolify_resources_parse(off, strlen(off), &l, &err));
	assert_non_null(strstr(err.text, "not a list"));
	assert_false(coolify_servers_parse("<html>", 6, &l, &err));
	assert_int_equal(err.code, ERR_GARBLED);
}

static void deployments_in_all_wrappings(void **state)
{
	static const char *const wraps[] = { "[%s]", "{\"2\":%s}",
		                             "{\"count\":1,\"deployments\":[%s]}",
		                             "{\"deployments\":{\"0\":%s}}" };
	static const char one[] = "{\"deployment_uuid\":\"d\",\"status\":\"in_progress\","
				  "\"application_name\":\"relay\",\"created_at\":\"2026-11-25T10:"
				  "00:00Z\",\"updated_at\":\"2026-11-25T10:00:30Z\"}";
	for (size_t i = 0; i < ARRAY_LEN(wraps); i++) {
		char text[600], names[APP_DEPLOYMENTS_MAX][COOLIFY_NAME];
		struct app_deployment list[APP_DEPLOYMENTS_MAX];
		struct err err;
		size_t n;
		const char *at = strstr(wraps[i], "%s");
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - wraps[i]), wraps[i], one,
		         at + 2);
		assert_true(coolify_deployments_parse(text, strlen(text), list, names, &n, &err));
		assert_int_equal(n, 1);
		assert_int_equal(list[0].health, HEALTH_BUSY);
		assert_string_equal(names[0], "relay");
		/* it is not over, whatever updated_at says */
		assert_int_equal(list[0].ended_ms, 0);
	}
}

static void a_log_is_json_in_a_string(void **state)
{
	static const char json[] = "{\"status\":\"failed\",\"deployment_uuid\":\"d\",\"logs\":\"[{"
				   "\\\"output\\\":\\\"one\\\",\\\"hidden\\\":false},{"
				   "\\\"output\\\":\\\"SECRET\\\",\\\"hidden\\\":true},"
				   "{\\\"output\\\":\\\"two\\\\n\\\",\\\"hidden\\\":false},{"
				   "\\\"output\\\":null},7]\"}";
	char *text = coolify_log_text(json, strlen(json));
	assert_string_equal(text, "one\ntwo\n");
	free(text);
	/* a token that may not read it */
	assert_null(coolify_log_text("{\"status\":\"failed\"}", 19));
	text = coolify_log_text("{\"logs\":\"plain words\"}", 22);
	assert_string_equal(text, "plain words");
	free(text);
}

static void what_was_queued(void **state)
{
	char id[APP_ID_SIZE], said[80];
	static const char deploy[] = "{\"deployments\":[{\"message\":\"queued\",\"resource_uuid\":"
				     "\"a\",\"deployment_uuid\":\"d9\"}]}";
	static const char restart[] =
		"{\"message\":\"Restart request queued.\",\"deployment_uuid\":\"d8\"}",
			  stop[] = "{\"message\":\"Stopping\\u001b[31m\"}";
	assert_true(coolify_deployment_queued(deploy, strlen(deploy), id, said, sizeof(said)));
	assert_string_equal(id, "d9");
	assert_true(coolify_deployment_queued(restart, strlen(restart), id, said, sizeof(said)));
	assert_string_equal(id, "d8");
	assert_true(coolify_deployment_queued(stop, strlen(stop), id, said, sizeof(said)));
	assert_string_equal(id, "");
	assert_null(strchr(said, '\x1b'));
	assert_false(coolify_deployment_queued("nothing", 7, id, said, sizeof(said)));
}

static void versions(void **state)
{
	char v[24];
	assert_true(coolify_version("4.3.10", 6, v, sizeof(v)) && !strcmp(v, "4.3.10"));
	assert_true(coolify_version("\"v4.0.0-beta.460\"\n", 18, v, sizeof(v)) &&
	            !strcmp(v, "4.0.0-beta.460"));
	assert_false(coolify_version("<html>", 6, v, sizeof(v)) ||
	             coolify_version("", 0, v, sizeof(v)));
}

static void cut_at_every_byte(void **state)
{
	static const char *const all[] = { resources, history, servers };
	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; i < strlen(all[k]); i++) {
			struct app_deployment list[APP_DEPLOYMENTS_MAX], one;
			struct coolify_list l;
			struct err err;
			struct buf b = { 0 };
			size_t n;
			char id[APP_ID_SIZE], said[80], *part = malloc(i ? i : 1);
			memcpy(part, all[k], i);
			if (coolify_resources_parse(part, i, &l, &err))
				coolify_list_finish(&l);
			if (coolify_servers_parse(part, i, &l, &err))
				coolify_list_finish(&l);
			coolify_deployments_parse(part, i, list, NULL, &n, &err);
			coolify_deployment_parse(part, i, &one, &err);
			coolify_deployment_queued(part, i, id, said, sizeof(said));
			free(coolify_log_text(part, i));
			coolify_reduce(part, i, &b);
			buf_finish(&b);
			free(part);
		}
}

static void nothing_secret_is_kept(void **state)
{
	static const char *const all[] = { resources, history, servers };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct buf b = { 0 };
		coolify_reduce(all[i], strlen(all[i]), &b);
		assert_non_null(strstr(b.data, i == 1 ? "d2" : "vps"));
		assert_null(strstr(b.data, "SECRET"));
		buf_finish(&b);
	}
}

static void rows_and_what_can_be_done(void **state)
{
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	struct settings *settings = settings_load(NULL, NULL);
	struct loop *loop = loop_create();
	struct store *store = store_create(loop, NULL, settings);
	struct source *s = server_source(server_open_replay(store, "pi"), "coolify");
	source_feed(s, "box\tversion", "4.2.0", 5);
	source_feed(s, "box\tresources", resources, strlen(resources));
	source_feed(s, "box\tservers", servers, strlen(servers));
	source_feed(s, "box\thistory\ta1", history, strlen(history));
	struct row *relay = store_find(store, "pi/app/box/vps/relay"),
		   *pg = store_find(store, "pi/app/box/pg"), *box = store_find(store, "pi/app/box");
	assert_non_null(relay);
	assert_non_null(pg);
	assert_string_equal(app_of(box)->state, "4.2.0");
	assert_int_equal(relay->health, HEALTH_ATTENTION);
	assert_string_equal(relay->why, "it is running, but its last deployment failed");
	assert_int_equal(store_find(store, "pi/app/box/servers/vps")->health, HEALTH_ATTENTION);
	static const struct {
		const char *verb;
		bool relay, pg, box;
	} can[] = {
		{ "deploy", true, true, false },      { "redeploy", true, false, false },
		{ "start", false, true, false },      { "stop", true, false, false },
		{ "restart", true, false, false },    { "cancel", false, false, false },
		{ "new stack", false, false, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(can); i++) {
		const struct action *a = action_find(&kind_app, can[i].verb);
		assert_true(action_applies_to(a, relay) == can[i].relay &&
		            action_applies_to(a, pg) == can[i].pg &&
		            action_applies_to(a, box) == can[i].box);
	}
	source_feed(s, "box\tresources", "[]", 2); /* gone when both lists came */
	source_feed(s, "box\tservers", "[]", 2);
	assert_null(store_find(store, "pi/app/box/vps/relay"));
	assert_non_null(store_find(store, "pi/app/box"));
	source_feed(s, "box\tresources", "<html>", 6);
	assert_int_equal(store_find(store, "pi/app/box")->health, HEALTH_BAD);
	store_destroy(store);
	loop_turn(loop, 0);
	loop_destroy(loop);
	settings_destroy(settings);
}

/* An id is kept whole up to its bound. A longer one, cut, could name another application. */
static void an_id_is_whole_or_refused(void **state)
{
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	struct settings *settings = settings_load(NULL, NULL);
	struct loop *loop = loop_create();
	struct store *store = store_create(loop, NULL, settings);
	struct source *s = server_source(server_open_replay(store, "pi"), "coolify");
	char json[2000], longest[256], longer[257];
	memset(longest, 'a', 255);
	longest[255] = '\0';
	memset(longer, 'a', 256);
	longer[256] = '\0';
	int n = snprintf(json, sizeof(json),
	                 "[{\"uuid\":\"%s\",\"name\":\"fits\",\"type\":\"application\"},"
	                 "{\"uuid\":\"%s\",\"name\":\"longer\",\"type\":\"application\"},"
	                 "{\"uuid\":\"b\\u0007c\",\"name\":\"bell\",\"type\":\"application\"}]",
	                 longest, longer);
	source_feed(s, "box\tresources", json, (size_t)n);
	source_feed(s, "box\tservers", "[]", 2);
	struct app *fits = app_of(store_find(store, "pi/app/box/fits"));
	struct row *box = store_find(store, "pi/app/box");
	assert_non_null(fits);
	assert_string_equal(fits->ref, longest);
	assert_null(store_find(store, "pi/app/box/longer"));
	assert_null(store_find(store, "pi/app/box/bell"));
	assert_int_equal(box->health, HEALTH_ATTENTION);
	assert_non_null(strstr(box->why, "bell is not shown: its id there is longer than 255"));
	source_feed(s, "box\tresources", "[]", 2); /* gone with the next list */
	source_feed(s, "box\tservers", "[]", 2);
	assert_int_equal(box->health, HEALTH_GOOD);
	store_destroy(store);
	loop_turn(loop, 0);
	loop_destroy(loop);
	settings_destroy(settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_all_kinds),
		cmocka_unit_test(deployments_in_all_wrappings),
		cmocka_unit_test(a_log_is_json_in_a_string),
		cmocka_unit_test(what_was_queued),
		cmocka_unit_test(versions),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(nothing_secret_is_kept),
		cmocka_unit_test(rows_and_what_can_be_done),
		cmocka_unit_test(an_id_is_whole_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
