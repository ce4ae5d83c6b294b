/*
 * check_ipc.c - links between processes: kma listens, ksa dials. Where a
 * peer has to be killed or stopped, it is this program once more.
 */
#include "unit.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "ipc.h"
#include "log.h"
#include "secret.h"

#define PEER_WORD	"--peer"
#define SOON_MS		2000
#define RECOVER_MS	12000	/* a deaf or dead side shows after 4 s */
#define ASKED_MAX	3000

struct side {
	struct ipc	*ipc;
	unsigned	 ups, downs, inputs, events;
	uint64_t	 corr[ASKED_MAX], last;
	size_t		 ncorr;
	bool		 disorder;
	enum { HOLD, NOTHING, KEY, REFUSE } how;	/* to answer */
	size_t		 octets;			/* of the key */
};

struct asked {
	unsigned	 done;
	int		 err;
	size_t		 octets;
};

static struct event_base	*base;
static struct side		 kma, ksa;
static char			 path[108];

/* ---- both sides ---- */

static void
on_up(void *arg, struct ipc *i)
{
	(void)i;
	((struct side *)arg)->ups++;
}

static void
on_down(void *arg, struct ipc *i)
{
	(void)i;
	((struct side *)arg)->downs++;
}

static void
answer(struct side *s, uint64_t corr)
{
	struct msg	m = { .id = MSG_block_given };

	switch (s->how) {
	case HOLD:
		s->corr[s->ncorr++ % ASKED_MAX] = corr;
		return;
	case NOTHING:
		ck_assert_int_eq(ipc_reply(s->ipc, corr, 0, NULL), 0);
		return;
	case KEY:
		m.block_given.key = secret_new(s->octets);
		ck_assert_ptr_nonnull(m.block_given.key);
		memset(m.block_given.key->bytes, 0x5a, s->octets);
		ck_assert_int_eq(ipc_reply(s->ipc, corr, 0, &m), 0);
		secret_free(&m.block_given.key);
		return;
	case REFUSE:
		ck_assert_int_eq(ipc_reply(s->ipc, corr, -E_NO_KEY, NULL), 0);
	}
}

static void
on_input(void *arg, struct ipc *i, struct msg *m)
{
	struct side	*s = arg;
	uint64_t	 n;

	s->inputs++;
	s->ipc = i;
	if (m->kind == MSG_REQUEST) {
		answer(s, m->corr);
		return;
	}
	n = m->block_ready.block;
	s->disorder |= n <= s->last;
	s->last = n;
	s->events++;
}

static const struct ipc_ops	ops = { on_input, on_up, on_down };

static void
on_done(void *arg, int err, struct msg *reply)
{
	struct asked	*a = arg;

	a->done++;
	a->err = err;
	if (reply != NULL && reply->id == MSG_block_given &&
	    reply->block_given.key != NULL)
		a->octets = reply->block_given.key->len;
}

static bool
until(bool (*fn)(void), unsigned ms)
{
	struct timeval	slice = { 0, 2000 };
	uint64_t	end = mono_ms() + ms;

	do {
		if (fn != NULL && fn())
			return true;
		event_base_loopexit(base, &slice);
		event_base_dispatch(base);
	} while (mono_ms() < end);
	return fn != NULL && fn();
}

static bool
both_up(void)
{
	return ipc_is_up(kma.ipc) && ipc_is_up(ksa.ipc);
}

static bool
ksa_up(void)
{
	return ipc_is_up(ksa.ipc);
}

static bool
ksa_down(void)
{
	return !ipc_is_up(ksa.ipc);
}

static bool
kma_down(void)
{
	return !ipc_is_up(kma.ipc);
}

static void
begin(void)
{
	memset(&kma, 0, sizeof(kma));
	memset(&ksa, 0, sizeof(ksa));
	log_init("test", LL_ERR);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_ptr_nonnull(base = event_base_new());
	snprintf(path, sizeof(path), "%s", unit_path("data"));
}

static void
listen_as_kma(uid_t uid)
{
	ck_assert_int_eq(ipc_listen(&kma.ipc, base, path, KMA, KSA, uid, &ops,
	    &kma), 0);
}

static void
dial_as_ksa(void)
{
	ck_assert_int_eq(ipc_dial(&ksa.ipc, base, path, KSA, KMA, getuid(),
	    &ops, &ksa), 0);
}

static void
begin_pair(void)
{
	begin();
	listen_as_kma(getuid());
	dial_as_ksa();
	ck_assert(until(both_up, SOON_MS));
}

static void
finish(void)
{
	ipc_free(&ksa.ipc);
	ipc_free(&kma.ipc);
	event_base_free(base);
}

static void
ask(struct asked *a, unsigned deadline_ms)
{
	struct msg	m = { .id = MSG_block_take };

	memset(a, 0, sizeof(*a));
	strcpy(m.block_take.peer, "KME-B");
	m.block_take.block = 7;
	ck_assert_int_eq(ipc_request(ksa.ipc, &m, deadline_ms, on_done, a),
	    0);
}

/* Only kma may send this. */
static void
send_forbidden(void)
{
	struct msg	m = { .id = MSG_block_ready };

	strcpy(m.block_ready.source, "KME-B");
	ck_assert_int_eq(ipc_send(ksa.ipc, &m), 0);
}

static struct asked	 one;

static bool
one_done(void)
{
	return one.done > 0;
}

/* ---- in one process ---- */

START_TEST(a_request_is_answered_and_its_key_arrives)
{
	size_t	used;

	begin_pair();
	used = secret_used();	/* OpenSSL has its own there */
	kma.how = KEY;
	kma.octets = 8192;
	ask(&one, SOON_MS);
	ck_assert(until(one_done, SOON_MS));
	ck_assert_int_eq(one.err, 0);
	ck_assert_uint_eq(one.octets, 8192);
	kma.how = REFUSE;
	ask(&one, SOON_MS);
	ck_assert(until(one_done, SOON_MS));
	ck_assert_int_eq(one.err, -E_NO_KEY);
	ck_assert_uint_eq(secret_used(), used);
	finish();
}
END_TEST

START_TEST(a_request_before_the_link_is_up_waits_for_it)
{
	begin();
	kma.how = NOTHING;
	dial_as_ksa();
	ask(&one, RECOVER_MS);
	until(NULL, 100);
	ck_assert_uint_eq(one.done, 0);
	listen_as_kma(getuid());
	ck_assert(until(one_done, RECOVER_MS));
	ck_assert_int_eq(one.err, 0);
	ck_assert_uint_eq(kma.inputs, 1);
	finish();
}
END_TEST

static bool
one_asked(void)
{
	return kma.ncorr == 1;
}

START_TEST(a_request_without_an_answer_ends_at_its_deadline)
{
	uint64_t	start;

	begin_pair();
	start = mono_ms();
	ask(&one, 300);
	ck_assert(until(one_done, SOON_MS));
	ck_assert_int_eq(one.err, -E_TIMEOUT);
	ck_assert_uint_ge(mono_ms() - start, 300);
	ck_assert(one_asked());
	/* The late answer disturbs nothing, and there is but one. */
	ck_assert_int_eq(ipc_reply(kma.ipc, kma.corr[0], 0, NULL), 0);
	ck_assert_int_eq(ipc_reply(kma.ipc, kma.corr[0], 0, NULL),
	    -E_NOT_FOUND);
	until(NULL, 100);
	ck_assert_uint_eq(one.done, 1);
	ck_assert(both_up());
	finish();
}
END_TEST

START_TEST(a_forbidden_message_costs_the_connection_and_the_link_recovers)
{
	begin_pair();
	send_forbidden();
	ck_assert(until(kma_down, SOON_MS));
	ck_assert(until(both_up, SOON_MS));
	ck_assert_uint_eq(kma.events, 0);
	ck_assert_uint_eq(ksa.downs, 1);
	ck_assert_uint_eq(ksa.ups, 2);
	finish();
}
END_TEST

START_TEST(a_request_repeated_after_a_break_reaches_the_server_once)
{
	begin_pair();
	ask(&one, RECOVER_MS);
	ck_assert(until(one_asked, SOON_MS));
	send_forbidden();
	ck_assert(until(kma_down, SOON_MS));
	ck_assert(until(both_up, SOON_MS));
	until(NULL, 50);
	ck_assert_uint_eq(kma.inputs, 1);
	ck_assert_int_eq(ipc_reply(kma.ipc, kma.corr[0], 0, NULL), 0);
	ck_assert(until(one_done, SOON_MS));
	ck_assert_int_eq(one.err, 0);
	finish();
}
END_TEST

/* The answer is made in the turn in which the connection ends. */
START_TEST(a_lost_answer_is_given_again_when_it_held_no_key)
{
	begin_pair();
	kma.how = NOTHING;
	ask(&one, RECOVER_MS);
	send_forbidden();
	ck_assert(until(one_done, RECOVER_MS));
	ck_assert_int_eq(one.err, 0);
	ck_assert_uint_eq(kma.inputs, 1);
	ck_assert_uint_eq(one.done, 1);
	finish();
}
END_TEST

START_TEST(a_lost_answer_with_a_key_is_gone)
{
	begin_pair();
	kma.how = KEY;
	kma.octets = 64;
	ask(&one, RECOVER_MS);
	send_forbidden();
	ck_assert(until(one_done, RECOVER_MS));
	ck_assert_int_eq(one.err, -E_GONE);
	ck_assert_uint_eq(one.octets, 0);
	ck_assert_uint_eq(kma.inputs, 1);
	finish();
}
END_TEST

START_TEST(a_peer_with_another_uid_is_refused)
{
	begin();
	listen_as_kma(getuid() + 1);
	dial_as_ksa();
	ck_assert(!until(ksa_up, 500));
	ck_assert_uint_eq(kma.ups, 0);
	finish();
}
END_TEST

START_TEST(a_second_peer_does_not_disturb_the_first)
{
	struct side	other = { 0 };

	begin_pair();
	ck_assert_int_eq(ipc_dial(&other.ipc, base, path, KSA, KMA, getuid(),
	    &ops, &other), 0);
	until(NULL, 1500);
	ck_assert_uint_eq(other.ups, 0);
	ck_assert_uint_eq(kma.downs, 0);
	ck_assert_uint_eq(ksa.downs, 0);
	ipc_free(&other.ipc);
	until(NULL, 100);
	ck_assert(both_up());
	finish();
}
END_TEST

static size_t	nmany;
static struct asked	many[ASKED_MAX];

static bool
many_done(void)
{
	for (size_t i = 0; i < nmany; i++)
		if (many[i].done == 0)
			return false;
	return true;
}

static void
ask_many(size_t n, int err, size_t octets)
{
	nmany = n;
	for (size_t i = 0; i < n; i++)
		ask(&many[i], RECOVER_MS);
	ck_assert(until(many_done, RECOVER_MS));
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(many[i].done, 1);
		ck_assert_int_eq(many[i].err, err);
		ck_assert_uint_eq(many[i].octets, octets);
	}
}

START_TEST(many_requests_in_one_turn_are_each_answered_once)
{
	begin_pair();
	kma.how = REFUSE;
	ask_many(ASKED_MAX, -E_NO_KEY, 0);
	ck_assert_uint_eq(kma.inputs, ASKED_MAX);
	ck_assert_uint_eq(kma.downs + ksa.downs, 0);
	finish();
}
END_TEST

static bool
many_asked(void)
{
	return kma.ncorr == nmany;
}

/* More than the receiver would take in one piece. */
START_TEST(many_keys_in_one_turn_all_arrive)
{
	begin_pair();
	nmany = 300;
	for (size_t i = 0; i < nmany; i++)
		ask(&many[i], RECOVER_MS);
	ck_assert(until(many_asked, SOON_MS));
	kma.how = KEY;
	kma.octets = 40000;
	for (size_t i = 0; i < nmany; i++)
		answer(&kma, kma.corr[i]);
	ck_assert(until(many_done, RECOVER_MS));
	for (size_t i = 0; i < nmany; i++)
		ck_assert_uint_eq(many[i].octets, 40000);
	ck_assert_uint_eq(kma.downs + ksa.downs, 0);
	finish();
}
END_TEST

START_TEST(all_requests_of_a_long_break_are_repeated_and_answered_once)
{
	begin_pair();
	kma.how = NOTHING;
	nmany = ASKED_MAX;
	for (size_t i = 0; i < nmany; i++)
		ask(&many[i], RECOVER_MS);
	send_forbidden();
	ck_assert(until(many_done, RECOVER_MS));
	for (size_t i = 0; i < nmany; i++)
		ck_assert_int_eq(many[i].err, 0);
	ck_assert_uint_eq(kma.inputs, ASKED_MAX);
	finish();
}
END_TEST

#define EVENTS	20000

static bool
events_in(void)
{
	return ksa.events == EVENTS;
}

START_TEST(events_arrive_all_and_in_order)
{
	struct msg	m = { .id = MSG_block_ready };

	begin_pair();
	strcpy(m.block_ready.source, "KME-B");
	for (unsigned i = 1; i <= EVENTS; i++) {
		m.block_ready.block = i;
		ck_assert_int_eq(ipc_send(kma.ipc, &m), 0);
		if (i % 1000 == 0)
			until(NULL, 1);
	}
	ck_assert(until(events_in, SOON_MS));
	ck_assert(!ksa.disorder);
	ck_assert_uint_eq(ipc_queued(kma.ipc), 0);
	finish();
}
END_TEST

static void
connect_and_close(unsigned n)
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };
	int			fd;

	memcpy(sa.sun_path, path, sizeof(sa.sun_path));
	for (unsigned i = 0; i < n; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		ck_assert_int_ge(fd, 0);
		(void)!connect(fd, (struct sockaddr *)&sa, sizeof(sa));
		if (i % 2 == 1)
			(void)!write(fd, "\0SP\0\0\020\0\0", i % 8);
		close(fd);
	}
}

START_TEST(peers_that_close_at_once_do_not_make_the_listener_deaf)
{
	begin();
	listen_as_kma(getuid());
	until(NULL, 20);
	connect_and_close(50);
	dial_as_ksa();
	ck_assert(until(both_up, RECOVER_MS));
	connect_and_close(50);
	until(NULL, 100);
	ck_assert_uint_eq(kma.downs + ksa.downs, 0);
	kma.how = NOTHING;
	ask(&one, SOON_MS);
	ck_assert(until(one_done, SOON_MS));
	ck_assert_int_eq(one.err, 0);
	send_forbidden();
	ck_assert(until(kma_down, SOON_MS));
	ck_assert(until(both_up, RECOVER_MS));
	finish();
}
END_TEST

/* A peer of the right uid that speaks another language. */
static void
send_raw(const void *p, size_t len)
{
	char		url[128];
	nng_socket	s;
	nng_msg		*m;

	snprintf(url, sizeof(url), "ipc://%s", path);
	ck_assert_int_eq(nng_pair0_open(&s), 0);
	ck_assert_int_eq(nng_msg_alloc(&m, len), 0);
	memcpy(nng_msg_body(m), p, len);
	nng_dial(s, url, NULL, NNG_FLAG_NONBLOCK);
	until(NULL, 150);
	if (nng_sendmsg(s, m, NNG_FLAG_NONBLOCK) != 0)
		nng_msg_free(m);
	until(NULL, 150);
	nng_close(s);
	until(NULL, 150);
}

START_TEST(garbage_and_giants_leave_the_listener_usable)
{
	static uint8_t	giant[5 << 20];
	static const char *const bad[] = { "\xc1", "\x94", "\x94\0\2\0\0",
	    "\x95\0\0\7\0\0", "hello" };

	begin();
	listen_as_kma(getuid());
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		send_raw(bad[i], strlen(bad[i]) + 1);
	send_raw(giant, sizeof(giant));
	ck_assert_uint_eq(kma.inputs, 0);
	dial_as_ksa();
	ck_assert(until(both_up, RECOVER_MS));
	finish();
}
END_TEST

/* ---- with a peer of its own process ---- */

static pid_t
peer_start(void)
{
	pid_t	pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/proc/self/exe", "check_ipc", PEER_WORD, path, (char *)NULL);
	_exit(127);
}

/* Answers one at a time; ck_assert() has no meaning here. */
static void
peer_input(void *arg, struct ipc *i, struct msg *m)
{
	struct msg	reply = { .id = MSG_block_given };

	(void)arg;
	if ((reply.block_given.key = secret_new(100)) == NULL)
		abort();
	memset(reply.block_given.key->bytes, 0x5a, 100);
	(void)ipc_reply(i, m->corr, 0, &reply);
	secret_free(&reply.block_given.key);
}

static int
peer_main(const char *where)
{
	static const struct ipc_ops	peer_ops = { .input = peer_input };

	log_init("peer", LL_ERR);
	if (secret_init(1 << 20) < 0 || (base = event_base_new()) == NULL ||
	    ipc_listen(&kma.ipc, base, where, KMA, KSA, getuid(), &peer_ops,
	    NULL) < 0)
		return 1;
	event_base_dispatch(base);
	return 1;
}

static void
peer_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(a_killed_peer_is_noticed_at_once_and_found_again)
{
	pid_t	peer;

	begin();
	peer = peer_start();
	dial_as_ksa();
	ck_assert(until(ksa_up, SOON_MS));
	for (int i = 0; i < 5; i++) {
		peer_kill(peer);
		ask(&one, RECOVER_MS);
		ck_assert(until(ksa_down, 1000));
		peer = peer_start();
		ck_assert(until(one_done, RECOVER_MS));
		ck_assert_int_eq(one.err, 0);
		ck_assert_uint_eq(one.octets, 100);
	}
	finish();
	peer_kill(peer);
}
END_TEST

START_TEST(a_stopped_peer_is_noticed_by_its_silence)
{
	pid_t		peer;
	uint64_t	start;

	begin();
	peer = peer_start();
	dial_as_ksa();
	ck_assert(until(ksa_up, SOON_MS));
	kill(peer, SIGSTOP);
	start = mono_ms();
	ask(&one, 15000);
	ck_assert(until(ksa_down, 8000));
	ck_assert_uint_ge(mono_ms() - start, 2500);
	kill(peer, SIGCONT);
	ck_assert(until(one_done, RECOVER_MS));
	/* It may have answered into the connection that was gone. */
	ck_assert(one.err == 0 || one.err == -E_GONE);
	ck_assert(until(ksa_up, RECOVER_MS));
	ask(&one, SOON_MS);
	ck_assert(until(one_done, SOON_MS));
	ck_assert_int_eq(one.err, 0);
	finish();
	peer_kill(peer);
}
END_TEST

int
main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_request_is_answered_and_its_key_arrives,
		a_request_before_the_link_is_up_waits_for_it,
		a_request_without_an_answer_ends_at_its_deadline,
		a_forbidden_message_costs_the_connection_and_the_link_recovers,
		a_request_repeated_after_a_break_reaches_the_server_once,
		a_lost_answer_is_given_again_when_it_held_no_key,
		a_lost_answer_with_a_key_is_gone,
		a_peer_with_another_uid_is_refused,
		a_second_peer_does_not_disturb_the_first,
		many_requests_in_one_turn_are_each_answered_once,
		many_keys_in_one_turn_all_arrive,
		all_requests_of_a_long_break_are_repeated_and_answered_once,
		events_arrive_all_and_in_order,
		peers_that_close_at_once_do_not_make_the_listener_deaf,
		garbage_and_giants_leave_the_listener_usable,
		a_killed_peer_is_noticed_at_once_and_found_again,
		a_stopped_peer_is_noticed_by_its_silence,
	};

	if (argc == 3 && strcmp(argv[1], PEER_WORD) == 0)
		return peer_main(argv[2]);
	return unit_run("ipc", tests, sizeof(tests) / sizeof(tests[0]));
}
