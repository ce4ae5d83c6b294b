/* check_storekey.c - the keys of a store; a store of a few rows. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "err.h"
#include "ident.h"
#include "secret.h"
#include "storekey.h"
#include "unit.h"

#define ROWS	600		/* several batches */
#define OCTETS	100

static const char *const schema[] = {
	"CREATE TABLE thing (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);"
	"CREATE TABLE pair (a INTEGER, b INTEGER, sealed BLOB NOT NULL,"
	" PRIMARY KEY (a, b)) WITHOUT ROWID;", STOREKEY_SQL };

static const uint8_t	 key_a[SEAL_KEY] = "node key A", key_b[SEAL_KEY] =
	"node key B", key_c[SEAL_KEY] = "node key C";

static struct event_base *base;
static struct committer	*committer;
static struct db	*db;
static struct storekey	*keys;
static struct sealer	*writer, *reader;
static unsigned		 names, die_at;	/* the so-many-th name kills us */

static size_t
name(uint8_t out[STOREKEY_AAD_MAX], int64_t a, int64_t b)
{
	put_be64(out, (uint64_t)a);
	put_be64(out + 8, (uint64_t)b);
	return 16;
}

static size_t
row_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	if (++names == die_at)
		kill(getpid(), SIGKILL);
	return name(out, sqlite3_column_int64(st, 0),
	    sqlite3_column_int64(st, 1));
}

static const struct storekey_table tables[] = {
	{ "SELECT id, -1, sealed FROM thing WHERE id > ?1 AND ?2 < 0"
	  " ORDER BY id LIMIT 1",
	  "UPDATE thing SET sealed = ?1 WHERE id = ?2 AND ?3 < 0", row_name },
	{ "SELECT a, b, sealed FROM pair WHERE (a, b) > (?1, ?2)"
	  " ORDER BY a, b LIMIT 1",
	  "UPDATE pair SET sealed = ?1 WHERE a = ?2 AND b = ?3", row_name },
	{ NULL, NULL, NULL }
};

/* ---- the store ---- */

static void
open_db(void)
{
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_int_eq(db_open(&db, unit_path("keys.db"), schema, 2), 0);
}

static int
open_keys(const uint8_t key[SEAL_KEY], const uint8_t *next)
{
	struct storekey_conf	c = { .store = "unit", .tables = tables,
				    .kek = NULL };

	open_db();
	c.kek = kek_of(key);
	c.next = next == NULL ? NULL : kek_of(next);
	return storekey_open(&keys, &c, db, &writer, &reader);
}

static void
start(const uint8_t key[SEAL_KEY])
{
	ck_assert_int_eq(open_keys(key, NULL), 0);
	base = event_base_new();
	ck_assert_int_eq(committer_new(&committer, base, db), 0);
	ck_assert_int_eq(storekey_start(keys, base, committer), 0);
}

static void
stop(void)
{
	if (committer != NULL) {
		committer_free(&committer);
		storekey_close(&keys);
		event_base_free(base);
		base = NULL;
	}
	storekey_close(&keys);
	db_close(&db);
}

static void
cannot_start(const uint8_t key[SEAL_KEY])
{
	ck_assert_int_eq(open_keys(key, NULL), -E_SEAL);
	stop();
}

static bool
is(const char *what)
{
	json_t	*o = storekey_status(keys);
	bool	 yes = json_is_true(json_object_get(o, what));

	json_decref(o);
	return yes;
}

static json_int_t
number(const char *what)
{
	json_t		*o = storekey_status(keys);
	json_int_t	 n = json_integer_value(json_object_get(o, what));

	json_decref(o);
	return n;
}

/* Until nothing is left to do. */
static void
settle_down(void)
{
	uint64_t	until = mono_ms() + 20000;

	while ((is("sealing_again") || is("cleaning")) && mono_ms() < until)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert(!is("sealing_again") && !is("cleaning"));
}

/* ---- rows ---- */

static void
clear_of(uint8_t out[OCTETS], int64_t a, int64_t b)
{
	memset(out, (int)(a * 7 + b * 3) & 0xff, OCTETS);
	put_be64(out, (uint64_t)a);
}

static void
put(struct sealer *s, int64_t a, int64_t b)
{
	uint8_t	clear[OCTETS], sealed[OCTETS + SEAL_OVERHEAD];
	uint8_t	aad[STOREKEY_AAD_MAX];

	clear_of(clear, a, b);
	ck_assert_int_eq(seal(s, sealed, clear, OCTETS, aad,
	    name(aad, a, b)), 0);
	if (b < 0)
		ck_assert_int_ge(db_run(db, "INSERT OR REPLACE INTO thing"
		    " VALUES (?, ?)", "ib", a, sealed, sizeof(sealed)), 0);
	else
		ck_assert_int_ge(db_run(db, "INSERT OR REPLACE INTO pair"
		    " VALUES (?, ?, ?)", "iib", a, b, sealed,
		    sizeof(sealed)), 0);
}

static void
fill(struct sealer *s)
{
	ck_assert_int_eq(db_begin(db), 0);
	for (int64_t i = 0; i < ROWS; i++) {
		put(s, i * 3 + 1, -1);
		put(s, i % 7, i);
	}
	ck_assert_int_eq(db_commit(db), 0);
}

static unsigned
opening(struct sealer *s, const char *sql)
{
	uint8_t		 aad[STOREKEY_AAD_MAX], clear[OCTETS], want[OCTETS];
	sqlite3_stmt	*st = db_bind(db, sql, "");
	unsigned	 n = 0;
	int64_t		 a, b;

	while (db_step(db, st) == SQLITE_ROW) {
		a = sqlite3_column_int64(st, 0);
		b = sqlite3_column_int64(st, 1);
		clear_of(want, a, b);
		n += unseal(s, clear, sqlite3_column_blob(st, 2),
		    (size_t)sqlite3_column_bytes(st, 2), aad,
		    name(aad, a, b)) == 0 && memcmp(clear, want,
		    OCTETS) == 0;
	}
	return n;
}

/* How many rows this opens. */
static unsigned
opened(struct sealer *s)
{
	return opening(s, "SELECT id, -1, sealed FROM thing") +
	    opening(s, "SELECT a, b, sealed FROM pair");
}

static bool
file_has(const char *path, const void *p, size_t n)
{
	size_t	 len = 0;
	char	*all = access(path, R_OK) < 0 ? NULL : unit_read(path, &len);
	bool	 has = all != NULL && memmem(all, len, p, n) != NULL;

	free(all);
	return has;
}

static bool
on_disk(const void *p, size_t n)
{
	return file_has(unit_path("keys.db"), p, n) ||
	    file_has(unit_path("keys.db-wal"), p, n);
}

static void
wrapping(uint8_t out[KEK_WRAPPED], const char *sql)
{
	sqlite3_stmt	*st = db_bind(db, sql, "");

	ck_assert_int_eq(db_step(db, st), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_bytes(st, 0), KEK_WRAPPED);
	memcpy(out, sqlite3_column_blob(st, 0), KEK_WRAPPED);
	sqlite3_reset(st);
}

/* ---- tests ---- */

START_TEST(a_new_store_makes_its_key_and_opens_again)
{
	start(key_a);
	ck_assert_int_eq(number("key"), 1);
	fill(writer);
	stop();
	start(key_a);
	ck_assert_int_eq(number("key"), 1);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
}
END_TEST

START_TEST(a_wrong_node_key_is_refused_and_nothing_changes)
{
	char	*said;

	start(key_a);
	fill(writer);
	stop();
	unit_capture();
	cannot_start(key_b);
	said = unit_captured();
	ck_assert_ptr_nonnull(strstr(said, "does not open the store"));
	ck_assert_ptr_nonnull(strstr(said, "keys.db"));
	ck_assert_ptr_nonnull(strstr(said, "remedy"));
	free(said);
	start(key_a);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
}
END_TEST

START_TEST(a_key_wrapped_for_one_store_opens_no_other)
{
	struct storekey_conf	c = { "other", tables, NULL, NULL };

	start(key_a);
	stop();
	open_db();
	c.kek = kek_of(key_a);
	ck_assert_int_eq(storekey_open(&keys, &c, db, &writer, &reader),
	    -E_SEAL);
	stop();
}
END_TEST

START_TEST(a_store_sealed_by_the_node_key_itself_gets_a_key_of_its_own)
{
	struct sealer	*old;

	ck_assert_int_eq(sealer_new(&old, key_a), 0);
	open_db();
	fill(old);
	stop();
	cannot_start(key_b);
	start(key_a);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	settle_down();
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	ck_assert_uint_eq(opened(old), 0);
	ck_assert_int_eq(number("key"), 2);
	stop();
	start(key_a);
	ck_assert(!is("sealing_again"));
	stop();
	sealer_free(&old);
}
END_TEST

START_TEST(a_new_data_key_seals_all_and_the_one_before_leaves_the_disk)
{
	uint8_t	before[KEK_WRAPPED];

	start(key_a);
	fill(writer);
	wrapping(before, "SELECT wrapped FROM store_key");
	ck_assert_int_eq(db_checkpoint(db), 0);
	ck_assert(on_disk(before, sizeof(before)));
	ck_assert_int_eq(storekey_rotate(keys), 0);
	ck_assert_int_eq(storekey_rotate(keys), -E_BUSY);
	put(writer, 5000, -1);		/* meanwhile, far behind the walk */
	put(writer, 1, -1);		/* and before it */
	ck_assert_uint_eq(opened(reader), 2 * ROWS + 1);
	settle_down();
	ck_assert_uint_eq(opened(reader), 2 * ROWS + 1);
	ck_assert(!on_disk(before, sizeof(before)));
	stop();
	start(key_a);
	ck_assert_uint_eq(opened(reader), 2 * ROWS + 1);
	stop();
}
END_TEST

/* What follows the transactions: the so-many-th that begins cannot. */
static int	until_busy;

static int
busy_once(void *arg, enum db_moment moment)
{
	(void)arg;
	return moment == DB_BEGUN && until_busy-- == 0 ? -E_BUSY : 0;
}

START_TEST(a_store_that_is_busy_while_its_key_changes_loses_no_row)
{
	for (int i = 0; i < 4; i++) {
		start(key_a);
		fill(writer);
		until_busy = i;
		db_follow(db, busy_once, NULL);
		if (storekey_rotate(keys) == 0)
			settle_down();
		db_follow(db, NULL, NULL);
		stop();
		ck_assert_int_lt(until_busy, 0);
		start(key_a);
		ck_assert_uint_eq(opened(reader), 2 * ROWS);
		stop();
	}
}
END_TEST

START_TEST(a_row_that_opens_by_neither_key_stops_nothing)
{
	start(key_a);
	fill(writer);
	ck_assert_int_eq(db_run(db, "UPDATE thing SET sealed = zeroblob(90)"
	    " WHERE id IN (1, 7)", ""), 2);
	ck_assert_int_eq(db_run(db, "UPDATE thing SET sealed = x'00'"
	    " WHERE id = 4", ""), 1);
	ck_assert_int_eq(storekey_rotate(keys), 0);
	settle_down();
	ck_assert_int_eq(number("unreadable"), 3);
	ck_assert_uint_eq(opened(reader), 2 * ROWS - 3);
	stop();
}
END_TEST

static void
rotate_until_killed(int report)
{
	(void)report;
	start(key_a);
	names = 0;
	ck_assert_int_eq(storekey_rotate(keys), 0);
	settle_down();
	kill(getpid(), SIGKILL);
}

START_TEST(whoever_is_killed_while_it_is_sealed_again_loses_no_row)
{
	static const unsigned	moments[] = { 1, 2, 130, 257, 700, 1199,
				    1200, 0 };
	char			report[8];

	start(key_a);
	fill(writer);
	stop();
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		die_at = moments[i];
		unit_killed(rotate_until_killed, report, sizeof(report));
		die_at = 0;
		start(key_a);
		ck_assert_uint_eq(opened(reader), 2 * ROWS);
		settle_down();
		ck_assert_uint_eq(opened(reader), 2 * ROWS);
		ck_assert_int_eq(db_int(db, 0, "SELECT count(*) FROM"
		    " store_key", ""), 1);
		stop();
	}
}
END_TEST

static const char *
handed(const uint8_t key[SEAL_KEY])
{
	const char	*path = unit_path("handed");

	unit_write(path, key, SEAL_KEY, 0400);
	return path;
}

START_TEST(while_a_node_key_changes_either_opens_and_then_one_does)
{
	uint8_t	before[KEK_WRAPPED];

	start(key_a);
	fill(writer);
	wrapping(before, "SELECT wrapped FROM store_key");
	ck_assert_int_eq(storekey_offer(keys, handed(key_b)), 0);
	ck_assert_int_lt(access(unit_path("handed"), F_OK), 0);
	ck_assert_int_eq(storekey_offer(keys, handed(key_c)), -E_BUSY);
	ck_assert_int_eq(storekey_rotate(keys), -E_BUSY);
	ck_assert_int_eq(storekey_settle(keys, handed(key_c)), -E_SEAL);
	ck_assert(is("node_key_unsettled"));
	stop();
	start(key_a);		/* killed before the other was in place */
	ck_assert(is("node_key_unsettled"));
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	ck_assert_int_eq(storekey_settle(keys, handed(key_b)), 0);
	settle_down();
	ck_assert(!on_disk(before, sizeof(before)));
	ck_assert_int_eq(storekey_rotate(keys), 0);
	settle_down();
	stop();
	cannot_start(key_a);
	start(key_b);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
}
END_TEST

START_TEST(a_start_with_the_new_node_key_settles_it)
{
	start(key_a);
	fill(writer);
	ck_assert_int_eq(storekey_rotate(keys), 0);
	ck_assert_int_eq(storekey_offer(keys, handed(key_b)), 0);
	stop();			/* both data keys are there, each for both */
	start(key_b);
	ck_assert(!is("node_key_unsettled"));
	settle_down();
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
	cannot_start(key_a);
}
END_TEST

START_TEST(a_node_key_that_was_never_put_in_place_is_given_up)
{
	start(key_a);
	ck_assert_int_eq(storekey_offer(keys, handed(key_b)), 0);
	ck_assert_int_eq(storekey_settle(keys, handed(key_a)), 0);
	ck_assert(!is("node_key_unsettled"));
	stop();
	cannot_start(key_b);
	start(key_a);
	stop();
}
END_TEST

START_TEST(a_store_is_wrapped_at_its_start_for_a_key_to_change_to)
{
	start(key_a);
	fill(writer);
	ck_assert_int_eq(storekey_offer(keys, handed(key_b)), 0);
	stop();
	ck_assert_int_eq(open_keys(key_b, key_c), 0);
	stop();
	cannot_start(key_a);
	start(key_b);
	stop();
	start(key_c);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
	cannot_start(key_b);
}
END_TEST

START_TEST(a_data_key_is_replaced_before_it_has_sealed_too_much)
{
	uint64_t	until;

	start(key_a);
	fill(writer);
	ck_assert_int_ge(db_int(db, 0, "SELECT seals FROM store_key", ""),
	    1 << 22);
	ck_assert_int_eq(db_run(db, "UPDATE store_key SET seals = 1 << 31",
	    ""), 1);
	stop();
	start(key_a);
	for (until = mono_ms() + 10000; number("key") == 1 &&
	    mono_ms() < until;)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(number("key"), 2);
	settle_down();
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
}
END_TEST

START_TEST(a_store_that_gets_no_new_data_key_says_so_once_and_serves_on)
{
	uint64_t	until;
	char		*text;

	start(key_a);
	fill(writer);
	ck_assert_int_eq(db_run(db, "UPDATE store_key SET seals = 1 << 31",
	    ""), 1);
	stop();
	unit_capture();
	start(key_a);
	ck_assert_int_eq(db_exec(db, "CREATE TRIGGER t BEFORE INSERT ON"
	    " store_key BEGIN SELECT RAISE(ABORT, 'no'); END"), 0);
	for (until = mono_ms() + 1000; mono_ms() < until;)
		event_base_loop(base, EVLOOP_ONCE);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "gets none"));
	ck_assert_ptr_null(strstr(strstr(text, "gets none") + 1, "gets none"));
	free(text);
	ck_assert_int_eq(number("key"), 1);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
}
END_TEST

/* ---- a store's file ---- */

static int
open_file(const char *node_key, const char *next)
{
	const struct storekey_file	f = { "unit", tables,
		unit_path("kma/keys.db"), schema, 2, unit_path(node_key),
		*next == '\0' ? "" : unit_path(next) };

	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert(mkdir(unit_path("kma"), 0700) == 0 || errno == EEXIST);
	return storekey_open_file(&keys, &f, &db, &writer, &reader);
}

START_TEST(without_its_node_key_no_store_is_made)
{
	ck_assert_int_eq(open_file("a.key", ""), -E_CONFIG);
	unit_write(unit_path("a.key"), key_a, SEAL_KEY, 0400);
	ck_assert_int_eq(open_file("a.key", "b.key"), -E_CONFIG);
	ck_assert_int_lt(access(unit_path("kma/keys.db"), F_OK), 0);
	ck_assert_int_eq(open_file("a.key", ""), 0);
	fill(writer);
	ck_assert_uint_eq(opened(reader), 2 * ROWS);
	stop();
}
END_TEST

START_TEST(after_a_zeroize_nothing_opens_and_the_log_says_the_way_back)
{
	char	*text;

	unit_write(unit_path("a.key"), key_a, SEAL_KEY, 0400);
	unit_write(unit_path("zeroized"), "", 0, 0644);
	unit_capture();
	ck_assert_int_eq(open_file("a.key", ""), -E_CONFIG);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "this node was zeroized"));
	ck_assert_ptr_nonnull(strstr(text, "/lib/qkdnode away, then qkdctl "
	    "init; or qkdctl restore"));
	free(text);
	ck_assert_int_lt(access(unit_path("kma/keys.db"), F_OK), 0);
}
END_TEST

UNIT_MAIN("storekey",
    without_its_node_key_no_store_is_made,
    after_a_zeroize_nothing_opens_and_the_log_says_the_way_back,
    a_new_store_makes_its_key_and_opens_again,
    a_wrong_node_key_is_refused_and_nothing_changes,
    a_key_wrapped_for_one_store_opens_no_other,
    a_store_sealed_by_the_node_key_itself_gets_a_key_of_its_own,
    a_new_data_key_seals_all_and_the_one_before_leaves_the_disk,
    a_store_that_is_busy_while_its_key_changes_loses_no_row,
    a_row_that_opens_by_neither_key_stops_nothing,
    whoever_is_killed_while_it_is_sealed_again_loses_no_row,
    while_a_node_key_changes_either_opens_and_then_one_does,
    a_start_with_the_new_node_key_settles_it,
    a_node_key_that_was_never_put_in_place_is_given_up,
    a_store_is_wrapped_at_its_start_for_a_key_to_change_to,
    a_data_key_is_replaced_before_it_has_sealed_too_much,
    a_store_that_gets_no_new_data_key_says_so_once_and_serves_on)
