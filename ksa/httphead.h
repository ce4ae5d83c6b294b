/* httphead.h - the head of an HTTP answer. */
#ifndef KSA_HTTPHEAD_H
#define KSA_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTPHEAD_MAX	512
/*
 * Writes the head of an answer and returns its length. `extra`: further
 * lines, each with CRLF, at most 128 octets; or NULL.
 */
size_t	httphead(char out[HTTPHEAD_MAX], int code, size_t body_len,
	    const char *extra, bool keep_alive, bool old);

#endif
