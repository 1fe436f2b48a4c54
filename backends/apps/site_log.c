/* site_log.c: follows the log of a row's last deployment, which is fetched whole once a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/platform.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/store/log.h"

static void site_log_came(const struct api_answer *r, void *arg)
{
	struct site_log *l = arg;
	l->call = NULL;
	if (r->err.code)
		app_log_fail(l->log, &r->err);
	else
		l->platform->log_read(l, r);
}

static void site_log_none(const struct app *a, struct err *err)
{
	const struct site *s = a->instance;
	if (a->is_platform)
		err_set(err, ERR_ABSENT,
		        "%s %s: the log is that of an application; it is on its row",
		        s->platform->product, s->name);
	else
		err_set(err, ERR_ABSENT, "%s was never deployed, so there is no log", a->row.name);
}

static void site_log_move(struct site_log *l, struct site *s)
{
	if (l->home == s)
		return;
	if (l->home)
		LIST_DROP(l->home->logs, l);
	l->home = s;
	if (s)
		LIST_APPEND(s->logs, l);
}

void site_logs_lose(struct site *s, const struct err *err)
{
	for (struct site_log *l = s->logs; l; l = l->next) {
		if (!l->call)
			continue;
		api_cancel(l->call);
		l->call = NULL;
		app_log_fail(l->log, err);
	}
}

void site_logs_forget(struct site *s)
{
	while (s->logs) {
		struct site_log *l = s->logs;
		site_log_move(l, NULL);
		l->site = NULL;
	}
}

static bool site_log_can_ask(struct site_log *l, struct row *row, struct err *err)
{
	l->site = row ? app_of(row)->instance : NULL;
	if (!row)
		return err_set(err, ERR_LOST, "it is no longer there");
	if (l->site->platform != l->platform)
		return err_set(err, ERR_ABSENT, "%s is of another platform now", row->name);
	if (!l->site->api)
		return err_set(err, ERR_LOST,
		               "%s %s is not connected; the log continues when it is",
		               l->site->platform->product, l->site->name);
	site_log_move(l, l->site);
	const struct app_deployment *last = app_last(app_of(row));
	if (!*l->id && last)
		memcpy(l->id, last->id, sizeof(l->id));
	if (*l->id || !app_of(row)->asked)
		return true;
	site_log_none(app_of(row), err);
	return false;
}

static void site_log_ask(struct app_log *log, void *arg)
{
	struct site_log *l = arg;
	struct row *row = store_find(l->store, l->row);
	struct err err;
	l->log = log;
	if (!site_log_can_ask(l, row, &err)) {
		app_log_fail(log, &err);
		return;
	}
	if (!*l->id) { /* fetch its deployments first */
		site_ask_about(app_of(row));
		app_log_later(log);
		return;
	}
	char *path = l->platform->log_path(l);
	if (path)
		l->call = site_call(l->site, &(struct api_request){ .path = path,
		                                                    .done = site_log_came,
		                                                    .arg = l });
	else
		l->platform->log_ask(l);
	free(path);
}

static void site_log_stop(void *arg)
{
	struct site_log *l = arg;
	site_log_move(l, NULL);
	api_cancel(l->call);
	if (l->platform->log_stop)
		l->platform->log_stop(l);
	free(l->row);
	free(l);
}

struct follow *site_follow(struct app *a, struct log *log, struct err *err)
{
	static const struct app_log_ops ops = { .ask = site_log_ask, .stop = site_log_stop };
	const struct platform *p = ((const struct site *)a->instance)->platform;
	const struct app_deployment *last = app_last(a);
	if (a->is_platform || (a->asked && !last)) {
		site_log_none(a, err);
		return NULL;
	}
	struct site_log *l = xcalloc(1, p->log_size ? p->log_size : sizeof(*l));
	l->platform = p;
	l->store = a->row.server->store;
	l->row = xstrdup(a->row.id);
	snprintf(l->id, sizeof(l->id), "%s", last ? last->id : "");
	l->log = app_log_follow(a, log, a->row.id, &ops, l);
	return app_log_handle(l->log);
}
