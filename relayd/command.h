/* command.h - what relayd answers on its control socket. */
#ifndef RELAYD_COMMAND_H
#define RELAYD_COMMAND_H

#include "ctltable.h"

/* status, peers, routes, counters, peer ID up|down; run with a relayd. */
extern const struct ctl_command	command_table[];

#endif
