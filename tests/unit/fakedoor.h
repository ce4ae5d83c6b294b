/*
 * fakedoor.h - the applications of the engines of enginepair.h, as a door of
 * Q.4161 would have them: they answer notices as the test says.
 */
#ifndef UNIT_FAKEDOOR_H
#define UNIT_FAKEDOOR_H

#include "enginepair.h"
#include "ksa/session.h"

enum fakedoor_mode {		/* of what a destination does */
	FAKEDOOR_ACCEPTS,
	FAKEDOOR_REFUSES,
	FAKEDOOR_SILENT,
	FAKEDOOR_ONE_BY_ONE,	/* an answer for each key */
	FAKEDOOR_HALF,		/* answers for the first key only */
	FAKEDOOR_LEAVES,	/* the connection dies with the notice */
	FAKEDOOR_BUSY,		/* no room */
};

extern struct fakedoor {
	bool			 absent[8];	/* applications, by place */
	bool			 arriving;	/* somebody */
	enum fakedoor_mode	 sessions, keys;
	unsigned		 leaves;	/* then it accepts */
	struct notice		*open;		/* not answered */
	/* What came. */
	unsigned		 invited, brought;
	char			 source[32], destination[32], name[64];
	uint64_t		 number;
	uint8_t			 session[SESSION_ID];
	uint32_t		 keys_n, octets;
	uint8_t			 ids[PAIR_KEYS_MAX][16];
	uint8_t			 bytes[65536];
} fakedoor;

/* For each engine that runs; again after one was started. */
void	fakedoor_set(void);
/* SAE-A1: 0, SAE-A2: 1, SAE-B1: 2... */
void	fakedoor_absent(const char *application, bool absent);
/* The application answers what it has kept. */
void	fakedoor_answer(bool success, const char *response);
void	fakedoor_lose(void);

struct fakedoor_result {
	bool			 done;
	enum supply_status	 status;
	char			 detail[256];
	uint8_t			 session[SESSION_ID];
	uint32_t		 number, octets;
	uint8_t			 ids[PAIR_KEYS_MAX][16];
	uint8_t			 keys[65536];
};
struct supply_call *fakedoor_open_start(unsigned node, const char *source,
	    const char *destination, uint64_t number,
	    struct fakedoor_result *);
void	fakedoor_open(unsigned node, const char *source,
	    const char *destination, uint64_t number,
	    struct fakedoor_result *);
struct supply_call *fakedoor_draw_start(unsigned node, const char *caller,
	    const uint8_t session[SESSION_ID], uint32_t number,
	    struct fakedoor_result *);
void	fakedoor_draw(unsigned node, const char *caller,
	    const uint8_t session[SESSION_ID], uint32_t number,
	    struct fakedoor_result *);
void	fakedoor_wait(struct fakedoor_result *);

#endif
