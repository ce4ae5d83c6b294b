/* confval.c - the scalar types of options: what each accepts. */
#include "confval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "log.h"

bool
confval_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* Each setter returns what is wrong, or NULL. */
static const char *
set_int(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind != V_INT)
		return "is not an integer";
	if (v->i < o->min || v->i > o->max)
		return "is out of range";
	*(int64_t *)field = v->i;
	return NULL;
}

static const char *
set_bool(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	(void)o;
	if (v->kind != V_BOOL)
		return "is not true or false";
	*(bool *)field = v->i != 0;
	return NULL;
}

static const char *
set_text(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind != V_TEXT)
		return "is not a text in quotes";
	if (strlen(v->s) >= o->size)
		return "is too long";
	if (!confval_printable(v->s))
		return "holds a control character";
	strcpy(field, v->s);
	return NULL;
}

static const char *
set_km_id(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind == V_TEXT && !km_id_valid(v->s, strlen(v->s)))
		return "is not a KM ID";
	return set_text(o, field, v);
}

static const char *
set_sae_id(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind == V_TEXT && !sae_id_valid(v->s, strlen(v->s)))
		return "is not an application ID";
	return set_text(o, field, v);
}

/* An option whose default is "" may be left empty in the file too. */
static bool
may_be_empty(const struct conf_opt *o, const struct conf_value *v)
{
	return *v->s == '\0' && o->dflt != NULL && *o->dflt == '\0';
}

static const char *
set_path(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind == V_TEXT && *v->s != '/' && !may_be_empty(o, v))
		return "does not begin with /";
	return set_text(o, field, v);
}

static bool
address_valid(const char *s)
{
	const char	*colon = strrchr(s, ':');
	size_t		 host = colon == NULL ? 0 : (size_t)(colon - s);
	size_t		 digits = colon == NULL ? 0 : strlen(colon + 1);

	if (host == 0 || digits == 0 || digits > 5 ||
	    strspn(colon + 1, "0123456789") != digits ||
	    atoi(colon + 1) < 1 || atoi(colon + 1) > 65535)
		return false;
	if (*s == '[')
		return host > 2 && s[host - 1] == ']' &&
		    strcspn(s + 1, "[]") == host - 2;
	return strcspn(s, ":[]/ ") == host;
}

static const char *
set_address(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind == V_TEXT && !address_valid(v->s) && !may_be_empty(o, v))
		return "is not an address with a port";
	return set_text(o, field, v);
}

static const char *
set_choice(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	if (v->kind != V_TEXT)
		return "is not a text in quotes";
	for (int i = 0; o->choices[i] != NULL; i++)
		if (strcmp(o->choices[i], v->s) == 0) {
			*(int *)field = i;
			return NULL;
		}
	return "is none of the choices";
}

static const char	*(*const setters[])(const struct conf_opt *, void *,
    const struct conf_value *) = {
	[CONF_INT] = set_int,
	[CONF_BOOL] = set_bool,
	[CONF_STRING] = set_text,
	[CONF_KM_ID] = set_km_id,
	[CONF_SAE_ID] = set_sae_id,
	[CONF_PATH] = set_path,
	[CONF_ADDRESS] = set_address,
	[CONF_CHOICE] = set_choice,
	[CONF_STRINGS] = NULL,
	[CONF_LIST] = NULL,
};

const char *
confval_set(const struct conf_opt *o, void *field, const struct conf_value *v)
{
	return setters[o->type](o, field, v);
}

void
confval_default(struct conf_value *v, const struct conf_opt *o)
{
	if (o->type == CONF_INT)
		*v = (struct conf_value){ V_INT, strtoll(o->dflt, NULL, 10),
		    NULL };
	else if (o->type == CONF_BOOL)
		*v = (struct conf_value){ V_BOOL, strcmp(o->dflt, "true") == 0,
		    NULL };
	else
		*v = (struct conf_value){ V_TEXT, 0, o->dflt };
}

void
confval_print(const struct conf_value *v, char out[CONFVAL_TEXT])
{
	if (v->kind == V_INT)
		snprintf(out, CONFVAL_TEXT, "%" PRId64, v->i);
	else if (v->kind == V_BOOL)
		snprintf(out, CONFVAL_TEXT, "%s", v->i ? "true" : "false");
	else if (v->kind == V_TEXT)
		snprintf(out, CONFVAL_TEXT, "%s", log_quote(v->s));
	else
		snprintf(out, CONFVAL_TEXT, "this");
}
