/* check_kma.c - chains of real kma and qkdmod processes, see chain.h. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "err.h"
#include "secret.h"

static struct chain	*c;

/* No octets may ever be in two pool blocks. */
static void
nothing_is_used_twice(void)
{
	for (size_t i = 0; i < c->nblocks; i++)
		for (size_t j = 0; j < i; j++) {
			struct secret	*a = c->blocks[i].at_source;
			struct secret	*b = c->blocks[j].at_source;

			if (a != NULL && b != NULL)
				ck_assert(memcmp(a->bytes, b->bytes, 64) != 0);
			a = c->blocks[i].at_destination;
			b = c->blocks[j].at_destination;
			if (a != NULL && b != NULL)
				ck_assert(memcmp(a->bytes, b->bytes, 64) != 0);
		}
}

static void
end_chain(void)
{
	nothing_is_used_twice();
	chain_free(c);
}

START_TEST(neighbours_get_the_same_pool_block_both_ways)
{
	c = chain_new(2);
	for (int i = 0; i < 5; i++) {
		ck_assert(chain_supplies(c, 0, 1));
		ck_assert(chain_supplies(c, 1, 0));
	}
	ck_assert_uint_eq(c->relayed, 0);	/* a block is link key */
	end_chain();
}
END_TEST

START_TEST(a_block_crosses_four_hops)
{
	c = chain_new(5);
	ck_assert(chain_supplies(c, 0, 4));
	ck_assert(chain_supplies(c, 4, 0));
	ck_assert(chain_supplies(c, 1, 3));
	ck_assert_uint_ge(c->relayed, 4 + 4 + 2);
	end_chain();
}
END_TEST

START_TEST(a_block_for_the_own_node_is_drawn)
{
	struct chain_block	*b;

	c = chain_new(2);
	ck_assert(chain_supplies(c, 0, 1));
	b = chain_take(c, 0, 0);
	chain_until(c, NULL, 500);
	ck_assert_int_eq(b->taken, 1);
	ck_assert_int_eq(b->fetched, 0);
	end_chain();
}
END_TEST

static unsigned	tampered;

static bool
flip_a_bit(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	(void)ch, (void)from, (void)to;
	if (m->id == MSG_relay_in && tampered < 3) {
		((uint8_t *)m->relay_in.text.p)[tampered * 100] ^= 1;
		tampered++;
	}
	return true;
}

START_TEST(a_frame_with_a_changed_bit_is_refused_and_supply_goes_on)
{
	c = chain_new(3);
	ck_assert(chain_supplies(c, 0, 2));
	tampered = 0;
	c->filter = flip_a_bit;
	ck_assert(chain_supplies(c, 0, 2));
	ck_assert_uint_eq(tampered, 3);
	ck_assert_ptr_nonnull(chain_log(c, 1, "bad MAC"));
	end_chain();
}
END_TEST

static unsigned	repeated;

static bool
send_twice(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	(void)from;
	if (m->id == MSG_relay_in || m->id == MSG_control_in ||
	    m->id == MSG_done_in) {
		(void)ipc_send(ch->node[to].relayd, m);
		repeated++;
	}
	return true;
}

START_TEST(repeated_messages_change_nothing)
{
	c = chain_new(3);
	c->filter = send_twice;
	for (int i = 0; i < 4; i++) {
		ck_assert(chain_supplies(c, 0, 2));
		ck_assert(chain_supplies(c, 2, 1));
	}
	ck_assert_uint_gt(repeated, 20);
	end_chain();
}
END_TEST

static bool
lose_some(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	static unsigned	n;

	(void)ch, (void)m, (void)from, (void)to;
	return ++n % 5 != 0;
}

START_TEST(supply_goes_on_when_one_message_in_five_is_lost)
{
	c = chain_new(3);
	c->filter = lose_some;
	for (int i = 0; i < 4; i++) {
		ck_assert(chain_supplies(c, 0, 2));
		ck_assert(chain_supplies(c, 2, 0));
	}
	end_chain();
}
END_TEST

/* Octets of relayd's own making in the place of a control message. */
static bool
forge(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	static uint8_t	octets[200];
	struct msg	lie = { .id = MSG_control_in };

	(void)from;
	if (m->id != MSG_control_in)
		return true;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)rand();
	octets[0] = (uint8_t)(rand() % 2);
	octets[1] = (uint8_t)(1 + rand() % 5);
	memcpy(lie.control_in.peer, m->control_in.peer, sizeof(km_id));
	lie.control_in.body = (struct msg_view){ octets,
	    1 + (size_t)rand() % sizeof(octets) };
	(void)ipc_send(ch->node[to].relayd, &lie);
	return true;
}

START_TEST(forged_control_messages_do_no_harm)
{
	c = chain_new(2);
	c->filter = forge;
	for (int i = 0; i < 6; i++)
		ck_assert(chain_supplies(c, i % 2, 1 - i % 2));
	end_chain();
}
END_TEST

START_TEST(a_killed_kma_comes_back_and_nothing_is_used_twice)
{
	c = chain_new(3);
	ck_assert(chain_supplies(c, 0, 2));
	for (int round = 0; round < 6; round++) {
		unsigned victim = (unsigned)round % 3;

		for (int i = 0; i < 6; i++) {
			chain_take(c, 0, 2);
			chain_take(c, 2, 0);
			chain_take(c, 0, 1);
		}
		chain_until(c, NULL, (unsigned)(5 + rand() % 40));
		chain_kill_kma(c, victim);
		chain_until(c, NULL, 50);
		chain_start_kma(c, victim);
		ck_assert(chain_supplies(c, 0, 2));
		ck_assert(chain_supplies(c, 2, 0));
	}
	end_chain();
}
END_TEST

START_TEST(a_store_that_went_back_in_time_voids_the_stock)
{
	c = chain_new(2);
	ck_assert(chain_supplies(c, 0, 1));
	chain_kill_kma(c, 0);
	chain_store_save(c, 0);
	chain_start_kma(c, 0);
	for (int i = 0; i < 8; i++)
		ck_assert(chain_supplies(c, 0, 1));
	chain_until(c, NULL, 1500);	/* the mark is told */
	chain_kill_kma(c, 0);
	chain_store_restore(c, 0);
	chain_start_kma(c, 0);
	for (int i = 0; i < 8; i++)
		ck_assert(chain_supplies(c, 0, 1));
	ck_assert_ptr_nonnull(chain_log(c, 0, "went back in time"));
	ck_assert_ptr_nonnull(chain_log(c, 1, "went back in time"));
	end_chain();
}
END_TEST

START_TEST(a_node_with_a_lost_store_joins_again)
{
	char	command[256];

	for (unsigned victim = 0; victim < 2; victim++) {
		c = chain_new(2);
		ck_assert(chain_supplies(c, 0, 1));
		chain_kill_kma(c, victim);
		snprintf(command, sizeof(command), "rm %s/keys.db*",
		    c->node[victim].dir);
		ck_assert_int_eq(system(command), 0);
		chain_start_kma(c, victim);
		ck_assert(chain_supplies(c, 0, 1));
		ck_assert(chain_supplies(c, 1, 0));
		end_chain();
	}
}
END_TEST

START_TEST(a_broken_path_heals)
{
	c = chain_new(3);
	ck_assert(chain_supplies(c, 0, 2));
	for (int i = 0; i < 3; i++) {
		chain_take(c, 0, 2);
		chain_take(c, 0, 1);
		chain_until(c, NULL, 3);
		chain_path(c, false);
		chain_until(c, NULL, 300);
		chain_path(c, true);
		ck_assert(chain_supplies(c, 0, 2));
		ck_assert(chain_supplies(c, 1, 0));
	}
	end_chain();
}
END_TEST

/* An argument picks the tests whose names hold it. */
int
main(int argc, char **argv)
{
	const struct { const char *name; const TTest *test; } tests[] = {
#define T(name)	{ #name, name }
		T(neighbours_get_the_same_pool_block_both_ways),
		T(a_block_crosses_four_hops),
		T(a_block_for_the_own_node_is_drawn),
		T(a_frame_with_a_changed_bit_is_refused_and_supply_goes_on),
		T(repeated_messages_change_nothing),
		T(supply_goes_on_when_one_message_in_five_is_lost),
		T(forged_control_messages_do_no_harm),
		T(a_killed_kma_comes_back_and_nothing_is_used_twice),
		T(a_store_that_went_back_in_time_voids_the_stock),
		T(a_node_with_a_lost_store_joins_again),
		T(a_broken_path_heals),
	};
	Suite	*s = suite_create("kma");
	TCase	*t = tcase_create("chain");
	SRunner	*sr;
	int	 failed;

	if (secret_init(4 << 20) < 0)
		return 77;
	tcase_set_timeout(t, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (argc < 2 || strstr(tests[i].name, argv[1]) != NULL)
			tcase_add_test(t, tests[i].test);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
