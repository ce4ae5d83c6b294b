/*
 * aklistener.h - connections of Q.4161 that the KM may begin an exchange
 * with: whose they are, which have room, what they have not answered yet.
 * What their end means to the engine waits for a turn of the loop, since they
 * may end within any call.
 */
#ifndef KSA_AKLISTENER_H
#define KSA_AKLISTENER_H

#include <event2/event.h>

#include "session.h"

struct door;
struct guest;

/* One of them; zeroed at first. */
struct ak_listener {
	struct guest		*guest;
	bool			 listed;	/* ours, and read from */
	LIST_ENTRY(ak_listener)	 entry;		/* of his application's */
	LIST_HEAD(, notice)	 open;
	unsigned		 nopen;
	uint64_t		 sent;		/* ever */
	bool			 short_of_room;	/* one could not be sent */
	bool			 silent;	/* let one go unanswered */
	bool			 dismissed;	/* his certificate is over */
	bool			 waits;		/* for a turn */
	TAILQ_ENTRY(ak_listener) turn;
};

struct ak_listeners {			/* of the door */
	struct event		*event;		/* NULL: no such door */
	TAILQ_HEAD(, ak_listener) turns;
	struct ak_listener	 nobody;	/* has what was lost */
};

/* The guest is in, or somebody else now, or was heard just now. */
void	aklistener_heard(struct ak_listener *, struct guest *);
/* Nothing is read from him any more: what he has not answered is lost. */
void	aklistener_deaf(struct ak_listener *);
/* He is gone. */
void	aklistener_leave(struct ak_listener *);
/* Some of what is due to him was written. */
void	aklistener_room(struct ak_listener *);
/* The next who has come, has room again, or is dismissed. */
struct ak_listener *aklistener_turn(struct door *);

/* A connection of the application that has room: 0; -E_NOT_FOUND: there is
 * none; -E_BUSY: none has. */
int	aklistener_choose(struct door *, const char *application,
	    struct ak_listener **);
bool	aklistener_present(struct door *, const char *application);

void	aklistener_add(struct ak_listener *, struct notice *);
/* From whoever has it. */
struct ak_listener *aklistener_take(struct notice *);
/* Nobody waits for his answer any more: others are asked first, until he is
 * heard again. */
void	aklistener_unanswered(struct ak_listener *);
/* He has one less: he may be idle, and have room. */
void	aklistener_relieved(struct ak_listener *);
/* Nobody answers it. */
void	aklistener_lose(struct door *, struct notice *);
/* NULL: none that is open. */
struct notice *aklistener_find(const struct ak_listener *,
	    uint32_t message_id);
/* The MessageID of the next: none that is open. */
uint32_t aklistener_number(struct ak_listener *);
bool	aklistener_was_sent(const struct ak_listener *, uint32_t message_id);

#endif
