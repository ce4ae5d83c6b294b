/* Accepting, and what happens when there are no descriptors left. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ident.h"
#include "listener.h"
#include "log.h"

#define N	20

static struct event_base *base;
static struct listener	*l;
static struct sockaddr_in where;
static int		 got[N], client[N];
static unsigned		 ngot;

static void
on_accept(void *arg, int fd)
{
	(void)arg;
	ck_assert_uint_lt(ngot, N);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	got[ngot++] = fd;
}

/* A port that was free a moment ago. */
static void
setup(void)
{
	socklen_t	len = sizeof(where);
	char		address[32];
	int		fd = socket(AF_INET, SOCK_STREAM, 0);

	log_init("check_listener", LL_ERR);
	base = event_base_new();
	where = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&where, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&where, &len), 0);
	close(fd);
	snprintf(address, sizeof(address), "127.0.0.1:%u",
	    ntohs(where.sin_port));
	ck_assert_ptr_nonnull(l = listener_new(base, address, 4, on_accept,
	    NULL));
}

static void
teardown(void)
{
	listener_free(&l);
	event_base_free(base);
}

static void
connect_all(void)
{
	for (int i = 0; i < N; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_ge(client[i], 0);
		ck_assert_int_eq(connect(client[i], (struct sockaddr *)&where,
		    sizeof(where)), 0);
	}
}

static void
serve(int ms)
{
	struct timeval	wait = { 0, ms * 1000 };

	event_base_loopexit(base, &wait);
	event_base_dispatch(base);
}

START_TEST(all_who_connect_are_accepted)
{
	connect_all();
	serve(300);
	ck_assert_uint_eq(ngot, N);
}
END_TEST

START_TEST(without_descriptors_it_rests_and_goes_on_later)
{
	struct rlimit	old, few;
	unsigned	n = 0;
	uint64_t	end;

	connect_all();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)dup(0) + 6;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	end = mono_ms() + 500;
	while (mono_ms() < end) {
		event_base_loop(base, EVLOOP_ONCE);	/* sleeps till then */
		n++;
	}
	ck_assert_uint_lt(ngot, N);
	ck_assert_uint_gt(ngot, 0);
	ck_assert_uint_lt(n, 50);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	serve(300);
	ck_assert_uint_eq(ngot, N);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("listener");
	TCase	*t = tcase_create("listener");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_who_connect_are_accepted);
	tcase_add_test(t, without_descriptors_it_rests_and_goes_on_later);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
