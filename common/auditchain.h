/*
 * auditchain.h - reads the rows of a record, of a store or an archive, and
 * finds the first that is not what was written. The file may be hostile.
 */
#ifndef QKD_AUDITCHAIN_H
#define QKD_AUDITCHAIN_H

#include <sqlite3.h>

#include "auditrow.h"

#define AUDITCHAIN_TEXT	200

struct auditchain {
	struct auditrow_hasher	*hasher;
	struct audit_anchor	 at;	/* the last row that was read */
	uint64_t		 rows;
	/* Rows that somebody else knows: what comes by is compared. */
	const struct audit_anchor *anchors;
	size_t			 nanchors;
	uint64_t		 fault_at;	/* row; 0: there is no fault */
	char			 fault[AUDITCHAIN_TEXT];
	/* Faults that the operator let pass later (event `accepted`). */
	unsigned		 accepted;
	char			 accepted_last[AUDITCHAIN_TEXT];
};

/* From the row after `at` on. */
int	auditchain_new(struct auditchain **, const struct audit_anchor *at);
void	auditchain_free(struct auditchain **);
/*
 * One row: `seq`, the columns, `hash`, as AUDITCHAIN_SELECT names them; the
 * first fault is remembered. -E_SYSTEM, -E_STORE_CORRUPT: rows go back.
 */
#define AUDITCHAIN_SELECT "SELECT seq, " AUDIT_COLUMN_NAMES ", hash" \
	" FROM audit_log"
int	auditchain_step(struct auditchain *, sqlite3_stmt *);
/* All rows that follow, up to that one, some at a time, so that no reader
 * keeps a log of the store from being cut. -E_STORE_CORRUPT. */
int	auditchain_read(struct auditchain *, sqlite3 *, uint64_t upto);
/*
 * A statement that reads a stranger's file ends within some ten seconds of the
 * last row, SQLITE_INTERRUPT: who reads sets `steps` to 0 at each row. NULL: no
 * such end.
 */
void	auditchain_patience(sqlite3 *, unsigned *steps);
/* A fault that is not in a row itself. */
void	auditchain_fault(struct auditchain *, uint64_t seq, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
/* The hash of that row as it stands there. -E_NOT_FOUND. */
int	auditchain_find(sqlite3 *, uint64_t seq, struct audit_anchor *);

#endif
