/* How much a second. */
#include "config.h"

#include "rate.h"
#include "unit.h"

START_TEST(a_rate_is_that_of_the_last_ten_whole_seconds)
{
	struct rate	r = { .second = 0 };

	for (uint64_t t = 1000000; t < 1020000; t += 100)
		rate_add(&r, 5, t);
	ck_assert_uint_eq(rate_per_second(&r, 1020000), 50);
	rate_add(&r, 1000, 1020500);	/* the present second does not count */
	ck_assert_uint_eq(rate_per_second(&r, 1020999), 50);
	ck_assert_uint_eq(rate_per_second(&r, 1021000), 145);
	ck_assert_uint_eq(rate_per_second(&r, 1030000), 100);
	ck_assert_uint_eq(rate_per_second(&r, 1031000), 0);
	ck_assert_uint_eq(rate_per_second(&r, 99999999), 0);
}
END_TEST

UNIT_MAIN("rate", a_rate_is_that_of_the_last_ten_whole_seconds)
