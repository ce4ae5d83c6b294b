/* storestatus.c - sizes, and readers that keep the log from being cleared. */
#include "storestatus.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define SAID_MS		10000	/* readers that are shorter are no matter */

static json_int_t
octets(const char *path, const char *suffix)
{
	char		name[PATH_MAX];
	struct stat	st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (json_int_t)st.st_size : 0;
}

json_t *
store_status(const char *path, struct committer *c, json_t *warnings)
{
	json_int_t		log = octets(path, "-wal");
	struct committer_figures f;

	committer_figures(c, &f);
	if (f.blocked >= SAID_MS)
		json_array_append_new(warnings, json_sprintf(
		    "a program has been reading %s for %" PRIu64 " s or more: "
		    "its log of %lld octets grows, and what was erased stays "
		    "in it, sealed; end that program (lslocks shows which "
		    "holds %s-shm)", path, f.blocked / 1000, (long long)log,
		    path));
	return json_pack("{s:s, s:I, s:I, s:I}", "path", path,
	    "octets", octets(path, ""), "log_octets", log,
	    "blocked_seconds", (json_int_t)(f.blocked / 1000));
}
