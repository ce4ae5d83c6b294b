#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doorint.h"
#include "err.h"
#include "identity.h"
#include "ksa/place.h"
#include "log.h"
#include "tlscert.h"

static int
refuse(struct guest *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct guest *g, const char *fmt, ...)
{
	char	text[TLSCERT_TEXT];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if ((g->identity.refusal = strdup(text)) == NULL)
		return -E_NO_MEMORY;
	g->refusal = g->identity.refusal;
	return -E_DENIED;
}

/* It would be let in elsewhere, if its names are as usual. */
static bool
is_announced(const struct guest *g, X509 *cert, struct place *pl)
{
	sae_id	cn;

	if (tlscert_cn(cert, cn, sizeof(cn)) < 0 ||
	    place_find(g->door->book, cn, pl) != 0 || pl->local)
		return false;
	log_notice("application of another node", "peer=%s sae=%s km=%s",
	    g->address, log_quote(cn), pl->km);
	return true;
}

/* Of no application, or of two: who is it then? */
static int
refuse_stranger(struct guest *g, int r, const struct sae *a,
    const struct sae *b)
{
	X509	*cert = g->identity.cert;
	struct place pl;

	if (r == -E_EXISTS) {
		log_notice("certificate of two applications", "peer=%s sae=%s "
		    "other=%s %s", g->address, log_quote(a->id),
		    log_quote(b->id), tlscert_log(cert));
		return refuse(g, "the certificate (%s) is that of two "
		    "applications: %s and %s", tlscert_text(cert),
		    log_quote(a->id), log_quote(b->id));
	}
	if (r == -E_TOO_LARGE) {
		log_notice("certificate with too many names", "peer=%s %s",
		    g->address, tlscert_log(cert));
		return refuse(g, "the certificate (%s) has too many names",
		    tlscert_text(cert));
	}
	if (is_announced(g, cert, &pl))
		return refuse(g, "the certificate (%s) is that of an "
		    "application of another node (%s)", tlscert_text(cert),
		    pl.km);
	log_notice("certificate of no registered application", "peer=%s %s",
	    g->address, tlscert_log(cert));
	return refuse(g, "the certificate (%s) is not that of a registered "
	    "application", tlscert_text(cert));
}

/* 0 and *who; -E_DENIED, the refusal is set; -E_NO_MEMORY. */
static int
judge(struct guest *g, bool fresh, struct sae **who)
{
	struct identity	*id = &g->identity;
	struct door	*d = g->door;
	struct sae	*other;
	const char	*why;
	int		 r;

	*who = NULL;
	free(id->refusal);
	id->refusal = NULL;
	g->refusal = NULL;
	id->generation = d->generation;
	id->until = 0;
	if (conn_verify(g->conn, d->tls, fresh, &id->until, &why) < 0)
		return refuse(g, "the certificate is refused: %s",
		    why != NULL ? why : "out of memory");
	if ((r = sae_match(d->book, id->cert, who, &other)) == 0)
		return 0;
	r = refuse_stranger(g, r, *who, other);
	*who = NULL;
	return r;
}

static void
count(struct guest *g, int by)
{
	if (g->caller != NULL)
		g->caller->connections += (unsigned)by;
}

int
identity_meet(struct guest *g, X509 *cert)
{
	int	r;

	X509_up_ref(cert);
	g->identity.cert = cert;
	r = judge(g, true, &g->caller);
	count(g, 1);
	return r == -E_NO_MEMORY ? r : 0;
}

bool
identity_holds(struct guest *g)
{
	struct identity	*id = &g->identity;
	struct sae	*who;
	int		 r;

	if (id->generation == g->door->generation && time(NULL) < id->until)
		return true;
	if ((r = judge(g, false, &who)) == -E_NO_MEMORY)
		g->refusal = "out of memory";
	if (r < 0)
		return false;
	if (g->caller == NULL) {	/* registered meanwhile */
		count(g, -1);
		g->caller = who;
		count(g, 1);
	} else if (g->caller != who) {
		log_notice("certificate of another application now",
		    "peer=%s sae=%s before=%s %s", g->address,
		    log_quote(who->id), log_quote(g->caller->id),
		    tlscert_log(id->cert));
		if (refuse(g, "the certificate (%s) is that of another "
		    "application now; connect anew",
		    tlscert_text(id->cert)) == -E_NO_MEMORY)
			g->refusal = "out of memory";
		return false;
	}
	return true;
}

const char *
identity_refuses(const struct guest *g)
{
	static char	text[SAE_ID_MAX + KM_ID_MAX + 64];

	if (g->refusal != NULL)
		return g->refusal;
	if (g->caller->local)
		return NULL;
	if (!guest_quiet(g))
		log_notice("application of another node", "sae=%s km=%s",
		    log_quote(g->caller->id), g->caller->km);
	snprintf(text, sizeof(text), "application \"%s\" belongs to another "
	    "node (%s)", g->caller->id, g->caller->km);
	return text;
}

void
identity_leave(struct guest *g)
{
	if (g->identity.cert == NULL)
		return;
	count(g, -1);
	X509_free(g->identity.cert);
	free(g->identity.refusal);
}
