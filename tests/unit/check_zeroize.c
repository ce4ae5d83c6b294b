/* What zeroize destroys, and who may change or destroy keys at all. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "destroy.h"
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

START_TEST(keys_of_an_init_that_was_interrupted_go_too)
{
	char	first[PATH_MAX];

	begin();
	ck_assert_int_eq(mkdir(unit_path("etc/.init-ready"), 0700), 0);
	ck_assert_int_eq(mkdir(unit_path("etc/.init-ready/qkdnode"), 0700), 0);
	ck_assert_int_eq(mkdir(unit_path("etc/.init-ready/qkdnode/pki"),
	    0700), 0);
	ck_assert_int_eq(mkdir(unit_path("etc/.init-ready/qkdnode/"
	    "credentials"), 0700), 0);
	unit_write(unit_path("etc/.init-ready/qkdnode/pki/K-kx.key"), "x", 1,
	    0600);
	unit_write(unit_path("etc/.init-ready/qkdnode/credentials/"
	    "kma.node_key.plain"), "x", 1, 0600);
	ck_assert_uint_eq(targets(false, first), 3);
	ck_assert_str_eq(first, unit_path("etc/.init-ready/qkdnode/"
	    "credentials/kma.node_key.plain"));
	ck_assert_uint_eq(targets(true, first), 1);
}
END_TEST

static void
is_child(void *arg, pid_t pid, const char *path)
{
	(void)path;
	if (pid == *(pid_t *)arg)
		*(pid_t *)arg = 0;
}

/* The operator has put the stores onto another disk. */
START_TEST(who_has_a_store_open_is_found_behind_a_link)
{
	pid_t	pid;
	int	ready[2], stop[2];
	char	c;

	ck_assert_int_eq(mkdir(unit_path("disk"), 0700), 0);
	unit_write(unit_path("disk/keys.db-lock"), "", 0, 0600);
	ck_assert_int_eq(symlink("disk", unit_path("kma")), 0);
	ck_assert_int_eq(pipe(ready) | pipe(stop), 0);
	if ((pid = fork()) == 0) {
		close(stop[1]);
		if (open(unit_path("kma/keys.db-lock"), O_RDONLY) < 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(stop[0], &c, 1) != 0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(destroy_holders(unit_path("kma/keys.db"), is_child,
	    &pid), 0);
	ck_assert_int_eq(pid, 0);
	close(stop[1]);
	ck_assert_int_gt(wait(NULL), 0);
	close(ready[0]);
	close(stop[0]);
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

static void
nobody_is_refused(int (*cmd)(const struct call *, int, char **),
    const char *option, const char *words)
{
	char	*text;

	unit_capture();
	ck_assert_int_eq(as_nobody(cmd, (char *)option), CALL_REFUSED);
	text = unit_captured();
	ck_assert_str_eq(text, words);
	free(text);
}

START_TEST(who_is_not_root_is_refused_before_anything_is_tried)
{
	begin();
	ck_assert_int_eq(chmod(etc, 0500), 0);
	nobody_is_refused(zeroizecmd, "--yes", "qkdctl: only root may "
	    "destroy the keys of a node; nothing was tried\n");
	nobody_is_refused(rotatecmd, "--no-wait", "qkdctl: only root may "
	    "change the keys of a node; nothing was tried\n");
	ck_assert_int_eq(chmod(etc, 0700), 0);
	ck_assert_int_eq(access(unit_path("etc/request/K-ak.key"), F_OK), 0);
}
END_TEST

UNIT_MAIN("zeroize",
    keys_that_certificates_were_asked_for_go_like_other_tls_keys,
    keys_of_an_init_that_was_interrupted_go_too,
    who_has_a_store_open_is_found_behind_a_link,
    who_is_not_root_is_refused_before_anything_is_tried)
