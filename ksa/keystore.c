/* keystore.c - opening the store; rows of peers, notices, control keys. */
#include "ksa/keystore.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "bytes.h"
#include "err.h"
#include "ksa/blocks.h"
#include "ksa/conf.h"
#include "ksa/keystore.sql.h"
#include "ksa/plainstore.h"
#include "ksa/views.sql.h"
#include "secret.h"

#define CONTROL_KEY	32
#define TOMBSTONES	4096	/* of one peer: what it may cost us */

struct keystore {
	struct side		 writer, reader;
	struct committer	*committer;
	struct storekey		*keys;
};

static const char *const migrations[] = { SQL_SCHEMA_1, SQL_SCHEMA_2,
	SQL_SCHEMA_3, SQL_SCHEMA_4, SQL_SCHEMA_5, SQL_SCHEMA_6, SQL_SCHEMA_7,
	SQL_VIEWS, STOREKEY_SQL, SQL_SCHEMA_10 };

#define AUDIT_SINCE	10	/* the number of that one */

static void
control_aad(uint8_t aad[24], int64_t peer, uint64_t id)
{
	memcpy(aad, "control\0", 8);
	put_be64(aad + 8, (uint64_t)peer);
	put_be64(aad + 16, id);
}

static size_t
control_sealed_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	control_aad(out, sqlite3_column_int64(st, 0),
	    (uint64_t)sqlite3_column_int64(st, 1));
	return 24;
}

static const struct storekey_table sealed_tables[] = {
	{ SQL_SEALED_SEGMENTS, SQL_SEAL_SEGMENT, blocks_sealed_name },
	{ SQL_SEALED_CONTROLS, SQL_SEAL_CONTROL, control_sealed_name },
	{ SQL_SEALED_PLAIN, SQL_SEAL_PLAIN, plainstore_sealed_name },
	{ AUDIT_SEALED, AUDIT_SEAL, audit_sealed_name },
	{ NULL, NULL, NULL }
};

static int
open_audit(struct side *w)
{
	const struct audit_conf	conf = { "ksa", ksa_conf.audit_accept,
		ksa_conf.audit_days, ksa_conf.audit_rows, AUDIT_SINCE,
		"SELECT EXISTS (SELECT 1 FROM block) + EXISTS (SELECT 1 FROM"
		" issued) + EXISTS (SELECT 1 FROM received)" };

	return audit_open(&w->audit, &conf, w->db, w->sealer);
}

static int
open_files(struct keystore *ks, const char *path, const char *node_key,
    const char *next)
{
	const struct storekey_file	file = { "ksa", sealed_tables, path,
		migrations, sizeof(migrations) / sizeof(migrations[0]),
		node_key, next };
	int				r;

	if ((r = storekey_open_file(&ks->keys, &file, &ks->writer.db,
	    &ks->writer.sealer, &ks->reader.sealer)) < 0 ||
	    (r = open_audit(&ks->writer)) < 0)
		return r;
	return db_open_reader(&ks->reader.db, path);
}

int
keystore_open(struct keystore **out, const char *path, const char *node_key,
    const char *next, struct event_base *base)
{
	struct keystore	*ks;
	int		 r;

	*out = NULL;
	if ((ks = calloc(1, sizeof(*ks))) == NULL)
		return -E_NO_MEMORY;
	ks->writer.scratch = secure_calloc(SCRATCH_OCTETS);
	ks->reader.scratch = secure_calloc(SCRATCH_OCTETS);
	if (ks->writer.scratch == NULL || ks->reader.scratch == NULL) {
		keystore_close(&ks);
		return -E_NO_MEMORY;
	}
	if ((r = open_files(ks, path, node_key, next)) < 0 ||
	    (r = committer_new(&ks->committer, base, ks->writer.db)) < 0 ||
	    (r = storekey_start(ks->keys, base, ks->committer)) < 0) {
		keystore_close(&ks);
		return r;
	}
	*out = ks;
	return 0;
}

void
keystore_close(struct keystore **ks)
{
	struct keystore	*k = *ks;

	if (k == NULL)
		return;
	if (k->committer != NULL)
		committer_free(&k->committer);
	storekey_close(&k->keys);
	db_close(&k->reader.db);
	db_close(&k->writer.db);
	audit_free(&k->writer.audit);
	secure_free(k->writer.scratch, SCRATCH_OCTETS);
	secure_free(k->reader.scratch, SCRATCH_OCTETS);
	free(k);
	*ks = NULL;
}

struct storekey *
keystore_keys(struct keystore *ks)
{
	return ks->keys;
}

struct side *
keystore_writer(struct keystore *ks)
{
	return &ks->writer;
}

struct side *
keystore_reader(struct keystore *ks)
{
	return &ks->reader;
}

struct committer *
keystore_committer(struct keystore *ks)
{
	return ks->committer;
}

struct audit *
keystore_audit(struct keystore *ks)
{
	return ks->writer.audit;
}

void
keystore_tick(struct keystore *ks)
{
	audit_tick(ks->writer.audit, ks->committer);
}

/* ---- peers ---- */

static uint64_t
column(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

int
keystore_peer(struct side *s, const char *km, struct peer_row *p)
{
	sqlite3_stmt	*st;
	int		 r;

	if ((r = db_run(s->db, SQL_PEER_ADD, "s", km)) < 0)
		return r;
	if ((st = db_bind(s->db, SQL_PEER_GET, "s", km)) == NULL)
		return -E_STORE;
	if ((r = db_step(s->db, st)) == SQLITE_ROW)
		*p = (struct peer_row){ sqlite3_column_int64(st, 0),
		    column(st, 1), column(st, 2), column(st, 3),
		    column(st, 4), column(st, 5), column(st, 6),
		    column(st, 7) };
	sqlite3_reset(st);
	return r == SQLITE_ROW ? 0 : r < 0 ? r : -E_STORE;
}

static int
done(int r)
{
	return r < 0 ? r : 0;
}

int
keystore_mark(struct side *s, int64_t peer, uint64_t seen, uint64_t *mark)
{
	struct mark	*m = &s->mark;
	uint64_t	 epoch = db_epoch(s->db);
	int64_t		 count;

	if (m->epoch != epoch || m->peer != peer || m->seen < seen) {
		if ((count = db_int(s->db, -1, SQL_PEER_MARK, "iu", peer,
		    seen)) < 0)
			return -E_STORE;
		*m = (struct mark){ epoch, (uint64_t)count, seen, peer };
	}
	*mark = m->count;
	return 0;
}

int
keystore_raise(struct side *s, int64_t peer, uint64_t mark, uint64_t seen)
{
	s->mark.epoch = 0;
	return done(db_run(s->db, SQL_PEER_RAISE, "iuu", peer, mark, seen));
}

int
keystore_seen(struct side *s, int64_t peer, uint64_t seen)
{
	return done(db_run(s->db, SQL_PEER_SEEN, "iu", peer, seen));
}

int
keystore_forget(struct side *s)
{
	s->mark.epoch = 0;
	return done(db_run(s->db, SQL_PEERS_FORGET, ""));
}

int
keystore_get_mark(struct side *s, int64_t peer, uint64_t *mark)
{
	int64_t	m = db_int(s->db, -1, SQL_PEER_MARK_GET, "i", peer);

	*mark = (uint64_t)m;
	return m < 0 ? -E_STORE : 0;
}

int
keystore_acked(struct side *s, int64_t peer, uint64_t upto)
{
	return done(db_run(s->db, SQL_PEER_ACKED, "iu", peer, upto));
}

int
keystore_issued(struct side *s, int64_t peer, uint64_t last)
{
	return done(db_run(s->db, SQL_PEER_ISSUED, "iu", peer, last));
}

/* ---- notices ---- */

int
keystore_notice_add(struct side *s, int64_t peer, int mine, uint64_t block)
{
	return done(db_run(s->db, SQL_NOTICE_ADD, "iiu", peer, (int64_t)mine,
	    block));
}

int
keystore_notice_delete(struct side *s, int64_t peer, int mine, uint64_t block)
{
	return done(db_run(s->db, SQL_NOTICE_DELETE, "iiu", peer,
	    (int64_t)mine, block));
}

int
keystore_notice_find(struct side *s, int64_t peer, int mine, uint64_t block)
{
	return (int)db_int(s->db, 0, SQL_NOTICE_GET, "iiu", peer,
	    (int64_t)mine, block);
}

int
keystore_notices(struct side *s, int64_t peer,
    void (*fn)(void *arg, int mine, uint64_t block), void *arg)
{
	sqlite3_stmt	*st;
	int		 r;

	if ((st = db_bind(s->db, SQL_NOTICE_EACH, "i", peer)) == NULL)
		return -E_STORE;
	while ((r = db_step(s->db, st)) == SQLITE_ROW)
		fn(arg, sqlite3_column_int(st, 0), column(st, 1));
	sqlite3_reset(st);
	return done(r);
}

/* ---- tombstones ---- */

int
keystore_tombstone_add(struct side *s, int64_t peer, uint64_t block)
{
	int	r = db_run(s->db, SQL_TOMBSTONE_ADD, "iu", peer, block);

	return r < 0 ? r : done(db_run(s->db, SQL_TOMBSTONE_TRIM, "ii", peer,
	    (int64_t)TOMBSTONES));
}

int
keystore_tombstone_find(struct side *s, int64_t peer, uint64_t block)
{
	return (int)db_int(s->db, 0, SQL_TOMBSTONE_GET, "iu", peer, block);
}

/* ---- control keys ---- */

int
keystore_control_add(struct side *s, int64_t peer, uint64_t id,
    const uint8_t key[CONTROL_KEY])
{
	uint8_t	aad[24], sealed[CONTROL_KEY + SEAL_OVERHEAD];
	int	r;

	control_aad(aad, peer, id);
	if ((r = seal(s->sealer, sealed, key, CONTROL_KEY, aad,
	    sizeof(aad))) < 0)
		return r;
	if ((r = db_run(s->db, SQL_CONTROL_ADD, "iub", peer, id, sealed,
	    sizeof(sealed))) < 0)
		return r;
	return done(db_run(s->db, SQL_CONTROL_PRUNE, "iu", peer, id));
}

int
keystore_control_delete(struct side *s, int64_t peer, uint64_t id)
{
	return done(db_run(s->db, SQL_CONTROL_DELETE, "iu", peer, id));
}

int
keystore_control_use(struct side *s, int64_t peer, uint64_t id)
{
	return done(db_run(s->db, SQL_PEER_CONTROL, "iu", peer, id));
}

int
keystore_controls(struct side *s, int64_t peer,
    int (*fn)(void *arg, uint64_t id, const uint8_t key[32]), void *arg)
{
	uint8_t		 aad[24], *key = s->scratch;
	sqlite3_stmt	*st;
	int		 r, e = 0;

	if ((st = db_bind(s->db, SQL_CONTROL_EACH, "i", peer)) == NULL)
		return -E_STORE;
	while (e == 0 && (r = db_step(s->db, st)) == SQLITE_ROW) {
		control_aad(aad, peer, column(st, 0));
		e = sqlite3_column_bytes(st, 1) == CONTROL_KEY + SEAL_OVERHEAD
		    ? unseal(s->sealer, key, sqlite3_column_blob(st, 1),
		    CONTROL_KEY + SEAL_OVERHEAD, aad, sizeof(aad)) : -E_SEAL;
		if (e == 0)
			e = fn(arg, column(st, 0), key);
	}
	sqlite3_reset(st);
	OPENSSL_cleanse(key, CONTROL_KEY);
	return e < 0 ? e : done(r);
}
