/* confval.h - scalar values of options, checked and stored by their type. */
#ifndef QKD_CONFVAL_H
#define QKD_CONFVAL_H

#include <stdbool.h>

#include "conf.h"

/* From the file or from the table's default. */
struct conf_value {
	enum { V_OTHER, V_INT, V_BOOL, V_TEXT } kind;
	int64_t		 i;
	const char	*s;
};

#define CONFVAL_TEXT	512

/* Not for CONF_STRINGS and CONF_LIST. NULL, or what is wrong. */
const char	*confval_set(const struct conf_opt *, void *field,
		    const struct conf_value *);
void		 confval_default(struct conf_value *, const struct conf_opt *);
void		 confval_print(const struct conf_value *,
		    char out[CONFVAL_TEXT]);
bool		 confval_printable(const char *);

#endif
