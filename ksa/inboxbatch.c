/* inboxbatch.c - what a peer says it bound, checked against its blocks. */
#include "ksa/inboxbatch.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/blocks.h"
#include "ksa/copy.h"
#include "ksa/record.h"

static int
refuse(struct inbox_batch *j, uint64_t request, const char *reason)
{
	if (j->nrefused < INBOXBATCH_REFUSALS) {
		j->refused[j->nrefused] = request;
		j->reason[j->nrefused] = reason;
	}
	j->nrefused++;
	return 0;
}

/* Known already: the same again is fine, another one voids both. */
static int
run_known(struct inbox_batch *j, struct side *s, const struct binding *b)
{
	struct binding	*old = NULL;
	int		 r;

	r = bindings_get_received(s, j->peer->id, b->request, &old);
	if (r == -E_NOT_FOUND)
		return 0;		/* so old that its row is gone */
	if (r == 0 && !binding_equal(old, b)) {
		refuse(j, b->request, "differs from the one before");
		r = bindings_void_received(s, j->peer->id, b->request,
		    "bound twice, differing");
	}
	binding_free(&old);
	return r;
}

static const struct pieces *
claimed(const struct inbox_item *it)
{
	return it->all != NULL ? it->all : it->b->pieces;
}

static const char *
pieces_reason(struct side *s, struct peer *p, const struct pieces *pieces)
{
	struct block_row	row;

	for (uint32_t i = 0; i < pieces->n; i++) {
		const struct piece	*v = &pieces->v[i];
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v->block };

		if (blocks_find(s, &name, &row) < 0)
			return "a block is not here";
		if (row.state != BLOCK_READY)
			return "a block is not confirmed";
		if (v->offset < row.used)
			return "octets were bound before";
		if (v->offset > row.octets ||
		    v->octets > row.octets - v->offset)
			return "octets beyond the end of a block";
	}
	return NULL;
}

static int
take_pieces(struct side *s, struct peer *p, const struct pieces *pieces)
{
	int	r = 0;

	for (uint32_t i = 0; r == 0 && i < pieces->n; i++) {
		struct block_name	name = { p->km, p->id, THEIRS,
		    pieces->v[i].block };

		r = blocks_take(s, &name, pieces->v[i].offset,
		    pieces->v[i].octets);
	}
	return r;
}

/* The key of the MAC: the last of the pieces. Reads it, or erases it. */
static int
mac_key(struct side *s, struct peer *p, const struct inbox_item *it,
    uint8_t *out)
{
	uint64_t		 at = binding_size(it->b);
	uint32_t		 left = OTP_MAC_KEY, n;
	struct block_row	 row;
	struct piece		 v;
	int			 r = 0;

	while (r == 0 && (n = pieces_map(it->all, at, left, &v)) > 0) {
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v.block };

		if ((r = blocks_find(s, &name, &row)) < 0)
			return r;
		r = out == NULL ? blocks_erase(s, &name, row.id, v.offset, n) :
		    blocks_read(s, &name, row.id, v.offset, n,
		    out + OTP_MAC_KEY - left);
		at += n;
		left -= n;
	}
	return r;
}

/* 0, or -E_MAC, or an error of the store. */
static int
check_copy(struct side *s, struct peer *p, const struct inbox_item *it)
{
	struct copy_way	way = { p->km, p->env->conf->kme_id };
	uint8_t		key[OTP_MAC_KEY], mac[OTP_MAC];
	int		r;

	if (it->all == NULL)
		return 0;
	if ((r = mac_key(s, p, it, key)) == 0)
		r = copy_mac(mac, key, &way, it->b, it->all);
	OPENSSL_cleanse(key, sizeof(key));
	return r < 0 ? r : mac_check(mac, it->b->mac, OTP_MAC);
}

/* What the source gave away without a slave for it is of no use to anybody. */
static int
pass_over(struct side *s, struct peer *p, const struct pieces *pieces)
{
	struct block_row	row;
	uint64_t		end;
	int			r = 0;

	for (uint32_t i = 0; r == 0 && i < pieces->n; i++) {
		const struct piece	*v = &pieces->v[i];
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v->block };

		end = (uint64_t)v->offset + v->octets;
		if ((r = blocks_find(s, &name, &row)) == 0 &&
		    row.state == BLOCK_READY && end <= row.octets &&
		    end > row.used)
			r = blocks_take(s, &name, (uint32_t)end, 0);
		if (r == -E_NOT_FOUND)
			r = 0;
	}
	return r;
}

/* The MAC's key has done its work. */
static int
take(struct inbox_batch *j, struct side *s, struct inbox_item *it)
{
	int	r = take_pieces(s, j->peer, claimed(it));

	return r < 0 || it->all == NULL ? r :
	    mac_key(s, j->peer, it, NULL);
}

static int
run_new(struct inbox_batch *j, struct side *s, struct inbox_item *it)
{
	const char	*reason = it->refusal;
	int		 r;

	if (reason == NULL)
		reason = pieces_reason(s, j->peer, claimed(it));
	if (reason == NULL && (r = check_copy(s, j->peer, it)) < 0) {
		if (r != -E_MAC && r != -E_SEAL && r != -E_SPENT)
			return r;
		j->nforged += r == -E_MAC;
		reason = r == -E_MAC ? "the MAC of the copy is wrong" :
		    "the key of the copy's MAC is not here";
	}
	it->b->state = it->b->in_session ? BINDING_OFFERED : BINDING_VALID;
	if (reason != NULL) {
		it->b->state = BINDING_VOID;
		refuse(j, it->b->request, reason);
	}
	if ((r = reason == NULL ? take(j, s, it) :
	    pass_over(s, j->peer, claimed(it))) < 0 ||
	    (r = bindings_receive(s, j->peer->id, it->b)) < 0 ||
	    (r = reason == NULL ? record_binding(s, AUDIT_BOUND,
	    j->peer->id, it->b) : record_keys(s, AUDIT_VOID, j->peer->id,
	    it->b->request, it->b->keys, reason)) < 0)
		return r;
	j->last = it->b->request;
	j->naccepted++;
	it->taken = binding_stands(it->b);
	return 0;
}

int
inboxbatch_run(struct db *db, void *arg)
{
	struct inbox_batch	*j = arg;
	struct side		*s = keystore_writer(j->peer->env->store);
	int			 r;

	(void)db;
	j->nrefused = j->naccepted = j->nforged = 0;
	if ((r = bindings_received_last(s, j->peer->id, &j->last)) < 0)
		return r;
	for (unsigned i = 0; i < j->n; i++) {
		struct inbox_item	*it = &j->v[i];

		it->taken = false;
		if (it->b->request <= j->last)
			r = run_known(j, s, it->b);
		else if (it->previous == j->last)
			r = run_new(j, s, it);
		else
			break;		/* a gap: what is missing comes again */
		if (r < 0)
			return r;
	}
	if (j->naccepted == 0)
		return 0;
	if ((r = bindings_set_received_last(s, j->peer->id, j->last)) < 0)
		return r;
	return consume_run(&j->use, s);
}

void
inboxbatch_free(struct inbox_batch *j)
{
	for (unsigned i = 0; i < j->n; i++) {
		binding_free(&j->v[i].b);
		free(j->v[i].all);
	}
	free(j);
}
