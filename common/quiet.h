/* quiet.h - so that a peer's faults cannot fill the log. */
#ifndef QKD_QUIET_H
#define QKD_QUIET_H

#include <stdbool.h>

/* True if this event should not be logged: the lines of this kind, some 50
 * at once or 10 a second for each thread, are used up. It is counted all the same. */
bool	quiet(void);

#endif
