/* check_kma.c - chains of real kma and qkdmod processes, see chain.h. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "chain.h"
#include "err.h"
#include "secret.h"

static struct chain	*c;

static void
end_chain(void)
{
	ck_assert(chain_uses_nothing_twice(c));
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

/* What is between 1 and 2 in a chain of three. */
static bool
only_first_link(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	(void)ch, (void)m;
	return from + to == 1;
}

static unsigned	relayed_before;

static bool
frame_waits(struct chain *ch)
{
	return ch->relayed > relayed_before;
}

START_TEST(sigterm_while_a_frame_waits_for_a_pad)
{
	chain_kma_options = "link_stock_max = 16;\n";
	c = chain_new(3);
	ck_assert(chain_supplies(c, 0, 2));
	c->filter = only_first_link;
	for (int i = 0; i < 64; i++) {		/* more than there is */
		chain_take(c, 1, 2);
		chain_until(c, NULL, 5);
	}
	relayed_before = c->relayed;
	chain_take(c, 0, 2);
	ck_assert(chain_until(c, frame_waits, 2000));
	chain_until(c, NULL, 200);
	ck_assert_int_eq(chain_stop_kma(c, 1), 0);
	chain_start_kma(c, 1);
	c->filter = NULL;
	ck_assert(chain_supplies(c, 0, 2));
	chain_kma_options = "";
	end_chain();
}
END_TEST

/* In the place of what comes in the open: the other module is far ahead. */
static bool
lie_about_the_module(struct chain *ch, struct msg *m, unsigned from,
    unsigned to)
{
	struct msg	 lie = { .id = to == 0 ? MSG_offer_answer : MSG_offer };
	struct msg	 wire = { .id = MSG_control_in };
	struct msgbuf	 b = { 0 };
	uint8_t		 body[128] = { 1 };

	if (m->id != MSG_control_in)
		return true;
	lie.offer.first = lie.offer.last = 1;	/* both begin alike */
	lie.offer.produced = (UINT64_C(1) << 61) + 1;
	ck_assert_int_eq(msg_encode(&b, &lie), 0);
	memcpy(body + 1, b.p, b.len);
	memcpy(wire.control_in.peer, ch->node[from].km, sizeof(km_id));
	wire.control_in.body = (struct msg_view){ body, b.len + 1 };
	(void)ipc_send(ch->node[to].relayd, &wire);
	msgbuf_free(&b);
	return false;
}

START_TEST(a_forged_position_of_the_module_does_no_lasting_harm)
{
	c = chain_new(2);
	for (unsigned i = 0; i < 2; i++)
		kill(c->node[i].mod[1 - i], SIGSTOP);	/* no block yet */
	c->filter = lie_about_the_module;
	chain_until(c, NULL, 4000);
	for (unsigned i = 0; i < 2; i++)
		kill(c->node[i].mod[1 - i], SIGCONT);
	chain_until(c, NULL, 1000);
	c->filter = NULL;
	ck_assert(chain_supplies(c, 0, 1));
	ck_assert(chain_supplies(c, 1, 0));
	end_chain();
}
END_TEST

static bool
lose_frames(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	(void)ch, (void)from, (void)to;
	return m->id != MSG_relay_in;
}

START_TEST(blocks_of_lost_frames_do_not_fill_the_stock)
{
	chain_kma_options = "link_stock_max = 16;\n";
	c = chain_new(3);
	ck_assert(chain_supplies(c, 0, 2));
	c->filter = lose_frames;
	for (int i = 0; i < 400; i++) {
		chain_take(c, 0, 2);
		chain_until(c, NULL, 10);
	}
	c->filter = NULL;
	chain_until(c, NULL, 3000);
	ck_assert(chain_supplies(c, 0, 2));
	chain_kma_options = "";
	end_chain();
}
END_TEST

/*
 * The module of the end that proposes loses its place and goes on where the
 * other one is. What the other end takes on its way there is never offered;
 * with a small stock it must go at once, or each step of that way costs the
 * time for what is not mentioned, here for ever.
 */
START_TEST(a_module_that_lost_its_place_does_not_stop_the_link)
{
	chain_kma_options = "link_stock_max = 16;\nagree_timeout = 600000;\n";
	chain_block_octets = 16384;
	c = chain_new(2);
	ck_assert(chain_supplies(c, 0, 1));
	chain_until(c, NULL, 8000);	/* full stocks ask no module */
	json_decref(chain_ask(c, 0, "qkdmod-0-1", "restart"));
	for (int i = 0; i < 100 && chain_log(c, 0, "skips forward") == NULL;
	    i++) {
		chain_take(c, 0, 1);
		chain_until(c, NULL, 100);
	}
	ck_assert_ptr_nonnull(chain_log(c, 0, "skips forward"));
	for (int i = 0; i < 40; i++)	/* more than stood in the stock */
		ck_assert(chain_supplies(c, 0, 1));
	chain_block_octets = CHAIN_BLOCK;
	chain_kma_options = "";
	end_chain();
}
END_TEST

/* Each frame comes with bad MACs first, those of two pads in turn. */
static bool
forge_in_turn(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	static uint8_t		text[CHAIN_BLOCK];
	static struct msg	held;
	struct msg		bad;
	(void)from;

	if (m->id != MSG_relay_in)
		return true;
	if (held.id == MSG_NONE) {	/* the first: kept */
		held = *m;
		memcpy(text, m->relay_in.text.p, m->relay_in.text.len);
		held.relay_in.text.p = held.relay_in.mac.p = text;
		tampered = (unsigned)held.relay_in.pad;
		return false;
	}
	for (int i = 0; i < 20; i++) {
		(void)ipc_send(ch->node[to].relayd, &held);
		bad = *m;
		bad.relay_in.mac = (struct msg_view){ text, 16 };
		(void)ipc_send(ch->node[to].relayd, &bad);
	}
	return true;
}

START_TEST(sixteen_bad_macs_void_a_block_whatever_comes_between)
{
	c = chain_new(3);
	ck_assert(chain_supplies(c, 0, 1));
	ck_assert(chain_supplies(c, 2, 1));
	ck_assert(chain_supplies(c, 0, 2));
	c->filter = forge_in_turn;
	chain_take(c, 0, 2);
	chain_until(c, NULL, 300);
	chain_take(c, 0, 2);
	chain_until(c, NULL, 1000);
	ck_assert_ptr_nonnull(chain_log(c, 1, "too many frames failed"));
	c->filter = NULL;
	ck_assert(chain_supplies(c, 0, 2));
	end_chain();
}
END_TEST

/* The higher end asks for a new key, and is not heard. */
static bool
lose_need(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	const uint8_t	*p = m->control_in.body.p;

	(void)ch, (void)to;
	return m->id != MSG_control_in || from == 0 || p[0] != 0 || p[1] != 4;
}

static void
hello_under_no_key(void)
{
	struct msg	m = { .id = MSG_control_in };
	uint8_t		hello[1 + 1 + 8 + 16 + 16 + 32] = { 0, 1, 0xff };

	memcpy(m.control_in.peer, c->node[0].km, sizeof(km_id));
	m.control_in.body = (struct msg_view){ hello, sizeof(hello) };
	(void)ipc_send(c->node[1].relayd, &m);
}

START_TEST(a_control_key_that_the_other_end_never_saw_does_not_lock_the_link)
{
	c = chain_new(2);
	ck_assert(chain_supplies(c, 0, 1));
	c->filter = lose_need;
	for (int i = 0; i < 4; i++) {
		hello_under_no_key();
		chain_until(c, NULL, 900);
	}
	chain_path(c, false);
	chain_until(c, NULL, 100);
	chain_path(c, true);	/* opens under the key before */
	ck_assert(chain_supplies(c, 0, 1));
	chain_kill_kma(c, 1);
	chain_start_kma(c, 1);
	c->filter = NULL;
	ck_assert(chain_supplies(c, 1, 0));
	end_chain();
}
END_TEST

START_TEST(both_stores_that_went_back_in_time_give_nothing_twice)
{
	c = chain_new(2);
	ck_assert(chain_supplies(c, 0, 1));
	chain_until(c, NULL, 1500);
	for (unsigned i = 0; i < 2; i++) {
		chain_kill_kma(c, i);
		chain_store_save(c, i);
		chain_start_kma(c, i);
	}
	for (int i = 0; i < 8; i++)
		ck_assert(chain_supplies(c, 0, 1));
	for (unsigned i = 0; i < 2; i++) {
		chain_kill_kma(c, i);
		chain_store_restore(c, i);
	}
	chain_start_kma(c, 0);
	chain_start_kma(c, 1);
	for (int i = 0; i < 8; i++)
		ck_assert(chain_supplies(c, 0, 1));
	end_chain();
}
END_TEST

struct octets {
	json_int_t	found, pulled, fresh, stock, pad, mac, agreement;
	json_int_t	control, pool, lost;
	double		overhead;
};

static struct octets
account(unsigned node, unsigned link)
{
	struct octets	 o = { 0 };
	json_t		*status = chain_status(c, node);

	ck_assert_int_eq(json_unpack(json_array_get(json_object_get(status,
	    "links"), link), "{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
	    " s:I, s:f}}", "octets", "found", &o.found, "pulled", &o.pulled,
	    "fresh", &o.fresh, "stock", &o.stock, "pad", &o.pad, "mac",
	    &o.mac, "agreement", &o.agreement, "control", &o.control, "pool",
	    &o.pool, "void", &o.lost, "overhead_percent", &o.overhead), 0);
	json_decref(status);
	return o;
}

/* Everything that came is somewhere. */
static void
balanced(const struct octets *o)
{
	ck_assert_int_eq(o->found + o->pulled, o->fresh + o->stock + o->pad +
	    o->mac + o->agreement + o->control + o->pool + o->lost);
}

static json_int_t	carried[2];	/* frames of each link */

static bool
count_frames(struct chain *ch, struct msg *m, unsigned from, unsigned to)
{
	(void)ch;
	if (m->id == MSG_relay_in)
		carried[from < to ? from : to]++;
	return true;
}

static void
chain_counted(unsigned block_octets)
{
	memset(carried, 0, sizeof(carried));
	chain_block_octets = block_octets;
	c = chain_new(3);
	c->filter = count_frames;
	chain_block_octets = CHAIN_BLOCK;
}

START_TEST(the_account_of_a_link_fits_the_frames_that_were_carried)
{
	struct octets	o;
	json_int_t	frames;

	chain_counted(CHAIN_BLOCK);
	for (int i = 0; i < 20; i++)
		ck_assert(chain_supplies(c, 0, 2));
	chain_modules(c, false);
	chain_until(c, NULL, 500);
	for (unsigned node = 0; node < 3; node++) {
		o = account(node, 0);
		frames = carried[node / 2];
		ck_assert_int_ge(frames, 20);
		balanced(&o);
		ck_assert_int_eq(o.pad, frames * (CHAIN_BLOCK - 96));
		ck_assert_int_eq(o.mac, frames * 32);	/* 256 bits each */
		ck_assert_int_ge(o.agreement, frames * 64);
		ck_assert_int_ge(o.control, CHAIN_BLOCK - 64);
		ck_assert_int_eq(o.pool, 0);
		ck_assert_int_gt(o.stock, 0);
		ck_assert(o.overhead > 10.3 && o.overhead < 10.4);
	}
	chain_kill_kma(c, 1);
	chain_start_kma(c, 1);
	ck_assert(chain_supplies(c, 0, 2));
	chain_until(c, NULL, 500);
	o = account(1, 0);
	balanced(&o);
	ck_assert_int_gt(o.found, 0);
	ck_assert_int_eq(o.mac, 32);
	end_chain();
}
END_TEST

START_TEST(the_account_of_a_link_knows_pool_blocks_and_what_became_void)
{
	struct octets	o;

	c = chain_new(2);
	for (int i = 0; i < 10; i++)
		ck_assert(chain_supplies(c, 0, 1));
	chain_modules(c, false);
	chain_until(c, NULL, 500);
	for (unsigned node = 0; node < 2; node++) {
		o = account(node, 0);
		balanced(&o);
		ck_assert_int_ge(o.pool, 10 * (CHAIN_BLOCK - 64));
		ck_assert_int_eq(o.pad, 0);
	}
	/* A store without what it had: the other end drops it all. */
	chain_kill_kma(c, 0);
	chain_store_save(c, 0);
	chain_start_kma(c, 0);
	ck_assert(chain_supplies(c, 0, 1));
	chain_kill_kma(c, 0);
	chain_store_restore(c, 0);
	chain_start_kma(c, 0);
	chain_modules(c, true);
	ck_assert(chain_supplies(c, 0, 1));
	chain_modules(c, false);
	chain_until(c, NULL, 500);
	o = account(1, 0);
	balanced(&o);
	ck_assert_int_gt(o.lost, 0);
	end_chain();
}
END_TEST

/* The product's own size of blocks, as it comes. */
START_TEST(link_key_costs_less_than_one_percent_of_what_is_relayed)
{
	struct octets	o;
	json_int_t	frames, B = atoi(BLOCK_OCTETS_DEFAULT);

	chain_counted((unsigned)B);
	for (int i = 0; i < 4; i++)
		ck_assert(chain_supplies(c, 0, 2));
	chain_modules(c, false);
	chain_until(c, NULL, 500);
	for (unsigned node = 0; node < 3; node++) {
		o = account(node, 0);
		frames = carried[node / 2];
		ck_assert_int_ge(frames, 4);
		balanced(&o);
		ck_assert_int_eq(o.pad, frames * (B - 96));
		ck_assert_int_eq(o.mac, frames * 32);
		ck_assert_int_eq(o.agreement % 64, 0);
		ck_assert(o.overhead > 0.58 && o.overhead < 0.6);
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
		T(sigterm_while_a_frame_waits_for_a_pad),
		T(a_forged_position_of_the_module_does_no_lasting_harm),
		T(blocks_of_lost_frames_do_not_fill_the_stock),
		T(a_module_that_lost_its_place_does_not_stop_the_link),
		T(sixteen_bad_macs_void_a_block_whatever_comes_between),
		T(both_stores_that_went_back_in_time_give_nothing_twice),
		T(the_account_of_a_link_fits_the_frames_that_were_carried),
		T(the_account_of_a_link_knows_pool_blocks_and_what_became_void),
		T(link_key_costs_less_than_one_percent_of_what_is_relayed),
		T(a_control_key_that_the_other_end_never_saw_does_not_lock_the_link),
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
