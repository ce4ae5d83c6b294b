/* kmafigures.h - the control command "metrics" of kma. */
#ifndef KMA_KMAFIGURES_H
#define KMA_KMAFIGURES_H

#include "ctltable.h"

extern const struct ctl_command	kmafigures_commands[];

#endif
