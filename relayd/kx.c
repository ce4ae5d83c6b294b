#include "kx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "err.h"
#include "kxcert.h"
#include "kximpl.h"
#include "kxjson.h"
#include "log.h"
#include "quiet.h"
#include "relayd.h"
#include "tls.h"
#include "tlscert.h"

#define RETRY_MIN_MS	200
#define RETRY_MAX_MS	2000
#define YIELD_MS	300	/* the higher ID lets the lower one dial */
#define SETTLED_MS	2000	/* a connection that lasted is no flapping */
#define SILENT_UP_MS	1000	/* a peer that knows no signs of life */

static bool
dialled_by_lower(const struct kx_peer *p, bool by_us)
{
	return (strcmp(p->kx->relayd->conf->kme_id, p->km) < 0) == by_us;
}

void
kx_dial_after(struct kx_peer *p, unsigned ms)
{
	struct timeval	tv = { ms / 1000, ms % 1000 * 1000 };

	if (!p->kx->stopping && !p->admin_down && p->address[0] != '\0')
		event_add(p->retry, &tv);
}

static void
dial_later(struct kx_peer *p)
{
	if (p->wait_ms < RETRY_MIN_MS)
		p->wait_ms = RETRY_MIN_MS;
	kx_dial_after(p, p->wait_ms + (dialled_by_lower(p, true) ? 0 :
	    YIELD_MS));
	p->wait_ms = p->wait_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS :
	    p->wait_ms * 2;
}

/* The same failure every two seconds is one line in the log. */
static void
failed(struct kx_peer *p, const char *why)
{
	if (strncmp(p->error, why, sizeof(p->error) - 1) != 0)
		log_warn("Kx connection failed", "peer=%s address=%s "
		    "reason=%s", p->km, log_quote(p->address),
		    log_quote(why));
	snprintf(p->error, sizeof(p->error), "%s", why);
}

static void
set_up(struct kx_peer *p)
{
	p->up = true;
	p->no_kma = false;
	p->since = now_ms();
	p->connections++;
	log_notice("Kx peer up", "peer=%s address=%s dialled_by=%s", p->km,
	    kxlink_address(p->link), kxlink_dialled(p->link) ?
	    p->kx->relayd->conf->kme_id : p->km);
	p->kx->ops->up(p->kx->relayd, p);
}

static void
set_down(struct kx_peer *p, const char *why)
{
	if (!p->up)
		return;
	p->up = false;
	log_notice("Kx peer down", "peer=%s reason=%s", p->km,
	    log_quote(why));
	p->kx->ops->down(p->kx->relayd, p);
}

/* Of two connections the one dialled by the lower ID stays; a second one
 * by the same side means that it has lost the first. */
static bool
replaces(const struct kx_peer *p, const struct kxlink *l)
{
	bool	by_us = kxlink_dialled(l);

	return p->link == NULL || kxlink_dialled(p->link) == by_us ||
	    dialled_by_lower(p, by_us);
}

static void
send_alive(struct kx_peer *p)
{
	uint8_t	*payload;

	if (p->plain)		/* it does not know them */
		return;
	payload = kxlink_reserve(p->link, 64);
	if (payload == NULL ||
	    kxlink_queued(p->link) > OUTPUT_MAX + OUTPUT_SPARE)
		return;
	kxlink_commit(p->link, kx_next_id(p), KX_ALIVE,
	    kxjson_put_alive(payload, 64, !p->kx->no_kma));
}

void
kx_say_kma(struct kx *kx, bool runs)
{
	if (kx->no_kma == !runs)
		return;
	kx->no_kma = !runs;
	for (size_t i = 0; i < kx->n; i++)
		if (kx->peers[i].up)
			send_alive(&kx->peers[i]);
}

static void
take(struct kx_peer *p, struct kxlink *l)
{
	struct kxlink	*old = p->link;

	if (old != NULL) {
		set_down(p, "replaced by another connection");
		p->link = NULL;
		kxlink_close(old, "replaced by another connection");
	}
	if (p->dialling == l)
		p->dialling = NULL;
	p->link = l;
	p->alive = false;
	p->ready_at = p->heard_at = mono_ms();
	kxlink_count(l, &p->traffic);
	event_del(p->retry);
	send_alive(p);
}

/* A plain peer that is known by its certificate has no other. */
static int
on_identify(void *arg, X509 *cert, km_id km, const char **why)
{
	struct kx	*kx = arg;
	struct kx_peer	*p;
	int		 r;

	for (p = kx->peers; p < kx->peers + kx->n; p++)
		if (p->certificate[0] != '\0' &&
		    kxcert_is(cert, p->certificate)) {
			memcpy(km, p->km, sizeof(p->km));
			p->expires = tlscert_expires_ms(cert);
			return 0;
		}
	if ((r = kxcert_km(cert, km, why)) < 0)
		return r;
	p = kx_any(kx, km);
	if (p == NULL)
		return 0;
	if (p->certificate[0] == '\0') {
		p->expires = tlscert_expires_ms(cert);
		return 0;
	}
	*why = "not the certificate that is configured for this peer";
	return -E_DENIED;
}

static int
on_ready(void *arg, struct kxlink *l, const char *km, const char **why)
{
	struct kx	*kx = arg;
	struct kx_peer	*p;

	if ((p = kx_any(kx, km)) == NULL)
		*why = "not a configured peer";
	else if (kx->stopping)
		*why = "stopping";
	else if (p->admin_down)
		*why = "peer is administratively down";
	else if (!replaces(p, l))
		*why = "connected already";
	else {
		take(p, l);
		if (p->plain && !kxlink_dialled(l))
			set_up(p);	/* it need not say anything */
		return 0;
	}
	return -E_DENIED;
}

static int
alive(struct kx_peer *p, const struct frame *f, const char **why)
{
	bool	kma, before = !p->no_kma;
	int	e;

	p->alive = true;
	if ((e = kxjson_alive(&kma, f->payload, f->length, why)) < 0)
		return e;
	p->no_kma = !kma;
	if (kma != before)
		p->kx->ops->kma(p->kx->relayd, p);
	return 0;
}

static int
on_frame(void *arg, struct kxlink *l, const struct frame *f,
    const char **why)
{
	struct kx	*kx = arg;
	struct kx_peer	*p = kx_any(kx, kxlink_km(l));

	if (p == NULL || p->link != l)
		return 0;
	p->heard_at = mono_ms();
	if (!p->up)
		set_up(p);
	if (p->plain || f->command != KX_ALIVE || f->version != FRAME_VERSION)
		return kx->ops->input(kx->relayd, p, f, why);
	return alive(p, f, why);
}

/* Strangers may knock as often as they like: the log stays readable. */
static void
complain(struct kx *kx, const struct kxlink *l, const char *why)
{
	kx->relayd->counters.refused_connections++;
	if (!quiet())
		log_warn("Kx connection refused", "address=%s reason=%s",
		    kxlink_address(l), log_quote(why));
}

static void
lost(struct kx_peer *p, struct kxlink *l, const char *why)
{
	bool	settled = mono_ms() - p->ready_at >= SETTLED_MS;

	if (p->dialling == l) {
		p->dialling = NULL;
		if (p->link == NULL)
			failed(p, why);
	} else if (p->link == l) {
		p->link = NULL;
		if (p->up)
			snprintf(p->error, sizeof(p->error), "%s", why);
		else
			failed(p, why);
		set_down(p, why);
		if (settled)
			p->wait_ms = 0;
	}
	if (p->link == NULL && p->dialling == NULL)
		dial_later(p);
}

static void
on_closed(void *arg, struct kxlink *l, const char *why)
{
	struct kx	*kx = arg;
	struct kx_peer	*p = kx_any(kx, kxlink_km(l));

	kx->links--;
	for (size_t i = 0; i < INBOUND_MAX; i++)
		if (kx->inbound[i] == l)
			kx->inbound[i] = NULL;
	if (p != NULL && (p->dialling == l || p->link == l))
		lost(p, l, why);
	else if (!kxlink_dialled(l) && strncmp(why, "connected", 9) != 0 &&
	    strncmp(why, "replaced", 8) != 0)
		complain(kx, l, why);
	if (kx->stopping && kx->links == 0 && kx->stopped != NULL)
		kx->stopped(kx->stopped_arg);
}

static const struct kxlink_ops link_ops = { on_ready, on_frame, on_closed,
	on_identify };

static void
dial(struct kx_peer *p)
{
	struct kx	*kx = p->kx;
	int		 fd;

	if (p->link != NULL || p->dialling != NULL || p->admin_down ||
	    kx->stopping)
		return;
	if ((fd = conn_dial(p->address)) < 0) {
		failed(p, fd == -E_SYSTEM ? strerror(errno) : err_text(fd));
		dial_later(p);
		return;
	}
	p->dialling = kxlink_new(kx->relayd->base, kx->client, fd, p->km,
	    &link_ops, kx);
	if (p->dialling != NULL)
		kx->links++;
	else
		dial_later(p);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	dial(arg);
}

static void
on_accept(void *arg, int fd)
{
	struct kx	*kx = arg;
	size_t		 i = 0;

	while (i < INBOUND_MAX && kx->inbound[i] != NULL)
		i++;
	if (i == INBOUND_MAX) {
		kx->relayd->counters.refused_connections++;
		close(fd);
		return;
	}
	kx->inbound[i] = kxlink_new(kx->relayd->base, kx->server, fd, NULL,
	    &link_ops, kx);
	if (kx->inbound[i] != NULL)
		kx->links++;
}

static void
watch(struct kx_peer *p, uint64_t now, uint64_t dead_after)
{
	char	why[64];

	if (p->link == NULL)
		return;
	if (!p->up && now - p->ready_at > SILENT_UP_MS)
		set_up(p);
	send_alive(p);
	if (!p->alive || now - p->heard_at <= dead_after)
		return;
	snprintf(why, sizeof(why), "silent for %llu ms",
	    (unsigned long long)(now - p->heard_at));
	kxlink_close(p->link, why);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct kx	*kx = arg;
	uint64_t	 now = mono_ms();

	(void)fd, (void)what;
	for (size_t i = 0; i < kx->n; i++)
		watch(&kx->peers[i], now,
		    (uint64_t)kx->relayd->conf->dead_after);
}

/* Our own certificate must be one that our neighbours can accept. */
static int
check_own(const struct relayd_conf *conf, SSL_CTX *ctx)
{
	const char	*why;
	km_id		 km;

	if (kxcert_km(SSL_CTX_get0_certificate(ctx), km, &why) == 0 &&
	    strcmp(km, conf->kme_id) == 0)
		return 0;
	log_err("certificate is not this node's", "file=%s expected="
	    "urn:qkdnode:km:%s found=%s", log_quote(conf->certificate),
	    conf->kme_id, log_quote(km[0] != '\0' ? km : why));
	return -E_CONFIG;
}

static int
load_tls(struct kx *kx)
{
	const struct relayd_conf *conf = kx->relayd->conf;
	struct tls_files f = { conf->certificate, conf->private_key,
			    conf->ca, NULL };
	SSL_CTX	*server = tls_server(&f), *client = tls_client(&f);

	if (server == NULL || client == NULL || check_own(conf, server) < 0) {
		SSL_CTX_free(server);
		SSL_CTX_free(client);
		return -E_CONFIG;
	}
	/* A peer's certificate is looked at anew every time. */
	SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(server, 0);
	SSL_CTX_free(kx->server);
	SSL_CTX_free(kx->client);
	kx->server = server;
	kx->client = client;
	return 0;
}

static int
add_peers(struct kx *kx)
{
	const struct relayd_conf *conf = kx->relayd->conf;
	const struct relayd_peer_conf *pc = conf->peers.v;

	if ((kx->peers = calloc(conf->peers.n + 1, sizeof(*kx->peers))) ==
	    NULL)
		return -E_NO_MEMORY;
	for (kx->n = 0; kx->n < conf->peers.n; kx->n++) {
		struct kx_peer	*p = &kx->peers[kx->n];

		p->kx = kx;
		strcpy(p->km, pc[kx->n].kme_id);
		snprintf(p->address, sizeof(p->address), "%s",
		    pc[kx->n].address);
		snprintf(p->certificate, sizeof(p->certificate), "%s",
		    pc[kx->n].certificate);
		p->plain = pc[kx->n].protection == PROTECTION_TLS;
		if ((p->retry = event_new(kx->relayd->base, -1, 0, on_retry,
		    p)) == NULL)
			return -E_NO_MEMORY;
		kx_dial_after(p, dialled_by_lower(p, true) ? 0 : YIELD_MS);
	}
	return 0;
}

int
kx_new(struct kx **kxp, struct relayd *r, const struct kx_ops *ops)
{
	struct timeval	 tv = { r->conf->keepalive / 1000,
			    r->conf->keepalive % 1000 * 1000 };
	struct kx	*kx;
	int		 e;

	*kxp = NULL;
	if ((kx = calloc(1, sizeof(*kx))) == NULL)
		return -E_NO_MEMORY;
	kx->relayd = r;
	kx->ops = ops;
	if ((e = load_tls(kx)) < 0 || (e = add_peers(kx)) < 0)
		goto fail;
	kx->listener = listener_new(r->base, r->conf->listen, 16, on_accept,
	    kx);
	kx->tick = event_new(r->base, -1, EV_PERSIST, on_tick, kx);
	e = -E_SYSTEM;
	if (kx->listener == NULL || kx->tick == NULL ||
	    event_add(kx->tick, &tv) < 0)
		goto fail;
	*kxp = kx;
	return 0;
fail:
	kx_free(&kx);
	return e;
}

void
kx_reload(struct kx *kx)
{
	if (load_tls(kx) == 0)
		log_notice("certificates read again", NULL);
}

/* Who has not shown a certificate yet. */
static void
close_strangers(struct kx *kx)
{
	struct kx_peer	*p;

	for (size_t i = 0; i < INBOUND_MAX; i++) {
		if (kx->inbound[i] == NULL)
			continue;
		p = kx_any(kx, kxlink_km(kx->inbound[i]));
		if (p == NULL || p->link != kx->inbound[i])
			kxlink_close(kx->inbound[i], "stopping");
	}
}

void
kx_stop(struct kx *kx, void (*stopped)(void *), void *arg)
{
	kx->stopping = true;
	kx->stopped = stopped;
	kx->stopped_arg = arg;
	listener_free(&kx->listener);
	event_del(kx->tick);
	for (size_t i = 0; i < kx->n; i++) {
		struct kx_peer	*p = &kx->peers[i];

		event_del(p->retry);
		if (p->dialling != NULL)
			kxlink_close(p->dialling, "stopping");
		if (p->link != NULL)
			kxlink_finish(p->link);
	}
	close_strangers(kx);
	if (kx->links == 0)
		stopped(arg);
}

void
kx_free(struct kx **kxp)
{
	struct kx	*kx = *kxp;

	if (kx == NULL)
		return;
	kx->stopping = true;
	kx->stopped = NULL;
	for (size_t i = 0; i < kx->n; i++) {
		struct kx_peer	*p = &kx->peers[i];

		if (p->link != NULL)
			kxlink_close(p->link, "stopping");
		if (p->dialling != NULL)
			kxlink_close(p->dialling, "stopping");
		event_free(p->retry);
	}
	close_strangers(kx);
	if (kx->tick != NULL)
		event_free(kx->tick);
	listener_free(&kx->listener);
	SSL_CTX_free(kx->server);
	SSL_CTX_free(kx->client);
	free(kx->peers);
	free(kx);
	*kxp = NULL;	/* not before: closing is announced */
}
