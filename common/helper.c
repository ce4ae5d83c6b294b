#include "helper.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define NICE	5	/* a third of the loop's share */

TAILQ_HEAD(jobs, helper_job);

struct helper {
	pthread_t	*threads;
	unsigned	 nthreads;
	pthread_mutex_t	 mutex;		/* for all below but the event */
	pthread_cond_t	 work;
	struct jobs	 lanes[HELPER_LANES], finished;
	unsigned	 waiting, turn;	/* jobs; the lane that is next */
	bool		 stop;
	int		 eventfd;
	struct event	*readable;
};

/* ---- the threads ---- */

/* The first of the next lane that has any; there is one. */
static struct helper_job *
take(struct helper *h)
{
	struct helper_job	*j;

	while ((j = TAILQ_FIRST(&h->lanes[h->turn++ % HELPER_LANES])) == NULL)
		;
	TAILQ_REMOVE(&h->lanes[(h->turn - 1) % HELPER_LANES], j, entry);
	j->waiting = false;
	h->waiting--;
	return j;
}

static void
finish(struct helper *h, struct helper_job *j)
{
	const uint64_t	one = 1;

	/* One wake-up is enough for all that the loop has not fetched. */
	if (TAILQ_EMPTY(&h->finished) &&
	    write(h->eventfd, &one, sizeof(one)) < 0)
		log_err("a helper cannot wake the loop", NULL);
	TAILQ_INSERT_TAIL(&h->finished, j, entry);
}

static void *
work(void *arg)
{
	struct helper		*h = arg;
	struct helper_job	*j;

	pthread_setname_np(pthread_self(), "helper");
	/* Of this thread alone: the loop goes first, yet not always. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	pthread_mutex_lock(&h->mutex);
	while (!h->stop) {
		if (h->waiting == 0) {
			pthread_cond_wait(&h->work, &h->mutex);
			continue;
		}
		j = take(h);
		pthread_mutex_unlock(&h->mutex);
		j->run(j);
		pthread_mutex_lock(&h->mutex);
		finish(h, j);
	}
	pthread_mutex_unlock(&h->mutex);
	return NULL;
}

/* ---- the loop's side ---- */

static struct helper_job *
next_finished(struct helper *h)
{
	struct helper_job	*j;

	pthread_mutex_lock(&h->mutex);
	if ((j = TAILQ_FIRST(&h->finished)) != NULL)
		TAILQ_REMOVE(&h->finished, j, entry);
	pthread_mutex_unlock(&h->mutex);
	return j;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct helper_job	*j;
	uint64_t		 n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	while ((j = next_finished(arg)) != NULL)
		j->done(j);
}

void
helper_add(struct helper *h, struct helper_job *j)
{
	pthread_mutex_lock(&h->mutex);
	j->waiting = true;
	h->waiting++;
	TAILQ_INSERT_TAIL(&h->lanes[j->lane % HELPER_LANES], j, entry);
	pthread_cond_signal(&h->work);
	pthread_mutex_unlock(&h->mutex);
}

bool
helper_cancel(struct helper *h, struct helper_job *j)
{
	bool	waited;

	pthread_mutex_lock(&h->mutex);
	if ((waited = j->waiting)) {
		TAILQ_REMOVE(&h->lanes[j->lane % HELPER_LANES], j, entry);
		h->waiting--;
		j->waiting = false;
	}
	pthread_mutex_unlock(&h->mutex);
	return waited;
}

/* Signals are for the loop's thread. */
static int
start_threads(struct helper *h, unsigned n)
{
	sigset_t	all, before;
	int		r = 0;

	if ((h->threads = calloc(n, sizeof(*h->threads))) == NULL)
		return -E_NO_MEMORY;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (r == 0 && h->nthreads < n) {
		if (pthread_create(&h->threads[h->nthreads], NULL, work,
		    h) == 0)
			h->nthreads++;
		else
			r = -E_SYSTEM;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int
helper_new(struct helper **out, struct event_base *base, unsigned threads)
{
	struct helper	*h;
	int		 r = -E_SYSTEM;

	*out = NULL;
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return -E_NO_MEMORY;
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->work, NULL);
	for (int i = 0; i < HELPER_LANES; i++)
		TAILQ_INIT(&h->lanes[i]);
	TAILQ_INIT(&h->finished);
	h->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->eventfd < 0 || (h->readable = event_new(base, h->eventfd,
	    EV_READ | EV_PERSIST, on_readable, h)) == NULL ||
	    event_add(h->readable, NULL) < 0 ||
	    (r = start_threads(h, threads)) < 0) {
		helper_free(&h);
		return r;
	}
	*out = h;
	return 0;
}

static void
stop_threads(struct helper *h)
{
	pthread_mutex_lock(&h->mutex);
	h->stop = true;
	pthread_cond_broadcast(&h->work);
	pthread_mutex_unlock(&h->mutex);
	for (unsigned i = 0; i < h->nthreads; i++)
		pthread_join(h->threads[i], NULL);
	free(h->threads);
}

void
helper_free(struct helper **hp)
{
	struct helper		*h = *hp;
	struct helper_job	*j;

	if (h == NULL)
		return;
	*hp = NULL;
	stop_threads(h);
	while (h->waiting > 0) {
		j = take(h);
		TAILQ_INSERT_TAIL(&h->finished, j, entry);
	}
	while ((j = next_finished(h)) != NULL)
		j->done(j);
	if (h->readable != NULL)
		event_free(h->readable);
	if (h->eventfd >= 0)
		close(h->eventfd);
	pthread_mutex_destroy(&h->mutex);
	pthread_cond_destroy(&h->work);
	free(h);
}
