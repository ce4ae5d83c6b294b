#include "connloop.h"

#include <stdlib.h>

#include "ident.h"

#define TICK_MS		100
#define SLOTS		256
#define SHAKES_BUSY	1	/* handshake steps per turn beside requests */
#define SHAKES_IDLE	8
#define SPARES		32
#define SPARE_MAX	16384	/* octets of each */

TAILQ_HEAD(items, connloop_item);

struct connloop {
	LIST_ENTRY(connloop)	 all;
	struct event_base	*base;
	const struct connloop_ops *ops;
	struct event		*tick, *flush, *turn;
	struct items		 slots[SLOTS], flushq, againq, shakeq;
	uint64_t		 ticks;		/* done so far */
	struct bytequeue	 spares[SPARES];	/* all empty */
	unsigned		 nspares, users;
	bool			 busy, turn_set;
	uint8_t			 scratch[CONNLOOP_SCRATCH];
};

static __thread LIST_HEAD(, connloop) loops = LIST_HEAD_INITIALIZER(loops);

static struct items *
slot(struct connloop *l, uint64_t at)
{
	return &l->slots[at / TICK_MS % SLOTS];
}

/* So many, and no more: what a callback adds waits for its own time. */
#define COUNT(n, q, field) do {						\
	struct connloop_item	*i_;					\
									\
	(n) = 0;							\
	TAILQ_FOREACH(i_, q, field)					\
		(n)++;							\
} while (0)

static void
unwheel(struct connloop *l, struct connloop_item *i)
{
	if (i->at != 0)
		TAILQ_REMOVE(slot(l, i->at), i, wheel);
	i->at = 0;
}

/* Those of another round of the wheel stay in their slot. */
static void
turn_slot(struct connloop *l, struct items *q, uint64_t now)
{
	struct connloop_item	*i;
	unsigned		 n;

	COUNT(n, q, wheel);
	for (; n > 0 && (i = TAILQ_FIRST(q)) != NULL; n--) {
		if (i->at > now) {
			TAILQ_REMOVE(q, i, wheel);
			TAILQ_INSERT_TAIL(q, i, wheel);
			continue;
		}
		unwheel(l, i);
		l->ops->due(i, now);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct connloop	*l = arg;
	uint64_t	 now = mono_ms(), end = now / TICK_MS;

	(void)fd, (void)what;
	if (end - l->ticks > SLOTS)
		l->ticks = end - SLOTS;
	l->users++;		/* a callback may close the last connection */
	while (l->ticks < end)
		turn_slot(l, &l->slots[l->ticks++ % SLOTS], now);
	connloop_put(l);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct connloop		*l = arg;
	struct connloop_item	*i;

	(void)fd, (void)what;
	l->users++;
	while ((i = TAILQ_FIRST(&l->flushq)) != NULL) {
		connloop_unflush(l, i);
		l->ops->flush(i);
	}
	connloop_put(l);
}

/* A timeout of 0 comes after the next look at the sockets. */
static void
set_turn(struct connloop *l)
{
	static const struct timeval	zero;

	if (!l->turn_set && event_add(l->turn, &zero) == 0)
		l->turn_set = true;
}

static void
run_again(struct connloop *l)
{
	struct connloop_item	*i;
	unsigned		 n;

	COUNT(n, &l->againq, again);
	for (; n > 0 && (i = TAILQ_FIRST(&l->againq)) != NULL; n--) {
		TAILQ_REMOVE(&l->againq, i, again);
		i->againing = false;
		l->ops->again(i);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct connloop		*l = arg;
	struct connloop_item	*i;
	unsigned		 n = l->busy ? SHAKES_BUSY : SHAKES_IDLE;

	(void)fd, (void)what;
	l->users++;
	l->busy = l->turn_set = false;
	run_again(l);
	while (n-- > 0 && (i = TAILQ_FIRST(&l->shakeq)) != NULL) {
		TAILQ_REMOVE(&l->shakeq, i, shake);
		i->shaking = false;
		l->ops->shake(i);
	}
	if (!TAILQ_EMPTY(&l->shakeq) || !TAILQ_EMPTY(&l->againq))
		set_turn(l);
	connloop_put(l);
}

static int
start(struct connloop *l)
{
	static const struct timeval	tick = { .tv_usec = TICK_MS * 1000 };

	for (int i = 0; i < SLOTS; i++)
		TAILQ_INIT(&l->slots[i]);
	TAILQ_INIT(&l->flushq);
	TAILQ_INIT(&l->againq);
	TAILQ_INIT(&l->shakeq);
	l->ticks = mono_ms() / TICK_MS;
	l->tick = event_new(l->base, -1, EV_PERSIST, on_tick, l);
	l->flush = event_new(l->base, -1, 0, on_flush, l);
	l->turn = event_new(l->base, -1, 0, on_turn, l);
	return l->tick != NULL && l->flush != NULL && l->turn != NULL &&
	    event_add(l->tick, &tick) == 0 ? 0 : -1;
}

static void
destroy(struct connloop *l)
{
	if (l->tick != NULL)
		event_free(l->tick);
	if (l->flush != NULL)
		event_free(l->flush);
	if (l->turn != NULL)
		event_free(l->turn);
	while (l->nspares > 0)
		bytequeue_free(&l->spares[--l->nspares]);
	free(l);
}

struct connloop *
connloop_get(struct event_base *base, const struct connloop_ops *ops)
{
	struct connloop	*l;

	LIST_FOREACH(l, &loops, all)
		if (l->base == base)
			break;
	if (l == NULL) {
		if ((l = calloc(1, sizeof(*l))) == NULL)
			return NULL;
		l->base = base;
		l->ops = ops;
		if (start(l) < 0) {
			destroy(l);
			return NULL;
		}
		LIST_INSERT_HEAD(&loops, l, all);
	}
	l->users++;
	return l;
}

void
connloop_put(struct connloop *l)
{
	if (--l->users > 0)
		return;
	LIST_REMOVE(l, all);
	destroy(l);
}

void
connloop_remove(struct connloop *l, struct connloop_item *i)
{
	unwheel(l, i);
	connloop_unflush(l, i);
	if (i->againing)
		TAILQ_REMOVE(&l->againq, i, again);
	if (i->shaking)
		TAILQ_REMOVE(&l->shakeq, i, shake);
	i->againing = i->shaking = false;
}

void
connloop_due(struct connloop *l, struct connloop_item *i, uint64_t at)
{
	if (i->at != 0 && i->at <= at)
		return;
	unwheel(l, i);
	i->at = at;
	/* The slot of this very moment has been passed perhaps. */
	if (i->at / TICK_MS < l->ticks)
		i->at = l->ticks * TICK_MS;
	TAILQ_INSERT_TAIL(slot(l, i->at), i, wheel);
}

void
connloop_flush(struct connloop *l, struct connloop_item *i)
{
	if (i->flushing)
		return;
	if (TAILQ_EMPTY(&l->flushq))
		event_active(l->flush, EV_TIMEOUT, 0);
	TAILQ_INSERT_TAIL(&l->flushq, i, flush);
	i->flushing = true;
}

void
connloop_unflush(struct connloop *l, struct connloop_item *i)
{
	if (i->flushing)
		TAILQ_REMOVE(&l->flushq, i, flush);
	i->flushing = false;
}

void
connloop_again(struct connloop *l, struct connloop_item *i)
{
	if (i->againing)
		return;
	TAILQ_INSERT_TAIL(&l->againq, i, again);
	i->againing = true;
	set_turn(l);
}

void
connloop_shake(struct connloop *l, struct connloop_item *i)
{
	if (i->shaking)
		return;
	TAILQ_INSERT_TAIL(&l->shakeq, i, shake);
	i->shaking = true;
	set_turn(l);
}

void
connloop_busy(struct connloop *l)
{
	l->busy = true;
}

uint8_t *
connloop_scratch(struct connloop *l)
{
	return l->scratch;
}

void
connloop_lend(struct connloop *l, struct bytequeue *q)
{
	if (l->nspares > 0)
		*q = l->spares[--l->nspares];
}

void
connloop_give_back(struct connloop *l, struct bytequeue *q)
{
	if (q->room == 0 || q->room > SPARE_MAX || l->nspares == SPARES) {
		bytequeue_free(q);
		return;
	}
	l->spares[l->nspares++] = *q;
	*q = (struct bytequeue){ NULL, 0, 0, 0 };
}
