/*
 * enginepair.h - two engines of ksa in one process, or a few more, with a kma
 * and a network between them that may lose, repeat and delay.
 */
#ifndef UNIT_ENGINEPAIR_H
#define UNIT_ENGINEPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "ksa/conf.h"
#include "ksa/engine.h"

#define PAIR_KEYS_MAX	128
#define PAIR_NODES	17
#define PAIR_MESH	4	/* with more nodes all know the first only */
#define PAIR_BYTES_MAX	(1 << 20)

struct pair_result {
	bool			done;
	enum supply_status	status;
	char			detail[256];
	bool			told;		/* of what the keys are like */
	struct supply_origin	origin;
	unsigned		unmet;
	uint32_t		number, octets;
	uint32_t		sizes[PAIR_KEYS_MAX];
	uint8_t			ids[PAIR_KEYS_MAX][16];
	uint8_t			keys[PAIR_BYTES_MAX];
};

struct pair_node {
	struct ksa_conf		 conf;
	struct sae_book		*book;
	struct supply		*s;		/* NULL: it is down */
	unsigned		 index;
};

extern struct pair {
	struct event_base	*base;
	struct pair_node	 n[PAIR_NODES];	/* KME-A, KME-B... */
	unsigned		 nodes;
	bool			 linked;
	bool			 away[PAIR_NODES];	/* cannot be reached */
	bool			 dry;		/* kma has no key */
	struct supply_wish	 wish;		/* of what is asked for next */
	const uint8_t		*session;	/* the same; NULL: none */
	supply_fits		*fits;		/* of what is fetched next */
	/* What kma says of its blocks; of those asked for as fresh, too. */
	uint32_t		 hops, fresh_hops;
	uint64_t		 age, fresh_age;
	uint32_t		 paths;		/* node-disjoint ones, if any */
	bool			 liar;		/* theirs came over one */
	unsigned		 taken;		/* so many */
	unsigned		 lose, repeat;	/* percent of messages */
	unsigned		 lose_confirm;	/* the next so many in the open */
	void			(*step)(void);	/* after each message */
	/* What a KSA says inside the authlink; may change it or, if true,
	 * lose it. */
	bool			(*spy)(unsigned from, unsigned to,
				    const struct msg_view *);
} pair;

/* SAE-A1, SAE-A2 at KME-A, SAE-B1, SAE-B2 at KME-B. All files are in `dir`.
 * What must not happen ends the process: a fuzz target has no Check. */
void	pair_open(const char *dir);
/* The same with up to PAIR_NODES nodes and two applications at each. */
void	pair_open_nodes(const char *dir, unsigned nodes);
void	pair_close(void);
int	pair_start(unsigned i);
void	pair_stop(unsigned i);
void	pair_link(bool up);
void	pair_away(unsigned i, bool away);
/* Runs until the condition holds; false: it did not within ms. */
bool	pair_until(bool (*)(void), unsigned ms);
void	pair_run(unsigned ms);
bool	pair_ready(void);		/* all can supply all ways */
void	pair_store_copy(unsigned i, const char *to, bool back);
const char *pair_store(unsigned i);
const char *pair_witness(unsigned i);
/* Answers of kma so far: all blocks, for searching files. */
extern struct pair_block { uint8_t bytes[8096]; unsigned from, to; uint64_t serial;
	uint32_t paths; bool fetched; } *pair_blocks;
extern size_t pair_nblocks;

/* Several slaves are separated by blanks. */
void	pair_enc(unsigned i, const char *master, const char *slaves,
	    uint32_t number, uint32_t octets, struct pair_result *);
void	pair_dec(unsigned i, const char *caller, const char *peer_sae,
	    const uint8_t (*ids)[16], uint32_t number, struct pair_result *);
/* Without waiting; the handle may be NULL. */
struct supply_call *pair_enc_start(unsigned i, const char *master,
	    const char *slave, uint32_t number, uint32_t octets,
	    struct pair_result *);
struct supply_call *pair_dec_start(unsigned i, const char *caller,
	    const uint8_t (*ids)[16], uint32_t number, struct pair_result *);
void	pair_wait(struct pair_result *);

#endif
