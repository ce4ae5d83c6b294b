/* check_conn.c - tests common/conn.c against a peer that follows a script. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "ident.h"
#include "log.h"
#include "testpki.h"
#include "tls.h"

static struct testpki	 pki;
static SSL_CTX		*server_ctx, *client_ctx;
static struct event_base *base;
static struct conn	*conn;
static SSL		*peer;
static int		 peer_fd;

/* What the owner of the connection under test does and saw. */
static struct {
	char	 in[1 << 20];
	size_t	 len, calls, take_max, drained, closed;
	bool	 ready, refuse, close_in_input, finish_in_input, echo;
	bool	 pause_each, input_after_closed, line_by_line, close_in_drained;
	bool	 owes;		/* when the peer sends no more */
	size_t	 ended;
	uint64_t written, arrived;	/* in closed() */
	char	 why[300];
} own;

static struct conn_limits limits = {
	.handshake_ms = 300, .idle_ms = 5000, .write_ms = 400,
	.input_max = 65536, .output_max = 100000,
};

static int
on_ready(void *arg, struct conn *c, X509 *cert)
{
	(void)arg, (void)c;
	ck_assert_ptr_nonnull(cert);
	own.ready = true;
	return own.refuse ? -1 : 0;
}

static ssize_t
on_input(void *arg, struct conn *c, const uint8_t *p, size_t len)
{
	const uint8_t	*nl;

	(void)arg;
	own.calls++;
	if (own.closed > 0)
		own.input_after_closed = true;
	if (own.close_in_input) {
		conn_close(c, "as the test wants");
		return 0;
	}
	if (own.line_by_line) {
		if ((nl = memchr(p, '\n', len)) == NULL)
			return 0;
		len = (size_t)(nl - p) + 1;
	}
	if (own.take_max > 0 && len > own.take_max)
		len = own.take_max;
	ck_assert_uint_le(own.len + len, sizeof(own.in));
	memcpy(own.in + own.len, p, len);
	own.len += len;
	if (own.echo)
		ck_assert_int_eq(conn_write(c, p, len), 0);
	if (own.pause_each)
		conn_pause(c, true);
	if (own.finish_in_input)
		conn_finish(c);
	return (ssize_t)len;
}

static void
on_drained(void *arg, struct conn *c)
{
	(void)arg;
	own.drained++;
	if (own.close_in_drained)
		conn_close(c, "drained");
}

static bool
on_ended(void *arg, struct conn *c)
{
	(void)arg, (void)c;
	own.ended++;
	return own.owes;
}

static void
on_closed(void *arg, struct conn *c, const char *why)
{
	(void)arg;
	ck_assert_ptr_eq(c, conn);
	own.closed++;
	own.written = conn_written(c);
	own.arrived = conn_arrived(c);
	snprintf(own.why, sizeof(own.why), "%s", why);
	conn = NULL;
}

static const struct conn_ops ops = {
	.ready = on_ready, .input = on_input, .drained = on_drained,
	.ended = on_ended, .closed = on_closed,
};

static void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

static void
turns(int ms)
{
	uint64_t	end = mono_ms() + (uint64_t)ms;

	while (mono_ms() < end && own.closed == 0) {
		turn();
		usleep(500);
	}
}

static void
once(void)
{
	log_init("check_conn", LL_ERR);
	signal(SIGPIPE, SIG_IGN);
	testpki_open(&pki);
	testpki_issue(&pki, "server", "server", NULL, 3600);
	testpki_issue(&pki, "client", "client", NULL, 3600);
	server_ctx = testpki_server(&pki, "server");
	client_ctx = testpki_client(&pki, "client");
}

static void
at_end(void)
{
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	testpki_close(&pki);
}

static unsigned		 threads;	/* that do handshakes; 0: the loop */

static void
setup(void)
{
	int	fd[2];

	memset(&own, 0, sizeof(own));
	base = event_base_new();
	if (threads > 0)
		ck_assert_int_eq(helper_new(&limits.helper, base, threads), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	peer_fd = fd[1];
	conn = conn_new(base, server_ctx, fd[0], true, &limits, &ops, NULL);
	ck_assert_ptr_nonnull(conn);
	peer = SSL_new(client_ctx);
	SSL_set_fd(peer, peer_fd);
	SSL_set_connect_state(peer);
}

static void
teardown(void)
{
	ck_assert(!own.input_after_closed);
	ck_assert_uint_le(own.closed, 1);
	if (conn != NULL)
		conn_close(conn, "test over");
	if (peer != NULL)
		SSL_free(peer);
	peer = NULL;
	close(peer_fd);
	helper_free(&limits.helper);
	event_base_free(base);
}

static void
setup_threads(void)
{
	threads = 2;
	setup();
}

static bool
handshake(void)
{
	for (int i = 0; i < 2000 && own.closed == 0; i++) {
		int	r = SSL_do_handshake(peer);

		turn();
		if (r == 1 && own.ready)
			return true;
		usleep(100);
	}
	return false;
}

static void
peer_sends(const void *p, size_t len)
{
	size_t	done = 0;

	while (done < len && own.closed == 0) {
		int	n = SSL_write(peer, (const char *)p + done,
			    (int)(len - done));

		if (n > 0)
			done += (size_t)n;
		turn();
	}
}

static size_t
peer_reads(char *p, size_t len)
{
	size_t	got = 0;

	for (int i = 0; i < 5000 && got < len; i++) {
		int	n = SSL_read(peer, p + got, (int)(len - got));

		if (n > 0)
			got += (size_t)n;
		turn();
	}
	return got;
}

START_TEST(octets_go_both_ways)
{
	char	back[5];

	own.echo = true;
	ck_assert(handshake());
	peer_sends("hello", 5);
	ck_assert_uint_eq(peer_reads(back, 5), 5);
	ck_assert_mem_eq(back, "hello", 5);
	ck_assert_uint_ge(own.drained, 1);
}
END_TEST

START_TEST(large_input_and_output_arrive_whole_and_in_order)
{
	static char	data[200000], back[200000];
	size_t		sent = 0, got = 0;

	own.echo = true;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 2654435761U >> 13);
	ck_assert(handshake());
	for (int i = 0; i < 200000 && got < sizeof(back); i++) {
		int	n = SSL_write(peer, data + sent,
			    (int)(sizeof(data) - sent > 30000 ? 30000 :
			    sizeof(data) - sent));

		if (sent < sizeof(data) && n > 0)
			sent += (size_t)n;
		if ((n = SSL_read(peer, back + got,
		    (int)(sizeof(back) - got))) > 0)
			got += (size_t)n;
		turn();
	}
	ck_assert_uint_eq(got, sizeof(back));
	ck_assert_mem_eq(data, back, sizeof(back));
}
END_TEST

/* The peer's records, in pieces of a few octets through the socket. */
START_TEST(records_split_at_every_octet_are_put_together)
{
	BIO	*mem = BIO_new(BIO_s_mem());
	char	*p;
	long	 len;

	own.line_by_line = true;
	ck_assert(handshake());
	SSL_set0_wbio(peer, mem);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(SSL_write(peer, "half\nand", 8), 8);
	len = BIO_get_mem_data(mem, &p);
	for (long i = 0; i < len; i++) {
		ck_assert_int_eq(write(peer_fd, p + i, 1), 1);
		turn();
	}
	turns(20);
	ck_assert_uint_eq(own.len, 9 * 8 + 5);
	ck_assert_mem_eq(own.in, "half\nandhalf\nand", 16);
}
END_TEST

START_TEST(pipelined_input_waits_while_the_owner_is_busy)
{
	own.line_by_line = own.pause_each = true;
	ck_assert(handshake());
	peer_sends("one\ntwo\nthree\n", 14);
	turns(20);
	ck_assert_uint_eq(own.len, 4);
	conn_pause(conn, false);
	ck_assert_uint_eq(own.len, 4);		/* not from within */
	turns(20);
	ck_assert_uint_eq(own.len, 8);
	conn_pause(conn, false);
	turns(20);
	ck_assert_uint_eq(own.len, 14);
	conn_pause(conn, false);
	turns(20);
	ck_assert_uint_eq(own.calls, 3);
}
END_TEST

START_TEST(a_paused_connection_holds_little_and_resumes)
{
	static char	lines[150000];

	memset(lines, 'x', sizeof(lines));
	for (size_t i = 99; i < sizeof(lines); i += 100)
		lines[i] = '\n';
	own.line_by_line = true;
	ck_assert(handshake());
	conn_pause(conn, true);
	for (size_t i = 0, done = 0; i < 1000; i++) {
		int	n = done == sizeof(lines) ? 0 : SSL_write(peer,
			    lines + done, (int)(sizeof(lines) - done));

		done += n > 0 ? (size_t)n : 0;
		turn();
	}
	ck_assert_uint_eq(own.len, 0);
	conn_pause(conn, false);
	turns(50);
	ck_assert_uint_eq(own.len, sizeof(lines));
	ck_assert_mem_eq(own.in, lines, sizeof(lines));
}
END_TEST

START_TEST(input_that_never_makes_sense_is_bounded)
{
	static char	junk[100000];

	own.line_by_line = true;
	memset(junk, 'x', sizeof(junk));
	ck_assert(handshake());
	peer_sends(junk, sizeof(junk));
	turns(50);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_str_eq(own.why, "input too large");
}
END_TEST

START_TEST(closing_inside_a_callback_ends_it_at_once)
{
	own.close_in_input = true;
	ck_assert(handshake());
	peer_sends("one\n", 4);
	turns(20);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_uint_eq(own.calls, 1);
	ck_assert_str_eq(own.why, "as the test wants");
}
END_TEST

START_TEST(closing_when_drained_ends_it_at_once)
{
	own.echo = own.close_in_drained = true;
	ck_assert(handshake());
	peer_sends("one\n", 4);
	turns(20);
	ck_assert_str_eq(own.why, "drained");
}
END_TEST

START_TEST(finishing_delivers_the_last_answer)
{
	char	back[16];

	own.echo = own.finish_in_input = own.line_by_line = true;
	ck_assert(handshake());
	peer_sends("bye\nmore\n", 9);
	ck_assert_uint_eq(peer_reads(back, 4), 4);
	ck_assert_mem_eq(back, "bye\n", 4);
	ck_assert_int_eq(SSL_read(peer, back, 1), 0);
	ck_assert_int_eq(SSL_get_shutdown(peer), SSL_RECEIVED_SHUTDOWN);
	ck_assert_uint_eq(own.closed, 0);
	shutdown(peer_fd, SHUT_RDWR);
	turns(200);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_uint_eq(own.calls, 1);
}
END_TEST

START_TEST(finishing_does_not_wait_for_ever_for_the_peer)
{
	ck_assert(handshake());
	conn_finish(conn);
	turns(1500);
	ck_assert_uint_eq(own.closed, 1);
}
END_TEST

START_TEST(a_peer_that_says_nothing_is_closed)
{
	uint64_t	start = mono_ms();

	turns(2000);
	ck_assert_str_eq(own.why, "handshake takes too long");
	ck_assert_uint_ge(mono_ms() - start, 290);
	ck_assert_uint_le(mono_ms() - start, 900);
}
END_TEST

/* Trickling octets must not keep a deadline away. */
START_TEST(a_slow_peer_meets_the_deadline_of_the_owner)
{
	uint64_t	start;

	own.line_by_line = true;
	ck_assert(handshake());
	start = mono_ms();
	conn_deadline(conn, 300, "request takes too long");
	while (own.closed == 0 && mono_ms() - start < 2000) {
		SSL_write(peer, "x", 1);
		turns(20);
	}
	ck_assert_str_eq(own.why, "request takes too long");
	ck_assert_uint_ge(mono_ms() - start, 290);
	ck_assert_uint_le(mono_ms() - start, 900);
}
END_TEST

START_TEST(a_deadline_taken_back_does_not_strike)
{
	ck_assert(handshake());
	conn_deadline(conn, 200, "no");
	conn_deadline(conn, 0, NULL);
	turns(600);
	ck_assert_uint_eq(own.closed, 0);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_closed)
{
	static char	data[65536];

	ck_assert(handshake());
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(conn_write(conn, data, sizeof(data)), 0);
	turns(2000);
	ck_assert_str_eq(own.why, "peer does not read");
}
END_TEST

START_TEST(with_too_much_output_queued_input_stops)
{
	static char	lines[64 * 1024];

	memset(lines, '\n', sizeof(lines));
	own.echo = true;
	own.take_max = 1000;
	ck_assert(handshake());
	for (int i = 0; i < 100 && own.closed == 0; i++) {
		SSL_write(peer, lines, sizeof(lines));
		turn();
		ck_assert_uint_le(conn_output_queued(conn), 101000);
	}
	turns(2000);
	ck_assert_str_eq(own.why, "peer does not read");
}
END_TEST

START_TEST(a_peer_that_leaves_is_noticed_even_when_paused)
{
	ck_assert(handshake());
	conn_pause(conn, true);
	SSL_shutdown(peer);
	turns(200);
	ck_assert_uint_eq(own.ended, 1);
	ck_assert_str_eq(own.why, "closed by peer");
}
END_TEST

/* The other way is still open: as `openssl s_client </dev/null` does it. */
static void
peer_stops_sending(void)
{
	SSL_shutdown(peer);
	shutdown(peer_fd, SHUT_WR);
	turns(50);
}

START_TEST(a_peer_that_stops_sending_gets_its_answer)
{
	char	back[7];

	own.owes = true;
	ck_assert(handshake());
	peer_sends("ask", 3);
	peer_stops_sending();
	ck_assert_uint_eq(own.ended, 1);
	ck_assert_uint_eq(own.closed, 0);
	ck_assert_int_eq(conn_write(conn, "answer", 6), 0);
	conn_finish(conn);
	ck_assert_uint_eq(peer_reads(back, 6), 6);
	ck_assert_mem_eq(back, "answer", 6);
	turns(1500);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_str_eq(own.why, "finished");
	ck_assert_int_eq(SSL_read(peer, back, 1), 0);
	ck_assert_int_eq(SSL_get_error(peer, 0), SSL_ERROR_ZERO_RETURN);
}
END_TEST

START_TEST(a_peer_without_a_farewell_gets_its_answer)
{
	char	back[6];

	own.owes = true;
	ck_assert(handshake());
	shutdown(peer_fd, SHUT_WR);
	turns(50);
	ck_assert_uint_eq(own.ended, 1);
	ck_assert_int_eq(conn_write(conn, "answer", 6), 0);
	conn_finish(conn);
	ck_assert_uint_eq(peer_reads(back, 6), 6);
}
END_TEST

START_TEST(a_peer_without_a_farewell_may_count_as_gone)
{
	teardown();
	limits.abrupt_is_gone = true;
	setup();
	own.owes = true;
	ck_assert(handshake());
	peer_sends("ask", 3);
	shutdown(peer_fd, SHUT_WR);
	turns(50);
	ck_assert_uint_eq(own.len, 3);
	ck_assert_uint_eq(own.ended, 0);
	ck_assert_uint_eq(own.closed, 1);
}
END_TEST

START_TEST(all_input_is_offered_before_its_end_is_told)
{
	own.line_by_line = own.pause_each = true;
	ck_assert(handshake());
	peer_sends("one\ntwo\n", 8);
	peer_stops_sending();
	for (int i = 1; i <= 2; i++) {
		ck_assert_uint_eq(own.calls, i);
		ck_assert_uint_eq(own.ended, i == 2 ? 1 : 0);
		if (i < 2)
			conn_pause(conn, false);
		turns(50);
	}
	ck_assert_mem_eq(own.in, "one\ntwo\n", 8);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_str_eq(own.why, "closed by peer");
}
END_TEST

START_TEST(half_a_message_does_not_hold_the_connection_open)
{
	own.line_by_line = true;
	ck_assert(handshake());
	peer_sends("hal", 3);
	peer_stops_sending();
	turns(200);
	ck_assert_uint_eq(own.ended, 1);
	ck_assert_uint_eq(own.closed, 1);
}
END_TEST

/* The same pair of peers, on TCP: UNIX sockets confirm nothing. */
static void
over_tcp_of(int room)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t	len = sizeof(sin);
	int		l = socket(AF_INET, SOCK_STREAM, 0), fd, few = 8192;

	conn_close(conn, "not needed");
	SSL_free(peer);
	close(peer_fd);
	memset(&own, 0, sizeof(own));
	ck_assert_int_eq(bind(l, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(listen(l, 1), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&sin, &len), 0);
	peer_fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(peer_fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few));
	ck_assert_int_eq(connect(peer_fd, (struct sockaddr *)&sin, len), 0);
	fcntl(peer_fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_ge(fd = accept(l, NULL, NULL), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	close(l);
	if (room > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	conn = conn_new(base, server_ctx, fd, true, &limits, &ops, NULL);
	peer = SSL_new(client_ctx);
	SSL_set_fd(peer, peer_fd);
	SSL_set_connect_state(peer);
	ck_assert(handshake());
}

static void
over_tcp(void)
{
	over_tcp_of(8192);
}

static void
peer_resets(void)
{
	struct linger	now = { 1, 0 };

	setsockopt(peer_fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peer_fd);
	peer_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	turns(200);
	ck_assert_uint_eq(own.closed, 1);
}

START_TEST(what_the_peer_has_read_has_arrived)
{
	static char	data[100000];

	over_tcp();
	ck_assert_int_eq(conn_write(conn, data, sizeof(data)), 0);
	ck_assert_uint_eq(peer_reads(data, sizeof(data)), sizeof(data));
	turns(100);
	ck_assert_uint_eq(conn_written(conn), sizeof(data));
	ck_assert_uint_eq(conn_arrived(conn), sizeof(data));
	peer_resets();
	ck_assert_uint_eq(own.arrived, sizeof(data));
}
END_TEST

START_TEST(what_a_peer_left_unread_in_our_queue_has_not_arrived)
{
	static char	data[1000000];

	over_tcp();
	ck_assert_int_eq(conn_write(conn, data, sizeof(data)), 0);
	turns(50);
	ck_assert_uint_gt(conn_output_queued(conn), 0);
	peer_resets();
	ck_assert_uint_eq(own.written, sizeof(data));
	ck_assert_uint_lt(own.arrived, sizeof(data) / 2);
}
END_TEST

/* Else a limit for our queue would limit nothing. */
START_TEST(the_system_takes_little_that_a_peer_does_not_read)
{
	static char	data[4000000];

	over_tcp_of(0);
	ck_assert_int_eq(conn_write(conn, data, sizeof(data)), 0);
	turns(50);
	ck_assert_uint_gt(conn_output_queued(conn), sizeof(data) - 1000000);
	ck_assert_uint_lt(conn_output_queued(conn), sizeof(data));
}
END_TEST

/* Little enough for the system to take, too much for the peer's. */
START_TEST(what_the_system_holds_has_not_arrived)
{
	static char	data[1000];
	size_t		n = 0;

	over_tcp();
	while (conn_arrived(conn) == n) {
		ck_assert_int_eq(conn_write(conn, data, sizeof(data)), 0);
		n += sizeof(data);
		turns(20);
		ck_assert_uint_eq(conn_output_queued(conn), 0);
	}
	peer_resets();
	ck_assert_uint_eq(own.written, n);
	ck_assert_uint_lt(own.arrived, n);
}
END_TEST

START_TEST(a_last_answer_arrives_though_the_peer_stopped_sending)
{
	char	back[6];

	over_tcp();
	own.owes = true;
	peer_stops_sending();
	ck_assert_int_eq(conn_write(conn, "answer", 6), 0);
	conn_finish(conn);
	turns(50);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_str_eq(own.why, "finished");
	ck_assert_uint_eq(own.arrived, 6);
	ck_assert_uint_eq(peer_reads(back, 6), 6);
}
END_TEST

START_TEST(a_last_answer_to_nobody_has_not_arrived)
{
	char	few;

	over_tcp();
	own.owes = true;
	peer_sends("x", 1);
	ck_assert_int_le(SSL_read(peer, &few, 1), 0);
	close(peer_fd);		/* all of it: our answer meets a reset */
	peer_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	turns(50);
	ck_assert_uint_eq(own.ended, 1);
	ck_assert_int_eq(conn_write(conn, "answer", 6), 0);
	conn_finish(conn);
	turns(1500);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert_uint_eq(own.arrived, 0);
}
END_TEST

/* Whoever takes what was there when his time began gets new time. */
START_TEST(a_peer_that_reads_steadily_is_not_cut_off)
{
	static char	data[4096];
	uint64_t	start = mono_ms();

	over_tcp();
	while (mono_ms() - start < 1200 && own.closed == 0) {
		while (conn_output_queued(conn) < 1000000)
			ck_assert_int_eq(conn_write(conn, data, sizeof(data)),
			    0);
		turns(1);
		for (int i = 0; i < 16; i++)
			(void)SSL_read(peer, data, sizeof(data));
	}
	ck_assert_uint_eq(own.closed, 0);
	ck_assert_uint_eq(own.drained, 0);
}
END_TEST

/* At each point of the handshake; a thread may have it just then. */
START_TEST(closing_during_the_handshake_is_safe)
{
	for (int steps = 0; steps < 60; steps++) {
		int	fd[2];

		if (conn != NULL)
			conn_close(conn, "as the test wants");
		SSL_free(peer);
		close(peer_fd);
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fd), 0);
		memset(&own, 0, sizeof(own));
		conn = conn_new(base, server_ctx, fd[0], true, &limits, &ops,
		    NULL);
		peer = SSL_new(client_ctx);
		SSL_set_fd(peer, peer_fd = fd[1]);
		SSL_set_connect_state(peer);
		for (int i = 0; i < steps && own.closed == 0; i++) {
			SSL_do_handshake(peer);
			turn();
			usleep(50);
		}
	}
}
END_TEST

START_TEST(noise_instead_of_tls_costs_only_the_connection)
{
	ck_assert_int_eq(write(peer_fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	turns(200);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert(!own.ready);
}
END_TEST

START_TEST(a_peer_without_a_certificate_is_refused)
{
	SSL_CTX	*bare = SSL_CTX_new(TLS_client_method());

	SSL_free(peer);
	peer = SSL_new(bare);
	SSL_set_fd(peer, peer_fd);
	SSL_set_connect_state(peer);
	handshake();
	turns(200);
	ck_assert_uint_eq(own.closed, 1);
	ck_assert(!own.ready);
	SSL_CTX_free(bare);
}
END_TEST

START_TEST(a_refused_certificate_is_named_with_the_reason)
{
	struct testpki	 strange;
	SSL_CTX		*ctx;

	testpki_open(&strange);
	testpki_issue(&strange, "x", "stranger", NULL, 3600);
	ctx = testpki_client(&strange, "x");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_free(peer);
	peer = SSL_new(ctx);
	SSL_set_fd(peer, peer_fd);
	SSL_set_connect_state(peer);
	handshake();
	turns(200);
	ck_assert(!own.ready);
	ck_assert_ptr_nonnull(strstr(own.why, "certificate refused: "));
	ck_assert_ptr_nonnull(strstr(own.why, "CN=stranger"));
	SSL_CTX_free(ctx);
	testpki_close(&strange);
}
END_TEST

START_TEST(the_owner_can_refuse_a_good_certificate)
{
	own.refuse = true;
	handshake();
	ck_assert_uint_eq(own.calls, 0);
	ck_assert_str_eq(own.why, "refused");
}
END_TEST

START_TEST(key_updates_do_not_stall_the_loop)
{
	ck_assert(handshake());
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(SSL_key_update(peer,
		    SSL_KEY_UPDATE_REQUESTED), 1);
		ck_assert_int_eq(SSL_write(peer, "a", 1), 1);
	}
	for (int i = 0; i < 100 && own.len < 50; i++)
		turns(50);
	ck_assert_uint_eq(own.len, 50);
}
END_TEST

/* One session: full handshake, close, then resumed by the client. */
static void
resume(int version)
{
	SSL_SESSION	*s;
	char		 c;
	int		 fd[2];

	SSL_set_max_proto_version(peer, version);
	own.echo = true;
	ck_assert(handshake());
	peer_sends("x", 1);
	ck_assert_uint_eq(peer_reads(&c, 1), 1);
	ck_assert_ptr_nonnull(s = SSL_get1_session(peer));
	SSL_shutdown(peer);
	turns(200);
	ck_assert_uint_eq(own.closed, 1);
	SSL_free(peer);
	close(peer_fd);
	memset(&own, 0, sizeof(own));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	conn = conn_new(base, server_ctx, fd[0], true, &limits, &ops, NULL);
	peer = SSL_new(client_ctx);
	SSL_set_fd(peer, peer_fd = fd[1]);
	SSL_set_connect_state(peer);
	SSL_set_max_proto_version(peer, version);
	SSL_set_session(peer, s);
	SSL_SESSION_free(s);
	ck_assert(handshake());
	ck_assert_int_eq(SSL_session_reused(peer), 1);
}

START_TEST(sessions_are_resumed_in_tls_1_3)
{
	resume(TLS1_3_VERSION);
}
END_TEST

START_TEST(sessions_are_resumed_in_tls_1_2)
{
	resume(TLS1_2_VERSION);
}
END_TEST

START_TEST(two_connections_of_ours_talk_to_each_other)
{
	struct conn	*client;
	int		 fd[2];

	own.echo = false;
	conn_close(conn, "not needed");
	memset(&own, 0, sizeof(own));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	client = conn_new(base, client_ctx, fd[0], false, &limits, &ops,
	    NULL);
	ck_assert_int_eq(conn_write(client, "early", 5), 0);
	conn = conn_new(base, server_ctx, fd[1], true, &limits, &ops, NULL);
	turns(200);
	ck_assert_uint_eq(own.len, 5);
	conn_finish(client);
	turns(200);
	ck_assert_str_eq(own.why, "closed by peer");
	conn = client;
	own.closed = 0;
	turns(200);
	ck_assert_uint_eq(own.closed, 1);
}
END_TEST

static void
add_case(Suite *s, const char *name, void (*begin)(void))
{
	const TTest *const tests[] = {
		octets_go_both_ways,
		large_input_and_output_arrive_whole_and_in_order,
		records_split_at_every_octet_are_put_together,
		pipelined_input_waits_while_the_owner_is_busy,
		a_paused_connection_holds_little_and_resumes,
		input_that_never_makes_sense_is_bounded,
		closing_inside_a_callback_ends_it_at_once,
		closing_when_drained_ends_it_at_once,
		finishing_delivers_the_last_answer,
		finishing_does_not_wait_for_ever_for_the_peer,
		a_peer_that_says_nothing_is_closed,
		a_slow_peer_meets_the_deadline_of_the_owner,
		a_deadline_taken_back_does_not_strike,
		a_peer_that_does_not_read_is_closed,
		with_too_much_output_queued_input_stops,
		a_peer_that_leaves_is_noticed_even_when_paused,
		a_peer_that_stops_sending_gets_its_answer,
		a_peer_without_a_farewell_gets_its_answer,
		a_peer_without_a_farewell_may_count_as_gone,
		all_input_is_offered_before_its_end_is_told,
		half_a_message_does_not_hold_the_connection_open,
		what_the_peer_has_read_has_arrived,
		what_a_peer_left_unread_in_our_queue_has_not_arrived,
		what_the_system_holds_has_not_arrived,
		a_last_answer_arrives_though_the_peer_stopped_sending,
		a_last_answer_to_nobody_has_not_arrived,
		a_peer_that_reads_steadily_is_not_cut_off,
		the_system_takes_little_that_a_peer_does_not_read,
		closing_during_the_handshake_is_safe,
		noise_instead_of_tls_costs_only_the_connection,
		a_peer_without_a_certificate_is_refused,
		a_refused_certificate_is_named_with_the_reason,
		the_owner_can_refuse_a_good_certificate,
		key_updates_do_not_stall_the_loop,
		sessions_are_resumed_in_tls_1_3,
		sessions_are_resumed_in_tls_1_2,
		two_connections_of_ours_talk_to_each_other,
	};
	TCase	*tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, once, at_end);
	tcase_add_checked_fixture(tc, begin, teardown);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite	*s = suite_create("conn");
	SRunner	*sr = srunner_create(s);
	int	 failed;

	add_case(s, "handshakes in the loop", setup);
	add_case(s, "handshakes in threads", setup_threads);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
