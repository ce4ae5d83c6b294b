/*
 * qkdnode-sae.h - keys for an application from the node (KM, KME) of its site,
 * through either of its doors: HTTPS (ETSI GS QKD 014) and Q.4161 over TCP
 * with TLS. Link with `pkg-config --libs qkdnode-sae`; see libqkdnode-sae(3).
 *
 * Functions return 0 or one of the negative numbers of enum qkdsae_error, if
 * nothing else is said; qkdsae_reason() says in words what went wrong. Nothing
 * is written to stderr, no signal is raised, there are no hidden threads, and
 * no key is left in memory that was freed. Texts are UTF-8; sizes of keys are
 * in bits where it says bits, otherwise in octets.
 *
 * A connection (struct qkdsae) may be used by several threads at once. With
 * Q.4161 all their requests are under way together; with HTTPS one waits for
 * the other. Only qkdsae_close() must have the connection for itself.
 */
#ifndef QKDNODE_SAE_H
#define QKDNODE_SAE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qkdsae;			/* a connection to a KM, by one door */
struct qkdsae_keys;		/* keys, in locked memory */

enum qkdsae_error {
	/* This side. */
	QKDSAE_ARGUMENT = -1,	/* an argument is out of range or malformed */
	QKDSAE_FILE = -2,	/* certificate, key, CA or CRL; says which */
	QKDSAE_MEMORY = -3,	/* memory, or locked memory (ulimit -l) */
	QKDSAE_NO_SUCH_MESSAGE = -4,	/* this door has none for that */
	QKDSAE_STOPPED = -5,	/* by qkdsae_stop() */
	/* The way to the KM, and whether it is the right one. */
	QKDSAE_CONNECTION = -10,	/* there is none, or it was lost */
	QKDSAE_TIMEOUT = -11,	/* the KM did not answer in time */
	QKDSAE_TLS = -12,	/* a certificate, ours or the KM's */
	QKDSAE_ANSWER = -13,	/* what the KM says is not what it should */
	/* What the KM answered; its words are part of the reason. */
	QKDSAE_REFUSED = -20,	/* 400, bad_request, too_large, unknown ones */
	QKDSAE_DENIED = -21,	/* 401, unauthorized */
	QKDSAE_LATER = -22,	/* 503, insufficient_keys, unavailable: it may
				 * work later */
	QKDSAE_NOT_FOUND = -23,	/* not_found; by HTTPS this is REFUSED */
	/* The same, of sessions. */
	QKDSAE_REJECTED = -24,	/* rejected: by the other application, or the
				 * session has used up its limit */
	QKDSAE_SILENT = -25,	/* timeout: the other application did not
				 * answer the KM in time */
	QKDSAE_EXPIRED = -26	/* expired: the session is over */
};

enum qkdsae_door {
	QKDSAE_HTTPS = 0,	/* ETSI GS QKD 014 = Q.4161, Appendix II */
	QKDSAE_Q4161 = 1	/* Q.4161, Appendix I, inside TLS */
};

#define QKDSAE_ID_SIZE	37	/* a UUID as text, with its '\0' */
#define QKDSAE_KEYS_MAX	1024	/* keys in one request */
#define QKDSAE_ALSO_MAX	64
#define QKDSAE_EXTENSIONS_MAX	64
#define QKDSAE_BITS_MAX	(1 << 20)	/* the longest key */
#define QKDSAE_WAIT_MS	30000

/*
 * Structures that a program fills in begin with their own size, so that later
 * versions can add members behind: initialise with the macro (or zeros, and
 * set `size`). What is left out is 0 or NULL.
 */
#define QKDSAE_INIT(type)	{ .size = sizeof(struct type) }

struct qkdsae_conf {
	size_t		 size;
	int		 door;		/* enum qkdsae_door */
	const char	*address;	/* "host:port", "[v6]:port" */
	const char	*certificate;	/* PEM file, our chain */
	const char	*private_key;	/* PEM file */
	const char	*ca;		/* PEM file: who vouches for the KM */
	const char	*crl;		/* PEM file: who is revoked; or NULL */
	/* What the KM's certificate shall say it is: CN, or SAN DNS name or
	 * URI. NULL: the host of `address` is all that counts. */
	const char	*km_id;
	/* Q.4161 only: our application ID (SAE ID). NULL: the CN of our
	 * certificate. */
	const char	*application_id;
	/* For one try of one call, connecting included. 0: QKDSAE_WAIT_MS. */
	unsigned	 wait_ms;
	/* How long a call is tried again after QKDSAE_LATER, or when there is
	 * no connection. What the KM may have done is not asked for twice:
	 * new keys only if the request did not leave, or was refused. 0: not
	 * at all. */
	unsigned	 retry_ms;
};
#define QKDSAE_CONF_INIT	QKDSAE_INIT(qkdsae_conf)

/*
 * Reads the files; texts are copied. The connection is made when first used,
 * and again when it is needed and was lost. NULL on failure.
 */
int	qkdsae_open(struct qkdsae **, const struct qkdsae_conf *);
/* NULL is fine; NULL after. No other thread is in a call any more. */
void	qkdsae_close(struct qkdsae **);
/* Connects now, if not connected. */
int	qkdsae_connect(struct qkdsae *);
/*
 * All calls on this connection, those under way and later ones, end with
 * QKDSAE_STOPPED: at once if they wait for a KM by Q.4161, else after what
 * they wait for. For other threads and for signal handlers.
 */
void	qkdsae_stop(struct qkdsae *);

/*
 * Why the last call of this thread failed: one line without control
 * characters, "" if it did not. Valid until this thread's next call.
 */
const char *qkdsae_reason(void);
/* "connection", "timeout", ...: the code as one word; "ok" for 0. */
const char *qkdsae_error_name(int);
const char *qkdsae_version(void);

/* ---- keys */

size_t	qkdsae_keys_number(const struct qkdsae_keys *);
/* The ID of a key, 0 to number - 1: a UUID in lower case. */
const char *qkdsae_keys_id(const struct qkdsae_keys *, size_t i);
/* The key itself, in locked memory, and its length in octets. */
const unsigned char *qkdsae_keys_octets(const struct qkdsae_keys *, size_t i,
	    size_t *octets);
/* key_extension as JSON text; NULL: there is none. */
const char *qkdsae_keys_extension(const struct qkdsae_keys *, size_t i);
/* Wipes. NULL is fine; NULL after. */
void	qkdsae_keys_free(struct qkdsae_keys **);

/* ---- upon request; both doors */

/* A vendor's parameter (ETSI GS QKD 014, 6.2); the value is JSON text. */
struct qkdsae_extension {
	const char	*name, *value;
	int		 mandatory;	/* the KM shall honour it or refuse */
};

/* Which keys. NULL instead of it: one of the KM's key_size. */
struct qkdsae_wanted {
	size_t		 size;
	unsigned	 number;	/* of keys; 0: one */
	unsigned	 bits;		/* of each; 0: the KM's key_size */
	const struct qkdsae_extension *extensions;
	size_t		 nextensions;
	/* HTTPS only: other applications that get the same keys. */
	const char	*const *also;
	size_t		 nalso;
};
#define QKDSAE_WANTED_INIT	QKDSAE_INIT(qkdsae_wanted)

/*
 * New keys, shared with the application `destination` (the slave SAE), and at
 * the other end those keys by their IDs, which `source` (the master SAE) has
 * told. Keys come in the order asked for, all of them or none; *keys is NULL
 * on failure, otherwise the caller frees it.
 */
int	qkdsae_get(struct qkdsae *, const char *destination,
	    const struct qkdsae_wanted *, struct qkdsae_keys **keys);
/* bits: what each shall have, 0: any. */
int	qkdsae_fetch(struct qkdsae *, const char *source,
	    const char *const *ids, size_t n, unsigned bits,
	    struct qkdsae_keys **keys);

/* HTTPS only: what the KM can deliver (6.1). What it left out is "" or -1. */
struct qkdsae_status {
	size_t		 size;
	char		 source_kme[292], target_kme[292];
	char		 master_sae[292], slave_sae[292];
	int64_t		 key_size;		/* bits */
	int64_t		 stored_key_count, max_key_count;
	int64_t		 max_key_per_request;
	int64_t		 max_key_size, min_key_size;	/* bits */
	int64_t		 max_sae_id_count;
};
#define QKDSAE_STATUS_INIT	QKDSAE_INIT(qkdsae_status)
int	qkdsae_status(struct qkdsae *, const char *destination,
	    struct qkdsae_status *);

/* ---- sessions: the KMs supply both applications; Q.4161 only */

/*
 * A session with the application `destination`, which has agreed. It may use
 * at most `limit` keys in all, 0: no limit. `name`: ours, for people; or NULL.
 * The session is not bound to this connection. It ends by its limit, when it
 * is idle, and some time after the last connection of either application; no
 * message ends it.
 */
int	qkdsae_session_open(struct qkdsae *, const char *destination,
	    const char *name, uint64_t limit, char session[QKDSAE_ID_SIZE]);
/*
 * New keys, which the other application has confirmed before they come. After
 * a failure it may be left with keys that we never saw. `also` does not go
 * with sessions.
 */
int	qkdsae_session_get(struct qkdsae *, const char *session,
	    const struct qkdsae_wanted *, struct qkdsae_keys **keys);

/* A session as its destination is told of it. */
struct qkdsae_session {
	size_t		 size;
	const char	*id;
	/* The application that asked, and ours. "" if this connection has only
	 * seen keys of the session, because another was told of it. */
	const char	*source, *destination;
	const char	*name;		/* of the application that asked; "" */
	uint64_t	 limit;		/* 0: none */
};

/*
 * What the destination does. Each returns NULL to accept, or why not, in words
 * for people (short; control characters are replaced), which the KM passes on
 * to the application that asked. What is refused, or not accepted in the KM's
 * time (5 s), never comes to be. NULL instead of a function refuses.
 *
 * They are called by the thread that is in qkdsae_serve() and may use the
 * connection themselves, but not close it. What they are given is theirs
 * only until they return, with this exception: on_keys keeps keys by taking
 * them out of *keys (setting it to NULL), and frees them some time. Who asked
 * gets the keys only after on_keys has accepted, and may fail to: so the first
 * use of a key is for him. After a lost connection both may be called again
 * for what they have accepted.
 */
struct qkdsae_handlers {
	size_t		 size;
	void		*arg;
	const char	*(*on_session)(void *arg,
			    const struct qkdsae_session *);
	const char	*(*on_keys)(void *arg, const struct qkdsae_session *,
			    struct qkdsae_keys **keys);
};
#define QKDSAE_HANDLERS_INIT	QKDSAE_INIT(qkdsae_handlers)

/*
 * From now on sessions are for these handlers; connects. Once for a
 * connection, also if connecting fails. What is offered on a connection
 * without handlers is given back, for the KM to offer it on another connection
 * of the application (which may be another process); this one is made anew
 * then. If nothing else listens, it is refused.
 */
int	qkdsae_listen(struct qkdsae *, const struct qkdsae_handlers *);
/*
 * Waits for something to do and does it: 1 if a handler was called, 0 if
 * timeout_ms went by before, or an error. Negative: as long as it takes. Call
 * it again and again, in as many threads as shall work at a time. While the
 * connection is lost, it is made anew for retry_ms, then the call fails; the
 * next one tries again. Without handlers it keeps the connection, and with it
 * our sessions, alive.
 */
int	qkdsae_serve(struct qkdsae *, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
