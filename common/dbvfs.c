/*
 * dbvfs.c - see dbvfs.h. Only the log is collected, and only what lies
 * behind each other. Whoever does anything else with the file finds it
 * written. Other connections read what a commit has made durable, no further.
 * SQLite overlooks some errors, so one that left a hole in the log stays, and
 * nothing becomes durable, until SQLite was told, has rolled back, and writes
 * the log again from before it.
 */
#include "dbvfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define COLLECT		(128 * 1024)	/* octets */

struct logfile {
	sqlite3_file	 base;		/* SQLite's view */
	unsigned char	*buf;		/* COLLECT octets, or NULL */
	sqlite3_int64	 at;		/* where they belong */
	int		 len;
	int		 failed;	/* SQLITE_OK, or why there is a hole */
	bool		 told;		/* ... and SQLite was told */
	sqlite3_int64	 hole;		/* ... and where it begins */
	/* The file of the system's VFS lies behind, aligned. */
};

#define INNER_AT	((sizeof(struct logfile) + 15) / 16 * 16)

static sqlite3_vfs	*system_vfs, our_vfs;
static pthread_once_t	 once = PTHREAD_ONCE_INIT;

static sqlite3_file *
inner(struct logfile *f)
{
	return (sqlite3_file *)((char *)f + INNER_AT);
}

static int
flush(struct logfile *f)
{
	int	len = f->len;

	f->len = 0;
	if (f->failed == SQLITE_OK && len > 0) {
		f->failed = inner(f)->pMethods->xWrite(inner(f), f->buf, len,
		    f->at);
		f->hole = f->at;
		f->told = false;
	}
	return f->failed;
}

static int
log_close(sqlite3_file *file)
{
	struct logfile	*f = (struct logfile *)file;
	int		 r = flush(f), closed;

	closed = inner(f)->pMethods->xClose(inner(f));
	free(f->buf);
	f->buf = NULL;
	return r != SQLITE_OK ? r : closed;
}

static int
log_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	struct logfile	*f = (struct logfile *)file;

	/* Before the hole all is well, and a new transaction begins there. */
	if (flush(f) != SQLITE_OK && at + n > f->hole)
		return f->failed;
	return inner(f)->pMethods->xRead(inner(f), out, n, at);
}

static int
log_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct logfile	*f = (struct logfile *)file;

	if (f->len > 0 && (at != f->at + f->len || n > COLLECT - f->len))
		(void)flush(f);
	/* A transaction may write its own pages again, before the hole. */
	if (f->failed != SQLITE_OK && (at > f->hole || !f->told)) {
		f->told = true;
		return f->failed;
	}
	f->failed = SQLITE_OK;
	if (n > COLLECT)
		return inner(f)->pMethods->xWrite(inner(f), p, n, at);
	if (f->len == 0)
		f->at = at;
	memcpy(f->buf + f->len, p, (size_t)n);
	f->len += n;
	return SQLITE_OK;
}

static int
log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct logfile	*f = (struct logfile *)file;

	(void)flush(f);
	return inner(f)->pMethods->xTruncate(inner(f), size);
}

static int
log_sync(sqlite3_file *file, int flags)
{
	struct logfile	*f = (struct logfile *)file;
	int		 r = flush(f);

	if (r == SQLITE_OK)
		return inner(f)->pMethods->xSync(inner(f), flags);
	f->told = true;
	return r;
}

static int
log_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct logfile	*f = (struct logfile *)file;

	(void)flush(f);
	return inner(f)->pMethods->xFileSize(inner(f), size);
}

static int
log_lock(sqlite3_file *file, int level)
{
	struct logfile	*f = (struct logfile *)file;

	return inner(f)->pMethods->xLock(inner(f), level);
}

static int
log_unlock(sqlite3_file *file, int level)
{
	struct logfile	*f = (struct logfile *)file;

	return inner(f)->pMethods->xUnlock(inner(f), level);
}

static int
log_reserved(sqlite3_file *file, int *out)
{
	struct logfile	*f = (struct logfile *)file;

	return inner(f)->pMethods->xCheckReservedLock(inner(f), out);
}

static int
log_control(sqlite3_file *file, int op, void *arg)
{
	struct logfile	*f = (struct logfile *)file;

	return inner(f)->pMethods->xFileControl(inner(f), op, arg);
}

static int
log_sector(sqlite3_file *file)
{
	struct logfile	*f = (struct logfile *)file;

	return inner(f)->pMethods->xSectorSize(inner(f));
}

static int
log_device(sqlite3_file *file)
{
	struct logfile	*f = (struct logfile *)file;

	return inner(f)->pMethods->xDeviceCharacteristics(inner(f));
}

/* Version 1: a log is neither mapped nor has it shared memory. */
static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close, .xRead = log_read, .xWrite = log_write,
	.xTruncate = log_truncate, .xSync = log_sync,
	.xFileSize = log_size, .xLock = log_lock, .xUnlock = log_unlock,
	.xCheckReservedLock = log_reserved, .xFileControl = log_control,
	.xSectorSize = log_sector, .xDeviceCharacteristics = log_device,
};

/* All files but a log are the system's own. */
static int
vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file,
    int flags, int *out)
{
	struct logfile	*f = (struct logfile *)file;
	int		 r;

	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return system_vfs->xOpen(system_vfs, name, file, flags, out);
	memset(f, 0, sizeof(*f));
	inner(f)->pMethods = NULL;
	if ((f->buf = malloc(COLLECT)) == NULL)
		return SQLITE_NOMEM;
	r = system_vfs->xOpen(system_vfs, name, inner(f), flags, out);
	if (r == SQLITE_OK) {
		f->base.pMethods = &log_methods;
		return r;
	}
	if (inner(f)->pMethods != NULL)
		inner(f)->pMethods->xClose(inner(f));
	free(f->buf);
	return r;
}

static void
make(void)
{
	sqlite3_vfs	*vfs = sqlite3_vfs_find(NULL);

	if (vfs == NULL)
		return;
	our_vfs = *vfs;
	our_vfs.zName = "qkdnode";
	our_vfs.pNext = NULL;
	our_vfs.szOsFile += (int)INNER_AT;
	our_vfs.xOpen = vfs_open;
	if (sqlite3_vfs_register(&our_vfs, 0) == SQLITE_OK)
		system_vfs = vfs;
}

const char *
dbvfs_name(void)
{
	pthread_once(&once, make);
	return system_vfs == NULL ? NULL : our_vfs.zName;
}
