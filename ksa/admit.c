/* admit.c - calls that wait for a quota, or for memory. */
#include "ksa/admit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "err.h"
#include "ksa/encint.h"
#include "ksa/quota.h"

#define AGAIN_MS	20	/* until answers being written were */

struct admit {
	struct env		*env;
	struct quota		*quota;
	struct enc_queue	 waiting;
	unsigned		 n;
};

/* What is taken from pools counts: a copy for another node is drawn too. */
static void
describe(const struct enc *e, const char **slaves, struct quota_draw *d)
{
	for (uint32_t i = 0; i < e->nslaves; i++)
		slaves[i] = e->slaves[i];
	*d = (struct quota_draw){ e->parts[0].b->master, slaves, e->nslaves,
	    e->need, (uint64_t)e->need * e->nparts };
}

static void
refuse(struct enc *e, const struct quota_lack *l)
{
	char	when[64] = "a request may not be of more";

	if (l->wait > 0)
		snprintf(when, sizeof(when), "enough again in %" PRIu64
		    ".%03u s", l->wait / 1000, (unsigned)(l->wait % 1000));
	e->call.env->count.enc_quota++;
	call_fail(&e->call, SUPPLY_INSUFFICIENT, "the quota of this "
	    "application%s%.60s is %" PRIu64 " octets/s, %" PRIu64
	    " octets at once: %" PRIu64 " are needed, %" PRIu64
	    " are left; %s", l->slave ? " for " : "", l->slave ? l->slave : "",
	    l->rate, l->burst, l->needed, l->left, when);
	enc_free(e);
}

static void
leave(struct enc *e)
{
	struct admit	*a = e->call.env->admit;

	TAILQ_REMOVE(&a->waiting, e, next);
	a->n--;
	e->admitting = false;
	call_end(&e->call);		/* the line has another timer */
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct enc	*e = arg;

	(void)fd, (void)what;
	leave(e);
	(void)enc_begin(e);
}

static bool
wait_for(struct enc *e, int64_t ms)
{
	struct admit	*a = e->call.env->admit;

	call_end(&e->call);		/* it may be that of a line */
	if (call_timer(&e->call, ms, on_time) < 0)
		return false;
	TAILQ_INSERT_TAIL(&a->waiting, e, next);
	a->n++;
	e->admitting = true;
	return true;
}

bool
admit_again(struct enc *e)
{
	return mono_ms() + AGAIN_MS < e->deadline &&
	    wait_for(e, AGAIN_MS);
}

struct supply_call *
admit(struct enc *e)
{
	const char		*slaves[SUPPLY_SLAVES_MAX];
	struct admit		*a = e->call.env->admit;
	uint64_t		 now = mono_ms();
	struct quota_lack	 lack;
	struct quota_draw	 d;
	int64_t			 ms;

	describe(e, slaves, &d);
	ms = quota_take(a->quota, &d, e->deadline > now ? e->deadline - now :
	    0, now, &lack);
	if (ms < 0) {
		refuse(e, &lack);
		return NULL;
	}
	e->charged = true;
	if (ms == 0)
		return enc_begin(e);
	if (wait_for(e, ms))
		return &e->call;
	call_fail(&e->call, SUPPLY_UNAVAILABLE, "out of memory");
	enc_free(e);
	return NULL;
}

void
admit_leave(struct enc *e)
{
	leave(e);
	enc_free(e);
}

void
admit_give_back(struct enc *e)
{
	const char		*slaves[SUPPLY_SLAVES_MAX];
	struct quota_draw	 d;

	if (!e->charged)
		return;
	describe(e, slaves, &d);
	quota_give_back(e->call.env->admit->quota, &d);
	e->charged = false;
}

int
admit_charge(struct admit *a, const struct quota_draw *d)
{
	struct quota_lack	lack;

	return (int)quota_take(a->quota, d, 0, mono_ms(), &lack);
}

void
admit_return(struct admit *a, const struct quota_draw *d)
{
	quota_give_back(a->quota, d);
}

/* ---- the engine's ---- */

void
admit_left(struct admit *a, const char *master, const char *slave,
    uint64_t *left, uint64_t *most)
{
	*left = quota_left(a->quota, master, slave, mono_ms());
	*most = quota_most(a->quota, master, slave);
}

unsigned
admit_length(const struct admit *a)
{
	return a->n;
}

int
admit_reload(struct admit *a)
{
	return quota_load(a->quota, a->env->conf, mono_ms());
}

void
admit_stop(struct admit *a)
{
	struct enc	*e;

	while ((e = TAILQ_FIRST(&a->waiting)) != NULL) {
		leave(e);
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
		enc_free(e);
	}
}

int
admit_new(struct admit **out, struct env *env)
{
	struct admit	*a = calloc(1, sizeof(*a));
	int		 r;

	if (a == NULL)
		return -E_NO_MEMORY;
	a->env = env;
	TAILQ_INIT(&a->waiting);
	*out = a;
	if ((r = quota_new(&a->quota)) < 0)
		return r;
	return admit_reload(a);
}

void
admit_free(struct admit **a)
{
	if (*a == NULL)
		return;
	quota_free(&(*a)->quota);
	free(*a);
	*a = NULL;
}
