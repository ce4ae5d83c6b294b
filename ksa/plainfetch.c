/* plainfetch.c - Get key with key IDs that a plain peer made. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/peer.h"
#include "ksa/plain.h"
#include "ksa/record.h"
#include "log.h"
#include "quiet.h"

struct fetching {
	struct supply_call	 call;		/* first: casts rely on it */
	uint32_t		 n;
	struct plain_row	*rows;
	sae_id			 caller;
	uint8_t			(*ids)[PLAIN_ID];
	uint32_t		*sizes;
	struct secret		*keys;
	uint64_t		 now, again;
	struct consume		 use;
};

static void
fetching_free(struct fetching *f)
{
	secret_free(&f->keys);
	free(f->rows);
	free(f->ids);
	free(f->sizes);
	free(f);
}

static bool
is_known(const struct env *env, const uint8_t id[PLAIN_ID])
{
	struct plain_row	r;

	return plainstore_get(keystore_reader(env->store), id, &r,
	    NULL) == 0;
}

/* Nobody there can be asked for a binding. */
bool
plainfetch_is(const struct env *env, const struct supply_claim *q)
{
	if (env->plain->n == 0 || q->number == 0)
		return false;
	if (q->peer_sae != NULL && strcmp(q->peer_sae, q->caller) != 0 &&
	    plain_peer_of(env, q->peer_sae) != NULL)
		return true;
	for (uint32_t i = 0; i < q->number; i++)
		if (is_known(env, q->ids[i]))
			return true;
	return false;
}

/* ---- may it? ---- */

static enum supply_status
check_one(const struct fetching *f, const struct supply_claim *q,
    const struct plain_row *r, const char **why)
{
	const struct ksa_conf	*c = f->call.env->conf;

	if (strcmp(r->slave, q->caller) != 0) {
		*why = "the key was made for another application";
		return SUPPLY_UNAUTHORIZED;
	}
	if (q->peer_sae != NULL && strcmp(q->peer_sae, r->master) != 0 &&
	    strcmp(q->peer_sae, q->caller) != 0) {
		*why = "the key was not made by the application named";
		return SUPPLY_UNAUTHORIZED;
	}
	*why = r->state == PLAIN_VOID ? "the key is void" :
	    r->state == PLAIN_EXPIRED || (r->fetched == 0 && f->now >
	    r->made + (uint64_t)c->key_expiry * 1000) ?
	    "the key was not fetched in time and has expired" :
	    r->state != PLAIN_VALID || !r->kept ||
	    (r->fetched != 0 && r->fetched <= f->again) ?
	    "the key was delivered before" : NULL;
	return *why == NULL ? SUPPLY_OK : SUPPLY_NOT_FOUND;
}

/* One key that is another's outweighs what else is wrong (014 5.4). */
static enum supply_status
check(struct fetching *f, const struct supply_claim *q, const char **why)
{
	struct side		*s = keystore_reader(f->call.env->store);
	enum supply_status	 worst = SUPPLY_OK, one;
	const char		*reason = "";

	for (uint32_t i = 0; worst != SUPPLY_UNAUTHORIZED && i < f->n; i++) {
		struct plain_row	*r = &f->rows[i];

		one = SUPPLY_NOT_FOUND;
		reason = "";
		if (plainstore_get(s, q->ids[i], r, NULL) == 0)
			one = check_one(f, q, r, &reason);
		f->sizes[i] = r->octets;
		if (one == SUPPLY_UNAUTHORIZED || worst == SUPPLY_OK) {
			worst = one;
			*why = reason;
		}
	}
	if (worst == SUPPLY_OK && q->fits != NULL &&
	    !q->fits(f->n, f->sizes)) {
		*why = "the keys do not fit into one answer";
		return SUPPLY_TOO_LARGE;
	}
	return worst;
}

/* ---- the commit ---- */

static int
read_all(struct fetching *f)
{
	struct side	*s = keystore_reader(f->call.env->store);
	size_t		 octets = 0;
	uint8_t		*out;
	int		 r = 0;

	for (uint32_t i = 0; i < f->n; i++)
		octets += f->sizes[i];
	if ((f->keys = secret_new(octets)) == NULL)
		return -E_NO_MEMORY;
	out = f->keys->bytes;
	for (uint32_t i = 0; r == 0 && i < f->n; i++) {
		r = plainstore_get(s, f->ids[i], &f->rows[i], out);
		out += f->sizes[i];
	}
	return r;
}

static int
fetch_run(struct db *db, void *arg)
{
	struct fetching	*f = arg;
	struct side	*s = keystore_writer(f->call.env->store);
	struct audit_row row = { .event = AUDIT_DELIVERED,
	    .application = f->caller, .octets = f->sizes[0] };
	int		 r = 0;

	(void)db;
	for (uint32_t i = 0; r == 0 && i < f->n; i++)
		r = plainstore_fetch(s, f->ids[i], f->now, f->again);
	if (r == 0)
		r = record_plain(s, &row, f->rows[0].km,
		    (const uint8_t (*)[PLAIN_ID])f->ids, f->n);
	return r < 0 ? r : consume_run(&f->use, s);
}

static void
answer(struct fetching *f)
{
	struct supply_answer	 a = { .status = SUPPLY_OK };
	struct counters		*count = &f->call.env->count;

	a.number = f->n;
	a.octets = f->sizes[0];
	for (uint32_t i = 0; i < f->n; i++) {
		count->redelivered += f->rows[i].fetched != 0;
		if (f->sizes[i] != a.octets)
			a.sizes = f->sizes;
	}
	count->dec_keys += f->n;
	a.ids = (const uint8_t (*)[16])f->ids;
	a.keys = f->keys;
	f->keys = NULL;
	call_answer(&f->call, &a);
}

static void
fail(struct fetching *f, int r)
{
	f->call.env->count.dec_failed++;
	if (r == -E_SPENT) {
		call_fail(&f->call, SUPPLY_NOT_FOUND,
		    "the key was delivered before, or is void");
		return;
	}
	log_err("keys not delivered", "error=%s", err_name(r));
	call_fail(&f->call, SUPPLY_UNAVAILABLE, "%s", err_text(r));
}

static void
fetch_done(void *arg, int r)
{
	struct fetching	*f = arg;
	struct env	*env = f->call.env;

	if (r == 0) {
		consume_done(&f->use, env->peers[0]);
		answer(f);
	} else
		fail(f, r);
	fetching_free(f);
}

/* ---- calls ---- */

static struct fetching *
fetching_new(struct env *env, const struct supply_claim *q)
{
	struct fetching	*f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->n = q->number;
	f->rows = calloc(f->n, sizeof(*f->rows));
	f->ids = malloc(f->n * sizeof(*f->ids));
	f->sizes = calloc(f->n, sizeof(*f->sizes));
	if (f->rows == NULL || f->ids == NULL || f->sizes == NULL) {
		fetching_free(f);
		return NULL;
	}
	memcpy(f->ids, q->ids, f->n * sizeof(*f->ids));
	snprintf(f->caller, sizeof(f->caller), "%s", q->caller);
	f->now = now_ms();
	f->again = plain_again(env, f->now);
	/* Whoever restores this store brings back what was fetched. */
	consume_begin(&f->use, env->peers[0]);
	return f;
}

static void
log_refusal(const struct supply_claim *q, const char *why)
{
	uuid_text	id;

	uuid_print(q->ids[0], id);
	if (!quiet())
		log_notice("keys refused", "application=%s keys=%" PRIu32
		    " first=%s reason=%s", log_quote(q->caller), q->number,
		    id, log_quote(why[0] == '\0' ? "no such key" : why));
}

struct supply_call *
plainfetch_call(struct env *env, const struct supply_claim *q,
    supply_done *done, void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct fetching		*f = NULL;
	enum supply_status	 status;
	const char		*why = "";
	int			 r;

	env->count.dec_requests++;
	if (q->number > SUPPLY_KEYS_MAX) {
		call_fail(&c, SUPPLY_BAD_REQUEST, "too many key IDs");
		return NULL;
	}
	if (env->stopping || (f = fetching_new(env, q)) == NULL) {
		call_fail(&c, SUPPLY_UNAVAILABLE,
		    env->stopping ? "stopping" : "out of memory");
		return NULL;
	}
	call_init(&f->call, CALL_PLAIN, env, done, arg);
	if ((status = check(f, q, &why)) != SUPPLY_OK) {
		log_refusal(q, why);
		env->count.dec_refused++;
		call_fail(&f->call, status, "%s", why);
	} else if ((r = read_all(f)) < 0)
		fail(f, r);
	else {
		env_add(env, fetch_run, fetch_done, f);
		return &f->call;
	}
	fetching_free(f);
	return NULL;
}
