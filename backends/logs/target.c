#include "backends/logs/logs.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/settings.h"

static const struct {
	const char *word;
	enum target_what what;
	bool named;
} words[] = {
	{ "journal", TARGET_JOURNAL, false },    { "server", TARGET_JOURNAL, false },
	{ "kernel", TARGET_KERNEL, false },      { "containers", TARGET_CONTAINER, true },
	{ "container", TARGET_CONTAINER, true }, { "services", TARGET_UNIT, true },
	{ "service", TARGET_UNIT, true },        { "units", TARGET_UNIT, true },
	{ "unit", TARGET_UNIT, true },
};
#define FILE_WORD "file:"

static bool target_unknown(const char *word, char *why, size_t size)
{
	const char *names[ARRAY_LEN(words) + 1];
	size_t n = 0;
	for (; n < ARRAY_LEN(words); n++)
		names[n] = words[n].word;
	names[n++] = FILE_WORD;
	const char *near = nearest(word, names, n);
	if (near)
		snprintf(why, size, "\"%.60s\" is no kind of log; did you mean %s?", word, near);
	else
		snprintf(why, size,
		         "\"%.60s\" is no kind of log; there are journal, kernel, file:/PATH, "
		         "containers/NAME, services/NAME",
		         word);
	return false;
}

static bool target_take_file(const char *rest, struct target *t, char *why, size_t size)
{
	t->what = TARGET_FILE;
	snprintf(t->name, sizeof(t->name), "%s", rest + strlen(FILE_WORD));
	if (t->name[0] == '/')
		return true;
	snprintf(why, size, "a file is named by its whole path, as in sese/file:/var/log/dpkg.log");
	return false;
}

bool target_parse(const char *text, struct target *t, char *why, size_t size)
{
	size_t n = strcspn(text, "/");
	*t = (struct target){ .what = TARGET_JOURNAL };
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
	if (strncmp(rest, FILE_WORD, strlen(FILE_WORD)) == 0)
		return target_take_file(rest, t, why, size);
	snprintf(word, sizeof(word), "%.*s", (int)(slash ? slash - rest : (long)strlen(rest)),
	         rest);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		t->what = words[i].what;
		if (words[i].named)
			snprintf(t->name, sizeof(t->name), "%s",
			         slash && slash[1] ? slash + 1 : "*");
		return true;
	}
	return target_unknown(word, why, size);
}

/* NAME itself, or a unit's name without its suffix, or the part of a local id behind its engine. */
static bool target_name_matches(const char *pattern, const char *name, bool unit)
{
	char longer[640];
	if (fnmatch(pattern, name, 0) == 0)
		return true;
	snprintf(longer, sizeof(longer), "%s.service", pattern);
	if (unit && fnmatch(longer, name, 0) == 0)
		return true;
	const char *slash = strrchr(name, '/');
	return slash && target_name_matches(pattern, slash + 1, unit);
}

bool target_takes(const struct target *t, enum target_what what, const char *server,
                  const char *name)
{
	if (t->what != what || fnmatch(t->server, server, 0) != 0)
		return false;
	return (what != TARGET_CONTAINER && what != TARGET_UNIT) ||
	       target_name_matches(t->name, name, what == TARGET_UNIT);
}
