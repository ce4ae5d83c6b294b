/*
 * serverequest.h - is this a request that the status page answers, and for
 * what? Pure.
 */
#ifndef CTL_SERVEREQUEST_H
#define CTL_SERVEREQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "servefiles.h"

#define SERVEREQUEST_HOSTS	16

enum serverequest_what { SERVE_FILE, SERVE_STATUS, SERVE_HISTORY,
	SERVE_METRICS, SERVE_HEALTH };

/* Names besides those of loopback that a browser may know us by: those of a
 * proxy. Without ports; NULL ends. */
struct serverequest_hosts {
	const char	*v[SERVEREQUEST_HOSTS + 1];
};

struct serverequest {
	enum serverequest_what	what;
	uint64_t		since;		/* of the history */
	const struct servefile	*file;
};

/* 200; else the status to answer with: 400, 404, 405, 421. */
int	serverequest_read(struct serverequest *,
	    const struct http_request *, const struct serverequest_hosts *);
/*
 * A page of a stranger can let its own name point to us, and read us as
 * itself: only names that are ours are answered to. "" is none.
 */
bool	serverequest_host(const char *host, const struct serverequest_hosts *);
/* Of --host: letters, digits, dots, dashes. */
bool	serverequest_name_valid(const char *);

#endif
