/* fakesupply.c - an engine for tests. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakesupply.h"

#define CALLS	128		/* open at once */

struct supply_call {
	supply_done	*done;		/* NULL: it is not open */
	void		*arg;
	uint32_t	 number, octets;
	supply_fits	*fits;
};

struct fakesupply	 fakesupply;
static struct supply_call calls[CALLS];	/* in a ring */
static unsigned		 first, next;

void
fakesupply_reset(void)
{
	memset(&fakesupply, 0, sizeof(fakesupply));
	memset(calls, 0, sizeof(calls));
	first = next = 0;
	fakesupply.limits = (struct supply_limits){ 256, 64, 65536, 128, 0 };
	strcpy(fakesupply.stock.target_km, "KME-B");
	fakesupply.stock.max_stored = 8192;
	fakesupply.dec_octets = 32;
}

bool
fakesupply_waits(void)
{
	while (first != next && calls[first % CALLS].done == NULL)
		first++;
	while (first != next && calls[(next - 1) % CALLS].done == NULL)
		next--;
	return first != next;
}

static bool
has_room(const struct supply_call *c)
{
	uint32_t	octets[SUPPLY_KEYS_MAX];

	for (uint32_t i = 0; i < c->number; i++)
		octets[i] = c->octets;
	return c->fits == NULL || c->fits(c->number, octets);
}

static void
answer(struct supply_call *call)
{
	static uint8_t	ids[SUPPLY_KEYS_MAX][16];
	struct supply_call c = *call;
	struct supply_answer a = {
		.status = has_room(&c) ? fakesupply.status : SUPPLY_TOO_LARGE,
		.detail = fakesupply.detail,
		.number = c.number, .octets = c.octets,
		.ids = (const uint8_t (*)[16])ids,
		.session = c.number == 0 ? fakesupply.session : NULL,
	};

	call->done = NULL;
	if (a.status == SUPPLY_OK && c.number > 0) {
		a.keys = secret_new((size_t)c.number * c.octets);
		memset(a.keys->bytes, 'k', a.keys->len);
	}
	if (c.done != NULL)
		c.done(c.arg, &a);
	secret_free(&a.keys);
}

void
fakesupply_answer(void)
{
	ck_assert(fakesupply_waits());
	answer(&calls[first % CALLS]);
}

void
fakesupply_answer_last(void)
{
	ck_assert(fakesupply_waits());
	answer(&calls[(next - 1) % CALLS]);
}

static struct supply_call *
begin(uint32_t number, uint32_t octets, supply_fits *fits, supply_done *done,
    void *arg)
{
	struct supply_call *c = &calls[next % CALLS];

	ck_assert(c->done == NULL);
	*c = (struct supply_call){ done, arg, number, octets, fits };
	next++;
	fakesupply.calls++;
	if (fakesupply.later)
		return c;
	answer(c);
	return NULL;
}

struct supply_call *
supply_enc(struct supply *s, const struct supply_request *q,
    supply_done *done, void *arg)
{
	(void)s;
	snprintf(fakesupply.asked, sizeof(fakesupply.asked),
	    "enc %s %s %u %u", q->master, q->slaves[0], q->number,
	    q->octets);
	return begin(q->number, q->octets, NULL, done, arg);
}

struct supply_call *
supply_dec(struct supply *s, const struct supply_claim *q, supply_done *done,
    void *arg)
{
	(void)s;
	snprintf(fakesupply.asked, sizeof(fakesupply.asked),
	    "dec %s %s %u %02x", q->caller, q->peer_sae, q->number,
	    q->ids[0][0]);
	return begin(q->number, fakesupply.dec_octets, q->fits, done, arg);
}

struct supply_call *
session_open(struct supply *s, const struct session_opening *o,
    supply_done *done, void *arg)
{
	(void)s;
	snprintf(fakesupply.asked, sizeof(fakesupply.asked),
	    "open %s %s '%s' %llu", o->source, o->destination, o->name,
	    (unsigned long long)o->number);
	return begin(0, 0, NULL, done, arg);
}

struct supply_call *
session_draw(struct supply *s, const struct session_draw *d,
    supply_done *done, void *arg)
{
	uuid_text	session;

	(void)s;
	uuid_print(d->session, session);
	snprintf(fakesupply.asked, sizeof(fakesupply.asked),
	    "draw %s %s %u %u%s", d->caller, session, d->number, d->octets,
	    d->wish.mandatory != 0 ? " wish" : "");
	return begin(d->number, d->octets, NULL, done, arg);
}

void
session_set_notifier(struct supply *s, const struct notifier *n, void *arg)
{
	(void)s;
	fakesupply.notifier = n;
	fakesupply.notifier_arg = arg;
}

void
session_present(struct supply *s, const char *application)
{
	char	*to = fakesupply.present;

	(void)s;
	snprintf(to + strlen(to), sizeof(fakesupply.present) - strlen(to),
	    " %s", application);
}

bool
supply_withdraw(struct supply_call *c)
{
	ck_assert_ptr_nonnull(c->done);
	if (fakesupply.committing)
		return false;
	c->done = NULL;
	fakesupply.cancelled++;
	return true;
}

void
supply_redirect(struct supply_call *c, supply_done *done, void *arg)
{
	ck_assert_ptr_nonnull(c->done);
	c->done = done;
	c->arg = arg;
}

enum supply_status
supply_stock(struct supply *s, const char *master, const char *slave,
    struct supply_stock *out)
{
	(void)s, (void)master, (void)slave;
	*out = fakesupply.stock;
	return fakesupply.stock_status;
}

const struct supply_limits *
supply_limits(const struct supply *s)
{
	(void)s;
	return &fakesupply.limits;
}

const char *
supply_kme_id(const struct supply *s)
{
	(void)s;
	return "KME-A";
}
