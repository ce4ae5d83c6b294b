/*
 * fuzz_saeakturn.c - a stream of frames from a KM, while two requests are
 * under way: each call ends once, what is begun is refused or kept, and what
 * is said in return is whole frames of an application.
 */
#include <stdlib.h>
#include <string.h>

#include "akread.h"
#include "err.h"
#include "sae/saeakint.h"
#include "tests/fuzz/replay.h"

#define ID	"\"bc490419-7d60-487f-adc1-4ddcc177c139\""
#define OFFER	"{\"application_source_ID\":\"A\",\"application_destination_" \
		"ID\":\"B\",\"session_ID\":" ID "}"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\1\0\0\0\1\x12\3\0\x62{\"keys\":[{\"key_ID\":" ID ","
	    "\"key\":\"AAECAwQ=\"}],\"response\":\"success\"}"
	    "\0\1\0\0\0\2\x12\5\0\x4b{\"session_ID\":" ID
	    ",\"response\":\"rejected\"}"),
	FUZZ_TEXT("\0\1\0\0\0\2\x12\5\0\x4a{\"session_ID\":" ID
	    ",\"response\":\"success\"}"
	    "\0\1\0\0\0\7\x12\6\0\x72" OFFER
	    "\0\1\0\0\0\x8\x12\x0a\0\2{}\0\1\0\0\0\x9\x12\xff\0\0"),
	FUZZ_END
};

static void
open_call(struct saeak *a, struct saeakcall *c, uint32_t id,
    enum ak_code answer, const struct saewanted *want)
{
	memset(c, 0, sizeof(*c));
	c->message_id = id;
	c->answer = answer;
	c->want = want;
	TAILQ_INSERT_TAIL(&a->calls, c, entry);
}

/* What an application says by itself can be read by a KM. */
static void
check_said(const struct saeak *a)
{
	static struct ak_message m;
	const struct ak_command	*c;
	struct frame		 f;
	char			 why[AKREAD_WHY];
	size_t			 n;

	for (size_t at = 0; at < a->outlen; at += n) {
		n = frame_parse(&f, a->out + at, a->outlen - at);
		c = n > 0 ? akmsg_find(f.command) : NULL;
		if (c == NULL || !c->from_application || c->answer != 0)
			abort();
		/* Where no ID could be read there is none. */
		if (akread(&m, c, f.payload, f.length, why) < 0 &&
		    strstr(why, "shall be a UUID") == NULL)
			abort();
		akmsg_clear(&m);
	}
}

static void
clean_up(struct saeak *a, struct saeakcall *calls)
{
	struct saenotice	*n;
	unsigned		 left = 0;

	while ((n = TAILQ_FIRST(&a->notices)) != NULL) {
		if (n->has_keys != (n->keys != NULL) ||
		    strlen(n->session.id) != UUID_TEXT)
			abort();
		TAILQ_REMOVE(&a->notices, n, entry);
		saeaknotice_free(n);
		left++;
	}
	if (left != a->nnotices || left > 64)
		abort();
	for (int i = 0; i < 2; i++) {
		if (calls[i].keys != NULL && (!calls[i].done ||
		    calls[i].result < 0))
			abort();
		saekeys_free(&calls[i].keys);
	}
	free(a->out);
}

static void
run(const uint8_t *data, size_t len, bool listening)
{
	static struct saeak	 a;
	static char		 kme[] = "x";
	const struct saewanted	 one = { 1, NULL, 0 };
	struct saeakcall	 calls[2];
	struct saewhy		 w;
	struct frame		 f;
	uint8_t			*copy = malloc(len > 0 ? len : 1);
	size_t			 n;

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	memset(&a, 0, sizeof(a));
	a.kme = kme;
	a.listening = listening;
	TAILQ_INIT(&a.calls);
	TAILQ_INIT(&a.notices);
	open_call(&a, &calls[0], 1, AK_KEY_RESPONSE, &one);
	open_call(&a, &calls[1], 2, AK_SESSION_RESPONSE, NULL);
	for (size_t at = 0; (n = frame_parse(&f, copy + at, len - at)) > 0;
	    at += n)
		if (saeakturn(&a, &f, &w) < 0)
			break;
	check_said(&a);
	if (!listening && a.nnotices > 0)
		abort();
	clean_up(&a, calls);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	run(data, len, true);
	run(data, len, false);
	return 0;
}
