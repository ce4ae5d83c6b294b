/*
 * kma, the key management agent: it keeps the link keys and does all pad
 * arithmetic. It has no network: UNIX sockets to the modules of its links,
 * to ksa and to relayd, each guarded by directory and uid. Its store is
 * readable by nobody else except operators, and sealed against those.
 *
 * Options; locked memory for keys, before any key is read; open the store,
 * which is checked whole; open the sockets; serve. It has nothing else open.
 */
#include "daemon.h"
#include "db.h"
#include "err.h"
#include "kma/conf.h"
#include "kma/kma.h"
#include "log.h"
#include "secret.h"

static struct event_base	*base;

static void
stop(void *arg)
{
	(void)arg;
	event_base_loopbreak(base);	/* kma_free() finishes what is begun */
}

int
main(int argc, char **argv)
{
	static const struct daemon_info	info = {
		.name = "kma",
		.summary = "key management agent of a QKD trusted node",
		.options = kma_options,
		.conf = &kma_conf,
		.check = kma_conf_check,
	};
	struct kma	*k = NULL;
	int		 r;

	daemon_start(&info, argc, argv);
	if (secret_init((size_t)kma_conf.locked_memory) < 0)
		fatal("cannot lock memory for keys", "octets=%lld remedy="
		    "\"raise RLIMIT_MEMLOCK or lower locked_memory\"",
		    (long long)kma_conf.locked_memory);
	if ((base = daemon_loop(stop, NULL, NULL)) == NULL)
		fatal("no event loop", NULL);
	if ((r = kma_new(&k, base)) < 0)
		fatal("cannot start", "error=%s meaning=%s", err_name(r),
		    log_quote(err_text(r)));
	db_on_ruin(daemon_store_ruined);
	daemon_ready("serving");
	event_base_dispatch(base);
	kma_free(&k);
	event_base_free(base);
	return 0;
}
