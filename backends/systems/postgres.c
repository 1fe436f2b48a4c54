/* postgres.c: a PostgreSQL: does it take connections? With a login, also its version, how many
 * connections it has, and its replication. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/store/settings.h"
#include "backends/systems/postgres_parse.h"
#include "backends/systems/system.h"

#define POSTGRES_FULL 90    /* % of max_connections from which it needs a look */
#define POSTGRES_BEHIND 300 /* s that a standby may be behind */

static bool postgres_is_full(const struct postgres_facts *f)
{
	return f->connections_max > 0 &&
	       f->connections * 100 >= f->connections_max * POSTGRES_FULL;
}

static enum health postgres_judge(const struct site *s, const struct postgres_facts *f, char *why,
                                  size_t size)
{
	char span[HUMAN_SIZE];
	/* "cannot_connect_now": it starts, stops or recovers; "too_many_connections" */
	if (!strcmp(f->code, "57P03") || !strcmp(f->code, "53300")) {
		snprintf(why, size, "it refuses connections: %s", f->refused);
		return HEALTH_BAD;
	}
	/* Class 28 refuses the login. Without a password that is as expected: the server lives. */
	if (*f->refused && !(!system_has_token(s) && !strncmp(f->code, "28", 2)))
		snprintf(why, size, "it refuses the question: %s (%s)", f->refused, f->code);
	else if (f->cut_off)
		snprintf(why, size, "it receives no changes: no WAL receiver runs");
	else if (f->standby && f->behind > POSTGRES_BEHIND)
		snprintf(why, size, "it is %s behind its primary",
		         human_span(span, f->behind * 1000));
	else if (postgres_is_full(f))
		snprintf(why, size, "%lld of at most %lld connections are in use",
		         (long long)f->connections, (long long)f->connections_max);
	return *why ? HEALTH_ATTENTION : HEALTH_GOOD;
}

static bool postgres_take_answer(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct postgres_facts f;
	char why[280] = "";
	if (!postgres_parse(json, len, &f, err))
		return false;
	if (*f.version)
		snprintf(s->version, sizeof(s->version), "%s", f.version);
	site_answered(s);
	struct system *y = system_own(s);
	bool knows = f.connections >= 0;
	enum doc_tone tone = postgres_is_full(&f) ? DOC_WARN : DOC_PLAIN;
	if (f.connections >= 0 && f.connections_max >= 0)
		system_figure(y, "connections", tone, "%lld of %lld", (long long)f.connections,
		              (long long)f.connections_max);
	else
		system_figure(y, "connections", tone, "%s", "");
	char span[HUMAN_SIZE];
	if (f.standby && f.behind >= 0)
		system_figure(y, "role", DOC_PLAIN, "standby, %s behind",
		              human_span(span, f.behind * 1000));
	else if (f.standby)
		system_figure(y, "role", DOC_PLAIN, "standby");
	else if (f.standbys > 0)
		system_figure(y, "role", DOC_PLAIN, "primary of %lld", (long long)f.standbys);
	else
		system_figure(y, "role", DOC_PLAIN, "%s", f.standbys == 0 ? "primary" : "");
	system_figure(y, "latency", DOC_PLAIN, "%.1f ms", f.ms);
	system_figure(y, "figures", DOC_DIM, "%s",
	              knows || system_has_token(s) ? "" : "need a USER and password_command");
	system_note(s, postgres_judge(s, &f, why, sizeof(why)), why);
	return true;
}

static const struct system_ops postgres_ops = {
	.asks = "whether it takes connections; with a login its connections and replication"
};
static const struct platform platform_postgres = {
	SYSTEM_PLATFORM("PostgreSQL", "postgres", postgreses, platform_config, &postgres_ops),
	.talk = &postgres_talk,
	.steps = (const struct platform_step[]){ { "state", "", STEP_MUST | STEP_RAW,
	                                           postgres_take_answer },
	                                         { .what = NULL } },
	.shown_ms = 10000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
};
const struct backend backend_postgres = PLATFORM_BACKEND("postgres", platform_postgres);
