/* fakeapp.h - an application with libqkdnode-sae and the KM that it talks to,
 * which a test plays. */
#ifndef FAKEAPP_H
#define FAKEAPP_H

#include <check.h>

#include "fakekm.h"
#include "sae/qkdnode-sae.h"

#define FAKEAPP_DESTINATION	"SAE-B"
#define FAKEAPP_SESSION		"6b0f5e16-3d57-4b3c-9d8e-0123456789ab"

extern struct qkdsae_conf	fakeapp_conf;	/* of Q.4161; for the next */
extern struct qkdsae		*fakeapp;
extern struct fakekm		fakeapp_km;
extern struct qkdsae_keys	*fakeapp_keys;	/* freed at the end */

void	fakeapp_setup(void);			/* fixture, unchecked */
void	fakeapp_teardown(void);
SSL_CTX	*fakeapp_context(void);			/* of the KM */
/* Starts the KM and opens the application. */
void	fakeapp_start(fakekm_script *const *, unsigned n);
#define FAKEAPP_START(...) \
	static fakekm_script *const scripts[] = { __VA_ARGS__ }; \
	fakeapp_start(scripts, sizeof(scripts) / sizeof(scripts[0]))
/* Closes the application, then ends the KM. */
void	fakeapp_stop(void);

/* A get of so many keys of 256 bits. */
int	fakeapp_get(unsigned number);
/* The keys are those that fakekm_keys() made. */
void	fakeapp_have(const struct qkdsae_keys *, unsigned seed, unsigned n,
	    size_t octets);
/* The call failed like this, and the reason has these words. */
void	fakeapp_failed(int got, int wanted, const char *words);
/* `loop` is run with _i from 0 to times - 1; NULL: none. */
int	fakeapp_run(const char *suite, const TTest *const *, size_t n,
	    const TTest *loop, size_t times);

#endif
