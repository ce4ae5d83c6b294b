/*
 * relayd - carries key relay and control messages between nodes (Kx). It
 * faces the network and never holds a key: what passes is one-time-pad
 * ciphertext, IDs and MACs, made and checked by kma and ksa. A captured
 * relayd can drop and delay, no more. The exception are plain peers, if any
 * are configured: their keys pass in clear, and are wiped (plain.c).
 *
 * Options; give up all files and ports but those of the table below and the
 * ports of its peers; read the TLS key, listen for neighbours, dial two
 * sockets that kma and ksa guard; give up all system calls but those that
 * serve. It writes no file, and can reach no store.
 */
#include "config.h"

#include <event2/event.h>
#include <stdio.h>

#include "address.h"
#include "bridge.h"
#include "command.h"
#include "confine.h"
#include "ctl.h"
#include "daemon.h"
#include "err.h"
#include "figures.h"
#include "frames.h"
#include "kx.h"
#include "log.h"
#include "note.h"
#include "plain.h"
#include "relay.h"
#include "relayd.h"
#include "routes.h"
#include "secret.h"

static struct relayd	relayd;
static struct ctl	*ctl;

static void
on_up(struct relayd *r, struct kx_peer *p)
{
	if (kx_is_plain(p))
		plain_peer_up(r, p);
	else
		routes_peer_up(r->routes, p);
}

static void
on_down(struct relayd *r, struct kx_peer *p)
{
	if (kx_is_plain(p))
		plain_peer_down(r, p);
	else
		routes_peer_down(r->routes, p);
}

static void
on_kma_there(struct relayd *r, struct kx_peer *p)
{
	routes_peer_kma(r->routes, p);
}

static const struct kx_ops kx_ops = { on_up, on_down, on_kma_there,
	frames_input };

static void
stopped(void *arg)
{
	(void)arg;
	event_base_loopbreak(relayd.base);
}

static void
stop(void *arg)
{
	(void)arg;
	if (relayd.kx != NULL)
		kx_stop(relayd.kx, stopped, NULL);
}

static void
reload(void *arg)
{
	(void)arg;
	if (relayd.kx != NULL)
		kx_reload(relayd.kx);
}

static const struct confine_place places[] = {
	/* SIGHUP reads them again; an operator may replace them */
	{ CONFINE_READ_AROUND, relayd_conf.certificate, NULL },
	{ CONFINE_READ_AROUND, relayd_conf.private_key, NULL },
	{ CONFINE_READ_AROUND, relayd_conf.ca, NULL },
	{ CONFINE_SOCKET, relayd_conf.run_dir, "ctl-relayd/sock" },
	{ CONFINE_BIND, relayd_conf.listen, NULL },
	{ CONFINE_END, NULL, NULL }
};
static struct confine_role role = { "relayd", places, CONFINE_TCP };

/*
 * A name is looked up at each dial: what the resolver reads is replaced at
 * any time, so that all of /etc has to be open. The first look loads its
 * modules, since no code comes in later.
 */
static void
confine_names(const char *address)
{
	struct addrinfo	*ai = NULL;

	log_notice("a peer has a name: the door leaves name servers and /etc "
	    "open; an address shuts them", "address=%s", log_quote(address));
	if (address_find(address, false, &ai) == 0)
		freeaddrinfo(ai);
	confine_also(CONFINE_READ, "/etc");
	confine_also(CONFINE_READ, "/run/systemd/resolve");
	confine_also(CONFINE_CONNECT, ":53");
	role.calls |= CONFINE_UDP;
}

static void
confine_peers(void)
{
	const struct relayd_peer_conf	*p = relayd_conf.peers.v;

	for (size_t i = 0; i < relayd_conf.peers.n; i++) {
		const char	*address = p[i].address;

		if (relayd_conf.confine == CONFINE_OFF || *address == '\0')
			continue;
		if (!address_is_number(address) &&
		    !(role.calls & CONFINE_UDP))
			confine_names(address);
		confine_also(CONFINE_CONNECT, address);
	}
}

/* Only plain peers bring keys here. */
static void
lock_memory(void)
{
	if (relayd_conf_has_plain(&relayd_conf) &&
	    secret_init((size_t)relayd_conf.locked_memory) < 0)
		fatal("cannot lock memory for the keys of plain peers",
		    "octets=%lld remedy=\"raise RLIMIT_MEMLOCK or lower "
		    "locked_memory\"", (long long)relayd_conf.locked_memory);
}

static void
open_all(void)
{
	char	path[128];

	snprintf(path, sizeof(path), "%s/ctl-relayd/sock",
	    relayd_conf.run_dir);
	if (routes_new(&relayd.routes, &relayd) < 0 ||
	    relay_new(&relayd.relay, &relayd) < 0 ||
	    plain_new(&relayd.plain, &relayd) < 0 ||
	    bridge_new(&relayd.bridge, &relayd) < 0 ||
	    kx_new(&relayd.kx, &relayd, &kx_ops) < 0)
		fatal("cannot start", NULL);
	if (ctl_listen(&ctl, relayd.base, path) < 0 ||
	    ctl_commands(ctl, command_table, &relayd) < 0 ||
	    ctl_commands(ctl, figures_commands, &relayd) < 0)
		fatal("no control socket", "path=%s", log_quote(path));
}

static void
close_all(void)
{
	ctl_free(&ctl);
	kx_free(&relayd.kx);
	bridge_free(&relayd.bridge);
	plain_free(&relayd.plain);
	relay_free(&relayd.relay);
	routes_free(&relayd.routes);
	event_base_free(relayd.base);
	conf_free(relayd_options, &relayd_conf);
}

static const struct daemon_info info = {
	.name = "relayd",
	.summary = "key relay between the nodes of a QKD network",
	.options = relayd_options,
	.conf = &relayd_conf,
	.check = relayd_conf_check,
};

int
main(int argc, char **argv)
{
	struct note	notes[2];
	char		line[NOTE_LINE];

	daemon_start(&info, argc, argv);
	relayd.conf = &relayd_conf;
	confine_peers();
	confine_files(&role, relayd_conf.confine);
	lock_memory();
	relayd.base = daemon_loop(stop, reload, NULL);
	open_all();
	confine_calls(&role, relayd_conf.confine);
	log_notice("started", "kme_id=%s listen=%s peers=%zu",
	    relayd_conf.kme_id, relayd_conf.listen, relayd_conf.peers.n);
	relayd_conf_notes(notes);
	daemon_ready(note_line(notes, "listening", line));
	event_base_dispatch(relayd.base);
	log_notice("stopped", NULL);
	close_all();
	return 0;
}
