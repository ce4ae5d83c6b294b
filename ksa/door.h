/*
 * door.h - the doors of the KSA: HTTPS, and Q.4161 over TCP if configured.
 * They share certificates, applications and limits. Their connections are in
 * guest.c, httpguest.c and akguest.c; what requests mean is in etsi014.c and
 * akask.c.
 */
#ifndef KSA_DOOR_H
#define KSA_DOOR_H

#include <event2/event.h>
#include <jansson.h>

#include "conf.h"
#include "sae.h"
#include "supply.h"

struct door;

/* Book, configuration and engine outlive the door. Errors are logged. */
int	door_open(struct door **, struct event_base *,
	    const struct ksa_conf *, struct sae_book *, struct supply *);
/*
 * Certificate, key, CA, CRLs and applications of a new configuration; on
 * failure all of the old stays. Connections go on; each is checked against
 * the new before its next request.
 */
int	door_reload(struct door *, const struct ksa_conf *);
/*
 * No new connections or requests; those in flight get their answer, or 503
 * after a short while; who does not take it is closed. gone() is called
 * when the last connection is.
 */
void	door_stop(struct door *, void (*gone)(void *), void *arg);
void	door_free(struct door **);
void	door_report(const struct door *, json_t *figures);
/* As expiry_report(). */
void	door_expiry(const struct door *, json_t *missing, json_t *warnings);

#endif
