/* alerts_join.c: the same alert in two places: which row counts.
 *
 * Two rows are the same alert when one has all labels of the other. So they have the same alertname
 * and instance wherever both have one, and a table by these two names few candidates for a row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/systems/alerts.h"
#include "backends/systems/alerts_parse.h"

/* --- the table ----------------------------------------------------------- */

struct join_entry {
	const struct system *y;
	size_t number; /* in the order of the store */
	struct join_entry *next;
};
struct join_slot {
	UT_hash_handle hh;
	char *key;
	struct join_entry *first; /* owned, in the order of the store */
};
struct join {
	struct join_slot *slots;
	struct join_entry *all; /* owned */
	size_t n;
};

/* "=VALUE" of this label, or "-". The caller frees. */
static char *join_label(const struct system *y, const char *name)
{
	char *line = xasprintf("\n%s=", name);
	const char *at = strstr(y->labels, line);
	const char *value = at ? at + strlen(line) : NULL;
	free(line);
	return value ? xasprintf("=%.*s", (int)strcspn(value, "\n"), value) : xstrdup("-");
}

static struct join_slot *join_slot(const struct join *j, const char *key)
{
	struct join_slot *slot;
	HASH_FIND_STR(j->slots, key, slot);
	return slot;
}

static void join_put(struct join *j, char *key, const struct system *y)
{
	struct join_slot *slot = join_slot(j, key);
	if (!slot) {
		slot = xcalloc(1, sizeof(*slot));
		slot->key = xstrdup(key);
		HASH_ADD_KEYPTR(hh, j->slots, slot->key, strlen(slot->key), slot);
	}
	struct join_entry *e = xcalloc(1, sizeof(*e));
	*e = (struct join_entry){ .y = y, .number = j->n, .next = slot->first };
	slot->first = e; /* join_first wants the lowest number, in whatever order */
	free(key);
}

/* A row is under its name, and under its name and instance. */
static void join_add(struct join *j, const struct system *y)
{
	char *name = join_label(y, "alertname"), *instance = join_label(y, "instance");
	struct join_entry *e = xcalloc(1, sizeof(*e));
	*e = (struct join_entry){ .y = y, .number = j->n, .next = j->all };
	j->all = e;
	join_put(j, xasprintf("%s", name), y);
	join_put(j, xasprintf("%s\n%s", name, instance), y);
	j->n++;
	free(name);
	free(instance);
}

static void join_free_entries(struct join_entry *e)
{
	while (e) {
		struct join_entry *next = e->next;
		free(e);
		e = next;
	}
}

/* --- candidates ---------------------------------------------------------- */

/* The first of the store among the entries and best. */
static const struct join_entry *join_first(const struct join_entry *e, const struct system *y,
                                           const struct join_entry *best)
{
	for (; e; e = e->next) {
		const struct system *z = e->y;
		if ((best && e->number >= best->number) || z->site == y->site)
			continue;
		/* A row of an Alertmanager that answers counts, or of any site that answers while
		 * this one does not. */
		bool counts = y->site->err.code ||
		              (alert_site_silences(z) && !alert_site_silences(y));
		if (counts && (alert_labels_in(y->labels, z->labels) ||
		               alert_labels_in(z->labels, y->labels)))
			best = e;
	}
	return best;
}

static const struct join_entry *join_first_at(const struct join *j, char *key,
                                              const struct system *y,
                                              const struct join_entry *best)
{
	const struct join_slot *slot = join_slot(j, key);
	free(key);
	return slot ? join_first(slot->first, y, best) : best;
}

/* The row that counts for the alert of this row. NULL: this row. */
static const struct system *join_elsewhere(const struct join *j, const struct system *y)
{
	char *name = join_label(y, "alertname"), *instance = join_label(y, "instance");
	const struct join_entry *best = NULL;
	if (*name == '-') {
		best = join_first(j->all, y, NULL);
	} else if (*instance == '-') {
		best = join_first_at(j, xstrdup(name), y, NULL);
		best = join_first_at(j, xstrdup("-"), y, best);
	} else {
		best = join_first_at(j, xasprintf("%s\n%s", name, instance), y, NULL);
		best = join_first_at(j, xasprintf("%s\n-", name), y, best);
		best = join_first_at(j, xstrdup("-"), y, best);
	}
	free(name);
	free(instance);
	return best ? best->y : NULL;
}

/* --- rows ---------------------------------------------------------------- */

void alerts_join(struct store *store)
{
	struct join j = { 0 };
	struct row *r;
	for (r = store_first(store, &kind_system, NULL); r; r = store_next(r, &kind_system, NULL)) {
		const struct system *z = system_const(r);
		/* A site behind a link that is lost is folded, and needs nobody. A recording opens
		 * none. */
		if (alert_is(z) && z->labels &&
		    ((z->site->up || !z->site->opened) && !z->site->err.code))
			join_add(&j, z);
	}
	for (r = store_first(store, &kind_system, NULL); r; r = store_next(r, &kind_system, NULL)) {
		struct system *y = system_of(r);
		if (!alert_is(y) || !y->labels)
			continue;
		bool pending = !strcmp(y->own_state, "pending");
		const struct system *other = pending ? NULL : join_elsewhere(&j, y);
		const char *state = other ? other->own_state : y->own_state;
		enum health health = other ? HEALTH_IDLE : y->own_health;
		const char *why = y->row.why ? y->row.why : "";
		if (y->row.health == health && !strcmp(y->state, state) &&
		    (other || !strcmp(why, y->own_why)))
			continue;
		char counts[120];
		if (other)
			snprintf(counts, sizeof(counts), "%s %s has it too, and counts",
			         system_product(other), other->site->name);
		system_settle(y, state, health, other ? counts : y->own_why);
	}
	struct join_slot *slot, *next;
	HASH_ITER (hh, j.slots, slot, next) {
		HASH_DEL(j.slots, slot);
		join_free_entries(slot->first);
		free(slot->key);
		free(slot);
	}
	join_free_entries(j.all);
}
