/* Apps: Dokploy's answers of three versions, whole and cut at every byte; the rows that come of
 * them; names of stacks; what a stack made and its file; a log that is told as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/apps/app.h"
#include "backends/apps/dokploy.h"
#include "backends/apps/dokploy_parse.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "panels/panels.h"

/* --- helpers ------------------------------------------------------------- */

static char *read_answer(const char *file, size_t *len)
{
	char path[256];
	snprintf(path, sizeof(path), "tests/unit/answers/dokploy/%s", file);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	char *bytes = xcalloc(1, 1u << 16);
	*len = fread(bytes, 1, (1u << 16) - 1, f);
	fclose(f);
	return bytes;
}

struct world {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct server *server;
	struct source *source;
	char dir[40];
};

static int make_world(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/mocr-apps-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("XDG_STATE_HOME", w->dir, 1);
	w->settings = settings_load(NULL, NULL);
	w->loop = loop_create();
	w->store = store_create(w->loop, NULL, w->settings);
	w->server = server_open_replay(w->store, "pi");
	w->source = server_source(w->server, "dokploy");
	now_wall_set(1795000000000);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	char command[100];
	store_destroy(w->store);
	loop_turn(w->loop, 0);
	loop_destroy(w->loop);
	settings_destroy(w->settings);
	now_wall_set(0);
	static const char *const files[] = { "mocr/activity.jsonl", "mocr/stacks", "mocr" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(command, sizeof(command), "%s/%s", w->dir, files[i]);
		remove(command);
	}
	rmdir(w->dir);
	free(w);
	return 0;
}

static void feed_file(struct world *w, const char *what, const char *file)
{
	size_t len;
	char *json = read_answer(file, &len);
	source_feed(w->source, what, json, len);
	free(json);
}

static struct app *app_at(struct world *w, const char *id)
{
	struct row *r = store_find(w->store, id);
	if (!r)
		fail_msg("there is no %s", id);
	return app_of(r);
}

static const struct app_platform plain_platform = { .name = "Dokploy" };

/* --- parsers ------------------------------------------------------------- */

/* Names that differ only at their end, and ids whose first signs are the same, are rows of their
 * own. */
static void test_long_ids(void **state)
{
	struct world *w = *state;
	char project[620];
	memset(project, 'p', sizeof(project) - 1);
	struct app *rows[4];
	for (int i = 0; i < 4; i++) {
		char ref[40];
		project[sizeof(project) - 1] = '\0';
		project[sizeof(project) - 2] = i < 2 ? 'a' : 'b';
		snprintf(ref, sizeof(ref), "the-same-first-signs-%d", i);
		rows[i] = app_row(w->source, &plain_platform, w, "home", "home", project, NULL,
		                  "web", ref, 1);
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(rows[i], rows[k]);
	}
	/* the next list finds them again */
	for (int i = 0; i < 4; i++) {
		char ref[40];
		project[sizeof(project) - 2] = i < 2 ? 'a' : 'b';
		snprintf(ref, sizeof(ref), "the-same-first-signs-%d", i);
		assert_ptr_equal(rows[i], app_row(w->source, &plain_platform, w, "home", "home",
		                                  project, NULL, "web", ref, 2));
	}
	for (int i = 0; i < 4; i++)
		store_row_remove(&rows[i]->row);
}

static void test_trees(void **state)
{
	static const struct {
		const char *file;
		size_t projects, envs, apps;
		bool by_environment;
	} rows[] = {
		{ "tree-0.24.json", 2, 2, 3, false },
		{ "tree-0.25.json", 1, 2, 4, true },
		{ "tree-0.29.json", 1, 1, 3, true },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_tree t;
		struct err err;
		size_t len;
		char *json = read_answer(rows[i].file, &len);
		assert_true(dp_tree_parse(json, len, &t, &err));
		assert_int_equal(t.n_projects, rows[i].projects);
		assert_int_equal(t.n_envs, rows[i].envs);
		assert_int_equal(t.n_apps, rows[i].apps);
		assert_int_equal(t.by_environment, rows[i].by_environment);
		assert_string_equal(t.projects[0].name, "shop");
		assert_string_equal(t.apps[0].id, "a-Web1");
		assert_string_equal(t.apps[0].status, "done");
		assert_true(t.envs[t.apps[0].env].usual);
		assert_string_equal(t.envs[0].id, rows[i].by_environment ? "e-Prod" : "");
		dp_tree_finish(&t);
		free(json);
	}
}

static void test_ones(void **state)
{
	struct dp_one one;
	struct err err;
	size_t len;
	char *json = read_answer("one-0.24.json", &len);
	assert_true(dp_one_parse(json, len, &one, &err));
	assert_string_equal(one.image, "nginx:1.25");
	assert_int_equal(one.n_domains, 2);
	assert_string_equal(one.domains[1].host, "old.example");
	assert_int_equal(one.n_deployments, 2);
	/* newest first, whatever came first */
	assert_string_equal(one.deployments[0].id, "x-new");
	assert_int_equal(one.deployments[1].health, HEALTH_BAD);
	free(json);
	json = read_answer("one-0.29.json", &len);
	assert_true(dp_one_parse(json, len, &one, &err));
	assert_string_equal(one.deployments[0].title, "Push main");
	assert_string_equal(one.deployments[0].error, "Error: failed to solve  at line 3");
	assert_int_equal(one.deployments[0].ended_ms - one.deployments[0].created_ms, 60000);
	assert_int_equal(one.deployments[1].health, HEALTH_IDLE);
	free(json);
	json = read_answer("compose-0.25.json", &len);
	assert_true(dp_one_parse(json, len, &one, &err));
	assert_string_equal(one.id, "c-Queue");
	assert_string_equal(one.status, "running");
	free(json);
}

static void test_made(void **state)
{
	static const char before[] = "{\"projectId\":\"p1\",\"name\":\"x\",\"description\":\"\"}";
	static const char after[] =
		"{\"project\":{\"projectId\":\"p2\",\"name\":\"x\"},\"environment\":{"
		"\"environmentId\":\"e2\",\"name\":\"production\"}}";
	char project[APP_ID_SIZE], env[APP_ID_SIZE], id[APP_ID_SIZE], text[24];
	struct err err;
	assert_true(dp_project_made(before, strlen(before), project, env, &err));
	assert_string_equal(project, "p1");
	assert_string_equal(env, "");
	assert_true(dp_project_made(after, strlen(after), project, env, &err));
	assert_string_equal(project, "p2");
	assert_string_equal(env, "e2");
	assert_false(dp_project_made("true", 4, project, env, &err));
	assert_string_equal(err.text, "Dokploy's answer names no project");
	assert_false(dp_id_made("{}", 2, "applicationId", id, &err));
	assert_string_equal(err.text, "Dokploy's answer has no applicationId");
	assert_int_equal(dp_version("\"v0.29.5\"", 9, text, sizeof(text)), 2905);
	assert_string_equal(text, "v0.29.5");
	assert_int_equal(dp_version("\"v0.24.12-canary\"", 17, text, sizeof(text)), 2412);
	assert_int_equal(dp_version("\"1.2.3\"", 7, text, sizeof(text)), 10203);
	assert_int_equal(dp_version("\"v-1.2.3\"", 9, text, sizeof(text)), 0);
	assert_int_equal(dp_version("{}", 2, text, sizeof(text)), 0);
}

static void test_logs_of_all_wrappings(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "\"a\\nb\"", "a\nb" },
		{ "{\"logs\":\"a\\nb\"}", "a\nb" },
		{ "[\"a\",\"b\",3]", "a\nb\n" },
		{ "plain", "plain" },
		{ "", "" },
		{ "{}", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = dp_log_text(rows[i].json, strlen(rows[i].json));
		assert_string_equal(text, rows[i].text);
		free(text);
	}
}

static void cut_one(const char *json, size_t n)
{
	char *cut = malloc(n ? n : 1), version[24], id[APP_ID_SIZE], env[APP_ID_SIZE];
	struct dp_tree tree;
	struct dp_one one;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err;
	struct buf out = { 0 };
	size_t count;
	memcpy(cut, json, n);
	dp_tree_parse(cut, n, &tree, &err);
	dp_tree_finish(&tree);
	dp_one_parse(cut, n, &one, &err);
	dp_deployments_parse(cut, n, list, &count, &err);
	dp_project_made(cut, n, id, env, &err);
	dp_id_made(cut, n, "applicationId", id, &err);
	dp_version(cut, n, version, sizeof(version));
	free(dp_log_text(cut, n));
	dp_reduce(cut, n, &out);
	buf_finish(&out);
	free(cut);
}

static void test_cut_at_every_byte(void **state)
{
	static const char *const files[] = {
		"tree-0.24.json", "tree-0.25.json", "tree-0.29.json",
		"one-0.24.json",  "one-0.29.json",  "compose-0.25.json"
	};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		size_t len;
		char *json = read_answer(files[i], &len);
		for (size_t n = 0; n <= len; n++)
			cut_one(json, n);
		free(json);
	}
}

/* More than anybody has, and wrong types everywhere. */
static void test_bounds(void **state)
{
	struct buf b = { 0 };
	struct dp_tree tree;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err;
	size_t n;
	buf_puts(&b, "[{\"projectId\":1,\"name\":2,\"applications\":[3,null,{\"applicationId\":{}},"
	             "{\"applicationId\":true}],\"compose\":7,"
	             "\"environments\":[[[{}]],8,{\"x\":[[{}]]}]}");
	for (int i = 0; i < 5000; i++)
		buf_addf(&b,
		         ",{\"projectId\":\"p%d\",\"applications\":[{\"applicationId\":\"a\"}]}",
		         i);
	buf_puts(&b, ",4,null,\"x\",{\"projectId\":\"\"}]");
	assert_true(dp_tree_parse(b.data, b.len, &tree, &err));
	assert_int_equal(tree.n_projects, 4000);
	assert_int_equal(tree.n_apps, 3999);
	dp_tree_finish(&tree);
	buf_clear(&b);
	for (int i = 0; i < 300; i++)
		buf_addf(&b,
		         "%s{\"deploymentId\":\"d%d\",\"status\":\"done\",\"createdAt\":\"2026-01-"
		         "01T00:%02d:%02d.000Z\"}",
		         i ? "," : "[", i, (i * 7 % 300) / 60, (i * 7 % 300) % 60);
	buf_puts(&b, "]");
	assert_true(dp_deployments_parse(b.data, b.len, list, &n, &err));
	assert_int_equal(n, APP_DEPLOYMENTS_MAX);
	for (size_t i = 1; i < n; i++)
		assert_true(list[i - 1].created_ms > list[i].created_ms);
	assert_string_equal(list[0].id, "d257"); /* 7 * 257 % 300 = 299 */
	buf_finish(&b);
}

static void test_reduce(void **state)
{
	static const char *const files[] = { "tree-0.24.json", "one-0.24.json", "one-0.29.json",
		                             "compose-0.25.json" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct buf out = { 0 };
		size_t len;
		char *json = read_answer(files[i], &len);
		assert_non_null(strstr(json, "hush"));
		dp_reduce(json, len, &out);
		assert_null(strstr(out.data, "hush"));
		assert_null(strstr(out.data, "abc"));
		assert_true(strstr(out.data, "a-Web1") || strstr(out.data, "a-Api1") ||
		            strstr(out.data, "c-Queue"));
		buf_finish(&out);
		free(json);
	}
}

/* What is more than there is room for is counted. */
static void test_trees_beyond_the_bound(void **state)
{
	static const struct {
		const char *before, *one, *behind;
	} lists[] = {
		{ "[", "{\"projectId\":\"p\",\"name\":\"n\"}", "]" },
		{ "[{\"projectId\":\"p\",\"environments\":[", "{\"environmentId\":\"e\"}", "]}]" },
		{ "[{\"projectId\":\"p\",\"environments\":[{\"environmentId\":\"e\","
		  "\"applications\":[",
		  "{\"applicationId\":\"a\"}", "]}]}]" },
	};
	enum { MOST = 4000 };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t n = MOST - 1; n <= MOST + 2; n++) {
			struct buf b;
			struct dp_tree t;
			struct err err;
			buf_init(&b, 4 << 20);
			buf_puts(&b, lists[i].before);
			for (size_t k = 0; k < n; k++)
				buf_addf(&b, "%s%s", k ? "," : "", lists[i].one);
			buf_puts(&b, lists[i].behind);
			assert_true(dp_tree_parse(b.data, b.len, &t, &err));
			size_t kept[] = { t.n_projects, t.n_envs, t.n_apps };
			assert_int_equal(kept[i], n < MOST ? n : MOST);
			assert_int_equal(t.left_out, n < MOST ? 0 : n - MOST);
			dp_tree_finish(&t);
			buf_finish(&b);
		}
}

/* An id is kept whole up to its bound. What has a longer one is left out and named. */
static void test_ids_beyond_the_bound(void **state)
{
	char longest[256], longer[257], json[2400];
	struct dp_tree t;
	struct err err;
	memset(longest, 'a', 255);
	longest[255] = '\0';
	memset(longer, 'b', 256);
	longer[256] = '\0';
	snprintf(json, sizeof(json),
	         "[{\"projectId\":\"p\",\"name\":\"one\",\"environments\":["
	         "{\"environmentId\":\"e\",\"name\":\"x\",\"applications\":["
	         "{\"applicationId\":\"%s\",\"name\":\"fits\"},"
	         "{\"applicationId\":\"%s\",\"name\":\"longer\"}]},"
	         "{\"environmentId\":\"%s\",\"name\":\"y\",\"applications\":["
	         "{\"applicationId\":\"z\",\"name\":\"with-y\"}]}]}]",
	         longest, longer, longer);
	assert_true(dp_tree_parse(json, strlen(json), &t, &err));
	assert_int_equal(t.n_apps, 1);
	assert_string_equal(t.apps[0].id, longest);
	assert_int_equal(t.n_envs, 1);
	assert_int_equal(t.left_out, 2);
	assert_string_equal(t.unfit, "y");
	dp_tree_finish(&t);
	snprintf(json, sizeof(json), "{\"domainId\":\"%s\"}", longer);
	assert_false(dp_id_made(json, strlen(json), "domainId", longest, &err));
	assert_non_null(strstr(err.text, "malformed domainId"));
}

/* --- rows ---------------------------------------------------------------- */

static void test_rows(void **state)
{
	struct world *w = *state;
	feed_file(w, "home\ttree", "tree-0.24.json");
	source_feed(w->source, "home\tversion", "\"v0.24.12\"", 10);
	assert_int_equal(store_count(w->store, &kind_app, NULL), 4);
	assert_string_equal(app_at(w, "pi/app/home")->state, "v0.24.12");
	struct app *web = app_at(w, "pi/app/home/shop/web");
	assert_int_equal(web->row.health, HEALTH_GOOD);
	assert_null(app_last(web));
	feed_file(w, "home\tone\ta-Web1", "one-0.24.json");
	assert_string_equal(web->domain, "https://shop.example +1");
	assert_string_equal(app_last(web)->id, "x-new");
	assert_int_equal(web->row.health_ms, parse_rfc3339_ms("2025-08-02T09:11:24.000Z"));
	assert_int_equal(app_at(w, "pi/app/home/shop/queue")->row.health, HEALTH_BUSY);
	assert_string_equal(app_at(w, "pi/app/home/shop/api-red")->row.why,
	                    "its last deployment failed");
	/* a later version, the same things: rows stay, what is gone goes */
	feed_file(w, "home\ttree", "tree-0.29.json");
	assert_ptr_equal(app_at(w, "pi/app/home/shop/web"), web);
	assert_null(store_find(w->store, "pi/app/home/shop/api-red"));
	feed_file(w, "home\tone\ta-Api1", "one-0.29.json");
	struct app *api = app_at(w, "pi/app/home/shop/api");
	assert_string_equal(api->row.why, "Error: failed to solve  at line 3");
	assert_string_equal(api->image, "github");
	assert_int_equal(api->row.health, HEALTH_BAD);
	/* what cannot be understood leaves the rows and says so */
	source_feed(w->source, "home\ttree", "<html>", 6);
	assert_int_equal(store_count(w->store, &kind_app, NULL), 4);
	assert_int_equal(app_at(w, "pi/app/home")->row.health, HEALTH_BAD);
	assert_int_equal(w->source->state, SOURCE_STALE);
	assert_non_null(strstr(w->source->err.text, "Dokploy home: "));
}

static void test_two_of_one_name(void **state)
{
	struct world *w = *state;
	feed_file(w, "home\ttree", "tree-0.25.json");
	assert_int_equal(store_count(w->store, &kind_app, NULL), 5);
	struct app *first = app_at(w, "pi/app/home/shop/staging/web"),
		   *second = app_at(w, "pi/app/home/shop/staging/web~a-Web3");
	assert_string_equal(first->ref, "a-Web2");
	assert_string_equal(second->ref, "a-Web3");
	feed_file(w, "home\ttree", "tree-0.25.json"); /* and again the same */
	assert_int_equal(store_count(w->store, &kind_app, NULL), 5);
	assert_ptr_equal(app_at(w, "pi/app/home/shop/staging/web"), first);
	/* another section has rows of its own */
	feed_file(w, "other\ttree", "tree-0.29.json");
	assert_int_equal(store_count(w->store, &kind_app, NULL), 9);
	source_feed(w->source, "other\ttree", "[]", 2);
	assert_int_equal(store_count(w->store, &kind_app, NULL), 6);
}

static void test_panel(void **state)
{
	struct world *w = *state;
	struct cell c = { 0 };
	struct doc doc;
	feed_file(w, "home\ttree", "tree-0.24.json");
	feed_file(w, "home\tone\ta-Web1", "one-0.24.json");
	struct row *web = &app_at(w, "pi/app/home/shop/web")->row;
	static const struct {
		const char *name, *text;
	} cells[] = {
		{ "platform", "Dokploy" },
		{ "project", "shop" },
		{ "name", "web" },
		{ "type", "application" },
		{ "state", "done" },
		{ "last", "done 67w" },
		{ "domain", "https://shop.example +1" },
		{ "what", "nginx:1.25" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		for (const struct column *col = panel_apps.columns; col->name; col++)
			if (!strcmp(col->name, cells[i].name)) {
				memset(&c, 0, sizeof(c));
				column_cell(col, web, &c);
				assert_string_equal(c.text, cells[i].text);
			}
	doc_init(&doc);
	kind_app.detail(web, &doc, true);
	for (size_t i = 0; i < doc.n; i++)
		assert_null(strstr(doc.lines[i].text ? doc.lines[i].text : "", "hush"));
	doc_finish(&doc);
}

/* --- names --------------------------------------------------------------- */

static void test_names(void **state)
{
	static const char *const good[] = { "abc", "a-b",   "a1b2c3", "abcdefghijklmnopqrst",
		                            "0-0", "demo1", "a--b" };
	static const struct {
		const char *name, *why;
	} bad[] = {
		{ "", "has 0 characters" },
		{ "ab", "has 2 characters; 3 to 20" },
		{ "abcdefghijklmnopqrstu", "has 21 characters" },
		{ "Abc", "\"A\" is in it" },
		{ "a_c", "\"_\" is in it" },
		{ "a c", "\" \" is in it" },
		{ "a\nc", "is in it" },
		{ "aüc", "\"ü\" is in it" },
		{ "-ab", "begin with -" },
		{ "ab-", "end with -" },
		{ "admin", "reserved" },
		{ "api", "reserved" },
		{ "www", "reserved" },
		{ "root", "reserved" },
		{ "system", "reserved" },
		{ "test", "reserved" },
		{ "demo", "reserved" },
		{ "portal", "reserved" },
		{ "a\xff"
		  "c",
		  "is in it" },
	};
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!stack_name_check(good[i], &err))
			fail_msg("%s: %s", good[i], err.text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(stack_name_check(bad[i].name, &err));
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.text, bad[i].why))
			fail_msg("%s: %s", bad[i].name, err.text);
	}
}

/* --- what was made ------------------------------------------------------- */

static void test_made_outlives_the_console(void **state)
{
	struct world *w = *state;
	struct dokploy *a = xcalloc(1, sizeof(*a)), *b = xcalloc(1, sizeof(*b)),
		       *again = xcalloc(1, sizeof(*again));
	struct stat st;
	char path[80];
	*a = (struct dokploy){ .site = { .source = w->source, .name = "home" } };
	*b = (struct dokploy){ .site = { .source = w->source, .name = "homer" } };
	*again = (struct dokploy){ .site = { .source = w->source, .name = "home" } };
	stack_journal_read(a);
	assert_int_equal(a->n_made, 0);
	assert_true(stack_journal_add(a, "ai-stack-x", "project", "p1", "ai-stack-x"));
	assert_true(stack_journal_add(b, "ai-stack-y", "project", "p9", "ai-stack-y"));
	assert_true(stack_journal_add(a, "ai-stack-x", "application", "a1", "ai-stack-x"));
	/* once */
	assert_true(stack_journal_add(a, "ai-stack-x", "application", "a1", "ai-stack-x"));
	stack_journal_read(again);
	assert_int_equal(again->n_made, 2);
	assert_string_equal(again->made[1].word[MADE_WHAT], "application");
	assert_string_equal(again->made[1].word[MADE_ID], "a1");
	stack_journal_drop(again, "application", "a1");
	a->made_read = false;
	a->n_made = 0;
	stack_journal_read(a);
	assert_int_equal(a->n_made, 1);
	stack_journal_forget(a, "ai-stack-x");
	b->made_read = false;
	b->n_made = 0;
	stack_journal_read(b);
	assert_int_equal(b->n_made, 1); /* others' lines stay */
	snprintf(path, sizeof(path), "%s/mocr/stacks", w->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(a);
	free(b);
	free(again);
}

/* --- a log that is told as a whole --------------------------------------- */

static struct app_log *followed;
static int asked, stopped;
static void on_ask(struct app_log *l, void *arg)
{
	asked++;
}
static void on_stop(void *arg)
{
	stopped++;
}

static void take(const char *text, bool over)
{
	app_log_take(followed, text, strlen(text), over, "it is over");
}

static void expect(struct log *log, const char *const *lines)
{
	uint64_t at = log_first(log);
	for (size_t i = 0; lines[i]; i++, at++) {
		assert_non_null(log_get(log, at));
		assert_string_equal(log_get(log, at)->text, lines[i]);
	}
	assert_null(log_get(log, at));
}

static void test_log(void **state)
{
	static const struct app_log_ops ops = { .ask = on_ask, .stop = on_stop };
	struct world *w = *state;
	feed_file(w, "home\ttree", "tree-0.24.json");
	struct log *log = log_create(0);
	followed = app_log_follow(app_at(w, "pi/app/home/shop/web"), log, "web", &ops, NULL);
	asked = stopped = 0;
	loop_turn(w->loop, 50);
	assert_int_equal(asked, 1);
	take("", false);
	take("one\nhal", false); /* half a line waits */
	expect(log, (const char *[]){ "one", NULL });
	take("one\nhalf\nthree\n", false);
	take("one\nhalf\nthree\n", false); /* nothing new */
	expect(log, (const char *[]){ "one", "half", "three", NULL });
	take("half\nthree\nfour\n", false); /* its last lines only */
	expect(log, (const char *[]){ "one", "half", "three", "four", NULL });
	struct err err;
	err_set(&err, ERR_TIMEOUT, "no answer");
	app_log_fail(followed, &err);
	app_log_fail(followed, &err); /* said once */
	take("1%\r50%\r100%\nlast", true);
	expect(log, (const char *[]){ "one", "half", "three", "four", "no answer",
	                              "the lines in between are missing", "100%", "last",
	                              "it is over", NULL });
	log_destroy(log);
	assert_int_equal(stopped, 1);
}

/* Many equal bytes, and then fewer: the end is found in one pass. Each place looks like the end. */
static void test_a_log_of_one_byte_shrinks(void **state)
{
	static const struct app_log_ops ops = { .ask = on_ask, .stop = on_stop };
	struct world *w = *state;
	size_t size = 1u << 20;
	feed_file(w, "home\ttree", "tree-0.24.json");
	struct log *log = log_create(0);
	followed = app_log_follow(app_at(w, "pi/app/home/shop/web"), log, "web", &ops, NULL);
	char *text = xcalloc(1, size + 1);
	memset(text, '\n', size);
	clock_t begun = clock();
	app_log_take(followed, text, size, false, "");
	clock_t all = clock() - begun;
	uint64_t number = log_last(log);
	begun = clock();
	app_log_take(followed, text, size - 1, false, "");
	clock_t fewer = clock() - begun;
	assert_int_equal(log_last(log), number); /* nothing new */
	print_message("%ld us for all, %ld us for fewer\n", (long)all, (long)fewer);
	assert_true(fewer < all + CLOCKS_PER_SEC / 20);
	/* the end of before is found at its last place, with what came after it */
	memcpy(text, "0123456789\n", 11);
	app_log_take(followed, text, 2000, false, "");
	memcpy(text + 1500, "new\n", 4);
	app_log_take(followed, text + 100, 1404, false, "");
	assert_string_equal(log_get(log, log_last(log))->text, "new");
	free(text);
	log_destroy(log);
}

/* Lines that carry times have those, in their own order; what comes later without one comes now. */
static void test_times_of_a_log(void **state)
{
	static const struct app_log_ops ops = { .ask = on_ask, .stop = on_stop };
	struct world *w = *state;
	feed_file(w, "home\ttree", "tree-0.24.json");
	struct log *log = log_create(0);
	followed = app_log_follow(app_at(w, "pi/app/home/shop/web"), log, "web", &ops, NULL);
	int64_t now_us = now_wall_ms() * 1000;
	const char first[] = "2026-01-01T00:00:05Z five\nno "
			     "time\n{\"time\":\"2026-01-01T00:00:07Z\"}\n2026-01-01T00:00:06Z "
			     "late\n2999-01-01T00:00:00Z x\n";
	static const int64_t want[] = { 5, 5, 7, 7, 7 };
	take(first, false);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(log_get(log, log_first(log) + i)->time_us,
		                 (1767225600 + want[i]) * 1000000);
	char more[400];
	snprintf(more, sizeof(more), "%snew\n", first);
	take(more, false);
	assert_true(log_get(log, log_last(log))->time_us >= now_us);
	log_destroy(log);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test_setup_teardown(test_ids_beyond_the_bound, make_world, end_world),
		cmocka_unit_test(test_ones),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_logs_of_all_wrappings),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_reduce),
		T(test_long_ids),
		T(test_ids_beyond_the_bound),
		cmocka_unit_test(test_trees_beyond_the_bound),
		T(test_rows),
		T(test_two_of_one_name),
		T(test_panel),
		cmocka_unit_test(test_names),
		T(test_made_outlives_the_console),
		T(test_log),
		T(test_a_log_of_one_byte_shrinks),
		T(test_times_of_a_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
