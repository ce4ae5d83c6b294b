#include "saemem.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Stands before what the caller sees. */
union head {
	size_t		octets;		/* of the whole mapping */
	max_align_t	align;
};

void *
saemem_new(size_t octets)
{
	size_t		 page = (size_t)sysconf(_SC_PAGESIZE);
	union head	*h;

	if (octets > SIZE_MAX / 2)
		return NULL;
	octets = (octets + sizeof(*h) + page - 1) / page * page;
	h = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (h == MAP_FAILED)
		return NULL;
	if (mlock(h, octets) < 0 || madvise(h, octets, MADV_DONTDUMP) < 0) {
		munmap(h, octets);
		return NULL;
	}
	/* A child that is forked has no use for it; old kernels lack this. */
	(void)madvise(h, octets, MADV_WIPEONFORK);
	h->octets = octets;
	return h + 1;
}

void
saemem_free(void *p)
{
	union head	*h = p;
	size_t		 octets;

	if (p == NULL)
		return;
	octets = (--h)->octets;
	OPENSSL_cleanse(h, octets);
	munmap(h, octets);
}
