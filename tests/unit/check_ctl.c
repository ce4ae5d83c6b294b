/* The control socket. */
#include "config.h"

#include <event2/event.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "unit.h"

static struct event_base	*base;
static struct ctl		*ctl;

/* Tells what it was asked. */
static json_t *
echo(void *arg, int nargs, char **args)
{
	json_t	*a = json_array();

	ck_assert_ptr_eq(arg, &base);
	for (int i = 0; i < nargs; i++)
		json_array_append_new(a, json_string(args[i]));
	return json_pack("{s:o}", "args", a);
}

/* More than a socket buffer holds. */
static json_t *
big(void *arg, int nargs, char **args)
{
	char	*text = malloc(2000001);
	json_t	*a;

	(void)arg, (void)nargs, (void)args;
	ck_assert_ptr_nonnull(text);
	memset(text, 'b', 2000000);
	text[2000000] = '\0';
	a = json_pack("{s:s}", "big", text);
	free(text);
	return a;
}

static json_t *
bad(void *arg, int nargs, char **args)
{
	(void)arg, (void)nargs;
	return ctl_error("no %s", args[1]);
}

static json_t *
longer(void *arg, int nargs, char **args)
{
	(void)arg;
	return json_pack("{s:s, s:i}", "longer", args[1], "n", nargs);
}

static const struct ctl_command	first[] = {
	{ "look", "", "how it is", 0, 0, false, echo },
	{ "a", "X Y ...", "some letters", 0, 15, false, echo },
	{ "big", "", "much", 0, 0, false, big },
	{ "bad", "WHAT", "an error", 1, 1, false, bad },
	{ .name = NULL }
};
static const struct ctl_command	second[] = {
	{ "set", "", "shows", 0, 0, false, echo },
	{ "set up", "WHAT", "sets", 1, 2, true, longer },
	{ "bad", "", "never reached", 0, 0, true, echo },
	{ .name = NULL }
};

static void
start(void)
{
	base = event_base_new();
	ck_assert_int_eq(ctl_listen(&ctl, base, unit_path("sock")), 0);
	ck_assert_int_eq(ctl_commands(ctl, first, &base), 0);
	ck_assert_int_eq(ctl_commands(ctl, second, NULL), 0);
}

static void
finish(void)
{
	ctl_free(&ctl);
	event_base_free(base);
}

static int
dial(void)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	const struct timeval	tv = { 0, 10000 };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", unit_path("sock"));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

/* Runs the loop until the server closes; the answer, to be freed. */
static char *
answer(int fd)
{
	char		*p = NULL, buf[65536];
	size_t		 len = 0;
	ssize_t		 n;
	uint64_t	 end = mono_ms() + 20000;

	while (mono_ms() < end) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if ((n = recv(fd, buf, sizeof(buf), 0)) == 0)
			break;
		if (n < 0)
			continue;
		ck_assert_ptr_nonnull(p = realloc(p, len + (size_t)n + 1));
		memcpy(p + len, buf, (size_t)n);
		len += (size_t)n;
		p[len] = '\0';
	}
	close(fd);
	return p;
}

static char *
ask(const char *line, size_t len)
{
	int	fd = dial();

	ck_assert_int_eq(send(fd, line, len, MSG_NOSIGNAL), (ssize_t)len);
	return answer(fd);
}

static void
asks(const char *line, const char *expected)
{
	char	*a = ask(line, strlen(line));

	ck_assert_ptr_nonnull(a);
	ck_assert_str_eq(a, expected);
	free(a);
}

START_TEST(one_line_gives_one_object)
{
	struct stat	st;

	start();
	ck_assert_int_eq(stat(unit_path("sock"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	asks("look\n", "{\"args\":[\"look\"]}\n");
	asks("a  b\t\"c d\" \"e\\\"\\\\\"f\r\n",
	    "{\"args\":[\"a\",\"b\",\"c d\",\"e\\\"\\\\f\"]}\n");
	asks("bad luck\n", "{\"error\":\"no luck\"}\n");
	finish();
	ck_assert_int_eq(stat(unit_path("sock"), &st), -1);
}
END_TEST

START_TEST(bad_lines_get_an_error)
{
	static const char	nul[] = "a\0b\n";
	char			longest[5000], *a;

	start();
	asks("\n", "{\"error\":\"bad request: no command; try help\"}\n");
	asks("a \"b\n", "{\"error\":\"bad request: malformed\"}\n");
	asks("a\x1b\n", "{\"error\":\"bad request: malformed\"}\n");
	asks("1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7\n",
	    "{\"error\":\"bad request: too large\"}\n");
	asks("bad \xff\n", "{\"error\":\"bad request\"}\n");
	ck_assert_ptr_nonnull(a = ask(nul, 4));
	ck_assert_str_eq(a, "{\"error\":\"bad request: NUL\"}\n");
	free(a);
	memset(longest, 'x', sizeof(longest));
	ck_assert_ptr_nonnull(a = ask(longest, 4096));
	ck_assert_str_eq(a, "{\"error\":\"bad request: line too long\"}\n");
	free(a);
	finish();
}
END_TEST

START_TEST(a_line_may_come_in_pieces)
{
	char	*a;
	int	 fd;

	start();
	fd = dial();
	for (const char *p = "a you\n"; *p != '\0'; p++) {
		ck_assert_int_eq(send(fd, p, 1, 0), 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	a = answer(fd);
	ck_assert_str_eq(a, "{\"args\":[\"a\",\"you\"]}\n");
	free(a);
	finish();
}
END_TEST

START_TEST(a_large_answer_arrives_whole)
{
	char	*a;

	start();
	ck_assert_ptr_nonnull(a = ask("big\n", 4));
	ck_assert_uint_eq(strlen(a), 2000000 + strlen("{\"big\":\"\"}\n"));
	free(a);
	finish();
}
END_TEST

START_TEST(silent_and_too_many_clients_are_closed)
{
	int		fds[17];
	uint64_t	began = mono_ms();
	char		c;

	start();
	for (int i = 0; i < 17; i++) {
		fds[i] = dial();
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	ck_assert_int_eq(recv(fds[16], &c, 1, 0), 0);
	/* One that sends now and then is not spared. */
	while (mono_ms() - began < 4500) {
		ck_assert_int_eq(send(fds[0], "x", 1, MSG_NOSIGNAL), 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(100000);
	}
	while (mono_ms() - began < 5600)
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	for (int i = 0; i < 17; i++) {
		ck_assert_int_le(recv(fds[i], &c, 1, 0), 0);
		close(fds[i]);
	}
	asks("a here\n", "{\"args\":[\"a\",\"here\"]}\n");
	finish();
}
END_TEST

START_TEST(a_live_socket_is_not_taken_over_but_a_dead_one_is)
{
	struct ctl	*other;
	pid_t		 pid;

	start();
	unit_capture();
	ck_assert_int_eq(ctl_listen(&other, base, unit_path("sock")),
	    -E_SYSTEM);
	free(unit_captured());
	ck_assert_ptr_null(other);
	asks("a\n", "{\"args\":[\"a\"]}\n");
	finish();
	if ((pid = fork()) == 0) {	/* dies without cleaning up */
		start();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(access(unit_path("sock"), F_OK), 0);
	start();
	asks("a\n", "{\"args\":[\"a\"]}\n");
	finish();
}
END_TEST

START_TEST(a_command_is_known_by_its_name_and_number_of_arguments)
{
	start();
	asks("what\n", "{\"error\":\"unknown command \\\"what\\\"; try help"
	    "\"}\n");
	asks("stat\n", "{\"error\":\"unknown command \\\"stat\\\"; try help"
	    "\"}\n");
	asks("look now\n", "{\"error\":\"usage: look\"}\n");
	asks("bad\n", "{\"error\":\"usage: bad WHAT\"}\n");
	asks("set down\n", "{\"error\":\"usage: set\"}\n");
	asks("set up\n", "{\"error\":\"usage: set up WHAT\"}\n");
	asks("set up it\n", "{\"longer\":\"up\",\"n\":3}\n");
	finish();
}
END_TEST

START_TEST(help_names_every_command_and_who_may_give_it)
{
	static const char *const	lines[] = {
		"look                      how it is\\n",
		"set up WHAT               sets (root)\\n" };
	char				*a;

	start();
	ck_assert_ptr_nonnull(a = ask("help\n", 5));
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ck_assert_ptr_nonnull(strstr(a, lines[i]));
	free(a);
	finish();
}
END_TEST

/* Another user, in these groups, asks; what it got. NULL: it was refused. */
static char *
asks_as(gid_t gid, size_t n, const gid_t *groups, const char *line)
{
	const struct timeval	long_enough = { 20, 0 };
	char	*got = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED |
		    MAP_ANONYMOUS, -1, 0), *copy;
	pid_t	 pid;
	int	 fd;

	ck_assert_ptr_ne(got, MAP_FAILED);
	if ((pid = fork()) == 0) {
		if (setgroups(n, groups) < 0 || setgid(gid) < 0 ||
		    setuid(65534) < 0)
			_exit(2);
		fd = dial();
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &long_enough,
		    sizeof(long_enough));
		(void)send(fd, line, strlen(line), MSG_NOSIGNAL);
		_exit(recv(fd, got, 4095, 0) > 0 ? 0 : 1);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	copy = got[0] != '\0' ? strdup(got) : NULL;
	munmap(got, 4096);
	return copy;
}

static void
open_to_all(void)
{
	ck_assert_int_eq(chmod(unit_path("sock"), 0666), 0);
	ck_assert_int_eq(chmod(unit_path(""), 0755), 0);
}

START_TEST(another_user_is_refused)
{
	char	*a;

	if (geteuid() != 0)
		return;
	start();
	open_to_all();
	unit_capture();
	ck_assert_ptr_null(asks_as(65534, 0, NULL, "look\n"));
	a = unit_captured();
	ck_assert_ptr_nonnull(strstr(a, "control connection refused uid=65534"));
	free(a);
	finish();
}
END_TEST

START_TEST(who_is_in_the_group_may_look_but_not_change)
{
	const gid_t	group = 4711;
	char		*a;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(unit_path(""), 0, group), 0);
	ck_assert_int_eq(chmod(unit_path(""), 02755), 0);
	start();
	for (int primary = 0; primary < 2; primary++) {
		ck_assert_ptr_nonnull(a = asks_as(primary ? group : 65534,
		    !primary, &group, "look\n"));
		ck_assert_str_eq(a, "{\"args\":[\"look\"]}\n");
		free(a);
	}
	ck_assert_ptr_nonnull(a = asks_as(group, 0, NULL, "set up it\n"));
	ck_assert_str_eq(a, "{\"error\":\"set up: only root may do this; "
	    "members of the group may look\"}\n");
	free(a);
	finish();
}
END_TEST

UNIT_MAIN("ctl", one_line_gives_one_object, bad_lines_get_an_error,
    a_line_may_come_in_pieces, a_large_answer_arrives_whole,
    silent_and_too_many_clients_are_closed,
    a_live_socket_is_not_taken_over_but_a_dead_one_is,
    a_command_is_known_by_its_name_and_number_of_arguments,
    help_names_every_command_and_who_may_give_it,
    another_user_is_refused, who_is_in_the_group_may_look_but_not_change)
