/* sessioncrowd.c - applications with sessions, at random. */
#include "config.h"
#include "sessioncrowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "bytes.h"
#include "err.h"
#include "ksa/binding.h"
#include "ksa/party.h"
#include "ksa/peer.h"

#define OCTETS	32

struct crowd	crowd;

/* A key that somebody had. */
struct key {
	uint8_t		id[16], bytes[OCTETS];
	bool		confirmed;	/* by its destination, the last time */
	bool		given;		/* to its source */
	UT_hash_handle	hh;
};

static struct key			*keys;
static LIST_HEAD(, notice)		 open;

static void
must(bool what, const char *text)
{
	if (what)
		return;
	fprintf(stderr, "crowd: not so: %s\n", text);
	abort();
}
#define MUST(x)	must(x, #x)

static unsigned
place(const char *application)
{
	return (unsigned)(application[4] - 'A') * 2 +
	    (unsigned)(application[5] - '1');
}

const char *
crowd_name(unsigned app)
{
	static const char	names[CROWD_APPS][7] = { "SAE-A1", "SAE-A2",
	    "SAE-B1", "SAE-B2", "SAE-C1", "SAE-C2", "SAE-D1", "SAE-D2" };

	return names[app];
}

static unsigned
any(unsigned n)
{
	return (unsigned)rand() % n;
}

static bool
is_dead(unsigned app)
{
	return crowd.killed[app / 2] || pair.n[app / 2].s == NULL;
}

static struct key *
key_of(const uint8_t id[16])
{
	struct key	*k;

	HASH_FIND(hh, keys, id, sizeof(k->id), k);
	return k;
}

/* ---- the door ---- */

static bool
on_present(void *arg, const char *application)
{
	(void)arg;
	return !crowd.absent[place(application)];
}

static void
note_brought(const struct notice *n)
{
	struct key	*k;

	crowd.brought++;
	MUST(n->octets == OCTETS);
	for (uint32_t i = 0; i < n->keys; i++) {
		const uint8_t	*bytes = n->bytes + (size_t)i * OCTETS;

		if ((k = key_of(n->ids[i])) == NULL) {
			k = calloc(1, sizeof(*k));
			memcpy(k->id, n->ids[i], sizeof(k->id));
			memcpy(k->bytes, bytes, OCTETS);
			HASH_ADD(hh, keys, id, sizeof(k->id), k);
		}
		MUST(memcmp(k->bytes, bytes, OCTETS) == 0);
		MUST(!k->given);
		k->confirmed = false;
	}
}

static int
on_send(void *arg, struct notice *n)
{
	(void)arg;
	MUST(n->guest == NULL);
	if (crowd.absent[place(n->destination)])
		return -E_NOT_FOUND;
	if (any(100) < crowd.mood.busy)
		return -E_BUSY;
	if (n->has_keys && !is_dead(place(n->destination)))
		note_brought(n);
	n->guest = &crowd;
	LIST_INSERT_HEAD(&open, n, entry);
	return 0;
}

static void
take(struct notice *n)
{
	LIST_REMOVE(n, entry);
	n->guest = NULL;
}

static void
on_cancel(void *arg, struct notice *n)
{
	(void)arg;
	if (n->guest != NULL)
		take(n);
}

static bool
on_arriving(void *arg)
{
	(void)arg;
	return any(100) < crowd.mood.busy;
}

static const struct notifier	notifier = { on_present, on_send, on_cancel,
	on_arriving };

void
crowd_door(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		if (pair.n[i].s != NULL)
			session_set_notifier(pair.n[i].s, &notifier, NULL);
}

/* ---- what applications do ---- */

static void
confirm(const struct notice *n, uint32_t i)
{
	struct key	*k = key_of(n->ids[i]);

	if (k != NULL)
		k->confirmed = true;
}

static void
accept_it(struct notice *n)
{
	uint8_t		ids[PAIR_KEYS_MAX][16];
	uint32_t	keys_n = n->has_keys ? n->keys : 0;

	for (uint32_t i = 0; i < keys_n; i++) {
		memcpy(ids[i], n->ids[i], 16);
		confirm(n, i);
	}
	take(n);
	MUST(n->answered(n, true, "success",
	    (const uint8_t (*)[16])ids, keys_n));
}

/* Some of them, each in an answer of its own. */
static void
accept_some(struct notice *n)
{
	uint8_t		id[1][16];
	uint32_t	many = n->keys, some = 1 + any(many);

	for (uint32_t i = 0; i < some; i++) {
		memcpy(id[0], n->ids[i], 16);
		confirm(n, i);
		take(n);
		if (n->answered(n, true, "success",
		    (const uint8_t (*)[16])id, 1))
			return;
		n->guest = &crowd;
		LIST_INSERT_HEAD(&open, n, entry);
	}
}

static void
refuse_it(struct notice *n)
{
	uint8_t	id[1][16] = { { 0 } };

	if (n->has_keys)
		memcpy(id[0], n->ids[any(n->keys)], 16);
	take(n);
	MUST(n->answered(n, false, "rejected: not now",
	    (const uint8_t (*)[16])id, n->has_keys));
}

static void
leave(struct notice *n)
{
	take(n);
	n->lost(n);
}

static void
act(struct notice *n)
{
	const struct crowd_mood	*m = &crowd.mood;
	unsigned		 x = any(100);

	if (x < m->accept)
		accept_it(n);
	else if (x < m->accept + m->one_by_one && n->has_keys)
		accept_some(n);
	else if (x < m->accept + m->one_by_one + m->refuse)
		refuse_it(n);
	else if (x < m->accept + m->one_by_one + m->refuse + m->leave)
		leave(n);
}

void
crowd_act(void)
{
	struct notice	*n;
	unsigned	 many = 0;

	LIST_FOREACH(n, &open, entry)
		many++;
	for (unsigned tries = many; tries > 0; tries--) {
		unsigned	k = any(many);

		LIST_FOREACH(n, &open, entry)
			if (k-- == 0)
				break;
		if (n != NULL && !is_dead(place(n->destination)))
			act(n);
	}
}

void
crowd_absent(unsigned app, bool absent)
{
	struct notice	*n, *next;

	crowd.absent[app] = absent;
	if (!absent) {
		for (unsigned i = 0; i < pair.nodes; i++)
			if (pair.n[i].s != NULL)
				session_present(pair.n[i].s, crowd_name(app));
		return;
	}
	for (n = LIST_FIRST(&open); n != NULL; n = next) {
		next = LIST_NEXT(n, entry);
		if (place(n->destination) == app) {
			leave(n);
			next = LIST_FIRST(&open);
		}
	}
}

/* ---- calls ---- */

static void
note_given(struct crowd_call *c, const struct supply_answer *a)
{
	struct crowd_session	*s = crowd.sessions;
	struct key		*k;

	MUST(a->number == c->number && a->octets == OCTETS);
	for (uint32_t i = 0; i < a->number; i++) {
		MUST((k = key_of(a->ids[i])) != NULL);
		MUST(k->confirmed && !k->given);
		MUST(memcmp(k->bytes, a->keys->bytes + (size_t)i * OCTETS,
		    OCTETS) == 0);
		k->given = true;
	}
	crowd.given += a->number;
	for (unsigned i = 0; i < CROWD_SESSIONS; i++, s++)
		if (memcmp(s->id, c->session, SESSION_ID) == 0) {
			s->had += a->number;
			MUST(s->most == 0 || s->had <= s->most);
			break;
		}
}

static void
note_opened(const struct crowd_call *c, const struct supply_answer *a)
{
	struct crowd_session	*s;

	crowd.opened++;
	if (crowd.nsessions == CROWD_SESSIONS)
		return;
	s = &crowd.sessions[crowd.nsessions++];
	*s = (struct crowd_session){ .app = c->app, .other = c->other,
	    .most = c->number };
	memcpy(s->id, a->session, SESSION_ID);
}

static void
on_done(void *arg, struct supply_answer *a)
{
	struct crowd_call	*c = arg;

	if (is_dead(c->app) || !c->busy) {
		MUST(is_dead(c->app));
		return;
	}
	c->busy = false;
	c->status = a->status;
	if (a->status != SUPPLY_OK)
		crowd.refused++;
	else if (c->opening)
		note_opened(c, a);
	else
		note_given(c, a);
}

/* In turn: what was answered can be looked at for a while. */
static struct crowd_call *
call_new(unsigned app)
{
	static unsigned	 next;

	for (unsigned i = 0; i < CROWD_CALLS && !is_dead(app); i++) {
		struct crowd_call	*c = &crowd.calls[next++ %
					    CROWD_CALLS];

		if (c->busy)
			continue;
		*c = (struct crowd_call){ .busy = true, .app = app };
		return c;
	}
	return NULL;
}

/* Whoever was answered at once has no handle. */
static struct crowd_call *
started(struct crowd_call *c, struct supply_call *handle)
{
	MUST((handle == NULL) == !c->busy);
	c->handle = handle;
	return c;
}

struct crowd_call *
crowd_open(unsigned app, unsigned other, uint64_t most)
{
	struct crowd_call	*c = call_new(app);

	if (c == NULL)
		return NULL;
	c->opening = true;
	c->other = other;
	c->number = (uint32_t)most;
	return started(c, session_open(pair.n[app / 2].s,
	    &(struct session_opening){ crowd_name(app), crowd_name(other),
	    "crowd", most }, on_done, c));
}

struct crowd_call *
crowd_draw(const struct crowd_session *s, uint32_t number)
{
	struct crowd_call	*c = call_new(s->app);

	if (c == NULL)
		return NULL;
	c->number = number;
	memcpy(c->session, s->id, SESSION_ID);
	return started(c, session_draw(pair.n[s->app / 2].s,
	    &(struct session_draw){ .caller = crowd_name(s->app),
	    .session = s->id, .number = number, .octets = OCTETS }, on_done,
	    c));
}

void
crowd_withdraw(struct crowd_call *c)
{
	if (c->busy && c->handle != NULL) {
		MUST(supply_withdraw(c->handle));
		c->busy = false;
	}
}

bool
crowd_idle(void)
{
	for (unsigned i = 0; i < CROWD_CALLS; i++)
		if (crowd.calls[i].busy)
			return false;
	return true;
}

void
crowd_lost(unsigned node)
{
	for (unsigned i = 0; i < CROWD_CALLS; i++)
		if (crowd.calls[i].app / 2 == node)
			crowd.calls[i].busy = false;
}

void
crowd_begin(void)
{
	memset(&crowd, 0, sizeof(crowd));
	crowd.mood.accept = 100;
	LIST_INIT(&open);
	crowd_door();
}

void
crowd_end(void)
{
	struct key	*k, *next;

	HASH_ITER(hh, keys, k, next) {
		HASH_DEL(keys, k);
		free(k);
	}
}

/* ---- what must hold ---- */

static struct db *
db_of(unsigned i)
{
	return keystore_reader(engine_env(pair.n[i].s)->store)->db;
}

static int64_t
count(unsigned i, const char *sql)
{
	return db_int(db_of(i), -1, sql, "");
}

static bool
quiet_at(unsigned i)
{
	const struct sessions	*a = engine_env(pair.n[i].s)->sessions;

	return count(i, "SELECT count(*) FROM recall") == 0 &&
	    count(i, "SELECT count(*) FROM session WHERE state = 2 AND"
	    " told = 0") == 0 && a->nopenings + a->ninvitations + a->ndraws +
	    a->noffers == 0 &&
	    committer_queued(keystore_committer(a->env->store)) == 0;
}

static bool
all_quiet(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		if (!quiet_at(i))
			return false;
	return crowd_idle() && LIST_EMPTY(&open);
}

/* The state of a request as that node has it, -1: not there. */
static int64_t
state(unsigned i, const char *table, unsigned other, uint64_t request)
{
	char	sql[160];

	snprintf(sql, sizeof(sql), "SELECT state FROM %s JOIN peer ON peer.id"
	    " = peer WHERE km = ?1 AND request = ?2", table);
	return db_int(db_of(i), -1, sql, "su", pair.n[other].conf.kme_id,
	    request);
}

/* Valid at both ends, or at none. */
static void
same_fate(unsigned from, unsigned to, uint64_t request)
{
	int64_t	there = state(to, "received", from, request);
	bool	valid = from == to ? there == BINDING_VALID ||
		    there == BINDING_ERASED :
		    state(from, "issued", to, request) == BINDING_VALID;

	if (valid != (there == BINDING_VALID || there == BINDING_ERASED)) {
		fprintf(stderr, "crowd: request %llu of %u: issued %lld, "
		    "received at %u %lld\n", (unsigned long long)request,
		    from, (long long)state(from, "issued", to, request), to,
		    (long long)there);
		abort();
	}
	MUST(there != BINDING_OFFERED);
}

static void
check_rows(unsigned from, unsigned to)
{
	const char	*sql = from == to ?
			    "SELECT request FROM received JOIN peer ON"
			    " peer.id = peer WHERE km = ? AND session IS NOT NULL" :
			    "SELECT request FROM issued JOIN peer ON"
			    " peer.id = peer WHERE km = ? AND session IS NOT NULL";
	sqlite3_stmt	*st = db_bind(db_of(from), sql, "s",
			    pair.n[to].conf.kme_id);
	uint64_t	*v = NULL;
	size_t		 n = 0;

	while (db_step(db_of(from), st) == SQLITE_ROW) {
		v = realloc(v, (n + 1) * sizeof(*v));
		v[n++] = (uint64_t)sqlite3_column_int64(st, 0);
	}
	sqlite3_reset(st);
	for (size_t i = 0; i < n; i++)
		same_fate(from, to, v[i]);
	free(v);
}

struct used { uint64_t block; uint32_t from, to; };

static int
by_place(const void *x, const void *y)
{
	const struct used	*a = x, *b = y;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Of whatever was drawn there, void or not. */
static void
no_octet_twice(unsigned i, unsigned to)
{
	sqlite3_stmt	*st = db_bind(db_of(i), i == to ?
			    "SELECT pieces FROM received JOIN peer ON peer.id"
			    " = peer WHERE km = ?" :
			    "SELECT pieces FROM issued JOIN peer ON peer.id ="
			    " peer WHERE km = ?", "s", pair.n[to].conf.kme_id);
	struct used	*v = NULL;
	size_t		 n = 0;

	while (db_step(db_of(i), st) == SQLITE_ROW) {
		const uint8_t	*p = sqlite3_column_blob(st, 0);
		int		 k = sqlite3_column_bytes(st, 0) / 16;

		v = realloc(v, (n + (size_t)k) * sizeof(*v));
		for (; k > 0; k--, p += 16, n++) {
			v[n].block = get_be64(p);
			v[n].from = get_be32(p + 8);
			v[n].to = v[n].from + get_be32(p + 12);
		}
	}
	sqlite3_reset(st);
	if (n > 0)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t k = 1; k < n; k++)
		MUST(v[k].block != v[k - 1].block || v[k].from >=
		    v[k - 1].to);
	free(v);
}

/* What sessions have drawn is what was supplied, on disk and in memory. */
static void
check_counts(unsigned i)
{
	const struct session	*s;
	int64_t			 on_disk;

	MUST(count(i, "SELECT count(*) FROM session WHERE source_here AND"
	    " drawn <> (SELECT total(keys) FROM (SELECT keys, session, state"
	    " FROM issued UNION ALL SELECT keys, session, state FROM received"
	    " JOIN peer ON peer.id = peer WHERE km = (SELECT km FROM peer"
	    " ORDER BY id LIMIT 1)) AS k WHERE k.session = session.id AND"
	    " k.state IN (0, 1))") == 0);
	for (s = engine_env(pair.n[i].s)->sessions->all; s != NULL;
	    s = s->hh.next) {
		MUST(s->busy == 0 && s->offers == 0);
		MUST(s->row.state != SESSION_PROPOSED);
		on_disk = db_int(db_of(i), -1, "SELECT drawn FROM session"
		    " WHERE id = ?", "b", s->row.id, (size_t)SESSION_ID);
		/* Of a proposal nothing may have got to the disk. */
		if (s->row.source_here && on_disk != (int64_t)s->row.drawn &&
		    (on_disk != -1 || s->row.state != SESSION_ENDED ||
		    s->row.drawn != 0)) {
			fprintf(stderr, "crowd: %u: session in state %d has "
			    "drawn %llu, on disk %lld\n", i,
			    (int)s->row.state,
			    (unsigned long long)s->row.drawn,
			    (long long)on_disk);
			abort();
		}
	}
}

static void
check_memory(unsigned i)
{
	const struct env	*e = engine_env(pair.n[i].s);
	const struct sessions	*a = e->sessions;
	unsigned		 living = 0, asked = 0;

	for (const struct session *s = a->all; s != NULL; s = s->hh.next) {
		living += s->row.state != SESSION_ENDED;
		asked += s->row.state != SESSION_ENDED && !s->row.source_here;
	}
	MUST(a->open == living);
	MUST(a->offered == NULL && a->bound == NULL);
	for (size_t k = 0; k < e->npeers; k++) {
		asked -= e->peers[k]->sessions;
		MUST(e->peers[k]->offers == 0);
		for (unsigned h = 0; h < HOLD_KINDS; h++)
			MUST(e->peers[k]->held[h] == 0 && a->held[h] == 0);
	}
	MUST(asked == 0);
	for (const struct party *p = a->parties; p != NULL; p = p->hh.next)
		MUST(p->waiting == 0);
}

/* What its source got is valid there. */
static void
check_given(void)
{
	uint64_t	request;
	uint32_t	at;

	for (const struct key *k = keys; k != NULL; k = k->hh.next) {
		bool	there = false;

		MUST(keyid_parse(k->id, &request, &at) == 0);
		for (unsigned i = 0; i < pair.nodes && k->given; i++)
			for (unsigned j = 0; j < pair.nodes && !there; j++) {
				int64_t	v = state(i, "received", j, request);

				there = v == BINDING_VALID ||
				    v == BINDING_ERASED;
			}
		MUST(there || !k->given);
	}
}

void
crowd_check(void)
{
	if (!pair_until(all_quiet, 30000)) {
		for (unsigned i = 0; i < pair.nodes; i++) {
			const struct sessions *a =
			    engine_env(pair.n[i].s)->sessions;

			fprintf(stderr, "crowd: %u: recall %lld, untold %lld, "
			    "openings %u, invitations %u, draws %u, offers %u,"
			    " jobs %zu\n", i,
			    (long long)count(i, "SELECT count(*) FROM recall"),
			    (long long)count(i, "SELECT count(*) FROM session"
			    " WHERE state = 2 AND told = 0"), a->nopenings,
			    a->ninvitations, a->ndraws, a->noffers,
			    committer_queued(keystore_committer(
			    a->env->store)));
		}
		abort();
	}
	for (unsigned i = 0; i < pair.nodes; i++) {
		for (unsigned k = 0; k < pair.nodes; k++) {
			check_rows(i, k);
			no_octet_twice(i, k);
		}
		check_counts(i);
		check_memory(i);
	}
	check_given();
}
