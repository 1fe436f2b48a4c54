/* layout.h: which panes are on the screen, and where, by its size. Pure arithmetic. */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

#define LAYOUT_PANES 9
#define SAYS_LEAST 2 /* lines of says: a rule with a title, and the rest of a sentence */

/* What the panes are called here, by their place in panels[]. */
enum { PANE_FLEET, PANE_CONTAINERS, PANE_SERVICES, PANE_NEEDS, PANE_ACTIVITY };

struct layout_want {
	int height, width;         /* of the screen */
	size_t n;                  /* panels there are, at most LAYOUT_PANES */
	size_t focus;              /* the one with the keys: always on the screen */
	size_t other;              /* the one to show beside it where not all fit */
	bool in_server;            /* all panes show one server */
	bool zoom;                 /* the focused pane alone */
	bool hints;                /* a line of keys at the bottom */
	size_t rows[LAYOUT_PANES]; /* how many each has to show */
	/* lines that the longest says of all rows takes; 0: not known */
	int says;
};
struct layout_pane {
	size_t panel;
	struct canvas at; /* the title's line included */
	bool title;       /* has a line with its title on top */
};
struct layout {
	struct canvas header, bar, hint; /* height 0: there is no room for it */
	/* what the row under the cursor has to say: the same height for all rows */
	struct canvas says;
	struct canvas body; /* all panes together */
	/* all between header and hints: where a view over the panes goes */
	struct canvas view;
	struct layout_pane panes[LAYOUT_PANES];
	size_t n;
};

/* How many panes a screen of that size shows at most. */
enum layout_class { LAYOUT_ONE, LAYOUT_TWO, LAYOUT_FOUR, LAYOUT_ALL };
enum layout_class layout_class(int height, int width);

void layout(const struct layout_want *, struct layout *);
bool layout_shows(const struct layout *, size_t panel);

#endif
