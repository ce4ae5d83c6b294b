/*
 * holder.c - an application that holds keys where a test looks for them: it
 * gets three by each way there is, holds them, and frees them. It says which
 * they are, never the keys; what is not theirs to see comes by the other end.
 */
#include <qkdnode-sae.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct qkdsae_keys	*held[3];
static int			 n;

static void
hold(struct qkdsae_keys **keys)
{
	printf("%s\n", qkdsae_keys_id(*keys, 0));
	fflush(stdout);
	held[n++] = *keys;
	*keys = NULL;
}

static const char *
on_keys(void *arg, const struct qkdsae_session *s, struct qkdsae_keys **keys)
{
	(void)arg, (void)s;
	hold(keys);
	return NULL;
}

static const char *
on_session(void *arg, const struct qkdsae_session *s)
{
	(void)arg, (void)s;
	return NULL;
}

static int
must(int r)
{
	if (r < 0) {
		fprintf(stderr, "holder: %s\n", qkdsae_reason());
		exit(1);
	}
	return r;
}

static void
get(struct qkdsae *q, char **args)
{
	struct qkdsae_keys	*keys;

	while (n < 3) {
		must(qkdsae_get(q, args[0], NULL, &keys));
		hold(&keys);
	}
}

static void
fetch(struct qkdsae *q, char **args)
{
	struct qkdsae_keys	*keys;

	while (n < 3) {
		must(qkdsae_fetch(q, args[0],
		    (const char *const *)&args[n + 1], 1, 0, &keys));
		hold(&keys);
	}
}

static void
session(struct qkdsae *q, char **args)
{
	struct qkdsae_keys	*keys;
	char			 id[QKDSAE_ID_SIZE];

	must(qkdsae_session_open(q, args[0], NULL, 0, id));
	while (n < 3) {
		must(qkdsae_session_get(q, id, NULL, &keys));
		hold(&keys);
	}
}

static void
listen_to(struct qkdsae *q, char **args)
{
	struct qkdsae_handlers	h = QKDSAE_HANDLERS_INIT;

	(void)args;
	h.on_session = on_session;
	h.on_keys = on_keys;
	must(qkdsae_listen(q, &h));
	puts("ready");
	fflush(stdout);
	while (n < 3)
		must(qkdsae_serve(q, -1));
}

/* The test says when to go on. */
static void
pause_here(const char *where)
{
	puts(where);
	fflush(stdout);
	(void)getchar();
}

int
main(int argc, char **argv)
{
	static const struct {
		const char	*name;
		void		(*run)(struct qkdsae *, char **);
	} ways[] = {
		{ "get", get }, { "fetch", fetch }, { "session", session },
		{ "listen", listen_to },
	};
	struct qkdsae_conf	 conf = QKDSAE_CONF_INIT;
	struct qkdsae		*q;

	conf.door = strcmp(getenv("QKDNODE_DOOR"), "https") == 0 ?
	    QKDSAE_HTTPS : QKDSAE_Q4161;
	conf.address = getenv("QKDNODE_KME");
	conf.certificate = getenv("QKDNODE_CERT");
	conf.private_key = getenv("QKDNODE_KEY");
	conf.ca = getenv("QKDNODE_CA");
	must(qkdsae_open(&q, &conf));
	for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].name, argv[1]) == 0)
			ways[i].run(q, argv + 2);
	pause_here("held");
	for (int i = 0; i < n; i++)
		qkdsae_keys_free(&held[i]);
	pause_here("freed");
	qkdsae_close(&q);
	pause_here("closed");
	return n == 3 ? 0 : 1;
}
