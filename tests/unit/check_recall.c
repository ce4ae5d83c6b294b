/* check_recall.c - keys of sessions between two engines: bound, settled,
 * recalled, void. Who confirms them does not matter here. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enginepair.h"
#include "err.h"
#include "ksa/bindings.h"
#include "ksa/inbox.h"
#include "ksa/peer.h"
#include "ksa/recall.h"
#include "ksa/sessionstore.h"
#include "unit.h"

static struct pair_result	e, d;
#define IDS(r)	((const uint8_t (*)[16])(r).ids)

static const uint8_t	id[16] = "a session 012345";
static uint64_t		request;		/* of the last draw */

static struct env *
env(unsigned i)
{
	return engine_env(pair.n[i].s);
}

static struct peer *
peer(unsigned i, const char *km)
{
	return peer_find(env(i), km);
}

static int64_t
count(unsigned i, const char *sql)
{
	return db_int(keystore_reader(env(i)->store)->db, -1, sql, "");
}

/* ---- jobs ---- */

struct job {
	struct env	*env;
	int64_t		 peer;
	int		(*fn)(struct side *, int64_t peer, uint64_t request);
};

static int
run(struct db *db, void *arg)
{
	struct job	*j = arg;

	(void)db;
	return j->fn(keystore_writer(j->env->store), j->peer, request);
}

static int
in_job(unsigned i, const char *km, int (*fn)(struct side *, int64_t,
    uint64_t))
{
	struct job	j = { env(i), peer(i, km)->id, fn };

	return committer_sync(keystore_committer(env(i)->store), run, &j);
}

static uint64_t	most;

static int
add_session(struct side *s, int64_t with, uint64_t r)
{
	static char		name[] = "";
	struct session_row	w = { .peer = with, .source_here = true,
	    .destination_here = with == env(0)->peers[0]->id,
	    .source = "SAE-A1", .destination = "SAE-B1", .name = name,
	    .most = most, .state = SESSION_OPEN, .made = now_ms() };

	(void)r;
	memcpy(w.id, id, sizeof(id));
	return sessionstore_add(s, &w);
}

static int
end_session(struct side *s, int64_t p, uint64_t r)
{
	(void)p, (void)r;
	return sessionstore_end(s, id, SUPPLY_OK, true, now_ms());
}

static int
recall_it(struct side *s, int64_t p, uint64_t r)
{
	return bindings_recall(s, p, r, true);
}

static int
withdraw_it(struct side *s, int64_t p, uint64_t r)
{
	return bindings_withdraw(s, p, r, id);
}

static int
nothing(struct side *s, int64_t p, uint64_t r)
{
	(void)s, (void)p, (void)r;
	return 0;
}

/* ---- steps ---- */

static void
begin(uint64_t limit, const char *with)
{
	pair_open(unit_path("."));
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(pair_start(1), 0);
	ck_assert(pair_until(pair_ready, 10000));
	most = limit;
	ck_assert_int_eq(in_job(0, with, add_session), 0);
}

static void
draw(const char *slave, uint32_t number)
{
	uint32_t	place;

	pair.session = id;
	pair_enc(0, "SAE-A1", slave, number, 32, &e);
	pair.session = NULL;
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
	ck_assert_int_eq(keyid_parse(e.ids[0], &request, &place), 0);
}

static int64_t
state(unsigned i, const char *sql)
{
	return db_int(keystore_reader(env(i)->store)->db, -1, sql, "u",
	    request);
}

static int64_t
issued(void)
{
	return state(0, "SELECT state FROM issued WHERE request = ?");
}

/* At either node; -1: it is not there. */
static int64_t
received(unsigned i)
{
	return state(i, "SELECT state FROM received WHERE request = ?");
}

static int64_t
drawn(void)
{
	return count(0, "SELECT drawn FROM session");
}

static bool
arrived(void)
{
	return received(1) >= 0;
}

static bool
void_here(void)
{
	return issued() == BINDING_VOID;
}

static bool
void_there(void)
{
	return received(1) == BINDING_VOID;
}

static bool
nobody_to_tell(void)
{
	return count(0, "SELECT count(*) FROM recall") == 0;
}

/* Octets of blocks of A that are used at B, but not erased. */
static bool
nothing_left(void)
{
	return count(1, "SELECT (SELECT total(remaining) FROM segment JOIN"
	    " block ON block.id = segment.id / 64 JOIN peer ON peer.id ="
	    " block.peer WHERE km = 'KME-A' AND direction = 1 AND state = 1)"
	    " - total(octets - used) FROM block JOIN peer ON peer.id ="
	    " block.peer WHERE km = 'KME-A' AND direction = 1 AND"
	    " state = 1") == 0;
}

static void
refused(unsigned i, const char *who, enum supply_status status)
{
	pair_dec(i, who, NULL, IDS(e), 1, &d);
	ck_assert_msg(d.status == status, "%s: %d %s", who, d.status,
	    d.detail);
}

/* ---- drawn ---- */

START_TEST(keys_of_a_session_are_not_fetched)
{
	begin(0, "KME-B");
	draw("SAE-B1", 3);
	ck_assert_int_eq(issued(), BINDING_OFFERED);
	ck_assert_int_eq(drawn(), 3);
	/* Whether it is there already or has to be asked for. */
	refused(1, "SAE-B1", SUPPLY_NOT_FOUND);
	ck_assert(pair_until(arrived, 5000));
	ck_assert_int_eq(received(1), BINDING_OFFERED);
	for (unsigned settled = 0; settled < 2; settled++) {
		refused(1, "SAE-B1", SUPPLY_NOT_FOUND);
		refused(1, "SAE-B2", SUPPLY_UNAUTHORIZED);
		refused(0, "SAE-A1", SUPPLY_UNAUTHORIZED);
		if (settled == 0) {
			ck_assert_int_eq(in_job(0, "KME-B",
			    bindings_settle_issued), 0);
			ck_assert_int_eq(in_job(1, "KME-A",
			    bindings_settle_received), 0);
		}
	}
	ck_assert_int_eq(issued(), BINDING_VALID);
	ck_assert_int_eq(received(1), BINDING_VALID);
	ck_assert_int_eq(count(1, "SELECT count(*) FROM fetched"), 0);
	pair_close();
}
END_TEST

static bool
to_b(unsigned from, unsigned to, const struct msg_view *body)
{
	(void)from, (void)body;
	return to == 1;
}

START_TEST(a_binding_of_a_session_that_was_lost_is_asked_for)
{
	begin(0, "KME-B");
	pair.spy = to_b;
	draw("SAE-B1", 2);
	pair_run(20);
	pair.spy = NULL;
	refused(1, "SAE-B1", SUPPLY_NOT_FOUND);
	ck_assert_msg(strstr(d.detail, "brought") != NULL, "%s", d.detail);
	ck_assert_int_eq(received(1), BINDING_OFFERED);
	pair_close();
}
END_TEST

START_TEST(one_that_asks_too_much_does_not_harm_the_others)
{
	static const uint8_t		other[16] = "another session";
	static struct pair_result	r[5];
	static const uint32_t		keys[] = { 3, 3, 2, 1 };

	begin(5, "KME-B");
	for (unsigned i = 0; i < 5; i++) {
		pair.session = i < 4 ? id : NULL;
		(void)pair_enc_start(0, "SAE-A1", "SAE-B1",
		    i < 4 ? keys[i] : 4, 32, &r[i]);
	}
	for (unsigned i = 0; i < 5; i++)
		pair_wait(&r[i]);
	ck_assert_int_eq(r[0].status, SUPPLY_OK);
	ck_assert_int_eq(r[1].status, SUPPLY_REJECTED);
	ck_assert_int_eq(r[2].status, SUPPLY_OK);
	ck_assert_int_eq(r[3].status, SUPPLY_REJECTED);
	ck_assert_int_eq(r[4].status, SUPPLY_OK);
	ck_assert_int_eq(drawn(), 5);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM issued"), 3);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(r[4]), 4, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	ck_assert_mem_eq(d.keys, r[4].keys, 4 * 32);
	pair.session = other;
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_NOT_FOUND);
	pair.session = id;
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-B2", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_BAD_REQUEST);
	ck_assert_int_eq(in_job(0, "KME-B", end_session), 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_EXPIRED);
	pair_close();
}
END_TEST

START_TEST(two_applications_of_one_node_share_one_row)
{
	begin(4, "KME-A");
	draw("SAE-A2", 3);
	ck_assert_int_eq(received(0), BINDING_OFFERED);
	refused(0, "SAE-A2", SUPPLY_NOT_FOUND);
	refused(0, "SAE-A1", SUPPLY_UNAUTHORIZED);
	ck_assert_int_eq(in_job(0, "KME-A", bindings_settle_received), 0);
	ck_assert_int_eq(drawn(), 3);
	ck_assert_int_eq(in_job(0, "KME-A", withdraw_it), 0);
	ck_assert_int_eq(received(0), BINDING_VOID);
	ck_assert_int_eq(drawn(), 0);
	draw("SAE-A2", 4);
	pair_stop(0);
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(received(0), BINDING_VOID);
	ck_assert_int_eq(drawn(), 0);
	ck_assert(nobody_to_tell());
	pair_close();
}
END_TEST

/* ---- void ---- */

START_TEST(the_peer_is_told_until_it_answers)
{
	begin(0, "KME-B");
	for (unsigned i = 0; i < 4; i++) {
		pair.lose = pair.repeat = 0;
		ck_assert(pair_until(pair_ready, 10000));
		draw("SAE-B1", 2);
		ck_assert(pair_until(arrived, 5000));
		if (i % 2 == 1) {
			ck_assert_int_eq(in_job(0, "KME-B",
			    bindings_settle_issued), 0);
			ck_assert_int_eq(in_job(1, "KME-A",
			    bindings_settle_received), 0);
		}
		pair.lose = 60;
		pair.repeat = 30;
		ck_assert_int_eq(in_job(0, "KME-B", recall_it), 0);
		recall_send(peer(0, "KME-B"));
		ck_assert(pair_until(nobody_to_tell, 30000));
		ck_assert_int_eq(received(1), BINDING_VOID);
		ck_assert_int_eq(issued(), BINDING_VOID);
		ck_assert_int_eq(drawn(), 0);
		ck_assert_int_eq(in_job(1, "KME-A",
		    bindings_settle_received), -E_GONE);
	}
	ck_assert(pair_until(nothing_left, 10000));
	pair_close();
}
END_TEST

START_TEST(what_never_got_there_is_recalled_too)
{
	begin(0, "KME-B");
	pair.spy = to_b;
	draw("SAE-B1", 2);
	ck_assert_int_eq(in_job(0, "KME-B", recall_it), 0);
	pair.spy = NULL;
	ck_assert(pair_until(nobody_to_tell, 10000));
	/* It is passed over; what follows it is not. */
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 10000));
	ck_assert_int_eq(count(1, "SELECT count(*) FROM received"), 1);
	pair_enc(0, "SAE-A1", "SAE-B1", 3, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 3, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	ck_assert_mem_eq(d.keys, e.keys, 3 * 32);
	pair_close();
}
END_TEST

static void
say_void(struct peer *p, uint64_t r, uint32_t mine, uint32_t answer)
{
	struct msg	m = { .id = MSG_bind_void };

	m.bind_void.request = r;
	m.bind_void.mine = mine;
	m.bind_void.answer = answer;
	peer_message(p, &m, true);
}

START_TEST(only_its_own_answer_ends_the_telling)
{
	struct peer	*b;

	begin(0, "KME-B");
	b = peer(0, "KME-B");
	pair.spy = to_b;
	draw("SAE-B1", 2);
	ck_assert_int_eq(in_job(0, "KME-B", recall_it), 0);
	say_void(b, request, 1, 1);
	say_void(b, request + 1, 0, 1);
	say_void(b, UINT64_MAX, 0, 1);
	say_void(b, request, 0, 0);
	ck_assert_int_eq(in_job(0, "KME-B", nothing), 0);
	ck_assert(!nobody_to_tell());
	say_void(b, request, 0, 1);
	ck_assert_int_eq(in_job(0, "KME-B", nothing), 0);
	ck_assert(nobody_to_tell());
	/* And an answer voids nothing. */
	pair.spy = NULL;
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 10000));
	say_void(peer(1, "KME-A"), request, 0, 1);
	say_void(peer(1, "KME-A"), request, 1, 1);
	say_void(b, request, 0, 1);
	ck_assert_int_eq(in_job(1, "KME-A", nothing), 0);
	ck_assert_int_eq(received(1), BINDING_OFFERED);
	ck_assert_int_eq(issued(), BINDING_OFFERED);
	pair_close();
}
END_TEST

/* ---- what comes in ---- */

static uint8_t	pieces[PIECES_MAX * PIECE_OCTETS];

/* As A would say it. */
static struct binding *
as_sent(struct msg *m)
{
	struct binding	*b;

	ck_assert_int_eq(bindings_get_issued(keystore_reader(env(0)->store),
	    peer(0, "KME-B")->id, request, &b), 0);
	memset(m, 0, sizeof(*m));
	m->id = MSG_bind;
	m->bind.request = request;
	strcpy(m->bind.master, b->master);
	m->bind.slaves = (struct msg_view){ (const uint8_t *)b->slaves,
	    strlen(b->slaves) };
	m->bind.keys = b->keys;
	m->bind.octets = b->octets;
	m->bind.made = b->made;
	m->bind.seed = (struct msg_view){ b->seed, KEYID_SEED };
	pieces_encode(b->pieces, pieces);
	m->bind.pieces = (struct msg_view){ pieces,
	    b->pieces->n * PIECE_OCTETS };
	m->bind.session = (struct msg_view){ b->session, BINDING_SESSION };
	return b;
}

START_TEST(a_void_that_comes_with_its_binding_comes_after_it)
{
	struct peer	*a;
	struct binding	*b;
	struct msg	 m;

	begin(0, "KME-B");
	a = peer(1, "KME-A");
	pair.spy = to_b;
	draw("SAE-B1", 2);
	b = as_sent(&m);
	peer_message(a, &m, true);
	say_void(a, request, 1, 0);
	inbox_flush(a->inbox);		/* the end of the payload */
	ck_assert_int_eq(in_job(1, "KME-A", nothing), 0);
	ck_assert_int_eq(received(1), BINDING_VOID);
	/* The same again revives nothing. */
	peer_message(a, &m, true);
	inbox_flush(a->inbox);
	ck_assert_int_eq(in_job(1, "KME-A", nothing), 0);
	ck_assert_int_eq(received(1), BINDING_VOID);
	refused(1, "SAE-B1", SUPPLY_NOT_FOUND);
	binding_free(&b);
	pair_close();
}
END_TEST

START_TEST(a_binding_of_no_session_there_can_be_is_refused)
{
	static const size_t	lengths[] = { 1, 15, 17, 32 };
	uint8_t			long_id[32] = "x";
	struct peer		*a;
	struct binding		*b;
	uint64_t		 bad;
	struct msg		 m, as_is;

	begin(0, "KME-B");
	a = peer(1, "KME-A");
	pair.spy = to_b;
	draw("SAE-B1", 2);
	b = as_sent(&as_is);
	bad = env(1)->count.bad_messages;
	for (unsigned i = 0; i < 6; i++) {
		m = as_is;
		if (i < 4)
			m.bind.session = (struct msg_view){ long_id,
			    lengths[i] };
		else if (i == 4)
			m.bind.slaves = (struct msg_view){
			    (const uint8_t *)"SAE-B1\nSAE-B2", 13 };
		else {		/* with room for the key of its MAC */
			m.bind.mac = (struct msg_view){ long_id, 16 };
			pieces[m.bind.pieces.len - 1] += OTP_MAC_KEY;
		}
		peer_message(a, &m, true);
		inbox_flush(a->inbox);
		ck_assert_uint_eq(env(1)->count.bad_messages, bad + i + 1);
	}
	ck_assert_int_eq(in_job(1, "KME-A", nothing), 0);
	ck_assert(!arrived());
	pieces[m.bind.pieces.len - 1] -= OTP_MAC_KEY;
	peer_message(a, &as_is, true);
	inbox_flush(a->inbox);
	ck_assert_int_eq(in_job(1, "KME-A", nothing), 0);
	ck_assert_int_eq(received(1), BINDING_OFFERED);
	/* Another session for the same keys: both are void. */
	m = as_is;
	m.bind.session = (struct msg_view){ long_id, 16 };
	peer_message(a, &m, true);
	inbox_flush(a->inbox);
	ck_assert_int_eq(in_job(1, "KME-A", nothing), 0);
	ck_assert_int_eq(received(1), BINDING_VOID);
	ck_assert_uint_eq(env(1)->count.bindings_refused, 1);
	/* And their source hears of it. */
	ck_assert(pair_until(void_here, 10000));
	ck_assert_int_eq(drawn(), 0);
	binding_free(&b);
	pair_close();
}
END_TEST

START_TEST(what_the_peer_refuses_is_given_back)
{
	begin(2, "KME-B");
	ck_assert_int_eq(db_run(keystore_writer(env(1)->store)->db,
	    "DELETE FROM block WHERE direction = 1", "") > 0, 1);
	draw("SAE-B1", 2);
	ck_assert(pair_until(void_here, 10000));
	ck_assert_int_eq(received(1), BINDING_VOID);
	ck_assert_int_eq(drawn(), 0);
	ck_assert(nobody_to_tell());
	pair_close();
}
END_TEST

/* ---- restarts, time ---- */

static void
restart(unsigned i)
{
	pair_stop(i);
	ck_assert_int_eq(pair_start(i), 0);
}

START_TEST(a_restart_of_either_end_voids_what_was_offered)
{
	begin(4, "KME-B");
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 5000));
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 5000));
	ck_assert_int_eq(in_job(0, "KME-B", bindings_settle_issued), 0);
	ck_assert_int_eq(in_job(1, "KME-A", bindings_settle_received), 0);
	restart(1);
	ck_assert_int_eq(count(1, "SELECT count(*) FROM received"
	    " WHERE state = 2"), 1);
	ck_assert_int_eq(received(1), BINDING_VALID);
	ck_assert_int_eq(drawn(), 4);
	restart(0);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM issued"
	    " WHERE state = 2"), 1);
	ck_assert_int_eq(issued(), BINDING_VALID);
	ck_assert_int_eq(drawn(), 2);
	ck_assert(pair_until(nobody_to_tell, 10000));
	ck_assert_int_eq(received(1), BINDING_VALID);
	pair_close();
}
END_TEST

START_TEST(a_source_that_starts_again_voids_at_the_peer)
{
	begin(4, "KME-B");
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 5000));
	ck_assert_int_eq(in_job(1, "KME-A", bindings_settle_received), 0);
	restart(0);
	ck_assert_int_eq(issued(), BINDING_VOID);
	ck_assert(pair_until(void_there, 10000));
	ck_assert(pair_until(nobody_to_tell, 10000));
	ck_assert(pair_until(nothing_left, 10000));
	pair_close();
}
END_TEST

static bool
expired(void)
{
	return received(1) == BINDING_EXPIRED;
}

START_TEST(what_nobody_confirms_expires)
{
	begin(0, "KME-B");
	pair.n[1].conf.key_expiry = 1;
	draw("SAE-B1", 2);
	ck_assert(pair_until(expired, 10000));
	ck_assert(pair_until(nothing_left, 10000));
	ck_assert_int_eq(in_job(1, "KME-A", bindings_settle_received),
	    -E_GONE);
	ck_assert_uint_eq(env(1)->count.expired, 1);
	pair_close();
}
END_TEST

static int
deliver(struct side *s, int64_t p, uint64_t r)
{
	struct binding	*b;
	int		 e2;

	ck_assert_int_eq(bindings_get_received(s, p, r, &b), 0);
	ck_assert_int_eq(binding_need_fetched(b), 0);
	for (uint32_t i = 0; i < b->keys; i++)
		b->fetched[i] = binding_stamp(b, now_ms());
	e2 = bindings_fetch(s, p, b, now_ms());
	binding_free(&b);
	return e2;
}

START_TEST(what_was_brought_and_not_confirmed_expires_too)
{
	begin(0, "KME-B");
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 5000));
	ck_assert_int_eq(in_job(1, "KME-A", deliver), 0);
	pair.n[1].conf.key_expiry = 1;
	ck_assert(pair_until(expired, 10000));
	pair.n[1].conf.redelivery = 0;
	ck_assert(pair_until(nothing_left, 10000));
	pair_close();
}
END_TEST

START_TEST(what_was_brought_is_erased_before_it_is_confirmed)
{
	begin(0, "KME-B");
	pair.n[1].conf.redelivery = 0;
	draw("SAE-B1", 2);
	ck_assert(pair_until(arrived, 5000));
	ck_assert(!nothing_left());
	ck_assert_int_eq(in_job(1, "KME-A", deliver), 0);
	ck_assert(pair_until(nothing_left, 10000));
	ck_assert_int_eq(received(1), BINDING_OFFERED);
	ck_assert_int_eq(in_job(1, "KME-A", bindings_settle_received), 0);
	ck_assert_int_eq(received(1), BINDING_ERASED);
	/* The source may have heard nothing of it. */
	ck_assert_int_eq(in_job(0, "KME-B", recall_it), 0);
	ck_assert(pair_until(void_there, 10000));
	pair_close();
}
END_TEST

UNIT_MAIN("recall",
    keys_of_a_session_are_not_fetched,
    a_binding_of_a_session_that_was_lost_is_asked_for,
    one_that_asks_too_much_does_not_harm_the_others,
    two_applications_of_one_node_share_one_row,
    the_peer_is_told_until_it_answers,
    what_never_got_there_is_recalled_too,
    only_its_own_answer_ends_the_telling,
    a_void_that_comes_with_its_binding_comes_after_it,
    a_binding_of_no_session_there_can_be_is_refused,
    what_the_peer_refuses_is_given_back,
    a_restart_of_either_end_voids_what_was_offered,
    a_source_that_starts_again_voids_at_the_peer,
    what_nobody_confirms_expires,
    what_was_brought_and_not_confirmed_expires_too,
    what_was_brought_is_erased_before_it_is_confirmed)
