#include "saeakread.h"

#include <stdlib.h>
#include <string.h>

#include "akread.h"
#include "err.h"
#include "saeblank.h"

static const struct {
	const char	*token;
	int		 error;
} verdicts[] = {
	{ "unauthorized", E_DENIED },
	{ "insufficient_keys", E_BUSY },
	{ "unavailable", E_BUSY },
	{ "not_found", E_NOT_FOUND },
	{ "rejected", E_REJECTED },
	{ "timeout", E_SILENT },
	{ "expired", E_EXPIRED },
};

int
saeakread_verdict(const char *response, const char *kme, struct saewhy *w)
{
	size_t	token = strcspn(response, ":");
	int	e = E_REFUSED;

	if (strcmp(response, "success") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strlen(verdicts[i].token) == token &&
		    memcmp(verdicts[i].token, response, token) == 0)
			e = verdicts[i].error;
	return saewhy_set(w, e, "the KM at %s answered %s", kme, response);
}

void
saeaknews_clear(struct saeaknews *n)
{
	saekeys_free(&n->keys);
	akmsg_clear(&n->m);
}

static bool
has_keys(const struct ak_command *c)
{
	const struct ak_member	*f = c->members;

	while (f->type != AK_END && f->type != AK_KEYS)
		f++;
	return f->type == AK_KEYS;
}

/* All but the keys; the tree without strings gets them again for that. */
static int
read_members(struct ak_message *m, const struct ak_command *c, json_t *root,
    const char *payload, size_t len, struct saewhy *w)
{
	json_t	*keys = json_incref(json_object_get(root, "keys")), *whole;
	char	 why[AKREAD_WHY];
	int	 r = 0;

	json_object_del(root, "keys");
	if ((whole = saeblank_restore(root, payload, len)) == NULL)
		r = saewhy_set(w, E_BAD_FORMAT, "the KM's %s: not UTF-8, or "
		    "a string with U+0000", c->name);
	else if (json_object_set(whole, "keys", keys) < 0 && keys != NULL)
		r = saewhy_set(w, E_NO_MEMORY, "out of memory");
	else if ((r = akread_object(m, c, whole, why)) < 0)
		saewhy_set(w, E_BAD_FORMAT, "the KM's %s: %s", c->name, why);
	json_object_set_new(root, "keys", keys);
	json_decref(whole);
	return r;
}

static void
list_ids(struct saeaknews *n)
{
	n->m.nids = (uint32_t)n->keys->n;
	for (size_t i = 0; i < n->keys->n; i++)
		(void)uuid_parse(n->keys->key[i].id, UUID_TEXT, n->m.ids[i]);
}

static int
read_keys(struct saeaknews *n, const struct ak_command *c, json_t *root,
    char *payload, size_t len, const struct saewanted *want,
    struct saewhy *w)
{
	json_t	*keys = json_object_get(root, "keys");
	int	 r;

	if (c->answer != 0 || strcmp(n->m.response, "success") == 0) {
		r = saeparts_keys(keys, payload, len, want, &n->keys, w);
		if (r == 0)
			list_ids(n);
		return r;
	}
	return json_is_array(keys) && json_array_size(keys) == 0 ? 0 :
	    saewhy_set(w, E_BAD_FORMAT, "the KM's %s: keys beside a refusal",
	    c->name);
}

int
saeakread(struct saeaknews *n, const struct ak_command *c, char *payload,
    size_t len, const struct saewanted *want, struct saewhy *w)
{
	json_t	*root;
	int	 r;

	if ((r = saeparts_blank(payload, len, &root, w)) < 0)
		return r;
	if ((r = read_members(&n->m, c, root, payload, len, w)) == 0 &&
	    has_keys(c))
		r = read_keys(n, c, root, payload, len, want, w);
	json_decref(root);
	return r;
}
