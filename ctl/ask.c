/* ask.c - one line to a control socket, one JSON object back. */
#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "field.h"
#include "ident.h"

#define LINE_MAX_OCTETS		4096
#define ANSWER_MAX		(16 * 1024 * 1024)

static json_t *fail(struct ask_error *, int code, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static json_t *
fail(struct ask_error *e, int code, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->code = code;
	return NULL;
}

/* ---- the line ---- */

/* Appends an argument in quotes. */
static int
add(char line[LINE_MAX_OCTETS], size_t *len, const char *arg)
{
	line[(*len)++] = '"';
	for (; *arg != '\0'; arg++) {
		if (*len + 5 > LINE_MAX_OCTETS ||
		    ((unsigned char)*arg < 0x20 && *arg != '\t'))
			return -1;
		if (*arg == '"' || *arg == '\\')
			line[(*len)++] = '\\';
		line[(*len)++] = *arg;
	}
	line[(*len)++] = '"';
	return 0;
}

/* The arguments as one line, as ctl.h reads it. Its length, or -1. */
static int
make_line(char out[LINE_MAX_OCTETS], int nargs, char **args,
    struct ask_error *e)
{
	size_t	len = 0;

	for (int i = 0; i < nargs; i++) {
		if (len + 8 > LINE_MAX_OCTETS || add(out, &len, args[i]) < 0) {
			fail(e, CALL_USAGE, "argument %d is too long or "
			    "holds control characters", i + 1);
			return -1;
		}
		out[len++] = i + 1 < nargs ? ' ' : '\n';
	}
	return (int)len;
}

/* ---- the socket ---- */

struct answer {
	char		*p;
	size_t		 len, room;
	int		 fd;
	uint64_t	 end;		/* by mono_ms() */
};

static int
dial(const char *path)
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };
	int			fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The deadline is absolute, so that an octet now and then gains no time. */
static int
await(const struct answer *a, short what)
{
	struct pollfd	p = { a->fd, what, 0 };
	uint64_t	now = mono_ms();
	int		n = now >= a->end ? 0 :
			    poll(&p, 1, (int)(a->end - now));

	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 || (n < 0 && errno == EINTR) ? 0 : -1;
}

static int
send_all(const struct answer *a, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t	n = send(a->fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (n < 0 && await(a, POLLOUT) < 0)
			return -1;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
answer_room(struct answer *a)
{
	size_t	 room = a->room > 0 ? a->room * 2 : 16384;
	char	*p;

	if (a->len < a->room)
		return 0;
	if (room > ANSWER_MAX || (p = realloc(a->p, room)) == NULL) {
		errno = EMSGSIZE;
		return -1;
	}
	a->p = p;
	a->room = room;
	return 0;
}

/* Until the end of the line, or of the connection. */
static int
receive(struct answer *a)
{
	while (answer_room(a) == 0) {
		ssize_t	n = recv(a->fd, a->p + a->len, a->room - a->len, 0);

		if (n == 0)
			errno = ECONNRESET;
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return n == 0 && a->len > 0 ? 0 : -1;
		if (n < 0 && await(a, POLLIN) < 0)
			return -1;
		if (n > 0 && a->p[(a->len += (size_t)n) - 1] == '\n')
			return 0;
	}
	return -1;
}

static const char *
hint(int e)
{
	static const struct { int e; const char *text; } hints[] = {
		{ ENOENT, "; is the daemon started, is that its run_dir (-r)?" },
		{ ECONNREFUSED, "; the daemon has ended" },
		{ ECONNRESET, "; the daemon closed the connection: it is "
		    "ending, or answers root and its group only" },
		{ ETIMEDOUT, "; the daemon hangs" },
		{ EAGAIN, "; the daemon hangs, and others wait for it too" },
		{ EMSGSIZE, "; no daemon of qkdnode answers so much" },
		{ EACCES, "; root may ask, and members of group qkdnode: "
		    "usermod -aG qkdnode USER, then log in anew" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].e == (e == EPERM ? EACCES : e))
			return hints[i].text;
	return "";
}

json_t *
ask_parse(const char *octets, size_t len)
{
	json_t	*j = json_loadb(octets, len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

void
ask_path(char out[ASK_PATH], const struct call *c, const char *daemon)
{
	snprintf(out, ASK_PATH, "%s/ctl-%s/sock", c->run_dir, daemon);
}

static json_t *
ask_line(const struct call *c, const char *path, const char *line, size_t len,
    struct ask_error *e)
{
	struct answer	 a = { .end = mono_ms() + (uint64_t)c->wait * 1000 };
	json_t		*j = NULL;

	a.fd = dial(path);
	if (a.fd < 0 || send_all(&a, line, len) < 0 || receive(&a) < 0) {
		e->err = errno;
		fail(e, CALL_UNREACHABLE, "%s: %s%s", path, strerror(e->err),
		    hint(e->err));
	} else if ((j = ask_parse(a.p, a.len)) == NULL)
		fail(e, CALL_UNREACHABLE, "%s: the answer is not an object",
		    path);
	if (a.fd >= 0)
		close(a.fd);
	free(a.p);
	return j;
}

json_t *
ask_any(const struct call *c, const char *daemon, int nargs, char **args,
    struct ask_error *e)
{
	char	line[LINE_MAX_OCTETS], path[ASK_PATH];
	int	len;

	*e = (struct ask_error){ .code = CALL_DONE };
	if (nargs < 1 || strchr(daemon, '/') != NULL)
		return fail(e, CALL_USAGE, "no command, or \"%s\" is not a "
		    "daemon's name", daemon);
	if ((len = make_line(line, nargs, args, e)) < 0)
		return NULL;
	ask_path(path, c, daemon);
	return ask_line(c, path, line, (size_t)len, e);
}

json_t *
ask(const struct call *c, const char *daemon, int nargs, char **args,
    struct ask_error *e)
{
	json_t	*j = ask_any(c, daemon, nargs, args, e);

	if (j == NULL || json_object_get(j, "error") == NULL)
		return j;
	field_text(e->text, sizeof(e->text), field_str(j, "error",
	    "refused"));
	json_decref(j);
	e->code = CALL_REFUSED;
	return NULL;
}

json_t *
ask_word(const struct call *c, const char *daemon, const char *word,
    struct ask_error *e)
{
	char	*args[] = { (char *)word, NULL };

	return ask(c, daemon, 1, args, e);
}
