/* redis.c: a Redis, Valkey or KeyDB: one INFO a round, on a connection of its own. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/store/settings.h"
#include "backends/systems/redis_parse.h"
#include "backends/systems/system.h"

#define REDIS_FULL 90 /* % of maxmemory or maxclients from which it needs a look */

static bool redis_is_full(int64_t used, int64_t most)
{
	return most > 0 && used >= 0 && (double)used / (double)most * 100 >= REDIS_FULL;
}

static void redis_show_number(struct system *y, const char *name, int64_t n, bool always)
{
	if (n > 0 || (n == 0 && always))
		system_figure(y, name, DOC_PLAIN, "%lld", (long long)n);
	else
		system_figure(y, name, DOC_PLAIN, "%s", "");
}

/* The worst first. */
static enum health redis_judge(const struct redis_facts *f, char *why, size_t size)
{
	if (f->append_failed) {
		snprintf(why, size, "the last write to its append-only file failed");
		return HEALTH_BAD;
	}
	if (f->primary_down)
		snprintf(why, size, "its link to its primary %s is down", f->primary);
	else if (f->save_failed)
		snprintf(why, size, "its last save to disk failed");
	else if (f->loading)
		snprintf(why, size, "it still loads its data");
	else if (redis_is_full(f->memory, f->memory_max))
		snprintf(why, size, "its memory is %d %% full or more", REDIS_FULL);
	else if (redis_is_full(f->clients, f->clients_max))
		snprintf(why, size, "%lld of at most %lld clients are connected",
		         (long long)f->clients, (long long)f->clients_max);
	return *why ? HEALTH_ATTENTION : HEALTH_GOOD;
}

static bool redis_take(struct site *s, const char *ref, const char *text, size_t len,
                       struct err *err)
{
	struct redis_facts f;
	char why[200] = "";
	if (!redis_parse(text, len, &f, err))
		return false;
	snprintf(s->version, sizeof(s->version), "%s", f.version);
	enum health health = redis_judge(&f, why, sizeof(why));
	/* a password that nobody set here: it is alive, and no more is known */
	if (*f.refused && system_has_token(s)) {
		snprintf(why, sizeof(why), "INFO is refused: %s", f.refused);
		health = HEALTH_ATTENTION;
	}
	site_answered(s);
	struct system *y = system_own(s);
	char used[HUMAN_SIZE], most[HUMAN_SIZE];
	enum doc_tone tone = redis_is_full(f.memory, f.memory_max) ? DOC_WARN : DOC_PLAIN;
	if (f.memory < 0)
		system_figure(y, "memory", tone, "%s", "");
	else if (f.memory_max > 0)
		system_figure(y, "memory", tone, "%s of %s", human_bytes(used, (uint64_t)f.memory),
		              human_bytes(most, (uint64_t)f.memory_max));
	else
		system_figure(y, "memory", tone, "%s", human_bytes(used, (uint64_t)f.memory));
	redis_show_number(y, "clients", f.clients, true);
	redis_show_number(y, "keys", *f.refused ? -1 : f.keys, true);
	enum doc_tone role_tone = f.primary_down ? DOC_WARN : DOC_PLAIN;
	if (*f.primary)
		system_figure(y, "role", role_tone, "replica of %s", f.primary);
	else if (f.replicas > 0)
		system_figure(y, "role", role_tone, "primary of %lld", (long long)f.replicas);
	else
		system_figure(y, "role", role_tone, "%s", *f.role ? "primary" : "");
	redis_show_number(y, "evicted", f.evicted, false);
	redis_show_number(y, "rejected", f.rejected, false);
	system_figure(y, "latency", DOC_PLAIN, "%.1f ms", f.ms);
	system_figure(system_own(s), "figures", DOC_DIM, "%s",
	              *f.refused ? "need password_command" : "");
	system_note(s, health, why);
	return true;
}

static const struct system_ops redis_ops = {
	.asks = "INFO: memory, clients, keys, replication, and how long the answer takes"
};
static const struct platform platform_redis = {
	SYSTEM_PLATFORM("Redis", "redis", redises, platform_config, &redis_ops),
	.talk = &redis_talk,
	.steps = (const struct platform_step[]){ { "info", "", STEP_MUST | STEP_RAW, redis_take },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 30000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
};
const struct backend backend_redis = PLATFORM_BACKEND("redis", platform_redis);
