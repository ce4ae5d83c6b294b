/* confdoc.c - the table of options as text and as a manual page. */
#include "confdoc.h"

#include <inttypes.h>
#include <string.h>

static const char *
expected_choice(const struct conf_opt *o, char out[CONFDOC_MAX])
{
	size_t	at = 0;

	for (size_t i = 0; o->choices[i] != NULL && at < CONFDOC_MAX; i++)
		at += (size_t)snprintf(out + at, CONFDOC_MAX - at, "%s\"%s\"",
		    i == 0 ? "one of " : ", ", o->choices[i]);
	return out;
}

const char *
confdoc_expected(const struct conf_opt *o, char out[CONFDOC_MAX])
{
	static const char *const	fixed[] = {
		[CONF_BOOL] = "true or false",
		[CONF_KM_ID] = "KM ID (letters, digits and ._:-, at most 64)",
		[CONF_SAE_ID] = "application ID (UTF-8 without control "
		    "characters, at most 291 octets)",
		[CONF_ADDRESS] = "address \"HOST:PORT\" or \"[IPV6]:PORT\"",
		[CONF_STRINGS] = "array of texts",
		[CONF_LIST] = NULL,
	};

	switch (o->type) {
	case CONF_INT:
		snprintf(out, CONFDOC_MAX, "integer from %" PRId64 " to %"
		    PRId64 "%s%s", o->min, o->max, *o->unit ? " " : "",
		    o->unit);
		return out;
	case CONF_STRING:
	case CONF_PATH:
		snprintf(out, CONFDOC_MAX, "%s of at most %zu octets",
		    o->type == CONF_PATH ? "absolute path" : "text",
		    o->size - 1);
		return out;
	case CONF_CHOICE:
		return expected_choice(o, out);
	case CONF_LIST:
		snprintf(out, CONFDOC_MAX, "list of %" PRId64 " to %" PRId64
		    " groups", o->min, o->max);
		return out;
	default:
		snprintf(out, CONFDOC_MAX, "%s", fixed[o->type]);
		return out;
	}
}

static const char *
default_text(const struct conf_opt *o)
{
	if (o->type == CONF_LIST)
		return o->min > 0 ? NULL : "()";
	if (o->type == CONF_STRINGS)
		return "[]";
	return o->dflt != NULL && *o->dflt == '\0' ? "\"\"" : o->dflt;
}

static void
print_options(const struct conf_opt *opts, FILE *f, int indent)
{
	char		 buf[CONFDOC_MAX];
	const char	*dflt;

	for (const struct conf_opt *o = opts; o->name != NULL; o++) {
		dflt = default_text(o);
		fprintf(f, "%*s%s: %s, %s%s - %s\n", indent, "", o->name,
		    confdoc_expected(o, buf), dflt == NULL ? "" : "default ",
		    dflt == NULL ? "must be given" : dflt, o->help);
		if (o->type == CONF_LIST)
			print_options(o->sub, f, indent + 8);
	}
}

void
conf_print_options(const struct conf_opt *opts, FILE *f)
{
	print_options(opts, f, 0);
}

/* Text for man(7): no escapes, no hyphens for minus, no requests. */
static void
man_text(const char *s, FILE *f)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", f);
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			fputs("\\e", f);
		else if (*s == '"')
			fputs("\\(dq", f);
		else if (*s == '-')
			fputs("\\-", f);
		else
			fputc(*s, f);
	}
}

static void
man_entry(const struct conf_opt *o, FILE *f)
{
	char		 buf[CONFDOC_MAX];
	const char	*dflt = default_text(o);

	fputs(".TP\n\\fB", f);
	man_text(o->name, f);
	fputs("\\fR \\(em ", f);
	man_text(confdoc_expected(o, buf), f);
	if (dflt == NULL)
		fputs("; must be given\n", f);
	else {
		fputs("; default ", f);
		man_text(dflt, f);
		fputc('\n', f);
	}
	man_text(o->help, f);
	fputc('\n', f);
}

void
conf_print_man(const struct conf_opt *opts, FILE *f)
{
	for (const struct conf_opt *o = opts; o->name != NULL; o++) {
		man_entry(o, f);
		if (o->type != CONF_LIST)
			continue;
		fputs("Each group holds:\n.RS\n", f);
		conf_print_man(o->sub, f);
		fputs(".RE\n", f);
	}
}
