/* relayrow.c */
#include "relayrow.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "conn.h"
#include "log.h"
#include "relayd/bridge.h"
#include "relayd/frames.h"
#include "relayd/kx.h"
#include "relayd/kxjson.h"
#include "relayd/plain.h"
#include "relayd/relay.h"
#include "relayd/routes.h"
#include "testpki.h"

struct event_base	*base;
struct node		 nodes[NODES];
struct raw		 raws[2];

bool			 row_plain;
void			(*row_plain_kma)(struct ipc *, struct msg *);

static struct testpki	 pki;
static int		 ports[NODES];
static bool		 with_raws;

static void
keep_relay(struct node *n, const struct msg_relay_in *in)
{
	n->relays++;
	n->last.relay_in = *in;
	memcpy(n->mac, in->mac.p, sizeof(n->mac));
	ck_assert_uint_le(in->text.len, sizeof(n->text));
	memcpy(n->text, in->text.p, in->text.len);
}

static void
keep_body(struct node *n, const char *from, struct msg_view body)
{
	ck_assert_uint_lt(body.len, sizeof(n->body));
	memcpy(n->body, body.p, body.len);
	n->body[body.len] = '\0';
	n->bodylen = body.len;
	strcpy(n->from, from);
}

static void
on_kma(void *arg, struct ipc *ipc, struct msg *m)
{
	struct node	*n = arg;

	if (m->id == MSG_neighbour) {
		n->neighbour[m->neighbour.km[4] - 'A'] = m->neighbour.up;
	} else if (m->id == MSG_relay_in) {
		keep_relay(n, &m->relay_in);
	} else if (m->id == MSG_done_in) {
		n->dones++;
		n->last.done_in = m->done_in;
		if (m->done_in.mac.len == sizeof(n->mac))
			memcpy(n->mac, m->done_in.mac.p, sizeof(n->mac));
	} else if (m->id == MSG_control_in) {
		n->controls++;
		keep_body(n, m->control_in.peer, m->control_in.body);
	} else if (row_plain_kma != NULL) {
		row_plain_kma(ipc, m);
	}
}

static void
on_ksa(void *arg, struct ipc *ipc, struct msg *m)
{
	struct node	*n = arg;

	(void)ipc;
	if (m->id == MSG_reach) {
		n->reach[m->reach.km[4] - 'A'] = m->reach.up;
	} else if (m->id == MSG_supply_in) {
		n->supplies++;
		keep_body(n, m->supply_in.peer, m->supply_in.body);
	}
}

static const struct ipc_ops kma_ops = { on_kma, NULL, NULL };
static const struct ipc_ops ksa_ops = { on_ksa, NULL, NULL };

static void
on_up(struct relayd *r, struct kx_peer *p)
{
	if (kx_is_plain(p))
		plain_peer_up(r, p);
	else
		routes_peer_up(r->routes, p);
}

static void
on_down(struct relayd *r, struct kx_peer *p)
{
	if (kx_is_plain(p))
		plain_peer_down(r, p);
	else
		routes_peer_down(r->routes, p);
}

static void
on_kma_there(struct relayd *r, struct kx_peer *p)
{
	routes_peer_kma(r->routes, p);
}

static const struct kx_ops kx_ops = { on_up, on_down, on_kma_there,
	frames_input };

static int
free_port(void)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	int			fd, r;

	/* Below what the kernel gives to those who dial. */
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	do {
		sin.sin_port = htons((uint16_t)(20000 + random() % 12000));
		ck_assert_int_ge(fd = socket(AF_INET, SOCK_STREAM, 0), 0);
		r = bind(fd, (struct sockaddr *)&sin, sizeof(sin));
		close(fd);
	} while (r < 0);
	return ntohs(sin.sin_port);
}

static void
add_peer(struct node *n, int j)
{
	struct relayd_peer_conf	*p = &n->peers[n->conf.peers.n++];

	snprintf(p->kme_id, sizeof(p->kme_id), "KME-%c", 'A' + j);
	/* Nobody listens for those that are no relayds. */
	snprintf(p->address, sizeof(p->address), "127.0.0.1:%d",
	    j < NODES ? ports[j] : 1);
	if (row_plain && j == KMS - 1) {
		p->protection = PROTECTION_TLS;
		p->address[0] = '\0';
	}
}

static void
configure(int i)
{
	struct node		*n = &nodes[i];
	struct relayd_conf	*c = &n->conf;
	char			 file[32];

	snprintf(c->kme_id, sizeof(c->kme_id), "KME-%c", 'A' + i);
	snprintf(c->run_dir, sizeof(c->run_dir), "%s/%d", pki.dir, i);
	snprintf(c->listen, sizeof(c->listen), "127.0.0.1:%d", ports[i]);
	snprintf(file, sizeof(file), "%d.crt", i);
	testpki_path(&pki, file, c->certificate);
	snprintf(file, sizeof(file), "%d.key", i);
	testpki_path(&pki, file, c->private_key);
	strcpy(c->ca, pki.ca);
	c->keepalive = 100;
	c->dead_after = 600;
	c->peers.v = n->peers;
	c->peers.n = 0;
	for (int j = i - 1; j <= i + 1; j += 2)
		if (j >= 0 && j < NODES)
			add_peer(n, j);
	for (int j = NODES; with_raws && i == 1 && j < KMS; j++)
		add_peer(n, j);
}

void
row_start(int i)
{
	struct node	*n = &nodes[i];

	n->r.base = base;
	n->r.conf = &n->conf;
	ck_assert_int_eq(routes_new(&n->r.routes, &n->r), 0);
	ck_assert_int_eq(relay_new(&n->r.relay, &n->r), 0);
	ck_assert_int_eq(plain_new(&n->r.plain, &n->r), 0);
	ck_assert_int_eq(bridge_new(&n->r.bridge, &n->r), 0);
	ck_assert_int_eq(kx_new(&n->r.kx, &n->r, &kx_ops), 0);
}

void
row_stop(int i)
{
	struct node	*n = &nodes[i];

	kx_free(&n->r.kx);
	bridge_free(&n->r.bridge);
	plain_free(&n->r.plain);
	relay_free(&n->r.relay);
	routes_free(&n->r.routes);
}

void
row_listen(int i, enum msg_role role)
{
	struct node	*n = &nodes[i];
	char		 path[256];

	mkdir(n->conf.run_dir, 0700);
	snprintf(path, sizeof(path), "%s/%s-relayd", n->conf.run_dir,
	    msg_role_name(role));
	mkdir(path, 0700);
	strcat(path, "/data");
	ck_assert_int_eq(ipc_listen(role == KMA ? &n->kma : &n->ksa, base,
	    path, role, RELAYD, IPC_ANY_UID, role == KMA ? &kma_ops :
	    &ksa_ops, n), 0);
}

void
row_turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	usleep(300);
}

static void
issue(int i)
{
	char	name[8], san[64];

	snprintf(name, sizeof(name), "%d", i);
	snprintf(san, sizeof(san), "URI:urn:qkdnode:km:KME-%c", 'A' + i);
	testpki_issue(&pki, name, name, san, 3600);
}

const char *
row_route(int from, int to)
{
	static route_text	texts[4];
	static unsigned		n;
	char			km[] = "KME-A";
	struct route		r;

	km[4] = (char)('A' + to);
	routes_to(nodes[from].r.routes, km, &r);
	route_print(&r, texts[n = (n + 1) % 4]);
	return texts[n];
}

void
row_setup(void)
{
	log_init("check_relayd", LL_ERR);
	srandom((unsigned)getpid());
	memset(nodes, 0, sizeof(nodes));
	base = event_base_new();
	testpki_open(&pki);
	for (int i = 0; i < NODES; i++)
		ports[i] = free_port();
	for (int i = 0; i < NODES; i++) {
		issue(i);
		configure(i);
		row_listen(i, KMA);
		row_listen(i, KSA);
		row_start(i);
	}
	UNTIL(strcmp(row_route(0, 2), "KME-A,KME-B,KME-C") == 0 &&
	    strcmp(row_route(2, 0), "KME-C,KME-B,KME-A") == 0 &&
	    nodes[0].reach[2] && nodes[2].reach[0] && nodes[1].reach[0] &&
	    nodes[1].reach[2]);
}

void
row_setup_raws(void)
{
	with_raws = true;
	row_setup();
	memset(raws, 0, sizeof(raws));
	for (int i = 0; i < 2; i++) {
		char	name[8];

		issue(NODES + i);
		snprintf(name, sizeof(name), "%d", NODES + i);
		raws[i].ctx = testpki_client(&pki, name);
		row_dial(i);
	}
}

void
row_teardown(void)
{
	char	command[128];

	for (int i = 0; i < 2; i++) {
		if (raws[i].link != NULL)
			kxlink_close(raws[i].link, "");
		SSL_CTX_free(raws[i].ctx);
	}
	for (int i = 0; i < NODES; i++) {
		row_stop(i);
		ipc_free(&nodes[i].kma);
		ipc_free(&nodes[i].ksa);
	}
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf %s", pki.dir);
	ck_assert_int_eq(system(command), 0);
	testpki_close(&pki);
}

/* ---- those that are no relayds ---- */

static int
on_raw_ready(void *arg, struct kxlink *l, const char *km, const char **why)
{
	(void)arg, (void)l, (void)km, (void)why;
	return 0;
}

static int
on_raw_frame(void *arg, struct kxlink *l, const struct frame *f,
    const char **why)
{
	struct raw	*raw = arg;

	(void)l, (void)why;
	if (f->command == KX_ANNOUNCE || f->command == KX_ALIVE)
		return 0;
	raw->frames++;
	raw->id = f->message_id;
	raw->command = f->command;
	raw->len = f->length;
	memcpy(raw->payload, f->payload, f->length);
	raw->payload[f->length] = '\0';
	return 0;
}

static void
on_raw_closed(void *arg, struct kxlink *l, const char *why)
{
	struct raw	*raw = arg;

	(void)l;
	raw->link = NULL;
	snprintf(raw->why, sizeof(raw->why), "%s", why);
}

static const struct kxlink_ops raw_ops = { on_raw_ready, on_raw_frame,
	on_raw_closed, NULL };

void
row_send(int i, uint32_t id, uint16_t command, const char *payload)
{
	size_t	 len = strlen(payload);
	uint8_t	*p;

	ck_assert_ptr_nonnull(raws[i].link);
	ck_assert_ptr_nonnull(p = kxlink_reserve(raws[i].link, len));
	memcpy(p, payload, len);
	kxlink_commit(raws[i].link, id, command, len);
}

void
row_dial(int i)
{
	struct kx_peer	*p;
	km_id		 km;
	int		 fd;

	snprintf(km, sizeof(km), "KME-%c", 'A' + NODES + i);
	p = row_plain && i == 1 ? kx_find_plain(nodes[1].r.kx, km) :
	    kx_find(nodes[1].r.kx, km);
	ck_assert_ptr_nonnull(p);
	if (raws[i].link == NULL) {
		ck_assert_int_ge(fd = conn_dial(nodes[1].conf.listen), 0);
		raws[i].link = kxlink_new(base, raws[i].ctx, fd, "KME-B",
		    &raw_ops, &raws[i]);
		ck_assert_ptr_nonnull(raws[i].link);
	}
	UNTIL(kx_is_up(p));
}
