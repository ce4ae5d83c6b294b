/* check_relayplain.c - a plain peer of the relayd in the middle. */
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "relayd/kx.h"
#include "relayd/kxplain.h"
#include "relayd/plain.h"
#include "relayrow.h"
#include "unit.h"

#define ID	"8a6e0804-2bd0-4672-b79d-d97027f9071a"
#define GIVE	"{\"source_KMA_ID\":\"KME-E\",\"destination_KMA_ID\":" \
	"\"KME-B\",\"key_relay_request_ID\":\"mine\",\"keys\":[{\"key_ID\":" \
	"\"" ID "\",\"key\":\"AAECAw==\"}]}"

static size_t		before;
static const uint8_t	ids[48] = { 1, [16] = 2, [32] = 3 };

static struct heard {
	unsigned	came, sent, taken;
	uint64_t	relay;
	km_id		peer;
	char		response[MSG_TEXT_MAX + 1];
	int		err;
	uint8_t		key[4];
	unsigned	loads;
} h;

/* What kma does: keys that are to go are given once. */
static void
kma(struct ipc *ipc, struct msg *m)
{
	struct msg	out = { .id = MSG_plain_loaded };
	struct secret	*keys;

	if (m->id == MSG_plain_came) {
		h.came++;
		h.relay = m->plain_came.relay;
		strcpy(h.peer, m->plain_came.peer);
	} else if (m->id == MSG_plain_sent) {
		h.sent++;
		strcpy(h.response, m->plain_sent.response);
	} else if (m->id == MSG_plain_load) {
		h.loads++;
		ck_assert_ptr_nonnull(keys = secret_new(24576));
		memset(keys->bytes, 0xee, keys->len);
		strcpy(out.plain_loaded.source, "SAE-B1");
		strcpy(out.plain_loaded.destination, "SAE-E1");
		out.plain_loaded.ids = (struct msg_view){ ids, 48 };
		out.plain_loaded.octets = 8192;
		out.plain_loaded.keys = keys;
		ck_assert_int_eq(ipc_reply(ipc, m->corr, 0, &out), 0);
		secret_free(&keys);
	}
}

static void
setup(void)
{
	ck_assert_int_eq(secret_init(1 << 20), 0);
	memset(&h, 0, sizeof(h));
	row_plain = true;
	row_plain_kma = kma;
	row_setup_raws();
	before = secret_used();		/* OpenSSL has some for itself */
}

static void
on_taken(void *arg, int err, struct msg *m)
{
	(void)arg;
	h.taken++;
	h.err = err;
	if (err < 0)
		return;
	ck_assert_uint_eq(m->plain_taken.ids.len, 16);
	ck_assert_uint_eq(m->plain_taken.keys->len, sizeof(h.key));
	memcpy(h.key, m->plain_taken.keys->bytes, sizeof(h.key));
}

static void
take(const char *peer, uint64_t relay)
{
	struct msg	m = { .id = MSG_plain_take };
	unsigned	taken = h.taken;

	strcpy(m.plain_take.peer, peer);
	m.plain_take.relay = relay;
	ck_assert_int_eq(ipc_request(nodes[1].kma, &m, 5000, on_taken,
	    NULL), 0);
	UNTIL(h.taken > taken);
}

static void
say(enum msg_id id, const char *peer, uint64_t relay, const char *response)
{
	struct msg	m = { .id = id };

	if (id == MSG_plain_answer) {
		strcpy(m.plain_answer.peer, peer);
		m.plain_answer.relay = relay;
		strcpy(m.plain_answer.response, response);
	} else {
		strcpy(m.plain_send.peer, peer);
		m.plain_send.relay = relay;
	}
	ck_assert_int_eq(ipc_send(nodes[1].kma, &m), 0);
}

START_TEST(keys_that_come_are_given_once_and_answered_as_kma_says)
{
	setup();
	row_send(1, 4711, KX_RELAY, GIVE);
	UNTIL(h.came == 1);
	ck_assert_str_eq(h.peer, "KME-E");
	take("KME-D", h.relay);		/* another's */
	ck_assert_int_eq(h.err, -E_NOT_FOUND);
	take("KME-E", h.relay);
	ck_assert_int_eq(h.err, 0);
	ck_assert_mem_eq(h.key, "\0\1\2\3", 4);
	ck_assert_uint_le(secret_used(), before);
	take("KME-E", h.relay);
	ck_assert_int_eq(h.err, -E_NOT_FOUND);
	say(MSG_plain_answer, "KME-E", h.relay + 1, "success");
	say(MSG_plain_answer, "KME-E", h.relay, "rejected: x");
	UNTIL(raws[1].frames == 1);
	ck_assert_uint_eq(raws[1].id, 4711);
	ck_assert_uint_eq(raws[1].command, KX_DONE);
	ck_assert_ptr_nonnull(strstr(raws[1].payload,
	    "{\"response\":\"rejected: x\",\"key_relay_request_ID\":"
	    "\"mine\""));
	row_teardown();
}
END_TEST

START_TEST(keys_of_a_peer_that_left_are_wiped)
{
	setup();
	row_send(1, 1, KX_RELAY, GIVE);
	UNTIL(h.came == 1);
	ck_assert_uint_gt(secret_used(), before);
	kxlink_close(raws[1].link, "");
	UNTIL(secret_used() <= before);
	take("KME-E", h.relay);
	ck_assert_int_eq(h.err, -E_NOT_FOUND);
	row_teardown();
}
END_TEST

START_TEST(a_plain_peer_is_no_node_of_the_network)
{
	struct msg	m = { .id = MSG_relay_out };

	setup();
	ck_assert(!nodes[1].neighbour[4]);
	ck_assert_str_eq(row_route(0, 4), "");
	ck_assert_ptr_null(kx_find(nodes[1].r.kx, "KME-E"));
	strcpy(m.relay_out.hop, "KME-E");
	strcpy(m.relay_out.route, "KME-B,KME-E");
	strcpy(m.relay_out.request, ID);
	m.relay_out.mac = (struct msg_view){ ids, 16 };
	m.relay_out.text = (struct msg_view){ ids, 48 };
	ck_assert_int_eq(ipc_send(nodes[1].kma, &m), 0);
	UNTIL(nodes[1].dones == 1);
	ck_assert_str_eq(nodes[1].last.done_in.response,
	    "unavailable: next hop is not connected");
	ck_assert_uint_eq(raws[1].frames, 0);
	/* And keys in clear of one that is a node are not taken. */
	row_send(0, 1, KX_RELAY, "{\"source_KMA_ID\":\"KME-D\","
	    "\"destination_KMA_ID\":\"KME-B\",\"keys\":[{\"key_ID\":\"" ID
	    "\",\"key\":\"AAECAw==\"}]}");
	UNTIL(raws[0].frames == 1);
	ck_assert_ptr_nonnull(strstr(raws[0].payload, "rejected"));
	ck_assert_uint_eq(h.came, 0);
	row_teardown();
}
END_TEST

/* The requests' IDs of the messages in the order of their coming. */
static void
done_of(unsigned id, const char *response)
{
	char	text[200];

	snprintf(text, sizeof(text), "{\"response\":\"%s\"}", response);
	row_send(1, id, KX_DONE, text);
}

START_TEST(keys_that_go_are_complete_when_all_messages_are)
{
	unsigned	frames;

	setup();
	/* 3 keys of 8192 octets fit; kma is asked once. */
	say(MSG_plain_send, "KME-E", 77, NULL);
	UNTIL(raws[1].frames == 1);
	ck_assert_uint_eq(h.loads, 1);
	ck_assert_uint_eq(raws[1].command, KX_RELAY);
	ck_assert_ptr_nonnull(strstr(raws[1].payload, "\"extension\":["
	    "{\"application_source_ID\":\"SAE-B1\","
	    "\"application_destination_ID\":\"SAE-E1\"}]"));
	ck_assert_uint_eq(h.sent, 0);
	done_of(raws[1].id + 1000, "success");	/* nobody's */
	done_of(raws[1].id, "success");
	UNTIL(h.sent == 1);
	ck_assert_str_eq(h.response, "success");
	done_of(raws[1].id, "rejected");	/* again: too late */
	frames = raws[1].frames;
	say(MSG_plain_send, "KME-E", 78, NULL);
	UNTIL(raws[1].frames > frames);
	ck_assert_uint_eq(h.sent, 1);
	kxlink_close(raws[1].link, "");
	UNTIL(h.sent == 2);
	ck_assert_str_eq(h.response,
	    "unavailable: the connection was lost");
	say(MSG_plain_send, "KME-E", 79, NULL);
	UNTIL(h.sent == 3);
	ck_assert_str_eq(h.response, "unavailable: not connected");
	row_teardown();
}
END_TEST

START_TEST(kma_cannot_have_keys_in_clear_sent_to_a_node)
{
	setup();
	say(MSG_plain_send, "KME-D", 1, NULL);
	UNTIL(h.sent == 1);
	ck_assert_str_eq(h.response,
	    "unavailable: not a plain peer in relayd.conf");
	ck_assert_uint_eq(h.loads, 0);
	ck_assert_uint_eq(raws[0].frames, 0);
	row_teardown();
}
END_TEST

UNIT_MAIN("relayplain",
    keys_that_come_are_given_once_and_answered_as_kma_says,
    keys_of_a_peer_that_left_are_wiped,
    a_plain_peer_is_no_node_of_the_network,
    keys_that_go_are_complete_when_all_messages_are,
    kma_cannot_have_keys_in_clear_sent_to_a_node)
