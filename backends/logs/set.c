#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/logs/logs.h"
#include "backends/logs/tail.h"
#include "backends/vitals/vitals.h"

#define TARGETS_MAX 64
#define FOLLOWED_MAX 250 /* a log has places for that many sources */

struct log_set {
	struct store *store;
	struct log *log;
	struct target targets[TARGETS_MAX];
	char *words[TARGETS_MAX];    /* as given; owned */
	unsigned taken[TARGETS_MAX]; /* how many it takes */
	size_t n;
	char *followed[FOLLOWED_MAX]; /* ids; owned */
	size_t n_followed;
};

struct log_set *log_set_create(struct store *store, struct log *log)
{
	struct log_set *set = xcalloc(1, sizeof(*set));
	set->store = store;
	set->log = log;
	return set;
}

void log_set_destroy(struct log_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		free(set->words[i]);
	for (size_t i = 0; i < set->n_followed; i++)
		free(set->followed[i]);
	free(set);
}

bool log_set_add(struct log_set *set, const char *target, char *why, size_t size)
{
	if (set->n == TARGETS_MAX) {
		snprintf(why, size, "at most %d targets make one log", TARGETS_MAX);
		return false;
	}
	if (!target_parse(target, &set->targets[set->n], why, size))
		return false;
	set->words[set->n++] = xstrdup(target);
	return true;
}

static bool set_is_followed(const struct log_set *set, const char *id)
{
	for (size_t i = 0; i < set->n_followed; i++)
		if (strcmp(set->followed[i], id) == 0)
			return true;
	return false;
}

static void set_note_followed(struct log_set *set, const char *id)
{
	set->followed[set->n_followed++] = xstrdup(id);
}

/* The logs of a server itself are there whether it is connected or not. */
static void set_follow_server(struct log_set *set, const struct target *t, struct server *s)
{
	static const enum tail_what whats[] = { [TARGET_JOURNAL] = TAIL_JOURNAL,
		                                [TARGET_KERNEL] = TAIL_KERNEL,
		                                [TARGET_FILE] = TAIL_FILE };
	static const char *const names[] = {
		[TARGET_JOURNAL] = "journal", [TARGET_KERNEL] = "kernel", [TARGET_FILE] = "file:"
	};
	char id[sizeof(t->name) + 200];
	struct err err;
	snprintf(id, sizeof(id), "%s/%s%s", s->name, names[t->what], t->name);
	if (set_is_followed(set, id) || set->n_followed == FOLLOWED_MAX)
		return;
	if (tail_follow(s, &(struct tail_spec){ .what = whats[t->what], .name = t->name }, id,
	                set->log, &err))
		set_note_followed(set, id);
	else
		log_set_status(set->log, LOG_NO_SOURCE, "%s", err.text);
}

/* The server's name as the target has it, for this machine has several. */
static const char *set_called(const struct target *t, const struct server *v)
{
	return server_is_called(v, t->server) ? t->server : v->name;
}

static unsigned set_take_query(struct log_set *set, const struct target *t)
{
	unsigned taken = 0;
	for (struct row *r = store_first(set->store, NULL, NULL); r;
	     r = store_next(r, NULL, NULL)) {
		if (!r->kind->takes_query || !r->kind->takes_query(r, t->server))
			continue;
		taken++;
		struct err err = { 0 };
		char *id = xasprintf("%s:%s", r->id, t->name);
		if (set->n_followed < FOLLOWED_MAX && !set_is_followed(set, id)) {
			if (r->kind->follow_query(r, t->name, set->log, &err))
				set_note_followed(set, id);
			else
				log_set_status(set->log, LOG_NO_SOURCE, "%s", err.text);
		}
		free(id);
	}
	return taken;
}

static unsigned set_take(struct log_set *set, const struct target *t)
{
	unsigned taken = 0;
	if (t->what == TARGET_QUERY)
		return set_take_query(set, t);
	if (t->what == TARGET_ROWS) {
		const struct kind *kind = t->kind;
		for (struct row *r = store_first(set->store, kind, NULL); r;
		     r = store_next(r, kind, NULL)) {
			const char *local = r->id + strlen(r->server->name) + strlen(kind->name) +
			                    2;
			const char *server = set_called(t, r->server);
			if (!target_takes(t, t->what, kind, server, local) &&
			    !target_takes(t, t->what, kind, server, r->name))
				continue;
			taken++;
			struct err err = { 0 };
			if (!row_has_log(r) || set->n_followed == FOLLOWED_MAX ||
			    set_is_followed(set, r->id))
				continue;
			if (r->kind->follow(r, set->log, &err))
				set_note_followed(set, r->id);
			else
				log_set_status(set->log, LOG_NO_SOURCE, "%s", err.text);
		}
		return taken;
	}
	for (struct server *s = store_servers(set->store); s; s = s->next)
		if (target_takes(t, t->what, NULL, set_called(t, s), "")) {
			set_follow_server(set, t, s);
			taken++;
		}
	return taken;
}

void log_set_clocks(struct store *store, struct log *log)
{
	for (unsigned i = 0; i < log_sources(log); i++) {
		char server[128];
		const char *name = log_source_name(log, i);
		snprintf(server, sizeof(server), "%.*s", (int)strcspn(name, "/"), name);
		const struct server *s = store_server_find(store, server);
		if (s && s->vitals && s->vitals->clock_known)
			log_source_set_clock(log, i, s->vitals->clock_ms);
	}
}

size_t log_set_refresh(struct log_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		set->taken[i] = set_take(set, &set->targets[i]);
	log_set_clocks(set->store, set->log);
	return set->n_followed;
}

const char *log_set_idle(const struct log_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (!set->taken[i])
			return set->words[i];
	return NULL;
}

struct follow *server_follow(struct row *row, struct log *log, struct err *err)
{
	char id[256];
	snprintf(id, sizeof(id), "%s/journal", row->server->name);
	return tail_follow(row->server, &(struct tail_spec){ .what = TAIL_JOURNAL }, id, log, err);
}
