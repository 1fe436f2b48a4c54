/* notify.h: tells the user what needs him, also when nobody looks at the screen.
 *
 * Every [notify NAME] is a channel: a teller (teller.h) that decides what is said when, a queue of
 * messages, and a sender for its type (senders.h). The state file $XDG_STATE_HOME/mocr/notify.json
 * holds what was told and what is not sent yet. A message is on the disk before it leaves. So a
 * program that is killed loses none, and one that starts again tells nothing twice.
 *
 * Of all mocr programs of a user on this machine one sends: the one that has the lock in the
 * runtime folder. Only the terminal is told by each console itself. */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

struct notify;
struct settings;
struct doc;

struct notify_hooks {
	/* Writes bytes to the terminal of this program. False: it is lent to another program now.
	 * len 0 only asks. NULL: there is no terminal. */
	bool (*terminal)(const char *bytes, size_t len, void *arg);
	/* The user pressed "Show" on a message about these rows: moves the cursor there. n is 1 or
	 * more. NULL: there is no screen, and the button is not offered. */
	void (*show)(char *const *ids, size_t n, void *arg);
	void *arg;
};

/* Starts telling, by the settings of the store. notify_look must follow each change of the store.
 * In a replay nothing is told. Never NULL. */
struct notify *notify_start(struct store *, const struct notify_hooks *);
/* Same for tests of the channels only: nothing is told of the store, the state file is not used. */
struct notify *notify_start_tests(struct store *, const struct notify_hooks *);
void notify_look(struct notify *);
void notify_reload(struct notify *, const struct settings *); /* the settings changed */
void notify_stop(struct notify *); /* before the store ends; NULL is fine */
/* Whether the title of the terminal shows the count: there is a channel of type terminal. */
bool notify_wants_title(const struct notify *);
/* This program sends; false: another one of the user does. */
bool notify_is_sending(const struct notify *);
/* No message is on its way and all is saved: a good moment to end. */
bool notify_is_idle(const struct notify *);

/* Sends a test message by one channel, also in quiet hours. done is called once. False and err: no
 * such channel. */
typedef void notify_test_fn(const struct err *, void *arg);
bool notify_test(struct notify *, const char *name, notify_test_fn *done, void *arg, struct err *);

/* Whether the user acknowledged or snoozed the row: nothing is told of it meanwhile. */
bool notify_need_is_quiet(const struct row *);

/* Complains about values of [notify NAME] that the table of keys cannot check. */
void notify_check_config(const struct settings *, struct doc *complaints);

/* The row of a channel that fails: "pi/notify/phone". */
extern const struct kind kind_notify;

#endif
