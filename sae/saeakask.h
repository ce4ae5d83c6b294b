/*
 * saeakask.h - what an application sends by Q.4161, as frames without their
 * MessageID. Pure. None holds a key.
 */
#ifndef SAE_AKASK_H
#define SAE_AKASK_H

#include <stddef.h>
#include <stdint.h>

#include "saeclient.h"
#include "saewhy.h"

struct saeakframe {
	uint8_t	*octets;	/* header and payload; free() them */
	size_t	 len;
	unsigned command;
};

/* -E_RANGE: an argument, which the reason names; -E_NO_MEMORY. */
int	saeakask_get(struct saeakframe *, const struct saeget *,
	    struct saewhy *);
int	saeakask_fetch(struct saeakframe *, const struct saefetch *,
	    struct saewhy *);
int	saeakask_session(struct saeakframe *, const char *source,
	    const char *destination, const char *name, uint64_t limit,
	    struct saewhy *);
/* `slave` of what is asked does not count. */
int	saeakask_session_get(struct saeakframe *, const char *session,
	    const struct saeget *, struct saewhy *);
/* Answers to what the KM begins; the IDs are those of the keys it sent. */
int	saeakask_notified(struct saeakframe *, const char *session,
	    const char *response, struct saewhy *);
int	saeakask_supplied(struct saeakframe *, const char *session,
	    const uint8_t (*ids)[16], size_t n, const char *response,
	    struct saewhy *);
/* The last step before it leaves. */
void	saeakask_number(struct saeakframe *, uint32_t message_id);

#endif
