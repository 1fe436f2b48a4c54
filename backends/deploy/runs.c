/* runs.c: turns events of runs into rows. Pure except for the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/deploy/internal.h"
#include "backends/store/activity.h"
#include "backends/store/settings.h"

const char *deploy_state_name(enum deploy_state s)
{
	static const char *const names[] = { "never",  "running",   "checking", "done",
		                             "failed", "cancelled", "vanished" };
	return names[s];
}

struct deploy *deploy_row(struct deploys *ds, const char *name)
{
	struct deploy *d = ROW_AS(deploy, store_row(&ds->source, &kind_deploy, name, name));
	if (!d->priv) {
		struct dep *p = d->priv = xcalloc(1, sizeof(*p));
		p->row = d;
		store_row_health(&d->row, HEALTH_IDLE, 0, NULL);
	}
	d->configured = deploy_config_of(d) != NULL;
	return d;
}

/* --- a line -------------------------------------------------------------- */

/* Copies the value of "key=" from tab-separated fields, washed. "" when the key is missing. */
static void runs_field(const char *line, size_t len, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);
	*out = '\0';
	for (size_t at = 0; at < len;) {
		const char *tab = memchr(line + at, '\t', len - at);
		size_t end = tab ? (size_t)(tab - line) : len;
		if (end - at > n && strncmp(line + at, key, n) == 0 && line[at + n] == '=') {
			wash(out, size, line + at + n + 1, end - at - n - 1);
			return;
		}
		at = end + 1;
	}
}

static int64_t runs_number(const char *line, size_t len, const char *key, int64_t fallback)
{
	char text[32], *end;
	runs_field(line, len, key, text, sizeof(text));
	long long n = strtoll(text, &end, 10);
	return *text && !*end ? n : fallback;
}

/* --- the runs of a row --------------------------------------------------- */

static struct deploy_run *runs_find(struct deploys *ds, const char *id, struct deploy **of)
{
	for (struct row *r = store_first(ds->source.store, &kind_deploy, ds->source.server); r;
	     r = store_next(r, &kind_deploy, ds->source.server)) {
		struct dep *p = dep_of(r);
		for (size_t i = 0; i < p->n; i++)
			if (!strcmp(p->runs[i].id, id)) {
				*of = p->row;
				return &p->runs[i];
			}
	}
	return NULL;
}

/* Makes room for a run in the list, newest first. NULL: older than all RUNS_KEPT runs. */
static struct deploy_run *runs_place(struct dep *p, int64_t started_s, const char *id)
{
	size_t at = 0;
	for (; at < p->n; at++) {
		/* Compares by the server's clock, which is a single clock. Ids begin with the
		 * clocks of the consoles, which may be wrong. */
		const struct deploy_run *run = &p->runs[at];
		bool newer = run->started_s > started_s;
		if (run->started_s == started_s)
			newer = number_long(run->id) > number_long(id);
		if (!newer)
			break;
	}
	if (at == RUNS_KEPT)
		return NULL;
	size_t tail = p->n < RUNS_KEPT ? p->n - at : RUNS_KEPT - 1 - at;
	memmove(&p->runs[at + 1], &p->runs[at], tail * sizeof(p->runs[0]));
	p->n += p->n < RUNS_KEPT;
	return &p->runs[at];
}

static void runs_started(struct deploys *ds, const char *id, const char *line, size_t len)
{
	char name[64];
	struct deploy *d;
	runs_field(line, len, "name", name, sizeof(name));
	if (!*name || runs_find(ds, id, &d))
		return;
	d = deploy_row(ds, name);
	int64_t started_s = runs_number(line, len, "started", 0);
	struct deploy_run *run = runs_place(d->priv, started_s, id);
	if (!run)
		return;
	*run = (struct deploy_run){ .size = -1, .code = -1, .started_s = started_s };
	snprintf(run->id, sizeof(run->id), "%s", id);
	runs_field(line, len, "what", run->what, sizeof(run->what));
	runs_field(line, len, "by", run->by, sizeof(run->by));
	runs_field(line, len, "args", run->args, sizeof(run->args));
	runs_field(line, len, "how", run->how, sizeof(run->how));
	runs_field(line, len, "before", run->before, sizeof(run->before));
	char engine[16], dir[512], files[1024], env[1024];
	runs_field(line, len, "engine", engine, sizeof(engine));
	runs_field(line, len, "dir", dir, sizeof(dir));
	runs_field(line, len, "files", files, sizeof(files));
	runs_field(line, len, "envfiles", env, sizeof(env));
	project_found(d, engine, dir, files, env);
	if (ds->listed)
		activity_add(ds->source.store, ACTIVITY_CHANGE, HEALTH_BUSY, d->row.id,
		             "%s started by %s%s%s", run->what, run->by, *run->args ? ": " : "",
		             run->args);
	deploy_judge(d);
}

/* The end of a deploy's newest run, in the activity. by: who cancelled the run. */
static void runs_tell_end(struct deploys *ds, const struct deploy *d, const char *by)
{
	const struct deploy_run *run = &((struct dep *)d->priv)->runs[0];
	struct store *store = ds->source.store;
	enum health health;
	if (run->code == 0)
		health = HEALTH_GOOD;
	else
		health = run->cancelled ? HEALTH_ATTENTION : HEALTH_BAD;
	if (run->gone)
		activity_add(store, ACTIVITY_CHANGE, health, d->row.id, "%s ended without a word",
		             run->what);
	else if (run->cancelled)
		activity_add(store, ACTIVITY_CHANGE, health, d->row.id, "%s cancelled by %s",
		             run->what, by);
	else
		activity_add(store, ACTIVITY_CHANGE, health, d->row.id, "%s ended with code %d",
		             run->what, run->code);
}

static void runs_ended(struct deploys *ds, const char *id, const char *line, size_t len, bool gone)
{
	char by[128];
	struct deploy *d;
	struct deploy_run *run = runs_find(ds, id, &d);
	if (!run || run->ended)
		return;
	runs_field(line, len, "after", run->after, sizeof(run->after));
	runs_field(line, len, "changed", run->changed, sizeof(run->changed));
	runs_field(line, len, "cancelled", by, sizeof(by));
	char how[sizeof(run->how)]; /* the planned carrier may have refused */
	runs_field(line, len, "how", how, sizeof(how));
	if (*how)
		memcpy(run->how, how, sizeof(how));
	run->ended = true;
	run->gone = gone;
	run->cancelled = *by != '\0';
	run->code = gone ? -1 : (int)runs_number(line, len, "code", -1);
	run->size = runs_number(line, len, "size", -1);
	run->ended_s = runs_number(line, len, "ended", run->started_s);
	if (run == &((struct dep *)d->priv)->runs[0] && ds->listed)
		runs_tell_end(ds, d, by);
	deploy_judge(d);
	if (!ds->loading)
		deploy_history_add(d, run);
	watches_run_ended(ds);
}

void runs_apply(struct deploys *ds, const char *line, size_t len)
{
	char word[16], id[DEPLOY_ID_SIZE];
	if (len == 6 && !memcmp(line, "listed", 6)) {
		ds->listed = true;
		backoff_reset(&ds->pause);
		source_set_state(&ds->source, SOURCE_LIVE, NULL);
		return;
	}
	/* the first two fields: word and id */
	const char *tab = memchr(line, '\t', len);
	if (!tab)
		return;
	const char *from = tab + 1, *end = memchr(from, '\t', len - (size_t)(from - line));
	size_t n = end ? (size_t)(end - from) : len - (size_t)(from - line);
	size_t w = (size_t)(tab - line);
	if (!n || n >= sizeof(id) || w >= sizeof(word))
		return;
	memcpy(word, line, w);
	word[w] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)from[i] <= ' ' || from[i] == '/' || (unsigned char)from[i] > 126)
			return;
	memcpy(id, from, n);
	id[n] = '\0';
	if (!strcmp(word, "start"))
		runs_started(ds, id, line, len);
	else if (!strcmp(word, "end") || !strcmp(word, "gone"))
		runs_ended(ds, id, line, len, word[0] == 'g');
}

/* --- state and health ---------------------------------------------------- */

static int runs_by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int64_t runs_usual(const struct dep *p)
{
	int64_t took[RUNS_KEPT];
	size_t n = 0;
	const char *what = p->n && strcmp(p->runs[0].what, "rollback") ? p->runs[0].what : "deploy";
	for (size_t i = 0; i < p->n; i++)
		if (p->runs[i].ended && p->runs[i].code == 0 && !strcmp(p->runs[i].what, what))
			took[n++] = p->runs[i].ended_s - p->runs[i].started_s;
	if (!n)
		return 0;
	qsort(took, n, sizeof(took[0]), runs_by_size);
	return took[n / 2];
}

static enum deploy_state runs_state_of(const struct deploy *d)
{
	const struct deploy_run *r = &d->run;
	if (!r->id[0])
		return DEPLOY_NEVER;
	if (!r->ended)
		return DEPLOY_RUNNING;
	if (r->gone)
		return DEPLOY_VANISHED;
	if (r->cancelled)
		return DEPLOY_CANCELLED;
	if (r->code != 0 || r->checked < 0)
		return DEPLOY_FAILED;
	/* Checks apply only to runs that ended recently. The result for an old run says nothing
	 * about the present. */
	const struct deploy_config *c = deploy_config_of(d);
	bool checks = c && c->check && !r->checked &&
	              now_wall_ms() / 1000 - r->ended_s < c->within + 600;
	return checks ? DEPLOY_CHECKING : DEPLOY_DONE;
}

void deploy_judge(struct deploy *d)
{
	static const enum health healths[] = {
		[DEPLOY_NEVER] = HEALTH_IDLE,    [DEPLOY_RUNNING] = HEALTH_BUSY,
		[DEPLOY_CHECKING] = HEALTH_BUSY, [DEPLOY_DONE] = HEALTH_GOOD,
		[DEPLOY_FAILED] = HEALTH_BAD,    [DEPLOY_CANCELLED] = HEALTH_ATTENTION,
		[DEPLOY_VANISHED] = HEALTH_BAD,
	};
	struct dep *p = d->priv;
	char why[320] = "";
	struct deploy_run *newest = &p->runs[0];
	if (p->n && !strcmp(d->run.id, newest->id) && d->run.checked && !newest->checked) {
		newest->checked = d->run.checked;
		memcpy(newest->failed_check, d->run.failed_check, sizeof(newest->failed_check));
	}
	if (p->n)
		d->run = *newest;
	d->usual_s = runs_usual(p);
	d->state = runs_state_of(d);
	const struct deploy_run *r = &d->run;
	if (d->state == DEPLOY_FAILED && r->code)
		snprintf(why, sizeof(why), "%s ended with code %d", r->what, r->code);
	else if (d->state == DEPLOY_FAILED)
		snprintf(why, sizeof(why), "%s ended well, but %s", r->what, r->failed_check);
	else if (d->state == DEPLOY_VANISHED)
		snprintf(why, sizeof(why),
		         "%s ended without a word: the server was restarted or it was killed",
		         r->what);
	else if (d->state == DEPLOY_CANCELLED)
		snprintf(why, sizeof(why), "%s was cancelled", r->what);
	else if (d->state == DEPLOY_DONE && !strcmp(r->what, "rollback"))
		snprintf(why, sizeof(why), "rolled back");
	else if (d->state == DEPLOY_DONE && *r->changed)
		snprintf(why, sizeof(why), "%s: %s", r->what, r->changed);
	const struct deploy_config *c = deploy_config_of(d);
	if (d->state == DEPLOY_FAILED && c && c->rollback && !strcmp(r->what, "deploy"))
		snprintf(why + strlen(why), sizeof(why) - strlen(why), "; rollback is offered");
	int64_t since_s = r->ended ? r->ended_s : r->started_s;
	store_row_health(&d->row, healths[d->state], since_s * 1000, *why ? why : NULL);
	store_touch(&d->row);
	if (d->state == DEPLOY_CHECKING)
		check_begin(p);
	else
		check_end(p);
}

int64_t deploy_span_ms(const struct deploy *d)
{
	const struct deploy_run *r = &d->run;
	if (!r->id[0] || !r->started_s)
		return -1;
	int64_t end = r->ended ? r->ended_s * 1000 : now_wall_ms();
	return end > r->started_s * 1000 ? end - r->started_s * 1000 : 0;
}
