/* etsi014.c - routing, the three methods, and what their refusals are. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doorint.h"
#include "err.h"
#include "etsi014.h"
#include "etsi014json.h"
#include "etsi014out.h"
#include "extension.h"
#include "ksa/place.h"
#include "log.h"
#include "uri.h"

#define CHALLENGE	"WWW-Authenticate: ClientCertificate realm=\"KME\"\r\n"
#define NOT_FOUND	"one or more keys specified are not found on KME"

/* Errors of the application's own making are its operator's to see: info. */
static void
log_refusal(const struct exchange *x, int code, const char *why)
{
	if (guest_quiet(&x->g))
		return;
	log_event(x->g.refusal != NULL ? LL_NOTICE : LL_INFO,
	    "request refused", "code=%d method=%s sae=%s peer_sae=%s peer=%s "
	    "reason=%s", code, x->method ? x->method : "-",
	    x->g.caller ? log_quote(x->g.caller->id) : "-",
	    x->other[0] ? log_quote(x->other) : "-", x->g.address,
	    log_quote(why));
}

static void
refuse(struct exchange *x, int code, const char *extra, struct refusal *r)
{
	struct jsonout count = { NULL, 0, 0 }, out;

	log_refusal(x, code, r->message);
	etsi014_write_error(&count, r);
	out = (struct jsonout){ NULL, count.len, 0 };
	out.p = httpguest_answer(x, code, code == 401 ? CHALLENGE : extra,
	    count.len);
	if (out.p != NULL)
		etsi014_write_error(&out, r);
	refusal_clear(r);
	httpguest_answered(x);
}

void
etsi014_refuse(struct exchange *x, int code, const char *extra,
    const char *fmt, ...)
{
	struct refusal	r = { .details = NULL };
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(r.message, sizeof(r.message), fmt, ap);
	va_end(ap);
	refuse(x, code, extra, &r);
}

/* The engine's refusals; `words` where the standard or we have fixed some. */
static const struct {
	int		 code;
	const char	*words;
} refusals[] = {
	[SUPPLY_BAD_REQUEST] =	{ 400, "bad request" },
	[SUPPLY_UNAUTHORIZED] =	{ 401, "not authorized" },
	[SUPPLY_NOT_FOUND] =	{ 400, "not found" },
	[SUPPLY_INSUFFICIENT] =	{ 503, "there are not enough keys" },
	[SUPPLY_TOO_LARGE] =	{ 400, "too large" },
	[SUPPLY_UNAVAILABLE] =	{ 503, "the key supply is not available" },
	[SUPPLY_TIMEOUT] =	{ 503, "the key supply did not answer in time" },
	[SUPPLY_UNMET] =	{ 400, EXTENSION_UNMET },
	/* Of sessions, which this door has none of. */
	[SUPPLY_REJECTED] =	{ 503, "rejected" },
	[SUPPLY_EXPIRED] =	{ 503, "expired" },
};

static void
give_keys(struct exchange *x, struct supply_answer *a)
{
	size_t	 len = etsi014_keys_len(a);
	char	*p;

	log_debug("keys given", "method=%s sae=%s peer_sae=%s number=%u "
	    "octets=%u", x->method, log_quote(x->g.caller->id),
	    log_quote(x->other), a->number, a->octets);
	httpguest_has_keys(x, a->number, a->ids[0]);
	if ((p = httpguest_answer(x, 200, NULL, len)) != NULL)
		etsi014_write_keys(p, a);
	httpguest_answered(x);
}

/* The words are fixed (6.2); the details say which. */
static void
refuse_wish(struct exchange *x, const struct supply_answer *a)
{
	struct refusal	r = { .details = NULL };

	extension_unmet(a->unmet, a->detail, &r);
	refuse(x, 400, NULL, &r);
}

static void
on_enc(void *arg, struct supply_answer *a)
{
	struct exchange *x = arg;

	x->call = NULL;
	x->g.door->figures.refused[a->status]++;
	if (a->status == SUPPLY_OK)
		give_keys(x, a);
	else if (a->status == SUPPLY_UNMET)
		refuse_wish(x, a);
	else
		etsi014_refuse(x, refusals[a->status].code, NULL, "%s",
		    a->detail ? a->detail : refusals[a->status].words);
}

/* For a key that is not there the words are fixed (6.4). */
static void
on_dec(void *arg, struct supply_answer *a)
{
	struct refusal	r = { .details = NULL };
	struct exchange *x = arg;

	if (a->status != SUPPLY_NOT_FOUND) {
		on_enc(arg, a);
		return;
	}
	x->call = NULL;
	x->g.door->figures.refused[a->status]++;
	if (a->detail != NULL && *a->detail != '\0')
		refusal_detail(&r, "reason", "%s", a->detail);
	refusal_set(&r, NOT_FOUND);
	refuse(x, 400, NULL, &r);
}

static bool
slave_registered(struct exchange *x)
{
	char		text[PLACE_TEXT];
	struct place	pl;
	int		r = place_find(x->g.door->book, x->other, &pl);

	if (r == 0)
		return true;
	if (r == -E_NOT_FOUND)
		etsi014_refuse(x, 400, NULL, "slave_SAE_ID \"%s\" is not "
		    "registered in this network", x->other);
	else
		etsi014_refuse(x, 503, NULL, "%s", place_trouble(r, x->other,
		    &pl, text));
	return false;
}

static void
get_status(struct exchange *x, const struct uri_text *query)
{
	struct supply	*s = x->g.door->supply;
	struct supply_stock stock = { .stored = 0 };
	struct jsonout	 count = { NULL, 0, 0 }, out;
	struct status014 status;

	(void)query;
	if (!slave_registered(x))
		return;
	if (supply_stock(s, x->g.caller->id, x->other, &stock) != SUPPLY_OK) {
		etsi014_refuse(x, 400, NULL, "slave_SAE_ID \"%s\" is not "
		    "known", x->other);
		return;
	}
	status = (struct status014){
		supply_kme_id(s), stock.target_km, x->g.caller->id, x->other,
		supply_limits(s), stock.stored, stock.max_stored
	};
	etsi014_write_status(&count, &status);
	out = (struct jsonout){ NULL, count.len, 0 };
	if ((out.p = httpguest_answer(x, 200, NULL, count.len)) != NULL)
		etsi014_write_status(&out, &status);
	httpguest_answered(x);
}

/* A body with GET would be asked for and not answered. */
static int
check_carrier(const struct http_request *rq, const struct uri_text *query,
    struct refusal *r)
{
	if (rq->method == HTTP_M_POST)
		return etsi014_read_post_query(query->p, query->len, r);
	return rq->body_len == 0 ? 0 :
	    refusal_set(r, "a body requires the POST method");
}

static struct supply_call *
enc_keys(struct exchange *x, const struct key_request *k)
{
	const char	*slaves[SUPPLY_SLAVES_MAX] = { x->other };

	for (uint32_t i = 0; i < k->nslaves; i++)
		slaves[i + 1] = k->slaves[i];
	return supply_enc(x->g.door->supply, &(struct supply_request){
	    .master = x->g.caller->id, .slaves = slaves,
	    .nslaves = k->nslaves + 1, .number = k->number,
	    .octets = k->size / 8, .wish = k->wish }, on_enc, x);
}

static void
get_key(struct exchange *x, const struct uri_text *query)
{
	const struct http_request *rq = x->request;
	const struct supply_limits *l = supply_limits(x->g.door->supply);
	struct refusal	r = { .details = NULL };
	struct key_request k;
	struct supply_call *call;
	int	e;

	if (!slave_registered(x))
		return;
	if ((e = check_carrier(rq, query, &r)) == 0)
		e = rq->method == HTTP_M_POST ?
		    etsi014_read_request(&k, rq->body, rq->body_len, l, &r) :
		    etsi014_read_request_query(&k, query->p, query->len, l,
		    &r);
	if (e < 0) {
		refuse(x, 400, NULL, &r);
		return;
	}
	call = enc_keys(x, &k);
	if (call != NULL)
		x->call = call;
}

static void
get_key_with_ids(struct exchange *x, const struct uri_text *query)
{
	static struct key_ids k;	/* 16 KiB; one loop */
	const struct http_request *rq = x->request;
	const struct supply_limits *l = supply_limits(x->g.door->supply);
	struct refusal	r = { .details = NULL };
	struct supply_call *call;
	int	e;

	if ((e = check_carrier(rq, query, &r)) == 0)
		e = rq->method == HTTP_M_POST ?
		    etsi014_read_ids(&k, rq->body, rq->body_len, l, &r) :
		    etsi014_read_ids_query(&k, query->p, query->len, &r);
	if (e < 0) {
		refuse(x, 400, NULL, &r);
		return;
	}
	call = supply_dec(x->g.door->supply, &(struct supply_claim){
	    .caller = x->g.caller->id, .peer_sae = x->other,
	    .ids = (const uint8_t (*)[16])k.id, .number = k.n }, on_dec, x);
	if (call != NULL)
		x->call = call;
}

static const struct method {
	const char	*name;
	unsigned	 allowed;	/* bits of enum http_method */
	const char	*allow;
	void		(*start)(struct exchange *, const struct uri_text *);
} methods[] = {
	{ "status", 1 << HTTP_M_GET, "Allow: GET\r\n", get_status },
	{ "enc_keys", 1 << HTTP_M_GET | 1 << HTTP_M_POST,
	    "Allow: GET, POST\r\n", get_key },
	{ "dec_keys", 1 << HTTP_M_GET | 1 << HTTP_M_POST,
	    "Allow: GET, POST\r\n", get_key_with_ids },
};

/* "/api/v1/keys/{SAE_ID}/{method}", each part percent-encoded or not. */
static const struct method *
find_method(struct uri_text path, struct uri_text *id)
{
	static const char *const prefix[] = { "api", "v1", "keys" };
	struct uri_text	part;

	for (size_t i = 0; i < 3; i++)
		if (!uri_segment(&path, &part) || !uri_is(&part, prefix[i]))
			return NULL;
	if (!uri_segment(&path, id) || !uri_segment(&path, &part) ||
	    path.len > 0)
		return NULL;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (uri_is(&part, methods[i].name))
			return &methods[i];
	return NULL;
}

static bool
caller_known(struct exchange *x)
{
	const char	*refusal = identity_refuses(&x->g);

	if (refusal != NULL)
		etsi014_refuse(x, 401, NULL, "%s", refusal);
	return refusal == NULL;
}

void
etsi014_start(struct exchange *x)
{
	const struct http_request *rq = x->request;
	const struct method *m = NULL;
	struct uri_text	path, query, id;

	x->method = NULL;
	x->other[0] = '\0';
	if (!caller_known(x))
		return;
	if (uri_split(rq->target, rq->target_len, &path, &query) == 0)
		m = find_method(path, &id);
	if (m == NULL) {
		etsi014_refuse(x, 404, NULL, "there is no such resource");
		return;
	}
	x->method = m->name;
	if ((m->allowed & 1 << rq->method) == 0)
		etsi014_refuse(x, 405, m->allow, "%s does not have the "
		    "method %s", m->name, rq->method_name);
	else if (uri_decode(&id, x->other, sizeof(x->other)) < 0 ||
	    !sae_id_valid(x->other, strlen(x->other))) {
		x->other[0] = '\0';
		etsi014_refuse(x, 400, NULL, "the SAE ID in the URL is not "
		    "valid");
	} else
		m->start(x, &query);
}
