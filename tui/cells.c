/* Helpers for the columns of all panels: ages, numbers, orders, and why a panel is empty.
 *
 * Each text that depends on the clock sets the time of its next change (cell->changes_ms). So the
 * console redraws exactly then, and not in between. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/store/record.h"
#include "tui/tint.h"
#include "tui/keymap.h"
#include "tui/panel.h"
#include "tui/fold.h"
#include "tui/remember.h"

/* Removes an incomplete UTF-8 character at the end of a cut text. */
static void cell_mend_cut(struct cell *c)
{
	size_t len = strlen(c->text), start = len;
	if (len + 1 < sizeof(c->text))
		return;
	while (start > 0 && ((unsigned char)c->text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)c->text[start - 1] >= 0xc0)
		c->text[start - 1] = '\0';
}

void cell_set(struct cell *c, enum tone tone, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
	cell_mend_cut(c);
	c->tone = tone;
}

void cell_add(struct cell *c, const char *fmt, ...)
{
	size_t len = strlen(c->text);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->text + len, sizeof(c->text) - len, fmt, ap);
	va_end(ap);
	cell_mend_cut(c);
}

/* An age changes its text at multiples of one of these. */
static const int64_t steps_ms[] = { 1000, 60000, 3600000, 86400000, 7 * 86400000LL };

/* The next age in ms at which human_age gives another text. */
static int64_t cell_next_age(int64_t ms)
{
	char now[HUMAN_SIZE], then[HUMAN_SIZE];
	human_age(now, ms);
	for (size_t i = 0; i < ARRAY_LEN(steps_ms); i++) {
		int64_t next = (ms / steps_ms[i] + 1) * steps_ms[i];
		if (strcmp(human_age(then, next), now) != 0)
			return next;
	}
	return ms + steps_ms[ARRAY_LEN(steps_ms) - 1];
}

static void cell_changes_at(struct cell *c, int64_t wall_ms)
{
	if (!c->changes_ms || wall_ms < c->changes_ms)
		c->changes_ms = wall_ms;
}

void cell_add_age(struct cell *c, int64_t since)
{
	char age[HUMAN_SIZE];
	if (since <= 0)
		return;
	/* a server with a fast clock must not cause negative ages */
	int64_t ms = now_wall_ms() - since;
	ms = ms > 0 ? ms : 0;
	cell_add(c, "%s", human_age(age, ms));
	cell_changes_at(c, since + cell_next_age(ms));
}

void cell_age(struct cell *c, int64_t since)
{
	c->text[0] = '\0';
	c->tone = TONE_PLAIN;
	cell_add_age(c, since);
}

void cell_add_wait(struct cell *c, int64_t until)
{
	char wait[HUMAN_SIZE];
	int64_t left = until - now_wall_ms();
	int64_t shown = left > 0 ? (left + 999) / 1000 : 0;
	cell_add(c, "%s", human_span(wait, shown * 1000));
	if (left > 0)
		cell_changes_at(c, until - (shown - 1) * 1000);
}

void cell_unknown(struct cell *c)
{
	cell_set(c, TONE_DIM, "-");
}

void cell_bytes(struct cell *c, double bytes)
{
	char text[HUMAN_SIZE];
	if (bytes < 0)
		cell_unknown(c);
	else
		cell_set(c, TONE_PLAIN, "%s", human_bytes(text, (uint64_t)bytes));
}

void cell_past(struct cell *c, double since_wall_ms)
{
	cell_age(c, (int64_t)since_wall_ms);
	c->tone = TONE_DIM;
}

void cell_restarts(struct cell *c, double n)
{
	if (n < 0)
		cell_unknown(c);
	else
		cell_set(c, n > 0 ? TONE_WARN : TONE_DIM, "%.0f", n);
}

void cell_percent(struct cell *c, double percent, double warn)
{
	if (percent < 0)
		cell_unknown(c);
	else if (percent >= warn)
		cell_set(c, TONE_WARN, "! %.0f", percent);
	else
		cell_set(c, TONE_PLAIN, "%.0f", percent);
}

void cell_glyph(const struct row *r, struct cell *c)
{
	cell_set(c, tone_health(r->health), "%s", glyph_health(r->health));
}

void cell_name(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_PLAIN, "%s", r->name ? r->name : "");
	c->tint = r->kind == &kind_server ? tint_of(r->server) : TONE_PLAIN;
}

void cell_server(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_PLAIN, "%s", r->server->name);
	c->tint = tint_of(r->server);
}

int64_t server_heard_ms(const struct server *s)
{
	int64_t heard = 0;
	for (const struct source *src = s->sources; src; src = src->next)
		heard = src->fresh_ms > heard ? src->fresh_ms : heard;
	return heard;
}

bool row_stale(const struct row *r, int64_t *since)
{
	const struct link *link = r->server->link;
	*since = 0;
	if (row_is_head(r))
		return false;
	if (row_is_remembered(r, since))
		return true;
	if (!r->source) {
		*since = server_heard_ms(r->server);
		if (!*since && r->kind == &kind_server)
			remember_of_server(r->server, since);
		return link && link->state != LINK_UP && *since;
	}
	if (r->source->state == SOURCE_LIVE)
		return false;
	/* Answers arrived over the current connection: the rows are not stale, only incomplete. */
	if (r->source->state == SOURCE_WAITING && link && link->state == LINK_UP &&
	    r->source->fresh_ms >= link->since_ms)
		return false;
	*since = r->source->fresh_ms;
	return true;
}

void cell_stale(const struct row *r, struct cell *c)
{
	int64_t since;
	cell_set(c, TONE_STALE, "%s", "");
	if (!row_stale(r, &since))
		return;
	if (since) {
		cell_add_age(c, since);
		cell_add(c, " old");
	} else {
		cell_set(c, TONE_STALE, "old");
	}
}

/* Shows how an order ended. After a while the row's own state returns. */
static bool cell_order_ended(const struct order *o, struct cell *c)
{
	bool failed = o->state != ORDER_DONE;
	int64_t until = o->ended_ms + (failed ? CELL_ORDER_FAILED_MS : CELL_ORDER_DONE_MS);
	if (now_wall_ms() >= until)
		return false;
	if (o->state == ORDER_CANCELLED)
		cell_set(c, TONE_WARN, "%s: cancelled", o->action->verb);
	else if (failed)
		cell_set(c, TONE_BAD, "%s failed: %s", o->action->verb, o->err.text);
	else
		cell_set(c, TONE_GOOD, "%s: %s", o->action->verb,
		         o->output[0] ? o->output : "done");
	cell_changes_at(c, until);
	return true;
}

bool cell_order(const struct row *r, struct cell *c)
{
	const struct order *o = r->order;
	if (!o)
		return false;
	if (o->state != ORDER_RUNNING) {
		bool shown = cell_order_ended(o, c);
		/* A failure stays longer. Meanwhile the row shows other news, so a failure covers
		 * no cells. */
		c->passing = shown && o->state == ORDER_DONE;
		return shown;
	}
	c->passing = true;
	const char *doing;
	if (o->progress[0])
		doing = o->progress;
	else if (o->action->doing)
		doing = o->action->doing;
	else
		doing = o->action->verb;
	cell_set(c, TONE_BUSY, "%s ", doing);
	cell_add_age(c, o->started_ms);
	return true;
}

/* --- plain columns ------------------------------------------------------- */

bool column_has_number(const struct column *col)
{
	return col->number || col->field.type >= FIELD_INT;
}

double column_number(const struct column *col, const struct row *r)
{
	const void *at = (const char *)r + col->field.at;
	if (col->number)
		return col->number(r);
	switch (col->field.type) {
	case FIELD_INT: return *(const int *)at;
	case FIELD_INT64: return (double)*(const int64_t *)at;
	case FIELD_DOUBLE: return *(const double *)at;
	default: return -1;
	}
}

void column_cell(const struct column *col, const struct row *r, struct cell *c)
{
	const void *at = (const char *)r + col->field.at;
	const char *text = NULL;
	if (col->field.type == FIELD_STRING)
		text = *(char *const *)at;
	else if (col->field.type == FIELD_CHARS)
		text = at;
	if (col->cell)
		col->cell(r, c);
	else if (col->format)
		col->format(c, column_number(col, r));
	else
		cell_set(c, col->tone, "%s", text ? text : "");
}

bool source_sentence(const struct source *s, char *buf, size_t size)
{
	const char *name = s->backend->name, *server = s->server->name;
	const char *said = s->err.text[0] ? s->err.text : source_state_name(s->state);
	bool bad = s->state == SOURCE_DENIED || s->state == SOURCE_FAILED;
	if (bad && strstr(said, server)) /* the sentence names the server itself */
		snprintf(buf, size, "%s", said);
	else if (bad)
		snprintf(buf, size, "%s on %s: %s", name, server, said);
	else if (s->state == SOURCE_WAITING && s->server->link &&
	         s->server->link->state == LINK_UP && !replay_is_on(s->store))
		snprintf(buf, size, "%s on %s: asking...", name, server);
	else
		return false;
	return true;
}

bool source_fails(const struct row *r, struct cell *c)
{
	static const char *const words[] = { [SOURCE_DENIED] = "denied",
		                             [SOURCE_STALE] = "no answer",
		                             [SOURCE_FAILED] = "no answer" };
	enum source_state state = r->source ? r->source->state : SOURCE_LIVE;
	if (state >= ARRAY_LEN(words) || !words[state])
		return false;
	enum health health = r->health < HEALTH_ATTENTION ? HEALTH_ATTENTION : r->health;
	cell_set(c, tone_health(health), "%s", words[state]);
	return true;
}

const char *ask_words(const struct server *s, const struct ask *ask)
{
	size_t n = strlen(s->name);
	return !strncmp(ask->title, s->name, n) && !strncmp(ask->title + n, ": ", 2)
	               ? ask->title + n + 2
	               : ask->title;
}

size_t cell_order_strip(const struct row *r, struct cell *lines, size_t max)
{
	const struct order *o = r->order;
	(void)max;
	if (o && o->state == ORDER_RUNNING && o->progress[0]) {
		cell_set(&lines[0], TONE_BUSY, "%s: %s", o->action->verb, o->progress);
		return 1;
	}
	if (o && o->state != ORDER_RUNNING && o->state != ORDER_DONE &&
	    now_wall_ms() < o->ended_ms + CELL_ORDER_FAILED_MS) {
		cell_set(&lines[0], TONE_BAD, "%s failed: %s", o->action->verb, o->err.text);
		lines[0].changes_ms = o->ended_ms + CELL_ORDER_FAILED_MS;
		return 1;
	}
	return 0;
}

/* Writes why the whole server does not answer. False: its link is up. */
static bool cell_server_sentence(const struct server *s, char *buf, size_t size)
{
	if (!s->link || s->link->state == LINK_UP)
		return false;
	const char *what = link_state_name(s->link->state);
	char key[KEY_NAME_SIZE];
	if (s->link->state == LINK_ASKING)
		snprintf(buf, size, "%s asks you: %s (%s answers)", s->name,
		         s->link->ask ? ask_words(s, s->link->ask) : "something",
		         keymap_key(console_actions, "row-answer", key));
	else if (s->link->err.text[0])
		snprintf(buf, size, "%s: %s (%s tries now)", s->name,
		         s->row.why ? s->row.why : s->link->err.text,
		         keymap_key(console_actions, "server-refresh", key));
	else
		snprintf(buf, size, "%s: %s", s->name, what);
	return true;
}

/* Adds one sentence on a new line. */
static void cell_add_sentence(char *buf, size_t size, const char *sentence)
{
	size_t len = strlen(buf);
	if (len < size)
		snprintf(buf + len, size - len, "%s%s", len ? "\n" : "", sentence);
}

enum { KNOWN = 0, ASKING = 1, TROUBLE = 2 };

/* Adds what is unknown about one server, and why. */
static int cell_add_sentences_of(const struct server *s, const char *const *names, char *buf,
                                 size_t size)
{
	char one[512];
	int found = KNOWN;
	if (cell_server_sentence(s, one, sizeof(one))) {
		cell_add_sentence(buf, size, one);
		return s->link->state == LINK_CONNECTING && !s->link->tries ? ASKING : TROUBLE;
	}
	for (const struct source *src = s->sources; src; src = src->next) {
		bool mere = src->state == SOURCE_DENIED && !source_needs(src);
		bool named = false;
		for (const char *const *name = names; *name; name++)
			named |= !strcmp(src->backend->name, *name);
		if (named && !mere && source_sentence(src, one, sizeof(one))) {
			cell_add_sentence(buf, size, one);
			found |= src->state == SOURCE_WAITING ? ASKING : TROUBLE;
		}
	}
	return found;
}

/* The calm sentence says how to fill the pane. It stays beside the errors of servers. It is left
 * out while answers are on their way, because the pane may not be empty at all. */
void panel_empty(const struct panel *p, const struct store *store, const struct server *only,
                 char *buf, size_t size)
{
	char wrong[1536] = "", calm[512];
	int found = KNOWN;
	for (const struct server *s = p->sources[0] ? store_servers(store) : NULL; s; s = s->next)
		if (!only || s == only)
			found |= cell_add_sentences_of(s, p->sources, wrong, sizeof(wrong));
	const char *first = p->calm[0] ? p->calm[0] : "Nothing here.", *rest = p->calm[1];
	if (rest && only)
		snprintf(calm, sizeof(calm), "%s on %s%s", first, only->name, rest);
	else
		snprintf(calm, sizeof(calm), "%s%s", first, rest ? rest : "");
	if (found & ASKING)
		snprintf(buf, size, "%s", wrong);
	else
		snprintf(buf, size, "%s%s%s", calm, *wrong ? "\n" : "", wrong);
}

/* --- a row in one line --------------------------------------------------- */

/* Blank when the panel has no such column. */
static void cells_column(const struct panel *p, const char *column, const struct row *r,
                         struct cell *c)
{
	for (const struct column *col = p->columns; col && col->name; col++)
		if (!strcmp(col->name, column)) {
			column_cell(col, r, c);
			return;
		}
}

bool panel_has_brief(const struct panel *p)
{
	return p->brief || p->brief_columns[0];
}

bool panel_brief(const struct panel *p, const struct row *r, struct cell *c)
{
	struct cell name = { 0 };
	if (remember_brief(p, r, c))
		return true;
	if (p->brief)
		p->brief(r, c);
	if (p->brief || !p->brief_columns[0])
		return p->brief != NULL;
	if (p->brief_name)
		p->brief_name(r, &name);
	else
		cells_column(p, "name", r, &name);
	cell_set(c, TONE_PLAIN, "%s", name.text[0] ? name.text : r->name);
	for (size_t i = 0; i < PANEL_BRIEF_MAX && p->brief_columns[i]; i++) {
		struct cell one = { 0 };
		cells_column(p, p->brief_columns[i], r, &one);
		if (!i) {
			c->tone = one.tone;
			c->changes_ms = one.changes_ms;
		}
		if (!i || one.text[0])
			cell_add(c, "  %s", one.text);
	}
	if (p->brief_why && r->why)
		cell_add(c, "  %s", r->why);
	return true;
}

int order_by_need(const struct row *a, const struct row *b)
{
	/* All healthy rows are equal, so that a calm table is sorted by name. */
	int need_a = a->health >= HEALTH_ATTENTION ? (int)a->health : 0;
	int need_b = b->health >= HEALTH_ATTENTION ? (int)b->health : 0;
	if (need_a != need_b)
		return need_b - need_a;
	int by_name = strcasecmp(a->name, b->name);
	return by_name ? by_name : strcmp(a->id, b->id);
}

int order_by_place(const struct row *a, const struct row *b)
{
	int need_a = a->health >= HEALTH_ATTENTION ? (int)a->health : 0;
	int need_b = b->health >= HEALTH_ATTENTION ? (int)b->health : 0;
	return need_a != need_b ? need_b - need_a : strcmp(a->id, b->id);
}

int compare_numbers(double a, double b)
{
	a = a < 0 ? -1 : a;
	b = b < 0 ? -1 : b;
	return (a > b) - (a < b);
}
