/*
 * akask.h - what the requests of Q.4161 mean: checks against the certificate
 * and the limits, the engine, and what its answer is called.
 */
#ifndef KSA_AKASK_H
#define KSA_AKASK_H

#include "akguest.h"

/* Answers the request, now or when the engine does. */
void	akask_start(struct ak_request *, const struct ak_message *);
/* For the log. */
const char *akask_method(const struct ak_command *);

#endif
