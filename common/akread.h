/*
 * akread.h - what the other side sends by Q.4161, checked member by member:
 * type, presence, range. Pure: hostile octets in, checked values out.
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
/* The same of a payload that is parsed already. `keys` is only there: who
 * wants them reads them out of the octets, into locked memory. */
int	akread_object(struct ak_message *, const struct ak_command *,
	    const json_t *, char why[AKREAD_WHY]);

#endif
