/* expiry.h - what the HTTPS door loses when a date has come, for operators. */
#ifndef KSA_EXPIRY_H
#define KSA_EXPIRY_H

#include <jansson.h>
#include <openssl/ssl.h>

#include "conf.h"

/* The door's own certificate and the CRLs: those that have expired go into
 * `missing`, those that soon will into `warnings`. */
void	expiry_report(SSL_CTX *, const struct ksa_conf *, json_t *missing,
	    json_t *warnings);

#endif
