/* attach.h: lends the terminal to a program at the other end of a stream: a shell on a server or in
 * a container.
 *
 *     a = attach_create(loop, keys, "sese: shell", left, arg);
 *     s = kind->shell(row, attach_term(), cols, rows, &attach_events, a, &err);
 *     if (s) { attach_set_stream(a, s); attach_enter(a); } else attach_destroy(a);
 *
 * While attached, every byte passes unchanged except the key of shell-leave (Ctrl-] at first). That
 * key returns the screen to the console (ATTACH_LEFT) while the program keeps running. The
 * program's terminal modes and its last output (ATTACH_KEEP bytes) are kept, so that attach_enter
 * can show them again. The loop runs all the time. */
#ifndef TUI_ATTACH_H
#define TUI_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/link/stream.h"
#include "tui/dialog.h"

struct loop;
struct keys;
struct attach;

#define ATTACH_KEEP (256u << 10) /* bytes of output kept for the next attach_enter */

enum attach_how {
	ATTACH_LEFT, /* by shell-leave: the console has the screen again, the program still runs */
	/* the stream closed; attach_end says how; destroy it, or keep it to read its last line */
	ATTACH_ENDED
};
/* Called after the console has its screen back (canvas_resume). ENDED may also arrive while
 * detached. */
typedef void attach_fn(struct attach *, enum attach_how, void *arg);

extern const struct stream_events attach_events; /* arg: the struct attach */

/* keys: receives what the user types right after shell-leave. NULL: such input is dropped. title is
 * copied. */
struct attach *attach_create(struct loop *, struct keys *, const char *title, attach_fn *,
                             void *arg);
void attach_set_stream(struct attach *, struct stream *); /* takes ownership of the stream */
/* closes the stream, after taking the screen back; NULL is fine */
void attach_destroy(struct attach *);

/* gives it the terminal; does nothing while another has it, or after the end */
void attach_enter(struct attach *);
void attach_leave(struct attach *); /* like shell-leave, without calling attach_fn */
/* Writes the name of the key that leaves (KEY_NAME_SIZE bytes): "Ctrl-]". Returns buf. */
const char *attach_leave_key(char *buf);
/* sends the key that left it last to the program */
void attach_send_leave_key(struct attach *);
/* after SIGWINCH: passes the terminal's new size to the program */
void attach_resized(struct attach *);

bool attach_running(const struct attach *);
const struct stream_end *attach_end(const struct attach *); /* NULL while it runs */
const char *attach_title(const struct attach *);
/* the program that has the terminal now; nobody else may draw; NULL: none */
struct attach *attach_current(void);
/* $TERM for the remote side: ours when it is widely known, else xterm-256color */
const char *attach_term(void);

/* Writes the program's last non-empty line into buf, washed. This line often says why the program
 * ended. "" for no output. */
void attach_last_line(const struct attach *, char *buf, size_t size);

enum { LEFT_KEEP, LEFT_CLOSE, LEFT_BACK, LEFT_SEND_KEY }; /* results of attach_choice */
/* The choice to show after ATTACH_LEFT: keep it running, close it, return to it, or send it the key
 * that left it. Esc means keep. fn carries out the choice. */
struct dialog *attach_choice(const struct attach *, dialog_fn *, void *arg);

#endif
