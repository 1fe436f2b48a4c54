/* state_file.h: files of the state folder, which several consoles share.
 *
 * Only a regular file of this user is read or written. Symbolic links are not followed. A file that
 * others could have written is refused. The mode is 0600. Writers lock the folder, so that two
 * consoles never undo each other's changes.
 *
 * state_write writes to a new file with a random name, syncs it, renames it, and syncs the folder.
 * After a crash the file holds the old text or the new text.
 *
 * state_append writes a line in one call. If a crash or a full disk left half a line, a newline is
 * added first. A line that cannot be written is kept in memory and written with the next line. */
#ifndef BASE_STATE_FILE_H
#define BASE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

#define STATE_WAITING_MAX \
	(1u << 20) /* bytes of unwritten lines per file; once full, new lines are dropped */

/* Reads the last max bytes, from the beginning of a line. The text is NUL-ended, and the caller
 * frees it. A missing file gives "". NULL and err: unreadable or refused. */
char *state_read(const char *path, size_t max, size_t *len, struct err *);

/* Replaces the text of the file. False and err: the old text stays. */
bool state_write(const char *path, const char *text, size_t len, struct err *);
/* Same without the lock of the folder, for a file that one program alone writes. A sync in a thread
 * then never makes a writer of another file wait. */
bool state_write_own(const char *path, const char *text, size_t len, struct err *);

/* Reads up to max bytes and lets change build the new text from the old one. out is empty at first.
 * Then writes the new text, all under one lock. Nothing is written if change returns false. */
typedef bool state_change(const char *old, size_t len, struct buf *out, void *arg);
bool state_update(const char *path, size_t max, state_change *, void *arg, struct err *);

/* Appends a line, which must end with a newline. sync: the line is on the disk on return.
 *
 * False: the line waits in memory. Then err has a sentence, but only the first time after the file
 * stopped taking lines. Later failures have code ERR_NONE. */
bool state_append(const char *path, const char *line, bool sync, struct err *);
bool state_waiting(void); /* whether lines of any file wait */
bool state_flush(void);   /* retries; true: no line waits any more */

/* Renames the file to PATH.1 if it is larger than max bytes. Another console may have done so
 * already. */
void state_rotate(const char *path, size_t max);

#endif
