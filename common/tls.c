#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "log.h"

/* TLS 1.2: forward secrecy and AEAD only; 1.3 has nothing else. */
#define CIPHERS		"ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
#define SESSIONS_MAX	8192
#define SESSION_SECONDS	600
#define TEXT_ROOM	512

static int refused_idx = -1;

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

const char *
tls_refused(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, refused_idx);
}

static void
refused_free(void *parent, void *p, CRYPTO_EX_DATA *ad, int idx, long argl,
    void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(p);
}

static void
refused_init(void)
{
	refused_idx = SSL_get_ex_new_index(0, NULL, NULL, NULL,
	    refused_free);
}

/* The library forgets the certificate that it refuses: keep its name. */
static int
verify(int ok, X509_STORE_CTX *store)
{
	SSL	*ssl = X509_STORE_CTX_get_ex_data(store,
		    SSL_get_ex_data_X509_STORE_CTX_idx());
	X509	*cert = X509_STORE_CTX_get_current_cert(store);
	char	 text[2 * TEXT_ROOM], *copy;

	if (ok || tls_refused(ssl) != NULL)
		return ok;
	snprintf(text, sizeof(text), "certificate refused: %s (%s)",
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
	    cert != NULL ? tls_cert_text(cert) : "no certificate");
	if ((copy = strdup(text)) != NULL &&
	    SSL_set_ex_data(ssl, refused_idx, copy) != 1)
		free(copy);
	return ok;
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
		    tls_cert_text(cert));
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
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
	return 0;
}

static SSL_CTX *
context(const SSL_METHOD *method, const struct tls_files *f, bool server)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	SSL_CTX	*ctx;

	pthread_once(&once, refused_init);
	ERR_clear_error();
	if ((ctx = SSL_CTX_new(method)) == NULL || refused_idx < 0) {
		log_err("TLS set-up failed", "reason=%s",
		    log_quote(tls_reason()));
		goto fail;
	}
	if (restrict_protocol(ctx) < 0 ||
	    load_certificate(ctx, f->certificate) < 0 ||
	    load_private_key(ctx, f->private_key, f->certificate) < 0 ||
	    load_ca(ctx, f->ca, server) < 0)
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

int
tls_cert_cn(X509 *cert, char *out, size_t room)
{
	X509_NAME	*name = X509_get_subject_name(cert);
	unsigned char	*utf8 = NULL;
	X509_NAME_ENTRY	*entry;
	int		 i, len, r = -E_BAD_FORMAT;

	if ((i = X509_NAME_get_index_by_NID(name, NID_commonName, -1)) < 0)
		return -E_NOT_FOUND;
	/* Two names: which one would be meant? */
	if (X509_NAME_get_index_by_NID(name, NID_commonName, i) >= 0)
		return -E_BAD_FORMAT;
	entry = X509_NAME_get_entry(name, i);
	len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (len <= 0 || (size_t)len >= room ||
	    memchr(utf8, '\0', (size_t)len) != NULL)
		goto out;
	memcpy(out, utf8, (size_t)len);
	out[len] = '\0';
	r = 0;
out:
	OPENSSL_free(utf8);
	ERR_clear_error();
	return r;
}

static bool
plain_text(const unsigned char *p, int len)
{
	for (int i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	return len > 0;
}

int
tls_cert_uris(X509 *cert, int (*fn)(void *, const char *), void *arg)
{
	GENERAL_NAMES	*names;
	int		 r = 0;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; r == 0 && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME	*g = sk_GENERAL_NAME_value(names, i);
		ASN1_STRING	*s = g->d.uniformResourceIdentifier;

		/* ASN1_STRINGs end with a NUL that their length leaves out. */
		if (g->type == GEN_URI &&
		    plain_text(ASN1_STRING_get0_data(s), ASN1_STRING_length(s)))
			r = fn(arg, (const char *)ASN1_STRING_get0_data(s));
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return r;
}

const char *
tls_cert_text(X509 *cert)
{
	static __thread char text[TEXT_ROOM];
	char	 cn[128], when[40] = "?", *serial = NULL;
	struct tm tm;
	BIGNUM	*bn;

	if (tls_cert_cn(cert, cn, sizeof(cn)) < 0)
		strcpy(cn, "?");
	if ((bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL)))
		serial = BN_bn2hex(bn);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "CN=%s, serial %.64s, expires %s", cn,
	    serial != NULL ? serial : "?", when);
	OPENSSL_free(serial);
	BN_free(bn);
	ERR_clear_error();
	return text;
}
