/* invitation.c - a session is created: the destination's half. */
#include "ksa/invitation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/party.h"
#include "ksa/place.h"
#include "ksa/sessionend.h"
#include "ksa/sessionwire.h"
#include "log.h"
#include "quiet.h"

#define NAME_MAX_OCTETS	1024
#define WORDS		200

struct invitation {
	struct notice		 notice;	/* first: casts rely on it */
	struct sessions		*all;
	struct session		*session;
	bool			 sent;		/* at least once */
	bool			 absent;	/* nobody to send it to so far */
	bool			 writing;	/* accepted; its row is */
	struct session_row	 row;		/* for the job; owns nothing */
	uint64_t		 deadline;	/* mono, ms */
	TAILQ_ENTRY(invitation)	 next;
};

static void
log_refusal(const struct invitation *i, enum supply_status status,
    const char *words)
{
	uuid_text	id;

	if (quiet())
		return;
	uuid_print(i->notice.session, id);
	log_notice("session not created", "session=%s source=%s "
	    "destination=%s peer=%s response=%s reason=%s", id,
	    log_quote(i->notice.source), log_quote(i->notice.destination),
	    i->session->peer->km, sessionwire_token(status),
	    log_quote(words));
}

static void
invitation_free(struct invitation *i)
{
	sessions_hush(i->all, &i->notice);
	party_leave_line(i->session, &i->notice);
	TAILQ_REMOVE(&i->all->invitations, i, next);
	i->all->ninvitations--;
	i->session->invitation = NULL;
	i->session->busy--;
	free(i);
}

/* What nobody has accepted was never here. */
static void
end(struct invitation *i, enum supply_status status, const char *words)
{
	struct sessions	*a = i->all;
	struct session	*s = i->session;
	struct peer	*from = s->peer;
	uint8_t		 id[SESSION_ID];

	memcpy(id, s->row.id, SESSION_ID);
	if (status != SUPPLY_OK) {
		log_refusal(i, status, words);
		a->env->count.sessions_refused++;
	}
	invitation_free(i);
	if (status != SUPPLY_OK && !from->self &&
	    s->row.state == SESSION_PROPOSED)
		sessions_drop(a, s);
	(void)sessionwire_opened(from, id, status, words);
}

/* ---- accepted ---- */

static int
add_run(struct db *db, void *arg)
{
	struct invitation	*i = arg;

	(void)db;
	return sessionstore_add(keystore_writer(i->all->env->store), &i->row);
}

/* A commit that failed may be on the disk all the same: then it has ended
 * there too. */
static void
add_done(void *arg, int r)
{
	struct invitation	*i = arg;
	struct session		*s = i->session;

	if (r < 0) {
		sessionend(i->all, s, SUPPLY_EXPIRED, false);
		end(i, SUPPLY_UNAVAILABLE, err_text(r));
	} else if (s->row.state != SESSION_PROPOSED)
		end(i, SUPPLY_EXPIRED, "the source gave it up");
	else {
		s->row.state = SESSION_OPEN;
		s->used = s->destination_seen = mono_ms();
		i->all->env->count.sessions_opened++;
		end(i, SUPPLY_OK, "");
	}
}

static void
accepted(struct invitation *i)
{
	if (i->session->peer->self) {	/* its row is the source's business */
		end(i, SUPPLY_OK, "");
		return;
	}
	i->writing = true;
	i->row = i->session->row;
	i->row.state = SESSION_OPEN;
	env_add(i->all->env, add_run, add_done, i);
}

static bool
on_answered(struct notice *n, bool success, const char *response,
    const uint8_t (*ids)[16], uint32_t nids)
{
	struct invitation	*i = (struct invitation *)n;
	char			 words[WORDS];

	(void)ids, (void)nids;
	if (success)
		accepted(i);
	else {
		snprintf(words, sizeof(words), "the application answered %.150s",
		    response);
		end(i, SUPPLY_REJECTED, words);
	}
	return true;
}

/* ---- sending ---- */

bool
invitation_try(struct notice *n)
{
	struct invitation	*i = (struct invitation *)n;
	int			 r = sessions_notify(i->all, n);

	i->absent = r == -E_NOT_FOUND && !i->sent;
	if (i->absent && !sessions_may_arrive(i->all, i->deadline))
		end(i, SUPPLY_UNAVAILABLE,
		    "the destination application is not connected");
	else if (r == -E_TOO_LARGE || r == -E_NO_MEMORY)
		end(i, SUPPLY_UNAVAILABLE, err_text(r));
	else if (r < 0)
		return false;
	else {
		i->sent = true;
		party_leave_line(i->session, n);
	}
	return true;
}

/* Another connection may take it, now or in time. */
static void
on_lost(struct notice *n)
{
	struct invitation	*i = (struct invitation *)n;

	party_wait(i->session, n);
	party_present(i->all, n->destination);
}

/* The session is dropped if it does not get anywhere. */
static void
begin(struct sessions *a, struct session *s)
{
	struct invitation	*i = calloc(1, sizeof(*i));
	struct session_row	*row = &s->row;

	if (i == NULL) {
		struct peer	*from = s->peer;
		uint8_t		 id[SESSION_ID];

		memcpy(id, row->id, SESSION_ID);
		if (!from->self)
			sessions_drop(a, s);
		(void)sessionwire_opened(from, id, SUPPLY_UNAVAILABLE,
		    "out of memory");
		return;
	}
	*i = (struct invitation){ .all = a, .session = s,
	    .deadline = mono_ms() +
	    (uint64_t)a->env->conf->session_answer_wait,
	    .notice = { .source = row->source,
	    .destination = row->destination, .name = row->name,
	    .number = row->most, .answered = on_answered, .lost = on_lost } };
	memcpy(i->notice.session, row->id, SESSION_ID);
	TAILQ_INSERT_TAIL(&a->invitations, i, next);
	a->ninvitations++;
	s->invitation = i;
	s->busy++;
	party_wait(s, &i->notice);
	if (!sessions_present(a, row->destination))
		(void)invitation_try(&i->notice);
	else
		party_present(a, row->destination);
}

void
invitation_own(struct session *s)
{
	begin(s->peer->env->sessions, s);
}

/* ---- asked by a peer ---- */

static bool
is_text(const struct msg_view *v)
{
	return v->len <= NAME_MAX_OCTETS && (v->len == 0 ||
	    memchr(v->p, '\0', v->len) == NULL);
}

/* A KM speaks for its own applications, and asks for ours. */
static enum supply_status
check(const struct sessions *a, const struct peer *p,
    const struct msg_session_open *m, const char **why)
{
	const struct sae_book	*b = a->env->book;
	static char		 text[PLACE_TEXT];
	struct place		 pl;
	int			 r;

	*why = "no such application here";
	if (!place_is_at(b, m->destination, a->env->conf->kme_id))
		return SUPPLY_NOT_FOUND;
	*why = "the source application is not known as one of that KM";
	if (!place_is_at(b, m->source, p->km))
		return SUPPLY_UNAUTHORIZED;
	if ((r = place_find(b, m->source, &pl)) < 0) {
		*why = place_trouble(r, m->source, &pl, text);
		return SUPPLY_UNAVAILABLE;
	}
	if ((r = place_find(b, m->destination, &pl)) < 0) {
		*why = place_trouble(r, m->destination, &pl, text);
		return SUPPLY_UNAVAILABLE;
	}
	*why = "application_name is no text";
	if (!is_text(&m->name))
		return SUPPLY_BAD_REQUEST;
	*why = "number_of_keys is too large";
	if (m->number > INT64_MAX)
		return SUPPLY_BAD_REQUEST;
	*why = "stopping";
	return !a->env->stopping && party_may_bring(a, m->destination, p,
	    why) ? SUPPLY_OK : SUPPLY_UNAVAILABLE;
}

static void
refuse(struct peer *p, const uint8_t id[SESSION_ID],
    const struct msg_session_open *m, enum supply_status status,
    const char *why)
{
	p->env->count.sessions_refused++;
	if (!quiet())
		log_notice("session not created", "session=%s source=%s "
		    "destination=%s peer=%s response=%s reason=%s",
		    m->session, log_quote(m->source),
		    log_quote(m->destination), p->km,
		    sessionwire_token(status), log_quote(why));
	(void)sessionwire_opened(p, id, status, why);
}

static bool
same(const struct session *s, const struct peer *p,
    const struct msg_session_open *m)
{
	return s->peer == p && s->row.destination_here &&
	    strcmp(s->row.source, m->source) == 0 &&
	    strcmp(s->row.destination, m->destination) == 0;
}

/* It was asked before: said again if it is open, else being answered. */
static void
again(struct peer *p, const struct session *s,
    const struct msg_session_open *m)
{
	if (!same(s, p, m))
		refuse(p, s->row.id, m, SUPPLY_REJECTED,
		    "that session_ID is another session's");
	else if (s->row.state == SESSION_OPEN)
		(void)sessionwire_opened(p, s->row.id, SUPPLY_OK, "");
	else if (s->row.state == SESSION_ENDED)
		(void)sessionwire_opened(p, s->row.id, SUPPLY_EXPIRED, "");
}

void
invitation_asked(struct sessions *a, struct peer *p,
    const struct msg_session_open *m)
{
	struct session_row	 row = { .state = SESSION_PROPOSED };
	struct session		*s;
	enum supply_status	 status;
	const char		*why;

	(void)uuid_parse(m->session, strlen(m->session), row.id);
	if ((s = sessions_find(a, row.id)) != NULL) {
		again(p, s, m);
		return;
	}
	if ((status = check(a, p, m, &why)) != SUPPLY_OK) {
		refuse(p, row.id, m, status, why);
		return;
	}
	row.peer = p->id;
	row.destination_here = true;
	strcpy(row.source, m->source);
	strcpy(row.destination, m->destination);
	row.most = m->number;
	row.made = now_ms();
	row.name = m->name.len == 0 ? strdup("") :
	    strndup((const char *)m->name.p, m->name.len);
	s = row.name == NULL ? NULL : sessions_add(a, &row, p);
	if (s == NULL)
		refuse(p, row.id, m, SUPPLY_UNAVAILABLE, "out of memory");
	else
		begin(a, s);
}

/* ---- time, and the end ---- */

/* Nobody needs an answer. */
void
invitation_drop(struct session *s)
{
	if (s->invitation != NULL && !s->invitation->writing)
		invitation_free(s->invitation);
}

static void
on_deadline(struct invitation *i)
{
	if (i->notice.guest != NULL || !i->sent)
		end(i, SUPPLY_TIMEOUT,
		    "the destination application did not answer");
	else
		end(i, SUPPLY_UNAVAILABLE,
		    "the connection of the destination application was lost");
}

void
invitation_tick(struct sessions *a, uint64_t now)
{
	struct invitation	*i;

	SESSIONS_EACH(i, &a->invitations, a->ninvitations) {
		SESSIONS_TURN(i, &a->invitations);
		if (!i->writing && now >= i->deadline)
			on_deadline(i);
		else if (i->absent)
			(void)invitation_try(&i->notice);
	}
}

void
invitation_stop(struct sessions *a)
{
	struct invitation	*i;

	SESSIONS_EACH(i, &a->invitations, a->ninvitations) {
		SESSIONS_TURN(i, &a->invitations);
		if (!i->writing)
			end(i, SUPPLY_UNAVAILABLE, "stopping");
	}
}
