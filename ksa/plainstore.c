#include "ksa/plainstore.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/keystore.sql.h"
#include "ksa/record.h"

/* What a sealed key is bound to. */
struct bound { char text[8 + PLAIN_ID]; };

static struct bound
bound_to(const uint8_t id[PLAIN_ID])
{
	struct bound	b = { "plain" };

	memcpy(b.text + 8, id, PLAIN_ID);
	return b;
}

size_t
plainstore_sealed_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	struct bound	b;

	if (sqlite3_column_bytes(st, 3) != PLAIN_ID)
		return 0;
	b = bound_to(sqlite3_column_blob(st, 3));
	memcpy(out, &b, sizeof(b));
	return sizeof(b);
}

static int
insert(struct side *s, const struct plain_row *r, const uint8_t *sealed,
    size_t len)
{
	int	e;

	if (sealed != NULL)
		e = db_run(s->db, SQL_PLAIN_ADD, "bsissuuib", r->id,
		    (size_t)PLAIN_ID, r->km, (int64_t)r->mine, r->master,
		    r->slave, (uint64_t)r->octets, r->made,
		    (int64_t)r->state, sealed, len);
	else
		e = db_run(s->db, SQL_PLAIN_ADD, "bsissuuin", r->id,
		    (size_t)PLAIN_ID, r->km, (int64_t)r->mine, r->master,
		    r->slave, (uint64_t)r->octets, r->made,
		    (int64_t)r->state);
	return e < 0 ? e : 0;
}

int
plainstore_add(struct side *s, const struct plain_row *r,
    const uint8_t *octets)
{
	struct bound	 aad = bound_to(r->id);
	uint8_t		*sealed;
	int		 e;

	if (octets == NULL)
		return insert(s, r, NULL, 0);
	if ((sealed = malloc(r->octets + SEAL_OVERHEAD)) == NULL)
		return -E_NO_MEMORY;
	e = seal(s->sealer, sealed, octets, r->octets, &aad, sizeof(aad));
	if (e == 0)
		e = insert(s, r, sealed, r->octets + SEAL_OVERHEAD);
	free(sealed);
	return e;
}

static void
copy(char *out, size_t room, sqlite3_stmt *st, int column)
{
	const char	*text = (const char *)sqlite3_column_text(st, column);

	snprintf(out, room, "%s", text == NULL ? "" : text);
}

static int
read_row(struct side *s, sqlite3_stmt *st, struct plain_row *r, uint8_t *out)
{
	struct bound	aad = bound_to(r->id);
	int		len = sqlite3_column_bytes(st, 8);

	copy(r->km, sizeof(r->km), st, 0);
	r->mine = sqlite3_column_int(st, 1) != 0;
	copy(r->master, sizeof(r->master), st, 2);
	copy(r->slave, sizeof(r->slave), st, 3);
	r->octets = (uint32_t)sqlite3_column_int64(st, 4);
	r->made = (uint64_t)sqlite3_column_int64(st, 5);
	r->state = (enum plain_state)sqlite3_column_int(st, 6);
	r->fetched = (uint64_t)sqlite3_column_int64(st, 7);
	r->kept = sqlite3_column_type(st, 8) != SQLITE_NULL;
	if (out == NULL)
		return 0;
	if (!r->kept)
		return -E_SPENT;
	if ((size_t)len != (size_t)r->octets + SEAL_OVERHEAD)
		return -E_STORE_CORRUPT;
	return unseal(s->sealer, out, sqlite3_column_blob(st, 8),
	    (size_t)len, &aad, sizeof(aad));
}

int
plainstore_get(struct side *s, const uint8_t id[PLAIN_ID],
    struct plain_row *r, uint8_t *out)
{
	sqlite3_stmt	*st = db_bind(s->db, SQL_PLAIN_GET, "b", id,
			    (size_t)PLAIN_ID);
	int		 e;

	if (st == NULL)
		return -E_STORE;
	memset(r, 0, sizeof(*r));
	memcpy(r->id, id, PLAIN_ID);
	if ((e = db_step(s->db, st)) == SQLITE_ROW)
		e = read_row(s, st, r, out);
	else if (e == SQLITE_DONE)
		e = -E_NOT_FOUND;
	sqlite3_reset(st);
	return e;
}

static int
one(int changed)
{
	return changed < 0 ? changed : changed == 0 ? -E_SPENT : 0;
}

int
plainstore_fetch(struct side *s, const uint8_t id[PLAIN_ID], uint64_t now,
    uint64_t again)
{
	return one(db_run(s->db, SQL_PLAIN_FETCH, "buu", id,
	    (size_t)PLAIN_ID, now, again));
}

int
plainstore_settle(struct side *s, const uint8_t id[PLAIN_ID],
    enum plain_state state)
{
	return one(db_run(s->db, SQL_PLAIN_SETTLE, "bi", id,
	    (size_t)PLAIN_ID, (int64_t)state));
}

bool
plainstore_due(struct side *s, const struct plain_ages *a)
{
	return db_int(s->db, 0, SQL_PLAIN_DUE, "uuu", a->fetched, a->waited,
	    a->forgotten) != 0;
}

int
plainstore_sweep(struct side *s, const struct plain_ages *a,
    unsigned *erased, unsigned *expired)
{
	int	r;

	if ((r = db_run(s->db, SQL_PLAIN_ERASE, "u", a->fetched)) < 0)
		return r;
	*erased = (unsigned)r;
	if ((r = db_run(s->db, SQL_PLAIN_EXPIRE, "u", a->waited)) < 0)
		return r;
	*expired = (unsigned)r;
	if ((r = record_many(s, AUDIT_ERASED, 0, (int)*erased,
	    "keys of plain peers")) < 0 ||
	    (r = record_many(s, AUDIT_EXPIRED, 0, (int)*expired,
	    "keys of plain peers")) < 0)
		return r;
	r = db_run(s->db, SQL_PLAIN_FORGET, "u", a->forgotten);
	return r < 0 ? r : 0;
}

uint64_t
plainstore_count(struct side *s, const char *km)
{
	return (uint64_t)db_int(s->db, 0, SQL_PLAIN_COUNT, "s", km);
}

int
plainstore_start(struct side *s, bool back)
{
	int	r;

	if ((r = db_run(s->db, SQL_PLAIN_VOID_ASKED, "")) < 0 ||
	    (r = record_many(s, AUDIT_VOID, 0, r, "keys of plain peers that "
	    "were asked for at the stop")) < 0)
		return r;
	if (back && (r = db_run(s->db, SQL_PLAIN_VOID_ALL, "")) >= 0)
		r = record_many(s, AUDIT_VOID, 0, r, "keys of plain peers: "
		    "the store went back in time");
	return r < 0 ? r : 0;
}
