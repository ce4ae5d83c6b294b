/*
 * helper.h - work that would hold the event loop up, done by helper threads;
 * for jobs of a millisecond, many and short-lived. Jobs of one lane wait in
 * line, lanes take turns: who sends many does not hold up the others.
 */
#ifndef QKD_HELPER_H
#define QKD_HELPER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define HELPER_LANES	64

struct helper;

/* Part of whatever the job is about; zeroed at first. */
struct helper_job {
	TAILQ_ENTRY(helper_job) entry;
	void	(*run)(struct helper_job *);	/* in a thread */
	void	(*done)(struct helper_job *);	/* then in the loop */
	unsigned lane;				/* any number; modulo */
	bool	 waiting;
};

int	helper_new(struct helper **, struct event_base *, unsigned threads);
/* A job is with the helper from here until its done(). */
void	helper_add(struct helper *, struct helper_job *);
/* True: it was waiting and will neither run nor be done. */
bool	helper_cancel(struct helper *, struct helper_job *);
/* Waits for the jobs that run; those and all others are done. NULL is fine;
 * NULL after. */
void	helper_free(struct helper **);

#endif
