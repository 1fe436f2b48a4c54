/* Systems without a section: how they are known by image, port and address, and which are offered
 * beside containers as Docker lists them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "backends/systems/found_parse.h"
#include "backends/systems/system.h"

static const char *section_of(const char *image)
{
	const struct found_kind *k = found_by_image(image);
	return k ? k->section : "";
}

static void an_image_is_known_without_registry_tag_and_digest(void **state)
{
	static const char *const all[][2] = {
		{ "grafana/grafana:11.2", "grafana" },
		{ "docker.io/grafana/grafana-oss", "grafana" },
		{ "registry.example:5000/mirror/prom/prometheus:v2.53@sha256:abcd", "prometheus" },
		{ "victoriametrics/victoria-metrics:v1.102", "prometheus" },
		{ "redis", "redis" },
		{ "redis:7-alpine", "redis" },
		{ "library/redis@sha256:0123", "redis" },
		{ "valkey/valkey:8", "redis" },
		{ "pgvector/pgvector:pg16", "postgres" },
		{ "ghcr.io/berriai/litellm:main-v1.81.3-stable", "litellm" },
		{ "ghcr.io/berriai/litellm-database:x", "litellm" },
		{ "gitea/gitea:1.22", "ci" },
		{ "headscale/headscale:0.26", "headscale" },
		{ "caddy:2", "caddy" },
		/* others */
		{ "", "" },
		{ "sha256:0123456789ab", "" },
		{ "grafana/loki:3", "" },
		{ "prom/prometheus-operator", "" },
		{ "redis/", "" },
		{ "redi", "" },
		{ "rediss", "" },
		{ "prometheus/other", "" },
		{ "host:redis", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_string_equal(section_of(all[i][0]), all[i][1]);
	assert_string_equal(found_by_image("a/victoria-metrics")->product, "VictoriaMetrics");
}

/* Where each product listens in its container, and on a server. */
static void products_have_ports(void **state)
{
	static const struct {
		const char *image;
		int inside, outside;
	} all[] = {
		{ "prometheus", 9090, 9090 },    { "victoria-metrics", 8428, 8428 },
		{ "alertmanager", 9093, 9093 },  { "grafana", 3000, 3000 },
		{ "dokploy", 3000, 3000 },       { "ai-stack-portal", 3000, 3000 },
		{ "gitea", 3000, 3000 },         { "forgejo", 3000, 3000 },
		{ "litellm", 4000, 4000 },       { "coolify", 8080, 8000 },
		{ "headscale", 8080, 8080 },     { "ollama", 11434, 11434 },
		{ "n8n", 5678, 5678 },           { "ntfy", 80, 2586 },
		{ "qdrant", 6333, 6333 },        { "caddy", 2019, 2019 },
		{ "cadvisor", 8080, 8080 },      { "postgres", 5432, 5432 },
		{ "timescaledb", 5432, 5432 },   { "openclaw", 18789, 18789 },
		{ "valkey", 6379, 6379 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct found_kind *k = found_by_image(all[i].image);
		assert_non_null(k);
		assert_int_equal(k->inside, all[i].inside);
		assert_int_equal(k->outside, all[i].outside);
	}
}

static void a_published_port_is_found(void **state)
{
	static const struct {
		const char *ports;
		const char *host; /* NULL: nowhere */
		int port;
	} all[] = {
		{ "13000->3000/tcp", "127.0.0.1", 13000 },
		{ "127.0.0.1:3000->3000/tcp", "127.0.0.1", 3000 },
		{ "192.0.2.7:3000->3000/tcp", "192.0.2.7", 3000 },
		{ "192.0.2.7:3000->3000/tcp, 127.0.0.1:3001->3000/tcp", "127.0.0.1", 3001 },
		{ "127.0.0.1:3001->3000/tcp, 192.0.2.7:3000->3000/tcp", "127.0.0.1", 3001 },
		{ "9999->9999/tcp, 65535->3000/tcp", "127.0.0.1", 65535 },
		{ "8443->4443/tcp", "127.0.0.1", 8443 }, /* the only one */
		{ "3000/tcp, 8443->4443/tcp", NULL, 0 }, /* it is there, and not published */
		{ "8443->4443/tcp, 3000/tcp", NULL, 0 },
		{ "3001/tcp, 8443->4443/tcp", "127.0.0.1", 8443 },
		{ "300/tcp, 8443->4443/tcp", "127.0.0.1", 8443 },
		{ "80->80/tcp, 443->443/tcp", NULL, 0 },
		{ "3000->3000/udp", NULL, 0 },
		{ "3000/tcp", NULL, 0 },
		{ "::1:3000->3000/tcp", NULL, 0 },
		{ "0->3000/tcp", NULL, 0 },
		{ "65536->3000/tcp", NULL, 0 },
		{ "3000->3000", NULL, 0 },
		{ "3000/tcp->", NULL, 0 },
		{ "", NULL, 0 },
		{ NULL, NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct found_place at = { .port = 7 };
		assert_int_equal(found_published(all[i].ports, 3000, &at), all[i].host != NULL);
		assert_int_equal(at.port, all[i].port);
		if (all[i].host)
			assert_string_equal(at.host, all[i].host);
	}
	char url[80];
	struct found_place at = { "127.0.0.1", 15432 };
	found_url(found_by_image("postgres"), &at, url, sizeof(url));
	assert_string_equal(url, "postgres://postgres@127.0.0.1:15432/postgres");
	found_url(found_by_image("redis"), &at, url, sizeof(url));
	assert_string_equal(url, "redis://127.0.0.1:15432");
	found_url(found_by_image("caddy"), &at, url, sizeof(url));
	assert_string_equal(url, "http://127.0.0.1:15432");
}

static void a_section_covers_what_it_leads_to(void **state)
{
	static const char *const names[] = { "sese", "192.0.2.10", "", NULL };
	static const struct {
		struct found_address a;
		int port; /* 0: reached nowhere */
		bool covers;
	} all[] = {
		{ { true, false, "127.0.0.1", 3000 }, 3000, true },
		{ { true, false, "127.0.0.1", 3001 }, 3000, false },
		{ { true, false, "127.0.0.1", 3001 }, 0, true },
		{ { true, false, "127.0.1.1", 3001 }, 3000, false },
		{ { true, true, "localhost", 3001 }, 3000, false },
		{ { true, false, "::1", 3001 }, 3000, false },
		{ { true, false, "", 0 }, 3000, true }, /* a socket */
		{ { true, false, "grafana.example.net", 443 }, 3000, true },
		{ { false, false, "127.0.0.1", 3000 }, 3000, false }, /* of another server */
		{ { false, false, "grafana.example.net", 443 }, 3000, false },
		{ { false, true, "127.0.0.1", 3000 }, 3000, false }, /* of this machine */
		{ { false, true, "", 0 }, 3000, false },
		{ { false, true, "192.0.2.10", 3000 }, 3000, true },
		{ { false, true, "192.0.2.11", 3000 }, 3000, false },
		{ { false, true, "2001:db8::1", 3000 }, 3000, false },
		{ { false, true, "sese", 3000 }, 3000, true },
		{ { false, true, "grafana.example.net", 443 }, 3000, true },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct found_place at = { "127.0.0.1", all[i].port };
		if (found_covers(&all[i].a, all[i].port ? &at : NULL, names) != all[i].covers)
			fail_msg("%s:%d", all[i].a.host, all[i].a.port);
	}
}

static void no_key_reaches_the_file(void **state)
{
	const struct found_kind *may = found_by_image("grafana"), *must = found_by_image("coolify");
	struct err err;
	assert_true(found_key_fits(may, "", &err));
	assert_false(found_key_fits(must, "", &err));
	assert_non_null(strstr(err.text, "Coolify shows nothing without an API token of it"));
	assert_true(found_key_fits(must, "pass show coolify", &err));
	assert_true(found_key_fits(must, "~/bin/token-of-coolify-now", &err));
	assert_true(found_key_fits(must, "/usr/local/bin/token-of-coolify", &err));
	assert_true(found_key_fits(must, "printenv;true", &err));
	char *exact = xstrdup(";true"); /* nothing is before it */
	assert_true(found_key_fits(must, exact, &err));
	free(exact);
	assert_true(found_key_fits(must, "123456789012345", &err));
	assert_false(found_key_fits(must, "1234567890123456", &err));
	assert_non_null(strstr(err.text, "looks like the key itself"));
	assert_false(found_key_fits(may, "pass show a ;true", &err));
	assert_non_null(strstr(err.text, "one line"));
	assert_false(found_key_fits(may, "echo a\nurl = x", &err));
	char name[8];
	found_name("ja vi]#=;", name, sizeof(name));
	assert_string_equal(name, "javi");
	found_name("a_b.c-d5e", name, sizeof(name));
	assert_string_equal(name, "a_b.c-d");
	found_name("[]", name, sizeof(name));
	assert_string_equal(name, "new");
}

static void every_kind_has_its_words(void **state)
{
	for (const struct found_kind *k = found_kinds; k->section; k++) {
		assert_true(k->inside > 0 && k->inside < 65536 && k->next_at > 0 && k->list_at > 0);
		assert_int_equal(k->key != FOUND_NO_KEY, k->key_word != NULL);
		assert_int_equal(k->path != NULL, k->says != NULL);
	}
}

/* --- beside containers ------------------------------------------------------ */

struct world {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
};

static void open_world(struct world *w, const char *config)
{
	static char dir[] = "/tmp/mocr-test-XXXXXX";
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	char *file = xasprintf("%s/config", dir);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs(config, f);
	fclose(f);
	setenv("XDG_STATE_HOME", dir, 1);
	w->loop = loop_create();
	w->settings = settings_load(file, NULL);
	w->store = store_create(w->loop, NULL, w->settings);
	w->server = server_open_replay(w->store, "sese");
	struct source *found = server_source(w->server, "found");
	found->backend->up(found);
	free(file);
}

static void close_world(struct world *w)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -rf '%s'", getenv("XDG_STATE_HOME"));
	store_destroy(w->store);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
	assert_int_equal(system(command), 0);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define CONTAINER(digit, name, image, ports, network)                                    \
	"{\"Id\":\"" ID digit "\",\"Names\":[\"/" name "\"],\"Image\":\"" image          \
	"\",\"ImageID\":\"sha256:" ID "0\",\"State\":\"running\",\"Status\":\"Up 2 h\"," \
	"\"Created\":1700000000,\"Labels\":{},\"Ports\":[" ports "],"                    \
	"\"NetworkSettings\":{\"Networks\":{\"" network "\":{}}}}"
#define PUBLISHED \
	"{\"IP\":\"0.0.0.0\",\"PrivatePort\":3000,\"PublicPort\":13000,\"Type\":\"tcp\"}"
#define SECOND "{\"PrivatePort\":6379,\"PublicPort\":16379,\"Type\":\"tcp\"}"
#define EXPOSED "{\"PrivatePort\":6333,\"Type\":\"tcp\"}"
/* clang-format off */
static const char list[] =
	"[" CONTAINER("1", "graf", "grafana/grafana:11", PUBLISHED, "web")
	"," CONTAINER("2", "store", "redis:7", "", "host")
	"," CONTAINER("3", "shut", "qdrant/qdrant", EXPOSED, "web")
	"," CONTAINER("4", "hs", "headscale/headscale", "", "web")
	"," CONTAINER("5", "other", "nginx", "", "web") "]";
/* clang-format on */

static const struct system *offer(struct world *w, const char *name)
{
	char *id = xasprintf("sese/system/found/offer/%s", name);
	const struct row *r = store_find(w->store, id);
	free(id);
	return r ? system_const(r) : NULL;
}

static void containers_are_offered(void **state)
{
	struct world w;
	open_world(&w, "[server sese]\nhost = sese\n");
	source_feed(server_source(w.server, "docker"), "list", list, sizeof(list) - 1);
	const struct system *y = offer(&w, "grafana/graf");
	assert_non_null(y);
	assert_string_equal(y->ref, "url = http://127.0.0.1:13000");
	assert_string_equal(system_product(y), "Grafana");
	assert_string_equal(y->state, "found");
	assert_int_equal(y->row.health, HEALTH_IDLE);
	assert_string_equal(offer(&w, "redis/store")->ref, "url = redis://127.0.0.1:6379");
	assert_string_equal(offer(&w, "qdrant/shut")->ref, "");
	assert_string_equal(offer(&w, "headscale/hs")->ref, "command = docker exec hs headscale");
	assert_int_equal(store_count(w.store, &kind_system, NULL), 4);
	/* a second engine may have a container of the same name */
	static const char other[] = "[" CONTAINER("6", "store", "redis:7", SECOND, "web") "]";
	source_feed(server_source(w.server, "podman"), "list", other, sizeof(other) - 1);
	assert_string_equal(offer(&w, "redis/store")->ref, "url = redis://127.0.0.1:6379");
	assert_string_equal(offer(&w, "redis/podman:store")->ref, "url = redis://127.0.0.1:16379");
	source_feed(server_source(w.server, "podman"), "list", "[]", 2);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 4);
	/* what stopped is offered no more */
	source_feed(server_source(w.server, "docker"), "list", "[]", 2);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
	close_world(&w);
}

static void what_a_section_covers_is_not_offered(void **state)
{
	struct world w;
	open_world(&w, "[server sese]\nhost = sese\n"
	               "[grafana g]\nserver = sese\nurl = http://127.0.0.1:13000\n"
	               "[redis r]\nserver = sese\nurl = redis://127.0.0.1:6380\n"
	               "[qdrant q]\nserver = sese\nurl = http://127.0.0.1:1\n"
	               "[headscale h]\nurl = https://hs.example.net\n");
	source_feed(server_source(w.server, "docker"), "list", list, sizeof(list) - 1);
	assert_null(offer(&w, "grafana/graf"));
	assert_null(offer(&w, "qdrant/shut"));
	assert_null(offer(&w, "headscale/hs"));
	assert_non_null(offer(&w, "redis/store")); /* another Redis */
	close_world(&w);
}

static void what_was_dismissed_is_not_offered(void **state)
{
	struct world w;
	open_world(&w, "[server sese]\nhost = sese\n");
	char *path = xasprintf("%s/mocr/dismissed", getenv("XDG_STATE_HOME"));
	char *folder = xasprintf("mkdir -pm700 %s/mocr", getenv("XDG_STATE_HOME"));
	assert_int_equal(system(folder), 0);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("sese\tgrafana\tgraf\npi\tredis\tstore\nsese\tqdrant\tshu\n", f);
	fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
	struct source *found = server_source(w.server, "found");
	found->backend->down(found);
	found->backend->up(found);
	source_feed(server_source(w.server, "docker"), "list", list, sizeof(list) - 1);
	assert_null(offer(&w, "grafana/graf"));
	assert_non_null(offer(&w, "redis/store"));
	assert_non_null(offer(&w, "qdrant/shut"));
	free(folder);
	free(path);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_known_without_registry_tag_and_digest),
		cmocka_unit_test(products_have_ports),
		cmocka_unit_test(a_published_port_is_found),
		cmocka_unit_test(a_section_covers_what_it_leads_to),
		cmocka_unit_test(no_key_reaches_the_file),
		cmocka_unit_test(every_kind_has_its_words),
		cmocka_unit_test(containers_are_offered),
		cmocka_unit_test(what_a_section_covers_is_not_offered),
		cmocka_unit_test(what_was_dismissed_is_not_offered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
