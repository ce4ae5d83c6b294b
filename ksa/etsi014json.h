/*
 * etsi014json.h - what requests of ETSI GS QKD 014 may say (clause 6), in a
 * JSON body or in the URL. Pure: this is where they are checked.
 */
#ifndef KSA_ETSI014JSON_H
#define KSA_ETSI014JSON_H

#include <jansson.h>
#include <stdint.h>

#include "supply.h"

/* What the Error object (6.5) will say. */
struct refusal {
	char	 message[512];
	json_t	*details;	/* array of {name: text}, or NULL */
};
/* Both return -E_BAD_FORMAT, so that a parser can end with them. */
int	refusal_set(struct refusal *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
int	refusal_detail(struct refusal *, const char *name, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
void	refusal_clear(struct refusal *);

struct key_request {		/* 6.2, within the limits */
	uint32_t	number;
	uint32_t	size;		/* bits, a multiple of 8 */
	uint32_t	nslaves;	/* additional ones */
	sae_id		slaves[SUPPLY_SLAVES_MAX - 1];
	struct supply_wish wish;
};

struct key_ids {		/* 6.4: distinct, at least one */
	uint32_t	n;
	uint8_t		id[SUPPLY_KEYS_MAX][16];
};

/* An empty body is an empty object. `query`: the text after '?'. */
int	etsi014_read_request(struct key_request *, const char *body,
	    size_t len, const struct supply_limits *, struct refusal *);
int	etsi014_read_request_query(struct key_request *, const char *query,
	    size_t len, const struct supply_limits *, struct refusal *);
int	etsi014_read_ids(struct key_ids *, const char *body, size_t len,
	    const struct supply_limits *, struct refusal *);
int	etsi014_read_ids_query(struct key_ids *, const char *query,
	    size_t len, struct refusal *);
/* POST carries its parameters in the body; in the query they are refused. */
int	etsi014_read_post_query(const char *query, size_t len,
	    struct refusal *);

#endif
