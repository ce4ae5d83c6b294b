/* daemons.c - finds the daemons of this node. */
#include "daemons.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "field.h"

#define MODULE	"qkdmod-"

static void
add(struct daemons *d, const char *prefix, const char *name)
{
	char	*to = d->name[d->n < DAEMONS_MAX ? d->n : 0];
	int	 n;

	if (d->n == DAEMONS_MAX || name[0] == '\0' ||
	    strchr(name, '/') != NULL)
		return;
	n = snprintf(to, DAEMON_NAME, "%s%s", prefix, name);
	if (n < 0 || n >= DAEMON_NAME)
		return;
	for (unsigned i = 0; i < d->n; i++)
		if (strcmp(d->name[i], to) == 0)
			return;
	d->n++;
}

/* Who may not ask may still list: the directory is open to all. */
static void
add_places(struct daemons *d, const char *run_dir)
{
	struct dirent	*e;
	DIR		*dir = opendir(run_dir);

	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL)
		if (strncmp(e->d_name, "ctl-" MODULE,
		    sizeof("ctl-" MODULE) - 1) == 0)
			add(d, "", e->d_name + 4);
	closedir(dir);
}

void
daemons_find(struct daemons *d, const struct call *c, const json_t *kma)
{
	size_t	 i;
	json_t	*link;

	d->n = 0;
	add(d, "", "kma");
	add(d, "", "ksa");
	add(d, "", "relayd");
	json_array_foreach(field_array(kma, "links"), i, link)
		add(d, MODULE, field_str(link, "name", ""));
	add_places(d, c->run_dir);
}
