/* connimpl.h - what conn.c and connio.c share, and nobody else. */
#ifndef QKD_CONNIMPL_H
#define QKD_CONNIMPL_H

#include "address.h"
#include "bytequeue.h"
#include "conn.h"
#include "connloop.h"

enum conn_state { SHAKING, OPEN, FINISHING, LINGERING, DEAD };

/* What came out of an SSL call. */
enum conn_result { CONN_DONE, CONN_INPUT, CONN_OUTPUT, CONN_FAILED };

struct conn {
	struct connloop_item	 item;		/* first: casts rely on it */
	struct helper_job	 job;		/* a step of the handshake */
	enum conn_result	 step;
	bool			 away;		/* the helper has the SSL */
	struct connloop		*loop;
	SSL			*ssl;
	int			 fd;
	struct event		*rev, *wev;
	bool			 r_on, w_on;
	const struct conn_ops	*ops;
	void			*arg;
	struct conn_limits	 lim;
	enum conn_state		 state;
	unsigned		 held;	/* callers on the stack who use us */
	bool			 server, connecting, reading;
	bool			 shaken;	/* handshake done */
	bool			 broken;	/* fatal TLS or socket error */
	bool			 paused;	/* by the owner */
	bool			 full;		/* too much output queued */
	bool			 ended;		/* the peer sends no more */
	bool			 end_told;	/* the owner knows */
	bool			 fin;		/* we send no more */
	bool			 unconfirmed;	/* waiting for the last ACK */
	struct bytequeue	 in, out;
	int			 offered;	/* of out, to SSL_write() */
	uint64_t		 last_input;
	uint64_t		 due, write_due;	/* 0: none */
	/* Octets ever queued; those that write_due is for; what went through
	 * the socket, TLS included, with the last of them. */
	uint64_t		 queued, write_mark, sealed;
	const char		*due_what;
	char			 address[ADDRESS_TEXT];
	char			 why[256];
};

/* Who calls the owner holds the connection until he is done with it. */
void	conn_hold(struct conn *);
void	conn_release(struct conn *);
void	conn_want_read(struct conn *, bool on);
void	conn_want_write(struct conn *, bool on);
/* A deadline may have changed. */
void	conn_rearm(struct conn *);

/* The address is known: handshakes wait in its lane. */
void	connshake_init(struct conn *);
/* A step of the handshake is due; the socket is not looked at meanwhile. */
void	connshake_later(struct conn *);
void	connshake_on_turn(struct connloop_item *);
/* It is closed: a step that waits is not taken any more. */
void	connshake_take_back(struct conn *);

/* The result of an SSL call; of a failure c->why is the reason. Touches the
 * SSL and c->why and c->broken only. */
enum conn_result connio_result(struct conn *, int result);
/* Of one that did not work: wait, or close. */
bool	connio_must_wait(struct conn *, int result);
void	connio_flush(struct conn *);
void	connio_read(struct conn *);
/* While lingering: octets came; or it is time to look. */
void	connio_discard(struct conn *);
void	connio_linger(struct conn *, uint64_t now);
/* Reading was stopped, and perhaps is not any more. */
void	connio_resume(struct conn *);
/* For the loop. */
void	connio_on_flush(struct connloop_item *);
void	connio_on_again(struct connloop_item *);

#endif
