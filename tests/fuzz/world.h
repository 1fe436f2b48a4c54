/* world.h: a store with one server of a recording, for targets whose parsers end in rows. */
#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "panels/panels.h"
#include "tests/fuzz/fuzz.h"

struct world {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
};

/* A loop is made once: it has file descriptors and signals of its own. */
static inline struct world world_create(void)
{
	static struct loop *loop;
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	if (!loop)
		loop = loop_create();
	struct world w = { .settings = settings_load(NULL, NULL), .loop = loop };
	w.store = store_create(loop, NULL, w.settings);
	return w;
}

static inline void world_destroy(struct world *w)
{
	store_destroy(w->store);
	loop_turn(w->loop, 0);
	settings_destroy(w->settings);
}

static inline void must_be_washed_doc(const struct row *row, bool reveal)
{
	struct doc doc;
	doc_init(&doc);
	if (row->kind->detail)
		row->kind->detail((struct row *)row, &doc, reveal);
	for (size_t i = 0; i < doc.n; i++) {
		MUST_BE_WASHED(doc.lines[i].label);
		MUST_BE_WASHED(doc.lines[i].text);
	}
	doc_finish(&doc);
}

static inline void must_be_washed_cells(const struct panel *p, const struct row *row)
{
	struct cell cell;
	for (const struct column *c = p->columns; c && c->name; c++) {
		memset(&cell, 0, sizeof(cell));
		column_cell(c, row, &cell);
		MUST_BE_WASHED(cell.text);
	}
	memset(&cell, 0, sizeof(cell));
	panel_brief(p, row, &cell);
	MUST_BE_WASHED(cell.text);
	struct cell lines[PANEL_STRIP_MAX] = { 0 };
	size_t n = p->strip ? p->strip(row, lines, PANEL_STRIP_MAX) : 0;
	MUST(n <= PANEL_STRIP_MAX);
	for (size_t i = 0; i < n; i++)
		MUST_BE_WASHED(lines[i].text);
}

/* Whatever a screen, a file or a question could show of the rows. */
static inline void must_be_washed_rows(const struct store *s)
{
	for (size_t i = 0; panels[i]; i++) {
		if (!panels[i]->kind)
			continue;
		for (const struct row *r = store_first(s, panels[i]->kind, NULL); r;
		     r = store_next(r, panels[i]->kind, NULL)) {
			MUST_BE_WASHED(r->id);
			MUST_BE_WASHED(r->name);
			MUST_BE_WASHED(r->why);
			MUST(store_find(s, r->id) == r);
			must_be_washed_cells(panels[i], r);
			must_be_washed_doc(r, false);
			must_be_washed_doc(r, true);
			for (const struct action *a = r->kind->actions; a && a->name; a++) {
				char command[512] = "";
				if (action_applies_to(a, r))
					action_command(a, r, command, sizeof(command));
				MUST_BE_WASHED(command);
			}
		}
	}
	for (const struct server *v = store_servers(s); v; v = v->next)
		for (const struct source *src = v->sources; src; src = src->next) {
			MUST_BE_WASHED(src->err.text);
			MUST_BE_WASHED(src->detail);
		}
}

#endif
