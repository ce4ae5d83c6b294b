/* door.c - both doors: who is let in, how many, and the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "akguest.h"
#include "doorint.h"
#include "err.h"
#include "expiry.h"
#include "httpguest.h"
#include "log.h"
#include "tls.h"
#include "tlscert.h"
#include "tlscrl.h"

#define INPUT_MAX	65536
#define FILES		64	/* that are not connections */
#define STOP_MS		2000	/* for the engine to answer what is open; */
				/* and for clients to take the answers */

void
door_check_gone(struct door *d)
{
	if (d->stopping && d->connections == 0 &&
	    LIST_EMPTY(&d->strays) && d->gone != NULL) {
		void (*gone)(void *) = d->gone;

		d->gone = NULL;
		gone(d->gone_arg);
	}
}

void
door_undelivered(struct door *d, const struct receipt *r, const char *sae,
    const char *peer, const char *why)
{
	uuid_text	id;

	uuid_print(r->first, id);
	log_warn("delivered-unknown", "sae=%s method=%s number=%u "
	    "first_key_id=%s peer=%s reason=%s", log_quote(sae), r->method,
	    (unsigned)r->number, id, peer, log_quote(why));
	d->undelivered++;
	d->undelivered_keys += r->number;
}

struct http *
door_lend_parser(struct door *d)
{
	return d->nparsers > 0 ? d->parsers[--d->nparsers] :
	    http_new(&d->http_limits);
}

void
door_take_parser(struct door *d, struct http **h)
{
	if (*h == NULL)
		return;
	if (d->nparsers == DOORINT_PARSERS) {
		http_free(h);
		return;
	}
	http_reset(*h);
	d->parsers[d->nparsers++] = *h;
	*h = NULL;
}

static void
on_accept(void *arg, int fd)
{
	struct door *d = arg;

	d->accepted++;
	guest_enter(d, &httpguest_kind, &d->conn_limits, fd);
}

static void
on_ak_accept(void *arg, int fd)
{
	struct door *d = arg;

	d->accepted++;
	akguest_enter(d, fd);
}

static SSL_CTX *
load_tls(const struct ksa_conf *c)
{
	struct tls_files files = {
		c->certificate, c->private_key, c->ca, c->crl
	};

	return tls_server(&files);
}

static void
set_limits(struct door *d)
{
	const struct ksa_conf *c = d->conf;

	d->http_limits = (struct http_limits){
		.header_max = c->header_max,
		.header_count = c->header_count,
		.body_max = c->body_max,
	};
	d->conn_limits = (struct conn_limits){
		.handshake_ms = c->handshake_timeout,
		.idle_ms = c->idle_timeout,
		.write_ms = c->write_timeout,
		.input_max = INPUT_MAX,
		.output_max = DOORINT_OUTPUT,
	};
	akguest_limits(&d->ak_limits, c);
}

/*
 * How many descriptors may be open decides how many connections there can
 * be; stores and the sockets between the daemons come first.
 */
static void
fit(unsigned *inside, unsigned *outside)
{
	uint64_t	 needed = (uint64_t)*inside + *outside + FILES;
	struct rlimit	 l;
	unsigned	 room;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= needed)
		return;
	room = l.rlim_cur > 2 * FILES ? (unsigned)l.rlim_cur - FILES : FILES;
	if (*outside > room / 4)
		*outside = room / 4;
	*inside = room - *outside;
	log_warn("open files are limited to too few for all connections",
	    "limit=%llu needed=%llu connections=%u handshakes=%u "
	    "remedy=\"raise LimitNOFILE of the service, or lower "
	    "max_connections\"", (unsigned long long)l.rlim_cur,
	    (unsigned long long)needed, *inside, *outside);
}

static int
make_room(struct door *d)
{
	const struct ksa_conf *c = d->conf;
	unsigned inside = (unsigned)c->max_connections;
	unsigned outside = (unsigned)c->max_handshakes;
	int	 r;

	fit(&inside, &outside);
	if ((r = porch_new(&d->porch, outside,
	    (unsigned)c->max_handshakes_per_address)) == 0 &&
	    (r = house_new(&d->house, inside,
	    (unsigned)c->max_connections_per_application)) == 0)
		r = helper_new(&d->helper, d->base,
		    (unsigned)c->handshake_threads);
	d->conn_limits.helper = d->ak_limits.helper = d->helper;
	return r;
}

static int
listen_all(struct door *d)
{
	const struct ksa_conf *c = d->conf;
	int	 turn = (int)c->accepts_per_turn;

	d->listener = listener_new(d->base, c->listen, turn, on_accept, d);
	if (d->listener == NULL)
		return -E_SYSTEM;
	if (c->ak_listen[0] == '\0')
		return 0;
	d->ak_listener = listener_new(d->base, c->ak_listen, turn,
	    on_ak_accept, d);
	return d->ak_listener != NULL ? aknotice_open(d) : -E_SYSTEM;
}

int
door_open(struct door **out, struct event_base *base,
    const struct ksa_conf *c, struct sae_book *book,
    struct supply *supply)
{
	struct door *d;
	int	 r = 0;

	*out = NULL;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return -E_NO_MEMORY;
	d->base = base;
	d->conf = c;
	d->book = book;
	d->supply = supply;
	set_limits(d);
	if ((d->tls = load_tls(c)) == NULL)
		r = -E_TLS;
	else if ((r = make_room(d)) == 0)
		r = listen_all(d);
	if (r == 0)
		*out = d;
	else
		door_free(&d);
	return r;
}

/* A list that is over refuses everybody: the one in use cannot be worse. */
static int
check_crl(SSL_CTX *tls, const char *path)
{
	struct tlscrl	crl;

	if (!tlscrl_first(SSL_CTX_get_cert_store(tls), &crl) ||
	    crl.expires > time(NULL))
		return 0;
	log_err("CRL has expired: a new one is needed", "file=%s issuer=%s",
	    log_quote(path), log_quote(crl.issuer));
	return -E_CONFIG;
}

int
door_reload(struct door *d, const struct ksa_conf *c)
{
	SSL_CTX *tls = load_tls(c);
	int	 r;

	if (tls == NULL)
		return -E_TLS;
	if ((r = check_crl(tls, c->crl)) < 0 ||
	    (r = sae_book_reload(d->book, c)) < 0) {
		SSL_CTX_free(tls);
		return r;
	}
	tls_retire(d->tls);
	d->tls = tls;
	d->generation++;
	akguest_reload(d);
	return 0;
}

static const struct timeval stop_wait = {
	STOP_MS / 1000, STOP_MS % 1000 * 1000
};

/* The engine had its time; then, those had theirs who do not read. */
static void
on_stop_timer(evutil_socket_t fd, short what, void *arg)
{
	struct door *d = arg;
	struct guest *g, *next;

	(void)fd;
	(void)what;
	if (!d->refusing)
		event_add(d->stop_timer, &stop_wait);
	for (g = LIST_FIRST(&d->guests); g != NULL; g = next) {
		next = LIST_NEXT(g, entry);
		if (d->refusing)
			guest_close(g, "shutting down");
		else
			g->kind->refuse(g, "this KME is shutting down");
	}
	d->refusing = true;
}

void
door_stop(struct door *d, void (*gone)(void *), void *arg)
{
	struct guest *g, *next;

	d->stopping = true;
	listener_free(&d->listener);
	listener_free(&d->ak_listener);
	for (g = LIST_FIRST(&d->guests); g != NULL; g = next) {
		next = LIST_NEXT(g, entry);
		guest_finish(g);
	}
	d->stop_timer = event_new(d->base, -1, 0, on_stop_timer, d);
	if (d->stop_timer != NULL)
		event_add(d->stop_timer, &stop_wait);
	d->gone = gone;
	d->gone_arg = arg;
	door_check_gone(d);
}

void
door_free(struct door **dp)
{
	struct door *d = *dp;

	if (d == NULL)
		return;
	listener_free(&d->listener);
	listener_free(&d->ak_listener);
	d->gone = NULL;
	while (!LIST_EMPTY(&d->guests))
		guest_close(LIST_FIRST(&d->guests), "shutting down");
	aknotice_close(d);
	stray_end(d);
	helper_free(&d->helper);
	while (d->nparsers > 0)
		http_free(&d->parsers[--d->nparsers]);
	porch_free(&d->porch);
	house_free(&d->house);
	if (d->stop_timer != NULL)
		event_free(d->stop_timer);
	SSL_CTX_free(d->tls);
	free(d);
	*dp = NULL;
}

void
door_expiry(const struct door *d, json_t *missing, json_t *warnings)
{
	expiry_report(d->tls, d->conf, missing, warnings);
}

void
door_report(const struct door *d, json_t *figures)
{
	json_t	*answers = json_object();
	char	 code[16];

	json_object_set_new(figures, "certificate_expires_ms", json_integer(
	    tlscert_expires_ms(SSL_CTX_get0_certificate(d->tls))));
	json_object_set_new(figures, "connections",
	    json_integer(d->connections));
	json_object_set_new(figures, "connections_in_handshake",
	    json_integer(porch_count(d->porch)));
	json_object_set_new(figures, "connections_accepted",
	    json_integer(d->accepted));
	json_object_set_new(figures, "connections_refused",
	    json_integer(d->refused));
	json_object_set_new(figures, "answers_delivered_unknown",
	    json_integer(d->undelivered));
	json_object_set_new(figures, "keys_delivered_unknown",
	    json_integer(d->undelivered_keys));
	for (size_t i = 0; i < DOORINT_CODES && d->answers[i].code != 0;
	    i++) {
		snprintf(code, sizeof(code), "%d", d->answers[i].code);
		json_object_set_new(answers, code,
		    json_integer(d->answers[i].n));
	}
	json_object_set_new(figures, "answers", answers);
	akanswer_report(&d->ak, figures);
}
