/* apply.c: turns an engine's answers and events into rows.
 *
 * An event changes its row at once, as far as its own fields allow. A list and an inspect follow
 * and supply the rest. A row is found by its name, because operators think in names. A new
 * container under the same name takes over the row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/containers/engine.h"
#include "backends/containers/judge.h"
#include "backends/containers/updates.h"
#include "backends/store/record.h"

#define DEATHS_RECENT_MS 300000
#define DIE_AHEAD_MS \
	3000 /* Docker reports an end before its own list has it (20.10, on a busy machine) */
/* the same while the list shows the life that ended: an engine needs 15 s to tell of 200 ends */
#define OLD_LIFE_MS 60000
#define LIST_LATE_MS 60000 /* a list answer may be this late */

/* --- a row and its struct ctr -------------------------------------------- */

struct ctr *ctr_find(const struct engine *e, const char *id)
{
	struct ctr *c = NULL;
	HASH_FIND_STR(e->ctrs, id, c);
	return c;
}

void ctr_free(struct ctr *c)
{
	if (!c)
		return;
	engine_cancel_ctr(c);
	HASH_DEL(c->engine->ctrs, c);
	if (c->row)
		c->row->priv = NULL;
	loop_timer_remove(c->rest);
	json_lines_finish(&c->stats_lines);
	buf_finish(&c->tail_in);
	free(c->answer);
	free(c->detail_err);
	free(c);
}

/* Finds or makes the row of container id under name. If the container was renamed unnoticed, its
 * row moves. */
static struct ctr *ctr_row_of(struct engine *e, const char *id, const char *name)
{
	struct ctr *known = ctr_find(e, id);
	if (known && strcmp(known->row->row.name, name) == 0) {
		store_row(&e->source, &kind_container, name, name);
		return known;
	}
	struct container *row = ROW_AS(container, store_row(&e->source, &kind_container, name,
	                                                      name));
	if (!row->priv || strcmp(((struct ctr *)row->priv)->id, id) != 0) {
		if (known)
			ctr_free(known);
		/* Another container took the name: drops everything known of the old one. */
		ctr_free(row->priv);
		row->started_ms = row->finished_ms = row->created_ms = 0;
		row->oom = row->tty = row->tty_known = false;
		row->death = DEATH_NONE;
		row->by_compose = COMPOSE_NOT;
		row->exit_signal[0] = '\0';
		row->health = CTR_HEALTH_NONE;
		xreplace(&row->last_lines, NULL);
		struct ctr *c = xcalloc(1, sizeof(struct ctr));
		snprintf(c->id, sizeof(c->id), "%s", id);
		c->engine = e;
		c->row = row;
		fetch_want(&c->inspect);
		c->by_image = COMPOSE_CLAIMED;
		c->stats_lines.line.max = JSON_LINE_MAX;
		buf_init(&c->tail_in, 1u << 20);
		HASH_ADD_STR(e->ctrs, id, c);
		row->priv = c;
		xreplace(&row->engine_id, id);
		row->restarts = row->exit_code = -1;
		row->cpu = row->mem = row->mem_limit = row->net_rx = row->net_tx = -1;
	}
	return row->priv;
}

static void ctr_note_death(struct ctr *c, int64_t when)
{
	/* a deliberate stop, or the same death from both event and inspect */
	if (c->stopped || llabs(c->deaths[0] - when) < 2000)
		return;
	memmove(&c->deaths[1], &c->deaths[0], sizeof(c->deaths) - sizeof(c->deaths[0]));
	c->deaths[0] = when;
}

/* An inspect was applied since the state last changed. */
static bool ctr_is_inspected(const struct ctr *c)
{
	return c->inspected.at && c->inspected.at >= c->life.at;
}

void ctr_refresh(struct ctr *c)
{
	struct container *row = c->row;
	int64_t now = engine_now(c->engine);
	struct ctr_facts f = {
		.policy = c->policy,
		.error = c->error,
		.health_output = c->health_output,
		.failing_streak = c->failing_streak,
		.stopped = c->stopped,
		.witnessed = c->witnessed,
		.inspected = ctr_is_inspected(c),
		.mem_limit = c->mem_limit,
		.now_ms = now,
	};
	for (size_t i = 0; i < ARRAY_LEN(c->deaths); i++)
		f.deaths += c->deaths[i] > 0 && now - c->deaths[i] < DEATHS_RECENT_MS;
	struct ctr_verdict v;
	ctr_classify(row, &f);
	ctr_judge(row, &f, &v);
	store_row_health(&row->row, v.health, v.since_ms, *v.why ? v.why : NULL);
	store_touch(&row->row);
	if (row->state == CONTAINER_RUNNING && f.deaths >= 2)
		loop_timer_set(c->engine->settle, CTR_SETTLED_MS);
}

static void ctr_set(char **slot, const char *value)
{
	if (!*slot || !value || strcmp(*slot, value) != 0)
		xreplace(slot, value);
}

static bool ctr_is_over(enum container_state s)
{
	return s == CONTAINER_EXITED || s == CONTAINER_DEAD || s == CONTAINER_RESTARTING;
}

/* Forgets what belongs to the previous run. */
static void ctr_begin_life(struct ctr *c)
{
	c->stopping = c->stopped = c->witnessed = false;
	c->life = sync_event(&c->engine->sync, engine_mono(c->engine));
	fetch_forget(&c->tail);
	c->health_output[0] = c->error[0] = '\0';
	c->failing_streak = 0;
	c->row->started_ms = 0;
	c->row->oom = false;
	xreplace(&c->row->last_lines, NULL);
}

/* Changes the state and drops what belonged to the old state. False: the state is the same. */
static bool ctr_enter_state(struct ctr *c, enum container_state state)
{
	struct container *row = c->row;
	if (row->state == state)
		return false;
	if (ctr_is_over(row->state) && (state == CONTAINER_RUNNING || state == CONTAINER_PAUSED))
		ctr_begin_life(c);
	if (ctr_is_over(state) && !ctr_is_over(row->state))
		row->finished_ms = 0;
	row->state = state;
	c->life = sync_event(&c->engine->sync, engine_mono(c->engine));
	if (state != CONTAINER_RUNNING)
		row->cpu = row->mem = row->net_rx = row->net_tx = -1;
	if (!ctr_is_over(state))
		fetch_forget(&c->tail);
	return true;
}

/* For changes from a list or an event: an inspect supplies the rest. */
static void ctr_set_state(struct ctr *c, enum container_state state)
{
	if (ctr_enter_state(c, state))
		fetch_want(&c->inspect);
}

/* --- a list -------------------------------------------------------------- */

static bool ctr_is_alive(const struct ctr_item *it)
{
	return it->state == CONTAINER_RUNNING || it->state == CONTAINER_PAUSED;
}

/* The list gives times only in words. They serve until an inspect brings exact times. */
static void ctr_guess_times(struct ctr *c, const struct ctr_item *it, int64_t now)
{
	struct container *row = c->row;
	int64_t *when = ctr_is_alive(it) ? &row->started_ms : &row->finished_ms;
	if (it->status_age_ms < 0 || *when)
		return;
	*when = now - it->status_age_ms;
	c->rough_start |= ctr_is_alive(it);
}

/* Is an event newer than this list? */
static bool apply_is_overtaken(struct engine *e, const struct sync_view *view, const struct ctr *c,
                               const struct ctr_item *it)
{
	/* How long a container that was just reported dead beats a list that says it runs. Longer
	 * while the list shows the life that ended: it has run for longer than the end is known. */
	bool may_lag = e->origin && ctr_is_over(c->row->state) && ctr_is_alive(it);
	bool old_life = it->status_age_ms > engine_mono(e) - c->heard.ms;
	int64_t lag_ms;
	if (!may_lag)
		lag_ms = 0;
	else
		lag_ms = old_life && c->heard.at ? OLD_LIFE_MS : DIE_AHEAD_MS;
	return sync_row(&e->sync, view, c->heard, lag_ms, engine_mono(e)) == SYNC_ROW_OVERTAKEN;
}

/* Keeps the row under its present name. */
static void apply_keep(struct engine *e, const struct ctr *c)
{
	char *name = xstrdup(c->row->row.name);
	store_row(&e->source, &kind_container, name, name);
	free(name);
}

static void apply_item(struct engine *e, const struct sync_view *view, const struct ctr_item *it)
{
	struct ctr *c = ctr_find(e, it->id);
	if (sync_is_gone(&e->sync, it->id))
		return;
	bool overtaken = c && apply_is_overtaken(e, view, c, it);
	if (overtaken)
		apply_keep(e, c);
	else
		c = ctr_row_of(e, it->id, it->name);
	struct container *row = c->row;
	ctr_set(&row->image, it->image);
	ctr_set(&row->image_id, it->image_id);
	updates_apply(c);
	ctr_set(&row->command, it->command);
	ctr_set(&row->ports, it->ports);
	ctr_set(&row->networks, it->networks);
	ctr_set(&row->project, it->project);
	ctr_set(&row->service, it->service);
	ctr_set(&row->project_dir, it->project_dir);
	ctr_set(&row->project_files, it->project_files);
	ctr_set(&row->project_env, it->project_env);
	row->by_compose = it->by_compose == COMPOSE_CLAIMED ? c->by_image : it->by_compose;
	/* a recording can be asked nothing, and nothing can be done with it */
	if (row->by_compose == COMPOSE_CLAIMED && replay_is_on(e->source.store))
		row->by_compose = COMPOSE_MADE;
	bool failed_long_ago = c->image.state == FETCH_FAILED &&
	                       engine_mono(e) - c->image.failed_ms >= IMAGE_AGAIN_MS;
	if (row->by_compose == COMPOSE_CLAIMED && (c->image.state == FETCH_IDLE || failed_long_ago))
		fetch_want(&c->image);
	row->created_ms = it->created_ms;
	if (overtaken) {
		ctr_refresh(c);
		return;
	}
	ctr_set_state(c, it->state);
	if (it->health != CTR_HEALTH_NONE || it->state != CONTAINER_RUNNING || !e->param->is_podman)
		/* Podman's list has no health; its inspect does */
		row->health = it->health;
	if (it->exit_code >= 0)
		row->exit_code = it->exit_code;
	if (view->is_first) {
		/* Detects a start that no event reported. Events were not received for a while, and
		 * an engine that restarted does not send them later.
		 *
		 * Inspects from before the gap are stale. They are sent again for the same rows as
		 * when the link first came up. That costs about as much as a few seconds of stats.
		 * A running row off screen gets no inspect. But the list's words reveal a new start
		 * there too, because they never drop half of an age. */
		int64_t known = c->row->started_ms;
		bool began = known && ctr_is_alive(it) && it->status_age_ms >= 0 &&
		             it->status_age_ms < (engine_now(e) - known) / 2 - LIST_LATE_MS;
		if (began) {
			ctr_begin_life(c);
			fetch_want(&c->inspect);
		}
	}
	ctr_guess_times(c, it, engine_now(e));
	ctr_refresh(c);
}

void apply_list(struct engine *e, const struct sync_view *view, const struct ctr_list *list)
{
	store_rows_begin(&e->source, &kind_container);
	for (size_t i = 0; i < list->n; i++)
		apply_item(e, view, &list->items[i]);
	/* Keeps rows with events since the list was requested, even if the list does not name them.
	 */
	for (struct ctr *c = e->ctrs; c; c = c->hh.next)
		if (sync_row(&e->sync, view, c->heard, 0, engine_mono(e)) == SYNC_ROW_OVERTAKEN)
			apply_keep(e, c);
	store_rows_end(&e->source, &kind_container);
	server_rows_changed(e->source.server, &kind_container);
}

/* --- inspect and last lines ---------------------------------------------- */

void apply_inspect(struct ctr *c, const struct ctr_inspect *in, bool overtaken)
{
	struct container *row = c->row;
	/* The fields that no event reports or changes. */
	row->tty = in->tty;
	row->tty_known = true;
	row->restarts = in->restarts;
	row->created_ms = in->created_ms ? in->created_ms : row->created_ms;
	c->mem_limit = in->mem_limit;
	snprintf(c->policy, sizeof(c->policy), "%s", in->policy);
	if (overtaken) {
		ctr_refresh(c);
		return;
	}
	bool asked_again = fetch_is_wanted(&c->inspect);
	ctr_enter_state(c, in->state);
	/* it was started, and perhaps ended, without an event */
	if (ctr_is_inspected(c) && in->started_ms != row->started_ms)
		ctr_begin_life(c);
	c->inspected = engine_mark(c->engine);
	fetch_given(&c->inspect, c->inspected);
	/* otherwise an event may have changed the health since; the next answer settles it */
	if (!asked_again)
		row->health = in->health;
	/* a running container reports 0, which says nothing about its last end */
	if (ctr_is_over(in->state))
		row->exit_code = in->exit_code;
	if (in->state != CONTAINER_RUNNING)
		row->oom = in->oom;
	row->started_ms = in->started_ms;
	c->rough_start = false;
	row->finished_ms = in->finished_ms;
	c->failing_streak = in->failing_streak;
	snprintf(c->error, sizeof(c->error), "%s", in->error);
	snprintf(c->health_output, sizeof(c->health_output), "%s", in->health_output);
	if (ctr_is_over(in->state) && in->finished_ms)
		ctr_note_death(c, in->finished_ms);
	ctr_refresh(c);
	/* Requests the last lines if they may explain why the container ended. */
	bool worth = ctr_is_over(c->row->state) && c->row->row.health >= HEALTH_BUSY;
	if (fetch_is_asked(&c->tail) || c->tail.state == FETCH_FRESH)
		return;
	if (worth)
		fetch_want(&c->tail);
	else
		fetch_forget(&c->tail);
}

void apply_tail(struct ctr *c, const char *text, size_t len)
{
	struct buf out;
	buf_init(&out, 64u << 10);
	for (const char *p = text, *end = text + len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end;
		char *line = wash_ndup(p, (size_t)(stop - p), 1024);
		buf_addf(&out, "%s%s", out.len ? "\n" : "", line);
		free(line);
		p = nl ? nl + 1 : end;
	}
	free(c->row->last_lines);
	c->row->last_lines = buf_take(&out);
	fetch_forget(&c->tail);
	fetch_given(&c->tail, engine_mark(c->engine));
	ctr_refresh(c);
}

/* --- the image's labels ------------------------------------------------- */

void apply_image(struct engine *e, const char *image_id, enum compose_origin origin)
{
	for (struct ctr *c = e->ctrs; c; c = c->hh.next) {
		struct container *row = c->row;
		if (!row->image_id || strcmp(row->image_id, image_id) != 0 ||
		    row->by_compose != COMPOSE_CLAIMED)
			continue;
		row->by_compose = c->by_image = origin;
		fetch_forget(&c->image);
		store_touch(&row->row);
	}
	server_rows_changed(e->source.server, &kind_container);
}

/* --- events -------------------------------------------------------------- */

static void ctr_on_start(struct ctr *c, const struct ctr_event *ev)
{
	ctr_set_state(c, CONTAINER_RUNNING);
	ctr_begin_life(c);
	fetch_want(&c->inspect);
	c->row->started_ms = ev->time_ms;
	c->rough_start = false;
	/* the health result belongs to the previous run */
	c->row->health = c->row->health != CTR_HEALTH_NONE ? CTR_HEALTH_STARTING : CTR_HEALTH_NONE;
}

static void ctr_on_die(struct ctr *c, const struct ctr_event *ev)
{
	struct container *row = c->row;
	ctr_set_state(c, CONTAINER_EXITED);
	row->exit_code = ev->exit_code;
	row->finished_ms = ev->time_ms;
	c->stopped = c->stopping;
	c->witnessed = true;
	fetch_forget(&c->tail);
	fetch_want(&c->inspect);
	if (row->health == CTR_HEALTH_STARTING || row->health == CTR_HEALTH_HEALTHY)
		row->health = CTR_HEALTH_UNHEALTHY;
	ctr_note_death(c, ev->time_ms);
}

/* Docker sends "stop" after the death that the stop caused. */
static void ctr_on_stop(struct ctr *c, const struct ctr_event *ev)
{
	c->stopped = true;
}

/* A stop sends TERM or the image's stop signal, then KILL. HUP or USR1 are not meant to end it. */
static void ctr_on_kill(struct ctr *c, const struct ctr_event *ev)
{
	static const char *const harmless[] = { "1",      "10",      "12",      "28",
		                                "HUP",    "USR1",    "USR2",    "WINCH",
		                                "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH" };
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (strcasecmp(ev->signal, harmless[i]) == 0)
			return;
	c->stopping = true;
	/* Podman sends the death first and the signal afterwards */
	if (ctr_is_over(c->row->state) && ev->time_ms - c->row->finished_ms < 2000)
		c->stopped = true;
}

static void ctr_on_oom(struct ctr *c, const struct ctr_event *ev)
{
	c->row->oom = true;
}

static void ctr_on_health(struct ctr *c, const struct ctr_event *ev)
{
	static const struct {
		const char *word;
		enum container_health health;
	} words[] = { { "healthy", CTR_HEALTH_HEALTHY },
		      { "unhealthy", CTR_HEALTH_UNHEALTHY },
		      { "starting", CTR_HEALTH_STARTING } };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(ev->detail, words[i].word) == 0)
			c->row->health = words[i].health;
	fetch_want(&c->inspect);
}

static const struct event_row {
	const char *action;
	void (*fn)(struct ctr *, const struct ctr_event *); /* NULL: only what follows */
	enum container_state state;                         /* the new state; UNKNOWN: none */
	bool inspect;                                       /* an inspect tells what changed */
	/* changes things that only a list reports: ports, networks, effects of the restart
	 * policy */
	bool relist;
} event_table[] = {
	{ .action = "create", .relist = true },
	{ .action = "start", .fn = ctr_on_start, .relist = true },
	{ .action = "die", .fn = ctr_on_die, .relist = true },
	{ .action = "died", .fn = ctr_on_die, .relist = true },
	{ .action = "stop", .fn = ctr_on_stop },
	{ .action = "kill", .fn = ctr_on_kill },
	{ .action = "pause", .state = CONTAINER_PAUSED },
	{ .action = "unpause", .state = CONTAINER_RUNNING },
	{ .action = "oom", .fn = ctr_on_oom },
	{ .action = "health_status", .fn = ctr_on_health },
	{ .action = "restart", .relist = true },
	/* its limits or its restart policy; the event does not say which */
	{ .action = "update", .inspect = true, .relist = true },
	{ .action = "rename", .relist = true },
};

/* A row's id is its name, so a renamed container needs a new row. All data moves there. */
static struct ctr *ctr_rename_row(struct engine *e, struct ctr *c, const char *name)
{
	struct container *old = c->row;
	struct container *row = ROW_AS(container, store_row(&e->source, &kind_container, name,
	                                                      name));
	if (row == old)
		return c;
	if (row->priv)
		ctr_free(row->priv);
	/* swap everything after struct row, so that the old row frees the new row's former data */
	size_t from = sizeof(struct row), n = sizeof(*row) - from;
	char *a = (char *)old + from, *b = (char *)row + from;
	for (size_t i = 0; i < n; i++) {
		char t = a[i];
		a[i] = b[i];
		b[i] = t;
	}
	c->row = row;
	old->priv = NULL;
	store_row_remove(&old->row);
	return c;
}

/* A container not seen before: makes its row from the event alone. */
static struct ctr *ctr_new_row(struct engine *e, const struct ctr_event *ev)
{
	if (!*ev->name || strcmp(ev->action, "health_status") == 0)
		return NULL;
	struct ctr *c = ctr_row_of(e, ev->id, ev->name);
	struct container *row = c->row;
	ctr_set(&row->image, *ev->image ? ev->image : NULL);
	ctr_set(&row->project, *ev->project ? ev->project : NULL);
	ctr_set(&row->service, *ev->service ? ev->service : NULL);
	row->created_ms = row->created_ms ? row->created_ms : ev->time_ms;
	if (row->state == CONTAINER_UNKNOWN)
		ctr_set_state(c, CONTAINER_CREATED);
	return c;
}

void apply_event(struct engine *e, const struct ctr_event *ev)
{
	/* Podman's events and Docker's short ids may give only the first digits. */
	struct ctr *c = ctr_find(e, ev->id);
	size_t n = strlen(ev->id);
	for (struct ctr *k = e->ctrs; !c && n >= 12 && k; k = k->hh.next)
		if (strncmp(k->id, ev->id, n) == 0)
			c = k;
	const struct event_row *row = NULL;
	for (size_t i = 0; i < ARRAY_LEN(event_table); i++)
		if (strcmp(event_table[i].action, ev->action) == 0)
			row = &event_table[i];
	if (strcmp(ev->action, "destroy") == 0 || strcmp(ev->action, "remove") == 0) {
		sync_gone(&e->sync, c ? c->id : ev->id);
		if (c)
			store_row_remove(&c->row->row);
		server_rows_changed(e->source.server, &kind_container);
		return;
	}
	if (!row)
		return;
	if (!c)
		c = ctr_new_row(e, ev);
	else if (*ev->name && strcmp(ev->action, "rename") == 0)
		c = ctr_rename_row(e, c, ev->name);
	if (!c)
		return;
	enum container_state before = c->row->state;
	c->heard = sync_event(&e->sync, engine_mono(e));
	/* health events request an inspect anyway, and may come every second */
	if (row->fn != ctr_on_health)
		c->changed = c->heard;
	if (row->fn)
		row->fn(c, ev);
	if (row->state != CONTAINER_UNKNOWN)
		ctr_set_state(c, row->state);
	if (row->inspect)
		fetch_want(&c->inspect);
	ctr_refresh(c);
	server_rows_changed(e->source.server, &kind_container);
	if (row->relist)
		engine_relist(e);
	if (row->fn == ctr_on_start)
		logs_poll_now(e);
	if (row->fn == ctr_on_start || c->row->state != before)
		stats_shown(e);
	engine_fetch(e);
}
