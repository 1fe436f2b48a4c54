/* topics.c: see topics.h. */
#include "tui/topics.h"

#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "tui/keymap.h"
#include "tui/panel.h"

#define USAGE_CELLS 33 /* a longer usage has a line of its own */
#define LINE_CELLS 110
#define NAMES_MAX 1024

const struct command_row command_rows[] = {
	{ "", "[SERVER...]",
	  "this machine and the configured servers, or these: an ssh name or address" },
	{ "status", "status [SERVER...]",
	  "what is there, without a screen: exit 0 well, 1 attention, 2 unreachable, 3 not all "
	  "answered in time\n--json, --tmux and --prometheus print it in other forms; --all prints "
	  "the rows that are well, too; --wait SECONDS" },
	{ "do", "do ACTION SERVER/KIND/NAME",
	  "one action, without a screen; mocr status --json has the ids, mocr(1) the actions\n"
	  "--yes does not ask; mocr help ACTION says what an action does" },
	{ "do", "do deploy NAME [VAR=VALUE...]",
	  "run [deploy NAME] of the configuration, print its output, end with its exit code; mocr "
	  "do rollback NAME likewise" },
	{ "deploys", "deploys [SERVER...]",
	  "what can be deployed where, and how the last ones went\n--json" },
	{ "activity", "activity [SERVER...]",
	  "what was done and what changed, as the activity file keeps it (--since 1d)\n--json" },
	{ "logs", "logs TARGET...",
	  "what SERVER/containers/*, SERVER/services/NAME, SERVER/journal, SERVER/kernel, "
	  "SERVER/file:/PATH write, in order of time; -f goes on with what comes\n--since TIME, "
	  "--json; quote the * for your shell" },
	{ "shell", "shell SERVER[/KIND/NAME]", "a shell on a server or in a container" },
	{ "sessions", "sessions [SERVER...]",
	  "the sessions of coding agents and tmux, and what they ask (--json)" },
	{ "attach", "attach SERVER/session/ID", "the session itself, full screen" },
	{ "doctor", "doctor [SERVER...]",
	  "what works on the way to them, and how to repair the rest" },
	{ "notify", "notify --test NAME",
	  "send a test message by [notify NAME] of the configuration" },
	{ "watch", "watch [SERVER...]",
	  "no screen: tell by [notify NAME] what needs you\n--print-unit prints a user unit of "
	  "systemd for it" },
	{ "help", "help [TOPIC]",
	  "this list, or what is known of a command, an action, a panel, a section, or keys" },
	{ 0 }
};

/* Prints text up to its end or newline, broken at blanks, from a column on. */
static void topics_wrap(FILE *f, const char *text, size_t from, size_t used)
{
	size_t at = used, end = strcspn(text, "\n");
	for (const char *word = text; word < text + end;) {
		size_t n = strcspn(word, " \n");
		if (at > from && at + 1 + n > LINE_CELLS) {
			fprintf(f, "\n%*s", (int)from, "");
			at = from;
		}
		at += (size_t)fprintf(f, "%s%.*s", at > from ? " " : "", (int)n, word);
		word += n + (word[n] == ' ');
	}
	fputc('\n', f);
}

static void topics_print_command(FILE *f, const struct command_row *row, bool whole)
{
	int used = fprintf(f, "  mocr %s", row->usage);
	if (used > USAGE_CELLS)
		fputc('\n', f);
	fprintf(f, "%*s", used > USAGE_CELLS ? USAGE_CELLS + 2 : USAGE_CELLS + 2 - used, "");
	topics_wrap(f, row->help, USAGE_CELLS + 2, USAGE_CELLS + 2);
	const char *more = strchr(row->help, '\n');
	if (whole && more) {
		fprintf(f, "%*s", USAGE_CELLS + 2, "");
		topics_wrap(f, more + 1, USAGE_CELLS + 2, USAGE_CELLS + 2);
	}
}

void topics_print_commands(FILE *f)
{
	for (const struct command_row *row = command_rows; row->word; row++)
		topics_print_command(f, row, false);
}

/* --- one topic ----------------------------------------------------------- */

static bool topics_print_commands_called(FILE *f, const char *word)
{
	bool found = false;
	for (const struct command_row *row = command_rows; row->word; row++) {
		if (!*word || strcmp(row->word, word) != 0)
			continue;
		topics_print_command(f, row, true);
		found = true;
	}
	return found;
}

static bool topics_print_action(FILE *f, const char *where, const struct action *a,
                                const char *word)
{
	bool found = false;
	char key[KEY_NAME_SIZE];
	for (; a && a->name; a++) {
		if (strcmp(a->name, word) != 0 && (!a->verb || strcmp(a->verb, word) != 0))
			continue;
		const char *name = action_key(a, key);
		fprintf(f, "  %s, on %s", a->name, where);
		if (name)
			fprintf(f, ", key [%s]", name);
		fputs(": ", f);
		topics_wrap(f, a->help, 4, 4);
		if (a->run)
			fprintf(f, "    mocr do %s SERVER/%s/NAME\n", a->name, where);
		found = true;
	}
	return found;
}

static bool topics_print_actions(FILE *f, const char *word)
{
	const struct action *table;
	bool found = topics_print_action(f, kind_server.name, kind_server.actions, word);
	for (const struct kind *const *k = kinds; *k; k++)
		found |= topics_print_action(f, (*k)->name, (*k)->actions, word);
	for (size_t i = 0; (table = console_table(i)); i++)
		found |= topics_print_action(f, "the screen", table, word);
	return found;
}

static bool topics_print_panel(FILE *f, const char *word)
{
	for (size_t i = 0; panels[i]; i++)
		if (!strcmp(panels[i]->name, word)) {
			fprintf(f, "  :%s shows the panel %s.\n", word, panels[i]->title);
			return true;
		}
	return false;
}

static bool topics_print_section(FILE *f, const char *word)
{
	bool found = false;
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		if (strcmp(row->section, word) != 0)
			continue;
		if (!found)
			fprintf(f, "  [%s%s] of the configuration, mocr-config(5):\n", word,
			        strcmp(word, "settings") != 0 ? " NAME" : "");
		fprintf(f, "    %-20s ", row->key);
		topics_wrap(f, row->help, 25, 25);
		found = true;
	}
	return found;
}

static bool topics_print_keys(FILE *f, const char *word)
{
	const struct action *table;
	char keys[ACTION_KEYS_SIZE], shown[ACTION_KEYS_SIZE];
	if (strcmp(word, "keys") != 0)
		return false;
	for (size_t i = 0; (table = console_table(i)); i++)
		for (const struct action *a = table; a->name; a++) {
			if (!*action_keys(a, keys))
				continue;
			fprintf(f, "  %-16s ", key_brackets(keys, shown, sizeof(shown)));
			topics_wrap(f, a->help, 19, 19);
		}
	return true;
}

static const char *topics_nearest(const char *word)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (const struct command_row *row = command_rows + 1; row->word; row++)
		names[n++] = row->word;
	for (const struct kind *const *k = kinds; *k; k++)
		for (const struct action *a = (*k)->actions; a && a->name; a++) {
			if (n + 2 > NAMES_MAX)
				break;
			names[n++] = a->name;
			names[n++] = a->verb;
		}
	for (size_t i = 0; panels[i] && n < NAMES_MAX; i++)
		names[n++] = panels[i]->name;
	for (const struct setting_row *row = setting_rows; row->key && n < NAMES_MAX; row++)
		names[n++] = row->section;
	if (n < NAMES_MAX)
		names[n++] = "keys";
	return nearest(word, names, n);
}

bool topics_print(FILE *f, const char *word, char *near, size_t size)
{
	static bool (*const print[])(FILE *, const char *) = {
		topics_print_commands_called, topics_print_actions, topics_print_panel,
		topics_print_section,         topics_print_keys,
	};
	bool found = false;
	for (size_t i = 0; i < ARRAY_LEN(print); i++)
		found |= print[i](f, word);
	const char *like = found ? NULL : topics_nearest(word);
	snprintf(near, size, "%s", like ? like : "");
	return found;
}
