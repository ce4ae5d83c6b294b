/* auditrow.c - rows of the record: their columns, checks and hashes. */
#include "auditrow.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"

#define CONTEXT		"qkdnode audit row 1"	/* with its 0 */
#define BUFFER		1024

static const struct { const char *name, *meaning; } events[] = {
#define EVENT(name, text, meaning)	{ text, meaning },
#include "auditevent.def"
#undef EVENT
};

const char *
auditrow_event(enum audit_event e)
{
	return events[e].name;
}

const char *
auditrow_meaning(enum audit_event e)
{
	return events[e].meaning;
}

int
auditrow_find(const char *event)
{
	for (int i = 0; i < AUDIT_EVENTS; i++)
		if (strcmp(events[i].name, event) == 0)
			return i;
	return -1;
}

/* ---- columns ---- */

static struct audit_value
text(const char *p)
{
	return p == NULL ? (struct audit_value){ .type = AUDIT_NULL } :
	    (struct audit_value){ AUDIT_TEXT, (int64_t)strlen(p), p };
}

static struct audit_value
number(uint64_t n, bool there)
{
	return there ? (struct audit_value){ AUDIT_NUMBER, (int64_t)n, NULL } :
	    (struct audit_value){ .type = AUDIT_NULL };
}

void
auditrow_values(const struct audit_row *r, uint64_t at,
    struct audit_value v[AUDIT_COLUMNS])
{
	v[AUDIT_AT] = number(at, true);
	v[AUDIT_EVENT] = text(events[r->event].name);
	v[AUDIT_LINK] = text(r->link);
	v[AUDIT_PEER] = text(r->peer);
	v[AUDIT_SOURCE] = text(r->source);
	v[AUDIT_DESTINATION] = text(r->destination);
	v[AUDIT_APPLICATION] = text(r->application);
	v[AUDIT_REQUEST] = number(r->request, r->request != 0);
	v[AUDIT_BLOCK] = number(r->block, r->block != 0);
	v[AUDIT_FIRST] = number(r->first, r->count != 0);
	v[AUDIT_LAST] = number(r->last, r->count != 0);
	v[AUDIT_COUNT] = number(r->count, r->count != 0);
	v[AUDIT_OCTETS] = number(r->octets, r->octets != 0);
	v[AUDIT_DETAIL] = text(r->detail);
}

/* What a column may hold: a text or number, NULL or not. */
static const struct { int type; bool null; } kinds[AUDIT_COLUMNS] = {
	[AUDIT_AT] = { AUDIT_NUMBER, false },
	[AUDIT_EVENT] = { AUDIT_TEXT, false },
	[AUDIT_LINK] = { AUDIT_TEXT, true },
	[AUDIT_PEER] = { AUDIT_TEXT, true },
	[AUDIT_SOURCE] = { AUDIT_TEXT, true },
	[AUDIT_DESTINATION] = { AUDIT_TEXT, true },
	[AUDIT_APPLICATION] = { AUDIT_TEXT, true },
	[AUDIT_REQUEST] = { AUDIT_NUMBER, true },
	[AUDIT_BLOCK] = { AUDIT_NUMBER, true },
	[AUDIT_FIRST] = { AUDIT_NUMBER, true },
	[AUDIT_LAST] = { AUDIT_NUMBER, true },
	[AUDIT_COUNT] = { AUDIT_NUMBER, true },
	[AUDIT_OCTETS] = { AUDIT_NUMBER, true },
	[AUDIT_DETAIL] = { AUDIT_TEXT, true },
};

const char *
auditrow_check(const struct audit_value v[AUDIT_COLUMNS])
{
	for (int i = 0; i < AUDIT_COLUMNS; i++) {
		if (v[i].type == AUDIT_NULL ? !kinds[i].null :
		    (int)v[i].type != kinds[i].type)
			return "a column is of the wrong type";
		if (v[i].type == AUDIT_TEXT && (v[i].n < 0 ||
		    v[i].n > AUDITROW_TEXT_MAX ||
		    memchr(v[i].p, '\0', (size_t)v[i].n) != NULL))
			return "a column holds no such text";
	}
	return NULL;
}

/* ---- the hash ---- */

struct auditrow_hasher {
	EVP_MD		*md;
	EVP_MD_CTX	*ctx;
	size_t		 n;
	uint8_t		 buffer[BUFFER];
};

int
auditrow_hasher_new(struct auditrow_hasher **out)
{
	struct auditrow_hasher	*h = calloc(1, sizeof(*h));

	*out = h;
	if (h == NULL)
		return -E_NO_MEMORY;
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	if (h->md != NULL && h->ctx != NULL)
		return 0;
	auditrow_hasher_free(out);
	return -E_SYSTEM;
}

void
auditrow_hasher_free(struct auditrow_hasher **hp)
{
	struct auditrow_hasher	*h = *hp;

	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
	*hp = NULL;
}

/* Few large updates: each costs as much as a small row. */
static int
update(struct auditrow_hasher *h, const void *p, size_t len)
{
	int	ok = 1;

	if (h->n + len > sizeof(h->buffer)) {
		ok = EVP_DigestUpdate(h->ctx, h->buffer, h->n);
		h->n = 0;
	}
	if (len > sizeof(h->buffer))
		return ok && EVP_DigestUpdate(h->ctx, p, len);
	if (len > 0)
		memcpy(h->buffer + h->n, p, len);
	h->n += len;
	return ok;
}

/* A tag, then the number, or the length and the text. */
static int
update_value(struct auditrow_hasher *h, const struct audit_value *v)
{
	uint8_t	head[9] = { (uint8_t)v->type };

	if (v->type == AUDIT_NULL)
		return update(h, head, 1);
	put_be64(head + 1, (uint64_t)v->n);
	return update(h, head, sizeof(head)) && (v->type != AUDIT_TEXT ||
	    update(h, v->p, (size_t)v->n));
}

int
auditrow_hash(struct auditrow_hasher *h, uint64_t seq,
    const struct audit_value v[AUDIT_COLUMNS], uint8_t hash[AUDITROW_HASH])
{
	uint8_t	number[8];
	int	ok;

	put_be64(number, seq);
	h->n = 0;
	ok = EVP_DigestInit_ex2(h->ctx, h->md, NULL) &&
	    update(h, CONTEXT, sizeof(CONTEXT)) &&
	    update(h, hash, AUDITROW_HASH) && update(h, number, 8);
	for (int i = 0; ok && i < AUDIT_COLUMNS; i++)
		ok = update_value(h, &v[i]);
	return ok && EVP_DigestUpdate(h->ctx, h->buffer, h->n) &&
	    EVP_DigestFinal_ex(h->ctx, hash, NULL) ? 0 : -E_SYSTEM;
}

/* ---- anchors ---- */

void
auditrow_anchor_text(const struct audit_anchor *a,
    char out[AUDITROW_ANCHOR_TEXT])
{
	int	n = snprintf(out, AUDITROW_ANCHOR_TEXT, "%" PRIu64 ":",
		    a->seq);

	for (int i = 0; i < AUDITROW_HASH; i++)
		n += snprintf(out + n, AUDITROW_ANCHOR_TEXT - (size_t)n,
		    "%02x", a->hash[i]);
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
auditrow_anchor_parse(struct audit_anchor *a, const char *s)
{
	int	digits = 0, hi, lo;

	*a = (struct audit_anchor){ 0 };
	for (; *s >= '0' && *s <= '9' && digits < 18; s++, digits++)
		a->seq = a->seq * 10 + (uint64_t)(*s - '0');
	if (digits == 0 || *s++ != ':')
		return -E_BAD_FORMAT;
	for (int i = 0; i < AUDITROW_HASH; i++, s += 2) {
		if ((hi = digit(s[0])) < 0 || (lo = digit(s[1])) < 0)
			return -E_BAD_FORMAT;
		a->hash[i] = (uint8_t)(hi << 4 | lo);
	}
	return *s == '\0' ? 0 : -E_BAD_FORMAT;
}
