/* desktop.h: a message on the desktop, by libnotify, and the button that the user presses on it.
 *
 * libnotify is loaded when it is there and a session bus is; nothing links it. It may wait for the
 * bus, so a child of ours calls this (send_run.c), with a time limit. A child whose message has
 * buttons stays until the message is closed. */
#ifndef NOTIFY_DESKTOP_H
#define NOTIFY_DESKTOP_H

#include <stdbool.h>

#include "backends/base/err.h"

/* As in the Desktop Notifications Specification: 0 low, 1 normal, 2 critical. */
enum desktop_urgency { DESKTOP_LOW, DESKTOP_NORMAL, DESKTOP_CRITICAL };

/* Whether this login has a session bus, by its environment; without one err says so. */
bool desktop_has_bus(struct err *);

/* Buttons of a message, and the lines by which the child tells its parent about them. */
enum desktop_choice { DESKTOP_SHOW, DESKTOP_SNOOZE, DESKTOP_CHOICES };
extern const char *const desktop_choices[DESKTOP_CHOICES]; /* "show", "snooze" */
#define DESKTOP_WAITS "waits" /* the message is shown, and the child waits for a button */
#define DESKTOP_WAIT_S 3600   /* so long at most */

/* Shows the message and waits until the desktop took it. False and err: why not. buttons: the names
 * of those that are offered, separated by blanks. */
bool desktop_show(const char *title, const char *text, enum desktop_urgency, const char *buttons,
                  struct err *);
/* After desktop_show: whether the desktop shows buttons. */
bool desktop_has_buttons(void);
/* Waits for a button: until the message is closed, the desktop's program ends, or DESKTOP_WAIT_S
 * are over. DESKTOP_CHOICES: none was pressed. */
enum desktop_choice desktop_wait(void);

#endif
