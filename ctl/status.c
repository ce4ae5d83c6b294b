/* status.c - a verdict as text. */
#include "status.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "field.h"
#include "ident.h"
#include "lookopt.h"
#include "node.h"
#include "show.h"
#include "table.h"
#include "term.h"
#include "verdict.h"

#define FINDINGS_SHOWN	8	/* so that all of it is one screen */
#define ROWS_SHOWN	10

static const struct table_column	daemons[] = {
	{ "daemon", "DAEMON", TABLE_TEXT }, { "state", "STATE", TABLE_TEXT },
	{ "version", "VERSION", TABLE_TEXT },
	{ "started_ms", "SINCE", TABLE_TIME }, { NULL, NULL, TABLE_TEXT } };
static const struct table_column	peers[] = {
	{ "peer", "NODE", TABLE_TEXT }, { "supplied", "SUPPLIED", TABLE_BOOL },
	{ "octets", "STOCK", TABLE_OCTETS }, { "keys", "KEYS", TABLE_INT },
	{ "waiting", "WAITING", TABLE_INT }, { NULL, NULL, TABLE_TEXT } };
static const struct table_column	links[] = {
	{ "link", "LINK", TABLE_TEXT }, { "peer", "PEER", TABLE_TEXT },
	{ "state", "STATE", TABLE_TEXT },
	{ "out_octets", "OUT", TABLE_OCTETS },
	{ "in_octets", "IN", TABLE_OCTETS },
	{ "agreed_octets_per_second", "RATE", TABLE_RATE },
	{ "simulated", "SIMULATED", TABLE_BOOL }, { NULL, NULL, TABLE_TEXT } };
static const struct table_column	certificates[] = {
	{ "of", "CERTIFICATE", TABLE_TEXT }, { "days", "DAYS LEFT", TABLE_INT },
	{ NULL, NULL, TABLE_TEXT } };

static const char *
colour_of(const char *severity)
{
	return strcmp(severity, "note") == 0 ? "\033[36m" :
	    strcmp(severity, "ok") == 0 ? "\033[32m" :
	    strcmp(severity, "warning") == 0 ? "\033[33m" : "\033[31m";
}

static void
print_word(FILE *f, const char *word, const char *as, bool colour)
{
	if (colour)
		fprintf(f, "%s%s\033[0m", colour_of(as), word);
	else
		fputs(word, f);
}

static void
print_finding(FILE *f, const json_t *finding, bool colour)
{
	const char	*severity = field_str(finding, "severity", "");
	const char	*daemon = field_str(finding, "daemon", "");
	char		 text[1024];

	print_word(f, severity, severity, colour);
	fprintf(f, ": %s%s", field_text(text, sizeof(text), daemon),
	    daemon[0] == '\0' ? "" : ": ");
	fprintf(f, "%s\n", field_text(text, sizeof(text),
	    field_str(finding, "what", "")));
	fprintf(f, "    do: %s\n", field_text(text, sizeof(text),
	    field_str(finding, "remedy", "")));
}

static void
print_findings(FILE *f, const json_t *findings, bool colour)
{
	size_t	 i, n = json_array_size(findings);
	json_t	*finding;

	json_array_foreach((json_t *)(uintptr_t)findings, i, finding)
		if (i < FINDINGS_SHOWN)
			print_finding(f, finding, colour);
	if (n > FINDINGS_SHOWN)
		fprintf(f, "and %zu more: qkdctl -j status\n",
		    n - FINDINGS_SHOWN);
}

/* The first rows; `more` is the command that shows all. */
static void
print_table(FILE *f, const struct table_column *c, const json_t *rows,
    size_t width, const char *more)
{
	size_t	 n = json_array_size(rows);
	json_t	*some = json_array();
	char	*text;

	for (size_t i = 0; i < n && i < ROWS_SHOWN; i++)
		json_array_append(some, json_array_get(rows, i));
	text = table_text(c, some, width);
	if (text != NULL && text[0] != '\0')
		fprintf(f, "\n%s\n", text);
	if (n > ROWS_SHOWN)
		fprintf(f, "and %zu more: qkdctl %s\n", n - ROWS_SHOWN,
		    more);
	free(text);
	json_decref(some);
}

/* Those that are not supplied first. */
static json_t *
worst_first(const json_t *rows)
{
	json_t	*sorted = json_array(), *row;
	size_t	 i;

	for (int supplied = 0; supplied <= 1; supplied++)
		json_array_foreach((json_t *)(uintptr_t)rows, i, row)
			if (field_bool(row, "supplied", false) == supplied)
				json_array_append(sorted, row);
	return sorted;
}

void
status_print(FILE *f, const json_t *v, size_t width, bool colour)
{
	char	 text[1024];
	json_t	*nodes = worst_first(field_array(v, "peers"));

	field_text(text, sizeof(text), field_str(v, "verdict", "?"));
	print_word(f, text, field_str(v, "state", ""), colour);
	fputc('\n', f);
	print_findings(f, field_array(v, "findings"), colour);
	print_table(f, daemons, field_array(v, "daemons"), width,
	    "-j status");
	print_table(f, peers, nodes, width, "pools");
	print_table(f, links, field_array(v, "links"), width, "links");
	print_table(f, certificates, field_array(v, "certificates"), width,
	    "-j status");
	json_decref(nodes);
}

int
status_run(const struct call *call, int argc, char **argv)
{
	struct lookopt	 o;
	json_t		*node, *v;
	int		 r = lookopt_read(&o, call, argc, argv, "");

	if (r >= 0)	/* help, or a fault; both are no verdict */
		return r == CALL_DONE ? r : VERDICT_UNKNOWN;
	node = node_ask(&o.call);
	v = verdict(node, (int64_t)now_ms());
	r = (int)field_int(v, "code", VERDICT_UNKNOWN);
	if (o.call.json)
		term_json(v);
	else
		status_print(stdout, v, term_width(), term_colour());
	json_decref(v);
	json_decref(node);
	return term_flush(r);
}
