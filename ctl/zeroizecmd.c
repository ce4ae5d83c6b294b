/*
 * zeroizecmd.c - qkdctl zeroize: the keys of this node, destroyed at once. The
 * node keys first: without them nothing in a store opens, whatever a disk
 * keeps of what was overwritten. Daemons are told, and killed if they do not
 * end; nothing here waits for them, and nothing needs room on the disk. In
 * the end it looks what is left, and says so.
 */
#include "config.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "destroy.h"
#include "field.h"
#include "keycmd.h"
#include "run.h"
#include "unit.h"
#include "zeroize.h"

#define ANSWER_WAIT	2	/* s: a daemon that hangs is not waited for */
#define END_TRIES	40
#define END_MS		50

static const struct option	options[] = {
	{ "etc", required_argument, NULL, 'e' },
	{ "yes", no_argument, NULL, 'y' },
	{ "keep-tls", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void
usage(FILE *f)
{
	fprintf(f, "usage: qkdctl zeroize [--yes] [--keep-tls] [--etc DIR]\n"
	    "\n"
	    "Destroys all keys of this node: node keys, stores, the TLS keys "
	    "of ksa and relayd,\nand what the daemons have in memory. The "
	    "node does not start again before\n\"qkdctl init\".\n"
	    "\n"
	    "  --yes       does not ask\n"
	    "  --keep-tls  the TLS keys stay\n"
	    "  --etc DIR   where kma.conf and ksa.conf are (" SYSCONFDIR
	    "/qkdnode)\n"
	    "\n"
	    "Exit status: 0 all of it is gone, 1 something is left.\n");
}

/* ---- the question ---- */

static bool
agreed(const struct zeroize *z)
{
	FILE	*f = z->call.json ? stderr : stdout;
	char	 line[32] = "";

	if (z->yes)
		return true;
	fprintf(f, "These are destroyed, and all keys that the daemons have "
	    "in memory:\n");
	for (size_t i = 0; i < z->n; i++)
		fprintf(f, "  %-16s %s\n", z->target[i].what,
		    z->target[i].path);
	fprintf(f, "Nothing brings them back. Type \"zeroize\": ");
	fflush(f);
	return fgets(line, sizeof(line), stdin) != NULL &&
	    strcmp(line, "zeroize\n") == 0;
}

/* ---- the daemons ---- */

/* Only who writes a store has its lock open. */
static void
kill_writer(void *arg, pid_t pid, const char *path)
{
	struct zeroize	*z = arg;
	size_t		 len = strlen(path);
	const char	*end = strstr(path, "-lock");

	if (end != NULL && (end[5] == '\0' || end[5] == ' ') && len > 5 &&
	    kill(pid, SIGKILL) == 0)
		z->killed++;
}

static void
count_writer(void *arg, pid_t pid, const char *path)
{
	(void)pid;
	*(unsigned *)arg += strstr(path, "-lock") != NULL;
}

static unsigned
writers(const struct zeroize *z)
{
	unsigned	n = 0;

	for (int i = 0; i < 2; i++)
		if (z->found[i])
			destroy_holders(z->node[i].store, count_writer, &n);
	return n;
}

/* The daemons of this configuration, and no other node's. */
static void
tell(const struct zeroize *z, int i)
{
	struct call		 c = z->call;
	char			*words[] = { (char *)"zeroize",
				    (char *)"now" };
	struct ask_error	 e;

	c.wait = ANSWER_WAIT;
	if (z->known[i])
		c.run_dir = z->node[i].run_dir;
	if (z->found[i] || strcmp(c.run_dir, RUNSTATEDIR "/qkdnode") != 0)
		json_decref(ask_any(&c, zeroize_daemons[i], 2, words, &e));
}

/* Who is told wipes its memory first; who does not hear it is killed. */
static void
end_daemons(struct zeroize *z)
{
	for (int i = 0; i < 2; i++)
		tell(z, i);
	for (int i = 0; i < 2; i++)
		if (z->found[i])
			destroy_holders(z->node[i].store, kill_writer, z);
	for (int i = 0; i < END_TRIES && writers(z) > 0; i++)
		usleep(END_MS * 1000);
}

/* ---- doing it ---- */

static void
make_mark(const struct zeroize *z)
{
	int	fd;

	if (z->mark[0] == '\0')
		return;
	fd = open(z->mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static void
destroy_from(const struct zeroize *z, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		(void)destroy_file(z->target[i].path);
}

static void
do_all(struct zeroize *z)
{
	size_t	found;

	destroy_from(z, 0, z->nkeys);
	make_mark(z);
	end_daemons(z);
	destroy_from(z, z->nkeys, z->n);
	found = z->n;		/* what a daemon has made meanwhile */
	zeroize_find(z);
	destroy_from(z, 0, z->nkeys);
	destroy_from(z, found, z->n);
	make_mark(z);		/* if there was no room before */
}

/* ---- looking ---- */

static void
note_left(struct zeroize *z, const char *what, const char *path, pid_t pid)
{
	json_array_append_new(z->left, pid > 0 ?
	    json_pack("{s:s, s:s, s:i}", "what", what, "path", path, "pid",
	    (int)pid) : json_pack("{s:s, s:s}", "what", what, "path", path));
}

static void
note_holder(void *arg, pid_t pid, const char *path)
{
	note_left(arg, "still open", path, pid);
}

static void
look(struct zeroize *z)
{
	if (z->n == TARGETS_MAX)
		note_left(z, "more of them", "run it again", 0);
	for (size_t i = 0; i < z->n; i++)
		if (!destroy_gone(z->target[i].path))
			note_left(z, z->target[i].what, z->target[i].path, 0);
	for (int i = 0; i < 2; i++) {
		if (!z->known[i])
			note_left(z, "not known: no configuration",
			    zeroize_daemons[i], 0);
		if (z->found[i] && destroy_holders(z->node[i].store,
		    note_holder, z) < 0)
			note_left(z, "not known: who has it open",
			    z->node[i].store, 0);
		if (z->known[i] && z->node[i].kind == NODEKEY_TOKEN)
			fprintf(stderr, "qkdctl: the node key of %s is in a "
			    "token and stays there: what it has wrapped is "
			    "gone, so it opens nothing\n", zeroize_daemons[i]);
	}
	if (!z->keep_tls && !z->relayd_known)
		note_left(z, "not known: no configuration", "relayd", 0);
	if (z->mark[0] != '\0' && access(z->mark, F_OK) < 0)
		note_left(z, "could not be made", z->mark, 0);
}

static void
report_json(const struct zeroize *z)
{
	json_t	*gone = json_array(), *o;

	for (size_t i = 0; i < z->n; i++)
		if (destroy_gone(z->target[i].path))
			json_array_append_new(gone, json_pack("{s:s, s:s}",
			    "what", z->target[i].what, "path",
			    z->target[i].path));
	o = json_pack("{s:b, s:o, s:O, s:i, s:s}", "zeroized",
	    json_array_size(z->left) == 0, "gone", gone, "left", z->left,
	    "killed", (int)z->killed, "mark", z->mark);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
}

static void
report(const struct zeroize *z)
{
	char	 clean[FIELD_TEXT];
	size_t	 i;
	json_t	*l;

	for (i = 0; i < z->n; i++)
		if (destroy_gone(z->target[i].path))
			printf("gone  %-16s %s\n", z->target[i].what,
			    z->target[i].path);
	json_array_foreach(z->left, i, l) {
		printf("LEFT  %-16s %s", field_str(l, "what", ""), field_text(
		    clean, sizeof(clean), field_str(l, "path", "")));
		if (field_int(l, "pid", 0) != 0)
			printf(" (process %lld)",
			    (long long)field_int(l, "pid", 0));
		putchar('\n');
	}
	printf(json_array_size(z->left) == 0 ? "zeroized: looked again, and "
	    "nothing of it is left\n" : "NOT all is gone: see LEFT, then "
	    "\"qkdctl zeroize\" again\n");
}

/* The others too: they have TLS keys and fresh blocks in memory. */
static void
stop(const struct zeroize *z)
{
	char	*quietly[] = { (char *)"systemctl", (char *)"stop",
		    (char *)"--no-block", (char *)"qkdnode.target", NULL };
	char	 said[256];

	if (z->call.json)
		(void)run(quietly, said, sizeof(said));
	else
		(void)unit_do("stop --no-block", "qkdnode.target",
		    "without keys there is nothing to serve");
}

static int
zeroize(struct zeroize *z)
{
	zeroize_find(z);
	if (!agreed(z)) {
		fprintf(stderr, "qkdctl: nothing was done\n");
		return CALL_REFUSED;
	}
	do_all(z);
	look(z);
	if (z->call.json)
		report_json(z);
	else
		report(z);
	if (unit_there())
		stop(z);
	return json_array_size(z->left) == 0 ? CALL_DONE : CALL_REFUSED;
}

int
zeroizecmd(const struct call *call, int argc, char **argv)
{
	struct zeroize	*z = calloc(1, sizeof(*z));
	int		 c, r = -1;

	if (z == NULL || (z->left = json_array()) == NULL) {
		free(z);
		return CALL_REFUSED;
	}
	z->call = *call;
	z->etc = SYSCONFDIR "/qkdnode";
	optind = 0;
	while (r < 0 && (c = getopt_long(argc, argv, "yh", options,
	    NULL)) != -1)
		if (c == 'e')
			z->etc = optarg;
		else if (c == 'y')
			z->yes = true;
		else if (c == 't')
			z->keep_tls = true;
		else {
			usage(c == 'h' ? stdout : stderr);
			r = c == 'h' ? CALL_DONE : CALL_USAGE;
		}
	if (r < 0 && optind < argc) {
		usage(stderr);
		r = CALL_USAGE;
	}
	if (r < 0 && !nodekey_may(z->etc)) {
		fprintf(stderr, "qkdctl: only root may destroy the keys of a "
		    "node; nothing was tried\n");
		r = CALL_REFUSED;
	}
	if (r < 0)
		r = zeroize(z);
	json_decref(z->left);
	free(z);
	return r;
}
