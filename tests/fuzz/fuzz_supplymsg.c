/*
 * fuzz_supplymsg.c - whatever an authentic but mad peer says, the engine
 * lives on, and a key made before is the same afterwards.
 */
#include "config.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksa/applist.h"
#include "ksa/peer.h"
#include "tests/fuzz/replay.h"
#include "tests/unit/enginepair.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\1\2\3\4\5\6\7\0\0\0\0\0\0\0\1"),
	FUZZ_TEXT("\2\0\1\0\1\0\1\40\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\40"),
	FUZZ_TEXT("\3\xff\1\xff\4\0\5\0\6\0\7\0\2\0\2\1"),
	FUZZ_TEXT("\2\0\1\0\1\0\x40\1\40\0\0\x20\x0d\0\1\1\6\0\1\0\1"),
	FUZZ_TEXT("\x0a\0\1\5\x0b\0\1\0\x0c\0\1\3\0\x0d\0\1\1\x0e\0\1\1\0"),
	FUZZ_TEXT("\x0f\0\1\0\1\x10\0\6SAE-B1\0\6SAE-B3\0\x10\0\1\2"),
	FUZZ_TEXT("\x0f\0\1\0\1\x10\0\6SAE-A1\0\6SAE-B3\0\x0f\0\1\0\1\0\0"),
	FUZZ_END
};

static const enum msg_id ids[] = { MSG_confirm, MSG_confirmed, MSG_bind,
	MSG_bound, MSG_bind_query, MSG_bind_unknown, MSG_bind_void,
	MSG_block_void, MSG_block_given, MSG_bind_part, MSG_session_open,
	MSG_session_opened, MSG_session_end, MSG_keys_offer, MSG_keys_taken,
	MSG_apps, MSG_apps_known };

#define IDS	(sizeof(ids) / sizeof(ids[0]))

struct input { const uint8_t *p; size_t len; };

static uint8_t
octet(struct input *in)
{
	return in->len == 0 ? 0 : (in->len--, *in->p++);
}

/* Small numbers meet what is there; now and then a huge one. */
static uint64_t
number(struct input *in)
{
	uint8_t	v = octet(in);

	return v < 0xf0 ? v : UINT64_MAX >> (v & 15) * 4;
}

/* A block that exists, at an offset from the first. */
static uint64_t
block(struct input *in)
{
	uint64_t	v = number(in);

	return v < 64 && v < pair_nblocks ? pair_blocks[v].serial : v;
}

static struct msg_view
bytes(struct input *in, size_t max)
{
	struct msg_view	v = { in->p, octet(in) };

	v.p = in->p;
	v.len = v.len > in->len ? in->len : v.len;
	v.len = v.len > max ? max : v.len;
	in->p += v.len;
	in->len -= v.len;
	return v;
}

static void
binding(struct input *in, struct msg_bind *b)
{
	static uint8_t	 pieces[16];
	static uint8_t	 seed[16];
	uint64_t	 serial = block(in);

	b->request = number(in);
	b->previous = number(in);
	strcpy(b->master, "SAE-B1");
	b->session = octet(in) < 0x80 ? (struct msg_view){ NULL, 0 } :
	    bytes(in, 17);
	b->slaves = octet(in) < 0xf0 ? (struct msg_view){
	    (const uint8_t *)"SAE-A1\nSAE-A2",
	    b->session.len == 0 ? 13 : 6 } : bytes(in, 40);
	b->mac = octet(in) < 0x80 ? (struct msg_view){ NULL, 0 } :
	    bytes(in, 17);
	b->keys = (uint32_t)number(in);
	b->octets = (uint32_t)number(in);
	b->seed = (struct msg_view){ seed, 16 };
	for (int i = 0; i < 8; i++)
		pieces[i] = (uint8_t)(serial >> (56 - 8 * i));
	pieces[10] = octet(in);
	pieces[11] = octet(in);
	pieces[14] = (uint8_t)(b->keys * b->octets >> 8);
	pieces[15] = (uint8_t)(b->keys * b->octets);
	b->pieces = octet(in) < 16 ? bytes(in, 64) :
	    (struct msg_view){ pieces, 16 };
}

/* A few sessions, and what is none. */
static void
session(struct input *in, msg_uuid *id)
{
	uint8_t	v = octet(in);

	if (v < 0xf0)
		snprintf(*id, sizeof(*id), "00000000-0000-4000-8000-%012x",
		    v & 3);
}

static void
of_session(struct input *in, struct msg *m)
{
	switch (m->id) {
	case MSG_session_open:
		session(in, &m->session_open.session);
		strcpy(m->session_open.source, "SAE-B1");
		strcpy(m->session_open.destination, "SAE-A1");
		m->session_open.name = bytes(in, 40);
		m->session_open.number = number(in);
		break;
	case MSG_session_opened:
		session(in, &m->session_opened.session);
		m->session_opened.status = (uint32_t)number(in);
		break;
	case MSG_session_end:
		session(in, &m->session_end.session);
		m->session_end.status = (uint32_t)number(in);
		m->session_end.answer = octet(in) & 1;
		break;
	case MSG_keys_offer:
		session(in, &m->keys_offer.session);
		m->keys_offer.request = number(in);
		break;
	default:
		session(in, &m->keys_taken.session);
		m->keys_taken.request = number(in);
		m->keys_taken.status = (uint32_t)number(in);
	}
}

/* A list of one part has the right name, if the input wants it. */
static void
applications(struct input *in, struct msg_apps *m)
{
	struct applist	l = { .text = NULL };

	m->generation = number(in);
	m->part = (uint32_t)number(in);
	m->last = octet(in) & 1;
	m->ids = bytes(in, 255);
	if (octet(in) < 0x80 && applist_decode(&l, m->ids.p, m->ids.len,
	    APPLIST_MOST) == 0)
		m->generation = applist_digest(&l);
	applist_free(&l);
}

static void
one(struct peer *p, struct input *in)
{
	struct msg	m = { .id = ids[octet(in) % IDS] };
	bool		authentic = octet(in) < 200;

	switch (m.id) {
	case MSG_confirm:
		m.confirm.block = block(in);
		m.confirm.tag = bytes(in, 20);
		break;
	case MSG_confirmed:
		m.confirmed.block = block(in);
		m.confirmed.failure = octet(in) & 1;
		m.confirmed.tag = bytes(in, 20);
		break;
	case MSG_bind:
		binding(in, &m.bind);
		break;
	case MSG_bind_part:
		m.bind_part.request = number(in);
		m.bind_part.offset = number(in);
		m.bind_part.octets = bytes(in, 255);
		break;
	case MSG_bind_void:
		m.bind_void.mine = octet(in) & 1;
		m.bind_void.answer = octet(in) & 1;
		m.bind_void.request = number(in);
		break;
	case MSG_block_void:
		m.block_void.mine = octet(in) & 1;
		m.block_void.block = block(in);
		break;
	case MSG_session_open:
	case MSG_session_opened:
	case MSG_session_end:
	case MSG_keys_offer:
	case MSG_keys_taken:
		of_session(in, &m);
		break;
	case MSG_apps:
		applications(in, &m.apps);
		break;
	case MSG_apps_known:
		m.apps_known.generation = number(in);
		m.apps_known.refused = number(in);
		break;
	default:	/* the others have one number */
		m.bound.upto = number(in);
	}
	peer_message(p, &m, authentic);
}

static char	dir[] = "/tmp/fuzz-supplymsg-XXXXXX";

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
	(void)st, (void)what, (void)ftw;
	return remove(path);
}

static void
clean_up(void)
{
	pair_close();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
start(void)
{
	if (mkdtemp(dir) == NULL)
		abort();
	pair_open(dir);
	if (pair_start(0) < 0 || pair_start(1) < 0 ||
	    !pair_until(pair_ready, 20000))
		abort();
	atexit(clean_up);	/* OpenSSL's own clean-up comes after it */
}

#ifdef QKD_FUZZERS
const char	*__lsan_default_suppressions(void);

/* OpenSSL keeps a random generator for each thread, where LSan cannot see. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libcrypto";
}
#endif

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static unsigned	 count;
	struct input	 in = { data, len };
	struct peer	*p;

	if (count == 0)
		start();
	p = engine_env(pair.n[0].s)->peers[1];
	while (in.len > 0)
		one(p, &in);
	if (in.p != NULL)
		peer_input(p, data, len);
	if (++count % 64 == 0)
		pair_run(5);
	return 0;
}
