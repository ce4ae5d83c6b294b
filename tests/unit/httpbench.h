/* httpbench.h - an application that speaks HTTP with the bench's door. */
#ifndef HTTPBENCH_H
#define HTTPBENCH_H

#include "doorbench.h"

#define B	"/api/v1/keys/SAE-B1"

struct conn	*app_enter(X509 *);
void		 app_say(struct conn *, const char *text);
void		 app_request(struct conn *, const char *line,
		    const char *body);
/* The status code; the body, whose length is what the head says. */
int		 app_answer(struct conn *, char *body, size_t room);
/* A request of SAE-A1, on a connection of its own; the body, till the next. */
const char	*app_ask(int code, const char *line, const char *body);
void		 app_has(const char *text, const char *part);

#endif
