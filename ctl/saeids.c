#include "saeids.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static void
print_lines(const struct qkdsae_keys *keys)
{
	for (size_t i = 0; i < qkdsae_keys_number(keys); i++)
		puts(qkdsae_keys_id(keys, i));
}

static void
print_json(const struct qkdsae_keys *keys, const struct saeout_about *about)
{
	json_t	*j = json_object(), *ids = json_array();

	for (size_t i = 0; i < qkdsae_keys_number(keys); i++)
		json_array_append_new(ids, json_string(qkdsae_keys_id(keys,
		    i)));
	json_object_set_new(j, "session_ID", json_string(about->session));
	if (about->source != NULL)
		json_object_set_new(j, "source", json_string(about->source));
	json_object_set_new(j, "key_IDs", ids);
	json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(j);
}

int
saeids_print(const struct saeopt *o, const struct qkdsae_keys *keys,
    const struct saeout_about *about)
{
	if (o->out.file != NULL && strcmp(o->out.file, "-") == 0)
		return 0;
	if (o->json && about != NULL)
		print_json(keys, about);
	else
		print_lines(keys);
	if (fflush(stdout) == 0)
		return 0;
	fprintf(stderr, "qkdctl: standard output: %s\n", strerror(errno));
	return -1;
}
