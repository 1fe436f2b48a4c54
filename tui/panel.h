/* panel.h: what a pane can show. One file per panel in panels/, one line in panels.c.
 *
 * A panel is a table of rows (most), or draws itself (activity). A simple panel is a table of
 * columns and a struct panel of words: what is left NULL has a common answer. */
#ifndef TUI_PANEL_H
#define TUI_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/wash.h"
#include "backends/store/action.h"
#include "backends/store/store.h"
#include "tui/canvas.h"

#define CELL_MAX 256
struct cell {
	char text[CELL_MAX]; /* washed */
	enum tone tone;
	/* wall clock at which the text becomes another by itself (an age); 0 never */
	int64_t changes_ms;
	/* an order's progress or result: widens no column, and covers the cells after it instead */
	bool passing;
};
enum align { ALIGN_LEFT, ALIGN_RIGHT };

enum column_flags {
	COLUMN_HEALTH = 1, /* the glyph of the row's health */
	COLUMN_SERVER = 2, /* the server's name: left out where there is one server only */
	/* how old what is shown is: at the end of the row, in a place of its own */
	COLUMN_AGE = 4,
};

struct column {
	const char *name;  /* "cpu": config and sort key */
	const char *title; /* "CPU%" */
	/* width in cells; the content decides between them; max -1: takes what is left */
	int min, max;
	int importance; /* 0 is never dropped; higher goes first when it is narrow */
	enum align align;
	enum cut cut; /* where a long text is shortened */
	void (*cell)(const struct row *, struct cell *);
	int (*compare)(const struct row *, const struct row *); /* NULL: by the cell's text */
	bool descending;                                        /* the natural first order */
	unsigned flags;                                         /* enum column_flags */
};
/* Columns that most panels have, for the braces of one: { COLUMN_OF_SERVER, .min = 8 }. */
#define COLUMN_OF_HEALTH                                                       \
	.name = "health", .title = "", .min = 1, .max = 1, .cell = cell_glyph, \
	.compare = order_by_need, .flags = COLUMN_HEALTH
#define COLUMN_OF_SERVER                                                                        \
	.name = "server", .title = "SERVER", .max = 12, .cut = CUT_MIDDLE, .cell = cell_server, \
	.flags = COLUMN_SERVER
#define COLUMN_OF_AGE                                                                \
	.name = "age", .title = "", .max = 8, .importance = 1, .align = ALIGN_RIGHT, \
	.cell = cell_stale, .flags = COLUMN_AGE

#define PANEL_SOURCES_MAX 4
struct panel {
	const char
		*name; /* "containers": `:containers`, [settings], key 1-9 by place in panels[] */
	const char *title;
	const char *tab; /* short, for the bar at 40 cells: "ctr" */
	/* its rows; actions come from kind->actions; NULL with columns: rows of every kind */
	const struct kind *kind;
	const struct column *columns; /* ends at .name == NULL */
	/* before any column was chosen; NULL: worst first, then name */
	int (*order)(const struct row *, const struct row *);
	bool (*wants)(const struct row *); /* NULL: every row of the kind */
	/* The same inside one server, where a row of many witnesses is shown as that server sees
	 * it; NULL: wants. */
	bool (*wants_in)(const struct row *, const struct server *);
	/* its rows are those of every kind that need the user, which the store keeps */
	bool needs;
	/* order, wants or cells look at other rows of the kind: one that changed may move others */
	bool reads_others;
	/* A row of which nothing but a sentence is known: writes that, which is drawn from after
	 * the column called instead_after on in place of what no cell there could say. False: the
	 * row has its cells. Both NULL: every row has. */
	bool (*instead)(const struct row *, struct cell *);
	const char *instead_after;
	/* a filter does not look at them: letters by chance match any few letters */
	bool random_ids;
	/* One line for very narrow panes (under 60 cells): the row's name (its column called
	 * "name", where there is one), the cell of the column called brief_column, and with
	 * brief_why the reason. brief says it in its own way. All NULL: the columns. */
	const char *brief_column;
	bool brief_why;
	void (*brief)(const struct row *, struct cell *);
	/* The sentence when there is no row: calm, with " on SERVER" between its two parts inside a
	 * server (the second NULL: nowhere), and why the sources, by the names of their backends,
	 * show nothing. calm NULL: "Nothing here.". */
	const char *calm[2], *sources[PANEL_SOURCES_MAX + 1];
	/* A panel without rows of a kind (activity): draws itself into the canvas from line top,
	 * what concerns one server only (NULL: all); returns how many lines it has. */
	size_t (*draw)(const struct store *, const struct server *, const struct canvas *,
	               size_t top);
	/* What the row under the cursor has to say under the panes (how it died): the first line is
	 * a title. At most max lines, max >= 2; returns how many. NULL or 0: why the row needs the
	 * user, or what the table has no room for. */
	size_t (*strip)(const struct row *, struct cell *lines, size_t max);
};
#define PANEL_STRIP_MAX 8

/* All panels in the order of their keys; ends at NULL. panels/panels.c */
extern const struct panel *const panels[];

/* Helpers for cells (tui/cells.c). */
void cell_set(struct cell *, enum tone, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* after what is there */
void cell_add(struct cell *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cell_age(struct cell *, int64_t since_wall_ms); /* "3m"; blank for 0 */
/* the same after what is there; nothing for 0 */
void cell_add_age(struct cell *, int64_t since_wall_ms);
void cell_add_wait(struct cell *, int64_t until_wall_ms); /* "40s" until then */
void cell_unknown(struct cell *);                         /* "-", dim */
void cell_bytes(struct cell *, double bytes);             /* "412M"; unknown below 0 */
void cell_percent(struct cell *, double percent,
                  double warn);                     /* "12"; with tone and ! from warn on */
void cell_glyph(const struct row *, struct cell *); /* the glyph of the row's health */
void cell_name(const struct row *, struct cell *);
void cell_server(const struct row *, struct cell *); /* the name of its server */
/* "4m old" when what is shown is old, else blank. The table writes it at the end of the row, in a
 * place that nothing else has. */
void cell_stale(const struct row *, struct cell *);
/* What an order on the row says now: "restarting 3s", "restart: done", "restart: <why not>". False:
 * nothing. */
bool cell_order(const struct row *, struct cell *);
#define CELL_ORDER_DONE_MS 6000 /* how long a result stays in the row */
#define CELL_ORDER_FAILED_MS 90000
/* wall clock of the last answer of any source; 0 never */
int64_t server_heard_ms(const struct server *);
/* Is what is known of it old? *since: wall clock of the last answer, 0 unknown. */
bool row_stale(const struct row *, int64_t *since);
/* The sentence of why a source shows nothing: "docker on sese: permission denied ...". False: it is
 * live or not there. */
bool source_sentence(const struct source *, char *buf, size_t size);
/* One word for the state of a row whose source does not answer: what it told before is not how it
 * is. False: it answers. */
bool source_fails(const struct row *, struct cell *);
/* its title without the server's name before it */
const char *ask_words(const struct server *, const struct ask *);
/* A row in one line. False: the panel has no such line, and the columns are shown. */
bool panel_brief(const struct panel *, const struct row *, struct cell *);
bool panel_has_brief(const struct panel *);
/* Why the panel has no row, on server (NULL: all), and what would help; a line for each sentence.
 */
void panel_empty(const struct panel *, const struct store *, const struct server *, char *buf,
                 size_t size);
/* worst first, then by name, then by server */
int order_by_need(const struct row *, const struct row *);
int compare_numbers(double a, double b); /* unknown (below 0) is smallest */

#endif
