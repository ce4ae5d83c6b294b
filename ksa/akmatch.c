#include "akmatch.h"

#include <string.h>

struct matcher {
	struct akmatch		*out;
	const struct notice	*n;
	uint32_t		 next;	/* most name the keys in their order */
	bool			 seen[AK_KEYS_MAX];
};

static bool
same_session(const struct notice *n, const char *text)
{
	uint8_t	id[SESSION_ID];

	return uuid_parse(text, strlen(text), id) == 0 &&
	    memcmp(id, n->session, sizeof(id)) == 0;
}

/* False: no key of the notice. */
static bool
add(struct matcher *a, const uint8_t id[16])
{
	uint32_t	k, i;

	for (i = 0; i < a->n->keys; i++) {
		k = (a->next + i) % a->n->keys;
		if (memcmp(a->n->ids[k], id, sizeof(a->n->ids[k])) == 0)
			break;
	}
	if (i == a->n->keys)
		return false;
	a->next = k + 1;
	if (!a->seen[k])
		memcpy(a->out->ids[a->out->n++], id, 16);
	a->seen[k] = true;
	return true;
}

/* key_ID, and those of the extension, which are the same ones or more. */
static bool
add_all(struct matcher *a, const struct ak_message *m)
{
	uint8_t	id[16];
	bool	known;

	known = uuid_parse(m->key_id, strlen(m->key_id), id) == 0 &&
	    add(a, id);
	for (uint32_t i = 0; i < m->nids; i++)
		known = add(a, m->ids[i]) && known;
	return known;
}

static bool
other(struct akmatch *out, const char *what)
{
	out->success = false;
	out->response = what;
	return false;
}

bool
akmatch(struct akmatch *out, const struct notice *n,
    const struct ak_message *m)
{
	struct matcher	 a = { .out = out, .n = n };

	out->n = 0;
	out->success = strcmp(m->response, "success") == 0;
	out->response = m->response;
	if (!same_session(n, m->session))
		return other(out, "bad_request: the answer is of another "
		    "session");
	if (n->has_keys && !add_all(&a, m))
		return other(out, "bad_request: the answer names keys that "
		    "were not brought");
	return true;
}
