/* recordbench.h - a store with a record of keys, and acts that are in it. */
#ifndef RECORDBENCH_H
#define RECORDBENCH_H

#include <event2/event.h>

#include "audit.h"
#include "unit.h"

/* Anew by rec_begin(). */
extern struct recordbench {
	uint8_t			 node_key[SEAL_KEY];
	int64_t			 limit, days;	/* of rows in the store */
	uint64_t		 later;		/* ms, of both clocks */
	char			 accepted[AUDITROW_ANCHOR_TEXT];
	unsigned		 let_pass;	/* faults, by the operator */
	struct event_base	*base;
	struct sealer		*sealer;
	struct audit		*audit;
	struct db		*db;
	struct committer	*com;
} record;

void	 rec_begin(void);
void	 rec_finish(void);
void	 rec_close(void);
/* The store, of its first version or of the second, which has a record. */
int	 rec_open(int versions);
void	 rec_reopen(int expected);
void	 rec_anew(void);			/* another store */

struct act { int n; int rows; bool fail; };
int	 act_run(struct db *, void *act);	/* a job */
int	 rec_act(int n);
void	 rec_acts(int first, int last);

/* What anybody with the file and sqlite3 sees, and may do. */
int64_t	 rec_count(const char *sql);
void	 rec_tamper(const char *sql);
/* What a look at all rows finds: "" or the fault; sets let_pass. */
const char *rec_fault(void);

#endif
