/*
 * akmatch.h - what an application's answer says of the exchange that it
 * belongs to by its MessageID (0x2107, 0x210B). Pure: the message is hostile.
 */
#ifndef KSA_AKMATCH_H
#define KSA_AKMATCH_H

#include "akmsg.h"
#include "session.h"

struct akmatch {
	bool		 success;	/* of the keys that are named */
	const char	*response;	/* the message's, or what is wrong */
	uint32_t	 n;		/* keys of the notice, each once */
	uint8_t		 ids[AK_KEYS_MAX][16];
};

/*
 * Success is `success` and nothing behind it, in the notice's session and, of
 * 0x210B, for keys of the notice alone: one or more of them. False: it speaks
 * of something else.
 */
bool	akmatch(struct akmatch *, const struct notice *,
	    const struct ak_message *);

#endif
