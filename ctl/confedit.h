/*
 * confedit.h - puts a group into a list of a configuration file's text, or
 * takes one out. Comments and layout stay as they are.
 */
#ifndef CTL_CONFEDIT_H
#define CTL_CONFEDIT_H

#include <stdbool.h>
#include <stddef.h>

struct confedit {
	char	*text;		/* with a NUL; confedit_free() */
	char	 why[160];	/* what was wrong, after an error */
};

int	confedit_open(struct confedit *, const char *text);
void	confedit_free(struct confedit *);
/* Whether the list has a group whose member `key` is the text `id`. */
int	confedit_has(struct confedit *, const char *list, const char *key,
	    const char *id, bool *has);
/*
 * `group` is "{ name = value; ... }" with key = id in it. The list is made
 * if there is none. -E_EXISTS: id stands there; -E_BAD_FORMAT: the text (or
 * what would become of it) cannot be read. Nothing changes with an error.
 */
int	confedit_add(struct confedit *, const char *list, const char *key,
	    const char *id, const char *group);
/* -E_NOT_FOUND: no group with that id. */
int	confedit_remove(struct confedit *, const char *list, const char *key,
	    const char *id);
/* A text in quotes, as the file has it; free() it. NULL: no memory. */
char	*confedit_quote(const char *);

#endif
