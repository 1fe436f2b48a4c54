/* The `:` line: all actions by name or verb, all panels by name, and commands with an argument. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/deploy/deploy.h"
#include "backends/notify/notify.h"
#include "backends/store/doc.h"
#include "backends/store/report.h"
#include "backends/servers/server.h"
#include "tui/console_internal.h"
#include "tui/look.h"
#include "tui/mouse.h"
#include "tui/near.h"
#include "tui/notices.h"
#include "tui/theme.h"

#define WORDS_MAX 512

struct command {
	const char *name, *argument, *help;
	void (*run)(struct console *, const char *argument);
	/* completes the argument; NULL: no completion */
	void (*complete)(struct console *, struct completion *, const char *typed);
	const char *const *words; /* all that the argument can be, ends at NULL; NULL: not known */
};
static const char *const command_levels[] = { "all",  "debug", "info", "notice",
	                                      "warn", "error", NULL };

/* --- commands with an argument ------------------------------------------- */

static void command_run_connect(struct console *c, const char *name)
{
	struct err err = { 0 };
	struct server *s = server_open(c->store, name, &err);
	if (s)
		console_flash(c, TONE_PLAIN, "connecting to %s", s->name);
	else
		console_flash(c, TONE_BAD, "%s", err.text);
}

static struct server *command_server_named(struct console *c, const char *name)
{
	const char *names[WORDS_MAX];
	size_t n = 0;
	struct server *found = store_server_find(c->store, name);
	if (found)
		return found;
	for (struct server *s = store_servers(c->store); s && n < WORDS_MAX; s = s->next)
		names[n++] = s->name;
	char near[NEAR_SIZE];
	console_flash(c, TONE_WARN, "there is no server %s here%s", name,
	              near_name(name, names, n, "", "; :connect opens one", near));
	return NULL;
}

static void command_run_disconnect(struct console *c, const char *name)
{
	struct server *s = command_server_named(c, name);
	if (!s)
		return;
	server_close(s);
	console_flash(c, TONE_PLAIN, "%s: disconnected and taken off the screen", name);
}

static void command_run_goto(struct console *c, const char *name)
{
	if (c->view && c->view->log) {
		logs_goto(c, name);
		return;
	}
	if (strchr(name, '/')) {
		if (!console_goto(c, name))
			console_flash(c, TONE_WARN, "there is no %s", name);
		return;
	}
	struct server *s = command_server_named(c, name);
	if (s)
		console_enter_server(c, s->name);
}

static void command_run_theme(struct console *c, const char *name)
{
	char why[256] = "";
	if (!canvas_set_theme(name, why, sizeof(why)))
		console_flash(c, TONE_WARN, "%s", why);
	else
		xreplace(&c->theme, name);
	console_redraw(c);
}

static void command_run_filter(struct console *c, const char *pattern)
{
	pane_set_filter(c, pane_focused(c), pattern);
}

static void command_run_sort(struct console *c, const char *column)
{
	struct pane *p = pane_focused(c);
	if (!p->table || !table_sort_by(p->table, column[0] ? column : NULL, false)) {
		const char *names[TABLE_COLUMNS_MAX];
		size_t n = 0;
		for (const struct column *col = p->panel->columns; col && col->name; col++)
			if (n < TABLE_COLUMNS_MAX)
				names[n++] = col->name;
		char near[NEAR_SIZE];
		console_flash(c, TONE_WARN, "%s has no column %s%s", p->panel->name, column,
		              near_name(column, names, n, "", "", near));
	}
	p->state = ROWS_DIRTY;
	console_redraw(c);
}

static void command_run_save_screen(struct console *c, const char *file)
{
	char *text = canvas_screen_text();
	/* like :save: never overwrites, never follows a symlink */
	int fd = text ? open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good = f && fputs(text, f) >= 0;
	int code = errno;
	if (f && fclose(f) != 0) {
		code = errno;
		good = false;
	}
	free(text);
	if (good)
		console_flash(c, TONE_GOOD, "screen saved in %s", file);
	else
		console_flash(c, TONE_BAD, "the screen could not be written to %s: %s", file,
		              code == EEXIST ? "it is there already" : strerror(code));
}

/* Applies every setting that can change while mocr runs. A server removed from the file stays until
 * it is disconnected. */
static void command_run_reload(struct console *c, const char *unused)
{
	(void)unused;
	struct doc complaints;
	doc_init(&complaints);
	struct err err;
	struct settings *fresh = settings_reload(c->settings, &complaints, &err);
	if (!fresh) {
		console_keeps_settings(c, err.text, &complaints);
		doc_finish(&complaints);
		return;
	}
	console_check_keys(fresh, &complaints);
	console_check_panels(fresh, &complaints);
	console_check_theme(fresh, &complaints);
	deploy_check_config(fresh, &complaints);
	notify_check_config(fresh, &complaints);
	fresh->read_only |= c->settings->read_only; /* set on the command line: stays */
	fresh->screen.ascii |= c->settings->screen.ascii;
	if (!fresh->ssh_config)
		fresh->ssh_config = xstrdup(c->settings->ssh_config);
	servers_reconfigure(c->store, fresh, true);
	const struct settings *before = c->settings;
	c->settings = fresh;
	keymap_load(fresh);
	panes_order(c);
	look_load(c);
	mouse_use(c, fresh->screen.mouse);
	notices_reload(c, fresh);
	settings_destroy(before);
	command_run_theme(c, fresh->theme);
	panes_dirty(c);
	console_flash(c, TONE_GOOD,
	              "configuration read again; where a server is and how long it may take count "
	              "from its next connection");
	console_complaints(c, &complaints);
	doc_finish(&complaints);
}

static void command_run_hints(struct console *c, const char *unused)
{
	(void)unused;
	c->hide_hints = !c->hide_hints;
	console_redraw(c);
}

static void command_offer(struct completion *out, const char *typed, const char *word,
                          const char *help)
{
	if (!strncasecmp(word, typed, strlen(typed)))
		completion_add(out, word, help);
}

static void command_complete_servers(struct console *c, struct completion *out, const char *typed)
{
	for (struct server *s = store_servers(c->store); s; s = s->next)
		command_offer(out, typed, s->name, s->row.why);
}

/* --- what can be typed after a command ----------------------------------- */

/* Candidate words, each offered once, in order. Words that cannot be typed or shown unchanged are
 * left out. */
struct words {
	char *word[WORDS_MAX];
	size_t n;
};

static void command_word_add(struct words *w, const char *word, size_t len)
{
	char clean[LINEEDIT_MAX];
	wash(clean, sizeof(clean), word, len);
	if (w->n < WORDS_MAX && strlen(clean) == len && !memcmp(clean, word, len) &&
	    !memchr(word, ' ', len))
		w->word[w->n++] = xstrndup(word, len);
}

static int command_by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void command_offer_words(struct completion *out, struct words *w)
{
	qsort(w->word, w->n, sizeof(*w->word), command_by_text);
	for (size_t i = 0; i < w->n; i++)
		if (!i || strcmp(w->word[i - 1], w->word[i]) != 0)
			completion_add(out, w->word[i], NULL);
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
}

/* Completes a server, and after its slash one part of a row's id at a time. */
static void command_complete_ids(struct console *c, struct completion *out, const char *typed)
{
	struct words words = { .n = 0 };
	size_t len = strlen(typed);
	if (!strchr(typed, '/')) {
		command_complete_servers(c, out, typed);
		return;
	}
	for (struct row *r = store_first(c->store, NULL, NULL); r; r = store_next(r, NULL, NULL)) {
		if (strncmp(r->id, typed, len) != 0)
			continue;
		size_t part = strcspn(r->id + len, "/");
		command_word_add(&words, r->id, len + part + (r->id[len + part] == '/'));
	}
	command_offer_words(out, &words);
}

struct host_words {
	struct console *c;
	const char *typed;
	struct words words;
};

static bool command_take_host(const char *name, void *arg)
{
	struct host_words *h = arg;
	if (strncasecmp(name, h->typed, strlen(h->typed)) != 0 ||
	    store_server_find(h->c->store, name))
		return false;
	command_word_add(&h->words, name, strlen(name));
	return true;
}

/* Completes names from the configuration or ssh_config that are not open yet. */
static void command_complete_hosts(struct console *c, struct completion *out, const char *typed)
{
	struct host_words h = { .c = c, .typed = typed };
	struct err err = { 0 };
	for (const struct server_config *s = c->settings->servers; s; s = s->next)
		command_take_host(s->name, &h);
	hosts_each(c->settings, command_take_host, &h, &err);
	if (!store_server_find(c->store, "local"))
		command_take_host("local", &h);
	command_offer_words(out, &h.words);
}

/* Completes files. A directory ends in a slash, so that the next Tab continues in it. */
static void command_complete_files(struct console *c, struct completion *out, const char *typed)
{
	(void)c;
	char *pattern = xasprintf("%s*", typed);
	struct words words = { .n = 0 };
	glob_t found;
	if (!strpbrk(typed, "*?[\\") && glob(pattern, GLOB_MARK, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			command_word_add(&words, found.gl_pathv[i], strlen(found.gl_pathv[i]));
		globfree(&found);
	}
	free(pattern);
	command_offer_words(out, &words);
}

static void command_complete_columns(struct console *c, struct completion *out, const char *typed)
{
	const struct pane *p = pane_focused(c);
	for (const struct column *col = p->panel->columns; col && col->name; col++)
		command_offer(out, typed, col->name, col->title);
}

/* Completes the last column of a list. */
static void command_complete_column_list(struct console *c, struct completion *out,
                                         const char *typed)
{
	const struct pane *p = pane_focused(c);
	const char *last = strrchr(typed, ' '), *word = last ? last + 1 : typed;
	command_offer(out, typed, "default", "the panel's own");
	for (const struct column *col = p->panel->columns; col && col->name; col++)
		if (!(col->flags & COLUMN_AGE))
			command_offer(out, word, col->name, col->title);
}

static void command_complete_layouts(struct console *c, struct completion *out, const char *typed)
{
	(void)c;
	for (size_t i = 0; i < LAYOUT_STYLES; i++)
		command_offer(out, typed, layout_names[i], NULL);
}

/* Completes the first target. */
static void command_complete_targets(struct console *c, struct completion *out, const char *typed)
{
	static const char *const endings[] = { "containers/*", "services/*", "journal", "kernel",
		                               "file:/var/log/" };
	char word[ID_MAX];
	const char *last = strrchr(typed, ' ');
	if (last)
		return; /* later words are not completed */
	for (struct server *s = store_servers(c->store); s; s = s->next)
		for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
			snprintf(word, sizeof(word), "%s/%s", s->name, endings[i]);
			command_offer(out, typed, word, NULL);
		}
	for (struct row *r = store_first(c->store, NULL, NULL); r; r = store_next(r, NULL, NULL)) {
		snprintf(word, sizeof(word), "%s:", r->name);
		if (r->kind->takes_query && r->kind->takes_query(r, r->name))
			command_offer(out, typed, word, NULL);
	}
}

static void command_save_seen(struct console *c, const char *file)
{
	logs_save(c, file, false);
}
static void command_save_all(struct console *c, const char *file)
{
	logs_save(c, file, true);
}

static const struct command commands[] = {
	{ "connect", "NAME", "watch a server: an ssh name, user@host:port, or local",
	  command_run_connect, .complete = command_complete_hosts },
	{ "disconnect", "NAME", "close the connection and take the server off the screen",
	  command_run_disconnect, .complete = command_complete_servers },
	{ "goto", "SERVER",
	  "go into a server, or to a row by its id; in a log to a time: 14:32, -10m",
	  command_run_goto, .complete = command_complete_ids },
	{ "logs", "TARGET...",
	  "follow into one stream: sese/containers/* pi/services/NAME sese/journal pi/kernel "
	  "sese/file:/PATH loki:QUERY",
	  logs_open, .complete = command_complete_targets },
	{ "save", "FILE", "write what is seen of the log into a new file", command_save_seen,
	  .complete = command_complete_files },
	{ "save-all", "FILE", "write every line of the log into a new file", command_save_all,
	  .complete = command_complete_files },
	{ "level", "LEVEL",
	  "of the log: only lines at debug, info, notice, warn or error and worse", logs_level,
	  .words = command_levels },
	{ "filter", "PATTERN", "show only rows that match; !word leaves out",
	  .run = command_run_filter },
	{ "sort", "COLUMN", "order the rows by a column", command_run_sort,
	  .complete = command_complete_columns },
	{ "columns", "COLUMN...",
	  "show these columns of the pane, in this order; default: the panel's own", look_columns,
	  .complete = command_complete_column_list },
	{ "layout", "NAME", "how the panes lie: panes, big, columns or beside", look_set,
	  .complete = command_complete_layouts },
	{ "theme", "NAME", "other colours; shown while the name is typed", command_run_theme,
	  .words = theme_names },
	{ "save-screen", "FILE", "write what is on the screen into a file", command_run_save_screen,
	  .complete = command_complete_files },
	{ "hints", NULL, "show or hide the line of keys at the bottom", .run = command_run_hints },
	{ "reload", NULL, "read the configuration again; a wrong file changes nothing",
	  .run = command_run_reload },
};

bool command_words(size_t i, const char **name, const char **argument, const char **help)
{
	if (i >= ARRAY_LEN(commands))
		return false;
	*name = commands[i].name;
	*argument = commands[i].argument;
	*help = commands[i].help;
	return true;
}

void commands_help_log(struct doc *doc)
{
	static const char *const names[] = { "goto", "level", "save", "save-all" };
	char label[64];
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t k = 0; k < ARRAY_LEN(commands); k++) {
			if (strcmp(commands[k].name, names[i]) != 0)
				continue;
			snprintf(label, sizeof(label), ":%s", names[i]);
			doc_pair(doc, DOC_PLAIN, label, "%s: %s", commands[k].argument,
			         commands[k].help);
		}
}

/* --- running one --------------------------------------------------------- */

static bool command_run_builtin(struct console *c, const char *word, const char *argument)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, word) != 0)
			continue;
		/* `:disconnect` alone means the server of the current row. */
		if (commands[i].argument && !*argument && console_action_find(word))
			return false;
		if (commands[i].argument && !*argument && !strcmp(word, "disconnect") &&
		    console_server(c))
			argument = console_server(c)->name;
		if (commands[i].argument && !*argument)
			console_flash(c, TONE_WARN, ":%s %s: %s", word, commands[i].argument,
			              commands[i].help);
		else
			commands[i].run(c, argument);
		return true;
	}
	return false;
}

static bool command_run_panel(struct console *c, const char *word)
{
	for (size_t i = 0; i < c->n_panes; i++)
		if (!strcmp(c->panes[i].panel->name, word) ||
		    !strcmp(c->panes[i].panel->tab, word)) {
			pane_focus(c, i);
			return true;
		}
	return false;
}

static bool command_run_action(struct console *c, const char *line)
{
	const struct row *r = console_row(c);
	const struct action *a = r ? action_find(r->kind, line) : NULL;
	if (!a)
		a = console_action_find(line);
	if (!a && !strcmp(line, "q"))
		a = console_action_find("quit");
	if (!a)
		return false;
	action_begin(c, a);
	return true;
}

static size_t command_add_actions(const struct console *c, const struct action *a,
                                  const char **names, size_t n)
{
	for (; a && a->name && n < WORDS_MAX; a++)
		if (action_exists(c, a))
			names[n++] = a->verb;
	return n;
}

void command_run(struct console *c, const char *typed)
{
	char word[LINEEDIT_MAX], trimmed[LINEEDIT_MAX];
	snprintf(trimmed, sizeof(trimmed), "%s", typed + strspn(typed, " "));
	for (size_t end = strlen(trimmed); end && trimmed[end - 1] == ' ';)
		trimmed[--end] = '\0';
	const char *line = trimmed;
	size_t n = strcspn(line, " ");
	snprintf(word, sizeof(word), "%.*s", (int)n, line);
	const char *argument = line + n + strspn(line + n, " ");
	if (!word[0])
		return;
	if (command_run_builtin(c, word, argument) || command_run_action(c, line) ||
	    (!*argument && command_run_panel(c, word)))
		return;
	const char *names[WORDS_MAX];
	const struct row *r = console_row(c);
	size_t n_names = command_add_actions(c, r ? r->kind->actions : NULL, names, 0);
	for (size_t i = 0; console_table(i); i++)
		n_names = command_add_actions(c, console_table(i), names, n_names);
	for (size_t i = 0; i < ARRAY_LEN(commands) && n_names < WORDS_MAX; i++)
		names[n_names++] = commands[i].name;
	for (size_t i = 0; i < c->n_panes && n_names < WORDS_MAX; i++)
		names[n_names++] = c->panes[i].panel->name;
	char near[NEAR_SIZE];
	console_flash(c, TONE_WARN, "there is no command %s%s", line,
	              near_name(line, names, n_names, "", "; [Tab] shows them", near));
}

/* --- typing it ----------------------------------------------------------- */

static void command_complete_actions(struct console *c, struct completion *out, const char *typed,
                                     const struct action *a, bool now)
{
	const struct row *r = console_row(c);
	for (; a && a->name; a++) {
		bool builtin = false;
		for (size_t i = 0; i < ARRAY_LEN(commands); i++)
			builtin |= !strcmp(commands[i].name, a->verb);
		if (!builtin && action_exists(c, a) && (!now || action_applies(c, a, r)))
			command_offer(out, typed, a->verb, a->help);
	}
}

static void command_complete(struct completion *out, const char *text, size_t cursor, void *arg)
{
	struct console *c = arg;
	const struct row *r = console_row(c);
	size_t n = strcspn(text, " ");
	if (cursor > n) {
		const char *typed = text + n + strspn(text + n, " ");
		for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
			const struct command *one = &commands[i];
			if (strlen(one->name) != n || strncmp(one->name, text, n) != 0)
				continue;
			if (one->complete)
				one->complete(c, out, typed);
			for (const char *const *w = one->words; w && *w; w++)
				command_offer(out, typed, *w, NULL);
		}
		return;
	}
	completion_start(out, 0);
	command_complete_actions(c, out, text, r ? r->kind->actions : NULL, true);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		command_offer(out, text, commands[i].name, commands[i].help);
	for (size_t i = 0; i < c->n_panes; i++)
		command_offer(out, text, c->panes[i].panel->name, c->panes[i].panel->title);
	for (size_t i = 0; console_table(i); i++)
		command_complete_actions(c, out, text, console_table(i), false);
}

static void command_open_line(struct console *c, enum line_for what,
                              const struct lineedit_config *config)
{
	lineedit_destroy(c->line);
	c->line = lineedit_create(config);
	c->line_for = what;
	console_redraw(c);
}

void command_open(struct console *c, const char *text)
{
	struct lineedit_config config = { .prompt = ":",
		                          .text = text,
		                          .history = c->history,
		                          .complete = command_complete,
		                          .by_fragments = true,
		                          .arg = c };
	command_open_line(c, LINE_COMMAND, &config);
}

void filter_open(struct console *c)
{
	struct pane *p = pane_focused(c);
	if (!p->table && !p->panel->step) {
		console_flash(c, TONE_PLAIN, "%s has no filter", p->panel->title);
		return;
	}
	snprintf(c->filter_before, sizeof(c->filter_before), "%s", p->filter);
	struct lineedit_config config = { .prompt = "/", .text = p->filter, .max = FILTER_MAX - 1 };
	command_open_line(c, LINE_FILTER, &config);
}

static void command_close_line(struct console *c)
{
	lineedit_destroy(c->line);
	c->line = NULL;
	c->line_for = LINE_NONE;
}

void line_preview(struct console *c)
{
	static const char command[] = "theme ";
	const char *text = c->line_for == LINE_COMMAND ? lineedit_text(c->line) : "";
	const char *name = strncmp(text, command, strlen(command)) ? "" : text + strlen(command);
	const char *before = c->theme ? c->theme : c->settings->theme;
	const char *const *t = theme_names;
	size_t n = strcspn(name, " ");
	char why[256];
	while (*t && (strlen(*t) != n || strncmp(*t, name, n) != 0))
		t++;
	if (c->theme_shown == *t)
		return;
	c->theme_shown = *t;
	canvas_set_theme(*t ? *t : before, why, sizeof(why));
	console_redraw(c);
}

void line_key(struct console *c, const struct key *key)
{
	enum lineedit_result result = lineedit_key(c->line, key);
	console_redraw(c);
	if (c->line_for == LINE_FILTER) {
		/* The filter applies while it is typed. line-close clears it. The other keys that
		 * cancel restore the previous filter. */
		struct pane *p = pane_focused(c);
		if (result == LINEEDIT_CHANGED)
			pane_set_filter(c, p, lineedit_text(c->line));
		else if (result == LINEEDIT_CANCELLED)
			pane_set_filter(c, p,
			                keymap_is(line_actions, key, "line-close")
			                        ? ""
			                        : c->filter_before);
		else if (result == LINEEDIT_IGNORED)
			pane_key(c, key);
		if (result == LINEEDIT_DONE || result == LINEEDIT_CANCELLED)
			command_close_line(c);
	} else if (result == LINEEDIT_DONE) {
		char *text = xstrdup(lineedit_text(c->line));
		command_close_line(c);
		command_run(c, text);
		free(text);
	} else if (result == LINEEDIT_CANCELLED) {
		command_close_line(c);
	}
	line_preview(c);
}
