/* desktop.h: a message on the desktop, by libnotify.
 *
 * libnotify is loaded when it is there and a session bus is; nothing links it. It may wait for the
 * bus, so a child of ours calls this (send_desktop.c), with a time limit. */
#ifndef NOTIFY_DESKTOP_H
#define NOTIFY_DESKTOP_H

#include <stdbool.h>

#include "backends/base/err.h"

/* As in the Desktop Notifications Specification: 0 low, 1 normal, 2 critical. */
enum desktop_urgency { DESKTOP_LOW, DESKTOP_NORMAL, DESKTOP_CRITICAL };

/* Whether this login has a session bus, by its environment; without one err says so. */
bool desktop_has_bus(struct err *);
/* Shows the message and waits until the desktop took it. False and err: why not. */
bool desktop_show(const char *title, const char *text, enum desktop_urgency, struct err *);

#endif
