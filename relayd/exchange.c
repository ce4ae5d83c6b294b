#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "err.h"

#define OPEN_MAX	16384	/* under way; then the oldest goes */
#define AGE_MS		60000

/* Padding and unused octets are zero: the key is hashed as it lies. */
struct key {
	km_id		hop;
	uint16_t	command;	/* of the request */
	char		request[KXJSON_ID_MAX + 1];	/* of those that came */
	uint32_t	id;				/* of those that went */
};

struct entry {
	struct key		 key;
	uint32_t		 id;
	char			 request[KXJSON_ID_MAX + 1];
	char			*route;		/* NULL: not needed */
	uint64_t		 at;
	TAILQ_ENTRY(entry)	 age;
	UT_hash_handle		 hh;
};

struct exchange {
	struct entry			*all;
	TAILQ_HEAD(entries, entry)	 by_age;
};

int
exchange_new(struct exchange **xp)
{
	if ((*xp = calloc(1, sizeof(**xp))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&(*xp)->by_age);
	return 0;
}

static void
drop(struct exchange *x, struct entry *e)
{
	HASH_DEL(x->all, e);
	TAILQ_REMOVE(&x->by_age, e, age);
	free(e->route);
	free(e);
}

void
exchange_free(struct exchange **xp)
{
	struct entry	*e;

	if (*xp == NULL)
		return;
	while ((e = TAILQ_FIRST(&(*xp)->by_age)) != NULL)
		drop(*xp, e);
	free(*xp);
	*xp = NULL;
}

static void
make_key(struct key *k, const char *hop, enum kx_command command,
    const char *request, uint32_t id)
{
	memset(k, 0, sizeof(*k));
	strncpy(k->hop, hop, KM_ID_MAX);
	k->command = (uint16_t)command;
	strncpy(k->request, request, KXJSON_ID_MAX);
	k->id = id;
}

static struct entry *
find(struct exchange *x, const struct key *k)
{
	struct entry	*e;

	HASH_FIND(hh, x->all, k, sizeof(*k), e);
	return e;
}

/* A number or request used again replaces what it meant. */
static struct entry *
add(struct exchange *x, const struct key *k, uint64_t now)
{
	struct entry	*e;

	if ((e = find(x, k)) != NULL)
		drop(x, e);
	else if (HASH_COUNT(x->all) >= OPEN_MAX)
		drop(x, TAILQ_FIRST(&x->by_age));
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	e->key = *k;
	e->at = now;
	HASH_ADD(hh, x->all, key, sizeof(e->key), e);
	TAILQ_INSERT_TAIL(&x->by_age, e, age);
	return e;
}

static void
keep_route(struct exchange *x, struct entry *e, const struct route *r)
{
	route_text	text;

	route_print(r, text);
	if ((e->route = strdup(text)) == NULL)
		drop(x, e);
}

void
exchange_came(struct exchange *x, const char *hop, enum kx_command command,
    const char *request, uint32_t id, const struct route *r, uint64_t now)
{
	struct entry	*e;
	struct key	 k;

	make_key(&k, hop, command, request, 0);
	if ((e = add(x, &k, now)) == NULL)
		return;
	e->id = id;
	if (r != NULL)
		keep_route(x, e, r);
}

bool
exchange_take_came(struct exchange *x, const char *hop,
    enum kx_command command, const char *request, uint32_t *id,
    struct route *r)
{
	struct entry	*e;
	struct key	 k;

	make_key(&k, hop, command, request, 0);
	if ((e = find(x, &k)) == NULL || (r != NULL && e->route == NULL))
		return false;
	*id = e->id;
	if (r != NULL)
		route_parse(r, e->route);
	drop(x, e);
	return true;
}

void
exchange_went(struct exchange *x, const char *hop, enum kx_command command,
    const char *request, uint32_t id, const struct route *r, uint64_t now)
{
	struct entry	*e;
	struct key	 k;

	make_key(&k, hop, command, "", id);
	if ((e = add(x, &k, now)) == NULL)
		return;
	strncpy(e->request, request, KXJSON_ID_MAX);
	keep_route(x, e, r);
}

bool
exchange_take_went(struct exchange *x, const char *hop,
    enum kx_command command, uint32_t id, char request[KXJSON_ID_MAX + 1],
    struct route *r)
{
	struct entry	*e;
	struct key	 k;

	make_key(&k, hop, command, "", id);
	if ((e = find(x, &k)) == NULL ||
	    (request[0] != '\0' && strcmp(request, e->request) != 0))
		return false;
	strcpy(request, e->request);
	route_parse(r, e->route);
	drop(x, e);
	return true;
}

void
exchange_age(struct exchange *x, uint64_t now)
{
	struct entry	*e;

	while ((e = TAILQ_FIRST(&x->by_age)) != NULL && now - e->at > AGE_MS)
		drop(x, e);
}

unsigned
exchange_count(const struct exchange *x)
{
	return HASH_COUNT(x->all);
}
