#include "backends/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define JSON_ITEM_ROOM (sizeof(cJSON) + 16)
#define YEAR_2001_MS 978307200000

/* The string begins at bytes[at] with a quote. Returns the position of its end. */
static size_t json_string_end(const char *bytes, size_t len, size_t at)
{
	for (at++; at < len && bytes[at] != '"'; at++)
		at += bytes[at] == '\\';
	return at < len ? at : len;
}

/* A value follows each opening bracket, comma and colon. Brackets and commas count as one item
 * each. Colons do not count, because a member's name and its value are one item in cJSON. */
struct json_size json_size(const char *bytes, size_t len)
{
	struct json_size size = { .tree = JSON_ITEM_ROOM };
	size_t open = 0;
	for (size_t at = 0; at < len; at++) {
		size_t end;
		switch (bytes[at]) {
		case '[':
		case '{':
			open++;
			size.nested = open > size.nested ? open : size.nested;
			size.tree += JSON_ITEM_ROOM;
			break;
		case ']':
		case '}': open -= open > 0; break;
		case ',': size.tree += JSON_ITEM_ROOM; break;
		case '"':
			end = json_string_end(bytes, len, at);
			/* Memory of a string. cJSON adds two bytes and malloc adds its own word.
			 * The sum is rounded up to a multiple of 16, and is at least 32. */
			size_t room = (end - at - 1 + 2 + 8 + 15) / 16 * 16;
			size.tree += room < 32 ? 32 : room;
			at = end;
			break;
		}
	}
	return size;
}

bool json_fits(const char *what, const char *bytes, size_t len, struct err *err)
{
	struct json_size size = json_size(bytes, len);
	if (size.nested > JSON_NESTED_MAX)
		return err_set(err, ERR_TOO_BIG,
		               "%s has brackets nested %zu deep; more than %d are not read", what,
		               size.nested, JSON_NESTED_MAX);
	if (size.tree > JSON_TREE_MAX)
		return err_set(err, ERR_TOO_BIG,
		               "%s is %zu KB that would take %zu MB to read; more than %u MB are "
		               "not read",
		               what, (len + 1023) >> 10, size.tree >> 20, JSON_TREE_MAX >> 20);
	return true;
}

static bool json_within_bounds(const char *bytes, size_t len)
{
	struct json_size size = json_size(bytes, len);
	return len && size.nested <= JSON_NESTED_MAX && size.tree <= JSON_TREE_MAX;
}

cJSON *json_parse(const char *bytes, size_t len)
{
	return json_within_bounds(bytes, len) ? cJSON_ParseWithLength(bytes, len) : NULL;
}

static size_t json_blanks(const char *bytes, size_t len, size_t at)
{
	while (at < len && bytes[at] && strchr(" \t\r\n", bytes[at]))
		at++;
	return at;
}

static void json_drop(cJSON *o, enum json_keep (*keep)(cJSON *))
{
	bool object = cJSON_IsObject(o);
	for (cJSON *v = object || cJSON_IsArray(o) ? o->child : NULL, *next; v; v = next) {
		next = v->next;
		enum json_keep kept = object ? keep(v) : JSON_KEEP;
		if (kept == JSON_DROP)
			cJSON_Delete(cJSON_DetachItemViaPointer(o, v));
		else if (kept == JSON_KEEP)
			json_drop(v, keep);
	}
}

/* cJSON turns \u0000 into a NUL, which ends the text there silently. NULL: no such text. The
 * caller frees. */
static char *json_without_nul(const char *bytes, size_t len)
{
	static const char nul[] = "\\u0000", sign[] = "\\ufffd";
	const size_t n = sizeof(nul) - 1;
	if (!len || !memmem(bytes, len, nul, n))
		return NULL;
	char *copy = xcalloc(1, len);
	memcpy(copy, bytes, len);
	for (size_t i = 0; i + n <= len; i++) {
		if (copy[i] != '\\')
			continue;
		if (!memcmp(copy + i, nul, n))
			memcpy(copy + i, sign, n);
		i++; /* what a backslash escapes begins nothing */
	}
	return copy;
}

void json_reduce(const char *bytes, size_t len, enum json_keep (*keep)(cJSON *), struct buf *out)
{
	char *copy = json_without_nul(bytes, len);
	cJSON *o = json_parse(copy ? copy : bytes, len);
	free(copy);
	json_drop(o, keep);
	char *text = o ? cJSON_PrintUnformatted(o) : NULL;
	if (text)
		buf_puts(out, text);
	cJSON_free(text);
	cJSON_Delete(o);
}

cJSON *json_whole(const char *bytes, size_t len)
{
	const char *rest = NULL;
	if (!json_within_bounds(bytes, len))
		return NULL;
	cJSON *o = cJSON_ParseWithLengthOpts(bytes, len, &rest, 0);
	if (o && rest && json_blanks(bytes, len, (size_t)(rest - bytes)) == len)
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* The position after the value that begins at bytes[at]. len + 1 if the value does not end. */
static size_t json_value_end(const char *bytes, size_t len, size_t at)
{
	size_t open = 0;
	for (; at < len; at++) {
		char c = bytes[at];
		if (c == '"')
			at = json_string_end(bytes, len, at);
		else if (c == '[' || c == '{')
			open++;
		else if (!open && (c == ']' || c == '}' || c == ',' || c == ':'))
			return at;
		else if (c == ']' || c == '}')
			open--;
		else if (!c)
			return len + 1;
		if (!open && (c == ']' || c == '}' || c == '"'))
			return at < len ? at + 1 : len + 1;
	}
	return open ? len + 1 : len;
}

/* The position after the next comma, or after the closing bracket (*last). len + 1 if neither
 * follows. */
static size_t json_next(const char *bytes, size_t len, size_t at, char end, bool *last)
{
	at = json_blanks(bytes, len, at);
	if (at >= len || (bytes[at] != ',' && bytes[at] != end))
		return len + 1;
	*last = bytes[at] == end;
	return at + 1;
}

bool json_member(const char *bytes, size_t len, const char *name, const char **value,
                 size_t *value_len)
{
	size_t at = json_blanks(bytes, len, 0), name_len = strlen(name);
	bool last = at >= len || bytes[at] != '{';
	for (at++; !last && at < len;) {
		size_t key = json_blanks(bytes, len, at), key_end = json_value_end(bytes, len, key);
		size_t colon = key_end <= len ? json_blanks(bytes, len, key_end) : len;
		if (colon >= len || bytes[key] != '"' || bytes[colon] != ':')
			return false;
		size_t from = json_blanks(bytes, len, colon + 1),
		       to = json_value_end(bytes, len, from);
		if (to > len || to == from) /* cut inside the value, or before it */
			return false;
		if (key_end - key == name_len + 2 && memcmp(bytes + key + 1, name, name_len) == 0) {
			*value = bytes + from;
			*value_len = to - from;
			return true;
		}
		at = json_next(bytes, len, to, '}', &last);
	}
	return false;
}

long json_count(const char *bytes, size_t len)
{
	long n = 0;
	size_t at = json_blanks(bytes, len, 0);
	if (at >= len || bytes[at] != '[')
		return -1;
	size_t first = json_blanks(bytes, len, at + 1);
	bool last = first < len && bytes[first] == ']';
	at = last ? first + 1 : first;
	while (!last) {
		size_t from = json_blanks(bytes, len, at), to = json_value_end(bytes, len, from);
		cJSON *o = to <= len ? json_parse(bytes + from, to - from) : NULL;
		if (!o)
			return -1;
		cJSON_Delete(o);
		n++;
		at = json_next(bytes, len, to, ']', &last);
		if (at > len)
			return -1;
	}
	return json_blanks(bytes, len, at) == len ? n : -1;
}

/* One token without its escapes. ~1 is a slash and ~0 a tilde (RFC 6901 4). The caller frees. */
static char *json_token(const char *at, size_t len)
{
	char *token = xcalloc(1, len + 1), *to = token;
	for (size_t i = 0; i < len; i++) {
		bool escape = at[i] == '~' && i + 1 < len && (at[i + 1] == '0' || at[i + 1] == '1');
		*to++ = at[i];
		if (escape)
			to[-1] = at[++i] == '1' ? '/' : '~';
	}
	return token;
}

const cJSON *json_pointer(const cJSON *at, const char *pointer)
{
	while (at && *pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");
		char *token = json_token(pointer + 1, len);
		size_t digits = strspn(token, "0123456789");
		/* an index has no sign and no leading zero */
		bool is_index = digits && digits <= 9 && !token[digits] &&
		                (digits == 1 || *token != '0');
		if (!cJSON_IsArray(at))
			at = cJSON_GetObjectItemCaseSensitive(at, token);
		else
			at = is_index ? cJSON_GetArrayItem(at, number_int(token)) : NULL;
		free(token);
		pointer += 1 + len;
	}
	return *pointer ? NULL : at;
}

const cJSON *vj_get(const cJSON *o, const char *name, const char *other)
{
	const cJSON *v = cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, name) : NULL;
	return v || !other || !cJSON_IsObject(o) ? v : cJSON_GetObjectItemCaseSensitive(o, other);
}

bool vj_text(const cJSON *o, const char *name, const char *other, char *buf, size_t size)
{
	const cJSON *v = vj_get(o, name, other);
	buf[0] = '\0';
	if (cJSON_IsString(v))
		wash(buf, size, v->valuestring, strlen(v->valuestring));
	else if (cJSON_IsNumber(v) && fabs(v->valuedouble) < 9e15)
		snprintf(buf, size, "%.0f", v->valuedouble);
	return buf[0] != '\0';
}

bool vj_true(const cJSON *o, const char *name, const char *other)
{
	return cJSON_IsTrue(vj_get(o, name, other));
}

static int64_t json_do_whole(const cJSON *v, int64_t otherwise)
{
	double d;
	if (cJSON_IsNumber(v))
		d = v->valuedouble;
	else if (cJSON_IsString(v))
		d = strtod(v->valuestring, NULL);
	else
		d = NAN;
	return number_whole(d, otherwise);
}

int64_t vj_int(const cJSON *o, const char *name, const char *other, int64_t otherwise)
{
	const cJSON *v = vj_get(o, name, other);
	return v ? json_do_whole(v, otherwise) : otherwise;
}

int64_t vj_time(const cJSON *o, const char *name, const char *other)
{
	const cJSON *v = vj_get(o, name, other);
	int64_t ms = 0;
	if (cJSON_IsString(v))
		ms = parse_rfc3339_ms(v->valuestring);
	else if (cJSON_IsObject(v))
		ms = vj_int(v, "seconds", "Seconds", 0) * 1000 +
		     vj_int(v, "nanos", "Nanos", 0) / 1000000;
	else if (cJSON_IsNumber(v))
		ms = json_do_whole(v, 0) * 1000;
	/* The year 1970 marks a key that was made to expire. The year 1 marks an unknown time. */
	return ms > YEAR_2001_MS && ms < 253402300800000 ? ms : 0;
}

int64_t vj_http_date_ms(const char *date)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4] = "";
	if (sscanf(date, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month, &tm.tm_year,
	           &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	const char *at = strlen(month) == 3 ? strstr(months, month) : NULL;
	if (!at || (at - months) % 3 || tm.tm_year < 2001)
		return 0;
	tm.tm_mon = (int)(at - months) / 3;
	tm.tm_year -= 1900;
	return (int64_t)timegm(&tm) * 1000;
}

void vj_words(const cJSON *array, char *buf, size_t size)
{
	const cJSON *v;
	size_t used = 0;
	buf[0] = '\0';
	if (!cJSON_IsArray(array))
		return;
	cJSON_ArrayForEach (v, array) {
		char word[160];
		if (!cJSON_IsString(v))
			continue;
		wash(word, sizeof(word), v->valuestring, strlen(v->valuestring));
		if (!*word || used + strlen(word) + 3 > size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", word);
	}
}

#define DOCUMENT_TRIES 64 /* a warning has a line or two */

cJSON *vj_document(const char *text, size_t len)
{
	const char *end = text + len;
	int tries = 0;
	const char *p = text;
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	/* Indented lines are inside a document, so no document begins there. */
	for (; p < end && tries < DOCUMENT_TRIES; tries++) {
		cJSON *o = *p && strchr("[{n", *p) ? json_whole(p, (size_t)(end - p)) : NULL;
		if (o)
			return o;
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		p = nl ? nl + 1 : end;
	}
	return NULL;
}

cJSON *vj_read(const char *json, size_t len, const char *who, struct err *err)
{
	char said[100];
	snprintf(said, sizeof(said), "%.70s's answer", who);
	if (!json_fits(said, json, len, err))
		return NULL;
	cJSON *o = json_parse(json, len);
	if (o)
		return o;
	size_t skip = 0;
	while (skip < len && strchr(" \t\r\n", json[skip]))
		skip++;
	wash(said, sizeof(said), json + skip, len - skip);
	if (skip < len && json[skip] == '<')
		err_set(err, ERR_GARBLED,
		        "%s answered with a web page instead of JSON; a proxy or another program "
		        "answers in its place: %s",
		        who, said);
	else if (skip == len)
		err_set(err, ERR_GARBLED, "%s answered nothing", who);
	else if (json[skip] == '{' || json[skip] == '[')
		err_set(err, ERR_GARBLED, "%s's answer was cut off or is not JSON: %s", who, said);
	else
		err_set(err, ERR_GARBLED, "%s said: %s", who, said);
	return NULL;
}
