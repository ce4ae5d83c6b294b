/* check_relaysession.c - messages about sessions over three relayds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relayd/frames.h"
#include "relayd/kx.h"
#include "relayd/kxsession.h"
#include "relayrow.h"
#include "unit.h"

#define SID	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define KEY	"0192f0c1-7a00-7000-8000-000000000001"
#define DBC	"\"source_KMA_ID\":\"KME-D\",\"destination_KMA_ID\":" \
	"\"KME-C\",\"transit_KMA_IDs\":[\"KME-B\"]"
#define CBD	"\"source_KMA_ID\":\"KME-C\",\"destination_KMA_ID\":" \
	"\"KME-D\",\"transit_KMA_IDs\":[\"KME-B\"]"
#define DBE	"\"source_KMA_ID\":\"KME-D\",\"destination_KMA_ID\":" \
	"\"KME-E\",\"transit_KMA_IDs\":[\"KME-B\"]"
#define EBD	"\"source_KMA_ID\":\"KME-E\",\"destination_KMA_ID\":" \
	"\"KME-D\",\"transit_KMA_IDs\":[\"KME-B\"]"
#define OPEN(route) "{\"session_ID\":\"" SID "\",\"application_source_ID\":" \
	"\"SAE-D1\",\"application_destination_ID\":\"SAE-C1\"," \
	"\"extension\":[{" route ",\"message\":\"aGVsbG8=\"}]}"
#define OPENED(route) "{\"session_ID\":\"" SID "\",\"response\":" \
	"\"success\",\"extension\":[{" route ",\"message\":\"aG8=\"}]}"
#define NOTIFY(route) "{\"session_ID\":\"" SID "\",\"number_of_keys\":1," \
	"\"size_of_key\":256,\"extension\":[{" route ",\"key_IDs\":[\"" KEY \
	"\"],\"message\":\"aGVsbG8=\"}]}"
#define NOTIFIED(route) "{\"session_ID\":\"" SID "\",\"key_ID\":\"" KEY \
	"\",\"response\":\"success\",\"extension\":[{" route \
	",\"key_IDs\":[\"" KEY "\"],\"message\":\"aG8=\"}]}"
#define REFUSED(words) "{\"session_ID\":\"" SID "\",\"key_ID\":\"" KEY \
	"\",\"response\":\"" words "\""

static uint8_t	ids[16 * 1024];

static struct msg
message(enum kx_command c, const char *to, const char *body)
{
	struct msg		 m = { .id = MSG_session_out };
	struct msg_session_out	*o = &m.session_out;

	o->command = c;
	strcpy(o->peer, to);
	strcpy(o->session, SID);
	if (c == KX_OPEN) {
		strcpy(o->source, "SAE-A1");
		strcpy(o->destination, "SAE-C1");
	}
	if (!kxsession_is_request(c))
		strcpy(o->response, "success");
	ck_assert_int_eq(uuid_parse(KEY, UUID_TEXT, ids), 0);
	if (c == KX_NOTIFY || c == KX_NOTIFIED) {
		o->ids = (struct msg_view){ ids, 16 };
		o->number = 1;
		o->size = 256;
	}
	o->body = (struct msg_view){ (const uint8_t *)body, strlen(body) };
	return m;
}

static void
say(int from, enum kx_command c, const char *to, const char *body)
{
	struct msg	m = message(c, to, body);

	ck_assert_int_eq(ipc_send(nodes[from].ksa, &m), 0);
}

static const struct counters *
count(int node)
{
	return &nodes[node].r.counters;
}

START_TEST(requests_and_responses_go_from_ksa_to_ksa)
{
	static const enum kx_command	c[][2] = { { KX_OPEN, KX_OPENED },
		{ KX_NOTIFY, KX_NOTIFIED } };

	for (unsigned i = 0; i < 2; i++) {
		say(0, c[i][0], "KME-C", "hello");
		UNTIL(nodes[2].supplies == i + 1);
		ck_assert_str_eq(nodes[2].body, "hello");
		ck_assert_str_eq(nodes[2].from, "KME-A");
		say(2, c[i][1], "KME-A", "ho");
		UNTIL(nodes[0].supplies == i + 1);
		ck_assert_str_eq(nodes[0].body, "ho");
		ck_assert_str_eq(nodes[0].from, "KME-C");
	}
	ck_assert_uint_eq(nodes[1].supplies, 0);
	ck_assert_uint_eq(count(1)->sessions_forwarded, 4);
	ck_assert_uint_eq(count(0)->sessions_sent, 2);
	ck_assert_uint_eq(count(2)->sessions_received, 2);
}
END_TEST

START_TEST(the_largest_request_goes_through_and_a_larger_one_is_counted)
{
	static char	body[36000];
	struct msg	m;

	memset(body, 'x', 17000);
	m = message(KX_NOTIFY, "KME-C", body);
	for (size_t i = 0; i < sizeof(ids); i++)
		ids[i] = (uint8_t)(i >> 4 ^ i << 3);
	m.session_out.number = 1024;
	m.session_out.ids = (struct msg_view){ ids, sizeof(ids) };
	ck_assert_int_eq(ipc_send(nodes[0].ksa, &m), 0);
	UNTIL(nodes[2].supplies == 1);
	ck_assert_uint_eq(nodes[2].bodylen, 17000);
	ck_assert_str_eq(nodes[2].body, body);
	memset(body, 'y', sizeof(body) - 1);
	m.session_out.body.len = sizeof(body) - 1;
	ck_assert_int_eq(ipc_send(nodes[0].ksa, &m), 0);
	say(0, KX_OPEN, "KME-C", body);		/* fits without key_IDs */
	UNTIL(nodes[2].supplies == 2);
	ck_assert_uint_eq(nodes[2].bodylen, sizeof(body) - 1);
	ck_assert_uint_eq(count(0)->dropped_too_large, 1);
	ck_assert_uint_eq(count(1)->refused_malformed, 0);
}
END_TEST

START_TEST(a_response_has_on_each_hop_the_number_of_its_request)
{
	uint32_t	number;

	row_send(0, 0x80000007, KX_OPEN, OPEN(DBE));
	row_send(0, 0x80000008, KX_NOTIFY, NOTIFY(DBE));
	UNTIL(raws[1].frames == 2);
	ck_assert_uint_eq(raws[1].command, KX_NOTIFY);
	ck_assert_str_eq(raws[1].payload, NOTIFY(DBE));
	number = raws[1].id;
	ck_assert_uint_ne(number, 0x80000008);
	row_send(1, number, KX_NOTIFIED, NOTIFIED(EBD));
	UNTIL(raws[0].frames == 1);
	ck_assert_uint_eq(raws[0].id, 0x80000008);
	ck_assert_uint_eq(raws[0].command, KX_NOTIFIED);
	ck_assert_str_eq(raws[0].payload, NOTIFIED(EBD));
	row_send(1, number - 1, KX_OPENED, OPENED(EBD));
	UNTIL(raws[0].frames == 2);
	ck_assert_uint_eq(raws[0].id, 0x80000007);
	ck_assert_str_eq(raws[0].payload, OPENED(EBD));
	/* Again: nobody remembers it, but it says whom it is for. */
	row_send(1, number - 1, KX_OPENED, OPENED(EBD));
	UNTIL(raws[0].frames == 3);
	ck_assert_uint_ne(raws[0].id, 0x80000007);
}
END_TEST

START_TEST(the_destination_answers_the_way_that_the_request_came)
{
	/* Nobody has announced KME-D: there is no other way. */
	row_send(0, 5, KX_NOTIFY, NOTIFY(DBC));
	UNTIL(nodes[2].supplies == 1);
	ck_assert_str_eq(nodes[2].from, "KME-D");
	ck_assert_str_eq(row_route(2, 3), "");
	say(2, KX_NOTIFIED, "KME-D", "ho");
	UNTIL(raws[0].frames == 1);
	ck_assert_uint_eq(raws[0].id, 5);
	ck_assert_str_eq(raws[0].payload, NOTIFIED(CBD));
	say(2, KX_NOTIFIED, "KME-D", "ho");
	UNTIL(count(2)->dropped_no_route == 1);
}
END_TEST

START_TEST(who_has_forgotten_a_request_answers_by_a_way_of_his_own)
{
	say(0, KX_OPEN, "KME-C", "hello");
	say(0, KX_NOTIFY, "KME-C", "hello");
	UNTIL(nodes[2].supplies == 2);
	row_stop(2);
	UNTIL(!nodes[0].reach[2]);
	row_start(2);
	UNTIL(nodes[0].reach[2] && nodes[2].reach[0]);
	say(2, KX_OPENED, "KME-A", "ho");
	say(2, KX_NOTIFIED, "KME-A", "ho");
	UNTIL(nodes[0].supplies == 2);
	ck_assert_str_eq(nodes[0].from, "KME-C");
}
END_TEST

START_TEST(a_way_back_that_is_cut_is_not_waited_for)
{
	say(0, KX_OPEN, "KME-C", "hello");
	UNTIL(nodes[2].supplies == 1);
	kx_admin(nodes[2].r.kx, "KME-B", false);
	say(2, KX_OPENED, "KME-A", "ho");
	UNTIL(count(2)->dropped_no_route == 1);
	kx_admin(nodes[2].r.kx, "KME-B", true);
	UNTIL(nodes[2].reach[0] && nodes[0].reach[2]);
	say(2, KX_OPENED, "KME-A", "ho");
	UNTIL(nodes[0].supplies == 1);
}
END_TEST

START_TEST(a_transit_node_that_restarts_passes_responses_on)
{
	uint32_t	number;

	row_send(0, 77, KX_NOTIFY, NOTIFY(DBE));
	UNTIL(raws[1].frames == 1);
	number = raws[1].id;
	row_stop(1);
	UNTIL(raws[0].link == NULL && raws[1].link == NULL);
	row_start(1);
	row_dial(0);
	row_dial(1);
	row_send(1, number, KX_NOTIFIED, NOTIFIED(EBD));
	UNTIL(raws[0].frames == 1);
	ck_assert_uint_ne(raws[0].id, 77);
	ck_assert_str_eq(raws[0].payload, NOTIFIED(EBD));
}
END_TEST

/* What KME-D gets for a request. */
static void
refused(uint16_t command, const char *request, const char *answer)
{
	unsigned	before = raws[0].frames;

	row_send(0, 1000 + before, command, request);
	UNTIL(raws[0].frames == before + 1);
	ck_assert_uint_eq(raws[0].id, 1000 + before);
	ck_assert_uint_eq(raws[0].command, kxsession_response(command));
	ck_assert_str_eq(raws[0].payload, answer);
}

START_TEST(malformed_requests_are_answered_with_what_can_be_read)
{
	refused(KX_NOTIFY, "{", "{\"session_ID\":\"\",\"key_ID\":\"\","
	    "\"response\":\"bad_request: JSON that ends too early\"}");
	refused(KX_NOTIFY, "{\"session_ID\":\"" SID "\"}",
	    "{\"session_ID\":\"" SID "\",\"key_ID\":\"\",\"response\":"
	    "\"bad_request: extension without a message\"}");
	refused(KX_NOTIFY, "{\"session_ID\":\"" SID "\",\"extension\":[{" DBC
	    ",\"key_IDs\":[\"" KEY "\"]}]}",
	    REFUSED("bad_request: extension without a message") "}");
	refused(KX_NOTIFY, "{\"session_ID\":\"" SID "\",\"size_of_key\":0,"
	    "\"extension\":[{" DBC ",\"key_IDs\":[\"" KEY "\"],\"message\":"
	    "\"AA==\"}]}", REFUSED("bad_request: size_of_key") "}");
	refused(KX_OPEN, "{\"session_ID\":7}",
	    "{\"session_ID\":\"\",\"response\":\"bad_request: session_ID\"}");
	ck_assert_uint_eq(count(1)->refused_malformed, 5);
	ck_assert_uint_eq(count(1)->session_refusals_sent, 5);
}
END_TEST

START_TEST(a_route_that_does_not_lead_here_is_refused)
{
	static const char *const routes[] = { NOTIFY(CBD), NOTIFY(EBD),
		NOTIFY("\"source_KMA_ID\":\"KME-D\",\"destination_KMA_ID\":"
		    "\"KME-C\""),
		NOTIFY("\"source_KMA_ID\":\"KME-B\",\"destination_KMA_ID\":"
		    "\"KME-C\""),
		NOTIFY("\"source_KMA_ID\":\"KME-D\",\"destination_KMA_ID\":"
		    "\"KME-B\",\"transit_KMA_IDs\":[\"KME-C\"]") };

	for (unsigned i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		refused(KX_NOTIFY, routes[i],
		    REFUSED("bad_request: route does not lead here") "}");
	ck_assert_uint_eq(count(1)->refused_route, 5);
	ck_assert_uint_eq(nodes[1].supplies + nodes[2].supplies, 0);
}
END_TEST

START_TEST(what_cannot_go_on_is_refused_with_the_way_back)
{
	kx_admin(nodes[1].r.kx, "KME-C", false);
	refused(KX_NOTIFY, NOTIFY(DBC),
	    REFUSED("unavailable: next hop is not connected")
	    ",\"extension\":[{\"source_KMA_ID\":\"KME-B\","
	    "\"destination_KMA_ID\":\"KME-D\"}]}");
	refused(KX_OPEN, OPEN("\"source_KMA_ID\":\"KME-D\","
	    "\"destination_KMA_ID\":\"KME-X\",\"transit_KMA_IDs\":[\"KME-B\"]"
	    ), "{\"session_ID\":\"" SID "\",\"response\":\"unavailable: next "
	    "hop is not connected\",\"extension\":[{\"source_KMA_ID\":"
	    "\"KME-B\",\"destination_KMA_ID\":\"KME-D\"}]}");
	ck_assert_uint_eq(count(1)->dropped_not_connected, 2);
}
END_TEST

START_TEST(who_does_not_read_costs_his_own_requests_alone)
{
	static const uint8_t	 junk[60000];
	struct kx_peer		*d = kx_find(nodes[1].r.kx, "KME-D");
	struct kx_peer		*e = kx_find(nodes[1].r.kx, "KME-E");
	struct frame		 f = { FRAME_VERSION, 9, KX_NOTIFY,
				    sizeof(NOTIFY(DBE)) - 1,
				    (const uint8_t *)NOTIFY(DBE) };
	const char		*why;

	while (kx_send(e, kx_next_id(e), 0x11FF, junk, sizeof(junk)) == 0)
		;
	while (kx_send(e, kx_next_id(e), 0x11FF, junk, 100) == 0)
		;
	ck_assert_int_eq(frames_input(&nodes[1].r, d, &f, &why), 0);
	UNTIL(raws[0].frames == 1);
	ck_assert_uint_eq(raws[0].id, 9);
	ck_assert_str_eq(raws[0].payload,
	    REFUSED("unavailable: next hop does not read")
	    ",\"extension\":[{\"source_KMA_ID\":\"KME-B\","
	    "\"destination_KMA_ID\":\"KME-D\"}]}");
	ck_assert_uint_eq(count(1)->dropped_queue_full, 1);
}
END_TEST

START_TEST(without_a_ksa_requests_are_refused_and_the_source_is_not_deceived)
{
	ipc_free(&nodes[2].ksa);
	for (uint64_t end = mono_ms() + 8000; mono_ms() < end &&
	    count(2)->session_refusals_sent == 0;) {
		row_send(0, 3, KX_NOTIFY, NOTIFY(DBC));
		for (int i = 0; i < 200; i++)
			row_turn();
	}
	UNTIL(raws[0].frames > 0);
	ck_assert_uint_eq(raws[0].id, 3);
	ck_assert_str_eq(raws[0].payload,
	    REFUSED("unavailable: key supply is not running")
	    ",\"extension\":[{" CBD "}]}");
	say(0, KX_OPEN, "KME-C", "hello");
	UNTIL(count(0)->session_refusals_received == 1);
	ck_assert_uint_eq(nodes[0].supplies, 0);
	/* It comes back, and all goes on. */
	nodes[2].reach[0] = false;
	row_listen(2, KSA);
	UNTIL(nodes[2].reach[0]);
	say(0, KX_OPEN, "KME-C", "hello");
	UNTIL(nodes[2].supplies > 0);
}
END_TEST

START_TEST(a_refusal_without_a_route_finds_its_way_by_the_memory)
{
	row_send(0, 21, KX_NOTIFY, NOTIFY(DBE));
	UNTIL(raws[1].frames == 1);
	row_send(1, raws[1].id, KX_NOTIFIED,
	    "{\"session_ID\":\"\",\"key_ID\":\"\",\"response\":"
	    "\"bad_request: \\u00e9\"}");
	UNTIL(raws[0].frames == 1);
	ck_assert_uint_eq(raws[0].id, 21);
	ck_assert_str_eq(raws[0].payload, "{\"session_ID\":\"\",\"key_ID\":"
	    "\"\",\"response\":\"bad_request: \xc3\xa9\",\"extension\":[{" EBD
	    "}]}");
	/* Once; and not if the number is that of another request. */
	row_send(0, 22, KX_NOTIFY, NOTIFY(DBE));
	UNTIL(raws[1].frames == 2);
	row_send(1, raws[1].id, KX_OPENED, "{\"session_ID\":\"" SID
	    "\",\"response\":\"bad_request\"}");
	row_send(1, raws[1].id, KX_NOTIFIED, "{\"session_ID\":\"" SID
	    "\",\"key_ID\":\"" SID "\",\"response\":\"bad_request\"}");
	row_send(1, raws[1].id + 1, KX_NOTIFIED, "{\"session_ID\":\"\","
	    "\"key_ID\":\"\",\"response\":\"bad_request\"}");
	UNTIL(count(1)->dropped_completions == 3);
	ck_assert_uint_eq(raws[0].frames, 1);
}
END_TEST

START_TEST(a_response_from_elsewhere_is_dropped)
{
	row_send(1, 1, KX_NOTIFIED, NOTIFIED(CBD));
	row_send(1, 2, KX_OPENED, OPENED(DBC));
	row_send(1, 3, KX_OPENED, OPENED("\"source_KMA_ID\":\"KME-E\","
	    "\"destination_KMA_ID\":\"KME-D\""));
	UNTIL(count(1)->refused_route == 3);
	/* Its own source is who it says; what it says is for the KSA. */
	row_send(1, 4, KX_OPENED, OPENED("\"source_KMA_ID\":\"KME-E\","
	    "\"destination_KMA_ID\":\"KME-A\",\"transit_KMA_IDs\":"
	    "[\"KME-B\"]"));
	UNTIL(nodes[0].supplies == 1);
	ck_assert_str_eq(nodes[0].from, "KME-E");
	ck_assert_uint_eq(raws[0].frames, 0);
	ck_assert_ptr_nonnull(raws[1].link);
}
END_TEST

START_TEST(malformed_responses_end_the_connection)
{
	static const struct { uint16_t command; const char *payload; } v[] = {
		{ KX_NOTIFIED, "{" },
		{ KX_NOTIFIED, "{\"session_ID\":\"" SID "\",\"response\":"
		    "\"success\"}" },
		{ KX_NOTIFIED, "{\"session_ID\":\"s\",\"key_ID\":\"k\","
		    "\"response\":\"success\"}" },
		{ KX_OPENED, "{\"session_ID\":\"" SID "\"}" },
		{ KX_OPENED, "{\"session_ID\":\"" SID "\",\"response\":"
		    "\"success\",\"extension\":[{\"message\":\"AA==\"}]}" },
	};

	for (unsigned i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		row_dial(1);
		row_send(1, 1, v[i].command, v[i].payload);
		UNTIL(raws[1].link == NULL);
		ck_assert_uint_eq(count(1)->refused_malformed, i + 1);
		UNTIL(!kx_is_up(kx_find(nodes[1].r.kx, "KME-E")));
	}
	ck_assert_ptr_nonnull(raws[0].link);
}
END_TEST

START_TEST(nonsense_of_ksa_is_not_sent)
{
	struct msg	m = message(KX_RELAY, "KME-C", "hello");

	ck_assert_int_eq(ipc_send(nodes[0].ksa, &m), 0);
	say(0, KX_OPEN, "KME-C", "");
	say(0, KX_OPEN, "KME-X", "hello");	/* no such node */
	say(0, KX_OPEN, "KME-C", "hello");
	UNTIL(nodes[2].supplies == 1);
	ck_assert_uint_eq(count(0)->sessions_sent, 1);
	ck_assert_uint_eq(count(0)->dropped_no_route, 1);
}
END_TEST

static void
add(Suite *s, const char *name, void (*setup)(void), const TTest *const *v,
    size_t n)
{
	TCase	*t = tcase_create(name);

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, row_teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(t, v[i]);
}

int
main(void)
{
	const TTest *const	row_tests[] = {
		requests_and_responses_go_from_ksa_to_ksa,
		the_largest_request_goes_through_and_a_larger_one_is_counted,
		who_has_forgotten_a_request_answers_by_a_way_of_his_own,
		a_way_back_that_is_cut_is_not_waited_for,
		nonsense_of_ksa_is_not_sent,
	};
		const TTest *const	raw_tests[] = {
		a_response_has_on_each_hop_the_number_of_its_request,
		the_destination_answers_the_way_that_the_request_came,
		a_transit_node_that_restarts_passes_responses_on,
		malformed_requests_are_answered_with_what_can_be_read,
		a_route_that_does_not_lead_here_is_refused,
		what_cannot_go_on_is_refused_with_the_way_back,
		who_does_not_read_costs_his_own_requests_alone,
		without_a_ksa_requests_are_refused_and_the_source_is_not_deceived,
		a_refusal_without_a_route_finds_its_way_by_the_memory,
		a_response_from_elsewhere_is_dropped,
		malformed_responses_end_the_connection,
	};
	Suite	*s = suite_create("relaysession");
	SRunner	*r = srunner_create(s);
	int	 failed;

	add(s, "row", row_setup, row_tests,
	    sizeof(row_tests) / sizeof(row_tests[0]));
	add(s, "raws", row_setup_raws, raw_tests,
	    sizeof(raw_tests) / sizeof(raw_tests[0]));
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
