#include "saekeys.h"

#include <stdlib.h>

#include "saemem.h"

struct saekeys *
saekeys_new(size_t n, size_t octets)
{
	struct saekeys	*k;

	if (n > SAE_KEYS_MAX || octets > n * SAE_KEY_OCTETS)
		return NULL;
	k = saemem_new(sizeof(*k) + n * sizeof(k->key[0]) + octets);
	if (k != NULL)
		k->n = n;
	return k;
}

uint8_t *
saekeys_room(struct saekeys *k)
{
	return (uint8_t *)&k->key[k->n];
}

void
saekeys_free(struct saekeys **k)
{
	for (size_t i = 0; *k != NULL && i < (*k)->n; i++)
		free((*k)->key[i].extension);
	saemem_free(*k);
	*k = NULL;
}
