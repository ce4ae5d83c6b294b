/* remedy.c - a table of what daemons say and what helps. */
#include "remedy.h"

#include <stdio.h>
#include <string.h>

#define WORD	128

/*
 * The first row that matches: what the text holds. In the remedy "{}" is the
 * word behind `name` in the text, a link or a KM.
 */
static const struct {
	const char	*holds, *name, *remedy;
} remedies[] = {
	{ "no links are configured", "", "qkdctl link add" },
	{ "no peers are configured", "", "qkdctl peer add" },
	{ "no neighbours are configured", "", "qkdctl peer add" },
	{ "no applications are configured", "", "qkdctl application add" },
	{ "its qkdmod is not connected", "link ",
	    "systemctl status qkdnode-qkdmod@{}; "
	    "journalctl -u qkdnode-qkdmod@{}" },
	{ "key from the module", "",
	    "look at the QKD module and its fibre; qkdctl links" },
	{ "relayd is not connected", "",
	    "systemctl status qkdnode-relayd; journalctl -u qkdnode-relayd" },
	{ "ksa is not connected", "",
	    "systemctl status qkdnode-ksa; journalctl -u qkdnode-ksa" },
	{ "kma is not connected", "",
	    "systemctl status qkdnode-kma; journalctl -u qkdnode-kma" },
	{ "administratively down", "to ",
	    "when it may be used again: qkdctl relayd peer {} up" },
	{ "Kx connection to", "to ",
	    "is {} up, and its address right in relayd.conf? qkdctl peers; "
	    "qkdctl check" },
	{ "cannot be reached", "KM ",
	    "is {} up? qkdctl peers; qkdctl routes" },
	{ "no channel to the KSA", "of ",
	    "wait a little; else look at ksa there: on {}, qkdctl status" },
	{ "applications of", "of ",
	    "wait a little; else look at ksa there: on {}, qkdctl status" },
	{ "no key for", "for ",
	    "is there key on the links? qkdctl links; qkdctl routes" },
	{ "are being compared", "",
	    "wait; it ends when the other node answers: qkdctl peers" },
	{ "disjoint_paths", "",
	    "qkdctl routes; add links, or ask for fewer paths in ksa.conf" },
	{ "is announced by two", "",
	    "qkdctl saes; remove it at one node: qkdctl application remove" },
	{ "expire", "",
	    "replace the certificate or CRL, then systemctl reload "
	    "qkdnode-ksa" },
	{ "route to", "to ",
	    "qkdctl routes; qkdctl route clear {} takes the best way again" },
	{ "has been reading", "",
	    "end the sqlite3 that reads the store: "
	    "fuser /var/lib/qkdnode/*/keys.db" },
	{ "link ", "link ",
	    "qkdctl links; is the other end up? qkdctl events" },
};

/* What stands in a command must not be more than a name. */
static void
word(char out[WORD], const char *text, const char *after)
{
	const char	*p = strstr(text, after);
	size_t		 n;

	strcpy(out, "NAME");
	if (after[0] == '\0' || p == NULL)
		return;
	p += strlen(after);
	n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-:");
	if (n > 0 && p[n - 1] == ':')	/* "link a-b: ..." */
		n--;
	if (n > 0 && n < WORD)
		snprintf(out, WORD, "%.*s", (int)n, p);
}

static char *
fill(char out[REMEDY_TEXT], const char *with, const char *name)
{
	size_t	len = 0;

	for (; *with != '\0' && len + WORD < REMEDY_TEXT; with++)
		if (with[0] == '{' && with[1] == '}') {
			len += (size_t)sprintf(out + len, "%s", name);
			with++;
		} else
			out[len++] = *with;
	out[len] = '\0';
	return out;
}

char *
remedy(char out[REMEDY_TEXT], const char *daemon, const char *what)
{
	char	name[WORD];

	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
		if (strstr(what, remedies[i].holds) != NULL) {
			word(name, what, remedies[i].name);
			return fill(out, remedies[i].remedy, name);
		}
	word(name, daemon, "qkdmod-");
	return strncmp(daemon, "qkdmod-", 7) == 0 ?
	    fill(out, "journalctl -u qkdnode-qkdmod@{}", name) :
	    fill(out, "journalctl -u 'qkdnode-*'", name);
}
