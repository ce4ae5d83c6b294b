/* job.h - what is asked of the server, request by request, and whether each
 * answer is right. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

#define JOB_KEYS_MAX		1024
#define JOB_SLOT_BITS		6
#define JOB_WINDOW_MAX		(1u << JOB_SLOT_BITS)
#define JOB_REQUEST_ROOM(j)	((j)->number * (size_t)64 + 1024)

struct job {
	/* set by the caller */
	bool		 ak;		/* frames of Q.4161, not HTTP */
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
	unsigned	 slot;		/* set by the caller: one of
					 * JOB_WINDOW_MAX on a connection */
	uint32_t	 id;		/* MessageID: of no other request */
};

int	job_open(struct job *);
/* Writes the next request; a request struct for each that is under way, zero
 * at first. False: all have been begun. */
bool	job_next(struct job *, struct job_request *);
void	job_answer(struct job *, const struct job_request *,
	    const struct answer *);
void	job_wrong(struct job *, const char *why);
int	job_close(struct job *);	/* enc writes the key_IDs */

#endif
