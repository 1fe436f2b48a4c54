/* dns_parse.c: answers of Hetzner's Cloud API about DNS, and records as they are typed. Pure. */
#include "backends/systems/dns_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

static const char dns_between[] = " ; ";

static bool dns_same(const cJSON *o, const char *name, const char *kept)
{
	const char *text = cJSON_GetStringValue(vj_get(o, name, NULL));
	return text && !strcmp(text, kept);
}

/* All entries of the list, of all pages. 0: not stated. */
static size_t dns_total(const cJSON *root)
{
	const cJSON *page = vj_get(vj_get(root, "meta", NULL), "pagination", NULL);
	int64_t total = vj_int(page, "total_entries", NULL, 0);
	return total > 0 && total < DNS_TOTAL_MAX ? (size_t)total : 0;
}

bool dns_zones_parse(const char *json, size_t len, struct dns_zones *l, struct err *err)
{
	*l = (struct dns_zones){ 0 };
	cJSON *root = vj_read(json, len, "Hetzner", err);
	const cJSON *list = vj_get(root, "zones", NULL);
	bool good = cJSON_IsArray(list);
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "the answer is not a list of zones; url must be that of the Cloud API, "
		        "https://api.hetzner.cloud");
	for (const cJSON *v = good ? list->child : NULL; v; v = v->next) {
		struct dns_zone *z = &l->at[l->n];
		if (l->n == DNS_ZONES_MAX) {
			l->left_out++;
			continue;
		}
		*z = (struct dns_zone){ .id = vj_int(v, "id", NULL, 0),
			                .ttl = vj_int(v, "ttl", NULL, 0),
			                .records = vj_int(v, "record_count", NULL, 0) };
		vj_text(v, "status", NULL, z->status, sizeof(z->status));
		vj_text(v, "mode", NULL, z->mode, sizeof(z->mode));
		l->n += vj_text(v, "name", NULL, z->name, sizeof(z->name)) && z->id > 0;
	}
	size_t listed = good ? (size_t)cJSON_GetArraySize(list) : 0, total = dns_total(root);
	if (good && total > listed)
		l->left_out += total - listed; /* on further pages */
	cJSON_Delete(root);
	return good;
}

static bool dns_add_value(struct dns_set *s, const cJSON *record)
{
	size_t used = strlen(s->values);
	const char *value = cJSON_GetStringValue(vj_get(record, "value", NULL));
	if (!value)
		return false;
	char *clean = wash_dup(value, 0);
	size_t room = sizeof(s->values) - used;
	int n = snprintf(s->values + used, room, "%s%s", used ? dns_between : "", clean);
	bool whole = !strcmp(clean, value) && n >= 0 && (size_t)n < room;
	whole = whole && !strstr(clean, dns_between); /* would be read back as two values */
	free(clean);
	return whole;
}

/* Are the values, typed back as they are shown, the values there? Text that is refused does no
 * harm. */
static bool dns_reads_back(const struct dns_set *s, const cJSON *records)
{
	struct dns_typed t;
	size_t n = (size_t)cJSON_GetArraySize(records), i = 0;
	const cJSON *record;
	if (!dns_typed_read(&t, s->values, false, NULL))
		return true;
	bool same = t.n == n && !t.ttl;
	cJSON_ArrayForEach (record, records)
		same = same && dns_same(record, "value", t.values[i++]);
	return same;
}

static bool dns_set_read(const cJSON *o, struct dns_set *s)
{
	const cJSON *records = vj_get(o, "records", NULL), *record;
	*s = (struct dns_set){ .ttl = vj_int(o, "ttl", NULL, 0),
		               .is_protected = vj_true(vj_get(o, "protection", NULL), "change",
		                                       NULL) };
	bool named = vj_text(o, "name", NULL, s->name, sizeof(s->name)) &&
	             vj_text(o, "type", NULL, s->type, sizeof(s->type));
	s->exact = named && dns_same(o, "name", s->name) && dns_same(o, "type", s->type) &&
	           cJSON_IsArray(records);
	cJSON_ArrayForEach (record, records)
		s->exact = dns_add_value(s, record) && s->exact;
	s->exact = s->exact && dns_reads_back(s, records);
	return named;
}

bool dns_sets_parse(const char *json, size_t len, struct dns_sets *l, struct err *err)
{
	*l = (struct dns_sets){ 0 };
	cJSON *root = vj_read(json, len, "Hetzner", err);
	const cJSON *list = vj_get(root, "rrsets", NULL);
	bool good = cJSON_IsArray(list);
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of record sets");
	for (const cJSON *v = good ? list->child : NULL; v; v = v->next) {
		if (l->n == DNS_SETS_MAX)
			l->left_out++;
		else
			l->n += dns_set_read(v, &l->at[l->n]);
	}
	l->total = good ? dns_total(root) : 0;
	cJSON_Delete(root);
	return good;
}

bool dns_action_parse(const char *json, size_t len, struct dns_action *a)
{
	cJSON *root = json_parse(json, len);
	const cJSON *action = vj_get(root, "action", NULL);
	*a = (struct dns_action){ .id = vj_int(action, "id", NULL, 0) };
	vj_text(action, "status", NULL, a->status, sizeof(a->status));
	vj_text(vj_get(action, "error", NULL), "message", NULL, a->error, sizeof(a->error));
	cJSON_Delete(root);
	return a->id > 0 && *a->status;
}

/* --- what is typed -------------------------------------------------------- */

/* The next word; the text moves behind it and its blanks. */
static size_t dns_word(const char **text, const char **word)
{
	*word = *text + strspn(*text, " ");
	size_t n = strcspn(*word, " ");
	*text = *word + n + strspn(*word + n, " ");
	return n;
}

static bool dns_typed_name(struct dns_typed *t, const char **text, struct err *err)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz0123456789._-*";
	static const char *const types[] = { "A",     "AAAA",  "CAA",  "CNAME", "DS",
		                             "HINFO", "HTTPS", "MX",   "NS",    "PTR",
		                             "RP",    "SRV",   "SVCB", "TLSA",  "TXT" };
	const char *word;
	size_t n = dns_word(text, &word);
	bool is_top = n == 1 && *word == '@', is_type = false;
	if (!is_top && (!n || n >= DNS_NAME_SIZE - 2 || strspn(word, signs) < n))
		return err_set(err, ERR_USAGE,
		               "\"%.*s\" is not a name of a record: expected www, *.dev or @ for "
		               "the zone itself, in lower case",
		               (int)(n < 60 ? n : 60), word);
	snprintf(t->name, sizeof(t->name), "%.*s", (int)n, word);
	n = dns_word(text, &word);
	snprintf(t->type, sizeof(t->type), "%.*s", (int)(n < 11 ? n : 11), word);
	for (char *c = t->type; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		is_type = is_type || !strcmp(types[i], t->type);
	if (!is_type)
		return err_set(err, ERR_USAGE,
		               "\"%s\" is not a type of a record: expected A, AAAA, CNAME, MX, TXT "
		               "...; as in: www A 192.0.2.7 ttl=300",
		               t->type);
	return true;
}

/* Takes "ttl=300" off the end. */
static bool dns_typed_ttl(struct dns_typed *t, char *text, struct err *err)
{
	char *at = strstr(text, "ttl=");
	while (at && strstr(at + 1, "ttl="))
		at = strstr(at + 1, "ttl=");
	if (!at || (at > text && at[-1] != ' '))
		return true;
	size_t n = strspn(at + 4, "0123456789");
	if (at[4 + n])
		return true; /* it stands inside a value */
	t->ttl = number_read(at + 4, 60, 2147483647, 0);
	while (at > text && at[-1] == ' ')
		at--;
	*at = '\0';
	return t->ttl ? true : err_set(err, ERR_USAGE, "ttl= wants seconds, from 60 on");
}

bool dns_typed_read(struct dns_typed *t, const char *text, bool with_name, struct err *err)
{
	*t = (struct dns_typed){ 0 };
	text = text ? text : "";
	if (with_name && !dns_typed_name(t, &text, err))
		return false;
	char *rest = xstrdup(text + strspn(text, " "));
	bool good = dns_typed_ttl(t, rest, err);
	char *p = rest;
	while (good && *p && t->n < DNS_VALUES) {
		char *end = strstr(p, dns_between);
		size_t n = end ? (size_t)(end - p) : strlen(p);
		if (n >= sizeof(t->values[0]))
			good = err_set(err, ERR_USAGE, "a value is longer than %zu bytes",
			               sizeof(t->values[0]) - 1);
		else if (n)
			snprintf(t->values[t->n++], sizeof(t->values[0]), "%.*s", (int)n, p);
		p += n + (end ? strlen(dns_between) : 0);
	}
	if (good && *p)
		good = err_set(err, ERR_USAGE,
		               "these are more than %d values: mocr writes at most %d for one "
		               "record; nothing was changed",
		               DNS_VALUES, DNS_VALUES);
	free(rest);
	if (good && !t->n)
		good = err_set(err, ERR_USAGE,
		               "there is no value: expected %s192.0.2.7 ttl=300; separate "
		               "several values by \" ; \"",
		               with_name ? "www A " : "");
	return good;
}

char *dns_body(const struct dns_typed *t, bool with_name)
{
	cJSON *o = cJSON_CreateObject();
	if (with_name) {
		cJSON_AddStringToObject(o, "name", t->name);
		cJSON_AddStringToObject(o, "type", t->type);
	}
	if (with_name && t->ttl)
		cJSON_AddNumberToObject(o, "ttl", (double)t->ttl);
	cJSON *records = cJSON_AddArrayToObject(o, "records");
	for (size_t i = 0; i < t->n; i++) {
		cJSON *record = cJSON_CreateObject();
		cJSON_AddStringToObject(record, "value", t->values[i]);
		cJSON_AddItemToArray(records, record);
	}
	char *body = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return body;
}
