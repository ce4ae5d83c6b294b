/*
 * guest.h - one connection of an application, whichever door it came by: how
 * it comes in, whose it is, which answers may not have arrived, how it ends.
 * What its octets mean is the business of its kind (httpguest.c, akguest.c).
 */
#ifndef KSA_GUEST_H
#define KSA_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "conn.h"
#include "house.h"
#include "identity.h"
#include "porch.h"
#include "receipts.h"
#include "sae.h"

struct door;
struct guest;

struct guest_kind {
	const char	*name;		/* of the interface, for the log */
	size_t		 size;		/* of what begins with a struct guest */
	/* He is in: handshake done, counted; or NULL. */
	void		(*enter)(struct guest *);
	/* As conn_ops.input. */
	ssize_t		(*input)(struct guest *, const uint8_t *, size_t);
	/* As conn_ops.drained; or NULL. */
	void		(*drained)(struct guest *);
	/* Nothing is read from him any more; or NULL. */
	void		(*deaf)(struct guest *);
	/* He cannot be let in and may be told; conn_finish() follows. */
	void		(*turn_away)(struct guest *, const char *why);
	/* What is with the engine is refused now. */
	void		(*refuse)(struct guest *, const char *why);
	/* The end: calls that the engine still has become strays. */
	void		(*leave)(struct guest *);
};

struct guest {
	LIST_ENTRY(guest) entry;
	const struct guest_kind *kind;
	struct door	*door;
	struct porch_item waiting;	/* one of these two */
	struct tenant	 tenant;	/* busy: an exchange is open */
	struct conn	*conn;
	struct receipts	 receipts;
	struct identity	 identity;
	struct sae	*caller;	/* NULL: nobody we know */
	const char	*refusal;	/* why he is not served; or NULL */
	const char	*address;
	bool		 ready;		/* handshake done, counted */
	bool		 last;		/* nothing is read after this */
	bool		 broken;	/* no memory: closed without an answer */
};

/* Somebody connected; the guest owns the fd. */
void	guest_enter(struct door *, const struct guest_kind *,
	    const struct conn_limits *, int fd);
/* An answer is with the client, or with nobody: he is idle or goes. */
void	guest_answered(struct guest *, bool busy);
/* The answer that was just committed has keys: should it not reach the
 * client, that is logged. */
void	guest_has_keys(struct guest *, struct receipt *);
/* Nothing is read after this. */
void	guest_last(struct guest *);
/* After the answers that are due, if any, the connection ends. */
void	guest_finish(struct guest *);
void	guest_close(struct guest *, const char *why);
/* As quiet(), for refusals of his application's requests. */
bool	guest_quiet(const struct guest *);
/* For the log; "-" for none. */
const char *guest_sae(const struct guest *);

#endif
