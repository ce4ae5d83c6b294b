/* checkhost.c - is it zeroized; clock, kernel and disks of this machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "checkup.h"
#include "confineint.h"
#include "confread.h"
#include "remedy.h"

#define STORE(daemon)	LOCALSTATEDIR "/lib/qkdnode/" daemon "/keys.db"
#define MIB		(1024ULL * 1024)
#define FREE_ERROR	64		/* MiB */
#define FREE_WARNING	512
#define INODES_WARNING	1000
#define TMPFS		0x01021994	/* magic numbers of statfs(2) */
#define RAMFS		0x858458f6

/* Certificates, lives of keys and announcements go by it. */
void
check_clock(struct check *c)
{
	struct timex	t = { .modes = 0 };

	if (adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC))
		return;
	check_say(c, CHECK_WARNING, "this machine", "apt install chrony, or "
	    "timedatectl set-ntp true", "the clock is not synchronised: "
	    "certificates and the life of keys go by it");
}

/* What the daemons shut their doors with; they say it at their start only. */
void
check_kernel(struct check *c)
{
	static const char	remedy[] = "boot a kernel that has it (for "
	    "landlock also in lsm=); confine = \"require\" starts no daemon "
	    "without";

	if (confine_abi() <= 0)
		check_say(c, CHECK_WARNING, "landlock", remedy, "is missing: "
		    "file modes alone keep a daemon from files and ports");
	if (access("/proc/sys/kernel/seccomp/actions_avail", F_OK) < 0)
		check_say(c, CHECK_WARNING, "seccomp", remedy, "is missing: "
		    "nothing keeps a daemon from system calls");
}

static void
room(struct check *c, const char *dir)
{
	struct statvfs		v;
	struct statfs		f;
	unsigned long long	mib;

	if (statvfs(dir, &v) < 0 || statfs(dir, &f) < 0) {
		check_say(c, errno == ENOENT ? CHECK_ERROR : CHECK_NOTE, dir,
		    errno == ENOENT ? "systemd-tmpfiles --create" :
		    "ask as root", "%s", strerror(errno));
		return;
	}
	mib = (unsigned long long)v.f_bavail * v.f_frsize / MIB;
	if (mib < FREE_WARNING)
		check_say(c, mib < FREE_ERROR ? CHECK_ERROR : CHECK_WARNING,
		    dir, "make room; without any no key is supplied",
		    "only %llu MiB are free", mib);
	if (v.f_files > 0 && v.f_favail < INODES_WARNING)
		check_say(c, CHECK_WARNING, dir, "remove small files",
		    "only %llu inodes are free",
		    (unsigned long long)v.f_favail);
	if (v.f_flag & ST_RDONLY)
		check_say(c, CHECK_ERROR, dir, "mount it writable",
		    "the file system is read-only");
	if (f.f_type == TMPFS || (unsigned long)f.f_type == RAMFS)
		check_say(c, CHECK_WARNING, dir, "put the store on a disk",
		    "is in memory: a reboot loses all keys");
}

static void
store(struct check *c, const struct check_conf *f, const char *dflt)
{
	char	path[CHECK_PATH], *slash;

	if (!f->there)
		return;
	check_path(c, confread_str(&f->cfg, "store", dflt), path);
	if ((slash = strrchr(path, '/')) != NULL)
		*slash = '\0';
	room(c, path);
}

/* Above the stores; all else that is missing follows from it. */
bool
check_zeroized(struct check *c)
{
	char	mark[CHECK_PATH], *slash;

	check_path(c, c->kma.there ? confread_str(&c->kma.cfg, "store",
	    STORE("kma")) : STORE("kma"), mark);
	for (int i = 0; i < 2 && (slash = strrchr(mark, '/')) != NULL; i++)
		*slash = '\0';
	if (strlen(mark) + sizeof("/zeroized") > sizeof(mark))
		return false;
	strcat(mark, "/zeroized");
	if (access(mark, F_OK) < 0)
		return false;
	check_say(c, CHECK_ERROR, mark, REMEDY_ZEROIZED, "this node was "
	    "zeroized: its keys are destroyed");
	return true;
}

void
check_disk(struct check *c)
{
	if (*c->root != '\0')
		return;			/* of another machine */
	store(c, &c->kma, STORE("kma"));
	store(c, &c->ksa, STORE("ksa"));
}
