/* hosts.c: see hosts.h. */
#include "tui/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/link.h"
#include "backends/servers/server.h"
#include "backends/store/config_add.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "tui/attach.h"
#include "tui/console_internal.h"

/* The names in the open list, later those that are connected for the first time. */
struct hosts {
	char **names; /* owned */
	size_t n;
	bool testing; /* the chosen ones are being connected */
};

void hosts_finish(struct console *c)
{
	if (!c->hosts)
		return;
	for (size_t i = 0; i < c->hosts->n; i++)
		free(c->hosts->names[i]);
	free(c->hosts->names);
	free(c->hosts);
	c->hosts = NULL;
}

/* --- how the test went --------------------------------------------------- */

static enum { HOST_TRYING, HOST_ANSWERS, HOST_ASKS, HOST_FAILS }
hosts_outcome(const struct server *v)
{
	if (!v || v->link->state == LINK_LOST || v->link->state == LINK_DOWN || v->link->tries)
		return HOST_FAILS;
	if (v->link->state == LINK_UP)
		return HOST_ANSWERS;
	return v->link->state == LINK_ASKING ? HOST_ASKS : HOST_TRYING;
}

/* What to run on this machine, by the kind of failure. */
static const struct {
	enum err_code code;
	const char *words; /* part of the sentence; NULL: any */
	const char *command, *behind;
} repairs[] = {
	{ ERR_DENIED, "did not let", "ssh-copy-id", "" },
	{ ERR_ABSENT, NULL, "ssh -G", " | grep -i ^hostname" },
	{ ERR_USAGE, NULL, "ssh -G", "" },
};

/* "ssh-copy-id pi". The caller frees it. NULL: the sentence names a command already. */
static char *hosts_repair(const struct settings *s, const struct err *err, const char *name)
{
	const char *command = "ssh -v", *behind = " true";
	if (strchr(err->text, '`') && err->code != ERR_ABSENT)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(repairs); i++) {
		const char *words = repairs[i].words;
		if (repairs[i].code != err->code || (words && !strstr(err->text, words)))
			continue;
		command = repairs[i].command;
		behind = repairs[i].behind;
	}
	struct buf text = { 0 };
	buf_puts(&text, command);
	if (s->ssh_config) {
		buf_puts(&text, " -F ");
		quote_word(&text, s->ssh_config);
	}
	buf_puts(&text, " ");
	quote_word(&text, name);
	buf_puts(&text, behind);
	return buf_take(&text);
}

static void hosts_say_one(const struct console *c, struct doc *doc, const char *name)
{
	char key[KEY_NAME_SIZE];
	const struct server *v = store_server_find(c->store, name);
	switch (hosts_outcome(v)) {
	case HOST_ANSWERS:
		doc_pair(doc, DOC_GOOD, name, "answers%s%s", *v->link->detail ? ": " : "",
		         v->link->detail);
		return;
	case HOST_ASKS:
		doc_pair(doc, DOC_WARN, name, "asks you: %s", ask_words(v, v->link->ask));
		doc_pair(doc, DOC_CODE, "", "%s on its line answers",
		         keymap_key(console_actions, "row-answer", key));
		return;
	default: break;
	}
	doc_pair(doc, DOC_BAD, name, "%s",
	         v && v->row.why ? v->row.why : "is not connected: :connect tries again");
	char *repair = v ? hosts_repair(c->settings, &v->link->err, name) : NULL;
	if (repair)
		doc_pair(doc, DOC_CODE, "", "run: %s", repair);
	free(repair);
}

void hosts_changed(struct console *c)
{
	size_t good = 0;
	/* what the user types or sees is not covered; the next change brings the report */
	bool busy = c->dialog || c->line || c->editor || attach_current();
	if (!c->hosts || !c->hosts->testing || busy)
		return;
	for (size_t i = 0; i < c->hosts->n; i++) {
		const struct server *v = store_server_find(c->store, c->hosts->names[i]);
		if (hosts_outcome(v) == HOST_TRYING)
			return;
		good += hosts_outcome(v) == HOST_ANSWERS;
	}
	if (good == c->hosts->n)
		console_flash(c, TONE_GOOD, good == 1 ? "%zu host was added, and answers"
		                                      : "%zu hosts were added, and answer",
		              good);
	else {
		struct doc doc;
		char title[80], key[KEY_NAME_SIZE];
		doc_init(&doc);
		for (size_t i = 0; i < c->hosts->n; i++)
			hosts_say_one(c, &doc, c->hosts->names[i]);
		doc_add(&doc, DOC_PLAIN, " ");
		doc_add(&doc, DOC_DIM,
		        "%s on its line connects again. `mocr doctor NAME` looks closer.",
		        keymap_key(console_actions, "server-refresh", key));
		snprintf(title, sizeof(title), "%zu of %zu hosts answer", good, c->hosts->n);
		c->dialog = dialog_text(title, &doc, NULL, NULL);
		console_redraw(c);
	}
	hosts_finish(c);
}

/* --- choosing ------------------------------------------------------------ */

static void hosts_leave(struct console *c, const char *what)
{
	c->hosts_later = true;
	console_flash(c, TONE_PLAIN, "%s; :hosts shows the %zu host%s again", what, c->hosts->n,
	              c->hosts->n == 1 ? "" : "s");
	hosts_finish(c);
}

static void hosts_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	struct hosts *h = c->hosts;
	struct err err = { 0 };
	size_t some = 0, added;
	console_redraw(c);
	if (!h)
		return;
	for (size_t i = 0; result->choice == 1 && i < h->n; i++)
		some += result->picked[i];
	if (!some) {
		hosts_leave(c, result->choice == 1 ? "No host was chosen" : "Left for later");
		return;
	}
	/* Keeps the chosen names only. */
	size_t n = 0;
	for (size_t i = 0; i < h->n; i++)
		if (result->picked[i])
			h->names[n++] = h->names[i];
		else
			free(h->names[i]);
	h->n = n;
	if (!config_add_servers(c->settings->path, (const char *const *)h->names, h->n, &added,
	                        &err)) {
		console_flash(c, TONE_BAD, "%s", err.text);
		hosts_finish(c);
		return;
	}
	const struct settings *before = c->settings;
	command_run(c, "reload"); /* opens what is new in the file */
	if (c->settings == before) {
		/* the file has another mistake, and the reload said so */
		hosts_finish(c);
		return;
	}
	h->testing = true;
	console_flash(c, TONE_PLAIN, "%zu host%s added to %s; connecting", h->n,
	              h->n == 1 ? "" : "s", c->settings->path);
	hosts_changed(c);
}

static void hosts_show(struct console *c)
{
	struct hosts *h = c->hosts;
	char title[80];
	struct dialog_item *items = xcalloc(h->n + 1, sizeof(*items));
	for (size_t i = 0; i < h->n; i++)
		items[i].label = h->names[i];
	snprintf(title, sizeof(title), "%zu host%s in your ssh config: choose those to watch",
	         h->n, h->n == 1 ? "" : "s");
	if (canvas_screen().width < (int)strlen(title) + 6)
		snprintf(title, sizeof(title), "Watch which of %zu hosts?", h->n);
	char *text = xasprintf("Kept in %s.", c->settings->path);
	dialog_cancel(c->dialog);
	c->dialog = dialog_pick(
		&(struct pick_spec){
			.title = title, .text = text, .word = "keep", .items = items, .n = h->n },
		hosts_chosen, c);
	free(text);
	free(items);
	console_redraw(c);
}

/* False: there is no host to offer. */
static bool hosts_find(struct console *c)
{
	size_t n;
	hosts_finish(c);
	char **names = hosts_unwatched(c->store, &n);
	if (!n)
		return false;
	c->hosts = xcalloc(1, sizeof(*c->hosts));
	*c->hosts = (struct hosts){ .names = names, .n = n };
	return true;
}

void hosts_open(struct console *c)
{
	if (!c->settings->path)
		return;
	if (replay_is_on(c->store)) {
		console_flash(c, TONE_WARN, "A recording plays: no host is added.");
		return;
	}
	if (hosts_find(c))
		hosts_show(c);
	else
		console_flash(c, TONE_PLAIN,
		              "No other host in your ssh config. :connect NAME adds a server now; "
		              "[server NAME] in %s keeps it",
		              c->settings->path);
}

void hosts_first(struct console *c)
{
	bool some = hosts_find(c);
	if (some && c->hosts_later)
		hosts_leave(c, "Only this machine is watched");
	else if (some)
		hosts_show(c);
	else
		console_flash(c, TONE_PLAIN,
		              "Only this machine is watched. :connect NAME adds a server now; "
		              "[server NAME] in %s keeps it",
		              c->settings->path);
}
