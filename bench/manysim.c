#include "bench/manysimimpl.h"

#include <stdlib.h>
#include <string.h>

#include "kma/announcemsg.h"

#define AHEAD	16

void
manysim_fly(struct manysim *s, const struct note *note, uint32_t edge)
{
	struct slot	*slot = &s->slots[(s->now + MANYSIM_DELAY_MS) %
			    SLOTS];

	if (slot->n == slot->room) {
		slot->room = slot->room == 0 ? 1024 : 2 * slot->room;
		slot->flights = realloc(slot->flights, slot->room *
		    sizeof(*slot->flights));
		if (slot->flights == NULL)
			abort();
	}
	slot->flights[slot->n++] = (struct flight){ note->number, edge };
	s->traffic.messages++;
	s->traffic.octets += note->len;
}

/* ---- what was said ---- */

static struct note *
find_note(const struct manysim *s, const struct msg_announce *m)
{
	struct note	*note = s->newest[manynet_number(m->origin)];

	while (note != NULL && (note->incarnation != m->incarnation ||
	    note->sequence != m->sequence))
		note = note->older;
	return note;
}

static void
number(struct manysim *s, struct note *note)
{
	if (s->n_notes == s->room) {
		s->room = s->room == 0 ? 1024 : 2 * s->room;
		s->notes = realloc(s->notes, s->room * sizeof(note));
		if (s->notes == NULL)
			abort();
	}
	note->number = s->n_notes;
	s->notes[s->n_notes++] = note;
}

static void
know(struct manysim *s, const struct note *note, uint32_t node)
{
	*manysim_seen(s, note->origin, node) = (uint16_t)note->version;
	s->known[node * s->words + note->origin / 64] |=
	    (uint64_t)1 << note->origin % 64;
}

struct note *
manysim_note(struct manysim *s, const struct msg_announce *m, const uint8_t *p,
    size_t len)
{
	uint32_t	 origin = manynet_number(m->origin);
	struct note	*older = s->newest[origin];
	struct note	*note = malloc(sizeof(*note) + len);

	if (note == NULL)
		abort();
	*note = (struct note){ .origin = origin, .version = older != NULL ?
	    older->version + 1 : 1, .incarnation = m->incarnation,
	    .sequence = m->sequence, .older = older, .len = len };
	memcpy(note->octets, p, len);
	s->newest[origin] = note;
	number(s, note);
	know(s, note, origin);
	s->behind += s->net->n - 1 - s->missing[origin];
	s->missing[origin] = s->net->n - 1;
	return note;
}

static bool
is_newest(const struct manysim *s, const struct note *note)
{
	return s->newest[note->origin] == note;
}

void
manysim_take(struct manysim *s, const struct note *note, uint32_t node)
{
	know(s, note, node);
	if (is_newest(s, note)) {
		s->missing[note->origin]--;
		s->behind--;
	}
}

/* What kma finds scarce, fair or ample. */
uint64_t
manysim_stock(const struct manyedge *e)
{
	static const uint64_t	stocks[] = {
		[LINKSTATE_SCARCE] = MANYSIM_RESERVE / 4,
		[LINKSTATE_FAIR] = 2 * MANYSIM_RESERVE,
		[LINKSTATE_AMPLE] = 8 * MANYSIM_RESERVE,
	};

	return stocks[e->level];
}

/* ---- nodes with an engine ---- */

static void
engine_send(void *arg, const char *peer, const uint8_t *p, size_t octets)
{
	struct node		*n = arg;
	struct manysim		*s = n->sim;
	const struct note	*note;
	uint32_t		 edge = manynet_edge(s->net, n->number,
				    manynet_number(peer));
	struct msg		 m;
	size_t			 used;

	for (; octets > 0; p += used, octets -= used) {
		if (msg_decode(&m, p, octets, &used) < 0)
			abort();
		if ((note = find_note(s, &m.announce)) == NULL)
			note = manysim_note(s, &m.announce, p, used);
		manysim_fly(s, note, edge);
	}
}

static void
engine_stocks(struct node *n)
{
	const struct manynet	*net = n->sim->net;
	km_id			 peer;

	for (uint32_t e = net->first[n->number];
	    e < net->first[n->number + 1]; e++) {
		manynet_name(net->edges[e].to, peer);
		announce_stock(n->engine, peer, net->edges[e].up,
		    manysim_stock(&net->edges[e]), 0, n->sim->now);
	}
}

static struct announce *
engine_new(struct node *n)
{
	static const struct announce_ops	 ops = { engine_send };
	const struct manynet			*net = n->sim->net;
	struct announce				*a;
	km_id					 id;

	manynet_name(n->number, id);
	if (announce_new(&a, id, ++n->lives, &ops, n) < 0)
		abort();
	for (uint32_t e = net->first[n->number];
	    e < net->first[n->number + 1]; e++) {
		manynet_name(net->edges[e].to, id);
		if (announce_link(a, id, MANYSIM_RESERVE) < 0)
			abort();
	}
	return a;
}

static void
channel(struct manysim *s, uint32_t edge, bool up)
{
	struct node	*n = &s->nodes[s->net->edges[edge].from];
	km_id		 peer;

	manynet_name(s->net->edges[edge].to, peer);
	if (n->engine != NULL)
		announce_channel(n->engine, peer, up);
}

static void
engine_take(struct manysim *s, const struct note *note, uint32_t edge,
    struct node *n)
{
	const struct announce_counters	*c;
	uint64_t			 before;
	struct msg			 m;
	size_t				 used;
	km_id				 peer;

	if (n->engine == NULL)
		return;
	c = announce_counters(n->engine);
	before = c->taken;
	manynet_name(s->net->edges[edge].from, peer);
	if (msg_decode(&m, note->octets, note->len, &used) < 0)
		abort();
	if (announce_input(n->engine, peer, &m.announce, s->now) < 0)
		s->traffic.refused++;
	if (c->taken != before)
		manysim_take(s, note, n->number);
	n->touched = true;
	s->traffic.taken_in++;
}

static void
engine_tick(struct node *n)
{
	if (n->engine == NULL)
		return;
	if (n->sim->now % MANYSIM_TICK_MS == n->phase) {
		engine_stocks(n);
		announce_tick(n->engine, n->sim->now);
	} else if (n->touched)
		announce_flush(n->engine);
	n->touched = false;
}

/* ---- all of them ---- */

struct manysim *
manysim_new(struct manynet *net, const bool *engine)
{
	struct manysim	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->net = net;
	s->engine = engine;
	s->words = net->n / 64 + 1;
	s->now = 1000 * MANYSIM_TICK_MS;
	s->nodes = calloc(net->n, sizeof(*s->nodes));
	s->newest = calloc(net->n, sizeof(struct note *));
	s->missing = calloc(net->n, sizeof(*s->missing));
	s->seen = calloc((size_t)net->n * net->n, sizeof(*s->seen));
	s->known = calloc(net->n * s->words, sizeof(*s->known));
	s->synced = calloc(2 * (size_t)net->links, sizeof(*s->synced));
	if (s->nodes == NULL || s->newest == NULL || s->missing == NULL ||
	    s->seen == NULL || s->known == NULL || s->synced == NULL)
		abort();
	for (uint32_t i = 0; i < net->n; i++) {
		s->nodes[i] = (struct node){ .sim = s, .number = i,
		    .phase = manynet_below(MANYSIM_TICK_MS) };
		if (engine[i])
			s->nodes[i].engine = engine_new(&s->nodes[i]);
		/* Nobody has said anything yet, and all are to. */
		s->missing[i] = net->n - 1;
		s->behind += net->n - 1;
	}
	for (uint32_t e = 0; e < 2 * net->links; e++)
		channel(s, e, true);
	return s;
}

void
manysim_free(struct manysim **sp)
{
	struct manysim	*s = *sp;
	struct note	*note;

	*sp = NULL;
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->net->n; i++) {
		announce_free(&s->nodes[i].engine);
		while ((note = s->newest[i]) != NULL) {
			s->newest[i] = note->older;
			free(note);
		}
	}
	for (unsigned i = 0; i < SLOTS; i++)
		free(s->slots[i].flights);
	free(s->nodes);
	free(s->newest);
	free(s->missing);
	free(s->seen);
	free(s->known);
	free(s->synced);
	free(s->notes);
	free(s);
}

/* What a flight needs is most of all memory that was not touched for long. */
static void
expect(const struct manysim *s, const struct flight *f)
{
	__builtin_prefetch(manysim_seen(s, s->notes[f->note]->origin,
	    s->net->edges[f->edge].to));
}

static void
arrive(struct manysim *s)
{
	struct slot	*slot = &s->slots[s->now % SLOTS];

	for (size_t i = 0; i < slot->n; i++) {
		const struct note	*note =
		    s->notes[slot->flights[i].note];
		uint32_t		 edge = slot->flights[i].edge;
		const struct manyedge	*e = &s->net->edges[edge];

		if (i + AHEAD < slot->n)
			expect(s, &slot->flights[i + AHEAD]);
		if (!e->up)
			continue;
		if (s->engine[e->to])
			engine_take(s, note, edge, &s->nodes[e->to]);
		else
			manyplain_take(s, note, edge, e->to);
	}
	slot->n = 0;
}

void
manysim_step(struct manysim *s)
{
	s->now++;
	arrive(s);
	for (uint32_t i = 0; i < s->net->n; i++) {
		struct node	*n = &s->nodes[i];

		if (s->engine[i])
			engine_tick(n);
		else if (s->now % MANYSIM_TICK_MS == n->phase)
			manyplain_tick(s, i);
	}
}

uint64_t
manysim_now(const struct manysim *s)
{
	return s->now;
}

uint64_t
manysim_behind(const struct manysim *s)
{
	return s->behind;
}

uint32_t
manysim_said(const struct manysim *s, uint32_t node)
{
	return s->newest[node] != NULL ? s->newest[node]->version : 0;
}

const struct manysim_traffic *
manysim_traffic(const struct manysim *s)
{
	return &s->traffic;
}

struct announce *
manysim_engine(const struct manysim *s, uint32_t node)
{
	return s->nodes[node].engine;
}

void
manysim_cut(struct manysim *s, uint32_t edge)
{
	uint32_t	back = s->net->edges[edge].back;

	s->net->edges[edge].up = s->net->edges[back].up = false;
	channel(s, edge, false);
	channel(s, back, false);
}

static void
all_channels(struct manysim *s, uint32_t node, bool up)
{
	for (uint32_t e = s->net->first[node]; e < s->net->first[node + 1];
	    e++) {
		s->net->edges[e].up = up;
		s->net->edges[s->net->edges[e].back].up = up;
		channel(s, e, up);
		channel(s, s->net->edges[e].back, up);
	}
}

void
manysim_stop(struct manysim *s, uint32_t node)
{
	announce_free(&s->nodes[node].engine);
	all_channels(s, node, false);
	for (uint32_t i = 0; i < s->net->n; i++) {
		if (i == node)
			continue;
		if (s->newest[i]->version == *manysim_seen(s, i, node)) {
			s->missing[i]++;
			s->behind++;
		}
		*manysim_seen(s, i, node) = 0;
	}
}

void
manysim_start(struct manysim *s, uint32_t node)
{
	s->nodes[node].engine = engine_new(&s->nodes[node]);
	all_channels(s, node, true);
}

struct announce *
manysim_twin(const struct manysim *s, uint32_t node)
{
	struct announce	*a = engine_new(&s->nodes[node]);
	uint64_t	 now = s->now;
	struct msg	 m;
	size_t		 used;
	km_id		 peer;

	manynet_name(s->net->edges[s->net->first[node]].to, peer);
	announce_channel(a, peer, true);
	for (uint32_t i = 0; i < s->net->n; i++, now++) {
		if (i == node)
			continue;
		if (msg_decode(&m, s->newest[i]->octets, s->newest[i]->len,
		    &used) < 0 ||
		    announce_input(a, peer, &m.announce, now) < 0)
			abort();
	}
	return a;
}
