/*
 * plainout.c - Get key for an application of a plain peer. The key_IDs go to
 * disk as asked; kma draws the keys and has them sent; when the peer has said
 * that it has them the IDs are supplied, on disk, and the keys go to their
 * master. Whatever fails before leaves void IDs and no keys.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/admit.h"
#include "ksa/blocks.h"
#include "ksa/extension.h"
#include "ksa/paths.h"
#include "ksa/plain.h"
#include "ksa/quota.h"
#include "ksa/record.h"
#include "log.h"

#define SLACK_MS	2000	/* kma gives up first, and says why */
#define OCTETS_MAX	(1U << 20)	/* of a message between processes */

enum stage { ASKING, SENT, SETTLING };

struct drawing {
	struct supply_call	 call;		/* first: casts rely on it */
	struct plain_peer	*peer;
	enum stage		 stage;
	enum plain_state	 fate;
	uint32_t		 n, octets;
	sae_id			 master, slave;
	uint64_t		 made;
	uint8_t			(*ids)[PLAIN_ID];
	struct secret		*keys;
	struct supply_wish	 wish;
};

static void
drawing_free(struct drawing *d)
{
	d->peer->waiting--;
	secret_free(&d->keys);
	free(d->ids);
	free(d);
}

/* ---- to its end ---- */

static int
settle_run(struct db *db, void *arg)
{
	struct drawing	*d = arg;
	struct side	*s = keystore_writer(d->call.env->store);
	bool		 given = d->fate == PLAIN_ERASED;
	struct audit_row row = {
	    .event = given ? AUDIT_SUPPLIED : AUDIT_VOID,
	    .source = d->master, .destination = d->slave,
	    .application = given ? d->master : NULL, .octets = d->octets };
	int		 r = 0;

	(void)db;
	for (uint32_t i = 0; r == 0 && i < d->n; i++)
		r = plainstore_settle(s, d->ids[i], d->fate);
	return r < 0 ? r : record_plain(s, &row, d->peer->conf->kme_id,
	    (const uint8_t (*)[PLAIN_ID])d->ids, d->n);
}

static void
answer(struct drawing *d)
{
	struct supply_origin	 o = { false, true, now_ms() - d->made, 1 };
	struct supply_answer	 a = { .status = SUPPLY_OK };

	d->call.env->count.enc_requests++;
	d->call.env->count.enc_keys += d->n;
	d->peer->supplied += d->n;
	a.number = d->n;
	a.octets = d->octets;
	a.ids = (const uint8_t (*)[16])d->ids;
	a.origin = d->wish.asked ? &o : NULL;
	a.keys = d->keys;
	d->keys = NULL;
	call_answer(&d->call, &a);
}

static void
settled(void *arg, int r)
{
	struct drawing	*d = arg;

	if (r < 0)
		log_err("key_IDs of a plain peer not settled", "peer=%s "
		    "error=%s", d->peer->conf->kme_id, err_name(r));
	if (d->fate == PLAIN_ERASED && r == 0)
		answer(d);
	else if (d->call.done != NULL) {
		d->call.env->count.enc_failed++;
		call_fail(&d->call, SUPPLY_UNAVAILABLE,
		    "the key store cannot be written: %s", err_text(r));
	}
	drawing_free(d);
}

static void
settle(struct drawing *d, enum plain_state fate)
{
	d->fate = fate;
	d->stage = SETTLING;
	if (fate == PLAIN_VOID)
		secret_free(&d->keys);
	env_add(d->call.env, settle_run, settled, d);
}

static void
give_back(struct drawing *d)
{
	const char		*slave = d->slave;
	struct quota_draw	 q = { d->master, &slave, 1, (uint64_t)d->n *
				    d->octets, (uint64_t)d->n * d->octets };

	admit_return(d->call.env->admit, &q);
}

/* What the peer said is for a person: 014 has 503 for all of it. */
static void
fail(struct drawing *d, const char *what)
{
	give_back(d);
	d->call.env->count.enc_failed++;
	d->peer->failed++;
	call_fail(&d->call, SUPPLY_UNAVAILABLE, "KM %s: %.180s",
	    d->peer->conf->kme_id, what);
	settle(d, PLAIN_VOID);
}

/* ---- kma ---- */

static void
drawn(void *arg, int r, struct msg *m)
{
	struct drawing		*d = arg;
	struct msg_plain_drawn	*p = m == NULL ? NULL : &m->plain_drawn;

	if (r < 0 || m->id != MSG_plain_drawn)
		fail(d, r == -E_TIMEOUT ? "kma did not answer" :
		    r == -E_CLOSED ? "stopping" : err_text(r));
	else if (strcmp(p->response, "success") != 0)
		fail(d, p->response);
	else if (p->keys == NULL || p->keys->len != (size_t)d->n * d->octets)
		fail(d, "the keys did not get through");
	else if (d->call.done == NULL)
		fail(d, "nobody waits for the keys any more");
	else {
		d->keys = p->keys;
		p->keys = NULL;
		settle(d, PLAIN_ERASED);
	}
}

static void
added(void *arg, int r)
{
	struct drawing		*d = arg;
	struct env		*env = d->call.env;
	struct msg		 m = { .id = MSG_plain_draw };
	uint32_t		 wait = (uint32_t)env->conf->relay_wait;

	if (r < 0) {
		give_back(d);
		call_fail(&d->call, SUPPLY_UNAVAILABLE,
		    "the key store cannot be written: %s", err_text(r));
		drawing_free(d);
		return;
	}
	d->stage = SENT;
	strcpy(m.plain_draw.peer, d->peer->conf->kme_id);
	m.plain_draw.life = env->plain->life;
	m.plain_draw.ids = (struct msg_view){ (const uint8_t *)d->ids,
	    (size_t)d->n * PLAIN_ID };
	m.plain_draw.octets = d->octets;
	m.plain_draw.wait = wait;
	strcpy(m.plain_draw.source, d->master);
	strcpy(m.plain_draw.destination, d->slave);
	if (env->stopping || d->call.done == NULL || env->ops->ask(env->arg,
	    &m, wait + SLACK_MS, drawn, d) < 0)
		fail(d, "kma cannot be asked");
}

/* ---- calls ---- */

static int
add_run(struct db *db, void *arg)
{
	struct drawing		*d = arg;
	struct side		*s = keystore_writer(d->call.env->store);
	struct plain_row	 row = { .mine = true, .octets = d->octets,
				    .made = d->made, .state = PLAIN_ASKED };
	int			 r = 0;

	(void)db;
	strcpy(row.km, d->peer->conf->kme_id);
	strcpy(row.master, d->master);
	strcpy(row.slave, d->slave);
	for (uint32_t i = 0; r == 0 && i < d->n; i++) {
		memcpy(row.id, d->ids[i], PLAIN_ID);
		r = plainstore_add(s, &row, NULL);
	}
	return r;
}

static int
make_ids(struct drawing *d)
{
	uuid_text	text;
	int		r = 0;

	for (uint32_t i = 0; r == 0 && i < d->n; i++)
		if ((r = uuid_random(text)) == 0)
			r = uuid_parse(text, UUID_TEXT, d->ids[i]);
	return r;
}

static struct drawing *
drawing_new(struct env *env, struct plain_peer *p,
    const struct supply_request *q)
{
	struct drawing	*d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->peer = p;
	p->waiting++;
	d->n = q->number;
	d->octets = q->octets;
	d->made = now_ms();
	d->wish = q->wish;
	strcpy(d->master, q->master);
	strcpy(d->slave, q->slaves[0]);
	d->ids = calloc(d->n, sizeof(*d->ids));
	if (d->ids == NULL || make_ids(d) < 0) {
		drawing_free(d);
		return NULL;
	}
	d->call.env = env;
	return d;
}

bool
plainout_is(const struct env *env, const struct supply_request *q)
{
	for (uint32_t i = 0; i < q->nslaves; i++)
		if (plain_peer_of(env, q->slaves[i]) != NULL)
			return true;
	return false;
}

static enum supply_status
check(struct env *env, const struct supply_request *q,
    const struct plain_peer *p, const char **why)
{
	*why = "";
	if (q->nslaves != 1) {
		*why = "keys with a plain peer's application are for it alone: "
		    "no additional slaves";
		return SUPPLY_BAD_REQUEST;
	}
	if (q->number == 0 || q->number > SUPPLY_KEYS_MAX ||
	    q->octets == 0 || q->octets > PLAIN_OCTETS_MAX ||
	    (uint64_t)q->number * q->octets > OCTETS_MAX) {
		*why = "too much key for one request to a plain peer";
		return SUPPLY_TOO_LARGE;
	}
	if (!ksa_plain_serves(p->conf, q->master)) {
		*why = "this application may not have keys with that KM";
		return SUPPLY_UNAUTHORIZED;
	}
	if (paths_demanded(env, q->master, q->slaves, 1) > 1) {
		*why = "keys with a plain peer come over one path, and "
		    "disjoint_paths of this pair is more";
		return SUPPLY_UNAVAILABLE;
	}
	*why = q->session != NULL ? "there are no sessions with it" :
	    !p->up ? "it is not connected" :
	    p->waiting >= (uint64_t)env->conf->max_waiting ?
	    "too many requests wait for it (max_waiting)" :
	    env->stopping ? "this node is stopping" :
	    env->plain->life == 0 ? "kma is not connected" : NULL;
	return *why == NULL ? SUPPLY_OK : SUPPLY_UNAVAILABLE;
}

/* They are made now, and travel without a QKD link. */
static bool
unmet(const struct supply_request *q, struct supply_answer *a)
{
	struct material	m = { MATERIAL_HOPS_UNKNOWN, now_ms(), 1 };

	a->status = SUPPLY_UNMET;
	a->detail = "keys with a plain peer come over no QKD link";
	for (unsigned bit = 1; bit != 0 && bit <= q->wish.mandatory; bit <<= 1)
		if ((q->wish.mandatory & bit) != 0 &&
		    !extension_met(&q->wish, bit, &m, m.born))
			a->unmet |= bit;
	return a->unmet != 0;
}

/* True: its quotas have it. It does not wait for them. */
static bool
charge(struct env *env, const struct supply_request *q,
    struct supply_call *c)
{
	uint64_t		octets = (uint64_t)q->number * q->octets;
	struct quota_draw	d = { q->master, q->slaves, 1, octets,
				    octets };

	if (admit_charge(env->admit, &d) == 0)
		return true;
	env->count.enc_quota++;
	call_fail(c, SUPPLY_INSUFFICIENT,
	    "the quota of this application does not allow %" PRIu64
	    " octets now", octets);
	return false;
}

struct supply_call *
plainout_call(struct env *env, const struct supply_request *q,
    supply_done *done, void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct supply_answer	 a = { .status = SUPPLY_OK };
	struct plain_peer	*p = NULL;
	struct drawing		*d;
	enum supply_status	 status;
	const char		*why;

	for (uint32_t i = 0; i < q->nslaves && p == NULL; i++)
		p = plain_peer_of(env, q->slaves[i]);
	if ((status = check(env, q, p, &why)) != SUPPLY_OK)
		call_fail(&c, status, "KM %s: %s", p->conf->kme_id, why);
	else if (unmet(q, &a))
		call_answer(&c, &a);
	else if (charge(env, q, &c)) {
		if ((d = drawing_new(env, p, q)) != NULL) {
			call_init(&d->call, CALL_PLAIN_DRAW, env, done, arg);
			env_add(env, add_run, added, d);
			return &d->call;
		}
		call_fail(&c, SUPPLY_UNAVAILABLE, "out of memory");
	}
	return NULL;
}

/* The keys are void unless they are being supplied. */
bool
plainout_withdraw(struct supply_call *c)
{
	struct drawing	*d = (struct drawing *)c;

	if (d->stage == SETTLING)
		return false;
	c->done = NULL;
	return true;
}
