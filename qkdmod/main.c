/*
 * qkdmod - one QKD module of one link. It sees its device and its own
 * configuration; fresh keys pass through locked memory, one batch at a time,
 * and go to kma alone, over a socket that only kma can enter. It has no store
 * and no network: what kma has not on disk yet stays with the device.
 *
 * Options; give up all files but its two sockets and what its device is; open
 * them; give up all system calls but those that serve; serve.
 */
#include "config.h"

#include "confine.h"
#include "daemon.h"
#include "err.h"
#include "log.h"
#include "qkdmod.h"
#include "secret.h"
#include "serve.h"

static struct qkdmod_conf	 conf;
static struct event_base	*base;

static const struct confine_place	places[] = {
	{ CONFINE_READ, conf.sim_seed_file, NULL },
	{ CONFINE_END, NULL, NULL }
};
static const struct confine_role	role = { "qkdmod", places, 0 };

static int
check(const char *path, FILE *err)
{
	return qkdmod_conf_check(&conf, path, err);
}

static void
stop(void *arg)
{
	(void)arg;
	event_base_loopbreak(base);	/* a pull is answered in one turn */
}

/* Its sockets bear the name of the link. */
static void
confine_sockets(void)
{
	char	path[QKDMOD_PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s/mod-%s/data", conf.run_dir,
	    conf.link);
	confine_also(CONFINE_SOCKET, path);
	snprintf(path, sizeof(path), "%s/ctl-qkdmod-%s/sock", conf.run_dir,
	    conf.link);
	confine_also(CONFINE_SOCKET, path);
}

static const struct daemon_info info = {
	.name = "qkdmod",
	.summary = "takes keys from a QKD module and hands them to kma",
	.options = qkdmod_options,
	.conf = &conf,
	.check = check,
};

int
main(int argc, char **argv)
{
	struct serve	*serve;
	int		 r;

	daemon_start(&info, argc, argv);
	confine_sockets();
	confine_also_all(CONFINE_KEEP, &conf.confine_keep);
	confine_files(&role, conf.confine);
	if ((r = secret_init((size_t)conf.locked_memory)) < 0)
		fatal("no locked memory", "octets=%lld reason=%s",
		    (long long)conf.locked_memory, err_name(r));
	base = daemon_loop(stop, NULL, NULL);
	if ((r = serve_new(&serve, base, &conf)) < 0)
		fatal("cannot start", "link=%s reason=%s", conf.link,
		    err_name(r));
	log_notice("started", "link=%s block_octets=%lld", conf.link,
	    (long long)conf.block_octets);
	confine_calls(&role, conf.confine);
	daemon_ready(conf.link);
	event_base_dispatch(base);
	serve_free(&serve);
	log_notice("stopped", "link=%s", conf.link);
	conf_free(qkdmod_options, &conf);
	event_base_free(base);
	return 0;
}
