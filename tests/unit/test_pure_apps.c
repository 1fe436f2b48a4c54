/* What the parsers of platforms, of images and of units make of answers in which one value was
 * replaced; lists around their limits; figures for people. Files of tests/unit/answers keep what
 * came out. The meaning is tested in test_apps, test_coolify, test_portal, test_updates and
 * test_services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/apps/app.h"
#include "backends/apps/coolify_parse.h"
#include "backends/apps/dokploy_parse.h"
#include "backends/apps/portal_parse.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/updates.h"
#include "backends/services/systemd.h"
#include "tests/unit/expected.h"
#include "tests/unit/variants.h"

#define ANSWERS "tests/unit/answers/"

static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

static void check_written(struct buf *out, const char *path)
{
	expected_check(out, path);
	buf_finish(out);
}

static void say_err(struct buf *out, const char *who, struct err *err)
{
	buf_addf(out, "%s refused %d %s\n", who, (int)err->code, err->text);
	err_clear(err);
}

static void say_deployments(struct buf *out, const struct app_deployment *d, size_t n)
{
	buf_addf(out, "deployments %zu\n", n);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s is %s health %d [%s] error [%s] log [%s] from %lld to %lld\n",
		         d[i].id, d[i].state, (int)d[i].health, d[i].title, d[i].error, d[i].log,
		         (long long)d[i].created_ms, (long long)d[i].ended_ms);
}

/* --- Coolify -------------------------------------------------------------- */

static void dump_coolify(struct buf *out, const char *text, size_t len)
{
	static struct app_deployment d[APP_DEPLOYMENTS_MAX];
	static char names[APP_DEPLOYMENTS_MAX][COOLIFY_NAME];
	struct coolify_list l;
	struct err err = { 0 };
	char id[APP_ID_SIZE], said[100];
	size_t n;
	for (int servers = 0; servers < 2; servers++) {
		if (servers ? !coolify_servers_parse(text, len, &l, &err)
		            : !coolify_resources_parse(text, len, &l, &err)) {
			say_err(out, servers ? "servers" : "resources", &err);
			continue;
		}
		buf_addf(out, "items %zu left out %zu unfit [%s]\n", l.n, l.left_out, l.unfit);
		for (size_t i = 0; i < l.n; i++)
			buf_addf(out, "%d %s %s is %s at %s of %s on %s %d %d\n",
			         (int)l.items[i].kind, l.items[i].id, l.items[i].name,
			         l.items[i].status, l.items[i].domain, l.items[i].image,
			         l.items[i].server, l.items[i].reachable, l.items[i].usable);
		coolify_list_finish(&l);
	}
	memset(names, 0, sizeof(names));
	if (coolify_deployments_parse(text, len, d, names, &n, &err)) {
		say_deployments(out, d, n);
		for (size_t i = 0; i < n; i++)
			buf_addf(out, "of %s\n", names[i]);
	} else {
		say_err(out, "deployments", &err);
	}
	if (coolify_deployment_parse(text, len, d, &err))
		say_deployments(out, d, 1);
	else
		say_err(out, "deployment", &err);
	char *log = coolify_log_text(text, len);
	buf_addf(out, "log %s\n", log ? log : "NULL");
	free(log);
	bool queued = coolify_deployment_queued(text, len, id, said, sizeof(said));
	buf_addf(out, "queued %d %s %s\n", queued, id, said);
	coolify_reduce(text, len, out);
	buf_puts(out, "\n");
}

static void test_members_of_coolify(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "resources", dump_coolify,
		"[{\"uuid\":\"u1\",\"name\":\"shop\",\"type\":\"application\",\"status\":"
		"\"running:healthy\",\"fqdn\":\"https://a,https://b\",\"git_repository\":"
		"\"https://token@git/x\",\"git_branch\":\"main\",\"build_pack\":\"nixpacks\","
		"\"destination\":{\"server\":{\"name\":\"pod\"}},\"env\":\"SECRET\"},{\"uuid\":"
		"\"u2\",\"name\":\"db\",\"image\":\"postgres:16\"}]");
	variants_of_json(
		&out, "servers", dump_coolify,
		"{\"data\":[{\"uuid\":\"s1\",\"name\":\"pod\",\"ip\":\"10.0.0.1\",\"settings\":{"
		"\"is_reachable\":true,\"is_usable\":false}},{\"uuid\":\"s2\",\"name\":\"x\","
		"\"is_usable\":true}]}");
	variants_of_json(&out, "deployments", dump_coolify,
	                 "{\"deployments\":[{\"deployment_uuid\":\"d1\",\"status\":\"finished\","
	                 "\"commit\":"
	                 "\"0123456789abcdef\",\"commit_message\":\"Fix\",\"created_at\":"
	                 "\"2026-01-01T00:00:00Z\",\"finished_at\":\"2026-01-01T00:01:00Z\","
	                 "\"updated_at\":\"2026-01-01T00:02:00Z\",\"application_name\":\"shop\","
	                 "\"message\":\"queued\"}]}");
	variants_of_json(&out, "deployment", dump_coolify,
	                 "{\"deployment_uuid\":\"d1\",\"status\":\"in_progress\",\"updated_at\":"
	                 "\"2026-01-01T00:02:00Z\",\"logs\":[{\"output\":\"a\",\"hidden\":false},{"
	                 "\"output\":\"b\",\"hidden\":true},{\"output\":\"\"}]}");
	static const char *const states[] = {
		"finished", "failed", "queued", "in_progress", "cancelled-by-user", "odd", ""
	};
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		char *json =
			xasprintf("{\"deployment_uuid\":\"d\",\"status\":\"%s\",\"updated_at\":"
		                  "\"2026-01-01T00:02:00Z\",\"logs\":\"[{\\\"output\\\":\\\"x\\\"}]"
		                  "\"}",
		                  states[i]);
		dump_coolify(&out, json, strlen(json));
		free(json);
	}
	static const char *const versions[] = { "4.3.10", "v4.0", "\"4.0.0-beta.3\"\n", " 4",
		                                "",       "x4",   "12345678",           "1234567",
		                                "4.0 x",  "4/0" };
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		for (size_t len = 0; len <= strlen(versions[i]); len++) {
			char version[8];
			bool good = coolify_version(versions[i], len, version, sizeof(version));
			buf_addf(&out, "%.*s: %d %s\n", (int)len, versions[i], good, version);
		}
	check_written(&out, ANSWERS "apps_coolify.txt");
}

/* --- Dokploy -------------------------------------------------------------- */

static void dump_dokploy(struct buf *out, const char *text, size_t len)
{
	static struct app_deployment d[APP_DEPLOYMENTS_MAX];
	static struct dp_one one;
	struct dp_tree t;
	struct err err = { 0 };
	char id[APP_ID_SIZE], env[APP_ID_SIZE], version[20];
	size_t n;
	if (dp_tree_parse(text, len, &t, &err)) {
		buf_addf(out, "left out %zu unfit [%s] by environment %d\n", t.left_out, t.unfit,
		         t.by_environment);
		for (size_t i = 0; i < t.n_projects; i++)
			buf_addf(out, "project %s %s other [%s]\n", t.projects[i].id,
			         t.projects[i].name, t.projects[i].other);
		for (size_t i = 0; i < t.n_envs; i++)
			buf_addf(out, "env %zu %s %s usual %d\n", t.envs[i].project, t.envs[i].id,
			         t.envs[i].name, t.envs[i].usual);
		for (size_t i = 0; i < t.n_apps; i++)
			buf_addf(out, "app %zu %s %s %s compose %d\n", t.apps[i].env, t.apps[i].id,
			         t.apps[i].name, t.apps[i].status, t.apps[i].compose);
	} else {
		say_err(out, "tree", &err);
	}
	dp_tree_finish(&t);
	if (dp_one_parse(text, len, &one, &err)) {
		buf_addf(out, "one %s %s of %s source %s named %s\n", one.id, one.status, one.image,
		         one.source, one.app_name);
		for (size_t i = 0; i < one.n_domains; i++)
			buf_addf(out, "domain %s %s%s https %d port %d\n", one.domains[i].id,
			         one.domains[i].host, one.domains[i].path, one.domains[i].https,
			         one.domains[i].port);
		say_deployments(out, one.deployments, one.n_deployments);
	} else {
		say_err(out, "one", &err);
	}
	if (dp_deployments_parse(text, len, d, &n, &err))
		say_deployments(out, d, n);
	else
		say_err(out, "deployments", &err);
	if (dp_project_made(text, len, id, env, &err))
		buf_addf(out, "made %s in %s\n", id, env);
	else
		say_err(out, "project", &err);
	if (dp_id_made(text, len, "applicationId", id, &err))
		buf_addf(out, "made %s\n", id);
	else
		say_err(out, "id", &err);
	int number = dp_version(text, len, version, sizeof(version));
	buf_addf(out, "version %d %s\n", number, version);
	char *log = dp_log_text(text, len);
	buf_addf(out, "log %s\n", log ? log : "NULL");
	free(log);
	dp_reduce(text, len, out);
	buf_puts(out, "\n");
}

static void test_members_of_dokploy(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "tree", dump_dokploy,
		"[{\"projectId\":\"p1\",\"name\":\"home\",\"environments\":[{\"environmentId\":"
		"\"e1\",\"name\":\"production\",\"isDefault\":true,\"applications\":[{"
		"\"applicationId\":\"a1\",\"name\":\"web\",\"applicationStatus\":\"done\"}],"
		"\"compose\":[{\"composeId\":\"c1\",\"name\":\"stack\",\"composeStatus\":"
		"\"error\"}],\"postgres\":[{\"postgresId\":\"g1\",\"name\":\"db\"}]}]}]");
	variants_of_json(&out, "old tree", dump_dokploy,
	                 "[{\"projectId\":\"p1\",\"name\":\"home\",\"applications\":[{"
	                 "\"applicationId\":"
	                 "\"a1\",\"name\":\"web\",\"applicationStatus\":\"idle\"}],\"compose\":[],"
	                 "\"redis\":[{\"name\":\"cache\"}],\"env\":\"SECRET\"}]");
	variants_of_json(
		&out, "one", dump_dokploy,
		"{\"applicationId\":\"a1\",\"appName\":\"web-x\",\"applicationStatus\":\"done\","
		"\"dockerImage\":\"nginx:1\",\"sourceType\":\"docker\",\"repository\":\"r\","
		"\"owner\":\"o\",\"branch\":\"b\",\"domains\":[{\"domainId\":\"d1\",\"host\":"
		"\"a.example\",\"path\":\"/x\",\"https\":true,\"port\":80}],\"deployments\":[{"
		"\"deploymentId\":\"y1\",\"status\":\"running\",\"title\":\"T\",\"description\":"
		"\"D\",\"errorMessage\":\"E\",\"logPath\":\"/l\",\"createdAt\":"
		"\"2026-01-01T00:00:00Z\",\"finishedAt\":\"2026-01-01T00:01:00Z\"}]}");
	variants_of_json(&out, "made", dump_dokploy,
	                 "{\"projectId\":\"p1\",\"project\":{\"projectId\":\"p2\"},\"environment\":"
	                 "{"
	                 "\"environmentId\":\"e1\"},\"environments\":[{\"environmentId\":\"e2\"}],"
	                 "\"applicationId\":\"a1\"}");
	static const char *const versions[] = { "\"v0.29.5\"",
		                                "\"0.29.5\"",
		                                "v0.24",
		                                "\"1.2.3\"",
		                                "\"v10.99.100\"",
		                                "\"x\"",
		                                "\"v0\"",
		                                "{\"version\":\"v0.25.1\"}",
		                                "",
		                                "\"log\\nline\"",
		                                "[\"a\",\"b\"]",
		                                "{\"logs\":\"x\"}" };
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		buf_addf(&out, "== %s\n", versions[i]);
		dump_dokploy(&out, versions[i], strlen(versions[i]));
	}
	static const char *const states[] = { "done", "idle", "error", "running", "cancelled", "" };
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		buf_addf(&out, "%s: %d\n", states[i], (int)dp_health(states[i]));
	check_written(&out, ANSWERS "apps_dokploy.txt");
}

/* --- the portal, images, units -------------------------------------------- */

static void dump_portal(struct buf *out, const char *text, size_t len)
{
	struct portal_health h;
	struct portal_check c;
	struct portal_made m;
	struct portal_state s;
	struct err err = { 0 };
	if (portal_health_parse(text, len, &h, &err))
		buf_addf(out, "health %s %s %d\n", h.status, h.version, h.deploying);
	else
		say_err(out, "health", &err);
	if (portal_check_parse(text, len, &c, &err))
		buf_addf(out, "check %d %d %s\n", c.available, c.valid, c.error);
	else
		say_err(out, "check", &err);
	if (portal_made_parse(text, len, &m, &err))
		buf_addf(out, "made %s %s\n", m.id, m.url);
	else
		say_err(out, "made", &err);
	if (portal_state_parse(text, len, &s))
		buf_addf(out, "state %s %s %s %s %d\n", s.status, s.step, s.url, s.error,
		         s.progress);
}

#define DIGITS_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void dump_images(struct buf *out, const char *text, size_t len)
{
	static struct image_digests d;
	struct err err = { 0 };
	char digest[DIGEST_SIZE], image[IMAGE_NAME_SIZE], id[DIGEST_SIZE];
	if (image_digests_parse(&d, text, len, &err)) {
		buf_addf(out, "digests %zu have %d\n", d.n,
		         image_digests_have(&d, "sha256:" DIGITS_64));
		for (size_t i = 0; i < d.n; i++)
			buf_addf(out, "%.30s\n", d.of[i]);
		static const char *const names[] = { "nginx:1", "r:5000/x", "r:5000/x:2", "other",
			                             "ngin" };
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			buf_addf(out, "of %s: %.20s\n", names[i], image_digest_of(&d, names[i]));
	} else {
		say_err(out, "digests", &err);
	}
	if (registry_digest_parse(digest, text, len, &err))
		buf_addf(out, "registry %.20s\n", digest);
	else
		say_err(out, "registry", &err);
	if (container_image_parse(image, id, text, len, &err))
		buf_addf(out, "container %s %.20s\n", image, id);
	else
		say_err(out, "container", &err);
}

static void dump_news(struct buf *out, const char *text, size_t len)
{
	struct image_news news;
	char place[40];
	if (!image_news_read(&news, place, sizeof(place), text, len)) {
		buf_puts(out, "no news\n");
		return;
	}
	buf_addf(out, "[%s] asked %lld current %d\n", place, (long long)news.asked_ms,
	         news.current);
	image_news_write(&news, place, out);
	buf_puts(out, "\n");
}

static void dump_unit(struct buf *out, const char *text, size_t len)
{
	struct unit u = {
		.main_pid = 7, .exit_status = 7, .memory = 7, .cpu_ns = 7, .restarts = 7
	};
	struct unit_priv p = { 0 };
	cJSON *json = cJSON_ParseWithLength(text, len);
	u.priv = &p;
	unit_take_props(&u, json);
	buf_addf(out, "load %s\nactive %s\nsub %s\nfile %s\nresult %s\n", u.load, u.active, u.sub,
	         u.file_state, u.result);
	buf_addf(out, "about %s\nfragment %s\ntriggers %s\n", u.description ? u.description : "-",
	         u.fragment ? u.fragment : "-", u.triggers ? u.triggers : "-");
	buf_addf(out, "active %lld\ninactive %lld\nnext %lld\nchange %lld\n",
	         (long long)u.active_ms, (long long)u.inactive_ms, (long long)u.next_ms,
	         (long long)p.change_ms);
	buf_addf(out, "pid %d\nexit %d\nmemory %lld\ncpu %lld\nrestarts %d\ncan %d %d %d %d\n",
	         u.main_pid, u.exit_status, (long long)u.memory, (long long)u.cpu_ns, u.restarts,
	         u.can_start, u.can_stop, u.can_reload, p.reload_known);
	char *more = p.more ? cJSON_PrintUnformatted(p.more) : NULL;
	buf_addf(out, "more %s\n", more ? more : "-");
	cJSON_free(more);
	cJSON_Delete(p.more);
	cJSON_Delete(json);
	free(u.description);
	free(u.fragment);
	free(u.triggers);
}

static void test_members_of_images_and_units(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "portal", dump_portal,
		"{\"status\":\"ok\",\"version\":\"1.2\",\"deploying\":3,\"available\":true,"
		"\"valid\":true,\"error\":\"e\",\"id\":\"i1\",\"url\":\"https://u\",\"step\":\"s\","
		"\"progress\":40,\"deploymentId\":\"d1\",\"activeDeployments\":2,\"message\":"
		"\"m\"}");
	for (int i = -2; i<104; i += i> 8 && i < 92 ? 7 : 1) {
		char bar[40];
		portal_bar(i, bar, sizeof(bar));
		buf_addf(&out, "%d: %s\n", i, bar);
	}
	variants_of_json(&out, "image", dump_images,
	                 "{\"Id\":\"x\",\"RepoDigests\":[\"nginx@sha256:" DIGITS_64
	                 "\",\"r:5000/x@sha256:" DIGITS_64 "\",\"bad@sha256:1\",7]}");
	variants_of_json(&out, "registry", dump_images,
	                 "{\"Descriptor\":{\"digest\":\"sha256:" DIGITS_64 "\"}}");
	variants_of_json(&out, "container", dump_images,
	                 "{\"Image\":\"sha256:" DIGITS_64 "\",\"Config\":{\"Image\":\"nginx:1\"}}");
	variants_of_json(&out, "libpod", dump_images,
	                 "{\"Image\":\"" DIGITS_64 "\",\"Config\":{\"Image\":\"nginx:1\"}}");
	variants_of_words(&out, "news", dump_news,
	                  "pi docker\t1700000000000\tnginx:1\tsha256:" DIGITS_64
	                  "\tsha256:" DIGITS_64 "\tsha256:" DIGITS_64 "\tcurrent\twhy not");
	variants_of_words(&out, "news", dump_news,
	                  "pi\t1700000000000\tnginx\tsha256:" DIGITS_64
	                  "\t\t\t-\tno registry\tmore");
	static const char *const images[] = { "nginx",
		                              "nginx:1.27",
		                              "r.example:5000/a/b_c-d.e",
		                              ("sha256:" DIGITS_64),
		                              "0123456789ab",
		                              "0123456789a",
		                              "0123456789ag",
		                              "-x",
		                              "",
		                              "a..b",
		                              "a//b",
		                              "a@b",
		                              "A9",
		                              "_x",
		                              "a b" };
	for (size_t i = 0; i < ARRAY_LEN(images); i++)
		buf_addf(&out, "%s: %d\n", images[i], image_has_tag(images[i]));
	for (size_t n = IMAGE_NAME_SIZE - 2; n <= IMAGE_NAME_SIZE; n++) {
		char *name = xcalloc(1, n + 1);
		memset(name, 'x', n);
		buf_addf(&out, "%zu: %d\n", n, image_has_tag(name));
		free(name);
	}
	assert_false(image_has_tag(NULL));
	/* a digest more than there is room for */
	for (size_t n = DIGESTS_MAX - 1; n <= DIGESTS_MAX + 1; n++) {
		static struct image_digests d;
		struct err err = { 0 };
		struct buf text = { 0 };
		buf_puts(&text, "{\"Id\":\"x\",\"RepoDigests\":[");
		for (size_t i = 0; i < n; i++)
			buf_addf(&text, "%s\"r%zu@sha256:" DIGITS_64 "\"", i ? "," : "", i);
		buf_puts(&text, "]}");
		assert_true(image_digests_parse(&d, text.data, text.len, &err));
		assert_int_equal(d.n, n < DIGESTS_MAX ? n : DIGESTS_MAX);
		buf_finish(&text);
	}
	check_written(&out, ANSWERS "apps_images.txt");
}

static void test_members_of_a_unit(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "unit", dump_unit,
		"{\"LoadState\":\"loaded\",\"ActiveState\":\"active\",\"SubState\":\"running\","
		"\"Description\":\"D\",\"UnitFileState\":\"enabled\",\"FragmentPath\":\"/"
		"f\",\"Triggers\":["
		"\"a\",\"b\"],\"Result\":\"success\",\"ActiveEnterTimestamp\":1700000000000000,"
		"\"InactiveEnterTimestamp\":1600000000000000,\"StateChangeTimestamp\":{\"type\":"
		"\"t\","
		"\"data\":1650000000000000},\"MainPID\":12,\"ExecMainStatus\":3,\"MemoryCurrent\":"
		"\"18446744073709551615\",\"CPUUsageNSec\":5,\"NRestarts\":2,\"CanStart\":true,"
		"\"CanStop\":"
		"true,\"CanReload\":false,\"ExecStart\":[\"x\"],\"Unknown\":1}");
	static const int64_t times[] = { 0, 999, 1000, 1700000000000000, 1700000360000000 };
	for (size_t real = 0; real < ARRAY_LEN(times); real++)
		for (size_t mono = 0; mono < 4; mono++)
			for (int active = 0; active < 4; active++) {
				char *json = xasprintf("{\"NextElapseUSecRealtime\":%lld,"
				                       "\"NextElapseUSecMonotonic\":%d,"
				                       "\"ActiveEnterTimestampMonotonic\":%d,"
				                       "\"ActiveEnterTimestamp\":%lld}",
				                       (long long)times[real],
				                       (int)mono * 120000000,
				                       active & 1 ? 60000000 : 0,
				                       active & 2 ? 1700000000000000LL : 0);
				struct unit u = { .next_ms = -1 };
				struct unit_priv p = { 0 };
				cJSON *o = cJSON_Parse(json);
				u.priv = &p;
				unit_take_props(&u, o);
				buf_addf(&out, "%zu %zu %d: next %lld active %lld\n", real, mono,
				         active, (long long)u.next_ms, (long long)u.active_ms);
				cJSON_Delete(o);
				free(json);
			}
	static const char *const names[] = {
		"a.service", "a.timer",     "a.socket",        "a.mount",       "a.automount",
		"a.swap",    "a.path",      "a.target",        "a.device",      "a.slice",
		"a.scope",   ".service",    "a@.service",      "a@b.service",   "a",
		"",          "a b.service", "a\\x2db.service", "1-a_:.service", "a.conf",
		"/a.service"
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t size = 40; size < 72; size++) {
			char path[100], back[80];
			bool fits = unit_path(names[i], path, size);
			bool read = unit_of_path(path, back, size - 39);
			if (size == 40 || size == 71 || fits != (size > 60))
				buf_addf(&out,
				         "%s %zu: ours %d other %d suffix %s path %d %s back %d "
				         "%s\n",
				         names[i], size, unit_is_ours(names[i]),
				         unit_is_other(names[i]), unit_suffix(names[i]), fits, path,
				         read, read ? back : "");
		}
	for (size_t n = UNIT_NAME_SIZE - 2; n <= UNIT_NAME_SIZE + 1; n++) {
		char *name = xcalloc(1, n + 1);
		memset(name, 'x', n);
		memcpy(name + n - 8, ".service", 8);
		buf_addf(&out, "%zu: %d\n", n, unit_is_ours(name));
		free(name);
	}
	static const char *const paths[] = { "",
		                             "x",
		                             SYSTEMD_PATH "/unit/",
		                             SYSTEMD_PATH "/unit/a",
		                             SYSTEMD_PATH "/unit/a_2eb",
		                             SYSTEMD_PATH "/unit/a_2",
		                             SYSTEMD_PATH "/unit/a_",
		                             SYSTEMD_PATH "/unit/_00",
		                             SYSTEMD_PATH "/unit/_01",
		                             SYSTEMD_PATH "/unit/_10",
		                             SYSTEMD_PATH "/unit/_fF",
		                             SYSTEMD_PATH "/unit/_9a_ff",
		                             SYSTEMD_PATH "/unit/_g0",
		                             SYSTEMD_PATH "/unit/_0g",
		                             SYSTEMD_PATH "/unit/abcdefg",
		                             SYSTEMD_PATH "/unit/abcdefgh" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char name[8] = "";
		bool good = unit_of_path(paths[i], name, sizeof(name));
		buf_addf(&out, "%s: %d", paths[i], good);
		for (const char *c = name; good && *c; c++)
			buf_addf(&out, " %02x", (unsigned char)*c);
		buf_puts(&out, "\n");
		assert_false(unit_of_path(paths[i], name, 0));
	}
	check_written(&out, ANSWERS "apps_units.txt");
}

/* --- figures for people --------------------------------------------------- */

static void test_figures(void **state)
{
	static const int64_t units[] = { 1, 1000, 60000, 3600000, 86400000, 7 * 86400000LL };
	struct buf out;
	char text[HUMAN_SIZE];
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		for (int64_t times = 0; times < 5; times++)
			for (int64_t by = -1; by <= 1; by++) {
				int64_t ms = units[i] * times + by;
				buf_addf(&out, "%lld: %s", (long long)ms, human_age(text, ms));
				buf_addf(&out, " %s", human_span(text, ms));
				buf_addf(&out, " %s", human_clock(text, ms));
				ms = ms * 51 / 2;
				buf_addf(&out, " | %s", human_age(text, ms));
				buf_addf(&out, " %s\n", human_span(text, ms));
			}
	for (uint64_t n = 1; n < UINT64_MAX / 1024; n = n * 8 + 7) {
		uint64_t near[] = {
			n, n * 9, n * 10 - n / 16, n * 999 / 8, n * 1000 / 8, n / 2 * 3
		};
		for (size_t i = 0; i < ARRAY_LEN(near); i++) {
			buf_addf(&out, "%llu: %s", (unsigned long long)near[i],
			         human_bytes(text, near[i]));
			buf_addf(&out, " %s\n", human_rate(text, (double)near[i] / 10));
		}
	}
	static const double rates[] = { -1,     -0.001, 0,       0.4,     0.5,      9.94, 9.95,
		                        999.4,  999.5,  999.6,   9940,    9950,     9960, 999499,
		                        999500, 999501, 999.5e6, 999.5e9, 999.5e12, 1e15, 1e18 };
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		buf_addf(&out, "%.3f: %s\n", rates[i], human_rate(text, rates[i]));
	static const uint64_t sizes[] = { 0,     999,   1000,    1023,    1024,
		                          10188, 10189, 1023488, 1023487, UINT64_MAX };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		buf_addf(&out, "%llu: %s\n", (unsigned long long)sizes[i],
		         human_bytes(text, sizes[i]));
	check_written(&out, ANSWERS "figures.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_members_of_coolify, set_zone),
		cmocka_unit_test_setup(test_members_of_dokploy, set_zone),
		cmocka_unit_test_setup(test_members_of_images_and_units, set_zone),
		cmocka_unit_test_setup(test_members_of_a_unit, set_zone),
		cmocka_unit_test_setup(test_figures, set_zone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
