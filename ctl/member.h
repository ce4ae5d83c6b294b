/*
 * member.h - what may stand in a backup: pure, since who restores one may
 * have got it from anywhere.
 */
#ifndef CTL_MEMBER_H
#define CTL_MEMBER_H

#include <stdint.h>

#define MEMBER_NAME	160	/* octets of a name, with the NUL */

enum member_kind {
	MEMBER_MANIFEST,	/* manifest.json, the first */
	MEMBER_CONF,		/* etc/NAME.conf */
	MEMBER_PUBLIC,		/* etc/[pki/]NAME.crt, .crl */
	MEMBER_KEY,		/* etc/[pki/]NAME.key: private */
	MEMBER_KMA, MEMBER_KSA,	/* stores/kma.db, stores/ksa.db */
	MEMBER_KINDS
};

/* -E_BAD_FORMAT: nothing of a backup is called so. */
int		member_kind(const char *name);
uint64_t	member_limit(enum member_kind);	/* octets */

#endif
