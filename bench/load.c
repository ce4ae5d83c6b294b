/*
 * load.c - a load generator for ETSI GS QKD 014: N connections with a client
 * certificate, keep-alive, one request under way on each; every answer is
 * checked. Prints "connected", waits for a line or the end of its input, then
 * works and prints one JSON object. bench/run starts it.
 *
 * One thread, epoll, so that it can be pinned to one core.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "answer.h"
#include "job.h"

#define CONNECTIONS_MAX	256
#define BUFFER		(256 * 1024)

struct client {
	SSL			*ssl;
	int			 fd;
	bool			 busy;
	uint64_t		 since;	/* ns */
	size_t			 len;
	char			*buf;
	struct job_request	 request;
};

static struct {
	const char	*address, *cert, *key, *ca;
	unsigned	 connections;
	double		 seconds;
} opt = { NULL, NULL, NULL, NULL, 1, 10 };

static struct job	 job = { .number = 1, .size = 256, .count = 1000 };
static struct client	*clients;
static uint32_t		*took;		/* per good answer, ns / 10 */
static uint64_t		 deadline;
static unsigned		 busy;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static SSL_CTX *
tls_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, opt.cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, opt.key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, opt.ca, NULL) != 1)
		die("certificate, key or CA");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
	return ctx;
}

static int
dial(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	char host[64];
	const char *colon = strrchr(opt.address, ':');
	int fd, one = 1;

	if (colon == NULL || colon - opt.address >= (long)sizeof(host))
		die("--connect wants HOST:PORT");
	memcpy(host, opt.address, colon - opt.address);
	host[colon - opt.address] = '\0';
	sin.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		die("--connect wants an IPv4 address");
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
		perror(opt.address);
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* The handshake is not part of what is measured. */
static void
client_open(struct client *c, SSL_CTX *ctx, int ep)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->fd = dial();
	c->buf = malloc(BUFFER);
	c->ssl = SSL_new(ctx);
	if (c->buf == NULL || c->ssl == NULL)
		die("out of memory");
	if (SSL_set_fd(c->ssl, c->fd) != 1 || SSL_connect(c->ssl) != 1)
		die("TLS handshake");
	fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

static void
client_close(struct client *c, const char *why)
{
	job_wrong(&job, why);
	if (c->busy)
		busy--;
	c->busy = false;
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
}

static int
write_all(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };
	int r;

	while ((r = SSL_write(c->ssl, c->request.text, c->request.len)) <= 0)
		if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_WRITE ||
		    poll(&p, 1, 5000) != 1)
			return -1;
	return 0;
}

static void
client_ask(struct client *c)
{
	uint64_t now = now_ns();

	if (now > deadline || !job_next(&job, &c->request))
		return;
	c->since = now;
	c->len = 0;
	c->busy = true;
	busy++;
	if (write_all(c) < 0)
		client_close(c, "the server closed the connection");
}

static void
client_answered(struct client *c, const struct answer *a)
{
	unsigned long good = job.good;
	uint64_t t = now_ns() - c->since;

	job_answer(&job, &c->request, a, c->buf);
	if (job.good > good)
		took[good] = t / 10 < UINT32_MAX ? t / 10 : UINT32_MAX;
	c->busy = false;
	busy--;
	if (a->last)
		client_close(c, "the server ended keep-alive");
	else
		client_ask(c);
}

static void
client_read(struct client *c)
{
	struct answer a;
	int n;

	do {
		n = SSL_read(c->ssl, c->buf + c->len, BUFFER - c->len);
		if (n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ)
			return;
		if (n <= 0 || !c->busy) {
			client_close(c, n <= 0 ?
			    "the server closed the connection" :
			    "an answer to nothing");
			return;
		}
		c->len += n;
		n = answer_parse(&a, c->buf, c->len);
		if (n < 0 || (n == 0 && c->len == BUFFER)) {
			client_close(c, "not an HTTP answer");
			return;
		}
		if (n > 0)
			client_answered(c, &a);
	} while (c->ssl != NULL && SSL_pending(c->ssl) > 0);
}

static double
run(int ep)
{
	struct epoll_event ev[CONNECTIONS_MAX];
	uint64_t start = now_ns(), hard;
	int n;

	deadline = start + (uint64_t)(opt.seconds * 1e9);
	hard = deadline + 15000000000ull;
	for (unsigned i = 0; i < opt.connections; i++)
		client_ask(&clients[i]);
	while (busy > 0 && now_ns() < hard) {
		n = epoll_wait(ep, ev, CONNECTIONS_MAX, 1000);
		for (int i = 0; i < n; i++)
			client_read(ev[i].data.ptr);
	}
	if (busy > 0)
		job_wrong(&job, "no answer within 15 s");
	return (now_ns() - start) / 1e9;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
quantile_us(double q)
{
	return job.good == 0 ? 0 : took[(size_t)(q * (job.good - 1))] / 100.0;
}

static void
report(double s)
{
	qsort(took, job.good, sizeof(*took), by_value);
	printf("{\"requests\": %lu, \"keys\": %lu, \"seconds\": %.4f, "
	    "\"requests_s\": %.1f, \"keys_s\": %.1f, \"p50_us\": %.1f, "
	    "\"p99_us\": %.1f, \"max_us\": %.1f, \"octets\": %lu, "
	    "\"unavailable\": %lu, \"wrong\": %lu}\n", job.good, job.keys, s,
	    job.good / s, job.keys / s, quantile_us(0.5), quantile_us(0.99),
	    quantile_us(1), job.octets, job.short_of_keys, job.wrong);
	if (job.wrong > 0)
		fprintf(stderr, "load: %lu wrong answers, the first: %s\n",
		    job.wrong, job.fault);
}

static const struct option options[] = {
	{ "connect", 1, NULL, 'C' }, { "cert", 1, NULL, 'c' },
	{ "key", 1, NULL, 'k' }, { "ca", 1, NULL, 'a' },
	{ "connections", 1, NULL, 'n' }, { "seconds", 1, NULL, 's' },
	{ "count", 1, NULL, 'r' }, { "number", 1, NULL, 'N' },
	{ "size", 1, NULL, 'S' }, { "sae", 1, NULL, 'p' },
	{ "ids", 1, NULL, 'i' }, { "dec", 0, NULL, 'd' },
	{ "fixed", 0, NULL, 'f' }, { "help", 0, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void
usage(void)
{
	puts("load --connect HOST:PORT --cert F --key F --ca F --sae OTHER\n"
	    "  [--dec] [--ids FILE] [--number KEYS] [--size BITS]\n"
	    "  [--connections N] [--count REQUESTS] [--seconds S] [--fixed]\n"
	    "Draws keys (writes their IDs to FILE) or, with --dec, fetches "
	    "those in FILE.\n--fixed: the server answers everything alike.");
	exit(0);
}

static void
arguments(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'C': opt.address = job.host = optarg; break;
		case 'c': opt.cert = optarg; break;
		case 'k': opt.key = optarg; break;
		case 'a': opt.ca = optarg; break;
		case 'n': opt.connections = atoi(optarg); break;
		case 's': opt.seconds = atof(optarg); break;
		case 'r': job.count = strtoul(optarg, NULL, 10); break;
		case 'N': job.number = atoi(optarg); break;
		case 'S': job.size = atoi(optarg); break;
		case 'p': job.sae = optarg; break;
		case 'i': job.ids = optarg; break;
		case 'd': job.dec = true; break;
		case 'f': job.fixed = true; break;
		case 'h': usage(); break;
		default: exit(2);
		}
	if (opt.address == NULL || opt.cert == NULL || opt.key == NULL ||
	    opt.ca == NULL || job.sae == NULL || (job.dec && !job.ids))
		die("an option is missing; see --help");
	if (opt.connections < 1 || opt.connections > CONNECTIONS_MAX ||
	    job.number < 1 || job.number > JOB_KEYS_MAX || job.size % 8 != 0 ||
	    job.size < 8 || job.count < 1 || job.count > 20000000)
		die("an option is out of range");
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx;
	int ep;

	arguments(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (job_open(&job) < 0)
		return 1;
	ctx = tls_context();
	ep = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc(opt.connections, sizeof(*clients));
	took = calloc(job.count + 1, sizeof(*took));
	if (ep < 0 || clients == NULL || took == NULL)
		die("out of memory");
	for (unsigned i = 0; i < opt.connections; i++)
		client_open(&clients[i], ctx, ep);
	puts("connected");
	fflush(stdout);
	getchar();		/* whoever started us may look at clocks */
	report(run(ep));
	return job_close(&job) < 0 || job.wrong > 0;
}
