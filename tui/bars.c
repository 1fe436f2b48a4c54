/* The lines around the panes: location and needs, the panels, and the keys that work now. */
#include <stdio.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/containers/containers.h"
#include "backends/link/link.h"
#include "backends/services/unit.h"
#include "tui/attach.h"
#include "tui/console_internal.h"

#define HINTS_MAX 12
#define TAB_LETTERS 8 /* longest panel name in the bar */

static const char *bar_separator(void)
{
	return canvas_ascii() ? ">" : "›";
}

/* --- header -------------------------------------------------------------- */

static void bar_breadcrumb(const struct console *c, char *buf, size_t size)
{
	const struct pane *p = &c->panes[c->focus];
	const char *sep = bar_separator();
	if (c->view)
		snprintf(buf, size, "mocr %s %s", sep, c->view->title);
	else if (c->scope[0])
		snprintf(buf, size, "mocr %s %s %s %s", sep, c->scope, sep, p->panel->name);
	else
		snprintf(buf, size, "mocr %s %s", sep, p->panel->name);
}

struct counts {
	int servers, up, lost, containers, containers_up, failed, waiting;
};

static void bar_count(const struct console *c, struct counts *n)
{
	memset(n, 0, sizeof(*n));
	for (const struct server *s = store_servers(c->store); s; s = s->next) {
		if (c->scope[0] && strcmp(s->name, c->scope) != 0)
			continue;
		n->servers++;
		n->up += s->link && s->link->state == LINK_UP;
		n->lost += s->link && s->link->state == LINK_LOST;
		n->waiting += s->link &&
		              (s->link->state == LINK_CONNECTING || s->link->state == LINK_ASKING);
		struct container_counts counts = containers_count(s);
		n->containers += counts.all;
		n->containers_up += counts.up;
		n->failed += units_failed(s);
	}
}

/* Counts servers, containers and units in one line. The least important parts are dropped first. */
static void bar_counts_text(const struct console *c, char *buf, size_t size, int room)
{
	struct counts n;
	char servers[80] = "", containers[40] = "", units[40] = "";
	bar_count(c, &n);
	if (!c->scope[0] && n.servers > 1) {
		int len = snprintf(servers, sizeof(servers), "%d servers: %d up", n.servers, n.up);
		if (n.lost)
			len += snprintf(servers + len, sizeof(servers) - (size_t)len, ", %d lost",
			                n.lost);
		if (n.waiting)
			snprintf(servers + len, sizeof(servers) - (size_t)len, ", %d to come",
			         n.waiting);
	}
	if (n.containers)
		snprintf(containers, sizeof(containers), "%d/%d containers", n.containers_up,
		         n.containers);
	if (n.failed)
		snprintf(units, sizeof(units), "%d failed unit%s", n.failed,
		         n.failed == 1 ? "" : "s");
	snprintf(buf, size, "%s%s%s%s%s", servers,
	         servers[0] && (containers[0] || units[0]) ? "   " : "", containers,
	         containers[0] && units[0] ? "  " : "", units);
	if ((int)cells(buf) > room)
		snprintf(buf, size, "%s%s%s", containers, containers[0] && units[0] ? "  " : "",
		         units);
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
	bar_breadcrumb(c, where, sizeof(where));
	cells_cut(shown, sizeof(shown), where, right > 2 ? (size_t)right - 2 : 0, CUT_MIDDLE,
	          glyph_ellipsis());
	int x = 1 + canvas_text(at, 0, 1, -1, TONE_TITLE_FOCUS, shown);
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

/* The name of the focused panel is never cut. Others show that many letters. gap: a blank after the
 * number. */
static int bar_draw(const struct console *c, const struct canvas *at, int letters, int gap)
{
	int x = 1;
	for (size_t i = 0; i < c->n_panes; i++) {
		bool here = i == c->focus;
		const char *tab = c->panes[i].panel->tab;
		int len = (int)cells(tab), show = here || len < letters ? len : letters;
		if (at) {
			canvas_textf(at, 0, x, -1, here ? TONE_TITLE_FOCUS : TONE_KEY, "%zu",
			             (i + 1) % 10);
			canvas_text(at, 0, x + 1 + (here || gap), show,
			            here ? TONE_TITLE_FOCUS : TONE_HINT, tab);
		}
		x += 1 + (here || gap) + show + 1;
	}
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

/* --- the line of keys ---------------------------------------------------- */

struct hints {
	const struct canvas *at;
	int x;
	const struct console *c;
};

/* False: no room. */
static bool bar_hint(struct hints *h, const char *key, const char *word)
{
	int need = (int)(cells(key) + 1 + cells(word));
	if (h->x + need > h->at->width)
		return false;
	h->x += canvas_text(h->at, 0, h->x, -1, TONE_KEY, key) + 1;
	h->x += canvas_text(h->at, 0, h->x, -1, TONE_HINT, word) + 2;
	return true;
}

static bool bar_hint_action(struct hints *h, const struct action *a)
{
	char key[KEY_NAME_SIZE];
	if (!binding_key(h->c, a, key))
		return true;
	return bar_hint(h, key, a->verb);
}

/* A view shows the keys for reading. */
static void bar_view_hints(struct hints *h)
{
	const struct view *v = h->c->view;
	bar_hint(h, "Esc", "back");
	if (v->what == VIEW_LOG) {
		bar_hint(h, "G", "follow");
		bar_hint(h, "/", "search");
		bar_hint(h, "&", "filter");
		bar_hint(h, "L", "level");
		bar_hint(h, "H", "bars");
		bar_hint(h, "w", "wrap");
		bar_hint(h, "t", "times");
	} else {
		bar_hint(h, "/", "search");
		bar_hint(h, "e", v->reveal ? "hide secrets" : "show secrets");
	}
	bar_hint(h, "y", "copy");
}

void draw_hint(struct console *c)
{
	const struct action *now[MENU_MAX];
	struct hints h = { &c->layout.hint, 1, c };
	static const char *const always[][2] = {
		{ "/", "filter" }, { ":", "command" }, { "?", "help" }, { "x", "all" }
	};
	if (c->view)
		bar_view_hints(&h);
	size_t n = actions_now(c, now, ARRAY_LEN(now));
	/* The general keys keep their place. The row's own keys get the rest of the line. */
	int general;
	if (c->view)
		general = 16;
	else if (h.at->width >= 70)
		general = 42;
	else
		general = 15;
	struct canvas part = canvas_part(h.at, 0, 0, 1,
	                                 h.at->width > general + 12 ? h.at->width - general : -1);
	h.at = &part;
	size_t shown = 0;
	for (size_t i = 0; i < n && shown < HINTS_MAX; i++) {
		if (!now[i]->key ||
		    ((now[i]->flags & CONSOLE_ROW) && !(now[i]->flags & CONSOLE_HINT)))
			continue;
		shown++;
		if (!bar_hint_action(&h, now[i]))
			break;
	}
	h.at = &c->layout.hint;
	if (h.at->width >= 70 && !c->view && h.x > 1)
		h.x += canvas_text(h.at, 0, h.x, -1, TONE_DIM, canvas_ascii() ? "-" : "·") + 2;
	if (!c->view && c->scope[0] && h.at->width >= 70)
		bar_hint(&h, "Esc", "back");
	for (size_t i = h.at->width >= 70 && !c->view ? 0 : 2; i < ARRAY_LEN(always); i++)
		bar_hint(&h, always[i][0], always[i][1]);
}
