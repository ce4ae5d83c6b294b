/* binding.c - one request: its slaves, when its keys were delivered. */
#include "ksa/binding.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

#define STAMP_MS	10

/* 0: more than there may be. */
static uint32_t
count_lines(const char *s)
{
	uint32_t	n = 1;

	for (; (s = strchr(s, '\n')) != NULL; s++)
		n++;
	return n <= BINDING_SLAVES_MAX ? n : 0;
}

struct binding *
binding_new(const char *master, const char *slaves)
{
	struct binding	*b = calloc(1, sizeof(*b));

	if (b != NULL && ((b->master = strdup(master)) == NULL ||
	    (b->slaves = strdup(slaves)) == NULL))
		binding_free(&b);
	if (b != NULL)
		b->nslaves = count_lines(slaves);
	return b;
}

void
binding_free(struct binding **bp)
{
	struct binding	*b = *bp;

	if (b == NULL)
		return;
	free(b->master);
	free(b->slaves);
	free(b->pieces);
	free(b->copy);
	free(b->fetched);
	free(b->erased);
	free(b);
	*bp = NULL;
}

int
binding_add_slave(struct binding *b, const char *slave)
{
	size_t	 len = strlen(b->slaves), more = strlen(slave);
	char	*p = realloc(b->slaves, len + more + 2);

	if (p == NULL)
		return -E_NO_MEMORY;
	p[len] = '\n';
	memcpy(p + len + 1, slave, more + 1);
	b->slaves = p;
	b->nslaves++;
	return 0;
}

int
binding_slave(const struct binding *b, const char *name)
{
	const char	*s = b->slaves;
	size_t		 len = strlen(name);

	for (int i = 0;; i++) {
		size_t	n = strcspn(s, "\n");

		if (n == len && memcmp(s, name, n) == 0)
			return i;
		if (s[n] == '\0')
			return -E_NOT_FOUND;
		s += n + 1;
	}
}

bool
binding_equal(const struct binding *a, const struct binding *b)
{
	return a->request == b->request && a->keys == b->keys &&
	    a->octets == b->octets && a->copied == b->copied &&
	    a->in_session == b->in_session &&
	    memcmp(a->session, b->session, BINDING_SESSION) == 0 &&
	    strcmp(a->master, b->master) == 0 &&
	    strcmp(a->slaves, b->slaves) == 0 &&
	    memcmp(a->seed, b->seed, KEYID_SEED) == 0 &&
	    a->pieces->n == b->pieces->n && memcmp(a->pieces->v, b->pieces->v,
	    a->pieces->n * sizeof(a->pieces->v[0])) == 0;
}

uint32_t
binding_stamp(const struct binding *b, uint64_t now)
{
	return now <= b->made ? 1 : (uint32_t)((now - b->made) / STAMP_MS + 1);
}

uint64_t
binding_time(const struct binding *b, uint32_t stamp)
{
	return b->made + (uint64_t)(stamp - 1) * STAMP_MS;
}

bool
binding_window_open(uint64_t at, uint64_t window, uint64_t now)
{
	return window != 0 && now <= at + window && at <= now + window;
}

bool
binding_is_erased(const struct binding *b, uint32_t key)
{
	return b->erased != NULL && (b->erased[key / 8] >> key % 8 & 1) != 0;
}

int
binding_need_fetched(struct binding *b)
{
	if (b->fetched == NULL)
		b->fetched = calloc((size_t)b->nslaves * b->keys,
		    sizeof(b->fetched[0]));
	return b->fetched == NULL ? -E_NO_MEMORY : 0;
}
