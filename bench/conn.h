/* conn.h - one TLS connection of the load generator. */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "answer.h"
#include "job.h"

struct conn_setup {
	const char	*address;	/* IPv4:PORT */
	const char	*cert, *key, *ca;
	int		 version;	/* TLS1_2_VERSION or TLS1_3_VERSION */
	bool		 resume;	/* sessions are kept and used again */
	size_t		 room;		/* octets of the largest answer */
	int		 epoll;
};

struct conn {
	SSL			*ssl;	/* NULL: closed */
	int			 fd;
	bool			 open;	/* the handshake is done */
	bool			 busy;	/* a request is under way */
	uint64_t		 since;	/* ns: what its latency counts from */
	size_t			 len;	/* octets in buf */
	char			*buf;
	SSL_SESSION		*session;
	struct job_request	 request;
};

/* Ends the program if it cannot be done. */
void	conn_setup(const struct conn_setup *);
/* Connects. 1: the handshake is done (always if wait), 0: not yet, -1: no. */
int	conn_dial(struct conn *, bool wait);
/* 1: done, 0: more to come, -1: failed. */
int	conn_handshake(struct conn *);
int	conn_ask(struct conn *);	/* sends the request in it */
/* 1: an answer, 0: more to come, -1: *why says what is wrong. */
int	conn_read(struct conn *, struct answer *, const char **why);
void	conn_close(struct conn *);
/* Neither side has closed it. */
bool	conn_alive(const struct conn *);

#endif
