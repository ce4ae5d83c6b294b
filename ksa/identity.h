/*
 * identity.h - whose connection it is: at the handshake, and again before
 * each request, because certificates are revoked and expire and applications
 * come and go while a connection lasts.
 */
#ifndef KSA_IDENTITY_H
#define KSA_IDENTITY_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

struct door;
struct guest;

struct identity {
	X509		*cert;
	char		*refusal;
	time_t		 until;		/* nothing changes before by itself */
	unsigned	 generation;	/* of CAs, CRLs, and the book */
};

/*
 * The handshake is done: finds the caller that the guest is, or says
 * why there is none, and counts. -E_NO_MEMORY.
 */
int	identity_meet(struct guest *, X509 *);
/* False: the certificate does not hold any more, or stands for another
 * application; the refusal is set, and the connection should end. */
bool	identity_holds(struct guest *);
/* Why the guest gets nothing here, in a static buffer; NULL: he does. */
const char *identity_refuses(const struct guest *);
void	identity_leave(struct guest *);

#endif
