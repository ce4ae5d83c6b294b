/* check_idxset.c - the set of indices, against one that is plainly right. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "kma/idxset.h"

#define SPAN	512

struct naive { bool in[SPAN]; size_t n; };

static uint64_t	seed;

static unsigned
draw(unsigned below)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % below;
}

static void
same(const struct idxset *s, const struct naive *n)
{
	size_t	i = 0;

	ck_assert_uint_eq(IDXSET_COUNT(s), n->n);
	IDXSET_FOREACH(s, p) {
		while (i < SPAN && !n->in[i])
			i++;
		ck_assert_uint_lt(i, SPAN);
		ck_assert_uint_eq(*p, i);
		i++;
	}
}

static void
naive_set(struct naive *n, unsigned i, bool in)
{
	n->n += in - n->in[i];
	n->in[i] = in;
}

static void
step(struct idxset *s, struct naive *n, unsigned i)
{
	switch (draw(16)) {
	case 0: case 1: case 2: case 3: case 4: case 5: case 6:
		ck_assert_int_eq(idxset_add(s, i), 0);
		naive_set(n, i, true);
		break;
	case 7: case 8: case 9:
		ck_assert_int_eq(idxset_remove(s, i), n->in[i]);
		naive_set(n, i, false);
		break;
	case 10: case 11: case 12: case 13:	/* the oldest, as links do */
		if (n->n == 0)
			break;
		i = (unsigned)IDXSET_FIRST(s);
		ck_assert(idxset_remove(s, i));
		naive_set(n, i, false);
		break;
	case 14:
		if (draw(50) == 0) {
			idxset_clear(s);
			memset(n, 0, sizeof(*n));
		}
		break;
	default:
		ck_assert_int_eq(idxset_has(s, i), n->in[i]);
	}
}

START_TEST(it_holds_what_a_plain_set_holds)
{
	for (unsigned round = 0; round < 50; round++) {
		struct idxset	s = { 0 };
		struct naive	n = { .n = 0 };

		seed = round;
		for (unsigned i = 0; i < 2000; i++) {
			/* Mostly filled at the end, sometimes anywhere. */
			step(&s, &n, round % 2 ? draw(SPAN) :
			    (i / 4 + draw(8)) % SPAN);
			if (i % 50 == 0)
				same(&s, &n);
		}
		same(&s, &n);
		idxset_free(&s);
		ck_assert_uint_eq(IDXSET_COUNT(&s), 0);
	}
}
END_TEST

static void
count_gone(void *arg, uint64_t idx)
{
	((struct naive *)arg)->in[idx] = true;
	((struct naive *)arg)->n++;
}

START_TEST(what_is_not_in_both_is_handed_over_once)
{
	for (seed = 0; seed < 200; seed += 3) {
		struct idxset	a = { 0 }, b = { 0 };
		struct naive	left = { .n = 0 }, gone = { .n = 0 };
		bool		in_a[SPAN] = { 0 }, in_b[SPAN] = { 0 };

		for (unsigned i = 0; i < SPAN; i++) {
			if ((in_a[i] = draw(3) > 0))
				idxset_add(&a, i);
			if ((in_b[i] = draw(3) > 0))
				idxset_add(&b, i);
			naive_set(&left, i, in_a[i] && in_b[i]);
		}
		idxset_intersect(&a, &b, count_gone, &gone);
		same(&a, &left);
		for (unsigned i = 0; i < SPAN; i++)
			ck_assert_int_eq(gone.in[i], in_a[i] && !in_b[i]);
		idxset_intersect(&a, &b, NULL, NULL);
		same(&a, &left);
		idxset_free(&a);
		idxset_free(&b);
	}
}
END_TEST

START_TEST(ranges_come_back_as_the_same_set)
{
	static uint8_t	out[SPAN * 16];

	for (seed = 1; seed < 200; seed += 3) {
		struct idxset	a = { 0 }, b = { 0 };
		unsigned	parity = (unsigned)seed % 2;
		size_t		len;

		for (unsigned i = 2 + parity; i < SPAN; i += 2)
			if (draw(4) > 0)
				idxset_add(&a, i);
		len = idxset_ranges(&a, parity, out, sizeof(out));
		ck_assert_int_eq(idxset_parse(&b, out, len, parity,
		    IDXSET_COUNT(&a)), 0);
		ck_assert_uint_eq(IDXSET_COUNT(&a), IDXSET_COUNT(&b));
		IDXSET_FOREACH(&a, p)
			ck_assert(idxset_has(&b, *p));
		ck_assert_int_eq(idxset_parse(&b, out, len, parity,
		    IDXSET_COUNT(&a) - 1), -E_BAD_FORMAT);
		ck_assert_int_eq(idxset_parse(&b, out, len, !parity, SPAN),
		    -E_BAD_FORMAT);
		idxset_free(&a);
		idxset_free(&b);
	}
}
END_TEST

START_TEST(ranges_that_do_not_fit_are_left_out_whole)
{
	struct idxset	a = { 0 }, b = { 0 };
	uint8_t		out[100];

	for (unsigned i = 2; i < 200; i += 4)
		idxset_add(&a, i);
	memset(out, 0xee, sizeof(out));
	ck_assert_uint_eq(idxset_ranges(&a, 0, out, 40), 32);
	ck_assert_uint_eq(out[32], 0xee);
	ck_assert_int_eq(idxset_parse(&b, out, 32, 0, 100), 0);
	ck_assert_uint_eq(IDXSET_COUNT(&b), 2);
	ck_assert_uint_eq(idxset_ranges(&a, 0, out, 15), 0);
	idxset_free(&a);
	idxset_free(&b);
}
END_TEST

static int
parse(const uint64_t *v, size_t n, unsigned parity, size_t max)
{
	struct idxset	s = { 0 };
	uint8_t		*p = malloc(n * 8 + 1);
	int		r;

	for (size_t i = 0; i < n; i++)
		put_be64(p + i * 8, v[i]);
	r = idxset_parse(&s, p, n * 8, parity, max);
	/* Whatever was said, there is never more than was allowed. */
	ck_assert_uint_le(IDXSET_COUNT(&s), max);
	ck_assert_uint_le(s.room, 2 * max + 128);
	idxset_free(&s);
	free(p);
	return r;
}

#define PARSE(parity, max, ...) parse((uint64_t[]){ __VA_ARGS__ }, \
	sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, parity, max)

START_TEST(hostile_ranges_are_refused_in_bounded_memory)
{
	const uint64_t	top = INT64_MAX;

	ck_assert_int_eq(PARSE(0, 100, 2, 200), 0);
	ck_assert_int_eq(PARSE(0, 99, 2, 200), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 2, top - 1), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, SIZE_MAX / 16, 2, UINT64_MAX - 1),
	    -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(1, 100, UINT64_MAX, UINT64_MAX),
	    -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(1, 1, top, top), 0);
	ck_assert_int_eq(PARSE(0, 100, 0, 4), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 4, 2), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 2, 3), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 3, 3), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 2, 8, 8, 10), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 8, 10, 2, 4), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 2, 8, 4, 6), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 10, 2, 20, 30, 30), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 2), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 100, 2, 4, 6), -E_BAD_FORMAT);
	ck_assert_int_eq(PARSE(0, 0, 2, 2), -E_BAD_FORMAT);
	ck_assert_int_eq(parse(NULL, 0, 0, 0), 0);
}
END_TEST

UNIT_MAIN("idxset", it_holds_what_a_plain_set_holds,
    what_is_not_in_both_is_handed_over_once,
    ranges_come_back_as_the_same_set,
    ranges_that_do_not_fit_are_left_out_whole,
    hostile_ranges_are_refused_in_bounded_memory)
