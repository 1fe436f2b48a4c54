/* dokploy_new.c: a new stack by name: project, application, image, domain, deploy, in this order.
 *
 * Each step looks first whether it was done: projects and applications are found by their name,
 * image and domain are compared. So it is safe to repeat, and an answer that did not come is no
 * reason to make a thing twice: it is looked for. What was made is kept in a file until the stack
 * is whole; dok_undo removes it from there, and nothing that is not in it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/apps/dokploy.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/store/activity.h"
#include "backends/store/settings.h"

#define STEPS 5
#define AGAIN_MOST 2 /* how often it is looked for something whose making got no answer */

enum step { STEP_PROJECT = 1, STEP_APPLICATION, STEP_IMAGE, STEP_DOMAIN, STEP_DEPLOY };
static const char *const step_names[] = {
	"", "project", "application", "image", "domain", "deploy"
};

struct stack {
	char name[32], full[64]; /* "demo-1", "ai-stack-demo-1" */
	char image[160], host[160], certificate[16];
	int port;
	char project[DP_ID], env[DP_ID], app[DP_ID];
	enum step step;
	bool image_set; /* Dokploy said yes to it */
	bool mine;      /* begun before by a new stack of ours: it may go on */
	int again;
	int removed; /* dok_undo: so many things are gone */
};

void stack_free(struct stack *s)
{
	free(s);
}

/* --- what was typed ------------------------------------------------------ */

static bool of_signs(const char *s, const char *signs)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(signs, *s))
			return false;
	return true;
}

static bool read_word(struct stack *s, const char *word, struct err *err)
{
	const char *is = strchr(word, '='), *value = is ? is + 1 : "";
	size_t n = is ? (size_t)(is - word) : 0;
	char *end;
	long port = 0;
	if (n == 5 && !strncmp(word, "image", 5) && *value && strlen(value) < sizeof(s->image)) {
		snprintf(s->image, sizeof(s->image), "%s", value);
	} else if (n == 4 && !strncmp(word, "host", 4) && *value &&
	           strlen(value) < sizeof(s->host)) {
		snprintf(s->host, sizeof(s->host), "%s", value);
	} else if (n == 4 && !strncmp(word, "port", 4)) {
		port = strtol(value, &end, 10);
		if (*end || !isdigit((unsigned char)*value) || port < 1 || port > 65535)
			return err_set(err, ERR_USAGE,
			               "port=%.40s: a port is a number from 1 to 65535", value);
		s->port = (int)port;
	} else {
		return err_set(err, ERR_USAGE,
		               "\"%.60s\" is not understood: after the name stand image=IMAGE, "
		               "port=PORT, host=HOST",
		               word);
	}
	return true;
}

static bool read_argument(struct stack *s, const char *argument, struct err *err)
{
	char *copy = xstrdup(argument ? argument : ""), *rest = copy, *word;
	bool good = true, first = true;
	while (good && (word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		good = first ? stack_name_check(word, err) : read_word(s, word, err);
		if (first && good)
			snprintf(s->name, sizeof(s->name), "%s", word);
		first = false;
	}
	free(copy);
	return good && (!first || err_set(err, ERR_USAGE,
	                                  "a new stack needs a name: 3 to 20 of a-z, 0-9 and -"));
}

static struct stack *stack_read(const struct dok *d, const char *argument, struct err *err)
{
	const struct dokploy_config *c = dok_config(d);
	struct stack *s = xcalloc(1, sizeof(*s));
	s->port = c->stack_port;
	bool good = read_argument(s, argument, err);
	if (good && !*s->image)
		snprintf(s->image, sizeof(s->image), "%.159s",
		         c->stack_image ? c->stack_image : "");
	if (good && !*s->host && c->stack_domain)
		snprintf(s->host, sizeof(s->host), "%s.%.120s", s->name,
		         c->stack_domain + (c->stack_domain[0] == '.'));
	if (good && !*s->image)
		good = err_set(err, ERR_USAGE,
		               "which image? [dokploy %s] has no stack_image, so say image=IMAGE "
		               "after the name",
		               d->name);
	if (good && !*s->host)
		good = err_set(err, ERR_USAGE,
		               "at which domain? [dokploy %s] has no stack_domain, so say "
		               "host=HOST after the name",
		               d->name);
	if (good && !of_signs(s->image, "./:@_-"))
		good = err_set(err, ERR_USAGE, "\"%.80s\" is no name of an image", s->image);
	if (good && !of_signs(s->host, ".-"))
		good = err_set(err, ERR_USAGE, "\"%.80s\" is no name of a host", s->host);
	snprintf(s->full, sizeof(s->full), "%.30s%s", c->stack_prefix ? c->stack_prefix : "",
	         s->name);
	snprintf(s->certificate, sizeof(s->certificate), "%s",
	         c->stack_certificate ? c->stack_certificate : "none");
	for (size_t i = 0; i < d->n_made; i++)
		s->mine = s->mine || !strcmp(d->made[i].stack, s->full);
	if (good)
		return s;
	stack_free(s);
	return NULL;
}

/* --- how it goes --------------------------------------------------------- */

void stack_say(struct act *a, const char *how)
{
	struct stack *s = a->stack;
	order_progress(a->order, "%s: %d/%d %s: %.120s", s->name, s->step, STEPS,
	               step_names[s->step], how);
}

static void at_step(struct act *a, enum step step, const char *how)
{
	if (a->stack->step != step)
		a->stack->again = 0;
	a->stack->step = step;
	stack_say(a, how);
}

/* One step is over: it stays to be read in the activity. */
static void step_over(struct act *a, const char *how)
{
	struct stack *s = a->stack;
	stack_say(a, how);
	activity_add(a->dok->source->store, ACTIVITY_ACTION, HEALTH_BUSY, a->order->id,
	             "new stack %s: %d/%d %s: %s", s->name, s->step, STEPS, step_names[s->step],
	             how);
}

static void add_made(const struct dok *d, const char *stack, char *buf, size_t size)
{
	size_t used = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < d->n_made && used < size; i++)
		if (!stack || !strcmp(d->made[i].stack, stack))
			used += (size_t)snprintf(buf + used, size - used, "%s%s %s",
			                         used ? ", " : "", d->made[i].what,
			                         d->made[i].name);
}

static void fail(struct act *a, const struct err *why)
{
	struct stack *s = a->stack;
	struct err err;
	char made[120];
	add_made(a->dok, s->full, made, sizeof(made));
	err_set(&err, why->code, "%s of %s: %.170s%s%s", step_names[s->step], s->full, why->text,
	        *made ? "; made so far: " : "; nothing was made", made);
	dok_act_end(a, &err, NULL);
}

static void keep(struct act *a, const char *what, const char *id, const char *name)
{
	if (*id && !made_add(a->dok, a->stack->full, what, id, name))
		activity_add(a->dok->source->store, ACTIVITY_NOTE, HEALTH_ATTENTION, a->order->id,
		             "%s %s (%s) was made, but cannot be kept in the list "
		             "of what was",
		             what, name, id);
	dok_judge(a->dok);
}

static void post(struct act *a, const char *path, cJSON *body,
                 void (*done)(const struct api_answer *, void *))
{
	char *text = cJSON_PrintUnformatted(body);
	dok_act_call(a, "POST", path, text, done);
	cJSON_free(text);
	cJSON_Delete(body);
}

/* No answer came to something that makes a thing: true when it is to be looked for once more. */
static bool look_for_it(struct act *a, const struct api_answer *r)
{
	return r->unsure && a->stack->again++ < AGAIN_MOST;
}

/* --- 5: deploy ----------------------------------------------------------- */

static void deployed(struct act *a, const struct err *err, const char *said)
{
	struct stack *s = a->stack;
	char done[256];
	if (err) {
		fail(a, err);
		return;
	}
	snprintf(done, sizeof(done), "%s is %s; it answers at https://%.110s", s->full, said,
	         s->host);
	step_over(a, said);
	made_forget(a->dok, s->full);
	dok_act_end(a, NULL, done);
}

static void deploy(struct act *a)
{
	a->deployed = deployed;
	at_step(a, STEP_DEPLOY, "asked for");
	dok_act_deploy(a, a->stack->app, false, "deploy");
}

/* --- 3, 4: image, domain ------------------------------------------------- */

static void ask_one(struct act *a);

static void domain_made(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	char id[DP_ID];
	a->call = NULL;
	if (r->err.code && look_for_it(a, r)) {
		ask_one(a);
		return;
	}
	if (r->err.code) {
		fail(a, &r->err);
		return;
	}
	if (dp_id_made(r->body, r->len, "domainId", id, &err))
		keep(a, "domain", id, a->stack->host);
	step_over(a, "made");
	deploy(a);
}

static void make_domain(struct act *a, const struct dp_one *one)
{
	struct stack *s = a->stack;
	char how[180];
	snprintf(how, sizeof(how), "%.100s to port %d", s->host, s->port);
	at_step(a, STEP_DOMAIN, how);
	for (size_t i = 0; i < one->n_domains; i++)
		if (!strcmp(one->domains[i].host, s->host)) {
			step_over(a, "is there already");
			deploy(a);
			return;
		}
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "host", s->host);
	cJSON_AddStringToObject(o, "path", "/");
	cJSON_AddNumberToObject(o, "port", s->port);
	cJSON_AddBoolToObject(o, "https", true);
	cJSON_AddStringToObject(o, "certificateType", s->certificate);
	cJSON_AddStringToObject(o, "applicationId", s->app);
	cJSON_AddStringToObject(o, "domainType", "application");
	post(a, "domain.create", o, domain_made);
}

static void image_set(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	a->call = NULL;
	if (r->err.code && !look_for_it(a, r)) {
		fail(a, &r->err);
		return;
	}
	a->stack->image_set = !r->err.code;
	if (!r->err.code)
		step_over(a, a->stack->image);
	ask_one(a); /* what is there now */
}

/* It has an application; what is to be done to it? */
static void one_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct stack *s = a->stack;
	struct dp_one *one = xcalloc(1, sizeof(*one));
	struct err err = r->err;
	bool was = false;
	a->call = NULL;
	if (!err.code)
		dp_one_parse(r->body, r->len, one, &err);
	for (size_t i = 0; i < one->n_deployments; i++)
		was = was || one->deployments[i].health == HEALTH_GOOD ||
		      one->deployments[i].health == HEALTH_BUSY;
	if (!*one->id) {
		fail(a, &err);
	} else if (was && !s->mine) {
		err_set(&err, ERR_REFUSED,
		        "the name is taken: it was deployed before%s%s; its own row deploys it "
		        "anew",
		        one->n_domains ? ", at " : "", one->n_domains ? one->domains[0].host : "");
		fail(a, &err);
	} else if (s->image_set ||
	           (!strcmp(one->image, s->image) && !strcmp(one->source, "docker"))) {
		if (s->step < STEP_IMAGE) {
			at_step(a, STEP_IMAGE, s->image);
			step_over(a, "is set already");
		}
		make_domain(a, one);
	} else {
		cJSON *o = cJSON_CreateObject();
		at_step(a, STEP_IMAGE, s->image);
		cJSON_AddStringToObject(o, "applicationId", s->app);
		cJSON_AddStringToObject(o, "dockerImage", s->image);
		cJSON_AddNullToObject(o, "username");
		cJSON_AddNullToObject(o, "password");
		cJSON_AddNullToObject(o, "registryUrl");
		post(a, "application.saveDockerProvider", o, image_set);
	}
	free(one);
}

static void ask_one(struct act *a)
{
	char *path = xasprintf("application.one?applicationId=%s", a->stack->app);
	dok_act_call(a, "GET", path, NULL, one_came);
	free(path);
}

/* --- 1, 2: project, application ------------------------------------------ */

static void ask_tree(struct act *a);

/* Ids go into paths: only those of plain signs are used. */
static bool take_id(char to[DP_ID], const char *from)
{
	if (!*from || !of_signs(from, "_-"))
		return false;
	snprintf(to, DP_ID, "%.79s", from);
	return true;
}

static void app_made(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct stack *s = a->stack;
	struct err err = r->err;
	char id[DP_ID] = "";
	a->call = NULL;
	if (r->err.code && !look_for_it(a, r)) {
		fail(a, &err);
		return;
	}
	if (!err.code && dp_id_made(r->body, r->len, "applicationId", id, &err) &&
	    take_id(s->app, id)) {
		keep(a, "application", s->app, s->full);
		step_over(a, "made");
		s->mine = true;
		ask_one(a);
		return;
	}
	if (!r->err.code && s->again++ >= AGAIN_MOST)
		fail(a, &err);
	else
		ask_tree(a); /* its answer does not say: it is found by its name */
}

static void make_app(struct act *a)
{
	struct stack *s = a->stack;
	cJSON *o = cJSON_CreateObject();
	at_step(a, STEP_APPLICATION, "being made");
	cJSON_AddStringToObject(o, "name", s->full);
	/* from 0.25; before */
	cJSON_AddStringToObject(o, *s->env ? "environmentId" : "projectId",
	                        *s->env ? s->env : s->project);
	post(a, "application.create", o, app_made);
}

static void project_made(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct stack *s = a->stack;
	struct err err = r->err;
	char project[DP_ID], env[DP_ID];
	a->call = NULL;
	if (r->err.code && look_for_it(a, r)) {
		ask_tree(a);
		return;
	}
	if (err.code || !dp_project_made(r->body, r->len, project, env, &err)) {
		fail(a, &err);
		return;
	}
	if (!take_id(s->project, project) || (*env && !take_id(s->env, env))) {
		err_set(&err, ERR_GARBLED, "Dokploy's answer has an id that is none: %.60s",
		        project);
		fail(a, &err);
		return;
	}
	keep(a, "project", s->project, s->full);
	step_over(a, "made");
	s->mine = true;
	make_app(a);
}

static void make_project(struct act *a)
{
	cJSON *o = cJSON_CreateObject();
	at_step(a, STEP_PROJECT, "being made");
	cJSON_AddStringToObject(o, "name", a->stack->full);
	cJSON_AddStringToObject(o, "description", "made by mocr");
	post(a, "project.create", o, project_made);
}

static const struct dp_env *env_of(const struct dp_tree *t, size_t project)
{
	const struct dp_env *first = NULL;
	for (size_t i = 0; i < t->n_envs; i++) {
		if (t->envs[i].project != project)
			continue;
		if (t->envs[i].usual)
			return &t->envs[i];
		first = first ? first : &t->envs[i];
	}
	return first;
}

/* What is in the project: our application, or things that are not ours. */
static bool read_project(struct act *a, const struct dp_tree *t, size_t project, struct err *err)
{
	struct stack *s = a->stack;
	const struct dp_env *env = env_of(t, project);
	size_t others = 0;
	const char *other = "";
	if (!env || !take_id(s->project, t->projects[project].id) ||
	    (*env->id && !take_id(s->env, env->id)))
		return err_set(err, ERR_GARBLED,
		               "project %s is there, but has no environment that can be used",
		               s->full);
	for (size_t i = 0; i < t->n_apps; i++) {
		const struct dp_app *p = &t->apps[i];
		if (t->envs[p->env].project != project)
			continue;
		if (!p->compose && !strcmp(p->name, s->full) && &t->envs[p->env] == env)
			take_id(s->app, p->id);
		else {
			others++;
			other = p->name;
		}
	}
	if (others)
		return err_set(err, ERR_REFUSED,
		               "the name is taken: project %s is there and holds other things "
		               "(%.60s)",
		               s->full, other);
	return true;
}

static void with_tree(struct act *a, const struct dp_tree *t)
{
	struct stack *s = a->stack;
	struct err err;
	size_t found = t->n_projects, n = 0;
	/* it was not there, and its making got no answer: it is ours */
	bool made_unseen = s->again > 0;
	for (size_t i = 0; i < t->n_projects; i++)
		if (!strcmp(t->projects[i].name, s->full)) {
			found = found < t->n_projects ? found : i;
			n++;
		}
	if (n > 1) {
		err_set(&err, ERR_REFUSED, "there are %zu projects of that name", n);
		fail(a, &err);
	} else if (!n) {
		make_project(a);
	} else if (!read_project(a, t, found, &err)) {
		fail(a, &err);
	} else {
		if (made_unseen && s->step == STEP_PROJECT) {
			keep(a, "project", s->project, s->full);
			s->mine = true;
		}
		if (s->step == STEP_PROJECT)
			step_over(a,
			          made_unseen ? "made, though no answer came" : "is there already");
		made_unseen = made_unseen && s->step == STEP_APPLICATION;
		if (!*s->app) {
			make_app(a);
			return;
		}
		if (made_unseen) {
			keep(a, "application", s->app, s->full);
			s->mine = true;
		}
		s->step = STEP_APPLICATION;
		step_over(a, made_unseen ? "made, though no answer came" : "is there already");
		ask_one(a);
	}
}

static void tree_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct dp_tree tree = { 0 };
	struct err err = r->err;
	a->call = NULL;
	if (err.code || !dp_tree_parse(r->body, r->len, &tree, &err))
		fail(a, &err);
	else
		with_tree(a, &tree);
	dp_tree_finish(&tree);
}

static void ask_tree(struct act *a)
{
	dok_act_call(a, "GET", "project.all", NULL, tree_came);
}

void dok_new(struct order *order, struct app *app)
{
	struct dok *d = app->instance;
	struct err err;
	struct stack *s = stack_read(d, order->argument, &err);
	if (!s) {
		order_end(order, &err, NULL);
		return;
	}
	struct act *a = dok_act_begin(d, order);
	a->stack = s;
	at_step(a, STEP_PROJECT, "is the name free?");
	ask_tree(a);
}

void dok_new_command(const struct app *app, char *buf, size_t size)
{
	const struct dok *d = app->instance;
	const struct dokploy_config *c = dok_config(d);
	snprintf(buf, size,
	         "project and application %sNAME, image %s, domain %s%s, deploy; on Dokploy %s",
	         c && c->stack_prefix ? c->stack_prefix : "",
	         c && c->stack_image ? c->stack_image : "as typed",
	         c && c->stack_domain ? "NAME." : "as typed",
	         c && c->stack_domain ? c->stack_domain : "", d->name);
}

/* --- taking it away again ------------------------------------------------ */

static void remove_next(struct act *a);

static const struct made *last_made(const struct act *a)
{
	return a->dok->n_made ? &a->dok->made[a->dok->n_made - 1] : NULL;
}

static void removed(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	const struct made *m = last_made(a);
	struct err err;
	a->call = NULL;
	if (r->err.code && r->err.code != ERR_ABSENT) {
		err_set(&err, r->err.code, "%s %s was not removed: %.220s", m ? m->what : "",
		        m ? m->name : "", r->err.text);
		dok_act_end(a, &err, NULL);
		return;
	}
	if (m) {
		struct made gone = *m;
		activity_add(a->dok->source->store, ACTIVITY_ACTION, HEALTH_IDLE, a->order->id,
		             "%s %s: %s", gone.what, gone.name,
		             r->err.code ? "was gone already" : "removed");
		made_drop(a->dok, gone.what, gone.id);
		a->stack->removed++;
	}
	remove_next(a);
}

static void remove_next(struct act *a)
{
	static const struct {
		const char *what, *path, *member;
	} ways[] = {
		{ "project", "project.remove", "projectId" },
		{ "application", "application.delete", "applicationId" },
		{ "domain", "domain.delete", "domainId" },
	};
	const struct made *m = last_made(a);
	char said[80];
	dok_judge(a->dok);
	for (size_t i = 0; m && i < ARRAY_LEN(ways); i++) {
		if (strcmp(m->what, ways[i].what) != 0)
			continue;
		char *body = json_id(ways[i].member, m->id);
		order_progress(a->order, "removing %s %s", m->what, m->name);
		dok_act_call(a, "POST", ways[i].path, body, removed);
		free(body);
		return;
	}
	snprintf(said, sizeof(said), "%d %s removed", a->stack->removed,
	         a->stack->removed == 1 ? "thing" : "things");
	dok_act_end(a, NULL, said);
}

static bool is_made(const struct dok *d, const char *id)
{
	for (size_t i = 0; i < d->n_made; i++)
		if (!strcmp(d->made[i].id, id))
			return true;
	return false;
}

/* A project of ours in which somebody put something since is not ours to remove. */
static void undo_tree_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct dp_tree tree = { 0 };
	struct err err = r->err;
	a->call = NULL;
	if (!err.code)
		dp_tree_parse(r->body, r->len, &tree, &err);
	for (size_t i = 0; i < tree.n_apps && !err.code; i++) {
		const struct dp_project *p = &tree.projects[tree.envs[tree.apps[i].env].project];
		if (is_made(a->dok, p->id) && !is_made(a->dok, tree.apps[i].id))
			err_set(&err, ERR_REFUSED,
			        "nothing was removed: project %s now holds %.80s, which no new "
			        "stack made",
			        p->name, tree.apps[i].name);
	}
	dp_tree_finish(&tree);
	if (err.code)
		dok_act_end(a, &err, NULL);
	else
		remove_next(a);
}

void dok_undo(struct order *order, struct app *app)
{
	struct act *a = dok_act_begin(app->instance, order);
	a->stack = xcalloc(1, sizeof(*a->stack));
	order_progress(order, "looking at what is there");
	dok_act_call(a, "GET", "project.all", NULL, undo_tree_came);
}

void dok_undo_command(const struct app *app, char *buf, size_t size)
{
	char list[300];
	add_made(app->instance, NULL, list, sizeof(list));
	snprintf(buf, size, "remove %s", list);
}
