/*
 * plainstore.h - keys shared with plain peers, on disk: a row for each, by its
 * key_ID, which stays as a tombstone when the octets are gone.
 */
#ifndef KSA_PLAINSTORE_H
#define KSA_PLAINSTORE_H

#include "ident.h"
#include "ksa/keystore.h"
#include "secret.h"

#define PLAIN_ID	16
#define PLAIN_OCTETS_MAX 8192	/* of a key */

enum plain_state { PLAIN_VALID, PLAIN_ERASED, PLAIN_VOID, PLAIN_EXPIRED,
	PLAIN_ASKED };

struct plain_row {
	uint8_t		id[PLAIN_ID];
	km_id		km;
	bool		mine;		/* made here */
	sae_id		master, slave;
	uint32_t	octets;
	uint64_t	made, fetched;	/* ms since 1970; 0: not fetched */
	enum plain_state state;
	bool		kept;		/* its octets are here */
};

/* In a job. octets NULL: none are kept. -E_EXISTS: the ID is known. */
int	plainstore_add(struct side *, const struct plain_row *,
	    const uint8_t *octets);
/* -E_NOT_FOUND. out, if not NULL: row.octets octets in locked memory. */
int	plainstore_get(struct side *, const uint8_t id[PLAIN_ID],
	    struct plain_row *, uint8_t *out);
/* In a job. It goes to its slave at `now`; again only if it was fetched after
 * `again`. -E_SPENT. */
int	plainstore_fetch(struct side *, const uint8_t id[PLAIN_ID],
	    uint64_t now, uint64_t again);
/* In a job: what was asked is supplied, or void. -E_SPENT. */
int	plainstore_settle(struct side *, const uint8_t id[PLAIN_ID],
	    enum plain_state);

/* Fetched so long ago; not fetched and made so long ago; to be forgotten. */
struct plain_ages { uint64_t fetched, waited, forgotten; };
/* Whether plainstore_sweep() would change anything. */
bool	plainstore_due(struct side *, const struct plain_ages *);
/* In a job. Rows changed: erased, expired. */
int	plainstore_sweep(struct side *, const struct plain_ages *,
	    unsigned *erased, unsigned *expired);
/* Keys of that peer that are remembered. */
uint64_t plainstore_count(struct side *, const char *km);
/* In a job, at the start: what was asked is void; `back`: all is. */
int	plainstore_start(struct side *, bool back);
/* For sealing again: of a row of SQL_SEALED_PLAIN. */
size_t	plainstore_sealed_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *);

#endif
