/*
 * check_saesession.c - the destination's side of sessions by the functions of
 * libqkdnode-sae: what a KM begins, between answers, malformed, too much.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "akmsg.h"
#include "fakeapp.h"

#define S		FAKEAPP_SESSION
#define OFFER		"{\"application_source_ID\":\"SAE-C\"," \
			"\"application_destination_ID\":\"SAE-A\"," \
			"\"application_name\":\"x\\u001by\"," \
			"\"session_ID\":\"" S "\",\"number_of_keys\":7}"
#define SUPPLY(SEED, N)	"{\"session_ID\":\"" S "\",\"keys\":%s}", \
			fakekm_keys(SEED, N, 32)
#define YES		"{\"session_ID\":\"" S "\",\"response\":\"success\"}"

/* The test goes on when the KM has come that far. */
static pthread_barrier_t	done;

/* What the handlers of the test saw, and what they shall say. */
static struct seen {
	unsigned	 sessions, keys;
	char		 id[QKDSAE_ID_SIZE], source[32], destination[32];
	char		 name[32];
	uint64_t	 limit;
	const char	*refusal;
	bool		 keep;
	struct qkdsae_keys *kept;
} seen;

static void
note(struct seen *s, const struct qkdsae_session *session)
{
	snprintf(s->id, sizeof(s->id), "%s", session->id);
	snprintf(s->source, sizeof(s->source), "%s", session->source);
	snprintf(s->destination, sizeof(s->destination), "%s",
	    session->destination);
	snprintf(s->name, sizeof(s->name), "%s", session->name);
	s->limit = session->limit;
}

static const char *
on_session(void *arg, const struct qkdsae_session *session)
{
	struct seen	*s = arg;

	s->sessions++;
	note(s, session);
	return s->refusal;
}

static const char *
on_keys(void *arg, const struct qkdsae_session *session,
    struct qkdsae_keys **keys)
{
	struct seen	*s = arg;

	s->keys++;
	note(s, session);
	if (s->keep) {
		s->kept = *keys;
		*keys = NULL;
	}
	return s->refusal;
}

static const struct qkdsae_handlers	handlers = {
	.size = sizeof(handlers), .arg = &seen, .on_session = on_session,
	.on_keys = on_keys,
};

static void
serve(int expected)
{
	ck_assert_msg(qkdsae_serve(fakeapp, 60000) == expected, "%s",
	    qkdsae_reason());
}

/* ---- a session ---- */

static void
whole(struct fakekm *k)
{
	fakekm_say(k, AK_SESSION_NOTIFY, 70000, OFFER);
	fakekm_expect(k, AK_SESSION_NOTIFIED, YES);
	if (k->id != 70000)
		abort();
	fakekm_say(k, AK_SUPPLY, 5, SUPPLY(1, 1));
	fakekm_expect(k, AK_SUPPLIED, "{\"session_ID\":\"" S "\",\"key_ID\":"
	    "\"0192f0c1-7a00-7000-8000-000000000001\","
	    "\"response\":\"success\"}");
	fakekm_say(k, AK_SUPPLY, 6, SUPPLY(16, 2));
	fakekm_expect(k, AK_SUPPLIED, "{\"session_ID\":\"" S "\",\"key_ID\":"
	    "\"0192f0c1-7a00-7000-8000-000000000010\","
	    "\"response\":\"success\",\"extension\":[{\"key_IDs\":["
	    "\"0192f0c1-7a00-7000-8000-000000000010\","
	    "\"0192f0c1-7a00-7000-8000-000000000011\"]}]}");
	if (k->id != 6)
		abort();
}

START_TEST(sessions_and_keys_come_to_the_handlers)
{
	FAKEAPP_START(whole);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	serve(1);
	ck_assert_uint_eq(seen.sessions, 1);
	ck_assert_str_eq(seen.id, S);
	ck_assert_str_eq(seen.source, "SAE-C");
	ck_assert_str_eq(seen.destination, "SAE-A");
	ck_assert_str_eq(seen.name, "x?y");
	ck_assert_uint_eq(seen.limit, 7);
	memset(seen.source, 0, sizeof(seen.source));
	serve(1);
	ck_assert_uint_eq(seen.keys, 1);
	ck_assert_str_eq(seen.source, "SAE-C");
	ck_assert_ptr_null(seen.kept);
	seen.keep = true;
	serve(1);
	fakeapp_have(seen.kept, 16, 2, 32);
	qkdsae_keys_free(&seen.kept);
	fakeapp_stop();
}
END_TEST

static void
refused(struct fakekm *k)
{
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_expect(k, AK_SESSION_NOTIFIED, "{\"session_ID\":\"" S "\","
	    "\"response\":\"rejected: not \\\"today\\\"\"}");
	fakekm_say(k, AK_SUPPLY, 2, SUPPLY(1, 1));
	fakekm_expect(k, AK_SUPPLIED, "{\"session_ID\":\"" S "\",\"key_ID\":"
	    "\"0192f0c1-7a00-7000-8000-000000000001\","
	    "\"response\":\"rejected: not \\\"today\\\"\"}");
}

START_TEST(a_handler_may_refuse_in_its_own_words)
{
	FAKEAPP_START(refused);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	seen.refusal = "not \"today\"";
	serve(1);
	serve(1);
	/* It was not accepted, so nothing is known of it. */
	ck_assert_str_eq(seen.source, "");
	ck_assert_str_eq(seen.id, S);
	fakeapp_stop();
}
END_TEST

#define REJECTED	"{\"session_ID\":\"" S "\",\"response\":\"rejected: "
#define GOOD(SEED)	"{\"keys\":%s,\"response\":\"success\"}", \
			fakekm_keys(SEED, 1, 32)

/* ---- who does not listen ---- */

static void
offered_before_answer(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_expect_end(k);		/* of what it says; it still hears */
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(1));
}

static void
offered_again(struct fakekm *k)
{
	uint32_t	id;

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	id = k->id;
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_expect(k, AK_SESSION_NOTIFIED, REJECTED "the application "
	    "listens on no connection\"}");
	fakekm_say(k, AK_KEY_RESPONSE, id, GOOD(2));
	fakekm_hear(k);
}

START_TEST(who_does_not_listen_gives_back_once_and_refuses_then)
{
	FAKEAPP_START(offered_before_answer, offered_again);
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_have(fakeapp_keys, 1, 1, 32);
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_have(fakeapp_keys, 2, 1, 32);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 2);
}
END_TEST

static void
supplied_idle(struct fakekm *k)
{
	fakekm_say(k, AK_SUPPLY, 1, SUPPLY(1, 2));
	fakekm_expect_end(k);
}

static void
supplied_more(struct fakekm *k)
{
	fakekm_say(k, AK_SUPPLY, 1, SUPPLY(2, 1));
	fakekm_expect_end(k);
}

static void
supplied_again(struct fakekm *k)
{
	fakekm_say(k, AK_SUPPLY, 1, SUPPLY(1, 2));
	fakekm_expect(k, AK_SUPPLIED, NULL);
	if (strstr(k->text, "listens on no connection") == NULL)
		abort();
	pthread_barrier_wait(&done);
	fakekm_expect_end(k);
}

static void *
serve_until_stopped(void *arg)
{
	(void)arg;
	return qkdsae_serve(fakeapp, -1) == QKDSAE_STOPPED ? NULL : "failed";
}

START_TEST(keys_too_are_given_back_and_the_connection_is_kept_alive)
{
	pthread_t	thread;
	void		*failure;

	pthread_barrier_init(&done, NULL, 2);
	FAKEAPP_START(supplied_idle, supplied_more, supplied_again);
	pthread_create(&thread, NULL, serve_until_stopped, NULL);
	pthread_barrier_wait(&done);
	qkdsae_stop(fakeapp);
	pthread_join(thread, &failure);
	ck_assert_ptr_null(failure);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 3);
}
END_TEST

static void
no_handler(struct fakekm *k)
{
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_expect(k, AK_SESSION_NOTIFIED, REJECTED "the application does "
	    "not take it\"}");
}

START_TEST(a_handler_that_is_missing_refuses)
{
	const struct qkdsae_handlers	some = { .size = sizeof(some),
					    .on_keys = on_keys };

	FAKEAPP_START(no_handler);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &some), 0);
	serve(1);
	fakeapp_failed(qkdsae_listen(fakeapp, &handlers), QKDSAE_ARGUMENT,
	    "has its handlers");
	fakeapp_stop();
}
END_TEST

/* ---- between requests ---- */

/* The answer to the get depends on the session being served meanwhile. */
static void
crossed(struct fakekm *k)
{
	uint32_t	id;

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	id = k->id;
	fakekm_say(k, AK_SESSION_NOTIFY, id, OFFER);
	fakekm_expect(k, AK_SESSION_NOTIFIED, YES);
	fakekm_say(k, AK_SUPPLY, id, SUPPLY(1, 1));
	fakekm_expect(k, AK_SUPPLIED, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, id, GOOD(2));
	fakekm_hear(k);
}

static void *
serve_two(void *arg)
{
	(void)arg;
	return qkdsae_serve(fakeapp, 60000) == 1 &&
	    qkdsae_serve(fakeapp, 60000) == 1 ? NULL : "failed";
}

START_TEST(sessions_do_not_wait_for_a_thread_that_waits_for_an_answer)
{
	pthread_t	thread;
	void		*failure;

	FAKEAPP_START(crossed);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	pthread_create(&thread, NULL, serve_two, NULL);
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_have(fakeapp_keys, 2, 1, 32);
	pthread_join(thread, &failure);
	ck_assert_ptr_null(failure);
	fakeapp_stop();
}
END_TEST

/* One thread for both: what came with the answer waits for the next serve. */
static void
before_answer(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(2));
	fakekm_expect(k, AK_SESSION_NOTIFIED, YES);
}

START_TEST(a_session_that_comes_while_an_answer_is_awaited_is_kept)
{
	FAKEAPP_START(before_answer);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	ck_assert_int_eq(fakeapp_get(1), 0);
	ck_assert_uint_eq(seen.sessions, 0);
	ck_assert_int_eq(qkdsae_serve(fakeapp, 0), 1);
	ck_assert_uint_eq(seen.sessions, 1);
	ck_assert_int_eq(qkdsae_serve(fakeapp, 0) > 0, 0);
	fakeapp_stop();
}
END_TEST

static const char *
draw_in_handler(void *arg, const struct qkdsae_session *session)
{
	(void)arg, (void)session;
	return fakeapp_get(1) == 0 ? NULL : "no";
}

static void
in_handler(struct fakekm *k)
{
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(2));
	fakekm_expect(k, AK_SESSION_NOTIFIED, YES);
}

START_TEST(a_handler_may_use_the_connection)
{
	const struct qkdsae_handlers	h = { .size = sizeof(h),
					    .on_session = draw_in_handler };

	FAKEAPP_START(in_handler);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &h), 0);
	serve(1);
	fakeapp_stop();
}
END_TEST

static void
quiet_km(struct fakekm *k)
{
	fakekm_hear(k);
}

START_TEST(serving_ends_when_nothing_comes_in_time)
{
	FAKEAPP_START(quiet_km);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	ck_assert_int_eq(qkdsae_serve(fakeapp, 0), 0);
	ck_assert_int_eq(qkdsae_serve(fakeapp, 50), 0);
	fakeapp_stop();
}
END_TEST

/* ---- lost connections ---- */

static void
close_it(struct fakekm *k)
{
	(void)k;
}

static void
late_offer(struct fakekm *k)
{
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	fakekm_expect(k, AK_SESSION_NOTIFIED, YES);
}

START_TEST(serving_connects_again)
{
	fakeapp_conf.retry_ms = 60000;
	FAKEAPP_START(close_it, close_it, late_offer);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	serve(1);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 3);
}
END_TEST

START_TEST(without_retry_a_lost_connection_is_told)
{
	int	r = 0;

	FAKEAPP_START(close_it, late_offer);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	fakeapp_failed(qkdsae_serve(fakeapp, 60000), QKDSAE_CONNECTION,
	    "closed");
	r = qkdsae_serve(fakeapp, 60000);
	ck_assert_int_eq(r, 1);
	fakeapp_stop();
}
END_TEST

/* What was accepted on a connection that is gone is not said on the next. */
static pthread_barrier_t	lost;

static const char *
accept_late(void *arg, const struct qkdsae_session *session)
{
	(void)arg, (void)session;
	pthread_barrier_wait(&lost);
	/* Sees the end, and connects anew. */
	while (fakeapp_km.connections < 2)
		(void)qkdsae_connect(fakeapp);
	return NULL;
}

static void
offer_and_close(struct fakekm *k)
{
	fakekm_say(k, AK_SESSION_NOTIFY, 1, OFFER);
	pthread_barrier_wait(&lost);
}

static void
hears_nothing(struct fakekm *k)
{
	fakekm_expect_end(k);
}

START_TEST(an_answer_is_not_sent_on_another_connection)
{
	const struct qkdsae_handlers	h = { .size = sizeof(h),
					    .on_session = accept_late };

	pthread_barrier_init(&lost, NULL, 2);
	FAKEAPP_START(offer_and_close, hears_nothing);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &h), 0);
	serve(1);
	fakeapp_stop();
}
END_TEST

/* ---- what no KM sends, and too much ---- */

static const struct malformed {
	unsigned	 code;
	const char	*text, *answer;
} malformed[] = {
	{ AK_SESSION_NOTIFY, "{}", "{\"session_ID\":\"\",\"response\":"
	    "\"bad_request: the KM's session creation notification: "
	    "application_source_ID is missing\"}" },
	{ AK_SESSION_NOTIFY, "{\"session_ID\":\"" S "\"}", "{\"session_ID\":"
	    "\"" S "\",\"response\":\"bad_request: the KM's session creation "
	    "notification: application_source_ID is missing\"}" },
	{ AK_SESSION_NOTIFY, "[", "{\"session_ID\":\"\",\"response\":"
	    "\"bad_request: the KME's message: JSON that ends too early\"}" },
	{ AK_SESSION_NOTIFY, "{\"application_source_ID\":\"a\","
	    "\"application_destination_ID\":\"b\",\"session_ID\":\"\"}",
	    "{\"session_ID\":\"\",\"response\":\"bad_request: the KM's "
	    "session creation notification: session_ID shall be a UUID\"}" },
	{ AK_SUPPLY, "{\"session_ID\":\"" S "\",\"keys\":[]}",
	    "{\"session_ID\":\"" S "\",\"key_ID\":\"\",\"response\":"
	    "\"bad_request: the KME's message: 0 keys, 1 to 1024 expected\"}"
	    },
	{ AK_SUPPLY, "{\"session_ID\":\"" S "\",\"keys\":[{\"key_ID\":\"" S
	    "\",\"key\":\"AAA\"}]}", "{\"session_ID\":\"" S "\",\"key_ID\":"
	    "\"\",\"response\":\"bad_request: the KME's message: a key that "
	    "is not in base64\"}" },
};
#define MALFORMED	(sizeof(malformed) / sizeof(malformed[0]))

static void
send_malformed(struct fakekm *k)
{
	for (unsigned i = 0; i < MALFORMED; i++) {
		fakekm_say(k, malformed[i].code, i, "%s", malformed[i].text);
		fakekm_expect(k, malformed[i].code == AK_SUPPLY ?
		    AK_SUPPLIED : AK_SESSION_NOTIFIED, malformed[i].answer);
		if (k->id != i)
			abort();
	}
	late_offer(k);
}

START_TEST(what_the_km_begins_malformed_is_told_so_and_harms_nobody)
{
	FAKEAPP_START(send_malformed);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	serve(1);
	ck_assert_uint_eq(seen.sessions, 1);
	ck_assert_uint_eq(seen.keys, 0);
	fakeapp_stop();
}
END_TEST

#define MANY	70

/* More than wait: the first are served, the others refused at once. */
static void
too_many(struct fakekm *k)
{
	unsigned	taken = 0, refusals = 0;

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	for (unsigned i = 0; i < MANY; i++)
		fakekm_say(k, AK_SUPPLY, i, SUPPLY(i, 1));
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(2));
	for (unsigned i = 0; i < MANY; i++) {
		fakekm_expect(k, AK_SUPPLIED, NULL);
		if (strstr(k->text, "does not keep up") != NULL)
			refusals++;
		else if (strstr(k->text, "success") != NULL)
			taken++;
	}
	if (taken != 64 || refusals != MANY - 64)
		abort();
}

START_TEST(keys_that_nobody_takes_are_bounded)
{
	FAKEAPP_START(too_many);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	ck_assert_int_eq(fakeapp_get(1), 0);
	for (unsigned i = 0; i < 64; i++)
		serve(1);
	ck_assert_uint_eq(seen.keys, 64);
	fakeapp_stop();
}
END_TEST

/* Only the latest sessions are remembered. */
#define SESSIONS	1030

static void
many_sessions(struct fakekm *k)
{
	for (unsigned i = 0; i < SESSIONS; i++) {
		fakekm_say(k, AK_SESSION_NOTIFY, i, "{\"application_source_ID"
		    "\":\"SAE-%u\",\"application_destination_ID\":\"SAE-A\","
		    "\"session_ID\":\"%s\"}", i, fakekm_id(i));
		fakekm_expect(k, AK_SESSION_NOTIFIED, NULL);
	}
	for (unsigned i = 0; i < SESSIONS; i += SESSIONS - 1) {
		fakekm_say(k, AK_SUPPLY, i, "{\"session_ID\":\"%s\","
		    "\"keys\":%s}", fakekm_id(i), fakekm_keys(1, 1, 32));
		fakekm_expect(k, AK_SUPPLIED, NULL);
	}
}

START_TEST(the_oldest_of_very_many_sessions_are_forgotten)
{
	FAKEAPP_START(many_sessions);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &handlers), 0);
	for (unsigned i = 0; i < SESSIONS; i++)
		serve(1);
	ck_assert_uint_eq(seen.limit, 0);
	serve(1);
	ck_assert_str_eq(seen.source, "");
	serve(1);
	ck_assert_str_eq(seen.source, "SAE-1029");
	fakeapp_stop();
}
END_TEST

START_TEST(https_has_no_sessions)
{
	struct qkdsae_keys	*keys;
	struct qkdsae		*q;
	char			 session[QKDSAE_ID_SIZE];

	fakeapp_conf.door = QKDSAE_HTTPS;
	fakeapp_conf.address = "127.0.0.1:1";
	ck_assert_int_eq(qkdsae_open(&q, &fakeapp_conf), 0);
	fakeapp_failed(qkdsae_session_open(q, "B", NULL, 0, session),
	    QKDSAE_NO_SUCH_MESSAGE, "no sessions");
	fakeapp_failed(qkdsae_session_get(q, S, NULL, &keys),
	    QKDSAE_NO_SUCH_MESSAGE, "no sessions");
	fakeapp_failed(qkdsae_listen(q, &handlers), QKDSAE_NO_SUCH_MESSAGE,
	    "no sessions");
	fakeapp_failed(qkdsae_serve(q, 0), QKDSAE_NO_SUCH_MESSAGE,
	    "no sessions");
	qkdsae_close(&q);
}
END_TEST

int
main(void)
{
	const TTest	*const tests[] = {
		sessions_and_keys_come_to_the_handlers,
		a_handler_may_refuse_in_its_own_words,
		who_does_not_listen_gives_back_once_and_refuses_then,
		keys_too_are_given_back_and_the_connection_is_kept_alive,
		a_handler_that_is_missing_refuses,
		sessions_do_not_wait_for_a_thread_that_waits_for_an_answer,
		a_session_that_comes_while_an_answer_is_awaited_is_kept,
		a_handler_may_use_the_connection,
		serving_ends_when_nothing_comes_in_time,
		serving_connects_again,
		without_retry_a_lost_connection_is_told,
		an_answer_is_not_sent_on_another_connection,
		what_the_km_begins_malformed_is_told_so_and_harms_nobody,
		keys_that_nobody_takes_are_bounded,
		the_oldest_of_very_many_sessions_are_forgotten,
		https_has_no_sessions,
	};

	return fakeapp_run("saesession", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, 0);
}
