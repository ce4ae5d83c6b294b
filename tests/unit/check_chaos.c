/*
 * check_chaos.c - four engines under random requests, losses, stops, full
 * disks and kills, in several lives on the same stores. What masters got is
 * told to the parent at once; nothing of it may be lost or differ, and no
 * octet of any pool may have been used before.
 *
 * CHAOS_SEED and CHAOS_LIVES in the environment: another run, a longer one.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "bytes.h"
#include "enginepair.h"
#include "err.h"
#include "ksa/bindings.h"
#include "ksa/peer.h"
#include "unit.h"

#define NODES		4
#define APPS		(2 * NODES)
#define OCTETS_MAX	512
#define KEYS_MAX	60000
#define CALLS		48
#define NEEDLE		8

static const char *const	saes[APPS] = { "SAE-A1", "SAE-A2", "SAE-B1",
    "SAE-B2", "SAE-C1", "SAE-C2", "SAE-D1", "SAE-D2" };

struct key {
	uint8_t		id[16];
	uint8_t		slaves;			/* a bit each */
	uint8_t		master;
	uint16_t	len;
	uint8_t		bytes[OCTETS_MAX];
};

static struct key	*keys;
static size_t		 nkeys;
static int		 report = -1;

/* In a life a failed check has to end it: there is no Check. */
static void
die(const char *what, const char *detail)
{
	fprintf(stderr, "chaos: %s: %s\n", what, detail);
	_exit(9);
}

/* ---- calls ---- */

struct call {
	bool		 busy;
	bool		 enc;
	unsigned	 app;
	uint8_t		 slaves;
	uint32_t	 number, octets;
	size_t		 which[8];		/* dec: keys */
	uint8_t		 ids[8][16];
	struct supply_call *handle;
};

static struct call	calls[CALLS];
static unsigned		drawn, fetched, refused;

static void
got(struct call *c, const struct supply_answer *a)
{
	struct key	k = { .slaves = c->slaves, .master = (uint8_t)c->app,
	    .len = (uint16_t)c->octets };

	if (a->number != c->number || a->octets != c->octets ||
	    a->keys->len != (size_t)c->number * c->octets)
		die("another number than asked for", "");
	for (uint32_t i = 0; i < a->number; i++) {
		memcpy(k.id, a->ids[i], 16);
		memcpy(k.bytes, a->keys->bytes + i * c->octets, c->octets);
		if (write(report, &k, sizeof(k)) != sizeof(k))
			die("write", "");
		if (nkeys < KEYS_MAX)
			keys[nkeys++] = k;
		drawn++;
	}
}

static void
compare(struct call *c, const struct supply_answer *a)
{
	const uint8_t	*p = a->keys->bytes;

	if (a->number != c->number)
		die("another number than asked for", "");
	for (uint32_t i = 0; i < c->number; i++) {
		const struct key	*k = &keys[c->which[i]];
		uint32_t		 n = a->sizes ? a->sizes[i] : a->octets;

		if (n != k->len || memcmp(p, k->bytes, n) != 0)
			die("master and slave differ", saes[c->app]);
		p += n;
		fetched++;
	}
}

static void
on_done(void *arg, struct supply_answer *a)
{
	struct call	*c = arg;

	if (!c->busy)
		die("answered twice", "");
	c->busy = false;
	if (a->status == SUPPLY_OK && c->enc)
		got(c, a);
	else if (a->status == SUPPLY_OK)
		compare(c, a);
	else if (!c->enc && a->status != SUPPLY_UNAVAILABLE)
		die(saes[c->app], a->detail);
	else
		refused++;
}

static struct call *
call_new(void)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (!calls[i].busy) {
			memset(&calls[i], 0, sizeof(calls[i]));
			calls[i].busy = true;
			return &calls[i];
		}
	return NULL;
}

static unsigned
any(unsigned n)
{
	return (unsigned)rand() % n;
}

static bool
one_in(unsigned n)
{
	return any(n) == 0;
}

static void
draw(void)
{
	static const uint32_t	 sizes[] = { 1, 8, 32, 32, 33, 64, 500 };
	const char		*slaves[APPS];
	struct supply_request	 q = { .slaves = slaves };
	unsigned		 order = any(APPS), n = 1 + any(5);
	struct call		*c;

	if ((c = call_new()) == NULL)
		return;
	c->enc = true;
	c->app = any(APPS);
	if (pair.n[c->app / 2].s == NULL) {
		c->busy = false;
		return;
	}
	for (unsigned i = 0; i < APPS && q.nslaves < n; i++) {
		unsigned	k = (order + i * 3) % APPS;

		if (k == c->app)
			continue;
		slaves[q.nslaves++] = saes[k];
		c->slaves |= (uint8_t)(1 << k);
	}
	q.master = saes[c->app];
	c->octets = q.octets = sizes[any(7)];
	c->number = q.number = 1 + (one_in(8) ? any(60) : any(4));
	if (one_in(4)) {
		q.wish.asked = true;
		*(one_in(2) ? &q.wish.mandatory : &q.wish.optional) =
		    1 + any(3);
		q.wish.max_age = any(3000);
	}
	c->handle = supply_enc(pair.n[c->app / 2].s, &q, on_done, c);
}

static void
fetch_some(size_t first, unsigned app)
{
	struct call	*c;

	if (pair.n[app / 2].s == NULL || (c = call_new()) == NULL)
		return;
	c->app = app;
	for (size_t i = first; i < nkeys && c->number < 8; i++) {
		if (keys[i].master != keys[first].master ||
		    (keys[i].slaves >> app & 1) == 0)
			continue;
		c->which[c->number] = i;
		memcpy(c->ids[c->number++], keys[i].id, 16);
	}
	if (c->number == 0) {
		c->busy = false;
		return;
	}
	c->handle = supply_dec(pair.n[app / 2].s, &(struct supply_claim){
	    .caller = saes[app], .peer_sae = saes[keys[first].master],
	    .ids = (const uint8_t (*)[16])c->ids, .number = c->number },
	    on_done, c);
}

static void
fetch(void)
{
	size_t	first;

	if (nkeys == 0)
		return;
	first = one_in(3) ? any((unsigned)nkeys) :
	    nkeys - 1 - any(nkeys < 40 ? (unsigned)nkeys : 40);
	fetch_some(first, any(APPS));
}

static void
withdraw(void)
{
	struct call	*c = &calls[any(CALLS)];

	if (c->busy && c->handle != NULL && supply_withdraw(c->handle))
		c->busy = false;
}

/* ---- faults ---- */

static int
limit_run(struct db *db, void *arg)
{
	char	sql[64];
	int64_t	pages = db_int(db, 0, "PRAGMA page_count", "");

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld",
	    *(bool *)arg ? (long long)pages : 1073741823LL);
	return db_exec(db, sql);
}

static void
disk(unsigned i, bool full)
{
	if (pair.n[i].s != NULL)
		(void)committer_sync(keystore_committer(
		    engine_env(pair.n[i].s)->store), limit_run, &full);
}

static void
start(unsigned i)
{
	if (pair.n[i].s == NULL && pair_start(i) < 0)
		die("does not start", pair_store(i));
}

static void
fault(void)
{
	unsigned	i = any(NODES);

	switch (any(9)) {
	case 0:
		pair_stop(i);
		break;
	case 1:
	case 2:
		start(i);
		break;
	case 3:
		pair_away(i, !pair.away[i]);
		break;
	case 4:
		pair.dry = !pair.dry;
		break;
	case 5:
		pair.lose = any(15);
		pair.repeat = any(15);
		break;
	case 6:
		disk(i, true);
		break;
	case 7:
		disk(i, false);
		break;
	case 8:
		pair.hops = any(3);
		pair.fresh_hops = any(2);
		pair.age = any(4000);
	}
}

/* ---- a life ---- */

static void
open_all(const char *where)
{
	pair_open_nodes(where, NODES);
	for (unsigned i = 0; i < NODES; i++) {
		pair.n[i].conf.pool_low = 30000;
		pair.n[i].conf.pool_high = 60000;
		pair.n[i].conf.redelivery = 3600;
		pair.n[i].conf.relay_wait = 1000;
		pair.n[i].conf.query_wait = 2000;
		start(i);
	}
}

static void
life(const char *where, unsigned ms)
{
	const struct itimerval	end = { { 0, 0 },
	    { ms / 1000, ms % 1000 * 1000 } };

	/* Ends the process, at any instruction; Check had other plans. */
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &end, NULL);
	open_all(where);
	for (;;) {
		for (unsigned n = any(6); n > 0; n--)
			draw();
		for (unsigned n = any(6); n > 0; n--)
			fetch();
		if (one_in(4))
			withdraw();
		if (one_in(12))
			fault();
		pair_run(1 + any(4));
	}
}

/* ---- the last life: everything is there, nothing was used twice ---- */

struct used { uint64_t block; uint32_t from, to; };

static int
by_place(const void *x, const void *y)
{
	const struct used	*a = x, *b = y;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Keys, pads and keys of MACs alike: `pieces` of all requests. */
static void
no_octet_twice(unsigned i, const char *table, const char *km)
{
	struct db	*db = keystore_reader(engine_env(
			    pair.n[i].s)->store)->db;
	struct used	*v = NULL;
	size_t		 n = 0;
	char		 sql[200];
	sqlite3_stmt	*st;

	snprintf(sql, sizeof(sql), "SELECT pieces FROM %s JOIN peer ON"
	    " peer.id = peer WHERE km = ? AND state <> 2", table);
	st = db_bind(db, sql, "s", km);
	while (db_step(db, st) == SQLITE_ROW) {
		const uint8_t	*p = sqlite3_column_blob(st, 0);
		int		 k = sqlite3_column_bytes(st, 0) / 16;

		v = realloc(v, (n + (size_t)k) * sizeof(*v));
		for (; k > 0; k--, p += 16, n++) {
			v[n].block = get_be64(p);
			v[n].from = get_be32(p + 8);
			v[n].to = v[n].from + get_be32(p + 12);
		}
	}
	if (n > 0)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t k = 1; k < n; k++)
		if (v[k].block == v[k - 1].block && v[k].from < v[k - 1].to)
			die("octets used twice", table);
	free(v);
}

static bool
idle(void)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (calls[i].busy)
			return false;
	return true;
}

/* Until it has succeeded: what is waited for may still be on its way. */
static void
fetch_these(unsigned app, const char *master, const size_t *which, uint32_t n)
{
	static struct pair_result	r;
	static uint8_t			ids[PAIR_KEYS_MAX][16];
	const uint8_t			*p = r.keys;

	for (uint32_t i = 0; i < n; i++)
		memcpy(ids[i], keys[which[i]].id, 16);
	for (unsigned tries = 0; tries < 20; tries++) {
		pair_dec(app / 2, saes[app], master,
		    (const uint8_t (*)[16])ids, n, &r);
		if (r.status != SUPPLY_UNAVAILABLE)
			break;
	}
	if (r.status != SUPPLY_OK)
		die(saes[app], r.detail);
	for (uint32_t i = 0; i < n; p += r.sizes[i++])
		if (r.sizes[i] != keys[which[i]].len ||
		    memcmp(p, keys[which[i]].bytes, r.sizes[i]) != 0)
			die("master and slave differ", saes[app]);
}

static void
fetch_all(unsigned app, unsigned master)
{
	size_t		which[PAIR_KEYS_MAX];
	uint32_t	n = 0;

	for (size_t k = 0; k < nkeys; k++) {
		if (keys[k].master == master && (keys[k].slaves >> app & 1))
			which[n++] = k;
		if (n == PAIR_KEYS_MAX || (n > 0 && k + 1 == nkeys)) {
			fetch_these(app, saes[master], which, n);
			n = 0;
		}
	}
}

static int64_t
count(unsigned i, const char *sql)
{
	return db_int(keystore_reader(engine_env(pair.n[i].s)->store)->db, -1,
	    sql, "");
}

static const char *const	leftovers[] = {
	"SELECT count(*) FROM copy",
	"SELECT count(*) FROM fetched",
	"SELECT count(*) FROM received WHERE state = 0",
	"SELECT count(*) FROM block WHERE used = octets",
	/* clang wants to be told that these are one. */
	("SELECT count(*) FROM block WHERE direction = 0 AND used <> wiped"
	    " AND peer <> (SELECT peer.id FROM peer ORDER BY id LIMIT 1)"),
};
#define LEFTOVERS	(sizeof(leftovers) / sizeof(leftovers[0]))

static bool
nothing_left(void)
{
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < LEFTOVERS; k++)
			if (count(i, leftovers[k]) != 0)
				return false;
	return true;
}

static void
tell_leftovers(void)
{
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < LEFTOVERS; k++)
			if (count(i, leftovers[k]) != 0)
				fprintf(stderr, "chaos: left at %u: %s: %lld\n",
				    i, leftovers[k],
				    (long long)count(i, leftovers[k]));
}

static void
last_life(const char *where)
{
	open_all(where);
	if (!pair_until(pair_ready, 60000))
		die("not ready again", "");
	for (unsigned app = 0; app < APPS; app++)
		for (unsigned master = 0; master < APPS; master++)
			fetch_all(app, master);
	for (unsigned i = 0; i < NODES; i++) {
		struct env	*e = engine_env(pair.n[i].s);

		if (count(i, "SELECT count(*) FROM received"
		    " WHERE state = 2") != 0)
			die("voided bindings", pair_store(i));
		for (size_t k = 0; k < e->npeers; k++) {
			no_octet_twice(i, "issued", e->peers[k]->km);
			no_octet_twice(i, "received", e->peers[k]->km);
		}
	}
	if (!pair_until(idle, 5000))
		die("a call has no end", "");
	pair_close();
	_exit(0);
}

/* All that nobody fetches expires; then no copy is left, and no octets of
 * blocks that are used up. */
static void
after_life(const char *where)
{
	pair_open_nodes(where, NODES);
	for (unsigned i = 0; i < NODES; i++) {
		pair.n[i].conf.redelivery = 0;
		pair.n[i].conf.key_expiry = 1;
		start(i);
	}
	if (!pair_until(pair_ready, 60000))
		die("not ready again", "");
	if (!pair_until(nothing_left, 30000)) {
		tell_leftovers();
		die("something is left", where);
	}
	pair_close();
	_exit(0);
}

/* ---- the parent ---- */

struct needle { uint8_t octets[NEEDLE]; UT_hash_handle hh; };
static struct needle	*needles;

static void
no_needle_twice(const struct key *k)
{
	struct needle	*n;

	for (unsigned at = 0; at + NEEDLE <= k->len; at++) {
		HASH_FIND(hh, needles, k->bytes + at, NEEDLE, n);
		ck_assert_msg(n == NULL, "octets of a key given before");
	}
	for (unsigned at = 0; at + NEEDLE <= k->len; at += NEEDLE) {
		n = calloc(1, sizeof(*n));
		memcpy(n->octets, k->bytes + at, NEEDLE);
		HASH_ADD(hh, needles, octets, NEEDLE, n);
	}
}

static void
read_all(int fd)
{
	struct key	k;
	size_t		have = 0;
	ssize_t		n;

	while ((n = read(fd, (char *)&k + have, sizeof(k) - have)) > 0) {
		if ((have += (size_t)n) < sizeof(k))
			continue;
		have = 0;
		no_needle_twice(&k);
		ck_assert_uint_lt(nkeys, KEYS_MAX);
		keys[nkeys++] = k;
	}
}

static int
in_a_child(void (*fn)(const char *), const char *where, unsigned seed,
    unsigned ms)
{
	int	p[2], status;
	pid_t	pid;

	ck_assert_int_eq(pipe(p), 0);
	if ((pid = fork()) == 0) {
		close(p[0]);
		report = p[1];
		srand(seed);
		if (fn == NULL)
			life(where, ms);
		fn(where);
	}
	ck_assert_int_gt(pid, 0);
	close(p[1]);
	read_all(p[0]);
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static unsigned
setting(const char *name, unsigned dflt)
{
	const char	*s = getenv(name);

	return s == NULL ? dflt : (unsigned)strtoul(s, NULL, 10);
}

START_TEST(nothing_is_lost_or_used_twice_whatever_happens)
{
	unsigned	 seed = setting("CHAOS_SEED", (unsigned)time(NULL));
	unsigned	 lives = setting("CHAOS_LIVES", 6);
	const char	*where = unit_path(".");
	int		 status;

	keys = calloc(KEYS_MAX, sizeof(*keys));
	printf("CHAOS_SEED=%u\n", seed);
	for (unsigned i = 0; i < lives; i++) {
		status = in_a_child(NULL, where, seed + i,
		    800 + (seed + i) * 7919 % 1500);
		ck_assert_msg(WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGALRM, "CHAOS_SEED=%u: status %x in "
		    "life %u", seed, status, i);
	}
	printf("%zu keys\n", nkeys);
	ck_assert_uint_gt(nkeys, 0);
	status = in_a_child(last_life, where, 0, 0);
	ck_assert_msg(status == 0, "CHAOS_SEED=%u: status %x", seed, status);
	status = in_a_child(after_life, where, 0, 0);
	ck_assert_msg(status == 0, "CHAOS_SEED=%u: status %x", seed, status);
	free(keys);
}
END_TEST

UNIT_MAIN("chaos",
    nothing_is_lost_or_used_twice_whatever_happens)
