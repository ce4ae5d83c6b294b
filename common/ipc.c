/* ipc.c - one link between two processes: its life, packing, heartbeats. */
#include "ipcint.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define TICK_MS		100
#define HEARTBEAT_MS	1000
#define DEAD_MS		4000
#define PACK_MAX	(256 * 1024)	/* octets that end a packed message */
#define BACKLOG_MAX	(32 * 1024 * 1024)

/* ---- sending ---- */

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ipcsock_flush(arg);
}

/* What the peer receives at once is limited: see RECV_MAX in ipcsock.c. */
static void
flush_soon(struct ipc *i)
{
	if (i->out.len >= PACK_MAX)
		ipcsock_flush(i);
	else
		event_active(i->ev_flush, EV_TIMEOUT, 0);
}

int
ipc_queue(struct ipc *i, const struct msg *m)
{
	int	r;

	if (i->backlog_octets > BACKLOG_MAX)
		return -E_BUSY;
	if ((r = msg_encode(&i->out, m)) < 0)
		return r;
	flush_soon(i);
	return 0;
}

void
ipc_queue_octets(struct ipc *i, const struct msgbuf *b)
{
	if (msgbuf_append(&i->out, b->p, b->len) < 0)
		return;		/* repeated at the next reconnect */
	flush_soon(i);
}

void
ipc_heartbeat(struct ipc *i)
{
	struct msg	m = { .id = MSG_NONE, .corr = i->session };

	i->said = mono_ms();
	(void)ipc_queue(i, &m);
}

int
ipc_send(struct ipc *i, const struct msg *m)
{
	struct msg	 copy;

	if (!i->up)
		return -E_DOWN;
	copy = *m;
	copy.kind = MSG_EVENT;
	copy.corr = 0;
	copy.err = 0;
	return ipc_queue(i, &copy);
}

/* ---- receiving ---- */

static void
link_up(struct ipc *i, uint64_t session)
{
	i->peer_session = session;
	i->up = true;
	log_info("ipc up", "peer=%s", msg_role_name(i->peer));
	ipc_heartbeat(i);
	ipcask_repeat(i);
	if (i->ops->up != NULL)
		i->ops->up(i->arg, i);
}

void
ipc_link_down(struct ipc *i, const char *why)
{
	ipcsock_drop(i);
	if (i->out.p != NULL)
		OPENSSL_cleanse(i->out.p, i->out.len);
	i->out.len = 0;
	if (!i->up)
		return;
	i->up = false;
	log_notice("ipc down", "peer=%s why=%s", msg_role_name(i->peer),
	    log_quote(why));
	if (i->ops->down != NULL)
		i->ops->down(i->arg, i);
}

static int
one_message(struct ipc *i, struct msg *m)
{
	if (m->id == MSG_NONE && m->kind == MSG_EVENT) {	/* heartbeat */
		if (i->up && m->corr != i->peer_session)
			ipc_link_down(i, "restarted");
		if (!i->up && i->pipe != 0)
			link_up(i, m->corr);
		return 0;
	}
	/* What nng kept from before is repeated or was meant for then. */
	if (!i->up && m->kind != MSG_REPLY)
		return 0;
	if (m->id != MSG_NONE && !msg_allowed(m->id, i->peer, i->self))
		return -E_DENIED;
	switch (m->kind) {
	case MSG_EVENT:
		i->ops->input(i->arg, i, m);
		return 0;
	case MSG_REQUEST:
		return m->id == MSG_NONE ? -E_BAD_FORMAT :
		    ipcask_request_in(i, m);
	case MSG_REPLY:
		break;
	}
	ipcask_reply_in(i, m);
	return 0;
}

int
ipc_packed_in(struct ipc *i, const uint8_t *p, size_t len)
{
	struct msg	m;
	size_t		used;
	int		r;

	while (len > 0) {
		if ((r = msg_decode(&m, p, len, &used)) < 0)
			return r;
		r = one_message(i, &m);
		msg_wipe(&m);
		if (r < 0)
			return r;
		p += used;
		len -= used;
	}
	return 0;
}

/* The peer broke the rules: it loses the connection, we go on. */
void
ipc_offend(struct ipc *i, int r)
{
	log_warn("ipc message refused", "peer=%s error=%s",
	    msg_role_name(i->peer), err_name(r));
	ipc_link_down(i, "broke the rules");
	ipcsock_close(i);
}

/*
 * A listener of nng 1.5.2 goes deaf for ever when a peer connects and closes
 * at once, so a socket that hears nothing is made anew.
 */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ipc	*i = arg;
	uint64_t	 now = mono_ms();

	(void)fd, (void)what;
	ipcask_expire(i, now);
	if (i->open && now - i->heard >= DEAD_MS &&
	    now - i->opened >= DEAD_MS) {
		ipc_link_down(i, "silent");
		ipcsock_close(i);
	}
	if (!i->open)
		(void)ipcsock_open(i);
	/* Not without a peer: nng_close() leaks what nng has queued. */
	if (i->open && i->pipe != 0 && now - i->said >= HEARTBEAT_MS)
		ipc_heartbeat(i);
}

/* ---- making and freeing ---- */

static int
events_new(struct ipc *i)
{
	struct timeval	tick = { 0, TICK_MS * 1000 };

	if ((i->watch = ipcsock_watch(i->peer, i->peer_uid)) == NULL)
		return -E_SYSTEM;
	i->ev_flush = event_new(i->base, -1, 0, on_flush, i);
	i->ev_tick = event_new(i->base, -1, EV_PERSIST, on_tick, i);
	i->ev_pipe = event_new(i->base, i->watch->fd, EV_READ | EV_PERSIST,
	    ipcsock_on_pipe_event, i);
	if (i->ev_flush == NULL || i->ev_tick == NULL || i->ev_pipe == NULL)
		return -E_NO_MEMORY;
	event_add(i->ev_tick, &tick);
	event_add(i->ev_pipe, NULL);
	return 0;
}

static int
ipc_new(struct ipc **out, struct ipc *given, const char *path)
{
	struct ipc	*i;
	int		 n, r = -E_NO_MEMORY;

	if ((i = malloc(sizeof(*i))) == NULL)
		goto out;
	*i = *given;
	STAILQ_INIT(&i->backlog);
	n = snprintf(i->url, sizeof(i->url), "ipc://%s", path);
	if (n < 0 || n > 6 + 107) {
		log_err("socket path is too long", "path=%s max=107", path);
		r = -E_TOO_LARGE;
	} else if (RAND_bytes((unsigned char *)&i->session,
	    sizeof(i->session)) != 1)
		r = -E_RANDOM;
	else if ((r = events_new(i)) == 0)
		r = ipcsock_open(i);
out:
	if (r < 0)
		ipc_free(&i);
	*out = i;
	return r;
}

int
ipc_listen(struct ipc **out, struct event_base *base, const char *path,
    enum msg_role self, enum msg_role peer, uid_t peer_uid,
    const struct ipc_ops *ops, void *arg)
{
	struct ipc	given = { .base = base, .listens = true, .self = self,
	    .peer = peer, .peer_uid = peer_uid, .ops = ops, .arg = arg };

	return ipc_new(out, &given, path);
}

int
ipc_dial(struct ipc **out, struct event_base *base, const char *path,
    enum msg_role self, enum msg_role peer, uid_t peer_uid,
    const struct ipc_ops *ops, void *arg)
{
	struct ipc	given = { .base = base, .listens = false, .self = self,
	    .peer = peer, .peer_uid = peer_uid, .ops = ops, .arg = arg };

	return ipc_new(out, &given, path);
}

void
ipc_free(struct ipc **ip)
{
	struct ipc	*i = *ip;

	if (i == NULL)
		return;
	ipcsock_flush(i);
	if (i->open && STAILQ_EMPTY(&i->backlog))
		usleep(20000);	/* nng_close() drops what it has queued */
	ipcsock_close(i);
	ipcsock_drop(i);
	ipcask_close(i);
	if (i->ev_flush != NULL)
		event_free(i->ev_flush);
	if (i->ev_tick != NULL)
		event_free(i->ev_tick);
	if (i->ev_pipe != NULL)
		event_free(i->ev_pipe);
	msgbuf_free(&i->out);
	free(i);
	*ip = NULL;
}

bool
ipc_is_up(const struct ipc *i)
{
	return i != NULL && i->up;
}

size_t
ipc_queued(const struct ipc *i)
{
	return i->out.len + i->backlog_octets;
}
