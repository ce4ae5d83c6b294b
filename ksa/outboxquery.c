/* outboxquery.c - what the peer asks of its bindings, and which it voids. */
#include "ksa/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/channel.h"
#include "ksa/outboxint.h"

/* Made here, but for an application of another node than the one asking. */
static bool
issued_elsewhere(const struct outbox *o, uint64_t request)
{
	struct env	*env = o->peer->env;
	struct binding	*b = NULL;
	bool		 hit = false;

	for (size_t i = 0; i < env->npeers && !hit; i++) {
		if (env->peers[i] == o->peer)
			continue;
		hit = (env->peers[i]->self ? bindings_get_received :
		    bindings_get_issued)(keystore_reader(env->store),
		    env->peers[i]->id, request, &b) == 0;
		binding_free(&b);
	}
	return hit;
}

static void
say_void(struct outbox *o, uint64_t request)
{
	struct msg	m = { .id = MSG_bind_void };

	m.bind_void.request = request;
	m.bind_void.mine = 1;
	strncpy(m.bind_void.reason, "void at the source",
	    sizeof(m.bind_void.reason) - 1);
	(void)channel_send(o->peer->channel, &m);
}

static void
say_unknown(struct outbox *o, uint64_t request, bool elsewhere)
{
	struct msg	m = { .id = MSG_bind_unknown };

	m.bind_unknown.request = request;
	m.bind_unknown.elsewhere = elsewhere;
	(void)channel_send(o->peer->channel, &m);
}

/*
 * What the peer has acknowledged and does not find any more is as unknown as
 * what we never issued.
 */
void
outbox_query(struct outbox *o, uint64_t request)
{
	struct binding	*b = NULL;
	int		 r;

	o->peer->env->count.queries++;
	if (request > INT64_MAX)
		return;
	r = bindings_get_issued(keystore_reader(o->peer->env->store),
	    o->peer->id, request, &b);
	if (r == 0 && !binding_stands(b))
		say_void(o, request);
	else if (r == -E_NOT_FOUND)
		say_unknown(o, request, issued_elsewhere(o, request));
	else if (r == 0 && request <= o->acked)
		say_unknown(o, request, false);
	else if (r == 0 && mono_ms() - o->progress >= OUTBOX_GAP_MS &&
	    mono_ms() - o->resent >= OUTBOX_GAP_MS && o->synced)
		outbox_resend(o, o->acked);
	channel_hurry(o->peer->channel);
	binding_free(&b);
}

struct void_job { struct env *env; int64_t peer; uint64_t request; };

static int
void_run(struct db *db, void *arg)
{
	struct void_job	*j = arg;

	(void)db;
	return bindings_void_issued(keystore_writer(j->env->store), j->peer,
	    j->request);
}

static void
void_done(void *arg, int r)
{
	(void)r;
	free(arg);
}

void
outbox_void(struct outbox *o, const struct msg_bind_void *m)
{
	/* model: session refused */
	struct void_job	*j;

	if (m->request > INT64_MAX || (j = calloc(1, sizeof(*j))) == NULL)
		return;
	*j = (struct void_job){ o->peer->env, o->peer->id, m->request };
	env_add(o->peer->env, void_run, void_done, j);
}
