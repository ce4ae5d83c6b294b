/*
 * authpair.h - both ends of an authlink in one process. Their wires are
 * queues that whoever drives them may lose, repeat, mix and change; the clock
 * stands still unless it is moved (link with --wrap=mono_ms).
 */
#ifndef TESTS_AUTHPAIR_H
#define TESTS_AUTHPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authlink.h"

#define AUTHPAIR_KEYS	64	/* even ones are of the low side's direction */
#define AUTHPAIR_QUEUE	256
#define AUTHPAIR_ROOM	256

struct authwire { size_t len; uint8_t p[AUTHPAIR_ROOM]; };

struct authside {
	struct authlink		*link;
	struct authpair		*pair;
	bool			 low;
	bool			 has[AUTHPAIR_KEYS];	/* agreed, unspent */
	uint64_t		 control, before;
	bool			 proved;
	unsigned		 taken;		/* keys used as control keys */
	struct authlink_marks	 marks;
	uint64_t		 said, heard;	/* numbers of messages */
	unsigned		 ups, downs, inputs;
	bool			 back_mine, back_peer;	/* of the last up */
	struct authwire		 out[AUTHPAIR_QUEUE];	/* on its way */
	size_t			 nout;
};

struct authpair { struct authside low, high; };

uint64_t	__real_mono_ms(void);
uint64_t	__wrap_mono_ms(void);
extern uint64_t	authpair_now;

/* Both have all keys and no control key yet. Aborts on any broken promise. */
void	authpair_new(struct authpair *);
void	authpair_free(struct authpair *);
/* Everything on its way arrives, until nothing is. */
void	authpair_run(struct authpair *);
/* A second passes: both tick. */
void	authpair_second(struct authpair *);
/* Starts both; do they hear each other within ten seconds? */
bool	authpair_opens(struct authpair *);
/* The i-th message of this side arrives, or is only taken away. */
int	authpair_deliver(struct authside *from, size_t i);
void	authpair_drop(struct authside *from, size_t i);
/* Sends the next number; 0 or -E_DOWN. */
int	authpair_say(struct authside *);
struct authside	*authpair_other(struct authside *);

#endif
