/* jump.c: see jump.h. */
#include "tui/jump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/report.h"
#include "tui/console_internal.h"

#define JUMP_MAX 20000 /* places in the box; what needs the user is never left out */

/* Where a place of the box leads. The ids are copied: a row may leave while the box is open. */
struct jump_place {
	char *id; /* owned; of a row; NULL: another place */
	const struct action *action;
	size_t panel; /* index of the pane, where id and action are NULL */
};
struct jump {
	struct jump_place *places; /* owned */
	size_t n, cap;
};

static void jump_clear(struct jump *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->places[i].id);
	j->n = 0;
}

void jump_finish(struct console *c)
{
	if (!c->jump)
		return;
	jump_clear(c->jump);
	free(c->jump->places);
	free(c->jump);
	c->jump = NULL;
}

/* --- what there is ------------------------------------------------------- */

static size_t jump_age(const struct console *c, const struct row *r)
{
	for (size_t i = 0; i < c->n_jumped; i++)
		if (strcmp(c->jumped[i], r->id) == 0)
			return i;
	return c->n_jumped;
}

/* Those of last time first, the newest before the others; then the worst; then by name. */
static int jump_compare(const void *pa, const void *pb, void *arg)
{
	const struct row *a = *(const struct row *const *)pa, *b = *(const struct row *const *)pb;
	const struct console *c = arg;
	size_t age_a = jump_age(c, a), age_b = jump_age(c, b);
	if (age_a != age_b)
		return age_a < age_b ? -1 : 1;
	bool bad_a = a->need == NEED_STANDS, bad_b = b->need == NEED_STANDS;
	if (bad_a != bad_b)
		return bad_a ? -1 : 1;
	if (bad_a && a->health != b->health)
		return a->health > b->health ? -1 : 1;
	if ((a->kind == &kind_server) != (b->kind == &kind_server))
		return a->kind == &kind_server ? -1 : 1;
	int by_name = strverscmp(a->name, b->name);
	return by_name ? by_name : strcmp(a->id, b->id);
}

/* The rows in order; the caller frees the array. */
static const struct row **jump_rows(struct console *c, size_t *n)
{
	size_t all = store_count(c->store, NULL, NULL);
	const struct row **rows = xcalloc(all + 1, sizeof(*rows));
	*n = 0;
	for (const struct row *r = store_first(c->store, NULL, NULL); r;
	     r = store_next(r, NULL, NULL)) {
		bool has_pane = false;
		for (size_t i = 0; i < c->n_panes; i++)
			has_pane |= c->panes[i].panel->kind == r->kind;
		if (has_pane && *n < all)
			rows[(*n)++] = r;
	}
	qsort_r(rows, *n, sizeof(*rows), jump_compare, c);
	if (*n > JUMP_MAX)
		*n = JUMP_MAX;
	return rows;
}

/* --- the box ------------------------------------------------------------- */

static void jump_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	if (result->choice < 0 || (size_t)result->choice >= c->jump->n)
		return;
	const struct jump_place *to = &c->jump->places[result->choice];
	if (to->action) {
		action_begin(c, to->action);
	} else if (!to->id) {
		pane_focus(c, to->panel);
	} else if (console_goto(c, to->id)) {
		size_t at = 0;
		while (at < c->n_jumped && strcmp(c->jumped[at], to->id) != 0)
			at++;
		if (at == JUMPED_MAX)
			at--;
		else if (at == c->n_jumped)
			c->n_jumped++;
		memmove(&c->jumped[1], &c->jumped[0], at * sizeof(c->jumped[0]));
		snprintf(c->jumped[0], sizeof(c->jumped[0]), "%s", to->id);
	} else {
		console_flash(c, TONE_WARN, "%s is no longer there", to->id);
	}
	console_redraw(c);
}

/* The lines of the box, next to the places they lead to. */
struct jump_lines {
	struct dialog_item *items;
	char **help, **words; /* owned */
	size_t n;
};

/* help and words are taken over. words: for the filter, not shown. */
static struct jump_place *jump_line(struct console *c, struct jump_lines *l, const char *label,
                                    char *help, char *words)
{
	l->help[l->n] = help;
	l->words[l->n] = words;
	l->items[l->n++] = (struct dialog_item){ .label = label, .help = help };
	if (c->jump->n == c->jump->cap) {
		c->jump->cap = c->jump->cap ? 2 * c->jump->cap : 256;
		c->jump->places = xrealloc(c->jump->places,
		                           c->jump->cap * sizeof(*c->jump->places));
	}
	struct jump_place *p = &c->jump->places[c->jump->n++];
	*p = (struct jump_place){ 0 };
	return p;
}

void jump_open(struct console *c)
{
	if (!c->jump)
		c->jump = xcalloc(1, sizeof(*c->jump));
	jump_clear(c->jump);
	const struct action *now[MENU_MAX];
	size_t n_rows, n_now = actions_now(c, now, MENU_MAX);
	const struct row **rows = jump_rows(c, &n_rows);
	size_t most = n_rows + c->n_panes + n_now;
	struct jump_lines l = { xcalloc(most, sizeof(*l.items)), xcalloc(most, sizeof(*l.help)),
		                xcalloc(most, sizeof(*l.words)), 0 };
	for (size_t i = 0; i < n_rows; i++) {
		const char *on = rows[i]->kind == &kind_server ? "" : " on ";
		const char *server = rows[i]->kind == &kind_server ? "" : rows[i]->server->name;
		const char *why = rows[i]->why ? rows[i]->why : "";
		char prefix[40];
		/* What an id has before the name: "user" of "pi/unit/user:notes.service". Two rows
		 * of one name are told apart by that. "": nothing. */
		const char *own = strchr(rows[i]->id, '/');
		own = own ? strchr(own + 1, '/') : NULL;
		size_t n = own ? strlen(own + 1) : 0, name = strlen(rows[i]->name);
		prefix[0] = '\0';
		if (n > name + 1 && strcmp(own + 1 + n - name, rows[i]->name) == 0)
			snprintf(prefix, sizeof(prefix), " (%.*s)", (int)(n - name - 1), own + 1);
		char *help = xasprintf("%s%s%s%s%s%s", rows[i]->kind->name, prefix, on, server,
		                       *why ? ": " : "", why);
		char *words = xasprintf("server:%s kind:%s state:%s", rows[i]->server->name,
		                        rows[i]->kind->name, health_name(rows[i]->health));
		jump_line(c, &l, rows[i]->name, help, words)->id = xstrdup(rows[i]->id);
	}
	for (size_t i = 0; i < c->n_panes; i++)
		jump_line(c, &l, c->panes[i].panel->title, xstrdup("panel"),
		          xstrdup("kind:panel"))
			->panel = i;
	for (size_t i = 0; i < n_now; i++) {
		const struct action *a = now[i];
		const struct row *r = a->flags & CONSOLE_MENU ? NULL : console_row(c);
		if (a->show == jump_open)
			continue;
		char *help = xasprintf("action on %s: %s", r ? r->name : "mocr", a->help);
		jump_line(c, &l, a->verb, help, xstrdup("kind:action"))->action = a;
	}
	c->dialog = dialog_find("Go to", l.items, (const char *const *)l.words, l.n, jump_chosen,
	                        c);
	for (size_t i = 0; i < l.n; i++) {
		free(l.help[i]);
		free(l.words[i]);
	}
	free(l.items);
	free(l.help);
	free(l.words);
	free(rows);
	console_redraw(c);
}
