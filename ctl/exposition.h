/*
 * exposition.h - the answers of daemons to "metrics" (metrics.h) as the text
 * that Prometheus reads, version 0.0.4. Every sample gets a label "daemon",
 * so that no daemon can speak for another; what is not well formed is left
 * out and counted.
 */
#ifndef QKDCTL_EXPOSITION_H
#define QKDCTL_EXPOSITION_H

#include <jansson.h>
#include <stddef.h>

#define EXPOSITION_SAMPLES_MAX	20000	/* of one daemon */

struct exposition;

struct exposition *exposition_new(void);	/* NULL: no memory */
void	exposition_free(struct exposition **);
/* Hostile. Returns how many families and samples were left out. */
unsigned exposition_add(struct exposition *, const char *daemon,
	    const json_t *answer);
/* To be freed; NULL: no memory. */
char	*exposition_text(const struct exposition *, size_t *octets);

#endif
