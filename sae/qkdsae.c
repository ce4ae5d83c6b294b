/* qkdsae.c - the public library: connections, and keys upon request. */
#include "config.h"

#include "qkdsaeint.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "err.h"

/* ---- open and close ---- */

static int
open_door(struct qkdsae *q, const struct qkdsae_conf *c, struct saewhy *w)
{
	const struct saeclient_conf	conf = { .kme = c->address,
		.certificate = c->certificate, .private_key = c->private_key,
		.ca = c->ca, .crl = c->crl, .kme_id = c->km_id,
		.wait_ms = c->wait_ms, .retry_ms = c->retry_ms,
		.stop = q->stop };
	int				r;

	if (c->door == QKDSAE_Q4161)
		return saeak_open(&q->ak, &conf, c->application_id, w);
	if ((r = saeclient_open(&q->https, &conf)) < 0)
		saewhy_set(w, -r, "%s", q->https == NULL ? err_text(r) :
		    saeclient_reason(q->https));
	return r;
}

/* Not 0 to 2, which the program may think of as its own. */
static int
make_stop(void)
{
	int	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), high = -1;

	if (fd < 0)
		return -1;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}

static const char *
missing(const struct qkdsae_conf *c)
{
	if (c->door != QKDSAE_HTTPS && c->door != QKDSAE_Q4161)
		return "door: QKDSAE_HTTPS or QKDSAE_Q4161 expected";
	return c->address == NULL ? "address is missing" :
	    c->certificate == NULL ? "certificate is missing" :
	    c->private_key == NULL ? "private_key is missing" :
	    c->ca == NULL ? "ca is missing" : NULL;
}

int
qkdsae_open(struct qkdsae **out, const struct qkdsae_conf *conf)
{
	struct qkdsae_conf	 c;
	struct saewhy		 w = { "" };
	struct qkdsae		*q;
	int			 r;

	*out = NULL;
	if ((r = qkdsae_adopt(&c, sizeof(c), conf)) < 0)
		return r;
	if (missing(&c) != NULL)
		return qkdsae_fault(QKDSAE_ARGUMENT, missing(&c));
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return qkdsae_fault(QKDSAE_MEMORY, "out of memory");
	if (pthread_mutex_init(&q->lock, NULL) != 0) {
		free(q);
		return qkdsae_fault(QKDSAE_MEMORY, "no mutex");
	}
	if ((q->stop = make_stop()) < 0)
		r = saewhy_set(&w, E_NO_MEMORY, "no file descriptor is free");
	else
		r = open_door(q, &c, &w);
	if (r < 0)
		qkdsae_close(&q);
	*out = q;
	return qkdsae_end(r, &w);
}

void
qkdsae_close(struct qkdsae **q)
{
	if (*q == NULL)
		return;
	saeclient_close(&(*q)->https);
	saeak_close(&(*q)->ak);
	if ((*q)->stop >= 0)
		close((*q)->stop);
	pthread_mutex_destroy(&(*q)->lock);
	free(*q);
	*q = NULL;
}

/* Also from a signal handler. */
void
qkdsae_stop(struct qkdsae *q)
{
	const uint64_t	one = 1;
	ssize_t		n = write(q->stop, &one, sizeof(one));

	(void)n;			/* it fails if it is stopped already */
}

/* ---- calls: each door in its way ---- */

/* A client of HTTPS is for one thread at a time. */
static void
enter(struct qkdsae *q)
{
	pthread_mutex_lock(&q->lock);
}

static int
leave(struct qkdsae *q, int r, struct saewhy *w)
{
	if (r < 0)
		saewhy_set(w, -r, "%s", saeclient_reason(q->https));
	pthread_mutex_unlock(&q->lock);
	return r;
}

int
qkdsae_connect(struct qkdsae *q)
{
	struct saewhy	w;
	int		r;

	if (q->ak != NULL)
		return qkdsae_end(saeak_connect(q->ak, &w), &w);
	enter(q);
	r = leave(q, saeclient_connect(q->https), &w);
	return qkdsae_end(r, &w);
}

int
qkdsae_get(struct qkdsae *q, const char *destination,
    const struct qkdsae_wanted *wanted, struct qkdsae_keys **out)
{
	struct saeextension	extensions[SAE_EXTENSIONS_MAX];
	struct saekeys		*keys = NULL;
	struct saeget		g;
	struct saewhy		w;
	int			r;

	*out = NULL;
	if (destination == NULL)
		return qkdsae_fault(QKDSAE_ARGUMENT, "destination: NULL");
	if ((r = qkdsae_wish(&g, wanted, extensions)) < 0)
		return r;
	g.slave = destination;
	if (q->ak != NULL && g.nalso > 0)
		return qkdsae_fault(QKDSAE_NO_SUCH_MESSAGE, "by Q.4161 keys "
		    "are for one other application, not for several");
	if (q->ak != NULL)
		r = saeak_get(q->ak, &g, &keys, &w);
	else {
		enter(q);
		r = leave(q, saeclient_get(q->https, &g, &keys), &w);
	}
	*out = (struct qkdsae_keys *)keys;
	return qkdsae_end(r, &w);
}

int
qkdsae_fetch(struct qkdsae *q, const char *source, const char *const *ids,
    size_t n, unsigned bits, struct qkdsae_keys **out)
{
	const struct saefetch	 f = { source, ids, n, bits };
	struct saekeys		*keys = NULL;
	struct saewhy		 w;
	int			 r;

	*out = NULL;
	if (source == NULL)
		return qkdsae_fault(QKDSAE_ARGUMENT, "source: NULL");
	for (size_t i = 0; i < n; i++)
		if (ids == NULL || ids[i] == NULL)
			return qkdsae_fault(QKDSAE_ARGUMENT, "ids: NULL");
	if (q->ak != NULL)
		r = saeak_fetch(q->ak, &f, &keys, &w);
	else {
		enter(q);
		r = leave(q, saeclient_fetch(q->https, &f, &keys), &w);
	}
	*out = (struct qkdsae_keys *)keys;
	return qkdsae_end(r, &w);
}

static void
copy_status(struct qkdsae_status *to, const struct saestatus *from)
{
	strcpy(to->source_kme, from->source_kme);
	strcpy(to->target_kme, from->target_kme);
	strcpy(to->master_sae, from->master_sae);
	strcpy(to->slave_sae, from->slave_sae);
	to->key_size = from->key_size;
	to->stored_key_count = from->stored_key_count;
	to->max_key_count = from->max_key_count;
	to->max_key_per_request = from->max_key_per_request;
	to->max_key_size = from->max_key_size;
	to->min_key_size = from->min_key_size;
	to->max_sae_id_count = from->max_sae_id_count;
}

int
qkdsae_status(struct qkdsae *q, const char *destination,
    struct qkdsae_status *out)
{
	_Static_assert(sizeof(out->slave_sae) == sizeof(sae_id), "one size");
	struct qkdsae_status	all = { 0 };
	struct saestatus	s;
	struct saewhy		w;
	int			r;

	if (q->ak != NULL)
		return qkdsae_fault(QKDSAE_NO_SUCH_MESSAGE, "Q.4161 has no "
		    "message that asks for the status; HTTPS has");
	if (destination == NULL || out->size < sizeof(out->size))
		return qkdsae_fault(QKDSAE_ARGUMENT, "destination is NULL, "
		    "or size is not set");
	enter(q);
	r = leave(q, saeclient_status(q->https, destination, &s), &w);
	if (r == 0) {
		copy_status(&all, &s);
		all.size = out->size;
		memcpy(out, &all, out->size < sizeof(all) ? out->size :
		    sizeof(all));
	}
	return qkdsae_end(r, &w);
}
