/* headless_notify.c: `mocr notify --test NAME`, and the child that tells the desktop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/link/loop.h"
#include "backends/notify/desktop.h"
#include "backends/notify/notify.h"
#include "tui/headless.h"

#define TURN_MS 50

struct notify_trial {
	bool over;
	struct err err;
};

static bool headless_notify_write(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	return write(STDOUT_FILENO, bytes, len) == (ssize_t)len;
}

static void headless_notify_tested(const struct err *err, void *arg)
{
	struct notify_trial *t = arg;
	t->over = true;
	t->err = *err;
}

int headless_notify_test(struct store *s, const char *name, int wait_ms)
{
	struct notify_trial trial = { 0 };
	int64_t end = now_mono_ms() + wait_ms;
	struct notify_hooks hooks = { .terminal = headless_notify_write };
	struct notify *n = notify_start_tests(s, &hooks);
	if (!notify_test(n, name, headless_notify_tested, &trial, &trial.err))
		trial.over = true;
	while (!trial.over && now_mono_ms() < end)
		loop_turn(store_loop(s), TURN_MS);
	if (!trial.over)
		err_set(&trial.err, ERR_TIMEOUT, "it was not sent within %d s (--wait)",
		        wait_ms / 1000);
	struct err err = trial.err;
	notify_stop(n);
	if (err.code) {
		fprintf(stderr, "mocr: notify %s: %s\n", name, err.text);
		return err.code == ERR_USAGE ? EXIT_WRONG_USAGE : EXIT_ATTENTION;
	}
	printf("notify %s: the test message was sent\n", name);
	return EXIT_WELL;
}

static const char *headless_notify_word(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

static enum desktop_urgency headless_notify_urgency(void)
{
	const char *what = headless_notify_word("MOCR_WHAT");
	const char *health = headless_notify_word("MOCR_HEALTH");
	if (strcmp(what, "resolved") == 0)
		return DESKTOP_LOW;
	if (strcmp(health, "bad") == 0 || strcmp(health, "asks") == 0)
		return DESKTOP_CRITICAL;
	return DESKTOP_NORMAL;
}

/* GLib and the bus print words of their own. Standard output and error have ours only. */
int headless_show_on_desktop(void)
{
	struct err err;
	int own = dup(STDERR_FILENO), said = dup(STDOUT_FILENO);
	if (own < 0 || said < 0 || !freopen("/dev/null", "w", stderr) ||
	    !freopen("/dev/null", "w", stdout))
		return EXIT_ATTENTION;
	bool shown = desktop_show(headless_notify_word("MOCR_TITLE"),
	                          headless_notify_word("MOCR_TEXT"), headless_notify_urgency(),
	                          headless_notify_word("MOCR_BUTTONS"), &err);
	if (!shown)
		dprintf(own, "%s\n", err.text);
	if (!shown || !desktop_has_buttons())
		return shown ? EXIT_WELL : EXIT_ATTENTION;
	dprintf(said, "%s\n", DESKTOP_WAITS);
	enum desktop_choice choice = desktop_wait();
	if (choice != DESKTOP_CHOICES)
		dprintf(said, "%s\n", desktop_choices[choice]);
	return EXIT_WELL;
}
