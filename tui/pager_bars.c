/* pager_bars.c: the histogram of lines and errors over time, one row of bars above a log. */
#include <stdio.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/wash.h"
#include "tui/pager_internal.h"

#define BARS_MAX 240
#define LABELS 34 /* cells of the text around the bars */

static void pager_bars_clock_of(char *buf, size_t size, int64_t us, bool date)
{
	time_t s = (time_t)(us / 1000000);
	struct tm tm;
	localtime_r(&s, &tm);
	strftime(buf, size, date ? "%m-%d %H:%M" : "%H:%M", &tm);
}

void histogram_draw(const struct pager *p, const struct canvas *c)
{
	unsigned lines[BARS_MAX], errors[BARS_MAX], most = 0;
	float values[BARS_MAX];
	char bars[BARS_MAX * 4 + 1], from[32], to[32];
	const struct log_line *first = log_get(p->log, log_first(p->log)),
			      *last = log_get(p->log, log_last(p->log));
	int room = c->width - LABELS;
	size_t n;
	if (room < 8)
		n = 8;
	else if (room > BARS_MAX)
		n = BARS_MAX;
	else
		n = (size_t)room;
	if (!first)
		return;
	static const int64_t spans_us[] = {
		[SPAN_MINUTES] = 15 * 60 * (int64_t)1000000, [SPAN_DAY] = 86400 * (int64_t)1000000
	};
	int64_t end_us = last->time_us, start_us = first->time_us;
	if (p->view->span != SPAN_ALL && end_us - spans_us[p->view->span] > start_us)
		start_us = end_us - spans_us[p->view->span];
	log_histogram(p->log, start_us, end_us, n, lines, errors);
	for (size_t i = 0; i < n; i++) {
		most = lines[i] > most ? lines[i] : most;
		values[i] = (float)lines[i];
	}
	bool date = end_us - start_us > 86400 * (int64_t)1000000;
	pager_bars_clock_of(from, sizeof(from), start_us, date);
	pager_bars_clock_of(to, sizeof(to), end_us, date);
	glyph_spark(bars, sizeof(bars), values, n, most ? (float)most : 1);
	int x = canvas_textf(c, 0, 0, -1, TONE_DIM, "%s ", from);
	canvas_text(c, 0, x, -1, TONE_PLAIN, bars);
	for (size_t i = 0; i < n; i++)
		if (!lines[i]) /* no lines: a gap, not a small bar */
			canvas_text(c, 0, x + (int)i, 1, TONE_DIM, " ");
		else if (errors[i])
			canvas_retone(c, 0, x + (int)i, 1, TONE_BAD);
	canvas_textf(c, 0, x + (int)n, -1, TONE_DIM, " %s  most %u", to, most);
}
