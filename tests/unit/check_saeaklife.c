/*
 * check_saeaklife.c - connections to a KM that is silent, gone, or comes back;
 * what is asked again then, and what is not; ends that another thread wants.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "akmsg.h"
#include "fakeapp.h"
#include "testpki.h"

#define GOOD(SEED)	"{\"keys\":%s,\"response\":\"success\"}", \
			fakekm_keys(SEED, 1, 32)
#define REFUSAL(WORD)	"{\"keys\":[],\"response\":\"" WORD "\"}"

/* The test goes on when the KM has come that far. */
static pthread_barrier_t	heard;

static void
one_good(struct fakekm *k)
{
	if (!fakekm_hear(k))
		return;
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(1));
	fakekm_hear(k);
}

static void
hear_and_close(struct fakekm *k)
{
	fakekm_hear(k);
}

static void
close_at_once(struct fakekm *k)
{
	(void)k;
}

static void
answer_and_close(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(1));
}

/* What the KM did in between is seen by the next call, whichever it is. */
static void
wait_for_another_connection(void)
{
	const struct timespec	moment = { 0, 10000000 };

	while (fakeapp_km.connections < 2) {
		ck_assert_int_eq(qkdsae_connect(fakeapp), 0);
		nanosleep(&moment, NULL);
	}
}

static int
fetch_one(void)
{
	const char	*id = fakekm_id(1);

	return qkdsae_fetch(fakeapp, "SAE-B", &id, 1, 0, &fakeapp_keys);
}

/* ---- silence ---- */

/* The first is answered when the second was. */
static void
late(struct fakekm *k)
{
	uint32_t	first;

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	first = k->id;
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, first, GOOD(1));
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(2));
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(3));
}

START_TEST(an_answer_that_comes_too_late_harms_nobody)
{
	fakeapp_conf.wait_ms = 1000;
	FAKEAPP_START(late);
	fakeapp_failed(fakeapp_get(1), QKDSAE_TIMEOUT, "no answer in time");
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_have(fakeapp_keys, 2, 1, 32);
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_have(fakeapp_keys, 3, 1, 32);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 1);
}
END_TEST

static void
answer_twice(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(1));
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(1));
	fakekm_expect_end(k);
}

START_TEST(a_second_answer_ends_the_connection)
{
	FAKEAPP_START(answer_twice, one_good);
	ck_assert_int_eq(fakeapp_get(1), 0);
	wait_for_another_connection();
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_stop();
}
END_TEST

/* Never what is waited for, and never a pause. */
static void
flood(struct fakekm *k)
{
	char	frame[12] = "\0\1\0\0\0\1\x12\xff\0\2{}";

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	while (SSL_write(k->ssl, frame, sizeof(frame)) == sizeof(frame))
		;
}

START_TEST(a_flood_of_other_things_does_not_keep_a_call_from_its_end)
{
	fakeapp_conf.wait_ms = 300;
	FAKEAPP_START(flood);
	fakeapp_failed(fakeapp_get(1), QKDSAE_TIMEOUT, "no answer in time");
	fakeapp_stop();
}
END_TEST

/* ---- loss ---- */

/* What was drawn and lost must not be drawn again behind the caller's back. */
START_TEST(a_get_that_left_is_not_sent_again)
{
	fakeapp_conf.retry_ms = 60000;
	FAKEAPP_START(hear_and_close, one_good);
	fakeapp_failed(fakeapp_get(1), QKDSAE_CONNECTION, "closed");
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 1);
}
END_TEST

START_TEST(a_session_that_was_asked_for_is_not_asked_for_again)
{
	char	session[QKDSAE_ID_SIZE];

	fakeapp_conf.retry_ms = 60000;
	FAKEAPP_START(hear_and_close, hear_and_close, one_good);
	fakeapp_failed(qkdsae_session_open(fakeapp, "B", NULL, 0, session),
	    QKDSAE_CONNECTION, "closed");
	fakeapp_failed(qkdsae_session_get(fakeapp, FAKEAPP_SESSION, NULL,
	    &fakeapp_keys), QKDSAE_CONNECTION, "closed");
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 2);
}
END_TEST

START_TEST(a_fetch_whose_answer_was_lost_is_sent_again)
{
	fakeapp_conf.retry_ms = 60000;
	FAKEAPP_START(hear_and_close, hear_and_close, one_good);
	ck_assert_int_eq(fetch_one(), 0);
	fakeapp_have(fakeapp_keys, 1, 1, 32);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 3);
}
END_TEST

static void
not_now(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, REFUSAL("insufficient_keys"));
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, REFUSAL("unavailable"));
}

START_TEST(what_was_refused_for_now_is_asked_again)
{
	fakeapp_conf.retry_ms = 60000;
	FAKEAPP_START(not_now, one_good);
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 2);
}
END_TEST

static void
for_good(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, REFUSAL("not_found"));
	fakekm_expect_end(k);
}

START_TEST(what_was_refused_for_good_is_not)
{
	fakeapp_conf.retry_ms = 60000;
	FAKEAPP_START(for_good);
	fakeapp_failed(fakeapp_get(1), QKDSAE_NOT_FOUND, "not_found");
	fakeapp_stop();
}
END_TEST

/* It was idle; nothing has been asked, so a get may dial anew. */
START_TEST(a_connection_that_the_km_has_closed_is_made_anew)
{
	FAKEAPP_START(answer_and_close, one_good);
	ck_assert_int_eq(fakeapp_get(1), 0);
	wait_for_another_connection();
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_stop();
}
END_TEST

START_TEST(nobody_listening_is_told)
{
	FAKEAPP_START(close_at_once);
	qkdsae_close(&fakeapp);
	fakekm_stop(&fakeapp_km);
	ck_assert_int_eq(qkdsae_open(&fakeapp, &fakeapp_conf), 0);
	fakeapp_failed(qkdsae_connect(fakeapp), QKDSAE_CONNECTION,
	    fakeapp_km.address);
	fakeapp_failed(fakeapp_get(1), QKDSAE_CONNECTION,
	    fakeapp_km.address);
	qkdsae_close(&fakeapp);
}
END_TEST

START_TEST(only_the_km_that_is_meant_is_asked)
{
	fakeapp_conf.km_id = "KME-B";
	FAKEAPP_START(close_at_once);
	fakeapp_failed(qkdsae_connect(fakeapp), QKDSAE_TLS, "\"KME-B\"");
	fakeapp_stop();
}
END_TEST

/* ---- stopping ---- */

static pthread_t	threads[3];
static int		results[3];
static char		reasons[3][1024];

static void *
wait_for_get(void *arg)
{
	struct qkdsae_keys	*keys;
	size_t			 i = (size_t)arg;

	results[i] = qkdsae_get(fakeapp, "SAE-B", NULL, &keys);
	strcpy(reasons[i], qkdsae_reason());
	return NULL;
}

static void *
wait_for_sessions(void *arg)
{
	size_t	i = (size_t)arg;

	results[i] = qkdsae_serve(fakeapp, -1);
	strcpy(reasons[i], qkdsae_reason());
	return NULL;
}

static void
silent(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	pthread_barrier_wait(&heard);
	fakekm_hear(k);
}

START_TEST(a_stop_ends_what_other_threads_wait_for)
{
	const struct qkdsae_handlers	none = QKDSAE_HANDLERS_INIT;

	pthread_barrier_init(&heard, NULL, 2);
	FAKEAPP_START(silent);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &none), 0);
	pthread_create(&threads[0], NULL, wait_for_sessions, (void *)0);
	pthread_create(&threads[1], NULL, wait_for_get, (void *)1);
	pthread_create(&threads[2], NULL, wait_for_get, (void *)2);
	pthread_barrier_wait(&heard);
	qkdsae_stop(fakeapp);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_msg(results[i] == QKDSAE_STOPPED, "%d: %s", i,
		    reasons[i]);
		ck_assert_ptr_nonnull(strstr(reasons[i], "stopped"));
	}
	fakeapp_failed(fakeapp_get(1), QKDSAE_STOPPED, "stopped");
	fakeapp_failed(qkdsae_serve(fakeapp, 0), QKDSAE_STOPPED, "stopped");
	fakeapp_stop();
}
END_TEST

static void *
wait_for_nobody(void *arg)
{
	struct qkdsae_keys	*keys;

	results[0] = qkdsae_get(arg, "SAE-B", NULL, &keys);
	return NULL;
}

/* Both doors: a KM that takes the connection, and no handshake follows. */
static void
stop_handshake(int door)
{
	struct qkdsae_conf	 conf = fakeapp_conf;
	struct timespec		 moment = { 0, 200000000 };
	struct qkdsae		*q;

	conf.door = door;
	conf.retry_ms = 60000;
	ck_assert_int_eq(qkdsae_open(&q, &conf), 0);
	pthread_create(&threads[0], NULL, wait_for_nobody, q);
	nanosleep(&moment, NULL);
	qkdsae_stop(q);
	pthread_join(threads[0], NULL);
	ck_assert_int_eq(results[0], QKDSAE_STOPPED);
	qkdsae_close(&q);
}

START_TEST(a_stop_ends_handshakes_by_both_doors)
{
	FAKEAPP_START(hear_and_close);
	/* The KM's only thread has to do with this one. */
	ck_assert_int_eq(qkdsae_connect(fakeapp), 0);
	stop_handshake(QKDSAE_Q4161);
	stop_handshake(QKDSAE_HTTPS);
	fakeapp_stop();
}
END_TEST

/* Threads that wait when the connection goes all learn it. */
static void
two_then_close(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
}

START_TEST(all_who_wait_learn_that_the_connection_is_lost)
{
	const struct qkdsae_handlers	none = QKDSAE_HANDLERS_INIT;

	FAKEAPP_START(two_then_close, close_at_once);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &none), 0);
	pthread_create(&threads[0], NULL, wait_for_sessions, (void *)0);
	pthread_create(&threads[1], NULL, wait_for_get, (void *)1);
	pthread_create(&threads[2], NULL, wait_for_get, (void *)2);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_msg(results[i] == QKDSAE_CONNECTION, "%d: %s", i,
		    reasons[i]);
	}
	fakeapp_stop();
}
END_TEST

int
main(void)
{
	const TTest	*const tests[] = {
		an_answer_that_comes_too_late_harms_nobody,
		a_flood_of_other_things_does_not_keep_a_call_from_its_end,
		a_second_answer_ends_the_connection,
		a_get_that_left_is_not_sent_again,
		a_session_that_was_asked_for_is_not_asked_for_again,
		a_fetch_whose_answer_was_lost_is_sent_again,
		what_was_refused_for_now_is_asked_again,
		what_was_refused_for_good_is_not,
		a_connection_that_the_km_has_closed_is_made_anew,
		nobody_listening_is_told, only_the_km_that_is_meant_is_asked,
		a_stop_ends_what_other_threads_wait_for,
		a_stop_ends_handshakes_by_both_doors,
		all_who_wait_learn_that_the_connection_is_lost,
	};

	return fakeapp_run("saeaklife", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, 0);
}
