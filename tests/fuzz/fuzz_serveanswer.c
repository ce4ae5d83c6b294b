/*
 * fuzz_serveanswer.c - a captured daemon answers what it likes: to all
 * questions of the status page, which makes its document, its history, its
 * events and text for Prometheus of it.
 */
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "serveask.h"
#include "servedoc.h"
#include "serveevents.h"
#include "servesample.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"metrics\":[{\"name\":\"qkdnode_x_total\",\"type\":"
	    "\"counter\",\"help\":\"H\\n\",\"samples\":[{\"labels\":{\"a\":"
	    "\"b\\\"\"},\"value\":1e300},{\"labels\":{},\"value\":0.5}]},"
	    "{\"name\":\"qkdnode_y\",\"type\":\"histogram\",\"samples\":["
	    "{\"labels\":{},\"buckets\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1],"
	    "\"sum\":1.5,\"count\":2}]},{\"name\":"
	    "\"qkdnode_certificate_left_seconds\",\"type\":\"gauge\","
	    "\"samples\":[{\"labels\":{\"what\":\"own\"},\"value\":7}]}]}"),
	FUZZ_TEXT("{\"kme_id\":\"A\",\"ready\":true,\"missing\":[\"x\",1],"
	    "\"links\":[{\"name\":\"a-b\",\"peer\":\"B\",\"stock\":"
	    "{\"out_octets\":1,\"in_octets\":2},\"qber\":0.02}],\"pools\":["
	    "{\"peer\":\"B\",\"direction\":\"out\",\"octets\":5}],\"count\":"
	    "{\"enc_keys\":3},\"certificate_expires_ms\":1}"),
	FUZZ_TEXT("{\"nodes\":[{\"kme_id\":\"A\",\"links\":[{\"peer\":\"B\"}]}"
	    ",{\"kme_id\":\"B\",\"links\":[{\"peer\":\"A\"}]}],\"routes\":[]}"),
	FUZZ_TEXT("{\"events\":[{\"time_ms\":1,\"level\":\"error\",\"text\":"
	    "\"t\"}],\"next\":2,\"saes\":[{\"application\":\"S\"}]}"),
	FUZZ_END
};

/* No line but comments and samples of ours. */
static void
check_text(const char *p)
{
	for (; *p != '\0'; p = strchr(p, '\n') + 1)
		if ((*p != '#' && strncmp(p, "qkdnode_", 8) != 0) ||
		    strchr(p, '\n') == NULL)
			abort();
}

static void
expose(const json_t *answer)
{
	struct exposition	*e = exposition_new();
	size_t			 n;
	char			*text;

	exposition_add(e, "kma", answer);
	exposition_add(e, "ksa", answer);
	if ((text = exposition_text(e, &n)) == NULL || strlen(text) != n)
		abort();
	check_text(text);
	free(text);
	exposition_free(&e);
}

static void
document(const json_t *answer)
{
	const struct servedoc_daemon	v[] = {
		{ "kma", "", "", answer, answer, answer },
		{ "ksa", "", "", answer, answer, answer },
		{ "relayd", "silent", "it does not answer", NULL, NULL,
		    NULL },
	};
	const struct servedoc	 d = { "/run", v, 3, answer, answer };
	struct serveevents	*events = serveevents_new();
	json_t			*doc;

	serveevents_take(events, "kma", answer);
	if ((doc = servedoc(&d, serveevents_json(events))) == NULL)
		abort();
	json_decref(doc);
	serveevents_free(&events);
}

static void
remember(const json_t *answer)
{
	struct history		*h = history_new();
	struct servesample	 s = { .ms = 0 };
	json_t			*j;

	if (h == NULL)
		abort();
	servesample(&s, h, 1000, answer, answer);
	servesample(&s, h, 11000, answer, answer);
	if ((j = history_json(h, 0)) == NULL)
		abort();
	json_decref(j);
	history_free(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	 why[160];
	json_t	*answer = serveask_read((const char *)data, len, why);

	if (answer == NULL)
		return 0;
	expose(answer);
	document(answer);
	remember(answer);
	json_decref(answer);
	return 0;
}
