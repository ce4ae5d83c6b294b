/*
 * aknotice.h - what the KM begins with applications of Q.4161, 0x1206 and
 * 0x120A: the notifier of session.h. It chooses the connection and matches
 * the answers. It calls the engine from the loop, never from within a call of
 * the engine's: a connection may end in any of them.
 */
#ifndef KSA_AKNOTICE_H
#define KSA_AKNOTICE_H

#include <event2/event.h>

#include "akmsg.h"
#include "session.h"

struct door;
struct guest;

/* A connection that notices may go to; zeroed at first. */
struct ak_listener {
	struct guest		*guest;
	bool			 listed;	/* ours, and read from */
	LIST_ENTRY(ak_listener)	 entry;		/* of his application's */
	LIST_HEAD(, notice)	 open;
	unsigned		 nopen;
	uint64_t		 sent;		/* ever */
	bool			 short_of_room;	/* one could not be sent */
	bool			 dismissed;	/* his certificate is over */
	bool			 waits;		/* for its turn */
	TAILQ_ENTRY(ak_listener) turn;
};

struct aknotice {			/* of the door */
	struct event		*event;		/* NULL: no such door */
	TAILQ_HEAD(, ak_listener) turns;
	struct ak_listener	 nobody;	/* has what was lost */
	uint64_t		 sent, answered, lost, late;
};

int	aknotice_open(struct door *);		/* -E_NO_MEMORY */
/* When all guests have left: what they had is lost. */
void	aknotice_close(struct door *);

/* The guest is in, or somebody else now, or was heard just now. */
void	aknotice_heard(struct ak_listener *, struct guest *);
/* Nothing is read from it any more. */
void	aknotice_deaf(struct ak_listener *);
/* It is gone. */
void	aknotice_leave(struct ak_listener *);
/* Some of what is due to it was written. */
void	aknotice_room(struct ak_listener *);
/* 0x2107, 0x210B. */
void	aknotice_answer(struct ak_listener *, const struct ak_command *,
	    uint32_t message_id, const struct ak_message *);
/* The MessageID of the next: none that is open. */
uint32_t aknotice_number(struct ak_listener *);

#endif
