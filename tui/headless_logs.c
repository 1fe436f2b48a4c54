/* headless_logs.c: `mocr logs` prints many logs as one stream on standard output. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/logs.h"
#include "backends/logs/stamp.h"
#include "backends/store/level.h"
#include "backends/servers/server.h"
#include "tui/headless.h"

#define TURN_MS 100
#define QUIET_MS \
	1000 /* without -f: end after this time without any line that is older than the start */
#define STILL_MS 300    /* after this time without a new line, the histories are complete */
#define HISTORY_MS 2000 /* or after this time since all servers answered */
#define OUT_BYTES (256u << 10)

struct printing {
	struct store *store;
	struct log *log;
	struct log_set *set;
	bool json, follow, stop, begun, printed;
	int64_t began_us;     /* start, wall clock; without -f later lines are not printed */
	int64_t came_ms;      /* monotonic; when the last line was printed */
	uint64_t total;       /* log_total at the last look */
	int64_t still_ms;     /* monotonic; since when total is unchanged */
	int64_t delivered_ms; /* monotonic; when all servers had answered; 0 not yet */
	int64_t time_us;      /* key of the last printed line */
	uint64_t number;
	char said[256]; /* last printed status of the log */
	struct buf out;
};

/* --- one line ------------------------------------------------------------ */

static void headless_add_stamp(struct buf *b, int64_t time_us, bool utc)
{
	char text[64];
	time_t s = (time_t)(time_us / 1000000);
	struct tm tm;
	if (utc)
		gmtime_r(&s, &tm);
	else
		localtime_r(&s, &tm);
	strftime(text, sizeof(text), utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	if (utc)
		buf_addf(b, "%s.%06dZ", text, (int)(time_us % 1000000));
	else
		buf_addf(b, "%s.%03d", text, (int)(time_us / 1000 % 1000));
}

/* Quotes a washed text. Washed text has no control characters. */
static void headless_add_json_string(struct buf *b, const char *s)
{
	buf_puts(b, "\"");
	while (*s) {
		size_t n = strcspn(s, "\"\\");
		buf_add(b, s, n);
		s += n;
		if (*s)
			buf_addf(b, "\\%c", *s++);
	}
	buf_puts(b, "\"");
}

static void headless_flush(struct printing *p)
{
	if (p->out.len &&
	    (fwrite(p->out.data, 1, p->out.len, stdout) != p->out.len || fflush(stdout) != 0))
		p->stop = true; /* the reader of the pipe has gone */
	buf_clear(&p->out);
}

static void headless_print_line(struct printing *p, const struct log_line *l)
{
	static const char *const marks[] = {
		[LOG_LINE] = "line", [LOG_GAP] = "gap", [LOG_ERROR_LINE] = "stderr"
	};
	if (!p->follow && l->time_us > p->began_us && l->mark != LOG_GAP)
		return;
	p->came_ms = now_mono_ms();
	p->printed = true;
	if (p->json) {
		buf_puts(&p->out, "{\"time\":\"");
		headless_add_stamp(&p->out, l->time_us, true);
		buf_puts(&p->out, "\",\"source\":");
		headless_add_json_string(&p->out, log_source_name(p->log, l->source));
		if (l->level)
			buf_addf(&p->out, ",\"level\":\"%s\"", level_name(l->level));
		buf_addf(&p->out, ",\"mark\":\"%s\",\"text\":", marks[l->mark]);
		headless_add_json_string(&p->out, l->text);
		buf_puts(&p->out, "}\n");
	} else {
		size_t said = l->mark == LOG_GAP ? 0
		                                 : stamp_said(l->text, l->len, l->time_us, 1000);
		headless_add_stamp(&p->out, l->time_us, false);
		buf_addf(&p->out, " %s ", log_source_name(p->log, l->source));
		if (l->mark == LOG_GAP)
			buf_puts(&p->out, "-- ");
		buf_add(&p->out, l->text + said, l->len - said);
		buf_puts(&p->out, "\n");
	}
	if (p->out.len > OUT_BYTES)
		headless_flush(p);
}

/* --- the stream ---------------------------------------------------------- */

/* Prints a line that belongs before lines already printed. Late is better than never. */
static void headless_on_late(struct log *log, const struct log_line *l, void *arg)
{
	struct printing *p = arg;
	if (l->time_us < p->time_us || (l->time_us == p->time_us && l->number < p->number))
		headless_print_line(p, l);
}

static void headless_print_settled(struct printing *p)
{
	uint64_t end = log_settled(p->log, NULL);
	if (!p->begun)
		return;
	uint64_t at = log_find(p->log, p->time_us, p->number + 1);
	for (; at && at <= end && !p->stop; at++) {
		const struct log_line *l = log_get(p->log, at);
		if (!l)
			break;
		headless_print_line(p, l);
		p->time_us = l->time_us;
		p->number = l->number;
	}
	headless_flush(p);
}

/* Prints settled lines early when they arrive faster than the log's memory can hold. */
static void headless_on_changed(struct log *log, void *arg)
{
	struct printing *p = arg;
	if (log_bytes(log) > log_pool_max(store_logs(p->store)) / 2) {
		p->begun = true;
		headless_print_settled(p);
	}
}

static bool headless_goes_on(const struct printing *p, int64_t end_ms)
{
	if (p->stop)
		return false;
	if (p->follow)
		return true;
	int64_t now = now_mono_ms();
	return now < end_ms && (!p->begun || !headless_settled(p->store) || log_owed(p->log) ||
	                        now - p->came_ms < QUIET_MS);
}

/* Prints targets that do not exist, once all servers have answered. Returns the exit code. */
static int headless_logs_verdict(const struct printing *p)
{
	const char *idle = log_set_idle(p->set);
	for (const struct server *s = store_servers(p->store); s; s = s->next)
		if (s->link->state != LINK_UP) {
			fprintf(stderr, "mocr: %s: %s\n", s->name,
			        s->row.why ? s->row.why : link_state_name(s->link->state));
			return EXIT_UNREACHABLE;
		}
	if (idle)
		fprintf(stderr, "mocr: nothing is called %s\n", idle);
	if (p->follow)
		/* with -f the code is unused; headless_say_status prints the rest */
		return EXIT_WELL;
	/* Prints read errors, because an unreadable log is not an empty log. Without -f there is no
	 * retry, so that part of the sentence is cut. */
	static const char again[] = "; it is tried again";
	const char *own = log_fault(p->log, LOG_NO_SOURCE);
	bool faults = own != NULL;
	if (own)
		fprintf(stderr, "mocr: %s\n", own);
	for (unsigned i = 0; i < log_sources(p->log); i++) {
		const char *fault = log_fault(p->log, i),
			   *end = fault ? strstr(fault, again) : NULL;
		if (!fault)
			continue;
		faults = true;
		fprintf(stderr, "mocr: %s: %.*s\n", log_source_name(p->log, i),
		        (int)(end ? end - fault : (long)strlen(fault)), fault);
	}
	if (!idle && !faults && !p->printed)
		fprintf(stderr, "mocr: it was read, and no line was there\n");
	return idle || faults ? EXIT_ATTENTION : EXIT_WELL;
}

int headless_logs(struct store *store, char **targets, int n, bool follow, bool json,
                  int64_t since_ms, int wait_ms)
{
	struct printing p = {
		.store = store, .json = json, .follow = follow, .began_us = now_wall_ms() * 1000
	};
	char why[256];
	int code = EXIT_WELL;
	buf_init(&p.out, 4 * OUT_BYTES);
	p.log = log_create_in(store_logs(store));
	p.set = log_set_create(store, p.log);
	log_set_since(p.log, since_ms * 1000);
	log_set_until(p.log, follow ? 0 : p.began_us);
	log_set_late(p.log, headless_on_late, &p);
	log_set_changed(p.log, headless_on_changed, &p);
	for (int i = 0; i < n && code == EXIT_WELL; i++)
		if (!log_set_add(p.set, targets[i], why, sizeof(why))) {
			fprintf(stderr, "mocr: %s\n", why);
			code = EXIT_WRONG_USAGE;
		}
	uint64_t seen = 0;
	bool told = false;
	int64_t end_ms = now_mono_ms() + wait_ms;
	p.came_ms = now_mono_ms();
	while (code == EXIT_WELL && headless_goes_on(&p, end_ms)) {
		if (seen != store_generation(store)) {
			seen = store_generation(store);
			log_set_refresh(p.set);
		}
		if (!told && headless_settled(store)) {
			told = true;
			p.delivered_ms = now_mono_ms();
			p.came_ms = now_mono_ms();
			if (follow)
				headless_logs_verdict(&p);
		}
		loop_turn(store_loop(store), TURN_MS);
		headless_answer(store);
		/* Each server sends its history at its own speed. Printing starts when all
		 * histories are there, so that they are in order too. */
		int64_t now = now_mono_ms();
		if (log_total(p.log) != p.total || !headless_settled(p.store)) {
			p.total = log_total(p.log);
			p.still_ms = now;
		}
		p.begun |= now - p.still_ms >= STILL_MS || now >= end_ms ||
		           (p.delivered_ms && now - p.delivered_ms >= HISTORY_MS);
		headless_print_settled(&p);
		const char *status = log_status(p.log);
		if (p.follow && *status && strcmp(status, p.said) != 0) {
			snprintf(p.said, sizeof(p.said), "%s", status);
			fprintf(stderr, "mocr: %s\n", status);
		}
	}
	if (code == EXIT_WELL && !follow)
		code = headless_logs_verdict(&p);
	log_set_destroy(p.set);
	log_destroy(p.log);
	buf_finish(&p.out);
	return code;
}
