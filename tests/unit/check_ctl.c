/* The control socket. */
#include "config.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Tells what it was asked; "big" gives more than a socket buffer holds. */
static json_t *
handle(void *arg, int nargs, char **args)
{
	json_t	*a;
	char	*big;

	ck_assert_ptr_eq(arg, &base);
	if (strcmp(args[0], "big") == 0) {
		ck_assert_ptr_nonnull(big = malloc(2000001));
		memset(big, 'b', 2000000);
		big[2000000] = '\0';
		a = json_pack("{s:s}", "big", big);
		free(big);
		return a;
	}
	if (strcmp(args[0], "bad") == 0)
		return ctl_error("no %s", args[1]);
	a = json_array();
	for (int i = 0; i < nargs; i++)
		json_array_append_new(a, json_string(args[i]));
	return json_pack("{s:o}", "args", a);
}

static void
start(void)
{
	base = event_base_new();
	ck_assert_int_eq(ctl_listen(&ctl, base, unit_path("sock"), "the help",
	    handle, &base), 0);
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
	asks("status\n", "{\"args\":[\"status\"]}\n");
	asks("a  b\t\"c d\" \"e\\\"\\\\\"f\r\n",
	    "{\"args\":[\"a\",\"b\",\"c d\",\"e\\\"\\\\f\"]}\n");
	asks("help\n", "{\"help\":\"the help\"}\n");
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
	for (const char *p = "hello you\n"; *p != '\0'; p++) {
		ck_assert_int_eq(send(fd, p, 1, 0), 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	a = answer(fd);
	ck_assert_str_eq(a, "{\"args\":[\"hello\",\"you\"]}\n");
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
	asks("still here\n", "{\"args\":[\"still\",\"here\"]}\n");
	finish();
}
END_TEST

START_TEST(a_live_socket_is_not_taken_over_but_a_dead_one_is)
{
	struct ctl	*second;
	pid_t		 pid;

	start();
	unit_capture();
	ck_assert_int_eq(ctl_listen(&second, base, unit_path("sock"), "",
	    handle, NULL), -E_SYSTEM);
	free(unit_captured());
	ck_assert_ptr_null(second);
	asks("x\n", "{\"args\":[\"x\"]}\n");
	finish();
	if ((pid = fork()) == 0) {	/* dies without cleaning up */
		start();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(access(unit_path("sock"), F_OK), 0);
	start();
	asks("x\n", "{\"args\":[\"x\"]}\n");
	finish();
}
END_TEST

START_TEST(another_user_is_refused)
{
	char	*a;
	pid_t	 pid;
	int	 status;

	if (geteuid() != 0)
		return;
	start();
	ck_assert_int_eq(chmod(unit_path("sock"), 0666), 0);
	ck_assert_int_eq(chmod(unit_path(""), 0755), 0);
	if ((pid = fork()) == 0) {
		if (setuid(65534) < 0)
			_exit(2);
		int	fd = dial();
		char	c;

		if (send(fd, "status\n", 7, MSG_NOSIGNAL) != 7)
			_exit(0);
		usleep(300000);
		_exit(recv(fd, &c, 1, 0) > 0 ? 1 : 0);
	}
	unit_capture();
	for (int i = 0; i < 20; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(10000);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	a = unit_captured();
	ck_assert_int_eq(status, 0);
	ck_assert_ptr_nonnull(strstr(a, "control connection refused uid=65534"));
	free(a);
	finish();
}
END_TEST

UNIT_MAIN("ctl", one_line_gives_one_object, bad_lines_get_an_error,
    a_line_may_come_in_pieces, a_large_answer_arrives_whole,
    silent_and_too_many_clients_are_closed,
    a_live_socket_is_not_taken_over_but_a_dead_one_is,
    another_user_is_refused)
