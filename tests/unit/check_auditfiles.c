/* check_auditfiles.c - the record's archives, figures, strangers' files. */
#include "config.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditchain.h"
#include "auditverify.h"
#include "err.h"
#include "metrics.h"
#include "recordbench.h"

#define DAY_MS		UINT64_C(86400000)

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

	committer_figures(record.com, &f);
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
		audit_tick(record.audit, record.com);
		rec_acts(100000 + (int)audit_head(record.audit).seq,
		    100000 + (int)audit_head(record.audit).seq);
	}
}

START_TEST(old_rows_are_in_archives_and_the_chain_goes_on)
{
	rec_begin();
	rec_acts(1, 3000);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit_log"), 3002);
	record.limit = 1000;
	rec_reopen(0);
	rotate();
	ck_assert_int_lt(rec_count("SELECT count(*) FROM audit_log"), 1000);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit WHERE event ="
	    " 'rotated' AND first = 1"), 1);
	whole(audit_head(record.audit).seq);
	rec_reopen(0);
	rec_acts(5001, 6000);
	rotate();
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit_archive"), 2);
	whole(audit_head(record.audit).seq);
	rec_finish();
}
END_TEST

/* A look at the age of rows, with what it begins. */
static void
look(void)
{
	record.later += 60000;
	do {
		audit_tick(record.audit, record.com);
		rec_acts(100000 + (int)audit_head(record.audit).seq,
		    100000 + (int)audit_head(record.audit).seq);
	} while (committer_queued(record.com) > 0);
}

START_TEST(rows_that_are_too_old_are_in_an_archive_and_no_others_are)
{
	rec_begin();
	rec_acts(1, 10);		/* rows 3 to 12 */
	record.days = 30;
	rec_reopen(0);
	record.later = 20 * DAY_MS;
	rec_acts(11, 20);
	look();
	ck_assert_int_eq(rec_count("SELECT min(seq) FROM audit_log"), 1);
	record.later = 31 * DAY_MS - 3600000;	/* a file is for a day */
	look();
	ck_assert_int_eq(rec_count("SELECT min(seq) FROM audit_log"), 1);
	record.later = 32 * DAY_MS;
	look();
	ck_assert_int_eq(rec_count("SELECT min(seq) FROM audit_log"), 14);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit_archive WHERE"
	    " first = 1 AND last = 13 AND file = 'audit-1.db'"), 1);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit WHERE event ="
	    " 'rotated' AND first = 1 AND last = 13"), 1);
	whole(audit_head(record.audit).seq);
	rec_finish();
}
END_TEST

START_TEST(a_record_that_is_long_but_not_too_long_costs_no_commits)
{
	uint64_t	jobs;

	rec_begin();
	record.limit = 1000;
	rec_reopen(0);
	rec_acts(1, 950);
	look();
	jobs = jobs_done();
	for (int i = 0; i < 20; i++)
		audit_tick(record.audit, record.com);
	rec_acts(2000, 2000);
	ck_assert_uint_eq(jobs_done(), jobs + 1);
	ck_assert_int_gt(rec_count("SELECT count(*) FROM audit_log"), 950);
	rec_finish();
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
	audit_figures(record.audit, reader, all);
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
	rec_begin();
	rec_acts(1, 1500);
	record.later = 3600000;
	ck_assert(figure("qkdnode_record_rows") == 1502);
	ck_assert_double_ge(figure("qkdnode_record_oldest_row_age_seconds"),
	    3600);
	ck_assert(figure("qkdnode_record_failures_total") == 0);
	record.limit = 1000;
	rec_reopen(0);
	ck_assert_int_eq(mkdir(unit_path("audit-1.db"), 0700), 0);
	look();			/* no archive can be there */
	ck_assert(figure("qkdnode_record_rows") >= 1503);
	ck_assert_double_ge(figure("qkdnode_record_failures_total"), 1);
	ck_assert_int_eq(rmdir(unit_path("audit-1.db")), 0);
	record.later += 120000;
	rotate();
	ck_assert(figure("qkdnode_record_rows") < 1000);
	rec_finish();
}
END_TEST

/* As after a kill between the two: the archive is there, its row is not. */
START_TEST(a_rotation_that_was_broken_off_loses_and_doubles_nothing)
{
	sqlite3	*s;

	rec_begin();
	rec_acts(1, 1500);
	record.limit = 1000;
	rec_reopen(0);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TRIGGER t BEFORE INSERT ON"
	    " audit_archive BEGIN SELECT RAISE(ABORT, 'killed'); END", NULL,
	    NULL, NULL), SQLITE_OK);
	rotate();
	ck_assert_int_eq(access(unit_path("audit-1.db"), R_OK), 0);
	ck_assert_int_gt(rec_count("SELECT count(*) FROM audit_log"), 1500);
	whole(audit_head(record.audit).seq);
	ck_assert_int_eq(sqlite3_exec(s, "DROP TRIGGER t", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(s);
	rec_reopen(0);
	rotate();
	ck_assert_int_lt(rec_count("SELECT count(*) FROM audit_log"), 1000);
	whole(audit_head(record.audit).seq);
	rec_finish();
}
END_TEST

START_TEST(an_archive_that_is_changed_or_gone_is_told_of)
{
	struct auditverify	v;
	sqlite3			*s;

	rec_begin();
	rec_acts(1, 1500);
	record.limit = 1000;
	rec_reopen(0);
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
	rec_finish();
}
END_TEST

START_TEST(an_anchor_in_an_archive_that_is_gone_is_not_taken_for_checked)
{
	struct audit_anchor	a[3] = { { .seq = 1 }, { .seq = 50 } };
	struct auditverify	v;

	rec_begin();
	rec_acts(1, 1500);
	record.limit = 1000;
	rec_reopen(0);
	rotate();
	a[2].seq = (uint64_t)rec_count("SELECT last FROM audit_archive");
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
	rec_finish();
}
END_TEST

/* ---- a file of a stranger ---- */

START_TEST(a_view_in_the_place_of_a_table_is_not_read)
{
	struct auditverify	v;
	sqlite3			*s;

	rec_begin();
	rec_acts(1, 5);
	rec_tamper("DROP TABLE audit_log; CREATE VIEW audit_log AS WITH"
	    " RECURSIVE"
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
	rec_finish();
}
END_TEST

/* As those of a tree of pages that leads back to itself. */
START_TEST(rows_that_do_not_ascend_are_not_read_on)
{
	struct audit_anchor	 none = { 0 };
	struct auditchain	*c;
	sqlite3			*s;

	rec_begin();
	rec_close();
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
	event_base_free(record.base);
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
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TABLE audit_archive (first,"
	    " last, hash, file); INSERT INTO audit_archive VALUES"
	    " (1, 2, randomblob(32), 'x'), (1, 2, randomblob(32), 'y')",
	    NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(auditverify_archives(s, count_one, &n),
	    -E_STORE_CORRUPT);
	ck_assert_uint_eq(n, 1);
	sqlite3_close(s);
}
END_TEST

UNIT_MAIN("auditfiles", old_rows_are_in_archives_and_the_chain_goes_on,
    rows_that_are_too_old_are_in_an_archive_and_no_others_are,
    a_record_that_is_long_but_not_too_long_costs_no_commits,
    figures_tell_of_rows_their_age_and_what_was_not_written,
    a_rotation_that_was_broken_off_loses_and_doubles_nothing,
    an_archive_that_is_changed_or_gone_is_told_of,
    an_anchor_in_an_archive_that_is_gone_is_not_taken_for_checked,
    a_view_in_the_place_of_a_table_is_not_read,
    rows_that_do_not_ascend_are_not_read_on,
    archives_that_do_not_ascend_are_not_read_on)
