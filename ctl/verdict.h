/*
 * verdict.h - pure: is the node able to supply keys, and if not, why, and
 * what to do about it? From what its daemons say (node.h) to an object whose
 * fields are those of `qkdctl -j status` in qkdctl(1).
 */
#ifndef CTL_VERDICT_H
#define CTL_VERDICT_H

#include <jansson.h>
#include <stdint.h>

/* Exit codes as monitoring has them. */
enum verdict_code { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL,
	VERDICT_UNKNOWN };

/* `now`: ms since 1970. A new object, NULL: no memory. */
json_t	*verdict(const json_t *node, int64_t now);

#endif
