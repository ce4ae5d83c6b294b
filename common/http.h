/*
 * http.h - HTTP/1.1 on the server's side as a pure state machine: octets in,
 * whole requests out, one at a time. Built on llhttp in its strict mode;
 * what that lets pass (versions, Host, counts, sizes) is checked here.
 */
#ifndef QKD_HTTP_H
#define QKD_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;

struct http_limits {
	size_t		header_max;	/* octets of request line and header */
	unsigned	header_count;
	size_t		body_max;
};

enum http_method { HTTP_M_GET, HTTP_M_POST, HTTP_M_HEAD, HTTP_M_OTHER };

struct http_request {
	enum http_method method;
	const char	*method_name;
	const char	*target;
	size_t		 target_len;
	const char	*body;
	size_t		 body_len;
	const char	*host;		/* as received; "": none (HTTP/1.0) */
	bool		 keep_alive;
	bool		 old;		/* HTTP/1.0 */
};

enum http_event {
	HTTP_MORE,	/* all was used up, the request is not whole yet */
	HTTP_CONTINUE,	/* the client waits for "100 Continue" */
	HTTP_WHOLE,	/* http_request() is valid until these octets go */
	HTTP_FAULT,	/* http_fault() says why; nothing can follow */
};

enum http_phase { HTTP_IDLE, HTTP_HEADER, HTTP_BODY };

struct http *http_new(const struct http_limits *);	/* limits: kept */
void	http_free(struct http **);		/* wipes */
/* As new; for another connection. */
void	http_reset(struct http *);
enum http_event http_feed(struct http *, const uint8_t *, size_t,
	    size_t *used);
const struct http_request *http_request(const struct http *);
const char *http_fault(const struct http *);
/* The request is answered: its octets are wiped, the next may come. */
void	http_next(struct http *);
/* Where the request stands that is being received. */
enum http_phase http_phase(const struct http *);

#endif
