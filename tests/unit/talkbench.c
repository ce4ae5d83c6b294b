#include <stdio.h>
#include <string.h>

#include "talkbench.h"

uint8_t		talk_ids[3][16];
static uint8_t	octets[4 * LARGE];

static bool
on_answered(struct notice *n, bool success, const char *response,
    const uint8_t (*named)[16], uint32_t nids)
{
	struct talk	*t = (struct talk *)n;

	ck_assert(!t->over);
	ck_assert_ptr_null(n->guest);
	ck_assert_uint_le(nids, 4);
	t->answers++;
	t->success = success;
	snprintf(t->response, sizeof(t->response), "%s", response);
	t->nids = nids;
	memcpy(t->ids, named, nids * sizeof(t->ids[0]));
	for (uint32_t i = 0; success && i < nids; i++)
		for (unsigned k = 0; k < n->keys; k++)
			if (memcmp(named[i], n->ids[k], 16) == 0)
				t->confirmed |= 1U << k;
	t->over = !success || t->confirmed == (1U << n->keys) - 1;
	if (t->on_answer != NULL)
		t->on_answer(t);
	return t->over;
}

static void
on_lost(struct notice *n)
{
	struct talk	*t = (struct talk *)n;

	ck_assert(!t->over);
	ck_assert_ptr_null(n->guest);
	t->lost++;
	if (t->on_lost != NULL)
		t->on_lost(t);
}

struct talk
talk_invitation(void)
{
	struct talk	t = { .n = { .source = "SAE-B1",
			    .destination = "SAE-A1", .name = "",
			    .answered = on_answered, .lost = on_lost } };

	uuid_parse(SESSION, UUID_TEXT, t.n.session);
	return t;
}

struct talk
talk_supply(uint32_t number, uint32_t size)
{
	struct talk	t = talk_invitation();

	uuid_parse(KEY1, UUID_TEXT, talk_ids[0]);
	uuid_parse(KEY2, UUID_TEXT, talk_ids[1]);
	uuid_parse(KEY3, UUID_TEXT, talk_ids[2]);
	for (unsigned i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	t.n.has_keys = true;
	t.n.keys = number;
	t.n.octets = size;
	t.n.ids = (const uint8_t (*)[16])talk_ids;
	t.n.bytes = octets;
	return t;
}

int
talk_put(struct talk *t)
{
	ck_assert_ptr_null(t->n.guest);
	return fakesupply.notifier->send(fakesupply.notifier_arg, &t->n);
}

void
talk_sent(struct talk *t)
{
	ck_assert_int_eq(talk_put(t), 0);
	ck_assert_ptr_nonnull(t->n.guest);
}

void
talk_cancel(struct talk *t)
{
	fakesupply.notifier->cancel(fakesupply.notifier_arg, &t->n);
	ck_assert_ptr_null(t->n.guest);
}

bool
talk_present(const char *application)
{
	return fakesupply.notifier->present(fakesupply.notifier_arg,
	    application);
}

bool
talk_got(struct conn *c, const struct talk *t)
{
	char	text[32];

	snprintf(text, sizeof(text), "%s/%u ", t->n.has_keys ? "120a" : "1206",
	    t->n.message_id);
	return strstr(akbench_output(c), text) != NULL;
}

void
talk_accept(struct conn *c, const struct talk *t)
{
	akbench_say(c, 0x2107, t->n.message_id, NOTIFIED(SESSION, "success"));
}

void
talk_refused(const struct talk *t, const char *words)
{
	ck_assert_uint_eq(t->answers, 1);
	ck_assert(t->over && !t->success);
	ck_assert_str_eq(t->response, words);
}

struct conn *
talk_come(X509 *cert)
{
	struct conn	*c = akbench_enter(cert);

	akbench_turn();
	fakesupply.present[0] = '\0';
	return c;
}
