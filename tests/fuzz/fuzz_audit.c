/* fuzz_audit.c - what qkdctl audit reads of a file that may be hostile. */
#include <stdlib.h>
#include <string.h>

#include "auditrow.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("7:000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f"),
	FUZZ_TEXT("\1\2\3begun\0\0"),
	FUZZ_TEXT("12:"),
	FUZZ_END
};

/* What is read is written the same, but for zeros before the number. */
static void
anchor(const char *text)
{
	struct audit_anchor	a, b;
	char			again[AUDITROW_ANCHOR_TEXT];

	if (auditrow_anchor_parse(&a, text) < 0)
		return;
	auditrow_anchor_text(&a, again);
	if (auditrow_anchor_parse(&b, again) < 0 || a.seq != b.seq ||
	    memcmp(a.hash, b.hash, AUDITROW_HASH) != 0)
		abort();
}

/* An octet for each type; a text is all that is left, or its beginning. */
static void
values(struct audit_value v[AUDIT_COLUMNS], const uint8_t *data, size_t len)
{
	for (int i = 0; i < AUDIT_COLUMNS; i++) {
		v[i] = (struct audit_value){ .type = AUDIT_NULL };
		if (len == 0)
			continue;
		v[i].type = data[0] % 3;
		v[i].n = v[i].type == AUDIT_TEXT ?
		    (int64_t)((len - 1) / 2) : data[0];
		data++;
		len--;
		v[i].p = v[i].type == AUDIT_TEXT ? (const char *)data : NULL;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct auditrow_hasher	*h;
	struct audit_value		 v[AUDIT_COLUMNS];
	uint8_t				 hash[AUDITROW_HASH] = { 0 };
	char				*text = strndup((const char *)data,
					    len);

	if (text == NULL || (h == NULL && auditrow_hasher_new(&h) < 0))
		abort();
	anchor(text);
	free(text);
	values(v, data, len);
	if (auditrow_check(v) == NULL && auditrow_hash(h, 1, v, hash) < 0)
		abort();
	return 0;
}
