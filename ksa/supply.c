/* supply.c - the engine with its links to kma and relayd. */
#include "ksa/supply.h"

#include <stdio.h>
#include <stdlib.h>

#include "err.h"
#include "ksa/engine.h"
#include "log.h"
#include "user.h"

/* One per process: the links have no other owner. */
static struct {
	struct supply	*engine;
	struct ipc	*kma, *relayd;
} node;

static int
ask(void *arg, struct msg *m, unsigned ms, ipc_done *done, void *done_arg)
{
	(void)arg;
	return node.kma == NULL ? -E_DOWN :
	    ipc_request(node.kma, m, ms, done, done_arg);
}

static int
tell(void *arg, const struct msg *m)
{
	(void)arg;
	return node.relayd == NULL ? -E_DOWN : ipc_send(node.relayd, m);
}

static int
note(void *arg, const struct msg *m)
{
	(void)arg;
	return node.kma == NULL ? -E_DOWN : ipc_send(node.kma, m);
}

static const struct engine_ops ops = { .ask = ask, .tell = tell,
    .note = note };

static void
kma_input(void *arg, struct ipc *i, struct msg *m)
{
	(void)arg;
	if (m->kind == MSG_EVENT)
		engine_from_kma(node.engine, m);
	else
		(void)ipc_reply(i, m->corr, -E_DENIED, NULL);
}

static void
kma_up(void *arg, struct ipc *i)
{
	(void)arg, (void)i;
	engine_kma_up(node.engine);
}

static void
relayd_input(void *arg, struct ipc *i, struct msg *m)
{
	(void)arg;
	if (m->kind == MSG_EVENT)
		engine_from_relayd(node.engine, m);
	else
		(void)ipc_reply(i, m->corr, -E_DENIED, NULL);
}

static void
relayd_down(void *arg, struct ipc *i)
{
	(void)arg, (void)i;
	engine_no_relayd(node.engine);
}

static const struct ipc_ops kma_ops = { .input = kma_input, .up = kma_up };
static const struct ipc_ops relayd_ops = { .input = relayd_input,
    .down = relayd_down };

static int
user(const char *name, uid_t *uid)
{
	int	r = user_uid(name, uid);

	if (r < 0)
		log_err("no such user", "user=%s", log_quote(name));
	return r;
}

static int
open_links(struct event_base *base, const struct ksa_conf *c)
{
	char	path[128];
	uid_t	kma, relayd;
	int	r;

	if ((r = user(c->user_kma, &kma)) < 0 ||
	    (r = user(c->user_relayd, &relayd)) < 0)
		return r;
	snprintf(path, sizeof(path), "%s/ksa-relayd/data", c->run_dir);
	if ((r = ipc_listen(&node.relayd, base, path, KSA, RELAYD, relayd,
	    &relayd_ops, NULL)) < 0)
		return r;
	snprintf(path, sizeof(path), "%s/kma-ksa/data", c->run_dir);
	return ipc_dial(&node.kma, base, path, KSA, KMA, kma, &kma_ops, NULL);
}

int
supply_new(struct supply **out, struct event_base *base,
    const struct ksa_conf *conf, const struct sae_book *book)
{
	int	r = engine_new(&node.engine, base, conf, book, &ops, NULL);

	*out = node.engine;
	if (r == 0 && (r = open_links(base, conf)) < 0)
		supply_free(out);
	return r;
}

void
supply_free(struct supply **s)
{
	if (*s == NULL)
		return;
	engine_env(*s)->stopping = true;
	/* First the links: their open requests end into a whole engine. */
	ipc_free(&node.kma);
	ipc_free(&node.relayd);
	engine_free(&node.engine);
	*s = NULL;
}
