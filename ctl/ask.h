/*
 * ask.h - one command to the control socket of a daemon, and its answer.
 * Who answers may be captured: an answer has limits of time and size, and what
 * is in it is unknown; see field.h.
 */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include <jansson.h>

#include "call.h"

#define ASK_PATH	4096

struct ask_error {
	int	code;		/* CALL_... */
	int	err;		/* errno, or 0 */
	char	text[ASK_PATH + 256];	/* with what to do; for a terminal */
};

/* RUNDIR/ctl-DAEMON/sock */
void	ask_path(char out[ASK_PATH], const struct call *, const char *daemon);
/*
 * The daemon's answer, an object of the caller's, also if that is a refusal;
 * NULL: it was not asked (CALL_USAGE) or did not answer (CALL_UNREACHABLE).
 */
json_t	*ask_any(const struct call *, const char *daemon, int nargs,
	    char **args, struct ask_error *);
/* The same, but a refusal is NULL and CALL_REFUSED. */
json_t	*ask(const struct call *, const char *daemon, int nargs, char **args,
	    struct ask_error *);
/* A command of one word. */
json_t	*ask_word(const struct call *, const char *daemon, const char *word,
	    struct ask_error *);
/* Pure: an answer's octets. NULL if they are no object. */
json_t	*ask_parse(const char *octets, size_t len);

#endif
