/* doorfigures.c - requests and answers of both doors. */
#include "doorfigures.h"

#include <string.h>

#include "doorint.h"
#include "metrics.h"
#include "tlsfigures.h"

/* Engine's refusals; for Q.4161 the token of the answer says the same. */
static const char *const	reasons[SUPPLY_STATUSES] = {
	[SUPPLY_BAD_REQUEST] = "bad_request",
	[SUPPLY_UNAUTHORIZED] = "unauthorized",
	[SUPPLY_NOT_FOUND] = "not_found",
	[SUPPLY_INSUFFICIENT] = "insufficient_keys",
	[SUPPLY_TOO_LARGE] = "too_large",
	[SUPPLY_UNAVAILABLE] = "unavailable",
	[SUPPLY_TIMEOUT] = "timeout",
	[SUPPLY_UNMET] = "unmet",
	[SUPPLY_REJECTED] = "rejected",
	[SUPPLY_EXPIRED] = "expired",
};

static const struct metrics_row	connections[] = {
	{ METRICS_GAUGE, "qkdnode_connections",
	    "Connections of applications.", "connections", 1 },
	{ METRICS_GAUGE, "qkdnode_connections_in_handshake",
	    "Of these, those that are not let in yet.",
	    "connections_in_handshake", 1 },
	{ METRICS_COUNTER, "qkdnode_connections_accepted_total",
	    "Connections that came.", "connections_accepted", 1 },
	{ METRICS_COUNTER, "qkdnode_connections_refused_total",
	    "Connections that were not let in.", "connections_refused", 1 },
	{ METRICS_COUNTER, "qkdnode_keys_delivered_unknown_total",
	    "Keys in answers of which it is not known whether they arrived.",
	    "keys_delivered_unknown", 1 },
	{ .name = NULL }
};

/* The texts are literals: as a rule the pointers are equal. */
static bool
same(const char *a, const char *b)
{
	return a == b || strcmp(a, b) == 0;
}

void
doorfigures_took(struct door *d, const char *interface, const char *method,
    uint64_t begun)
{
	struct doorfigures	*f = &d->figures;

	if (method == NULL)
		method = "other";
	for (size_t i = 0; i < DOORFIGURES_METHODS; i++) {
		if (f->v[i].method == NULL) {
			f->v[i].interface = interface;
			f->v[i].method = method;
		}
		if (same(f->v[i].method, method) &&
		    same(f->v[i].interface, interface)) {
			histogram_since(&f->v[i].took, begun);
			return;
		}
	}
}

static void
times(const struct doorfigures *f, json_t *all)
{
	json_t	*family = metrics_family(all, METRICS_HISTOGRAM,
		    "qkdnode_request_seconds",
		    "Time from reading a request to its answer, by door.");

	for (size_t i = 0; i < DOORFIGURES_METHODS && f->v[i].method != NULL;
	    i++)
		metrics_add_histogram(family, &f->v[i].took,
		    "interface", f->v[i].interface,
		    "method", f->v[i].method, NULL);
}

static void
answers(json_t *all, const json_t *report)
{
	json_t		*family = metrics_family(all, METRICS_COUNTER,
			    "qkdnode_answers_total",
			    "Answers to applications, by HTTP status or "
			    "Q.4161 response."), *v;
	const char	*code;

	json_object_foreach(json_object_get(report, "answers"), code, v)
		metrics_add(family, json_number_value(v),
		    "interface", "https", "code", code, NULL);
	json_object_foreach(json_object_get(json_object_get(report, "ak"),
	    "answers"), code, v)
		metrics_add(family, json_number_value(v),
		    "interface", "ak", "code", code, NULL);
}

static void
refusals(const struct door *d, json_t *all)
{
	json_t	*family = metrics_family(all, METRICS_COUNTER,
		    "qkdnode_refusals_total",
		    "Requests over HTTPS that the engine refused, by reason.");

	for (size_t i = 0; i < SUPPLY_STATUSES; i++)
		if (reasons[i] != NULL)
			metrics_add(family, (double)d->figures.refused[i],
			    "reason", reasons[i], NULL);
}

void
doorfigures(const struct door *d, json_t *all)
{
	json_t	*report = json_object();

	door_report(d, report);
	times(&d->figures, all);
	answers(all, report);
	refusals(d, all);
	metrics_object(all, connections, report);
	json_decref(report);
	tlsfigures(all, d->tls);
}
