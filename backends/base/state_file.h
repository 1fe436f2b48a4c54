/* state_file.h: the files of the state folder, which several consoles share.
 *
 * A file is read and written only when it is a regular file of our own: no link is followed, and
 * one that others could have written is refused. Mode 0600. What changes a file holds a lock on its
 * folder, so two consoles never undo each other.
 *
 * A whole file is written beside under a random name, synced, renamed, and its folder synced: after
 * a crash it holds the old text or the new. A line is appended in one write; half a line that a
 * crash or a full disk left is ended first, so it never swallows the next. A line that cannot be
 * written now is kept in memory and written with the next one. */
#ifndef BASE_STATE_FILE_H
#define BASE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

#define STATE_WAITING_MAX \
	(1u << 20) /* bytes of lines that wait for space, of one file; the oldest lines stay */

/* The last max bytes of it, from the beginning of a line on; NUL-ended, the caller's. A missing
 * file is "". NULL and err: it cannot be read, or is refused. */
char *state_read(const char *path, size_t max, size_t *len, struct err *);

/* Puts text in its place. False and err: the old text stays. */
bool state_write(const char *path, const char *text, size_t len, struct err *);

/* Reads up to max bytes, lets change make the new text from the old (out is empty at first), and
 * writes that, all under the lock. Nothing is written when change returns false. */
typedef bool state_change(const char *old, size_t len, struct buf *out, void *arg);
bool state_update(const char *path, size_t max, state_change *, void *arg, struct err *);

/* Appends a line, which ends with its newline; sync: it is on the disk when this returns. False: it
 * waits in memory. err then has a sentence once for each time the file stops taking lines, and code
 * ERR_NONE while that is known. */
bool state_append(const char *path, const char *line, bool sync, struct err *);
bool state_waiting(void); /* any line of any file waits */
bool state_flush(void);   /* tries again; true: no line waits any more */

/* Moves it away to PATH.1 when it is larger than max bytes; another console may have done so
 * already. */
void state_rotate(const char *path, size_t max);

#endif
