/* drafts.h: words that were written for a row and did not get there: offered again, and found again
 * after the end of mocr. */
#ifndef TUI_DRAFTS_H
#define TUI_DRAFTS_H

#include <stddef.h>

struct action;
struct console;
struct intent;
struct settings;

#define DRAFTS_MAX 32 /* that are offered again; older ones are only in the activity */

/* A new file that only the user can read, with text in it: in the state folder, where it outlives
 * the log-in, or else in $TMPDIR or /tmp. The name is the caller's; NULL: no folder took it. */
char *draft_file(const struct settings *, const char *text);

/* The words of in for its row i did not get there, or nobody knows; why is a phrase, NULL: given up
 * on purpose, which the activity is told only when they were not sent by the end. Does nothing
 * unless the action's words are a person's (ACTION_WORDS); ACTION_UNTOLD ones are only offered
 * again. */
void draft_keep(struct console *, const struct intent *in, size_t i, const char *why);
/* Words that no row is known for any more: what says where they were typed. */
void draft_note(struct console *, const char *id, const char *what, const char *text);
/* What was written for that action and row last and did not get there; borrowed until the next
 * draft_keep; NULL: nothing. */
const char *draft_of(const struct console *, const struct action *, const char *id);
/* Words for that action and row are on their way: what was kept for it has been used, or is told
 * now. */
void draft_sent(struct console *, const struct action *, const char *id, const char *words);
void drafts_finish(struct console *); /* tells what was not told */

#endif
