/* tlsfigures.h - until when certificates hold, for the command "metrics". */
#ifndef QKD_TLSFIGURES_H
#define QKD_TLSFIGURES_H

#include <jansson.h>
#include <openssl/ssl.h>

/* Our own certificate, the CAs, and the CRL that ends first. */
void	tlsfigures(json_t *all, SSL_CTX *);

#endif
