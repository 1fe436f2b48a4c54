/* Verdicts over made-up facts, one line each, against files of tests/unit/answers: what a container
 * and a unit are said to be, and what a channel is told when. The facts come from a fixed row of
 * numbers, so that many of their combinations are there. The rules themselves are in
 * test_containers, test_services and test_notify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/containers/judge.h"
#include "backends/notify/teller.h"
#include "backends/services/systemd.h"
#include "backends/store/report.h"
#include "tests/unit/expected.h"

#define NOW INT64_C(1767225600000)

static uint32_t dice;
static int start_dice(void **state)
{
	(void)state;
	dice = 12;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}
/* 0 to n - 1. One in each statement: C leaves open which of several would come first. */
static unsigned pick(unsigned n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 16) % n;
}
#define ONE_OF(list) ((list)[pick(ARRAY_LEN(list))])

/* --- containers ----------------------------------------------------------- */

static const char *text_of(const char *s)
{
	return s ? s : "-";
}

static void write_container(struct buf *out)
{
	static const int codes[] = { -1, 0, 0, 1, 2, 126, 127, 130, 137, 143, 255 };
	static const char *const policies[] = { "", "no", "always", "unless-stopped",
		                                "on-failure" };
	static const char *const errors[] = { "", "", "", "port 80 is taken" };
	static const char *const outputs[] = { "", "connection refused" };
	static const char *const lines[] = { NULL, "all is well\nbye", "a\nsh: foo: not found\nb",
		                             "No such host\nx\ndial: connection refused" };
	static const int64_t limits[] = { 0, 1, 64 << 20 };
	static const int64_t ages[] = { 0, 1, 59999, 60000, 60001, 7200000 };
	struct container c = { 0 };
	struct ctr_facts f = { 0 };
	struct ctr_verdict v;
	c.state = (enum container_state)pick(CONTAINER_DEAD + 1);
	c.health = (enum container_health)pick(CTR_HEALTH_UNHEALTHY + 1);
	c.exit_code = ONE_OF(codes);
	c.restarts = (int)pick(6) - 1;
	c.oom = !pick(6);
	c.last_lines = (char *)ONE_OF(lines);
	f.policy = ONE_OF(policies);
	f.error = ONE_OF(errors);
	f.health_output = ONE_OF(outputs);
	f.failing_streak = (int)pick(4);
	f.stopped = !pick(4);
	f.witnessed = pick(2);
	f.deaths = pick(4);
	f.mem_limit = ONE_OF(limits);
	f.now_ms = NOW;
	if (pick(4))
		c.started_ms = NOW - ONE_OF(ages);
	if (pick(3))
		c.finished_ms = (c.started_ms ? c.started_ms : NOW - 9) + ONE_OF(ages) - 1;
	c.created_ms = pick(4) ? NOW - 9000000 : 0;
	ctr_classify(&c, &f);
	ctr_judge(&c, &f, &v);
	buf_addf(out,
	         "%s health %d exit %d restarts %d%s policy %s error %s output %s streak %d%s%s "
	         "deaths %u limit %lld times %lld %lld %lld lines %zu: %s, %s %s since %lld "
	         "\"%s\"\n",
	         container_state_name(c.state), (int)c.health, c.exit_code, c.restarts,
	         c.oom ? " oom" : "", f.policy, f.error, f.health_output, f.failing_streak,
	         f.stopped ? " stopped" : "", f.witnessed ? " witnessed" : "", f.deaths,
	         (long long)f.mem_limit, (long long)(c.created_ms ? c.created_ms - NOW : 1),
	         (long long)(c.started_ms ? c.started_ms - NOW : 1),
	         (long long)(c.finished_ms ? c.finished_ms - NOW : 1),
	         strlen(text_of(c.last_lines)), health_name(v.health), death_class_name(c.death),
	         c.exit_signal, (long long)(v.since_ms ? v.since_ms - NOW : 1), v.why);
}

static void test_verdicts_of_containers(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (int i = 0; i < 700; i++)
		write_container(&out);
	expected_check(&out, "tests/unit/answers/verdicts_containers.txt");
	buf_finish(&out);
}

/* --- units ---------------------------------------------------------------- */

static void write_unit(struct buf *out)
{
	static const char *const loads[] = { "loaded",    "loaded", "loaded",      "loaded",
		                             "not-found", "error",  "bad-setting", "masked" };
	static const char *const actives[] = { "active",    "inactive",    "failed",
		                               "failed",    "activating",  "deactivating",
		                               "reloading", "maintenance", "refreshing",
		                               "unheard-of" };
	static const char *const subs[] = { "running", "dead", "auto-restart", "auto-restart" };
	static const char *const results[] = { "success",
		                               "exit-code",
		                               "exit-code",
		                               "signal",
		                               "core-dump",
		                               "oom-kill",
		                               "timeout",
		                               "watchdog",
		                               "start-limit-hit",
		                               "resources",
		                               "protocol",
		                               "exec-condition",
		                               "service-start-limit-hit",
		                               "trigger-limit-hit",
		                               "new-word",
		                               "" };
	static const int statuses[] = { -1, 0, 1, 9, 200, 203, 209, 216, 217, 219, 226, 238, 239 };
	static const char *const lines[] = { NULL, NULL, "", "bind: address already in use" };
	static const int64_t flaps[] = { 0, 1, FLAP_MS - 1, FLAP_MS, FLAP_MS + 1 };
	struct unit_priv priv = { .change_ms = NOW - 5 };
	struct unit u = { 0 };
	char why[200];
	priv.last_line = (char *)ONE_OF(lines);
	u.restarts = (int)pick(6) - 1;
	u.exit_status = ONE_OF(statuses);
	u.wanted = pick(2);
	u.nearest = pick(2) ? (char *)"cron.service" : NULL;
	u.active_ms = NOW - 7;
	u.inactive_ms = NOW - 8;
	u.priv = pick(5) ? &priv : NULL;
	int64_t flap = ONE_OF(flaps);
	priv.flap_ms = flap ? NOW - flap : 0;
	snprintf(u.load, sizeof(u.load), "%s", ONE_OF(loads));
	snprintf(u.active, sizeof(u.active), "%s", ONE_OF(actives));
	snprintf(u.sub, sizeof(u.sub), "%s", ONE_OF(subs));
	snprintf(u.result, sizeof(u.result), "%s", ONE_OF(results));
	enum health health = unit_judge(&u, NOW, why, sizeof(why));
	/* in a buffer of any size there is the beginning of the reason */
	for (size_t size = 1; size <= strlen(why) + 1; size += 5) {
		char *exact = xcalloc(1, size);
		assert_int_equal(unit_judge(&u, NOW, exact, size), health);
		assert_memory_equal(exact, why, size - 1);
		assert_int_equal(exact[size - 1], '\0');
		free(exact);
	}
	int64_t since = unit_since_ms(&u);
	buf_addf(out,
	         "%s %s %s %s status %d restarts %d%s near %s line %s flap %lld: %s since %lld "
	         "\"%s\"\n",
	         u.load, u.active, u.sub, u.result, u.exit_status, u.restarts,
	         u.wanted ? " wanted" : "", text_of(u.nearest),
	         u.priv ? text_of(priv.last_line) : "(unknown)", (long long)flap,
	         health_name(health), (long long)(since ? since - NOW : 1), why);
}

static void test_verdicts_of_units(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (int i = 0; i < 900; i++)
		write_unit(&out);
	expected_check(&out, "tests/unit/answers/verdicts_units.txt");
	buf_finish(&out);
}

/* --- what is told when ---------------------------------------------------- */

#define ROWS 9

static bool known_well;
static bool is_well(const char *id, enum health told, void *arg)
{
	(void)id;
	(void)told;
	(void)arg;
	return known_well;
}

struct scene_row {
	bool there, frozen;
	enum health health;
	enum teller_place place;
	int why;
};

static void look(struct teller *t, const struct scene_row *rows, int64_t now)
{
	teller_begin(t, now);
	for (int i = 0; i < ROWS; i++) {
		char id[32], why[32];
		if (!rows[i].there)
			continue;
		snprintf(id, sizeof(id), "sese/unit/%c", 'a' + i);
		snprintf(why, sizeof(why), "reason %d", rows[i].why);
		teller_see(t,
		           &(struct notify_need){ .id = id,
		                                  .server = i % 3 ? "sese" : "pi",
		                                  .kind = i % 2 ? "unit" : "session",
		                                  .name = strrchr(id, '/') + 1,
		                                  .why = why,
		                                  .health = rows[i].health,
		                                  .since_ms = NOW - 1000 },
		           rows[i].frozen, rows[i].place);
	}
	teller_end(t, is_well, NULL);
}

static void change(struct scene_row *r)
{
	static const enum health healths[] = { HEALTH_ATTENTION, HEALTH_BAD, HEALTH_ASKS };
	switch (pick(6)) {
	case 0:
	case 1: r->there = !r->there; break;
	case 2: r->health = ONE_OF(healths); break;
	case 3: r->why = (int)pick(3); break;
	case 4: r->frozen = !pick(3); break;
	default: r->place = (enum teller_place)pick(TELLER_HELD + 1); break;
	}
	if (!r->health)
		r->health = HEALTH_BAD;
}

static void write_story(struct buf *out, const struct teller_rules *rules)
{
	struct scene_row rows[ROWS] = { 0 };
	struct teller *t = teller_create(rules);
	int64_t now = 1000;
	static const int64_t steps[] = { 1,    500,   1999,  2000,   2001,
		                         5000, 10000, 60000, 400000, 700000 };
	uint64_t last = 0;
	buf_addf(out, "hold %lld stands %lld repeat %lld%s\n", (long long)rules->hold_ms,
	         (long long)rules->stands_ms, (long long)rules->repeat_ms,
	         rules->resolved ? " resolved" : "");
	for (int step = 0; step < 220; step++) {
		bool quiet_hours = !pick(7);
		now += ONE_OF(steps);
		known_well = pick(5);
		for (unsigned k = pick(4); k; k--)
			change(&rows[pick(ROWS)]);
		look(t, rows, now);
		buf_addf(out, "%lld wait %lld%s:", (long long)now,
		         (long long)teller_wait_ms(t, now, quiet_hours),
		         quiet_hours ? " quiet" : "");
		struct message *m;
		while ((m = teller_take(t, now, NOW + now, quiet_hours))) {
			buf_addf(out, " [%s | %s]", m->word[WORD_TITLE], m->word[WORD_TEXT]);
			last = m->number;
			message_free(m);
		}
		if (!pick(25)) {
			cJSON *kept = teller_write(t, now, NOW + now, pick(2) ? last : 0);
			char *json = cJSON_PrintUnformatted(kept);
			buf_addf(out, " restart %s", json);
			cJSON_free(json);
			teller_destroy(t);
			t = teller_create(rules);
			now = 1000 + pick(5000);
			teller_read(t, kept, now, NOW + now);
			cJSON_Delete(kept);
		}
		buf_puts(out, "\n");
	}
	teller_destroy(t);
}

static void test_what_is_told_when(void **state)
{
	static const struct teller_rules rules[] = {
		{ .hold_ms = 10000, .resolved = true },
		{ .hold_ms = 0, .repeat_ms = 300000, .resolved = true },
		{ .hold_ms = 2000, .stands_ms = 30000, .repeat_ms = 600000 },
		{ .hold_ms = 60000, .stands_ms = 5000, .resolved = true },
	};
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		write_story(&out, &rules[i]);
	expected_check(&out, "tests/unit/answers/told.txt");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_verdicts_of_containers, start_dice),
		cmocka_unit_test_setup(test_verdicts_of_units, start_dice),
		cmocka_unit_test_setup(test_what_is_told_when, start_dice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
