/* desktop.c: the few calls of libnotify, by dlopen. Their types are those of libnotify's
 * notification.h and notify.h (0.7 and 0.8) and of GLib's gerror.h, glist.h, gmain.h, gsignal.h and
 * gdbusnamewatching.h. libnotify brings GLib, so one handle has the symbols of both. */
#include "backends/notify/desktop.h"
#include "backends/notify/message.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"

#define LIBRARY "libnotify.so.4"

struct glib_error {
	uint32_t domain;
	int code;
	char *message;
};
struct glib_list {
	void *data;
	struct glib_list *next, *prev;
};

#define SESSION_BUS 2 /* G_BUS_TYPE_SESSION of gioenums.h */
#define DAEMON "org.freedesktop.Notifications"

/* As NotifyActionCallback, GBusNameVanishedCallback, the handler of "closed", and GSourceFunc. */
typedef void pressed_fn(void *notification, const char *button, void *data);
typedef void vanished_fn(void *connection, const char *name, void *data);
typedef void closed_fn(void *notification, void *data);
typedef int timeout_fn(void *data);

static struct {
	int (*init)(const char *app);
	struct glib_list *(*get_server_caps)(void);
	void *(*notification_new)(const char *summary, const char *body, const char *icon);
	void (*notification_set_urgency)(void *notification, int urgency);
	int (*notification_show)(void *notification, struct glib_error **);
	void (*notification_add_action)(void *notification, const char *button, const char *label,
	                                pressed_fn *, void *data, void (*free_data)(void *));
	unsigned long (*signal_connect)(void *object, const char *signal, closed_fn *, void *data,
	                                void (*free_data)(void *), int flags);
	unsigned (*watch_name)(int bus, const char *name, int flags, void (*appeared)(void),
	                       vanished_fn *vanished, void *data, void (*free_data)(void *));
	unsigned (*timeout_add)(unsigned seconds, timeout_fn *, void *data);
	int (*iteration)(void *context, int may_block);
} lib;

static const struct {
	const char *name;
	void *slot;
	bool needed; /* without the others there are no buttons */
} symbols[] = {
	{ "notify_init", &lib.init, true },
	{ "notify_get_server_caps", &lib.get_server_caps, true },
	{ "notify_notification_new", &lib.notification_new, true },
	{ "notify_notification_set_urgency", &lib.notification_set_urgency, true },
	{ "notify_notification_show", &lib.notification_show, true },
	{ "notify_notification_add_action", &lib.notification_add_action, false },
	{ "g_signal_connect_data", &lib.signal_connect, false },
	{ "g_bus_watch_name", &lib.watch_name, false },
	{ "g_timeout_add_seconds", &lib.timeout_add, false },
	{ "g_main_context_iteration", &lib.iteration, false },
};

const char *const desktop_choices[DESKTOP_CHOICES] = {
	[DESKTOP_SHOW] = "show",
	[DESKTOP_SNOOZE] = "snooze",
};
static const char *const labels[DESKTOP_CHOICES] = {
	[DESKTOP_SHOW] = "Show",
	[DESKTOP_SNOOZE] = "Snooze 1 h",
};

static struct {
	bool cannot, has_buttons, over;
	enum desktop_choice choice;
} pressed = { .choice = DESKTOP_CHOICES };

static bool desktop_load(struct err *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(err, ERR_ABSENT,
		               "libnotify is not there (%s); `apt install libnotify4` brings it",
		               dlerror());
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *symbol = dlsym(handle, symbols[i].name);
		if (!symbol && !symbols[i].needed)
			pressed.cannot = true;
		else if (!symbol)
			return err_set(err, ERR_ABSENT, LIBRARY " has no %s", symbols[i].name);
		memcpy(symbols[i].slot, &symbol, sizeof(symbol));
	}
	return true;
}

bool desktop_has_bus(struct err *err)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	if (address && *address)
		return true;
	char *path = xasprintf("%s/bus", runtime ? runtime : "");
	bool there = runtime && *runtime && stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
	free(path);
	return there || err_set(err, ERR_ABSENT,
	                        "there is no session bus: neither DBUS_SESSION_BUS_ADDRESS nor "
	                        "$XDG_RUNTIME_DIR/bus; a desktop that you reach by SSH is told by "
	                        "type = terminal");
}

/* --- the button ---------------------------------------------------------- */

static void desktop_on_pressed(void *notification, const char *button, void *data)
{
	(void)notification;
	(void)data;
	for (int i = 0; i < DESKTOP_CHOICES && !pressed.over; i++)
		if (strcmp(button, desktop_choices[i]) == 0)
			pressed.choice = i;
	pressed.over = true;
}

static void desktop_on_closed(void *notification, void *data)
{
	(void)notification;
	(void)data;
	pressed.over = true;
}

static void desktop_on_vanished(void *connection, const char *name, void *data)
{
	(void)connection;
	(void)name;
	(void)data;
	pressed.over = true;
}

static int desktop_on_timeout(void *data)
{
	(void)data;
	pressed.over = true;
	return 0;
}

static bool desktop_offers(const char *buttons, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = buttons; *at; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (strncmp(at, name, len) == 0 && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

bool desktop_has_buttons(void)
{
	return pressed.has_buttons;
}

enum desktop_choice desktop_wait(void)
{
	lib.timeout_add(DESKTOP_WAIT_S, desktop_on_timeout, NULL);
	lib.watch_name(SESSION_BUS, DAEMON, 0, NULL, desktop_on_vanished, NULL, NULL);
	while (!pressed.over)
		lib.iteration(NULL, true);
	return pressed.choice;
}

/* --- the message --------------------------------------------------------- */

bool desktop_show(const char *title, const char *text, enum desktop_urgency urgency,
                  const char *buttons, struct err *err)
{
	struct glib_error *why = NULL;
	bool markup = false, actions = false;
	if (!desktop_has_bus(err) || !desktop_load(err))
		return false;
	if (!lib.init("mocr"))
		return err_set(err, ERR_REFUSED, "libnotify cannot be set up");
	for (const struct glib_list *l = lib.get_server_caps(); l; l = l->next) {
		markup |= strcmp(l->data, "body-markup") == 0;
		actions |= strcmp(l->data, "actions") == 0;
	}
	char *body = markup ? message_escape(text) : xstrdup(text);
	/* the notification and the library go with this process */
	void *notification = lib.notification_new(title, body, NULL);
	free(body);
	lib.notification_set_urgency(notification, urgency);
	for (int i = 0; i < DESKTOP_CHOICES && actions && !pressed.cannot; i++) {
		if (!desktop_offers(buttons, desktop_choices[i]))
			continue;
		lib.notification_add_action(notification, desktop_choices[i], labels[i],
		                            desktop_on_pressed, NULL, NULL);
		pressed.has_buttons = true;
	}
	if (pressed.has_buttons)
		lib.signal_connect(notification, "closed", desktop_on_closed, NULL, NULL, 0);
	return lib.notification_show(notification, &why) ||
	       err_set(err, ERR_REFUSED, "the desktop did not take it: %s",
	               why && why->message ? why->message : "no reason was given");
}
