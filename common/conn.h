/*
 * conn.h - one TLS connection on a non-blocking socket in the event loop,
 * with absolute deadlines and a bounded output queue.
 */
#ifndef QKD_CONN_H
#define QKD_CONN_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "helper.h"
#include "listener.h"

struct conn;

struct conn_ops {
	/* Handshake done, peer certificate verified by the CA; 0, or < 0 to
	 * refuse (the callback logs why). */
	int	(*ready)(void *arg, struct conn *, X509 *peer);
	/* Octets so far; returns how many were used up, < 0: close. Called
	 * again with the rest, until it uses up none, then with the rest plus
	 * what comes. The octets are valid during the call only. */
	ssize_t	(*input)(void *arg, struct conn *, const uint8_t *, size_t);
	/* All output was written to the socket; may be NULL. */
	void	(*drained)(void *arg, struct conn *);
	/* The peer sends no more, and input() was offered all of it. True:
	 * something is still due to it, conn_finish() follows. Else what is
	 * queued is written, then it is closed. NULL: closed at once. */
	bool	(*ended)(void *arg, struct conn *);
	/* The last call; the conn is freed after it. */
	void	(*closed)(void *arg, struct conn *, const char *why);
};

struct conn_limits {
	unsigned	handshake_ms;	/* from accept to handshake done */
	unsigned	idle_ms;	/* without input while nothing is due; 0: none */
	unsigned	write_ms;	/* for what is queued at one time to be
					 * written; 0: none */
	size_t		input_max;	/* octets buffered unused: then closed */
	size_t		output_max;	/* octets queued: then reading stops */
	/* A peer that ends without close_notify (its process died) is gone:
	 * closed at once, even if something is due to it. */
	bool		 abrupt_is_gone;
	struct helper	*helper;	/* does handshakes; outlives the
					 * connection. NULL: the loop does */
};

/* Takes the fd. Server side or client side (host name is not checked: the
 * caller's ready() decides by the certificate). NULL: fd is closed. */
struct conn *conn_new(struct event_base *, SSL_CTX *, int fd, bool server,
	    const struct conn_limits *, const struct conn_ops *, void *arg);
/* Copies into the output queue; the queue is wiped as it is written. Sent
 * after input() returned, or at the end of the loop turn. -E_CLOSED,
 * -E_NO_MEMORY. */
int	conn_write(struct conn *, const void *, size_t);
/* Room for `len` octets at the end of the queue, to be filled and committed
 * by conn_commit() before anything else is called: for answers that are
 * written in place. NULL: no memory, or closed. */
uint8_t	*conn_reserve(struct conn *, size_t len);
void	conn_commit(struct conn *, size_t used);
/* Stop or resume calling input() (pipelined requests wait). After resuming,
 * input() is called again with what is there, though not from within. */
void	conn_pause(struct conn *, bool paused);
/* The caller expects input before a deadline from now on (ms from now; 0: no
 * deadline but idle_ms). Expiry closes. */
void	conn_deadline(struct conn *, unsigned ms, const char *what);
/* Writes what is queued, then closes (closed() is called then). */
void	conn_finish(struct conn *);
/* Closes now; closed() is called before this returns. */
void	conn_close(struct conn *, const char *why);
const char *conn_peer_address(const struct conn *);
uint64_t conn_source(const struct conn *);	/* as address_source() */
/* As tlsverify_peer(); *why: why not, valid as long as the connection. */
int	conn_verify(struct conn *, SSL_CTX *, bool fresh, time_t *until,
	    const char **why);
size_t	conn_output_queued(const struct conn *);
/* Octets that ever came into the queue; and how many of them, counted from
 * the first, the peer's system has confirmed by now. In closed() too. */
uint64_t conn_written(const struct conn *);
uint64_t conn_arrived(const struct conn *);

/* Starts a non-blocking connect to "host:port"; fd or negative E_. A host
 * name is looked up, which may block: prefer addresses. */
int	conn_dial(const char *address);

#endif
