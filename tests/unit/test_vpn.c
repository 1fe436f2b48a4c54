/* VPN: the readers on what real ones answered and on what other releases would, cut at every byte;
 * rows joined over several servers by feed alone, as a recording does it; what a server that is
 * down says; nothing secret is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/link/link.h"
#include "backends/store/cause.h"
#include "backends/store/need.h"
#include "backends/store/record.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "backends/vpn/acts.h"
#include "backends/vpn/headscale.h"
#include "backends/vpn/peer.h"
#include "backends/vpn/tailscale.h"

static char *read_answer(const char *file, size_t *len)
{
	char path[256];
	snprintf(path, sizeof(path), "tests/unit/answers/vpn/%s", file);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	char *bytes = xcalloc(1, 1u << 20);
	*len = fread(bytes, 1, (1u << 20) - 1, f);
	fclose(f);
	return bytes;
}

/* A copy of exactly len bytes, so that a sanitizer sees a read beyond it. */
static char *exact(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	memcpy(copy, bytes, len);
	return copy;
}

/* --- tailscaled ---------------------------------------------------------- */

static void test_status_of_a_real_one(void **state)
{
	size_t len;
	char *json = read_answer("status-sese-1.86.json", &len);
	struct ts_status s;
	assert_true(ts_status_parse(&s, json, len, NULL));
	assert_string_equal(s.state, "Running");
	assert_string_equal(s.version, "1.86.0");
	assert_int_equal(s.list.n, 3);
	const struct vpn_peer *self = &s.list.peers[0];
	assert_true(self->self);
	assert_string_equal(self->name, "sese");
	assert_string_equal(self->addrs[0], "100.64.0.1");
	assert_string_equal(self->os, "linux");
	assert_non_null(strstr(self->health, "DNS configuration"));
	assert_int_equal(s.list.peers[1].online, 1);
	assert_int_equal(s.list.peers[1].expiry_ms, 0);
	ts_status_finish(&s);
	free(json);
}

static void test_status_of_one_logged_out(void **state)
{
	size_t len;
	char *json = read_answer("status-logged-out-1.86.json", &len);
	struct ts_status s;
	assert_true(ts_status_parse(&s, json, len, NULL));
	assert_string_equal(s.state, "NeedsLogin");
	assert_int_equal(s.list.n, 1);
	assert_string_equal(s.list.peers[0].key, ""); /* zeros are no key */
	ts_status_finish(&s);
	free(json);
}

static void test_status_of_nonsense(void **state)
{
	static const struct {
		const char *json, *says;
	} bad[] = {
		{ "", "nothing" },
		{ "<html><body>Log in</body></html>", "web page" },
		{ "{}", "no BackendState" },
		{ "[1,2]", "no BackendState" },
		{ "{\"BackendState\":\"Runn", "cut off" },
		{ "Unauthorized", "Unauthorized" },
		{ "null", "no BackendState" },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ts_status s;
		struct err err;
		assert_false(ts_status_parse(&s, bad[i].json, strlen(bad[i].json), &err));
		assert_non_null(strstr(err.text, bad[i].says));
		ts_status_finish(&s);
	}
}

static void test_hostile_peers(void **state)
{
	static const char json[] =
		"{\"BackendState\":\"Running\",\"Self\":7,\"Health\":[1,\"\\u001b[31mred\"],"
		"\"Peer\":{"
		"\"nodekey:aa\":{\"HostName\":\"\\u001b]0;evil\\u0007x\",\"TailscaleIPs\":[\"100."
		"64.0.9/32\",5,null],\"Online\":\"yes\",\"RxBytes\":1e300},"
		"\"nodekey:bb\":null,\"nodekey:cc\":{}}}";
	struct ts_status s;
	assert_true(ts_status_parse(&s, json, strlen(json), NULL));
	assert_string_equal(s.list.peers[1].host, "x");
	assert_string_equal(s.list.peers[1].addrs[0], "100.64.0.9");
	assert_int_equal(s.list.peers[1].online, -1);
	assert_int_equal(s.list.peers[1].rx, -1);
	assert_string_equal(s.list.peers[2].key, "nodekey:cc");
	assert_string_equal(s.list.peers[0].health, "red");
	ts_status_finish(&s);
}

static void test_pong_and_login_address(void **state)
{
	struct ts_pong p;
	char url[64];
	static const char direct[] =
		"{\"IP\":\"100.64.0.2\",\"LatencySeconds\":0.0123,\"Endpoint\":\"10.0.0.2:41641\"}";
	static const char relay[] =
		"{\"LatencySeconds\":0.03,\"DERPRegionID\":1,\"DERPRegionCode\":\"fra\"}";
	static const char bad[] = "{\"Err\":\"no matching peer\",\"LatencySeconds\":0}";
	assert_true(ts_pong_parse(&p, direct, strlen(direct)));
	assert_string_equal(p.path, "direct 10.0.0.2:41641");
	assert_true(p.ms > 12 && p.ms < 13);
	assert_true(ts_pong_parse(&p, relay, strlen(relay)));
	assert_string_equal(p.path, "relay fra");
	assert_true(ts_pong_parse(&p, bad, strlen(bad)));
	assert_true(p.ms < 0);
	static const struct {
		const char *said, *path;
		double ms;
	} words[] = {
		{ "pong from pi (100.64.0.3) via 10.77.0.12:41641 in 2ms\n",
		  "direct 10.77.0.12:41641", 2 },
		{ "ping \"pi\" timed out\npong from pi (100.64.0.3) via DERP(lab) in 1.5s\n",
		  "relay lab", 1500 },
		{ "pong from pi (100.64.0.3) via [2001:db8::1]:41641 in 0s\n",
		  "direct [2001:db8::1]:41641", 0 },
		{ "pong from pi (100.64.0.3) via peer-relay(10.0.0.9:7777:vni:3) in 4ms\n",
		  "peer relay 10.0.0.9:7777:vni:3", 4 },
	};
	static const char *const none[] = { "", "pong from ", "pong from pi via DERP(",
		                            "ping \"100.64.0.3\" timed out\n",
		                            "pong from x via y in z" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_true(ts_pong_words(&p, words[i].said));
		assert_string_equal(p.path, words[i].path);
		assert_true(p.ms > words[i].ms - 0.01 && p.ms < words[i].ms + 0.01);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(ts_pong_words(&p, none[i]));
	static const char up[] =
		"{\n  \"AuthURL\": \"http://hs:8080/register/abc\",\n  \"QR\": \"x";
	ts_auth_url(url, sizeof(url), up, strlen(up));
	assert_string_equal(url, "http://hs:8080/register/abc");
	for (size_t n = 0; n < 40; n++) {
		ts_auth_url(url, sizeof(url), up, n);
		assert_string_equal(url, "");
	}
}

/* --- WireGuard ----------------------------------------------------------- */

static const char dump[] = "clock 1700000000\n"
			   "wg0\t-\tAAAA\t51820\toff\n"
			   "wg0\tBBBB\t-\t[2001:db8::7]:51820\t10.8.0.2/32,10.9.0.0/24,fd00::2/"
			   "128\t1699999990\t1024\t2048\t25\n"
			   "wg0\tCCCC\t-\t(none)\t(none)\t0\t0\t0\toff\n";

static void test_wireguard(void **state)
{
	struct vpn_list l;
	int64_t wall = 1700007200000; /* our clock is two hours ahead of theirs */
	assert_true(wg_dump_parse(&l, dump, strlen(dump), wall, NULL));
	assert_int_equal(l.n, 3);
	assert_true(l.peers[0].self);
	assert_string_equal(l.peers[0].key, "AAAA");
	assert_string_equal(l.peers[1].endpoint, "[2001:db8::7]:51820");
	assert_string_equal(l.peers[1].addrs[1], "fd00::2");
	assert_string_equal(l.peers[1].routes, "10.9.0.0/24");
	assert_int_equal(l.peers[1].handshake_ms, wall - 10000);
	assert_int_equal(l.peers[1].keepalive, 25);
	assert_int_equal(l.peers[2].handshake_ms, 0);
	assert_string_equal(l.peers[2].endpoint, "");
	vpn_list_finish(&l);
}

static void test_wireguard_nonsense(void **state)
{
	struct vpn_list l;
	struct err err;
	assert_false(wg_dump_parse(&l, "hello\n", 6, 0, &err));
	assert_true(wg_dump_parse(&l, "clock 5\n", 8, 0, &err)); /* no interface */
	assert_int_equal(l.n, 0);
	vpn_list_finish(&l);
	for (size_t n = 0; n < sizeof(dump) - 1; n++) {
		char *cut = exact(dump, n);
		if (wg_dump_parse(&l, cut, n, 1, &err))
			vpn_list_finish(&l);
		free(cut);
	}
}

/* --- Headscale, every release -------------------------------------------- */

/* What nodes look like by release and dialect: one node, pi, of user default, that has one route
 * approved and one not. */
static const struct {
	const char *what, *json;
	int release;
} nodes[] = {
	{ "0.23 REST",
	  "{\"nodes\":[{\"id\":\"7\",\"nodeKey\":\"nodekey:aa\",\"ipAddresses\":[\"100.64.0.1\"],"
	  "\"name\":\"PI\",\"user\":{\"id\":\"1\","
	  "\"name\":\"default\"},\"lastSeen\":\"2026-02-20T10:11:12.1Z\",\"expiry\":\"0001-01-"
	  "01T00:00:00Z\",\"forcedTags\":[\"tag:a\"],"
	  "\"validTags\":[\"tag:b\"],\"givenName\":\"pi\",\"online\":true}]}",
	  0 },
	{ "0.23 CLI",
	  "[{\"id\":7,\"node_key\":\"nodekey:aa\",\"ip_addresses\":[\"100.64.0.1\"],\"name\":"
	  "\"PI\",\"user\":{\"id\":\"1\","
	  "\"name\":\"default\"},\"last_seen\":{\"seconds\":1771582272,\"nanos\":100000000},"
	  "\"forced_tags\":[\"tag:a\"],\"valid_tags\":[\"tag:b\"],"
	  "\"given_name\":\"pi\",\"online\":true}]",
	  0 },
	{ "0.26 REST",
	  "{\"nodes\":[{\"id\":\"7\",\"nodeKey\":\"nodekey:aa\",\"ipAddresses\":[\"100.64.0.1\"],"
	  "\"name\":\"PI\",\"user\":{\"id\":\"1\","
	  "\"name\":\"default\"},\"lastSeen\":\"2026-02-20T10:11:12.1Z\",\"expiry\":null,"
	  "\"forcedTags\":[\"tag:a\",\"tag:b\"],\"givenName\":\"pi\","
	  "\"online\":true,\"approvedRoutes\":[\"10.0.0.0/24\"],\"availableRoutes\":[\"10.0.0.0/"
	  "24\",\"0.0.0.0/0\"]}]}",
	  26 },
	{ "0.28 REST",
	  "{\"nodes\":[{\"id\":\"7\",\"nodeKey\":\"nodekey:aa\",\"ipAddresses\":[\"100.64.0.1\"],"
	  "\"name\":\"PI\",\"user\":{\"id\":\"1\","
	  "\"name\":\"default\"},\"lastSeen\":\"2026-02-20T10:11:12.1Z\",\"tags\":[\"tag:a\",\"tag:"
	  "b\"],\"givenName\":\"pi\",\"online\":true,"
	  "\"approvedRoutes\":[\"10.0.0.0/24\"],\"availableRoutes\":[\"10.0.0.0/24\",\"0.0.0.0/"
	  "0\"]}]}",
	  28 },
	{ "0.30 CLI",
	  "[{\"id\":\"7\",\"nodeKey\":\"nodekey:aa\",\"ipAddresses\":[\"100.64.0.1\"],\"name\":"
	  "\"PI\",\"user\":{\"id\":\"1\","
	  "\"name\":\"default\"},\"lastSeen\":\"2026-02-20T10:11:12.1Z\",\"tags\":[\"tag:a\",\"tag:"
	  "b\"],\"givenName\":\"pi\",\"online\":true,"
	  "\"approvedRoutes\":[\"10.0.0.0/24\"],\"availableRoutes\":[\"10.0.0.0/24\",\"0.0.0.0/"
	  "0\"]}]",
	  28 },
};

static void test_nodes_of_every_release(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		struct vpn_list l;
		const char *json = nodes[i].json;
		assert_true(hs_nodes_parse(&l, json, strlen(json), NULL));
		assert_int_equal(l.n, 1);
		const struct vpn_peer *p = &l.peers[0];
		assert_string_equal(p->id, "7");
		assert_string_equal(p->key, "nodekey:aa");
		assert_string_equal(p->name, "pi");
		assert_string_equal(p->user, "default");
		assert_string_equal(p->tags, "tag:a, tag:b");
		assert_int_equal(p->seen_ms, 1771582272100);
		assert_int_equal(p->expiry_ms, 0);
		assert_int_equal(p->online, 1);
		assert_int_equal(hs_nodes_release(json, strlen(json)), nodes[i].release);
		assert_string_equal(p->routes, nodes[i].release ? "10.0.0.0/24" : "");
		assert_string_equal(p->offered, nodes[i].release ? "0.0.0.0/0" : "");
		vpn_list_finish(&l);
	}
}

/* What Headscale's program may say before its answer (headscale#1519, #1825), as words and as JSON.
 */
static void test_nodes_after_warnings(void **state)
{
	static const char *const before[] = {
		"2026-01-02T03:04:05Z WRN a setting is deprecated\n",
		"2026-01-02T03:04:05Z WRN [dns] is deprecated\n\n2026-01-02T03:04:05Z INF "
		"{\"a\":1}\n",
		"{\"level\":\"warn\",\"message\":\"An updated version of Headscale has been "
		"found\"}\n",
		"[warning] something else\n",
	};
	for (size_t w = 0; w < ARRAY_LEN(before); w++)
		for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
			struct vpn_list l;
			struct err err = { 0 };
			char *text = xasprintf("%s%s\n", before[w], nodes[i].json);
			cJSON *root = cJSON_Parse(nodes[i].json);
			char *pretty = cJSON_Print(root);
			cJSON_Delete(root);
			assert_true(hs_nodes_parse(&l, text, strlen(text), NULL));
			assert_int_equal(l.n, 1);
			assert_string_equal(l.peers[0].name, "pi");
			assert_int_equal(hs_nodes_release(text, strlen(text)), nodes[i].release);
			vpn_list_finish(&l);
			free(text);
			/* half of a list is none, though its inner lines can be read */
			text = xasprintf("%s%.*s", before[w], (int)strlen(pretty) - 2, pretty);
			assert_false(hs_nodes_parse(&l, text, strlen(text), &err));
			free(text);
			free(pretty);
		}
}

static void test_nodes_cut_at_every_byte(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		for (size_t n = 0; n < strlen(nodes[i].json); n++) {
			char *cut = exact(nodes[i].json, n);
			struct vpn_list l;
			struct err err = { 0 };
			assert_false(hs_nodes_parse(&l, cut, n, &err));
			assert_true(err.text[0] != '\0');
			hs_nodes_release(cut, n);
			free(cut);
		}
}

static void test_real_answers_cut_at_every_byte(void **state)
{
	static const char *const files[] = { "status-sese-1.86.json", "nodes-cli-0.26.json",
		                             "nodes-rest-0.26.json", "users-cli-0.26.json",
		                             "keys-cli-0.26.json" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		size_t len;
		char *whole = read_answer(files[i], &len);
		for (size_t n = 0; n<len; n += len> 4000 ? 7 : 1) {
			char *cut = exact(whole, n);
			struct ts_status s;
			struct vpn_list l;
			struct hs_users u;
			struct hs_keys k;
			struct hs_routes r;
			struct buf out = { 0 };
			if (ts_status_parse(&s, cut, n, NULL))
				ts_status_finish(&s);
			if (hs_nodes_parse(&l, cut, n, NULL))
				vpn_list_finish(&l);
			if (hs_users_parse(&u, cut, n, NULL))
				free(u.at);
			if (hs_keys_parse(&k, cut, n, NULL))
				free(k.at);
			if (hs_routes_parse(&r, cut, n, NULL))
				free(r.at);
			hs_mask_keys(&out, cut, n);
			assert_null(out.data ? strstr(out.data, "8899aabb") : NULL);
			buf_finish(&out);
			free(cut);
		}
		free(whole);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *body, *says;
	} said[] = {
		{ "Unauthorized", "Unauthorized" },
		{ "{\"code\":5,\"message\":\"no such node\",\"details\":[]}", "no such node" },
		{ "{\"type\":\"about:blank\",\"title\":\"Not "
		  "Found\",\"status\":404,\"detail\":\"node not found\"}",
		  "node not found" },
		{ "{\"error\":\"cannot\"}", "cannot" },
		{ "<html><h1>502</h1>", "web page" },
		{ "", "nothing" },
	};
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		char buf[120];
		struct vpn_list l;
		struct err err;
		assert_non_null(
			strstr(hs_message(buf, sizeof(buf), said[i].body, strlen(said[i].body)),
		               said[i].says));
		assert_false(hs_nodes_parse(&l, said[i].body, strlen(said[i].body), &err));
	}
}

/* Its way through the client is test_a_wrong_key of test_headscale.c, and test_denied_otherwise of
 * test_api.c. */
static void test_wrong_key_of_old_releases(void **state)
{
	assert_true(hs_denies(500, "Unauthorized"));
	assert_true(hs_denies(500, "Unauthorized\n"));
	assert_false(hs_denies(500, "{\"code\":2,\"message\":\"boom\"}"));
	assert_false(hs_denies(500, ""));
	assert_false(hs_denies(200, "{}"));
	assert_false(hs_denies(200, "Unauthorized"));
}

static void test_versions(void **state)
{
	char text[24];
	assert_int_equal(hs_version("v0.26.1\n", 8, text, sizeof(text)), 26);
	assert_string_equal(text, "0.26.1");
	assert_int_equal(hs_version("{\"version\":\"v0.28.0-beta.1\"}", 28, text, sizeof(text)),
	                 28);
	assert_int_equal(hs_version("headscale version v0.30.2 commit", 31, text, sizeof(text)),
	                 30);
	/* at most 20 bytes of one, and a minor number of three digits */
	assert_int_equal(hs_version("0.28.0-beta.12345678901", 23, text, sizeof(text)), 28);
	assert_string_equal(text, "0.28.0-beta.12345678");
	assert_int_equal(hs_version("0.1234", 6, text, sizeof(text)), 123);
	assert_string_equal(text, "0.1234");
	assert_int_equal(hs_version("10.1.5 0.7.0", 12, text, sizeof(text)), 7);
	assert_string_equal(text, "0.7.0");
	assert_int_equal(hs_version("dev", 3, text, sizeof(text)), 0);
	assert_int_equal(hs_version("", 0, text, sizeof(text)), 0);
}

static void test_keys(void **state)
{
	static const char list[] = "[{\"id\":3,\"key\":\"abcdef0123456789abcdef\",\"user\":{\"id\":"
				   "1,\"name\":\"default\"},\"reusable\":true}]";
	static const char made[] =
		"{\"preAuthKey\":{\"id\":\"4\",\"key\":\"hskey-auth-prefixprefix-secretsecret\"}}";
	char key[64], user[32];
	struct hs_keys k;
	assert_true(hs_keys_parse(&k, list, strlen(list), NULL));
	assert_string_equal(k.at[0].shown, "abcdef01...");
	assert_true(k.at[0].reusable);
	free(k.at);
	assert_true(hs_new_key(key, sizeof(key), made, strlen(made)));
	assert_string_equal(key, "hskey-auth-prefixprefix-secretsecret");
	assert_true(hs_find_key("abcdef01...", list, strlen(list), key, sizeof(key), user,
	                        sizeof(user)));
	assert_string_equal(key, "abcdef0123456789abcdef");
	assert_string_equal(user, "1");
	assert_true(hs_find_key("3", list, strlen(list), key, sizeof(key), user, sizeof(user)));
	/* too short to be sure */
	assert_false(hs_find_key("abc", list, strlen(list), key, sizeof(key), user, sizeof(user)));
	struct buf out = { 0 };
	hs_mask_keys(&out, list, strlen(list));
	assert_null(strstr(out.data, "456789"));
	assert_true(hs_keys_parse(&k, out.data, out.len, NULL));
	assert_string_equal(k.at[0].shown, "abcdef01...");
	free(k.at);
	buf_finish(&out);
	static const char cut[] = "{\"preAuthKeys\":[{\"user\":null,\"id\":\"5\",\"key\":\"hskey-"
				  "auth-prefixprefix-***\",\"aclTags\":[\"tag:a\"]}]}";
	assert_true(hs_keys_parse(&k, cut, strlen(cut), NULL));
	assert_string_equal(k.at[0].shown, "hskey-auth-prefixprefix-***");
	assert_string_equal(k.at[0].user, "");
	free(k.at);
}

static void test_http_date(void **state)
{
	static const char *const bad[] = { "", "yesterday", "Tue, 25 Nov",
		                           "Tue, 25 ovD 2026 22:06:14 GMT",
		                           "Tue, 25 Nov 0001 22:06:14 GMT" };
	assert_int_equal(vj_http_date_ms("Wed, 25 Nov 2026 22:06:14 GMT"), 1795644374000);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(vj_http_date_ms(bad[i]), 0);
}

static void test_dns_records(void **state)
{
	static const char file[] =
		"[{\"name\":\"mc.example\",\"type\":\"A\",\"value\":\"100.64.0.1\"}]";
	static const char *const bad[] = { "",
		                           "mc",
		                           "+ mc",
		                           "+ mc.example A",
		                           "+ mc.example MX 1.2.3.4",
		                           "+ mc.example A fd00::1",
		                           "+ mc.example A 1.2.3.4;rm",
		                           "+ mc.example A 100.64.0.1",
		                           "- oc.example" };
	struct dns_records r;
	struct err err;
	assert_true(dns_records_parse(&r, file, strlen(file), NULL));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(dns_records_edit(&r, bad[i], &err));
	assert_int_equal(r.n, 1);
	assert_true(dns_records_edit(&r, "+ oc.example AAAA fd00::1", &err));
	assert_true(dns_records_edit(&r, "- mc.example", &err));
	char *text = dns_records_write(&r);
	assert_non_null(strstr(text, "oc.example"));
	assert_null(strstr(text, "mc.example"));
	free(text);
	free(r.at);
	assert_true(dns_records_parse(&r, " \n", 2, NULL));
	assert_int_equal(r.n, 0);
	free(r.at);
	assert_false(dns_records_parse(&r, "{", 1, &err));
	err_clear(&err);
	assert_false(dns_records_parse(&r, "{}", 2, &err));
	assert_string_equal(err.text, "the file of DNS records holds no list");
}

/* --- rows ---------------------------------------------------------------- */

struct scene {
	struct settings settings;
	struct loop *loop;
	struct store *store;
	struct server *sese, *pi, *seko;
};

/* The network that this machine is in, in place of the real ones; "" none. */
static const char *near;

static size_t one_net(char nets[][HUB_NET_SIZE], size_t max)
{
	snprintf(nets[0], HUB_NET_SIZE, "%s", near);
	return max > 0 && *near;
}

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	near = "";
	hub_own_nets = one_net;
	char dir[] = "/tmp/test_vpn.XXXXXX";
	s->settings.state_dir = xstrdup(mkdtemp(dir));
	s->loop = loop_create();
	s->store = store_create(s->loop, NULL, &s->settings);
	s->sese = server_open_replay(s->store, "sese");
	s->pi = server_open_replay(s->store, "pi");
	s->seko = server_open_replay(s->store, "seko");
	s->sese->link->state = s->pi->link->state = s->seko->link->state = LINK_UP;
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	store_destroy(s->store);
	loop_destroy(s->loop);
	free(s->settings.state_dir);
	free(s);
	return 0;
}

static void feed(struct server *v, const char *backend, const char *what, const char *bytes)
{
	source_feed(server_source(v, backend), what, bytes, strlen(bytes));
}

#define PEER(key, id, name, ip, more)                                                        \
	"\"nodekey:" key "\":{\"ID\":\"" id "\",\"PublicKey\":\"nodekey:" key                \
	"\",\"HostName\":\"" name "\",\"DNSName\":\"" name ".lab.\",\"TailscaleIPs\":[\"" ip \
	"\"]," more "}"
#define SELF(key, id, name, ip)                                                              \
	"\"Self\":{\"ID\":\"" id "\",\"PublicKey\":\"nodekey:" key "\",\"HostName\":\"" name \
	"\",\"DNSName\":\"" name ".lab.\",\"TailscaleIPs\":[\"" ip "\"],\"Online\":true}"

static void feed_three(struct scene *s, const char *pi_of_sese)
{
	char text[2000];
	snprintf(text, sizeof(text),
	         "{\"BackendState\":\"Running\"," SELF("aa", "1", "sese",
	                                               "100.64.0.1") ",\"Peer\":{%s}}",
	         pi_of_sese);
	feed(s->sese, "tailscale", "status", text);
	feed(s->pi, "tailscale", "status",
	     "{\"BackendState\":\"Running\"," SELF(
		     "bb", "2", "pi",
		     "100.64.0.2") ",\"Peer\":{" PEER("aa", "1", "sese", "100.64.0.1",
	                                              "\"Online\":true,\"Active\":true,\"CurAddr\":"
	                                              "\"10.0.0.1:41641\"") "}}");
	feed(s->seko, "headscale", "look",
	     "=version\nv0.26.1\n=users\n[{\"id\":1,\"name\":\"default\"}]\n=nodes\n"
	     "[{\"id\":1,\"node_key\":\"nodekey:aa\",\"ip_addresses\":[\"100.64.0.1\"],\"given_"
	     "name\":\"sese\",\"online\":true},"
	     "{\"id\":2,\"node_key\":\"nodekey:bb\",\"ip_addresses\":[\"100.64.0.2\"],\"given_"
	     "name\":\"pi\",\"online\":true}]\n");
}

static size_t primaries(const struct store *store)
{
	size_t n = 0;
	for (struct row *r = store_first(store, &kind_peer, NULL); r;
	     r = store_next(r, &kind_peer, NULL))
		n += peer_of(r)->primary;
	return n;
}

static struct peer *peer(struct scene *s, const char *id)
{
	struct row *r = store_find(s->store, id);
	if (!r)
		fail_msg("no row %s", id);
	return peer_of(r);
}

/* A machine called headscale, seen where Headscale runs: which row has which id does not depend on
 * who told first. */
static void test_a_machine_called_headscale(void **state)
{
	static const char peers[] = "{\"BackendState\":\"Running\"," SELF(
		"cc", "3", "seko", "100.64.0.3") ",\"Peer\":{" PEER("aa", "1", "headscale",
	                                                            "100.64.0.1",
	                                                            "\"Online\":true") "}}";
	static const char none[] = "=version\nv0.26.1\n=nodes\n[]\n";
	struct scene *s = *state;
	feed(s->seko, "tailscale", "status", peers);
	feed(s->seko, "headscale", "look", none);
	assert_true(peer(s, "seko/peer/headscale")->control);
	assert_false(peer(s, "seko/peer/tailscale:headscale")->control);
}

static void test_one_peer_is_one_row(void **state)
{
	struct scene *s = *state;
	char line[400];
	feed_three(s, PEER("bb", "2", "pi", "100.64.0.2",
	                   "\"Online\":true,\"Relay\":\"fra\",\"Active\":true"));
	assert_int_equal(primaries(s->store), 3); /* sese, pi and Headscale itself */
	struct peer *sese = peer(s, "sese/peer/sese");
	assert_true(sese->primary);
	assert_string_equal(sese->is, "sese");
	assert_string_equal(peer(s, "pi/peer/sese")->is, "sese");
	assert_ptr_equal(peer_witness(sese), peer(s, "pi/peer/sese"));
	peer_seen(peer(s, "pi/peer/sese"), line, sizeof(line));
	assert_string_equal(line, "pi sees it direct 10.0.0.1:41641");
	peer_seen(peer(s, "sese/peer/pi"), line, sizeof(line));
	assert_string_equal(line, "sese sees it relay fra");
	assert_int_equal(sese->row.health, HEALTH_GOOD);
	assert_string_equal(hs_of(server_source(s->seko, "headscale"))->version, "0.26.1");
}

static void test_an_expired_key_does_not_split_a_peer(void **state)
{
	struct scene *s = *state;
	feed_three(s, PEER("0badbb", "2", "pi", "100.64.0.2", "\"Online\":false,\"Expired\":true"));
	assert_int_equal(primaries(s->store), 3);
	assert_int_equal(peer(s, "pi/peer/pi")->row.health, HEALTH_ATTENTION);
	assert_non_null(strstr(peer(s, "pi/peer/pi")->row.why, "expired"));
}

static void test_key_expiry_is_warned_of(void **state)
{
	struct scene *s = *state;
	char soon[64], peers[600];
	time_t at = (time_t)(now_wall_ms() / 1000 + 6 * 86400 + 60);
	struct tm tm;
	strftime(soon, sizeof(soon), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	snprintf(peers, sizeof(peers),
	         "\"nodekey:cc\":{\"ID\":\"5\",\"HostName\":\"phone\",\"TailscaleIPs\":[\"100.64.0."
	         "5\"],\"Online\":true,\"KeyExpiry\":\"%s\"}",
	         soon);
	feed_three(s, peers);
	assert_int_equal(peer(s, "sese/peer/phone")->row.health, HEALTH_ATTENTION);
	assert_non_null(strstr(peer(s, "sese/peer/phone")->row.why, "6d"));
}

static void test_a_server_that_is_down_says_what_the_vpn_knows(void **state)
{
	struct scene *s = *state;
	char why[200], peers[600], seen[64];
	time_t at = (time_t)(now_wall_ms() / 1000 - 3 * 3600 - 5);
	struct tm tm;
	strftime(seen, sizeof(seen), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	snprintf(peers, sizeof(peers),
	         "\"nodekey:bb\":{\"ID\":\"2\",\"PublicKey\":\"nodekey:bb\",\"HostName\":\"pi\","
	         "\"TailscaleIPs\":[\"100.64.0.2\"],"
	         "\"Online\":false,\"LastSeen\":\"%s\"}",
	         seen);
	assert_false(vpn_reason(s->pi, why, sizeof(why)));
	feed_three(s, peers);
	err_set(&s->pi->link->err, ERR_TIMEOUT, "pi: connect timed out after 5 s");
	s->pi->link->state = LINK_LOST;
	source_set_state(server_source(s->pi, "tailscale"), SOURCE_STALE, NULL);
	vpn_join(s->store);
	assert_true(vpn_reason(s->pi, why, sizeof(why)));
	assert_string_equal(why, "VPN: peer offline for 3h (sese)");
	assert_string_equal(s->pi->row.why,
	                    "VPN: peer offline for 3h (sese); connect timed out after 5 s");
	assert_false(peer(s, "pi/peer/pi")->primary); /* those who are live stand for it */
}

/* Only what vpn_peers names must be online, by either VPN. */
static void test_a_peer_that_must_be_online(void **state)
{
	struct scene *s = *state;
	static const char away[] = "\"nodekey:dd\":{\"ID\":\"9\",\"PublicKey\":\"nodekey:dd\","
				   "\"HostName\":\"laptop\",\"TailscaleIPs\":[\"100.64.0.9\"],"
				   "\"Online\":false}",
			  here[] = "\"nodekey:dd\":{\"ID\":\"9\",\"PublicKey\":\"nodekey:dd\","
				   "\"HostName\":\"laptop\",\"TailscaleIPs\":[\"100.64.0.9\"],"
				   "\"Online\":true}";
	char names[] = "nas Laptop", others[] = "nas lap laptop2", text[400];
	feed_three(s, away);
	const struct peer *p = peer(s, "sese/peer/laptop");
	assert_int_equal(p->row.health, HEALTH_IDLE);
	s->settings.wants.vpn_peers = others;
	feed_three(s, away);
	assert_int_equal(p->row.health, HEALTH_IDLE);
	s->settings.wants.vpn_peers = names;
	feed_three(s, away);
	assert_int_equal(p->row.health, HEALTH_ATTENTION);
	assert_string_equal(p->row.why,
	                    "offline in the VPN for an unknown time (vpn_peers names it)");
	feed_three(s, here);
	assert_int_equal(p->row.health, HEALTH_GOOD);
	/* WireGuard has no names of its own: the server's name, or the one that the row has */
	long long now = now_wall_ms() / 1000;
	char wire[] = "pi";
	feed(s->pi, "wireguard", "dump", "clock 1700000000\nwg0\t-\tPIKEY\t51820\toff\n");
	for (int i = 0; i < 3; i++) {
		s->settings.wants.vpn_peers = i ? wire : NULL;
		snprintf(text, sizeof(text),
		         "clock %lld\nwg0\t-\tSESEKEY\t51820\toff\n"
		         "wg0\tPIKEY\t-\t10.0.0.2:51820\t10.8.0.2/32\t%lld\t1\t2\t25\n",
		         now, i == 2 ? now - 60 : now - 7300);
		feed(s->sese, "wireguard", "dump", text);
		const struct peer *w = peer(s, "sese/peer/wg:wg0:PIKEY");
		while (!w->primary)
			w = w->next;
		assert_int_equal(w->row.health == HEALTH_ATTENTION, i == 1);
		if (i == 1)
			assert_string_equal(w->row.why, "no handshake for 2h (vpn_peers names it)");
	}
	s->settings.wants.vpn_peers = NULL;
}

/* A name that nobody lists is a condition of the first server with a VPN, while all are connected.
 */
static void test_a_peer_that_no_vpn_lists(void **state)
{
	struct scene *s = *state;
	static const char away[] = "\"nodekey:dd\":{\"ID\":\"9\",\"PublicKey\":\"nodekey:dd\","
				   "\"HostName\":\"laptop\",\"TailscaleIPs\":[\"100.64.0.9\"],"
				   "\"Online\":false}";
	char names[] = "laptop\tlaptpo", why[200];
	struct server *v;
	size_t told = 0;
	s->settings.wants.vpn_peers = names;
	for (v = store_servers(s->store); v; v = v->next)
		v->link->state = LINK_UP;
	feed_three(s, away);
	for (v = store_servers(s->store); v; v = v->next)
		for (struct source *of = v->sources; of; of = of->next)
			if (of->state == SOURCE_WAITING)
				of->state = SOURCE_ABSENT;
	source_set_state(server_source(s->sese, "tailscale"), SOURCE_LIVE, NULL);
	vpn_join(s->store);
	for (v = store_servers(s->store); v; v = v->next)
		if (vpn_unlisted(v, why, sizeof(why))) {
			told++;
			assert_string_equal(why, "vpn_peers names laptpo, which no VPN here lists");
			assert_non_null(strstr(v->row.why, why));
		}
	assert_int_equal(told, 1);
	s->pi->link->state = LINK_LOST;
	told = 0;
	for (v = store_servers(s->store); v; v = v->next)
		told += vpn_unlisted(v, why, sizeof(why));
	assert_int_equal(told, 0);
	s->settings.wants.vpn_peers = NULL;
}

static void test_wireguard_tells_of_a_server_too(void **state)
{
	struct scene *s = *state;
	char text[400], why[200];
	feed(s->pi, "wireguard", "dump", "clock 1700000000\nwg0\t-\tPIKEY\t51820\toff\n");
	snprintf(text, sizeof(text),
	         "clock "
	         "%lld\nwg0\t-\tSESEKEY\t51820\toff\nwg0\tPIKEY\t-\t10.0.0.2:51820\t10.8.0.2/"
	         "32\t%lld\t1\t2\t25\n",
	         (long long)(now_wall_ms() / 1000), (long long)(now_wall_ms() / 1000 - 7300));
	feed(s->sese, "wireguard", "dump", text);
	assert_string_equal(peer(s, "sese/peer/wg:wg0:PIKEY")->is, "pi");
	s->pi->link->state = LINK_LOST;
	assert_true(vpn_reason(s->pi, why, sizeof(why)));
	assert_string_equal(why, "VPN: no handshake with sese for 2h");
}

/* This machine reaches sese by WireGuard through pi, which is the peer with these AllowedIPs. */
static struct server *through_pi(struct scene *s, const char *allowed, const char *more)
{
	char text[600];
	struct server *here = store_server_find(s->store, "here");
	if (!here)
		here = server_open_replay(s->store, "here");
	here->is_local = true;
	here->link->state = LINK_UP;
	snprintf(s->pi->link->address, sizeof(s->pi->link->address), "10.0.0.2 port 22");
	snprintf(s->sese->link->address, sizeof(s->sese->link->address), "10.8.0.5 port 22");
	snprintf(text, sizeof(text),
	         "clock %lld\nwg0\t-\tHEREKEY\t51820\toff\n"
	         "wg0\tPIKEY\t-\t10.0.0.2:51820\t%s\t0\t1\t2\t25\n%s",
	         (long long)(now_wall_ms() / 1000), allowed, more);
	feed(here, "wireguard", "dump", text);
	source_set_state(server_source(here, "wireguard"), SOURCE_LIVE, NULL);
	vpn_join(s->store);
	return here;
}

static void lose(struct server *v)
{
	static const char lost[] = "lost\t-1\t1\t\tno route to host";
	v->link->state = LINK_UP;
	server_replay_state(v, lost, strlen(lost));
}

static void test_a_hub_that_is_down_explains_those_behind_it(void **state)
{
	struct scene *s = *state;
	char words[160];
	through_pi(s, "10.8.0.1/32,10.8.0.0/24", "");
	assert_string_equal(s->sese->hub, "pi");
	assert_string_equal(s->seko->hub, "");
	lose(s->sese);
	loop_turn(s->loop, 0);
	assert_null(cause_of(s->sese)); /* the hub is up: it is down by itself */
	lose(s->pi);
	loop_turn(s->loop, 0);
	assert_ptr_equal(cause_of(s->sese), s->pi);
	assert_null(cause_of(s->pi));
	assert_int_equal(s->sese->row.need, NEED_FOLDED);
	assert_true(need_says(&s->sese->row, words, sizeof(words)));
	assert_string_equal(words, "behind pi, which is down (VPN route 10.8.0.0/24)");
}

/* Only what is certain folds. */
static void test_no_hub_without_certainty(void **state)
{
	struct scene *s = *state;
	static const char node[] = "wg0\tSESEKEY\t-\t(none)\t10.8.0.5/32\t0\t1\t2\t25\n",
			  twin[] = "wg0\tKEY3\t-\t10.0.0.9:1\t10.8.0.0/24\t0\t1\t2\t25\n";
	through_pi(s, "0.0.0.0/0", ""); /* other routes may come first */
	assert_string_equal(s->sese->hub, "");
	through_pi(s, "10.9.0.0/16", "");
	assert_string_equal(s->sese->hub, "");
	through_pi(s, "10.8.0.0/24", node); /* a node of its own, without a hub */
	assert_string_equal(s->sese->hub, "");
	through_pi(s, "10.8.0.0/24", twin);
	assert_string_equal(s->sese->hub, "");
	through_pi(s, "10.8.0.0/16,10.8.0.0/24", "");
	assert_string_equal(s->sese->hub, "pi");
	assert_string_equal(s->sese->hub_route, "10.8.0.0/24");
	/* an address in the VPN of another machine says nothing about the way from here */
	store_server_find(s->store, "here")->is_local = false;
	vpn_join(s->store);
	assert_string_equal(s->sese->hub, "");
}

/* A server in a network of this machine is reached without the hub. */
static void test_no_hub_for_a_neighbour(void **state)
{
	struct scene *s = *state;
	near = "10.8.0.77/24";
	through_pi(s, "10.8.0.0/24", "");
	assert_string_equal(s->sese->hub, "");
	near = "10.7.0.77/24";
	vpn_join(s->store);
	assert_string_equal(s->sese->hub, "pi");
}

/* A tailnet's router offers a route; only a machine that accepts routes uses it. */
static void test_a_route_that_is_not_accepted(void **state)
{
	struct scene *s = *state;
	static const char status[] = "{\"BackendState\":\"Running\"," SELF(
		"aa", "9", "here",
		"100.64.0.9") ",\"Peer\":{" PEER("bb", "2", "pi", "100.64.0.2",
	                                         "\"Online\":true,\"PrimaryRoutes\":[\"10.8.0.0/"
	                                         "24\"]") "}}";
	struct server *here = through_pi(s, "10.9.0.0/24", "");
	struct source *source = server_source(here, "tailscale");
	feed(s->pi, "tailscale", "status",
	     "{\"BackendState\":\"Running\"," SELF("bb", "2", "pi", "100.64.0.2") "}");
	feed(here, "tailscale", "status", status);
	source_set_state(source, SOURCE_LIVE, NULL);
	vpn_join(s->store);
	assert_string_equal(s->sese->hub, "");
	((struct ts *)source)->accepts_routes = true;
	vpn_join(s->store);
	assert_string_equal(s->sese->hub, "pi");
	assert_string_equal(s->sese->hub_route, "10.8.0.0/24");
}

static void test_whether_routes_are_accepted(void **state)
{
	struct ts_prefs p;
	static const char yes[] = "{\"ControlURL\":\"https://hs\",\"RouteAll\":true}",
			  no[] = "{\"ControlURL\":\"https://hs\",\"RouteAll\":false}";
	(void)state;
	assert_true(ts_prefs_parse(&p, yes, strlen(yes)) && p.accepts_routes);
	assert_true(ts_prefs_parse(&p, no, strlen(no)) && !p.accepts_routes);
}

static void test_what_a_route_covers(void **state)
{
	(void)state;
	assert_int_equal(hub_covers("10.8.0.0/24", "10.8.0.255"), 24);
	assert_int_equal(hub_covers("10.8.0.0/24", "10.8.1.0"), -1);
	assert_int_equal(hub_covers("10.8.0.128/25", "10.8.0.127"), -1);
	assert_int_equal(hub_covers("10.8.0.128/25", "10.8.0.129"), 25);
	assert_int_equal(hub_covers("fd00:8::/32", "fd00:8::5"), 32);
	assert_int_equal(hub_covers("fd00:8::/32", "10.8.0.5"), -1);
	assert_int_equal(hub_covers("::/0", "fd00::1"), -1);
	assert_int_equal(hub_covers("10.8.0.0/33", "10.8.0.5"), -1);
	assert_int_equal(hub_covers("10.8.0.0/", "10.8.0.5"), -1);
	assert_int_equal(hub_covers("10.8.0.0/8x", "10.8.0.5"), -1);
	assert_int_equal(hub_covers("10.8.0.0", "10.8.0.5"), -1);
	assert_int_equal(hub_covers("10.8.0.0/24", "sese"), -1);
}

/* pi is lost, at an address or name; this machine's own tailscaled is as state says (NULL: this
 * machine has none). */
static const char *reason_with(struct scene *s, const char *state, const char *address,
                               enum err_code code)
{
	static char why[200];
	char text[200];
	struct server *here = store_server_find(s->store, "here");
	if (!here) {
		here = server_open_replay(s->store, "here");
		here->is_local = true;
		here->link->state = LINK_UP;
	}
	snprintf(text, sizeof(text), "{\"BackendState\":\"%s\",\"Self\":{\"HostName\":\"here\"}}",
	         state ? state : "");
	if (state)
		feed(here, "tailscale", "status", text);
	else
		source_set_state(server_source(here, "tailscale"), SOURCE_ABSENT, NULL);
	s->pi->link->state = LINK_LOST;
	snprintf(s->pi->link->address, sizeof(s->pi->link->address), "%s port 22", address);
	err_set(&s->pi->link->err, code, "pi: no");
	return vpn_reason(s->pi, why, sizeof(why)) ? why : "";
}

static void test_this_machines_tailscaled_is_the_reason(void **state)
{
	struct scene *s = *state;
	static const char out[] = "VPN: tailscaled is logged out on this machine",
			  off[] = "VPN: tailscaled is not running on this machine";
	feed(s->sese, "tailscale", "status",
	     "{\"BackendState\":\"Running\",\"MagicDNSSuffix\":\"lab.example\",\"Self\":{"
	     "\"HostName\":\"sese\"}}");
	assert_string_equal(reason_with(s, "NeedsLogin", "100.64.0.2", ERR_TIMEOUT), out);
	assert_string_equal(reason_with(s, "NeedsLogin", "fd7a:115c:a1e0::2", ERR_TIMEOUT), out);
	assert_string_equal(reason_with(s, "NeedsLogin", "pi.lab.example", ERR_TIMEOUT), out);
	/* a name that nobody knows now */
	assert_string_equal(reason_with(s, "NeedsLogin", "pi", ERR_ABSENT), out);
	assert_string_equal(reason_with(s, "Stopped", "100.127.255.254", ERR_TIMEOUT),
	                    "VPN: tailscaled is stopped on this machine");
	assert_string_equal(reason_with(s, NULL, "100.64.0.2", ERR_TIMEOUT), off);
	/* no VPN here: a wrong name is a wrong name */
	assert_string_equal(reason_with(s, NULL, "pi", ERR_ABSENT), "");
	/* the way does not lead through it */
	assert_string_equal(reason_with(s, "NeedsLogin", "192.0.2.7", ERR_TIMEOUT), "");
	assert_string_equal(reason_with(s, "NeedsLogin", "100.128.0.1", ERR_TIMEOUT), "");
	assert_string_equal(reason_with(s, "Running", "100.64.0.2", ERR_TIMEOUT), "");
	feed(s->seko, "headscale", "look", "=nodes\n[]\n");
	feed(s->seko, "headscale", "look", "=nodes\n<html>\n");
	assert_string_equal(reason_with(s, "Running", "100.64.0.2", ERR_TIMEOUT),
	                    "VPN: Headscale on seko does not answer");
}

static void test_clocks_that_are_wrong(void **state)
{
	struct scene *s = *state;
	char text[600], why[200];
	int64_t now = now_wall_ms(), hours = 5 * 3600000LL;
	time_t theirs = (time_t)((now + hours) / 1000), seen = theirs - 600;
	char when[64];
	struct tm tm;
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seen, &tm));
	/* sese's clock is five hours ahead: a handshake that it had just now */
	snprintf(text, sizeof(text), "%lld", (long long)-hours);
	feed(s->sese, "tailscale", "clock", text);
	snprintf(text, sizeof(text),
	         "{\"BackendState\":\"Running\"," SELF(
			 "aa", "1", "sese",
			 "100.64.0.1") ",\"Peer\":{\"nodekey:bb\":{\"ID\":\"2\",\"HostName\":"
	                               "\"pi\","
	                               "\"TailscaleIPs\":[\"100.64.0.2\"],\"Online\":false,"
	                               "\"LastSeen\":\"%s\",\"LastHandshake\":\"%s\"}}}",
	         when, when);
	feed(s->sese, "tailscale", "status", text);
	const struct vpn_peer *pi = &peer(s, "sese/peer/pi")->at;
	assert_in_range(now - pi->handshake_ms, 590000, 615000);
	/* Headscale's clock is as wrong, and it is known: pi was seen ten minutes ago */
	s->pi->link->state = LINK_LOST;
	assert_true(vpn_reason(s->pi, why, sizeof(why)));
	/* never a negative age */
	assert_string_equal(why, "VPN: peer offline for 0s (sese)");
	snprintf(text, sizeof(text),
	         "=clock\n%lld\n=version\nv0.26.1\n=nodes\n[{\"id\":2,\"node_key\":\"nodekey:bb\","
	         "\"ip_addresses\":[\"100.64.0.2\"],"
	         "\"given_name\":\"pi\",\"last_seen\":{\"seconds\":%lld}}]\n",
	         (long long)theirs, (long long)seen);
	feed(s->seko, "headscale", "look", text);
	assert_in_range(now - peer(s, "seko/peer/headscale:pi")->at.seen_ms, 590000, 615000);
	assert_true(vpn_reason(s->pi, why, sizeof(why)));
	assert_string_equal(why, "VPN: peer offline for 10m (sese)");
}

/* What REST tells of itself before it tells its version. */
static void test_the_release_is_found_out(void **state)
{
	struct scene *s = *state;
	static const struct {
		const char *look;
		int release;
	} all[] = {
		{ "=nodes\n{\"nodes\":[]}\n=routes\n{\"routes\":[]}\n", 25 },
		{ "=nodes\n{\"nodes\":[]}\n=noroutes\n\n", 26 },
		{ "=version\n{\"version\":\"v0.29.2\"}\n=nodes\n{\"nodes\":[]}\n=noroutes\n\n",
		  29 },
		{ "=nodes\n[]\n", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		feed(s->seko, "headscale", "look", all[i].look);
		assert_int_equal(hs_of(server_source(s->seko, "headscale"))->release,
		                 all[i].release);
	}
}

static void test_logged_out_joins_by_server(void **state)
{
	struct scene *s = *state;
	feed_three(s, PEER("bb", "2", "pi", "100.64.0.2", "\"Online\":false"));
	feed(s->pi, "tailscale", "status",
	     "{\"BackendState\":\"NeedsLogin\",\"Self\":{\"PublicKey\":\"nodekey:0000\","
	     "\"HostName\":\"pi\"},\"Peer\":null}");
	struct peer *pi = peer(s, "pi/peer/pi");
	assert_true(pi->primary);
	assert_int_equal(primaries(s->store), 3);
	assert_string_equal(pi->row.why, "tailscaled there is logged out; `up` logs it in");
}

static void test_old_rows_stay_when_the_answer_is_rubbish(void **state)
{
	struct scene *s = *state;
	feed_three(s, PEER("bb", "2", "pi", "100.64.0.2", "\"Online\":true"));
	feed(s->sese, "tailscale", "status", "<html>");
	feed(s->seko, "headscale", "look", "=nodes\n<html>login</html>\n");
	assert_non_null(store_find(s->store, "sese/peer/pi"));
	assert_non_null(store_find(s->store, "seko/peer/headscale:pi"));
	assert_int_equal(server_source(s->sese, "tailscale")->state, SOURCE_FAILED);
	assert_int_equal(server_source(s->seko, "headscale")->state, SOURCE_STALE);
	assert_int_equal(peer(s, "seko/peer/headscale")->row.health, HEALTH_BAD);
	assert_non_null(strstr(peer(s, "seko/peer/headscale")->row.why, "web page"));
}

/* No name, a name of slashes and escapes, two of one name, one called as the machine itself or as
 * Headscale's own row: each is a row of its own, the same from look to look, and none takes
 * another's place. */
static void test_peers_with_odd_names(void **state)
{
	struct scene *s = *state;
	static const char json[] = "{\"BackendState\":\"Running\"," SELF(
		"aa", "1", "seko",
		"100.64.0.1") ",\"Peer\":{"
			      "\"nodekey:b0\":{\"TailscaleIPs\":[\"100.64.0.2\"]},\"nodekey:b1\":{}"
			      ",\"nodekey:b2\":{\"HostName\":\"../../etc/\\u001b[31mpasswd\"},"
			      "\"nodekey:b3\":{\"HostName\":\"seko\"},\"nodekey:b4\":{\"HostName\":"
			      "\"headscale\"},\"nodekey:b5\":{\"HostName\":\"x\"},\"nodekey:b6\":{"
			      "\"HostName\":\"x\"}}}";
	static const char look[] = "=version\nv0.26.1\n=nodes\n[{\"id\":1,\"node_key\":\"nodekey:"
				   "aa\",\"given_name\":\"seko\",\"online\":true}]\n";
	for (int i = 0; i < 3; i++) {
		feed(s->seko, "headscale", "look", look);
		feed(s->seko, "tailscale", "status", json);
		assert_int_equal(store_count(s->store, &kind_peer, NULL), 8 + 2);
		assert_true(peer(s, "seko/peer/headscale")->control);
		assert_true(peer(s, "seko/peer/seko")->at.self);
		assert_string_equal(peer(s, "seko/peer/..-..-etc-passwd")->row.name,
		                    "../../etc/passwd");
		assert_string_equal(peer(s, "seko/peer/100.64.0.2")->row.name, "100.64.0.2");
	}
}

static void test_peers_come_and_go(void **state)
{
	struct scene *s = *state;
	feed_three(s, PEER("bb", "2", "pi", "100.64.0.2", "\"Online\":true"));
	feed_three(s, PEER("dd", "9", "pi", "100.64.0.9",
	                   "\"Online\":true") "," PEER("bb", "2", "pi", "100.64.0.2",
	                                               "\"Online\":true"));
	assert_int_equal(primaries(s->store), 4); /* two of one name are two */
	feed(s->sese, "tailscale", "status",
	     "{\"BackendState\":\"Running\"," SELF("aa", "1", "sese",
	                                           "100.64.0.1") ",\"Peer\":null}");
	assert_null(store_find(s->store, "sese/peer/pi"));
	server_close(s->pi);
	s->pi = NULL;
	vpn_join(s->store);
	assert_int_equal(primaries(s->store), 3);
	assert_string_equal(peer(s, "seko/peer/headscale:pi")->is, "");
}

static void test_a_recording_holds_no_key(void **state)
{
	struct scene *s = *state;
	char dir[] = "/tmp/test_vpn_record.XXXXXX", file[80], text[20000];
	struct err err;
	assert_non_null(mkdtemp(dir));
	assert_true(record_start(s->store, dir, &err));
	struct buf out = { 0 };
	size_t len;
	char *raw = read_answer("nodes-cli-0.26.json", &len);
	hs_mask_keys(&out, raw, len);
	source_feed(server_source(s->seko, "headscale"), "keys:first", out.data, out.len);
	record_stop(s->store);
	snprintf(file, sizeof(file), "%s/answers", dir);
	FILE *f = fopen(file, "r");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_non_null(strstr(text, "keys:first"));
	assert_null(strstr(text, "00112233445566778899"));
	buf_finish(&out);
	free(raw);
}

static void test_five_hundred_peers(void **state)
{
	struct scene *s = *state;
	struct buf b = { 0 };
	buf_puts(&b, "{\"BackendState\":\"Running\"," SELF("aa", "1", "sese",
	                                                   "100.64.0.1") ",\"Peer\":{");
	for (int i = 0; i < 500; i++)
		buf_addf(&b,
		         "%s\"nodekey:%08x\":{\"ID\":\"%d\",\"PublicKey\":\"nodekey:%08x\","
		         "\"HostName\":\"n%d\",\"TailscaleIPs\":[\"100.65.%d.%d\"],\"Online\":"
		         "true}",
		         i ? "," : "", i + 1, i + 10, i + 1, i, i / 250, i % 250);
	buf_puts(&b, "}}");
	for (int i = 0; i < 3; i++)
		source_feed(server_source(i == 0   ? s->sese
		                          : i == 1 ? s->pi
		                                   : s->seko,
		                          "tailscale"),
		            "status", b.data, b.len);
	assert_int_equal(store_count(s->store, &kind_peer, NULL), 1503);
	assert_int_equal(primaries(s->store), 501);
	buf_finish(&b);
}

/* Every action has what the table needs: a command for the confirmation, a sentence, and no bare
 * letter when it destroys. */
static void test_the_table_of_actions(void **state)
{
	for (const struct action *a = peer_actions; a->name; a++) {
		assert_true(a->command || a->command_of);
		assert_non_null(a->applies);
		assert_non_null(a->help);
		if (a->flags & ACTION_DANGER)
			assert_null(a->key);
		if (a->flags & ACTION_CHANGES)
			assert_true(a->flags & ACTION_CONFIRM);
	}
}

#define ROWS(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_of_a_real_one),
		cmocka_unit_test(test_status_of_one_logged_out),
		cmocka_unit_test(test_status_of_nonsense),
		cmocka_unit_test(test_hostile_peers),
		cmocka_unit_test(test_pong_and_login_address),
		cmocka_unit_test(test_wireguard),
		cmocka_unit_test(test_wireguard_nonsense),
		cmocka_unit_test(test_nodes_of_every_release),
		cmocka_unit_test(test_nodes_after_warnings),
		cmocka_unit_test(test_nodes_cut_at_every_byte),
		cmocka_unit_test(test_real_answers_cut_at_every_byte),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_wrong_key_of_old_releases),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_dns_records),
		cmocka_unit_test(test_http_date),
		ROWS(test_this_machines_tailscaled_is_the_reason),
		ROWS(test_clocks_that_are_wrong),
		ROWS(test_the_release_is_found_out),
		ROWS(test_one_peer_is_one_row),
		ROWS(test_a_machine_called_headscale),
		ROWS(test_an_expired_key_does_not_split_a_peer),
		ROWS(test_key_expiry_is_warned_of),
		ROWS(test_a_server_that_is_down_says_what_the_vpn_knows),
		ROWS(test_wireguard_tells_of_a_server_too),
		ROWS(test_a_peer_that_must_be_online),
		ROWS(test_a_peer_that_no_vpn_lists),
		ROWS(test_a_hub_that_is_down_explains_those_behind_it),
		ROWS(test_no_hub_without_certainty),
		cmocka_unit_test(test_what_a_route_covers),
		ROWS(test_no_hub_for_a_neighbour),
		ROWS(test_a_route_that_is_not_accepted),
		cmocka_unit_test(test_whether_routes_are_accepted),
		ROWS(test_logged_out_joins_by_server),
		ROWS(test_old_rows_stay_when_the_answer_is_rubbish),
		ROWS(test_peers_come_and_go),
		ROWS(test_peers_with_odd_names),
		ROWS(test_a_recording_holds_no_key),
		ROWS(test_five_hundred_peers),
		cmocka_unit_test(test_the_table_of_actions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
