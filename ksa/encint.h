/* encint.h - what the files of enc.h and line.c share: one Get key call. */
#ifndef KSA_ENCINT_H
#define KSA_ENCINT_H

#include "ksa/bindings.h"
#include "ksa/enc.h"
#include "secret.h"

/*
 * The slaves at one node. The keys come from the pool of the first part; for
 * the others they go under a pad of their own pool (copy.h).
 */
struct enc_part {
	struct peer	*peer;
	struct binding	*b;
};

struct enc {
	struct supply_call	 call;
	struct enc_part		*parts;		/* [0]: of the first slave */
	uint32_t		 nparts;
	char			*slaves[SUPPLY_SLAVES_MAX];	/* each once */
	uint32_t		 nslaves;
	uint32_t		 number, octets;	/* keys, of each */
	uint32_t		 need;		/* octets from each pool, at most */
	struct secret		*keys;
	uint8_t			(*ids)[KEYID_OCTETS];
	bool			 charged;	/* to quotas, not drawn yet */
	bool			 admitting;	/* it waits for a quota */
	bool			 wishing;	/* it waits for other key */
	int			 refusal;	/* of its session: an error */
	struct supply_wish	 wish;
	struct supply_origin	 origin;
	struct peer		*line;		/* whose pool it waits for */
	uint64_t		 joined;	/* ms: since when */
	uint64_t		 deadline;	/* ms: it waits no longer */
	TAILQ_ENTRY(enc)	 next;
};

/* Whether its pool may be drawn from. */
static inline bool
enc_usable(const struct peer *p)
{
	return p->self || p->trusted;
}

/*
 * enccut.c. Cuts all parts or none: 0; -E_NO_KEY: *lacks has too little, or
 * cannot be used now; -E_UNMET: too little that is as wished; or an error that
 * waiting does not mend.
 */
int	enc_cut(struct enc *, struct peer **lacks);
/* Octets from the pool of that part. */
uint32_t enc_part_need(const struct enc *, uint32_t part);
/* enc.c. Answers with what hindered it; `lacks` as from enc_cut(). Frees. */
void	enc_refuse(struct enc *, int err, const struct peer *lacks);
void	enc_free(struct enc *);
/* Cuts, or waits until it can. NULL: answered already. */
struct supply_call *enc_begin(struct enc *);

/* admit.c. Begins as soon as the quotas allow. NULL: answered already. */
struct supply_call *admit(struct enc *);
/* Begins again after a moment, if its deadline allows. */
bool	admit_again(struct enc *);
/* Cancelled while it waited for either. Frees. */
void	admit_leave(struct enc *);
/* If it was charged but nothing was drawn. */
void	admit_give_back(struct enc *);

/* wishing.c. Waits for key that is as wished, if that may help. True: it does. */
bool	wishing_join(struct enc *);
void	wishing_leave(struct enc *);

/* encbatch.c. What was cut goes to disk; the answer comes after that. */
void	encbatch_commit(struct enc *);

/* line.c. Whether what others wait for leaves it enough of that pool. */
bool	line_allows(const struct peer *, const struct enc *);
/* It was given its octets of that pool. */
void	line_drew(struct peer *, const struct enc *);
/* It waits for that pool, until its deadline. -E_NO_KEY: that is over;
 * -E_BUSY: too many of that application wait; -E_NO_MEMORY. */
int	line_join(struct enc *, struct peer *);
/* Cancelled: whoever was behind it is tried. */
void	line_leave(struct enc *);

#endif
