#include "saeoptset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ident.h"

int
saeoptset_misuse(const char *what, const char *why)
{
	fprintf(stderr, "qkdctl sae: %s%s%s (qkdctl sae --help)\n", what,
	    why[0] != '\0' ? ": " : "", why);
	return -1;
}

static void *
place(struct saeopt *o, const struct saeoptrow *row)
{
	return (char *)o + row->at;
}

int
saeoptset_text(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	const char	**text = place(o, row);

	*text = arg;
	return 0;
}

int
saeoptset_number(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	uint32_t	*out = place(o, row);
	unsigned long	 v;
	char		*end, why[80];

	errno = 0;
	v = strtoul(arg, &end, 10);
	if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || errno != 0 ||
	    v < row->min || v > row->max) {
		snprintf(why, sizeof(why), "--%s: %u to %u expected",
		    row->name, row->min, row->max);
		return saeoptset_misuse(arg, why);
	}
	*out = (uint32_t)v;
	return 0;
}

/* Seconds for people, milliseconds for the library. */
int
saeoptset_ms(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	unsigned	*ms = place(o, row);

	if (saeoptset_number(o, row, arg) < 0)
		return -1;
	*ms *= 1000;
	return 0;
}

int
saeoptset_door(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	(void)row;
	if (strcmp(arg, "https") == 0)
		o->conf.door = QKDSAE_HTTPS;
	else if (strcmp(arg, "q4161") == 0)
		o->conf.door = QKDSAE_Q4161;
	else
		return saeoptset_misuse(arg, "--door: https or q4161 "
		    "expected");
	o->door = arg;
	return 0;
}

int
saeoptset_format(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	(void)row;
	o->out.format = saetext_format(arg);
	return o->out.format != SAEFORMAT_NONE ? 0 :
	    saeoptset_misuse(arg, "json, base64, hex or raw expected");
}

int
saeoptset_also(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	if (o->wanted.nalso == QKDSAE_ALSO_MAX)
		return saeoptset_misuse(row->name, "too many");
	o->also[o->wanted.nalso++] = arg;
	return 0;
}

int
saeoptset_from(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	if (o->nfrom == SAEOPT_FROM_MAX)
		return saeoptset_misuse(row->name, "too many");
	o->from[o->nfrom++] = arg;
	return 0;
}

/* Said as the KME says it, so that both ends name it alike. */
int
saeoptset_session(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	uint8_t	id[16];

	if (uuid_parse(arg, strlen(arg), id) < 0)
		return saeoptset_misuse(arg, "--session: a UUID expected");
	(void)row;
	uuid_print(id, o->session);
	return 0;
}

static int
add_extension(struct saeopt *o, char *arg, bool mandatory)
{
	char	*equals = strchr(arg, '=');

	if (equals == NULL || equals == arg)
		return saeoptset_misuse(arg, "NAME=JSON expected");
	if (o->wanted.nextensions == QKDSAE_EXTENSIONS_MAX)
		return saeoptset_misuse(arg, "too many extensions");
	*equals = '\0';
	o->extensions[o->wanted.nextensions++] = (struct qkdsae_extension){
	    arg, equals + 1, mandatory };
	return 0;
}

int
saeoptset_mandatory(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	(void)row;
	return add_extension(o, arg, true);
}

int
saeoptset_optional(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	(void)row;
	return add_extension(o, arg, false);
}

int
saeoptset_flag(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	bool	*flag = place(o, row);

	(void)arg;
	*flag = true;
	return 0;
}

int
saeoptset_once(struct saeopt *o, const struct saeoptrow *row, char *arg)
{
	(void)row;
	(void)arg;
	o->count = 1;
	return 0;
}
