/*
 * example.c - an application with libqkdnode-sae, at either end, by either
 * door, upon request or in a session. See README.md.
 */
#include <qkdnode-sae.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
failed(const char *what, int error)
{
	fprintf(stderr, "example: %s: %s (%s)\n", what, qkdsae_reason(),
	    qkdsae_error_name(error));
	return 1;
}

/* A real application gives the octets to its cipher here, and prints none. */
static void
use(struct qkdsae_keys **keys)
{
	const unsigned char	*key;
	size_t			 octets;

	for (size_t i = 0; i < qkdsae_keys_number(*keys); i++) {
		key = qkdsae_keys_octets(*keys, i, &octets);
		printf("%s ", qkdsae_keys_id(*keys, i));
		for (size_t k = 0; k < octets; k++)
			printf("%02x", key[k]);
		putchar('\n');
	}
	fflush(stdout);
	qkdsae_keys_free(keys);		/* wiped */
}

/* Upon request: the master gets two keys, and tells the slave their IDs. */
static int
master(struct qkdsae *q, char **args)
{
	struct qkdsae_wanted	 two = QKDSAE_WANTED_INIT;
	struct qkdsae_keys	*keys;
	int			 r;

	two.number = 2;
	two.bits = 256;
	if ((r = qkdsae_get(q, args[0], &two, &keys)) < 0)
		return failed("get", r);
	use(&keys);
	return 0;
}

static int
slave(struct qkdsae *q, char **args)
{
	struct qkdsae_keys	*keys;
	size_t			 n = 0;
	int			 r;

	while (args[1 + n] != NULL)
		n++;
	if ((r = qkdsae_fetch(q, args[0], (const char *const *)&args[1], n, 0,
	    &keys)) < 0)
		return failed("fetch", r);
	use(&keys);
	return 0;
}

/* In a session: the nodes bring each key to both ends. */
static int
source(struct qkdsae *q, char **args)
{
	struct qkdsae_keys	*keys;
	char			 session[QKDSAE_ID_SIZE];
	int			 r;

	if ((r = qkdsae_session_open(q, args[0], "example", 3, session)) < 0)
		return failed("session", r);
	for (int i = 0; i < 3; i++) {
		if ((r = qkdsae_session_get(q, session, NULL, &keys)) < 0)
			return failed("key", r);
		use(&keys);
	}
	return 0;
}

static const char *
on_session(void *peer, const struct qkdsae_session *s)
{
	return strcmp(s->source, peer) == 0 ? NULL : "you are not expected";
}

/* From now on the other end may use it: be ready to receive, send later. */
static const char *
on_keys(void *peer, const struct qkdsae_session *s, struct qkdsae_keys **keys)
{
	(void)peer, (void)s;
	use(keys);
	return NULL;
}

static int
destination(struct qkdsae *q, char **args)
{
	struct qkdsae_handlers	h = QKDSAE_HANDLERS_INIT;
	int			r;

	h.arg = args[0];
	h.on_session = on_session;
	h.on_keys = on_keys;
	if ((r = qkdsae_listen(q, &h)) < 0)
		return failed("listen", r);
	puts("ready");
	fflush(stdout);
	while ((r = qkdsae_serve(q, -1)) >= 0)
		;
	return failed("serve", r);
}

int
main(int argc, char **argv)
{
	struct qkdsae_conf	 conf = QKDSAE_CONF_INIT;
	struct qkdsae		*q;
	const char		*door = getenv("QKDNODE_DOOR");
	int			 r;

	if (argc < 3) {
		fputs("usage: example {master SLAVE | slave MASTER KEY_ID... |"
		    "\n       source DESTINATION | destination SOURCE}\n",
		    stderr);
		return 2;
	}
	conf.door = door != NULL && strcmp(door, "https") == 0 ?
	    QKDSAE_HTTPS : QKDSAE_Q4161;
	conf.address = getenv("QKDNODE_KME");
	conf.certificate = getenv("QKDNODE_CERT");
	conf.private_key = getenv("QKDNODE_KEY");
	conf.ca = getenv("QKDNODE_CA");
	conf.km_id = getenv("QKDNODE_KME_ID");
	conf.retry_ms = 10000;
	if ((r = qkdsae_open(&q, &conf)) < 0)
		return failed("open", r);
	r = strcmp(argv[1], "master") == 0 ? master(q, argv + 2) :
	    strcmp(argv[1], "slave") == 0 ? slave(q, argv + 2) :
	    strcmp(argv[1], "source") == 0 ? source(q, argv + 2) :
	    destination(q, argv + 2);
	qkdsae_close(&q);
	return r;
}
