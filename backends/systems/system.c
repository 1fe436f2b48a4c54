/* system.c: the system as a kind of row: identity, health, figures, details, JSON, actions. */
#include "backends/systems/system.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/alerts.h"

const struct system_ops *system_ops(const struct system *y)
{
	return y->site->platform->param;
}

const char *system_product(const struct system *y)
{
	return y->product ? y->product : y->site->platform->product;
}

/* --- rows ---------------------------------------------------------------- */

/* Appends a part to an id. Slashes and blanks in the part become "-". */
static void system_add_part(char *id, size_t size, const char *part)
{
	size_t used = strlen(id);
	snprintf(id + used, size - used, "%s%s", used ? "/" : "", part);
	for (char *c = id + used + (used > 0); *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

static void system_id(const struct site *s, char *id, size_t size)
{
	*id = '\0';
	system_add_part(id, size, s->platform->section);
	system_add_part(id, size, s->name);
}

struct system *system_own(struct site *s)
{
	char id[200];
	system_id(s, id, sizeof(id));
	struct system *y = system_of(store_row(s->source, &kind_system, id, s->name));
	y->site = s;
	y->is_site = true;
	xreplace(&y->ref, "");
	snprintf(y->type, sizeof(y->type), "%s", s->platform->section);
	return y;
}

void system_begin(struct site *s, const char *type)
{
	system_site(s)->lists++;
}

/* Has another item of this list the same id? "a b" and "a-b" have. */
static bool system_id_is_taken(struct site *s, const char *id, const char *ref)
{
	size_t before = strlen(s->source->server->name) + strlen("/system/");
	for (const struct system *y = system_next(s, NULL); y; y = system_next(s, y))
		if (y->round == system_site(s)->lists &&
		    strlen(y->row.id) > before && !strcmp(y->row.id + before, id))
			return strcmp(y->ref, ref) != 0;
	return false;
}

static struct system *system_row_at(struct site *s, const char *id, const char *type,
                                    const char *name, const char *ref)
{
	struct system *y = system_of(store_row(s->source, &kind_system, id, name));
	y->site = s;
	y->round = system_site(s)->lists;
	snprintf(y->type, sizeof(y->type), "%s", type);
	xreplace(&y->ref, ref);
	return y;
}

struct system *system_row(struct site *s, const char *type, const char *name, const char *ref,
                          bool unique)
{
	char id[420];
	system_id(s, id, sizeof(id));
	system_add_part(id, sizeof(id), type);
	system_add_part(id, sizeof(id), *name ? name : "-");
	size_t used = strlen(id);
	char clean[SYSTEM_REF_SIZE];
	wash(clean, sizeof(clean), ref, strlen(ref));
	if (!unique || system_id_is_taken(s, id, clean))
		snprintf(id + used, sizeof(id) - used, "~%.12s", clean);
	return system_row_at(s, id, type, name, clean);
}

struct system *system_row_as(struct site *s, const char *type, const char *key, const char *name,
                             const char *ref)
{
	char id[420];
	char clean[SYSTEM_REF_SIZE];
	system_id(s, id, sizeof(id));
	system_add_part(id, sizeof(id), type);
	system_add_part(id, sizeof(id), key);
	wash(clean, sizeof(clean), ref, strlen(ref));
	return system_row_at(s, id, type, name, clean);
}

struct system *system_next(const struct site *s, const struct system *after)
{
	const struct server *v = s->source->server;
	struct row *r = after ? store_next(&after->row, &kind_system, v)
	                      : store_first(s->source->store, &kind_system, v);
	while (r && !(system_const(r)->site == s && !system_const(r)->is_site))
		r = store_next(r, &kind_system, v);
	return r ? system_of(r) : NULL;
}

void system_end(struct site *s, const char *type, size_t left_out)
{
	for (struct system *y = system_next(s, NULL), *next; y; y = next) {
		next = system_next(s, y);
		if (!strcmp(y->type, type) && y->round != system_site(s)->lists)
			store_row_remove(&y->row);
	}
	s->left_out += left_out;
	site_listed(s);
}

void system_forget(struct site *s)
{
	struct store *store = s->source->store;
	const struct server *v = s->source->server;
	for (struct row *r = store_first(store, &kind_system, v), *next; r; r = next) {
		next = store_next(r, &kind_system, v);
		if (system_const(r)->site == s)
			store_row_remove(r);
	}
	alerts_join(store);
}

void system_settle(struct system *y, const char *state, enum health health, const char *why)
{
	int64_t since = now_wall_ms();
	if (y->state_ms > 0)
		since = y->state_ms;
	else if (y->row.health == health && y->row.health_ms)
		since = y->row.health_ms;
	wash(y->state, sizeof(y->state), state, strlen(state));
	store_row_health(&y->row, health, since, why && *why ? why : NULL);
	store_touch(&y->row);
}

static size_t system_find_figure(const struct system *y, const char *name)
{
	size_t i = 0;
	while (i < y->n_figures && strcmp(y->figures[i].name, name) != 0)
		i++;
	return i;
}

const char *system_figure_text(const struct system *y, const char *name)
{
	size_t i = system_find_figure(y, name);
	return i < y->n_figures ? y->figures[i].text : "";
}

void system_figure(struct system *y, const char *name, enum doc_tone tone, const char *fmt, ...)
{
	char raw[160];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	size_t i = system_find_figure(y, name);
	assert(strlen(name) < sizeof(y->figures[0].name));
	if (!*raw && i < y->n_figures) {
		y->n_figures--;
		memmove(&y->figures[i], &y->figures[i + 1],
		        (y->n_figures - i) * sizeof(y->figures[0]));
	} else if (*raw && i < SYSTEM_FIGURES_MAX) {
		struct system_figure *f = &y->figures[i];
		snprintf(f->name, sizeof(f->name), "%s", name);
		wash(f->text, sizeof(f->text), raw, strlen(raw));
		f->tone = tone;
		f->share = -1;
		if (i == y->n_figures)
			y->n_figures++;
	}
	store_touch(&y->row);
}

void system_figure_share(struct system *y, const char *name, double used, double limit)
{
	size_t i = system_find_figure(y, name);
	if (i < y->n_figures && used >= 0 && limit > 0)
		y->figures[i].share = used / limit;
}

/* --- the system itself ---------------------------------------------------- */

void system_note(struct site *s, enum health health, const char *why)
{
	struct system_site *t = system_site(s);
	t->note_health = health;
	wash(t->note, sizeof(t->note), why, strlen(why));
	system_own_row(s);
}

bool system_has_token(const struct site *s)
{
	struct site_config c;
	return site_config(s, &c) && c.token_command;
}

bool system_wants_token(const struct site *s, const struct platform_step *step)
{
	return (step->flags & STEP_OPEN) || system_has_token(s);
}

void system_lacks(struct site *s, const struct platform_step *step, const struct err *err)
{
	struct system_site *t = system_site(s);
	if (err->code == ERR_ABSENT || (err->code == ERR_DENIED && !system_has_token(s)))
		return;
	snprintf(t->lack, sizeof(t->lack), "%s", err->text);
	t->lack_step = s->round;
	system_own_row(s);
}

void system_own_row(struct site *s)
{
	struct system_site *t = system_site(s);
	struct system *y = system_own(s);
	bool lacks = *t->lack && t->lack_step == s->round;
	if (s->err.code)
		system_settle(y, "no answer", HEALTH_BAD, s->err.text);
	else if (t->note_health >= HEALTH_ATTENTION || t->note_health == HEALTH_IDLE)
		system_settle(y, "up", t->note_health, t->note);
	else if (lacks)
		system_settle(y, "up", HEALTH_ATTENTION, t->lack);
	else
		system_settle(y, "up", HEALTH_GOOD, NULL);
	alerts_join(s->source->store);
}

/* --- details and JSON ----------------------------------------------------- */

static void system_finish(struct row *r)
{
	free(system_of(r)->labels);
	free(system_of(r)->asked);
	free(system_of(r)->ref);
	free(system_of(r)->line);
}

static void system_detail(struct row *row, struct doc *doc, bool reveal)
{
	const struct system *y = system_of(row);
	const struct system_ops *ops = system_ops(y);
	(void)reveal;
	doc_pair(doc, DOC_PLAIN, "system", "%s %s", system_product(y),
	         y->product ? y->row.name : y->site->name);
	if (!y->is_site && !y->product)
		doc_pair(doc, DOC_PLAIN, "type", "%s", y->type);
	if (y->is_site && *y->site->version)
		doc_pair(doc, DOC_PLAIN, "version", "%s", y->site->version);
	doc_pair(doc, DOC_PLAIN, "state", "%s", y->state);
	if (row->why)
		doc_pair(doc, row->health >= HEALTH_ATTENTION ? DOC_BAD : DOC_DIM, "why", "%s",
		         row->why);
	for (size_t i = 0; i < y->n_figures; i++) {
		const struct system_figure *f = &y->figures[i];
		doc_pair(doc, f->tone, f->name, "%s", f->text);
		doc_share(doc, f->share);
	}
	if (y->is_site)
		doc_pair(doc, DOC_PLAIN, "address", "%s", site_url(y->site));
	else if (*y->ref && !y->product)
		doc_pair(doc, DOC_DIM, "id there", "%s", y->ref);
	if (row->order && row->order->state == ORDER_RUNNING && row->order->progress[0])
		doc_pair(doc, DOC_PLAIN, row->order->action->verb, "%s", row->order->progress);
	if (y->labels) {
		doc_head(doc, "Labels");
		for (const char *line = y->labels + 1; *line;) {
			size_t n = strcspn(line, "\n"), name = strcspn(line, "=\n");
			char label[80];
			snprintf(label, sizeof(label), "%.*s", (int)(name < 70 ? name : 70), line);
			if (name < n)
				doc_pair(doc, DOC_PLAIN, label, "%.*s", (int)(n - name - 1),
				         line + name + 1);
			line += n + (line[n] == '\n');
		}
	}
	if (ops && ops->detail)
		ops->detail(y, doc);
}

static void system_json(const struct row *row, void *out)
{
	const struct system *y = system_const(row);
	cJSON *o = out;
	json_add_filled(o, "system", y->site->platform->section);
	json_add_filled(o, "section", y->site->name);
	json_add_filled(o, "type", y->type);
	json_add_filled(o, "state", y->state);
	json_add_filled(o, "version", y->is_site ? y->site->version : "");
	json_add_filled(o, "ref", y->ref);
	cJSON *figures = cJSON_AddObjectToObject(o, "figures");
	for (size_t i = 0; figures && i < y->n_figures; i++)
		json_add_filled(figures, y->figures[i].name, y->figures[i].text);
}

/* --- actions -------------------------------------------------------------- */

/* action->data is the enum system_do. NULL: the system of the row has no such action. */
static const struct system_act *system_act(const struct action *action, const struct row *r)
{
	const struct system_ops *ops = system_ops(ROW_AS(system, r));
	return ops ? &ops->acts[*(const enum system_do *)action->data] : NULL;
}

static bool system_can(const struct action *action, const struct row *r)
{
	const struct system_act *act = system_act(action, r);
	return act && act->run && (!act->can || act->can(act, ROW_AS(system, r)));
}

static void system_command(const struct action *action, const struct row *r, char *buf, size_t size)
{
	const struct system_act *act = system_act(action, r);
	char raw[512] = "";
	if (act && act->command)
		act->command(act, ROW_AS(system, r), raw, sizeof(raw));
	wash(buf, size, raw, strlen(raw));
}

static void system_run(struct order *order)
{
	struct row *r = order_row(order);
	const struct system_act *act = system_act(order->action, r);
	act->run(act, order, ROW_AS(system, r));
}

static bool system_fits(const struct action *action, const struct row *r, const char *argument,
                        struct err *err)
{
	const struct system_act *act = system_act(action, r);
	if (act && act->fits_row)
		return act->fits_row(act, ROW_AS(system, r), argument, err);
	return !act || !act->fits || act->fits(act, argument, err);
}

static void system_suggest_silence(const struct row *r, char *buf, size_t size)
{
	(void)r;
	snprintf(buf, size, "2h ");
}

static void system_suggest_branch(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s", system_figure_text(system_const(r), "branch"));
}

/* Only a workflow is started for a branch. */
static void system_asks_branch(const struct row *r, char *buf, size_t size)
{
	const struct system_ops *ops = system_ops(system_const(r));
	bool of_branch = ops && ops->acts[SYSTEM_DISPATCH].fits;
	snprintf(buf, size, "%s", of_branch ? "It must have workflow_dispatch." : "");
}

/* What the record holds now, to be edited. */
static void system_suggest_values(const struct row *r, char *buf, size_t size)
{
	const char *text = system_const(r)->labels, *is = text ? strchr(text, '=') : NULL;
	const char *values = is ? is + 1 : "";
	snprintf(buf, size, "%.*s", (int)strcspn(values, "\n"), values);
}

/* --- logs ------------------------------------------------------------------ */

static bool system_follow_fits(const struct row *r)
{
	const struct system *y = system_const(r);
	const struct system_ops *ops = system_ops(y);
	return ops && ops->has_log && ops->has_log(y);
}

static struct follow *system_follow(struct row *r, struct log *log, struct err *err)
{
	if (system_follow_fits(r))
		return system_ops(system_of(r))->follow(system_of(r), NULL, log, err);
	err_set(err, ERR_ABSENT, "%s has no log here", r->name);
	return NULL;
}

/* "loki" means every Loki, "home" the one with this name. */
static bool system_takes_query(const struct row *r, const char *word)
{
	const struct system *y = system_const(r);
	const struct system_ops *ops = system_ops(y);
	return ops && ops->takes_queries && y->is_site &&
	       (!strcmp(word, y->site->name) || !strcmp(word, y->site->platform->section));
}

static struct follow *system_follow_query(struct row *r, const char *query, struct log *log,
                                          struct err *err)
{
	return system_ops(system_of(r))->follow(system_of(r), query, log, err);
}

#define DOES(what)                                                                      \
	.applies_of = system_can, .command_of = system_command, .fits_of = system_fits, \
	.run = system_run, .data = &(const enum system_do)                              \
	{                                                                               \
		what                                                                    \
	}
static const struct action_choices system_answers = {
	"May this command run?",
	{ { "o", "allow-once", "this time" },
	  { "a", "allow-always", "now and whenever it is asked for again" },
	  { "d", "deny", "it does not run" } }
};

static const struct action system_actions[] = {
	{ .name = "system-silence",
	  .verb = "silence",
	  .key = "m",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_AS_SHOWN,
	  DOES(SYSTEM_SILENCE),
	  .suggest = system_suggest_silence,
	  .asks = "For how long: 30m, 2h, 3d; then, if you like, why",
	  .doing = "silencing",
	  .help = "silence exactly this alert for a time; all of its labels must match" },
	{ .name = "system-unsilence",
	  .verb = "end silence",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_AS_SHOWN,
	  DOES(SYSTEM_UNSILENCE),
	  .doing = "ending its silence",
	  .help = "end the silence that holds this alert back, for all alerts that it covers" },
	{ .name = "system-load",
	  .verb = "load",
	  .key = "i",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_LOAD),
	  .doing = "loading",
	  .help = "load the model into memory, for as long as the system keeps one" },
	{ .name = "system-unload",
	  .verb = "unload",
	  .key = "u",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  DOES(SYSTEM_UNLOAD),
	  .doing = "unloading",
	  .help = "take the model out of memory now" },
	{ .name = "system-pull",
	  .verb = "pull",
	  .key = "P",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_PULL),
	  .asks = "Name of the model: llama3.2, qwen2.5-coder:7b",
	  .doing = "pulling",
	  .help = "download a model by its name, and show how far it is" },
	{ .name = "system-delete",
	  .verb = "delete",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_DANGER | ACTION_AS_SHOWN,
	  DOES(SYSTEM_DELETE),
	  .doing = "deleting",
	  .help = "delete the model, the DNS record or the task there, for good" },
	{ .name = "system-rerun",
	  .verb = "rerun",
	  .key = "r",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED | ACTION_AS_SHOWN,
	  DOES(SYSTEM_RERUN),
	  .doing = "starting again",
	  .help = "run it again; after a failure only the jobs that failed" },
	{ .name = "system-cancel",
	  .verb = "cancel",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED | ACTION_AS_SHOWN,
	  DOES(SYSTEM_CANCEL),
	  .doing = "cancelling",
	  .help = "cancel a run that waits or runs" },
	{ .name = "system-dispatch",
	  .verb = "dispatch",
	  .key = "D",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_AS_SHOWN,
	  DOES(SYSTEM_DISPATCH),
	  .suggest = system_suggest_branch,
	  .asks = "For which branch: main",
	  .asks_more = system_asks_branch,
	  .doing = "starting",
	  .help = "start the workflow of this run for a branch, or send the task to its agent" },
	{ .name = "system-add",
	  .verb = "add",
	  .key = "N",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_ADD),
	  .asks = "Record: www A 192.0.2.7 ttl=300 (@ is the zone itself)",
	  .doing = "adding",
	  .help = "add a record set to the zone; one that exists is not touched" },
	{ .name = "system-change",
	  .verb = "change",
	  .key = "c",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_AS_SHOWN,
	  DOES(SYSTEM_CHANGE),
	  .suggest = system_suggest_values,
	  .asks = "Its values: 192.0.2.7 ; 192.0.2.8 ttl=300",
	  .doing = "changing",
	  .help = "replace all values of the record set; the old ones are shown and kept in the "
	          "activity" },
	{ .name = "system-create",
	  .verb = "create",
	  .key = "N",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_FREE_TEXT,
	  DOES(SYSTEM_CREATE),
	  .asks = "Title of the task: Fix the login priority=high",
	  .doing = "creating",
	  .help = "create a task, in its inbox" },
	{ .name = "system-move",
	  .verb = "move",
	  .key = "m",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_AS_SHOWN,
	  DOES(SYSTEM_MOVE),
	  .asks = "To which state: inbox, planning, assigned, in_progress, testing, review, done",
	  .doing = "moving",
	  .help = "move the task to another state; assigned also sends it to its agent" },
	{ .name = "system-start",
	  .verb = "start",
	  .key = "u",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_START),
	  .doing = "starting",
	  .help = "start the code-server" },
	{ .name = "system-stop",
	  .verb = "stop",
	  .key = "b",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_STOP),
	  .doing = "stopping",
	  .help = "stop the code-server; what is open in it ends" },
	{ .name = "system-restart",
	  .verb = "restart",
	  .key = "r",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_RESTART),
	  .doing = "restarting",
	  .help = "stop the code-server and start it again" },
	{ .name = "system-write",
	  .verb = "write section",
	  .key = "w",
	  DOES(SYSTEM_WRITE),
	  .asks = "A command that prints its key",
	  .asks_more = system_key_words,
	  .doing = "writing its section",
	  .help = "write the section of a system that was found into the configuration, and read "
	          "that again" },
	{ .name = "system-dismiss",
	  .verb = "dismiss",
	  .key = "X",
	  .flags = ACTION_MARKED,
	  DOES(SYSTEM_DISMISS),
	  .doing = "dismissing",
	  .help = "never offer this system again" },
	{ .name = "system-test-webhook",
	  .verb = "test webhook",
	  .key = "i",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_TEST),
	  .doing = "testing",
	  .help = "send a test webhook, which the relay passes on to all of its legs" },
	{ .name = "system-send",
	  .verb = "send",
	  .key = "p",
	  .flags = ACTION_CHANGES | ACTION_FREE_TEXT,
	  DOES(SYSTEM_SEND),
	  .asks = "What to say to this session",
	  .doing = "sending",
	  .help = "send a message to the session of the gateway" },
	{ .name = "system-abort",
	  .verb = "abort",
	  .key = "b",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  DOES(SYSTEM_ABORT),
	  .doing = "aborting",
	  .help = "stop what runs in the session of the gateway now" },
	{ .name = "system-answer",
	  .verb = "answer",
	  .key = "r",
	  .flags = ACTION_CHANGES | ACTION_AS_SHOWN,
	  DOES(SYSTEM_ANSWER),
	  .choices = &system_answers,
	  .doing = "answering",
	  .help = "allow the command that waits for you once or always, or deny it" },
	{ .name = "system-block",
	  .verb = "block",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_BLOCK),
	  .doing = "blocking",
	  .help = "refuse all requests with this key until it is unblocked" },
	{ .name = "system-unblock",
	  .verb = "unblock",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(SYSTEM_UNBLOCK),
	  .doing = "unblocking",
	  .help = "accept requests with this key again" },
	{ .name = NULL }
};

const struct kind kind_system = {
	.apart = true,
	.name = "system",
	.plural = "systems",
	.row_size = sizeof(struct system),
	.actions = system_actions,
	.finish = system_finish,
	.detail = system_detail,
	.follow = system_follow,
	.follow_fits = system_follow_fits,
	.takes_query = system_takes_query,
	.follow_query = system_follow_query,
	.json = system_json,
};
