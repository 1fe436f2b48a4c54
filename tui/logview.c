#include "tui/logview.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/logs/fold.h"
#include "backends/store/level.h"
#include "tui/keymap.h"

#define COPY_MAX 74000 /* the most that terminals take (clipboard.c) */
/* a clock difference worth showing, because it changes the order of lines */
#define CLOCK_WORTH_MS 500
#define BEHIND_WORTH_MS 1000
#define JUDGE_ALL_US 1000000

struct logview *logview_create(struct log *log)
{
	struct logview *v = xcalloc(1, sizeof(*v));
	v->log = log;
	buf_init(&v->text, 4 * LOG_LINE_MAX);
	return v;
}

void logview_destroy(struct logview *v)
{
	if (!v)
		return;
	log_set_judge(v->log, NULL, NULL);
	for (size_t i = 0; i < v->n; i++)
		match_destroy(v->filters[i].match);
	buf_finish(&v->text);
	free(v);
}

/* --- filters ------------------------------------------------------------- */

/* mocr's own notes about gaps are always visible. A line of unknown level counts as information. */
static bool logview_judge(const struct log_line *line, void *arg)
{
	const struct logview *v = arg;
	enum log_level level = line->level ? line->level : LOG_LEVEL_INFO;
	if (line->mark == LOG_GAP)
		return true;
	if (v->least && level < v->least)
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (v->filters[i].on &&
		    match_in(v->filters[i].match, line->text, line->len) == v->filters[i].invert)
			return false;
	return true;
}

bool logview_filtered(const struct logview *v)
{
	bool any = v->least > LOG_LEVEL_DEBUG;
	for (size_t i = 0; i < v->n; i++)
		any |= v->filters[i].on;
	return any;
}

static void logview_judge_again(struct logview *v)
{
	log_set_judge(v->log, logview_filtered(v) ? logview_judge : NULL, v);
}

bool logview_filter_add(struct logview *v, const char *text, char *why, size_t size)
{
	bool invert = *text == '!';
	char key[KEY_NAME_SIZE];
	if (v->n == FILTERS_MAX) {
		snprintf(why, size, "there are %d filters already; %s shows them", FILTERS_MAX,
		         keymap_key(view_log_actions, "log-filters", key));
		return false;
	}
	struct match *match = text[invert] ? match_create(text + invert, why, size) : NULL;
	if (!match)
		return false;
	v->filters[v->n++] = (struct log_filter){ match, invert, true };
	logview_judge_again(v);
	return true;
}

void logview_filter_toggle(struct logview *v, size_t index)
{
	if (index >= v->n)
		return;
	v->filters[index].on = !v->filters[index].on;
	logview_judge_again(v);
}

void logview_filter_clear(struct logview *v)
{
	for (size_t i = 0; i < v->n; i++)
		match_destroy(v->filters[i].match);
	v->n = 0;
	logview_judge_again(v);
}

void logview_level(struct logview *v, enum log_level least)
{
	v->least = least;
	logview_judge_again(v);
}

/* --- lines that the reader chose ----------------------------------------- */

struct line_key line_key_of(const struct log_line *line)
{
	return (struct line_key){ line->time_us, line->number };
}

static long logview_key_index(const struct key_list *list, const struct log_line *line)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->keys[i].number == line->number)
			return (long)i;
	return -1;
}

bool keys_have(const struct key_list *list, const struct log_line *line)
{
	return list->n && logview_key_index(list, line) >= 0;
}

static int logview_by_time(const void *a, const void *b)
{
	const struct line_key *x = a, *y = b;
	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

bool keys_toggle(struct key_list *list, const struct log_line *line)
{
	long at = logview_key_index(list, line);
	if (at >= 0) {
		memmove(list->keys + at, list->keys + at + 1,
		        (list->n - (size_t)at - 1) * sizeof(*list->keys));
		list->n--;
		return true;
	}
	if (list->n == KEYS_MAX)
		return false;
	list->keys[list->n++] = line_key_of(line);
	qsort(list->keys, list->n, sizeof(*list->keys), logview_by_time);
	return true;
}

const char *logview_text(struct logview *v, const struct log_line *line)
{
	buf_clear(&v->text);
	if (v->flat || line->len < 2 || line->text[0] != '{')
		return line->text;
	bool done = keys_have(&v->unfolded, line) ? unfold_json(line->text, line->len, &v->text)
	                                          : fold_json(line->text, line->len, &v->text);
	return done && v->text.len ? v->text.data : line->text;
}

/* --- words about it ------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void logview_say(char *buf, size_t size,
                                                              const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;
	if (used && used + 3 < size)
		used += (size_t)snprintf(buf + used, size - used, ", ");
	va_start(ap, fmt);
	if (used < size)
		vsnprintf(buf + used, size - used, fmt, ap);
	va_end(ap);
}

static void logview_say_losses(const struct logview *v, bool brief, char *buf, size_t size)
{
	char span[HUMAN_SIZE];
	if (log_behind(v->log) >= BEHIND_WORTH_MS)
		logview_say(buf, size, "%s behind", human_span(span, log_behind(v->log)));
	if (log_dropped(v->log))
		logview_say(buf, size,
		            brief ? "%llu dropped" : "%llu oldest dropped: log_memory is full",
		            (unsigned long long)log_dropped(v->log));
}

void logview_facts(const struct logview *v, bool brief, char *buf, size_t size)
{
	unsigned on = 0;
	*buf = '\0';
	for (size_t i = 0; i < v->n; i++)
		on += v->filters[i].on;
	if (brief) /* losses first, because the end may be cut off */
		logview_say_losses(v, brief, buf, size);
	unsigned long long lines = log_last(v->log) ? log_last(v->log) - log_first(v->log) + 1 : 0;
	if (logview_filtered(v))
		logview_say(buf, size, brief ? "%llu/%llu" : "%llu of %llu lines",
		            (unsigned long long)log_seen_count(v->log), lines);
	else if (brief)
		logview_say(buf, size, "%llu", lines);
	else
		logview_say(buf, size, lines == 1 ? "%llu line" : "%llu lines", lines);
	if (on && brief)
		logview_say(buf, size, "&%u", on);
	else if (on)
		logview_say(buf, size, on == 1 ? "%u filter" : "%u filters", on);
	if (v->least > LOG_LEVEL_DEBUG)
		logview_say(buf, size, brief ? "%s+" : "%s and worse", level_name(v->least));
	if (!brief)
		logview_say_losses(v, brief, buf, size);
	char told[128] = "", server[128];
	for (unsigned i = 0; i < log_sources(v->log); i++) {
		int64_t ahead = log_source_clock(v->log, i);
		const char *name = log_source_name(v->log, i);
		snprintf(server, sizeof(server), "%.*s", (int)strcspn(name, "/"), name);
		if (ahead == LOG_CLOCK_UNKNOWN || llabs(ahead) < CLOCK_WORTH_MS ||
		    strcmp(server, told) == 0)
			continue;
		snprintf(told, sizeof(told), "%s", server);
		logview_say(buf, size, brief ? "%s %+.1f s" : "clock of %s %+.1f s", server,
		            (double)ahead / 1000);
	}
}

/* --- taking lines along -------------------------------------------------- */

char *logview_copy(const struct logview *v, uint64_t place, size_t *lines)
{
	struct buf out;
	const struct log_line *line = log_get(v->log, place);
	buf_init(&out, COPY_MAX);
	*lines = 0;
	for (size_t i = 0; i < v->marks.n; i++) {
		const struct log_line *marked = log_get(v->log,
		                                        log_find(v->log, v->marks.keys[i].time_us,
		                                                 v->marks.keys[i].number));
		if (!marked || marked->number != v->marks.keys[i].number)
			continue;
		if (out.len + marked->len + 1 > COPY_MAX)
			break;
		buf_add(&out, marked->text, marked->len);
		buf_puts(&out, "\n");
		++*lines;
	}
	if (!v->marks.n && line && buf_add(&out, line->text, line->len))
		*lines = 1;
	return buf_take(&out);
}

long logview_save(const struct logview *v, const char *path, bool all, char *why, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	long n = 0;
	char when[64];
	while (!all && !log_judge_some(v->log, JUDGE_ALL_US))
		; /* apply a filter that was just added */
	for (uint64_t at = log_first(v->log); f && at && at <= log_last(v->log); at++, n++) {
		if (!all)
			at = log_seen_from(v->log, at);
		const struct log_line *line = at ? log_get(v->log, at) : NULL;
		if (!line)
			break;
		time_t s = (time_t)(line->time_us / 1000000);
		struct tm tm;
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&s, &tm));
		fprintf(f, "%s.%03d %s %s%s\n", when, (int)(line->time_us / 1000 % 1000),
		        log_source_name(v->log, line->source),
		        line->mark == LOG_GAP ? "-- " : "", line->text);
	}
	bool good = f && !ferror(f);
	int code = errno;
	if (f && fclose(f) != 0) {
		code = errno;
		good = false;
	}
	if (good)
		return n;
	snprintf(why, size, "the log could not be saved in %s: %s", path, strerror(code));
	return -1;
}
