/* What qkdctl check sees of the machine. */
#include "config.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkup.h"
#include "unit.h"

/* As a kernel says it that was built, or booted, without; in a child. */
static int
warnings_without_landlock(void)
{
	struct check	c = { .root = "", .area = "kernel" };
	scmp_filter_ctx	f = seccomp_init(SCMP_ACT_ALLOW);

	if (f == NULL || seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
	    SCMP_SYS(landlock_create_ruleset), 0) < 0 || seccomp_load(f) < 0)
		return 99;
	seccomp_release(f);
	c.findings = json_array();
	check_kernel(&c);
	json_dumpf(c.findings, stderr, 0);
	json_decref(c.findings);
	return (int)c.count[CHECK_WARNING];
}

START_TEST(a_kernel_without_landlock_is_a_warning)
{
	char	*text;
	int	 status;
	pid_t	 pid;

	unit_capture();
	fflush(NULL);
	if ((pid = fork()) == 0)
		_exit(warnings_without_landlock());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	text = unit_captured();
	ck_assert_int_ge(WEXITSTATUS(status), 1);
	ck_assert_ptr_nonnull(strstr(text, "\"landlock\""));
	ck_assert_ptr_nonnull(strstr(text, "is missing"));
	free(text);
}
END_TEST

UNIT_MAIN("checkhost", a_kernel_without_landlock_is_a_warning)
