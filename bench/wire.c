/*
 * wire.c - a wire between two network namespaces, with delay, loss and rate:
 * what a kernel without netem has not. A TUN interface in each namespace; what
 * is sent into one comes out of the other so much later, in order. bench/run
 * and tests/system/wires.py start it.
 *
 *   wire NAMESPACE INTERFACE NAMESPACE INTERFACE
 *
 * Standard input: lines of NAME VALUE ..., for each way, answered with "ok":
 * delay and jitter (up to so much more) in ms, loss in percent, rate in kbit/s
 * (0: any), queue in packets. It ends with its input.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/timerfd.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "times.h"

#define PACKET_MAX	1500	/* the MTU that a TUN interface has */
#define PACKETS_MAX	4096	/* under way in one direction: then loss */
#define TURN		64	/* packets of one side before the other's */

struct packet {
	uint64_t	due;		/* ns */
	ssize_t		len;
	char		octets[PACKET_MAX];
};

struct way {
	int		 from, to;
	unsigned	 first, n;
	uint64_t	 last;		/* due of the last one */
	uint64_t	 idle;		/* when its octets are all sent */
	struct packet	*ring;
};

static struct way	 ways[2];
static int		 timer;

enum { DELAY, JITTER, LOSS, RATE, QUEUE, SETTINGS };

static struct {
	const char	*name;
	double		 value, most;
} settings[SETTINGS] = {
	{ "delay", 0, 1e6 }, { "jitter", 0, 1e6 }, { "loss", 0, 100 },
	{ "rate", 0, 1e9 }, { "queue", PACKETS_MAX, PACKETS_MAX },
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
open_in(const char *ns, const char *name, int home)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int to = open(ns, O_RDONLY | O_CLOEXEC), fd;

	if (to < 0 || setns(to, CLONE_NEWNET) < 0)
		die(ns);
	close(to);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		die(name);
	if (setns(home, CLONE_NEWNET) < 0)
		die("setns");
	return fd;
}

static void
open_both(char **argv)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int a = open_in(argv[0], argv[1], home);
	int b = open_in(argv[2], argv[3], home);

	close(home);
	ways[0] = (struct way){ .from = a, .to = b };
	ways[1] = (struct way){ .from = b, .to = a };
	for (int i = 0; i < 2; i++)
		if ((ways[i].ring = calloc(PACKETS_MAX,
		    sizeof(*ways[i].ring))) == NULL)
			die("memory");
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer < 0)
		die("timerfd");
}

static bool
lost(const struct way *w)
{
	return w->n >= (unsigned)settings[QUEUE].value ||
	    drand48() * 100 < settings[LOSS].value;
}

/* Jitter overtakes nobody. */
static uint64_t
due(struct way *w, ssize_t len)
{
	uint64_t now = times_now(), t;

	if (w->idle < now)
		w->idle = now;
	if (settings[RATE].value > 0)
		w->idle += (uint64_t)((double)len * 8e6 /
		    settings[RATE].value);
	t = w->idle + (uint64_t)((settings[DELAY].value +
	    drand48() * settings[JITTER].value) * 1e6);
	if (t > w->last)
		w->last = t;
	return w->last;
}

static void
take(struct way *w)
{
	struct packet *p;
	ssize_t len;

	for (int i = 0; i < TURN && w->n < PACKETS_MAX; i++) {
		p = &w->ring[(w->first + w->n) % PACKETS_MAX];
		if ((len = read(w->from, p->octets, PACKET_MAX)) <= 0)
			return;
		if (lost(w))
			continue;
		p->len = len;
		p->due = due(w, len);
		w->n++;
	}
}

/* When the next one is due; 0: there is none. */
static uint64_t
give(struct way *w)
{
	struct packet *p;

	for (; w->n > 0; w->first = (w->first + 1) % PACKETS_MAX, w->n--) {
		p = &w->ring[w->first];
		if (p->due > times_now())
			return p->due;
		/* An interface that is down, or full: lost. */
		if (write(w->to, p->octets, p->len) < 0 && errno == EBADFD)
			die("write");
	}
	return 0;
}

static void
set_timer(uint64_t due)
{
	struct itimerspec t = { .it_value = { due / 1000000000,
	    due % 1000000000 } };

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static bool
set(const char *name, const char *value)
{
	char *end;
	double v;

	if (name == NULL || value == NULL)
		return false;
	v = strtod(value, &end);
	for (int i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, name) == 0 && *end == '\0' &&
		    v >= 0 && v <= settings[i].most) {
			settings[i].value = v;
			return true;
		}
	return false;
}

static void
command(void)
{
	char line[256], *rest = line, *name;
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		exit(0);
	line[n] = '\0';
	while ((name = strtok_r(rest, " \n", &rest)) != NULL)
		if (!set(name, strtok_r(rest, " \n", &rest))) {
			fprintf(stderr, "wire: delay, jitter, loss, rate or "
			    "queue, and a value, expected\n");
			exit(2);
		}
	puts("ok");
	fflush(stdout);
}

static void
carry(struct pollfd p[4])
{
	uint64_t next[2], n;

	for (int i = 0; i < 2; i++) {
		next[i] = give(&ways[i]);
		p[i].events = ways[i].n < PACKETS_MAX ? POLLIN : 0;
	}
	set_timer(next[0] == 0 || (next[1] != 0 && next[1] < next[0]) ?
	    next[1] : next[0]);
	if (poll(p, 4, -1) < 0)
		die("poll");
	if (p[2].revents != 0 && read(timer, &n, sizeof(n)) < 0 &&
	    errno != EAGAIN)
		die("timer");
	if (p[3].revents != 0)
		command();
	for (int i = 0; i < 2; i++)
		if (p[i].revents != 0)
			take(&ways[i]);
}

int
main(int argc, char **argv)
{
	struct pollfd p[4];

	if (argc != 5) {
		fprintf(stderr, "usage: wire NAMESPACE INTERFACE "
		    "NAMESPACE INTERFACE\n");
		return 2;
	}
	open_both(argv + 1);
	p[0] = (struct pollfd){ ways[0].from, POLLIN, 0 };
	p[1] = (struct pollfd){ ways[1].from, POLLIN, 0 };
	p[2] = (struct pollfd){ timer, POLLIN, 0 };
	p[3] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
	puts("ok");
	fflush(stdout);
	for (;;)
		carry(p);
}
