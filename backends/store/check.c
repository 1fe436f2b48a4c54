/* check.c: compares what the store keeps as rows come and go with a count of all rows. For tests
 * and MOCR_CHECK=1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/err.h"
#include "backends/store/cause.h"
#include "backends/store/internal.h"

struct check_counts {
	int problems;
	size_t rows, listed, needs, asks;
};

static void check_count(struct check_counts *n, const struct row *row)
{
	bool stands = row->need == NEED_STANDS;
	n->rows++;
	n->listed += row->need != NEED_NONE;
	n->needs += stands;
	n->asks += stands && row->health == HEALTH_ASKS;
	n->problems += stands;
}

static bool check_server(const struct store *s, const struct server *v, struct err *err)
{
	struct check_counts n = { 0 };
	size_t listed = 0, facts = 0;
	for (const struct row *row = s->rows; row; row = row->hh.next)
		if (row->server == v) {
			check_count(&n, row);
			facts += row->source != NULL;
		}
	for (const struct row *row = store_need_first(s, v); row; row = store_need_next(row, v))
		listed++;
	if (n.problems != v->problems || n.listed != listed)
		return err_set(err, ERR_GARBLED,
		               "%s: %d problems, %zu needs are kept; %d, %zu are there", v->name,
		               v->problems, listed, n.problems, n.listed);
	if (facts != v->facts)
		return err_set(err, ERR_GARBLED, "%s: %zu facts are kept, %zu are there", v->name,
		               v->facts, facts);
	for (size_t i = 0; i < v->n_kin; i++) {
		const struct kin *kin = &v->kin[i];
		size_t there[HEALTHS] = { 0 };
		for (const struct row *row = kin->rows; row; row = row->kin_next)
			there[row->health]++;
		for (int health = 0; health < HEALTHS; health++)
			if (there[health] != kin->by_health[health])
				return err_set(err, ERR_GARBLED,
				               "%s: %zu %s of health %d are kept, %zu are there",
				               v->name, kin->by_health[health], kin->kind->plural,
				               health, there[health]);
	}
	if (n.rows != store_count(s, NULL, v))
		return err_set(err, ERR_GARBLED, "%s: %zu rows are kept by kind, %zu are there",
		               v->name, store_count(s, NULL, v), n.rows);
	return true;
}

bool store_counts_right(const struct store *s, struct err *err)
{
	struct check_counts n = { 0 };
	size_t walked = 0;
	for (const struct row *row = s->rows; row; row = row->hh.next) {
		/* A row that is well has no condition, unless that comes and goes; every other one
		 * has. What another row explains does not count. */
		bool bad = row->health >= HEALTH_ATTENTION || row->need_worst;
		if (row->need != NEED_NONE && (row->need == NEED_FOLDED) != cause_folds(row))
			return err_set(err, ERR_GARBLED, "%s: its need is %d, but it is %sfolded",
			               row->id, (int)row->need, cause_folds(row) ? "" : "not ");
		if (bad != (row->need != NEED_NONE))
			return err_set(err, ERR_GARBLED, "%s: health %d, but its need is %d",
			               row->id, (int)row->health, (int)row->need);
		check_count(&n, row);
	}
	for (const struct row *row = store_first(s, NULL, NULL); row;
	     row = store_next(row, NULL, NULL))
		walked++;
	if (n.rows != walked || n.needs != s->n_needs || n.asks != s->n_asks)
		return err_set(err, ERR_GARBLED,
		               "all servers: %zu rows, %zu needs, %zu asks are kept; %zu, %zu, %zu "
		               "are there",
		               walked, s->n_needs, s->n_asks, n.rows, n.needs, n.asks);
	for (const struct server *v = s->servers; v; v = v->next)
		if (!check_server(s, v, err))
			return false;
	return true;
}

void store_check(const struct store *s)
{
	struct err err;
	if (store_counts_right(s, &err))
		return;
	fprintf(stderr, "mocr: MOCR_CHECK: %s\n", err.text);
	abort();
}
