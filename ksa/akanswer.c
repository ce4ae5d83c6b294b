/* akanswer.c - answers, measured and then written in place. */
#include "akanswer.h"

#include <stdio.h>
#include <string.h>

#include "akwrite.h"
#include "doorint.h"
#include "frame.h"
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

/* Errors of the application's own making are its operator's to see: info. */
static void
log_refusal(const struct ak_request *r, const char *response)
{
	const struct guest *g = akguest_of(r);

	if (guest_quiet(g))
		return;
	log_event(g->refusal != NULL ? LL_NOTICE : LL_INFO,
	    "request refused", "method=%s message_id=%u sae=%s peer_sae=%s "
	    "peer=%s reason=%s", r->method, r->message_id, guest_sae(g),
	    r->other[0] != '\0' ? log_quote(r->other) : "-", g->address,
	    log_quote(response));
}

static void
write_frame(const struct ak_request *r, const struct ak_message *m)
{
	const struct ak_command *c = akmsg_find(r->command->answer);
	struct guest	*g = akguest_of(r);
	struct jsonout	 o = { NULL, 0, 0 };
	uint8_t		*p;

	akwrite(&o, c, m);
	p = o.len > FRAME_PAYLOAD_MAX ? NULL :
	    conn_reserve(g->conn, FRAME_HEADER + o.len);
	if (p == NULL) {
		log_err("no room for an answer", "peer=%s octets=%zu",
		    g->address, o.len);
		g->broken = true;
		return;
	}
	frame_header(p, r->message_id, c->code, (uint16_t)o.len);
	o = (struct jsonout){ (char *)p + FRAME_HEADER, o.len, 0 };
	akwrite(&o, c, m);
	conn_commit(g->conn, FRAME_HEADER + o.len);
}

static void
answer(struct ak_request *r, enum ak_token token, const char *words,
    const struct ak_keys *keys)
{
	static struct ak_message m;	/* 19 KiB; one loop */

	akmsg_clear(&m);
	memcpy(m.session, r->session, sizeof(m.session));
	snprintf(m.response, sizeof(m.response), "%s%s%s", tokens[token],
	    words != NULL ? ": " : "", words != NULL ? words : "");
	m.keys = keys;
	if (token != AK_SUCCESS)
		log_refusal(r, m.response);
	akguest_of(r)->door->ak.answers[token]++;
	write_frame(r, &m);
}

void
akanswer_refuse(struct ak_request *r, enum ak_token token, const char *words)
{
	answer(r, token, words, NULL);
	akguest_answered(r);
}

void
akanswer_give(struct ak_request *r, const struct ak_keys *keys)
{
	struct receipt	receipt = { .number = keys->number,
			    .method = r->method };

	answer(r, AK_SUCCESS, NULL, keys);
	memcpy(receipt.first, keys->ids[0], sizeof(receipt.first));
	guest_has_keys(akguest_of(r), &receipt);
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
	    "{s:I, s:I, s:I, s:I, s:o}",
	    "frames", (json_int_t)f->frames,
	    "frames_ignored", (json_int_t)f->ignored,
	    "responses_unexpected", (json_int_t)f->unexpected,
	    "connections_closed_for_a_frame", (json_int_t)f->closed,
	    "answers", answers));
}
