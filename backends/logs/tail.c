#include "backends/logs/tail.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/stamp.h"
#include "backends/logs/tail_command.h"
#include "backends/logs/journal_line.h"

#define LINE_MAX_BYTES \
	(1u << 20) /* JSON needs up to five bytes for each byte of a binary message */
#define LINES_FIRST 500
#define COMPLAINT_MAX 400
#define RETRY_MS 5000
#define STREAMS_MAX \
	7 /* per connection: sshd's MaxSessions (10 by default) covers all other sessions too */
#define OLDER_BYTES_MAX (16u << 20)
#define OLDER_TIMEOUT_MS 30000
#define UNITS_MAX TAIL_NAMES_MAX
#define REACH_LINES 20000
#define SILENT_LOOK_MS \
	5000 /* least time between two checks of a file with a silent tail, while lines come */
/* differs from every real file, so a follower that continues sees another file */
#define INODE_UNKNOWN 1
#define PRESENT_SLACK_US \
	1000000 /* with --since: a line this close to the run's start counts as its first */
#define TURN_BYTES \
	(256u << 10)   /* read from one tail per turn; other tails and the keys come in between */
#define TURN_NEXT_MS 1 /* 0 would run in the same turn */

struct logs_source {
	struct source source;
	struct tail *tails;
};
struct unit_of_tail {
	char *name; /* owned */
	unsigned source;
};
/* Its place among the STREAMS_MAX of its server. */
enum tail_place {
	PLACE_TAKEN,   /* it has one, or takes one when its timer fires */
	PLACE_AWAITED, /* none was free */
	PLACE_LEFT     /* it broke off, or could not start: it needs none until the next try */
};

/* The line that our script prints about a file before the file's own lines. */
enum tail_head {
	HEAD_AWAITED,
	HEAD_READ,
	HEAD_READ_SILENT /* and the tail of that server does not report all changes of the file */
};

enum tail_last_line {
	LAST_PLAIN,
	LAST_OF_TAIL, /* it was tail's own message; toybox adds an empty line after it */
	LAST_CUT      /* it was too long, and the rest of it is still to come and skipped */
};

struct tail {
	struct follow follow;
	struct logs_source *at; /* NULL: the server was removed */
	enum tail_what what;
	bool user;
	struct unit_of_tail units[UNITS_MAX]; /* or the one path */
	size_t n_units;
	struct stream *stream;
	enum tail_place place;
	struct run *run;          /* the request for older lines */
	struct loop_timer *timer; /* starts the command: at once, or again later */
	struct buf in;
	char cursor[JOURNAL_CURSOR_SIZE]; /* of the last line delivered; "" none */
	char first[JOURNAL_CURSOR_SIZE];  /* of the oldest line delivered */
	uint64_t inode, offset;           /* file: everything before this offset was delivered */
	uint64_t size;                    /* file: size when it was opened; 0 unknown */
	/* wall clock of the last write before that; 0 unknown */
	int64_t written_us;
	uint64_t start;   /* file: delivered from this offset on; 0: all of it */
	struct zone zone; /* file: the zone of its server */
	/* file: the last timestamp; lines without one use it */
	int64_t stamp_us;
	char mark[TAIL_MARK_SIZE]; /* file: put before its path, to mark tail's own messages */
	/* file: asks for the inode after it was, or may have been, replaced */
	struct run *asking;
	enum tail_head head; /* file */
	enum tail_last_line last_line;
	int64_t looked_ms; /* file: time of the last check */
	/* offset at that time; a smaller file was truncated */
	uint64_t looked_offset;
	/* the reason is already shown, or the end was reached: no retry */
	bool denied;
	bool opened; /* was followed before */
	bool paused;
	size_t turn_bytes;
	int64_t turn_ms;
	int64_t first_us;         /* of the oldest line delivered */
	struct earlier {          /* run, boot or file that is being loaded */
		const char *what; /* "run"; NULL: none */
		unsigned source;
		int64_t begun_us; /* start of the present one; 0 unknown */
		int64_t end_us;   /* of its last line; 0: no line arrived */
	} earlier;
	int64_t lost_ms;   /* wall clock of the break; 0: none */
	bool reader_ended; /* the command ended, not the link */
	char complaint[COMPLAINT_MAX];
	size_t complaint_len;
	struct tail *next;
};

static void tail_open_stream(struct tail *);

static struct loop *tail_loop_of(const struct tail *t)
{
	return store_loop(t->at->source.store);
}

/* --- lines --------------------------------------------------------------- */

/* The source of a journal line, by the unit that the line is about, or by the writer's unit. */
static unsigned tail_source_for(const struct tail *t, const struct journal_line *line)
{
	for (size_t u = 0; t->what == TAIL_UNIT && t->n_units > 1 && u < ARRAY_LEN(line->units);
	     u++) {
		/* cppcheck-suppress arrayIndexOutOfBounds ; it does not know ARRAY_LEN */
		const char *unit = line->units[u];
		for (size_t i = 0; *unit && i < t->n_units; i++)
			if (strcmp(unit, t->units[i].name) == 0)
				return t->units[i].source;
	}
	return t->units[0].source;
}

/* Adds a message, which may hold several lines. In a whole journal each line begins with the
 * writer. */
static void tail_add_message(struct tail *t, const struct journal_line *line, int64_t time_us)
{
	const char *p = line->text, *end = p + line->len;
	unsigned source = tail_source_for(t, line);
	bool named = t->what == TAIL_JOURNAL && line->identifier[0];
	while (end > p && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	do {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		struct buf text = { 0 };
		if (named)
			buf_addf(&text, "%s: ", line->identifier);
		if (named && buf_add(&text, p, (size_t)(stop - p)))
			log_add(t->follow.log, source, time_us, line->level, LOG_LINE, text.data,
			        text.len);
		else
			log_add(t->follow.log, source, time_us, line->level, LOG_LINE, p,
			        (size_t)(stop - p));
		buf_finish(&text);
		p = stop + 1;
	} while (p < end);
}

static void tail_note_first(struct tail *t, int64_t time_us, const char *cursor)
{
	if (!time_us || (t->first_us && time_us >= t->first_us))
		return;
	t->first_us = time_us;
	memcpy(t->first, cursor, strlen(cursor) + 1);
}

static void tail_add_entry(struct tail *t, const struct journal_line *line, int64_t time_us)
{
	static const char left_out[] = "journalctl left out a message";
	static const char cut[] = "the rest of this message is cut: it is longer than 256 KB";
	tail_note_first(t, time_us, line->cursor);
	if (line->text)
		tail_add_message(t, line, time_us);
	else
		log_add(t->follow.log, tail_source_for(t, line), time_us, LOG_LEVEL_UNKNOWN,
		        LOG_GAP, left_out, strlen(left_out));
	if (line->cut)
		log_add(t->follow.log, tail_source_for(t, line), time_us, LOG_LEVEL_UNKNOWN,
		        LOG_GAP, cut, strlen(cut));
}

static void tail_say_gap(struct tail *t, const char *more)
{
	char span[HUMAN_SIZE];
	if (!t->lost_ms)
		return;
	for (size_t i = 0; i < t->n_units; i++)
		log_gap(t->follow.log, t->units[i].source, "%s for %s%s",
		        t->reader_ended ? "nothing was read" : "the connection was lost",
		        human_span(span, now_wall_ms() - t->lost_ms), more);
	t->lost_ms = 0;
}

static void tail_take_head(struct tail *t, const char *bytes, size_t len)
{
	char head[200], state[16] = "", zone[8] = "", how[16] = "";
	char written[24] = "";
	t->size = 0;
	t->last_line = LAST_PLAIN;
	snprintf(head, sizeof(head), "%.*s", (int)(len < sizeof(head) ? len : sizeof(head) - 1),
	         bytes);
	if (sscanf(head, TAIL_HEAD "%" SCNu64 " %" SCNu64 " %15s %7s %" SCNu64 " %20s %15s",
	           &t->inode, &t->offset, state, zone, &t->size, written, how) < 3)
		return;
	t->written_us = number_read(written, 0, NUMBER_SECONDS, 0) * 1000000;
	/* the file is written all the time, or by another clock */
	if (log_until(t->follow.log) && t->written_us > log_until(t->follow.log))
		t->written_us = log_until(t->follow.log);
	log_set_status(t->follow.log, t->follow.source, "%s", "");
	t->head = strcmp(how, "silent") == 0 ? HEAD_READ_SILENT : HEAD_READ;
	t->looked_ms = loop_now(tail_loop_of(t));
	t->zone = zone_parse(zone);
	if (strcmp(state, "again") != 0)
		t->start = t->offset;
	tail_say_gap(t, strcmp(state, "again") == 0 ? "; what was written meanwhile follows"
	                                            : "; the file was replaced meanwhile, what its "
	                                              "old one got last is in its .1");
}

static void tail_add_file_line(struct tail *t, const char *bytes, size_t len)
{
	if (len && bytes[len - 1] == '\r')
		len--;
	int64_t time_us = stamp_find(bytes, len, t->zone);
	if (time_us)
		t->stamp_us = time_us;
	if (!t->first_us && t->stamp_us && t->stamp_us < log_since(t->follow.log)) {
		t->start = t->offset; /* older than the wanted time */
		return;
	}
	/* An existing line without a timestamp was not written now. It is at most as new as the
	 * last write. */
	if (t->stamp_us)
		time_us = t->stamp_us;
	else if (t->offset <= t->size)
		time_us = t->written_us;
	else
		time_us = 0;
	tail_note_first(t, time_us ? time_us : now_wall_ms() * 1000, "");
	log_add(t->follow.log, t->units[0].source, time_us, LOG_LEVEL_UNKNOWN, LOG_LINE, bytes,
	        len);
}

/* Checks for changes that a silent tail does not report. Lines are then counted from the present
 * size of the file. */
static void tail_on_state_answer(const struct run_result *r, void *arg)
{
	struct tail *t = arg;
	uint64_t inode, size;
	t->asking = NULL;
	t->looked_ms = loop_now(tail_loop_of(t));
	if (sscanf(r->out ? r->out : "", "%" SCNu64 " %" SCNu64, &inode, &size) != 2 ||
	    (inode == t->inode && size >= t->looked_offset))
		return;
	log_gap(t->follow.log, t->units[0].source,
	        inode == t->inode ? "the file was emptied" : "the file was replaced");
	t->inode = inode;
	t->offset = size;
	t->start = t->size = 0;
}

static void tail_on_inode_answer(const struct run_result *r, void *arg)
{
	struct tail *t = arg;
	t->asking = NULL;
	if (sscanf(r->out ? r->out : "", "%" SCNu64, &t->inode) != 1)
		t->inode = INODE_UNKNOWN;
}

static void tail_take_tail_word(struct tail *t, enum tail_word word, const char *bytes, size_t len)
{
	unsigned source = t->units[0].source;
	const char *mark = memmem(bytes, len, t->mark, strlen(t->mark)),
		   *rest = mark ? mark + strlen(t->mark) : bytes;
	switch (word) {
	case TAIL_REPLACED:
		log_set_status(t->follow.log, source, "%s", "");
		log_gap(t->follow.log, source, "the file was replaced; the new one follows");
		/* The file was replaced. The offset now counts in the new file. A request finds out
		 * its inode. */
		char *command = tail_inode_command(t->units[0].name);
		t->inode = INODE_UNKNOWN;
		t->offset = t->start = t->size = 0;
		run_cancel(t->asking);
		t->asking = link_run(source_link(&t->at->source), command, NULL, 0, 64,
		                     OLDER_TIMEOUT_MS, tail_on_inode_answer, t);
		free(command);
		break;
	case TAIL_EMPTIED:
		log_gap(t->follow.log, source, "the file was emptied; its new content follows");
		t->offset = t->start = t->size = 0;
		break;
	case TAIL_GONE:
		log_set_status(t->follow.log, source,
		               "the file is not there; it is followed when it is");
		break;
	default:
		log_set_status(t->follow.log, source, "tail: %.*s", (int)(bytes + len - rest),
		               rest);
	}
}

static void tail_take_file_line(struct tail *t, const char *bytes, size_t len)
{
	size_t before;
	if (t->head == HEAD_AWAITED) {
		tail_take_head(t, bytes, len);
		return;
	}
	enum tail_word word = tail_word(bytes, len, t->mark, &before);
	bool blank = t->last_line == LAST_OF_TAIL && !len;
	t->last_line = word == TAIL_LINE ? LAST_PLAIN : LAST_OF_TAIL;
	if (blank)
		return;
	bool looks = t->head == HEAD_READ_SILENT && !t->asking &&
	             loop_now(tail_loop_of(t)) - t->looked_ms >= SILENT_LOOK_MS;
	if (looks) {
		char *command = tail_inode_command(t->units[0].name);
		t->looked_offset = t->offset;
		t->asking = link_run(source_link(&t->at->source), command, NULL, 0, 64,
		                     OLDER_TIMEOUT_MS, tail_on_state_answer, t);
		free(command);
	}
	t->offset += word == TAIL_LINE ? len + 1 : before;
	if (word == TAIL_LINE || before)
		tail_add_file_line(t, bytes, before);
	if (word != TAIL_LINE)
		tail_take_tail_word(t, word, bytes, len);
}

static void tail_take_lines(struct tail *t)
{
	size_t used = 0;
	const char *nl;
	while ((nl = t->in.len > used ? memchr(t->in.data + used, '\n', t->in.len - used) : NULL)) {
		size_t len = (size_t)(nl - t->in.data) - used;
		if (t->last_line == LAST_CUT) {
			t->offset += len + 1;
			t->last_line = LAST_PLAIN;
		} else if (t->what == TAIL_FILE) {
			tail_take_file_line(t, t->in.data + used, len);
		} else {
			struct journal_line line;
			bool good = journal_line_parse(t->in.data + used, len, &line);
			if (good && *line.cursor)
				memcpy(t->cursor, line.cursor, sizeof(t->cursor));
			if (good)
				tail_add_entry(t, &line, line.time_us);
			journal_line_finish(&line);
		}
		used += len + 1;
	}
	buf_consume(&t->in, used);
}

/* A place is free. The tail that waits longest takes it. */
static void tail_next_turn(struct logs_source *at)
{
	struct tail *longest = NULL;
	for (struct tail *t = at->tails; t; t = t->next)
		if (t->place == PLACE_AWAITED)
			longest = t;
	if (longest)
		loop_timer_set(longest->timer, 0);
}

/* If only existing lines are wanted: all bytes that the file had when it was opened have arrived.
 * Then another tail may take its place. */
static bool tail_delivered_all(const struct tail *t)
{
	return t->what == TAIL_FILE && t->head != HEAD_AWAITED && log_until(t->follow.log) &&
	       t->offset + t->in.len >= t->size;
}

static size_t tail_on_data(struct stream *stream, const char *bytes, size_t len, void *arg)
{
	struct tail *t = arg;
	if (t->paused)
		return 0;
	if (t->what != TAIL_FILE)
		tail_say_gap(t, *t->cursor ? "; what was written meanwhile follows" : "");
	/* what this tail may take in this turn; the rest waits in the far side's window */
	int64_t now = loop_now(tail_loop_of(t));
	if (now != t->turn_ms) {
		t->turn_ms = now;
		t->turn_bytes = 0;
	}
	size_t left = TURN_BYTES > t->turn_bytes ? TURN_BYTES - t->turn_bytes : 0;
	size_t take = len < left ? len : left;
	t->turn_bytes += take;
	for (size_t done = 0; done < take;) {
		size_t n = take - done < 65536 ? take - done : 65536;
		if (t->in.len + n > LINE_MAX_BYTES) {
			/* Handles a line over the size limit. A file's line is shown up to the
			 * limit. A journal's line cannot be parsed and is dropped. */
			if (t->last_line == LAST_CUT) {
				t->offset += t->in.len;
			} else if (t->what == TAIL_FILE) {
				tail_take_file_line(t, t->in.data, t->in.len);
				t->offset--; /* the line has no newline yet */
			} else {
				log_gap(t->follow.log, t->units[0].source,
				        "a message of over %u KB was dropped",
				        LINE_MAX_BYTES >> 10);
			}
			buf_clear(&t->in);
			t->in.overflowed = false;
			t->last_line = LAST_CUT;
		}
		buf_add(&t->in, bytes + done, n);
		tail_take_lines(t);
		done += n;
	}
	if (take < len || tail_delivered_all(t))
		loop_timer_set(t->timer, TURN_NEXT_MS);
	return take;
}

static void tail_on_error_data(struct stream *stream, const char *bytes, size_t len, void *arg)
{
	struct tail *t = arg;
	size_t room = sizeof t->complaint - 1 - t->complaint_len;
	len = len < room ? len : room;
	memcpy(t->complaint + t->complaint_len, bytes, len);
	t->complaint_len += len;
	t->complaint[t->complaint_len] = '\0';
	if (strstr(t->complaint, "not seeing messages from other users") ||
	    strstr(t->complaint, "insufficient permissions")) {
		t->denied = true;
		log_set_status(t->follow.log, t->follow.source,
		               "the login may not read the journal; membership in group "
		               "systemd-journal (or adm) "
		               "grants it");
	}
}

/* --- the stream ---------------------------------------------------------- */

static void tail_on_opened(struct stream *stream, void *arg)
{
	struct tail *t = arg;
	if (!t->denied && t->what != TAIL_FILE) /* a file is well when its head has arrived */
		log_set_status(t->follow.log, t->follow.source, "%s", "");
}

static void tail_broke(struct tail *t, bool reader_ended)
{
	t->stream = NULL;
	t->reader_ended = reader_ended;
	t->head = HEAD_AWAITED;
	buf_clear(&t->in);
	if (t->place == PLACE_TAKEN)
		t->place = PLACE_LEFT;
	tail_next_turn(t->at);
	/* a file that never existed has no break */
	if (!t->lost_ms && t->opened && (t->what != TAIL_FILE || t->inode))
		t->lost_ms = reader_ended || !t->at ? now_wall_ms()
		                                    : link_last_heard(source_link(&t->at->source));
}

static void tail_on_closed(struct stream *stream, const struct stream_end *end, void *arg)
{
	struct tail *t = arg;
	(void)stream;
	bool head_was_read = t->head != HEAD_AWAITED;
	const char *what = t->what == TAIL_FILE ? t->units[0].name : "the journal";
	while (t->complaint_len && isspace((unsigned char)t->complaint[t->complaint_len - 1]))
		t->complaint[--t->complaint_len] = '\0';
	tail_broke(t, !end->err.code);
	if (end->err.code == ERR_LOST) {
		log_set_lost(t->follow.log, t->follow.source, t->at->source.server->name);
	} else if (end->err.code) {
		log_set_status(t->follow.log, t->follow.source, "%s cannot be followed: %s", what,
		               end->err.text);
		loop_timer_set(t->timer, RETRY_MS);
	} else if (t->denied) {
		return;
	} else if (end->exit_code == 127) {
		log_set_status(t->follow.log, t->follow.source, "there is no journalctl");
	} else if (t->what == TAIL_FILE && !head_was_read) {
		log_set_status(t->follow.log, t->follow.source, "%s; it is tried again",
		               t->complaint_len ? t->complaint : "the file cannot be read");
		loop_timer_set(t->timer, RETRY_MS);
	} else {
		log_set_status(t->follow.log, t->follow.source,
		               "%s: the reader ended with code %d%s%.200s; trying again", what,
		               end->exit_code, t->complaint_len ? ": " : "", t->complaint);
		loop_timer_set(t->timer, RETRY_MS);
	}
}

static struct tail_query tail_do_query(const struct tail *t, const char **names)
{
	for (size_t i = 0; i < t->n_units; i++)
		names[i] = t->units[i].name;
	/* only the lines of a file show how old they are */
	unsigned lines = t->what == TAIL_FILE && log_since(t->follow.log) ? REACH_LINES
	                                                                  : LINES_FIRST;
	return (struct tail_query){ .what = t->what,
		                    .user = t->user,
		                    .names = names,
		                    .n_names = t->n_units,
		                    .lines = lines,
		                    .since_us = log_since(t->follow.log),
		                    .cursor = t->cursor,
		                    .mark = t->mark,
		                    .inode = t->inode,
		                    .offset = t->offset };
}

static void tail_open_stream(struct tail *t)
{
	static const struct stream_events events = {
		.opened = tail_on_opened,
		.data = tail_on_data,
		.error_data = tail_on_error_data,
		.closed = tail_on_closed,
	};
	const char *names[UNITS_MAX];
	struct tail_query q = tail_do_query(t, names);
	struct err err;
	uint64_t random = 0;
	size_t taken = 0;
	bool before = false; /* the list has the newest first */
	t->place = PLACE_TAKEN;
	/* Tails that were requested earlier come first. */
	for (const struct tail *k = t->at->tails; k; k = k->next) {
		taken += k != t && (k->stream || (before && !k->denied && k->place != PLACE_LEFT));
		before |= k == t;
	}
	if (taken >= STREAMS_MAX && !link_is_local(source_link(&t->at->source))) {
		t->place = PLACE_AWAITED;
		log_set_status(t->follow.log, t->follow.source,
		               "waits for its turn: %d are followed on %s already (MaxSessions of "
		               "its sshd)",
		               STREAMS_MAX, t->at->source.server->name);
		return;
	}
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint64_t)now_mono_ms();
	tail_mark(t->mark, random);
	char *command = tail_follow_command(&q);
	t->complaint_len = 0;
	t->complaint[0] = '\0';
	t->last_line = LAST_PLAIN;
	t->head = HEAD_AWAITED;
	t->stream = link_open(source_link(&t->at->source),
	                      &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = command },
	                      &events, t, &err);
	free(command);
	t->opened |= t->stream != NULL;
	if (!t->stream) {
		t->place = PLACE_LEFT;
		log_set_status(t->follow.log, t->follow.source, "%s", err.text);
		loop_timer_set(t->timer, RETRY_MS);
	}
	tail_next_turn(t->at); /* there may be room for several */
}

static void tail_on_timer(struct loop_timer *timer, void *arg)
{
	struct tail *t = arg;
	if (!t->at)
		return;
	if (t->stream && tail_delivered_all(t)) {
		if (t->in.len)
			tail_add_file_line(t, t->in.data, t->in.len);
		buf_clear(&t->in);
		stream_close(t->stream);
		t->stream = NULL;
		t->denied = true;
		tail_next_turn(t->at);
	} else if (t->stream) {
		stream_resume(t->stream);
	} else if (source_link(&t->at->source)->state == LINK_UP) {
		tail_open_stream(t);
	}
}

/* --- older lines --------------------------------------------------------- */

static void tail_end_earlier(struct tail *t, int64_t first_us)
{
	const struct earlier *e = &t->earlier;
	int64_t slack_us = log_since(t->follow.log) ? PRESENT_SLACK_US : 0;
	bool begins_late = t->what == TAIL_FILE ? t->start > 0
	                                        : e->begun_us && first_us > e->begun_us + slack_us;
	if (e->what && e->end_us)
		log_seam(t->follow.log, e->source, e->end_us, begins_late ? first_us : 0, e->what);
	t->earlier = (struct earlier){ 0 };
}

/* Parses "=mocr SECONDS NAME". */
static void tail_begin_earlier(struct tail *t, const char *bytes, size_t len)
{
	char head[400], name[300] = "";
	double begun = 0;
	snprintf(head, sizeof(head), "%.*s", (int)(len < sizeof(head) ? len : sizeof(head) - 1),
	         bytes);
	if (sscanf(head, TAIL_HEAD "%lf %299s", &begun, name) != 2)
		return;
	const char *what = "boot";
	if (t->what == TAIL_UNIT)
		what = "run";
	else if (t->what == TAIL_FILE)
		what = "file";
	t->earlier = (struct earlier){ .what = what,
		                       .source = t->units[0].source,
		                       .begun_us = number_whole(begun * 1e6, 0) };
	for (size_t i = 0; i < t->n_units; i++)
		if (strcmp(name, t->units[i].name) == 0)
			t->earlier.source = t->units[i].source;
}

/* Adds an older line before the first line delivered (first_us). Returns the time used, or 0. */
static int64_t tail_take_older_line(struct tail *t, const char *bytes, size_t len, int64_t first_us)
{
	if (t->what != TAIL_FILE) {
		/* The start of the present run has no cursor, so its first lines may be among
		 * these. */
		int64_t before_us = t->earlier.begun_us ? t->earlier.begun_us : INT64_MAX;
		struct journal_line line;
		int64_t line_us = 0;
		if (!journal_line_parse(bytes, len, &line))
			return 0;
		/* journald may give it the time of the first line delivered, as for all lines that
		 * it reads at once. Then it gets an earlier time. */
		if (line.time_us < before_us && line.time_us <= first_us) {
			line_us = line.time_us < first_us ? line.time_us : first_us - 1;
			tail_add_entry(t, &line, line_us);
		}
		journal_line_finish(&line);
		return line_us;
	}
	/* Lines of a file keep their order, whatever their timestamps. None may be later than the
	 * first line delivered. */
	int64_t time_us = stamp_find(bytes, len, t->zone);
	if (!time_us || time_us >= first_us)
		time_us = t->stamp_us && t->stamp_us < first_us ? t->stamp_us : first_us - 1;
	t->stamp_us = time_us;
	tail_note_first(t, time_us, "");
	log_add(t->follow.log, t->units[0].source, time_us, LOG_LEVEL_UNKNOWN, LOG_LINE, bytes,
	        len);
	return time_us;
}

/* Takes lines with the oldest first: earlier runs and boots, and lines of a file. */
static void tail_take_forwards(struct tail *t, const struct run_result *r, int64_t first_us)
{
	for (const char *p = r->out, *end = p + r->out_len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		size_t len = (size_t)(stop - p);
		int64_t line_us = 0;
		if (len > strlen(TAIL_HEAD) && memcmp(p, TAIL_HEAD, strlen(TAIL_HEAD)) == 0 &&
		    (t->what != TAIL_FILE || p == r->out)) {
			tail_end_earlier(t, first_us);
			tail_begin_earlier(t, p, len);
		} else {
			line_us = tail_take_older_line(t, p, len, first_us);
		}
		if (line_us > t->earlier.end_us)
			t->earlier.end_us = line_us;
		p = stop + 1;
	}
	tail_end_earlier(t, first_us);
}

static void tail_take_older(struct tail *t, const struct run_result *r)
{
	int64_t first_us = t->first_us ? t->first_us : INT64_MAX, stamp_us = t->stamp_us;
	bool headed = r->out_len > strlen(TAIL_HEAD) &&
	              memcmp(r->out, TAIL_HEAD, strlen(TAIL_HEAD)) == 0;
	t->stamp_us = 0;
	if (t->what == TAIL_FILE || headed)
		tail_take_forwards(t, r, first_us);
	else {
		/* Takes lines with the newest first. If they were requested by time, all lines down
		 * to the first delivered one are skipped. */
		const char *begin = r->out, *known = NULL;
		if (*t->first && r->out_len)
			known = memmem(r->out, r->out_len, t->first, strlen(t->first));
		if (known)
			known = memchr(known, '\n', (size_t)(r->out + r->out_len - known));
		if (known)
			begin = known + 1;
		for (const char *end = r->out + r->out_len; end > begin;) {
			const char *nl = memrchr(begin, '\n', (size_t)(end - begin - 1)),
				   *from = nl ? nl + 1 : begin;
			tail_take_older_line(t, from, (size_t)(end - from), first_us);
			end = from;
		}
	}
	t->stamp_us = stamp_us;
	if (t->what == TAIL_FILE && !headed)
		t->start -= r->out_len < t->start ? r->out_len : t->start;
}

static void tail_fetched(const struct run_result *r, void *arg)
{
	struct tail *t = arg;
	uint64_t before = log_total(t->follow.log);
	t->run = NULL;
	tail_take_older(t, r);
	if (r->end.err.code)
		log_say(t->follow.log, "older lines are not available: %s", r->end.err.text);
	else if (log_total(t->follow.log) == before)
		log_say(t->follow.log, "%s: no older lines%s%.200s",
		        log_source_name(t->follow.log, t->follow.source), r->err_len ? ": " : "",
		        r->err_out);
}

static bool tail_fetch(struct tail *t, char *command, const char **why)
{
	if (!command || !t->at || t->run || source_link(&t->at->source)->state != LINK_UP) {
		if (!command)
			*why = "all of the file is here; what is older is in its .1: p loads that";
		else if (t->run)
			*why = "older lines are on their way";
		else
			*why = "the server is not connected";
		free(command);
		return false;
	}
	t->run = link_run(source_link(&t->at->source), command, NULL, 0, OLDER_BYTES_MAX,
	                  OLDER_TIMEOUT_MS, tail_fetched, t);
	free(command);
	return true;
}

static bool tail_older(struct follow *follow, unsigned lines, const char **why)
{
	struct tail *t = container_of(follow, struct tail, follow);
	const char *names[UNITS_MAX];
	struct tail_query q = tail_do_query(t, names);
	q.lines = lines;
	q.first = t->first;
	q.offset = t->start;
	return tail_fetch(t, tail_older_command(&q), why);
}

/* The position of a time in a file is unknown, so a large part of the file is loaded. */
static bool tail_reach(struct follow *follow, int64_t since_us, const char **why)
{
	struct tail *t = container_of(follow, struct tail, follow);
	const char *names[UNITS_MAX];
	struct tail_query q = tail_do_query(t, names);
	if (t->first_us && t->first_us <= since_us)
		return false;
	q.lines = REACH_LINES;
	q.before_us = t->first_us;
	q.reach_us = since_us;
	q.offset = t->start;
	return tail_fetch(t, tail_older_command(&q), why);
}

static bool tail_previous(struct follow *follow, unsigned lines, const char **why)
{
	struct tail *t = container_of(follow, struct tail, follow);
	const char *names[UNITS_MAX];
	struct tail_query q = tail_do_query(t, names);
	q.lines = lines;
	return tail_fetch(t, tail_previous_command(&q), why);
}

/* --- the backend without rows -------------------------------------------- */

static void tail_up(struct source *source)
{
	snprintf(source->detail, sizeof(source->detail),
	         "journals and files, read while somebody looks");
	source_set_state(source, SOURCE_LIVE, NULL);
	for (struct tail *t = ((struct logs_source *)source)->tails; t; t = t->next)
		if (!t->stream && t->n_units) {
			if (t->place == PLACE_LEFT)
				t->place = PLACE_TAKEN;
			loop_timer_set(t->timer, 0);
		}
}

static void tail_down(struct source *source)
{
	source_set_state(source, SOURCE_WAITING, NULL);
	for (struct tail *t = ((struct logs_source *)source)->tails; t; t = t->next) {
		stream_close(t->stream);
		run_cancel(t->run);
		run_cancel(t->asking);
		t->run = t->asking = NULL;
		tail_broke(t, false);
		loop_timer_set(t->timer, -1);
		log_set_lost(t->follow.log, t->follow.source, source->server->name);
	}
}

static void tail_unhook(struct tail *t)
{
	LIST_DROP(t->at->tails, t);
	stream_close(t->stream);
	tail_next_turn(t->at);
	run_cancel(t->run);
	run_cancel(t->asking);
	loop_timer_remove(t->timer);
	t->stream = NULL;
	t->run = t->asking = NULL;
	t->timer = NULL;
	t->at = NULL;
}

static void tail_finish(struct source *source)
{
	struct logs_source *at = (struct logs_source *)source;
	while (at->tails) {
		struct tail *t = at->tails;
		log_set_status(t->follow.log, t->follow.source, "%s is not watched any more",
		               source->server->name);
		tail_unhook(t);
	}
}

static void tail_feed(struct source *source, const char *what, const char *bytes, size_t len) {}

const struct backend backend_logs = {
	.name = "logs",
	.source_size = sizeof(struct logs_source),
	.up = tail_up,
	.down = tail_down,
	.feed = tail_feed,
	.finish = tail_finish,
};

/* --- following ----------------------------------------------------------- */

static void tail_stop(struct follow *follow)
{
	struct tail *t = container_of(follow, struct tail, follow);
	if (t->at)
		tail_unhook(t);
	for (size_t i = 0; i < t->n_units; i++)
		free(t->units[i].name);
	buf_finish(&t->in);
	free(t);
}

static bool tail_owes(const struct follow *follow)
{
	const struct tail *t = container_of(follow, struct tail, follow);
	return t->at && t->what == TAIL_FILE && log_until(follow->log) &&
	       (t->place == PLACE_AWAITED || (t->stream && !tail_delivered_all(t)));
}

static void tail_set_paused(struct follow *follow, bool on)
{
	struct tail *t = container_of(follow, struct tail, follow);
	t->paused = on;
	if (!on && t->stream)
		stream_resume(t->stream);
}

struct follow *tail_follow(struct server *server, const struct tail_spec *spec,
                           const char *source_name, struct log *log, struct err *err)
{
	struct logs_source *at = (struct logs_source *)server_source(server, backend_logs.name);
	if (!at) {
		err_set(err, ERR_ABSENT, "%s: logs cannot be followed there", server->name);
		return NULL;
	}
	/* a tail that still waits for the end of this turn can take one more unit */
	struct tail *t = spec->what == TAIL_UNIT ? at->tails : NULL;
	while (t && (t->what != TAIL_UNIT || t->user != spec->user || t->follow.log != log ||
	             t->opened || t->n_units == UNITS_MAX))
		t = t->next;
	if (!t) {
		t = xcalloc(1, sizeof *t);
		*t = (struct tail){ .follow = { .stop = tail_stop,
			                        .pause = tail_set_paused,
			                        .older = tail_older,
			                        .reach = tail_reach,
			                        .previous = tail_previous,
			                        .owes = tail_owes },
			            .at = at,
			            .what = spec->what,
			            .user = spec->user,
			            .next = at->tails };
		buf_init(&t->in, LINE_MAX_BYTES);
		at->tails = t;
		t->timer = loop_timer_add(tail_loop_of(t), 0, tail_on_timer, t);
		log_follow(log, &t->follow);
	}
	t->units[t->n_units++] = (struct unit_of_tail){ xstrdup(spec->name ? spec->name : ""),
		                                        log_source_add(log, source_name) };
	if (t->n_units == 1)
		t->follow.source = t->units[0].source;
	const struct link *link = source_link(&at->source);
	/* the link may be up in a moment */
	bool at_first = link->state == LINK_CONNECTING && !link->tries;
	if (link->state != LINK_UP && !at_first)
		log_set_status(log, t->follow.source,
		               "%s is not connected; following begins when it is", server->name);
	return &t->follow;
}
