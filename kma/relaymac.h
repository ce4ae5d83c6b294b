/* relaymac.h - what the MACs of key relay cover. Pure. */
#ifndef KMA_RELAYMAC_H
#define KMA_RELAYMAC_H

#include "ident.h"
#include "msg.h"
#include "otp.h"

struct relay_names {		/* what a frame says of itself */
	const char	*route, *request;
	uint64_t	 block, pad;
	struct msg_view	 text;
	uint32_t	 part, parts;	/* of the block; 0: the whole */
};

/*
 * The one-time MAC of a frame on one hop: sender, receiver, route (source
 * and destination are its ends), request, block, pad and ciphertext; of a part
 * also which one it is, of how many. `key` is
 * the MAC key of the link key block `pad`; it is copied, not wiped.
 */
int	relaymac_hop(uint8_t tag[OTP_MAC], const uint8_t *key,
	    const char *from, const char *to, const struct relay_names *);
/* The completion notification, under the pool block's own key. */
int	relaymac_done(uint8_t tag[OTP_MAC], const uint8_t *key,
	    const struct relay_names *, const char *response);

#endif
