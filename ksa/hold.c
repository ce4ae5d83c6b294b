/* hold.c - locked memory of keys that wait for an answer. */
#include "ksa/hold.h"

#include "ksa/sessions.h"
#include "ksa/share.h"
#include "secret.h"

#define PART	4	/* of locked memory, for each kind */

/* What secret.h says that it takes. */
static size_t
cost(uint64_t octets)
{
	size_t	n = 64;

	while (n < octets + 16)
		n *= 2;
	return n;
}

bool
hold_take(struct sessions *a, struct peer *p, enum hold_kind k,
    uint64_t octets)
{
	size_t	n = cost(octets);

	if (!share_allows(p->held[k], a->held[k], n, secret_total() / PART))
		return false;
	p->held[k] += n;
	a->held[k] += n;
	return true;
}

void
hold_give(struct sessions *a, struct peer *p, enum hold_kind k,
    uint64_t octets)
{
	size_t	n = cost(octets);

	p->held[k] -= n;
	a->held[k] -= n;
}
