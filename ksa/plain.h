/*
 * plain.h - plain peers: KMs that know only the four messages of Q.4163. There
 * are no pools with them. Keys that one brings are kept under its own key_IDs
 * until its application here fetches them (plainin.c, plainfetch.c).
 */
#ifndef KSA_PLAIN_H
#define KSA_PLAIN_H

#include <jansson.h>

#include "ksa/calls.h"
#include "ksa/plainstore.h"

struct plain_peer {
	const struct ksa_plain_peer *conf;
	bool		up;		/* relayd is connected to it */
	uint64_t	rows;		/* keys of it that are remembered */
	uint64_t	taken, refused;	/* keys; messages */
	uint64_t	supplied, failed;	/* keys; requests */
	uint64_t	waiting;	/* requests that it has not answered */
};

struct plain {
	struct env		*env;
	struct plain_peer	*v;
	size_t			 n;
	uint64_t		 life;		/* of kma; 0: not known */
	bool			 sweeping, erased;
	uint64_t		 checkpoint, count;	/* mono, ms */
};

int	plain_new(struct plain **, struct env *);
void	plain_free(struct plain **);
/* Start-up. `back`: the store went back in time. */
int	plain_start(struct env *, bool back);
/* Each second: what is due is erased, expires, is forgotten. */
void	plain_second(struct env *);
struct plain_peer *plain_find(const struct env *, const char *km);
/* The plain peer that the application is at; NULL: it is at none. */
struct plain_peer *plain_peer_of(const struct env *, const char *sae);
void	plain_there(struct env *, const char *km, bool up);
json_t	*plain_status(const struct env *);
/* Fetched before that it is too late to fetch it again. */
uint64_t plain_again(const struct env *, uint64_t now);

/* plainin.c: plain_ready. */
void	plainin_ready(struct env *, const struct msg_plain_ready *);

/* plainout.c: whether it asks for keys for a plain peer; the call. */
bool	plainout_is(const struct env *, const struct supply_request *);
struct supply_call *plainout_call(struct env *,
	    const struct supply_request *, supply_done *, void *arg);
bool	plainout_withdraw(struct supply_call *);

/* plainfetch.c: whether it asks for keys of plain peers; the call. */
bool	plainfetch_is(const struct env *, const struct supply_claim *);
struct supply_call *plainfetch_call(struct env *,
	    const struct supply_claim *, supply_done *, void *arg);

#endif
