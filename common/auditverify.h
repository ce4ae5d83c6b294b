/*
 * auditverify.h - the whole record of a store, archives and all, checked from
 * outside: read-only, while the daemon runs or not. The files may be hostile.
 */
#ifndef QKD_AUDITVERIFY_H
#define QKD_AUDITVERIFY_H

#include "auditchain.h"

#define AUDITVERIFY_TEXT	512

struct auditverify {
	uint64_t		 rows;		/* that were read */
	struct audit_anchor	 head;		/* the last one */
	uint64_t		 fault_at;	/* 0: there is none */
	char			 fault[AUDITCHAIN_TEXT];
	/* What the operator let pass, and what is not there to be read. */
	unsigned		 accepted;
	char			 accepted_last[AUDITCHAIN_TEXT];
	char			 absent[AUDITVERIFY_TEXT];
	/* Rows of anchors that are in there, so cannot be compared. */
	char			 unchecked[AUDITVERIFY_TEXT];
	char			 file[256];	/* not read; "": the store */
};

/* For reading a store or archive of a stranger. -E_NOT_FOUND: it cannot be
 * opened; -E_STORE_CORRUPT: what should be its tables is something else. */
int	auditverify_open(sqlite3 **, const char *path);
/*
 * archives: their directory. 0: see the result; -E_NOT_FOUND: no such store,
 * or it has no record, or an archive cannot be opened (`file`);
 * -E_STORE_CORRUPT.
 */
int	auditverify(struct auditverify *, const char *store,
	    const char *archives, const struct audit_anchor *,
	    size_t nanchors);
/* Files of archives, oldest first: fn(arg, file, first, last). -E_NOT_FOUND:
 * no such table; -E_STORE_CORRUPT: a name with a slash, rows that go back. */
typedef int	auditverify_each(void *arg, const char *file, uint64_t first,
	    const struct audit_anchor *last);
int	auditverify_archives(sqlite3 *store, auditverify_each *, void *arg);

#endif
