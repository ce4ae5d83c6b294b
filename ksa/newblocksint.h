/* newblocksint.h - what newblocks.c and newblocksvoid.c share. */
#ifndef KSA_NEWBLOCKSINT_H
#define KSA_NEWBLOCKSINT_H

#include "ksa/blocks.h"
#include "ksa/newblocks.h"
#include "otp.h"

#define NEWBLOCKSINT_EARLY	64

/* A confirm that was faster than the block: kept until that comes. */
struct early { uint64_t serial; uint8_t tag[OTP_MAC]; };

struct newblocks {
	struct peer	*peer;
	/* A ring: hostile ones push others out. */
	struct early	 early[NEWBLOCKSINT_EARLY];
	unsigned	 nearly;
	struct newblock	*v[2];		/* by direction */
	unsigned	 fetching;
};

/* One job: a block is stored, settled (equal at both ends) or void. */
struct job {
	struct peer	*peer;
	unsigned	 generation;
	int		 direction;
	uint64_t	 serial, key_id, now;
	int64_t		 id;
	uint32_t	 octets;
	struct material	 material;
	struct secret	*pool;		/* to be stored */
	uint8_t		*key;		/* control key; locked */
	uint8_t		 answer[OTP_MAC];
	bool		 notify, answers, known;
	char		 why[160];	/* it is void */
};

struct job *newblocks_job(struct newblocks *, int direction, uint64_t serial);
void	newblocks_job_free(struct job *);
struct side *newblocks_writer(const struct job *);
struct block_name newblocks_name(const struct peer *, int direction,
	    uint64_t serial);
/* If it is on its way, it is not any more. */
void	newblocks_forget(struct newblocks *, int direction, uint64_t serial);

#endif
