/*
 * checkpeer.c - whether neighbours can be reached: those that relayd is
 * connected to are; to the others a connection is tried, and a TLS handshake
 * that shows who they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "address.h"
#include "ask.h"
#include "checkup.h"
#include "confread.h"
#include "err.h"
#include "field.h"
#include "tlscert.h"

#define WAIT	3		/* s for each step */

/* A connected socket, blocking with a limit of time; -1 and errno. */
static int
dial(const struct addrinfo *ai)
{
	const struct timeval	wait = { WAIT, 0 };
	struct pollfd		p = { .events = POLLOUT };
	int			e = 0;
	socklen_t		len = sizeof(e);

	p.fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (p.fd < 0)
		return -1;
	if (connect(p.fd, ai->ai_addr, ai->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			e = errno;
		else if (poll(&p, 1, WAIT * 1000) != 1)
			e = ETIMEDOUT;
		else
			getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &e, &len);
	}
	if (e != 0) {
		close(p.fd);
		errno = e;
		return -1;
	}
	fcntl(p.fd, F_SETFL, 0);
	setsockopt(p.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(p.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return p.fd;
}

/*
 * Without our certificate: relayd there would take us for this node's relayd,
 * and give up the connection that is there. NULL: no CA (said before).
 */
static SSL_CTX *
context(const struct check *c)
{
	char	 ca[CHECK_PATH];
	SSL_CTX	*ctx = SSL_CTX_new(TLS_client_method());

	check_path(c, confread_str(&c->relayd.cfg, "ca", ""), ca);
	if (ctx != NULL && SSL_CTX_load_verify_file(ctx, ca) == 1) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		return ctx;
	}
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

/* What relayd says of its neighbours; NULL: it does not answer. */
static json_t *
ask_relayd(const struct check *c)
{
	struct call		call = *c->call;
	struct ask_error	e;

	call.wait = WAIT;
	return ask_word(&call, "relayd", "peers", &e);
}

static bool
connected(const json_t *said, const char *km)
{
	json_t	*peers = field_array(said, "peers"), *p;
	size_t	 i;

	json_array_foreach(peers, i, p)
		if (strcmp(field_str(p, "kme_id", ""), km) == 0)
			return field_bool(p, "connected", false);
	return false;
}

static int
is_name(void *wanted, const char *uri)
{
	return strcmp(uri, wanted) == 0;
}

static void
who(struct check *c, const SSL *ssl, const char *at, const char *km)
{
	X509	*x = SSL_get1_peer_certificate(ssl);
	char	 uri[128];

	snprintf(uri, sizeof(uri), "urn:qkdnode:km:%.64s", km);
	if (x == NULL || tlscert_uris(x, is_name, uri) != 1)
		check_say(c, CHECK_ERROR, at, "correct the address: qkdctl "
		    "peer remove, then peer add", "who answers there is not "
		    "%s: %s", km, x != NULL ? tlscert_text(x) :
		    "no certificate");
	X509_free(x);
}

static void
handshake(struct check *c, SSL_CTX *ctx, int fd, const char *at,
    const char *km)
{
	SSL	*ssl = SSL_new(ctx);
	long	 e;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		goto out;
	if (SSL_connect(ssl) == 1) {
		who(c, ssl, at, km);
		SSL_shutdown(ssl);
		goto out;
	}
	e = SSL_get_verify_result(ssl);
	check_say(c, CHECK_ERROR, at, "both nodes need certificates of the "
	    "same CA; qkdctl check there too", "the TLS handshake with %s "
	    "fails: %s", km, e != X509_V_OK ?
	    X509_verify_cert_error_string(e) : "it does not speak TLS");
out:
	ERR_clear_error();
	SSL_free(ssl);
}

static void
neighbour(struct check *c, SSL_CTX *ctx, unsigned i, const char *at)
{
	const char	*km;
	struct addrinfo	*list = NULL;
	int		 fd = -1;

	km = confread_member(&c->relayd.cfg, "peers", i, "kme_id");
	if (address_find(at, false, &list) < 0) {
		check_say(c, CHECK_ERROR, at, "correct the address or the "
		    "name service", "the address of %s is not known", km);
		return;
	}
	for (struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = dial(ai);
	if (fd < 0)
		check_say(c, CHECK_ERROR, at, "is that node up, is relayd's "
		    "port open in between?", "%s cannot be reached: %s", km,
		    strerror(errno));
	else if (ctx != NULL && strcmp(confread_member(&c->relayd.cfg,
	    "peers", i, "protection"), "tls") != 0)
		handshake(c, ctx, fd, at, km);
	if (fd >= 0)
		close(fd);
	freeaddrinfo(list);
}

void
check_peers(struct check *c)
{
	const config_t	*cfg = &c->relayd.cfg;
	unsigned	 n;
	SSL_CTX		*ctx;
	json_t		*said;

	if (!c->relayd.there || (n = confread_count(cfg, "peers")) == 0)
		return;
	ctx = context(c);
	said = ask_relayd(c);
	for (unsigned i = 0; i < n; i++) {
		const char *at = confread_member(cfg, "peers", i, "address");

		/* Without an address it comes to us. */
		if (*at != '\0' && !connected(said,
		    confread_member(cfg, "peers", i, "kme_id")))
			neighbour(c, ctx, i, at);
	}
	json_decref(said);
	SSL_CTX_free(ctx);
}
