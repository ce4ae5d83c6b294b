/*
 * saeanswer.h - what a KME answers (ETSI GS QKD 014, clause 6.1, 6.3, 6.5).
 * Pure: this is where it is checked. The KME is not trusted with more than
 * its keys.
 */
#ifndef SAE_ANSWER_H
#define SAE_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "ident.h"
#include "saekeys.h"
#include "saeparts.h"
#include "saewhy.h"

#define SAE_NO_NUMBER	(-1)

/* 6.1; what the KME left out is "" or SAE_NO_NUMBER. Sizes in bits. */
struct saestatus {
	sae_id	source_kme, target_kme, master_sae, slave_sae;
	int64_t	key_size, stored_key_count, max_key_count;
	int64_t	max_key_per_request, max_key_size, min_key_size;
	int64_t	max_sae_id_count;
};

/*
 * The keys of a container, in the order of the IDs wanted. `body` is changed.
 * -E_BAD_FORMAT, -E_TOO_LARGE, -E_NO_MEMORY, with the reason.
 */
int	saeanswer_keys(char *body, size_t len, const struct saewanted *,
	    struct saekeys **, struct saewhy *);
int	saeanswer_status(const char *body, size_t len, struct saestatus *,
	    struct saewhy *);
/* An Error object as text, "message (name: value)"; "" if it is none. */
void	saeanswer_error(const char *body, size_t len, char *text,
	    size_t room);

#endif
