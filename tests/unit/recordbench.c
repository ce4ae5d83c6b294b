/* recordbench.c - a store with a record of keys; the clocks are wrapped. */
#include "recordbench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "auditchain.h"
#include "auditsql.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "secret.h"

static const char *const	schema[] = {
	"CREATE TABLE act(n INTEGER PRIMARY KEY) STRICT;",
	AUDIT_SCHEMA,
};

struct recordbench	record;

uint64_t	__real_now_ms(void);
uint64_t	__real_mono_ms(void);
uint64_t	__wrap_now_ms(void);
uint64_t	__wrap_mono_ms(void);

uint64_t
__wrap_now_ms(void)
{
	return __real_now_ms() + record.later;
}

uint64_t
__wrap_mono_ms(void)
{
	return __real_mono_ms() + record.later;
}

void
rec_close(void)
{
	committer_free(&record.com);
	db_close(&record.db);
	audit_free(&record.audit);
	sealer_free(&record.sealer);
}

int
rec_open(int versions)
{
	const struct audit_conf	conf = { "test", record.accepted,
				    record.days, record.limit, 2,
				    "SELECT count(*) FROM act" };
	int			r;

	rec_close();
	ck_assert_int_eq(sealer_new(&record.sealer, record.node_key), 0);
	r = db_open(&record.db, unit_path("keys.db"), schema, versions);
	if (r == 0 && versions > 1)
		r = audit_open(&record.audit, &conf, record.db, record.sealer);
	if (r == 0)
		r = committer_new(&record.com, record.base, record.db);
	return r;
}

void
rec_begin(void)
{
	log_init("test", LL_ERR);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_ptr_nonnull(record.base = event_base_new());
	memset(record.node_key, 7, sizeof(record.node_key));
	record.accepted[0] = '\0';
	record.limit = record.days = 0;
	record.later = 0;
	ck_assert_int_eq(rec_open(2), 0);
}

void
rec_finish(void)
{
	rec_close();
	event_base_free(record.base);
}

void
rec_reopen(int expected)
{
	rec_close();
	ck_assert_int_eq(rec_open(2), expected);
}

void
rec_anew(void)
{
	rec_close();
	remove(unit_path("keys.db"));
	remove(unit_path("keys.db-wal"));
	remove(unit_path("keys.db-shm"));
	ck_assert_int_eq(rec_open(2), 0);
}

int
act_run(struct db *d, void *arg)
{
	struct act		*a = arg;
	struct audit_row	 row = { .event = AUDIT_SUPPLIED,
				    .peer = "KME-B", .application = "SAE-1",
				    .request = 77, .octets = 32,
				    .detail = "5+0:32" };
	int			 r;

	if ((r = db_run(d, "INSERT INTO act VALUES (?)", "i",
	    (int64_t)a->n)) < 0)
		return r;
	for (int i = 0; i < a->rows; i++) {
		row.count = row.last = (uint64_t)a->n + 1;
		if ((r = audit_add(record.audit, &row)) < 0)
			return r;
	}
	return a->fail ? -E_SPENT : 0;
}

int
rec_act(int n)
{
	struct act	a = { n, 1, false };

	return committer_sync(record.com, act_run, &a);
}

void
rec_acts(int first, int last)
{
	for (int i = first; i <= last; i++)
		ck_assert_int_eq(rec_act(i), 0);
}

int64_t
rec_count(const char *sql)
{
	struct db	*r;
	int64_t		 n;

	ck_assert_int_eq(db_open_reader(&r, unit_path("keys.db")), 0);
	n = db_int(r, -1, sql, "");
	db_close(&r);
	return n;
}

const char *
rec_fault(void)
{
	static char		 text[AUDITCHAIN_TEXT];
	struct audit_anchor	 none = { 0 };
	struct auditchain	*c;
	sqlite3			*s;

	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(auditchain_new(&c, &none), 0);
	ck_assert_int_eq(auditchain_read(c, s, INT64_MAX), 0);
	strcpy(text, c->fault_at == 0 ? "" : c->fault);
	record.let_pass = c->accepted;
	auditchain_free(&c);
	sqlite3_close(s);
	return text;
}

/* Somebody with the file and sqlite3. */
void
rec_tamper(const char *sql)
{
	sqlite3	*s;
	char	*why = NULL;

	rec_close();
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(s, sql, NULL, NULL, &why) == SQLITE_OK,
	    "%s: %s", sql, why);
	sqlite3_close(s);
}
