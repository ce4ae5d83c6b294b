/* job.h - what is asked of the server, request by request, and whether each
 * answer is right. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

#define JOB_KEYS_MAX	1024

struct job {
	/* set by the caller */
	bool		 enc, dec;	/* which calls; both: in turn on each
					 * connection */
	bool		 fixed;		/* the server gives one fixed answer */
	unsigned	 number, size;	/* keys per request, bits */
	unsigned long	 count;		/* requests in all */
	const char	*host, *sae;	/* the other application */
	const char	*ids;		/* file of key_IDs: dec reads, enc
					 * alone writes */
	/* kept here */
	unsigned long	 begun, good, short_of_keys, wrong;
	unsigned long	 keys, octets;	/* of good answers */
	struct answer_key *drawn, *list;	/* list: to be fetched */
	size_t		 ndrawn, nlist, fetched;
	struct idset	*seen;
	char		 fault[256];	/* the first wrong answer */
};

/* One request under way. */
struct job_request {
	char		*text;
	size_t		 len, first;	/* dec: place in `list` */
	bool		 dec;
};

int	job_open(struct job *);
/* Writes the next request; one request struct for each connection, zero at
 * first. False: all have been begun. */
bool	job_next(struct job *, struct job_request *);
void	job_answer(struct job *, const struct job_request *,
	    const struct answer *, const char *buf);
void	job_wrong(struct job *, const char *why);
int	job_close(struct job *);	/* enc writes the key_IDs */

#endif
