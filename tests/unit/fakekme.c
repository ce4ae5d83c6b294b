#include "fakekme.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* True: fd can be read; false: the test wants an end. */
static bool
await(struct fakekme *k, int fd)
{
	struct pollfd	p[2] = { { .fd = fd, .events = POLLIN },
			    { .fd = k->stop[0], .events = POLLIN } };

	return poll(p, 2, -1) > 0 && p[1].revents == 0;
}

static bool
whole(const char *request)
{
	const char	*end = strstr(request, "\r\n\r\n");
	const char	*length = strstr(request, "Content-Length: ");

	return end != NULL && (length == NULL || strlen(end + 4) >=
	    strtoul(length + 16, NULL, 10));
}

static bool
read_request(struct fakekme *k, SSL *ssl, char out[FAKEKME_REQUEST])
{
	size_t	len = 0;
	int	n;

	memset(out, 0, FAKEKME_REQUEST);
	while (!whole(out)) {
		if (!SSL_has_pending(ssl) && !await(k, SSL_get_fd(ssl)))
			return false;
		n = SSL_read(ssl, out + len, (int)(FAKEKME_REQUEST - 1 - len));
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return true;
}

static bool
more(const struct fakekme *k)
{
	return k->requests < k->nsteps && k->requests < FAKEKME_MAX;
}

static void
serve(struct fakekme *k, SSL *ssl)
{
	const struct fakestep	*s;

	while (more(k) && read_request(k, ssl, k->request[k->requests])) {
		s = &k->steps[k->requests++];
		if (s->answer != NULL)
			SSL_write(ssl, s->answer, (int)strlen(s->answer));
		if (s->close)
			return;
		if (s->answer == NULL) {	/* until the client leaves */
			await(k, SSL_get_fd(ssl));
			return;
		}
	}
}

static void *
work(void *arg)
{
	struct fakekme	*k = arg;
	int		 fd;
	SSL		*ssl;

	while (more(k) && await(k, k->fd)) {
		if ((fd = accept(k->fd, NULL, NULL)) < 0)
			break;
		k->connections++;
		ssl = SSL_new(k->ctx);
		SSL_set_fd(ssl, fd);
		SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
		if (SSL_accept(ssl) == 1) {
			serve(k, ssl);
			SSL_shutdown(ssl);
		}
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

void
fakekme_start(struct fakekme *k, SSL_CTX *ctx, const struct fakestep *steps,
    unsigned nsteps)
{
	struct sockaddr_in	a = { .sin_family = AF_INET };
	socklen_t		len = sizeof(a);

	memset(k, 0, sizeof(*k));
	signal(SIGPIPE, SIG_IGN);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	k->ctx = ctx;
	k->steps = steps;
	k->nsteps = nsteps;
	if ((k->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    bind(k->fd, (struct sockaddr *)&a, len) < 0 ||
	    getsockname(k->fd, (struct sockaddr *)&a, &len) < 0 ||
	    listen(k->fd, 8) < 0 || pipe(k->stop) < 0 ||
	    pthread_create(&k->thread, NULL, work, k) != 0) {
		perror("fakekme");
		abort();
	}
	snprintf(k->address, sizeof(k->address), "127.0.0.1:%d",
	    ntohs(a.sin_port));
}

void
fakekme_stop(struct fakekme *k)
{
	close(k->stop[1]);
	pthread_join(k->thread, NULL);
	close(k->stop[0]);
	close(k->fd);
}
