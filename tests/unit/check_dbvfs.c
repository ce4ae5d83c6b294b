/* check_dbvfs.c - the write-ahead log, collected and written in one piece. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "err.h"
#include "unit.h"

#define ROW	50000		/* octets: 13 pages */

static const char *const	schema[] = {
	"CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB) STRICT",
};

static struct db	*db;

static void
begin(void)
{
	ck_assert_int_eq(db_open(&db, unit_path("keys.db"), schema, 1), 0);
}

static uint8_t	row[ROW];

static int
insert(int64_t id)
{
	memset(row, (int)id & 0xff, sizeof(row));
	return db_run(db, "INSERT INTO t VALUES(?, ?)", "ib", id, row,
	    sizeof(row));
}

static int
insert_durably(int64_t id)
{
	int	r;

	ck_assert_int_eq(db_begin(db), 0);
	if ((r = insert(id)) >= 0)
		r = db_commit(db);
	if (r < 0)
		db_rollback(db);
	return r;
}

/* What another process would find now: rows, each as it was written. */
static int64_t
found(const char *path)
{
	struct db	*other;
	sqlite3_stmt	*st;
	int64_t		 n = 0;

	ck_assert_int_eq(db_open_reader(&other, path), 0);
	st = db_bind(other, "SELECT id, v FROM t", "");
	while (db_step(other, st) == SQLITE_ROW) {
		const uint8_t	*v = sqlite3_column_blob(st, 1);

		ck_assert_int_eq(sqlite3_column_bytes(st, 1), ROW);
		n += v[0] == (sqlite3_column_int64(st, 0) & 0xff) &&
		    memcmp(v, v + 1, ROW - 1) == 0;
	}
	db_close(&other);
	return n;
}

/* The files as they are on disk now, while the writer goes on. */
static const char *
copied(void)
{
	static char	 path[512], command[2048];
	const char	*from = unit_path("keys.db");

	snprintf(path, sizeof(path), "%s-copy", from);
	snprintf(command, sizeof(command), "rm -f %s*; cp %s %s && "
	    "cp %s-wal %s-wal", path, from, path, from, path);
	ck_assert_int_eq(system(command), 0);
	return path;
}

static int64_t
found_after_a_crash(void)
{
	const char	*path = copied();
	struct db	*writer;

	ck_assert_int_eq(db_open(&writer, path, schema, 1), 0);
	db_close(&writer);	/* and the log is in the file */
	return found(path);
}

START_TEST(what_is_committed_is_in_the_files)
{
	begin();
	for (int i = 1; i <= 40; i++) {
		ck_assert_int_eq(insert_durably(i), 0);
		ck_assert_int_eq(found(unit_path("keys.db")), i);
		if (i % 8 == 0)
			ck_assert_int_eq(found_after_a_crash(), i);
		if (i % 16 == 0)
			ck_assert_int_eq(db_checkpoint(db), 0);
	}
	db_close(&db);
}
END_TEST

/* More than the cache holds: pages go out, and are read again, before. */
START_TEST(a_transaction_larger_than_any_buffer_is_all_or_nothing)
{
	begin();
	ck_assert_int_eq(insert_durably(1), 0);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(db_begin(db), 0);
		for (int i = 2; i <= 200; i++)
			ck_assert_int_eq(insert(i), 1);
		ck_assert_int_eq(db_int(db, -1,
		    "SELECT sum(length(v)) FROM t", ""), 200 * ROW);
		ck_assert_int_eq(found(unit_path("keys.db")), 1);
		if (round == 0)
			db_rollback(db);
		else
			ck_assert_int_eq(db_commit(db), 0);
		ck_assert_int_eq(found_after_a_crash(), round == 0 ? 1 : 200);
	}
	db_close(&db);
	ck_assert_int_eq(found(unit_path("keys.db")), 200);
}
END_TEST

static void
largest_file(rlim_t octets)
{
	struct rlimit	rl;

	getrlimit(RLIMIT_FSIZE, &rl);
	rl.rlim_cur = octets;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &rl), 0);
}

/* No commit after one that failed may lie behind a hole. */
START_TEST(a_log_that_cannot_be_written_loses_no_commit)
{
	int	n = 0, failed = 0;

	signal(SIGXFSZ, SIG_IGN);
	begin();
	for (int i = 1; i <= 60; i++) {
		/* It grows, fails, may grow again: in turn. */
		largest_file(i / 10 % 2 == 0 ? RLIM_INFINITY :
		    (rlim_t)1 << 19);
		if (insert_durably(i) == 0)
			n++;
		else
			failed++;
		largest_file(RLIM_INFINITY);
		ck_assert_int_eq(found_after_a_crash(), n);
		ck_assert_int_eq(found(unit_path("keys.db")), n);
	}
	ck_assert_int_gt(failed, 0);
	ck_assert_int_ge(n, 30);
	db_close(&db);
	ck_assert_int_eq(found(unit_path("keys.db")), n);
}
END_TEST

/* One write() has all pages of a commit, not two for each. */
static int64_t
writes(void)
{
	FILE	*f = fopen("/proc/self/io", "r");
	char	 line[128];
	long	 n = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "syscw: %ld", &n) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return n;
}

START_TEST(a_commit_of_many_pages_takes_few_system_calls)
{
	int64_t	before;

	begin();
	ck_assert_int_eq(insert_durably(1), 0);
	before = writes();
	ck_assert_int_eq(insert_durably(2), 0);		/* 13 pages */
	if (before >= 0)
		ck_assert_int_le(writes() - before, 6);
	db_close(&db);
}
END_TEST

UNIT_MAIN("dbvfs", what_is_committed_is_in_the_files,
    a_transaction_larger_than_any_buffer_is_all_or_nothing,
    a_log_that_cannot_be_written_loses_no_commit,
    a_commit_of_many_pages_takes_few_system_calls)
