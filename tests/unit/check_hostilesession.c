/* check_hostilesession.c - a KM that says of sessions what it should not,
 * within its channel; and what our own side cannot rely on. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fakedoor.h"
#include "ksa/keyid.h"
#include "ksa/peer.h"
#include "ksa/sessions.h"
#include "unit.h"

static struct fakedoor_result	o, d;
static struct pair_result	e, f;

static struct env *
env(unsigned i)
{
	return engine_env(pair.n[i].s);
}

static int64_t
count(unsigned i, const char *sql)
{
	return db_int(keystore_reader(env(i)->store)->db, -1, sql, "");
}

/* What the store of that node has committed. */
static uint64_t
jobs_done(unsigned i)
{
	struct committer_figures	now;

	committer_figures(keystore_committer(env(i)->store), &now);
	return now.jobs;
}

static void
begin_with(unsigned nodes, unsigned locked)
{
	memset(&fakedoor, 0, sizeof(fakedoor));
	if (locked > 0)
		ck_assert_int_eq(secret_init(locked), 0);
	pair_open_nodes(unit_path("."), nodes);
	for (unsigned i = 0; i < nodes; i++)
		ck_assert_int_eq(pair_start(i), 0);
	fakedoor_set();
	ck_assert(pair_until(pair_ready, 20000));
}

static void
begin(void)
{
	begin_with(2, 0);
}

static void
open_session(const char *source, const char *destination, uint64_t most)
{
	fakedoor_open((unsigned)(source[4] - 'A'), source, destination, most,
	    &o);
	ck_assert_msg(o.status == SUPPLY_OK, "%d %s", o.status, o.detail);
}

static void
draw(uint32_t number, enum supply_status status)
{
	fakedoor_draw(0, "SAE-A1", o.session, number, &d);
	ck_assert_msg(d.status == status, "%d instead of %d: %s", d.status,
	    status, d.detail);
}

/* Node `to` hears it from that KM, inside its channel. */
static void
hear(unsigned to, const char *from, const struct msg *m)
{
	peer_message(peer_find(env(to), from), m, true);
}

static uint64_t
request_of(const uint8_t id[16])
{
	uint64_t	request;
	uint32_t	place;

	ck_assert_int_eq(keyid_parse(id, &request, &place), 0);
	return request;
}

static struct msg
offer_of(const uint8_t session[SESSION_ID], uint64_t request)
{
	struct msg	m = { .id = MSG_keys_offer };

	uuid_print(session, m.keys_offer.session);
	m.keys_offer.request = request;
	return m;
}

static struct msg
taken_of(const uint8_t session[SESSION_ID], uint64_t request)
{
	struct msg	m = { .id = MSG_keys_taken };

	uuid_print(session, m.keys_taken.session);
	m.keys_taken.request = request;
	return m;
}

static struct msg
opening_of(unsigned n, const char *source, const char *destination)
{
	struct msg	m = { .id = MSG_session_open };
	uint8_t		id[SESSION_ID] = { 0x55, (uint8_t)(n >> 8),
			    (uint8_t)n };

	uuid_print(id, m.session_open.session);
	strcpy(m.session_open.source, source);
	strcpy(m.session_open.destination, destination);
	return m;
}

/* ---- offers ---- */

START_TEST(an_offer_touches_no_keys_but_those_of_its_session)
{
	uint8_t		none[SESSION_ID] = { 9 };
	struct msg	m;

	begin();
	open_session("SAE-A1", "SAE-B1", 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 2, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_run(200);
	m = offer_of(none, request_of(e.ids[0]));
	hear(1, "KME-A", &m);
	m = offer_of(o.session, request_of(e.ids[0]));
	hear(1, "KME-A", &m);
	pair_run(200);
	ck_assert_uint_eq(fakedoor.brought, 0);
	ck_assert_int_eq(count(1, "SELECT count(*) FROM received WHERE"
	    " state = 0"), 1);
	pair_dec(1, "SAE-B1", "SAE-A1", (const uint8_t (*)[16])e.ids, 2, &f);
	ck_assert_int_eq(f.status, SUPPLY_OK);
	pair_close();
}
END_TEST

START_TEST(an_offer_that_comes_again_changes_nothing)
{
	struct msg	m;

	begin();
	open_session("SAE-A1", "SAE-B1", 0);
	draw(2, SUPPLY_OK);
	m = offer_of(o.session, request_of(d.ids[0]));
	for (unsigned i = 0; i < 3; i++)
		hear(1, "KME-A", &m);
	pair_run(200);
	ck_assert_uint_eq(fakedoor.brought, 1);
	ck_assert_int_eq(count(1, "SELECT count(*) FROM received WHERE"
	    " state = 0"), 1);
	/* Nor while the first is being answered. */
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	while (fakedoor.brought < 2)
		pair_run(1);
	m = offer_of(o.session, request_of(fakedoor.ids[0]));
	for (unsigned i = 0; i < 3; i++)
		hear(1, "KME-A", &m);
	ck_assert_uint_eq(env(1)->sessions->noffers, 1);
	fakedoor_answer(true, "success");
	fakedoor_wait(&d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	ck_assert_uint_eq(fakedoor.brought, 2);
	pair_close();
}
END_TEST

START_TEST(offers_of_no_session_cost_nothing)
{
	uint8_t		none[SESSION_ID] = { 9 };
	uint64_t	jobs;

	begin();
	pair_run(300);
	jobs = jobs_done(1);
	for (uint64_t i = 1; i <= 20000; i++) {
		struct msg	m = offer_of(none, i);

		hear(1, "KME-A", &m);
	}
	ck_assert_uint_eq(env(1)->sessions->noffers, 0);
	pair_run(100);
	ck_assert_uint_lt(jobs_done(1) - jobs, 100);
	pair_close();
}
END_TEST

START_TEST(offers_in_a_session_are_limited)
{
	begin();
	open_session("SAE-A1", "SAE-B1", 0);
	for (uint64_t i = 1; i <= 20000; i++) {
		struct msg	m = offer_of(o.session, i);

		hear(1, "KME-A", &m);
	}
	ck_assert_uint_eq(env(1)->sessions->noffers, 16);	/* max_waiting */
	pair_run(800);
	ck_assert_uint_eq(env(1)->sessions->noffers, 0);
	ck_assert_uint_eq(peer_find(env(1), "KME-A")->offers, 0);
	draw(1, SUPPLY_OK);
	pair_close();
}
END_TEST

/* ---- answers ---- */

static bool
brought(void)
{
	return fakedoor.open != NULL && fakedoor.open->has_keys;
}

START_TEST(who_was_not_asked_confirms_no_keys)
{
	uint8_t		none[SESSION_ID] = { 9 };
	struct msg	m;
	uint64_t	request;

	begin_with(3, 0);
	open_session("SAE-A1", "SAE-B1", 0);
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 1, &d);
	ck_assert(pair_until(brought, 5000));
	request = request_of(fakedoor.ids[0]);
	m = taken_of(o.session, request);
	hear(0, "KME-C", &m);
	m = taken_of(none, request);
	hear(0, "KME-B", &m);
	m = taken_of(o.session, request + 1);
	hear(0, "KME-B", &m);
	pair_run(50);
	ck_assert(!d.done);
	fakedoor_wait(&d);
	ck_assert_int_eq(d.status, SUPPLY_TIMEOUT);
	/* It comes too late. */
	m = taken_of(o.session, request);
	hear(0, "KME-B", &m);
	pair_run(300);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM issued WHERE"
	    " session IS NOT NULL AND state <> 2"), 0);
	pair_close();
}
END_TEST

START_TEST(a_status_that_is_none_is_a_failure)
{
	struct msg	m;

	begin();
	open_session("SAE-A1", "SAE-B1", 0);
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 1, &d);
	ck_assert(pair_until(brought, 5000));
	m = taken_of(o.session, request_of(fakedoor.ids[0]));
	m.keys_taken.status = 4711;
	strcpy(m.keys_taken.words, "\xff\x01");
	hear(0, "KME-B", &m);
	fakedoor_wait(&d);
	ck_assert_int_eq(d.status, SUPPLY_UNAVAILABLE);
	pair_close();
}
END_TEST

START_TEST(keys_that_were_supplied_count_whatever_the_peer_says)
{
	struct msg	m = { .id = MSG_bind_void };

	begin();
	open_session("SAE-A1", "SAE-B1", 4);
	draw(3, SUPPLY_OK);
	m.bind_void.request = request_of(d.ids[0]);
	hear(0, "KME-B", &m);
	pair_run(300);
	ck_assert_int_eq(count(0, "SELECT drawn FROM session"), 3);
	pair_stop(0);
	ck_assert_int_eq(pair_start(0), 0);
	fakedoor_set();
	ck_assert(pair_until(pair_ready, 20000));
	draw(2, SUPPLY_REJECTED);
	draw(1, SUPPLY_OK);
	pair_close();
}
END_TEST

START_TEST(each_void_key_is_told_once)
{
	struct fakedoor_result	v[16];
	uint64_t		jobs;

	begin();
	open_session("SAE-A1", "SAE-B1", 0);
	pair_run(300);
	fakedoor.keys = FAKEDOOR_SILENT;
	jobs = jobs_done(1);
	for (unsigned i = 0; i < 16; i++)
		(void)fakedoor_draw_start(0, "SAE-A1", o.session, 1, &v[i]);
	for (unsigned i = 0; i < 16; i++)
		fakedoor_wait(&v[i]);
	pair_run(100);
	/* A delivery, a void of ours, a void of theirs, and some of blocks. */
	ck_assert_uint_lt(jobs_done(1) - jobs, 16 * 3 + 40);
	pair_close();
}
END_TEST

/* ---- sessions ---- */

START_TEST(a_session_is_asked_for_as_its_applications_are_registered)
{
	struct msg	m;
	uint64_t	refused;

	begin_with(3, 0);
	refused = env(1)->count.sessions_refused;
	m = opening_of(1, "SAE-A1", "SAE-B1");	/* another KM's */
	hear(1, "KME-C", &m);
	m = opening_of(2, "SAE-B1", "SAE-B2");	/* ours */
	hear(1, "KME-C", &m);
	m = opening_of(3, "SAE-C1", "SAE-A1");	/* not ours */
	hear(1, "KME-C", &m);
	m = opening_of(4, "SAE-C1", "SAE-B1");	/* more than there can be */
	m.session_open.number = UINT64_MAX;
	hear(1, "KME-C", &m);
	ck_assert_uint_eq(env(1)->count.sessions_refused, refused + 4);
	ck_assert_uint_eq(fakedoor.invited, 0);
	m = opening_of(5, "SAE-C1", "SAE-B1");
	hear(1, "KME-C", &m);
	ck_assert_uint_eq(fakedoor.invited, 1);
	hear(1, "KME-C", &m);			/* again */
	pair_run(200);
	hear(1, "KME-C", &m);
	pair_run(200);
	ck_assert_uint_eq(fakedoor.invited, 1);
	ck_assert_uint_eq(env(1)->sessions->open, 1);
	hear(1, "KME-A", &m);			/* the name of another's */
	ck_assert_uint_eq(env(1)->count.sessions_refused, refused + 5);
	pair_close();
}
END_TEST

START_TEST(another_km_ends_no_session)
{
	struct msg	m = { .id = MSG_session_end };

	begin_with(3, 0);
	open_session("SAE-A1", "SAE-B1", 0);
	uuid_print(o.session, m.session_end.session);
	hear(0, "KME-C", &m);
	hear(1, "KME-C", &m);
	draw(1, SUPPLY_OK);
	m.session_end.answer = 1;		/* nobody asked */
	hear(0, "KME-B", &m);
	draw(1, SUPPLY_OK);
	m.session_end.answer = 0;
	m.session_end.status = 4711;
	hear(0, "KME-B", &m);
	draw(1, SUPPLY_EXPIRED);
	pair_close();
}
END_TEST

/* A flood: some thousand sessions that nobody answers for. */
static void
flood(unsigned node, const char *from, const char *source,
    const char *destination, unsigned n)
{
	static unsigned	number;

	for (unsigned i = 0; i < n; i++) {
		struct msg	m = opening_of(number++, source, destination);

		hear(node, from, &m);
	}
}

START_TEST(who_asks_for_too_many_sessions_keeps_nobody_out)
{
	begin_with(3, 0);
	pair.n[1].conf.max_sessions_per_application = 40;
	pair.n[1].conf.max_sessions = 40;
	fakedoor.sessions = FAKEDOOR_SILENT;
	flood(1, "KME-C", "SAE-C1", "SAE-B1", 5000);
	ck_assert_uint_lt(env(1)->sessions->open, 40);
	ck_assert_uint_gt(env(1)->sessions->open, 30);
	/* Who has none gets one, of our applications and of other KMs'. */
	fakedoor.sessions = FAKEDOOR_ACCEPTS;
	fakedoor.open = NULL;
	open_session("SAE-B1", "SAE-A1", 0);
	open_session("SAE-A1", "SAE-B2", 0);
	fakedoor.open = NULL;
	pair_run(1000);
	ck_assert_uint_eq(peer_find(env(1), "KME-C")->sessions + 2,
	    env(1)->sessions->open);
	pair_close();
}
END_TEST

START_TEST(who_brings_too_many_sessions_to_one_leaves_it_some)
{
	begin_with(3, 0);
	pair.n[1].conf.max_sessions_per_application = 40;
	pair.n[1].conf.max_sessions = 4000;
	fakedoor.sessions = FAKEDOOR_SILENT;
	flood(1, "KME-C", "SAE-C1", "SAE-B1", 5000);
	ck_assert_uint_lt(env(1)->sessions->open, 40);
	fakedoor.sessions = FAKEDOOR_ACCEPTS;
	fakedoor.open = NULL;
	open_session("SAE-A1", "SAE-B1", 0);
	fakedoor.open = NULL;
	for (unsigned i = 0; i < 10; i++)
		open_session("SAE-B1", "SAE-A1", 0);
	pair_close();
}
END_TEST

/* The application answers one after the other. */
START_TEST(a_crowd_that_waits_holds_up_its_own_km_only)
{
	begin_with(3, 0);
	pair.n[1].conf.max_sessions_per_application = 1000;
	pair.n[1].conf.max_sessions = 4000;
	fakedoor.sessions = FAKEDOOR_REFUSES;
	flood(1, "KME-C", "SAE-C1", "SAE-B1", 900);
	ck_assert_uint_gt(env(1)->sessions->ninvitations, 800);
	fakedoor.sessions = FAKEDOOR_ACCEPTS;
	open_session("SAE-A1", "SAE-B1", 0);
	ck_assert_uint_gt(env(1)->sessions->ninvitations, 100);
	draw(2, SUPPLY_OK);
	ck_assert_uint_gt(env(1)->sessions->ninvitations, 100);
	fakedoor.open = NULL;
	pair_close();
}
END_TEST

START_TEST(a_session_that_the_destination_has_not_ends)
{
	struct msg	m;

	begin();
	for (unsigned i = 0; i < 2; i++) {
		open_session("SAE-A1", "SAE-B1", 0);
		fakedoor.keys = FAKEDOOR_SILENT;
		(void)fakedoor_draw_start(0, "SAE-A1", o.session, 1, &d);
		ck_assert(pair_until(brought, 5000));
		m = taken_of(o.session, request_of(fakedoor.ids[0]));
		m.keys_taken.status = i == 0 ? SUPPLY_NOT_FOUND :
		    SUPPLY_EXPIRED;
		hear(0, "KME-B", &m);
		fakedoor_wait(&d);
		ck_assert_int_eq(d.status, SUPPLY_EXPIRED);
		fakedoor.open = NULL;
		fakedoor.keys = FAKEDOOR_ACCEPTS;
		draw(1, SUPPLY_EXPIRED);
	}
	pair_close();
}
END_TEST

START_TEST(sessions_that_never_were_are_not_remembered)
{
	begin();
	fakedoor.sessions = FAKEDOOR_REFUSES;
	for (unsigned i = 0; i < 5; i++) {
		fakedoor_open(0, "SAE-A1", i % 2 == 0 ? "SAE-B1" : "SAE-A2",
		    0, &o);
		ck_assert_int_eq(o.status, SUPPLY_REJECTED);
	}
	pair_run(200);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(env(i)->sessions->nended, 0);
		ck_assert_ptr_null(env(i)->sessions->all);
		ck_assert_ptr_null(env(i)->sessions->parties);
		ck_assert_int_eq(count(i, "SELECT count(*) FROM session"), 0);
	}
	pair_close();
}
END_TEST

/* ---- key ---- */

START_TEST(no_key_is_cut_for_draws_that_are_too_many)
{
	static struct fakedoor_result	v[20];
	unsigned			done = 0;

	begin();
	open_session("SAE-A1", "SAE-B1", 0);
	fakedoor.keys = FAKEDOOR_SILENT;
	for (unsigned i = 0; i < 20; i++) {
		(void)fakedoor_draw_start(0, "SAE-A1", o.session, 1, &v[i]);
		done += v[i].done;
	}
	ck_assert_uint_eq(done, 4);		/* max_waiting: 16 */
	for (unsigned i = 0; i < 20; i++)
		fakedoor_wait(&v[i]);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM issued"), 16);
	pair_close();
}
END_TEST

/* ---- memory ---- */

START_TEST(keys_that_wait_leave_locked_memory_to_others)
{
	static struct fakedoor_result	v[64];
	unsigned			n = 0;

	begin_with(2, 1 << 20);
	pair.n[0].conf.max_waiting = pair.n[1].conf.max_waiting = 64;
	pair.n[0].conf.pool_high = 400000;
	pair.n[0].conf.session_answer_wait = 1500;
	pair.n[1].conf.session_answer_wait = 1500;
	open_session("SAE-A1", "SAE-B1", 0);
	fakedoor.keys = FAKEDOOR_SILENT;
	for (unsigned i = 0; i < 64; i++)
		(void)fakedoor_draw_start(0, "SAE-A1", o.session, 100, &v[i]);
	for (unsigned i = 0; i < 64; i++)
		n += v[i].done;
	ck_assert_uint_gt(n, 0);	/* too many for locked memory */
	ck_assert_uint_lt(n, 64);
	pair_run(700);
	pair_enc(0, "SAE-A1", "SAE-A2", 100, 32, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
	pair_enc(1, "SAE-B1", "SAE-B2", 100, 32, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
	for (unsigned i = 0; i < 64; i++)
		fakedoor_wait(&v[i]);
	fakedoor.open = NULL;
	pair_run(1700);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < HOLD_KINDS; k++)
			ck_assert_uint_eq(env(i)->sessions->held[k], 0);
	pair_close();
}
END_TEST

UNIT_MAIN("hostilesession",
    an_offer_touches_no_keys_but_those_of_its_session,
    an_offer_that_comes_again_changes_nothing,
    offers_of_no_session_cost_nothing,
    offers_in_a_session_are_limited,
    who_was_not_asked_confirms_no_keys,
    a_status_that_is_none_is_a_failure,
    keys_that_were_supplied_count_whatever_the_peer_says,
    each_void_key_is_told_once,
    a_session_is_asked_for_as_its_applications_are_registered,
    another_km_ends_no_session,
    who_asks_for_too_many_sessions_keeps_nobody_out,
    who_brings_too_many_sessions_to_one_leaves_it_some,
    a_crowd_that_waits_holds_up_its_own_km_only,
    a_session_that_the_destination_has_not_ends,
    sessions_that_never_were_are_not_remembered,
    no_key_is_cut_for_draws_that_are_too_many,
    keys_that_wait_leave_locked_memory_to_others)
