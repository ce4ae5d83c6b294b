/* fakesupply.h - an engine that answers what the test says, when it says. */
#ifndef FAKESUPPLY_H
#define FAKESUPPLY_H

#include "ksa/session.h"

extern struct fakesupply {
	bool		 later;		/* answer when fakesupply_answer() */
	bool		 committing;	/* too late to withdraw */
	enum supply_status status;
	const char	*detail;
	struct supply_stock stock;
	enum supply_status stock_status;
	struct supply_limits limits;
	uint32_t	 dec_octets;	/* of the keys that slaves get */
	/* The last call, and how many there were. */
	char		 asked[2048];
	unsigned	 calls, cancelled;
	uint8_t		 session[SESSION_ID];	/* that is created */
	/* Of the door; and who has come, " NAME" each. */
	const struct notifier *notifier;
	void		*notifier_arg;
	char		 present[256];
} fakesupply;

/* Limits as by default; answers at once, with keys of counted octets. */
void	fakesupply_reset(void);
/* The call that waits longest; or the one that came last. */
void	fakesupply_answer(void);
void	fakesupply_answer_last(void);
bool	fakesupply_waits(void);

#endif
