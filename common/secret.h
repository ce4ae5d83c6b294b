/* secret.h - key bytes in locked memory; wiped by whoever uses them up. */
#ifndef QKD_SECRET_H
#define QKD_SECRET_H

#include <stddef.h>
#include <stdint.h>

struct secret {
	size_t	len;		/* octets in use */
	size_t	room;		/* octets allotted; never grows */
	uint8_t	bytes[];
};

/*
 * Locks `octets` of memory (rounded up to a power of two) for all secrets of
 * this process, keeps it out of core dumps. E_NO_MEMORY: RLIMIT_MEMLOCK is too
 * low. Once per process; more calls change nothing. Until it has succeeded,
 * secret_new() and secure_calloc() return NULL. A secret takes up the next
 * power of two above its octets and 16.
 */
int		 secret_init(size_t octets);
/* len = room = octets, content undefined. NULL when locked memory is full. */
struct secret	*secret_new(size_t octets);
/* A copy; NULL when locked memory is full. */
struct secret	*secret_copy(const uint8_t *, size_t octets);
/* Random octets from the approved generator; NULL on failure. */
struct secret	*secret_random(size_t octets);
/* Wipes and frees; NULL is fine; NULL after. Safe on any thread. */
void		 secret_free(struct secret **);
/* Whoever has secrets loses them, whatever they do: before an end. */
void		 secret_wipe_all(void);
/* Octets of locked memory in use, and in all. */
size_t		 secret_used(void);
size_t		 secret_total(void);

/* For small fixed keys inside other structs (kept in locked memory too). */
void		*secure_calloc(size_t octets);
void		 secure_free(void *, size_t octets);	/* wipes */

#endif
