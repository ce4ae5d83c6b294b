#include "saewhy.h"

#include <stdarg.h>
#include <stdio.h>

/* A KME's words may end on a terminal: no control characters, C1 neither. */
void
saewhy_clean(char *text)
{
	unsigned char	before = 0;

	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f ||
		    (before == 0xc2 && *p >= 0x80 && *p < 0xa0))
			*p = '?';
		before = *p;
	}
}

int
saewhy_set(struct saewhy *w, int e, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	saewhy_clean(w->text);
	return -e;
}
