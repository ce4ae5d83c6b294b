#include "bench/manywalk.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX	4096

struct frame {
	route_text	text;		/* what the frame carries */
	uint32_t	sender, at;	/* it comes from; where it arrives */
	uint64_t	due;
	uint32_t	been[ROUTE_HOPS_MAX];
	unsigned	n_been;
};

struct manywalk {
	struct manysim			*sim;
	const struct manynet		*net;
	uint32_t			*sources;
	uint32_t			 n_sources;
	struct frame			*frames;
	size_t				 n;
	struct manywalk_counters	 count;
};

struct manywalk *
manywalk_new(struct manysim *sim, const struct manynet *net)
{
	struct manywalk	*w = calloc(1, sizeof(*w));

	if (w == NULL || (w->sources = calloc(net->n,
	    sizeof(*w->sources))) == NULL ||
	    (w->frames = calloc(FRAMES_MAX, sizeof(*w->frames))) == NULL)
		abort();
	w->sim = sim;
	w->net = net;
	for (uint32_t i = 0; i < net->n; i++)
		if (manysim_engine(sim, i) != NULL)
			w->sources[w->n_sources++] = i;
	return w;
}

void
manywalk_free(struct manywalk **wp)
{
	struct manywalk	*w = *wp;

	*wp = NULL;
	if (w == NULL)
		return;
	free(w->sources);
	free(w->frames);
	free(w);
}

/* Over the link, if there is one now. */
static bool
pass(struct manywalk *w, struct frame *f, uint32_t from, const char *to)
{
	uint32_t	e = manynet_edge(w->net, from, manynet_number(to));

	if (e == UINT32_MAX || !w->net->edges[e].up) {
		w->count.lost++;
		return false;
	}
	f->sender = from;
	f->at = w->net->edges[e].to;
	f->due = manysim_now(w->sim) + MANYSIM_DELAY_MS;
	return true;
}

static void
send_one(struct manywalk *w)
{
	struct frame	*f = &w->frames[w->n];
	uint32_t	 from = w->sources[manynet_below(w->n_sources)];
	uint32_t	 to = manynet_below(w->net->n);
	struct announce	*a = manysim_engine(w->sim, from);
	struct route	 r;
	km_id		 id;

	if (a == NULL || from == to || w->n == FRAMES_MAX)
		return;
	w->count.sent++;
	manynet_name(to, id);
	linkstate_route(announce_state(a), id, &r);
	if (r.n == 0) {
		w->count.no_route++;
		return;
	}
	route_print(&r, f->text);
	f->been[0] = from;
	f->n_been = 1;
	if (pass(w, f, from, r.km[1]))
		w->n++;
}

void
manywalk_send(struct manywalk *w, unsigned frames)
{
	while (frames-- > 0)
		send_one(w);
}

static bool
was_here(struct frame *f)
{
	for (unsigned i = 0; i < f->n_been; i++)
		if (f->been[i] == f->at)
			return true;
	if (f->n_been < ROUTE_HOPS_MAX)
		f->been[f->n_been++] = f->at;
	return false;
}

/* As place() in kma/hop.c and relay_frame() in relayd/relay.c; true: the
 * frame is under way again. */
static bool
arrive(struct manywalk *w, struct frame *f)
{
	struct route	r;
	km_id		me, sender;
	int		at;

	if (was_here(f)) {
		w->count.loops++;
		return false;
	}
	manynet_name(f->at, me);
	manynet_name(f->sender, sender);
	if (route_parse(&r, f->text) < 0 || (at = route_find(&r, me)) < 1 ||
	    strcmp(r.km[at - 1], sender) != 0) {
		w->count.refused++;
		return false;
	}
	if ((unsigned)at + 1 == r.n) {
		w->count.delivered++;
		w->count.hops += r.n - 1;
		return false;
	}
	return pass(w, f, f->at, r.km[at + 1]);
}

void
manywalk_step(struct manywalk *w)
{
	size_t	i = 0;

	while (i < w->n) {
		if (w->frames[i].due != manysim_now(w->sim) ||
		    arrive(w, &w->frames[i]))
			i++;
		else
			w->frames[i] = w->frames[--w->n];
	}
}

size_t
manywalk_under_way(const struct manywalk *w)
{
	return w->n;
}

struct manywalk_counters
manywalk_take(struct manywalk *w)
{
	struct manywalk_counters	c = w->count;

	memset(&w->count, 0, sizeof(w->count));
	return c;
}
