/* editor.h: edits a long text with the user's $VISUAL or $EDITOR in the console's terminal. The
 * loop keeps running, so that the data stays fresh. */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include <stddef.h>

struct console;

#define EDITOR_TEXT_MAX (256u << 10)

/* text: the saved text without trailing blanks and line ends, borrowed; NULL: nothing usable, and
 * why is a phrase that says so. */
typedef void editor_fn(const char *text, const char *why, void *arg);

/* Opens text (NULL: empty) in the editor. Calls done once: when the editor ends, when it cannot
 * start, or in editor_cancel. Only the user can read the file. The file is deleted afterwards,
 * unless it holds work that could not be used. */
void editor_open(struct console *, const char *text, editor_fn *done, void *arg);
/* when the console ends: sends SIGTERM to the editor, keeps the file and calls done */
void editor_cancel(struct console *);

#endif
