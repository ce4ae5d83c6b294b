#include "saelisten.h"

#include <string.h>

#include "saefail.h"
#include "saeids.h"
#include "saestop.h"

#define ANSWER_WAIT	5000		/* ms, if its KME has set nothing else */

struct listener {
	const struct saeopt	*o;
	uint32_t		 taken;		/* supplies */
	bool			 broken;	/* our standard output */
	int64_t			 last;		/* when keys came */
	char			 why[400];	/* of a refusal */
};

static bool
wanted(const struct saeopt *o, const char *source)
{
	for (size_t i = 0; i < o->nfrom; i++)
		if (strcmp(o->from[i], source) == 0)
			return true;
	return o->nfrom == 0;
}

static const char *
on_session(void *arg, const struct qkdsae_session *s)
{
	struct listener	*l = arg;

	if (!wanted(l->o, s->source)) {
		snprintf(l->why, sizeof(l->why), "no sessions with %s are "
		    "wanted", s->source);
		fprintf(stderr, "qkdctl: a session with %s was refused\n",
		    s->source);
		return l->why;
	}
	if (!l->o->json)
		fprintf(stderr, "qkdctl: session %s of %s%s%s\n", s->id,
		    s->source, s->name[0] != '\0' ? ": " : "", s->name);
	return NULL;
}

static const char *
on_keys(void *arg, const struct qkdsae_session *s, struct qkdsae_keys **keys)
{
	const struct saeout_about about = { s->id, s->source };
	struct listener		*l = arg;
	int64_t			 begun;

	/* A session that was opened before this program was started. */
	if (!wanted(l->o, s->source)) {
		fprintf(stderr, "qkdctl: keys of session %s were refused: "
		    "whose it is was not said here\n", s->id);
		return "it is not known here whose session this is; open "
		    "another";
	}
	saestop_busy(true);
	begun = saestop_clock();
	if (saeout_write(&l->o->out, *keys, &about) != 0)
		return "the application could not take the keys";
	if (saestop_clock() - begun >= ANSWER_WAIT)
		fprintf(stderr, "qkdctl: that took so long that the KME may "
		    "have given the keys up (session_answer_wait)\n");
	if (saeids_print(l->o, *keys, &about) < 0) {
		l->broken = true;
		return "the application could not take the keys";
	}
	l->taken++;
	l->last = saestop_clock();
	return NULL;
}

/* Milliseconds; -1: for ever. */
static int
time_left(const struct listener *l)
{
	int64_t	left = l->last + l->o->timeout * INT64_C(1000) -
		    saestop_clock();

	if (l->o->timeout == 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

static bool
finished(const struct listener *l)
{
	return saestop_asked() || l->broken ||
	    (l->o->count != 0 && l->taken >= l->o->count);
}

/* A KM that is away is said once, and tried until it is back. */
static int
lost(const struct listener *l, int r, bool *said)
{
	if (saefail_code(r) != SAE_NETWORK && saefail_code(r) != SAE_LATER)
		return saefail_say(l->o, r);
	if (!*said) {
		saefail_say(l->o, r);
		fprintf(stderr, "qkdctl: trying again until it is there\n");
	}
	*said = true;
	saestop_pause();
	return SAE_DONE;
}

static int
serve(struct listener *l, struct qkdsae *c)
{
	bool	said = false;
	int	r, left, code;

	while (!finished(l)) {
		if ((left = time_left(l)) == 0) {
			fprintf(stderr, "qkdctl: no keys came within %u s\n",
			    l->o->timeout);
			return SAE_LATER;
		}
		r = qkdsae_serve(c, left);
		saestop_busy(false);
		if (r < 0 && r != QKDSAE_STOPPED &&
		    (code = lost(l, r, &said)) != SAE_DONE)
			return code;
		if (r >= 0)
			said = false;
	}
	return l->broken ? SAE_LOCAL : SAE_DONE;
}

int
saelisten_run(const struct saeopt *o, struct qkdsae *c)
{
	struct listener		l = { .o = o };
	struct qkdsae_handlers	h = QKDSAE_HANDLERS_INIT;
	int			r;

	h.arg = &l;
	h.on_session = on_session;
	h.on_keys = on_keys;
	l.last = saestop_clock();
	saestop_watch(c);
	if ((r = qkdsae_listen(c, &h)) == 0) {
		fprintf(stderr, "qkdctl: waiting for sessions at %s\n",
		    o->conf.address);
		r = serve(&l, c);
	} else if (r == QKDSAE_STOPPED)
		r = SAE_DONE;
	else
		r = saefail_say(o, r);
	saestop_watch(NULL);
	return r;
}
