/*
 * authlink.h - an authenticated channel between the two KMAs of a link, or
 * the two KSAs of a pair of nodes, end to end: relayd in between can only
 * drop and delay. HMAC-SHA-256 under a key agreed by QKD, with incarnation
 * (fresh nonces of both sides) and counter. A pure state machine: it gets
 * octets and hands out octets.
 *
 * The side with the lower KM ID opens with "hello", naming a control key;
 * the other answers "hello-ack"; both say their mark and which mark of the
 * other they remember. A mark below the other's memory means that a store
 * went back in time.
 */
#ifndef QKD_AUTHLINK_H
#define QKD_AUTHLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct authlink;

struct authlink_marks {
	uint64_t	mine;		/* how often my store changed */
	uint64_t	seen;		/* the highest of the peer's I know */
};

struct authlink_ops {
	/* The control key with this ID, or -E_NOT_FOUND. `adopt`: the peer
	 * names it as its own fresh one: take it if it is unspent and of the
	 * peer's direction, and keep it; only called with a message that
	 * must still be verified, so nothing is written before adopt_done. */
	int	(*key_find)(void *arg, uint64_t id, uint8_t key[32]);
	/* The message was good: make `id` the control key, durably. */
	int	(*key_adopt)(void *arg, uint64_t id);
	/* A control key to open with: the one in use, or a fresh one of my
	 * own direction (`fresh` forces that), durably taken. -E_NO_KEY. */
	int	(*key_mine)(void *arg, bool fresh, uint64_t *id,
		    uint8_t key[32]);
	void	(*marks)(void *arg, struct authlink_marks *);
	/* To the wire. */
	void	(*send)(void *arg, const uint8_t *, size_t octets);
	/* The channel is up. rolled_back_mine: my store is older than the
	 * peer's memory; rolled_back_peer: the peer's is. peer_mark and
	 * my_mark_seen are what the peer said. */
	void	(*up)(void *arg, bool rolled_back_mine,
		    bool rolled_back_peer, uint64_t peer_mark,
		    uint64_t my_mark_seen);
	/* An authentic message, in order, each at most once. */
	void	(*input)(void *arg, const uint8_t *, size_t octets,
		    uint64_t peer_mark);
	void	(*down)(void *arg, const char *why);
};

#define AUTHLINK_OVERHEAD	64	/* octets added to a message */

/* label: "kma" or "ksa": keeps the two channels of a pair apart. */
int	authlink_new(struct authlink **, const char *label, const char *me,
	    const char *peer, const struct authlink_ops *, void *arg);
void	authlink_free(struct authlink **);
/* The path to the peer came up (or: try again): opens or asks to. */
void	authlink_start(struct authlink *);
/* The path is gone. Calls down() if it was up. */
void	authlink_stop(struct authlink *, const char *why);
/* Call about once a second: repeats a hello without an answer, keeps the
 * channel alive, notices that the other side is gone. */
void	authlink_tick(struct authlink *);
bool	authlink_is_up(const struct authlink *);
/* -E_DOWN. Copies. */
int	authlink_send(struct authlink *, const uint8_t *, size_t octets);
/* From the wire: hostile. 0, or -E_MAC, -E_REPLAY, -E_BAD_FORMAT (counted). */
int	authlink_input(struct authlink *, const uint8_t *, size_t octets);

#endif
