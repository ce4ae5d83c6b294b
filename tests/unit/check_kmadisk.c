/*
 * check_kmadisk.c - writes to the store of a kma fail for a while, one kind
 * after the other, with frames, agreements and shares in flight; then all goes
 * on by itself. Chains of real processes, see chain.h.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "secret.h"

#define ROUNDS		200	/* of BURST blocks each way, */
#define BURST		4	/* in all more than is in stock */
#define EVERY_MS	10
#define AGAIN		24	/* blocks each way come afterwards */
#define AGAIN_MS	40000

static const char *const kinds[] = {
	"INSERT ON link_block",		/* blocks of the module */
	"UPDATE ON link_block",		/* agreed, moved */
	"DELETE ON link_block",		/* spent, dropped */
	"UPDATE ON qkd_link",		/* marks, control keys: all of it */
	"INSERT ON inbound",		/* a pool block arrives */
	"DELETE ON inbound",		/* ... and goes to ksa */
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static struct chain	*c;

static void
take_both(void)
{
	chain_take(c, 0, c->n - 1);
	chain_take(c, c->n - 1, 0);
}

static void
use_up(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned j = 0; j < BURST; j++)
			take_both();
		chain_until(c, NULL, EVERY_MS);
	}
}

static bool
goes_on(size_t from_block)
{
	unsigned	n[CHAIN_MAX] = { 0 };

	for (size_t i = from_block; i < c->nblocks; i++) {
		const struct chain_block	*b = &c->blocks[i];

		n[b->from] += b->taken == 1 && b->fetched == 1;
	}
	return n[0] >= AGAIN && n[c->n - 1] >= AGAIN;
}

/* A write of this kind fails for a while. */
static void
fails(unsigned nodes, unsigned node, const char *kind)
{
	size_t	from_block;

	chain_kma_options = "link_stock_max = 64;\n";
	c = chain_new(nodes);
	ck_assert(chain_supplies(c, 0, nodes - 1));
	ck_assert(chain_supplies(c, nodes - 1, 0));
	chain_store_fail(c, node, kind);
	use_up();
	chain_store_fail(c, node, NULL);
	from_block = c->nblocks;
	for (unsigned t = 0; t < AGAIN_MS && !goes_on(from_block); t += 100) {
		take_both();
		chain_until(c, NULL, 100);
	}
	ck_assert_msg(goes_on(from_block), "no supply after %s", kind);
	ck_assert(chain_uses_nothing_twice(c));
	chain_free(c);
}

START_TEST(the_store_of_the_lower_end_fails)
{
	fails(2, 0, kinds[_i]);
}
END_TEST

START_TEST(the_store_of_the_higher_end_fails)
{
	fails(2, 1, kinds[_i]);
}
END_TEST

START_TEST(the_store_in_the_middle_fails)
{
	fails(3, 1, kinds[_i]);
}
END_TEST

/* An argument picks the kind of write, by its number. */
int
main(int argc, char **argv)
{
	Suite	*s = suite_create("kmadisk");
	TCase	*t = tcase_create("chain");
	int	 from = argc < 2 ? 0 : atoi(argv[1]);
	int	 to = argc < 2 ? (int)KINDS : from + 1;
	SRunner	*sr;
	int	 failed;

	if (secret_init(4 << 20) < 0)
		return 77;
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, the_store_of_the_lower_end_fails, from, to);
	tcase_add_loop_test(t, the_store_of_the_higher_end_fails, from, to);
	tcase_add_loop_test(t, the_store_in_the_middle_fails, from, to);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
