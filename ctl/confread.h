/* confread.h - reads a configuration file without the daemon that owns it. */
#ifndef CTL_CONFREAD_H
#define CTL_CONFREAD_H

#include <libconfig.h>
#include <stdint.h>

#define CONFREAD_WHY	200

/* The text with a NUL; free() it. -E_NOT_FOUND, -E_DENIED, -E_BAD_FORMAT
 * (no regular file, too large, a NUL inside), with `why`. */
int	confread_text(const char *path, char **text, char why[CONFREAD_WHY]);
/* Its syntax is checked before libconfig sees it, which would follow an
 * @include. config_destroy() after 0 only. */
int	confread_parse(const char *text, config_t *, char why[CONFREAD_WHY]);
int	confread(const char *path, config_t *, char why[CONFREAD_WHY]);

const char *confread_str(const config_t *, const char *name, const char *dflt);
int64_t	confread_int(const config_t *, const char *name, int64_t dflt);
/* Groups in a list; 0: none, or it is something else. */
unsigned confread_count(const config_t *, const char *list);
/* Member `key` of a group; "": there is none. */
const char *confread_member(const config_t *, const char *list, unsigned i,
	    const char *key);
/* The group whose `key` is `id`, or -1. */
int	confread_find(const config_t *, const char *list, const char *key,
	    const char *id);

#endif
