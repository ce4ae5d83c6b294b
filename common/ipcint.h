/* ipcint.h - what ipc.c, ipcask.c and ipcsock.c share, and nobody else. */
#ifndef QKD_IPCINT_H
#define QKD_IPCINT_H

#include <nng/nng.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "ipc.h"

#define IPCINT_LOST	16

/*
 * What nng's threads touch. A socket may close long after its link is gone
 * (see ipcsock_close), so this is never freed: one per link and process.
 */
struct ipcwatch {
	enum msg_role		 peer;
	uid_t			 peer_uid;
	int			 fd;	/* eventfd, written by nng's threads */
	atomic_uint		 lost[IPCINT_LOST];	/* pipes that ended */
	atomic_uint		 nlost;
	atomic_bool		 added;	/* a new one: to be greeted */
	SLIST_ENTRY(ipcwatch)	 next;
};

struct ipc {
	struct event_base	*base;
	nng_socket		 socket;
	nng_listener		 listener;
	bool			 open, listens, up;
	char			 url[128];
	enum msg_role		 self, peer;
	uid_t			 peer_uid;
	const struct ipc_ops	*ops;
	void			*arg;

	struct event		*ev_recv, *ev_send, *ev_flush, *ev_tick, *ev_pipe;
	struct ipcwatch		*watch;
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

/* Encodes for the peer; sent at the end of the loop turn. */
int	ipc_queue(struct ipc *, const struct msg *);
void	ipc_queue_octets(struct ipc *, const struct msgbuf *);
void	ipc_heartbeat(struct ipc *);
void	ipc_link_down(struct ipc *, const char *why);
/* What nng received as one message. < 0: the peer broke the rules. */
int	ipc_packed_in(struct ipc *, const uint8_t *, size_t len);
void	ipc_offend(struct ipc *, int r);

/* Requests of ours: all that have no answer yet are sent again. */
void	ipcask_repeat(struct ipc *);
void	ipcask_expire(struct ipc *, uint64_t now);
void	ipcask_reply_in(struct ipc *, struct msg *);
/* A request of the peer: new, or repeated. */
int	ipcask_request_in(struct ipc *, struct msg *);
/* Ends our requests with -E_CLOSED, forgets the peer's. */
void	ipcask_close(struct ipc *);

/* NULL: no memory, no eventfd. */
struct ipcwatch	*ipcsock_watch(enum msg_role peer, uid_t peer_uid);
int	ipcsock_open(struct ipc *);
void	ipcsock_close(struct ipc *);
void	ipcsock_flush(struct ipc *);
/* What nng would not take. */
void	ipcsock_drop(struct ipc *);
void	ipcsock_on_pipe_event(evutil_socket_t, short what, void *);

#endif
