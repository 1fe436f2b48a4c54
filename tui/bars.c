/* The lines around the panes: location and needs, the panels, and the keys that work now. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/containers/containers.h"
#include "backends/link/link.h"
#include "backends/services/unit.h"
#include "tui/attach.h"
#include "tui/console_internal.h"
#include "tui/tint.h"

#define HINTS_MAX 12
#define TAB_LETTERS 8 /* longest panel name in the bar */

/* --- header -------------------------------------------------------------- */

/* The server that the breadcrumb names. NULL: none. */
static const struct server *bar_server(const struct console *c)
{
	const struct row *r = c->view ? store_find(c->store, c->view->id) : NULL;
	if (c->view)
		return r ? r->server : NULL;
	return c->scope[0] ? store_server_find(c->store, c->scope) : NULL;
}

struct counts {
	int servers, up, lost, containers, containers_up, failed, waiting;
};

/* Counts servers, containers and units in one line. The least important parts are dropped first. */
static void bar_counts_text(const struct console *c, char *buf, size_t size, int room)
{
	struct counts n = { 0 };
	char servers[80] = "", containers[40] = "", units[40] = "";
	for (const struct server *s = store_servers(c->store); s; s = s->next) {
		if (c->scope[0] && strcmp(s->name, c->scope) != 0)
			continue;
		n.servers++;
		n.up += s->link && s->link->state == LINK_UP;
		n.lost += s->link && s->link->state == LINK_LOST;
		n.waiting += s->link &&
		             (s->link->state == LINK_CONNECTING || s->link->state == LINK_ASKING);
		struct container_counts counts = containers_count(s);
		n.containers += counts.all;
		n.containers_up += counts.up;
		n.failed += units_failed(s);
	}
	if (!c->scope[0] && n.servers > 1) {
		int len = snprintf(servers, sizeof(servers), "%d servers: %d up", n.servers, n.up);
		if (n.lost)
			len += snprintf(servers + len, sizeof(servers) - (size_t)len, ", %d lost",
			                n.lost);
		if (n.waiting)
			snprintf(servers + len, sizeof(servers) - (size_t)len, ", %d connecting",
			         n.waiting);
	}
	if (n.containers)
		snprintf(containers, sizeof(containers), "%d/%d containers", n.containers_up,
		         n.containers);
	if (n.failed)
		snprintf(units, sizeof(units), "%d failed unit%s", n.failed,
		         n.failed == 1 ? "" : "s");
	const char *gap = containers[0] && units[0] ? "  " : "";
	const char *wide = servers[0] && (containers[0] || units[0]) ? "   " : "";
	snprintf(buf, size, "%s%s%s%s%s", servers, wide, containers, gap, units);
	if ((int)cells(buf) > room)
		snprintf(buf, size, "%s%s%s", containers, gap, units);
	if ((int)cells(buf) > room)
		snprintf(buf, size, "%s", units);
	if ((int)cells(buf) > room)
		buf[0] = '\0';
}

void draw_header(struct console *c)
{
	const struct canvas *at = &c->layout.header;
	char where[256], shown[512], text[256], need[48];
	if (!at->height)
		return;
	static const char read_only[] = "read-only";
	size_t asks, needs = console_problems(c, &asks);
	size_t kept = c->n_shells;
	int len = asks ? snprintf(need, sizeof(need), "%s %zu  ! %zu ", glyph_health(HEALTH_ASKS),
	                          asks, needs)
	               : snprintf(need, sizeof(need), "! %zu ", needs);
	len = (int)cells(need);
	int right = at->width - len;
	size_t size = sizeof(where);
	const char *sign = tint_of(bar_server(c)) ? "#" : "";
	const struct pane *p = &c->panes[c->focus];
	const char *sep = canvas_ascii() ? ">" : "›";
	if (c->view)
		snprintf(where, size, "mocr %s %s%s", sep, sign, c->view->title);
	else if (c->scope[0])
		snprintf(where, size, "mocr %s %s%s %s %s", sep, sign, c->scope, sep,
		         p->panel->name);
	else
		snprintf(where, size, "mocr %s %s", sep, p->panel->name);
	cells_cut(shown, sizeof(shown), where, right > 2 ? (size_t)right - 2 : 0, CUT_MIDDLE,
	          glyph_ellipsis());
	int x = 1 + canvas_text(at, 0, 1, -1, TONE_TITLE_FOCUS, shown);
	tint_drawn(bar_server(c), at, 0, 1, shown);
	enum tone tone;
	if (asks)
		tone = TONE_ASKS;
	else if (needs)
		tone = TONE_WARN;
	else
		tone = TONE_DIM;
	canvas_text(at, 0, right, -1, tone, need);
	if (c->settings->read_only && x + 2 + (int)cells(read_only) < right)
		x += 2 + canvas_text(at, 0, x + 2, -1, TONE_ACCENT, read_only);
	if (kept) {
		snprintf(text, sizeof(text), "%zu shell%s kept  ", kept, kept == 1 ? "" : "s");
		if (x + (int)cells(text) + 2 < right)
			canvas_text(at, 0, right -= (int)cells(text), -1, TONE_ACCENT, text);
	}
	bar_counts_text(c, text, sizeof(text), right - x - 4);
	if (text[0])
		canvas_text(at, 0, right - (int)cells(text) - 3, -1, TONE_PLAIN, text);
}

/* --- the bar of panels --------------------------------------------------- */

/* Draws one panel: its number if a key has it, and that many letters of its name. Without a number
 * a name keeps one letter. The name of the focused panel is never cut. Returns the next free
 * cell. */
static int bar_draw_panel(const struct console *c, const struct canvas *at, int x, size_t place,
                          int letters, int gap)
{
	size_t index = pane_at(c, place);
	bool here = index == c->focus, numbered = place < PANE_KEYS;
	const char *tab = c->panes[index].panel->tab;
	int len = (int)cells(tab), least = numbered ? letters : letters + !letters;
	int show = here || len < least ? len : least;
	if (at && numbered)
		canvas_textf(at, 0, x, -1, here ? TONE_TITLE_FOCUS : TONE_KEY, "%zu", place + 1);
	if (numbered)
		x += 1 + (here || gap);
	if (at)
		canvas_text(at, 0, x, show, here ? TONE_TITLE_FOCUS : TONE_HINT, tab);
	return x + show + 1;
}

/* gap: a blank after the number */
static int bar_draw(const struct console *c, const struct canvas *at, int letters, int gap)
{
	int x = 1;
	for (size_t i = 0; i < c->n_panes; i++)
		x = bar_draw_panel(c, at, x, i, letters, gap);
	return x - 1;
}

/* Draws all panels, with names as long as they fit. */
void draw_bar(struct console *c)
{
	const struct canvas *at = &c->layout.bar;
	int letters = TAB_LETTERS, gap = bar_draw(c, NULL, letters, 1) <= at->width;
	while (letters > 0 && bar_draw(c, NULL, letters, gap) > at->width)
		letters--;
	bar_draw(c, at, letters, gap);
}

size_t bar_panel_at(const struct console *c, int x)
{
	const struct canvas *at = &c->layout.bar;
	int letters = TAB_LETTERS, gap = bar_draw(c, NULL, letters, 1) <= at->width, end = 1;
	while (letters > 0 && bar_draw(c, NULL, letters, gap) > at->width)
		letters--;
	for (size_t i = 0; x > 0 && i < c->n_panes; i++) {
		end = bar_draw_panel(c, NULL, end, i, letters, gap);
		if (x < end - 1)
			return pane_at(c, i);
	}
	return SIZE_MAX;
}

/* --- the line of keys ---------------------------------------------------- */

struct hints {
	const struct canvas *at;
	int x;
	const struct console *c;
};

/* False: no room. */
static bool bar_hint(struct hints *h, const char *key, const char *word)
{
	int need = (int)(cells(key) + 3 + cells(word));
	if (h->x + need > h->at->width)
		return false;
	h->x += canvas_textf(h->at, 0, h->x, -1, TONE_KEY, "[%s]", key) + 1;
	h->x += canvas_text(h->at, 0, h->x, -1, TONE_HINT, word) + 2;
	return true;
}

/* The keys of a view that the line shows: by table and name, with a word of their own or the
 * verb. */
struct hint {
	const struct action *table;
	const char *name, *word;
};
static const struct hint log_hints[] = {
	{ console_actions, "console-back", NULL }, { text_actions, "text-last", "follow" },
	{ text_actions, "text-search", NULL },     { log_actions, "log-filter", NULL },
	{ log_actions, "log-level", NULL },        { log_actions, "log-bars", NULL },
	{ text_actions, "text-wrap", NULL },       { text_actions, "text-times", NULL },
	{ view_log_actions, "log-copy", NULL },    { NULL, NULL, NULL },
};
static const struct hint detail_hints[] = {
	{ console_actions, "console-back", NULL },
	{ text_actions, "text-search", NULL },
	{ view_detail_actions, "details-reveal", NULL },
	{ view_detail_actions, "details-copy", NULL },
	{ NULL, NULL, NULL },
};
/* General keys over the panes. A narrow screen shows the last two. */
static const struct hint general_hints[] = {
	{ console_actions, "pane-filter", NULL },
	{ console_actions, "console-command", NULL },
	{ console_actions, "console-help", NULL },
	{ console_actions, "console-menu", "all" },
	{ NULL, NULL, NULL },
};

static void bar_hints(struct hints *h, const struct hint *list)
{
	for (; list->name; list++) {
		const struct action *a = list->table;
		while (a->name && strcmp(a->name, list->name) != 0)
			a++;
		char key[KEY_NAME_SIZE];
		if (action_key(a, key))
			bar_hint(h, key, list->word ? list->word : a->verb);
	}
}

void draw_hint(struct console *c)
{
	const struct action *now[MENU_MAX];
	struct hints h = { &c->layout.hint, 1, c };
	if (c->view) {
		/* A view shows the keys for reading. */
		const struct view *v = h.c->view;
		struct hint details[ARRAY_LEN(detail_hints)];
		memcpy(details, detail_hints, sizeof(details));
		if (v->reveal)
			details[2].word = "hide secrets";
		bar_hints(&h, v->what == VIEW_LOG ? log_hints : details);
	}
	size_t n = actions_now(c, now, ARRAY_LEN(now));
	/* The general keys keep their place. The row's own keys get the rest of the line. */
	int general;
	if (c->view)
		general = 20;
	else if (h.at->width >= 70)
		general = 50;
	else
		general = 19;
	struct canvas part = canvas_part(h.at, 0, 0, 1,
	                                 h.at->width > general + 12 ? h.at->width - general : -1);
	h.at = &part;
	size_t shown = 0;
	for (size_t i = 0; i < n && shown < HINTS_MAX; i++) {
		bool is_own = !(now[i]->flags & (CONSOLE_ROW | CONSOLE_MENU));
		if (!now[i]->key || (!is_own && !(now[i]->flags & CONSOLE_HINT)))
			continue;
		shown++;
		char key[KEY_NAME_SIZE];
		if (action_key(now[i], key) && !bar_hint(&h, key, now[i]->verb))
			break;
	}
	h.at = &c->layout.hint;
	if (h.at->width >= 70 && !c->view && h.x > 1)
		h.x += canvas_text(h.at, 0, h.x, -1, TONE_DIM, canvas_ascii() ? "-" : "·") + 2;
	static const struct hint back[] = { { console_actions, "console-back", NULL },
		                            { NULL, NULL, NULL } };
	if (!c->view && c->scope[0] && h.at->width >= 70)
		bar_hints(&h, back);
	bar_hints(&h, general_hints + (h.at->width >= 70 && !c->view ? 0 : 2));
}
