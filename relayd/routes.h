/*
 * routes.h - announcements of link state to and from the peers: who can be
 * reached, and the ways of control messages.
 */
#ifndef RELAYD_ROUTES_H
#define RELAYD_ROUTES_H

#include <jansson.h>

#include "frame.h"
#include "ident.h"

struct kx_peer;
struct relayd;
struct routes;

int	routes_new(struct routes **, struct relayd *);
void	routes_free(struct routes **);
void	routes_peer_up(struct routes *, struct kx_peer *);
void	routes_peer_down(struct routes *, struct kx_peer *);
void	routes_peer_kma(struct routes *, struct kx_peer *);
/* 0x11C2. -E_BAD_FORMAT and *why. */
int	routes_frame(struct relayd *, struct kx_peer *, const struct frame *,
	    const char **why);
/* n = 0: none. */
void	routes_to(struct routes *, const char *km, struct route *);
/* Everything anew, after they came up. */
void	routes_tell_kma(struct routes *);
void	routes_tell_ksa(struct routes *);
/* {"KME-B": "KME-A,KME-B"}; "" where there is none. */
json_t	*routes_status(struct routes *);

#endif
