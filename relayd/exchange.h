/*
 * exchange.h - which MessageID belongs to which request on which hop, so that
 * what answers it (a completion, a response about a session) carries the
 * number of its request on every hop of the way back.
 */
#ifndef RELAYD_EXCHANGE_H
#define RELAYD_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "kxjson.h"

struct exchange;

int	exchange_new(struct exchange **);
void	exchange_free(struct exchange **);

/*
 * A request came from `hop` with this MessageID. `command` is its own, and
 * `request` tells it from others of its kind. With a route: it is for us,
 * `hop` is its source, and the answer finds its way back here.
 */
void	exchange_came(struct exchange *, const char *hop, enum kx_command,
	    const char *request, uint32_t id, const struct route *,
	    uint64_t now);
/* Its MessageID, and its route unless r is NULL; forgotten then. */
bool	exchange_take_came(struct exchange *, const char *hop,
	    enum kx_command, const char *request, uint32_t *id,
	    struct route *r);

/* A request went to `hop` with this MessageID. */
void	exchange_went(struct exchange *, const char *hop, enum kx_command,
	    const char *request, uint32_t id, const struct route *,
	    uint64_t now);
/* Which one that was, which is forgotten then; false: unknown, or another
 * than `request`, unless that is "". */
bool	exchange_take_went(struct exchange *, const char *hop,
	    enum kx_command, uint32_t id, char request[KXJSON_ID_MAX + 1],
	    struct route *);
/* Forgets what is older than a minute. */
void	exchange_age(struct exchange *, uint64_t now);
unsigned exchange_count(const struct exchange *);

#endif
