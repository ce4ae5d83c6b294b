/* bindmsg.c - a bind message, from a peer, to a binding. */
#include "ksa/bindmsg.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

#define REQUEST_MAX	((1ULL << 60) - 1)

/* Hostile: one valid ID a line. */
static int
decode_slaves(const struct msg_view *v, char **out)
{
	const char	*p = (const char *)v->p;
	size_t		 left = v->len, n;

	for (unsigned i = 0; left > 0; i++) {
		const char	*end = memchr(p, '\n', left);

		n = end == NULL ? left : (size_t)(end - p);
		if (!sae_id_valid(p, n) || i == BINDING_SLAVES_MAX)
			return -E_BAD_FORMAT;
		if (end == NULL) {
			*out = strndup((const char *)v->p, v->len);
			return *out == NULL ? -E_NO_MEMORY : 0;
		}
		p += n + 1;
		left -= n + 1;
	}
	return -E_BAD_FORMAT;
}

/* With a copy the pieces end with those of the MAC's key. */
static int
decode_pieces(const struct msg_bind *m, struct binding *b,
    struct pieces **all)
{
	uint64_t	total = (uint64_t)m->keys * m->octets;
	int		r;

	if (!b->copied)
		return pieces_decode(&b->pieces, m->pieces.p, m->pieces.len,
		    total);
	if (total > BINDING_OCTETS_MAX)
		return -E_BAD_FORMAT;
	if ((r = pieces_decode(all, m->pieces.p, m->pieces.len,
	    total + OTP_MAC_KEY)) < 0)
		return r;
	b->pieces = pieces_part(*all, 0, total);
	if (b->pieces == NULL) {
		free(*all);
		*all = NULL;
	}
	return b->pieces == NULL ? -E_NO_MEMORY : 0;
}

int
bindmsg_decode(const struct msg_bind *m, uint64_t now, struct binding **out,
    struct pieces **all)
{
	struct binding	*b;
	char		*slaves;
	int		 r;

	*out = NULL;
	*all = NULL;
	if (m->request == 0 || m->request > REQUEST_MAX || m->keys == 0 ||
	    m->keys > BINDING_KEYS_MAX || m->octets == 0 ||
	    m->seed.len != KEYID_SEED || m->master[0] == '\0' ||
	    (m->session.len != 0 && m->session.len != BINDING_SESSION) ||
	    (m->mac.len != 0 && m->mac.len != OTP_MAC))
		return -E_BAD_FORMAT;
	if ((r = decode_slaves(&m->slaves, &slaves)) < 0)
		return r;
	b = binding_new(m->master, slaves);
	free(slaves);
	if (b == NULL)
		return -E_NO_MEMORY;
	b->request = m->request;
	b->keys = m->keys;
	b->octets = m->octets;
	b->made = now;
	b->copied = m->mac.len != 0;
	memcpy(b->seed, m->seed.p, KEYID_SEED);
	if (b->copied)
		memcpy(b->mac, m->mac.p, OTP_MAC);
	b->in_session = m->session.len != 0;
	if (b->in_session)
		memcpy(b->session, m->session.p, BINDING_SESSION);
	/* Keys of a session are for one slave, so they are no copy. */
	r = b->in_session && (b->nslaves != 1 || b->copied) ? -E_BAD_FORMAT :
	    decode_pieces(m, b, all);
	if (r < 0)
		binding_free(&b);
	*out = b;
	return r;
}
