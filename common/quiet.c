/* quiet.c - a bucket of log lines. */
#include "quiet.h"

#include "ident.h"
#include "log.h"

#define LINES_MAX	50
#define MS_PER_LINE	100

bool
quiet(void)
{
	static __thread uint64_t filled, left_out;
	static __thread unsigned lines = LINES_MAX;
	uint64_t	now = mono_ms(), more;

	more = (now - filled) / MS_PER_LINE;
	if (more > 0) {
		filled = now;
		lines = lines + more > LINES_MAX ? LINES_MAX :
		    lines + (unsigned)more;
	}
	if (lines == 0) {
		left_out++;
		return true;
	}
	lines--;
	if (left_out > 0)
		log_warn("lines left out", "n=%llu",
		    (unsigned long long)left_out);
	left_out = 0;
	return false;
}
