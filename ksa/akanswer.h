/*
 * akanswer.h - answers to the requests of Q.4161: their tokens, and the frame
 * that is written where it leaves.
 */
#ifndef KSA_AKANSWER_H
#define KSA_AKANSWER_H

#include <jansson.h>

#include "akguest.h"

enum ak_token {			/* of `response`; doc/profile.md, section 2 */
	AK_SUCCESS,
	AK_BAD_REQUEST,
	AK_UNAUTHORIZED,
	AK_NOT_FOUND,
	AK_INSUFFICIENT_KEYS,
	AK_TOO_LARGE,
	AK_UNAVAILABLE,
	AK_TIMEOUT,
	AK_REJECTED,
	AK_EXPIRED,
	AK_TOKENS
};

struct ak_figures {
	uint64_t	frames, ignored, unexpected, closed;
	uint64_t	sent, answered, lost, late;	/* notices */
	uint64_t	answers[AK_TOKENS];
};

/* For the log: which keys a request is about. In a static buffer. */
const char *akanswer_about(const struct ak_request *);
/* The request is gone then. words: or NULL. */
void	akanswer_refuse(struct ak_request *, enum ak_token,
	    const char *words);
void	akanswer_give(struct ak_request *, const struct ak_keys *);
/* There is a session now. */
void	akanswer_session(struct ak_request *, const uint8_t id[SESSION_ID]);
void	akanswer_report(const struct ak_figures *, json_t *figures);

#endif
