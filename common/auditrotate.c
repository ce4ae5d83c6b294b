/*
 * auditrotate.c - old rows of the record go to an archive beside the store:
 * first they are on disk there, then they go here, in one transaction with the
 * new place where the store's part begins. A crash in between leaves them in
 * both, and what the archive has beyond that place does not count.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditchain.h"
#include "auditint.h"
#include "auditsql.h"
#include "err.h"
#include "ident.h"
#include "log.h"

#define AT_ONCE		2000	/* rows in one transaction */
#define LOOK_MS		60000	/* between two looks at the age of rows */
#define BUSY_MS		500	/* who reads an archive reads a part of it */
#define DAY_MS		UINT64_C(86400000)

/* ---- the archive ---- */

static int
fail(const char *path, const char *what)
{
	log_err("the archive of the record of keys cannot be written",
	    "path=%s error=%s remedy=\"free space on the disk, or give the "
	    "directory to the daemon's user\"", log_quote(path),
	    log_quote(what));
	return -E_STORE;
}

/* Readable as the store is; its name is on disk, too. */
static int
make_file(const char *path)
{
	char	 dir[4096];
	int	 fd, r;

	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0640)) < 0)
		return -E_SYSTEM;
	close(fd);
	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -E_SYSTEM;
	r = fsync(fd);
	close(fd);
	return r < 0 ? -E_SYSTEM : 0;
}

static int
copy_row(sqlite3_stmt *from, sqlite3_stmt *to)
{
	for (int i = 0; i < AUDIT_COLUMNS + 2; i++)
		if (sqlite3_bind_value(to, i + 1,
		    sqlite3_column_value(from, i)) != SQLITE_OK)
			return -E_STORE;
	if (sqlite3_step(to) != SQLITE_DONE)
		return -E_STORE;
	sqlite3_reset(to);
	return 0;
}

static int
copy_rows(struct audit *a, sqlite3 *archive, uint64_t last)
{
	sqlite3_stmt	*to = NULL, *from;
	int		 r;

	if (sqlite3_prepare_v2(archive, "INSERT OR REPLACE INTO audit_log"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1,
	    &to, NULL) != SQLITE_OK)
		return -E_STORE;
	from = db_bind(a->db, AUDITCHAIN_SELECT " WHERE seq <= ?"
	    " ORDER BY seq", "u", last);
	while ((r = db_step(a->db, from)) == SQLITE_ROW)
		if ((r = copy_row(from, to)) < 0)
			break;
	if (from != NULL)
		sqlite3_reset(from);
	sqlite3_finalize(to);
	return r < 0 ? r : 0;
}

static int
write_archive(struct audit *a, const char *path, uint64_t last)
{
	sqlite3	*s = NULL;
	int	 r = -E_STORE;

	if (make_file(path) < 0 || sqlite3_open_v2(path, &s,
	    SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(s, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(s, "PRAGMA synchronous=EXTRA; BEGIN IMMEDIATE;"
	    AUDIT_TABLE(""), NULL, NULL, NULL) != SQLITE_OK ||
	    copy_rows(a, s, last) < 0 ||
	    sqlite3_exec(s, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		fail(path, s == NULL ? "cannot be made" : sqlite3_errmsg(s));
	else
		r = 0;
	sqlite3_close(s);
	return r;
}

/* ---- the job ---- */

static void
name_of(const struct audit *a, char file[64], char path[4096])
{
	const char	*store = db_path(a->db);
	const char	*slash = strrchr(store, '/');

	snprintf(file, 64, "audit-%" PRIu64 ".db", a->archive_first);
	snprintf(path, 4096, "%.*s/%s", slash == NULL ? 1 :
	    (int)(slash - store), slash == NULL ? "." : store, file);
}

/* What is in the archive goes from here. */
static int
move_edge(struct audit *a, const char *file, const struct audit_anchor *last)
{
	int	r;

	if ((r = db_run(a->db, "INSERT INTO audit_archive VALUES (?1, ?2, ?3,"
	    " ?4) ON CONFLICT (first) DO UPDATE SET last = ?2, hash = ?3",
	    "uubs", a->archive_first, last->seq, last->hash,
	    (size_t)AUDITROW_HASH, file)) < 0 ||
	    (r = db_run(a->db, "DELETE FROM audit_log WHERE seq <= ?", "u",
	    last->seq)) < 0)
		return r;
	a->now.first = last->seq + 1;
	memcpy(a->now.before, last->hash, AUDITROW_HASH);
	return 0;
}

static int
tell(struct audit *a, const char *file, const struct audit_anchor *last)
{
	struct audit_row	row = { .event = AUDIT_ROTATED,
				    .first = a->archive_first,
				    .last = last->seq };
	char			text[64 + 1 + AUDITROW_ANCHOR_TEXT];
	int			n = snprintf(text, sizeof(text), "%s ", file);

	auditrow_anchor_text(last, text + n);
	row.count = last->seq - row.first + 1;
	row.detail = text;
	return audit_add(a, &row);
}

/* The last row that is to go; 0: none is. */
static uint64_t
goal(struct audit *a)
{
	uint64_t	have = a->now.last.seq + 1 - a->now.first;
	uint64_t	rows = (uint64_t)a->conf.rows, now = now_ms();
	uint64_t	age = (uint64_t)a->conf.days * DAY_MS;
	int64_t		oldest;

	if (rows != 0 && have > rows)
		return a->now.last.seq - rows / 10 * 9;
	oldest = db_int(a->db, INT64_MAX, "SELECT at FROM audit_log"
	    " WHERE seq = ?", "u", a->now.first);
	/* A file for each day at most. */
	if (age == 0 || now < age + DAY_MS ||
	    (uint64_t)oldest >= now - age - DAY_MS)
		return 0;
	return (uint64_t)db_int(a->db, (int64_t)a->now.last.seq + 1,
	    "SELECT seq FROM audit_log WHERE at >= ? ORDER BY seq LIMIT 1",
	    "u", now - age) - 1;
}

static int
rotate_run(struct db *db, void *arg)
{
	struct audit		*a = arg;
	struct audit_anchor	 last;
	char			 file[64], path[4096];
	int			 r;

	if (a->archive_upto < a->now.first) {
		a->archive_upto = goal(a);
		a->archive_first = a->now.first;
	}
	if (!(a->more = a->archive_upto >= a->now.first))
		return 0;
	last.seq = a->archive_upto - a->now.first < AT_ONCE ?
	    a->archive_upto : a->now.first + AT_ONCE - 1;
	if ((r = auditchain_find(db_handle(db), last.seq, &last)) < 0)
		return r;
	name_of(a, file, path);
	if ((r = audit_wrote(a, write_archive(a, path, last.seq))) < 0 ||
	    (r = move_edge(a, file, &last)) < 0)
		return r;
	a->more = last.seq < a->archive_upto;
	return a->more ? 0 : tell(a, file, &last);
}

static void
rotate_done(void *arg, int r)
{
	struct audit	*a = arg;

	a->rotating = false;
	/* A disk that is full now is looked at a little later. */
	a->looked = mono_ms() + (r < 0 ? LOOK_MS : 0);
}

void
audit_rotate(struct audit *a, struct committer *c)
{
	const struct audit_state s = audit_committed(a);
	uint64_t		 now = mono_ms();
	bool			 many = a->conf.rows != 0 && s.last.seq + 1 -
				    s.first > (uint64_t)a->conf.rows;

	if (a->rotating || now < a->looked ||
	    (!many && !a->more && now - a->looked < LOOK_MS))
		return;
	a->rotating = true;
	committer_add(c, rotate_run, rotate_done, a);
}
