/* check_exchange.c - MessageIDs of what is under way. */
#include <stdio.h>
#include <string.h>

#include "relayd/exchange.h"
#include "unit.h"

static char		request[KXJSON_ID_MAX + 1];
static struct route	route;

static struct route
abc(void)
{
	struct route	r;

	ck_assert_int_eq(route_parse(&r, "A,B,C"), 0);
	return r;
}

START_TEST(a_number_is_found_once_for_its_hop_and_request)
{
	struct exchange	*x;
	uint32_t	 id;

	ck_assert_int_eq(exchange_new(&x), 0);
	exchange_came(x, "A", KX_RELAY, "r1", 7, NULL, 0);
	exchange_came(x, "B", KX_RELAY, "r1", 8, NULL, 0);
	ck_assert(!exchange_take_came(x, "A", KX_RELAY, "r2", &id, NULL));
	ck_assert(!exchange_take_came(x, "A", KX_OPEN, "r1", &id, NULL));
	ck_assert(exchange_take_came(x, "A", KX_RELAY, "r1", &id, NULL));
	ck_assert_uint_eq(id, 7);
	ck_assert(!exchange_take_came(x, "A", KX_RELAY, "r1", &id, NULL));
	ck_assert(exchange_take_came(x, "B", KX_RELAY, "r1", &id, NULL));
	ck_assert_uint_eq(id, 8);
	exchange_free(&x);
}
END_TEST

START_TEST(what_is_for_us_is_found_with_its_way)
{
	struct route	 r = abc();
	struct exchange	*x;
	uint32_t	 id;

	ck_assert_int_eq(exchange_new(&x), 0);
	exchange_came(x, "A", KX_OPEN, "s1", 7, &r, 0);
	exchange_came(x, "A", KX_NOTIFY, "s1", 8, NULL, 0);
	ck_assert(!exchange_take_came(x, "A", KX_NOTIFY, "s1", &id, &route));
	ck_assert(exchange_take_came(x, "A", KX_OPEN, "s1", &id, &route));
	ck_assert_uint_eq(id, 7);
	ck_assert_uint_eq(route.n, 3);
	ck_assert_str_eq(route.km[2], "C");
	/* In transit the way is not needed. */
	ck_assert(exchange_take_came(x, "A", KX_NOTIFY, "s1", &id, NULL));
	ck_assert_uint_eq(id, 8);
	ck_assert_uint_eq(exchange_count(x), 0);
	exchange_free(&x);
}
END_TEST

START_TEST(a_request_is_found_once_for_its_hop_and_number)
{
	struct route	 r = abc();
	struct exchange	*x;

	ck_assert_int_eq(exchange_new(&x), 0);
	exchange_went(x, "B", KX_RELAY, "r1", 7, &r, 0);
	exchange_went(x, "B", KX_RELAY, "r2", 8, &r, 0);
	request[0] = '\0';
	ck_assert(!exchange_take_went(x, "C", KX_RELAY, 7, request, &route));
	ck_assert(!exchange_take_went(x, "B", KX_OPEN, 7, request, &route));
	ck_assert(exchange_take_went(x, "B", KX_RELAY, 7, request, &route));
	ck_assert_str_eq(request, "r1");
	ck_assert_uint_eq(route.n, 3);
	ck_assert(!exchange_take_went(x, "B", KX_RELAY, 7, request, &route));
	/* An answer that says what it answers is not one to another. */
	ck_assert(!exchange_take_went(x, "B", KX_RELAY, 8, request, &route));
	strcpy(request, "r2");
	ck_assert(exchange_take_went(x, "B", KX_RELAY, 8, request, &route));
	exchange_free(&x);
}
END_TEST

START_TEST(what_stays_open_is_bounded_in_number_and_time)
{
	struct exchange	*x;
	char		 name[32];
	uint32_t	 id;

	ck_assert_int_eq(exchange_new(&x), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		exchange_came(x, "A", KX_RELAY, name, i, NULL, i);
	}
	ck_assert_uint_eq(exchange_count(x), 16384);
	ck_assert(!exchange_take_came(x, "A", KX_RELAY, "r0", &id, NULL));
	exchange_age(x, 19990 + 60000);
	ck_assert_uint_eq(exchange_count(x), 10);
	ck_assert(exchange_take_came(x, "A", KX_RELAY, "r19999", &id, NULL));
	exchange_free(&x);
	ck_assert_ptr_null(x);
}
END_TEST

UNIT_MAIN("exchange", a_number_is_found_once_for_its_hop_and_request,
    what_is_for_us_is_found_with_its_way,
    a_request_is_found_once_for_its_hop_and_number,
    what_stays_open_is_bounded_in_number_and_time)
