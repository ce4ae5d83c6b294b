/* check_multicast.c - keys for slaves at several nodes: four engines. */
#include "config.h"

#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enginepair.h"
#include "err.h"
#include "ksa/bindings.h"
#include "ksa/bindmsg.h"
#include "ksa/copy.h"
#include "ksa/enc.h"
#include "ksa/peer.h"
#include "ksa/pool.h"
#include "unit.h"

static struct pair_result	e, d;
#define IDS(r)	((const uint8_t (*)[16])(r).ids)
#define ALL	"SAE-B1 SAE-A2 SAE-C1 SAE-B2 SAE-D2"

static void
begin(void)
{
	pair_open_nodes(unit_path("."), 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 10000));
}

static void
ask(const char *slaves, uint32_t number, uint32_t octets)
{
	pair_enc(0, "SAE-A1", slaves, number, octets, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
}

/* "SAE-B1" is at node 1. */
static void
fetch(const char *slave, uint32_t first, uint32_t n)
{
	pair_dec((unsigned)(slave[4] - 'A'), slave, "SAE-A1",
	    IDS(e) + first, n, &d);
}

static void
same(const char *slave, uint32_t first, uint32_t n)
{
	fetch(slave, first, n);
	ck_assert_msg(d.status == SUPPLY_OK, "%s: %s", slave, d.detail);
	ck_assert_uint_eq(d.number, n);
	ck_assert_uint_eq(d.octets, e.octets);
	ck_assert_mem_eq(d.keys, e.keys + first * e.octets, n * e.octets);
}

static void
refused(const char *slave, uint32_t first, enum supply_status status)
{
	fetch(slave, first, 1);
	ck_assert_msg(d.status == status, "%s: %d %s", slave, d.status,
	    d.detail);
}

static struct env *
env(unsigned i)
{
	return engine_env(pair.n[i].s);
}

static int64_t
count(unsigned i, const char *sql)
{
	return db_int(keystore_reader(env(i)->store)->db, -1, sql, "");
}

START_TEST(slaves_at_several_nodes_get_the_same_keys)
{
	static const uint32_t	sizes[] = { 32, 1, 33, 500 };
	static const char *const slaves[] = { "SAE-B1", "SAE-A2", "SAE-C1",
	    "SAE-B2", "SAE-D2" };

	begin();
	for (unsigned i = 0; i < 4; i++) {
		ask(ALL, 16, sizes[i]);
		for (unsigned k = 0; k < 5; k++)
			same(slaves[k], 0, 16);
	}
	pair_close();
}
END_TEST

START_TEST(the_first_slave_may_be_of_the_same_node)
{
	begin();
	ask("SAE-A2 SAE-D1 SAE-B1", 3, 32);
	same("SAE-D1", 0, 3);
	same("SAE-A2", 0, 3);
	same("SAE-B1", 1, 2);
	pair_close();
}
END_TEST

START_TEST(a_slave_named_twice_is_one)
{
	begin();
	ask("SAE-B1 SAE-C1 SAE-B1 SAE-C1", 1, 32);
	same("SAE-B1", 0, 1);
	same("SAE-C1", 0, 1);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM issued"), 2);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM supplied"
	    " WHERE slave IN ('SAE-B1', 'SAE-C1')"), 2);
	pair_close();
}
END_TEST

START_TEST(only_those_named_get_the_keys)
{
	begin();
	ask("SAE-B1 SAE-C1 SAE-C2", 2, 32);
	refused("SAE-B2", 0, SUPPLY_UNAUTHORIZED);
	refused("SAE-A2", 0, SUPPLY_UNAUTHORIZED);
	refused("SAE-D1", 0, SUPPLY_UNAUTHORIZED);
	same("SAE-C2", 0, 2);
	same("SAE-C1", 0, 2);
	same("SAE-B1", 0, 2);
	ck_assert_int_eq(count(2, "SELECT count(*) FROM assigned"
	    " WHERE slave = 'SAE-C1, SAE-C2' AND state = 'fetched'"), 1);
	pair_close();
}
END_TEST

START_TEST(who_is_no_slave_is_named)
{
	begin();
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-X9 SAE-C1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_NOT_FOUND);
	ck_assert_str_eq(e.detail, "not a registered application: SAE-X9");
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1 SAE-A1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_BAD_REQUEST);
	ck_assert_str_eq(e.detail,
	    "the master is no additional slave: SAE-A1");
	pair_close();
}
END_TEST

/* ---- all or nothing ---- */

struct stocks { uint64_t octets[4]; unsigned blocks[4]; int64_t unused, issued; };

static struct stocks
stocks(void)
{
	struct stocks	s;

	for (unsigned i = 0; i < 4; i++) {
		s.octets[i] = pool_available(env(0)->peers[i]->pool);
		s.blocks[i] = pool_blocks(env(0)->peers[i]->pool);
	}
	s.unused = count(0, "SELECT total(octets - used) FROM block");
	s.issued = count(0, "SELECT count(*) FROM issued") +
	    count(0, "SELECT count(*) FROM received") +
	    count(0, "SELECT count(*) FROM copy");
	return s;
}

static void
unchanged(const struct stocks *before)
{
	struct stocks	after = stocks();

	ck_assert_mem_eq(&after, before, sizeof(after));
}

static void
settle(void)
{
	pair_run(500);
	pair.dry = true;
	pair_run(200);
}

START_TEST(one_pool_that_is_short_leaves_all_as_they_were)
{
	struct stocks	before;

	begin();
	settle();
	/* C has little left. */
	pair_enc(0, "SAE-A1", "SAE-C1", 1, (uint32_t)pool_available(
	    env(0)->peers[2]->pool) - 1000, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_run(50);
	memset(&before, 0, sizeof(before));
	before = stocks();
	pair_enc(0, "SAE-A1", ALL, 31, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_INSUFFICIENT);
	ck_assert_str_eq(e.detail, "1024 octets of key are needed for KM "
	    "KME-C, 1000 are there");
	unchanged(&before);
	/* Others can have it. */
	ask(ALL, 30, 32);
	same("SAE-D2", 0, 30);
	same("SAE-C1", 0, 30);
	/* And when there is more, it is served. */
	pair.dry = false;
	pair.n[0].conf.relay_wait = 15000;
	ask(ALL, 40, 32);
	same("SAE-C1", 0, 40);
	pair_close();
}
END_TEST

START_TEST(a_node_that_was_not_heard_yet_leaves_all_as_they_were)
{
	struct stocks	before;

	begin();
	settle();
	pair_stop(0);
	unlink(pair_witness(0));
	pair_away(3, true);
	ck_assert_int_eq(pair_start(0), 0);
	pair_run(1500);
	before = stocks();
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1 SAE-D2", 4, 32, &e);
	ck_assert_msg(e.status == SUPPLY_UNAVAILABLE, "%s", e.detail);
	ck_assert_ptr_nonnull(strstr(e.detail, "KM KME-D is not reachable"));
	unchanged(&before);
	pair_away(3, false);
	ask("SAE-B1 SAE-C1 SAE-D2", 4, 32);
	same("SAE-D2", 0, 4);
	pair_close();
}
END_TEST

START_TEST(what_is_too_much_for_all_pools_fills_them)
{
	begin();
	pair.n[0].conf.relay_wait = 15000;
	ask(ALL, 128, 800);
	same("SAE-A2", 0, 128);
	same("SAE-D2", 0, 128);
	same("SAE-B2", 0, 128);
	pair_close();
}
END_TEST

/* ---- the way ---- */

START_TEST(a_large_copy_travels_in_parts)
{
	begin();
	pair.n[0].conf.relay_wait = 30000;
	pair.n[0].conf.pool_high = 1 << 20;
	ask("SAE-B1 SAE-A2 SAE-C1", 128, 8192);
	same("SAE-C1", 0, 1);
	same("SAE-C1", 0, 128);
	same("SAE-A2", 64, 64);
	same("SAE-B1", 127, 1);
	/* What the others have is not kept here. */
	pair_run(2500);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM copy WHERE mine"), 0);
	pair_close();
}
END_TEST

static unsigned	flying, most;	/* octets in messages of node A, one loop turn */

static bool
measure(unsigned from, unsigned to, const struct msg_view *body)
{
	static uint64_t	turn;
	uint64_t	now = mono_ms();

	(void)to;
	if (now != turn)
		flying = 0;
	turn = now;
	flying += from == 0 ? (unsigned)body->len : 0;
	most = flying > most ? flying : most;
	return false;
}

#ifdef QKD_SANITIZED		/* the least that has to leave bit by bit */
#define KEY	3072
#else
#define KEY	8192
#endif
#define LARGE	(128 * KEY + OTP_MAC_KEY)

static bool
pools_are_full(void)
{
	for (unsigned i = 0; i < 17; i++)
		if (pool_available(env(0)->peers[i]->pool) < LARGE ||
		    !(env(0)->peers[i]->self || env(0)->peers[i]->trusted))
			return false;
	return true;
}

/* 16 MiB of copies do not leave at once. */
/* Here all nodes share the locked memory of one process. */
static void
make_room(void)
{
	for (unsigned i = 0; i < 17; i++)
		enc_forget(env(i));
}

START_TEST(sixteen_nodes_get_a_mebibyte_each)
{
	char	slaves[17 * 8] = "SAE-B1", name[8];

	pair_open_nodes(unit_path("."), 17);
	pair.n[0].conf.pool_low = pair.n[0].conf.pool_high = LARGE;
	for (unsigned i = 0; i < 17; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pools_are_full, 100000));
	for (char c = 'C'; c <= 'Q'; c++)
		sprintf(slaves + strlen(slaves), " SAE-%c1", c);
	strcat(slaves, " SAE-A2");
	pair.dry = true;	/* all engines share the locked memory */
	pair.spy = measure;
	ask(slaves, 128, KEY);
	for (char c = 'A'; c <= 'Q'; c++) {
		sprintf(name, "SAE-%c%d", c, c == 'A' ? 2 : 1);
		pair.n[c - 'A'].conf.query_wait = 18000;
		make_room();
		same(name, c % 2 == 0 ? 0 : 127, 1);
	}
	make_room();
	same("SAE-Q1", 0, 32);
	ck_assert_uint_lt(most, 5 << 20);
	pair_run(2500);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM copy WHERE mine"), 0);
	for (unsigned i = 0; i < 17; i++)
		ck_assert_uint_eq(env(i)->count.copies_broken, 0);
	pair_close();
}
END_TEST

START_TEST(lost_and_repeated_messages_change_nothing)
{
	begin();
	for (unsigned i = 1; i < 4; i++)
		pair.n[i].conf.query_wait = 18000;
	pair.n[0].conf.relay_wait = 15000;
	pair.lose = 20;
	pair.repeat = 20;
	for (unsigned i = 0; i < 4; i++) {
		ask(ALL, 60, 512);	/* two parts */
		same("SAE-C1", 0, 60);
		same("SAE-B2", 0, 60);
		same("SAE-D2", 0, 60);
	}
	pair_close();
}
END_TEST

static unsigned	lose_at, passed;

static bool
lose_one(unsigned from, unsigned to, const struct msg_view *body)
{
	return from == 0 && to == 2 && body->len > 20000 &&
	    ++passed == lose_at;
}

START_TEST(a_lost_part_brings_the_whole_copy_again)
{
	begin();
	pair.n[2].conf.query_wait = 10000;
	pair.n[0].conf.relay_wait = 15000;
	pair.spy = lose_one;
	for (lose_at = 1; lose_at <= 4; lose_at++) {
		passed = 0;
		ask("SAE-B1 SAE-C1", 128, 512);		/* three parts */
		ck_assert_uint_gt(passed, 0);
		same("SAE-C1", 0, 128);
	}
	ck_assert_uint_gt(env(2)->count.copies_broken, 0);
	ck_assert_uint_eq(env(2)->count.bindings_refused, 0);
	pair_close();
}
END_TEST

static bool
hold_back(unsigned from, unsigned to, const struct msg_view *body)
{
	(void)body;
	return from == 0 && to == 2;
}

/* Something between the engine and its disk turned one bit. */
START_TEST(a_copy_whose_mac_is_wrong_supplies_nothing)
{
	struct side	*s;

	begin();
	pair.spy = hold_back;
	ask("SAE-B1 SAE-C1 SAE-D1", 5, 32);
	s = keystore_writer(env(0)->store);
	ck_assert_int_eq(db_run(s->db, "UPDATE copy SET octets = "
	    "CAST(zeroblob(160) AS BLOB) WHERE peer = (SELECT id FROM peer"
	    " WHERE km = 'KME-C')", ""), 1);
	pair.spy = NULL;
	pair_run(2500);
	ck_assert_uint_eq(env(2)->count.copies_refused, 1);
	ck_assert_uint_eq(env(2)->count.bindings_refused, 1);
	refused("SAE-C1", 0, SUPPLY_NOT_FOUND);
	same("SAE-B1", 0, 5);
	same("SAE-D1", 0, 5);
	ck_assert_int_eq(count(2, "SELECT count(*) FROM copy"), 0);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM issued"
	    " WHERE state = 2"), 1);
	/* The pair goes on. */
	ask("SAE-B1 SAE-C1", 5, 32);
	same("SAE-C1", 0, 5);
	pair_close();
}
END_TEST

START_TEST(a_node_that_is_away_gets_its_copy_later)
{
	begin();
	pair_away(2, true);
	ask("SAE-B1 SAE-C1", 5, 32);
	same("SAE-B1", 0, 5);
	pair_stop(0);
	ck_assert_int_eq(pair_start(0), 0);
	pair_run(300);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM copy"), 1);
	pair_away(2, false);
	same("SAE-C1", 0, 5);
	pair_run(1500);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM copy"), 0);
	pair_close();
}
END_TEST

/* ---- the end of keys ---- */

START_TEST(each_slave_has_its_own_window)
{
	begin();
	for (unsigned i = 0; i < 4; i++)
		pair.n[i].conf.redelivery = 2;
	ask("SAE-B1 SAE-B2 SAE-A2", 40, 32);
	same("SAE-B1", 0, 20);
	same("SAE-A2", 0, 40);
	same("SAE-A2", 0, 40);
	pair_run(3500);
	refused("SAE-B1", 0, SUPPLY_NOT_FOUND);
	refused("SAE-A2", 0, SUPPLY_NOT_FOUND);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM copy WHERE NOT mine"),
	    0);
	same("SAE-B2", 0, 40);
	same("SAE-B1", 20, 20);
	pair_run(4500);
	refused("SAE-B2", 0, SUPPLY_NOT_FOUND);
	ck_assert_int_eq(count(1, "SELECT count(*) FROM received"
	    " WHERE state = 1"), 1);
	pair_close();
}
END_TEST

START_TEST(what_one_slave_does_not_fetch_expires_for_all)
{
	begin();
	pair.n[2].conf.key_expiry = 2;
	pair.n[2].conf.redelivery = 3;
	ask("SAE-B1 SAE-C1 SAE-C2", 4, 32);
	same("SAE-C1", 0, 4);
	pair_run(6500);
	refused("SAE-C1", 0, SUPPLY_NOT_FOUND);
	refused("SAE-C2", 0, SUPPLY_NOT_FOUND);
	refused("SAE-D1", 0, SUPPLY_UNAUTHORIZED);
	ck_assert_int_eq(count(2, "SELECT count(*) FROM copy"), 0);
	same("SAE-B1", 0, 4);
	/* Its octets are erased: 15 are the bits of four keys. */
	ck_assert_int_eq(count(2, "SELECT count(*) FROM received"
	    " WHERE state = 3 AND erased = x'0f'"), 1);
	pair_close();
}
END_TEST

/* Pads are octets of blocks: those used and fetched leave no segment. */
START_TEST(used_up_blocks_of_copies_are_erased_whole)
{
	begin();
	for (unsigned i = 0; i < 4; i++)
		pair.n[i].conf.redelivery = 0;
	pair_run(300);
	for (unsigned i = 0; i < 30; i++) {
		ask("SAE-B1 SAE-A2 SAE-C1", 10, 100);
		same("SAE-C1", 0, 10);
		same("SAE-A2", 0, 10);
	}
	pair_run(2500);
	/* Three whole blocks went; the one in use is cut into segments. */
	ck_assert_int_eq(count(2, "SELECT count(*) FROM block"
	    " JOIN peer ON peer.id = block.peer WHERE km = 'KME-A'"
	    " AND direction = 1 AND used = octets"), 0);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM block"
	    " JOIN peer ON peer.id = block.peer WHERE km = 'KME-A'"
	    " AND used = octets"), 0);
	pair_close();
}
END_TEST

/* ---- parts and decoding ---- */

START_TEST(parts_are_put_together_in_order_or_not_at_all)
{
	struct copy_parts	c = { NULL, 0, 0, 0 };
	uint8_t			in[60000], *out;

	RAND_bytes(in, sizeof(in));
	ck_assert_int_eq(copy_part(&c, 7, 0, in, 20000), 0);
	ck_assert_int_eq(copy_part(&c, 7, 20000, in + 20000, 20000), 0);
	ck_assert_int_eq(copy_part(&c, 7, 40000, in + 40000, 20000), 0);
	out = copy_parts_take(&c, 7, 60000);
	ck_assert_mem_eq(out, in, 60000);
	free(out);
	/* A gap, another request, nothing, a piece too few. */
	ck_assert_int_eq(copy_part(&c, 7, 0, in, 100), 0);
	ck_assert_int_eq(copy_part(&c, 7, 101, in, 100), -E_BAD_FORMAT);
	ck_assert_ptr_null(copy_parts_take(&c, 7, 100));
	ck_assert_int_eq(copy_part(&c, 7, 0, in, 100), 0);
	ck_assert_int_eq(copy_part(&c, 8, 100, in, 100), -E_BAD_FORMAT);
	ck_assert_int_eq(copy_part(&c, 8, 0, in, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(copy_part(&c, 8, 0, in, 100), 0);
	ck_assert_ptr_null(copy_parts_take(&c, 8, 101));
	ck_assert_int_eq(copy_part(&c, 8, 100, in, 100), -E_BAD_FORMAT);
	/* No more than a request can need. */
	for (uint32_t at = 0; at < BINDING_OCTETS_MAX; at += 32768)
		ck_assert_int_eq(copy_part(&c, 9, at, in, 32768), 0);
	ck_assert_int_eq(copy_part(&c, 9, BINDING_OCTETS_MAX, in, 1),
	    -E_BAD_FORMAT);
	copy_parts_free(&c);
}
END_TEST

static int
decode(const char *slaves, uint32_t pieces_octets, size_t mac)
{
	static const uint8_t	 seed[16] = { 1 };
	uint8_t			 pieces[16] = { 0, 0, 0, 0, 0, 0, 0, 9 };
	struct msg_bind		 m = { .request = 5, .keys = 2, .octets = 32 };
	struct binding		*b;
	struct pieces		*all;
	int			 r;

	strcpy(m.master, "SAE-A1");
	m.seed = (struct msg_view){ seed, 16 };
	m.slaves = (struct msg_view){ (const uint8_t *)slaves,
	    strlen(slaves) };
	pieces[15] = (uint8_t)pieces_octets;
	m.pieces = (struct msg_view){ pieces, 16 };
	m.mac = (struct msg_view){ seed, mac };
	r = bindmsg_decode(&m, 1, &b, &all);
	ck_assert((all != NULL) == (r == 0 && mac == 16));
	ck_assert((b != NULL) == (r == 0));
	binding_free(&b);
	free(all);
	return r;
}

START_TEST(a_binding_that_is_malformed_is_none)
{
	char	many[18 * 4 + 1] = "";

	ck_assert_int_eq(decode("SAE-B1", 64, 0), 0);
	ck_assert_int_eq(decode("SAE-B1\nSAE-B2", 96, 16), 0);
	ck_assert_int_eq(decode("SAE-B1", 96, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(decode("SAE-B1", 64, 16), -E_BAD_FORMAT);
	ck_assert_int_eq(decode("SAE-B1", 96, 15), -E_BAD_FORMAT);
	ck_assert_int_eq(decode("", 64, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(decode("SAE-B1\n", 64, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(decode("\nSAE-B1", 64, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(decode("SAE\tB1", 64, 0), -E_BAD_FORMAT);
	snprintf(many, sizeof(many), "S0");
	for (unsigned i = 1; i < 17; i++)
		snprintf(many + strlen(many), 5, "\nS%u", i % 10);
	ck_assert_int_eq(decode(many, 64, 0), 0);
	strcat(many, "\nT");
	ck_assert_int_eq(decode(many, 64, 0), -E_BAD_FORMAT);
}
END_TEST

/* ---- crashes ---- */

static int	 report = -1;
static unsigned	 steps, die_at;

static void
count_step(void)
{
	if (++steps == die_at)
		kill(getpid(), SIGKILL);
}

struct seen { uint8_t id[16], key[32]; };

static void
say(const struct pair_result *r)
{
	struct seen	s;

	for (uint32_t i = 0; i < r->number; i++) {
		memcpy(s.id, r->ids[i], 16);
		memcpy(s.key, r->keys + 32 * i, 32);
		ck_assert_int_eq(write(report, &s, sizeof(s)), sizeof(s));
	}
}

static void
life(void)
{
	pair_open_nodes(unit_path("."), 3);
	pair.step = count_step;
	for (unsigned i = 0; i < 3; i++)
		if (pair_start(i) < 0)
			_exit(3);
	if (!pair_until(pair_ready, 10000))
		_exit(3);
	for (unsigned i = 0; i < 4; i++) {
		pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1 SAE-A2 SAE-C2", 3,
		    32, &e);
		if (e.status != SUPPLY_OK)
			_exit(4);
		say(&e);
		fetch("SAE-C1", 0, 2);
		if (d.status != SUPPLY_OK)
			_exit(5);
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

START_TEST(after_crashes_at_any_step_all_slaves_have_what_the_master_got)
{
	static struct seen	seen[512];
	static const char *const slaves[] = { "SAE-B1", "SAE-C1", "SAE-A2",
	    "SAE-C2" };
	size_t			n = 0;

	(void)unit_path("");	/* one directory for all */
	for (unsigned k = 0; k < 16; k++)
		n += crash(5 + 19 * k, seen + n,
		    sizeof(seen) - n * sizeof(seen[0]));
	ck_assert_uint_gt(n, 0);
	pair_open_nodes(unit_path("."), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 20000));
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < 4; k++) {
			memcpy(e.ids[0], seen[i].id, 16);
			fetch(slaves[k], 0, 1);
			ck_assert_msg(d.status == SUPPLY_OK, "%s %s",
			    slaves[k], d.detail);
			ck_assert_mem_eq(d.keys, seen[i].key, 32);
		}
	pair_close();
}
END_TEST

UNIT_MAIN("multicast",
    slaves_at_several_nodes_get_the_same_keys,
    the_first_slave_may_be_of_the_same_node,
    a_slave_named_twice_is_one,
    only_those_named_get_the_keys,
    who_is_no_slave_is_named,
    one_pool_that_is_short_leaves_all_as_they_were,
    a_node_that_was_not_heard_yet_leaves_all_as_they_were,
    what_is_too_much_for_all_pools_fills_them,
    a_large_copy_travels_in_parts,
    sixteen_nodes_get_a_mebibyte_each,
    lost_and_repeated_messages_change_nothing,
    a_lost_part_brings_the_whole_copy_again,
    a_copy_whose_mac_is_wrong_supplies_nothing,
    a_node_that_is_away_gets_its_copy_later,
    each_slave_has_its_own_window,
    what_one_slave_does_not_fetch_expires_for_all,
    used_up_blocks_of_copies_are_erased_whole,
    parts_are_put_together_in_order_or_not_at_all,
    a_binding_that_is_malformed_is_none,
    after_crashes_at_any_step_all_slaves_have_what_the_master_got)
