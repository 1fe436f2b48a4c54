/* Typed text is never lost: not by a broken link, not by a closed box, not by the end of the
 * console. */
#include "tui/drafts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/store/activity.h"
#include "tui/console_internal.h"

#define NOTE_MAX 400 /* bytes noted directly in the activity, which keeps 700 */

static bool draft_write_text(int fd, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static char *draft_file_in(const char *dir, const char *name, const char *text)
{
	char *file = xasprintf("%s/%sprompt-XXXXXX.md", dir, name);
	int fd = mkstemps(file, 3);
	bool good = fd >= 0 && draft_write_text(fd, text) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		good = false;
	if (good)
		return file;
	if (fd >= 0)
		unlink(file);
	free(file);
	return NULL;
}

char *draft_file(const struct settings *settings, const char *text)
{
	const char *tmp = getenv("TMPDIR");
	char *file = settings->state_dir ? draft_file_in(settings->state_dir, "", text) : NULL;
	if (!file && tmp && *tmp)
		file = draft_file_in(tmp, "mocr-", text);
	return file ? file : draft_file_in("/tmp", "mocr-", text);
}

void draft_note(struct console *c, const char *id, const char *what, const char *text)
{
	bool is_short = strlen(text) <= NOTE_MAX && !strchr(text, '\n');
	char *file = is_short ? NULL : draft_file(c->settings, text);
	if (is_short)
		activity_add(c->store, ACTIVITY_NOTE, HEALTH_ATTENTION, id, "%s: %s", what, text);
	else if (file)
		activity_add(c->store, ACTIVITY_NOTE, HEALTH_ATTENTION, id, "%s: the text is in %s",
		             what, file);
	else
		activity_add(c->store, ACTIVITY_NOTE, HEALTH_BAD, id,
		             "%s, and no folder took a file for the text: %.*s...", what, NOTE_MAX,
		             text);
	free(file);
}

static const char *draft_action(const struct action *a)
{
	return a->draft_of ? a->draft_of : a->name;
}

static struct draft *draft_find(const struct console *c, const struct action *a, const char *id)
{
	for (size_t i = 0; i < c->n_drafts; i++)
		if (strcmp(c->drafts[i].id, id) == 0 &&
		    strcmp(c->drafts[i].action, draft_action(a)) == 0)
			return (struct draft *)&c->drafts[i];
	return NULL;
}

/* Marked rows share the same words: a single note is enough. */
static bool draft_is_listed(const struct console *c, const char *words)
{
	for (size_t i = 0; i < c->n_drafts; i++)
		if (c->drafts[i].noted && strcmp(c->drafts[i].text, words) == 0)
			return true;
	return false;
}

/* Drops a draft. Its text is noted first, unless words are the same text or it was noted
 * already. */
static void draft_settle(struct console *c, struct draft *d, const char *words)
{
	char *what = xasprintf("%s: written, and not sent", d->verb);
	if (!d->noted && strcmp(d->text, words ? words : "") != 0) {
		draft_note(c, d->id, what, d->text);
		for (size_t i = 0; i < c->n_drafts; i++)
			c->drafts[i].noted |= strcmp(c->drafts[i].text, d->text) == 0;
	}
	free(what);
	free(d->id);
	free(d->text);
	size_t behind = (size_t)(&c->drafts[--c->n_drafts] - d);
	memmove(d, d + 1, behind * sizeof(*d));
}

void draft_keep(struct console *c, const struct intent *in, size_t i, const char *why)
{
	const struct action *a = in->action;
	if (!(a->flags & ACTION_FREE_TEXT) || !in->argument)
		return;
	const char *words = a->written ? a->written(in->argument) : in->argument;
	if (!*words)
		return;
	bool noted = draft_is_listed(c, words) || (a->flags & ACTION_SECRET);
	if (why && !noted) {
		char *what = xasprintf("%s: %.160s", a->verb, why);
		draft_note(c, in->ids[i], what, words);
		free(what);
	}
	if (a->written) { /* such words are never offered again */
		if (!why)
			draft_note(c, in->ids[i], "written, and given up", words);
		return;
	}
	draft_sent(c, a, in->ids[i], words);
	if (c->n_drafts == DRAFTS_MAX)
		draft_settle(c, &c->drafts[0], NULL);
	c->drafts[c->n_drafts++] = (struct draft){
		.id = xstrdup(in->ids[i]),
		.action = draft_action(a),
		.verb = a->verb,
		.text = xstrdup(words),
		.noted = noted || why || draft_is_listed(c, words),
	};
}

const char *draft_of(const struct console *c, const struct action *a, const char *id)
{
	const struct draft *d = draft_find(c, a, id);
	return d ? d->text : NULL;
}

void draft_sent(struct console *c, const struct action *a, const char *id, const char *words)
{
	struct draft *d = draft_find(c, a, id);
	if (d)
		draft_settle(c, d, words);
}

void drafts_finish(struct console *c)
{
	while (c->n_drafts)
		draft_settle(c, &c->drafts[0], NULL);
}
