/* times.h - latencies of a run, and when requests are due. */
#ifndef BENCH_TIMES_H
#define BENCH_TIMES_H

#include <stdint.h>

struct times {
	uint32_t	*took;		/* ns / 10 */
	unsigned long	 n, room;
};

uint64_t times_now(void);		/* ns, monotonic */
uint64_t times_cpu(void);		/* ns that this process has used */
int	times_new(struct times *, unsigned long room);
void	times_add(struct times *, uint64_t ns);
void	times_sort(struct times *);
double	times_us(const struct times *, double quantile);	/* sorted */

/* Requests of many callers who know nothing of each other: gaps of random
 * length. The same ones in each run. */
struct schedule {
	uint64_t	 due, state;
	double		 gap;		/* mean, ns */
};

void	schedule_start(struct schedule *, uint64_t now, double per_second);
void	schedule_next(struct schedule *);

#endif
