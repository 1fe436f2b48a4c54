/* logs.c: many logs in one stream by name, and the commands and keys of the top log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/logs/logs.h"
#include "backends/logs/when.h"
#include "backends/store/level.h"
#include "backends/store/settings.h"
#include "tui/console_internal.h"
#include "tui/logview.h"

#define OLDER_LINES 1000

static bool logs_view_has_log(struct console *c)
{
	if (c->view && c->view->log)
		return true;
	char key[KEY_NAME_SIZE];
	console_flash(c, TONE_WARN, "that is for a log; %s on a row or :logs opens one",
	              keymap_key(console_actions, "row-logs", key));
	return false;
}

void logs_refresh(struct view *v)
{
	log_set_refresh(v->set);
	const char *idle = log_set_idle(v->set);
	if (idle)
		log_set_status(v->log, LOG_NO_SOURCE,
		               "nothing is called %s now; it is followed when it appears", idle);
	else
		log_set_status(v->log, LOG_NO_SOURCE, "%s", "");
}

void logs_open(struct console *c, const char *targets)
{
	struct log *log = log_create_in(store_logs(c->store));
	struct log_set *set = log_set_create(c->store, log);
	char why[300], *word;
	const char *line = targets;
	bool good = true;
	while (good && (word = target_next(&line))) {
		good = log_set_add(set, word, why, sizeof(why));
		if (!good)
			console_flash(c, TONE_BAD, "%s", why);
		free(word);
	}
	if (!good) {
		log_set_destroy(set);
		log_destroy(log);
		return;
	}
	struct view *v = view_push_log(c, log, "", xasprintf("logs %s", targets));
	v->set = set;
	v->set_at = store_generation(c->store);
	logs_refresh(v);
}

/* The time may lie before the loaded lines. Each source that starts later is asked for its lines
 * since then. */
void logs_goto(struct console *c, const char *when)
{
	int64_t wall_ms;
	char clock[HUMAN_SIZE];
	const char *why;
	if (!logs_view_has_log(c))
		return;
	struct pager *p = c->view->pager;
	if (!when_parse(when, now_wall_ms(), &wall_ms)) {
		console_flash(c, TONE_WARN,
		              "%s is not a time; 14:32, 14:32:05, -10m and 2026-11-21T14:32:00Z "
		              "are",
		              when);
		return;
	}
	if (!pager_goto(p, wall_ms))
		console_flash(c, TONE_WARN, "no line is from %s or later",
		              human_clock(clock, wall_ms));
	if (log_reach(c->view->log, wall_ms * 1000, &why)) {
		pager_await(p, wall_ms * 1000, false);
		console_flash(c, TONE_PLAIN, "what was written since %s is being loaded",
		              human_clock(clock, wall_ms));
	}
	console_redraw(c);
}

void logs_save(struct console *c, const char *file, bool all)
{
	char why[400], *path = path_expand(file);
	long lines = logs_view_has_log(c) ? logview_save(pager_logview(c->view->pager), path, all,
	                                                 why, sizeof(why))
	                                  : -2;
	if (lines >= 0)
		console_flash(c, TONE_GOOD, "%ld lines saved in %s", lines, path);
	else if (lines == -1)
		console_flash(c, TONE_BAD, "%s", why);
	free(path);
}

void logs_level(struct console *c, const char *name)
{
	enum log_level level = level_of_word(name, strlen(name));
	if (!logs_view_has_log(c))
		return;
	if (!level && strcmp(name, "all") != 0)
		console_flash(c, TONE_WARN,
		              "%s is not a level; all, debug, info, notice, warn and error are",
		              name);
	else
		logview_level(pager_logview(c->view->pager), level);
	console_redraw(c);
}

void logs_older(struct console *c)
{
	const char *why;
	if (!logs_view_has_log(c))
		return;
	if (log_older(c->view->log, OLDER_LINES, &why))
		console_flash(c, TONE_PLAIN, "up to %d older lines of each source are being loaded",
		              OLDER_LINES);
	else
		console_flash(c, TONE_WARN, "%s", why);
}

void logs_previous(struct console *c)
{
	const char *why;
	if (!logs_view_has_log(c))
		return;
	const struct log_line *first = log_get(c->view->log, log_first(c->view->log));
	pager_move(c->view->pager, PAGER_FIRST);
	if (log_previous(c->view->log, OLDER_LINES, &why)) {
		console_flash(c, TONE_PLAIN,
		              "what was written before the present run is being loaded, above");
		if (first)
			pager_await(c->view->pager, first->time_us, true);
	} else {
		console_flash(c, TONE_WARN, "%s", why);
	}
}

void logs_copy(struct console *c)
{
	size_t lines;
	const struct logview *v = pager_logview(c->view->pager);
	char *text = logview_copy(v, pager_cursor(c->view->pager), &lines);
	clipboard_copy(c, text);
	free(text);
	if (lines < v->marks.n)
		console_flash(c, TONE_WARN,
		              "copied: %zu of %zu marked lines; the rest is gone from memory or "
		              "more than a clipboard takes",
		              lines, v->marks.n);
	else
		console_flash(c, TONE_GOOD, lines == 1 ? "copied: %zu line" : "copied: %zu lines",
		              lines);
}

/* --- the list of filters ------------------------------------------------- */

static void logs_view_filter_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	console_redraw(c);
	if (result->choice < 0 || !c->view || !c->view->log)
		return;
	struct logview *v = pager_logview(c->view->pager);
	if ((size_t)result->choice == v->n) {
		logview_filter_clear(v);
		return;
	}
	logview_filter_toggle(v, (size_t)result->choice);
	logs_filters(c); /* the user may want to switch another filter */
}

void logs_filters(struct console *c)
{
	struct dialog_item items[FILTERS_MAX + 1] = { 0 };
	char labels[FILTERS_MAX][200], keys[FILTERS_MAX][4];
	struct logview *v = pager_logview(c->view->pager);
	if (!v->n) {
		console_flash(c, TONE_PLAIN, "no filters; & adds one");
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct log_filter *f = &v->filters[i];
		const char *not = f->invert ? "not " : "";
		snprintf(labels[i], sizeof(labels[i]), "%s %s%.150s", f->on ? "on " : "off", not,
		         match_pattern(f->match));
		snprintf(keys[i], sizeof(keys[i]), "%zx", (i + 1) & 15);
		items[i] = (struct dialog_item){ .key = keys[i],
			                         .label = labels[i],
			                         .help = "switch it" };
	}
	items[v->n] = (struct dialog_item){ .key = "x",
		                            .label = "take all away",
		                            .help = "show every line again" };
	c->dialog = dialog_menu("Filters", items, v->n + 1, logs_view_filter_chosen, c);
	console_redraw(c);
}
