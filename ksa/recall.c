/* recall.c - telling peers which keys of sessions are void. */
#include "ksa/recall.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindings.h"
#include "ksa/channel.h"
#include "log.h"

#define AT_ONCE		256	/* told in one go */

struct start_job { struct env *env; int n; };

static int
start_run(struct db *db, void *arg)
{
	struct start_job	*j = arg;

	(void)db;
	j->n = bindings_void_offered(keystore_writer(j->env->store),
	    j->env->peers[0]->id);
	return j->n < 0 ? j->n : 0;
}

int
recall_start(struct env *env)
{
	/* model: session start */
	struct start_job	j = { env, 0 };
	int			r;

	r = committer_sync(keystore_committer(env->store), start_run, &j);
	if (r == 0 && j.n > 0)
		log_notice("keys of sessions that were on their way are void",
		    "requests=%d", j.n);
	return r;
}

void
recall_one(struct peer *p, uint64_t request)
{
	struct msg	m = { .id = MSG_bind_void };

	if (!peer_is_up(p))
		return;
	m.bind_void.request = request;
	m.bind_void.mine = 1;
	strncpy(m.bind_void.reason, "void at the source",
	    sizeof(m.bind_void.reason) - 1);
	(void)channel_send(p->channel, &m);
}

void
recall_send(struct peer *p)
{
	/* model: session recall_send */
	uint64_t	v[AT_ONCE];
	int		n;

	if (!peer_is_up(p))
		return;
	n = bindings_recalls(keystore_reader(p->env->store), p->id, v,
	    AT_ONCE);
	for (int i = 0; i < n; i++)
		recall_one(p, v[i]);
}

struct answered_job { struct env *env; int64_t peer; uint64_t request; };

static int
answered_run(struct db *db, void *arg)
{
	struct answered_job	*j = arg;

	(void)db;
	return bindings_drop_recall(keystore_writer(j->env->store), j->peer,
	    j->request);
}

static void
answered_done(void *arg, int r)
{
	(void)r;		/* it is told again, and answered again */
	free(arg);
}

void
recall_answered(struct peer *p, uint64_t request)
{
	/* model: session recalled */
	struct answered_job	*j;

	if (request > INT64_MAX || (j = malloc(sizeof(*j))) == NULL)
		return;
	*j = (struct answered_job){ p->env, p->id, request };
	env_add(p->env, answered_run, answered_done, j);
}
