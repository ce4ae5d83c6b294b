/*
 * kx.h - the neighbours: dialled and accepted, one connection each, kept
 * alive, dialled again.
 */
#ifndef RELAYD_KX_H
#define RELAYD_KX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "ident.h"

struct kx;
struct kx_peer;
struct relayd;

struct kx_ops {
	/* The peer is there, and serves us: it sent a frame. */
	void	(*up)(struct relayd *, struct kx_peer *);
	void	(*down)(struct relayd *, struct kx_peer *);
	/* Its kma came or went. */
	void	(*kma)(struct relayd *, struct kx_peer *);
	/* Any frame but signs of life. < 0: close, *why says why. */
	int	(*input)(struct relayd *, struct kx_peer *,
		    const struct frame *, const char **why);
};

/* Reads certificates, listens, dials. Errors are logged. */
int	kx_new(struct kx **, struct relayd *, const struct kx_ops *);
/* Certificates were renewed: for connections from now on. */
void	kx_reload(struct kx *);
/* Writes what is queued, closes; stopped() is called when all is closed. */
void	kx_stop(struct kx *, void (*stopped)(void *), void *arg);
void	kx_free(struct kx **);

/* Plain peers are no nodes of ours: whatever is sent to nodes, or carried
 * by them, finds only those that are none. */
struct kx_peer *kx_find(struct kx *, const char *km);
struct kx_peer *kx_find_plain(struct kx *, const char *km);
const char *kx_name(const struct kx_peer *);
bool	kx_is_up(const struct kx_peer *);
/* Whether key management runs there, as it says itself; and here. */
bool	kx_has_kma(const struct kx_peer *);
void	kx_say_kma(struct kx *, bool runs);
bool	kx_is_plain(const struct kx_peer *);
void	kx_each_plain(struct kx *, void (*fn)(void *arg, struct kx_peer *),
	    void *arg);
void	kx_each(struct kx *, void (*fn)(void *arg, struct kx_peer *),
	    void *arg);
/* Administrative: down refuses and closes. -E_NOT_FOUND. */
int	kx_admin(struct kx *, const char *km, bool up);
/* For the operator: one object per peer. */
json_t	*kx_status(struct kx *);
/* Adds a text for each peer that is not connected. */
void	kx_missing(struct kx *, json_t *list);
/* When the node's own certificate expires: ms since 1970; 0: unknown. */
int64_t	kx_expires_ms(const struct kx *);

/* Numbers the exchanges that we begin. */
uint32_t kx_next_id(struct kx_peer *);
/*
 * Room for a payload, to be filled and committed at once. NULL, *err:
 * -E_DOWN, -E_BUSY (too much is queued; counted), -E_NO_MEMORY.
 */
uint8_t	*kx_reserve(struct kx_peer *, size_t payload, int *err);
void	kx_commit(struct kx_peer *, uint32_t message_id, uint16_t command,
	    size_t payload);
int	kx_send(struct kx_peer *, uint32_t message_id, uint16_t command,
	    const uint8_t *payload, size_t len);

#endif
