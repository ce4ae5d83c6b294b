/* linkstatus.c - what a link's status tells. */
#include "kma/link.h"

const char *
link_state_name(enum link_state s)
{
	static const char *const	names[] = { "down", "comparing", "up" };

	return names[s];
}

/* In octets; the rates are those of the last seconds. */
static json_t *
stock(struct link *l)
{
	uint64_t	octets = (uint64_t)kma_conf.block_octets;
	uint64_t	now = mono_ms();

	return json_pack("{s:I, s:I, s:I, s:I}",
	    "out_octets", (json_int_t)(IDXSET_COUNT(&l->own) * octets),
	    "in_octets", (json_int_t)(IDXSET_COUNT(&l->theirs) * octets),
	    "agreed_octets_per_second",
	    (json_int_t)(rate_per_second(&l->in, now) * octets),
	    "spent_octets_per_second",
	    (json_int_t)(rate_per_second(&l->out, now) * octets));
}

json_t *
link_status(struct link *l)
{
	const struct padclass		*own = &l->line.class[PADLINE_OWN];
	const struct padclass		*transit =
					    &l->line.class[PADLINE_TRANSIT];
	const struct link_counters	*n = &l->n;
	json_t				*o;

	o = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b,"
	    " s:s, s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
	    " s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I},"
	    " s:o, s:o}",
	    "name", l->conf->name, "peer", l->conf->peer,
	    "state", link_state_name(l->state), "why", l->why,
	    "own_blocks", (json_int_t)IDXSET_COUNT(&l->own),
	    "their_blocks", (json_int_t)IDXSET_COUNT(&l->theirs),
	    "new_blocks", (json_int_t)l->nfresh,
	    "last_index", (json_int_t)l->last,
	    "module_connected", ipc_is_up(l->module),
	    "simulated", l->simulated, "module", l->module_state, "waiting",
	    "own", (json_int_t)own->waiting,
	    "transit", (json_int_t)transit->waiting,
	    "pairs", (json_int_t)(own->pairs + transit->pairs), "counters",
	    "dealt_own", (json_int_t)own->dealt,
	    "dealt_transit", (json_int_t)transit->dealt,
	    "refused", (json_int_t)n->refused,
	    "pulled", (json_int_t)n->pulled,
	    "surplus", (json_int_t)n->surplus,
	    "agreed", (json_int_t)n->agreed,
	    "lost", (json_int_t)n->lost, "differed", (json_int_t)n->differed,
	    "reconciled_away", (json_int_t)n->reconciled,
	    "given", (json_int_t)n->given,
	    "received", (json_int_t)n->received,
	    "given_void", (json_int_t)n->given_void,
	    "spent", (json_int_t)n->spent, "bad_mac", (json_int_t)n->bad_mac,
	    "bad_control", (json_int_t)n->bad_control,
	    "octets", linkaccount_status(l), "stock", stock(l));
	json_object_set_new(o, "usable", json_boolean(l->state == LINK_UP));
	if (l->qber != LINK_QBER_UNKNOWN && ipc_is_up(l->module))
		json_object_set_new(o, "qber",
		    json_real((double)l->qber / 1e6));
	return o;
}
