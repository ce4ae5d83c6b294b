/* list.c - links, pools, peers, routes, saes, sessions, keys. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "field.h"
#include "lookopt.h"
#include "node.h"
#include "rows.h"
#include "show.h"
#include "table.h"
#include "term.h"

#define END	{ NULL, NULL, TABLE_TEXT }

static const struct table_column	links[] = {
	{ "link", "LINK", TABLE_TEXT }, { "peer", "PEER", TABLE_TEXT },
	{ "state", "STATE", TABLE_TEXT }, { "why", "WHY", TABLE_TEXT },
	{ "module", "MODULE", TABLE_TEXT },
	{ "simulated", "SIMULATED", TABLE_BOOL },
	{ "out_octets", "OUT", TABLE_OCTETS },
	{ "in_octets", "IN", TABLE_OCTETS },
	{ "agreed_octets_per_second", "AGREED", TABLE_RATE },
	{ "spent_octets_per_second", "SPENT", TABLE_RATE },
	{ "trouble", "TROUBLE", TABLE_INT }, END };
static const struct table_column	pools[] = {
	{ "peer", "PEER", TABLE_TEXT },
	{ "direction", "DIRECTION", TABLE_TEXT },
	{ "octets", "STOCK", TABLE_OCTETS }, { "keys", "KEYS", TABLE_INT },
	{ "filled_octets_per_second", "FILLED", TABLE_RATE },
	{ "used_octets_per_second", "USED", TABLE_RATE },
	{ "waiting", "WAITING", TABLE_INT },
	{ "usable", "USABLE", TABLE_BOOL },
	{ "error", "ERROR", TABLE_TEXT }, END };
static const struct table_column	peers[] = {
	{ "peer", "PEER", TABLE_TEXT }, { "kx", "KX", TABLE_BOOL },
	{ "since_ms", "SINCE", TABLE_TIME },
	{ "address", "ADDRESS", TABLE_TEXT },
	{ "protection", "PROTECTION", TABLE_TEXT },
	{ "reachable", "REACHABLE", TABLE_BOOL },
	{ "channel", "KSA CHANNEL", TABLE_BOOL },
	{ "applications", "APPLICATIONS", TABLE_INT },
	{ "certificate_expires_ms", "CERTIFICATE DAYS", TABLE_DAYS },
	{ "last_error", "LAST ERROR", TABLE_TEXT }, END };
static const struct table_column	routes[] = {
	{ "to", "TO", TABLE_TEXT }, { "cost", "COST", TABLE_INT },
	{ "route", "ROUTE", TABLE_TEXT }, { "set", "SET", TABLE_TEXT },
	{ "fails", "FAILS", TABLE_TEXT }, END };
static const struct table_column	saes[] = {
	{ "application", "APPLICATION", TABLE_TEXT },
	{ "node", "NODE", TABLE_TEXT },
	{ "known_by", "KNOWN BY", TABLE_TEXT },
	{ "connections", "CONNECTIONS", TABLE_INT },
	{ "quota_octets_per_second", "QUOTA", TABLE_RATE },
	{ "quota_burst_octets", "BURST", TABLE_OCTETS },
	{ "certificate_names", "CERTIFICATE NAMES", TABLE_LIST }, END };
static const struct table_column	sessions[] = {
	{ "session", "SESSION", TABLE_TEXT },
	{ "source", "SOURCE", TABLE_TEXT },
	{ "destination", "DESTINATION", TABLE_TEXT },
	{ "peer", "PEER", TABLE_TEXT }, { "state", "STATE", TABLE_TEXT },
	{ "keys", "KEYS", TABLE_INT }, { "max_keys", "MAX", TABLE_INT },
	{ "made_ms", "SINCE", TABLE_TIME }, { "name", "NAME", TABLE_TEXT },
	END };
static const struct table_column	keys[] = {
	{ "made_ms", "MADE", TABLE_TIME },
	{ "direction", "DIRECTION", TABLE_TEXT },
	{ "peer", "PEER", TABLE_TEXT }, { "key_IDs", "KEY IDS", TABLE_TEXT },
	{ "master", "MASTER", TABLE_TEXT },
	{ "slaves", "SLAVES", TABLE_LIST }, { "keys", "KEYS", TABLE_INT },
	{ "octets", "OCTETS", TABLE_INT }, { "state", "STATE", TABLE_TEXT },
	END };

/* rows NULL: the daemon's own command of that name has them. */
static const struct list {
	const char			*name, *takes;
	const char			*daemons[3];
	json_t				*(*rows)(const json_t *node);
	const struct table_column	*columns;
} lists[] = {
	{ "links", "", { "kma" }, rows_links, links },
	{ "pools", "", { "ksa" }, rows_pools, pools },
	{ "peers", "", { "relayd", "ksa" }, rows_peers, peers },
	{ "routes", "", { "kma" }, rows_routes, routes },
	{ "saes", "", { "ksa" }, NULL, saes },
	{ "sessions", "", { "ksa" }, NULL, sessions },
	{ "keys", "b", { "ksa" }, NULL, keys },
};

static int
complain(const char *text, int code)
{
	char	clean[ASK_PATH];

	fprintf(stderr, "qkdctl: %s\n", field_text(clean, sizeof(clean),
	    text));
	return code;
}

/* Who had something to say and did not answer. */
static int
complaints(const struct list *l, const json_t *node)
{
	int	r = CALL_DONE;

	for (size_t i = 0; i < 3 && l->daemons[i] != NULL; i++)
		if (node_status(node, l->daemons[i]) == NULL)
			r = complain(field_str(field_object(field_object(node,
			    "daemons"), l->daemons[i]), "error", "no answer"),
			    CALL_UNREACHABLE);
	return r;
}

static json_t *
from_node(const struct list *l, const struct lookopt *o, int *code)
{
	json_t		*node = node_ask(&o->call), *answer;
	const char	*kme = node_kme_id(node);

	*code = complaints(l, node);
	answer = json_pack("{s:s?, s:b, s:o}", "kme_id", kme, "more", 0,
	    l->name, l->rows(node));
	json_decref(node);
	return answer;
}

static json_t *
from_ksa(const struct list *l, const struct lookopt *o, int *code)
{
	char			*args[] = { (char *)(uintptr_t)l->name,
				    (char *)(uintptr_t)o->before };
	struct ask_error	 e;
	json_t			*answer;

	answer = ask(&o->call, "ksa", o->before == NULL ? 1 : 2, args, &e);
	*code = answer == NULL ? complain(e.text, e.code) : CALL_DONE;
	return answer;
}

static void
show(const struct list *l, const json_t *answer)
{
	json_t	*rows = field_array(answer, l->name), *last;
	char	*text = table_text(l->columns, rows, term_width());

	if (text != NULL)
		fputs(text[0] == '\0' ? "none" : text, stdout);
	putchar('\n');
	free(text);
	if (!field_bool(answer, "more", false))
		return;
	last = json_array_get(rows, json_array_size(rows) - 1);
	if (strchr(l->takes, 'b') != NULL)
		printf("more: qkdctl %s --before %lld\n", l->name,
		    (long long)field_int(last, "request", 0));
	else
		puts("and more, which are not shown");
}

int
list_run(const struct call *call, int argc, char **argv)
{
	const struct list	*l = lists;
	struct lookopt		 o;
	json_t			*answer;
	int			 r;

	while (strcmp(l->name, argv[0]) != 0)
		l++;
	if ((r = lookopt_read(&o, call, argc, argv, l->takes)) >= 0)
		return r;
	answer = l->rows != NULL ? from_node(l, &o, &r) :
	    from_ksa(l, &o, &r);
	if (answer != NULL && o.call.json)
		term_json(answer);
	else if (r == CALL_DONE || json_array_size(field_array(answer,
	    l->name)) > 0)
		show(l, answer);
	json_decref(answer);
	return term_flush(r);
}
