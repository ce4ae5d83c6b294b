/* saewhy.h - what went wrong, in words for a person. */
#ifndef SAE_WHY_H
#define SAE_WHY_H

struct saewhy {
	char	text[1024];	/* UTF-8 without control characters */
};

/* Returns -e, so that a function can end with it. Foreign text is fine. */
int	saewhy_set(struct saewhy *, int e, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* Control characters of a foreign text become '?'. */
void	saewhy_clean(char *text);

#endif
