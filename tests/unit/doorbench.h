/*
 * doorbench.h - a door to be knocked at: certificates, applications, and an
 * engine and connections that the test plays (fakesupply.h, fakeconn.h).
 */
#ifndef DOORBENCH_H
#define DOORBENCH_H

#include <check.h>

#include "fakeconn.h"
#include "fakesupply.h"
#include "ksa/door.h"
#include "testpki.h"

#define DOORBENCH_APPS	4

/* Of each test anew, except for the certificates. */
extern struct doorbench {
	struct ksa_conf		 conf;		/* of KME-A */
	struct event_base	*base;
	struct sae_book		*book;
	struct door		*door;
	struct testpki		 pki;
	/* SAE-A1, SAE-A2 of KME-A, SAE-B1 of KME-B; registered nowhere. */
	X509			*a1, *a2, *b1, *stranger;
} bench;
/* A1, A2, B1, and one with an ID that is hard to write. */
extern struct ksa_application	 doorbench_apps[DOORBENCH_APPS];

/* A connection that was accepted shows this certificate. */
struct conn	*doorbench_shake(struct conn *, X509 *);
/* The door reads a configuration with these applications. */
void		 doorbench_reload(struct ksa_application *, size_t n);
/* Of door_report(); members of members behind a slash. */
json_int_t	 doorbench_figure(const char *path);

int		 doorbench_run(const char *name, const TTest *const *,
		    size_t n);

#define DOORBENCH_MAIN(name, ...) \
int \
main(void) \
{ \
	const TTest *const	tests[] = { __VA_ARGS__ }; \
\
	return doorbench_run(name, tests, sizeof(tests) / sizeof(tests[0])); \
}

#endif
