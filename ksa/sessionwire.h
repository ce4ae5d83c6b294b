/*
 * sessionwire.h - what the KSAs of a session's two applications say to each
 * other (common/msg.def). Between applications of one node nothing travels:
 * the other half is called.
 */
#ifndef KSA_SESSIONWIRE_H
#define KSA_SESSIONWIRE_H

#include "ksa/sessions.h"

/* The word for `response` (doc/profile.md section 2). */
const char *sessionwire_token(enum supply_status);

/* Each: 0, or -E_DOWN and other errors of channel.h. */
int	sessionwire_open(struct session *);
int	sessionwire_opened(struct peer *, const uint8_t id[SESSION_ID],
	    enum supply_status, const char *words);
int	sessionwire_end(struct session *);
struct wire_keys {
	const uint8_t	*session;
	uint64_t	 request;
	const uint8_t	(*ids)[16];
	uint32_t	 number, octets;	/* of each */
};
int	sessionwire_offer(struct peer *, const struct wire_keys *);
int	sessionwire_taken(struct peer *, const struct wire_keys *,
	    enum supply_status, const char *words);

/* From the peer: authentic, but hostile. */
void	sessionwire_input(struct peer *, const struct msg *);

#endif
