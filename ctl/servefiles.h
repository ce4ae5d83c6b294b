/* servefiles.h - the files of ctl/page/, as they stand in the program. */
#ifndef CTL_SERVEFILES_H
#define CTL_SERVEFILES_H

#include <stddef.h>

struct servefile {
	const char		*path, *type;
	const unsigned char	*octets;
	size_t			 len;
};

extern const struct servefile	servefiles[];	/* the last has no path */

#endif
