/* parse_hs.c: parses Headscale 0.23 to 0.30, REST and CLI. Both have different member names, and
 * nearly every release changed the shape. Each member is looked up by its REST name and its CLI
 * name, inside the wrapper object or without it.
 *
 * Source: Headscale's REST API (/swagger up to 0.29, /api/v1/openapi.yaml from 0.30) and its CLI,
 * tags v0.23.0 to v0.29.2. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/base/json.h"
#include "backends/vpn/parse.h"

#define MOST 10000
#define KEY_SHOWN 8      /* visible characters of an old key */
#define KEY_SHOWN_NEW 23 /* hskey-auth-PREFIXPREFIX: from 0.28 the prefix is not secret */

/* The array of an answer: bare, or a member. Empty arrays are often null or missing. */
static const cJSON *hs_parse_array_of(const cJSON *root, const char *name, const char *other)
{
	return cJSON_IsArray(root) ? root : vj_get(root, name, other);
}

/* Is the answer an error? For example {"message":...} with a code. */
static bool hs_parse_refused(const cJSON *root, const char *json, size_t len, struct err *err)
{
	char said[200];
	if (cJSON_IsArray(root) || cJSON_IsNull(root))
		return false;
	bool odd = !cJSON_IsObject(root) || vj_get(root, "message", "error") ||
	           vj_get(root, "detail", NULL);
	if (odd)
		err_set(err, ERR_REFUSED, "Headscale said: %s",
		        hs_message(said, sizeof(said), json, len));
	return odd;
}

/* Headscale's program prints warnings before its answer, about deprecated settings or a newer
 * release. */
static cJSON *hs_parse_read_answer(const char *json, size_t len, struct err *err)
{
	cJSON *root = vj_document(json, len);
	return root ? root : vj_read(json, len, "Headscale", err);
}

static void *hs_parse_table_for(const cJSON *array, size_t one)
{
	int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
	return xcalloc((size_t)(n < MOST ? n : MOST) + 1, one);
}

/* --- nodes --------------------------------------------------------------- */

static void hs_parse_read_user(const cJSON *o, char *buf, size_t size)
{
	const cJSON *u = vj_get(o, "user", "namespace");
	buf[0] = '\0';
	if (cJSON_IsString(u))
		wash(buf, size, u->valuestring, strlen(u->valuestring));
	else if (!vj_text(u, "name", NULL, buf, size) &&
	         !vj_text(u, "displayName", "display_name", buf, size))
		vj_text(u, "email", NULL, buf, size);
}

static bool hs_parse_has_word(const cJSON *array, const char *word)
{
	const cJSON *v;
	if (cJSON_IsArray(array))
		cJSON_ArrayForEach (v, array)
			if (cJSON_IsString(v) && !strcmp(v->valuestring, word))
				return true;
	return false;
}

static void hs_parse_read_routes(struct vpn_peer *p, const cJSON *o)
{
	const cJSON *there = vj_get(o, "availableRoutes", "available_routes"), *v;
	const cJSON *good = vj_get(o, "approvedRoutes", "approved_routes");
	vj_words(good, p->routes, sizeof(p->routes));
	p->exit_option = hs_parse_has_word(good, "0.0.0.0/0") || hs_parse_has_word(good, "::/0");
	size_t used = 0;
	if (!cJSON_IsArray(there))
		return;
	cJSON_ArrayForEach (v, there) {
		char one[64];
		if (!cJSON_IsString(v) || hs_parse_has_word(good, v->valuestring))
			continue;
		wash(one, sizeof(one), v->valuestring, strlen(v->valuestring));
		if (*one && used + strlen(one) + 3 < sizeof(p->offered))
			used += (size_t)snprintf(p->offered + used, sizeof(p->offered) - used,
			                         "%s%s", used ? ", " : "", one);
	}
}

static void hs_parse_read_node(struct vpn_peer *p, const cJSON *o)
{
	const cJSON *addrs = vj_get(o, "ipAddresses", "ip_addresses"), *v;
	*p = (struct vpn_peer){ .rx = -1, .tx = -1 };
	vj_text(o, "id", NULL, p->id, sizeof(p->id));
	vj_text(o, "nodeKey", "node_key", p->key, sizeof(p->key));
	vj_text(o, "name", NULL, p->host, sizeof(p->host));
	if (!vj_text(o, "givenName", "given_name", p->name, sizeof(p->name)))
		snprintf(p->name, sizeof(p->name), "%s", p->host);
	if (cJSON_IsArray(addrs))
		cJSON_ArrayForEach (v, addrs) {
			char clean[64];
			if (!cJSON_IsString(v) || p->n_addrs == VPN_ADDRS)
				continue;
			wash(clean, sizeof(clean), v->valuestring, strlen(v->valuestring));
			vpn_plain_address(p->addrs[p->n_addrs++], sizeof(p->addrs[0]), clean);
		}
	hs_parse_read_user(o, p->user, sizeof(p->user));
	/* From 0.28 there is one list of tags. Before, there were forced tags and tags that the
	 * policy allowed. */
	char valid[160];
	size_t size = sizeof(p->tags);
	vj_words(vj_get(o, "tags", NULL), p->tags, size);
	if (!*p->tags) {
		vj_words(vj_get(o, "forcedTags", "forced_tags"), p->tags, size);
		vj_words(vj_get(o, "validTags", "valid_tags"), valid, sizeof(valid));
		size_t used = strlen(p->tags);
		if (*valid && used + strlen(valid) + 3 < size)
			snprintf(p->tags + used, size - used, "%s%s", used ? ", " : "", valid);
	}
	hs_parse_read_routes(p, o);
	p->online = vj_true(o, "online", NULL);
	p->seen_ms = vj_time(o, "lastSeen", "last_seen");
	p->expiry_ms = vj_time(o, "expiry", NULL);
	p->created_ms = vj_time(o, "createdAt", "created_at");
}

bool hs_nodes_parse(struct vpn_list *list, const char *json, size_t len, struct err *err)
{
	*list = (struct vpn_list){ 0 };
	cJSON *root = hs_parse_read_answer(json, len, err);
	if (!root)
		return false;
	const cJSON *nodes = hs_parse_array_of(root, "nodes", "machines"), *o;
	if (!nodes && hs_parse_refused(root, json, len, err)) {
		cJSON_Delete(root);
		return false;
	}
	list->peers = hs_parse_table_for(nodes, sizeof(*list->peers));
	if (cJSON_IsArray(nodes))
		cJSON_ArrayForEach (o, nodes) {
			list->left_out += list->n == MOST;
			if (cJSON_IsObject(o) && list->n < MOST)
				hs_parse_read_node(&list->peers[list->n++], o);
		}
	cJSON_Delete(root);
	return true;
}

int hs_nodes_release(const char *json, size_t len)
{
	cJSON *root = vj_document(json, len);
	const cJSON *first = cJSON_GetArrayItem(hs_parse_array_of(root, "nodes", "machines"), 0);
	int release = vj_get(first, "approvedRoutes", "approved_routes") ||
	                              vj_get(first, "availableRoutes", "available_routes")
	                      ? 26
	                      : 0;
	if (vj_get(first, "tags", NULL) && !vj_get(first, "forcedTags", "forced_tags") && release)
		release = 28;
	cJSON_Delete(root);
	return release;
}

/* --- users, keys, routes ------------------------------------------------- */

bool hs_users_parse(struct hs_users *users, const char *json, size_t len, struct err *err)
{
	*users = (struct hs_users){ 0 };
	cJSON *root = hs_parse_read_answer(json, len, err);
	const cJSON *array = hs_parse_array_of(root, "users", NULL), *o;
	if (!root || (!array && hs_parse_refused(root, json, len, err))) {
		cJSON_Delete(root);
		return false;
	}
	users->at = hs_parse_table_for(array, sizeof(*users->at));
	if (cJSON_IsArray(array))
		cJSON_ArrayForEach (o, array) {
			if (!cJSON_IsObject(o) || users->n == MOST)
				continue;
			struct hs_user *u = &users->at[users->n++];
			vj_text(o, "id", NULL, u->id, sizeof(u->id));
			vj_text(o, "displayName", "display_name", u->display, sizeof(u->display));
			if (!vj_text(o, "name", NULL, u->name, sizeof(u->name)))
				vj_text(o, "email", NULL, u->name, sizeof(u->name));
		}
	cJSON_Delete(root);
	return true;
}

static void hs_parse_cut_key(char *buf, size_t size, const char *key)
{
	size_t n = strlen(key);
	const char *end = n > 3 ? key + n - 3 : "";
	/* From 0.28 lists contain only "hskey-auth-PREFIX-***". */
	if (!strcmp(end, "...") || !strcmp(end, "***")) {
		wash(buf, size, key, strlen(key));
		return;
	}
	bool prefixed = !strncmp(key, "hskey-auth-", 11);
	size_t most = prefixed ? KEY_SHOWN_NEW : KEY_SHOWN;
	if (n / 2 < most)
		most = n / 2;
	size_t kept = wash(buf, size > 4 ? size - 4 : 0, key, most);
	snprintf(buf + kept, size - kept, "...");
}

bool hs_keys_parse(struct hs_keys *keys, const char *json, size_t len, struct err *err)
{
	*keys = (struct hs_keys){ 0 };
	cJSON *root = hs_parse_read_answer(json, len, err);
	const cJSON *array = hs_parse_array_of(root, "preAuthKeys", "pre_auth_keys"), *o;
	if (!root || (!array && hs_parse_refused(root, json, len, err))) {
		cJSON_Delete(root);
		return false;
	}
	keys->at = hs_parse_table_for(array, sizeof(*keys->at));
	if (cJSON_IsArray(array))
		cJSON_ArrayForEach (o, array)
			if (cJSON_IsObject(o) && keys->n < MOST) {
				struct hs_key *k = &keys->at[keys->n++];
				char whole[160];
				vj_text(o, "id", NULL, k->id, sizeof(k->id));
				vj_text(o, "key", NULL, whole, sizeof(whole));
				hs_parse_cut_key(k->shown, sizeof(k->shown), whole);
				explicit_bzero(whole, sizeof(whole));
				hs_parse_read_user(o, k->user, sizeof(k->user));
				vj_words(vj_get(o, "aclTags", "acl_tags"), k->tags,
				         sizeof(k->tags));
				k->reusable = vj_true(o, "reusable", NULL);
				k->ephemeral = vj_true(o, "ephemeral", NULL);
				k->used = vj_true(o, "used", NULL);
				k->expiration_ms = vj_time(o, "expiration", NULL);
				k->created_ms = vj_time(o, "createdAt", "created_at");
			}
	cJSON_Delete(root);
	return true;
}

bool hs_routes_parse(struct hs_routes *routes, const char *json, size_t len, struct err *err)
{
	*routes = (struct hs_routes){ 0 };
	cJSON *root = hs_parse_read_answer(json, len, err);
	const cJSON *array = hs_parse_array_of(root, "routes", NULL), *o;
	if (!root || (!array && hs_parse_refused(root, json, len, err))) {
		cJSON_Delete(root);
		return false;
	}
	routes->at = hs_parse_table_for(array, sizeof(*routes->at));
	if (cJSON_IsArray(array))
		cJSON_ArrayForEach (o, array) {
			if (!cJSON_IsObject(o) || routes->n == MOST)
				continue;
			struct hs_route *r = &routes->at[routes->n++];
			vj_text(o, "id", NULL, r->id, sizeof(r->id));
			vj_text(vj_get(o, "node", "machine"), "id", NULL, r->node_id,
			        sizeof(r->node_id));
			vj_text(o, "prefix", NULL, r->prefix, sizeof(r->prefix));
			r->enabled = vj_true(o, "enabled", NULL);
			r->advertised = vj_true(o, "advertised", NULL);
		}
	cJSON_Delete(root);
	return true;
}

bool hs_new_key(char *buf, size_t size, const char *json, size_t len)
{
	cJSON *root = vj_document(json, len);
	/* The wrapped object, or the root itself. */
	const cJSON *o = vj_get(root, "preAuthKey", "pre_auth_key");
	bool ok = vj_text(cJSON_IsObject(o) ? o : root, "key", NULL, buf, size);
	cJSON_Delete(root);
	return ok;
}

bool hs_find_key(const char *word, const char *json, size_t len, char *key, size_t key_size,
                 char *user, size_t user_size)
{
	cJSON *root = vj_document(json, len);
	const cJSON *array = hs_parse_array_of(root, "preAuthKeys", "pre_auth_keys"), *o;
	bool found = false;
	size_t n = strcspn(word, ".");
	if (cJSON_IsArray(array))
		cJSON_ArrayForEach (o, array) {
			char id[24];
			const cJSON *u = vj_get(o, "user", NULL);
			if (found || !vj_text(o, "key", NULL, key, key_size))
				continue;
			vj_text(o, "id", NULL, id, sizeof(id));
			if (strcmp(id, word) != 0 && (n < 6 || strncmp(key, word, n) != 0))
				continue;
			if (cJSON_IsString(u))
				wash(user, user_size, u->valuestring, strlen(u->valuestring));
			else
				vj_text(u, "id", "name", user, user_size);
			found = true;
		}
	cJSON_Delete(root);
	if (!found)
		explicit_bzero(key, key_size);
	return found;
}

static void hs_parse_mask_keys_in(cJSON *o)
{
	for (cJSON *v = o ? o->child : NULL; v; v = v->next) {
		if (cJSON_IsString(v) && v->string && !strcmp(v->string, "key")) {
			char cut[40];
			hs_parse_cut_key(cut, sizeof(cut), v->valuestring);
			explicit_bzero(v->valuestring, strlen(v->valuestring));
			cJSON_SetValuestring(v, cut);
		} else {
			hs_parse_mask_keys_in(v);
		}
	}
}

void hs_mask_keys(struct buf *out, const char *json, size_t len)
{
	cJSON *root = vj_document(json, len);
	hs_parse_mask_keys_in(root);
	char *text = root ? cJSON_PrintUnformatted(root) : NULL;
	if (text)
		buf_puts(out, text);
	else {
		/* Text that is not JSON stays as the words of an error, without words as long as a
		 * key. */
		struct buf named = { 0 };
		mask_text(&named, json, len);
		if (named.len)
			mask_long_words(out, named.data, named.len);
		buf_finish(&named);
	}
	cJSON_free(text);
	cJSON_Delete(root);
}

/* --- version and error text ----------------------------------------------- */

int hs_version(const char *said, size_t len, char *text, size_t size)
{
	for (size_t i = 0; i + 3 < len; i++) {
		if (said[i] != '0' || said[i + 1] != '.' || !isdigit((unsigned char)said[i + 2]) ||
		    (i && isdigit((unsigned char)said[i - 1])))
			continue;
		size_t n = 2;
		int minor = 0;
		while (i + n < len && isdigit((unsigned char)said[i + n]) && n < 5)
			minor = minor * 10 + said[i + n++] - '0';
		while (i + n < len && n < 20 &&
		       (isalnum((unsigned char)said[i + n]) || strchr(".-", said[i + n])))
			n++;
		snprintf(text, size, "%.*s", (int)n, said + i);
		return minor;
	}
	snprintf(text, size, "%s", "");
	return 0;
}

const char *hs_message(char *buf, size_t size, const char *body, size_t len)
{
	cJSON *o = json_parse(body, len);
	if (!vj_text(o, "message", "error", buf, size) &&
	    !vj_text(o, "detail", "title", buf, size)) {
		size_t skip = 0;
		while (skip < len && strchr(" \t\r\n", body[skip]))
			skip++;
		size_t n = 0;
		while (skip + n < len && body[skip + n] != '\n')
			n++;
		/* a log line of the program: "2026-... FTL .../utils.go:124 > Could not connect:
		 * ..." */
		const char *said = n > 8 && memmem(body + skip, n, " FTL ", 5)
		                           ? memmem(body + skip, n, " > ", 3)
		                           : NULL;
		if (said) {
			n -= (size_t)(said + 3 - (body + skip));
			skip = (size_t)(said + 3 - body);
		}
		wash(buf, size, body + skip, n);
		if (*buf == '<')
			snprintf(buf, size, "%s", "a web page; a proxy stands in its place");
	}
	if (!*buf)
		snprintf(buf, size, "%s", "nothing");
	cJSON_Delete(o);
	return buf;
}

/* --- DNS records --------------------------------------------------------- */

bool dns_records_parse(struct dns_records *r, const char *json, size_t len, struct err *err)
{
	*r = (struct dns_records){ 0 };
	size_t blank = 0;
	while (blank < len && strchr(" \t\r\n", json[blank]))
		blank++;
	if (blank == len) { /* an empty file has no records yet */
		r->at = xcalloc(1, sizeof(*r->at));
		return true;
	}
	cJSON *root = vj_read(json, len, "the file of DNS records", err);
	const cJSON *o;
	if (!root)
		return false;
	if (!cJSON_IsArray(root)) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED, "the file of DNS records holds no list");
	}
	r->at = hs_parse_table_for(root, sizeof(*r->at));
	cJSON_ArrayForEach (o, root) {
		struct dns_record *one = &r->at[r->n];
		if (r->n == MOST || !vj_text(o, "name", NULL, one->name, sizeof(one->name)))
			continue;
		vj_text(o, "type", NULL, one->type, sizeof(one->type));
		vj_text(o, "value", NULL, one->value, sizeof(one->value));
		r->n++;
	}
	cJSON_Delete(root);
	return true;
}

char *dns_records_write(const struct dns_records *r)
{
	cJSON *root = cJSON_CreateArray();
	for (size_t i = 0; i < r->n; i++) {
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", r->at[i].name);
		cJSON_AddStringToObject(o, "type", r->at[i].type);
		cJSON_AddStringToObject(o, "value", r->at[i].value);
		cJSON_AddItemToArray(root, o);
	}
	char *text = cJSON_Print(root), *copy = xasprintf("%s\n", text ? text : "[]");
	cJSON_free(text);
	cJSON_Delete(root);
	return copy;
}

static bool hs_parse_dns_remove(struct dns_records *r, const struct dns_record *which,
                                struct err *err)
{
	size_t kept = 0, before = r->n;
	for (size_t i = 0; i < before; i++) {
		const struct dns_record *one = &r->at[i];
		bool hit = !strcmp(one->name, which->name) &&
		           (!*which->type || !strcmp(one->type, which->type)) &&
		           (!*which->value || !strcmp(one->value, which->value));
		if (!hit)
			r->at[kept++] = r->at[i];
	}
	r->n = kept;
	return kept < before || err_set(err, ERR_ABSENT, "there is no record %s %s %s", which->name,
	                                which->type, which->value);
}

bool dns_records_edit(struct dns_records *r, const char *words, struct err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*";
	char sign[8] = "";
	struct dns_record one = { .name = "" };
	int n = sscanf(words, "%7s %255s %7s %63s", sign, one.name, one.type, one.value);
	bool add = !strcmp(sign, "+") || !strcmp(sign, "add"),
	     remove = !strcmp(sign, "-") || !strcmp(sign, "remove");
	for (char *s = one.type; *s; s++)
		*s = (char)toupper((unsigned char)*s);
	size_t len = strspn(one.name, letters);
	bool is_name = len && len < 254 && !one.name[len];
	if ((!add && !remove) || n < 2 || !is_name)
		return err_set(err, ERR_USAGE,
		               "expected `+ NAME A ADDRESS` or `- NAME`, as in `+ mc.example A "
		               "100.64.0.1`");
	if (remove)
		return hs_parse_dns_remove(r, &one, err);
	if (strcmp(one.type, "A") != 0 && strcmp(one.type, "AAAA") != 0)
		return err_set(err, ERR_USAGE,
		               "only A and AAAA reach the clients, so there is no use in %s",
		               *one.type ? one.type : "no type");
	bool by_4 = !strcmp(one.type, "A");
	len = strspn(one.value, by_4 ? "0123456789." : "0123456789abcdefABCDEF:.");
	bool is_address = len && !one.value[len] && strchr(one.value, by_4 ? '.' : ':');
	if (n < 4 || !is_address)
		return err_set(err, ERR_USAGE, "\"%s\" is not an address for a record of type %s",
		               one.value, one.type);
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->at[i].name, one.name) && !strcmp(r->at[i].type, one.type) &&
		    !strcmp(r->at[i].value, one.value))
			return err_set(err, ERR_REFUSED, "%s %s %s is there already", one.name,
			               one.type, one.value);
	r->at = xrealloc(r->at, (r->n + 1) * sizeof(*r->at));
	r->at[r->n++] = one;
	return true;
}
