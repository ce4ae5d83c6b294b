#include "config.h"

#include "saerequest.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ident.h"

#define ENCODED_ROOM	(3 * SAE_ID_MAX + 1)

/* RFC 3986: all but the unreserved characters in percent-encoding. */
static int
encode(char out[ENCODED_ROOM], const char *id, const char *whose,
    struct saewhy *w)
{
	if (!sae_id_valid(id, strlen(id)))
		return saewhy_set(w, E_RANGE, "the ID of the %s SAE: 1 to %d "
		    "octets of printable UTF-8 expected", whose, SAE_ID_MAX);
	for (; *id != '\0'; id++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
		    "yz0123456789-._~", *id) != NULL)
			*out++ = *id;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*id);
	}
	*out = '\0';
	return 0;
}

/* `body` is NULL for GET; it is freed. */
static int
request(char **out, const char *kme, const char *id, const char *what,
    char *body, struct saewhy *w)
{
	int	n;

	for (const char *p = kme; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~') {
			free(body);
			return saewhy_set(w, E_RANGE, "the address \"%s\" has "
			    "characters that no address has", kme);
		}
	if (body == NULL)
		n = asprintf(out, "GET /api/v1/keys/%s/%s HTTP/1.1\r\n"
		    "Host: %s\r\nAccept: application/json\r\n\r\n", id, what,
		    kme);
	else
		n = asprintf(out, "POST /api/v1/keys/%s/%s HTTP/1.1\r\n"
		    "Host: %s\r\nAccept: application/json\r\n"
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n\r\n%s", id, what, kme,
		    strlen(body), body);
	free(body);
	if (n < 0) {
		*out = NULL;
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	}
	return 0;
}

/* Eats the object. */
static int
post(char **out, const char *kme, const char *id, const char *what,
    json_t *object, struct saewhy *w)
{
	char	*body = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (body == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	return request(out, kme, id, what, body, w);
}

int
saerequest_status(char **out, const char *kme, const char *slave,
    struct saewhy *w)
{
	char	id[ENCODED_ROOM];
	int	r;

	*out = NULL;
	if ((r = encode(id, slave, "slave", w)) < 0)
		return r;
	return request(out, kme, id, "status", NULL, w);
}

static int
add_also(json_t *object, const struct saeget *g, struct saewhy *w)
{
	json_t	*array;

	if (g->nalso == 0)
		return 0;
	if (g->nalso > SAE_ALSO_MAX)
		return saewhy_set(w, E_RANGE, "%d additional slave SAEs at "
		    "most", SAE_ALSO_MAX);
	array = json_array();
	json_object_set_new(object, "additional_slave_SAE_IDs", array);
	for (size_t i = 0; i < g->nalso; i++) {
		if (!sae_id_valid(g->also[i], strlen(g->also[i])))
			return saewhy_set(w, E_RANGE, "the ID of an "
			    "additional slave SAE: 1 to %d octets of "
			    "printable UTF-8 expected", SAE_ID_MAX);
		json_array_append_new(array, json_string(g->also[i]));
	}
	return 0;
}

static int
add_extension(json_t *object, const struct saeextension *e,
    struct saewhy *w)
{
	const char	*where = e->mandatory ? "extension_mandatory" :
			    "extension_optional";
	json_t		*value, *one, *array;

	value = json_loads(e->value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
	    NULL);
	if (value == NULL || (one = json_object()) == NULL ||
	    json_object_set_new(one, e->name, value) < 0)
		return saewhy_set(w, E_RANGE, "extension %s: \"%s\" is not "
		    "JSON (a text needs quotes: \"\\\"text\\\"\")", e->name,
		    e->value);
	if ((array = json_object_get(object, where)) == NULL) {
		array = json_array();
		json_object_set_new(object, where, array);
	}
	json_array_append_new(array, one);
	return 0;
}

int
saerequest_extensions(json_t *object, const struct saeget *g,
    struct saewhy *w)
{
	int	r = 0;

	if (g->nextensions > SAE_EXTENSIONS_MAX)
		return saewhy_set(w, E_RANGE, "%d extensions at most",
		    SAE_EXTENSIONS_MAX);
	for (size_t i = 0; r == 0 && i < g->nextensions; i++)
		r = add_extension(object, &g->extensions[i], w);
	return r;
}

int
saerequest_check(const struct saeget *g, struct saewhy *w)
{
	if (g->number < 1 || g->number > SAE_KEYS_MAX)
		return saewhy_set(w, E_RANGE, "number of keys: 1 to %d "
		    "expected", SAE_KEYS_MAX);
	if (g->size > SAE_KEY_OCTETS * 8)
		return saewhy_set(w, E_RANGE, "size: at most %d bits",
		    SAE_KEY_OCTETS * 8);
	return 0;
}

int
saerequest_get(char **out, const char *kme, const struct saeget *g,
    struct saewhy *w)
{
	json_t	*object = json_object();
	char	 id[ENCODED_ROOM];
	int	 r;

	*out = NULL;
	json_object_set_new(object, "number", json_integer(g->number));
	if (g->size != 0)
		json_object_set_new(object, "size", json_integer(g->size));
	if ((r = encode(id, g->slave, "slave", w)) == 0 &&
	    (r = saerequest_check(g, w)) == 0)
		r = add_also(object, g, w);
	if (r == 0)
		r = saerequest_extensions(object, g, w);
	if (r == 0)
		return post(out, kme, id, "enc_keys", object, w);
	json_decref(object);
	return r;
}

int
saerequest_ids(uint8_t (*out)[16], const struct saefetch *f, struct saewhy *w)
{
	if (f->n < 1 || f->n > SAE_KEYS_MAX)
		return saewhy_set(w, E_RANGE, "key_IDs: 1 to %d of them "
		    "expected", SAE_KEYS_MAX);
	for (size_t i = 0; i < f->n; i++)
		if (uuid_parse(f->ids[i], strlen(f->ids[i]), out[i]) < 0)
			return saewhy_set(w, E_RANGE, "\"%s\" is not a "
			    "key_ID: a UUID such as 550e8400-e29b-41d4-a716-"
			    "446655440000 expected", f->ids[i]);
	return 0;
}

static int
add_ids(json_t *object, const struct saefetch *f, struct saewhy *w)
{
	json_t	*array = json_array();
	uint8_t	 ids[SAE_KEYS_MAX][16];
	int	 r;

	json_object_set_new(object, "key_IDs", array);
	if ((r = saerequest_ids(ids, f, w)) < 0)
		return r;
	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(array, json_pack("{s:s}", "key_ID",
		    f->ids[i]));
	return 0;
}

int
saerequest_fetch(char **out, const char *kme, const struct saefetch *f,
    struct saewhy *w)
{
	json_t	*object = json_object();
	char	 id[ENCODED_ROOM];
	int	 r;

	*out = NULL;
	if ((r = encode(id, f->master, "master", w)) == 0)
		r = add_ids(object, f, w);
	if (r == 0)
		return post(out, kme, id, "dec_keys", object, w);
	json_decref(object);
	return r;
}
