/*
 * confedit.c - edits a configuration file's text. confscan says where things
 * stand; libconfig says which of them is meant, and judges what comes out.
 */
#include "confedit.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confscan.h"
#include "err.h"

#define NONE	((size_t)-1)

/* What the text says of the list. */
struct view {
	struct conf_place	place;
	size_t			index;	/* of the group; NONE: none */
};

int
confedit_open(struct confedit *e, const char *text)
{
	e->why[0] = '\0';
	return (e->text = strdup(text)) == NULL ? -E_NO_MEMORY : 0;
}

void
confedit_free(struct confedit *e)
{
	free(e->text);
	e->text = NULL;
}

static int
because(struct confedit *e, int r, const char *why)
{
	snprintf(e->why, sizeof(e->why), "%s", why);
	return r;
}

/* The list as libconfig has it; NULL: there is none, or it is empty. */
static config_setting_t *
lookup(config_t *cfg, const char *list)
{
	config_setting_t	*s = config_lookup(cfg, list);

	return s != NULL && config_setting_length(s) > 0 ? s : NULL;
}

static size_t
find(config_setting_t *s, const char *key, const char *id)
{
	unsigned	n = s == NULL ? 0 : (unsigned)config_setting_length(s);
	const char	*v;

	for (unsigned i = 0; i < n; i++)
		if (config_setting_lookup_string(
		    config_setting_get_elem(s, i), key, &v) == CONFIG_TRUE &&
		    strcmp(v, id) == 0)
			return i;
	return NONE;
}

/* libconfig alone: it would read an @include, so confscan() goes before. */
static int
look_into(struct confedit *e, const char *text, const char *list,
    const char *key, const char *id, struct view *v)
{
	config_setting_t	*s;
	config_t		 cfg;
	int			 r = 0;

	config_init(&cfg);
	if (config_read_string(&cfg, text) != CONFIG_TRUE) {
		snprintf(e->why, sizeof(e->why), "line %d: %s",
		    config_error_line(&cfg), config_error_text(&cfg));
		r = -E_BAD_FORMAT;
		goto out;
	}
	s = lookup(&cfg, list);
	v->index = find(s, key, id);
	if ((s == NULL ? 0 : (size_t)config_setting_length(s)) != v->place.n)
		r = because(e, -E_BAD_FORMAT, "it is too odd to be edited "
		    "safely");
out:
	config_destroy(&cfg);
	return r;
}

static int
look(struct confedit *e, const char *text, const char *list, const char *key,
    const char *id, struct view *v)
{
	const char	*why;
	int		 r;

	e->why[0] = '\0';
	v->index = NONE;
	if ((r = confscan(text, list, &v->place, &why)) < 0)
		return because(e, r, why);
	if ((r = look_into(e, text, list, key, id, v)) < 0)
		confscan_free(&v->place);
	return r;
}

int
confedit_has(struct confedit *e, const char *list, const char *key,
    const char *id, bool *has)
{
	struct view	v;
	int		r;

	if ((r = look(e, e->text, list, key, id, &v)) < 0)
		return r;
	*has = v.index != NONE;
	confscan_free(&v.place);
	return 0;
}

/* `out` becomes `text` with the octets from..to replaced. */
static int
splice(char **text, size_t from, size_t to, const char *by)
{
	size_t	 len = strlen(*text), n = strlen(by);
	char	*p = malloc(len - (to - from) + n + 1);

	if (p == NULL)
		return -E_NO_MEMORY;
	memcpy(p, *text, from);
	memcpy(p + from, by, n);
	memcpy(p + from + n, *text + to, len - to + 1);
	free(*text);
	*text = p;
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Where the blanks before `at` begin. */
static size_t
blanks_before(const char *text, size_t at)
{
	while (at > 0 && is_blank(text[at - 1]))
		at--;
	return at;
}

static int
new_list(char **text, const char *list, const char *group)
{
	size_t	 len = strlen(*text), room = strlen(list) + strlen(group) + 16;
	char	*tail = malloc(room);
	int	 r;

	if (tail == NULL)
		return -E_NO_MEMORY;
	snprintf(tail, room, "%s%s = (\n\t%s\n);\n",
	    len > 0 && (*text)[len - 1] != '\n' ? "\n" : "", list, group);
	r = splice(text, len, len, tail);
	free(tail);
	return r;
}

/* Before the closing bracket, on a line of its own; then the comma. */
static int
into_list(char **text, const struct conf_place *p, const char *group)
{
	size_t	 closing = p->list.at + p->list.len - 1, end;
	size_t	 at = blanks_before(*text, closing);
	size_t	 room = strlen(group) + 8;
	bool	 own_line = (*text)[at - 1] == '\n';
	char	*line = malloc(room);
	int	 r;

	if (line == NULL)
		return -E_NO_MEMORY;
	snprintf(line, room, "%s\t%s\n", own_line ? "" : "\n", group);
	r = splice(text, at, at, line);
	free(line);
	if (r < 0 || p->n == 0 || p->comma[p->n - 1] > 0)
		return r;
	end = p->group[p->n - 1].at + p->group[p->n - 1].len;
	return splice(text, end, end, ",");
}

/* The line of from..to, if nothing else is on it. */
static void
whole_lines(const char *text, size_t *from, size_t *to)
{
	size_t	a = blanks_before(text, *from), b = *to;

	while (is_blank(text[b]))
		b++;
	if ((a == 0 || text[a - 1] == '\n') && text[b] == '\n') {
		*from = a;
		*to = b + 1;
	}
}

static int
out_of_list(char **text, const struct conf_place *p, size_t i)
{
	size_t	from = p->group[i].at, to = from + p->group[i].len;
	size_t	comma = p->comma[i], blanks = to;
	int	r = 0;

	while (is_blank((*text)[blanks]))
		blanks++;
	if (comma > 0 && blanks == comma)
		to = comma + 1;
	else if (comma > 0)		/* behind a comment */
		r = splice(text, comma, comma + 1, "");
	whole_lines(*text, &from, &to);
	if (r == 0)
		r = splice(text, from, to, "");
	/* The last one's comma would be one too many. */
	if (r == 0 && comma == 0 && i > 0)
		r = splice(text, p->comma[i - 1], p->comma[i - 1] + 1, "");
	return r;
}

/* The new text counts only if it says just what it should. */
static int
adopt(struct confedit *e, char *text, const char *list, const char *key,
    const char *id, size_t n)
{
	struct view	v;
	int		r;

	if ((r = look(e, text, list, key, id, &v)) < 0)
		goto out;
	if (v.place.n != n)
		r = because(e, -E_BAD_FORMAT, "it is too odd to be edited "
		    "safely");
	confscan_free(&v.place);
out:
	if (r == 0) {
		free(e->text);
		e->text = text;
	} else
		free(text);
	return r;
}

/* One group and nothing behind it. */
static int
check_group(struct confedit *e, const char *group)
{
	size_t		 len = strlen(group), room = len + 16;
	char		*text = malloc(room);
	struct conf_place	 p;
	const char	*why;
	int		 r = -E_NO_MEMORY;

	if (text == NULL)
		return r;
	snprintf(text, room, "v=(%s\n)", group);
	if ((r = confscan(text, "v", &p, &why)) < 0)
		because(e, r, why);
	else if (p.n != 1 || p.group[0].at != 3 || p.group[0].len != len)
		r = because(e, -E_BAD_FORMAT, "what is added is no group");
	confscan_free(&p);
	free(text);
	return r;
}

int
confedit_add(struct confedit *e, const char *list, const char *key,
    const char *id, const char *group)
{
	struct view	 v;
	char		*text;
	size_t		 n;
	int		 r;

	if ((r = check_group(e, group)) < 0 ||
	    (r = look(e, e->text, list, key, id, &v)) < 0)
		return r;
	n = v.place.n + 1;
	if ((text = strdup(e->text)) == NULL)
		r = -E_NO_MEMORY;
	else if (v.index != NONE)
		r = because(e, -E_EXISTS, "it stands there already");
	else if (v.place.list.len == 0)
		r = new_list(&text, list, group);
	else
		r = into_list(&text, &v.place, group);
	confscan_free(&v.place);
	if (r == 0)
		return adopt(e, text, list, key, id, n);
	free(text);
	return r;
}

int
confedit_remove(struct confedit *e, const char *list, const char *key,
    const char *id)
{
	struct view	 v;
	char		*text;
	size_t		 n;
	int		 r;

	if ((r = look(e, e->text, list, key, id, &v)) < 0)
		return r;
	n = v.place.n - 1;
	if ((text = strdup(e->text)) == NULL)
		r = -E_NO_MEMORY;
	else if (v.index == NONE)
		r = because(e, -E_NOT_FOUND, "it does not stand there");
	else
		r = out_of_list(&text, &v.place, v.index);
	confscan_free(&v.place);
	if (r == 0)
		return adopt(e, text, list, key, id, n);
	free(text);
	return r;
}

char *
confedit_quote(const char *s)
{
	char	*out = malloc(strlen(s) * 2 + 3), *p = out;

	if (out == NULL)
		return NULL;
	*p++ = '"';
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			*p++ = '\\';
		*p++ = *s;
	}
	*p++ = '"';
	*p = '\0';
	return out;
}
