/* servesample.c - stocks and rates of this moment. */
#include "servesample.h"

#include <stdio.h>

#include "field.h"

/* What a second brings, from counters of ksa; some are sums. */
static const struct {
	const char	*series, *counters[4];
} rates[SERVESAMPLE_RATES] = {
	{ "keys:enc", { "enc_keys" } },
	{ "keys:dec", { "dec_keys" } },
	{ "keys:session", { "session_keys" } },
	{ "requests:refused", { "enc_short", "enc_failed", "dec_refused",
	    "dec_failed" } },
};

static void
put(struct history *h, const char *kind, const char *name, const char *what,
    double v)
{
	char	series[HISTORY_NAME];

	snprintf(series, sizeof(series), "%s:%.100s:%s", kind, name, what);
	history_put(h, series, v);
}

static void
links(struct history *h, const json_t *kma)
{
	const json_t	*list = field_array(kma, "links"), *l;
	size_t		 i;

	json_array_foreach(list, i, l) {
		const char	*name = field_str(l, "name", "?");
		const json_t	*s = field_object(l, "stock");

		put(h, "link", name, "out", field_num(s, "out_octets", 0));
		put(h, "link", name, "in", field_num(s, "in_octets", 0));
		put(h, "link", name, "rate",
		    field_num(s, "agreed_octets_per_second", 0));
		if (json_object_get(l, "qber") != NULL)
			put(h, "link", name, "qber",
			    field_num(l, "qber", 0));
	}
}

static void
pools(struct history *h, const json_t *ksa)
{
	const json_t	*list = field_array(ksa, "pools"), *p;
	size_t		 i;

	json_array_foreach(list, i, p)
		put(h, "pool", field_str(p, "peer", "?"),
		    field_str(p, "direction", "?")[0] == 'i' ? "in" : "out",
		    field_num(p, "octets", 0));
}

static double
count(const json_t *ksa, size_t i)
{
	const json_t	*c = field_object(ksa, "count");
	double		 sum = 0;

	if (c == NULL)
		return -1;
	for (size_t k = 0; k < 4 && rates[i].counters[k] != NULL; k++)
		sum += field_num(c, rates[i].counters[k], 0);
	return sum;
}

void
servesample(struct servesample *s, struct history *h, uint64_t ms,
    const json_t *kma, const json_t *ksa)
{
	history_begin(h, ms);
	links(h, kma);
	pools(h, ksa);
	for (size_t i = 0; i < SERVESAMPLE_RATES; i++) {
		double	now = count(ksa, i), before = s->count[i];

		/* A counter that fell: the daemon was started again. */
		if (s->ms != 0 && ms > s->ms && before >= 0 && now >= before)
			history_put(h, rates[i].series, (now - before) *
			    1000 / (double)(ms - s->ms));
		s->count[i] = now;
	}
	s->ms = ms;
}
