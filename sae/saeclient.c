/* saeclient.c - calls: their tries, and what the KME's answer means. */
#include "saeclient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "err.h"
#include "saehttp.h"
#include "saelink.h"
#include "saemem.h"
#include "saerequest.h"
#include "saeretry.h"

#define CHUNK		16384		/* octets of one TLS record */
#define SMALL_BODY	65536		/* of answers without keys */
#define PER_KEY		1024		/* JSON around a key, extensions */
#define LONG_KEY	8192		/* octets, if nobody said how many */
#define BODY_MAX	(16 * 1024 * 1024)

struct saeclient {
	char		*kme, *kme_id;
	unsigned	 wait_ms, retry_ms;
	int		 stop;		/* 0: none */
	SSL_CTX		*ctx;
	struct saelink	*link;
	char		*chunk;		/* locked */
	struct saewhy	 why;
};

/* One call: what is asked, and what may be done about a failure. */
struct call {
	char		*request;
	size_t		 body_max;
	bool		 repeatable;	/* also when it may have been served */
	bool		 sent;
	struct saehttp	*answer;
};

static int
no_memory(struct saeclient *c)
{
	return saewhy_set(&c->why, E_NO_MEMORY, "out of (locked) memory: is "
	    "RLIMIT_MEMLOCK (ulimit -l) too low?");
}

int
saeclient_open(struct saeclient **out, const struct saeclient_conf *conf)
{
	const struct tls_files	f = { conf->certificate, conf->private_key,
				    conf->ca, conf->crl };
	struct saeclient	*c = calloc(1, sizeof(*c));

	if ((*out = c) == NULL)
		return -E_NO_MEMORY;
	c->wait_ms = conf->wait_ms != 0 ? conf->wait_ms : SAE_WAIT;
	c->retry_ms = conf->retry_ms;
	c->stop = conf->stop;
	if ((c->chunk = saemem_new(CHUNK)) == NULL ||
	    (c->kme = strdup(conf->kme)) == NULL ||
	    (conf->kme_id != NULL &&
	    (c->kme_id = strdup(conf->kme_id)) == NULL))
		return no_memory(c);
	return saelink_context(&c->ctx, &f, &c->why);
}

void
saeclient_close(struct saeclient **c)
{
	if (*c == NULL)
		return;
	saelink_close(&(*c)->link);
	SSL_CTX_free((*c)->ctx);
	saemem_free((*c)->chunk);
	free((*c)->kme);
	free((*c)->kme_id);
	free(*c);
	*c = NULL;
}

const char *
saeclient_reason(const struct saeclient *c)
{
	return c->why.text;
}

static int
receive(struct saeclient *c, struct call *call, uint64_t deadline)
{
	enum saehttp_event	ev = SAEHTTP_MORE;
	int			n = 0;

	while (ev == SAEHTTP_MORE) {
		n = saelink_read(c->link, c->chunk, CHUNK, deadline, &c->why);
		if (n < 0)
			return n;
		ev = n > 0 ? saehttp_feed(call->answer, c->chunk, (size_t)n) :
		    saehttp_end(call->answer);
	}
	if (ev == SAEHTTP_WHOLE)
		return 0;
	return saewhy_set(&c->why, n == 0 ? E_CLOSED : E_BAD_FORMAT,
	    "the answer of the KME at %s: %s", c->kme,
	    saehttp_fault(call->answer));
}

static int
link_open(struct saeclient *c, uint64_t deadline)
{
	const struct saelink_to	to = { c->ctx, c->kme, c->kme_id,
				    c->stop > 0 ? c->stop : -1 };

	return saelink_open(&c->link, &to, deadline, &c->why);
}

/* One try: 0 when there is a whole answer, whatever it says. */
static int
attempt(struct saeclient *c, struct call *call)
{
	uint64_t	deadline = mono_ms() + c->wait_ms;
	int		r = 0;

	call->sent = false;
	saehttp_free(&call->answer);
	if ((call->answer = saehttp_new(call->body_max)) == NULL)
		return no_memory(c);
	/* The KME may have closed a connection that was idle. */
	if (c->link != NULL && !saelink_usable(c->link))
		saelink_close(&c->link);
	if (c->link == NULL && (r = link_open(c, deadline)) < 0)
		return r;
	call->sent = true;
	if ((r = saelink_write(c->link, call->request, strlen(call->request),
	    deadline, &c->why)) == 0)
		r = receive(c, call, deadline);
	OPENSSL_cleanse(c->chunk, CHUNK);
	if (r < 0 || !saehttp_keep_alive(call->answer))
		saelink_close(&c->link);
	return r;
}

/* 200 is 0; anything else is an error with the KME's own words. */
static int
judge(struct saeclient *c, struct call *call)
{
	unsigned	 status = saehttp_status(call->answer);
	size_t		 len;
	const char	*body = saehttp_body(call->answer, &len);
	char		 text[sizeof(c->why.text) - 200];

	if (status == 200)
		return 0;
	saeanswer_error(body, len, text, sizeof(text));
	return saewhy_set(&c->why, status == 503 ? E_BUSY : status == 401 ?
	    E_DENIED : E_REFUSED, "the KME at %s answered %u%s%s", c->kme,
	    status, text[0] != '\0' ? ": " : " without saying why", text);
}

static bool
worth_another(const struct call *call, int r)
{
	if (r == -E_BUSY)
		return true;
	if (r != -E_DOWN && r != -E_TIMEOUT && r != -E_CLOSED)
		return false;
	return call->repeatable || !call->sent;
}

static int
run(struct saeclient *c, struct call *call)
{
	struct saeretry	again;
	int		r;

	c->why.text[0] = '\0';
	saeretry_begin(&again, c->retry_ms, c->stop);
	do {
		if ((r = attempt(c, call)) == 0)
			r = judge(c, call);
	} while (r < 0 && worth_another(call, r) && saeretry_another(&again));
	return r;
}

int
saeclient_connect(struct saeclient *c)
{
	struct saeretry	again;
	int		r = 0;

	c->why.text[0] = '\0';
	if (saeretry_stopped(c->stop))
		return saewhy_set(&c->why, E_STOPPED, "stopped");
	if (c->link != NULL && !saelink_usable(c->link))
		saelink_close(&c->link);
	saeretry_begin(&again, c->retry_ms, c->stop);
	while (c->link == NULL) {
		r = link_open(c, mono_ms() + c->wait_ms);
		if ((r != -E_DOWN && r != -E_TIMEOUT) ||
		    !saeretry_another(&again))
			break;
	}
	return r;
}

static void
call_free(struct call *call)
{
	free(call->request);
	saehttp_free(&call->answer);
}

int
saeclient_status(struct saeclient *c, const char *slave,
    struct saestatus *s)
{
	struct call	 call = { .body_max = SMALL_BODY, .repeatable = true };
	const char	*body;
	size_t		 len;
	int		 r;

	if ((r = saerequest_status(&call.request, c->kme, slave,
	    &c->why)) < 0 || (r = run(c, &call)) < 0)
		goto out;
	body = saehttp_body(call.answer, &len);
	if ((r = saeanswer_status(body, len, s, &c->why)) == 0 &&
	    c->kme_id != NULL && strcmp(s->source_kme, c->kme_id) != 0)
		r = saewhy_set(&c->why, E_BAD_FORMAT, "the KME at %s calls "
		    "itself \"%s\", not \"%s\"", c->kme, s->source_kme,
		    c->kme_id);
out:
	call_free(&call);
	return r;
}

/* What an answer with so many keys may need; never less than for an error. */
static size_t
body_room(size_t n, uint32_t bits)
{
	size_t	octets = bits != 0 ? (bits + 7) / 8 : LONG_KEY;
	size_t	room = n * (2 * BASE64_LEN(octets) + PER_KEY) + SMALL_BODY;

	return room < BODY_MAX ? room : BODY_MAX;
}

static int
run_for_keys(struct saeclient *c, struct call *call,
    const struct saewanted *want, struct saekeys **keys)
{
	size_t	 len;
	char	*body;
	int	 r;

	if ((r = run(c, call)) < 0)
		return r;
	body = saehttp_body(call->answer, &len);
	return saeanswer_keys(body, len, want, keys, &c->why);
}

int
saeclient_get(struct saeclient *c, const struct saeget *g,
    struct saekeys **keys)
{
	struct saewanted	want = { g->number, NULL, (g->size + 7) / 8 };
	struct call		call = { .repeatable = false };
	int			r;

	*keys = NULL;
	if ((r = saerequest_get(&call.request, c->kme, g, &c->why)) == 0) {
		call.body_max = body_room(g->number, g->size);
		r = run_for_keys(c, &call, &want, keys);
	}
	call_free(&call);
	return r;
}

int
saeclient_fetch(struct saeclient *c, const struct saefetch *f,
    struct saekeys **keys)
{
	struct saewanted	want = { f->n, NULL, (f->size + 7) / 8 };
	struct call		call = { .repeatable = true };
	uint8_t			(*ids)[16] = NULL;
	int			r;

	*keys = NULL;
	if ((r = saerequest_fetch(&call.request, c->kme, f, &c->why)) < 0)
		goto out;
	if ((ids = calloc(f->n, sizeof(*ids))) == NULL) {
		r = no_memory(c);
		goto out;
	}
	for (size_t i = 0; i < f->n; i++)
		uuid_parse(f->ids[i], strlen(f->ids[i]), ids[i]);
	want.ids = (const uint8_t (*)[16])ids;
	call.body_max = body_room(f->n, f->size);
	r = run_for_keys(c, &call, &want, keys);
out:
	free(ids);
	call_free(&call);
	return r;
}
