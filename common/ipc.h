/*
 * ipc.h - one link between two processes of a node: nng pair0 over ipc://,
 * messages packed per loop turn. The peer is known by its kernel uid and the
 * directory of the socket; msg_allowed() decides what it may send. A bad
 * message costs the peer its connection.
 *
 * Requests carry ids that survive a reconnect: a request without an answer is
 * repeated, and answered once: the answer is kept for repeats unless it held
 * key bytes, then a repeat gets -E_GONE.
 */
#ifndef QKD_IPC_H
#define QKD_IPC_H

#include <event2/event.h>
#include <sys/types.h>

#include "msg.h"

struct ipc;

struct ipc_ops {
	/* An event or a request (m->kind). The message is wiped afterwards;
	 * take a secret out by setting its field to NULL. A request must be
	 * answered, now or later, by ipc_reply() with m->corr. */
	void	(*input)(void *arg, struct ipc *, struct msg *m);
	/* The peer is alive (heartbeats both ways); may be NULL. */
	void	(*up)(void *arg, struct ipc *);
	void	(*down)(void *arg, struct ipc *);
};

#define IPC_ANY_UID	((uid_t)-1)

/*
 * Path of the socket, at most 107 octets. The listener makes it 0660; its
 * directory is prepared from outside. peer_uid IPC_ANY_UID: only the
 * directory guards. Start-up only; errors are logged.
 */
int	ipc_listen(struct ipc **, struct event_base *, const char *path,
	    enum msg_role self, enum msg_role peer, uid_t peer_uid,
	    const struct ipc_ops *, void *arg);
int	ipc_dial(struct ipc **, struct event_base *, const char *path,
	    enum msg_role self, enum msg_role peer, uid_t peer_uid,
	    const struct ipc_ops *, void *arg);
void	ipc_free(struct ipc **);
bool	ipc_is_up(const struct ipc *);

/* An event. Encoded at once, sent at the end of the loop turn. -E_DOWN. */
int	ipc_send(struct ipc *, const struct msg *);
/*
 * A request. done() is called exactly once, also while the peer is away:
 * with the reply (err 0 or the peer's error), or with err -E_TIMEOUT and
 * reply NULL after deadline_ms. The reply is wiped after done().
 */
typedef void	ipc_done(void *arg, int err, struct msg *reply);
int	ipc_request(struct ipc *, struct msg *, unsigned deadline_ms,
	    ipc_done *, void *arg);
/* err != 0: m may be NULL. Secrets in m are the caller's to wipe. */
int	ipc_reply(struct ipc *, uint64_t corr, int err, const struct msg *m);
/* Octets queued and not yet taken by nng: for flow control. */
size_t	ipc_queued(const struct ipc *);

#endif
