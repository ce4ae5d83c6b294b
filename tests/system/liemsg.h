/*
 * liemsg.h - what a captured relayd can tell its kma and ksa: messages of
 * msg.def with one field changed, or made of nothing. It learns names,
 * numbers and octets from what passes.
 */
#ifndef TESTS_LIEMSG_H
#define TESTS_LIEMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "msg.h"

/* 0 to n - 1. */
uint32_t liemsg_random(uint32_t n);
void	liemsg_seed(uint64_t);
void	liemsg_learn(const struct msg *);
/* Changes one field. Octets lie in a buffer until the next call. */
void	liemsg_distort(struct msg *);
/* Another KM than it came from. False: the message names none. */
bool	liemsg_mistake(struct msg *);
/* Any that relayd may send; never of plain peers. */
void	liemsg_invent(struct msg *);
/* Of plain peers: relayd is trusted with those. */
bool	liemsg_is_plain(enum msg_id);

#endif
