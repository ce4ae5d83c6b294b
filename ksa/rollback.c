/* rollback.c - voiding what a pair shares. */
#include "ksa/rollback.h"

#include <inttypes.h>
#include <stdlib.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/bindings.h"
#include "ksa/blocks.h"
#include "ksa/newblocks.h"
#include "ksa/pool.h"
#include "ksa/record.h"
#include "ksa/sessionend.h"
#include "log.h"

struct job {
	struct peer	*peer;
	bool		 back_mine;
	uint64_t	 mark, seen, new_mark;
	void		(*done)(struct peer *, int);
};

static int
void_one(struct side *s, const struct peer *p, int direction, bool all,
    const struct block_row *row)
{
	struct block_name	name = { p->km, p->id, direction,
	    row->serial };

	return all ? blocks_delete(s, &name) : blocks_close(s, &name, row);
}

static int
void_blocks(struct side *s, const struct peer *p, int direction, bool all)
{
	struct block_row	row = { 0 };
	int			n = 0, r;

	for (; (r = blocks_next(s, p->id, direction, row.serial, &row)) == 0;
	    n++)
		if ((r = void_one(s, p, direction, all, &row)) < 0)
			return r;
	return r != -E_NOT_FOUND ? r : record_many(s, AUDIT_VOID, p->id, n,
	    direction == OWN ? "blocks of our pool: a store went back in time" :
	    "blocks of the peer's pool: a store went back in time");
}

static int
rollback_run(struct db *db, void *arg)
{
	struct job	*j = arg;
	struct side	*s = keystore_writer(j->peer->env->store);
	int		 r;

	(void)db;
	if ((r = void_blocks(s, j->peer, OWN, true)) < 0 ||
	    (r = void_blocks(s, j->peer, THEIRS, j->back_mine)) < 0 ||
	    (j->back_mine &&
	    (r = bindings_void_all(s, j->peer->id)) < 0) ||
	    (r = keystore_raise(s, j->peer->id, j->mark, j->seen)) < 0)
		return r;
	return keystore_get_mark(s, j->peer->id, &j->new_mark);
}

static void
rollback_done(void *arg, int r)
{
	struct job	*j = arg;
	struct peer	*p = j->peer;

	if (r == 0 && j->new_mark > p->mark)
		p->mark = j->new_mark;
	bindcache_clear(p->env->bindings);
	segcache_clear(p->env->segments);
	j->done(p, r);
	free(j);
}

void
rollback_start(struct peer *p, bool back_mine, uint64_t mark,
    void (*done)(struct peer *, int))
{
	struct job	*j = calloc(1, sizeof(*j));

	p->generation++;
	p->env->count.rollbacks++;
	pool_clear(p->pool);
	newblocks_clear(p->newblocks);
	if (back_mine)
		sessionend_went_back(p->env->sessions, p);
	log_warn("a store went back in time: all stock of the pair is void",
	    "peer=%s store=%s", p->km, back_mine ? "ours" : "the peer's");
	if (j == NULL) {
		done(p, -E_NO_MEMORY);
		return;
	}
	*j = (struct job){ .peer = p, .back_mine = back_mine, .mark = mark,
	    .seen = p->seen, .done = done };
	env_add(p->env, rollback_run, rollback_done, j);
}

struct self_job { struct peer *peer; bool back_mine; };

static int
self_run(struct db *db, void *arg)
{
	struct self_job	*j = arg;
	struct side	*s = keystore_writer(j->peer->env->store);
	int		 r;

	(void)db;
	if ((r = void_blocks(s, j->peer, OWN, j->back_mine)) < 0)
		return r;
	if (!j->back_mine)
		return 0;
	if ((r = bindings_void_all(s, j->peer->id)) < 0)
		return r;
	return keystore_forget(s);
}

int
rollback_self(struct peer *p, bool back_mine)
{
	struct self_job	j = { p, back_mine };

	return committer_sync(keystore_committer(p->env->store), self_run, &j);
}
