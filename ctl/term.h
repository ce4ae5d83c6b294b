/* term.h - what standard output is, and how JSON goes there. */
#ifndef CTL_TERM_H
#define CTL_TERM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

bool	term_colour(void);	/* a terminal, and NO_COLOR is not set */
size_t	term_width(void);	/* 0: no terminal */
/* Indented, in ASCII: what a terminal obeys is escaped. */
void	term_json(const json_t *);
/* CALL_DONE, or an error if not all could be written. */
int	term_flush(int code);

#endif
