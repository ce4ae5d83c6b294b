/* check_audit.c - the record of keys: a chain that follows the store. */
#include "config.h"
#include "unit.h"

#include <event2/event.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "auditchain.h"
#include "auditsql.h"
#include "auditverify.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "metrics.h"
#include "secret.h"

#define DAY_MS		UINT64_C(86400000)

static const char *const	schema[] = {
	"CREATE TABLE act(n INTEGER PRIMARY KEY) STRICT;",
	AUDIT_SCHEMA,
};

static uint8_t			 node_key[SEAL_KEY];
static int64_t			 limit, days;	/* rows in the store */
static uint64_t			 later;		/* ms, of both clocks */
static char			 accepted[AUDITROW_ANCHOR_TEXT];
static struct event_base	*base;
static struct sealer		*sealer;
static struct audit		*audit;
static struct db		*db;
static struct committer		*com;

uint64_t	__real_now_ms(void);
uint64_t	__real_mono_ms(void);
uint64_t	__wrap_now_ms(void);
uint64_t	__wrap_mono_ms(void);

uint64_t
__wrap_now_ms(void)
{
	return __real_now_ms() + later;
}

uint64_t
__wrap_mono_ms(void)
{
	return __real_mono_ms() + later;
}

static void
close_all(void)
{
	committer_free(&com);
	db_close(&db);
	audit_free(&audit);
	sealer_free(&sealer);
}

static int
try_open(int versions)
{
	const struct audit_conf	conf = { "test", accepted, days, limit,
				    2, "SELECT count(*) FROM act" };
	int			r;

	close_all();
	ck_assert_int_eq(sealer_new(&sealer, node_key), 0);
	r = db_open(&db, unit_path("keys.db"), schema, versions);
	if (r == 0 && versions > 1)
		r = audit_open(&audit, &conf, db, sealer);
	if (r == 0)
		r = committer_new(&com, base, db);
	return r;
}

static void
begin(void)
{
	log_init("test", LL_ERR);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_ptr_nonnull(base = event_base_new());
	memset(node_key, 7, sizeof(node_key));
	accepted[0] = '\0';
	limit = days = 0;
	later = 0;
	ck_assert_int_eq(try_open(2), 0);
}

static void
finish(void)
{
	close_all();
	event_base_free(base);
}

static void
reopen(int expected)
{
	close_all();
	ck_assert_int_eq(try_open(2), expected);
}

/* Another store. */
static void
anew(void)
{
	close_all();
	remove(unit_path("keys.db"));
	remove(unit_path("keys.db-wal"));
	remove(unit_path("keys.db-shm"));
	ck_assert_int_eq(try_open(2), 0);
}

struct act { int n; int rows; bool fail; };

static int
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
		if ((r = audit_add(audit, &row)) < 0)
			return r;
	}
	return a->fail ? -E_SPENT : 0;
}

static int
act(int n)
{
	struct act	a = { n, 1, false };

	return committer_sync(com, act_run, &a);
}

static void
acts(int first, int last)
{
	for (int i = first; i <= last; i++)
		ck_assert_int_eq(act(i), 0);
}

static int64_t
count(const char *sql)
{
	struct db	*r;
	int64_t		 n;

	ck_assert_int_eq(db_open_reader(&r, unit_path("keys.db")), 0);
	n = db_int(r, -1, sql, "");
	db_close(&r);
	return n;
}

static unsigned	let_pass;	/* faults, by the operator */

/* What a look at all rows finds: "" or the fault. */
static const char *
fault(void)
{
	static char		 text[AUDITCHAIN_TEXT];
	struct audit_anchor	 none = { 0 };
	struct auditchain	*c;
	sqlite3			*s;

	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(auditchain_new(&c, &none), 0);
	ck_assert_int_eq(auditchain_read(c, s, INT64_MAX), 0);
	strcpy(text, c->fault_at == 0 ? "" : c->fault);
	let_pass = c->accepted;
	auditchain_free(&c);
	sqlite3_close(s);
	return text;
}

/* Somebody with the file and sqlite3. */
static void
tamper(const char *sql)
{
	sqlite3	*s;
	char	*why = NULL;

	close_all();
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(s, sql, NULL, NULL, &why) == SQLITE_OK,
	    "%s: %s", sql, why);
	sqlite3_close(s);
}

/* ---- the chain ---- */

START_TEST(an_act_and_its_row_are_there_together)
{
	begin();
	acts(1, 5);
	ck_assert_int_eq(count("SELECT count(*) FROM act"), 5);
	/* begun, started, five */
	ck_assert_int_eq(count("SELECT max(seq) FROM audit_log"), 7);
	ck_assert_str_eq(fault(), "");
	ck_assert_uint_eq(audit_head(audit).seq, 7);
	ck_assert_int_eq(count("SELECT count(*) FROM audit WHERE event ="
	    " 'supplied' AND application = 'SAE-1' AND peer = 'KME-B'"), 5);
	finish();
}
END_TEST

START_TEST(a_job_that_failed_leaves_no_row_and_no_gap)
{
	struct act	a[3] = { { 1, 2, false }, { 2, 3, true },
			    { 3, 1, false } };

	begin();
	for (int i = 0; i < 3; i++)
		committer_add(com, act_run, NULL, &a[i]);
	acts(4, 4);
	ck_assert_int_eq(count("SELECT count(*) FROM act"), 3);
	ck_assert_int_eq(count("SELECT count(*) FROM audit WHERE event ="
	    " 'supplied'"), 4);
	ck_assert_str_eq(fault(), "");
	reopen(0);
	acts(5, 6);
	ck_assert_str_eq(fault(), "");
	finish();
}
END_TEST

START_TEST(what_cannot_be_recorded_does_not_happen)
{
	sqlite3	*s;

	begin();
	acts(1, 3);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TRIGGER full BEFORE INSERT ON"
	    " audit_log BEGIN SELECT RAISE(ABORT, 'full'); END", NULL, NULL,
	    NULL), SQLITE_OK);
	ck_assert_int_lt(act(4), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM act"), 3);
	ck_assert_int_eq(sqlite3_exec(s, "DROP TRIGGER full", NULL, NULL,
	    NULL), SQLITE_OK);
	acts(5, 5);
	/* The same of the head: the whole commit fails. */
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TRIGGER full BEFORE UPDATE ON"
	    " audit_head BEGIN SELECT RAISE(ABORT, 'full'); END", NULL, NULL,
	    NULL), SQLITE_OK);
	ck_assert_int_lt(act(6), 0);
	ck_assert_int_eq(sqlite3_exec(s, "DROP TRIGGER full", NULL, NULL,
	    NULL), SQLITE_OK);
	acts(7, 7);
	ck_assert_int_eq(count("SELECT count(*) FROM act"), 5);
	ck_assert_str_eq(fault(), "");
	sqlite3_close(s);
	finish();
}
END_TEST

START_TEST(an_older_store_gets_a_record_that_says_so)
{
	begin();
	anew();
	close_all();
	remove(unit_path("keys.db"));
	ck_assert_int_eq(try_open(1), 0);
	close_all();
	ck_assert_int_eq(try_open(2), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM audit WHERE seq = 1 AND"
	    " event = 'begun' AND detail LIKE '%older than its record%'"), 1);
	acts(1, 2);
	ck_assert_str_eq(fault(), "");
	finish();
}
END_TEST

/* ---- tampering ---- */

static const struct { const char *sql, *fault; } tampered[] = {
	{ "UPDATE audit_log SET application = 'SAE-2' WHERE seq = 5",
	    "row 5 was changed" },
	{ "UPDATE audit_log SET at = at + 1 WHERE seq = 6",
	    "row 6 was changed" },
	{ "UPDATE audit_log SET link = '' WHERE seq = 6",
	    "row 6 was changed" },
	{ "UPDATE audit_log SET octets = '32x' WHERE seq = 4",
	    "row 4 was changed: a column is of the wrong type" },
	/* what a search for the text does not find */
	{ "UPDATE audit_log SET application = CAST(application AS BLOB)"
	    " WHERE seq = 5", "row 5 was changed: a column holds no such" },
	/* an acceptance that the daemon has not written */
	{ "UPDATE audit_log SET application = 'SAE-2' WHERE seq = 5;"
	    "UPDATE audit_log SET event = 'accepted', detail = 'row 5 was "
	    "changed, moved, or does not follow on the row before'"
	    " WHERE seq = 7", "row 5 was changed" },
	{ "UPDATE audit_log SET hash = zeroblob(32) WHERE seq = 8",
	    "row 8 was changed" },
	{ "UPDATE audit_log SET hash = x'00' WHERE seq = 8",
	    "row 8 has no hash" },
	{ "DELETE FROM audit_log WHERE seq = 6", "row 6 is missing" },
	{ "DELETE FROM audit_log WHERE seq IN (6, 7)",
	    "rows 6 to 7 are missing" },
	{ "DELETE FROM audit_log WHERE seq = 1", "row 1 is missing" },
	/* 6 and 7 change places */
	{ "UPDATE audit_log SET seq = 1000 WHERE seq = 6;"
	    "UPDATE audit_log SET seq = 6 WHERE seq = 7;"
	    "UPDATE audit_log SET seq = 7 WHERE seq = 1000",
	    "row 6 was changed" },
	/* one is put between, the others move up */
	{ "UPDATE audit_log SET seq = -seq - 1 WHERE seq >= 6;"
	    "UPDATE audit_log SET seq = -seq WHERE seq < 0;"
	    "INSERT INTO audit_log SELECT 6, at, event, link, peer, source,"
	    " destination, application, request, block, first, last, count,"
	    " octets, detail, hash FROM audit_log WHERE seq = 5",
	    "row 6 was changed" },
};

START_TEST(each_kind_of_tampering_is_found_and_named)
{
	const size_t	n = sizeof(tampered) / sizeof(tampered[0]);

	begin();
	for (size_t i = 0; i < n; i++) {
		acts(1, 10);
		tamper(tampered[i].sql);
		ck_assert_msg(strncmp(fault(), tampered[i].fault,
		    strlen(tampered[i].fault)) == 0, "%s: %s",
		    tampered[i].sql, fault());
		/* And the daemon does not go on with it. */
		unit_capture();
		ck_assert_int_eq(try_open(2), -E_AUDIT);
		free(unit_captured());
		anew();
	}
	finish();
}
END_TEST

START_TEST(a_cut_tail_is_found)
{
	char	*seen;

	begin();
	acts(1, 10);
	tamper("DELETE FROM audit_log WHERE seq > 9");
	ck_assert_str_eq(fault(), "");	/* not by the rows alone */
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	seen = unit_captured();
	ck_assert_ptr_nonnull(strstr(seen, "rows 10 to 12 are missing"));
	free(seen);
	close_all();
	/* The head with it: its MAC is not to be had. */
	tamper("UPDATE audit_head SET seq = 9, hash = (SELECT hash FROM"
	    " audit_log WHERE seq = 9)");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	seen = unit_captured();
	ck_assert_ptr_nonnull(strstr(seen, "its head was changed"));
	free(seen);
	finish();
}
END_TEST

START_TEST(a_record_that_was_emptied_does_not_begin_anew)
{
	begin();
	acts(1, 3);
	tamper("DELETE FROM audit_log; UPDATE audit_head SET seq = 0, hash ="
	    " zeroblob(32), mac = x'', sealed = NULL");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	free(unit_captured());
	close_all();
	/* But a first start that was broken off may be done again. */
	tamper("DELETE FROM act");
	ck_assert_int_eq(try_open(2), 0);
	acts(1, 3);
	finish();
}
END_TEST

START_TEST(a_row_that_somebody_adds_is_found)
{
	begin();
	acts(1, 3);
	tamper("INSERT INTO audit_log SELECT 6, at, event, link, peer, source,"
	    " destination, application, request, block, first, last, count,"
	    " octets, detail, hash FROM audit_log WHERE seq = 5");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	free(unit_captured());
	finish();
}
END_TEST

/* Somebody who knows how hashes are made. */
static void
write_anew(sqlite3 *s)
{
	struct audit_anchor	 at = { 0 };
	struct auditrow_hasher	*h;
	struct audit_value	 v[AUDIT_COLUMNS];
	sqlite3_stmt		*st;

	ck_assert_int_eq(auditrow_hasher_new(&h), 0);
	sqlite3_exec(s, "DELETE FROM audit_log", NULL, NULL, NULL);
	for (uint64_t i = 1; i <= 5; i++) {
		struct audit_row	row = { .event = AUDIT_VOID };

		auditrow_values(&row, 1000 + i, v);
		ck_assert_int_eq(auditrow_hash(h, i, v, at.hash), 0);
		sqlite3_prepare_v2(s, "INSERT INTO audit_log (seq, at, event,"
		    " hash) VALUES (?, ?, 'void', ?)", -1, &st, NULL);
		sqlite3_bind_int64(st, 1, (int64_t)i);
		sqlite3_bind_int64(st, 2, (int64_t)(1000 + i));
		sqlite3_bind_blob(st, 3, at.hash, AUDITROW_HASH,
		    SQLITE_TRANSIENT);
		ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
		sqlite3_finalize(st);
	}
	auditrow_hasher_free(&h);
	ck_assert_int_eq(sqlite3_exec(s, "UPDATE audit_head SET seq = 5, hash"
	    " = (SELECT hash FROM audit_log WHERE seq = 5)", NULL, NULL,
	    NULL), SQLITE_OK);
}

START_TEST(a_record_written_anew_is_found_and_the_operator_may_go_on)
{
	char	*seen, *anchor;
	sqlite3	*s;

	begin();
	acts(1, 3);
	close_all();
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	write_anew(s);
	sqlite3_close(s);
	ck_assert_str_eq(fault(), "");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	seen = unit_captured();
	ck_assert_ptr_nonnull(strstr(seen, "audit_accept"));
	ck_assert_ptr_nonnull(anchor = strstr(seen, "anchor="));
	snprintf(accepted, sizeof(accepted), "%.*s",
	    (int)strcspn(anchor + 7, " \n"), anchor + 7);
	free(seen);
	unit_capture();
	reopen(0);
	free(unit_captured());
	ck_assert_int_eq(count("SELECT count(*) FROM audit WHERE event ="
	    " 'accepted' AND seq = 6"), 1);
	acts(11, 12);
	ck_assert_str_eq(fault(), "");
	/* Once: another time it is another place. */
	tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 8");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	free(unit_captured());
	finish();
}
END_TEST

START_TEST(a_fault_that_the_operator_let_pass_does_not_hide_the_next)
{
	char	*seen, *anchor;

	begin();
	acts(1, 10);
	tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 6");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	seen = unit_captured();
	ck_assert_ptr_nonnull(anchor = strstr(seen, "anchor="));
	snprintf(accepted, sizeof(accepted), "%.*s",
	    (int)strcspn(anchor + 7, " \n"), anchor + 7);
	free(seen);
	unit_capture();
	reopen(0);
	free(unit_captured());
	acts(21, 25);
	ck_assert_str_eq(fault(), "");
	ck_assert_uint_eq(let_pass, 1);
	tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 16");
	ck_assert_ptr_nonnull(strstr(fault(), "row 16"));
	/* Nor one before the fault that was let pass. */
	tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 3");
	ck_assert_ptr_nonnull(strstr(fault(), "row 3"));
	finish();
}
END_TEST

START_TEST(an_end_that_was_cut_off_and_let_pass_is_told_of_for_ever)
{
	char	*seen, *anchor;

	begin();
	acts(1, 10);
	tamper("DELETE FROM audit_log WHERE seq > 8");
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_AUDIT);
	seen = unit_captured();
	ck_assert_ptr_nonnull(anchor = strstr(seen, "anchor="));
	snprintf(accepted, sizeof(accepted), "%.*s",
	    (int)strcspn(anchor + 7, " \n"), anchor + 7);
	free(seen);
	unit_capture();
	reopen(0);
	free(unit_captured());
	acts(21, 25);
	ck_assert_str_eq(fault(), "");
	ck_assert_uint_eq(let_pass, 1);
	finish();
}
END_TEST

START_TEST(another_key_of_the_store_is_told_apart_from_a_changed_record)
{
	char	*seen;

	begin();
	acts(1, 3);
	close_all();
	node_key[0] ^= 1;
	unit_capture();
	ck_assert_int_eq(try_open(2), -E_SEAL);
	seen = unit_captured();
	ck_assert_ptr_nonnull(strstr(seen, "node_key"));
	free(seen);
	finish();
}
END_TEST

/* Added behind the daemon's back while it runs. */
START_TEST(a_row_of_somebody_else_stops_the_supply)
{
	sqlite3	*s;

	begin();
	acts(1, 3);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "INSERT INTO audit_log SELECT 6, at,"
	    " event, link, peer, source, destination, application, request,"
	    " block, first, last, count, octets, detail, hash FROM audit_log"
	    " WHERE seq = 5", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(s);
	unit_capture();
	ck_assert_int_lt(act(4), 0);
	free(unit_captured());
	ck_assert_int_eq(count("SELECT count(*) FROM act"), 3);
	finish();
}
END_TEST

/* ---- archives ---- */

static char *
folder(void)
{
	static char	dir[4096];

	snprintf(dir, sizeof(dir), "%s", unit_path("x"));
	*strrchr(dir, '/') = '\0';
	return dir;
}

static uint64_t
jobs_done(void)
{
	struct committer_figures	f;

	committer_figures(com, &f);
	return f.jobs;
}

static void
whole(uint64_t rows)
{
	struct auditverify	v;

	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), NULL,
	    0), 0);
	ck_assert_msg(v.fault_at == 0, "%s", v.fault);
	ck_assert_str_eq(v.absent, "");
	ck_assert_uint_eq(v.rows, rows);
}

static void
rotate(void)
{
	for (int i = 0; i < 20; i++) {
		audit_tick(audit, com);
		acts(100000 + (int)audit_head(audit).seq,
		    100000 + (int)audit_head(audit).seq);
	}
}

START_TEST(old_rows_are_in_archives_and_the_chain_goes_on)
{
	begin();
	acts(1, 3000);
	ck_assert_int_eq(count("SELECT count(*) FROM audit_log"), 3002);
	limit = 1000;
	reopen(0);
	rotate();
	ck_assert_int_lt(count("SELECT count(*) FROM audit_log"), 1000);
	ck_assert_int_eq(count("SELECT count(*) FROM audit WHERE event ="
	    " 'rotated' AND first = 1"), 1);
	whole(audit_head(audit).seq);
	reopen(0);
	acts(5001, 6000);
	rotate();
	ck_assert_int_eq(count("SELECT count(*) FROM audit_archive"), 2);
	whole(audit_head(audit).seq);
	finish();
}
END_TEST

/* A look at the age of rows, with what it begins. */
static void
look(void)
{
	later += 60000;
	do {
		audit_tick(audit, com);
		acts(100000 + (int)audit_head(audit).seq,
		    100000 + (int)audit_head(audit).seq);
	} while (committer_queued(com) > 0);
}

START_TEST(rows_that_are_too_old_are_in_an_archive_and_no_others_are)
{
	begin();
	acts(1, 10);		/* rows 3 to 12 */
	days = 30;
	reopen(0);
	later = 20 * DAY_MS;
	acts(11, 20);
	look();
	ck_assert_int_eq(count("SELECT min(seq) FROM audit_log"), 1);
	later = 31 * DAY_MS - 3600000;	/* a file is for a day at least */
	look();
	ck_assert_int_eq(count("SELECT min(seq) FROM audit_log"), 1);
	later = 32 * DAY_MS;
	look();
	ck_assert_int_eq(count("SELECT min(seq) FROM audit_log"), 14);
	ck_assert_int_eq(count("SELECT count(*) FROM audit_archive WHERE"
	    " first = 1 AND last = 13 AND file = 'audit-1.db'"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM audit WHERE event ="
	    " 'rotated' AND first = 1 AND last = 13"), 1);
	whole(audit_head(audit).seq);
	finish();
}
END_TEST

START_TEST(a_record_that_is_long_but_not_too_long_costs_no_commits)
{
	uint64_t	jobs;

	begin();
	limit = 1000;
	reopen(0);
	acts(1, 950);
	look();
	jobs = jobs_done();
	for (int i = 0; i < 20; i++)
		audit_tick(audit, com);
	acts(2000, 2000);
	ck_assert_uint_eq(jobs_done(), jobs + 1);
	ck_assert_int_gt(count("SELECT count(*) FROM audit_log"), 950);
	finish();
}
END_TEST

static double
figure(const char *name)
{
	struct db	*reader;
	json_t		*all = metrics_new(), *f;
	double		 v = -1;
	size_t		 i;

	ck_assert_int_eq(db_open_reader(&reader, unit_path("keys.db")), 0);
	audit_figures(audit, reader, all);
	db_close(&reader);
	json_array_foreach(json_object_get(all, "metrics"), i, f)
		if (strcmp(json_string_value(json_object_get(f, "name")),
		    name) == 0)
			v = json_number_value(json_object_get(json_array_get(
			    json_object_get(f, "samples"), 0), "value"));
	json_decref(all);
	return v;
}

START_TEST(figures_tell_of_rows_their_age_and_what_was_not_written)
{
	begin();
	acts(1, 1500);
	later = 3600000;
	ck_assert(figure("qkdnode_record_rows") == 1502);
	ck_assert_double_ge(figure("qkdnode_record_oldest_row_age_seconds"),
	    3600);
	ck_assert(figure("qkdnode_record_failures_total") == 0);
	limit = 1000;
	reopen(0);
	ck_assert_int_eq(mkdir(unit_path("audit-1.db"), 0700), 0);
	look();			/* no archive can be there */
	ck_assert(figure("qkdnode_record_rows") >= 1503);
	ck_assert_double_ge(figure("qkdnode_record_failures_total"), 1);
	ck_assert_int_eq(rmdir(unit_path("audit-1.db")), 0);
	later += 120000;
	rotate();
	ck_assert(figure("qkdnode_record_rows") < 1000);
	finish();
}
END_TEST

/* As after a kill between the two: the archive is written, the store is not. */
START_TEST(a_rotation_that_was_broken_off_loses_and_doubles_nothing)
{
	sqlite3	*s;

	begin();
	acts(1, 1500);
	limit = 1000;
	reopen(0);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TRIGGER t BEFORE INSERT ON"
	    " audit_archive BEGIN SELECT RAISE(ABORT, 'killed'); END", NULL,
	    NULL, NULL), SQLITE_OK);
	rotate();
	ck_assert_int_eq(access(unit_path("audit-1.db"), R_OK), 0);
	ck_assert_int_gt(count("SELECT count(*) FROM audit_log"), 1500);
	whole(audit_head(audit).seq);
	ck_assert_int_eq(sqlite3_exec(s, "DROP TRIGGER t", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(s);
	reopen(0);
	rotate();
	ck_assert_int_lt(count("SELECT count(*) FROM audit_log"), 1000);
	whole(audit_head(audit).seq);
	finish();
}
END_TEST

START_TEST(an_archive_that_is_changed_or_gone_is_told_of)
{
	struct auditverify	v;
	sqlite3			*s;

	begin();
	acts(1, 1500);
	limit = 1000;
	reopen(0);
	rotate();
	ck_assert_int_eq(sqlite3_open(unit_path("audit-1.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "UPDATE audit_log SET peer = 'X'"
	    " WHERE seq = 50", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(s);
	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), NULL,
	    0), 0);
	ck_assert_uint_eq(v.fault_at, 50);
	ck_assert_int_eq(remove(unit_path("audit-1.db")), 0);
	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), NULL,
	    0), 0);
	ck_assert_uint_eq(v.fault_at, 0);
	ck_assert_ptr_nonnull(strstr(v.absent, "audit-1.db (rows 1 to "));
	finish();
}
END_TEST

START_TEST(an_anchor_in_an_archive_that_is_gone_is_not_taken_for_checked)
{
	struct audit_anchor	a[3] = { { .seq = 1 }, { .seq = 50 } };
	struct auditverify	v;

	begin();
	acts(1, 1500);
	limit = 1000;
	reopen(0);
	rotate();
	a[2].seq = (uint64_t)count("SELECT last FROM audit_archive");
	ck_assert_int_eq(remove(unit_path("audit-1.db")), 0);
	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), a,
	    2), 0);
	ck_assert_uint_eq(v.fault_at, 0);
	ck_assert_str_eq(v.unchecked, "row 1, row 50");
	/* The last one of it is known here. */
	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), a,
	    3), 0);
	ck_assert_uint_eq(v.fault_at, a[2].seq);
	/* There, but not to be read. */
	ck_assert_int_eq(mkdir(unit_path("audit-1.db"), 0700), 0);
	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), NULL,
	    0), -E_NOT_FOUND);
	ck_assert_str_eq(v.file, "audit-1.db");
	ck_assert_int_eq(rmdir(unit_path("audit-1.db")), 0);
	finish();
}
END_TEST

/* ---- a file of a stranger ---- */

START_TEST(a_view_in_the_place_of_a_table_is_not_read)
{
	struct auditverify	v;
	sqlite3			*s;

	begin();
	acts(1, 5);
	tamper("DROP TABLE audit_log; CREATE VIEW audit_log AS WITH RECURSIVE"
	    " n(seq) AS (SELECT -1 UNION ALL SELECT seq - 1 FROM n) SELECT"
	    " seq, 1 AS at, 'started' AS event, NULL AS link, NULL AS peer,"
	    " NULL AS source, NULL AS destination, NULL AS application,"
	    " NULL AS request, NULL AS block, NULL AS first, NULL AS last,"
	    " NULL AS count, NULL AS octets, NULL AS detail, x'' AS hash"
	    " FROM n");
	ck_assert_int_eq(auditverify(&v, unit_path("keys.db"), folder(), NULL,
	    0), -E_STORE_CORRUPT);
	ck_assert_int_eq(auditverify_open(&s, unit_path("keys.db")),
	    -E_STORE_CORRUPT);
	finish();
}
END_TEST

/* As those of a tree of pages that leads back to itself. */
START_TEST(rows_that_do_not_ascend_are_not_read_on)
{
	struct audit_anchor	 none = { 0 };
	struct auditchain	*c;
	sqlite3			*s;

	begin();
	close_all();
	ck_assert_int_eq(sqlite3_open(":memory:", &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "CREATE VIEW audit_log AS WITH"
	    " RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
	    " SELECT 1 AS seq, 1 AS at, 'started' AS event, NULL AS link,"
	    " NULL AS peer, NULL AS source, NULL AS destination, NULL AS"
	    " application, NULL AS request, NULL AS block, NULL AS first,"
	    " NULL AS last, NULL AS count, NULL AS octets, NULL AS detail,"
	    " x'' AS hash FROM n WHERE i < 20000", NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(auditchain_new(&c, &none), 0);
	ck_assert_int_eq(auditchain_read(c, s, INT64_MAX), -E_STORE_CORRUPT);
	auditchain_free(&c);
	sqlite3_close(s);
	event_base_free(base);
}
END_TEST

static int
count_one(void *n, const char *file, uint64_t first,
    const struct audit_anchor *last)
{
	(void)file, (void)first, (void)last;
	(*(unsigned *)n)++;
	return 0;
}

START_TEST(archives_that_do_not_ascend_are_not_read_on)
{
	unsigned	 n = 0;
	sqlite3		*s;

	ck_assert_int_eq(sqlite3_open(":memory:", &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TABLE audit_archive (first, last,"
	    " hash, file); INSERT INTO audit_archive VALUES"
	    " (1, 2, randomblob(32), 'x'), (1, 2, randomblob(32), 'y')",
	    NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(auditverify_archives(s, count_one, &n),
	    -E_STORE_CORRUPT);
	ck_assert_uint_eq(n, 1);
	sqlite3_close(s);
}
END_TEST

/* ---- anchors ---- */

START_TEST(an_anchor_is_read_as_it_was_written_and_nothing_else_is)
{
	static const char *const bad[] = { "", ":", "5", "5:", "x:00",
	    "5:0", "-1:00", "9999999999999999999:00" };
	struct audit_anchor	a = { .seq = 12 }, b;
	char			text[AUDITROW_ANCHOR_TEXT + 2];

	for (int i = 0; i < AUDITROW_HASH; i++)
		a.hash[i] = (uint8_t)(i * 37);
	auditrow_anchor_text(&a, text);
	ck_assert_int_eq(auditrow_anchor_parse(&b, text), 0);
	ck_assert_uint_eq(b.seq, 12);
	ck_assert_mem_eq(a.hash, b.hash, AUDITROW_HASH);
	strcat(text, "0");
	ck_assert_int_eq(auditrow_anchor_parse(&b, text), -E_BAD_FORMAT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(auditrow_anchor_parse(&b, bad[i]),
		    -E_BAD_FORMAT);
}
END_TEST

UNIT_MAIN("audit", an_act_and_its_row_are_there_together,
    a_job_that_failed_leaves_no_row_and_no_gap,
    what_cannot_be_recorded_does_not_happen,
    an_older_store_gets_a_record_that_says_so,
    each_kind_of_tampering_is_found_and_named,
    a_cut_tail_is_found,
    a_record_that_was_emptied_does_not_begin_anew,
    a_row_that_somebody_adds_is_found,
    a_record_written_anew_is_found_and_the_operator_may_go_on,
    a_fault_that_the_operator_let_pass_does_not_hide_the_next,
    an_end_that_was_cut_off_and_let_pass_is_told_of_for_ever,
    another_key_of_the_store_is_told_apart_from_a_changed_record,
    a_row_of_somebody_else_stops_the_supply,
    old_rows_are_in_archives_and_the_chain_goes_on,
    rows_that_are_too_old_are_in_an_archive_and_no_others_are,
    a_record_that_is_long_but_not_too_long_costs_no_commits,
    figures_tell_of_rows_their_age_and_what_was_not_written,
    a_rotation_that_was_broken_off_loses_and_doubles_nothing,
    an_archive_that_is_changed_or_gone_is_told_of,
    an_anchor_in_an_archive_that_is_gone_is_not_taken_for_checked,
    a_view_in_the_place_of_a_table_is_not_read,
    rows_that_do_not_ascend_are_not_read_on,
    archives_that_do_not_ascend_are_not_read_on,
    an_anchor_is_read_as_it_was_written_and_nothing_else_is)
