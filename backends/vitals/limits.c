/* limits.c: see limits.h. */
#include "backends/vitals/limits.h"

#include <stdio.h>
#include <time.h>

#include "backends/store/settings.h"
#include "backends/store/store.h"

#define LIMITS_GAP_MS 60000

/* The mean of the last samples; -1: too few of them. */
static double limits_cpu(const struct vitals *v)
{
	double sum = 0;
	if (v->n_history < LIMITS_SAMPLES)
		return -1;
	for (size_t i = 1; i <= LIMITS_SAMPLES; i++) {
		float one = v->cpu_history[(v->next_history + VITALS_HISTORY - i) % VITALS_HISTORY];
		if (one < 0)
			return -1;
		sum += (double)one;
	}
	return sum / LIMITS_SAMPLES;
}

static void limits_watch(int64_t *since_ms, double percent, int limit, int64_t now_ms)
{
	if (percent < 0 || limit <= 0 || limit > 100 || percent < limit - LIMITS_STEP)
		*since_ms = 0;
	else if (!*since_ms && percent >= limit)
		*since_ms = now_ms;
}

void limits_see(struct vitals *v, const struct limits *limits, int64_t now_ms)
{
	if (now_ms - v->seen_ms > limits->gap_ms)
		v->memory_over_ms = v->cpu_over_ms = 0;
	v->seen_ms = now_ms;
	double memory = v->mem_total ? 100.0 * (double)v->mem_used / (double)v->mem_total : -1;
	limits_watch(&v->memory_over_ms, memory, limits->memory, now_ms);
	limits_watch(&v->cpu_over_ms, limits_cpu(v), limits->cpu, now_ms);
}

void limits_see_disks(struct vitals *v, const struct limits *limits, bool first, int64_t now_ms)
{
	bool full = v->worst_disk >= 0 && v->disks[v->worst_disk].percent >= limits->disk;
	if (!full)
		v->disk_over_ms = 0;
	else if (!v->disk_over_ms)
		v->disk_over_ms = first ? -1 : now_ms;
}

bool limits_disk_counts(const struct vitals *v, const struct limits *limits, int64_t now_ms)
{
	return v->disk_over_ms &&
	       (v->disk_over_ms < 0 || now_ms - v->disk_over_ms >= limits->hold_ms);
}

/* --- words --------------------------------------------------------------- */

bool limits_say(const struct vitals *v, const struct limits *limits, int64_t now_ms,
                int64_t wall_ms, char *buf, size_t size)
{
	const struct {
		const char *what;
		int64_t since_ms;
		int limit;
	} all[] = {
		{ "memory", v->memory_over_ms, limits->memory },
		{ "CPU", v->cpu_over_ms, limits->cpu },
	};
	size_t n = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && n < size; i++) {
		char clock[16];
		int64_t for_ms = now_ms - all[i].since_ms;
		if (!all[i].since_ms || for_ms < limits->hold_ms)
			continue;
		time_t at = (time_t)((wall_ms - for_ms) / 1000);
		struct tm tm;
		localtime_r(&at, &tm);
		strftime(clock, sizeof(clock), "%H:%M", &tm);
		n += (size_t)snprintf(buf + n, size - n, "%s%s over %d%% since %s", n ? "; " : "",
		                      all[i].what, all[i].limit, clock);
	}
	return n > 0;
}

/* --- the configuration --------------------------------------------------- */

static int limits_choose(int own, int global)
{
	return own ? own : global;
}

struct limits limits_of(const struct server *v)
{
	static const struct server_config none = { 0 };
	const struct settings *all = store_settings(v->store);
	const struct server_config *own = v->config ? v->config : &none;
	return (struct limits){
		.disk = limits_choose(own->disk_warn, all->disk_warn),
		.memory = limits_choose(own->memory_warn, all->memory_warn),
		.cpu = limits_choose(own->cpu_warn, all->cpu_warn),
		.gap_ms = LIMITS_GAP_MS + 3000 * (int64_t)all->vitals_interval,
		.hold_ms = 1000 * (int64_t)limits_choose(own->warn_for, all->warn_for),
	};
}
