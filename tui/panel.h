/* panel.h: what a pane can show. Each panel is one file in panels/ and one line in panels.c.
 *
 * Most panels are a table of rows. The activity panel draws itself. A simple panel needs only a
 * table of columns and a struct panel with its texts. Every field left NULL has a default. */
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
	/* the text is the name of a server with this tint (tint.h), drawn with its sign;
	 * TONE_PLAIN: none */
	enum tone tint;
	/* wall clock, ms: when the text changes with time alone (an age); 0 never */
	int64_t changes_ms;
	/* progress or result of an order: does not widen its column, but covers the cells after
	 * it */
	bool passing;
};
enum align { ALIGN_LEFT, ALIGN_RIGHT };

enum column_flags {
	COLUMN_HEALTH = 1, /* the glyph of the row's health */
	COLUMN_SERVER = 2, /* the server's name: hidden when there is only one server */
	/* age of stale data: drawn at the end of the row, in its own place */
	COLUMN_AGE = 4,
	COLUMN_EXTRA = 8, /* shown only when the user chose it */
	COLUMN_NOW = 16,  /* of this moment, such as what a key does: not remembered */
};

/* A field of the struct behind a row. FIELD_OF(container, cpu) finds its type. */
struct column_field {
	enum { FIELD_NONE, FIELD_STRING, FIELD_CHARS, FIELD_INT, FIELD_INT64, FIELD_DOUBLE } type;
	size_t at; /* offset, bytes */
};
#define FIELD_TYPE(kind, field) \
	_Generic(&((struct kind *)0)->field, char **: FIELD_STRING,          \
		 char(*)[sizeof(((struct kind *)0)->field)]: FIELD_CHARS,    \
		 int *: FIELD_INT, int64_t *: FIELD_INT64, double *: FIELD_DOUBLE)
#define FIELD_OF(kind, field)                                         \
	{                                                             \
		FIELD_TYPE(kind, field), offsetof(struct kind, field) \
	}

/* A plain column names a field, or a number and its format. Any other has a cell of its own. */
struct column {
	const char *name;  /* "cpu": name in the settings and sort key */
	const char *title; /* "CPU%" */
	/* Width in cells. The content decides between min and max. max -1: takes the remaining
	 * cells. */
	int min, max;
	int importance; /* 0 is never dropped; on a narrow screen the highest goes first */
	enum align align;
	enum cut cut; /* where a long text is cut */
	void (*cell)(const struct row *, struct cell *); /* NULL: the field, or the number */
	struct column_field field;
	double (*number)(const struct row *); /* below 0: unknown; NULL: the field's, if any */
	void (*format)(struct cell *, double number);
	enum tone tone; /* of a field's text */
	/* NULL: compares numbers, or the cells' text where the column has none */
	int (*compare)(const struct row *, const struct row *);
	bool descending; /* the first sort by this column is descending */
	unsigned flags;  /* enum column_flags */
};
/* Columns that most panels have. Use: { COLUMN_OF_SERVER, .min = 8 } as a column. */
#define COLUMN_OF_HEALTH                                                       \
	.name = "health", .title = "", .min = 1, .max = 1, .cell = cell_glyph, \
	.compare = order_by_need, .flags = COLUMN_HEALTH
#define COLUMN_OF_SERVER                                                                        \
	.name = "server", .title = "SERVER", .max = 12, .cut = CUT_MIDDLE, .cell = cell_server, \
	.flags = COLUMN_SERVER
#define COLUMN_OF_AGE                                                                \
	.name = "age", .title = "", .max = 8, .importance = 1, .align = ALIGN_RIGHT, \
	.cell = cell_stale, .flags = COLUMN_AGE

/* What of a panel without rows is shown, and where its cursor is. */
struct fuzzy;
struct panel_look {
	const struct server *server; /* NULL: all servers */
	const struct fuzzy *filter;  /* NULL: no filter */
	bool problems;               /* only what needs attention */
	bool focused;                /* the cursor is drawn */
	size_t top;                  /* first line of the canvas */
	uint64_t cursor; /* number of the entry under the cursor; 0: the newest, also later */
	/* set by draw: the lines of that entry; the entries shown, and all of the server */
	size_t cursor_line, cursor_lines, shown, all;
};

/* For rows that hold what people said. Where name_of is set, a row of the panel's kind is kept
 * without its name and its reason, in the list of needs, too. */
#define PANEL_KEEPS_MAX 12
struct panel_keeps {
	const char *columns[PANEL_KEEPS_MAX]; /* these may be kept; ends at NULL */
	const char *name, *why; /* columns for what stands in their place */
	/* Write a name and a state without such words. */
	void (*name_of)(const struct row *, struct cell *);
	void (*why_of)(const struct row *, struct cell *);
};

struct panel_extra;
#define PANEL_SOURCES_MAX 32
#define PANEL_BRIEF_MAX 2
struct panel {
	/* "containers": name of the command `:containers` and in [settings]. Keys 1-9 follow the
	 * user's order, which is that of panels[] unless the settings give another. */
	const char *name;
	const char *title;
	const char *tab; /* short title for the bar at 40 cells: "ctr" */
	/* Kind of its rows. The actions come from kind->actions. NULL with columns set: rows of
	 * every kind. */
	const struct kind *kind;
	const struct column *columns; /* ends at .name == NULL */
	/* order before the user chooses a column; NULL: worst first, then name */
	int (*order)(const struct row *, const struct row *);
	bool (*wants)(const struct row *); /* NULL: every row of the kind */
	/* The filter inside one server. A peer that several servers report is then shown as this
	 * server sees it. NULL: the same as wants. */
	bool (*wants_in)(const struct row *, const struct server *);
	/* shows the needs of all kinds, from the list that the store keeps */
	bool needs;
	/* order, wants or cells read other rows of the kind: a change of one row may move others */
	bool reads_others;
	/* For a row with nothing known but a sentence. Writes the sentence, which replaces the
	 * cells after the column instead_after. Returns false when the row has real cells. Both
	 * NULL: every row has cells. */
	bool (*instead)(const struct row *, struct cell *);
	const char *instead_after;
	/* Ids are random: the filter skips them, because a few letters match almost any random
	 * id. */
	bool random_ids;
	/* What of its rows may be kept on the disk (remember.h). NULL: all that it shows. */
	const struct panel_keeps *keeps;
	/* One line per row for panes under 60 cells. The default joins brief_name (NULL: the column
	 * "name", or the row's name), what the named columns show and, with brief_why, the reason.
	 * Its tone is that of the first of these columns. brief replaces this default. All NULL:
	 * the columns are drawn. */
	void (*brief_name)(const struct row *, struct cell *);
	const char *brief_columns[PANEL_BRIEF_MAX];
	bool brief_why;
	void (*brief)(const struct row *, struct cell *);
	/* A word for the end of that line, where the line leaves room for one. NULL: none. */
	void (*brief_end)(const struct row *, struct cell *);
	/* The text of a panel without rows. calm[0], then " on SERVER" inside a server, then
	 * calm[1]. calm[1] NULL: without the server. calm[0] NULL: "Nothing here.". sources:
	 * backends to report errors of below the text. */
	const char *calm[2], *sources[PANEL_SOURCES_MAX + 1];
	/* For a panel without rows (activity): draws its entries as look says, and returns the
	 * total number of lines. step moves the cursor that many entries. id_at returns the id of
	 * the row that the entry under the cursor is about; NULL: there is none; borrowed. */
	size_t (*draw)(const struct store *, struct panel_look *, const struct canvas *);
	void (*step)(const struct store *, struct panel_look *, long steps);
	const char *(*id_at)(const struct store *, const struct panel_look *);
	/* Text under the panes for the row at the cursor, such as how it died. The first line is a
	 * title. Writes at most max lines (max >= 2) and returns how many. NULL or 0: the console
	 * shows why the row needs the user, or cells that the table left out. */
	size_t (*strip)(const struct row *, struct cell *lines, size_t max);
	const struct panel_extra *extra; /* NULL: its rows need nothing special */
};
#define PANEL_STRIP_MAX 8

/* What a panel adds to the console for rows of its kind. Every field may be NULL. */
struct panel_extra {
	/* Actions of the console, with show. They come before the console's own, and end at .name
	 * == NULL. One with CONSOLE_ROW must look at the kind of the row. */
	const struct action *actions;
	/* Opens a box for the argument of an action of its kind. The box later calls
	 * order_begin_rows. False: the action needs none. */
	bool (*ask)(struct console *, const struct action *, struct row **, size_t n);
	/* Enter on a row. False: the console does what it does for every row. */
	bool (*open)(struct console *, struct row *);
	/* Adds pictures to the end of the details. width: of the screen, in cells. */
	void (*pictures)(const struct row *, int width, struct doc *);
	/* A key goes beyond the end of the details. True: more is asked for and will stand there.
	 */
	bool (*at_end)(struct console *, struct row *);
	/* Writes what a pane beside the list shows of the row (peek.h). */
	void (*peek)(struct row *, struct doc *);
	/* The cursor of the focused pane came to the row. */
	void (*at_cursor)(struct row *);
	/* Something in the store changed: what an open box waits for may have arrived. */
	void (*changed)(struct console *);
};

/* All panels in the order of their keys, ending at NULL. Defined in panels/panels.c. */
extern const struct panel *const panels[];

/* Helpers for cells (tui/cells.c). */
void column_cell(const struct column *, const struct row *, struct cell *);
bool column_has_number(const struct column *);
double column_number(const struct column *, const struct row *);
void cell_set(struct cell *, enum tone, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* appends */
void cell_add(struct cell *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cell_age(struct cell *, int64_t since_wall_ms); /* "3m"; blank for 0 */
/* appends an age; nothing for 0 */
void cell_add_age(struct cell *, int64_t since_wall_ms);
void cell_add_wait(struct cell *, int64_t until_wall_ms); /* appends the time left: "40s" */
void cell_unknown(struct cell *);                         /* "-", dim */
void cell_bytes(struct cell *, double bytes);             /* "412M"; cell_unknown below 0 */
void cell_past(struct cell *, double since_wall_ms);      /* "3m", dim; blank for 0 */
void cell_restarts(struct cell *, double n);              /* "0", dim; "3" in TONE_WARN */
void cell_percent(struct cell *, double percent,
                  double warn);                     /* "12"; from warn on "! 12" in TONE_WARN */
void cell_glyph(const struct row *, struct cell *); /* the glyph of the row's health */
void cell_name(const struct row *, struct cell *);
void cell_server(const struct row *, struct cell *); /* the name of its server */
/* "4m old" for stale data, else blank. The table draws it at the end of the row, in a place of its
 * own. */
void cell_stale(const struct row *, struct cell *);
/* State of the row's order: "restarting 3s", "restart: done", "restart failed: <why>". False: no
 * order, or its result is too old to show. */
bool cell_order(const struct row *, struct cell *);
#define CELL_ORDER_DONE_MS 6000 /* how long a result stays in the row, ms */
#define CELL_ORDER_FAILED_MS 90000
/* For panel->strip: the progress of the row's order, or why the order failed. Both are sentences,
 * too long for a column. Returns 0 or 1 line. */
size_t cell_order_strip(const struct row *, struct cell *lines, size_t max);
/* wall clock, ms, of the newest answer of any source; 0 never */
int64_t server_heard_ms(const struct server *);
/* Is the row stale? *since: wall clock of the last answer, ms; 0 unknown. Valid only when true. */
bool row_stale(const struct row *, int64_t *since);
/* Writes why a source shows nothing: "docker on sese: permission denied ...". False: the source is
 * live, stale, absent, or waits for its link. */
bool source_sentence(const struct source *, char *buf, size_t size);
/* For a row with a denied, stale or failed source: writes one word ("denied", "no answer") that
 * replaces the row's state. False: the source answers. */
bool source_fails(const struct row *, struct cell *);
/* the title of the ask without the leading server name; borrowed */
const char *ask_words(const struct server *, const struct ask *);
/* Writes a row as one line. False: the panel has no brief, so the columns are drawn. */
bool panel_brief(const struct panel *, const struct row *, struct cell *);
bool panel_has_brief(const struct panel *);
/* Explains why the panel has no rows and what would help, one sentence per line. server NULL: all
 * servers. */
void panel_empty(const struct panel *, const struct store *, const struct server *, char *buf,
                 size_t size);
/* health first (worst on top), then name, then id */
int order_by_need(const struct row *, const struct row *);
/* Worst first. Healthy rows by id: what lists others, then what it lists. */
int order_by_place(const struct row *, const struct row *);
int compare_numbers(double a, double b); /* unknown values (below 0) sort lowest */

#endif
