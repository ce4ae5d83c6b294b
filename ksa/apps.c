/* apps.c - applications announced to a peer, and learned from it. */
#include "ksa/apps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/appsint.h"
#include "ksa/appstore.h"
#include "ksa/channel.h"
#include "ksa/place.h"
#include "log.h"

#define PARTS		8	/* at once: relayd has more to carry */
#define RESEND_MS	3000	/* the peer has to commit it */
#define PATIENCE_MS	1000	/* until it says what it knows */

/* ---- ours ---- */

static int
by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
local_ids(const struct ksa_conf *c, const char **v)
{
	const struct ksa_application	*a = c->applications.v;
	size_t				 n = 0;

	for (size_t i = 0; i < c->applications.n; i++)
		if (strcmp(a[i].km, c->kme_id) == 0)
			v[n++] = a[i].id;
	qsort(v, n, sizeof(*v), by_id);
	return n;
}

int
apps_own_read(struct env *e)
{
	struct apps_own	*own = calloc(1, sizeof(*own));
	const char	**v = malloc((e->conf->applications.n + 1) *
			    sizeof(*v));
	int		 r = own == NULL || v == NULL ? -E_NO_MEMORY : 0;
	size_t		 n = r == 0 ? local_ids(e->conf, v) : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = applist_add(&own->list, v[i], strlen(v[i]), APPLIST_MOST);
	free(v);
	if (r < 0) {
		if (own != NULL)
			applist_free(&own->list);
		free(own);
		return r;
	}
	own->generation = applist_digest(&own->list);
	apps_own_free(e);
	e->apps = own;
	for (size_t i = 0; i < e->npeers; i++)
		if (e->peers[i]->apps != NULL)
			apps_restart(e->peers[i]->apps);
	return 0;
}

void
apps_own_free(struct env *e)
{
	if (e->apps != NULL)
		applist_free(&e->apps->list);
	free(e->apps);
	e->apps = NULL;
}

/* ---- telling ---- */

void
apps_restart(struct apps *a)
{
	a->at = 0;
	a->part = 0;
	a->due = 0;
}

bool
apps_told(const struct apps *a)
{
	uint64_t	g = a->peer->env->apps->generation;

	return a->confirmed == g || a->declined == g;
}

static int
send_part(struct apps *a, const struct apps_own *own)
{
	static uint8_t	 ids[APPLIST_PART];
	struct msg	 m = { .id = MSG_apps };
	size_t		 at = a->at, n = applist_encode(&own->list, &at, ids);
	int		 r;

	m.apps.generation = own->generation;
	m.apps.part = a->part;
	m.apps.last = at == own->list.len;
	m.apps.ids = (struct msg_view){ ids, n };
	if ((r = channel_send(a->peer->channel, &m)) < 0)
		return r;
	a->at = at;
	a->part++;
	return m.apps.last != 0;
}

/* Some parts at a time; after the last one, all of them if no word comes. */
static void
tell(struct apps *a)
{
	int	r = 0;

	if (!peer_is_up(a->peer) || apps_told(a) || mono_ms() < a->due)
		return;
	for (unsigned i = 0; r == 0 && i < PARTS; i++)
		r = send_part(a, a->peer->env->apps);
	if (r == 0)
		return;
	apps_restart(a);
	a->due = mono_ms() + RESEND_MS;
}

void
apps_open(struct apps *a)
{
	apps_restart(a);
	a->confirmed = a->declined = 0;	/* its store may be another one */
	a->due = mono_ms() + PATIENCE_MS;
	a->asked = false;
	apps_forget(a);
	apps_answer(a);
}

void
apps_tick(struct apps *a)
{
	tell(a);
}

void
apps_confirmed(struct apps *a, const struct msg_apps_known *m)
{
	struct peer	*p = a->peer;
	uint64_t	 own = p->env->apps->generation;

	if (m->refused == own && a->declined != own)
		log_warn("peer does not take the list of our applications",
		    "peer=%s applications=%u reason=%s", p->km,
		    p->env->apps->list.n, log_quote(m->reason));
	a->confirmed = m->generation;
	a->declined = m->refused;
	if (!a->asked && !apps_told(a)) {
		apps_restart(a);
		tell(a);
	}
	a->asked = true;
}

/* ---- life ---- */

static int
load(struct apps *a)
{
	struct peer	*p = a->peer;
	struct side	*s = keystore_reader(p->env->store);
	struct applist	 l = { .text = NULL };
	int		 r;

	if ((a->known = appstore_generation(s, p->id)) == 0)
		return 0;
	if ((r = appstore_load(s, p->id, &l)) == 0)
		r = place_learn(p->env->book, a->teller, &l);
	applist_free(&l);
	if (r != -E_BAD_FORMAT)
		return r;
	log_err("applications of a node are not readable: it is asked again",
	    "peer=%s", p->km);
	a->known = 0;
	return 0;
}

int
apps_new(struct apps **out, struct peer *p)
{
	struct apps	*a = calloc(1, sizeof(*a));
	int		 r;

	*out = a;
	if (a == NULL)
		return -E_NO_MEMORY;
	a->peer = p;
	if ((a->teller = place_teller(p->env->book, p->km)) == NULL)
		return -E_NOT_FOUND;
	if ((r = load(a)) < 0)
		log_err("applications of a peer cannot be read", "peer=%s "
		    "error=%s", p->km, err_name(r));
	return r;
}

void
apps_free(struct apps **a)
{
	if (*a != NULL)
		apps_forget(*a);
	free(*a);
	*a = NULL;
}
