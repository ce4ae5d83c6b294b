/*
 * sessions.h - the sessions of this node's applications, in memory. How they
 * end is in sessionend.c, creation in opening.c and invitation.c, keys in
 * draw.c (source) and offer.c (destination), what travels in sessionwire.c,
 * the applications in party.c.
 */
#ifndef KSA_SESSIONS_H
#define KSA_SESSIONS_H

#include <sys/queue.h>
#include <uthash.h>

#include "ksa/calls.h"
#include "ksa/peer.h"
#include "ksa/session.h"
#include "ksa/sessionstore.h"

struct draw;
struct offer;
struct opening;
struct invitation;
struct party;

struct session {
	struct session_row	 row;		/* as on disk; owned */
	struct peer		*peer;		/* the other application's KM;
						 * peers[0]: both are ours */
	/* Its applications, those that are ours. */
	struct party		*asker, *bidden;
	struct opening		*opening;	/* while it is created */
	struct invitation	*invitation;
	uint64_t		 used;		/* mono, ms: the last keys */
	uint64_t		 source_seen, destination_seen;
	/* What is under way and points here. Until it is over the session
	 * stays, ended or not. */
	unsigned		 busy, draws, offers;
	bool			 unwritten;	/* its end */
	UT_hash_handle		 hh;
	TAILQ_ENTRY(session)	 next;
};

TAILQ_HEAD(session_queue, session);

/* A draw or an offer: its keys are named once in a peer's life. */
struct session_key { int64_t peer; uint64_t request; };

struct sessions {
	struct env		*env;
	struct session		*all;
	struct session_queue	 living;	/* looked at in turn */
	struct session_queue	 ended;		/* the oldest first */
	struct party		*parties;
	unsigned		 open, nended;
	TAILQ_HEAD(, opening)	 openings;
	TAILQ_HEAD(, invitation) invitations;
	TAILQ_HEAD(, draw)	 draws;
	TAILQ_HEAD(, offer)	 offers;
	struct draw		*offered;	/* by session_key */
	struct offer		*bound;		/* by session_key */
	unsigned		 nopenings, ninvitations, ndraws, noffers;
	size_t			 held[HOLD_KINDS];
	const struct notifier	*notifier;	/* NULL: none yet */
	void			*notifier_arg;
};

/*
 * Takes the first of n and puts it last; for loops over a list that changes
 * meanwhile: an answer may bring new calls and end others.
 */
#define SESSIONS_TURN(V, LIST)						\
	do {								\
		TAILQ_REMOVE(LIST, V, next);				\
		TAILQ_INSERT_TAIL(LIST, V, next);			\
	} while (0)
#define SESSIONS_EACH(V, LIST, N)					\
	for (unsigned left_ = (N);					\
	    left_ > 0 && ((V) = TAILQ_FIRST(LIST)) != NULL; left_--)

int	sessions_new(struct sessions **, struct env *);
/* Start-up: those on disk; one that was only proposed ends. */
int	sessions_load(struct sessions *);
void	sessions_stop(struct sessions *);	/* answers what is open */
void	sessions_free(struct sessions **);
void	sessions_tick(struct sessions *);	/* every 100 ms */

struct session *sessions_find(struct sessions *, const uint8_t id[SESSION_ID]);
/* Takes what *row owns, whatever happens. NULL: no memory. */
struct session *sessions_add(struct sessions *, struct session_row *row,
	    struct peer *);
/* It never was: nobody knows of it. Or it is forgotten. */
void	sessions_drop(struct sessions *, struct session *);

/* By notifier; -E_NOT_FOUND if there is none. */
int	sessions_notify(struct sessions *, struct notice *);
void	sessions_hush(struct sessions *, struct notice *);
bool	sessions_present(const struct sessions *, const char *application);
/* An application that is not present may be arriving just now: ask again at
 * the next tick. `deadline`: session_answer_wait after the first time. */
bool	sessions_may_arrive(const struct sessions *, uint64_t deadline);

#endif
