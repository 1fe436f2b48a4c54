/* dokploy.c: the Dokploy instances of one server. One list holds all projects. An application's
 * domains and deployments are fetched when it changed or is on the screen. Orders: deploy,
 * redeploy, start, stop.
 *
 * Source: Dokploy's tRPC routers at 0.24, 0.25 and 0.29 (docs.dokploy.com/docs/api).
 *
 * application.deploy answers without a deployment id: see dokploy_deploy. */
#include "backends/apps/dokploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"

#define ONE_AGAIN 6 /* lists between two fetches of a visible row */

const struct dokploy_config *dokploy_section(const struct dokploy *d)
{
	return site_section(&d->site);
}

/* --- rows ---------------------------------------------------------------- */

static enum health dokploy_opinion(const struct site *s, char *why, size_t size)
{
	const struct dokploy *d = (const struct dokploy *)s;
	const char *things = d->n_made == 1 ? "thing" : "things";
	const char *are = d->n_made == 1 ? "is" : "are";
	bool makes_a_stack = false;
	for (const struct job *j = s->jobs; j; j = j->next) {
		struct row *r = order_row(j->order);
		makes_a_stack |= r && app_of(r)->is_platform;
	}
	if (!d->n_made || makes_a_stack)
		return HEALTH_GOOD;
	snprintf(why, size,
	         "%zu %s of %.60s %s left of a new stack that is not whole; \"new stack\" "
	         "continues "
	         "it, \"remove what was made\" undoes it",
	         d->n_made, things, d->made[d->n_made - 1].word[MADE_STACK], are);
	return HEALTH_ATTENTION;
}

/* "running" means that a deployment runs, "done" that the last one succeeded. Neither says whether
 * the container is up. */
static void dokploy_judge(struct app *a)
{
	const struct app_deployment *last = app_last(a);
	enum health health = dp_health(a->state);
	const char *why = health == HEALTH_BAD ? "its last deployment failed" : NULL;
	if (health == HEALTH_BAD && last && last->health == HEALTH_BAD && *last->error)
		why = last->error;
	a->state_ms = last ? last->created_ms : 0;
	if (last && last->ended_ms && health != HEALTH_BUSY)
		a->state_ms = last->ended_ms;
	app_settle(a, health, why);
}

/* --- answers ------------------------------------------------------------- */

static bool dokploy_take_tree(struct site *s, const char *ref, const char *json, size_t len,
                              struct err *err)
{
	struct dp_tree tree;
	bool good = dp_tree_parse(json, len, &tree, err);
	if (good) {
		site_answered(s);
		for (size_t i = 0; i < tree.n_apps; i++) {
			const struct dp_env *env = &tree.envs[tree.apps[i].env];
			struct app *a = site_app(s, tree.projects[env->project].name,
			                         env->usual ? "" : env->name, tree.apps[i].name,
			                         tree.apps[i].id);
			if (strcmp(a->state, tree.apps[i].status) != 0)
				a->asked_round = 0;
			snprintf(a->type, sizeof(a->type), "%s",
			         tree.apps[i].compose ? "compose" : "application");
			snprintf(a->state, sizeof(a->state), "%s", tree.apps[i].status);
			dokploy_judge(a);
		}
		s->left_out = tree.left_out;
		if (*tree.unfit)
			site_unfit(s, tree.unfit);
		site_listed(s);
	}
	dp_tree_finish(&tree);
	return good;
}

static bool dokploy_take_version(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct dokploy *d = (struct dokploy *)s;
	d->release = dp_version(json, len, s->version, sizeof(s->version));
	if (s->round)
		site_judge(s);
	return true;
}

static bool dokploy_take_one(struct site *s, const char *ref, const char *json, size_t len,
                             struct err *err)
{
	struct app *a = site_app_by_ref(s, ref);
	struct dp_one *one = xcalloc(1, sizeof(*one));
	if (a && dp_one_parse(json, len, one, err)) {
		bool built = *one->source && strcmp(one->source, "docker") != 0;
		a->asked = true;
		if (*one->status)
			snprintf(a->state, sizeof(a->state), "%s", one->status);
		snprintf(a->image, sizeof(a->image), "%s", built ? one->source : one->image);
		const struct dp_domain *d = &one->domains[0];
		const char *path = strcmp(d->path, "/") ? d->path : "";
		char more[24] = "", text[sizeof(a->domain)] = "";
		if (one->n_domains > 1)
			snprintf(more, sizeof(more), " +%zu", one->n_domains - 1);
		if (one->n_domains)
			snprintf(text, sizeof(text), "http%s://%.150s%.16s%s", d->https ? "s" : "",
			         d->host, path, more);
		/* cutting may split a character */
		wash(a->domain, sizeof(a->domain), text, strlen(text));
		app_set_deployments(a, one->deployments, one->n_deployments);
		dokploy_judge(a);
	}
	free(one);
	return true;
}

static bool dokploy_is_due(const struct site *s, const struct app *a)
{
	if (!a->asked_round || (a->row.shown && s->round - a->asked_round >= ONE_AGAIN))
		return true;
	return a->row.health == HEALTH_BUSY && a->asked_round != s->round;
}

static char *dokploy_about(const struct app *a, const char **what)
{
	*what = "one";
	return platform_path(!strcmp(a->type, "compose") ? "/compose.one?composeId="
	                                                 : "/application.one?applicationId=",
	                     a->ref, "");
}

/* --- orders -------------------------------------------------------------- */

char *json_id(const char *member, const char *id)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, member, id);
	char *text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

static void dokploy_post(struct dokploy_job *d, const char *verb, job_answered *answered)
{
	char *path = platform_path(d->compose ? "/compose." : "/application.", verb, "");
	char *body = json_id(d->compose ? "composeId" : "applicationId", d->rollout.ref);
	job_call(&d->rollout.job, "POST", path, body, answered);
	free(path);
	free(body);
}

static char *dokploy_deployment_path(const struct rollout *r)
{
	const struct dokploy_job *d = (const struct dokploy_job *)r;
	return platform_path(d->compose ? "/deployment.allByCompose?composeId="
	                                : "/deployment.all?applicationId=",
	                     r->ref, "");
}

static bool dokploy_deployment_read(const struct rollout *r, const char *json, size_t len,
                                    struct app_deployment *list, size_t *n, struct err *err)
{
	return dp_deployments_parse(json, len, list, n, err);
}

/* A missing answer to "deploy" is no reason to deploy twice: the list of deployments shows whether
 * it began. */
static void dokploy_deploy_asked(struct job *j, const struct api_answer *answer)
{
	struct rollout *r = (struct rollout *)j;
	if (answer->err.code && !answer->unsure)
		rollout_over(r, &answer->err, NULL);
	else
		rollout_follow(r);
}

static void dokploy_before_came(struct job *j, const struct api_answer *answer)
{
	struct rollout *r = (struct rollout *)j;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err = answer->err;
	size_t n = 0;
	if (err.code || !dp_deployments_parse(answer->body, answer->len, list, &n, &err)) {
		rollout_over(r, &err, NULL);
		return;
	}
	snprintf(r->before, sizeof(r->before), "%s", n ? list[0].id : "");
	rollout_say(r, "asked for");
	dokploy_post((struct dokploy_job *)j, j->verb, dokploy_deploy_asked);
}

void dokploy_deploy(struct dokploy_job *d, const char *ref, bool compose, const char *verb)
{
	struct rollout *r = &d->rollout;
	d->compose = compose;
	r->job.verb = verb;
	rollout_begin(r, ref);
	char *path = dokploy_deployment_path(r);
	job_call(&r->job, "GET", path, NULL, dokploy_before_came);
	free(path);
}

static const char *const dokploy_verbs[] = {
	[APP_DEPLOY] = "deploy",
	[APP_REDEPLOY] = "redeploy",
	[APP_START] = "start",
	[APP_STOP] = "stop",
};

static void dokploy_run(struct order *order, struct app *a, enum app_do what)
{
	if (what == APP_NEW) {
		dokploy_new(order, a);
		return;
	}
	if (what == APP_UNDO) {
		dokploy_undo(order, a);
		return;
	}
	struct dokploy_job *d = job_begin(a->instance, order, sizeof(*d), dokploy_verbs[what]);
	if (!d)
		return;
	if (what == APP_DEPLOY || what == APP_REDEPLOY) {
		dokploy_deploy(d, a->ref, !strcmp(a->type, "compose"), dokploy_verbs[what]);
		return;
	}
	d->compose = !strcmp(a->type, "compose");
	rollout_begin(&d->rollout, a->ref);
	dokploy_post(d, dokploy_verbs[what], job_answer);
}

static bool dokploy_can(const struct app *a, enum app_do what)
{
	const struct dokploy *d = a->instance;
	bool runs = !strcmp(a->state, "running"), done = !strcmp(a->state, "done");
	if (a->is_platform)
		return (what == APP_NEW && dokploy_section(d)) || (what == APP_UNDO && d->n_made);
	switch (what) {
	case APP_DEPLOY: return !runs;
	case APP_REDEPLOY: return !runs && (a->n_deployments || !a->asked);
	case APP_START: return !runs && !done;
	case APP_STOP: return done;
	default: return false;
	}
}

static void dokploy_command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	const struct site *s = a->instance;
	if (what == APP_NEW)
		dokploy_new_command(a, buf, size);
	else if (what == APP_UNDO)
		dokploy_undo_command(a, buf, size);
	else if ((size_t)what < ARRAY_LEN(dokploy_verbs))
		snprintf(buf, size, "%s.%s of %s in project %s%s%s, Dokploy %s", a->type,
		         dokploy_verbs[what], a->row.name, a->project, *a->environment ? ", " : "",
		         a->environment, s->name);
}

static void dokploy_detail(struct app *a, struct doc *doc)
{
	const struct dokploy *d = a->instance;
	const struct dokploy_config *c = dokploy_section(d);
	const char *image = "none is configured (stack_image): image= says it";
	if (!a->is_platform)
		return;
	if (c && c->stack_image)
		image = c->stack_image;
	doc_head(doc, "New stacks");
	doc_pair(doc, DOC_PLAIN, "image", "%s", image);
	if (c && c->stack_domain)
		doc_pair(doc, DOC_PLAIN, "domain", "NAME.%s", c->stack_domain);
	else
		doc_pair(doc, DOC_PLAIN, "domain",
		         "none is configured (stack_domain): host= says it");
	if (d->n_made)
		doc_head(doc, "Made by a new stack that is not whole");
	for (size_t i = 0; i < d->n_made; i++)
		doc_pair(doc, DOC_WARN, d->made[i].word[MADE_WHAT], "%s  %s",
		         d->made[i].word[MADE_NAME], d->made[i].word[MADE_ID]);
}

/* --- the platform -------------------------------------------------------- */

static void dokploy_open(struct site *s)
{
	stack_journal_read((struct dokploy *)s);
}

static const struct platform platform_dokploy = {
	.app = { .name = "Dokploy",
	         .can = dokploy_can,
	         .command = dokploy_command,
	         .run = dokploy_run,
	         .detail = dokploy_detail,
	         .follow = site_follow },
	.product = "Dokploy",
	.section = "dokploy",
	PLATFORM_SECTION(dokploys, dokploy_config),
	.site_size = sizeof(struct dokploy),
	.log_size = sizeof(struct dokploy_log),
	.prefix = "/api",
	.token_header = "x-api-key: ",
	.token_help = "its Settings, Profile, API Keys makes one",
	.steps = (const struct platform_step[]){ { "tree", "/project.all", STEP_MUST,
	                                           dokploy_take_tree },
	                                         { "version", "/settings.getDokployVersion",
	                                           STEP_ONCE, dokploy_take_version },
	                                         { "one", NULL, STEP_MUST, dokploy_take_one },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 60000,
	.busy_ms = 2000,
	.retry_ms = 10000,
	.poll_ms = 1000,
	.begin_ms = 120000,
	.reduce = dp_reduce,
	.is_due = dokploy_is_due,
	.about = dokploy_about,
	.judge_app = dokploy_judge,
	.opinion = dokploy_opinion,
	.open = dokploy_open,
	.deployment_path = dokploy_deployment_path,
	.deployment_read = dokploy_deployment_read,
	.log_path = dokploy_log_path,
	.log_ask = dokploy_log_ask,
	.log_read = dokploy_log_read,
	.log_stop = dokploy_log_stop,
};
const struct backend backend_dokploy = PLATFORM_BACKEND("dokploy", platform_dokploy);
