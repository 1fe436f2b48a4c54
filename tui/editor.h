/* editor.h: a long text in the user's own $VISUAL or $EDITOR, in the console's terminal; the data
 * stays fresh meanwhile. */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include <stddef.h>

struct console;

#define EDITOR_TEXT_MAX (256u << 10)

/* text: what was saved, without the line ends behind it, borrowed; NULL: nothing to be used, and
 * why says so in a phrase. */
typedef void editor_fn(const char *text, const char *why, void *arg);

/* Opens text (NULL: empty) in it; done is called once, when it has ended, and not when the console
 * ends before. The file is only the user's to read and is taken away afterwards. */
void editor_open(struct console *, const char *text, editor_fn *done, void *arg);
void editor_cancel(struct console *); /* the console ends: the program is told to */

#endif
