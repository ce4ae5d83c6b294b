/*
 * stray.h - a call whose client went away when its keys were being committed:
 * somebody must take the answer, and say that nobody got it.
 */
#ifndef KSA_STRAY_H
#define KSA_STRAY_H

struct door;
struct guest;
struct supply_call;

/* What happened to the call is logged when the engine answers. */
void	stray_begin(const struct guest *, struct supply_call *,
	    const char *method);
/* All of them are forgotten: the door closes. */
void	stray_end(struct door *);

#endif
