/* check_plainstore.c - keys of plain peers on disk. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "ksa/plainstore.h"
#include "unit.h"

static struct event_base *base;
static struct keystore	*ks;
static struct side	*w;
static struct plain_row	 row, got;
static uint8_t		 octets[40], out[40];

static int
open_with(const uint8_t node_key[SEAL_KEY])
{
	const char	*path = unit_path("node.key");

	unit_write(path, node_key, SEAL_KEY, 0400);
	return keystore_open(&ks, unit_path("keys.db"), path, "", base);
}

static void
setup(void)
{
	static const uint8_t	key[SEAL_KEY] = { 1 };

	ck_assert_int_eq(secret_init(1 << 20), 0);
	base = event_base_new();
	ck_assert_int_eq(open_with(key), 0);
	w = keystore_writer(ks);
	ck_assert_int_eq(RAND_bytes(octets, sizeof(octets)), 1);
	row = (struct plain_row){ .id = { 7 }, .km = "KME-X",
	    .master = "SAE-X1", .slave = "SAE-A1",
	    .octets = sizeof(octets), .made = 1000 };
	ck_assert_int_eq(plainstore_add(w, &row, octets), 0);
}

static void
teardown(void)
{
	keystore_close(&ks);
	event_base_free(base);
}

static enum plain_state
state(void)
{
	ck_assert_int_eq(plainstore_get(w, row.id, &got, NULL), 0);
	return got.state;
}

START_TEST(a_key_comes_back_as_it_was_and_its_id_only_once)
{
	setup();
	ck_assert_int_eq(plainstore_get(w, row.id, &got, out), 0);
	ck_assert_mem_eq(out, octets, sizeof(out));
	ck_assert_str_eq(got.km, "KME-X");
	ck_assert_str_eq(got.master, "SAE-X1");
	ck_assert_str_eq(got.slave, "SAE-A1");
	ck_assert(got.kept && !got.mine);
	ck_assert_int_eq(plainstore_add(w, &row, octets), -E_EXISTS);
	row.id[15] = 1;
	ck_assert_int_eq(plainstore_get(w, row.id, &got, NULL),
	    -E_NOT_FOUND);
	ck_assert_uint_eq(plainstore_count(w, "KME-X"), 1);
	teardown();
}
END_TEST

START_TEST(it_is_fetched_again_within_the_window_only)
{
	setup();
	ck_assert_int_eq(plainstore_fetch(w, row.id, 5000, 5000), 0);
	ck_assert_int_eq(plainstore_fetch(w, row.id, 6000, 4999), 0);
	ck_assert_int_eq(plainstore_fetch(w, row.id, 7000, 5000), -E_SPENT);
	ck_assert_int_eq(state(), PLAIN_VALID);
	ck_assert_uint_eq(got.fetched, 5000);	/* the first time counts */
	teardown();
}
END_TEST

START_TEST(what_is_due_is_erased_and_stays_as_a_tombstone)
{
	struct plain_ages	a = { 4999, 1000, 500 };
	unsigned		erased, expired;

	setup();
	ck_assert(!plainstore_due(w, &a));
	ck_assert_int_eq(plainstore_fetch(w, row.id, 5000, 0), 0);
	ck_assert(!plainstore_due(w, &a));
	a.fetched = 5000;
	ck_assert(plainstore_due(w, &a));
	ck_assert_int_eq(plainstore_sweep(w, &a, &erased, &expired), 0);
	ck_assert_uint_eq(erased, 1);
	ck_assert_int_eq(state(), PLAIN_ERASED);
	ck_assert(!got.kept);
	ck_assert_int_eq(plainstore_get(w, row.id, &got, out), -E_SPENT);
	ck_assert_int_eq(plainstore_fetch(w, row.id, 5001, 0), -E_SPENT);
	ck_assert_int_eq(plainstore_add(w, &row, octets), -E_EXISTS);
	a.forgotten = 1001;
	ck_assert(plainstore_due(w, &a));
	ck_assert_int_eq(plainstore_sweep(w, &a, &erased, &expired), 0);
	ck_assert_uint_eq(plainstore_count(w, "KME-X"), 0);
	teardown();
}
END_TEST

START_TEST(what_is_never_fetched_expires)
{
	struct plain_ages	a = { 0, 1001, 0 };
	unsigned		erased, expired;

	setup();
	ck_assert_int_eq(plainstore_sweep(w, &a, &erased, &expired), 0);
	ck_assert_uint_eq(expired, 1);
	ck_assert_int_eq(state(), PLAIN_EXPIRED);
	ck_assert(!got.kept);
	teardown();
}
END_TEST

START_TEST(a_start_voids_what_was_asked_and_a_store_that_went_back_all)
{
	struct plain_row	asked = { .id = { 8 }, .km = "KME-X",
	    .mine = true, .master = "SAE-A1", .slave = "SAE-X1",
	    .octets = 32, .made = 1000, .state = PLAIN_ASKED };

	setup();
	ck_assert_int_eq(plainstore_add(w, &asked, NULL), 0);
	ck_assert_int_eq(plainstore_start(w, false), 0);
	ck_assert_int_eq(plainstore_settle(w, asked.id, PLAIN_ERASED),
	    -E_SPENT);
	ck_assert_int_eq(plainstore_get(w, asked.id, &got, NULL), 0);
	ck_assert_int_eq(got.state, PLAIN_VOID);
	ck_assert_int_eq(state(), PLAIN_VALID);
	ck_assert_int_eq(plainstore_start(w, true), 0);
	ck_assert_int_eq(state(), PLAIN_VOID);
	ck_assert(!got.kept);
	teardown();
}
END_TEST

UNIT_MAIN("plainstore", a_key_comes_back_as_it_was_and_its_id_only_once,
    it_is_fetched_again_within_the_window_only,
    what_is_due_is_erased_and_stays_as_a_tombstone,
    what_is_never_fetched_expires,
    a_start_voids_what_was_asked_and_a_store_that_went_back_all)
