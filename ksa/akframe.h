/*
 * akframe.h - a message of Q.4161 as a whole frame, measured and then written
 * where it leaves: keys are copied nowhere else.
 */
#ifndef KSA_AKFRAME_H
#define KSA_AKFRAME_H

#include "akmsg.h"
#include "conn.h"

/* 0; -E_TOO_LARGE; -E_NO_MEMORY, also if the connection ends. Nothing was
 * written then. */
int	akframe_write(struct conn *, uint32_t message_id,
	    const struct ak_command *, const struct ak_message *);

#endif
