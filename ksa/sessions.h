/*
 * sessions.h - the sessions of this node's applications: found, ended, kept on
 * disk. Creation is in opening.c, keys in draw.c (source) and offer.c
 * (destination), what travels in sessionwire.c.
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

struct session {
	struct session_row	 row;		/* as on disk; owned */
	struct peer		*peer;		/* the other application's KM;
						 * peers[0]: both are ours */
	uint64_t		 used;		/* mono, ms: the last keys */
	uint64_t		 source_seen, destination_seen;
	unsigned		 busy;		/* draws and offers under way */
	bool			 telling;	/* a job about `told` runs */
	UT_hash_handle		 hh;
	TAILQ_ENTRY(session)	 ended;
};

struct sessions {
	struct env		*env;
	struct session		*all;
	unsigned		 open, nended;
	TAILQ_HEAD(, session)	 ended;		/* the oldest first */
	TAILQ_HEAD(, opening)	 openings;
	TAILQ_HEAD(, invitation) invitations;
	TAILQ_HEAD(, draw)	 draws;
	TAILQ_HEAD(, offer)	 offers;
	unsigned		 nopenings, ninvitations, ndraws, noffers;
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
void	sessions_second(struct sessions *);

struct session *sessions_find(struct sessions *, const uint8_t id[SESSION_ID]);
/* Whether an application of ours may have one more; else *why. */
bool	sessions_room(const struct sessions *, const char *application,
	    const char **why);
/* Takes what *row owns, whatever happens. NULL: no memory. */
struct session *sessions_add(struct sessions *, struct session_row *row,
	    struct peer *);
/* It never was: nobody knows of it. */
void	sessions_drop(struct sessions *, struct session *);
/* On disk at once. `tell`: its peer does not know yet. */
void	sessions_end(struct sessions *, struct session *,
	    enum supply_status why, bool tell);
/* If its limit is reached and nothing is under way. */
void	sessions_check_limit(struct sessions *, struct session *);
/* The peer says that it ended, or (`answer`) that it knows. */
void	sessions_peer_ended(struct sessions *, struct peer *,
	    const uint8_t id[SESSION_ID], enum supply_status why, bool answer);

/* By notifier; -E_NOT_FOUND if there is none. */
int	sessions_notify(struct sessions *, struct notice *);
void	sessions_hush(struct sessions *, struct notice *);
bool	sessions_present(const struct sessions *, const char *application);

#endif
