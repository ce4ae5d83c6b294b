/* qkdsaecode.c - codes, reasons, and structures of other versions. */
#include "config.h"

#include "qkdsaeint.h"

#include <stdio.h>
#include <string.h>

#include "err.h"

static const struct {
	int	error, code;
} codes[] = {
	{ E_RANGE, QKDSAE_ARGUMENT },
	{ E_CONFIG, QKDSAE_FILE },
	{ E_NO_MEMORY, QKDSAE_MEMORY },
	{ E_STOPPED, QKDSAE_STOPPED },
	{ E_DOWN, QKDSAE_CONNECTION }, { E_CLOSED, QKDSAE_CONNECTION },
	{ E_TIMEOUT, QKDSAE_TIMEOUT },
	{ E_TLS, QKDSAE_TLS },
	{ E_BAD_FORMAT, QKDSAE_ANSWER }, { E_TOO_LARGE, QKDSAE_ANSWER },
	{ E_REFUSED, QKDSAE_REFUSED },
	{ E_DENIED, QKDSAE_DENIED },
	{ E_BUSY, QKDSAE_LATER },
	{ E_NOT_FOUND, QKDSAE_NOT_FOUND },
	{ E_REJECTED, QKDSAE_REJECTED },
	{ E_SILENT, QKDSAE_SILENT },
	{ E_EXPIRED, QKDSAE_EXPIRED },
};

static const struct {
	int		 code;
	const char	*name;
} names[] = {
	{ 0, "ok" },
	{ QKDSAE_ARGUMENT, "argument" },
	{ QKDSAE_FILE, "file" },
	{ QKDSAE_MEMORY, "memory" },
	{ QKDSAE_NO_SUCH_MESSAGE, "no_such_message" },
	{ QKDSAE_STOPPED, "stopped" },
	{ QKDSAE_CONNECTION, "connection" },
	{ QKDSAE_TIMEOUT, "timeout" },
	{ QKDSAE_TLS, "tls" },
	{ QKDSAE_ANSWER, "answer" },
	{ QKDSAE_REFUSED, "refused" },
	{ QKDSAE_DENIED, "denied" },
	{ QKDSAE_LATER, "later" },
	{ QKDSAE_NOT_FOUND, "not_found" },
	{ QKDSAE_REJECTED, "rejected" },
	{ QKDSAE_SILENT, "silent" },
	{ QKDSAE_EXPIRED, "expired" },
};

#define N(ARRAY)	(sizeof(ARRAY) / sizeof((ARRAY)[0]))

static __thread struct saewhy	last;

int
qkdsae_fault(int code, const char *reason)
{
	saewhy_set(&last, E_RANGE, "%s", reason);
	return code;
}

int
qkdsae_end(int r, const struct saewhy *w)
{
	if (r >= 0) {
		last.text[0] = '\0';
		return r;
	}
	last = *w;
	for (size_t i = 0; i < N(codes); i++)
		if (codes[i].error == -r)
			return codes[i].code;
	return QKDSAE_REFUSED;
}

const char *
qkdsae_reason(void)
{
	return last.text;
}

const char *
qkdsae_error_name(int code)
{
	for (size_t i = 0; i < N(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "unknown";
}

const char *
qkdsae_version(void)
{
	return PACKAGE_VERSION;
}

int
qkdsae_adopt(void *to, size_t octets, const void *from)
{
	const unsigned char	*p = from;
	size_t			 size;

	memset(to, 0, octets);
	if (from == NULL)
		return qkdsae_fault(QKDSAE_ARGUMENT, "NULL instead of a "
		    "structure");
	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return qkdsae_fault(QKDSAE_ARGUMENT, "the size of a "
		    "structure is not set");
	for (size_t i = octets; i < size; i++)
		if (p[i] != 0)
			return qkdsae_fault(QKDSAE_ARGUMENT, "a structure has "
			    "members that this version of the library does "
			    "not know");
	memcpy(to, from, size < octets ? size : octets);
	return 0;
}

static int
check_wanted(const struct qkdsae_wanted *w)
{
	if (w->nextensions > SAE_EXTENSIONS_MAX)
		return qkdsae_fault(QKDSAE_ARGUMENT, "too many extensions");
	for (size_t i = 0; i < w->nalso; i++)
		if (w->also[i] == NULL)
			return qkdsae_fault(QKDSAE_ARGUMENT, "also: NULL");
	for (size_t i = 0; i < w->nextensions; i++)
		if (w->extensions[i].name == NULL ||
		    w->extensions[i].value == NULL)
			return qkdsae_fault(QKDSAE_ARGUMENT, "an extension's "
			    "name or value: NULL");
	return 0;
}

int
qkdsae_wish(struct saeget *g, const struct qkdsae_wanted *wanted,
    struct saeextension *extensions)
{
	struct qkdsae_wanted	w;
	int			r;

	*g = (struct saeget){ .number = 1 };
	if (wanted == NULL)
		return 0;
	if ((r = qkdsae_adopt(&w, sizeof(w), wanted)) < 0 ||
	    (r = check_wanted(&w)) < 0)
		return r;
	for (size_t i = 0; i < w.nextensions; i++)
		extensions[i] = (struct saeextension){ w.extensions[i].name,
		    w.extensions[i].value, w.extensions[i].mandatory != 0 };
	g->number = w.number != 0 ? w.number : 1;
	g->size = w.bits;
	g->extensions = extensions;
	g->nextensions = w.nextensions;
	g->also = w.also;
	g->nalso = w.nalso;
	return 0;
}

/* ---- keys; a struct qkdsae_keys is a struct saekeys ---- */

static const struct saekey *
key(const struct qkdsae_keys *k, size_t i)
{
	return &((const struct saekeys *)k)->key[i];
}

size_t
qkdsae_keys_number(const struct qkdsae_keys *k)
{
	return ((const struct saekeys *)k)->n;
}

const char *
qkdsae_keys_id(const struct qkdsae_keys *k, size_t i)
{
	return key(k, i)->id;
}

const unsigned char *
qkdsae_keys_octets(const struct qkdsae_keys *k, size_t i, size_t *octets)
{
	*octets = key(k, i)->octets;
	return key(k, i)->bytes;
}

const char *
qkdsae_keys_extension(const struct qkdsae_keys *k, size_t i)
{
	return key(k, i)->extension;
}

void
qkdsae_keys_free(struct qkdsae_keys **k)
{
	struct saekeys	*keys = (struct saekeys *)*k;

	saekeys_free(&keys);
	*k = NULL;
}
