/* Checks that are offered: which ports and services offer one, and what is settled already. What a
 * hostile name does. The rows beside containers as Docker lists them. */
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
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/checks/checks.h"
#include "backends/checks/offer.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/services/unit.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/need.h"
#include "backends/store/probe_spec.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "backends/vitals/vitals.h"
#include "panels/panels.h"

/* --- what arises ------------------------------------------------------------- */

static const char *const names[] = { "sese", "192.0.2.10", "", NULL };

static struct offers nothing(void)
{
	return (struct offers){ .server = "sese", .names = names, .dismissed = "\n" };
}

/* "NAME TARGET BY[ everywhere][ +MORE]; ...": all offers in one text. */
static const char *told(const struct offers *o)
{
	static char text[4096];
	size_t n = 0;
	*text = '\0';
	for (size_t i = 0; i < o->n; i++) {
		const struct offer *one = &o->list[i];
		char target[120], more[16] = "";
		offer_target(one, target, sizeof(target));
		if (one->more)
			snprintf(more, sizeof(more), " +%d", one->more);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s%s%s", i ? "; " : "",
		                      one->name, target, one->everywhere ? " everywhere" : "",
		                      more);
	}
	return text;
}

static void published_ports_are_offered(void **state)
{
	static const struct {
		const char *ports, *told;
	} all[] = {
		{ NULL, "" },
		{ "", "" },
		{ "80/tcp", "" },
		{ "5353->53/udp", "" },
		{ "8080->80/tcp", "web-8080 http://127.0.0.1:8080/ everywhere" },
		{ "0.0.0.0:8080->80/tcp", "web-8080 http://127.0.0.1:8080/ everywhere" },
		{ "[::]:8080->80/tcp, :::8080->80/tcp",
		  "web-8080 http://127.0.0.1:8080/ everywhere" },
		{ "127.0.0.1:5432->5432/tcp", "web-5432 127.0.0.1:5432" },
		{ "127.0.0.1:9000->3000/tcp", "web-9000 http://127.0.0.1:9000/" },
		{ "::1:8443->443/tcp", "web-8443 [::1]:8443" },
		{ "[::1]:8080->8080/tcp", "web-8080 http://[::1]:8080/" },
		{ "2001:db8::7:6379->6379/tcp", "web-6379 [2001:db8::7]:6379" },
		{ "192.0.2.7:6379->6379/tcp", "web-6379 192.0.2.7:6379" },
		/* one port at several addresses is one offer, at the best of them */
		{ "::1:443->443/tcp, 127.0.0.1:443->443/tcp", "web-443 127.0.0.1:443" },
		{ "192.0.2.7:443->443/tcp, 443->443/tcp", "web-443 127.0.0.1:443 everywhere" },
		{ "443->443/tcp, 80->80/tcp, 81->81/tcp",
		  "web-80 http://127.0.0.1:80/ everywhere; web-81 127.0.0.1:81 everywhere; "
		  "web-443 127.0.0.1:443 everywhere" },
		/* ranges */
		{ "7000->7000/tcp, 7001->7001/tcp, 7002->7002/tcp, 7003->7003/tcp, 7009->7009/tcp",
		  "web-7000 127.0.0.1:7000 everywhere +3; web-7009 127.0.0.1:7009 everywhere" },
		{ "7000-7010->7000-7010/tcp, 7005->7005/tcp",
		  "web-7000 127.0.0.1:7000 everywhere +10" },
		{ "127.0.0.1:7000->1/tcp, ::1:7000->1/tcp, 127.0.0.1:7001->2/tcp, "
		  "::1:7001->2/tcp, 127.0.0.1:7002->3/tcp, 127.0.0.1:7003->4/tcp",
		  "web-7000 127.0.0.1:7000 +3" },
		/* rubbish */
		{ "0->80/tcp, 65536->80/tcp, 99999999999->80/tcp, ->80/tcp, 80->/tcp, x->y/tcp",
		  "" },
		{ "9-1->9-1/tcp, evil.example:80->80/tcp, 1.2.3:80->80/tcp", "" },
		{ "fe80::1%eth0:80->80/tcp, []:80->80/tcp, 80->80, /tcp, ->/tcp, ,, ", "" },
		{ "127.0.0.1 -o x:80->80/tcp, 127.0.0.1\nfrom:80->80/tcp", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct offers o = nothing();
		offers_add_container(&o, "web", all[i].ports);
		if (strcmp(told(&o), all[i].told) != 0)
			fail_msg("%s: %s", all[i].ports, told(&o));
	}
	struct offers o = nothing();
	offers_add_container(&o, "web", "8080->80/tcp");
	assert_string_equal(o.list[0].by, "container web");
}

static void known_services_are_offered(void **state)
{
	static const struct {
		const char *unit, *told;
	} all[] = {
		{ "nginx.service", "nginx-80 http://127.0.0.1:80/" },
		{ "caddy.service", "caddy-80 http://127.0.0.1:80/" },
		{ "postgresql@15-main.service", "postgresql-5432 127.0.0.1:5432" },
		{ "ssh.service", "ssh-22 127.0.0.1:22" },
		{ "redis-server.service", "" }, /* it does not listen */
		{ "mosquitto.service", "mosquitto-8883 127.0.0.1:8883" },
		{ "nginx.socket", "" },
		{ "nginx", "" },
		{ "nginx.service.d", "" },
		{ "nginx-proxy.service", "" },
		{ "ngin.service", "" },
		{ "x@nginx.service", "" },
		{ "@.service", "" },
		{ ".service", "" },
		{ "", "" },
	};
	static const uint16_t ports[] = { 22, 80, 443, 5432, 8883 };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct offers o = nothing();
		offers_add_service(&o, all[i].unit, ports, ARRAY_LEN(ports));
		if (strcmp(told(&o), all[i].told) != 0)
			fail_msg("%s: %s", all[i].unit, told(&o));
	}
	struct offers o = nothing();
	/* two units of one port, and a container that has it */
	offers_add_container(&o, "web", "80->80/tcp");
	offers_add_service(&o, "nginx.service", ports, ARRAY_LEN(ports));
	offers_add_service(&o, "postgresql.service", ports, ARRAY_LEN(ports));
	offers_add_service(&o, "postgresql@15-main.service", ports, ARRAY_LEN(ports));
	offers_add_service(&o, "ssh.service", NULL, 0);
	assert_string_equal(told(&o), "web-80 http://127.0.0.1:80/ everywhere; "
	                              "postgresql-5432 127.0.0.1:5432");
}

static void no_more_than_a_screen_of_them(void **state)
{
	struct offers o = nothing();
	for (int i = 0; i < 100; i++) {
		char name[16], ports[40];
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(ports, sizeof(ports), "%d->9999/tcp", 10000 + 2 * i);
		offers_add_container(&o, name, ports);
	}
	assert_int_equal(o.n, OFFERS_MOST);
	assert_int_equal(o.left_out, 80);
}

/* --- what is settled already --------------------------------------------------- */

static void a_section_covers_its_address(void **state)
{
	static const struct {
		struct offer_taken t;
		const char *ports;
		bool covers;
	} all[] = {
		{ { true, "127.0.0.1", 8080 }, "8080->80/tcp", true },
		{ { true, "localhost", 8080 }, "8080->80/tcp", true },
		{ { true, "[::1]", 8080 }, "8080->80/tcp", true },
		{ { true, "::1", 8080 }, "127.0.0.1:8080->80/tcp", true },
		{ { true, "Sese", 8080 }, "8080->80/tcp", true },
		{ { true, "127.0.0.1", 8081 }, "8080->80/tcp", false },
		{ { true, "shop.example", 8080 }, "8080->80/tcp", false },
		{ { true, "127.0.0.1", 8080 }, "192.0.2.7:8080->80/tcp", false },
		{ { true, "192.0.2.7", 8080 }, "192.0.2.7:8080->80/tcp", true },
		{ { true, "[2001:db8::7]", 8080 }, "2001:db8::7:8080->80/tcp", true },
		/* of another server, or of this machine */
		{ { false, "127.0.0.1", 8080 }, "8080->80/tcp", false },
		{ { false, "localhost", 8080 }, "8080->80/tcp", false },
		{ { false, "192.0.2.10", 8080 }, "8080->80/tcp", true },
		{ { false, "sese", 8080 }, "8080->80/tcp", true },
		{ { false, "192.0.2.11", 8080 }, "8080->80/tcp", false },
		{ { false, "", 8080 }, "8080->80/tcp", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct offers o = nothing();
		o.taken = &all[i].t;
		o.n_taken = 1;
		offers_add_container(&o, "web", all[i].ports);
		if ((o.n == 0) != all[i].covers)
			fail_msg("%d %s:%d %s", all[i].t.here, all[i].t.host, all[i].t.port,
			         all[i].ports);
	}
}

static void the_user_dismissed_it(void **state)
{
	struct offers o = nothing();
	o.dismissed = "\nsese\tcheck\tcontainer web at 127.0.0.1:80\n"
	              "pi\tcheck\tcontainer web at 127.0.0.1:81\n"
	              "sese\tredis\tcontainer web at 127.0.0.1:82\n";
	offers_add_container(&o, "web", "80->80/tcp");
	offers_add_container(&o, "web", "81->80/tcp");
	offers_add_container(&o, "web", "82->80/tcp");
	offers_add_container(&o, "web", "8->80/tcp");
	assert_string_equal(told(&o), "web-81 http://127.0.0.1:81/ everywhere; "
	                              "web-82 http://127.0.0.1:82/ everywhere; "
	                              "web-8 http://127.0.0.1:8/ everywhere");
}

/* Two things of one name at two addresses: one is dismissed, the other stays. */
static void of_two_one_is_dismissed(void **state)
{
	struct offers o = nothing();
	char key[OFFER_KEY_SIZE];
	offers_add_container(&o, "web", "10.0.0.5:80->80/tcp");
	offers_add_container(&o, "web", "127.0.0.1:80->80/tcp");
	assert_int_equal(o.n, 2);
	offer_key(&o.list[0], key, sizeof(key));
	assert_string_equal(key, "container web at 10.0.0.5:80");
	char *dismissed = xasprintf("\nsese\tcheck\t%s\n", key);
	o = nothing();
	o.dismissed = dismissed;
	offers_add_container(&o, "web", "10.0.0.5:80->80/tcp");
	offers_add_container(&o, "web", "127.0.0.1:80->80/tcp");
	assert_string_equal(told(&o), "web-80 http://127.0.0.1:80/");
	free(dismissed);
}

/* A port that does not fit in the list counts once, whoever has it. */
static void what_is_left_out_counts_once(void **state)
{
	static const uint16_t ssh[] = { 22 };
	struct offers o = nothing();
	for (int i = 0; i < OFFERS_MOST; i++) {
		char ports[40];
		snprintf(ports, sizeof(ports), "%d->80/tcp", 1000 + 10 * i);
		offers_add_container(&o, "web", ports);
	}
	assert_int_equal(o.n, OFFERS_MOST);
	for (int i = 0; i < 30; i++)
		offers_add_service(&o, "ssh.service", ssh, 1);
	assert_int_equal(o.left_out, 1);
}

/* --- hostile names --------------------------------------------------------------- */

static void a_name_adds_no_line(void **state)
{
	static const char *const bad[][2] = {
		{ "a]\n[check b]\nurl = http://evil.example/", "acheckburlhttpevil.example-80" },
		{ "\x1b[31mred", "31mred-80" },
		{ "", "port-80" },
		{ "]#;= \t", "port-80" },
		{ "\xff\xfe\xc3\xa9", "port-80" },
		{ "0123456789012345678901234567890123456789tail",
		  "0123456789012345678901234567890123456789-80" },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct offers o = nothing();
		struct buf keys = { 0 };
		offers_add_container(&o, bad[i][0], "80->80/tcp");
		assert_int_equal(o.n, 1);
		assert_string_equal(o.list[0].name, bad[i][1]);
		assert_null(strpbrk(o.list[0].by, "\n\x1b"));
		offer_keys(&o.list[0], "sese", &keys);
		assert_string_equal(keys.data, "url = http://127.0.0.1:80/\nstatus = 200-499\n"
		                               "redirects = 0\nfrom = sese\n");
		buf_finish(&keys);
	}
	/* names that are one when washed */
	struct offers o = nothing();
	offers_add_container(&o, "a b", "192.0.2.7:80->80/tcp");
	offers_add_container(&o, "ab", "192.0.2.8:80->80/tcp");
	offers_add_container(&o, "a;b", "192.0.2.9:80->80/tcp");
	assert_string_equal(told(&o), "ab-80 http://192.0.2.7:80/; ab-80-2 http://192.0.2.8:80/; "
	                              "ab-80-3 http://192.0.2.9:80/");
}

/* --- rows ---------------------------------------------------------------------------- */

struct world {
	char dir[40], file[60];
	struct loop *loop;
	struct http *http;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *offers;
};

static void reread(struct world *w)
{
	struct settings *fresh = settings_load(w->file, NULL);
	fresh->read_only = w->settings->read_only;
	servers_reconfigure(w->store, fresh, true);
	settings_destroy(w->settings);
	w->settings = fresh;
}

static void on_configured(void *arg)
{
	reread(arg);
}

static void on_changed(void *arg)
{
	(void)arg;
}

static void open_world(struct world *w, const char *config)
{
	static const struct store_hooks hooks = { .changed = on_changed,
		                                  .configured = on_configured };
	strcpy(w->dir, "/tmp/mocr-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->file, sizeof(w->file), "%s/config", w->dir);
	FILE *f = fopen(w->file, "w");
	assert_non_null(f);
	fputs(config, f);
	fclose(f);
	setenv("XDG_STATE_HOME", w->dir, 1);
	w->loop = loop_create();
	w->settings = settings_load(w->file, NULL);
	w->http = http_create(w->loop);
	w->store = store_create(w->loop, w->http, w->settings);
	struct store_hooks own = hooks;
	own.arg = w;
	store_set_hooks(w->store, &own);
	w->server = server_open_replay(w->store, "sese");
	w->server->link->state = LINK_UP;
	w->offers = server_source(w->server, "offers");
	w->offers->backend->up(w->offers);
}

static void close_world(struct world *w)
{
	char command[80];
	snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	store_destroy(w->store);
	loop_turn(w->loop, 0);
	http_destroy(w->http);
	loop_turn(w->loop, 0);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
	assert_int_equal(system(command), 0);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define CONTAINER(digit, name, ports, run_state)                                             \
	"{\"Id\":\"" ID digit "\",\"Names\":[\"/" name "\"],\"Image\":\"i\","                \
	"\"ImageID\":\"sha256:" ID "0\",\"State\":\"" run_state "\",\"Status\":\"Up 2 h\","  \
	"\"Created\":1700000000,\"Labels\":{},\"Ports\":[" ports "]}"
#define PORT(ip, inside, outside) \
	"{\"IP\":\"" ip "\",\"PrivatePort\":" inside ",\"PublicPort\":" outside ",\"Type\":\"tcp\"}"
/* clang-format off */
static const char list[] =
	"[" CONTAINER("1", "web", PORT("0.0.0.0", "80", "8080") "," PORT("::", "80", "8080"),
	              "running")
	"," CONTAINER("2", "db", PORT("127.0.0.1", "5432", "15432"), "running")
	"," CONTAINER("3", "off", PORT("127.0.0.1", "80", "8081"), "exited") "]";
/* clang-format on */

static void list_containers(struct world *w, const char *json)
{
	source_feed(server_source(w->server, "docker"), "list", json, strlen(json));
}

static struct check *offered(struct world *w, const char *name)
{
	char *id = xasprintf("sese/check/offer/%s", name);
	struct row *r = store_find(w->store, id);
	free(id);
	return r ? check_of(r) : NULL;
}

static enum order_state take(struct world *w, struct check *c, const char *verb, struct err *err)
{
	struct order *o = order_start(&c->row, action_find(&kind_check, verb), NULL, err);
	enum order_state state = o ? o->state : ORDER_FAILED;
	if (o && o->state == ORDER_FAILED)
		*err = o->err;
	loop_turn(w->loop, 0);
	return state;
}

static void rows_are_offered_and_are_no_faults(void **state)
{
	struct world w;
	open_world(&w, "[server sese]\nhost = sese\n");
	assert_int_equal(store_count(w.store, &kind_check, NULL), 0);
	list_containers(&w, list);
	assert_int_equal(store_count(w.store, &kind_check, NULL), 2);
	struct check *c = offered(&w, "web-8080");
	assert_non_null(c);
	assert_string_equal(c->target, "http://127.0.0.1:8080/");
	assert_string_equal(check_state(c), "offered");
	assert_int_equal(c->row.health, HEALTH_IDLE);
	assert_int_equal(c->row.need, NEED_NONE);
	assert_null(c->row.why);
	assert_string_equal(offered(&w, "db-15432")->target, "127.0.0.1:15432");
	/* the same list again touches nothing */
	loop_turn(w.loop, 0);
	uint64_t before = store_generation(w.store);
	w.offers->backend->watched(w.offers);
	w.offers->backend->ports(w.offers);
	assert_int_equal(store_generation(w.store), before);
	assert_ptr_equal(offered(&w, "web-8080"), c);
	/* details, JSON, actions */
	struct doc doc;
	cJSON *o = cJSON_CreateObject();
	doc_init(&doc);
	kind_check.detail(&c->row, &doc, true);
	kind_check.json(&c->row, o);
	assert_true(vj_true(o, "offered", NULL));
	for (const struct action *a = kind_check.actions; a->name; a++)
		assert_int_equal(a->applies(&c->row), !strcmp(a->verb, "write section") ||
		                                              !strcmp(a->verb, "dismiss"));
	doc_finish(&doc);
	cJSON_Delete(o);
	list_containers(&w, "[]");
	assert_int_equal(store_count(w.store, &kind_check, NULL), 0);
	close_world(&w);
}

static void the_rest_is_a_count(void **state)
{
	struct world w;
	struct buf json = { 0 };
	open_world(&w, "[server sese]\nhost = sese\n");
	for (int i = 0; i < 100; i++)
		buf_addf(&json,
		         "%s{\"Id\":\"" ID "%x%x\",\"Names\":[\"/c%d\"],\"Image\":\"i\","
		         "\"State\":\"running\",\"Status\":\"Up 2 h\",\"Created\":1700000000,"
		         "\"Labels\":{},\"Ports\":[{\"IP\":\"0.0.0.0\",\"PrivatePort\":7,"
		         "\"PublicPort\":%d,\"Type\":\"tcp\"}]}",
		         i ? "," : "[", i / 16, i % 16, i, 20000 + i);
	buf_puts(&json, "]");
	list_containers(&w, json.data);
	assert_int_equal(store_count(w.store, &kind_check, NULL), OFFERS_MOST + 1);
	struct check *c = offered(&w, "more");
	assert_string_equal(c->row.name, "80 more");
	const struct row *last = &offered(&w, "c0-20000")->row;
	assert_true(panel_checks.order(&c->row, last) > 0);
	assert_true(panel_checks.order(last, &c->row) < 0);
	for (const struct action *a = kind_check.actions; a->name; a++)
		assert_false(a->applies(&c->row));
	/* not a source that needs the user */
	assert_false(source_needs(w.offers));
	buf_finish(&json);
	close_world(&w);
}

static void services_are_offered(void **state)
{
	struct world w;
	open_world(&w, "[server sese]\nhost = sese\n");
	struct source *systemd = server_source(w.server, "systemd");
	struct unit *u = ROW_AS(unit, store_row(systemd, &kind_unit, "nginx.service",
	                                        "nginx.service"));
	struct vitals vitals;
	vitals_init(&vitals);
	vitals.ports_known = true;
	vitals.ports[0] = 443;
	vitals.n_ports = 1;
	w.server->vitals = &vitals;
	strcpy(u->active, "inactive");
	w.offers->backend->ports(w.offers);
	assert_null(offered(&w, "nginx-443"));
	strcpy(u->active, "active");
	server_rows_changed(w.server, &kind_unit);
	assert_non_null(offered(&w, "nginx-443"));
	u->user = true;
	server_rows_changed(w.server, &kind_unit);
	assert_null(offered(&w, "nginx-443"));
	w.server->vitals = NULL;
	store_row_remove(&u->row);
	close_world(&w);
}

static void one_key_writes_its_section(void **state)
{
	struct world w;
	struct err err = { 0 };
	open_world(&w, "[server sese]\nhost = sese\n[check web-8080]\nping = localhost\n");
	list_containers(&w, list);
	assert_int_equal(take(&w, offered(&w, "web-8080"), "write section", &err), ORDER_DONE);
	assert_null(offered(&w, "web-8080"));
	const struct check_config *c = store_settings(w.store)->checks;
	while (c && strcmp(c->name, "web-8080-2") != 0)
		c = c->next;
	assert_non_null(c);
	assert_string_equal(c->url, "http://127.0.0.1:8080/");
	assert_string_equal(c->from, "sese");
	struct probe_spec spec;
	assert_true(probe_spec_read(c, &spec, &err));
	assert_int_equal(spec.redirects, 0);
	/* the other one stays */
	assert_non_null(offered(&w, "db-15432"));
	close_world(&w);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
	struct world w;
	struct err err = { 0 };
	char folder[80];
	open_world(&w, "[server sese]\nhost = sese\n");
	list_containers(&w, list);
	/* root writes everywhere, but not to a folder */
	assert_int_equal(unlink(w.file), 0);
	snprintf(folder, sizeof(folder), "%s/in", w.file);
	assert_int_equal(mkdir(w.file, 0700), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(take(&w, offered(&w, "web-8080"), "write section", &err), ORDER_FAILED);
	assert_true(strlen(err.text) > 10);
	assert_non_null(offered(&w, "web-8080"));
	close_world(&w);
}

static void read_only_writes_nothing(void **state)
{
	struct world w;
	struct err err = { 0 };
	open_world(&w, "[settings]\nread_only = yes\n[server sese]\nhost = sese\n");
	list_containers(&w, list);
	assert_int_equal(take(&w, offered(&w, "web-8080"), "write section", &err), ORDER_FAILED);
	assert_non_null(strstr(err.text, "read-only"));
	assert_null(store_settings(w.store)->checks);
	close_world(&w);
}

static void dismissed_over_a_restart(void **state)
{
	struct world w;
	struct err err = { 0 };
	open_world(&w, "[server sese]\nhost = sese\n");
	list_containers(&w, list);
	assert_int_equal(take(&w, offered(&w, "web-8080"), "dismiss", &err), ORDER_DONE);
	assert_null(offered(&w, "web-8080"));
	w.offers->backend->down(w.offers);
	w.offers->backend->up(w.offers);
	assert_null(offered(&w, "web-8080"));
	assert_non_null(offered(&w, "db-15432"));
	close_world(&w);
}

static void offers_are_dim_and_last(void **state)
{
	struct world w;
	open_world(&w, "[server sese]\nhost = sese\n");
	list_containers(&w, list);
	const char good[] = "{\"name\":\"zzz\",\"what\":\"tcp\",\"good\":true,\"us\":5}";
	source_feed(server_source(w.server, "checks"), "result", good, strlen(good));
	const struct row *z = store_find(w.store, "sese/check/zzz");
	const struct row *one = &offered(&w, "web-8080")->row;
	assert_true(panel_checks.order(z, one) < 0);
	assert_true(panel_checks.order(one, z) > 0);
	for (const struct column *c = panel_checks.columns; c->name; c++) {
		struct cell cell = { 0 };
		if (!c->cell)
			continue;
		c->cell(one, &cell);
		if (!strcmp(c->name, "why"))
			assert_string_equal(cell.text, "http://127.0.0.1:8080/, by container web; "
			                               "[w] writes its section");
		if (!strcmp(c->name, "latency") || !strcmp(c->name, "line"))
			assert_string_equal(cell.text, "");
		if (!strcmp(c->name, "why") || !strcmp(c->name, "name"))
			assert_int_equal(cell.tone, TONE_DIM);
	}
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_ports_are_offered),
		cmocka_unit_test(known_services_are_offered),
		cmocka_unit_test(no_more_than_a_screen_of_them),
		cmocka_unit_test(a_section_covers_its_address),
		cmocka_unit_test(the_user_dismissed_it),
		cmocka_unit_test(of_two_one_is_dismissed),
		cmocka_unit_test(what_is_left_out_counts_once),
		cmocka_unit_test(a_name_adds_no_line),
		cmocka_unit_test(rows_are_offered_and_are_no_faults),
		cmocka_unit_test(the_rest_is_a_count),
		cmocka_unit_test(services_are_offered),
		cmocka_unit_test(one_key_writes_its_section),
		cmocka_unit_test(a_file_that_cannot_be_written_is_told),
		cmocka_unit_test(read_only_writes_nothing),
		cmocka_unit_test(dismissed_over_a_restart),
		cmocka_unit_test(offers_are_dim_and_last),
	};
	return cmocka_run_group_tests_name("offers", tests, NULL, NULL);
}
