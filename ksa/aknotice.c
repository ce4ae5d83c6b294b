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

/* ---- what is done in the loop ---- */

/* Each may be sent again, by another connection, or make others end. */
static void
tell_lost(struct door *d)
{
	struct notice	*n;

	while ((n = LIST_FIRST(&d->listeners.nobody.open)) != NULL) {
		aklistener_take(n);
		d->ak.lost++;
		n->lost(n);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct door		*d = arg;
	struct ak_listener	*l;

	(void)fd, (void)what;
	tell_lost(d);
	while ((l = aklistener_turn(d)) != NULL)
		if (l->dismissed)
			akguest_dismiss(l->guest);
		else if (l->listed)
			session_present(d->supply, l->guest->caller->id);
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
	n->message_id = aklistener_number(l);
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
	if ((r = aklistener_choose(d, n->destination, &l)) < 0)
		return r;
	if ((r = write_notice(l, n)) < 0)
		return r == -E_TOO_LARGE ? r : -E_BUSY;
	aklistener_add(l, n);
	d->ak.sent++;
	akguest_noticed(l->guest);
	return 0;
}

static void
on_cancel(void *arg, struct notice *n)
{
	struct ak_listener	*l;

	(void)arg;
	if (n->guest == NULL)
		return;
	l = aklistener_take(n);
	aklistener_unanswered(l);
	aklistener_relieved(l);
}

static bool
on_present(void *arg, const char *application)
{
	return aklistener_present(arg, application);
}

static bool
on_arriving(void *arg)
{
	const struct door	*d = arg;

	return porch_count(d->porch) > 0;
}

static const struct notifier	notifier = {
	.present = on_present,
	.send = on_send,
	.cancel = on_cancel,
	.arriving = on_arriving,
};

/* ---- answers ---- */

/* Nobody waits for it, perhaps not any more. */
static void
unexpected(const struct ak_listener *l, uint32_t message_id)
{
	struct ak_figures	*f = &l->guest->door->ak;

	f->unexpected++;
	if (aklistener_find(l, message_id) == NULL &&
	    aklistener_was_sent(l, message_id))
		f->late++;
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
	struct notice	*n = aklistener_find(l, message_id);

	if (n == NULL || n->has_keys != (c->code == AK_SUPPLIED)) {
		unexpected(l, message_id);
		return;
	}
	if (!akmatch(&match, n, m))
		log_misfit(l, c, n, match.response);
	/* It is not ours meanwhile: the engine may drop it. */
	aklistener_take(n);
	if (n->answered(n, match.success, match.response,
	    (const uint8_t (*)[16])match.ids, match.n))
		l->guest->door->ak.answered++;
	else if (n->guest == NULL && l->listed)
		aklistener_add(l, n);
	else if (n->guest == NULL)
		aklistener_lose(l->guest->door, n);
	aklistener_relieved(l);
}

int
aknotice_open(struct door *d)
{
	struct ak_listeners	*a = &d->listeners;

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
	if (d->listeners.event == NULL)
		return;
	tell_lost(d);
	session_set_notifier(d->supply, NULL, NULL);
	event_free(d->listeners.event);
	d->listeners.event = NULL;
}
