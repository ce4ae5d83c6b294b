/* outboxint.h - what outbox.c and outboxquery.c share. */
#ifndef KSA_OUTBOXINT_H
#define KSA_OUTBOXINT_H

#include <stdbool.h>

#include "ksa/peer.h"

#define OUTBOX_GAP_MS	300	/* one resend for a burst of gaps */

struct outbox {
	struct peer	*peer;
	uint64_t	 acked;		/* on disk at the peer */
	uint64_t	 stored;	/* acked, as it stands on our disk */
	uint64_t	 last;		/* our last committed request */
	uint64_t	 sent;		/* all up to there were sent */
	uint64_t	 previous;	/* what the next one follows */
	bool		 synced;	/* the peer has said where it is */
	bool		 behind;	/* rows on disk are not sent yet */
	unsigned	 flying;
	uint32_t	 copies;	/* octets of copies that are flying */
	uint64_t	 copies_last;	/* the request of the last of them */
	uint64_t	 held_up;	/* ms: since when by others' copies */
	uint64_t	 progress, resent;
};

/* All that follows that request once more. */
void	outbox_resend(struct outbox *, uint64_t upto);

#endif
