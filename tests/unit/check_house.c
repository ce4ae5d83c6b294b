/* Who may be in the house and on the porch, and who gives way. */
#include <check.h>
#include <stdlib.h>

#include "err.h"
#include "ksa/house.h"
#include "ksa/porch.h"
#include "ksa/receipts.h"

#define N	40

static struct house	*house;
static struct porch	*porch;
static struct tenant	 a[N], b[N], c;
static struct porch_item at[N];

static void
setup(void)
{
	ck_assert_int_eq(house_new(&house, 10, 8), 0);
	ck_assert_int_eq(porch_new(&porch, 6, 4), 0);
}

static void
leave_all(struct tenant *t)
{
	for (int i = 0; i < N; i++)
		house_leave(house, &t[i]);
}

static void
teardown(void)
{
	leave_all(a);
	leave_all(b);
	house_leave(house, &c);
	for (int i = 0; i < N; i++)
		porch_leave(porch, &at[i]);
	ck_assert_uint_eq(house_count(house), 0);
	ck_assert_uint_eq(porch_count(porch), 0);
	house_free(&house);
	porch_free(&porch);
}

static struct tenant *
enter(struct tenant *t, const char *who)
{
	struct tenant	*out;

	ck_assert_int_eq(house_enter(house, t, who, &out), 0);
	if (out != NULL)
		house_leave(house, out);
	ck_assert_uint_le(house_count(house), 10);
	return out;
}

START_TEST(one_application_cannot_have_more_than_its_limit)
{
	struct tenant	*out;

	for (int i = 0; i < 8; i++)
		ck_assert_ptr_null(enter(&a[i], "A"));
	ck_assert_int_eq(house_enter(house, &a[8], "A", &out), -E_BUSY);
	ck_assert_ptr_null(out);
	ck_assert_ptr_null(a[8].holder);
	ck_assert_ptr_null(enter(&b[0], "B"));
	house_leave(house, &a[3]);
	ck_assert_ptr_null(enter(&a[3], "A"));
}
END_TEST

START_TEST(the_longest_idle_of_who_has_most_gives_way)
{
	for (int i = 0; i < 8; i++)
		enter(&a[i], "A");
	enter(&b[0], "B");
	enter(&b[1], "B");
	house_active(&a[0]);
	a[1].busy = true;
	ck_assert_ptr_eq(enter(&b[2], "B"), &a[2]);
	ck_assert_ptr_eq(enter(&c, "C"), &a[3]);
	house_active(&a[4]);
	ck_assert_ptr_eq(enter(&b[3], "B"), &a[5]);
}
END_TEST

START_TEST(where_all_are_busy_the_oldest_gives_way)
{
	for (int i = 0; i < 8; i++) {
		enter(&a[i], "A");
		a[i].busy = true;
	}
	enter(&b[0], "B");
	enter(&b[1], "B");
	ck_assert_ptr_eq(enter(&c, "C"), &a[0]);
	for (int i = 0; i < 8; i++)
		a[i].busy = false;
}
END_TEST

START_TEST(nobody_gives_way_to_who_would_have_most)
{
	struct tenant	*out;
	char		 who[2] = "A";

	for (int i = 0; i < 10; i++, who[0]++)
		enter(&a[i], who);
	ck_assert_int_eq(house_enter(house, &b[0], "B", &out), -E_TOO_LARGE);
	ck_assert_int_eq(house_enter(house, &b[0], "Z", &out), -E_TOO_LARGE);
	ck_assert_ptr_null(out);
	house_leave(house, &a[0]);
	ck_assert_ptr_null(enter(&b[0], "Z"));
}
END_TEST

/* However many come of whom: each of the others has room for his share. */
START_TEST(no_crowd_keeps_an_application_out)
{
	struct tenant	*out;

	for (int i = 0; i < N; i++)
		if (house_enter(house, &a[i], i % 2 ? "A" : "B", &out) == 0 &&
		    out != NULL)
			house_leave(house, out);
	ck_assert_ptr_nonnull(enter(&c, "C"));
	for (int i = 0; i < N; i++)
		if (a[i].holder == NULL && house_enter(house, &a[i],
		    i % 2 ? "A" : "B", &out) == 0 && out != NULL) {
			ck_assert_ptr_ne(out, &c);
			house_leave(house, out);
		}
	ck_assert_ptr_nonnull(c.holder);
}
END_TEST

static struct porch_item *
arrive(int i, uint64_t source)
{
	struct porch_item	*out;

	ck_assert_int_eq(porch_enter(porch, &at[i], source, &out), 0);
	ck_assert_ptr_ne(out, &at[i]);
	if (out != NULL)
		porch_leave(porch, out);
	ck_assert_uint_le(porch_count(porch), 6);
	return out;
}

START_TEST(the_oldest_of_an_address_gives_way_to_its_next)
{
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_null(arrive(i, 1));
	ck_assert_ptr_eq(arrive(4, 1), &at[0]);
	ck_assert_ptr_null(arrive(5, 2));
	porch_leave(porch, &at[2]);
	ck_assert_ptr_null(arrive(6, 1));
	ck_assert_ptr_eq(arrive(7, 1), &at[1]);
}
END_TEST

START_TEST(the_address_with_most_gives_way_to_others)
{
	arrive(0, 2);
	for (int i = 1; i < 5; i++)
		arrive(i, 1);
	arrive(5, 3);
	ck_assert_ptr_eq(arrive(6, 4), &at[1]);
	ck_assert_ptr_eq(arrive(7, 5), &at[2]);
	ck_assert_ptr_nonnull(at[0].source);
}
END_TEST

START_TEST(receipts_go_when_their_answer_has_arrived)
{
	struct receipts	r = { NULL, 0, 0 };

	for (unsigned i = 1; i <= 20; i++) {
		struct receipt	one = { .end = i * 100, .number = i };

		ck_assert_int_eq(receipts_add(&r, &one), 0);
	}
	ck_assert_uint_eq(r.n, 20);
	receipts_arrived(&r, 799);
	ck_assert_uint_eq(r.n, 13);
	ck_assert_uint_eq(r.v[0].number, 8);
	receipts_arrived(&r, 800);
	ck_assert_uint_eq(r.v[0].end, 900);
	receipts_arrived(&r, UINT64_MAX);
	ck_assert_uint_eq(r.n, 0);
	receipts_free(&r);
	ck_assert_uint_eq(sizeof(struct receipt), 32);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		one_application_cannot_have_more_than_its_limit,
		the_longest_idle_of_who_has_most_gives_way,
		where_all_are_busy_the_oldest_gives_way,
		nobody_gives_way_to_who_would_have_most,
		no_crowd_keeps_an_application_out,
		the_oldest_of_an_address_gives_way_to_its_next,
		the_address_with_most_gives_way_to_others,
		receipts_go_when_their_answer_has_arrived,
	};
	Suite	*s = suite_create("house");
	TCase	*t = tcase_create("house");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
