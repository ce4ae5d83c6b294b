/*
 * pair.c - two applications at their nodes, and how long a key takes to both.
 * bench/run starts it; it prints one JSON object.
 *
 * In a session of Q.4161: from 0x2108 of the source to its 0x1209, which
 * comes after the destination has got 0x120A and confirmed it, at once, with
 * 0x210B. With --request: from 0x2101 of the source to the 0x1203 of the
 * destination, which asks with 0x2102 as soon as the source has its key.
 */
#include "config.h"

#include <sys/epoll.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn.h"
#include "request.h"
#include "times.h"

#define ROOM		65536
#define WAIT_MS		20000
#define KEY_BITS	256

static struct conn_setup ends[2];	/* the source's, the destination's */
static struct conn	 source, destination;
static const char	*names[2];
static unsigned long	 count = 100;
static unsigned		 pause_ms;
static bool		 by_request;

static char		 session[40];
static struct times	 whole, out, back;
static struct answer_key at_source, at_destination;
static uint64_t		 arrived;	/* ns: 0x120A at the destination */

static void
die(const char *what, const struct answer *a)
{
	fprintf(stderr, "pair: %s%s%.*s\n", what, a != NULL ? ": " : "",
	    a != NULL ? (int)(a->body < 200 ? a->body : 200) : 0,
	    a != NULL ? a->text + a->head : "");
	exit(1);
}

static void
say(struct conn *c, uint32_t id, unsigned command, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
say(struct conn *c, uint32_t id, unsigned command, const char *fmt, ...)
{
	char frame[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(frame + ANSWER_FRAME, sizeof(frame) - ANSWER_FRAME, fmt,
	    ap);
	va_end(ap);
	conn_put(c, frame, request_frame(frame, id, command, (size_t)n));
	if (conn_flush(c) < 0)
		die("the connection has ended", NULL);
}

static void
read_key(struct answer_key *k, const struct answer *a)
{
	if (answer_keys(a->text + a->head, a->body, k, 1, KEY_BITS / 8) != 1)
		die("not one key of 256 bits", a);
}

static void
read_session(const struct answer *a)
{
	size_t n;
	const char *s = answer_member(a->text + a->head, a->body,
	    "session_ID", &n);

	if (s == NULL || n != 36)
		die("no session_ID", a);
	memcpy(session, s, n);
}

/* What the KM begins. */
static void
on_begun(const struct answer *a)
{
	char id[37] = "";

	if (a->command == REQUEST_NOTIFY) {
		read_session(a);
		say(&destination, a->id, REQUEST_NOTIFIED,
		    "{\"session_ID\":\"%s\",\"response\":\"success\"}",
		    session);
	} else if (a->command == REQUEST_SUPPLY) {
		arrived = times_now();
		read_key(&at_destination, a);
		request_uuid(id, at_destination.id);
		say(&destination, a->id, REQUEST_SUPPLIED,
		    "{\"session_ID\":\"%s\",\"key_ID\":\"%s\","
		    "\"response\":\"success\"}", session, id);
	} else
		die("an unexpected frame", a);
}

/* True: *a is what was awaited. */
static bool
take(struct conn *c, unsigned command, struct answer *a)
{
	const char *why = NULL;
	int r;

	do {
		while ((r = conn_next(c, a, &why)) > 0) {
			if (a->command == command && a->status == 200)
				return true;
			if (c == &source || a->command == REQUEST_ANSWER)
				die("not what was asked for", a);
			on_begun(a);
		}
		if (r == 0)
			r = conn_receive(c, &why);
	} while (r > 0);
	if (r < 0)
		die(why, NULL);
	return false;
}

static void
await(struct conn *c, unsigned command, struct answer *a)
{
	struct conn *other = c == &source ? &destination : &source;
	struct epoll_event ev;

	while (!take(other, 0, a) && !take(c, command, a))
		if (epoll_wait(c->setup->epoll, &ev, 1, WAIT_MS) != 1)
			die("no answer", NULL);
}

static void
open_session(void)
{
	struct answer a;

	say(&source, 0, REQUEST_OPEN, "{\"application_source_ID\":\"%s\","
	    "\"application_destination_ID\":\"%s\"}", names[0], names[1]);
	await(&source, REQUEST_OPENED, &a);
	read_session(&a);
}

static void
proactive(uint32_t id)
{
	struct answer a;

	arrived = 0;
	say(&source, id, REQUEST_DRAW, "{\"session_ID\":\"%s\","
	    "\"number_of_keys\":1,\"size_of_key\":%d}", session, KEY_BITS);
	await(&source, REQUEST_DRAWN, &a);
	read_key(&at_source, &a);
	if (arrived == 0)
		die("the source has a key that the destination has not", &a);
}

static void
on_request(uint32_t id)
{
	struct answer a;
	char text[37] = "";

	say(&source, id, REQUEST_KEYS, "{\"application_destination_ID\":"
	    "\"%s\",\"number_of_keys\":1,\"size_of_key\":%d}", names[1],
	    KEY_BITS);
	await(&source, REQUEST_ANSWER, &a);
	arrived = times_now();
	read_key(&at_source, &a);
	request_uuid(text, at_source.id);
	say(&destination, id, REQUEST_WITH_ID, "{\"application_source_ID\":"
	    "\"%s\",\"key_IDs\":[{\"key_ID\":\"%s\"}]}", names[0], text);
	await(&destination, REQUEST_ANSWER, &a);
	read_key(&at_destination, &a);
}

/* What a key leaves behind to be done is not to delay the next one. */
static void
rest(unsigned long i)
{
	unsigned long ms = pause_ms / 2 + (i * 7919) % (pause_ms + 1);

	nanosleep(&(struct timespec){ .tv_sec = (time_t)(ms / 1000),
	    .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

static void
run(void)
{
	uint64_t begin, end;

	for (unsigned long i = 1; i <= count; i++) {
		rest(i);
		begin = times_now();
		if (by_request)
			on_request((uint32_t)i);
		else
			proactive((uint32_t)i);
		end = times_now();
		if (memcmp(at_source.id, at_destination.id, 16) != 0 ||
		    at_source.digest != at_destination.digest)
			die("the two have different keys", NULL);
		times_add(&whole, end - begin);
		times_add(&out, arrived - begin);
		times_add(&back, end - arrived);
	}
}

static void
print(const char *name, struct times *t, const char *more)
{
	times_sort(t);
	printf("\"%s\": {\"p50_us\": %.1f, \"p95_us\": %.1f, \"max_us\": %.1f}"
	    "%s", name, times_us(t, 0.5), times_us(t, 0.95), times_us(t, 1),
	    more);
}

static void
connect_both(void)
{
	struct conn *c[] = { &source, &destination };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 1; i >= 0; i--) {
		ends[i].epoll = epoll;
		ends[i].version = TLS1_3_VERSION;
		ends[i].ak = true;
		ends[i].window = 1;
		ends[i].room = ROOM;
		conn_setup(&ends[i]);
		conn_init(c[i], &ends[i]);
		if (conn_dial(c[i], true) < 0)
			die("TLS handshake", NULL);
	}
}

static void
options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "connect", 1, NULL, 'C' }, { "sae", 1, NULL, 's' },
		{ "cert", 1, NULL, 'c' }, { "key", 1, NULL, 'k' },
		{ "ca", 1, NULL, 'a' }, { "count", 1, NULL, 'n' },
		{ "pause", 1, NULL, 'p' }, { "request", 0, NULL, 'r' },
		{ "destination", 0, NULL, 'd' }, { NULL, 0, NULL, 0 }
	};
	int c, end = 0;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (c) {
		case 'C': ends[end].address = optarg; break;
		case 's': names[end] = optarg; break;
		case 'c': ends[end].cert = optarg; break;
		case 'k': ends[end].key = optarg; break;
		case 'a': ends[end].ca = optarg; break;
		case 'n': count = strtoul(optarg, NULL, 10); break;
		case 'p': pause_ms = (unsigned)atoi(optarg); break;
		case 'r': by_request = true; break;
		case 'd': end = 1; break;
		default: exit(2);
		}
	for (int i = 0; i < 2; i++)
		if (ends[i].address == NULL || names[i] == NULL ||
		    ends[i].cert == NULL || ends[i].key == NULL ||
		    ends[i].ca == NULL || count < 1)
			die("usage: pair [--count KEYS] [--pause MS] "
			    "[--request] --connect HOST:PORT --sae ID --cert F "
			    "--key F --ca F --destination --connect HOST:PORT "
			    "--sae ID --cert F --key F --ca F", NULL);
}

int
main(int argc, char **argv)
{
	options(argc, argv);
	if (times_new(&whole, count) < 0 || times_new(&out, count) < 0 ||
	    times_new(&back, count) < 0)
		die("out of memory", NULL);
	connect_both();
	if (!by_request)
		open_session();
	run();
	printf("{\"keys\": %lu, ", count);
	print("whole", &whole, ", ");
	print("out", &out, ", ");
	print("back", &back, "}\n");
	return 0;
}
