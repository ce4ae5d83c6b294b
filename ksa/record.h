/*
 * record.h - what jobs do to keys, as rows of the record of keys (audit.h). On
 * an error the job must fail. No key bytes come here.
 */
#ifndef KSA_RECORD_H
#define KSA_RECORD_H

#include "audit.h"
#include "ksa/binding.h"
#include "ksa/keystore.h"

/* The row as it is, with the peer's name. */
int	record(struct side *, int64_t peer, struct audit_row *);
/* Supplied, copied, bound: with names and where the keys lie. */
int	record_binding(struct side *, enum audit_event, int64_t peer,
	    const struct binding *);
/* Of that request, so many keys. */
int	record_keys(struct side *, enum audit_event, int64_t peer,
	    uint64_t request, uint32_t keys, const char *why);
int	record_block(struct side *, enum audit_event, int64_t peer,
	    int direction, uint64_t serial, uint32_t octets, const char *why);
/* What concerns many rows at once: how many of what. */
int	record_many(struct side *, enum audit_event, int64_t peer, int n,
	    const char *what);
/* What goes to who fetches, in ranges. */
struct fetch;
int	record_delivery(struct side *, const struct fetch *);
/* n key_IDs of a plain peer, who got them or may have them. */
int	record_plain(struct side *, struct audit_row *, const char *km,
	    const uint8_t (*ids)[KEYID_OCTETS], uint32_t n);
/* row: NULL if only its ID is known. */
struct session_row;
int	record_session(struct side *, enum audit_event,
	    const uint8_t id[BINDING_SESSION], const struct session_row *);

#endif
