#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "driver.h"
#include "err.h"
#include "ipc.h"
#include "log.h"
#include "metrics.h"
#include "serve.h"
#include "user.h"

#define PULL_OCTETS_MAX	(256 * 1024)	/* of one answer */
#define SOCKET_MAX	128

struct serve {
	const struct qkdmod_conf *conf;
	const struct driver	*drv;
	void			*dev;
	struct ipc		*ipc;
	struct ctl		*ctl;
	uint64_t		 pulls, given;	/* counters */
	uint64_t		 after;		/* of the latest pull */
};

static uint32_t
limit(const struct serve *s, uint32_t asked)
{
	uint32_t	most = PULL_OCTETS_MAX / (uint32_t)s->conf->block_octets;

	return asked < most ? asked : most;
}

static uint32_t
qber(struct serve *s)
{
	return s->drv->qber != NULL ? s->drv->qber(s->dev) :
	    DRIVER_QBER_UNKNOWN;
}

static int
pull(struct serve *s, const struct msg_pull *q, struct msg_pulled *a)
{
	struct driver_run	run;
	int			r;

	if ((r = s->drv->pull(s->dev, q->after, limit(s, q->max), &run)) < 0)
		return r;
	a->first = run.first;
	a->count = run.count;
	a->blocks = run.blocks;
	a->block_octets = (uint32_t)s->conf->block_octets;
	a->produced = s->drv->produced(s->dev);
	a->simulated = s->drv->simulated;
	a->qber = qber(s);
	s->drv->state(s->dev, a->state);
	s->pulls++;
	s->given += run.count;
	s->after = q->after;
	return 0;
}

static void
on_input(void *arg, struct ipc *ipc, struct msg *m)
{
	struct serve	*s = arg;
	struct msg	 answer = { .id = MSG_pulled, .kind = MSG_REPLY };
	int		 r = -E_DENIED;

	if (m->kind != MSG_REQUEST)
		return;
	msg_clear(&answer);
	if (m->id == MSG_pull)
		r = pull(s, &m->pull, &answer.pulled);
	if (r < 0 && r != -E_NO_MEMORY)
		log_warn("pull refused", "link=%s reason=%s", s->conf->link,
		    err_name(r));
	ipc_reply(ipc, m->corr, r, r < 0 ? NULL : &answer);
	msg_wipe(&answer);
}

static void
on_up(void *arg, struct ipc *ipc)
{
	struct serve	*s = arg;

	(void)ipc;
	log_info("kma is connected", "link=%s", s->conf->link);
}

static void
on_down(void *arg, struct ipc *ipc)
{
	struct serve	*s = arg;

	(void)ipc;
	log_info("kma is gone", "link=%s after=%llu", s->conf->link,
	    (unsigned long long)s->after);
}

static json_t *
status(void *arg, int nargs, char **args)
{
	struct serve	*s = arg;
	char		 state[DRIVER_STATE_MAX];
	json_t		*missing = json_array();

	(void)nargs, (void)args;
	s->drv->state(s->dev, state);
	if (!s->drv->delivers(s->dev))
		json_array_append_new(missing,
		    json_sprintf("key from the module: %s", state));
	if (!ipc_is_up(s->ipc))
		json_array_append_new(missing,
		    json_string("kma is not connected"));
	return json_pack("{s:b, s:o, s:s, s:s, s:b, s:s, s:I, s:o, s:I, s:I, "
	    "s:I, s:I}",
	    "ready", 1, "missing", missing,
	    "link", s->conf->link, "driver", s->drv->name,
	    "simulated", s->drv->simulated, "state", state,
	    "produced", (json_int_t)s->drv->produced(s->dev),
	    "module", s->drv->status(s->dev),
	    "block_octets", (json_int_t)s->conf->block_octets,
	    "pulls", (json_int_t)s->pulls, "given", (json_int_t)s->given,
	    "after", (json_int_t)s->after);
}

static const struct metrics_row	figures[] = {
	{ METRICS_GAUGE, "qkdnode_module_delivers",
	    "1: the QKD module makes key.", "delivers", 1 },
	{ METRICS_GAUGE, "qkdnode_module_kma_connected",
	    "1: kma is there to take it.", "kma", 1 },
	{ METRICS_COUNTER, "qkdnode_module_produced_octets_total",
	    "Key that the module made, with what was skipped.",
	    "produced", 1 },
	{ METRICS_COUNTER, "qkdnode_module_given_octets_total",
	    "Key that kma took.", "given", 1 },
	{ METRICS_GAUGE, "qkdnode_module_qber_ratio",
	    "Quantum bit error rate that it measured, if it tells.",
	    "qber", 1 },
	{ .name = NULL }
};

static json_t *
metrics(void *arg, int nargs, char **args)
{
	static const char *const	of[] = { "link", "link", NULL };
	struct serve	*s = arg;
	json_t		*all = metrics_new(), *list;
	json_int_t	 B = (json_int_t)s->conf->block_octets;
	uint32_t	 ppm = qber(s);

	(void)nargs, (void)args;
	list = json_pack("[{s:s, s:b, s:b, s:I, s:I}]",
	    "link", s->conf->link, "delivers", s->drv->delivers(s->dev),
	    "kma", ipc_is_up(s->ipc),
	    "produced", (json_int_t)s->drv->produced(s->dev) * B,
	    "given", (json_int_t)s->given * B);
	if (ppm != DRIVER_QBER_UNKNOWN)
		json_object_set_new(json_array_get(list, 0), "qber",
		    json_real(ppm / 1e6));
	metrics_rows(all, figures, list, of);
	json_decref(list);
	return all;
}

static const struct ctl_command commands[] = {
	{ "metrics", "", "figures, by name, type and labels",
	    0, 0, false, metrics },
	{ "status", "", "link, module, figures", 0, 0, false, status },
	{ .name = NULL }
};

static int
socket_path(char out[SOCKET_MAX], const struct qkdmod_conf *c,
    const char *before, const char *after)
{
	int	n = snprintf(out, SOCKET_MAX, "%s/%s%s/%s", c->run_dir, before,
		    c->link, after);

	if (n > 0 && n < SOCKET_MAX)
		return 0;
	log_err("run_dir is too long", "run_dir=%s", c->run_dir);
	return -E_TOO_LARGE;
}

static int
open_data(struct serve *s, struct event_base *base)
{
	static const struct ipc_ops	ops = { on_input, on_up, on_down };
	char				path[SOCKET_MAX];
	uid_t				uid;
	int				r;

	if ((r = user_uid(s->conf->user_kma, &uid)) < 0 ||
	    (r = socket_path(path, s->conf, "mod-", "data")) < 0)
		return r;
	return ipc_listen(&s->ipc, base, path, QKDMOD, KMA, uid, &ops, s);
}

static int
open_ctl(struct serve *s, struct event_base *base)
{
	char	path[SOCKET_MAX];
	int	r;

	if ((r = socket_path(path, s->conf, "ctl-qkdmod-", "sock")) < 0)
		return r;
	if ((r = ctl_listen(&s->ctl, base, path)) < 0 ||
	    (r = ctl_commands(s->ctl, commands, s)) < 0)
		return r;
	return ctl_commands(s->ctl, s->drv->commands, s->dev);
}

int
serve_new(struct serve **out, struct event_base *base,
    const struct qkdmod_conf *conf)
{
	struct serve	*s;
	int		 r = -E_NO_MEMORY;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		goto out;
	s->conf = conf;
	s->drv = driver_get(conf->driver);
	if ((r = s->drv->open(&s->dev, conf, base)) < 0 ||
	    (r = open_data(s, base)) < 0 ||
	    (r = open_ctl(s, base)) < 0)
		goto out;
out:
	if (r < 0)
		serve_free(&s);
	*out = s;
	return r;
}

void
serve_free(struct serve **sp)
{
	struct serve	*s = *sp;

	if (s == NULL)
		return;
	ctl_free(&s->ctl);
	ipc_free(&s->ipc);
	if (s->dev != NULL)
		s->drv->close(&s->dev);
	free(s);
	*sp = NULL;
}
