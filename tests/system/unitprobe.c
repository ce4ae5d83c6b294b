/*
 * unitprobe.c - stands in a daemon's place in its unit, and tries what its
 * arguments say: a line "ARGUMENT yes" or "ARGUMENT no (why)" for each.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each returns -1 with errno if it is not let. */

static int
can_socket(const char *family)
{
	static const struct { const char *name; int family; } all[] = {
		{ "unix", AF_UNIX }, { "inet", AF_INET },
		{ "inet6", AF_INET6 }, { "netlink", AF_NETLINK },
		{ "packet", AF_PACKET },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, family) == 0)
			return socket(all[i].family, SOCK_DGRAM, 0);
	errno = EINVAL;
	return -1;
}

static int
can_send(const char *address)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
				    .sin_port = htons(9) };
	int			fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, address, &sin.sin_addr);
	return fd < 0 ? -1 : (int)sendto(fd, "x", 1, 0,
	    (struct sockaddr *)&sin, sizeof(sin));
}

static int
can_connect(const char *path)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&sun,
	    sizeof(sun));
}

static int
can_read(const char *path)
{
	return open(path, O_RDONLY);
}

static int
can_write(const char *path)
{
	int	fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd >= 0)
		unlink(path);
	return fd;
}

static int
can_exec(const char *path)
{
	int	status = -1, up[2];
	pid_t	pid;

	if (pipe2(up, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		execl(path, path, "-c", "exit 0", (char *)NULL);
		status = errno;
		_exit(write(up[1], &status, sizeof(status)) < 0);
	}
	close(up[1]);
	if (read(up[0], &errno, sizeof(errno)) > 0)
		status = 1;
	else
		waitpid(pid, &status, 0);
	return status == 0 ? 0 : -1;
}

static int
can_writexec(const char *unused)
{
	(void)unused;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int
can_namespace(const char *unused)
{
	(void)unused;
	return unshare(CLONE_NEWUSER);
}

static int
can_lock(const char *octets)
{
	size_t	n = (size_t)atoll(octets);
	void	*p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mlock(p, n);
}

static int
can_setgid(const char *path)
{
	int	fd = open(path, O_WRONLY | O_CREAT, 0600), r;

	r = fd < 0 ? 0 : fchmod(fd, 02700);	/* the file must be there */
	unlink(path);
	return r;
}

static int
can_landlock(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static int
can_core(const char *unused)
{
	struct rlimit	l;

	(void)unused;
	errno = ERANGE;
	return getrlimit(RLIMIT_CORE, &l) == 0 && l.rlim_max > 0 ? 0 : -1;
}

static const struct {
	const char	*name;
	int		(*can)(const char *);
} table[] = {
	{ "socket", can_socket }, { "send", can_send },
	{ "connect", can_connect }, { "read", can_read },
	{ "write", can_write }, { "exec", can_exec },
	{ "writexec", can_writexec }, { "namespace", can_namespace },
	{ "lock", can_lock }, { "setgid", can_setgid },
	{ "landlock", can_landlock }, { "core", can_core },
};

static void
try(const char *what)
{
	const char	*colon = strchr(what, ':');
	size_t		 len = colon == NULL ? strlen(what) :
			    (size_t)(colon - what);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].name) != len ||
		    strncmp(table[i].name, what, len) != 0)
			continue;
		errno = 0;
		if (table[i].can(colon == NULL ? "" : colon + 1) >= 0)
			printf("%s yes\n", what);
		else
			printf("%s no (%s)\n", what, strerror(errno));
		return;
	}
	printf("%s unknown\n", what);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		try(argv[i]);
	return fflush(stdout) == 0 ? 0 : 1;
}
