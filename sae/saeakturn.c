/* saeakturn.c - each frame of the KM goes where it belongs. */
#include "saeakint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "saeakread.h"

#define NOTICES_MAX	64		/* that nobody has served yet */

static int
bad(struct saeak *a, const struct ak_command *c, const char *what,
    struct saewhy *w)
{
	return saewhy_set(w, E_BAD_FORMAT, "the KM at %s sent a %s %s", a->kme,
	    c->name, what);
}

/* ---- answers ---- */

static struct saeakcall *
find_call(struct saeak *a, uint32_t message_id)
{
	struct saeakcall	*c;

	TAILQ_FOREACH(c, &a->calls, entry)
		if (c->message_id == message_id)
			return c;
	return NULL;
}

/* A well-formed answer: does it belong to what was asked? */
static int
check_answer(struct saeak *a, const struct saeakcall *c,
    const struct ak_command *k, const struct ak_message *m,
    struct saewhy *w)
{
	if (strcmp(m->response, "success") != 0)
		return 0;
	if (k->code == AK_SESSION_RESPONSE && m->session[0] == '\0')
		return bad(a, k, "without a session", w);
	if (c->session != NULL && strcmp(c->session, m->session) != 0)
		return bad(a, k, "for another session", w);
	if (a->kme_id != NULL && m->km[0] != '\0' &&
	    strcmp(a->kme_id, m->km) != 0)
		return saewhy_set(w, E_BAD_FORMAT, "the KM at %s calls itself "
		    "\"%s\", not \"%s\"", a->kme, m->km, a->kme_id);
	return 0;
}

static int
answered(struct saeak *a, struct saeakcall *c, const struct ak_command *k,
    struct saeaknews *news, struct saewhy *w)
{
	int	r;

	if ((r = check_answer(a, c, k, &news->m, w)) < 0)
		return r;
	r = saeakread_verdict(news->m.response, a->kme, w);
	c->left = true;
	if (r == 0) {
		c->keys = news->keys;
		news->keys = NULL;
		strcpy(c->opened, news->m.session);
	}
	saeakcall_end(a, c, r, w);
	return 0;
}

static int
take_answer(struct saeak *a, const struct ak_command *k,
    const struct frame *f, struct saeaknews *news, struct saewhy *w)
{
	struct saeakcall	*c = find_call(a, f->message_id);
	int			 r;

	if (c == NULL)
		return bad(a, k, "to nothing that was asked", w);
	if (c->answer != k->code)
		return bad(a, k, "to another request", w);
	if (f->version != FRAME_VERSION)
		return bad(a, k, "of another version", w);
	if (c->abandoned) {
		saeakcall_end(a, c, 0, w);
		return 0;
	}
	r = saeakread(news, k, (char *)(uintptr_t)f->payload, f->length,
	    c->want, w);
	if (r == 0)
		return answered(a, c, k, news, w);
	/* No room for keys is our fault, and only this call's. */
	if (r == -E_NO_MEMORY) {
		c->left = true;
		saeakcall_end(a, c, r, w);
		return 0;
	}
	return r;
}

/* ---- what the KM begins ---- */

void
saeaknotice_free(struct saenotice *n)
{
	if (n == NULL)
		return;
	saekeys_free(&n->keys);
	free(n->ids);
	free(n);
}

/* Refused at once: nobody could be asked. */
static int
refuse(struct saeak *a, const struct ak_command *k, const struct frame *f,
    const struct saeaknews *news, const char *response)
{
	struct saeakframe	reply;
	struct saewhy		w;
	int			r;

	r = k->code == AK_SUPPLY ? saeakask_supplied(&reply, news->m.session,
	    (const uint8_t (*)[16])news->m.ids, news->m.nids, response, &w) :
	    saeakask_notified(&reply, news->m.session, response, &w);
	if (r < 0)
		return r;
	saeakask_number(&reply, f->message_id);
	r = saeakpipe_send(a, &reply) ? 0 : -E_NO_MEMORY;
	free(reply.octets);
	return r;
}

static bool
was_given_back(const struct saeak *a, const struct saegiven *g)
{
	for (unsigned i = 0; i < SAEAK_GIVEN; i++)
		if (strcmp(a->given[i].session, g->session) == 0 &&
		    memcmp(a->given[i].key, g->key, sizeof(g->key)) == 0)
			return true;
	return false;
}

/* Another connection of this application may listen. */
static int
give_back(struct saeak *a, const struct ak_command *k, const struct frame *f,
    const struct saeaknews *news)
{
	struct saegiven	g = { "", { 0 } };

	strcpy(g.session, news->m.session);
	if (news->m.nids > 0)
		memcpy(g.key, news->m.ids[0], sizeof(g.key));
	if (was_given_back(a, &g))
		return refuse(a, k, f, news, "rejected: the application "
		    "listens on no connection");
	a->given[a->ngiven++ % SAEAK_GIVEN] = g;
	a->leaving = true;
	return 0;
}

static struct saenotice *
make_notice(struct saeak *a, const struct ak_command *k,
    const struct frame *f, struct saeaknews *news)
{
	struct saenotice	*n = calloc(1, sizeof(*n));
	const struct ak_message	*m = &news->m;

	if (n == NULL || (n->ids = calloc(m->nids + 1, 16)) == NULL) {
		free(n);
		return NULL;
	}
	memcpy(n->ids, m->ids, m->nids * 16);
	n->nids = m->nids;
	n->message_id = f->message_id;
	n->epoch = a->epoch;
	n->has_keys = k->code == AK_SUPPLY;
	n->keys = news->keys;
	news->keys = NULL;
	strcpy(n->session.id, m->session);
	strcpy(n->session.source, m->source);
	strcpy(n->session.destination, m->destination);
	snprintf(n->session.name, sizeof(n->session.name), "%s", m->name);
	saewhy_clean(n->session.name);
	n->session.limit = (uint64_t)m->number;
	return n;
}

static int
take_notice(struct saeak *a, const struct ak_command *k,
    const struct frame *f, struct saeaknews *news, struct saewhy *w)
{
	const struct saewanted	 any = { 0, NULL, 0 };
	struct saenotice	*n;
	char			 why[sizeof(w->text) + 16];
	int			 r;

	if (a->leaving)			/* it will be offered elsewhere */
		return 0;
	r = saeakread(news, k, (char *)(uintptr_t)f->payload, f->length,
	    &any, w);
	if (r == -E_NO_MEMORY)
		return refuse(a, k, f, news, "rejected: out of memory");
	if (f->version != FRAME_VERSION)
		return refuse(a, k, f, news, "bad_request: another version");
	if (r < 0) {
		snprintf(why, sizeof(why), "bad_request: %s", w->text);
		return refuse(a, k, f, news, why);
	}
	if (!a->listening)
		return give_back(a, k, f, news);
	if (a->nnotices == NOTICES_MAX)
		return refuse(a, k, f, news, "rejected: the application does "
		    "not keep up");
	if ((n = make_notice(a, k, f, news)) == NULL)
		return refuse(a, k, f, news, "rejected: out of memory");
	TAILQ_INSERT_TAIL(&a->notices, n, entry);
	a->nnotices++;
	return 0;
}

int
saeakturn(struct saeak *a, const struct frame *f, struct saewhy *w)
{
	const struct ak_command	*k = akmsg_find(f->command);
	struct saeaknews	*news;
	int			 r;

	if (k == NULL)			/* private codes do no harm */
		return 0;
	if (k->from_application)
		return bad(a, k, "that only applications send", w);
	if ((news = calloc(1, sizeof(*news))) == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	r = k->answer == 0 ? take_answer(a, k, f, news, w) :
	    take_notice(a, k, f, news, w);
	saeaknews_clear(news);
	free(news);
	return r;
}
