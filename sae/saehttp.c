/* saehttp.c - HTTP responses: llhttp and what it leaves to its user. */
#include "saehttp.h"

#include <llhttp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "saemem.h"

#define HEADER_MAX	16384	/* octets of status line and header */
#define HEADERS_MAX	100
#define INTERIM_MAX	8	/* "100 Continue" and the like */

struct saehttp {
	llhttp_t	 parser;
	llhttp_settings_t settings;
	size_t		 body_max, room, len;
	char		*body;
	size_t		 header_octets;
	unsigned	 headers, interims, status;
	bool		 whole, keep_alive;
	char		 fault[128];
};

static int
refuse(struct saehttp *h, const char *why)
{
	if (h->fault[0] == '\0')
		snprintf(h->fault, sizeof(h->fault), "%s", why);
	return -1;
}

static int
on_header(llhttp_t *l, const char *at, size_t len)
{
	struct saehttp	*h = l->data;

	(void)at;
	h->header_octets += len;
	return h->header_octets <= HEADER_MAX ? 0 :
	    refuse(h, "the header is too large");
}

static int
on_field_complete(llhttp_t *l)
{
	struct saehttp	*h = l->data;

	return ++h->headers <= HEADERS_MAX ? 0 :
	    refuse(h, "too many header fields");
}

/* Locked memory is scarce: no more than the response says it needs. */
static int
make_room(struct saehttp *h)
{
	const llhttp_t	*l = &h->parser;

	h->room = h->body_max;
	if (l->flags & F_CONTENT_LENGTH) {
		if (l->content_length > h->body_max)
			return refuse(h, "the body is too large");
		h->room = (size_t)l->content_length;
	}
	saemem_free(h->body);
	h->body = saemem_new(h->room);
	return h->body != NULL ? 0 : refuse(h, "no locked memory for the "
	    "body: is RLIMIT_MEMLOCK (ulimit -l) too low?");
}

static int
on_head_complete(llhttp_t *l)
{
	struct saehttp	*h = l->data;

	if (l->http_major != 1 || l->http_minor > 1)
		return refuse(h, "the HTTP version is not 1.1 or 1.0");
	if (l->status_code == 101)
		return refuse(h, "a change of protocol that nobody asked for");
	if (l->status_code < 200)
		return ++h->interims <= INTERIM_MAX ? 0 :
		    refuse(h, "too many interim responses");
	return make_room(h);
}

static int
on_body(llhttp_t *l, const char *at, size_t len)
{
	struct saehttp	*h = l->data;

	if (h->body == NULL || len > h->room - h->len)
		return refuse(h, "the body is too large");
	memcpy(h->body + h->len, at, len);
	h->len += len;
	return 0;
}

static int
on_complete(llhttp_t *l)
{
	struct saehttp	*h = l->data;

	if (l->status_code < 200) {
		h->header_octets = h->headers = 0;
		return 0;		/* the response proper follows */
	}
	h->status = l->status_code;
	h->keep_alive = llhttp_should_keep_alive(l);
	h->whole = true;
	return HPE_PAUSED;
}

static void
settings_init(llhttp_settings_t *s)
{
	llhttp_settings_init(s);
	s->on_status = on_header;
	s->on_header_field = on_header;
	s->on_header_value = on_header;
	s->on_header_field_complete = on_field_complete;
	s->on_headers_complete = on_head_complete;
	s->on_body = on_body;
	s->on_message_complete = on_complete;
}

struct saehttp *
saehttp_new(size_t body_max)
{
	struct saehttp	*h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	settings_init(&h->settings);
	llhttp_init(&h->parser, HTTP_RESPONSE, &h->settings);
	h->parser.data = h;
	h->body_max = body_max;
	return h;
}

void
saehttp_free(struct saehttp **h)
{
	if (*h == NULL)
		return;
	saemem_free((*h)->body);
	free(*h);
	*h = NULL;
}

static enum saehttp_event
event(struct saehttp *h, llhttp_errno_t e)
{
	char	why[sizeof(h->fault)];

	if (h->whole)
		return SAEHTTP_WHOLE;
	if (e == HPE_OK && h->fault[0] == '\0')
		return SAEHTTP_MORE;
	snprintf(why, sizeof(why), "this is not HTTP/1.1: %.80s",
	    llhttp_get_error_reason(&h->parser));
	refuse(h, why);
	return SAEHTTP_FAULT;
}

enum saehttp_event
saehttp_feed(struct saehttp *h, const char *p, size_t n)
{
	enum saehttp_event	ev;
	const char		*end;

	if (h->whole || h->fault[0] != '\0')
		return h->whole ? SAEHTTP_WHOLE : SAEHTTP_FAULT;
	ev = event(h, llhttp_execute(&h->parser, p, n));
	end = llhttp_get_error_pos(&h->parser);
	/* Nobody asked for what follows: the next answer lies elsewhere. */
	if (ev == SAEHTTP_WHOLE && end != p + n)
		h->keep_alive = false;
	return ev;
}

enum saehttp_event
saehttp_end(struct saehttp *h)
{
	if (h->fault[0] == '\0' && !h->whole)
		llhttp_finish(&h->parser);
	h->keep_alive = false;
	if (h->whole)
		return SAEHTTP_WHOLE;
	refuse(h, "the connection ended before the answer did");
	return SAEHTTP_FAULT;
}

const char *
saehttp_fault(const struct saehttp *h)
{
	return h->fault;
}

unsigned
saehttp_status(const struct saehttp *h)
{
	return h->status;
}

char *
saehttp_body(struct saehttp *h, size_t *len)
{
	*len = h->len;
	return h->body;
}

bool
saehttp_keep_alive(const struct saehttp *h)
{
	return h->keep_alive;
}
