/* witness.c - boot ID, a count and the time of writing in a small file. */
#include "witness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "log.h"

#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define BOOT		36
#define RECORD		(BOOT + 16)
#define SLACK_NS	200000000	/* from the clock to the disk */

struct witness { int fd; uint64_t count; uint8_t record[RECORD]; };

static int
boot_id(uint8_t out[BOOT])
{
	int	fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC), r = -1;

	if (fd < 0)
		return -1;
	if (read(fd, out, BOOT) == BOOT)
		r = 0;
	close(fd);
	return r;
}

static uint64_t
ns_of(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * 1000000000 + (uint64_t)ts->tv_nsec;
}

static int
record_write(struct witness *w)
{
	struct timespec	now;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	put_be64(w->record + BOOT, w->count);
	put_be64(w->record + BOOT + 8, ns_of(&now));
	return pwrite(w->fd, w->record, RECORD, 0) == RECORD ? 0 : -1;
}

/*
 * A copy knows no more than the store that was copied with it. Only the kernel
 * says when a file was changed, and a copy is of later than what is in it.
 */
static bool
is_copy(const struct witness *w, const uint8_t record[RECORD])
{
	struct stat	st;

	return fstat(w->fd, &st) < 0 || ns_of(&st.st_ctim) >
	    get_be64(record + BOOT + 8) + SLACK_NS;
}

enum witness_word
witness_open(struct witness **out, const char *path, uint64_t now)
{
	struct witness		*w = calloc(1, sizeof(*w));
	uint8_t			 old[RECORD];
	enum witness_word	 word = WITNESS_NONE;

	*out = NULL;
	if (w == NULL)
		return WITNESS_NONE;
	w->count = now;
	w->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd < 0 || boot_id(w->record) < 0)
		goto fail;
	if (pread(w->fd, old, RECORD, 0) == RECORD &&
	    memcmp(old, w->record, BOOT) == 0) {
		word = get_be64(old + BOOT) > now ? WITNESS_STORE_IS_OLDER :
		    is_copy(w, old) ? WITNESS_NONE : WITNESS_AGREES;
		if (word == WITNESS_NONE)
			log_notice("the witness is a copy: key is used once "
			    "the peers were asked", "path=%s",
			    log_quote(path));
		if (get_be64(old + BOOT) > now)
			w->count = get_be64(old + BOOT);
	}
	if (record_write(w) < 0)
		goto fail;
	*out = w;
	return word;
fail:
	log_notice("no witness: key is used once the peers were asked",
	    "path=%s error=%s", log_quote(path), log_quote(strerror(errno)));
	witness_close(&w);
	return WITNESS_NONE;
}

void
witness_close(struct witness **w)
{
	if (*w != NULL && (*w)->fd >= 0)
		close((*w)->fd);
	free(*w);
	*w = NULL;
}

void
witness_count(struct witness *w, uint64_t more)
{
	if (w != NULL)
		witness_set(w, w->count + more);
}

void
witness_set(struct witness *w, uint64_t count)
{
	if (w == NULL)
		return;
	w->count = count;
	if (record_write(w) < 0)
		log_err("witness not written", "error=%s",
		    log_quote(strerror(errno)));
}
