/* check_qkdsae.c - the public functions by HTTPS, and those of both doors. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakeapp.h"
#include "fakekme.h"

#define A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define OK	"HTTP/1.1 200 OK\r\nContent-Length: 139\r\n\r\n" \
		"{\"keys\":[{\"key_ID\":\"" A "\",\"key\":\"wHHVxRwDJs3/bXd3" \
		"8GHP3oe4svTuRpZS0yCC7x4Ly+s=\",\"key_extension\":{\"x\":" \
		"\"y\"}}]}"

static struct fakekme	kme;

static void
start(const struct fakestep *steps, unsigned n)
{
	fakekme_start(&kme, fakeapp_context(), steps, n);
	fakeapp_conf.door = QKDSAE_HTTPS;
	fakeapp_conf.address = kme.address;
	ck_assert_int_eq(qkdsae_open(&fakeapp, &fakeapp_conf), 0);
}

static void
stop(void)
{
	qkdsae_keys_free(&fakeapp_keys);
	qkdsae_close(&fakeapp);
	fakekme_stop(&kme);
	SSL_CTX_free(kme.ctx);
}

#define START(...) \
	static const struct fakestep steps[] = { __VA_ARGS__ }; \
	start(steps, sizeof(steps) / sizeof(steps[0]))

START_TEST(keys_come_by_https)
{
	static const struct qkdsae_extension ext[] = {
		{ "x_a", "1", 1 }, { "x_b", "2", 0 } };
	const char		*also[] = { "SAE-C" }, *id = A;
	const unsigned char	*p;
	struct qkdsae_wanted	 w = QKDSAE_WANTED_INIT;
	size_t			 n;

	START({ OK, false }, { OK, false });
	w.bits = 256;
	w.extensions = ext;
	w.nextensions = 2;
	w.also = also;
	w.nalso = 1;
	ck_assert_int_eq(qkdsae_connect(fakeapp), 0);
	ck_assert_int_eq(qkdsae_get(fakeapp, "SAE-B", &w, &fakeapp_keys), 0);
	ck_assert_str_eq(qkdsae_keys_id(fakeapp_keys, 0), A);
	p = qkdsae_keys_octets(fakeapp_keys, 0, &n);
	ck_assert_uint_eq(n, 32);
	ck_assert_uint_eq(p[31], 0xeb);
	ck_assert_str_eq(qkdsae_keys_extension(fakeapp_keys, 0),
	    "{\"x\":\"y\"}");
	qkdsae_keys_free(&fakeapp_keys);
	ck_assert_ptr_null(fakeapp_keys);
	ck_assert_int_eq(qkdsae_fetch(fakeapp, "SAE-M", &id, 1, 0,
	    &fakeapp_keys), 0);
	stop();
	ck_assert_uint_eq(kme.connections, 1);
	ck_assert_ptr_nonnull(strstr(kme.request[0], "{\"number\":1,\"size\":"
	    "256,\"additional_slave_SAE_IDs\":[\"SAE-C\"],"
	    "\"extension_mandatory\":[{\"x_a\":1}],"
	    "\"extension_optional\":[{\"x_b\":2}]}"));
	ck_assert_ptr_nonnull(strstr(kme.request[1], "/SAE-M/dec_keys HTTP"));
}
END_TEST

START_TEST(a_status_comes_by_https)
{
	struct qkdsae_status	s = QKDSAE_STATUS_INIT;

	START({ "HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n"
	    "{\"source_KME_ID\":\"KME-A\",\"key_size\":256,"
	    "\"min_key_size\":64   }", false }, { "HTTP/1.1 200 OK\r\n"
	    "Content-Length: 23\r\n\r\n{\"max_SAE_ID_count\":16}", true });
	ck_assert_msg(qkdsae_status(fakeapp, "SAE-B", &s) == 0, "%s",
	    qkdsae_reason());
	ck_assert_str_eq(s.source_kme, "KME-A");
	ck_assert_str_eq(s.slave_sae, "");
	ck_assert_int_eq(s.key_size, 256);
	ck_assert_int_eq(s.min_key_size, 64);
	ck_assert_int_eq(s.max_key_count, -1);
	/* A program that was built when there was less to know. */
	memset(&s, 7, sizeof(s));
	s.size = offsetof(struct qkdsae_status, max_sae_id_count);
	fakeapp_failed(qkdsae_status(fakeapp, "SAE-B", &s), QKDSAE_ANSWER,
	    "calls itself");
	ck_assert_int_eq(s.max_sae_id_count, 0x0707070707070707);
	stop();
}
END_TEST

#define NO	"HTTP/1.1 400 x\r\nContent-Length: 16\r\n\r\n" \
		"{\"message\":\"no\"}"

static const struct {
	const char	*answer;
	int		 code;
	const char	*words;
} answers[] = {
	{ NO, QKDSAE_REFUSED, "answered 400: no" },
	{ "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n", QKDSAE_DENIED,
	    "answered 401" },
	{ "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", QKDSAE_LATER,
	    "answered 503" },
	{ "HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\n{}", QKDSAE_ANSWER,
	    "no array" },
	{ "HTTP/1.1 200 x\r\nContent-Length: 20\r\n\r\n{}",
	    QKDSAE_CONNECTION, "ended before" },
};
#define ANSWERS	(sizeof(answers) / sizeof(answers[0]))

START_TEST(what_the_kme_answers_has_its_code)
{
	const struct fakestep	step = { answers[_i].answer, true };

	start(&step, 1);
	fakeapp_failed(qkdsae_get(fakeapp, "SAE-B", NULL, &fakeapp_keys),
	    answers[_i].code, answers[_i].words);
	ck_assert_ptr_null(fakeapp_keys);
	stop();
}
END_TEST

/* ---- threads ---- */

#define THREADS	6

static int		results[THREADS];
static char		reasons[THREADS][64];

static void *
draw(void *arg)
{
	struct qkdsae_keys	*keys;
	size_t			 i = (size_t)arg;

	results[i] = qkdsae_get(fakeapp, "SAE-B", NULL, &keys);
	snprintf(reasons[i], sizeof(reasons[i]), "%s", qkdsae_reason());
	qkdsae_keys_free(&keys);
	return NULL;
}

START_TEST(threads_take_turns_and_each_has_its_own_reason)
{
	pthread_t	threads[THREADS];
	unsigned	good = 0;

	START({ OK, false }, { OK, false }, { NO, false },
	    { OK, false }, { OK, false }, { OK, false });
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, draw,
		    (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		good += results[i] == 0;
		ck_assert_int_eq(results[i] == 0, reasons[i][0] == '\0');
	}
	ck_assert_uint_eq(good, THREADS - 1);
	ck_assert_str_eq(qkdsae_reason(), "");
	stop();
	ck_assert_uint_eq(kme.connections, 1);
}
END_TEST

/* ---- what needs no KM ---- */

START_TEST(every_code_has_a_name)
{
	static const int	codes[] = { 0, QKDSAE_ARGUMENT, QKDSAE_FILE,
		QKDSAE_MEMORY, QKDSAE_NO_SUCH_MESSAGE, QKDSAE_STOPPED,
		QKDSAE_CONNECTION, QKDSAE_TIMEOUT, QKDSAE_TLS, QKDSAE_ANSWER,
		QKDSAE_REFUSED, QKDSAE_DENIED, QKDSAE_LATER, QKDSAE_NOT_FOUND,
		QKDSAE_REJECTED, QKDSAE_SILENT, QKDSAE_EXPIRED };
	const size_t		n = sizeof(codes) / sizeof(codes[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k <= i; k++)
			ck_assert_int_eq(strcmp(qkdsae_error_name(codes[i]),
			    qkdsae_error_name(codes[k])) == 0, i == k);
	ck_assert_str_eq(qkdsae_error_name(-999), "unknown");
	ck_assert_str_ne(qkdsae_version(), "");
}
END_TEST

START_TEST(nothing_is_needed_to_close_or_free_nothing)
{
	struct qkdsae		*q = NULL;
	struct qkdsae_keys	*keys = NULL;

	qkdsae_close(&q);
	qkdsae_keys_free(&keys);
	fakeapp_failed(qkdsae_open(&q, NULL), QKDSAE_ARGUMENT, "NULL");
	ck_assert_ptr_null(q);
}
END_TEST

int
main(void)
{
	const TTest	*const tests[] = {
		keys_come_by_https, a_status_comes_by_https,
		threads_take_turns_and_each_has_its_own_reason,
		every_code_has_a_name,
		nothing_is_needed_to_close_or_free_nothing,
	};

	return fakeapp_run("qkdsae", tests, sizeof(tests) / sizeof(tests[0]),
	    what_the_kme_answers_has_its_code, ANSWERS);
}
