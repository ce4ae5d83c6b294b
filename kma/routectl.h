/* routectl.h - the control command "route": shows ways, sets and clears. */
#ifndef KMA_ROUTECTL_H
#define KMA_ROUTECTL_H

#include <jansson.h>

struct kma;

#define ROUTECTL_HELP \
	"route     nodes, links, the way to each KM\n" \
	"route set KM KM,KM,...   relay to KM by this way and no other\n" \
	"route clear KM           by the best way again\n"

/* args[0] is "route". */
json_t	*routectl(struct kma *, int nargs, char **args);
/* Adds what is wrong with routes that were set. */
void	 routectl_missing(struct kma *, json_t *list);

#endif
