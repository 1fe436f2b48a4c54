/* openclaw.c: an OpenClaw gateway: version, sessions, agents, what was spent today, commands that
 * wait for an approval. A round is one exchange; nothing stays open on the server between rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/api.h"
#include "backends/link/link.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/systems/openclaw_parse.h"
#include "backends/systems/system.h"

/* One order on its way, with a wire of its own: the round has the other. */
struct claw_order {
	struct claw_order *next;
	struct site *site;
	struct order *order;
	struct wire *wire;
	const char *done; /* said when the answer names no status; static */
};
struct claw_site {
	struct system_site system;
	struct claw_order *orders; /* owned */
};

static struct claw_site *claw_site_of(struct site *s)
{
	return (struct claw_site *)s;
}

/* --- rows ------------------------------------------------------------------- */

static void claw_number(struct system *y, const char *name, int64_t n)
{
	if (n >= 0)
		system_figure(y, name, DOC_PLAIN, "%lld", (long long)n);
	else
		system_figure(y, name, DOC_PLAIN, "%s", "");
}

static void claw_list_sessions(struct site *s, const struct openclaw_facts *f)
{
	system_begin(s, "session");
	for (size_t i = 0; i < f->n_listed; i++) {
		const struct openclaw_session *one = &f->listed[i];
		struct system *y = system_row(s, "session", one->key, one->key, true);
		y->inexact = !one->exact;
		y->state_ms = one->ms;
		claw_number(y, "tokens", one->tokens);
		system_figure(y, "model", DOC_DIM, "%s", one->model);
		system_settle(y, "open", HEALTH_GOOD, NULL);
	}
	system_end(s, "session",
	           f->sessions > (int64_t)f->n_listed ? (size_t)f->sessions - f->n_listed : 0);
}

static void claw_list_approvals(struct site *s, const struct openclaw_facts *f)
{
	system_begin(s, "approval");
	for (size_t i = 0; i < f->n_asked; i++) {
		const struct openclaw_approval *one = &f->asked[i];
		char why[600];
		struct system *y = system_row_as(s, "approval", one->id, one->command, one->id);
		y->inexact = !one->exact;
		y->state_ms = one->made_ms;
		xreplace(&y->asked, one->shown);
		if (one->exact)
			snprintf(why, sizeof(why), "asks to run %s", one->shown);
		else
			snprintf(why, sizeof(why),
			         "answer it there: it is too long, or has signs that cannot be "
			         "shown here: asks to run %.400s",
			         one->shown);
		system_figure(y, "agent", DOC_PLAIN, "%s", one->agent);
		system_settle(y, "asks", HEALTH_ASKS, why);
	}
	system_end(s, "approval", 0);
}

static bool claw_take(struct site *s, const char *ref, const char *text, size_t len,
                      struct err *err)
{
	struct openclaw_facts f;
	char today[16], why[320] = "";
	time_t now = (time_t)(now_wall_ms() / 1000);
	struct tm tm;
	strftime(today, sizeof(today), "%Y-%m-%d", gmtime_r(&now, &tm));
	if (!openclaw_parse(text, len, today, &f, err))
		return false;
	snprintf(s->version, sizeof(s->version), "%s", f.version);
	site_answered(s);
	struct system *y = system_own(s);
	claw_number(y, "sessions", f.sessions);
	claw_number(y, "agents", f.agents);
	system_figure(y, "today", DOC_PLAIN, "%s", "");
	if (f.cost >= 0)
		system_figure(y, "today", DOC_PLAIN, "%.2f$", f.cost);
	claw_number(y, "ask", f.asks_known && f.n_asked ? (int64_t)f.n_asked : -1);
	/* what was not listed this time is not over */
	if (f.sessions >= 0)
		claw_list_sessions(s, &f);
	if (f.asks_known)
		claw_list_approvals(s, &f);
	if (*f.lacks)
		snprintf(why, sizeof(why), "it does not answer everything: %s", f.lacks);
	system_note(s, *f.lacks ? HEALTH_ATTENTION : HEALTH_GOOD, why);
	openclaw_finish(&f);
	return true;
}

/* --- orders ------------------------------------------------------------------ */

static void claw_order_end(struct claw_order *o, const struct err *err, const char *said)
{
	LIST_DROP(claw_site_of(o->site)->orders, o);
	wire_destroy(o->wire);
	order_end(o->order, err, said);
	free(o);
}

static void claw_answered(const struct api_answer *r, void *arg)
{
	struct claw_order *o = arg;
	struct site *s = o->site;
	bool none = strstr(r->body, "\"status\":\"no-active-run\"") != NULL;
	const char *said = none ? "nothing ran in it" : o->done;
	claw_order_end(o, r->err.code ? &r->err : NULL, said);
	site_poke(s);
}

/* request: owned from here on */
static void claw_order_begin(struct order *order, struct system *y, char *request, const char *done)
{
	struct site_config c;
	struct site *s = y->site;
	struct err err = { 0 };
	struct wire *wire = NULL;
	if (!s->up || !site_config(s, &c))
		err_set(&err, ERR_LOST, "OpenClaw %s is not connected", s->name);
	else
		wire = wire_create(source_link(s->source),
		                   &(struct wire_config){ .section = s->platform->section,
		                                          .name = s->name,
		                                          .product = s->platform->product,
		                                          .url = c.url,
		                                          .password_command = c.token_command,
		                                          .request = request,
		                                          .talk = s->platform->talk },
		                   &err);
	free(request);
	if (!wire) {
		order_end(order, &err, NULL);
		return;
	}
	struct claw_order *o = xcalloc(1, sizeof(*o));
	*o = (struct claw_order){ .site = s, .order = order, .wire = wire, .done = done };
	LL_PREPEND(claw_site_of(s)->orders, o);
	wire_ask(wire, s->platform->timeout_ms, claw_answered, o);
}

static void claw_close(struct site *s, const struct err *why)
{
	struct claw_order *o;
	while ((o = claw_site_of(s)->orders)) {
		struct err err = *why;
		if (wire_is_unsure(o->wire))
			err_set(&err, why->code, "%.260s; whether it was done is not known",
			        why->text);
		claw_order_end(o, &err, NULL);
	}
}

static bool claw_is(const struct system *y, const char *type)
{
	return !y->is_site && !y->inexact && !strcmp(y->type, type);
}

static bool claw_is_session(const struct system_act *act, const struct system *y)
{
	return claw_is(y, "session");
}

static bool claw_is_approval(const struct system_act *act, const struct system *y)
{
	return claw_is(y, "approval");
}

static void claw_command(const struct system_act *act, const struct system *y, char *buf,
                         size_t size)
{
	if (claw_is_approval(act, y))
		snprintf(buf, size, "%s %s %s: %s", act->verb, y->type, y->ref, y->asked);
	else
		snprintf(buf, size, "%s %s: %s", act->verb, y->type, y->ref);
}

static void claw_detail(const struct system *y, struct doc *doc)
{
	if (!y->asked)
		return;
	doc_head(doc, "It asks to run");
	doc_add(doc, DOC_CODE, "%s", y->asked);
	if (y->inexact)
		doc_add(doc, DOC_WARN,
		        "Answer it at the gateway: it is too long, or has signs that cannot be "
		        "shown here.");
}

static bool claw_fits_text(const struct system_act *act, const char *text, struct err *err)
{
	return (text && *text) || err_set(err, ERR_USAGE, "there is no text to send");
}

static void claw_send(const struct system_act *act, struct order *order, struct system *y)
{
	unsigned char random[8] = { 0 };
	char once[40];
	(void)!getrandom(random, sizeof(random), 0);
	snprintf(once, sizeof(once), "mocr-%02x%02x%02x%02x%02x%02x%02x%02x", random[0], random[1],
	         random[2], random[3], random[4], random[5], random[6], random[7]);
	claw_order_begin(order, y, openclaw_send(y->ref, order->argument, once), "sent");
}

static void claw_abort(const struct system_act *act, struct order *order, struct system *y)
{
	claw_order_begin(order, y, openclaw_abort(y->ref), "aborted");
}

static void claw_resolve(const struct system_act *act, struct order *order, struct system *y)
{
	const char *word = order->argument ? order->argument : "";
	claw_order_begin(order, y, openclaw_resolve(y->ref, word), "answered");
}

static bool claw_fits_answer(const struct system_act *act, const char *word, struct err *err)
{
	return (word && (!strcmp(word, "allow-once") || !strcmp(word, "allow-always") ||
	                 !strcmp(word, "deny"))) ||
	       err_set(err, ERR_USAGE, "expected allow-once, allow-always or deny");
}

static const struct system_ops openclaw_ops = {
	.asks = "version, sessions, agents, what was spent today, commands that wait for an "
		"approval",
	.detail = claw_detail,
	.acts = { [SYSTEM_SEND] = { claw_is_session, claw_command, claw_send, claw_fits_text,
	                            .verb = "send to" },
	          [SYSTEM_ABORT] = { claw_is_session, claw_command, claw_abort, .verb = "abort" },
	          [SYSTEM_ANSWER] = { claw_is_approval, claw_command, claw_resolve,
	                              claw_fits_answer, .verb = "answer" } },
};
static const struct platform platform_openclaw = {
	SYSTEM_PLATFORM_OF("OpenClaw", "openclaw", openclaws, platform_config, &openclaw_ops,
	                   struct claw_site, system_lacks),
	.talk = &openclaw_talk,
	.steps = (const struct platform_step[]){ { "gateway", "", STEP_MUST | STEP_RAW, claw_take },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 15000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.close = claw_close,
};
const struct backend backend_openclaw = PLATFORM_BACKEND("openclaw", platform_openclaw);
