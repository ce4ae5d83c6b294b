/* check_line.c - Get key calls that wait for key, or for a quota. */
#include "config.h"

#include <string.h>

#include "enginepair.h"
#include "ksa/line.h"
#include "ksa/peer.h"
#include "ksa/pool.h"
#include "secret.h"
#include "unit.h"

static struct pair_result	r[20];

static struct ksa_application *
application(unsigned i)		/* 0: SAE-A1, 1: SAE-A2, ... */
{
	return (struct ksa_application *)pair.n[0].conf.applications.v + i;
}

static void
begin(void)
{
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(pair_start(1), 0);
	ck_assert(pair_until(pair_ready, 10000));
}

static struct peer *
peer(void)
{
	return engine_env(pair.n[0].s)->peers[1];
}

static bool
pool_is_full(void)
{
	return pool_available(peer()->pool) >=
	    (uint64_t)pair.n[0].conf.pool_high;
}

static bool
pool_is_dry(void)
{
	return pool_available(peer()->pool) == 0;
}

/* No more key comes; there is as much as the pool holds. */
static void
dark(void)
{
	ck_assert(pair_until(pool_is_full, 10000));
	pair.dry = true;
	pair_run(50);
}

static uint32_t
stored(const char *master, const char *slave, uint32_t *most)
{
	struct supply_stock	s;

	ck_assert_int_eq(supply_stock(pair.n[0].s, master, slave, &s),
	    SUPPLY_OK);
	ck_assert_uint_le(s.stored, s.max_stored);
	if (most != NULL)
		*most = s.max_stored;
	return s.stored;
}

static void
ok(struct pair_result *x)
{
	ck_assert_msg(x->done && x->status == SUPPLY_OK, "%d %s", x->status,
	    x->detail);
}

static void
refused(struct pair_result *x, enum supply_status status, const char *words)
{
	ck_assert(x->done);
	ck_assert_int_eq(x->status, status);
	ck_assert_msg(strstr(x->detail, words) != NULL, "%s", x->detail);
}

START_TEST(small_requests_pass_a_large_one_that_saves_up)
{
	pair_open(unit_path("."));
	pair.n[0].conf.relay_wait = 10000;
	begin();
	dark();
	/* More than the pool is ever filled to by itself. */
	pair_enc_start(0, "SAE-A1", "SAE-B1", 8, 8192, &r[0]);
	pair_enc_start(0, "SAE-A1", "SAE-B1", 1, 32, &r[1]);
	pair_enc(0, "SAE-A2", "SAE-B1", 100, 32, &r[2]);
	ok(&r[2]);
	ck_assert(!r[0].done);
	ck_assert(!r[1].done);		/* behind that of the same one */
	ck_assert_uint_eq(line_length(peer()), 2);
	pair.dry = false;
	pair_wait(&r[0]);
	ok(&r[0]);
	pair_wait(&r[1]);
	ok(&r[1]);
	pair_close();
}
END_TEST

START_TEST(what_has_to_wait_too_long_uses_nothing_up)
{
	uint32_t	n;

	pair_open(unit_path("."));
	begin();
	dark();
	n = stored("SAE-A2", "SAE-B1", NULL);
	pair_enc_start(0, "SAE-A1", "SAE-B1", 8, 8192, &r[0]);
	/* As long as it waits, what it saves up is not all for others. */
	ck_assert_uint_eq(stored("SAE-A1", "SAE-B1", NULL), 0);
	ck_assert_uint_ge(stored("SAE-A2", "SAE-B1", NULL), n / 2 - 1);
	pair_wait(&r[0]);
	refused(&r[0], SUPPLY_INSUFFICIENT, "65536 octets of key are needed");
	pair_run(1500);
	ck_assert_uint_eq(stored("SAE-A2", "SAE-B1", NULL), n);
	pair_close();
}
END_TEST

START_TEST(too_many_that_wait_are_refused_those_of_others_are_not)
{
	unsigned	max;

	pair_open(unit_path("."));
	max = (unsigned)pair.n[0].conf.max_waiting;
	begin();
	dark();
	for (unsigned i = 0; i < max; i++)
		pair_enc_start(0, "SAE-A1", "SAE-B1", 8, 8192, &r[i]);
	ck_assert_uint_eq(line_length(peer()), max);
	pair_enc_start(0, "SAE-A1", "SAE-B2", 1, 32, &r[max]);
	refused(&r[max], SUPPLY_UNAVAILABLE, "max_waiting");
	pair_enc_start(0, "SAE-A2", "SAE-B1", 1, 32, &r[max]);
	pair_wait(&r[max]);
	ok(&r[max]);
	pair_close();
}
END_TEST

START_TEST(a_call_that_waits_can_be_withdrawn_or_is_told_of_the_end)
{
	struct supply_call	*c;

	pair_open(unit_path("."));
	begin();
	dark();
	c = pair_enc_start(0, "SAE-A1", "SAE-B1", 8, 8192, &r[0]);
	ck_assert_ptr_nonnull(c);
	pair_enc_start(0, "SAE-A1", "SAE-B1", 1, 4096, &r[1]);
	ck_assert(supply_withdraw(c));
	pair_wait(&r[1]);
	ok(&r[1]);
	ck_assert(!r[0].done);
	pair_enc_start(0, "SAE-A2", "SAE-B1", 8, 8192, &r[2]);
	pair_stop(0);
	refused(&r[2], SUPPLY_UNAVAILABLE, "stopping");
	pair_close();
}
END_TEST

START_TEST(what_the_status_says_can_be_drawn)
{
	uint32_t	n, most;

	pair_open(unit_path("."));
	pair.n[0].conf.relay_wait = 0;
	begin();
	dark();
	n = stored("SAE-A1", "SAE-B1", &most);
	ck_assert_uint_eq(most, 40000 / 32);
	ck_assert_uint_eq(n, most);
	for (; n > 0; n -= n < 100 ? n : 100) {
		pair_enc(0, "SAE-A1", "SAE-B1", n < 100 ? n : 100, 32, &r[0]);
		ok(&r[0]);
	}
	while (r[0].status == SUPPLY_OK)
		pair_enc(0, "SAE-A1", "SAE-B1", 1, 8, &r[0]);
	refused(&r[0], SUPPLY_INSUFFICIENT, "0 are there");
	ck_assert(pool_is_dry());
	ck_assert_uint_eq(stored("SAE-A1", "SAE-B1", NULL), 0);
	/* At the same node. */
	n = stored("SAE-A1", "SAE-A2", &most);
	ck_assert_uint_gt(n, 100);
	pair_enc(0, "SAE-A1", "SAE-A2", 100, 32, &r[0]);
	ok(&r[0]);
	pair_close();
}
END_TEST

START_TEST(the_share_that_the_status_says_can_be_drawn)
{
	uint32_t	n;

	pair_open(unit_path("."));
	begin();
	dark();
	pair_enc_start(0, "SAE-A2", "SAE-B1", 8, 8192, &r[1]);
	n = stored("SAE-A1", "SAE-B1", NULL);
	ck_assert_uint_ge(n, 600);
	for (; n > 0; n -= n < 100 ? n : 100) {
		pair_enc_start(0, "SAE-A1", "SAE-B2", n < 100 ? n : 100, 32,
		    &r[0]);
		ck_assert_uint_eq(line_length(peer()), 1);
		pair_wait(&r[0]);
		ok(&r[0]);
	}
	ck_assert_uint_eq(stored("SAE-A1", "SAE-B1", NULL), 0);
	ck_assert(!r[1].done);
	pair_close();
}
END_TEST

START_TEST(what_exceeds_a_quota_waits_or_is_refused_with_words)
{
	pair_open(unit_path("."));
	application(0)->rate = 1000;
	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 10, 100, &r[0]);
	ok(&r[0]);
	pair_enc_start(0, "SAE-A1", "SAE-B2", 10, 80, &r[1]);
	pair_enc_start(0, "SAE-A1", "SAE-B1", 1, 32, &r[2]);
	ck_assert(!r[1].done);
	ck_assert(!r[2].done);
	pair_enc_start(0, "SAE-A1", "SAE-A2", 10, 100, &r[3]);
	refused(&r[3], SUPPLY_INSUFFICIENT, "the quota of this application is "
	    "1000 octets/s, 1000 octets at once: 1000 are needed, 0 are left; "
	    "enough again in 1.8");
	pair_enc_start(0, "SAE-A1", "SAE-B1", 1, 1008, &r[3]);
	refused(&r[3], SUPPLY_INSUFFICIENT, "a request may not be of more");
	pair_enc(0, "SAE-A2", "SAE-B1", 64, 1000, &r[4]);
	ok(&r[4]);
	ck_assert(!r[1].done);
	pair_wait(&r[1]);
	ok(&r[1]);
	ck_assert(!r[2].done);
	pair_wait(&r[2]);
	ok(&r[2]);
	pair_close();
}
END_TEST

START_TEST(a_quota_is_given_back_what_was_not_drawn)
{
	struct supply_call	*c;

	pair_open(unit_path("."));
	application(0)->rate = 1;
	application(0)->burst = 65536 + 3200;
	pair.n[0].conf.pool_high = 80000;
	begin();
	dark();
	ck_assert_uint_eq(stored("SAE-A1", "SAE-B1", NULL), 2148);
	pair_enc(0, "SAE-A1", "SAE-B1", 100, 32, &r[0]);
	ok(&r[0]);
	ck_assert_uint_eq(stored("SAE-A1", "SAE-B1", NULL), 2048);
	pair_enc(0, "SAE-A2", "SAE-B1", 64, 1000, &r[0]);
	ok(&r[0]);
	/* The pool has too little: refused ... */
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 32768, &r[0]);
	refused(&r[0], SUPPLY_INSUFFICIENT, "octets of key are needed");
	/* ... or withdrawn, from either line. */
	c = pair_enc_start(0, "SAE-A1", "SAE-B1", 2, 32768, &r[0]);
	ck_assert(supply_withdraw(c));
	pair_enc(0, "SAE-A1", "SAE-A2", 2, 32768, &r[0]);
	ok(&r[0]);
	ck_assert_uint_eq(stored("SAE-A1", "SAE-A2", NULL), 0);
	c = pair_enc_start(0, "SAE-A1", "SAE-A2", 1, 5, &r[0]);
	ck_assert(c == NULL);
	pair_close();
}
END_TEST

START_TEST(a_call_that_waits_for_a_quota_can_be_withdrawn)
{
	struct supply_call	*c;

	pair_open(unit_path("."));
	application(0)->rate = 1000;
	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 1000, &r[0]);
	ok(&r[0]);
	c = pair_enc_start(0, "SAE-A1", "SAE-B1", 1, 900, &r[0]);
	ck_assert_ptr_nonnull(c);
	ck_assert(supply_withdraw(c));
	c = pair_enc_start(0, "SAE-A1", "SAE-B1", 1, 900, &r[1]);
	ck_assert_ptr_nonnull(c);
	pair_stop(0);
	refused(&r[1], SUPPLY_UNAVAILABLE, "stopping");
	ck_assert(!r[0].done);
	pair_close();
}
END_TEST

/* Leaves locked memory for blocks, but none for 65536 octets of key. */
static struct secret	*hog[128];

static void
hog_memory(void)
{
	for (unsigned i = 0; i < 128; i++)
		hog[i] = secret_new(50000);
	ck_assert_ptr_null(hog[127]);
	for (unsigned i = 0; i < 128; i += 2)
		secret_free(&hog[i]);
	ck_assert_ptr_null(secret_new(65536));
}

static void
free_memory(void)
{
	for (unsigned i = 0; i < 128; i++)
		secret_free(&hog[i]);
}

START_TEST(what_finds_no_locked_memory_waits_for_it)
{
	pair_open(unit_path("."));
	pair.n[0].conf.pool_high = 80000;
	begin();
	dark();
	hog_memory();
	pair_enc_start(0, "SAE-A1", "SAE-B1", 8, 8192, &r[0]);
	pair_run(100);
	ck_assert(!r[0].done);
	free_memory();
	pair_wait(&r[0]);
	ok(&r[0]);
	/* The same from the line; the first waits in vain. */
	pair_enc_start(0, "SAE-A1", "SAE-B1", 8, 8192, &r[0]);
	hog_memory();
	pair_run(500);
	pair_enc_start(0, "SAE-A2", "SAE-B1", 8, 8192, &r[1]);
	pair.dry = false;
	pool_hurry(peer()->pool);
	pair_wait(&r[0]);
	refused(&r[0], SUPPLY_UNAVAILABLE, "locked_memory");
	ck_assert(!r[1].done);
	free_memory();
	pair_wait(&r[1]);
	ok(&r[1]);
	pair_close();
}
END_TEST

UNIT_MAIN("line", small_requests_pass_a_large_one_that_saves_up,
    what_has_to_wait_too_long_uses_nothing_up,
    too_many_that_wait_are_refused_those_of_others_are_not,
    a_call_that_waits_can_be_withdrawn_or_is_told_of_the_end,
    what_the_status_says_can_be_drawn,
    the_share_that_the_status_says_can_be_drawn,
    what_exceeds_a_quota_waits_or_is_refused_with_words,
    a_quota_is_given_back_what_was_not_drawn,
    a_call_that_waits_for_a_quota_can_be_withdrawn,
    what_finds_no_locked_memory_waits_for_it)
