/* table_columns.c: which columns a table shows, and in which order. The table keeps its own copy of
 * the panel's columns, so that everything else can use their index. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tui/table_internal.h"

#define NAMES_BLANKS " \t,"

/* From this importance on a chosen column is dropped on a narrow screen. */
#define CHOSEN_IMPORTANCE 1

void table_columns_default(struct table *t)
{
	const struct column *from = t->panel->columns;
	t->n_columns = 0;
	for (; from && t->n_columns < TABLE_COLUMNS_MAX && from->name; from++) {
		t->off[t->n_columns] = from->flags & COLUMN_EXTRA;
		t->columns[t->n_columns++] = *from;
	}
}

bool table_has_column(const struct table *t, size_t i)
{
	return !t->hidden[i] && !t->off[i];
}

bool table_next_name(const char **names, char *name, size_t size)
{
	*names += strspn(*names, NAMES_BLANKS);
	size_t n = strcspn(*names, NAMES_BLANKS);
	snprintf(name, size, "%.*s", (int)n, *names);
	*names += n;
	return n > 0;
}

static const struct column *table_panel_column(const struct table *t, const char *name)
{
	for (const struct column *c = t->panel->columns; c && c->name; c++)
		if (!strcasecmp(c->name, name))
			return c;
	return NULL;
}

static void table_columns_add(struct table *t, const struct column *c, bool off)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (!strcmp(t->columns[i].name, c->name))
			return;
	if (t->n_columns == TABLE_COLUMNS_MAX)
		return;
	t->columns[t->n_columns] = *c;
	t->off[t->n_columns++] = off;
}

static bool table_columns_named(const char *names, const char *wanted)
{
	char name[64];
	while (table_next_name(&names, name, sizeof(name)))
		if (!strcasecmp(name, wanted))
			return true;
	return false;
}

static void table_columns_take(struct table *t, const char *names)
{
	char name[64];
	const struct column *all = t->panel->columns;
	t->n_columns = 0;
	for (const struct column *c = all; c->name; c++)
		if ((c->flags & COLUMN_HEALTH) && !table_columns_named(names, c->name))
			table_columns_add(t, c, false);
	for (int rank = CHOSEN_IMPORTANCE; table_next_name(&names, name, sizeof(name)); rank++) {
		size_t before = t->n_columns;
		table_columns_add(t, table_panel_column(t, name), false);
		if (t->n_columns > before && t->columns[before].importance)
			t->columns[before].importance = rank;
	}
	for (const struct column *c = all; c->name; c++)
		table_columns_add(t, c, !(c->flags & COLUMN_AGE));
}

bool table_choose_columns(struct table *t, const char *names, char *bad, size_t size)
{
	bool some = names && names[strspn(names, NAMES_BLANKS)];
	const char *rest = names;
	char name[64];
	while (some && table_next_name(&rest, name, sizeof(name)))
		if (!table_panel_column(t, name)) {
			snprintf(bad, size, "%s", name);
			return false;
		}
	const char *sort = table_sort_name(t), *hidden = NULL;
	for (size_t i = 0; i < t->n_columns; i++)
		hidden = t->hidden[i] ? t->columns[i].name : hidden;
	if (some)
		table_columns_take(t, names);
	else
		table_columns_default(t);
	/* Facts kept by index are those of other columns now: the order of the rows follows its
	 * name. */
	memset(t->hidden, 0, sizeof(t->hidden));
	if (hidden)
		table_hide(t, hidden, true);
	table_sort_by(t, sort, t->reverse);
	memset(t->drawn, 0, sizeof(t->drawn));
	table_columns_reset(t);
	return true;
}

bool table_columns_chosen(const struct table *t)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (t->off[i] != (bool)(t->columns[i].flags & COLUMN_EXTRA) ||
		    strcmp(t->columns[i].name, t->panel->columns[i].name) != 0)
			return true;
	return false;
}

/* The index in the table of the column at that place of those that can be chosen. */
static size_t table_choice(const struct table *t, size_t index)
{
	size_t i = 0;
	for (; i < t->n_columns; i++)
		if (!(t->columns[i].flags & COLUMN_AGE) && !index--)
			break;
	return i;
}

bool table_column(const struct table *t, size_t index, const char **name, bool *shown)
{
	size_t i = table_choice(t, index);
	if (i >= t->n_columns)
		return false;
	*name = t->columns[i].name;
	*shown = !t->off[i];
	return true;
}

const char *table_column_title(const struct table *t, size_t index)
{
	size_t i = table_choice(t, index);
	return i < t->n_columns ? t->columns[i].title : "";
}
