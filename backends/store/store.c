/* store.c: rows by id, and the hook that hears of a change. */
#include "backends/store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "backends/base/buf.h"
#include "backends/base/mask.h"
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
	const char *check = getenv("MOCR_CHECK");
	s->checked = check && strcmp(check, "1") == 0;
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
	standing_destroy(s->standing);
	activity_destroy(s->activity);
	record_destroy(s->record);
	if (s->replay)
		s->replay_destroy(s->replay);
	loop_defer_cancel(s->loop, store_tell, s);
	loop_timer_remove(s->trim);
	loop_timer_remove(s->figures);
	log_pool_destroy(s->logs);
	settings_destroy(s->settings);
	free(s->shown);
	free(s->kin);
	free(s);
}

void store_set_hooks(struct store *s, const struct store_hooks *hooks)
{
	s->hooks = *hooks;
}

void store_reread(struct store *s)
{
	if (s->hooks.configured)
		s->hooks.configured(s->hooks.arg);
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
	char *id = xasprintf("%s/server/%s", clean, clean);
	const struct row *row = store_find(s, id);
	free(clean);
	free(id);
	return row ? row->server : NULL;
}

struct source *server_source(const struct server *v, const char *backend)
{
	struct source *s = v->sources;
	while (s && strcmp(s->backend->name, backend) != 0)
		s = s->next;
	return s;
}

void server_rows_changed(struct server *v, const struct kind *kind)
{
	for (struct source *s = v->sources; s; s = s->next)
		if (s->backend->watches == kind || s->backend->watches_too == kind)
			s->backend->watched(s);
}

void server_judge(struct server *v)
{
	v->ops->judge(v);
}

void server_facts_known(struct server *v)
{
	v->ops->facts_known(v);
}

bool row_has_log(const struct row *r)
{
	return r->kind->follow && (!r->kind->follow_fits || r->kind->follow_fits(r));
}

bool server_is_called(const struct server *v, const char *word)
{
	return v->ops->is_called(v, word);
}

/* --- counts -------------------------------------------------------------- */

static struct kin *store_kin_find(struct kin *kin, size_t n, const struct kind *kind)
{
	for (size_t i = 0; i < n; i++)
		if (kin[i].kind == kind)
			return &kin[i];
	return NULL;
}

static struct kin *store_kin_make(struct kin **kin, size_t *n, const struct kind *kind)
{
	struct kin *found = store_kin_find(*kin, *n, kind);
	if (found)
		return found;
	*kin = xrealloc(*kin, (*n + 1) * sizeof(**kin));
	(*kin)[*n] = (struct kin){ .kind = kind };
	return &(*kin)[(*n)++];
}

/* Adds the row to the counts (one: 1) or takes it out again (-1), as it was counted. */
static void store_count_row(struct row *row, int one)
{
	struct server *v = row->server;
	struct store *s = v->store;
	store_kin_make(&v->kin, &v->n_kin, row->kind)->by_health[row->counted_as] += (size_t)one;
	if (row->counted_need == NEED_NONE)
		return;
	if (row->counted_need == NEED_STANDS) {
		v->problems += one;
		s->n_needs += (size_t)one;
		s->n_asks += row->counted_as == HEALTH_ASKS ? (size_t)one : 0;
	}
	if (one > 0)
		DL_APPEND2(s->needs, row, need_prev, need_next);
	else
		DL_DELETE2(s->needs, row, need_prev, need_next);
}

static void store_uncount(struct row *row)
{
	if (row->counted)
		store_count_row(row, -1);
	row->counted = false;
}

static void store_note(struct row *row)
{
	struct store *s = row->server->store;
	if (!row->changed)
		DL_APPEND2(s->changes, row, change_prev, change_next);
	row->changed = true;
}

/* The counts of a server stand in its own row. */
static void store_recount(struct row *row)
{
	enum health was = row->counted ? row->counted_as : HEALTH_UNKNOWN;
	row->need = standing_judge(row, was);
	if (row->counted && row->counted_as == row->health && row->counted_need == row->need)
		return;
	store_uncount(row);
	row->counted_as = row->health;
	row->counted_need = row->need;
	row->counted = true;
	store_count_row(row, 1);
	store_note(&row->server->row);
}

void store_need_again(struct row *row)
{
	enum need_state before = row->need;
	enum health worst = row->need_worst; /* its place and its glyph */
	store_recount(row);
	if (row->need == before && row->need_worst == worst)
		return;
	row->server->store->news++;
	store_touch(row);
}

int server_count(const struct server *v, const struct kind *kind, enum health least,
                 enum health most)
{
	const struct kin *kin = store_kin_find(v->kin, v->n_kin, kind);
	size_t n = 0;
	for (int health = least; kin && health <= (int)most; health++)
		n += kin->by_health[health];
	return (int)n;
}

size_t store_needs_count(const struct store *s, size_t *asks)
{
	*asks = s->n_asks;
	return s->n_needs;
}

static struct row *store_need_of(struct row *row, const struct server *server)
{
	while (row && server && row->server != server)
		row = row->need_next;
	return row;
}

struct row *store_need_first(const struct store *s, const struct server *server)
{
	return store_need_of(s->needs, server);
}

struct row *store_need_next(const struct row *row, const struct server *server)
{
	return store_need_of(row->need_next, server);
}

/* --- telling ------------------------------------------------------------- */

uint64_t store_wide_generation(const struct store *s)
{
	return s->wide_generation;
}
uint64_t store_news(const struct store *s)
{
	return s->news;
}
bool store_is_checked(const struct store *s)
{
	return s->checked;
}

void store_needs_unclear(struct server *v)
{
	v->needs_unclear = v->store->needs_unclear = true;
}

void store_changes_take(struct store *s, void (*each)(struct row *, void *arg), void *arg)
{
	while (s->changes) {
		struct row *row = s->changes;
		DL_DELETE2(s->changes, row, change_prev, change_next);
		row->changed = false;
		each(row, arg);
	}
}

static void store_tell(void *arg)
{
	struct store *s = arg;
	s->hook_waits = s->figures_wait = false;
	sources_tell_needs(s);
	if (s->judged_at != s->wide_generation)
		standing_judge_all(s);
	s->judged_at = s->wide_generation;
	if (s->checked)
		store_check(s);
	if (s->hooks.changed)
		s->hooks.changed(s->hooks.arg);
}

void store_changed(struct store *s)
{
	s->generation++;
	if (s->hook_waits || s->closing)
		return;
	s->hook_waits = true;
	loop_defer(s->loop, store_tell, s);
}

void store_changed_widely(struct store *s)
{
	s->wide_generation++;
	store_changed(s);
}

void store_order_changed(struct row *row)
{
	if (!row)
		return;
	row->server->store->news++;
	store_touch(row);
}

static void store_tell_figures(struct loop_timer *timer, void *arg)
{
	struct store *s = arg;
	(void)timer;
	if (s->figures_wait)
		store_changed(s);
}

/* --- rows ---------------------------------------------------------------- */

struct row *store_find(const struct store *s, const char *id)
{
	struct row *row = NULL;
	if (!id)
		return NULL;
	HASH_FIND_STR(s->rows, id, row);
	if (row)
		return row;
	/* This machine's rows go by any of its names. */
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
		if (owner->state != SOURCE_ABSENT && owner->state != SOURCE_DENIED)
			return NULL;
		if (s->state == SOURCE_WAITING || s->state == SOURCE_FAILED)
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
	const char *kind = id ? strchr(id, '/') : NULL;
	const char *local = kind ? strchr(kind + 1, '/') : NULL;
	if (row || !local || strncmp(kind, "/container/", (size_t)(local - kind) + 1) != 0)
		return row;
	char *name = xstrndup(id, (size_t)(kind - id));
	for (const struct server *v = s->servers; v && !row; v = v->next)
		if (strcmp(v->name, name) == 0 || (v->is_local && server_is_called(v, name)))
			row = store_find_beside(v, kind_container.name, local + 1);
	free(name);
	return row;
}

/* The first row of a server's kin from the one at index on: of the kind alone, or (NULL) of all. */
static struct row *store_kin_from(const struct server *v, size_t index, const struct kind *kind)
{
	for (size_t i = index; i < v->n_kin; i++)
		if (v->kin[i].rows && (!kind || v->kin[i].kind == kind))
			return v->kin[i].rows;
	return NULL;
}

/* The first row of the kind on the server or on those after it. */
static struct row *store_first_from(const struct server *v, const struct kind *kind)
{
	struct row *row = NULL;
	for (; v && !row; v = v->next)
		row = store_kin_from(v, 0, kind);
	return row;
}

struct row *store_first(const struct store *s, const struct kind *kind, const struct server *server)
{
	if (server)
		return store_kin_from(server, 0, kind);
	return store_count(s, kind, NULL) ? store_first_from(s->servers, kind) : NULL;
}

struct row *store_next(const struct row *row, const struct kind *kind, const struct server *server)
{
	const struct server *v = row->server;
	struct row *next = row->kin_next;
	if (!next && !kind) {
		const struct kin *own = store_kin_find(v->kin, v->n_kin, row->kind);
		next = store_kin_from(v, (size_t)(own - v->kin) + 1, NULL);
	}
	return next || server ? next : store_first_from(v->next, kind);
}

size_t store_count(const struct store *s, const struct kind *kind, const struct server *server)
{
	const struct kin *kin = server ? server->kin : s->kin;
	size_t n_kin = server ? server->n_kin : s->n_kin, n = 0;
	for (size_t i = 0; i < n_kin; i++)
		n += !kind || kin[i].kind == kind ? kin[i].n : 0;
	return n;
}

void store_row_adopt(struct store *s, struct row *row)
{
	assert(row->kind && row->id && row->server && row->server->store == s);
	struct kin *kin = store_kin_make(&row->server->kin, &row->server->n_kin, row->kind);
	HASH_ADD_KEYPTR(hh, s->rows, row->id, strlen(row->id), row);
	DL_APPEND2(kin->rows, row, kin_prev, kin_next);
	kin->n++;
	row->server->facts += row->source != NULL;
	s->servers_news += row == &row->server->row;
	store_kin_make(&s->kin, &s->n_kin, row->kind)->n++;
	s->news++;
	store_recount(row);
	store_needs_unclear(row->server);
	store_touch(row);
}

void store_row_drop(struct row *row)
{
	struct store *s = row->server->store;
	struct kin *kin = store_kin_find(row->server->kin, row->server->n_kin, row->kind);
	HASH_DEL(s->rows, row);
	DL_DELETE2(kin->rows, row, kin_prev, kin_next);
	kin->n--;
	row->server->facts -= row->source != NULL;
	s->servers_news += row == &row->server->row;
	store_kin_find(s->kin, s->n_kin, row->kind)->n--;
	s->news++;
	store_uncount(row);
	standing_gone(row);
	if (row != &row->server->row)
		store_note(&row->server->row);
	store_needs_unclear(row->server);
	/* the screen lets go of the row before it is freed */
	if (row->changed)
		DL_DELETE2(s->changes, row, change_prev, change_next);
	row->changed = false;
	for (size_t i = 0; i < s->n_shown; i++)
		if (s->shown[i] == row)
			s->shown[i] = s->shown[--s->n_shown];
	if (s->hooks.gone)
		s->hooks.gone(row, s->hooks.arg);
	free(row->id);
	free(row->name);
	free(row->why);
	store_changed(s);
}

/* Takes the id. */
static struct row *store_row_make(struct server *v, struct source *source, const struct kind *kind,
                                  char *id)
{
	struct row *row = xcalloc(1, kind->row_size);
	row->kind = kind;
	row->server = v;
	row->source = source;
	row->id = id;
	store_row_adopt(v->store, row);
	return row;
}

static void store_row_name(struct row *row, const char *name)
{
	char shown[NAME_MAX_BYTES];
	wash(shown, sizeof(shown), name, strlen(name));
	if (row->name && strcmp(row->name, shown) == 0)
		return;
	xreplace(&row->name, shown);
	store_touch(row);
}

struct row *store_row(struct source *source, const struct kind *kind, const char *local_id,
                      const char *name)
{
	assert(kind->row_size >= sizeof(struct row));
	struct store *s = source->store;
	/* whole: an id that is cut may be that of another row */
	char *local = wash_dup(local_id, 0);
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
	free(local);
	if (!row)
		row = store_row_make(source->server, source, kind, id);
	store_row_name(row, name);
	row->mark = s->mark;
	return row;
}

struct row *store_row_alone(struct server *v, const struct kind *kind, const char *local_id,
                            const char *name)
{
	char local[NAME_MAX_BYTES];
	wash(local, sizeof(local), local_id, strlen(local_id));
	char *id = xasprintf("%s/%s/%s", v->name, kind->name, local);
	struct row *row = store_find(v->store, id);
	if (row)
		free(id);
	else
		row = store_row_make(v, NULL, kind, id);
	store_row_name(row, name);
	return row;
}

void store_touch(struct row *row)
{
	store_note(row);
	store_changed(row->server->store);
}

void store_touch_figures(struct row *row)
{
	struct store *s = row->server->store;
	store_note(row);
	s->generation++;
	if (s->hook_waits || s->figures_wait || s->closing)
		return;
	s->figures_wait = true;
	/* Whatever moves waits for the same moment: the next full FIGURES_MS and a little, since
	 * samples are asked for at full seconds. */
	int64_t now = loop_now(s->loop);
	int64_t left = FIGURES_MS - (now + FIGURES_MS - FIGURES_AFTER_MS) % FIGURES_MS;
	if (s->figures)
		loop_timer_set(s->figures, left);
	else
		s->figures = loop_timer_add(s->loop, left, store_tell_figures, s);
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
	struct store *s = row->server->store;
	char clean[NAME_MAX_BYTES] = "";
	if (why)
		wash(clean, sizeof(clean), why, strlen(why));
	bool same_why = row->why ? why && strcmp(row->why, clean) == 0 : !why;
	if (why && !same_why) {
		mask_sentence(clean, sizeof(clean));
		same_why = row->why && strcmp(row->why, clean) == 0;
	}
	if (row->health == health && row->health_ms == since_wall_ms && same_why)
		return;
	enum health before = row->health;
	row->health = health;
	row->health_ms = since_wall_ms;
	if (!same_why)
		xreplace(&row->why, why ? clean : NULL);
	s->news += before != health;
	s->servers_news += row == &row->server->row;
	store_recount(row);
	store_needs_unclear(row->server);
	if (before != health && before != HEALTH_UNKNOWN && health != HEALTH_UNKNOWN && row->source)
		activity_add(s, ACTIVITY_CHANGE, health, row->id, "%s -> %s%s%s",
		             health_words[before], health_words[health], why ? ": " : "", clean);
	store_touch(row);
}

void store_row_color(struct row *row, enum health health)
{
	if (row->health == health && !row->why)
		return;
	struct store *s = row->server->store;
	s->news += row->health != health;
	s->servers_news += row == &row->server->row;
	row->health = health;
	xreplace(&row->why, NULL);
	store_recount(row);
	store_needs_unclear(row->server);
	store_touch(row);
}

void store_row_remove(struct row *row)
{
	assert(!row->gone); /* removed once, also when its kind's finish removes others */
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
	const struct server *v = source->server;
	for (struct row *row = store_first(s, kind, v), *next; row; row = next) {
		next = store_next(row, kind, v);
		if (row->source == source && row->mark != s->mark)
			store_row_remove(row);
	}
	s->mark++;
}

/* --- what is on the screen ----------------------------------------------- */

/* row->shown holds the old answer until store_shown_end; the new one is collected in the mark of a
 * round. */
void store_shown_begin(struct store *s)
{
	s->shown_round++;
}

/* The array has the rows of the last round, and each new row of this round once. */
void store_shown(struct row *row)
{
	struct store *s = row->server->store;
	if (!row->shown && row->shown_round != s->shown_round) {
		if (s->n_shown == s->cap_shown) {
			s->cap_shown = s->cap_shown ? s->cap_shown * 2 : 64;
			s->shown = xrealloc(s->shown, s->cap_shown * sizeof(*s->shown));
		}
		s->shown[s->n_shown++] = row;
	}
	row->shown_round = s->shown_round;
}

void store_shown_end(struct store *s)
{
	size_t kept = 0;
	bool any = false;
	for (size_t i = 0; i < s->n_shown; i++) {
		struct row *row = s->shown[i];
		bool now = row->shown_round == s->shown_round;
		if (row->shown != now && row->source)
			any = row->source->shown_changed = true;
		row->shown = now;
		if (now)
			s->shown[kept++] = row;
	}
	s->n_shown = kept;
	for (struct server *v = any ? s->servers : NULL; v; v = v->next)
		for (struct source *source = v->sources; source; source = source->next) {
			bool changed = source->shown_changed;
			source->shown_changed = false;
			if (changed && source->backend->shown)
				source->backend->shown(source);
		}
}

const struct kind *kind_find(const char *word)
{
	for (size_t i = 0; kinds[i]; i++) {
		const struct kind *k = kinds[i];
		if (!strcmp(k->name, word) || !strcmp(k->plural, word))
			return k;
		size_t n = k->alias ? strlen(k->alias) : 0;
		if (n && !strncmp(word, k->alias, n) && (!word[n] || !strcmp(word + n, "s")))
			return k;
	}
	return NULL;
}
