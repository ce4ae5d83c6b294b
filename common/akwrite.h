/* akwrite.h - messages of Q.4161 as JSON and as whole frames. Pure. */
#ifndef QKD_AKWRITE_H
#define QKD_AKWRITE_H

#include "akmsg.h"
#include "jsonout.h"

/* The payload. Mandatory members stand there in any case, others if the
 * message has them. */
void	akwrite(struct jsonout *, const struct ak_command *,
	    const struct ak_message *);
/*
 * Octets of the payload of 0x1203 or 0x1209 with `success` and so many keys,
 * whose sizes sum up to so many characters of base64. 0x120A has less.
 */
uint64_t akwrite_keys_len(enum ak_code, uint64_t number, uint64_t base64,
	    size_t extension_len);

#endif
