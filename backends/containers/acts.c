/* acts.c: the table of container actions and how to run them. When the engine refuses, its own
 * message is reported.
 *
 * Source: Docker Engine API v1.41, "Containers > Start a container" and its neighbours. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/containers/acts.h"
#include "backends/containers/updates.h"

#define ACT_TIMEOUT_MS 120000 /* a stop may take the container's whole grace time */

/* action->data: the API request and the command line of an action. */
struct ctr_request {
	const char *method, *path; /* path after /containers/ID */
	/* between the engine's program and the container's name */
	const char *words;
	bool takes_signal; /* the argument is a signal */
	unsigned states;   /* of the container in which it makes sense: a bit each */
};

/* --- running orders ------------------------------------------------------ */

struct act_run *act_create(struct order *order, struct engine *e)
{
	struct act_run *a = xcalloc(1, sizeof(*a));
	*a = (struct act_run){ .order = order, .engine = e, .next = e->acts };
	e->acts = a;
	order->run = a;
	return a;
}

void act_end(struct act_run *a, const struct err *err, const char *output)
{
	struct order *order = a->order;
	LIST_DROP(a->engine->acts, a);
	call_cancel(a->call);
	run_cancel(a->run);
	free(a);
	order_end(order, err, output);
}

void acts_end(struct engine *e)
{
	while (e->acts) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "%s: the link was lost while it ran; whether it finished is not known",
		        e->source.server->name);
		act_end(e->acts, &err, NULL);
	}
}

static void act_done(struct call *call, const struct reply *r, void *arg)
{
	struct act_run *a = arg;
	struct err err = r->err;
	char said[300];
	a->call = NULL;
	/* 304: already in that state */
	if (!err.code && r->status / 100 != 2 && r->status != 304) {
		enum err_code code;
		if (r->status == 404)
			code = ERR_ABSENT;
		else if (r->status == 403 || r->status == 401)
			code = ERR_DENIED;
		else
			code = ERR_REFUSED;
		err_set(&err, code, "%s", ctr_message(said, sizeof(said), r->body, r->len));
	}
	engine_relist(a->engine);
	act_end(a, &err, r->status == 304 ? "nothing to do: it was already in that state" : "");
}

static void ctr_act_run(struct order *order)
{
	const struct ctr_request *request = order->action->data;
	struct row *row = order_row(order);
	struct ctr *c = row ? ctr_of(row) : NULL;
	struct engine *e = c ? c->engine : NULL;
	struct err err;
	if (!e || !e->origin) {
		err_set(&err, ERR_LOST, "%s: its engine cannot be reached now", order->id);
		order_end(order, &err, NULL);
		return;
	}
	bool with_signal = order->argument && *order->argument && request->takes_signal;
	/* "TERM", "SIGTERM", "15". Other characters must not reach the request. */
	static const char signs[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+";
	size_t n = with_signal ? strspn(order->argument, signs) : 0;
	bool is_signal = n > 0 && n < 16 && order->argument[n] == '\0';
	if (with_signal && !is_signal) {
		err_set(&err, ERR_USAGE, "\"%s\" is not a signal; KILL, TERM, HUP, INT, USR1 are",
		        order->argument);
		order_end(order, &err, NULL);
		return;
	}
	struct act_run *a = act_create(order, e);
	char *path;
	if (with_signal)
		path = xasprintf("/containers/%s%s?signal=%s", c->id, request->path,
		                 order->argument);
	else
		path = xasprintf("/containers/%s%s", c->id, request->path);
	a->call = engine_get(e, path,
	                     (struct call_spec){ .method = request->method,
	                                         .done = act_done,
	                                         .arg = a,
	                                         .timeout_ms = ACT_TIMEOUT_MS });
	free(path);
}

static void ctr_act_command(const struct action *a, const struct row *row, char *buf, size_t size)
{
	const struct ctr_request *request = a->data;
	struct buf b = { 0 };
	const struct ctr *c = ctr_of(row);
	if (c)
		engine_environment(&c->engine->source, &b);
	buf_addf(&b, "%s %s ", c ? c->engine->param->cli : "docker",
	         request->words);
	quote_word(&b, row->name);
	wash(buf, size, b.data, b.len);
	buf_finish(&b);
}

/* --- when an action applies ---------------------------------------------- */

#define IN(state) (1u << CONTAINER_##state)
#define STOPPED (IN(EXITED) | IN(CREATED) | IN(DEAD))

static bool ctr_act_applies(const struct action *a, const struct row *row)
{
	const struct ctr_request *request = a->data;
	return request->states & 1u << ROW_AS(container, row)->state;
}

bool container_not_now(const struct row *row, const struct action *a, char *buf, size_t size)
{
	static const struct {
		const char *verb;
		unsigned states;
		const char *why;
	} reasons[] = {
		{ "start", IN(RUNNING), "runs already" },
		{ "start", IN(RESTARTING), "is restarting" },
		{ "start", IN(PAUSED), "is paused; unpause resumes it" },
		{ "restart", IN(PAUSED), "is paused; unpause it first" },
		{ "stop", STOPPED, "does not run" },
		{ "kill", STOPPED, "does not run" },
		{ "pause", IN(PAUSED), "is paused already" },
		{ "unpause", IN(RUNNING), "is not paused" },
		{ "remove", IN(RUNNING) | IN(RESTARTING), "runs; stop it first" },
		{ "remove", IN(PAUSED), "is paused; stop it first" },
		{ "remove", IN(REMOVING), "is being removed already" },
	};
	enum container_state state = ROW_AS(container, row)->state;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reasons[i].verb, a->verb) && reasons[i].states & 1u << state) {
			snprintf(buf, size, "%s", reasons[i].why);
			return true;
		}
	if (state == CONTAINER_RUNNING)
		return false;
	snprintf(buf, size, "is %s, and that needs it running; start it first",
	         container_state_name(state));
	return true;
}

/* --- the table ----------------------------------------------------------- */

static const struct action_choices signals = {
	.title = "Which signal?",
	.list = { { "k", "KILL", "ends it at once, nothing can be saved" },
	          { "t", "TERM", "asks it to end" },
	          { "i", "INT", "as Ctrl-C does" },
	          { "h", "HUP", "many programs read their configuration again" },
	          { "q", "QUIT", "many programs write a core or their stacks" },
	          { "1", "USR1", NULL },
	          { "2", "USR2", NULL } },
};

#define REQUEST(...)                                                  \
	.applies_of = ctr_act_applies, .command_of = ctr_act_command, \
	.run = ctr_act_run, .data = &(const struct ctr_request){ __VA_ARGS__ }
const struct action container_actions[] = {
	{ .name = "container-restart",
	  .verb = "restart",
	  .key = "r",
	  .help = "stop the container and start it again",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  REQUEST("POST", "/restart", "restart", false, ~(IN(REMOVING) | IN(PAUSED) | IN(UNKNOWN))),
	  .doing = "restarting" },
	{ .name = "container-start",
	  .verb = "start",
	  .key = "u",
	  .help = "start the container",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  REQUEST("POST", "/start", "start", false, STOPPED),
	  .doing = "starting" },
	{ .name = "container-stop",
	  .verb = "stop",
	  .key = "b",
	  .help = "stop the container: its stop signal, then KILL after its grace time",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  REQUEST("POST", "/stop", "stop", false, IN(RUNNING) | IN(RESTARTING) | IN(PAUSED)),
	  .doing = "stopping" },
	{ .name = "container-kill",
	  .verb = "kill",
	  .help = "send the container a signal, KILL unless another is given",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED | ACTION_DANGER,
	  REQUEST("POST", "/kill", "kill", true, IN(RUNNING) | IN(PAUSED)),
	  .choices = &signals,
	  .doing = "killing" },
	{ .name = "container-pause",
	  .verb = "pause",
	  .help = "freeze every process in the container",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  REQUEST("POST", "/pause", "pause", false, IN(RUNNING)),
	  .doing = "pausing" },
	{ .name = "container-unpause",
	  .verb = "unpause",
	  .help = "resume a paused container",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  REQUEST("POST", "/unpause", "unpause", false, IN(PAUSED)),
	  .doing = "unpausing" },
	{ .name = "compose-up",
	  .verb = "up",
	  .help = "bring the compose service up as its files say (up -d)",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  .applies = compose_applies,
	  .command_of = compose_command,
	  .run = compose_run,
	  .data = &compose_up,
	  .doing = "bringing up" },
	{ .name = "compose-pull",
	  .verb = "pull",
	  .help = "pull the compose service's image, then bring it up (pull, up -d)",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  .applies = compose_applies,
	  .command_of = compose_command,
	  .run = compose_run,
	  .data = &compose_pull,
	  .doing = "pulling" },
	{ .name = "container-check",
	  .verb = "updates",
	  .key = "V",
	  .help = "ask the registry whether it has a newer image of this tag",
	  .flags = ACTION_MARKED,
	  .applies = updates_can,
	  .command = updates_command,
	  .run = updates_run,
	  .doing = "checking" },
	{ .name = "compose-down",
	  .verb = "down",
	  .help = "stop and remove all containers of the compose project (down)",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_DANGER,
	  .applies = compose_applies,
	  .command_of = compose_command,
	  .run = compose_run,
	  .data = &compose_down,
	  .doing = "taking down" },
	{ .name = "container-remove",
	  .verb = "remove",
	  .help = "remove the stopped container; its volumes stay",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED | ACTION_DANGER,
	  REQUEST("DELETE", "", "rm", false, STOPPED),
	  .doing = "removing" },
	{ 0 }
};
