/* kxlink.h - one Kx connection: frames over TLS, whoever dialled. */
#ifndef RELAYD_KXLINK_H
#define RELAYD_KXLINK_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "ident.h"

struct kxlink;

struct kxlink_ops {
	/* The certificate names this KM. < 0: refuse, *why says why. */
	int	(*ready)(void *arg, struct kxlink *, const char *km,
		    const char **why);
	/* < 0: close, *why says why. */
	int	(*frame)(void *arg, struct kxlink *, const struct frame *,
		    const char **why);
	/* The last call. */
	void	(*closed)(void *arg, struct kxlink *, const char *why);
	/* Whose certificate it is, as kxcert_km(), which NULL stands for. */
	int	(*identify)(void *arg, X509 *, km_id, const char **why);
};

struct kxlink_traffic {
	uint64_t	frames_in, frames_out, octets_in, octets_out;
};

/* expected: whom we dialled; NULL: the other side dialled. Owns the fd. */
struct kxlink *kxlink_new(struct event_base *, SSL_CTX *, int fd,
	    const char *expected, const struct kxlink_ops *, void *arg);
/* closed() is called before it returns. */
void	kxlink_close(struct kxlink *, const char *why);
/* Writes what is queued, then closes. */
void	kxlink_finish(struct kxlink *);
/* Where to count from now on. */
void	kxlink_count(struct kxlink *, struct kxlink_traffic *);
bool	kxlink_dialled(const struct kxlink *);	/* by us */
/* The certificate's KM; before that whom we dialled, or "". */
const char *kxlink_km(const struct kxlink *);
const char *kxlink_address(const struct kxlink *);
size_t	kxlink_queued(const struct kxlink *);

/* Room for the payload of a frame, to be committed at once. NULL. */
uint8_t	*kxlink_reserve(struct kxlink *, size_t payload);
void	kxlink_commit(struct kxlink *, uint32_t message_id, uint16_t command,
	    size_t payload);

#endif
