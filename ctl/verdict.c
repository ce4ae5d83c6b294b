/* verdict.c - findings with their remedies, and what they come to. */
#include "verdict.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "field.h"
#include "node.h"
#include "remedy.h"
#include "rows.h"

#define DAY_MS		86400000LL
#define SOON_DAYS	7
#define NAMES_SHOWN	3

/* Severities of findings: codes, and what only is worth knowing. */
#define NOTE	(VERDICT_UNKNOWN + 1)

static const char *const	names[] = { "ok", "warning", "critical",
				    "unknown", "note" };

struct judge {
	const json_t	*node;
	int64_t		 now;
	json_t		*findings, *daemons, *peers;
	const char	*kme;		/* never NULL */
	bool		 found[NOTE + 1];
	unsigned	 npeers, supplied;
	bool		 ksa_up;
};

static void find(struct judge *, int severity, const char *daemon,
    const char *what, const char *fix, ...)
    __attribute__((format(printf, 5, 6)));

static void
find(struct judge *j, int severity, const char *daemon, const char *what,
    const char *fix, ...)
{
	char	text[REMEDY_TEXT], clean[REMEDY_TEXT], which[REMEDY_TEXT];
	va_list	ap;

	va_start(ap, fix);
	vsnprintf(text, sizeof(text), fix, ap);
	va_end(ap);
	j->found[severity] = true;
	json_array_append_new(j->findings, json_pack("{s:s, s:s, s:s, s:s}",
	    "severity", names[severity], "daemon", daemon, "what",
	    field_text(which, sizeof(which), what), "remedy",
	    field_text(clean, sizeof(clean), text)));
}

/* ---- a few names, and how many more there are ---- */

struct names {
	char		text[256];
	unsigned	n;
};

static void
names_add(struct names *v, const char *name)
{
	size_t	len = strlen(v->text);

	if (v->n++ < NAMES_SHOWN)
		snprintf(v->text + len, sizeof(v->text) - len, "%s%.64s",
		    len > 0 ? ", " : "", name);
}

static void
names_end(struct names *v)
{
	size_t	len = strlen(v->text);

	if (v->n > NAMES_SHOWN)
		snprintf(v->text + len, sizeof(v->text) - len,
		    " and %u more", v->n - NAMES_SHOWN);
}

/* ---- daemons ---- */

static bool
is_module(const char *daemon)
{
	return strncmp(daemon, "qkdmod-", 7) == 0;
}

/* Its unit of systemd. */
static void
unit(char out[REMEDY_TEXT], const char *daemon)
{
	snprintf(out, REMEDY_TEXT, "qkdnode-%s%.200s",
	    is_module(daemon) ? "qkdmod@" : "", daemon + (is_module(daemon) ?
	    7 : 0));
}

static bool
zeroized(const struct judge *j)
{
	return field_bool(j->node, "zeroized", false);
}

/* Nothing was ever started: the daemons' silence is no news. */
static bool
set_up(const struct judge *j)
{
	return field_bool(j->node, "set_up", true);
}

/* What explains that none answers, once for all of them. */
static void
judge_files(struct judge *j)
{
	if (zeroized(j))
		find(j, VERDICT_CRITICAL, "", "this node was zeroized: its "
		    "keys are destroyed", "%s", REMEDY_ZEROIZED);
	else if (!set_up(j))
		find(j, VERDICT_UNKNOWN, "", "no QKD node is set up here: "
		    "there is no " SYSCONFDIR "/qkdnode/kma.conf",
		    "qkdctl init; after an init --csr: qkdctl init "
		    "--certificates DIR");
}

/* Without its module a link lives on what is in stock. */
static void
judge_unreachable(struct judge *j, const char *daemon, const json_t *d)
{
	const char		*cause = field_str(d, "cause", "");
	const char		*error = field_str(d, "error", "no answer");
	enum verdict_code	 severity = is_module(daemon) ?
				    VERDICT_WARNING : VERDICT_CRITICAL;
	char			 u[REMEDY_TEXT];

	unit(u, daemon);
	if (strcmp(cause, "permission") == 0)
		find(j, VERDICT_UNKNOWN, daemon, error, "as root: usermod "
		    "-aG qkdnode USER, then log in anew");
	else if (zeroized(j) || !set_up(j))
		return;			/* judge_files() has said it */
	else if (!field_bool(j->node, "present", true))
		find(j, VERDICT_UNKNOWN, daemon, error, "is qkdnode "
		    "installed, was it set up (qkdctl init) and started, is "
		    "RUNDIR right?");
	else if (strcmp(cause, "absent") == 0)
		find(j, severity, daemon, error, "systemctl start %.120s; "
		    "systemctl status %.120s says what is missing, and "
		    "journalctl -u %.120s -n 20 why it ends", u, u, u);
	else if (strcmp(cause, "silent") == 0)
		find(j, severity, daemon, error, "systemctl restart %.200s; "
		    "journalctl -u %.200s", u, u);
	else
		find(j, severity, daemon, error, "systemctl start %.200s; "
		    "journalctl -u %.200s", u, u);
}

static void
judge_list(struct judge *j, int severity, const char *daemon, json_t *list)
{
	char	 text[REMEDY_TEXT];
	size_t	 i;
	json_t	*e;

	json_array_foreach(list, i, e)
		if (json_is_string(e))
			find(j, severity, daemon,
			    json_string_value(e), "%s", remedy(text, daemon,
			    json_string_value(e)));
}

/* The keys that seal its store. */
static void
judge_key(struct judge *j, const char *daemon, const json_t *key)
{
	json_int_t	bad = field_int(key, "unreadable", 0);
	char		what[128];

	if (field_bool(key, "node_key_unsettled", false))
		find(j, VERDICT_WARNING, daemon, "the change of the node key "
		    "is not settled", "qkdctl rotate-key --node-key");
	if (field_bool(key, "sealing_again", false))
		find(j, NOTE, daemon, "the store is being sealed again",
		    "wait; how far it is: qkdctl %.100s key", daemon);
	if (bad <= 0)
		return;
	snprintf(what, sizeof(what), "%lld rows of the store cannot be "
	    "opened", (long long)bad);
	find(j, VERDICT_WARNING, daemon, what, "their keys are lost, others "
	    "are not; qkdctl events tells more of %.100s", daemon);
}

static void
judge_daemon(struct judge *j, const char *name, const json_t *d)
{
	json_t		*s = field_object(d, "status");
	bool		 ready = field_bool(s, "ready", false);
	json_t		*o = json_pack("{s:s, s:s}", "daemon", name, "state",
			    s == NULL ? field_str(d, "cause", "silent") :
			    ready ? "ready" : "not ready");

	if (s != NULL) {
		json_object_set_new(o, "version", json_string(field_str(s,
		    "version", "")));
		json_object_set_new(o, "started_ms", json_integer(
		    field_int(s, "started_ms", 0)));
	}
	json_array_append_new(j->daemons, o);
	if (s == NULL) {
		judge_unreachable(j, name, d);
		return;
	}
	judge_list(j, VERDICT_WARNING, name, field_array(s, "missing"));
	judge_list(j, VERDICT_WARNING, name, field_array(s, "warnings"));
	judge_list(j, NOTE, name, field_array(s, "notes"));
	judge_key(j, name, field_object(d, "key"));
}

/* ---- links ---- */

static void
judge_simulated(struct judge *j)
{
	struct names	 v = { "", 0 };
	char		 what[320];
	json_t		*link;
	size_t		 i;

	json_array_foreach(field_array(node_status(j->node, "kma"), "links"),
	    i, link)
		if (field_bool(link, "simulated", false))
			names_add(&v, field_str(link, "name", "?"));
	if (v.n == 0)
		return;
	names_end(&v);
	snprintf(what, sizeof(what), "keys of link%s %s are SIMULATED: for "
	    "tests only", v.n > 1 ? "s" : "", v.text);
	find(j, NOTE, "kma", what, "for real keys: qkdctl link remove, then "
	    "qkdctl link add with the driver of a QKD module");
}

/* ---- peers ---- */

static void
judge_pool(struct judge *j, json_t *pool)
{
	bool	 usable = j->ksa_up && field_bool(pool, "usable", false);
	bool	 supplied = usable && field_int(pool, "octets", 0) > 0;
	json_t	*o = json_pack("{s:s, s:b, s:O?, s:O?, s:O?}", "peer",
		    field_str(pool, "peer", "?"), "supplied", (int)supplied,
		    "octets", json_object_get(pool, "octets"), "keys",
		    json_object_get(pool, "keys"), "waiting",
		    json_object_get(pool, "waiting"));

	json_array_append_new(j->peers, o);
	j->npeers++;
	j->supplied += supplied;
}

static void
judge_peers(struct judge *j)
{
	json_t	*pools = rows_pools(j->node), *p;
	size_t	 i;

	json_array_foreach(pools, i, p)
		if (strcmp(field_str(p, "direction", ""), "out") == 0 &&
		    strcmp(field_str(p, "peer", ""), j->kme) != 0)
			judge_pool(j, p);
	json_decref(pools);
}

/* ---- certificates ---- */

static void
judge_date(struct judge *j, json_int_t expires, bool own, const char *whose)
{
	long long	days = expires <= 0 ? 0 : (expires - j->now) / DAY_MS;
	char		what[256];

	if (expires <= 0 || days > SOON_DAYS)
		return;
	if (expires <= j->now)
		snprintf(what, sizeof(what), "the Kx certificate of %.100s "
		    "has expired", whose);
	else
		snprintf(what, sizeof(what), "the Kx certificate of %.100s "
		    "expires in %lld days", whose, days);
	find(j, own && expires <= j->now ? VERDICT_CRITICAL : VERDICT_WARNING,
	    "relayd", what, own ? "replace it, then systemctl reload "
	    "qkdnode-relayd" : "its operator must replace it");
}

/* What ksa's own lack of time is, it says itself. */
static void
judge_certificates(struct judge *j)
{
	json_t	*relayd = node_status(j->node, "relayd"), *p;
	size_t	 i;

	judge_date(j, field_int(relayd, "certificate_expires_ms", 0), true,
	    "this node");
	json_array_foreach(field_array(relayd, "peers"), i, p)
		judge_date(j, field_int(p, "certificate_expires_ms", 0),
		    false, field_str(p, "kme_id", "?"));
}

static json_t *
certificates(const struct judge *j)
{
	static const char *const	who[] = { "ksa", "relayd" };
	json_t				*v = json_array();

	for (size_t i = 0; i < 2; i++) {
		json_int_t	ms = field_int(node_status(j->node, who[i]),
				    "certificate_expires_ms", 0);

		if (ms > 0)
			json_array_append_new(v, json_pack("{s:s, s:I, s:I}",
			    "of", who[i], "expires_ms", ms, "days",
			    (ms - j->now) / DAY_MS));
	}
	return v;
}

/* ---- the verdict ---- */

static bool
is_down(const struct judge *j, const char *daemon)
{
	return node_status(j->node, daemon) == NULL;
}

/* Nobody to supply, and nothing to get key from: a node that is new. */
static bool
is_new(const struct judge *j)
{
	return j->npeers == 0 && j->ksa_up && !is_down(j, "kma") &&
	    json_array_size(field_array(node_status(j->node, "kma"),
	    "links")) == 0;
}

static enum verdict_code
code(const struct judge *j)
{
	if (j->found[VERDICT_UNKNOWN] && !j->ksa_up)
		return VERDICT_UNKNOWN;
	if (j->found[VERDICT_CRITICAL] || !j->ksa_up || (j->npeers > 0 &&
	    j->supplied == 0))
		return VERDICT_CRITICAL;
	return j->found[VERDICT_WARNING] || j->found[VERDICT_UNKNOWN] ||
	    j->supplied < j->npeers || j->npeers == 0 ?
	    VERDICT_WARNING : VERDICT_OK;
}

/* "; kma does not answer" */
static void
downs(const struct judge *j, char *out, size_t room)
{
	static const char *const	core[] = { "kma", "relayd" };
	size_t				n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < 2; i++)
		if (is_down(j, core[i]) && n < room)
			n += (size_t)snprintf(out + n, room - n, "; %s does "
			    "not answer", core[i]);
}

/* Stock lasts for a while without them: "; KME-C not reachable". */
static void
aways(const struct judge *j, char *out, size_t room)
{
	struct names	 v = { "", 0 };
	const char	*km;
	json_t		*p;
	size_t		 i;

	json_array_foreach(field_array(node_status(j->node, "ksa"), "pools"),
	    i, p) {
		km = field_str(p, "peer", "?");
		if (strcmp(field_str(p, "direction", ""), "out") == 0 &&
		    strcmp(km, j->kme) != 0 &&
		    !field_bool(p, "reachable", true))
			names_add(&v, km);
	}
	names_end(&v);
	out[0] = '\0';
	if (v.n > 0)
		snprintf(out, room, "; %s not reachable", v.text);
}

static void
say(const struct judge *j, enum verdict_code c, char *out, size_t room)
{
	char	down[128], away[300];

	downs(j, down, sizeof(down));
	aways(j, away, sizeof(away));
	if (zeroized(j) && !j->ksa_up)
		snprintf(out, room, "%s supplies no keys: it was zeroized",
		    j->kme);
	else if (c == VERDICT_UNKNOWN && !set_up(j))
		snprintf(out, room, "no QKD node is set up here: qkdctl "
		    "init");
	else if (c == VERDICT_UNKNOWN && !field_bool(j->node, "present",
	    true))
		snprintf(out, room, "no QKD node runs here: there is no "
		    "%.200s", field_str(j->node, "run_dir", "?"));
	else if (c == VERDICT_UNKNOWN)
		snprintf(out, room, "the state of %s is unknown: its "
		    "daemons may not be asked", j->kme);
	else if (!j->ksa_up)
		snprintf(out, room, "%s supplies no keys: ksa does not "
		    "answer%s", j->kme, down);
	else if (is_new(j))
		snprintf(out, room, "%s has no links and no peers: it "
		    "supplies no keys to other nodes yet", j->kme);
	else if (j->npeers == 0)
		snprintf(out, room, "%s has no peers: it supplies no keys to "
		    "other nodes yet%s", j->kme, down);
	else
		snprintf(out, room, "%s supplies keys to %u of %u "
		    "nodes%s%s", j->kme, j->supplied, j->npeers, away, down);
}

static int
worst(const char *severity)
{
	return strcmp(severity, "critical") == 0 ? 0 :
	    strcmp(severity, "unknown") == 0 ? 1 :
	    strcmp(severity, "warning") == 0 ? 2 : 3;
}

/* What matters most comes first, else in the order of the daemons. */
static json_t *
sorted(json_t *findings)
{
	json_t	*v = json_array(), *f;
	size_t	 i;

	for (int rank = 0; rank <= 3; rank++)
		json_array_foreach(findings, i, f)
			if (worst(field_str(f, "severity", "")) == rank)
				json_array_append(v, f);
	json_decref(findings);
	return v;
}

json_t *
verdict(const json_t *node, int64_t now)
{
	struct judge	 j = { .node = node, .now = now,
			    .findings = json_array(), .daemons = json_array(),
			    .peers = json_array(), .kme = node_kme_id(node) };
	char		 text[512], clean[512];
	const char	*name;
	json_t		*d;
	enum verdict_code c;

	if (j.kme == NULL)
		j.kme = "this node";
	j.ksa_up = !is_down(&j, "ksa");
	judge_files(&j);
	json_object_foreach(field_object(node, "daemons"), name, d)
		judge_daemon(&j, name, d);
	judge_simulated(&j);
	judge_peers(&j);
	judge_certificates(&j);
	c = code(&j);
	say(&j, c, text, sizeof(text));
	return json_pack("{s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o}",
	    "verdict", field_text(clean, sizeof(clean), text), "state",
	    names[c], "code", (int)c, "kme_id", j.kme, "findings",
	    sorted(j.findings), "daemons", j.daemons, "peers", j.peers,
	    "links", rows_links(node), "certificates", certificates(&j));
}
