/*
 * kma, the key management agent: it keeps the link keys and does all pad
 * arithmetic. It has no network: UNIX sockets to the modules of its links,
 * to ksa and to relayd, each guarded by directory and uid. Its store is
 * readable by nobody else except operators, and sealed against those.
 *
 * Options; give up all files but those of the table below; locked memory for
 * keys, before any key is read; open the store, which is checked whole; open
 * the sockets; give up all system calls but those that serve; serve. From
 * then on there is no way from here to a network, to another program or to a
 * file of anybody else, whoever runs in this process.
 */
#include "confine.h"
#include "daemon.h"
#include "db.h"
#include "err.h"
#include "kma/conf.h"
#include "kma/kma.h"
#include "log.h"
#include "note.h"
#include "secret.h"

static const struct confine_place	places[] = {
	{ CONFINE_STORE, kma_conf.store, NULL },
	{ CONFINE_SOCKET, kma_conf.run_dir, "kma-ksa/data" },
	{ CONFINE_SOCKET, kma_conf.run_dir, "kma-relayd/data" },
	{ CONFINE_SOCKET, kma_conf.run_dir, "ctl-kma/sock" },
	/* how often the store was written, for as long as the machine is up */
	{ CONFINE_STORE, kma_conf.run_dir, "ctl-kma/witness" },
	{ CONFINE_END, NULL, NULL }
};
static const struct confine_role	role = { "kma", places, 0 };
static struct event_base		*base;

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
	struct note	 notes[2];
	char		 line[NOTE_LINE];
	struct kma	*k = NULL;
	int		 r;

	daemon_start(&info, argc, argv);
	confine_also_all(CONFINE_KEEP, &kma_conf.confine_keep);
	kek_admit(kma_conf.node_key);
	kek_admit(kma_conf.node_key_next);
	confine_files(&role, kma_conf.confine);
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
	confine_calls(&role, kma_conf.confine);
	kma_conf_notes(notes);
	daemon_ready(note_line(notes, "serving", line));
	event_base_dispatch(base);
	kma_free(&k);
	event_base_free(base);
	return 0;
}
