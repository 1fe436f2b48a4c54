/* systemd units: parsers on answers of real servers (systemd 252, 257, 262), whole and cut at every
 * byte, hostile ones, and the rows they become. No bus, no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/servers/server.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/journal_line.h"
#include "backends/services/services.h"
#include "backends/services/systemd.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"

#define ANSWERS "tests/unit/answers/systemd/"

static char *answer(const char *name, size_t *len)
{
	char path[256];
	struct buf b = { 0 };
	char chunk[4096];
	snprintf(path, sizeof path, ANSWERS "%s", name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&b, chunk, n);
	fclose(f);
	*len = b.len;
	return buf_take(&b);
}

/* --- a store with one server that is never connected --------------------- */

static char home[] = "/tmp/mocr-test-services-XXXXXX";
static struct {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *source, *user;
	struct server_config config;
} w;

static void link_announced(struct link *l, void *arg) {}
static const struct link_events link_events = { link_announced };

static int make_world(void **state)
{
	struct doc complaints;
	memset(&w, 0, sizeof w);
	doc_init(&complaints);
	w.loop = loop_create();
	w.settings = settings_load("/dev/null", &complaints);
	w.settings->state_dir = (free(w.settings->state_dir), xstrdup(home));
	w.store = store_create(w.loop, NULL, w.settings);
	w.server = server_add(w.store, "pi");
	w.server->link = link_create_local(w.loop, "pi", &link_events, NULL);
	w.source = server_source(w.server, "systemd");
	w.user = server_source(w.server, "systemd-user");
	doc_finish(&complaints);
	return w.source && w.user ? 0 : -1;
}

static int end_world(void **state)
{
	store_destroy(w.store);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	return 0;
}

static void want(const char *units)
{
	w.config = (struct server_config){ .name = "pi", .units = (char *)units };
	w.server->config = &w.config;
}

static void feed(const char *what, const char *text)
{
	source_feed(w.source, what, text, strlen(text));
}

static void feed_answer(const char *what, const char *name)
{
	size_t len;
	char *text = answer(name, &len);
	source_feed(w.source, what, text, len);
	free(text);
}

static struct unit *unit(const char *id)
{
	return ROW_AS(unit, store_find(w.store, id));
}

static bool offers(const struct unit *u, const char *verb)
{
	const struct action *actions[32];
	size_t n = actions_of(&u->row, actions, ARRAY_LEN(actions));
	for (size_t i = 0; i < n; i++)
		if (strcmp(actions[i]->verb, verb) == 0)
			return true;
	return false;
}

/* --- names --------------------------------------------------------------- */

static void paths_and_names_are_each_others_inverse(void **state)
{
	static const char *const names[] = { "ssh.service",
		                             "user@1000.service",
		                             "dev-\xc3\xa4.socket",
		                             "1x.timer",
		                             "systemd-tmpfiles-clean.timer",
		                             "a_b.service" };
	char path[1024], back[UNIT_NAME_SIZE];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(unit_path(names[i], path, sizeof path));
		assert_true(unit_of_path(path, back, sizeof back));
		assert_string_equal(back, names[i]);
	}
	assert_true(unit_path("ssh.service", path, sizeof path));
	assert_string_equal(path, "/org/freedesktop/systemd1/unit/ssh_2eservice");
	assert_true(unit_path("1x.timer", path, sizeof path));
	assert_string_equal(path, "/org/freedesktop/systemd1/unit/_31x_2etimer");
	assert_false(unit_path("ssh.service", path, 20));
	assert_false(unit_of_path("/org/freedesktop/systemd1/job/7", back, sizeof back));
	assert_false(unit_of_path("/org/freedesktop/systemd1/unit/a_2", back, sizeof back));
	assert_false(unit_of_path("/org/freedesktop/systemd1/unit/a_zz", back, sizeof back));
	assert_false(unit_of_path("/org/freedesktop/systemd1/unit/a_00", back, sizeof back));
	assert_false(unit_of_path("/org/freedesktop/systemd1/unit/ssh_2eservice", back, 4));
}

static void only_units_that_run_are_ours(void **state)
{
	assert_true(unit_is_ours("ssh.service"));
	assert_true(unit_is_ours("getty@tty1.service"));
	assert_false(unit_is_ours("getty@.service"));
	assert_false(unit_is_ours("home.mount"));
	assert_false(unit_is_ours(".service"));
	assert_false(unit_is_ours(""));
	assert_true(unit_is_ours("systemd-fsck@dev-disk-by\\x2dlabel-A.service"));
	assert_false(unit_is_ours("*.service")); /* a pattern for journalctl */
	assert_false(unit_is_ours("a/b.service"));
	assert_false(unit_is_ours("a\033[2J.service"));
	char longest[600];
	memset(longest, 'a', sizeof longest);
	strcpy(longest + sizeof longest - sizeof ".service", ".service");
	assert_false(unit_is_ours(longest));
}

static void numbers_that_mean_unknown_are_unknown(void **state)
{
	cJSON *list = cJSON_Parse("[18446744073709551615,\"18446744073709551615\",42,"
	                          "\"9007199254740993\",true,null,\"x\",\"\"]");
	static const int64_t expected[] = { -1, -1, 42, 9007199254740993, 1, -1, -1, -1 };
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_int_equal(json_int(cJSON_GetArrayItem(list, (int)i), -1), expected[i]);
	cJSON_Delete(list);
}

/* --- lists --------------------------------------------------------------- */

static void a_list_becomes_rows(void **state)
{
	feed_answer("units", "units-pi.json");
	assert_int_equal(w.source->state, SOURCE_LIVE);
	struct unit *ssh = unit("pi/unit/ssh.service"), *broken = unit("pi/unit/broken.service");
	assert_string_equal(ssh->row.name, "ssh.service");
	assert_string_equal(ssh->active, "active");
	assert_string_equal(ssh->sub, "running");
	assert_int_equal(ssh->row.health, HEALTH_GOOD);
	assert_int_equal(broken->row.health, HEALTH_BAD);
	assert_non_null(unit("pi/unit/backup.timer"));
	assert_non_null(unit("pi/unit/docker.socket"));
	assert_null(unit("pi/unit/auditd.service")); /* only a name in others' After= */
}

static void lists_of_all_three_generations_are_understood(void **state)
{
	static const char *const lists[] = { "units-sese.json", "units-pi.json",
		                             "units-relay.json" };
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		feed_answer("units", lists[i]);
		assert_int_equal(w.source->state, SOURCE_LIVE);
		assert_true(store_count(w.store, &kind_unit, w.server) > 40);
	}
}

static void a_unit_that_is_gone_leaves_unless_its_file_is_there(void **state)
{
	feed("units",
	     "[[[\"a.service\",\"A\",\"loaded\",\"active\",\"running\",\"\",\"/x\",0,\"\",\"/\"],"
	     "[\"b.service\",\"B\",\"loaded\",\"active\",\"running\",\"\",\"/x\",0,\"\",\"/\"]]]");
	feed("files", "[[[\"/etc/systemd/system/a.service\",\"enabled\"],[\"/etc/systemd/system/"
	              "c.service\",\"masked\"],"
	              "[\"/usr/lib/systemd/system/t@.service\",\"disabled\"],[\"/usr/lib/systemd/"
	              "system/d.service\",\"alias\"]]]");
	assert_string_equal(unit("pi/unit/a.service")->file_state, "enabled");
	assert_string_equal(unit("pi/unit/c.service")->load, "masked");
	assert_null(unit("pi/unit/t@.service"));
	assert_null(unit("pi/unit/d.service"));
	feed("units", "[[]]");
	assert_string_equal(unit("pi/unit/a.service")->active, "inactive");
	assert_null(unit("pi/unit/b.service"));
	feed("files", "[[]]");
	assert_null(unit("pi/unit/a.service"));
	assert_null(unit("pi/unit/c.service"));
}

static void the_users_units_have_their_own_place(void **state)
{
	const char list[] = "[[[\"notes.service\",\"N\",\"loaded\",\"active\",\"running\",\"\",\"/"
			    "x\",0,\"\",\"/\"]]]";
	feed("units", list);
	source_feed(w.user, "units", list, strlen(list));
	assert_false(unit("pi/unit/notes.service")->user);
	assert_true(unit("pi/unit/user:notes.service")->user);
	assert_string_equal(unit_name(unit("pi/unit/user:notes.service")), "notes.service");
	assert_string_equal(unit("pi/unit/user:notes.service")->row.name, "notes.service");
}

/* --- properties and signals ---------------------------------------------- */

static void properties_of_a_failed_service(void **state)
{
	feed_answer("units", "units-pi.json");
	feed_answer("props:broken.service", "props-broken.json");
	struct unit *u = unit("pi/unit/broken.service");
	assert_string_equal(u->result, "exit-code");
	assert_int_equal(u->exit_status, 1);
	/* no memory controller there: unknown, not zero */
	assert_int_equal(u->memory, -1);
	assert_int_equal(u->main_pid, 0);
	assert_string_equal(u->fragment, "/etc/systemd/system/broken.service");
	assert_true(u->inactive_ms > INT64_C(1600000000000));
	assert_int_equal(u->row.health_ms, u->inactive_ms);
	assert_string_equal(u->row.why, "failed: exit code 1");
	feed("last:broken.service", "bind: address already in use\ngiving up\n");
	assert_string_equal(u->row.why, "failed: exit code 1; last: \"giving up\"");
}

static void a_timer_says_its_next_time_by_our_clock(void **state)
{
	feed_answer("units", "units-pi.json");
	feed_answer("props:systemd-tmpfiles-clean.timer", "props-timer.json");
	struct unit *u = unit("pi/unit/systemd-tmpfiles-clean.timer");
	assert_string_equal(u->triggers, "systemd-tmpfiles-clean.service");
	/* It fires 15 min after boot, and was seen a few minutes after it. */
	assert_true(u->next_ms > u->active_ms && u->next_ms < u->active_ms + 86400000);
}

static void a_change_reaches_the_row_at_once(void **state)
{
	feed_answer("units", "units-pi.json");
	struct unit *u = unit("pi/unit/ssh.service");
	feed("changed:ssh.service", "[\"org.freedesktop.systemd1.Unit\",{\"ActiveState\":{\"type\":"
	                            "\"s\",\"data\":\"deactivating\"},"
	                            "\"SubState\":{\"type\":\"s\",\"data\":\"stop-sigterm\"},"
	                            "\"StateChangeTimestamp\":{\"type\":\"t\","
	                            "\"data\":1795245241248771}},[]]");
	assert_int_equal(u->row.health, HEALTH_BUSY);
	assert_int_equal(u->row.health_ms, INT64_C(1795245241248));
	assert_true(offers(u, "mask") && !offers(u, "start") && !offers(u, "stop"));
	feed("changed:ssh.service", "[\"org.freedesktop.systemd1.Service\",{\"Result\":{\"type\":"
	                            "\"s\",\"data\":\"signal\"},"
	                            "\"ExecMainStatus\":{\"type\":\"i\",\"data\":9},\"NRestarts\":{"
	                            "\"type\":\"u\",\"data\":3}},[]]");
	feed("changed:ssh.service", "[\"org.freedesktop.systemd1.Unit\",{\"ActiveState\":{\"type\":"
	                            "\"s\",\"data\":\"failed\"},"
	                            "\"SubState\":{\"type\":\"s\",\"data\":\"failed\"}},[]]");
	assert_int_equal(u->row.health, HEALTH_BAD);
	assert_string_equal(u->row.why, "failed: killed by SIGKILL, 3 restarts");
	assert_true(offers(u, "reset-failed") && offers(u, "restart") && offers(u, "start") &&
	            !offers(u, "stop"));
	feed("signal:UnitRemoved", "[\"ssh.service\",\"/x\"]");
	assert_null(unit("pi/unit/ssh.service"));
}

static void a_reload_of_the_manager_changes_no_row(void **state)
{
	feed_answer("units", "units-pi.json");
	struct unit *u = unit("pi/unit/ssh.service");
	enum health before = u->row.health;
	feed("signal:Reloading", "[true]");
	feed("signal:UnitRemoved", "[\"ssh.service\",\"/x\"]");
	assert_ptr_equal(unit("pi/unit/ssh.service"), u);
	assert_int_equal(u->row.health, before);
	feed("signal:UnitNew", "[\"ssh.service\",\"/x\"]");
	feed("signal:Reloading", "[false]");
	feed("signal:UnitRemoved", "[\"ssh.service\",\"/x\"]");
	assert_null(unit("pi/unit/ssh.service"));
}

static void a_service_that_restarts_all_the_time_is_not_well(void **state)
{
	feed("units", "[[[\"x.service\",\"X\",\"loaded\",\"activating\",\"auto-restart\",\"\",\"/"
	              "x\",0,\"\",\"/\"]]]");
	struct unit *u = unit("pi/unit/x.service");
	assert_int_equal(u->row.health, HEALTH_BUSY);
	feed("props:x.service", "{\"NRestarts\":{\"type\":\"u\",\"data\":7},\"Result\":{\"type\":"
	                        "\"s\",\"data\":\"exit-code\"},"
	                        "\"ExecMainStatus\":{\"type\":\"i\",\"data\":203}}");
	assert_int_equal(u->row.health, HEALTH_BAD);
	assert_string_equal(u->row.why, "restarts again and again: exit code 203, its program "
	                                "cannot be executed, 7 restarts");
	feed("props:x.service", "{\"ActiveState\":{\"type\":\"s\",\"data\":\"active\"},"
	                        "\"SubState\":{\"type\":\"s\",\"data\":\"running\"}}");
	assert_int_equal(u->row.health, HEALTH_BAD); /* for a moment it looks well */
	char why[64];
	assert_int_equal(unit_judge(u, now_wall_ms() + 2 * FLAP_MS, why, sizeof why), HEALTH_GOOD);
}

static void what_makes_sense_now_is_offered(void **state)
{
	feed("units",
	     "[[[\"on.service\",\"\",\"loaded\",\"active\",\"running\",\"\",\"/x\",0,\"\",\"/\"],"
	     "[\"off.service\",\"\",\"loaded\",\"inactive\",\"dead\",\"\",\"/x\",0,\"\",\"/\"]]]");
	feed("files", "[[[\"/usr/lib/systemd/system/on.service\",\"enabled\"],[\"/usr/lib/systemd/"
	              "system/off.service\",\"disabled\"],"
	              "[\"/etc/systemd/system/m.service\",\"masked\"]]]");
	struct unit *on = unit("pi/unit/on.service"), *off = unit("pi/unit/off.service"),
		    *m = unit("pi/unit/m.service");
	assert_true(offers(on, "stop") && offers(on, "restart") && offers(on, "disable") &&
	            offers(on, "mask"));
	assert_false(offers(on, "start") || offers(on, "enable") || offers(on, "unmask") ||
	             offers(on, "reset-failed"));
	assert_true(offers(on, "reload")); /* it may be, nobody said yet */
	feed("props:on.service", "{\"CanReload\":{\"type\":\"b\",\"data\":false}}");
	assert_false(offers(on, "reload"));
	assert_true(offers(off, "start") && offers(off, "enable") && !offers(off, "stop") &&
	            !offers(off, "restart"));
	assert_true(offers(m, "unmask") && !offers(m, "mask") && !offers(m, "start") &&
	            !offers(m, "restart"));
	feed("props:on.service", "{\"CanReload\":{\"type\":\"b\",\"data\":true},\"CanStop\":{"
	                         "\"type\":\"b\",\"data\":false}}");
	assert_true(offers(on, "reload") && !offers(on, "stop") && !offers(on, "restart"));
	assert_true(offers(on, "daemon-reload") && offers(m, "daemon-reload"));
	w.settings->read_only = true;
	assert_false(offers(on, "daemon-reload") || offers(off, "start"));
	w.settings->read_only = false;
}

/* --- units of the configuration ------------------------------------------ */

static void a_wanted_unit_that_is_not_there_says_what_is_near(void **state)
{
	want("caddy ssh, user:notes  broken.service hugo relodable");
	feed_answer("units", "units-pi.json");
	feed_answer("files", "files-pi.json");
	struct unit *u = unit("pi/unit/caddy.service");
	assert_non_null(u);
	assert_int_equal(u->row.health, HEALTH_BAD);
	assert_string_equal(u->row.why, "not found; near: caddy-workstation.service");
	/* Near by its letters, not by the ".service" that all share: no "sudo.service" for hugo. */
	assert_string_equal(unit("pi/unit/relodable.service")->row.why,
	                    "not found; near: reloadable.service");
	assert_string_equal(unit("pi/unit/hugo.service")->row.why, "not found on this server");
	assert_true(u->wanted && unit("pi/unit/ssh.service")->wanted);
	assert_false(offers(u, "start") || offers(u, "mask") || offers(u, "restart"));
	assert_int_equal(unit("pi/unit/ssh.service")->row.health, HEALTH_GOOD);
	assert_null(unit("pi/unit/notes.service"));
	source_feed(w.user, "units", "[[]]", 4);
	source_feed(w.user, "files", "[[]]", 4);
	assert_string_equal(unit("pi/unit/user:notes.service")->row.why,
	                    "not found on this server");
	/* It is made after all. */
	feed("props:caddy.service",
	     "{\"LoadState\":{\"type\":\"s\",\"data\":\"loaded\"},\"ActiveState\":{\"type\":\"s\","
	     "\"data\":"
	     "\"active\"},\"SubState\":{\"type\":\"s\",\"data\":\"running\"}}");
	assert_int_equal(u->row.health, HEALTH_GOOD);
	assert_null(u->row.why);
}

/* :reload refreshes a server whose units= changed. Rows of before have the former mark. */
static void units_of_the_configuration_follow_a_reload(void **state)
{
	want("ssh relodable user:notes");
	feed_answer("units", "units-pi.json");
	feed_answer("files", "files-pi.json");
	source_feed(w.user, "units", "[[]]", 4);
	source_feed(w.user, "files", "[[]]", 4);
	assert_int_equal(unit("pi/unit/relodable.service")->row.health, HEALTH_BAD);
	assert_false(unit("pi/unit/reloadable.service")->wanted);
	want("reloadable");
	w.source->backend->down(w.source);
	w.source->backend->up(w.source);
	w.user->backend->up(w.user);
	assert_null(unit("pi/unit/relodable.service"));
	assert_null(unit("pi/unit/user:notes.service"));
	assert_false(unit("pi/unit/ssh.service")->wanted);
	assert_true(unit("pi/unit/reloadable.service")->wanted);
	/* a unit that others name only has no row of its own either */
	want("connman");
	w.source->backend->up(w.source);
	feed_answer("units", "units-pi.json");
	feed_answer("files", "files-pi.json");
	assert_int_equal(unit("pi/unit/connman.service")->row.health, HEALTH_BAD);
	w.server->config = NULL;
	w.source->backend->up(w.source);
	assert_null(unit("pi/unit/connman.service"));
	assert_false(unit("pi/unit/reloadable.service")->wanted);
}

/* --- what is hostile or broken ------------------------------------------- */

static void properties_without_names(void **state)
{
	feed_answer("units", "units-pi.json");
	feed("props:ssh.service", "[1,[2],{\"LoadState\":3}]");
	feed("changed:ssh.service", "[\"x\",{\"\":4},[]]");
	assert_string_equal(unit("pi/unit/ssh.service")->active, "active");
}

static void rubbish_is_a_sentence(void **state)
{
	static const char *const rubbish[] = {
		"", "<html>", "[", "[[", "{}", "[7]", "[{\"a\":1}]"
	};
	for (size_t i = 0; i < ARRAY_LEN(rubbish); i++) {
		source_set_state(w.source, SOURCE_LIVE, NULL);
		feed("units", rubbish[i]);
		assert_int_equal(w.source->state, SOURCE_FAILED);
		assert_non_null(strstr(w.source->err.text, "cannot be understood"));
	}
	feed("units",
	     "[[7,null,[],[\"a.service\"],[1,2,3,4,5],{\"a\":1},[\"b.service\",null,7,true,[]]]]");
	feed("files", "[[7,null,[],[\"a.service\"],{\"a\":1}]]");
	feed("changed:b.service", "[1,2]");
	feed("changed:b.service",
	     "[\"i\",{\"ActiveState\":7,\"NRestarts\":\"x\",\"MainPID\":{\"data\":{}}}]");
	feed("signal:UnitNew", "[]");
	feed("signal:UnitRemoved", "[null]");
	feed("no such thing", "x");
}

static void hostile_text_is_washed(void **state)
{
	feed("units", "[[[\"a.service\",\"\\u001b]0;owned\\u0007 A "
	              "\\u202eevil\",\"loaded\",\"act\\u001b[31mive\",\"run\\u0000ning\",\"\","
	              "\"/x\",0,\"\",\"/\"]]]");
	struct unit *u = unit("pi/unit/a.service");
	assert_null(strchr(u->description, 0x1b));
	assert_null(strstr(u->description, "\xe2\x80\xae"));
	assert_null(strchr(u->active, 0x1b));
	feed("props:a.service", "{\"ActiveState\":{\"type\":\"s\",\"data\":\"failed\"},\"Result\":{"
	                        "\"type\":\"s\",\"data\":\"\\u001b[2J\"}}");
	feed("last:a.service", "\x1b]52;c;evil\x07last \x9b words\n");
	assert_null(strchr(u->row.why, 0x1b));
	assert_null(strchr(u->row.why, 0x9b));
}

static void nothing_breaks_at_any_cut(void **state)
{
	static const struct {
		const char *what, *file;
		size_t step;
	} all[] = {
		{ "props:broken.service", "props-broken.json", 7 },
		{ "props:systemd-tmpfiles-clean.timer", "props-timer.json", 1 },
		{ "files", "files-pi.json", 13 },
		{ "units", "units-sese.json", 17 },
	};
	feed_answer("units", "units-pi.json");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		size_t len;
		char *text = answer(all[i].file, &len);
		for (size_t n = 0; n <= len; n += n < 600 || len - n < 600 ? 1 : all[i].step) {
			/* exactly that size, for the sanitizer */
			char *cut = malloc(n ? n : 1);
			memcpy(cut, text, n);
			source_feed(w.source, all[i].what, cut, n);
			free(cut);
		}
		free(text);
	}
}

/* --- details ------------------------------------------------------------- */

static const char *value(const struct doc *doc, const char *label)
{
	for (size_t i = 0; i < doc->n; i++)
		if (doc->lines[i].label && strcmp(doc->lines[i].label, label) == 0)
			return doc->lines[i].text;
	return NULL;
}

static bool says(const struct doc *doc, const char *text)
{
	for (size_t i = 0; i < doc->n; i++)
		if (strstr(doc->lines[i].text, text))
			return true;
	return false;
}

static void details_are_readable_and_hide_secrets(void **state)
{
	struct doc doc;
	feed_answer("units", "units-pi.json");
	feed_answer("props:broken.service", "props-broken.json");
	feed("cat:broken.service",
	     "# "
	     "/etc/systemd/system/"
	     "broken.service\n[Service]\nEnvironment=DB_PASSWORD=hunter2\nExecStart=/bin/x\n");
	feed("log:broken.service", "Nov 21 07:06:44 pi sh[423]: giving up\n");
	struct unit *u = unit("pi/unit/broken.service");
	doc_init(&doc);
	kind_unit.detail(&u->row, &doc, false);
	assert_non_null(strstr(value(&doc, "state"), "failed"));
	assert_string_equal(value(&doc, "why"), "failed: exit code 1");
	assert_non_null(strstr(value(&doc, "runs"), "/bin/sh -c"));
	assert_string_equal(value(&doc, "file"), "/etc/systemd/system/broken.service");
	assert_null(value(&doc, "memory"));
	assert_true(says(&doc, "giving up") && says(&doc, "[Service]"));
	assert_false(says(&doc, "hunter2"));
	doc_finish(&doc);
	doc_init(&doc);
	kind_unit.detail(&u->row, &doc, true);
	assert_true(says(&doc, "hunter2"));
	doc_finish(&doc);
}

static void a_recording_holds_no_secret(void **state)
{
	struct buf out = { 0 };
	const char text[] = "Environment=DB_PASSWORD=hunter2\n";
	backend_systemd.redact("cat:x.service", text, sizeof text - 1, &out);
	assert_null(strstr(out.data, "hunter2"));
	buf_finish(&out);
}

/* --- the journal --------------------------------------------------------- */

static void journal_lines_are_understood(void **state)
{
	size_t len;
	char *text = answer("journal-broken.jsonl", &len), *rest = text, *line;
	int found = 0, n = 0;
	while ((line = strsep(&rest, "\n")) && *line) {
		struct journal_line j;
		assert_true(journal_line_parse(line, strlen(line), &j));
		assert_true(j.time_us > INT64_C(1600000000000000));
		assert_non_null(strstr(j.cursor, ";i="));
		n++;
		if (strstr(j.text, "Failed with result")) {
			assert_int_equal(j.level, LOG_LEVEL_WARN);
			found++;
		}
		journal_line_finish(&j);
	}
	assert_true(found >= 1 && n >= 6);
	free(text);
}

static void messages_of_every_form(void **state)
{
	static const struct {
		const char *line, *text;
		size_t len;
	} forms[] = {
		{ "{\"MESSAGE\":[98,105,110,1,255,0,97]}", "bin\x01\xff\0a", 7 },
		{ "{\"MESSAGE\":[\"one\",\"two\"]}", "one\ntwo", 7 },
		{ "{\"MESSAGE\":\"\"}", "", 0 },
		{ "{\"MESSAGE\":{\"a\":\"b\"}}", "b", 1 },
	};
	struct journal_line j;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_true(journal_line_parse(forms[i].line, strlen(forms[i].line), &j));
		assert_int_equal(j.len, forms[i].len);
		assert_memory_equal(j.text, forms[i].text, forms[i].len);
		journal_line_finish(&j);
	}
	/* a message given twice, one of them no text; who wrote it and how bad it is given twice; a
	 * unit of bytes */
	static const char twice[] = "{\"MESSAGE\":[\"one\",[27,91,49]],\"SYSLOG_IDENTIFIER\":["
				    "\"app\",\"other\"],\"PRIORITY\":[\"3\",\"7\"],"
				    "\"_PID\":\"7\",\"UNIT\":[97,46,115]}";
	assert_true(journal_line_parse(twice, sizeof twice - 1, &j));
	assert_string_equal(j.text, "one\n\033[1");
	assert_string_equal(j.identifier, "app[7]");
	assert_string_equal(j.units[0], "a.s");
	assert_int_equal(j.level, LOG_LEVEL_ERROR);
	assert_false(j.cut);
	journal_line_finish(&j);
	/* longer than is read: what is read is there, and that it was cut */
	size_t n = 300 << 10, used = 0;
	char *huge = xcalloc(1, n + 32);
	used = (size_t)sprintf(huge, "{\"MESSAGE\":\"");
	memset(huge + used, 'x', n);
	strcpy(huge + used + n, "\"}");
	assert_true(journal_line_parse(huge, strlen(huge), &j));
	assert_int_equal(j.len, 256 << 10);
	assert_true(j.cut);
	journal_line_finish(&j);
	free(huge);
	const char left_out[] =
		"{\"MESSAGE\":null,\"PRIORITY\":\"3\",\"__CURSOR\":\"x'; rm -rf /\"}";
	assert_true(journal_line_parse(left_out, sizeof left_out - 1, &j));
	assert_null(j.text);
	assert_int_equal(j.level, LOG_LEVEL_ERROR);
	assert_string_equal(j.cursor, "");
	assert_false(journal_line_parse("-- Boot --", 10, &j));
	assert_false(journal_line_parse("[1,2]", 5, &j));
	assert_false(journal_line_parse("", 0, &j));
}

static void journal_lines_cut_at_every_byte(void **state)
{
	size_t len;
	char *text = answer("journal-binary.jsonl", &len);
	for (size_t n = 0; n < len; n++) {
		struct journal_line j;
		char *cut = malloc(n ? n : 1);
		memcpy(cut, text, n);
		if (journal_line_parse(cut, n, &j))
			journal_line_finish(&j);
		free(cut);
	}
	free(text);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

/* Mounts and the like are rows as long as they are failed, by the list and by signals. */
static void failed_units_of_every_type(void **state)
{
	static const char *const types[] = { "mount",  "automount", "swap",  "path",
		                             "target", "device",    "slice", "scope" };
	struct row *r;
	char list[256], id[64], changed[64];
	static const char failed[] = "[\"org.freedesktop.systemd1.Unit\",{\"ActiveState\":{"
				     "\"type\":\"s\",\"data\":\"failed\"}},[]]";
	static const char well[] = "[\"org.freedesktop.systemd1.Unit\",{\"ActiveState\":{\"type\":"
				   "\"s\",\"data\":\"active\"}},[]]";
	feed_answer("units", "units-pi.json");
	size_t before = store_count(w.store, &kind_unit, w.server);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(list, sizeof(list),
		         "[[[\"srv-x.%s\",\"/srv/x\",\"loaded\",\"failed\",\"failed\",\"\",\"/"
		         "x\",0,\"\",\"/\"],"
		         "[\"srv-y.%s\",\"/srv/y\",\"loaded\",\"active\",\"mounted\",\"\",\"/"
		         "y\",0,\"\",\"/\"]]]",
		         types[i], types[i]);
		snprintf(id, sizeof(id), "pi/unit/srv-x.%s", types[i]);
		snprintf(changed, sizeof(changed), "changed:srv-x.%s", types[i]);
		feed("failed", list);
		r = store_find(w.store, id);
		assert_non_null(r);
		assert_int_equal(r->health, HEALTH_BAD);
		assert_int_equal(store_count(w.store, &kind_unit, w.server), before + 1);
		feed_answer("units", "units-pi.json"); /* that list never names it */
		assert_non_null(store_find(w.store, id));
		feed(changed, failed);
		assert_non_null(store_find(w.store, id));
		feed(changed, well);
		assert_null(store_find(w.store, id));
		/* asked for by name after a signal */
		feed("new", list);
		assert_non_null(store_find(w.store, id));
		feed("failed", "[[]]");
		assert_null(store_find(w.store, id));
	}
	feed("version", "[{\"type\":\"s\",\"data\":\"257\"}]");
	feed("state", "[{\"type\":\"s\",\"data\":\"degraded\"}]");
	feed("count", "[{\"type\":\"u\",\"data\":3}]");
	assert_string_equal(w.source->detail, "systemd 257, degraded, 3 failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_and_names_are_each_others_inverse),
		cmocka_unit_test(only_units_that_run_are_ours),
		cmocka_unit_test(numbers_that_mean_unknown_are_unknown),
		WORLD(a_list_becomes_rows),
		WORLD(failed_units_of_every_type),
		WORLD(lists_of_all_three_generations_are_understood),
		WORLD(a_unit_that_is_gone_leaves_unless_its_file_is_there),
		WORLD(the_users_units_have_their_own_place),
		WORLD(properties_of_a_failed_service),
		WORLD(a_timer_says_its_next_time_by_our_clock),
		WORLD(a_change_reaches_the_row_at_once),
		WORLD(a_reload_of_the_manager_changes_no_row),
		WORLD(a_service_that_restarts_all_the_time_is_not_well),
		WORLD(what_makes_sense_now_is_offered),
		WORLD(a_wanted_unit_that_is_not_there_says_what_is_near),
		WORLD(units_of_the_configuration_follow_a_reload),
		WORLD(properties_without_names),
		WORLD(rubbish_is_a_sentence),
		WORLD(hostile_text_is_washed),
		WORLD(nothing_breaks_at_any_cut),
		WORLD(details_are_readable_and_hide_secrets),
		WORLD(a_recording_holds_no_secret),
		cmocka_unit_test(journal_lines_are_understood),
		cmocka_unit_test(messages_of_every_form),
		cmocka_unit_test(journal_lines_cut_at_every_byte),
	};
	if (!mkdtemp(home))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char *line = xasprintf("rm -rf -- %s", home);
	if (system(line))
		failed++;
	free(line);
	return failed;
}
