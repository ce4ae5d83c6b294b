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

struct kma_plain_conf;

/* plain_came, plain_load, plain_sent, from relayd. */
void	 plain_from_relayd(struct kma *, const struct msg *);
/* plain_fetch, plain_stored, plain_draw, from ksa. */
void	 plain_from_ksa(struct kma *, const struct msg *);
json_t	*plain_status(void);
/* NULL: not one. Whether it serves that application of this node. */
const struct kma_plain_conf *plain_peer(const char *km);
bool	 plain_serves(const struct kma_plain_conf *, const char *sae);

/* plainout.c: keys that are drawn here, for a plain peer. */
void	 plainout_ksa_up(struct kma *);
void	 plainout_draw(struct kma *, uint64_t corr,
	    const struct msg_plain_draw *);
void	 plainout_load(struct kma *, uint64_t corr,
	    const struct msg_plain_load *);
void	 plainout_sent(struct kma *, const struct msg_plain_sent *);
void	 plainout_tick(struct kma *);
void	 plainout_down(struct kma *);	/* relayd is gone */
void	 plainout_free(struct kma *);
uint64_t plainout_count(void);		/* requests that were taken */

#endif
