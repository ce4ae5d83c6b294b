/* The status page's requests, events, and the document that it shows. */
#include <stdio.h>
#include <string.h>

#include "ident.h"
#include "servedoc.h"
#include "serveask.h"
#include "serveevents.h"
#include "serverequest.h"
#include "unit.h"

static const struct serverequest_hosts	hosts = {
	{ "node-a.example", NULL }
};
static struct serverequest	q;

static int
ask_as(enum http_method method, const char *host, const char *target)
{
	const struct http_request	r = { .method = method,
		    .target = target, .target_len = strlen(target),
		    .host = host };

	return serverequest_read(&q, &r, &hosts);
}

static int
ask(const char *target)
{
	return ask_as(HTTP_M_GET, "127.0.0.1:8446", target);
}

START_TEST(only_names_of_ours_are_answered_to)
{
	static const char *const	ours[] = { "127.0.0.1", "localhost:1",
		"[::1]:8446", "[::1]", "LOCALHOST", "node-a.example",
		"Node-A.example:443", NULL };
	static const char *const	others[] = { "", "evil.example",
		"127.0.0.1.evil.example", "localhost.evil.example",
		"xlocalhost", "[::2]", "[::1", "node-a.example.org",
		"node-a.exampl", "10.0.0.1", ":80", NULL };

	for (const char *const *h = ours; *h != NULL; h++)
		ck_assert_msg(serverequest_host(*h, &hosts), "%s", *h);
	for (const char *const *h = others; *h != NULL; h++) {
		ck_assert_msg(!serverequest_host(*h, &hosts), "%s", *h);
		ck_assert_int_eq(ask_as(HTTP_M_GET, *h, "/"), 421);
	}
}
END_TEST

START_TEST(it_is_to_be_looked_at_only)
{
	ck_assert_int_eq(ask_as(HTTP_M_GET, "localhost", "/"), 200);
	ck_assert_int_eq(ask_as(HTTP_M_HEAD, "localhost", "/"), 200);
	ck_assert_int_eq(ask_as(HTTP_M_POST, "localhost", "/"), 405);
	ck_assert_int_eq(ask_as(HTTP_M_OTHER, "localhost", "/"), 405);
}
END_TEST

START_TEST(paths_are_those_of_a_list)
{
	ck_assert_int_eq(ask("/"), 200);
	ck_assert_int_eq(q.what, SERVE_FILE);
	ck_assert_str_eq(q.file->path, "/");
	ck_assert_int_eq(ask("/page.js"), 200);
	ck_assert_str_eq(q.file->path, "/page.js");
	ck_assert_int_eq(ask("/metrics"), 200);
	ck_assert_int_eq(q.what, SERVE_METRICS);
	ck_assert_int_eq(ask("/api/status"), 200);
	ck_assert_int_eq(ask("/healthz"), 200);
	ck_assert_int_eq(ask(""), 404);
	ck_assert_int_eq(ask("//"), 404);
	ck_assert_int_eq(ask("/page.js/"), 404);
	ck_assert_int_eq(ask("/%70age.js"), 404);
	ck_assert_int_eq(ask("/api/../metrics"), 404);
	ck_assert_int_eq(ask("http://localhost/"), 404);
	ck_assert_int_eq(ask("/?"), 400);
	ck_assert_int_eq(ask("/metrics?a=b"), 400);
}
END_TEST

START_TEST(the_history_is_asked_by_a_number)
{
	ck_assert_int_eq(ask("/api/history"), 200);
	ck_assert_uint_eq(q.since, 0);
	ck_assert_int_eq(ask("/api/history?since=2160"), 200);
	ck_assert_uint_eq(q.since, 2160);
	ck_assert_int_eq(ask("/api/history?since=999999999999999"), 200);
	ck_assert_int_eq(ask("/api/history?since=9999999999999999"), 400);
	ck_assert_int_eq(ask("/api/history?since="), 400);
	ck_assert_int_eq(ask("/api/history?since=-1"), 400);
	ck_assert_int_eq(ask("/api/history?since=1&x=2"), 400);
	ck_assert_int_eq(ask("/api/history?x=1"), 400);
}
END_TEST

START_TEST(a_name_of_a_proxy_is_a_host_name)
{
	ck_assert(serverequest_name_valid("node-a.example"));
	ck_assert(!serverequest_name_valid(""));
	ck_assert(!serverequest_name_valid("node-a:443"));
	ck_assert(!serverequest_name_valid("a b"));
}
END_TEST

/* ---- events ---- */

static struct serveevents	*events;
static json_t			*list;

static const char *
event(size_t i, const char *field)
{
	const char	*s = json_string_value(json_object_get(
			    json_array_get(list, i), field));

	return s != NULL ? s : "";
}

START_TEST(events_are_in_the_order_of_their_time)
{
	json_t	*answer = json_pack("{s:[{s:i, s:s, s:s}, {s:i, s:s, s:s}],"
		    " s:i}", "events", "time_ms", 5, "level", "warning",
		    "text", "five", "time_ms", 1, "level", "odd",
		    "text", "o\x1b[31mne", "next", 9);

	events = serveevents_new();
	serveevents_add(events, "ksa", 3, "error", "three");
	ck_assert_uint_eq(serveevents_take(events, "kma", answer), 9);
	list = serveevents_json(events);
	ck_assert_str_eq(event(0, "text"), "five");
	ck_assert_str_eq(event(1, "text"), "three");
	ck_assert_str_eq(event(1, "daemon"), "ksa");
	ck_assert_str_eq(event(2, "text"), "o?[31mne");
	ck_assert_str_eq(event(2, "level"), "notice");
	json_decref(answer);
	json_decref(list);
	serveevents_free(&events);
}
END_TEST

START_TEST(no_event_is_from_times_to_come)
{
	json_t	*answer = json_pack("{s:[{s:I, s:s}], s:i}", "events",
		    "time_ms", (json_int_t)INT64_MAX, "text", "odd",
		    "next", 1);

	events = serveevents_new();
	serveevents_take(events, "kma", answer);
	list = serveevents_json(events);
	ck_assert_int_le(json_integer_value(json_object_get(
	    json_array_get(list, 0), "time_ms")), (json_int_t)now_ms());
	json_decref(answer);
	json_decref(list);
	serveevents_free(&events);
}
END_TEST

START_TEST(only_the_latest_events_are_kept)
{
	char	text[16];

	events = serveevents_new();
	for (int i = 0; i < SERVEEVENTS_MAX + 5; i++) {
		snprintf(text, sizeof(text), "%d", i);
		serveevents_add(events, "kma", (uint64_t)i + 10, "notice",
		    text);
	}
	serveevents_add(events, "kma", 1, "notice", "too old");
	list = serveevents_json(events);
	ck_assert_uint_eq(json_array_size(list), SERVEEVENTS_MAX);
	snprintf(text, sizeof(text), "%d", SERVEEVENTS_MAX + 4);
	ck_assert_str_eq(event(0, "text"), text);
	ck_assert_str_eq(event(SERVEEVENTS_MAX - 1, "text"), "5");
	json_decref(list);
	serveevents_free(&events);
}
END_TEST

/* ---- answers ---- */

START_TEST(a_refusal_is_no_answer)
{
	const char	*no = "{\"error\": \"no such command\"}";
	char		 why[160];
	json_t		*j;

	ck_assert_ptr_null(serveask_read("[]", 2, why));
	ck_assert_ptr_null(serveask_read("{", 1, why));
	ck_assert_ptr_null(serveask_read(no, strlen(no), why));
	ck_assert_str_eq(why, "it refuses: no such command");
	ck_assert_ptr_nonnull(j = serveask_read("{}\n", 3, why));
	json_decref(j);
}
END_TEST

static json_t *
ring(int n)
{
	json_t	*nodes = json_array();
	char	 id[16], left[16], right[16];

	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "N%d", i);
		snprintf(left, sizeof(left), "N%d", (i + n - 1) % n);
		snprintf(right, sizeof(right), "N%d", (i + 1) % n);
		json_array_append_new(nodes, json_pack(
		    "{s:s, s:[{s:s}, {s:s}]}", "kme_id", id, "links",
		    "peer", left, "peer", right));
	}
	return json_pack("{s:o}", "nodes", nodes);
}

START_TEST(of_a_large_network_the_nearest_nodes_are_shown)
{
	json_t	*status = json_pack("{s:s, s:b}", "kme_id", "N7", "ready", 1);
	json_t	*route = ring(SERVEDOC_NODES * 2), *doc, *network;
	const struct servedoc_daemon v[] = { { "kma", "", "", status, NULL,
					    NULL } };
	const struct servedoc	 d = { "/run", v, 1, route, NULL };

	ck_assert_ptr_nonnull(doc = servedoc(&d, json_array()));
	network = json_object_get(doc, "network");
	list = json_object_get(network, "nodes");
	ck_assert_uint_eq(json_array_size(list), SERVEDOC_NODES);
	ck_assert_int_eq(json_integer_value(json_object_get(network,
	    "total")), SERVEDOC_NODES * 2);
	ck_assert_str_eq(event(0, "kme_id"), "N7");
	ck_assert_str_eq(event(1, "kme_id"), "N6");
	ck_assert_str_eq(event(2, "kme_id"), "N8");
	json_decref(doc);
	json_decref(route);
	json_decref(status);
}
END_TEST

/* As a kma that somebody has taken over may say it: 16 MiB of it. */
START_TEST(a_network_of_lies_is_read_in_time)
{
	json_t	*status = json_pack("{s:s}", "kme_id", "N0");
	json_t	*route = ring(100000), *links = json_array(), *doc;
	const struct servedoc_daemon v[] = { { .name = "kma", .status =
					    status } };
	const struct servedoc	 d = { "/run", v, 1, route, NULL };
	char			 id[16];

	for (int i = 0; i < 200000; i++) {
		snprintf(id, sizeof(id), "X%d", i);
		json_array_append_new(links, json_pack("{s:s}", "peer", id));
	}
	json_object_set_new(json_array_get(json_object_get(route, "nodes"),
	    0), "links", links);
	ck_assert_ptr_nonnull(doc = servedoc(&d, json_array()));
	json_decref(doc);
	json_decref(route);
	json_decref(status);
}
END_TEST

START_TEST(what_is_wrong_with_a_store_is_a_finding)
{
	json_t	*status = json_pack("{s:s, s:b}", "kme_id", "N0", "ready", 1);
	json_t	*key = json_pack("{s:i}", "unreadable", 3), *doc;
	const struct servedoc_daemon v[] = { { .name = "ksa", .status =
					    status, .key = key } };
	const struct servedoc	 d = { "/run", v, 1, NULL, NULL };

	ck_assert_ptr_nonnull(doc = servedoc(&d, json_array()));
	list = json_object_get(doc, "findings");
	ck_assert_str_eq(event(0, "what"),
	    "3 rows of the store cannot be opened");
	json_decref(doc);
	json_decref(key);
	json_decref(status);
}
END_TEST

START_TEST(a_daemon_that_does_not_answer_is_a_finding)
{
	const struct servedoc_daemon v[] = { { "kma", "ended",
					    "it has ended", NULL, NULL,
					    NULL } };
	const struct servedoc	 d = { "/run", v, 1, NULL, NULL };
	json_t			*doc = servedoc(&d, json_array());

	ck_assert_ptr_nonnull(doc);
	list = json_object_get(doc, "findings");
	ck_assert_str_eq(event(0, "daemon"), "kma");
	ck_assert_str_ne(event(0, "remedy"), "");
	ck_assert_str_ne(json_string_value(json_object_get(doc, "state")),
	    "ok");
	json_decref(doc);
}
END_TEST

UNIT_MAIN("serve",
    only_names_of_ours_are_answered_to,
    it_is_to_be_looked_at_only,
    paths_are_those_of_a_list,
    the_history_is_asked_by_a_number,
    a_name_of_a_proxy_is_a_host_name,
    events_are_in_the_order_of_their_time,
    no_event_is_from_times_to_come,
    only_the_latest_events_are_kept,
    a_refusal_is_no_answer,
    of_a_large_network_the_nearest_nodes_are_shown,
    a_network_of_lies_is_read_in_time,
    what_is_wrong_with_a_store_is_a_finding,
    a_daemon_that_does_not_answer_is_a_finding)
