/* action.c: orders, from their start on a row to their end.
 *
 * An order stores the id of its row. The row may vanish while the order runs (remove, a restart
 * under a new engine id). */
#include "backends/store/action.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/store/internal.h"

#define FITTING_SHOWN 6 /* so many actions does the sentence name that refuses another one */

const struct action *action_find(const struct kind *kind, const char *word)
{
	for (const struct action *a = kind->actions; a && a->name; a++)
		if (strcmp(a->name, word) == 0 || strcmp(a->verb, word) == 0)
			return a;
	return NULL;
}

bool action_applies_to(const struct action *a, const struct row *row)
{
	if (a->applies_of)
		return a->applies_of(a, row);
	return !a->applies || a->applies(row);
}

bool action_fits(const struct action *a, const struct row *row, const char *argument,
                 struct err *err)
{
	if (a->fits_of)
		return a->fits_of(a, row, argument, err);
	return !a->fits || a->fits(row, argument, err);
}

size_t actions_of(const struct row *row, const struct action **out, size_t max)
{
	size_t n = 0;
	bool read_only = row->server->store->settings->read_only;
	for (const struct action *a = row->kind->actions; a && a->name && n < max; a++)
		if (!(read_only && (a->flags & ACTION_CHANGES)) && action_applies_to(a, row))
			out[n++] = a;
	return n;
}

struct row *order_row(const struct order *order)
{
	return store_find(order->store, order->id);
}

static void order_free(struct order *order)
{
	struct row *row = order_row(order);
	if (row && row->order == order) {
		row->order = NULL;
		store_order_changed(row);
	}
	free(order->id);
	free(order->command);
	free(order->argument);
	free(order);
}

void orders_destroy(struct store *s)
{
	while (s->orders) {
		struct order *order = s->orders;
		s->orders = order->next;
		order_free(order);
	}
}

bool action_not_now(const struct action *a, const struct row *row, struct err *err)
{
	const struct action *fitting[FITTING_SHOWN + 1];
	char why[160], list[200] = "";
	if (row->kind->not_now && row->kind->not_now(row, a, why, sizeof(why)))
		return err_set(err, ERR_USAGE, "%s: %s %s", a->verb, row->name, why);
	size_t len = 0, n = actions_of(row, fitting, ARRAY_LEN(fitting));
	for (size_t i = 0; i < n && i < FITTING_SHOWN && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
		                        i ? ", " : "; possible: ", fitting[i]->verb);
	return err_set(err, ERR_USAGE, "%s: not possible for %s in its present state%s%s", a->verb,
	               row->name, list, n > FITTING_SHOWN ? ", ..." : "");
}

static bool action_may_start(const struct row *row, const struct action *a, const char *argument,
                             struct err *err)
{
	const struct server *v = row->server;
	if ((a->flags & ACTION_CHANGES) && v->store->settings->read_only)
		return err_set(err, ERR_DENIED, "%s: not done, mocr was started read-only",
		               a->verb);
	if (v->store->replay)
		return err_set(err, ERR_DENIED,
		               "%s: not done, this is a recording and nothing is connected",
		               a->verb);
	if (row->source && v->link->state != LINK_UP)
		return err_set(err, ERR_LOST, "%s: %s is %s; [Ctrl-R] tries now", a->verb,
		               v->name, link_state_name(v->link->state));
	if (row->order && row->order->state == ORDER_RUNNING)
		return err_set(err, ERR_REFUSED, "%s: \"%s\" still runs on %s", a->verb,
		               row->order->action->verb, row->name);
	return (action_applies_to(a, row) || action_not_now(a, row, err)) &&
	       action_fits(a, row, argument, err);
}

/* The server is removed. Its orders end here, because its backends will report nothing more. */
void orders_forget_server(struct store *s, const struct server *v)
{
	size_t n = strlen(v->name);
	struct err gone;
	err_set(&gone, ERR_LOST,
	        "%s was disconnected while it ran; whether it finished there is not known",
	        v->name);
	for (struct order *order = s->orders; order; order = order->next)
		if (order->state == ORDER_RUNNING && strncmp(order->id, v->name, n) == 0 &&
		    order->id[n] == '/')
			order_end(order, &gone, NULL);
}

void action_command(const struct action *a, const struct row *row, char *buf, size_t size)
{
	buf[0] = '\0';
	if (a->command)
		a->command(row, buf, size);
	else if (a->command_of)
		a->command_of(a, row, buf, size);
}

struct order *order_start(struct row *row, const struct action *a, const char *argument,
                          struct err *err)
{
	assert(a->run);
	struct store *s = row->server->store;
	if (!action_may_start(row, a, argument, err))
		return NULL;
	char command[512] = "";
	action_command(a, row, command, sizeof(command));
	struct order *order = xcalloc(1, sizeof(*order));
	*order = (struct order){
		.action = a,
		.store = s,
		.id = xstrdup(row->id),
		.command = xstrdup(*command ? command : a->verb),
		.argument = xstrdup(argument),
		.state = ORDER_RUNNING,
		.started_ms = now_wall_ms(),
		.next = s->orders,
	};
	s->orders = order;
	row->order = order;
	/* Keeps the newest ORDERS_KEPT orders, and every order that still runs. */
	size_t n = 0;
	struct order **slot = &s->orders;
	while (*slot) {
		struct order *one = *slot;
		if (++n > ORDERS_KEPT && one->state != ORDER_RUNNING) {
			*slot = one->next;
			order_free(one);
		} else {
			slot = &one->next;
		}
	}
	activity_add(s, ACTIVITY_ACTION, HEALTH_BUSY, row->id, "%s: %s", a->verb, order->command);
	store_order_changed(row);
	store_changed_widely(s);
	a->run(order);
	return order;
}

void order_progress(struct order *order, const char *fmt, ...)
{
	char raw[sizeof(order->progress) * 2];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	char clean[sizeof(order->progress)];
	wash(clean, sizeof(clean), raw, strlen(raw));
	if (!strcmp(clean, order->progress))
		return;
	memcpy(order->progress, clean, sizeof(clean));
	struct row *row = order_row(order);
	if (row)
		store_touch(row);
	store_changed(order->store);
	if (order->at)
		order->at(order, order->done_arg);
}

void order_end(struct order *order, const struct err *err, const char *output)
{
	if (order->state != ORDER_RUNNING) /* already ended when its server was closed */
		return;
	bool failed = err && err->code != ERR_NONE;
	char took[HUMAN_SIZE];
	if (!failed)
		order->state = ORDER_DONE;
	else if (err->code == ERR_CANCELLED)
		order->state = ORDER_CANCELLED;
	else
		order->state = ORDER_FAILED;
	order->ended_ms = now_wall_ms();
	order->run = NULL;
	if (failed) {
		order->err = *err;
		/* it may quote the other side */
		mask_sentence(order->err.text, sizeof(order->err.text));
	}
	if (output)
		wash(order->output, sizeof(order->output), output, strlen(output));
	human_age(took, order->ended_ms - order->started_ms);
	if (order->state == ORDER_CANCELLED)
		activity_add(order->store, ACTIVITY_ACTION, HEALTH_IDLE, order->id,
		             "%s: given up after %s: %s", order->action->verb, took,
		             order->err.text);
	else if (failed)
		activity_add(order->store, ACTIVITY_ACTION, HEALTH_BAD, order->id,
		             "%s: failed after %s: %s", order->action->verb, took, order->err.text);
	else
		activity_add(order->store, ACTIVITY_ACTION, HEALTH_GOOD, order->id,
		             "%s: done after %s%s%s", order->action->verb, took,
		             *order->output ? ": " : "", order->output);
	store_order_changed(order_row(order));
	store_changed_widely(order->store);
	if (order->done)
		order->done(order, order->done_arg);
}
