/* How every daemon starts and ends. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "err.h"
#include "ident.h"
#include "unit.h"

struct sample { int64_t number; };

static struct sample	conf;
static bool		check_fails;

static const struct conf_opt	opts[] = {
	OPT_INT(sample, number, "5", 1, 9, "s", "A number."),
	OPT_END
};

static int
check(const char *path, FILE *err)
{
	if (!check_fails)
		return 0;
	fprintf(err, "%s: does not fit together\n", path);
	return -E_CONFIG;
}

static const struct daemon_info	info = { "testd", "a test", opts, &conf,
	check };

/* Runs fn in a child; its output lies in files "out" and "err". */
static int
run(void (*fn)(int, char **), int argc, char **argv)
{
	const char	*out = unit_path("out"), *err = unit_path("err");
	int		 status;
	pid_t		 pid;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		int	o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int	e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(o, STDOUT_FILENO);
		dup2(e, STDERR_FILENO);
		optind = 1;
		fn(argc, argv);
		fflush(NULL);
		_exit(99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
just_start(int argc, char **argv)
{
	daemon_start(&info, argc, argv);
	/* Came back: it would serve now. */
	struct rlimit	core, lock;
	mode_t		mask = umask(0);
	bool		good;

	good = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 &&
	    getrlimit(RLIMIT_MEMLOCK, &lock) == 0 &&
	    lock.rlim_cur == lock.rlim_max && mask == 0027 &&
	    signal(SIGPIPE, SIG_DFL) == SIG_IGN;
#ifndef QKD_SANITIZED
	good = good && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
#endif
	_exit(good ? 42 : 43);
}

static int
start_with(const char *config, const char *arg)
{
	char	*argv[] = { "testd", "-c", (char *)unit_path("t.conf"),
		(char *)arg, NULL };

	unit_write(argv[2], config, strlen(config), 0644);
	return run(just_start, arg == NULL ? 3 : 4, argv);
}

static void
file_holds(const char *file, const char *text)
{
	char	*p = unit_read(unit_path(file), NULL);

	ck_assert_msg(strstr(p, text) != NULL, "%s", p);
	free(p);
}

START_TEST(a_good_configuration_starts_without_core_dumps)
{
	ck_assert_int_eq(start_with("number = 3;", NULL), 42);
	file_holds("err", "testd: starting version=");
}
END_TEST

START_TEST(checking_a_configuration_says_ok_or_what_is_wrong)
{
	char	expected[512];

	ck_assert_int_eq(start_with("number = 3;", "-n"), 0);
	snprintf(expected, sizeof(expected), "%s: ok\n", unit_path("t.conf"));
	file_holds("out", expected);
	ck_assert_int_eq(start_with("number = 30;", "-n"), EX_CONFIG);
	snprintf(expected, sizeof(expected), "%s:1: number: 30 is out of "
	    "range", unit_path("t.conf"));
	file_holds("err", expected);
	ck_assert_int_eq(start_with("number = 30;", NULL),
	    EX_CONFIG);
	check_fails = true;
	ck_assert_int_eq(start_with("number = 3;", "-n"), EX_CONFIG);
	check_fails = false;
	file_holds("err", "does not fit together");
}
END_TEST

START_TEST(questions_are_answered_without_a_configuration)
{
	static const char *const	q[][2] = {
		{ "-V", "testd (qkdnode) " }, { "-h", "usage: testd" },
		{ "--options", "number: integer from 1 to 9 s, default 5" },
		{ "--man-options", ".TP\n\\fBnumber\\fR" },
		{ "--dump-messages", "block_take" },
	};
	char	*argv[] = { "testd", NULL, NULL };

	for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
		argv[1] = (char *)q[i][0];
		ck_assert_int_eq(run(just_start, 2, argv), 0);
		file_holds("out", q[i][1]);
	}
	argv[1] = "--nonsense";
	ck_assert_int_eq(run(just_start, 2, argv), 2);
	argv[1] = "stray";
	ck_assert_int_eq(run(just_start, 2, argv), 2);
	file_holds("err", "usage: testd");
}
END_TEST

/* ---- the loop ---- */

static struct event_base	*base;
static bool			 obedient;

static void
on_stop(void *arg)
{
	(void)arg;
	fputs("stop called\n", stdout);
	if (obedient)
		event_base_loopbreak(base);
}

static void
on_reload(void *arg)
{
	(void)arg;
	fputs("reload called\n", stdout);
	fflush(stdout);
	kill(getpid(), SIGTERM);
}

static void
send_term(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	kill(getpid(), SIGTERM);
}

static void
loop(int argc, char **argv)
{
	const struct timeval	 later = { 0, 200000 };
	struct event		*ev;

	(void)argc, (void)argv;
	base = daemon_loop(on_stop, on_reload, NULL);
	daemon_ready("all there");
	daemon_status("%d keys", 7);
	if (!obedient) {	/* a second SIGTERM ends it */
		ev = evtimer_new(base, send_term, NULL);
		event_add(ev, &later);
	}
	kill(getpid(), SIGHUP);
	event_base_dispatch(base);
	fflush(stdout);
	_exit(42);
}

START_TEST(sigterm_stops_in_order_and_sighup_reloads)
{
	obedient = true;
	ck_assert_int_eq(run(loop, 0, NULL), 42);
	file_holds("out", "reload called\nstop called\n");
}
END_TEST

START_TEST(a_second_sigterm_ends_at_once)
{
	uint64_t	began = mono_ms();

	obedient = false;
	ck_assert_int_eq(run(loop, 0, NULL), 42);
	ck_assert_uint_lt(mono_ms() - began, 5000);
	file_holds("out", "reload called\nstop called\n");
	file_holds("err", "again=1");
}
END_TEST

static unsigned	reloads;

static void
hang_up_often(void)
{
	for (int i = 0; i < 50; i++)
		kill(getpid(), SIGHUP);
}

static void
on_one_of_many(void *arg)
{
	(void)arg;
	if (++reloads == 1)
		hang_up_often();	/* must not be lost */
	else
		kill(getpid(), SIGTERM);
}

static void
storm(int argc, char **argv)
{
	(void)argc, (void)argv;
	obedient = true;
	base = daemon_loop(on_stop, on_one_of_many, NULL);
	hang_up_often();
	event_base_dispatch(base);
	_exit(40 + (int)reloads);
}

START_TEST(many_sighups_share_a_reload_and_one_during_it_has_another)
{
	ck_assert_int_eq(run(storm, 0, NULL), 42);
}
END_TEST

static void
stubborn(int argc, char **argv)
{
	(void)argc, (void)argv;
	base = daemon_loop(on_stop, NULL, NULL);
	kill(getpid(), SIGTERM);
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	_exit(42);
}

START_TEST(a_daemon_that_does_not_end_is_ended)
{
	uint64_t	began = mono_ms();

	obedient = false;
	ck_assert_int_eq(run(stubborn, 0, NULL), 42);
	ck_assert_uint_ge(mono_ms() - began, 7500);
	file_holds("err", "orderly end took too long");
}
END_TEST

START_TEST(the_service_manager_is_told)
{
	static const char *const	expected[] = {
		"READY=1\nSTATUS=all there", "STATUS=7 keys", "STOPPING=1" };
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	char			got[512];
	ssize_t			n;
	int			fd;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", unit_path("ntf"));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", sun.sun_path, 1), 0);
	obedient = true;
	ck_assert_int_eq(run(loop, 0, NULL), 42);
	unsetenv("NOTIFY_SOCKET");
	for (int i = 0; i < 3; i++) {
		n = recv(fd, got, sizeof(got) - 1, 0);
		ck_assert_int_gt(n, 0);
		got[n] = '\0';
		ck_assert_str_eq(got, expected[i]);
	}
	close(fd);
}
END_TEST

UNIT_MAIN("daemon", a_good_configuration_starts_without_core_dumps,
    checking_a_configuration_says_ok_or_what_is_wrong,
    questions_are_answered_without_a_configuration,
    sigterm_stops_in_order_and_sighup_reloads,
    many_sighups_share_a_reload_and_one_during_it_has_another,
    a_second_sigterm_ends_at_once, a_daemon_that_does_not_end_is_ended,
    the_service_manager_is_told)
