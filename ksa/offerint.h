/* offerint.h - what offer.c, offerkeys.c and offerend.c share: one offer. */
#ifndef KSA_OFFERINT_H
#define KSA_OFFERINT_H

#include "ksa/bindings.h"
#include "ksa/keyid.h"
#include "ksa/offer.h"
#include "ksa/sessions.h"

#define OFFER_WORDS	256

enum offer_stage {
	OFFER_UNBOUND,	/* the binding is not on disk yet */
	OFFER_COMPARING, /* it is; whether the stores agree is not known yet,
			  * or the application may be arriving */
	OFFER_DELIVERING, /* the delivery is on its way to disk */
	OFFER_BRINGING,	/* to the application, or until it comes back */
	OFFER_SETTLING,	/* confirmed: on the way to disk */
	OFFER_VOIDING,	/* not confirmed: on the way to disk */
};

struct offer {
	struct notice		 notice;	/* first: casts rely on it */
	struct sessions		*all;
	struct session		*session;	/* NULL: there is none */
	struct peer		*peer;		/* the source's KM */
	struct session_key	 key;
	enum offer_stage	 stage;
	bool			 is_void;	/* the source says so */
	uint64_t		 held;		/* octets; 0: none */
	struct secret		*keys;
	uint8_t			(*ids)[KEYID_OCTETS];
	uint8_t			*confirmed;	/* by key, 1: it is */
	uint32_t		 nconfirmed;
	struct binding		*delivery;	/* what goes to disk */
	struct consume		 use;
	uint64_t		 now, deadline;	/* wall, mono; ms */
	enum supply_status	 status;	/* of a failure */
	char			 words[OFFER_WORDS];
	TAILQ_ENTRY(offer)	 next;
	UT_hash_handle		 hh;		/* of sessions.bound */
};

/* offerkeys.c. As soon as the keys are bound, and the stores of both ends
 * were compared: their delivery to disk, then to the application. */
void	offerkeys_deliver(struct offer *);
/* It is its turn. False: there is no room, or no connection any more, and it
 * goes on waiting. */
bool	offerkeys_try(struct notice *);
/* Of its notice. */
bool	offerkeys_answered(struct notice *, bool success,
	    const char *response, const uint8_t (*ids)[16], uint32_t n);
void	offerkeys_lost(struct notice *);

/* offerend.c. Either ends the offer, at once or when it is on disk. */
void	offerend_void(struct offer *, enum supply_status, const char *words);
void	offerend_settle(struct offer *);

#endif
