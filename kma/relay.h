/*
 * relay.h - inside key relay: relay.c is the source, hop.c transit and
 * destination, relayframe.c the pad arithmetic of one frame.
 */
#ifndef KMA_RELAY_H
#define KMA_RELAY_H

#include "histogram.h"
#include "kma/kma.h"
#include "kma/relaymac.h"

/* A key relay message on its way out; `text` is a secret until protected. */
struct hop_frame;

/* Copies the names and the text, which is clear still; the pad comes with
 * relay_frame_protect(). NULL: no memory. */
struct hop_frame *relay_frame_new(const char *hop,
	    const struct relay_names *);
/* XORs the pad in and makes the MAC; then the text may leave. */
int		 relay_frame_protect(struct hop_frame *,
		    const struct secret *pad_block, uint64_t pad);
/*
 * Transit: what came under one pad goes out under another; the sum of both
 * pads is applied, so that the key is never in clear here.
 */
int		 relay_frame_reprotect(struct hop_frame *,
		    const struct secret *in, const struct secret *out,
		    uint64_t pad);
/* The MAC of the frame that came, under the pad block it names. */
int		 relay_frame_check(const struct msg_relay_in *,
		    const char *from, const struct secret *pad_block);
int		 relay_frame_send(struct kma *, const struct hop_frame *);
void		 relay_frame_free(struct hop_frame **);

struct relay_counters {
	uint64_t	started, completed, failed, transit, received;
	uint64_t	refused, bad_mac;
};
struct relay_counters *relay_counters(struct kma *);
/* From drawing a block to its completion. */
const struct histogram *relay_took(struct kma *);

/*
 * relay.c. One part of a block, or all of it, over that route; of the names
 * only block, part and parts count. As relay_send().
 */
void		 relay_send_part(struct kma *, const struct route *,
		    const struct relay_names *, relay_done *, void *arg);

/* hop.c */
void		 hop_free(struct kma *);

#endif
