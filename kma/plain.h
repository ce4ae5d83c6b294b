/*
 * plain.h - plain peers: KMs that know only the four messages of Q.4163. Their
 * keys are in clear inside TLS, so relayd sees them. Who may be one stands in
 * kma's own configuration: nobody else's word lets a key in clear pass.
 */
#ifndef KMA_PLAIN_H
#define KMA_PLAIN_H

#include <jansson.h>

#include "msg.h"

struct kma;

/* plain_came, from relayd. */
void	 plain_from_relayd(struct kma *, const struct msg *);
/* plain_fetch, plain_stored, from ksa. */
void	 plain_from_ksa(struct kma *, const struct msg *);
json_t	*plain_status(void);

#endif
