#include "grouptext.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "confedit.h"

int
grouptext_begin(struct grouptext *g, bool lines)
{
	g->text = NULL;
	g->lines = lines;
	if ((g->f = open_memstream(&g->text, &g->len)) == NULL)
		return -1;
	if (!lines)
		fputc('{', g->f);
	return 0;
}

static void
quoted(struct grouptext *g, const char *v)
{
	char	*q = confedit_quote(v);

	fputs(q != NULL ? q : "", g->f);
	free(q);
}

static void
before(struct grouptext *g, const char *name)
{
	fprintf(g->f, "%s%s = ", g->lines ? "" : " ", name);
}

static void
behind(struct grouptext *g)
{
	fputs(g->lines ? ";\n" : ";", g->f);
}

void
grouptext_text(struct grouptext *g, const char *name, const char *v)
{
	if (v == NULL)
		return;
	before(g, name);
	quoted(g, v);
	behind(g);
}

/* libconfig wants an L behind large numbers. */
static bool
number(const char *v, bool *large)
{
	char		*end;
	long long	 n = strtoll(v, &end, 10);

	*large = n > INT32_MAX || n < INT32_MIN;
	return *v != '\0' && *end == '\0' && v[strspn(v, "-0123456789")] ==
	    '\0';
}

void
grouptext_value(struct grouptext *g, const char *name, const char *v)
{
	bool	large;

	if (v == NULL)
		return;
	before(g, name);
	if (number(v, &large))
		fprintf(g->f, "%s%s", v, large ? "L" : "");
	else if (strcmp(v, "true") == 0 || strcmp(v, "false") == 0)
		fputs(v, g->f);
	else
		quoted(g, v);
	behind(g);
}

void
grouptext_texts(struct grouptext *g, const char *name, unsigned n,
    const char *const *v)
{
	if (n == 0)
		return;
	before(g, name);
	fputc('[', g->f);
	for (unsigned i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", g->f);
		quoted(g, v[i]);
	}
	fputc(']', g->f);
	behind(g);
}

int
grouptext_end(struct grouptext *g)
{
	if (!g->lines)
		fputs(" }", g->f);
	return fclose(g->f) == 0 && g->text != NULL ? 0 : -1;
}
