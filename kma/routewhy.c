#include "kma/routewhy.h"

#include <stdio.h>

#include "err.h"

/* What `km` says of its link to `peer`; NULL: nothing is wrong. */
static const char *
fault(const struct linkstate *s, const char *km, const char *peer)
{
	struct linkstate_link	l;

	switch (linkstate_look(s, km, peer, &l)) {
	case 0:
		return l.level != LINKSTATE_NONE ? NULL :
		    "says that it has no key";
	case -E_DOWN:
		return "does not announce it: it is down there";
	default:
		return "is not heard of";
	}
}

void
routewhy(const struct linkstate *s, const struct route *r,
    char out[ROUTEWHY_MAX])
{
	const char	*a, *b, *why;
	unsigned	 i;

	out[0] = '\0';
	if (linkstate_check(s, r, &i) != LINKSTATE_UNREACHED)
		return;
	a = r->km[i];
	b = r->km[i + 1];
	if ((why = fault(s, a, b)) == NULL) {
		a = b;
		b = r->km[i];
		why = fault(s, a, b);
	}
	snprintf(out, ROUTEWHY_MAX, "link %s to %s: %s %s", r->km[i],
	    r->km[i + 1], a, why != NULL ? why : "is not of use");
}

bool
routewhy_is_dry(const struct linkstate *s, const struct route *r)
{
	struct linkstate_link	l;

	for (unsigned i = 0; i + 1 < r->n; i++)
		if (linkstate_look(s, r->km[i], r->km[i + 1], &l) < 0 ||
		    linkstate_look(s, r->km[i + 1], r->km[i], &l) < 0)
			return false;
	return r->n >= 2;
}
