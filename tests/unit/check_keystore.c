/* check_keystore.c - the store of ksa. */
#include "config.h"

#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block.h"
#include "bytes.h"
#include "err.h"
#include "ksa/blocks.h"
#include "ksa/bindings.h"
#include "ksa/keystore.sql.h"
#include "secret.h"
#include "unit.h"

#define POOL	POOL_OCTETS(8192)
#define KEYS	(POOL - POOL_KEYS)

static struct event_base	*base;
static struct keystore		*ks;
static struct side		*w;
static int64_t			 peer;
static uint8_t			 pool[POOL], out[POOL];
static const struct material	 material = { 3, 4711, 2 };

static const uint8_t		 key[SEAL_KEY] =
	"a node key of 32 octets it is...";

static int
open_with(const uint8_t node_key[SEAL_KEY])
{
	const char	*path = unit_path("node.key");

	unit_write(path, node_key, SEAL_KEY, 0400);
	return keystore_open(&ks, unit_path("keys.db"), path, "", base);
}

static void
open_store(void)
{
	struct peer_row		row;

	ck_assert_int_eq(secret_init(1 << 20), 0);
	base = event_base_new();
	ck_assert_int_eq(open_with(key), 0);
	w = keystore_writer(ks);
	ck_assert_int_eq(keystore_peer(w, "KME-B", &row), 0);
	peer = row.id;
}

static void
close_store(void)
{
	keystore_close(&ks);
	event_base_free(base);
}

static struct block_name
name(uint64_t serial)
{
	return (struct block_name){ "KME-B", peer, THEIRS, serial };
}

static int64_t
add(uint64_t serial)
{
	struct block_name	b = name(serial);
	uint8_t			answer[16] = "";
	int64_t			id;

	for (unsigned i = 0; i < POOL; i++)
		pool[i] = (uint8_t)(i * 7 + serial);
	ck_assert_int_eq(blocks_add(w, &b, BLOCK_NEW, &material, pool, POOL, 1,
	    &id), 0);
	ck_assert_int_eq(blocks_add(w, &b, BLOCK_NEW, &material, pool, POOL, 1,
	    &id),
	    -E_EXISTS);
	ck_assert_int_eq(blocks_ready(w, id, answer), 0);
	return id;
}

START_TEST(a_block_is_read_as_it_was_written)
{
	struct block_name	b;
	int64_t			id;

	open_store();
	id = add(5);
	b = name(5);
	ck_assert_int_eq(blocks_read(w, &b, id, 0, KEYS, out), 0);
	ck_assert_mem_eq(out, pool + POOL_KEYS, KEYS);
	ck_assert_int_eq(blocks_read(w, &b, id, 1000, 100, out), 0);
	ck_assert_mem_eq(out, pool + POOL_KEYS + 1000, 100);
	/* The head went with the confirmation. */
	ck_assert_int_eq(blocks_read_head(w, &b, id, 0, 32, out), -E_SPENT);
	close_store();
}
END_TEST

START_TEST(a_sealed_segment_opens_only_where_it_belongs)
{
	struct block_name	b;
	int64_t			id;

	open_store();
	id = add(5);
	b = name(6);
	ck_assert_int_eq(blocks_read(w, &b, id, 0, 16, out), -E_SEAL);
	b = name(5);
	b.direction = OWN;
	ck_assert_int_eq(blocks_read(w, &b, id, 0, 16, out), -E_SEAL);
	close_store();
}
END_TEST

START_TEST(erased_octets_are_gone_and_their_neighbours_are_not)
{
	struct block_name	b;
	struct block_row	row;
	int64_t			id;

	open_store();
	id = add(5);
	b = name(5);
	ck_assert_int_eq(blocks_use(w, id, KEYS), 0);
	ck_assert_int_eq(blocks_erase(w, &b, id, 1000, 100), 0);
	ck_assert_int_eq(blocks_read(w, &b, id, 990, 120, out), 0);
	ck_assert_mem_eq(out, pool + POOL_KEYS + 990, 10);
	for (unsigned i = 10; i < 110; i++)
		ck_assert_uint_eq(out[i], 0);
	ck_assert_mem_eq(out + 110, pool + POOL_KEYS + 1100, 10);
	ck_assert_int_eq(blocks_erase(w, &b, id, 0, 1000), 0);
	ck_assert_int_eq(blocks_read(w, &b, id, 0, 16, out), -E_SPENT);
	/* With its last octet the block goes. */
	ck_assert_int_eq(blocks_erase(w, &b, id, 1100, KEYS - 1100), 0);
	ck_assert_int_eq(blocks_find(w, &b, &row), -E_NOT_FOUND);
	close_store();
}
END_TEST

static struct binding *
binding(uint64_t request)
{
	struct binding	*b = binding_new("SAE-B1", "SAE-A1");

	b->request = request;
	b->keys = 10;
	b->octets = 32;
	b->made = 1000;
	b->pieces = pieces_new(1);
	b->pieces->v[0] = (struct piece){ 5, 0, 320 };
	return b;
}

START_TEST(deliveries_are_remembered_key_by_key)
{
	struct binding	*b, *c;

	open_store();
	b = binding(7);
	ck_assert_int_eq(bindings_receive(w, peer, b), 0);
	ck_assert_int_eq(binding_need_fetched(b), 0);
	b->fetched[3] = binding_stamp(b, 5000);
	ck_assert_int_eq(bindings_fetch(w, peer, b, 5000), 0);
	ck_assert_int_eq(bindings_get_received(w, peer, 7, &c), 0);
	ck_assert(binding_equal(b, c));
	ck_assert_uint_eq(binding_time(c, c->fetched[3]), 5000);
	ck_assert_uint_eq(c->fetched[4], 0);
	binding_free(&c);
	for (unsigned i = 0; i < 10; i++)
		b->fetched[i] = binding_stamp(b, 6000);
	ck_assert_int_eq(bindings_fetch(w, peer, b, 6000), 0);
	ck_assert_int_eq(bindings_get_received(w, peer, 7, &c), 0);
	ck_assert_uint_eq(binding_time(c, c->fetched[9]), 6000);
	binding_free(&c);
	ck_assert_int_eq(bindings_void_received(w, peer, 7, "a test"), 1);
	ck_assert_int_eq(bindings_void_received(w, peer, 7, "a test"), 0);
	ck_assert_int_eq(bindings_fetch(w, peer, b, 6000), -E_GONE);
	binding_free(&b);
	close_store();
}
END_TEST

START_TEST(deliveries_are_remembered_slave_by_slave)
{
	struct binding	*b, *c;

	open_store();
	b = binding(7);
	ck_assert_int_eq(binding_add_slave(b, "SAE-A2"), 0);
	ck_assert_int_eq(binding_add_slave(b, "SAE-A"), 0);
	ck_assert_int_eq(binding_slave(b, "SAE-A1"), 0);
	ck_assert_int_eq(binding_slave(b, "SAE-A"), 2);
	ck_assert_int_eq(binding_slave(b, "SAE-A1\nSAE-A2"), -E_NOT_FOUND);
	ck_assert_int_eq(binding_slave(b, "SAE"), -E_NOT_FOUND);
	ck_assert_int_eq(bindings_receive(w, peer, b), 0);
	ck_assert_int_eq(binding_need_fetched(b), 0);
	*binding_fetched(b, 2, 9) = binding_stamp(b, 5000);
	ck_assert_int_eq(bindings_fetch(w, peer, b, 5000), 0);
	ck_assert_int_eq(bindings_get_received(w, peer, 7, &c), 0);
	ck_assert(binding_equal(b, c));
	ck_assert_uint_eq(c->nslaves, 3);
	for (unsigned i = 0; i < 30; i++)
		ck_assert(c->fetched[i] == 0 || i == 29);
	ck_assert_uint_eq(binding_time(c, *binding_fetched(c, 2, 9)), 5000);
	binding_free(&c);
	binding_free(&b);
	close_store();
}
END_TEST

static int
copy_is(const struct binding *b, bool mine, const uint8_t *octets)
{
	uint8_t	*copy = NULL, mac[OTP_MAC];
	int	 r = bindings_copy(w, peer, mine, b, &copy, mac);

	if (r == 0) {
		ck_assert_mem_eq(copy, octets, 320);
		ck_assert_mem_eq(mac, b->mac, OTP_MAC);
	}
	free(copy);
	return r;
}

START_TEST(a_copy_of_keys_stays_until_it_is_of_no_use)
{
	struct binding	*b = binding(7), *c;
	uint8_t		 octets[320];

	open_store();
	RAND_bytes(octets, sizeof(octets));
	b->copied = true;
	b->copy = malloc(320);
	memcpy(b->copy, octets, 320);
	memset(b->mac, 9, sizeof(b->mac));
	b->pieces->v[0].octets = 352;		/* the MAC's key too */
	ck_assert_int_eq(bindings_issue(w, peer, b), 0);
	ck_assert_int_eq(bindings_next_issued(w, peer, 0, &c), 0);
	ck_assert(binding_equal(b, c));
	binding_free(&c);
	ck_assert_int_eq(bindings_drop_copies(w, peer, 6), 0);
	ck_assert_int_eq(copy_is(b, true, octets), 0);
	ck_assert_int_eq(bindings_drop_copies(w, peer, 7), 0);
	ck_assert_int_eq(copy_is(b, true, octets), -E_GONE);
	ck_assert_int_eq(bindings_get_issued(w, peer, 7, &c), 0);
	binding_free(&c);
	b->pieces->v[0].octets = 320;
	ck_assert_int_eq(bindings_receive(w, peer, b), 0);
	ck_assert_int_eq(copy_is(b, false, octets), 0);
	b->erased = calloc(2, 1);
	ck_assert_int_eq(bindings_set_erased(w, peer, b), 0);
	ck_assert_int_eq(copy_is(b, false, octets), 0);
	b->state = BINDING_EXPIRED;
	ck_assert_int_eq(bindings_set_erased(w, peer, b), 0);
	ck_assert_int_eq(copy_is(b, false, octets), -E_GONE);
	/* And when the store went back in time. */
	b->request = 8;
	b->state = BINDING_VALID;
	ck_assert_int_eq(bindings_receive(w, peer, b), 0);
	ck_assert_int_eq(bindings_void_all(w, peer), 0);
	ck_assert_int_eq(copy_is(b, false, octets), -E_GONE);
	binding_free(&b);
	close_store();
}
END_TEST

/* ---- stores of versions 1 and 2 ---- */

static void
old_segment(struct db *db, int64_t id, int64_t block, uint64_t serial)
{
	uint8_t		 aad[64] = { THEIRS }, in[1024], sealed[1024 +
			    SEAL_OVERHEAD];
	struct sealer	*s;

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	put_be64(aad + 1, serial);
	memcpy(aad + 13, "KME-B", 5);
	ck_assert_int_eq(sealer_new(&s, key), 0);
	ck_assert_int_eq(seal(s, sealed, in, sizeof(in), aad, 18), 0);
	ck_assert_int_eq(db_run(db, "INSERT INTO segment VALUES (?, 1024, ?)",
	    "ib", block * 64 + id, sealed, sizeof(sealed)), 1);
	sealer_free(&s);
}

/* What only version 2 has: known material, two slaves, a copy. */
static void
add_of_version_2(struct db *db)
{
	ck_assert_int_eq(db_exec(db,
	    "UPDATE block SET hops = 2, born = 4000;"
	    "INSERT INTO received (peer, request, master, slave, keys, octets,"
	    " made, seed, pieces, state, copied) VALUES (1, 8, 'SAE-B1',"
	    " 'SAE-A1' || char(10) || 'SAE-A2', 10, 32, 1000,"
	    " x'000102030405060708090a0b0c0d0e0f',"
	    " x'000000000000000b0000014000000140', 0, 1);"
	    "INSERT INTO copy (peer, mine, request, mac, octets) VALUES"
	    " (1, 0, 8, x'000102030405060708090a0b0c0d0e0f',"
	    " CAST(zeroblob(320) AS BLOB))"), 0);
}

static void
make_old_store(int version)
{
	static const char *const migrations[] = { SQL_SCHEMA_1,
	    SQL_SCHEMA_2 };
	struct db	*db;

	ck_assert_int_eq(db_open(&db, unit_path("keys.db"), migrations,
	    version), 0);
	ck_assert_int_eq(db_exec(db,
	    "INSERT INTO peer (km, mark, received_last) VALUES ('KME-B', 5, 7);"
	    "INSERT INTO block (id, peer, direction, serial, state, octets,"
	    " used, made) VALUES (3, 1, 1, 11, 1, 1024, 640, 5000);"
	    "INSERT INTO received (peer, request, master, slave, keys, octets,"
	    " made, seed, pieces, fetched, erased) VALUES (1, 7, 'SAE-B1',"
	    " 'CN=x, O=y', 10, 32, 1000, x'" "000102030405060708090a0b0c0d0e0f"
	    "', x'000000000000000b0000000000000140', x'00000191', x'0100');"
	    "INSERT INTO issued (peer, request, master, slave, keys, octets,"
	    " made, seed, pieces) VALUES (1, 9, 'SAE-A1', 'SAE-B1', 10, 32,"
	    " 1000, x'000102030405060708090a0b0c0d0e0f',"
	    " x'000000000000000c0000000000000140')"), 0);
	if (version == 2)
		add_of_version_2(db);
	old_segment(db, 0, 3, 11);
	db_close(&db);
}

static int64_t
count(const char *sql)
{
	return db_int(w->db, -1, sql, "");
}

/* What stands in either. */
static void
old_rows_are_there(void)
{
	struct block_name	n = { "KME-B", 1, THEIRS, 11 };
	struct block_row	row;
	struct binding		*b;

	ck_assert_int_eq(peer, 1);
	ck_assert_int_eq(blocks_find(w, &n, &row), 0);
	ck_assert_uint_eq(row.used, 640);
	ck_assert_int_eq(blocks_read(w, &n, row.id, 0, 1024, out), 0);
	for (unsigned i = 0; i < 1024; i++)
		ck_assert_uint_eq(out[i], (uint8_t)(i * 7));
	ck_assert_int_eq(bindings_get_received(w, peer, 7, &b), 0);
	ck_assert_str_eq(b->slaves, "CN=x, O=y");
	ck_assert_uint_eq(b->nslaves, 1);
	ck_assert(!b->copied);
	ck_assert(!b->in_session);
	ck_assert_int_eq(b->state, BINDING_VALID);
	ck_assert_uint_eq(binding_time(b, *binding_fetched(b, 0, 9)), 5000);
	ck_assert(binding_is_erased(b, 0));
	ck_assert(!binding_is_erased(b, 1));
	binding_free(&b);
	ck_assert_int_eq(bindings_get_issued(w, peer, 9, &b), 0);
	ck_assert_uint_eq(b->pieces->v[0].block, 12);
	ck_assert(!b->in_session);
	binding_free(&b);
	ck_assert_int_eq(count("SELECT count(*) FROM assigned WHERE state ="
	    " 'fetched' AND slave = 'CN=x, O=y' AND session IS NULL"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM supplied WHERE state ="
	    " 'unacknowledged' AND session IS NULL"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM sessions"), 0);
}

/* What is offered, nothing else, becomes void. */
static void
a_start_changes_none_of_them(void)
{
	ck_assert_int_eq(bindings_void_offered(w, peer), 0);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 9), -E_GONE);
	ck_assert_int_eq(bindings_settle_received(w, peer, 7), -E_GONE);
	ck_assert_int_eq(bindings_recall(w, peer, 9, true), -E_GONE);
	old_rows_are_there();
}

START_TEST(a_store_of_version_1_keeps_its_rows)
{
	struct block_name	n = { "KME-B", 1, THEIRS, 11 };
	struct block_row	row;

	make_old_store(1);
	open_store();
	old_rows_are_there();
	a_start_changes_none_of_them();
	ck_assert_int_eq(blocks_find(w, &n, &row), 0);
	ck_assert_uint_eq(row.material.hops, MATERIAL_HOPS_UNKNOWN);
	ck_assert_uint_eq(row.material.born, MATERIAL_BORN_UNKNOWN);
	ck_assert_uint_eq(row.material.paths, 1);
	ck_assert_int_eq(count("SELECT available FROM pool WHERE direct = 0"
	    " AND oldest IS NULL"), 384);
	/* What is new stands beside it. */
	add(12);
	n.serial = 12;
	ck_assert_int_eq(blocks_find(w, &n, &row), 0);
	ck_assert_uint_eq(row.material.hops, 3);
	ck_assert_uint_eq(row.material.born, 4711);
	ck_assert_uint_eq(row.material.paths, 2);
	close_store();
}
END_TEST

START_TEST(a_store_of_version_2_keeps_its_rows)
{
	struct block_name	n = { "KME-B", 1, THEIRS, 11 };
	struct block_row	row;
	struct binding		*b;
	uint8_t			*copy, mac[OTP_MAC];

	make_old_store(2);
	open_store();
	old_rows_are_there();
	a_start_changes_none_of_them();
	ck_assert_int_eq(blocks_find(w, &n, &row), 0);
	ck_assert_uint_eq(row.material.hops, 2);
	ck_assert_uint_eq(row.material.born, 4000);
	ck_assert_int_eq(count("SELECT available FROM pool WHERE direct = 0"
	    " AND oldest = '1970-01-01 00:00:04'"), 384);
	ck_assert_int_eq(bindings_get_received(w, peer, 8, &b), 0);
	ck_assert_uint_eq(b->nslaves, 2);
	ck_assert(b->copied);
	ck_assert_int_eq(bindings_copy(w, peer, false, b, &copy, mac), 0);
	free(copy);
	binding_free(&b);
	ck_assert_int_eq(count("SELECT count(*) FROM assigned WHERE state ="
	    " 'waiting' AND slave = 'SAE-A1, SAE-A2'"), 1);
	/* Rows of today stand beside it, and it opens again. */
	b = binding(10);
	b->in_session = true;
	b->state = BINDING_OFFERED;
	ck_assert_int_eq(bindings_receive(w, peer, b), 0);
	binding_free(&b);
	close_store();
	open_store();
	old_rows_are_there();
	ck_assert_int_eq(bindings_settle_received(w, peer, 10), 0);
	close_store();
}
END_TEST

struct use { int64_t id; uint32_t used; };

static int
use_run(struct db *db, void *arg)
{
	struct use	*u = arg;

	(void)db;
	return blocks_use(w, u->id, u->used);
}

START_TEST(what_was_used_stays_used_after_a_crash)
{
	struct block_name	b;
	struct block_row	row;
	int			p[2], status;
	uint32_t		said = 0;
	ssize_t			n;
	pid_t			pid;

	open_store();
	add(5);
	close_store();
	ck_assert_int_eq(pipe(p), 0);
	if ((pid = fork()) == 0) {
		struct use	u;

		open_store();
		b = name(5);
		ck_assert_int_eq(blocks_find(w, &b, &row), 0);
		u.id = row.id;
		for (u.used = 32; u.used < 3200; u.used += 32)
			if (committer_sync(keystore_committer(ks), use_run,
			    &u) == 0)
				(void)!write(p[1], &u.used, sizeof(u.used));
		kill(getpid(), SIGKILL);
	}
	close(p[1]);
	for (unsigned i = 0; i < 20 && read(p[0], &said, 4) == 4; i++)
		;
	kill(pid, SIGKILL);
	while ((n = read(p[0], &said, 4)) == 4)
		;
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	open_store();
	b = name(5);
	ck_assert_int_eq(blocks_find(w, &b, &row), 0);
	ck_assert_uint_ge(row.used, said);
	close_store();
}
END_TEST

/* What is undone must not be taken for written. */
START_TEST(a_mark_grows_once_in_a_transaction_and_is_on_disk)
{
	uint64_t	mark, again, stored;

	open_store();
	ck_assert_int_eq(db_begin(w->db), 0);
	ck_assert_int_eq(keystore_mark(w, peer, 7, &mark), 0);
	ck_assert_int_eq(keystore_mark(w, peer, 6, &again), 0);
	ck_assert_uint_eq(again, mark);
	ck_assert_int_eq(keystore_mark(w, peer, 8, &again), 0);
	ck_assert_uint_eq(again, mark + 1);
	ck_assert_int_eq(db_commit(w->db), 0);
	mark = again;

	ck_assert_int_eq(db_begin(w->db), 0);
	ck_assert_int_eq(db_save(w->db), 0);
	ck_assert_int_eq(keystore_mark(w, peer, 8, &again), 0);
	ck_assert_uint_eq(again, mark + 1);
	ck_assert_int_eq(db_undo(w->db), 0);
	ck_assert_int_eq(db_keep(w->db), 0);
	ck_assert_int_eq(keystore_mark(w, peer, 8, &again), 0);
	ck_assert_int_eq(db_commit(w->db), 0);
	ck_assert_int_eq(keystore_get_mark(w, peer, &stored), 0);
	ck_assert_uint_eq(stored, again);

	ck_assert_int_eq(db_begin(w->db), 0);
	ck_assert_int_eq(keystore_mark(w, peer, 8, &again), 0);
	ck_assert_uint_eq(again, stored + 1);
	ck_assert_int_eq(keystore_raise(w, peer, 100, 8), 0);
	ck_assert_int_eq(keystore_mark(w, peer, 8, &again), 0);
	ck_assert_uint_eq(again, 102);
	ck_assert_int_eq(db_commit(w->db), 0);
	close_store();
}
END_TEST

START_TEST(a_wrong_node_key_opens_nothing)
{
	static const uint8_t	other[SEAL_KEY] = "another key";
	struct block_name	b;
	int64_t			id;

	open_store();
	id = add(5);
	close_store();
	base = event_base_new();
	ck_assert_int_eq(open_with(other), -E_SEAL);
	event_base_free(base);
	open_store();
	b = name(5);
	ck_assert_int_eq(blocks_read(keystore_reader(ks), &b, id, 0, 16, out),
	    0);
	close_store();
}
END_TEST

UNIT_MAIN("keystore",
    a_block_is_read_as_it_was_written,
    a_sealed_segment_opens_only_where_it_belongs,
    erased_octets_are_gone_and_their_neighbours_are_not,
    deliveries_are_remembered_key_by_key,
    deliveries_are_remembered_slave_by_slave,
    a_copy_of_keys_stays_until_it_is_of_no_use,
    a_store_of_version_1_keeps_its_rows,
    a_store_of_version_2_keeps_its_rows,
    what_was_used_stays_used_after_a_crash,
    a_mark_grows_once_in_a_transaction_and_is_on_disk,
    a_wrong_node_key_opens_nothing)
