/*
 * rows.h - pure: what the daemons say (node.h) as lists for people and
 * programs; the fields of a row are those of the manual page. Each is a new
 * array, empty if who knows it did not answer.
 */
#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include <jansson.h>

json_t	*rows_links(const json_t *node);
json_t	*rows_pools(const json_t *node);
json_t	*rows_peers(const json_t *node);
json_t	*rows_routes(const json_t *node);

#endif
