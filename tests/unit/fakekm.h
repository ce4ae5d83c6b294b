/*
 * fakekm.h - a KM's door of Q.4161 that does as a test tells it, one
 * connection at a time, on a thread of its own.
 */
#ifndef FAKEKM_H
#define FAKEKM_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define FAKEKM_TEXT	65536

struct fakekm;
/* What happens on one connection; it is closed behind. */
typedef void	fakekm_script(struct fakekm *);

struct fakekm {
	SSL_CTX		*ctx;
	fakekm_script	*const *scripts;	/* one for each connection */
	unsigned	 nscripts;
	_Atomic unsigned connections;
	char		 address[32];		/* "127.0.0.1:PORT" */
	int		 fd, stop[2];
	pthread_t	 thread;
	/* For scripts. */
	SSL		*ssl;
	/* The last frame that was heard. */
	uint16_t	 code;
	uint32_t	 id;
	char		 text[FAKEKM_TEXT];
};

void	fakekm_start(struct fakekm *, SSL_CTX *, fakekm_script *const *,
	    unsigned n);
/* After the last script, or at once; what scripts wait for ends. */
void	fakekm_stop(struct fakekm *);

/* ---- for scripts; a frame that is not as expected aborts the test ---- */

/* False: the application has closed, or the test wants an end. */
bool	fakekm_hear(struct fakekm *);
/* The next one has this code and, unless it is NULL, this text. */
void	fakekm_expect(struct fakekm *, unsigned code, const char *text);
/* Waits until the application has closed. */
void	fakekm_expect_end(struct fakekm *);
void	fakekm_say(struct fakekm *, unsigned code, uint32_t id,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Octets as they are. */
void	fakekm_send(struct fakekm *, const void *, size_t);
/*
 * "[{key_ID, key}, ...]" in a static buffer of the thread: key i has octets
 * seed + i each and the ID fakekm_id(seed + i).
 */
const char *fakekm_keys(unsigned seed, unsigned n, unsigned octets);
const char *fakekm_id(unsigned);

#endif
