/*
 * session.h - proactive key supply (Q.4161 7.2), as the doors see it: an
 * application asks for a session, draws keys in it, and gets them after the
 * other one has confirmed them. What the KM begins by itself, notifications
 * and keys, goes out by a notifier, which is the door's.
 */
#ifndef KSA_SESSION_H
#define KSA_SESSION_H

#include <sys/queue.h>

#include "ksa/supply.h"

#define SESSION_ID	16	/* octets */

/* 0x2104. The engine copies what it needs. */
struct session_opening {
	const char	*source;	/* who asks: an application of ours */
	const char	*destination;
	const char	*name;		/* application_name; "": none */
	uint64_t	 number;	/* keys in all; 0: no limit */
};

/*
 * Done once: SUPPLY_OK with answer.session, SUPPLY_NOT_FOUND (no such
 * application), SUPPLY_REJECTED, SUPPLY_TIMEOUT, SUPPLY_UNAVAILABLE. The
 * session is on disk by then. NULL: answered already.
 */
struct supply_call *session_open(struct supply *,
	    const struct session_opening *, supply_done *, void *arg);

/* 0x2108: keys in a session; limits were checked as for supply_enc(). */
struct session_draw {
	const char	*caller;
	const uint8_t	*session;	/* SESSION_ID octets */
	uint32_t	 number, octets;	/* keys, of each */
	struct supply_wish wish;
};

/*
 * As supply_enc(), but the keys come after the destination application has
 * confirmed them. Besides: SUPPLY_NOT_FOUND (no such session),
 * SUPPLY_UNAUTHORIZED (another's), SUPPLY_EXPIRED (it has ended),
 * SUPPLY_REJECTED, SUPPLY_TIMEOUT. Both calls can be withdrawn at any time
 * (supply_withdraw() is true): what was on its way is void then.
 */
struct supply_call *session_draw(struct supply *, const struct session_draw *,
	    supply_done *, void *arg);

/* ---- what the KM begins ---- */

/* An exchange that the KM began; it lies in what the engine keeps of it. */
struct notice {
	/* Of the engine: what to say, and who hears the answer. */
	bool			 has_keys;	/* 0x120A; else 0x1206 */
	uint8_t			 session[SESSION_ID];
	const char		*source, *destination;	/* to whom it goes */
	const char		*name;		/* "": none */
	uint64_t		 number;	/* of 0x1206; 0: no limit */
	uint32_t		 keys, octets;	/* of 0x120A; of each */
	const uint8_t		(*ids)[16];
	const uint8_t		*bytes;
	/*
	 * The application's answer. `ids`: those it names (n >= 1 with
	 * 0x210B). True: the exchange is over; false: further answers with
	 * this MessageID follow (one per key).
	 */
	bool			(*answered)(struct notice *, bool success,
				    const char *response,
				    const uint8_t (*ids)[16], uint32_t n);
	/* Its connection has gone; it may be sent by another now. */
	void			(*lost)(struct notice *);
	bool			 waits;		/* for one with room */
	TAILQ_ENTRY(notice)	 turn;
	/* Of the notifier. */
	void			*guest;		/* NULL: not sent */
	uint32_t		 message_id;
	LIST_ENTRY(notice)	 entry;
};

/* The door of Q.4161. */
struct notifier {
	/* Whether the application has a connection. */
	bool	(*present)(void *arg, const char *application);
	/* Sent, and answered() or lost() follows unless it is cancelled: 0.
	 * -E_NOT_FOUND: no connection; -E_BUSY: none has room, later;
	 * -E_TOO_LARGE: it does not fit into a frame. */
	int	(*send)(void *arg, struct notice *);
	/* Nobody waits any more; fine if it was not sent. */
	void	(*cancel)(void *arg, struct notice *);
	/* Whether somebody is at the door of whom it is not known who he is. */
	bool	(*arriving)(void *arg);
};

/* Before there is one (and with NULL) nobody is present. */
void	session_set_notifier(struct supply *, const struct notifier *,
	    void *arg);
/* A connection of that application came: what waits for one is sent. */
void	session_present(struct supply *, const char *application);

#endif
