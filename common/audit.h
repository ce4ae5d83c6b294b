/*
 * audit.h - the record of what happened to keys, in the store of the daemon
 * that writes it (auditrow.h, auditsql.h). A row is written in the transaction
 * of the act that it tells of: without the row the act does not happen.
 *
 * The head, the last row's place and hash, is kept in three places: here in
 * memory, in table audit_head under a MAC whose key is sealed in the store,
 * and in the system's log (audit_tick). So a cut tail is noticed while the
 * daemon runs, and at the next start, and so is a record that somebody wrote
 * anew. Not so at a start if the row of audit_head of that time, with its MAC,
 * is put back too: the record is one that was whole once. What shows it are
 * anchors kept elsewhere: the log's, and those of qkdctl audit verify.
 */
#ifndef QKD_AUDIT_H
#define QKD_AUDIT_H

#include "auditrow.h"
#include "committer.h"
#include "ctltable.h"
#include "db.h"
#include "seal.h"

struct audit;

struct audit_conf {
	const char	*daemon;	/* for messages */
	/* An anchor: the operator takes the record as it is up to there. */
	const char	*accept;
	int64_t		 days, rows;	/* that stay in the store; 0: all */
	int		 since;		/* the store's version that has it */
	/* A number that is 0 as long as nothing happened to keys. */
	const char	*used;
};

/*
 * Checks what is on disk, or begins the record of a new or older store; then
 * follows the transactions of db. -E_AUDIT: it was changed, -E_SEAL: its key
 * does not open; logged, with what to do. What conf points to, and the db,
 * stay the caller's; the sealer is not used any more.
 */
int	audit_open(struct audit **, const struct audit_conf *, struct db *,
	    struct sealer *);
/* After the db is closed. NULL is fine; NULL after. */
void	audit_free(struct audit **);

/* What the sealed key of the head is bound to, for storekey.h. */
size_t	audit_sealed_name(uint8_t *out, sqlite3_stmt *);

/* In a job. On an error the job must fail. */
int	audit_add(struct audit *, const struct audit_row *);

/* On the loop: the head that is on disk. */
struct audit_anchor audit_head(struct audit *);
/* The control command `audit`; its argument is the record. */
extern const struct ctl_command audit_commands[];
/* Its families of figures, see metrics.h; on the loop, with its reader. */
void	audit_figures(struct audit *, struct db *reader, json_t *all);
/* On the loop, each 100 ms or so: tells the log now and then, and sees to it
 * that old rows go to an archive. */
void	audit_tick(struct audit *, struct committer *);
/* Tells the log where the record is. */
void	audit_log(struct audit *, const char *when);

/* The options of a daemon that keeps a record, for its table. */
#define AUDIT_OPTIONS(struct_conf) \
	OPT_INT(struct_conf, audit_days, "400", 1, 36500, "days", \
	    "Rows of the record of keys (qkdctl audit) that are older go to " \
	    "an archive beside the store."), \
	OPT_INT(struct_conf, audit_rows, "1000000", 1000, 1000000000, "rows", \
	    "So many rows of the record stay in the store at most; the " \
	    "oldest go to an archive beside it."), \
	OPT_TEXT(CONF_STRING, struct_conf, audit_accept, "", \
	    "The place in the record, SEQ:HASH as the log said, up to which " \
	    "the operator takes it as it is although it fails its check. " \
	    "The record tells of it.")

#endif
