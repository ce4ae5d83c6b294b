/*
 * serveevents.h - what happened lately, from the logs of all daemons (their
 * command "events") and from what the status process saw itself. Bounded.
 */
#ifndef CTL_SERVEEVENTS_H
#define CTL_SERVEEVENTS_H

#include <jansson.h>
#include <stdint.h>

#define SERVEEVENTS_MAX	200

struct serveevents;

struct serveevents *serveevents_new(void);	/* NULL: no memory */
void	serveevents_free(struct serveevents **);
/* One that the status process saw; level as in an answer. */
void	serveevents_add(struct serveevents *, const char *daemon, uint64_t ms,
	    const char *level, const char *text);
/* A daemon's answer, hostile. Returns the number to ask from next time. */
uint64_t serveevents_take(struct serveevents *, const char *daemon,
	    const json_t *answer);
/* [{"time_ms", "daemon", "level", "text"}], the latest first. */
json_t	*serveevents_json(const struct serveevents *);

#endif
