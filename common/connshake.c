/* connshake.c - handshakes: in the loop, a few per turn, or by a helper. */
#include "connimpl.h"

#include <errno.h>
#include <openssl/err.h>
#include <stddef.h>

#include "ident.h"

static void
opened(struct conn *c)
{
	X509	*peer = SSL_get0_peer_certificate(c->ssl);

	c->shaken = true;
	if (peer == NULL || SSL_get_verify_result(c->ssl) != X509_V_OK) {
		conn_close(c, "no valid certificate");
		return;
	}
	c->state = OPEN;
	c->due = 0;
	c->last_input = mono_ms();
	if (c->ops->ready(c->arg, c, peer) < 0)
		conn_close(c, "refused");
	if (c->state == DEAD)
		return;
	conn_want_write(c, false);
	if (c->out.len > 0 || c->state == FINISHING)
		connloop_flush(c->loop, &c->item);
	connio_resume(c);
	conn_rearm(c);
}

/* In the loop, or in a thread of the helper. */
static void
step(struct conn *c)
{
	ERR_clear_error();
	errno = 0;
	c->step = connio_result(c, SSL_do_handshake(c->ssl));
}

static void
stepped(struct conn *c)
{
	if (c->step == CONN_DONE) {
		opened(c);
	} else if (c->step == CONN_FAILED) {
		conn_close(c, c->why);
	} else {
		conn_want_read(c, true);
		conn_want_write(c, c->step == CONN_OUTPUT);
	}
}

void
connshake_on_turn(struct connloop_item *item)
{
	struct conn	*c = (struct conn *)item;

	conn_hold(c);
	step(c);
	stepped(c);
	conn_release(c);
}

static struct conn *
conn_of(struct helper_job *j)
{
	return (struct conn *)((char *)j - offsetof(struct conn, job));
}

static void
run_step(struct helper_job *j)
{
	step(conn_of(j));
}

/* It may have been closed meanwhile. */
static void
step_done(struct helper_job *j)
{
	struct conn	*c = conn_of(j);

	c->away = false;
	if (c->state != DEAD)
		stepped(c);
	conn_release(c);
}

/* Handshakes queue up: the socket is not looked at meanwhile. */
void
connshake_later(struct conn *c)
{
	conn_want_read(c, false);
	conn_want_write(c, false);
	if (c->lim.helper == NULL) {
		connloop_shake(c->loop, &c->item);
		return;
	}
	c->away = true;
	conn_hold(c);
	helper_add(c->lim.helper, &c->job);
}

/* A job that runs keeps the connection until it is done. */
void
connshake_take_back(struct conn *c)
{
	if (c->away && helper_cancel(c->lim.helper, &c->job)) {
		c->away = false;
		conn_release(c);
	}
}

/* Who asks for many handshakes waits for his own. */
void
connshake_init(struct conn *c)
{
	c->job.run = run_step;
	c->job.done = step_done;
	c->job.lane = (unsigned)(address_source(c->address) *
	    0x9e3779b97f4a7c15 >> 32);
}
