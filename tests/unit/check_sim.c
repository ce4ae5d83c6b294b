/* The simulated module, as kma sees it, under a clock of the test's own. */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "qkdmod/qkdmod.h"
#include "qkdmod/sim.h"

#define OCTETS	1024		/* of a block */
#define BUFFER	16		/* blocks */
#define LUMP	100		/* ms */
#define SECOND	1000

static uint64_t			 now = 1000000;
static struct qkdmod_conf	 conf;
static void			*a, *b;		/* the two ends */
static struct driver_run	 run;

static uint64_t
test_clock(void)
{
	return now;
}

static void
write_seed(void)
{
	FILE	*f;
	int	 fd;

	strcpy(conf.sim_seed_file, "/tmp/qkdnode-check-sim.XXXXXX");
	ck_assert_int_ge(fd = mkstemp(conf.sim_seed_file), 0);
	ck_assert_ptr_nonnull(f = fdopen(fd, "w"));
	for (int i = 0; i < 32; i++)
		fprintf(f, "%02x", i);
	fputc('\n', f);
	ck_assert_int_eq(fclose(f), 0);
}

static void
setup(void)
{
	sim_clock = test_clock;
	strcpy(conf.link, "a-b");
	conf.block_octets = OCTETS;
	conf.sim_rate = 10 * OCTETS * 8;	/* a block per lump */
	conf.sim_lump = LUMP;
	conf.sim_buffer = BUFFER;
	write_seed();
	ck_assert_int_eq(sim_driver.open(&a, &conf, NULL), 0);
	ck_assert_int_eq(sim_driver.open(&b, &conf, NULL), 0);
}

static void
teardown(void)
{
	secret_free(&run.blocks);
	sim_driver.close(&a);
	sim_driver.close(&b);
	unlink(conf.sim_seed_file);
}

/* The result stays in `run`. */
static void
pull(void *end, uint64_t after, uint32_t max)
{
	secret_free(&run.blocks);
	ck_assert_int_eq(sim_driver.pull(end, after, max, &run), 0);
	ck_assert(run.count == 0 || run.first > after);
	ck_assert_uint_le(run.count, max);
	if (run.count > 0)
		ck_assert_uint_eq(run.blocks->len, run.count * OCTETS);
}

static void
pulled(uint64_t first, uint32_t count)
{
	ck_assert_uint_eq(run.first, first);
	ck_assert_uint_eq(run.count, count);
}

/* NULL: there is no such command. */
static json_t *
command(void *end, int nargs, char **args)
{
	const struct ctl_command	*c = ctltable_find(sim_driver.commands,
					    nargs, args);

	return c != NULL ? ctltable_run(c, end, nargs, args) : NULL;
}

static void
tell(void *end, const char *name, const char *arg)
{
	char	 c[32], v[32];
	char	*args[] = { c, v, NULL };
	json_t	*j;

	snprintf(c, sizeof(c), "%s", name);
	snprintf(v, sizeof(v), "%s", arg != NULL ? arg : "");
	j = command(end, arg != NULL ? 2 : 1, args);
	ck_assert_ptr_nonnull(j);
	ck_assert_ptr_null(json_object_get(j, "error"));
	json_decref(j);
}

START_TEST(indices_begin_with_one)
{
	now += LUMP;
	pull(a, 0, 8);
	pulled(1, 1);
}
END_TEST

START_TEST(both_ends_hand_out_the_same_blocks)
{
	struct secret	*mine;

	now += SECOND;
	pull(a, 0, 8);
	pulled(1, 8);
	mine = run.blocks;
	run.blocks = NULL;
	now += SECOND;
	pull(b, 0, 8);
	pulled(1, 8);
	ck_assert_mem_eq(mine->bytes, run.blocks->bytes, 8 * OCTETS);
	secret_free(&mine);
}
END_TEST

START_TEST(blocks_come_in_lumps_at_the_configured_rate)
{
	now += LUMP - 1;
	ck_assert_uint_eq(sim_driver.produced(a), 0);
	now += 1;
	ck_assert_uint_eq(sim_driver.produced(a), 1);
	for (int i = 0; i < 100; i++) {
		now += SECOND;
		pull(a, sim_driver.produced(a), 1);
	}
	ck_assert_uint_eq(sim_driver.produced(a), 1001);
}
END_TEST

START_TEST(a_rate_below_a_block_per_lump_loses_nothing_to_rounding)
{
	void	*slow;

	conf.sim_rate = OCTETS * 8 / 3;		/* a block in three seconds */
	ck_assert_int_eq(sim_driver.open(&slow, &conf, NULL), 0);
	for (int i = 0; i < 3000; i++) {
		now += LUMP;
		pull(slow, sim_driver.produced(slow), 1);
	}
	ck_assert_uint_ge(sim_driver.produced(slow), 99);
	ck_assert_uint_le(sim_driver.produced(slow), 100);
	sim_driver.close(&slow);
}
END_TEST

START_TEST(the_same_pull_gives_the_same_octets_again)
{
	struct secret	*before;

	now += SECOND;
	pull(a, 3, 4);
	pulled(4, 4);
	before = run.blocks;
	run.blocks = NULL;
	now += SECOND;
	pull(a, 3, 4);
	pulled(4, 4);
	ck_assert_mem_eq(before->bytes, run.blocks->bytes, 4 * OCTETS);
	secret_free(&before);
}
END_TEST

START_TEST(what_kma_has_on_disk_is_never_given_again)
{
	now += SECOND;
	pull(a, 5, 2);
	pulled(6, 2);
	pull(a, 0, 8);
	pulled(6, 5);
}
END_TEST

START_TEST(a_full_buffer_stops_production_and_keeps_what_it_holds)
{
	now += 3600 * SECOND;
	ck_assert_uint_eq(sim_driver.produced(a), BUFFER);
	pull(a, 0, 100);
	pulled(1, BUFFER);
	pull(a, BUFFER, 100);
	pulled(BUFFER + 1, 0);		/* the hour is lost */
	now += LUMP;
	pull(a, BUFFER, 100);
	pulled(BUFFER + 1, 1);
}
END_TEST

START_TEST(the_lagging_end_skips_forward)
{
	now += SECOND;
	pull(a, 5000, 8);
	pulled(5001, 0);
	ck_assert_uint_eq(sim_driver.produced(a), 5000);
	now += LUMP;
	pull(a, 5000, 8);
	pulled(5001, 1);
}
END_TEST

START_TEST(a_restarted_module_goes_on_behind_what_kma_has)
{
	now += SECOND;
	pull(a, 0, 8);
	pulled(1, 8);
	tell(a, "restart", NULL);
	ck_assert_uint_eq(sim_driver.produced(a), 0);
	now += SECOND;
	pull(a, 8, 8);
	for (int i = 0; i < 50; i++) {
		now += LUMP;
		pull(a, 8, 8);
		ck_assert_uint_gt(run.first, 8);
	}
	pulled(9, 8);
	pull(b, 8, 2);
	pulled(9, 2);
}
END_TEST

START_TEST(lost_blocks_leave_a_gap_and_an_answer_ends_before_it)
{
	now += 3 * LUMP;
	pull(a, 0, 8);
	pulled(1, 3);
	tell(a, "lose", "2");
	now += 5 * LUMP;
	pull(a, 0, 8);
	pulled(1, 3);
	pull(a, 3, 8);
	pulled(6, 3);
	ck_assert_uint_eq(sim_driver.produced(a), 8);
	pull(b, 3, 8);
	pulled(4, 5);
}
END_TEST

START_TEST(noise_changes_the_blocks_of_one_end)
{
	struct secret	*noisy;

	now += LUMP;
	pull(a, 0, 8);
	pulled(1, 1);
	tell(a, "noise", "on");
	now += LUMP;
	tell(a, "noise", "off");
	now += LUMP;
	pull(a, 0, 8);
	pulled(1, 3);
	noisy = run.blocks;
	run.blocks = NULL;
	pull(b, 0, 8);
	pulled(1, 3);
	ck_assert_mem_eq(noisy->bytes, run.blocks->bytes, OCTETS);
	ck_assert_mem_ne(noisy->bytes + OCTETS, run.blocks->bytes + OCTETS,
	    OCTETS);
	ck_assert_mem_eq(noisy->bytes + 2 * OCTETS,
	    run.blocks->bytes + 2 * OCTETS, OCTETS);
	secret_free(&noisy);
}
END_TEST

START_TEST(a_paused_module_makes_nothing_and_catches_nothing_up)
{
	tell(a, "pause", NULL);
	now += 10 * SECOND;
	ck_assert_uint_eq(sim_driver.produced(a), 0);
	tell(a, "resume", NULL);
	ck_assert_uint_eq(sim_driver.produced(a), 0);
	now += LUMP;
	ck_assert_uint_eq(sim_driver.produced(a), 1);
}
END_TEST

START_TEST(an_absurd_position_is_refused)
{
	secret_free(&run.blocks);
	ck_assert_int_eq(sim_driver.pull(a, UINT64_MAX, 1, &run), -E_RANGE);
	now += LUMP;
	pull(a, 0, 1);
	pulled(1, 1);
}
END_TEST

START_TEST(wrong_commands_say_what_is_wrong)
{
	char	*bad[][3] = { { "lose", NULL, NULL }, { "lose", "x", NULL },
		    { "lose", "-1", NULL }, { "lose", "0", NULL },
		    { "noise", "maybe", NULL }, { "noise", NULL, NULL } };
	char	*unknown[] = { "explode", NULL };
	json_t	*j;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		j = command(a, bad[i][1] != NULL ? 2 : 1, bad[i]);
		ck_assert_ptr_nonnull(j);
		ck_assert_ptr_nonnull(json_object_get(j, "error"));
		json_decref(j);
	}
	ck_assert_ptr_null(command(a, 1, unknown));
}
END_TEST

START_TEST(an_error_rate_is_told_if_one_is_pretended)
{
	ck_assert_uint_eq(sim_driver.qber(a), DRIVER_QBER_UNKNOWN);
	tell(a, "qber", "21000");
	ck_assert_uint_eq(sim_driver.qber(a), 21000);
	tell(a, "noise", "on");		/* 3 bits of 8192 */
	ck_assert_uint_eq(sim_driver.qber(a), 21000 + 366);
	tell(a, "qber", "0");
	ck_assert_uint_eq(sim_driver.qber(a), DRIVER_QBER_UNKNOWN);
}
END_TEST

START_TEST(the_state_says_simulated)
{
	char	text[DRIVER_STATE_MAX];

	sim_driver.state(a, text);
	ck_assert_ptr_nonnull(strstr(text, "SIMULATED"));
	ck_assert(sim_driver.simulated);
}
END_TEST

START_TEST(a_seed_that_others_may_read_is_refused)
{
	void	*c;

	ck_assert_int_eq(chmod(conf.sim_seed_file, 0644), 0);
	ck_assert_int_lt(sim_driver.open(&c, &conf, NULL), 0);
	ck_assert_ptr_null(c);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("sim");
	TCase	*t = tcase_create("sim");
	SRunner	*r = srunner_create(s);
	int	 failed;

	if (secret_init(1 << 18) < 0)
		return EXIT_FAILURE;
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, indices_begin_with_one);
	tcase_add_test(t, both_ends_hand_out_the_same_blocks);
	tcase_add_test(t, blocks_come_in_lumps_at_the_configured_rate);
	tcase_add_test(t,
	    a_rate_below_a_block_per_lump_loses_nothing_to_rounding);
	tcase_add_test(t, the_same_pull_gives_the_same_octets_again);
	tcase_add_test(t, what_kma_has_on_disk_is_never_given_again);
	tcase_add_test(t,
	    a_full_buffer_stops_production_and_keeps_what_it_holds);
	tcase_add_test(t, the_lagging_end_skips_forward);
	tcase_add_test(t, a_restarted_module_goes_on_behind_what_kma_has);
	tcase_add_test(t,
	    lost_blocks_leave_a_gap_and_an_answer_ends_before_it);
	tcase_add_test(t, noise_changes_the_blocks_of_one_end);
	tcase_add_test(t, a_paused_module_makes_nothing_and_catches_nothing_up);
	tcase_add_test(t, an_absurd_position_is_refused);
	tcase_add_test(t, wrong_commands_say_what_is_wrong);
	tcase_add_test(t, an_error_rate_is_told_if_one_is_pretended);
	tcase_add_test(t, the_state_says_simulated);
	tcase_add_test(t, a_seed_that_others_may_read_is_refused);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
