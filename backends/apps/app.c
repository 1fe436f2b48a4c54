/* app.c: the app as a kind of row: identity, health, details, JSON, actions. */
#include "backends/apps/app.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"

/* --- ids ----------------------------------------------------------------- */

enum app_id app_id_read(const void *object, const char *name, const char *other,
                        char id[APP_ID_SIZE])
{
	const cJSON *v = vj_get(object, name, other);
	if (!vj_text(object, name, other, id, APP_ID_SIZE))
		return APP_ID_NONE;
	if (!cJSON_IsString(v) || !strcmp(id, v->valuestring))
		return APP_ID_READ;
	*id = '\0';
	return APP_ID_UNFIT;
}

/* --- rows ---------------------------------------------------------------- */

/* Appends a part to an id. Slashes and blanks in the part become "-". */
static void app_add_part(struct buf *id, const char *part)
{
	if (!part || !*part)
		return;
	if (id->len)
		buf_puts(id, "/");
	size_t used = id->len;
	buf_puts(id, part);
	for (char *c = id->data + used; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

struct app *app_row(struct source *source, const struct app_platform *platform, void *instance,
                    const char *place, const char *section, const char *project,
                    const char *environment, const char *name, const char *ref, uint32_t round)
{
	struct buf id = { 0 };
	app_add_part(&id, place);
	app_add_part(&id, name ? project : NULL);
	app_add_part(&id, name ? environment : NULL);
	app_add_part(&id, name);
	const char *shown = name ? name : section;
	struct app *a = app_of(store_row(source, &kind_app, id.data, shown));
	/* a second row of that name in this list; rarely refs begin with the same signs, too */
	size_t used = id.len;
	/* The row belongs to another item of this list. */
	for (int most = 12; most < 2 * APP_ID_SIZE &&
	                    (a->round == round && a->instance && strcmp(a->ref, ref) != 0);
	     most *= 2) {
		id.len = used;
		buf_addf(&id, "~%.*s", most, ref);
		a = app_of(store_row(source, &kind_app, id.data, shown));
	}
	buf_finish(&id);
	a->platform = platform;
	a->instance = instance;
	a->is_platform = !name;
	a->round = round;
	snprintf(a->section, sizeof(a->section), "%s", section);
	assert(strlen(ref) < APP_ID_SIZE);
	xreplace(&a->ref, ref);
	project = project ? project : "";
	environment = environment ? environment : "";
	wash(a->project, sizeof(a->project), project, strlen(project));
	wash(a->environment, sizeof(a->environment), environment, strlen(environment));
	return a;
}

void app_sweep(struct source *source, void *instance, uint32_t round)
{
	for (struct row *r = store_first(source->store, &kind_app, source->server), *next; r;
	     r = next) {
		next = store_next(r, &kind_app, source->server);
		if (r->source == source && app_of(r)->instance == instance &&
		    app_of(r)->round != round)
			store_row_remove(r);
	}
}

void app_set_deployments(struct app *a, const struct app_deployment *list, size_t n)
{
	n = n < APP_DEPLOYMENTS_MAX ? n : APP_DEPLOYMENTS_MAX;
	free(a->deployments);
	a->deployments = n ? xcalloc(n, sizeof(*list)) : NULL;
	if (n)
		memcpy(a->deployments, list, n * sizeof(*list));
	a->n_deployments = n;
	store_touch(&a->row);
}

const struct app_deployment *app_last(const struct app *a)
{
	return a->n_deployments ? a->deployments : NULL;
}

void app_settle(struct app *a, enum health health, const char *why)
{
	int64_t since = now_wall_ms();
	if (a->state_ms > 0)
		since = a->state_ms;
	else if (a->row.health == health && a->row.health_ms)
		since = a->row.health_ms;
	store_row_health(&a->row, health, since, why && *why ? why : NULL);
	store_touch(&a->row);
}

static void app_finish(struct row *r)
{
	free(app_of(r)->deployments);
	free(app_of(r)->ref);
}

/* --- names --------------------------------------------------------------- */

bool stack_name_check(const char *name, struct err *err)
{
	static const char *const reserved[] = { "admin",  "api",  "www",  "root",
		                                "system", "test", "demo", "portal" };
	size_t n = strlen(name), good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	size_t sign = cells_fit(name + good, 1, NULL);
	if (good < n)
		return err_set(err, ERR_USAGE,
		               "\"%.40s\" cannot be the name of a stack: \"%.*s\" is in it; small "
		               "letters "
		               "a-z, "
		               "digits and - are allowed",
		               name, sign ? (int)sign : 1, name + good);
	if (n < 3 || n > 20)
		return err_set(err, ERR_USAGE,
		               "\"%.40s\" cannot be the name of a stack: it has %zu characters; 3 "
		               "to 20 "
		               "are allowed",
		               name, n);
	if (name[0] == '-' || name[n - 1] == '-')
		return err_set(err, ERR_USAGE,
		               "\"%s\" cannot be the name of a stack: it must not %s with -", name,
		               name[0] == '-' ? "begin" : "end");
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (!strcmp(name, reserved[i]))
			return err_set(err, ERR_USAGE,
			               "\"%s\" cannot be the name of a stack: it is reserved, as "
			               "are "
			               "admin, api, www, root, system, test, demo, portal",
			               name);
	return true;
}

/* --- details and JSON ----------------------------------------------------- */

static void app_add_pair(struct doc *doc, const char *label, const char *value)
{
	if (*value)
		doc_pair(doc, DOC_PLAIN, label, "%s", value);
}

static void app_detail(struct row *row, struct doc *doc, bool reveal)
{
	struct app *a = app_of(row);
	(void)reveal;
	doc_pair(doc, DOC_PLAIN, "platform", "%s %s", a->platform ? a->platform->name : "",
	         a->section);
	app_add_pair(doc, "project", a->project);
	app_add_pair(doc, "environment", a->environment);
	app_add_pair(doc, "type", a->type);
	const char *label = "state";
	if (a->is_platform)
		label = a->row.source && a->row.source->state != SOURCE_LIVE ? "last heard"
		                                                             : "version";
	app_add_pair(doc, label, a->state);
	if (row->why)
		doc_pair(doc, row->health >= HEALTH_ATTENTION ? DOC_BAD : DOC_DIM, "why", "%s",
		         row->why);
	app_add_pair(doc, "domain", a->domain);
	app_add_pair(doc, "image", a->image);
	app_add_pair(doc, "id there", a->ref);
	if (row->order && row->order->state == ORDER_RUNNING && row->order->progress[0])
		doc_pair(doc, DOC_PLAIN, row->order->action->verb, "%s", row->order->progress);
	if (a->platform && a->platform->detail)
		a->platform->detail(a, doc);
	if (a->is_platform)
		return;
	doc_head(doc, "Deployments");
	for (size_t i = 0; i < a->n_deployments; i++) {
		static const enum doc_tone tones[] = {
			[HEALTH_GOOD] = DOC_GOOD, [HEALTH_BAD] = DOC_BAD, [HEALTH_ASKS] = DOC_PLAIN
		};
		char age[HUMAN_SIZE] = "-", span[HUMAN_SIZE] = "";
		const struct app_deployment *d = &a->deployments[i];
		bool took = d->ended_ms && d->created_ms && d->ended_ms >= d->created_ms;
		if (d->created_ms)
			human_age(age, now_wall_ms() - d->created_ms);
		if (took)
			human_span(span, d->ended_ms - d->created_ms);
		doc_pair(doc, tones[d->health], d->state, "%s ago%s%s  %s", age,
		         took ? "  took " : "", span, d->title);
		if (*d->error)
			doc_pair(doc, DOC_BAD, "", "%s", d->error);
	}
	if (!a->n_deployments)
		doc_add(doc, DOC_DIM, "%s", a->asked ? "None yet." : "Not asked for yet.");
}

static void app_json(const struct row *row, void *out)
{
	const struct app *a = ROW_AS(app, row);
	const struct app_deployment *d = app_last(a);
	cJSON *o = out;
	json_add_filled(o, "platform", a->platform ? a->platform->name : NULL);
	json_add_filled(o, "section", a->section);
	json_add_filled(o, "project", a->project);
	json_add_filled(o, "environment", a->environment);
	json_add_filled(o, "type", a->type);
	json_add_filled(o, a->is_platform ? "version" : "state", a->state);
	json_add_filled(o, "domain", a->domain);
	json_add_filled(o, "image", a->image);
	json_add_filled(o, "ref", a->ref);
	cJSON *last = d ? cJSON_AddObjectToObject(o, "last_deployment") : NULL;
	if (!last)
		return;
	json_add_filled(last, "id", d->id);
	json_add_filled(last, "state", d->state);
	json_add_filled(last, "title", d->title);
	json_add_filled(last, "error", d->error);
	json_add_time(last, "created_ms", d->created_ms);
	json_add_time(last, "ended_ms", d->ended_ms);
}

static struct follow *app_follow(struct row *row, struct log *log, struct err *err)
{
	struct app *a = app_of(row);
	if (a->platform && a->platform->follow)
		return a->platform->follow(a, log, err);
	err_set(err, ERR_ABSENT, "%s keeps no log of %s", a->platform ? a->platform->name : "it",
	        row->name);
	return NULL;
}

/* --- actions -------------------------------------------------------------- */

static bool app_can(const struct action *action, const struct row *r)
{
	const struct app *a = ROW_AS(app, r);
	return a->platform && a->platform->can(a, *(const enum app_do *)action->data);
}

static void app_command(const struct action *action, const struct row *r, char *buf, size_t size)
{
	const struct app *a = ROW_AS(app, r);
	char raw[512] = "";
	if (a->platform)
		a->platform->command(a, *(const enum app_do *)action->data, raw, sizeof(raw));
	wash(buf, size, raw, strlen(raw));
}

static void app_run(struct order *order)
{
	struct app *a = app_of(order_row(order));
	a->platform->run(order, a, *(const enum app_do *)order->action->data);
}

static void app_suggest(const struct row *r, char *buf, size_t size)
{
	const struct app *a = ROW_AS(app, r);
	if (a->platform && a->platform->suggest)
		a->platform->suggest(a, buf, size);
}

#define DOES(what)                                                             \
	.applies_of = app_can, .command_of = app_command, .run = app_run, \
	.data = &(const enum app_do){ what }
static const struct action app_actions[] = {
	{ .name = "app-deploy",
	  .verb = "deploy",
	  .key = "D",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  DOES(APP_DEPLOY),
	  .doing = "deploying",
	  .help = "deploy it, and follow the deployment to its end" },
	{ .name = "app-redeploy",
	  .verb = "redeploy",
	  .key = "B",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  DOES(APP_REDEPLOY),
	  .doing = "redeploying",
	  .help = "build it again from the last sources, without fetching new ones" },
	{ .name = "app-start",
	  .verb = "start",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  DOES(APP_START),
	  .doing = "starting",
	  .help = "start what was deployed" },
	{ .name = "app-stop",
	  .verb = "stop",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_DANGER,
	  DOES(APP_STOP),
	  .doing = "stopping",
	  .help = "stop it; its data stays" },
	{ .name = "app-restart",
	  .verb = "restart",
	  .key = "r",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  DOES(APP_RESTART),
	  .doing = "restarting",
	  .help = "restart it without deploying" },
	{ .name = "app-cancel",
	  .verb = "cancel",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_AS_SHOWN,
	  DOES(APP_CANCEL),
	  .doing = "cancelling",
	  .help = "cancel the running deployment" },
	{ .name = "app-new",
	  .verb = "new stack",
	  .key = "N",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM,
	  DOES(APP_NEW),
	  .doing = "checking",
	  .suggest = app_suggest,
	  .asks = "Name of the stack: 3 to 20 of a-z, 0-9 and -; then, where the configuration "
	          "does not say it: image=IMAGE port=PORT host=HOST",
	  .help = "make a stack of that name: project, application, image, domain, deploy; what is "
	          "there already is not made twice" },
	{ .name = "app-undo",
	  .verb = "remove what was made",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_DANGER | ACTION_AS_SHOWN,
	  DOES(APP_UNDO),
	  .doing = "removing",
	  .help = "remove what a new stack that failed had made until then" },
	{ .name = NULL }
};

const struct kind kind_app = {
	.apart = true,
	.name = "app",
	.plural = "apps",
	.row_size = sizeof(struct app),
	.actions = app_actions,
	.finish = app_finish,
	.detail = app_detail,
	.follow = app_follow,
	.json = app_json,
};
