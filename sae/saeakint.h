/* saeakint.h - what the files of saeak share. */
#ifndef SAE_AKINT_H
#define SAE_AKINT_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "akmsg.h"
#include "frame.h"
#include "saeak.h"
#include "saeakask.h"
#include "saelink.h"
#include "saeparts.h"

#define SAEAK_FRAME	(FRAME_HEADER + FRAME_PAYLOAD_MAX)

/* A request that is under way; of the thread that waits for its answer. */
struct saeakcall {
	/* What is asked; `want` and `session` only as long as it waits. */
	struct saeakframe	*frame;		/* its MessageID is set */
	const struct saewanted	*want;
	const char		*session;	/* whose keys; NULL: any */
	enum ak_code		 answer;	/* the code of the answer */
	/* How it went. */
	uint32_t		 message_id;
	uint64_t		 end;		/* of its octets: `written` */
	bool			 done, left;	/* it is over; all was sent */
	bool			 abandoned;	/* nobody waits; free it */
	int			 result;
	struct saewhy		 why;
	struct saekeys		*keys;
	uuid_text		 opened;	/* session of 0x1205 */
	TAILQ_ENTRY(saeakcall)	 entry;
};

/* What the KM has begun and nobody has served yet. */
struct saenotice {
	uint32_t		 message_id;
	uint64_t		 epoch;		/* the connection it came on */
	bool			 has_keys;	/* else a session is offered */
	struct saekeys		*keys;
	uint8_t			(*ids)[16];
	uint32_t		 nids;
	struct saesession	 session;
	TAILQ_ENTRY(saenotice)	 entry;
};

/* What was given back to the KM: the same comes twice only if nobody else is
 * there. */
struct saegiven {
	uuid_text		 session;
	uint8_t			 key[16];	/* the first; 0: none */
};
#define SAEAK_GIVEN	16

struct saeak {
	/* Never changed after saeak_open(). */
	struct saelink_to	 to;
	char			*kme, *kme_id;
	sae_id			 application;	/* "": not known */
	unsigned		 wait_ms, retry_ms;
	int			 wake;		/* eventfd: who polls, look */

	pthread_mutex_t		 lock;		/* of all that follows */
	pthread_cond_t		 changed;
	struct saelink		*link;		/* NULL: not connected */
	struct saelink		*grave;		/* closed when `busy` ends */
	uint64_t		 epoch;		/* counts connections */
	bool			 busy;		/* one polls, or connects */
	int			 lost;		/* why there is no link */
	struct saewhy		 lost_why;
	char			*in;		/* SAEAK_FRAME, locked */
	size_t			 inlen;
	uint8_t			*out;		/* no key in it */
	size_t			 outlen, outroom;
	uint64_t		 queued, written;	/* octets, ever */

	uint32_t		 last_id;	/* MessageID */
	unsigned		 abandoned;
	TAILQ_HEAD(, saeakcall)	 calls;
	unsigned		 nnotices;
	TAILQ_HEAD(, saenotice)	 notices;
	struct saesessions	 sessions;
	bool			 listening;	/* there is a handler */
	struct saeak_handlers	 handlers;
	/* What was offered and nobody listens here: the KM is to offer it on
	 * another connection, so this one is ended, after the answers that
	 * are still to come. */
	bool			 leaving, said_so, left;
	struct saegiven		 given[SAEAK_GIVEN];
	unsigned		 ngiven;
};

/* ---- saeakpipe.c: octets, and waiting; with the lock held ---- */

/* Connects if need be. -E_DOWN, -E_TIMEOUT, -E_STOPPED, -E_TLS, ... */
int	saeakpipe_connect(struct saeak *, uint64_t deadline, struct saewhy *);
/* Reads what is there, without waiting. */
void	saeakpipe_look(struct saeak *);
/* Sent as soon as it can be; false: no memory. */
bool	saeakpipe_send(struct saeak *, const struct saeakframe *);
/* Until done(arg): 0, -E_TIMEOUT, -E_STOPPED. Gives the lock away meanwhile.
 * done() is true at the latest when the connection is lost. */
int	saeakpipe_wait(struct saeak *, bool (*done)(const struct saeak *,
	    const void *), const void *arg, uint64_t deadline);
/* Of an error: that of a connection that may be there again soon. */
bool	saeakpipe_passing(int error);
/* Who waits for something learns why it will not come. */
void	saeakpipe_lose(struct saeak *, int result, const struct saewhy *);

/* ---- saeakturn.c: what came ---- */

/* Returns an error for what no KM sends; the connection is lost then. */
int	saeakturn(struct saeak *, const struct frame *, struct saewhy *);
void	saeaknotice_free(struct saenotice *);

/* ---- saeakcall.c: a request and its answer ---- */

/*
 * Asks, and asks again as the configuration says: `repeatable` is what may be
 * done twice. The call has its results then. Takes the lock.
 */
int	saeakcall_run(struct saeak *, const struct saeakcall *asked,
	    bool repeatable, struct saeakcall *answer, struct saewhy *);
/* Out of the list, with its result; frees it if nobody waits. */
void	saeakcall_end(struct saeak *, struct saeakcall *, int result,
	    const struct saewhy *);

#endif
