/* run.c - starts a program and reads what it says. */
#include "config.h"

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char	**environ;

static void
collect(int fd, char *out, size_t room)
{
	size_t	at = 0;
	char	rest[512];
	ssize_t	n;

	for (;;) {
		n = at + 1 < room ? read(fd, out + at, room - at - 1) :
		    read(fd, rest, sizeof(rest));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (at + 1 < room)
			at += (size_t)n;
	}
	out[at] = '\0';
}

static int
start(pid_t *pid, char *const argv[], int out)
{
	posix_spawn_file_actions_t	fa;
	int				r;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return -1;
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	posix_spawn_file_actions_adddup2(&fa, out, 2);
	r = posix_spawnp(pid, argv[0], &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	return r == 0 ? 0 : -1;
}

int
run(char *const argv[], char *out, size_t room)
{
	int	fd[2], status, r;
	pid_t	pid;

	out[0] = '\0';
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	r = start(&pid, argv, fd[1]);
	close(fd[1]);
	if (r == 0)
		collect(fd[0], out, room);
	close(fd[0]);
	if (r < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
