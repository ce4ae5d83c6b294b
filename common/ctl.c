/* ctl.c - the control socket: one line in, one JSON object out. */
#include "config.h"
#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "about.h"
#include "err.h"
#include "log.h"

#define LINE_OCTETS	4096
#define DEADLINE_S	5	/* from connection to the last octet */
#define CLIENTS_MAX	16
#define GROUPS		1024	/* that a client may be in */
#define REPLY_FLAGS	(JSON_COMPACT | JSON_PRESERVE_ORDER)

struct client {
	LIST_ENTRY(client)	 entry;
	struct ctl		*ctl;
	int			 fd;
	bool			 looks;		/* and may not change */
	struct event		*ev, *deadline;
	char			 line[LINE_OCTETS];
	size_t			 got;
	char			*reply;		/* NULL: still reading */
	size_t			 len, sent;
};

struct table {
	const struct ctl_command	*commands;
	void				*arg;
};

struct ctl {
	struct event_base	*base;
	char			*path, *help;
	gid_t			 group;		/* who is in it may look */
	struct table		*tables;
	size_t			 ntables;
	int			 fd;
	struct event		*ev;
	LIST_HEAD(, client)	 clients;
	unsigned		 nclients;
};

json_t *
ctl_error(const char *fmt, ...)
{
	char	 text[512];
	va_list	 ap;
	json_t	*object;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	object = json_pack("{s:s}", "error", text);
	/* What was quoted in it may not be UTF-8. */
	return object != NULL ? object : json_pack("{s:s}", "error",
	    "bad request");
}

/* ---- a line ---- */

/* Copies one argument down to `o`; both ends of it are in one buffer. */
static char *
split_quoted(char *p, char **o)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (*p == '\0')
			return NULL;
		*(*o)++ = *p;
	}
	return p + 1;
}

int
ctl_split(char *line, char *args[CTL_ARGS_MAX])
{
	char	*p = line, *o = line;
	int	 n = 0;

	for (char *c = line; *c != '\0'; c++)
		if ((*c > 0 && *c < 0x20 && *c != '\t') || *c == 0x7f)
			return -E_BAD_FORMAT;
	for (;;) {
		p += strspn(p, " \t");
		if (*p == '\0')
			return n;
		if (n == CTL_ARGS_MAX)
			return -E_TOO_LARGE;
		args[n++] = o;
		while (*p != '\0' && *p != ' ' && *p != '\t') {
			if (*p != '"')
				*o++ = *p++;
			else if ((p = split_quoted(p, &o)) == NULL)
				return -E_BAD_FORMAT;
		}
		/* The NUL may fall on the blank that ended the argument. */
		if (*p != '\0')
			p++;
		*o++ = '\0';
	}
}

/* The status of each daemon tells which one it is, and how old. */
static json_t *
run_row(const struct ctl_command *command, void *arg, int nargs, char **args)
{
	json_t	*o = ctltable_run(command, arg, nargs, args);

	if (strcmp(command->name, "status") == 0 &&
	    json_object_get(o, "error") == NULL)
		about_add(o);
	return o;
}

static json_t *
run_command(const struct client *c, int nargs, char **args)
{
	const struct ctl	*ctl = c->ctl;
	const struct ctl_command *command;

	for (size_t i = 0; i < ctl->ntables; i++) {
		command = ctltable_find(ctl->tables[i].commands, nargs, args);
		if (command == NULL)
			continue;
		if (command->change && c->looks)
			return ctl_error("%s: only root may do this; members "
			    "of the group may look", command->name);
		return run_row(command, ctl->tables[i].arg, nargs, args);
	}
	return ctl_error("unknown command \"%s\"; try help", args[0]);
}

static json_t *
handle_line(struct client *c)
{
	char	*args[CTL_ARGS_MAX];
	int	 n = ctl_split(c->line, args);

	if (n < 0)
		return ctl_error("bad request: %s", err_text(n));
	if (n == 0)
		return ctl_error("bad request: no command; try help");
	if (strcmp(args[0], "help") == 0)
		return json_pack("{s:s}", "help", c->ctl->help != NULL ?
		    c->ctl->help : "no commands\n");
	return run_command(c, n, args);
}

/* ---- a client ---- */

static void
client_free(struct client *c)
{
	LIST_REMOVE(c, entry);
	c->ctl->nclients--;
	if (c->ev != NULL)
		event_free(c->ev);
	if (c->deadline != NULL)
		event_free(c->deadline);
	close(c->fd);
	free(c->reply);
	free(c);
}

/* 0: more is to be written; 1: all is; -1: the client is gone. */
static int
client_write(struct client *c)
{
	ssize_t	n;

	while (c->sent < c->len) {
		n = send(c->fd, c->reply + c->sent, c->len - c->sent,
		    MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		c->sent += (size_t)n;
	}
	return 1;
}

static int
client_answer(struct client *c, json_t *object)
{
	if (object == NULL)
		object = ctl_error("out of memory");
	c->reply = json_dumps(object, REPLY_FLAGS);
	json_decref(object);
	if (c->reply == NULL)
		return -1;
	c->len = strlen(c->reply);
	c->reply[c->len++] = '\n';	/* in place of the NUL */
	return client_write(c);
}

static int
client_read(struct client *c)
{
	ssize_t	 n;
	char	*end;

	n = recv(c->fd, c->line + c->got, sizeof(c->line) - c->got, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->got += (size_t)n;
	if ((end = memchr(c->line, '\n', c->got)) == NULL) {
		if (n == 0)
			return -1;
		return c->got < sizeof(c->line) ? 0 : client_answer(c,
		    ctl_error("bad request: line too long"));
	}
	if (end > c->line && end[-1] == '\r')
		end--;
	*end = '\0';
	if (strlen(c->line) != (size_t)(end - c->line))
		return client_answer(c, ctl_error("bad request: NUL"));
	return client_answer(c, handle_line(c));
}

static void
on_client(evutil_socket_t fd, short what, void *arg)
{
	struct client	*c = arg;
	bool		 reading = c->reply == NULL;
	int		 r;

	(void)fd, (void)what;
	r = reading ? client_read(c) : client_write(c);
	if (r != 0)
		client_free(c);
	else if (reading && c->reply != NULL) {
		event_del(c->ev);
		event_assign(c->ev, c->ctl->base, c->fd, EV_WRITE | EV_PERSIST,
		    on_client, c);
		event_add(c->ev, NULL);
	}
}

static void
on_client_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	client_free(arg);
}

/* Is the process at the other end in this group? */
static bool
in_group(int fd, gid_t primary, gid_t group)
{
	gid_t		groups[GROUPS];
	socklen_t	len = sizeof(groups);

	if (primary == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Whoever got as far as here passed the modes of directory and socket. */
static bool
client_allowed(const struct ctl *ctl, int fd, bool *looks)
{
	struct ucred	cred;
	socklen_t	len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	*looks = cred.uid != 0 && cred.uid != geteuid();
	if (!*looks || in_group(fd, cred.gid, ctl->group))
		return true;
	log_warn("control connection refused", "uid=%u pid=%d",
	    (unsigned)cred.uid, (int)cred.pid);
	return false;
}

static void
client_new(struct ctl *ctl, int fd)
{
	const struct timeval	 limit = { DEADLINE_S, 0 };
	struct client		*c = NULL;
	bool			 looks;

	if (ctl->nclients >= CLIENTS_MAX ||
	    !client_allowed(ctl, fd, &looks) ||
	    (c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	c->ctl = ctl;
	c->fd = fd;
	c->looks = looks;
	LIST_INSERT_HEAD(&ctl->clients, c, entry);
	ctl->nclients++;
	c->ev = event_new(ctl->base, fd, EV_READ | EV_PERSIST, on_client, c);
	c->deadline = evtimer_new(ctl->base, on_client_deadline, c);
	if (c->ev == NULL || c->deadline == NULL ||
	    event_add(c->ev, NULL) < 0 || event_add(c->deadline, &limit) < 0)
		client_free(c);
}

/* ---- the socket ---- */

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	int	client;

	(void)what;
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client >= 0)
		client_new(arg, client);
}

static int
bind_socket(struct ctl *ctl)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	struct stat		st;

	if (strlen(ctl->path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, ctl->path);
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (ctl->fd < 0)
		return -1;
	/* One that nobody serves is left over from a crash. */
	if (connect(ctl->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 ||
	    errno == EAGAIN) {
		errno = EADDRINUSE;
		return -1;
	}
	if (errno == ECONNREFUSED)
		unlink(ctl->path);
	if (bind(ctl->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -1;
	/* A directory with the setgid bit gives it the group of those who may
	 * look; else it has our own. */
	if (chmod(ctl->path, 0660) < 0 || stat(ctl->path, &st) < 0)
		return -1;
	ctl->group = st.st_gid;
	return listen(ctl->fd, CLIENTS_MAX);
}

int
ctl_listen(struct ctl **out, struct event_base *base, const char *path)
{
	struct ctl	*ctl = calloc(1, sizeof(*ctl));
	int		 r;

	*out = NULL;
	if (ctl == NULL)
		return -E_NO_MEMORY;
	*ctl = (struct ctl){ .base = base, .path = strdup(path), .fd = -1 };
	LIST_INIT(&ctl->clients);
	if (ctl->path == NULL || bind_socket(ctl) < 0 ||
	    (ctl->ev = event_new(base, ctl->fd, EV_READ | EV_PERSIST,
	    on_accept, ctl)) == NULL || event_add(ctl->ev, NULL) < 0) {
		log_err("control socket cannot be made", "path=%s error=%s",
		    log_quote(path), log_quote(strerror(errno)));
		free(ctl->path);
		ctl->path = NULL;	/* not ours to remove */
		ctl_free(&ctl);
		return -E_SYSTEM;
	}
	if ((r = ctl_commands(ctl, about_commands, NULL)) < 0)
		ctl_free(&ctl);
	*out = ctl;
	return r;
}

int
ctl_commands(struct ctl *ctl, const struct ctl_command *commands, void *arg)
{
	struct table	*longer = realloc(ctl->tables, (ctl->ntables + 1) *
			    sizeof(*longer));

	if (longer == NULL)
		return -E_NO_MEMORY;
	ctl->tables = longer;
	ctl->tables[ctl->ntables++] = (struct table){ commands, arg };
	return ctltable_help(commands, &ctl->help);
}

void
ctl_free(struct ctl **ctlp)
{
	struct ctl	*ctl = *ctlp;

	*ctlp = NULL;
	if (ctl == NULL)
		return;
	while (!LIST_EMPTY(&ctl->clients))
		client_free(LIST_FIRST(&ctl->clients));
	if (ctl->ev != NULL)
		event_free(ctl->ev);
	if (ctl->fd >= 0)
		close(ctl->fd);
	if (ctl->path != NULL)
		unlink(ctl->path);
	free(ctl->path);
	free(ctl->tables);
	free(ctl->help);
	free(ctl);
}
