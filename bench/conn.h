/* conn.h - one TLS connection of a load generator. */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "answer.h"
#include "job.h"

/* An application and its node. */
struct conn_setup {
	const char	*address;	/* IPv4:PORT */
	const char	*cert, *key, *ca;
	int		 version;	/* TLS1_2_VERSION or TLS1_3_VERSION */
	bool		 resume;	/* sessions are kept and used again */
	bool		 ak;		/* answers are frames, not HTTP */
	unsigned	 window;	/* requests under way, at most */
	size_t		 room;		/* octets of the largest answer */
	int		 epoll;
	/* of conn_setup() */
	SSL_CTX		*ctx;
	struct sockaddr_in to;
};

/* A request under way. */
struct flight {
	struct job_request	 request;
	uint64_t		 since;	/* ns: what its latency counts from */
	bool			 open;
};

struct conn {
	const struct conn_setup	*setup;
	SSL			*ssl;	/* NULL: closed */
	int			 fd;
	bool			 open;	/* the handshake is done */
	bool			 blocked; /* waits until it can write */
	unsigned		 busy;	/* flights that are open */
	struct flight		*flights;	/* setup->window of them */
	char			*buf, *out;
	size_t			 at, len;	/* octets read; at: used up */
	size_t			 out_at, out_len, out_room;
	SSL_SESSION		*session;
};

/* Both end the program if it cannot be done. */
void	conn_setup(struct conn_setup *);
void	conn_init(struct conn *, const struct conn_setup *);
/* Connects. 1: the handshake is done (always if wait), 0: not yet, -1: no. */
int	conn_dial(struct conn *, bool wait);
/* 1: done, 0: more to come, -1: failed. */
int	conn_handshake(struct conn *);
/* A request that is not under way; NULL: all are. */
struct flight *conn_idle(struct conn *);
void	conn_put(struct conn *, const char *, size_t);	/* to be sent */
int	conn_flush(struct conn *);	/* sends, now or later; -1: it fails */
/* 1: octets came, 0: none for now, -1: *why says what is wrong. */
int	conn_receive(struct conn *, const char **why);
/* 1: an answer, good until octets come, 0: more to come, -1 as above. */
int	conn_next(struct conn *, struct answer *, const char **why);
/* The request that it answers, not under way any more; NULL: none. */
struct flight *conn_land(struct conn *, const struct answer *);
void	conn_close(struct conn *);
/* Neither side has closed it. */
bool	conn_alive(const struct conn *);

#endif
