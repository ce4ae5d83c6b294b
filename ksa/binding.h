/*
 * binding.h - one request: which keys are for whom, where they lie, which
 * were delivered and erased.
 */
#ifndef KSA_BINDING_H
#define KSA_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "ksa/keyid.h"
#include "ksa/pieces.h"
#include "ksa/supply.h"
#include "otp.h"

enum binding_state {
	BINDING_VALID, BINDING_ERASED, BINDING_VOID, BINDING_EXPIRED,
	/* Of a session: not confirmed by both ends yet. */
	BINDING_OFFERED
};

#define BINDING_SESSION		16	/* octets */

#define BINDING_KEYS_MAX	1024
#define BINDING_SLAVES_MAX	SUPPLY_SLAVES_MAX
#define BINDING_OCTETS_MAX	(4U << 20)	/* of all keys of one */

struct binding {
	uint64_t	 request;
	char		*master, *slaves;	/* one a line */
	uint32_t	 nslaves;
	uint32_t	 keys, octets;
	uint64_t	 made;
	uint8_t		 seed[KEYID_SEED];
	struct pieces	*pieces;
	int		 state;
	/* What the pieces name is not the keys but their pad. */
	bool		 copied;
	uint8_t		*copy;		/* only on its way; keys XOR pad */
	uint8_t		 mac[OTP_MAC];	/* of a copy that is sent */
	/* They are brought to the slave, and never fetched. */
	bool		 in_session;
	uint8_t		 session[BINDING_SESSION];
	/* received only, or NULL: none */
	uint32_t	*fetched;	/* by slave and key: binding_stamp(),
					 * 0: not yet */
	uint8_t		*erased;	/* a bit per key */
};

struct binding	*binding_new(const char *master, const char *slaves);
void		 binding_free(struct binding **);
int		 binding_add_slave(struct binding *, const char *);
/* Its place among the slaves, or -E_NOT_FOUND. */
int		 binding_slave(const struct binding *, const char *);
static inline uint32_t
binding_size(const struct binding *b)	/* octets of all keys */
{
	return b->keys * b->octets;
}
/* When that slave fetched that key; only if `fetched` is there. */
static inline uint32_t *
binding_fetched(const struct binding *b, uint32_t slave, uint32_t key)
{
	return &b->fetched[slave * b->keys + key];
}
/* Whether two say the same; what happened to them since does not count. */
bool		 binding_equal(const struct binding *, const struct binding *);
/* When a key was delivered, as stored, and back. Never 0; 10 ms units. */
uint32_t	 binding_stamp(const struct binding *, uint64_t now);
uint64_t	 binding_time(const struct binding *, uint32_t stamp);
/* May what was delivered then be delivered again? A clock that was set back
 * does not keep the window open. */
bool		 binding_window_open(uint64_t at, uint64_t window,
		    uint64_t now);
bool		 binding_is_erased(const struct binding *, uint32_t key);
/* Valid, or may become it. */
static inline bool
binding_stands(const struct binding *b)
{
	return b->state == BINDING_VALID || b->state == BINDING_OFFERED;
}
/* Room for the stamps, if there is none yet. */
int		 binding_need_fetched(struct binding *);

#endif
