/* serveask.c - one question, one answer, one deadline. */
#include "serveask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "field.h"

#define ROOM_FIRST	65536
#define COMMAND_OCTETS	64

struct serveask {
	struct event_base	*base;
	int			 fd;
	struct event		*ev, *deadline;
	char			 command[COMMAND_OCTETS];
	size_t			 sent, got, room;
	char			*p;
	char			 why[160];
	const char		*cause;		/* static */
	serveask_done		*done;
	void			*arg;
};

void
serveask_free(struct serveask **ap)
{
	struct serveask	*a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	if (a->ev != NULL)
		event_free(a->ev);
	if (a->deadline != NULL)
		event_free(a->deadline);
	if (a->fd >= 0)
		close(a->fd);
	free(a->p);
	free(a);
}

json_t *
serveask_read(const char *p, size_t octets, char why[160])
{
	json_t	*j = ask_parse(p, octets);
	char	 text[FIELD_TEXT / 2];

	if (j == NULL)
		snprintf(why, 160, "its answer is not a JSON object");
	else if (json_object_get(j, "error") != NULL)
		snprintf(why, 160, "it refuses: %s", field_text(text,
		    sizeof(text), field_str(j, "error", "?")));
	else
		return j;
	json_decref(j);
	return NULL;
}

/* The asker is gone before the receiver may ask anew. */
static void
finish(struct serveask *a, json_t *answer)
{
	serveask_done	*done = a->done;
	void		*arg = a->arg;
	const char	*cause = a->cause;
	char		 why[sizeof(a->why)];

	memcpy(why, a->why, sizeof(why));
	serveask_free(&a);
	done(arg, answer, cause, why);
	json_decref(answer);
}

static void
fail(struct serveask *a, const char *why)
{
	a->cause = "silent";
	snprintf(a->why, sizeof(a->why), "%s", why);
	finish(a, NULL);
}

/* 1: all is out; 0: later; -1 and errno. */
static int
put(struct serveask *a)
{
	size_t	len = strlen(a->command);
	ssize_t	n;

	while (a->sent < len) {
		n = send(a->fd, a->command + a->sent, len - a->sent,
		    MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		a->sent += (size_t)n;
	}
	return 1;
}

static int
grow(struct serveask *a)
{
	size_t	 room = a->room > 0 ? 2 * a->room : ROOM_FIRST;
	char	*p;

	if (a->got < a->room)
		return 0;
	if (room > SERVEASK_MAX || (p = realloc(a->p, room)) == NULL)
		return -1;
	a->p = p;
	a->room = room;
	return 0;
}

static void
get(struct serveask *a)
{
	ssize_t	n;

	if (grow(a) < 0) {
		fail(a, "its answer is too large");
		return;
	}
	n = recv(a->fd, a->p + a->got, a->room - a->got, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(a, strerror(errno));
		return;
	}
	if (n == 0 && a->got == 0) {
		fail(a, "it closed the connection: it is ending, or answers "
		    "root and its group only");
		return;
	}
	a->got += (size_t)n;
	if (n > 0 && a->p[a->got - 1] != '\n')
		return;
	a->cause = "refused";
	finish(a, serveask_read(a->p, a->got, a->why));
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct serveask	*a = arg;
	int		 r;

	(void)fd;
	if ((what & EV_READ) != 0) {
		get(a);
		return;
	}
	if ((r = put(a)) < 0)
		fail(a, strerror(errno));
	else if (r > 0) {
		event_del(a->ev);
		event_assign(a->ev, a->base, a->fd, EV_READ | EV_PERSIST,
		    on_socket, a);
		event_add(a->ev, NULL);
	}
}

/* Also what has failed before it began. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct serveask	*a = arg;

	(void)fd, (void)what;
	if (a->why[0] != '\0')
		finish(a, NULL);
	else
		fail(a, "it does not answer");
}

static void
explain(struct serveask *a, int e)
{
	static const struct { int e; const char *cause, *why; } table[] = {
		{ ENOENT, "absent", "it is not running: there is no control "
		    "socket" },
		{ ECONNREFUSED, "ended", "it has ended" },
		{ EACCES, "permission", "not allowed to ask: is this user in "
		    "group qkdnode?" },
		{ 0, "silent", NULL },
	};
	size_t	i = 0;

	while (table[i].e != 0 && table[i].e != e)
		i++;
	a->cause = table[i].cause;
	snprintf(a->why, sizeof(a->why), "%s", table[i].why != NULL ?
	    table[i].why : strerror(e));
}

static int
dial(struct serveask *a, const char *path)
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sa.sun_path, path);
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (a->fd < 0 || connect(a->fd, (struct sockaddr *)&sa,
	    sizeof(sa)) < 0)
		return -1;
	a->ev = event_new(a->base, a->fd, EV_WRITE | EV_PERSIST, on_socket,
	    a);
	return a->ev == NULL ? -1 : event_add(a->ev, NULL);
}

struct serveask *
serveask_new(struct event_base *base, const char *path, const char *command,
    serveask_done *done, void *arg)
{
	struct timeval	 wait = { SERVEASK_S, 0 };
	struct serveask	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->base = base;
	a->fd = -1;
	a->done = done;
	a->arg = arg;
	snprintf(a->command, sizeof(a->command), "%s\n", command);
	if (dial(a, path) < 0) {
		explain(a, errno);
		wait = (struct timeval){ 0, 0 };
	}
	a->deadline = evtimer_new(base, on_deadline, a);
	if (a->deadline == NULL || event_add(a->deadline, &wait) < 0)
		serveask_free(&a);
	return a;
}
