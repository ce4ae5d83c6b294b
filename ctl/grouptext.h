/* grouptext.h - writes a group "{ name = value; ... }", or lines of options. */
#ifndef CTL_GROUPTEXT_H
#define CTL_GROUPTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct grouptext {
	FILE	*f;
	char	*text;		/* after grouptext_end(); free() it */
	size_t	 len;
	bool	 lines;		/* one option a line, without braces */
};

int	grouptext_begin(struct grouptext *, bool lines);
/* NULL: the option is left out. */
void	grouptext_text(struct grouptext *, const char *name, const char *v);
/* The same, as a number or a truth value if it is one, else as a text. */
void	grouptext_value(struct grouptext *, const char *name, const char *v);
void	grouptext_texts(struct grouptext *, const char *name, unsigned n,
	    const char *const *v);
/* 0 or -1: no memory. */
int	grouptext_end(struct grouptext *);

#endif
