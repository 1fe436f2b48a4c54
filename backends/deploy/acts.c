/* acts.c: the actions deploy, roll back and cancel, and the actions of compose projects. One
 * command starts a run. It answers once the run no longer depends on the link. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/servers/server.h"
#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/deploy/internal.h"
#include "backends/deploy/script.h"
#include "backends/link/ask.h"
#include "backends/store/settings.h"

#define START_MS 60000
#define CANCEL_WAIT_S 10
#define ANSWER_MAX (64u << 10)

/* action->data of a deploy's action. */
struct deploy_request {
	const char *what; /* "deploy", "rollback", as its run is called */
	bool back;        /* the rollback command, with the values of the run that failed */
};
/* action->data of a compose project's action. */
struct project_request {
	const char *what;
	const char *steps[3]; /* ends at NULL */
};

struct act {
	struct act *next;
	struct deploys *owner;
	struct order *order;
	struct run *run;
	struct pull *pull; /* pull of the images, before the run */
	bool unnamed;
	const struct deploy_request *request; /* of a deploy; NULL: a project */
	struct ask_word wanted[ASKS_MAX]; /* the secret variables; rest is NULL */
	struct secret *secrets[ASKS_MAX]; /* owned: the values received so far */
	size_t n_wanted, n_secrets;
	struct ask *ask; /* question for the next secret; NULL */
};

const char *deploy_who(void)
{
	static char who[128];
	char host[64] = "";
	const struct passwd *pw = getpwuid(getuid());
	gethostname(host, sizeof(host) - 1);
	snprintf(who, sizeof(who), "%.50s from %.60s", pw ? pw->pw_name : "?", host);
	return who;
}

static void deploy_act_act_end(struct act *a, const struct err *err, const char *output)
{
	struct order *order = a->order;
	LIST_DROP(a->owner->acts, a);
	pull_cancel(a->pull);
	if (a->ask)
		server_ask_drop(a->owner->source.server, a->ask);
	for (size_t i = 0; i < a->n_secrets; i++)
		secret_destroy(a->secrets[i]);
	free(a);
	order_end(order, err, output);
}

void acts_finish(struct deploys *ds)
{
	struct err err;
	err_set(&err, ERR_LOST,
	        "the connection was lost while it was being started; the list shows whether it "
	        "runs when the connection is back");
	while (ds->acts) {
		run_cancel(ds->acts->run);
		deploy_act_act_end(ds->acts, &err, NULL);
	}
}

/* Turns the script's "=STEP words" into a sentence. */
static void deploy_act_said(const struct run_result *r, const char *doing, struct err *err)
{
	char text[260], step[16] = "";
	const char *words = r->err_out;
	wash(text, sizeof(text), words, r->err_len);
	if (text[0] == '=' && sscanf(text, "=%15s", step) == 1)
		memmove(text, text + 1 + strlen(step) + (text[1 + strlen(step)] == ' '),
		        strlen(text + 1 + strlen(step) + (text[1 + strlen(step)] == ' ')) + 1);
	if (!strcmp(step, "locked"))
		err_set(err, ERR_REFUSED, "not started: %s", text);
	else if (!strcmp(step, "directory"))
		err_set(err, ERR_ABSENT,
		        "not started, nothing was changed: the directory cannot be entered: %s",
		        text);
	else if (!strcmp(step, "place"))
		err_set(err, ERR_REFUSED,
		        "not started, nothing was changed: the server cannot keep its output: %s",
		        text);
	else
		err_set(err, ERR_REFUSED, "%s: the server's sh ended with code %d%s%s", doing,
		        r->end.exit_code, *text ? ": " : "", text);
}

static void deploy_act_cancel(struct order *);

static void deploy_act_done(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->end.err;
	bool cancel = a->order->action->run == deploy_act_cancel;
	a->run = NULL;
	if (!err.code && (r->end.exit_code != 0 || (!cancel && strncmp(r->out, "started", 7) != 0)))
		deploy_act_said(r, cancel ? "not cancelled" : "not started", &err);
	deploy_act_act_end(a, &err,
	                   cancel ? "its processes have ended"
	                          : "started; it continues without this console");
}

static struct act *deploy_act_act_begin(struct order *order, struct deploy *d)
{
	struct act *a = xcalloc(1, sizeof(*a));
	a->owner = deploys_of(d->row.source);
	a->order = order;
	a->next = a->owner->acts;
	a->owner->acts = a;
	order->run = a;
	return a;
}

static void deploy_act_run_script(struct act *a, struct deploy *d, struct buf *script,
                                  int64_t timeout_ms)
{
	a->run = link_run(source_link(d->row.source), "exec sh -s", script->data, script->len,
	                  ANSWER_MAX, timeout_ms, deploy_act_done, a);
}

/* --- secret variables ---------------------------------------------------- */

static void deploy_act_next_secret(struct act *);

/* Receives one secret. Its memory is locked until the script has been sent. */
static void deploy_act_secret_came(struct ask *ask, struct secret *answer, bool keep, void *arg)
{
	struct act *a = arg;
	struct err err;
	(void)ask;
	(void)keep;
	a->ask = NULL;
	if (answer) {
		a->secrets[a->n_secrets++] = answer;
		deploy_act_next_secret(a);
		return;
	}
	err_set(&err, ERR_DENIED,
	        "not started: %s is secret and was not given; it is asked for, or taken from "
	        "mocr's environment",
	        a->wanted[a->n_secrets].name);
	deploy_act_act_end(a, &err, NULL);
}

static void deploy_act_launch(struct act *);

static void deploy_act_next_secret(struct act *a)
{
	while (a->n_secrets < a->n_wanted) {
		const struct ask_word *word = &a->wanted[a->n_secrets];
		const char *own = getenv(word->name);
		if (!own) {
			struct server *v = a->owner->source.server;
			struct ask *ask = xcalloc(1, sizeof(*ask));
			*ask = (struct ask){ .kind = ASK_PASSWORD,
				             .ordered = true,
				             .answered = deploy_act_secret_came,
				             .arg = a };
			snprintf(ask->title, sizeof(ask->title), "%.40s: a value for a deploy",
			         v->name);
			snprintf(ask->text, sizeof(ask->text),
			         "%.200s asks for %s, which is secret.\nIt goes to the server for "
			         "this "
			         "run and is kept nowhere.",
			         a->order->id, word->name);
			snprintf(ask->prompt, sizeof(ask->prompt), "%.60s", word->name);
			a->ask = ask;
			server_ask(v, ask);
			return;
		}
		a->secrets[a->n_secrets++] = secret_create(own, strlen(own));
		/* Child processes do not need it. A run on this machine gets it from the script. */
		unsetenv(word->name);
	}
	deploy_act_launch(a);
}

/* Exports the secrets under the present configuration. Fails if it asks for other secrets now. */
static bool deploy_act_export_secrets(const struct act *a, const char *ask_lines, struct buf *out,
                                      struct err *err)
{
	struct ask_word words[ASKS_MAX];
	size_t n = asks_read(ask_lines, words, ASKS_MAX, err), k = 0;
	for (size_t i = 0; i < n; i++) {
		if (!words[i].secret)
			continue;
		if (k == a->n_secrets || strcmp(words[i].name, a->wanted[k].name) != 0)
			return err_set(err, ERR_USAGE,
			               "not started: [deploy] asks for other variables now; start "
			               "it again");
		if (!value_export(&words[i], a->secrets[k++]->text, out, err))
			return false;
	}
	return !err->code;
}

/* --- starting ------------------------------------------------------------ */

static void deploy_act_launch(struct act *a)
{
	struct order *order = a->order;
	struct deploy *d = ROW_AS(deploy, order_row(order));
	const struct deploy_config *c = d ? deploy_config_of(d) : NULL;
	struct buf exports = { 0 }, secrets = { .secret = true }, command = { 0 },
		   script = { .secret = true };
	struct err err = { 0 };
	bool back = a->request->back;
	if (!c)
		err_set(&err, ERR_ABSENT, "%s is no longer in this configuration", order->id);
	const char *text;
	if (c)
		text = back ? c->rollback : c->run;
	else
		text = NULL;
	const char *values = back ? NULL : order->argument;
	if (c && !text)
		err_set(&err, ERR_USAGE, "[deploy %s] has no key run", c->name);
	if (text && (back || values_read(c->ask, values, &exports, &err)) &&
	    deploy_act_export_secrets(a, c->ask, &secrets, &err) &&
	    command_build(text, c->ask, &command, &err)) {
		char id[DEPLOY_ID_SIZE];
		const char *said = back ? d->run.args : "";
		char *args = wash_dup(values ? values : said, 200);
		snprintf(id, sizeof(id), "%lld-%s", (long long)now_wall_ms(), c->name);
		struct start_words w = { .id = id,
			                 .name = c->name,
			                 .what = a->request->what,
			                 .by = deploy_who(),
			                 .args = args,
			                 .of = back ? d->run.id : NULL,
			                 .directory = c->directory,
			                 .exports = exports.data,
			                 .secrets = secrets.data,
			                 .command = command.data,
			                 .lock = c->lock };
		script_start(&script, &w);
		deploy_act_run_script(a, d, &script, START_MS);
		free(args);
	} else {
		deploy_act_act_end(a, &err, NULL);
	}
	buf_finish(&exports);
	buf_finish(&secrets);
	buf_finish(&command);
	buf_finish(&script);
}

static void deploy_act_start(struct order *order)
{
	struct deploy *d = ROW_AS(deploy, order_row(order));
	const struct deploy_config *c = d ? deploy_config_of(d) : NULL;
	struct err err = { 0 };
	if (!c) {
		err_set(&err, ERR_ABSENT, "%s is no longer in this configuration", order->id);
		order_end(order, &err, NULL);
		return;
	}
	struct act *a = deploy_act_act_begin(order, d);
	a->request = order->action->data;
	struct ask_word words[ASKS_MAX];
	size_t n = asks_read(c->ask, words, ASKS_MAX, &err);
	for (size_t i = 0; i < n; i++)
		if (words[i].secret) {
			a->wanted[a->n_wanted] = words[i];
			/* rest points into the settings, which may be reloaded by then */
			a->wanted[a->n_wanted++].rest = NULL;
		}
	if (!err.code)
		deploy_act_next_secret(a);
	else
		deploy_act_act_end(a, &err, NULL);
}

static void deploy_act_cancel(struct order *order)
{
	struct deploy *d = ROW_AS(deploy, order_row(order));
	struct buf script = { 0 };
	script_cancel(&script, d->run.id, deploy_who(), CANCEL_WAIT_S);
	deploy_act_run_script(deploy_act_act_begin(order, d), d, &script,
	                      (CANCEL_WAIT_S + 20) * 1000);
	buf_finish(&script);
}

/* --- compose projects ---------------------------------------------------- */

/* A pull goes on as project_up does when the engine brought the images. */
static const struct project_request project_up = { "up", { "up -d" } };
static const struct project_request project_pull_and_up = { "pull", { "pull", "up -d" } };

static void deploy_act_project_start(struct act *a, struct deploy *d, const char *const *steps,
                                     const char *what)
{
	struct buf command = { 0 }, script = { 0 };
	const struct deploy_project *p = d->project;
	char id[DEPLOY_ID_SIZE], *more = xasprintf("\tengine=%s\tdir=%s\tfiles=%s\tenvfiles=%s",
	                                           p->engine, p->dir, p->files, p->env);
	snprintf(id, sizeof(id), "%lld-%s", (long long)now_wall_ms(), d->row.name);
	project_script(d, steps, &command);
	struct start_words w = { .id = id,
		                 .name = d->row.name,
		                 .what = what,
		                 .by = deploy_who(),
		                 .directory = p->dir,
		                 .command = command.data,
		                 .more = more,
		                 .lock = true };
	script_start(&script, &w);
	events_wanted(a->owner);
	deploy_act_run_script(a, d, &script, START_MS);
	free(more);
	buf_finish(&command);
	buf_finish(&script);
}

static void deploy_act_project(struct order *order)
{
	const struct project_request *request = order->action->data;
	struct deploy *d = ROW_AS(deploy, order_row(order));
	deploy_act_project_start(deploy_act_act_begin(order, d), d, request->steps, request->what);
}

static void deploy_act_pull_moves(const char *words, void *arg)
{
	order_progress(((struct act *)arg)->order, "pulling %s", words);
}

/* If the engine could not pull an image, the run pulls with the server's own compose. Only that has
 * the logins. */
static void deploy_act_pull_done(const struct err *err, size_t pulled, bool refused, void *arg)
{
	struct act *a = arg;
	struct deploy *d = ROW_AS(deploy, order_row(a->order));
	struct err gone;
	a->pull = NULL;
	order_progress(a->order, "starting");
	if (err->code || !d) {
		err_set(&gone, ERR_ABSENT, "%s is gone", a->order->id);
		deploy_act_act_end(a, err->code ? err : &gone, NULL);
		return;
	}
	bool pulls = refused || a->unnamed;
	deploy_act_project_start(a, d, pulls ? project_pull_and_up.steps : project_up.steps,
	                         project_pull_and_up.what);
}

static void deploy_act_run_pull(struct order *order)
{
	static const struct pull_events events = { .progress = deploy_act_pull_moves,
		                                   .done = deploy_act_pull_done };
	struct deploy *d = ROW_AS(deploy, order_row(order));
	struct act *a = deploy_act_act_begin(order, d);
	struct err err = { 0 };
	a->pull = project_pull(d, &events, a, &a->unnamed, &err);
	if (!a->pull && err.code)
		deploy_act_act_end(a, &err, NULL);
	else if (!a->pull)
		deploy_act_project_start(a, d, project_pull_and_up.steps,
		                         project_pull_and_up.what);
}

/* --- when an action applies ---------------------------------------------- */

static bool deploy_act_can_start(const struct row *r)
{
	const struct deploy *d = ROW_AS(deploy, r);
	const struct deploy_config *c = deploy_config_of(d);
	return c && (!c->lock || d->state != DEPLOY_RUNNING);
}
static bool deploy_act_can_ask(const struct row *r)
{
	return deploy_act_can_start(r) && deploy_config_of(ROW_AS(deploy, r))->confirm;
}
static bool deploy_act_at_once(const struct row *r)
{
	return deploy_act_can_start(r) && !deploy_config_of(ROW_AS(deploy, r))->confirm;
}

static bool deploy_act_can_roll_back(const struct row *r)
{
	const struct deploy *d = ROW_AS(deploy, r);
	const struct deploy_config *c = deploy_config_of(d);
	return c && c->rollback && d->state >= DEPLOY_FAILED;
}
static bool deploy_act_can_cancel(const struct row *r)
{
	return ROW_AS(deploy, r)->state == DEPLOY_RUNNING;
}

bool deploy_not_now(const struct row *r, const struct action *a, char *buf, size_t size)
{
	bool runs = deploy_act_can_cancel(r), cancel = a->applies == deploy_act_can_cancel;
	snprintf(buf, size, "%s", cancel ? "does not run" : "runs already");
	return runs || cancel;
}

static void deploy_act_command(const struct action *a, const struct row *r, char *buf, size_t size)
{
	const struct deploy_request *request = a->data;
	const struct deploy_config *c = deploy_config_of(ROW_AS(deploy, r));
	const char *command = request->back ? c->rollback : c->run;
	struct buf b = { 0 };
	if (c->directory) {
		buf_puts(&b, "cd ");
		quote_word(&b, c->directory);
		buf_puts(&b, " && ");
	}
	buf_puts(&b, command ? command : "");
	wash(buf, size, b.data ? b.data : "", b.len);
	buf_finish(&b);
}

static void deploy_act_cancel_command(const struct row *r, char *buf, size_t size)
{
	snprintf(buf, size, "TERM to all processes of %s, KILL after %d s",
	         ROW_AS(deploy, r)->run.id, CANCEL_WAIT_S);
}

static bool deploy_act_is_project(const struct row *r)
{
	const struct deploy *d = ROW_AS(deploy, r);
	return d->project && d->project->dir[0] && !d->project->doubtful &&
	       d->state != DEPLOY_RUNNING;
}
static bool deploy_act_has_containers(const struct row *r)
{
	return deploy_act_is_project(r) && ROW_AS(deploy, r)->project->containers > 0;
}

static void deploy_act_project_command(const struct action *a, const struct row *r, char *buf,
                                       size_t size)
{
	const struct project_request *request = a->data;
	const struct deploy *d = ROW_AS(deploy, r);
	struct buf b = { 0 };
	buf_puts(&b, "cd ");
	quote_word(&b, d->project->dir);
	buf_puts(&b, " && ");
	project_words(d, request->steps, &b);
	wash(buf, size, b.data, b.len);
	buf_finish(&b);
}

static void deploy_act_suggest(const struct row *r, char *buf, size_t size)
{
	const struct deploy *d = ROW_AS(deploy, r);
	if (d->run.args[0])
		snprintf(buf, size, "%s", d->run.args);
	else
		values_suggest(deploy_config_of(d)->ask, buf, size);
}

/* Writes the ask lines of the configuration, like "ROLE one of caddy n8n"; "" none. */
static void deploy_act_asks_more(const struct row *r, char *buf, size_t size)
{
	const struct deploy_config *c = deploy_config_of(ROW_AS(deploy, r));
	snprintf(buf, size, "%s", c && c->ask ? c->ask : "");
}

static bool deploy_act_fits(const struct row *r, const char *argument, struct err *err)
{
	const struct deploy_config *c = deploy_config_of(ROW_AS(deploy, r));
	struct buf exports = { 0 };
	bool ok = !c || values_read(c->ask, argument, &exports, err);
	buf_finish(&exports);
	return ok;
}

#define ASKS "NAME=VALUE for each of these, separated by blanks; quotes as in a shell:"
#define ASKING                                                                          \
	.asks = ASKS, .asks_more = deploy_act_asks_more, .suggest = deploy_act_suggest, \
	.fits = deploy_act_fits
#define DEPLOY(...)                                                \
	.command_of = deploy_act_command, .run = deploy_act_start, \
	.data = &(const struct deploy_request){ __VA_ARGS__ }
#define PROJECT(...)                                                         \
	.command_of = deploy_act_project_command, .run = deploy_act_project, \
	.data = &(const struct project_request){ __VA_ARGS__ }
const struct action deploy_actions[] = {
	{ .name = "deploy-run",
	  .verb = "deploy",
	  .key = "D",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_RUNS,
	  .applies = deploy_act_can_ask,
	  DEPLOY("deploy", false),
	  ASKING,
	  .doing = "starting",
	  .help = "run it on its server, where it continues without this console" },
	{ .name = "deploy-run-now",
	  .verb = "deploy now",
	  .key = "D",
	  .flags = ACTION_CHANGES | ACTION_RUNS,
	  .applies = deploy_act_at_once,
	  DEPLOY("deploy", false),
	  ASKING,
	  .doing = "starting",
	  .help = "the same for one with confirm = no" },
	{ .name = "deploy-rollback",
	  .verb = "roll back",
	  .key = "B",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_RUNS,
	  .applies = deploy_act_can_roll_back,
	  DEPLOY("rollback", true),
	  .doing = "starting",
	  .help = "run its rollback command, with the values of the run that failed" },
	{ .name = "deploy-cancel",
	  .verb = "cancel",
	  .key = "C-k",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_DANGER | ACTION_AS_SHOWN,
	  .applies = deploy_act_can_cancel,
	  .command = deploy_act_cancel_command,
	  .run = deploy_act_cancel,
	  .doing = "cancelling",
	  .help = "end the run: TERM to all its processes, KILL if they do not end" },
	{ .name = "project-pull",
	  .verb = "pull",
	  .key = "P",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_RUNS,
	  .applies = deploy_act_is_project,
	  .command_of = deploy_act_project_command,
	  .run = deploy_act_run_pull,
	  .data = &project_pull_and_up,
	  .doing = "pulling",
	  .help = "pull the images of the compose project, then bring it up (pull, up -d)" },
	{ .name = "project-up",
	  .verb = "up",
	  .key = "U",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_RUNS,
	  .applies = deploy_act_is_project,
	  .command_of = deploy_act_project_command,
	  .run = deploy_act_project,
	  .data = &project_up,
	  .doing = "starting",
	  .help = "bring the compose project up as its files say (up -d)" },
	{ .name = "project-restart",
	  .verb = "restart",
	  .key = "r",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_RUNS,
	  .applies = deploy_act_has_containers,
	  PROJECT("restart", { "restart" }),
	  .doing = "starting",
	  .help = "restart all containers of the compose project" },
	{ .name = "project-down",
	  .verb = "down",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_DANGER | ACTION_RUNS,
	  .applies = deploy_act_has_containers,
	  PROJECT("down", { "down" }),
	  .doing = "starting",
	  .help = "stop and remove all containers of the compose project (down)" },
	{ .name = NULL }
};
