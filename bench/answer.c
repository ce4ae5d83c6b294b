/* answer.c - reads answers and key containers; octets in, facts out. */
#include "config.h"

#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX	4096

static const char *
header_value(const char *head, size_t len, const char *name)
{
	size_t n = strlen(name);
	const char *end = head + len, *p = head;

	while ((p = memchr(p, '\n', end - p)) != NULL) {
		p++;
		if ((size_t)(end - p) > n && p[n] == ':' &&
		    strncasecmp(p, name, n) == 0) {
			for (p += n + 1; p < end && *p == ' '; p++)
				;
			return p;
		}
	}
	return NULL;
}

int
answer_parse(struct answer *a, const char *buf, size_t len)
{
	const char *end, *value;

	end = memmem(buf, len < HEAD_MAX ? len : HEAD_MAX, "\r\n\r\n", 4);
	if (end == NULL)
		return len < HEAD_MAX ? 0 : -1;
	a->text = buf;
	a->head = end + 4 - buf;
	if (a->head < 16 || memcmp(buf, "HTTP/1.1 ", 9) != 0)
		return -1;
	a->status = atoi(buf + 9);
	value = header_value(buf, a->head, "Connection");
	a->last = value != NULL && strncasecmp(value, "close", 5) == 0;
	/* Chunked answers are not read: neither server sends them. */
	if ((value = header_value(buf, a->head, "Content-Length")) == NULL)
		return -1;
	a->body = strtoul(value, NULL, 10);
	return len >= a->head + a->body;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
answer_uuid(const char *text, size_t len, uint8_t id[16])
{
	unsigned digits = 0;

	if (len != 36)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int v = hex_digit(text[i]);

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return -1;
			continue;
		}
		if (v < 0)
			return -1;
		id[digits / 2] = digits % 2 ? id[digits / 2] | v : v << 4;
		digits++;
	}
	return 0;
}

static uint64_t
digest(const char *p, size_t len)
{
	uint64_t h = 0xcbf29ce484222325, word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	for (; len > 0; len--)
		h = (h ^ (uint8_t)*p++) * 0x100000001b3;
	return h;
}

struct scan {
	const char	*p, *end;
	const char	*name, *text;	/* the member's name; a string */
	size_t		 name_len, text_len;
};

/* The next string that is a member's value, with the member's name. */
static int
next_member(struct scan *s)
{
	const char *q;

	while ((s->p = memchr(s->p, '"', s->end - s->p)) != NULL) {
		s->p++;
		if ((q = memchr(s->p, '"', s->end - s->p)) == NULL)
			return -1;
		s->text = s->p;
		s->text_len = q - s->p;
		s->p = q + 1;
		while (s->p < s->end && *s->p == ' ')
			s->p++;
		if (s->p == s->end || *s->p != ':')
			return 1;
		s->name = s->text;
		s->name_len = s->text_len;
	}
	return 0;
}

static bool
named(const struct scan *s, const char *name, size_t len)
{
	return s->name_len == len && memcmp(s->name, name, len) == 0;
}

const char *
answer_member(const char *body, size_t len, const char *name, size_t *n)
{
	struct scan s = { body, body + len, "", NULL, 0, 0 };

	while (next_member(&s) > 0)
		if (named(&s, name, strlen(name))) {
			*n = s.text_len;
			return s.text;
		}
	return NULL;
}

static unsigned
be16(const char *p)
{
	return (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

/* The token at the head of `response`, as HTTP would have put it. */
static int
frame_status(const char *body, size_t len)
{
	static const char *const empty[] = {
		"insufficient_keys", "unavailable"
	};
	size_t n = 0;
	const char *text = answer_member(body, len, "response", &n);

	if (text == NULL)
		return 0;
	if (n == 7 && memcmp(text, "success", 7) == 0)
		return 200;
	for (size_t i = 0; i < 2; i++)
		if (n >= strlen(empty[i]) &&
		    memcmp(text, empty[i], strlen(empty[i])) == 0)
			return 503;
	return 400;
}

int
answer_frame(struct answer *a, const char *buf, size_t len)
{
	if (len < ANSWER_FRAME)
		return 0;
	a->text = buf;
	a->head = ANSWER_FRAME;
	a->body = be16(buf + 8);
	a->id = (uint32_t)be16(buf + 2) << 16 | be16(buf + 4);
	a->command = (uint16_t)be16(buf + 6);
	a->last = false;
	if (be16(buf) != 1)
		return -1;
	if (len < a->head + a->body)
		return 0;
	a->status = frame_status(buf + a->head, a->body);
	return 1;
}

int
answer_keys(const char *body, size_t len, struct answer_key *k, unsigned room,
    unsigned key_octets)
{
	struct scan s = { body, body + len, "", NULL, 0, 0 };
	unsigned ids = 0, keys = 0;
	int r;

	while ((r = next_member(&s)) > 0) {
		if (named(&s, "key_ID", 6)) {
			if (ids == room ||
			    answer_uuid(s.text, s.text_len, k[ids++].id) < 0)
				return -1;
		} else if (named(&s, "key", 3)) {
			if (keys == room ||
			    s.text_len != (key_octets + 2) / 3 * 4)
				return -1;
			k[keys++].digest = digest(s.text, s.text_len);
		}
	}
	return r < 0 || ids != keys ? -1 : (int)ids;
}

struct idset {
	size_t	 mask, n;
	uint8_t	(*id)[16];		/* all zero: free */
};

struct idset *
idset_new(size_t most)
{
	struct idset *s = calloc(1, sizeof(*s));
	size_t room = 1024;

	while (room < most * 2)
		room *= 2;
	if (s != NULL && (s->id = calloc(room, 16)) == NULL) {
		free(s);
		return NULL;
	}
	if (s != NULL)
		s->mask = room - 1;
	return s;
}

int
idset_add(struct idset *s, const uint8_t id[16])
{
	static const uint8_t none[16];
	uint64_t a, b;
	size_t at;

	memcpy(&a, id, 8);
	memcpy(&b, id + 8, 8);
	at = ((a ^ b) * 0x9e3779b97f4a7c15 >> 20) & s->mask;
	for (; memcmp(s->id[at], none, 16) != 0; at = (at + 1) & s->mask)
		if (memcmp(s->id[at], id, 16) == 0)
			return 0;
	if (s->n == s->mask / 2 + 1)
		return -1;
	memcpy(s->id[at], id, 16);
	s->n++;
	return 1;
}

void
idset_free(struct idset *s)
{
	if (s != NULL)
		free(s->id);
	free(s);
}
