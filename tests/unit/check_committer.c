/* Group commit. */
#include "config.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "committer.h"
#include "err.h"
#include "ident.h"
#include "unit.h"

static const char *const	schema[] = {
	"CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB) STRICT"
};

static struct event_base	*base;
static struct db		*db;
static struct committer		*com;
static int			 answered, last, failures, wanted;

struct job { int n; bool fail; };

static void
start(void)
{
	answered = failures = 0;
	last = -1;
	base = event_base_new();
	ck_assert_int_eq(db_open(&db, unit_path("keys.db"), schema, 1), 0);
	ck_assert_int_eq(committer_new(&com, base, db), 0);
}

static void
finish(void)
{
	committer_free(&com);
	db_close(&db);
	event_base_free(base);
}

static int
insert(struct db *d, void *arg)
{
	struct job	*j = arg;
	int		 r;

	r = db_run(d, "INSERT INTO t VALUES(?, zeroblob(64))", "i",
	    (int64_t)j->n);
	return r < 0 ? r : j->fail ? -E_SPENT : 0;
}

/* In order, each once. */
static void
count(void *arg, int result)
{
	struct job	*j = arg;

	ck_assert_int_gt(j->n, last);
	last = j->n;
	ck_assert_int_eq(result, j->fail ? -E_SPENT : 0);
	failures += result < 0;
	if (++answered == wanted)
		event_base_loopbreak(base);
}

static int64_t
rows(void)
{
	struct db	*reader;
	int64_t		 n;

	ck_assert_int_eq(db_open_reader(&reader, unit_path("keys.db")), 0);
	n = db_int(reader, -1, "SELECT count(*) FROM t", "");
	db_close(&reader);
	return n;
}

START_TEST(jobs_are_answered_in_order_when_they_are_on_disk)
{
	struct job	jobs[500];

	start();
	for (int i = 0; i < 500; i++) {
		jobs[i] = (struct job){ i, false };
		committer_add(com, insert, count, &jobs[i]);
	}
	ck_assert_uint_eq(committer_queued(com), 500);
	ck_assert_int_eq(answered, 0);	/* never before the loop runs */
	wanted = 500;
	event_base_dispatch(base);
	ck_assert_int_eq(answered, 500);
	ck_assert_uint_eq(committer_queued(com), 0);
	ck_assert_int_eq(rows(), 500);
	finish();
}
END_TEST

static struct committer_figures
figures(void)
{
	struct committer_figures	f;

	committer_figures(com, &f);
	return f;
}

START_TEST(commits_and_their_jobs_are_counted)
{
	struct job	jobs[3] = { { 0, false }, { 1, true }, { 2, false } };

	start();
	ck_assert_uint_eq(figures().commits, 0);
	ck_assert_uint_eq(figures().jobs, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(committer_sync(com, insert, &jobs[i]),
		    jobs[i].fail ? -E_SPENT : 0);
	ck_assert_uint_eq(figures().commits, 3);
	ck_assert_uint_eq(figures().jobs, 3);
	finish();
}
END_TEST

START_TEST(a_failing_job_fails_alone)
{
	struct job	jobs[300];

	start();
	for (int i = 0; i < 300; i++) {
		jobs[i] = (struct job){ i, i % 7 == 3 };
		committer_add(com, insert, count, &jobs[i]);
	}
	wanted = 300;
	event_base_dispatch(base);
	ck_assert_int_eq(failures, 43);
	ck_assert_int_eq(rows(), 300 - 43);
	finish();
}
END_TEST

/* What SQLite does by itself when the disk is full. */
static int
lose_transaction(struct db *d, void *arg)
{
	(void)arg;
	db_rollback(d);
	return 0;
}

static void
expect_unknown(void *arg, int result)
{
	(void)arg;
	ck_assert_int_eq(result, -E_STORE);
	if (++answered == wanted)
		event_base_loopbreak(base);
}

START_TEST(a_lost_transaction_costs_only_the_job_that_lost_it)
{
	struct job	jobs[20];

	start();
	for (int i = 0; i < 20; i++) {
		jobs[i] = (struct job){ i, false };
		if (i == 11)
			committer_add(com, lose_transaction, expect_unknown,
			    NULL);
		else
			committer_add(com, insert, count, &jobs[i]);
	}
	wanted = 20;
	event_base_dispatch(base);
	ck_assert_int_eq(rows(), 19);
	finish();
}
END_TEST

START_TEST(sync_waits_and_delivers_what_came_before)
{
	struct job	a = { 1, false }, b = { 2, false }, c = { 3, true };

	start();
	wanted = -1;
	committer_add(com, insert, count, &a);
	ck_assert_int_eq(committer_sync(com, insert, &b), 0);
	ck_assert_int_eq(answered, 1);
	ck_assert_int_eq(committer_sync(com, insert, &c), -E_SPENT);
	ck_assert_int_eq(rows(), 2);
	finish();
}
END_TEST

static struct job	inner_a = { 11, false }, inner_b = { 12, false };

static void
add_more(void *arg, int result)
{
	count(arg, result);
	committer_add(com, insert, count, &inner_a);
	ck_assert_int_eq(committer_sync(com, insert, &inner_b), 0);
}

START_TEST(an_answer_may_add_jobs_and_wait_for_them)
{
	struct job	a = { 1, false };

	start();
	wanted = 2;
	committer_add(com, insert, add_more, &a);
	event_base_dispatch(base);
	ck_assert_int_eq(rows(), 3);
	finish();
}
END_TEST

START_TEST(freeing_finishes_what_was_added)
{
	struct job	jobs[100];

	start();
	wanted = -1;
	for (int i = 0; i < 100; i++) {
		jobs[i] = (struct job){ i, false };
		committer_add(com, insert, count, &jobs[i]);
	}
	committer_free(&com);
	ck_assert_ptr_null(com);
	ck_assert_int_eq(answered, 100);
	ck_assert_int_eq(rows(), 100);
	finish();
}
END_TEST

START_TEST(a_checkpoint_empties_the_write_ahead_log)
{
	struct job	jobs[100];
	char		*p;
	size_t		 len = 1;

	start();
	for (int i = 0; i < 100; i++) {
		jobs[i] = (struct job){ i, false };
		ck_assert_int_eq(committer_sync(com, insert, &jobs[i]), 0);
	}
	committer_checkpoint(com);
	for (int i = 0; i < 500 && len > 0; i++) {
		usleep(10000);
		p = unit_read(unit_path("keys.db-wal"), &len);
		free(p);
	}
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(figures().checkpoint, 0);
	finish();
}
END_TEST

static bool
blocked_is(bool blocked, int seconds)
{
	for (int i = 0; i < seconds * 100; i++) {
		if ((figures().blocked > 0) == blocked)
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(a_checkpoint_that_a_reader_blocks_is_made_when_it_ends)
{
	struct job	 job = { 1, false };
	struct db	*reader;
	sqlite3_stmt	*st;
	size_t		 len;

	start();
	ck_assert_int_eq(committer_sync(com, insert, &job), 0);
	ck_assert_int_eq(db_open_reader(&reader, unit_path("keys.db")), 0);
	st = db_stmt(reader, "SELECT * FROM sqlite_schema");
	ck_assert_int_eq(db_step(reader, st), SQLITE_ROW);
	job.n = 2;
	ck_assert_int_eq(committer_sync(com, insert, &job), 0);
	committer_checkpoint(com);
	ck_assert(blocked_is(true, 3));
	ck_assert_int_eq(figures().checkpoint, -E_BUSY);
	sqlite3_reset(st);
	ck_assert(blocked_is(false, 10));
	free(unit_read(unit_path("keys.db-wal"), &len));
	ck_assert_uint_eq(len, 0);
	db_close(&reader);
	finish();
}
END_TEST

/* A chain of jobs: each answer adds the next; many chains at once. */
static void
again(void *arg, int result)
{
	struct job	*j = arg;

	ck_assert_int_eq(result, 0);
	if (++answered >= wanted) {
		event_base_loopbreak(base);
		return;
	}
	j->n += 64;
	committer_add(com, insert, again, j);
}

START_TEST(an_answer_may_add_jobs_while_freeing_waits)
{
	struct job	j = { 0, false };

	start();
	wanted = 5;
	committer_add(com, insert, again, &j);
	finish();
	ck_assert_int_eq(answered, 5);
}
END_TEST

START_TEST(thousands_of_jobs_a_second_share_their_commits)
{
	struct job	chain[64];
	uint64_t	began, ms;

	start();
	wanted = 20000;
	began = mono_ms();
	for (int i = 0; i < 64; i++) {
		chain[i] = (struct job){ i, false };
		committer_add(com, insert, again, &chain[i]);
	}
	event_base_dispatch(base);
	ms = mono_ms() - began + 1;
	if (getenv("V") != NULL)
		printf("%d jobs in %d ms: %d/s\n", answered, (int)ms,
		    (int)((uint64_t)answered * 1000 / ms));
	/* A twentieth of what is usual: only a lost grouping fails here. */
	ck_assert_uint_lt(ms, 20000);
	finish();
}
END_TEST

/* The child tells each answer; the parent kills it in the middle. */
static int	tell_fd;

static void
tell(void *arg, int result)
{
	struct job	*j = arg;
	int32_t		 n = j->n;

	if (result != 0 || write(tell_fd, &n, sizeof(n)) != sizeof(n))
		_exit(1);
	j->n += 32;
	committer_add(com, insert, tell, j);
}

static void
run_until_killed(int fd, int from)
{
	struct job	chain[32];

	tell_fd = fd;
	base = event_base_new();
	if (db_open(&db, unit_path("keys.db"), schema, 1) < 0 ||
	    committer_new(&com, base, db) < 0)
		_exit(1);
	for (int i = 0; i < 32; i++) {
		chain[i] = (struct job){ from + i, false };
		committer_add(com, insert, tell, &chain[i]);
	}
	event_base_dispatch(base);
	_exit(1);
}

START_TEST(an_answered_job_survives_kill_9)
{
	static bool	told[10000000];
	int32_t		n, got;
	int		fds[2];
	pid_t		pid;

	unit_path("");	/* one directory for all children */
	for (int round = 0; round < 4; round++) {
		ck_assert_int_eq(pipe(fds), 0);
		if ((pid = fork()) == 0)
			run_until_killed(fds[1], round * 2000000);
		close(fds[1]);
		ck_assert_int_eq(read(fds[0], &n, sizeof(n)), sizeof(n));
		told[n] = true;
		usleep(30000 + 11000 * (unsigned)round);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n))
			told[n] = true;
		close(fds[0]);
	}
	ck_assert_int_eq(db_open(&db, unit_path("keys.db"), schema, 1), 0);
	for (n = 0, got = 0; n < 10000000; n++) {
		if (!told[n])
			continue;
		got++;
		ck_assert_int_eq(db_int(db, 0, "SELECT 1 FROM t WHERE id=?",
		    "i", (int64_t)n), 1);
	}
	ck_assert_int_gt(got, 100);
	db_close(&db);
}
END_TEST

UNIT_MAIN("committer", jobs_are_answered_in_order_when_they_are_on_disk,
    commits_and_their_jobs_are_counted, a_failing_job_fails_alone,
    a_lost_transaction_costs_only_the_job_that_lost_it,
    sync_waits_and_delivers_what_came_before,
    an_answer_may_add_jobs_and_wait_for_them, freeing_finishes_what_was_added,
    a_checkpoint_empties_the_write_ahead_log,
    a_checkpoint_that_a_reader_blocks_is_made_when_it_ends,
    an_answer_may_add_jobs_while_freeing_waits,
    thousands_of_jobs_a_second_share_their_commits,
    an_answered_job_survives_kill_9)
