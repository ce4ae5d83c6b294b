/*
 * What the KM begins with applications, as they see it (0x1206, 0x120A), and
 * what the engine hears of their answers. The engine is played by the test.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "akbench.h"
#include "err.h"
#include "frame.h"
#include "ksa/aklistener.h"
#include "unit.h"

#define KEY1	"0192f0c1-7a00-7000-8000-000000000001"
#define KEY2	"0192f0c1-7a00-7000-8040-000000000002"
#define KEY3	"0192f0c1-7a00-7000-8080-000000000003"
#define SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define OTHER	"5f7c2c1e-93d4-4b0a-8e55-0123456789ac"
#define ENC	"{\"application_destination_ID\":\"SAE-B1\"}"
#define LARGE	8192		/* octets of a key: 11 KB of a frame */
#define QUEUE	262144		/* of a connection, octets */

#define NOTIFIED(S, RESPONSE) \
	"{\"session_ID\":\"" S "\",\"response\":\"" RESPONSE "\"}"
#define SUPPLIED(S, KEY, RESPONSE, MORE) \
	"{\"session_ID\":\"" S "\",\"key_ID\":\"" KEY "\",\"response\":\"" \
	RESPONSE "\"" MORE "}"
#define ALL(IDS) ",\"extension\":[{\"key_IDs\":[" IDS "]}]"

/* One exchange, as the engine has it. */
struct talk {
	struct notice	 n;		/* first: casts rely on it */
	bool		 over, success;
	unsigned	 answers, lost;
	char		 response[256];
	uint32_t	 nids;
	uint8_t		 ids[4][16];
	unsigned	 confirmed;	/* a bit for each key */
	void		(*on_answer)(struct talk *);
	void		(*on_lost)(struct talk *);
};

static uint8_t	ids[3][16], octets[4 * LARGE];

static bool
on_answered(struct notice *n, bool success, const char *response,
    const uint8_t (*named)[16], uint32_t nids)
{
	struct talk	*t = (struct talk *)n;

	ck_assert(!t->over);
	ck_assert_ptr_null(n->guest);
	ck_assert_uint_le(nids, 4);
	t->answers++;
	t->success = success;
	snprintf(t->response, sizeof(t->response), "%s", response);
	t->nids = nids;
	memcpy(t->ids, named, nids * sizeof(t->ids[0]));
	for (uint32_t i = 0; success && i < nids; i++)
		for (unsigned k = 0; k < n->keys; k++)
			if (memcmp(named[i], n->ids[k], 16) == 0)
				t->confirmed |= 1U << k;
	t->over = !success || t->confirmed == (1U << n->keys) - 1;
	if (t->on_answer != NULL)
		t->on_answer(t);
	return t->over;
}

static void
on_lost(struct notice *n)
{
	struct talk	*t = (struct talk *)n;

	ck_assert(!t->over);
	ck_assert_ptr_null(n->guest);
	t->lost++;
	if (t->on_lost != NULL)
		t->on_lost(t);
}

/* 0x1206 to SAE-A1. */
static struct talk
invitation(void)
{
	struct talk	t = { .n = { .source = "SAE-B1",
			    .destination = "SAE-A1", .name = "",
			    .answered = on_answered, .lost = on_lost } };

	uuid_parse(SESSION, UUID_TEXT, t.n.session);
	return t;
}

/* 0x120A to SAE-A1. */
static struct talk
supply(uint32_t number, uint32_t size)
{
	struct talk	t = invitation();

	uuid_parse(KEY1, UUID_TEXT, ids[0]);
	uuid_parse(KEY2, UUID_TEXT, ids[1]);
	uuid_parse(KEY3, UUID_TEXT, ids[2]);
	for (unsigned i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	t.n.has_keys = true;
	t.n.keys = number;
	t.n.octets = size;
	t.n.ids = (const uint8_t (*)[16])ids;
	t.n.bytes = octets;
	return t;
}

static int
put(struct talk *t)
{
	ck_assert_ptr_null(t->n.guest);
	return fakesupply.notifier->send(fakesupply.notifier_arg, &t->n);
}

static void
sent(struct talk *t)
{
	ck_assert_int_eq(put(t), 0);
	ck_assert_ptr_nonnull(t->n.guest);
}

static void
cancel(struct talk *t)
{
	fakesupply.notifier->cancel(fakesupply.notifier_arg, &t->n);
	ck_assert_ptr_null(t->n.guest);
}

static bool
present(const char *application)
{
	return fakesupply.notifier->present(fakesupply.notifier_arg,
	    application);
}

/* Whether that connection has got it; the others are not read. */
static bool
got(struct conn *c, const struct talk *t)
{
	char	text[32];

	snprintf(text, sizeof(text), "%s/%u ", t->n.has_keys ? "120a" : "1206",
	    t->n.message_id);
	return strstr(akbench_output(c), text) != NULL;
}

/* 0x2107 `success`. */
static void
accept_it(struct conn *c, const struct talk *t)
{
	akbench_say(c, 0x2107, t->n.message_id, NOTIFIED(SESSION, "success"));
}

static void
refused(const struct talk *t, const char *words)
{
	ck_assert_uint_eq(t->answers, 1);
	ck_assert(t->over && !t->success);
	ck_assert_str_eq(t->response, words);
}

static struct conn *
come(X509 *cert)
{
	struct conn	*c = akbench_enter(cert);

	akbench_turn();
	fakesupply.present[0] = '\0';
	return c;
}

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
	ck_assert(arriving() && !present("SAE-A1"));
	fakeconn_shake(a, bench.a1);
	ck_assert(arriving() && present("SAE-A1"));
	fakeconn_hang_up(b);
	ck_assert(!arriving() && present("SAE-A1"));
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
	struct talk	 t = invitation(), k = supply(2, 32);
	struct conn	*c;

	doorbench_reload(apps, 2);
	c = come(bench.b1);
	t.n.source = k.n.source = "SAE-A1";
	t.n.destination = k.n.destination = "SAE-B1";
	t.n.name = "vpn";
	t.n.number = 100;
	sent(&t);
	wrote(c, "1206");
	ck_assert(!t.over);
	read_golden(c, "2107");
	ck_assert(t.over && t.success);
	sent(&k);
	wrote(c, "120a");
	read_golden(c, "210b");
	ck_assert(k.over && k.success);
	ck_assert_uint_eq(k.answers, 1);
	ck_assert_uint_eq(k.nids, 2);
	ck_assert_mem_eq(k.ids, ids, sizeof(ids[0]) * 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_sent"), 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_answered"), 2);
	ck_assert_int_eq(doorbench_figure("ak/responses_unexpected"), 0);
}
END_TEST

START_TEST(what_a_session_has_not_is_left_out)
{
	struct talk	 t = invitation();
	struct conn	*c = come(bench.a1);

	sent(&t);
	ck_assert_str_eq(akbench_output(c), "1206/2147483649 {"
	    "\"application_source_ID\":\"SAE-B1\","
	    "\"application_destination_ID\":\"SAE-A1\","
	    "\"session_ID\":\"" SESSION "\"}\n");
	cancel(&t);
}
END_TEST

/* ---- answers ---- */

START_TEST(only_success_and_nothing_behind_it_is_success)
{
	static const char *const	bad[] = { "success: really",
		"rejected: no room", "timeout", "unknown_token: x" };
	struct conn	*c = come(bench.a1);
	char		 text[256];

	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct talk	t = i % 2 ? supply(2, 32) : invitation();

		sent(&t);
		snprintf(text, sizeof(text), i % 2 ?
		    SUPPLIED(SESSION, KEY1, "%s", "") : NOTIFIED(SESSION,
		    "%s"), bad[i / 2]);
		akbench_say(c, i % 2 ? 0x210b : 0x2107, t.n.message_id, text);
		refused(&t, bad[i / 2]);
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
	struct conn	*c = come(bench.a1);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct talk	t = supply(3, 32);

		sent(&t);
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
	struct talk	 t = supply(3, 32);
	struct conn	*c = come(bench.a1);

	sent(&t);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert(!t.over);
		ck_assert_ptr_nonnull(t.n.guest);
		akbench_say(c, 0x210b, t.n.message_id, one[i]);
		ck_assert_uint_eq(t.answers, i + 1);
	}
	ck_assert(t.over && t.success);
	t = supply(3, 32);
	sent(&t);
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
	struct conn	*c = come(bench.a1);
	struct talk	 t = invitation();
	static const char *const	bad[] = {
		SUPPLIED(OTHER, KEY1, "success", ""),
		SUPPLIED(SESSION, KEY2, "success", ""),
		SUPPLIED(SESSION, SESSION, "success", ALL("\"" KEY1 "\"")),
		SUPPLIED(SESSION, KEY1, "success",
		    ALL("\"" KEY1 "\",\"" KEY2 "\"")),
	};

	sent(&t);
	akbench_say(c, 0x2107, t.n.message_id, NOTIFIED(OTHER, "success"));
	refused(&t, "bad_request: the answer is of another session");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t = supply(1, 32);
		sent(&t);
		akbench_say(c, 0x210b, t.n.message_id, bad[i]);
		refused(&t, i == 0 ?
		    "bad_request: the answer is of another session" :
		    "bad_request: the answer names keys that were not "
		    "brought");
	}
	t = invitation();	/* and goes on */
	sent(&t);
	accept_it(c, &t);
	ck_assert(t.success);
}
END_TEST

START_TEST(what_nobody_waits_for_is_counted_and_ignored)
{
	struct talk	 t = invitation(), k = supply(1, 32);
	struct conn	*c = come(bench.a1);

	sent(&t);
	accept_it(c, &t);
	ck_assert_uint_eq(t.answers, 1);
	accept_it(c, &t);			/* once more */
	sent(&k);
	cancel(&k);
	cancel(&k);
	akbench_say(c, 0x210b, k.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert_int_eq(doorbench_figure("ak/responses_unexpected"), 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_answered_late"), 2);
	accept_it(c, &(struct talk){ .n.message_id = 4711 });
	sent(&k);
	accept_it(c, &k);			/* 0x2107 to 0x120A */
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
	struct talk	 t = invitation();
	struct conn	*a = come(bench.a1), *b = come(bench.a1);
	struct conn	*other = come(bench.a2);

	sent(&t);
	ck_assert(got(b, &t));
	accept_it(a, &t);
	accept_it(other, &t);
	ck_assert_uint_eq(t.answers, 0);
	accept_it(b, &t);
	ck_assert(t.success);
}
END_TEST

static void
again(struct talk *t)
{
	sent(t);
}

START_TEST(a_malformed_answer_ends_the_connection_and_another_is_asked)
{
	static const char *const	bad[] = { "{", "{}",
		NOTIFIED("x", "success"), NOTIFIED(SESSION, "Success"),
		"{\"session_ID\":\"" SESSION "\"}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct talk	 t = invitation();
		struct conn	*a = come(bench.a1), *b = come(bench.a1);

		t.on_lost = again;
		sent(&t);
		akbench_say(b, 0x2107, t.n.message_id, bad[i]);
		ck_assert(fakeconn_finished(b));
		ck_assert_uint_eq(t.lost, 0);	/* not from in there */
		akbench_turn();
		ck_assert_uint_eq(t.lost, 1);
		ck_assert(got(a, &t));
		accept_it(a, &t);
		ck_assert(t.success);
		fakeconn_hang_up(a);
		fakeconn_hang_up(b);
	}
	ck_assert_int_eq(doorbench_figure("ak/notices_lost"), 5);
}
END_TEST

/* ---- which connection ---- */

START_TEST(whoever_was_heard_last_is_asked_first)
{
	struct talk	 t = invitation();
	struct conn	*c[3];

	for (int i = 0; i < 3; i++)
		c[i] = come(bench.a1);
	sent(&t);
	ck_assert(got(c[2], &t));
	accept_it(c[2], &t);
	akbench_say(c[0], 0x2101, 1, ENC);
	akbench_output(c[0]);
	t = invitation();
	sent(&t);
	ck_assert(got(c[0], &t));
	accept_it(c[0], &t);
	t = invitation();
	akbench_say(c[1], 0x2107, 4711, NOTIFIED(SESSION, "success"));
	sent(&t);
	ck_assert(got(c[1], &t));
	fakeconn_hang_up(c[1]);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	sent(&t);
	ck_assert(got(c[0], &t));
	ck_assert(!got(c[2], &t));
	cancel(&t);
}
END_TEST

START_TEST(whoever_lets_one_go_unanswered_is_asked_last_until_he_is_heard)
{
	struct talk	 t = invitation();
	struct conn	*old = come(bench.a1), *hung = come(bench.a1);

	sent(&t);
	ck_assert(got(hung, &t));
	cancel(&t);			/* in time nobody answered */
	for (int i = 0; i < 3; i++) {
		sent(&t);
		ck_assert(got(old, &t));
		cancel(&t);
		akbench_say(old, 0x2101, 1, ENC);
		akbench_output(old);
	}
	akbench_say(hung, 0x2101, 1, ENC);
	akbench_output(hung);
	sent(&t);
	ck_assert(got(hung, &t));
	accept_it(hung, &t);
}
END_TEST

START_TEST(each_application_has_its_own_connections)
{
	struct talk	 t = invitation();
	struct conn	*a = come(bench.a1), *b = come(bench.b1);

	come(bench.stranger);
	ck_assert(present("SAE-A1"));
	ck_assert(!present("SAE-A2"));		/* has none */
	ck_assert(!present("SAE-B1"));		/* of another node */
	ck_assert(!present("SAE-X"));		/* nobody's */
	t.n.destination = "SAE-A2";
	ck_assert_int_eq(put(&t), -E_NOT_FOUND);
	t.n.destination = "SAE-B1";
	ck_assert_int_eq(put(&t), -E_NOT_FOUND);
	t.n.destination = "SAE-X";
	ck_assert_int_eq(put(&t), -E_NOT_FOUND);
	ck_assert_str_eq(akbench_output(a), "");
	ck_assert_str_eq(akbench_output(b), "");
	fakeconn_hang_up(a);
	ck_assert(!present("SAE-A1"));
	fakeconn_shake(fakeconn_accept(), bench.a1);	/* by HTTPS */
	ck_assert(!present("SAE-A1"));
	ck_assert_int_eq(doorbench_figure("ak/notices_sent"), 0);
}
END_TEST

START_TEST(the_engine_hears_who_has_come)
{
	struct conn	*c, *first = akbench_enter(bench.a1);

	akbench_enter(bench.a2);
	akbench_enter(bench.b1);
	ck_assert_str_eq(fakesupply.present, "");
	ck_assert(present("SAE-A1"));
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
	c = come(bench.a1);
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
	struct talk	 t = invitation();
	struct conn	*c[4];

	for (int i = 0; i < 4; i++)
		c[i] = come(bench.a1);
	ck_assert(fakeconn_finished(c[3]));
	sent(&t);
	ck_assert(got(c[2], &t));
	cancel(&t);
}
END_TEST

#define MANY	17

/* Eight at a time. */
START_TEST(each_connection_has_so_many_notices_at_a_time)
{
	struct talk	 t[MANY];
	struct conn	*a = come(bench.a1), *b = come(bench.a1);

	for (int i = 0; i < MANY; i++)
		t[i] = invitation();
	for (int i = 0; i < 16; i++) {
		sent(&t[i]);
		ck_assert(got(i < 8 ? b : a, &t[i]));
	}
	ck_assert_int_eq(put(&t[16]), -E_BUSY);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, "");
	accept_it(b, &t[3]);
	ck_assert(t[3].success);
	cancel(&t[4]);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1");
	sent(&t[16]);
	ck_assert(got(b, &t[16]));
	cancel(&t[9]);			/* a was short of room too */
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1 SAE-A1");
	for (int i = 0; i < MANY; i++)
		if (!t[i].over)
			cancel(&t[i]);
}
END_TEST

/* 44 KB each, of 256 KiB. */
START_TEST(who_does_not_read_is_not_brought_more)
{
	struct talk	 t[13];
	struct conn	*a = come(bench.a1), *b = come(bench.a1);
	unsigned	 n = 0;

	for (int i = 0; i < 13; i++)
		t[i] = supply(1, LARGE * 4);
	while (n < 12 && put(&t[n]) == 0)
		n++;
	ck_assert_uint_eq(n, 12);
	ck_assert_int_eq(put(&t[12]), -E_BUSY);
	ck_assert_uint_gt(conn_output_queued(a), QUEUE - 44000);
	ck_assert_uint_lt(conn_output_queued(a), QUEUE + 44000);
	for (int i = 0; i < 12; i++)
		cancel(&t[i]);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, "");
	ck_assert_int_eq(put(&t[12]), -E_BUSY);	/* it is queued still */
	ck_assert_ptr_nonnull(strstr(akbench_output(a), "120a/"));
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1");
	sent(&t[12]);
	ck_assert(!got(b, &t[12]));
	ck_assert(got(a, &t[12]));
	cancel(&t[12]);
}
END_TEST

START_TEST(answers_that_are_due_take_room_too)
{
	const char	*large = "{\"application_destination_ID\":\"SAE-B1\","
			    "\"number_of_keys\":5,\"size_of_key\":65536}";
	struct talk	 t = invitation();
	struct conn	*c = come(bench.a1);

	fakesupply.later = true;
	for (uint32_t i = 0; i < 5; i++)
		akbench_say(c, 0x2101, i, large);
	ck_assert_int_eq(put(&t), -E_BUSY);
	for (int i = 0; i < 5; i++)
		fakesupply_answer();
	ck_assert_int_eq(put(&t), -E_BUSY);
	akbench_output(c);
	akbench_turn();
	ck_assert_str_eq(fakesupply.present, " SAE-A1");
	sent(&t);
	cancel(&t);
}
END_TEST

START_TEST(what_no_frame_holds_is_not_sent)
{
	struct talk	 t = supply(1, 65536), next = invitation();
	struct conn	*c = come(bench.a1);
	char		*name = malloc(1025);

	ck_assert_int_eq(put(&t), -E_TOO_LARGE);
	t = supply(1025, 1);
	ck_assert_int_eq(put(&t), -E_TOO_LARGE);
	ck_assert_str_eq(akbench_output(c), "");
	fakeconn_no_memory();
	ck_assert_int_eq(put(&next), -E_BUSY);
	memset(name, '\\', 1024);
	name[1024] = '\0';
	next.n.name = name;
	sent(&next);
	ck_assert_uint_eq(next.n.message_id, 0x80000001);
	ck_assert_ptr_nonnull(strstr(akbench_output(c), "\\\\\",\""));
	accept_it(c, &next);
	ck_assert(next.success);
	free(name);
}
END_TEST

START_TEST(no_two_that_are_open_have_the_same_number)
{
	struct talk	 t[4];
	struct conn	*c = come(bench.a1);
	struct ak_listener *l;
	uint32_t	 first;

	for (int i = 0; i < 4; i++)
		t[i] = invitation();
	sent(&t[0]);
	first = t[0].n.message_id;
	l = t[0].n.guest;
	l->sent = UINT32_MAX;		/* so many later */
	sent(&t[1]);
	ck_assert_uint_eq(t[1].n.message_id, first - 1);
	sent(&t[2]);
	ck_assert_uint_eq(t[2].n.message_id, first + 1);
	cancel(&t[0]);
	l->sent = (uint64_t)2 << 32;
	sent(&t[3]);
	ck_assert_uint_eq(t[3].n.message_id, first);
	for (int i = 1; i < 4; i++) {
		accept_it(c, &t[i]);
		ck_assert(t[i].success);
	}
}
END_TEST

/* ---- the end of a connection ---- */

START_TEST(who_leaves_makes_room_for_another)
{
	struct talk	 t = invitation(), k = supply(3, 32);
	struct conn	*a = come(bench.a1), *b = come(bench.a1);

	t.on_lost = k.on_lost = again;
	sent(&t);
	sent(&k);
	akbench_say(b, 0x210b, k.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert(!present("SAE-A2"));
	fakeconn_hang_up(b);
	ck_assert_uint_eq(t.lost, 0);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(k.lost, 1);
	ck_assert_int_eq(doorbench_figure("ak/notices_lost"), 2);
	ck_assert_int_eq(doorbench_figure("ak/notices_sent"), 4);
	accept_it(a, &t);
	akbench_say(a, 0x210b, k.n.message_id, SUPPLIED(SESSION, KEY1,
	    "success", ALL("\"" KEY2 "\",\"" KEY3 "\"")));
	ck_assert(t.success && k.success);
}
END_TEST

START_TEST(what_is_lost_can_be_cancelled_before_it_is_told)
{
	struct talk	 t = invitation();
	struct conn	*c = come(bench.a1);

	sent(&t);
	fakeconn_hang_up(c);
	cancel(&t);
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
			cancel(others[i]);
}

START_TEST(what_is_told_may_end_others)
{
	struct talk	 t[2];
	struct conn	*c = come(bench.a1);

	for (int i = 0; i < 2; i++) {
		t[i] = invitation();
		t[i].on_lost = t[i].on_answer = cancel_others;
		others[i] = &t[i];
		sent(&t[i]);
	}
	accept_it(c, &t[0]);
	ck_assert(t[0].success);
	ck_assert_uint_eq(t[1].answers + t[1].lost, 0);
	for (int i = 0; i < 2; i++) {
		t[i].over = false;
		sent(&t[i]);
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
	struct conn	*c = come(bench.a1);

	for (int i = 0; i < 2; i++) {
		heap = malloc(sizeof(*heap));
		*heap = invitation();
		heap->n.answered = drop;
		heap->n.lost = drop_lost;
		sent(heap);
		if (i == 0)
			accept_it(c, heap);
		else
			fakeconn_hang_up(c);
		akbench_turn();
		ck_assert_ptr_null(heap);
	}
}
END_TEST

START_TEST(who_sends_no_more_cannot_answer)
{
	struct talk	 t = invitation(), next = invitation();
	struct conn	*c = come(bench.a1);
	unsigned	 before;

	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	sent(&t);
	fakeconn_end(c);
	ck_assert(!present("SAE-A1"));
	ck_assert_int_eq(put(&next), -E_NOT_FOUND);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	ck_assert(!fakeconn_finished(c));	/* has asked something */
	fakesupply_answer();
	ck_assert(fakeconn_finished(c));
	c = come(bench.a1);
	sent(&t);
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
	struct talk	 t = invitation();
	struct conn	*c[3], *b;
	unsigned	 before;

	for (int i = 0; i < 3; i++)
		c[i] = come(bench.a1);
	akbench_say(c[0], 0x2101, 1, ENC);
	sent(&t);				/* to c[0] */
	akbench_say(c[1], 0x2101, 1, ENC);
	akbench_say(c[2], 0x2101, 1, ENC);
	come(bench.a2);
	before = fakeconn_closed();
	b = come(bench.a2);			/* in the place of c[1] */
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	accept_it(c[0], &t);
	ck_assert(t.success);
	akbench_say(c[2], 0x2101, 1, ENC);
	fakeconn_hang_up(b);
	come(bench.stranger);
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
	struct talk	 t = invitation(), k = supply(1, 32);
	struct conn	*a = come(bench.a1), *b = come(bench.a1);
	bool		 gone = false;

	fakesupply.later = true;
	akbench_say(a, 0x2101, 1, ENC);
	sent(&t);
	fakeconn_end(b);
	door_stop(bench.door, on_gone, &gone);
	ck_assert(!present("SAE-A1"));
	ck_assert_int_eq(put(&k), -E_NOT_FOUND);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	fakesupply_answer();
	fakeconn_hang_up(a);
	ck_assert(gone);
}
END_TEST

START_TEST(what_is_open_when_the_door_is_gone_is_lost)
{
	struct talk	 t = invitation(), k = supply(1, 32);

	come(bench.a1);
	sent(&t);
	sent(&k);
	door_free(&bench.door);
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(k.lost, 1);
	ck_assert_ptr_null(fakesupply.notifier);
}
END_TEST

/* ---- certificates and registrations ---- */

START_TEST(who_is_revoked_is_not_asked_and_not_believed)
{
	struct talk	 t = invitation(), next = invitation();
	struct conn	*a = come(bench.a1), *b;
	unsigned	 verified;

	fakesupply.later = true;
	akbench_say(a, 0x2101, 1, ENC);
	sent(&t);
	ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	fakeconn_verdict(0, "it was revoked");
	ck_assert(!present("SAE-A1"));
	verified = fakeconn_verified();
	ck_assert_int_eq(put(&next), -E_NOT_FOUND);
	ck_assert(!present("SAE-A1"));
	ck_assert_uint_eq(fakeconn_verified(), verified);
	ck_assert_uint_eq(t.lost, 0);		/* not from in there */
	accept_it(a, &t);
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	ck_assert_uint_eq(t.answers, 0);
	ck_assert(!fakeconn_finished(a));	/* what it asked it gets */
	fakesupply_answer();
	ck_assert(fakeconn_finished(a));
	fakeconn_verdict(INT64_MAX, NULL);
	b = come(bench.a1);
	sent(&t);
	ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	fakeconn_verdict(0, "it was revoked");
	accept_it(b, &t);			/* before anybody looked */
	ck_assert_uint_eq(t.answers, 0);
	ck_assert(fakeconn_finished(b));
	akbench_turn();
	ck_assert_uint_eq(t.lost, 2);
}
END_TEST

START_TEST(of_several_those_whose_certificates_hold_are_asked)
{
	struct talk	 t = invitation();
	struct conn	*a, *b;

	b = come(bench.a1);
	fakeconn_verdict(time(NULL) - 1, NULL);	/* then look again */
	a = come(bench.a1);
	fakeconn_verdict(0, "it was revoked");
	sent(&t);
	ck_assert(got(b, &t));
	ck_assert(!fakeconn_finished(a));	/* not from in there */
	akbench_turn();
	ck_assert(fakeconn_finished(a));
	accept_it(b, &t);
	ck_assert(t.success);
}
END_TEST

START_TEST(who_is_registered_meanwhile_is_asked_though_he_is_silent)
{
	static struct ksa_application	more[] = {
		{ .id = "SAE-A1", .km = "KME-A" },
		{ .id = "SAE-B1", .km = "KME-A" },
		{ .id = "SAE-X", .km = "KME-A" } };
	struct talk	 t = invitation(), k = supply(1, 32);
	struct conn	*x = come(bench.stranger), *b = come(bench.b1);

	ck_assert(!present("SAE-X"));
	doorbench_reload(more, 3);
	ck_assert(present("SAE-X"));
	akbench_turn();
	ck_assert_ptr_nonnull(strstr(fakesupply.present, " SAE-X"));
	ck_assert_ptr_nonnull(strstr(fakesupply.present, " SAE-B1"));
	t.n.destination = "SAE-X";
	k.n.destination = "SAE-B1";
	sent(&t);
	sent(&k);
	accept_it(x, &t);
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
	struct talk	 t = invitation(), k = invitation();
	struct conn	*a = come(bench.a1), *x = come(bench.a2);

	k.n.destination = "SAE-A2";
	sent(&t);
	sent(&k);
	doorbench_reload(moved, 2);
	ck_assert(!present("SAE-A1"));
	ck_assert(!present("SAE-A2"));
	akbench_turn();
	ck_assert_uint_eq(t.lost, 1);
	accept_it(a, &t);
	accept_it(x, &k);
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
	ck_assert(present("SAE-A1"));
	sent(&t);
	ck_assert(got(a, &t));
	accept_it(a, &t);
	ck_assert(t.success);
}
END_TEST

/* ---- both ways on one connection ---- */

START_TEST(who_has_enough_open_may_still_answer)
{
	struct talk	 t[3];
	struct conn	*c = come(bench.a1);

	for (int i = 0; i < 3; i++) {
		t[i] = invitation();
		sent(&t[i]);
	}
	fakesupply.later = true;
	for (uint32_t i = 0; i < 8; i++)
		akbench_say(c, 0x2101, i, ENC);
	accept_it(c, &t[0]);
	ck_assert(t[0].success);
	akbench_say(c, 0x2101, 8, ENC);		/* one too many: it waits */
	ck_assert(fakeconn_paused(c));
	accept_it(c, &t[1]);			/* and what is behind it */
	ck_assert_uint_eq(t[1].answers, 0);
	fakesupply_answer();
	ck_assert(t[1].success);
	ck_assert_uint_eq(fakesupply.calls, 9);
	accept_it(c, &t[2]);
	ck_assert(t[2].success);
}
END_TEST

START_TEST(who_is_read_from_is_asked_before_who_is_not)
{
	struct talk	 t = invitation();
	struct conn	*a = come(bench.a1), *b = come(bench.a1);

	fakesupply.later = true;
	for (uint32_t i = 0; i < 9; i++)
		akbench_say(b, 0x2101, i, ENC);
	ck_assert(fakeconn_paused(b));
	sent(&t);
	ck_assert(got(a, &t));
	cancel(&t);
	fakeconn_hang_up(a);
	sent(&t);				/* better than nobody */
	ck_assert(got(b, &t));
	accept_it(b, &t);
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
	struct talk	 t = supply(1, 32);
	struct conn	*c = come(bench.a1);
	unsigned	 before = fakeconn_closed();

	fakesupply.later = true;
	t.on_answer = t.on_lost = answer_source;
	akbench_say(c, 0x2108, 1, "{\"session_ID\":\"" SESSION "\"}");
	sent(&t);
	akbench_output(c);
	akbench_say(c, 0x210b, t.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	akbench_told(c, "1209/1 {\"session_ID\":\"" SESSION "\",\"keys\":[{");
	broken = c;				/* that cannot be written */
	t.over = false;
	akbench_say(c, 0x2108, 2, "{\"session_ID\":\"" SESSION "\"}");
	sent(&t);
	akbench_say(c, 0x210b, t.n.message_id,
	    SUPPLIED(SESSION, KEY1, "success", ""));
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	broken = NULL;
	c = come(bench.a1);
	akbench_say(c, 0x2108, 2, "{\"session_ID\":\"" SESSION "\"}");
	akbench_say(c, 0x2108, 3, "{\"session_ID\":\"" SESSION "\"}");
	t = supply(1, 32);
	sent(&t);
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

	*t = keys ? supply(1 + any(3), 1 + any(LARGE)) : invitation();
	if (any(2) == 0)
		t->on_lost = NULL;
	r = put(t);
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
		cancel(t);
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
	a_malformed_answer_ends_the_connection_and_another_is_asked,
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
	what_is_open_when_the_door_is_gone_is_lost,
	who_is_revoked_is_not_asked_and_not_believed,
	of_several_those_whose_certificates_hold_are_asked,
	who_is_registered_meanwhile_is_asked_though_he_is_silent,
	who_is_no_longer_ours_is_not_asked,
	who_has_enough_open_may_still_answer,
	who_is_read_from_is_asked_before_who_is_not,
	an_application_may_have_a_session_with_itself,
	every_exchange_has_one_end)
