/* akanswer.c - answers, measured and then written in place. */
#include "akanswer.h"

#include <stdio.h>
#include <string.h>

#include "akframe.h"
#include "doorint.h"
#include "log.h"

static const char *const tokens[AK_TOKENS] = {
	[AK_SUCCESS] = "success",
	[AK_BAD_REQUEST] = "bad_request",
	[AK_UNAUTHORIZED] = "unauthorized",
	[AK_NOT_FOUND] = "not_found",
	[AK_INSUFFICIENT_KEYS] = "insufficient_keys",
	[AK_TOO_LARGE] = "too_large",
	[AK_UNAVAILABLE] = "unavailable",
	[AK_TIMEOUT] = "timeout",
	[AK_REJECTED] = "rejected",
	[AK_EXPIRED] = "expired",
};

const char *
akanswer_about(const struct ak_request *r)
{
	static char	text[1024];

	if (r->session[0] != '\0')
		snprintf(text, sizeof(text), "session=%s", r->session);
	else
		snprintf(text, sizeof(text), "peer_sae=%s",
		    r->other[0] != '\0' ? log_quote(r->other) : "-");
	return text;
}

/* Errors of the application's own making are its operator's to see: info. */
static void
log_refusal(const struct ak_request *r, const char *response)
{
	const struct guest *g = akguest_of(r);

	if (guest_quiet(g))
		return;
	log_event(g->refusal != NULL ? LL_NOTICE : LL_INFO,
	    "request refused", "method=%s message_id=%u sae=%s %s peer=%s "
	    "reason=%s", r->method, r->message_id, guest_sae(g),
	    akanswer_about(r), g->address, log_quote(response));
}

/* What is in `m` besides `response` is written as it is. */
static void
answer(struct ak_request *r, enum ak_token token, const char *words,
    struct ak_message *m)
{
	struct guest	*g = akguest_of(r);

	snprintf(m->response, sizeof(m->response), "%s%s%s", tokens[token],
	    words != NULL ? ": " : "", words != NULL ? words : "");
	if (token != AK_SUCCESS)
		log_refusal(r, m->response);
	g->door->ak.answers[token]++;
	doorfigures_took(g->door, "ak", r->method, r->begun);
	if (akframe_write(g->conn, r->message_id,
	    akmsg_find(r->command->answer), m) < 0) {
		log_err("no room for an answer", "peer=%s method=%s",
		    g->address, r->method);
		g->broken = true;
	}
}

/* 19 KiB; one loop. The session is that of the request. */
static struct ak_message *
message(const struct ak_request *r)
{
	static struct ak_message m;

	akmsg_clear(&m);
	memcpy(m.session, r->session, sizeof(m.session));
	return &m;
}

void
akanswer_refuse(struct ak_request *r, enum ak_token token, const char *words)
{
	answer(r, token, words, message(r));
	akguest_answered(r);
}

void
akanswer_give(struct ak_request *r, const struct ak_keys *keys)
{
	struct receipt	receipt = { .number = keys->number,
			    .method = r->method };
	struct ak_message *m = message(r);

	m->keys = keys;
	answer(r, AK_SUCCESS, NULL, m);
	m->keys = NULL;
	memcpy(receipt.first, keys->ids[0], sizeof(receipt.first));
	guest_has_keys(akguest_of(r), &receipt);
	akguest_answered(r);
}

void
akanswer_session(struct ak_request *r, const uint8_t id[SESSION_ID])
{
	struct ak_message *m = message(r);

	uuid_print(id, m->session);
	snprintf(m->km, sizeof(m->km), "%s",
	    supply_kme_id(akguest_of(r)->door->supply));
	answer(r, AK_SUCCESS, NULL, m);
	akguest_answered(r);
}

void
akanswer_report(const struct ak_figures *f, json_t *figures)
{
	json_t	*answers = json_object();

	for (unsigned i = 0; i < AK_TOKENS; i++)
		if (f->answers[i] > 0)
			json_object_set_new(answers, tokens[i],
			    json_integer((json_int_t)f->answers[i]));
	json_object_set_new(figures, "ak", json_pack(
	    "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
	    "frames", (json_int_t)f->frames,
	    "frames_ignored", (json_int_t)f->ignored,
	    "responses_unexpected", (json_int_t)f->unexpected,
	    "connections_closed_for_a_frame", (json_int_t)f->closed,
	    "notices_sent", (json_int_t)f->sent,
	    "notices_answered", (json_int_t)f->answered,
	    "notices_lost", (json_int_t)f->lost,
	    "notices_answered_late", (json_int_t)f->late,
	    "answers", answers));
}
