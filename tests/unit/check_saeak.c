/*
 * check_saeak.c - tests the client of Q.4161 by the functions of
 * libqkdnode-sae, against a KM that is late, confused or hostile.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "akmsg.h"
#include "fakeapp.h"
#include "frame.h"

#define GOOD(SEED)	"{\"keys\":%s,\"response\":\"success\"}", \
			fakekm_keys(SEED, 1, 32)
#define SESSION		FAKEAPP_SESSION

static void
no(struct fakekm *k)
{
	(void)k;
}

/* ---- what is asked ---- */

static void
profile(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, "{\"application_destination_ID\":"
	    "\"SAE-B\",\"number_of_keys\":1}");
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(1));
	fakekm_expect(k, AK_KEY_REQUEST, "{\"application_destination_ID\":"
	    "\"SAE-B\",\"number_of_keys\":2,\"size_of_key\":64,\"extension\":["
	    "{\"extension_mandatory\":[{\"x_a\":{\"b\":[1]}}]},"
	    "{\"extension_optional\":[{\"x_c\":\"d\"}]}]}");
	fakekm_say(k, AK_KEY_RESPONSE, k->id, "{\"response\":\"success\","
	    "\"extension\":[],\"keys\":%s}", fakekm_keys(2, 2, 8));
	fakekm_expect(k, AK_KEY_REQUEST_WITH_ID, "{\"application_source_ID\":"
	    "\"SAE-B\",\"key_IDs\":[{\"key_ID\":\""
	    "0192f0c1-7a00-7000-8000-000000000005\"}]}");
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(5));
	fakekm_expect(k, AK_SESSION_REQUEST, "{\"application_source_ID\":"
	    "\"SAE-A\",\"application_destination_ID\":\"SAE-B\","
	    "\"application_name\":\"a \\\"b\\\"\",\"number_of_keys\":10}");
	fakekm_say(k, AK_SESSION_RESPONSE, k->id, "{\"session_ID\":\"" SESSION
	    "\",\"response\":\"success\",\"source_KM_ID\":\"KME-A\"}");
	fakekm_expect(k, AK_SESSION_KEY_REQUEST, "{\"session_ID\":\"" SESSION
	    "\",\"number_of_keys\":1}");
	fakekm_say(k, AK_SESSION_KEY_RESPONSE, k->id, "{\"session_ID\":\""
	    SESSION "\",\"keys\":%s,\"response\":\"success\"}",
	    fakekm_keys(7, 1, 32));
}

START_TEST(requests_are_those_of_the_profile)
{
	static const struct qkdsae_extension	 ext[] = {
		{ "x_a", "{\"b\":[1]}", 1 }, { "x_c", "\"d\"", 0 },
	};
	const struct qkdsae_wanted	 two = { .size = sizeof(two),
		.number = 2, .bits = 64, .extensions = ext,
		.nextensions = 2 };
	const char			*id = "0192F0C1-7A00-7000-8000-"
					    "000000000005";
	char				 session[QKDSAE_ID_SIZE];

	FAKEAPP_START(profile);
	ck_assert_int_eq(qkdsae_get(fakeapp, "SAE-B", NULL, &fakeapp_keys),
	    0);
	fakeapp_have(fakeapp_keys, 1, 1, 32);
	qkdsae_keys_free(&fakeapp_keys);
	ck_assert_int_eq(qkdsae_get(fakeapp, "SAE-B", &two, &fakeapp_keys),
	    0);
	fakeapp_have(fakeapp_keys, 2, 2, 8);
	qkdsae_keys_free(&fakeapp_keys);
	ck_assert_int_eq(qkdsae_fetch(fakeapp, "SAE-B", &id, 1, 256,
	    &fakeapp_keys), 0);
	fakeapp_have(fakeapp_keys, 5, 1, 32);
	qkdsae_keys_free(&fakeapp_keys);
	ck_assert_int_eq(qkdsae_session_open(fakeapp, "SAE-B", "a \"b\"", 10,
	    session), 0);
	ck_assert_str_eq(session, SESSION);
	ck_assert_str_eq(qkdsae_reason(), "");
	ck_assert_int_eq(qkdsae_session_get(fakeapp, session, NULL,
	    &fakeapp_keys), 0);
	fakeapp_have(fakeapp_keys, 7, 1, 32);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 1);
}
END_TEST

START_TEST(arguments_are_checked_before_anything_is_sent)
{
	struct qkdsae_extension	 ext = { "a", "b", 1 };
	const char		*bad_id = "x", *also[] = { "SAE-C" };
	struct qkdsae_wanted	 w = QKDSAE_WANTED_INIT;
	struct qkdsae_status	 status = QKDSAE_STATUS_INIT;
	char			 session[QKDSAE_ID_SIZE], big[2000];

	FAKEAPP_START(no);
	fakeapp_failed(qkdsae_get(fakeapp, "", NULL, &fakeapp_keys),
	    QKDSAE_ARGUMENT, "destination");
	fakeapp_failed(fakeapp_get(QKDSAE_KEYS_MAX + 1), QKDSAE_ARGUMENT,
	    "number");
	w.bits = QKDSAE_BITS_MAX + 8;
	fakeapp_failed(qkdsae_get(fakeapp, "B", &w, &fakeapp_keys),
	    QKDSAE_ARGUMENT, "size");
	w.bits = 0;
	w.extensions = &ext;
	w.nextensions = 1;
	fakeapp_failed(qkdsae_get(fakeapp, "B", &w, &fakeapp_keys),
	    QKDSAE_ARGUMENT, "not JSON");
	w.nextensions = 0;
	w.also = also;
	w.nalso = 1;
	fakeapp_failed(qkdsae_get(fakeapp, "B", &w, &fakeapp_keys),
	    QKDSAE_NO_SUCH_MESSAGE, "one other application");
	fakeapp_failed(qkdsae_session_get(fakeapp, SESSION, &w,
	    &fakeapp_keys), QKDSAE_ARGUMENT, "no other applications");
	w.size = 0;
	fakeapp_failed(qkdsae_get(fakeapp, "B", &w, &fakeapp_keys),
	    QKDSAE_ARGUMENT, "not set");
	fakeapp_failed(qkdsae_fetch(fakeapp, "B", &bad_id, 1, 0,
	    &fakeapp_keys), QKDSAE_ARGUMENT, "not a key_ID");
	fakeapp_failed(qkdsae_fetch(fakeapp, "B", &bad_id, 0, 0,
	    &fakeapp_keys), QKDSAE_ARGUMENT, "key_IDs");
	fakeapp_failed(qkdsae_session_get(fakeapp, "x", NULL, &fakeapp_keys),
	    QKDSAE_ARGUMENT, "not the ID of a session");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fakeapp_failed(qkdsae_session_open(fakeapp, "B", big, 0, session),
	    QKDSAE_ARGUMENT, "name");
	fakeapp_failed(qkdsae_session_open(fakeapp, "B", NULL, UINT64_MAX,
	    session), QKDSAE_ARGUMENT, "limit");
	fakeapp_failed(qkdsae_status(fakeapp, "B", &status),
	    QKDSAE_NO_SUCH_MESSAGE, "HTTPS has");
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 0);
}
END_TEST

START_TEST(a_structure_of_another_version_is_read_as_far_as_it_is_known)
{
	struct {
		struct qkdsae_conf	conf;
		long			later;
	} large = { fakeapp_conf, 0 };

	large.conf.size = sizeof(large);
	large.conf.address = "127.0.0.1:1";
	ck_assert_int_eq(qkdsae_open(&fakeapp, &large.conf), 0);
	qkdsae_close(&fakeapp);
	large.later = 1;
	fakeapp_failed(qkdsae_open(&fakeapp, &large.conf), QKDSAE_ARGUMENT,
	    "does not know");
	/* Without wait_ms and what follows. */
	large.conf.size = offsetof(struct qkdsae_conf, wait_ms);
	ck_assert_int_eq(qkdsae_open(&fakeapp, &large.conf), 0);
	qkdsae_close(&fakeapp);
	large.conf.size = offsetof(struct qkdsae_conf, ca);
	fakeapp_failed(qkdsae_open(&fakeapp, &large.conf), QKDSAE_ARGUMENT,
	    "ca is missing");
	large.conf.size = sizeof(large.conf);
	large.conf.door = 2;
	fakeapp_failed(qkdsae_open(&fakeapp, &large.conf), QKDSAE_ARGUMENT,
	    "door");
	large.conf.door = QKDSAE_Q4161;
	large.conf.certificate = "/nonexistent.crt";
	fakeapp_failed(qkdsae_open(&fakeapp, &large.conf), QKDSAE_FILE,
	    "/nonexistent.crt");
	ck_assert_ptr_null(fakeapp);
}
END_TEST

/* ---- many at a time ---- */

#define THREADS	8

static struct crowd {
	pthread_t	 thread;
	unsigned	 number;
	int		 result;
	struct qkdsae_keys *keys;
} crowd[THREADS];

static void *
draw(void *arg)
{
	struct crowd	*c = arg;
	struct qkdsae_wanted w = { .size = sizeof(w), .number = c->number,
			    .bits = 256 };

	c->result = qkdsae_get(fakeapp, "SAE-B", &w, &c->keys);
	return NULL;
}

/* All are heard before the first is answered; the last one comes first. */
static void
backwards(struct fakekm *k)
{
	unsigned	id[THREADS], number[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		fakekm_expect(k, AK_KEY_REQUEST, NULL);
		id[i] = k->id;
		number[i] = (unsigned)atoi(strstr(k->text, "_of_keys\":") +
		    10);
	}
	for (unsigned i = THREADS; i-- > 0;)
		fakekm_say(k, AK_KEY_RESPONSE, id[i], "{\"keys\":%s,"
		    "\"response\":\"success\"}", fakekm_keys(10 * number[i],
		    number[i], 32));
}

START_TEST(answers_in_any_order_find_their_threads)
{
	FAKEAPP_START(backwards);
	for (unsigned i = 0; i < THREADS; i++) {
		crowd[i].number = i + 1;
		ck_assert_int_eq(pthread_create(&crowd[i].thread, NULL, draw,
		    &crowd[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(crowd[i].thread, NULL);
		ck_assert_int_eq(crowd[i].result, 0);
		fakeapp_have(crowd[i].keys, 10 * (i + 1), i + 1, 32);
		qkdsae_keys_free(&crowd[i].keys);
	}
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 1);
}
END_TEST

#define ROUNDS	200

static void
serve_all(struct fakekm *k)
{
	while (fakekm_hear(k))
		fakekm_say(k, AK_KEY_RESPONSE, k->id, "{\"keys\":%s,"
		    "\"response\":\"success\"}", fakekm_keys(k->id % 200,
		    (unsigned)atoi(strstr(k->text, "_of_keys\":") + 10), 32));
}

static void *
draw_often(void *arg)
{
	struct crowd	*c = arg;

	for (unsigned i = 0; i < ROUNDS && c->result == 0; i++) {
		draw(c);
		if (c->result == 0 &&
		    qkdsae_keys_number(c->keys) != c->number)
			c->result = 1;
		qkdsae_keys_free(&c->keys);
	}
	return NULL;
}

START_TEST(threads_that_come_and_go_do_not_wait_for_each_other)
{
	FAKEAPP_START(serve_all);
	for (unsigned i = 0; i < THREADS; i++) {
		crowd[i].number = i + 1;
		ck_assert_int_eq(pthread_create(&crowd[i].thread, NULL,
		    draw_often, &crowd[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(crowd[i].thread, NULL);
		ck_assert_int_eq(crowd[i].result, 0);
	}
	fakeapp_stop();
}
END_TEST

/* More than the sockets hold, both ways, and nobody reads for a while. */
static void
slow_reader(struct fakekm *k)
{
	unsigned	id[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		fakekm_expect(k, AK_KEY_REQUEST_WITH_ID, NULL);
		id[i] = k->id;
	}
	for (unsigned i = 0; i < THREADS; i++)
		fakekm_say(k, AK_KEY_RESPONSE, id[i], "{\"keys\":%s,"
		    "\"response\":\"success\"}", fakekm_keys(0, 500, 32));
}

static void *
fetch_many(void *arg)
{
	static const char	*ids[500];
	static char		 text[500][48];
	struct crowd		*c = arg;

	if (c == NULL) {
		for (unsigned i = 0; i < 500; i++)
			ids[i] = strcpy(text[i], fakekm_id(i));
		return NULL;
	}
	c->result = qkdsae_fetch(fakeapp, "SAE-B", ids, 500, 256, &c->keys);
	return NULL;
}

START_TEST(large_frames_of_several_threads_are_not_mixed)
{
	FAKEAPP_START(slow_reader);
	fetch_many(NULL);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&crowd[i].thread, NULL,
		    fetch_many, &crowd[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(crowd[i].thread, NULL);
		ck_assert_int_eq(crowd[i].result, 0);
		fakeapp_have(crowd[i].keys, 0, 500, 32);
		qkdsae_keys_free(&crowd[i].keys);
	}
	fakeapp_stop();
}
END_TEST

/* ---- refusals ---- */

static const struct {
	const char	*response;
	int		 code;
} refusals[] = {
	{ "bad_request: no", QKDSAE_REFUSED },
	{ "unauthorized", QKDSAE_DENIED },
	{ "not_found: no such", QKDSAE_NOT_FOUND },
	{ "insufficient_keys", QKDSAE_LATER },
	{ "too_large", QKDSAE_REFUSED },
	{ "unavailable: away", QKDSAE_LATER },
	{ "timeout", QKDSAE_SILENT },
	{ "rejected: bad\\u001b[2J day", QKDSAE_REJECTED },
	{ "expired", QKDSAE_EXPIRED },
	{ "some_token", QKDSAE_REFUSED },
	{ "success: nearly", QKDSAE_REFUSED },
};
#define REFUSALS	(sizeof(refusals) / sizeof(refusals[0]))

static void
refuse_all(struct fakekm *k)
{
	for (size_t i = 0; i < REFUSALS; i++) {
		fakekm_expect(k, AK_KEY_REQUEST, NULL);
		fakekm_say(k, AK_KEY_RESPONSE, k->id,
		    "{\"keys\":[],\"response\":\"%s\"}",
		    refusals[i].response);
	}
	fakekm_expect(k, AK_SESSION_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_RESPONSE, k->id,
	    "{\"session_ID\":\"\",\"response\":\"rejected: bad day\"}");
	fakekm_expect(k, AK_SESSION_KEY_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_KEY_RESPONSE, k->id, "{\"session_ID\":\""
	    SESSION "\",\"keys\":[],\"response\":\"expired\"}");
}

START_TEST(a_refusal_is_told_in_the_kms_words)
{
	char	session[QKDSAE_ID_SIZE], words[16];

	FAKEAPP_START(refuse_all);
	for (size_t i = 0; i < REFUSALS; i++) {
		snprintf(words, sizeof(words), "%.11s", refusals[i].response);
		fakeapp_failed(fakeapp_get(1), refusals[i].code, words);
		ck_assert_ptr_null(strchr(qkdsae_reason(), '\x1b'));
		ck_assert_ptr_null(fakeapp_keys);
	}
	fakeapp_failed(qkdsae_session_open(fakeapp, "SAE-B", NULL, 0,
	    session), QKDSAE_REJECTED, "bad day");
	ck_assert_str_eq(session, "");
	fakeapp_failed(qkdsae_session_get(fakeapp, SESSION, NULL,
	    &fakeapp_keys), QKDSAE_EXPIRED, "expired");
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 1);
}
END_TEST

/* ---- what no KM sends ---- */

#define K1	"{\"key_ID\":\"0192f0c1-7a00-7000-8000-000000000001\"," \
		"\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"
#define OK_	",\"response\":\"success\"}"

static const struct hostile {
	unsigned	 code;
	int		 id;		/* off the right MessageID */
	const char	*text, *words;
} hostile[] = {
	{ AK_KEY_RESPONSE, 1, "{\"keys\":[" K1 "]" OK_,
	    "to nothing that was asked" },
	{ AK_SESSION_RESPONSE, 0, "{\"session_ID\":\"" SESSION "\"" OK_,
	    "to another request" },
	{ AK_KEY_REQUEST, 0, "{}", "only applications send" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "]" OK_ "}", "behind" },
	{ AK_KEY_RESPONSE, 0, "", "ends too early" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":nothing}", "not JSON" },
	{ AK_KEY_RESPONSE, 0, "[]", "not a JSON object" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "]}",
	    "response is missing" },
	{ AK_KEY_RESPONSE, 0, "{\"response\":\"success\"}",
	    "keys is missing" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":{}" OK_, "no array" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[]" OK_, "0 keys, 1 expected" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "," K1 "]" OK_,
	    "2 keys, 1 expected" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[{\"key_ID\":\"x\",\"key\":\"AAAA\"}]"
	    OK_, "no UUID" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[{\"key_ID\":\"" SESSION "\","
	    "\"key\":\"AAAA\"}]" OK_, "24 bits, 256 expected" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[{\"key_ID\":\"" SESSION "\","
	    "\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*A=\"}]" OK_,
	    "not in base64" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[{\"key_ID\":\"" SESSION "\","
	    "\"key\":null}]" OK_, "not in base64" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "],\"response\":\"rejected\"}",
	    "beside a refusal" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "],\"keys\":[" K1 "]" OK_,
	    "twice" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "],\"response\":\"Yes!\"}",
	    "response shall be" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "],\"x\":\"\xff\"" OK_,
	    "not UTF-8" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "],\"x\":[[[[[[[[[[[[[[[[[["
	    "]]]]]]]]]]]]]]]]]]" OK_, "nested too deeply" },
	{ AK_KEY_RESPONSE, 0, "{\"keys\":[" K1 "],\"extension\":1" OK_,
	    "extension shall be" },
};
#define HOSTILE	(sizeof(hostile) / sizeof(hostile[0]))

static size_t	now;

static void
attack(struct fakekm *k)
{
	const struct hostile	*h = &hostile[now];

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, h->code, k->id + (unsigned)h->id, "%s", h->text);
	fakekm_expect_end(k);
}

START_TEST(what_no_km_sends_ends_the_connection)
{
	FAKEAPP_START(attack, serve_all);
	now = (size_t)_i;
	fakeapp_failed(fakeapp_get(1), QKDSAE_ANSWER, hostile[_i].words);
	ck_assert_ptr_null(fakeapp_keys);
	ck_assert_int_eq(fakeapp_get(3), 0);
	fakeapp_stop();
	ck_assert_uint_eq(fakeapp_km.connections, 2);
}
END_TEST

static void
another_session(struct fakekm *k)
{
	fakekm_expect(k, AK_SESSION_KEY_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_KEY_RESPONSE, k->id, "{\"session_ID\":\"%s\","
	    "\"keys\":[" K1 "]" OK_, fakekm_id(9));
	fakekm_expect_end(k);
}

static void
no_session(struct fakekm *k)
{
	fakekm_expect(k, AK_SESSION_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_RESPONSE, k->id, "{\"session_ID\":\"\"" OK_);
	fakekm_expect_end(k);
}

static void
another_km(struct fakekm *k)
{
	fakekm_expect(k, AK_SESSION_REQUEST, NULL);
	fakekm_say(k, AK_SESSION_RESPONSE, k->id, "{\"session_ID\":\"" SESSION
	    "\",\"source_KM_ID\":\"KME-B\"" OK_);
	fakekm_expect_end(k);
}

static void
another_version(struct fakekm *k)
{
	char	frame[FRAME_HEADER + 2];

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	frame_header((uint8_t *)frame, k->id, AK_KEY_RESPONSE, 2);
	memcpy(frame + FRAME_HEADER, "{}", 2);
	frame[1] = 2;
	fakekm_send(k, frame, sizeof(frame));
	fakekm_expect_end(k);
}

static void
half(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_send(k, "\0\1\0\0\0\1\x12\3\0\x09{\"keys", 16);
}

START_TEST(answers_of_another_session_km_or_version_are_refused)
{
	char	session[QKDSAE_ID_SIZE];

	FAKEAPP_START(another_session, no_session, another_km,
	    another_version, half);
	fakeapp_failed(qkdsae_session_get(fakeapp, SESSION, NULL,
	    &fakeapp_keys), QKDSAE_ANSWER, "another session");
	fakeapp_failed(qkdsae_session_open(fakeapp, "B", NULL, 0, session),
	    QKDSAE_ANSWER, "without a session");
	fakeapp_failed(qkdsae_session_open(fakeapp, "B", NULL, 0, session),
	    QKDSAE_ANSWER, "calls itself \"KME-B\"");
	fakeapp_failed(fakeapp_get(1), QKDSAE_ANSWER, "another version");
	fakeapp_failed(fakeapp_get(1), QKDSAE_CONNECTION, "");
	fakeapp_stop();
}
END_TEST

static void
private_codes(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, 0x12ff, k->id, "no JSON at all");
	fakekm_say(k, 0x11c3, 77, "{}");
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(3));
}

START_TEST(private_codes_do_no_harm)
{
	FAKEAPP_START(private_codes);
	ck_assert_int_eq(fakeapp_get(1), 0);
	fakeapp_have(fakeapp_keys, 3, 1, 32);
	fakeapp_stop();
}
END_TEST

static void
one_of_two(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST_WITH_ID, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD(4));
	fakekm_expect_end(k);
}

START_TEST(a_key_that_was_not_asked_for_is_refused)
{
	const char	*id = SESSION;

	FAKEAPP_START(one_of_two);
	fakeapp_failed(qkdsae_fetch(fakeapp, "SAE-B", &id, 1, 0,
	    &fakeapp_keys), QKDSAE_ANSWER, "not asked for");
	fakeapp_stop();
}
END_TEST

int
main(void)
{
	const TTest	*const tests[] = {
		requests_are_those_of_the_profile,
		arguments_are_checked_before_anything_is_sent,
		a_structure_of_another_version_is_read_as_far_as_it_is_known,
		answers_in_any_order_find_their_threads,
		threads_that_come_and_go_do_not_wait_for_each_other,
		large_frames_of_several_threads_are_not_mixed,
		a_refusal_is_told_in_the_kms_words,
		answers_of_another_session_km_or_version_are_refused,
		private_codes_do_no_harm,
		a_key_that_was_not_asked_for_is_refused,
	};

	return fakeapp_run("saeak", tests, sizeof(tests) / sizeof(tests[0]),
	    what_no_km_sends_ends_the_connection, HOSTILE);
}
