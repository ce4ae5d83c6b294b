/* httpguest.h - a guest of the HTTPS door: its requests, one at a time. */
#ifndef KSA_HTTPGUEST_H
#define KSA_HTTPGUEST_H

#include "guest.h"
#include "http.h"
#include "supply.h"

/* A connection with its request and the answer to it. */
struct exchange {
	struct guest		 g;		/* first: casts rely on it */
	const struct http_request *request;	/* until etsi014_start() ends */
	/* What etsi014.c keeps while the engine works. */
	struct supply_call	*call;
	const char		*method;
	sae_id			 other;		/* the one in the path */
	/* What httpguest.c keeps. */
	struct receipt		 keys;		/* in the answer */
	struct http		*http;		/* NULL between requests */
	size_t			 answer;	/* octets being written */
	uint64_t		 begun;		/* histogram_turn() */
	bool			 reading;	/* input() is on the stack */
	bool			 paused;
	enum http_phase		 phase;		/* that the deadline is for */
};

extern const struct guest_kind	httpguest_kind;

/*
 * The answer to an exchange: room for exactly `octets` of body, behind the
 * head, where they leave; then httpguest_answered(). NULL: no memory, the
 * connection ends. `extra` as in httphead().
 */
char	*httpguest_answer(struct exchange *, int code, const char *extra,
	    size_t octets);
void	httpguest_answered(struct exchange *);
/* The answer to come has keys: should it not reach the client, that is
 * logged. Before httpguest_answer(). */
void	httpguest_has_keys(struct exchange *, uint32_t number,
	    const uint8_t first[16]);

#endif
