/* look.h: what the user chose of the screen: the layout, its borders, hidden panes, columns.
 *
 * A choice is kept in the state folder, file "look". What the configuration says comes before what
 * is kept: a choice against it counts until mocr ends. */
#ifndef TUI_LOOK_H
#define TUI_LOOK_H

#include "tui/console_internal.h"

/* Takes what is kept, then what the configuration says. Call when the panes exist, and when the
 * configuration was read again. */
void look_load(struct console *);
void look_finish(struct console *);

/* The layout. */
void look_next(struct console *);
void look_set(struct console *, const char *name); /* flashes when there is none of that name */
/* Moves a border by the step that is the data of the console's action. */
void look_move(struct console *);
enum { LOOK_TALLER, LOOK_LOWER, LOOK_WIDER, LOOK_NARROWER };
extern const struct look_step {
	int down, right; /* cells */
} look_steps[];
/* moves the borders there, for the mouse; below 0: not that one */
void look_border_to(struct console *, int y, int x);
void look_keep(struct console *); /* writes all choices; the functions here do so, but that one */
void look_hide(struct console *);     /* hides the focused pane, or shows it again */
void look_show_all(struct console *); /* shows all hidden panes */

/* Columns of the focused pane. */
void look_columns_box(struct console *);
void look_columns(struct console *, const char *names); /* "default": the panel's own */

/* Adds complaints about the [panel NAME] sections: unknown panels and columns. */
void look_check(const struct settings *, struct doc *complaints);

#endif
