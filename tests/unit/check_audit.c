/* check_audit.c - the record of keys: a chain that follows the store. */
#include "config.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditchain.h"
#include "err.h"
#include "recordbench.h"

/* ---- the chain ---- */

START_TEST(an_act_and_its_row_are_there_together)
{
	rec_begin();
	rec_acts(1, 5);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM act"), 5);
	/* begun, started, five */
	ck_assert_int_eq(rec_count("SELECT max(seq) FROM audit_log"), 7);
	ck_assert_str_eq(rec_fault(), "");
	ck_assert_uint_eq(audit_head(record.audit).seq, 7);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit WHERE event ="
	    " 'supplied' AND application = 'SAE-1' AND peer = 'KME-B'"), 5);
	rec_finish();
}
END_TEST

START_TEST(a_job_that_failed_leaves_no_row_and_no_gap)
{
	struct act	a[3] = { { 1, 2, false }, { 2, 3, true },
			    { 3, 1, false } };

	rec_begin();
	for (int i = 0; i < 3; i++)
		committer_add(record.com, act_run, NULL, &a[i]);
	rec_acts(4, 4);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM act"), 3);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit WHERE event ="
	    " 'supplied'"), 4);
	ck_assert_str_eq(rec_fault(), "");
	rec_reopen(0);
	rec_acts(5, 6);
	ck_assert_str_eq(rec_fault(), "");
	rec_finish();
}
END_TEST

START_TEST(what_cannot_be_recorded_does_not_happen)
{
	sqlite3	*s;

	rec_begin();
	rec_acts(1, 3);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TRIGGER full BEFORE INSERT ON"
	    " audit_log BEGIN SELECT RAISE(ABORT, 'full'); END", NULL, NULL,
	    NULL), SQLITE_OK);
	ck_assert_int_lt(rec_act(4), 0);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM act"), 3);
	ck_assert_int_eq(sqlite3_exec(s, "DROP TRIGGER full", NULL, NULL,
	    NULL), SQLITE_OK);
	rec_acts(5, 5);
	/* The same of the head: the whole commit fails. */
	ck_assert_int_eq(sqlite3_exec(s, "CREATE TRIGGER full BEFORE UPDATE ON"
	    " audit_head BEGIN SELECT RAISE(ABORT, 'full'); END", NULL, NULL,
	    NULL), SQLITE_OK);
	ck_assert_int_lt(rec_act(6), 0);
	ck_assert_int_eq(sqlite3_exec(s, "DROP TRIGGER full", NULL, NULL,
	    NULL), SQLITE_OK);
	rec_acts(7, 7);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM act"), 5);
	ck_assert_str_eq(rec_fault(), "");
	sqlite3_close(s);
	rec_finish();
}
END_TEST

START_TEST(an_older_store_gets_a_record_that_says_so)
{
	rec_begin();
	rec_anew();
	rec_close();
	remove(unit_path("keys.db"));
	ck_assert_int_eq(rec_open(1), 0);
	rec_close();
	ck_assert_int_eq(rec_open(2), 0);
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit WHERE seq = 1"
	    " AND event = 'begun' AND detail LIKE"
	    " '%older than its record%'"), 1);
	rec_acts(1, 2);
	ck_assert_str_eq(rec_fault(), "");
	rec_finish();
}
END_TEST

/* ---- tampering ---- */

/* The daemon refuses to start with it; what it says. */
static char *
refused(void)
{
	unit_capture();
	ck_assert_int_eq(rec_open(2), -E_AUDIT);
	return unit_captured();
}

/* The operator does what the daemon says. */
static void
accept_fault(void)
{
	char	*seen = refused(), *anchor;

	ck_assert_ptr_nonnull(strstr(seen, "audit_accept"));
	ck_assert_ptr_nonnull(anchor = strstr(seen, "anchor="));
	snprintf(record.accepted, sizeof(record.accepted), "%.*s",
	    (int)strcspn(anchor + 7, " \n"), anchor + 7);
	free(seen);
	unit_capture();
	rec_reopen(0);
	free(unit_captured());
}

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

	rec_begin();
	for (size_t i = 0; i < n; i++) {
		rec_acts(1, 10);
		rec_tamper(tampered[i].sql);
		ck_assert_msg(strncmp(rec_fault(), tampered[i].fault,
		    strlen(tampered[i].fault)) == 0, "%s: %s",
		    tampered[i].sql, rec_fault());
		/* And the daemon does not go on with it. */
		free(refused());
		rec_anew();
	}
	rec_finish();
}
END_TEST

START_TEST(a_cut_tail_is_found)
{
	char	*seen;

	rec_begin();
	rec_acts(1, 10);
	rec_tamper("DELETE FROM audit_log WHERE seq > 9");
	ck_assert_str_eq(rec_fault(), "");	/* not by the rows alone */
	seen = refused();
	ck_assert_ptr_nonnull(strstr(seen, "rows 10 to 12 are missing"));
	free(seen);
	rec_close();
	/* The head with it: its MAC is not to be had. */
	rec_tamper("UPDATE audit_head SET seq = 9, hash = (SELECT hash FROM"
	    " audit_log WHERE seq = 9)");
	seen = refused();
	ck_assert_ptr_nonnull(strstr(seen, "its head was changed"));
	free(seen);
	rec_finish();
}
END_TEST

START_TEST(a_record_that_was_emptied_does_not_begin_anew)
{
	rec_begin();
	rec_acts(1, 3);
	rec_tamper("DELETE FROM audit_log; UPDATE audit_head SET seq = 0,"
	    " hash = zeroblob(32), mac = x'', sealed = NULL");
	free(refused());
	rec_close();
	/* But a first start that was broken off may be done again. */
	rec_tamper("DELETE FROM act");
	ck_assert_int_eq(rec_open(2), 0);
	rec_acts(1, 3);
	rec_finish();
}
END_TEST

START_TEST(a_row_that_somebody_adds_is_found)
{
	rec_begin();
	rec_acts(1, 3);
	rec_tamper("INSERT INTO audit_log SELECT 6, at, event, link, peer,"
	    " source, destination, application, request, block, first, last,"
	    " count, octets, detail, hash FROM audit_log WHERE seq = 5");
	free(refused());
	rec_finish();
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
	sqlite3	*s;

	rec_begin();
	rec_acts(1, 3);
	rec_close();
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	write_anew(s);
	sqlite3_close(s);
	ck_assert_str_eq(rec_fault(), "");
	accept_fault();
	ck_assert_int_eq(rec_count("SELECT count(*) FROM audit WHERE event ="
	    " 'accepted' AND seq = 6"), 1);
	rec_acts(11, 12);
	ck_assert_str_eq(rec_fault(), "");
	/* Once: another time it is another place. */
	rec_tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 8");
	free(refused());
	rec_finish();
}
END_TEST

START_TEST(a_fault_that_the_operator_let_pass_does_not_hide_the_next)
{
	rec_begin();
	rec_acts(1, 10);
	rec_tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 6");
	accept_fault();
	rec_acts(21, 25);
	ck_assert_str_eq(rec_fault(), "");
	ck_assert_uint_eq(record.let_pass, 1);
	rec_tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 16");
	ck_assert_ptr_nonnull(strstr(rec_fault(), "row 16"));
	/* Nor one before the fault that was let pass. */
	rec_tamper("UPDATE audit_log SET peer = 'X' WHERE seq = 3");
	ck_assert_ptr_nonnull(strstr(rec_fault(), "row 3"));
	rec_finish();
}
END_TEST

START_TEST(an_end_that_was_cut_off_and_let_pass_is_told_of_for_ever)
{
	rec_begin();
	rec_acts(1, 10);
	rec_tamper("DELETE FROM audit_log WHERE seq > 8");
	accept_fault();
	rec_acts(21, 25);
	ck_assert_str_eq(rec_fault(), "");
	ck_assert_uint_eq(record.let_pass, 1);
	rec_finish();
}
END_TEST

START_TEST(another_key_of_the_store_is_told_apart_from_a_changed_record)
{
	char	*seen;

	rec_begin();
	rec_acts(1, 3);
	rec_close();
	record.node_key[0] ^= 1;
	unit_capture();
	ck_assert_int_eq(rec_open(2), -E_SEAL);
	seen = unit_captured();
	ck_assert_ptr_nonnull(strstr(seen, "node_key"));
	free(seen);
	rec_finish();
}
END_TEST

/* Added behind the daemon's back while it runs. */
START_TEST(a_row_of_somebody_else_stops_the_supply)
{
	sqlite3	*s;

	rec_begin();
	rec_acts(1, 3);
	ck_assert_int_eq(sqlite3_open(unit_path("keys.db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "INSERT INTO audit_log SELECT 6, at,"
	    " event, link, peer, source, destination, application, request,"
	    " block, first, last, count, octets, detail, hash FROM audit_log"
	    " WHERE seq = 5", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(s);
	unit_capture();
	ck_assert_int_lt(rec_act(4), 0);
	free(unit_captured());
	ck_assert_int_eq(rec_count("SELECT count(*) FROM act"), 3);
	rec_finish();
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
    an_anchor_is_read_as_it_was_written_and_nothing_else_is)
