/* What parsers make of answers in which one value was replaced: each value of a sample by each
 * replacement. A file of tests/unit/answers keeps what came out differently. The meaning of the
 * members is tested in test_vpn, test_containers and test_systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/containers/parse.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/redis_parse.h"
#include "backends/vpn/parse.h"
#include "tests/unit/expected.h"
#include "tests/unit/variants.h"

/* --- what is dumped ------------------------------------------------------- */

static void dump_peer(struct buf *out, const struct vpn_peer *p)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "key", p->key },           { "id", p->id },
		      { "name", p->name },         { "host", p->host },
		      { "endpoint", p->endpoint }, { "relay", p->relay },
		      { "via", p->peer_relay },    { "os", p->os },
		      { "version", p->version },   { "user", p->user },
		      { "tags", p->tags },         { "routes", p->routes },
		      { "offered", p->offered },   { "health", p->health },
		      { "iface", p->iface } };
	const struct {
		const char *name;
		int64_t n;
	} numbers[] = { { "online", p->online },
		        { "self", p->self },
		        { "active", p->active },
		        { "exit", p->exit_node },
		        { "offers exit", p->exit_option },
		        { "expired", p->expired },
		        { "expiry", p->expiry_ms },
		        { "seen", p->seen_ms },
		        { "handshake", p->handshake_ms },
		        { "created", p->created_ms },
		        { "rx", p->rx },
		        { "tx", p->tx },
		        { "keepalive", p->keepalive } };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (*texts[i].text)
			buf_addf(out, "%s %s\n", texts[i].name, texts[i].text);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		buf_addf(out, "%s %lld\n", numbers[i].name, (long long)numbers[i].n);
	for (size_t i = 0; i < p->n_addrs; i++)
		buf_addf(out, "address %zu %s\n", i, p->addrs[i]);
}

static void dump_list(struct buf *out, struct vpn_list *l)
{
	buf_addf(out, "peers %zu left out %zu\n", l->n, l->left_out);
	for (size_t i = 0; i < l->n; i++)
		dump_peer(out, &l->peers[i]);
	vpn_list_finish(l);
}

static void dump_err(struct buf *out, const struct err *err)
{
	buf_addf(out, "refused %d %s\n", (int)err->code, err->text);
}

static void dump_tailscale(struct buf *out, const char *text, size_t len)
{
	struct ts_status s;
	struct err err = { 0 };
	if (!ts_status_parse(&s, text, len, &err)) {
		dump_err(out, &err);
		return;
	}
	buf_addf(out, "state %s\nversion %s\ntailnet %s\nsuffix %s\nurl %s\n", s.state, s.version,
	         s.tailnet, s.suffix, s.auth_url);
	dump_list(out, &s.list);
}

static void dump_pong(struct buf *out, const char *text, size_t len)
{
	struct ts_pong p;
	struct ts_prefs f;
	if (ts_pong_parse(&p, text, len))
		buf_addf(out, "pong %.2f %s %s\n", p.ms, p.path, p.err);
	if (ts_prefs_parse(&f, text, len))
		buf_addf(out, "prefs %s %d %d %d\n", f.control_url, f.want_running, f.logged_out,
		         f.accepts_routes);
}

static void dump_nodes(struct buf *out, const char *text, size_t len)
{
	struct vpn_list l;
	struct err err = { 0 };
	buf_addf(out, "release %d\n", hs_nodes_release(text, len));
	if (hs_nodes_parse(&l, text, len, &err))
		dump_list(out, &l);
	else
		dump_err(out, &err);
}

static void dump_lists(struct buf *out, const char *text, size_t len)
{
	struct hs_users u;
	struct hs_keys k;
	struct hs_routes r;
	struct err err = { 0 };
	if (hs_users_parse(&u, text, len, &err)) {
		for (size_t i = 0; i < u.n; i++)
			buf_addf(out, "user %s %s %s\n", u.at[i].id, u.at[i].name, u.at[i].display);
		free(u.at);
	} else {
		dump_err(out, &err);
	}
	if (hs_keys_parse(&k, text, len, &err)) {
		for (size_t i = 0; i < k.n; i++)
			buf_addf(out, "key %s %s %s %s %d %d %d %lld %lld\n", k.at[i].id,
			         k.at[i].shown, k.at[i].user, k.at[i].tags, k.at[i].reusable,
			         k.at[i].ephemeral, k.at[i].used, (long long)k.at[i].expiration_ms,
			         (long long)k.at[i].created_ms);
		free(k.at);
	}
	if (hs_routes_parse(&r, text, len, &err)) {
		for (size_t i = 0; i < r.n; i++)
			buf_addf(out, "route %s %s %s %d %d\n", r.at[i].id, r.at[i].node_id,
			         r.at[i].prefix, r.at[i].enabled, r.at[i].advertised);
		free(r.at);
	}
	hs_mask_keys(out, text, len);
	buf_puts(out, "\n");
}

static void dump_wireguard(struct buf *out, const char *text, size_t len)
{
	struct vpn_list l;
	struct err err = { 0 };
	if (wg_dump_parse(&l, text, len, 1700000000000, &err))
		dump_list(out, &l);
	else
		dump_err(out, &err);
}

static void dump_containers(struct buf *out, const char *text, size_t len)
{
	struct ctr_list l;
	struct err err = { 0 };
	if (!ctr_list_parse(&l, text, len, &err)) {
		dump_err(out, &err);
		return;
	}
	buf_addf(out, "containers %zu left out %zu\n", l.n, l.left_out);
	for (size_t i = 0; i < l.n; i++) {
		const struct ctr_item *c = &l.items[i];
		const char *const texts[] = { c->id,          c->name,          c->image,
			                      c->image_id,    c->command,       c->ports,
			                      c->networks,    c->project,       c->service,
			                      c->project_dir, c->project_files, c->project_env };
		for (size_t k = 0; k < ARRAY_LEN(texts); k++)
			buf_addf(out, "%zu %s\n", k, texts[k] ? texts[k] : "-");
		buf_addf(out, "compose %d\nstate %d\nhealth %d\ncreated %lld\nage %lld\nexit %d\n",
		         c->by_compose, (int)c->state, (int)c->health, (long long)c->created_ms,
		         (long long)c->status_age_ms, c->exit_code);
	}
	ctr_list_finish(&l);
}

static void dump_inspect(struct buf *out, const char *text, size_t len)
{
	struct ctr_inspect c;
	struct ctr_sample s;
	struct ctr_event e;
	struct err err = { 0 };
	if (ctr_inspect_parse(&c, text, len, &err))
		buf_addf(out,
		         "id %s\nname %s\nstate %d\nhealth %d\nexit %d\noom %d\ntty %d\nrestarts "
		         "%d\ncreated %lld\nstarted %lld\nfinished %lld\nlimit %lld\npolicy "
		         "%s\nerror %s\noutput %s\nstreak %d\n",
		         c.id, c.name, (int)c.state, (int)c.health, c.exit_code, c.oom, c.tty,
		         c.restarts, (long long)c.created_ms, (long long)c.started_ms,
		         (long long)c.finished_ms, (long long)c.mem_limit, c.policy, c.error,
		         c.health_output, c.failing_streak);
	else
		dump_err(out, &err);
	if (ctr_sample_parse(&s, text, len))
		buf_addf(out,
		         "valid %d\nread %lld\ncpu %.0f\nsystem %.0f\nbefore %.0f\nof "
		         "%.0f\ncpus %d\nmem %.0f\nof %.0f\nrx %.0f\ntx %.0f\nshare %.2f\n",
		         s.valid, (long long)s.read_ms, s.cpu_ns, s.system_ns, s.before_cpu_ns,
		         s.before_system_ns, s.cpus, s.mem, s.mem_limit, s.rx, s.tx,
		         ctr_sample_cpu(&s, NULL));
	if (ctr_event_parse(&e, text, len))
		buf_addf(out,
		         "id %s\nname %s\nold %s\naction %s\ndetail %s\nimage %s\nsignal "
		         "%s\nproject %s\nservice %s\nexit %d\ntime %lld\nsince %s\n",
		         e.id, e.name, e.old_name, e.action, e.detail, e.image, e.signal, e.project,
		         e.service, e.exit_code, (long long)e.time_ms, e.time);
}

static void dump_redis(struct buf *out, const char *text, size_t len)
{
	struct redis_facts f;
	struct err err = { 0 };
	if (!redis_parse(text, len, &f, &err)) {
		dump_err(out, &err);
		return;
	}
	buf_addf(out,
	         "version %s\nrole %s\nprimary %s\nrefused %s\nmemory %lld\nmost %lld\nclients "
	         "%lld\nof %lld\nblocked %lld\nkeys %lld\nreplicas %lld\nevicted %lld\nrejected "
	         "%lld\ndown %d\nloading %d\nsave %d\nappend %d\n",
	         f.version, f.role, f.primary, f.refused, (long long)f.memory,
	         (long long)f.memory_max, (long long)f.clients, (long long)f.clients_max,
	         (long long)f.blocked, (long long)f.keys, (long long)f.replicas,
	         (long long)f.evicted, (long long)f.rejected, f.primary_down, f.loading,
	         f.save_failed, f.append_failed);
}

static void dump_alerts(struct buf *out, const char *text, size_t len)
{
	struct alert_list l;
	struct silence silences[SILENCES_MAX];
	struct err err = { 0 };
	size_t n = 0;
	if (alerts_parse(text, len, "Prometheus", &l, &err)) {
		for (size_t i = 0; i < l.n; i++) {
			const struct alert *a = &l.at[i];
			buf_addf(out, "alert %s %s state %d since %lld %d %d\n", a->name,
			         a->severity, (int)a->state, (long long)a->since_ms, a->exact,
			         a->unique);
			buf_addf(out, "summary %s\nsilence %s\nid %s\ninstance %s\n", a->summary,
			         a->silence, a->id, a->instance);
			for (const char *p = a->labels; *p; p++)
				buf_addf(out, "%c", *p == '\n' ? '|' : *p);
			buf_puts(out, "\n");
		}
		alert_list_finish(&l);
	} else {
		dump_err(out, &err);
	}
	if (silences_parse(text, len, "Prometheus", silences, &n, &err))
		for (size_t i = 0; i < n && i < SILENCES_MAX; i++)
			buf_addf(out, "silence %s %lld\n", silences[i].id,
			         (long long)silences[i].until_ms);
	alerts_reduce(text, len, out);
	buf_puts(out, "\n");
}

/* --- samples -------------------------------------------------------------- */

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

static void test_members_of_the_vpn(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "tailscale", dump_tailscale,
		"{\"Version\":\"1.86.0-t1\",\"BackendState\":\"Running\",\"AuthURL\":\"https://x/"
		"a\","
		"\"Health\":[\"w1\",\"w2\"],\"MagicDNSSuffix\":\"tail.ts.net\","
		"\"CurrentTailnet\":{\"Name\":\"ops@x\"},\"Self\":{\"ID\":\"2\",\"PublicKey\":"
		"\"nodekey:bb\",\"HostName\":\"pi\",\"DNSName\":\"pi.tail.ts.net.\",\"UserID\":5,"
		"\"TailscaleIPs\":[\"100.64.0.2\",\"fd7a::2\"],\"Online\":true,\"KeyExpiry\":"
		"\"2027-01-01T00:00:00Z\"},\"Peer\":{\"nodekey:cc\":{\"ID\":\"3\",\"PublicKey\":"
		"\"nodekey:cc\",\"HostName\":\"laptop\",\"OS\":\"macOS\",\"Online\":false,"
		"\"CurAddr\":\"203.0.113.9:41641\",\"Relay\":\"fra\",\"PeerRelay\":\"1.2.3.4:7:vni:"
		"1\","
		"\"LastSeen\":\"2026-11-21T04:20:00Z\",\"LastHandshake\":\"2026-11-21T04:19:00Z\","
		"\"Created\":\"2026-01-01T00:00:00Z\",\"RxBytes\":50,\"TxBytes\":7,\"Active\":true,"
		"\"ExitNode\":true,\"ExitNodeOption\":true,\"Expired\":true,\"Tags\":[\"tag:a\"],"
		"\"PrimaryRoutes\":[\"192.168.7.0/"
		"24\"]}},\"User\":{\"5\":{\"LoginName\":\"ops\"}}}");
	variants_of_json(&out, "pong", dump_pong,
	                 "{\"IP\":\"100.64.0.3\",\"NodeName\":\"pi\",\"LatencySeconds\":0.0123,"
	                 "\"Endpoint\":"
	                 "\"10.0.0.1:4\",\"DERPRegionCode\":\"fra\",\"Err\":\"\"}");
	variants_of_json(&out, "prefs", dump_pong,
	                 "{\"ControlURL\":\"https://"
	                 "c\",\"WantRunning\":true,\"LoggedOut\":false,\"RouteAll\":"
	                 "true}");
	variants_of_json(
		&out, "nodes", dump_nodes,
		"[{\"id\":2,\"node_key\":\"nodekey:bb\",\"name\":\"pi\",\"given_name\":\"pi-"
		"two\","
		"\"ip_addresses\":[\"100.64.0.2\"],\"user\":{\"id\":1,\"name\":\"default\"},"
		"\"online\":true,\"approved_routes\":[\"10.9.0.0/24\"],\"available_routes\":["
		"\"10.8.0.0/24\"],\"subnet_routes\":[\"10.9.0.0/24\"],\"tags\":[\"tag:x\"],"
		"\"expiry\":{\"seconds\":1795345872},\"last_seen\":{\"seconds\":1795245872},"
		"\"created_at\":\"2026-01-01T00:00:00Z\"}]");
	variants_of_json(&out, "nodes by REST", dump_nodes,
	                 "{\"nodes\":[{\"id\":\"2\",\"nodeKey\":\"nodekey:bb\",\"name\":\"pi\","
	                 "\"givenName\":"
	                 "\"pi-two\",\"ipAddresses\":[\"100.64.0.2\"],\"user\":{\"name\":"
	                 "\"default\"},"
	                 "\"online\":false,\"forcedTags\":[\"tag:a\"],\"validTags\":[\"tag:b\"],"
	                 "\"expiry\":"
	                 "\"2027-01-01T00:00:00Z\",\"lastSeen\":\"2026-02-20T10:11:12.1Z\"}]}");
	variants_of_json(&out, "users", dump_lists,
	                 "{\"users\":[{\"id\":\"1\",\"name\":\"ops\",\"displayName\":\"Ops\","
	                 "\"email\":"
	                 "\"a@b\"}]}");
	variants_of_json(
		&out, "keys", dump_lists,
		"{\"preAuthKeys\":[{\"user\":{\"id\":\"1\",\"name\":\"ops\"},\"id\":\"4\","
		"\"key\":"
		"\"0123456789abcdef0123456789abcdef\",\"reusable\":true,\"ephemeral\":false,"
		"\"used\":"
		"true,\"expiration\":\"2027-01-01T00:00:00Z\",\"createdAt\":\"2026-01-01T00:00:"
		"00Z\","
		"\"aclTags\":[\"tag:s\"]}]}");
	variants_of_json(&out, "routes", dump_lists,
	                 "{\"routes\":[{\"id\":\"1\",\"node\":{\"id\":\"2\"},\"prefix\":\"10.0.0.0/"
	                 "8\","
	                 "\"advertised\":true,\"enabled\":false}]}");
	variants_of_words(&out, "wireguard", dump_wireguard,
	                  "clock "
	                  "1795245872\nwg0\t-\tPIKEY\t51820\toff\nwg0\tSESEKEY\t(none)\t198.51.100."
	                  "7:"
	                  "51820\t10.7.0.1/32,10.7.1.0/24\t1795245800\t4096000\t12\t25\n");
	check_written(&out, "tests/unit/answers/members_vpn.txt");
}

static void test_members_of_containers(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "list", dump_containers,
		"[{\"Id\":\"0123456789abcdef\",\"Names\":[\"/"
		"web\"],\"Image\":\"nginx:1\",\"ImageID\":"
		"\"sha256:aa\",\"Command\":\"run\",\"Created\":1767225600,\"Ports\":[{\"IP\":"
		"\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"}],"
		"\"Labels\":{"
		"\"com.docker.compose.project\":\"p\",\"com.docker.compose.service\":\"s\","
		"\"com.docker.compose.config-hash\":\"h\",\"com.docker.compose.container-"
		"number\":\"1\","
		"\"com.docker.compose.project.working_dir\":\"/"
		"srv\"},\"State\":\"running\",\"Status\":"
		"\"Up 2 days (healthy)\",\"NetworkSettings\":{\"Networks\":{\"front\":{}}}}]");
	static const char *const words[] = {
		"Up Less than a second",
		"Up 1 second",
		"Up About a minute",
		"Up 5 minutes",
		"Up About an hour",
		"Up 3 hours (Paused)",
		"Up 2 days (unhealthy)",
		"Up 2 weeks",
		"Up 4 months (health: starting)",
		"Up 2 years",
		"Exited (0) 4 seconds ago",
		"Exited (137) 2 hours ago",
		"Exited (-1) 1 week ago",
		"Restarting (3) 9 seconds ago",
		"Created",
		"Dead",
		"Removal In Progress",
		"Exited (3) About an hour ago",
		"Up 7 lightyears",
		"Up x",
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		char *json = xasprintf("[{\"Id\":\"01\",\"Names\":[\"/w\"],\"State\":\"exited\","
		                       "\"Status\":\"%s\"}]",
		                       words[i]);
		buf_addf(&out, "=== %s\n", words[i]);
		dump_containers(&out, json, strlen(json));
		free(json);
	}
	variants_of_json(
		&out, "inspect", dump_inspect,
		"{\"Id\":\"0123456789abcdef\",\"Name\":\"/"
		"web\",\"Created\":\"2026-01-01T00:00:00Z\","
		"\"RestartCount\":2,\"State\":{\"Status\":\"exited\",\"ExitCode\":137,"
		"\"OOMKilled\":"
		"true,\"Error\":\"e\",\"StartedAt\":\"2026-01-01T00:00:01Z\",\"FinishedAt\":"
		"\"2026-01-01T00:00:02Z\",\"Health\":{\"Status\":\"unhealthy\","
		"\"FailingStreak\":3,"
		"\"Log\":[{\"Output\":\"bad\"}]}},\"Config\":{\"Tty\":true},\"HostConfig\":{"
		"\"Memory\":"
		"1024,\"RestartPolicy\":{\"Name\":\"always\"}}}");
	variants_of_json(
		&out, "stats", dump_inspect,
		"{\"read\":\"2026-01-01T00:00:01Z\",\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":"
		"900,"
		"\"percpu_usage\":[1,2]},\"system_cpu_usage\":5000,\"online_cpus\":2},"
		"\"precpu_stats\":{\"cpu_usage\":{\"total_usage\":400},\"system_cpu_usage\":4000},"
		"\"memory_stats\":{\"usage\":300,\"limit\":1000,\"stats\":{\"inactive_file\":50,"
		"\"total_inactive_file\":60,\"cache\":70}},\"networks\":{\"eth0\":{\"rx_bytes\":5,"
		"\"tx_bytes\":7}}}");
	variants_of_json(&out, "event", dump_inspect,
	                 "{\"Type\":\"container\",\"Action\":\"health_status: "
	                 "unhealthy\",\"Actor\":{\"ID\":"
	                 "\"0123\",\"Attributes\":{\"name\":\"web\",\"oldName\":\"/"
	                 "old\",\"image\":\"nginx\","
	                 "\"exitCode\":\"3\",\"signal\":\"15\",\"com.docker.compose.project\":"
	                 "\"p\","
	                 "\"com.docker.compose.service\":\"s\"}},\"time\":1767225600,\"timeNano\":"
	                 "1767225600123456789}");
	check_written(&out, "tests/unit/answers/members_containers.txt");
}

static void test_members_of_systems(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	variants_of_json(
		&out, "prometheus", dump_alerts,
		"{\"status\":\"success\",\"data\":{\"alerts\":[{\"labels\":{\"alertname\":\"Down\","
		"\"instance\":\"a:9\",\"severity\":\"page\"},\"annotations\":{\"summary\":\"it "
		"is\","
		"\"description\":\"d\"},\"state\":\"firing\",\"activeAt\":\"2026-01-01T00:00:00Z\","
		"\"value\":\"1\"}]}}");
	variants_of_json(&out, "alertmanager", dump_alerts,
	                 "[{\"labels\":{\"alertname\":\"Down\",\"job\":\"x\"},\"annotations\":{"
	                 "\"message\":\"m\"},"
	                 "\"startsAt\":\"2026-01-01T00:00:00Z\",\"status\":{\"state\":"
	                 "\"suppressed\","
	                 "\"silencedBy\":[\"s1\"],\"inhibitedBy\":[]}}]");
	variants_of_json(&out, "silences", dump_alerts,
	                 "[{\"id\":\"s1\",\"status\":{\"state\":\"active\"},\"endsAt\":\"2026-01-"
	                 "01T00:"
	                 "00:00Z\"}]");
	variants_of_words(
		&out, "redis", dump_redis,
		"# Server\r\nredis_version:7.0.15\r\n# Clients\r\nconnected_clients:3\r\n"
		"maxclients:10000\r\nblocked_clients:1\r\nused_memory:1000\r\nmaxmemory:2000\r\n"
		"loading:0\r\nrdb_last_bgsave_status:ok\r\naof_last_write_status:ok\r\n"
		"rejected_connections:2\r\nevicted_keys:4\r\nrole:slave\r\nmaster_host:10.0.0.1\r\n"
		"master_port:6379\r\nmaster_link_status:down\r\nconnected_slaves:1\r\n"
		"db0:keys=5,expires=1,avg_ttl=0\r\ndb1:keys=6,expires=0\r\n");
	check_written(&out, "tests/unit/answers/members_systems.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_members_of_the_vpn, set_zone),
		cmocka_unit_test_setup(test_members_of_containers, set_zone),
		cmocka_unit_test_setup(test_members_of_systems, set_zone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
