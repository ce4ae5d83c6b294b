/* ipcask.c - requests of ours, and answers to those of the peer. */
#include "ipcint.h"

#include <stdlib.h>
#include <uthash.h>

#include "err.h"

#define PENDING_MAX	8192
#define ANSWERS_MAX	PENDING_MAX	/* as many may be repeated */

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

/* ---- requests of ours ---- */

static void
asked_finish(struct ipc *i, struct asked *a, int err, struct msg *reply)
{
	HASH_DEL(i->asked, a);
	a->done(a->arg, err, reply);
	msgbuf_free(&a->octets);
	free(a);
}

void
ipcask_expire(struct ipc *i, uint64_t now)
{
	struct asked	*a, *tmp;

	HASH_ITER(hh, i->asked, a, tmp)
		if (now >= a->deadline)
			asked_finish(i, a, -E_TIMEOUT, NULL);
}

void
ipcask_repeat(struct ipc *i)
{
	struct asked	*a, *tmp;

	HASH_ITER(hh, i->asked, a, tmp)
		ipc_queue_octets(i, &a->octets);
}

void
ipcask_reply_in(struct ipc *i, struct msg *m)
{
	struct asked	*a;

	HASH_FIND(hh, i->asked, &m->corr, sizeof(m->corr), a);
	if (a != NULL)		/* an answer after its deadline is no fault */
		asked_finish(i, a, m->err, m->err == 0 ? m : NULL);
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
		ipc_queue_octets(i, &a->octets);
	return 0;
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
		ipc_queue_octets(i, &a->octets);
	/* An answer with key bytes is not kept; nor sent to a later life. */
	if (err == 0 && reply.id != MSG_NONE && msg_has_secret(reply.id)) {
		msgbuf_free(&a->octets);
		a->gone = true;
	}
	return 0;
}

int
ipcask_request_in(struct ipc *i, struct msg *m)
{
	struct msg	 gone = { .kind = MSG_REPLY, .corr = m->corr,
	    .err = -E_GONE };
	struct answer	*a;

	HASH_FIND(hh, i->answers, &m->corr, sizeof(m->corr), a);
	if (a != NULL) {
		if (a->gone)
			return ipc_queue(i, &gone);
		if (a->answered)
			ipc_queue_octets(i, &a->octets);
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

void
ipcask_close(struct ipc *i)
{
	struct asked	*a, *tmp;
	struct answer	*b, *tmp2;

	HASH_ITER(hh, i->asked, a, tmp)
		asked_finish(i, a, -E_CLOSED, NULL);
	HASH_ITER(hh, i->answers, b, tmp2)
		answer_free(i, b);
}
