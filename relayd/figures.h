/* figures.h - the control command "metrics" of relayd. */
#ifndef RELAYD_FIGURES_H
#define RELAYD_FIGURES_H

#include "ctltable.h"

extern const struct ctl_command	figures_commands[];	/* struct relayd */

#endif
