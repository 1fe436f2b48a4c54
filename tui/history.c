/* history.c: lines typed before, for lineedit.c. A ring that is kept in a file as plain lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/base/private.h"
#include "backends/base/wash.h"
#include "tui/lineedit.h"

struct history {
	char **lines;                /* oldest first; owned */
	size_t n, max;
};

struct history *history_create(size_t max)
{
	struct history *h = xcalloc(1, sizeof(*h));

	h->max = max ? max : 1;
	h->lines = xcalloc(h->max, sizeof(*h->lines));
	return h;
}

void history_destroy(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->lines[i]);
	free(h->lines);
	free(h);
}

static void drop(struct history *h, size_t i)
{
	free(h->lines[i]);
	memmove(&h->lines[i], &h->lines[i + 1], (h->n - i - 1) * sizeof(*h->lines));
	h->n--;
}

void history_add(struct history *h, const char *line)
{
	if (!h || !line || !*line || *line == ' ')
		return;
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->lines[i], line)) {
			drop(h, i);
			break;
		}
	if (h->n == h->max)
		drop(h, 0);
	h->lines[h->n++] = xstrdup(line);
}

bool history_load(struct history *h, const char *file)
{
	FILE *f = private_read(file);
	char line[LINEEDIT_MAX + 2];

	if (!f)
		return errno == ENOENT;
	while (fgets(line, sizeof(line), f)) {
		char clean[LINEEDIT_MAX + 2];
		line[strcspn(line, "\n")] = 0;
		wash(clean, sizeof(clean), line, strlen(line));   /* anyone could have written the file */
		history_add(h, clean);
	}
	fclose(f);
	return true;
}

bool history_save(const struct history *h, const char *file)
{
	char *beside = xasprintf("%s.new", file);
	int fd = private_open(beside, O_WRONLY | O_CREAT | O_TRUNC);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool ok = f != NULL;

	for (size_t i = 0; ok && i < h->n; i++)
		ok = fprintf(f, "%s\n", h->lines[i]) >= 0;
	if (f)
		ok = fclose(f) == 0 && ok;
	ok = ok && rename(beside, file) == 0;
	if (!ok)
		unlink(beside);
	free(beside);
	return ok;
}

size_t history_count(const struct history *h)
{
	return h->n;
}

const char *history_get(const struct history *h, size_t newest_first)
{
	return newest_first < h->n ? h->lines[h->n - 1 - newest_first] : NULL;
}
