/*
 * Who stays in the house: limits of connections, the end of the door,
 * certificates that expire and applications that a reload takes away.
 */
#include <string.h>

#include "err.h"
#include "httpbench.h"

START_TEST(connections_are_limited_for_each_application)
{
	struct conn *a[3], *c;

	for (int i = 0; i < 3; i++)
		a[i] = app_enter(bench.a1);
	c = app_enter(bench.a1);
	ck_assert(fakeconn_finished(c));
	app_has(fakeconn_output(c), "HTTP/1.1 503 ");
	fakeconn_hang_up(c);
	c = app_enter(bench.a1);
	ck_assert(fakeconn_finished(c));
	app_has(fakeconn_output(c),
	    "{\"message\":\"too many connections of this application\"}");
	ck_assert(!fakeconn_finished(app_enter(bench.b1)));
	fakeconn_hang_up(a[0]);
	ck_assert(!fakeconn_finished(app_enter(bench.a1)));
}
END_TEST

/* Four may be in; three of them are of one application. */
START_TEST(in_a_full_house_who_has_most_gives_way)
{
	struct conn *a[3], *b[2], *c;
	unsigned before;

	for (int i = 0; i < 3; i++)
		a[i] = app_enter(bench.a1);
	b[0] = app_enter(bench.b1);
	app_request(a[0], "GET " B "/status", "");
	before = fakeconn_closed();
	b[1] = app_enter(bench.b1);		/* in the place of a[1] */
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	app_request(a[0], "GET " B "/status", "");
	app_request(a[2], "GET " B "/status", "");
	app_request(b[0], "GET " B "/status", "");
	app_has(fakeconn_output(b[0]), "HTTP/1.1 401 ");
	app_has(fakeconn_output(a[0]), "HTTP/1.1 200 ");
	app_has(fakeconn_output(a[2]), "HTTP/1.1 200 ");
	ck_assert(!fakeconn_finished(b[1]));
	c = app_enter(bench.b1);		/* would have most then */
	ck_assert(fakeconn_finished(c));
	app_has(fakeconn_output(c), "HTTP/1.1 503 ");
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
}
END_TEST

START_TEST(who_waits_for_an_answer_gives_way_last)
{
	struct conn *a[3];

	for (int i = 0; i < 3; i++)
		a[i] = app_enter(bench.a1);
	fakesupply.later = true;
	app_request(a[0], "GET " B "/enc_keys", "");
	app_enter(bench.b1);
	app_enter(bench.b1);
	ck_assert_uint_eq(fakesupply.cancelled, 0);
	app_enter(bench.stranger);		/* a1 and b1 have two each */
	fakesupply_answer();
	app_has(fakeconn_output(a[0]), "HTTP/1.1 200 ");
	app_request(a[0], "GET " B "/enc_keys", "");
	ck_assert(fakesupply_waits());
	fakeconn_hang_up(a[0]);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
}
END_TEST

/* Six may wait, four of them from one address. */
START_TEST(strangers_make_room_for_each_other)
{
	struct conn *c, *first = fakeconn_accept_from(1);
	unsigned before = fakeconn_closed();

	(void)first;
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(fakeconn_accept_from(1));
	ck_assert_uint_eq(fakeconn_closed(), before);
	ck_assert_ptr_nonnull(c = fakeconn_accept_from(1));
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_ptr_nonnull(fakeconn_accept_from(1));
	ck_assert_uint_eq(fakeconn_closed(), before + 21);
	ck_assert_ptr_nonnull(c = fakeconn_accept_from(2));
	ck_assert_ptr_nonnull(fakeconn_accept_from(3));
	ck_assert_uint_eq(fakeconn_closed(), before + 21);
	for (unsigned i = 4; i < 7; i++)	/* of address 1, then of any */
		ck_assert_ptr_nonnull(fakeconn_accept_from(i));
	ck_assert_uint_eq(fakeconn_closed(), before + 24);
	fakeconn_shake(c, bench.a1);
	app_request(c, "GET " B "/status", "");
	app_has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(those_who_were_let_in_do_not_count_as_strangers)
{
	unsigned before = fakeconn_closed();

	for (int i = 0; i < 3; i++)
		app_enter(bench.a1);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(fakeconn_accept());
	ck_assert_uint_eq(fakeconn_closed(), before);
	ck_assert_int_eq(doorbench_figure("connections"), 7);
	ck_assert_int_eq(doorbench_figure("connections_in_handshake"), 4);
}
END_TEST

static void
on_gone(void *arg)
{
	++*(int *)arg;
}

START_TEST(at_the_end_what_is_open_is_answered)
{
	struct conn *idle = app_enter(bench.a1), *busy = app_enter(bench.a1);
	struct conn *shaking = fakeconn_accept();
	int	 gone = 0;

	fakesupply.later = true;
	app_request(busy, "GET " B "/enc_keys", "");
	door_stop(bench.door, on_gone, &gone);
	(void)shaking;		/* closed at once */
	ck_assert(!fakeconn_listening());
	ck_assert(fakeconn_finished(idle));
	ck_assert(!fakeconn_finished(busy));
	fakesupply_answer();
	ck_assert(fakeconn_finished(busy));
	app_has(fakeconn_output(busy), "\r\nConnection: close\r\n");
	fakeconn_hang_up(busy);
	ck_assert_int_eq(gone, 0);
	fakeconn_hang_up(idle);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(at_the_end_what_cannot_be_answered_is_refused)
{
	struct conn *busy = app_enter(bench.a1);
	int	 gone = 0;

	fakesupply.later = true;
	app_request(busy, "GET " B "/enc_keys", "");
	door_stop(bench.door, on_gone, &gone);
	event_base_loop(bench.base, EVLOOP_ONCE);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
	ck_assert(fakeconn_finished(busy));
	app_has(fakeconn_output(busy), "HTTP/1.1 503 ");
	fakeconn_hang_up(busy);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(at_the_end_nobody_waits_for_a_client_that_does_not_read)
{
	struct conn *mute = app_enter(bench.a1), *busy = app_enter(bench.a1);
	int	 gone = 0;

	app_request(mute, "GET " B "/status", "");
	fakesupply.later = true;
	app_request(busy, "GET " B "/enc_keys", "");
	door_stop(bench.door, on_gone, &gone);
	event_base_loop(bench.base, EVLOOP_ONCE);
	ck_assert(fakeconn_finished(busy));
	ck_assert_int_eq(gone, 0);
	event_base_loop(bench.base, EVLOOP_ONCE);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(an_empty_house_is_gone_at_once)
{
	int	gone = 0;

	door_stop(bench.door, on_gone, &gone);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(figures_count_answers_and_connections)
{
	json_t	*o = json_object();

	app_ask(200, "GET " B "/status", "");
	app_ask(404, "GET /", "");
	app_enter(bench.a1);
	door_report(bench.door, o);
	ck_assert_int_eq(json_integer_value(json_object_get(o,
	    "connections")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(o,
	    "connections_accepted")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(o,
	    "answers"), "404")), 1);
	json_decref(o);
}
END_TEST

START_TEST(before_each_request_it_is_enough_to_look_at_the_clock)
{
	struct conn *c = app_enter(bench.a1);
	unsigned n = fakeconn_verified();
	char	 body[1024];

	for (int i = 0; i < 3; i++) {
		app_request(c, "GET " B "/status", "");
		ck_assert_int_eq(app_answer(c, body, sizeof(body)), 200);
	}
	ck_assert_uint_eq(fakeconn_verified(), n);
}
END_TEST

START_TEST(when_its_time_has_come_a_certificate_is_verified_again)
{
	struct conn *c, *other;
	unsigned n;
	char	 body[1024];

	fakeconn_verdict(time(NULL) - 1, NULL);
	c = app_enter(bench.a1);
	other = app_enter(bench.a1);
	fakeconn_verdict(INT64_MAX, NULL);
	n = fakeconn_verified();
	app_request(other, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(other, body, sizeof(body)), 200);
	ck_assert_uint_eq(fakeconn_verified(), n + 1);
	fakeconn_verdict(0, "revoked (CN=SAE-A1)");
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "the certificate is refused: "
	    "revoked (CN=SAE-A1)"));
	ck_assert(fakeconn_finished(c));
	app_request(other, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(other, body, sizeof(body)), 200);
}
END_TEST

/* A session resumed, say. */
START_TEST(who_is_refused_from_the_start_gets_one_401)
{
	struct conn *c;
	char	 body[1024];

	fakeconn_verdict(0, "revoked");
	c = app_enter(bench.a1);
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
	ck_assert(fakeconn_finished(c));
}
END_TEST

START_TEST(after_a_reload_who_is_no_longer_registered_gets_401)
{
	struct conn *a = app_enter(bench.a1);
	struct conn *x = app_enter(bench.stranger), *next;
	static struct ksa_application left[] = {
		{ .id = "SAE-A2", .km = "KME-A" },
		{ .id = "SAE-B1", .km = "KME-B" },
		{ .id = "SAE-X", .km = "KME-A" },
	};
	char	 body[1024];

	app_request(x, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(x, body, sizeof(body)), 401);
	ck_assert(!fakeconn_finished(x));
	doorbench_reload(left, 3);
	app_request(a, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(a, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "not that of a registered"));
	ck_assert(fakeconn_finished(a));
	/* And who is now, is served on the connection that he has. */
	app_request(x, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(x, body, sizeof(body)), 200);
	fakeconn_hang_up(x);
	doorbench_reload(doorbench_apps, DOORBENCH_APPS);
	next = app_enter(bench.a1);
	app_request(next, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(next, body, sizeof(body)), 200);
}
END_TEST

START_TEST(a_certificate_that_changes_hands_must_connect_anew)
{
	struct conn *c = app_enter(bench.a1);
	char	*name = (char[]){ "cn:SAE-A1" };
	struct ksa_application moved[] = {
		{ .id = "SAE-A2", .km = "KME-A", .names = { 1, &name } },
		{ .id = "SAE-B1", .km = "KME-B" },
	};
	char	 body[1024];

	doorbench_reload(moved, 2);
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "another application"));
	c = app_enter(bench.a1);
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 200);
	ck_assert_ptr_nonnull(strstr(body, "\"master_SAE_ID\":\"SAE-A2\""));
}
END_TEST

START_TEST(a_request_under_way_ends_as_it_began)
{
	struct conn *c = app_enter(bench.a1);
	char	 body[4096];

	fakesupply.later = true;
	app_request(c, "GET " B "/enc_keys", "");
	doorbench_reload(doorbench_apps + 1, 2);
	fakesupply_answer();
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 200);
	app_request(c, "GET " B "/enc_keys", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
}
END_TEST

START_TEST(a_reload_that_fails_keeps_all_of_the_old)
{
	struct ksa_conf	fresh = bench.conf;
	struct conn *c = app_enter(bench.a1);
	unsigned n = fakeconn_verified();
	char	 body[1024];

	fresh.applications = (struct conf_list){ 1, doorbench_apps + 1 };
	strcpy(fresh.private_key, "/nonexistent");
	ck_assert_int_eq(door_reload(bench.door, &fresh), -E_TLS);
	strcpy(fresh.private_key, bench.conf.private_key);
	testpki_crl(&bench.pki, "crl", -60, NULL);
	testpki_path(&bench.pki, "crl", fresh.crl);
	ck_assert_int_eq(door_reload(bench.door, &fresh), -E_CONFIG);
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 200);
	ck_assert_uint_eq(fakeconn_verified(), n);
	testpki_crl(&bench.pki, "crl", 3600, NULL);
	ck_assert_int_eq(door_reload(bench.door, &fresh), 0);
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
}
END_TEST

START_TEST(a_certificate_of_two_applications_gets_401)
{
	char	*name = (char[]){ "dns:a2.example" };
	struct ksa_application two[] = {
		{ .id = "SAE-A1", .km = "KME-A" },
		{ .id = "SAE-A2", .km = "KME-A", .names = { 1, &name } },
		{ .id = "SAE-B1", .km = "KME-B" },
	};
	struct conn *c;
	X509	*both;
	char	 body[1024];

	testpki_issue(&bench.pki, "both", "SAE-A1", "DNS:a2.example", 3600);
	both = testpki_load(&bench.pki, "both");
	doorbench_reload(two, 3);
	c = app_enter(both);
	app_request(c, "GET " B "/status", "");
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "two applications"));
	ck_assert_ptr_nonnull(strstr(body, "SAE-A2"));
	X509_free(both);
}
END_TEST

START_TEST(what_expires_soon_is_a_warning_and_then_missing)
{
	json_t	*missing = json_array(), *warnings = json_array();
	struct ksa_conf	fresh = bench.conf;

	door_expiry(bench.door, missing, warnings);
	ck_assert_uint_eq(json_array_size(missing), 0);
	ck_assert_uint_eq(json_array_size(warnings), 0);
	testpki_path(&bench.pki, "crl", fresh.crl);
	testpki_crl(&bench.pki, "crl", 600, NULL);	/* of 4,200 s */
	ck_assert_int_eq(door_reload(bench.door, &fresh), 0);
	door_expiry(bench.door, missing, warnings);
	ck_assert_uint_eq(json_array_size(missing), 0);
	ck_assert_uint_eq(json_array_size(warnings), 1);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_array_get(
	    warnings, 0)), "CRL of CN=test CA will expire at 20"));
	/* At the start a list that is over does not keep ksa from starting. */
	testpki_crl(&bench.pki, "crl", -60, NULL);
	door_free(&bench.door);
	ck_assert_int_eq(door_open(&bench.door, bench.base, &fresh,
	    bench.book, NULL), 0);
	json_array_clear(warnings);
	door_expiry(bench.door, missing, warnings);
	ck_assert_uint_eq(json_array_size(warnings), 0);
	ck_assert_uint_eq(json_array_size(missing), 1);
	json_decref(missing);
	json_decref(warnings);
}
END_TEST

START_TEST(an_application_registered_twice_is_refused)
{
	struct ksa_application twice[] = { { .id = "A", .km = "KME-A" },
		{ .id = "A", .km = "KME-B" } };
	struct ksa_conf	c = { .kme_id = "KME-A",
		.applications = { 2, twice } };
	struct sae_book	*b;

	ck_assert_int_eq(sae_book_new(&b, &c), -E_EXISTS);
	ck_assert_ptr_null(b);
}
END_TEST

DOORBENCH_MAIN("doorlimits",
	connections_are_limited_for_each_application,
	in_a_full_house_who_has_most_gives_way,
	who_waits_for_an_answer_gives_way_last,
	strangers_make_room_for_each_other,
	those_who_were_let_in_do_not_count_as_strangers,
	at_the_end_what_is_open_is_answered,
	at_the_end_what_cannot_be_answered_is_refused,
	at_the_end_nobody_waits_for_a_client_that_does_not_read,
	an_empty_house_is_gone_at_once,
	figures_count_answers_and_connections,
	before_each_request_it_is_enough_to_look_at_the_clock,
	when_its_time_has_come_a_certificate_is_verified_again,
	who_is_refused_from_the_start_gets_one_401,
	after_a_reload_who_is_no_longer_registered_gets_401,
	a_certificate_that_changes_hands_must_connect_anew,
	a_request_under_way_ends_as_it_began,
	a_reload_that_fails_keeps_all_of_the_old,
	a_certificate_of_two_applications_gets_401,
	what_expires_soon_is_a_warning_and_then_missing,
	an_application_registered_twice_is_refused)
