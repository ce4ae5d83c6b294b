/* fuzz_bind.c - bindings and parts of copies from a peer: what decodes is
 * within bounds, its pieces are those of the message, parts are in order. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "ksa/bindmsg.h"
#include "ksa/copy.h"
#include "tests/fuzz/replay.h"

#define PIECES1	"\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\0\0\1\0\0\0\x40\0\x10\0\x06SAE-B1" PIECES1 "\x40"),
	FUZZ_TEXT("\0\0\0\2\0\0\0\x20\x10\x10\0\x0dSAE-B1\nSAE-B2" PIECES1
	    "\x60" "\0\0\0\2\0\0\0\0\0\0\0\x20................"),
	FUZZ_TEXT("\0\0\4\0\0\0\x10\0\x10\x10\0\4a\nb\nx"),
	FUZZ_TEXT("\0\0\0\1\xff\xff\xff\xff\0\x0f\0\x02\n\n"),
	FUZZ_TEXT("\0\0\0\1\0\0\0\x40\0\x90\0\x06SAE-B1" PIECES1 "\x40"),
	FUZZ_END
};

static void
check(const struct msg_bind *m, const struct binding *b,
    const struct pieces *all)
{
	uint64_t	total = (uint64_t)m->keys * m->octets, sum = 0;

	if (b->nslaves == 0 || b->nslaves > BINDING_SLAVES_MAX ||
	    b->keys == 0 || b->keys > BINDING_KEYS_MAX || b->octets == 0 ||
	    (all != NULL) != b->copied ||
	    strlen(b->slaves) != m->slaves.len)
		abort();
	if (b->in_session != (m->session.len != 0) || (b->in_session &&
	    (b->nslaves != 1 || b->copied ||
	    memcmp(b->session, m->session.p, BINDING_SESSION) != 0)))
		abort();
	if (b->copied && total > BINDING_OCTETS_MAX)
		abort();
	for (uint32_t i = 0; i < b->pieces->n; i++)
		sum += b->pieces->v[i].octets;
	if (sum != total)
		abort();
	sum = 0;
	for (uint32_t i = 0; all != NULL && i < all->n; i++)
		sum += all->v[i].octets;
	if (all != NULL && sum != total + OTP_MAC_KEY)
		abort();
}

static size_t
one_bind(const uint8_t *p, size_t len)
{
	static const size_t	sessions[] = { 0, 15, 16, 17 };
	struct msg_bind	 m = { .request = 7, .master = "SAE-A1" };
	struct pieces	*all;
	struct binding	*b;
	size_t		 n;

	if (len < 12)
		return len;
	m.keys = get_be32(p);
	m.octets = get_be32(p + 4);
	m.mac = (struct msg_view){ p, p[8] };
	m.seed = (struct msg_view){ p, p[9] & 0x3f };
	m.session = (struct msg_view){ p, sessions[p[9] >> 6] };
	n = p[10] << 8 | p[11];
	p += 12;
	len -= 12;
	if (m.mac.len > len || m.seed.len > len || m.session.len > len ||
	    n > len)
		return 12;
	m.slaves = (struct msg_view){ p, n };
	m.pieces = (struct msg_view){ p + n, len - n < 16 ? len - n : 16 };
	if (bindmsg_decode(&m, 1, &b, &all) == 0)
		check(&m, b, all);
	else if (b != NULL || all != NULL)
		abort();
	binding_free(&b);
	free(all);
	return 12 + n + m.pieces.len;
}

/* Part after part: request, offset and length from the input. */
static void
parts(const uint8_t *p, size_t len)
{
	struct copy_parts	 c = { NULL, 0, 0, 0 };
	uint8_t			*copy;

	while (len >= 6) {
		uint64_t	request = p[0] & 3, offset = get_be32(p + 1);
		uint32_t	before = c.len;
		size_t		n = p[5];

		p += 6;
		len -= 6;
		n = n > len ? len : n;
		if (copy_part(&c, request, offset, p, n) < 0) {
			if (c.len != 0)
				abort();
		} else if (c.request != request || n == 0 ||
		    (offset != 0 && (offset != before ||
		    c.len != before + n)) ||
		    memcmp(c.p + offset, p, n) != 0)
			abort();
		p += n;
		len -= n;
	}
	copy = copy_parts_take(&c, c.request, c.len);
	free(copy);
	if (c.p != NULL || c.len != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t	n = one_bind(data, len);

	parts(data + n, len - n);
	return 0;
}
