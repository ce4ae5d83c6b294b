#include "saelink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "log.h"
#include "saecert.h"
#include "saesock.h"
#include "tls.h"
#include "tlscert.h"
#include "tlsverify.h"

#define RECORD	16384		/* octets in one of TLS */

struct saelink {
	struct saesock	 sock;
	SSL		*ssl;
	bool		 wants_out;	/* TLS has something to write */
	char		 kme[300];	/* for messages */
};

int
saelink_context(SSL_CTX **out, const struct tls_files *f, struct saewhy *w)
{
	char	text[sizeof(w->text)];

	log_divert(text, sizeof(text));
	*out = tls_client(f);
	log_divert(NULL, 0);
	return *out != NULL ? 0 : saewhy_set(w, E_CONFIG, "%s", text);
}

/* What the certificate has to be for. */
static int
expect_host(SSL *ssl, const char *kme)
{
	const char	*end = strrchr(kme, ':');
	bool		 v6 = kme[0] == '[';
	char		 host[256];
	unsigned char	 ip[16];

	snprintf(host, sizeof(host), "%.*s", (int)(end - kme) - 2 * v6,
	    kme + v6);
	if (inet_pton(AF_INET, host, ip) == 1 ||
	    inet_pton(AF_INET6, host, ip) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
		    host);
	return SSL_set1_host(ssl, host) == 1 &&
	    SSL_set_tlsext_host_name(ssl, host) == 1;
}

static int
set_up(struct saelink *l, SSL_CTX *ctx, const char *kme)
{
	BIO	*bio;

	if ((l->ssl = SSL_new(ctx)) == NULL ||
	    (bio = saesock_bio(&l->sock)) == NULL)
		return -1;
	SSL_set_bio(l->ssl, bio, bio);
	SSL_set_mode(l->ssl, SSL_MODE_AUTO_RETRY);
	/* No key stays in the buffers of the connection. */
	SSL_set_options(l->ssl, SSL_OP_CLEANSE_PLAINTEXT);
	return expect_host(l->ssl, kme) == 1 ? 0 : -1;
}

/* The KME has a certificate that will not do. */
static int
bad_peer(struct saelink *l, const char *refused, struct saewhy *w)
{
	long	e = SSL_get_verify_result(l->ssl);
	bool	host = e == X509_V_ERR_HOSTNAME_MISMATCH ||
		    e == X509_V_ERR_IP_ADDRESS_MISMATCH;

	ERR_clear_error();
	return saewhy_set(w, E_TLS, "the KME at %s: its certificate is "
	    "refused: %s%s", l->kme, refused, host ?
	    "; it has no subjectAltName for this host" : "");
}

/* Why the connection failed: the socket, or what TLS says. */
static int
failed(struct saelink *l, const char *what, struct saewhy *w)
{
	const char	*refused = tlsverify_refused(l->ssl), *text;
	unsigned long	 e = ERR_peek_error();
	bool		 alert = ERR_GET_LIB(e) == ERR_LIB_SSL &&
			    ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET;

	if (refused != NULL)
		return bad_peer(l, refused, w);
	if (alert) {
		text = tls_reason();	/* tlscert_text() clears it */
		return saewhy_set(w, E_TLS, "the KME at %s refuses us: %s; "
		    "our certificate is %s", l->kme, text,
		    tlscert_text(SSL_get_certificate(l->ssl)));
	}
	if (l->sock.fault == ETIMEDOUT)
		return saewhy_set(w, E_TIMEOUT, "the KME at %s: no answer in "
		    "time (%s)", l->kme, what);
	if (l->sock.fault == ECANCELED)
		return saewhy_set(w, E_STOPPED, "stopped (%s)", what);
	if (l->sock.fault != 0 || e == 0)
		return saewhy_set(w, E_DOWN, "the KME at %s: connection lost "
		    "(%s): %s", l->kme, what, l->sock.fault != 0 ?
		    strerror(l->sock.fault) : "closed by the KME");
	return saewhy_set(w, E_TLS, "the KME at %s: TLS failed (%s): %s",
	    l->kme, what, tls_reason());
}

static int
shake_hands(struct saelink *l, const char *kme_id, struct saewhy *w)
{
	char	 logged[256];		/* failed() says it better */
	X509	*cert;
	int	 r;

	ERR_clear_error();
	l->sock.fault = 0;
	log_divert(logged, sizeof(logged));
	r = SSL_connect(l->ssl) == 1 ? 0 : failed(l, "TLS handshake", w);
	log_divert(NULL, 0);
	if (r < 0)
		return r;
	if (kme_id == NULL)
		return 0;
	cert = SSL_get1_peer_certificate(l->ssl);
	if (cert == NULL || !saecert_names(cert, kme_id))
		r = saewhy_set(w, E_TLS, "the KME at %s is not \"%s\": its "
		    "certificate says %s", l->kme, kme_id,
		    cert != NULL ? tlscert_text(cert) : "nothing");
	X509_free(cert);
	return r;
}

int
saelink_open(struct saelink **out, const struct saelink_to *to,
    uint64_t deadline, struct saewhy *w)
{
	struct saelink	*l = calloc(1, sizeof(*l));
	int		 r;

	*out = NULL;
	if (l == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	l->sock = (struct saesock){ -1, to->stop, deadline, 0 };
	snprintf(l->kme, sizeof(l->kme), "%s", to->kme);
	if ((r = saesock_dial(&l->sock, to->kme, w)) < 0)
		goto out;
	if (set_up(l, to->ctx, to->kme) < 0) {
		r = saewhy_set(w, E_TLS, "TLS set-up failed: %s",
		    tls_reason());
		goto out;
	}
	r = shake_hands(l, to->kme_id, w);
out:
	if (r < 0)
		saelink_close(&l);
	*out = l;
	return r;
}

/* If that can be said without waiting. */
void
saelink_finish(struct saelink *l)
{
	l->sock.deadline = SAESOCK_NOW;
	if (l->sock.fault == 0 && l->ssl != NULL &&
	    SSL_is_init_finished(l->ssl) &&
	    !(SSL_get_shutdown(l->ssl) & SSL_SENT_SHUTDOWN))
		(void)SSL_shutdown(l->ssl);
	ERR_clear_error();
}

void
saelink_close(struct saelink **l)
{
	if (*l == NULL)
		return;
	saelink_finish(*l);
	SSL_free((*l)->ssl);
	saesock_close(&(*l)->sock);
	free(*l);
	*l = NULL;
}

/* A KME that has closed the connection may have said why before. */
static void
hear_alert(struct saelink *l)
{
	char	c;

	if (l->sock.fault != EPIPE && l->sock.fault != ECONNRESET)
		return;
	l->sock.fault = 0;
	ERR_clear_error();
	(void)SSL_read(l->ssl, &c, 1);
}

int
saelink_write(struct saelink *l, const void *p, size_t len,
    uint64_t deadline, struct saewhy *w)
{
	const char	*at = p;
	int		 n;

	l->sock.deadline = deadline;
	l->sock.fault = 0;
	for (; len > 0; at += n, len -= (size_t)n) {
		ERR_clear_error();
		n = SSL_write(l->ssl, at, len < RECORD ? (int)len : RECORD);
		if (n <= 0) {
			hear_alert(l);
			return failed(l, "sending the request", w);
		}
	}
	return 0;
}

int
saelink_read(struct saelink *l, void *p, size_t room, uint64_t deadline,
    struct saewhy *w)
{
	int	n;

	l->sock.deadline = deadline;
	l->sock.fault = 0;
	ERR_clear_error();
	if ((n = SSL_read(l->ssl, p, (int)room)) > 0)
		return n;
	if (SSL_get_error(l->ssl, n) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return failed(l, "waiting for the answer", w);
}

/* ---- without waiting ---- */

struct pollfd
saelink_awaited(const struct saelink *l, bool writing)
{
	return (struct pollfd){ .fd = l->sock.fd, .events = POLLIN |
	    (writing || l->wants_out ? POLLOUT : 0) };
}

/* What SSL_read and SSL_write say when they did nothing. */
static int
tried(struct saelink *l, int n, const char *what, struct saewhy *w)
{
	switch (SSL_get_error(l->ssl, n)) {
	case SSL_ERROR_WANT_WRITE:
		l->wants_out = true;
		/* FALLTHROUGH */
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return saewhy_set(w, E_CLOSED, "the KME at %s: the KME has "
		    "closed the connection", l->kme);
	default:
		return failed(l, what, w);
	}
}

static void
try(struct saelink *l)
{
	l->sock.deadline = SAESOCK_NOW;
	l->sock.fault = 0;
	l->wants_out = false;
	ERR_clear_error();
}

int
saelink_try_read(struct saelink *l, void *p, size_t room, struct saewhy *w)
{
	int	n;

	try(l);
	n = SSL_read(l->ssl, p, room < INT_MAX ? (int)room : INT_MAX);
	return n > 0 ? n : tried(l, n, "while it was idle", w);
}

int
saelink_try_write(struct saelink *l, const void *p, size_t len,
    struct saewhy *w)
{
	int	n;

	try(l);
	n = SSL_write(l->ssl, p, len < RECORD ? (int)len : RECORD);
	if (n > 0)
		return n;
	if (SSL_get_error(l->ssl, n) != SSL_ERROR_WANT_WRITE &&
	    SSL_get_error(l->ssl, n) != SSL_ERROR_WANT_READ)
		hear_alert(l);
	return tried(l, n, "sending", w);
}

/* Tickets that come after a handshake are nothing that somebody says. */
bool
saelink_usable(struct saelink *l)
{
	char	c;
	int	n;

	try(l);
	n = SSL_peek(l->ssl, &c, 1);
	return n <= 0 && SSL_get_error(l->ssl, n) == SSL_ERROR_WANT_READ;
}
