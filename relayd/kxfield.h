/* kxfield.h - members that several payloads of Kx have: read, checked and
 * written in one place. Pure. */
#ifndef RELAYD_KXFIELD_H
#define RELAYD_KXFIELD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ident.h"
#include "jsonout.h"

/* -E_BAD_FORMAT, and *why is what. */
int	kxfield_bad(const char **why, const char *what);
int	kxfield_km(const json_t *, km_id out);
/* Decimal text without leading zeros, or a JSON integer. */
int	kxfield_u64(const json_t *, uint64_t *out);
int	kxfield_base64(const json_t *, uint8_t *out, size_t room,
	    size_t *len);
/* Lower case, as we write it. */
int	kxfield_uuid(const json_t *, uuid_text out);
/* source_KMA_ID, destination_KMA_ID, transit_KMA_IDs: at least two nodes,
 * all different, at most ROUTE_MAX octets of text. */
int	kxfield_route(const json_t *object, struct route *, const char **why);
int	kxfield_extension(const json_t *object, const char **why);

/* The three members, without braces. */
void	kxfield_put_route(struct jsonout *, const struct route *);
/* Octets that they take at most. */
size_t	kxfield_route_room(const struct route *);

#endif
