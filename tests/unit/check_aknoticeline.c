/*
 * Which connection a notice of the KM takes, how many of them at a time, and
 * what becomes of them at its end. The engine is played by the test.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "frame.h"
#include "ksa/aklistener.h"
#include "talkbench.h"

#define QUEUE	262144		/* of a connection, octets */

START_TEST(whoever_was_heard_last_is_asked_first)
{
	struct talk	 t = talk_invitation();
	struct conn	*c[3];

	for (int i = 0; i < 3; i++)
		c[i] = talk_come(bench.a1);
	talk_sent(&t);
	ck_assert(talk_got(c[2], &t));
	talk_accept(c[2], &t);
	akbench_say(c[0], 0x2101, 1, ENC);
	akbench_output(c[0]);
	t = talk_invitation();
	talk_sent(&t);
	ck_assert(talk_got(c[0], &t));
	talk_accept(c[0], &t);
	t = talk_invitation();
	akbench_say(c[1], 0x2107, 4711, NOTIFIED(SESSION, "success"));
	talk_sent(&t);
	ck_assert(talk_got(c[1], &t));
	fakeconn_hang_up(c[1]);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	talk_sent(&t);
	ck_assert(talk_got(c[0], &t));
	ck_assert(!talk_got(c[2], &t));
	talk_cancel(&t);
}
END_TEST

START_TEST(whoever_lets_one_go_unanswered_is_asked_last_until_he_is_heard)
{
	struct talk	 t = talk_invitation();
	struct conn	*old = talk_come(bench.a1);
	struct conn	*hung = talk_come(bench.a1);

	talk_sent(&t);
	ck_assert(talk_got(hung, &t));
	talk_cancel(&t);			/* in time nobody answered */
	for (int i = 0; i < 3; i++) {
		talk_sent(&t);
		ck_assert(talk_got(old, &t));
		talk_cancel(&t);
		akbench_say(old, 0x2101, 1, ENC);
		akbench_output(old);
	}
	akbench_say(hung, 0x2101, 1, ENC);
	akbench_output(hung);
	talk_sent(&t);
	ck_assert(talk_got(hung, &t));
	talk_accept(hung, &t);
}
END_TEST

START_TEST(each_application_has_its_own_connections)
{
	struct talk	 t = talk_invitation();
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.b1);

	talk_come(bench.stranger);
	ck_assert(talk_present("SAE-A1"));
	ck_assert(!talk_present("SAE-A2"));		/* has none */
	ck_assert(!talk_present("SAE-B1"));		/* of another node */
	ck_assert(!talk_present("SAE-X"));		/* nobody's */
	t.n.destination = "SAE-A2";
	ck_assert_int_eq(talk_put(&t), -E_NOT_FOUND);
	t.n.destination = "SAE-B1";
	ck_assert_int_eq(talk_put(&t), -E_NOT_FOUND);
	t.n.destination = "SAE-X";
	ck_assert_int_eq(talk_put(&t), -E_NOT_FOUND);
	ck_assert_str_eq(akbench_output(a), "");
	ck_assert_str_eq(akbench_output(b), "");
	fakeconn_hang_up(a);
	ck_assert(!talk_present("SAE-A1"));
	fakeconn_shake(fakeconn_accept(), bench.a1);	/* by HTTPS */
	ck_assert(!talk_present("SAE-A1"));
	ck_assert_int_eq(doorbench_figure("ak/notices_sent"), 0);
}
END_TEST

START_TEST(the_engine_hears_who_has_come)
{
	struct conn	*c, *first = akbench_enter(bench.a1);

	akbench_enter(bench.a2);
	akbench_enter(bench.b1);
	ck_assert_str_eq(fakesupply.present, "");
	ck_assert(talk_present("SAE-A1"));
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1 SAE-A2");
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1 SAE-A2");
	fakeconn_hang_up(akbench_enter(bench.a1));	/* too late */
	akbench_turn();
	fakesupply.later = true;
	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2101, 1, ENC);
	fakeconn_end(c);				/* asks only */
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1 SAE-A2");
	fakesupply_answer();
	fakeconn_hang_up(c);
	c = talk_come(bench.a1);
	for (uint32_t i = 0; i < 2; i++) {		/* each came once */
		akbench_say(first, 0x2101, i, "{}");
		akbench_say(c, 0x2101, i, "{}");
	}
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, "");
}
END_TEST

START_TEST(a_connection_that_is_too_many_is_not_asked)
{
	struct talk	 t = talk_invitation();
	struct conn	*c[4];

	for (int i = 0; i < 4; i++)
		c[i] = talk_come(bench.a1);
	ck_assert(fakeconn_finished(c[3]));
	talk_sent(&t);
	ck_assert(talk_got(c[2], &t));
	talk_cancel(&t);
}
END_TEST

#define MANY	17

/* Eight at a time. */
START_TEST(each_connection_has_so_many_notices_at_a_time)
{
	struct talk	 t[MANY];
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.a1);

	for (int i = 0; i < MANY; i++)
		t[i] = talk_invitation();
	for (int i = 0; i < 16; i++) {
		talk_sent(&t[i]);
		ck_assert(talk_got(i < 8 ? b : a, &t[i]));
	}
	ck_assert_int_eq(talk_put(&t[16]), -E_BUSY);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, "");
	talk_accept(b, &t[3]);
	ck_assert(t[3].success);
	talk_cancel(&t[4]);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1");
	talk_sent(&t[16]);
	ck_assert(talk_got(b, &t[16]));
	talk_cancel(&t[9]);			/* a was short of room too */
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1 SAE-A1");
	for (int i = 0; i < MANY; i++)
		if (!t[i].over)
			talk_cancel(&t[i]);
}
END_TEST

/* 44 KB each, of 256 KiB. */
START_TEST(who_does_not_read_is_not_brought_more)
{
	struct talk	 t[13];
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.a1);
	unsigned	 n = 0;

	for (int i = 0; i < 13; i++)
		t[i] = talk_supply(1, LARGE * 4);
	while (n < 12 && talk_put(&t[n]) == 0)
		n++;
	ck_assert_uint_eq(n, 12);
	ck_assert_int_eq(talk_put(&t[12]), -E_BUSY);
	ck_assert_uint_gt(conn_output_queued(a), QUEUE - 44000);
	ck_assert_uint_lt(conn_output_queued(a), QUEUE + 44000);
	for (int i = 0; i < 12; i++)
		talk_cancel(&t[i]);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, "");
	ck_assert_int_eq(talk_put(&t[12]), -E_BUSY);	/* queued still */
	ck_assert_ptr_nonnull(strstr(akbench_output(a), "120a/"));
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1");
	talk_sent(&t[12]);
	ck_assert(!talk_got(b, &t[12]));
	ck_assert(talk_got(a, &t[12]));
	talk_cancel(&t[12]);
}
END_TEST

START_TEST(answers_that_are_due_take_room_too)
{
	const char	*large = "{\"application_destination_ID\":\"SAE-B1\","
			    "\"number_of_keys\":5,\"size_of_key\":65536}";
	struct talk	 t = talk_invitation();
	struct conn	*c = talk_come(bench.a1);

	fakesupply.later = true;
	for (uint32_t i = 0; i < 5; i++)
		akbench_say(c, 0x2101, i, large);
	ck_assert_int_eq(talk_put(&t), -E_BUSY);
	for (int i = 0; i < 5; i++)
		fakesupply_answer();
	ck_assert_int_eq(talk_put(&t), -E_BUSY);
	akbench_output(c);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1");
	talk_sent(&t);
	talk_cancel(&t);
}
END_TEST

START_TEST(what_no_frame_holds_is_not_sent)
{
	struct talk	 t = talk_supply(1, 65536), next = talk_invitation();
	struct conn	*c = talk_come(bench.a1);
	char		*name = malloc(1025);

	ck_assert_int_eq(talk_put(&t), -E_TOO_LARGE);
	t = talk_supply(1025, 1);
	ck_assert_int_eq(talk_put(&t), -E_TOO_LARGE);
	ck_assert_str_eq(akbench_output(c), "");
	fakeconn_no_memory();
	ck_assert_int_eq(talk_put(&next), -E_BUSY);
	memset(name, '\\', 1024);
	name[1024] = '\0';
	next.n.name = name;
	talk_sent(&next);
	ck_assert_uint_eq(next.n.message_id, 0x80000001);
	ck_assert_ptr_nonnull(strstr(akbench_output(c), "\\\\\",\""));
	talk_accept(c, &next);
	ck_assert(next.success);
	free(name);
}
END_TEST

START_TEST(no_two_that_are_open_have_the_same_number)
{
	struct talk	 t[4];
	struct conn	*c = talk_come(bench.a1);
	struct ak_listener *l;
	uint32_t	 first;

	for (int i = 0; i < 4; i++)
		t[i] = talk_invitation();
	talk_sent(&t[0]);
	first = t[0].n.message_id;
	l = t[0].n.guest;
	l->sent = UINT32_MAX;		/* so many later */
	talk_sent(&t[1]);
	ck_assert_uint_eq(t[1].n.message_id, first - 1);
	talk_sent(&t[2]);
	ck_assert_uint_eq(t[2].n.message_id, first + 1);
	talk_cancel(&t[0]);
	l->sent = (uint64_t)2 << 32;
	talk_sent(&t[3]);
	ck_assert_uint_eq(t[3].n.message_id, first);
	for (int i = 1; i < 4; i++) {
		talk_accept(c, &t[i]);
		ck_assert(t[i].success);
	}
}
END_TEST

/* ---- the end of a connection ---- */

START_TEST(who_leaves_makes_room_for_another)
{
	struct talk	 t = talk_invitation(), k = talk_supply(3, 32);
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.a1);

	t.on_lost = k.on_lost = talk_sent;
	talk_sent(&t);
	talk_sent(&k);
	akbench_say(b, 0x210b, k.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert(!talk_present("SAE-A2"));
	fakeconn_hang_up(b);
	ck_assert_uint_eq(t.lost, 0);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(k.lost, 1);
	ck_assert_int_eq(doorbench_figure("ak/notices_lost"), 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_sent"), 4);
	talk_accept(a, &t);
	akbench_say(a, 0x210b, k.n.message_id, SUPPLIED(SESSION, KEY1,
	    "success", ALL("\"" KEY2 "\",\"" KEY3 "\"")));
	ck_assert(t.success && k.success);
}
END_TEST

START_TEST(what_is_lost_can_be_cancelled_before_it_is_told)
{
	struct talk	 t = talk_invitation();
	struct conn	*c = talk_come(bench.a1);

	talk_sent(&t);
	fakeconn_hang_up(c);
	talk_cancel(&t);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 0);
	ck_assert_int_eq(doorbench_figure("ak/notices_lost"), 0);
}
END_TEST

static struct talk	*others[2];

static void
cancel_others(struct talk *t)
{
	for (int i = 0; i < 2; i++)
		if (others[i] != t)
			talk_cancel(others[i]);
}

START_TEST(what_is_told_may_end_others)
{
	struct talk	 t[2];
	struct conn	*c = talk_come(bench.a1);

	for (int i = 0; i < 2; i++) {
		t[i] = talk_invitation();
		t[i].on_lost = t[i].on_answer = cancel_others;
		others[i] = &t[i];
		talk_sent(&t[i]);
	}
	talk_accept(c, &t[0]);
	ck_assert(t[0].success);
	ck_assert_uint_eq(t[1].answers + t[1].lost, 0);
	for (int i = 0; i < 2; i++) {
		t[i].over = false;
		talk_sent(&t[i]);
	}
	fakeconn_hang_up(c);
	akbench_turn();
	ck_assert_uint_eq(t[0].lost + t[1].lost, 1);
}
END_TEST

/* The engine has dropped it by the time that it returns. */
static struct talk	*heap;

static bool
drop(struct notice *n, bool success, const char *response,
    const uint8_t (*named)[16], uint32_t nids)
{
	(void)success, (void)response, (void)named, (void)nids;
	ck_assert_ptr_eq((struct talk *)n, heap);
	memset(heap, 0xdd, sizeof(*heap));
	free(heap);
	heap = NULL;
	return true;
}

static void
drop_lost(struct notice *n)
{
	drop(n, false, "", NULL, 0);
}

START_TEST(what_is_over_is_the_engines)
{
	struct conn	*c = talk_come(bench.a1);

	for (int i = 0; i < 2; i++) {
		heap = malloc(sizeof(*heap));
		*heap = talk_invitation();
		heap->n.answered = drop;
		heap->n.lost = drop_lost;
		talk_sent(heap);
		if (i == 0)
			talk_accept(c, heap);
		else
			fakeconn_hang_up(c);
		akbench_turn();
		ck_assert_ptr_null(heap);
	}
}
END_TEST

START_TEST(who_sends_no_more_cannot_answer)
{
	struct talk	 t = talk_invitation(), next = talk_invitation();
	struct conn	*c = talk_come(bench.a1);
	unsigned	 before;

	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	talk_sent(&t);
	fakeconn_end(c);
	ck_assert(!talk_present("SAE-A1"));
	ck_assert_int_eq(talk_put(&next), -E_NOT_FOUND);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	ck_assert(!fakeconn_finished(c));	/* has asked something */
	fakesupply_answer();
	ck_assert(fakeconn_finished(c));
	c = talk_come(bench.a1);
	talk_sent(&t);
	before = fakeconn_closed();
	fakeconn_end(c);
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 2);
}
END_TEST

/* Four may be in the house. */
START_TEST(who_is_asked_something_is_not_idle)
{
	struct talk	 t = talk_invitation();
	struct conn	*c[3], *b;
	unsigned	 before;

	for (int i = 0; i < 3; i++)
		c[i] = talk_come(bench.a1);
	akbench_say(c[0], 0x2101, 1, ENC);
	talk_sent(&t);				/* to c[0] */
	akbench_say(c[1], 0x2101, 1, ENC);
	akbench_say(c[2], 0x2101, 1, ENC);
	talk_come(bench.a2);
	before = fakeconn_closed();
	b = talk_come(bench.a2);		/* in the place of c[1] */
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	talk_accept(c[0], &t);
	ck_assert(t.success);
	akbench_say(c[2], 0x2101, 1, ENC);
	fakeconn_hang_up(b);
	talk_come(bench.stranger);
	akbench_say(c[2], 0x2101, 1, ENC);
}
END_TEST

static void
on_gone(void *arg)
{
	*(bool *)arg = true;
}

START_TEST(at_the_end_nobody_is_asked)
{
	struct talk	 t = talk_invitation(), k = talk_supply(1, 32);
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.a1);
	bool		 gone = false;

	fakesupply.later = true;
	akbench_say(a, 0x2101, 1, ENC);
	talk_sent(&t);
	fakeconn_end(b);
	door_stop(bench.door, on_gone, &gone);
	ck_assert(!talk_present("SAE-A1"));
	ck_assert_int_eq(talk_put(&k), -E_NOT_FOUND);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	fakesupply_answer();
	fakeconn_hang_up(a);
	ck_assert(gone);
}
END_TEST

START_TEST(what_is_open_when_the_door_is_gone_is_lost)
{
	struct talk	 t = talk_invitation(), k = talk_supply(1, 32);

	talk_come(bench.a1);
	talk_sent(&t);
	talk_sent(&k);
	door_free(&bench.door);
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(k.lost, 1);
	ck_assert_ptr_null(fakesupply.notifier);
}
END_TEST

DOORBENCH_MAIN("aknoticeline",
	whoever_was_heard_last_is_asked_first,
	whoever_lets_one_go_unanswered_is_asked_last_until_he_is_heard,
	each_application_has_its_own_connections,
	the_engine_hears_who_has_come,
	a_connection_that_is_too_many_is_not_asked,
	each_connection_has_so_many_notices_at_a_time,
	who_does_not_read_is_not_brought_more,
	answers_that_are_due_take_room_too,
	what_no_frame_holds_is_not_sent,
	no_two_that_are_open_have_the_same_number,
	who_leaves_makes_room_for_another,
	what_is_lost_can_be_cancelled_before_it_is_told,
	what_is_told_may_end_others,
	what_is_over_is_the_engines,
	who_sends_no_more_cannot_answer,
	who_is_asked_something_is_not_idle,
	at_the_end_nobody_is_asked,
	what_is_open_when_the_door_is_gone_is_lost)
