#include "certname.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "dn.h"
#include "err.h"
#include "ident.h"
#include "tlscert.h"

enum kind { CN, DN, DNS, URI, EMAIL, IP };

/* Text between two points. */
struct span {
	const char	*p;
	size_t		 len;
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int
set(struct certname *n, enum kind kind, const void *p, size_t len)
{
	if (len == 0 || len > CERTNAME_ROOM - 1)
		return -E_BAD_FORMAT;
	n->b[0] = (uint8_t)kind;
	memcpy(n->b + 1, p, len);
	n->len = len + 1;
	return 0;
}

/* RFC 5280 7.2 to 7.5: which part of a name has no case. */
static void
fold(struct certname *n, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to + 1; i++)
		n->b[i] = (uint8_t)lower((char)n->b[i]);
}

static bool
plain(const struct span *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->p[i] <= ' ' || s->p[i] > '~')
			return false;
	return s->len > 0;
}

static int
set_cn(struct certname *n, const struct span *s)
{
	return sae_id_valid(s->p, s->len) ? set(n, CN, s->p, s->len) :
	    -E_BAD_FORMAT;
}

/* Letters, digits and hyphens between dots; an underscore occurs too. */
static bool
host_valid(const struct span *s)
{
	size_t	label = 0;

	for (size_t i = 0; i < s->len; i++) {
		if (s->p[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!isalnum((unsigned char)s->p[i]) &&
		    s->p[i] != '-' && s->p[i] != '_')
			return false;
		else if (++label > 63)
			return false;
	}
	return label > 0 && s->len <= 253;
}

static int
set_dns(struct certname *n, const struct span *s)
{
	int	r = host_valid(s) ? set(n, DNS, s->p, s->len) : -E_BAD_FORMAT;

	if (r == 0)
		fold(n, 0, s->len);
	return r;
}

/* "scheme:..."; scheme and, behind "//", host without regard to case. */
static int
set_uri(struct certname *n, const struct span *s)
{
	const char	*colon = memchr(s->p, ':', s->len);
	size_t		 scheme = colon != NULL ? (size_t)(colon - s->p) : 0;
	size_t		 end;
	int		 r;

	if (!plain(s) || scheme == 0 || scheme + 1 == s->len ||
	    !isalpha((unsigned char)s->p[0]))
		return -E_BAD_FORMAT;
	for (size_t i = 0; i < scheme; i++)
		if (!isalnum((unsigned char)s->p[i]) &&
		    strchr("+-.", s->p[i]) == NULL)
			return -E_BAD_FORMAT;
	if ((r = set(n, URI, s->p, s->len)) < 0)
		return r;
	fold(n, 0, scheme);
	if (s->len < scheme + 3 || memcmp(colon, "://", 3) != 0)
		return 0;
	for (end = scheme + 3; end < s->len &&
	    strchr("/?#", s->p[end]) == NULL; end++)
		if (s->p[end] == '@')	/* who is before it has a case */
			scheme = end;
	fold(n, scheme, end);
	return 0;
}

static int
set_email(struct certname *n, const struct span *s)
{
	const char	*at = memchr(s->p, '@', s->len);
	struct span	 host;
	int		 r;

	if (!plain(s) || at == NULL || at == s->p)
		return -E_BAD_FORMAT;
	host.p = at + 1;
	host.len = s->len - (size_t)(host.p - s->p);
	if (!host_valid(&host) || (r = set(n, EMAIL, s->p, s->len)) < 0)
		return -E_BAD_FORMAT;
	fold(n, (size_t)(at - s->p), s->len);
	return 0;
}

static int
set_ip(struct certname *n, const struct span *s)
{
	unsigned char	octets[16];
	char		text[INET6_ADDRSTRLEN];

	if (s->len >= sizeof(text))
		return -E_BAD_FORMAT;
	memcpy(text, s->p, s->len);
	text[s->len] = '\0';
	if (inet_pton(AF_INET, text, octets) == 1)
		return set(n, IP, octets, 4);
	if (inet_pton(AF_INET6, text, octets) == 1)
		return set(n, IP, octets, 16);
	return -E_BAD_FORMAT;
}

static int
set_name(struct certname *n, const X509_NAME *name)
{
	int	len = dn_canonical(name, n->b + 1, CERTNAME_ROOM - 1);

	if (len <= 0)
		return -E_BAD_FORMAT;
	n->b[0] = DN;
	n->len = (size_t)len + 1;
	return 0;
}

static int
set_dn(struct certname *n, const struct span *s)
{
	X509_NAME *name;
	int	 r;

	if ((r = dn_parse(s->p, s->len, &name)) < 0)
		return r;
	r = set_name(n, name);
	X509_NAME_free(name);
	return r;
}

static const struct {
	const char	*prefix;
	int		(*set)(struct certname *, const struct span *);
	const char	*expected;
} kinds[] = {
	[CN] = { "cn:", set_cn, "cn: and 1 to 291 octets of UTF-8 without "
	    "control characters" },
	[DN] = { "dn:", set_dn, "dn: and a subject as RFC 4514 writes it, "
	    "such as dn:CN=x,O=y,C=z" },
	[DNS] = { "dns:", set_dns, "dns: and a host name without wildcard" },
	[URI] = { "uri:", set_uri, "uri: and a URI with its scheme, in ASCII" },
	[EMAIL] = { "email:", set_email, "email: and user@host in ASCII" },
	[IP] = { "ip:", set_ip, "ip: and an IPv4 or IPv6 address" },
};
#define KINDS	(sizeof(kinds) / sizeof(*kinds))

int
certname_parse(struct certname *n, const char *text, const char **expected)
{
	struct span	s;
	size_t		len;

	for (size_t i = 0; i < KINDS; i++) {
		len = strlen(kinds[i].prefix);
		if (strncmp(text, kinds[i].prefix, len) != 0)
			continue;
		*expected = kinds[i].expected;
		s.p = text + len;
		s.len = strlen(s.p);
		return kinds[i].set(n, &s);
	}
	*expected = "one of cn:, dn:, dns:, uri:, email:, ip: and a name";
	return -E_BAD_FORMAT;
}

/* ---- of a certificate ---- */

static int
set_san(struct certname *n, const GENERAL_NAME *g)
{
	static const int	kind_of[] = {
		[GEN_EMAIL] = EMAIL, [GEN_DNS] = DNS, [GEN_URI] = URI,
	};
	const ASN1_STRING	*a = g->d.ia5;
	struct span		 s;

	if (g->type != GEN_EMAIL && g->type != GEN_DNS &&
	    g->type != GEN_URI && g->type != GEN_IPADD)
		return -E_NOT_FOUND;
	s.p = (const char *)ASN1_STRING_get0_data(a);
	s.len = (size_t)ASN1_STRING_length(a);
	if (g->type != GEN_IPADD)
		return kinds[kind_of[g->type]].set(n, &s);
	return s.len == 4 || s.len == 16 ? set(n, IP, s.p, s.len) :
	    -E_BAD_FORMAT;
}

static int
each_san(GENERAL_NAMES *names, struct certname *n,
    int (*fn)(void *, const struct certname *), void *arg)
{
	int	r = 0;

	for (int i = 0; r == 0 && i < sk_GENERAL_NAME_num(names); i++)
		if (set_san(n, sk_GENERAL_NAME_value(names, i)) == 0)
			r = fn(arg, n);
	return r;
}

static int
each_subject(X509 *cert, struct certname *n,
    int (*fn)(void *, const struct certname *), void *arg)
{
	sae_id		cn;
	struct span	s = { cn, 0 };
	int		r = 0;

	if (tlscert_cn(cert, cn, sizeof(cn)) == 0) {
		s.len = strlen(cn);
		if (set_cn(n, &s) == 0)
			r = fn(arg, n);
	}
	if (r == 0 && set_name(n, X509_get_subject_name(cert)) == 0)
		r = fn(arg, n);
	return r;
}

int
certname_each(X509 *cert, int (*fn)(void *, const struct certname *),
    void *arg)
{
	GENERAL_NAMES	*sans;
	struct certname	 n;
	int		 r;

	/* Of an extension that stands there twice, neither counts. */
	sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (sk_GENERAL_NAME_num(sans) > CERTNAME_COUNT)
		r = -E_TOO_LARGE;
	else if ((r = each_subject(cert, &n, fn, arg)) == 0)
		r = each_san(sans, &n, fn, arg);
	GENERAL_NAMES_free(sans);
	ERR_clear_error();
	return r;
}
