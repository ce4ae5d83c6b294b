/* announcemsg.h - an announcement of links as it travels between KMAs. Pure. */
#ifndef KMA_ANNOUNCEMSG_H
#define KMA_ANNOUNCEMSG_H

#include "linkstate.h"
#include "msg.h"

/* Per link: octets of the ID, the ID, level, stock, rate. */
#define ANNOUNCEMSG_LINKS_MAX	(LINKSTATE_LINKS_MAX * (1 + KM_ID_MAX + 17))

/*
 * Hostile input. -E_BAD_FORMAT: octets missing or left over, a level or a
 * number that cannot be, links out of order, twice, too many, or to the
 * origin itself.
 */
int	announcemsg_read(struct linkstate_ad *, const struct msg_announce *);
/* Appends the message to the buffer. -E_NO_MEMORY. */
int	announcemsg_write(struct msgbuf *, const struct linkstate_ad *);

#endif
