/*
 * fakeconn.h - connections without sockets and TLS: a test plays the peer.
 * Takes the place of conn.c and listener.c.
 */
#ifndef FAKECONN_H
#define FAKECONN_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/x509.h>

#include "conn.h"

/* As if somebody had connected to the listener; NULL: not let in. */
struct conn	*fakeconn_accept(void);
/* The same to the listener that was made second. */
struct conn	*fakeconn_accept_second(void);
/* From another address. */
struct conn	*fakeconn_accept_from(uint64_t);
bool		 fakeconn_listening(void);
/* The handshake ended with this certificate. */
void		 fakeconn_shake(struct conn *, X509 *);
void		 fakeconn_send(struct conn *, const char *, size_t);
/* What was written so far; emptied by the call. */
const char	*fakeconn_output(struct conn *);
/* How many octets that were. */
size_t		 fakeconn_taken(void);
bool		 fakeconn_finished(const struct conn *);
bool		 fakeconn_paused(const struct conn *);
const char	*fakeconn_deadline(const struct conn *);
/* The next conn_reserve() fails. */
void		 fakeconn_no_memory(void);
/* The peer goes away; or what finished is closed. */
void		 fakeconn_hang_up(struct conn *);
/* The peer sends no more, but reads. */
void		 fakeconn_end(struct conn *);
/* Of what was and will be written, so many octets reach the peer. */
void		 fakeconn_loses(struct conn *, uint64_t arrived);
/* What conn_verify() says from now on, why NULL: it holds; and how often it
 * was asked so far. */
void		 fakeconn_verdict(time_t until, const char *why);
unsigned	 fakeconn_verified(void);
/* How many connections were closed so far. */
unsigned	 fakeconn_closed(void);

#endif
