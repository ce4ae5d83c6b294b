#include "saecmd.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "saeopt.h"
#include "tlscert.h"

enum { DONE, LOCAL, REFUSED, LATER, NETWORK };	/* exit codes */

static const struct {
	int	error, code;
} codes[] = {
	{ 0, DONE },
	{ E_REFUSED, REFUSED }, { E_DENIED, REFUSED },
	{ E_BUSY, LATER },
	{ E_DOWN, NETWORK }, { E_TIMEOUT, NETWORK }, { E_CLOSED, NETWORK },
	{ E_TLS, NETWORK }, { E_BAD_FORMAT, NETWORK },
	{ E_TOO_LARGE, NETWORK },
};

static int
code_of(int r)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].error == -r)
			return codes[i].code;
	return LOCAL;
}

/* Whoever is refused wants to know as whom he came. */
static void
say_who(const char *file)
{
	FILE	*f = fopen(file, "re");
	X509	*cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (cert != NULL)
		fprintf(stderr, "qkdctl: our certificate is %s (%s)\n", file,
		    tlscert_text(cert));
	X509_free(cert);
	if (f != NULL)
		fclose(f);
}

static int
failed(const struct saeopt *o, const struct saeclient *c, int r)
{
	fprintf(stderr, "qkdctl: %s\n", c != NULL ? saeclient_reason(c) :
	    err_text(r));
	if (r == -E_DENIED)
		say_who(o->conf.certificate);
	return code_of(r);
}

static void
set_text(json_t *j, const char *name, const char *value)
{
	if (value[0] != '\0')
		json_object_set_new(j, name, json_string(value));
}

static void
set_number(json_t *j, const char *name, int64_t value)
{
	if (value != SAE_NO_NUMBER)
		json_object_set_new(j, name, json_integer(value));
}

static int
run_status(const struct saeopt *o, struct saeclient *c)
{
	struct saestatus s;
	json_t	*j;
	int	 r;

	if ((r = saeclient_status(c, o->slave, &s)) < 0)
		return failed(o, c, r);
	j = json_object();
	set_text(j, "source_KME_ID", s.source_kme);
	set_text(j, "target_KME_ID", s.target_kme);
	set_text(j, "master_SAE_ID", s.master_sae);
	set_text(j, "slave_SAE_ID", s.slave_sae);
	set_number(j, "key_size", s.key_size);
	set_number(j, "stored_key_count", s.stored_key_count);
	set_number(j, "max_key_count", s.max_key_count);
	set_number(j, "max_key_per_request", s.max_key_per_request);
	set_number(j, "max_key_size", s.max_key_size);
	set_number(j, "min_key_size", s.min_key_size);
	set_number(j, "max_SAE_ID_count", s.max_sae_id_count);
	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(j);
	return DONE;
}

/* After the keys have found their place: whoever reads them may fetch. */
static void
print_ids(const struct saeopt *o, const struct saekeys *keys)
{
	if (o->out.file != NULL && strcmp(o->out.file, "-") == 0)
		return;
	for (size_t i = 0; i < keys->n; i++)
		puts(keys->key[i].id);
}

static int
run_get(const struct saeopt *o, struct saeclient *c)
{
	const struct saeget	 g = { o->slave, o->also, o->nalso, o->number,
				    o->size, o->extensions, o->nextensions };
	struct saekeys		*keys;
	int			 r;

	if ((r = saeclient_get(c, &g, &keys)) < 0)
		return failed(o, c, r);
	if ((r = saeout_write(&o->out, keys)) == 0)
		print_ids(o, keys);
	saekeys_free(&keys);
	return r < 0 ? LOCAL : r;
}

/* Key_IDs on standard input, one a line; they are not secret. */
static int
read_ids(struct saeopt *o)
{
	char	*line = NULL;
	size_t	 room = 0;
	ssize_t	 n;

	o->nids = 0;
	while ((n = getline(&line, &room, stdin)) > 0) {
		line[strcspn(line, " \t\r\n")] = '\0';
		if (line[0] == '\0')
			continue;
		if (o->nids == SAE_KEYS_MAX ||
		    (o->ids[o->nids++] = strdup(line)) == NULL) {
			fprintf(stderr, "qkdctl: standard input: more than "
			    "%d key_IDs\n", SAE_KEYS_MAX);
			free(line);
			return -1;
		}
	}
	free(line);
	return 0;
}

static void
free_ids(struct saeopt *o)
{
	for (size_t i = 0; i < o->nids; i++)
		free((char *)(uintptr_t)o->ids[i]);
	o->nids = 0;
}

static int
run_fetch(const struct saeopt *o, struct saeclient *c)
{
	const struct saefetch	 f = { o->master, o->ids, o->nids, o->size };
	struct saekeys		*keys;
	int			 r;

	if ((r = saeclient_fetch(c, &f, &keys)) < 0)
		return failed(o, c, r);
	r = saeout_write(&o->out, keys);
	saekeys_free(&keys);
	return r < 0 ? LOCAL : r;
}

static int
run(const struct saeopt *o)
{
	static int	(*const runs[])(const struct saeopt *,
			    struct saeclient *) = {
		[SAEVERB_STATUS] = run_status, [SAEVERB_GET] = run_get,
		[SAEVERB_FETCH] = run_fetch,
	};
	struct saeclient *c;
	struct stat	 st;
	int		 r;

	if (stat(o->conf.private_key, &st) == 0 && st.st_mode & S_IROTH)
		fprintf(stderr, "qkdctl: warning: everybody can read the "
		    "private key %s\n", o->conf.private_key);
	if ((r = saeclient_open(&c, &o->conf)) < 0)
		r = failed(o, c, r);
	else
		r = runs[o->verb](o, c);
	saeclient_close(&c);
	return r;
}

int
saecmd(int argc, char **argv)
{
	static struct saeopt	o;
	bool			from_stdin;
	int			r;

	if ((r = saeopt_read(&o, argc, argv)) != 0)
		return r < 0 ? LOCAL : DONE;
	from_stdin = o.nids == 1 && strcmp(o.ids[0], "-") == 0;
	r = from_stdin && read_ids(&o) < 0 ? LOCAL : run(&o);
	if (from_stdin)
		free_ids(&o);
	if (fflush(stdout) != 0 && r == DONE) {
		fprintf(stderr, "qkdctl: standard output: %s\n",
		    strerror(errno));
		r = LOCAL;
	}
	return r;
}
