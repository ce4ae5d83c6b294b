/* fakesupply.c - an engine for tests. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakesupply.h"

struct supply_call {
	supply_done	*done;
	void		*arg;
	uint32_t	 number, octets;
};

struct fakesupply	 fakesupply;
static struct supply_call call;		/* done NULL: none is open */

void
fakesupply_reset(void)
{
	memset(&fakesupply, 0, sizeof(fakesupply));
	memset(&call, 0, sizeof(call));
	fakesupply.limits = (struct supply_limits){ 256, 64, 65536, 128, 0 };
	strcpy(fakesupply.stock.target_km, "KME-B");
	fakesupply.stock.max_stored = 8192;
}

bool
fakesupply_waits(void)
{
	return call.done != NULL;
}

void
fakesupply_answer(void)
{
	static uint8_t	ids[SUPPLY_KEYS_MAX][16];
	struct supply_call c = call;
	struct supply_answer a = {
		.status = fakesupply.status, .detail = fakesupply.detail,
		.number = c.number, .octets = c.octets,
		.ids = (const uint8_t (*)[16])ids,
	};

	ck_assert(fakesupply_waits());
	call.done = NULL;
	if (a.status == SUPPLY_OK) {
		a.keys = secret_new((size_t)c.number * c.octets);
		memset(a.keys->bytes, 'k', a.keys->len);
	}
	c.done(c.arg, &a);
	secret_free(&a.keys);
}

static struct supply_call *
begin(uint32_t number, uint32_t octets, supply_done *done, void *arg)
{
	call = (struct supply_call){ done, arg, number, octets };
	fakesupply.calls++;
	if (fakesupply.later)
		return &call;
	fakesupply_answer();
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
	return begin(q->number, q->octets, done, arg);
}

struct supply_call *
supply_dec(struct supply *s, const struct supply_claim *q, supply_done *done,
    void *arg)
{
	(void)s;
	snprintf(fakesupply.asked, sizeof(fakesupply.asked),
	    "dec %s %s %u %02x", q->caller, q->peer_sae, q->number,
	    q->ids[0][0]);
	return begin(q->number, 32, done, arg);
}

bool
supply_withdraw(struct supply_call *c)
{
	ck_assert_ptr_eq(c, &call);
	ck_assert(fakesupply_waits());
	if (fakesupply.committing)
		return false;
	call.done = NULL;
	fakesupply.cancelled++;
	return true;
}

void
supply_redirect(struct supply_call *c, supply_done *done, void *arg)
{
	ck_assert_ptr_eq(c, &call);
	call.done = done;
	call.arg = arg;
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
