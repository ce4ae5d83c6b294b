/* check_witness.c - what the file outside of the store says of the store. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"
#include "witness.h"

static char	path[128];

/* As a daemon does that starts, writes `more` times and dies. */
static enum witness_word
life(uint64_t store, uint64_t more)
{
	struct witness		*w;
	enum witness_word	 word = witness_open(&w, path, store);

	ck_assert_ptr_nonnull(w);
	witness_count(w, more);
	witness_close(&w);
	return word;
}

START_TEST(it_tells_the_latest_store_from_an_older_one)
{
	snprintf(path, sizeof(path), "%s", unit_path("witness"));
	ck_assert_int_eq(life(5, 2), WITNESS_NONE);
	ck_assert_int_eq(life(7, 1), WITNESS_AGREES);
	ck_assert_int_eq(life(7, 0), WITNESS_STORE_IS_OLDER);
}
END_TEST

START_TEST(a_witness_copied_back_with_its_store_proves_nothing)
{
	char	*copy;
	size_t	 len;

	snprintf(path, sizeof(path), "%s", unit_path("witness"));
	(void)life(5, 2);
	copy = unit_read(path, &len);
	ck_assert_int_eq(life(7, 9), WITNESS_AGREES);
	usleep(400000);		/* longer than writing takes */
	unit_write(path, copy, len, 0600);	/* over it */
	ck_assert_int_eq(life(7, 1), WITNESS_NONE);
	ck_assert_int_eq(life(8, 0), WITNESS_AGREES);
	usleep(400000);
	unlink(path);
	unit_write(path, copy, len, 0600);
	ck_assert_int_eq(life(7, 0), WITNESS_NONE);
	unlink(path);
	unit_write(path, copy, len, 0600);
	ck_assert_int_eq(life(6, 0), WITNESS_STORE_IS_OLDER);
	free(copy);
}
END_TEST

UNIT_MAIN("witness", it_tells_the_latest_store_from_an_older_one,
    a_witness_copied_back_with_its_store_proves_nothing)
