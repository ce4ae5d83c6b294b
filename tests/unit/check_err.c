/* Error numbers. */
#include "config.h"

#include <string.h>

#include "err.h"
#include "unit.h"

START_TEST(every_error_has_a_name_and_a_text)
{
	for (int e = E_OK; e < E_MAX; e++) {
		ck_assert_ptr_nonnull(err_name(e));
		ck_assert_int_eq(strncmp(err_name(e), "E_", 2), 0);
		ck_assert_ptr_nonnull(err_text(e));
		ck_assert_str_eq(err_name(-e), err_name(e));
	}
	ck_assert_str_eq(err_name(-E_SPENT), "E_SPENT");
	ck_assert_str_eq(err_name(E_MAX), "E_?");
	ck_assert_str_eq(err_text(-1000), "unknown error");
}
END_TEST

UNIT_MAIN("err", every_error_has_a_name_and_a_text)
