/*
 * load.c - a load generator for ETSI GS QKD 014 and Q.4161: N connections
 * with a client certificate; every answer is checked. bench/run starts it. It
 * prints "connected", waits for a line or the end of its input, then works
 * and prints one JSON object.
 *
 *   closed loop   one request under way on each connection, all the time;
 *                 --ak --window N: N of them
 *   --rate R      open loop: R requests a second, whatever the server does;
 *                 latency counts from when a request was due
 *   --handshakes  a connection for each request, new or resumed
 *   --hold        the connections stay open, idle, to the end of its input
 *
 * One thread, epoll, so that it can be pinned to one core.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "options.h"
#include "times.h"

#define EVENTS		256
#define DRAIN_NS	15000000000ull	/* for the answers still to come */

static struct load_options opt;
static struct job	 job;
static struct conn	*conns, **idle;
static unsigned		 nidle, busy;
static struct times	 times;
static struct schedule	 schedule;
static int		 timer = -1;
static uint64_t		 deadline;
static unsigned long	 resumed;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

static void
broken(struct conn *c, const char *why)
{
	job_wrong(&job, why);
	busy -= c->busy;
	conn_close(c);
}

static void
flush(struct conn *c)
{
	if (conn_flush(c) < 0)
		broken(c, "the server closed the connection");
}

/* ---- what a connection does next ---- */

/* To be flushed. False: nothing is left to ask, or nothing more may be. */
static bool
ask(struct conn *c, uint64_t since)
{
	struct flight *f = conn_idle(c);

	if (f == NULL || !job_next(&job, &f->request))
		return false;
	f->since = since;
	f->open = true;
	c->busy++;
	busy++;
	conn_put(c, f->request.text, f->request.len);
	return true;
}

/* What can be asked at once goes out at once. */
static void
next_closed(struct conn *c)
{
	uint64_t now = times_now();

	while (now <= deadline && ask(c, now))
		;
	flush(c);
}

static bool
due(void)
{
	return schedule.due <= times_now() && schedule.due <= deadline;
}

static void
set_timer(void)
{
	struct itimerspec t = { .it_value = { schedule.due / 1000000000,
	    schedule.due % 1000000000 } };

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
next_open(void)
{
	struct conn *c;

	while (nidle > 0 && due()) {
		c = idle[nidle - 1];
		if (!ask(c, schedule.due)) {
			deadline = 0;
			return;
		}
		nidle--;
		schedule_next(&schedule);
		flush(c);
	}
	if (nidle > 0)
		set_timer();
}

static void
next_handshake(struct conn *c)
{
	int r;

	if (times_now() > deadline || !ask(c, times_now()))
		return;
	if ((r = conn_dial(c, false)) > 0)
		flush(c);
	else if (r < 0)
		broken(c, "a handshake failed");
}

static void
next(struct conn *c)
{
	if (opt.mode == CLOSED)
		next_closed(c);
	else if (opt.mode == OPEN) {
		idle[nidle++] = c;
		next_open();
	} else
		next_handshake(c);
}

/* ---- what comes in ---- */

/* False: the connection is closed. */
static bool
answered(struct conn *c, const struct answer *a)
{
	struct flight *f = conn_land(c, a);
	unsigned long good = job.good;

	if (f == NULL) {
		broken(c, "an answer to nothing");
		return false;
	}
	busy--;
	job_answer(&job, &f->request, a);
	if (job.good > good)
		times_add(&times, times_now() - f->since);
	if (opt.mode >= HANDSHAKES) {
		resumed += SSL_session_reused(c->ssl);
		conn_close(c);
		return false;
	}
	if (a->last)
		broken(c, "the server ended keep-alive");
	return !a->last;
}

static void
on_answers(struct conn *c)
{
	const char *why = NULL;
	struct answer a;
	unsigned n = 0;
	int r;

	do {
		while ((r = conn_next(c, &a, &why)) > 0) {
			n++;
			if (!answered(c, &a)) {
				if (opt.mode >= HANDSHAKES)
					next(c);
				return;
			}
		}
		if (r == 0)
			r = conn_receive(c, &why);
	} while (r > 0);
	if (r < 0)
		broken(c, why);
	else if (n > 0)
		next(c);
}

static void
on_event(struct conn *c)
{
	int r;

	if (c->ssl == NULL)
		return;
	if (!c->open && (r = conn_handshake(c)) <= 0) {
		if (r < 0)
			broken(c, "a handshake failed");
		return;
	}
	flush(c);
	if (c->ssl != NULL)
		on_answers(c);
}

static void
on_timer(void)
{
	uint64_t n;

	if (read(timer, &n, sizeof(n)) < 0)
		return;
	next_open();
}

/* ---- a run ---- */

static bool
unfinished(void)
{
	return busy > 0 || (opt.mode == OPEN && times_now() <= deadline);
}

static double
run(void)
{
	struct epoll_event ev[EVENTS];
	uint64_t start = times_now(), hard;
	int n;

	deadline = start + (uint64_t)(opt.seconds * 1e9);
	hard = deadline + DRAIN_NS;
	if (opt.mode == OPEN)
		schedule_start(&schedule, start, opt.rate);
	for (unsigned i = 0; i < opt.connections; i++)
		next(&conns[i]);
	while (unfinished() && times_now() < hard) {
		n = epoll_wait(opt.conn.epoll, ev, EVENTS, 100);
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				on_timer();
			else
				on_event(ev[i].data.ptr);
	}
	if (busy > 0)
		job_wrong(&job, "no answer within 15 s");
	return (times_now() - start) / 1e9;
}

static void
report(double s, double cpu)
{
	times_sort(&times);
	printf("{\"requests\": %lu, \"keys\": %lu, \"seconds\": %.4f, "
	    "\"requests_s\": %.1f, \"keys_s\": %.1f, \"p50_us\": %.1f, "
	    "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
	    "\"octets\": %lu, \"unavailable\": %lu, \"wrong\": %lu, "
	    "\"resumed\": %lu, \"load_cpu\": %.3f}\n", job.good, job.keys, s,
	    job.good / s, job.keys / s, times_us(&times, 0.5),
	    times_us(&times, 0.99), times_us(&times, 0.999),
	    times_us(&times, 1), job.octets, job.short_of_keys, job.wrong,
	    resumed, cpu / s);
	fflush(stdout);
	if (job.wrong > 0)
		fprintf(stderr, "load: %lu wrong answers, the first: %s\n",
		    job.wrong, job.fault);
}

static void
hold(void)
{
	unsigned alive = 0;

	getchar();
	for (unsigned i = 0; i < opt.connections; i++)
		alive += conn_alive(&conns[i]);
	printf("{\"alive\": %u}\n", alive);
}

/* Sessions to resume come from connections that are not measured. */
static void
warm_up(void)
{
	unsigned long count = job.count;

	job.count = opt.connections;
	run();
	if (job.wrong > 0)
		die(job.fault);
	job.count = count;
	job.begun = job.good = job.keys = resumed = times.n = 0;
}

static void
prepare(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	opt.conn.epoll = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	conns = calloc(opt.connections, sizeof(*conns));
	idle = calloc(opt.connections, sizeof(*idle));
	if (opt.conn.epoll < 0 || timer < 0 || conns == NULL || idle == NULL ||
	    times_new(&times, job.count) < 0 ||
	    epoll_ctl(opt.conn.epoll, EPOLL_CTL_ADD, timer, &ev) < 0)
		die("out of memory");
	conn_setup(&opt.conn);
	for (unsigned i = 0; i < opt.connections; i++)
		conn_init(&conns[i], &opt.conn);
	if (opt.mode == RESUMED)
		warm_up();
	if (opt.mode >= HANDSHAKES)
		return;
	for (unsigned i = 0; i < opt.connections; i++)
		if (conn_dial(&conns[i], true) < 0)
			die("TLS handshake");
}

static void
raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
main(int argc, char **argv)
{
	uint64_t cpu;
	double s;

	options_read(argc, argv, &opt, &job);
	signal(SIGPIPE, SIG_IGN);
	raise_files();
	if (job_open(&job) < 0)
		return 1;
	prepare();
	puts("connected");
	fflush(stdout);
	getchar();		/* whoever started us may look at clocks */
	cpu = times_cpu();
	s = run();
	report(s, (times_cpu() - cpu) / 1e9);
	if (opt.hold)
		hold();
	return job_close(&job) < 0 || job.wrong > 0;
}
