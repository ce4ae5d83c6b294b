/*
 * akguest.h - a guest of the second door, Q.4161 over TCP: frames in, many
 * requests at a time, answers as they come (akanswer.c). What
 * requests mean is in akask.c.
 */
#ifndef KSA_AKGUEST_H
#define KSA_AKGUEST_H

#include "akmsg.h"
#include "guest.h"
#include "session.h"

struct ak_guest;
struct ak_listener;

/* One request; gone when it is answered, or its guest is. */
struct ak_request {
	LIST_ENTRY(ak_request)	 entry;
	struct ak_guest		*guest;
	const struct ak_command	*command;
	uint32_t		 message_id;
	uint32_t		 owed;		/* octets of its answer */
	uuid_text		 session;	/* as it named it, or "" */
	/* What akask.c keeps while the engine works. */
	struct supply_call	*call;
	const char		*method;
	sae_id			 other;		/* the one it named, or "" */
	uint64_t		 begun;		/* histogram_turn() */
};

void	akguest_limits(struct conn_limits *, const struct ksa_conf *);
/* Somebody connected; the guest owns the fd. */
void	akguest_enter(struct door *, int fd);
/* The configuration was read again. */
void	akguest_reload(struct door *);
struct guest *akguest_of(const struct ak_request *);
/* So long the answer may be. Whoever does not read is not read from. */
void	akguest_owes(struct ak_request *, uint32_t octets);
/* Its answer is with the connection, or with nobody: it is gone. */
void	akguest_answered(struct ak_request *);

/* ---- for aklistener.c, aknotice.c ---- */

/* Octets that are queued for him or will be. */
uint64_t akguest_due(const struct guest *);
/* A request of his has to wait, and what is behind it. */
bool	akguest_paused(const struct guest *);
/* The KM waits for answers of his, or not any more. */
void	akguest_noticed(struct guest *);
/* He is not to be served any more. */
void	akguest_dismiss(struct guest *);

#endif
