/* confdoc.h - options described for people; conf_print_* are in conf.h. */
#ifndef QKD_CONFDOC_H
#define QKD_CONFDOC_H

#include "conf.h"

#define CONFDOC_MAX	256

/* What an option expects: "integer from 60 to 604800 s". Returns `out`. */
const char	*confdoc_expected(const struct conf_opt *,
		    char out[CONFDOC_MAX]);

#endif
