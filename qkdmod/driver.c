#include "config.h"

#include "driver.h"
#include "sim.h"

/* Both lists in the same order: the configuration names by index. */
const char *const driver_names[] = { "sim", NULL };
static const struct driver *const drivers[] = { &sim_driver };

const struct driver *
driver_get(int index)
{
	return drivers[index];
}
