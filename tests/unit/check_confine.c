/* What a process that has shut its door cannot do any more. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "confine.h"
#include "confineint.h"
#include "unit.h"

#ifdef QKD_SANITIZED	/* the leak checker needs some of it */
#define SANITIZED	true
#else
#define SANITIZED	false
#endif

static const struct confine_place	nothing[] = {
	{ CONFINE_END, NULL, NULL }
};
static const struct confine_role	plain = { "test", nothing, 0 };
static const struct confine_role	dials = { "test", nothing,
					    CONFINE_TCP };
static const struct confine_role	asks = { "test", nothing,
					    CONFINE_TCP | CONFINE_UDP };

/* In a child, since it cannot be taken back: its exit code, or -signal. */
static int
child(void (*fn)(void))
{
	int	status;
	pid_t	pid;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		fn();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* In the child, where Check cannot be used: the line is the exit code. */
#define MUST(x) \
	do { if (!(x)) _exit(__LINE__ % 254 + 1); } while (0)
#define REFUSED(x, error)	MUST((x) < 0 && errno == (error))

static int
reads(const char *path)
{
	char	c;
	int	fd = open(path, O_RDONLY), r = -1;

	if (fd >= 0) {
		r = (int)read(fd, &c, 1);
		close(fd);
	}
	return r;
}

static int
makes(const char *path)
{
	int	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	return fd < 0 ? -1 : close(fd);
}

static bool
has_landlock(int abi)
{
	if (confine_abi() >= abi)
		return true;
	fprintf(stderr, "landlock %d is missing: not tested\n", abi);
	return false;
}

/* ---- files and ports ---- */

static char	own[256], other[256];

/* Two directories with a file each. */
static void
two_directories(void)
{
	const char	*a = unit_path("own"), *b;

	ck_assert_int_eq(mkdir(a, 0700), 0);
	snprintf(own, sizeof(own), "%s/file", a);
	b = unit_path("other");
	ck_assert_int_eq(mkdir(b, 0700), 0);
	snprintf(other, sizeof(other), "%s/file", b);
	unit_write(own, "x", 1, 0600);
	unit_write(other, "x", 1, 0600);
}

static void
read_own_only(void)
{
	const struct confine_place	places[] = {
		{ CONFINE_READ, own, NULL }, { CONFINE_END, NULL, NULL } };
	const struct confine_role	role = { "test", places, 0 };

	MUST(reads(own) == 1 && reads(other) == 1);
	confine_files(&role, CONFINE_REQUIRE);
	MUST(reads(own) == 1);
	REFUSED(reads(other), EACCES);
	REFUSED(makes(own), EACCES);
	REFUSED(unlink(own), EACCES);
}

START_TEST(a_process_reads_the_files_of_its_table_and_no_others)
{
	if (!has_landlock(1))
		return;
	two_directories();
	ck_assert_int_eq(child(read_own_only), 0);
}
END_TEST

static void
replace(const char *path)
{
	char	fresh[300];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unit_write(fresh, "y", 1, 0600);
	ck_assert_int_eq(rename(fresh, path), 0);
}

/* Two pipes: the child is confined; the file is replaced. */
static int	is_confined[2], is_replaced[2];

static void
read_replaced(void)
{
	const struct confine_place	places[] = {
		{ CONFINE_READ_AROUND, own, NULL },
		{ CONFINE_END, NULL, NULL } };
	const struct confine_role	role = { "test", places, 0 };
	char				c = 0;

	confine_files(&role, CONFINE_REQUIRE);
	MUST(write(is_confined[1], &c, 1) == 1);
	MUST(read(is_replaced[0], &c, 1) == 1);
	MUST(reads(own) == 1);
	REFUSED(reads(other), EACCES);
}

static void
replaced_while_confined(const char *path)
{
	int	status;
	char	c;
	pid_t	pid;

	ck_assert_int_eq(pipe(is_confined) | pipe(is_replaced), 0);
	fflush(NULL);
	if ((pid = fork()) == 0) {
		read_replaced();
		_exit(0);
	}
	ck_assert_int_eq(read(is_confined[0], &c, 1), 1);
	replace(path);
	ck_assert_int_eq(write(is_replaced[1], &c, 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(a_file_that_may_be_replaced_is_read_again_afterwards)
{
	if (!has_landlock(1))
		return;
	two_directories();
	replaced_while_confined(own);
}
END_TEST

START_TEST(where_a_symbolic_link_leads_the_file_may_be_replaced_too)
{
	char	target[300];

	if (!has_landlock(1))
		return;
	two_directories();
	ck_assert_int_eq(mkdir(unit_path("third"), 0700), 0);
	snprintf(target, sizeof(target), "%s/x", unit_path("third"));
	unit_write(target, "x", 1, 0600);
	ck_assert_int_eq(unlink(own), 0);
	ck_assert_int_eq(symlink(target, own), 0);
	replaced_while_confined(target);
}
END_TEST

static void
keep_store(void)
{
	const struct confine_place	places[] = {
		{ CONFINE_STORE, own, NULL }, { CONFINE_END, NULL, NULL } };
	const struct confine_role	role = { "test", places, 0 };
	char				wal[300], dir[300];

	snprintf(wal, sizeof(wal), "%s-wal", own);
	snprintf(dir, sizeof(dir), "%s-dir", own);
	confine_files(&role, CONFINE_REQUIRE);
	confine_calls(&role, CONFINE_REQUIRE);
	MUST(makes(wal) == 0 && reads(own) == 1 && makes(own) == 0);
	MUST(rename(wal, own) == 0 && makes(wal) == 0 && unlink(wal) == 0);
	REFUSED(reads(other), EACCES);
	REFUSED(makes(other), EACCES);
	REFUSED(mkdir(dir, 0700), EPERM);
	REFUSED(symlink("/", wal), EPERM);
}

START_TEST(a_store_is_written_and_nothing_beside_its_directory)
{
	if (!has_landlock(1))
		return;
	two_directories();
	ck_assert_int_eq(child(keep_store), 0);
}
END_TEST

static void
keep_more(void)
{
	const struct confine_role	role = { "test", nothing, 0 };
	char				*paths[] = { (char *)unit_path("own") };
	const struct conf_strings	keep = { 1, paths };
	char				fresh[300];

	snprintf(fresh, sizeof(fresh), "%s.new", own);
	confine_also_all(CONFINE_KEEP, &keep);
	setenv("CREDENTIALS_DIRECTORY", unit_path("other"), 1);
	confine_files(&role, CONFINE_REQUIRE);
	MUST(reads(own) == 1 && makes(own) == 0 && makes(fresh) == 0);
	MUST(unlink(fresh) == 0 && reads(other) == 1);
	REFUSED(makes(other), EACCES);
	REFUSED(reads("/etc/hostname"), EACCES);
}

START_TEST(what_a_token_needs_is_kept_and_credentials_are_read)
{
	if (!has_landlock(1))
		return;
	two_directories();
	ck_assert_int_eq(child(keep_more), 0);
}
END_TEST

static int	served;		/* a port on which somebody listens */
static int	unserved;

static int
dial(int port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0), r;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	r = connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return r;
}

/* A socket on a port that was free; -1: it is refused. */
static int
listens(int *port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)*port) };
	socklen_t		len = sizeof(a);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	*port = ntohs(a.sin_port);
	return fd;
}

static void
dial_own_only(void)
{
	char				address[64];
	const struct confine_place	places[] = {
		{ CONFINE_CONNECT, address, NULL },
		{ CONFINE_END, NULL, NULL } };
	const struct confine_role	role = { "test", places,
					    CONFINE_TCP };
	int				port = 0;

	snprintf(address, sizeof(address), "127.0.0.1:%d", served);
	confine_files(&role, CONFINE_REQUIRE);
	confine_calls(&role, CONFINE_REQUIRE);
	MUST(dial(served) == 0);
	REFUSED(dial(unserved), EACCES);
	REFUSED(listens(&port), EACCES);
}

START_TEST(tcp_reaches_the_ports_of_the_table_only)
{
	if (!has_landlock(4))
		return;
	ck_assert_int_ge(listens(&served), 0);
	ck_assert_int_ge(listens(&unserved), 0);
	ck_assert_int_eq(child(dial_own_only), 0);
}
END_TEST

START_TEST(a_port_stands_behind_the_last_colon)
{
	ck_assert_int_eq(confine_port("127.0.0.1:8443"), 8443);
	ck_assert_int_eq(confine_port("[::1]:80"), 80);
	ck_assert_int_eq(confine_port(":53"), 53);
	ck_assert_int_eq(confine_port("host:65535"), 65535);
	ck_assert_int_eq(confine_port("host:65536"), -1);
	ck_assert_int_eq(confine_port("host:http"), -1);
	ck_assert_int_eq(confine_port("host:"), -1);
	ck_assert_int_eq(confine_port("host:1x"), -1);
	ck_assert_int_eq(confine_port(""), -1);
}
END_TEST

START_TEST(only_names_are_looked_up)
{
	ck_assert(address_is_number("192.0.2.1:8445"));
	ck_assert(address_is_number("[2001:db8::1]:8445"));
	ck_assert(!address_is_number("node-b.example:8445"));
	ck_assert(!address_is_number("localhost:8445"));
	ck_assert(!address_is_number("192.0.2.1"));
	ck_assert(!address_is_number(""));
}
END_TEST

START_TEST(old_kernels_are_asked_for_what_they_know)
{
	const uint64_t	truncate = 1 << 14, make_sock = 1 << 9;

	ck_assert(!(confine_rights(CONFINE_STORE, true, 2) & truncate));
	ck_assert(confine_rights(CONFINE_STORE, true, 3) & truncate);
	ck_assert(confine_rights(CONFINE_SOCKET, true, 1) & make_sock);
	ck_assert(confine_rights(CONFINE_SOCKET, false, 1) == 0);
	ck_assert(confine_rights(CONFINE_STORE, true, 99) ==
	    confine_rights(CONFINE_STORE, true, 6));
	ck_assert_ptr_nonnull(strstr(confine_lacks(3), "TCP"));
	ck_assert_ptr_null(strstr(confine_lacks(4), "TCP"));
	ck_assert_ptr_null(confine_lacks(6));
	ck_assert_ptr_null(confine_lacks(99));
}
END_TEST

/* ---- system calls ---- */

static void
shut(void)
{
	confine_calls(&plain, CONFINE_REQUIRE);
}

static void
make_sockets(void)
{
	shut();
	MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	REFUSED(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	REFUSED(socket(AF_INET6, SOCK_STREAM, 0), EPERM);
	REFUSED(socket(AF_INET, SOCK_DGRAM, 0), EPERM);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), EPERM);
	REFUSED(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
}

static void
make_tcp_sockets(void)
{
	confine_calls(&dials, CONFINE_REQUIRE);
	MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) >= 0);
	MUST(socket(AF_INET6, SOCK_STREAM, 0) >= 0 || errno == EAFNOSUPPORT);
	REFUSED(socket(AF_INET, SOCK_DGRAM, 0), EPERM);
	REFUSED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), EPERM);
}

static void
make_udp_sockets(void)
{
	confine_calls(&asks, CONFINE_REQUIRE);
	MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
	REFUSED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
}

START_TEST(sockets_are_of_the_kinds_that_the_role_has)
{
	ck_assert_int_eq(child(make_sockets), 0);
	ck_assert_int_eq(child(make_tcp_sockets), 0);
	ck_assert_int_eq(child(make_udp_sockets), 0);
}
END_TEST

static void
make_code(void)
{
	void	*p;

	shut();
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED && mprotect(p, 4096, PROT_READ) == 0);
	REFUSED(mprotect(p, 4096, PROT_READ | PROT_EXEC), EPERM);
	MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

START_TEST(no_code_comes_in)
{
	ck_assert_int_eq(child(make_code), 0);
}
END_TEST

static void
run_program(void)
{
	char	*none[] = { NULL };

	shut();
	execve("/bin/true", none, none);
}

static void
trace_parent(void)
{
	shut();
	ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static void
become_root(void)
{
	shut();
	MUST(setuid(0) == 0);
}

START_TEST(who_tries_another_program_or_process_is_killed)
{
	ck_assert_int_eq(child(run_program), -SIGSYS);
	if (!SANITIZED)
		ck_assert_int_eq(child(trace_parent), -SIGSYS);
	ck_assert_int_eq(child(become_root), -SIGSYS);
}
END_TEST

static pthread_barrier_t	barrier;
static int			family = AF_UNIX;

static void *
try_socket(void *arg)
{
	if (arg != NULL) {
		pthread_barrier_wait(&barrier);	/* it runs */
		pthread_barrier_wait(&barrier);	/* the door is shut */
	}
	return socket(family, SOCK_STREAM, 0) < 0 && errno == EPERM ?
	    NULL : &family;
}

static void
shut_for_threads(void)
{
	pthread_t	before, after;
	void		*refused = &family;

	family = AF_INET;
	pthread_barrier_init(&barrier, NULL, 2);
	MUST(pthread_create(&before, NULL, try_socket, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	shut();
	pthread_barrier_wait(&barrier);
	MUST(pthread_join(before, &refused) == 0 && refused == NULL);
	refused = &family;
	MUST(pthread_create(&after, NULL, try_socket, NULL) == 0);
	MUST(pthread_join(after, &refused) == 0 && refused == NULL);
}

START_TEST(threads_of_before_and_after_are_confined)
{
	ck_assert_int_eq(child(shut_for_threads), 0);
}
END_TEST

static void
make_process(void)
{
	shut();
	REFUSED(fork(), EPERM);
	REFUSED(kill(getppid(), 0), EPERM);
}

START_TEST(there_are_threads_and_no_processes)
{
	if (!SANITIZED)
		ck_assert_int_eq(child(make_process), 0);
}
END_TEST

/* ---- modes ---- */

static void
leave_open(void)
{
	confine_files(&plain, CONFINE_OFF);
	confine_calls(&plain, CONFINE_OFF);
	MUST(reads(other) == 1 && socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

START_TEST(off_leaves_everything_open)
{
	two_directories();
	ck_assert_int_eq(child(leave_open), 0);
}
END_TEST

static void *
wait_for_barrier(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

static void
begin_thread(void)
{
	pthread_t	t;

	pthread_barrier_init(&barrier, NULL, 2);
	MUST(pthread_create(&t, NULL, wait_for_barrier, &barrier) == 0);
}

static void
try_with_threads(void)
{
	begin_thread();
	confine_files(&plain, CONFINE_TRY);
	REFUSED(reads(other), EACCES);
	pthread_barrier_wait(&barrier);
}

static void
require_without_threads(void)
{
	begin_thread();
	confine_files(&plain, CONFINE_REQUIRE);
}

START_TEST(threads_of_before_are_told_of_as_files_stay_open_to_them)
{
	char	*text;

	if (!has_landlock(1))
		return;
	two_directories();
	unit_capture();
	ck_assert_int_eq(child(try_with_threads), 0);
	ck_assert_int_eq(child(require_without_threads), 1);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "threads began before"));
	free(text);
}
END_TEST

/* As a kernel says it that was built, or booted, without. */
static void
lose_landlock(void)
{
	scmp_filter_ctx	f = seccomp_init(SCMP_ACT_ALLOW);

	MUST(f != NULL && seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
	    SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
	    seccomp_load(f) == 0);
	seccomp_release(f);
}

static void
try_without_landlock(void)
{
	lose_landlock();
	confine_files(&plain, CONFINE_TRY);
	MUST(reads(other) == 1);
	confine_calls(&plain, CONFINE_TRY);
}

static void
require_landlock(void)
{
	lose_landlock();
	confine_files(&plain, CONFINE_REQUIRE);
}

START_TEST(a_kernel_without_landlock_is_enough_to_try_and_not_to_require)
{
	char	*text;

	two_directories();
	unit_capture();
	ck_assert_int_eq(child(try_without_landlock), 0);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "the door does not shut"));
	ck_assert_ptr_nonnull(strstr(text, "door=landlock"));
	ck_assert_ptr_nonnull(strstr(text, "shut but for files"));
	free(text);
	unit_capture();
	ck_assert_int_eq(child(require_landlock), 1);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "remedy="));
	free(text);
}
END_TEST

UNIT_MAIN("confine", a_process_reads_the_files_of_its_table_and_no_others,
    a_file_that_may_be_replaced_is_read_again_afterwards,
    where_a_symbolic_link_leads_the_file_may_be_replaced_too,
    a_store_is_written_and_nothing_beside_its_directory,
    what_a_token_needs_is_kept_and_credentials_are_read,
    tcp_reaches_the_ports_of_the_table_only,
    a_port_stands_behind_the_last_colon, only_names_are_looked_up,
    old_kernels_are_asked_for_what_they_know,
    sockets_are_of_the_kinds_that_the_role_has,
    no_code_comes_in,
    who_tries_another_program_or_process_is_killed,
    threads_of_before_and_after_are_confined,
    there_are_threads_and_no_processes,
    threads_of_before_are_told_of_as_files_stay_open_to_them,
    off_leaves_everything_open,
    a_kernel_without_landlock_is_enough_to_try_and_not_to_require)
