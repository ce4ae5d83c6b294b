/*
 * pump.c - octets through a row of TLS 1.3 connections on loopback, and
 * nothing else: what TLS and the kernel cost by themselves. A process at
 * each end and one between two connections, as many as there are relayds.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "times.h"

#define ROOM	16384		/* of one TLS record */
#define HOPS_MAX	64

static const char *cert, *key, *ca;

static void
die(const char *what)
{
	perror(what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static SSL_CTX *
context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
		die("pump: certificate, key or CA");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_num_tickets(ctx, 0);
	return ctx;
}

/* A listening socket on loopback, and where it is. */
static int
listener(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)at, len) < 0 ||
	    listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)at, &len) < 0)
		die("pump: listener");
	return fd;
}

static SSL *
secured(int fd, bool client)
{
	SSL_CTX *ctx = context();
	SSL *ssl = SSL_new(ctx);
	int one = 1;

	SSL_CTX_free(ctx);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    (client ? SSL_connect(ssl) : SSL_accept(ssl)) != 1)
		die("pump: handshake");
	return ssl;
}

static SSL *
dial(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to,
	    sizeof(*to)) < 0)
		die("pump: connect");
	return secured(fd, true);
}

static void
put(SSL *out, const uint8_t *p, int len)
{
	if (SSL_write(out, p, len) != len)
		die("pump: write");
}

/* Passes on what comes, if there is somebody; until so much came. */
static void
pass(SSL *in, SSL *out, uint64_t octets)
{
	uint8_t buf[ROOM];
	int n;

	for (; octets > 0; octets -= n) {
		if ((n = SSL_read(in, buf, sizeof(buf))) <= 0 ||
		    (uint64_t)n > octets)
			die("pump: read");
		if (out != NULL)
			put(out, buf, n);
	}
}

/* A process that takes from one connection; next: where to pass it on. */
static void
take(int from, const struct sockaddr_in *next, uint64_t octets)
{
	SSL *out, *in;

	if (fork() != 0)
		return;
	out = next != NULL ? dial(next) : NULL;
	in = secured(accept(from, NULL, NULL), false);
	pass(in, out, octets);
	exit(0);
}

static double
cpu(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
source(SSL *out, uint64_t octets)
{
	static uint8_t buf[ROOM];
	uint64_t n;

	for (; octets > 0; octets -= n) {
		n = octets < ROOM ? octets : ROOM;
		put(out, buf, (int)n);
	}
}

/* All processes have ended well. */
static bool
ended(void)
{
	int status;
	bool well = true;

	while (wait(&status) > 0)
		well = well && status == 0;
	return well;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to = { 0 }, next;
	uint64_t octets, begin;
	double seconds;
	int hops, fd;
	SSL *out;

	if (argc != 6 || (hops = atoi(argv[4])) < 1 || hops > HOPS_MAX ||
	    (octets = strtoull(argv[5], NULL, 10)) == 0) {
		fprintf(stderr, "pump CERT KEY CA CONNECTIONS OCTETS\n");
		return 2;
	}
	cert = argv[1], key = argv[2], ca = argv[3];
	for (int i = 0; i < hops; i++, to = next) {
		fd = listener(&next);
		take(fd, i > 0 ? &to : NULL, octets);
		close(fd);
	}
	out = dial(&to);
	begin = times_now();
	source(out, octets);
	if (!ended())
		return 1;
	seconds = (times_now() - begin) / 1e9;
	printf("{\"mbit_s\": %.1f, \"seconds\": %.3f, \"cpu_s\": %.3f}\n",
	    octets * 8e-6 / seconds, seconds, cpu(RUSAGE_SELF) +
	    cpu(RUSAGE_CHILDREN));
	return 0;
}
