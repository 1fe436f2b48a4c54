/* main.c: parses the command line and connects the rooms. The only file that includes from all of
 * them. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/base/guard.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/deploy/deploy.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/logs/logs.h"
#include "backends/logs/when.h"
#include "backends/notify/notify.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/servers/tags.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "tui/canvas.h"
#include "tui/console.h"
#include "tui/headless.h"
#include "tui/manual.h"
#include "tui/theme.h"
#include "tui/topics.h"

#define WAIT_MS_DEFAULT 20000
#define FILES_WANTED 8192
#define NEAR_LETTERS 4 /* shortest word that may be a misspelt command */

enum { /* options without an argument */
       MAIN_ALL_HOSTS = 1,
       MAIN_READ_ONLY = 2,
       MAIN_JSON = 4,
       MAIN_FOLLOW = 8,
       MAIN_ALL = 16,
       MAIN_YES = 32,
       MAIN_ASCII = 64,
       MAIN_BATCH = 128,
       MAIN_PRINT_UNIT = 256,
       MAIN_HELP = 512
};

struct options {
	const char *config, *ssh_config, *record, *replay, *theme, *test;
	unsigned flags;        /* MAIN_JSON, ... */
	enum status_form form; /* of status, without --json */
	int wait_ms;
	int64_t since_ms; /* wall clock; 0: not given */
	char **words;     /* the words that are not options */
	int n_words;
};

struct program {
	struct options opt;
	struct settings *settings;
	struct doc complaints;
	struct loop *loop;
	struct http *http;
	struct store *store;
};

static bool main_has(const struct program *p, unsigned flag)
{
	return p->opt.flags & flag;
}

/* --- options ------------------------------------------------------------- */

enum {
	OPT_CONFIG = 256,
	OPT_ALL_HOSTS,
	OPT_READ_ONLY,
	OPT_RECORD,
	OPT_REPLAY,
	OPT_DEMO,
	OPT_CHECK,
	OPT_JSON,
	OPT_TMUX,
	OPT_PROMETHEUS,
	OPT_ALL,
	OPT_YES,
	OPT_ASCII,
	OPT_THEME,
	OPT_BATCH,
	OPT_WAIT,
	OPT_MANUAL,
	OPT_SINCE,
	OPT_TEST,
	OPT_UNIT,
	OPT_DESKTOP
};

const struct option_row option_rows[] = {
	{ 'F', "ssh-config", "FILE", "read this ssh_config instead of OpenSSH's own, as ssh -F" },
	{ OPT_ALL_HOSTS, "all-hosts", NULL, "open every plain Host of ssh_config" },
	{ OPT_READ_ONLY, "read-only", NULL,
	  "refuse whatever changes a server or types into it: actions, shells, attaching" },
	{ OPT_RECORD, "record", "DIR",
	  "keep the answers of servers in DIR, without secrets and without what was said in "
	  "sessions" },
	{ OPT_REPLAY, "replay", "DIR", "play a recording; nothing is connected" },
	{ OPT_DEMO, "demo", NULL,
	  "play the recording that mocr brings along: six servers to try keys on" },
	{ OPT_CONFIG, "config", "FILE", "read this configuration instead of the usual one" },
	{ OPT_CHECK, "check-config", NULL,
	  "read the configuration, say what is wrong with it, end" },
	{ OPT_THEME, "theme", "NAME",
	  "colours: one of those that :theme lists, or a file in the themes folders" },
	{ OPT_ASCII, "ascii", NULL, "draw without UTF-8" },
	{ 'f', "follow", NULL, "logs: go on with what comes" },
	{ OPT_SINCE, "since", "TIME",
	  "logs, activity: from then on: 10m, 2h, 14:32, 2026-11-21T14:32:00Z" },
	{ OPT_JSON, "json", NULL, "status, sessions, deploys, logs, activity: as JSON" },
	{ OPT_TMUX, "tmux", NULL, "status: one short text for the status line of tmux" },
	{ OPT_PROMETHEUS, "prometheus", NULL, "status: as metrics of Prometheus" },
	{ OPT_ALL, "all", NULL, "status: also the rows that are well" },
	{ OPT_WAIT, "wait", "SECONDS",
	  "how long the commands without a screen wait for answers (20)" },
	{ OPT_YES, "yes", NULL, "do: without asking" },
	{ OPT_TEST, "test", "NAME", "notify: send a test message by [notify NAME]" },
	{ OPT_UNIT, "print-unit", NULL, "watch: print a user unit of systemd for it" },
	{ OPT_BATCH, "batch", NULL,
	  "without a screen: never ask for a password; who needs one counts as not reached" },
	{ 'V', "version", NULL, "print the version and end" },
	{ 'h', "help", NULL, "print this and end" },
	{ 0 }
};

static void main_print_help(void)
{
	puts("mocr - mission operations control room: all servers on one screen\n");
	topics_print_commands(stdout);
	puts("");
	for (const struct option_row *o = option_rows; o->name; o++) {
		char left[40], letter[8] = "    ";
		if (o->letter < 256)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		size_t n = (size_t)snprintf(left, sizeof(left), "%s--%s", letter, o->name);
		if (o->argument)
			snprintf(left + n, sizeof(left) - n, " %s", o->argument);
		printf("  %-26s %s\n", left, o->help);
	}
	puts("\nOn the screen [?] shows the keys. mocr help TOPIC says more of one of these words. "
	     "mocr(1) has all commands and exit codes, "
	     "mocr-config(5) the configuration.");
}

static int main_wrong(const char *fmt, const char *word)
{
	fprintf(stderr, "mocr: ");
	fprintf(stderr, fmt, word);
	fprintf(stderr, "; mocr --help says what there is\n");
	return EXIT_WRONG_USAGE;
}

/* The recording lies beside the program, be it installed (bin/mocr, share/mocr/demo) or built
 * (build/gcc/mocr). */
static bool main_find_demo(struct options *o)
{
	static const char *const places[] = { "/../share/mocr/demo", "/../../tests/screens/demo" };
	static char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n > 0)
		dir[n] = '\0';
	char *name = strrchr(dir, '/');
	size_t room = name ? sizeof(dir) - (size_t)(name - dir) : 0;
	for (size_t i = 0; name && i < ARRAY_LEN(places); i++) {
		bool fits = (size_t)snprintf(name, room, "%s", places[i]) < room;
		if (fits && access(dir, R_OK) == 0) {
			o->replay = dir;
			return true;
		}
	}
	fprintf(stderr, "mocr: --demo: its recording is not installed (%s)\n",
	        name ? dir : "share/mocr/demo");
	return false;
}

/* Says what is wrong with the option before optind, and which one was probably meant. */
static int main_wrong_option(char **argv, int c)
{
	const char *names[ARRAY_LEN(option_rows)], *near = NULL, *word = argv[optind - 1];
	size_t n = 0;
	for (const struct option_row *o = option_rows; o->name; o++)
		names[n++] = o->name;
	if (c == ':')
		return main_wrong("%s needs a value behind it", word);
	if (optopt > 0 && optopt < OPT_CONFIG) {
		fprintf(stderr, "mocr: there is no option -%c; mocr --help says what there is\n",
		        optopt);
		return EXIT_WRONG_USAGE;
	}
	if (!strncmp(word, "--", 2))
		near = nearest(word + 2, names, n);
	if (!near)
		return main_wrong("%s is no option, or takes no value", word);
	fprintf(stderr, "mocr: %s is no option, or takes no value; did you mean --%s?\n", word,
	        near);
	return EXIT_WRONG_USAGE;
}

/* Returns -1 to continue, else the exit code. */
static int main_read_options(struct options *o, int argc, char **argv, bool *check)
{
	struct option longs[ARRAY_LEN(option_rows) + 2] = { 0 };
	for (size_t i = 0; option_rows[i].name; i++)
		longs[i] = (struct option){ option_rows[i].name,
			                    option_rows[i].argument ? required_argument
			                                            : no_argument,
			                    NULL, option_rows[i].letter };
	/* these two are for the program itself */
	longs[ARRAY_LEN(option_rows) - 1] = (struct option){ "dump-manual", required_argument, NULL,
		                                             OPT_MANUAL };
	longs[ARRAY_LEN(option_rows)] = (struct option){ "show-on-desktop", no_argument, NULL,
		                                         OPT_DESKTOP };
	int c;
	while ((c = getopt_long(argc, argv, ":F:fhV", longs, NULL)) != -1) {
		switch (c) {
		case 'F': o->ssh_config = optarg; break;
		case OPT_ALL_HOSTS: o->flags |= MAIN_ALL_HOSTS; break;
		case OPT_READ_ONLY: o->flags |= MAIN_READ_ONLY; break;
		case OPT_RECORD: o->record = optarg; break;
		case OPT_REPLAY: o->replay = optarg; break;
		case OPT_DEMO:
			if (!main_find_demo(o))
				return EXIT_WRONG_USAGE;
			break;
		case OPT_CONFIG: o->config = optarg; break;
		case OPT_CHECK: *check = true; break;
		case OPT_THEME: o->theme = optarg; break;
		case OPT_ASCII: o->flags |= MAIN_ASCII; break;
		case OPT_JSON: o->flags |= MAIN_JSON; break;
		case OPT_TMUX: o->form = STATUS_TMUX; break;
		case OPT_PROMETHEUS: o->form = STATUS_PROMETHEUS; break;
		case 'f': o->flags |= MAIN_FOLLOW; break;
		case OPT_SINCE:
			if (!when_parse(optarg, now_wall_ms(), &o->since_ms))
				return main_wrong("--since %s is not a time; 10m, 2h, 14:32 are",
				                  optarg);
			break;
		case OPT_ALL: o->flags |= MAIN_ALL; break;
		case OPT_WAIT: o->wait_ms = atoi(optarg) * 1000; break;
		case OPT_YES: o->flags |= MAIN_YES; break;
		case OPT_TEST: o->test = optarg; break;
		case OPT_UNIT: o->flags |= MAIN_PRINT_UNIT; break;
		case OPT_BATCH: o->flags |= MAIN_BATCH; break;
		case OPT_DESKTOP: return headless_show_on_desktop();
		case OPT_MANUAL:
			return manual_dump(optarg, stdout)
			               ? EXIT_WELL
			               : main_wrong("there is no table %s", optarg);
		case 'V': printf("mocr %s\n", MOCR_VERSION); return EXIT_WELL;
		case 'h': o->flags |= MAIN_HELP; break;
		default: return main_wrong_option(argv, c);
		}
	}
	if (o->wait_ms <= 0)
		return main_wrong("--wait needs a number of seconds%s", "");
	o->words = argv + optind;
	o->n_words = argc - optind;
	return -1;
}

/* --- what is to be done -------------------------------------------------- */

static bool main_open_servers(struct program *p, char **names, int n)
{
	struct err err = { 0 };
	if (p->opt.replay)
		return true;
	for (int i = 0; i < n; i++) {
		bool opened = tag_is(names[i]) ? servers_open_tagged(p->store, names[i], &err)
		                               : server_open(p->store, names[i], &err) != NULL;
		if (!opened) {
			fprintf(stderr, "mocr: %s\n", err.text);
			return false;
		}
	}
	if (main_has(p, MAIN_ALL_HOSTS) && !servers_open_all_hosts(p->store, &err)) {
		fprintf(stderr, "mocr: %s\n", err.text);
		return false;
	}
	if (!n && !main_has(p, MAIN_ALL_HOSTS))
		servers_open_configured(p->store);
	return true;
}

static int main_run_status(struct program *p)
{
	if (!main_open_servers(p, p->opt.words + 1, p->opt.n_words - 1))
		return EXIT_WRONG_USAGE;
	return headless_status(p->store, main_has(p, MAIN_JSON) ? STATUS_JSON : p->opt.form,
	                       main_has(p, MAIN_ALL), p->opt.wait_ms);
}

/* The action for a deploy given by name; NULL: another word. */
static const char *main_deploy_action(const char *word)
{
	static const char *const actions[][2] = { { "deploy", "deploy-run" },
		                                  { "rollback", "deploy-rollback" } };
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (!strcmp(word, actions[i][0]))
			return actions[i][1];
	return NULL;
}

/* The action, if the command line names a deploy and not a row; else NULL. */
static const char *main_deploy_word(const struct program *p)
{
	if (p->opt.n_words < 3 || strchr(p->opt.words[2], '/'))
		return NULL;
	return main_deploy_action(p->opt.words[1]);
}

static int main_run_deploys(struct program *p)
{
	if (!main_open_servers(p, p->opt.words + 1, p->opt.n_words - 1))
		return EXIT_WRONG_USAGE;
	return headless_deploys(p->store, main_has(p, MAIN_JSON), p->opt.wait_ms);
}

static int main_run_do(struct program *p)
{
	if (main_deploy_word(p))
		return headless_deploy(p->store, main_deploy_word(p), p->opt.words[2],
		                       p->opt.words + 3, p->opt.n_words - 3, main_has(p, MAIN_YES),
		                       p->opt.wait_ms);
	if (p->opt.n_words == 2 && main_deploy_action(p->opt.words[1]))
		return main_wrong("expected: mocr do %s NAME [VAR=VALUE...]; mocr deploys lists "
		                  "the names",
		                  p->opt.words[1]);
	if (p->opt.n_words < 3 || p->opt.n_words > 4)
		return main_wrong("expected: mocr do ACTION SERVER/KIND/NAME, as in mocr do "
		                  "restart pi/service/caddy%s",
		                  "");
	char **w = p->opt.words;
	if (!headless_open(p->store, w[2]))
		return EXIT_WRONG_USAGE;
	bool moves = w[3] && (!strcmp(w[1], "move") || !strcmp(w[1], "session-move"));
	if (moves) { /* open the target server too */
		char *other = xstrndup(w[3], strcspn(w[3], " "));
		bool same = !strncmp(other, w[2], strlen(other)) && w[2][strlen(other)] == '/',
		     good = same || headless_open(p->store, other);
		free(other);
		if (!good)
			return EXIT_WRONG_USAGE;
	}
	return headless_do(p->store, w[1], w[2], w[3], main_has(p, MAIN_YES), p->opt.wait_ms);
}

static bool main_open_place(const char *server, void *arg)
{
	struct program *p = arg;
	return headless_open(p->store, server);
}

/* Opens the servers of targets. A pattern matches configured servers only. A plain name may also
 * come from ssh_config. */
static bool main_open_targets(struct program *p, char **targets, int n)
{
	bool pattern = false;
	char why[300] = "";
	for (int i = 0; i < n; i++) {
		struct target t;
		size_t len = strcspn(targets[i], "/");
		why[0] = '\0';
		if (target_parse(targets[i], &t, why, sizeof(why)) && t.what == TARGET_QUERY) {
			const struct settings *s = store_settings(p->store);
			if (p->opt.replay ||
			    target_each_place(s, &t, main_open_place, p, why, sizeof(why)))
				continue;
			if (*why)
				fprintf(stderr, "mocr: %s\n", why);
			return false;
		}
		if (strcspn(targets[i], "*?[") < len)
			pattern = true;
		else if (!p->opt.replay && !headless_open(p->store, targets[i]))
			return false;
	}
	return !pattern || main_open_servers(p, NULL, 0);
}

static int main_run_logs(struct program *p)
{
	char **targets = p->opt.words + 1;
	int n = p->opt.n_words - 1;
	if (n < 1)
		return main_wrong("expected: mocr logs [-f] TARGET..., as in mocr logs -f "
		                  "sese/containers/* pi/services/opencode%s",
		                  "");
	if (!main_open_targets(p, targets, n))
		return EXIT_WRONG_USAGE;
	return headless_logs(p->store, targets, n, main_has(p, MAIN_FOLLOW), main_has(p, MAIN_JSON),
	                     p->opt.since_ms, p->opt.wait_ms);
}

static int main_run_shell(struct program *p)
{
	bool attach = !strcmp(p->opt.words[0], "attach");
	if (p->opt.n_words != 2)
		return main_wrong("expected: mocr %s",
		                  attach ? "attach SERVER/session/ID" : "shell SERVER[/KIND/NAME]");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return main_wrong("%s needs a terminal", attach ? "attaching" : "a shell");
	if (!headless_open(p->store, p->opt.words[1]))
		return EXIT_WRONG_USAGE;
	return headless_shell(p->store, p->opt.words[1], p->opt.wait_ms, attach);
}

static int main_run_doctor(struct program *p)
{
	if (!main_open_servers(p, p->opt.words + 1, p->opt.n_words - 1))
		return EXIT_WRONG_USAGE;
	return headless_doctor(p->store, p->complaints.n, p->opt.wait_ms);
}

static int main_run_sessions(struct program *p)
{
	if (!main_open_servers(p, p->opt.words + 1, p->opt.n_words - 1))
		return EXIT_WRONG_USAGE;
	return headless_sessions(p->store, main_has(p, MAIN_JSON), p->opt.wait_ms);
}

static int main_run_notify(struct program *p)
{
	if (p->opt.n_words != 1 || !p->opt.test)
		return main_wrong("expected: mocr notify --test NAME%s", "");
	return headless_notify_test(p->store, p->opt.test, p->opt.wait_ms);
}

static int main_run_watch(struct program *p)
{
	char **servers = p->opt.words + 1;
	int n = p->opt.n_words - 1;
	if (main_has(p, MAIN_PRINT_UNIT))
		return headless_watch_unit(p->opt.config, servers, n);
	headless_watch_settings(p->settings, NULL);
	if (!main_open_servers(p, servers, n))
		return EXIT_WRONG_USAGE;
	return headless_watch(p->store);
}

static int main_run_activity(struct program *p)
{
	return headless_activity(p->store, p->opt.words + 1, p->opt.n_words - 1,
	                         main_has(p, MAIN_JSON), p->opt.since_ms);
}

/* Other servers than those of the configuration: where the user is then is not remembered. */
static bool main_is_of_the_moment(const struct program *p)
{
	return p->opt.n_words || p->opt.replay || main_has(p, MAIN_ALL_HOSTS);
}

static int main_run_console(struct program *p)
{
	char why[256];
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return main_wrong("the screen needs a terminal; mocr status prints without one%s",
		                  "");
	if (!main_open_servers(p, p->opt.words, p->opt.n_words))
		return EXIT_WRONG_USAGE;
	struct console *console = console_create(p->store, p->settings, why, sizeof(why));
	if (!console)
		return main_wrong("%s", why);
	console_complaints(console, &p->complaints);
	if (!main_is_of_the_moment(p))
		console_remember(console);
	/* Nothing says which servers to watch, and there is a file to write that into. */
	bool may_ask = !p->settings->file && p->settings->path && !p->complaints.n;
	if (may_ask && !main_is_of_the_moment(p))
		console_offer_hosts(console);
	int code = console_run(console);
	console_destroy(console);
	return code;
}

/* mocr help, mocr help TOPIC. */
static int main_run_help(struct program *p)
{
	char near[64];
	if (p->opt.n_words < 2) {
		main_print_help();
		return EXIT_WELL;
	}
	for (int i = 1; i < p->opt.n_words; i++) {
		const char *word = p->opt.words[i];
		if (topics_print(stdout, word, near, sizeof(near)))
			continue;
		if (*near)
			fprintf(stderr, "mocr: there is no help for \"%s\"; did you mean %s?\n",
			        word, near);
		else
			fprintf(stderr,
			        "mocr: there is no help for \"%s\"; mocr help lists the commands\n",
			        word);
		return EXIT_WRONG_USAGE;
	}
	return EXIT_WELL;
}

static int main_run_complete(struct program *p);

static const struct {
	const char *word;
	int (*run)(struct program *);
} modes[] = {
	{ "status", main_run_status },   { "do", main_run_do },
	{ "logs", main_run_logs },       { "shell", main_run_shell },
	{ "attach", main_run_shell },    { "sessions", main_run_sessions },
	{ "deploys", main_run_deploys }, { "activity", main_run_activity },
	{ "doctor", main_run_doctor },   { "notify", main_run_notify },
	{ "watch", main_run_watch },     { "help", main_run_help },
	{ "complete", main_run_complete },
};

/* For the completion scripts of shells: mocr complete -- WORD... */
static int main_run_complete(struct program *p)
{
	const char *names[ARRAY_LEN(modes)] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (modes[i].run != main_run_complete)
			names[n++] = modes[i].word;
	p->settings->started.batch = true;
	return headless_complete(p->store, names, p->opt.words + 1, p->opt.n_words - 1);
}

static bool main_is_same(const char *host, void *word)
{
	return strcmp(host, word) == 0;
}

/* Is the word a known server's name? Then it is meant as a server, even if it resembles a
 * command. */
static bool main_is_known_server(const struct program *p, const char *word)
{
	struct err err = { 0 };
	for (const struct server_config *c = p->settings->servers; c; c = c->next)
		if (!strcmp(c->name, word))
			return true;
	return here_is(p->settings, word) ||
	       hosts_each(p->settings, main_is_same, (void *)word, &err);
}

/* Rejects a misspelt command. Otherwise the console would open and try to reach a server of that
 * name. Prints why and returns false. */
static bool main_is_meant(const struct program *p)
{
	const char *names[ARRAY_LEN(modes)];
	const char *word = p->opt.n_words ? p->opt.words[0] : "";
	/* a short name, such as db, resembles any short command */
	if (strlen(word) < NEAR_LETTERS || strpbrk(word, "@:.") || main_is_known_server(p, word))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		names[i] = modes[i].word;
	const char *near = nearest(word, names, ARRAY_LEN(names));
	if (near)
		fprintf(stderr,
		        "mocr: there is no command \"%s\"; did you mean \"%s\"? A server of that "
		        "name: mocr %s@%s\n",
		        word, near, getenv("USER") ? getenv("USER") : "USER", word);
	return !near;
}

static void main_print_complaints(const struct doc *doc)
{
	for (size_t i = 0; i < doc->n; i++)
		fprintf(stderr, "mocr: %s\n", doc->lines[i].text);
}

/* Checks files of the command line, too. A normal start reports the same problems itself. */
static int main_check_config(struct program *p)
{
	struct theme theme;
	char why[256] = "";
	const char *ssh = p->opt.ssh_config;
	if (ssh && access(ssh, R_OK) != 0)
		doc_add(&p->complaints, DOC_BAD, "-F %s: cannot be read: %s", ssh, strerror(errno));
	if (p->opt.theme && !theme_load(&theme, p->opt.theme, why, sizeof(why)))
		doc_add(&p->complaints, DOC_BAD, "--theme: %s", why);
	main_print_complaints(&p->complaints);
	if (!p->settings->file && !p->complaints.n)
		puts("no configuration file; that is fine");
	else if (!p->complaints.n)
		printf("%s: well\n", p->settings->file);
	return p->complaints.n ? EXIT_ATTENTION : EXIT_WELL;
}

static bool main_start(struct program *p, bool headless)
{
	struct err err = { 0 };
	p->loop = loop_create();
	p->http = http_create(p->loop);
	p->store = store_create(p->loop, p->http, p->settings);
	if (p->opt.record && !record_start(p->store, p->opt.record, &err)) {
		fprintf(stderr, "mocr: %s\n", err.text);
		return false;
	}
	if (p->opt.replay && !replay_start(p->store, p->opt.replay, headless, &err)) {
		fprintf(stderr, "mocr: %s\n", err.text);
		return false;
	}
	return true;
}

/* Raises the limit of open files. A server needs about twenty descriptors. The usual limit of 1024
 * exists for select(), which mocr does not use. */
static void main_want_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= FILES_WANTED)
		return;
	files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
	struct program p = { .opt = { .wait_ms = WAIT_MS_DEFAULT } };
	bool check = false;
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* numbers of JSON and of Prometheus have a point everywhere */
	signal(SIGPIPE, SIG_IGN);
	main_want_files();
	guard_memory();
	mem_on_fail(canvas_stop);
	/* one heap for all threads: those of log-ins would keep their own */
	mallopt(M_ARENA_MAX, 1);
	int code = main_read_options(&p.opt, argc, argv, &check);
	if (code >= 0)
		return code;
	if (main_has(&p, MAIN_HELP)) {
		/* mocr --help, mocr status --help, mocr do restart --help, mocr restart --help:
		 * help for the last word that is a topic, else the list. */
		char near[64];
		for (int i = p.opt.n_words < 2 ? p.opt.n_words : 2; i-- > 0;)
			if (topics_print(stdout, p.opt.words[i], near, sizeof(near)))
				return EXIT_WELL;
		main_print_help();
		return EXIT_WELL;
	}
	p.settings = settings_load(p.opt.config, &p.complaints);
	console_check_keys(p.settings, &p.complaints);
	console_check_panels(p.settings, &p.complaints);
	console_check_theme(p.settings, &p.complaints);
	deploy_check_config(p.settings, &p.complaints);
	notify_check_config(p.settings, &p.complaints);
	int (*run)(struct program *) = main_run_console;
	for (size_t i = 0; i < ARRAY_LEN(modes) && p.opt.n_words; i++)
		if (strcmp(p.opt.words[0], modes[i].word) == 0)
			run = modes[i].run;
	bool headless = run != main_run_console;
	struct settings *s = p.settings;
	s->read_only |= main_has(&p, MAIN_READ_ONLY);
	s->screen.ascii |= main_has(&p, MAIN_ASCII);
	s->started.batch = headless && (main_has(&p, MAIN_BATCH) || !isatty(STDIN_FILENO));
	s->started.once = headless;
	if (p.opt.ssh_config)
		xreplace(&s->ssh_config, p.opt.ssh_config);
	if (p.opt.theme)
		xreplace(&s->theme, p.opt.theme);
	if (check) {
		code = main_check_config(&p);
	} else if (!headless && !main_is_meant(&p)) {
		code = EXIT_WRONG_USAGE;
	} else {
		if (headless)
			main_print_complaints(&p.complaints);
		code = main_start(&p, headless) ? run(&p) : EXIT_WRONG_USAGE;
	}
	store_destroy(p.store);
	http_destroy(p.http);
	loop_destroy(p.loop);
	settings_destroy(p.settings);
	doc_finish(&p.complaints);
	return code;
}
