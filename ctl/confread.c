/* confread.c - reads a configuration file and looks into it. */
#include "confread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confscan.h"
#include "err.h"

#define FILE_MAX	(16 * 1024 * 1024)	/* octets, as conf.c */

static int
failed(int e, char why[CONFREAD_WHY])
{
	snprintf(why, CONFREAD_WHY, "%s", e == ELOOP ? "it is a symbolic link; "
	    "the file itself is expected" : strerror(e));
	return e == ENOENT ? -E_NOT_FOUND : e == EACCES || e == EPERM ?
	    -E_DENIED : -E_SYSTEM;
}

static int
fill(int fd, char *p, size_t len, char why[CONFREAD_WHY])
{
	size_t	at = 0;
	ssize_t	n = 0;

	while (at < len && (n = read(fd, p + at, len - at)) > 0)
		at += (size_t)n;
	if (n < 0)
		return failed(errno, why);
	p[at] = '\0';
	if (memchr(p, '\0', at) == NULL)
		return 0;
	snprintf(why, CONFREAD_WHY, "it holds a NUL character");
	return -E_BAD_FORMAT;
}

int
confread_text(const char *path, char **text, char why[CONFREAD_WHY])
{
	struct stat	st;
	int		fd, r = 0;

	*text = NULL;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
	    O_NOFOLLOW)) < 0 || fstat(fd, &st) < 0)
		r = failed(errno, why);
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		snprintf(why, CONFREAD_WHY, "it is no regular file of at most "
		    "%d octets", FILE_MAX);
		r = -E_BAD_FORMAT;
	} else if ((*text = malloc((size_t)st.st_size + 1)) == NULL)
		r = failed(errno, why);
	else
		r = fill(fd, *text, (size_t)st.st_size, why);
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		free(*text);
		*text = NULL;
	}
	return r;
}

int
confread_parse(const char *text, config_t *cfg, char why[CONFREAD_WHY])
{
	struct conf_place	 p;
	const char		*reason;
	int			 r;

	if ((r = confscan(text, "", &p, &reason)) < 0) {
		snprintf(why, CONFREAD_WHY, "%s", reason);
		return r;
	}
	confscan_free(&p);
	config_init(cfg);
	if (config_read_string(cfg, text) == CONFIG_TRUE)
		return 0;
	snprintf(why, CONFREAD_WHY, "line %d: %s", config_error_line(cfg),
	    config_error_text(cfg));
	config_destroy(cfg);
	return -E_BAD_FORMAT;
}

int
confread(const char *path, config_t *cfg, char why[CONFREAD_WHY])
{
	char	*text;
	int	 r;

	if ((r = confread_text(path, &text, why)) < 0)
		return r;
	r = confread_parse(text, cfg, why);
	free(text);
	return r;
}

const char *
confread_str(const config_t *cfg, const char *name, const char *dflt)
{
	const char	*v;

	return config_lookup_string(cfg, name, &v) == CONFIG_TRUE ? v : dflt;
}

int64_t
confread_int(const config_t *cfg, const char *name, int64_t dflt)
{
	long long	v;

	return config_lookup_int64(cfg, name, &v) == CONFIG_TRUE ? v : dflt;
}

unsigned
confread_count(const config_t *cfg, const char *list)
{
	config_setting_t	*s = config_lookup(cfg, list);

	return s == NULL || !config_setting_is_list(s) ? 0 :
	    (unsigned)config_setting_length(s);
}

const char *
confread_member(const config_t *cfg, const char *list, unsigned i,
    const char *key)
{
	config_setting_t	*s = config_lookup(cfg, list);
	const char		*v;

	if (s == NULL || (s = config_setting_get_elem(s, i)) == NULL ||
	    config_setting_lookup_string(s, key, &v) != CONFIG_TRUE)
		return "";
	return v;
}

int
confread_find(const config_t *cfg, const char *list, const char *key,
    const char *id)
{
	unsigned	n = confread_count(cfg, list);

	for (unsigned i = 0; i < n; i++)
		if (strcmp(confread_member(cfg, list, i, key), id) == 0)
			return (int)i;
	return -1;
}
