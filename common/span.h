/*
 * span.h - text that comes in pieces. As long as it lies whole inside the
 * octets that came, it is not copied.
 */
#ifndef QKD_SPAN_H
#define QKD_SPAN_H

#include <stddef.h>

struct span {
	const char	*p;
	size_t		 len;
	char		*own;	/* p, when copied */
	size_t		 room;
};

/* Appends. -E_NO_MEMORY. */
int	span_add(struct span *, const char *, size_t);
/* The octets that came go: what lies in them is kept. -E_NO_MEMORY. */
int	span_keep(struct span *);
/* Wipes what was copied. */
void	span_clear(struct span *);

#endif
