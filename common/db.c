/* db.c - a SQLite connection with its statements, and its errors. */
#include "db.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "dbfile.h"
#include "dbvfs.h"
#include "err.h"
#include "ident.h"
#include "log.h"

#define BUSY_MS		5000
#define CHECKPOINT_MS	100	/* a reader may delay writers for so long */
#define LOG_EVERY_MS	1000	/* the same error; a full disk gives many */

struct stmt {
	const char	*sql;		/* sqlite3_sql(): lives as long */
	sqlite3_stmt	*handle;
	UT_hash_handle	 hh;
};

struct db {
	sqlite3		*handle;
	char		*path;
	bool		 writer;
	int		 lock;		/* held while we may write */
	int		 before;	/* its version when it was opened */
	struct stmt	*stmts;
	uint64_t	 epoch;
	db_follower	*follow;
	void		*follow_arg;
	int		 error;		/* of what failed last */
	int		 logged_code;
	uint64_t	 logged_at;
};

static const char *
remedy(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return DBFILE_REMEDY;
	case SQLITE_FULL:
		return "free space on the disk";
	case SQLITE_BUSY:
		return "end the other program that writes to this file";
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return "give the file and its directory to the daemon's user";
	default:
		return "see the system's log for disk errors";
	}
}

static db_ruined	*on_ruin;

void
db_on_ruin(db_ruined *fn)
{
	on_ruin = fn;
}

/* After an error of the disk nobody knows what is on it and what is not. */
static bool
ruin(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return true;
	case SQLITE_IOERR:
		return code != SQLITE_IOERR_NOMEM &&
		    code != SQLITE_IOERR_LOCK &&
		    code != SQLITE_IOERR_BLOCKED;
	default:
		return false;
	}
}

/* From SQLite's code to ours; logged, but not a thousand times a second. */
static int
failed(struct db *db, int code, const char *what)
{
	uint64_t	now = mono_ms();
	int		basic = code & 0xff;

	if (basic == SQLITE_CONSTRAINT)
		return -E_EXISTS;
	if (code != db->logged_code || now - db->logged_at >= LOG_EVERY_MS)
		log_err("key store error", "path=%s code=%d error=%s "
		    "during=%s remedy=\"%s\"", log_quote(db->path), code,
		    log_quote(sqlite3_errmsg(db->handle)), log_quote(what),
		    remedy(code));
	db->logged_code = code;
	db->logged_at = now;
	if (on_ruin != NULL && ruin(code))
		on_ruin(db->path);
	db->error = basic == SQLITE_BUSY ? -E_BUSY :
	    basic == SQLITE_CORRUPT || basic == SQLITE_NOTADB ?
	    -E_STORE_CORRUPT : -E_STORE;
	return db->error;
}

/* ---- opening ---- */

static int
connect(struct db **out, const char *path, bool writer)
{
	struct db	*db = calloc(1, sizeof(*db));
	int		 flags = SQLITE_OPEN_NOMUTEX | (writer ?
	    SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	int		 code;

	*out = db;
	if (db == NULL || (db->path = strdup(path)) == NULL)
		return -E_NO_MEMORY;
	db->writer = writer;
	db->error = -E_STORE;
	db->lock = -1;
	if (writer && (db->lock = dbfile_lock(path)) < 0)
		return db->lock;
	code = sqlite3_open_v2(path, &db->handle, flags, dbvfs_name());
	if (code != SQLITE_OK)
		return failed(db, code, "open");
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return db_exec(db, "PRAGMA trusted_schema=OFF; "
	    "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;");
}

/* The answer to a PRAGMA, or "" if there is none. */
static int
pragma_text(struct db *db, const char *sql, char *out, size_t room)
{
	sqlite3_stmt	*st = db_stmt(db, sql);
	int		 r;

	out[0] = '\0';
	if ((r = db_step(db, st)) == SQLITE_ROW)
		snprintf(out, room, "%s", sqlite3_column_text(st, 0));
	sqlite3_reset(st);
	return r < 0 ? r : 0;
}

static int
make_durable(struct db *db)
{
	char	mode[16];
	int	r, persist = 1;

	if ((r = pragma_text(db, "PRAGMA journal_mode=WAL", mode,
	    sizeof(mode))) < 0)
		return r;
	if (strcmp(mode, "wal") != 0) {
		log_err("key store cannot use a write-ahead log",
		    "path=%s mode=%s", log_quote(db->path), log_quote(mode));
		return -E_STORE;
	}
	/* Files beside it stay, so that an operator may always read it. */
	sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_PERSIST_WAL,
	    &persist);
	/* The log is written over, not cut off and grown again: a commit that
	 * changes no file's size takes half the time. db_checkpoint() cuts. */
	return db_exec(db, "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
	    "PRAGMA wal_autocheckpoint=1000;"
	    "PRAGMA journal_size_limit=8388608; PRAGMA foreign_keys=ON;");
}

static int
check_integrity(struct db *db)
{
	char	result[256];
	int	r;

	r = pragma_text(db, dbfile_is_large(db->path) ?
	    "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", result,
	    sizeof(result));
	if (r == 0 && strcmp(result, "ok") == 0)
		return 0;
	log_err("key store fails its integrity check",
	    "path=%s result=%s remedy=\"%s\"", log_quote(db->path),
	    log_quote(result), DBFILE_REMEDY);
	return -E_STORE_CORRUPT;
}

static int
migrate(struct db *db, const char *const *migrations, int n)
{
	char	sql[48];
	int	version, r;

	version = (int)db_int(db, -1, "PRAGMA user_version", "");
	if (version < 0)
		return -E_STORE;
	if (version > n) {
		log_err("key store is of a newer version",
		    "path=%s version=%d newest_known=%d "
		    "remedy=\"install the newer qkdnode again\"",
		    log_quote(db->path), version, n);
		return -E_STORE_SCHEMA;
	}
	db->before = version;
	if (version == n)
		return 0;
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", n);
	if ((r = db_begin(db)) < 0)
		return r;
	for (; version < n && r == 0; version++)
		r = db_exec(db, migrations[version]);
	if (r == 0 && (r = db_exec(db, sql)) == 0)
		r = db_commit(db);
	if (r < 0) {
		db_rollback(db);
		log_err("key store cannot be brought to this version",
		    "path=%s version=%d", log_quote(db->path), n);
	}
	return r;
}

int
db_open(struct db **out, const char *path, const char *const *migrations,
    int nmigrations)
{
	int	r;

	*out = NULL;
	if ((r = dbfile_prepare(path)) < 0)
		return r;
	if ((r = connect(out, path, true)) < 0 ||
	    (r = make_durable(*out)) < 0 ||
	    (r = check_integrity(*out)) < 0 ||
	    (r = migrate(*out, migrations, nmigrations)) < 0)
		db_close(out);
	return r;
}

int
db_open_reader(struct db **out, const char *path)
{
	int	r;

	if ((r = connect(out, path, false)) < 0)
		db_close(out);
	return r;
}

static void
finalize_all(struct db *db)
{
	struct stmt	*s, *next;

	HASH_ITER(hh, db->stmts, s, next) {
		HASH_DEL(db->stmts, s);
		sqlite3_finalize(s->handle);
		free(s);
	}
}

void
db_close(struct db **dbp)
{
	struct db	*db = *dbp;

	*dbp = NULL;
	if (db == NULL)
		return;
	finalize_all(db);
	if (db->handle != NULL && db->writer)
		db_checkpoint(db);
	sqlite3_close(db->handle);
	dbfile_unlock(db->lock);
	free(db->path);
	free(db);
}

/* ---- transactions ---- */

int
db_exec(struct db *db, const char *sql)
{
	int	code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : failed(db, code, sql);
}

static int
control(struct db *db, const char *sql)
{
	int	r = db_run(db, sql, "");

	return r < 0 ? r : 0;
}

void
db_follow(struct db *db, db_follower *fn, void *arg)
{
	db->follow = fn;
	db->follow_arg = arg;
}

static int
tell(struct db *db, enum db_moment moment)
{
	return db->follow == NULL ? 0 : db->follow(db->follow_arg, moment);
}

int
db_begin(struct db *db)
{
	int	r;

	db->epoch++;
	if ((r = control(db, "BEGIN IMMEDIATE")) < 0 ||
	    (r = tell(db, DB_BEGUN)) < 0)
		db_rollback(db);
	return r;
}

int
db_save(struct db *db)
{
	int	r = control(db, "SAVEPOINT job");

	return r < 0 ? r : tell(db, DB_SAVED);
}

int
db_undo(struct db *db)
{
	int	r;

	db->epoch++;
	return (r = control(db, "ROLLBACK TO job")) < 0 ? r :
	    tell(db, DB_UNDONE);
}

int
db_keep(struct db *db)
{
	return control(db, "RELEASE job");
}

uint64_t
db_epoch(const struct db *db)
{
	return db->epoch;
}

int
db_commit(struct db *db)
{
	int	r;

	if ((r = tell(db, DB_ENDING)) < 0)
		return r;
	r = control(db, "COMMIT");
	tell(db, r < 0 ? DB_UNKNOWN : DB_COMMITTED);
	return r;
}

void
db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->handle))
		db_run(db, "ROLLBACK", "");
}

int
db_checkpoint(struct db *db)
{
	int	code;

	sqlite3_busy_timeout(db->handle, CHECKPOINT_MS);
	code = sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
		return -E_BUSY;
	return code == SQLITE_OK ? 0 : failed(db, code, "checkpoint");
}

/* ---- statements ---- */

static struct stmt *
prepare(struct db *db, const char *sql)
{
	struct stmt	*s = calloc(1, sizeof(*s));
	int		 code;

	if (s == NULL)
		return NULL;
	code = sqlite3_prepare_v3(db->handle, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, &s->handle, NULL);
	if (code != SQLITE_OK || s->handle == NULL) {
		failed(db, code, sql);
		free(s);
		return NULL;
	}
	s->sql = sqlite3_sql(s->handle);
	HASH_ADD_KEYPTR(hh, db->stmts, s->sql, strlen(s->sql), s);
	return s;
}

sqlite3_stmt *
db_stmt(struct db *db, const char *sql)
{
	struct stmt	*s;

	HASH_FIND(hh, db->stmts, sql, strlen(sql), s);
	if (s == NULL)
		return (s = prepare(db, sql)) == NULL ? NULL : s->handle;
	sqlite3_reset(s->handle);
	sqlite3_clear_bindings(s->handle);
	return s->handle;
}

/* What is bound must live until the statement was stepped. */
static int
bind_one(sqlite3_stmt *st, int i, char type, va_list *ap)
{
	const void	*p;
	size_t		 len;

	switch (type) {
	case 'i':
		return sqlite3_bind_int64(st, i, va_arg(*ap, int64_t));
	case 'u':
		return sqlite3_bind_int64(st, i,
		    (int64_t)va_arg(*ap, uint64_t));
	case 's':
		return sqlite3_bind_text(st, i, va_arg(*ap, const char *), -1,
		    SQLITE_STATIC);
	case 'b':
		p = va_arg(*ap, const void *);
		len = va_arg(*ap, size_t);
		return sqlite3_bind_blob64(st, i, p == NULL ? "" : p, len,
		    SQLITE_STATIC);
	case 'n':
		return sqlite3_bind_null(st, i);
	default:
		return SQLITE_MISUSE;
	}
}

static sqlite3_stmt *
bind_all(struct db *db, const char *sql, const char *fmt, va_list *ap)
{
	sqlite3_stmt	*st = db_stmt(db, sql);
	int		 code = SQLITE_OK;

	if (st == NULL)
		return NULL;
	for (int i = 0; fmt[i] != '\0' && code == SQLITE_OK; i++)
		code = bind_one(st, i + 1, fmt[i], ap);
	if (code == SQLITE_OK &&
	    (size_t)sqlite3_bind_parameter_count(st) != strlen(fmt))
		code = SQLITE_RANGE;
	if (code == SQLITE_OK)
		return st;
	failed(db, code, sql);
	return NULL;
}

sqlite3_stmt *
db_bind(struct db *db, const char *sql, const char *fmt, ...)
{
	sqlite3_stmt	*st;
	va_list		 ap;

	va_start(ap, fmt);
	st = bind_all(db, sql, fmt, &ap);
	va_end(ap);
	return st;
}

int
db_step(struct db *db, sqlite3_stmt *st)
{
	int	code, r;

	if (st == NULL)		/* db_bind() has failed */
		return db->error;
	code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		return code;
	/* Also when done: a statement that is not reset holds its locks. */
	r = code == SQLITE_DONE ? code : failed(db, code, sqlite3_sql(st));
	sqlite3_reset(st);
	return r;
}

int
db_run(struct db *db, const char *sql, const char *fmt, ...)
{
	sqlite3_stmt	*st;
	va_list		 ap;
	int		 r;

	va_start(ap, fmt);
	st = bind_all(db, sql, fmt, &ap);
	va_end(ap);
	while ((r = db_step(db, st)) == SQLITE_ROW)
		;
	return r < 0 ? r : sqlite3_changes(db->handle);
}

int64_t
db_int(struct db *db, int64_t dflt, const char *sql, const char *fmt, ...)
{
	sqlite3_stmt	*st;
	va_list		 ap;
	int64_t		 v = dflt;

	va_start(ap, fmt);
	st = bind_all(db, sql, fmt, &ap);
	va_end(ap);
	if (db_step(db, st) == SQLITE_ROW) {
		if (sqlite3_column_type(st, 0) != SQLITE_NULL)
			v = sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	return v;
}

sqlite3 *
db_handle(struct db *db)
{
	return db->handle;
}

int
db_version_before(const struct db *db)
{
	return db->before;
}

const char *
db_path(const struct db *db)
{
	return db->path;
}
