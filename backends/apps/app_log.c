/* app_log.c: turns a log that arrives whole each time into a log that follows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/app.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/logs/stamp.h"
#include "backends/store/log.h"

#define TAIL_KEPT \
	1024 /* bytes kept of the last text, to find the same place when its start is gone */
#define LINE_MOST (8u << 10)

struct app_log {
	struct follow follow;
	const struct app_log_ops *ops;
	void *arg;
	struct loop_timer *timer;
	char tail[TAIL_KEPT];
	/* seen: length of the last text, valid while texts start at the log's beginning */
	size_t tail_len, seen;
	bool over;
	int64_t time_us; /* time of the last line; 0 none */
	char complaint[320];
};

static void app_log_on_timer(struct loop_timer *t, void *arg)
{
	struct app_log *l = arg;
	l->ops->ask(l, l->arg);
}

static void app_log_stop(struct follow *follow)
{
	struct app_log *l = (struct app_log *)follow;
	loop_timer_remove(l->timer);
	l->ops->stop(l->arg);
	free(l);
}

struct app_log *app_log_follow(struct app *a, struct log *log, const char *name,
                               const struct app_log_ops *ops, void *arg)
{
	struct app_log *l = xcalloc(1, sizeof(*l));
	l->ops = ops;
	l->arg = arg;
	l->follow.log = log;
	l->follow.stop = app_log_stop;
	l->follow.source = log_source_add(log, name);
	l->timer = loop_timer_add(store_loop(a->row.server->store), 0, app_log_on_timer, l);
	log_follow(log, &l->follow);
	return l;
}

struct follow *app_log_handle(struct app_log *l)
{
	return &l->follow;
}

/* The last place of the old end in text. NULL: none. Knuth, Morris and Pratt, from the back: each
 * byte is looked at a few times at most, also in a text that repeats one byte. */
static const char *app_log_last_place(const char *text, size_t len, const char *end, size_t n)
{
	/* border[i]: of the last i bytes of end, how many at their end are also at their start,
	 * both read backwards */
	size_t border[TAIL_KEPT + 1] = { 0 }, k = 0;
	for (size_t i = 1; i < n; i++) {
		while (k && end[n - 1 - i] != end[n - 1 - k])
			k = border[k];
		k += end[n - 1 - i] == end[n - 1 - k];
		border[i + 1] = k;
	}
	k = 0;
	for (size_t at = len; at > 0; at--) {
		while (k && text[at - 1] != end[n - 1 - k])
			k = border[k];
		k += text[at - 1] == end[n - 1 - k];
		if (k == n)
			return text + at - 1;
	}
	return NULL;
}

/* Offset of the new text. *gap: the old end was not found, so lines may be missing. */
static size_t app_log_find_new(const struct app_log *l, const char *text, size_t len, bool *gap)
{
	size_t n = l->tail_len;
	*gap = false;
	if (!n)
		return 0;
	if (len >= l->seen && l->seen >= n && !memcmp(text + l->seen - n, l->tail, n))
		return l->seen;
	/* only the last lines arrived: find the last occurrence of the old end */
	const char *found = app_log_last_place(text, len, l->tail, n);
	if (found)
		return (size_t)(found - text) + n;
	/* the text starts inside the old end */
	for (size_t k = n < len ? n : len; k > 0; k--)
		if (!memcmp(text, l->tail + n - k, k))
			return k;
	*gap = true;
	return 0;
}

static void app_log_add_lines(struct app_log *l, const char *text, size_t len)
{
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;
		size_t shown = n < LINE_MOST ? n : LINE_MOST;
		/* a progress bar overwrote itself */
		const char *cr = shown ? memrchr(text, '\r', shown - 1) : NULL;
		size_t skip = cr ? (size_t)(cr + 1 - text) : 0;
		/* The time is the line's own stamp. Without a stamp: now, or for the first text the
		 * time of the line before. */
		int64_t now_us = now_wall_ms() * 1000;
		int64_t us = stamp_find(text + skip, shown - skip, (struct zone){ 0 });
		if (us > now_us)
			us = 0;
		if (!us)
			us = l->seen ? now_us : l->time_us;
		if (us < l->time_us)
			us = l->time_us;
		l->time_us = us;
		log_add(l->follow.log, l->follow.source, us ? us : now_us, LOG_LEVEL_UNKNOWN,
		        LOG_LINE, text + skip, shown - skip);
		text += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

void app_log_take(struct app_log *l, const char *text, size_t len, bool over, const char *ending)
{
	bool gap;
	const char *last = len ? memrchr(text, '\n', len) : NULL;
	/* keep an incomplete line for the next text */
	size_t whole = last ? (size_t)(last + 1 - text) : 0;
	if (over)
		whole = len;
	size_t from = app_log_find_new(l, text, whole, &gap);
	if (gap)
		log_gap(l->follow.log, l->follow.source, "the lines in between are missing");
	app_log_add_lines(l, text + from, whole - from);
	l->seen = whole;
	if (whole) {
		size_t n = whole < TAIL_KEPT ? whole : TAIL_KEPT;
		memcpy(l->tail, text + whole - n, n);
		l->tail_len = n;
	}
	l->complaint[0] = '\0';
	log_set_status(l->follow.log, l->follow.source, "%s", "");
	l->over = over;
	if (over)
		log_gap(l->follow.log, l->follow.source, "%s", ending);
	else
		loop_timer_set(l->timer, APP_LOG_EVERY_MS);
}

void app_log_now(struct app_log *l)
{
	loop_timer_set(l->timer, 20);
}

void app_log_later(struct app_log *l)
{
	loop_timer_set(l->timer, APP_LOG_EVERY_MS / 2);
}

void app_log_fail(struct app_log *l, const struct err *err)
{
	if (strcmp(l->complaint, err->text) != 0)
		log_gap(l->follow.log, l->follow.source, "%s", err->text);
	snprintf(l->complaint, sizeof(l->complaint), "%.319s", err->text);
	if (err->code != ERR_ABSENT && err->code != ERR_DENIED)
		loop_timer_set(l->timer, 5 * APP_LOG_EVERY_MS);
}
