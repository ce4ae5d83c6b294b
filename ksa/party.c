/* party.c - applications of this node that have sessions. */
#include "ksa/party.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/invitation.h"
#include "ksa/offerint.h"
#include "ksa/share.h"

static struct party *
find(const struct sessions *a, const char *application)
{
	struct party	*p;

	HASH_FIND_STR(a->parties, application, p);
	return p;
}

static struct party *
party_new(struct sessions *a, const char *application)
{
	size_t		 n = a->env->npeers;
	struct party	*p = calloc(1, sizeof(*p));

	if (p == NULL || (p->lines = calloc(n, sizeof(p->lines[0]))) ==
	    NULL) {
		free(p);
		return NULL;
	}
	strcpy(p->id, application);
	for (size_t i = 0; i < n; i++)
		TAILQ_INIT(&p->lines[i].waiting);
	HASH_ADD_STR(a->parties, id, p);
	return p;
}

static struct party *
get(struct sessions *a, const char *application)
{
	struct party	*p = find(a, application);

	if (p == NULL && (p = party_new(a, application)) == NULL)
		return NULL;
	p->refs++;
	return p;
}

static void
put(struct sessions *a, struct party **pp)
{
	struct party	*p = *pp;

	*pp = NULL;
	if (p == NULL || --p->refs > 0)
		return;
	HASH_DEL(a->parties, p);
	free(p->lines);
	free(p);
}

static struct party_line *
line_of(const struct party *p, const struct peer *from)
{
	size_t	i = 0;

	while (from->env->peers[i] != from)
		i++;
	return &p->lines[i];
}

/* Asked for by an application of that peer; else of this node. */
static bool
is_theirs(const struct session *s)
{
	return !s->row.source_here;
}

static void
count(struct sessions *a, const struct session *s, int n)
{
	if (s->asker != NULL)
		s->asker->asked += (unsigned)n;
	if (s->bidden != NULL) {
		s->bidden->brought += (unsigned)n;
		line_of(s->bidden, s->peer)->brought += (unsigned)n;
	}
	if (is_theirs(s))
		s->peer->sessions += (unsigned)n;
	a->open += (unsigned)n;
}

int
party_join(struct sessions *a, struct session *s)
{
	if ((s->row.source_here &&
	    (s->asker = get(a, s->row.source)) == NULL) ||
	    (s->row.destination_here &&
	    (s->bidden = get(a, s->row.destination)) == NULL)) {
		put(a, &s->asker);
		return -E_NO_MEMORY;
	}
	if (s->row.state != SESSION_ENDED)
		count(a, s, 1);
	return 0;
}

void
party_over(struct sessions *a, const struct session *s)
{
	count(a, s, -1);
}

void
party_leave(struct sessions *a, struct session *s)
{
	put(a, &s->asker);
	put(a, &s->bidden);
}

/* ---- limits ---- */

static const char	full[] = "this KM has as many sessions as it may "
			    "(max_sessions)",
			most[] = "the application has as many sessions as it "
			    "may (max_sessions_per_application)";

bool
party_may_ask(const struct sessions *a, const char *application,
    const char **why)
{
	const struct ksa_conf	*c = a->env->conf;
	const struct party	*p = find(a, application);

	*why = full;
	if (a->open >= c->max_sessions)
		return false;
	*why = most;
	return p == NULL || p->asked < c->max_sessions_per_application;
}

/* What other KMs' applications ask for leaves room for ours, and for each
 * other's. */
bool
party_may_bring(const struct sessions *a, const char *application,
    const struct peer *from, const char **why)
{
	const struct ksa_conf	*c = a->env->conf;
	const struct party	*p = find(a, application);

	*why = full;
	if (from->self ? a->open >= c->max_sessions :
	    !share_allows(from->sessions, a->open, 1,
	    (uint64_t)c->max_sessions))
		return false;
	*why = most;
	return p == NULL || share_allows(line_of(p, from)->brought,
	    p->brought, 1, (uint64_t)c->max_sessions_per_application);
}

/* ---- what waits ---- */

void
party_wait(const struct session *s, struct notice *n)
{
	if (n->waits)
		return;
	TAILQ_INSERT_TAIL(&line_of(s->bidden, s->peer)->waiting, n, turn);
	s->bidden->waiting++;
	n->waits = true;
}

void
party_leave_line(const struct session *s, struct notice *n)
{
	if (!n->waits)
		return;
	TAILQ_REMOVE(&line_of(s->bidden, s->peer)->waiting, n, turn);
	s->bidden->waiting--;
	n->waits = false;
}

/* One of each KM's, as long as there is room for the next. */
static void
try_all(const struct sessions *a, struct party *p)
{
	struct notice	*n;
	bool		 room = true;

	while (room && p->waiting > 0) {
		n = TAILQ_FIRST(&p->lines[p->turn].waiting);
		if (n != NULL)
			room = n->has_keys ? offerkeys_try(n) :
			    invitation_try(n);
		if (room)
			p->turn = (p->turn + 1) % a->env->npeers;
	}
}

/* What ends meanwhile may be the last of its sessions. */
void
party_present(struct sessions *a, const char *application)
{
	struct party	*p = find(a, application);

	if (p == NULL || p->waiting == 0)
		return;
	p->refs++;
	try_all(a, p);
	put(a, &p);
}

void
party_present_all(struct sessions *a)
{
	struct party	*p, *next;

	for (p = a->parties; p != NULL; p = next) {
		p->refs++;
		try_all(a, p);
		next = p->hh.next;
		put(a, &p);
	}
}
