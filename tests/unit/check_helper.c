/* Work in threads beside the loop: order, turns, taking back, the end. */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper.h"
#include "ident.h"
#include "log.h"

#define N	1000

static struct event_base *base;
static struct helper	*helper;
static struct helper_job job[N];
static atomic_uint	 ran;
static unsigned		 order[N], done;	/* done: in the loop */
static atomic_bool	 hold, begun;

static void
run(struct helper_job *j)
{
	begun = true;
	while (hold)
		usleep(100);
	order[ran++] = (unsigned)(j - job);
}

static void
on_done(struct helper_job *j)
{
	(void)j;
	done++;
}

static void
setup(void)
{
	log_init("check_helper", LL_ERR);
	memset(job, 0, sizeof(job));
	for (int i = 0; i < N; i++) {
		job[i].run = run;
		job[i].done = on_done;
	}
	ran = done = 0;
	hold = begun = false;
	base = event_base_new();
}

static void
teardown(void)
{
	hold = false;
	helper_free(&helper);
	event_base_free(base);
}

static void
wait_for_done(unsigned n)
{
	uint64_t	end = mono_ms() + 20000;

	while (done < n && mono_ms() < end) {
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		usleep(100);
	}
	ck_assert_uint_eq(done, n);
}

/* One thread, held at a first job while the others are added. */
static void
hold_thread(void)
{
	ck_assert_int_eq(helper_new(&helper, base, 1), 0);
	hold = true;
	helper_add(helper, &job[0]);
	while (!begun)
		usleep(100);
}

START_TEST(every_job_runs_once_and_is_done_in_the_loop)
{
	ck_assert_int_eq(helper_new(&helper, base, 4), 0);
	for (unsigned i = 0; i < N; i++) {
		job[i].lane = i;
		helper_add(helper, &job[i]);
	}
	ck_assert_uint_eq(done, 0);
	wait_for_done(N);
	ck_assert_uint_eq(ran, N);
}
END_TEST

START_TEST(jobs_of_one_lane_run_in_order)
{
	ck_assert_int_eq(helper_new(&helper, base, 1), 0);
	for (unsigned i = 0; i < N; i++)
		helper_add(helper, &job[i]);
	wait_for_done(N);
	for (unsigned i = 0; i < N; i++)
		ck_assert_uint_eq(order[i], i);
}
END_TEST

START_TEST(who_sends_many_does_not_hold_up_others)
{
	hold_thread();
	for (unsigned i = 1; i < 900; i++) {
		job[i].lane = 7;
		helper_add(helper, &job[i]);
	}
	job[900].lane = 8;
	helper_add(helper, &job[900]);
	hold = false;
	wait_for_done(901);
	ck_assert(order[1] == 900 || order[2] == 900);
}
END_TEST

START_TEST(a_job_can_be_taken_back_until_it_runs)
{
	hold_thread();
	helper_add(helper, &job[1]);
	helper_add(helper, &job[2]);
	ck_assert(!helper_cancel(helper, &job[0]));
	ck_assert(helper_cancel(helper, &job[1]));
	ck_assert(!helper_cancel(helper, &job[1]));
	hold = false;
	wait_for_done(2);
	ck_assert_uint_eq(ran, 2);
	ck_assert(!helper_cancel(helper, &job[2]));
}
END_TEST

START_TEST(at_the_end_all_are_done)
{
	hold_thread();
	for (unsigned i = 1; i < 10; i++)
		helper_add(helper, &job[i]);
	hold = false;
	helper_free(&helper);
	ck_assert_ptr_null(helper);
	ck_assert_uint_eq(done, 10);
}
END_TEST

START_TEST(a_job_may_be_added_again_when_it_is_done)
{
	ck_assert_int_eq(helper_new(&helper, base, 2), 0);
	for (unsigned i = 1; i <= 100; i++) {
		helper_add(helper, &job[0]);
		wait_for_done(i);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_job_runs_once_and_is_done_in_the_loop,
		jobs_of_one_lane_run_in_order,
		who_sends_many_does_not_hold_up_others,
		a_job_can_be_taken_back_until_it_runs,
		at_the_end_all_are_done,
		a_job_may_be_added_again_when_it_is_done,
	};
	Suite	*s = suite_create("helper");
	TCase	*t = tcase_create("helper");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(t, tests[i]);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
