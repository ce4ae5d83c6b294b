/* conf.h - the options of kma. */
#ifndef KMA_CONF_H
#define KMA_CONF_H

#include <stdint.h>
#include <stdio.h>

#include "auditrow.h"
#include "common/conf.h"
#include "ident.h"
#include "note.h"
#include "kek.h"

struct kma_link_conf {
	char	name[LINK_NAME_MAX + 1];
	km_id	peer;
	char	user[64];
};

struct kma_plain_conf {		/* a KM with keys in clear */
	km_id			kme_id;
	struct conf_strings	applications;	/* of this node; none: any */
};

struct kma_conf {
	km_id			kme_id;
	char			run_dir[80];
	char			store[256];
	char			node_key[KEK_SPEC_MAX];
	char			node_key_next[KEK_SPEC_MAX];
	int			confine;	/* enum confine_mode */
	struct conf_strings	confine_keep;
	int64_t			locked_memory;
	char			user_ksa[64], user_relayd[64];
	int64_t			block_octets;
	int64_t			link_stock_max, link_share_keep;
	int64_t			own_share;	/* per cent */
	int64_t			agree_timeout, relay_timeout, key_max_age;
	int64_t			audit_days, audit_rows;
	char			audit_accept[AUDITROW_ANCHOR_TEXT];
	struct conf_list	links;		/* struct kma_link_conf */
	struct conf_list	plain_peers;	/* struct kma_plain_conf */
};

extern const struct conf_opt	kma_options[];
extern struct kma_conf		kma_conf;

void	kma_conf_notes(struct note out[2]);
/* Names and peers of links are valid and stand once. */
int	kma_conf_check(const char *path, FILE *err);

#endif
