/*
 * door.h - the HTTPS door: connections of applications, their limits and
 * deadlines, requests in and answers out. What the requests mean is in
 * etsi014.c.
 */
#ifndef KSA_DOOR_H
#define KSA_DOOR_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "http.h"
#include "sae.h"
#include "supply.h"

struct door;

/* One request and its answer; lives as long as its connection. */
struct exchange {
	struct door		*door;
	const struct http_request *request;	/* until etsi014_start() ends */
	struct sae		*caller;	/* NULL: registered nowhere */
	const char		*certificate;	/* for the log, then */
	const char		*address;
	/* What etsi014.c keeps while the engine works. */
	struct supply_call	*call;
	const char		*method;
	sae_id			 other;		/* the one in the path */
};

/* Book, configuration and engine outlive the door. Errors are logged. */
int	door_open(struct door **, struct event_base *,
	    const struct ksa_conf *, const struct sae_book *,
	    struct supply *);
/* Certificate, key and CA are read again; on failure the old ones stay. */
int	door_reload(struct door *);
/*
 * No new connections or requests; those in flight get their answer, or 503
 * after a short while. gone() is called when the last connection is.
 */
void	door_stop(struct door *, void (*gone)(void *), void *arg);
void	door_free(struct door **);
void	door_report(const struct door *, json_t *figures);

/*
 * The answer to an exchange: room for exactly `octets` of body, behind the
 * head, where they leave; then door_answered(). NULL: no memory, the
 * connection ends. `extra` as in http_head().
 */
char	*door_answer(struct exchange *, int code, const char *extra,
	    size_t octets);
void	door_answered(struct exchange *);
struct supply *door_supply(const struct exchange *);
const struct sae_book *door_book(const struct exchange *);

#endif
