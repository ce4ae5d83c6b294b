/*
 * check_relayd.c - three relayds in a row, each with a kma and a ksa that
 * do what the test says, over real sockets, in one event loop.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "relayd/bridge.h"
#include "relayd/command.h"
#include "relayd/frames.h"
#include "relayd/kx.h"
#include "relayd/relay.h"
#include "relayd/relayd.h"
#include "relayd/routes.h"
#include "testpki.h"
#include "unit.h"

#define NODES	3
#define RID	"01234567-89ab-4def-8123-456789abcdef"
#define TEXT	8096

struct node {
	struct relayd		 r;
	struct relayd_conf	 conf;
	struct relayd_peer_conf	 peers[2];
	struct ipc		*kma, *ksa;
	route_text		 routes[NODES];	/* as kma was told */
	bool			 neighbour[NODES], reach[NODES];
	unsigned		 relays, dones, controls, supplies;
	struct msg		 last;		/* relay_in or done_in */
	uint8_t			 mac[16], text[40864];
	char			 body[64];
	km_id			 from;
};

static struct event_base *base;
static struct testpki	 pki;
static struct node	 nodes[NODES];
static int		 ports[NODES];

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
	snprintf(n->body, sizeof(n->body), "%.*s", (int)body.len, body.p);
	strcpy(n->from, from);
}

static void
on_kma(void *arg, struct ipc *ipc, struct msg *m)
{
	struct node	*n = arg;

	(void)ipc;
	if (m->id == MSG_route) {
		strcpy(n->routes[m->route.km[4] - 'A'], m->route.route);
	} else if (m->id == MSG_neighbour) {
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
	routes_peer_up(r->routes, p);
}

static void
on_down(struct relayd *r, struct kx_peer *p)
{
	routes_peer_down(r->routes, p);
}

static const struct kx_ops kx_ops = { on_up, on_down, frames_input };

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
	for (int j = i - 1; j <= i + 1; j += 2) {
		struct relayd_peer_conf	*p = &n->peers[c->peers.n];

		if (j < 0 || j >= NODES)
			continue;
		c->peers.n++;
		snprintf(p->kme_id, sizeof(p->kme_id), "KME-%c", 'A' + j);
		snprintf(p->address, sizeof(p->address), "127.0.0.1:%d",
		    ports[j]);
	}
}

static void
start_relayd(struct node *n)
{
	n->r.base = base;
	n->r.conf = &n->conf;
	ck_assert_int_eq(routes_new(&n->r.routes, &n->r), 0);
	ck_assert_int_eq(relay_new(&n->r.relay, &n->r), 0);
	ck_assert_int_eq(bridge_new(&n->r.bridge, &n->r), 0);
	ck_assert_int_eq(kx_new(&n->r.kx, &n->r, &kx_ops), 0);
}

static void
stop_relayd(struct node *n)
{
	kx_free(&n->r.kx);
	bridge_free(&n->r.bridge);
	relay_free(&n->r.relay);
	routes_free(&n->r.routes);
}

static void
listen_as(struct node *n, struct ipc **ipc, enum msg_role role,
    const struct ipc_ops *ops)
{
	char	path[256];

	mkdir(n->conf.run_dir, 0700);
	snprintf(path, sizeof(path), "%s/%s-relayd", n->conf.run_dir,
	    msg_role_name(role));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	strcat(path, "/data");
	ck_assert_int_eq(ipc_listen(ipc, base, path, role, RELAYD,
	    IPC_ANY_UID, ops, n), 0);
}

static void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	usleep(300);
}

/* Until the condition holds, or 10 s. */
#define UNTIL(condition) do {						\
	uint64_t	end_ = mono_ms() + 10000;			\
									\
	while (!(condition) && mono_ms() < end_)			\
		turn();							\
	ck_assert(condition);						\
} while (0)

static void
setup(void)
{
	char	name[8], san[64];

	log_init("check_relayd", LL_ERR);
	srandom((unsigned)getpid());
	memset(nodes, 0, sizeof(nodes));
	base = event_base_new();
	testpki_open(&pki);
	for (int i = 0; i < NODES; i++)
		ports[i] = free_port();
	for (int i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		snprintf(san, sizeof(san), "URI:urn:qkdnode:km:KME-%c",
		    'A' + i);
		testpki_issue(&pki, name, name, san, 3600);
		configure(i);
		listen_as(&nodes[i], &nodes[i].kma, KMA, &kma_ops);
		listen_as(&nodes[i], &nodes[i].ksa, KSA, &ksa_ops);
		start_relayd(&nodes[i]);
	}
	UNTIL(strcmp(nodes[0].routes[2], "KME-A,KME-B,KME-C") == 0 &&
	    strcmp(nodes[2].routes[0], "KME-C,KME-B,KME-A") == 0 &&
	    nodes[0].reach[2] && nodes[2].reach[0] && nodes[1].reach[0] &&
	    nodes[1].reach[2]);
}

static void
teardown(void)
{
	char	command[128];

	for (int i = 0; i < NODES; i++) {
		stop_relayd(&nodes[i]);
		ipc_free(&nodes[i].kma);
		ipc_free(&nodes[i].ksa);
	}
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf %s", pki.dir);
	ck_assert_int_eq(system(command), 0);
	testpki_close(&pki);
}

static void
send_relay(int from, const char *route, const char *hop, size_t len)
{
	static const uint8_t	mac[16] = "0123456789abcde";
	static uint8_t		text[65536];
	struct msg		m = { .id = MSG_relay_out };

	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)(i * 7);
	strcpy(m.relay_out.hop, hop);
	strcpy(m.relay_out.route, route);
	strcpy(m.relay_out.request, RID);
	m.relay_out.pad = UINT64_MAX;
	m.relay_out.block = 12;
	m.relay_out.mac = (struct msg_view){ mac, sizeof(mac) };
	m.relay_out.text = (struct msg_view){ text, len };
	ck_assert_int_eq(ipc_send(nodes[from].kma, &m), 0);
}

static void
send_done(int from, const char *route, const char *response)
{
	static const uint8_t	mac[16] = "fedcba987654321";
	struct msg		m = { .id = MSG_done_out };

	strcpy(m.done_out.route, route);
	strcpy(m.done_out.request, RID);
	strcpy(m.done_out.response, response);
	m.done_out.mac = (struct msg_view){ mac, sizeof(mac) };
	ck_assert_int_eq(ipc_send(nodes[from].kma, &m), 0);
}

#define ABC	"KME-A,KME-B,KME-C"

START_TEST(a_relay_goes_hop_by_hop_and_its_completion_comes_back)
{
	struct msg_relay_in	*in = &nodes[1].last.relay_in;
	struct msg_done_in	*done = &nodes[0].last.done_in;

	send_relay(0, ABC, "KME-B", TEXT);
	UNTIL(nodes[1].relays == 1);
	ck_assert_str_eq(in->hop, "KME-A");
	ck_assert_str_eq(in->route, ABC);
	ck_assert_str_eq(in->request, RID);
	ck_assert(in->pad == UINT64_MAX && in->block == 12);
	ck_assert_mem_eq(nodes[1].mac, "0123456789abcde", 16);
	ck_assert_uint_eq(in->text.len, TEXT);
	for (size_t i = 0; i < TEXT; i++)
		ck_assert_uint_eq(nodes[1].text[i], (uint8_t)(i * 7));
	send_relay(1, ABC, "KME-C", TEXT);
	UNTIL(nodes[2].relays == 1);
	ck_assert_str_eq(nodes[2].last.relay_in.hop, "KME-B");
	send_done(2, ABC, "success");
	UNTIL(nodes[0].dones == 1);
	ck_assert_str_eq(done->response, "success");
	ck_assert_str_eq(done->request, RID);
	ck_assert_str_eq(done->route, ABC);
	ck_assert_mem_eq(nodes[0].mac, "fedcba987654321", 16);
	ck_assert_uint_eq(nodes[1].dones, 0);
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused_at_once)
{
	kx_admin(nodes[1].r.kx, "KME-C", false);
	send_relay(0, ABC, "KME-B", TEXT);
	UNTIL(nodes[1].relays == 1);
	send_relay(1, ABC, "KME-C", TEXT);
	UNTIL(nodes[0].dones == 1);
	ck_assert_ptr_nonnull(strstr(nodes[0].last.done_in.response,
	    "unavailable"));
	ck_assert_str_eq(nodes[0].last.done_in.route, ABC);
	UNTIL(nodes[0].routes[2][0] == '\0' && !nodes[0].reach[2]);
	ck_assert_uint_eq(nodes[1].r.counters.dropped_not_connected, 1);
	send_relay(0, ABC, "KME-B", 40864);	/* the largest block */
	UNTIL(nodes[1].relays == 2);
	ck_assert_uint_eq(nodes[1].last.relay_in.text.len, 40864);
	send_relay(0, ABC, "KME-B", 60000);
	UNTIL(nodes[0].dones == 2);
	ck_assert_ptr_nonnull(strstr(nodes[0].last.done_in.response,
	    "too_large"));
}
END_TEST

START_TEST(without_a_kma_a_relay_is_refused_at_once)
{
	ipc_free(&nodes[1].kma);
	for (uint64_t end = mono_ms() + 6000; mono_ms() < end &&
	    nodes[0].dones == 0;) {
		send_relay(0, ABC, "KME-B", 100);
		for (int i = 0; i < 200; i++)
			turn();
	}
	ck_assert_uint_gt(nodes[0].dones, 0);
	ck_assert_ptr_nonnull(strstr(nodes[0].last.done_in.response,
	    "unavailable"));
}
END_TEST

START_TEST(control_messages_reach_the_other_end_and_nobody_else)
{
	struct msg	m = { .id = MSG_control_out };
	struct msg	s = { .id = MSG_supply_out };

	strcpy(m.control_out.peer, "KME-C");
	m.control_out.body = (struct msg_view){ (const uint8_t *)"hi", 2 };
	ck_assert_int_eq(ipc_send(nodes[0].kma, &m), 0);
	UNTIL(nodes[2].controls == 1);
	ck_assert_str_eq(nodes[2].body, "hi");
	ck_assert_str_eq(nodes[2].from, "KME-A");
	strcpy(s.supply_out.peer, "KME-A");
	s.supply_out.body = (struct msg_view){ (const uint8_t *)"ho", 2 };
	ck_assert_int_eq(ipc_send(nodes[2].ksa, &s), 0);
	UNTIL(nodes[0].supplies == 1);
	ck_assert_str_eq(nodes[0].body, "ho");
	ck_assert_str_eq(nodes[0].from, "KME-C");
	ck_assert_uint_eq(nodes[1].controls + nodes[1].supplies, 0);
	ck_assert_uint_eq(nodes[1].r.counters.controls_forwarded, 2);
}
END_TEST

START_TEST(a_peer_down_by_the_operator_stays_down_until_up)
{
	ck_assert_int_lt(kx_admin(nodes[0].r.kx, "KME-C", false), 0);
	ck_assert_int_eq(kx_admin(nodes[0].r.kx, "KME-B", false), 0);
	UNTIL(nodes[1].routes[0][0] == '\0' && !nodes[0].neighbour[1]);
	for (uint64_t end = mono_ms() + 1500; mono_ms() < end;)
		turn();
	ck_assert(!nodes[0].neighbour[1] && !nodes[1].neighbour[0]);
	ck_assert_int_eq(kx_admin(nodes[0].r.kx, "KME-B", true), 0);
	UNTIL(strcmp(nodes[2].routes[0], "KME-C,KME-B,KME-A") == 0);
}
END_TEST

START_TEST(a_relayd_that_restarts_is_found_again)
{
	stop_relayd(&nodes[1]);
	UNTIL(nodes[0].routes[2][0] == '\0' && !nodes[2].reach[0]);
	start_relayd(&nodes[1]);
	UNTIL(strcmp(nodes[0].routes[2], ABC) == 0 && nodes[2].reach[0]);
}
END_TEST

START_TEST(a_kma_that_restarts_is_told_everything_again)
{
	char	path[256];

	ipc_free(&nodes[0].kma);
	memset(nodes[0].routes, 0, sizeof(nodes[0].routes));
	nodes[0].neighbour[1] = false;
	snprintf(path, sizeof(path), "%s/kma-relayd/data",
	    nodes[0].conf.run_dir);
	ck_assert_int_eq(ipc_listen(&nodes[0].kma, base, path, KMA, RELAYD,
	    IPC_ANY_UID, &kma_ops, &nodes[0]), 0);
	UNTIL(nodes[0].neighbour[1] &&
	    strcmp(nodes[0].routes[2], ABC) == 0 &&
	    strcmp(nodes[0].routes[1], "KME-A,KME-B") == 0);
}
END_TEST

START_TEST(the_operator_sees_what_is_connected)
{
	char	*args[] = { "status" }, *bad[] = { "peer", "KME-X", "down" };
	json_t	*o, *peer;

	/* The other processes have been here for a while. */
	o = command_answer(&nodes[1].r, 1, args);
	ck_assert(json_is_true(json_object_get(o, "ready")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "missing")), 0);
	peer = json_array_get(json_object_get(o, "peers"), 0);
	ck_assert(json_is_true(json_object_get(peer, "connected")));
	ck_assert_str_eq(json_string_value(json_object_get(peer,
	    "dialled_by")), "KME-A");
	json_decref(o);
	o = command_answer(&nodes[1].r, 3, bad);
	ck_assert_ptr_nonnull(json_object_get(o, "error"));
	json_decref(o);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("relayd");
	TCase	*t = tcase_create("relayd");
	SRunner	*r = srunner_create(s);
	int	 failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t,
	    a_relay_goes_hop_by_hop_and_its_completion_comes_back);
	tcase_add_test(t, what_cannot_be_sent_is_refused_at_once);
	tcase_add_test(t, without_a_kma_a_relay_is_refused_at_once);
	tcase_add_test(t, control_messages_reach_the_other_end_and_nobody_else);
	tcase_add_test(t, a_peer_down_by_the_operator_stays_down_until_up);
	tcase_add_test(t, a_relayd_that_restarts_is_found_again);
	tcase_add_test(t, a_kma_that_restarts_is_told_everything_again);
	tcase_add_test(t, the_operator_sees_what_is_connected);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
