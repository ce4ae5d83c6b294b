/*
 * main.c - ksa, the key supply agent: gives keys to applications, over HTTPS
 * and over Q.4161's frames.
 *
 * It is the only process that applications reach. It holds supplied keys and
 * pool blocks, in locked memory and sealed in its store; it asks kma for
 * blocks and talks to the other KSAs through relayd, which sees none.
 *
 * Options; give up all files and ports but those of the table below; locked
 * memory; store, sockets, doors; give up all system calls but those that
 * serve: it accepts connections and can make none itself. What it can read
 * is what SIGHUP reads again, which an operator may replace.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "conf.h"
#include "confine.h"
#include "ctl.h"
#include "daemon.h"
#include "db.h"
#include "door.h"
#include "doorfigures.h"
#include "engine.h"
#include "err.h"
#include "ksafigures.h"
#include "log.h"
#include "metrics.h"
#include "note.h"
#include "reload.h"
#include "sae.h"
#include "secret.h"
#include "storekey.h"
#include "supply.h"

static const struct confine_place places[] = {
	{ CONFINE_STORE, ksa_conf.store, NULL },
	{ CONFINE_READ_AROUND, ksa_conf.certificate, NULL },
	{ CONFINE_READ_AROUND, ksa_conf.private_key, NULL },
	{ CONFINE_READ_AROUND, ksa_conf.ca, NULL },
	{ CONFINE_READ_AROUND, ksa_conf.crl, NULL },
	{ CONFINE_SOCKET, ksa_conf.run_dir, "ksa-relayd/data" },
	{ CONFINE_SOCKET, ksa_conf.run_dir, "ctl-ksa/sock" },
	/* how often the store was written, for as long as the machine is up */
	{ CONFINE_STORE, ksa_conf.run_dir, "ctl-ksa/witness" },
	{ CONFINE_BIND, ksa_conf.listen, NULL },
	{ CONFINE_BIND, ksa_conf.ak_listen, NULL },
	{ CONFINE_END, NULL, NULL }
};
static const struct confine_role role = { "ksa", places, 0 };

static struct event_base *base;
static struct sae_book	*book;
static struct supply	*supply;
static struct door	*door;
static struct ctl	*ctl;

static const char *
state(char line[NOTE_LINE])
{
	struct note	notes[3];

	ksa_conf_notes(&ksa_conf, notes);
	return note_line(notes, "serving", line);
}

static int
read_again(void)
{
	char	line[NOTE_LINE];
	int	r = reload(&ksa_conf, door);

	if (r < 0)
		return r;
	supply_reload(supply);
	daemon_status("%s", state(line));
	return 0;
}

static json_t *
report_reload(void *arg, int nargs, char **args)
{
	int	r = read_again();

	(void)arg, (void)nargs, (void)args;
	if (r < 0)
		return ctl_error("nothing has changed: %s; the log says more",
		    err_text(r));
	return json_pack("{s:b}", "reloaded", 1);
}

static json_t *
report_status(void *arg, int nargs, char **args)
{
	json_t	*o, *missing, *warnings;
	struct note notes[3];
	bool	 ready;

	(void)arg, (void)nargs, (void)args;
	ksa_conf_notes(&ksa_conf, notes);
	o = json_object();
	missing = json_array();
	warnings = json_array();
	ready = supply_report(supply, o, missing, warnings);
	door_expiry(door, missing, warnings);
	json_object_set_new(o, "ready", json_boolean(ready));
	json_object_set_new(o, "missing", missing);
	json_object_set_new(o, "notes", note_list(notes));
	json_object_set_new(o, "warnings", warnings);
	door_report(door, o);
	return o;
}

static json_t *
report_metrics(void *arg, int nargs, char **args)
{
	json_t	*all = metrics_new();

	(void)arg, (void)nargs, (void)args;
	ksafigures(engine_env(supply), all);
	doorfigures(door, all);
	return all;
}

static const struct ctl_command commands[] = {
	{ "metrics", "", "all figures, by name, type and labels",
	    0, 0, false, report_metrics },
	{ "status", "", "what is ready, what is missing, pools, connections",
	    0, 0, false, report_status },
	{ "reload", "", "certificates, CRLs, applications, quotas are read "
	    "again", 0, 0, true, report_reload },
	{ .name = NULL }
};

static void
on_gone(void *arg)
{
	(void)arg;
	event_base_loopbreak(base);
}

static void
on_stop(void *arg)
{
	(void)arg;
	door_stop(door, on_gone, NULL);
}

static void
on_reload(void *arg)
{
	(void)arg;
	read_again();
}

static void
check(int r, const char *what)
{
	if (r < 0)
		fatal(what, "reason=%s", log_quote(err_text(r)));
}

static void
shut_down(void)
{
	ctl_free(&ctl);
	door_free(&door);
	supply_free(&supply);
	sae_book_free(&book);
	conf_free(ksa_options, &ksa_conf);
}

int
main(int argc, char **argv)
{
	static const struct daemon_info info = {
		.name = "ksa",
		.summary = "key supply agent: gives keys to applications",
		.options = ksa_options,
		.conf = &ksa_conf,
		.check = ksa_conf_check,
	};
	char	path[128], line[NOTE_LINE];

	/* No core dumps, no swap of keys, before there is any key. */
	daemon_start(&info, argc, argv);
	confine_also(CONFINE_READ_AROUND, daemon_conf_path());
	confine_also_all(CONFINE_KEEP, &ksa_conf.confine_keep);
	kek_admit(ksa_conf.node_key);
	kek_admit(ksa_conf.node_key_next);
	confine_files(&role, ksa_conf.confine);
	check(secret_init(ksa_conf.locked_memory), "memory cannot be locked");
	base = daemon_loop(on_stop, on_reload, NULL);

	/* The store is checked before anything is served from it. */
	check(sae_book_new(&book, &ksa_conf), "applications cannot be read");
	check(supply_new(&supply, base, &ksa_conf, book),
	    "the key supply cannot start");
	db_on_ruin(daemon_store_ruined);

	/* Figures, never keys; the group may look, root may change. */
	snprintf(path, sizeof(path), "%s/ctl-ksa/sock", ksa_conf.run_dir);
	check(ctl_listen(&ctl, base, path), "no control socket");
	check(ctl_commands(ctl, commands, NULL), "no control socket");
	check(supply_commands(supply, ctl), "no control socket");
	check(ctl_commands(ctl, storekey_commands, supply_keys(supply)),
	    "no control socket");
	check(ctl_commands(ctl, audit_commands, supply_audit(supply)),
	    "no control socket");

	/* The doors last: who enters is known by a certificate of the CA. */
	check(door_open(&door, base, &ksa_conf, book, supply),
	    "the doors cannot open");
	confine_calls(&role, ksa_conf.confine);
	daemon_ready(state(line));
	log_notice("serving", "kme_id=%s listen=%s ak_listen=%s",
	    ksa_conf.kme_id, ksa_conf.listen, ksa_conf.ak_listen[0] != '\0' ?
	    ksa_conf.ak_listen : "none");
	event_base_dispatch(base);

	shut_down();
	log_notice("stopped", NULL);
	return 0;
}
