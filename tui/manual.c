/* manual.c: tables of the man pages in mdoc. */
#include "tui/manual.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "backends/systems/system.h"
#include "tui/canvas.h"
#include "tui/console.h"
#include "tui/panel.h"

/* Escapes characters that mdoc would interpret: backslash, a leading dot or quote, and - ~ ^ `. */
static void manual_text(FILE *f, const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", f);
	for (; *s; s++)
		if (*s == '\\')
			fputs("\\e", f);
		else if (*s == '-')
			fputs("\\-", f);
		else if (*s == '~')
			fputs("\\(ti", f);
		else if (*s == '^')
			fputs("\\(ha", f);
		else if (*s == '`')
			fputs("\\(ga", f);
		else
			fputc(*s, f);
}

/* Prints a list item: the left part in bold and quoted, then the sentence. */
static void manual_item(FILE *f, const char *left, const char *right)
{
	fputs(".It Sy \"", f);
	for (const char *s = left; *s; s++)
		if (*s == '"')
			fputs("\\(dq", f);
		else
			manual_text(f, (char[]){ *s, '\0' });
	fputs("\"\n", f);
	manual_text(f, right);
	fputc('\n', f);
}

static void manual_dump_options(FILE *f)
{
	for (const struct option_row *o = option_rows; o->name; o++) {
		char left[64], letter[8] = "";
		if (o->letter < 256)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		size_t n = (size_t)snprintf(left, sizeof(left), "%s--%s", letter, o->name);
		if (o->argument)
			snprintf(left + n, sizeof(left) - n, " %s", o->argument);
		manual_item(f, left, o->help);
	}
}

static void manual_dump_action(FILE *f, const struct action *a)
{
	char left[240], keys[ACTION_KEYS_SIZE], shown[ACTION_KEYS_SIZE];
	if (a->key)
		snprintf(left, sizeof(left), "%s  %s", a->name,
		         key_brackets(action_keys(a, keys), shown, sizeof(shown)));
	else
		snprintf(left, sizeof(left), "%s", a->name);
	manual_item(f, left, a->help);
}

/* An action of a row also has a verb, which is shorter: "container-restart, restart  [r]". */
static void manual_dump_row_action(FILE *f, const struct action *a)
{
	char keys[ACTION_KEYS_SIZE], shown[ACTION_KEYS_SIZE] = "";
	struct buf left = { 0 };
	buf_puts(&left, a->name);
	if (strcmp(a->name, a->verb) != 0)
		buf_addf(&left, ", %s", a->verb);
	if (a->key)
		buf_addf(&left, "  %s", key_brackets(action_keys(a, keys), shown, sizeof(shown)));
	manual_item(f, left.data, a->help);
	buf_finish(&left);
}

static void manual_dump_actions(FILE *f)
{
	for (const struct action *a = kind_server.actions; a->name; a++)
		manual_dump_row_action(f, a);
	for (const struct kind *const *k = kinds; *k; k++)
		for (const struct action *a = (*k)->actions; a && a->name; a++)
			manual_dump_row_action(f, a);
}

static void manual_dump_commands(FILE *f)
{
	const char *name, *argument, *help;
	for (size_t i = 0; command_words(i, &name, &argument, &help); i++) {
		char *left = argument ? xasprintf(":%s %s", name, argument)
		                      : xasprintf(":%s", name);
		char *right = xasprintf("%s.", help);
		manual_item(f, left, right);
		free(left);
		free(right);
	}
}

static void manual_dump_keys(FILE *f)
{
	const struct action *table;
	for (size_t i = 0; (table = console_table(i)); i++)
		for (const struct action *a = table; a->name; a++)
			manual_dump_action(f, a);
}

/* A part for each context below the console's. */
static void manual_dump_contexts(FILE *f)
{
	for (int i = CONTEXT_CONSOLE + 1; i < CONTEXT_COUNT; i++) {
		const struct context *context = context_of((enum action_context)i);
		fprintf(f, ".Ss %s: %s\n.Bl -tag -width Ds\n", context->title, context->name);
		const struct action *table;
		for (size_t k = 0; (table = context_table((enum action_context)i, k)); k++)
			for (const struct action *a = table; a->name; a++)
				manual_dump_action(f, a);
		fputs(".El\n", f);
	}
}

static void manual_dump_context_names(FILE *f)
{
	for (int i = 0; i < CONTEXT_COUNT; i++)
		fprintf(f, ".It Sy %s\n%s.\n", context_of((enum action_context)i)->name,
		        context_of((enum action_context)i)->title);
}

static void manual_dump_settings(FILE *f, const char *section)
{
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		if (strcmp(row->section, section) != 0)
			continue;
		struct buf right = { 0 };
		if (row->choices)
			buf_addf(&right, "one of %s", row->choices);
		else
			buf_puts(&right, setting_type_name(row->type));
		if (!row->choices && row->type == SETTING_NUMBER)
			buf_addf(&right, " from %d to %d", row->min, row->max);
		if (row->fallback)
			buf_addf(&right, "; default %s. %s.", row->fallback, row->help);
		else
			buf_addf(&right, "; not set. %s.", row->help);
		manual_item(f, row->key, right.data);
		buf_finish(&right);
	}
}

/* "[prometheus]": how often, and for what. */
static void manual_dump_systems(FILE *f)
{
	const struct kind *system = kind_find("system");
	for (const struct backend *const *b = backends; *b; b++) {
		const struct platform *p = (*b)->up == sites_up ? (*b)->param : NULL;
		char left[80], right[300];
		if (!p || p->kind != system)
			continue;
		const struct system_ops *ops = p->param;
		snprintf(left, sizeof(left), "[%s NAME]", p->section);
		snprintf(right, sizeof(right),
		         "every %lld s while on the screen, every %lld s otherwise: %s.",
		         (long long)p->shown_ms / 1000, (long long)p->hidden_ms / 1000, ops->asks);
		manual_item(f, left, right);
	}
}

static void manual_dump_tones(FILE *f)
{
	for (int i = 0; i < TONE_COUNT; i++)
		fprintf(f, "%s%s", i ? ", " : "", tone_name((enum tone)i));
	fputs(".\n", f);
}

static void manual_dump_panels(FILE *f)
{
	for (size_t i = 0; panels[i]; i++)
		manual_item(f, panels[i]->name, panels[i]->title);
}

/* The sections of the configuration have no row here: manual_dump finds them by their settings. */
static const struct {
	const char *name;
	void (*dump)(FILE *);
} tables[] = {
	{ "options", manual_dump_options },
	{ "actions", manual_dump_actions },
	{ "keys", manual_dump_keys },
	{ "tones", manual_dump_tones },
	{ "panels", manual_dump_panels },
	{ "contexts", manual_dump_contexts },
	{ "context-names", manual_dump_context_names },
	{ "systems", manual_dump_systems },
	{ "commands", manual_dump_commands },
};

bool manual_dump(const char *name, FILE *f)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (strcmp(tables[i].name, name) == 0) {
			tables[i].dump(f);
			return true;
		}
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->section, name) == 0) {
			manual_dump_settings(f, name);
			return true;
		}
	return false;
}
