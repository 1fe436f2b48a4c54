/* notifier.c: a program that shows messages (org.freedesktop.Notifications) and misbehaves. It only
 * writes what it was asked for.
 *
 * notifier HOW LOG: HOW says what it does about every message.
 *     plain    shows no buttons: it has no capability "actions"
 *     unknown  presses a button that nobody offered
 *     other    presses a button of another message, and closes that one
 *     close    closes the message before it has answered
 *     late     presses "snooze" before it has answered
 *     twice    presses "snooze" and "show" in one go
 *     silent   never answers
 *     die      ends when it has answered
 *     hold     does nothing more */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-bus.h>

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

static const char *how;
static FILE *log_file;
static uint32_t last;
static int over;

static int is(const char *word)
{
	return strcmp(how, word) == 0;
}

static int caps(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	sd_bus_message *reply = NULL;
	(void)arg;
	(void)e;
	sd_bus_message_new_method_return(m, &reply);
	sd_bus_message_append(reply, "as", is("plain") ? 1 : 2, "body", "actions");
	sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return 1;
}

static int server(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	(void)arg;
	(void)e;
	return sd_bus_reply_method_return(m, "ssss", "notifier", "mocr", "1", "1.2");
}

static int close_it(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	(void)arg;
	(void)e;
	return sd_bus_reply_method_return(m, "");
}

static void press(sd_bus *bus, uint32_t id, const char *button)
{
	sd_bus_emit_signal(bus, PATH, NAME, "ActionInvoked", "us", id, button);
}

static int notify(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	sd_bus *bus = sd_bus_message_get_bus(m);
	const char *app, *icon, *title, *text, *button;
	uint32_t replaces;
	(void)arg;
	(void)e;
	if (sd_bus_message_read(m, "susss", &app, &replaces, &icon, &title, &text) < 0)
		return -1;
	fprintf(log_file, "%s:", title);
	sd_bus_message_enter_container(m, 'a', "s");
	while (sd_bus_message_read(m, "s", &button) > 0)
		fprintf(log_file, " [%s]", button);
	fprintf(log_file, "\n");
	fflush(log_file);
	uint32_t id = ++last;
	if (is("silent"))
		return 1;
	if (is("close"))
		sd_bus_emit_signal(bus, PATH, NAME, "NotificationClosed", "uu", id, 2);
	if (is("late"))
		press(bus, id, "snooze");
	sd_bus_reply_method_return(m, "u", id);
	if (is("unknown"))
		press(bus, id, "reboot");
	if (is("other")) {
		press(bus, id + 7, "snooze");
		sd_bus_emit_signal(bus, PATH, NAME, "NotificationClosed", "uu", id + 7, 2);
	}
	if (is("twice")) {
		press(bus, id, "snooze");
		press(bus, id, "show");
	}
	over = is("die");
	return 1;
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetCapabilities", "", "as", caps, 0),
	SD_BUS_METHOD("GetServerInformation", "", "ssss", server, 0),
	SD_BUS_METHOD("CloseNotification", "u", "", close_it, 0),
	SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", notify, 0),
	SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	if (argc != 3 || !(log_file = fopen(argv[2], "we")))
		return 1;
	how = argv[1];
	if (sd_bus_open_user(&bus) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, PATH, NAME, methods, NULL) < 0 ||
	    sd_bus_request_name(bus, NAME, 0) < 0)
		return 1;
	while (!over)
		if (sd_bus_process(bus, NULL) == 0)
			sd_bus_wait(bus, UINT64_MAX);
	sd_bus_flush_close_unref(bus);
	return 0;
}
