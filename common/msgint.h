/* msgint.h - what msg.c, msgenc.c and msgdec.c share, and nobody else. */
#ifndef QKD_MSGINT_H
#define QKD_MSGINT_H

#include "msg.h"

#define MSGINT_SECRET_MAX	(1024 * 1024)
#define MSGINT_ENVELOPE		4	/* [id, kind, corr, err, fields] */

/* How many fields follow the envelope. */
uint32_t msg_fields(enum msg_id);

#endif
