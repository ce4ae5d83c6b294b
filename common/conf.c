/* conf.c - reads a configuration file by a table of options. */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confdoc.h"
#include "confval.h"
#include "err.h"

#define FILE_MAX	(16 * 1024 * 1024)	/* octets */
#define TEXT_MAX	1024	/* of one of CONF_STRINGS */

struct loader {
	const char	*path;
	FILE		*err;
	int		 faults;
};

static void fault(struct loader *, unsigned, const char *, const char *, ...)
    __attribute__((format(printf, 4, 5)));

static void
fault(struct loader *ld, unsigned line, const char *option, const char *fmt,
    ...)
{
	va_list	ap;

	ld->faults++;
	fprintf(ld->err, "%s:%u: ", ld->path, line > 0 ? line : 1);
	if (option != NULL)
		fprintf(ld->err, "%s: ", option);
	va_start(ap, fmt);
	vfprintf(ld->err, fmt, ap);
	va_end(ap);
	fputc('\n', ld->err);
}

/* ---- options ---- */

static void
read_value(struct conf_value *v, const config_setting_t *s)
{
	*v = (struct conf_value){ V_OTHER, 0, NULL };
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		v->kind = V_INT;
		v->i = config_setting_get_int64(s);
		break;
	case CONFIG_TYPE_BOOL:
		v->kind = V_BOOL;
		v->i = config_setting_get_bool(s);
		break;
	case CONFIG_TYPE_STRING:
		v->kind = V_TEXT;
		v->s = config_setting_get_string(s);
		break;
	default:
		break;
	}
}

static void
load_scalar(struct loader *ld, const struct conf_opt *o, void *field,
    const config_setting_t *s)
{
	char		 expected[CONFDOC_MAX], text[CONFVAL_TEXT];
	struct conf_value	 v;
	const char	*wrong;

	read_value(&v, s);
	if ((wrong = confval_set(o, field, &v)) == NULL)
		return;
	confval_print(&v, text);
	fault(ld, config_setting_source_line(s), o->name,
	    "%s %s; expected: %s", text, wrong, confdoc_expected(o, expected));
}

static void
load_strings(struct loader *ld, const struct conf_opt *o,
    struct conf_strings *out, const config_setting_t *s)
{
	unsigned	 line = config_setting_source_line(s);
	int		 n = config_setting_length(s);
	const char	*text;

	if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
		fault(ld, line, o->name, "expected: array of texts");
		return;
	}
	if ((out->v = calloc((size_t)n + 1, sizeof(*out->v))) == NULL) {
		fault(ld, line, o->name, "out of memory");
		return;
	}
	for (int i = 0; i < n; i++) {
		text = config_setting_get_string_elem(s, i);
		if (text == NULL || strlen(text) > TEXT_MAX ||
		    !confval_printable(text))
			fault(ld, line, o->name, "item %d is not a printable "
			    "text of at most %d octets", i + 1, TEXT_MAX);
		else if ((out->v[out->n] = strdup(text)) != NULL)
			out->n++;
	}
}

static void	load_group(struct loader *, const struct conf_opt *, void *,
		    const config_setting_t *);

static void
load_list(struct loader *ld, const struct conf_opt *o, struct conf_list *out,
    const config_setting_t *s)
{
	char			 expected[CONFDOC_MAX];
	unsigned		 line = config_setting_source_line(s);
	int			 n = config_setting_length(s);
	const config_setting_t	*e;

	/* "()" may be read as an empty array in some versions. */
	if (!(config_setting_is_list(s) || config_setting_is_array(s)) ||
	    n < o->min || n > o->max) {
		fault(ld, line, o->name, "expected: %s",
		    confdoc_expected(o, expected));
		return;
	}
	if ((out->v = calloc((size_t)n + 1, o->elem)) == NULL) {
		fault(ld, line, o->name, "out of memory");
		return;
	}
	for (int i = 0; i < n; i++) {
		e = config_setting_get_elem(s, (unsigned)i);
		if (!config_setting_is_group(e)) {
			fault(ld, config_setting_source_line(e), o->name,
			    "item %d is not a group { ... }", i + 1);
			continue;
		}
		load_group(ld, o->sub, (char *)out->v + out->n * o->elem, e);
		out->n++;
	}
}

static void
load_default(struct loader *ld, const struct conf_opt *o, void *field,
    unsigned line)
{
	char		expected[CONFDOC_MAX];
	bool		list = o->type == CONF_LIST;
	struct conf_value	v;

	if (o->dflt == NULL || (list && o->min > 0)) {
		fault(ld, line, o->name, "is missing and must be given: %s",
		    confdoc_expected(o, expected));
		return;
	}
	if (list || o->type == CONF_STRINGS)
		return;
	/* Only a default of "" may break the rule of its type. */
	confval_default(&v, o);
	if (v.kind == V_TEXT && *v.s == '\0')
		*(char *)field = '\0';
	else if (confval_set(o, field, &v) != NULL)
		fault(ld, line, o->name, "the built-in default is wrong");
}

static void
load_option(struct loader *ld, const struct conf_opt *o, void *out,
    const config_setting_t *group)
{
	void			*field = (char *)out + o->offset;
	const config_setting_t	*s;

	s = config_setting_get_member(group, o->name);
	if (s == NULL)
		load_default(ld, o, field, config_setting_source_line(group));
	else if (o->type == CONF_LIST)
		load_list(ld, o, field, s);
	else if (o->type == CONF_STRINGS)
		load_strings(ld, o, field, s);
	else
		load_scalar(ld, o, field, s);
}

static void
load_group(struct loader *ld, const struct conf_opt *opts, void *out,
    const config_setting_t *group)
{
	const config_setting_t	*s;
	const struct conf_opt	*o;

	for (int i = 0; i < config_setting_length(group); i++) {
		s = config_setting_get_elem(group, (unsigned)i);
		for (o = opts; o->name != NULL; o++)
			if (strcmp(o->name, config_setting_name(s)) == 0)
				break;
		if (o->name == NULL)
			fault(ld, config_setting_source_line(s),
			    config_setting_name(s), "unknown %s",
			    config_setting_is_group(s) ? "group" : "option");
	}
	for (o = opts; o->name != NULL; o++)
		load_option(ld, o, out, group);
}

/* ---- the file ---- */

/* The file's text with a NUL, or NULL. */
static char *
file_read(struct loader *ld)
{
	struct stat	 st;
	char		*text = NULL;
	ssize_t		 n = -1;
	int		 fd;

	if ((fd = open(ld->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY)) < 0 || fstat(fd, &st) < 0)
		fault(ld, 0, NULL, "cannot be read: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		fault(ld, 0, NULL, "is not a regular file of at most %d "
		    "octets", FILE_MAX);
	else if ((text = malloc((size_t)st.st_size + 1)) == NULL ||
	    (n = read(fd, text, (size_t)st.st_size)) < 0)
		fault(ld, 0, NULL, "cannot be read: %s", strerror(errno));
	else if (memchr(text, '\0', (size_t)n) != NULL)
		fault(ld, 0, NULL, "holds a NUL character");
	else
		text[n] = '\0';
	if (fd >= 0)
		close(fd);
	if (ld->faults > 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/* The end of a text in quotes or a comment that begins at p; p: neither. */
static const char *
skip_quoted(const char *p)
{
	const char	*end;

	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*')
		return (end = strstr(p + 2, "*/")) == NULL ? p + strlen(p) :
		    end + 2;
	if (*p != '"')
		return p;
	for (p++; *p != '\0' && *p != '"'; p++)
		if (p[0] == '\\' && p[1] != '\0')
			p++;
	return *p == '"' ? p + 1 : p;
}

/* libconfig takes 4294967356 without an L for 60 and says nothing. */
static void
check_number(struct loader *ld, unsigned line, const char *p, size_t len)
{
	char	*end;

	errno = 0;
	if (!(*p >= '0' && *p <= '9') || (strtoll(p, &end, 0) <= INT32_MAX &&
	    errno == 0) || end != p + len)
		return;
	fault(ld, line, NULL, "a number this large needs an L at its end: "
	    "%.*sL", (int)len, p);
}

/*
 * libconfig would look for included files in the working directory. One file
 * that says all is what an operator expects to check with -n.
 */
static void
check_text(struct loader *ld, const char *text)
{
	static const char	word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_.@-*";
	unsigned		line = 1;
	const char		*next;

	for (const char *p = text; *p != '\0'; p = next) {
		size_t	len = strspn(p, word);

		next = len > 0 ? p + len : skip_quoted(p);
		if (next == p)
			next++;
		check_number(ld, line, p, len);
		if (strncmp(p, "@include", 8) == 0)
			fault(ld, line, "@include", "is not supported: write "
			    "the options into this file");
		for (; p < next; p++)
			line += *p == '\n';
	}
}

int
conf_load(const struct conf_opt *opts, void *out, const char *path, FILE *err)
{
	struct loader	 ld = { path, err, 0 };
	config_t	 cfg;
	char		*text;

	config_init(&cfg);
	if ((text = file_read(&ld)) != NULL)
		check_text(&ld, text);
	if (ld.faults > 0)
		goto out;
	if (config_read_string(&cfg, text) != CONFIG_TRUE)
		fault(&ld, (unsigned)config_error_line(&cfg), NULL, "%s",
		    config_error_text(&cfg));
	else
		load_group(&ld, opts, out, config_root_setting(&cfg));
	if (ld.faults > 0)
		conf_free(opts, out);
out:
	config_destroy(&cfg);
	free(text);
	return ld.faults > 0 ? -E_CONFIG : 0;
}

static void
free_strings(struct conf_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct conf_strings){ 0, NULL };
}

void
conf_free(const struct conf_opt *opts, void *out)
{
	for (const struct conf_opt *o = opts; o->name != NULL; o++) {
		void			*field = (char *)out + o->offset;
		struct conf_list	*l = field;

		if (o->type == CONF_STRINGS)
			free_strings(field);
		if (o->type != CONF_LIST)
			continue;
		for (size_t i = 0; i < l->n; i++)
			conf_free(o->sub, (char *)l->v + i * o->elem);
		free(l->v);
		*l = (struct conf_list){ 0, NULL };
	}
}

static void
on_difference(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
}

static bool
strings_differ(const struct conf_strings *a, const struct conf_strings *b)
{
	bool	differ = a->n != b->n;

	for (size_t i = 0; !differ && i < a->n; i++)
		differ = strcmp(a->v[i], b->v[i]) != 0;
	return differ;
}

static bool
lists_differ(const struct conf_opt *o, const struct conf_list *a,
    const struct conf_list *b)
{
	bool	differ = a->n != b->n;

	for (size_t i = 0; !differ && i < a->n; i++)
		conf_diff(o->sub, (char *)a->v + i * o->elem,
		    (char *)b->v + i * o->elem, on_difference, &differ);
	return differ;
}

void
conf_diff(const struct conf_opt *opts, const void *a, const void *b,
    void (*fn)(void *arg, const char *name), void *arg)
{
	for (const struct conf_opt *o = opts; o->name != NULL; o++) {
		const void	*fa = (const char *)a + o->offset;
		const void	*fb = (const char *)b + o->offset;
		bool		 differ;

		if (o->type == CONF_LIST)
			differ = lists_differ(o, fa, fb);
		else if (o->type == CONF_STRINGS)
			differ = strings_differ(fa, fb);
		else if (o->type == CONF_INT || o->type == CONF_BOOL ||
		    o->type == CONF_CHOICE)
			differ = memcmp(fa, fb, o->size) != 0;
		else
			differ = strcmp(fa, fb) != 0;
		if (differ)
			fn(arg, o->name);
	}
}
