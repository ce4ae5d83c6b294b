#include "fakekm.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base64.h"
#include "frame.h"

#define ID	"0192f0c1-7a00-7000-8000-%012x"

/* True: fd can be read; false: it cannot, and the test wants an end. */
static bool
await(struct fakekm *k, int fd)
{
	struct pollfd	p[2] = { { .fd = fd, .events = POLLIN },
			    { .fd = k->stop[0], .events = POLLIN } };

	return poll(p, 2, -1) > 0 && p[0].revents != 0;
}

static bool
read_all(struct fakekm *k, void *to, size_t len)
{
	char	*at = to;
	int	 n;

	for (; len > 0; at += n, len -= (size_t)n) {
		if (!SSL_has_pending(k->ssl) &&
		    !await(k, SSL_get_fd(k->ssl)))
			return false;
		if ((n = SSL_read(k->ssl, at, (int)len)) <= 0)
			return false;
	}
	return true;
}

bool
fakekm_hear(struct fakekm *k)
{
	uint8_t		header[FRAME_HEADER + FRAME_PAYLOAD_MAX];
	struct frame	f;

	if (!read_all(k, header, FRAME_HEADER))
		return false;
	frame_parse(&f, header, FRAME_HEADER);
	if (f.version != FRAME_VERSION || !read_all(k, k->text, f.length)) {
		fprintf(stderr, "no whole frame\n");
		abort();
	}
	k->text[f.length] = '\0';
	k->code = f.command;
	k->id = f.message_id;
	return true;
}

void
fakekm_expect(struct fakekm *k, unsigned code, const char *text)
{
	if (!fakekm_hear(k)) {
		fprintf(stderr, "%04x expected, not an end\n", code);
		abort();
	}
	if (k->code == code && (text == NULL || strcmp(k->text, text) == 0))
		return;
	fprintf(stderr, "%04x %s expected, not %04x %s\n", code,
	    text != NULL ? text : "", k->code, k->text);
	abort();
}

void
fakekm_expect_end(struct fakekm *k)
{
	if (!fakekm_hear(k))
		return;
	fprintf(stderr, "an end expected, not %04x %s\n", k->code, k->text);
	abort();
}

void
fakekm_send(struct fakekm *k, const void *p, size_t len)
{
	if (SSL_write(k->ssl, p, (int)len) != (int)len)
		fprintf(stderr, "fakekm: the application has gone\n");
}

void
fakekm_say(struct fakekm *k, unsigned code, uint32_t id, const char *fmt, ...)
{
	char	frame[FRAME_HEADER + FAKEKM_TEXT];
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(frame + FRAME_HEADER, FAKEKM_TEXT, fmt, ap);
	va_end(ap);
	frame_header((uint8_t *)frame, id, (uint16_t)code, (uint16_t)n);
	fakekm_send(k, frame, FRAME_HEADER + (size_t)n);
}

const char *
fakekm_id(unsigned n)
{
	static __thread char	text[48];

	snprintf(text, sizeof(text), ID, n);
	return text;
}

const char *
fakekm_keys(unsigned seed, unsigned n, unsigned octets)
{
	static __thread char	text[FAKEKM_TEXT];
	uint8_t			key[8192];
	char			*at = stpcpy(text, "[");

	for (unsigned i = 0; i < n; i++) {
		memset(key, (int)(seed + i), octets);
		at += sprintf(at, "%s{\"key_ID\":\"" ID "\",\"key\":\"",
		    i > 0 ? "," : "", seed + i);
		at += base64_encode(at, key, octets);
		at = stpcpy(at, "\"}");
	}
	strcpy(at, "]");
	return text;
}

static void *
work(void *arg)
{
	struct fakekm	*k = arg;
	int		 fd;

	while (k->connections < k->nscripts && await(k, k->fd)) {
		if ((fd = accept(k->fd, NULL, NULL)) < 0)
			break;
		k->ssl = SSL_new(k->ctx);
		SSL_set_fd(k->ssl, fd);
		SSL_set_mode(k->ssl, SSL_MODE_AUTO_RETRY);
		SSL_clear_mode(k->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
		if (SSL_accept(k->ssl) == 1) {
			k->scripts[k->connections++](k);
			SSL_shutdown(k->ssl);
		}
		SSL_free(k->ssl);
		close(fd);
	}
	return NULL;
}

void
fakekm_start(struct fakekm *k, SSL_CTX *ctx, fakekm_script *const *scripts,
    unsigned n)
{
	struct sockaddr_in	a = { .sin_family = AF_INET };
	socklen_t		len = sizeof(a);

	memset(k, 0, sizeof(*k));
	signal(SIGPIPE, SIG_IGN);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	k->ctx = ctx;
	k->scripts = scripts;
	k->nscripts = n;
	if (ctx == NULL ||
	    (k->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    bind(k->fd, (struct sockaddr *)&a, len) < 0 ||
	    getsockname(k->fd, (struct sockaddr *)&a, &len) < 0 ||
	    listen(k->fd, 8) < 0 || pipe(k->stop) < 0 ||
	    pthread_create(&k->thread, NULL, work, k) != 0) {
		perror("fakekm");
		abort();
	}
	snprintf(k->address, sizeof(k->address), "127.0.0.1:%d",
	    ntohs(a.sin_port));
}

void
fakekm_stop(struct fakekm *k)
{
	close(k->stop[1]);
	pthread_join(k->thread, NULL);
	close(k->stop[0]);
	close(k->fd);
	SSL_CTX_free(k->ctx);
}
