/* kept.c: the share of good runs outlives the program.
 *
 * Each quarter of an hour with runs of a check is a line of a file of the state folder. It is
 * "MS GOOD ALL ID", MS its begin by the wall clock. Lines are only appended, without a sync. Of
 * two programs that run the same check, the last line of a quarter of an hour counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/checks/internal.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"

/* Then the file is renamed, and both are read: a day of some 100 checks. */
#define KEPT_MAX (512u << 10)

/* Owned; NULL: nothing is kept. */
static char *kept_path(const struct store *s, const char *end)
{
	const char *dir = store_settings(s)->state_dir;
	return dir && !replay_is_on(s) ? xasprintf("%s/checks%s", dir, end) : NULL;
}

void kept_write(struct check_runner *n)
{
	const struct store *s = n->home->source.store;
	int64_t start_ms, now = loop_now(store_loop(s));
	unsigned good, all;
	struct err err;
	if (!n->slot || !n->row || store_settings(s)->started.once ||
	    !lately_at(&n->row->lately, n->slot, &start_ms, &good, &all))
		return;
	/* a link that comes and goes ends the same quarter of an hour many times */
	if (n->written.slot == n->slot && n->written.good == good && n->written.all == all)
		return;
	n->written.slot = n->slot;
	n->written.good = good;
	n->written.all = all;
	char *path = kept_path(s, "");
	if (!path)
		return;
	char *line = xasprintf("%lld %u %u %s\n", (long long)(now_wall_ms() - (now - start_ms)),
	                       good, all, n->row->row.id);
	state_rotate(path, KEPT_MAX);
	state_append(path, line, false, &err); /* a figure that is lost needs no sentence */
	free(line);
	free(path);
}

void kept_after(struct check_runner *n)
{
	int64_t slot = lately_slot(loop_now(store_loop(n->home->source.store)));
	if (n->slot != slot)
		kept_write(n);
	n->slot = slot;
}

static void kept_read_line(struct checks *all, const char *line, int64_t now, int64_t wall)
{
	long long ms;
	unsigned good, runs;
	int id = 0;
	struct check_runner *n;
	if (sscanf(line, "%15lld %6u %6u %n", &ms, &good, &runs, &id) != 3 || !id)
		return;
	const char *name = strstr(line + id, "/check/");
	HASH_FIND_STR(all->all, name ? name + strlen("/check/") : "", n);
	if (n && n->row && !n->slot && strcmp(n->row->row.id, line + id) == 0)
		lately_restore(&n->row->lately, now, now - (wall - ms), good, runs);
}

void kept_read(struct checks *all)
{
	static const char *const ends[] = { ".1", "" };
	const struct store *s = all->source.store;
	int64_t now = loop_now(store_loop(s)), wall = now_wall_ms();
	for (size_t i = 0; all->all && i < ARRAY_LEN(ends); i++) {
		char *path = kept_path(s, ends[i]);
		char *text = path ? state_read(path, KEPT_MAX + 4096, NULL, NULL) : NULL;
		char *rest = text, *line;
		while (rest && (line = strsep(&rest, "\n")))
			kept_read_line(all, line, now, wall);
		free(text);
		free(path);
	}
}
