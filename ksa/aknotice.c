/* aknotice.c - exchanges that the KM begins. */
#include "aknotice.h"

#include <stdio.h>
#include <string.h>

#include "akframe.h"
#include "akguest.h"
#include "akmatch.h"
#include "doorint.h"
#include "err.h"
#include "log.h"

/* Traces are read more easily if the KM's numbers differ from the
 * applications'; they need not. */
#define FIRST_ID	0x80000001

static struct aknotice *
of(const struct ak_listener *l)
{
	return &l->guest->door->notices;
}

/* ---- which notices a connection has ---- */

static void
add(struct ak_listener *l, struct notice *n)
{
	LIST_INSERT_HEAD(&l->open, n, entry);
	l->nopen++;
	n->guest = l;
}

static struct ak_listener *
take(struct notice *n)
{
	struct ak_listener *l = n->guest;

	LIST_REMOVE(n, entry);
	l->nopen--;
	n->guest = NULL;
	return l;
}

static struct notice *
find(const struct ak_listener *l, uint32_t message_id)
{
	struct notice	*n;

	LIST_FOREACH(n, &l->open, entry)
		if (n->message_id == message_id)
			return n;
	return NULL;
}

uint32_t
aknotice_number(struct ak_listener *l)
{
	uint32_t	id;

	do
		id = FIRST_ID + (uint32_t)l->sent++;
	while (find(l, id) != NULL);
	return id;
}

/* ---- what is done in the loop ---- */

static void
wake(struct aknotice *a)
{
	event_active(a->event, 0, 0);
}

/* Its connection does not answer any more. */
static void
lose(struct aknotice *a, struct notice *n)
{
	add(&a->nobody, n);
	wake(a);
}

static void
wait_for_turn(struct ak_listener *l)
{
	if (l->waits)
		return;
	l->waits = true;
	TAILQ_INSERT_TAIL(&of(l)->turns, l, turn);
	wake(of(l));
}

static void
end_turn(struct ak_listener *l)
{
	if (l->waits)
		TAILQ_REMOVE(&of(l)->turns, l, turn);
	l->waits = false;
}

/* Each may be sent again, by another connection, or make others end. */
static void
tell_lost(struct aknotice *a)
{
	struct notice	*n;

	while ((n = LIST_FIRST(&a->nobody.open)) != NULL) {
		take(n);
		a->lost++;
		n->lost(n);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct door		*d = arg;
	struct ak_listener	*l;

	(void)fd, (void)what;
	tell_lost(&d->notices);
	while ((l = TAILQ_FIRST(&d->notices.turns)) != NULL) {
		end_turn(l);
		if (l->dismissed)
			akguest_dismiss(l->guest);
		else if (l->listed)
			session_present(d->supply, l->guest->caller->id);
	}
}

/* ---- which connections an application has ---- */

static bool
is_ours(const struct guest *g)
{
	return g->caller != NULL && g->refusal == NULL && g->caller->local &&
	    !g->last && !g->broken;
}

/* What it had will not be answered any more. */
static void
strike(struct ak_listener *l)
{
	struct notice	*n;

	if (!l->listed)
		return;
	l->listed = false;
	LIST_REMOVE(l, entry);
	while ((n = LIST_FIRST(&l->open)) != NULL) {
		take(n);
		lose(of(l), n);
	}
	akguest_noticed(l->guest);
}

void
aknotice_heard(struct ak_listener *l, struct guest *g)
{
	bool	 new = !l->listed;

	l->guest = g;
	if (!is_ours(g)) {
		strike(l);
		return;
	}
	if (l->listed && LIST_FIRST(&g->caller->listeners) == l)
		return;
	if (l->listed)
		LIST_REMOVE(l, entry);
	LIST_INSERT_HEAD(&g->caller->listeners, l, entry);
	l->listed = true;
	if (new)
		wait_for_turn(l);
}

void
aknotice_deaf(struct ak_listener *l)
{
	strike(l);
}

void
aknotice_leave(struct ak_listener *l)
{
	strike(l);
	if (l->waits)
		end_turn(l);
}

/* Whether its certificate stands for the application still. */
static bool
holds(struct ak_listener *l)
{
	bool	good = identity_holds(l->guest);

	if (good && is_ours(l->guest))
		return true;
	strike(l);
	if (!good) {
		l->dismissed = true;
		wait_for_turn(l);
	}
	return false;
}

static bool
has_room(const struct ak_listener *l)
{
	const struct guest *g = l->guest;

	return l->nopen < (unsigned)g->door->conf->ak_max_requests &&
	    akguest_due(g) < DOORINT_OUTPUT;
}

void
aknotice_room(struct ak_listener *l)
{
	if (!l->listed || !l->short_of_room || !has_room(l))
		return;
	l->short_of_room = false;
	wait_for_turn(l);
}

/* One notice less. */
static void
relieved(struct ak_listener *l)
{
	if (l->guest == NULL)	/* nobody */
		return;
	akguest_noticed(l->guest);
	aknotice_room(l);
}

/* The first that has room; sooner one that is read from just now: an answer
 * behind a request that has to wait would wait too. -E_NOT_FOUND, -E_BUSY. */
static int
choose(struct door *d, const char *application, struct ak_listener **out)
{
	struct sae		*s = sae_find(d->book, application);
	struct ak_listener	*l, *next;
	int			 r = -E_NOT_FOUND;

	*out = NULL;
	for (l = s == NULL ? NULL : LIST_FIRST(&s->listeners); l != NULL;
	    l = next) {
		next = LIST_NEXT(l, entry);
		if (!holds(l))
			continue;
		if (!has_room(l))
			l->short_of_room = true;
		else if (!akguest_paused(l->guest)) {
			*out = l;
			return 0;
		} else if (*out == NULL)
			*out = l;
		r = -E_BUSY;
	}
	return *out != NULL ? 0 : r;
}

/* ---- the notifier ---- */

static void
fill(struct ak_message *m, struct ak_keys *k, const struct notice *n)
{
	akmsg_clear(m);
	uuid_print(n->session, m->session);
	if (n->has_keys) {
		*k = (struct ak_keys){ .number = n->keys, .octets = n->octets,
		    .ids = n->ids, .bytes = n->bytes };
		m->keys = k;
		return;
	}
	snprintf(m->source, sizeof(m->source), "%s", n->source);
	snprintf(m->destination, sizeof(m->destination), "%s",
	    n->destination);
	snprintf(m->name, sizeof(m->name), "%s", n->name);
	m->number = n->number < INT64_MAX ? (int64_t)n->number : INT64_MAX;
}

static int
write_notice(struct ak_listener *l, struct notice *n)
{
	static struct ak_message m;	/* 19 KiB; one loop */
	struct ak_keys	 keys;
	int		 r;

	fill(&m, &keys, n);
	n->message_id = aknotice_number(l);
	r = akframe_write(l->guest->conn, n->message_id, akmsg_find(
	    n->has_keys ? AK_SUPPLY : AK_SESSION_NOTIFY), &m);
	m.keys = NULL;
	if (r < 0)
		l->sent--;
	else
		log_debug("notice sent", "method=%s sae=%s session=%s "
		    "message_id=%u number=%u peer=%s",
		    n->has_keys ? "0x120A" : "0x1206", guest_sae(l->guest),
		    m.session, n->message_id, n->has_keys ? n->keys : 0,
		    l->guest->address);
	return r;
}

static int
on_send(void *arg, struct notice *n)
{
	struct door		*d = arg;
	struct ak_listener	*l;
	int			 r;

	if (n->keys > AK_KEYS_MAX)
		return -E_TOO_LARGE;
	if ((r = choose(d, n->destination, &l)) < 0)
		return r;
	if ((r = write_notice(l, n)) < 0)
		return r == -E_TOO_LARGE ? r : -E_BUSY;
	add(l, n);
	d->notices.sent++;
	akguest_noticed(l->guest);
	return 0;
}

static void
on_cancel(void *arg, struct notice *n)
{
	(void)arg;
	if (n->guest != NULL)
		relieved(take(n));
}

static bool
on_present(void *arg, const char *application)
{
	struct door		*d = arg;
	struct sae		*s = sae_find(d->book, application);
	struct ak_listener	*l, *next;

	for (l = s == NULL ? NULL : LIST_FIRST(&s->listeners); l != NULL;
	    l = next) {
		next = LIST_NEXT(l, entry);
		if (holds(l))
			return true;
	}
	return false;
}

static const struct notifier	notifier = {
	.present = on_present,
	.send = on_send,
	.cancel = on_cancel,
};

/* ---- answers ---- */

/* Nobody waits for it, perhaps not any more. */
static void
unexpected(const struct ak_listener *l, uint32_t message_id)
{
	l->guest->door->ak.unexpected++;
	if (find(l, message_id) == NULL && message_id - FIRST_ID < l->sent)
		of(l)->late++;
}

static void
log_misfit(const struct ak_listener *l, const struct ak_command *c,
    const struct notice *n, const char *why)
{
	uuid_text	session;

	if (guest_quiet(l->guest))
		return;
	uuid_print(n->session, session);
	log_notice("answer refused", "command=%04x message_id=%u sae=%s "
	    "session=%s peer=%s reason=%s", c->code, n->message_id,
	    guest_sae(l->guest), session, l->guest->address, log_quote(why));
}

void
aknotice_answer(struct ak_listener *l, const struct ak_command *c,
    uint32_t message_id, const struct ak_message *m)
{
	static struct akmatch match;	/* 16 KiB; one loop */
	struct notice	*n = find(l, message_id);

	if (n == NULL || n->has_keys != (c->code == AK_SUPPLIED)) {
		unexpected(l, message_id);
		return;
	}
	if (!akmatch(&match, n, m))
		log_misfit(l, c, n, match.response);
	/* It is not ours meanwhile: the engine may drop it. */
	take(n);
	if (n->answered(n, match.success, match.response,
	    (const uint8_t (*)[16])match.ids, match.n))
		of(l)->answered++;
	else if (n->guest == NULL && l->listed)
		add(l, n);
	else if (n->guest == NULL)
		lose(of(l), n);
	relieved(l);
}

int
aknotice_open(struct door *d)
{
	struct aknotice	*a = &d->notices;

	TAILQ_INIT(&a->turns);
	a->event = event_new(d->base, -1, 0, on_turn, d);
	if (a->event == NULL)
		return -E_NO_MEMORY;
	session_set_notifier(d->supply, &notifier, d);
	return 0;
}

void
aknotice_close(struct door *d)
{
	if (d->notices.event == NULL)
		return;
	tell_lost(&d->notices);
	session_set_notifier(d->supply, NULL, NULL);
	event_free(d->notices.event);
	d->notices.event = NULL;
}
