/* quiet.c - a bucket of log lines. */
#include "quiet.h"

#include "ident.h"
#include "log.h"

#define LINES_MAX	50
#define MS_PER_LINE	100

bool
quiet_of(struct quiet *q, const char *who)
{
	uint64_t	now = mono_ms(), more;

	more = (now - q->filled) / MS_PER_LINE;
	if (q->filled == 0 || more > LINES_MAX - q->lines)
		more = LINES_MAX - q->lines;
	if (more > 0) {
		q->filled = now;
		q->lines += (unsigned)more;
	}
	if (q->lines == 0) {
		q->left_out++;
		return true;
	}
	q->lines--;
	if (q->left_out > 0)
		log_warn("lines left out", "n=%llu of=%s",
		    (unsigned long long)q->left_out, log_quote(who));
	q->left_out = 0;
	return false;
}

bool
quiet(void)
{
	static __thread struct quiet q;

	return quiet_of(&q, "peers");
}
