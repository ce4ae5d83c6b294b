/*
 * servenode.h - what is known of this node: every few seconds each daemon is
 * asked on its control socket, all at once. What does not answer in time is
 * down, and nothing waits for it.
 */
#ifndef CTL_SERVENODE_H
#define CTL_SERVENODE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVENODE_ROUND_S	5	/* more than SERVEASK_S */
#define SERVENODE_DAEMONS	64

struct servenode;

int	servenode_new(struct servenode **, struct event_base *,
	    const char *run_dir);	/* -E_NO_MEMORY, -E_SYSTEM */
void	servenode_free(struct servenode **);
/* The first round is through: something is known. */
bool	servenode_knows(const struct servenode *);
/* New objects and texts of the caller's; NULL: no memory. */
json_t	*servenode_status(struct servenode *);
json_t	*servenode_history(struct servenode *, uint64_t since);
char	*servenode_metrics(struct servenode *, size_t *octets);

#endif
