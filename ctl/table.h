/*
 * table.h - rows of JSON as a table. What a column shows is told by its kind;
 * a field that is missing or of another type is "-". Foreign text is shown
 * without what a terminal obeys.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <jansson.h>
#include <stddef.h>

enum table_kind {
	TABLE_TEXT, TABLE_INT,
	TABLE_OCTETS,		/* 12.5 KiB */
	TABLE_RATE,		/* octets/s as 100.0 kbit/s */
	TABLE_BOOL,		/* yes, no */
	TABLE_TIME,		/* ms since 1970, local time */
	TABLE_DAYS,		/* the same as days from now */
	TABLE_LIST		/* of texts */
};

struct table_column {		/* key NULL: the end */
	const char	*key, *head;
	enum table_kind	 kind;
};

#define TABLE_CELL	512

/* Pure but for the clock of TABLE_DAYS. */
char	*table_cell(char out[TABLE_CELL], const struct table_column *,
	    const json_t *row);
/* The whole of it, free() it; "" without rows; NULL: no memory. Not wider
 * than `width` columns of a terminal, 0: as wide as it is. */
char	*table_text(const struct table_column *, const json_t *rows,
	    size_t width);

#endif
