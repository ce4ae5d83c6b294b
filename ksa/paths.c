/* paths.c - how many node-disjoint paths the configuration demands. */
#include "ksa/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ksa/enc.h"
#include "ksa/peer.h"

uint32_t
paths_of_peer(const struct ksa_conf *c, const char *km)
{
	const struct ksa_peer	*p = c->peers.v;

	for (size_t i = 0; i < c->peers.n; i++)
		if (strcmp(p[i].kme_id, km) == 0)
			return (uint32_t)p[i].disjoint_paths;
	return 1;
}

static uint32_t
of_pair(const struct ksa_conf *c, const char *master, const char *slave)
{
	const struct ksa_pair	*v = c->pairs.v;

	for (size_t i = 0; i < c->pairs.n; i++)
		if (strcmp(v[i].slave, slave) == 0 &&
		    strcmp(v[i].master, master) == 0)
			return (uint32_t)v[i].disjoint_paths;
	return 1;
}

/*
 * The keys are of one pool, and go to the other slaves' nodes under key of
 * theirs: who has seen either has seen the keys. So all pools must have what
 * the most demanding slave needs. Key that stays in this node has been nowhere.
 */
uint32_t
paths_demanded(const struct env *env, const char *master,
    const char *const *slaves, uint32_t nslaves)
{
	uint32_t	most = 1, n;

	for (uint32_t i = 0; i < nslaves; i++) {
		const struct peer	*p = enc_peer_of(env, slaves[i]);

		if (p != NULL && p->self && nslaves == 1)
			continue;
		n = of_pair(env->conf, master, slaves[i]);
		most = n > most ? n : most;
		if (p != NULL && p->paths > most)
			most = p->paths;
	}
	return most;
}

void
paths_tell(char out[PATHS_TEXT], const char *km, uint32_t there,
    uint32_t demanded)
{
	snprintf(out, PATHS_TEXT, "%u node-disjoint path%s to %s, %u are "
	    "demanded", there, there == 1 ? "" : "s", km, demanded);
}
