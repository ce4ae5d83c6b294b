/* command.h - what relayd answers on its control socket. */
#ifndef RELAYD_COMMAND_H
#define RELAYD_COMMAND_H

#include <jansson.h>

struct relayd;

extern const char	command_help[];

/* status, peers, routes, counters, peer ID up|down. */
json_t	*command_answer(void *relayd, int nargs, char **args);

#endif
