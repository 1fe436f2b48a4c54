/* console_internal.h: internals of the console, shared by console.c and these files:
 *
 *     console.c    life: loop, keys, signals, when to draw
 *     panes.c      the tables: rows, filter, order, cursor
 *     draw.c       one frame
 *     bars.c       header, bar of panels, keys at the bottom
 *     says.c       the lines about the row under the cursor
 *     actions.c    the table of the console's own actions
 *     bindings.c   which key means which action over the panes
 *     help.c       help and the menu of all actions
 *     orders.c     row actions: confirm, start, show results
 *     commands.c   the `:` line
 *     views.c      details and logs over the panes
 *     logs.c       many logs in one; the commands for logs
 *     shells.c     lending the terminal to a shell
 *     drafts.c     unsent texts
 *     aside.c      acknowledging and snoozing
 *     look.c       layout, borders, hidden panes, columns
 *     fold.c       rows under a head for each tag
 *     beside.c     details beside a list
 *     mouse.c      click, wheel, drag
 *     crash.c      restores the terminal after a crash
 *     notices.c    messages to the terminal
 *     remember.c   where the user was, and the last known rows
 *     undo.c       going back to the place before
 *     hosts.c      offering the hosts of ssh_config
 *     clipboard.c  copying */
#ifndef TUI_CONSOLE_INTERNAL_H
#define TUI_CONSOLE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "tui/console.h"
#include "tui/dialog.h"
#include "tui/drafts.h"
#include "tui/fuzzy.h"
#include "tui/keymap.h"
#include "tui/keys.h"
#include "tui/layout.h"
#include "tui/lineedit.h"
#include "tui/pager.h"
#include "tui/panel.h"
#include "tui/table.h"

#define FLASH_MAX 400
#define FLASH_MS 6000
#define FLASH_BAD_MS 15000
#define FLASH_READ_MS 1500 /* after this time any key removes the flash */
#define FILTER_MAX 128
#define ID_MAX 640 /* id of a row: server, kind and a name of at most 512 bytes */
#define MENU_MAX 96
#define SHELLS_MAX 16
#define JUMPED_MAX 20
#define PANE_KEYS 9 /* panes with a key: 1-9 */

/* Flags of the console's own actions, in addition to those of action.h. */
enum {
	CONSOLE_ROW = 1 << 8,   /* acts on the row under the cursor */
	CONSOLE_HINT = 1 << 9,  /* shown in the line of keys */
	CONSOLE_MENU = 1 << 10, /* listed in the menu of all actions, and by Ctrl-P */
	/* of use only over the panes: over a view the key has another meaning, or none */
	CONSOLE_PANES = 1 << 11,
	CONSOLE_NOT_DETAILS = 1 << 12 /* the same over details; of use over a log */
};

/* Why a frame is needed; of several reasons the last of these counts. */
enum redraw {
	REDRAW_NONE,
	REDRAW_CHANGE, /* something on the screen may have changed */
	REDRAW_LOG,    /* lines of the log on top */
	REDRAW_URGENT  /* a key: without delay */
};

struct asking;
struct attach;
struct beside;
struct editor;
struct console;
struct fold;
struct loop_io;
struct notify;
struct loop_timer;
struct log_set;
struct loop_signal;

struct pane {
	const struct panel *panel;
	struct table *table; /* owned; NULL: the panel draws itself */
	/* owned array of borrowed rows, filtered and sorted; valid for generation built_at */
	const struct row **rows;
	size_t n, cap, total;       /* total: count before the filter and "problems only" */
	const struct server *limit; /* borrowed; server of the last build; NULL: all */
	uint64_t built_at;          /* generation of the store that rows match */
	enum {
		ROWS_READ,
		ROWS_UNREAD, /* gathered; says_want has not read them yet */
		ROWS_DIRTY   /* must be gathered again before use */
	} state;
	bool counted; /* total is right even if rows are not */
	/* owned array of changed rows, used only inside panes_take_changes */
	const struct row **changes;
	size_t n_changes, cap_changes;
	bool misplaced; /* a changed row must move, or a row was freed */
	/* lowest index of a freed row; SIZE_MAX: none */
	size_t hole;
	char filter[FILTER_MAX];
	struct fuzzy fuzzy;
	char *want;        /* owned; id under the cursor at the end of the last console; NULL */
	struct fold *fold; /* owned; its rows stand under heads (fold.h); NULL: they do not */
	size_t remembered; /* rows of last time among the rows, before the filter */
	bool moved;        /* the user moved the cursor: it now follows its row */
	bool problems;     /* shows only rows that need attention */
	bool aside;        /* the needs: shows what is acknowledged or snoozed, too */
	size_t top, lines; /* for a panel that draws itself: first line shown, number of lines */
	uint64_t cursor;   /* and the number of its entry under the cursor; 0: the newest */
	int height;        /* height in cells of the last drawing */
};

enum view_what { VIEW_DETAIL, VIEW_LOG };
/* Fills the text of a view that is about no row. only: one server; NULL: all. width: of the screen,
 * in cells. */
typedef void view_fill(const struct store *, const struct server *only, int width, struct doc *);
/* A text or log drawn over the panes. */
struct view {
	enum view_what what;
	char *id, *title;        /* owned; id: the row that is shown */
	struct pager *pager;     /* owned */
	struct doc doc;          /* DETAIL */
	view_fill *fill;         /* DETAIL of no row; NULL: the details of the row */
	int built_width;         /* DETAIL: of the screen, in cells, at built_at */
	struct log *log;         /* LOG; owned */
	struct log_set *set;     /* owned; logs followed by name (:logs); NULL: follows rows */
	struct loop_timer *work; /* LOG: judges a slice of its lines each turn of the loop */
	uint64_t set_at;         /* generation of the store at the last look at the set */
	bool reveal;             /* DETAIL: secrets are shown */
	bool gone;               /* its row no longer exists; the text stays */
	uint64_t built_at;
	struct view *below;
};

enum line_for { LINE_NONE, LINE_COMMAND, LINE_FILTER };

/* What a confirmation is about. Keeps ids, because rows may be freed while the box is open. */
struct intent {
	const struct action *action;
	char **ids; /* owned */
	size_t n;
	char *argument; /* owned; NULL */
	bool of_head;   /* the rows are those under a head (fold.h) */
	/* owned: the command of each row when it was asked for, a line each; NULL: nothing was
	 * asked */
	char *commands;
};

/* Text that was typed and not sent (drafts.h). */
struct draft {
	char *id, *text;           /* owned */
	const char *action, *verb; /* borrowed from the action */
	bool noted;                /* noted in the activity already, or secret and never noted */
};

struct console {
	struct store *store;
	const struct settings *settings; /* our copy: of the start, or of the last :reload */
	const struct settings *given;    /* borrowed: from the start */
	struct loop *loop;
	struct keys *keys;
	struct loop_io *tty;
	struct loop_io *screen; /* waits for POLLOUT of the terminal */
	struct loop_timer *redraw_timer, *esc_timer;
	struct loop_timer *calm_timer; /* fires shortly after the last link came up or went down */
	size_t links_up;
	struct loop_signal *signals[8];
	bool running;
	int exit_code;

	enum redraw redraw;  /* what the next frame waits for */
	uint64_t news_drawn; /* store_news at the last frame */
	/* store_wide_generation as last seen by the panes and by console_on_store */
	uint64_t wide_seen, wide_heard;
	int64_t drawn_ms; /* loop clock */
	/* wall clock, ms, when the next text on the screen changes with time; 0 none */
	int64_t next_change_ms;
	int height, width; /* of the screen, in cells, at the last layout */

	/* owned arrays of n_panes: the panes in the order of panels[], the user's order of their
	 * indices, and the rows of each for the layout */
	struct pane *panes;
	size_t *pane_order, *pane_rows;
	size_t n_panes, focus, other;
	char scope[128]; /* name of the server we are in; "" the fleet */
	bool zoom;
	bool hide_hints; /* set by :hints; the setting can hide them too */
	struct layout layout;
	struct { /* how the user likes it: look.h */
		enum layout_style style;
		int upper[LAYOUT_STYLES], left[LAYOUT_STYLES];
		int drawn_upper, drawn_left; /* of these, in the last frame */
		bool *hidden; /* owned array of n_panes */
	} look;
	/* the border that the mouse holds */
	enum { HOLDS_NONE, HOLDS_ROW, HOLDS_COLUMN } holds;
	struct beside *beside; /* owned: the details beside a list; NULL */

	struct view *view; /* the top view; NULL none */
	struct dialog *dialog;
	struct editor *editor; /* owned; has the terminal now; NULL */
	/* borrowed: the box of a panel that waits for names to complete; NULL */
	struct asking *completing;
	struct ask *asked;     /* the ask that the dialog shows; NULL: another dialog */
	char asked_id[ID_MAX]; /* id of the row of its server */
	/* the ask of the last flash; only compared, never dereferenced */
	struct ask *announced_ask;
	struct lineedit *line;
	enum line_for line_for;
	char filter_before[FILTER_MAX];
	char *theme;             /* owned; chosen by :theme or a reload; NULL: the first one */
	const char *theme_shown; /* one of theme_names while its name is typed; NULL: none */
	struct history *history;
	char *history_file; /* owned */

	struct peek *peek; /* owned; NULL: off (peek.h) */
	struct { /* cached result of says_want and its inputs */
		int lines, width;
		size_t problems;
		const struct row *at; /* row under the cursor; only compared, never dereferenced */
	} says;
	char flash[FLASH_MAX];
	enum tone flash_tone;
	int64_t flash_since_ms, flash_until_ms; /* wall clock, ms */

	struct notify *notify; /* owned */
	struct {               /* what the title of the terminal says */
		bool shown;
		size_t needs, asks;
	} title;

	struct undo *undo;               /* owned; places before; NULL: none yet */
	bool hosts_later;                /* the user left the list of hosts for later */
	struct hosts *hosts;             /* owned; the list that is open or tried; NULL */
	struct jump *jump;               /* owned; places of the box of jump.h; NULL */
	char jumped[JUMPED_MAX][ID_MAX]; /* ids of rows it went to, the newest first */
	size_t n_jumped;
	struct intent intent;
	struct draft drafts[DRAFTS_MAX]; /* oldest first */
	size_t n_drafts;
	/* owned array of borrowed, running orders that the console started */
	struct order **orders;
	size_t n_orders;
	const struct action *action; /* that action_begin carries out now; for action->show */
	const struct action *menu[MENU_MAX];
	size_t n_menu;
	struct attach *shells[SHELLS_MAX]; /* owned */
	char *shell_ids[SHELLS_MAX];       /* owned: ids of their rows */
	/* only compared: the choice box of the shell just left */
	struct dialog *shell_choice;
	/* shells in the order of the open choice or menu; NULL: ended since */
	struct attach *shells_listed[SHELLS_MAX];
	size_t n_shells;
	char needs_at[ID_MAX]; /* id where `n` stopped last */
};

/* console.c */
/* the console's own state changed: draw this turn */
void console_redraw(struct console *); /* without delay */
void console_redraw_for(struct console *, enum redraw);
void console_quit(struct console *, int code);
void console_flash(struct console *, enum tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void console_key(struct console *, const struct key *);
/* The action for a key over the panes, or over the top view. NULL: none. */
const struct action *console_find(struct console *, const struct key *);
void console_suspend(struct console *); /* C-z */
/* turns reading of the terminal on or off; returns whether it was on */
bool console_listening(struct console *, bool on);

/* panes.c */
void panes_init(struct console *);
/* the same with other panels than panels[], which is for tests */
void panes_init_with(struct console *, const struct panel *const *list);
/* Takes the user's order of the panes from the settings. */
void panes_order(struct console *);
/* index of the pane at that place of the user's order, from 0; SIZE_MAX: none */
size_t pane_at(const struct console *, size_t place);
/* place of a pane in the user's order, from 0. Keys 1-9 are those of the first nine. */
size_t pane_place_in_order(const struct console *, size_t index);
void panes_finish(struct console *);
/* Takes the changes since the last call. Updates the totals of all panes, and the rows of the
 * focused pane and of those on the screen. */
void panes_refresh(struct console *);
/* call after panes_refresh: updates the rows of a pane that may be off screen */
void pane_refresh(struct console *, struct pane *);
void panes_row_gone(const struct row *, void *console); /* for store_hooks */
void panes_dirty(struct console *);
struct pane *pane_focused(struct console *);
void pane_focus(struct console *, size_t index);
void pane_set_filter(struct console *, struct pane *, const char *pattern);
/* Moves the cursor of the focused pane. False: another key. */
bool pane_key(struct console *, const struct key *);
void pane_draw(struct console *, size_t index, const struct canvas *, bool title);
/* Counts the lines of a panel that draws itself at that width. True: there are more or fewer than
 * before. */
bool pane_count_lines(struct console *, size_t index, const struct canvas *);
struct pane *pane_of_kind(struct console *, const struct kind *);
/* What the panel of the row's kind adds (panel.h). */
bool panel_ask(struct console *, const struct action *, struct row **, size_t n);
bool panel_open(struct console *, struct row *);
void panel_pictures(struct console *, struct row *, int width, struct doc *);
bool panel_at_end(struct console *, struct row *); /* row NULL: nothing happens */
void panels_changed(struct console *);
/* row under the cursor, or of the top view; NULL */
struct row *console_row(struct console *);
/* server of that row, else the current server; NULL */
struct server *console_server(struct console *);
#define ROWS_MAX 1000 /* marked rows per action */
/* the marked rows, else the row under the cursor; returns how many */
size_t console_rows(struct console *, struct row **out, size_t max);
void console_enter_server(struct console *, const char *name); /* "" goes back to the fleet */
/* moves the cursor to a row in any pane; false: no such row */
bool console_goto(struct console *, const char *id);
/* number of rows that need the user on all servers; *asks: how many of them ask */
size_t console_problems(struct console *, size_t *asks);

/* draw.c, bars.c */
void console_draw(struct console *);
void draw_header(struct console *);
void draw_bar(struct console *);
/* Index of the panel that the bar has at that cell; SIZE_MAX: none. */
size_t bar_panel_at(const struct console *, int x);
void draw_says(struct console *);
/* lines needed for the longest text that any row shows there */
int says_want(struct console *, int width);
/* A row of a pane on the screen changed: its text may need more lines. */
void says_row_changed(struct console *, const struct pane *, const struct row *);
void draw_hint(struct console *);
/* Number of bytes that fit on one line of that width, in cells. Breaks at a space where
 * possible. */
size_t wrap(const char *text, int width);
/* Draws wrapped text from line y on. Returns the number of lines. */
int draw_wrapped(const struct canvas *, int y, int x, enum tone, const char *text);
/* a text just drawn will change at that wall clock time, in ms; 0 never */
void note_change(struct console *, int64_t wall_ms);

/* actions.c, bindings.c */
/* false for actions that --read-only removes */
bool action_exists(const struct console *, const struct action *);
bool action_applies(struct console *, const struct action *, const struct row *);
/* The panel that the action gives the keys to, as pane-1 does. NULL: the action does another thing,
 * or there is no such panel. */
const struct panel *action_panel(const struct console *, const struct action *);
bool action_lacks_panel(const struct console *, const struct action *);
/* starts an action from a key, the menu or a command */
void action_begin(struct console *, const struct action *);
/* Says why the action does not fit the row now. */
void action_say_not_now(struct console *, const struct action *, const struct row *);
const struct action *console_action_find(const char *name_or_verb);
/* what can be done now: on the row under the cursor, then in the console; menu and Ctrl-P */
size_t actions_now(struct console *, const struct action **out, size_t max);
/* the action of the console or of the row for a key */
const struct action *binding_find(struct console *, const struct key *, const struct row *);
/* the same for a key that the user set in that very context; NULL: not set */
const struct action *binding_user(enum action_context, const struct key *, const struct row *);

/* orders.c */
void order_begin(struct console *, const struct action *);
void order_begin_rows(struct console *, const struct action *, struct row **, size_t n,
                      const char *argument);
void intent_free(struct intent *);
void orders_forget(struct console *);                   /* call before the console is freed */
void console_answer(struct console *, struct server *); /* opens the ask that waits on the server */
void asks_check(struct console *);                      /* call when an ask came or went */

/* commands.c */
void command_open(struct console *, const char *text);
void command_run(struct console *, const char *line);
void filter_open(struct console *);
void line_key(struct console *, const struct key *);
/* Shows the theme whose name stands behind :theme; without one, that of before. */
void line_preview(struct console *);
/* Adds the commands that are for logs. */
void commands_help_log(struct doc *);

/* views.c */
void view_open_detail(struct console *, struct row *);
/* A text about no row, made again with every change. title: a constant. */
void view_open_built(struct console *, const char *title, view_fill *);
/* Everything that is known of a row, with pictures. width: of the place, in cells. */
void view_details(struct console *, struct row *, bool reveal, int width, struct doc *);
void view_open_log(struct console *);
void view_open_log_of(struct console *, struct row *); /* of this row, whatever is marked */
void view_close(struct console *);
void view_refresh(struct console *);
bool view_key(struct console *, const struct key *);
bool view_typing(const struct console *); /* its search line is open */
void view_draw(struct console *, const struct canvas *);
/* the action for a key while the top view is shown; NULL: none */
const struct action *view_find(struct console *, const struct key *);

/* help.c */
/* Help for what the user sees now: its keys, and the actions of the row that apply now. */
void console_help(struct console *);
void console_help_line(struct console *); /* the keys of a line */
void console_menu(struct console *);

/* logs.c: commands of the `:` line for logs */
void logs_open(struct console *, const char *targets); /* :logs TARGET... */
/* opens logs of new rows that match the targets; reports targets without a match */
void logs_refresh(struct view *);
void logs_goto(struct console *, const char *when);
void logs_save(struct console *, const char *file, bool all);
void logs_level(struct console *, const char *name);
void logs_older(struct console *);
void logs_previous(struct console *);
/* the list of filters, each with a switch */
void logs_filters(struct console *);
void logs_copy(struct console *);
struct view *view_push_log(struct console *, struct log *, const char *id, char *title);
void view_logs_pause(struct console *); /* stops reading logs that are not on the screen */

/* shells.c */
void shell_open(struct console *, struct row *);
void shell_open_window(struct console *, struct row *);
void shells_menu(struct console *);
void shells_finish(struct console *);
void shells_resized(struct console *);

/* clipboard.c, crash.c */
void clipboard_copy(struct console *, const char *text);
/* runs a local program without waiting for it */
bool spawn_quiet(struct console *, const char *const *argv);
void crash_install(const char *version);
/* Loads what a backtrace needs while memory is available. Takes ms: after the first frame. */
void crash_prepare(void);

#endif
