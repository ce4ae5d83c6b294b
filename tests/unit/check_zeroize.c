/* What zeroize destroys, and who may change or destroy keys at all. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keycmd.h"
#include "unit.h"
#include "zeroize.h"

#define NOBODY	65534

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

/* The exit code of a user who may not write the configuration. */
static int
as_nobody(int (*cmd)(const struct call *, int, char **), char *option)
{
	const struct call	call = { .run_dir = RUNSTATEDIR "/qkdnode" };
	char			*words[] = { (char *)"x", option,
				    (char *)"--etc", etc, NULL };
	int			 status;
	pid_t			 pid;

	fflush(NULL);
	if ((pid = fork()) == 0)
		_exit(geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0 ?
		    99 : cmd(&call, 4, words));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(who_is_not_root_is_refused_before_anything_is_tried)
{
	char	*text;

	begin();
	ck_assert_int_eq(chmod(etc, 0500), 0);
	unit_capture();
	ck_assert_int_eq(as_nobody(zeroizecmd, (char *)"--yes"),
	    CALL_REFUSED);
	text = unit_captured();
	ck_assert_str_eq(text, "qkdctl: only root may destroy the keys of a "
	    "node; nothing was tried\n");
	free(text);
	unit_capture();
	ck_assert_int_eq(as_nobody(rotatecmd, (char *)"--no-wait"),
	    CALL_REFUSED);
	text = unit_captured();
	ck_assert_str_eq(text, "qkdctl: only root may change the keys of a "
	    "node; nothing was tried\n");
	free(text);
	ck_assert_int_eq(chmod(etc, 0700), 0);
	ck_assert_int_eq(access(unit_path("etc/request/K-ak.key"), F_OK), 0);
}
END_TEST

UNIT_MAIN("zeroize",
    keys_that_certificates_were_asked_for_go_like_other_tls_keys,
    who_is_not_root_is_refused_before_anything_is_tried)
