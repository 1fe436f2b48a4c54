/* The ring of the last hour, and figures drawn as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/rate.h"
#include "backends/base/trend.h"
#include "tui/graph.h"

static void test_the_hour_is_means_of_steps(void **state)
{
	struct trend t = { .newest = 0 };
	float hour[TREND_POINTS];

	assert_int_equal(trend_read(&t, 0, hour), 0);
	trend_add(&t, 1000, 2);
	trend_add(&t, 4000, 4);
	trend_add(&t, TREND_STEP_MS, 8);
	assert_int_equal(trend_read(&t, TREND_STEP_MS, hour), 2);
	assert_true(hour[TREND_POINTS - 2] == 3);
	assert_true(hour[TREND_POINTS - 1] == 8);
	assert_true(hour[TREND_POINTS - 3] < 0);
}

/* Unknown values add nothing, a clock that stands back neither. */
static void test_unknown_is_no_zero(void **state)
{
	struct trend t = { .newest = 0 };
	float hour[TREND_POINTS];

	trend_add(&t, 0, -1);
	assert_int_equal(trend_read(&t, 0, hour), 0);
	trend_add(&t, 5 * TREND_STEP_MS, 1);
	trend_add(&t, 2 * TREND_STEP_MS, 9);
	trend_add(&t, 7 * TREND_STEP_MS, 0);
	assert_int_equal(trend_read(&t, 7 * TREND_STEP_MS, hour), 2);
	assert_true(hour[TREND_POINTS - 1] == 0);
	assert_true(hour[TREND_POINTS - 2] < 0);
	assert_true(hour[TREND_POINTS - 3] == 1);
}

/* A machine that started half an hour ago: its clock was below 0 before that. */
static void test_an_hour_back_from_a_young_clock(void **state)
{
	struct trend t = { .newest = 0 };
	float hour[TREND_POINTS];
	int64_t now = INT64_C(60) * TREND_STEP_MS - 1;

	for (int64_t i = 0; i < TREND_POINTS; i++)
		trend_add(&t, now - (TREND_POINTS - 1 - i) * TREND_STEP_MS, (double)i);
	assert_int_equal(trend_read(&t, now, hour), TREND_POINTS);
	for (size_t i = 0; i < TREND_POINTS; i++)
		assert_true(hour[i] == (float)i);
}

/* A day has passed many times over the ring: only the last hour is there. */
static void test_the_ring_is_bounded(void **state)
{
	struct trend t = { .newest = 0 };
	float hour[TREND_POINTS];

	for (int64_t i = 0; i < 3000; i++)
		trend_add(&t, i * TREND_STEP_MS, (double)i);
	assert_int_equal(trend_read(&t, INT64_C(2999) * TREND_STEP_MS, hour), TREND_POINTS);
	assert_true(hour[0] == 2999 - TREND_POINTS + 1);
	assert_true(hour[TREND_POINTS - 1] == 2999);
	/* half an hour without an answer, then a whole one */
	assert_int_equal(trend_read(&t, INT64_C(3059) * TREND_STEP_MS, hour), 60);
	assert_int_equal(trend_read(&t, INT64_C(3200) * TREND_STEP_MS, hour), 0);
	trend_add(&t, INT64_C(9000) * TREND_STEP_MS, 5);
	assert_int_equal(trend_read(&t, INT64_C(9000) * TREND_STEP_MS, hour), 1);
}

static void test_peaks_stay(void **state)
{
	const float values[] = { 1, 2, 9, 1, -1, -1, 3 };
	float points[4];

	graph_merge(values, 7, points, 4);
	assert_true(points[3] == 3 && points[2] == 1 && points[1] == 9 && points[0] == 1);
	graph_merge(values, 2, points, 4);
	assert_true(points[3] == 2 && points[2] == 1 && points[1] < 0 && points[0] < 0);
	assert_true(graph_top(values, 7, 4) == 9 && graph_top(values, 2, 4) == 4);
}

static void test_braille(void **state)
{
	char row[GRAPH_TEXT];
	const float up[] = { 0, 1, 2, 3, 4, 8 };

	graph_row(row, up, 6, 8, 1, 2, false);
	assert_string_equal(row, "⣀⣴⣿"); /* 1 1, 2 3 and 4 8 of 8 levels */
	graph_row(row, up, 6, 8, 0, 2, false);
	assert_string_equal(row, "  ⢸");
	const float gap[] = { 4, -1, -1, -1 };
	graph_row(row, gap, 4, 4, 0, 1, false);
	assert_string_equal(row, "⡇ ");
	/* more than the top, and no top at all */
	const float wild[] = { 1000, 0 };
	graph_row(row, wild, 2, 1, 0, 1, false);
	assert_string_equal(row, "⣇");
	graph_row(row, wild, 2, 0, 0, 1, false);
	assert_string_equal(row, "⣀");
}

static void test_ascii(void **state)
{
	char row[GRAPH_TEXT];
	const float up[] = { -1, 0, 2, 4 };

	graph_row(row, up, 4, 4, 1, 2, true);
	assert_string_equal(row, " .::");
	graph_row(row, up, 4, 4, 0, 2, true);
	assert_string_equal(row, "   :");
	assert_int_equal(graph_points(true, 20), 20);
	assert_int_equal(graph_points(false, 20), 40);
}

static void test_bars(void **state)
{
	char bar[GRAPH_TEXT];

	graph_bar(bar, 0.5, 4, false);
	assert_string_equal(bar, "██  ");
	graph_bar(bar, 0.001, 4, false);
	assert_string_equal(bar, "▏   ");
	graph_bar(bar, 7, 4, false);
	assert_string_equal(bar, "████");
	graph_bar(bar, 0, 4, true);
	assert_string_equal(bar, "....");
	graph_bar(bar, 0.7, 10, true);
	assert_string_equal(bar, "#######...");
}

/* The widest of all stays within its buffer. */
static void test_bounds(void **state)
{
	char row[GRAPH_TEXT];
	float many[GRAPH_CELLS_MAX * 2 + 50];

	for (size_t i = 0; i < sizeof(many) / sizeof(*many); i++)
		many[i] = 1;
	graph_row(row, many, sizeof(many) / sizeof(*many), 1, 0, 1, false);
	assert_int_equal(strlen(row), GRAPH_CELLS_MAX * 3);
	graph_bar(row, 1, 100000, false);
	assert_int_equal(strlen(row), GRAPH_CELLS_MAX * 3);
}

#define S ((int64_t)1000000) /* us */
#define HOUR (3600 * S)

static void rates_are_of_the_last_hour(void **state)
{
	struct rate r = { .newest = 0 };
	float hour[RATE_POINTS];
	int64_t now = 1000 * HOUR; /* begins a step */
	assert_true(rate_read(&r, now, hour) < 0);
	assert_true(hour[0] < 0 && hour[RATE_POINTS - 1] < 0);
	for (int i = 0; i < 60; i++)
		rate_add(&r, now - 45 * S, now); /* two steps ago */
	assert_true(rate_read(&r, now, hour) == 0);
	assert_true(hour[RATE_POINTS - 3] == 2);
	assert_true(hour[RATE_POINTS - 2] == 0 && hour[RATE_POINTS - 1] == 0);
	assert_true(hour[RATE_POINTS - 4] < 0); /* before the first */
	/* the step that is not over counts with the one before it */
	for (int i = 0; i < 20; i++)
		rate_add(&r, now + 5 * S, now + 10 * S);
	double rate = rate_read(&r, now + 10 * S, hour);
	assert_true(rate > 0.4999 && rate < 0.5001);
	/* late ones have their own place, and what was before them is unknown */
	rate_add(&r, now - 10 * 30 * S, now);
	rate_read(&r, now, hour);
	assert_true(hour[RATE_POINTS - 11] == 1.0f / 30);
	assert_true(hour[RATE_POINTS - 10] == 0);
	assert_true(hour[RATE_POINTS - 12] < 0);
	/* an hour later all of it is over, and known to have been silent */
	assert_true(rate_read(&r, now + HOUR - 30 * S, hour) == 0);
	for (int i = 0; i < RATE_POINTS; i++)
		assert_true(hour[i] == (i == 0 ? 20.0f / 30 : 0));
	rate_read(&r, now + HOUR, hour);
	assert_true(hour[0] == 0);
}

static void rates_of_odd_times(void **state)
{
	struct rate r = { .newest = 0 };
	float hour[RATE_POINTS];
	int64_t now = 1000 * HOUR;
	rate_add(&r, 0, now);
	rate_add(&r, -5, now);
	rate_add(&r, now + HOUR, now); /* nobody's clock is so wrong */
	assert_true(rate_read(&r, now, hour) < 0);
	/* a clock that is some minutes ahead moves the hour */
	for (int i = 0; i < 30; i++)
		rate_add(&r, now + 300 * S, now);
	assert_true(rate_read(&r, now, hour) == 30);
	assert_true(hour[RATE_POINTS - 1] == 1);
	/* too old to have a place: the oldest place that there is is 119 steps back */
	rate_add(&r, now + 300 * S - HOUR, now);
	rate_read(&r, now, hour);
	assert_true(hour[0] < 0);
	rate_add(&r, now + 330 * S - HOUR, now);
	rate_read(&r, now, hour);
	assert_true(hour[0] == 1.0f / 30 && hour[1] == 0);
	/* a long silence leaves nothing of before */
	rate_add(&r, now + 5 * HOUR, now + 5 * HOUR);
	rate_read(&r, now + 5 * HOUR, hour);
	assert_true(hour[RATE_POINTS - 1] == 1.0f / 30);
	for (int i = 0; i + 1 < RATE_POINTS; i++)
		assert_true(hour[i] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_of_the_last_hour),
		cmocka_unit_test(rates_of_odd_times),
		cmocka_unit_test(test_the_hour_is_means_of_steps),
		cmocka_unit_test(test_unknown_is_no_zero),
		cmocka_unit_test(test_an_hour_back_from_a_young_clock),
		cmocka_unit_test(test_the_ring_is_bounded),
		cmocka_unit_test(test_peaks_stay),
		cmocka_unit_test(test_braille),
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
