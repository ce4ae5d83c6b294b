/*
 * qkdctl - asks a daemon on its control socket; no key can be asked for there.
 * Besides, subcommands, which open what their own files say.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "saecmd.h"

enum { DONE, REFUSED, USAGE, UNREACHABLE };	/* exit codes */

#define LINE_MAX_OCTETS		4096
#define ANSWER_MAX		(16 * 1024 * 1024)
#define ANSWER_WAIT		30		/* s */

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: qkdctl [-j] [-r RUNDIR] DAEMON COMMAND [ARGUMENT...]\n"
	    "       qkdctl [-j] [-r RUNDIR] route [set KM KM,KM,... | clear KM]\n"
	    "       qkdctl sae {status | get | fetch | session | listen} ... "
	    "(qkdctl sae --help)\n"
	    "\n"
	    "Asks a daemon of this node: kma, ksa, relayd or qkdmod-LINK.\n"
	    "Every daemon knows the commands status and help.\n"
	    "\n"
	    "  -j         the answer as one line of JSON\n"
	    "  -r RUNDIR  directory of the sockets (" RUNSTATEDIR "/qkdnode)\n"
	    "  -V, -h     version, this help\n"
	    "\n"
	    "Exit status: 0 done, 1 refused, 2 usage, 3 not reachable.\n");
}

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
make_line(char out[LINE_MAX_OCTETS], int nargs, char **args)
{
	size_t	len = 0;

	for (int i = 0; i < nargs; i++) {
		if (len + 8 > LINE_MAX_OCTETS || add(out, &len, args[i]) < 0) {
			fprintf(stderr, "qkdctl: argument %d is too long or "
			    "holds control characters\n", i + 1);
			return -1;
		}
		out[len++] = i + 1 < nargs ? ' ' : '\n';
	}
	return (int)len;
}

static int
dial(const char *path)
{
	const struct timeval	wait = { ANSWER_WAIT, 0 };
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };
	int			fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sa.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
send_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t	n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

struct answer { char *p; size_t len, room; };

static int
answer_room(struct answer *a)
{
	size_t	 room = a->room > 0 ? a->room * 2 : 16384;
	char	*p;

	if (a->len < a->room)
		return 0;
	if (room > ANSWER_MAX || (p = realloc(a->p, room)) == NULL)
		return -1;
	a->p = p;
	a->room = room;
	return 0;
}

/* Until the end of the line, or of the connection. */
static int
receive(int fd, struct answer *a)
{
	while (answer_room(a) == 0) {
		ssize_t	n = recv(fd, a->p + a->len, a->room - a->len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && a->len > 0 ? 0 : -1;
		a->len += (size_t)n;
		if (a->p[a->len - 1] == '\n')
			return 0;
	}
	return -1;
}

/* A single text, as help is, reads better as it is. */
static const char *
only_text(json_t *j, const char *name)
{
	return json_object_size(j) != 1 ? NULL :
	    json_string_value(json_object_get(j, name));
}

static int
show(const struct answer *a, bool compact)
{
	json_error_t	 e;
	json_t		*j = json_loadb(a->p, a->len, 0, &e);
	int		 r = UNREACHABLE;

	if (!json_is_object(j)) {
		fprintf(stderr, "qkdctl: the answer is not an object\n");
		goto out;
	}
	r = json_object_get(j, "error") != NULL ? REFUSED : DONE;
	if (compact) {
		json_dumpf(j, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (only_text(j, "error") != NULL)
		fprintf(stderr, "qkdctl: %s\n", only_text(j, "error"));
	else if (only_text(j, "help") != NULL)
		fputs(only_text(j, "help"), stdout);
	else {
		json_dumpf(j, stdout, JSON_INDENT(2));
		putchar('\n');
	}
out:
	json_decref(j);
	return r;
}

static const char *
hint(int e)
{
	switch (e) {
	case ENOENT:
		return "; is the daemon started, is that its run_dir (-r)?";
	case ECONNREFUSED:
		return "; the daemon has ended";
	case EACCES:
	case EPERM:
		return "; root and the daemon's own user may ask";
	default:
		return "";
	}
}

static int
ask(const char *path, const char *line, size_t len, bool compact)
{
	struct answer	a = { NULL, 0, 0 };
	int		fd, r = UNREACHABLE;

	if ((fd = dial(path)) < 0)
		goto out;
	if (send_all(fd, line, len) < 0 || receive(fd, &a) < 0)
		goto out;
	r = show(&a, compact);
out:
	if (r == UNREACHABLE)
		fprintf(stderr, "qkdctl: %s: %s%s\n", path,
		    errno != 0 ? strerror(errno) : "no answer", hint(errno));
	if (fd >= 0)
		close(fd);
	free(a.p);
	return r;
}

static const struct {
	const char	*name;
	int		(*run)(int argc, char **argv);
} subcommands[] = {
	{ "sae", saecmd },
};

static int
ask_daemon(const char *run_dir, bool compact, int nargs, char **args)
{
	char		 line[LINE_MAX_OCTETS], path[4096];
	const char	*daemon = args[0];
	int		 len;

	/* The ways of key relay are kma's, but an operator need not know. */
	if (nargs > 0 && strcmp(args[0], "route") == 0)
		daemon = "kma";
	else if (nargs > 0) {
		args++;
		nargs--;
	}
	if (nargs < 1 || strchr(daemon, '/') != NULL) {
		usage(stderr);
		return USAGE;
	}
	if ((len = make_line(line, nargs, args)) < 0)
		return USAGE;
	snprintf(path, sizeof(path), "%s/ctl-%s/sock", run_dir, daemon);
	errno = 0;
	return ask(path, line, (size_t)len, compact);
}

static const struct option	options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

int
main(int argc, char **argv)
{
	const char	*run_dir = RUNSTATEDIR "/qkdnode";
	bool		 compact = false;
	char		**args;
	int		 c, nargs;

	/* '+': a command's own arguments may begin with a dash. */
	while ((c = getopt_long(argc, argv, "+jr:Vh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			compact = true;
			break;
		case 'r':
			run_dir = optarg;
			break;
		case 'V':
			puts("qkdctl " PACKAGE_VERSION);
			return DONE;
		case 'h':
			usage(stdout);
			return DONE;
		default:
			usage(stderr);
			return USAGE;
		}
	}
	args = argv + optind;
	nargs = argc - optind;
	for (size_t i = 0; nargs > 0 && i < sizeof(subcommands) /
	    sizeof(subcommands[0]); i++)
		if (strcmp(args[0], subcommands[i].name) == 0)
			return subcommands[i].run(nargs, args);
	return ask_daemon(run_dir, compact, nargs, args);
}
