/* storekeyfile.c - a daemon's store is opened: node key, file, data keys. */
#include "storekey.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

/* After a zeroize, which leaves the file "zeroized" above the directory of the
 * store, nothing starts over by itself. */
static int
wanted(const char *path)
{
	char	mark[PATH_MAX], *slash;

	snprintf(mark, sizeof(mark), "%s", path);
	for (int i = 0; i < 2 && (slash = strrchr(mark, '/')) != NULL; i++)
		*slash = '\0';
	if (strlen(mark) + sizeof("/zeroized") > sizeof(mark))
		return -E_CONFIG;
	strcat(mark, "/zeroized");
	if (access(mark, F_OK) < 0 && errno == ENOENT)
		return 0;
	log_err("this node was zeroized", "mark=%s remedy=\"move "
	    SYSCONFDIR "/qkdnode and " LOCALSTATEDIR "/lib/qkdnode away, then "
	    "qkdctl init; or qkdctl restore, then qkdctl init --restored\"",
	    log_quote(mark));
	return -E_CONFIG;
}

/* The node key first: without it no store is made. */
int
storekey_open_file(struct storekey **out, const struct storekey_file *f,
    struct db **db, struct sealer **writer, struct sealer **reader)
{
	struct storekey_conf	keys = { .store = f->store,
				    .tables = f->tables };
	int			r;

	if (wanted(f->path) < 0 || (keys.kek = kek_new(f->node_key)) == NULL ||
	    (*f->next != '\0' && (keys.next = kek_new(f->next)) == NULL))
		r = -E_CONFIG;
	else
		r = db_open(db, f->path, f->migrations, f->nmigrations);
	if (r < 0) {
		kek_free(&keys.kek);
		kek_free(&keys.next);
		return r;
	}
	return storekey_open(out, &keys, *db, writer, reader);
}
