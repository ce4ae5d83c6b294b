/*
 * sim.h - the driver "sim": a SIMULATED module. Production follows the
 * local clock and a bounded buffer; there is no tie to the other end but the
 * seed. Only the photons are missing: it keeps, loses, forgets and errs as a
 * module does.
 */
#ifndef QKDMOD_SIM_H
#define QKDMOD_SIM_H

#include "driver.h"

extern const struct driver	sim_driver;
/* Milliseconds; the monotonic clock unless a test puts its own here. */
extern uint64_t			(*sim_clock)(void);

#endif
