/* store.c: rows by id, and who is told of a change. */
#include "backends/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/store/internal.h"
#include "backends/store/log.h"
#include "backends/store/settings.h"

#define NAME_MAX_BYTES 512
#define FIGURES_AFTER_MS 150

struct store *store_create(struct loop *loop, struct http *http, const struct settings *settings)
{
	struct store *s = xcalloc(1, sizeof(*s));
	s->loop = loop;
	s->http = http;
	s->settings = settings_keep(settings);
	s->activity = activity_create(settings->state_dir);
	s->logs = log_pool_create((size_t)settings->log_memory << 20);
	return s;
}

static void store_tell(void *arg);

void store_destroy(struct store *s)
{
	if (!s)
		return;
	s->closing = true;
	while (s->servers)
		s->servers->ops->close(s->servers);
	orders_destroy(s);
	activity_destroy(s->activity);
	record_destroy(s->record);
	if (s->replay)
		s->replay_destroy(s->replay);
	loop_defer_cancel(s->loop, store_tell, s);
	loop_timer_remove(s->trim);
	loop_timer_remove(s->figures);
	log_pool_destroy(s->logs);
	settings_destroy(s->settings);
	free(s);
}

void store_set_hooks(struct store *s, const struct store_hooks *hooks)
{
	s->hooks = *hooks;
}
struct loop *store_loop(const struct store *s)
{
	return s->loop;
}
struct http *store_http(const struct store *s)
{
	return s->http;
}
const struct settings *store_settings(const struct store *s)
{
	return s->settings;
}
struct log_pool *store_logs(const struct store *s)
{
	return s->logs;
}
uint64_t store_generation(const struct store *s)
{
	return s->generation;
}
struct server *store_servers(const struct store *s)
{
	return s->servers;
}

/* --- servers ------------------------------------------------------------- */

/* A slash ends a part of an id, and the name stands on screens. */
char *store_server_name(const char *name)
{
	char *clean = wash_dup(name, 0);
	for (char *c = clean; *c; c++)
		if (*c == '/')
			*c = '-';
	return clean;
}

struct server *store_server_find(const struct store *s, const char *name)
{
	char *clean = store_server_name(name); /* the same words find what they made */
	struct server *v = s->servers, *here = s->servers;
	while (v && strcmp(v->name, clean) != 0)
		v = v->next;
	while (here && !here->is_local)
		here = here->next;
	if (!v && here && server_is_called(here, clean))
		v = here;
	free(clean);
	return v;
}

struct source *server_source(const struct server *v, const char *backend)
{
	struct source *s = v->sources;
	while (s && strcmp(s->backend->name, backend) != 0)
		s = s->next;
	return s;
}

void server_judge(struct server *v)
{
	v->ops->judge(v);
}

void server_facts_known(struct server *v)
{
	v->ops->facts_known(v);
}

bool server_is_called(const struct server *v, const char *word)
{
	return v->ops->is_called(v, word);
}

/* --- telling ------------------------------------------------------------- */

static void store_count_row(struct server *v, const struct row *row)
{
	if (row->health >= HEALTH_ATTENTION)
		v->problems++;
	if (row->kind == &kind_container) {
		v->containers++;
		/* one whose first health check is still to come is up, too */
		v->containers_up += row->health == HEALTH_GOOD || row->health == HEALTH_BUSY ||
		                    row->health == HEALTH_ATTENTION;
		v->containers_bad += row->health >= HEALTH_ATTENTION;
	} else if (row->kind == &kind_unit) {
		v->units_failed += row->health == HEALTH_BAD;
	}
}

static void store_do_count(struct store *s)
{
	for (struct server *v = s->servers; v; v = v->next)
		v->containers = v->containers_up = v->containers_bad = v->units_failed =
			v->problems = 0;
	for (struct row *row = s->rows; row; row = row->hh.next)
		store_count_row(row->server, row);
}

static void store_tell(void *arg)
{
	struct store *s = arg;
	s->told = s->figures_wait = false;
	sources_tell_needs(s);
	store_do_count(s);
	if (s->hooks.changed)
		s->hooks.changed(s->hooks.arg);
}

void store_changed(struct store *s)
{
	s->generation++;
	if (s->told || s->closing)
		return;
	s->told = true;
	loop_defer(s->loop, store_tell, s);
}

static void store_tell_figures(struct loop_timer *timer, void *arg)
{
	struct store *s = arg;
	(void)timer;
	if (s->figures_wait)
		store_changed(s);
}

/* Whatever moves waits for the same moment: the next full FIGURES_MS and a little, since samples
 * are asked for at full seconds. */
static void store_figures_changed(struct store *s)
{
	s->generation++;
	if (s->told || s->figures_wait || s->closing)
		return;
	s->figures_wait = true;
	int64_t left = FIGURES_MS -
	               (loop_now(s->loop) + FIGURES_MS - FIGURES_AFTER_MS) % FIGURES_MS;
	if (s->figures)
		loop_timer_set(s->figures, left);
	else
		s->figures = loop_timer_add(s->loop, left, store_tell_figures, s);
}

/* --- rows ---------------------------------------------------------------- */

/* This machine's rows go by any of its names. */
static struct row *store_find_here(const struct store *s, const char *id)
{
	struct row *row = NULL;
	size_t n = strcspn(id, "/");
	const struct server *v = s->servers;
	while (v && !v->is_local)
		v = v->next;
	if (!v || !id[n] || (strncmp(id, v->name, n) == 0 && !v->name[n]))
		return NULL;
	char *word = xstrndup(id, n), *own = NULL;
	if (server_is_called(v, word)) {
		bool itself = strncmp(id + n, "/server/", 8) == 0;
		own = itself ? xstrdup(v->row.id) : xasprintf("%s%s", v->name, id + n);
		HASH_FIND_STR(s->rows, own, row);
	}
	free(word);
	free(own);
	return row;
}

struct row *store_find(const struct store *s, const char *id)
{
	struct row *row = NULL;
	if (id)
		HASH_FIND_STR(s->rows, id, row);
	return row || !id ? row : store_find_here(s, id);
}

/* Whether its rows, or that it has none for this login, are known. */
static bool store_has_listed(const struct source *s)
{
	return s && s->state != SOURCE_WAITING && s->state != SOURCE_FAILED;
}

static char *store_row_id(const struct source *source, const char *kind, const char *local)
{
	const struct backend *b = source->backend;
	const char *server = source->server->name;
	return b->plain ? xasprintf("%s/%s/%s:%s", server, kind, b->name, local)
	                : xasprintf("%s/%s/%s", server, kind, local);
}

/* The row that only one of the sources beside the absent owner of plain ids has. */
static struct row *store_find_beside(const struct server *v, const char *kind, const char *local)
{
	struct row *found = NULL;
	for (const struct source *s = v->sources; s; s = s->next) {
		const struct source *owner = s->backend->plain
		                                     ? server_source(v, s->backend->plain->name)
		                                     : NULL;
		if (!owner)
			continue;
		if ((owner->state != SOURCE_ABSENT && owner->state != SOURCE_DENIED) ||
		    !store_has_listed(s))
			return NULL;
		char *id = store_row_id(s, kind, local);
		struct row *row = store_find(v->store, id);
		free(id);
		if (row && found)
			return NULL;
		found = row ? row : found;
	}
	return found;
}

struct row *store_find_written(const struct store *s, const char *id)
{
	struct row *row = store_find(s, id);
	const char *kind = id ? strchr(id, '/') : NULL,
		   *local = kind ? strchr(kind + 1, '/') : NULL;
	if (row || !local || strncmp(kind, "/container/", (size_t)(local - kind) + 1) != 0)
		return row;
	char *name = xstrndup(id, (size_t)(kind - id));
	for (const struct server *v = s->servers; v && !row; v = v->next)
		if (strcmp(v->name, name) == 0 || (v->is_local && server_is_called(v, name)))
			row = store_find_beside(v, kind_container.name, local + 1);
	free(name);
	return row;
}

static struct row *store_matching(struct row *row, const struct kind *kind,
                                  const struct server *server)
{
	while (row && ((kind && row->kind != kind) || (server && row->server != server)))
		row = row->hh.next;
	return row;
}

struct row *store_first(const struct store *s, const struct kind *kind, const struct server *server)
{
	return store_matching(s->rows, kind, server);
}

struct row *store_next(const struct row *row, const struct kind *kind, const struct server *server)
{
	return store_matching(row->hh.next, kind, server);
}

size_t store_count(const struct store *s, const struct kind *kind, const struct server *server)
{
	size_t n = 0;
	for (struct row *row = store_first(s, kind, server); row;
	     row = store_next(row, kind, server))
		n++;
	return n;
}

void store_row_adopt(struct store *s, struct row *row)
{
	HASH_ADD_KEYPTR(hh, s->rows, row->id, strlen(row->id), row);
	store_changed(s);
}

void store_row_drop(struct row *row)
{
	struct store *s = row->server->store;
	HASH_DEL(s->rows, row);
	free(row->id);
	free(row->name);
	free(row->why);
	store_changed(s);
}

struct row *store_row(struct source *source, const struct kind *kind, const char *local_id,
                      const char *name)
{
	struct store *s = source->store;
	char local[NAME_MAX_BYTES];
	wash(local, sizeof(local), local_id, strlen(local_id));
	char *id = store_row_id(source, kind->name, local);
	struct row *row = store_find(s, id);
	if (row && row->source == source) {
		free(id);
		/* another source says the same name, against the rule of backend->plain */
	} else if (row) {
		free(id);
		id = xasprintf("%s/%s/%s:%s", source->server->name, kind->name,
		               source->backend->name, local);
		row = store_find(s, id);
		if (row)
			free(id);
	}
	if (!row) {
		row = xcalloc(1, kind->row_size);
		row->kind = kind;
		row->server = source->server;
		row->source = source;
		row->id = id;
		store_row_adopt(s, row);
	}
	char shown[NAME_MAX_BYTES];
	wash(shown, sizeof(shown), name, strlen(name));
	if (!row->name || strcmp(row->name, shown) != 0)
		xreplace(&row->name, shown);
	row->mark = s->mark;
	return row;
}

void store_touch(struct row *row)
{
	store_changed(row->server->store);
}

void store_touch_figures(struct row *row)
{
	store_figures_changed(row->server->store);
}

static const char *const health_words[] = {
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_GOOD] = "well",
	[HEALTH_IDLE] = "idle",
	[HEALTH_BUSY] = "changing",
	[HEALTH_ATTENTION] = "needs attention",
	[HEALTH_BAD] = "failed",
	[HEALTH_ASKS] = "asks you",
};

void store_row_health(struct row *row, enum health health, int64_t since_wall_ms, const char *why)
{
	char clean[NAME_MAX_BYTES] = "";
	if (why)
		wash(clean, sizeof(clean), why, strlen(why));
	bool same_why = row->why ? why && strcmp(row->why, clean) == 0 : !why;
	if (row->health == health && row->health_ms == since_wall_ms && same_why)
		return;
	enum health before = row->health;
	row->health = health;
	row->health_ms = since_wall_ms;
	if (!same_why)
		xreplace(&row->why, why ? clean : NULL);
	if (before != health && before != HEALTH_UNKNOWN && health != HEALTH_UNKNOWN && row->source)
		activity_add(row->server->store, ACTIVITY_CHANGE, health, row->id, "%s -> %s%s%s",
		             health_words[before], health_words[health], why ? ": " : "", clean);
	store_touch(row);
}

void store_row_remove(struct row *row)
{
	row->gone = true;
	if (row->kind->finish)
		row->kind->finish(row);
	store_row_drop(row);
	free(row);
}

void store_rows_begin(struct source *source, const struct kind *kind)
{
	(void)kind;
	source->store->mark++;
}

void store_rows_end(struct source *source, const struct kind *kind)
{
	struct store *s = source->store;
	struct row *row, *next;
	HASH_ITER (hh, s->rows, row, next)
		if (row->source == source && row->kind == kind && row->mark != s->mark)
			store_row_remove(row);
	s->mark++;
}

/* --- what is on the screen ----------------------------------------------- */

/* row->shown holds the old answer until store_shown_end; the new one is collected in the mark of a
 * round. */
void store_shown_begin(struct store *s)
{
	s->shown_round++;
}

void store_shown(struct row *row)
{
	row->shown_round = row->server->store->shown_round;
}

void store_shown_end(struct store *s)
{
	for (struct server *v = s->servers; v; v = v->next)
		for (struct source *source = v->sources; source; source = source->next)
			source->shown_changed = false;
	for (struct row *row = s->rows; row; row = row->hh.next) {
		bool now = row->shown_round == s->shown_round;
		if (row->shown != now && row->source)
			row->source->shown_changed = true;
		row->shown = now;
	}
	for (struct server *v = s->servers; v; v = v->next)
		for (struct source *source = v->sources; source; source = source->next)
			if (source->shown_changed && source->backend->shown)
				source->backend->shown(source);
}

const struct kind *kind_find(const char *word)
{
	for (size_t i = 0; kinds[i]; i++) {
		const struct kind *k = kinds[i];
		if (!strcmp(k->name, word) || !strcmp(k->plural, word))
			return k;
		if (k->alias && (!strcmp(k->alias, word) ||
		                 (strlen(word) + 1 == strlen(k->alias) &&
		                  !strncmp(k->alias, word, strlen(word)))))
			return k;
	}
	return NULL;
}
