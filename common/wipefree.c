/*
 * wipefree.c - free() and realloc() of the whole process wipe what they give
 * back. nng, msgpack, libevent and SQLite free buffers that held key bytes
 * and offer no hook. glibc lets a program define these functions; sanitizers
 * bring their own. Linked into the daemons that see keys.
 */
#include "config.h"

#ifndef QKD_SANITIZED

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Exported by glibc for this purpose, in no header. */
void	__libc_free(void *);

static void
wipe(void *p, size_t octets)
{
	memset(p, 0, octets);
	/* The compiler must think that somebody looks at it. */
	__asm__ volatile("" : : "r"(p) : "memory");
}

void
free(void *p)
{
	if (p == NULL)
		return;
	wipe(p, malloc_usable_size(p));
	__libc_free(p);
}

void *
realloc(void *p, size_t octets)
{
	size_t	 room;
	void	*q;

	if (p == NULL)
		return malloc(octets);
	if (octets == 0) {
		free(p);
		return NULL;
	}
	room = malloc_usable_size(p);
	/* In place, unless that would waste much. */
	if (octets <= room && octets >= room / 2) {
		wipe((char *)p + octets, room - octets);
		return p;
	}
	if ((q = malloc(octets)) == NULL)
		return NULL;
	memcpy(q, p, octets < room ? octets : room);
	free(p);
	return q;
}

#endif
