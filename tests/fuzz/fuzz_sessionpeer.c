/*
 * fuzz_sessionpeer.c - an authentic but mad peer says anything of sessions
 * that there are, and of keys on their way in them, while applications answer,
 * leave and ask for more: the engine lives on, and its counts are right.
 */
#include "config.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "ksa/keyid.h"
#include "ksa/peer.h"
#include "ksa/session.h"
#include "ksa/sessions.h"
#include "tests/fuzz/replay.h"
#include "tests/unit/enginepair.h"

const struct fuzz_seed fuzz_seeds[] = {
	/* Ours asks and draws; the peer's; all accept. */
	FUZZ_TEXT("\0\1\1\1\4\20\2\1\4\40\4\20\3\2\4\40\2\1\4\20"),
	/* The peer opens, offers, takes, ends. */
	FUZZ_TEXT("\5\0\1\2\3\4\5\3\0\1\7\5\4\0\1\7\0\5\2\0\1\1\0\4\10"),
	/* Draws that the peer confirms, refuses, voids. */
	FUZZ_TEXT("\1\1\1\2\1\1\4\1\5\4\0\1\0\5\4\0\1\3\5\5\0\1\1\4\3"),
	FUZZ_END
};

#define SESSIONS	16		/* remembered */
#define REQUESTS	16
#define CALLS		32

struct input { const uint8_t *p; size_t len; };

static uint8_t
octet(struct input *in)
{
	return in->len == 0 ? 0 : (in->len--, *in->p++);
}

static uint8_t			 sessions[SESSIONS][SESSION_ID];
static unsigned			 nsessions;
static uint64_t			 requests[REQUESTS];
static unsigned			 nrequests;
static LIST_HEAD(, notice)	 open_notices;
static bool			 absent;
static struct supply_call	*calls[CALLS];

static void
remember(const uint8_t id[SESSION_ID])
{
	memcpy(sessions[nsessions++ % SESSIONS], id, SESSION_ID);
}

/* ---- applications ---- */

static bool
on_present(void *arg, const char *application)
{
	(void)arg, (void)application;
	return !absent;
}

static int
on_send(void *arg, struct notice *n)
{
	uint32_t	place;

	(void)arg;
	if (absent)
		return -E_NOT_FOUND;
	if (n->has_keys && keyid_parse(n->ids[0],
	    &requests[nrequests % REQUESTS], &place) == 0)
		nrequests++;
	n->guest = &open_notices;
	LIST_INSERT_HEAD(&open_notices, n, entry);
	return 0;
}

static void
on_cancel(void *arg, struct notice *n)
{
	(void)arg;
	if (n->guest != NULL)
		LIST_REMOVE(n, entry);
	n->guest = NULL;
}

static bool
on_arriving(void *arg)
{
	(void)arg;
	return false;
}

static const struct notifier	notifier = { on_present, on_send, on_cancel,
	on_arriving };

static void
answer(uint8_t how)
{
	struct notice	*n = LIST_FIRST(&open_notices);
	uint8_t		 ids[SUPPLY_KEYS_MAX][16];
	uint32_t	 keys;

	if (n == NULL)
		return;
	keys = n->has_keys ? n->keys : 0;
	if (keys > 0)
		memcpy(ids, n->ids, (size_t)keys * 16);
	LIST_REMOVE(n, entry);
	n->guest = NULL;
	if (how < 0x80)
		n->answered(n, true, "success", (const uint8_t (*)[16])ids,
		    keys);
	else if (how < 0xc0)
		n->answered(n, false, "rejected: \xff\xfe",
		    (const uint8_t (*)[16])ids, keys);
	else
		n->lost(n);
}

static void
on_done(void *arg, struct supply_answer *a)
{
	*(struct supply_call **)arg = NULL;
	if (a->session != NULL)
		remember(a->session);
}

static struct supply_call **
free_call(void)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (calls[i] == NULL)
			return &calls[i];
	return NULL;
}

static void
ask(unsigned node, struct input *in)
{
	static const char *const names[] = { "SAE-A1", "SAE-B1", "SAE-A2" };
	struct session_opening	 o = { names[node],
	    names[octet(in) % 2 == 0 ? 1 - node : 2], "", octet(in) % 8 };
	struct supply_call	**c = free_call(), *call;

	if (c != NULL && (call = session_open(pair.n[node].s, &o, on_done,
	    c)) != NULL)
		*c = call;
}

static void
draw(unsigned node, struct input *in)
{
	struct session_draw	 d = {
	    .caller = node == 0 ? "SAE-A1" : "SAE-B1",
	    .session = sessions[octet(in) % SESSIONS],
	    .number = 1 + octet(in) % 3, .octets = 16 };
	struct supply_call	**c = free_call(), *call;

	if (c == NULL)
		return;
	if ((call = session_draw(pair.n[node].s, &d, on_done, c)) != NULL)
		*c = call;
	requests[nrequests++ % REQUESTS] =
	    peer_find(engine_env(pair.n[node].s), node == 0 ? "KME-B" :
	    "KME-A")->request_last;
}

static void
withdraw(struct input *in)
{
	struct supply_call	**c = &calls[octet(in) % CALLS];

	if (*c != NULL && supply_withdraw(*c))
		*c = NULL;
}

/* ---- the peer ---- */

static void
name_session(struct input *in, msg_uuid *id)
{
	uint8_t	v = octet(in), b[SESSION_ID] = { v };

	if (v == 0xff)
		strcpy(*id, "no session");
	else
		uuid_print(v < 0xe0 ? sessions[v % SESSIONS] : b, *id);
}

static uint64_t
request(struct input *in)
{
	uint8_t	v = octet(in);

	return v < 0xf0 ? requests[v % REQUESTS] + v / 0x80 :
	    UINT64_MAX >> (v & 15) * 4;
}

static void
say_words(struct input *in, msg_text *words)
{
	size_t	n = octet(in) % 8;

	for (size_t i = 0; i < n; i++)
		(*words)[i] = (char)(octet(in) | 1);
	(*words)[n] = '\0';
}

static void
lie(struct input *in)
{
	struct msg	m = { .id = MSG_NONE };

	switch (octet(in) % 6) {
	case 0:
		m.id = MSG_session_open;
		name_session(in, &m.session_open.session);
		strcpy(m.session_open.source, "SAE-B1");
		strcpy(m.session_open.destination, "SAE-A1");
		m.session_open.number = octet(in);
		break;
	case 1:
		m.id = MSG_session_opened;
		name_session(in, &m.session_opened.session);
		m.session_opened.status = octet(in) % 16;
		say_words(in, &m.session_opened.words);
		break;
	case 2:
		m.id = MSG_session_end;
		name_session(in, &m.session_end.session);
		m.session_end.status = octet(in) % 16;
		m.session_end.answer = octet(in) & 1;
		break;
	case 3:
		m.id = MSG_keys_offer;
		name_session(in, &m.keys_offer.session);
		m.keys_offer.request = request(in);
		break;
	case 4:
		m.id = MSG_keys_taken;
		name_session(in, &m.keys_taken.session);
		m.keys_taken.request = request(in);
		m.keys_taken.status = octet(in) % 16;
		say_words(in, &m.keys_taken.words);
		break;
	case 5:
		m.id = MSG_bind_void;
		m.bind_void.request = request(in);
		m.bind_void.mine = octet(in) & 1;
		m.bind_void.answer = octet(in) & 1;
	}
	peer_message(engine_env(pair.n[0].s)->peers[1], &m, true);
}

/* ---- what must hold ---- */

static void
must(bool what, const char *text)
{
	if (what)
		return;
	fprintf(stderr, "session peer: not so: %s\n", text);
	abort();
}
#define MUST(x)	must(x, #x)

static void
check(void)
{
	const struct env	*e = engine_env(pair.n[0].s);
	const struct sessions	*a = e->sessions;
	unsigned		 living = 0, busy = 0, offers = 0;

	for (const struct session *s = a->all; s != NULL; s = s->hh.next) {
		living += s->row.state != SESSION_ENDED;
		busy += s->busy;
		offers += s->offers;
	}
	MUST(a->open == living);
	MUST(a->open <= (unsigned)e->conf->max_sessions);
	MUST(a->nended <= (unsigned)e->conf->max_sessions + 4096);
	MUST(offers <= a->noffers);
	MUST(busy == a->nopenings + a->ninvitations + a->ndraws + offers);
	MUST(e->peers[0]->offers + e->peers[1]->offers == a->noffers);
}

static void
one(struct input *in)
{
	unsigned	what = octet(in) % 10;

	if (what < 2)
		draw(what, in);
	else if (what < 4)
		ask(what - 2, in);
	else if (what == 4)
		for (unsigned n = octet(in) % 64; n > 0; n--)
			event_base_loop(pair.base, EVLOOP_NONBLOCK);
	else if (what == 5)
		answer(octet(in));
	else if (what == 6 && (absent = octet(in) > 0xe0) == false)
		session_present(pair.n[0].s, "SAE-A1");
	else if (what == 7)
		withdraw(in);
	else
		lie(in);
}

static char	dir[] = "/tmp/fuzz-sessionpeer-XXXXXX";

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
	for (unsigned i = 0; i < 2; i++) {
		pair.n[i].conf.relay_wait = 50;
		pair.n[i].conf.session_answer_wait = 100;
		if (pair_start(i) < 0)
			abort();
		session_set_notifier(pair.n[i].s, &notifier, NULL);
	}
	if (!pair_until(pair_ready, 20000))
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

	if (count == 0)
		start();
	while (in.len > 0)
		one(&in);
	check();
	if (++count % 16 == 0)
		pair_run(2);
	return 0;
}
