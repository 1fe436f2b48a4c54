/* sudo.h: doing as root what the login may not, on one server.
 *
 * `sudo -n` first; when that wants a password, the user is asked (ask.h) and `sudo -S -p ''` gets
 * it on that channel's standard input, never in argv. Where there is no sudo, doas: on a terminal,
 * for it reads passwords nowhere else. Kept for 5 minutes at most, in locked memory, if the user
 * said so, and only once it was right. */
#ifndef SERVERS_SUDO_H
#define SERVERS_SUDO_H

#include "backends/link/link.h"

struct server;
/* A shell function, `may PROGRAM`: does `sudo -n PROGRAM` need no password? A sudo -n that does
 * need one is an alert in the auth log, and on Debian a mail to root (mail_badpass). A plain list
 * of the login's rules leaves no trace for who has rules, as members of these groups do (seen on
 * sudo 1.9.13 to 1.9.17). Others are let through: where there is no rule at all, sudo -n leaves no
 * trace and the list does. No single quote, exclamation mark or double backslash is in it. */
#define SUDO_MAY                                                                                \
	"may() { command -v sudo >/dev/null 2>&1 || return 0; "                                 \
	"case \" $(id -Gn 2>/dev/null) \" in *\" sudo \"*|*\" wheel \"*|*\" admin \"*) ;; *) "  \
	"return 0;; esac; "                                                                     \
	"l=$(LC_ALL=C sudo -n -l 2>/dev/null </dev/null) || return 1; "                         \
	"case $l in *NOPASSWD:*) ;; *) return 0;; esac; "                                       \
	"printf \"%s\\n\" \"$l\" | ( while read -r x; do case $x in *NOPASSWD:*) "              \
	"x=\"${x#*NOPASSWD:} \"; x=${x%% PASSWD:*}; "                                           \
	"case \"$x \" in *\" ALL \"*|*\" ALL,\"*|*\"/$1 \"*|*\"/$1,\"*) exit 9;; esac;; esac; " \
	"done; exit 0 ); "                                                                      \
	"[ $? = 9 ]; }; "
/* The same as sudo would say it, for the end of a script. */
#define SUDO_MAY_OR(program, code)                                                            \
	SUDO_MAY "may " program " || { echo \"sudo: a password is required\" >&2; exit " code \
		 "; }; "

struct sudo;
struct sudo_run;

struct sudo *sudo_create(struct server *);
void sudo_destroy(struct sudo *);
void sudo_forget(struct sudo *); /* wipes what is kept */

/* Runs argv (ended by NULL) as root; like link_run. A wrong password asks again, twice. When the
 * user gives up: ERR_CANCELLED; neither sudo nor doas on the server: ERR_ABSENT; not in sudoers:
 * ERR_DENIED with sudo's words. */
struct sudo_run *sudo_run(struct sudo *, const char *const *argv, size_t max, int64_t timeout_ms,
                          run_fn *, void *arg);
/* The same with bytes for the command's standard input, which are sent once the command begins.
 * Wiped afterwards. */
struct sudo_run *sudo_run_input(struct sudo *, const char *const *argv, const void *input,
                                size_t len, size_t max, int64_t timeout_ms, run_fn *, void *arg);
void sudo_run_cancel(struct sudo_run *); /* NULL is fine */

#endif
