/* applearn.c - the list of a peer's applications: its parts, its commit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/apps.h"
#include "ksa/appsint.h"
#include "ksa/appstore.h"
#include "ksa/channel.h"
#include "ksa/place.h"
#include "log.h"

/* What a peer may cost us; what is too soon it sends again. */
#define LIST_MS		500	/* from one list to the next, */
#define CHANGES_PER_MS	10	/* more if they differ in many IDs, */
#define BURST_MS	5000	/* less if there was none for so long */

bool
apps_heard(const struct apps *a)
{
	return a->known != 0;
}

bool
apps_settled(const struct apps *a, uint64_t generation)
{
	return generation == 0 || generation == a->known ||
	    generation == a->refused;
}

void
apps_forget(struct apps *a)
{
	applist_free(&a->list);
	a->generation = 0;
	a->next = 0;
}

void
apps_answer(struct apps *a)
{
	struct msg	m = { .id = MSG_apps_known };

	m.apps_known.generation = a->known;
	m.apps_known.refused = a->refused;
	if (a->refused != 0)
		strncpy(m.apps_known.reason, a->reason,
		    sizeof(m.apps_known.reason) - 1);
	(void)channel_send(a->peer->channel, &m);
}

/* What it announced before stays. */
static void
refuse(struct apps *a, int r)
{
	struct peer	*p = a->peer;

	if (r == -E_TOO_LARGE)
		snprintf(a->reason, sizeof(a->reason), "more than %" PRId64
		    " applications (max_announced)",
		    p->env->conf->max_announced);
	else
		snprintf(a->reason, sizeof(a->reason), "%s", err_text(r));
	a->refused = a->generation;
	log_warn("list of applications refused: the one before stays",
	    "peer=%s reason=%s", p->km, log_quote(a->reason));
	apps_forget(a);
	apps_answer(a);
}

/* ---- the commit ---- */

struct learning {
	struct apps	*apps;
	struct side	*side;
	struct applist	 list;
	uint64_t	 generation;
	unsigned	 added, withdrawn;
};

static int
change_run(void *arg, const char *id, bool added)
{
	struct learning	*j = arg;

	if (added)
		j->added++;
	else
		j->withdrawn++;
	return appstore_change(j->side, j->apps->peer->id, id, added);
}

/* The list in memory is that on disk, and nobody changes it meanwhile; if
 * there is none, what is on disk is none. */
static int
learn_run(struct db *db, void *arg)
{
	struct learning	*j = arg;
	int		 r;

	(void)db;
	j->side = keystore_writer(j->apps->peer->env->store);
	j->added = j->withdrawn = 0;
	r = j->apps->known != 0 ? 0 :
	    appstore_clear(j->side, j->apps->peer->id);
	if (r == 0)
		r = claims_compare(j->apps->teller, &j->list, change_run, j);
	return r < 0 ? r : appstore_set(j->side, j->apps->peer->id,
	    j->generation, now_ms());
}

static void
learned(struct apps *a, const struct learning *j)
{
	uint64_t	now = mono_ms();

	a->known = j->generation;
	a->refused = 0;
	if (a->calm + BURST_MS < now)
		a->calm = now - BURST_MS;
	a->calm += LIST_MS + (j->added + j->withdrawn) / CHANGES_PER_MS;
	log_notice("applications of a node learned", "peer=%s applications=%"
	    PRIu32 " added=%u withdrawn=%u", a->peer->km, j->list.n,
	    j->added, j->withdrawn);
	apps_answer(a);
}

/* Without a word from us the peer sends it again. */
static void
learn_done(void *arg, int r)
{
	struct learning	*j = arg;
	struct apps	*a = j->apps;

	a->busy = false;
	if (r == 0)
		r = place_learn(a->peer->env->book, a->teller, &j->list);
	if (r == 0)
		learned(a, j);
	else
		peer_error(a->peer, "its applications not written: %s",
		    err_text(r));
	applist_free(&j->list);
	free(j);
}

static void
learn(struct apps *a)
{
	struct learning	*j = calloc(1, sizeof(*j));

	if (j != NULL) {
		j->apps = a;
		j->list = a->list;
		j->generation = a->generation;
		a->list = (struct applist){ .text = NULL };
		a->busy = true;
		env_add(a->peer->env, learn_run, learn_done, j);
	}
	apps_forget(a);
}

/* ---- parts ---- */

/* It has all that is to be said of it: said again, the word may be lost. */
static bool
said_before(struct apps *a, const struct msg_apps *m)
{
	if (m->generation == 0 || !apps_settled(a, m->generation))
		return false;
	if (m->last != 0)
		apps_answer(a);
	return true;
}

/* A part that is not the next one is lost on us: all come again. */
static bool
is_next(struct apps *a, const struct msg_apps *m)
{
	if (m->part == 0) {
		apps_forget(a);
		a->generation = m->generation;
	}
	if (m->generation == 0 || m->generation != a->generation ||
	    m->part != a->next) {
		apps_forget(a);
		return false;
	}
	a->next++;
	return true;
}

void
apps_part(struct apps *a, const struct msg_apps *m)
{
	uint32_t	most = (uint32_t)a->peer->env->conf->max_announced;
	int		r;

	if (a->busy || mono_ms() < a->calm || said_before(a, m) || !is_next(a, m))
		return;
	r = applist_decode(&a->list, m->ids.p, m->ids.len, most);
	if (r == 0 && m->last != 0 &&
	    applist_digest(&a->list) != a->generation)
		r = -E_BAD_FORMAT;
	if (r == -E_NO_MEMORY)
		apps_forget(a);		/* it comes again */
	else if (r < 0)
		refuse(a, r);
	else if (m->last != 0)
		learn(a);
}
