/* witness.c - boot ID and a count in a small file. */
#include "witness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "log.h"

#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define BOOT		36
#define RECORD		(BOOT + 8)

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

static int
record_write(struct witness *w)
{
	put_be64(w->record + BOOT, w->count);
	return pwrite(w->fd, w->record, RECORD, 0) == RECORD ? 0 : -1;
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
		    WITNESS_AGREES;
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
