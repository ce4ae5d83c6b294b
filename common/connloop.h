/*
 * connloop.h - what all connections of an event loop share: a coarse timer
 * wheel, so that a deadline costs no system call; the list of those with
 * output to be sent at the end of the turn; memory for their queues; and the
 * queue for handshakes, of which only few are let in per turn, since each
 * takes as long as a hundred requests. For conn.c alone.
 */
#ifndef QKD_CONNLOOP_H
#define QKD_CONNLOOP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bytequeue.h"

#define CONNLOOP_SCRATCH	65536

struct connloop;

/* A connection's place in the lists; zeroed at first. */
struct connloop_item {
	TAILQ_ENTRY(connloop_item) wheel, flush, again, shake;
	uint64_t	at;		/* when the wheel looks; 0: never */
	bool		flushing, againing, shaking;
};

struct connloop_ops {
	/* The time has come, or is later now: call connloop_due() then. */
	void	(*due)(struct connloop_item *, uint64_t now);
	void	(*flush)(struct connloop_item *);
	void	(*again)(struct connloop_item *);
	void	(*shake)(struct connloop_item *);
};

/* The one of this event base; made when it is asked for first. NULL. */
struct connloop *connloop_get(struct event_base *,
	    const struct connloop_ops *);
void	connloop_put(struct connloop *);
void	connloop_remove(struct connloop *, struct connloop_item *);
/* due() is to be called at `at` (ms of mono_ms()) or up to 0.1 s later.
 * Cheap when `at` moves away only. */
void	connloop_due(struct connloop *, struct connloop_item *, uint64_t at);
/* At the end of this turn. */
void	connloop_flush(struct connloop *, struct connloop_item *);
void	connloop_unflush(struct connloop *, struct connloop_item *);
/* In the next turn, after the sockets were looked at. */
void	connloop_again(struct connloop *, struct connloop_item *);
/* When its turn comes. */
void	connloop_shake(struct connloop *, struct connloop_item *);
/* An established connection had work in this turn. */
void	connloop_busy(struct connloop *);
/* Memory for a queue that has none, if there is some to spare; and back when
 * the queue is empty: connections that are idle hold none. */
void	connloop_lend(struct connloop *, struct bytequeue *);
void	connloop_give_back(struct connloop *, struct bytequeue *);
/* CONNLOOP_SCRATCH octets for whoever is reading. */
uint8_t	*connloop_scratch(struct connloop *);

#endif
