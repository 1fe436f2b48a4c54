/* template.c: parses the keys of a [deploy] section. */
#include "backends/deploy/template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/match.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"

/* --- lines and words ----------------------------------------------------- */

/* Moves to the next line of *at that is not blank, and trims it. False: no more lines. */
static bool template_next_line(const char **at, const char **line, size_t *len)
{
	while (*at && **at) {
		*line = *at;
		*len = strcspn(*at, "\n");
		*at += *len + ((*at)[*len] == '\n');
		while (*len && isspace((unsigned char)**line)) {
			(*line)++;
			(*len)--;
		}
		while (*len && isspace((unsigned char)(*line)[*len - 1]))
			(*len)--;
		if (*len)
			return true;
	}
	return false;
}

static bool template_starts(const char *text, size_t len, const char *word, size_t *after)
{
	size_t n = strlen(word);
	if (len <= n || strncmp(text, word, n) != 0 || text[n] != ' ')
		return false;
	*after = n + strspn(text + n, " ");
	return true;
}

/* Compiles the pattern, which must match the whole value. NULL and err: the pattern is invalid. */
static struct match *template_pattern_of(const struct ask_word *a, struct err *err)
{
	char why[160];
	char *pattern = xasprintf("\\A(?-i:%.*s)\\z", (int)a->len, a->rest);
	struct match *m = match_create(pattern, why, sizeof(why));
	free(pattern);
	if (!m)
		err_set(err, ERR_USAGE, "ask: the pattern of %s is not valid: %s", a->name, why);
	return m;
}

/* Removes word from the front of the rest of the line. False: the rest does not begin with it. */
static bool template_takes_word(struct ask_word *a, const char *word)
{
	size_t n = strlen(word);
	if (a->len < n || strncmp(a->rest, word, n) != 0 || (a->len > n && a->rest[n] != ' '))
		return false;
	while (n < a->len && a->rest[n] == ' ')
		n++;
	a->rest += n;
	a->len -= n;
	return true;
}

static bool template_read_ask(const char *line, size_t len, struct ask_word *a, struct err *err)
{
	size_t n = 0, after;
	while (n < len && (isalnum((unsigned char)line[n]) || line[n] == '_'))
		n++;
	if (!n || n >= ASK_NAME_MAX || isdigit((unsigned char)line[0]) ||
	    (n < len && line[n] != ' '))
		return err_set(err, ERR_USAGE,
		               "ask: \"%.*s\" does not begin with the name of a variable (letters, "
		               "digits, _)",
		               (int)(len < 60 ? len : 60), line);
	memcpy(a->name, line, n);
	a->name[n] = '\0';
	while (n < len && line[n] == ' ')
		n++;
	a->rest = line + n;
	a->len = len - n;
	a->form = ASK_ANY;
	a->secret = template_takes_word(a, "secret");
	if (!a->len)
		return true;
	if (template_starts(a->rest, a->len, "one of", &after))
		a->form = ASK_ONE_OF;
	else if (template_starts(a->rest, a->len, "like", &after))
		a->form = ASK_LIKE;
	else
		return err_set(err, ERR_USAGE,
		               "ask: after %s comes nothing, \"secret\", \"one of WORD...\" or "
		               "\"like PATTERN\"",
		               a->name);
	a->rest += after;
	a->len -= after;
	struct match *m = a->form == ASK_LIKE ? template_pattern_of(a, err) : NULL;
	match_destroy(m);
	return a->form != ASK_LIKE || m;
}

size_t asks_read(const char *lines, struct ask_word *out, size_t max, struct err *err)
{
	const char *line;
	size_t len, n = 0;
	/* callers check err, because 0 may mean no lines or an error */
	err_clear(err);
	while (template_next_line(&lines, &line, &len)) {
		if (n == max) {
			err_set(err, ERR_USAGE, "ask: more than %zu variables", max);
			return 0;
		}
		if (!template_read_ask(line, len, &out[n++], err))
			return 0;
	}
	return n;
}

/* The quote that is open after c; 0 none. */
static char template_quote(char open, char c)
{
	if (open)
		return c == open ? '\0' : open;
	return c == '\'' || c == '"' ? c : '\0';
}

/* Appends one word from *at to b. False: an open quote. */
static bool template_split_one(const char **at, struct buf *b)
{
	char quote = 0;
	const char *s = *at;
	for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
		char next = template_quote(quote, *s);
		if (next != quote)
			quote = next;
		else if (*s == '\\' && quote != '\'' && s[1] && (!quote || strchr("\"\\$`", s[1])))
			buf_add(b, ++s, 1);
		else
			buf_add(b, s, 1);
	}
	*at = s;
	return !quote;
}

int template_split(const char *text, char **out, size_t max, struct err *err)
{
	size_t n = 0;
	while (text && *(text += strspn(text, " \t\n"))) {
		struct buf b = { 0 };
		bool ok = n < max && template_split_one(&text, &b);
		if (ok) {
			out[n++] = buf_take(&b);
			continue;
		}
		err_set(err, ERR_USAGE,
		        n < max ? "a quote does not end: %.80s" : "too many words: %.80s", text);
		buf_finish(&b);
		template_free(out, n);
		return -1;
	}
	return (int)n;
}

void template_free(char **words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(words[i]);
}

/* --- values -------------------------------------------------------------- */

static bool template_is_one_of(const struct ask_word *a, const char *value)
{
	size_t n = strlen(value);
	for (size_t i = 0; i < a->len;) {
		size_t from = i;
		while (i < a->len && a->rest[i] != ' ')
			i++;
		if (i - from == n && strncmp(a->rest + from, value, n) == 0)
			return n > 0;
		while (i < a->len && a->rest[i] == ' ')
			i++;
	}
	return false;
}

static bool template_is_like(const struct ask_word *a, const char *value, struct err *err)
{
	struct match *m = template_pattern_of(a, err);
	if (!m)
		return false;
	bool ok = match_in(m, value, strlen(value));
	match_destroy(m);
	if (!ok && a->secret)
		return err_set(err, ERR_USAGE, "the value of %s does not match %.*s", a->name,
		               (int)(a->len < 120 ? a->len : 120), a->rest);
	return ok || err_set(err, ERR_USAGE, "%s: \"%.80s\" does not match %.*s", a->name, value,
	                     (int)(a->len < 120 ? a->len : 120), a->rest);
}

bool value_export(const struct ask_word *a, const char *value, struct buf *out, struct err *err)
{
	if (strlen(value) > VALUE_MAX)
		return err_set(err, ERR_TOO_BIG, "%s: the value is longer than %d bytes", a->name,
		               VALUE_MAX);
	if (a->form == ASK_ONE_OF && a->secret && !template_is_one_of(a, value))
		return err_set(err, ERR_USAGE,
		               "%s: the value is not one of those that are configured", a->name);
	if (a->form == ASK_ONE_OF && !template_is_one_of(a, value))
		return err_set(err, ERR_USAGE, "%s: \"%.80s\" is not one of: %.*s", a->name, value,
		               (int)(a->len < 160 ? a->len : 160), a->rest);
	if (a->form == ASK_LIKE && !template_is_like(a, value, err))
		return false;
	buf_addf(out, "%s=", a->name);
	if (*value)
		quote_word(out, value);
	buf_addf(out, "; export %s\n", a->name);
	return true;
}

static bool template_export_all(const struct ask_word *asks, size_t n_asks, char **words, int n,
                                struct buf *out, struct err *err)
{
	bool used[2 * ASKS_MAX] = { false };
	for (size_t i = 0; i < n_asks; i++) {
		size_t len = strlen(asks[i].name);
		const char *value = NULL;
		for (int k = 0; k < n; k++)
			if (strncmp(words[k], asks[i].name, len) == 0 && words[k][len] == '=') {
				value = words[k] + len + 1;
				used[k] = true;
			}
		if (value && asks[i].secret)
			return err_set(err, ERR_USAGE,
			               "%s is secret and is not written here: it is asked for, or "
			               "taken from mocr's environment",
			               asks[i].name);
		if (asks[i].secret)
			continue;
		if (!value)
			return err_set(err, ERR_USAGE,
			               "%s was not given; it is asked for as %s=VALUE",
			               asks[i].name, asks[i].name);
		if (!value_export(&asks[i], value, out, err))
			return false;
	}
	for (int i = 0; i < n; i++)
		if (!used[i])
			return err_set(err, ERR_USAGE,
			               "\"%.60s\" is not NAME=VALUE for a variable that it asks "
			               "for",
			               words[i]);
	return true;
}

bool values_read(const char *ask_lines, const char *argument, struct buf *exports, struct err *err)
{
	struct ask_word asks[ASKS_MAX];
	char *words[2 * ASKS_MAX];
	struct err e = { 0 };
	size_t n_asks = asks_read(ask_lines, asks, ASKS_MAX, &e);
	int n = e.code ? -1 : template_split(argument, words, ARRAY_LEN(words), &e);
	bool ok = n >= 0 && template_export_all(asks, n_asks, words, n, exports, &e);
	if (n > 0)
		template_free(words, (size_t)n);
	if (!ok && err)
		*err = e;
	return ok;
}

void values_suggest(const char *ask_lines, char *buf, size_t size)
{
	struct ask_word asks[ASKS_MAX];
	struct err err;
	size_t n = asks_read(ask_lines, asks, ASKS_MAX, &err), at = 0;
	if (size)
		*buf = '\0';
	for (size_t i = 0; i < n && at < size; i++) {
		size_t first = asks[i].form == ASK_ONE_OF ? strcspn(asks[i].rest, " \n") : 0;
		if (asks[i].secret)
			continue;
		const char *value = first ? asks[i].rest : "";
		at += (size_t)snprintf(buf + at, size - at, "%s%s=%.*s", at ? " " : "",
		                       asks[i].name, (int)first, value);
	}
}

/* --- the command --------------------------------------------------------- */

static const struct ask_word *template_named(const struct ask_word *asks, size_t n,
                                             const char *text, size_t *len)
{
	*len = strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (text[0] != '{' || text[1 + *len] != '}')
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strlen(asks[i].name) == *len && strncmp(asks[i].name, text + 1, *len) == 0)
			return &asks[i];
	return NULL;
}

bool command_build(const char *run, const char *ask_lines, struct buf *out, struct err *err)
{
	struct ask_word asks[ASKS_MAX];
	struct err e = { 0 };
	size_t len, n = asks_read(ask_lines, asks, ASKS_MAX, &e);
	char quote = 0;
	if (e.code) {
		if (err)
			*err = e;
		return false;
	}
	for (const char *s = run; *s; s++) {
		const struct ask_word *a = template_named(asks, n, s, &len);
		if (a && (quote || (s > run && (s[-1] == '\\' || s[-1] == '$'))))
			return err_set(err, ERR_USAGE,
			               "run: {%s} stands inside quotes, where it would not be one "
			               "argument; write it bare, or use \"$%s\"",
			               a->name, a->name);
		if (a) {
			buf_addf(out, "\"${%s}\"", a->name);
			s += len + 1;
			continue;
		}
		quote = template_quote(quote, *s);
		buf_add(out, s, 1);
		if (*s == '\\' && quote != '\'' && s[1] && s[1] != '{')
			buf_add(out, ++s, 1);
	}
	return true;
}

/* --- checks -------------------------------------------------------------- */

size_t checks_read(const char *lines, struct check_word *out, size_t max, struct err *err)
{
	static const char *const words[] = { "unit", "container", "url" };
	const char *line;
	size_t len, n = 0, after = 0, w;
	err_clear(err);
	while (template_next_line(&lines, &line, &len)) {
		for (w = 0; w < ARRAY_LEN(words) && !template_starts(line, len, words[w], &after);
		     w++)
			;
		if (n == max || w == ARRAY_LEN(words) || len - after >= sizeof(out->name)) {
			err_set(err, ERR_USAGE,
			        "check: expected unit NAME, container NAME or url ADDRESS, got "
			        "\"%.*s\"",
			        (int)(len < 80 ? len : 80), line);
			return 0;
		}
		out[n].what = (enum check_what)w;
		memcpy(out[n].name, line + after, len - after);
		out[n++].name[len - after] = '\0';
	}
	return n;
}
