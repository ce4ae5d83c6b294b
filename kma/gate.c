/* gate.c - what is on its way to a KM is not more than comes back in time. */
#include "kma/gate.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"

#define ONE		256		/* of gate.size */
#define FIRST		(8 * ONE)
#define MOST		(4096 * ONE)
#define FORGET_MS	60000

/* Parts of the timeout: back within SOON the path is idle; key for a later
 * link is waited for until LATE at most. Half of it may be waited at a node. */
#define SOON		20
#define STEADY		5
#define LATE(t)		((t) * 2 / 5)

struct gate {
	km_id			 km;
	unsigned		 size, out;	/* size: in 1/ONE */
	uint64_t		 cut, used;	/* ms */
	TAILQ_HEAD(, gatewait)	 held;
	UT_hash_handle		 hh;
};

void
gates_init(struct gates *gs, uint64_t timeout)
{
	gs->by_km = NULL;
	gs->timeout = timeout;
}

static struct gate *
find(const struct gates *gs, const char *km)
{
	struct gate	*g;

	HASH_FIND_STR(gs->by_km, km, g);
	return g;
}

static struct gate *
gate_new(struct gates *gs, const char *km)
{
	struct gate	*g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	strncpy(g->km, km, sizeof(g->km) - 1);
	g->size = FIRST;
	TAILQ_INIT(&g->held);
	HASH_ADD_STR(gs->by_km, km, g);
	return g;
}

static bool
is_open(const struct gate *g)
{
	return g->out * ONE < g->size;
}

static void
pass(struct gate *g, struct gatewait *w)
{
	g->out++;
	w->place = GATE_PASSED;
	w->fn(w->arg);
}

int
gate_enter(struct gates *gs, const char *km, struct gatewait *w, uint64_t now)
{
	struct gate	*g = find(gs, km);

	if (g == NULL && (g = gate_new(gs, km)) == NULL)
		return -E_NO_MEMORY;
	g->used = now;
	w->gate = g;
	if (TAILQ_EMPTY(&g->held) && is_open(g)) {
		pass(g, w);
		return 0;
	}
	w->place = GATE_HELD;
	TAILQ_INSERT_TAIL(&g->held, w, next);
	return 0;
}

void
gate_sent(struct gatewait *w, uint64_t now)
{
	w->place = GATE_SENT;
	w->sent = now;
}

/* What was sent before the last cut tells nothing new. */
static void
cut(struct gate *g, const struct gatewait *w, uint64_t now)
{
	if (w->sent < g->cut)
		return;
	g->size = g->size / 2 > ONE ? g->size / 2 : ONE;
	g->cut = now;
}

/* Only a gate that is used up may grow. */
static void
grow(struct gate *g, unsigned by)
{
	if ((g->out + 1) * ONE < g->size / 2)
		return;
	g->size = g->size + by < MOST ? g->size + by : MOST;
}

static void
learn(const struct gates *gs, struct gate *g, const struct gatewait *w,
    bool came, uint64_t now)
{
	uint64_t	took = now - w->sent;

	if (!came || took > LATE(gs->timeout))
		cut(g, w, now);
	else if (took < gs->timeout / SOON)
		grow(g, ONE);
	else if (took < gs->timeout / STEADY)
		grow(g, ONE * ONE / g->size);
}

void
gate_leave(const struct gates *gs, struct gatewait *w, bool came,
    uint64_t now)
{
	struct gate	*g = w->gate;

	if (w->place == GATE_HELD)
		TAILQ_REMOVE(&g->held, w, next);
	if (w->place == GATE_SENT)
		learn(gs, g, w, came, now);
	if (w->place == GATE_SENT || w->place == GATE_PASSED)
		g->out--;
	w->place = GATE_OUTSIDE;
}

void
gates_pump(struct gates *gs, uint64_t now)
{
	struct gate	*g, *tmp;
	struct gatewait	*w;

	HASH_ITER(hh, gs->by_km, g, tmp)
		while (is_open(g) && (w = TAILQ_FIRST(&g->held)) != NULL) {
			TAILQ_REMOVE(&g->held, w, next);
			g->used = now;
			pass(g, w);
		}
}

void
gates_tick(struct gates *gs, uint64_t now)
{
	struct gate	*g, *tmp;

	HASH_ITER(hh, gs->by_km, g, tmp)
		if (g->out == 0 && TAILQ_EMPTY(&g->held) &&
		    now - g->used > FORGET_MS) {
			HASH_DEL(gs->by_km, g);
			free(g);
		}
}

void
gates_free(struct gates *gs)
{
	struct gate	*g, *tmp;

	HASH_ITER(hh, gs->by_km, g, tmp) {
		HASH_DEL(gs->by_km, g);
		free(g);
	}
}

unsigned
gates_size(const struct gates *gs, const char *km)
{
	const struct gate	*g = find(gs, km);

	return g != NULL ? g->size / ONE : FIRST / ONE;
}
