/* check_session.c - sessions, through two engines and a network. */
#include "config.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "fakedoor.h"
#include "ksa/peer.h"
#include "ksa/sessions.h"
#include "unit.h"

static struct fakedoor_result	o, d, e;

static void
begin(void)
{
	memset(&fakedoor, 0, sizeof(fakedoor));
	pair_open(unit_path("."));
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(pair_start(1), 0);
	fakedoor_set();
	ck_assert(pair_until(pair_ready, 10000));
}

static void
open_session(uint64_t most)
{
	fakedoor_open(0, "SAE-A1", "SAE-B1", most, &o);
	ck_assert_msg(o.status == SUPPLY_OK, "%d %s", o.status, o.detail);
}

static void
draw(uint32_t number, enum supply_status status)
{
	fakedoor_draw(0, "SAE-A1", o.session, number, &d);
	ck_assert_msg(d.status == status, "%d instead of %d: %s", d.status,
	    status, d.detail);
}

/* Both applications have the same. */
static void
same(uint32_t number)
{
	ck_assert_uint_eq(d.number, number);
	ck_assert_uint_eq(fakedoor.keys_n, number);
	ck_assert_mem_eq(d.ids, fakedoor.ids, number * 16);
	ck_assert_mem_eq(d.keys, fakedoor.bytes, number * d.octets);
}

/* A figure from the store of a node, as an operator sees it. */
static int
figure(unsigned node, const char *sql)
{
	sqlite3		*db;
	sqlite3_stmt	*st;
	int		 v;

	ck_assert_int_eq(sqlite3_open_v2(pair_store(node), &db,
	    SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

#define IN_STATE(TABLE, STATE) \
	"SELECT count(*) FROM " TABLE " WHERE session IS NOT NULL" \
	" AND state = " STATE

static void
rows(int node, const char *sql, int n)
{
	ck_assert_msg(figure((unsigned)node, sql) == n, "%s: %d, not %d", sql,
	    figure((unsigned)node, sql), n);
}

static bool
told(void)
{
	return figure(0, "SELECT count(*) FROM recall") == 0 &&
	    figure(1, "SELECT count(*) FROM recall") == 0;
}

/* Void at both ends, and nobody is left to be told. */
static void
all_void(int requests)
{
	ck_assert(pair_until(told, 8000));
	rows(0, IN_STATE("issued", "2"), requests);
	rows(0, IN_STATE("issued", "4"), 0);
	rows(1, IN_STATE("received", "4"), 0);
	rows(1, IN_STATE("received", "0"), 0);
	rows(0, "SELECT total(drawn) FROM session", 0);
}

/* ---- the good case ---- */

START_TEST(keys_of_a_session_come_to_both_applications)
{
	begin();
	open_session(0);
	ck_assert_uint_eq(fakedoor.invited, 1);
	ck_assert_str_eq(fakedoor.source, "SAE-A1");
	ck_assert_str_eq(fakedoor.destination, "SAE-B1");
	ck_assert_str_eq(fakedoor.name, "a name");
	ck_assert_mem_eq(fakedoor.session, o.session, SESSION_ID);
	for (unsigned i = 1; i < 6; i++) {
		draw(i, SUPPLY_OK);
		same(i);
		ck_assert_mem_eq(d.session, o.session, SESSION_ID);
	}
	rows(0, IN_STATE("issued", "0"), 5);
	rows(1, IN_STATE("received", "0"), 5);
	rows(0, "SELECT drawn FROM session", 15);
	pair_close();
}
END_TEST

START_TEST(applications_of_one_node_have_sessions_too)
{
	begin();
	fakedoor_open(0, "SAE-A1", "SAE-A2", 0, &o);
	ck_assert_int_eq(o.status, SUPPLY_OK);
	draw(3, SUPPLY_OK);
	same(3);
	rows(0, IN_STATE("received", "0"), 1);
	fakedoor.keys = FAKEDOOR_REFUSES;
	draw(3, SUPPLY_REJECTED);
	rows(0, IN_STATE("received", "2"), 1);
	rows(0, "SELECT drawn FROM session", 3);
	pair_close();
}
END_TEST

START_TEST(keys_may_be_confirmed_one_by_one)
{
	begin();
	open_session(0);
	fakedoor.keys = FAKEDOOR_ONE_BY_ONE;
	draw(5, SUPPLY_OK);
	same(5);
	fakedoor.keys = FAKEDOOR_HALF;
	draw(5, SUPPLY_TIMEOUT);
	pair_close();
}
END_TEST

/* ---- creation that fails ---- */

static void
not_opened(enum supply_status status)
{
	fakedoor_open(0, "SAE-A1", "SAE-B1", 0, &o);
	ck_assert_msg(o.status == status, "%d %s", o.status, o.detail);
	pair_run(300);
	rows(0, "SELECT count(*) FROM session WHERE state < 2", 0);
	rows(1, "SELECT count(*) FROM session WHERE state < 2", 0);
	ck_assert_uint_eq(engine_env(pair.n[1].s)->sessions->open, 0);
}

START_TEST(a_session_needs_its_destination)
{
	begin();
	fakedoor_absent("SAE-B1", true);
	not_opened(SUPPLY_UNAVAILABLE);
	fakedoor_absent("SAE-B1", false);
	fakedoor.sessions = FAKEDOOR_REFUSES;
	not_opened(SUPPLY_REJECTED);
	ck_assert_ptr_nonnull(strstr(o.detail, "answered rejected"));
	fakedoor.sessions = FAKEDOOR_SILENT;
	not_opened(SUPPLY_TIMEOUT);
	fakedoor.open = NULL;
	fakedoor.sessions = FAKEDOOR_BUSY;
	not_opened(SUPPLY_TIMEOUT);
	fakedoor.sessions = FAKEDOOR_ACCEPTS;
	fakedoor_open(0, "SAE-A1", "SAE-Z9", 0, &o);
	ck_assert_int_eq(o.status, SUPPLY_NOT_FOUND);
	open_session(0);
	pair_close();
}
END_TEST

START_TEST(another_connection_takes_the_notification)
{
	begin();
	fakedoor.leaves = 1;
	open_session(0);
	ck_assert_uint_eq(fakedoor.invited, 2);
	fakedoor.leaves = 2;
	draw(1, SUPPLY_OK);
	ck_assert_uint_eq(fakedoor.brought, 3);
	same(1);
	pair_close();
}
END_TEST

static bool
brought(void)
{
	return fakedoor.open != NULL && fakedoor.open->has_keys;
}

START_TEST(one_that_comes_back_in_time_gets_them)
{
	begin();
	open_session(0);
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	ck_assert(pair_until(brought, 5000));
	fakedoor_absent("SAE-B1", true);
	fakedoor_lose();
	pair_run(100);
	ck_assert(!d.done);
	fakedoor.keys = FAKEDOOR_ACCEPTS;
	fakedoor_absent("SAE-B1", false);
	fakedoor_wait(&d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	same(2);
	pair_close();
}
END_TEST

/* ---- who is at the door, but not in it ---- */

static bool
invited(void)
{
	return engine_env(pair.n[1].s)->sessions->ninvitations == 1;
}

static bool
offered(void)
{
	return engine_env(pair.n[1].s)->sessions->noffers == 1;
}

/* Nobody knows yet whether it is the one. */
static void
arriving(bool it_is)
{
	fakedoor.arriving = it_is;
	fakedoor_absent("SAE-B1", it_is);
}

START_TEST(one_that_is_arriving_is_waited_for)
{
	begin();
	arriving(true);
	(void)fakedoor_open_start(0, "SAE-A1", "SAE-B1", 0, &o);
	ck_assert(pair_until(invited, 5000));
	ck_assert(!o.done);
	arriving(false);
	fakedoor_wait(&o);
	ck_assert_msg(o.status == SUPPLY_OK, "%d %s", o.status, o.detail);
	arriving(true);
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	ck_assert(pair_until(offered, 5000));
	ck_assert(!d.done);
	arriving(false);
	fakedoor_wait(&d);
	ck_assert_msg(d.status == SUPPLY_OK, "%d %s", d.status, d.detail);
	same(2);
	pair_close();
}
END_TEST

START_TEST(others_that_arrive_do_not_help)
{
	begin();
	open_session(0);
	arriving(true);
	draw(2, SUPPLY_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(d.detail, "not connected"));
	all_void(1);
	fakedoor_open(0, "SAE-A1", "SAE-B1", 0, &o);
	ck_assert_int_eq(o.status, SUPPLY_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(o.detail, "not connected"));
	pair_close();
}
END_TEST

/* ---- keys that are void ---- */

START_TEST(keys_not_confirmed_are_void_at_both_ends)
{
	begin();
	open_session(7);
	fakedoor.keys = FAKEDOOR_REFUSES;
	draw(7, SUPPLY_REJECTED);
	ck_assert_ptr_nonnull(strstr(d.detail, "no room"));
	fakedoor.keys = FAKEDOOR_SILENT;
	draw(7, SUPPLY_TIMEOUT);
	fakedoor.open = NULL;
	fakedoor_absent("SAE-B1", true);
	draw(7, SUPPLY_UNAVAILABLE);
	all_void(3);
	fakedoor_absent("SAE-B1", false);
	fakedoor.keys = FAKEDOOR_ACCEPTS;
	draw(7, SUPPLY_OK);	/* what was void does not count */
	same(7);
	pair_close();
}
END_TEST

START_TEST(keys_whose_source_left_are_void_at_both_ends)
{
	struct supply_call	*c;

	begin();
	open_session(0);
	fakedoor.keys = FAKEDOOR_SILENT;
	c = fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	ck_assert(pair_until(brought, 5000));
	ck_assert(supply_withdraw(c));
	fakedoor_answer(true, "success");
	pair_run(300);
	ck_assert(!d.done);
	all_void(1);
	pair_close();
}
END_TEST

/* Drops the word that the destination has them. */
static unsigned	dropping;

static bool
drop(unsigned from, unsigned to, const struct msg_view *v)
{
	(void)to, (void)v;
	return dropping > 0 && from == 1;
}

START_TEST(keys_whose_confirmation_is_lost_are_void_at_both_ends)
{
	begin();
	open_session(0);
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	ck_assert(pair_until(brought, 5000));
	pair.spy = drop;
	dropping = 1;
	fakedoor_answer(true, "success");
	fakedoor_wait(&d);
	ck_assert(d.status == SUPPLY_TIMEOUT ||
	    d.status == SUPPLY_UNAVAILABLE);
	dropping = 0;
	fakedoor.keys = FAKEDOOR_ACCEPTS;
	ck_assert(pair_until(pair_ready, 20000));
	all_void(1);
	draw(2, SUPPLY_OK);
	pair_close();
}
END_TEST

START_TEST(keys_are_not_brought_over_a_broken_link)
{
	begin();
	open_session(0);
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	ck_assert(pair_until(brought, 5000));
	pair_link(false);
	fakedoor_wait(&d);
	ck_assert_int_eq(d.status, SUPPLY_UNAVAILABLE);
	draw(1, SUPPLY_UNAVAILABLE);
	pair_link(true);
	fakedoor.keys = FAKEDOOR_ACCEPTS;
	ck_assert(pair_until(pair_ready, 20000));
	all_void(1);
	draw(1, SUPPLY_OK);
	pair_close();
}
END_TEST

/* ---- restarts ---- */

static void
restart(unsigned i)
{
	pair_stop(i);
	ck_assert_int_eq(pair_start(i), 0);
	fakedoor_set();
	ck_assert(pair_until(pair_ready, 20000));
}

START_TEST(sessions_outlive_their_daemons)
{
	begin();
	open_session(9);
	draw(2, SUPPLY_OK);
	restart(0);
	draw(2, SUPPLY_OK);
	same(2);
	restart(1);
	draw(2, SUPPLY_OK);
	same(2);
	restart(0);
	restart(1);
	draw(4, SUPPLY_REJECTED);
	draw(3, SUPPLY_OK);
	same(3);
	draw(1, SUPPLY_REJECTED);
	pair_close();
}
END_TEST

static void
restart_while_offered(unsigned i)
{
	begin();
	open_session(0);
	fakedoor.keys = FAKEDOOR_SILENT;
	(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &d);
	ck_assert(pair_until(brought, 5000));
	restart(i);
	fakedoor.open = NULL;
	fakedoor.keys = FAKEDOOR_ACCEPTS;
	fakedoor_wait(&d);
	ck_assert_int_ne(d.status, SUPPLY_OK);
	all_void(1);
	draw(1, SUPPLY_OK);
	pair_close();
}

START_TEST(what_was_offered_is_void_after_a_restart_of_the_source)
{
	restart_while_offered(0);
}
END_TEST

START_TEST(what_was_offered_is_void_after_a_restart_of_the_destination)
{
	restart_while_offered(1);
}
END_TEST

/* ---- the end ---- */

static bool
ended(void)
{
	return engine_env(pair.n[0].s)->sessions->open == 0 &&
	    engine_env(pair.n[1].s)->sessions->open == 0 &&
	    figure(0, "SELECT min(told) FROM session") == 1 &&
	    figure(1, "SELECT min(told) FROM session") == 1;
}

START_TEST(a_session_ends_by_its_limit)
{
	begin();
	open_session(3);
	draw(4, SUPPLY_REJECTED);
	draw(2, SUPPLY_OK);
	draw(2, SUPPLY_REJECTED);
	draw(1, SUPPLY_OK);
	ck_assert(pair_until(ended, 5000));
	draw(1, SUPPLY_REJECTED);
	restart(0);
	draw(1, SUPPLY_REJECTED);
	pair_close();
}
END_TEST

static void
stay_away(const char *application)
{
	begin();
	pair.n[0].conf.session_grace = 1;
	pair.n[1].conf.session_grace = 1;
	open_session(0);
	pair_run(2500);
	draw(1, SUPPLY_OK);	/* it is here */
	fakedoor_absent(application, true);
	ck_assert(pair_until(ended, 8000));
	fakedoor_absent(application, false);
	draw(1, SUPPLY_EXPIRED);
	pair_close();
}

START_TEST(a_session_ends_when_its_source_stays_away)
{
	stay_away("SAE-A1");
}
END_TEST

START_TEST(a_session_ends_when_its_destination_stays_away)
{
	stay_away("SAE-B1");
}
END_TEST

START_TEST(a_session_ends_when_idle)
{
	begin();
	pair.n[0].conf.session_idle = 1;
	open_session(0);
	ck_assert(pair_until(ended, 8000));
	draw(1, SUPPLY_EXPIRED);
	restart(1);
	draw(1, SUPPLY_EXPIRED);
	pair_close();
}
END_TEST

START_TEST(the_end_is_told_to_a_peer_that_was_away)
{
	begin();
	pair.n[0].conf.session_idle = 1;
	open_session(0);
	pair_away(1, true);
	pair_run(2500);
	ck_assert_uint_eq(engine_env(pair.n[0].s)->sessions->open, 0);
	ck_assert_uint_eq(engine_env(pair.n[1].s)->sessions->open, 1);
	pair_away(1, false);
	ck_assert(pair_until(ended, 20000));
	pair_close();
}
END_TEST

START_TEST(a_session_is_its_source_s)
{
	uint8_t	none[SESSION_ID] = { 1, 2, 3 };

	begin();
	open_session(0);
	fakedoor_draw(0, "SAE-A2", o.session, 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	fakedoor_draw(1, "SAE-B1", o.session, 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_UNAUTHORIZED);
	fakedoor_draw(0, "SAE-A1", none, 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_NOT_FOUND);
	pair_close();
}
END_TEST

START_TEST(sessions_are_limited)
{
	begin();
	for (unsigned i = 0; i < 10; i++)
		open_session(0);
	fakedoor_open(0, "SAE-A1", "SAE-B2", 0, &e);
	ck_assert_int_eq(e.status, SUPPLY_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(e.detail, "per_application"));
	fakedoor_open(0, "SAE-A2", "SAE-B1", 0, &e);	/* the destination's */
	ck_assert_int_eq(e.status, SUPPLY_UNAVAILABLE);
	fakedoor_open(0, "SAE-A2", "SAE-B2", 0, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_close();
}
END_TEST

START_TEST(many_draws_at_once)
{
	static struct fakedoor_result	v[16];

	begin();
	open_session(0);
	for (unsigned i = 0; i < 16; i++)
		(void)fakedoor_draw_start(0, "SAE-A1", o.session, 2, &v[i]);
	for (unsigned i = 0; i < 16; i++) {
		fakedoor_wait(&v[i]);
		ck_assert_msg(v[i].status == SUPPLY_OK, "%s", v[i].detail);
		for (unsigned k = 0; k < i; k++)
			ck_assert_mem_ne(v[i].keys, v[k].keys, 32);
	}
	pair_close();
}
END_TEST

UNIT_MAIN("session",
    keys_of_a_session_come_to_both_applications,
    applications_of_one_node_have_sessions_too,
    keys_may_be_confirmed_one_by_one,
    a_session_needs_its_destination,
    another_connection_takes_the_notification,
    one_that_comes_back_in_time_gets_them,
    one_that_is_arriving_is_waited_for,
    others_that_arrive_do_not_help,
    keys_not_confirmed_are_void_at_both_ends,
    keys_whose_source_left_are_void_at_both_ends,
    keys_whose_confirmation_is_lost_are_void_at_both_ends,
    keys_are_not_brought_over_a_broken_link,
    sessions_outlive_their_daemons,
    what_was_offered_is_void_after_a_restart_of_the_source,
    what_was_offered_is_void_after_a_restart_of_the_destination,
    a_session_ends_by_its_limit,
    a_session_ends_when_its_source_stays_away,
    a_session_ends_when_its_destination_stays_away,
    a_session_ends_when_idle,
    the_end_is_told_to_a_peer_that_was_away,
    a_session_is_its_source_s,
    sessions_are_limited,
    many_draws_at_once)
