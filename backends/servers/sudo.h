/* sudo.h: run commands as root on a server if the login is not root.
 *
 * First `sudo -n` is tried. If sudo wants a password, the user is asked (ask.h). `sudo -S -p ''`
 * then gets the password on standard input of its channel, never in argv. A server without sudo may
 * have doas. doas runs on a terminal, because it reads passwords nowhere else.
 *
 * A password is kept only if the user agreed and the password was right. It stays in locked memory
 * for at most 5 minutes. */
#ifndef SERVERS_SUDO_H
#define SERVERS_SUDO_H

#include "backends/link/link.h"

struct server;
/* Shell function `may PROGRAM`: false if `sudo -n PROGRAM` would need a password. A sudo -n that
 * needs one causes an alert in the auth log, and on Debian a mail to root (mail_badpass).
 *
 * Listing the rules of a login leaves no trace if the login has rules. Members of the groups sudo,
 * wheel and admin have some (seen on sudo 1.9.13 to 1.9.17). Other logins pass without a check: for
 * a login without any rule, sudo -n leaves no trace but listing does.
 *
 * The text must not contain a single quote, an exclamation mark or a double backslash. */
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
/* For the end of a script: if a password is needed, prints sudo's own message and exits with
 * code. */
#define SUDO_MAY_OR(program, code)                                                            \
	SUDO_MAY "may " program " || { echo \"sudo: a password is required\" >&2; exit " code \
		 "; }; "

struct sudo;
struct sudo_run;

struct sudo *sudo_create(struct server *);
void sudo_destroy(struct sudo *);
void sudo_forget(struct sudo *); /* wipes the password */

/* Runs argv (ended by NULL) as root, like link_run. A wrong password asks again, at most twice.
 * Errors: ERR_CANCELLED if the user gives up, ERR_ABSENT if the server has neither sudo nor doas.
 * ERR_DENIED with sudo's text if the login is not in sudoers, or if all passwords were wrong. */
struct sudo_run *sudo_run(struct sudo *, const char *const *argv, size_t max, int64_t timeout_ms,
                          run_fn *, void *arg);
/* Same with bytes for the command's standard input. They are sent once the command begins, and
 * wiped afterwards. */
struct sudo_run *sudo_run_input(struct sudo *, const char *const *argv, const void *input,
                                size_t len, size_t max, int64_t timeout_ms, run_fn *, void *arg);
void sudo_run_cancel(struct sudo_run *); /* NULL is fine */

#endif
