/* talkbench.h - what the KM begins with applications, by an engine of ours. */
#ifndef TALKBENCH_H
#define TALKBENCH_H

#include "akbench.h"

#define KEY1	"0192f0c1-7a00-7000-8000-000000000001"
#define KEY2	"0192f0c1-7a00-7000-8040-000000000002"
#define KEY3	"0192f0c1-7a00-7000-8080-000000000003"
#define SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define ENC	"{\"application_destination_ID\":\"SAE-B1\"}"
#define LARGE	8192		/* octets of a key: 11 KB of a frame */

#define NOTIFIED(S, RESPONSE) \
	"{\"session_ID\":\"" S "\",\"response\":\"" RESPONSE "\"}"
#define SUPPLIED(S, KEY, RESPONSE, MORE) \
	"{\"session_ID\":\"" S "\",\"key_ID\":\"" KEY "\",\"response\":\"" \
	RESPONSE "\"" MORE "}"
#define ALL(IDS) ",\"extension\":[{\"key_IDs\":[" IDS "]}]"

/* One exchange, as the engine has it. */
struct talk {
	struct notice	 n;		/* first: casts rely on it */
	bool		 over, success;
	unsigned	 answers, lost;
	char		 response[256];
	uint32_t	 nids;
	uint8_t		 ids[4][16];
	unsigned	 confirmed;	/* a bit for each key */
	void		(*on_answer)(struct talk *);
	void		(*on_lost)(struct talk *);
};

extern uint8_t	talk_ids[3][16];		/* of talk_supply() */

struct talk	 talk_invitation(void);		/* 0x1206 to SAE-A1 */
struct talk	 talk_supply(uint32_t number, uint32_t size); /* 0x120A */
int		 talk_put(struct talk *);
void		 talk_sent(struct talk *);	/* and it is on its way */
void		 talk_cancel(struct talk *);
bool		 talk_present(const char *application);
/* Whether that connection has got it; the others are not read. */
bool		 talk_got(struct conn *, const struct talk *);
void		 talk_accept(struct conn *, const struct talk *); /* 0x2107 */
void		 talk_refused(const struct talk *, const char *words);
struct conn	*talk_come(X509 *);

#endif
