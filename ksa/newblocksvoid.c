/* newblocksvoid.c - blocks that are void, and the notices that say so. */
#include "ksa/newblocksint.h"

#include <inttypes.h>
#include <stdio.h>

#include "err.h"
#include "ksa/blocks.h"
#include "ksa/channel.h"
#include "ksa/pool.h"
#include "ksa/record.h"
#include "log.h"

static int
void_run(struct db *db, void *arg)
{
	struct job		*j = arg;
	struct block_name	 b = newblocks_name(j->peer, j->direction,
				    j->serial);
	struct block_row	 row;
	int			 r;

	(void)db;
	if (j->notify && (r = keystore_notice_add(newblocks_writer(j),
	    j->peer->id, j->direction == OWN, j->serial)) < 0)
		return r;
	if (j->direction == THEIRS && (r = keystore_tombstone_add(
	    newblocks_writer(j), j->peer->id, j->serial)) < 0)
		return r;
	if ((r = blocks_find(newblocks_writer(j), &b, &row)) < 0)
		return r == -E_NOT_FOUND ? 0 : r;
	if ((r = record_block(newblocks_writer(j), AUDIT_VOID, j->peer->id,
	    j->direction, j->serial, row.octets - row.used, j->why)) < 0)
		return r;
	if (j->direction == OWN && !j->peer->self)
		return blocks_delete(newblocks_writer(j), &b);
	/* What was bound of it stays for those it was bound to. */
	return blocks_close(newblocks_writer(j), &b, &row);
}

static void
send_void(struct newblocks *n, int mine, uint64_t block, bool is_answer)
{
	struct msg	m = { .id = MSG_block_void };

	m.block_void.mine = (uint32_t)mine;
	m.block_void.block = block;
	m.block_void.answer = is_answer;
	(void)channel_send(n->peer->channel, &m);
}

static void
void_done(void *arg, int r)
{
	/* model: transfer voided */
	struct job	*j = arg;

	if (r < 0)
		peer_error(j->peer, "void block not written: %s", err_text(r));
	else if (j->notify || j->answers)
		send_void(j->peer->newblocks, j->direction == OWN, j->serial,
		    j->answers);
	newblocks_job_free(j);
}

/* answer: the peer has said it; else it is to hear of it. */
static void
void_block(struct newblocks *n, int direction, uint64_t serial, bool answer,
    const char *why)
{
	/* model: transfer void */
	struct job	*j;

	newblocks_forget(n, direction, serial);
	if (direction == OWN)
		pool_drop(n->peer->pool, serial);
	n->peer->env->count.blocks_void++;
	if ((j = newblocks_job(n, direction, serial)) == NULL)
		return;
	j->answers = answer;
	snprintf(j->why, sizeof(j->why), "%s", why);
	j->notify = !answer && !n->peer->self;
	env_add(n->peer->env, void_run, void_done, j);
}

void
newblocks_void(struct newblocks *n, int direction, uint64_t serial,
    const char *why)
{
	peer_error(n->peer, "block void: %s", why);
	log_warn("block void", "peer=%s direction=%s block=%" PRIu64
	    " reason=%s", n->peer->km, direction == OWN ? "out" : "in", serial,
	    log_quote(why));
	void_block(n, direction, serial, false, why);
}

static void
send_notice(void *arg, int mine, uint64_t block)
{
	send_void(arg, mine, block, false);
}

void
newblocks_notices(struct newblocks *n)
{
	if (!n->peer->self && channel_is_up(n->peer->channel))
		(void)keystore_notices(keystore_reader(n->peer->env->store),
		    n->peer->id, send_notice, n);
}

static int
notice_run(struct db *db, void *arg)
{
	struct job	*j = arg;

	(void)db;
	return keystore_notice_delete(newblocks_writer(j), j->peer->id,
	    j->direction == OWN, j->serial);
}

static void
notice_done(void *arg, int r)
{
	(void)r;
	newblocks_job_free(arg);
}

/*
 * Who has a notice of its own for the block knows now that the peer knows.
 * The peer says it until it hears the answer, so that comes when nothing of
 * the block is left on disk here. An answer is not answered: a notice may have
 * been sent more than once.
 */
void
newblocks_block_void(struct newblocks *n, const struct msg_block_void *m)
{
	/* model: transfer block_void */
	int		 direction = m->mine != 0 ? THEIRS : OWN;
	struct job	*j;

	if (m->block == 0 || m->block > INT64_MAX)
		return;
	if (keystore_notice_find(keystore_reader(n->peer->env->store),
	    n->peer->id, direction == OWN, m->block) > 0) {
		if ((j = newblocks_job(n, direction, m->block)) != NULL)
			env_add(n->peer->env, notice_run, notice_done, j);
		if (m->answer == 0)
			send_void(n, direction == OWN, m->block, true);
	} else if (m->answer == 0) {
		log_info("block void at the peer", "peer=%s block=%" PRIu64,
		    n->peer->km, m->block);
		void_block(n, direction, m->block, true, "void at the peer");
		if (direction == OWN)
			pool_failed(n->peer->pool);
	}
}
