/*
 * auditrow.h - a row of the record of what happened to keys, and its hash. The
 * record of a store is table `audit_log`; each row's hash covers the row and
 * the hash before, so that no row can be changed, left out or moved.
 */
#ifndef QKD_AUDITROW_H
#define QKD_AUDITROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDITROW_HASH		32	/* octets: SHA-256 */
#define AUDITROW_TEXT_MAX	(256U * 1024)

/* What happened: name and meaning are in auditevent.def. */
enum audit_event {
#define EVENT(name, text, meaning)	AUDIT_##name,
#include "auditevent.def"
#undef EVENT
	AUDIT_EVENTS
};

const char *auditrow_event(enum audit_event);
const char *auditrow_meaning(enum audit_event);
/* -1: there is none of that name. */
int	auditrow_find(const char *event);

/* NULL and 0: does not apply; first and last count only if count does. */
struct audit_row {
	enum audit_event event;
	const char	*link, *peer;		/* QKD link; KM there */
	const char	*source, *destination;	/* KMs, or applications */
	const char	*application;		/* who got the keys */
	uint64_t	 request;	/* octets 0..7 of key IDs, see keyid.h */
	uint64_t	 block;		/* serial of a pool block */
	uint64_t	 first, last;	/* link blocks, or places of keys */
	uint64_t	 count;		/* how many of first..last */
	uint64_t	 octets;	/* of each */
	const char	*detail;
};

/* The columns between seq and hash, in the order of table audit_log. */
enum audit_column { AUDIT_AT, AUDIT_EVENT, AUDIT_LINK, AUDIT_PEER,
	AUDIT_SOURCE, AUDIT_DESTINATION, AUDIT_APPLICATION, AUDIT_REQUEST,
	AUDIT_BLOCK, AUDIT_FIRST, AUDIT_LAST, AUDIT_COUNT, AUDIT_OCTETS,
	AUDIT_DETAIL, AUDIT_COLUMNS };

struct audit_value {
	enum { AUDIT_NULL, AUDIT_NUMBER, AUDIT_TEXT } type;
	int64_t		 n;
	const char	*p;		/* a text of n octets */
};

void	auditrow_values(const struct audit_row *, uint64_t at,
	    struct audit_value [AUDIT_COLUMNS]);
/* Values from a file that may be hostile: NULL, or what is wrong with them. */
const char *auditrow_check(const struct audit_value [AUDIT_COLUMNS]);

struct auditrow_hasher;
int	auditrow_hasher_new(struct auditrow_hasher **);
void	auditrow_hasher_free(struct auditrow_hasher **);
/* hash: of the row before (zeros: there is none); then of this one. */
int	auditrow_hash(struct auditrow_hasher *, uint64_t seq,
	    const struct audit_value [AUDIT_COLUMNS],
	    uint8_t hash[AUDITROW_HASH]);

/* A place in the record and what stood there: "SEQ:HASH", hexadecimal. */
struct audit_anchor { uint64_t seq; uint8_t hash[AUDITROW_HASH]; };
#define AUDITROW_ANCHOR_TEXT	(20 + 1 + 2 * AUDITROW_HASH + 1)
void	auditrow_anchor_text(const struct audit_anchor *,
	    char out[AUDITROW_ANCHOR_TEXT]);
/* From outside. -E_BAD_FORMAT. */
int	auditrow_anchor_parse(struct audit_anchor *, const char *);

#endif
