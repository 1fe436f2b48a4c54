/* What many rooms need: waits between tries. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/base/backoff.h"
#include "backends/base/mem.h"

static void each_wait_is_twice_the_last_up_to_the_bound(void **state)
{
	static const struct {
		unsigned fails;
		int64_t first, most, ms;
	} waits[] = {
		{ 0, 500, 30000, 500 },          { 1, 500, 30000, 1000 },
		{ 5, 500, 30000, 16000 },        { 6, 500, 30000, 30000 },
		{ 63, 500, 30000, 30000 },       { 64, 500, 30000, 30000 },
		{ UINT_MAX, 500, 30000, 30000 }, { UINT_MAX, 1, INT64_MAX, INT64_MAX },
		{ 0, 60000, 30000, 30000 },      { UINT_MAX, 0, 30000, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(waits); i++)
		assert_int_equal(backoff_ms(&(struct backoff){ .fails = waits[i].fails },
		                            waits[i].first, waits[i].most),
		                 waits[i].ms);
}

static void a_failure_is_counted_once_and_forever(void **state)
{
	struct backoff b = { 0 };
	assert_int_equal(backoff_ms(&b, 2000, 300000), 2000);
	assert_int_equal(backoff_ms(&b, 2000, 300000), 4000);
	assert_int_equal(b.fails, 2);
	b.fails = UINT_MAX;
	assert_int_equal(backoff_ms(&b, 2000, 300000), 300000);
	assert_int_equal(backoff_ms(&b, 2000, 300000), 300000);
	backoff_reset(&b);
	assert_int_equal(backoff_ms(&b, 2000, 300000), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_wait_is_twice_the_last_up_to_the_bound),
		cmocka_unit_test(a_failure_is_counted_once_and_forever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
