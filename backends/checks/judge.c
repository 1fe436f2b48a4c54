/* judge.c: the health of a check from the facts of its row. Pure. */
#include <stdio.h>

#include "backends/base/human.h"
#include "backends/checks/internal.h"

#define DAY_MS (24 * 3600 * 1000LL)

bool check_certificate_days(const struct check *c, int64_t now_wall_ms, int *days)
{
	int64_t left = c->certificate_end_ms - now_wall_ms;
	if (c->certificate_end_ms <= 0)
		return false;
	*days = (int)(left / DAY_MS);
	if (left < 0)
		*days = -1;
	return true;
}

static bool judge_is_slow(const struct check *c)
{
	return c->slow_ms && c->slows >= c->fails_most;
}

const char *check_state(const struct check *c)
{
	if (c->offer)
		return "offered";
	if (c->paused)
		return "paused";
	if (*c->unable)
		return "not made";
	if (!c->ran)
		return "not yet run";
	if (c->fails >= c->fails_most)
		return "down";
	if (c->fails)
		return "failing";
	return judge_is_slow(c) ? "slow" : "up";
}

/* The certificate's own opinion. HEALTH_GOOD: none. */
static enum health judge_certificate(const struct check *c, int64_t now_wall_ms, char *why,
                                     size_t size)
{
	int days, warn = c->certificate_warn;
	if (warn < c->certificate_bad)
		warn = c->certificate_bad;
	if (!check_certificate_days(c, now_wall_ms, &days) || days >= warn)
		return HEALTH_GOOD;
	if (days < 0)
		snprintf(why, size, "its certificate has ended");
	else
		snprintf(why, size, "its certificate ends in %d day%s", days, days == 1 ? "" : "s");
	return days < c->certificate_bad ? HEALTH_BAD : HEALTH_ATTENTION;
}

enum health judge_check(const struct check *c, int64_t now_wall_ms, char *why, size_t size)
{
	*why = '\0';
	if (c->paused)
		return HEALTH_IDLE;
	if (*c->unable) {
		snprintf(why, size, "%s", c->unable);
		return HEALTH_ATTENTION;
	}
	if (!c->ran)
		return HEALTH_UNKNOWN;
	if (c->fails >= c->fails_most) {
		snprintf(why, size, "%s", c->failure);
		return HEALTH_BAD;
	}
	enum health health = judge_certificate(c, now_wall_ms, why, size);
	if (health == HEALTH_GOOD && judge_is_slow(c)) {
		snprintf(why, size, "took %.0f ms, more than %d ms", c->latency_ms, c->slow_ms);
		health = HEALTH_ATTENTION;
	}
	/* A check that fails for the first times keeps the health that it had. So one lost answer
	 * makes no news. */
	if (c->fails && !*why)
		snprintf(why, size, "bad run %d of %d: %s", c->fails, c->fails_most, c->failure);
	return c->fails && !c->decided ? HEALTH_BUSY : health;
}
