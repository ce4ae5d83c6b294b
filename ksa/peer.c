/* peer.c - one KM: its parts put together, messages handed to them. */
#include "ksa/peer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "ksa/apps.h"
#include "ksa/channel.h"
#include "ksa/line.h"
#include "ksa/fetch.h"
#include "ksa/inbox.h"
#include "ksa/newblocks.h"
#include "ksa/outbox.h"
#include "ksa/paths.h"
#include "ksa/pool.h"
#include "ksa/recall.h"
#include "ksa/rollback.h"
#include "ksa/sessionwire.h"
#include "witness.h"
#include "log.h"
#include "quiet.h"

#define ROLLBACK_RETRY_MS	2000

struct peer *
peer_find(const struct env *e, const char *km)
{
	for (size_t i = 0; i < e->npeers; i++)
		if (strcmp(e->peers[i]->km, km) == 0)
			return e->peers[i];
	return NULL;
}

struct peer *
peer_by_id(const struct env *e, int64_t id)
{
	for (size_t i = 0; i < e->npeers; i++)
		if (e->peers[i]->id == id)
			return e->peers[i];
	return NULL;
}

void
peer_error(struct peer *p, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
}

bool
peer_is_up(const struct peer *p)
{
	return !p->self && channel_is_up(p->channel);
}

/* ---- marks ---- */

void
consume_begin(struct consume *c, const struct peer *p)
{
	*c = (struct consume){ .peer = p->id, .seen = p->seen };
}

int
consume_run(struct consume *c, struct side *s)
{
	return keystore_mark(s, c->peer, c->seen, &c->mark);
}

void
consume_done(const struct consume *c, struct peer *p)
{
	if (c->mark <= p->mark)
		return;
	witness_count(p->env->witness, c->mark - p->mark);
	p->mark = c->mark;
}

/* ---- the channel comes up ---- */

static void
usable(struct peer *p)
{
	p->trusted = true;
	pool_hurry(p->pool);
	line_retry(p);
	fetch_retry(p->env, 0);
	pool_fill(p->pool);
}

static void
rolled_back(struct peer *p, int r)
{
	if (r < 0) {
		peer_error(p, "stock not voided: %s", err_text(r));
		p->rollback_at = mono_ms() + ROLLBACK_RETRY_MS;
		return;
	}
	p->rollback_at = 0;
	p->back_mine = p->back_peer = false;
	usable(p);
}

static void
roll_back(struct peer *p)
{
	p->trusted = false;
	p->rollback_at = UINT64_MAX;	/* a job is on its way */
	rollback_start(p, p->back_mine, p->back_mark, rolled_back);
}

struct seen_job { struct env *env; int64_t peer; uint64_t seen; };

static int
seen_run(struct db *db, void *arg)
{
	struct seen_job	*j = arg;

	(void)db;
	return keystore_seen(keystore_writer(j->env->store), j->peer, j->seen);
}

static void
seen_done(void *arg, int r)
{
	(void)r;
	free(arg);
}

/* On disk at once: if we forget it, the peer may go back unnoticed. */
static void
remember(struct peer *p, uint64_t peer_mark)
{
	struct seen_job	*j;

	if (peer_mark <= p->seen || (j = malloc(sizeof(*j))) == NULL)
		return;
	p->seen = peer_mark;
	*j = (struct seen_job){ p->env, p->id, peer_mark };
	env_add(p->env, seen_run, seen_done, j);
}

void
peer_channel_up(struct peer *p, bool back_mine, bool back_peer,
    uint64_t peer_mark, uint64_t my_seen)
{
	remember(p, peer_mark);
	apps_open(p->apps);
	outbox_reset(p->outbox);
	inbox_open(p->inbox);
	if (back_mine || back_peer) {
		p->back_mine = p->back_mine || back_mine;
		p->back_peer = true;
		p->back_mark = my_seen > p->back_mark ? my_seen : p->back_mark;
		roll_back(p);
	} else if (p->rollback_at == 0)
		usable(p);
	newblocks_notices(p->newblocks);
	peer_demand_paths(p);
}

void
peer_demand_paths(struct peer *p)
{
	struct msg	m = { .id = MSG_paths_demanded };

	m.paths_demanded.paths = paths_of_peer(p->env->conf, p->km);
	(void)channel_send(p->channel, &m);
}

void
peer_reach(struct peer *p, bool up)
{
	if (p->self || p->reach == up)
		return;
	p->reach = up;
	p->reach_since = mono_ms();
	if (!quiet())
		log_info(up ? "peer can be reached" : "peer cannot be reached",
		    "peer=%s", p->km);
	if (up) {
		pool_hurry(p->pool);
		channel_start(p->channel);
		pool_fill(p->pool);
	} else
		channel_stop(p->channel, "no way to it");
}

/* ---- messages ---- */

static void
on_confirm(struct peer *p, const struct msg *m, bool authentic)
{
	newblocks_confirm(p->newblocks, &m->confirm, authentic);
}

static void
on_confirmed(struct peer *p, const struct msg *m, bool authentic)
{
	newblocks_confirmed(p->newblocks, &m->confirmed, authentic);
}

static void
on_bind(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	inbox_bind(p->inbox, &m->bind);
}

static void
on_bind_part(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	inbox_part(p->inbox, &m->bind_part);
}

static void
on_bound(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	outbox_bound(p->outbox, m->bound.upto);
}

static void
on_bind_query(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	outbox_query(p->outbox, m->bind_query.request);
}

static void
on_bind_unknown(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	fetch_unknown(p, m->bind_unknown.request,
	    m->bind_unknown.elsewhere != 0);
}

static void
on_bind_void(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	/* Who answers did not make the request. */
	if (m->bind_void.answer != 0) {
		if (m->bind_void.mine == 0)
			recall_answered(p, m->bind_void.request);
		return;
	}
	if (m->bind_void.mine != 0) {
		inbox_void(p->inbox, &m->bind_void);
		fetch_unknown(p, m->bind_void.request, false);
		return;
	}
	log_warn("peer refuses a binding", "peer=%s request=%" PRIu64
	    " reason=%s", p->km, m->bind_void.request,
	    log_quote(m->bind_void.reason));
	outbox_void(p->outbox, &m->bind_void);
}

static void
on_block_void(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	newblocks_block_void(p->newblocks, &m->block_void);
}

static void
on_apps(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	apps_part(p->apps, &m->apps);
}

static void
on_apps_known(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	apps_confirmed(p->apps, &m->apps_known);
}

static void
on_paths_demanded(struct peer *p, const struct msg *m, bool authentic)
{
	uint32_t	mine = paths_of_peer(p->env->conf, p->km);
	uint32_t	theirs = m->paths_demanded.paths;

	(void)authentic;
	if (theirs < 1 || theirs > BLOCK_PARTS_MAX) {
		p->env->count.bad_messages++;
		return;
	}
	p->paths = theirs > mine ? theirs : mine;
	pool_fill(p->pool);
}

static void
on_session(struct peer *p, const struct msg *m, bool authentic)
{
	(void)authentic;
	sessionwire_input(p, m);
}

static const struct handler {
	void	(*fn)(struct peer *, const struct msg *, bool authentic);
	bool	in_the_open;	/* it authenticates itself */
} handlers[MSG_MAX] = {
	[MSG_confirm] = { on_confirm, true },
	[MSG_confirmed] = { on_confirmed, true },
	[MSG_bind] = { on_bind, false },
	[MSG_bind_part] = { on_bind_part, false },
	[MSG_bound] = { on_bound, false },
	[MSG_bind_query] = { on_bind_query, false },
	[MSG_bind_unknown] = { on_bind_unknown, false },
	[MSG_bind_void] = { on_bind_void, false },
	[MSG_block_void] = { on_block_void, false },
	[MSG_apps] = { on_apps, false },
	[MSG_apps_known] = { on_apps_known, false },
	[MSG_paths_demanded] = { on_paths_demanded, false },
	[MSG_session_open] = { on_session, false },
	[MSG_session_opened] = { on_session, false },
	[MSG_session_end] = { on_session, false },
	[MSG_keys_offer] = { on_session, false },
	[MSG_keys_taken] = { on_session, false },
};

void
peer_message(struct peer *p, const struct msg *m, bool authentic)
{
	const struct handler	*h = &handlers[m->id];

	if (h->fn == NULL || (!authentic && !h->in_the_open))
		p->env->count.bad_messages++;
	else
		h->fn(p, m, authentic);
}

void
peer_input(struct peer *p, const uint8_t *body, size_t len)
{
	if (!p->self)
		channel_input(p->channel, body, len);
}

/* ---- time ---- */

void
peer_tick(struct peer *p)
{
	if (p->rollback_at != 0 && mono_ms() >= p->rollback_at)
		roll_back(p);
	if (!p->self)
		apps_tick(p->apps);
	line_tick(p);
	pool_fill(p->pool);
}

void
peer_second(struct peer *p)
{
	newblocks_tick(p->newblocks);
	if (p->self)
		return;
	channel_tick(p->channel);
	outbox_tick(p->outbox);
	inbox_tick(p->inbox);
	newblocks_notices(p->newblocks);
	recall_send(p);
}

/* ---- life ---- */

struct row_job { struct env *env; const char *km; struct peer_row *row; };

static int
row_run(struct db *db, void *arg)
{
	struct row_job	*j = arg;

	(void)db;
	return keystore_peer(keystore_writer(j->env->store), j->km, j->row);
}

static int
parts_new(struct peer *p, const struct peer_row *row)
{
	int	r;

	if ((r = line_new(p)) < 0 ||
	    (r = newblocks_new(&p->newblocks, p)) < 0 ||
	    (r = pool_new(&p->pool, p, row->block_last)) < 0)
		return r;
	if (!p->self && ((r = apps_new(&p->apps, p)) < 0 ||
	    (r = channel_new(&p->channel, p, row->control)) < 0 ||
	    (r = outbox_new(&p->outbox, p, row)) < 0 ||
	    (r = inbox_new(&p->inbox, p, row->received_last)) < 0))
		return r;
	return 0;
}

int
peer_new(struct peer **out, struct env *e, const char *km, bool self)
{
	struct peer_row	 row;
	struct row_job	 j = { e, km, &row };
	struct peer	*p = calloc(1, sizeof(*p));
	int		 r;

	if (p == NULL)
		return -E_NO_MEMORY;
	if ((r = committer_sync(keystore_committer(e->store), row_run,
	    &j)) < 0) {
		free(p);
		return r;
	}
	p->env = e;
	strncpy(p->km, km, sizeof(p->km) - 1);
	p->id = row.id;
	p->self = self;
	p->paths = paths_of_peer(e->conf, km);
	p->low = strcmp(e->conf->kme_id, km) < 0;
	p->mark = row.mark;
	p->seen = row.seen;
	p->request_last = row.issued_last;
	if ((r = parts_new(p, &row)) < 0)
		peer_free(&p);
	*out = p;
	return r;
}

int
peer_load(struct peer *p)
{
	int	r = newblocks_load(p->newblocks);

	return r < 0 ? r : pool_load(p->pool);
}

void
peer_free(struct peer **pp)
{
	struct peer	*p = *pp;

	if (p == NULL)
		return;
	apps_free(&p->apps);
	inbox_free(&p->inbox);
	outbox_free(&p->outbox);
	channel_free(&p->channel);
	pool_free(&p->pool);
	newblocks_free(&p->newblocks);
	line_free(p);
	free(p);
	*pp = NULL;
}
