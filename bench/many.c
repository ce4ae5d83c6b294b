/*
 * many.c - the routing code of kma in networks of 1,000 and 10,000 nodes, in
 * one process and on a clock of its own: how long until all know of a change,
 * what that takes, and whether a frame ever goes in circles.
 *
 *	bench/many random|ring NODES
 *
 * prints name=value, one a line. Exit code 1: something was wrong.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/manywalk.h"

#define ALL_MAX		1000	/* so many nodes have an engine each */
#define CENTRES		8	/* else these, and their neighbours */
#define PATIENCE_MS	120000
#define DOWN_MS		50	/* at least */
#define FRAMES		20	/* at once, now and then while it converges */
#define FRAMES_MS	5
#define FRAMES_MS_MANY	50
#define CALM_FRAMES	1000
#define CALM_EACH	50	/* at once */
#define RUNS		50

struct bench {
	struct manynet	*net;
	struct manysim	*sim;
	struct manywalk	*walk;
	bool		*engine;
	uint32_t	 engines;
	uint64_t	 begin;		/* of the simulation */
	uint32_t	 centres[CENTRES];
	bool		 wrong;
};

static double
cpu_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
say(const char *name, double value)
{
	printf("%s=%.10g\n", name, value);
	fflush(stdout);
}

static void
say_of(const char *phase, const char *name, double value)
{
	char	both[64];

	snprintf(both, sizeof(both), "%s_%s", phase, name);
	say(both, value);
}

static void
wrong(struct bench *b, const char *what)
{
	fprintf(stderr, "bench/many: %s\n", what);
	b->wrong = true;
}

/* All of them, or some at random with all their neighbours. */
static void
choose(struct bench *b)
{
	struct manynet	*net = b->net;

	for (unsigned i = 0; i < CENTRES; i++) {
		uint32_t	c = manynet_below(net->n);

		b->centres[i] = c;
		b->engine[c] = true;
		for (uint32_t e = net->first[c]; e < net->first[c + 1]; e++)
			b->engine[net->edges[e].to] = true;
	}
	for (uint32_t i = 0; i < net->n; i++) {
		if (net->n <= ALL_MAX)
			b->engine[i] = true;
		b->engines += b->engine[i];
	}
}

static void
run(struct bench *b, uint64_t ms)
{
	while (ms-- > 0) {
		manysim_step(b->sim);
		manywalk_step(b->walk);
		if (manysim_now(b->sim) % (b->net->n > ALL_MAX ?
		    FRAMES_MS_MANY : FRAMES_MS) == 0)
			manywalk_send(b->walk, FRAMES);
	}
}

static void
say_frames(struct bench *b, const char *phase)
{
	struct manywalk_counters	c = manywalk_take(b->walk);

	say_of(phase, "frames", (double)c.sent);
	say_of(phase, "delivered", (double)c.delivered);
	say_of(phase, "no_route", (double)c.no_route);
	say_of(phase, "lost", (double)c.lost);
	say_of(phase, "loops", (double)c.loops);
	if (c.loops > 0 || c.refused > 0)
		wrong(b, "a frame was where it should not be");
}

/* Who has to say something until all is known again. */
struct change {
	const char		*phase;
	struct manysim_traffic	 before;
	uint64_t		 begin;
	unsigned		 n;
	uint32_t		 nodes[MANYNET_DEGREE_MAX + 1];
	uint32_t		 said[MANYNET_DEGREE_MAX + 1];
};

static void
begin(struct bench *b, struct change *c, const char *phase)
{
	*c = (struct change){ .phase = phase,
	    .before = *manysim_traffic(b->sim),
	    .begin = manysim_now(b->sim) };
}

static void
must_say(struct bench *b, struct change *c, uint32_t node)
{
	c->nodes[c->n] = node;
	c->said[c->n++] = manysim_said(b->sim, node);
}

static bool
is_known(const struct bench *b, const struct change *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (manysim_said(b->sim, c->nodes[i]) == c->said[i])
			return false;
	return manysim_behind(b->sim) == 0;
}

/* Until nobody lacks what anybody said last. */
static void
converge(struct bench *b, const struct change *c)
{
	const struct manysim_traffic	*t = manysim_traffic(b->sim);
	double				 links = b->net->links;

	do
		run(b, 1);
	while (!is_known(b, c) &&
	    manysim_now(b->sim) - c->begin < PATIENCE_MS);
	if (!is_known(b, c))
		wrong(b, "the network does not converge");
	say_of(c->phase, "ms", (double)(manysim_now(b->sim) - c->begin));
	say_of(c->phase, "messages_per_link",
	    (double)(t->messages - c->before.messages) / links);
	say_of(c->phase, "octets_per_link",
	    (double)(t->octets - c->before.octets) / links);
	say_of(c->phase, "refused", (double)(t->refused - c->before.refused));
	say_frames(b, c->phase);
}

/*
 * An announcement is said again 1, 3, 7 .. s later. What one change takes is
 * measured in between, at the next such moment that is so far away.
 */
static void
quiet(struct bench *b, uint64_t at_least)
{
	static const uint64_t	moments[] = { 400, 650, 1400, 3400,
				    7400, 15400 };
	uint64_t		now = manysim_now(b->sim) - b->begin;

	for (unsigned i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		if (moments[i] >= now + at_least) {
			run(b, moments[i] - now);
			break;
		}
	if (manysim_behind(b->sim) > b->net->n)
		wrong(b, "no quiet moment");
	(void)manywalk_take(b->walk);
}

static void
all_start(struct bench *b)
{
	struct change	c;

	b->begin = manysim_now(b->sim);
	begin(b, &c, "start");
	converge(b, &c);
	for (uint32_t i = 0; i < b->net->n; i++)
		if (b->engine[i] && linkstate_count(announce_state(
		    manysim_engine(b->sim, i))) != b->net->n)
			wrong(b, "a node does not know all");
}

static void
cut(struct bench *b)
{
	uint32_t	e = b->net->first[b->centres[0]];
	struct route	r = { .n = 2 };
	struct change	c;
	unsigned	broken;

	quiet(b, 0);
	begin(b, &c, "cut");
	must_say(b, &c, b->net->edges[e].from);
	must_say(b, &c, b->net->edges[e].to);
	manysim_cut(b->sim, e);
	converge(b, &c);
	manynet_name(b->net->edges[e].from, r.km[0]);
	manynet_name(b->net->edges[e].to, r.km[1]);
	for (uint32_t i = 0; i < b->net->n; i++)
		if (b->engine[i] && linkstate_check(announce_state(
		    manysim_engine(b->sim, i)), &r, &broken) !=
		    LINKSTATE_UNREACHED)
			wrong(b, "a node believes in a link that was cut");
}

static void
restart(struct bench *b)
{
	uint32_t	node = b->centres[1];
	struct change	c;

	manysim_stop(b->sim, node);
	quiet(b, DOWN_MS);
	begin(b, &c, "restart");
	must_say(b, &c, node);
	for (uint32_t e = b->net->first[node]; e < b->net->first[node + 1];
	    e++)
		if (b->net->edges[e].up)
			must_say(b, &c, b->net->edges[e].to);
	manysim_start(b->sim, node);
	converge(b, &c);
}

static void
land(struct bench *b)
{
	while (manywalk_under_way(b->walk) > 0) {
		manysim_step(b->sim);
		manywalk_step(b->walk);
	}
}

/* Nothing changes: every frame arrives, and there and back is one way. */
static void
calm(struct bench *b)
{
	struct manywalk_counters	 c;
	struct route			 r, back;
	route_text			 there, text;

	land(b);
	(void)manywalk_take(b->walk);
	for (unsigned i = 0; i < CALM_FRAMES / CALM_EACH; i++) {
		manywalk_send(b->walk, CALM_EACH);
		manysim_step(b->sim);
		manywalk_step(b->walk);
	}
	land(b);
	c = manywalk_take(b->walk);
	say("calm_frames", (double)c.sent);
	say("calm_delivered", (double)c.delivered);
	say("calm_loops", (double)c.loops);
	say("calm_hops", (double)c.hops / (double)c.delivered);
	if (c.delivered != c.sent || c.loops > 0 || c.refused > 0)
		wrong(b, "a frame did not arrive in a calm network");
	for (unsigned i = 0; i + 1 < CENTRES; i++) {
		struct linkstate	*a = announce_state(manysim_engine(
					    b->sim, b->centres[i]));
		struct linkstate	*z = announce_state(manysim_engine(
					    b->sim, b->centres[i + 1]));
		km_id			 from, to;

		manynet_name(b->centres[i], from);
		manynet_name(b->centres[i + 1], to);
		linkstate_route(a, to, &r);
		linkstate_route(z, from, &back);
		route_reverse(&back);
		route_print(&r, there);
		route_print(&back, text);
		if (strcmp(there, text) != 0)
			wrong(b, "the way back is not the way there");
	}
}

static size_t
memory(void)
{
	struct mallinfo2	m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* New levels of my links, so that all is computed anew. */
static double
recompute(struct linkstate *s, const char *to)
{
	struct linkstate_ad	ad;
	struct route		r;
	uint64_t		version = linkstate_version(s);
	double			begin_ms;
	uint8_t			level;

	linkstate_mine(s, &ad);
	level = ad.links[0].level == LINKSTATE_SCARCE ? LINKSTATE_AMPLE :
	    LINKSTATE_SCARCE;
	for (unsigned i = 0; i < ad.n; i++)
		ad.links[i].level = level;
	linkstate_announce(s, ad.links, ad.n);
	begin_ms = cpu_ms();
	linkstate_route(s, to, &r);
	return linkstate_version(s) == version ? -1 : cpu_ms() - begin_ms;
}

/* One node by itself: its memory, and the CPU time that it takes. */
static void
measure(struct bench *b)
{
	uint32_t		 node = b->centres[2];
	size_t			 before = memory();
	double			 begin_ms = cpu_ms(), routes = 0, sets = 0;
	struct announce		*a = manysim_twin(b->sim, node);
	struct linkstate	*s = announce_state(a);
	struct route		 r[3];
	unsigned		 found = 0;
	km_id			 to;

	say("take_all_cpu_ms", cpu_ms() - begin_ms);
	say("node_kib", (double)(memory() - before) / 1024);
	s = announce_state(manysim_engine(b->sim, node));
	for (unsigned i = 0; i < RUNS; i++) {
		double	one;

		manynet_name(b->centres[3 + i % (CENTRES - 3)], to);
		if ((one = recompute(s, to)) < 0)
			wrong(b, "nothing was computed");
		routes += one;
	}
	for (unsigned i = 0; i < RUNS; i++) {
		s = announce_state(manysim_engine(b->sim,
		    b->centres[i % CENTRES]));
		linkstate_route(s, to, r);
		manynet_name(manynet_below(b->net->n), to);
		begin_ms = cpu_ms();
		found += linkstate_disjoint(s, to, 3, r);
		sets += cpu_ms() - begin_ms;
	}
	say("routes_cpu_ms", routes / RUNS);
	say("disjoint_cpu_ms", sets / RUNS);
	say("disjoint_found", (double)found / RUNS);
	announce_free(&a);
}

int
main(int argc, char **argv)
{
	struct bench	b = { .wrong = false };
	struct rusage	u;
	uint32_t	n = argc == 3 ? (uint32_t)atoi(argv[2]) : 0;

	srandom(20263);
	if (n < 100 || n >= LINKSTATE_NODES_MAX ||
	    (b.net = manynet_new(argv[1], n)) == NULL ||
	    (b.engine = calloc(n, sizeof(bool))) == NULL) {
		fprintf(stderr, "usage: bench/many random|ring NODES\n");
		return 2;
	}
	choose(&b);
	b.sim = manysim_new(b.net, b.engine);
	b.walk = manywalk_new(b.sim, b.net);
	say("nodes", n);
	say("links", b.net->links);
	say("engines", b.engines);
	all_start(&b);
	cut(&b);
	restart(&b);
	calm(&b);
	measure(&b);
	getrusage(RUSAGE_SELF, &u);
	say("process_mib", (double)u.ru_maxrss / 1024);
	say("process_cpu_s", (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
	manywalk_free(&b.walk);
	manysim_free(&b.sim);
	manynet_free(&b.net);
	free(b.engine);
	return b.wrong ? 1 : 0;
}
