/* check_fair.c - shares of a scarce stock, in a small world of its own. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ksa/fair.h"
#include "unit.h"

#define PATIENCE	5000		/* ms that a request waits */
#define BLOCK		8000		/* octets that arrive at once */
#define CONNECTIONS	64

/* An application: its connections ask for `octets` again and again. */
struct app {
	const char	*name;
	uint32_t	 octets, connections, think;	/* think: ms */
	/* What came of it. */
	uint64_t	 got, served, refused, longest;
	/* Per connection: when it asked, 0: not now; when it will. */
	uint64_t	 asked[CONNECTIONS], next[CONNECTIONS];
	struct fair_share *share;
};

static struct fair	f;
static struct app	apps[1024];
static unsigned		napps;
static uint64_t		stock, now;

static struct app *
app_new(const char *name, uint32_t octets, uint32_t connections,
    uint32_t think)
{
	struct app	*a = &apps[napps++];

	*a = (struct app){ .name = name, .octets = octets,
	    .connections = connections, .think = think };
	return a;
}

static struct app *
app_of(const struct fair_share *s)
{
	for (unsigned i = 0; i < napps; i++)
		if (apps[i].share == s)
			return &apps[i];
	ck_abort_msg("a share of nobody");
}

/* The connection that has waited longest; negative: none. */
static int
first(const struct app *a)
{
	int	best = -1;

	for (unsigned i = 0; i < a->connections; i++)
		if (a->asked[i] != 0 && (best < 0 ||
		    a->asked[i] < a->asked[best]))
			best = (int)i;
	return best;
}

static void
need(struct app *a)
{
	fair_need(&f, a->share, first(a) < 0 ? 0 : a->octets, now);
}

static void
draw(struct app *a, unsigned i, uint64_t waited)
{
	ck_assert_uint_ge(stock, a->octets);
	if (a->share != NULL)
		fair_draw(&f, a->share, a->octets, now);
	stock -= a->octets;
	a->got += a->octets;
	a->served++;
	a->longest = waited > a->longest ? waited : a->longest;
	a->asked[i] = 0;
	a->next[i] = now + a->think;
}

static void
share(struct app *a)
{
	if (a->share != NULL)
		return;
	a->share = calloc(1, sizeof(*a->share));
	fair_add(&f, a->share, a->name, now);
}

static void
ask(struct app *a, unsigned i)
{
	if (!fair_is_empty(&f))
		share(a);
	if (fair_allowance(&f, a->share, stock) >= a->octets) {
		draw(a, i, 0);
		return;
	}
	share(a);
	a->asked[i] = now;
	need(a);
}

static void
retry(void)
{
	struct fair_share	*s;

	while ((s = fair_next(&f, stock, now)) != NULL) {
		struct app	*a = app_of(s);
		int		 i = first(a);

		draw(a, (unsigned)i, now - a->asked[i]);
		need(a);
	}
}

static void
time_out(struct app *a)
{
	int	i = first(a);

	while (i >= 0 && now - a->asked[i] >= PATIENCE) {
		uint64_t	since = a->asked[i];

		a->refused++;
		a->asked[i] = 0;
		a->next[i] = now + a->think;
		need(a);
		fair_give_up(&f, a->share, since, now);
		retry();
		i = first(a);
	}
}

static void
expire(void)
{
	struct fair_share	*s;

	while ((s = fair_expired(&f, now)) != NULL) {
		app_of(s)->share = NULL;
		free(s);
	}
	retry();
}

static void
step(uint64_t interval)
{
	now++;
	if (interval > 0 && now % interval == 0) {
		stock += BLOCK;
		retry();
	}
	for (unsigned k = 0; k < napps; k++) {
		struct app	*a = &apps[k];

		time_out(a);
		for (unsigned i = 0; i < a->connections; i++)
			if (a->asked[i] == 0 && a->next[i] <= now)
				ask(a, i);
	}
	if (now % 100 == 0)
		expire();
}

/* A block each `interval` ms; 0: none at all. */
static void
run(unsigned ms, uint64_t interval)
{
	for (uint64_t end = now + ms; now < end;)
		step(interval);
}

static void
world(uint64_t there)
{
	fair_init(&f);
	memset(apps, 0, sizeof(apps));
	napps = 0;
	stock = there;
	now = 1000000;
}

static void
end(void)
{
	for (unsigned i = 0; i < napps; i++) {
		apps[i].connections = 0;
		if (apps[i].share != NULL)
			need(&apps[i]);
	}
	run(2000, 1);
	ck_assert(fair_is_empty(&f));
	ck_assert_int_eq(f.credits, 0);
	ck_assert_uint_eq(f.needs, 0);
	ck_assert_uint_eq(f.kept, 0);
}

static void
even(const struct app *a, const struct app *b, double factor)
{
	double	x = (double)a->got, y = (double)b->got;

	ck_assert_msg(x < y * factor && y < x * factor, "%s %.0f, %s %.0f",
	    a->name, x, b->name, y);
}

START_TEST(nobody_is_asked_to_wait_while_there_is_enough)
{
	struct app	*a, *b;

	world(1 << 20);
	a = app_new("a", 4096, 8, 1);
	b = app_new("b", 32, 1, 10);
	run(20, 0);
	ck_assert_uint_eq(a->longest + b->longest + a->refused, 0);
	ck_assert(fair_is_empty(&f));
	ck_assert_uint_eq(stock, (1 << 20) - a->got - b->got);
}
END_TEST

START_TEST(many_connections_bring_no_more_than_one)
{
	static const uint32_t	sizes[] = { 32, 128, 1024, 4096, 8192 };

	for (unsigned i = 0; i < 5; i++)
		for (unsigned k = 0; k < 5; k++) {
			struct app	*a, *b;

			world(0);
			a = app_new("greedy", sizes[i], 50, 0);
			b = app_new("one", sizes[k], 1, 2);
			run(60000, 150);
			/* A block lasts it 150 ms, at 3 ms for a request. */
			if (sizes[k] >= 128)
				even(a, b, 1.3);
			ck_assert_uint_gt(a->got + b->got, 60 * BLOCK * 6);
			ck_assert_uint_gt(b->got, 60000 / 6 * 32);
			end();
		}
}
END_TEST

START_TEST(a_large_request_neither_starves_nor_is_starved)
{
	struct app	*large, *small, *many;

	world(0);
	large = app_new("large", 100000, 1, 10);
	small = app_new("small", 32, 1, 200);
	many = app_new("many", 512, 20, 0);
	run(120000, 100);
	even(large, many, 1.3);
	ck_assert_uint_eq(small->refused, 0);
	ck_assert_uint_lt(small->longest, 1000);
	end();
}
END_TEST

START_TEST(one_that_takes_longer_than_patience_is_served_when_asked_again)
{
	struct app	*large, *many;

	world(0);
	large = app_new("large", 1 << 20, 1, 100);
	many = app_new("many", 512, 20, 0);
	run(120000, 80);		/* alone it would take 10 s */
	ck_assert_uint_ge(large->served, 4);
	even(large, many, 1.3);
	end();
}
END_TEST

START_TEST(what_can_never_be_served_does_not_hold_others_up)
{
	struct app	*large, *small;

	world(200000);
	large = app_new("large", 1 << 20, 50, 0);
	run(1, 0);
	small = app_new("small", 32, 1, 100);
	run(60000, 0);			/* the link is dark */
	ck_assert_uint_eq(large->served, 0);
	ck_assert_uint_eq(small->refused, 0);
	ck_assert_uint_eq(small->longest, 0);
	ck_assert_uint_gt(small->served, 500);
	end();
}
END_TEST

START_TEST(what_one_does_not_draw_others_get)
{
	struct app	*a, *b;

	world(0);
	a = app_new("a", 512, 20, 0);
	b = app_new("b", 512, 20, 0);
	run(10000, 100);
	even(a, b, 1.1);
	b->connections = 0;		/* it went away ... */
	a->got = 0;
	need(b);
	run(10000, 100);
	ck_assert_uint_gt(a->got, 95 * BLOCK);
	b->connections = 20;		/* ... and comes back */
	a->got = b->got = 0;
	memset(b->asked, 0, sizeof(b->asked));
	run(10000, 100);
	even(a, b, 1.2);
	end();
}
END_TEST

START_TEST(shares_of_hundreds_are_even)
{
	static char	 names[500][8];
	struct app	*a;

	world(0);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(names[i], sizeof(names[i]), "a%u", i);
		app_new(names[i], i % 2 ? 32 : 256, 1 + i % 5, 1);
	}
	run(20000, 20);
	for (a = apps + 1; a < apps + 500; a++)
		even(&apps[0], a, 1.5);
	end();
}
END_TEST

START_TEST(stock_that_is_lost_is_dealt_anew)
{
	struct app	*a, *b;

	world(0);
	a = app_new("a", 30000, 1, 0);
	b = app_new("b", 30000, 1, 0);
	run(800, 400);
	ck_assert_uint_eq(stock, 2 * BLOCK);
	stock = 0;			/* the peer's store went back */
	run(2800, 400);
	ck_assert_uint_eq(a->served + b->served, 0);
	run(400, 400);
	ck_assert_uint_eq(a->served, 1);
	ck_assert_uint_eq(b->served, 1);
	run(40000, 400);
	even(a, b, 1.2);
	end();
}
END_TEST

UNIT_MAIN("fair", nobody_is_asked_to_wait_while_there_is_enough,
    many_connections_bring_no_more_than_one,
    a_large_request_neither_starves_nor_is_starved,
    one_that_takes_longer_than_patience_is_served_when_asked_again,
    what_can_never_be_served_does_not_hold_others_up,
    what_one_does_not_draw_others_get, shares_of_hundreds_are_even,
    stock_that_is_lost_is_dealt_anew)
