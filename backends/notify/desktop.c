/* desktop.c: the few calls of libnotify, by dlopen. Their types are those of libnotify's
 * notification.h and notify.h (0.7 and 0.8) and of GLib's gerror.h and glist.h. */
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

static struct {
	int (*init)(const char *app);
	struct glib_list *(*get_server_caps)(void);
	void *(*notification_new)(const char *summary, const char *body, const char *icon);
	void (*notification_set_urgency)(void *notification, int urgency);
	int (*notification_show)(void *notification, struct glib_error **);
} lib;

static const struct {
	const char *name;
	void *slot;
} symbols[] = {
	{ "notify_init", &lib.init },
	{ "notify_get_server_caps", &lib.get_server_caps },
	{ "notify_notification_new", &lib.notification_new },
	{ "notify_notification_set_urgency", &lib.notification_set_urgency },
	{ "notify_notification_show", &lib.notification_show },
};

static bool desktop_load(struct err *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(err, ERR_ABSENT,
		               "libnotify is not there (%s); `apt install libnotify4` brings it",
		               dlerror());
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *symbol = dlsym(handle, symbols[i].name);
		if (!symbol)
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

static bool desktop_reads_markup(void)
{
	for (const struct glib_list *l = lib.get_server_caps(); l; l = l->next)
		if (strcmp(l->data, "body-markup") == 0)
			return true;
	return false;
}

bool desktop_show(const char *title, const char *text, enum desktop_urgency urgency,
                  struct err *err)
{
	struct glib_error *why = NULL;
	if (!desktop_has_bus(err) || !desktop_load(err))
		return false;
	if (!lib.init("mocr"))
		return err_set(err, ERR_REFUSED, "libnotify cannot be set up");
	char *body = desktop_reads_markup() ? message_escape(text) : xstrdup(text);
	void *notification = lib.notification_new(title, body, NULL);
	free(body);
	lib.notification_set_urgency(notification, urgency);
	/* the notification and the library go with this process */
	return lib.notification_show(notification, &why) ||
	       err_set(err, ERR_REFUSED, "the desktop did not take it: %s",
	               why && why->message ? why->message : "no reason was given");
}
