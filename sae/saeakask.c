#include "saeakask.h"

#include <stdlib.h>
#include <string.h>

#include "akwrite.h"
#include "err.h"
#include "frame.h"
#include "saerequest.h"

/* Eats the message. */
static int
finish(struct saeakframe *out, enum ak_code code, struct ak_message *m,
    struct saewhy *w)
{
	const struct ak_command	*c = akmsg_find(code);
	struct jsonout		 o = { NULL, 0, 0 };
	int			 r = 0;

	akwrite(&o, c, m);
	out->command = code;
	out->len = FRAME_HEADER + o.len;
	if (o.len > FRAME_PAYLOAD_MAX)
		r = saewhy_set(w, E_RANGE, "the %s does not fit into %d "
		    "octets: fewer or smaller arguments", c->name,
		    FRAME_PAYLOAD_MAX);
	else if ((out->octets = malloc(out->len)) == NULL)
		r = saewhy_set(w, E_NO_MEMORY, "out of memory");
	else {
		o = (struct jsonout){ (char *)out->octets + FRAME_HEADER,
		    o.len, 0 };
		akwrite(&o, c, m);
	}
	akmsg_clear(m);
	free(m);
	return r;
}

static int
begin(struct saeakframe *out, struct ak_message **m, struct saewhy *w)
{
	*out = (struct saeakframe){ NULL, 0, 0 };
	*m = calloc(1, sizeof(**m));
	return *m != NULL ? 0 : saewhy_set(w, E_NO_MEMORY, "out of memory");
}

static int
fail(struct ak_message *m, int r)
{
	akmsg_clear(m);
	free(m);
	return r;
}

static int
set_application(sae_id out, const char *id, const char *whose,
    struct saewhy *w)
{
	if (!sae_id_valid(id, strlen(id)))
		return saewhy_set(w, E_RANGE, "the ID of the %s application: "
		    "1 to %d octets of printable UTF-8 expected", whose,
		    SAE_ID_MAX);
	strcpy(out, id);
	return 0;
}

static int
set_session(uuid_text out, const char *id, struct saewhy *w)
{
	uint8_t	raw[16];

	if (uuid_parse(id, strlen(id), raw) < 0)
		return saewhy_set(w, E_RANGE, "\"%s\" is not the ID of a "
		    "session: a UUID expected", id);
	uuid_print(raw, out);
	return 0;
}

/* Which keys: number, size, extensions. */
static int
set_wish(struct ak_message *m, const struct saeget *g, struct saewhy *w)
{
	json_t	*object;
	int	 r;

	if ((r = saerequest_check(g, w)) < 0)
		return r;
	m->number = g->number;
	m->size = g->size;
	if ((object = json_object()) == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	r = saerequest_extensions(object, g, w);
	m->mandatory = json_incref(json_object_get(object,
	    "extension_mandatory"));
	m->optional = json_incref(json_object_get(object,
	    "extension_optional"));
	json_decref(object);
	return r;
}

int
saeakask_get(struct saeakframe *out, const struct saeget *g,
    struct saewhy *w)
{
	struct ak_message	*m;
	int			 r;

	if ((r = begin(out, &m, w)) < 0)
		return r;
	if ((r = set_application(m->destination, g->slave, "destination",
	    w)) < 0 || (r = set_wish(m, g, w)) < 0)
		return fail(m, r);
	return finish(out, AK_KEY_REQUEST, m, w);
}

int
saeakask_fetch(struct saeakframe *out, const struct saefetch *f,
    struct saewhy *w)
{
	struct ak_message	*m;
	int			 r;

	if ((r = begin(out, &m, w)) < 0)
		return r;
	if ((r = set_application(m->source, f->master, "source", w)) < 0 ||
	    (r = saerequest_ids(m->ids, f, w)) < 0)
		return fail(m, r);
	m->nids = (uint32_t)f->n;
	return finish(out, AK_KEY_REQUEST_WITH_ID, m, w);
}

int
saeakask_session(struct saeakframe *out, const char *source,
    const char *destination, const char *name, uint64_t limit,
    struct saewhy *w)
{
	struct ak_message	*m;
	int			 r;

	if ((r = begin(out, &m, w)) < 0)
		return r;
	if ((r = set_application(m->source, source, "source", w)) < 0 ||
	    (r = set_application(m->destination, destination, "destination",
	    w)) < 0)
		return fail(m, r);
	if (strlen(name) > AK_TEXT_MAX)
		return fail(m, saewhy_set(w, E_RANGE, "the application's "
		    "name: at most %d octets", AK_TEXT_MAX));
	if (limit > INT64_MAX)
		return fail(m, saewhy_set(w, E_RANGE, "the limit of a "
		    "session: less than 2^63"));
	strcpy(m->name, name);
	m->number = (int64_t)limit;
	return finish(out, AK_SESSION_REQUEST, m, w);
}

int
saeakask_session_get(struct saeakframe *out, const char *session,
    const struct saeget *g, struct saewhy *w)
{
	struct ak_message	*m;
	int			 r;

	if ((r = begin(out, &m, w)) < 0)
		return r;
	if ((r = set_session(m->session, session, w)) < 0 ||
	    (r = set_wish(m, g, w)) < 0)
		return fail(m, r);
	return finish(out, AK_SESSION_KEY_REQUEST, m, w);
}

/* ---- answers ---- */

static void
set_response(struct ak_message *m, const char *session, const char *response)
{
	size_t	n = strnlen(response, AK_TEXT_MAX);

	strcpy(m->session, session);
	memcpy(m->response, response, n);
	m->response[n] = '\0';
}

int
saeakask_notified(struct saeakframe *out, const char *session,
    const char *response, struct saewhy *w)
{
	struct ak_message	*m;
	int			 r;

	if ((r = begin(out, &m, w)) < 0)
		return r;
	set_response(m, session, response);
	return finish(out, AK_SESSION_NOTIFIED, m, w);
}

int
saeakask_supplied(struct saeakframe *out, const char *session,
    const uint8_t (*ids)[16], size_t n, const char *response,
    struct saewhy *w)
{
	struct ak_message	*m;
	int			 r;

	if ((r = begin(out, &m, w)) < 0)
		return r;
	set_response(m, session, response);
	if (n > 0)
		uuid_print(ids[0], m->key_id);
	/* The first one has a member of its own. */
	if (n > 1) {
		memcpy(m->ids, ids, n * sizeof(ids[0]));
		m->nids = (uint32_t)n;
	}
	return finish(out, AK_SUPPLIED, m, w);
}

void
saeakask_number(struct saeakframe *f, uint32_t message_id)
{
	frame_header(f->octets, message_id, (uint16_t)f->command,
	    (uint16_t)(f->len - FRAME_HEADER));
}
