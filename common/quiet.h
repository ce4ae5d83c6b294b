/* quiet.h - so that a peer's faults cannot fill the log. */
#ifndef QKD_QUIET_H
#define QKD_QUIET_H

#include <stdbool.h>
#include <stdint.h>

/* Of one that may cause lines; zeroed at first. */
struct quiet {
	uint64_t	filled, left_out;
	unsigned	lines;
};

/* True if this event should not be logged: the lines of this kind, some 50
 * at once or 10 a second for each thread, are used up. It is counted all the same. */
bool	quiet(void);
/* The same for the lines that one causes: `who` is for the log. */
bool	quiet_of(struct quiet *, const char *who);

#endif
