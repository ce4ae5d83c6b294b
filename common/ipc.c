/*
 * ipc.c - one link between two processes: sockets, packing, heartbeats,
 * requests. What nng makes necessary is said where it is done.
 */
#include "config.h"
#include "ipc.h"

#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/transport/ipc/ipc.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>
#include <uthash.h>

#include "err.h"
#include "log.h"

#define TICK_MS		100
#define HEARTBEAT_MS	1000
#define DEAD_MS		4000
#define PACK_MAX	(256 * 1024)	/* octets that end a packed message */
#define RECV_MAX	(4 * 1024 * 1024)
#define NNG_QUEUE	64
#define BACKLOG_MAX	(32 * 1024 * 1024)
#define PENDING_MAX	8192
#define ANSWERS_MAX	PENDING_MAX	/* as many may be repeated */
#define LOST_MAX	16

/* A request of ours that has no answer yet. */
struct asked {
	uint64_t	 corr;
	uint64_t	 deadline;
	struct msgbuf	 octets;	/* for repeating it */
	ipc_done	*done;
	void		*arg;
	UT_hash_handle	 hh;
};

/* A request of the peer: pending, or answered and remembered. */
struct answer {
	uint64_t	 corr;
	bool		 answered, gone;
	struct msgbuf	 octets;
	UT_hash_handle	 hh;
};

struct packed {
	nng_msg			*msg;
	STAILQ_ENTRY(packed)	 next;
};

struct ipc {
	struct event_base	*base;
	nng_socket		 socket;
	bool			 open, listens, up;
	char			 url[128];
	enum msg_role		 self, peer;
	uid_t			 peer_uid;
	const struct ipc_ops	*ops;
	void			*arg;

	struct event		*ev_recv, *ev_send, *ev_flush, *ev_tick, *ev_pipe;
	int			 pipe_fd;	/* eventfd, written by nng */
	atomic_uint		 lost[LOST_MAX], nlost;	/* pipes that ended */
	atomic_bool		 added;	/* a new one: to be greeted */
	uint32_t		 pipe;	/* the peer's; 0: none */

	struct msgbuf		 out;		/* this loop turn */
	STAILQ_HEAD(, packed)	 backlog;	/* nng would not take these */
	size_t			 backlog_octets;

	uint64_t		 session;	/* this life of this process */
	uint64_t		 peer_session;
	uint64_t		 last_corr;
	uint64_t		 heard, said, opened;
	struct asked		*asked;
	struct answer		*answers;
	unsigned		 npending;
};

#ifdef QKD_SANITIZED
/* What nng 1.5.2 does not free when a socket closes or a peer dies. */
const char	*__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libnng.so\n";
}
#endif

static void	link_down(struct ipc *, const char *why);
static int	socket_open(struct ipc *);
static void	socket_close(struct ipc *);

/* ---- sending ---- */

static void
backlog_drop(struct ipc *i)
{
	struct packed	*k;

	while ((k = STAILQ_FIRST(&i->backlog)) != NULL) {
		STAILQ_REMOVE_HEAD(&i->backlog, next);
		nng_msg_free(k->msg);
		free(k);
	}
	i->backlog_octets = 0;
}

static void
backlog_send(struct ipc *i)
{
	struct packed	*k;
	int		 r = 0;

	while ((k = STAILQ_FIRST(&i->backlog)) != NULL) {
		size_t	len = nng_msg_len(k->msg);

		if ((r = nng_sendmsg(i->socket, k->msg, NNG_FLAG_NONBLOCK)))
			break;
		STAILQ_REMOVE_HEAD(&i->backlog, next);
		i->backlog_octets -= len;
		free(k);
	}
	if (r == NNG_EAGAIN && i->ev_send != NULL)
		event_add(i->ev_send, NULL);
}

/* Everything encoded in this turn becomes one nng message. */
static void
flush(struct ipc *i)
{
	struct packed	*k = NULL;

	if (i->out.len == 0 || !i->open)
		return;
	if ((k = calloc(1, sizeof(*k))) == NULL ||
	    nng_msg_alloc(&k->msg, 0) != 0 ||
	    nng_msg_append(k->msg, i->out.p, i->out.len) != 0) {
		if (k != NULL && k->msg != NULL)
			nng_msg_free(k->msg);
		free(k);
		link_down(i, "out of memory");
		socket_close(i);	/* so that the peer notices */
		return;
	}
	OPENSSL_cleanse(i->out.p, i->out.len);
	i->backlog_octets += i->out.len;
	i->out.len = 0;
	STAILQ_INSERT_TAIL(&i->backlog, k, next);
	backlog_send(i);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	flush(arg);
}

static void
on_sendable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	backlog_send(arg);
}

/* What the peer receives at once is limited: see RECV_MAX. */
static void
flush_soon(struct ipc *i)
{
	if (i->out.len >= PACK_MAX)
		flush(i);
	else
		event_active(i->ev_flush, EV_TIMEOUT, 0);
}

static int
queue_encoded(struct ipc *i, const struct msg *m)
{
	int	r;

	if (i->backlog_octets > BACKLOG_MAX)
		return -E_BUSY;
	if ((r = msg_encode(&i->out, m)) < 0)
		return r;
	flush_soon(i);
	return 0;
}

static void
queue_octets(struct ipc *i, const struct msgbuf *b)
{
	if (msgbuf_append(&i->out, b->p, b->len) < 0)
		return;		/* repeated at the next reconnect */
	flush_soon(i);
}

static void
heartbeat(struct ipc *i)
{
	struct msg	m = { .id = MSG_NONE, .corr = i->session };

	i->said = mono_ms();
	(void)queue_encoded(i, &m);
}

/* ---- requests of ours ---- */

static void
asked_finish(struct ipc *i, struct asked *a, int err, struct msg *reply)
{
	HASH_DEL(i->asked, a);
	a->done(a->arg, err, reply);
	msgbuf_free(&a->octets);
	free(a);
}

static void
asked_expire(struct ipc *i, uint64_t now)
{
	struct asked	*a, *tmp;

	HASH_ITER(hh, i->asked, a, tmp)
		if (now >= a->deadline)
			asked_finish(i, a, -E_TIMEOUT, NULL);
}

int
ipc_request(struct ipc *i, struct msg *m, unsigned deadline_ms,
    ipc_done *done, void *arg)
{
	struct asked	*a;
	int		 r;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return -E_NO_MEMORY;
	m->kind = MSG_REQUEST;
	m->err = 0;
	m->corr = a->corr = i->session ^ ++i->last_corr;
	a->deadline = mono_ms() + deadline_ms;
	a->done = done;
	a->arg = arg;
	if ((r = msg_encode(&a->octets, m)) < 0) {
		msgbuf_free(&a->octets);
		free(a);
		return r;
	}
	HASH_ADD(hh, i->asked, corr, sizeof(a->corr), a);
	if (i->up)
		queue_octets(i, &a->octets);
	return 0;
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
	return queue_encoded(i, &copy);
}

/* ---- requests of the peer ---- */

static void
answer_free(struct ipc *i, struct answer *a)
{
	HASH_DEL(i->answers, a);
	msgbuf_free(&a->octets);
	free(a);
}

/* Forgets the oldest answers; pending ones stay. */
static void
answers_trim(struct ipc *i)
{
	struct answer	*a, *tmp;

	if (HASH_COUNT(i->answers) <= ANSWERS_MAX + i->npending)
		return;
	HASH_ITER(hh, i->answers, a, tmp) {	/* in order of insertion */
		if (!a->answered)
			continue;
		answer_free(i, a);
		return;
	}
}

int
ipc_reply(struct ipc *i, uint64_t corr, int err, const struct msg *m)
{
	struct msg	 reply = { .id = MSG_NONE };
	struct answer	*a;
	int		 r;

	HASH_FIND(hh, i->answers, &corr, sizeof(corr), a);
	if (a == NULL || a->answered)
		return -E_NOT_FOUND;
	if (m != NULL)
		reply = *m;
	reply.kind = MSG_REPLY;
	reply.corr = corr;
	reply.err = err;
	if ((r = msg_encode(&a->octets, &reply)) < 0)
		return r;
	a->answered = true;
	i->npending--;
	if (i->up)
		queue_octets(i, &a->octets);
	/* An answer with key bytes is not kept; nor sent to a later life. */
	if (err == 0 && reply.id != MSG_NONE && msg_has_secret(reply.id)) {
		msgbuf_free(&a->octets);
		a->gone = true;
	}
	return 0;
}

static int
request_in(struct ipc *i, struct msg *m)
{
	struct msg	 gone = { .kind = MSG_REPLY, .corr = m->corr,
	    .err = -E_GONE };
	struct answer	*a;

	HASH_FIND(hh, i->answers, &m->corr, sizeof(m->corr), a);
	if (a != NULL) {
		if (a->gone)
			return queue_encoded(i, &gone);
		if (a->answered)
			queue_octets(i, &a->octets);
		return 0;
	}
	if (i->npending >= PENDING_MAX ||
	    (a = calloc(1, sizeof(*a))) == NULL)
		return -E_NO_MEMORY;
	a->corr = m->corr;
	HASH_ADD(hh, i->answers, corr, sizeof(a->corr), a);
	i->npending++;
	answers_trim(i);
	i->ops->input(i->arg, i, m);
	return 0;
}

/* ---- receiving ---- */

static void
link_up(struct ipc *i, uint64_t session)
{
	struct asked	*a, *tmp;

	i->peer_session = session;
	i->up = true;
	log_info("ipc up", "peer=%s", msg_role_name(i->peer));
	heartbeat(i);
	HASH_ITER(hh, i->asked, a, tmp)
		queue_octets(i, &a->octets);
	if (i->ops->up != NULL)
		i->ops->up(i->arg, i);
}

static void
link_down(struct ipc *i, const char *why)
{
	backlog_drop(i);
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
	struct asked	*a;

	if (m->id == MSG_NONE && m->kind == MSG_EVENT) {	/* heartbeat */
		if (i->up && m->corr != i->peer_session)
			link_down(i, "restarted");
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
		return m->id == MSG_NONE ? -E_BAD_FORMAT : request_in(i, m);
	case MSG_REPLY:
		break;
	}
	HASH_FIND(hh, i->asked, &m->corr, sizeof(m->corr), a);
	if (a != NULL)
		asked_finish(i, a, m->err, m->err == 0 ? m : NULL);
	return 0;	/* an answer after its deadline is no fault */
}

static int
packed_in(struct ipc *i, const uint8_t *p, size_t len)
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
static void
offend(struct ipc *i, int r)
{
	log_warn("ipc message refused", "peer=%s error=%s",
	    msg_role_name(i->peer), err_name(r));
	link_down(i, "broke the rules");
	socket_close(i);
}

static bool
pipe_lost(struct ipc *i, uint32_t id)
{
	for (size_t n = 0; n < LOST_MAX; n++)
		if (atomic_load(&i->lost[n]) == id)
			return true;
	return false;
}

/*
 * nng tells of lost connections late, and also of those that it or we
 * refused; so a link belongs to the connection that its messages come by.
 */
static void
pipe_is(struct ipc *i, uint32_t id)
{
	if (id == i->pipe)
		return;
	link_down(i, "connection lost");
	i->pipe = pipe_lost(i, id) ? 0 : id;
}

static void
on_recv(evutil_socket_t fd, short what, void *arg)
{
	struct ipc	*i = arg;
	nng_msg		*msg;
	int		 r = 0;

	(void)fd, (void)what;
	/* The fd is a level: drain, or it does not fire again. */
	while (r == 0 && i->open &&
	    nng_recvmsg(i->socket, &msg, NNG_FLAG_NONBLOCK) == 0) {
		i->heard = mono_ms();
		pipe_is(i, (uint32_t)nng_pipe_id(nng_msg_get_pipe(msg)));
		r = packed_in(i, nng_msg_body(msg), nng_msg_len(msg));
		OPENSSL_cleanse(nng_msg_body(msg), nng_msg_len(msg));
		nng_msg_free(msg);
	}
	if (r < 0)
		offend(i, r);
}

/* ---- the socket ---- */

/* On a thread of nng: refuse strangers, tell the loop about losses. */
static void
on_pipe(nng_pipe p, nng_pipe_ev ev, void *arg)
{
	struct ipc	*i = arg;
	uint64_t	 uid = 0, one = 1;

	if (ev == NNG_PIPE_EV_ADD_PRE) {
		if (i->peer_uid == IPC_ANY_UID ||
		    (nng_pipe_get_uint64(p, NNG_OPT_IPC_PEER_UID, &uid) == 0 &&
		    (uid_t)uid == i->peer_uid))
			return;
		log_warn("ipc peer refused", "peer=%s uid=%" PRIu64
		    " expected=%u", msg_role_name(i->peer), uid, i->peer_uid);
		nng_pipe_close(p);
		return;
	}
	if (ev == NNG_PIPE_EV_REM_POST)
		atomic_store(&i->lost[atomic_fetch_add(&i->nlost, 1) %
		    LOST_MAX], (unsigned)nng_pipe_id(p));
	else
		atomic_store(&i->added, true);
	if (write(i->pipe_fd, &one, sizeof(one)) != sizeof(one))
		return;		/* the counter is full: the loop will look */
}

static void
on_pipe_event(evutil_socket_t fd, short what, void *arg)
{
	struct ipc	*i = arg;
	uint64_t	 n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	if (i->pipe != 0 && pipe_lost(i, i->pipe)) {
		i->pipe = 0;
		link_down(i, "connection lost");
	}
	if (atomic_exchange(&i->added, false) && i->open)
		heartbeat(i);	/* say who we are at once */
}

static int
socket_events(struct ipc *i)
{
	int	rfd, sfd;

	if (nng_socket_get_int(i->socket, NNG_OPT_RECVFD, &rfd) != 0 ||
	    nng_socket_get_int(i->socket, NNG_OPT_SENDFD, &sfd) != 0)
		return -E_SYSTEM;
	i->ev_recv = event_new(i->base, rfd, EV_READ | EV_PERSIST, on_recv, i);
	i->ev_send = event_new(i->base, sfd, EV_READ, on_sendable, i);
	if (i->ev_recv == NULL || i->ev_send == NULL)
		return -E_NO_MEMORY;
	event_add(i->ev_recv, NULL);
	return 0;
}

/* nng's defaults are unlimited size and no queue. */
static int
socket_options(struct ipc *i)
{
	int	r;

	if ((r = nng_socket_set_size(i->socket, NNG_OPT_RECVMAXSZ,
	    RECV_MAX)) != 0 ||
	    (r = nng_socket_set_int(i->socket, NNG_OPT_RECVBUF,
	    NNG_QUEUE)) != 0 ||
	    (r = nng_socket_set_int(i->socket, NNG_OPT_SENDBUF,
	    NNG_QUEUE)) != 0 ||
	    (r = nng_pipe_notify(i->socket, NNG_PIPE_EV_ADD_PRE, on_pipe,
	    i)) != 0 ||
	    (r = nng_pipe_notify(i->socket, NNG_PIPE_EV_ADD_POST, on_pipe,
	    i)) != 0 ||
	    (r = nng_pipe_notify(i->socket, NNG_PIPE_EV_REM_POST, on_pipe,
	    i)) != 0)
		return r;
	return 0;
}

static int
socket_listen(struct ipc *i)
{
	nng_listener	l;
	int		r;

	if ((r = nng_listener_create(&l, i->socket, i->url)) != 0 ||
	    (r = nng_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS,
	    0660)) != 0)
		return r;
	return nng_listener_start(l, 0);
}

static int
socket_dial(struct ipc *i)
{
	nng_dialer	d;
	int		r;

	if ((r = nng_dialer_create(&d, i->socket, i->url)) != 0 ||
	    (r = nng_dialer_set_ms(d, NNG_OPT_RECONNMINT, 50)) != 0 ||
	    (r = nng_dialer_set_ms(d, NNG_OPT_RECONNMAXT, 500)) != 0)
		return r;
	return nng_dialer_start(d, NNG_FLAG_NONBLOCK);
}

static int
socket_open(struct ipc *i)
{
	int	r;

	if ((r = nng_pair0_open(&i->socket)) != 0)
		goto out;
	i->open = true;
	i->opened = i->heard = mono_ms();
	if ((r = socket_options(i)) == 0 && (r = socket_events(i)) == 0)
		r = i->listens ? socket_listen(i) : socket_dial(i);
out:
	if (r != 0) {
		log_err("ipc socket failed", "url=%s reason=%s", i->url,
		    log_quote(r > 0 ? nng_strerror(r) : err_text(r)));
		socket_close(i);
		return -E_SYSTEM;
	}
	return 0;
}

static void
socket_close(struct ipc *i)
{
	if (!i->open)
		return;
	if (i->ev_recv != NULL)
		event_free(i->ev_recv);
	if (i->ev_send != NULL)
		event_free(i->ev_send);
	i->ev_recv = i->ev_send = NULL;
	i->open = false;
	i->pipe = 0;
	nng_close(i->socket);
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
	asked_expire(i, now);
	if (i->open && now - i->heard >= DEAD_MS &&
	    now - i->opened >= DEAD_MS) {
		link_down(i, "silent");
		socket_close(i);
	}
	if (!i->open)
		(void)socket_open(i);
	/* Not without a peer: nng_close() leaks what nng has queued. */
	if (i->open && i->pipe != 0 && now - i->said >= HEARTBEAT_MS)
		heartbeat(i);
}

/* ---- making and freeing ---- */

static int
events_new(struct ipc *i)
{
	struct timeval	tick = { 0, TICK_MS * 1000 };

	if ((i->pipe_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
		return -E_SYSTEM;
	i->ev_flush = event_new(i->base, -1, 0, on_flush, i);
	i->ev_tick = event_new(i->base, -1, EV_PERSIST, on_tick, i);
	i->ev_pipe = event_new(i->base, i->pipe_fd, EV_READ | EV_PERSIST,
	    on_pipe_event, i);
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
	i->pipe_fd = -1;
	STAILQ_INIT(&i->backlog);
	n = snprintf(i->url, sizeof(i->url), "ipc://%s", path);
	if (n < 0 || n > 6 + 107) {
		log_err("socket path is too long", "path=%s max=107", path);
		r = -E_TOO_LARGE;
	} else if (RAND_bytes((unsigned char *)&i->session,
	    sizeof(i->session)) != 1)
		r = -E_RANDOM;
	else if ((r = events_new(i)) == 0)
		r = socket_open(i);
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
	struct asked	*a, *tmp;
	struct answer	*b, *tmp2;

	if (i == NULL)
		return;
	flush(i);
	if (i->open && STAILQ_EMPTY(&i->backlog))
		usleep(20000);	/* nng_close() drops what it has queued */
	socket_close(i);
	backlog_drop(i);
	HASH_ITER(hh, i->asked, a, tmp)
		asked_finish(i, a, -E_CLOSED, NULL);
	HASH_ITER(hh, i->answers, b, tmp2)
		answer_free(i, b);
	if (i->ev_flush != NULL)
		event_free(i->ev_flush);
	if (i->ev_tick != NULL)
		event_free(i->ev_tick);
	if (i->ev_pipe != NULL)
		event_free(i->ev_pipe);
	if (i->pipe_fd >= 0)
		close(i->pipe_fd);
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
