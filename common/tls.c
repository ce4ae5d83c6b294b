#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "log.h"
#include "tlscert.h"
#include "tlsverify.h"

/* TLS 1.2: forward secrecy and AEAD only; 1.3 has nothing else. */
#define CIPHERS		"ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
#define SESSIONS_MAX	8192
#define SESSION_SECONDS	600
#define TEXT_ROOM	512

const char *
tls_reason(void)
{
	static __thread char text[TEXT_ROOM];
	size_t		 n = 0;
	unsigned long	 e;
	const char	*s;

	text[0] = '\0';
	while ((e = ERR_get_error()) != 0) {
		if (ERR_SYSTEM_ERROR(e))
			s = strerror(ERR_GET_REASON(e));
		else if ((s = ERR_reason_error_string(e)) == NULL)
			s = "unknown error";
		if (n < sizeof(text) - 1)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s", n > 0 ? ", " : "", s);
	}
	return text[0] != '\0' ? text : "no reason given";
}

static int
failed(const char *path, const char *what, const char *why)
{
	log_err(what, "file=%s reason=%s", log_quote(path), log_quote(why));
	ERR_clear_error();
	return -E_CONFIG;
}

static int
readable(const char *path, bool private)
{
	struct stat	 st;
	FILE		*f;

	if ((f = fopen(path, "re")) == NULL)
		return failed(path, "file cannot be read", strerror(errno));
	if (fstat(fileno(f), &st) == 0 && private && st.st_mode & S_IROTH)
		log_warn("private key is readable by everybody", "file=%s",
		    log_quote(path));
	fclose(f);
	return 0;
}

static int
load_certificate(SSL_CTX *ctx, const char *path)
{
	X509	*cert;
	int	 r;

	if ((r = readable(path, false)) < 0)
		return r;
	if (SSL_CTX_use_certificate_chain_file(ctx, path) != 1)
		return failed(path, "not a PEM certificate", tls_reason());
	cert = SSL_CTX_get0_certificate(ctx);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return failed(path, "certificate has expired",
		    tlscert_text(cert));
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		log_warn("certificate is not valid yet", "file=%s",
		    log_quote(path));
	return 0;
}

static int
load_private_key(SSL_CTX *ctx, const char *path, const char *certificate)
{
	char	 why[TEXT_ROOM];
	EVP_PKEY *key = NULL;
	FILE	*f = NULL;
	int	 r;

	if ((r = readable(path, true)) < 0)
		return r;
	/* No pass phrase: nobody is there to type it. */
	if ((f = fopen(path, "re")) == NULL ||
	    (key = PEM_read_PrivateKey(f, NULL, NULL, "")) == NULL) {
		r = failed(path, "not a PEM private key", tls_reason());
		goto out;
	}
	if (SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1) {
		snprintf(why, sizeof(why), "%s: %s", certificate,
		    tls_reason());
		r = failed(path, "private key does not match certificate",
		    why);
	}
out:
	EVP_PKEY_free(key);
	if (f != NULL)
		fclose(f);
	return r;
}

static int
load_ca(SSL_CTX *ctx, const char *path, bool server)
{
	STACK_OF(X509_NAME) *names;
	int	r;

	if ((r = readable(path, false)) < 0)
		return r;
	if (SSL_CTX_load_verify_file(ctx, path) != 1 ||
	    (names = SSL_load_client_CA_file(path)) == NULL)
		return failed(path, "not a PEM CA certificate",
		    tls_reason());
	if (server)
		SSL_CTX_set_client_CA_list(ctx, names);
	else
		sk_X509_NAME_pop_free(names, X509_NAME_free);
	return 0;
}

static int
restrict_protocol(SSL_CTX *ctx)
{
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, CIPHERS) != 1) {
		log_err("TLS set-up failed", "reason=%s",
		    log_quote(tls_reason()));
		return -E_TLS;
	}
	/* Peers that just close are common, and all our messages have a
	 * length, so a missing close_notify hides nothing. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
	    SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* One record per SSL_read: a flood of key updates must come back to
	 * the event loop. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_read_ahead(ctx, 1);
	return 0;
}

static SSL_CTX *
context(const SSL_METHOD *method, const struct tls_files *f, bool server)
{
	SSL_CTX	*ctx;

	ERR_clear_error();
	if ((ctx = SSL_CTX_new(method)) == NULL) {
		log_err("TLS set-up failed", "reason=%s",
		    log_quote(tls_reason()));
		goto fail;
	}
	if (restrict_protocol(ctx) < 0 ||
	    load_certificate(ctx, f->certificate) < 0 ||
	    load_private_key(ctx, f->private_key, f->certificate) < 0 ||
	    load_ca(ctx, f->ca, server) < 0 ||
	    tlsverify_init(ctx, f->ca, f->crl) < 0)
		goto fail;
	return ctx;
fail:
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *
tls_server(const struct tls_files *f)
{
	static const unsigned char id[] = "qkdnode";
	SSL_CTX	*ctx;

	if ((ctx = context(TLS_server_method(), f, true)) == NULL)
		return NULL;
	/* Resumption by the server's memory: no ticket keys to guard, and a
	 * third of the cost of a full handshake. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(ctx, SESSIONS_MAX);
	SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
	SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_max_early_data(ctx, 0);
	return ctx;
}

SSL_CTX *
tls_client(const struct tls_files *f)
{
	SSL_CTX	*ctx;

	if ((ctx = context(TLS_client_method(), f, false)) != NULL)
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

void
tls_retire(SSL_CTX *ctx)
{
	SSL_CTX_flush_sessions(ctx, 0);		/* whatever the time is */
	SSL_CTX_free(ctx);
}
