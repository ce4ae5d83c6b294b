/* drawint.h - what draw.c and drawend.c share: keys on their way. */
#ifndef KSA_DRAWINT_H
#define KSA_DRAWINT_H

#include "ksa/draw.h"
#include "ksa/keyid.h"

#define DRAW_WORDS	256

enum draw_stage {
	DRAW_CUTTING,	/* the engine works; `cut` is its call */
	DRAW_OFFERED,	/* the destination has the word */
	DRAW_SETTLING,	/* it has confirmed: on the way to disk */
	DRAW_VOIDING,	/* it has not: on the way to disk */
	DRAW_STUCK,	/* void, but not on disk yet: again at `deadline` */
};

struct draw {
	struct supply_call	 call;		/* first: casts rely on it */
	struct sessions		*all;
	struct session		*session;
	enum draw_stage		 stage;
	bool			 gone;		/* nobody waits any more */
	struct supply_call	*cut;
	struct secret		*keys;
	uint8_t			(*ids)[KEYID_OCTETS];
	uint32_t		 number, octets;
	struct supply_origin	 origin;
	bool			 told;		/* of the origin */
	struct session_key	 key;
	uint64_t		 started, deadline;	/* mono, ms */
	enum supply_status	 status;	/* of a failure */
	char			 words[DRAW_WORDS];
	TAILQ_ENTRY(draw)	 next;
	UT_hash_handle		 hh;		/* of sessions.offered */
};

/* draw.c. The session goes on without it. */
void	draw_free(struct draw *);
/* It never had those keys. */
void	draw_give_back(struct draw *);

/* drawend.c. Either ends it when it is on disk. */
void	drawend_void(struct draw *, enum supply_status, const char *words);
void	drawend_settle(struct draw *);
/* What could not be written: once more. */
void	drawend_again(struct draw *);

#endif
