/*
 * saeak.h - an application's way to its KM by Q.4161 over TCP and TLS, for
 * several threads at once: many exchanges are in flight on one connection, and
 * the KM begins some of them itself. There is no thread of ours: whoever waits
 * reads, and hands to others what is theirs.
 *
 * Functions return 0 or the negative of an E_, with the reason: those of
 * saeclient.h, -E_NOT_FOUND, -E_REJECTED, -E_SILENT, -E_EXPIRED as the KM says
 * them, and -E_STOPPED.
 */
#ifndef SAE_AK_H
#define SAE_AK_H

#include <stdint.h>

#include "saeclient.h"
#include "saekeys.h"
#include "saesession.h"
#include "saewhy.h"

struct saeak;

/* `application`: our ID; NULL: the CN of our certificate. */
int	saeak_open(struct saeak **, const struct saeclient_conf *,
	    const char *application, struct saewhy *);
/* Nobody else uses it any more. NULL is fine; NULL after. */
void	saeak_close(struct saeak **);
int	saeak_connect(struct saeak *, struct saewhy *);

int	saeak_get(struct saeak *, const struct saeget *, struct saekeys **,
	    struct saewhy *);
int	saeak_fetch(struct saeak *, const struct saefetch *,
	    struct saekeys **, struct saewhy *);

/* limit: of keys in all; 0: none. name: "" is none. */
int	saeak_session_open(struct saeak *, const char *destination,
	    const char *name, uint64_t limit, uuid_text session,
	    struct saewhy *);
/* `slave` does not count. */
int	saeak_session_get(struct saeak *, const char *session,
	    const struct saeget *, struct saekeys **, struct saewhy *);

/* As qkdsae_handlers of the public header. */
struct saeak_handlers {
	void		*arg;
	const char	*(*on_session)(void *arg, const struct saesession *);
	const char	*(*on_keys)(void *arg, const struct saesession *,
			    struct saekeys **);
};
int	saeak_listen(struct saeak *, const struct saeak_handlers *,
	    struct saewhy *);
/* 1: a handler was called; 0: nothing came in time. Negative: no limit. */
int	saeak_serve(struct saeak *, int timeout_ms, struct saewhy *);

#endif
