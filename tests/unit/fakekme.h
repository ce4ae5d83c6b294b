/*
 * fakekme.h - a KME that does as a test tells it, one connection at a time, on
 * a thread of its own.
 */
#ifndef FAKEKME_H
#define FAKEKME_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>

#define FAKEKME_REQUEST	4096
#define FAKEKME_MAX	8

struct fakestep {
	const char	*answer;	/* to a request; NULL: none */
	bool		 close;		/* then */
};

struct fakekme {
	SSL_CTX		*ctx;
	const struct fakestep *steps;	/* one for each request */
	unsigned	 nsteps;
	char		 address[32];	/* "127.0.0.1:PORT" */
	/* Valid after fakekme_stop(). */
	unsigned	 connections, requests;
	char		 request[FAKEKME_MAX][FAKEKME_REQUEST];
	int		 fd, stop[2];
	pthread_t	 thread;
};

void	fakekme_start(struct fakekme *, SSL_CTX *, const struct fakestep *,
	    unsigned nsteps);
/* Ends after its last step, or at once. */
void	fakekme_stop(struct fakekme *);

#endif
