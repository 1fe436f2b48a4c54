/* Words for the shells' completion. The scripts in man/completion print them at Tab. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/servers/tags.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "tui/headless.h"
#include "tui/manual.h"
#include "tui/theme.h"

/* A person waits at the prompt. */
#define COMPLETE_WAIT_MS 4000
#define COMPLETE_TURN_MS 20
#define COMPLETE_VERBS 256

/* What one completion is about. */
struct complete {
	struct store *store;
	const struct settings *settings;
	char **words; /* the words before the one at the cursor */
	int n;
	const char *begun; /* the letters at the cursor */
	const char *after; /* what follows a server's name: "" or "/" */
	const char *said[COMPLETE_VERBS];
	size_t n_said;
};

/* One line: the word, a tab, and what the word means. */
static void complete_say(const struct complete *c, const char *word, const char *means)
{
	if (strncmp(word, c->begun, strlen(c->begun)) == 0)
		printf("%s\t%s\n", word, means);
}

static void complete_say_server(const struct complete *c, const char *name, const char *means)
{
	char *word = xasprintf("%s%s", name, c->after);
	complete_say(c, word, means);
	free(word);
}

static bool complete_say_host(const char *name, void *arg)
{
	const struct complete *c = arg;
	for (const struct server_config *s = c->settings->servers; s; s = s->next)
		if (!strcmp(s->name, name))
			return false;
	complete_say_server(c, name, "ssh_config");
	return false;
}

static void complete_say_tag(const char *tag, void *arg)
{
	const struct complete *c = arg;
	if (!c->after[0]) /* a row is on one server */
		complete_say(c, tag, "the servers with this tag");
}

static void complete_servers(struct complete *c)
{
	struct err err = { 0 };
	complete_say_server(c, "local", "this machine");
	for (const struct server_config *s = c->settings->servers; s; s = s->next)
		complete_say_server(c, s->name, "configured");
	hosts_each(c->settings, complete_say_host, c, &err);
	tags_each(c->settings, complete_say_tag, c);
}

/* --- rows ---------------------------------------------------------------- */

/* What the row is wanted for. */
enum complete_use { USE_DO, USE_LOGS, USE_SHELL, USE_ATTACH };

/* verb: that of `do` */
static bool complete_fits(const struct row *row, enum complete_use use, const char *verb)
{
	const struct kind *kind = row->kind;
	const struct action *a = NULL;
	switch (use) {
	case USE_DO:
		a = kind->actions ? action_find(kind, verb) : NULL;
		return a && a->run && action_applies_to(a, row);
	case USE_LOGS: return row_has_log(row);
	case USE_SHELL: return kind->shell && !kind->attaches; /* sessions have mocr attach */
	case USE_ATTACH: return kind->attaches;
	}
	return false;
}

static void complete_server_or_row(struct complete *c, enum complete_use use, const char *verb)
{
	if (strchr(c->begun, '/')) {
		/* The names of rows on the server at the start of begun. */
		struct err err = { 0 };
		char *name = xstrndup(c->begun, strcspn(c->begun, "/"));
		struct server *v = server_open(c->store, name, &err);
		int64_t end_ms = now_mono_ms() + COMPLETE_WAIT_MS;
		while (v && !headless_settled(c->store) && now_mono_ms() < end_ms)
			loop_turn(store_loop(c->store), COMPLETE_TURN_MS);
		for (struct row *row = v ? store_first(c->store, NULL, v) : NULL; row;
		     row = store_next(row, NULL, v)) {
			const char *slash = strchr(row->id, '/');
			if (!slash || row == &v->row || !complete_fits(row, use, verb))
				continue;
			/* the server may have been named in another way than its rows have it */
			char *id = xasprintf("%s%s", name, slash);
			complete_say(c, id, row->why ? row->why : row->name);
			free(id);
		}
		free(name);
		return;
	}
	c->after = "/";
	complete_servers(c);
}

/* --- the words of each command ------------------------------------------- */

static void complete_verbs_of(struct complete *c, const struct action *actions)
{
	for (const struct action *a = actions; a && a->name; a++) {
		size_t i = 0;
		while (i < c->n_said && strcmp(c->said[i], a->verb) != 0)
			i++;
		if (!a->run || i < c->n_said)
			continue; /* each verb once: a unit and a container both have restart */
		if (c->n_said < ARRAY_LEN(c->said))
			c->said[c->n_said++] = a->verb;
		complete_say(c, a->verb, a->help);
	}
}

static void complete_do(struct complete *c)
{
	if (c->n == 1) {
		complete_say(c, "deploy", "run a deploy of the configuration");
		complete_say(c, "rollback", "take a deploy back");
		complete_verbs_of(c, kind_server.actions);
		for (const struct kind *const *k = kinds; *k; k++)
			complete_verbs_of(c, (*k)->actions);
		return;
	}
	bool deploy = !strcmp(c->words[1], "deploy") || !strcmp(c->words[1], "rollback");
	if (c->n == 2 && deploy && !strchr(c->begun, '/'))
		for (const struct deploy_config *d = c->settings->deploys; d; d = d->next)
			complete_say(c, d->name, d->run ? d->run : "");
	if (c->n == 2)
		complete_server_or_row(c, USE_DO, c->words[1]);
}

static void complete_logs_of(struct complete *c, const struct logs_config *first, const char *help)
{
	const char *after = c->after;
	c->after = ":";
	for (; first && !strchr(c->begun, '/'); first = first->next)
		complete_say_server(c, first->name, help);
	c->after = after;
}

static void complete_logs(struct complete *c)
{
	static const char *const whole[][2] = {
		{ "journal", "the journal of the server" },
		{ "kernel", "messages of its kernel" },
		{ "containers/*", "all containers" },
		{ "services/*", "all units" },
	};
	complete_server_or_row(c, USE_LOGS, NULL);
	complete_logs_of(c, c->settings->lokis, "what a query finds in this Loki");
	complete_logs_of(c, c->settings->victorialogses,
	                 "what a query finds in this VictoriaLogs");
	size_t server = strcspn(c->begun, "/");
	for (size_t i = 0; c->begun[server] && i < ARRAY_LEN(whole); i++) {
		char *target = xasprintf("%.*s/%s", (int)server, c->begun, whole[i][0]);
		complete_say(c, target, whole[i][1]);
		free(target);
	}
}

static void complete_shell(struct complete *c)
{
	if (c->n == 1 && !strchr(c->begun, '/'))
		complete_servers(c);
	if (c->n == 1)
		complete_server_or_row(c, USE_SHELL, NULL);
}

static void complete_attach(struct complete *c)
{
	if (c->n == 1)
		complete_server_or_row(c, USE_ATTACH, NULL);
}

static const struct {
	const char *word;
	void (*say)(struct complete *);
} complete_commands[] = {
	{ "status", complete_servers },  { "sessions", complete_servers },
	{ "deploys", complete_servers }, { "doctor", complete_servers },
	{ "do", complete_do },           { "logs", complete_logs },
	{ "shell", complete_shell },     { "attach", complete_attach },
};

/* The option before the cursor that takes an argument; NULL: none. */
static const struct option_row *complete_takes(char **words, int n)
{
	const char *last = n ? words[n - 1] : "";
	for (const struct option_row *o = option_rows; o->name; o++) {
		bool is_long = !strncmp(last, "--", 2) && !strcmp(last + 2, o->name);
		bool is_short = last[0] == '-' && last[1] == o->letter && !last[2];
		if (o->argument && (is_long || is_short))
			return o;
	}
	return NULL;
}

int headless_complete(struct store *s, const char *const *commands, char **words, int n)
{
	struct complete c = { .store = s,
		              .settings = store_settings(s),
		              .words = words,
		              .n = n ? n - 1 : 0,
		              .begun = n ? words[n - 1] : "",
		              .after = "" };
	const struct option_row *option = complete_takes(words, c.n);
	if (option) {
		if (!strcmp(option->argument, "FILE") || !strcmp(option->argument, "DIR"))
			puts(":files");
		for (size_t t = 0; !strcmp(option->name, "theme") && theme_names[t]; t++)
			complete_say(&c, theme_names[t], "theme");
		return EXIT_WELL;
	}
	if (c.begun[0] == '-') {
		for (const struct option_row *o = option_rows; o->name; o++) {
			char *word = xasprintf("--%s", o->name);
			complete_say(&c, word, o->help);
			free(word);
		}
		return EXIT_WELL;
	}
	/* leave only the words that are not options */
	int plain = 0;
	bool takes = false;
	for (int i = 0; i < c.n; i++) {
		bool is_option = words[i][0] == '-' && words[i][1];
		if (!is_option && !takes)
			words[plain++] = words[i];
		takes = is_option && complete_takes(words + i, 1);
	}
	c.n = plain;
	for (size_t i = 0; !c.n && commands[i]; i++)
		complete_say(&c, commands[i], "command");
	if (!c.n)
		complete_servers(&c);
	for (size_t i = 0; c.n && i < ARRAY_LEN(complete_commands); i++)
		if (!strcmp(c.words[0], complete_commands[i].word)) {
			complete_commands[i].say(&c);
			return EXIT_WELL;
		}
	bool is_command = false;
	for (size_t i = 0; c.n && commands[i]; i++)
		is_command |= !strcmp(commands[i], c.words[0]);
	/* no command: the console, with a server's name for each word */
	if (c.n && !is_command)
		complete_servers(&c);
	return EXIT_WELL;
}
