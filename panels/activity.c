/* Activity: what the user did and what changed without the user, newest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/activity.h"
#include "panels/panels.h"
#include "tui/fuzzy.h"

#define ID_CELLS 34
#define NARROW 70
#define CLOCK_CELLS 10 /* " 13:50:59 "; the glyph follows */
#define TEXT_BYTES 2048
#define ROW_BYTES 1024
#define ROWS_MAX 12 /* most rows of an entry; good news about a link get a single row */

/* Bytes of text that fit into a row of that many cells. Breaks between words if possible. */
static size_t activity_row_of(const char *text, int cells)
{
	size_t used, n = cells > 0 ? cells_fit(text, (size_t)cells, &used) : 0, end = n;
	if (!text[n] || !n)
		return n;
	while (end && text[end] != ' ')
		end--;
	return end ? end : n;
}

/* Draws the text and who did it, from line y, cell x on. The rest continues below, from cell `left`
 * on. Returns the rows. */
static int activity_draw_words(const struct canvas *c, int y, int x, int left,
                               const struct activity_entry *e)
{
	char text[TEXT_BYTES], row[ROW_BYTES];
	const char *said = e->text ? e->text : "";
	int most = e->what == ACTIVITY_LINK && e->health == HEALTH_GOOD ? 1 : ROWS_MAX;
	enum tone tone = e->what == ACTIVITY_ACTION ? TONE_ACCENT : TONE_PLAIN;
	size_t len = strlen(said) + (e->by ? strlen(e->by) + strlen("  by ") : 0);
	if ((y < 0 || y >= c->height) &&
	    (most == 1 || (c->width > x && len <= (size_t)(c->width - x))))
		return 1; /* most of thousands of entries are off screen and short */
	if (e->by)
		snprintf(text, sizeof(text), "%s  by %s", said, e->by);
	else
		snprintf(text, sizeof(text), "%s", said);
	const char *at = text;
	int rows = 0;
	do {
		size_t n = activity_row_of(at, c->width - x);
		if (!n && x > left) /* no room beside the id */
			;
		else if (!n)
			break;
		if (y + rows >= 0 && y + rows < c->height) {
			snprintf(row, sizeof(row), "%.*s", (int)n, at);
			canvas_text(c, y + rows, x, -1, tone, row);
		}
		rows++;
		at += n + strspn(at + n, " ");
		x = left;
	} while (*at && rows < most);
	return rows ? rows : 1;
}

/* Draws one entry from line y on, which may be partly off screen. Returns its rows. On a narrow
 * pane the text follows the id directly and continues under it. An entry without a row has no id,
 * and its text starts in the id's place. */
static int activity_draw_entry(const struct canvas *c, int y, const struct activity_entry *e)
{
	char clock[HUMAN_SIZE], id[ID_CELLS * 4 + 1];
	bool narrow = c->width < NARROW, seen = y >= 0 && y < c->height;
	int id_cells = narrow ? c->width / 3 : ID_CELLS, x = CLOCK_CELLS, left;
	if (seen) {
		canvas_text(c, y, 1, -1, TONE_DIM, human_clock(clock, e->wall_ms));
		canvas_text(c, y, x, -1, tone_health(e->health), glyph_health(e->health));
	}
	x += 2;
	left = x;
	if (e->id && *e->id) {
		size_t cells = cells_cut(id, sizeof(id), e->id,
		                         (size_t)(id_cells > 0 ? id_cells : 0), CUT_MIDDLE,
		                         glyph_ellipsis());
		if (seen)
			canvas_text(c, y, x, id_cells, TONE_PLAIN, id);
		x += (narrow ? (int)cells : id_cells) + 1;
		left = narrow ? left : x;
	}
	return activity_draw_words(c, y, x, left, e);
}

static bool activity_concerns(const struct activity_entry *e, const struct server *only)
{
	size_t n = only ? strlen(only->name) : 0;
	return !only || (e->id && !strncmp(e->id, only->name, n) && e->id[n] == '/');
}

static bool activity_is_shown(const struct activity_entry *e, const struct panel_look *look)
{
	char text[TEXT_BYTES];
	if (!activity_concerns(e, look->server) || (look->problems && e->health < HEALTH_ATTENTION))
		return false;
	if (!look->filter)
		return true;
	const char *words[] = { e->id, e->text, e->by };
	size_t n = 0;
	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(words) && n < sizeof(text); i++)
		if (words[i])
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s ", words[i]);
	return fuzzy_match(look->filter, text, NULL) > 0;
}

/* The entry after this one in the list, which is newest first. from is the index to start at. */
static const struct activity_entry *activity_next(const struct store *store,
                                                  const struct panel_look *look, size_t *from)
{
	const struct activity_entry *e;
	while ((e = activity_get(store, (*from)++)))
		if (activity_is_shown(e, look))
			return e;
	return NULL;
}

/* The cursor is on the first entry that is not newer than its number, or else on the last. */
static const struct activity_entry *activity_at(const struct store *store,
                                                const struct panel_look *look)
{
	const struct activity_entry *e, *last = NULL;
	size_t i = 0;
	while ((e = activity_next(store, look, &i))) {
		last = e;
		if (!look->cursor || e->number <= look->cursor)
			break;
	}
	return last;
}

static const char *activity_id_at(const struct store *store, const struct panel_look *look)
{
	const struct activity_entry *e = activity_at(store, look);
	return e && e->id && *e->id ? e->id : NULL;
}

/* One pass down the list keeps the last entries, so that a step up needs no second pass. */
static void activity_step(const struct store *store, struct panel_look *look, long steps)
{
	const struct activity_entry *at = activity_at(store, look), *e;
	uint64_t *numbers = xcalloc(activity_count(store) + 1, sizeof(*numbers));
	long n = 0, here = 0;
	size_t i = 0;
	while ((e = activity_next(store, look, &i))) {
		if (e == at)
			here = n;
		numbers[n++] = e->number;
	}
	here += steps;
	if (here >= n)
		here = n - 1;
	look->cursor = here > 0 ? numbers[here] : 0;
	free(numbers);
}

static size_t activity_draw(const struct store *store, struct panel_look *look,
                            const struct canvas *c)
{
	const struct activity_entry *e;
	bool found = false;
	size_t n = 0;
	look->shown = look->all = look->cursor_lines = 0;
	for (size_t i = 0; (e = activity_get(store, i)); i++) {
		look->all += activity_concerns(e, look->server);
		if (!activity_is_shown(e, look))
			continue;
		int rows = activity_draw_entry(c, (int)((int64_t)n - (int64_t)look->top), e);
		if (!found) { /* as activity_at finds it */
			look->cursor_line = n;
			look->cursor_lines = (size_t)rows;
			found = !look->cursor || e->number <= look->cursor;
		}
		look->shown++;
		n += (size_t)rows;
	}
	if (look->focused) {
		int first = (int)((int64_t)look->cursor_line - (int64_t)look->top);
		for (int y = first; y < first + (int)look->cursor_lines; y++)
			if (y >= 0 && y < c->height)
				canvas_row_tone(c, y, TONE_CURSOR);
	}
	return n;
}

const struct panel panel_activity = {
	.name = "activity",
	.title = "Activity",
	.tab = "act",
	.draw = activity_draw,
	.step = activity_step,
	.id_at = activity_id_at,
	.calm = { "Nothing happened yet", ". Actions and changes of state appear here." },
};
