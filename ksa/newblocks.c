/* newblocks.c - pool blocks on their way to be available. */
#include "ksa/newblocksint.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "block.h"
#include "err.h"
#include "ksa/blocks.h"
#include "ksa/channel.h"
#include "ksa/confirm.h"
#include "ksa/paths.h"
#include "ksa/pool.h"
#include "ksa/record.h"
#include "log.h"
#include "secret.h"

#define FETCH_MS	10000
#define LATE_MS		1000	/* with the peer there, it will not come */
#define ENTRIES_MAX	4096	/* of one peer and direction */
#define STALE_FACTOR	4	/* the source gives up long before */

struct newblock {
	uint64_t		 serial;
	int64_t			 id;		/* in the store; 0: not yet */
	uint32_t		 octets;	/* for applications */
	struct material		 material;
	struct confirm_tags	 tags;
	bool			 asked;		/* a good confirm came early */
	bool			 settling;	/* a job is on its way */
	uint64_t		 since, said;
	UT_hash_handle		 hh;
};

struct side *
newblocks_writer(const struct job *j)
{
	return keystore_writer(j->peer->env->store);
}

struct block_name
newblocks_name(const struct peer *p, int direction, uint64_t serial)
{
	return (struct block_name){ p->km, p->id, direction, serial };
}

static struct newblock *
find(struct newblocks *n, int direction, uint64_t serial)
{
	struct newblock	*b;

	HASH_FIND(hh, n->v[direction], &serial, sizeof(serial), b);
	return b;
}

static void
drop(struct newblocks *n, int direction, struct newblock *b)
{
	HASH_DEL(n->v[direction], b);
	free(b);
}

void
newblocks_forget(struct newblocks *n, int direction, uint64_t serial)
{
	struct newblock	*b = find(n, direction, serial);

	if (b != NULL)
		drop(n, direction, b);
}

struct job *
newblocks_job(struct newblocks *n, int direction, uint64_t serial)
{
	struct job	*j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->peer = n->peer;
	j->generation = n->peer->generation;
	j->direction = direction;
	j->serial = serial;
	j->now = now_ms();
	j->key_id = channel_key_id(n->peer, direction, serial);
	return j;
}

void
newblocks_job_free(struct job *j)
{
	secret_free(&j->pool);
	secure_free(j->key, 32);
	free(j);
}

/* ---- settling: equal at both ends ---- */

static int
settle_run(struct db *db, void *arg)
{
	struct job		*j = arg;
	struct block_name	 b = newblocks_name(j->peer, j->direction,
				    j->serial);
	struct block_row	 row;
	struct side		*s = newblocks_writer(j);
	int			 r;

	(void)db;
	if ((r = blocks_find(s, &b, &row)) < 0)
		return r;
	j->known = row.state != BLOCK_NEW;
	if (j->known)
		return 0;
	if ((r = blocks_read_head(s, &b, row.id, POOL_CONTROL, 32,
	    j->key)) < 0 ||
	    (r = channel_key_run(s, j->peer->id, j->key_id, j->key)) < 0 ||
	    (r = blocks_ready(s, row.id, j->answer)) < 0)
		return r;
	return record_block(s, AUDIT_AVAILABLE, j->peer->id, j->direction,
	    j->serial, row.octets, NULL);
}

static void
send_confirmed(struct newblocks *n, uint64_t serial, int failure,
    const uint8_t *tag)
{
	struct msg	m = { .id = MSG_confirmed };

	m.confirmed.block = serial;
	m.confirmed.failure = (uint32_t)-failure;
	m.confirmed.tag = (struct msg_view){ tag, tag == NULL ? 0 : OTP_MAC };
	(void)channel_send_either(n->peer->channel, &m);
}

static void
settle_done(void *arg, int r)
{
	/* model: transfer settled */
	struct job		*j = arg;
	struct peer		*p = j->peer;
	struct newblock		*b = find(p->newblocks, j->direction,
				    j->serial);

	if (j->generation != p->generation || b == NULL)
		goto out;
	b->settling = false;
	if (r < 0) {		/* the other side repeats itself, we try again */
		peer_error(p, "block not settled: %s", err_text(r));
		goto out;
	}
	if (!j->known)
		channel_key_done(p->channel, j->key_id, j->key);
	/* First: the pool may find at once that it does not open, and void it. */
	drop(p->newblocks, j->direction, b);
	if (j->direction == OWN) {
		pool_add(p->pool, j->id, j->serial, j->octets, 0,
		    &j->material);
	} else {
		send_confirmed(p->newblocks, j->serial, 0, j->answer);
		pool_peer_stores(p->pool);
	}
out:
	newblocks_job_free(j);
}

static void
settle(struct newblocks *n, int direction, struct newblock *b)
{
	/* model: transfer settle */
	struct job	*j;

	if (b->settling || b->id == 0 ||
	    (j = newblocks_job(n, direction, b->serial)) == NULL)
		return;
	if ((j->key = secure_calloc(32)) == NULL) {
		newblocks_job_free(j);
		return;
	}
	memcpy(j->answer, b->tags.back, sizeof(j->answer));
	j->id = b->id;
	j->octets = b->octets;
	j->material = b->material;
	b->settling = true;
	env_add(n->peer->env, settle_run, settle_done, j);
}

static void
send_confirm(struct newblocks *n, struct newblock *b)
{
	struct msg	m = { .id = MSG_confirm };

	b->said = mono_ms();
	m.confirm.block = b->serial;
	m.confirm.tag = (struct msg_view){ b->tags.out, OTP_MAC };
	(void)channel_send_either(n->peer->channel, &m);
}

/* A block that is not new: our answer was lost, or it is still to come. */
static void
confirm_again(struct newblocks *n, const struct msg_confirm *m)
{
	struct block_name	 name = newblocks_name(n->peer, THEIRS,
				    m->block);
	struct block_row	 row;
	struct early		*e;
	int			 r;

	r = blocks_find(keystore_reader(n->peer->env->store), &name, &row);
	if (r == 0 && row.state == BLOCK_READY)
		send_confirmed(n, m->block, 0, row.answer);
	if (r != -E_NOT_FOUND)
		return;
	e = &n->early[n->nearly++ % NEWBLOCKSINT_EARLY];
	e->serial = m->block;
	memcpy(e->tag, m->tag.p, OTP_MAC);
}

static bool
was_early(const struct newblocks *n, const struct newblock *b)
{
	for (unsigned i = 0; i < NEWBLOCKSINT_EARLY; i++)
		if (n->early[i].serial == b->serial &&
		    mac_check(n->early[i].tag, b->tags.out, OTP_MAC) == 0)
			return true;
	return false;
}

void
newblocks_confirm(struct newblocks *n, const struct msg_confirm *m,
    bool authentic)
{
	/* model: transfer confirm */
	struct newblock	*b = find(n, THEIRS, m->block);

	if (m->tag.len != OTP_MAC || m->block > INT64_MAX) {
		n->peer->env->count.bad_messages++;
		return;
	}
	if (b == NULL) {
		confirm_again(n, m);
		return;
	}
	if (mac_check(m->tag.p, b->tags.out, OTP_MAC) == 0) {
		b->asked = true;
		settle(n, THEIRS, b);
	} else if (authentic) {
		send_confirmed(n, m->block, -E_MAC, NULL);
		newblocks_void(n, THEIRS, m->block, "differs from the peer's");
	} else
		n->peer->env->count.bad_messages++;
}

void
newblocks_confirmed(struct newblocks *n, const struct msg_confirmed *m,
    bool authentic)
{
	/* model: transfer confirmed */
	struct newblock	*b = find(n, OWN, m->block);

	if (b == NULL)
		return;
	if (m->failure == 0 && m->tag.len == OTP_MAC &&
	    mac_check(m->tag.p, b->tags.back, OTP_MAC) == 0)
		settle(n, OWN, b);
	else if (authentic)
		newblocks_void(n, OWN, m->block, "differs at the peer");
	else
		n->peer->env->count.bad_messages++;
}

/* ---- arrival ---- */

static struct newblock *
remember(struct newblocks *n, int direction, uint64_t serial,
    const struct material *m, const uint8_t *pool, size_t octets)
{
	const char	*me = n->peer->env->conf->kme_id;
	struct newblock	*b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->serial = serial;
	b->material = *m;
	b->octets = (uint32_t)octets - POOL_KEYS;
	b->since = mono_ms();
	if (confirm_tags(&b->tags, pool, octets,
	    direction == OWN ? me : n->peer->km,
	    direction == OWN ? n->peer->km : me, serial) < 0) {
		free(b);
		return NULL;
	}
	b->asked = direction == THEIRS && was_early(n, b);
	HASH_ADD(hh, n->v[direction], serial, sizeof(b->serial), b);
	return b;
}

static int
store_run(struct db *db, void *arg)
{
	struct job		*j = arg;
	struct block_name	 b = newblocks_name(j->peer, j->direction,
				    j->serial);
	int			 r;

	(void)db;
	if (j->direction == THEIRS && keystore_tombstone_find(
	    newblocks_writer(j), j->peer->id, j->serial) > 0)
		return -E_GONE;
	if ((r = blocks_add(newblocks_writer(j), &b,
	    j->peer->self ? BLOCK_READY : BLOCK_NEW, &j->material,
	    j->pool->bytes, j->pool->len, j->now, &j->id)) < 0)
		return r;
	return record_block(newblocks_writer(j), j->peer->self ?
	    AUDIT_AVAILABLE : AUDIT_ARRIVED, j->peer->id, j->direction,
	    j->serial, (uint32_t)j->pool->len - POOL_KEYS, NULL);
}

static void
store_done(void *arg, int r)
{
	/* model: transfer stored */
	struct job		*j = arg;
	struct peer		*p = j->peer;
	struct newblock		*b = find(p->newblocks, j->direction,
				    j->serial);

	if (j->generation != p->generation || b == NULL)
		goto out;
	if (r == -E_GONE) {
		log_info("void block came late", "peer=%s block=%" PRIu64,
		    p->km, j->serial);
		drop(p->newblocks, j->direction, b);
	} else if (r < 0) {
		peer_error(p, "block not stored: %s", err_text(r));
		drop(p->newblocks, j->direction, b);
		pool_failed(p->pool);
	} else if (p->self) {
		j->octets = b->octets;
		drop(p->newblocks, j->direction, b);
		pool_add(p->pool, j->id, j->serial, j->octets, 0,
		    &j->material);
	} else {
		b->id = j->id;
		if (j->direction == OWN)
			send_confirm(p->newblocks, b);
		else if (b->asked)
			settle(p->newblocks, THEIRS, b);
	}
out:
	newblocks_job_free(j);
}

void
newblocks_add(struct newblocks *n, int direction, uint64_t serial,
    const struct material *m, struct secret *pool)
{
	/* model: transfer add */
	struct job	*j = NULL;

	if (blocks_check_size(pool->len) < 0 || serial == 0 ||
	    serial > INT64_MAX || find(n, direction, serial) != NULL ||
	    (j = newblocks_job(n, direction, serial)) == NULL ||
	    remember(n, direction, serial, m, pool->bytes, pool->len) ==
	    NULL) {
		peer_error(n->peer, "unusable block from kma");
		free(j);
		secret_free(&pool);
		return;
	}
	if (direction == OWN)
		n->peer->env->count.blocks_out++;
	else
		n->peer->env->count.blocks_in++;
	j->material = *m;
	j->pool = pool;
	env_add(n->peer->env, store_run, store_done, j);
}

/* Our own configuration holds for key that the peer draws, too. */
static void
arrive(struct newblocks *n, uint64_t serial, const struct material *m,
    struct secret *pool)
{
	char	why[PATHS_TEXT];

	if (m->paths >= paths_of_peer(n->peer->env->conf, n->peer->km)) {
		newblocks_add(n, THEIRS, serial, m, pool);
		return;
	}
	secret_free(&pool);
	paths_tell(why, n->peer->env->conf->kme_id, m->paths,
	    paths_of_peer(n->peer->env->conf, n->peer->km));
	newblocks_void(n, THEIRS, serial, why);
	peer_demand_paths(n->peer);
}

static void
fetch_done(void *arg, int err, struct msg *reply)
{
	/* The rest only its source has to know. */
	struct material		 known = { MATERIAL_HOPS_UNKNOWN,
				    MATERIAL_BORN_UNKNOWN, 1 };
	struct job		*j = arg;
	struct newblocks	*n = j->peer->newblocks;
	struct secret		*pool;

	n->fetching--;
	if (err == 0 && reply->id == MSG_block_given &&
	    (pool = reply->block_given.key) != NULL) {
		reply->block_given.key = NULL;
		known.paths = reply->block_given.paths;
		arrive(n, j->serial, &known, pool);
	} else
		log_warn("block not fetched from kma", "peer=%s block=%" PRIu64
		    " reason=%s", j->peer->km, j->serial,
		    err_name(err == 0 ? -E_BAD_FORMAT : err));
	newblocks_job_free(j);
}

void
newblocks_fetch(struct newblocks *n, uint64_t serial)
{
	struct msg	 m = { .id = MSG_block_fetch, .kind = MSG_REQUEST };
	struct job	*j;

	if (find(n, THEIRS, serial) != NULL ||
	    newblocks_count(n, THEIRS) + n->fetching >= ENTRIES_MAX ||
	    (j = newblocks_job(n, THEIRS, serial)) == NULL)
		return;
	memcpy(m.block_fetch.source, n->peer->km, sizeof(m.block_fetch.source));
	m.block_fetch.block = serial;
	n->fetching++;
	if (n->peer->env->ops->ask(n->peer->env->arg, &m, FETCH_MS,
	    fetch_done, j) < 0) {
		n->fetching--;
		newblocks_job_free(j);
	}
}

/* ---- life ---- */

static int
load(struct newblocks *n, int direction, const struct block_row *row)
{
	struct block_name	 name = newblocks_name(n->peer, direction,
				    row->serial);
	struct secret		*pool = secret_new(POOL_KEYS + row->octets);
	struct newblock		*b;
	int			 r = -E_NO_MEMORY;

	if (pool != NULL && (r = blocks_read_all(keystore_reader(
	    n->peer->env->store), &name, row, pool->bytes)) == 0) {
		b = remember(n, direction, row->serial, &row->material,
		    pool->bytes, pool->len);
		r = b == NULL ? -E_NO_MEMORY : 0;
		if (b != NULL)
			b->id = row->id;
	}
	secret_free(&pool);
	return r;
}

int
newblocks_load(struct newblocks *n)
{
	/* model: transfer start */
	struct side		*s = keystore_reader(n->peer->env->store);
	struct block_row	 row;
	int			 r = 0;

	for (int d = OWN; d <= THEIRS; d++) {
		row.serial = 0;
		while ((r = blocks_next_new(s, n->peer->id, d, row.serial,
		    &row)) == 0)
			if ((r = load(n, d, &row)) < 0)
				return r;
		if (r != -E_NOT_FOUND)
			return r;
	}
	return 0;
}

static void
tick(struct newblocks *n, int direction, uint64_t now)
{
	uint64_t	 wait = (uint64_t)n->peer->env->conf->confirm_wait;
	struct newblock	*b, *next;
	bool		 unanswered = false;

	if (direction == THEIRS)
		wait *= STALE_FACTOR;
	HASH_ITER(hh, n->v[direction], b, next) {
		if (b->settling || b->id == 0)
			continue;
		if (now - b->since > wait) {
			newblocks_void(n, direction, b->serial,
			    "not confirmed in time");
			unanswered = direction == OWN;
		} else if (direction == OWN && now - b->said >= 1000)
			send_confirm(n, b);
		else if (direction == THEIRS && b->asked)
			settle(n, direction, b);
	}
	if (unanswered)
		pool_unanswered(n->peer->pool);
}

void
newblocks_tick(struct newblocks *n)
{
	tick(n, OWN, mono_ms());
	tick(n, THEIRS, mono_ms());
}

void
newblocks_clear(struct newblocks *n)
{
	struct newblock	*b, *next;

	for (int d = OWN; d <= THEIRS; d++)
		HASH_ITER(hh, n->v[d], b, next)
			drop(n, d, b);
}

uint64_t
newblocks_pending(const struct newblocks *n)
{
	return newblocks_pending_over(n, 0);
}

uint64_t
newblocks_pending_over(const struct newblocks *n, uint32_t paths)
{
	bool		 up = n->peer->self || channel_is_up(n->peer->channel);
	uint64_t	 octets = 0, now = mono_ms();
	struct newblock	*b;

	for (b = n->v[OWN]; b != NULL; b = b->hh.next)
		if ((!up || now - b->since < LATE_MS) &&
		    b->material.paths >= paths)
			octets += b->octets;
	return octets;
}

unsigned
newblocks_count(const struct newblocks *n, int direction)
{
	return HASH_COUNT(n->v[direction]);
}

int
newblocks_new(struct newblocks **out, struct peer *p)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return -E_NO_MEMORY;
	(*out)->peer = p;
	return 0;
}

void
newblocks_free(struct newblocks **n)
{
	if (*n != NULL)
		newblocks_clear(*n);
	free(*n);
	*n = NULL;
}
