/* litellm.c: a LiteLLM proxy: whether it and its database are well, its version and models. Also
 * what was spent today of the budget, per key and per model. Orders: block and unblock a key.
 *
 * Source: BerriAI/litellm 1.81, and 1.108.7, seen running without a database: that one gives its
 * version only for a key, at /health/readiness/details. GET /health is never asked: it calls every
 * model, for money.
 *
 * What was spent today comes from the first of these that is known:
 *
 * - the key's own budget for a day;
 * - the budgets of all providers for a day;
 * - the use of this day (UTC) against the budget of the section.
 *
 * LiteLLM's own budget is not always in force, so the marks at 70 and 90 % are ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/litellm_parse.h"
#include "backends/systems/system.h"

#define KEY_TYPE "key"
#define MODEL_TYPE "model"

enum litellm_known { LITELLM_NOTHING, LITELLM_DAY, LITELLM_PROVIDERS, LITELLM_KEY };

struct litellm {
	struct system_site base;
	enum litellm_known known; /* the best source of this round */
	bool ill;                 /* it says that it is not well */
	bool bare;                /* it says that it has no database: it knows only its models */
};

static struct litellm *litellm_of(struct site *s)
{
	return (struct litellm *)s;
}

/* --- money --------------------------------------------------------------- */

static enum health litellm_mark(double spend, double budget)
{
	static const enum health marks[] = { HEALTH_GOOD, HEALTH_ATTENTION, HEALTH_BAD };
	return marks[litellm_level(spend, budget)];
}

static enum doc_tone litellm_tone(double spend, double budget)
{
	static const enum doc_tone tones[] = { DOC_PLAIN, DOC_WARN, DOC_BAD };
	return tones[litellm_level(spend, budget)];
}

/* Says what was spent today, unless a better source did. */
static void litellm_today(struct site *s, enum litellm_known from, double spend, double budget)
{
	struct litellm *l = litellm_of(s);
	char money[60], why[200] = "";
	if (from < l->known || spend < 0)
		return;
	l->known = from;
	enum health mark = litellm_mark(spend, budget);
	litellm_money(money, sizeof(money), spend, budget);
	system_figure(system_own(s), "today", litellm_tone(spend, budget), "%s", money);
	system_figure_share(system_own(s), "today", spend, budget);
	if (mark != HEALTH_GOOD)
		litellm_why(why, sizeof(why), "the budget of today", spend, budget);
	if (!l->ill)
		system_note(s, mark, why);
}

/* --- answers ------------------------------------------------------------- */

static bool litellm_take_ready(struct site *s, const char *ref, const char *json, size_t len,
                               struct err *err)
{
	struct litellm *l = litellm_of(s);
	struct litellm_ready r;
	if (!litellm_ready_parse(json, len, &r, err))
		return false;
	if (*r.version)
		snprintf(s->version, sizeof(s->version), "%s", r.version);
	l->known = LITELLM_NOTHING;
	bool ill = strcmp(r.status, "healthy") != 0 && strcmp(r.status, "connected") != 0;
	site_answered(s);
	system_figure(system_own(s), "db", DOC_PLAIN, "%s", r.db);
	l->bare = !strcmp(r.db, "Not connected");
	if (!ill && !l->ill)
		return true; /* the note is about money */
	char why[80] = "";
	if (ill)
		snprintf(why, sizeof(why), "it reports: %s", r.status);
	l->ill = ill;
	system_note(s, ill ? HEALTH_BAD : HEALTH_GOOD, why);
	return true;
}

static bool litellm_take_version(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct litellm_ready r;
	if (!litellm_ready_parse(json, len, &r, err))
		return false;
	if (*r.version)
		snprintf(s->version, sizeof(s->version), "%s", r.version);
	return true;
}

static bool litellm_take_models(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	size_t n;
	if (!litellm_models_parse(json, len, &n, err))
		return false;
	system_figure(system_own(s), "models", DOC_PLAIN, "%zu", n);
	return true;
}

static bool litellm_take_key(struct site *s, const char *ref, const char *json, size_t len,
                             struct err *err)
{
	struct litellm_key k;
	char left[HUMAN_SIZE] = "";
	if (!litellm_key_parse(json, len, &k, err))
		return false;
	if (k.budget < 0 || !litellm_is_day(k.duration))
		return true;
	litellm_today(s, LITELLM_KEY, k.spend < 0 ? 0 : k.spend, k.budget);
	int64_t ms = k.reset_ms ? k.reset_ms - now_wall_ms() - s->skew_ms : 0;
	if (ms > 0)
		human_age(left, ms);
	system_figure(system_own(s), "resets in", DOC_DIM, "%s", left);
	return true;
}

static bool litellm_take_providers(struct site *s, const char *ref, const char *json, size_t len,
                                   struct err *err)
{
	double spend, budget;
	if (litellm_providers_parse(json, len, &spend, &budget))
		litellm_today(s, LITELLM_PROVIDERS, spend, budget);
	return true;
}

static bool litellm_take_day(struct site *s, const char *ref, const char *json, size_t len,
                             struct err *err)
{
	struct litellm_day d;
	if (!litellm_day_parse(json, len, &d, err))
		return false;
	const struct litellm_config *c = site_section(s);
	litellm_today(s, LITELLM_DAY, d.spend, c && c->budget ? c->budget / 100.0 : -1);
	system_begin(s, MODEL_TYPE);
	for (size_t i = 0; i < d.n; i++) {
		char money[60];
		struct system *y = system_row(s, MODEL_TYPE, d.models[i].name, d.models[i].name,
		                              true);
		litellm_money(money, sizeof(money), d.models[i].spend < 0 ? 0 : d.models[i].spend,
		              -1);
		system_figure(y, "today", DOC_PLAIN, "%s", money);
		system_figure(y, "requests", DOC_PLAIN, "%s", "");
		system_figure(y, "failed", DOC_WARN, "%s", "");
		if (d.models[i].requests >= 0)
			system_figure(y, "requests", DOC_PLAIN, "%lld",
			              (long long)d.models[i].requests);
		if (d.models[i].failed > 0)
			system_figure(y, "failed", DOC_WARN, "%lld", (long long)d.models[i].failed);
		system_settle(y, "used today", HEALTH_GOOD, NULL);
	}
	system_end(s, MODEL_TYPE, 0);
	litellm_day_finish(&d);
	return true;
}

static bool litellm_take_keys(struct site *s, const char *ref, const char *json, size_t len,
                              struct err *err)
{
	struct litellm_keys l;
	if (!litellm_keys_parse(json, len, &l, err))
		return false;
	system_begin(s, KEY_TYPE);
	for (size_t i = 0; i < l.n; i++) {
		char money[60], why[200] = "";
		const char *name = *l.at[i].alias ? l.at[i].alias : "unnamed";
		struct system *y = system_row(s, KEY_TYPE, name, l.at[i].id,
		                              litellm_key_is_unique(&l, i));
		enum health mark = l.at[i].blocked ? HEALTH_IDLE
		                                   : litellm_mark(l.at[i].spend, l.at[i].budget);
		litellm_money(money, sizeof(money), l.at[i].spend < 0 ? 0 : l.at[i].spend,
		              l.at[i].budget);
		system_figure(y, "spent", litellm_tone(l.at[i].spend, l.at[i].budget), "%s", money);
		system_figure_share(y, "spent", l.at[i].spend < 0 ? 0 : l.at[i].spend,
		                    l.at[i].budget);
		system_figure(y, "per", DOC_DIM, "%s", l.at[i].budget >= 0 ? l.at[i].duration : "");
		if (mark >= HEALTH_ATTENTION)
			litellm_why(why, sizeof(why), "its budget", l.at[i].spend, l.at[i].budget);
		system_settle(y, l.at[i].blocked ? "blocked" : "active", mark, why);
	}
	system_end(s, KEY_TYPE, l.left_out);
	litellm_keys_finish(&l);
	return true;
}

/* A day of LiteLLM is a day of UTC, by its own clock. */
static char *litellm_path(const struct site *s, const struct platform_step *step)
{
	time_t now = (time_t)((now_wall_ms() + s->skew_ms) / 1000);
	struct tm tm;
	char day[20];
	if (strcmp(step->what, "day") != 0)
		return NULL;
	gmtime_r(&now, &tm);
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	return xasprintf("%s?start_date=%s&end_date=%s&page_size=1000", step->path, day, day);
}

/* These are for administrators: a plain key is refused, which is as it should be. Without a
 * database it has neither keys nor sums, and answers 500 or 400 for both. An older one has no
 * address for its version. */
static void litellm_lacks(struct site *s, const struct platform_step *step, const struct err *err)
{
	if (!strcmp(step->what, "version") || (litellm_of(s)->bare && strcmp(step->what, "models")))
		return;
	bool for_admins = !strcmp(step->what, "keys") || !strcmp(step->what, "providers");
	bool refused = err->code == ERR_DENIED || err->code == ERR_REFUSED;
	if (!for_admins || !refused)
		system_lacks(s, step, err);
}

/* --- orders -------------------------------------------------------------- */

static bool litellm_can(const struct system_act *act, const struct system *y)
{
	bool blocked = !strcmp(y->state, "blocked"), unblocks = !strcmp(act->path, "/key/unblock");
	return !y->is_site && !strcmp(y->type, KEY_TYPE) && *y->ref && blocked == unblocks;
}

static void litellm_run(const struct system_act *act, struct order *order, struct system *y)
{
	struct job *j = job_begin(y->site, order, sizeof(*j), act->verb);
	if (!j)
		return;
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "key", y->ref);
	char *body = cJSON_PrintUnformatted(o);
	job_call(j, "POST", act->path, body, job_answer);
	cJSON_Delete(o);
	free(body);
}

static void litellm_command(const struct system_act *act, const struct system *y, char *buf,
                            size_t size)
{
	snprintf(buf, size, "%s the key %s: POST %s, LiteLLM %s", act->verb, y->row.name, act->path,
	         y->site->name);
}

static const struct system_ops litellm_ops = {
	.asks = "readiness, what was spent today; on the screen models and keys; never /health, "
		"which calls every model for money",
	.acts = { [SYSTEM_BLOCK] = { litellm_can, litellm_command, litellm_run, .verb = "block",
	                             .path = "/key/block" },
	          [SYSTEM_UNBLOCK] = { litellm_can, litellm_command, litellm_run, .verb = "unblock",
	                               .path = "/key/unblock" } },
};

static const struct platform platform_litellm = {
	SYSTEM_PLATFORM_OF("LiteLLM", "litellm", litellms, litellm_config, &litellm_ops,
	                   struct litellm, litellm_lacks),
	.token_word = "key",
	.token_help = "its UI, Virtual Keys makes one",
	.steps =
		(const struct platform_step[]){
			{ "ready", "/health/readiness", STEP_MUST | STEP_OPEN, litellm_take_ready },
			{ "version", "/health/readiness/details", STEP_ONCE, litellm_take_version },
			{ "key", "/key/info", 0, litellm_take_key },
			{ "providers", "/provider/budgets", 0, litellm_take_providers },
			{ "day", "/user/daily/activity", 0, litellm_take_day },
			{ "models", "/v1/models", STEP_SHOWN, litellm_take_models },
			{ "keys", "/key/list?return_full_object=true&page=1&size=100", STEP_SHOWN,
	                  litellm_take_keys },
			{ .what = NULL } },
	.shown_ms = 15000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.path = litellm_path,
	.wants = system_wants_token,
	.reduce = litellm_reduce,
};
const struct backend backend_litellm = PLATFORM_BACKEND("litellm", platform_litellm);
