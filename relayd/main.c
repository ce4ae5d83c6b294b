/*
 * relayd - carries key relay and control messages between nodes (Kx). It
 * faces the network and never holds a key: what passes is one-time-pad
 * ciphertext, IDs and MACs, made and checked by kma and ksa. A captured
 * relayd can drop and delay, no more. The exception are plain peers, if any
 * are configured: their keys pass in clear, and are wiped (plain.c).
 *
 * It reads its TLS key, listens for neighbours, and dials two sockets that
 * kma and ksa guard. It writes no file.
 */
#include "config.h"

#include <event2/event.h>
#include <stdio.h>

#include "bridge.h"
#include "command.h"
#include "ctl.h"
#include "daemon.h"
#include "err.h"
#include "figures.h"
#include "frames.h"
#include "kx.h"
#include "log.h"
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
	daemon_start(&info, argc, argv);
	relayd.conf = &relayd_conf;
	lock_memory();
	relayd.base = daemon_loop(stop, reload, NULL);
	open_all();
	log_notice("started", "kme_id=%s listen=%s peers=%zu",
	    relayd_conf.kme_id, relayd_conf.listen, relayd_conf.peers.n);
	daemon_ready("listening");
	event_base_dispatch(relayd.base);
	log_notice("stopped", NULL);
	close_all();
	return 0;
}
