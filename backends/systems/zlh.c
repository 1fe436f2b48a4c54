/* zlh.c: a zlh-agent: the server that it looks after, whether that is provisioned, its last crash,
 * and its code-server. Orders: start, stop, restart the code-server.
 *
 * Source: as in zlh_parse.h. After a crash it starts the server again after 30, 60 and 120 s; then
 * the state is "error" until somebody does something. */
#include <stdio.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/system.h"
#include "backends/systems/zlh_parse.h"

#define SERVER_TYPE "server"
#define CODE_TYPE "code-server"
#define LATELY_MS INT64_C(3600000) /* a crash so long ago needs nobody, when it runs again */

struct zlh {
	struct system_site system;
	char log[2000]; /* the last lines before the crash; "" none */
};

/* --- rows ---------------------------------------------------------------- */

static void zlh_server_row(struct site *s, const struct zlh_status *t)
{
	static const enum health healths[] = {
		[ZLH_UNTOLD] = HEALTH_UNKNOWN, [ZLH_WELL] = HEALTH_GOOD,
		[ZLH_BUSY] = HEALTH_BUSY,      [ZLH_STOPPED] = HEALTH_IDLE,
		[ZLH_FAILED] = HEALTH_BAD,     [ZLH_OTHER] = HEALTH_UNKNOWN,
	};
	static const char *const provisioned[] = {
		[ZLH_UNKNOWN] = "", [ZLH_NO] = "no", [ZLH_YES] = "yes"
	};
	struct system *y = system_row(s, SERVER_TYPE, s->name, "", true);
	enum health h = healths[t->state];
	char span[HUMAN_SIZE], crash[160], ago[40] = "", next[HUMAN_SIZE] = "", why[300] = "";
	int64_t age = t->crash_ms ? now_wall_ms() + s->skew_ms - t->crash_ms : 0;
	bool lately = t->crashed && (t->crash_ms ? age < LATELY_MS : t->state != ZLH_WELL);
	zlh_crash_words(t, crash, sizeof(crash));
	if (t->crash_ms && age > 0)
		snprintf(ago, sizeof(ago), " %s ago", human_age(span, age));
	if (t->backoff_ms > 0)
		human_span(next, t->backoff_ms);
	if (h == HEALTH_BAD && !t->crashed)
		snprintf(why, sizeof(why), "it reports: %s", t->word);
	else if (h == HEALTH_BAD || lately || *next)
		snprintf(why, sizeof(why), "it crashed%s: %s%s%s", ago, crash,
		         *next ? "; started again in " : "", next);
	if (*why && h != HEALTH_BAD)
		h = HEALTH_ATTENTION;
	system_figure(y, "provisioned", DOC_PLAIN, "%s", provisioned[t->provisioned]);
	system_figure(y, "crash", h == HEALTH_GOOD ? DOC_DIM : DOC_WARN, "%s", t->crash_class);
	system_figure(y, "exit code", DOC_PLAIN, "%s", t->crash_exit);
	system_figure(y, "signal", DOC_PLAIN, "%s", t->crash_signal);
	system_figure(y, "ran for", DOC_PLAIN, "%s", t->crash_uptime);
	system_figure(y, "next start in", DOC_WARN, "%s", next);
	y->state_ms = h == HEALTH_BAD && t->crash_ms ? t->crash_ms - s->skew_ms : 0;
	system_settle(y, *t->word ? t->word : "not told", h, why);
}

/* --- answers ------------------------------------------------------------- */

/* What zlh_came picked. */
static bool zlh_take(struct site *s, const char *ref, const char *json, size_t len, struct err *err)
{
	static const struct {
		const char *state;
		enum health health;
	} told[] = { [ZLH_UNKNOWN] = { "not told", HEALTH_UNKNOWN },
		     [ZLH_NO] = { "stopped", HEALTH_IDLE },
		     [ZLH_YES] = { "running", HEALTH_GOOD } };
	struct zlh_status t;
	if (!zlh_parse(json, len, &t, err))
		return false;
	snprintf(s->version, sizeof(s->version), "%s", t.version);
	site_answered(s);
	memcpy(((struct zlh *)s)->log, t.log, sizeof(t.log));
	system_begin(s, SERVER_TYPE);
	zlh_server_row(s, &t);
	struct system *code = system_row(s, CODE_TYPE, s->name, "", true);
	system_settle(code, told[t.code_server].state, told[t.code_server].health, NULL);
	site_listed(s);
	system_note(s, HEALTH_GOOD, "");
	return true;
}

static void zlh_came(struct site *s, const struct platform_step *step, const struct api_answer *r)
{
	const struct zlh_config *c = site_section(s);
	struct buf picked = { 0 };
	struct err err, said;
	if (!c) /* its section has just gone */
		return;
	const char *const pointers[ZLH_MEMBERS] = {
		[ZLH_STATE] = c->state,
		[ZLH_PROVISIONED] = c->provisioned,
		[ZLH_CODE_SERVER] = c->code_server,
		[ZLH_VERSION] = c->version,
		[ZLH_BACKOFF] = c->backoff,
		[ZLH_CRASH_TIME] = c->crash_time,
		[ZLH_CRASH_CLASS] = c->crash_class,
		[ZLH_CRASH_EXIT] = c->crash_exit,
		[ZLH_CRASH_SIGNAL] = c->crash_signal,
		[ZLH_CRASH_UPTIME] = c->crash_uptime,
		[ZLH_CRASH_LOG] = c->crash_log,
	};
	char *what = xasprintf("%s\t%s", s->name, step->what);
	if (zlh_pick(r->body, r->len, pointers, &picked, &err)) {
		source_feed(s->source, what, picked.data, picked.len);
	} else {
		err_set(&said, err.code, "zlh-agent %s: %s", s->name, err.text);
		site_fail(s, &said);
	}
	buf_finish(&picked);
	free(what);
}

static void zlh_detail(const struct system *y, struct doc *doc)
{
	const char *line = ((const struct zlh *)y->site)->log;
	if (y->is_site || strcmp(y->type, SERVER_TYPE) != 0 || !*line)
		return;
	doc_head(doc, "Last lines before the crash");
	while (*line) {
		size_t n = strcspn(line, "\n");
		doc_add(doc, DOC_CODE, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

/* --- orders -------------------------------------------------------------- */

static bool zlh_can(const struct system_act *act, const struct system *y)
{
	bool starts = !strcmp(act->verb, "start");
	return !y->is_site && !strcmp(y->type, CODE_TYPE) &&
	       strcmp(y->state, starts ? "running" : "stopped") != 0;
}

static void zlh_command(const struct system_act *act, const struct system *y, char *buf,
                        size_t size)
{
	snprintf(buf, size, "POST %s, zlh-agent %s", act->path, y->site->name);
}

static void zlh_run(const struct system_act *act, struct order *order, struct system *y)
{
	struct job *j = job_begin(y->site, order, sizeof(*j), act->verb);
	if (j)
		job_call(j, "POST", act->path, NULL, job_answer);
}

/* --- the system ---------------------------------------------------------- */

#define ZLH_DOES(word)                                                                       \
	{                                                                                    \
		zlh_can, zlh_command, zlh_run, .verb = word, .path = "/dev/codeserver/" word \
	}
static const struct system_ops zlh_ops = {
	.asks = "its status",
	.acts = { [SYSTEM_START] = ZLH_DOES("start"),
	          [SYSTEM_STOP] = ZLH_DOES("stop"),
	          [SYSTEM_RESTART] = ZLH_DOES("restart") },
	.detail = zlh_detail,
};

static const struct platform platform_zlh = {
	SYSTEM_PLATFORM_OF("zlh-agent", "zlh", zlhs, zlh_config, &zlh_ops, struct zlh,
	                   system_lacks),
	.steps = (const struct platform_step[]){ { "status", "/status", STEP_MUST, zlh_take },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 30000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.came = zlh_came,
};
const struct backend backend_zlh = PLATFORM_BACKEND("zlh", platform_zlh);
