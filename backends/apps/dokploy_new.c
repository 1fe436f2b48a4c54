/* dokploy_new.c: makes a new stack by name: project, application, image, domain, deploy, in this
 * order.
 *
 * Source: Dokploy's tRPC routers at 0.24, 0.25 and 0.29 (docs.dokploy.com/docs/api).
 *
 * Each step first checks whether it is already done. It finds projects and applications by name and
 * compares image and domain. So the order is safe to repeat. If a create call gets no answer, the
 * thing is looked up instead of made twice. A file keeps what was made until the stack is complete.
 * dokploy_undo removes exactly what the file lists. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/apps/dokploy.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/activity.h"
#include "backends/store/settings.h"

#define STEPS 5
#define AGAIN_MOST 2 /* most look-ups after a create call without an answer */

enum stack_step { STEP_PROJECT = 1, STEP_APPLICATION, STEP_IMAGE, STEP_DOMAIN, STEP_DEPLOY };
static const char *const stack_steps[] = {
	"", "project", "application", "image", "domain", "deploy"
};

struct stack { /* the job of a new stack or of its removal */
	struct dokploy_job job;
	char name[32], full[64]; /* "demo-1", "ai-stack-demo-1" */
	char image[160], host[160], certificate[16];
	int port;
	char project[APP_ID_SIZE], env[APP_ID_SIZE], app[APP_ID_SIZE];
	enum stack_step step;
	bool image_set; /* Dokploy confirmed the image */
	bool mine;      /* mocr began this stack before, so the order may continue */
	int again;
	int removed; /* dokploy_undo: number of things removed */
};

static struct job *stack_job(struct stack *s)
{
	return &s->job.rollout.job;
}

static struct dokploy *stack_site(const struct stack *s)
{
	return (struct dokploy *)s->job.rollout.job.site;
}

static const char *stack_or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* --- the argument --------------------------------------------------------- */

static bool stack_of_signs(const char *s, const char *signs)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(signs, *s))
			return false;
	return true;
}

/* image=IMAGE, port=PORT, host=HOST */
static bool stack_read_word(struct stack *s, const char *word, struct err *err)
{
	const char *is = strchr(word, '='), *value = is ? is + 1 : "";
	size_t len = strlen(value);
	if (!strncmp(word, "port=", 5)) {
		char *end;
		long port = isdigit((unsigned char)*value) ? strtol(value, &end, 10) : 0;
		if (port < 1 || port > 65535 || *end)
			return err_set(err, ERR_USAGE,
			               "port=%.40s: a port is a number from 1 to 65535", value);
		s->port = (int)port;
		return true;
	}
	if (!strncmp(word, "image=", 6) && len && len < sizeof(s->image))
		memcpy(s->image, value, len + 1);
	else if (!strncmp(word, "host=", 5) && len && len < sizeof(s->host))
		memcpy(s->host, value, len + 1);
	else
		return err_set(err, ERR_USAGE,
		               "\"%.60s\" is not understood: after the name come image=IMAGE, "
		               "port=PORT, "
		               "host=HOST",
		               word);
	return true;
}

static bool stack_read(struct stack *s, const char *argument, struct err *err)
{
	const struct dokploy *d = stack_site(s);
	const struct dokploy_config *c = dokploy_section(d);
	if (!c)
		return err_set(err, ERR_ABSENT, "the configuration no longer has [dokploy %s]",
		               d->site.name);
	s->port = c->stack_port;
	char *copy = xstrdup(stack_or(argument, "")), *rest = copy, *word;
	bool good = true;
	while (good && (word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (*s->name) {
			good = stack_read_word(s, word, err);
			continue;
		}
		good = stack_name_check(word, err);
		if (good)
			snprintf(s->name, sizeof(s->name), "%s", word);
	}
	free(copy);
	if (good && !*s->name)
		return err_set(err, ERR_USAGE,
		               "a new stack needs a name: 3 to 20 of a-z, 0-9 and -");
	if (!good)
		return false;
	if (!*s->image)
		snprintf(s->image, sizeof(s->image), "%.159s", stack_or(c->stack_image, ""));
	if (!*s->host && c->stack_domain)
		snprintf(s->host, sizeof(s->host), "%s.%.120s", s->name,
		         c->stack_domain + (c->stack_domain[0] == '.'));
	snprintf(s->full, sizeof(s->full), "%.30s%s", stack_or(c->stack_prefix, ""), s->name);
	snprintf(s->certificate, sizeof(s->certificate), "%.15s",
	         stack_or(c->stack_certificate, "none"));
	for (size_t i = 0; i < d->n_made; i++)
		s->mine = s->mine || !strcmp(d->made[i].word[MADE_STACK], s->full);
	if (!*s->image)
		return err_set(err, ERR_USAGE,
		               "which image? [dokploy %s] has no stack_image, so say image=IMAGE "
		               "after the name",
		               d->site.name);
	if (!*s->host)
		return err_set(err, ERR_USAGE,
		               "at which domain? [dokploy %s] has no stack_domain, so say "
		               "host=HOST after the name",
		               d->site.name);
	if (!stack_of_signs(s->image, "./:@_-"))
		return err_set(err, ERR_USAGE, "\"%.80s\" is not an image name", s->image);
	if (!stack_of_signs(s->host, ".-"))
		return err_set(err, ERR_USAGE, "\"%.80s\" is not a host name", s->host);
	return true;
}

/* --- progress ------------------------------------------------------------- */

static void stack_say(struct rollout *r, const char *how)
{
	struct stack *s = (struct stack *)r;
	order_progress(r->job.order, "%s: %d/%d %s: %.120s", s->name, s->step, STEPS,
	               stack_steps[s->step], how);
}

static void stack_at(struct stack *s, enum stack_step step, const char *how)
{
	if (s->step != step)
		s->again = 0;
	s->step = step;
	stack_say(&s->job.rollout, how);
}

/* Ends a step and adds it to the activity. */
static void stack_step_over(struct stack *s, const char *how)
{
	stack_say(&s->job.rollout, how);
	activity_add(stack_site(s)->site.source->store, ACTIVITY_ACTION, HEALTH_BUSY,
	             stack_job(s)->order->id, "new stack %s: %d/%d %s: %s", s->name, s->step, STEPS,
	             stack_steps[s->step], how);
}

static void stack_step_done(struct stack *s, enum stack_step step, const char *how)
{
	s->step = step;
	stack_step_over(s, how);
}

/* Lists what was made. stack NULL: for all stacks. */
static void stack_made_words(const struct dokploy *d, const char *stack, char *buf, size_t size)
{
	size_t used = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < d->n_made && used < size; i++)
		if (!stack || !strcmp(d->made[i].word[MADE_STACK], stack))
			used += (size_t)snprintf(buf + used, size - used, "%s%s %s",
			                         used ? ", " : "", d->made[i].word[MADE_WHAT],
			                         d->made[i].word[MADE_NAME]);
}

static void stack_fail(struct stack *s, const struct err *why)
{
	struct err err;
	char made[120];
	stack_made_words(stack_site(s), s->full, made, sizeof(made));
	err_set(&err, why->code, "%s of %s: %.170s%s%s", stack_steps[s->step], s->full, why->text,
	        *made ? "; made so far: " : "; nothing was made", made);
	job_end(stack_job(s), &err, NULL);
}

static void stack_keep(struct stack *s, const char *what, const char *id, const char *name)
{
	struct dokploy *d = stack_site(s);
	if (*id && !stack_journal_add(d, s->full, what, id, name))
		activity_add(d->site.source->store, ACTIVITY_NOTE, HEALTH_ATTENTION,
		             stack_job(s)->order->id,
		             "%s %s (%s) was made, but could not be added to the list of what was "
		             "made",
		             what, name, id);
	site_judge(&d->site);
}

static void stack_post(struct stack *s, const char *path, cJSON *body, job_answered *answered)
{
	char *text = cJSON_PrintUnformatted(body);
	job_call(stack_job(s), "POST", path, text, answered);
	cJSON_free(text);
	cJSON_Delete(body);
}

/* A create call got no answer: should the thing be looked up once more? */
static bool stack_looks_again(struct stack *s, const struct api_answer *r)
{
	return r->unsure && s->again++ < AGAIN_MOST;
}

/* --- 5: deploy ----------------------------------------------------------- */

static void stack_deployed(struct rollout *r, const struct err *err, const char *said)
{
	struct stack *s = (struct stack *)r;
	char done[256];
	if (err) {
		stack_fail(s, err);
		return;
	}
	snprintf(done, sizeof(done), "%s is %s; it answers at https://%.110s", s->full, said,
	         s->host);
	stack_step_over(s, said);
	stack_journal_forget(stack_site(s), s->full);
	job_end(&r->job, NULL, done);
}

static void stack_deploy(struct stack *s)
{
	stack_at(s, STEP_DEPLOY, "asked for");
	dokploy_deploy(&s->job, s->app, false, "deploy");
}

/* --- 3, 4: image, domain ------------------------------------------------- */

static void stack_ask_one(struct stack *s);

static void stack_domain_made(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	struct err err;
	char id[APP_ID_SIZE];
	if (r->err.code && stack_looks_again(s, r)) {
		stack_ask_one(s);
		return;
	}
	if (r->err.code) {
		stack_fail(s, &r->err);
		return;
	}
	if (dp_id_made(r->body, r->len, "domainId", id, &err))
		stack_keep(s, "domain", id, s->host);
	stack_step_over(s, "made");
	stack_deploy(s);
}

static void stack_image_set(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	if (r->err.code && !stack_looks_again(s, r)) {
		stack_fail(s, &r->err);
		return;
	}
	s->image_set = !r->err.code;
	if (s->image_set)
		stack_step_over(s, s->image);
	stack_ask_one(s); /* re-read the application */
}

/* The application exists: decide what is left to do. */
static void stack_with_one(struct stack *s, const struct dp_one *one)
{
	bool has_image = !strcmp(one->image, s->image) && !strcmp(one->source, "docker");
	bool was_deployed = false;
	struct err err;
	for (size_t i = 0; i < one->n_deployments; i++)
		was_deployed = was_deployed || one->deployments[i].health == HEALTH_GOOD ||
		               one->deployments[i].health == HEALTH_BUSY;
	if (was_deployed && !s->mine) {
		err_set(&err, ERR_REFUSED,
		        "the name is taken: it was deployed before%s%s; its own row deploys it "
		        "again",
		        one->n_domains ? ", at " : "", one->domains[0].host);
		stack_fail(s, &err);
		return;
	}
	if (!s->image_set && !has_image) {
		cJSON *o = cJSON_CreateObject();
		stack_at(s, STEP_IMAGE, s->image);
		cJSON_AddStringToObject(o, "applicationId", s->app);
		cJSON_AddStringToObject(o, "dockerImage", s->image);
		cJSON_AddNullToObject(o, "username");
		cJSON_AddNullToObject(o, "password");
		cJSON_AddNullToObject(o, "registryUrl");
		stack_post(s, "/application.saveDockerProvider", o, stack_image_set);
		return;
	}
	if (s->step < STEP_IMAGE)
		stack_step_done(s, STEP_IMAGE, "is set already");
	char how[180];
	snprintf(how, sizeof(how), "%.100s to port %d", s->host, s->port);
	stack_at(s, STEP_DOMAIN, how);
	for (size_t i = 0; i < one->n_domains; i++)
		if (!strcmp(one->domains[i].host, s->host)) {
			stack_step_over(s, "is there already");
			stack_deploy(s);
			return;
		}
	cJSON *domain = cJSON_CreateObject();
	cJSON_AddStringToObject(domain, "host", s->host);
	cJSON_AddStringToObject(domain, "path", "/");
	cJSON_AddNumberToObject(domain, "port", s->port);
	cJSON_AddBoolToObject(domain, "https", true);
	cJSON_AddStringToObject(domain, "certificateType", s->certificate);
	cJSON_AddStringToObject(domain, "applicationId", s->app);
	cJSON_AddStringToObject(domain, "domainType", "application");
	stack_post(s, "/domain.create", domain, stack_domain_made);
}

static void stack_one_came(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	struct dp_one *one = xcalloc(1, sizeof(*one));
	struct err err = r->err;
	if (!err.code && dp_one_parse(r->body, r->len, one, &err))
		stack_with_one(s, one);
	else
		stack_fail(s, &err);
	free(one);
}

static void stack_ask_one(struct stack *s)
{
	char *path = platform_path("/application.one?applicationId=", s->app, "");
	job_call(stack_job(s), "GET", path, NULL, stack_one_came);
	free(path);
}

/* --- 1, 2: project, application ------------------------------------------ */

static void stack_ask_tree(struct stack *s);

static bool stack_take_id(char to[APP_ID_SIZE], const char *from)
{
	if (!*from || !stack_of_signs(from, "_-"))
		return false;
	snprintf(to, APP_ID_SIZE, "%s", from);
	return true;
}

static void stack_app_made(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	struct err err = r->err;
	char id[APP_ID_SIZE] = "";
	if (r->err.code && !stack_looks_again(s, r)) {
		stack_fail(s, &err);
		return;
	}
	if (!err.code && dp_id_made(r->body, r->len, "applicationId", id, &err) &&
	    stack_take_id(s->app, id)) {
		stack_keep(s, "application", s->app, s->full);
		stack_step_over(s, "made");
		s->mine = true;
		stack_ask_one(s);
		return;
	}
	if (!r->err.code && s->again++ >= AGAIN_MOST)
		stack_fail(s, &err);
	else
		stack_ask_tree(s); /* the answer has no id: find the application by name */
}

static void stack_make_app(struct stack *s)
{
	cJSON *o = cJSON_CreateObject();
	stack_at(s, STEP_APPLICATION, "being made");
	cJSON_AddStringToObject(o, "name", s->full);
	if (*s->env) /* since 0.25 */
		cJSON_AddStringToObject(o, "environmentId", s->env);
	else
		cJSON_AddStringToObject(o, "projectId", s->project);
	stack_post(s, "/application.create", o, stack_app_made);
}

static void stack_project_made(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	struct err err = r->err;
	char project[APP_ID_SIZE], env[APP_ID_SIZE];
	if (r->err.code && stack_looks_again(s, r)) {
		stack_ask_tree(s);
		return;
	}
	if (err.code || !dp_project_made(r->body, r->len, project, env, &err)) {
		stack_fail(s, &err);
		return;
	}
	if (!stack_take_id(s->project, project) || (*env && !stack_take_id(s->env, env))) {
		err_set(&err, ERR_GARBLED, "Dokploy's answer has a malformed id: %.60s", project);
		stack_fail(s, &err);
		return;
	}
	stack_keep(s, "project", s->project, s->full);
	stack_step_over(s, "made");
	s->mine = true;
	stack_make_app(s);
}

static const struct dp_env *stack_env_of(const struct dp_tree *t, size_t project)
{
	const struct dp_env *first = NULL;
	for (size_t i = 0; i < t->n_envs; i++) {
		if (t->envs[i].project != project)
			continue;
		if (t->envs[i].usual)
			return &t->envs[i];
		if (!first)
			first = &t->envs[i];
	}
	return first;
}

/* Sorts the content of the project: our application, or things that are not ours. */
static bool stack_read_project(struct stack *s, const struct dp_tree *t, size_t project,
                               struct err *err)
{
	const struct dp_env *env = stack_env_of(t, project);
	const char *other = *t->projects[project].other ? t->projects[project].other : NULL;
	if (!env || !stack_take_id(s->project, t->projects[project].id) ||
	    (*env->id && !stack_take_id(s->env, env->id)))
		return err_set(err, ERR_GARBLED,
		               "project %s is there, but has no environment that can be used",
		               s->full);
	for (size_t i = 0; i < t->n_apps; i++) {
		const struct dp_app *p = &t->apps[i];
		if (t->envs[p->env].project != project)
			continue;
		if (!p->compose && !strcmp(p->name, s->full) && &t->envs[p->env] == env)
			stack_take_id(s->app, p->id);
		else
			other = p->name;
	}
	if (other)
		return err_set(err, ERR_REFUSED,
		               "the name is taken: project %s is there and holds other things "
		               "(%.60s)",
		               s->full, other);
	return true;
}

/* The project exists. unseen: a create call for the project or the application got no answer. What
 * exists now is ours. */
static void stack_with_project(struct stack *s, bool unseen)
{
	static const char *const how[] = { "is there already", "made, although no answer came" };
	bool made_project = unseen && s->step == STEP_PROJECT,
	     made_app = unseen && s->step == STEP_APPLICATION;
	s->mine = s->mine || made_project || (made_app && *s->app);
	if (made_project)
		stack_keep(s, "project", s->project, s->full);
	if (s->step == STEP_PROJECT)
		stack_step_over(s, how[made_project]);
	if (!*s->app) {
		stack_make_app(s);
		return;
	}
	if (made_app)
		stack_keep(s, "application", s->app, s->full);
	stack_step_done(s, STEP_APPLICATION, how[made_app]);
	stack_ask_one(s);
}

static void stack_with_tree(struct stack *s, const struct dp_tree *t)
{
	struct err err;
	size_t found = 0, n = 0;
	for (size_t i = 0; i < t->n_projects; i++)
		if (!strcmp(t->projects[i].name, s->full)) {
			found = i;
			n++;
		}
	if (!n) {
		cJSON *o = cJSON_CreateObject();
		stack_at(s, STEP_PROJECT, "being made");
		cJSON_AddStringToObject(o, "name", s->full);
		cJSON_AddStringToObject(o, "description", "made by mocr");
		stack_post(s, "/project.create", o, stack_project_made);
	} else if (n > 1) {
		err_set(&err, ERR_REFUSED, "there are %zu projects with that name", n);
		stack_fail(s, &err);
	} else if (!stack_read_project(s, t, found, &err)) {
		stack_fail(s, &err);
	} else {
		stack_with_project(s, s->again > 0);
	}
}

static void stack_tree_came(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	struct dp_tree tree = { 0 };
	struct err err = r->err;
	if (err.code || !dp_tree_parse(r->body, r->len, &tree, &err))
		stack_fail(s, &err);
	else
		stack_with_tree(s, &tree);
	dp_tree_finish(&tree);
}

static void stack_ask_tree(struct stack *s)
{
	job_call(stack_job(s), "GET", "/project.all", NULL, stack_tree_came);
}

void dokploy_new(struct order *order, struct app *app)
{
	struct stack *s = job_begin(app->instance, order, sizeof(*s), "deploy");
	struct err err;
	if (!s)
		return;
	s->job.rollout.say = stack_say;
	s->job.rollout.over = stack_deployed;
	if (!stack_read(s, order->argument, &err)) {
		job_end(stack_job(s), &err, NULL);
		return;
	}
	stack_at(s, STEP_PROJECT, "is the name free?");
	stack_ask_tree(s);
}

void dokploy_new_command(const struct app *app, char *buf, size_t size)
{
	static const struct dokploy_config none;
	const struct dokploy *d = app->instance;
	const struct dokploy_config *c = dokploy_section(d);
	if (!c)
		c = &none;
	snprintf(buf, size,
	         "project and application %sNAME, image %s, domain %s%s, deploy; on Dokploy %s",
	         stack_or(c->stack_prefix, ""), stack_or(c->stack_image, "as typed"),
	         c->stack_domain ? "NAME." : "", stack_or(c->stack_domain, "as typed"),
	         d->site.name);
}

/* --- undo ----------------------------------------------------------------- */

static void stack_remove_next(struct stack *s);

static const struct journal_line *stack_last_made(const struct stack *s)
{
	const struct dokploy *d = stack_site(s);
	return d->n_made ? &d->made[d->n_made - 1] : NULL;
}

static void stack_removed(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	const struct journal_line *last = stack_last_made(s);
	const char *what = last ? last->word[MADE_WHAT] : "";
	const char *name = last ? last->word[MADE_NAME] : "";
	struct err err;
	if (r->err.code && r->err.code != ERR_ABSENT) {
		err_set(&err, r->err.code, "%s %s was not removed: %.220s", what, name,
		        r->err.text);
		job_end(j, &err, NULL);
		return;
	}
	if (last) {
		activity_add(j->site->source->store, ACTIVITY_ACTION, HEALTH_IDLE, j->order->id,
		             "%s %s: %s", what, name, r->err.code ? "was already gone" : "removed");
		stack_journal_drop(stack_site(s), what, last->word[MADE_ID]);
		s->removed++;
	}
	stack_remove_next(s);
}

static void stack_remove_next(struct stack *s)
{
	static const struct {
		const char *what, *path, *member;
	} ways[] = {
		{ "project", "/project.remove", "projectId" },
		{ "application", "/application.delete", "applicationId" },
		{ "domain", "/domain.delete", "domainId" },
	};
	const struct journal_line *m = stack_last_made(s);
	char said[80];
	site_judge(&stack_site(s)->site);
	for (size_t i = 0; m && i < ARRAY_LEN(ways); i++) {
		if (strcmp(m->word[MADE_WHAT], ways[i].what) != 0)
			continue;
		char *body = json_id(ways[i].member, m->word[MADE_ID]);
		order_progress(stack_job(s)->order, "removing %s %s", m->word[MADE_WHAT],
		               m->word[MADE_NAME]);
		job_call(stack_job(s), "POST", ways[i].path, body, stack_removed);
		free(body);
		return;
	}
	snprintf(said, sizeof(said), "%d %s removed", s->removed,
	         s->removed == 1 ? "thing" : "things");
	job_end(stack_job(s), NULL, said);
}

static bool stack_is_made(const struct stack *s, const char *id)
{
	const struct dokploy *d = stack_site(s);
	for (size_t i = 0; i < d->n_made; i++)
		if (!strcmp(d->made[i].word[MADE_ID], id))
			return true;
	return false;
}

#define STACK_HOLDS "nothing was removed: project %s now holds %.80s, which no new stack made"

/* If someone has since put other things into our project, nothing is removed. A tree that was read
 * in part says nothing of what it left out. */
static bool stack_may_undo(const struct stack *s, const struct dp_tree *tree, struct err *err)
{
	if (tree->left_out)
		return err_set(err, ERR_TOO_BIG,
		               "nothing was removed: Dokploy has more projects than mocr reads, so "
		               "what is in this one is not known");
	for (size_t i = 0; i < tree->n_projects; i++) {
		const struct dp_project *p = &tree->projects[i];
		if (*p->other && stack_is_made(s, p->id))
			return err_set(err, ERR_REFUSED, STACK_HOLDS, p->name, p->other);
	}
	for (size_t i = 0; i < tree->n_apps; i++) {
		const struct dp_project *p = &tree->projects[tree->envs[tree->apps[i].env].project];
		if (stack_is_made(s, p->id) && !stack_is_made(s, tree->apps[i].id))
			return err_set(err, ERR_REFUSED, STACK_HOLDS, p->name, tree->apps[i].name);
	}
	return true;
}

static void stack_undo_tree_came(struct job *j, const struct api_answer *r)
{
	struct stack *s = (struct stack *)j;
	struct dp_tree tree = { 0 };
	struct err err = r->err;
	if (!err.code && dp_tree_parse(r->body, r->len, &tree, &err))
		stack_may_undo(s, &tree, &err);
	dp_tree_finish(&tree);
	if (err.code)
		job_end(j, &err, NULL);
	else
		stack_remove_next(s);
}

void dokploy_undo(struct order *order, struct app *app)
{
	struct stack *s = job_begin(app->instance, order, sizeof(*s), "undo");
	if (!s)
		return;
	order_progress(order, "checking what exists");
	job_call(stack_job(s), "GET", "/project.all", NULL, stack_undo_tree_came);
}

void dokploy_undo_command(const struct app *app, char *buf, size_t size)
{
	char list[300];
	stack_made_words(app->instance, NULL, list, sizeof(list));
	snprintf(buf, size, "remove %s", list);
}
