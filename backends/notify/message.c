/* message.c: the words of a message. */
#include "backends/notify/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/report.h"

#define TITLE_MAX 200
#define TEXT_MAX 2000
#define ONE_MAX 1800 /* of a message about one thing: its times follow */
#define WHY_MAX 300
#define HOLD_BACK_MS (24 * INT64_C(3600000))
#define SENT_AGAIN_LINE "\n(sent again: it is not known whether it arrived before)"
#define OMITTED_ROOM 40 /* bytes of "and N more" */

const char *const message_words[WORDS] = {
	[WORD_WHAT] = "what",   [WORD_TITLE] = "title",   [WORD_TEXT] = "text",
	[WORD_ID] = "id",       [WORD_SERVER] = "server", [WORD_KIND] = "kind",
	[WORD_NAME] = "name",   [WORD_WHY] = "why",       [WORD_HEALTH] = "health",
	[WORD_SINCE] = "since", [WORD_COUNT] = "count",
};

static const char *const what_words[] = {
	[MESSAGE_NEED] = "need",
	[MESSAGE_STILL] = "still",
	[MESSAGE_RESOLVED] = "resolved",
	[MESSAGE_TEST] = "test",
};

/* Masks what looks secret, then washes. Keeps line ends, because only the program writes those. */
static char *message_clean(const char *text, size_t max)
{
	struct buf b;
	buf_init(&b, 4 * TEXT_MAX);
	mask_text(&b, text, strlen(text));
	char *clean = wash_dup(b.data ? b.data : "", max);
	buf_finish(&b);
	return clean;
}

/* What a title says about one thing: the first row that fits. A server is bad when its link is
 * lost, and a system for many reasons. */
static const struct message_phrase {
	const char *kind;   /* NULL: any */
	enum health health; /* HEALTH_UNKNOWN: any */
	const char *is, *still, *over;
} phrases[] = {
	{ "server", HEALTH_BAD, "cannot be reached", "still cannot be reached", "is well again" },
	{ "source", HEALTH_UNKNOWN, "cannot be read", "still cannot be read", "can be read again" },
	{ "notify", HEALTH_UNKNOWN, "cannot send", "still cannot send", "can send again" },
	{ "check", HEALTH_BAD, "fails", "still fails", "is well again" },
	{ "system", HEALTH_BAD, "has a problem", "still has a problem", "is well again" },
	{ NULL, HEALTH_BAD, "failed", "has not recovered", "is well again" },
	{ NULL, HEALTH_ASKS, "asks you", "still asks you", "no longer asks you" },
	{ NULL, HEALTH_ATTENTION, "needs attention", "still needs attention", "is well again" },
	{ NULL, HEALTH_UNKNOWN, "needs you", "still needs you", "is well again" },
};

static const char *message_is_what(const struct notify_need *n, enum message_what what)
{
	const struct message_phrase *p = phrases;
	while ((p->kind && strcmp(p->kind, n->kind) != 0) ||
	       (p->health != HEALTH_UNKNOWN && p->health != n->health))
		p++;
	if (what == MESSAGE_RESOLVED)
		return p->over;
	return what == MESSAGE_STILL ? p->still : p->is;
}

/* "container n8n", or "the server" for a server's own row. */
static char *message_thing(const struct notify_need *n)
{
	if (strcmp(n->kind, "server") == 0)
		return xstrdup("the server");
	return xasprintf("%s %s", n->kind, n->name);
}

/* "sese: 20 containers need you": the server and the kind are named when all share them. */
static char *message_title_of_many(enum message_what what, const struct notify_need *needs,
                                   size_t n)
{
	static const char *const is[] = {
		[MESSAGE_NEED] = "need you",
		[MESSAGE_STILL] = "still need you",
		[MESSAGE_RESOLVED] = "are well again",
	};
	bool one_server = true, one_kind = true;
	for (size_t i = 1; i < n; i++) {
		one_server = one_server && strcmp(needs[i].server, needs->server) == 0;
		one_kind = one_kind && strcmp(needs[i].kind, needs->kind) == 0;
	}
	const struct kind *kind = one_kind ? kind_find(needs->kind) : NULL;
	const char *things = kind ? kind->plural : "things";
	if (one_kind && strcmp(needs->kind, "server") == 0) /* it is in no list of kinds */
		things = "servers";
	/* worst first: what asks was not ill */
	const char *say = is[what];
	if (what == MESSAGE_RESOLVED && needs->health == HEALTH_ASKS)
		say = "no longer need you";
	if (one_server)
		return xasprintf("%s: %zu %s %s", needs->server, n, things, say);
	return xasprintf("%zu %s %s", n, things, say);
}

static char *message_title(enum message_what what, const struct notify_need *needs, size_t n)
{
	if (what == MESSAGE_TEST)
		return xstrdup("a test");
	if (n > 1)
		return message_title_of_many(what, needs, n);
	char *thing = message_thing(needs);
	char *title = xasprintf("%s: %s %s", needs->server, thing, message_is_what(needs, what));
	free(thing);
	return title;
}

static void message_add_times(struct buf *out, const struct notify_need *n, int64_t wall_ms)
{
	char clock[32];
	if (n->since_ms) {
		/* Local "14:03", with the date when that was not today. */
		time_t at = (time_t)(n->since_ms / 1000);
		struct tm tm;
		localtime_r(&at, &tm);
		bool old = wall_ms - n->since_ms > HOLD_BACK_MS || n->since_ms > wall_ms;
		strftime(clock, sizeof(clock), old ? "%Y-%m-%d %H:%M" : "%H:%M", &tm);
		buf_addf(out, " (since %s)", clock);
	}
	if (n->count > 1)
		buf_addf(out, ", %u times lately", n->count);
}

/* One line of a summary. False: it has no room, and nothing was added. */
static bool message_add_line(struct buf *out, enum message_what what, const struct notify_need *n,
                             int64_t wall_ms)
{
	struct buf line = { 0 };
	char *thing = message_thing(n), *why = message_clean(n->why ? n->why : "", WHY_MAX);
	if (what == MESSAGE_RESOLVED)
		buf_addf(&line, "%s: %s", n->server, thing);
	else
		buf_addf(&line, "%s: %s: %s", n->server, thing,
		         *why ? why : message_is_what(n, MESSAGE_NEED));
	message_add_times(&line, n, wall_ms);
	buf_puts(&line, "\n");
	bool fits = out->len + line.len + OMITTED_ROOM <= TEXT_MAX;
	if (fits)
		buf_add(out, line.data, line.len);
	buf_finish(&line);
	free(thing);
	free(why);
	return fits;
}

/* Washes every line by itself: wash makes a line end a space. */
static char *message_clean_lines(const char *text)
{
	struct buf out;
	buf_init(&out, 4 * TEXT_MAX);
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = xstrndup(text, n), *clean = message_clean(line, TEXT_MAX);
		buf_addf(&out, "%s%s", out.len ? "\n" : "", clean);
		free(line);
		free(clean);
		text += n + (text[n] == '\n');
	}
	return buf_take(&out);
}

struct message *message_create(enum message_what what, const struct notify_need *needs, size_t n,
                               int64_t wall_ms)
{
	struct message *m = xcalloc(1, sizeof(*m));
	const struct notify_need *one = n == 1 ? needs : NULL;
	char since[32] = "";
	if (one && one->since_ms) {
		time_t at = (time_t)(one->since_ms / 1000);
		struct tm tm;
		gmtime_r(&at, &tm);
		strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
	}
	enum health worst = HEALTH_GOOD;
	for (size_t i = 0; i < n; i++)
		worst = needs[i].health > worst ? needs[i].health : worst;
	char *title = message_title(what, needs, n);
	struct buf out;
	buf_init(&out, TEXT_MAX);
	if (what == MESSAGE_TEST)
		buf_puts(&out, "mocr notify --test asked for this message. Messages arrive.");
	else if (n > 1) {
		/* whole lines, and how many more there are */
		size_t shown = 0;
		while (shown < n && shown < SUMMARY_LINES &&
		       message_add_line(&out, what, &needs[shown], wall_ms))
			shown++;
		if (n > shown)
			buf_addf(&out, "and %zu more", n - shown);
	} else {
		char *why = message_clean(needs->why ? needs->why
		                                     : message_is_what(needs, MESSAGE_NEED),
		                          ONE_MAX);
		buf_addf(&out, "%s%s", what == MESSAGE_RESOLVED ? "It was: " : "", why);
		message_add_times(&out, needs, wall_ms);
		free(why);
	}
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	char *text = buf_take(&out);
	m->made_ms = wall_ms;
	m->word[WORD_WHAT] = xstrdup(what_words[what]);
	m->word[WORD_TITLE] = message_clean(title, TITLE_MAX);
	m->word[WORD_TEXT] = message_clean_lines(text);
	m->word[WORD_ID] = message_clean(one ? one->id : "", 0);
	m->word[WORD_SERVER] = message_clean(one ? one->server : "", 0);
	m->word[WORD_KIND] = message_clean(one ? one->kind : "", 0);
	m->word[WORD_NAME] = message_clean(one ? one->name : "", 0);
	m->word[WORD_WHY] = message_clean(one && one->why ? one->why : "", WHY_MAX);
	m->word[WORD_HEALTH] = xstrdup(health_name(worst));
	m->word[WORD_SINCE] = xstrdup(since);
	m->word[WORD_COUNT] = xasprintf("%zu", n ? n : 1);
	free(title);
	free(text);
	return m;
}

void message_free(struct message *m)
{
	for (size_t i = 0; m && i < WORDS; i++)
		free(m->word[i]);
	free(m);
}

char *message_escape(const char *text)
{
	struct buf b = { 0 };
	for (; *text; text++)
		if (*text == '&')
			buf_puts(&b, "&amp;");
		else if (*text == '<')
			buf_puts(&b, "&lt;");
		else if (*text == '>')
			buf_puts(&b, "&gt;");
		else
			buf_add(&b, text, 1);
	return buf_take(&b);
}

char *message_text(const struct message *m)
{
	char from[32], late[80] = "";
	time_t at = (time_t)(m->made_ms / 1000);
	struct tm tm;
	localtime_r(&at, &tm);
	strftime(from, sizeof(from), "%Y-%m-%d %H:%M", &tm);
	if (m->late)
		snprintf(late, sizeof(late), "\n(from %s: it could not be sent before)", from);
	return xasprintf("%s%s%s", m->word[WORD_TEXT], late, m->unsure ? SENT_AGAIN_LINE : "");
}

enum health message_health(const struct message *m)
{
	for (int h = 0; h < HEALTHS; h++)
		if (strcmp(m->word[WORD_HEALTH], health_name(h)) == 0)
			return h;
	return HEALTH_UNKNOWN;
}

bool message_is(const struct message *m, enum message_what what)
{
	return strcmp(m->word[WORD_WHAT], what_words[what]) == 0;
}

void *message_write(const struct message *m)
{
	cJSON *o = cJSON_CreateObject();
	for (size_t i = 0; i < WORDS; i++)
		cJSON_AddStringToObject(o, message_words[i], m->word[i]);
	cJSON_AddNumberToObject(o, "made", (double)m->made_ms);
	cJSON_AddNumberToObject(o, "number", (double)m->number);
	cJSON_AddBoolToObject(o, "unsure", m->unsure || m->leaving);
	return o;
}

struct message *message_read(const void *cjson)
{
	const cJSON *o = cjson;
	struct message *m = xcalloc(1, sizeof(*m));
	for (size_t i = 0; i < WORDS; i++) {
		const cJSON *word = cJSON_GetObjectItem(o, message_words[i]);
		m->word[i] = message_clean_lines(cJSON_IsString(word) ? word->valuestring : "");
	}
	m->made_ms = vj_int(o, "made", NULL, 0);
	int64_t number = vj_int(o, "number", NULL, 0);
	m->number = number > 0 ? (uint64_t)number : 0;
	m->unsure = vj_true(o, "unsure", NULL);
	if (*m->word[WORD_TITLE] && *m->word[WORD_WHAT])
		return m;
	message_free(m);
	return NULL;
}
