/* ident.h - the names that travel: KM IDs, SAE IDs, routes, UUIDs, links. */
#ifndef QKD_IDENT_H
#define QKD_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KM_ID_MAX	64	/* octets without the NUL: [A-Za-z0-9._:-]+ */
#define SAE_ID_MAX	291	/* octets of UTF-8, any printable text */
#define LINK_NAME_MAX	64	/* as a KM ID */
#define ROUTE_HOPS_MAX	32	/* KMs in a route, ends included */
#define ROUTE_MAX	1024	/* octets: KM IDs with commas between */
#define UUID_TEXT	36

typedef char	km_id[KM_ID_MAX + 1];
typedef char	sae_id[SAE_ID_MAX + 1];
typedef char	route_text[ROUTE_MAX + 1];
typedef char	uuid_text[UUID_TEXT + 1];

bool	km_id_valid(const char *, size_t len);
bool	sae_id_valid(const char *, size_t len);	/* UTF-8, no control chars */

/*
 * A route is every KM from source to destination, ends included, as
 * "KME-A,KME-B,KME-C".
 */
struct route {
	unsigned	n;
	km_id		km[ROUTE_HOPS_MAX];
};
/* E_BAD_FORMAT: empty, too long, an invalid ID, an ID twice. */
int	route_parse(struct route *, const char *text);
void	route_print(const struct route *, route_text out);
void	route_reverse(struct route *);
/* Position of a KM in the route, or -1. */
int	route_find(const struct route *, const char *km);

/* A random (version 4) UUID, lower case. */
int	uuid_random(uuid_text out);
/* 16 octets to text and back; either case is read. E_BAD_FORMAT. */
void	uuid_print(const uint8_t in[16], uuid_text out);
int	uuid_parse(const char *text, size_t len, uint8_t out[16]);

/*
 * Time-ordered 63-bit numbers for blocks and requests: milliseconds since
 * 1970 in the upper 43 bits of 63, a counter in the lower 20. Always larger
 * than the one before and than `floor` (what the store remembers).
 */
uint64_t	serial_next(uint64_t *last, uint64_t floor);

uint64_t	now_ms(void);		/* wall clock */
uint64_t	mono_ms(void);		/* monotonic clock */

#endif
