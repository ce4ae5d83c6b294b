/* err.h - error numbers; functions return 0 or the negative of one. */
#ifndef QKD_ERR_H
#define QKD_ERR_H

enum err {
	E_OK = 0,
#define ERR(name, text) name,
#include "err.def"
#undef ERR
	E_MAX
};

/* What an error means, for a log or a person. Takes either sign. */
const char	*err_text(int);
/* Its short name, "E_SPENT". */
const char	*err_name(int);

#endif
