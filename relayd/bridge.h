/* bridge.h - to the kma and the ksa of this node; the peers of bridge.c. */
#ifndef RELAYD_BRIDGE_H
#define RELAYD_BRIDGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "kxjson.h"

struct bridge;
struct relayd;

/* Dials both. Errors are logged. */
int	bridge_new(struct bridge **, struct relayd *);
void	bridge_free(struct bridge **);

/* To kma. up: the peer is connected, and its kma runs. */
void	bridge_neighbour(struct bridge *, const char *km, bool up);
/* 0, or -E_DOWN, -E_BUSY: counted by the caller. */
int	bridge_relay(struct bridge *, const char *hop,
	    const struct kx_relay *);
void	bridge_plain_there(struct bridge *, const char *peer, bool up);
int	bridge_plain_sent(struct bridge *, const char *peer, uint64_t relay,
	    const char *response);
int	bridge_plain_came(struct bridge *, const char *peer, uint64_t relay);
int	bridge_done(struct bridge *, const struct route *,
	    const char *request, const char *response, struct msg_view mac);
/* To ksa. */
void	bridge_reach(struct bridge *, const char *km, bool up);
/* KX_CONTROL to kma, all else to ksa. */
int	bridge_message(struct bridge *, enum kx_command, const char *from,
	    struct msg_view body);
/* Adds a text for each that is not connected. */
void	bridge_missing(struct bridge *, json_t *list);

#endif
