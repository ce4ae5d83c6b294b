/*
 * driver.h - what a kind of QKD module must be able to do for us; one row in
 * driver.c per kind.
 *
 * A module hands out blocks of `block_octets`. Blocks have an index, from 1
 * on; equal indices at both ends of the link mean equal octets, unless the
 * module made an error. No index ever comes twice with other octets, and
 * none at or below the largest `after` comes again: whoever asks names the
 * last block that it has on disk, and only that lets the module forget.
 *
 * Nothing here may wait for a device: a driver for a slow one fetches ahead
 * in the event loop that open() got.
 */
#ifndef QKDMOD_DRIVER_H
#define QKDMOD_DRIVER_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctltable.h"
#include "secret.h"

struct qkdmod_conf;

#define DRIVER_STATE_MAX	128		/* octets, with the NUL */
#define DRIVER_INDEX_MAX	(UINT64_MAX >> 2)

struct driver_run {		/* blocks without a gap between them */
	uint64_t	 first;
	uint32_t	 count;		/* 0: none yet */
	struct secret	*blocks;	/* NULL when count is 0; the caller's */
};

struct driver {
	const char	*name;
	bool		 simulated;	/* its keys are no secret between two */
	/* Faults in the configuration are logged. */
	int		(*open)(void **dev, const struct qkdmod_conf *,
			    struct event_base *);
	/*
	 * The first blocks after `after`, at most `max`. An `after` beyond
	 * what was produced makes the module go on behind it. -E_RANGE,
	 * -E_NO_MEMORY.
	 */
	int		(*pull)(void *dev, uint64_t after, uint32_t max,
			    struct driver_run *);
	uint64_t	(*produced)(void *dev);		/* highest index */
	void		(*state)(void *dev, char text[DRIVER_STATE_MAX]);
	/* Of the quantum channel, ppm; NULL: this kind does not tell. */
	uint32_t	(*qber)(void *dev);
#define DRIVER_QBER_UNKNOWN	UINT32_MAX	/* at the moment */
	bool		(*delivers)(void *dev);	/* false: state says why */
	json_t		*(*status)(void *dev);		/* figures */
	/* For tests of the device; run with `dev`. */
	const struct ctl_command	*commands;
	void		(*close)(void **dev);
};

extern const char *const	driver_names[];		/* NULL at the end */
const struct driver		*driver_get(int index);

#endif
