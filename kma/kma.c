/* kma.c - the parts of the key management agent, put together. */
#include "kma/kma.h"

#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "err.h"
#include "kma/gather.h"
#include "kma/kmafigures.h"
#include "kma/linkad.h"
#include "kma/plain.h"
#include "kma/relay.h"
#include "kma/routectl.h"
#include "log.h"
#include "note.h"
#include "user.h"

#define TICK_MS		100
#define CHECKPOINT_TICKS 200
#define AGE_TICKS	600

struct link *
kma_link_to(struct kma *k, const char *peer)
{
	for (size_t i = 0; i < k->nlinks; i++)
		if (k->links[i] != NULL &&
		    strcmp(k->links[i]->conf->peer, peer) == 0)
			return k->links[i];
	return NULL;
}

/* ---- relayd ---- */

static void
control_in(struct kma *k, const struct msg_control_in *m)
{
	struct link	*l = kma_link_to(k, m->peer);

	if (l != NULL && !k->stopping)
		linkauth_in(l, m->body.p, m->body.len);
}

static void
neighbour(struct kma *k, const struct msg_neighbour *m)
{
	struct link	*l = kma_link_to(k, m->km);

	if (l != NULL && !k->stopping)
		link_path(l, m->up != 0);
}

static void
relayd_input(void *arg, struct ipc *ipc, struct msg *m)
{
	struct kma	*k = arg;

	(void)ipc;
	switch (m->id) {
	case MSG_neighbour:
		neighbour(k, &m->neighbour);
		break;
	case MSG_control_in:
		control_in(k, &m->control_in);
		break;
	case MSG_relay_in:
		relay_in(k, &m->relay_in);
		break;
	case MSG_done_in:
		relay_done_in(k, &m->done_in);
		break;
	default:
		plain_from_relayd(k, m);
		break;
	}
}

static void
relayd_down(void *arg, struct ipc *ipc)
{
	struct kma	*k = arg;

	(void)ipc;
	for (size_t i = 0; i < k->nlinks; i++)
		link_path(k->links[i], false);
	plainout_down(k);
}

/* ---- ksa ---- */

static void
ksa_input(void *arg, struct ipc *ipc, struct msg *m)
{
	(void)ipc;
	if (m->id == MSG_block_take || m->id == MSG_block_fetch)
		supply_in(arg, m);
	else
		plain_from_ksa(arg, m);
}

static void
ksa_up(void *arg, struct ipc *ipc)
{
	(void)ipc;
	supply_ksa_up(arg);
	plainout_ksa_up(arg);
}

static const struct ipc_ops relayd_ops = { .input = relayd_input,
	.down = relayd_down };
static const struct ipc_ops ksa_ops = { .input = ksa_input, .up = ksa_up };

/* ---- status ---- */

static void
missing_links(struct kma *k, json_t *missing)
{
	for (size_t i = 0; i < k->nlinks; i++) {
		struct link	*l = k->links[i];

		if (l->state != LINK_UP)
			json_array_append_new(missing, json_sprintf(
			    "link %s to %s: %s", l->conf->name, l->conf->peer,
			    l->why));
		else if (!ipc_is_up(l->module))
			json_array_append_new(missing, json_sprintf(
			    "link %s: its qkdmod is not connected",
			    l->conf->name));
	}
}

static json_t *
status(void *arg, int nargs, char **args)
{
	struct kma	*k = arg;
	json_t		*links = json_array(), *missing = json_array();
	json_t		*warnings = json_array();
	struct note	 notes[2];

	(void)nargs, (void)args;
	kma_conf_notes(notes);
	for (size_t i = 0; i < k->nlinks; i++)
		json_array_append_new(links, link_status(k->links[i]));
	missing_links(k, missing);
	routectl_missing(k, missing);
	if (!ipc_is_up(k->relayd))
		json_array_append_new(missing,
		    json_string("relayd is not connected"));
	if (!ipc_is_up(k->ksa))
		json_array_append_new(missing,
		    json_string("ksa is not connected"));
	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, "
	    "s:I, s:I, s:o, s:o}",
	    "kme_id", kma_conf.kme_id, "ready", json_array_size(missing) == 0,
	    "missing", missing, "notes", note_list(notes), "links", links,
	    "relay", relay_status(k),
	    "supply", supply_status(k), "plain", plain_status(),
	    "announcements", linkad_status(k),
	    "locked_memory_used", (json_int_t)secret_used(),
	    "commits", (json_int_t)linkstore_commits(k->store),
	    "jobs_queued", (json_int_t)linkstore_queued(k->store),
	    "store", linkstore_status(k->store, warnings),
	    "warnings", warnings);
}

static const struct ctl_command commands[] = {
	{ "status", "", "links, their stock and counters; what is missing",
	    0, 0, false, status },
	{ .name = NULL }
};

/* ---- life ---- */

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct kma	*k = arg;

	(void)fd, (void)what;
	k->ticks++;
	for (size_t i = 0; i < k->nlinks; i++)
		link_tick(k->links[i]);
	linkad_tick(k);
	routes_tick(k);
	relay_tick(k);
	gather_tick(k);
	plainout_tick(k);
	linkstore_tick(k->store);
	if (k->ticks % AGE_TICKS == 0)
		supply_age(k);
	if (k->ticks % CHECKPOINT_TICKS == 0)
		linkstore_checkpoint(k->store);
}

static int
sockets(struct kma *k)
{
	char	path[256];
	uid_t	ksa, relayd;
	int	r;

	if ((r = user_uid(kma_conf.user_ksa, &ksa)) < 0 ||
	    (r = user_uid(kma_conf.user_relayd, &relayd)) < 0) {
		log_err("no such user", "user_ksa=%s user_relayd=%s",
		    kma_conf.user_ksa, kma_conf.user_relayd);
		return r;
	}
	snprintf(path, sizeof(path), "%s/kma-ksa/data", kma_conf.run_dir);
	if ((r = ipc_listen(&k->ksa, k->base, path, KMA, KSA, ksa, &ksa_ops,
	    k)) < 0)
		return r;
	snprintf(path, sizeof(path), "%s/kma-relayd/data", kma_conf.run_dir);
	if ((r = ipc_listen(&k->relayd, k->base, path, KMA, RELAYD, relayd,
	    &relayd_ops, k)) < 0)
		return r;
	snprintf(path, sizeof(path), "%s/ctl-kma/sock", kma_conf.run_dir);
	if ((r = ctl_listen(&k->ctl, k->base, path)) < 0 ||
	    (r = ctl_commands(k->ctl, commands, k)) < 0 ||
	    (r = ctl_commands(k->ctl, kmafigures_commands, k)) < 0 ||
	    (r = ctl_commands(k->ctl, audit_commands,
	    linkstore_audit(k->store))) < 0)
		return r;
	if ((r = ctl_commands(k->ctl, routectl_commands, k)) < 0)
		return r;
	return ctl_commands(k->ctl, storekey_commands,
	    linkstore_keys(k->store));
}

static int
links(struct kma *k)
{
	const struct kma_link_conf	*conf = kma_conf.links.v;
	int				 r = 0;

	if ((k->links = calloc(kma_conf.links.n + 1,
	    sizeof(*k->links))) == NULL)
		return -E_NO_MEMORY;
	for (size_t i = 0; r == 0 && i < kma_conf.links.n; i++) {
		r = link_new(&k->links[i], k, &conf[i]);
		k->nlinks++;
	}
	return r;
}

int
kma_new(struct kma **out, struct event_base *base)
{
	struct timeval	 every = { 0, TICK_MS * 1000 };
	struct kma	*k;
	int		 r;

	if ((*out = k = calloc(1, sizeof(*k))) == NULL)
		return -E_NO_MEMORY;
	k->base = base;
	if ((r = linkstore_open(&k->store, base, kma_conf.store,
	    kma_conf.node_key, kma_conf.node_key_next)) < 0 ||
	    (r = relay_new(k)) < 0 || (r = supply_new(k)) < 0 ||
	    (r = gather_new(k)) < 0 ||
	    (r = links(k)) < 0 || (r = linkad_new(k)) < 0 ||
	    (r = routes_new(k)) < 0 || (r = sockets(k)) < 0)
		return r;
	if ((k->tick = event_new(base, -1, EV_PERSIST, on_tick, k)) == NULL)
		return -E_NO_MEMORY;
	event_add(k->tick, &every);
	return 0;
}

/* What is being written is written and answered before the parts go. */
static void
drain(struct kma *k)
{
	for (size_t i = 0; i < k->nlinks; i++)
		if (k->links[i] != NULL && k->links[i]->auth != NULL)
			link_path(k->links[i], false);
	while (k->store != NULL && linkstore_queued(k->store) > 0)
		(void)linktx_commit_sync(linktx_new(k->store));
}

void
kma_free(struct kma **kp)
{
	struct kma	*k = *kp;

	if (k == NULL)
		return;
	k->stopping = true;
	if (k->tick != NULL)
		event_free(k->tick);
	drain(k);
	hop_free(k);		/* before the links that it waits for */
	gather_free(k);
	relay_free(k);
	routes_free(k);
	for (size_t i = 0; i < k->nlinks; i++)
		link_free(&k->links[i]);
	plainout_free(k);
	ctl_free(&k->ctl);
	ipc_free(&k->ksa);
	ipc_free(&k->relayd);
	supply_free(k);
	linkad_free(k);
	linkstore_close(&k->store);
	free(k->links);
	free(k);
	*kp = NULL;
}
