/* ctltable.c - the commands of a control socket as tables. */
#include "config.h"
#include "ctltable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "err.h"

#define HELP_COLUMN	24

/* How many words the row's name has if these are it, or 0. */
static int
words(const struct ctl_command *c, int nargs, char **args)
{
	size_t	len = strcspn(c->name, " ");

	if (strlen(args[0]) != len || strncmp(c->name, args[0], len) != 0)
		return 0;
	if (c->name[len] == '\0')
		return 1;
	return nargs > 1 && strcmp(c->name + len + 1, args[1]) == 0 ? 2 : 0;
}

const struct ctl_command *
ctltable_find(const struct ctl_command *table, int nargs, char **args)
{
	const struct ctl_command	*found = NULL;
	int				 best = 0, n;

	for (; table->name != NULL; table++) {
		if ((n = words(table, nargs, args)) <= best)
			continue;
		best = n;
		found = table;
	}
	return found;
}

json_t *
ctltable_run(const struct ctl_command *c, void *arg, int nargs, char **args)
{
	int	n = nargs - words(c, nargs, args);

	if (n < c->min || n > c->max)
		return ctl_error("usage: %s%s%s", c->name,
		    c->args[0] != '\0' ? " " : "", c->args);
	return c->run(arg, nargs, args);
}

int
ctltable_help(const struct ctl_command *table, char **text)
{
	char	*longer, left[128];

	for (; table->name != NULL; table++) {
		snprintf(left, sizeof(left), "%s%s%s", table->name,
		    table->args[0] != '\0' ? " " : "", table->args);
		if (asprintf(&longer, "%s%-*s  %s%s\n", *text != NULL ? *text :
		    "", HELP_COLUMN, left, table->help, table->change ?
		    " (root)" : "") < 0)
			return -E_NO_MEMORY;
		free(*text);
		*text = longer;
	}
	return 0;
}
