/* guest.h - one connection of an application to the HTTPS door. */
#ifndef KSA_GUEST_H
#define KSA_GUEST_H

#include <stddef.h>

#include "http.h"
#include "receipts.h"
#include "sae.h"
#include "supply.h"

struct door;
struct guest;

/* One request and its answer; lives as long as its connection. */
struct exchange {
	struct door		*door;
	const struct http_request *request;	/* until etsi014_start() ends */
	struct sae		*caller;	/* NULL: nobody we know */
	const char		*refusal;	/* why it is not served; or NULL */
	const char		*address;
	/* What etsi014.c keeps while the engine works. */
	struct supply_call	*call;
	const char		*method;
	sae_id			 other;		/* the one in the path */
	struct receipt		 keys;		/* in the answer */
};

/* Somebody connected; the guest owns the fd. */
void	guest_enter(struct door *, int fd);
/* After the answer that is due, if any, the connection ends. */
void	guest_finish(struct guest *);
/* What is with the engine is answered with 503 now. */
void	guest_refuse(struct guest *, const char *why);
void	guest_close(struct guest *, const char *why);

/*
 * The answer to an exchange: room for exactly `octets` of body, behind the
 * head, where they leave; then guest_answered(). NULL: no memory, the
 * connection ends. `extra` as in httphead().
 */
char	*guest_answer(struct exchange *, int code, const char *extra,
	    size_t octets);
void	guest_answered(struct exchange *);
/* The answer to come has keys: should it not reach the client, that is
 * logged. Before guest_answer(). */
void	guest_has_keys(struct exchange *, uint32_t number,
	    const uint8_t first[16]);
struct supply *guest_supply(const struct exchange *);
const struct sae_book *guest_book(const struct exchange *);

#endif
