/* etclock.h - one change of a node's configuration or node keys at a time. */
#ifndef CTL_ETCLOCK_H
#define CTL_ETCLOCK_H

/* Keeps other qkdctl and init out until close(); -1: said on stderr. */
int	etclock(const char *etc);

#endif
