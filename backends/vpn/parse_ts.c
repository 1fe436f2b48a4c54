/* parse_ts.c: parses tailscaled's view of itself and its peers.
 *
 * Source: Tailscale LocalAPI /status, /prefs and /ping, as in the source of tailscale/tailscale
 * (August 2026).
 *
 * The project says that the format changes between releases, so every member may be missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/base/json.h"
#include "backends/vpn/parse.h"

void vpn_list_finish(struct vpn_list *list)
{
	free(list->peers);
	*list = (struct vpn_list){ 0 };
}

void vpn_plain_address(char *buf, size_t size, const char *address)
{
	size_t n = strcspn(address, "/");
	const char *colon = memchr(address, ':', n);
	if (*address == '[') {
		address++;
		n = strcspn(address, "]/");
	} else if (colon && !memchr(colon + 1, ':', n - (size_t)(colon + 1 - address))) {
		n = (size_t)(colon - address);
	}
	wash(buf, size, address, n);
}

static void ts_parse_read_peer(struct vpn_peer *p, const cJSON *o)
{
	char dns[160];
	*p = (struct vpn_peer){ .online = -1 };
	/* A node that is logged out has a key of zeros. */
	vj_text(o, "PublicKey", NULL, p->key, sizeof(p->key));
	const char *hex = strchr(p->key, ':') ? strchr(p->key, ':') + 1 : p->key;
	if (strspn(hex, "0") == strlen(hex))
		p->key[0] = '\0';
	vj_text(o, "ID", NULL, p->id, sizeof(p->id));
	vj_text(o, "HostName", NULL, p->host, sizeof(p->host));
	vj_text(o, "DNSName", NULL, dns, sizeof(dns));
	wash(p->name, sizeof(p->name), dns, strcspn(dns, "."));
	const cJSON *array = vj_get(o, "TailscaleIPs", NULL);
	const cJSON *v;
	if (cJSON_IsArray(array)) {
		cJSON_ArrayForEach (v, array) {
			char clean[64];
			if (!cJSON_IsString(v) || p->n_addrs == VPN_ADDRS)
				continue;
			wash(clean, sizeof(clean), v->valuestring, strlen(v->valuestring));
			vpn_plain_address(p->addrs[p->n_addrs++], sizeof(p->addrs[0]), clean);
		}
	}
	vj_text(o, "OS", NULL, p->os, sizeof(p->os));
	vj_text(o, "CurAddr", NULL, p->endpoint, sizeof(p->endpoint));
	vj_text(o, "Relay", NULL, p->relay, sizeof(p->relay));
	vj_text(o, "PeerRelay", NULL, p->peer_relay, sizeof(p->peer_relay));
	vj_words(vj_get(o, "Tags", NULL), p->tags, sizeof(p->tags));
	vj_words(vj_get(o, "PrimaryRoutes", NULL), p->routes, sizeof(p->routes));
	if (cJSON_IsBool(vj_get(o, "Online", NULL)))
		p->online = vj_true(o, "Online", NULL);
	p->active = vj_true(o, "Active", NULL);
	p->exit_node = vj_true(o, "ExitNode", NULL);
	p->exit_option = vj_true(o, "ExitNodeOption", NULL);
	p->expired = vj_true(o, "Expired", NULL);
	p->expiry_ms = vj_time(o, "KeyExpiry", NULL);
	p->seen_ms = vj_time(o, "LastSeen", NULL);
	p->handshake_ms = vj_time(o, "LastHandshake", NULL);
	p->created_ms = vj_time(o, "Created", NULL);
	p->rx = vj_int(o, "RxBytes", NULL, -1);
	p->tx = vj_int(o, "TxBytes", NULL, -1);
}

static void ts_parse_user_of(struct vpn_peer *p, const cJSON *o, const cJSON *users)
{
	char id[24];
	if (vj_text(o, "UserID", NULL, id, sizeof(id)))
		vj_text(vj_get(users, id, NULL), "LoginName", NULL, p->user, sizeof(p->user));
}

bool ts_status_parse(struct ts_status *s, const char *json, size_t len, struct err *err)
{
	*s = (struct ts_status){ 0 };
	cJSON *root = vj_read(json, len, "tailscaled", err);
	if (!root)
		return false;
	if (!vj_text(root, "BackendState", NULL, s->state, sizeof(s->state))) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED,
		               "tailscaled's answer has no BackendState: it is not a status");
	}
	vj_text(root, "Version", NULL, s->version, sizeof(s->version));
	s->version[strcspn(s->version, "-")] = '\0';
	vj_text(root, "AuthURL", NULL, s->auth_url, sizeof(s->auth_url));
	vj_text(root, "MagicDNSSuffix", NULL, s->suffix, sizeof(s->suffix));
	vj_text(vj_get(root, "CurrentTailnet", NULL), "Name", NULL, s->tailnet, sizeof(s->tailnet));
	const cJSON *peers = vj_get(root, "Peer", NULL), *users = vj_get(root, "User", NULL), *o;
	int n = cJSON_IsObject(peers) ? cJSON_GetArraySize(peers) : 0;
	size_t most = n < VPN_PEERS_MAX ? (size_t)n : VPN_PEERS_MAX;
	s->list.left_out = n > 0 ? (size_t)n - most : 0;
	s->list.peers = xcalloc(most + 1, sizeof(*s->list.peers));
	struct vpn_peer *self = &s->list.peers[s->list.n++];
	const cJSON *own = vj_get(root, "Self", NULL);
	ts_parse_read_peer(self, own);
	ts_parse_user_of(self, own, users);
	self->self = true;
	snprintf(self->version, sizeof(self->version), "%s", s->version);
	vj_words(vj_get(root, "Health", NULL), self->health, sizeof(self->health));
	if (n) {
		cJSON_ArrayForEach (o, peers) {
			if (!cJSON_IsObject(o) || s->list.n > most)
				continue;
			struct vpn_peer *p = &s->list.peers[s->list.n++];
			ts_parse_read_peer(p, o);
			ts_parse_user_of(p, o, users);
			if (!*p->key && o->string)
				wash(p->key, sizeof(p->key), o->string, strlen(o->string));
		}
	}
	cJSON_Delete(root);
	return true;
}

void ts_status_finish(struct ts_status *s)
{
	vpn_list_finish(&s->list);
}

bool ts_pong_parse(struct ts_pong *pong, const char *json, size_t len)
{
	char endpoint[64], region[32], relay[64];
	*pong = (struct ts_pong){ .ms = -1 };
	cJSON *o = json_parse(json, len);
	if (!cJSON_IsObject(o)) {
		cJSON_Delete(o);
		return false;
	}
	const cJSON *s = vj_get(o, "LatencySeconds", NULL);
	vj_text(o, "Err", NULL, pong->err, sizeof(pong->err));
	vj_text(o, "Endpoint", NULL, endpoint, sizeof(endpoint));
	vj_text(o, "DERPRegionCode", NULL, region, sizeof(region));
	vj_text(o, "PeerRelay", NULL, relay, sizeof(relay));
	if (cJSON_IsNumber(s) && s->valuedouble >= 0 && s->valuedouble < 1e6 && !*pong->err)
		pong->ms = s->valuedouble * 1000;
	if (*relay)
		snprintf(pong->path, sizeof(pong->path), "peer relay %s", relay);
	else if (*endpoint)
		snprintf(pong->path, sizeof(pong->path), "direct %s", endpoint);
	else if (*region)
		snprintf(pong->path, sizeof(pong->path), "relay %s", region);
	cJSON_Delete(o);
	return pong->ms >= 0 || *pong->err;
}

static bool ts_parse_starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

bool ts_pong_words(struct ts_pong *pong, const char *text)
{
	const char *from = strstr(text, "pong from ");
	const char *via = from ? strstr(from, " via ") : NULL;
	const char *in = via ? strstr(via, " in ") : NULL;
	char way[64], clean[64], *unit;
	*pong = (struct ts_pong){ .ms = -1 };
	if (!in)
		return false;
	const char *kind;
	if (ts_parse_starts(via + 5, "DERP("))
		kind = "relay";
	else if (ts_parse_starts(via + 5, "peer-relay("))
		kind = "peer relay";
	else
		kind = "direct";
	snprintf(way, sizeof(way), "%.*s", (int)(in - via - 5), via + 5);
	const char *bare = *kind == 'd' ? way : strchr(way, '(') + 1;
	wash(clean, sizeof(clean), bare, *kind == 'd' ? strlen(bare) : strcspn(bare, ")"));
	snprintf(pong->path, sizeof(pong->path), "%s %s", kind, clean);
	double n = strtod(in + 4, &unit);
	if (unit == in + 4 || n < 0 || n >= 1e6)
		pong->ms = -1;
	else if (ts_parse_starts(unit, "ms"))
		pong->ms = n;
	else
		pong->ms = n * 1000;
	return pong->ms >= 0;
}

bool ts_prefs_parse(struct ts_prefs *p, const char *json, size_t len)
{
	*p = (struct ts_prefs){ 0 };
	cJSON *o = json_parse(json, len);
	bool ok = vj_text(o, "ControlURL", NULL, p->control_url, sizeof(p->control_url));
	p->want_running = vj_true(o, "WantRunning", NULL);
	p->logged_out = vj_true(o, "LoggedOut", NULL);
	p->accepts_routes = vj_true(o, "RouteAll", NULL);
	cJSON_Delete(o);
	return ok;
}

void ts_auth_url(char *buf, size_t size, const char *text, size_t len)
{
	static const char name[] = "\"AuthURL\"";
	const char *at = len ? memmem(text, len, name, sizeof(name) - 1) : NULL, *end = text + len;
	buf[0] = '\0';
	if (!at)
		return;
	for (at += sizeof(name) - 1; at < end && strchr(" :\t\r\n", *at); at++)
		;
	const char *from = at + 1, *to = from;
	if (at >= end || *at != '"')
		return;
	while (to < end && *to != '"')
		to++;
	if (to < end && !strncmp(from, "http", 4))
		wash(buf, size, from, (size_t)(to - from));
}
