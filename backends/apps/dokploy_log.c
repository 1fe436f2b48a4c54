/* dokploy_log.c: the log of a deployment. From 0.29.5 it is fetched as text (deployment.readLogs).
 *
 * Source: Dokploy's API (docs.dokploy.com/docs/api). WebSockets follow RFC 6455.
 *
 * Up to 0.29.4 a WebSocket sends the whole file, then new text, and stays open after the
 * deployment. mocr closes it once the deployment is over and no more text came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/dokploy.h"
#include "backends/base/mem.h"
#include "backends/link/ws.h"

#define READ_LOGS_SINCE 2905
#define WS_KEPT (4u << 20)

static const struct app_deployment *dokploy_log_deployment(const struct site_log *l)
{
	const struct app *a = ROW_AS(app, store_find(l->store, l->row));
	for (size_t i = 0; a && i < a->n_deployments; i++)
		if (!strcmp(a->deployments[i].id, l->id))
			return &a->deployments[i];
	return NULL;
}

/* Is the deployment over, by its row? how gets its state. */
static bool dokploy_log_is_over(const struct site_log *l, char *how, size_t size)
{
	const struct app_deployment *d = dokploy_log_deployment(l);
	if (d)
		snprintf(how, size, "deployment %s%s%s", d->state, *d->error ? ": " : "", d->error);
	else
		snprintf(how, size, "it is no longer listed");
	return !d || !deployment_runs(d);
}

char *dokploy_log_path(struct site_log *l)
{
	const struct dokploy *d = (const struct dokploy *)l->site;
	char how[320];
	if (d->release && d->release < READ_LOGS_SINCE)
		return NULL;
	((struct dokploy_log *)l)->last = dokploy_log_is_over(l, how, sizeof(how));
	return platform_path("/deployment.readLogs?deploymentId=", l->id, "&tail=2000");
}

void dokploy_log_read(struct site_log *l, const struct api_answer *r)
{
	char how[320], *text = dp_log_text(r->body, r->len);
	bool over = dokploy_log_is_over(l, how, sizeof(how));
	/* the end may have come while the text was on its way: then it is asked for once more */
	bool is_last = over && ((struct dokploy_log *)l)->last;
	app_log_take(l->log, text, strlen(text), is_last, how);
	free(text);
}

static void dokploy_log_data(struct ws *w, const char *bytes, size_t len, void *arg)
{
	struct dokploy_log *l = arg;
	bool first = !l->all.len;
	if (!buf_add(&l->all, bytes, len)) {
		buf_consume(&l->all, l->all.len / 2);
		buf_add(&l->all, bytes, len);
	}
	if (first)
		app_log_now(l->log.log);
}

static void dokploy_log_closed(struct ws *w, const struct err *err, void *arg)
{
	struct dokploy_log *l = arg;
	l->ws = NULL;
	if (err->code)
		app_log_fail(l->log.log, err);
}

void dokploy_log_ask(struct site_log *log)
{
	struct dokploy_log *l = (struct dokploy_log *)log;
	char how[320] = "";
	if (!l->ws) {
		static const struct ws_events events = { .data = dokploy_log_data,
			                                 .closed = dokploy_log_closed };
		const struct app_deployment *d = dokploy_log_deployment(&l->log);
		char *path = platform_path("/listen-deployment?logPath=", d ? d->log : "", "");
		struct err err;
		buf_clear(&l->all);
		l->all.max = WS_KEPT;
		l->seen = 0;
		l->ws = api_ws(l->log.site->api, path, &events, l, &err);
		if (l->ws)
			app_log_later(l->log.log);
		else
			app_log_fail(l->log.log, &err);
		free(path);
		return;
	}
	bool nothing_new = l->all.len && l->seen == l->all.len;
	bool over = nothing_new && dokploy_log_is_over(log, how, sizeof(how));
	l->seen = l->all.len;
	app_log_take(log->log, l->all.data ? l->all.data : "", l->all.len, over, how);
	if (over) {
		ws_close(l->ws);
		l->ws = NULL;
	}
}

void dokploy_log_stop(struct site_log *log)
{
	struct dokploy_log *l = (struct dokploy_log *)log;
	ws_close(l->ws);
	buf_finish(&l->all);
}
