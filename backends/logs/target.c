#include "backends/logs/logs.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/settings.h"

static const struct {
	const char *word;
	enum target_what what;
} words[] = {
	{ "journal", TARGET_JOURNAL },
	{ "server", TARGET_JOURNAL },
	{ "kernel", TARGET_KERNEL },
};
#define NAMES_MAX 40 /* of words and kinds, for what is near a mistyped one */
#define FILE_WORD "file:"

static bool target_unknown(const char *word, char *why, size_t size)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (; n < ARRAY_LEN(words); n++)
		names[n] = words[n].word;
	names[n++] = FILE_WORD;
	/* what a person may call the rows of a kind that has logs: "container", "containers" */
	for (size_t i = 0; kinds[i] && n + 3 <= NAMES_MAX; i++) {
		if (!kinds[i]->follow)
			continue;
		names[n++] = kinds[i]->plural;
		names[n++] = kinds[i]->name;
		if (kinds[i]->alias)
			names[n++] = kinds[i]->alias;
	}
	const char *near = nearest(word, names, n);
	if (near)
		snprintf(why, size, "\"%.60s\" is not a kind of log; did you mean %s?", word, near);
	else
		snprintf(why, size,
		         "\"%.60s\" is not a kind of log; there are journal, kernel, file:/PATH, "
		         "containers/NAME, services/NAME",
		         word);
	return false;
}

/* "loki:{app="x"}". In "user@host:2222/journal" and "sese:/var/log/x" it is no query. */
static bool target_is_query(const char *text)
{
	size_t n = strcspn(text, ":/");
	const char *rest = text + n + 1;
	if (text[n] != ':' || !n || strcspn(text, "@[*?") < n || !*rest || *rest == '/')
		return false;
	size_t digits = strspn(rest, "0123456789");
	return !digits || (rest[digits] && rest[digits] != '/');
}

bool target_parse(const char *text, struct target *t, char *why, size_t size)
{
	size_t n = strcspn(text, "/");
	*t = (struct target){ .what = TARGET_JOURNAL };
	if (target_is_query(text)) {
		const char *query = strchr(text, ':') + 1;
		t->what = TARGET_QUERY;
		snprintf(t->server, sizeof(t->server), "%.*s", (int)(query - 1 - text), text);
		snprintf(t->name, sizeof(t->name), "%s", query);
		if (strlen(query) < sizeof(t->name))
			return true;
		snprintf(why, size, "the query is longer than %zu bytes", sizeof(t->name) - 1);
		return false;
	}
	snprintf(t->server, sizeof(t->server), "%.*s", (int)n, text);
	if (!n) {
		snprintf(why, size,
		         "a log is named SERVER/KIND/NAME, as in sese/containers/* or pi/journal");
		return false;
	}
	if (text[n - 1] == ':') { /* as scp writes it */
		snprintf(why, size,
		         "a file is named SERVER/file:/PATH; did you mean %.*s/file:%.200s?",
		         (int)n - 1, text, text + n);
		return false;
	}
	if (!text[n] || !text[n + 1])
		return true;
	const char *rest = text + n + 1, *slash = strchr(rest, '/');
	char word[64];
	if (strncmp(rest, FILE_WORD, strlen(FILE_WORD)) == 0) {
		t->what = TARGET_FILE;
		snprintf(t->name, sizeof(t->name), "%s", rest + strlen(FILE_WORD));
		if (t->name[0] == '/')
			return true;
		snprintf(why, size,
		         "a file is named by its whole path, as in sese/file:/var/log/dpkg.log");
		return false;
	}
	snprintf(word, sizeof(word), "%.*s", (int)(slash ? slash - rest : (long)strlen(rest)),
	         rest);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		t->what = words[i].what;
		return true;
	}
	const struct kind *kind = kind_find(word);
	if (kind && kind->follow) {
		t->what = TARGET_ROWS;
		t->kind = kind;
		snprintf(t->name, sizeof(t->name), "%s", slash && slash[1] ? slash + 1 : "*");
		return true;
	}
	return target_unknown(word, why, size);
}

char *target_next(const char **line)
{
	const char *p = *line + strspn(*line, " "), *begin = p;
	char quote = '\0';
	unsigned braces = 0;
	if (!*p)
		return NULL;
	bool whole = *p == '\'';
	for (p += whole; *p; p++) {
		if (whole && *p == '\'')
			break;
		if (!whole && !quote && !braces && *p == ' ')
			break;
		if (quote && *p == '\\' && p[1])
			p++; /* \" does not end it */
		else if (*p == quote)
			quote = '\0';
		else if (!quote && (*p == '"' || *p == '`'))
			quote = *p;
		else if (!quote && *p == '{')
			braces++;
		else if (!quote && *p == '}' && braces)
			braces--;
	}
	*line = p + (whole && *p);
	return xstrndup(begin + whole, (size_t)(p - begin - whole));
}

bool target_each_place(const struct settings *s, const struct target *t,
                       bool (*fn)(const char *server, void *arg), void *arg, char *why, size_t size)
{
	const struct {
		const char *word;
		const struct logs_config *first;
	} lists[] = { { "loki", s->lokis }, { "victorialogs", s->victorialogses } };
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (const struct logs_config *c = lists[i].first; c; c = c->next) {
			bool meant = !strcmp(t->server, lists[i].word) ||
			             !strcmp(t->server, c->name);
			if (!meant)
				continue;
			any = true;
			if (!fn(c->server ? c->server : "local", arg))
				return false;
		}
	if (!any)
		snprintf(why, size,
		         "there is no [loki %.60s] and no [victorialogs %.60s] in the "
		         "configuration; mocr-config(5) shows one",
		         t->server, t->server);
	return any;
}

/* NAME itself, or without the suffix of its kind, or the part of a local id behind its engine. */
static bool target_name_matches(const char *pattern, const char *name, const char *suffix)
{
	char longer[640];
	if (fnmatch(pattern, name, 0) == 0)
		return true;
	snprintf(longer, sizeof(longer), "%s%s", pattern, suffix ? suffix : "");
	if (suffix && fnmatch(longer, name, 0) == 0)
		return true;
	const char *slash = strrchr(name, '/');
	return slash && target_name_matches(pattern, slash + 1, suffix);
}

bool target_takes(const struct target *t, enum target_what what, const struct kind *kind,
                  const char *server, const char *name)
{
	if (t->what != what || t->kind != kind || fnmatch(t->server, server, 0) != 0)
		return false;
	return what != TARGET_ROWS || target_name_matches(t->name, name, kind->suffix);
}
