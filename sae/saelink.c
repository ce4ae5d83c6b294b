#include "saelink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "saecert.h"
#include "tls.h"
#include "tlscert.h"
#include "tlsverify.h"

struct saelink {
	int		 fd;
	SSL		*ssl;
	uint64_t	 deadline;
	int		 fault;		/* of the socket: errno; 0: none */
	char		 kme[300];	/* for messages */
};

/* 0 when the socket is ready; else fault says why not. */
static int
await(struct saelink *l, short events)
{
	struct pollfd	p = { .fd = l->fd, .events = events };
	uint64_t	now;
	int		n;

	for (;;) {
		if ((now = mono_ms()) >= l->deadline) {
			l->fault = ETIMEDOUT;
			return -1;
		}
		n = poll(&p, 1, (int)(l->deadline - now));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR) {
			l->fault = errno;
			return -1;
		}
	}
}

/*
 * The socket as OpenSSL sees it: blocking, with a deadline, and a KME that
 * goes away raises no SIGPIPE in the program that uses us.
 */
static int
bio_write(BIO *bio, const char *p, int len)
{
	struct saelink	*l = BIO_get_data(bio);
	ssize_t		 n;

	do {
		if (await(l, POLLOUT) < 0)
			return -1;
		n = send(l->fd, p, (size_t)len, MSG_NOSIGNAL);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		l->fault = errno;
	return (int)n;
}

static int
bio_read(BIO *bio, char *p, int room)
{
	struct saelink	*l = BIO_get_data(bio);
	ssize_t		 n;

	do {
		if (await(l, POLLIN) < 0)
			return -1;
		n = recv(l->fd, p, (size_t)room, 0);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		l->fault = errno;
	return (int)n;
}

static long
bio_ctrl(BIO *bio, int cmd, long arg, void *p)
{
	(void)bio, (void)arg, (void)p;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD	*method;

static void
make_method(void)
{
	int	type = BIO_get_new_index();

	if (type == -1 || (method = BIO_meth_new(type |
	    BIO_TYPE_SOURCE_SINK, "qkdnode sae")) == NULL)
		return;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

static BIO *
make_bio(struct saelink *l)
{
	static pthread_once_t	 once = PTHREAD_ONCE_INIT;
	BIO			*bio;

	pthread_once(&once, make_method);
	if (method == NULL || (bio = BIO_new(method)) == NULL)
		return NULL;
	BIO_set_data(bio, l);
	BIO_set_init(bio, 1);
	return bio;
}

static int
dial_one(struct saelink *l, const struct addrinfo *a)
{
	socklen_t	len = sizeof(l->fault);
	const int	on = 1;

	l->fault = 0;
	if ((l->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, a->ai_protocol)) < 0)
		goto fail;
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(l->fd, a->ai_addr, a->ai_addrlen) < 0 &&
	    errno != EINPROGRESS)
		goto fail;
	if (await(l, POLLOUT) < 0 || getsockopt(l->fd, SOL_SOCKET, SO_ERROR,
	    &l->fault, &len) < 0 || l->fault != 0)
		goto fail;
	return 0;
fail:
	if (l->fault == 0)
		l->fault = errno;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	return -1;
}

static int
dial(struct saelink *l, const char *kme, struct saewhy *w)
{
	struct addrinfo	*list;
	int		 r;

	if ((r = address_find(kme, false, &list)) == -E_BAD_FORMAT)
		return saewhy_set(w, E_RANGE, "\"%s\" is not an address "
		    "of a KME: HOST:PORT expected", kme);
	if (r < 0)
		return saewhy_set(w, E_DOWN, "no address for \"%s\" is found: "
		    "is the host name right?", kme);
	for (struct addrinfo *a = list; a != NULL && l->fd < 0;
	    a = a->ai_next)
		dial_one(l, a);
	freeaddrinfo(list);
	if (l->fd >= 0)
		return 0;
	return saewhy_set(w, l->fault == ETIMEDOUT ? E_TIMEOUT : E_DOWN,
	    "no connection to the KME at %s: %s", kme, strerror(l->fault));
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

	if ((l->ssl = SSL_new(ctx)) == NULL || (bio = make_bio(l)) == NULL)
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
	if (l->fault == ETIMEDOUT)
		return saewhy_set(w, E_TIMEOUT, "the KME at %s: no answer in "
		    "time (%s)", l->kme, what);
	if (l->fault != 0 || e == 0)
		return saewhy_set(w, E_DOWN, "the KME at %s: connection lost "
		    "(%s): %s", l->kme, what, l->fault != 0 ?
		    strerror(l->fault) : "closed by the KME");
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
	l->fault = 0;
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
saelink_open(struct saelink **out, SSL_CTX *ctx, const char *kme,
    const char *kme_id, uint64_t deadline, struct saewhy *w)
{
	struct saelink	*l = calloc(1, sizeof(*l));
	int		 r;

	*out = NULL;
	if (l == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	l->fd = -1;
	l->deadline = deadline;
	snprintf(l->kme, sizeof(l->kme), "%s", kme);
	if ((r = dial(l, kme, w)) < 0)
		goto out;
	if (set_up(l, ctx, kme) < 0) {
		r = saewhy_set(w, E_TLS, "TLS set-up failed: %s",
		    tls_reason());
		goto out;
	}
	r = shake_hands(l, kme_id, w);
out:
	if (r < 0)
		saelink_close(&l);
	*out = l;
	return r;
}

void
saelink_close(struct saelink **l)
{
	if (*l == NULL)
		return;
	SSL_free((*l)->ssl);
	if ((*l)->fd >= 0)
		close((*l)->fd);
	free(*l);
	*l = NULL;
}

bool
saelink_usable(const struct saelink *l)
{
	struct pollfd	p = { .fd = l->fd, .events = POLLIN };

	return !SSL_has_pending(l->ssl) && poll(&p, 1, 0) == 0;
}

/* A KME that has closed the connection may have said why before. */
static void
hear_alert(struct saelink *l)
{
	char	c;

	if (l->fault != EPIPE && l->fault != ECONNRESET)
		return;
	l->fault = 0;
	ERR_clear_error();
	(void)SSL_read(l->ssl, &c, 1);
}

int
saelink_write(struct saelink *l, const void *p, size_t len,
    uint64_t deadline, struct saewhy *w)
{
	const char	*at = p;
	int		 n;

	l->deadline = deadline;
	l->fault = 0;
	for (; len > 0; at += n, len -= (size_t)n) {
		ERR_clear_error();
		n = SSL_write(l->ssl, at, len < 16384 ? (int)len : 16384);
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

	l->deadline = deadline;
	l->fault = 0;
	ERR_clear_error();
	if ((n = SSL_read(l->ssl, p, (int)room)) > 0)
		return n;
	if (SSL_get_error(l->ssl, n) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return failed(l, "waiting for the answer", w);
}
