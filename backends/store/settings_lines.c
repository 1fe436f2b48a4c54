/* settings_lines.c: remember sections and keys with their lines. The table of keys says which keys
 * of [deploy NAME] may be repeated. */
#include "backends/store/settings_lines.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/settings_rows.h"

struct seen {
	char *name; /* "server pi", or "server pi", a newline and a key */
	int line;
};

struct settings_lines {
	struct seen *seen;
	size_t n, cap;
	char *section; /* current section; NULL: before the first */
	int wrong;     /* number of the first line that is neither a section nor a key */
};

struct settings_lines *settings_lines_create(void)
{
	return xcalloc(1, sizeof(struct settings_lines));
}

void settings_lines_destroy(struct settings_lines *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		free(s->seen[i].name);
	if (s) {
		free(s->seen);
		free(s->section);
	}
	free(s);
}

/* Returns the line where the name occurred first. 0: the name is new, and now remembered. */
static int settings_lines_first(struct settings_lines *s, const char *name, int line)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->seen[i].name, name) == 0)
			return s->seen[i].line;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 32;
		s->seen = xrealloc(s->seen, s->cap * sizeof(*s->seen));
	}
	s->seen[s->n++] = (struct seen){ .name = xstrdup(name), .line = line };
	return 0;
}

static bool settings_lines_complain(struct settings_lines *s, int number, char *why, size_t size)
{
	if (!s->wrong)
		s->wrong = number;
	snprintf(why, size, "this line is not understood; expected [section] or key = value");
	return false;
}

int settings_lines_wrong(const struct settings_lines *s)
{
	return s->wrong;
}

static bool settings_lines_section(struct settings_lines *s, const char *line, int number,
                                   char *why, size_t size)
{
	size_t len = strcspn(line, "]\r\n");
	if (line[len] != ']')
		return settings_lines_complain(s, number, why, size);
	/* "[server  pi]" and "[server pi]" are the same section */
	size_t kind = 0, name;
	while (kind < len && line[kind] != ' ')
		kind++;
	for (name = kind; name < len && line[name] == ' ';)
		name++;
	free(s->section);
	s->section = name == len ? xstrndup(line, kind)
	                         : xasprintf("%.*s %.*s", (int)kind, line, (int)(len - name),
	                                     line + name);
	int first = settings_lines_first(s, s->section, number);
	if (!first)
		return true;
	snprintf(why, size, "[%s] appears twice, first in line %d; both are read as one",
	         s->section, first);
	return false;
}

static bool settings_lines_has_comment(const char *value)
{
	for (const char *s = strchr(value, ';'); s; s = strchr(s + 1, ';'))
		if (s > value && isspace((unsigned char)s[-1]))
			return true;
	return false;
}

static bool settings_lines_key(struct settings_lines *s, const char *line, int number, char *why,
                               size_t size)
{
	size_t len = strcspn(line, "=:\r\n");
	/* in [keys] a colon is part of the key: log:f = ACTION */
	if (line[len] == ':' && line[len + 1] && s->section && strcmp(s->section, "keys") == 0) {
		size_t more = len + 2 + strcspn(line + len + 2, "=\r\n");
		if (line[more] == '=')
			len = more;
	}
	size_t end = len;
	char *head = xstrndup(line, len);
	bool is_key = (line[len] == '=' || line[len] == ':') && !settings_lines_has_comment(head);
	free(head);
	if (!is_key)
		return settings_lines_complain(s, number, why, size);
	if (!s->section)
		return true; /* settings.c complains */
	while (end && isspace((unsigned char)line[end - 1]))
		end--;
	char *key = xstrndup(line, end);
	const struct setting_row *row = setting_find(s->section, strcspn(s->section, " "), key);
	bool good = true;
	/* In a command the user means " ;" for the shell. inih would cut the command there, and
	 * mocr would run the rest. */
	if (row && row->type == SETTING_COMMAND && settings_lines_has_comment(line + len + 1)) {
		snprintf(why, size,
		         "%s: a blank followed by ; starts a comment, so the command ends there; "
		         "write ; without a blank before it, or &&",
		         key);
		good = false;
	}
	if (good && *key && (row ? row->type != SETTING_LINES : strcmp(s->section, "keys") == 0)) {
		char *name = xasprintf("%s\n%s", s->section, key);
		int first = settings_lines_first(s, name, number);
		free(name);
		if (first)
			snprintf(why, size,
			         "[%s] has %s twice, first in line %d; the last one counts",
			         s->section, key, first);
		good = !first;
	}
	free(key);
	return good;
}

bool settings_lines_see(struct settings_lines *s, const char *line, int number, char *why,
                        size_t size)
{
	static const char bom[] = "\xef\xbb\xbf";
	if (number == 1 && strncmp(line, bom, strlen(bom)) == 0)
		line += strlen(bom); /* as inih does */
	while (isspace((unsigned char)*line))
		line++;
	if (!*line || *line == ';' || *line == '#')
		return true;
	if (*line == '[')
		return settings_lines_section(s, line + 1, number, why, size);
	return settings_lines_key(s, line, number, why, size);
}
