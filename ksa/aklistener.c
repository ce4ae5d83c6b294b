/* aklistener.c - connections that the KM may ask something. */
#include "aklistener.h"

#include "akguest.h"
#include "doorint.h"
#include "err.h"

/* Traces are read more easily if the KM's numbers differ from the
 * applications'; they need not. */
#define FIRST_ID	0x80000001

static struct ak_listeners *
of(const struct ak_listener *l)
{
	return &l->guest->door->listeners;
}

/* ---- which notices a connection has ---- */

void
aklistener_add(struct ak_listener *l, struct notice *n)
{
	LIST_INSERT_HEAD(&l->open, n, entry);
	l->nopen++;
	n->guest = l;
}

struct ak_listener *
aklistener_take(struct notice *n)
{
	struct ak_listener *l = n->guest;

	LIST_REMOVE(n, entry);
	l->nopen--;
	n->guest = NULL;
	return l;
}

struct notice *
aklistener_find(const struct ak_listener *l, uint32_t message_id)
{
	struct notice	*n;

	LIST_FOREACH(n, &l->open, entry)
		if (n->message_id == message_id)
			return n;
	return NULL;
}

uint32_t
aklistener_number(struct ak_listener *l)
{
	uint32_t	id;

	do
		id = FIRST_ID + (uint32_t)l->sent++;
	while (aklistener_find(l, id) != NULL);
	return id;
}

bool
aklistener_was_sent(const struct ak_listener *l, uint32_t message_id)
{
	return message_id - FIRST_ID < l->sent;
}

/* ---- what waits for a turn of the loop ---- */

void
aklistener_lose(struct door *d, struct notice *n)
{
	aklistener_add(&d->listeners.nobody, n);
	event_active(d->listeners.event, 0, 0);
}

static void
wait_for_turn(struct ak_listener *l)
{
	if (l->waits)
		return;
	l->waits = true;
	TAILQ_INSERT_TAIL(&of(l)->turns, l, turn);
	event_active(of(l)->event, 0, 0);
}

static void
end_turn(struct ak_listener *l)
{
	if (l->waits)
		TAILQ_REMOVE(&of(l)->turns, l, turn);
	l->waits = false;
}

struct ak_listener *
aklistener_turn(struct door *d)
{
	struct ak_listener *l = TAILQ_FIRST(&d->listeners.turns);

	if (l != NULL)
		end_turn(l);
	return l;
}

/* ---- which connections an application has ---- */

static bool
is_ours(const struct guest *g)
{
	return g->caller != NULL && g->refusal == NULL && g->caller->local &&
	    !g->last && !g->broken;
}

/* What it had will not be answered any more. */
static void
strike(struct ak_listener *l)
{
	struct notice	*n;

	if (!l->listed)
		return;
	l->listed = false;
	LIST_REMOVE(l, entry);
	while ((n = LIST_FIRST(&l->open)) != NULL) {
		aklistener_take(n);
		aklistener_lose(l->guest->door, n);
	}
	akguest_noticed(l->guest);
}

void
aklistener_heard(struct ak_listener *l, struct guest *g)
{
	bool	 new = !l->listed;

	l->guest = g;
	l->silent = false;
	if (!is_ours(g)) {
		strike(l);
		return;
	}
	if (l->listed && LIST_FIRST(&g->caller->listeners) == l)
		return;
	if (l->listed)
		LIST_REMOVE(l, entry);
	LIST_INSERT_HEAD(&g->caller->listeners, l, entry);
	l->listed = true;
	if (new)
		wait_for_turn(l);
}

void
aklistener_deaf(struct ak_listener *l)
{
	strike(l);
}

void
aklistener_leave(struct ak_listener *l)
{
	strike(l);
	if (l->waits)
		end_turn(l);
}

/* Whether its certificate stands for the application still. */
static bool
holds(struct ak_listener *l)
{
	if (l->dismissed)
		return false;
	if (identity_holds(l->guest))
		return is_ours(l->guest);
	l->dismissed = true;
	wait_for_turn(l);
	return false;
}

static bool
has_room(const struct ak_listener *l)
{
	const struct guest *g = l->guest;

	return l->nopen < (unsigned)g->door->conf->ak_max_requests &&
	    akguest_due(g) < DOORINT_OUTPUT;
}

void
aklistener_room(struct ak_listener *l)
{
	if (!l->listed || !l->short_of_room || !has_room(l))
		return;
	l->short_of_room = false;
	wait_for_turn(l);
}

void
aklistener_relieved(struct ak_listener *l)
{
	if (l->guest == NULL)		/* nobody */
		return;
	akguest_noticed(l->guest);
	aklistener_room(l);
}

void
aklistener_unanswered(struct ak_listener *l)
{
	l->silent = true;
}

/* Behind a request that has to wait an answer would wait too; whoever let one
 * go unanswered may hang. */
static unsigned
doubts(const struct ak_listener *l)
{
	return l->silent ? 2 : akguest_paused(l->guest) ? 1 : 0;
}

/* The first of those that have room, and of which nothing speaks against. */
int
aklistener_choose(struct door *d, const char *application,
    struct ak_listener **out)
{
	struct sae		*s = sae_find(d->book, application);
	struct ak_listener	*l;
	int			 r = -E_NOT_FOUND;

	*out = NULL;
	if (s == NULL)
		return r;
	LIST_FOREACH(l, &s->listeners, entry) {
		if (!holds(l))
			continue;
		r = -E_BUSY;
		if (!has_room(l))
			l->short_of_room = true;
		else if (*out == NULL || doubts(l) < doubts(*out))
			*out = l;
		if (*out != NULL && doubts(*out) == 0)
			break;
	}
	return *out != NULL ? 0 : r;
}

bool
aklistener_present(struct door *d, const char *application)
{
	struct sae		*s = sae_find(d->book, application);
	struct ak_listener	*l = s == NULL ? NULL :
				    LIST_FIRST(&s->listeners);

	while (l != NULL && !holds(l))
		l = LIST_NEXT(l, entry);
	return l != NULL;
}
