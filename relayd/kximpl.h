/* kximpl.h - what kx.c and kxout.c share, and nobody else. */
#ifndef RELAYD_KXIMPL_H
#define RELAYD_KXIMPL_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "kx.h"
#include "kxlink.h"
#include "listener.h"

#define OUTPUT_MAX	((size_t)16 << 20)	/* octets queued per peer */
#define OUTPUT_SPARE	((size_t)1 << 20)	/* more, for signs of life */
#define INBOUND_MAX	256	/* connections that others dialled */

struct kx_peer {
	struct kx		*kx;
	km_id			 km;
	char			 address[128];	/* "": it dials */
	bool			 plain;		/* keys in clear */
	char			 certificate[256];	/* "": by its URI */
	struct kxlink		*link;		/* the one in use */
	struct kxlink		*dialling;	/* not ready yet */
	struct event		*retry;
	unsigned		 wait_ms;
	bool			 up, admin_down;
	bool			 alive;		/* it sends signs of life */
	bool			 no_kma;	/* it says that its kma is gone */
	uint64_t		 ready_at, heard_at, since;
	uint32_t		 next_id;
	struct kxlink_traffic	 traffic;
	uint64_t		 drops, connections;
	int64_t			 expires;	/* its certificate; ms, 0: ? */
	char			 error[256];	/* the last one */
};

struct kx {
	struct relayd		*relayd;
	const struct kx_ops	*ops;
	SSL_CTX			*server, *client;
	struct listener		*listener;
	struct event		*tick;
	struct kx_peer		*peers;
	size_t			 n;
	bool			 no_kma;	/* ours is gone */
	struct kxlink		*inbound[INBOUND_MAX];
	unsigned		 links;
	bool			 stopping;
	void			(*stopped)(void *);
	void			*stopped_arg;
};

/* Of either kind. */
struct kx_peer *kx_any(struct kx *, const char *km);
/* (Re)starts dialling after this time. */
void	kx_dial_after(struct kx_peer *, unsigned ms);

#endif
