/* fakedoor.c - applications that answer notices as the test says. */
#include "config.h"
#include "fakedoor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

#define OCTETS	32

struct fakedoor	fakedoor;

static unsigned
place(const char *application)
{
	return (unsigned)(application[4] - 'A') * 2 +
	    (unsigned)(application[5] - '1');
}

void
fakedoor_absent(const char *application, bool absent)
{
	fakedoor.absent[place(application)] = absent;
	for (unsigned i = 0; !absent && i < pair.nodes; i++)
		if (pair.n[i].s != NULL)
			session_present(pair.n[i].s, application);
}

static bool
on_present(void *arg, const char *application)
{
	(void)arg;
	return !fakedoor.absent[place(application)];
}

/* ---- answers ---- */

static void
answer_keys(struct notice *n, enum fakedoor_mode mode)
{
	uint8_t		ids[PAIR_KEYS_MAX][16];
	uint32_t	keys = n->keys;

	memcpy(ids, n->ids, keys * 16);
	n->guest = NULL;
	fakedoor.open = NULL;
	if (mode == FAKEDOOR_REFUSES)
		(void)n->answered(n, false, "rejected: no room",
		    (const uint8_t (*)[16])ids, 1);
	else if (mode == FAKEDOOR_ACCEPTS)
		(void)n->answered(n, true, "success",
		    (const uint8_t (*)[16])ids, keys);
	else
		for (uint32_t i = 0; i < keys; i++) {
			bool	over = n->answered(n, true, "success",
				    (const uint8_t (*)[16])&ids[i], 1);

			if (over || mode == FAKEDOOR_HALF)
				break;
		}
	if (mode == FAKEDOOR_HALF) {
		n->guest = &fakedoor;
		fakedoor.open = n;
	}
}

static void
answer(struct notice *n, enum fakedoor_mode mode)
{
	if (n->has_keys) {
		answer_keys(n, mode);
		return;
	}
	n->guest = NULL;
	fakedoor.open = NULL;
	(void)n->answered(n, mode != FAKEDOOR_REFUSES,
	    mode == FAKEDOOR_REFUSES ? "rejected" : "success", NULL, 0);
}

void
fakedoor_answer(bool success, const char *response)
{
	struct notice	*n = fakedoor.open;

	(void)response;
	if (n != NULL)
		answer(n, success ? FAKEDOOR_ACCEPTS : FAKEDOOR_REFUSES);
}

void
fakedoor_lose(void)
{
	struct notice	*n = fakedoor.open;

	if (n == NULL)
		return;
	fakedoor.open = NULL;
	n->guest = NULL;
	n->lost(n);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct notice	*n = fakedoor.open;
	bool		 leaves;

	(void)fd, (void)what;
	if (n == NULL || n != arg)
		return;
	leaves = fakedoor.leaves > 0;
	if (leaves) {
		fakedoor.leaves--;
		fakedoor_lose();
	} else
		answer(n, n->has_keys ? fakedoor.keys : fakedoor.sessions);
}

/* ---- the notifier ---- */

static void
note(const struct notice *n)
{
	fakedoor.invited += !n->has_keys;
	fakedoor.brought += n->has_keys;
	memcpy(fakedoor.session, n->session, SESSION_ID);
	snprintf(fakedoor.source, sizeof(fakedoor.source), "%s", n->source);
	snprintf(fakedoor.destination, sizeof(fakedoor.destination), "%s",
	    n->destination);
	if (!n->has_keys) {
		snprintf(fakedoor.name, sizeof(fakedoor.name), "%s", n->name);
		fakedoor.number = n->number;
		return;
	}
	fakedoor.keys_n = n->keys;
	fakedoor.octets = n->octets;
	memcpy(fakedoor.ids, n->ids, n->keys * 16);
	memcpy(fakedoor.bytes, n->bytes, (size_t)n->keys * n->octets);
}

static int
on_send(void *arg, struct notice *n)
{
	static const struct timeval	soon = { 0, 1000 };
	enum fakedoor_mode		mode = n->has_keys ? fakedoor.keys :
					    fakedoor.sessions;

	(void)arg;
	if (fakedoor.absent[place(n->destination)])
		return -E_NOT_FOUND;
	if (mode == FAKEDOOR_BUSY || fakedoor.open != NULL)
		return -E_BUSY;
	note(n);
	n->guest = &fakedoor;
	fakedoor.open = n;
	if (mode != FAKEDOOR_SILENT)
		event_base_once(pair.base, -1, EV_TIMEOUT, on_later, n,
		    &soon);
	return 0;
}

static void
on_cancel(void *arg, struct notice *n)
{
	(void)arg;
	if (fakedoor.open == n)
		fakedoor.open = NULL;
	n->guest = NULL;
}

static bool
on_arriving(void *arg)
{
	(void)arg;
	return fakedoor.arriving;
}

static const struct notifier	notifier = {
	on_present, on_send, on_cancel, on_arriving
};

void
fakedoor_set(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		if (pair.n[i].s != NULL)
			session_set_notifier(pair.n[i].s, &notifier, NULL);
}

/* ---- sources ---- */

static void
on_done(void *arg, struct supply_answer *a)
{
	struct fakedoor_result	*r = arg;

	if (r->done)
		abort();	/* twice */
	r->done = true;
	r->status = a->status;
	if (a->detail != NULL)
		snprintf(r->detail, sizeof(r->detail), "%s", a->detail);
	if (a->status == SUPPLY_OK)
		memcpy(r->session, a->session, SESSION_ID);
	if (a->status != SUPPLY_OK || a->keys == NULL)
		return;
	r->number = a->number;
	r->octets = a->octets;
	memcpy(r->ids, a->ids, a->number * 16);
	memcpy(r->keys, a->keys->bytes, a->keys->len);
}

void
fakedoor_wait(struct fakedoor_result *r)
{
	uint64_t	end = mono_ms() + 20000;

	while (!r->done) {
		if (mono_ms() > end)
			abort();
		event_base_loop(pair.base, EVLOOP_ONCE);
	}
}

struct supply_call *
fakedoor_open_start(unsigned node, const char *source,
    const char *destination, uint64_t number, struct fakedoor_result *r)
{
	struct session_opening	o = { source, destination, "a name", number };

	memset(r, 0, sizeof(*r));
	return session_open(pair.n[node].s, &o, on_done, r);
}

void
fakedoor_open(unsigned node, const char *source, const char *destination,
    uint64_t number, struct fakedoor_result *r)
{
	(void)fakedoor_open_start(node, source, destination, number, r);
	fakedoor_wait(r);
}

struct supply_call *
fakedoor_draw_start(unsigned node, const char *caller,
    const uint8_t session[SESSION_ID], uint32_t number,
    struct fakedoor_result *r)
{
	struct session_draw	d = { .caller = caller, .session = session,
				    .number = number, .octets = OCTETS };

	memset(r, 0, sizeof(*r));
	return session_draw(pair.n[node].s, &d, on_done, r);
}

void
fakedoor_draw(unsigned node, const char *caller,
    const uint8_t session[SESSION_ID], uint32_t number,
    struct fakedoor_result *r)
{
	(void)fakedoor_draw_start(node, caller, session, number, r);
	fakedoor_wait(r);
}
