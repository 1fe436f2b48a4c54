/* headless.c: waiting for answers, then printing. */
#include "tui/headless.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/containers.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/services/unit.h"
#include "backends/store/action.h"
#include "backends/store/need.h"
#include "backends/store/record.h"
#include "backends/store/report.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "backends/vitals/vitals.h"
#include "tui/attach.h"
#include "tui/keymap.h"
#include "tui/near.h"
#include "tui/panel.h"

#define TURN_MS 50
#define NAMES_MAX 4096

/* --- waiting ------------------------------------------------------------- */

static bool headless_do_settled(const struct server *v)
{
	const struct link *l = v->link;
	if (l->state == LINK_DOWN || l->state == LINK_LOST)
		return true;
	if (l->state != LINK_UP)
		return false;
	for (const struct source *s = v->sources; s; s = s->next)
		if (!source_settled(s))
			return false;
	return true;
}

bool headless_settled(const struct store *s)
{
	if (replay_is_on(s))
		return true; /* it has been played: no more will come */
	for (struct server *v = store_servers(s); v; v = v->next)
		if (!headless_do_settled(v))
			return false;
	return true;
}

void headless_wait_for(struct store *s, bool (*ready)(const struct store *), int wait_ms)
{
	int64_t end = now_mono_ms() + wait_ms;
	while (!ready(s) && now_mono_ms() < end) {
		loop_turn(store_loop(s), TURN_MS);
		headless_answer(s);
	}
}

void headless_wait(struct store *s, int wait_ms)
{
	headless_wait_for(s, headless_settled, wait_ms);
	loop_turn(store_loop(s), 0); /* counts what came in the last turn */
}

/* --- questions, on the terminal ------------------------------------------ */

static struct secret *headless_read_answer(const struct ask *ask)
{
	FILE *tty = fopen("/dev/tty", "r+e");
	if (!tty)
		return NULL;
	char line[512];
	struct termios old, quiet;
	bool is_tty = tcgetattr(fileno(tty), &old) == 0;
	fprintf(tty, "%s\n%s\n%s ", ask->title, ask->text, ask->prompt);
	fflush(tty);
	if (is_tty && !ask->echo) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
	}
	setvbuf(tty, NULL, _IONBF, 0);
	char *got = fgets(line, sizeof(line), tty);
	if (is_tty && !ask->echo) {
		tcsetattr(fileno(tty), TCSAFLUSH, &old);
		fputc('\n', tty);
	}
	fclose(tty);
	size_t n = got ? strcspn(line, "\n") : 0;
	struct secret *answer = got ? secret_create(line, n) : NULL;
	wipe(line, sizeof(line));
	return answer;
}

void headless_answer(struct store *s)
{
	if (store_settings(s)->started.batch)
		return;
	for (struct server *v = store_servers(s); v; v = v->next)
		if (v->asks) {
			ask_answer(v->asks, headless_read_answer(v->asks), false);
			return; /* the list of servers may have changed under us */
		}
}

/* --- status -------------------------------------------------------------- */

static void headless_print_server(const struct server *v, int wait_ms)
{
	const struct vitals *t = v->vitals;
	char age[HUMAN_SIZE];
	char aside[120] = "";
	bool quiet = need_says(&v->row, aside, sizeof(aside));
	printf("%-16s %-10s", v->name, link_state_name(v->link->state));
	const char *why = v->row.why ? v->row.why : "";
	const char *colon = quiet ? ": " : "";
	if (v->link->state != LINK_UP) {
		printf(" %s%s%s\n", aside, colon, why);
		return;
	}
	const struct source *systemd = server_source(v, "systemd");
	if (t && t->mem_total && t->load1 >= 0)
		printf(" load %.2f  mem %d%%  up %s", t->load1,
		       (int)(100.0 * (double)t->mem_used / (double)t->mem_total),
		       human_age(age, t->uptime_s * 1000));
	struct container_counts n = containers_count(v);
	if (n.all)
		printf("  containers %d/%d", n.up, n.all);
	if (systemd && systemd->fresh_ms && systemd->state != SOURCE_ABSENT)
		printf("  failed units %d", units_failed(v));
	printf("%s%s%s%s\n", v->row.why ? "  " : "", aside, colon, why);
	for (const struct source *s = v->sources; s; s = s->next)
		if (!source_settled(s))
			printf("  %-10s has not answered %s within %d s (--wait)\n",
			       s->backend->name, s->state == SOURCE_LIVE ? "in full" : "at all",
			       wait_ms / 1000);
		else if (s->state == SOURCE_WAITING)
			printf("  %-10s was not asked: it needs to know the login, which vitals "
			       "did not tell\n",
			       s->backend->name);
		else if (s->state != SOURCE_LIVE && s->state != SOURCE_ABSENT && !source_needs(s))
			printf("  %-10s %s\n", s->backend->name,
			       s->err.text[0] ? s->err.text : source_state_name(s->state));
}

static void headless_print_row(const struct row *r)
{
	char age[HUMAN_SIZE] = "", aside[120] = "";
	const char *colon = need_says(r, aside, sizeof(aside)) ? ": " : "";
	if (r->health_ms > 0)
		human_age(age, now_wall_ms() - r->health_ms);
	printf("  %-10s %-10s %-36s %4s  %s%s%s\n", health_name(r->health), r->kind->name,
	       r->name, age, aside, colon, r->why ? r->why : "");
}

/* What did not answer in time hides what is behind it: nobody knows that all is well. */
static bool headless_is_late(const struct server *v)
{
	for (const struct source *src = v->sources; src; src = src->next)
		if (!source_settled(src))
			return true;
	return false;
}

/* What is known to be wrong counts more than what is not known. What the user set aside does not
 * count. */
static int headless_verdict(const struct store *s)
{
	int code = EXIT_WELL;
	for (struct server *v = store_servers(s); v; v = v->next) {
		bool up = v->link->state == LINK_UP;
		/* what it folds under is down, too */
		if (!up && v->row.need != NEED_QUIET && v->row.need != NEED_FOLDED)
			return EXIT_UNREACHABLE;
		if (v->problems)
			code = EXIT_ATTENTION;
		else if (code == EXIT_WELL && up && !replay_is_on(s) && headless_is_late(v))
			code = EXIT_LATE;
	}
	return code;
}

int headless_status(struct store *s, enum status_form form, bool all, int wait_ms)
{
	headless_wait(s, wait_ms);
	loop_turn(store_loop(s), 0); /* counts what came in the last turn */
	int code = headless_verdict(s);
	if (form == STATUS_JSON) {
		char *text = report_json(s);
		puts(text);
		free(text);
	} else if (form == STATUS_TMUX) {
		headless_print_tmux(s, code);
	} else if (form == STATUS_PROMETHEUS) {
		headless_print_prometheus(s, code);
	} else {
		for (struct server *v = store_servers(s); v; v = v->next) {
			headless_print_server(v, wait_ms);
			for (const struct kind *const *k = kinds; *k; k++) {
				size_t n;
				struct row **rows = report_rows(s, *k, v, REPORT_BY_NEED, &n);
				for (size_t i = 0; i < n; i++)
					if (all || rows[i]->health >= HEALTH_ATTENTION)
						headless_print_row(rows[i]);
				free(rows);
			}
		}
	}
	return code;
}

/* --- one row ------------------------------------------------------------- */

bool headless_open(struct store *s, const char *id)
{
	struct err err = { 0 };
	char *name = xstrndup(id, strcspn(id, "/"));
	bool ok = server_open(s, name, &err) != NULL;
	free(name);
	if (!ok)
		fprintf(stderr, "mocr: %s\n", err.text);
	return ok;
}

/* "sese" alone means the server's own row; the kind may be said in the plural, as in what is
 * followed. */
static struct row *headless_find(const struct store *s, const char *id)
{
	struct server *v = strchr(id, '/') ? NULL : store_servers(s);
	struct row *found = v ? &v->row : store_find_written(s, id);
	for (const struct kind *const *k = kinds; *k && !found; k++) {
		const char *slash = strchr(id, '/');
		size_t n = strlen((*k)->plural);
		if (strncmp(slash + 1, (*k)->plural, n) != 0 || slash[1 + n] != '/')
			continue;
		char *one = xasprintf("%.*s/%s%s", (int)(slash - id), id, (*k)->name,
		                      slash + 1 + n);
		found = store_find_written(s, one);
		free(one);
	}
	return found;
}

/* What was not answered may know the row: its sources come after the sentence. */
static void headless_say_missing(const struct store *s, const char *id)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (struct row *row = store_first(s, NULL, NULL); row && n < NAMES_MAX;
	     row = store_next(row, NULL, NULL))
		names[n++] = row->id;
	char near[NEAR_SIZE];
	near_name(id, names, n, "", "", near);
	if (headless_settled(s))
		fprintf(stderr, "mocr: there is no %s%s\n", id, near);
	else
		fprintf(stderr, "mocr: %s was not found in time%s\n", id, near);
	for (const struct source *source = store_servers(s)->sources; source;
	     source = source->next) {
		char why[300];
		if (!source_settled(source))
			fprintf(stderr, "mocr: %s on %s has not answered yet\n",
			        source->backend->name, source->server->name);
		else if (source->state != SOURCE_STALE && source_sentence(source, why, sizeof(why)))
			fprintf(stderr, "mocr: %s\n", why);
	}
}

/* Is the row there, and has its source said all it has to say at first? What a row asks comes after
 * its name. */
static bool headless_known(const struct store *s, const char *id)
{
	const struct row *r = headless_find(s, id);
	if (!r || (r->kind->by_others && r->kind->by_others(r)))
		return r && headless_settled(s);
	return !r->source || r->source->state != SOURCE_WAITING;
}

/* The row called id, once its server has answered. NULL after saying why, and *code says what to
 * exit with. */
static struct row *headless_wait_row(struct store *s, const char *id, int wait_ms, int *code)
{
	struct server *v = store_servers(s);
	int64_t end = now_mono_ms() + wait_ms;
	while (!(v->link->state == LINK_UP && headless_known(s, id)) && !headless_settled(s) &&
	       now_mono_ms() < end) {
		loop_turn(store_loop(s), TURN_MS);
		headless_answer(s);
	}
	if (v->link->state != LINK_UP) {
		fprintf(stderr, "mocr: %s: %s\n", v->name,
		        v->row.why ? v->row.why : link_state_name(v->link->state));
		*code = EXIT_UNREACHABLE;
		return NULL;
	}
	struct row *row = headless_find(s, id);
	if (!row) {
		headless_say_missing(s, id);
		*code = EXIT_ATTENTION;
	}
	return row;
}

static const struct action *headless_find_action(const struct row *row, const char *word)
{
	const struct action *a = row->kind->actions ? action_find(row->kind, word) : NULL;
	if (a && a->run)
		return a;
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (a = row->kind->actions; a && a->name && n < NAMES_MAX; a++)
		if (a->run)
			names[n++] = a->verb;
	char near[NEAR_SIZE];
	fprintf(stderr, "mocr: a %s has no action \"%s\"%s It has:", row->kind->name, word,
	        near_name(word, names, n, "", ".", near));
	for (a = row->kind->actions; a && a->name; a++)
		if (a->run)
			fprintf(stderr, " %s", a->verb);
	fputc('\n', stderr);
	return NULL;
}

static bool headless_confirmed(const struct row *row, const struct action *a, bool yes)
{
	char command[512] = "", line[256];
	if (yes || !(a->flags & (ACTION_CONFIRM | ACTION_DANGER)))
		return true;
	action_command(a, row, command, sizeof(command));
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "mocr: %s %s asks first; without a terminal say --yes\n", a->verb,
		        row->id);
		return false;
	}
	bool typed = row->server->protect;
	fprintf(stderr, "%s %s on %s?\n  %s\n%s ", a->verb, row->name, row->server->name, command,
	        typed ? "It is protected. Type the server's name:" : "[y/N]");
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return typed ? strcmp(line, row->server->name) == 0
	             : strcmp(line, "y") == 0 || strcmp(line, "Y") == 0;
}

static void headless_ended(struct order *order, void *arg)
{
	int *code = arg;
	*code = order->state == ORDER_DONE ? EXIT_WELL : EXIT_ATTENTION;
	if (order->state == ORDER_DONE)
		printf("%s: done%s%s\n", order->command, *order->output ? ": " : "", order->output);
	else
		fprintf(stderr, "mocr: %s: %s\n", order->command, order->err.text);
}

/* On stdout alone, for whoever started it. */
static void headless_shows(struct order *order, const char *what, const char *text, void *arg)
{
	(void)order;
	(void)arg;
	fprintf(stderr, "%s:\n", what);
	printf("%s\n", text);
	fflush(stdout);
}

static void headless_tells_step(struct order *order, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", order->progress);
}

int headless_do(struct store *s, const char *word, const char *id, const char *argument, bool yes,
                int wait_ms)
{
	int code = EXIT_WRONG_USAGE;
	struct row *row = headless_wait_row(s, id, wait_ms, &code);
	const struct action *a = row ? headless_find_action(row, word) : NULL;
	if (!a)
		return row ? EXIT_WRONG_USAGE : code;
	if (row->server->protect && yes && (a->flags & ACTION_CHANGES) && !isatty(STDIN_FILENO)) {
		fprintf(stderr, "mocr: %s is protected: its name must be typed at a terminal\n",
		        row->server->name);
		return EXIT_WRONG_USAGE;
	}
	if (!headless_confirmed(row, a, yes && !row->server->protect))
		return EXIT_WRONG_USAGE;
	if (a->flags & ACTION_RUNS)
		return headless_deploy_row(s, a, row, argument);
	struct err err = { 0 };
	struct order *order = order_start(row, a, argument, &err);
	if (!order) {
		fprintf(stderr, "mocr: %s\n", err.text);
		return EXIT_ATTENTION;
	}
	if (order->state != ORDER_RUNNING) {
		headless_ended(order, &code);
		return code;
	}
	int result = -1;
	order->done = headless_ended;
	order->show = headless_shows;
	order->done_arg = &result;
	order->at = headless_tells_step;
	if (*order->progress)
		headless_tells_step(order, &result);
	while (result < 0) {
		loop_turn(store_loop(s), TURN_MS);
		headless_answer(s);
	}
	return result;
}

/* --- a shell ------------------------------------------------------------- */

static void headless_shell_over(struct attach *attach, enum attach_how how, void *arg)
{
	struct store *s = arg;
	const struct stream_end *end = attach_end(attach);
	if (how == ATTACH_LEFT)
		loop_stop(store_loop(s), EXIT_WELL);
	else if (end && end->err.code != ERR_NONE)
		fprintf(stderr, "mocr: %s\n", end->err.text);
	if (how == ATTACH_ENDED)
		loop_stop(store_loop(s), end && end->exit_code > 0 ? end->exit_code : EXIT_WELL);
}

static void headless_resized(int signo, void *arg)
{
	(void)signo;
	attach_resized(arg);
}

int headless_shell(struct store *s, const char *id, int wait_ms, bool says_end)
{
	int code = EXIT_UNREACHABLE;
	char last[160] = "";
	if (store_settings(s)->read_only) {
		fprintf(stderr,
		        "mocr: %s: not opened, mocr was started read-only, and what is typed into "
		        "a shell may change anything\n",
		        id);
		return EXIT_ATTENTION;
	}
	struct row *row = headless_wait_row(s, id, wait_ms, &code);
	if (!row)
		return code;
	if (!row->kind->shell) {
		fprintf(stderr, "mocr: a %s has no shell\n", row->kind->name);
		return EXIT_WRONG_USAGE;
	}
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct err err = { 0 };
	char *title = xasprintf("%s: shell", row->id);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	keymap_load(store_settings(s)); /* the key that leaves may be the user's */
	struct attach *attach = attach_create(store_loop(s), NULL, title, headless_shell_over, s);
	free(title);
	struct stream *stream = row->kind->shell(row, attach_term(), size.ws_col, size.ws_row,
	                                         &attach_events, attach, &err);
	if (!stream) {
		fprintf(stderr, "mocr: %s\n", err.text);
		attach_destroy(attach);
		return EXIT_ATTENTION;
	}
	attach_set_stream(attach, stream);
	struct loop_signal *winch = loop_signal_add(store_loop(s), SIGWINCH, headless_resized,
	                                            attach);
	attach_enter(attach);
	code = loop_run(store_loop(s));
	loop_signal_remove(winch);
	/* The last words of a program that could not start are scrolled away by now. */
	const struct stream_end *end = attach_end(attach);
	attach_last_line(attach, last, sizeof(last));
	if (says_end && end && !end->err.code && end->exit_code > 0)
		fprintf(stderr, "mocr: %s: ended with code %d%s%s\n", id, end->exit_code,
		        last[0] ? ": " : "", last);
	attach_destroy(attach);
	keymap_load(NULL);
	return code;
}
