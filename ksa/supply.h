/*
 * supply.h - the engine behind both doors of the KSA: who may have which key.
 * A door authenticates the application, parses and checks its request, calls
 * here, and writes the answer in its own protocol. The engine copies names and
 * ids that it needs beyond a call.
 */
#ifndef KSA_SUPPLY_H
#define KSA_SUPPLY_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "secret.h"

struct ksa_conf;
struct sae_book;
struct supply;		/* the engine; one per process */

/*
 * Opens the store, the links to kma and relayd, the pools. The book and the
 * configuration outlive the engine. Errors are logged.
 */
int	supply_new(struct supply **, struct event_base *,
	    const struct ksa_conf *, const struct sae_book *);
/* The applications and quotas of the configuration have changed. */
void	supply_reload(struct supply *);
/* What seals the store, and its record: for the control socket. */
struct storekey *supply_keys(struct supply *);
struct audit *supply_audit(struct supply *);
/* Answers open calls with SUPPLY_UNAVAILABLE, writes what is queued, closes. */
void	supply_free(struct supply **);
/*
 * For `status` on the control socket: figures into the object, one text into
 * the arrays for each thing that is missing, or soon will be. True: keys can be
 * supplied.
 */
bool	supply_report(const struct supply *, json_t *figures,
	    json_t *missing, json_t *warnings);
/* Commands of the control socket: those of show.h. */
struct ctl;
int	supply_commands(struct supply *, struct ctl *);

#define SUPPLY_KEYS_MAX	1024	/* per request; 10 bits in a key_ID */
#define SUPPLY_OCTETS_MAX (4U << 20)	/* of all keys of a request */
#define SUPPLY_SLAVES_MAX 17	/* of one request: in the path, additional */

/* The tokens of PROFILE.md section 2; HTTPS maps them to 400, 401, 503. */
enum supply_status {
	SUPPLY_OK,
	SUPPLY_BAD_REQUEST,
	SUPPLY_UNAUTHORIZED,
	SUPPLY_NOT_FOUND,
	SUPPLY_INSUFFICIENT,
	SUPPLY_TOO_LARGE,
	SUPPLY_UNAVAILABLE,
	SUPPLY_TIMEOUT,
	SUPPLY_UNMET,		/* there is key, but none as it was wished */
	SUPPLY_REJECTED,	/* sessions: refused, or beyond the limit */
	SUPPLY_EXPIRED,		/* sessions: it has ended */
	SUPPLY_STATUSES
};

struct supply_limits {		/* sizes in bits as the standards have them */
	uint32_t	key_size, min_key_size, max_key_size;
	uint32_t	max_key_per_request, max_sae_id_count;
};

/*
 * What the key material shall be like. Bits stand for rows of the table in
 * extension.c; an optional wish that cannot be met at once is ignored.
 */
struct supply_wish {
	unsigned	mandatory, optional;
	bool		asked;		/* the answer tells what it is like */
	uint64_t	max_age;	/* ms */
	uint32_t	min_paths;	/* node-disjoint */
	uint32_t	floor;		/* the same by configuration: no less */
};

struct supply_origin {		/* what it is like: the worst of it */
	bool		direct;		/* of one QKD link, or of this node */
	bool		dated;		/* its age is known */
	uint64_t	age;		/* ms */
	uint32_t	paths;		/* node-disjoint; 0: of this node */
};

/*
 * The answer to enc and dec. Keys lie one after the other, `octets` each, or
 * as many as `sizes` says. `detail`: for a person, NULL when OK; it names what
 * is missing. With `keys` the receiver of the answer owns the secret (it may
 * set the field to NULL to keep it); otherwise the engine wipes it after the
 * call.
 */
struct supply_answer {
	enum supply_status	 status;
	const char		*detail;
	uint32_t		 number, octets;
	const uint32_t		*sizes;		/* NULL: all the same */
	const uint8_t		(*ids)[16];	/* `number` key_IDs */
	struct secret		*keys;
	const struct supply_origin *origin;	/* NULL: nobody asked */
	unsigned		 unmet;		/* mandatory wishes */
	const uint8_t		*session;	/* 16 octets; NULL: none */
};

typedef void	supply_done(void *arg, struct supply_answer *);

/* The handle of a call not yet answered; NULL if done() was called already. */
struct supply_call;

/* What an application wants; the engine copies what it needs of it. */
struct supply_request {
	const char		*master;
	const char *const	*slaves;	/* [0]: the one in the path */
	uint32_t		 nslaves;	/* 1..SUPPLY_SLAVES_MAX */
	uint32_t		 number, octets;	/* keys, of each */
	struct supply_wish	 wish;
	/* 16 octets: drawn in that session, for one slave; the keys are
	 * offered (bindings.h) when done() is called. NULL: none. */
	const uint8_t		*session;
};

/*
 * Get key (014 5.3, Q.4161 0x2101): master asks for `number` keys of `octets`
 * each, to be shared with the slaves. Limits were checked by the door except
 * what depends on stock. done() is called exactly once, perhaps before this
 * returns; for SUPPLY_OK everything is durable by then.
 */
struct supply_call *supply_enc(struct supply *,
	    const struct supply_request *, supply_done *, void *arg);
/* Whether an answer has room for keys of so many octets each. */
typedef bool	supply_fits(uint32_t number, const uint32_t *octets);

/* Keys that a slave asks for; the engine copies what it needs of it. */
struct supply_claim {
	const char		*caller;
	/* The master that was named: that of each key, or the caller itself
	 * (014 6.4 example), or NULL. */
	const char		*peer_sae;
	const uint8_t		(*ids)[16];	/* distinct */
	uint32_t		 number;
	supply_fits		*fits;		/* NULL: any do */
};

/* Get key with key IDs (014 5.4, 0x2102): all or nothing. What does not fit
 * (SUPPLY_TOO_LARGE) is not delivered. */
struct supply_call *supply_dec(struct supply *, const struct supply_claim *,
	    supply_done *, void *arg);
/* The client went away. True: nothing was used up, done() will not be called.
 * False: keys are being committed for it, done() will be called. */
bool		supply_withdraw(struct supply_call *);
/* The answer goes elsewhere; NULL: nowhere. */
void		supply_redirect(struct supply_call *, supply_done *,
		    void *arg);

struct supply_stock {		/* for Get status (014 5.2) */
	km_id		target_km;	/* where the slave is */
	uint32_t	stored;		/* keys of key_size that can be had now */
	uint32_t	max_stored;
};
/* SUPPLY_NOT_FOUND: the slave is registered nowhere. */
enum supply_status supply_stock(struct supply *, const char *master,
	    const char *slave, struct supply_stock *);
const struct supply_limits *supply_limits(const struct supply *);
const char	*supply_kme_id(const struct supply *);

#endif
