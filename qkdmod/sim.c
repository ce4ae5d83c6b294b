#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "qkdmod.h"
#include "seal.h"
#include "sim.h"
#include "simkeys.h"

#define PPM		1000000u
#define QBER_MAX	500000		/* ppm: nothing but noise */
#define LOSE_MAX	1000000		/* blocks, of one command */

/* The buffer holds which blocks there are; their octets come from keys. */
struct entry {
	uint64_t	index;
	bool		noisy;
};

struct sim {
	struct simkeys	*keys;
	struct entry	*ring;		/* `room` of them */
	size_t		 room, head, count;
	size_t		 octets;	/* of a block */
	uint64_t	 rate, lump;	/* bits/s, ms */
	uint64_t	 last;		/* when the latest lump was due, ms */
	uint64_t	 credit;	/* bits/1000 not yet a whole block */
	uint64_t	 produced, forgotten;	/* indices */
	uint64_t	 lost, skipped;	/* counters for the status */
	uint64_t	 lose;		/* of the next blocks */
	bool		 noise, paused;
	uint32_t	 qber;		/* ppm, pretended; 0: not told */
};

uint64_t	(*sim_clock)(void) = mono_ms;

static struct entry *
ring_at(struct sim *s, size_t i)
{
	return &s->ring[(s->head + i) % s->room];
}

static void
ring_drop(struct sim *s, size_t n)
{
	s->head = (s->head + n) % s->room;
	s->count -= n;
}

static void
make_block(struct sim *s)
{
	struct entry	*e;

	s->produced++;
	if (s->lose > 0) {
		s->lose--;
		s->lost++;
		return;
	}
	e = ring_at(s, s->count++);
	e->index = s->produced;
	e->noisy = s->noise;
}

/*
 * Brings production up to now: whole lumps only. Called before anything looks
 * at or changes the state, so no timer is needed. A full buffer stops
 * production; what would have come meanwhile does not come later.
 */
static void
produce(struct sim *s)
{
	const uint64_t	cost = (uint64_t)s->octets * 8 * 1000;
	const uint64_t	most = cost * (s->room + 1);
	uint64_t	lumps = (sim_clock() - s->last) / s->lump;

	s->last += lumps * s->lump;
	if (s->paused || lumps == 0)
		return;
	if (lumps > most / (s->rate * s->lump) + 1)
		lumps = most / (s->rate * s->lump) + 1;
	s->credit += lumps * s->rate * s->lump;
	while (s->credit >= cost && s->count < s->room) {
		s->credit -= cost;
		make_block(s);
	}
	if (s->count == s->room)
		s->credit = 0;
}

/* As a module is after power came: nothing buffered, no position. */
static void
reset(struct sim *s)
{
	s->head = s->count = 0;
	s->credit = s->produced = s->forgotten = s->lose = 0;
	s->last = sim_clock();
}

static int
load_keys(struct sim *s, const struct qkdmod_conf *c)
{
	uint8_t	*seed;
	int	 r;

	if ((seed = secure_calloc(SEAL_KEY)) == NULL)
		return -E_NO_MEMORY;
	if ((r = seal_load_key(c->sim_seed_file, seed)) == 0)
		r = simkeys_new(&s->keys, seed, c->link);
	secure_free(seed, SEAL_KEY);
	return r;
}

static void
sim_close(void **dev)
{
	struct sim	*s = *dev;

	if (s == NULL)
		return;
	simkeys_free(&s->keys);
	free(s->ring);
	free(s);
	*dev = NULL;
}

static int
sim_open(void **dev, const struct qkdmod_conf *c, struct event_base *base)
{
	struct sim	*s;
	int		 r = -E_NO_MEMORY;

	(void)base;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		goto out;
	s->room = (size_t)c->sim_buffer;
	s->octets = (size_t)c->block_octets;
	s->rate = (uint64_t)c->sim_rate;
	s->lump = (uint64_t)c->sim_lump;
	s->qber = (uint32_t)c->sim_qber;
	if ((s->ring = calloc(s->room, sizeof(*s->ring))) == NULL)
		goto out;
	if ((r = load_keys(s, c)) < 0)
		goto out;
	reset(s);
	log_warn("SIMULATED keys: this link is not secure", "link=%s", c->link);
out:
	*dev = s;
	if (r < 0)
		sim_close(dev);
	return r;
}

/* Whoever asks has everything up to `after` on disk, or gave it up. */
static void
forget(struct sim *s, uint64_t after)
{
	if (after < s->forgotten)
		return;
	s->forgotten = after;
	if (after > s->produced) {
		s->skipped += after - s->produced;
		s->produced = after;
	}
	while (s->count > 0 && ring_at(s, 0)->index <= after)
		ring_drop(s, 1);
}

static int
copy_block(struct sim *s, const struct entry *e, uint8_t *out)
{
	int	r = simkeys_block(s->keys, e->index, out, s->octets);

	if (r == 0 && e->noisy)
		simkeys_disturb(e->index, out, s->octets);
	return r;
}

static int
sim_pull(void *dev, uint64_t after, uint32_t max, struct driver_run *run)
{
	struct sim	*s = dev;
	uint32_t	 n = 0;
	int		 r = 0;

	memset(run, 0, sizeof(*run));
	if (after > DRIVER_INDEX_MAX)
		return -E_RANGE;
	produce(s);
	forget(s, after);
	run->first = s->count > 0 ? ring_at(s, 0)->index : s->produced + 1;
	while (n < max && n < s->count &&
	    ring_at(s, n)->index == run->first + n)
		n++;
	if (n == 0)
		return 0;
	if ((run->blocks = secret_new(n * s->octets)) == NULL)
		return -E_NO_MEMORY;
	for (run->count = 0; run->count < n && r == 0; run->count++)
		r = copy_block(s, ring_at(s, run->count),
		    run->blocks->bytes + run->count * s->octets);
	if (r < 0)
		secret_free(&run->blocks);
	return r;
}

static uint64_t
sim_produced(void *dev)
{
	struct sim	*s = dev;

	produce(s);
	return s->produced;
}

static void
sim_state(void *dev, char text[DRIVER_STATE_MAX])
{
	struct sim	*s = dev;

	snprintf(text, DRIVER_STATE_MAX, "SIMULATED, %s%s%s",
	    s->paused ? "paused" :
	    s->count == s->room ? "buffer full" : "producing",
	    s->noise ? ", noise" : "", s->lose > 0 ? ", losing" : "");
}

/* With noise, the bits that it turns besides. */
static uint32_t
sim_qber(void *dev)
{
	const struct sim	*s = dev;
	uint32_t		 noise = (uint32_t)(SIMKEYS_DISTURBED *
				    PPM / (8 * s->octets));

	return s->qber == 0 ? DRIVER_QBER_UNKNOWN :
	    s->qber + (s->noise ? noise : 0);
}

static bool
sim_delivers(void *dev)
{
	const struct sim	*s = dev;

	return !s->paused;
}

static json_t *
sim_status(void *dev)
{
	struct sim	*s = dev;

	produce(s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}",
	    "buffered", (json_int_t)s->count, "room", (json_int_t)s->room,
	    "lost", (json_int_t)s->lost, "to_lose", (json_int_t)s->lose,
	    "skipped", (json_int_t)s->skipped,
	    "rate", (json_int_t)s->rate,
	    "noise", s->noise, "paused", s->paused);
}

static json_t *
done(const char *command, const char *value)
{
	log_notice("SIMULATED module told", "command=%s value=%s", command,
	    log_quote(value));
	return json_pack("{s:s}", "done", command);
}

static json_t *
cmd_lose(void *dev, int nargs, char **args)
{
	struct sim	*s = dev;
	char		*end;
	unsigned long	 n;

	(void)nargs;
	errno = 0;
	n = strtoul(args[1], &end, 10);
	if (n == 0 || n > LOSE_MAX || errno != 0 || *end != '\0')
		return ctl_error("lose: how many blocks, 1 to %d?", LOSE_MAX);
	produce(s);
	s->lose = n;
	return done("lose", args[1]);
}

static json_t *
cmd_noise(void *dev, int nargs, char **args)
{
	struct sim	*s = dev;
	bool		 on = strcmp(args[1], "on") == 0;

	(void)nargs;
	if (!on && strcmp(args[1], "off") != 0)
		return ctl_error("noise: on or off?");
	produce(s);
	s->noise = on;
	return done("noise", args[1]);
}

static json_t *
cmd_qber(void *dev, int nargs, char **args)
{
	struct sim	*s = dev;
	char		*end;
	unsigned long	 ppm;

	(void)nargs;
	errno = 0;
	ppm = strtoul(args[1], &end, 10);
	if (ppm > QBER_MAX || errno != 0 || *end != '\0' || end == args[1])
		return ctl_error("qber: how many ppm, 0 to %d?", QBER_MAX);
	s->qber = (uint32_t)ppm;
	return done("qber", args[1]);
}

static json_t *
cmd_pause(void *dev, int nargs, char **args)
{
	struct sim	*s = dev;

	(void)nargs;
	produce(s);
	s->paused = true;
	return done(args[0], "");
}

static json_t *
cmd_resume(void *dev, int nargs, char **args)
{
	struct sim	*s = dev;

	(void)nargs;
	produce(s);
	s->paused = false;
	return done(args[0], "");
}

static json_t *
cmd_restart(void *dev, int nargs, char **args)
{
	struct sim	*s = dev;

	(void)nargs;
	produce(s);
	reset(s);
	return done(args[0], "");
}

static const struct ctl_command commands[] = {
	{ "lose", "N", "the next N blocks are lost at this end",
	    1, 1, true, cmd_lose },
	{ "noise", "on|off", "blocks of this end differ in some bits",
	    1, 1, true, cmd_noise },
	{ "qber", "PPM", "the error rate that it pretends to measure; 0: none",
	    1, 1, true, cmd_qber },
	{ "pause", "", "no blocks are made", 0, 0, true, cmd_pause },
	{ "resume", "", "they are again", 0, 0, true, cmd_resume },
	{ "restart", "", "forget buffer and position, as without power",
	    0, 0, true, cmd_restart },
	{ .name = NULL }
};

const struct driver sim_driver = {
	.name = "sim",
	.simulated = true,
	.open = sim_open,
	.pull = sim_pull,
	.produced = sim_produced,
	.state = sim_state,
	.qber = sim_qber,
	.delivers = sim_delivers,
	.status = sim_status,
	.commands = commands,
	.close = sim_close,
};
