/* watch.h - the node as it is each second, with the rates of the last ones. */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "call.h"

/*
 * Pure: adds the rates of this second to `history`, an object at first empty,
 * and prints a frame. `node`: of node.h.
 */
void	watch_frame(FILE *, const json_t *node, int64_t now, json_t *history,
	    size_t width, bool colour, bool ascii);
int	watch_run(const struct call *, int argc, char **argv);

#endif
