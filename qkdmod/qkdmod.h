/* qkdmod.h - the options of a qkdmod, by its table in conf.c. */
#ifndef QKDMOD_QKDMOD_H
#define QKDMOD_QKDMOD_H

#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "ident.h"

#define QKDMOD_PATH_MAX	4096

struct qkdmod_conf {
	char	link[LINK_NAME_MAX + 1];
	char	run_dir[QKDMOD_PATH_MAX];
	char	user_kma[64];
	int64_t	locked_memory;		/* octets */
	int	confine;		/* enum confine_mode */
	struct conf_strings	confine_keep;
	int	driver;			/* index into driver_names */
	int64_t	block_octets;
	char	sim_seed_file[QKDMOD_PATH_MAX];
	int64_t	sim_rate;		/* bits/s */
	int64_t	sim_lump;		/* ms */
	int64_t	sim_buffer;		/* blocks */
	int64_t	sim_qber;		/* ppm; 0: it does not tell */
};

extern const struct conf_opt	qkdmod_options[];
/* What the table cannot say. 0 or -E_CONFIG, the reasons in err. */
int	qkdmod_conf_check(const struct qkdmod_conf *, const char *path,
	    FILE *err);

#endif
