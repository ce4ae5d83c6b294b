/* auditask.h - what qkdctl audit is asked for, in one record. */
#ifndef CTL_AUDITASK_H
#define CTL_AUDITASK_H

#include <stdbool.h>
#include <stddef.h>

#include "auditrow.h"
#include "call.h"

#define AUDITCMD_ANCHORS	16
#define AUDITCMD_ROWS		1000000

struct auditcmd {
	const struct call	*call;
	bool			 json;
	const char		*daemon;	/* NULL: a store that is named */
	const char		*store;
	const char		*etc;		/* where configurations are */
	bool			 ask;		/* the daemon, for its last row */
	const char		*archives;	/* NULL: beside the store */
	struct audit_anchor	 anchors[AUDITCMD_ANCHORS + 1];
	size_t			 nanchors;
	const char		*since, *event, *peer, *application;
	unsigned		 limit;
};

/* Exit codes. */
int	auditcmd_verify(struct auditcmd *);
int	auditcmd_show(struct auditcmd *);

#endif
