/* auditint.h - what the files of the record share. */
#ifndef QKD_AUDITINT_H
#define QKD_AUDITINT_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit.h"

#define AUDIT_KEY_NAME	"audit_head"	/* what the sealed key is bound to */

struct audit_state {
	struct audit_anchor	 last;
	/* The oldest row in the store; the hash before it. */
	uint64_t		 first;
	uint8_t			 before[AUDITROW_HASH];
};

struct audit {
	struct audit_conf	 conf;
	struct db		*db;
	struct auditrow_hasher	*hasher;
	uint8_t			*key;		/* locked; once it is open */
	/* On disk; in this transaction; at its savepoint. */
	struct audit_state	 committed, now, saved;
	bool			 unknown;	/* a commit failed */
	pthread_mutex_t		 mutex;		/* of `committed` */
	_Atomic uint64_t	 failures;	/* to write, since the start */
	/* On the committer's thread: what goes to the archive that begins
	 * with archive_first. */
	uint64_t		 archive_first, archive_upto;
	/* On the loop; mono, ms. */
	uint64_t		 logged, looked;
	bool			 rotating;
	bool			 more;		/* of rotate_run, while it runs */
};

int	audit_new(struct audit **, const struct audit_conf *, struct db *);
int	audit_mac(const struct audit *, const struct audit_state *head,
	    uint8_t mac[AUDITROW_HASH]);
int	audit_write_head(struct audit *);
int	audit_new_key(struct audit *, struct sealer *);
/* On the loop. */
struct audit_state audit_committed(struct audit *);
/* A result of writing: counted, if it is a failure. */
int	audit_wrote(struct audit *, int result);
/* The head from disk, if its MAC holds: into committed. */
int	audit_load(struct audit *);
void	audit_follow(struct audit *);
/* On the loop: what is old goes to an archive. */
void	audit_rotate(struct audit *, struct committer *);

#endif
