/* check.c: compares what the store keeps as rows come and go with a count of all rows. For tests
 * and MOCR_CHECK=1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/err.h"
#include "backends/store/internal.h"

struct check_counts {
	int containers, containers_up, containers_bad, units_failed, problems;
	size_t rows, needs, asks;
};

static void check_count(struct check_counts *n, const struct row *row)
{
	enum health health = row->health;
	bool bad = health >= HEALTH_ATTENTION, container = row->kind == &kind_container;
	bool up = health == HEALTH_GOOD || health == HEALTH_BUSY || health == HEALTH_ATTENTION;
	n->rows++;
	n->needs += bad;
	n->asks += health == HEALTH_ASKS;
	n->problems += bad;
	n->containers += container;
	n->containers_up += container && up;
	n->containers_bad += container && bad;
	n->units_failed += row->kind == &kind_unit && health == HEALTH_BAD;
}

static bool check_server(const struct store *s, const struct server *v, struct err *err)
{
	struct check_counts n = { 0 };
	size_t needs = 0;
	for (const struct row *row = s->rows; row; row = row->hh.next)
		if (row->server == v)
			check_count(&n, row);
	for (const struct row *row = store_need_first(s, v); row; row = store_need_next(row, v))
		needs++;
	if (n.containers != v->containers || n.containers_up != v->containers_up ||
	    n.containers_bad != v->containers_bad)
		return err_set(err, ERR_GARBLED,
		               "%s: containers %d of %d up, %d bad are kept; %d of %d, %d are "
		               "there",
		               v->name, v->containers_up, v->containers, v->containers_bad,
		               n.containers_up, n.containers, n.containers_bad);
	if (n.units_failed != v->units_failed || n.problems != v->problems || n.needs != needs)
		return err_set(err, ERR_GARBLED,
		               "%s: %d failed units, %d problems, %zu needs are kept; %d, %d, %zu "
		               "are there",
		               v->name, v->units_failed, v->problems, needs, n.units_failed,
		               n.problems, n.needs);
	if (n.rows != store_count(s, NULL, v))
		return err_set(err, ERR_GARBLED, "%s: %zu rows are kept by kind, %zu are there",
		               v->name, store_count(s, NULL, v), n.rows);
	return true;
}

bool store_counts_right(const struct store *s, struct err *err)
{
	struct check_counts n = { 0 };
	size_t walked = 0;
	for (const struct row *row = s->rows; row; row = row->hh.next)
		check_count(&n, row);
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
