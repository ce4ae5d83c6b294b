/*
 * bindrow.h - a binding and its row in `issued` or `received`, as
 * BINDING_COLUMNS of keystore.sql.h has it.
 */
#ifndef KSA_BINDROW_H
#define KSA_BINDROW_H

#include <sqlite3.h>

#include "ksa/binding.h"

/* Column `fetched`: at most 4 octets per key and slave; how many. */
size_t	bindrow_stamps(const struct binding *, uint8_t *out);
/* All but the names, which the binding has already. `extra`: octets that the
 * pieces have beyond the keys if there is a copy. */
int	bindrow_decode(sqlite3_stmt *, uint32_t extra, struct binding *);

#endif
