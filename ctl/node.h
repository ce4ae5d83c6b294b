/*
 * node.h - what all daemons of the node say of themselves, as one object:
 *   {"run_dir": TEXT, "present": BOOL, "zeroized": BOOL, "set_up": BOOL,
 *    "daemons": {NAME: {"status": {...}, "key": {...}} or
 *	{"error": TEXT, "cause": TEXT}},	key: of who has a store
 *    "route": {...}}			what kma says of routes, if it does
 * Causes: "permission", "absent" (no socket), "ended", "silent", "refused".
 */
#ifndef CTL_NODE_H
#define CTL_NODE_H

#include <jansson.h>

#include "call.h"

/* A new object, NULL: no memory. Where the sockets are not where an installed
 * node has them, nothing is known of its files: not zeroized, and set up. */
json_t	*node_ask(const struct call *);
/* Pure: the status of a daemon in it, or NULL. */
json_t	*node_status(const json_t *node, const char *daemon);
/* Does any daemon say anything? */
bool	node_answers(const json_t *node);
/* This node's KM ID as some daemon says it, or NULL. */
const char *node_kme_id(const json_t *node);

#endif
