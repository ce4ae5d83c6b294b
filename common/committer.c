/*
 * committer.c - group commit. While the thread waits for the disk, jobs
 * collect; so the more there is to do, the more share one fsync.
 */
#include "committer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "ident.h"
#include "log.h"

#define BATCH_MAX	4096	/* jobs in a transaction: bounds the wait */
#define BLOCKED_MS	5000	/* then a checkpoint is tried again */

struct job {
	struct job	*next;
	committer_run	*run;
	committer_done	*done;
	void		*arg;
	int		 result;
	int		*sync;		/* committer_sync() waits for it */
};

struct queue { struct job *head, **tail; };

struct committer {
	struct db	*db;
	pthread_t	 thread;
	pthread_mutex_t	 mutex;		/* up to `eventfd` */
	pthread_cond_t	 work, answer;
	struct queue	 waiting, answered;
	bool		 stop, checkpoint;
	struct committer_figures figures;	/* but `blocked` */
	uint64_t	 blocked;	/* since then, mono ms; 0: it is not */
	uint64_t	 retry;		/* then, if it is */
	int		 eventfd;
	struct event	*ev;
	/* Of the loop alone: */
	struct queue	 ready;		/* taken from `answered` */
	size_t		 queued;
};

static void
queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void
queue_add(struct queue *q, struct job *j)
{
	j->next = NULL;
	*q->tail = j;
	q->tail = &j->next;
}

static struct job *
queue_pop(struct queue *q)
{
	struct job	*j = q->head;

	if (j != NULL && (q->head = j->next) == NULL)
		q->tail = &q->head;
	return j;
}

static void
queue_move(struct queue *to, struct queue *from)
{
	if (from->head == NULL)
		return;
	*to->tail = from->head;
	to->tail = from->tail;
	queue_init(from);
}

/* ---- the thread ---- */

/*
 * `alone`: if it fails it is undone alone. -E_STORE: the transaction is gone,
 * or must go.
 */
static int
run_job(struct committer *c, struct job *j, bool alone)
{
	int	r;

	if (alone && db_save(c->db) < 0)
		return -E_STORE;
	j->result = r = j->run(c->db, j->arg);
	if (j->result > 0)
		j->result = 0;
	/* SQLite undoes all by itself when the disk is full, for one. */
	if (sqlite3_get_autocommit(db_handle(c->db)))
		return -E_STORE;
	if (!alone)
		return r < 0 ? -E_STORE : 0;
	if (r < 0 && db_undo(c->db) < 0)
		return -E_STORE;
	return db_keep(c->db) < 0 ? -E_STORE : 0;
}

/* A commit that failed may be on the disk all the same: unknown. */
static void
spoil(struct queue *q, int result)
{
	for (struct job *j = q->head; j != NULL; j = j->next)
		if (j->result == 0)
			j->result = result;
}

static void
count(struct committer *c, const struct queue *batch, uint64_t begun)
{
	pthread_mutex_lock(&c->mutex);
	c->figures.commits++;
	histogram_since(&c->figures.took, begun);
	for (const struct job *j = batch->head; j != NULL; j = j->next)
		c->figures.jobs++;
	pthread_mutex_unlock(&c->mutex);
}

static int
run_transaction(struct committer *c, struct queue *batch, bool alone)
{
	uint64_t	begun = histogram_now();
	int		r;

	for (struct job *j = batch->head; j != NULL; j = j->next)
		j->result = 0;
	if ((r = db_begin(c->db)) < 0) {
		spoil(batch, r);
		return 0;
	}
	for (struct job *j = batch->head; j != NULL && r == 0; j = j->next)
		r = run_job(c, j, alone);
	if (r < 0) {
		db_rollback(c->db);
		return r;
	}
	if (db_commit(c->db) < 0) {
		db_rollback(c->db);
		spoil(batch, -E_STORE);
	}
	count(c, batch, begun);
	return 0;
}

/* Nothing of the batch was committed: each job gets a transaction. */
static void
run_singly(struct committer *c, struct queue *batch)
{
	struct queue	 one, finished;
	struct job	*j;

	queue_init(&finished);
	while ((j = queue_pop(batch)) != NULL) {
		queue_init(&one);
		queue_add(&one, j);
		if (run_transaction(c, &one, true) < 0)
			j->result = j->result < 0 ? j->result : -E_STORE;
		queue_add(&finished, j);
	}
	queue_init(batch);
	while ((j = queue_pop(&finished)) != NULL)
		queue_add(batch, j);
}

/*
 * Jobs seldom fail, and savepoints cost as much as a small job: so only when
 * one has failed they run again, each in a savepoint of its own.
 */
static void
run_batch(struct committer *c, struct queue *batch)
{
	if (run_transaction(c, batch, false) < 0 &&
	    run_transaction(c, batch, true) < 0)
		run_singly(c, batch);
}

static void
take_batch(struct committer *c, struct queue *batch)
{
	struct job	*j;

	queue_init(batch);
	for (int n = 0; n < BATCH_MAX && (j = queue_pop(&c->waiting)) != NULL;
	    n++)
		queue_add(batch, j);
}

/* Whoever is woken runs at once, perhaps on this core: not into our lock. */
static void
give_answers(struct committer *c, struct queue *batch)
{
	const uint64_t	 one = 1;
	bool		 wake;

	pthread_mutex_lock(&c->mutex);
	wake = c->answered.head == NULL;
	queue_move(&c->answered, batch);
	pthread_mutex_unlock(&c->mutex);
	pthread_cond_signal(&c->answer);
	if (wake && write(c->eventfd, &one, sizeof(one)) < 0)
		log_err("committer cannot wake the loop", NULL);
}

static void
checkpoint(struct committer *c)
{
	int	r;

	c->checkpoint = false;
	pthread_mutex_unlock(&c->mutex);
	r = db_checkpoint(c->db);
	pthread_mutex_lock(&c->mutex);
	c->figures.checkpoint = r;
	c->figures.truncated += r == 0;
	if (r != -E_BUSY)
		c->blocked = 0;
	else if (c->blocked == 0)
		c->blocked = mono_ms();
	c->retry = mono_ms() + BLOCKED_MS;
}

/* Who blocked one may have ended meanwhile. */
static bool
due(const struct committer *c)
{
	return c->checkpoint || (c->blocked != 0 && mono_ms() >= c->retry);
}

/* Until there is work, or a checkpoint is due. */
static void
rest(struct committer *c)
{
	struct timespec	until = { (time_t)(c->retry / 1000),
			    (long)(c->retry % 1000) * 1000000 };

	if (c->blocked == 0) {
		pthread_cond_wait(&c->work, &c->mutex);
		return;
	}
	pthread_cond_timedwait(&c->work, &c->mutex, &until);
}

static void *
work(void *arg)
{
	struct committer	*c = arg;
	struct queue		 batch;

	pthread_setname_np(pthread_self(), "committer");
	pthread_mutex_lock(&c->mutex);
	for (;;) {
		if (c->waiting.head != NULL) {
			take_batch(c, &batch);
			pthread_mutex_unlock(&c->mutex);
			run_batch(c, &batch);
			give_answers(c, &batch);
			pthread_mutex_lock(&c->mutex);
		} else if (due(c))
			checkpoint(c);
		else if (c->stop)
			break;
		else
			rest(c);
	}
	pthread_mutex_unlock(&c->mutex);
	return NULL;
}

/* ---- the loop's side ---- */

/* One at a time: done() may add jobs, or wait for others by sync. */
static bool
deliver_one(struct committer *c)
{
	struct job	*j;

	if (c->ready.head == NULL) {
		pthread_mutex_lock(&c->mutex);
		queue_move(&c->ready, &c->answered);
		pthread_mutex_unlock(&c->mutex);
	}
	if ((j = queue_pop(&c->ready)) == NULL)
		return false;
	c->queued--;
	if (j->sync != NULL)
		*j->sync = j->result;
	if (j->done != NULL)
		j->done(j->arg, j->result);
	free(j);
	return true;
}

static void
on_answers(evutil_socket_t fd, short what, void *arg)
{
	struct committer	*c = arg;
	uint64_t		 n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;		/* a sync delivered them before */
	while (deliver_one(c))
		;
}

static void
wait_and_deliver(struct committer *c)
{
	pthread_mutex_lock(&c->mutex);
	while (c->ready.head == NULL && c->answered.head == NULL)
		pthread_cond_wait(&c->answer, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
	deliver_one(c);
}

static void
add(struct committer *c, committer_run *run, committer_done *done, void *arg,
    int *sync)
{
	struct job	*j = malloc(sizeof(*j));
	bool		 wake;

	/* The caller has promised something; there is no way back. */
	if (j == NULL)
		fatal("out of memory", "during=commit");
	*j = (struct job){ NULL, run, done, arg, 0, sync };
	c->queued++;
	pthread_mutex_lock(&c->mutex);
	wake = c->waiting.head == NULL;
	queue_add(&c->waiting, j);
	pthread_mutex_unlock(&c->mutex);
	if (wake)
		pthread_cond_signal(&c->work);
}

void
committer_add(struct committer *c, committer_run *run, committer_done *done,
    void *job)
{
	add(c, run, done, job, NULL);
}

int
committer_sync(struct committer *c, committer_run *run, void *job)
{
	int	result = 1;	/* no job has this result */

	add(c, run, NULL, job, &result);
	while (result == 1)
		wait_and_deliver(c);
	return result;
}

size_t
committer_queued(const struct committer *c)
{
	return c->queued;
}

void
committer_figures(struct committer *c, struct committer_figures *out)
{
	uint64_t	since;

	pthread_mutex_lock(&c->mutex);
	*out = c->figures;
	since = c->blocked;
	pthread_mutex_unlock(&c->mutex);
	out->blocked = since == 0 ? 0 : mono_ms() - since + 1;
}

void
committer_checkpoint(struct committer *c)
{
	pthread_mutex_lock(&c->mutex);
	c->checkpoint = true;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->mutex);
}

/* Its time is that which nobody sets. */
static void
init_work(struct committer *c)
{
	pthread_condattr_t	attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->work, &attr);
	pthread_condattr_destroy(&attr);
}

static void
destroy(struct committer *c)
{
	if (c->ev != NULL)
		event_free(c->ev);
	if (c->eventfd >= 0)
		close(c->eventfd);
	pthread_cond_destroy(&c->answer);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}

int
committer_new(struct committer **out, struct event_base *base, struct db *db)
{
	struct committer	*c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return -E_NO_MEMORY;
	c->db = db;
	queue_init(&c->waiting);
	queue_init(&c->answered);
	queue_init(&c->ready);
	pthread_mutex_init(&c->mutex, NULL);
	init_work(c);
	pthread_cond_init(&c->answer, NULL);
	c->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->eventfd < 0 || (c->ev = event_new(base, c->eventfd,
	    EV_READ | EV_PERSIST, on_answers, c)) == NULL ||
	    event_add(c->ev, NULL) < 0 ||
	    pthread_create(&c->thread, NULL, work, c) != 0) {
		destroy(c);
		return -E_SYSTEM;
	}
	*out = c;
	return 0;
}

void
committer_free(struct committer **cp)
{
	struct committer	*c = *cp;

	if (c == NULL)
		return;
	while (c->queued > 0)	/* an answer may add a job, through *cp */
		wait_and_deliver(c);
	*cp = NULL;
	pthread_mutex_lock(&c->mutex);
	c->stop = true;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
	destroy(c);
}
