/* mocr doctor: what works between this machine and its servers, a line each, and the command that
 * repairs what does not. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/spawn.h"
#include "backends/servers/server.h"
#include "backends/servers/sudo.h"
#include "backends/store/settings.h"
#include "backends/vitals/vitals.h"
#include "tui/headless.h"

#define DOCTOR_TURN_MS 50
#define DOCTOR_RUN_MS 15000
#define DOCTOR_OUTPUT_MS 3000 /* of a program of this machine */
#define DOCTOR_CLOCK_MS 2000 /* from here on, logs of several servers are out of order */
#define DOCTOR_ESCAPE_MS 100 /* tmux holds back Esc longer than a person likes */

enum doctor_state { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_BAD };

/* One line: what was looked at, how it is, what to run. */
__attribute__((format(printf, 3, 4))) static bool doctor_say(enum doctor_state state,
                                                             const char *what, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "note", "BAD" };
	char text[1024], clean[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wash(clean, sizeof(clean), text, strlen(text));
	printf("  %-4s %-14s %s\n", words[state], what, clean);
	return state != DOCTOR_BAD;
}

/* --- this machine -------------------------------------------------------- */

static bool doctor_terminal(void)
{
	const char *term = getenv("TERM");
	if (!term || !*term || !strcmp(term, "dumb"))
		return doctor_say(DOCTOR_BAD, "terminal",
		                  "TERM is %s; run mocr in a terminal, or export "
		                  "TERM=xterm-256color",
		                  term && *term ? term : "not set");
	return doctor_say(DOCTOR_OK, "terminal", "%s", term);
}

static bool doctor_locale(void)
{
	const char *charset = nl_langinfo(CODESET);
	if (strcmp(charset, "UTF-8") != 0)
		return doctor_say(DOCTOR_NOTE, "locale",
		                  "%s: mocr draws without UTF-8; export LC_ALL=C.UTF-8", charset);
	return doctor_say(DOCTOR_OK, "locale", "UTF-8");
}

/* The first line of a program's output; "" if there is no output. */
static void doctor_output(const char *const *argv, char *line, size_t size)
{
	int pipes[2], status;
	*line = '\0';
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return;
	pid_t pid = spawn_argv(argv, -1, pipes[1], -1);
	close(pipes[1]);
	struct pollfd said = { .fd = pipes[0], .events = POLLIN };
	ssize_t got = 0;
	if (pid > 0 && poll(&said, 1, DOCTOR_OUTPUT_MS) > 0)
		got = read(pipes[0], line, size - 1);
	close(pipes[0]);
	line[got > 0 ? got : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	/* a tmux that hangs, before its line or behind it */
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, &status, 0);
}

/* The value of a tmux option; "" if tmux does not know the option. */
static void doctor_tmux_option(const char *scope, const char *name, char *value, size_t size)
{
	doctor_output((const char *const[]){ "tmux", "show-options", scope, name, NULL }, value,
	              size);
}

static bool doctor_tmux(void)
{
	char escape[32], clipboard[32], through[32];
	if (!getenv("TMUX"))
		return doctor_say(DOCTOR_OK, "tmux", "mocr does not run in tmux");
	doctor_tmux_option("-sv", "escape-time", escape, sizeof(escape));
	if (!*escape)
		return doctor_say(DOCTOR_BAD, "tmux",
		                  "mocr runs in tmux, but tmux does not answer; run: tmux "
		                  "show-options -s");
	doctor_tmux_option("-sv", "set-clipboard", clipboard, sizeof(clipboard));
	doctor_tmux_option("-Av", "allow-passthrough", through, sizeof(through));
	if (atoi(escape) > DOCTOR_ESCAPE_MS)
		return doctor_say(DOCTOR_NOTE, "tmux",
		                  "tmux waits %s ms after [Esc]; run: tmux set -s escape-time 20",
		                  escape);
	if (!strcmp(clipboard, "off"))
		return doctor_say(DOCTOR_NOTE, "tmux",
		                  "names copied with [y] do not reach the clipboard; run: tmux set "
		                  "-s set-clipboard on");
	return doctor_say(DOCTOR_OK, "tmux",
	                  "escape-time %s, set-clipboard %s, allow-passthrough %s", escape,
	                  clipboard, *through ? through : "unknown");
}

static bool doctor_ssh(void)
{
	char version[128];
	doctor_output((const char *const[]){ "sh", "-c", "ssh -V 2>&1", NULL }, version,
	              sizeof(version));
	if (strncmp(version, "OpenSSH", 7) != 0)
		return doctor_say(DOCTOR_BAD, "ssh",
		                  "there is no ssh, which reads ~/.ssh/config for mocr; run: apt "
		                  "install openssh-client");
	const char *agent = getenv("SSH_AUTH_SOCK");
	if (!agent || !*agent)
		return doctor_say(DOCTOR_NOTE, "ssh",
		                  "no agent (SSH_AUTH_SOCK is not set): keys with a passphrase are "
		                  "asked for; run: eval $(ssh-agent) && ssh-add");
	if (access(agent, R_OK | W_OK) != 0)
		return doctor_say(DOCTOR_NOTE, "ssh", "the agent does not answer: %s: %s", agent,
		                  strerror(errno));
	return doctor_say(DOCTOR_OK, "ssh", "%s, with an agent", version);
}

static bool doctor_config(const struct settings *s, size_t complaints)
{
	if (complaints)
		return doctor_say(DOCTOR_BAD, "configuration",
		                  "%zu complaint%s; run: mocr --check-config", complaints,
		                  complaints == 1 ? "" : "s");
	return doctor_say(DOCTOR_OK, "configuration", "%s",
	                  s->file ? s->file : "none, which is fine");
}

/* --- one server ---------------------------------------------------------- */

/* Says in one word each how the login becomes root, whether it may read the journal, and which tmux
 * is there. sudo is asked only where that leaves no trace (sudo.h). */
static const char doctor_script[] = SUDO_MAY
	"if [ \"$(id -u)\" = 0 ]; then echo root login; "
	"elif command -v sudo >/dev/null 2>&1; then "
	"case \" $(id -Gn) \" in *\" sudo \"*|*\" wheel \"*|*\" admin \"*) "
	"if may docker; then echo root nopasswd; else echo root password; fi;; "
	"*) echo root unknown;; esac; "
	"elif command -v doas >/dev/null 2>&1; then echo root doas; else echo root no; fi; "
	"case \" $(id -u) $(id -Gn) \" in \" 0 \"*|*\" adm \"*|*\" systemd-journal \"*|*\" wheel "
        "\"*) "
	"echo journal yes;; *) command -v journalctl >/dev/null 2>&1 && echo journal no;; esac; "
	"echo tmux $(tmux -V 2>/dev/null)";

struct doctor_answer {
	struct run *run;
	char text[400];
	bool ended;
};

static void doctor_ran(const struct run_result *r, void *arg)
{
	struct doctor_answer *a = arg;
	a->run = NULL;
	a->ended = true;
	snprintf(a->text, sizeof(a->text), "%.*s", (int)r->out_len, r->out ? r->out : "");
}

/* The words after key in the answer; "" without that line. */
static void doctor_value(const struct doctor_answer *a, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);
	*out = '\0';
	for (const char *line = a->text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, n) && line[n] == ' ')
			snprintf(out, size, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
}

static const struct {
	const char *word;
	enum doctor_state state;
	const char *text;
} doctor_roots[] = {
	{ "login", DOCTOR_OK, "the login is root" },
	{ "nopasswd", DOCTOR_OK, "by sudo without a password" },
	{ "password", DOCTOR_OK, "by sudo; mocr asks for the password when an action needs root" },
	{ "doas", DOCTOR_OK, "by doas" },
	{ "unknown", DOCTOR_NOTE,
	  "the login is in no group that sudo usually serves; actions that need "
	  "root may be refused" },
	{ "no", DOCTOR_NOTE,
	  "neither sudo nor doas is there: actions that need root are not possible" },
};

static void doctor_clock(const struct vitals *t)
{
	char age[HUMAN_SIZE];
	if (!t || !t->clock_known)
		return;
	if (llabs(t->clock_ms) < DOCTOR_CLOCK_MS)
		doctor_say(DOCTOR_OK, "clock", "as on this machine");
	else
		doctor_say(DOCTOR_NOTE, "clock",
		           "%s %s this machine's: lines of several servers are out of order; "
		           "run on both: timedatectl",
		           human_age(age, llabs(t->clock_ms)),
		           t->clock_ms > 0 ? "ahead of" : "behind");
	if (t->reboot_pending)
		doctor_say(DOCTOR_NOTE, "reboot", "pending%s%s", *t->reboot_why ? ": " : "",
		           t->reboot_why);
}

static bool doctor_source(const struct source *s)
{
	const char *name = s->backend->name;
	/* nobody set up the search for offers, and it cannot fail */
	if (s->state == SOURCE_ABSENT || !strcmp(name, "found") || !strcmp(name, "offers"))
		return true;
	if (s->state == SOURCE_LIVE)
		return doctor_say(DOCTOR_OK, name, "%s", *s->detail ? s->detail : "answers");
	if (s->state == SOURCE_WAITING)
		return doctor_say(DOCTOR_NOTE, name,
		                  "has not answered yet; try mocr doctor --wait 60");
	return doctor_say(DOCTOR_BAD, name, "%s",
	                  *s->err.text ? s->err.text : source_state_name(s->state));
}

/* Runs the script on the servers that are up, all at the same time. */
static struct doctor_answer *doctor_ask(struct store *s)
{
	size_t n = 0, left = 1;
	for (struct server *v = store_servers(s); v; v = v->next)
		n++;
	struct doctor_answer *all = xcalloc(n + 1, sizeof(*all)), *a = all;
	for (struct server *v = store_servers(s); v; v = v->next, a++)
		if (v->link->state == LINK_UP)
			a->run = link_run(v->link, doctor_script, NULL, 0, sizeof(a->text) - 1,
			                  DOCTOR_RUN_MS, doctor_ran, a);
	while (left) {
		loop_turn(store_loop(s), DOCTOR_TURN_MS);
		left = 0;
		for (size_t i = 0; i < n; i++)
			left += all[i].run != NULL;
	}
	return all;
}

static bool doctor_server(const struct server *v, const struct doctor_answer *a)
{
	printf("%s\n", v->name);
	if (v->link->state != LINK_UP) {
		doctor_say(DOCTOR_BAD, "link", "%s",
		           v->row.why ? v->row.why : link_state_name(v->link->state));
		return false;
	}
	bool good = true;
	doctor_say(DOCTOR_OK, "link", "%s", *v->link->detail ? v->link->detail : "this machine");
	doctor_clock(v->vitals);
	char word[64];
	char root[32];
	doctor_value(a, "root", root, sizeof(root));
	for (size_t i = 0; i < ARRAY_LEN(doctor_roots); i++)
		if (!strcmp(root, doctor_roots[i].word))
			doctor_say(doctor_roots[i].state, "root", "%s", doctor_roots[i].text);
	doctor_value(a, "journal", word, sizeof(word));
	if (!strcmp(word, "no"))
		doctor_say(DOCTOR_NOTE, "journal",
		           "%s reads only its own messages; run there: sudo usermod -aG "
		           "systemd-journal %s",
		           v->user, v->user);
	else if (*word)
		doctor_say(DOCTOR_OK, "journal", "readable");
	if (!*a->text)
		doctor_say(DOCTOR_NOTE, "rights", "the login's shell did not answer in time");
	doctor_value(a, "tmux", word, sizeof(word));
	if (*a->text)
		doctor_say(DOCTOR_OK, "tmux", "%s",
		           *word ? word : "not there; sessions of tmux are not shown");
	for (const struct source *s = v->sources; s; s = s->next)
		good &= doctor_source(s);
	/* One line for all that is not there: nothing is wrong with that. What only a section
	 * brings is not missing. */
	char names[400] = "";
	size_t used = 0;
	for (const struct source *s = v->sources; s && used < sizeof(names); s = s->next)
		if (s->state == SOURCE_ABSENT && !s->backend->by_section)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			                         used ? ", " : "", s->backend->name);
	if (used)
		doctor_say(DOCTOR_OK, "not there", "%s", names);
	return good;
}

int headless_doctor(struct store *s, size_t complaints, int wait_ms)
{
	puts("this machine");
	bool good = doctor_config(store_settings(s), complaints);
	good &= doctor_terminal();
	good &= doctor_locale();
	good &= doctor_tmux();
	good &= doctor_ssh();
	int code = good ? EXIT_WELL : EXIT_ATTENTION;
	headless_wait(s, wait_ms);
	struct doctor_answer *answers = doctor_ask(s), *a = answers;
	for (const struct server *v = store_servers(s); v; v = v->next, a++) {
		if (!doctor_server(v, a) && code == EXIT_WELL)
			code = EXIT_ATTENTION;
		if (v->link->state != LINK_UP)
			code = EXIT_UNREACHABLE;
	}
	free(answers);
	return code;
}
