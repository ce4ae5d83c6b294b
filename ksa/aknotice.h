/*
 * aknotice.h - what the KM begins with applications of Q.4161, 0x1206 and
 * 0x120A: the notifier of session.h. It calls the engine from the loop, never
 * from within a call of the engine's.
 */
#ifndef KSA_AKNOTICE_H
#define KSA_AKNOTICE_H

#include "aklistener.h"
#include "akmsg.h"

int	aknotice_open(struct door *);		/* -E_NO_MEMORY */
/* When all guests have left: what they had is lost. */
void	aknotice_close(struct door *);
/* 0x2107, 0x210B. */
void	aknotice_answer(struct ak_listener *, const struct ak_command *,
	    uint32_t message_id, const struct ak_message *);

#endif
