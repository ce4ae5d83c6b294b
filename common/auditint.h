/* auditint.h - what the files of the record share. */
#ifndef QKD_AUDITINT_H
#define QKD_AUDITINT_H

#include <pthread.h>

#include "audit.h"

#define AUDIT_KEY_NAME	"audit_head"	/* what the sealed key is bound to */

struct audit {
	struct audit_conf	 conf;
	struct db		*db;
	struct auditrow_hasher	*hasher;
	uint8_t			*key;		/* locked; once it is open */
	/* The last row: on disk; in this transaction; at its savepoint. */
	struct audit_anchor	 committed, now, saved;
	bool			 unknown;	/* a commit failed */
	/* The oldest row in the store; the hash before it. */
	uint64_t		 first;
	uint8_t			 before[AUDITROW_HASH];
	pthread_mutex_t		 mutex;		/* of `committed` */
	uint64_t		 logged;	/* mono, ms */
};

int	audit_new(struct audit **, const struct audit_conf *, struct db *);
int	audit_mac(const struct audit *, const struct audit_anchor *head,
	    uint8_t mac[AUDITROW_HASH]);
int	audit_write_head(struct audit *);
int	audit_new_key(struct audit *, struct sealer *);
/* The head from disk, if its MAC holds: into committed, first, before. */
int	audit_load(struct audit *);
void	audit_follow(struct audit *);

#endif
