/* linkrow.h - what linkstore.c and linktx.c share of the store: its rows. */
#ifndef KMA_LINKROW_H
#define KMA_LINKROW_H

#include "db.h"
#include "kma/linkstore.h"
#include "seal.h"

#define LINK_SHIFT	48	/* a row's key is link << 48 | index */
#define ROW(link, idx)	((int64_t)((uint64_t)(link) << LINK_SHIFT | (idx)))

struct linkstore {
	struct db		*writer, *reader;
	struct sealer		*wseal, *rseal;
	struct committer	*committer;
	struct storekey		*keys;
	struct audit		*audit;
};

/* The name of a row is what its sealed value is bound to. */
struct rowname { char text[KM_ID_MAX + 32]; size_t len; };
struct rowname	linkrow_name(const char *table, const char *source,
		    uint64_t n);
struct rowname	linkrow_part(const char *source, uint64_t block,
		    uint32_t part);

#endif
