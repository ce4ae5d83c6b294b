/*
 * ipcsock.c - the nng socket of a link, and its pipes. What nng makes
 * necessary is said where it is done.
 */
#include "config.h"
#include "ipcint.h"

#include <inttypes.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/transport/ipc/ipc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define RECV_MAX	(4 * 1024 * 1024)
#define NNG_QUEUE	64

struct packed {
	nng_msg			*msg;
	STAILQ_ENTRY(packed)	 next;
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

/* ---- sending ---- */

void
ipcsock_drop(struct ipc *i)
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
void
ipcsock_flush(struct ipc *i)
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
		ipc_link_down(i, "out of memory");
		ipcsock_close(i);	/* so that the peer notices */
		return;
	}
	OPENSSL_cleanse(i->out.p, i->out.len);
	i->backlog_octets += i->out.len;
	i->out.len = 0;
	STAILQ_INSERT_TAIL(&i->backlog, k, next);
	backlog_send(i);
}

static void
on_sendable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	backlog_send(arg);
}

/* ---- receiving ---- */

static bool
pipe_lost(struct ipc *i, uint32_t id)
{
	for (size_t n = 0; n < IPCINT_LOST; n++)
		if (atomic_load(&i->watch->lost[n]) == id)
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
	ipc_link_down(i, "connection lost");
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
		r = ipc_packed_in(i, nng_msg_body(msg), nng_msg_len(msg));
		OPENSSL_cleanse(nng_msg_body(msg), nng_msg_len(msg));
		nng_msg_free(msg);
	}
	if (r < 0)
		ipc_offend(i, r);
}

/* ---- the socket ---- */

/* On a thread of nng: refuse strangers, tell the loop about losses. */
static void
on_pipe(nng_pipe p, nng_pipe_ev ev, void *arg)
{
	struct ipcwatch	*w = arg;
	uint64_t	 uid = 0, one = 1;

	if (ev == NNG_PIPE_EV_ADD_PRE) {
		if (w->peer_uid == IPC_ANY_UID ||
		    (nng_pipe_get_uint64(p, NNG_OPT_IPC_PEER_UID, &uid) == 0 &&
		    (uid_t)uid == w->peer_uid))
			return;
		log_warn("ipc peer refused", "peer=%s uid=%" PRIu64
		    " expected=%u", msg_role_name(w->peer), uid, w->peer_uid);
		nng_pipe_close(p);
		return;
	}
	if (ev == NNG_PIPE_EV_REM_POST)
		atomic_store(&w->lost[atomic_fetch_add(&w->nlost, 1) %
		    IPCINT_LOST], (unsigned)nng_pipe_id(p));
	else
		atomic_store(&w->added, true);
	if (write(w->fd, &one, sizeof(one)) != sizeof(one))
		return;		/* the counter is full: the loop will look */
}

void
ipcsock_on_pipe_event(evutil_socket_t fd, short what, void *arg)
{
	struct ipc	*i = arg;
	uint64_t	 n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	if (i->pipe != 0 && pipe_lost(i, i->pipe)) {
		i->pipe = 0;
		ipc_link_down(i, "connection lost");
	}
	if (atomic_exchange(&i->watch->added, false) && i->open)
		ipc_heartbeat(i);	/* say who we are at once */
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
	    i->watch)) != 0 ||
	    (r = nng_pipe_notify(i->socket, NNG_PIPE_EV_ADD_POST, on_pipe,
	    i->watch)) != 0 ||
	    (r = nng_pipe_notify(i->socket, NNG_PIPE_EV_REM_POST, on_pipe,
	    i->watch)) != 0)
		return r;
	return 0;
}

static int
socket_listen(struct ipc *i)
{
	int	r;

	if ((r = nng_listener_create(&i->listener, i->socket,
	    i->url)) != 0 ||
	    (r = nng_listener_set_int(i->listener, NNG_OPT_IPC_PERMISSIONS,
	    0660)) != 0)
		return r;
	return nng_listener_start(i->listener, 0);
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

int
ipcsock_open(struct ipc *i)
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
		ipcsock_close(i);
		return -E_SYSTEM;
	}
	return 0;
}

static void *
close_socket(void *arg)
{
	nng_socket	s = { .id = (uint32_t)(uintptr_t)arg };

	nng_close(s);
	return NULL;
}

/*
 * nng_close() of 1.5.2 may block for ever when the peer closes at the same
 * moment, so no loop waits for it. Without a thread the socket stays.
 */
static void
close_aside(nng_socket s)
{
	pthread_t	t;

	if (pthread_create(&t, NULL, close_socket,
	    (void *)(uintptr_t)s.id) != 0)
		log_warn("ipc socket stays open: no thread", NULL);
	else
		pthread_detach(t);
}

struct ipcwatch *
ipcsock_watch(enum msg_role peer, uid_t peer_uid)
{
	static SLIST_HEAD(, ipcwatch)	all = SLIST_HEAD_INITIALIZER(all);
	struct ipcwatch			*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return NULL;
	w->peer = peer;
	w->peer_uid = peer_uid;
	if ((w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
		free(w);
		return NULL;
	}
	SLIST_INSERT_HEAD(&all, w, next);
	return w;
}

void
ipcsock_close(struct ipc *i)
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
	/* The path must be free for the next socket. */
	if (i->listens)
		(void)nng_listener_close(i->listener);
	close_aside(i->socket);
}
