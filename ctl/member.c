/* member.c - see member.h. */
#include "member.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "err.h"

static const struct {
	const char		*suffix;
	enum member_kind	 kind;
} suffixes[] = {
	{ ".conf", MEMBER_CONF },
	{ ".crt", MEMBER_PUBLIC },
	{ ".crl", MEMBER_PUBLIC },
	{ ".key", MEMBER_KEY },
};

static const char *
after(const char *name, const char *prefix)
{
	size_t	n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* A file's name without a way anywhere else. */
static bool
simple(const char *name)
{
	static const char	chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";

	return name[0] != '.' && name[0] != '-' &&
	    name[strspn(name, chars)] == '\0';
}

static int
by_suffix(const char *name, bool pki)
{
	size_t	n = strlen(name), m;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		m = strlen(suffixes[i].suffix);
		if (n > m && strcmp(name + n - m, suffixes[i].suffix) == 0)
			return pki && suffixes[i].kind == MEMBER_CONF ?
			    -E_BAD_FORMAT : (int)suffixes[i].kind;
	}
	return -E_BAD_FORMAT;
}

int
member_kind(const char *name)
{
	const char	*rest;

	if (strlen(name) >= MEMBER_NAME)
		return -E_BAD_FORMAT;
	if (strcmp(name, "manifest.json") == 0)
		return MEMBER_MANIFEST;
	if (strcmp(name, "stores/kma.db") == 0)
		return MEMBER_KMA;
	if (strcmp(name, "stores/ksa.db") == 0)
		return MEMBER_KSA;
	if ((rest = after(name, "etc/pki/")) != NULL && simple(rest))
		return by_suffix(rest, true);
	if ((rest = after(name, "etc/")) != NULL && simple(rest))
		return by_suffix(rest, false);
	return -E_BAD_FORMAT;
}

uint64_t
member_limit(enum member_kind kind)
{
	return kind == MEMBER_KMA || kind == MEMBER_KSA ?
	    UINT64_C(1) << 36 : UINT64_C(1) << 24;
}
