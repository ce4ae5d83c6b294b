#include "saesession.h"

#include <string.h>

#include "saefail.h"
#include "saeids.h"
#include "saestop.h"

#define AGAIN	5	/* s after a failure, if --every is not less */

struct session {
	const struct saeopt	*o;
	struct qkdsae		*c;
	char			 id[QKDSAE_ID_SIZE];	/* "": none */
	uint64_t		 drawn;		/* keys, in this one */
	bool			 read;		/* while we wait */
	bool			 over;		/* for good */
};

static int
open_session(struct session *s)
{
	const struct saeopt	*o = s->o;
	int			 r;

	r = qkdsae_session_open(s->c, o->other, o->name, o->limit, s->id);
	if (r < 0) {
		s->id[0] = '\0';
		return r;
	}
	s->drawn = 0;
	if (!o->json)
		fprintf(stderr, "qkdctl: session %s with %s\n", s->id,
		    o->other);
	return 0;
}

static bool
is_over(int r)
{
	return r == QKDSAE_EXPIRED || r == QKDSAE_NOT_FOUND;
}

/* As many as there will ever be; then another session is the way on. */
static bool
used_up(const struct session *s)
{
	const struct saeopt	*o = s->o;

	return o->every != 0 && o->limit != 0 && o->number <= o->limit &&
	    s->drawn + o->number > o->limit;
}

static int
draw(struct session *s, struct qkdsae_keys **keys)
{
	int	r;

	*keys = NULL;
	if (used_up(s))
		s->id[0] = '\0';
	if (s->id[0] == '\0' && (r = open_session(s)) < 0)
		return r;
	r = qkdsae_session_get(s->c, s->id, &s->o->wanted, keys);
	s->over = is_over(r) && s->o->other == NULL;
	/* It ended while nobody asked: that costs no turn. */
	if (is_over(r) && !s->over && (r = open_session(s)) == 0)
		r = qkdsae_session_get(s->c, s->id, &s->o->wanted, keys);
	if (r == 0)
		s->drawn += qkdsae_keys_number(*keys);
	else if (r == QKDSAE_REJECTED && s->o->other != NULL)
		s->id[0] = '\0';	/* perhaps only here */
	return r;
}

/* One turn: draws, and hands on. Its exit code. */
static int
turn(struct session *s)
{
	const struct saeout_about about = { s->id, NULL };
	struct qkdsae_keys	*keys;
	int			 r;

	if ((r = draw(s, &keys)) < 0)
		return r == QKDSAE_STOPPED ? SAE_DONE : saefail_say(s->o, r);
	saestop_busy(true);
	r = saeout_write(&s->o->out, keys, &about);
	if (r == 0)
		r = saeids_print(s->o, keys, &about);
	saestop_busy(false);
	qkdsae_keys_free(&keys);
	return r < 0 ? SAE_LOCAL : r;
}

/*
 * Waits. The connection is read meanwhile, and made anew if it is lost: it
 * keeps the session alive. Without handlers, sessions that others offer are
 * refused.
 */
static void
pause_for(struct session *s, uint32_t seconds)
{
	static const struct qkdsae_handlers nothing = QKDSAE_HANDLERS_INIT;
	const int64_t	end = saestop_clock() + seconds * INT64_C(1000);
	int64_t		left;

	if (seconds == 0)
		return;
	if (!s->read)
		(void)qkdsae_listen(s->c, &nothing);
	s->read = true;
	while (!saestop_asked() && (left = end - saestop_clock()) > 0)
		if (qkdsae_serve(s->c, (int)left) < 0)
			saestop_pause();
}

static uint32_t
pause_after(const struct saeopt *o, int code)
{
	return code == SAE_DONE || o->every < AGAIN ? o->every : AGAIN;
}

int
saesession_run(const struct saeopt *o, struct qkdsae *c)
{
	struct session	s = { .o = o, .c = c };
	uint32_t	n = 0;
	int		code;

	memcpy(s.id, o->session, sizeof(s.id));
	if (o->every != 0)
		saestop_watch(c);
	for (;;) {
		code = turn(&s);
		n += code == SAE_DONE;
		if (n == o->repeat && n > 0)
			break;
		if (code != SAE_DONE && (o->every == 0 || s.over ||
		    code == SAE_LOCAL))
			break;
		pause_for(&s, pause_after(o, code));
		if (saestop_asked())
			break;
	}
	saestop_watch(NULL);
	return saestop_asked() ? SAE_DONE : code;
}
