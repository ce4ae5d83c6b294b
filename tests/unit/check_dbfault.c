/*
 * check_dbfault.c - one write to the log fails, and the disk takes those that
 * follow: whoever commits is told, whatever write it was.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "unit.h"

#define ROW	16400		/* octets */
#define ROWS	300
#define CHANGES	600		/* in one transaction: more than the cache */
#define FIRST	30		/* of its writes; from here on pages that */
#define LAST	60		/* left the cache are written again */

static const char *const	schema[] = {
	"CREATE TABLE t(id INTEGER PRIMARY KEY, s INTEGER, v BLOB) STRICT;"
	"CREATE INDEX t_s ON t(s);",
};

static sqlite3_vfs		*system_vfs, faulty;
static sqlite3_io_methods	 methods;
static int			(*system_write)(sqlite3_file *, const void *,
				    int, sqlite3_int64);
static long			 writes, failing;
static uint8_t			 row[ROW];
static struct db		*db;

static int
write_or_fail(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return ++writes == failing ? SQLITE_FULL : system_write(f, p, n, at);
}

static int
open_faulty(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f,
    int flags, int *out)
{
	int	r = system_vfs->xOpen(system_vfs, name, f, flags, out);

	(void)vfs;
	if (r != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0)
		return r;
	if (system_write == NULL) {
		methods = *f->pMethods;
		system_write = methods.xWrite;
		methods.xWrite = write_or_fail;
		methods.iVersion = 1;
	}
	f->pMethods = &methods;
	return r;
}

static void
make_faulty(void)
{
	system_vfs = sqlite3_vfs_find(NULL);
	faulty = *system_vfs;
	faulty.zName = "faulty";
	faulty.pNext = NULL;
	faulty.xOpen = open_faulty;
	ck_assert_int_eq(sqlite3_vfs_register(&faulty, 1), SQLITE_OK);
}

static int
insert(int64_t id)
{
	return db_run(db, "INSERT INTO t VALUES(?, ?, ?)", "iib", id,
	    id * 7919 % 1000, row, sizeof(row));
}

static void
begin(const char *path)
{
	ck_assert_int_eq(db_open(&db, path, schema, 1), 0);
	ck_assert_int_eq(db_begin(db), 0);
	for (int64_t i = 1; i <= ROWS; i++)
		ck_assert_int_eq(insert(i), 1);
	ck_assert_int_eq(db_commit(db), 0);
}

static int
change_much(void)
{
	int	r = db_begin(db);

	for (int64_t i = 0; r >= 0 && i < CHANGES; i++)
		r = i % 2 == 0 ? insert(1000 + i) :
		    db_run(db, "DELETE FROM t WHERE id = ?", "i", i / 2 + 1);
	if (r >= 0)
		r = db_commit(db);
	if (r < 0)
		db_rollback(db);
	return r;
}

/* What a crash would leave now is whole, and has what was committed. */
static void
is_whole(const char *path)
{
	char		 copy[600], command[8192];
	struct db	*after;

	snprintf(copy, sizeof(copy), "%s-copy", path);
	snprintf(command, sizeof(command), "rm -f %s*; cp %s %s && "
	    "cp %s-wal %s-wal", copy, path, copy, path, copy);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(db_open(&after, copy, schema, 1), 0);
	ck_assert_int_eq(db_int(after, -1, "SELECT count(*) FROM t", ""),
	    ROWS + 1);
	db_close(&after);
}

START_TEST(a_write_that_failed_is_not_forgotten)
{
	make_faulty();
	for (long k = FIRST; k <= LAST; k++) {
		char	path[512];

		snprintf(path, sizeof(path), "%s%ld", unit_path("keys.db"),
		    k);
		begin(path);
		unit_capture();
		writes = 0;
		failing = k;
		ck_assert_msg(change_much() < 0, "write %ld failed, and the "
		    "commit did not", k);
		ck_assert_int_ge(writes, k);
		failing = 0;
		free(unit_captured());
		(void)insert(ROWS + 1);		/* may be told once more */
		(void)db_run(db, "INSERT OR IGNORE INTO t VALUES(?, 1, x'00')",
		    "i", (int64_t)ROWS + 1);
		is_whole(path);
		db_close(&db);
	}
}
END_TEST

UNIT_MAIN("dbfault", a_write_that_failed_is_not_forgotten)
