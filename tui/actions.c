/* The console's own actions, one row each. With the actions of the kinds (kind->actions) they feed
 * keys, menu, help, the command line and the man page. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/store/report.h"
#include "backends/servers/server.h"
#include "tui/aside.h"
#include "tui/console_internal.h"
#include "tui/fold.h"
#include "tui/hosts.h"
#include "tui/jump.h"
#include "tui/look.h"
#include "tui/need_step.h"
#include "tui/remember.h"
#include "tui/undo.h"

/* --- on the row under the cursor ----------------------------------------- */

static bool action_asks(const struct row *r)
{
	return r->server->asks != NULL;
}
static bool action_has_log(const struct row *r)
{
	return row_has_log(r);
}

/* The row that gets the shell. A row without a shell, such as a unit, uses its server's. */
static struct row *action_shell_row(struct row *r)
{
	return r->kind->shell && !r->kind->attaches ? r : &r->server->row;
}
static bool action_has_shell(const struct row *r)
{
	bool up = r->server->link && r->server->link->state == LINK_UP;
	return up && (!r->kind->shell_fits || r->kind->shell_fits(r));
}
static bool action_in_tmux(const struct row *r)
{
	return action_has_shell(r) && getenv("TMUX");
}
static bool action_has_detail(const struct row *r)
{
	return r->kind->detail != NULL;
}

static void action_details(struct console *c)
{
	view_open_detail(c, console_row(c));
}
static void action_shell(struct console *c)
{
	shell_open(c, action_shell_row(console_row(c)));
}
static void action_shell_window(struct console *c)
{
	shell_open_window(c, action_shell_row(console_row(c)));
}
static void action_answer(struct console *c)
{
	console_answer(c, console_server(c));
}

/* Enter: in the list of needs, the best next step. Answers a server's ask or goes into the server.
 * Opens the log of a kind that prefers its log (deploys), or what its panel opens, else details. */
static void action_open(struct console *c)
{
	struct row *r = console_row(c);
	const struct pane *p = pane_focused(c);
	if (p->panel->needs)
		need_step_do(c, r);
	else if (r->kind == &kind_server && r->server->asks)
		console_answer(c, r->server);
	else if (r->kind == &kind_server)
		console_enter_server(c, r->server->name);
	else if (r->kind == &kind_source)
		view_open_detail(c, r);
	else if (!p->panel->kind)
		console_goto(c, r->id);
	else if (r->kind->log_first && r->kind->log_first(r))
		view_open_log(c);
	else if (!panel_open(c, r))
		view_open_detail(c, r);
}

static void action_copy(struct console *c)
{
	struct row *r = console_row(c);
	clipboard_copy(c, r->id);
	console_flash(c, TONE_GOOD, "copied: %s", r->id);
}

static void action_mark(struct console *c)
{
	struct pane *p = pane_focused(c);
	p->moved = true;
	if (p->table)
		table_mark_toggle(p->table);
	console_redraw(c);
}

static void action_mark_shown(struct console *c)
{
	struct pane *p = pane_focused(c);
	if (p->table)
		table_mark_shown(p->table);
	console_redraw(c);
}

static void action_refresh(struct console *c)
{
	struct server *one = console_server(c);
	for (struct server *s = store_servers(c->store); s; s = s->next)
		if (!one || s == one)
			server_refresh(s);
	console_flash(c, TONE_PLAIN, "%s: refreshing", one ? one->name : "all servers");
}

/* --- panes --------------------------------------------------------------- */

/* Steps from one pane or column to another: the data of such actions. */
static const int forward = 1, backward = -1;

static void action_next(struct console *c)
{
	const int *step = c->action->data;
	size_t place = pane_place_in_order(c, c->focus);
	pane_focus(c, pane_at(c, (place + c->n_panes + (size_t)*step) % c->n_panes));
}

/* action->data of pane-1 to pane-9 is the place in the user's order. */
static const size_t pane_places[PANE_KEYS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

static void action_pane(struct console *c)
{
	const size_t *place = c->action->data;
	pane_focus(c, pane_at(c, *place));
}

const struct panel *action_panel(const struct console *c, const struct action *a)
{
	const size_t *place = a->data;
	if (a->show != action_pane || *place >= c->n_panes)
		return NULL;
	return c->panes[pane_at(c, *place)].panel;
}

bool action_lacks_panel(const struct console *c, const struct action *a)
{
	return a->show == action_pane && !action_panel(c, a);
}

static void action_zoom(struct console *c)
{
	c->zoom = !c->zoom;
	console_redraw(c);
}

static void action_problems(struct console *c)
{
	struct pane *p = pane_focused(c);
	if (p->panel->needs) {
		aside_toggle(c, p);
		return;
	}
	p->problems = !p->problems;
	p->state = ROWS_DIRTY;
	console_redraw(c);
}

static void action_sort(struct console *c)
{
	const int *step = c->action->data;
	struct pane *p = pane_focused(c);
	if (!p->table)
		return;
	if (step)
		table_sort_step(p->table, *step);
	else
		table_sort_reverse(p->table);
	p->state = ROWS_DIRTY;
	console_redraw(c);
}

/* Cycles through all needs of all servers, worst first. */
static void action_needs_next(struct console *c)
{
	struct pane *needs = &c->panes[PANE_NEEDS];
	if (c->scope[0]) {
		snprintf(c->scope, sizeof(c->scope), "%s", "");
		panes_dirty(c);
	}
	if (needs->filter[0])
		pane_set_filter(c, needs, "");
	if (needs->aside)
		aside_toggle(c, needs);
	fold_open(needs, NULL);
	panes_refresh(c);
	pane_refresh(c, needs);
	const struct row *first = NULL, *next = NULL;
	size_t n = 0, at = 1;
	bool passed = false;
	for (size_t i = 0; i < needs->n; i++) {
		const struct row *r = needs->rows[i];
		if (row_is_head(r) || row_is_remembered(r, NULL))
			continue;
		n++;
		first = first ? first : r;
		if (passed && !next) {
			next = r;
			at = n;
		}
		passed = passed || !strcmp(r->id, c->needs_at);
	}
	if (!n) {
		console_flash(c, TONE_GOOD, "Nothing needs you.");
		return;
	}
	char which[48];
	snprintf(which, sizeof(which), "%zu of %zu", at, n);
	aside_go_to(c, next ? next : first, which);
}

/* --- the console --------------------------------------------------------- */

/* Goes back one step, but never quits. False: nothing to go back from. */
static bool action_step_back(struct console *c)
{
	struct pane *p = pane_focused(c);
	if (c->view)
		view_close(c);
	else if (p->table && table_marks(p->table, NULL, 0))
		table_marks_clear(p->table);
	else if (p->filter[0])
		pane_set_filter(c, p, "");
	else if (p->problems || p->aside)
		action_problems(c);
	else if (c->zoom)
		c->zoom = false;
	else if (c->scope[0])
		console_enter_server(c, "");
	else
		return false;
	console_redraw(c);
	return true;
}

static void action_back(struct console *c)
{
	char quits[KEY_NAME_SIZE], helps[KEY_NAME_SIZE];
	if (action_step_back(c))
		return;
	if (c->focus != PANE_FLEET)
		pane_focus(c, PANE_FLEET);
	else
		console_flash(c, TONE_PLAIN, "This is the top: %s quits, %s helps.",
		              keymap_key(console_actions, "console-close", quits),
		              keymap_key(console_actions, "console-help", helps));
}

static void action_quit_answered(const struct dialog_result *result, void *arg)
{
	if (result->choice == 1)
		console_quit(arg, 0);
}

/* What an end of mocr costs; NULL: nothing. */
static const char *action_quit_costs(const struct console *c)
{
	if (c->n_orders)
		return "What was started continues there; its result will not be seen here.";
	return c->n_shells ? "Shells that were kept running are closed." : NULL;
}

static void action_ask_quit(struct console *c)
{
	struct confirm_spec spec = {
		.title = "Quit mocr?",
		.detail = action_quit_costs(c),
		.yes = "Quit",
	};
	c->dialog = dialog_confirm(&spec, action_quit_answered, c);
	console_redraw(c);
}

static void action_quit(struct console *c)
{
	if (action_quit_costs(c))
		action_ask_quit(c);
	else
		console_quit(c, 0);
}

static void action_close(struct console *c)
{
	if (!c->view && !c->scope[0] && !c->zoom)
		action_quit(c);
	else
		action_step_back(c);
}

static void action_command_line(struct console *c)
{
	command_open(c, "");
}
static void action_redraw(struct console *c)
{
	canvas_redraw_all();
	console_redraw(c);
}

#define ROW CONSOLE_ROW
#define HINT (CONSOLE_ROW | CONSOLE_HINT)
#define MENU CONSOLE_MENU
#define PANES CONSOLE_PANES
const struct action console_actions[] = {
	{ .name = "row-answer",
	  .verb = "answer",
	  .key = "a",
	  .flags = HINT,
	  .applies = action_asks,
	  .show = action_answer,
	  .help = "answer what the server asks: a fingerprint, a password, a code" },
	{ .name = "row-open",
	  .verb = "open",
	  .key = "Enter Right",
	  .flags = ROW | PANES,
	  .show = action_open,
	  .help = "go into the server, to a deploy's output or to the details; on what needs "
	          "you, do what its ENTER says" },
	{ .name = "row-logs",
	  .verb = "logs",
	  .key = "l",
	  .flags = HINT,
	  .applies = action_has_log,
	  .show = view_open_log,
	  .help = "follow the log, of the marked rows of all panels together when there are some "
	          "here" },
	{ .name = "row-shell",
	  .verb = "shell",
	  .key = "s",
	  .flags = HINT | ACTION_CHANGES,
	  .applies = action_has_shell,
	  .show = action_shell,
	  .help = "open a shell in the container or on the server; shell-leave comes back" },
	{ .name = "row-details",
	  .verb = "details",
	  .key = "d",
	  .flags = HINT | CONSOLE_NOT_DETAILS,
	  .applies = action_has_detail,
	  .show = action_details,
	  .help = "everything that is known about it" },
	{ .name = "row-shell-window",
	  .verb = "shell in tmux",
	  .key = "S",
	  .flags = ROW | ACTION_CHANGES,
	  .applies = action_in_tmux,
	  .show = action_shell_window,
	  .help = "open the shell in a new tmux window" },
	{ .name = "row-copy",
	  .verb = "copy",
	  .key = "y",
	  .flags = ROW | PANES,
	  .show = action_copy,
	  .help = "copy its id to the clipboard (OSC 52)" },
	{ .name = "row-mark",
	  .verb = "mark",
	  .key = "Space",
	  .flags = ROW | PANES,
	  .show = action_mark,
	  .help = "mark the row; actions then work on all marked ones" },
	{ .name = "row-mark-all",
	  .verb = "mark all",
	  .key = "*",
	  .flags = ROW | PANES,
	  .show = action_mark_shown,
	  .help = "mark all rows that the filter shows, or take these marks away" },
	{ .name = "row-acknowledge",
	  .verb = "acknowledge",
	  .key = "K",
	  .flags = HINT,
	  .applies = aside_applies,
	  .show = aside_acknowledge,
	  .help = "take what needs you out of the queue until it changes, or put it back" },
	{ .name = "row-snooze",
	  .verb = "snooze",
	  .key = "Z",
	  .flags = ROW,
	  .applies = aside_applies,
	  .show = aside_snooze,
	  .help = "take it out of the queue for an hour, until the morning or until it clears" },
	{ .name = "needs-next",
	  .verb = "next need",
	  .key = "n",
	  .flags = MENU | PANES,
	  .show = action_needs_next,
	  .help = "go to the next thing that needs you, on any server" },
	{ .name = "needs-longest",
	  .verb = "longest need",
	  .key = "L",
	  .flags = MENU,
	  .show = aside_go_to_longest,
	  .help = "go to what waits longest: of what asks you, else of all that needs you" },
	{ .name = "server-refresh",
	  .verb = "refresh",
	  .key = "C-r F5",
	  .flags = MENU,
	  .show = action_refresh,
	  .help = "refresh the server, or connect to it now" },
	{ .name = "pane-filter",
	  .verb = "filter",
	  .key = "/",
	  .flags = MENU | PANES,
	  .show = filter_open,
	  .help = "show only rows that match; !word leaves out; [Esc] shows all again" },
	{ .name = "pane-problems",
	  .verb = "problems only",
	  .key = "!",
	  .flags = MENU | PANES,
	  .show = action_problems,
	  .help = "show only rows that need you, or all again; among the needs, show what is "
	          "acknowledged or snoozed, too" },
	{ .name = "pane-fold",
	  .verb = "fold",
	  .key = "o",
	  .flags = MENU | PANES,
	  .show = fold_toggle,
	  .help = "put the rows under a head for each tag of the servers; close or open the head "
	          "at the cursor; what is done on a head is done on all rows under it" },
	{ .name = "pane-fold-all",
	  .verb = "fold all",
	  .key = "M-o",
	  .flags = MENU | PANES,
	  .show = fold_cycle,
	  .help = "close all heads, open them all, then show the rows without heads again" },
	{ .name = "pane-zoom",
	  .verb = "zoom",
	  .key = "z",
	  .flags = MENU | PANES,
	  .show = action_zoom,
	  .help = "give the pane the whole screen, or put it back" },
	{ .name = "pane-hide",
	  .verb = "hide pane",
	  .key = "_",
	  .flags = MENU | PANES,
	  .show = look_hide,
	  .help = "show the pane only while it has the keys, or always again" },
	{ .name = "pane-show-all",
	  .verb = "show all panes",
	  .key = "+",
	  .flags = MENU | PANES,
	  .show = look_show_all,
	  .help = "show all hidden panes again" },
	{ .name = "pane-columns",
	  .verb = "columns",
	  .key = "C",
	  .flags = MENU | PANES,
	  .show = look_columns_box,
	  .help = "choose the columns of the pane and their order" },
	{ .name = "layout-next",
	  .verb = "next layout",
	  .key = "|",
	  .flags = MENU | PANES,
	  .show = look_next,
	  .help = "panes, one big panel, two columns, or a list with its details beside it" },
	{ .name = "border-down",
	  .verb = "border down",
	  .key = "M-Down",
	  .flags = PANES,
	  .show = look_move,
	  .data = &look_steps[LOOK_TALLER],
	  .help = "move the line between upper and lower panes down" },
	{ .name = "border-up",
	  .verb = "border up",
	  .key = "M-Up",
	  .flags = PANES,
	  .show = look_move,
	  .data = &look_steps[LOOK_LOWER],
	  .help = "move the line between upper and lower panes up" },
	{ .name = "border-right",
	  .verb = "border right",
	  .key = "M-Right",
	  .flags = PANES,
	  .show = look_move,
	  .data = &look_steps[LOOK_WIDER],
	  .help = "move the line between left and right panes to the right" },
	{ .name = "border-left",
	  .verb = "border left",
	  .key = "M-Left",
	  .flags = PANES,
	  .show = look_move,
	  .data = &look_steps[LOOK_NARROWER],
	  .help = "move the line between left and right panes to the left" },
	{ .name = "sort-next",
	  .verb = "sort by next column",
	  .key = ">",
	  .flags = PANES,
	  .show = action_sort,
	  .data = &forward,
	  .help = "order the rows by the next column" },
	{ .name = "sort-previous",
	  .verb = "sort by previous column",
	  .key = "<",
	  .flags = PANES,
	  .show = action_sort,
	  .data = &backward,
	  .help = "order the rows by the previous column" },
	{ .name = "sort-reverse",
	  .verb = "reverse order",
	  .key = "I",
	  .flags = PANES,
	  .show = action_sort,
	  .help = "reverse the order of the rows" },
	{ .name = "pane-next",
	  .verb = "next pane",
	  .key = "Tab",
	  .flags = PANES,
	  .show = action_next,
	  .data = &forward,
	  .help = "give the keys to the next pane" },
	{ .name = "pane-previous",
	  .verb = "previous pane",
	  .key = "S-Tab",
	  .flags = PANES,
	  .show = action_next,
	  .data = &backward,
	  .help = "give the keys to the previous pane" },
	{ .name = "pane-1",
	  .verb = "pane 1",
	  .key = "1",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[0],
	  .help = "the first pane" },
	{ .name = "pane-2",
	  .verb = "pane 2",
	  .key = "2",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[1],
	  .help = "the second pane" },
	{ .name = "pane-3",
	  .verb = "pane 3",
	  .key = "3",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[2],
	  .help = "the third pane" },
	{ .name = "pane-4",
	  .verb = "pane 4",
	  .key = "4",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[3],
	  .help = "the fourth pane" },
	{ .name = "pane-5",
	  .verb = "pane 5",
	  .key = "5",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[4],
	  .help = "the fifth pane" },
	{ .name = "pane-6",
	  .verb = "pane 6",
	  .key = "6",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[5],
	  .help = "the sixth pane" },
	{ .name = "pane-7",
	  .verb = "pane 7",
	  .key = "7",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[6],
	  .help = "the seventh pane" },
	{ .name = "pane-8",
	  .verb = "pane 8",
	  .key = "8",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[7],
	  .help = "the eighth pane" },
	{ .name = "pane-9",
	  .verb = "pane 9",
	  .key = "9",
	  .flags = PANES,
	  .show = action_pane,
	  .data = &pane_places[8],
	  .help = "the ninth pane" },
	{ .name = "shells-list",
	  .verb = "shells",
	  .key = "W",
	  .show = shells_menu,
	  .help = "go back to a shell that was kept running" },
	{ .name = "console-menu",
	  .verb = "all actions",
	  .key = "x",
	  .show = console_menu,
	  .help = "a menu of everything that can be done now" },
	{ .name = "console-jump",
	  .verb = "go to",
	  .key = "C-p",
	  .flags = MENU,
	  .show = jump_open,
	  .help = "go to anything by a few letters: a server, a row, a panel, an action" },
	{ .name = "console-command",
	  .verb = "command",
	  .key = ":",
	  .flags = MENU,
	  .show = action_command_line,
	  .help = "type a command; [Tab] completes, [Up] goes through those before" },
	{ .name = "console-hosts",
	  .verb = "hosts",
	  .flags = MENU,
	  .show = hosts_open,
	  .help = "choose hosts of your ssh config to watch; they are kept in the configuration" },
	{ .name = "console-help",
	  .verb = "help",
	  .key = "? F1",
	  .flags = MENU,
	  .show = console_help,
	  .help = "the keys of this view" },
	{ .name = "console-back",
	  .verb = "back",
	  .key = "Esc Left",
	  .show = action_back,
	  .help = "one step back: view, marks, filter, zoom, server; never quits" },
	{ .name = "console-undo",
	  .verb = "undo",
	  .key = "Backspace",
	  .flags = MENU | PANES,
	  .show = undo_step,
	  .help = "undo the last change of place: pane, server, filter, order, zoom or jump" },
	{ .name = "console-close",
	  .verb = "close",
	  .key = "q",
	  .show = action_close,
	  .help = "back from a view or a server; quits at the top" },
	{ .name = "console-redraw",
	  .verb = "redraw",
	  .key = "C-l",
	  .show = action_redraw,
	  .help = "redraw the whole screen" },
	{ .name = "console-suspend",
	  .verb = "suspend",
	  .key = "C-z",
	  .show = console_suspend,
	  .help = "stop mocr and go to the shell it was started from; fg comes back" },
	{ .name = "console-ask-quit",
	  .verb = "ask to quit",
	  .key = "C-c",
	  .show = action_ask_quit,
	  .help = "ask whether to leave mocr" },
	{ .name = "console-quit",
	  .verb = "quit",
	  .key = "Q F10",
	  .flags = MENU,
	  .show = action_quit,
	  .help = "leave mocr" },
	{ .name = NULL }
};

/* --- for keys, menu, help, commands -------------------------------------- */

const struct action *console_table(size_t i)
{
	for (size_t k = 0; panels[k]; k++) {
		const struct panel_extra *extra = panels[k]->extra;
		if (extra && extra->actions && !i--)
			return extra->actions;
	}
	return i ? NULL : console_actions;
}

const struct action *console_action_find(const char *word)
{
	return context_action(CONTEXT_CONSOLE, word);
}

bool action_exists(const struct console *c, const struct action *a)
{
	return !(a->flags & ACTION_CHANGES) || !c->settings->read_only;
}

bool action_applies(struct console *c, const struct action *a, const struct row *r)
{
	bool of_row = (a->flags & CONSOLE_ROW) || a->run;
	if (!action_exists(c, a) || (of_row && !r))
		return false;
	return !of_row || action_applies_to(a, r);
}

/* Adds the actions of the rows' kinds that can be done now. With marks an action that works on
 * marked rows must apply to one of them; the others are for the row under the cursor. */
static size_t actions_of_rows(struct console *c, struct row *r, const struct action **out, size_t n,
                              size_t max)
{
	struct row *rows[ROWS_MAX + 1];
	const struct action *some[MENU_MAX];
	size_t n_rows = console_rows(c, rows, ROWS_MAX);
	rows[n_rows] = r;
	for (size_t i = 0; i < n_rows + (r != NULL); i++) {
		size_t n_some = actions_of(rows[i], some, MENU_MAX);
		for (size_t k = 0; k < n_some; k++) {
			bool to_marked = some[k]->flags & ACTION_MARKED;
			bool known = to_marked ? i == n_rows : rows[i] != r;
			for (size_t at = 0; at < n && !known; at++)
				known = out[at] == some[k];
			if (!known && n < max)
				out[n++] = some[k];
		}
	}
	return n;
}

/* Lists what can be done now. The answer to an ask comes first, then the actions of the row's kind
 * or of the rows under a head. Those for every row and those of the console follow. */
size_t actions_now(struct console *c, const struct action **out, size_t max)
{
	struct row *r = console_row(c);
	size_t n = 0;
	if (max && r && r->server->asks)
		out[n++] = console_action_find("row-answer");
	if (r || fold_at(c))
		n = actions_of_rows(c, r, out, n, max);
	const struct action *table;
	for (size_t i = 0; r && (table = console_table(i)); i++)
		for (const struct action *a = table; a->name && n < max; a++)
			if ((a->flags & CONSOLE_ROW) && a->applies != action_asks &&
			    action_applies(c, a, r))
				out[n++] = a;
	for (size_t i = 0; (table = console_table(i)); i++)
		for (const struct action *a = table; a->name && n < max; a++)
			if ((a->flags & CONSOLE_MENU) && action_applies(c, a, r))
				out[n++] = a;
	return n;
}

void action_say_not_now(struct console *c, const struct action *a, const struct row *r)
{
	char key[KEY_NAME_SIZE];
	struct err err;
	bool up = r->server->link && r->server->link->state == LINK_UP;
	if (!up && r->kind != &kind_server) {
		console_flash(c, TONE_WARN, "%s: %s is not connected; %s connects", a->verb,
		              r->server->name, keymap_key(console_actions, "server-refresh", key));
		return;
	}
	action_not_now(a, r, &err);
	console_flash(c, TONE_WARN, "%s", err.text);
}

void action_begin(struct console *c, const struct action *a)
{
	struct row *r = console_row(c);
	const struct pane *p = pane_focused(c);
	/* maybe a row that only the last console knew, which console_row leaves out */
	const struct row *remembered = p->table && !c->view ? table_cursor(p->table) : NULL;
	if (!action_exists(c, a))
		console_flash(c, TONE_WARN, "%s: not done, mocr was started read-only", a->verb);
	else if (a->run)
		order_begin(c, a);
	else if (action_applies(c, a, r)) {
		c->action = a;
		a->show(c);
	} else if (r)
		action_say_not_now(c, a, r);
	else if (fold_take(c, a))
		return;
	else if (remembered && row_is_remembered(remembered, NULL))
		console_flash(c, TONE_WARN,
		              "%s: the row is of last time; it can be acted on once its server has "
		              "answered",
		              a->verb);
	else
		console_flash(c, TONE_WARN, "%s: there is no row under the cursor", a->verb);
}
