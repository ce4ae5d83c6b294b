/* check_sessionstore.c - sessions and their keys on disk. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "ksa/bindings.h"
#include "ksa/sessionstore.h"
#include "secret.h"
#include "unit.h"

static struct event_base	*base;
static struct keystore		*ks;
static struct side		*w;
static int64_t			 self, peer;

static const uint8_t	key[SEAL_KEY] = "a node key of 32 octets it is...";
static const uint8_t	one[16] = "session one 0123";
static const uint8_t	two[16] = "session two 0123";

static int
open_with(const uint8_t node_key[SEAL_KEY])
{
	const char	*path = unit_path("node.key");

	unit_write(path, node_key, SEAL_KEY, 0400);
	return keystore_open(&ks, unit_path("keys.db"), path, "", base);
}

static void
open_store(void)
{
	struct peer_row	row;

	ck_assert_int_eq(secret_init(1 << 20), 0);
	base = event_base_new();
	ck_assert_int_eq(open_with(key), 0);
	w = keystore_writer(ks);
	ck_assert_int_eq(keystore_peer(w, "KME-A", &row), 0);
	self = row.id;
	ck_assert_int_eq(keystore_peer(w, "KME-B", &row), 0);
	peer = row.id;
}

static void
close_store(void)
{
	keystore_close(&ks);
	event_base_free(base);
}

static int64_t
count(const char *sql)
{
	return db_int(w->db, -1, sql, "");
}

static char	name[] = "a file transfer";

static struct session_row
session(const uint8_t id[16], int64_t with, uint64_t most)
{
	struct session_row	r = { .peer = with, .source_here = true,
	    .destination_here = with == self, .source = "SAE-A1",
	    .destination = "SAE-B1", .name = name, .most = most,
	    .state = SESSION_OPEN, .made = 5000 };

	memcpy(r.id, id, 16);
	return r;
}

static void
add(const uint8_t id[16], int64_t with, uint64_t most)
{
	struct session_row	r = session(id, with, most);

	ck_assert_int_eq(sessionstore_add(w, &r), 0);
}

static int64_t
drawn(const uint8_t id[16])
{
	return db_int(w->db, -1, "SELECT drawn FROM session WHERE id = ?",
	    "b", id, (size_t)16);
}

/* Two keys of 32 octets. */
static struct binding *
binding(uint64_t request, const uint8_t *id)
{
	struct binding	*b = binding_new("SAE-A1", "SAE-B1");

	b->request = request;
	b->keys = 2;
	b->octets = 32;
	b->made = 1000;
	b->pieces = pieces_new(1);
	b->pieces->v[0] = (struct piece){ 5, 0, 64 };
	b->in_session = id != NULL;
	if (id != NULL) {
		b->state = BINDING_OFFERED;
		memcpy(b->session, id, 16);
	}
	return b;
}

static int
issue(uint64_t request, const uint8_t *id)
{
	struct binding	*b = binding(request, id);
	int		 r;

	r = id == NULL ? 0 : sessionstore_draw(w, id, b->keys);
	if (r == 0)
		r = bindings_issue(w, peer, b);
	binding_free(&b);
	return r;
}

static void
receive(int64_t from, uint64_t request, const uint8_t *id)
{
	struct binding	*b = binding(request, id);

	if (from == self && id != NULL)
		ck_assert_int_eq(sessionstore_draw(w, id, b->keys), 0);
	ck_assert_int_eq(bindings_receive(w, from, b), 0);
	binding_free(&b);
}

static int
state(int (*get)(struct side *, int64_t, uint64_t, struct binding **),
    int64_t from, uint64_t request)
{
	struct binding	*b;
	int		 s;

	ck_assert_int_eq(get(w, from, request, &b), 0);
	s = b->state;
	binding_free(&b);
	return s;
}

static int
issued(uint64_t request)
{
	return state(bindings_get_issued, peer, request);
}

static int
received(int64_t from, uint64_t request)
{
	return state(bindings_get_received, from, request);
}

/* All keys were delivered then. */
static int
deliver(int64_t from, uint64_t request, uint64_t now)
{
	struct binding	*b;
	int		 r;

	ck_assert_int_eq(bindings_get_received(w, from, request, &b), 0);
	ck_assert_int_eq(binding_need_fetched(b), 0);
	for (uint32_t i = 0; i < b->keys; i++)
		b->fetched[i] = binding_stamp(b, now);
	r = bindings_fetch(w, from, b, now);
	binding_free(&b);
	return r;
}

/* As the sweep does: these keys, as bits. */
static void
erase(int64_t from, uint64_t request, uint8_t keys, int to)
{
	struct binding	*b;

	ck_assert_int_eq(bindings_get_received(w, from, request, &b), 0);
	if (b->erased == NULL)
		b->erased = calloc(1, 1);
	*b->erased |= keys;
	b->state = to;
	ck_assert_int_eq(bindings_set_erased(w, from, b), 0);
	binding_free(&b);
}

/* ---- sessions ---- */

struct seen { unsigned n; struct session_row last; char name[40]; };

static int
see(void *arg, const struct session_row *r)
{
	struct seen	*s = arg;

	s->n++;
	s->last = *r;
	snprintf(s->name, sizeof(s->name), "%s", r->name);
	return 0;
}

static int
stop_at_once(void *arg, const struct session_row *r)
{
	(void)r;
	++*(int *)arg;
	return -E_BUSY;
}

static struct session_row
reopened(void)
{
	struct seen	s = { .n = 0 };

	close_store();
	open_store();
	ck_assert_int_eq(sessionstore_each(w, see, &s), 0);
	ck_assert_uint_eq(s.n, 1);
	ck_assert_str_eq(s.name, name);
	return s.last;
}

START_TEST(each_step_of_a_session_survives_a_restart)
{
	struct session_row	r;

	open_store();
	r = session(one, peer, 5);
	r.state = SESSION_PROPOSED;
	ck_assert_int_eq(sessionstore_add(w, &r), 0);
	ck_assert_int_eq(sessionstore_add(w, &r), -E_EXISTS);
	ck_assert_int_eq(sessionstore_draw(w, one, 1), -E_GONE);
	r = reopened();
	ck_assert_mem_eq(r.id, one, 16);
	ck_assert_int_eq(r.peer, peer);
	ck_assert(r.source_here && !r.destination_here);
	ck_assert_str_eq(r.source, "SAE-A1");
	ck_assert_str_eq(r.destination, "SAE-B1");
	ck_assert_uint_eq(r.most, 5);
	ck_assert_int_eq(r.state, SESSION_PROPOSED);
	ck_assert_uint_eq(r.made, 5000);
	ck_assert_int_eq(sessionstore_open(w, one), 0);
	ck_assert_int_eq(sessionstore_open(w, one), -E_GONE);
	ck_assert_int_eq(sessionstore_open(w, two), -E_GONE);
	ck_assert_int_eq(reopened().state, SESSION_OPEN);
	ck_assert_int_eq(sessionstore_draw(w, one, 4), 0);
	ck_assert_uint_eq(reopened().drawn, 4);
	ck_assert_int_eq(sessionstore_end(w, one, SUPPLY_EXPIRED, false,
	    7000), 0);
	r = reopened();
	ck_assert_int_eq(r.state, SESSION_ENDED);
	ck_assert_int_eq(r.status, SUPPLY_EXPIRED);
	ck_assert(!r.told);
	ck_assert_uint_eq(r.ended, 7000);
	ck_assert_int_eq(sessionstore_told(w, one), 0);
	ck_assert(reopened().told);
	/* The first reason stays. */
	ck_assert_int_eq(sessionstore_end(w, one, SUPPLY_REJECTED, false,
	    8000), -E_GONE);
	ck_assert_int_eq(reopened().status, SUPPLY_EXPIRED);
	close_store();
}
END_TEST

START_TEST(no_more_is_drawn_than_a_session_may)
{
	struct session_row	r;

	open_store();
	add(one, peer, 5);
	add(two, peer, 0);
	ck_assert_int_eq(sessionstore_draw(w, one, 4), 0);
	ck_assert_int_eq(sessionstore_draw(w, one, 2), -E_RANGE);
	ck_assert_int_eq(drawn(one), 4);
	ck_assert_int_eq(sessionstore_draw(w, one, 1), 0);
	ck_assert_int_eq(sessionstore_draw(w, one, 1), -E_RANGE);
	ck_assert_int_eq(drawn(one), 5);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(sessionstore_draw(w, two, 1024), 0);
	ck_assert_int_eq(drawn(two), 102400);
	ck_assert_int_eq(sessionstore_end(w, two, SUPPLY_OK, true, 1), 0);
	ck_assert_int_eq(sessionstore_draw(w, two, 1), -E_GONE);
	ck_assert_int_eq(sessionstore_drop(w, two), 0);
	ck_assert_int_eq(sessionstore_draw(w, two, 1), -E_NOT_FOUND);
	r = session(two, peer, 1ULL << 63);
	ck_assert_int_eq(sessionstore_add(w, &r), -E_RANGE);
	close_store();
}
END_TEST

START_TEST(sessions_are_read_in_the_order_they_were_made)
{
	uint8_t			id[16] = "";
	struct session_row	r;
	struct seen		s = { .n = 0 };
	int			n = 0;

	open_store();
	for (unsigned i = 0; i < 6; i++) {
		id[0] = (uint8_t)i;
		r = session(id, peer, 0);
		r.made = 5000 - i;
		ck_assert_int_eq(sessionstore_add(w, &r), 0);
	}
	id[0] = 3;
	ck_assert_int_eq(sessionstore_drop(w, id), 0);
	ck_assert_int_eq(sessionstore_each(w, see, &s), 0);
	ck_assert_uint_eq(s.n, 5);
	ck_assert_uint_eq(s.last.id[0], 0);
	ck_assert_int_eq(sessionstore_each(w, stop_at_once, &n), -E_BUSY);
	ck_assert_int_eq(n, 1);
	close_store();
}
END_TEST

START_TEST(what_no_session_can_be_is_noticed)
{
	struct seen	s = { .n = 0 };

	open_store();
	add(one, peer, 5);
	ck_assert_int_eq(db_run(w->db, "UPDATE session SET state = 3", ""),
	    1);
	ck_assert_int_eq(sessionstore_each(w, see, &s), -E_STORE_CORRUPT);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(issue(7, NULL), 0);
	ck_assert_int_eq(db_run(w->db, "UPDATE issued SET session = x'00'",
	    ""), 1);
	close_store();
	open_store();
	ck_assert_int_eq(bindings_get_issued(w, peer, 7,
	    &(struct binding *){ NULL }), -E_STORE_CORRUPT);
	close_store();
}
END_TEST

/* ---- their keys ---- */

START_TEST(offered_keys_are_settled_once)
{
	struct binding	*b;

	open_store();
	add(one, peer, 0);
	ck_assert_int_eq(issue(7, one), 0);
	ck_assert_int_eq(issue(8, NULL), 0);
	receive(peer, 9, one);
	close_store();
	open_store();
	ck_assert_int_eq(bindings_get_issued(w, peer, 7, &b), 0);
	ck_assert_int_eq(b->state, BINDING_OFFERED);
	ck_assert(b->in_session);
	ck_assert_mem_eq(b->session, one, 16);
	binding_free(&b);
	ck_assert_int_eq(bindings_get_issued(w, peer, 8, &b), 0);
	ck_assert(!b->in_session);
	binding_free(&b);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 7), 0);
	ck_assert_int_eq(issued(7), BINDING_VALID);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 7), -E_GONE);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 8), -E_GONE);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 99), -E_GONE);
	ck_assert_int_eq(bindings_settle_received(w, peer, 9), 0);
	ck_assert_int_eq(received(peer, 9), BINDING_VALID);
	ck_assert_int_eq(bindings_settle_received(w, peer, 9), -E_GONE);
	ck_assert_int_eq(bindings_settle_received(w, peer, 99), -E_GONE);
	ck_assert_int_eq(drawn(one), 2);
	close_store();
}
END_TEST

START_TEST(what_is_erased_by_the_time_it_is_confirmed_stays_erased)
{
	open_store();
	receive(peer, 7, one);
	ck_assert_int_eq(deliver(peer, 7, 5000), 0);
	ck_assert_int_eq(received(peer, 7), BINDING_OFFERED);
	erase(peer, 7, 1, BINDING_OFFERED);
	receive(peer, 8, one);
	erase(peer, 8, 3, BINDING_OFFERED);
	ck_assert_int_eq(bindings_settle_received(w, peer, 7), 0);
	ck_assert_int_eq(received(peer, 7), BINDING_VALID);
	ck_assert_int_eq(bindings_settle_received(w, peer, 8), 0);
	ck_assert_int_eq(received(peer, 8), BINDING_ERASED);
	ck_assert_int_eq(deliver(peer, 8, 5000), -E_GONE);
	close_store();
}
END_TEST

static int
recalls(int64_t from, uint64_t *v)
{
	return bindings_recalls(w, from, v, 4);
}

START_TEST(what_the_source_recalls_is_void_and_does_not_count)
{
	uint64_t	v[4];

	open_store();
	add(one, peer, 6);
	for (uint64_t i = 7; i < 10; i++)
		ck_assert_int_eq(issue(i, one), 0);
	ck_assert_int_eq(issue(10, one), -E_RANGE);
	ck_assert_int_eq(issue(11, NULL), 0);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 8), 0);
	ck_assert_int_eq(bindings_recall(w, peer, 7, true), 0);
	ck_assert_int_eq(drawn(one), 4);
	ck_assert_int_eq(bindings_recall(w, peer, 7, true), -E_GONE);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 7), -E_GONE);
	ck_assert_int_eq(drawn(one), 4);
	ck_assert_int_eq(bindings_recall(w, peer, 8, false), 0);
	ck_assert_int_eq(bindings_recall(w, peer, 9, true), 0);
	ck_assert_int_eq(drawn(one), 0);
	/* No session's, or nobody's. */
	ck_assert_int_eq(bindings_recall(w, peer, 11, true), -E_GONE);
	ck_assert_int_eq(bindings_recall(w, peer, 12, true), -E_GONE);
	ck_assert_int_eq(issued(7), BINDING_VOID);
	ck_assert_int_eq(issued(8), BINDING_VOID);
	ck_assert_int_eq(issued(11), BINDING_VALID);
	close_store();
	open_store();
	ck_assert_int_eq(recalls(peer, v), 2);
	ck_assert_uint_eq(v[0], 7);
	ck_assert_uint_eq(v[1], 9);
	ck_assert_int_eq(recalls(self, v), 0);
	ck_assert_int_eq(bindings_recalls(w, peer, v, 1), 1);
	ck_assert_int_eq(bindings_drop_recall(w, peer, 7), 0);
	ck_assert_int_eq(bindings_drop_recall(w, peer, 7), 0);
	ck_assert_int_eq(recalls(peer, v), 1);
	/* There is room again. */
	ck_assert_int_eq(issue(13, one), 0);
	ck_assert_int_eq(drawn(one), 2);
	close_store();
}
END_TEST

START_TEST(what_the_peer_refuses_does_not_count)
{
	uint64_t	v[4];

	open_store();
	add(one, peer, 2);
	ck_assert_int_eq(issue(7, one), 0);
	ck_assert_int_eq(bindings_void_issued(w, peer, 7), 0);
	ck_assert_int_eq(drawn(one), 0);
	ck_assert_int_eq(issue(8, one), 0);
	ck_assert_int_eq(bindings_void_issued(w, peer, 7), 0);
	ck_assert_int_eq(drawn(one), 2);
	ck_assert_int_eq(recalls(peer, v), 0);
	close_store();
}
END_TEST

/* Each with the session's other application at `from`. */
static void
withdraw_from_each_state(int64_t from)
{
	int64_t	own = from == self ? 2 : 0;

	add(one, from, 0);
	for (uint64_t i = 1; i <= 5; i++)
		receive(from, i, one);
	ck_assert_int_eq(bindings_settle_received(w, from, 2), 0);
	ck_assert_int_eq(deliver(from, 3, 5000), 0);
	erase(from, 3, 3, BINDING_OFFERED);
	ck_assert_int_eq(bindings_settle_received(w, from, 3), 0);
	ck_assert_int_eq(received(from, 3), BINDING_ERASED);
	erase(from, 4, 3, BINDING_EXPIRED);
	receive(from, 6, NULL);
	erase(from, 6, 3, BINDING_ERASED);
	for (uint64_t i = 1; i <= 4; i++) {
		ck_assert_int_eq(bindings_withdraw(w, from, i, one), 0);
		ck_assert_int_eq(received(from, i), BINDING_VOID);
		ck_assert_int_eq(drawn(one), own * (int64_t)(5 - i));
		ck_assert_int_eq(bindings_withdraw(w, from, i, one), 0);
		ck_assert_int_eq(drawn(one), own * (int64_t)(5 - i));
		ck_assert_int_eq(bindings_settle_received(w, from, i),
		    -E_GONE);
		ck_assert_int_eq(deliver(from, i, 6000), -E_GONE);
	}
	/* Those of no session stay what they were once they are used up. */
	ck_assert_int_eq(bindings_withdraw(w, from, 6, one), 0);
	ck_assert_int_eq(received(from, 6), BINDING_ERASED);
	ck_assert_int_eq(bindings_withdraw(w, from, 77, one), 0);
	/* The sweep looks at each of them at once. */
	ck_assert_int_eq(count("SELECT count(DISTINCT request) FROM fetched"
	    " WHERE at = 0"), 4);
	ck_assert_int_eq(received(from, 5), BINDING_OFFERED);
}

START_TEST(what_is_withdrawn_is_void_whatever_it_was)
{
	open_store();
	withdraw_from_each_state(peer);
	close_store();
}
END_TEST

START_TEST(what_two_applications_of_one_node_draw_is_given_back_there)
{
	open_store();
	withdraw_from_each_state(self);
	close_store();
}
END_TEST

START_TEST(what_the_destination_withdraws_its_source_counts)
{
	struct session_row	r;

	open_store();
	r = session(one, peer, 0);
	r.source_here = false;
	r.destination_here = true;
	r.drawn = 6;
	ck_assert_int_eq(sessionstore_add(w, &r), 0);
	receive(peer, 7, one);
	ck_assert_int_eq(bindings_withdraw(w, peer, 7, one), 0);
	ck_assert_int_eq(received(peer, 7), BINDING_VOID);
	ck_assert_int_eq(drawn(one), 6);
	close_store();
}
END_TEST

/* drawn: 2 + 2 with the peer, 2 + 2 here. */
static void
offer_some(void)
{
	add(one, peer, 4);
	add(two, self, 0);
	ck_assert_int_eq(issue(7, one), 0);
	ck_assert_int_eq(issue(8, one), 0);
	ck_assert_int_eq(issue(9, NULL), 0);
	ck_assert_int_eq(bindings_settle_issued(w, peer, 8), 0);
	receive(self, 10, two);
	receive(self, 11, two);
	ck_assert_int_eq(bindings_settle_received(w, self, 11), 0);
	receive(peer, 12, one);
	receive(peer, 13, NULL);
}

START_TEST(a_start_makes_what_was_offered_void)
{
	uint64_t	v[4];

	open_store();
	offer_some();
	close_store();
	open_store();
	ck_assert_int_eq(bindings_void_offered(w, self), 3);
	ck_assert_int_eq(bindings_void_offered(w, self), 0);
	ck_assert_int_eq(issued(7), BINDING_VOID);
	ck_assert_int_eq(issued(8), BINDING_VALID);
	ck_assert_int_eq(issued(9), BINDING_VALID);
	ck_assert_int_eq(received(self, 10), BINDING_VOID);
	ck_assert_int_eq(received(self, 11), BINDING_VALID);
	ck_assert_int_eq(received(peer, 12), BINDING_VOID);
	ck_assert_int_eq(received(peer, 13), BINDING_VALID);
	ck_assert_int_eq(drawn(one), 2);
	ck_assert_int_eq(drawn(two), 2);
	ck_assert_int_eq(recalls(peer, v), 1);
	ck_assert_uint_eq(v[0], 7);
	ck_assert_int_eq(recalls(self, v), 0);
	ck_assert_int_eq(count("SELECT group_concat(request) = '10,12' FROM"
	    " (SELECT request FROM fetched WHERE at = 0 ORDER BY request)"),
	    1);
	close_store();
}
END_TEST

START_TEST(in_a_store_that_went_back_offered_keys_are_void_too)
{
	open_store();
	offer_some();
	ck_assert_int_eq(bindings_void_all(w, peer), 0);
	ck_assert_int_eq(received(peer, 12), BINDING_VOID);
	ck_assert_int_eq(received(peer, 13), BINDING_VOID);
	ck_assert_int_eq(received(self, 10), BINDING_OFFERED);
	close_store();
}
END_TEST

START_TEST(offered_keys_are_not_forgotten)
{
	open_store();
	receive(peer, 7, one);
	receive(peer, 8, one);
	ck_assert_int_eq(bindings_withdraw(w, peer, 8, one), 0);
	ck_assert_int_eq(bindings_forget(w, peer, 100, 2000), 1);
	ck_assert_int_eq(received(peer, 7), BINDING_OFFERED);
	close_store();
}
END_TEST

START_TEST(operators_see_sessions_and_their_keys)
{
	static const char	uuid[] = "73657373-696f-6e20-6f6e-652030313233";

	open_store();
	offer_some();
	ck_assert_int_eq(db_int(w->db, -1, "SELECT count(*) FROM sessions"
	    " WHERE session = ? AND peer = 'KME-B' AND source = 'SAE-A1' AND"
	    " destination = 'SAE-B1' AND state = 'open' AND drawn = 4 AND"
	    " most = 4 AND made = '1970-01-01 00:00:05'", "s", uuid), 1);
	ck_assert_int_eq(db_int(w->db, -1, "SELECT count(*) FROM supplied WHERE"
	    " session = ? AND state = 'offered'", "s", uuid), 1);
	ck_assert_int_eq(db_int(w->db, -1, "SELECT count(*) FROM assigned"
	    " WHERE session = ? AND state = 'offered'", "s", uuid), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM supplied"
	    " WHERE session IS NULL AND state = 'unacknowledged'"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM assigned"
	    " WHERE session IS NULL AND state = 'waiting'"), 1);
	close_store();
}
END_TEST

/* ---- crashes ---- */

static int
draw_run(struct db *db, void *arg)
{
	uint64_t	*request = arg;
	int		 r;

	(void)db;
	if ((r = issue(*request, one)) < 0)
		return r;
	if (*request % 3 == 0)
		return bindings_settle_issued(w, peer, *request);
	return *request % 3 == 1 ? bindings_recall(w, peer, *request, true) :
	    0;
}

static void
draw_and_die(int report)
{
	open_store();
	for (uint64_t i = 1; i <= 40; i++)
		if (committer_sync(keystore_committer(ks), draw_run,
		    &i) == 0)
			ck_assert_int_eq(write(report, &i, sizeof(i)),
			    sizeof(i));
	kill(getpid(), SIGKILL);
}

START_TEST(after_a_crash_what_is_drawn_is_what_is_not_void)
{
	uint64_t	said[40];

	open_store();
	add(one, peer, 0);
	close_store();
	ck_assert_uint_eq(unit_killed(draw_and_die, said, sizeof(said)),
	    sizeof(said));
	open_store();
	ck_assert_int_eq(drawn(one), count("SELECT sum(keys) FROM issued"
	    " WHERE state <> 2"));
	ck_assert_int_eq(drawn(one), 2 * 26);
	ck_assert_int_eq(count("SELECT count(*) FROM recall"), 14);
	ck_assert_int_eq(bindings_void_offered(w, self), 13);
	ck_assert_int_eq(drawn(one), 2 * 13);
	ck_assert_int_eq(count("SELECT count(*) FROM issued JOIN recall"
	    " USING (peer, request) WHERE state = 2"), 27);
	close_store();
}
END_TEST

UNIT_MAIN("sessionstore",
    each_step_of_a_session_survives_a_restart,
    no_more_is_drawn_than_a_session_may,
    sessions_are_read_in_the_order_they_were_made,
    what_no_session_can_be_is_noticed,
    offered_keys_are_settled_once,
    what_is_erased_by_the_time_it_is_confirmed_stays_erased,
    what_the_source_recalls_is_void_and_does_not_count,
    what_the_peer_refuses_does_not_count,
    what_is_withdrawn_is_void_whatever_it_was,
    what_two_applications_of_one_node_draw_is_given_back_there,
    what_the_destination_withdraws_its_source_counts,
    a_start_makes_what_was_offered_void,
    in_a_store_that_went_back_offered_keys_are_void_too,
    offered_keys_are_not_forgotten,
    operators_see_sessions_and_their_keys,
    after_a_crash_what_is_drawn_is_what_is_not_void)
