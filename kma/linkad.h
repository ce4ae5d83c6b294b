/* linkad.h - the announcements of announce.h, on the links of this node. */
#ifndef KMA_LINKAD_H
#define KMA_LINKAD_H

#include <jansson.h>
#include <stdbool.h>

struct kma;
struct link;
struct msg_announce;

int	linkad_new(struct kma *);		/* when the links are there */
void	linkad_free(struct kma *);
void	linkad_tick(struct kma *);		/* each 100 ms */
/* The control channel of the link came up anew, or went. */
void	linkad_channel(struct link *, bool up);
/* What came in it; flush: when all of a channel message was read. */
int	linkad_in(struct link *, const struct msg_announce *);
void	linkad_flush(struct kma *);
json_t	*linkad_status(struct kma *);

#endif
