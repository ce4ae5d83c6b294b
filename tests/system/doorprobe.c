/*
 * doorprobe.c - an intruder, for system test 72: loaded into a daemon, it
 * tries when the loop begins, so when the door is shut, what stands in the
 * environment ("WHAT ARGUMENT" a line), and writes to a descriptor that was
 * open before how that went: "WHAT ARGUMENT: ok", or the name of the error.
 */
#include "config.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct event_base;

int	event_base_dispatch(struct event_base *);

/* Each returns 0 or -1 with errno. */
static int
try_read(const char *path)
{
	char	c;
	int	fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, &c, 1) < 0 || close(fd) < 0 ? -1 : 0;
}

static int
try_write(const char *path)
{
	int	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static int
try_make(const char *path)
{
	int	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 || close(fd) < 0 ? -1 : unlink(path);
}

static int
try_socket(const char *kind)
{
	static const struct { const char *name; int family, type; } kinds[] = {
		{ "unix", AF_UNIX, SOCK_STREAM },
		{ "tcp", AF_INET, SOCK_STREAM },
		{ "tcp6", AF_INET6, SOCK_STREAM },
		{ "udp", AF_INET, SOCK_DGRAM },
		{ "netlink", AF_NETLINK, SOCK_RAW },
	};
	int	fd;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].name) == 0) {
			fd = socket(kinds[i].family, kinds[i].type, 0);
			return fd < 0 ? -1 : close(fd);
		}
	errno = EINVAL;
	return -1;
}

static struct sockaddr_in
loopback(const char *port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET };

	a.sin_port = htons((uint16_t)atoi(port));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int
try_connect(const char *port)
{
	struct sockaddr_in	a = loopback(port);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ?
	    -1 : close(fd);
}

/* Sends with the first packet, without connect(). */
static int
try_fastopen(const char *port)
{
	struct sockaddr_in	a = loopback(port);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 || sendto(fd, "x", 1, MSG_FASTOPEN,
	    (struct sockaddr *)&a, sizeof(a)) < 0 ? -1 : close(fd);
}

static int
try_bind(const char *port)
{
	struct sockaddr_in	a = loopback(port);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ?
	    -1 : close(fd);
}

/* A socket that listens is there already: it could be turned round. */
static int
try_turn(const char *port)
{
	struct sockaddr_in	a = loopback(port), self;
	int			listens = 0;

	for (int fd = 3; fd < 256; fd++) {
		socklen_t	len = sizeof(listens), n = sizeof(self);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
		    &len) < 0 || !listens || getsockname(fd,
		    (struct sockaddr *)&self, &n) < 0 ||
		    self.sin_family != AF_INET)
			continue;
		shutdown(fd, SHUT_RD);
		fcntl(fd, F_SETFL, 0);		/* wait for it */
		return connect(fd, (struct sockaddr *)&a, sizeof(a));
	}
	errno = ENOENT;
	return -1;
}

static int
try_code(const char *how)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | (*how == 'm' ?
		    PROT_EXEC : 0), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : *how == 'm' ? 0 :
	    mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
try_signal(const char *pid)
{
	return kill(atoi(pid), 0);
}

static int
try_ptrace(const char *pid)
{
	return (int)ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL);
}

static int
try_memory(const char *pid)
{
	return (int)syscall(SYS_process_vm_readv, atoi(pid), NULL, 0, NULL, 0,
	    0);
}

static int
try_keys(const char *unused)
{
	(void)unused;	/* KEYCTL_GET_KEYRING_ID of the session's */
	return syscall(SYS_keyctl, 0, -3, 1) < 0 ? -1 : 0;
}

static int
try_exec(const char *path)
{
	char	*argv[] = { (char *)path, NULL };

	return execve(path, argv, argv + 1);
}

static int
try_thread(const char *unused);

static const struct { const char *name; int (*fn)(const char *); } tries[] = {
	{ "read", try_read }, { "write", try_write }, { "make", try_make },
	{ "socket", try_socket }, { "connect", try_connect },
	{ "bind", try_bind }, { "fastopen", try_fastopen },
	{ "turn", try_turn }, { "code", try_code }, { "signal", try_signal }, { "ptrace", try_ptrace },
	{ "memory", try_memory }, { "keys", try_keys }, { "exec", try_exec },
	{ "thread", try_thread },
};

static int
attempt(const char *what, const char *argument)
{
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (strcmp(tries[i].name, what) == 0)
			return tries[i].fn(argument);
	errno = EINVAL;
	return -1;
}

/* "thread WHAT ARGUMENT": the same, in a thread of its own. */
static void *
in_thread(void *line)
{
	char	*argument = strchr(line, ' ');

	*argument++ = '\0';
	return attempt(line, argument) < 0 ? (void *)(intptr_t)errno : NULL;
}

static int
try_thread(const char *line)
{
	char		*copy = strdup(line);
	pthread_t	 t;
	void		*r = NULL;

	if (copy == NULL || pthread_create(&t, NULL, in_thread, copy) != 0 ||
	    pthread_join(t, &r) != 0)
		return -1;
	free(copy);
	errno = (int)(intptr_t)r;
	return r == NULL ? 0 : -1;
}

static void
try_all(char *text, int out)
{
	char	*save, *line = strtok_r(text, "\n", &save);

	for (; line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char	*space = strchr(line, ' ');
		int	 r;

		*space = '\0';
		r = attempt(line, space + 1);
		dprintf(out, "%s %s: %s\n", line, space + 1, r == 0 ? "ok" :
		    strerrorname_np(errno));
	}
	dprintf(out, "done\n");
}

int
event_base_dispatch(struct event_base *base)
{
	int	(*real)(struct event_base *);
	char	*text = getenv("QKDNODE_PROBE"), *fd = getenv("QKDNODE_PROBE_FD");

	*(void **)&real = dlsym(RTLD_NEXT, "event_base_dispatch");
	if (text != NULL && fd != NULL)
		try_all(strdup(text), atoi(fd));
	return real(base);
}
