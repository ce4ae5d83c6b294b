/*
 * akread.h - what applications send by Q.4161, checked member by member: type,
 * presence, range. Pure: hostile octets in, checked values out.
 */
#ifndef QKD_AKREAD_H
#define QKD_AKREAD_H

#include "akmsg.h"

#define AKREAD_WHY	192

/*
 * 0 or -E_BAD_FORMAT; then `why` says what is wrong. A session_ID that could
 * be read is there all the same, so that the refusal can name it. Either way
 * akmsg_clear() follows; before, the message is as that leaves it.
 */
int	akread(struct ak_message *, const struct ak_command *,
	    const uint8_t *, size_t, char why[AKREAD_WHY]);

#endif
