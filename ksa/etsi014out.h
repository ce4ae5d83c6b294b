/* etsi014out.h - the answers of ETSI GS QKD 014, clause 6. Pure. */
#ifndef KSA_ETSI014OUT_H
#define KSA_ETSI014OUT_H

#include "etsi014json.h"
#include "jsonout.h"

struct status014 {		/* 6.1 */
	const char	*source_kme, *target_kme, *master_sae, *slave_sae;
	const struct supply_limits *limits;
	uint32_t	 stored, max_stored;
};
void	etsi014_write_status(struct jsonout *, const struct status014 *);
void	etsi014_write_error(struct jsonout *, const struct refusal *);
/* Key container (6.3): its length, and its text to exactly that many octets. */
size_t	etsi014_keys_len(const struct supply_answer *);
void	etsi014_write_keys(char *out, const struct supply_answer *);

#endif
