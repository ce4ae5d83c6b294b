/*
 * ctltable.h - the commands of a control socket as tables: from a row come
 * the check of a command, who may give it, its usage and its help.
 */
#ifndef QKD_CTLTABLE_H
#define QKD_CTLTABLE_H

#include <jansson.h>
#include <stdbool.h>

struct ctl_command {
	const char	*name;		/* one word, or two: "route set" */
	const char	*args;		/* what follows, for usage; "": nothing */
	const char	*help;		/* one line */
	int		 min, max;	/* how many arguments follow the name */
	bool		 change;	/* not for those who may only look */
	/*
	 * args[0] is the (first) word of the name. A new object, which the
	 * caller frees; for an error one with "error".
	 */
	json_t		*(*run)(void *arg, int nargs, char **args);
};

/* The row that these words name, or NULL; of "route set" and "route" the
 * longer. A table ends with a row without a name. */
const struct ctl_command *ctltable_find(const struct ctl_command *, int nargs,
	    char **args);
/* Runs a row, if the number of arguments is right. */
json_t	*ctltable_run(const struct ctl_command *, void *arg, int nargs,
	    char **args);
/* Appends a table's lines of help to *text, which is NULL or from malloc();
 * -E_NO_MEMORY. */
int	 ctltable_help(const struct ctl_command *, char **text);

#endif
