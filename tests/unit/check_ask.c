/* qkdctl asks a daemon that answers well, badly, slowly or not at all. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "daemons.h"
#include "field.h"
#include "ident.h"
#include "unit.h"

static char		run_dir[512];
static struct call	call = { .run_dir = run_dir, .wait = 5 };

static int
listen_as(const char *daemon)
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };
	char			path[1024];
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(run_dir, sizeof(run_dir), "%s", unit_path(""));
	snprintf(path, sizeof(path), "%s/ctl-%s", run_dir, daemon);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_lt(snprintf(sa.sun_path, sizeof(sa.sun_path),
	    "%s/sock", path), sizeof(sa.sun_path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* What the child got is appended to "got"; `slowly` writes without end. */
static pid_t
daemon_that_says(const char *text, bool slowly)
{
	int	fd = listen_as("kma"), c;
	char	line[8192];
	ssize_t	n;
	pid_t	pid = fork();

	if (pid != 0) {
		close(fd);
		return pid;
	}
	if ((c = accept(fd, NULL, NULL)) < 0 ||
	    (n = recv(c, line, sizeof(line), 0)) < 0)
		_exit(1);
	unit_write(unit_path("got"), line, (size_t)n, 0600);
	do {
		if (send(c, text, strlen(text), MSG_NOSIGNAL) < 0)
			_exit(0);
		if (slowly)
			usleep(20000);
	} while (slowly);
	_exit(0);
}

static void
finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(a_daemon_gets_each_argument_and_its_answer_comes_back)
{
	struct ask_error	 e;
	char			*args[] = { (char *)"say", (char *)"a \"b\\",
				    (char *)"" };
	pid_t			 pid = daemon_that_says("{\"x\":1}\n", false);
	json_t			*j = ask(&call, "kma", 3, args, &e);
	char			*got;

	ck_assert_int_eq(field_int(j, "x", 0), 1);
	ck_assert_int_eq(e.code, CALL_DONE);
	got = unit_read(unit_path("got"), NULL);
	ck_assert_str_eq(got, "\"say\" \"a \\\"b\\\\\" \"\"\n");
	free(got);
	json_decref(j);
	finish(pid);
}
END_TEST

START_TEST(a_refusal_is_told_without_what_a_terminal_obeys)
{
	struct ask_error	e;
	pid_t			pid = daemon_that_says(
				    "{\"error\":\"no\\u001b[1m\"}\n", false);

	ck_assert_ptr_null(ask_word(&call, "kma", "x", &e));
	ck_assert_int_eq(e.code, CALL_REFUSED);
	ck_assert_str_eq(e.text, "no?[1m");
	finish(pid);
}
END_TEST

START_TEST(what_is_no_object_is_no_answer)
{
	static const char *const	bad[] = { "", "\n", "[]", "{", "{}{}",
					    "{\"a\":1,\"a\":2}", "x\n",
					    "\"\\ud800\"" };

	ck_assert_ptr_null(ask_parse("{\0}", 3));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_ptr_null(ask_parse(bad[i], strlen(bad[i])));
}
END_TEST

/* An octet now and then gains no time. */
START_TEST(a_daemon_that_never_ends_its_answer_is_left_in_time)
{
	struct ask_error	e;
	uint64_t		begin = mono_ms();
	pid_t			pid = daemon_that_says("{", true);

	call.wait = 1;
	ck_assert_ptr_null(ask_word(&call, "kma", "x", &e));
	ck_assert_int_eq(e.code, CALL_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(e.text, "hangs"));
	ck_assert_uint_lt(mono_ms() - begin, 4000);
	finish(pid);
}
END_TEST

START_TEST(an_answer_without_end_does_not_fill_the_memory)
{
	struct ask_error	 e;
	char			*much = malloc(1 << 20);
	pid_t			 pid;

	memset(much, ' ', (1 << 20) - 1);
	much[(1 << 20) - 1] = '\0';
	pid = daemon_that_says(much, true);
	call.wait = 20;
	ck_assert_ptr_null(ask_word(&call, "kma", "x", &e));
	ck_assert_int_eq(e.err, EMSGSIZE);
	free(much);
	finish(pid);
}
END_TEST

START_TEST(who_is_not_there_is_told_with_what_to_do)
{
	struct ask_error	e;
	char			*bad[] = { (char *)"a\nb" };

	snprintf(run_dir, sizeof(run_dir), "%s", unit_path(""));
	ck_assert_ptr_null(ask_word(&call, "ksa", "x", &e));
	ck_assert_int_eq(e.code, CALL_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(e.text, "is the daemon started"));
	close(listen_as("ksa"));
	ck_assert_ptr_null(ask_word(&call, "ksa", "x", &e));
	ck_assert_ptr_nonnull(strstr(e.text, "has ended"));
	ck_assert_ptr_null(ask_word(&call, "../ksa", "x", &e));
	ck_assert_int_eq(e.code, CALL_USAGE);
	ck_assert_ptr_null(ask(&call, "ksa", 1, bad, &e));
	ck_assert_int_eq(e.code, CALL_USAGE);
}
END_TEST

START_TEST(daemons_are_found_by_the_links_of_kma_and_by_their_places)
{
	struct daemons	d;
	json_t		*kma = json_pack("{s:[{s:s},{s:s},{s:s},i]}", "links",
			    "name", "a-b", "name", "a-c", "name", "../x", 3);

	close(listen_as("qkdmod-a-c"));
	close(listen_as("qkdmod-old"));
	close(listen_as("other"));
	daemons_find(&d, &call, NULL);
	ck_assert_uint_eq(d.n, 5);
	daemons_find(&d, &call, kma);
	ck_assert_uint_eq(d.n, 6);
	ck_assert_str_eq(d.name[0], "kma");
	ck_assert_str_eq(d.name[2], "relayd");
	ck_assert_str_eq(d.name[3], "qkdmod-a-b");
	ck_assert_str_eq(d.name[4], "qkdmod-a-c");
	ck_assert_str_eq(d.name[5], "qkdmod-old");
	json_decref(kma);
}
END_TEST

UNIT_MAIN("ask", a_daemon_gets_each_argument_and_its_answer_comes_back,
    a_refusal_is_told_without_what_a_terminal_obeys,
    what_is_no_object_is_no_answer,
    a_daemon_that_never_ends_its_answer_is_left_in_time,
    an_answer_without_end_does_not_fill_the_memory,
    who_is_not_there_is_told_with_what_to_do,
    daemons_are_found_by_the_links_of_kma_and_by_their_places)
