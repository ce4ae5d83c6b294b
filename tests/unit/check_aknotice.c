/*
 * What the KM begins with applications, as they see it (0x1206, 0x120A), and
 * what the engine hears of their answers. The engine is played by the test.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talkbench.h"
#include "unit.h"

#define OTHER	"5f7c2c1e-93d4-4b0a-8e55-0123456789ac"

/* ---- who is at the door ---- */

static bool
arriving(void)
{
	return fakesupply.notifier->arriving(fakesupply.notifier_arg);
}

START_TEST(who_has_shown_no_certificate_is_arriving)
{
	struct conn	*a, *b;

	ck_assert(!arriving());
	a = fakeconn_accept_second();
	b = fakeconn_accept_second();
	ck_assert(arriving() && !talk_present("SAE-A1"));
	fakeconn_shake(a, bench.a1);
	ck_assert(arriving() && talk_present("SAE-A1"));
	fakeconn_hang_up(b);
	ck_assert(!arriving() && talk_present("SAE-A1"));
}
END_TEST

/* ---- vectors ---- */

static size_t
golden(const char *code, char *out)
{
	char	 path[1024], *text, *p;
	size_t	 len, n = 0;

	snprintf(path, sizeof(path), AK_DATA "/%s.hex", code);
	text = unit_read(path, &len);
	for (p = text; *p != '\0'; p++) {
		if (isspace((unsigned char)*p))
			continue;
		ck_assert_int_eq(sscanf(p, "%2hhx", (uint8_t *)&out[n]), 1);
		n++;
		p++;
	}
	free(text);
	return n;
}

static void
wrote(struct conn *c, const char *code)
{
	static char	 wanted[65546];
	size_t		 n = golden(code, wanted);
	const char	*out = fakeconn_output(c);

	ck_assert_uint_eq(fakeconn_taken(), n);
	ck_assert_mem_eq(out, wanted, n);
}

static void
read_golden(struct conn *c, const char *code)
{
	static char	frame[65546];

	fakeconn_send(c, frame, golden(code, frame));
}

/* There the application that asked is SAE-A1. */
START_TEST(an_exchange_is_what_the_vectors_say)
{
	static struct ksa_application	apps[] = {
		{ .id = "SAE-A1", .km = "KME-B" },
		{ .id = "SAE-B1", .km = "KME-A" } };
	struct talk	 t = talk_invitation(), k = talk_supply(2, 32);
	struct conn	*c;

	doorbench_reload(apps, 2);
	c = talk_come(bench.b1);
	t.n.source = k.n.source = "SAE-A1";
	t.n.destination = k.n.destination = "SAE-B1";
	t.n.name = "vpn";
	t.n.number = 100;
	talk_sent(&t);
	wrote(c, "1206");
	ck_assert(!t.over);
	read_golden(c, "2107");
	ck_assert(t.over && t.success);
	talk_sent(&k);
	wrote(c, "120a");
	read_golden(c, "210b");
	ck_assert(k.over && k.success);
	ck_assert_uint_eq(k.answers, 1);
	ck_assert_uint_eq(k.nids, 2);
	ck_assert_mem_eq(k.ids, talk_ids, sizeof(talk_ids[0]) * 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_sent"), 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_answered"), 2);
	ck_assert_int_eq(doorbench_figure("ak/responses_unexpected"), 0);
}
END_TEST

START_TEST(what_a_session_has_not_is_left_out)
{
	struct talk	 t = talk_invitation();
	struct conn	*c = talk_come(bench.a1);

	talk_sent(&t);
	ck_assert_str_eq(akbench_output(c), "1206/2147483649 {"
	    "\"application_source_ID\":\"SAE-B1\","
	    "\"application_destination_ID\":\"SAE-A1\","
	    "\"session_ID\":\"" SESSION "\"}\n");
	talk_cancel(&t);
}
END_TEST

/* ---- answers ---- */

START_TEST(only_success_and_nothing_behind_it_is_success)
{
	static const char *const	bad[] = { "success: really",
		"rejected: no room", "timeout", "unknown_token: x" };
	struct conn	*c = talk_come(bench.a1);
	char		 text[256];

	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct talk	t = i % 2 ? talk_supply(2, 32) :
				    talk_invitation();

		talk_sent(&t);
		snprintf(text, sizeof(text), i % 2 ?
		    SUPPLIED(SESSION, KEY1, "%s", "") : NOTIFIED(SESSION,
		    "%s"), bad[i / 2]);
		akbench_say(c, i % 2 ? 0x210b : 0x2107, t.n.message_id, text);
		talk_refused(&t, bad[i / 2]);
	}
	ck_assert_int_eq(doorbench_figure("ak/notices_answered"), 8);
}
END_TEST

START_TEST(keys_may_be_confirmed_in_every_form)
{
	static const char *const	all[] = {
		SUPPLIED(SESSION, KEY1, "success",
		    ALL("\"" KEY1 "\",\"" KEY2 "\",\"" KEY3 "\"")),
		SUPPLIED(SESSION, KEY1, "success",
		    ALL("\"" KEY3 "\",\"" KEY2 "\"")),
		SUPPLIED(SESSION, KEY2, "success", ALL("{\"key_ID\":\"" KEY1
		    "\"},\"" KEY3 "\",\"" KEY3 "\",\"" KEY1 "\"")),
		SUPPLIED("5F7C2C1E-93D4-4B0A-8E55-0123456789AB",
		    "0192F0C1-7A00-7000-8080-000000000003", "success",
		    ALL("\"" KEY1 "\"]},{\"x\":1},{\"key_IDs\":[\""
		    "0192F0C1-7A00-7000-8040-000000000002\"")),
	};
	struct conn	*c = talk_come(bench.a1);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct talk	t = talk_supply(3, 32);

		talk_sent(&t);
		akbench_say(c, 0x210b, t.n.message_id, all[i]);
		ck_assert_msg(t.over && t.success, "%s", all[i]);
		ck_assert_uint_eq(t.nids, 3);	/* each once */
	}
}
END_TEST

START_TEST(keys_may_be_confirmed_one_by_one)
{
	static const char *const	one[] = {
		SUPPLIED(SESSION, KEY2, "success", ""),
		SUPPLIED(SESSION, KEY2, "success", ALL("")),
		SUPPLIED(SESSION, KEY1, "success", ALL("\"" KEY2 "\"")),
		SUPPLIED(SESSION, KEY3, "success", ""),
	};
	struct talk	 t = talk_supply(3, 32);
	struct conn	*c = talk_come(bench.a1);

	talk_sent(&t);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert(!t.over);
		ck_assert_ptr_nonnull(t.n.guest);
		akbench_say(c, 0x210b, t.n.message_id, one[i]);
		ck_assert_uint_eq(t.answers, i + 1);
	}
	ck_assert(t.over && t.success);
	t = talk_supply(3, 32);
	talk_sent(&t);
	akbench_say(c, 0x210b, t.n.message_id, one[0]);
	akbench_say(c, 0x210b, t.n.message_id,
	    SUPPLIED(SESSION, KEY1, "rejected: full", ""));
	ck_assert(t.over && !t.success);
	ck_assert_str_eq(t.response, "rejected: full");
	ck_assert_int_eq(doorbench_figure("ak/notices_answered"), 2);
}
END_TEST

START_TEST(who_speaks_of_something_else_has_refused)
{
	struct conn	*c = talk_come(bench.a1);
	struct talk	 t = talk_invitation();
	static const char *const	bad[] = {
		SUPPLIED(OTHER, KEY1, "success", ""),
		SUPPLIED(SESSION, KEY2, "success", ""),
		SUPPLIED(SESSION, SESSION, "success", ALL("\"" KEY1 "\"")),
		SUPPLIED(SESSION, KEY1, "success",
		    ALL("\"" KEY1 "\",\"" KEY2 "\"")),
	};

	talk_sent(&t);
	akbench_say(c, 0x2107, t.n.message_id, NOTIFIED(OTHER, "success"));
	talk_refused(&t, "bad_request: the answer is of another session");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t = talk_supply(1, 32);
		talk_sent(&t);
		akbench_say(c, 0x210b, t.n.message_id, bad[i]);
		talk_refused(&t, i == 0 ?
		    "bad_request: the answer is of another session" :
		    "bad_request: the answer names keys that were not "
		    "brought");
	}
	t = talk_invitation();	/* and goes on */
	talk_sent(&t);
	talk_accept(c, &t);
	ck_assert(t.success);
}
END_TEST

START_TEST(what_nobody_waits_for_is_counted_and_ignored)
{
	struct talk	 t = talk_invitation(), k = talk_supply(1, 32);
	struct conn	*c = talk_come(bench.a1);

	talk_sent(&t);
	talk_accept(c, &t);
	ck_assert_uint_eq(t.answers, 1);
	talk_accept(c, &t);			/* once more */
	talk_sent(&k);
	talk_cancel(&k);
	talk_cancel(&k);
	akbench_say(c, 0x210b, k.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert_int_eq(doorbench_figure("ak/responses_unexpected"), 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_answered_late"), 2);
	talk_accept(c, &(struct talk){ .n.message_id = 4711 });
	talk_sent(&k);
	talk_accept(c, &k);			/* 0x2107 to 0x120A */
	ck_assert_int_eq(doorbench_figure("ak/responses_unexpected"), 4);
	ck_assert_int_eq(doorbench_figure("ak/notices_answered_late"), 2);
	ck_assert_uint_eq(t.answers, 1);
	ck_assert_uint_eq(k.answers, 0);
	ck_assert_ptr_nonnull(k.n.guest);	/* waits still */
	akbench_say(c, 0x210b, k.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert(k.success);
	ck_assert(!fakeconn_finished(c));
}
END_TEST

START_TEST(an_answer_counts_on_the_connection_that_was_asked)
{
	struct talk	 t = talk_invitation();
	struct conn	*a = talk_come(bench.a1), *b = talk_come(bench.a1);
	struct conn	*other = talk_come(bench.a2);

	talk_sent(&t);
	ck_assert(talk_got(b, &t));
	talk_accept(a, &t);
	talk_accept(other, &t);
	ck_assert_uint_eq(t.answers, 0);
	talk_accept(b, &t);
	ck_assert(t.success);
}
END_TEST

START_TEST(a_malformed_answer_ends_the_connection_and_another_is_asked)
{
	static const char *const	bad[] = { "{", "{}",
		NOTIFIED("x", "success"), NOTIFIED(SESSION, "Success"),
		"{\"session_ID\":\"" SESSION "\"}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct talk	 t = talk_invitation();
		struct conn	*a = talk_come(bench.a1);
		struct conn	*b = talk_come(bench.a1);

		t.on_lost = talk_sent;
		talk_sent(&t);
		akbench_say(b, 0x2107, t.n.message_id, bad[i]);
		ck_assert(fakeconn_finished(b));
		ck_assert_uint_eq(t.lost, 0);	/* not from in there */
		akbench_turn();
		ck_assert_uint_eq(t.lost, 1);
		ck_assert(talk_got(a, &t));
		talk_accept(a, &t);
		ck_assert(t.success);
		fakeconn_hang_up(a);
		fakeconn_hang_up(b);
	}
	ck_assert_int_eq(doorbench_figure("ak/notices_lost"), 5);
}
END_TEST

DOORBENCH_MAIN("aknotice",
	who_has_shown_no_certificate_is_arriving,
	an_exchange_is_what_the_vectors_say,
	what_a_session_has_not_is_left_out,
	only_success_and_nothing_behind_it_is_success,
	keys_may_be_confirmed_in_every_form,
	keys_may_be_confirmed_one_by_one,
	who_speaks_of_something_else_has_refused,
	what_nobody_waits_for_is_counted_and_ignored,
	an_answer_counts_on_the_connection_that_was_asked,
	a_malformed_answer_ends_the_connection_and_another_is_asked)
