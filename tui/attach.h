/* attach.h: lending the terminal to a program at the other end of a stream: a shell on a server, in
 * a container.
 *
 *     a = attach_create(loop, keys, "sese: shell", left, arg);
 *     s = kind->shell(row, attach_term(), cols, rows, &attach_events, a, &err);
 *     if (s) { attach_set_stream(a, s); attach_enter(a); } else attach_destroy(a);
 *
 * While it is entered every byte goes through as it is, but for Ctrl-], which gives the screen back
 * to the console (left: ATTACH_LEFT) with the program still running; the modes it had set and its
 * last output are kept (ATTACH_KEEP) so that attach_enter shows it again. The loop goes on all the
 * while. */
#ifndef TUI_ATTACH_H
#define TUI_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/link/stream.h"
#include "tui/dialog.h"

struct loop;
struct keys;
struct attach;

#define ATTACH_KEEP (256u << 10) /* bytes of output kept for coming back */
#define ATTACH_LEAVE_KEY 0x1d    /* Ctrl-] */

enum attach_how {
	ATTACH_LEFT, /* Ctrl-]: the console has the screen again, the program runs on */
	ATTACH_ENDED /* the stream is over; attach_end says how; destroy it or keep it to be read */
};
/* Called after the console has its screen back (canvas_resume). ENDED may also come while it is
 * detached. */
typedef void attach_fn(struct attach *, enum attach_how, void *arg);

extern const struct stream_events attach_events; /* arg: the struct attach */

/* keys: what is typed right after Ctrl-] goes there; NULL: nobody reads keys. */
struct attach *attach_create(struct loop *, struct keys *, const char *title, attach_fn *,
                             void *arg);
void attach_set_stream(struct attach *, struct stream *); /* owned from now on */
/* closes the stream; takes the screen back first; NULL is fine */
void attach_destroy(struct attach *);

/* lends it the terminal; only one at a time */
void attach_enter(struct attach *);
void attach_leave(struct attach *); /* as Ctrl-] does, without telling */
/* gives the program a Ctrl-] of its own */
void attach_send_leave_key(struct attach *);
/* the terminal has a new size (SIGWINCH): passes it on */
void attach_resized(struct attach *);

bool attach_entered(const struct attach *);
bool attach_running(const struct attach *);
const struct stream_end *attach_end(const struct attach *); /* NULL while it runs */
const char *attach_title(const struct attach *);
/* the one that has the terminal, or NULL: then nobody draws */
struct attach *attach_current(void);
/* $TERM for the far side: ours when it is widely known, else the nearest */
const char *attach_term(void);

/* The last line the program wrote, washed, into buf: why it ended, often. "" when there is none. */
void attach_last_line(const struct attach *, char *buf, size_t size);

/* The choice to show after ATTACH_LEFT: [k] keep it running (0)  [c] close it (1)  [b] back to it
 * (2)  [Ctrl-]] send it the key (3). Giving up means keep. fn does what was chosen. */
struct dialog *attach_choice(const struct attach *, dialog_fn *, void *arg);

#endif
