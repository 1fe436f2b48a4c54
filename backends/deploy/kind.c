/* kind.c: the deploy as a kind of row: details, JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/deploy/internal.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"

static void deploy_kind_finish(struct row *r)
{
	struct dep *p = dep_of(r);
	if (p)
		check_end(p);
	free(p);
	free(ROW_AS(deploy, r)->project);
}

static bool deploy_has_output(const struct row *r)
{
	return ROW_AS(deploy, r)->run.id[0] != '\0';
}

static void deploy_json(const struct row *row, void *out)
{
	const struct deploy *d = ROW_AS(deploy, row);
	const struct deploy_run *r = &d->run;
	const struct deploy_config *c = deploy_config_of(d);
	cJSON *o = out;
	bool ran = r->id[0] != '\0';
	json_add_filled(o, "state", deploy_state_name(d->state));
	json_add_filled(o, "command", c ? c->run : NULL);
	const char *directory;
	if (c)
		directory = c->directory;
	else if (d->project)
		directory = d->project->dir;
	else
		directory = NULL;
	json_add_filled(o, "directory", directory);
	json_add_filled(o, "run", r->id);
	json_add_filled(o, "what", r->what);
	json_add_filled(o, "by", r->by);
	json_add_filled(o, "carried_by", r->how);
	json_add_filled(o, "arguments", r->args);
	json_add_number(o, "started_ms", r->started_s * 1000, ran);
	json_add_number(o, "ended_ms", r->ended_s * 1000, r->ended);
	json_add_number(o, "exit_code", r->code, r->ended && r->code >= 0);
	json_add_filled(o, "revision_before", r->before);
	json_add_filled(o, "revision_after", r->after);
	json_add_filled(o, "images", r->changed);
	json_add_number(o, "containers", d->project ? d->project->containers : 0,
	                d->project != NULL);
	json_add_number(o, "containers_up", d->project ? d->project->up : 0, d->project != NULL);
	const char *checks;
	if (!c || !c->check)
		checks = NULL;
	else if (r->checked > 0)
		checks = "true";
	else if (r->checked < 0)
		checks = "not true";
	else
		checks = "not known";
	json_add_filled(o, "checks", checks);
	json_add_number(o, "usual_ms", d->usual_s * 1000, d->usual_s > 0);
}

static void deploy_add_run(struct doc *doc, const struct deploy_run *r)
{
	char age[HUMAN_SIZE], span[HUMAN_SIZE];
	human_age(age, now_wall_ms() - r->started_s * 1000);
	human_span(span, (r->ended_s - r->started_s) * 1000);
	enum doc_tone tone;
	if (!r->ended)
		tone = DOC_PLAIN;
	else if (r->code == 0 && r->checked >= 0)
		tone = DOC_GOOD;
	else if (r->cancelled)
		tone = DOC_WARN;
	else
		tone = DOC_BAD;
	const char *how;
	if (!r->ended)
		how = "runs";
	else if (r->gone)
		how = "vanished";
	else if (r->cancelled)
		how = "cancelled";
	else if (r->code)
		how = "failed";
	else if (r->checked < 0)
		how = "check failed";
	else
		how = "done";
	char took[HUMAN_SIZE + 2] = "";
	if (r->ended)
		snprintf(took, sizeof(took), "%s  ", span);
	doc_pair(doc, tone, how, "%s ago  %-8s %sby %s%s%s", age, r->what, took, r->by,
	         *r->args ? "  " : "", r->args);
	if (*r->after && strcmp(r->before, r->after) != 0)
		doc_pair(doc, DOC_DIM, "", "%s -> %s", *r->before ? r->before : "?", r->after);
	if (*r->changed)
		doc_pair(doc, DOC_DIM, "", "%s", r->changed);
}

static void deploy_detail(struct row *row, struct doc *doc, bool reveal)
{
	const struct deploy *d = ROW_AS(deploy, row);
	const struct deploy_config *c = deploy_config_of(d);
	const struct dep *p = d->priv;
	char span[HUMAN_SIZE];
	doc_pair(doc, DOC_PLAIN, "state", "%s", deploy_state_name(d->state));
	if (row->why)
		doc_pair(doc, row->health >= HEALTH_ATTENTION ? DOC_BAD : DOC_DIM, "why", "%s",
		         row->why);
	if (d->run.id[0])
		doc_pair(doc, DOC_PLAIN, "takes", "%s", human_span(span, deploy_span_ms(d)));
	if (d->usual_s)
		doc_pair(doc, DOC_PLAIN, "usually", "%s", human_span(span, d->usual_s * 1000));
	if (d->run.id[0])
		doc_pair(doc, DOC_DIM, "run", "%s, carried by %s", d->run.id,
		         *d->run.how ? d->run.how : "?");
	doc_head(doc, d->project ? "Project of compose" : "Configuration");
	if (d->project) {
		doc_pair(doc, DOC_PLAIN, "containers", "%d of %d up", d->project->up,
		         d->project->containers);
		if (d->project->doubtful)
			doc_add(doc, DOC_WARN,
			        "No actions: the images may carry these labels themselves. The "
			        "engine did not show the images' own labels yet.");
		doc_pair(doc, DOC_CODE, "directory", "%s", d->project->dir);
		doc_pair(doc, DOC_CODE, "files", "%s", d->project->files);
		if (*d->project->env)
			doc_pair(doc, DOC_CODE, "env files", "%s", d->project->env);
	} else if (!c) {
		doc_add(doc, DOC_DIM,
		        "There is no [deploy %s] for %s in this configuration; somebody else ran "
		        "it.",
		        row->name, row->server->name);
	} else {
		const struct {
			const char *label, *value;
		} keys[] = { { "directory", c->directory },
			     { "run", c->run },
			     { "rollback", c->rollback } };
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (keys[i].value)
				doc_pair(doc, DOC_CODE, keys[i].label, "%s", keys[i].value);
		if (c->ask)
			doc_text(doc, DOC_PLAIN, c->ask, strlen(c->ask));
		if (c->check)
			doc_text(doc, DOC_PLAIN, c->check, strlen(c->check));
	}
	doc_head(doc, "Runs");
	for (size_t i = 0; i < p->n; i++)
		deploy_add_run(doc, &p->runs[i]);
	if (!p->n)
		doc_add(doc, DOC_DIM, "None yet.");
}

/* A compose project depends on its containers. */
static bool deploy_kind_by_others(const struct row *row)
{
	return ROW_AS(deploy, row)->project != NULL;
}

const struct kind kind_deploy = {
	.name = "deploy",
	.plural = "deploys",
	.row_size = sizeof(struct deploy),
	.by_work = true,
	.by_others = deploy_kind_by_others,
	.actions = deploy_actions,
	.finish = deploy_kind_finish,
	.detail = deploy_detail,
	.follow = deploy_follow,
	.log_first = deploy_has_output,
	.not_now = deploy_not_now,
	.json = deploy_json,
};
