/*
 * check_relayd.c - three relayds in a row, each with a kma and a ksa that
 * do what the test says: key relay, control messages, connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "relayd/command.h"
#include "relayd/kx.h"
#include "relayrow.h"
#include "unit.h"

#define RID	"01234567-89ab-4def-8123-456789abcdef"
#define TEXT	8096

static void
send_relay(int from, const char *route, const char *hop, size_t len)
{
	static const uint8_t	mac[16] = "0123456789abcde";
	static uint8_t		text[65536];
	struct msg		m = { .id = MSG_relay_out };

	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)(i * 7);
	strcpy(m.relay_out.hop, hop);
	strcpy(m.relay_out.route, route);
	strcpy(m.relay_out.request, RID);
	m.relay_out.pad = UINT64_MAX;
	m.relay_out.block = 12;
	m.relay_out.mac = (struct msg_view){ mac, sizeof(mac) };
	m.relay_out.text = (struct msg_view){ text, len };
	ck_assert_int_eq(ipc_send(nodes[from].kma, &m), 0);
}

static void
send_done(int from, const char *route, const char *response)
{
	static const uint8_t	mac[16] = "fedcba987654321";
	struct msg		m = { .id = MSG_done_out };

	strcpy(m.done_out.route, route);
	strcpy(m.done_out.request, RID);
	strcpy(m.done_out.response, response);
	m.done_out.mac = (struct msg_view){ mac, sizeof(mac) };
	ck_assert_int_eq(ipc_send(nodes[from].kma, &m), 0);
}

#define ABC	"KME-A,KME-B,KME-C"

START_TEST(a_relay_goes_hop_by_hop_and_its_completion_comes_back)
{
	struct msg_relay_in	*in = &nodes[1].last.relay_in;
	struct msg_done_in	*done = &nodes[0].last.done_in;

	send_relay(0, ABC, "KME-B", TEXT);
	UNTIL(nodes[1].relays == 1);
	ck_assert_str_eq(in->hop, "KME-A");
	ck_assert_str_eq(in->route, ABC);
	ck_assert_str_eq(in->request, RID);
	ck_assert(in->pad == UINT64_MAX && in->block == 12);
	ck_assert_mem_eq(nodes[1].mac, "0123456789abcde", 16);
	ck_assert_uint_eq(in->text.len, TEXT);
	for (size_t i = 0; i < TEXT; i++)
		ck_assert_uint_eq(nodes[1].text[i], (uint8_t)(i * 7));
	send_relay(1, ABC, "KME-C", TEXT);
	UNTIL(nodes[2].relays == 1);
	ck_assert_str_eq(nodes[2].last.relay_in.hop, "KME-B");
	send_done(2, ABC, "success");
	UNTIL(nodes[0].dones == 1);
	ck_assert_str_eq(done->response, "success");
	ck_assert_str_eq(done->request, RID);
	ck_assert_str_eq(done->route, ABC);
	ck_assert_mem_eq(nodes[0].mac, "fedcba987654321", 16);
	ck_assert_uint_eq(nodes[1].dones, 0);
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused_at_once)
{
	kx_admin(nodes[1].r.kx, "KME-C", false);
	send_relay(0, ABC, "KME-B", TEXT);
	UNTIL(nodes[1].relays == 1);
	send_relay(1, ABC, "KME-C", TEXT);
	UNTIL(nodes[0].dones == 1);
	ck_assert_ptr_nonnull(strstr(nodes[0].last.done_in.response,
	    "unavailable"));
	ck_assert_str_eq(nodes[0].last.done_in.route, ABC);
	UNTIL(row_route(0, 2)[0] == '\0' && !nodes[0].reach[2]);
	ck_assert_uint_eq(nodes[1].r.counters.dropped_not_connected, 1);
	send_relay(0, ABC, "KME-B", 40864);	/* the largest block */
	UNTIL(nodes[1].relays == 2);
	ck_assert_uint_eq(nodes[1].last.relay_in.text.len, 40864);
	send_relay(0, ABC, "KME-B", 60000);
	UNTIL(nodes[0].dones == 2);
	ck_assert_ptr_nonnull(strstr(nodes[0].last.done_in.response,
	    "too_large"));
}
END_TEST

START_TEST(without_a_kma_a_relay_is_refused_at_once)
{
	ipc_free(&nodes[1].kma);
	for (uint64_t end = mono_ms() + 6000; mono_ms() < end &&
	    nodes[0].dones == 0;) {
		send_relay(0, ABC, "KME-B", 100);
		for (int i = 0; i < 200; i++)
			row_turn();
	}
	ck_assert_uint_gt(nodes[0].dones, 0);
	ck_assert_ptr_nonnull(strstr(nodes[0].last.done_in.response,
	    "unavailable"));
}
END_TEST

START_TEST(control_messages_reach_the_other_end_and_nobody_else)
{
	struct msg	m = { .id = MSG_control_out };
	struct msg	s = { .id = MSG_supply_out };

	strcpy(m.control_out.peer, "KME-C");
	m.control_out.body = (struct msg_view){ (const uint8_t *)"hi", 2 };
	ck_assert_int_eq(ipc_send(nodes[0].kma, &m), 0);
	UNTIL(nodes[2].controls == 1);
	ck_assert_str_eq(nodes[2].body, "hi");
	ck_assert_str_eq(nodes[2].from, "KME-A");
	strcpy(s.supply_out.peer, "KME-A");
	s.supply_out.body = (struct msg_view){ (const uint8_t *)"ho", 2 };
	ck_assert_int_eq(ipc_send(nodes[2].ksa, &s), 0);
	UNTIL(nodes[0].supplies == 1);
	ck_assert_str_eq(nodes[0].body, "ho");
	ck_assert_str_eq(nodes[0].from, "KME-C");
	ck_assert_uint_eq(nodes[1].controls + nodes[1].supplies, 0);
	ck_assert_uint_eq(nodes[1].r.counters.controls_forwarded, 2);
}
END_TEST

START_TEST(a_peer_down_by_the_operator_stays_down_until_up)
{
	ck_assert_int_lt(kx_admin(nodes[0].r.kx, "KME-C", false), 0);
	ck_assert_int_eq(kx_admin(nodes[0].r.kx, "KME-B", false), 0);
	UNTIL(row_route(1, 0)[0] == '\0' && !nodes[0].neighbour[1]);
	for (uint64_t end = mono_ms() + 1500; mono_ms() < end;)
		row_turn();
	ck_assert(!nodes[0].neighbour[1] && !nodes[1].neighbour[0]);
	ck_assert_int_eq(kx_admin(nodes[0].r.kx, "KME-B", true), 0);
	UNTIL(strcmp(row_route(2, 0), "KME-C,KME-B,KME-A") == 0);
}
END_TEST

START_TEST(a_relayd_that_restarts_is_found_again)
{
	row_stop(1);
	UNTIL(row_route(0, 2)[0] == '\0' && !nodes[2].reach[0]);
	row_start(1);
	UNTIL(strcmp(row_route(0, 2), ABC) == 0 && nodes[2].reach[0]);
}
END_TEST

START_TEST(a_kma_that_restarts_is_told_everything_again)
{
	ipc_free(&nodes[0].kma);
	nodes[0].neighbour[1] = false;
	row_listen(0, KMA);
	UNTIL(nodes[0].neighbour[1]);
}
END_TEST

START_TEST(a_neighbour_hears_at_once_that_a_kma_is_gone_and_that_it_is_back)
{
	ipc_free(&nodes[1].kma);
	UNTIL(!nodes[0].neighbour[1] && !nodes[2].neighbour[1]);
	/* Messages of others pass through it all the same. */
	ck_assert_str_eq(row_route(0, 2), ABC);
	row_listen(1, KMA);
	UNTIL(nodes[0].neighbour[1] && nodes[2].neighbour[1] &&
	    nodes[1].neighbour[0]);
}
END_TEST

static json_t *
command(int node, int nargs, char **args)
{
	return ctltable_run(ctltable_find(command_table, nargs, args),
	    &nodes[node].r, nargs, args);
}

START_TEST(the_operator_sees_what_is_connected)
{
	char	*args[] = { "status" }, *bad[] = { "peer", "KME-X", "down" };
	json_t	*o, *peer;

	/* The other processes have been here for a while. */
	o = command(1, 1, args);
	ck_assert(json_is_true(json_object_get(o, "ready")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "missing")), 0);
	peer = json_array_get(json_object_get(o, "peers"), 0);
	ck_assert(json_is_true(json_object_get(peer, "connected")));
	ck_assert_str_eq(json_string_value(json_object_get(peer,
	    "dialled_by")), "KME-A");
	json_decref(o);
	o = command(1, 3, bad);
	ck_assert_ptr_nonnull(json_object_get(o, "error"));
	json_decref(o);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("relayd");
	TCase	*t = tcase_create("relayd");
	SRunner	*r = srunner_create(s);
	int	 failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, row_setup, row_teardown);
	tcase_add_test(t,
	    a_relay_goes_hop_by_hop_and_its_completion_comes_back);
	tcase_add_test(t, what_cannot_be_sent_is_refused_at_once);
	tcase_add_test(t, without_a_kma_a_relay_is_refused_at_once);
	tcase_add_test(t, control_messages_reach_the_other_end_and_nobody_else);
	tcase_add_test(t, a_peer_down_by_the_operator_stays_down_until_up);
	tcase_add_test(t, a_relayd_that_restarts_is_found_again);
	tcase_add_test(t, a_kma_that_restarts_is_told_everything_again);
	tcase_add_test(t,
	    a_neighbour_hears_at_once_that_a_kma_is_gone_and_that_it_is_back);
	tcase_add_test(t, the_operator_sees_what_is_connected);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
