/*
 * paths.h - over how many node-disjoint paths key must have come that a
 * request is served from, by configuration. What an application wishes
 * besides is in extension.h.
 */
#ifndef KSA_PATHS_H
#define KSA_PATHS_H

#include "ksa/env.h"
#include "ksa/supply.h"

/* 1: any key will do. */
uint32_t	paths_demanded(const struct env *, const char *master,
		    const char *const *slaves, uint32_t nslaves);
/* The same for key with that peer, whoever asks. */
uint32_t	paths_of_peer(const struct ksa_conf *, const char *km);
/* What an operator reads: "1 node-disjoint path to KME-C, 2 are demanded". */
#define PATHS_TEXT	160
void		paths_tell(char out[PATHS_TEXT], const char *km,
		    uint32_t there, uint32_t demanded);

#endif
