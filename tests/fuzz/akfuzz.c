/* akfuzz.c - one message of Q.4161, read and written. */
#include "tests/fuzz/akfuzz.h"

#include <stdlib.h>
#include <string.h>

#include "akread.h"
#include "akwrite.h"
#include "ksa/akmatch.h"

/* Escapes make up to six octets of one. */
static char	first[6 * 65536 + 65536], second[sizeof(first)];

static bool
in_range(const struct ak_message *m, const struct ak_command *c)
{
	for (const struct ak_member *f = c->members; f->type != AK_END; f++) {
		const char	*s = (const char *)m + f->at;

		if (f->type == AK_APPLICATION && (f->mandatory || *s != '\0') &&
		    !sae_id_valid(s, strlen(s)))
			return false;
		if (f->type == AK_UUID && strlen(s) != UUID_TEXT)
			return false;
		if (f->type == AK_RESPONSE && *s == '\0')
			return false;
		if (f->type == AK_KEY_IDS && m->nids == 0)
			return false;
	}
	return m->number >= 0 && m->size >= 0 && m->nids <= AK_KEYS_MAX;
}

/* The keys that are named are of the notice, and none stands there twice. */
static bool
named_well(const struct akmatch *a, const struct notice *n)
{
	if (a->n > n->keys)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t	k = 0;

		while (k < n->keys && memcmp(n->ids[k], a->ids[i], 16) != 0)
			k++;
		if (k == n->keys)
			return false;
		for (k = 0; k < i; k++)
			if (memcmp(a->ids[k], a->ids[i], 16) == 0)
				return false;
	}
	return true;
}

static void
match(enum ak_code code, const struct ak_message *m)
{
	static struct akmatch	 a;
	static uint8_t		 ids[2][16];
	struct notice		 n = { .has_keys = code == AK_SUPPLIED,
				    .ids = (const uint8_t (*)[16])ids };
	bool			 fits;

	uuid_parse(AKFUZZ_SESSION, UUID_TEXT, n.session);
	uuid_parse(AKFUZZ_KEY, UUID_TEXT, ids[0]);
	uuid_parse(AKFUZZ_KEY2, UUID_TEXT, ids[1]);
	n.keys = n.has_keys ? 2 : 0;
	fits = akmatch(&a, &n, m);
	if (a.response == NULL || !named_well(&a, &n))
		abort();
	if (a.success && (!fits || strcmp(m->response, "success") != 0 ||
	    strcmp(m->session, AKFUZZ_SESSION) != 0 ||
	    (a.n > 0) != n.has_keys))
		abort();
	if (fits && strcmp(m->session, AKFUZZ_SESSION) != 0)
		abort();
}

int
akfuzz(enum ak_code code, const uint8_t *data, size_t len)
{
	static struct ak_message	 m;
	const struct ak_command		*c = akmsg_find(code);
	struct jsonout			 o = { first, sizeof(first), 0 };
	struct jsonout			 again = { second, sizeof(second), 0 };
	char				 why[AKREAD_WHY];

	akmsg_clear(&m);
	if (akread(&m, c, data, len, why) < 0) {
		if (why[0] == '\0')
			abort();
		return 0;
	}
	if (!in_range(&m, c) || why[0] != '\0')
		abort();
	if (code == AK_SESSION_NOTIFIED || code == AK_SUPPLIED)
		match(code, &m);
	akwrite(&o, c, &m);
	akmsg_clear(&m);
	if (jsonout_end(&o) == 0 || akread(&m, c, (uint8_t *)first, o.len,
	    why) < 0)
		abort();
	akwrite(&again, c, &m);
	if (again.len != o.len || memcmp(first, second, o.len) != 0)
		abort();
	akmsg_clear(&m);
	return 0;
}
