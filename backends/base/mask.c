#include "backends/base/mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"

#define NAME_MAX_LEN 128
#define LONG_WORD 24 /* bytes; no key is shorter, and few words are as long */

static bool mask_holds(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i + n <= len; i++)
		if (strncasecmp(s + i, word, n) == 0)
			return true;
	return false;
}

static bool mask_ends(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && strncasecmp(s + len - n, word, n) == 0;
}

bool mask_is_secret(const char *s, size_t len)
{
	static const char *const anywhere[] = {
		"passw",          "passphrase", "secret",      "token",       "credential",
		"apikey",         "api_key",    "api-key",     "private_key", "private-key",
		"privatekey",     "access_key", "accesskey",   "auth_key",    "authkey",
		"encryption_key", "master_key", "signing_key", "salt"
	};
	static const char *const at_end[] = { "_pass", "-pass", "_pwd", "-pwd", "_key",
		                              "-key",  "_auth", "_dsn", "_psk", "_pat" };
	for (size_t i = 0; i < ARRAY_LEN(anywhere); i++)
		if (mask_holds(s, len, anywhere[i]))
			/* names the place of a secret, not the secret */
			return !mask_ends(s, len, "_file") && !mask_ends(s, len, "_path");
	for (size_t i = 0; i < ARRAY_LEN(at_end); i++)
		if (mask_ends(s, len, at_end[i]))
			return !mask_ends(s, len, "public_key");
	return (len == 4 && strncasecmp(s, "pass", 4) == 0) ||
	       (len == 3 && strncasecmp(s, "key", 3) == 0);
}

static bool mask_is_name(unsigned char c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '.';
}

static bool mask_is_stop(unsigned char c)
{
	return isspace(c) || c == '"' || c == '\'' || c == ',' || c == ';' || c == '&' || c == '\0';
}

/* Length of the value at s: up to its closing quote, or to the end of a bare word. */
static size_t mask_value_len(const char *s, size_t len)
{
	size_t i = 0;
	char quote = len && (*s == '"' || *s == '\'') ? *s : 0;
	for (i = quote ? 1 : 0; i < len; i++) {
		if (quote && s[i] == '\\' && i + 1 < len)
			i++;
		else if (quote && s[i] == quote)
			return i + 1;
		if (!quote && mask_is_stop((unsigned char)s[i]))
			return i;
	}
	return i;
}

/* Length of a value that starts with an escaped quote, up to the next escaped quote. s is behind
 * the backslash. */
static size_t mask_escaped_len(const char *s, size_t len)
{
	for (size_t i = 1; i + 1 < len; i++)
		if (s[i] == '\\' && s[i + 1] == *s)
			return i + 2;
	return len;
}

/* Finds the password in "user:word@" after "://". Returns its length in bytes; *at gets its
 * position in s. */
static size_t mask_url_password(const char *s, size_t len, size_t *at)
{
	size_t colon = 0, i = 0;
	for (; i < len && !mask_is_stop((unsigned char)s[i]) && s[i] != '/'; i++) {
		if (s[i] == ':' && !colon)
			colon = i + 1;
		if (s[i] == '@' && colon) {
			*at = colon;
			return i - colon;
		}
	}
	return 0;
}

static bool mask_is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* Whether the quoted word at text[from] ends a value or a URL, as in `"https://h/?token=x": why`.
 * Then it names nothing. */
static bool mask_is_value_end(const char *text, size_t from)
{
	size_t word = from;
	if (from && text[from - 1] == '=')
		return true;
	while (word && !mask_is_quote(text[word - 1]) && !isspace((unsigned char)text[word - 1]))
		word--;
	return memmem(text + word, from - word, "://", 3) != NULL;
}

/* Finds the name before text[i], a ':' or '='. The name may be bare, or in quotes that may be
 * escaped. */
static const char *mask_name_before(const char *text, size_t i, size_t name, size_t *len)
{
	size_t end = i, from;
	while (end && i - end < 3 && text[end - 1] == ' ')
		end--;
	if (end && mask_is_quote(text[end - 1])) {
		end--;
		if (end && text[end - 1] == '\\')
			end--;
		for (from = end; from && end - from < NAME_MAX_LEN &&
		                 mask_is_name((unsigned char)text[from - 1]);)
			from--;
		*len = mask_is_value_end(text, from) ? 0 : end - from;
		return text + from;
	}
	*len = name < i ? i - name : 0;
	return text + name;
}

/* Masks a secret that begins right after text[i]. Writes text[i], any blanks and the mask, and
 * returns the position behind the secret. Returns i if there is no secret. */
static size_t mask_here(struct buf *out, const char *text, size_t len, size_t i, size_t name)
{
	size_t at = 0, n;
	const char *s = text + i;
	if (len - i > 3 && strncmp(s, "://", 3) == 0 &&
	    (n = mask_url_password(s + 3, len - i - 3, &at))) {
		buf_add(out, s, 3 + at);
		buf_puts(out, MASK);
		return i + 3 + at + n;
	}
	size_t name_len;
	const char *named = *s == '=' || *s == ':' ? mask_name_before(text, i, name, &name_len)
	                                           : NULL;
	if (named && name_len && mask_is_secret(named, name_len)) {
		size_t skip = 1;
		bool quoted = mask_is_quote(s[-1]) || s[-1] == ' ';
		while (i + skip < len && (*s == ':' || quoted) && text[i + skip] == ' ')
			skip++;
		if (i + skip + 1 < len && text[i + skip] == '\\' &&
		    mask_is_quote(text[i + skip + 1])) {
			/* JSON in JSON: the value ends at the next escaped quote */
			skip++;
			n = mask_escaped_len(s + skip, len - i - skip);
			buf_add(out, s, skip);
			buf_puts(out, MASK);
			return i + skip + n;
		}
		n = mask_value_len(s + skip, len - i - skip);
		bool is_url = n >= 2 && memcmp(s + skip, "//", 2) == 0;
		if (n && !is_url) {
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
		if (len - i >= n + 8 && strncasecmp(text + i, kinds[k], n) == 0 &&
		    (i == 0 || !mask_is_name((unsigned char)text[i - 1])) &&
		    mask_value_len(text + i + n, len - i - n) >= 8) {
			buf_add(out, text + i, n);
			buf_puts(out, MASK);
			return i + n + mask_value_len(text + i + n, len - i - n);
		}
	}
	return i;
}

void mask_text(struct buf *out, const char *text, size_t len)
{
	size_t name = 0; /* start of the name that text[i] may belong to */
	for (size_t i = 0; i < len;) {
		size_t next = mask_bearer(out, text, len, i);
		if (next == i && (text[i] == '=' || text[i] == ':'))
			next = mask_here(out, text, len, i,
			                 i - name > NAME_MAX_LEN ? i - NAME_MAX_LEN : name);
		if (next > i) {
			i = name = next;
			continue;
		}
		if (!mask_is_name((unsigned char)text[i]))
			name = i + 1;
		buf_add(out, text + i, 1);
		i++;
	}
}

void mask_sentence(char *text, size_t size)
{
	struct buf b = { 0 };
	secret_hide(text, strlen(text));
	mask_text(&b, text, strlen(text));
	if (b.data && strcmp(b.data, text) != 0)
		wash(text, size, b.data, b.len);
	buf_finish(&b);
}

static void mask_stars(char *text, size_t len, const char *word, size_t n)
{
	char *end = text + len, *at = text;
	while (n >= URL_PART_LEAST && (at = memmem(at, (size_t)(end - at), word, n))) {
		memset(at, '*', n);
		at += n;
	}
}

void mask_url_path(char *text, size_t len, const char *path)
{
	static const char signs[] = "/?&=#";
	mask_stars(text, len, path, strlen(path));
	for (const char *part = path + strspn(path, signs); *part; part += strspn(part, signs)) {
		size_t n = strcspn(part, signs);
		mask_stars(text, len, part, n);
		part += n;
	}
}

/* --- JSON ---------------------------------------------------------------- */

/* Masks a string that is NAME=VALUE as a whole. The value is everything after the sign, with its
 * blanks. */
static bool mask_assignment(cJSON *v)
{
	const char *eq = strchr(v->valuestring, '=');
	if (!eq || strcspn(v->valuestring, " \t\n") < (size_t)(eq - v->valuestring) ||
	    !mask_is_secret(v->valuestring, (size_t)(eq - v->valuestring)) || !eq[1])
		return false;
	char *masked = xasprintf("%.*s=" MASK, (int)(eq - v->valuestring), v->valuestring);
	cJSON_SetValuestring(v, masked);
	free(masked);
	return true;
}

static void mask_walk(cJSON *v, bool secret)
{
	if (!cJSON_IsString(v)) {
		/* a list under a secret name, as in "passwords": ["a", "b"] */
		bool all = secret && cJSON_IsArray(v), after_option = false;
		for (cJSON *child = v->child; child; child = child->next) {
			const char *key = child->string, *s = cJSON_GetStringValue(child);
			bool hidden = all || after_option ||
			              (key && mask_is_secret(key, strlen(key)));
			after_option = cJSON_IsArray(v) && s && *s == '-' && !strpbrk(s, "= ") &&
			               (mask_is_secret(s, strlen(s)) || strcmp(s, "-p") == 0);
			mask_walk(child, hidden);
		}
	} else if (secret && *v->valuestring) {
		cJSON_SetValuestring(v, MASK);
	} else if (!mask_assignment(v)) {
		struct buf b;
		buf_init(&b, 0);
		mask_text(&b, v->valuestring, strlen(v->valuestring));
		if (b.data && strcmp(b.data, v->valuestring) != 0)
			cJSON_SetValuestring(v, b.data);
		buf_finish(&b);
	}
}

static bool mask_document(struct buf *out, const char *json, size_t len)
{
	cJSON *root = json_whole(json, len);
	if (!root)
		return false;
	mask_walk(root, false);
	char *printed = cJSON_PrintUnformatted(root);
	if (printed)
		buf_puts(out, printed);
	cJSON_free(printed);
	cJSON_Delete(root);
	return true;
}

void mask_json(struct buf *out, const char *json, size_t len)
{
	if (mask_document(out, json, len))
		return;
	const char *at = memchr(json, '\n', len);
	bool first = len && (*json == '{' || *json == '[');
	if (!first && !(at && (memmem(json, len, "\n{", 2) || memmem(json, len, "\n[", 2)))) {
		mask_text(out, json, len); /* a quoted value may span several lines */
		return;
	}
	/* Each line may be a JSON document. A warning between them must not stop the masking of
	 * the others. */
	for (const char *line = json, *end = json + len; line < end;) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t n = nl ? (size_t)(nl - line) : (size_t)(end - line);
		bool may = n && (*line == '{' || *line == '[');
		if (!may || !mask_document(out, line, n))
			mask_text(out, line, n);
		if (nl)
			buf_puts(out, "\n");
		line += n + (nl != NULL);
	}
}

/* --- words --------------------------------------------------------------- */

void mask_words(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x80 && c < 0xc0)
			continue; /* a continuation byte of a character */
		buf_add(out, isalnum(c) || c >= 0x80 ? "x" : text + i, 1);
	}
}

void mask_long_words(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		for (n = 0; i + n < len && mask_is_name((unsigned char)text[i + n]);)
			n++;
		if (n >= LONG_WORD)
			buf_puts(out, MASK);
		else
			buf_add(out, text + i, n ? n : 1);
	}
}
