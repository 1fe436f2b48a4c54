#include "backends/systems/logdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/jsonl.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/log.h"
#include "backends/store/settings.h"

#define ASK_TIMEOUT_MS 30000
#define RETRY_MS 2000
#define RETRY_MOST_MS 60000
#define MS_NS INT64_C(1000000)
#define DAY_NS (INT64_C(86400) * 1000000000)
#define OLDER_NS (30 * DAY_NS) /* Loki allows 30 days and an hour in one question */
#define TURN_BYTES                                                                       \
	(256u << 10)   /* of a tail in one turn; other logs and the keys come in between \
	                */
#define TURN_NEXT_MS 1 /* 0 would run in the same turn */
#define QUERY_SHOWN 60 /* bytes of the query in the name of the source */

/* What is asked for, in one or several answers, from the newest line backwards. */
enum logdb_want { WANT_NOTHING, WANT_NEW, WANT_OLDER, WANT_REACH };
struct logdb_asking {
	enum logdb_want want;
	struct api_call *call;
	int64_t start_ns, end_ns; /* end 0: until now */
	unsigned limit, pages;
	size_t added;
	int64_t sent_ms; /* loop clock, of the first question */
	int64_t from_ns; /* clock there, when the first question was sent */
};

enum logdb_tail { TAIL_NONE, TAIL_OPENING, TAIL_RUNS, TAIL_REFUSED };

struct logdb_follow {
	struct follow follow;
	struct logdb_follow *next;
	struct site *site; /* NULL: its section is gone */
	struct loop *loop; /* borrowed */
	const struct logdb_ops *ops;
	char *query;              /* owned */
	struct loop_timer *timer; /* asks for what is new */
	struct logdb_asking ask;
	struct logdb_seen seen;
	uint32_t round;
	int64_t first_ns, last_ns; /* of the lines shown; 0 none */
	int64_t asked_ns;          /* clock there: everything to here was asked for; 0 nothing */
	/* everything from here on was loaded, except what a gap line says; 0 nothing */
	int64_t begin_ns;
	struct api_call *tail;
	enum logdb_tail tail_state;
	struct loop_timer *resume; /* of a tail that reached TURN_BYTES */
	struct json_lines lines;
	uint32_t tail_round;
	int64_t turn_ms;
	size_t turn_bytes;
	struct backoff pause;
	int64_t lost_ms;     /* wall clock: no answer since then; 0 */
	char complaint[320]; /* said last; "" none, or an answer came since */
	bool paused;         /* the log is not on the screen */
	bool over;           /* it was refused, or only what was there is wanted */
};

static void logdb_ask_page(struct logdb_follow *);
static void logdb_tail_open(struct logdb_follow *);

static const struct logs_config *logdb_section(const struct site *s)
{
	return site_section(s);
}

const char *logdb_user(const struct site *s)
{
	const struct logs_config *c = logdb_section(s);
	return c ? c->user : NULL;
}

/* The clock there. */
static int64_t logdb_now_ns(const struct logdb_follow *f)
{
	return (now_wall_ms() + f->site->skew_ms) * MS_NS;
}

static bool logdb_is_connected(const struct logdb_follow *f)
{
	return f->site && f->site->up && f->site->api;
}

/* --- lines ----------------------------------------------------------------- */

/* A line may hold several, which share its time. before_us: it was written before this; 0. */
static void logdb_show(struct logdb_follow *f, const struct logdb_line *line, int64_t before_us)
{
	const char *p = line->text, *end = p + line->len;
	int64_t us = line->ns / 1000;
	/* a line of the same microsecond still comes before those that are there */
	if (before_us && us >= before_us)
		us = before_us - 1;
	while (end > p && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	do {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		log_add(f->follow.log, f->follow.source, us, line->level, LOG_LINE, p,
		        (size_t)(stop - p));
		p = stop + 1;
	} while (p < end);
}

static size_t logdb_take(struct logdb_follow *f, const struct logdb_page *page, uint32_t round,
                         int64_t before_us)
{
	size_t added = 0;
	for (size_t i = 0; i < page->n; i++) {
		const struct logdb_line *line = &page->at[i];
		if (!logdb_seen_take(&f->seen, round, line->ns, line->hash))
			continue;
		if (!f->first_ns || line->ns < f->first_ns)
			f->first_ns = line->ns;
		if (line->ns > f->last_ns)
			f->last_ns = line->ns;
		logdb_show(f, line, before_us);
		added++;
	}
	if (added)
		log_set_status(f->follow.log, f->follow.source, "%s", "");
	return added;
}

/* The title of a log has too little room for a sentence: each is said once among the lines, too.
 * What is only printed has its status. */
static void logdb_complain(struct logdb_follow *f, const char *text)
{
	if (!log_until(f->follow.log) && strcmp(f->complaint, text) != 0)
		log_gap(f->follow.log, f->follow.source, "%s", text);
	snprintf(f->complaint, sizeof(f->complaint), "%s", text);
}

/* --- questions ------------------------------------------------------------- */

/* The next question begins before the last one: lines arrive late. */
static int64_t logdb_next_start(const struct logdb_follow *f)
{
	int64_t newest = f->last_ns && f->last_ns < f->asked_ns ? f->last_ns : f->asked_ns;
	int64_t start = newest - LOGDB_LATE_NS, least = f->asked_ns - LOGDB_REST_NS;
	if (!f->asked_ns && log_since(f->follow.log))
		return log_since(f->follow.log) * 1000;
	if (!f->asked_ns)
		return logdb_now_ns(f) - DAY_NS;
	if (start < least)
		start = least;
	return start > f->seen.forgot_ns ? start : f->seen.forgot_ns + 1;
}

static void logdb_ask(struct logdb_follow *f, enum logdb_want want, int64_t start_ns,
                      int64_t end_ns, unsigned limit)
{
	f->ask = (struct logdb_asking){ .want = want,
		                        .start_ns = start_ns,
		                        .end_ns = end_ns,
		                        .limit = limit,
		                        .sent_ms = loop_now(f->loop),
		                        .from_ns = logdb_now_ns(f) };
	loop_timer_set(f->timer, -1);
	logdb_ask_page(f);
}

/* Asks again in a while. A tail is opened as soon as what was there is shown. */
static void logdb_go_on(struct logdb_follow *f)
{
	if (f->over || f->paused || !logdb_is_connected(f))
		return;
	if (f->tail_state == TAIL_NONE && f->ops->tail_path)
		logdb_tail_open(f);
	loop_timer_set(f->timer, f->tail_state == TAIL_RUNS ? LOGDB_TAILED_MS : LOGDB_POLL_MS);
}

/* r: the answer; err: why it is of no use. */
static void logdb_failed(struct logdb_follow *f, const struct api_answer *r, const struct err *err)
{
	enum logdb_want want = f->ask.want;
	int status = r->status;
	char words[200];
	/* a query that was not understood is not understood later either */
	bool is_final = err->code == ERR_USAGE || (status >= 400 && status < 500 && status != 401 &&
	                                           status != 403 && status != 408 && status != 429);
	f->ask.want = WANT_NOTHING;
	if (want != WANT_NEW) {
		log_say(f->follow.log, "older lines are not available: %s", err->text);
		logdb_go_on(f);
		return;
	}
	f->over = is_final || log_until(f->follow.log);
	if (!f->lost_ms && f->asked_ns)
		f->lost_ms = now_wall_ms();
	log_set_status(f->follow.log, f->follow.source, "%s%s", err->text,
	               f->over ? "" : "; it is tried again");
	if (is_final && r->err.code)
		logdb_complain(f, api_words(words, sizeof(words), r->body, r->len));
	else
		logdb_complain(f, err->text);
	if (!f->over && !f->paused)
		loop_timer_set(f->timer, (int)backoff_ms(&f->pause, RETRY_MS, RETRY_MOST_MS));
}

/* cut: the last answer was full, so there are more lines at oldest_ns and before. */
static void logdb_over(struct logdb_follow *f, bool cut, int64_t oldest_ns)
{
	static const char left_out[] =
		"more lines were written than are loaded here: what is older "
		"and not shown yet is left out";
	struct logdb_asking was = f->ask;
	bool nothing_yet = !f->first_ns;
	int64_t begin = cut ? oldest_ns + 1 : was.start_ns;
	f->ask.want = WANT_NOTHING;
	if (cut && f->begin_ns && was.want == WANT_NEW)
		log_add(f->follow.log, f->follow.source, oldest_ns / 1000, LOG_LEVEL_UNKNOWN,
		        LOG_GAP, left_out, strlen(left_out));
	if (!f->begin_ns || begin < f->begin_ns)
		f->begin_ns = begin;
	if (was.want == WANT_NEW) {
		char when[HUMAN_SIZE];
		f->asked_ns = was.from_ns;
		f->complaint[0] = '\0';
		backoff_reset(&f->pause);
		log_set_status(f->follow.log, f->follow.source, "%s", "");
		if (nothing_yet) {
			/* the clock there is known to a second or two */
			human_age(when, (logdb_now_ns(f) - f->begin_ns) / MS_NS + 5000);
			char none[120];
			snprintf(none, sizeof(none), "no line matches in the last %s", when);
			log_set_rest(f->follow.log, f->follow.source, none);
		}
		f->over = log_until(f->follow.log) != 0;
	} else if (!was.added) {
		log_say(f->follow.log,
		        "%s: no older lines in the 30 days before; the same key "
		        "looks further back",
		        log_source_name(f->follow.log, f->follow.source));
	}
	logdb_seen_prune(&f->seen, logdb_next_start(f), f->begin_ns - 1);
	logdb_go_on(f);
}

static void logdb_page_came(const struct api_answer *r, void *arg)
{
	struct logdb_follow *f = arg;
	struct logdb_asking *ask = &f->ask;
	struct logdb_page page = { 0 };
	struct err err = r->err, why;
	ask->call = NULL;
	if (!err.code && !f->ops->parse(r->body, r->len, f->query, &page, &why))
		err_set(&err, why.code, "%s %s: %s", f->site->platform->product, f->site->name,
		        why.text);
	if (err.code) {
		logdb_page_finish(&page);
		logdb_failed(f, r, &err);
		return;
	}
	/* The clock there when the first question was sent. The header has whole seconds. */
	if (!ask->pages && r->date_ms)
		ask->from_ns = (r->date_ms - 1000 - (loop_now(f->loop) - ask->sent_ms)) * MS_NS;
	if (ask->want == WANT_NEW && page.n) {
		char span[HUMAN_SIZE];
		if (f->lost_ms)
			log_gap(f->follow.log, f->follow.source,
			        "nothing was read for %s; what was written meanwhile follows",
			        human_span(span, now_wall_ms() - f->lost_ms));
		f->lost_ms = 0;
	}
	ask->added += logdb_take(f, &page, ++f->round, ask->end_ns / 1000);
	ask->pages++;
	int64_t oldest = page.n ? page.at[0].ns : 0;
	bool is_full = page.n >= ask->limit;
	bool is_one = ask->limit == LOGDB_FIRST || ask->want == WANT_OLDER;
	logdb_page_finish(&page);
	if (!is_full || is_one || ask->pages == LOGDB_PAGES_MAX) {
		logdb_over(f, is_full, oldest);
		return;
	}
	/* The lines of the oldest time may have been cut. They are asked for again, unless the
	 * whole answer has that time. */
	bool moves = !ask->end_ns || oldest + 1 < ask->end_ns;
	ask->end_ns = moves ? oldest + 1 : oldest;
	if (ask->want == WANT_REACH)
		logdb_seen_prune(&f->seen, logdb_next_start(f), oldest);
	if (ask->end_ns > ask->start_ns)
		logdb_ask_page(f);
	else
		logdb_over(f, false, 0);
}

/* The headers must live during the call of site_call only. */
static struct api_call *logdb_call(struct logdb_follow *f, char *path, struct api_request *request)
{
	char words[2][120];
	const char *headers[3] = { NULL };
	const struct logs_config *c = logdb_section(f->site);
	size_t n = c && c->tenant ? f->ops->tenant(c->tenant, words) : 0;
	for (size_t i = 0; i < n; i++)
		headers[i] = words[i];
	request->path = path;
	request->headers = headers;
	request->once = true;
	request->arg = f;
	struct api_call *call = site_call(f->site, request);
	free(path);
	return call;
}

static void logdb_ask_page(struct logdb_follow *f)
{
	const struct logdb_asking *a = &f->ask;
	f->ask.call = logdb_call(f, f->ops->path(f->query, a->start_ns, a->end_ns, a->limit),
	                         &(struct api_request){ .done = logdb_page_came,
	                                                .timeout_ms = ASK_TIMEOUT_MS });
}

static void logdb_on_timer(struct loop_timer *t, void *arg)
{
	struct logdb_follow *f = arg;
	bool first = !f->asked_ns && !log_since(f->follow.log);
	if (logdb_is_connected(f) && !f->ask.call && !f->paused && !f->over)
		logdb_ask(f, WANT_NEW, logdb_next_start(f), 0, first ? LOGDB_FIRST : LOGDB_PAGE);
}

/* --- the live tail ---------------------------------------------------------- */

static void logdb_tail_line(const char *line, size_t len, void *arg)
{
	struct logdb_follow *f = arg;
	struct logdb_page page = { 0 };
	if (vlogs_line_parse(line, len, f->query, &page))
		logdb_take(f, &page, f->tail_round, 0);
	logdb_page_finish(&page);
}

static bool logdb_tail_data(struct api_call *call, const char *bytes, size_t len, void *arg)
{
	struct logdb_follow *f = arg;
	int64_t now = loop_now(f->loop);
	if (now != f->turn_ms)
		f->turn_bytes = 0;
	f->turn_ms = now;
	f->turn_bytes += len;
	json_lines_feed(&f->lines, bytes, len, logdb_tail_line, f);
	if (f->turn_bytes < TURN_BYTES)
		return true;
	loop_timer_set(f->resume, TURN_NEXT_MS);
	return false;
}

static void logdb_on_resume(struct loop_timer *t, void *arg)
{
	struct logdb_follow *f = arg;
	if (f->tail)
		api_resume(f->tail);
}

static void logdb_tail_answered(struct api_call *call, void *arg)
{
	struct logdb_follow *f = arg;
	f->tail_state = TAIL_RUNS;
}

/* The questions go on. The next good answer opens it again. */
static void logdb_tail_done(const struct api_answer *r, void *arg)
{
	struct logdb_follow *f = arg;
	f->tail = NULL;
	json_lines_finish(&f->lines);
	f->tail_state = r->status >= 400 && r->status < 500 ? TAIL_REFUSED : TAIL_NONE;
	if (!f->ask.call && !f->over && !f->paused)
		loop_timer_set(f->timer, LOGDB_POLL_MS);
}

static void logdb_tail_open(struct logdb_follow *f)
{
	f->tail_state = TAIL_OPENING;
	f->tail_round = ++f->round;
	f->tail = logdb_call(f, f->ops->tail_path(f->query),
	                     &(struct api_request){ .data = logdb_tail_data,
	                                            .answered = logdb_tail_answered,
	                                            .done = logdb_tail_done });
}

static void logdb_tail_stop(struct logdb_follow *f)
{
	api_cancel(f->tail);
	f->tail = NULL;
	json_lines_finish(&f->lines);
	if (f->tail_state != TAIL_REFUSED)
		f->tail_state = TAIL_NONE;
}

/* --- the follower ------------------------------------------------------------ */

static void logdb_pause(struct follow *follow, bool on)
{
	struct logdb_follow *f = container_of(follow, struct logdb_follow, follow);
	f->paused = on;
	loop_timer_set(f->timer, on || f->over ? -1 : 0);
	if (on)
		logdb_tail_stop(f);
}

/* A question for new lines that has no answer yet makes way. It is asked again afterwards. */
static bool logdb_can_ask(struct logdb_follow *f, const char **why)
{
	bool yields = f->ask.want == WANT_NEW && f->asked_ns && !f->ask.pages;
	if (!logdb_is_connected(f)) {
		*why = "it is not connected";
		return false;
	}
	if (!f->begin_ns || (f->ask.call && !yields)) {
		*why = "lines are on their way";
		return false;
	}
	api_cancel(f->ask.call);
	f->ask.call = NULL;
	return true;
}

static bool logdb_older(struct follow *follow, unsigned lines, const char **why)
{
	struct logdb_follow *f = container_of(follow, struct logdb_follow, follow);
	if (!logdb_can_ask(f, why))
		return false;
	int64_t start = f->begin_ns > OLDER_NS ? f->begin_ns - OLDER_NS : 1;
	logdb_ask(f, WANT_OLDER, start, f->begin_ns, lines < LOGDB_PAGE ? lines : LOGDB_PAGE);
	return true;
}

static bool logdb_reach(struct follow *follow, int64_t since_us, const char **why)
{
	struct logdb_follow *f = container_of(follow, struct logdb_follow, follow);
	if (f->begin_ns && f->begin_ns / 1000 <= since_us)
		return false;
	if (!logdb_can_ask(f, why))
		return false;
	logdb_ask(f, WANT_REACH, since_us * 1000, f->begin_ns, LOGDB_PAGE);
	return true;
}

static bool logdb_owes(const struct follow *follow)
{
	const struct logdb_follow *f = container_of((struct follow *)follow, struct logdb_follow,
	                                            follow);
	return log_until(follow->log) && !f->over && logdb_is_connected(f);
}

static void logdb_stop_calls(struct logdb_follow *f)
{
	api_cancel(f->ask.call);
	f->ask.call = NULL;
	f->ask.want = WANT_NOTHING;
	logdb_tail_stop(f);
	loop_timer_set(f->timer, -1);
}

static void logdb_stop(struct follow *follow)
{
	struct logdb_follow *f = container_of(follow, struct logdb_follow, follow);
	logdb_stop_calls(f);
	if (f->site)
		LIST_DROP(((struct logdb_site *)f->site)->follows, f);
	loop_timer_remove(f->timer);
	loop_timer_remove(f->resume);
	logdb_seen_finish(&f->seen);
	free(f->query);
	free(f);
}

bool logdb_has_log(const struct system *y)
{
	return y->is_site && y->site->up && !y->site->err.code;
}

/* "local/system/loki/home", with its query where the log view has several of one system. */
static void logdb_source_name(const struct system *y, const char *query, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s", y->row.id);
	if (!query || n < 0 || (size_t)n >= size)
		return;
	snprintf(buf + n, size - (size_t)n, ":%.*s", QUERY_SHOWN, query);
	/* What follows the last slash is shown, and a blank ends a name in what is printed. */
	for (char *c = buf + n; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '_';
}

struct follow *logdb_follow(struct system *y, const char *query, struct log *log, struct err *err)
{
	struct logdb_site *s = (struct logdb_site *)y->site;
	const struct logs_config *c = logdb_section(y->site);
	const struct logdb_ops *ops = y->site->platform->param;
	struct logdb_follow *f = xcalloc(1, sizeof(*f));
	char name[400];
	logdb_source_name(y, query, name, sizeof(name));
	f->follow = (struct follow){ .log = log,
		                     .source = log_source_add(log, name),
		                     .stop = logdb_stop,
		                     .pause = logdb_pause,
		                     .older = logdb_older,
		                     .reach = logdb_reach,
		                     .owes = logdb_owes };
	f->site = y->site;
	f->loop = store_loop(y->row.server->store);
	f->ops = ops;
	if (!query)
		query = c && c->query ? c->query : ops->everything;
	f->query = xstrdup(query);
	f->timer = loop_timer_add(f->loop, 0, logdb_on_timer, f);
	f->resume = loop_timer_add(f->loop, -1, logdb_on_resume, f);
	LIST_APPEND(s->follows, f);
	log_follow(log, &f->follow);
	if (!logdb_is_connected(f)) {
		const char *why = y->site->err.code ? y->site->err.text : "it is not connected";
		log_set_status(log, f->follow.source, "%s", why);
		logdb_complain(f, why);
	}
	return &f->follow;
}

/* --- its system --------------------------------------------------------------- */

void logdb_open(struct site *s)
{
	for (struct logdb_follow *f = ((struct logdb_site *)s)->follows; f; f = f->next) {
		if (f->ask.call)
			continue;
		/* the section may have changed: what was refused is tried again */
		f->over = log_until(f->follow.log) && f->asked_ns;
		if (f->tail_state == TAIL_REFUSED)
			f->tail_state = TAIL_NONE;
		if (!f->over && !f->paused)
			loop_timer_set(f->timer, 0);
	}
}

void logdb_close(struct site *s, const struct err *why)
{
	for (struct logdb_follow *f = ((struct logdb_site *)s)->follows; f; f = f->next) {
		logdb_stop_calls(f);
		if (!f->lost_ms && f->asked_ns)
			f->lost_ms = now_wall_ms();
		log_set_status(f->follow.log, f->follow.source, "%s %s is not connected",
		               s->platform->product, s->name);
	}
}

void logdb_free(struct site *s)
{
	struct logdb_site *own = (struct logdb_site *)s;
	while (own->follows) {
		struct logdb_follow *f = own->follows;
		LIST_DROP(own->follows, f);
		logdb_stop_calls(f);
		f->site = NULL;
		log_set_status(f->follow.log, f->follow.source,
		               "[%s %s] is not in the configuration any more", s->platform->section,
		               s->name);
	}
}
