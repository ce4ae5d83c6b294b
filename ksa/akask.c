/* akask.c - the requests of Q.4161 that applications make. */
#include "akask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "akanswer.h"
#include "akwrite.h"
#include "base64.h"
#include "doorint.h"
#include "err.h"
#include "extension.h"
#include "frame.h"
#include "idscan.h"
#include "ksa/place.h"
#include "log.h"

#define WORDS	512

static void
refuse(struct ak_request *r, enum ak_token token, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
refuse(struct ak_request *r, enum ak_token token, const char *fmt, ...)
{
	char	words[WORDS];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	akanswer_refuse(r, token, words);
}

static struct door *
door_of(const struct ak_request *r)
{
	return akguest_of(r)->door;
}

/* If the engine has no words of its own. */
static const struct {
	enum ak_token	 token;
	const char	*words;
} refusals[] = {
	[SUPPLY_BAD_REQUEST] =	{ AK_BAD_REQUEST, NULL },
	[SUPPLY_UNAUTHORIZED] =	{ AK_UNAUTHORIZED, NULL },
	[SUPPLY_NOT_FOUND] =	{ AK_NOT_FOUND, NULL },
	[SUPPLY_INSUFFICIENT] =	{ AK_INSUFFICIENT_KEYS, NULL },
	[SUPPLY_TOO_LARGE] =	{ AK_TOO_LARGE, NULL },
	[SUPPLY_UNAVAILABLE] =	{ AK_UNAVAILABLE, NULL },
	[SUPPLY_TIMEOUT] =	{ AK_TIMEOUT, NULL },
	[SUPPLY_UNMET] =	{ AK_BAD_REQUEST, EXTENSION_UNMET },
	[SUPPLY_REJECTED] =	{ AK_REJECTED, NULL },
	[SUPPLY_EXPIRED] =	{ AK_EXPIRED, NULL },
};

static void
give_keys(struct ak_request *r, const struct supply_answer *a)
{
	char	extension[EXTENSION_TEXT];
	struct ak_keys k = {
		.number = a->number, .octets = a->octets, .sizes = a->sizes,
		.ids = a->ids, .bytes = a->keys->bytes,
		.extension = extension,
		.extension_len = extension_tell(extension, a->origin),
	};

	log_debug("keys given", "method=%s sae=%s %s number=%u octets=%u",
	    r->method, guest_sae(akguest_of(r)), akanswer_about(r),
	    a->number, a->octets);
	akanswer_give(r, &k);
}

static void
on_refused(struct ak_request *r, const struct supply_answer *a)
{
	bool	told = a->detail != NULL && a->detail[0] != '\0';

	if (a->status == SUPPLY_UNMET && told)
		refuse(r, AK_BAD_REQUEST, EXTENSION_UNMET ": %s", a->detail);
	else
		akanswer_refuse(r, refusals[a->status].token,
		    told ? a->detail : refusals[a->status].words);
}

static void
on_keys(void *arg, struct supply_answer *a)
{
	struct ak_request *r = arg;

	r->call = NULL;
	if (a->status == SUPPLY_OK)
		give_keys(r, a);
	else
		on_refused(r, a);
}

static void
on_session(void *arg, struct supply_answer *a)
{
	struct ak_request *r = arg;

	r->call = NULL;
	if (a->status == SUPPLY_OK)
		akanswer_session(r, a->session);
	else
		on_refused(r, a);
}

/* ---- checks; each answers what it refuses ---- */

/* Only the caller may stand there. */
static bool
is_caller(struct ak_request *r, const char *name, const char *id)
{
	const struct sae *caller = akguest_of(r)->caller;

	if (id[0] == '\0' || strcmp(id, caller->id) == 0)
		return true;
	refuse(r, AK_UNAUTHORIZED, "the certificate is not that of %s", name);
	return false;
}

/* What is mandatory but means nothing here must not be ignored. */
static bool
wishes_nothing(struct ak_request *r, const struct ak_message *m)
{
	const json_t	*e;
	size_t		 i;

	json_array_foreach(m->mandatory, i, e)
		if (json_object_size(e) > 0) {
			refuse(r, AK_BAD_REQUEST, EXTENSION_UNSUPPORTED);
			return false;
		}
	return true;
}

static bool
read_wishes(struct ak_request *r, const struct ak_message *m,
    struct supply_wish *wish)
{
	struct refusal	why = { .details = NULL };
	bool		good = extension_read(wish, m->mandatory, m->optional,
			    &why) == 0;

	if (!good)
		refuse(r, AK_BAD_REQUEST, "%s", why.message);
	refusal_clear(&why);
	return good;
}

/* The longest answer, before any key is drawn. */
static uint64_t
answer_len(const struct ak_request *r, int64_t number, int64_t octets,
    bool told)
{
	return akwrite_keys_len(r->command->answer, (uint64_t)number,
	    (uint64_t)number * BASE64_LEN((uint64_t)octets),
	    told ? EXTENSION_TEXT : 0);
}

/* What no frame could hold is too large whatever the limits are. */
static bool
sizes_ok(struct ak_request *r, int64_t number, int64_t size, bool told)
{
	const struct supply_limits *l = supply_limits(door_of(r)->supply);

	if (size % 8 != 0)
		refuse(r, AK_BAD_REQUEST,
		    "size_of_key shall be a multiple of 8");
	else if (number > FRAME_PAYLOAD_MAX || size / 8 > FRAME_PAYLOAD_MAX ||
	    answer_len(r, number, size / 8, told) > FRAME_PAYLOAD_MAX)
		refuse(r, AK_TOO_LARGE, "the keys do not fit into one answer "
		    "of %u octets", FRAME_PAYLOAD_MAX);
	else if (number > l->max_key_per_request)
		refuse(r, AK_BAD_REQUEST, "number_of_keys shall be from 1 to "
		    "%u (max_key_per_request)", l->max_key_per_request);
	else if (size < l->min_key_size || size > l->max_key_size)
		refuse(r, AK_BAD_REQUEST, "size_of_key shall be from %u "
		    "(min_key_size) to %u (max_key_size) bits",
		    l->min_key_size, l->max_key_size);
	else
		return true;
	return false;
}

static bool
ids_ok(struct ak_request *r, const struct ak_message *m)
{
	const struct supply_limits *l = supply_limits(door_of(r)->supply);
	uint32_t	 i;
	uuid_text	 id;

	if (m->nids > l->max_key_per_request || m->nids > SUPPLY_KEYS_MAX) {
		refuse(r, AK_BAD_REQUEST, "key_IDs shall name no more than "
		    "%u keys (max_key_per_request)", l->max_key_per_request);
		return false;
	}
	i = idscan_repeated((const uint8_t (*)[16])m->ids, m->nids);
	if (i == m->nids)
		return true;
	uuid_print(m->ids[i], id);
	refuse(r, AK_BAD_REQUEST, "key_ID %s stands there twice", id);
	return false;
}

static bool
fits(uint32_t number, const uint32_t *octets)
{
	uint64_t	base64 = 0;

	for (uint32_t i = 0; i < number; i++)
		base64 += BASE64_LEN((uint64_t)octets[i]);
	return akwrite_keys_len(AK_KEY_RESPONSE, number, base64, 0) <=
	    FRAME_PAYLOAD_MAX;
}

/* ---- the requests ---- */

static int64_t
number_of(const struct ak_message *m)
{
	return m->number > 0 ? m->number : 1;
}

static int64_t
size_of(const struct ak_request *r, const struct ak_message *m)
{
	return m->size > 0 ? m->size :
	    supply_limits(door_of(r)->supply)->key_size;
}

static void
key_request(struct ak_request *r, const struct ak_message *m)
{
	struct supply *s = door_of(r)->supply;
	const char *slaves[1] = { m->destination };
	int64_t	number = number_of(m), size = size_of(r, m);
	struct supply_wish wish = { .asked = false };
	struct supply_call *call;

	strcpy(r->other, m->destination);
	if (!is_caller(r, "application_source_ID", m->source) ||
	    !read_wishes(r, m, &wish) ||
	    !sizes_ok(r, number, size, wish.asked))
		return;
	akguest_owes(r, (uint32_t)answer_len(r, number, size / 8,
	    wish.asked));
	call = supply_enc(s, &(struct supply_request){
	    .master = akguest_of(r)->caller->id, .slaves = slaves,
	    .nslaves = 1, .number = (uint32_t)number,
	    .octets = (uint32_t)size / 8, .wish = wish }, on_keys, r);
	if (call != NULL)
		r->call = call;
}

/* How large the keys are is not known yet; most are of the usual size. */
static void
key_request_with_id(struct ak_request *r, const struct ak_message *m)
{
	struct supply *s = door_of(r)->supply;
	uint64_t owed = answer_len(r, m->nids,
	    supply_limits(s)->key_size / 8, false);
	struct supply_call *call;

	strcpy(r->other, m->source);
	if (!is_caller(r, "application_destination_ID", m->destination) ||
	    !wishes_nothing(r, m) || !ids_ok(r, m))
		return;
	akguest_owes(r, owed < FRAME_PAYLOAD_MAX ? (uint32_t)owed :
	    FRAME_PAYLOAD_MAX);
	call = supply_dec(s, &(struct supply_claim){
	    .caller = akguest_of(r)->caller->id, .peer_sae = m->source,
	    .ids = (const uint8_t (*)[16])m->ids, .number = m->nids,
	    .fits = fits }, on_keys, r);
	if (call != NULL)
		r->call = call;
}

static void
session_request(struct ak_request *r, const struct ak_message *m)
{
	struct place	pl;
	struct supply_call *call;

	strcpy(r->other, m->destination);
	if (!is_caller(r, "application_source_ID", m->source) ||
	    !wishes_nothing(r, m))
		return;
	if (place_find(door_of(r)->book, m->destination, &pl) ==
	    -E_NOT_FOUND) {
		refuse(r, AK_NOT_FOUND, "not a registered application: %s",
		    m->destination);
		return;
	}
	call = session_open(door_of(r)->supply, &(struct session_opening){
	    .source = akguest_of(r)->caller->id,
	    .destination = m->destination, .name = m->name,
	    .number = (uint64_t)m->number }, on_session, r);
	if (call != NULL)
		r->call = call;
}

/* Keys that fit into 0x1209 fit into 0x120A too. */
static void
session_key_request(struct ak_request *r, const struct ak_message *m)
{
	struct supply *s = door_of(r)->supply;
	int64_t	number = number_of(m), size = size_of(r, m);
	struct supply_wish wish = { .asked = false };
	struct supply_call *call;
	uint8_t	session[SESSION_ID];

	uuid_parse(m->session, UUID_TEXT, session);
	if (!read_wishes(r, m, &wish) ||
	    !sizes_ok(r, number, size, wish.asked))
		return;
	akguest_owes(r, (uint32_t)answer_len(r, number, size / 8,
	    wish.asked));
	call = session_draw(s, &(struct session_draw){
	    .caller = akguest_of(r)->caller->id, .session = session,
	    .number = (uint32_t)number, .octets = (uint32_t)size / 8,
	    .wish = wish }, on_keys, r);
	if (call != NULL)
		r->call = call;
}

static const struct {
	enum ak_code	 code;
	const char	*method;
	void		(*start)(struct ak_request *,
			    const struct ak_message *);
} requests[] = {
	{ AK_KEY_REQUEST, "0x2101", key_request },
	{ AK_KEY_REQUEST_WITH_ID, "0x2102", key_request_with_id },
	{ AK_SESSION_REQUEST, "0x2104", session_request },
	{ AK_SESSION_KEY_REQUEST, "0x2108", session_key_request },
};

static size_t
row_of(const struct ak_command *c)
{
	size_t	i = 0;

	while (requests[i].code != c->code)
		i++;
	return i;
}

void
akask_start(struct ak_request *r, const struct ak_message *m)
{
	requests[row_of(r->command)].start(r, m);
}

const char *
akask_method(const struct ak_command *c)
{
	return requests[row_of(c)].method;
}
