/*
 * Notices of the KM while certificates and registrations change, and beside
 * requests of the same connection. The engine is played by the test.
 */
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "talkbench.h"

/* ---- certificates and registrations ---- */

START_TEST(who_is_revoked_is_not_asked_and_not_believed)
{
	struct talk	 t = talk_invitation(), next = talk_invitation();
	struct conn	*a = talk_come(bench.a1), *b;
	unsigned	 verified;

	fakesupply.later = true;
	akbench_say(a, 0x2101, 1, ENC);
	talk_sent(&t);
	ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	fakeconn_verdict(0, "it was revoked");
	ck_assert(!talk_present("SAE-A1"));
	verified = fakeconn_verified();
	ck_assert_int_eq(talk_put(&next), -E_NOT_FOUND);
	ck_assert(!talk_present("SAE-A1"));
	ck_assert_uint_eq(fakeconn_verified(), verified);
	ck_assert_uint_eq(t.lost, 0);		/* not from in there */
	talk_accept(a, &t);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(t.answers, 0);
	ck_assert(!fakeconn_finished(a));	/* what it asked it gets */
	fakesupply_answer();
	ck_assert(fakeconn_finished(a));
	fakeconn_verdict(INT64_MAX, NULL);
	b = talk_come(bench.a1);
	talk_sent(&t);
	ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	fakeconn_verdict(0, "it was revoked");
	talk_accept(b, &t);			/* before anybody looked */
	ck_assert_uint_eq(t.answers, 0);
	ck_assert(fakeconn_finished(b));
	akbench_turn();
	ck_assert_uint_eq(t.lost, 2);
}
END_TEST

START_TEST(of_several_those_whose_certificates_hold_are_asked)
{
	struct talk	 t = talk_invitation();
	struct conn	*a, *b;

	b = talk_come(bench.a1);
	fakeconn_verdict(time(NULL) - 1, NULL);	/* then look again */
	a = talk_come(bench.a1);
	fakeconn_verdict(0, "it was revoked");
	talk_sent(&t);
	ck_assert(talk_got(b, &t));
	ck_assert(!fakeconn_finished(a));	/* not from in there */
	akbench_turn();
	ck_assert(fakeconn_finished(a));
	talk_accept(b, &t);
	ck_assert(t.success);
}
END_TEST

START_TEST(who_is_registered_meanwhile_is_asked_though_he_is_silent)
{
	static struct ksa_application	more[] = {
		{ .id = "SAE-A1", .km = "KME-A" },
		{ .id = "SAE-B1", .km = "KME-A" },
		{ .id = "SAE-X", .km = "KME-A" } };
	struct talk	 t = talk_invitation(), k = talk_supply(1, 32);
	struct conn	*x = talk_come(bench.stranger);
	struct conn	*b = talk_come(bench.b1);

	ck_assert(!talk_present("SAE-X"));
	doorbench_reload(more, 3);
	ck_assert(talk_present("SAE-X"));
	akbench_turn();
	ck_assert_ptr_nonnull(strstr(fakesupply.present, " SAE-X"));
	ck_assert_ptr_nonnull(strstr(fakesupply.present, " SAE-B1"));
	t.n.destination = "SAE-X";
	k.n.destination = "SAE-B1";
	talk_sent(&t);
	talk_sent(&k);
	talk_accept(x, &t);
	ck_assert(t.success);
	akbench_say(b, 0x210b, k.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert(k.success);
}
END_TEST

START_TEST(who_is_no_longer_ours_is_not_asked)
{
	static struct ksa_application	moved[] = {
		{ .id = "SAE-A1", .km = "KME-B" },
		{ .id = "SAE-B1", .km = "KME-B" } };
	struct talk	 t = talk_invitation(), k = talk_invitation();
	struct conn	*a = talk_come(bench.a1), *x = talk_come(bench.a2);

	k.n.destination = "SAE-A2";
	talk_sent(&t);
	talk_sent(&k);
	doorbench_reload(moved, 2);
	ck_assert(!talk_present("SAE-A1"));
	ck_assert(!talk_present("SAE-A2"));
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	talk_accept(a, &t);
	talk_accept(x, &k);
	akbench_turn();
	ck_assert_uint_eq(t.answers + k.answers, 0);
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(k.lost, 1);
	ck_assert(!fakeconn_finished(a));	/* refused, as such are */
	akbench_output(a);
	akbench_say(a, 0x2101, 1, ENC);
	akbench_told(a, "unauthorized: application \\\"SAE-A1\\\" belongs to "
	    "another node");
	ck_assert(fakeconn_finished(x));
	doorbench_reload(doorbench_apps, DOORBENCH_APPS);
	ck_assert(talk_present("SAE-A1"));
	talk_sent(&t);
	ck_assert(talk_got(a, &t));
	talk_accept(a, &t);
	ck_assert(t.success);
}
END_TEST

/* ---- both ways on one connection ---- */

START_TEST(who_has_enough_open_may_still_answer)
{
	struct talk	 t[3];
	struct conn	*c = talk_come(bench.a1);

	for (int i = 0; i < 3; i++) {
		t[i] = talk_invitation();
		talk_sent(&t[i]);
	}
	fakesupply.later = true;
	for (uint32_t i = 0; i < 8; i++)
		akbench_say(c, 0x2101, i, ENC);
	talk_accept(c, &t[0]);
	ck_assert(t[0].success);
	akbench_say(c, 0x2101, 8, ENC);		/* one too many: it waits */
	ck_assert(fakeconn_paused(c));
	talk_accept(c, &t[1]);			/* and what is behind it */
	ck_assert_uint_eq(t[1].answers, 0);
	fakesupply_answer();
	ck_assert(t[1].success);
	ck_assert_uint_eq(fakesupply.calls, 9);
	talk_accept(c, &t[2]);
	ck_assert(t[2].success);
}
END_TEST

START_TEST(who_is_read_from_is_asked_before_who_is_not)
{
	struct talk	 t = talk_invitation();
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.a1);

	fakesupply.later = true;
	for (uint32_t i = 0; i < 9; i++)
		akbench_say(b, 0x2101, i, ENC);
	ck_assert(fakeconn_paused(b));
	talk_sent(&t);
	ck_assert(talk_got(a, &t));
	talk_cancel(&t);
	fakeconn_hang_up(a);
	talk_sent(&t);				/* better than nobody */
	ck_assert(talk_got(b, &t));
	talk_accept(b, &t);
	fakesupply_answer();
	ck_assert(t.success);
}
END_TEST

static struct conn	*broken;

static void
answer_source(struct talk *t)
{
	(void)t;
	if (broken != NULL)
		fakeconn_no_memory();
	fakesupply_answer();
}

/* The confirmation answers a request of the same connection. */
START_TEST(an_application_may_have_a_session_with_itself)
{
	struct talk	 t = talk_supply(1, 32);
	struct conn	*c = talk_come(bench.a1);
	unsigned	 before = fakeconn_closed();

	fakesupply.later = true;
	t.on_answer = t.on_lost = answer_source;
	akbench_say(c, 0x2108, 1, "{\"session_ID\":\"" SESSION "\"}");
	talk_sent(&t);
	akbench_output(c);
	akbench_say(c, 0x210b, t.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	akbench_told(c, "1209/1 {\"session_ID\":\"" SESSION "\",\"keys\":[{");
	broken = c;				/* that cannot be written */
	t.over = false;
	akbench_say(c, 0x2108, 2, "{\"session_ID\":\"" SESSION "\"}");
	talk_sent(&t);
	akbench_say(c, 0x210b, t.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	broken = NULL;
	c = talk_come(bench.a1);
	akbench_say(c, 0x2108, 2, "{\"session_ID\":\"" SESSION "\"}");
	akbench_say(c, 0x2108, 3, "{\"session_ID\":\"" SESSION "\"}");
	t = talk_supply(1, 32);
	talk_sent(&t);
	akbench_say(c, 0x1203, 4, "{}");	/* makes no sense */
	t.on_lost = answer_source;
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	akbench_told(c, "1209/2 ");
	fakesupply_answer();
	akbench_told(c, "1209/3 ");
	ck_assert(fakeconn_finished(c));
}
END_TEST

/* ---- all of it at once ---- */

#define TALKS	64
#define LINES	3

static struct talk	 crowd[TALKS];
static struct conn	*lines[LINES];
static unsigned		 seed = 1;

static unsigned
any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void
send_some(struct talk *t)
{
	bool	 keys = any(2) == 0;
	int	 r;

	*t = keys ? talk_supply(1 + any(3), 1 + any(LARGE)) :
	    talk_invitation();
	if (any(2) == 0)
		t->on_lost = NULL;
	r = talk_put(t);
	ck_assert(r == 0 || r == -E_BUSY || r == -E_NOT_FOUND);
	if (r < 0)
		t->over = true;
}

static void
answer_some(struct conn *c, struct talk *t)
{
	bool	yes = any(4) > 0;

	if (!t->n.has_keys)
		akbench_say(c, 0x2107, t->n.message_id, yes ?
		    NOTIFIED(SESSION, "success") : NOTIFIED(SESSION, "no"));
	else
		akbench_say(c, 0x210b, t->n.message_id, yes ? SUPPLIED(
		    SESSION, KEY1, "success", ALL("")) : SUPPLIED(SESSION,
		    KEY3, "success", ""));
}

/* What was lost was told. */
static void
check_crowd(void)
{
	unsigned	open = 0;

	akbench_turn();
	for (unsigned i = 0; i < TALKS; i++)
		open += crowd[i].n.guest != NULL;
	ck_assert_uint_le(open, LINES * 8);
}

static void
do_something(unsigned what)
{
	struct talk	*t = &crowd[any(TALKS)];
	unsigned	 i = any(LINES);

	if (what < 40 && t->n.guest == NULL)
		send_some(t);
	else if (what < 70 && t->n.guest != NULL && lines[i] != NULL)
		answer_some(lines[i], t);
	else if (what < 80 && t->n.guest != NULL) {
		talk_cancel(t);
		t->over = true;
	} else if (what < 88 && lines[i] != NULL)
		akbench_output(lines[i]);
	else if (what < 91 && lines[i] != NULL) {
		fakeconn_hang_up(lines[i]);
		lines[i] = NULL;
	} else if (what < 96 && lines[i] == NULL)
		lines[i] = akbench_enter(bench.a1);
	else if (what < 98)
		ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	else
		check_crowd();
	ck_assert(t->n.guest == NULL || !t->over);
}

START_TEST(every_exchange_has_one_end)
{
	unsigned	ended = 0;

	for (unsigned i = 0; i < 20000; i++)
		do_something(any(100));
	for (unsigned i = 0; i < LINES; i++)
		if (lines[i] != NULL)
			fakeconn_hang_up(lines[i]);
	akbench_turn();
	for (unsigned i = 0; i < TALKS; i++) {
		ck_assert_ptr_null(crowd[i].n.guest);
		ended += crowd[i].answers + crowd[i].lost;
	}
	ck_assert_uint_gt(ended, 0);
	ck_assert_int_gt(doorbench_figure("ak/notices_sent"), 1000);
	ck_assert_int_gt(doorbench_figure("ak/notices_answered"), 100);
	ck_assert_int_gt(doorbench_figure("ak/notices_lost"), 100);
	ck_assert_int_ge(doorbench_figure("ak/notices_sent"),
	    doorbench_figure("ak/notices_answered") +
	    doorbench_figure("ak/notices_lost"));
}
END_TEST

DOORBENCH_MAIN("aknoticeboth",
	who_is_revoked_is_not_asked_and_not_believed,
	of_several_those_whose_certificates_hold_are_asked,
	who_is_registered_meanwhile_is_asked_though_he_is_silent,
	who_is_no_longer_ours_is_not_asked,
	who_has_enough_open_may_still_answer,
	who_is_read_from_is_asked_before_who_is_not,
	an_application_may_have_a_session_with_itself,
	every_exchange_has_one_end)
