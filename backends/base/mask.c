#include "backends/base/mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"

#define NAME_MAX_LEN 128

static bool holds(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i + n <= len; i++)
		if (strncasecmp(s + i, word, n) == 0)
			return true;
	return false;
}

static bool ends(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && strncasecmp(s + len - n, word, n) == 0;
}

bool mask_is_secret(const char *s, size_t len)
{
	static const char *const anywhere[] = { "passw", "passphrase", "secret", "token", "credential", "apikey", "api_key",
	                                        "api-key", "private_key", "private-key", "privatekey", "access_key", "accesskey",
	                                        "auth_key", "authkey", "encryption_key", "master_key", "signing_key", "salt" };
	static const char *const at_end[] = { "_pass", "-pass", "_pwd", "-pwd", "_key", "-key", "_auth", "_dsn", "_psk", "_pat" };
	for (size_t i = 0; i < ARRAY_LEN(anywhere); i++)
		if (holds(s, len, anywhere[i]))
			return !ends(s, len, "_file") && !ends(s, len, "_path");   /* where it is, not what it is */
	for (size_t i = 0; i < ARRAY_LEN(at_end); i++)
		if (ends(s, len, at_end[i]))
			return !ends(s, len, "public_key");
	return (len == 4 && strncasecmp(s, "pass", 4) == 0) || (len == 3 && strncasecmp(s, "key", 3) == 0);
}

static bool is_name(unsigned char c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '.';
}

static bool is_stop(unsigned char c)
{
	return isspace(c) || c == '"' || c == '\'' || c == ',' || c == ';' || c == '&' || c == '\0';
}

/* The value that starts at s: up to its closing quote, or to what ends a bare word. */
static size_t value_len(const char *s, size_t len)
{
	size_t i = 0;
	char quote = len && (*s == '"' || *s == '\'') ? *s : 0;
	for (i = quote ? 1 : 0; i < len; i++) {
		if (quote && s[i] == quote)
			return i + 1;
		if (!quote && is_stop((unsigned char)s[i]))
			return i;
	}
	return i;
}

/* "user:word@" after "://": how many bytes of s the password takes, and where it starts. */
static size_t url_password(const char *s, size_t len, size_t *at)
{
	size_t colon = 0, i = 0;
	for (; i < len && !is_stop((unsigned char)s[i]) && s[i] != '/'; i++) {
		if (s[i] == ':' && !colon)
			colon = i + 1;
		if (s[i] == '@' && colon) {
			*at = colon;
			return i - colon;
		}
	}
	return 0;
}

/* A secret that begins right after text[i]: writes text[..i], the mask, and returns where to go on; or i. */
static size_t mask_here(struct buf *out, const char *text, size_t len, size_t i, size_t name)
{
	size_t at = 0, n;
	const char *s = text + i;
	if (len - i > 3 && strncmp(s, "://", 3) == 0 && (n = url_password(s + 3, len - i - 3, &at))) {
		buf_add(out, s, 3 + at);
		buf_puts(out, MASK);
		return i + 3 + at + n;
	}
	if ((*s == '=' || *s == ':') && name < i && mask_is_secret(text + name, i - name)) {
		size_t skip = 1;
		while (i + skip < len && *s == ':' && text[i + skip] == ' ')
			skip++;
		n = value_len(s + skip, len - i - skip);
		if (n && strncmp(s + skip, "//", 2) != 0) {
			buf_add(out, s, skip);
			buf_puts(out, MASK);
			return i + skip + n;
		}
	}
	return i;
}

static size_t mask_bearer(struct buf *out, const char *text, size_t len, size_t i)
{
	static const char *const kinds[] = { "Bearer ", "Basic " };
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		size_t n = strlen(kinds[k]);
		if (len - i > n + 8 && strncasecmp(text + i, kinds[k], n) == 0 && (i == 0 || !is_name((unsigned char)text[i - 1])) &&
		    value_len(text + i + n, len - i - n) >= 8) {
			buf_add(out, text + i, n);
			buf_puts(out, MASK);
			return i + n + value_len(text + i + n, len - i - n);
		}
	}
	return i;
}

void mask_text(struct buf *out, const char *text, size_t len)
{
	size_t name = 0;                  /* where the name began that text[i] may be part of */
	for (size_t i = 0; i < len;) {
		size_t next = mask_bearer(out, text, len, i);
		if (next == i && (text[i] == '=' || text[i] == ':'))
			next = mask_here(out, text, len, i, i - name > NAME_MAX_LEN ? i - NAME_MAX_LEN : name);
		if (next > i) {
			i = name = next;
			continue;
		}
		if (!is_name((unsigned char)text[i]))
			name = i + 1;
		buf_add(out, text + i, 1);
		i++;
	}
}

/* --- JSON --------------------------------------------------------------------------------------------------- */

static void set_string(cJSON *v, const char *s)
{
	cJSON_SetValuestring(v, s);
}

static void mask_string(cJSON *v)
{
	struct buf b;
	buf_init(&b, 0);
	mask_text(&b, v->valuestring, strlen(v->valuestring));
	if (b.data && strcmp(b.data, v->valuestring) != 0)
		set_string(v, b.data);
	buf_finish(&b);
}

static bool is_option(const char *s)
{
	return *s == '-' && !strchr(s, '=') && !strchr(s, ' ') && (mask_is_secret(s, strlen(s)) || strcmp(s, "-p") == 0);
}

/* NAME=VALUE whole: everything behind the sign is the value, blanks and all. */
static bool mask_assignment(cJSON *v)
{
	const char *eq = strchr(v->valuestring, '=');
	if (!eq || strcspn(v->valuestring, " \t\n") < (size_t)(eq - v->valuestring) ||
	    !mask_is_secret(v->valuestring, (size_t)(eq - v->valuestring)) || !eq[1])
		return false;
	char *masked = xasprintf("%.*s=" MASK, (int)(eq - v->valuestring), v->valuestring);
	set_string(v, masked);
	free(masked);
	return true;
}

static void walk(cJSON *v, bool secret);

static void walk_members(cJSON *v)
{
	bool after_option = false;
	for (cJSON *child = v->child; child; child = child->next) {
		bool secret = after_option || (child->string && mask_is_secret(child->string, strlen(child->string)));
		after_option = cJSON_IsArray(v) && cJSON_IsString(child) && is_option(child->valuestring);
		walk(child, secret);
	}
}

static void walk(cJSON *v, bool secret)
{
	if (!cJSON_IsString(v)) {
		walk_members(v);
	} else if (secret && *v->valuestring) {
		set_string(v, MASK);
	} else if (!mask_assignment(v)) {
		mask_string(v);
	}
}

void mask_json(struct buf *out, const char *json, size_t len)
{
	cJSON *root = json_parse(json, len);
	if (!root) {
		mask_text(out, json, len);
		return;
	}
	walk(root, false);
	char *printed = cJSON_PrintUnformatted(root);
	if (printed)
		buf_puts(out, printed);
	cJSON_free(printed);
	cJSON_Delete(root);
}
