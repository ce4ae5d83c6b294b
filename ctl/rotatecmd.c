/*
 * rotatecmd.c - qkdctl rotate-key: new keys for the stores of a running node.
 * A new node key is in the store before it is in its place, and the old one
 * opens the store until then: whoever is killed when, one of the two does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "etclock.h"
#include "field.h"
#include "keycmd.h"
#include "nodekey.h"

#define LOOK_MS		200

struct rotate {
	struct call	 call;
	const char	*etc;
	bool		 node_key, no_wait;
};

static const struct option	options[] = {
	{ "etc", required_argument, NULL, 'e' },
	{ "node-key", no_argument, NULL, 'n' },
	{ "no-wait", no_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void
usage(FILE *f)
{
	fprintf(f, "usage: qkdctl rotate-key [--node-key] [--no-wait] "
	    "[--etc DIR] [kma | ksa]\n"
	    "\n"
	    "Gives the stores of kma and ksa a new data key: all that they "
	    "hold is sealed\nagain while they serve, and the old key is "
	    "destroyed.\n"
	    "\n"
	    "  --node-key  a new node key first, in its file or credential\n"
	    "  --no-wait   does not wait until all is sealed again\n"
	    "  --etc DIR   where kma.conf and ksa.conf are (" SYSCONFDIR
	    "/qkdnode)\n");
}

/* ---- what a daemon says ---- */

static json_t *
tell(const struct rotate *o, const char *daemon, int nargs, char **args)
{
	struct ask_error	 e;
	char			 clean[FIELD_TEXT];
	json_t			*j = ask(&o->call, daemon, nargs, args, &e);

	if (j == NULL)
		fprintf(stderr, "qkdctl: %s: %s\n", daemon, field_text(clean,
		    sizeof(clean), e.text));
	return j;
}

static json_t *
state(const struct rotate *o, const char *daemon)
{
	char	*args[] = { (char *)"key" };

	return tell(o, daemon, 1, args);
}

static int
tell_file(const struct rotate *o, const struct nodekey *k, const char *verb,
    const uint8_t key[SEAL_KEY])
{
	char	 path[PATH_MAX];
	char	*args[] = { (char *)"key", (char *)verb, path };
	json_t	*j;

	if (nodekey_hand(k, key, path) < 0)
		return -1;
	j = tell(o, k->daemon, 3, args);
	unlink(path);
	json_decref(j);
	return j == NULL ? -1 : 0;
}

/* ---- the node key ---- */

/* What an earlier change has left: the key in its place is the key. */
static int
settle(const struct rotate *o, const struct nodekey *k)
{
	uint8_t	key[SEAL_KEY];
	int	r;

	if ((r = nodekey_read(k, key)) == 0 &&
	    (r = tell_file(o, k, "settle", key)) == 0)
		r = nodekey_forget(k);
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static int
change(const struct rotate *o, const struct nodekey *k)
{
	uint8_t	key[SEAL_KEY];
	int	r = -1;

	if (RAND_priv_bytes(key, sizeof(key)) == 1 &&
	    nodekey_prepare(k, key) == 0 &&
	    tell_file(o, k, "offer", key) == 0 &&
	    nodekey_place(k) == 0 &&
	    tell_file(o, k, "settle", key) == 0)
		r = nodekey_forget(k);
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

/* The other store would be sealed by a key that is nowhere any more. */
static bool
is_shared(const struct rotate *o, const struct nodekey *k)
{
	const char	*other = strcmp(k->daemon, "kma") == 0 ? "ksa" : "kma";
	char		 path[PATH_MAX];
	struct nodekey	 theirs;

	snprintf(path, sizeof(path), "%s/%s.conf", o->etc, other);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return false;
	if (nodekey_find(&theirs, o->etc, other) < 0)
		return true;		/* said there; who knows */
	if (strcmp(k->path, theirs.path) != 0 &&
	    strcmp(k->path, theirs.next) != 0)
		return false;
	fprintf(stderr, "qkdctl: %s: %s is the node key of %s, too, whose "
	    "store it would not open any more: give %s a node key of its own "
	    "first: a copy of the file, which its node_key names, and a "
	    "restart\n", k->daemon, k->path, other, k->daemon);
	return true;
}

static int
new_node_key(const struct rotate *o, const struct nodekey *k)
{
	json_t	*j;
	int	 r;

	if (k->kind == NODEKEY_TOKEN) {
		fprintf(stderr, "qkdctl: %s: its node key is in a token: make "
		    "another there, name it in node_key_next, restart %s, "
		    "then put it into node_key\n", k->daemon, k->daemon);
		return -1;
	}
	if (is_shared(o, k) || (j = state(o, k->daemon)) == NULL)
		return -1;
	r = field_bool(j, "node_key_unsettled", false) ? settle(o, k) : 0;
	json_decref(j);
	if (r < 0 || change(o, k) < 0)
		return -1;
	if (!o->call.json)
		printf("%s: new node key in %s\n", k->daemon, k->path);
	return 0;
}

/* ---- the data key ---- */

static int
await(const struct rotate *o, const char *daemon)
{
	bool		 busy = true;
	json_int_t	 bad = 0;
	json_t		*j;

	while (busy) {
		if ((j = state(o, daemon)) == NULL)
			return -1;
		busy = field_bool(j, "sealing_again", false) ||
		    field_bool(j, "cleaning", false);
		if (!busy && o->call.json) {
			json_object_set_new(j, "daemon", json_string(daemon));
			json_dumpf(j, stdout, JSON_COMPACT |
			    JSON_ENSURE_ASCII);
			putchar('\n');
		}
		bad = field_int(j, "unreadable", 0);
		json_decref(j);
		if (busy)
			usleep(LOOK_MS * 1000);
	}
	if (!o->call.json)
		printf("%s: all is sealed by a new key; the one before is "
		    "destroyed\n", daemon);
	if (bad > 0)
		fprintf(stderr, "qkdctl: %s: %lld rows are damaged, as they "
		    "were before\n", daemon, (long long)bad);
	return 0;
}

/* A node key goes to the daemon whose file says where it lies: another's
 * store would be sealed by a key that is not its own. */
static int
rotate(const struct rotate *all, const char *daemon)
{
	struct rotate	 o = *all;
	struct nodekey	 k;
	char		*args[] = { (char *)"key", (char *)"rotate" };
	json_t		*j;

	if (o.node_key) {
		if (nodekey_find(&k, o.etc, daemon) < 0)
			return -1;
		o.call.run_dir = k.run_dir;
		if (new_node_key(&o, &k) < 0)
			return -1;
	}
	if ((j = tell(&o, daemon, 2, args)) == NULL)
		return -1;
	json_decref(j);
	return o.no_wait ? 0 : await(&o, daemon);
}

/* A daemon knows its own user too, where it has its sockets elsewhere. */
static bool
allowed(const struct rotate *o)
{
	return nodekey_may(o->etc) || (!o->node_key &&
	    strcmp(o->call.run_dir, RUNSTATEDIR "/qkdnode") != 0);
}

/* ---- arguments ---- */

static bool
is_store(const char *daemon)
{
	return strcmp(daemon, "kma") == 0 || strcmp(daemon, "ksa") == 0;
}

int
rotatecmd(const struct call *call, int argc, char **argv)
{
	struct rotate	o = { .call = *call, .etc = SYSCONFDIR "/qkdnode" };
	const char	*both[] = { "kma", "ksa" };
	int		 c, r = 0;

	umask(0077);		/* also of systemd-creds */
	optind = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if (c == 'e')
			o.etc = optarg;
		else if (c == 'n')
			o.node_key = true;
		else if (c == 'w')
			o.no_wait = true;
		else {
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? CALL_DONE : CALL_USAGE;
		}
	if (argc > optind + 1 || (argc > optind && !is_store(argv[optind]))) {
		usage(stderr);
		return CALL_USAGE;
	}
	if (!allowed(&o)) {
		fprintf(stderr, "qkdctl: only root may change the keys of a "
		    "node; nothing was tried\n");
		return CALL_REFUSED;
	}
	/* Two at once would settle on each other's keys and destroy the one
	 * that counts; locked until the end of the process. */
	if (o.node_key && etclock(o.etc) < 0)
		return CALL_REFUSED;
	if (argc > optind)
		return rotate(&o, argv[optind]) < 0 ? CALL_REFUSED :
		    CALL_DONE;
	for (size_t i = 0; i < 2; i++)
		r |= rotate(&o, both[i]);
	return r < 0 ? CALL_REFUSED : CALL_DONE;
}
