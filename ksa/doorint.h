/* doorint.h - what the files of the two doors share. */
#ifndef KSA_DOORINT_H
#define KSA_DOORINT_H

#include <openssl/ssl.h>
#include <sys/queue.h>

#include "akanswer.h"
#include "aknotice.h"
#include "door.h"
#include "doorfigures.h"
#include "guest.h"
#include "http.h"
#include "stray.h"

#define DOORINT_PARSERS	64		/* that wait for a request */
#define DOORINT_CODES	8		/* of answers, counted apart */
#define DOORINT_OUTPUT	262144		/* queued octets; then no new request */

struct door {
	struct event_base	*base;
	const struct ksa_conf	*conf;
	struct sae_book		*book;
	struct supply		*supply;
	struct http_limits	 http_limits;
	struct conn_limits	 conn_limits, ak_limits;
	struct http		*parsers[DOORINT_PARSERS];
	unsigned		 nparsers;
	struct listener		*listener, *ak_listener;
	SSL_CTX			*tls;
	unsigned		 generation;	/* of tls and book */
	LIST_HEAD(, guest)	 guests;
	LIST_HEAD(, stray)	 strays;
	struct helper		*helper;	/* does handshakes */
	struct porch		*porch;		/* not let in yet */
	struct house		*house;		/* let in */
	unsigned		 connections;	/* both, and those refused */
	bool			 stopping, refusing;
	struct event		*stop_timer;
	void			(*gone)(void *);
	void			*gone_arg;
	uint64_t		 accepted, refused;
	struct quiet		 strangers;
	uint64_t		 undelivered, undelivered_keys;
	struct { int code; uint64_t n; } answers[DOORINT_CODES];
	struct ak_figures	 ak;
	struct ak_listeners	 listeners;
	struct doorfigures	 figures;
};

/* Whether the client has this answer is not known: said and counted. */
void	door_undelivered(struct door *, const struct receipt *,
	    const char *sae, const char *peer, const char *why);
/* The last guest may have left. */
void	door_check_gone(struct door *);
/* A parser for the length of a request: idle guests have none. */
struct http *door_lend_parser(struct door *);
void	door_take_parser(struct door *, struct http **);

/* arrive.c: the guest has no certificate yet; may be closed at once. */
void	arrive_outside(struct guest *);
/* His certificate is known. -E_NO_MEMORY. */
int	arrive_inside(struct guest *);

#endif
