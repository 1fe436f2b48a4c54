/* console_internal.h: the console's inside, for tui/console.c and the files that are parts of it:
 *
 *   console.c   life: loop, keys, signals, when to draw        panes.c     the tables: rows,
 * filter, order, cursor draw.c      one frame                                      bars.c header,
 * bar of panels, keys at the bottom says.c      what the row under the cursor has to say actions.c
 * the table of what the console can do           bindings.c  which key means which action orders.c
 * row actions: asking first, starting, results   commands.c  the `:` line views.c     details and
 * logs over the panes                logs.c      many logs in one; what they can be told shells.c
 * lending the terminal                       drafts.c    words that did not get there crash.c the
 * terminal is given back whatever happens    clipboard.c copying */
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
#include "tui/keys.h"
#include "tui/layout.h"
#include "tui/lineedit.h"
#include "tui/pager.h"
#include "tui/panel.h"
#include "tui/table.h"

#define FLASH_MAX 400
#define FLASH_MS 6000
#define FLASH_BAD_MS 15000
#define FLASH_READ_MS 1500 /* shown so long, a key takes it away */
#define FILTER_MAX 128
#define ID_MAX 640 /* of a row: server, kind and a name of at most 512 bytes */
#define MENU_MAX 96
#define SHELLS_MAX 16

/* Flags of the console's own actions, beside those of action.h. */
enum {
	CONSOLE_ROW = 1 << 8,  /* concerns the row under the cursor */
	CONSOLE_HINT = 1 << 9, /* worth a place in the line of keys */
	CONSOLE_MENU = 1 << 10 /* in the menu of all actions */
};

struct asking;
struct attach;
struct editor;
struct console;
struct loop_io;
struct loop_timer;
struct log_set;
struct loop_signal;

struct pane {
	const struct panel *panel;
	struct table *table; /* owned; NULL: the panel draws itself */
	/* owned array of borrowed rows: filtered and in order; valid for built_at */
	const struct row **rows;
	size_t n, cap, total;       /* total: before filter and problems only */
	const struct server *limit; /* borrowed; of the last build; NULL: all */
	uint64_t built_at;          /* the store's generation for which the rows are right */
	bool dirty;                 /* rows must be gathered before they are used */
	bool counted;               /* total is right though the rows are not */
	/* owned array: rows that changed, in panes_take_changes alone */
	const struct row **changes;
	size_t n_changes, cap_changes;
	bool misplaced; /* one of them belongs elsewhere, or a row has gone */
	/* the first place whose row has gone; SIZE_MAX: there is none */
	size_t hole;
	char filter[FILTER_MAX];
	struct fuzzy fuzzy;
	bool moved;        /* the user chose a row: the cursor follows it */
	bool problems;     /* only what is not well */
	size_t top, lines; /* of a panel that draws itself */
	int height;        /* of its last drawing */
};

enum view_what { VIEW_DETAIL, VIEW_LOG };
/* Something to read over the panes. */
struct view {
	enum view_what what;
	char *id, *title;        /* owned; id: the row it is about */
	struct pager *pager;     /* owned */
	struct doc doc;          /* DETAIL */
	struct log *log;         /* LOG; owned */
	struct log_set *set;     /* of :logs: what is followed by name; owned; NULL: rows */
	struct loop_timer *work; /* LOG: judges its lines, a slice a turn */
	uint64_t set_at;         /* the store's generation when the set was looked at */
	bool reveal;             /* DETAIL: secrets are shown */
	bool gone;               /* its row is not there any more; the text stays */
	uint64_t built_at;
	struct view *below;
};

enum line_for { LINE_NONE, LINE_COMMAND, LINE_FILTER };

struct binding {
	struct key key;
	const char *action; /* borrowed from settings: an action's name, or "none" */
};

/* What a confirmation is about: ids, for rows may go while the box is open. */
struct intent {
	const struct action *action;
	char **ids; /* owned */
	size_t n;
	char *argument; /* owned; NULL */
};

/* Words that did not get where they were written for (drafts.h). */
struct draft {
	char *id, *text;           /* owned */
	const char *action, *verb; /* an action's */
	bool told;                 /* the activity says where they are, or must not */
};

struct console {
	struct store *store;
	const struct settings *settings; /* kept: those of the start, or what :reload read */
	const struct settings *given;    /* borrowed: those of the start */
	struct loop *loop;
	struct keys *keys;
	struct loop_io *tty;
	struct loop_io *screen; /* waits until the terminal takes bytes again */
	struct loop_timer *redraw_timer, *esc_timer;
	struct loop_timer *calm_timer; /* a while after the last log-in */
	size_t links_up;
	struct loop_signal *signals[8];
	bool running;
	int exit_code;

	bool dirty;          /* something shown may have changed */
	bool urgent;         /* because of a key: drawn at once */
	bool log_dirty;      /* because of lines in the log on top */
	uint64_t news_drawn; /* store_news when it was drawn last */
	/* store_wide_generation for the panes, and for on_store */
	uint64_t wide_seen, wide_heard;
	int64_t drawn_ms; /* loop clock */
	/* wall clock of the next text that changes by itself; 0 none */
	int64_t next_change_ms;
	int height, width; /* of the screen at the last layout */

	struct pane panes[LAYOUT_PANES];
	size_t n_panes, focus, other;
	char scope[128]; /* the server we are in; "" the fleet */
	bool zoom;
	bool hide_hints; /* :hints, beside the setting */
	struct layout layout;

	struct view *view; /* on top; NULL none */
	struct dialog *dialog;
	struct editor *editor; /* owned: has the terminal now; NULL */
	/* borrowed: waits for names to complete with; NULL (sessions.c) */
	struct asking *completing;
	struct ask *asked;     /* what the dialog asks, when it is an ask */
	char asked_id[ID_MAX]; /* the server it belongs to */
	/* whose flash was shown; only compared, never followed */
	struct ask *announced_ask;
	struct lineedit *line;
	enum line_for line_for;
	char filter_before[FILTER_MAX];
	struct history *history;
	char *history_file; /* owned */

	struct { /* what says_want answered, and for what */
		int lines, width;
		size_t problems;
		uint64_t generation;
	} says;
	char flash[FLASH_MAX];
	enum tone flash_tone;
	int64_t flash_since_ms, flash_until_ms; /* wall clock */

	struct binding *bindings; /* owned array */
	size_t n_bindings;

	struct intent intent;
	struct draft drafts[DRAFTS_MAX]; /* oldest first */
	size_t n_drafts;
	/* owned array of borrowed ones: running, started here */
	struct order **orders;
	size_t n_orders;
	const struct action *menu[MENU_MAX];
	size_t n_menu;
	struct attach *shells[SHELLS_MAX]; /* owned */
	char *shell_ids[SHELLS_MAX];       /* owned: the rows they are in */
	/* only compared: what to do with the shell that was left */
	struct dialog *shell_choice;
	/* as the open choice or menu has them; NULL: ended meanwhile */
	struct attach *shells_listed[SHELLS_MAX];
	size_t n_shells;
	char needs_at[ID_MAX]; /* where `n` was last */
};

/* console.c */
/* something of ours changed: draw this turn */
void console_redraw(struct console *);
void console_quit(struct console *, int code);
void console_flash(struct console *, enum tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void console_key(struct console *, const struct key *);
void console_suspend(struct console *); /* C-z */
/* reads the terminal; off while it is lent out */
bool console_listening(struct console *, bool on);

/* panes.c */
void panes_init(struct console *);
void panes_finish(struct console *);
/* Takes what changed since the last call: totals of all panes, rows of those on the screen and of
 * the one with the keys. */
void panes_refresh(struct console *);
/* after panes_refresh: the rows of one that may not be on the screen */
void pane_refresh(struct console *, struct pane *);
void panes_row_gone(const struct row *, void *console); /* of store_hooks */
void panes_dirty(struct console *);
struct pane *pane_focused(struct console *);
void pane_focus(struct console *, size_t index);
void pane_set_filter(struct console *, struct pane *, const char *pattern);
bool pane_key(struct console *, const struct key *);
void pane_draw(struct console *, size_t index, const struct canvas *, bool title);
struct pane *pane_of_kind(struct console *, const struct kind *);
/* under the cursor, or of the view on top; NULL */
struct row *console_row(struct console *);
/* of that row, or that we are in; NULL */
struct server *console_server(struct console *);
/* the marked ones, else the one under the cursor */
size_t console_rows(struct console *, struct row **out, size_t max);
void console_enter_server(struct console *, const char *name); /* "" the fleet */
/* cursor onto a row, whatever pane it is in */
bool console_goto(struct console *, const char *id);
/* rows of all servers that need the user; those that ask */
size_t console_problems(struct console *, size_t *asks);

/* draw.c, bars.c */
void console_draw(struct console *);
void draw_header(struct console *);
void draw_bar(struct console *);
void draw_says(struct console *);
/* lines that the longest words of all rows take there */
int says_want(struct console *, int width);
void draw_hint(struct console *);
/* Bytes of text that go on one line of that width, broken at a blank where there is one. */
size_t wrap(const char *text, int width);
/* Text over as many lines as it needs, from y on; returns how many. */
int draw_wrapped(const struct canvas *, int y, int x, enum tone, const char *text);
/* a text just drawn changes by itself then; 0 never */
void note_change(struct console *, int64_t wall_ms);

/* actions.c, bindings.c */
/* a key that was taken away: does nothing */
extern const struct action action_none;
bool action_exists(const struct console *, const struct action *); /* not with --read-only */
bool action_applies(struct console *, const struct action *, const struct row *);
/* as a key, menu or command asks for it */
void action_begin(struct console *, const struct action *);
const struct action *console_action_find(const char *name_or_verb);
/* for the row under the cursor */
size_t actions_now(struct console *, const struct action **out, size_t max);
void bindings_load(struct console *);
const struct action *binding_find(struct console *, const struct key *, const struct row *);
/* its key as written; NULL none */
const char *binding_key(const struct console *, const struct action *, char *buf);

/* orders.c */
void order_begin(struct console *, const struct action *);
void order_begin_rows(struct console *, const struct action *, struct row **, size_t n,
                      const char *argument);
void intent_free(struct intent *);
void orders_forget(struct console *);                   /* before the console goes */
void console_answer(struct console *, struct server *); /* opens the question that waits there */
void asks_check(struct console *);                      /* a question came or went */

/* commands.c */
void command_open(struct console *, const char *text);
void command_run(struct console *, const char *line);
void filter_open(struct console *);
void line_key(struct console *, const struct key *);

/* views.c */
void view_open_detail(struct console *, struct row *);
void view_open_log(struct console *);
void view_close(struct console *);
void view_refresh(struct console *);
bool view_key(struct console *, const struct key *);
void view_draw(struct console *, const struct canvas *);
void console_help(struct console *);
void console_menu(struct console *);

/* logs.c: what the `:` line can tell a log */
void logs_open(struct console *, const char *targets); /* :logs TARGET... */
/* of targets: what is there now; says what is not */
void logs_refresh(struct view *);
void logs_goto(struct console *, const char *when);
void logs_save(struct console *, const char *file, bool all);
void logs_level(struct console *, const char *name);
void logs_older(struct console *);
void logs_previous(struct console *);
/* the list of filters, with a switch each */
void logs_filters(struct console *);
void logs_copy(struct console *);
struct view *view_push_log(struct console *, struct log *, const char *id, char *title);
void view_logs_pause(struct console *); /* logs that nobody sees are not read */

/* shells.c */
void shell_open(struct console *, struct row *);
void shell_open_window(struct console *, struct row *);
void shells_menu(struct console *);
void shells_finish(struct console *);
void shells_resized(struct console *);

/* clipboard.c, crash.c */
void clipboard_copy(struct console *, const char *text);
/* a program of this machine, nobody waits for it */
bool spawn_quiet(struct console *, const char *const *argv);
void crash_install(const char *version);

#endif
