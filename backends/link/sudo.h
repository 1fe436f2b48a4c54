/* sudo.h: doing as root what the login may not, on one server.
 *
 * `sudo -n` first; when that wants a password, the user is asked (ask.h) and `sudo -S -p ''` gets it on that
 * channel's standard input, never in argv. Where there is no sudo, doas: on a terminal, for it reads passwords nowhere else.
 * Kept for 5 minutes at most, in locked memory, if the user said so, and only once it was right. */
#ifndef LINK_SUDO_H
#define LINK_SUDO_H

#include "backends/link/link.h"

struct server;
struct sudo;
struct sudo_run;

struct sudo *sudo_create(struct server *);
void sudo_destroy(struct sudo *);
void sudo_forget(struct sudo *);                    /* wipes what is kept */

/* Runs argv (ended by NULL) as root; like link_run. A wrong password asks again, twice. When the user gives up:
 * ERR_CANCELLED; neither sudo nor doas on the server: ERR_ABSENT; not in sudoers: ERR_DENIED with sudo's words. */
struct sudo_run *sudo_run(struct sudo *, const char *const *argv, size_t max, int64_t timeout_ms, run_fn *,
                          void *arg);
/* The same with bytes for the command's standard input, which are sent once the command begins. Wiped afterwards. */
struct sudo_run *sudo_run_input(struct sudo *, const char *const *argv, const void *input, size_t len, size_t max,
                                int64_t timeout_ms, run_fn *, void *arg);
void sudo_run_cancel(struct sudo_run *);            /* NULL is fine */

#endif
