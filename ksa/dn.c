#include "dn.h"

#include <ctype.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "ident.h"

#define TYPE_MAX	64
#define VALUE_MAX	SAE_ID_MAX

/* ---- reading ---- */

struct text {
	const char	*p, *end;
};

/* RFC 4514 section 3 in its own spelling; it has no regard to case. */
static const struct {
	const char	*name;
	int		 nid;
} types[] = {
	{ "CN", NID_commonName },
	{ "L", NID_localityName },
	{ "ST", NID_stateOrProvinceName },
	{ "O", NID_organizationName },
	{ "OU", NID_organizationalUnitName },
	{ "C", NID_countryName },
	{ "STREET", NID_streetAddress },
	{ "DC", NID_domainComponent },
	{ "UID", NID_userId },
};

static ASN1_OBJECT *
find_type(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcasecmp(name, types[i].name) == 0)
			return OBJ_nid2obj(types[i].nid);
	return OBJ_txt2obj(name, 0);	/* what OpenSSL knows, or 1.2.3 */
}

static void
skip_spaces(struct text *t)
{
	while (t->p < t->end && *t->p == ' ')
		t->p++;
}

static ASN1_OBJECT *
read_type(struct text *t)
{
	char	name[TYPE_MAX + 1];
	size_t	len = 0;

	skip_spaces(t);
	while (t->p < t->end && len < TYPE_MAX &&
	    (isalnum((unsigned char)*t->p) || strchr(".-", *t->p) != NULL))
		name[len++] = *t->p++;
	name[len] = '\0';
	skip_spaces(t);
	if (len == 0 || t->p == t->end || *t->p++ != '=')
		return NULL;
	return find_type(name);
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind a backslash: one of the specials, or two hex digits. */
static int
read_escaped(struct text *t, char *c)
{
	if (t->p == t->end)
		return -E_BAD_FORMAT;
	if (strchr(" \"#+,;<=>\\", *t->p) != NULL) {
		*c = *t->p++;
		return 0;
	}
	if (t->end - t->p < 2 || hex(t->p[0]) < 0 || hex(t->p[1]) < 0)
		return -E_BAD_FORMAT;
	*c = (char)(hex(t->p[0]) << 4 | hex(t->p[1]));
	t->p += 2;
	return 0;
}

static int
read_value(struct text *t, char value[VALUE_MAX + 1], size_t *len)
{
	size_t	kept = 0;	/* spaces behind it do not count */
	bool	escaped;

	*len = 0;
	skip_spaces(t);
	if (t->p < t->end && *t->p == '#')
		return -E_BAD_FORMAT;
	while (t->p < t->end && strchr(",+", *t->p) == NULL) {
		if (*len == VALUE_MAX || strchr("\";<>", *t->p) != NULL)
			return -E_BAD_FORMAT;
		escaped = *t->p == '\\';
		value[*len] = *t->p++;
		if (escaped && read_escaped(t, &value[*len]) < 0)
			return -E_BAD_FORMAT;
		if (value[(*len)++] != ' ' || escaped)
			kept = *len;
	}
	*len = kept;
	return sae_id_valid(value, kept) ? 0 : -E_BAD_FORMAT;
}

/* The text begins with what is encoded last. `joined`: by a plus sign. */
static int
read_attribute(struct text *t, X509_NAME *name, bool joined)
{
	ASN1_OBJECT	*type = read_type(t);
	char		 value[VALUE_MAX + 1];
	size_t		 len;
	int		 r = -E_BAD_FORMAT;

	if (type != NULL && read_value(t, value, &len) == 0)
		r = X509_NAME_add_entry_by_OBJ(name, type, V_ASN1_UTF8STRING,
		    (unsigned char *)value, (int)len, 0, joined ? 1 : 0) == 1 ?
		    0 : -E_NO_MEMORY;
	ASN1_OBJECT_free(type);
	return r;
}

int
dn_parse(const char *text, size_t len, X509_NAME **out)
{
	struct text	 t = { text, text + len };
	X509_NAME	*name = X509_NAME_new();
	bool		 joined = false;
	int		 r;

	*out = NULL;
	if (name == NULL)
		return -E_NO_MEMORY;
	r = memchr(text, '\0', len) == NULL ? 0 : -E_BAD_FORMAT;
	while (r == 0 && (r = read_attribute(&t, name, joined)) == 0 && t.p < t.end)
		joined = *t.p++ == '+';
	ERR_clear_error();
	if (r == 0)
		*out = name;
	else
		X509_NAME_free(name);
	return r;
}

/* ---- comparing ---- */

static bool
is_blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* In place: lower case, one space between words, none around them. */
static int
squeeze(unsigned char *p, int len)
{
	int	n = 0;

	for (int i = 0; i < len; i++)
		if (!is_blank(p[i]))
			p[n++] = p[i] >= 'A' && p[i] <= 'Z' ?
			    (unsigned char)(p[i] - 'A' + 'a') : p[i];
		else if (n > 0 && p[n - 1] != ' ')
			p[n++] = ' ';
	return n > 0 && p[n - 1] == ' ' ? n - 1 : n;
}

static int
add_canonical(X509_NAME *to, const X509_NAME_ENTRY *e, int set)
{
	ASN1_STRING	*s = X509_NAME_ENTRY_get_data(e);
	ASN1_OBJECT	*type = X509_NAME_ENTRY_get_object(e);
	unsigned char	*p = NULL;
	int		 len, r;

	if ((len = ASN1_STRING_to_UTF8(&p, s)) < 0)	/* no text */
		return X509_NAME_add_entry_by_OBJ(to, type,
		    ASN1_STRING_type(s), ASN1_STRING_get0_data(s),
		    ASN1_STRING_length(s), -1, set) == 1 ? 0 : -E_BAD_FORMAT;
	r = X509_NAME_add_entry_by_OBJ(to, type, V_ASN1_UTF8STRING, p,
	    squeeze(p, len), -1, set) == 1 ? 0 : -E_BAD_FORMAT;
	OPENSSL_free(p);
	return r;
}

int
dn_canonical(const X509_NAME *name, uint8_t *out, size_t room)
{
	X509_NAME	*canon = X509_NAME_new();
	const X509_NAME_ENTRY *e;
	int		 r = canon == NULL ? -E_NO_MEMORY : 0;
	int		 set, before = -1;
	const unsigned char *der;
	size_t		 len;

	for (int i = 0; r == 0 && i < X509_NAME_entry_count(name); i++) {
		e = X509_NAME_get_entry(name, i);
		set = X509_NAME_ENTRY_set(e);
		r = add_canonical(canon, e, set == before ? -1 : 0);
		before = set;
	}
	if (r == 0 && (X509_NAME_entry_count(name) == 0 ||
	    X509_NAME_get0_der(canon, &der, &len) != 1 || len > room))
		r = -E_BAD_FORMAT;
	if (r == 0) {
		memcpy(out, der, len);
		r = (int)len;
	}
	X509_NAME_free(canon);
	ERR_clear_error();
	return r;
}
