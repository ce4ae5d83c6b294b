/* check_engine.c - the engine of ksa, twice, back to back. */
#include "config.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "enginepair.h"
#include "err.h"
#include "ksa/bindings.h"
#include "ksa/blocks.h"
#include "ksa/newblocks.h"
#include "ksa/peer.h"
#include "unit.h"

static struct pair_result	e, d;
#define IDS(r)	((const uint8_t (*)[16])(r).ids)

static void
begin(void)
{
	pair_open(unit_path("."));
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(pair_start(1), 0);
	ck_assert(pair_until(pair_ready, 10000));
}

static void
same_keys(const struct pair_result *a, const struct pair_result *b)
{
	ck_assert_int_eq(a->status, SUPPLY_OK);
	ck_assert_msg(b->status == SUPPLY_OK, "%d %s", b->status, b->detail);
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_uint_eq(a->octets, b->octets);
	ck_assert_mem_eq(a->keys, b->keys, a->number * a->octets);
}

START_TEST(master_and_slave_get_the_same_keys)
{
	static const uint32_t sizes[] = { 32, 8, 1, 33, 512, 500 };

	begin();
	for (unsigned i = 0; i < 6; i++) {
		pair_enc(0, "SAE-A1", "SAE-B1", 128, sizes[i], &e);
		ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
		pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 128, &d);
		same_keys(&e, &d);
		pair_enc(1, "SAE-B2", "SAE-A2", 1, sizes[i], &e);
		pair_dec(0, "SAE-A2", "SAE-A2", IDS(e), 1, &d);
		same_keys(&e, &d);
	}
	pair_close();
}
END_TEST

START_TEST(two_applications_of_one_node_share_keys_too)
{
	begin();
	pair_enc(0, "SAE-A1", "SAE-A2", 100, 32, &e);
	pair_dec(0, "SAE-A2", "SAE-A1", IDS(e), 100, &d);
	same_keys(&e, &d);
	pair_dec(1, "SAE-B1", NULL, IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	pair_close();
}
END_TEST

START_TEST(only_the_slave_gets_a_key)
{
	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 32, &e);
	pair_dec(1, "SAE-B2", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	pair_dec(1, "SAE-B1", "SAE-A2", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 2, &d);
	same_keys(&e, &d);
	/* The tombstone still says whose it was. */
	pair_dec(1, "SAE-B2", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	pair_close();
}
END_TEST

START_TEST(a_refused_batch_leaves_its_good_keys)
{
	struct pair_result	e2;

	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 3, 32, &e);
	pair_enc(0, "SAE-A1", "SAE-B2", 1, 32, &e2);
	memcpy(e.ids[2], e2.ids[0], 16);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 3, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	e.ids[2][15] ^= 1;
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 3, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 2, &d);
	e.number = 2;
	same_keys(&e, &d);
	pair_close();
}
END_TEST

START_TEST(keys_of_several_sizes_come_in_one_answer)
{
	struct pair_result	e2;

	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 40, &e);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 500, &e2);
	memcpy(e.ids[2], e2.ids[0], 16);
	memcpy(e.ids[3], e.ids[1], 16);
	e.ids[3][15] ^= 1;
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 4, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 3, &d);
	ck_assert_msg(d.status == SUPPLY_OK, "%s", d.detail);
	ck_assert_uint_eq(d.sizes[0], 40);
	ck_assert_uint_eq(d.sizes[1], 40);
	ck_assert_uint_eq(d.sizes[2], 500);
	ck_assert_mem_eq(d.keys, e.keys, 80);
	ck_assert_mem_eq(d.keys + 80, e2.keys, 500);
	pair_close();
}
END_TEST

/* Two of them do. */
static bool
fits_540(uint32_t number, const uint32_t *octets)
{
	uint32_t	all = 0;

	for (uint32_t i = 0; i < number; i++)
		all += octets[i];
	return all <= 540;
}

START_TEST(keys_without_room_in_the_answer_are_not_delivered)
{
	struct pair_result	e2;

	begin();
	pair.n[1].conf.redelivery = 0;
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 40, &e);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 500, &e2);
	memcpy(e.ids[2], e2.ids[0], 16);
	pair.fits = fits_540;
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 3, &d);
	ck_assert_int_eq(d.status, SUPPLY_TOO_LARGE);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 2, &d);
	ck_assert_msg(d.status == SUPPLY_OK, "%s", d.detail);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e2), 1, &d);
	ck_assert_msg(d.status == SUPPLY_OK, "%s", d.detail);
	ck_assert_mem_eq(d.keys, e2.keys, 500);
	pair_close();
}
END_TEST

START_TEST(a_lost_reply_loses_no_key)
{
	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 4, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 4, &d);
	same_keys(&e, &d);
	pair_stop(1);
	ck_assert_int_eq(pair_start(1), 0);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 4, &d);
	same_keys(&e, &d);
	pair_close();
}
END_TEST

START_TEST(after_the_window_a_key_is_gone)
{
	begin();
	pair.n[1].conf.redelivery = 1;
	pair_enc(0, "SAE-A1", "SAE-B1", 40, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 10, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	pair_run(3500);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	/* Its neighbours in the same segment are whole. */
	pair_dec(1, "SAE-B1", "SAE-A1", (const uint8_t (*)[16])(e.ids + 10),
	    30, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	ck_assert_mem_eq(d.keys, e.keys + 320, 960);
	pair_close();
}
END_TEST

START_TEST(without_a_window_a_key_is_given_once)
{
	begin();
	pair.n[1].conf.redelivery = 0;
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	same_keys(&e, &d);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	pair_close();
}
END_TEST

START_TEST(keys_that_nobody_fetches_expire)
{
	begin();
	pair.n[1].conf.key_expiry = 1;
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 32, &e);
	pair_run(3500);
	ck_assert_uint_eq(engine_env(pair.n[1].s)->count.expired, 1);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	pair_dec(1, "SAE-B2", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	pair_close();
}
END_TEST

START_TEST(a_key_that_does_not_exist_is_not_found)
{
	static const uint8_t	 zeros[1][16];

	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	e.ids[0][3] ^= 1;
	pair_dec(1, "SAE-B1", NULL, IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	pair_dec(1, "SAE-B1", "SAE-A1", zeros, 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	/* Its master's KM cannot be asked: perhaps it exists. */
	pair_link(false);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAVAILABLE);
	pair_close();
}
END_TEST

START_TEST(a_fetch_waits_for_a_binding_that_is_late)
{
	begin();
	pair_link(false);
	pair_enc(0, "SAE-A1", "SAE-B1", 5, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_dec_start(1, "SAE-B1", IDS(e), 5, &d);
	pair_run(300);
	ck_assert(!d.done);
	pair_link(true);
	pair_wait(&d);
	same_keys(&e, &d);
	pair_close();
}
END_TEST

START_TEST(a_short_pool_fails_whole_and_uses_nothing_up)
{
	struct supply_stock	before, after;

	begin();
	pair_run(300);
	pair.dry = true;
	supply_stock(pair.n[0].s, "SAE-A1", "SAE-B1", &before);
	pair_enc(0, "SAE-A1", "SAE-B1", 100, 600, &e);
	ck_assert_int_eq(e.status, SUPPLY_INSUFFICIENT);
	supply_stock(pair.n[0].s, "SAE-A1", "SAE-B1", &after);
	ck_assert_uint_eq(before.stored, after.stored);
	pair.dry = false;
	/* More than the pool ever holds: it fills up for it. */
	pair_enc(0, "SAE-A1", "SAE-B1", 100, 600, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 100, &d);
	same_keys(&e, &d);
	pair_close();
}
END_TEST

START_TEST(lost_and_repeated_messages_change_nothing)
{
	begin();
	pair.n[1].conf.query_wait = 15000;
	pair.n[0].conf.relay_wait = 15000;
	pair.lose = 30;
	pair.repeat = 30;
	for (unsigned i = 0; i < 10; i++) {
		pair_enc(0, "SAE-A1", "SAE-B1", 20, 64, &e);
		ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
		pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 20, &d);
		same_keys(&e, &d);
	}
	pair_close();
}
END_TEST

static bool
a_block_is_not_confirmed(void)
{
	struct env	*a = engine_env(pair.n[0].s);

	return newblocks_count(a->peers[1]->newblocks, OWN) > 0;
}

/* Key of the links is not poured into a peer that confirms none of it. */
START_TEST(a_peer_that_is_silent_costs_little_key)
{
	size_t	before;

	begin();
	pair_run(300);
	pair.n[0].conf.confirm_wait = 300;
	pair.n[0].conf.relay_wait = 300;
	pair.lose = 100;
	before = pair_nblocks;
	pair_enc(0, "SAE-A1", "SAE-B1", 64, 512, &e);
	ck_assert(pair_until(a_block_is_not_confirmed, 3000));
	pair_run(8000);		/* a batch lives a second or two */
	ck_assert_uint_le(pair_nblocks - before, 16);
	pair.lose = 0;
	pair.n[0].conf.relay_wait = 20000;
	pair_enc(0, "SAE-A1", "SAE-B1", 64, 512, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 64, &d);
	same_keys(&e, &d);
	pair_close();
}
END_TEST

START_TEST(a_void_block_that_is_told_twice_is_told_no_more)
{
	struct newblocks	*a;
	uint64_t		 n;

	begin();
	pair_run(300);
	a = engine_env(pair.n[0].s)->peers[1]->newblocks;
	newblocks_void(a, OWN, 4711, "a test");
	pair_run(20);		/* on disk, and told for the first time */
	newblocks_notices(a);
	pair_run(10);
	newblocks_notices(a);
	pair_run(1500);
	n = engine_env(pair.n[0].s)->count.blocks_void;
	ck_assert_uint_eq(n, 1);
	n = engine_env(pair.n[1].s)->count.blocks_void;
	ck_assert_uint_ge(n, 1);
	pair_run(1500);
	ck_assert_uint_eq(engine_env(pair.n[1].s)->count.blocks_void, n);
	pair_close();
}
END_TEST

START_TEST(a_clock_that_is_set_back_keeps_no_window_open)
{
	ck_assert(binding_window_open(100000, 30000, 100000));
	ck_assert(binding_window_open(100000, 30000, 130000));
	ck_assert(!binding_window_open(100000, 30000, 130001));
	ck_assert(binding_window_open(100000, 30000, 99000));
	ck_assert(!binding_window_open(100000, 30000, 69999));
	ck_assert(!binding_window_open(100000, 0, 100000));
}
END_TEST

/* ---- stores that go back ---- */

static void
forget_witness(unsigned i)
{
	unlink(pair_witness(i));
}

static unsigned	back_node;	/* whose store goes back */
static bool	with_witness;

static void
go_back(void)
{
	unsigned	i = back_node;

	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	pair_run(200);
	pair_stop(i);
	pair_store_copy(i, "old.db", false);
	ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 10000));
	pair_enc(0, "SAE-A1", "SAE-B1", 64, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 64, &d);
	same_keys(&e, &d);
	pair_run(200);
	pair_stop(i);
	pair_store_copy(i, "old.db", true);
	if (!with_witness)
		forget_witness(i);
	ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 20000));
}

/* No octet of the new keys was ever in the old ones. */
static void
new_keys_are_new(unsigned from, const char *master, const char *slave)
{
	static struct pair_result	n;

	pair_enc(from, master, slave, 64, 32, &n);
	ck_assert_msg(n.status == SUPPLY_OK, "%s", n.detail);
	for (unsigned i = 0; i < 64; i++)
		for (unsigned k = 0; k + 32 <= 64 * 32; k++)
			ck_assert(memcmp(n.keys + 32 * i, e.keys + k, 32));
	pair_dec(!from, slave, master, IDS(n), 64, &d);
	same_keys(&n, &d);
}

static void
source_goes_back(void)
{
	back_node = 0;
	go_back();
	new_keys_are_new(0, "SAE-A1", "SAE-B1");
	pair_close();
}

START_TEST(a_source_store_copied_back_gives_no_key_twice)
{
	with_witness = false;
	source_goes_back();
}
END_TEST

START_TEST(a_source_that_knows_it_went_back_gives_no_key_twice)
{
	with_witness = true;
	source_goes_back();
}
END_TEST

static void
destination_goes_back(void)
{
	back_node = 1;
	go_back();
	pair.n[1].conf.redelivery = 0;
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 64, &d);
	ck_assert_int_ne(d.status, SUPPLY_OK);
	new_keys_are_new(0, "SAE-A1", "SAE-B1");
	new_keys_are_new(1, "SAE-B1", "SAE-A1");
	pair_close();
}

START_TEST(a_destination_store_copied_back_gives_no_key_twice)
{
	with_witness = false;
	destination_goes_back();
}
END_TEST

START_TEST(a_destination_that_knows_it_went_back_gives_no_key_twice)
{
	with_witness = true;
	destination_goes_back();
}
END_TEST

static void
lose_store(unsigned i)
{
	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 32, &e);
	pair_run(200);
	pair_stop(i);
	forget_witness(i);
	pair_store_copy(i, "nothing.db", true);
	ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 20000));
	new_keys_are_new(0, "SAE-A1", "SAE-B1");
	new_keys_are_new(1, "SAE-B1", "SAE-A1");
	pair_close();
}

START_TEST(a_lost_store_is_filled_again)
{
	lose_store(0);
	lose_store(1);
}
END_TEST

START_TEST(after_a_restart_key_is_not_used_before_the_peer_was_asked)
{
	begin();
	pair_link(false);
	pair_stop(0);
	forget_witness(0);
	ck_assert_int_eq(pair_start(0), 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_UNAVAILABLE);
	/* A crash of the daemon alone: the witness saw every commit. */
	pair_link(true);
	ck_assert(pair_until(pair_ready, 10000));
	pair_link(false);
	pair_stop(0);
	ck_assert_int_eq(pair_start(0), 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_close();
}
END_TEST

START_TEST(a_damaged_store_stops_the_daemon)
{
	size_t	 len;
	char	*p;

	begin();
	pair_stop(0);
	p = unit_read(pair_store(0), &len);
	for (size_t i = 8192; i + 64 < len; i += 4096)
		memset(p + i, 0x5a, 64);
	unit_write(pair_store(0), p, len, 0640);
	free(p);
	ck_assert_int_eq(pair_start(0), -E_STORE_CORRUPT);
	pair_close();
}
END_TEST

/* ---- no key bytes on disk ---- */

static void
absent(const char *path, const uint8_t *key)
{
	char	 text[BASE64_LEN(24)];
	size_t	 len;
	char	*p = unit_read(path, &len), hex[33];

	base64_encode(text, key, 24);
	for (unsigned i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	ck_assert_ptr_null(memmem(p, len, key, 16));
	ck_assert_ptr_null(memmem(p, len, text, sizeof(text)));
	ck_assert_ptr_null(memmem(p, len, hex, 32));
	free(p);
}

START_TEST(no_key_is_in_clear_on_the_disk)
{
	char	path[600];

	begin();
	pair_enc(0, "SAE-A1", "SAE-B1", 30, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 10, &d);
	pair_run(1500);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < 30; k++) {
			absent(pair_store(i), e.keys + 32 * k);
			snprintf(path, sizeof(path), "%.500s-wal",
			    pair_store(i));
			absent(path, e.keys + 32 * k);
		}
	for (size_t i = 0; i < pair_nblocks; i++)
		absent(pair_store(0), pair_blocks[i].bytes + 64);
	pair_close();
}
END_TEST

/* ---- crashes ---- */

#define ROUND	4		/* requests in a life */

static int	 report = -1;	/* where the child says what it has seen */
static unsigned	 steps, die_at;

static void
count_step(void)
{
	if (++steps == die_at)
		kill(getpid(), SIGKILL);
}

struct seen { uint32_t fetched; uint8_t id[16], key[32]; };

static void
say(const struct pair_result *r, uint32_t fetched)
{
	struct seen	s = { .fetched = fetched };

	for (uint32_t i = 0; i < r->number; i++) {
		memcpy(s.id, r->ids[i], 16);
		memcpy(s.key, r->keys + 32 * i, 32);
		ck_assert_int_eq(write(report, &s, sizeof(s)), sizeof(s));
	}
}

static void
life(void)
{
	pair_open(unit_path("."));
	pair.step = count_step;
	if (pair_start(0) < 0 || pair_start(1) < 0 ||
	    !pair_until(pair_ready, 10000))
		_exit(3);
	for (unsigned i = 0; i < ROUND; i++) {
		pair_enc(0, "SAE-A1", "SAE-B1", 3, 32, &e);
		if (e.status != SUPPLY_OK)
			_exit(4);
		say(&e, 0);
		pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 2, &d);
		if (d.status != SUPPLY_OK)
			_exit(5);
		e.number = 2;
		say(&e, 1);
	}
	kill(getpid(), SIGKILL);
}

static void
live(int fd)
{
	report = fd;
	life();
}

static size_t
crash(unsigned at, struct seen *seen, size_t room)
{
	size_t	octets;

	die_at = at;
	octets = unit_killed(live, seen, room);
	die_at = 0;
	return octets / sizeof(*seen);
}

/* Every key that the master got is at the slave, and no key twice. */
static void
check_after(const struct seen *seen, size_t n)
{
	pair_open(unit_path("."));
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(pair_start(1), 0);
	ck_assert(pair_until(pair_ready, 20000));
	pair.n[0].conf.relay_wait = 5000;	/* orphans hold the fill up */
	pair_enc(0, "SAE-A1", "SAE-B1", 128, 32, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
	for (size_t i = 0; i < n; i++) {
		const uint8_t	(*id)[16] = &seen[i].id;

		for (unsigned k = 0; k < 128; k++)
			ck_assert(memcmp(e.keys + 32 * k, seen[i].key, 32));
		pair_dec(1, "SAE-B1", "SAE-A1", id, 1, &d);
		ck_assert_msg(d.status == SUPPLY_OK, "%s", d.detail);
		ck_assert_mem_eq(d.keys, seen[i].key, 32);
	}
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 128, &d);
	same_keys(&e, &d);
	pair_close();
}

START_TEST(a_crash_at_any_step_loses_no_key_and_gives_none_twice)
{
	static struct seen	seen[1024];
	size_t			n = 0;

	(void)unit_path("");	/* one directory for all */
	/* The same stores through all crashes, each a little later. */
	for (unsigned k = 0; k < 24; k++)
		n += crash(3 + 11 * k, seen + n,
		    sizeof(seen) - n * sizeof(seen[0]));
	check_after(seen, n);
}
END_TEST

UNIT_MAIN("engine",
    master_and_slave_get_the_same_keys,
    two_applications_of_one_node_share_keys_too,
    only_the_slave_gets_a_key,
    a_refused_batch_leaves_its_good_keys,
    keys_of_several_sizes_come_in_one_answer,
    keys_without_room_in_the_answer_are_not_delivered,
    a_lost_reply_loses_no_key,
    after_the_window_a_key_is_gone,
    without_a_window_a_key_is_given_once,
    keys_that_nobody_fetches_expire,
    a_key_that_does_not_exist_is_not_found,
    a_fetch_waits_for_a_binding_that_is_late,
    a_short_pool_fails_whole_and_uses_nothing_up,
    lost_and_repeated_messages_change_nothing,
    a_peer_that_is_silent_costs_little_key,
    a_void_block_that_is_told_twice_is_told_no_more,
    a_clock_that_is_set_back_keeps_no_window_open,
    a_source_store_copied_back_gives_no_key_twice,
    a_source_that_knows_it_went_back_gives_no_key_twice,
    a_destination_store_copied_back_gives_no_key_twice,
    a_destination_that_knows_it_went_back_gives_no_key_twice,
    a_lost_store_is_filled_again,
    after_a_restart_key_is_not_used_before_the_peer_was_asked,
    a_damaged_store_stops_the_daemon,
    no_key_is_in_clear_on_the_disk,
    a_crash_at_any_step_loses_no_key_and_gives_none_twice)
