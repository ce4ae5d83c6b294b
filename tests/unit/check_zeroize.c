/* What zeroize destroys. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unit.h"
#include "zeroize.h"

static char	etc[256];

/* An "init --csr" has been here, and nothing else. */
static void
begin(void)
{
	snprintf(etc, sizeof(etc), "%s", unit_path("etc"));
	ck_assert_int_eq(mkdir(etc, 0700), 0);
	ck_assert_int_eq(mkdir(unit_path("etc/request"), 0700), 0);
	unit_write(unit_path("etc/request/K-ak.key"), "x", 1, 0600);
	unit_write(unit_path("etc/request/K-ak.csr"), "x", 1, 0600);
}

/* How many; the path of the first. */
static size_t
targets(bool keep_tls, char first[PATH_MAX])
{
	struct zeroize	*z = calloc(1, sizeof(*z));
	size_t		 n;

	ck_assert_ptr_nonnull(z);
	z->etc = etc;
	z->keep_tls = keep_tls;
	zeroize_find(z);
	n = z->n;
	strcpy(first, z->target[0].path);
	free(z);
	return n;
}

START_TEST(keys_that_certificates_were_asked_for_go_like_other_tls_keys)
{
	char	first[PATH_MAX];

	begin();
	ck_assert_uint_eq(targets(false, first), 1);
	ck_assert_str_eq(first, unit_path("etc/request/K-ak.key"));
	ck_assert_uint_eq(targets(true, first), 0);
}
END_TEST

UNIT_MAIN("zeroize",
    keys_that_certificates_were_asked_for_go_like_other_tls_keys)
