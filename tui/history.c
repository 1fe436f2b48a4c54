/* history.c: lines typed before, for lineedit.c. The newest max lines, kept in a file as plain
 * lines. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/base/wash.h"
#include "tui/lineedit.h"

#define HISTORY_BYTES (4u << 20)

struct history {
	char **lines; /* owned; oldest first */
	bool *typed;  /* typed in this console since the last save */
	size_t n, max;
};

struct history *history_create(size_t max)
{
	struct history *h = xcalloc(1, sizeof(*h));

	h->max = max ? max : 1;
	h->lines = xcalloc(h->max, sizeof(*h->lines));
	h->typed = xcalloc(h->max, sizeof(*h->typed));
	return h;
}

void history_destroy(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->lines[i]);
	free(h->lines);
	free(h->typed);
	free(h);
}

static void history_drop(struct history *h, size_t i)
{
	free(h->lines[i]);
	memmove(&h->lines[i], &h->lines[i + 1], (h->n - i - 1) * sizeof(*h->lines));
	memmove(&h->typed[i], &h->typed[i + 1], (h->n - i - 1) * sizeof(*h->typed));
	h->n--;
}

static void history_take(struct history *h, const char *line, bool typed)
{
	if (!h || !line || !*line || *line == ' ')
		return;
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->lines[i], line)) {
			history_drop(h, i);
			break;
		}
	if (h->n == h->max)
		history_drop(h, 0);
	h->typed[h->n] = typed;
	h->lines[h->n++] = xstrdup(line);
}

void history_add(struct history *h, const char *line)
{
	history_take(h, line, true);
}

/* Reads lines from the file. They are untrusted, so they are washed. */
static void history_take_lines(struct history *h, const char *text)
{
	char clean[LINEEDIT_MAX + 2];
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		wash(clean, sizeof(clean), line, strcspn(line, "\n"));
		history_take(h, clean, false);
	}
}

bool history_load(struct history *h, const char *file)
{
	char *text = state_read(file, HISTORY_BYTES, NULL, NULL);

	if (!text)
		return false;
	history_take_lines(h, text);
	free(text);
	return true;
}

/* Merges with the file. Another console may have saved in the meantime. Its lines stay, and lines
 * typed here are appended. */
static bool history_merged(const char *old, size_t len, struct buf *out, void *arg)
{
	const struct history *h = arg;
	struct history *both = history_create(h->max);

	history_take_lines(both, old);
	for (size_t i = 0; i < h->n; i++)
		if (h->typed[i])
			history_take(both, h->lines[i], false);
	for (size_t i = 0; i < both->n; i++)
		buf_addf(out, "%s\n", both->lines[i]);
	history_destroy(both);
	return true;
}

bool history_save(struct history *h, const char *file, struct err *err)
{
	if (!state_update(file, HISTORY_BYTES, history_merged, h, err))
		return false;
	memset(h->typed, 0, h->max * sizeof(*h->typed));
	return true;
}

size_t history_count(const struct history *h)
{
	return h->n;
}

const char *history_get(const struct history *h, size_t newest_first)
{
	return newest_first < h->n ? h->lines[h->n - 1 - newest_first] : NULL;
}
