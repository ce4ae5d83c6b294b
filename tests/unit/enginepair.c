/* enginepair.c - two engines, a kma and a network in one process. */
#include "config.h"
#include "enginepair.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

#define POOL	8096		/* POOL_OCTETS(8192) */
#define TICK_US	200

struct pair		 pair;
struct pair_block	*pair_blocks;
size_t			 pair_nblocks;

/* What is on its way: a body to a node, or kma's answer to one. */
struct item {
	unsigned		 to;
	struct msg		 m;
	uint8_t			*body;
	ipc_done		*done;		/* an answer */
	void			*arg;
	int			 err;
	TAILQ_ENTRY(item)	 next;
};

static TAILQ_HEAD(wire, item)	 wire = TAILQ_HEAD_INITIALIZER(wire);
static struct event		*ticker;
static char			 dir[256];

static void
must(bool what, const char *text)
{
	if (what)
		return;
	fprintf(stderr, "engine pair: not so: %s\n", text);
	abort();
}
#define MUST(x)	must(x, #x)

static const char *
path(const char *file)
{
	static char	 buf[8][400];
	static unsigned	 next;
	char		*out = buf[next++ % 8];

	snprintf(out, sizeof(buf[0]), "%s/%s", dir, file);
	return out;
}
static const char		 names[PAIR_NODES][6] = { "KME-A", "KME-B", "KME-C",
    "KME-D", "KME-E", "KME-F", "KME-G", "KME-H", "KME-I", "KME-J", "KME-K",
    "KME-L", "KME-M", "KME-N", "KME-O", "KME-P", "KME-Q" };

static unsigned
node(const char *name)
{
	unsigned	i = 0;

	while (strcmp(names[i], name) != 0)
		MUST(++i < pair.nodes);
	return i;
}

static bool
connected(unsigned a, unsigned b)
{
	return pair.linked && !pair.away[a] && !pair.away[b] &&
	    pair.n[a].s != NULL && pair.n[b].s != NULL;
}

static struct item *
post(unsigned to, enum msg_id id)
{
	struct item	*it = calloc(1, sizeof(*it));

	it->to = to;
	it->m.id = id;
	TAILQ_INSERT_TAIL(&wire, it, next);
	return it;
}

static void
item_free(struct item *it)
{
	TAILQ_REMOVE(&wire, it, next);
	msg_wipe(&it->m);
	free(it->body);
	free(it);
}

/* ---- kma ---- */

static struct pair_block *
block_find(unsigned from, unsigned to, uint64_t serial)
{
	for (size_t i = 0; i < pair_nblocks; i++)
		if (pair_blocks[i].from == from && pair_blocks[i].to == to &&
		    pair_blocks[i].serial == serial)
			return &pair_blocks[i];
	return NULL;
}

static struct pair_block *
block_make(unsigned from, unsigned to, uint64_t serial)
{
	struct pair_block	*b;

	pair_blocks = realloc(pair_blocks,
	    (pair_nblocks + 1) * sizeof(*pair_blocks));
	b = &pair_blocks[pair_nblocks++];
	b->from = from;
	b->to = to;
	b->serial = serial;
	b->fetched = false;
	RAND_bytes(b->bytes, POOL);
	return b;
}

/* As kma does, before it refuses. */
static void
tell_paths(unsigned from, unsigned to)
{
	struct msg	m = { .id = MSG_paths };

	strcpy(m.paths.km, names[to]);
	m.paths.paths = pair.paths;
	engine_from_kma(pair.n[from].s, &m);
}

static void
on_take(struct item *it, unsigned from, const struct msg_block_take *t)
{
	unsigned	 to = node(t->peer);
	struct item	*ready;

	if (pair.dry || (to != from && !connected(from, to))) {
		it->err = -E_NO_KEY;
		return;
	}
	if (to != from && t->paths > pair.paths) {
		it->err = -E_PATHS;
		tell_paths(from, to);
		return;
	}
	block_make(from, to, t->block)->paths = pair.liar ? 1 : t->paths;
	pair.taken++;
	it->m.block_given.hops = to == from ? 0 : t->fresh ?
	    pair.fresh_hops : pair.hops;
	it->m.block_given.age = t->fresh ? pair.fresh_age : pair.age;
	it->m.block_given.block = t->block;
	it->m.block_given.paths = to == from ? 1 : t->paths;
	it->m.block_given.key = secret_copy(
	    pair_blocks[pair_nblocks - 1].bytes, POOL);
	if (to == from)
		return;
	ready = post(to, MSG_block_ready);
	strcpy(ready->m.block_ready.source, names[from]);
	ready->m.block_ready.block = t->block;
}

static int
ask(void *arg, struct msg *m, unsigned ms, ipc_done *done, void *done_arg)
{
	struct pair_node	*n = arg;
	struct item		*it = post(n->index, MSG_block_given);
	struct pair_block	*b;

	(void)ms;
	it->done = done;
	it->arg = done_arg;
	if (m->id == MSG_block_take) {
		on_take(it, n->index, &m->block_take);
		return 0;
	}
	b = block_find(node(m->block_fetch.source), n->index,
	    m->block_fetch.block);
	if (b == NULL || b->fetched)
		it->err = -E_GONE;
	else {
		b->fetched = true;
		it->m.block_given.block = b->serial;
		it->m.block_given.paths = b->paths;
		it->m.block_given.key = secret_copy(b->bytes, POOL);
	}
	return 0;
}

/* ---- relayd ---- */

static void
carry(unsigned from, unsigned to, const struct msg_view *body)
{
	struct item	*it = post(to, MSG_supply_in);

	it->body = malloc(body->len);
	memcpy(it->body, body->p, body->len);
	strcpy(it->m.supply_in.peer, names[from]);
	it->m.supply_in.body = (struct msg_view){ it->body, body->len };
}

static bool
chance(unsigned percent)
{
	return percent > 0 && (unsigned)(rand() % 100) < percent;
}

static int
tell(void *arg, const struct msg *m)
{
	struct pair_node	*n = arg;
	bool		 framed = m->id == MSG_session_out;
	const struct msg_view *body = framed ? &m->session_out.body :
			    &m->supply_out.body;
	unsigned	 to = node(framed ? m->session_out.peer :
			    m->supply_out.peer);

	if (!connected(n->index, to) || chance(pair.lose))
		return 0;
	if (pair.spy != NULL && body->p[0] == 0 &&
	    pair.spy(n->index, to, body))
		return 0;
	if (pair.lose_confirm > 0 && body->p[0] == 1) {
		pair.lose_confirm--;
		return 0;
	}
	carry(n->index, to, body);
	if (chance(pair.repeat))
		carry(n->index, to, body);
	return 0;
}

static const struct engine_ops ops = { .ask = ask, .tell = tell };

static void
deliver(struct item *it)
{
	struct supply	*s = pair.n[it->to].s;

	if (it->done != NULL) {
		if (s != NULL)
			it->done(it->arg, it->err,
			    it->err == 0 ? &it->m : NULL);
	} else if (s == NULL) {
		;
	} else if (it->m.id == MSG_block_ready)
		engine_from_kma(s, &it->m);
	else if (pair.linked)
		engine_from_relayd(s, &it->m);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct item	*it, *last = TAILQ_LAST(&wire, wire);

	(void)fd, (void)what, (void)arg;
	for (bool more = last != NULL; more;) {
		it = TAILQ_FIRST(&wire);
		more = it != last;
		deliver(it);
		item_free(it);
		if (pair.step != NULL)
			pair.step();
	}
}

/* ---- nodes ---- */

static void
reach(unsigned i, unsigned other)
{
	struct msg	m = { .id = MSG_reach };

	if (pair.n[i].s == NULL)
		return;
	strcpy(m.reach.km, names[other]);
	m.reach.up = connected(i, other);
	engine_from_relayd(pair.n[i].s, &m);
}

static void
reach_all(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		for (unsigned k = 0; k < pair.nodes; k++)
			if (i != k)
				reach(i, k);
}

void
pair_link(bool up)
{
	pair.linked = up;
	reach_all();
}

void
pair_away(unsigned i, bool away)
{
	pair.away[i] = away;
	reach_all();
}

/* Beside the store; fuzz targets have no unit_path(). */
static int
put_key(struct pair_node *n, const uint8_t key[SEAL_KEY])
{
	FILE	*f;
	bool	 done;

	snprintf(n->conf.node_key, sizeof(n->conf.node_key), "%s/%zu.key",
	    dir, (size_t)(n - pair.n));
	unlink(n->conf.node_key);
	if ((f = fopen(n->conf.node_key, "wex")) == NULL)
		return -E_SYSTEM;
	done = fchmod(fileno(f), 0400) == 0 && fwrite(key, SEAL_KEY, 1, f) == 1;
	return fclose(f) == 0 && done ? 0 : -E_SYSTEM;
}

int
pair_start(unsigned i)
{
	struct pair_node	*n = &pair.n[i];
	uint8_t			 key[SEAL_KEY];
	int			 r;

	memset(key, 0x40 + (int)i, sizeof(key));
	if ((r = put_key(n, key)) < 0)
		return r;
	r = engine_new(&n->s, pair.base, &n->conf, n->book, &ops, n);
	if (r < 0)
		return r;
	engine_kma_up(n->s);
	reach_all();
	return 0;
}

void
pair_stop(unsigned i)
{
	struct item	*it, *next;

	if (pair.n[i].s == NULL)
		return;
	engine_env(pair.n[i].s)->stopping = true;
	for (it = TAILQ_FIRST(&wire); it != NULL; it = next) {
		next = TAILQ_NEXT(it, next);
		if (it->to != i || it->m.id == MSG_block_ready)
			continue;
		if (it->done != NULL)
			it->done(it->arg, -E_CLOSED, NULL);
		item_free(it);
	}
	engine_free(&pair.n[i].s);
	reach_all();
}

static struct ksa_peer		peers[PAIR_NODES][PAIR_NODES];
static struct ksa_application	apps[2 * PAIR_NODES];

static const char *
own(unsigned i, const char *what)
{
	char	file[64];

	snprintf(file, sizeof(file), what, 'a' + (int)i);
	return path(file);
}

static void
configure(unsigned i)
{
	struct ksa_conf	*c = &pair.n[i].conf;
	size_t		 n = 0;

	memset(c, 0, sizeof(*c));
	strcpy(c->kme_id, names[i]);
	snprintf(c->run_dir, sizeof(c->run_dir), "%.79s", own(i, "run-%c"));
	mkdir(c->run_dir, 0700);
	mkdir(own(i, "run-%c/ctl-ksa"), 0700);
	snprintf(c->store, sizeof(c->store), "%s", pair_store(i));
	for (unsigned k = 0; k < pair.nodes; k++)
		if (k != i && (i == 0 || k == 0 || pair.nodes <= PAIR_MESH)) {
			peers[i][n].disjoint_paths = 1;
			strcpy(peers[i][n++].kme_id, names[k]);
		}
	c->peers = (struct conf_list){ n, peers[i] };
	c->applications = (struct conf_list){ 2 * pair.nodes, apps };
	c->max_announced = 65536;
	c->pool_low = 20000;
	c->pool_high = 40000;
	c->key_size = 256;
	c->min_key_size = 64;
	c->max_key_size = 65536;
	c->max_key_per_request = PAIR_KEYS_MAX;
	c->max_waiting = 16;
	c->max_SAE_ID_count = 16;
	c->relay_wait = 1500;
	c->query_wait = 1500;
	c->confirm_wait = 3000;
	c->redelivery = 30;
	c->key_expiry = 86400;
	c->tombstone = 86400;
	c->session_answer_wait = 500;
	c->session_grace = 30;
	c->session_idle = 3600;
	c->max_sessions = 20;
	c->max_sessions_per_application = 10;
	pair.n[i].index = i;
	MUST(sae_book_new(&pair.n[i].book, c) == 0);
}

const char *
pair_store(unsigned i)
{
	return own(i, "%c.db");
}

const char *
pair_witness(unsigned i)
{
	return own(i, "run-%c/ctl-ksa/witness");
}

void
pair_open_nodes(const char *where, unsigned nodes)
{
	const struct timeval	 tv = { 0, TICK_US };

	MUST(secret_init(8 << 20) == 0);
	snprintf(dir, sizeof(dir), "%s", where);
	memset(&pair, 0, sizeof(pair));
	pair.nodes = nodes;
	for (unsigned i = 0; i < 2 * nodes; i++) {
		snprintf(apps[i].id, sizeof(apps[i].id), "SAE-%c%u",
		    'A' + (int)i / 2, i % 2 + 1);
		strcpy(apps[i].km, names[i / 2]);
	}
	pair.base = event_base_new();
	pair.linked = true;
	pair.paths = 1;
	ticker = event_new(pair.base, -1, EV_PERSIST, on_tick, NULL);
	event_add(ticker, &tv);
	for (unsigned i = 0; i < nodes; i++)
		configure(i);
}

void
pair_open(const char *where)
{
	pair_open_nodes(where, 2);
}

void
pair_close(void)
{
	struct item	*it;

	for (unsigned i = 0; i < pair.nodes; i++) {
		pair_stop(i);
		sae_book_free(&pair.n[i].book);
	}
	while ((it = TAILQ_FIRST(&wire)) != NULL)
		item_free(it);
	event_free(ticker);
	event_base_free(pair.base);
	free(pair_blocks);
	pair_blocks = NULL;
	pair_nblocks = 0;
}

static void
copy_file(const char *from, const char *to)
{
	char	 buf[4096];
	FILE	*in = fopen(from, "r"), *out;
	size_t	 n;

	unlink(to);
	if (in == NULL)
		return;
	MUST((out = fopen(to, "w")) != NULL);
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		MUST(fwrite(buf, 1, n, out) == n);
	fclose(in);
	fclose(out);
	chmod(to, 0640);
}

void
pair_store_copy(unsigned i, const char *to, bool back)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char	a[512], b[512];

	for (unsigned k = 0; k < 3; k++) {
		snprintf(a, sizeof(a), "%.400s%s", pair_store(i), parts[k]);
		snprintf(b, sizeof(b), "%.400s%s", path(to), parts[k]);
		if (back)
			copy_file(b, a);
		else
			copy_file(a, b);
	}
}

/* ---- running ---- */

void
pair_run(unsigned ms)
{
	uint64_t	end = mono_ms() + ms;

	while (mono_ms() < end)
		event_base_loop(pair.base, EVLOOP_ONCE);
}

bool
pair_until(bool (*fn)(void), unsigned ms)
{
	uint64_t	end = mono_ms() + ms;

	while (!fn()) {
		if (mono_ms() > end)
			return false;
		event_base_loop(pair.base, EVLOOP_ONCE);
	}
	return true;
}

bool
pair_ready(void)
{
	bool	ready = true;

	for (unsigned i = 0; i < pair.nodes; i++) {
		json_t	*o = json_object(), *missing = json_array();

		if (pair.n[i].s == NULL ||
		    !supply_report(pair.n[i].s, o, missing, missing))
			ready = false;
		json_decref(o);
		json_decref(missing);
	}
	return ready;
}

static void
on_done(void *arg, struct supply_answer *a)
{
	struct pair_result	*r = arg;

	MUST(!r->done);
	r->done = true;
	r->status = a->status;
	r->unmet = a->unmet;
	r->told = a->origin != NULL;
	if (r->told)
		r->origin = *a->origin;
	if (a->detail != NULL)
		snprintf(r->detail, sizeof(r->detail), "%s", a->detail);
	if (a->status != SUPPLY_OK)
		return;
	MUST(a->number <= PAIR_KEYS_MAX && a->keys->len <= PAIR_BYTES_MAX);
	r->number = a->number;
	r->octets = a->octets;
	for (uint32_t i = 0; i < a->number; i++)
		r->sizes[i] = a->sizes == NULL ? a->octets : a->sizes[i];
	memcpy(r->ids, a->ids, a->number * 16);
	memcpy(r->keys, a->keys->bytes, a->keys->len);
}

void
pair_wait(struct pair_result *r)
{
	uint64_t	end = mono_ms() + 20000;

	while (!r->done) {
		MUST(mono_ms() < end);
		event_base_loop(pair.base, EVLOOP_ONCE);
	}
}

struct supply_call *
pair_enc_start(unsigned i, const char *master, const char *slaves,
    uint32_t number, uint32_t octets, struct pair_result *r)
{
	char			 buf[1024], *save;
	const char		*v[SUPPLY_SLAVES_MAX];
	struct supply_request	 q = { .master = master, .slaves = v,
	    .number = number, .octets = octets, .wish = pair.wish,
	    .session = pair.session };

	snprintf(buf, sizeof(buf), "%s", slaves);
	for (char *s = strtok_r(buf, " ", &save); s != NULL;
	    s = strtok_r(NULL, " ", &save)) {
		MUST(q.nslaves < SUPPLY_SLAVES_MAX);
		v[q.nslaves++] = s;
	}
	memset(r, 0, sizeof(*r));
	return supply_enc(pair.n[i].s, &q, on_done, r);
}

void
pair_enc(unsigned i, const char *master, const char *slaves, uint32_t number,
    uint32_t octets, struct pair_result *r)
{
	(void)pair_enc_start(i, master, slaves, number, octets, r);
	pair_wait(r);
}

struct supply_call *
pair_dec_start(unsigned i, const char *caller, const uint8_t (*ids)[16],
    uint32_t number, struct pair_result *r)
{
	memset(r, 0, sizeof(*r));
	return supply_dec(pair.n[i].s, &(struct supply_claim){
	    .caller = caller, .ids = ids, .number = number }, on_done, r);
}

void
pair_dec(unsigned i, const char *caller, const char *peer_sae,
    const uint8_t (*ids)[16], uint32_t number, struct pair_result *r)
{
	memset(r, 0, sizeof(*r));
	supply_dec(pair.n[i].s, &(struct supply_claim){ .caller = caller,
	    .peer_sae = peer_sae, .ids = ids, .number = number,
	    .fits = pair.fits }, on_done, r);
	pair_wait(r);
}
