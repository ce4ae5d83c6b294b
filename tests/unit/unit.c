/* unit.c - what unit tests share. */
#include "config.h"
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT	120	/* s; sanitizers on a busy machine are slow */

static char	dir[PATH_MAX];
static int	real_stderr = -1;

const char *
unit_path(const char *file)
{
	static char	buf[8][PATH_MAX + 256];
	static unsigned	next;
	const char	*tmp = getenv("TMPDIR");
	char		*out = buf[next++ % 8];

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "%s/qkdnode-unit-XXXXXX",
		    tmp != NULL ? tmp : "/tmp");
		ck_assert_ptr_nonnull(mkdtemp(dir));
	}
	snprintf(out, sizeof(buf[0]), "%s/%s", dir, file);
	return out;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
	(void)st, (void)what, (void)ftw;
	remove(path);
	return 0;
}

static void
clean_up(void)
{
	if (dir[0] != '\0')
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

void
unit_write(const char *path, const void *p, size_t len, int mode)
{
	int	fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, (mode_t)mode), 0);
	ck_assert_int_eq(write(fd, p, len), (ssize_t)len);
	close(fd);
}

char *
unit_read(const char *path, size_t *len)
{
	struct stat	 st;
	char		*p;
	int		 fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	p = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(read(fd, p, (size_t)st.st_size), st.st_size);
	p[st.st_size] = '\0';
	if (len != NULL)
		*len = (size_t)st.st_size;
	close(fd);
	return p;
}

size_t
unit_killed(void (*life)(int report), void *seen, size_t room)
{
	int	p[2], status;
	ssize_t	n;
	size_t	have = 0;
	pid_t	pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(p[0]);
		life(p[1]);
		_exit(1);
	}
	close(p[1]);
	while ((n = read(p[0], (char *)seen + have, room - have)) > 0)
		have += (size_t)n;
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	    "status %x", status);
	return have;
}

void
unit_capture(void)
{
	int	fd = open(unit_path("stderr"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

char *
unit_captured(void)
{
	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return unit_read(unit_path("stderr"), NULL);
}

int
unit_run(const char *name, const TTest *const *tests, size_t n)
{
	Suite	*s = suite_create(name);
	TCase	*t = tcase_create(name);
	SRunner	*r = srunner_create(s);
	int	 failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, TIMEOUT);
	tcase_add_checked_fixture(t, NULL, clean_up);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(t, tests[i]);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
