#include "kxlink.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "err.h"
#include "kxcert.h"
#include "tlscert.h"

struct kxlink {
	struct conn		*conn;
	const struct kxlink_ops	*ops;
	void			*arg;
	bool			 dialled;
	bool			 parsing, dead;	/* freed when parsed */
	km_id			 km;
	uint8_t			*frame;		/* reserved */
	struct kxlink_traffic	 own, *traffic;
	char			 why[768];
};

/* No idle or write limit: kx.c watches for signs of life instead, and a
 * queue that is never empty is normal here. Reading never stops for output:
 * two such nodes would wait for each other. */
static const struct conn_limits limits = {
	.handshake_ms = 5000,
	.input_max = FRAME_HEADER + FRAME_PAYLOAD_MAX + 1,
	.output_max = SIZE_MAX,
};

static int
refuse(struct kxlink *l, const char *why, X509 *cert)
{
	snprintf(l->why, sizeof(l->why), "%s (%s)", why, tlscert_text(cert));
	return -E_DENIED;
}

static int
on_ready(void *arg, struct conn *c, X509 *cert)
{
	struct kxlink	*l = arg;
	const char	*why;
	km_id		 km;

	(void)c;
	if ((l->ops->identify != NULL ?
	    l->ops->identify(l->arg, cert, km, &why) :
	    kxcert_km(cert, km, &why)) < 0)
		return refuse(l, why, cert);
	if (l->dialled && strcmp(km, l->km) != 0)
		return refuse(l, "certificate names another KM", cert);
	memcpy(l->km, km, sizeof(km));
	return l->ops->ready(l->arg, l, km, &why) < 0 ?
	    refuse(l, why, cert) : 0;
}

static ssize_t
on_input(void *arg, struct conn *c, const uint8_t *p, size_t len)
{
	struct kxlink	*l = arg;
	struct frame	 f;
	size_t		 n, done = 0;
	const char	*why = "refused";

	l->parsing = true;
	while (!l->dead && (n = frame_parse(&f, p + done, len - done)) > 0) {
		l->traffic->frames_in++;
		l->traffic->octets_in += n;
		done += n;
		if (l->ops->frame(l->arg, l, &f, &why) < 0)
			conn_close(c, why);
	}
	l->parsing = false;
	if (l->dead)
		free(l);
	return (ssize_t)done;
}

static void
on_closed(void *arg, struct conn *c, const char *why)
{
	struct kxlink	*l = arg;

	(void)c;
	l->dead = true;
	l->ops->closed(l->arg, l, l->why[0] != '\0' ? l->why : why);
	l->conn = NULL;
	if (!l->parsing)
		free(l);
}

static const struct conn_ops conn_ops = {
	.ready = on_ready,
	.input = on_input,
	.closed = on_closed,
};

/* For peers that send no signs of life. Half a minute. */
static void
notice_dead_hosts(int fd)
{
	static const struct { int level, option, value; } o[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 15 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 5 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 30000 },
	};

	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		(void)setsockopt(fd, o[i].level, o[i].option, &o[i].value,
		    sizeof(o[i].value));
}

struct kxlink *
kxlink_new(struct event_base *base, SSL_CTX *ctx, int fd,
    const char *expected, const struct kxlink_ops *ops, void *arg)
{
	struct kxlink	*l;

	if ((l = calloc(1, sizeof(*l))) == NULL) {
		close(fd);
		return NULL;
	}
	notice_dead_hosts(fd);
	l->ops = ops;
	l->arg = arg;
	l->traffic = &l->own;
	l->dialled = expected != NULL;
	if (l->dialled)
		strcpy(l->km, expected);
	l->conn = conn_new(base, ctx, fd, !l->dialled, &limits, &conn_ops, l);
	if (l->conn == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void
kxlink_close(struct kxlink *l, const char *why)
{
	conn_close(l->conn, why);
}

void
kxlink_finish(struct kxlink *l)
{
	conn_finish(l->conn);
}

void
kxlink_count(struct kxlink *l, struct kxlink_traffic *t)
{
	l->traffic = t;
}

bool
kxlink_dialled(const struct kxlink *l)
{
	return l->dialled;
}

const char *
kxlink_km(const struct kxlink *l)
{
	return l->km;
}

const char *
kxlink_address(const struct kxlink *l)
{
	return conn_peer_address(l->conn);
}

size_t
kxlink_queued(const struct kxlink *l)
{
	return conn_output_queued(l->conn);
}

uint8_t *
kxlink_reserve(struct kxlink *l, size_t payload)
{
	l->frame = conn_reserve(l->conn, FRAME_HEADER + payload);
	return l->frame != NULL ? l->frame + FRAME_HEADER : NULL;
}

void
kxlink_commit(struct kxlink *l, uint32_t message_id, uint16_t command,
    size_t payload)
{
	frame_header(l->frame, message_id, command, (uint16_t)payload);
	conn_commit(l->conn, FRAME_HEADER + payload);
	l->traffic->frames_out++;
	l->traffic->octets_out += FRAME_HEADER + payload;
}
