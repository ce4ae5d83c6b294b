/*
 * etsi014.h - the three methods of ETSI GS QKD 014: which request is which,
 * and what the engine's answer is called in HTTP.
 */
#ifndef KSA_ETSI014_H
#define KSA_ETSI014_H

#include "httpguest.h"

/* Answers x, now or when the engine does. */
void	etsi014_start(struct exchange *);
/* Answers with an Error object (6.5) and closes the exchange. `extra` as in
 * httphead(). */
void	etsi014_refuse(struct exchange *, int code, const char *extra,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
