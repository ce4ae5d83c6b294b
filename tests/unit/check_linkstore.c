/* check_linkstore.c - link keys on disk, through crashes and tampering. */
#include "config.h"
#include "unit.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "kma/linkrow.h"
#include "kma/linkstore.h"
#include "log.h"

#define B	1024
#define NODE_KEY "00112233445566778899aabbccddeeff" \
		"00112233445566778899aabbccddeeff\n"

static struct event_base	*base;
static struct linkstore		*ls;
static struct linkrow		 row;

static void
reopen(void)
{
	linkstore_close(&ls);
	ck_assert_int_eq(linkstore_open(&ls, base, unit_path("keys.db"),
	    unit_path("node.key"), ""), 0);
	ck_assert_int_eq(linkstore_link(ls, "a-b", "KME-B", &row), 0);
}

static void
begin(void)
{
	log_init("test", LL_ERR);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_ptr_nonnull(base = event_base_new());
	unit_write(unit_path("node.key"), NODE_KEY, 65, 0600);
	reopen();
}

static void
finish(void)
{
	linkstore_close(&ls);
	event_base_free(base);
}

static void
fill(uint8_t block[B], uint64_t n)
{
	for (int i = 0; i < B; i++)
		block[i] = (uint8_t)((n + 1) * 97 + (uint64_t)i * (n * 2 + 1));
}

static void
put(uint64_t first, uint64_t last)
{
	struct linktx	*tx = linktx_new(ls);
	uint8_t		 block[B];

	for (uint64_t i = first; i <= last; i++) {
		fill(block, i);
		linktx_put(tx, row.id, i, block, B);
		linktx_agree(tx, row.id, i);
	}
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
}

static int
inbound(const char *source, uint64_t n)
{
	struct linktx	*tx = linktx_new(ls);
	uint8_t		 block[B];

	fill(block, n);
	linktx_inbound(tx, source, n, 1, block, B);
	return linktx_commit_sync(tx);
}

static void
put_inbound(uint64_t n)
{
	struct linktx	*tx = linktx_new(ls);
	uint8_t		 block[64] = { 0 };

	for (uint64_t i = 1; i <= n; i++)
		linktx_inbound(tx, "KME-C", i, 1, block, sizeof(block));
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
}

static int
spend(uint64_t idx, uint64_t mark)
{
	struct linktx	*tx = linktx_new(ls);

	linktx_mark(tx, row.id, mark);
	linktx_spend(tx, row.id, idx);
	return linktx_commit_sync(tx);
}

static int
take(const char *source, uint64_t n)
{
	struct linktx	*tx = linktx_new(ls);

	linktx_inbound_take(tx, source, n);
	return linktx_commit_sync(tx);
}

/* 0: there, and what was put there. */
static int
is_there(uint64_t idx)
{
	struct secret	*s = NULL;
	uint8_t		 block[B];
	int		 r;

	if ((r = linkstore_read(ls, row.id, idx, &s)) == 0) {
		fill(block, idx);
		ck_assert_uint_eq(s->len, B);
		ck_assert_mem_eq(s->bytes, block, B);
	} else
		ck_assert_ptr_null(s);
	secret_free(&s);
	return r;
}

static int
inbound_is_there(const char *source, uint64_t n)
{
	struct secret	*s = NULL;
	int		 r = linkstore_read_inbound(ls, source, n, &s);

	secret_free(&s);
	return r;
}

START_TEST(blocks_are_there_until_they_are_spent)
{
	begin();
	put(1, 5);
	for (uint64_t i = 1; i <= 5; i++)
		ck_assert_int_eq(is_there(i), 0);
	ck_assert_int_eq(is_there(6), -E_NOT_FOUND);
	ck_assert_int_eq(spend(3, 1), 0);
	ck_assert_int_eq(is_there(3), -E_NOT_FOUND);
	reopen();
	ck_assert_int_eq(is_there(2), 0);
	ck_assert_int_eq(is_there(3), -E_NOT_FOUND);
	ck_assert_uint_eq(row.last, 5);
	ck_assert_uint_eq(row.mark, 1);
	finish();
}
END_TEST

START_TEST(a_block_is_spent_once_and_a_failed_transaction_changes_nothing)
{
	struct linktx	*tx;

	begin();
	put(1, 5);
	ck_assert_int_eq(spend(3, 7), 0);
	ck_assert_int_eq(spend(3, 9), -E_SPENT);
	ck_assert_int_eq(spend(99, 9), -E_SPENT);
	tx = linktx_new(ls);
	linktx_spend(tx, row.id, 1);
	linktx_spend(tx, row.id, 2);
	linktx_spend(tx, row.id, 1);
	ck_assert_int_eq(linktx_commit_sync(tx), -E_SPENT);
	ck_assert_int_eq(is_there(1), 0);
	ck_assert_int_eq(is_there(2), 0);
	reopen();
	ck_assert_uint_eq(row.mark, 7);
	finish();
}
END_TEST

START_TEST(an_index_is_not_stored_twice)
{
	struct linktx	*tx;
	uint8_t		 block[B] = { 0 };

	begin();
	put(1, 2);
	tx = linktx_new(ls);
	linktx_put(tx, row.id, 2, block, B);
	ck_assert_int_eq(linktx_commit_sync(tx), -E_EXISTS);
	ck_assert_int_eq(is_there(2), 0);	/* as it was */
	finish();
}
END_TEST

START_TEST(a_block_from_afar_comes_once_and_goes_once)
{
	begin();
	ck_assert_int_eq(inbound("KME-C", 7), 0);
	ck_assert_int_eq(inbound("KME-C", 7), -E_EXISTS);
	ck_assert_int_eq(inbound("KME-D", 7), 0);
	ck_assert_int_eq(inbound_is_there("KME-C", 7), 0);
	ck_assert_int_eq(take("KME-C", 7), 0);
	ck_assert_int_eq(take("KME-C", 7), -E_SPENT);
	ck_assert_int_eq(inbound_is_there("KME-C", 7), -E_NOT_FOUND);
	reopen();
	ck_assert_int_eq(take("KME-C", 7), -E_SPENT);
	ck_assert_int_eq(take("KME-D", 7), 0);
	finish();
}
END_TEST

START_TEST(marks_only_grow_and_the_control_key_comes_back)
{
	struct linktx	*tx;
	uint8_t		 key[32];
	struct linkrow	 other;

	begin();
	memset(key, 0xa7, sizeof(key));
	ck_assert_int_eq(linkstore_link(ls, "a-c", "KME-C", &other), 0);
	ck_assert_uint_ne(row.id, other.id);
	tx = linktx_new(ls);
	linktx_mark(tx, row.id, 10);
	linktx_mark(tx, row.id, 9);
	linktx_seen(tx, row.id, 20);
	linktx_seen(tx, row.id, 19);
	linktx_last(tx, row.id, 30);
	linktx_last(tx, row.id, 29);
	linktx_control(tx, row.id, 8, key);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	reopen();
	ck_assert_uint_eq(row.mark, 10);
	ck_assert_uint_eq(row.seen, 20);
	ck_assert_uint_eq(row.last, 30);
	ck_assert_uint_eq(row.control, 8);
	ck_assert_mem_eq(row.control_key, key, 32);
	ck_assert_int_eq(linkstore_link(ls, "a-c", "KME-C", &other), 0);
	ck_assert_uint_eq(other.mark + other.seen + other.last +
	    other.control, 0);
	ck_assert_int_eq(linkstore_link(ls, "a-c", "KME-D", &other),
	    -E_CONFIG);
	finish();
}
END_TEST

static void
note(void *arg, uint64_t idx, enum block_state state)
{
	ck_assert_int_eq(state, BLOCK_AGREED);
	((bool *)arg)[idx] = true;
}

START_TEST(links_do_not_touch_each_others_blocks)
{
	struct linkrow	 other;
	struct linktx	*tx;
	bool		 seen[10] = { 0 };

	begin();
	put(1, 4);
	ck_assert_int_eq(linkstore_link(ls, "a-c", "KME-C", &other), 0);
	ck_assert_int_eq(linkstore_each(ls, other.id, note, seen), 0);
	tx = linktx_new(ls);
	linktx_drop_agreed(tx, other.id);
	linktx_drop_older(tx, other.id, INT64_MAX);
	linktx_drop(tx, other.id, 2);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	tx = linktx_new(ls);
	linktx_spend(tx, other.id, 2);
	ck_assert_int_eq(linktx_commit_sync(tx), -E_SPENT);
	ck_assert(!seen[1]);
	ck_assert_int_eq(linkstore_each(ls, row.id, note, seen), 0);
	ck_assert(seen[1] && seen[2] && seen[3] && seen[4] && !seen[5]);
	tx = linktx_new(ls);
	linktx_drop_agreed(tx, row.id);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	ck_assert_int_eq(is_there(1), -E_NOT_FOUND);
	finish();
}
END_TEST

/* ---- the record ---- */

static void
recorded(const char *wanted)
{
	sqlite3		*db;
	sqlite3_stmt	*st;

	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT group_concat(event ||"
	    " ' ' || coalesce(first || '-' || last, block) || ': ' || detail,"
	    " '; ') FROM audit_log WHERE event IN ('expired', 'void')", -1,
	    &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), wanted);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

START_TEST(the_record_says_of_each_block_why_it_went)
{
	struct linktx	*tx;
	uint8_t		 part[64] = { 0 };

	begin();
	put(1, 3);
	tx = linktx_new(ls);
	linktx_part(tx, "KME-C", 7, 1, part, sizeof(part));
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	tx = linktx_new(ls);
	linktx_because(tx, "it was time");
	linktx_drop_older(tx, row.id, INT64_MAX);
	linktx_parts_drop(tx, "", 0);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	recorded("expired 1-3: it was time; void 7: parts of a block that is "
	    "not whole");
	finish();
}
END_TEST

/* ---- crashes ---- */

#define BLOCKS	200

/* Spends one after the other and says so when it is on disk. */
static void
spender(int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((base = event_base_new()) == NULL ||
	    linkstore_open(&ls, base, unit_path("keys.db"),
	    unit_path("node.key"), "") < 0)
		_exit(1);
	for (uint64_t i = 1; i <= BLOCKS; i++) {
		if (spend(i, i) == 0 && write(fd, &i, sizeof(i)) < 0)
			_exit(2);
		if (take("KME-C", i) == 0 && write(fd, &i, sizeof(i)) < 0)
			_exit(2);
	}
	for (;;)
		pause();
}

START_TEST(a_spent_block_never_comes_back_after_a_crash)
{
	uint64_t	said, last = 0, n;
	unsigned	killed_between = 0;

	begin();
	put(1, BLOCKS);
	put_inbound(BLOCKS);
	for (int round = 0; round < 12; round++) {
		int	fd[2];
		pid_t	pid;

		linkstore_close(&ls);
		ck_assert_int_eq(pipe(fd), 0);
		if ((pid = fork()) == 0)
			spender(fd[1]);
		close(fd[1]);
		/* At any moment, with what it has said by then. */
		for (n = 0; n < (uint64_t)round * 3 + 1 &&
		    read(fd[0], &said, sizeof(said)) > 0; n++)
			last = said > last ? said : last;
		usleep((unsigned)(round * 331));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(fd[0], &said, sizeof(said)) > 0)
			last = said > last ? said : last;
		close(fd[0]);
		reopen();
		ck_assert_uint_ge(row.mark, last);
		for (uint64_t i = 1; i < last; i++) {
			ck_assert_int_eq(is_there(i), -E_NOT_FOUND);
			ck_assert_int_eq(inbound_is_there("KME-C", i),
			    -E_NOT_FOUND);
		}
		ck_assert_int_eq(is_there(last), -E_NOT_FOUND);
		/* At most what was being written is gone besides. */
		ck_assert(last + 2 > BLOCKS || is_there(last + 2) == 0);
		killed_between += last < BLOCKS;
	}
	ck_assert_uint_gt(killed_between, 5);
	finish();
}
END_TEST

/* ---- who has the file but not the key ---- */

static void
sql(const char *text)
{
	sqlite3	*db;
	char	*why = NULL;

	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK,
	    "%s", why);
	ck_assert_int_eq(sqlite3_changes(db), 1);
	sqlite3_close(db);
}

START_TEST(a_sealed_row_moved_to_another_place_does_not_open)
{
	struct linkrow	 other;
	struct linktx	*tx;
	uint8_t		 key[32] = { 1 };

	begin();
	put(1, 4);
	ck_assert_int_eq(inbound("KME-C", 7), 0);
	ck_assert_int_eq(inbound("KME-C", 8), 0);
	ck_assert_int_eq(inbound("KME-D", 7), 0);
	ck_assert_int_eq(linkstore_link(ls, "a-c", "KME-C", &other), 0);
	tx = linktx_new(ls);
	linktx_control(tx, row.id, 4, key);
	linktx_control(tx, other.id, 6, key);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	linkstore_close(&ls);
	sql("UPDATE link_block SET sealed = (SELECT sealed FROM link_block"
	    " WHERE (key & 0xffff) = 2) WHERE (key & 0xffff) = 1");
	sql("UPDATE link_block SET key = 9 + key - 3 WHERE (key & 65535) = 3");
	sql("UPDATE inbound SET sealed = (SELECT sealed FROM inbound WHERE"
	    " block = 8) WHERE source = 'KME-C' AND block = 7");
	sql("UPDATE inbound SET source = 'KME-E' WHERE source = 'KME-D'");
	sql("UPDATE qkd_link SET control_key = (SELECT control_key FROM"
	    " qkd_link WHERE name = 'a-b') WHERE name = 'a-c'");
	reopen();
	ck_assert_int_eq(is_there(1), -E_SEAL);
	ck_assert_int_eq(is_there(2), 0);
	ck_assert_int_eq(is_there(9), -E_SEAL);
	ck_assert_int_eq(inbound_is_there("KME-C", 7), -E_SEAL);
	ck_assert_int_eq(inbound_is_there("KME-C", 8), 0);
	ck_assert_int_eq(inbound_is_there("KME-E", 7), -E_SEAL);
	ck_assert_int_eq(linkstore_link(ls, "a-c", "KME-C", &other), -E_SEAL);
	finish();
}
END_TEST

START_TEST(a_damaged_or_empty_row_does_not_open)
{
	begin();
	put(1, 3);
	linkstore_close(&ls);
	sql("UPDATE link_block SET sealed = x'' WHERE (key & 65535) = 1");
	sql("UPDATE link_block SET sealed = zeroblob(28)"
	    " WHERE (key & 65535) = 2");
	sql("UPDATE link_block SET sealed = zeroblob(1052)"
	    " WHERE (key & 65535) = 3");
	reopen();
	ck_assert_int_eq(is_there(1), -E_STORE_CORRUPT);
	ck_assert_int_eq(is_there(2), -E_STORE_CORRUPT);
	ck_assert_int_eq(is_there(3), -E_SEAL);
	finish();
}
END_TEST

/* Any 16 octets of a block, anywhere in a file of the store. */
static void
no_key_in(const char *name, uint64_t first, uint64_t last)
{
	uint8_t	block[B];
	size_t	len;
	char	*p;

	if (access(unit_path(name), F_OK) != 0)
		return;
	p = unit_read(unit_path(name), &len);
	for (uint64_t i = first; i <= last; i++) {
		fill(block, i);
		for (size_t at = 0; at + 16 <= B; at += 16)
			ck_assert_msg(memmem(p, len, block + at, 16) == NULL,
			    "block %u in %s", (unsigned)i, name);
	}
	free(p);
}

static void
no_key_on_disk(void)
{
	no_key_in("keys.db", 1, 12);
	no_key_in("keys.db-wal", 1, 12);
	no_key_in("keys.db-shm", 1, 12);
}

START_TEST(no_key_octets_are_on_disk_in_clear)
{
	struct linktx	*tx;
	uint8_t		 block[B];

	begin();
	put(1, 10);
	ck_assert_int_eq(inbound("KME-C", 11), 0);
	fill(block, 12);
	tx = linktx_new(ls);
	linktx_control(tx, row.id, 12, block);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	no_key_on_disk();
	ck_assert_int_eq(spend(1, 1), 0);
	ck_assert_int_eq(take("KME-C", 11), 0);
	no_key_on_disk();
	linkstore_close(&ls);
	no_key_on_disk();
	reopen();
	ck_assert_int_eq(is_there(2), 0);
	finish();
}
END_TEST

/* The rows of the view `link`, as an operator reads them. */
static void
operator_reads(const char *wanted)
{
	sqlite3		*db;
	sqlite3_stmt	*st;

	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT group_concat(state"
	    " || ', ' || owner || ': ' || blocks, '; ') FROM link", -1, &st,
	    NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), wanted);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static void
note_state(void *arg, uint64_t idx, enum block_state state)
{
	((enum block_state *)arg)[idx] = state;
}

static int
move(uint64_t idx)
{
	struct linktx	*tx = linktx_new(ls);

	linktx_move(tx, row.id, idx);
	return linktx_commit_sync(tx);
}

START_TEST(a_block_moves_to_the_other_owner_once_and_for_good)
{
	enum block_state	 state[8] = { BLOCK_NEW };
	struct linktx		*tx;
	uint8_t			 block[B];

	begin();
	put(1, 5);
	tx = linktx_new(ls);
	fill(block, 6);
	linktx_put(tx, row.id, 6, block, B);	/* not agreed */
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	ck_assert_int_eq(move(1), 0);
	ck_assert_int_eq(move(4), 0);
	ck_assert_int_eq(move(1), -E_SPENT);
	ck_assert_int_eq(move(6), -E_SPENT);
	ck_assert_int_eq(spend(5, 1), 0);
	ck_assert_int_eq(move(5), -E_SPENT);
	tx = linktx_new(ls);
	linktx_agree(tx, row.id, 1);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	reopen();
	ck_assert_int_eq(linkstore_each(ls, row.id, note_state, state), 0);
	ck_assert_int_eq(state[1], BLOCK_MOVED);
	ck_assert_int_eq(state[2], BLOCK_AGREED);
	ck_assert_int_eq(state[3], BLOCK_AGREED);
	ck_assert_int_eq(state[4], BLOCK_MOVED);
	ck_assert_int_eq(is_there(1), 0);
	operator_reads("agreed, higher KM ID: 2; agreed, lower KM ID: 2;"
	    " new, lower KM ID: 1");
	tx = linktx_new(ls);
	linktx_drop_agreed(tx, row.id);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	ck_assert_int_eq(is_there(1), -E_NOT_FOUND);
	ck_assert_int_eq(is_there(6), 0);
	finish();
}
END_TEST

/* There were no data keys: the node key itself sealed. */
static void
seal_as_before(sqlite3 *db, uint64_t idx)
{
	struct rowname	 name = linkrow_name("link_block", "",
			    (uint64_t)ROW(row.id, idx));
	uint8_t		 clear[B], sealed[B + SEAL_OVERHEAD];
	uint8_t		 key[SEAL_KEY];
	struct sealer	*s;
	sqlite3_stmt	*st;

	fill(clear, idx);
	ck_assert_int_eq(seal_load_key(unit_path("node.key"), key), 0);
	ck_assert_int_eq(sealer_new(&s, key), 0);
	ck_assert_int_eq(seal(s, sealed, clear, B, name.text, name.len), 0);
	sealer_free(&s);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "UPDATE link_block"
	    " SET sealed = ? WHERE key = ?", -1, &st, NULL), SQLITE_OK);
	sqlite3_bind_blob(st, 1, sealed, sizeof(sealed), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, ROW(row.id, idx));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
}

START_TEST(a_store_from_before_blocks_could_move_is_taken_over)
{
	enum block_state	 state[8] = { BLOCK_NEW };
	sqlite3			*db;

	begin();
	put(1, 3);
	linkstore_close(&ls);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "DROP VIEW links;"
	    "DROP VIEW blocks; DROP VIEW arrived; DROP VIEW routes;"
	    "DROP VIEW audit; DROP TABLE audit_log; DROP TABLE audit_head;"
	    "DROP TABLE audit_archive; DROP TABLE route;"
	    "DROP VIEW link;"
	    "DROP TABLE part; ALTER TABLE inbound DROP COLUMN paths;"
	    "CREATE VIEW link AS SELECT CASE state WHEN 0 THEN 'new' ELSE"
	    " 'agreed' END AS state, CASE key & 1 WHEN 0 THEN 'lower KM ID'"
	    " ELSE 'higher KM ID' END AS owner, count(*) AS blocks"
	    " FROM link_block GROUP BY 1, 2;"
	    "DROP TABLE store_key;"
	    "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
	for (uint64_t idx = 1; idx <= 3; idx++)
		seal_as_before(db, idx);
	sqlite3_close(db);
	operator_reads("agreed, higher KM ID: 2; agreed, lower KM ID: 1");
	reopen();
	ck_assert_int_eq(move(1), 0);
	reopen();			/* and not a second time */
	operator_reads("agreed, higher KM ID: 1; agreed, lower KM ID: 2");
	ck_assert_int_eq(linkstore_each(ls, row.id, note_state, state), 0);
	ck_assert_int_eq(state[1], BLOCK_MOVED);
	ck_assert_int_eq(state[2], BLOCK_AGREED);
	for (uint64_t i = 1; i <= 3; i++)
		ck_assert_int_eq(is_there(i), 0);
	finish();
}
END_TEST

UNIT_MAIN("linkstore", blocks_are_there_until_they_are_spent,
    a_block_is_spent_once_and_a_failed_transaction_changes_nothing,
    an_index_is_not_stored_twice,
    a_block_from_afar_comes_once_and_goes_once,
    marks_only_grow_and_the_control_key_comes_back,
    links_do_not_touch_each_others_blocks,
    the_record_says_of_each_block_why_it_went,
    a_spent_block_never_comes_back_after_a_crash,
    a_sealed_row_moved_to_another_place_does_not_open,
    a_damaged_or_empty_row_does_not_open,
    no_key_octets_are_on_disk_in_clear,
    a_block_moves_to_the_other_owner_once_and_for_good,
    a_store_from_before_blocks_could_move_is_taken_over)
