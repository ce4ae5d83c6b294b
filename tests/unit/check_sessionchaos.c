/*
 * check_sessionchaos.c - three engines with sessions under random requests,
 * answers, losses, stops, kills, failing disks and too little memory. When all
 * is well again each key is supplied at both ends or void at both, no octet
 * was used twice, sessions have drawn what they supplied, and nothing is left.
 *
 * CHAOS_SEED and CHAOS_STEPS in the environment: another run, a longer one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "err.h"
#include "ksa/peer.h"
#include "ksa/sessions.h"
#include "secret.h"
#include "sessioncrowd.h"
#include "unit.h"

#define NODES	3
#define APPS	(2 * NODES)

static bool	troubled[NODES];

static unsigned
any(unsigned n)
{
	return (unsigned)rand() % n;
}

static bool
one_in(unsigned n)
{
	return any(n) == 0;
}

/* ---- what applications do ---- */

static void
open_or_draw(void)
{
	static const uint64_t	most[] = { 0, 0, 1, 7, 40 };
	unsigned		app = any(APPS);

	if (crowd.nsessions == 0 || (one_in(6) &&
	    crowd.nsessions < CROWD_SESSIONS)) {
		(void)crowd_open(app, (app + 1 + any(APPS - 1)) % APPS,
		    most[any(5)]);
		return;
	}
	(void)crowd_draw(&crowd.sessions[any(crowd.nsessions)],
	    1 + any(one_in(10) ? 60 : 4));
}

static void
change_mood(void)
{
	static const struct crowd_mood	moods[] = {
		{ .accept = 100 },
		{ .accept = 60, .refuse = 10, .one_by_one = 20, .leave = 5 },
		{ .accept = 30, .one_by_one = 30, .leave = 20, .busy = 30 },
		{ .refuse = 50, .busy = 50 },
		{ .accept = 5, .leave = 1 },
	};

	crowd.mood = moods[any(5)];
}

/* ---- faults ---- */

static int
trouble_run(struct db *db, void *arg)
{
	static const char *const	tables[] = { "issued", "received",
	    "session", "recall" }, *const what[] = { "INSERT", "UPDATE" };
	bool	on = *(bool *)arg;
	char	sql[200];
	int	r = 0;

	for (unsigned i = 0; i < 8 && r == 0; i++) {
		const char	*t = tables[i / 2], *w = what[i % 2];

		snprintf(sql, sizeof(sql), on ? "CREATE TRIGGER IF NOT EXISTS"
		    " stop_%s_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT,"
		    " 'no'); END" : "DROP TRIGGER IF EXISTS stop_%s_%s", t, w,
		    w, t);
		r = db_exec(db, sql);
	}
	return r;
}

static void
trouble(unsigned i, bool on)
{
	if (pair.n[i].s == NULL)
		return;
	ck_assert_int_eq(committer_sync(keystore_committer(
	    engine_env(pair.n[i].s)->store), trouble_run, &on), 0);
	troubled[i] = on;
}

static struct secret	*hoard[4096];
static unsigned		 nhoard;

static void
hoard_memory(bool all)
{
	while (!all && nhoard > 0)
		secret_free(&hoard[--nhoard]);
	for (size_t octets = 1 << 20; all && octets > 32; octets /= 2)
		while (nhoard < 4096 &&
		    (hoard[nhoard] = secret_new(octets)) != NULL)
			nhoard++;
}

/* That needs some memory. */
static void
start(unsigned i)
{
	if (pair.n[i].s != NULL)
		return;
	hoard_memory(false);
	ck_assert_int_eq(pair_start(i), 0);
	crowd_door();
}

static void
stop(unsigned i)
{
	if (troubled[i])	/* a start needs its disk */
		trouble(i, false);
	pair_stop(i);
}

static void
copy_witness(unsigned i, bool back)
{
	size_t	 len;
	char	*p = unit_read(back ? unit_path("w") : pair_witness(i), &len);

	unit_write(back ? pair_witness(i) : unit_path("w"), p, len, 0600);
	free(p);
}

/* Between two commits. */
static int
image_run(struct db *db, void *arg)
{
	(void)db;
	pair_store_copy(*(unsigned *)arg, "image", false);
	return 0;
}

/* kill -9: what it does from here on is seen by nobody. */
static void
kill_it(unsigned i)
{
	if (pair.n[i].s == NULL || troubled[i])
		return;
	crowd.killed[i] = true;
	pair_away(i, true);
	copy_witness(i, false);
	ck_assert_int_eq(committer_sync(keystore_committer(
	    engine_env(pair.n[i].s)->store), image_run, &i), 0);
	crowd_lost(i);
	pair_stop(i);
	pair_store_copy(i, "image", true);
	copy_witness(i, true);
	crowd.killed[i] = false;
	pair_away(i, false);
	start(i);
}

static void
fault(void)
{
	unsigned	i = any(NODES);

	switch (any(9)) {
	case 0:
		stop(i);
		break;
	case 1:
	case 2:
		start(i);
		break;
	case 3:
		pair_away(i, !pair.away[i]);
		break;
	case 4:
		pair.dry = !pair.dry;
		break;
	case 5:
		pair.lose = any(15);
		pair.repeat = any(15);
		break;
	case 6:
		trouble(i, one_in(2));
		break;
	case 7:
		kill_it(i);
		break;
	case 8:
		hoard_memory(nhoard == 0);
	}
}

static void
step(void)
{
	for (unsigned n = any(5); n > 0; n--)
		open_or_draw();
	if (one_in(4))
		crowd_withdraw(&crowd.calls[any(CROWD_CALLS)]);
	if (one_in(6))
		crowd_absent(any(APPS), one_in(3));
	if (one_in(10))
		change_mood();
	if (one_in(25))
		fault();
	crowd_act();
	if (one_in(3))
		pair_run(1 + any(6));
	else
		event_base_loop(pair.base, EVLOOP_ONCE);
}

static bool
idle(void)
{
	crowd_act();
	return crowd_idle() && pair_ready();
}

/* All is well again. */
static void
heal(void)
{
	hoard_memory(false);
	pair.lose = pair.repeat = 0;
	pair.dry = false;
	crowd.mood = (struct crowd_mood){ .accept = 100 };
	for (unsigned i = 0; i < NODES; i++) {
		start(i);
		pair_away(i, false);
		trouble(i, false);
	}
	for (unsigned i = 0; i < APPS; i++)
		crowd_absent(i, false);
	ck_assert(pair_until(idle, 30000));
	crowd_check();
}

static unsigned
setting(const char *name, unsigned dflt)
{
	const char	*s = getenv(name);

	return s == NULL ? dflt : (unsigned)strtoul(s, NULL, 10);
}

START_TEST(nothing_is_left_whatever_happens)
{
	unsigned	seed = setting("CHAOS_SEED", (unsigned)time(NULL));
	unsigned	steps = setting("CHAOS_STEPS", 4000);

	printf("CHAOS_SEED=%u\n", seed);
	fflush(stdout);
	srand(seed);
	pair_open_nodes(unit_path("."), NODES);
	for (unsigned i = 0; i < NODES; i++) {
		pair.n[i].conf.max_sessions = 40;
		pair.n[i].conf.relay_wait = 500;
		ck_assert_int_eq(pair_start(i), 0);
	}
	crowd_begin();
	ck_assert(pair_until(pair_ready, 10000));
	for (unsigned i = 0; i < steps; i++) {
		step();
		if (i % 1000 == 999)
			heal();
		if (crowd.nsessions == CROWD_SESSIONS)
			crowd.nsessions /= 2;
	}
	heal();
	printf("%u sessions, %u keys, %u brought, %u refusals\n",
	    crowd.opened, crowd.given, crowd.brought, crowd.refused);
	ck_assert_uint_gt(crowd.given, 0);
	crowd_end();
	pair_close();
}
END_TEST

UNIT_MAIN("sessionchaos",
    nothing_is_left_whatever_happens)
