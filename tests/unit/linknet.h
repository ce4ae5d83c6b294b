/* linknet.h - networks for the tests of linkstate, in short notation. */
#ifndef QKD_LINKNET_H
#define QKD_LINKNET_H

#include "linkstate.h"

/*
 * "B C= D? E!": links to B with ample key, C fair, D scarce, E none. The
 * number is how many.
 */
unsigned	linknet_links(struct linkstate_link *, const char *list);
void		linknet_new(struct linkstate **, const char *me);
void		linknet_mine(struct linkstate *, const char *list);
enum linkstate_verdict linknet_hear(struct linkstate *, const char *origin,
		    const char *list, uint64_t incarnation,
		    uint64_t sequence, uint64_t now);
/* As written with commas, "" for none; a static buffer. */
const char	*linknet_route(struct linkstate *, const char *to);
/* "A,B,D A,C,D": all that are found of as many as are wanted; the same. */
const char	*linknet_disjoint(struct linkstate *, const char *to,
		    unsigned want);

/* A graph of nodes "A", "B" ..: the level that i announces of its link to
 * j, -1 if it announces none. */
#define LINKNET_MAX	12
struct linknet {
	int	n;
	int	level[LINKNET_MAX][LINKNET_MAX];
};
/* Links with this probability in percent, at both ends mostly. */
void		linknet_random(struct linknet *, int n, long percent);
/* The network as node `me` knows it when all have announced. */
void		linknet_build(struct linkstate **, const struct linknet *,
		    int me);
void		linknet_list(const struct linknet *, int from, char *list);
/* The cost of i..j, 0 if that link does not count. */
unsigned	linknet_cost(const struct linknet *, int i, int j);

#endif
