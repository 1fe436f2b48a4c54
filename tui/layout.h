/* layout.h: decides which panes are on the screen, and where, from the screen's size. Pure
 * arithmetic. */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

#define LAYOUT_PANES 10
#define SAYS_LEAST 2 /* least lines for says: a title line and one line of text */

/* The first panels, by their index in panels[]. */
enum { PANE_FLEET, PANE_CONTAINERS, PANE_SERVICES, PANE_NEEDS, PANE_ACTIVITY };

struct layout_want {
	int height, width;         /* of the screen, in cells */
	size_t n;                  /* number of panels, at most LAYOUT_PANES */
	size_t focus;              /* the focused panel: always on the screen */
	size_t other;              /* the second choice where not all panels fit */
	bool in_server;            /* all panes show one server */
	bool zoom;                 /* only the focused pane */
	bool hints;                /* show a line of keys at the bottom */
	size_t rows[LAYOUT_PANES]; /* rows of each panel */
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
