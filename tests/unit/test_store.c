/* The store: rows, lists, what is shown, settings, logs, levels, docs, recordings. No server, no
 * network. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/base/private.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/level.h"
#include "backends/store/log.h"
#include "backends/store/record.h"
#include "backends/store/report.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/servers/tags.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "backends/vpn/vpn.h"
#include "panels/panels.h"

static char home[] = "/tmp/mocr-test-XXXXXX";

static int make_home(void **state)
{
	if (!mkdtemp(home))
		return -1;
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	return 0;
}

static int remove_home(void **state)
{
	char *line = xasprintf("rm -rf -- %s", home);
	int code = system(line);
	free(line);
	return code;
}

static char *write_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", home, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	return path;
}

struct world {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
};

static struct world world_create(const char *config)
{
	struct world w = { 0 };
	char *path = config ? write_file("config", config) : NULL;
	w.settings = settings_load(path, NULL);
	free(path);
	w.loop = loop_create();
	w.store = store_create(w.loop, NULL, w.settings);
	return w;
}

static void world_destroy(struct world *w)
{
	store_destroy(w->store);
	loop_destroy(w->loop);
	settings_destroy(w->settings);
}

/* --- rows ---------------------------------------------------------------- */

static void test_rows(void **state)
{
	struct world w = world_create(NULL);
	struct server *v = server_open_replay(w.store, "se/se");
	assert_string_equal(v->name, "se-se");
	struct source *s = server_source(v, "docker");
	store_rows_begin(s, &kind_container);
	for (int i = 0; i < 5; i++) {
		char name[32];
		snprintf(name, sizeof(name), "c%d\033[31m", i);
		store_row(s, &kind_container, name, name);
	}
	store_rows_end(s, &kind_container);
	assert_int_equal(store_count(w.store, &kind_container, v), 5);
	struct row *row = store_find(w.store, "se-se/container/c3");
	assert_non_null(row);
	assert_string_equal(row->name, "c3");
	store_rows_begin(s, &kind_container);
	/* the same row, the list is shorter */
	assert_ptr_equal(store_row(s, &kind_container, "c3", "c3"), row);
	store_rows_end(s, &kind_container);
	assert_int_equal(store_count(w.store, &kind_container, NULL), 1);
	/* The same name from another engine is another row. */
	struct row *other = store_row(server_source(v, "podman"), &kind_container, "c3", "c3");
	assert_ptr_not_equal(other, row);
	assert_string_equal(other->id, "se-se/container/podman:c3");
	assert_ptr_equal(store_row(server_source(v, "podman"), &kind_container, "c3", "c3"), other);
	world_destroy(&w);
}

/* Whether a source has said all it will. One that waits has, where the facts that it needs do not
 * come. */
static void test_what_a_source_still_says(void **state)
{
	static const struct {
		const char *source;
		bool known; /* the facts about the login */
		enum source_state state, vitals;
		bool settled;
	} all[] = {
		{ "podman-user", false, SOURCE_WAITING, SOURCE_WAITING, false },
		{ "podman-user", false, SOURCE_WAITING, SOURCE_LIVE, false },
		{ "podman-user", false, SOURCE_WAITING, SOURCE_FAILED, true },
		{ "podman-user", false, SOURCE_WAITING, SOURCE_DENIED, true },
		{ "podman-user", true, SOURCE_WAITING, SOURCE_FAILED, false },
		{ "docker", false, SOURCE_WAITING, SOURCE_FAILED, false },
		{ "docker", false, SOURCE_ABSENT, SOURCE_WAITING, true },
		{ "docker", false, SOURCE_FAILED, SOURCE_WAITING, true },
		{ "systemd", false, SOURCE_LIVE, SOURCE_WAITING, true },
	};
	struct world w = world_create(NULL);
	struct server *v = server_open_replay(w.store, "a");
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct source *s = server_source(v, all[i].source);
		v->facts_known = all[i].known;
		s->state = all[i].state;
		server_source(v, "vitals")->state = all[i].vitals;
		if (source_settled(s) != all[i].settled)
			fail_msg("case %zu", i);
	}
	world_destroy(&w);
}

static struct row *engine_row(struct server *v, const char *engine, const char *name)
{
	struct source *s = server_source(v, engine);
	struct row *row = store_row(s, &kind_container, name, name);
	source_set_state(s, SOURCE_LIVE, NULL);
	return row;
}

/* Whoever is listed first, and whatever the others have: an id names one container of one engine.
 */
static void test_ids_do_not_depend_on_who_is_first(void **state)
{
	static const char *const engines[] = { "docker", "docker-user", "podman", "podman-user" };
	static const char *const ids[] = { "a/container/web", "a/container/docker-user:web",
		                           "a/container/podman:web",
		                           "a/container/podman-user:web" };
	for (size_t first = 0; first < ARRAY_LEN(engines); first++) {
		struct world w = world_create(NULL);
		struct server *v = server_open_replay(w.store, "a");
		for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
			size_t at = (first + ARRAY_LEN(engines) - i) % ARRAY_LEN(engines);
			assert_string_equal(engine_row(v, engines[at], "web")->id, ids[at]);
		}
		world_destroy(&w);
	}
}

/* "a/container/web", written by a person, finds the one of Podman only where no Docker can have one
 * of that name. */
static void test_an_id_as_people_write_it(void **state)
{
	struct world w = world_create(NULL);
	struct server *v = server_open_replay(w.store, "a");
	source_set_state(server_source(v, "docker-user"), SOURCE_ABSENT, NULL);
	source_set_state(server_source(v, "podman"), SOURCE_ABSENT, NULL);
	struct row *web = engine_row(v, "podman-user", "web");
	assert_ptr_equal(store_find_written(w.store, "a/container/podman-user:web"), web);
	/* Docker may have one: it has not answered yet */
	assert_null(store_find_written(w.store, "a/container/web"));
	source_set_state(server_source(v, "docker"), SOURCE_LIVE, NULL);
	/* it has none now, and may have one in a moment */
	assert_null(store_find_written(w.store, "a/container/web"));
	source_set_state(server_source(v, "docker"), SOURCE_ABSENT, NULL);
	assert_ptr_equal(store_find_written(w.store, "a/container/web"), web);
	/* nor does another machine have it */
	assert_null(store_find_written(w.store, "zzz/container/web"));
	v->is_local = true;
	assert_null(store_find_written(w.store, "zzz/container/web"));
	assert_ptr_equal(store_find_written(w.store, "a/container/web"), web);
	v->is_local = false;
	/* the program itself means what it says */
	assert_null(store_find(w.store, "a/container/web"));
	assert_null(store_find_written(w.store, "a/unit/web"));
	source_set_state(server_source(v, "podman"), SOURCE_WAITING, NULL);
	/* a second one may come */
	assert_null(store_find_written(w.store, "a/container/web"));
	engine_row(v, "podman", "web");
	/* which of the two? */
	assert_null(store_find_written(w.store, "a/container/web"));
	world_destroy(&w);
}

static void says_of_source(struct server *v, const char *engine, enum source_state state)
{
	struct err err = { 0 };
	if (state == SOURCE_DENIED)
		err_set(&err, ERR_DENIED, "no permission to open its socket");
	source_set_state(server_source(v, engine), state, &err);
}

/* An engine that is not for this login is no news where another one is, and nobody is alarmed
 * before the others have answered. */
static void test_a_denial_beside_what_can_be_used(void **state)
{
	struct world w = world_create(NULL);
	struct server *v = server_open_replay(w.store, "a");
	v->link->state = LINK_UP;
	says_of_source(v, "podman", SOURCE_DENIED);
	assert_false(source_needs(server_source(v, "podman"))); /* Docker is still asked */
	says_of_source(v, "docker-user", SOURCE_ABSENT);
	says_of_source(v, "podman-user", SOURCE_ABSENT);
	says_of_source(v, "docker", SOURCE_LIVE);
	assert_false(source_needs(server_source(v, "podman")));
	says_of_source(v, "docker", SOURCE_ABSENT);
	assert_true(source_needs(server_source(v, "podman")));
	says_of_source(v, "docker", SOURCE_DENIED);
	assert_true(source_needs(server_source(v, "docker")));
	says_of_source(v, "docker-user", SOURCE_LIVE);
	assert_false(source_needs(server_source(v, "docker")));
	assert_false(source_needs(server_source(v, "podman")));
	struct cell c = { 0 };
	for (const struct column *col = panel_fleet.columns; col->name; col++)
		if (!strcmp(col->name, "note"))
			column_cell(col, &v->row, &c);
	assert_string_equal(c.text, ""); /* the fleet says what "Needs you" says */
	world_destroy(&w);
}

/* More of something than is read: never in silence. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void feed_many(struct server *v, const char *source, const char *what, const char *open,
                      const char *one, const char *close)
{
	struct buf b = { 0 };
	buf_puts(&b, open);
	for (int i = 0; i < 10003; i++) {
		buf_puts(&b, i ? "," : "");
		buf_addf(&b, one, i, i);
	}
	buf_puts(&b, close);
	source_feed(server_source(v, source), what, b.data, b.len);
	buf_finish(&b);
}

static void test_lists_that_are_cut(void **state)
{
	struct world w = world_create(NULL);
	struct server *v = server_open_replay(w.store, "a");
	v->link->state = LINK_UP;
	feed_many(v, "docker", "list", "[",
	          "{\"Id\":\"%012d\",\"Names\":[\"/c%d\"],\"State\":\"running\"}", "]");
	assert_int_equal(store_left_out(w.store, &kind_container, v), 3);
	assert_int_equal(store_count(w.store, &kind_container, v), 10000);
	assert_true(source_needs(server_source(v, "docker")));
	struct row *said = NULL;
	loop_turn(w.loop, 0);
	said = store_find(w.store, "a/source/docker");
	assert_non_null(said);
	assert_string_equal(said->why, "3 more containers of docker on a are not shown: its list "
	                               "is longer than mocr reads");
	char *json = report_json(w.store);
	assert_non_null(strstr(json, "\"left_out\":\t3"));
	free(json);
	feed_many(v, "systemd", "units", "[[",
	          "[\"u%d.service\",\"%d\",\"loaded\",\"active\",\"running\",\"\",\"/x\",0,\"\",\"/"
	          "\"]",
	          "]]");
	assert_int_equal(store_left_out(w.store, &kind_unit, v), 3);
	feed_many(v, "tailscale", "status",
	          "{\"BackendState\":\"Running\",\"Self\":{\"HostName\":\"a\"},\"Peer\":{",
	          "\"nodekey:%d\":{\"HostName\":\"p%d\"}", "}}");
	assert_int_equal(store_left_out(w.store, &kind_peer, v), 3);
	source_feed(server_source(v, "docker"), "list", "[]", 2);
	assert_int_equal(store_left_out(w.store, &kind_container, v), 0);
	assert_false(source_needs(server_source(v, "docker")));
	world_destroy(&w);
}
#pragma GCC diagnostic pop

static void asked_nothing(struct ask *ask, struct secret *answer, bool keep, void *arg)
{
	secret_destroy(answer);
}

static struct ask *question(bool ordered)
{
	struct ask *ask = xcalloc(1, sizeof(*ask));
	*ask = (struct ask){ .kind = ASK_PASSWORD, .ordered = ordered, .answered = asked_nothing };
	return ask;
}

/* A source found out that it needs a password; then the user starts something that asks, too. */
static void what_the_user_waits_for_is_asked_first(void **state)
{
	struct world w = world_create(NULL);
	struct server *v = server_open_replay(w.store, "a");
	struct ask *found = question(false), *later = question(false), *first = question(true),
		   *second = question(true);
	server_ask(v, found);
	assert_ptr_equal(v->asks, found);
	server_ask(v, first);
	assert_ptr_equal(v->asks, first);
	server_ask(v, second);
	server_ask(v, later);
	assert_ptr_equal(v->asks, first);
	ask_answer(first, NULL, false);
	assert_ptr_equal(v->asks, second);
	ask_answer(second, NULL, false);
	assert_ptr_equal(v->asks, found);
	server_ask_drop(v, found);
	assert_ptr_equal(v->asks, later);
	world_destroy(&w);
}

static void on_changed(void *arg)
{
	++*(int *)arg;
}

static void test_changed_once_a_turn(void **state)
{
	struct world w = world_create(NULL);
	int told = 0;
	store_set_hooks(w.store, &(struct store_hooks){ .changed = on_changed, .arg = &told });
	struct server *v = server_open_replay(w.store, "a");
	struct source *s = server_source(v, "docker");
	for (int i = 0; i < 100; i++)
		store_row_health(store_row(s, &kind_container, i % 2 ? "x" : "y", "n"), HEALTH_BAD,
		                 1, "broken");
	loop_turn(w.loop, 0);
	loop_turn(w.loop, 0);
	assert_int_equal(told, 1);
	assert_int_equal(server_count(v, &kind_container, HEALTH_BAD, HEALTH_BAD), 2);
	assert_int_equal(v->problems, 2);
	uint64_t generation = store_generation(w.store);
	store_row_health(store_find(w.store, "a/container/x"), HEALTH_BAD, 1, "broken");
	/* nothing changed, nobody is told */
	assert_int_equal(store_generation(w.store), generation);
	world_destroy(&w);
}

static void test_ten_thousand(void **state)
{
	struct world w = world_create(NULL);
	struct source *s = server_source(server_open_replay(w.store, "big"), "systemd");
	for (int round = 0; round < 2; round++) {
		store_rows_begin(s, &kind_unit);
		for (int i = 0; i < 10000; i++) {
			char name[32];
			snprintf(name, sizeof(name), "unit-%d.service", i);
			store_row(s, &kind_unit, name, name);
		}
		store_rows_end(s, &kind_unit);
	}
	assert_int_equal(store_count(w.store, &kind_unit, NULL), 10000);
	world_destroy(&w);
}

static void test_activity_is_kept(void **state)
{
	struct world w = world_create(NULL);
	struct row *row = store_row(server_source(server_open_replay(w.store, "a"), "docker"),
	                            &kind_container, "x", "x");
	size_t before = activity_count(w.store);
	store_row_health(row, HEALTH_GOOD, 1, NULL);
	/* the first look is no change */
	assert_int_equal(activity_count(w.store), before);
	store_row_health(row, HEALTH_BAD, 2, "exit 1\033[2J");
	assert_int_equal(activity_count(w.store), before + 1);
	assert_string_equal(activity_get(w.store, 0)->text, "well -> failed: exit 1");
	world_destroy(&w);
	/* another start reads it again */
	w = world_create(NULL);
	assert_true(activity_count(w.store) > 0);
	assert_string_equal(activity_get(w.store, 0)->text, "well -> failed: exit 1");
	world_destroy(&w);
}

static bool note_text(const struct activity_entry *e, void *arg)
{
	struct buf *all = arg;
	buf_addf(all, "%s|", e->text);
	return strcmp(e->text, "enough") != 0;
}

/* What is kept is read from the older file to the newer one, until it is enough. */
static void test_activity_is_read(void **state)
{
	static const struct {
		const char *old, *new; /* NULL: no such file */
		const char *texts;
	} all[] = {
		{ NULL, NULL, "" },
		{ NULL, "one two", "one|two|" },
		{ "one two", NULL, "one|two|" },
		{ "one two", "three four", "one|two|three|four|" },
		{ "one enough", "three", "one|enough|" },
		{ "one", "enough four", "one|enough|" },
	};
	char *dir = xasprintf("%s/read", home);
	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct buf texts = { 0 };
		struct err err = { 0 };
		buf_puts(&texts, "");
		for (int newer = 0; newer < 2; newer++) {
			char *path = xasprintf("%s/activity.jsonl%s", dir, newer ? "" : ".1");
			const char *words = newer ? all[i].new : all[i].old;
			unlink(path);
			FILE *f = words ? fopen(path, "w") : NULL;
			char *copy = xstrdup(words), *save = NULL;
			for (char *w = f ? strtok_r(copy, " ", &save) : NULL; w;
			     w = strtok_r(NULL, " ", &save))
				fprintf(f, "rubbish\n{\"ms\":1000,\"what\":\"note\",\"id\":\"\","
				           "\"text\":\"%s\"}\n",
				        w);
			if (f)
				fclose(f);
			free(copy);
			free(path);
		}
		assert_true(activity_read(dir, note_text, &texts, &err));
		assert_string_equal(texts.data ? texts.data : "", all[i].texts);
		buf_finish(&texts);
	}
	free(dir);
}

/* A tag that no section has is refused with those that there are. */
static void test_servers_of_a_tag(void **state)
{
	static const struct {
		const char *config, *tag, *why;
	} all[] = {
		{ "[server a]\nhost = x\n", "@prod", "@prod; there is no tag yet (tags =" },
		{ "[server a]\ntags = home prod\n[server b]\ntags = eu\n", "@x",
		  "has the tag @x; there are @home @prod @eu (tags =" },
		{ "[server a]\ntags = home\n", "@hom", "has the tag @hom; there are @home (" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct world w = world_create(all[i].config);
		struct err err = { 0 };
		assert_false(servers_open_tagged(w.store, all[i].tag, &err));
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.text, all[i].why))
			fail_msg("%s", err.text);
		assert_null(store_servers(w.store));
		world_destroy(&w);
	}
}

/* The file is anybody's to write: times that cannot be, half lines and rubbish are passed over. */
/* Two consoles write to one file. The one that comes second to the rotation takes the new file and
 * leaves the old one. */
static void test_activity_is_rotated_once(void **state)
{
	struct world one = world_create(NULL), two = world_create(NULL);
	char *path = xasprintf("%s/activity.jsonl", one.settings->state_dir),
	     *old = xasprintf("%s.1", path);
	assert_int_equal(truncate(path, ACTIVITY_FILE_MAX), 0);
	activity_add(one.store, ACTIVITY_NOTE, HEALTH_GOOD, NULL, "rotates");
	activity_add(two.store, ACTIVITY_NOTE, HEALTH_GOOD, NULL, "still in the old file");
	activity_add(two.store, ACTIVITY_NOTE, HEALTH_GOOD, NULL, "in the new file");
	struct stat st;
	assert_int_equal(stat(old, &st), 0);
	assert_true(st.st_size > (off_t)ACTIVITY_FILE_MAX);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 0 && st.st_size < 1000);
	unlink(path);
	unlink(old);
	free(path);
	free(old);
	world_destroy(&one);
	world_destroy(&two);
}

static void test_activity_of_rubbish(void **state)
{
	struct world w = world_create(NULL);
	size_t before = activity_count(w.store);
	char *path = xasprintf("%s/activity.jsonl", w.settings->state_dir);
	world_destroy(&w);
	FILE *f = fopen(path, "a");
	fputs("{\"ms\":1e300,\"id\":\"a\",\"text\":\"never\"}\n{\"ms\":1\n\n\xff\xfe\n{\"ms\":7,"
	      "\"id\":\"a\",\"text\":\"seven\"}\n",
	      f);
	fclose(f);
	w = world_create(NULL);
	assert_int_equal(activity_count(w.store), before + 1);
	assert_int_equal(activity_get(w.store, 0)->wall_ms, 7);
	world_destroy(&w);
	free(path);
}

/* --- orders -------------------------------------------------------------- */

static void test_read_only(void **state)
{
	struct world w = world_create("[settings]\nread_only = yes\n");
	struct source *s = server_source(server_open_replay(w.store, "a"), "docker");
	struct row *row = store_row(s, &kind_container, "x", "x");
	const struct action *list[64];
	size_t n = actions_of(row, list, ARRAY_LEN(list));
	for (size_t i = 0; i < n; i++)
		assert_false(list[i]->flags & ACTION_CHANGES);
	struct err err = { 0 };
	for (const struct action *a = kind_container.actions; a->name; a++)
		if (a->flags & ACTION_CHANGES) {
			assert_null(order_start(row, a, NULL, &err));
			assert_non_null(strstr(err.text, "read-only"));
		}
	world_destroy(&w);
}

/* --- settings ------------------------------------------------------------ */

static const char wrong_config[] = "theme = dark\n" /* 1: before any section */
				   "[settings]\n"
				   "theem = dark\n"    /* 3 */
				   "disk_warn = 800\n" /* 4 */
				   "local = perhaps\n" /* 5 */
				   "vitals_interval = 7\n"
				   "[sever pi]\n"
				   "host = x\n" /* 8 */
				   "host2 = x\n"
				   "[server pi]\n"
				   "host = pi@192.0.2.30\n"
				   "protect = yes\n"
				   "sudo = always\n" /* 13 */
				   "[server empty]\n"
				   "[keys]\n"
				   "R = container-restart\n";

static void test_settings(void **state)
{
	static const char *const expected[] = {
		"config:1: \"theme\" stands before any section",
		"config:3: [settings] has no key \"theem\"; did you mean \"theme\"?",
		"config:4: disk_warn: expected a number from 1 to 100, got \"800\"",
		"config:5: local: expected yes or no, got \"perhaps\"",
		"config:7: there is no section [sever pi]; did you mean [server]?",
		"config:13: sudo: expected one of: auto never; got \"always\"",
	};
	char *path = write_file("config", wrong_config);
	struct doc complaints;
	doc_init(&complaints);
	struct settings *s = settings_load(path, &complaints);
	assert_int_equal(complaints.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < complaints.n; i++)
		assert_non_null(strstr(complaints.lines[i].text, expected[i]));
	assert_int_equal(s->vitals_interval, 7); /* what was right counts */
	assert_int_equal(s->disk_warn, 80);
	assert_string_equal(s->servers->name, "pi");
	assert_string_equal(s->servers->host, "pi@192.0.2.30");
	assert_true(s->servers->protect);
	assert_string_equal(s->servers->next->name, "empty");
	assert_string_equal(s->keys->action, "container-restart");
	settings_destroy(s);
	doc_finish(&complaints);
	free(path);
}

static const char twice_config[] = "\xef\xbb\xbf# an editor's mark\n"
				   "nonsense\n"                    /* 2 */
				   "[server\n"                     /* 3 */
				   "nonsense ; with = a comment\n" /* 4 */
				   "[server pi]\n"
				   "  host = pi@192.0.2.30\n"
				   "  units = caddy\n" /* indented: no more of the value before */
				   "  units = tor\n"   /* 8 */
				   "[deploy web]\n"    /* 9: nothing in it */
				   "[server  pi]\n"    /* 10 */
				   "protect = yes\n"
				   "[deploy api]\n"
				   "server = pi\n"
				   "run = cd /srv ; make\n" /* 14 */
				   "ask = A\n"
				   "ask = B\n"
				   "[keys]\n"
				   "R = none\n"
				   "R = container-restart\n" /* 19 */
				   "[server a-name-that-is-longer-than-what-inih-keeps-of-it]\n"
				   "[server spaced]\n"
				   "host = two words\n"
				   "# a comment ; with a semicolon\n"
				   "[settings]\n"
				   "ssh_config = /nonexistent/config\n"
				   "[headscale home]\n" /* 26 */
				   "[deploy]\n";

static void test_settings_twice(void **state)
{
	static const char *const expected[] = {
		"config:2: this line is not understood; expected [section] or key = value",
		"config:3: this line is not understood",
		"config:4: this line is not understood",
		"config:8: [server pi] has units twice, first in line 7; the last one counts",
		"config:10: [server pi] appears twice, first in line 5; both are read as one",
		"config:14: run: a blank followed by ; starts a comment, so the command ends there",
		"config:19: [keys] has R twice, first in line 18; the last one counts",
		("config:25: ssh_config: /nonexistent/config cannot be read: No such file or "
		 "directory"),
		"config:26: [headscale home] has no key and does nothing",
		"config:27: a deploy needs a name: [deploy NAME]",
		"config:21: [server spaced]: host: \"two words\" is not the name of a server",
	};
	char *path = write_file("config", twice_config);
	struct doc complaints;
	doc_init(&complaints);
	struct settings *s = settings_load(path, &complaints);
	for (size_t i = 0; i < complaints.n && i < ARRAY_LEN(expected); i++)
		if (!strstr(complaints.lines[i].text, expected[i]))
			fail_msg("got: %s", complaints.lines[i].text);
	assert_int_equal(complaints.n, ARRAY_LEN(expected));
	assert_string_equal(s->servers->host, "pi@192.0.2.30");
	assert_string_equal(s->servers->units, "tor");
	assert_true(s->servers->protect);
	assert_string_equal(s->servers->next->name,
	                    "a-name-that-is-longer-than-what-inih-keeps-of-it");
	assert_string_equal(s->deploys->name, "web");
	assert_int_equal(s->deploys->line, 9);
	settings_destroy(s);
	doc_finish(&complaints);
	free(path);
}

static void test_no_settings(void **state)
{
	struct doc complaints;
	doc_init(&complaints);
	char *gone = xasprintf("%s/none", home);
	struct settings *s = settings_load(gone, &complaints);
	/* a file that was asked for must be there */
	assert_int_equal(complaints.n, 1);
	settings_destroy(s);
	doc_finish(&complaints);
	setenv("XDG_CONFIG_HOME", gone, 1);
	s = settings_load(NULL, &complaints);
	assert_int_equal(complaints.n, 0); /* the usual one need not */
	assert_true(s->local);
	assert_int_equal(s->disk_warn, 80);
	settings_destroy(s);
	unsetenv("XDG_CONFIG_HOME");
	free(gone);
}

/* What others can write is not run, and what they made is not followed. */
static void test_files_of_others(void **state)
{
	struct doc complaints;
	char *path = write_file("config-others", "[settings]\ndisk_warn = 33\n");
	static const struct {
		mode_t mode;
		bool good;
	} rows[] = {
		{ 0600, true }, { 0644, true }, { 0646, false }, { 0666, false }, { 0602, false }
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		doc_init(&complaints);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		struct settings *s = settings_load(path, &complaints);
		assert_int_equal(s->disk_warn, rows[i].good ? 33 : 80);
		assert_int_equal(s->file_state, rows[i].good ? SETTINGS_READ : SETTINGS_REFUSED);
		assert_int_equal(complaints.n, !rows[i].good);
		assert_true(rows[i].good ||
		            strstr(complaints.lines[0].text, "others can write it"));
		settings_destroy(s);
		doc_finish(&complaints);
	}
	assert_true(private_is_open_to_others(geteuid() + 1, 0, 0600));
	/* a group of others */
	assert_true(private_is_open_to_others(geteuid(), 54321, 0660));
	assert_false(private_is_open_to_others(geteuid(), 54321, 0640));
	assert_true(private_is_open_to_others(geteuid(), 54321, 0602));
	assert_false(private_is_open_to_others(0, 0, 0644));
	free(path);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void test_private_files(void **state)
{
	char *dir = xasprintf("%s/private", home), *file = xasprintf("%s/a", dir),
	     *link = xasprintf("%s/b", dir), *fifo = xasprintf("%s/c", dir), why[128];
	assert_true(private_folder(dir, why, sizeof(why)));
	assert_int_equal(mode_of(dir), 0700);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_true(private_folder(dir, why, sizeof(why)));
	assert_int_equal(mode_of(dir), 0700);
	int fd = private_open(file, O_WRONLY | O_CREAT);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(mode_of(file), 0600);
	assert_int_equal(chmod(file, 0666), 0);
	FILE *f = private_read(file);
	assert_non_null(f);
	fclose(f);
	assert_int_equal(mode_of(file), 0600);
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(private_open(link, O_WRONLY | O_CREAT), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	/* nor is it waited for a writer */
	assert_null(private_read(fifo));
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 65534, 65534), 0);
		assert_int_equal(private_open(file, O_WRONLY), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(chown(dir, 65534, 65534), 0);
		assert_false(private_folder(dir, why, sizeof(why)));
		assert_string_equal(why, "it belongs to another user");
	}
	assert_true(private_folder("/proc/no/such", why, sizeof(why)));
	char *all[] = { file, link, fifo };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		unlink(all[i]);
		free(all[i]);
	}
	rmdir(dir);
	free(dir);
}

static void test_nearest(void **state)
{
	static const char *const units[] = { "ssh.service", "caddy-workstation.service",
		                             "cron.service", "docker.service" };
	assert_string_equal(nearest("crom.service", units, 4), "cron.service");
	assert_string_equal(nearest("caddy", units, 4), "caddy-workstation.service");
	assert_null(nearest("postgresql", units, 4));
	assert_null(nearest("x", units, 0));
}

/* --- logs ---------------------------------------------------------------- */

static void test_log_bound(void **state)
{
	struct log *log = log_create(100000);
	unsigned source = log_source_add(log, "a/container/x");
	char text[100];
	for (int i = 1; i <= 10000; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		log_add(log, source, i, LOG_LEVEL_INFO, LOG_LINE, text, strlen(text));
		assert_true(log_bytes(log) <= 100000);
	}
	assert_int_equal(log_last(log), 10000);
	assert_int_equal(log_first(log) - 1, log_dropped(log));
	assert_null(log_get(log, log_first(log) - 1));
	assert_null(log_get(log, 10001));
	assert_string_equal(log_get(log, 10000)->text, "line 10000");
	snprintf(text, sizeof(text), "line %d", (int)log_first(log));
	assert_string_equal(log_get(log, log_first(log))->text, text);
	log_destroy(log);
}

static void test_log_long_and_hostile(void **state)
{
	struct log *log = log_create(0);
	unsigned source = log_source_add(log, "\033]0;evil\007name");
	assert_string_equal(log_source_name(log, source), "name");
	char *big = xcalloc(1, 1 << 20);
	memset(big, 'x', 1 << 20);
	log_add(log, source, 0, LOG_LEVEL_UNKNOWN, LOG_LINE, big, 1 << 20);
	const struct log_line *line = log_get(log, 1);
	assert_true(line->len < LOG_LINE_MAX + 100);
	assert_non_null(strstr(line->text, "cut: the line is longer"));
	memset(big, '\xff', 1 << 20);
	log_add(log, source, 0, LOG_LEVEL_UNKNOWN, LOG_LINE, big, 1 << 20);
	log_add(log, source, 0, LOG_LEVEL_UNKNOWN, LOG_LINE, "\033[31mred\r50%\r", 13);
	assert_string_equal(log_get(log, 3)->text, "red 50% ");
	free(big);
	log_destroy(log);
}

static void test_levels(void **state)
{
	static const struct {
		const char *text;
		enum log_level level;
	} lines[] = {
		{ "{\"level\":\"warn\",\"msg\":\"error free\"}", LOG_LEVEL_WARN },
		{ "ts=1 level=error msg=\"x\"", LOG_LEVEL_ERROR },
		{ "2026-11-21 [INFO] started", LOG_LEVEL_INFO },
		{ "ERROR: no such file", LOG_LEVEL_ERROR },
		{ "error: no such file", LOG_LEVEL_ERROR },
		{ "there was no error found", LOG_LEVEL_UNKNOWN },
		{ "<3>disk gone", LOG_LEVEL_ERROR },
		{ "E1121 06:00:00.1 klog", LOG_LEVEL_ERROR },
		{ "W1121 06:00:00.1 klog", LOG_LEVEL_WARN },
		{ "{\"level\":50,\"msg\":\"pino\"}", LOG_LEVEL_ERROR },
		{ "{\"level\":30,\"msg\":\"pino: error\"}", LOG_LEVEL_INFO },
		{ "{\"short_message\":\"gelf\",\"level\":3}", LOG_LEVEL_ERROR },
		{ "level=77 x", LOG_LEVEL_UNKNOWN },
		{ "{\"log.level\":\"warn\",\"message\":\"ecs\"}", LOG_LEVEL_WARN },
		{ "TypeError: x is not a function", LOG_LEVEL_ERROR },
		{ "java.io.IOException: Broken pipe", LOG_LEVEL_ERROR },
		{ "Traceback (most recent call last):", LOG_LEVEL_ERROR },
		{ "thread 'main' panicked at src/main.rs:4:5:", LOG_LEVEL_ERROR },
		{ "[INFO] handled TypeError: all is well", LOG_LEVEL_INFO },
		{ "terror: a film", LOG_LEVEL_UNKNOWN },
		{ "panicked", LOG_LEVEL_UNKNOWN },
		{ "", LOG_LEVEL_UNKNOWN },
		{ "E1", LOG_LEVEL_UNKNOWN },
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_int_equal(level_guess(lines[i].text, strlen(lines[i].text)), lines[i].level);
}

static void test_doc(void **state)
{
	struct doc doc;
	doc_init(&doc);
	doc_head(&doc, "Head");
	doc_pair(&doc, DOC_PLAIN, "label\033[1m", "%s", "value\033[2J\n");
	assert_string_equal(doc.lines[1].label, "label");
	assert_string_equal(doc.lines[1].text, "value ");
	doc_text(&doc, DOC_CODE, "a\r\nb\n\nc", 7);
	assert_int_equal(doc.n, 6);
	for (int i = 0; i < DOC_MAX_LINES + 10; i++)
		doc_add(&doc, DOC_PLAIN, "%d", i);
	assert_int_equal(doc.n, DOC_MAX_LINES + 1);
	doc_finish(&doc);
}

/* --- recordings ---------------------------------------------------------- */

static void test_record_and_replay(void **state)
{
	struct world w = world_create(NULL);
	char *dir = xasprintf("%s/recording", home);
	struct err err = { 0 };
	assert_true(record_start(w.store, dir, &err));
	record_add(w.store, "sese", "link", "@state", "up\t12\t0\tssh\t", 12);
	record_add(w.store, "sese", "docker", "@state", "denied\tnot in group docker", 26);
	record_add(w.store, "seko", "link", "@state", "lost\t-1\t3\tssh\ttimed out", 23);
	record_stop(w.store);
	/* never over another recording */
	assert_false(record_start(w.store, dir, &err));
	world_destroy(&w);

	w = world_create(NULL);
	assert_true(replay_start(w.store, dir, true, &err));
	struct server *sese = store_server_find(w.store, "sese"),
		      *seko = store_server_find(w.store, "seko");
	assert_int_equal(sese->row.health, HEALTH_GOOD);
	assert_int_equal(server_source(sese, "docker")->state, SOURCE_DENIED);
	assert_string_equal(server_source(sese, "docker")->err.text, "not in group docker");
	assert_int_equal(seko->row.health, HEALTH_BAD);
	assert_string_equal(seko->row.why, "timed out");
	char *json = report_json(w.store);
	assert_non_null(strstr(json, "\"why\":\t\"timed out\""));
	free(json);
	world_destroy(&w);

	/* A token that a command of the configuration printed is in no recording, whatever repeats
	 * it. */
	static const char line[] = "bare tok-3f9 and (tok-3f9), tok-3f";
	char *second = xasprintf("%s/second", home), *answers = xasprintf("%s/answers", second),
	     got[256];
	secret_know("tok-3f9", 7);
	secret_know("ok", 2);
	w = world_create(NULL);
	assert_true(record_start(w.store, second, &err));
	record_add(w.store, "sese", "docker", "tail:x", line, strlen(line));
	world_destroy(&w);
	FILE *f = fopen(answers, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_non_null(strstr(got, "tail:x\nbare ******* and (*******), tok-3f\n"));
	free(answers);
	free(second);

	/* Cut short at every byte: never a crash, and an error or what came before the cut. */
	char *path = xasprintf("%s/answers", dir);
	struct stat st;
	stat(path, &st);
	/* nobody else's to read, whatever the umask */
	assert_int_equal(st.st_mode & 07777, 0600);
	for (off_t len = st.st_size - 1; len >= 0; len--) {
		assert_int_equal(truncate(path, len), 0);
		w = world_create(NULL);
		replay_start(w.store, dir, true, &err);
		world_destroy(&w);
	}
	free(path);
	free(dir);
}

static void test_server_names(void **state)
{
	static const char *const bad[] = {
		"", "-oProxyCommand=x", "a b", "a;reboot", "$(x)", "a\nb", "`x`"
	};
	struct world w = world_create(NULL);
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(server_open(w.store, bad[i], &err));
	/* What a recording calls a server is anything at all; the same words mean the same one. */
	struct server *v = server_open_replay(w.store, "a/b\033[31m");
	assert_string_equal(v->name, "a-b");
	assert_ptr_equal(store_server_find(w.store, "a/b\033[31m"), v);
	world_destroy(&w);
	/* The host of a section is looked at as a name on the command line is. */
	w = world_create("[server x]\nhost = -oProxyCommand=reboot\n");
	assert_null(server_open(w.store, "x", &err));
	world_destroy(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_what_a_source_still_says),
		cmocka_unit_test(what_the_user_waits_for_is_asked_first),
		cmocka_unit_test(test_lists_that_are_cut),
		cmocka_unit_test(test_a_denial_beside_what_can_be_used),
		cmocka_unit_test(test_ids_do_not_depend_on_who_is_first),
		cmocka_unit_test(test_an_id_as_people_write_it),
		cmocka_unit_test(test_changed_once_a_turn),
		cmocka_unit_test(test_ten_thousand),
		cmocka_unit_test(test_activity_is_kept),
		cmocka_unit_test(test_activity_is_read),
		cmocka_unit_test(test_servers_of_a_tag),
		cmocka_unit_test(test_activity_of_rubbish),
		cmocka_unit_test(test_activity_is_rotated_once),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_settings_twice),
		cmocka_unit_test(test_no_settings),
		cmocka_unit_test(test_files_of_others),
		cmocka_unit_test(test_private_files),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_log_bound),
		cmocka_unit_test(test_log_long_and_hostile),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_doc),
		cmocka_unit_test(test_record_and_replay),
		cmocka_unit_test(test_server_names),
	};
	return cmocka_run_group_tests(tests, make_home, remove_home);
}
