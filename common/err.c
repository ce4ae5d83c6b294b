/* err.c - names and texts of the errors in err.def. */
#include "err.h"

#include <stddef.h>

struct err_entry { const char *name, *text; };

static const struct err_entry errors[E_MAX] = {
	[E_OK] = { "E_OK", "success" },
#define ERR(e, t) [e] = { #e, t },
#include "err.def"
#undef ERR
};

static const struct err_entry *
lookup(int e)
{
	static const struct err_entry unknown = { "E_?", "unknown error" };

	if (e <= -E_MAX || e >= E_MAX)
		return &unknown;
	return &errors[e < 0 ? -e : e];
}

const char *
err_text(int e)
{
	return lookup(e)->text;
}

const char *
err_name(int e)
{
	return lookup(e)->name;
}
