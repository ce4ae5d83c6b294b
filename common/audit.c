/* audit.c - the record of what happened to keys: rows are added. */
#include "auditint.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "auditsql.h"
#include "bytes.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "secret.h"

#define MAC_CONTEXT	"qkdnode audit head 1"
#define LOG_MS		3600000		/* between two anchors in the log */

/* ---- the head on disk ---- */

int
audit_mac(const struct audit *a, const struct audit_state *head,
    uint8_t mac[AUDITROW_HASH])
{
	uint8_t		in[sizeof(MAC_CONTEXT) + 16 + 2 * AUDITROW_HASH], *p = in;
	unsigned	len = AUDITROW_HASH;

	memcpy(p, MAC_CONTEXT, sizeof(MAC_CONTEXT));
	p += sizeof(MAC_CONTEXT);
	put_be64(p, head->last.seq);
	memcpy(p + 8, head->last.hash, AUDITROW_HASH);
	p += 8 + AUDITROW_HASH;
	put_be64(p, head->first);
	memcpy(p + 8, head->before, AUDITROW_HASH);
	return HMAC(EVP_sha256(), a->key, SEAL_KEY, in, sizeof(in), mac,
	    &len) == NULL ? -E_SYSTEM : 0;
}

int
audit_write_head(struct audit *a)
{
	uint8_t	mac[AUDITROW_HASH];
	int	r;

	if ((r = audit_mac(a, &a->now, mac)) < 0)
		return r;
	r = db_run(a->db, "UPDATE audit_head SET seq = ?, hash = ?,"
	    " first = ?, before = ?, mac = ? WHERE id = 1", "ububb",
	    a->now.last.seq, a->now.last.hash, (size_t)AUDITROW_HASH,
	    a->now.first, a->now.before, (size_t)AUDITROW_HASH, mac, sizeof(mac));
	return r < 0 ? r : r == 1 ? 0 : -E_AUDIT;
}

/* A key of its own, so that the key of the store can be another later. */
int
audit_new_key(struct audit *a, struct sealer *sealer)
{
	struct secret	*key = secret_random(SEAL_KEY);
	uint8_t		 sealed[SEAL_KEY + SEAL_OVERHEAD];
	int		 r = -E_RANDOM;

	if (key != NULL) {
		memcpy(a->key, key->bytes, SEAL_KEY);
		r = seal(sealer, sealed, a->key, SEAL_KEY, AUDIT_KEY_NAME,
		    strlen(AUDIT_KEY_NAME));
	}
	secret_free(&key);
	if (r == 0)
		r = db_run(a->db, "UPDATE audit_head SET sealed = ?"
		    " WHERE id = 1", "b", sealed, sizeof(sealed));
	return r < 0 ? r : r == 1 ? 0 : -E_STORE;
}

size_t
audit_sealed_name(uint8_t *out, sqlite3_stmt *st)
{
	(void)st;
	memcpy(out, AUDIT_KEY_NAME, strlen(AUDIT_KEY_NAME));
	return strlen(AUDIT_KEY_NAME);
}

int
audit_wrote(struct audit *a, int result)
{
	if (result < 0)
		atomic_fetch_add(&a->failures, 1);
	return result;
}

/* ---- following the transactions ---- */

static int
begun(struct audit *a)
{
	if (a->unknown && audit_load(a) < 0)
		return -E_STORE;
	a->unknown = false;
	a->now = a->committed;
	return 0;
}

static void
committed(struct audit *a)
{
	pthread_mutex_lock(&a->mutex);
	a->committed = a->now;
	pthread_mutex_unlock(&a->mutex);
}

static int
follow(void *arg, enum db_moment moment)
{
	struct audit	*a = arg;

	switch (moment) {
	case DB_BEGUN:
		return begun(a);
	case DB_SAVED:
		a->saved = a->now;
		return 0;
	case DB_UNDONE:
		a->now = a->saved;
		return 0;
	case DB_ENDING:
		return a->now.last.seq == a->committed.last.seq &&
		    a->now.first == a->committed.first ? 0 :
		    audit_wrote(a, audit_write_head(a));
	case DB_COMMITTED:
		committed(a);
		return 0;
	case DB_UNKNOWN:
		a->unknown = true;
		return 0;
	}
	return 0;
}

void
audit_follow(struct audit *a)
{
	db_follow(a->db, follow, a);
}

/* ---- rows ---- */

static int
bind_value(sqlite3_stmt *st, int i, const struct audit_value *v)
{
	switch (v->type) {
	case AUDIT_NUMBER:
		return sqlite3_bind_int64(st, i, v->n);
	case AUDIT_TEXT:
		return sqlite3_bind_text(st, i, v->p, (int)v->n,
		    SQLITE_STATIC);
	default:
		return SQLITE_OK;	/* bindings were cleared */
	}
}

static int
insert(struct audit *a, const struct audit_value v[AUDIT_COLUMNS])
{
	sqlite3_stmt	*st;
	int		 code, r;

	if ((st = db_stmt(a->db, "INSERT INTO audit_log VALUES (?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) == NULL)
		return -E_STORE;
	code = sqlite3_bind_int64(st, 1, (int64_t)a->now.last.seq);
	for (int i = 0; i < AUDIT_COLUMNS && code == SQLITE_OK; i++)
		code = bind_value(st, i + 2, &v[i]);
	if (code == SQLITE_OK)
		code = sqlite3_bind_blob(st, AUDIT_COLUMNS + 2, a->now.last.hash,
		    AUDITROW_HASH, SQLITE_STATIC);
	if (code != SQLITE_OK)
		return -E_STORE;
	/* A row that is there already is not ours. */
	r = db_step(a->db, st);
	return r == SQLITE_DONE ? 0 : r == -E_EXISTS ? -E_STORE : r;
}

/* An act that is no job: a transaction for its row. */
static int
add_alone(struct audit *a, const struct audit_row *row)
{
	int	r;

	if ((r = db_begin(a->db)) < 0)
		return r;
	if ((r = audit_add(a, row)) == 0)
		r = db_commit(a->db);
	if (r < 0)
		db_rollback(a->db);
	return r;
}

static int
add(struct audit *a, const struct audit_row *row)
{
	struct audit_value	v[AUDIT_COLUMNS];
	int			r;

	auditrow_values(row, now_ms(), v);
	if (auditrow_check(v) != NULL)
		return -E_RANGE;
	if ((r = auditrow_hash(a->hasher, a->now.last.seq + 1, v,
	    a->now.last.hash)) < 0)
		return r;
	a->now.last.seq++;
	return insert(a, v);
}

int
audit_add(struct audit *a, const struct audit_row *row)
{
	return sqlite3_get_autocommit(db_handle(a->db)) ? add_alone(a, row) :
	    audit_wrote(a, add(a, row));
}

/* ---- on the loop ---- */

struct audit_state
audit_committed(struct audit *a)
{
	struct audit_state	s;

	pthread_mutex_lock(&a->mutex);
	s = a->committed;
	pthread_mutex_unlock(&a->mutex);
	return s;
}

struct audit_anchor
audit_head(struct audit *a)
{
	return audit_committed(a).last;
}

static json_t *
report(void *arg, int nargs, char **args)
{
	struct audit_anchor	head = audit_head(arg);
	char			text[AUDITROW_ANCHOR_TEXT];

	(void)nargs, (void)args;
	auditrow_anchor_text(&head, text);
	return json_pack("{s:I, s:s}", "seq", (json_int_t)head.seq, "anchor",
	    text);
}

const struct ctl_command audit_commands[] = {
	{ "audit", "", "the last row of the record of keys, and its hash",
	    0, 0, false, report },
	{ .name = NULL }
};

void
audit_log(struct audit *a, const char *when)
{
	struct audit_anchor	head = audit_head(a);
	char			text[AUDITROW_ANCHOR_TEXT];

	auditrow_anchor_text(&head, text);
	log_notice("record of keys", "when=%s anchor=%s", when, text);
	a->logged = mono_ms();
}

void
audit_tick(struct audit *a, struct committer *c)
{
	audit_rotate(a, c);
	if (mono_ms() - a->logged >= LOG_MS)
		audit_log(a, "hourly");
}

/* ---- life ---- */

int
audit_new(struct audit **out, const struct audit_conf *conf, struct db *db)
{
	struct audit	*a = calloc(1, sizeof(*a));
	int		 r = -E_NO_MEMORY;

	*out = a;
	if (a == NULL)
		return r;
	a->conf = *conf;
	a->db = db;
	pthread_mutex_init(&a->mutex, NULL);
	if ((a->key = secure_calloc(SEAL_KEY)) != NULL)
		r = auditrow_hasher_new(&a->hasher);
	if (r < 0)
		audit_free(out);
	return r;
}

void
audit_free(struct audit **ap)
{
	struct audit	*a = *ap;

	if (a == NULL)
		return;
	if (a->logged != 0)
		audit_log(a, "stop");
	auditrow_hasher_free(&a->hasher);
	if (a->key != NULL)
		secure_free(a->key, SEAL_KEY);
	pthread_mutex_destroy(&a->mutex);
	free(a);
	*ap = NULL;
}
