#include "config.h"

#include <string.h>

#include "block.h"
#include "confine.h"
#include "driver.h"
#include "err.h"
#include "qkdmod.h"

const struct conf_opt qkdmod_options[] = {
	OPT_TEXT(CONF_STRING, qkdmod_conf, link, NULL,
	    "Name of the link; the same at both ends."),
	/* No default: what supplies keys is chosen, never slipped in. */
	OPT_CHOICE(qkdmod_conf, driver, NULL, driver_names,
	    "Kind of QKD module. sim: SIMULATED keys, for tests only."),
	OPT_TEXT(CONF_PATH, qkdmod_conf, run_dir, RUNSTATEDIR "/qkdnode",
	    "Directory of the sockets."),
	OPT_TEXT(CONF_STRING, qkdmod_conf, user_kma, "",
	    "User (name or number) that kma runs as; empty: the socket's "
	    "directory alone decides who may ask."),
	OPT_INT(qkdmod_conf, locked_memory, "4194304", 262144, 1073741824,
	    "octets", "Locked memory for keys."),
	OPT_CONFINE(qkdmod_conf),
	OPT_CONFINE_KEEP(qkdmod_conf),
	OPT_INT(qkdmod_conf, block_octets, BLOCK_OCTETS_DEFAULT,
	    BLOCK_OCTETS_MIN, BLOCK_OCTETS_MAX, "octets",
	    "Size of a block; the same in the whole network. "
	    BLOCK_OCTETS_HELP),
	OPT_TEXT(CONF_PATH, qkdmod_conf, sim_seed_file, "",
	    "Driver sim: file with 64 hex digits, the same at both ends."),
	OPT_INT(qkdmod_conf, sim_rate, "1000000", 1, 10000000000, "bits/s",
	    "Driver sim: how much key it makes."),
	OPT_INT(qkdmod_conf, sim_lump, "500", 1, 3600000, "ms",
	    "Driver sim: how often a lump of blocks comes."),
	OPT_INT(qkdmod_conf, sim_buffer, "4096", 1, 1048576, "blocks",
	    "Driver sim: blocks kept until kma has them on disk; then it "
	    "stops."),
	OPT_INT(qkdmod_conf, sim_qber, "0", 0, 500000, "ppm",
	    "Driver sim: the quantum bit error rate that it pretends to "
	    "measure; 0: it does not tell."),
	OPT_END
};

int
qkdmod_conf_check(const struct qkdmod_conf *c, const char *path, FILE *err)
{
	int	r = 0;

	/* The link names a directory and a file. */
	if (!km_id_valid(c->link, strlen(c->link)) || c->link[0] == '.') {
		fprintf(err, "%s: link: letters, digits, '_', '-', '.', ':' "
		    "expected\n", path);
		r = -E_CONFIG;
	}
	if (driver_get(c->driver)->simulated && c->sim_seed_file[0] == '\0') {
		fprintf(err, "%s: sim_seed_file: missing, the driver sim "
		    "needs it\n", path);
		r = -E_CONFIG;
	}
	return r;
}
