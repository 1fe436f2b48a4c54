#include "backends/apps/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/platform.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/base/wash.h"
#include "backends/store/activity.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"

#define FILE_MOST (256u << 10) /* bytes read from the end of the file: the newest lines */

static char *journal_path(const struct site *s, const char *file)
{
	return xasprintf("%s/%s", store_settings(s->source->store)->state_dir, file);
}

/* Start of the words of a line. NULL: the line belongs to another site. */
static const char *journal_words(const struct site *s, const char *line)
{
	size_t n = strlen(s->name);
	return !strncmp(line, s->name, n) && line[n] == '\t' ? line + n + 1 : NULL;
}

static const char *journal_next(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

void journal_read(const struct site *s, const char *file,
                  void (*line)(const struct journal_line *, void *), void *arg)
{
	if (replay_is_on(s->source->store))
		return;
	char *path = journal_path(s, file), *text = state_read(path, FILE_MOST, NULL, NULL);
	free(path);
	for (const char *at = text; at && *at; at = journal_next(at)) {
		const char *word = journal_words(s, at);
		struct journal_line l = { .word = { "" } };
		for (size_t i = 0; word && i < JOURNAL_WORDS; i++) {
			size_t n = strcspn(word, "\t\n");
			wash(l.word[i], JOURNAL_SIZE, word, n);
			word += n + (word[n] == '\t');
		}
		if (word)
			line(&l, arg);
	}
	free(text);
}

static void journal_write(const struct site *s, const struct journal_line *l, struct buf *out)
{
	size_t n = JOURNAL_WORDS;
	while (n > 1 && !*l->word[n - 1])
		n--;
	buf_puts(out, s->name);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "\t%s", l->word[i]);
	buf_puts(out, "\n");
}

static void journal_complain(const struct site *s, const struct err *err)
{
	activity_add(s->source->store, ACTIVITY_NOTE, HEALTH_ATTENTION, s->source->server->row.id,
	             "%s", err->text);
}

bool journal_add(const struct site *s, const char *file, const struct journal_line *l)
{
	struct buf line = { 0 };
	struct err err;
	if (replay_is_on(s->source->store))
		return true;
	char *path = journal_path(s, file);
	journal_write(s, l, &line);
	bool good = state_append(path, line.data, true, &err);
	if (!good && err.code)
		journal_complain(s, &err);
	buf_finish(&line);
	free(path);
	return good;
}

struct journal_change {
	const struct site *site;
	const struct journal_line *lines;
	size_t n;
};

static bool journal_change(const char *old, size_t len, struct buf *out, void *arg)
{
	const struct journal_change *c = arg;
	for (const char *at = old; *at; at = journal_next(at)) {
		if (journal_words(c->site, at))
			continue;
		buf_add(out, at, strcspn(at, "\n"));
		buf_puts(out, "\n");
	}
	for (size_t i = 0; i < c->n; i++)
		journal_write(c->site, &c->lines[i], out);
	return true;
}

bool journal_replace(const struct site *s, const char *file, const struct journal_line *lines,
                     size_t n)
{
	struct journal_change change = { .site = s, .lines = lines, .n = n };
	struct err err;
	if (replay_is_on(s->source->store))
		return true;
	char *path = journal_path(s, file);
	bool good = state_update(path, FILE_MOST, journal_change, &change, &err);
	if (!good)
		journal_complain(s, &err);
	free(path);
	return good;
}
