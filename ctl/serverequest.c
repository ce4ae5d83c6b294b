/* serverequest.c - method, host, path. */
#include "serverequest.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char		*path;
	enum serverequest_what	 what;
} paths[] = {
	{ "/api/status", SERVE_STATUS },
	{ "/api/history", SERVE_HISTORY },
	{ "/metrics", SERVE_METRICS },
	{ "/healthz", SERVE_HEALTH },
};

/* Without the port. */
static size_t
host_len(const char *host)
{
	const char	*end;

	if (host[0] == '[')
		return (end = strchr(host, ']')) != NULL ?
		    (size_t)(end + 1 - host) : 0;
	return strcspn(host, ":");
}

bool
serverequest_host(const char *host, const struct serverequest_hosts *hosts)
{
	static const char *const	ours[] = { "127.0.0.1", "localhost",
					    "[::1]", NULL };
	size_t				len = host_len(host);

	for (const char *const *h = ours; *h != NULL; h++)
		if (strlen(*h) == len && strncasecmp(*h, host, len) == 0)
			return true;
	for (const char *const *h = hosts->v; *h != NULL; h++)
		if (strlen(*h) == len && strncasecmp(*h, host, len) == 0)
			return true;
	return false;
}

bool
serverequest_name_valid(const char *s)
{
	size_t	n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

	return n > 0 && n < 254 && s[n] == '\0';
}

/* "since=" and at most 15 digits, or nothing. */
static int
read_since(const char *p, size_t len, uint64_t *since)
{
	const size_t	n = strlen("since=");

	*since = 0;
	if (len == 0)
		return 0;
	if (len <= n || len > n + 15 || memcmp(p, "since=", n) != 0)
		return -1;
	for (size_t i = n; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		*since = *since * 10 + (uint64_t)(p[i] - '0');
	}
	return 0;
}

static bool
is_path(const char *path, const char *p, size_t n)
{
	return strlen(path) == n && memcmp(path, p, n) == 0;
}

/* Files take no questions. */
static int
read_file(struct serverequest *out, const char *p, size_t n, bool query)
{
	for (const struct servefile *f = servefiles; f->path != NULL; f++)
		if (is_path(f->path, p, n)) {
			out->what = SERVE_FILE;
			out->file = f;
			return query ? 400 : 200;
		}
	return 404;
}

static int
read_target(struct serverequest *out, const char *p, size_t len)
{
	const char	*q = memchr(p, '?', len);
	size_t		 n = q != NULL ? (size_t)(q - p) : len;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!is_path(paths[i].path, p, n))
			continue;
		out->what = paths[i].what;
		if (q == NULL)
			return 200;
		return out->what == SERVE_HISTORY &&
		    read_since(q + 1, len - n - 1, &out->since) == 0 ?
		    200 : 400;
	}
	return read_file(out, p, n, q != NULL);
}

int
serverequest_read(struct serverequest *out, const struct http_request *r,
    const struct serverequest_hosts *hosts)
{
	memset(out, 0, sizeof(*out));
	if (!serverequest_host(r->host, hosts))
		return 421;
	if (r->method != HTTP_M_GET && r->method != HTTP_M_HEAD)
		return 405;
	return r->body_len > 0 ? 400 :
	    read_target(out, r->target, r->target_len);
}
