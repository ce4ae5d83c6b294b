/*
 * exchange.h - which MessageID belongs to which relay on which hop, so that a
 * completion carries the number of its relay on every hop of the way back.
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

/* A relay came from `hop` with this MessageID. */
void	exchange_came(struct exchange *, const char *hop, const char *request,
	    uint32_t id, uint64_t now);
/* Its MessageID, which is forgotten then. */
bool	exchange_take_came(struct exchange *, const char *hop,
	    const char *request, uint32_t *id);

/* A relay went to `hop` with this MessageID. */
void	exchange_went(struct exchange *, const char *hop, uint32_t id,
	    const char *request, const struct route *, uint64_t now);
/* Which relay that was, which is forgotten then; false: unknown. */
bool	exchange_take_went(struct exchange *, const char *hop, uint32_t id,
	    char request[KXJSON_ID_MAX + 1], struct route *);
/* Forgets what is older than a minute. */
void	exchange_age(struct exchange *, uint64_t now);
unsigned exchange_count(const struct exchange *);

#endif
