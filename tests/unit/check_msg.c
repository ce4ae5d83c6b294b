/* check_msg.c - every message of msg.def, well and badly formed. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "msg.h"

/* How the fields are filled. */
enum fill { USUAL, SMALL, LARGE, FILLS };

static uint8_t	octets[MSG_BYTES_MAX + 1];

/* ---- fields by their type ---- */

static void
fill_u32(msg_u32 *v, enum fill f)
{
	*v = f == USUAL ? 1234567 : f == SMALL ? 0 : UINT32_MAX;
}

static void
fill_u64(msg_u64 *v, enum fill f)
{
	*v = f == USUAL ? 1234567890123 : f == SMALL ? 0 : UINT64_MAX;
}

static void
fill_chars(char *v, size_t n)
{
	memset(v, 'x', n);
	v[n] = '\0';
}

static void
fill_km(msg_km *v, enum fill f)
{
	fill_chars(*v, f == USUAL ? 5 : f == SMALL ? 1 : KM_ID_MAX);
}

static void
fill_sae(msg_sae *v, enum fill f)
{
	fill_chars(*v, f == USUAL ? 31 : f == SMALL ? 1 : SAE_ID_MAX);
}

static void
fill_anysae(msg_anysae *v, enum fill f)
{
	fill_chars(*v, f == USUAL ? 31 : f == SMALL ? 0 : SAE_ID_MAX);
}

static void
fill_route(msg_route *v, enum fill f)
{
	char	*p = *v;

	**v = '\0';			/* no route */
	for (int i = 0; f != SMALL && i < (f == USUAL ? 3 : 32); i++)
		p += sprintf(p, "%s%030d", i > 0 ? "," : "", i);
}

static void
fill_uuid(msg_uuid *v, enum fill f)
{
	strcpy(*v, f == USUAL ? "0123abcd-89ef-4fed-8cba-0011223344ff" :
	    f == SMALL ? "00000000-0000-0000-0000-000000000000" :
	    "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

static void
fill_text(msg_text *v, enum fill f)
{
	fill_chars(*v, f == USUAL ? 40 : f == SMALL ? 0 : MSG_TEXT_MAX);
}

static void
fill_bytes(msg_bytes *v, enum fill f)
{
	*v = (struct msg_view){ octets,
	    f == USUAL ? 300 : f == SMALL ? 0 : MSG_BYTES_MAX };
}

static void
fill_secret(msg_secret *v, enum fill f)
{
	*v = f == SMALL ? NULL :
	    secret_copy(octets, f == USUAL ? 200 : MSG_BYTES_MAX);
	ck_assert(f == SMALL || *v != NULL);
}

#define same_u32(a, b)		(*(a) == *(b))
#define same_u64(a, b)		(*(a) == *(b))
#define same_km(a, b)		(strcmp(*(a), *(b)) == 0)
#define same_sae(a, b)		(strcmp(*(a), *(b)) == 0)
#define same_anysae(a, b)	(strcmp(*(a), *(b)) == 0)
#define same_route(a, b)	(strcmp(*(a), *(b)) == 0)
#define same_uuid(a, b)		(strcmp(*(a), *(b)) == 0)
#define same_text(a, b)		(strcmp(*(a), *(b)) == 0)
#define same_bytes(a, b)	((a)->len == (b)->len && \
				memcmp((a)->p, (b)->p, (a)->len) == 0)
#define same_secret(a, b)	(*(a) == NULL ? *(b) == NULL : \
				(*(a))->len == (*(b))->len && \
				memcmp((*(a))->bytes, (*(b))->bytes, \
				(*(a))->len) == 0)

/* ---- the table ---- */

static void
fill_msg(struct msg *m, enum msg_id id, enum fill f)
{
	memset(m, 0, sizeof(*m));
	m->id = id;
	m->kind = (enum msg_kind)(id % 3);
	m->corr = f == SMALL ? 0 : UINT64_MAX - id;
	switch (id) {
#define MSG(name, from, to, help) case MSG_##name: { \
	struct msg_##name *b = &m->name;
#define F(type, field)	fill_##type(&b->field, f);
#define END(name)	(void)b; break; }
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		ck_abort();
	}
}

static bool
same_msg(struct msg *x, struct msg *y)
{
	if (x->id != y->id || x->kind != y->kind || x->corr != y->corr ||
	    x->err != y->err)
		return false;
	switch (x->id) {
#define MSG(name, from, to, help) case MSG_##name: { \
	struct msg_##name *a = &x->name, *b = &y->name;
#define F(type, field)	if (!same_##type(&a->field, &b->field)) return false;
#define END(name)	(void)a, (void)b; return true; }
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		return false;
	}
}

static unsigned
count_fields(enum msg_id id)
{
	static const unsigned	n[MSG_MAX] = {
#define MSG(name, from, to, help) [MSG_##name] = 0
#define F(type, field)	+ 1
#define END(name)	,
#include "msg.def"
#undef MSG
#undef F
#undef END
	};

	return n[id];
}

/* In memory of the exact size. */
static int
decode(struct msg *m, const uint8_t *p, size_t len, size_t *used)
{
	uint8_t	*copy = malloc(len > 0 ? len : 1);
	int	 r;

	memcpy(copy, p, len);
	r = msg_decode(m, copy, len, used);
	free(copy);
	return r;
}

static size_t	secrets_before;

static void
begin(void)
{
	ck_assert_int_eq(secret_init(1 << 20), 0);
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 7 + i / 256);
	secrets_before = secret_used();
}

/* ---- tests ---- */

START_TEST(every_message_comes_back_as_it_was_sent)
{
	struct msgbuf	b = { 0 };
	struct msg	m, got;
	size_t		used;

	begin();
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++)
		for (int f = 0; f < FILLS; f++) {
			fill_msg(&m, (enum msg_id)id, (enum fill)f);
			b.len = 0;
			ck_assert_int_eq(msg_encode(&b, &m), 0);
			ck_assert_int_eq(msg_decode(&got, b.p, b.len, &used),
			    0);
			ck_assert_uint_eq(used, b.len);
			ck_assert_msg(same_msg(&m, &got), "%s differs",
			    msg_name(m.id));
			msg_wipe(&m);
			msg_wipe(&got);
			ck_assert_int_eq(got.id, MSG_NONE);
		}
	msgbuf_free(&b);
	ck_assert_uint_eq(secret_used(), secrets_before);
}
END_TEST

START_TEST(a_message_cut_short_anywhere_is_refused)
{
	struct msgbuf	b = { 0 };
	struct msg	m, got;
	size_t		used;

	begin();
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++) {
		fill_msg(&m, (enum msg_id)id, USUAL);
		b.len = 0;
		ck_assert_int_eq(msg_encode(&b, &m), 0);
		for (size_t len = 0; len < b.len; len++)
			ck_assert_int_eq(decode(&got, b.p, len, &used),
			    -E_BAD_FORMAT);
		msg_wipe(&m);
	}
	msgbuf_free(&b);
	ck_assert_uint_eq(secret_used(), secrets_before);
}
END_TEST

START_TEST(messages_in_a_row_are_taken_one_by_one)
{
	struct msgbuf	b = { 0 };
	struct msg	m, got;
	size_t		used, at = 0;

	begin();
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++) {
		fill_msg(&m, (enum msg_id)id, USUAL);
		ck_assert_int_eq(msg_encode(&b, &m), 0);
		msg_wipe(&m);
	}
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++, at += used) {
		ck_assert_int_eq(msg_decode(&got, b.p + at, b.len - at,
		    &used), 0);
		ck_assert_int_eq(got.id, id);
		msg_wipe(&got);
	}
	ck_assert_uint_eq(at, b.len);
	msgbuf_free(&b);
}
END_TEST

/* Where the number of fields stands: short messages say it in one octet. */
static uint8_t *
where_fields(uint8_t *p, unsigned n, uint8_t *bits)
{
	*bits = n < 16 ? 0x90 : 0;
	ck_assert_uint_eq(p[0], n < 16 ? 0x90 | n : 0xdc);
	if (n < 16)
		return p;
	ck_assert_uint_eq(p[1], 0);
	ck_assert_uint_eq(p[2], n);
	return p + 2;
}

START_TEST(too_few_or_too_many_fields_are_refused)
{
	static const uint8_t	more[] = { 1, 1, 1 };
	struct msgbuf		b = { 0 };
	struct msg		m, got;
	size_t			used;
	uint8_t			*at, bits;

	begin();
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++) {
		unsigned	n = 4 + count_fields((enum msg_id)id);

		fill_msg(&m, (enum msg_id)id, USUAL);
		b.len = 0;
		ck_assert_int_eq(msg_encode(&b, &m), 0);
		ck_assert_int_eq(msgbuf_append(&b, more, sizeof(more)), 0);
		at = where_fields(b.p, n, &bits);
		for (unsigned k = 0; k < (n < 16 ? 16 : 32); k++) {
			*at = (uint8_t)(bits | k);
			ck_assert_int_eq(decode(&got, b.p, b.len, &used),
			    k == n ? 0 : -E_BAD_FORMAT);
			if (k == n)
				msg_wipe(&got);
		}
		msg_wipe(&m);
	}
	msgbuf_free(&b);
}
END_TEST

/* Octets of the msgpack object at p, as our encoder writes them. */
static size_t
object(const uint8_t *p)
{
	if (*p < 0x80)
		return 1;
	if ((*p & 0xe0) == 0xa0)
		return 1 + (*p & 0x1fU);
	switch (*p) {
	case 0xcc: case 0xcd: case 0xce: case 0xcf:
		return 1 + (1U << (*p - 0xcc));
	case 0xc4: case 0xd9:
		return 2 + (size_t)p[1];
	case 0xc5: case 0xda:
		return 3 + (size_t)(p[1] << 8 | p[2]);
	}
	ck_abort_msg("object of type %02x", *p);
}

static const struct { size_t len; uint8_t p[9]; } foreign[] = {
	{ 1, { 0xc0 } },			/* nil */
	{ 1, { 0xc1 } },			/* never used */
	{ 1, { 0xc3 } },			/* true */
	{ 1, { 0xff } },			/* -1 */
	{ 2, { 0xd0, 5 } },			/* signed 5 */
	{ 9, { 0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0 } },	/* 2.0 */
	{ 1, { 0x80 } },			/* {} */
	{ 1, { 0x90 } },			/* [] */
	{ 3, { 0xd4, 1, 2 } },			/* extension */
	{ 5, { 0xc6, 0xff, 0xff, 0xff, 0xff } },	/* 4 GiB of octets */
	{ 5, { 0xdb, 0xff, 0xff, 0xff, 0xff } },	/* 4 GiB of text */
};

START_TEST(a_field_of_a_foreign_type_is_refused)
{
	struct msgbuf	b = { 0 }, bad = { 0 };
	struct msg	m, got;
	size_t		used, n;

	begin();
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++) {
		fill_msg(&m, (enum msg_id)id, USUAL);
		b.len = 0;
		ck_assert_int_eq(msg_encode(&b, &m), 0);
		for (size_t at = 1; at < b.len; at += n) {
			n = object(b.p + at);
			for (size_t k = 0; k < sizeof(foreign) /
			    sizeof(foreign[0]); k++) {
				bad.len = 0;
				msgbuf_append(&bad, b.p, at);
				msgbuf_append(&bad, foreign[k].p,
				    foreign[k].len);
				msgbuf_append(&bad, b.p + at + n,
				    b.len - at - n);
				ck_assert_int_eq(decode(&got, bad.p, bad.len,
				    &used), -E_BAD_FORMAT);
			}
		}
		msg_wipe(&m);
	}
	msgbuf_free(&b);
	msgbuf_free(&bad);
	ck_assert_uint_eq(secret_used(), secrets_before);
}
END_TEST

START_TEST(a_name_or_text_with_a_zero_octet_is_refused)
{
	struct msgbuf	b = { 0 };
	struct msg	m, got;
	size_t		used, n, texts = 0;

	begin();
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++) {
		fill_msg(&m, (enum msg_id)id, USUAL);
		b.len = 0;
		ck_assert_int_eq(msg_encode(&b, &m), 0);
		for (size_t at = 1; at < b.len; at += n) {
			uint8_t	*last = b.p + at + object(b.p + at) - 1;
			uint8_t	 kept = *last;

			n = object(b.p + at);
			if (b.p[at] != 0xd9 && (b.p[at] & 0xe0) != 0xa0)
				continue;
			texts++;
			*last = '\0';
			ck_assert_int_eq(decode(&got, b.p, b.len, &used),
			    -E_BAD_FORMAT);
			*last = kept;
		}
		msg_wipe(&m);
	}
	ck_assert_uint_gt(texts, 20);
	msgbuf_free(&b);
}
END_TEST

START_TEST(a_field_that_is_too_large_is_not_sent)
{
	struct msgbuf	b = { 0 };
	struct msg	m = { .id = MSG_held };

	begin();
	ck_assert_int_eq(msgbuf_append(&b, "before", 6), 0);
	m.held.ranges = (struct msg_view){ octets, MSG_BYTES_MAX + 1 };
	ck_assert_int_eq(msg_encode(&b, &m), -E_TOO_LARGE);
	ck_assert_uint_eq(b.len, 6);
	ck_assert_mem_eq(b.p, "before", 6);
	msgbuf_free(&b);
}
END_TEST

START_TEST(a_field_that_is_too_large_is_refused)
{
	struct msgbuf	b = { 0 };
	struct msg	got;
	size_t		used;
	uint8_t		head[] = { 0x96, MSG_held, 0, 0, 0, 0xc6, 0, 1, 0, 1 };
	uint8_t		tail[] = { 0xc4, 0 };
	uint8_t		km[] = { 0x96, MSG_block_ready, 0, 0, 0, 0xd9,
			    KM_ID_MAX + 1 };

	begin();
	ck_assert_int_eq(msgbuf_append(&b, head, sizeof(head)), 0);
	ck_assert_int_eq(msgbuf_append(&b, octets, MSG_BYTES_MAX + 1), 0);
	ck_assert_int_eq(decode(&got, b.p, b.len, &used), -E_BAD_FORMAT);
	b.p[9] = 0;			/* exactly what is allowed */
	b.len = sizeof(head) + MSG_BYTES_MAX;
	ck_assert_int_eq(msgbuf_append(&b, tail, sizeof(tail)), 0);
	ck_assert_int_eq(decode(&got, b.p, b.len, &used), 0);
	b.len = 0;
	msgbuf_append(&b, km, sizeof(km));
	for (int i = 0; i < KM_ID_MAX + 1; i++)
		msgbuf_append(&b, "x", 1);
	msgbuf_append(&b, "\1", 1);
	ck_assert_int_eq(decode(&got, b.p, b.len, &used), -E_BAD_FORMAT);
	msgbuf_free(&b);
}
END_TEST

START_TEST(a_name_that_is_none_is_refused)
{
	static const struct { const char *p; size_t len; } bad[] = {
#define BAD(s)	{ s, sizeof(s) - 1 }
		BAD("\x96\3\1\0\0\xa0\1"),		/* empty KM ID */
		BAD("\x96\3\1\0\0\xa3" "A,B\1"),
		BAD("\x96\3\1\0\0\xa2 A\1"),
		BAD("\x96\x08\0\0\0\xa1" "B\xa5" "A,B,A"),	/* loop */
		BAD("\x96\x08\0\0\0\xa1" "B\xa2" "A,"),
		BAD("\x98\x11\0\0\0\xa3" "A,B\xa3" "abc\xa0\xc4\0"), /* UUID */
		BAD("\x95\xcd\1\0\0\0\0\1"),	/* no such message */
		BAD("\x95\1\3\0\0\1"),		/* no such kind */
		BAD("\x94\0\2\0\xcc\xff"),	/* no such error */
		BAD("\x94\1\0\0\5"),		/* an event with an error */
	};
	struct msg	got;
	size_t		used;

	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(decode(&got, (const uint8_t *)bad[i].p,
		    bad[i].len, &used) == -E_BAD_FORMAT, "case %zu", i);
}
END_TEST

START_TEST(an_error_travels_without_fields)
{
	struct msgbuf	b = { 0 };
	struct msg	m, got;
	size_t		used;

	begin();
	fill_msg(&m, MSG_block_given, USUAL);
	m.kind = MSG_REPLY;
	m.err = -E_GONE;
	ck_assert_int_eq(msg_encode(&b, &m), 0);
	ck_assert_uint_lt(b.len, 32);	/* no key */
	ck_assert_int_eq(decode(&got, b.p, b.len, &used), 0);
	ck_assert_int_eq(got.err, -E_GONE);
	ck_assert_ptr_null(got.block_given.key);
	msg_wipe(&got);
	m.err = 0;
	msg_wipe(&m);
	msgbuf_free(&b);
	ck_assert_uint_eq(secret_used(), secrets_before);
}
END_TEST

START_TEST(a_key_without_room_in_locked_memory_is_an_answer_without_it)
{
	struct secret	*all[4096];
	struct msgbuf	 b = { 0 };
	struct msg	 m, got;
	size_t		 used, n = 0;

	begin();
	fill_msg(&m, MSG_block_given, USUAL);
	m.kind = MSG_REPLY;
	ck_assert_int_eq(msg_encode(&b, &m), 0);
	msg_wipe(&m);
	while (n < 4096 && (all[n] = secret_new(240)) != NULL)
		n++;
	ck_assert_uint_lt(n, 4096 + 1);
	ck_assert_ptr_null(secret_new(240));
	/* The answer is taken as one without the key: no fault of its sender. */
	ck_assert_int_eq(msg_decode(&got, b.p, b.len, &used), 0);
	ck_assert_uint_eq(used, b.len);
	ck_assert_int_eq(got.err, -E_NO_MEMORY);
	msg_wipe(&got);
	while (n > 0)
		secret_free(&all[--n]);
	ck_assert_int_eq(msg_decode(&got, b.p, b.len, &used), 0);
	msg_wipe(&got);
	ck_assert_ptr_null(got.block_given.key);
	msgbuf_free(&b);
	ck_assert_ptr_null(b.p);
	ck_assert_uint_eq(secret_used(), secrets_before);
}
END_TEST

START_TEST(who_may_send_what_stands_in_the_table_alone)
{
	static const struct { enum msg_role from, to; } may[MSG_MAX] = {
#define MSG(name, f, t, help) [MSG_##name] = { f, t },
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
	};

	for (int id = 0; id <= MSG_MAX; id++)
		for (int from = 0; from < ROLE_MAX; from++)
			for (int to = 0; to < ROLE_MAX; to++)
				ck_assert_int_eq(msg_allowed((enum msg_id)id,
				    (enum msg_role)from, (enum msg_role)to),
				    id > 0 && id < MSG_MAX &&
				    (int)may[id].from == from &&
				    (int)may[id].to == to);
	for (int id = 0; id <= MSG_MAX; id++)
		ck_assert_int_eq(msg_has_secret((enum msg_id)id),
		    id == MSG_pulled || id == MSG_block_given ||
		    id == MSG_plain_taken || id == MSG_plain_fetched ||
		    id == MSG_plain_drawn || id == MSG_plain_loaded);
}
END_TEST

START_TEST(the_printed_table_names_every_message)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	msg_print_table(f);
	fclose(f);
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++)
		ck_assert_ptr_nonnull(strstr(text,
		    msg_name((enum msg_id)id)));
	free(text);
	ck_assert_str_eq(msg_name(MSG_MAX), "?");
	ck_assert_str_eq(msg_role_name(ROLE_MAX), "?");
}
END_TEST

UNIT_MAIN("msg", every_message_comes_back_as_it_was_sent,
    a_message_cut_short_anywhere_is_refused,
    messages_in_a_row_are_taken_one_by_one,
    too_few_or_too_many_fields_are_refused,
    a_field_of_a_foreign_type_is_refused,
    a_name_or_text_with_a_zero_octet_is_refused,
    a_field_that_is_too_large_is_not_sent,
    a_field_that_is_too_large_is_refused,
    a_name_that_is_none_is_refused,
    an_error_travels_without_fields,
    a_key_without_room_in_locked_memory_is_an_answer_without_it,
    who_may_send_what_stands_in_the_table_alone,
    the_printed_table_names_every_message)
