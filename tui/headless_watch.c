/* headless_watch.c: `mocr watch`: the console without a screen, for a user unit of systemd. It
 * tells by [notify NAME] what needs the user, and writes what changes to its standard error.
 *
 * sd_notify(3): READY=1 once it listens, STATUS, WATCHDOG=1 from the loop itself, so that a loop
 * that hangs is restarted. SIGHUP reads the configuration again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/notify/notify.h"
#include "backends/servers/server.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "tui/headless.h"

#define CALM_MS 15000 /* after the start: memory that log-ins needed is given back */
#define WATCHDOG_SECONDS 60
#define END_MS 3000
#define END_LOOK_MS 20

struct watch {
	struct store *store;
	struct loop *loop;
	struct notify *notify;
	struct loop_timer *watchdog, *calm, *end;
	int64_t ends_ms; /* loop clock: when it ends at the latest */
	int64_t watchdog_ms;
	uint64_t said;     /* number of the last entry of the activity that was printed */
	char status[128];  /* as systemd knows it */
	bool journal;      /* standard error goes to the journal, which knows levels */
};

/* --- what it says -------------------------------------------------------- */

static void watch_print(const struct watch *w, enum health health, const char *text)
{
	static const int levels[HEALTHS] = {
		[HEALTH_UNKNOWN] = 6, [HEALTH_GOOD] = 6,      [HEALTH_IDLE] = 6,
		[HEALTH_BUSY] = 6,    [HEALTH_ATTENTION] = 4, [HEALTH_BAD] = 3,
		[HEALTH_ASKS] = 4,
	};
	if (w->journal)
		fprintf(stderr, "<%d>%s\n", levels[health], text);
	else
		fprintf(stderr, "mocr: %s\n", text);
}

static void watch_on_store(void *arg)
{
	struct watch *w = arg;
	notify_look(w->notify);
	/* Prints the entries of the activity that came since the last time, oldest first. */
	size_t n = 0;
	const struct activity_entry *e;
	while ((e = activity_get(w->store, n)) && e->number > w->said)
		n++;
	while (n-- > 0) {
		e = activity_get(w->store, n);
		char *line = xasprintf("%s%s%s", e->id, *e->id ? ": " : "", e->text);
		watch_print(w, e->health, line);
		w->said = e->number;
		free(line);
	}
	char text[sizeof(w->status)];
	size_t asks, needs = store_needs_count(w->store, &asks), up = 0, all = 0;
	for (const struct server *v = store_servers(w->store); v; v = v->next) {
		all++;
		up += v->link && v->link->state == LINK_UP;
	}
	snprintf(text, sizeof(text), "%zu of %zu servers up, %zu need you%s", up, all, needs,
	         notify_is_sending(w->notify) ? "" : "; another mocr of yours sends");
	if (strcmp(text, w->status) == 0)
		return;
	snprintf(w->status, sizeof(w->status), "%s", text);
	sd_notifyf(0, "STATUS=%s", text);
}

/* --- signals and timers -------------------------------------------------- */

static void watch_reload(struct watch *w)
{
	struct doc complaints;
	struct timespec now;
	doc_init(&complaints);
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	           (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	struct err err;
	struct settings *fresh = settings_reload(store_settings(w->store), &complaints, &err);
	if (fresh)
		notify_check_config(fresh, &complaints);
	for (size_t i = 0; i < complaints.n; i++)
		watch_print(w, HEALTH_ATTENTION, complaints.lines[i].text);
	if (fresh) {
		headless_watch_settings(fresh, store_settings(w->store));
		servers_reconfigure(w->store, fresh, true);
		notify_reload(w->notify, fresh);
		watch_print(w, HEALTH_GOOD, "the configuration was read again");
	} else {
		watch_print(w, HEALTH_BAD, err.text);
	}
	settings_destroy(fresh);
	doc_finish(&complaints);
	sd_notify(0, "READY=1");
}

/* What is on its way gets a moment: cut off, nobody would know whether it arrived. */
static void watch_on_end(struct loop_timer *timer, void *arg)
{
	struct watch *w = arg;
	if (notify_is_idle(w->notify) || loop_now(w->loop) >= w->ends_ms)
		loop_stop(w->loop, EXIT_WELL);
	else
		loop_timer_set(timer, END_LOOK_MS);
}

static void watch_on_signal(int signo, void *arg)
{
	struct watch *w = arg;
	if (signo == SIGHUP) {
		watch_reload(w);
	} else if (!w->end) {
		w->ends_ms = loop_now(w->loop) + END_MS;
		w->end = loop_timer_add(w->loop, 0, watch_on_end, w);
	}
}

static void watch_on_watchdog(struct loop_timer *timer, void *arg)
{
	struct watch *w = arg;
	sd_notify(0, "WATCHDOG=1");
	loop_timer_set(timer, w->watchdog_ms);
}

static void watch_on_calm(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	mem_give_back();
}

/* --- life ---------------------------------------------------------------- */

void headless_watch_settings(struct settings *fresh, const struct settings *before)
{
	fresh->started.batch = true; /* nobody is there to answer */
	fresh->started.once = false;
	fresh->read_only = true;
	if (fresh->vitals_interval < WATCH_VITALS_S)
		fresh->vitals_interval = WATCH_VITALS_S;
	if (before && !fresh->ssh_config)
		fresh->ssh_config = xstrdup(before->ssh_config);
}

int headless_watch(struct store *s)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT };
	struct loop_signal *heard[ARRAY_LEN(signals)];
	struct watch w = { .store = s, .loop = store_loop(s) };
	bool has_channels = false;
	for (const struct notify_config *c = store_settings(s)->notifys; c; c = c->next)
		has_channels |= c->type && strcmp(c->type, "terminal") != 0;
	if (!has_channels) {
		fputs("mocr: there is no way to tell you: the configuration has no [notify NAME] "
		      "but for terminals, and mocr watch has none; mocr-config(5)\n",
		      stderr);
		return EXIT_WRONG_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		heard[i] = loop_signal_add(w.loop, signals[i], watch_on_signal, &w);
	uint64_t usec = 0;
	if (sd_watchdog_enabled(0, &usec) > 0) {
		w.watchdog_ms = (int64_t)(usec / 2000);
		w.watchdog = loop_timer_add(w.loop, w.watchdog_ms, watch_on_watchdog, &w);
	}
	w.calm = loop_timer_add(w.loop, CALM_MS, watch_on_calm, &w);
	w.journal = getenv("JOURNAL_STREAM") != NULL;
	const struct activity_entry *last = activity_get(w.store, 0);
	w.said = last ? last->number : 0; /* of earlier runs */
	w.notify = notify_start(w.store, &(struct notify_hooks){ 0 });
	if (!notify_is_sending(w.notify))
		watch_print(&w, HEALTH_ATTENTION,
		            "another mocr of yours sends; this one begins when that one ends");
	store_set_hooks(w.store, &(struct store_hooks){ .changed = watch_on_store, .arg = &w });
	sd_notify(0, "READY=1");
	watch_on_store(&w);
	int code = loop_run(w.loop);
	sd_notify(0, "STOPPING=1");
	store_set_hooks(s, &(struct store_hooks){ 0 });
	notify_stop(w.notify);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		loop_signal_remove(heard[i]);
	loop_timer_remove(w.watchdog);
	loop_timer_remove(w.calm);
	loop_timer_remove(w.end);
	return code;
}

/* --- the unit ------------------------------------------------------------ */

/* systemd.unit(5): a "%" begins a specifier, and in a command a "$" a variable; words are quoted as
 * in C. */
static void watch_print_word(const char *word)
{
	putchar('"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			putchar('\\');
		if (*word == '%' || *word == '$')
			putchar(*word);
		putchar(*word);
	}
	putchar('"');
}

int headless_watch_unit(const char *config, char **servers, int n)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	char *whole = config ? realpath(config, NULL) : NULL;
	if (config && !whole) {
		fprintf(stderr, "mocr: --config %s: %s\n", config, strerror(errno));
		return EXIT_WRONG_USAGE;
	}
	puts("# mocr watch --print-unit >~/.config/systemd/user/mocr-watch.service\n"
	     "# systemctl --user daemon-reload; systemctl --user enable --now mocr-watch\n"
	     "# loginctl enable-linger      (it runs while you are not logged in)\n"
	     "# A key with a passphrase needs an agent: Environment=SSH_AUTH_SOCK=%t/...\n"
	     "[Unit]\n"
	     "Description=mocr: tells what needs you\n"
	     "Documentation=man:mocr(1)\n"
	     "\n"
	     "[Service]\n"
	     "Type=notify");
	fputs("ExecStart=", stdout);
	watch_print_word(*self ? self : "mocr");
	if (whole) {
		fputs(" --config ", stdout);
		watch_print_word(whole);
	}
	fputs(" watch", stdout);
	for (int i = 0; i < n; i++) {
		putchar(' ');
		watch_print_word(servers[i]);
	}
	printf("\nExecReload=/bin/kill -HUP $MAINPID\n"
	       "WatchdogSec=%d\n"
	       "Restart=on-failure\n"
	       "RestartSec=5\n"
	       "RestartPreventExitStatus=%d\n"
	       "\n"
	       "[Install]\n"
	       "WantedBy=default.target\n",
	       WATCHDOG_SECONDS, EXIT_WRONG_USAGE);
	free(whole);
	return EXIT_WELL;
}
