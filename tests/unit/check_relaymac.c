/*
 * check_relaymac.c - the checks of agreement and key relay, against answers
 * that tests/data/macvectors.py computes by itself.
 */
#include "unit.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "bytes.h"
#include "err.h"
#include "kma/agree.h"
#include "kma/relay.h"

#define B	1024
#define ROUTE	"KME-A,KME-B,KME-C"
#define REQUEST	"0123abcd-89ef-4fed-8cba-0011223344ff"
#define BLOCK	0x1122334455667788
#define PAD	42
#define PAD2	77

static struct secret	*pad, *pad2, *pool;

/* What a frame says when it is sent. */
static struct msg	sent;
static uint8_t		sent_text[B], sent_mac[OTP_MAC];

int	__wrap_ipc_send(struct ipc *, const struct msg *);

int
__wrap_ipc_send(struct ipc *i, const struct msg *m)
{
	(void)i;
	sent = *m;
	memcpy(sent_text, m->relay_out.text.p, m->relay_out.text.len);
	memcpy(sent_mac, m->relay_out.mac.p, m->relay_out.mac.len);
	sent.relay_out.text.p = sent_text;
	sent.relay_out.mac.p = sent_mac;
	return 0;
}

static struct secret *
filled(size_t octets, unsigned step, unsigned from)
{
	struct secret	*s = secret_new(octets);

	ck_assert_ptr_nonnull(s);
	for (size_t i = 0; i < octets; i++)
		s->bytes[i] = (uint8_t)(i * step + from);
	return s;
}

static void
begin(void)
{
	ck_assert_int_eq(secret_init(1 << 20), 0);
	pad = filled(B, 7, 3);
	pad2 = filled(B, 11, 5);
	pool = filled(POOL_OCTETS(B), 13, 1);
}

static void
finish(void)
{
	secret_free(&pad);
	secret_free(&pad2);
	secret_free(&pool);
}

static void
is_hex(const uint8_t *p, size_t len, const char *hex)
{
	char	text[129];

	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", p[i]);
	ck_assert_str_eq(text, hex);
}

static void
sum_is(const uint8_t *p, size_t len, const char *hex)
{
	uint8_t	sum[SHA256_DIGEST_LENGTH];

	SHA256(p, len, sum);
	is_hex(sum, sizeof(sum), hex);
}

static void
am(const char *km)
{
	snprintf(kma_conf.kme_id, sizeof(kma_conf.kme_id), "%s", km);
}

/* ---- agreement ---- */

START_TEST(the_check_of_a_block_is_what_the_profile_says)
{
	struct block_check	c;
	struct secret		*copy;

	begin();
	copy = secret_copy(pad->bytes, B);
	ck_assert_int_eq(agree_check(&c, "a-b", 0x0102030405060708,
	    pad->bytes, B), 0);
	is_hex(c.out, OTP_MAC, "93b5cd3613b134cc5c4d49bf652db312");
	is_hex(c.back, OTP_MAC, "c74d5e99c7d4284067310c22f422f3e7");
	ck_assert_mem_eq(copy->bytes, pad->bytes, B);
	secret_free(&copy);
	finish();
}
END_TEST

START_TEST(blocks_that_differ_anywhere_do_not_agree)
{
	struct block_check	c, d;

	begin();
	ck_assert_int_eq(agree_check(&c, "a-b", 8, pad->bytes, B), 0);
	for (size_t bit = 0; bit < B * 8; bit += 5) {
		pad->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(agree_check(&d, "a-b", 8, pad->bytes, B), 0);
		pad->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Poly1305 clamps 22 bits of each key: one tag may match. */
		ck_assert(memcmp(c.out, d.out, OTP_MAC) != 0 ||
		    memcmp(c.back, d.back, OTP_MAC) != 0 ||
		    bit < LINK_MAC * 8);
		if (bit >= LINK_MAC * 8) {
			ck_assert_mem_ne(c.out, d.out, OTP_MAC);
			ck_assert_mem_ne(c.back, d.back, OTP_MAC);
		}
	}
	ck_assert_int_eq(agree_check(&d, "a-b", 9, pad->bytes, B), 0);
	ck_assert_mem_ne(c.out, d.out, OTP_MAC);
	ck_assert_int_eq(agree_check(&d, "a-c", 8, pad->bytes, B), 0);
	ck_assert_mem_ne(c.out, d.out, OTP_MAC);
	finish();
}
END_TEST

START_TEST(offers_and_answers_are_read_as_written)
{
	uint8_t			out[4 * ANSWER_ITEM], tag[OTP_MAC];
	struct agree_item	it;
	size_t			len = 0;

	memset(tag, 7, sizeof(tag));
	agree_put_offer(out, &len, 5, tag);
	agree_put_offer(out, &len, 9, tag);
	ck_assert_uint_eq(len, 2 * OFFER_ITEM);
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 1, 5, 9, &it), 1);
	ck_assert_uint_eq(it.idx, 9);
	ck_assert_mem_eq(it.tag, tag, OTP_MAC);
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 2, 5, 9, &it), 0);
	len = 0;
	for (int v = 0; v < VERDICT_MAX; v++)
		agree_put_answer(out, &len, 5 + (uint64_t)v, (enum verdict)v,
		    v == 0 ? tag : NULL);
	ck_assert_uint_eq(len, VERDICT_MAX * ANSWER_ITEM);
	for (int v = 0; v < VERDICT_MAX; v++) {
		ck_assert_int_eq(agree_get(out, len, ANSWER_ITEM, (size_t)v, 1,
		    UINT64_MAX, &it), 1);
		ck_assert_int_eq(it.verdict, v);
		ck_assert_uint_eq(it.tag[0], v == 0 ? 7 : 0);
	}
}
END_TEST

START_TEST(lists_that_are_none_are_refused)
{
	static uint8_t		out[(OFFER_MAX + 1) * OFFER_ITEM];
	uint8_t			tag[OTP_MAC] = { 0 };
	struct agree_item	it;
	size_t			len = 0;

	agree_put_offer(out, &len, 5, tag);
	agree_put_offer(out, &len, 5, tag);
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 0, 1, 9, &it), 1);
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 1, 1, 9, &it),
	    -E_BAD_FORMAT);			/* twice */
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 0, 6, 9, &it),
	    -E_BAD_FORMAT);			/* outside */
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 0, 1, 4, &it),
	    -E_BAD_FORMAT);
	for (size_t cut = 1; cut < OFFER_ITEM; cut++)
		ck_assert_int_eq(agree_get(out, len - cut, OFFER_ITEM, 0, 1,
		    9, &it), -E_BAD_FORMAT);
	memset(out, 0, 8);
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 0, 0, 9, &it),
	    -E_BAD_FORMAT);			/* index 0 */
	len = 0;
	agree_put_answer(out, &len, 5, VERDICT_MAX, tag);
	ck_assert_int_eq(agree_get(out, len, ANSWER_ITEM, 0, 1, 9, &it),
	    -E_BAD_FORMAT);
	len = 0;
	for (uint64_t i = 1; i <= OFFER_MAX + 1; i++)
		agree_put_offer(out, &len, i, tag);
	ck_assert_int_eq(agree_get(out, len, OFFER_ITEM, 0, 1, 9999, &it),
	    -E_BAD_FORMAT);			/* too many */
	ck_assert_int_eq(agree_get(out, len - OFFER_ITEM, OFFER_ITEM,
	    OFFER_MAX - 1, 1, 9999, &it), 1);
}
END_TEST

/* ---- relay ---- */

static uint32_t	part, parts;	/* of the frames to be made */

static const struct relay_names *
names(const uint8_t *text, size_t octets)
{
	static struct relay_names	n;

	n = (struct relay_names){ .route = ROUTE, .request = REQUEST,
	    .block = BLOCK, .text = { text, octets }, .part = part,
	    .parts = parts };
	return &n;
}

/* What the source sends on the first hop, as it arrives at KME-B. */
static void
first_hop(struct msg *m)
{
	struct hop_frame	*f;
	struct kma		 k = { .relayd = NULL };

	am("KME-A");
	f = relay_frame_new("KME-B", names(pool->bytes, pool->len));
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(relay_frame_send(&k, f), -E_DENIED);	/* in clear */
	ck_assert_int_eq(relay_frame_protect(f, pad, PAD), 0);
	ck_assert_int_eq(relay_frame_send(&k, f), 0);
	relay_frame_free(&f);
	ck_assert_ptr_null(f);
	*m = sent;
	m->id = MSG_relay_in;
	strcpy(m->relay_in.hop, "KME-A");
	am("KME-B");
}

START_TEST(a_frame_is_what_the_profile_says)
{
	struct msg	m;

	begin();
	first_hop(&m);
	ck_assert_str_eq(sent.relay_out.hop, "KME-B");
	ck_assert_str_eq(sent.relay_out.route, ROUTE);
	ck_assert_str_eq(sent.relay_out.request, REQUEST);
	ck_assert_uint_eq(sent.relay_out.block, BLOCK);
	ck_assert_uint_eq(sent.relay_out.pad, PAD);
	is_hex(sent_mac, OTP_MAC, "44d2e0b8f20f9f91ca726a3a2488508d");
	sum_is(sent_text, sent.relay_out.text.len, "1636b1d79e0b0b37b25c8c"
	    "b45a948c837b23620d86a488a363d4f44ad36a7b7d");
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-A", pad), 0);
	finish();
}
END_TEST

START_TEST(transit_changes_the_pad_and_the_destination_gets_the_key)
{
	struct hop_frame	*f;
	struct kma		 k = { .relayd = NULL };
	struct msg		 m;

	begin();
	first_hop(&m);
	f = relay_frame_new("KME-C", names(m.relay_in.text.p,
	    m.relay_in.text.len));
	ck_assert_int_eq(relay_frame_reprotect(f, pad, pad2, PAD2), 0);
	ck_assert_int_eq(relay_frame_send(&k, f), 0);
	relay_frame_free(&f);
	is_hex(sent_mac, OTP_MAC, "476384b5052a1a4c78794581a7b50616");
	sum_is(sent_text, sent.relay_out.text.len, "d26fe2582909bdd52ede02"
	    "30536fa2698e9c2540bf1c23e199903269648e182b");
	am("KME-C");
	m = sent;
	m.id = MSG_relay_in;
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-B", pad2), 0);
	otp_apply(sent_text, pad2->bytes + LINK_PAD, pool->len);
	ck_assert_mem_eq(sent_text, pool->bytes, pool->len);
	finish();
}
END_TEST

START_TEST(a_frame_changed_in_anything_is_refused)
{
	struct msg		 m, x;
	struct msg_relay_in	*r = &x.relay_in;

	begin();
	first_hop(&m);
#define REFUSED(change) do { \
		x = m; \
		change; \
		ck_assert_int_eq(relay_frame_check(r, "KME-A", pad), \
		    -E_MAC); \
	} while (0)
	REFUSED(strcpy(r->route, "KME-A,KME-B,KME-D"));
	REFUSED(strcpy(r->route, "KME-A,KME-B"));
	REFUSED(r->request[35] = '0');
	REFUSED(r->block++);
	REFUSED(r->pad++);
	REFUSED(r->text.len--);
	REFUSED(r->text.len = 0);
	REFUSED(r->mac.len--);
	REFUSED(r->mac.len = 0);
	for (size_t bit = 0; bit < m.relay_in.text.len * 8; bit += 3) {
		sent_text[bit / 8] ^= (uint8_t)(1 << bit % 8);
		REFUSED((void)0);
		sent_text[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < OTP_MAC * 8; bit++) {
		sent_mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
		REFUSED((void)0);
		sent_mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-C", pad),
	    -E_MAC);		/* of another sender */
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-A", pad2),
	    -E_MAC);		/* under another pad */
	am("KME-C");		/* to another receiver */
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-A", pad),
	    -E_MAC);
	am("KME-B");
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-A", pad), 0);
	finish();
}
END_TEST

START_TEST(which_part_of_a_block_a_frame_has_is_covered)
{
	struct msg		 m, x;
	struct msg_relay_in	*r = &x.relay_in;
	struct relay_names	 n;
	uint8_t			 tag[OTP_MAC], other[OTP_MAC];

	begin();
	part = 2;
	parts = 3;
	first_hop(&m);
	ck_assert_uint_eq(sent.relay_out.part, 2);
	ck_assert_uint_eq(sent.relay_out.parts, 3);
	is_hex(sent_mac, OTP_MAC, "b569e6a198ab82fb90dcec66c288dc5d");
	REFUSED(r->part = 1);
	REFUSED(r->parts = 2);
	REFUSED(r->part = r->parts = 0);
	ck_assert_int_eq(relay_frame_check(&m.relay_in, "KME-A", pad), 0);
	n = *names(NULL, 0);
	ck_assert_int_eq(relaymac_done(tag, pool->bytes + POOL_DONE, &n,
	    "success"), 0);
	is_hex(tag, OTP_MAC, "e3e1ce6b16582e4a3ae7cb4007a1cdda");
	n.part = 1;
	ck_assert_int_eq(relaymac_done(other, pool->bytes + POOL_DONE, &n,
	    "success"), 0);
	ck_assert_mem_ne(tag, other, OTP_MAC);
	part = parts = 0;
	first_hop(&m);			/* nor does the whole become a part */
	REFUSED(r->part = r->parts = 1);
	finish();
}
END_TEST

START_TEST(a_pad_of_another_length_protects_nothing)
{
	struct hop_frame	*f;
	struct secret		*shorter;
	struct kma		 k = { .relayd = NULL };

	begin();
	am("KME-A");
	shorter = secret_copy(pad->bytes, B - 1);
	f = relay_frame_new("KME-B", names(pool->bytes, pool->len));
	ck_assert_int_eq(relay_frame_protect(f, shorter, PAD), -E_PAD_LENGTH);
	ck_assert_int_eq(relay_frame_reprotect(f, pad, shorter, PAD),
	    -E_PAD_LENGTH);
	ck_assert_int_eq(relay_frame_reprotect(f, shorter, shorter, PAD),
	    -E_PAD_LENGTH);
	ck_assert_int_eq(relay_frame_send(&k, f), -E_DENIED);
	relay_frame_free(&f);
	relay_frame_free(&f);
	secret_free(&shorter);
	finish();
}
END_TEST

START_TEST(the_completion_notification_is_what_the_profile_says)
{
	struct relay_names	n = *names(NULL, 0);
	uint8_t			tag[OTP_MAC], other[OTP_MAC];

	begin();
	ck_assert_int_eq(relaymac_done(tag, pool->bytes + POOL_DONE, &n,
	    "success"), 0);
	is_hex(tag, OTP_MAC, "1821af8e982fef0dfd930bc5da7dd378");
	ck_assert_int_eq(relaymac_done(other, pool->bytes + POOL_DONE, &n,
	    "success "), 0);
	ck_assert_mem_ne(tag, other, OTP_MAC);
	n.block++;
	ck_assert_int_eq(relaymac_done(other, pool->bytes + POOL_DONE, &n,
	    "success"), 0);
	ck_assert_mem_ne(tag, other, OTP_MAC);
	finish();
}
END_TEST

UNIT_MAIN("relaymac", the_check_of_a_block_is_what_the_profile_says,
    blocks_that_differ_anywhere_do_not_agree,
    offers_and_answers_are_read_as_written,
    lists_that_are_none_are_refused,
    a_frame_is_what_the_profile_says,
    which_part_of_a_block_a_frame_has_is_covered,
    transit_changes_the_pad_and_the_destination_gets_the_key,
    a_frame_changed_in_anything_is_refused,
    a_pad_of_another_length_protects_nothing,
    the_completion_notification_is_what_the_profile_says)
