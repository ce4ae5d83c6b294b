/* saeak.c - a connection's life, and what can be asked on it. */
#include "saeakint.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "err.h"
#include "saemem.h"
#include "saerequest.h"
#include "saeretry.h"
#include "tlscert.h"

/* ---- from open to close ---- */

static int
name_us(struct saeak *a, const char *application, struct saewhy *w)
{
	X509	*cert = SSL_CTX_get0_certificate(a->to.ctx);

	if (application == NULL) {
		/* Only some messages need it. */
		if (tlscert_cn(cert, a->application,
		    sizeof(a->application)) < 0)
			a->application[0] = '\0';
		return 0;
	}
	if (!sae_id_valid(application, strlen(application)))
		return saewhy_set(w, E_RANGE, "our application ID: 1 to %d "
		    "octets of printable UTF-8 expected", SAE_ID_MAX);
	strcpy(a->application, application);
	return 0;
}

static int
set_up_lock(struct saeak *a)
{
	pthread_condattr_t	attr;

	if (pthread_mutex_init(&a->lock, NULL) != 0)
		return -1;
	/* Deadlines are of the monotonic clock. */
	if (pthread_condattr_init(&attr) != 0 ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&a->changed, &attr) != 0) {
		pthread_mutex_destroy(&a->lock);
		return -1;
	}
	pthread_condattr_destroy(&attr);
	return 0;
}

static int
set_up(struct saeak *a, const struct saeclient_conf *conf, struct saewhy *w)
{
	const struct tls_files	f = { conf->certificate, conf->private_key,
				    conf->ca, conf->crl };

	if ((a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 ||
	    (a->kme = strdup(conf->kme)) == NULL ||
	    (conf->kme_id != NULL &&
	    (a->kme_id = strdup(conf->kme_id)) == NULL) ||
	    (a->in = saemem_new(SAEAK_FRAME)) == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of (locked) memory: "
		    "is RLIMIT_MEMLOCK (ulimit -l) too low?");
	a->to.kme = a->kme;
	a->to.kme_id = a->kme_id;
	a->to.stop = conf->stop > 0 ? conf->stop : -1;
	a->wait_ms = conf->wait_ms != 0 ? conf->wait_ms : SAE_WAIT;
	a->retry_ms = conf->retry_ms;
	return saelink_context(&a->to.ctx, &f, w);
}

int
saeak_open(struct saeak **out, const struct saeclient_conf *conf,
    const char *application, struct saewhy *w)
{
	struct saeak	*a = calloc(1, sizeof(*a));
	int		 r;

	*out = NULL;
	if (a == NULL || set_up_lock(a) < 0) {
		free(a);
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	}
	a->wake = -1;
	TAILQ_INIT(&a->calls);
	TAILQ_INIT(&a->notices);
	saesessions_init(&a->sessions);
	if ((r = set_up(a, conf, w)) < 0 ||
	    (r = name_us(a, application, w)) < 0)
		saeak_close(&a);
	*out = a;
	return r;
}

void
saeak_close(struct saeak **out)
{
	const struct saewhy	 why = { "closed" };
	struct saeak		*a = *out;

	if (a == NULL)
		return;
	*out = NULL;
	saeakpipe_lose(a, -E_CLOSED, &why);
	saesessions_clear(&a->sessions);
	SSL_CTX_free(a->to.ctx);
	saemem_free(a->in);
	if (a->wake >= 0)
		close(a->wake);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a->out);
	free(a->kme);
	free(a->kme_id);
	free(a);
}

int
saeak_connect(struct saeak *a, struct saewhy *w)
{
	struct saeretry	again;
	int		r;

	saeretry_begin(&again, a->retry_ms, a->to.stop);
	do {
		pthread_mutex_lock(&a->lock);
		saeakpipe_look(a);
		r = saeakpipe_connect(a, mono_ms() + a->wait_ms, w);
		pthread_mutex_unlock(&a->lock);
	} while (saeakpipe_passing(r) && saeretry_another(&again));
	return r;
}

/* ---- what can be asked ---- */

static int
ask(struct saeak *a, struct saeakcall *asked, struct saeakframe *frame,
    bool repeatable, struct saeakcall *answer, struct saewhy *w)
{
	int	r;

	asked->frame = frame;
	asked->answer = akmsg_find(frame->command)->answer;
	r = saeakcall_run(a, asked, repeatable, answer, w);
	free(frame->octets);
	return r;
}

static int
ask_for_keys(struct saeak *a, struct saeakcall *asked,
    struct saeakframe *frame, bool repeatable, struct saekeys **keys,
    struct saewhy *w)
{
	struct saeakcall	answer;
	int			r;

	r = ask(a, asked, frame, repeatable, &answer, w);
	*keys = answer.keys;
	return r;
}

int
saeak_get(struct saeak *a, const struct saeget *g, struct saekeys **keys,
    struct saewhy *w)
{
	const struct saewanted	want = { g->number, NULL, (g->size + 7) / 8 };
	struct saeakcall	call = { .want = &want };
	struct saeakframe	frame;
	int			r;

	*keys = NULL;
	if ((r = saeakask_get(&frame, g, w)) < 0)
		return r;
	return ask_for_keys(a, &call, &frame, false, keys, w);
}

int
saeak_fetch(struct saeak *a, const struct saefetch *f,
    struct saekeys **keys, struct saewhy *w)
{
	uint8_t			ids[SAE_KEYS_MAX][16];
	const struct saewanted	want = { f->n, (const uint8_t (*)[16])ids,
				    (f->size + 7) / 8 };
	struct saeakcall	call = { .want = &want };
	struct saeakframe	frame;
	int			r;

	*keys = NULL;
	if ((r = saerequest_ids(ids, f, w)) < 0 ||
	    (r = saeakask_fetch(&frame, f, w)) < 0)
		return r;
	return ask_for_keys(a, &call, &frame, true, keys, w);
}

int
saeak_session_open(struct saeak *a, const char *destination,
    const char *name, uint64_t limit, uuid_text session, struct saewhy *w)
{
	struct saeakcall	call = { 0 }, answer;
	struct saeakframe	frame;
	int			r;

	session[0] = '\0';
	if (a->application[0] == '\0')
		return saewhy_set(w, E_RANGE, "our certificate has no CN: "
		    "the application ID has to be set");
	if ((r = saeakask_session(&frame, a->application, destination, name,
	    limit, w)) < 0)
		return r;
	if ((r = ask(a, &call, &frame, false, &answer, w)) == 0)
		strcpy(session, answer.opened);
	return r;
}

int
saeak_session_get(struct saeak *a, const char *session,
    const struct saeget *g, struct saekeys **keys, struct saewhy *w)
{
	const struct saewanted	want = { g->number, NULL, (g->size + 7) / 8 };
	struct saeakcall	call = { .want = &want };
	struct saeakframe	frame;
	uuid_text		lower;
	uint8_t			raw[16];
	int			r;

	*keys = NULL;
	if ((r = saeakask_session_get(&frame, session, g, w)) < 0)
		return r;
	(void)uuid_parse(session, strlen(session), raw);
	uuid_print(raw, lower);
	call.session = lower;
	return ask_for_keys(a, &call, &frame, false, keys, w);
}
