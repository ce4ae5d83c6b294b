/* storekey.c - data keys: opened, made, replaced; see storekey.h. */
#include "storekeyimpl.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "secret.h"

#define SQL_EACH "SELECT id, made, seals, wrapped, wrapped_next" \
	" FROM store_key ORDER BY id"
#define SQL_ADD "INSERT INTO store_key (id, made, seals, wrapped)" \
	" VALUES (?, ?, ?, ?)"

/* What a wrapped key is bound to. */
struct bound { char text[64]; size_t len; };

static struct bound
bound_to(const struct storekey *k, uint64_t id)
{
	struct bound	a = { "store_key", sizeof("store_key") };
	size_t		n = strlen(k->conf.store) + 1;

	memcpy(a.text + a.len, k->conf.store, n);
	put_be64((uint8_t *)a.text + a.len + n, id);
	a.len += n + 8;
	return a;
}

static int
wrap(const struct storekey *k, struct kek *kek, uint64_t id,
    const uint8_t key[SEAL_KEY], uint8_t out[KEK_WRAPPED])
{
	struct bound	a = bound_to(k, id);

	return kek_wrap(kek, out, key, a.text, a.len);
}

/* ---- a row ---- */

/* Two at most: it is called with no other statement of its text open. */
int
storekey_rows(struct db *db, struct storekey_row rows[2])
{
	sqlite3_stmt	*st = db_bind(db, SQL_EACH, "");
	int		 n = 0, r;

	while ((r = db_step(db, st)) == SQLITE_ROW && n < 2) {
		struct storekey_row	*row = &rows[n++];

		*row = (struct storekey_row){
			.id = (uint64_t)sqlite3_column_int64(st, 0),
			.made = (uint64_t)sqlite3_column_int64(st, 1),
			.seals = (uint64_t)sqlite3_column_int64(st, 2) };
		for (int i = 0; i < 2; i++) {
			if (sqlite3_column_bytes(st, 3 + i) != KEK_WRAPPED)
				continue;
			memcpy(row->wrapped[i], sqlite3_column_blob(st, 3 + i),
			    KEK_WRAPPED);
			row->there[i] = true;
		}
	}
	if (r == SQLITE_ROW) {
		sqlite3_reset(st);
		return -E_STORE_CORRUPT;
	}
	return r < 0 ? r : n;
}

int
storekey_open_row(const struct storekey *k, struct kek *kek,
    const struct storekey_row *row, uint8_t key[SEAL_KEY])
{
	struct bound	a = bound_to(k, row->id);

	for (int i = 0; i < 2; i++)
		if (row->there[i] && kek_unwrap(kek, key, row->wrapped[i],
		    a.text, a.len) == 0)
			return i;
	return -E_SEAL;
}

int
storekey_wrap_next(struct storekey *k, struct db *db, struct kek *kek,
    const struct storekey_row *row, const uint8_t key[SEAL_KEY])
{
	uint8_t	wrapped[KEK_WRAPPED];
	int	r;

	if ((r = wrap(k, kek, row->id, key, wrapped)) < 0)
		return r;
	r = db_run(db, "UPDATE store_key SET wrapped_next = ? WHERE id = ?",
	    "bu", wrapped, sizeof(wrapped), row->id);
	return r < 0 ? r : 0;
}

/* ---- the first key ---- */

int
storekey_add(struct storekey *k, struct db *db, uint64_t id, uint64_t seals,
    const uint8_t key[SEAL_KEY])
{
	uint8_t	wrapped[KEK_WRAPPED];
	int	r;

	if ((r = wrap(k, k->conf.kek, id, key, wrapped)) < 0)
		return r;
	r = db_run(db, SQL_ADD, "uuub", id, now_ms(), seals, wrapped,
	    sizeof(wrapped));
	return r < 0 ? r : 0;
}

int
storekey_draw(uint8_t key[SEAL_KEY])
{
	return RAND_priv_bytes(key, SEAL_KEY) == 1 ? 0 : -E_RANDOM;
}

/* 1: a row of the table opens; 0: none, or there is none (`any`). */
static int
table_opens(struct storekey *k, const struct storekey_table *t,
    struct sealer *s, bool *any)
{
	uint8_t		 aad[STOREKEY_AAD_MAX];
	sqlite3_stmt	*st;
	struct secret	*clear;
	int64_t		 a = -1, b = -1;
	int		 r = 0, n;

	while (r == 0) {
		st = db_bind(k->db, t->next, "ii", a, b);
		if (st == NULL || db_step(k->db, st) != SQLITE_ROW)
			break;
		*any = true;
		a = sqlite3_column_int64(st, 0);
		b = sqlite3_column_int64(st, 1);
		n = sqlite3_column_bytes(st, 2);
		if ((clear = secret_new((size_t)n)) != NULL &&
		    unseal(s, clear->bytes, sqlite3_column_blob(st, 2),
		    (size_t)n, aad, t->aad(aad, st)) == 0)
			r = 1;
		secret_free(&clear);
		sqlite3_reset(st);
	}
	return r;
}

/* Rows without a data key: of before, sealed by the node key itself? */
static int
sealed_before(struct storekey *k, const uint8_t octets[SEAL_KEY], bool *any)
{
	const struct storekey_table	*t = k->conf.tables;
	struct sealer			*s;
	int				 r = 0;

	if (sealer_new(&s, octets) < 0)
		return -E_NO_MEMORY;
	for (*any = false; r == 0 && t->next != NULL; t++)
		r = table_opens(k, t, s, any);
	sealer_free(&s);
	return r == 0 && *any ? -E_SEAL : 0;
}

/* A store without keys: new, or of before; then that one is its first. */
static int
first_keys(struct storekey *k, uint8_t key[SEAL_KEY])
{
	bool	any = false;
	int	r, known;

	if ((known = kek_octets(k->conf.kek, key)) < 0)
		memset(key, 0, SEAL_KEY);	/* opens nothing */
	if ((r = sealed_before(k, key, &any)) < 0)
		return r;
	if (any && (r = storekey_add(k, k->db, 1, STOREKEY_MOST, key)) < 0)
		return r;
	if ((r = storekey_draw(key)) < 0)
		return r;
	if (any)
		log_notice("the store gets a key of its own; what is sealed "
		    "by the node key itself is sealed again", "store=%s",
		    log_quote(db_path(k->db)));
	return storekey_add(k, k->db, any ? 2 : 1, STOREKEY_STEP, key);
}

/* ---- opening ---- */

static int
refuse(const struct storekey *k)
{
	log_err("the node key does not open the store: nothing is changed",
	    "store=%s node_key=%s remedy=\"give the node key (credential) "
	    "that this store was last used with; without it its keys are "
	    "lost: then move the store aside and start again, and they are "
	    "voided at both ends\"", log_quote(db_path(k->db)),
	    log_quote(kek_spec(k->conf.kek)));
	return -E_SEAL;
}

static int
use(struct storekey *k, const struct storekey_row *row,
    const uint8_t key[SEAL_KEY])
{
	int	r;

	if (k->writer == NULL) {
		if ((r = sealer_new(&k->writer, key)) < 0 ||
		    (r = sealer_new(&k->reader, key)) < 0)
			return r;
	} else {
		if ((r = sealer_prepare(k->writer, key)) < 0 ||
		    (r = sealer_prepare(k->reader, key)) < 0)
			return r;
		sealer_turn(k->writer);
		sealer_turn(k->reader);
		k->before = k->id;
	}
	k->id = row->id;
	k->made = row->made;
	k->reserved = row->seals;
	return 0;
}

/* If what is to come opens it, that is in place, and the one before goes. */
static int
settle_row(struct storekey *k, const struct storekey_row *row, int which)
{
	int	r = which == 0 ? 0 : db_run(k->db, "UPDATE store_key"
		    " SET wrapped = wrapped_next, wrapped_next = NULL"
		    " WHERE id = ?", "u", row->id);

	return r < 0 ? r : 0;
}

static int
open_keys(struct storekey *k, uint8_t key[SEAL_KEY])
{
	struct storekey_row	rows[2];
	int			n, which, r;

	if ((n = storekey_rows(k->db, rows)) < 0)
		return n;
	for (int i = 0; i < n; i++) {
		which = storekey_open_row(k, k->conf.kek, &rows[i], key);
		if (which < 0)
			return refuse(k);
		if ((r = use(k, &rows[i], key)) < 0 ||
		    (r = settle_row(k, &rows[i], which)) < 0)
			return r;
		k->pending = which == 0 && rows[i].there[1];
		if (k->conf.next == NULL)
			continue;
		if ((r = storekey_wrap_next(k, k->db, k->conf.next, &rows[i],
		    key)) < 0)
			return r;
		k->pending = true;
	}
	return n > 0 ? 0 : -E_STORE_CORRUPT;
}

static int
open_all(struct storekey *k, uint8_t key[SEAL_KEY])
{
	int	r;

	if ((r = db_begin(k->db)) < 0)
		return r;
	if (db_int(k->db, 0, "SELECT count(*) FROM store_key", "") == 0 &&
	    (r = first_keys(k, key)) < 0) {
		r = r == -E_SEAL ? refuse(k) : r;
		goto out;
	}
	if ((r = open_keys(k, key)) == 0)
		r = db_run(k->db, "UPDATE store_key SET seals = seals + ?"
		    " WHERE id = ?", "uu", STOREKEY_STEP, k->id);
	if (r >= 0)
		r = db_commit(k->db);
out:
	if (r < 0)
		db_rollback(k->db);
	k->reserved += STOREKEY_STEP;
	return r;
}

int
storekey_open(struct storekey **out, const struct storekey_conf *conf,
    struct db *db, struct sealer **writer, struct sealer **reader)
{
	struct storekey	*k = calloc(1, sizeof(*k));
	uint8_t		*key = secure_calloc(SEAL_KEY);
	struct kek	*keks[2] = { conf->kek, conf->next };
	int		 r = -E_NO_MEMORY;

	if (k == NULL || key == NULL)
		goto out;
	k->conf = *conf;
	keks[0] = keks[1] = NULL;
	k->db = db;
	if (conf->kek == NULL)
		r = -E_CONFIG;
	else
		r = open_all(k, key);
	if (r == 0) {
		kek_forget(k->conf.kek);
		kek_free(&k->conf.next);
		k->unclean = db_checkpoint(db) < 0;	/* tried again */
	}
out:
	secure_free(key, SEAL_KEY);
	kek_free(&keks[0]);
	kek_free(&keks[1]);
	if (r < 0)
		storekey_close(&k);
	*out = k;
	*writer = k == NULL ? NULL : k->writer;
	*reader = k == NULL ? NULL : k->reader;
	return r;
}

void
storekey_close(struct storekey **kp)
{
	struct storekey	*k = *kp;

	if (k == NULL)
		return;
	storekey_stop(k);
	sealer_free(&k->writer);
	sealer_free(&k->reader);
	kek_free(&k->conf.kek);
	kek_free(&k->conf.next);
	free(k);
	*kp = NULL;
}
