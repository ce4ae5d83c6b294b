/* linkaudit.c - rows of the record of keys, of kma. */
#include "kma/linkaudit.h"

#include "err.h"
#include "kma/linkrow.h"

/* Its names stay valid until the row is written. */
int
linkaudit_end(struct linkaudit *a)
{
	sqlite3_stmt	*st;
	int		 r;

	if (!a->open)
		return 0;
	a->open = false;
	st = db_bind(a->db, "SELECT name, peer FROM qkd_link WHERE id = ?",
	    "i", (int64_t)a->link);
	if ((r = db_step(a->db, st)) != SQLITE_ROW)
		return r < 0 ? r : -E_STORE;
	a->row.link = (const char *)sqlite3_column_text(st, 0);
	a->row.peer = (const char *)sqlite3_column_text(st, 1);
	a->row.source = a->source;
	a->row.destination = a->destination;
	a->row.block = a->block;
	if (a->row.event == AUDIT_VOID || a->row.event == AUDIT_EXPIRED)
		a->row.detail = a->why;
	r = audit_add(a->audit, &a->row);
	sqlite3_reset(st);
	return r;
}

/* Blocks of one direction have every other index. */
static bool
follows(const struct linkaudit *a, enum audit_event event, uint32_t link,
    uint64_t idx)
{
	const struct audit_row	*row = &a->row;

	return a->open && row->event == event && a->link == link &&
	    idx > row->last && (row->count == 1 ? idx - row->last <= 2 :
	    idx - row->last == a->step);
}

int
linkaudit_index(struct linkaudit *a, enum audit_event event, uint32_t link,
    uint64_t idx, uint64_t octets)
{
	int	r;

	if (follows(a, event, link, idx)) {
		a->step = idx - a->row.last;
		a->row.last = idx;
		a->row.count++;
		return 0;
	}
	if ((r = linkaudit_end(a)) < 0)
		return r;
	a->open = true;
	a->link = link;
	a->row = (struct audit_row){ .event = event, .first = idx,
	    .last = idx, .count = 1, .octets = octets };
	return 0;
}

int
linkaudit_deleted(struct linkaudit *a, enum audit_event event, uint32_t link,
    sqlite3_stmt *st)
{
	uint64_t	idx;
	int		n = 0, e = 0, r;

	while ((r = db_step(a->db, st)) == SQLITE_ROW && e == 0) {
		idx = (uint64_t)sqlite3_column_int64(st, 0) &
		    ((UINT64_C(1) << LINK_SHIFT) - 1);
		e = linkaudit_index(a, event, link, idx, 0);
		n++;
	}
	if (e < 0)
		sqlite3_reset(st);
	return e < 0 ? e : r < 0 ? r : n;
}

int
linkaudit_block(struct linkaudit *a, enum audit_event event,
    const char *source, uint64_t block, uint64_t octets, const char *detail)
{
	struct audit_row	row = { .event = event, .peer = source,
				    .source = source, .block = block,
				    .octets = octets, .detail = detail };
	int			r = linkaudit_end(a);

	return r < 0 ? r : audit_add(a->audit, &row);
}

int
linkaudit_blocks_deleted(struct linkaudit *a, enum audit_event event,
    sqlite3_stmt *st, const char *why)
{
	int	e = 0, r;

	while ((r = db_step(a->db, st)) == SQLITE_ROW && e == 0)
		e = linkaudit_block(a, event,
		    (const char *)sqlite3_column_text(st, 0),
		    (uint64_t)sqlite3_column_int64(st, 1),
		    (uint64_t)sqlite3_column_int64(st, 2), why);
	if (e < 0)
		sqlite3_reset(st);
	return e < 0 ? e : r < 0 ? r : 0;
}
