/* http.c - HTTP/1.1: llhttp and what it leaves to its user. */
#include <ctype.h>
#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "span.h"

#define NAME_MAX_KEPT	20	/* of the longest that we look at, 17 */
#define VALUE_MAX_KEPT	300	/* a host name and a port */

struct http {
	llhttp_t	 parser;
	const struct http_limits *limits;
	struct http_request request;
	struct span	 target, body;
	char		 name[NAME_MAX_KEPT], value[VALUE_MAX_KEPT];
	size_t		 name_len, value_len;	/* as received, not as kept */
	char		 host[VALUE_MAX_KEPT + 1];
	size_t		 header_octets;
	size_t		 framing;	/* of the body, and trailers */
	unsigned	 headers, hosts;
	bool		 begun, in_body, complete, wants_continue, host_bad;
	bool		 after_lf;	/* the last octet of the header so far */
	char		 fault[128];
};

static int
refuse(struct http *h, const char *why)
{
	if (h->fault[0] == '\0')
		snprintf(h->fault, sizeof(h->fault), "%s", why);
	return -1;
}

static int
header_grows(struct http *h, size_t len)
{
	h->header_octets += len;
	return h->header_octets <= h->limits->header_max ? 0 :
	    refuse(h, "the request header is too large");
}

static int
on_begin(llhttp_t *l)
{
	struct http *h = l->data;

	h->begun = true;
	return 0;
}

static int
on_url(llhttp_t *l, const char *at, size_t len)
{
	struct http *h = l->data;

	if (header_grows(h, len) < 0)
		return -1;
	return span_add(&h->target, at, len) < 0 ?
	    refuse(h, "out of memory") : 0;
}

/* Appends to a text of which only the first octets are of interest. */
static void
keep(char *text, size_t room, size_t *len, const char *at, size_t n)
{
	if (*len < room)
		memcpy(text + *len, at, n < room - *len ? n : room - *len);
	*len += n;
}

static int
on_field(llhttp_t *l, const char *at, size_t len)
{
	struct http *h = l->data;

	keep(h->name, sizeof(h->name), &h->name_len, at, len);
	return header_grows(h, len);
}

static int
on_field_complete(llhttp_t *l)
{
	struct http *h = l->data;

	h->value_len = 0;
	if (++h->headers > h->limits->header_count)
		return refuse(h, "too many header fields");
	return header_grows(h, 4);	/* ": " and CRLF */
}

static int
on_value(llhttp_t *l, const char *at, size_t len)
{
	struct http *h = l->data;

	keep(h->value, sizeof(h->value), &h->value_len, at, len);
	return header_grows(h, len);
}

static bool
named(const struct http *h, const char *name)
{
	return h->name_len == strlen(name) &&
	    strncasecmp(h->name, name, h->name_len) == 0;
}

/* RFC 3986: name, IPv4 or [IPv6], then perhaps a port. Not empty. */
static bool
host_valid(const char *p, size_t len)
{
	const char *end = p + len;

	if (len > 0 && *p == '[') {
		for (p++; p < end && (isxdigit((unsigned char)*p) ||
		    *p == ':' || *p == '.'); p++)
			;
		if (p == end || *p++ != ']')
			return false;
	} else {
		while (p < end && (isalnum((unsigned char)*p) ||
		    (*p != '\0' && strchr("-._~%!$&'()*+,;=", *p) != NULL)))
			p++;
		if (p == end - len)
			return false;
	}
	if (p < end && *p == ':')
		for (p++; p < end && isdigit((unsigned char)*p); p++)
			;
	return p == end;
}

static void
keep_host(struct http *h)
{
	memcpy(h->host, h->value, h->value_len);
	h->host[h->value_len] = '\0';
}

static int
on_value_complete(llhttp_t *l)
{
	struct http *h = l->data;

	while (h->value_len > 0 && h->value_len <= sizeof(h->value) &&
	    (h->value[h->value_len - 1] == ' ' ||
	    h->value[h->value_len - 1] == '\t'))
		h->value_len--;
	if (!h->in_body && named(h, "Host")) {	/* not in a trailer */
		h->hosts++;
		if (h->value_len > sizeof(h->value) ||
		    !host_valid(h->value, h->value_len))
			h->host_bad = true;
		else
			keep_host(h);
	}
	if (!h->in_body && named(h, "Expect") && h->value_len == 12 &&
	    strncasecmp(h->value, "100-continue", 12) == 0)
		h->wants_continue = true;
	/* llhttp takes any other coding, if this one is the last. */
	if (!h->in_body && named(h, "Transfer-Encoding") &&
	    (h->value_len != 7 || strncasecmp(h->value, "chunked", 7) != 0))
		return refuse(h, "the only Transfer-Encoding is chunked");
	h->name_len = 0;
	return 0;
}

static enum http_method
method_of(const llhttp_t *l)
{
	switch (l->method) {
	case HTTP_GET:
		return HTTP_M_GET;
	case HTTP_POST:
		return HTTP_M_POST;
	case HTTP_HEAD:
		return HTTP_M_HEAD;
	default:
		return HTTP_M_OTHER;
	}
}

static int
check_head(struct http *h)
{
	llhttp_t *l = &h->parser;
	bool	 old = l->http_minor == 0;

	if (l->http_major != 1 || l->http_minor > 1)
		return refuse(h, "the HTTP version shall be 1.1 or 1.0");
	if (h->hosts > 1 || (h->hosts == 0 && !old))
		return refuse(h, "there shall be exactly one Host field");
	if (h->host_bad)
		return refuse(h, "the Host field is not valid");
	if (old && l->flags & F_TRANSFER_ENCODING)
		return refuse(h, "HTTP/1.0 has no Transfer-Encoding");
	if (l->flags & F_CONTENT_LENGTH &&
	    l->content_length > h->limits->body_max)
		return refuse(h, "the request body is too large");
	return 0;
}

static int
on_head_complete(llhttp_t *l)
{
	struct http *h = l->data;
	bool	 body = l->flags & F_CHUNKED || l->content_length > 0;

	if (check_head(h) < 0)
		return -1;
	h->request.method = method_of(l);
	h->request.method_name = llhttp_method_name(l->method);
	h->request.old = l->http_minor == 0;
	h->in_body = true;
	h->wants_continue &= body && !h->request.old;
	l->upgrade = 0;		/* an Upgrade may be ignored; so we do */
	return HPE_PAUSED;	/* http_feed() looks where the header ends */
}

static int
on_body(llhttp_t *l, const char *at, size_t len)
{
	struct http *h = l->data;

	if (len > h->limits->body_max - h->body.len)
		return refuse(h, "the request body is too large");
	return span_add(&h->body, at, len) < 0 ?
	    refuse(h, "out of memory") : 0;
}

static int
on_complete(llhttp_t *l)
{
	struct http *h = l->data;

	h->request.keep_alive = llhttp_should_keep_alive(l);
	h->complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t *
settings(void)
{
	static llhttp_settings_t s;

	if (s.on_url == NULL) {
		llhttp_settings_init(&s);
		s.on_message_begin = on_begin;
		s.on_header_field = on_field;
		s.on_header_field_complete = on_field_complete;
		s.on_header_value = on_value;
		s.on_header_value_complete = on_value_complete;
		s.on_headers_complete = on_head_complete;
		s.on_body = on_body;
		s.on_message_complete = on_complete;
		s.on_url = on_url;
	}
	return &s;
}

struct http *
http_new(const struct http_limits *limits)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->limits = limits;
	http_reset(h);
	return h;
}

void
http_reset(struct http *h)
{
	http_next(h);
	h->fault[0] = '\0';
	llhttp_init(&h->parser, HTTP_REQUEST, settings());
	h->parser.data = h;
}

void
http_free(struct http **hp)
{
	if (*hp == NULL)
		return;
	span_clear(&(*hp)->target);
	span_clear(&(*hp)->body);
	free(*hp);
	*hp = NULL;
}

static enum http_event
fault_event(struct http *h)
{
	if (h->fault[0] == '\0')
		snprintf(h->fault, sizeof(h->fault),
		    "this is not valid HTTP/1.1: %s",
		    llhttp_get_error_reason(&h->parser));
	return HTTP_FAULT;
}

static enum http_event
whole_event(struct http *h)
{
	struct http_request *r = &h->request;

	r->target = h->target.p;
	r->target_len = h->target.len;
	r->body = h->body.p;
	r->body_len = h->body.len;
	r->host = h->host;
	return HTTP_WHOLE;
}

/* The parser stands still where a callback said so. */
static enum http_event
paused_event(struct http *h, size_t rest)
{
	bool	waits = h->wants_continue && rest == 0;

	if (h->complete)
		return whole_event(h);
	h->wants_continue = false;
	return waits ? HTTP_CONTINUE : HTTP_MORE;
}

/* A line that begins with a blank belongs to the one before (RFC 7230 3.2.4,
 * obs-fold); llhttp takes it, others read it differently. */
static bool
folded(struct http *h, const char *p, size_t n)
{
	const char *end = p + n, *lf;

	for (; p < end; p = lf + 1) {
		if (h->after_lf && (*p == ' ' || *p == '\t'))
			return true;
		lf = memchr(p, '\n', end - p);
		h->after_lf = lf != NULL;
		if (lf == NULL)
			break;
	}
	return false;
}

/* Chunk sizes and extensions; one chunk for each octet is allowed. */
static int
framing_grows(struct http *h, size_t len)
{
	h->framing += len;
	return h->framing <= h->limits->header_max + 16 * h->body.len ? 0 :
	    refuse(h, "this is more chunk header than body");
}

/* One step of the parser, to a pause or the end of the octets. */
static enum http_event
advance(struct http *h, const char *at, size_t n, size_t *used)
{
	bool	 header = !h->in_body;
	size_t	 body = h->body.len;
	llhttp_errno_t e;

	llhttp_resume(&h->parser);
	e = llhttp_execute(&h->parser, at, n);
	*used = e == HPE_OK ? n : 0;
	if (e == HPE_PAUSED)
		*used = llhttp_get_error_pos(&h->parser) - at;
	else if (e != HPE_OK)
		return fault_event(h);
	if (header && folded(h, at, *used)) {
		refuse(h, "a header field is folded");
		return HTTP_FAULT;
	}
	if (!header && framing_grows(h, *used - (h->body.len - body)) < 0)
		return HTTP_FAULT;
	return e == HPE_OK ? HTTP_MORE : paused_event(h, n - *used);
}

enum http_event
http_feed(struct http *h, const uint8_t *p, size_t n, size_t *used)
{
	const char	*at = (const char *)p;
	enum http_event	 ev;
	bool		 header;
	size_t		 k;

	*used = 0;
	do {
		header = !h->in_body;
		ev = advance(h, at + *used, n - *used, &k);
		*used += k;
	} while (ev == HTTP_MORE && (*used < n || header != !h->in_body));
	if ((ev == HTTP_MORE || ev == HTTP_CONTINUE) &&
	    (span_keep(&h->target) < 0 || span_keep(&h->body) < 0)) {
		refuse(h, "out of memory");
		return HTTP_FAULT;
	}
	return ev;
}

const struct http_request *
http_request(const struct http *h)
{
	return &h->request;
}

const char *
http_fault(const struct http *h)
{
	return h->fault;
}

void
http_next(struct http *h)
{
	span_clear(&h->target);
	span_clear(&h->body);
	memset(&h->request, 0, sizeof(h->request));
	h->name_len = h->value_len = h->header_octets = h->framing = 0;
	h->headers = h->hosts = 0;
	h->host[0] = '\0';
	h->begun = h->in_body = h->complete = false;
	h->wants_continue = h->host_bad = h->after_lf = false;
}

enum http_phase
http_phase(const struct http *h)
{
	if (!h->begun || h->complete)
		return HTTP_IDLE;
	return h->in_body ? HTTP_BODY : HTTP_HEADER;
}
