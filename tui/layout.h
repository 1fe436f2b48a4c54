/* layout.h: decides which panes are on the screen, and where, from the screen's size. Pure
 * arithmetic. */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

#define LAYOUT_PANES 12 /* most panes on the screen at once; there may be more panels */
#define SAYS_LEAST 2 /* least lines for says: a title line and one line of text */

/* The first panels, by their index in panels[]. */
enum { PANE_FLEET, PANE_CONTAINERS, PANE_SERVICES, PANE_NEEDS, PANE_ACTIVITY };

/* Ways to place panes, chosen by the user. Below the size of two panes all are the same. */
enum layout_style {
	LAYOUT_AS_PANES,   /* as many panes as fit */
	LAYOUT_AS_BIG,     /* one panel below what needs the user */
	LAYOUT_AS_COLUMNS, /* needs and fleet on the left, others on the right */
	LAYOUT_AS_BESIDE,  /* fleet and the focused panel, and beside them the details of the row */
	LAYOUT_STYLES
};
extern const char *const layout_names[LAYOUT_STYLES];

struct layout_want {
	int height, width;         /* of the screen, in cells */
	size_t n;                  /* number of panels */
	size_t focus;              /* the focused panel: always on the screen */
	size_t other;              /* the second choice where not all panels fit */
	bool in_server;            /* all panes show one server */
	bool zoom;                 /* only the focused pane */
	enum layout_style style;
	/* how far the user moved the borders from where they are by themselves, in cells */
	int upper, left;
	const bool *hidden; /* borrowed array of n: panels shown only while focused; NULL: none */
	bool hints;                /* show a line of keys at the bottom */
	size_t *rows;              /* borrowed array of n: rows of each panel */
	/* lines of the longest says of all rows; 0: unknown */
	int says;
};
struct layout_pane {
	size_t panel;
	struct canvas at; /* includes the title line */
	bool title;       /* has a title line on top */
};
struct layout {
	struct canvas header, bar, hint; /* height 0: no room */
	/* what the row under the cursor says; same height for all rows */
	struct canvas says;
	struct canvas body; /* all panes together */
	struct canvas beside; /* details of the row under the cursor; height 0: none */
	/* borders that can be moved: the first line below, the first column right of one; -1:
	 * none */
	int border_y, border_x;
	int upper, left; /* how far they are moved, as in layout_want, within what fits */
	/* everything between header and hints: the place of a view over the panes */
	struct canvas view;
	struct layout_pane panes[LAYOUT_PANES];
	size_t n;
};

/* How many panes a screen of that size can show. */
enum layout_class { LAYOUT_ONE, LAYOUT_TWO, LAYOUT_FOUR, LAYOUT_ALL };
enum layout_class layout_class(int height, int width);

void layout(const struct layout_want *, struct layout *);
bool layout_shows(const struct layout *, size_t panel);

#endif
