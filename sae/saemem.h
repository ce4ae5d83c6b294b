/*
 * saemem.h - memory for keys: locked, in no core dump, wiped when freed. Each
 * piece is a mapping of its own, so that a library can have it without the
 * leave of the program around it.
 */
#ifndef SAE_MEM_H
#define SAE_MEM_H

#include <stddef.h>

/* Zeros. NULL: no memory, or RLIMIT_MEMLOCK is too low. */
void	*saemem_new(size_t octets);
/* Wipes; NULL is fine. */
void	 saemem_free(void *);

#endif
