/*
 * db.h - SQLite as a key store wants it: WAL, synchronous=FULL,
 * secure_delete, a schema version, an integrity check at the start.
 */
#ifndef QKD_DB_H
#define QKD_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

/*
 * migrations[i] is the SQL that brings version i to i+1; all are applied
 * that the file has not seen, in one transaction. The file is made with mode
 * 0640 in the daemon's group. E_STORE_CORRUPT, E_STORE_SCHEMA (file is newer),
 * E_BUSY (another process, or this one, has it open for writing: the lock is
 * PATH-lock), E_STORE; the reason is logged with the path and a remedy.
 */
int	db_open(struct db **, const char *path, const char *const *migrations,
	    int nmigrations);
/* The version that db_open() found; 0: there was none. */
int	db_version_before(const struct db *);
/*
 * Once a store serves, a damaged file or a failing disk is no error like
 * others: what is read may be wrong, and what was written may be lost. fn is
 * called from any thread before anybody acts on it, and does not return.
 */
typedef void	db_ruined(const char *path);
void	db_on_ruin(db_ruined *);
/* A second, read-only connection for the event loop. */
int	db_open_reader(struct db **, const char *path);
/* Finalizes all statements; a writer checkpoints (TRUNCATE). NULL after. */
void	db_close(struct db **);

/*
 * What is kept in memory of the database must follow its transactions. fn is
 * told of each step of the writer's, on its thread; before the commit it may
 * write, and if it fails there is none.
 */
enum db_moment {
	DB_BEGUN,		/* all is as it was committed last */
	DB_SAVED, DB_UNDONE,	/* db_save(); and all since it is undone */
	DB_ENDING,		/* the commit is next */
	DB_COMMITTED,
	DB_UNKNOWN		/* whether it was committed */
};
typedef int	db_follower(void *arg, enum db_moment);
void	db_follow(struct db *, db_follower *, void *arg);

int	db_begin(struct db *);		/* BEGIN IMMEDIATE */
int	db_commit(struct db *);		/* on error: state unknown, logged */
void	db_rollback(struct db *);
/* Inside a transaction, not nested: undo what came after db_save(). */
int	db_save(struct db *);
int	db_undo(struct db *);
int	db_keep(struct db *);		/* after either */
/* Another number whenever what was written here may have been undone. */
uint64_t db_epoch(const struct db *);
int	db_exec(struct db *, const char *sql);
int	db_checkpoint(struct db *);	/* TRUNCATE; -E_BUSY: a reader blocks */

/*
 * Prepares once per connection: the SQL text itself is the key, so the same
 * text must not be used inside a loop over its own rows. The statement comes
 * back reset and with bindings cleared. NULL: logged.
 */
sqlite3_stmt *db_stmt(struct db *, const char *sql);
/*
 * Binds and steps: fmt letters i=int64_t u=uint64_t s=const char*
 * b=(const void*, size_t) n=null; texts and blobs are not copied. db_step()
 * returns SQLITE_ROW, SQLITE_DONE or a negative E_ (E_EXISTS: a constraint,
 * not logged) and takes NULL; whoever leaves a statement at SQLITE_ROW calls
 * sqlite3_reset(), or its locks stay. Without rows use db_run().
 */
sqlite3_stmt *db_bind(struct db *, const char *sql, const char *fmt, ...);
int	db_step(struct db *, sqlite3_stmt *);
/* db_bind + db_step to the end; returns rows changed, or negative E_. */
int	db_run(struct db *, const char *sql, const char *fmt, ...);
/* First column of the first row as int64; `dflt` if there is none or NULL. */
int64_t	db_int(struct db *, int64_t dflt, const char *sql, const char *fmt,
	    ...);
sqlite3	*db_handle(struct db *);
const char *db_path(const struct db *);

#endif
