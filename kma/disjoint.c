/*
 * disjoint.c - a pool block as the XOR of random parts, each relayed over a
 * route of its own that shares no node with the others. Whoever lacks one of
 * the parts knows nothing of the block.
 */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/relay.h"
#include "log.h"
#include "otp.h"

struct disjoint {
	struct kma	*kma;
	unsigned	 open;		/* parts whose fate is not known */
	struct secret	*sum;
	struct origin	 origin;
	relay_done	*done;		/* NULL: it was told */
	void		*arg;
};

static void
tell(struct disjoint *d, int r)
{
	relay_done	*done = d->done;
	struct secret	*sum = d->sum;

	if (done == NULL)
		return;
	d->done = NULL;
	d->sum = NULL;
	if (r < 0)
		secret_free(&sum);
	done(d->arg, r, sum, &d->origin);
}

static void
add(struct disjoint *d, struct secret *part, const struct origin *o)
{
	if (d->sum == NULL) {
		d->sum = part;
		d->origin = *o;
		return;
	}
	otp_apply(d->sum->bytes, part->bytes, part->len);
	secret_free(&part);
	d->origin.paths++;
	if (o->hops > d->origin.hops)
		d->origin.hops = o->hops;
	if (o->made < d->origin.made)
		d->origin.made = o->made;
}

static void
part_done(void *arg, int r, struct secret *part, const struct origin *o)
{
	struct disjoint	*d = arg;

	/* Of stock from before block_octets was changed. */
	if (r == 0 && d->sum != NULL && part->len != d->sum->len)
		r = -E_PAD_LENGTH;
	if (r == 0 && d->done != NULL)
		add(d, part, o);
	else
		secret_free(&part);
	d->open--;
	if (r < 0 || d->open == 0)
		tell(d, r);
	if (d->open == 0)
		free(d);
}

void
disjoint_send(struct kma *k, const char *peer, uint64_t block,
    unsigned paths, relay_done *done, void *arg)
{
	struct route	 routes[BLOCK_PARTS_MAX];
	struct disjoint	*d = NULL;
	unsigned	 there = 0;
	int		 r = -E_NO_MEMORY;

	if (paths > BLOCK_PARTS_MAX)
		r = -E_PATHS;
	else if ((there = routes_disjoint(k, peer, paths, routes)) == 0)
		r = routes_error(k, peer);	/* it may be there soon */
	else if (there < paths) {
		supply_paths(k, peer, there);
		r = -E_PATHS;
	} else if ((d = calloc(1, sizeof(*d))) != NULL) {
		*d = (struct disjoint){ .kma = k, .open = paths,
		    .done = done, .arg = arg };
		for (unsigned i = 0; i < paths; i++)
			relay_send_part(k, &routes[i], &(struct relay_names){
			    .block = block, .part = i + 1, .parts = paths },
			    part_done, d);
		return;
	}
	done(arg, r, NULL, NULL);
}
