/*
 * confinefile.c - landlock, by system call: files and TCP ports. What is not
 * named is refused with EACCES. Rules hold for the inodes that the paths lead
 * to now; so what an operator replaces while we run needs its directory.
 */
#include "config.h"
#include "confineint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h, which may be older than the kernel. */
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3, FS_REMOVE_FILE = 1 << 5, FS_MAKE_REG = 1 << 8,
	FS_MAKE_SOCK = 1 << 9, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15,
	NET_BIND = 1 << 0, NET_CONNECT = 1 << 1,
	SCOPE_ABSTRACT = 1 << 0, SCOPE_SIGNAL = 1 << 1,
	RULE_PATH = 1, RULE_PORT = 2, ASK_VERSION = 1,
};
#define FS_OF_FILES	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | \
			    FS_TRUNCATE | FS_IOCTL_DEV)
#define ABI_NET		4
#define ABI_SCOPE	6

struct ruleset_attr { uint64_t fs, net, scoped; };
struct path_attr { uint64_t rights; int32_t fd; } __attribute__((packed));
struct port_attr { uint64_t rights, port; };

/* How many rights each version knows, and what the next ones added. */
static const struct { int rights; const char *lacks; } versions[] = {
	{ 0, "files" },
	{ 13, "truncation of files, TCP, devices, abstract sockets, signals" },
	{ 14, "truncation of files, TCP, devices, abstract sockets, signals" },
	{ 15, "TCP, devices, abstract sockets, signals" },
	{ 15, "devices, abstract sockets, signals" },
	{ 16, "abstract sockets, signals" },
	{ 16, NULL },
};
#define NEWEST	((int)(sizeof(versions) / sizeof(versions[0])) - 1)

static uint64_t
handled(int abi)
{
	return ((uint64_t)1 << versions[abi < NEWEST ? abi : NEWEST].rights) -
	    1;
}

const char *
confine_lacks(int abi)
{
	return versions[abi < NEWEST ? abi : NEWEST].lacks;
}

uint64_t
confine_rights(enum confine_what what, bool dir, int abi)
{
	static const uint64_t	all[] = {
		[CONFINE_READ] = FS_READ_FILE | FS_READ_DIR,
		[CONFINE_READ_AROUND] = FS_READ_FILE | FS_READ_DIR,
		[CONFINE_STORE] = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE |
		    FS_TRUNCATE | FS_MAKE_REG | FS_REMOVE_FILE,
		[CONFINE_KEEP] = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE |
		    FS_TRUNCATE | FS_MAKE_REG | FS_REMOVE_FILE | FS_IOCTL_DEV,
		[CONFINE_SOCKET] = FS_READ_DIR | FS_MAKE_SOCK | FS_REMOVE_FILE,
		[CONFINE_BIND] = 0,
		[CONFINE_CONNECT] = 0,
	};

	return all[what] & handled(abi) & (dir ? ~(uint64_t)0 : FS_OF_FILES);
}

int
confine_port(const char *address)
{
	const char	*colon = strrchr(address, ':');
	char		*end;
	long		 n;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return -1;
	n = strtol(colon + 1, &end, 10);
	return *end == '\0' && n <= 65535 ? (int)n : -1;
}

int
confine_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    ASK_VERSION);
}

/* Kernels of before an addition refuse a longer structure. */
static int
ruleset(int abi)
{
	struct ruleset_attr	 a = { .fs = handled(abi) };
	const char		*notify = getenv("NOTIFY_SOCKET");
	size_t			 len = sizeof(a.fs);

	if (abi >= ABI_NET) {
		a.net = NET_BIND | NET_CONNECT;
		len += sizeof(a.net);
	}
	if (abi >= ABI_SCOPE) {
		a.scoped = SCOPE_SIGNAL;
		/* The service manager's may be one. */
		if (notify == NULL || notify[0] != '@')
			a.scoped |= SCOPE_ABSTRACT;
		len += sizeof(a.scoped);
	}
	return (int)syscall(SYS_landlock_create_ruleset, &a, len, 0);
}

static int
add_port(int set, int abi, const struct confine_place *p)
{
	struct port_attr	a = { p->what == CONFINE_BIND ? NET_BIND :
				    NET_CONNECT, 0 };
	int			port = confine_port(p->path);

	if (port < 0 || abi < ABI_NET)
		return 0;
	a.port = (uint64_t)port;
	return (int)syscall(SYS_landlock_add_rule, set, RULE_PORT, &a, 0);
}

/* What is not there now is refused, also when it comes later. */
static int
add_path(int set, int abi, enum confine_what what, const char *path)
{
	struct path_attr	a = { 0, open(path, O_PATH | O_CLOEXEC) };
	struct stat		st;
	int			r;

	if (a.fd < 0)
		return 0;
	if ((r = fstat(a.fd, &st)) == 0)
		a.rights = confine_rights(what, S_ISDIR(st.st_mode), abi);
	if (a.rights != 0)	/* a file where a directory belongs: none */
		r = (int)syscall(SYS_landlock_add_rule, set, RULE_PATH, &a, 0);
	close(a.fd);
	return r;
}

static int
add_directory(int set, int abi, enum confine_what what, char *path)
{
	char	*slash = strrchr(path, '/');

	slash[slash == path] = '\0';
	return add_path(set, abi, what, path);
}

static int
add_place(int set, int abi, const struct confine_place *p)
{
	char	path[PATH_MAX], target[PATH_MAX];
	int	r;

	if (p->path[0] != '/' || snprintf(path, sizeof(path), "%s%s%s",
	    p->path, p->below == NULL ? "" : "/", p->below == NULL ? "" :
	    p->below) >= (int)sizeof(path))
		return 0;
	if (p->what == CONFINE_READ || p->what == CONFINE_KEEP)
		return add_path(set, abi, p->what, path);
	/* Where a symbolic link leads, the file may be replaced as well. */
	if (p->what == CONFINE_READ_AROUND && realpath(path, target) != NULL &&
	    (r = add_directory(set, abi, p->what, target)) < 0)
		return r;
	return add_directory(set, abi, p->what, path);
}

int
confine_landlock(int abi, const struct confine_rules *rules, size_t n)
{
	int	set = ruleset(abi), r = set < 0 ? -1 : 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; r == 0 && k < rules[i].n; k++) {
			const struct confine_place	*p = &rules[i].v[k];

			r = p->what == CONFINE_BIND ||
			    p->what == CONFINE_CONNECT ?
			    add_port(set, abi, p) : add_place(set, abi, p);
		}
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, set, 0);
	if (set >= 0)
		close(set);
	return r;
}
