/*
 * kxplain.h - the payloads of a plain peer, a KM that knows only the four
 * messages of Q.4163: keys in clear. Pure but for locked memory.
 */
#ifndef RELAYD_KXPLAIN_H
#define RELAYD_KXPLAIN_H

#include "ident.h"
#include "kxjson.h"
#include "secret.h"

#define KXPLAIN_KEYS_MAX	1024	/* in one message */
#define KXPLAIN_OCTETS_MAX	8192	/* of a key */

/* 0x1101 */
struct kx_plain {
	struct route	route;		/* ends included */
	char		request[KXJSON_ID_MAX + 1];	/* "": none */
	sae_id		source, destination;	/* applications; "": none */
	uint32_t	n;
	uint8_t		ids[KXPLAIN_KEYS_MAX][16];
	uint8_t		sizes[KXPLAIN_KEYS_MAX][4];	/* octets of each */
	struct secret	*keys;		/* one after the other; the caller's */
};

/*
 * 0; -E_BAD_FORMAT and *why; -E_REFUSED: well-formed, but *why is the
 * response. `request` is set even then if it could be read. `keys` is NULL
 * after a failure.
 */
int	kxplain_read(struct kx_plain *, const uint8_t *, size_t,
	    const char **why);
/* 0x1102: response and request alone; what is in `extension` is ignored. */
int	kxplain_done(struct kx_done *, const uint8_t *, size_t,
	    const char **why);
/* 0x1103, 0x1104: the session, "" if it is not named. */
int	kxplain_session(uuid_text, const uint8_t *, size_t,
	    const char **why);

/* 0x1101 of n keys from the first. */
struct kx_plain_out {
	const struct route *route;
	const char	*request, *source, *destination;
	const uint8_t	*ids, *keys;
	uint32_t	 n, octets;	/* keys, of each */
};
/* Room that is enough; how many keys fit into a frame. */
size_t	kxplain_room(const struct kx_plain_out *);
uint32_t kxplain_most(const struct kx_plain_out *);
/* Octets written, or 0: it does not fit. */
size_t	kxplain_put(uint8_t *, size_t room, const struct kx_plain_out *);

/* 0x1104 that refuses. Octets written, or 0. */
size_t	kxplain_put_refusal(uint8_t *, size_t room, const char *session,
	    const char *response);

#endif
