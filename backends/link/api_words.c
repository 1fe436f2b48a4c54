/* api_words.c: the pure functions of api.h: urls, error messages of refusals, Retry-After (RFC 9110
 * 10.2.3). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/link/link.h"

#define RETRY_MAX_S (7 * 86400)

/* Splits "host", "host:80" or "[::1]:80" into the length of the name and the port. */
static bool api_words_split_port(const char *at, size_t n, size_t *name, int *port)
{
	const char *close = *at == '[' ? memchr(at, ']', n) : NULL;
	const char *from = close ? close : at, *colon = memchr(from, ':', n - (size_t)(from - at));
	char *end;
	*name = colon ? (size_t)(colon - at) : n;
	if (!colon)
		return true;
	long value = isdigit((unsigned char)colon[1]) ? strtol(colon + 1, &end, 10) : 0;
	if (value < 1 || value > 65535 || end != at + n)
		return false;
	*port = (int)value;
	return true;
}

bool api_url_endpoint(const char *url, struct endpoint *endpoint, char *host, size_t size,
                      const char **prefix, size_t *prefix_len)
{
	bool tls = !strncmp(url, "https://", 8);
	if (!tls && strncmp(url, "http://", 7) != 0)
		return false;
	const char *at = url + (tls ? 8 : 7);
	size_t n = strcspn(at, "/?#"), name;
	int port = tls ? 443 : 80;
	if (!n || at[n] == '?' || at[n] == '#' || !api_words_split_port(at, n, &name, &port) ||
	    !name || name >= size)
		return false;
	for (size_t i = 0; i < name; i++)
		if (!isalnum((unsigned char)at[i]) && !strchr("-._[]:", at[i]))
			return false;
	snprintf(host, size, "%.*s", (int)name, at);
	*endpoint = (struct endpoint){
		.kind = ENDPOINT_TCP, .host = host, .port = port, .tls = tls
	};
	*prefix = at + n;
	*prefix_len = strlen(*prefix);
	while (*prefix_len && (*prefix)[*prefix_len - 1] == '/')
		--*prefix_len;
	for (size_t i = 0; i < *prefix_len; i++)
		if (!isalnum((unsigned char)(*prefix)[i]) && !strchr("-._~/%", (*prefix)[i]))
			return false;
	return true;
}

static const char *api_words_text_of(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	if (cJSON_IsArray(v))
		v = v->child;
	if (cJSON_IsObject(v))
		v = cJSON_GetObjectItemCaseSensitive(v, "message");
	return cJSON_IsString(v) && *v->valuestring ? v->valuestring : NULL;
}

/* Appends one more message unless buf has it already. Long text is cut. */
static void api_words_add(char *buf, size_t size, const char *field, const char *text)
{
	char clean[200], name[60] = "";
	size_t used = strlen(buf);
	wash(clean, sizeof(clean), text, strlen(text));
	if (!*clean || strstr(buf, clean))
		return;
	if (field)
		wash(name, sizeof(name), field, strlen(field));
	const char *semi = used ? "; " : "";
	char *more = xasprintf("%s%s%s%s", semi, name, *name ? ": " : "", clean);
	wash(buf + used, size - used, more, strlen(more));
	free(more);
}

/* Adds the messages of {"name":["is taken"]}, {"name":"is taken"} or
 * [{"message":"x","path":["name"]}]. */
static void api_words_add_fields(char *buf, size_t size, const cJSON *list)
{
	const cJSON *v;
	if (!cJSON_IsObject(list) && !cJSON_IsArray(list))
		return;
	cJSON_ArrayForEach (v, list) {
		const cJSON *first = cJSON_IsArray(v) ? v->child : v;
		const cJSON *path = cJSON_IsObject(v) ? cJSON_GetObjectItemCaseSensitive(v, "path")
		                                      : NULL;
		const char *field = cJSON_IsArray(path) && cJSON_IsString(path->child)
		                            ? path->child->valuestring
		                            : v->string;
		const char *text;
		if (cJSON_IsString(first))
			text = first->valuestring;
		else if (cJSON_IsObject(v))
			text = api_words_text_of(v, "message");
		else
			text = NULL;
		if (text)
			api_words_add(buf, size, field, text);
	}
}

static void api_words_words_of_json(char *buf, size_t size, const cJSON *o)
{
	static const char *const names[] = { "message", "error", "detail", "title" };
	/* OpenCode 1.x: {"name":"NotFoundError","data":{"message":"..."}} */
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
	const char *text = api_words_text_of(data, "message");
	for (size_t i = 0; i < ARRAY_LEN(names) && !text; i++)
		text = api_words_text_of(o, names[i]);
	if (text)
		api_words_add(buf, size, NULL, text);
	api_words_add_fields(buf, size, cJSON_GetObjectItemCaseSensitive(o, "errors"));
	api_words_add_fields(buf, size, cJSON_GetObjectItemCaseSensitive(o, "issues"));
	text = *buf ? NULL : api_words_text_of(o, "name");
	if (text)
		api_words_add(buf, size, NULL, text);
}

static void api_words_words_of_page(char *buf, size_t size, const char *body, size_t len)
{
	char title[100] = "";
	for (const char *at = body; (at = memchr(at, '<', len - (size_t)(at - body))); at++) {
		if (len - (size_t)(at - body) < 7 || strncasecmp(at, "<title>", 7) != 0)
			continue;
		const char *from = at + 7, *to = memchr(from, '<', len - (size_t)(from - body));
		if (to)
			wash(title, sizeof(title), from, (size_t)(to - from));
		break;
	}
	const char *clean = title + strspn(title, " ");
	snprintf(buf, size, "%s%s", *clean ? "a web page: " : "a web page", clean);
}

char *api_words(char *buf, size_t size, const char *body, size_t len)
{
	cJSON *o = json_parse(body, len);
	size_t skip = 0, n = 0;
	buf[0] = '\0';
	if (cJSON_IsObject(o))
		api_words_words_of_json(buf, size, o);
	else if (cJSON_IsString(o))
		api_words_add(buf, size, NULL, o->valuestring);
	cJSON_Delete(o);
	while (skip < len && strchr(" \t\r\n", body[skip]))
		skip++;
	while (skip + n < len && body[skip + n] != '\n')
		n++;
	if (!*buf && skip < len && body[skip] == '<')
		api_words_words_of_page(buf, size, body, len);
	else if (!*buf)
		wash(buf, size, body + skip, n);
	if (!*buf)
		snprintf(buf, size, "%s", "nothing");
	return buf;
}

int64_t api_retry_after(const char *value, int64_t wall_ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4];
	if (!value)
		return -1;
	value += strspn(value, " \t");
	if (isdigit((unsigned char)*value)) {
		char *end;
		long s = strtol(value, &end, 10);
		/* Discord says "64.57". The digits are rounded up to a whole millisecond, and
		 * strtod would depend on the locale. */
		int64_t part = 0, worth = 100;
		bool more = false;
		const char *digit = *end == '.' ? end + 1 : end;
		for (; isdigit((unsigned char)*digit); digit++) {
			part += (*digit - '0') * worth;
			more |= !worth && *digit != '0';
			worth /= 10;
		}
		part += more;
		return s >= RETRY_MAX_S ? (int64_t)RETRY_MAX_S * 1000 : (int64_t)s * 1000 + part;
	}
	if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d", &tm.tm_mday, month,
	           &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	const char *at = strstr(months, month);
	if (!at || (at - months) % 3 || strlen(month) != 3)
		return -1;
	tm.tm_mon = (int)(at - months) / 3;
	tm.tm_year -= 1900;
	int64_t ms = (int64_t)timegm(&tm) * 1000 - wall_ms;
	if (ms < 0)
		return 0;
	if (ms > (int64_t)RETRY_MAX_S * 1000)
		return (int64_t)RETRY_MAX_S * 1000;
	return ms;
}
