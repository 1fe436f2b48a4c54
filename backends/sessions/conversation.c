/* conversation.c: the conversation of a session: as text in the details, and as a log that follows
 * the stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/sessions/oc_dialect.h"
#include "backends/store/log.h"

#define DIFF_LINES 400          /* lines per side of a diff, for older servers */
#define TEXT_SHOWN (256u << 10) /* bytes shown of one part */

static const cJSON *conversation_get(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *conversation_text(const cJSON *o, const char *name)
{
	const cJSON *v = conversation_get(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static double conversation_number(const cJSON *o, const char *name, double otherwise)
{
	const cJSON *v = conversation_get(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : otherwise;
}

/* Formats a tool call as one line: "bash completed: make test". */
static void conversation_tool_line(const cJSON *part, char *buf, size_t size)
{
	const cJSON *state = conversation_get(part, "state"),
		    *input = conversation_get(state, "input");
	const char *words = conversation_text(state, "title");
	static const char *const tells[] = { "command", "filePath", "pattern", "url",
		                             "description" };
	for (size_t i = 0; i < ARRAY_LEN(tells) && (!words || !*words); i++)
		words = conversation_text(input, tells[i]);
	const char *tool = conversation_text(part, "tool"),
		   *status = conversation_text(state, "status");
	tool = tool ? tool : "tool";
	status = status ? status : "";
	if (words)
		snprintf(buf, size, "%s %s: %.300s", tool, status, words);
	else
		snprintf(buf, size, "%s %s", tool, status);
}

static size_t conversation_line_span(const char *s)
{
	size_t n = strcspn(s, "\n");
	return n + (s[n] == '\n');
}

static void conversation_sided_lines(const char *from, const char *to, char sign, struct doc *doc)
{
	for (size_t shown = 0; from < to; shown++) {
		size_t n = conversation_line_span(from);
		if (shown == DIFF_LINES) {
			doc_add(doc, DOC_DIM, "(more lines)");
			return;
		}
		doc_add(doc, sign == '+' ? DOC_GOOD : DOC_BAD, "%c%.*s", sign,
		        (int)strcspn(from, "\n"), from);
		from += n;
	}
}

/* Older servers send a file before and after the change. Common lines at both ends are left out. */
static void conversation_sides_doc(const char *before, const char *after, struct doc *doc)
{
	const char *b = before + strlen(before), *a = after + strlen(after);
	while (*before && *after &&
	       conversation_line_span(before) == conversation_line_span(after) &&
	       !strncmp(before, after, conversation_line_span(before))) {
		size_t n = conversation_line_span(before);
		before += n;
		after += n;
	}
	for (;;) { /* common lines at the end */
		const char *x = b, *y = a;
		while (x > before && (x == b || x[-1] != '\n'))
			x--;
		while (y > after && (y == a || y[-1] != '\n'))
			y--;
		if (x == b || y == a || b - x != a - y || memcmp(x, y, (size_t)(b - x)) != 0)
			break;
		b = x;
		a = y;
	}
	conversation_sided_lines(before, b, '-', doc);
	conversation_sided_lines(after, a, '+', doc);
}

static void conversation_diff_doc(const cJSON *diffs, struct doc *doc)
{
	const cJSON *d;
	cJSON_ArrayForEach (d, diffs) {
		const char *patch = conversation_text(d, "patch"),
			   *before = conversation_text(d, "before"),
			   *after = conversation_text(d, "after");
		doc_add(doc, DOC_LABEL, "%s  +%d -%d",
		        conversation_text(d, "file") ? conversation_text(d, "file") : "a file",
		        number_small(conversation_number(d, "additions", 0), 0),
		        number_small(conversation_number(d, "deletions", 0), 0));
		if (!patch && before && after)
			conversation_sides_doc(before, after, doc);
		for (const char *at = patch; at && *at;) {
			size_t n = strcspn(at, "\n");
			enum doc_tone tone;
			if (*at == '+')
				tone = DOC_GOOD;
			else if (*at == '-')
				tone = DOC_BAD;
			else
				tone = DOC_DIM;
			doc_text(doc, tone, at, n);
			at += n + (at[n] == '\n');
		}
	}
}

static void conversation_part_doc(const cJSON *part, bool user, struct doc *doc)
{
	const char *type = conversation_text(part, "type"),
		   *words = conversation_text(part, "text");
	char line[512];
	if (!type)
		return;
	if (!strcmp(type, "text") && words && !cJSON_IsTrue(conversation_get(part, "synthetic"))) {
		size_t n = strlen(words);
		doc_text(doc, user ? DOC_LABEL : DOC_PLAIN, words, strnlen(words, TEXT_SHOWN));
		if (n > TEXT_SHOWN)
			doc_add(doc, DOC_DIM, "(%zu bytes more)", n - TEXT_SHOWN);
	} else if (!strcmp(type, "reasoning") && words) {
		doc_text(doc, DOC_DIM, words, strnlen(words, TEXT_SHOWN));
	} else if (!strcmp(type, "tool")) {
		const char *state = conversation_text(conversation_get(part, "state"), "status");
		bool bad = state && !strcmp(state, "error");
		conversation_tool_line(part, line, sizeof(line));
		doc_add(doc, bad ? DOC_BAD : DOC_CODE, "  %s", line);
		if (bad && conversation_text(conversation_get(part, "state"), "error"))
			doc_add(doc, DOC_BAD, "  %.300s",
			        conversation_text(conversation_get(part, "state"), "error"));
	} else if (!strcmp(type, "compaction")) {
		doc_add(doc, DOC_DIM, "(what was before was summarized)");
	}
}

static void conversation_message_doc(const cJSON *message, struct doc *doc)
{
	const cJSON *info = conversation_get(message, "info"), *part,
		    *error = conversation_get(info, "error");
	const char *role = conversation_text(info, "role");
	bool user = role && !strcmp(role, "user");
	char head[160], clock[HUMAN_SIZE];
	if (role && !strcmp(role, "note"))
		return; /* 2.x: nothing that is said */
	double cost = conversation_number(info, "cost", -1);
	human_clock(clock,
	            number_whole(conversation_number(conversation_get(info, "time"), "created", 0),
	                         0));
	if (user)
		snprintf(head, sizeof(head), "%s  you", clock);
	else if (cost > 0)
		snprintf(head, sizeof(head), "%s  %.40s  $%.4f", clock,
		         conversation_text(info, "modelID") ? conversation_text(info, "modelID")
		                                            : "assistant",
		         cost);
	else
		snprintf(head, sizeof(head), "%s  %.40s", clock,
		         conversation_text(info, "modelID") ? conversation_text(info, "modelID")
		                                            : "assistant");
	doc_head(doc, head);
	cJSON_ArrayForEach (part, conversation_get(message, "parts"))
		conversation_part_doc(part, user, doc);
	if (cJSON_IsObject(error)) {
		const char *name = conversation_text(error, "name"),
			   *words = conversation_text(conversation_get(error, "data"), "message");
		name = name ? name : "error";
		doc_add(doc, DOC_BAD, "%s: %.400s", name, words ? words : "");
	}
	conversation_diff_doc(conversation_get(conversation_get(info, "summary"), "diffs"), doc);
}

static void conversation_todo_doc(const cJSON *messages, struct doc *doc)
{
	const cJSON *message, *part, *found = NULL, *item;
	cJSON_ArrayForEach (message, messages)
		cJSON_ArrayForEach (part, conversation_get(message, "parts"))
			if (conversation_text(part, "tool") &&
			    !strcmp(conversation_text(part, "tool"), "todowrite") &&
			    cJSON_IsArray(
				    conversation_get(conversation_get(conversation_get(part,
			                                                               "state"),
			                                              "input"),
			                             "todos")))
				found = conversation_get(conversation_get(conversation_get(part,
				                                                           "state"),
				                                          "input"),
				                         "todos");
	if (!cJSON_GetArraySize(found))
		return;
	doc_head(doc, "To do");
	cJSON_ArrayForEach (item, found) {
		const char *state = conversation_text(item, "status")
		                            ? conversation_text(item, "status")
		                            : "";
		bool done = !strcmp(state, "completed"), now = !strcmp(state, "in_progress");
		enum doc_tone tone;
		if (done)
			tone = DOC_DIM;
		else if (now)
			tone = DOC_WARN;
		else
			tone = DOC_PLAIN;
		char mark;
		if (done)
			mark = 'x';
		else if (now)
			mark = '>';
		else
			mark = ' ';
		doc_add(doc, tone, "[%c] %.300s", mark,
		        conversation_text(item, "content") ? conversation_text(item, "content")
		                                           : "");
	}
}

static void conversation_changes_doc(const struct ses *s, struct doc *doc)
{
	cJSON *root = s->diff ? json_parse(s->diff, strlen(s->diff)) : NULL;
	const cJSON *files = conversation_get(root, "data");
	if (cJSON_GetArraySize(files) > 0) {
		doc_head(doc, "Changed by its last turn");
		conversation_diff_doc(files, doc);
	}
	cJSON_Delete(root);
}

/* Newest message first, because users look for the current state. Within a message the order
 * stays. */
void session_conversation(struct ses *s, struct doc *doc)
{
	if (!s->messages) {
		doc_head(doc, "Conversation");
		const char *state;
		if (s->messages_err)
			state = s->messages_err;
		else if (s->messages_call || s->export_run)
			state = "asking for it...";
		else
			state = "not reached now";
		doc_add(doc, s->messages_err ? DOC_WARN : DOC_DIM, "%s", state);
		return;
	}
	cJSON *root = json_parse(s->messages, s->messages_len);
	conversation_todo_doc(root, doc);
	conversation_changes_doc(s, doc);
	doc_head(doc, "Conversation, newest first ([l] follows the conversation)");
	if (s->messages_err)
		doc_add(doc, DOC_WARN, "%s", s->messages_err);
	for (int i = cJSON_GetArraySize(root) - 1; i >= 0; i--)
		conversation_message_doc(cJSON_GetArrayItem(root, i), doc);
	if (s->messages_more)
		doc_add(doc, DOC_DIM, "older ones are on their way...");
	else if (s->home && s->home->dialect->messages_max &&
	         s->messages_n >= s->home->dialect->messages_max)
		doc_add(doc, DOC_DIM, "These are the newest %zu messages; there may be older ones.",
		        s->messages_n);
	else if (s->home && s->messages_n >= s->messages_asked)
		doc_add(doc, DOC_DIM, "%zu messages; going on at the end brings older ones",
		        s->messages_n);
	else
		doc_add(doc, DOC_DIM, "Here it began: %zu messages.", s->messages_n);
	cJSON_Delete(root);
}

/* --- following ----------------------------------------------------------- */

#define PARTS_SEEN 256
#define HELD_MAX (1u << 20)
#define AT_UNKNOWN SIZE_MAX

/* How much of a part was logged. A delta does not state its offset in the text. The offset is known
 * only after the part itself arrived. */
struct part_seen {
	char id[SESSION_ID_SIZE];
	/* logged bytes of its text; for a tool or the user's words: not 0 once logged */
	size_t told;
	/* offset of the next delta; AT_UNKNOWN: skip deltas and wait for the whole text */
	size_t at;
};

struct oc_follow {
	struct follow follow;
	struct oc_follow *next;
	struct ses *ses;            /* NULL: the session is gone */
	bool begun;                 /* the existing messages were logged */
	struct buf held;            /* events that arrived before that, one per line */
	char part[SESSION_ID_SIZE]; /* id of the part now streaming */
	struct buf line;            /* its incomplete last line */
	int64_t said_ms;            /* time of the last logged line */
	char user[SESSION_ID_SIZE]; /* id of the user's last message */
	/* ids of the newest logged messages: the model's, the user's */
	char newest[2][SESSION_ID_SIZE];
	struct part_seen parts[PARTS_SEEN]; /* ring of the newest parts */
	size_t n_parts;
};

static void conversation_say(struct oc_follow *f, int64_t ms, enum log_level level,
                             const char *prefix, const char *line, size_t len)
{
	struct buf b;
	buf_init(&b, 1u << 20);
	buf_puts(&b, prefix);
	buf_add(&b, line, len < LOG_LINE_MAX ? len : LOG_LINE_MAX);
	log_add(f->follow.log, f->follow.source, ms * 1000, level, LOG_LINE, b.data, b.len);
	buf_finish(&b);
	if (ms > f->said_ms)
		f->said_ms = ms;
}

static void conversation_say_lines(struct oc_follow *f, int64_t ms, const char *prefix,
                                   const char *words)
{
	for (const char *at = words; at && *at;) {
		size_t n = strcspn(at, "\n");
		conversation_say(f, ms, LOG_LEVEL_INFO, prefix, at, n);
		at += n + (at[n] == '\n');
	}
}

static void conversation_flush(struct oc_follow *f, int64_t ms)
{
	if (f->line.len)
		conversation_say(f, ms, LOG_LEVEL_INFO, "", f->line.data, f->line.len);
	buf_clear(&f->line);
}

static void conversation_stream_text(struct oc_follow *f, int64_t ms, const char *part,
                                     const char *words, size_t len)
{
	if (strcmp(part, f->part) != 0) {
		conversation_flush(f, ms);
		snprintf(f->part, sizeof(f->part), "%s", part);
	}
	while (len) {
		const char *nl = memchr(words, '\n', len);
		size_t n = nl ? (size_t)(nl - words) : len;
		if (f->line.len + n < LOG_LINE_MAX)
			buf_add(&f->line, words, n);
		if (nl)
			conversation_flush(f, ms);
		words += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

/* Finds the entry of a part, or replaces the oldest. */
static struct part_seen *conversation_part_seen(struct oc_follow *f, const char *id)
{
	for (size_t i = 0; i < PARTS_SEEN && i < f->n_parts; i++)
		if (!strcmp(f->parts[i].id, id))
			return &f->parts[i];
	struct part_seen *p = &f->parts[f->n_parts++ % PARTS_SEEN];
	*p = (struct part_seen){ .at = AT_UNKNOWN };
	snprintf(p->id, sizeof(p->id), "%s", id);
	return p;
}

static bool conversation_tell_once(struct oc_follow *f, const char *id)
{
	struct part_seen *p = conversation_part_seen(f, id);
	bool told = p->told;
	p->told = 1;
	return !told;
}

/* words is the whole text of a part so far: logs what is new. */
static struct part_seen *conversation_tell_text(struct oc_follow *f, int64_t ms, const char *id,
                                                const char *words)
{
	struct part_seen *p = conversation_part_seen(f, id);
	size_t n = strlen(words);
	if (n > p->told) {
		conversation_stream_text(f, ms, id, words + p->told, n - p->told);
		p->told = n;
	}
	return p;
}

static void conversation_event_part(struct oc_follow *f, const struct oc_event *e)
{
	const char *type = e->part_type ? e->part_type : "";
	const char *state = e->tool_state ? e->tool_state : "";
	const char *words = e->text ? e->text : "";
	bool user = e->of_user || !strcmp(e->message_id, f->user), said = !strcmp(type, "text");
	/* Message ids sort by time. At the end of a turn OpenCode prunes old tool output and sends
	 * those parts again: ignore them. */
	bool is_old = f->newest[user][0] && oc_id_order(e->message_id, f->newest[user]) < 0;
	if (said && user) {
		if (*words && conversation_tell_once(f, e->part_id))
			conversation_say_lines(f, now_wall_ms(), "> ", words);
	} else if (said || !strcmp(type, "reasoning")) {
		conversation_tell_text(f, now_wall_ms(), e->part_id, words)->at = strlen(words);
	} else if (!strcmp(type, "tool") &&
	           (!strcmp(state, "completed") || !strcmp(state, "error")) && !is_old &&
	           conversation_tell_once(f, e->part_id)) {
		char line[512];
		const char *tool = e->tool ? e->tool : "tool";
		snprintf(line, sizeof(line), "%.60s %s%s%.300s", tool, state, *words ? ": " : "",
		         words);
		conversation_flush(f, now_wall_ms());
		conversation_say(f, now_wall_ms(),
		                 *state == 'e' ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE, "  [", line,
		                 strlen(line));
	}
	if (!is_old)
		snprintf(f->newest[user], SESSION_ID_SIZE, "%s", e->message_id);
}

static void conversation_event_delta(struct oc_follow *f, const struct oc_event *e)
{
	struct part_seen *p = conversation_part_seen(f, e->part_id);
	size_t n = strlen(e->text), from = p->at;
	if (from == AT_UNKNOWN)
		return;
	p->at += n;
	if (p->at <= p->told) /* it was in the fetched messages */
		return;
	size_t known = p->told > from ? p->told - from : 0;
	conversation_stream_text(f, now_wall_ms(), e->part_id, e->text + known, n - known);
	p->told = p->at;
}

static void follow_one(struct oc_follow *f, const struct oc_event *e)
{
	char words[400];
	if (e->type == OC_MESSAGE && e->message.role == OC_ROLE_USER)
		snprintf(f->user, sizeof(f->user), "%s", e->message.id);
	else if (e->type == OC_MESSAGE && e->message.completed)
		conversation_flush(f, now_wall_ms());
	else if (e->type == OC_PART)
		conversation_event_part(f, e);
	else if (e->type == OC_DELTA && e->text)
		conversation_event_delta(f, e);
	if (e->type == OC_ASKED) {
		request_phrase(e->asked, words, sizeof(words));
		conversation_flush(f, now_wall_ms());
		conversation_say(f, now_wall_ms(), LOG_LEVEL_WARN, "asks you: ", words,
		                 strlen(words));
	} else if (e->type == OC_ERROR && e->message.words[0]) {
		conversation_flush(f, now_wall_ms());
		conversation_say(f, now_wall_ms(), LOG_LEVEL_ERROR, "error: ", e->message.words,
		                 strlen(e->message.words));
	}
}

/* Events are held until the messages are logged: only then is it known which text is new. */
void follow_event(struct ses *s, const struct oc_event *e, const char *json, size_t len)
{
	for (struct oc_follow *f = s->follow; f; f = f->next)
		if (f->begun)
			follow_one(f, e);
		else if (buf_add(&f->held, json, len))
			buf_add(&f->held, "\n", 1);
}

/* A running tool is logged only on the first read of the messages. After that only its end is
 * logged. */
static void conversation_tell_message(struct oc_follow *f, const cJSON *message, bool first)
{
	const cJSON *info = conversation_get(message, "info"), *part;
	int64_t created = number_whole(conversation_number(conversation_get(info, "time"),
	                                                   "created", 0),
	                               0),
		ms = created > f->said_ms ? created : f->said_ms;
	bool user = conversation_text(info, "role") &&
	            !strcmp(conversation_text(info, "role"), "user");
	const char *message_id = conversation_text(info, "id") ? conversation_text(info, "id") : "";
	cJSON_ArrayForEach (part, conversation_get(message, "parts")) {
		const char *type = conversation_text(part, "type"),
			   *id = conversation_text(part, "id");
		type = type ? type : "";
		id = id ? id : "";
		const char *words = conversation_text(part, "text"),
			   *state = conversation_text(conversation_get(part, "state"), "status");
		bool ended = state && (!strcmp(state, "completed") || !strcmp(state, "error"));
		char line[512];
		if (!strcmp(type, "text") && words && !user) {
			conversation_tell_text(f, ms, id, words);
		} else if (!strcmp(type, "text") && words && *words &&
		           conversation_tell_once(f, id)) {
			conversation_say_lines(f, ms, "> ", words);
		} else if (!strcmp(type, "tool") &&
		           (ended ? conversation_tell_once(f, id) : first)) {
			conversation_tool_line(part, line, sizeof(line));
			conversation_flush(f, ms);
			conversation_say(f, ms, LOG_LEVEL_NOTICE, "  [", line, strlen(line));
		}
	}
	conversation_flush(f, ms);
	snprintf(f->newest[user], SESSION_ID_SIZE, "%s", message_id);
	if (user)
		snprintf(f->user, sizeof(f->user), "%s", message_id);
}

static int conversation_index_of(const cJSON *messages, const char *id)
{
	int n = cJSON_GetArraySize(messages);
	for (int i = 0; i < n; i++) {
		const char *one = conversation_text(conversation_get(cJSON_GetArrayItem(messages,
		                                                                        i),
		                                                     "info"),
		                                    "id");
		if (one && !strcmp(one, id))
			return i;
	}
	return -1;
}

static void conversation_tell_held(struct oc_follow *f)
{
	struct buf held = f->held;
	f->held = (struct buf){ .max = HELD_MAX };
	if (held.overflowed)
		log_gap(f->follow.log, f->follow.source,
		        "more was said here than could be kept while its messages were asked for");
	for (size_t at = 0; at < held.len;) {
		struct oc_event e;
		size_t n = strcspn(held.data + at, "\n");
		if (f->ses->home->dialect->event(held.data + at, n, &e)) {
			follow_one(f, &e);
			oc_event_free(&e);
		}
		at += n + 1;
	}
	buf_finish(&held);
}

/* Logs the existing messages, starting at the last one logged, then the held events. */
static void conversation_begin(struct oc_follow *f, const cJSON *messages)
{
	bool first = !f->newest[0][0] && !f->newest[1][0];
	int from[2] = { conversation_index_of(messages, f->newest[0]),
		        conversation_index_of(messages, f->newest[1]) },
	    i = 0;
	const cJSON *m;
	if (!first && cJSON_GetArraySize(messages) && from[0] < 0 && from[1] < 0)
		log_gap(f->follow.log, f->follow.source,
		        "more was said meanwhile than is told here; its details have it");
	cJSON_ArrayForEach (m, messages) {
		const char *role = conversation_text(conversation_get(m, "info"), "role");
		if (i++ >= from[role && !strcmp(role, "user")])
			conversation_tell_message(f, m, first);
	}
	f->begun = true;
	conversation_tell_held(f);
}

void follow_messages(struct ses *s)
{
	cJSON *root = NULL;
	for (struct oc_follow *f = s->follow; f; f = f->next) {
		if (f->begun || !s->home)
			continue;
		if (!root)
			root = json_parse(s->messages, s->messages_len);
		conversation_begin(f, root);
	}
	cJSON_Delete(root);
}

void follow_unanswered(struct ses *s, const struct err *err)
{
	for (struct oc_follow *f = s->follow; f; f = f->next) {
		if (f->begun)
			continue;
		log_gap(f->follow.log, f->follow.source,
		        "what was said before is not available: %s", err->text);
		conversation_begin(f, NULL);
	}
}

void follow_lost(struct ses *s)
{
	for (struct oc_follow *f = s->follow; f; f = f->next) {
		conversation_flush(f, now_wall_ms());
		if (f->begun)
			log_gap(f->follow.log, f->follow.source,
			        "its server cannot be heard any more; what is said meanwhile comes "
			        "when it is");
		f->begun = false;
		buf_finish(&f->held);
		for (size_t i = 0; i < PARTS_SEEN && i < f->n_parts; i++)
			f->parts[i].at = AT_UNKNOWN;
	}
}

/* Fetches again: an answer already on its way may predate the first held event. */
void follow_resume(struct ses *s)
{
	struct oc_follow *f = s->follow;
	while (f && f->begun)
		f = f->next;
	if (!f)
		return;
	api_cancel(s->messages_call);
	s->messages_call = NULL;
	fetch_cancel(&s->messages_fetch);
	fetch_hurry(&s->messages_fetch);
	ses_want_messages(s);
}

void follow_gone(struct ses *s)
{
	for (struct oc_follow *f = s->follow; f; f = f->next) {
		f->ses = NULL;
		log_gap(f->follow.log, f->follow.source, "the session is gone");
	}
	s->follow = NULL;
}

static void conversation_stop(struct follow *follow)
{
	struct oc_follow *f = (struct oc_follow *)follow;
	if (f->ses)
		LIST_DROP(f->ses->follow, f);
	buf_finish(&f->line);
	buf_finish(&f->held);
	free(f);
}

struct follow *session_follow(struct row *row, struct log *log, struct err *err)
{
	struct ses *s = ses_of(row);
	if (!s || !s->home) {
		err_set(err, ERR_ABSENT,
		        "%s: its conversation can be followed only where an OpenCode server serves "
		        "it",
		        row->name);
		return NULL;
	}
	struct oc_follow *f = xcalloc(1, sizeof(*f));
	f->follow.log = log;
	f->follow.source = log_source_add(log, row->id);
	f->follow.stop = conversation_stop;
	f->held.max = HELD_MAX;
	f->ses = s;
	f->next = s->follow;
	s->follow = f;
	follow_resume(s);
	log_follow(log, &f->follow);
	return &f->follow;
}
