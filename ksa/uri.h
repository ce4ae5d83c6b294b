/* uri.h - request targets: path, query, percent-encoding. Pure. */
#ifndef KSA_URI_H
#define KSA_URI_H

#include <stdbool.h>
#include <stddef.h>

struct uri_text {		/* not owned, no NUL at its end */
	const char	*p;
	size_t		 len;
};

/*
 * Origin-form ("/path?query") or absolute-form ("https://host/path?query").
 * Path begins with '/'; query is without its '?', p NULL if there is none.
 * -E_BAD_FORMAT: any other form, a fragment.
 */
int	uri_split(const char *target, size_t len, struct uri_text *path,
	    struct uri_text *query);
/* Takes "/segment" off the path, still encoded; false at the end. */
bool	uri_segment(struct uri_text *path, struct uri_text *segment);
/* Takes "name=value" off the query, still encoded; false at the end. A name
 * without '=' has a value with p NULL. */
bool	uri_pair(struct uri_text *query, struct uri_text *name,
	    struct uri_text *value);
/*
 * Undoes percent-encoding, once; out gets a NUL. -E_BAD_FORMAT: broken
 * encoding, or an encoded NUL; -E_TOO_LARGE: more than room - 1 octets.
 */
int	uri_decode(const struct uri_text *, char *out, size_t room);
/* Whether it is `word` after decoding. */
bool	uri_is(const struct uri_text *, const char *word);

#endif
