/* confscan.c - the syntax of libconfig, with the place of each thing. */
#include "confscan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

#define DEPTH_MAX	16

enum token { END, WORD, STRING, MARK, BAD };

struct scan {
	const char		*text;
	size_t			 pos;	/* behind the token */
	enum token		 token;
	struct conf_span	 at;	/* the token */
	size_t			 before;	/* the end of the one before */
	const char		*why;
};

static const char	word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789_.+-*";

/* Behind white space and comments; NULL: a comment has no end. */
static const char *
skip(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n\f");
		if (*p == '#' || (p[0] == '/' && p[1] == '/'))
			p += strcspn(p, "\n");
		else if (p[0] == '/' && p[1] == '*') {
			if ((p = strstr(p + 2, "*/")) == NULL)
				return NULL;
			p += 2;
		} else
			return p;
	}
}

/* Behind the closing quote; NULL: there is none. */
static const char *
skip_string(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (*p == '\0')
			return NULL;
	}
	return p + 1;
}

static enum token
bad(struct scan *s, const char *why)
{
	if (s->why == NULL)
		s->why = why;
	return s->token = BAD;
}

static enum token
next(struct scan *s)
{
	const char	*p = skip(s->text + s->pos), *end;

	s->before = s->at.at + s->at.len;
	if (s->token == BAD || p == NULL)
		return bad(s, "a comment has no end");
	end = p + 1;
	if (*p == '\0') {
		s->token = END;
		end = p;
	} else if (*p == '"') {
		s->token = STRING;
		if ((end = skip_string(p)) == NULL)
			return bad(s, "a text in quotes has no end");
	} else if (strspn(p, word) > 0) {
		s->token = WORD;
		end = p + strspn(p, word);
	} else if (strchr("=:;,(){}[]", *p) != NULL)
		s->token = MARK;
	else
		return bad(s, *p == '@' ? "it has an @include" :
		    "it has a character that is none of the syntax");
	s->at = (struct conf_span){ (size_t)(p - s->text), (size_t)(end - p) };
	s->pos = (size_t)(end - s->text);
	return s->token;
}

static bool
mark(const struct scan *s, char c)
{
	return s->token == MARK && s->text[s->at.at] == c;
}

static int	value(struct scan *, int depth, struct conf_span *);

/* From the opening bracket to behind the closing one. */
static int
elements(struct scan *s, int depth, char closing)
{
	struct conf_span	v;

	next(s);
	while (!mark(s, closing)) {
		if (value(s, depth, &v) < 0)
			return -E_BAD_FORMAT;
		if (mark(s, ','))
			next(s);
		else if (!mark(s, closing)) {
			bad(s, "a comma or a closing bracket is missing");
			return -E_BAD_FORMAT;
		}
	}
	next(s);
	return 0;
}

/* One "name = value"; found: where the value stands, if name is `wanted`. */
static int
setting(struct scan *s, int depth, const char *wanted,
    struct conf_span *found)
{
	struct conf_span	name = s->at, v;

	if (s->token != WORD) {
		bad(s, "an option's name is missing");
		return -E_BAD_FORMAT;
	}
	next(s);
	if (!mark(s, '=') && !mark(s, ':')) {
		bad(s, "an option has no value");
		return -E_BAD_FORMAT;
	}
	next(s);
	if (value(s, depth, &v) < 0)
		return -E_BAD_FORMAT;
	if (mark(s, ';') || mark(s, ','))
		next(s);
	if (wanted == NULL || strlen(wanted) != name.len ||
	    memcmp(s->text + name.at, wanted, name.len) != 0)
		return 0;
	if (found->len > 0) {
		bad(s, "the option stands twice");
		return -E_BAD_FORMAT;
	}
	*found = v;
	return 0;
}

static int
group(struct scan *s, int depth)
{
	next(s);
	while (!mark(s, '}'))
		if (setting(s, depth, NULL, NULL) < 0)
			return -E_BAD_FORMAT;
	next(s);
	return 0;
}

static int
value(struct scan *s, int depth, struct conf_span *v)
{
	int	r = 0;

	v->at = s->at.at;
	if (depth >= DEPTH_MAX) {
		bad(s, "it is nested too deep");
		r = -E_BAD_FORMAT;
	} else if (s->token == WORD)
		next(s);
	else if (s->token == STRING)
		while (next(s) == STRING)	/* texts in a row are one */
			continue;
	else if (mark(s, '('))
		r = elements(s, depth + 1, ')');
	else if (mark(s, '['))
		r = elements(s, depth + 1, ']');
	else if (mark(s, '{'))
		r = group(s, depth + 1);
	else {
		bad(s, "a value is missing");
		r = -E_BAD_FORMAT;
	}
	v->len = s->before - v->at;
	return s->token == BAD ? -E_BAD_FORMAT : r;
}

static int
add_group(struct conf_place *p, struct conf_span v)
{
	struct conf_span	*g = realloc(p->group,
	    (p->n + 1) * sizeof(*g));
	size_t			*c;

	if (g == NULL)
		return -E_NO_MEMORY;
	p->group = g;
	if ((c = realloc(p->comma, (p->n + 1) * sizeof(*c))) == NULL)
		return -E_NO_MEMORY;
	p->comma = c;
	p->group[p->n] = v;
	p->comma[p->n++] = 0;
	return 0;
}

/* The list was read before, so its syntax is right. */
static int
groups(struct scan *s, struct conf_place *p)
{
	struct conf_span	v;
	int			r;

	s->pos = p->list.at + 1;
	for (next(s); !mark(s, ')');) {
		if (!mark(s, '{')) {
			s->why = "the list holds something else than groups";
			return -E_BAD_FORMAT;
		}
		if ((r = value(s, 1, &v)) < 0 || (r = add_group(p, v)) < 0)
			return r;
		if (mark(s, ',')) {
			p->comma[p->n - 1] = s->at.at;
			next(s);
		}
	}
	return 0;
}

int
confscan(const char *text, const char *name, struct conf_place *p,
    const char **why)
{
	struct scan	s = { text, 0, END, { 0, 0 }, 0, NULL };
	int		r = 0;

	*p = (struct conf_place){ { 0, 0 }, 0, NULL, NULL };
	next(&s);
	while (r == 0 && s.token != END)
		r = setting(&s, 0, name, &p->list);
	if (r == 0 && p->list.len > 0) {
		if (text[p->list.at] == '(')
			r = groups(&s, p);
		else {
			s.why = "the option is no list ( ... )";
			r = -E_BAD_FORMAT;
		}
	}
	if (r < 0)
		confscan_free(p);
	*why = s.why != NULL ? s.why : err_text(r);
	return r;
}

void
confscan_free(struct conf_place *p)
{
	free(p->group);
	free(p->comma);
	*p = (struct conf_place){ { 0, 0 }, 0, NULL, NULL };
}
