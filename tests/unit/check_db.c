/* Key stores. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db.h"
#include "err.h"
#include "unit.h"

static const char *const	schema[] = {
	"CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB) STRICT",
	"ALTER TABLE t ADD COLUMN n INTEGER NOT NULL DEFAULT 7",
	"CREATE TABLE u(x INTEGER UNIQUE) STRICT; INSERT INTO u VALUES(1)",
};

static const char *
store(void)
{
	return unit_path("keys.db");
}

static struct db *
open_store(void)
{
	struct db	*db;

	ck_assert_int_eq(db_open(&db, store(), schema, 3), 0);
	return db;
}

/* Opening fails with `expected`; the log names the path and `text`. */
static void
open_fails(int expected, const char *const *m, int n, const char *text)
{
	struct db	*db;
	char		*log;
	int		 r;

	unit_capture();
	r = db_open(&db, store(), m, n);
	log = unit_captured();
	ck_assert_msg(r == expected, "%s: %s", err_name(r), log);
	ck_assert_ptr_null(db);
	ck_assert_ptr_nonnull(strstr(log, store()));
	ck_assert_msg(strstr(log, text) != NULL, "%s", log);
	free(log);
}

START_TEST(a_new_store_is_durable_private_and_erases)
{
	struct db	*db = open_store();
	struct stat	 st;

	ck_assert_int_eq(db_int(db, -1, "PRAGMA synchronous", ""), 2);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA secure_delete", ""), 1);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA trusted_schema", ""), 0);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA cell_size_check", ""), 1);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA busy_timeout", ""), 5000);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA wal_autocheckpoint", ""),
	    1000);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA journal_size_limit", ""),
	    8388608);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA user_version", ""), 3);
	ck_assert_int_eq(stat(store(), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(unit_path("keys.db-wal"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(unit_path("keys.db-shm"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_str_eq(db_path(db), store());
	db_close(&db);
	ck_assert_ptr_null(db);
	db_close(&db);
}
END_TEST

START_TEST(values_come_back_as_bound)
{
	struct db	*db = open_store();
	sqlite3_stmt	*st;

	ck_assert_int_eq(db_run(db, "INSERT INTO t VALUES(?,?,?)", "ubi",
	    UINT64_C(7), "a\0b", (size_t)3, INT64_C(-5)), 1);
	ck_assert_int_eq(db_run(db, "INSERT INTO t VALUES(?,?,?)", "ini",
	    INT64_C(8), INT64_C(1)), 1);
	ck_assert_int_eq(db_run(db, "INSERT INTO t VALUES(?,?,?)", "ubi",
	    UINT64_C(9), NULL, (size_t)0, INT64_C(1)), 1);
	st = db_bind(db, "SELECT v, n FROM t WHERE id = ?", "i", INT64_C(7));
	ck_assert_int_eq(db_step(db, st), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_bytes(st, 0), 3);
	ck_assert_mem_eq(sqlite3_column_blob(st, 0), "a\0b", 3);
	ck_assert_int_eq(sqlite3_column_int64(st, 1), -5);
	ck_assert_int_eq(db_step(db, st), SQLITE_DONE);
	ck_assert_int_eq(db_int(db, 99, "SELECT v FROM t WHERE id=8", ""), 99);
	ck_assert_int_eq(db_int(db, 99, "SELECT 1 FROM t WHERE id=77", ""),
	    99);
	ck_assert_int_eq(db_int(db, 99, "SELECT typeof(v)='blob' FROM t "
	    "WHERE id=?", "u", UINT64_C(9)), 1);
	ck_assert_int_eq(db_int(db, 0, "SELECT length(?)", "s", "four"), 4);
	ck_assert_int_eq(db_run(db, "DELETE FROM t", ""), 3);
	db_close(&db);
}
END_TEST

START_TEST(errors_are_told_apart)
{
	struct db	*db = open_store();
	char		*log;

	ck_assert_int_eq(db_run(db, "INSERT INTO u VALUES(1)", ""), -E_EXISTS);
	unit_capture();
	ck_assert_int_lt(db_run(db, "INSERT INTO nowhere VALUES(1)", ""), 0);
	ck_assert_int_lt(db_run(db, "SELECT ?", ""), 0);
	ck_assert_int_lt(db_run(db, "SELECT ?", "ii", INT64_C(1), INT64_C(2)),
	    0);
	ck_assert_ptr_null(db_bind(db, "SELECT ?", "q"));
	log = unit_captured();
	ck_assert_ptr_nonnull(strstr(log, "nowhere"));
	free(log);
	db_close(&db);
}
END_TEST

START_TEST(the_same_error_is_not_logged_a_thousand_times)
{
	struct db	*db = open_store();
	char		*log;
	int		 lines = 0;

	unit_capture();
	for (int i = 0; i < 1000; i++)
		db_exec(db, "INSERT INTO nowhere VALUES(1)");
	log = unit_captured();
	for (char *p = log; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_ge(lines, 1);
	ck_assert_int_le(lines, 5);
	free(log);
	db_close(&db);
}
END_TEST

START_TEST(a_rollback_undoes_and_a_commit_stays)
{
	struct db	*db = open_store();

	ck_assert_int_eq(db_begin(db), 0);
	ck_assert_int_eq(db_run(db, "INSERT INTO t(id) VALUES(1)", ""), 1);
	db_rollback(db);
	db_rollback(db);	/* nothing to undo: no error */
	ck_assert_int_eq(db_int(db, -1, "SELECT count(*) FROM t", ""), 0);
	ck_assert_int_eq(db_begin(db), 0);
	ck_assert_int_eq(db_run(db, "INSERT INTO t(id) VALUES(1)", ""), 1);
	ck_assert_int_eq(db_commit(db), 0);
	db_close(&db);
	db = open_store();
	ck_assert_int_eq(db_int(db, -1, "SELECT count(*) FROM t", ""), 1);
	db_close(&db);
}
END_TEST

START_TEST(migrations_run_once_and_in_one_transaction)
{
	static const char *const	broken[] = { NULL, NULL, NULL,
		"CREATE TABLE w(x INTEGER)", "CREATE TABLE w(x INTEGER)" };
	const char	*m[5];
	struct db	*db;

	ck_assert_int_eq(db_open(&db, store(), schema, 1), 0);
	ck_assert_int_eq(db_run(db, "INSERT INTO t(id) VALUES(5)", ""), 1);
	db_close(&db);
	db = open_store();
	ck_assert_int_eq(db_int(db, -1, "SELECT n FROM t WHERE id=5", ""), 7);
	db_close(&db);
	for (int i = 0; i < 5; i++)
		m[i] = i < 3 ? schema[i] : broken[i];
	open_fails(-E_STORE, m, 5, "cannot be brought to this version");
	db = open_store();
	ck_assert_int_eq(db_int(db, -1, "SELECT count(*) FROM sqlite_master "
	    "WHERE name='w'", ""), 0);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA user_version", ""), 3);
	db_close(&db);
}
END_TEST

/* Some seconds of work, inside the transaction of the migration. */
static const char *const	slow[] = { NULL, NULL, NULL,
	"CREATE TABLE w(x INTEGER); INSERT INTO w WITH RECURSIVE c(x) AS"
	" (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000)"
	" SELECT x FROM c" };

static pid_t
migrate_slowly(void)
{
	const char	*m[4];
	struct db	*db;
	pid_t		 pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < 4; i++)
		m[i] = i < 3 ? schema[i] : slow[i];
	_exit(db_open(&db, store(), m, 4) < 0);
}

START_TEST(a_kill_in_the_middle_of_a_migration_leaves_the_version_before)
{
	struct db	*db = open_store();
	struct stat	 st = { .st_size = 0 };
	pid_t		 pid;

	ck_assert_int_eq(db_run(db, "INSERT INTO t(id) VALUES(5)", ""), 1);
	db_close(&db);
	ck_assert_int_gt(pid = migrate_slowly(), 0);
	/* What does not fit into its cache goes to the log before the end. */
	for (int i = 0; i < 1000 && st.st_size < 1000000; i++) {
		usleep(10000);
		(void)stat(unit_path("keys.db-wal"), &st);
	}
	ck_assert_int_ge(st.st_size, 1000000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	db = open_store();
	ck_assert_int_eq(db_int(db, -1, "SELECT count(*) FROM sqlite_master "
	    "WHERE name='w'", ""), 0);
	ck_assert_int_eq(db_int(db, -1, "PRAGMA user_version", ""), 3);
	ck_assert_int_eq(db_int(db, -1, "SELECT n FROM t WHERE id=5", ""), 7);
	db_close(&db);
}
END_TEST

START_TEST(a_newer_schema_is_refused)
{
	struct db	*db = open_store();

	db_close(&db);
	open_fails(-E_STORE_SCHEMA, schema, 2, "newer version");
}
END_TEST

START_TEST(wrong_modes_and_kinds_of_file_are_refused)
{
	struct db	*db = open_store();

	db_close(&db);
	ck_assert_int_eq(chmod(store(), 0644), 0);
	open_fails(-E_STORE, schema, 3, "mode=0644");
	ck_assert_int_eq(chmod(store(), 0660), 0);
	open_fails(-E_STORE, schema, 3, "remedy=");
	ck_assert_int_eq(rename(store(), unit_path("real.db")), 0);
	ck_assert_int_eq(symlink(unit_path("real.db"), store()), 0);
	open_fails(-E_STORE, schema, 3, "regular file");
	unlink(store());
	ck_assert_int_eq(mkdir(store(), 0750), 0);
	open_fails(-E_STORE, schema, 3, "regular file");
}
END_TEST

START_TEST(two_writers_cannot_have_the_same_store)
{
	struct db	*db = open_store();

	open_fails(-E_BUSY, schema, 3, "in use by another process");
	db_close(&db);
	db = open_store();
	db_close(&db);
}
END_TEST

static void
fill(struct db *db, int rows)
{
	uint8_t	v[400];

	memset(v, 'v', sizeof(v));
	ck_assert_int_eq(db_begin(db), 0);
	for (int i = 0; i < rows; i++)
		ck_assert_int_eq(db_run(db, "INSERT INTO t(v) VALUES(?)", "b",
		    v, sizeof(v)), 1);
	ck_assert_int_eq(db_commit(db), 0);
}

static char	ruined[512];

static void
damage(long at, const void *p, size_t n)
{
	int	fd = open(store(), O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, p, n, at), (ssize_t)n);
	close(fd);
}

START_TEST(a_damaged_store_is_refused_with_a_remedy)
{
	static const char	junk[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
	struct db		*db;

	for (int page = 0; page < 4; page++) {
		db = open_store();
		fill(db, 200);
		db_close(&db);
		damage(page * 4096L, junk, 8);
		open_fails(-E_STORE_CORRUPT, schema, 3, "remedy=\"stop the "
		    "daemon, move this file");
		unlink(store());
		unlink(unit_path("keys.db-wal"));
		unlink(unit_path("keys.db-shm"));
	}
}
END_TEST

static void
note_ruin(const char *path)
{
	snprintf(ruined, sizeof(ruined), "%s", path);
}

START_TEST(damage_while_a_store_serves_is_told_before_anybody_acts_on_it)
{
	static const char	junk[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
	struct db		*db = open_store(), *reader;

	fill(db, 200);
	ck_assert_int_eq(db_checkpoint(db), 0);
	for (int page = 1; page < 4; page++)
		damage(page * 4096L, junk, 8);
	ck_assert_int_eq(db_open_reader(&reader, store()), 0);
	db_on_ruin(note_ruin);
	ck_assert_int_eq(db_run(reader, "SELECT v FROM t", ""),
	    -E_STORE_CORRUPT);
	ck_assert_str_eq(ruined, store());
	ruined[0] = '\0';
	/* What an operator can mend is no ruin. */
	ck_assert_int_lt(db_run(reader, "DELETE FROM t", ""), 0);
	ck_assert_str_eq(ruined, "");
	db_on_ruin(NULL);
	db_close(&reader);
	db_close(&db);
}
END_TEST

START_TEST(a_reader_sees_commits_while_the_writer_writes)
{
	struct db	*db = open_store(), *reader;

	ck_assert_int_eq(db_open_reader(&reader, store()), 0);
	for (int i = 1; i <= 50; i++) {
		ck_assert_int_eq(db_begin(db), 0);
		ck_assert_int_eq(db_run(db, "INSERT INTO t(id) VALUES(?)",
		    "i", (int64_t)i), 1);
		ck_assert_int_eq(db_int(reader, -1, "SELECT count(*) FROM t",
		    ""), i - 1);
		ck_assert_int_eq(db_commit(db), 0);
		ck_assert_int_eq(db_int(reader, -1, "SELECT count(*) FROM t",
		    ""), i);
	}
	unit_capture();
	ck_assert_int_lt(db_exec(reader, "DELETE FROM t"), 0);
	free(unit_captured());
	db_close(&db);
	db_close(&reader);
}
END_TEST

START_TEST(a_checkpoint_that_a_reader_blocks_says_so)
{
	struct db	*db = open_store(), *reader;
	sqlite3_stmt	*st;

	ck_assert_int_eq(db_open_reader(&reader, store()), 0);
	fill(db, 10);
	st = db_stmt(reader, "SELECT id FROM t");
	ck_assert_int_eq(db_step(reader, st), SQLITE_ROW);
	fill(db, 10);
	ck_assert_int_eq(db_checkpoint(db), -E_BUSY);
	sqlite3_reset(st);
	ck_assert_int_eq(db_checkpoint(db), 0);
	db_close(&reader);
	db_close(&db);
}
END_TEST

static bool
file_holds(const char *path, const char *needle)
{
	size_t	 len;
	char	*p = unit_read(path, &len);
	bool	 found = memmem(p, len, needle, strlen(needle)) != NULL;

	free(p);
	return found;
}

START_TEST(deleted_bytes_are_gone_from_disk_after_a_checkpoint)
{
	static const char	secret[] = "these octets must not survive";
	struct db		*db = open_store();

	fill(db, 50);
	ck_assert_int_eq(db_run(db, "INSERT INTO t VALUES(1000,?,1)", "b",
	    secret, sizeof(secret) - 1), 1);
	ck_assert(file_holds(unit_path("keys.db-wal"), secret));
	ck_assert_int_eq(db_run(db, "DELETE FROM t WHERE id=1000", ""), 1);
	ck_assert_int_eq(db_checkpoint(db), 0);
	ck_assert(!file_holds(unit_path("keys.db-wal"), secret));
	ck_assert(!file_holds(store(), secret));
	db_close(&db);
}
END_TEST

/* Writes one row per commit, and a byte to the pipe after each. */
static void
write_until_killed(int pipe_fd)
{
	struct db	*db;

	if (db_open(&db, store(), schema, 3) < 0)
		_exit(1);
	for (;;) {
		if (db_run(db, "INSERT INTO t(v) VALUES(zeroblob(300))", "") !=
		    1 || write(pipe_fd, "x", 1) != 1)
			_exit(1);
	}
}

START_TEST(what_was_committed_survives_kill_9)
{
	int64_t		 told = 0;
	struct db	*db;
	char		 buf[4096];
	ssize_t		 n;
	int		 fds[2];
	pid_t		 pid;

	store();	/* one directory for all children */
	for (int round = 0; round < 5; round++) {
		ck_assert_int_eq(pipe(fds), 0);
		if ((pid = fork()) == 0)
			write_until_killed(fds[1]);
		close(fds[1]);
		ck_assert_int_eq(read(fds[0], buf, 1), 1);
		usleep(20000 + 7000 * (unsigned)round);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		for (told++; (n = read(fds[0], buf, sizeof(buf))) > 0;)
			told += n;
		close(fds[0]);
		db = open_store();
		ck_assert_int_ge(db_int(db, -1, "SELECT count(*) FROM t", ""),
		    told);
		told = db_int(db, -1, "SELECT count(*) FROM t", "");
		db_close(&db);
	}
}
END_TEST

UNIT_MAIN("db", a_new_store_is_durable_private_and_erases,
    values_come_back_as_bound, errors_are_told_apart,
    the_same_error_is_not_logged_a_thousand_times,
    a_rollback_undoes_and_a_commit_stays,
    migrations_run_once_and_in_one_transaction,
    a_kill_in_the_middle_of_a_migration_leaves_the_version_before,
    a_newer_schema_is_refused,
    wrong_modes_and_kinds_of_file_are_refused,
    two_writers_cannot_have_the_same_store,
    a_damaged_store_is_refused_with_a_remedy,
    damage_while_a_store_serves_is_told_before_anybody_acts_on_it,
    a_reader_sees_commits_while_the_writer_writes,
    a_checkpoint_that_a_reader_blocks_says_so,
    deleted_bytes_are_gone_from_disk_after_a_checkpoint,
    what_was_committed_survives_kill_9)
