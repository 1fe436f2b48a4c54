/* drafts.h: keeps texts that the user typed for a row and that were not sent. They are offered
 * again, and can be found after mocr has ended. */
#ifndef TUI_DRAFTS_H
#define TUI_DRAFTS_H

#include <stddef.h>

struct action;
struct console;
struct intent;
struct settings;

/* kept in memory and offered again; older ones are only noted in the activity */
#define DRAFTS_MAX 32

/* Writes text into a new file that only the user can read. Tries the state directory, which
 * survives the login session, then $TMPDIR, then /tmp. Returns the name, owned by the caller, or
 * NULL when no directory took the file. */
char *draft_file(const struct settings *, const char *text);

/* Keeps the text of `in` for its row i, after the text failed to arrive or may not have arrived.
 * why: a phrase, noted in the activity at once. NULL: the user gave up. Then the activity gets a
 * note only if the text is still unsent at the end. Does nothing unless the action has
 * ACTION_FREE_TEXT. ACTION_SECRET texts are offered again but never noted. */
void draft_keep(struct console *, const struct intent *in, size_t i, const char *why);
/* Notes an unsent text in the activity. id: its row; NULL: none. what: a phrase that says where the
 * text was typed. */
void draft_note(struct console *, const char *id, const char *what, const char *text);
/* The last unsent text for that action and row; NULL: none. Borrowed until the next draft_keep. */
const char *draft_of(const struct console *, const struct action *, const char *id);
/* Call when the user sends words for that action and row. Drops the kept draft. A draft that
 * differs from words is first noted in the activity. */
void draft_sent(struct console *, const struct action *, const char *id, const char *words);
/* notes the remaining drafts in the activity and frees them */
void drafts_finish(struct console *);

#endif
