/*
 * sessioncrowd.h - applications with sessions between the engines of
 * enginepair.h, many at once and at random; who had which key; and what must
 * hold for the stores of all nodes when nothing is under way.
 */
#ifndef UNIT_SESSIONCROWD_H
#define UNIT_SESSIONCROWD_H

#include "enginepair.h"
#include "ksa/session.h"

#define CROWD_CALLS	256
#define CROWD_SESSIONS	64
#define CROWD_APPS	8

/* Of 100 notices: so many are answered so; the others wait longer. */
struct crowd_mood { unsigned accept, refuse, one_by_one, leave, busy; };

struct crowd_call {
	bool			 busy, opening;
	unsigned		 app, other;	/* place: SAE-A1 is 0 */
	uint8_t			 session[SESSION_ID];
	uint32_t		 number;
	enum supply_status	 status;	/* of one that is not busy */
	struct supply_call	*handle;
};

struct crowd_session {
	uint8_t		id[SESSION_ID];
	unsigned	app, other;
	uint64_t	most;
	uint64_t	had;			/* keys that its source got */
};

extern struct crowd {
	struct crowd_mood	 mood;
	bool			 absent[CROWD_APPS];
	/* What a node says from here on is said by nobody. */
	bool			 killed[PAIR_NODES];
	struct crowd_call	 calls[CROWD_CALLS];
	struct crowd_session	 sessions[CROWD_SESSIONS];
	unsigned		 nsessions;
	unsigned		 opened, given, refused, brought;	/* so far */
} crowd;

/* All engines that run have its door; again after one was started. */
void	crowd_begin(void);
void	crowd_door(void);
void	crowd_end(void);
/* Applications answer, leave, or are silent, as the mood is. */
void	crowd_act(void);
void	crowd_absent(unsigned app, bool absent);
/* NULL: too many calls, or its node is down. Answered ones are not busy. */
struct crowd_call *crowd_open(unsigned app, unsigned other, uint64_t most);
struct crowd_call *crowd_draw(const struct crowd_session *, uint32_t number);
void	crowd_withdraw(struct crowd_call *);
bool	crowd_idle(void);		/* all calls were answered */
/* Calls and notices of a node that died or was stopped are over. */
void	crowd_lost(unsigned node);
const char *crowd_name(unsigned app);

/* Ends the process unless all that was given is supplied at both ends, all
 * else void at both, and nothing is left in memory. Waits for it. */
void	crowd_check(void);

#endif
