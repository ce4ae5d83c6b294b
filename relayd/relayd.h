/* relayd.h - what the parts of relayd share. */
#ifndef RELAYD_RELAYD_H
#define RELAYD_RELAYD_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/conf.h"
#include "counters.h"
#include "ident.h"
#include "note.h"

struct relayd_peer_conf {
	km_id	kme_id;
	char	address[128];		/* "": it dials; plain peers only */
	int	protection;		/* enum relayd_protection */
	char	certificate[256];	/* "": known by its URI */
};

enum relayd_protection { PROTECTION_OTP, PROTECTION_TLS };

struct relayd_conf {
	km_id			kme_id;
	char			run_dir[80];
	char			user_kma[64], user_ksa[64];
	char			listen[128];
	char			certificate[256], private_key[256], ca[256];
	int64_t			keepalive, dead_after;
	int64_t			locked_memory;
	int			confine;	/* enum confine_mode */
	struct conf_list	peers;		/* struct relayd_peer_conf */
};

extern const struct conf_opt	relayd_options[];
extern struct relayd_conf	relayd_conf;

/* Whether keys in clear may pass: there are plain peers. */
bool	relayd_conf_has_plain(const struct relayd_conf *);
/* Peers are others, and each stands once. */
int	relayd_conf_check(const char *path, FILE *err);
void	relayd_conf_notes(struct note out[2]);

struct relayd {
	struct event_base	*base;
	const struct relayd_conf *conf;
	struct kx		*kx;		/* connections to peers */
	struct routes		*routes;	/* who can be reached, and how */
	struct relay		*relay;		/* frames in transit */
	struct plain		*plain;		/* keys in clear: plain peers */
	struct plainout		*plainout;
	struct bridge		*bridge;	/* kma and ksa */
	struct counters		 counters;
};

#endif
