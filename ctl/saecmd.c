#include "saecmd.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "saefail.h"
#include "saeids.h"
#include "saelisten.h"
#include "saesession.h"

static void
set_text(json_t *j, const char *name, const char *value)
{
	if (value[0] != '\0')
		json_object_set_new(j, name, json_string(value));
}

static void
set_number(json_t *j, const char *name, int64_t value)
{
	if (value >= 0)
		json_object_set_new(j, name, json_integer(value));
}

static int
run_status(const struct saeopt *o, struct qkdsae *c)
{
	struct qkdsae_status s = QKDSAE_STATUS_INIT;
	json_t	*j;
	int	 r;

	if ((r = qkdsae_status(c, o->other, &s)) < 0)
		return saefail_say(o, r);
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
	return SAE_DONE;
}

static int
run_get(const struct saeopt *o, struct qkdsae *c)
{
	struct qkdsae_keys	*keys;
	int			 r;

	if ((r = qkdsae_get(c, o->other, &o->wanted, &keys)) < 0)
		return saefail_say(o, r);
	/* Whoever reads the IDs may fetch. */
	if ((r = saeout_write(&o->out, keys, NULL)) == 0)
		r = saeids_print(o, keys, NULL);
	qkdsae_keys_free(&keys);
	return r < 0 ? SAE_LOCAL : r;
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
		if (o->nids == QKDSAE_KEYS_MAX ||
		    (o->ids[o->nids++] = strdup(line)) == NULL) {
			fprintf(stderr, "qkdctl: standard input: more than "
			    "%d key_IDs\n", QKDSAE_KEYS_MAX);
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
run_fetch(const struct saeopt *o, struct qkdsae *c)
{
	struct qkdsae_keys	*keys;
	int			 r;

	if ((r = qkdsae_fetch(c, o->other, o->ids, o->nids, o->bits,
	    &keys)) < 0)
		return saefail_say(o, r);
	r = saeout_write(&o->out, keys, NULL);
	qkdsae_keys_free(&keys);
	return r < 0 ? SAE_LOCAL : r;
}

static int
run(const struct saeopt *o)
{
	static int	(*const runs[])(const struct saeopt *,
			    struct qkdsae *) = {
		[SAEVERB_STATUS] = run_status, [SAEVERB_GET] = run_get,
		[SAEVERB_FETCH] = run_fetch,
		[SAEVERB_SESSION] = saesession_run,
		[SAEVERB_LISTEN] = saelisten_run,
	};
	struct qkdsae	*c;
	struct stat	 st;
	int		 r;

	if (stat(o->conf.private_key, &st) == 0 && st.st_mode & S_IROTH)
		fprintf(stderr, "qkdctl: warning: everybody can read the "
		    "private key %s\n", o->conf.private_key);
	if ((r = qkdsae_open(&c, &o->conf)) < 0)
		return saefail_say(o, r);
	r = runs[o->verb](o, c);
	qkdsae_close(&c);
	return r;
}

int
saecmd(const struct call *call, int argc, char **argv)
{
	static struct saeopt	o;
	bool			from_stdin;
	int			r;

	(void)call;
	if ((r = saeopt_read(&o, argc, argv)) != 0)
		return r < 0 ? SAE_LOCAL : SAE_DONE;
	from_stdin = o.nids == 1 && strcmp(o.ids[0], "-") == 0;
	r = from_stdin && read_ids(&o) < 0 ? SAE_LOCAL : run(&o);
	if (from_stdin)
		free_ids(&o);
	if (fflush(stdout) != 0 && r == SAE_DONE) {
		fprintf(stderr, "qkdctl: standard output: %s\n",
		    strerror(errno));
		r = SAE_LOCAL;
	}
	return r;
}
