/*
 * wire.c - a wire between two network namespaces, with a delay: what a kernel
 * without netem has not. A TUN interface in each namespace; what is sent into
 * one comes out of the other so much later, in order. bench/run starts it.
 *
 *   wire NAMESPACE INTERFACE NAMESPACE INTERFACE
 *
 * Standard input: "delay MS", one way, answered with "ok". It ends with its
 * input.
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
	struct packet	*ring;
};

static struct way	 ways[2];
static uint64_t		 delay;		/* ns */
static int		 timer;

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

static void
take(struct way *w)
{
	struct packet *p;
	ssize_t len;

	for (int i = 0; i < TURN && w->n < PACKETS_MAX; i++) {
		p = &w->ring[(w->first + w->n) % PACKETS_MAX];
		if ((len = read(w->from, p->octets, PACKET_MAX)) <= 0)
			return;
		p->len = len;
		p->due = times_now() + delay;
		if (p->due < w->last)
			p->due = w->last;
		w->last = p->due;
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

static void
command(void)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);
	double ms;

	if (n <= 0)
		exit(0);
	line[n] = '\0';
	if (sscanf(line, "delay %lf", &ms) != 1 || ms < 0) {
		fprintf(stderr, "wire: \"delay MS\" expected\n");
		exit(2);
	}
	delay = (uint64_t)(ms * 1e6);
	puts("ok");
	fflush(stdout);
}

static void
carry(struct pollfd p[4])
{
	uint64_t due[2], n;

	for (int i = 0; i < 2; i++) {
		due[i] = give(&ways[i]);
		p[i].events = ways[i].n < PACKETS_MAX ? POLLIN : 0;
	}
	set_timer(due[0] == 0 || (due[1] != 0 && due[1] < due[0]) ? due[1] :
	    due[0]);
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
