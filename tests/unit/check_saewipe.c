/*
 * check_saewipe.c - after whatever a KM does with keys, no key is left in the
 * application's memory. The KM is a process of its own, so that all that is
 * found is the library's.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "akmsg.h"
#include "fakeapp.h"
#include "testpki.h"

#define KEY	0xa7		/* each octet of each key */
#define LENGTH	16		/* octets that are the key and no accident */

/* Sanitizers would tell it not to. */
#define ANYWHERE	__attribute__((no_sanitize_address))

ANYWHERE static bool
is_key(const unsigned char *p)
{
	size_t	i = 0, k = 0;

	while (i < LENGTH && p[i] == KEY)
		i++;
	while (k < LENGTH && p[k] == "p6en"[k % 4])	/* in base64 */
		k++;
	return i == LENGTH || k == LENGTH;
}

/* With sanitizers functions are bound when they are first called, and what is
 * in registers then goes to the stack. */
#ifdef QKD_SANITIZED
#define STACK		"[stack]"
#else
#define STACK		"(none)"
#endif

/* Places in memory that can be written where a key begins. */
ANYWHERE static unsigned
found(void)
{
	FILE		*f = fopen("/proc/self/maps", "re");
	unsigned long	 low, high;
	char		 line[512];
	unsigned	 n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx rw", &low, &high) != 2 ||
		    strstr(line, " rw") == NULL || high - low > 1 << 28 ||
		    strstr(line, STACK) != NULL)
			continue;
		for (unsigned long at = low; at + LENGTH <= high; at++)
			n += is_key((const unsigned char *)at);
	}
	fclose(f);
	return n;
}

/* ---- the KM, in a child ---- */

static pid_t	child;
static int	life[2];		/* the child ends when it is closed */

static void
be_km(SSL_CTX *ctx, fakekm_script *const *scripts, unsigned n, int tell)
{
	char	c;

	close(life[1]);
	fakekm_start(&fakeapp_km, ctx, scripts, n);
	if (write(tell, fakeapp_km.address, sizeof(fakeapp_km.address)) < 0)
		_exit(1);
	if (read(life[0], &c, 1) != 0)
		_exit(1);
	fakekm_stop(&fakeapp_km);
	_exit(0);
}

static void
start(fakekm_script *const *scripts, unsigned n)
{
	SSL_CTX	*ctx = fakeapp_context();
	int	 tell[2];

	ck_assert_int_eq(pipe(life), 0);
	ck_assert_int_eq(pipe(tell), 0);
	if ((child = fork()) == 0)
		be_km(ctx, scripts, n, tell[1]);
	ck_assert_int_gt(child, 0);
	SSL_CTX_free(ctx);
	close(life[0]);
	close(tell[1]);
	ck_assert_int_gt(read(tell[0], fakeapp_km.address,
	    sizeof(fakeapp_km.address)), 0);
	close(tell[0]);
	fakeapp_conf.address = fakeapp_km.address;
	ck_assert_int_eq(qkdsae_open(&fakeapp, &fakeapp_conf), 0);
}

#define START(...) \
	static fakekm_script *const scripts[] = { __VA_ARGS__ }; \
	start(scripts, sizeof(scripts) / sizeof(scripts[0]))

static void
stop(void)
{
	int	status;

	qkdsae_close(&fakeapp);
	close(life[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(found(), 0);
}

/* ---- what it does with keys ---- */

#define GOOD	"{\"keys\":%s,\"response\":\"success\"}", \
		fakekm_keys(KEY, 1, 4096)

static int
get(void)
{
	return qkdsae_get(fakeapp, "SAE-B", NULL, &fakeapp_keys);
}

static void
give(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, GOOD);
	fakekm_expect_end(k);
}

START_TEST(keys_are_where_they_are_held_and_nowhere_later)
{
	START(give);
	ck_assert_int_eq(get(), 0);
	/* The search finds what there is to be found. */
	ck_assert_uint_ge(found(), 4096 - LENGTH + 1);
	qkdsae_keys_free(&fakeapp_keys);
	ck_assert_uint_eq(found(), 0);
	stop();
}
END_TEST

static void
give_half(struct fakekm *k)
{
	char	frame[3000] = "\0\1\0\0\0\1\x12\3\x20\0{\"keys\":";

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	memcpy(frame + 18, fakekm_keys(KEY, 1, 4096), sizeof(frame) - 18);
	fakekm_send(k, frame, sizeof(frame));
}

static void
give_malformed(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, "{\"keys\":%s,\"response\":]",
	    fakekm_keys(KEY, 1, 4096));
	fakekm_expect_end(k);
}

static void
give_too_many(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, "{\"keys\":%s,\"response\":"
	    "\"success\"}", fakekm_keys(KEY, 2, 1024));
	fakekm_expect_end(k);
}

static void
give_with_refusal(struct fakekm *k)
{
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, k->id, "{\"keys\":%s,\"response\":"
	    "\"rejected\"}", fakekm_keys(KEY, 1, 4096));
	fakekm_expect_end(k);
}

START_TEST(keys_of_answers_that_are_no_good_are_gone)
{
	START(give_half, give_malformed, give_too_many, give_with_refusal);
	ck_assert_int_eq(get(), QKDSAE_CONNECTION);
	ck_assert_uint_eq(found(), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(get(), QKDSAE_ANSWER);
		ck_assert_uint_eq(found(), 0);
	}
	stop();
}
END_TEST

static void
give_late(struct fakekm *k)
{
	uint32_t	first;

	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	first = k->id;
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_KEY_RESPONSE, first, GOOD);
	fakekm_say(k, AK_KEY_RESPONSE, k->id,
	    "{\"keys\":[],\"response\":\"not_found\"}");
	fakekm_expect_end(k);
}

START_TEST(keys_that_come_too_late_are_gone)
{
	fakeapp_conf.wait_ms = 1000;
	START(give_late);
	ck_assert_int_eq(get(), QKDSAE_TIMEOUT);
	ck_assert_int_eq(get(), QKDSAE_NOT_FOUND);
	ck_assert_uint_eq(found(), 0);
	stop();
}
END_TEST

#define SUPPLY	"{\"session_ID\":\"" FAKEAPP_SESSION "\",\"keys\":%s}", \
		fakekm_keys(KEY, 1, 4096)

/* One is refused, one lies there when the application ends. */
static void
bring(struct fakekm *k)
{
	fakekm_say(k, AK_SUPPLY, 1, SUPPLY);
	fakekm_expect(k, AK_SUPPLIED, NULL);
	fakekm_expect(k, AK_KEY_REQUEST, NULL);
	fakekm_say(k, AK_SUPPLY, 2, SUPPLY);
	fakekm_say(k, AK_KEY_RESPONSE, k->id,
	    "{\"keys\":[],\"response\":\"not_found\"}");
	fakekm_expect_end(k);
}

static unsigned	seen;

static const char *
refuse(void *arg, const struct qkdsae_session *s, struct qkdsae_keys **keys)
{
	(void)arg, (void)s, (void)keys;
	seen = found();
	return "no";
}

START_TEST(keys_that_are_refused_or_not_fetched_are_gone)
{
	const struct qkdsae_handlers	h = { .size = sizeof(h),
					    .on_keys = refuse };

	START(bring);
	ck_assert_int_eq(qkdsae_listen(fakeapp, &h), 0);
	ck_assert_int_eq(qkdsae_serve(fakeapp, 60000), 1);
	ck_assert_uint_ge(seen, 4096 - LENGTH + 1);
	ck_assert_uint_eq(found(), 0);
	ck_assert_int_eq(get(), QKDSAE_NOT_FOUND);
	ck_assert_uint_ge(found(), 4096 - LENGTH + 1);
	stop();
}
END_TEST

int
main(void)
{
	const TTest	*const tests[] = {
		keys_are_where_they_are_held_and_nowhere_later,
		keys_of_answers_that_are_no_good_are_gone,
		keys_that_come_too_late_are_gone,
		keys_that_are_refused_or_not_fetched_are_gone,
	};

	return fakeapp_run("saewipe", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, 0);
}
