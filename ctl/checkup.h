/*
 * checkup.h - qkdctl check: looks at all that a node stands on, changes
 * nothing. Each finding says what to do.
 */
#ifndef CTL_CHECKUP_H
#define CTL_CHECKUP_H

#include <jansson.h>
#include <libconfig.h>
#include <stdbool.h>

#include "call.h"

#define CHECK_PATH	1200

enum check_level { CHECK_NOTE, CHECK_WARNING, CHECK_ERROR };

struct check_conf {
	config_t	cfg;
	bool		there;		/* read, and its syntax is right */
	char		path[CHECK_PATH];
};

struct check {
	const struct call *call;
	const char	*root;		/* before every path; "": none */
	char		 etc[CHECK_PATH];
	const char	*daemons;
	struct check_conf kma, ksa, relayd;
	const char	*area;		/* of what is looked at now */
	json_t		*findings;
	unsigned	 count[CHECK_ERROR + 1];
};

/* argv[0] is "check". 0 all is well, 1 warnings, 2 errors, 3 usage. */
int	checkcmd(const struct call *, int argc, char **argv);

/* where: a file, a unit or an address; remedy: a command, or what to do. */
void	check_say(struct check *, enum check_level, const char *where,
	    const char *remedy, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));
/* With the root before it. */
void	check_path(const struct check *, const char *path,
	    char out[CHECK_PATH]);
/* qkdmod-LINK.conf */
void	check_module_path(const struct check *, const char *link,
	    char out[CHECK_PATH]);

/* The checks; each has a file of its own. */
bool	check_zeroized(struct check *);		/* checkhost.c */
void	check_conf(struct check *);		/* checkconf.c */
void	check_agree(struct check *);		/* checkagree.c */
void	check_certificates(struct check *);	/* checkcert.c */
void	check_permissions(struct check *);	/* checkperm.c */
void	check_clock(struct check *);		/* checkhost.c */
void	check_disk(struct check *);
void	check_kernel(struct check *);
void	check_units(struct check *);		/* checkunit.c */
void	check_memory(struct check *);
void	check_peers(struct check *);		/* checkpeer.c */

#endif
