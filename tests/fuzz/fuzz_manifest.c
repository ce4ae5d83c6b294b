/*
 * fuzz_manifest.c - the manifest of a backup: what is accepted names files of
 * a node only, each once, and says the same when it is written again.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/manifest.h"
#include "tests/fuzz/replay.h"

#define SUM	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852" \
	"b855"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"format\": 1, \"version\": \"0.1\", \"kme_id\": \"K\","
	    "\"made\": \"now\", \"members\": [{\"name\": \"etc/kma.conf\","
	    "\"size\": 12, \"sha256\": \"" SUM "\"}, {\"name\": "
	    "\"stores/kma.db\", \"size\": 4096, \"sha256\": \"" SUM "\"}]}"),
	FUZZ_TEXT("{\"format\": 2}"), FUZZ_TEXT("[]"),
	FUZZ_TEXT("{\"format\": 1, \"version\": \"\", \"kme_id\": \"K\","
	    "\"made\": \"now\", \"members\": [{\"name\": \"../kma.conf\","
	    "\"size\": -1, \"sha256\": \"x\"}]}"),
	FUZZ_END
};

static void
check(const struct manifest *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (member_kind(m->members[i].name) <= MEMBER_MANIFEST ||
		    strstr(m->members[i].name, "..") == m->members[i].name ||
		    manifest_find(m, m->members[i].name) != &m->members[i])
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct manifest	 m, again;
	char		 why[128], *text;

	if (manifest_parse(&m, (const char *)data, len, why,
	    sizeof(why)) < 0)
		return 0;
	check(&m);
	if ((text = manifest_write(&m)) == NULL ||
	    manifest_parse(&again, text, strlen(text), why,
	    sizeof(why)) < 0 || again.n != m.n)
		abort();
	free(text);
	manifest_free(&again);
	manifest_free(&m);
	return 0;
}
