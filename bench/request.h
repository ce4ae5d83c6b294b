/* request.h - the texts of requests, by HTTP or as a frame of Q.4161. */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include "job.h"

/* Commands that the load generators send or get. */
enum {
	REQUEST_KEYS = 0x2101, REQUEST_WITH_ID = 0x2102,
	REQUEST_ANSWER = 0x1203,
	REQUEST_OPEN = 0x2104, REQUEST_OPENED = 0x1205,
	REQUEST_NOTIFY = 0x1206, REQUEST_NOTIFIED = 0x2107,
	REQUEST_DRAW = 0x2108, REQUEST_DRAWN = 0x1209,
	REQUEST_SUPPLY = 0x120A, REQUEST_SUPPLIED = 0x210B
};

/* The header of a frame whose payload stands behind it already; octets of
 * both. */
size_t	request_frame(char *out, uint32_t id, unsigned command, size_t len);
size_t	request_uuid(char *out, const uint8_t id[16]);	/* no '\0' */
/* Writes r->text by what else is in it. */
void	request_write(const struct job *, struct job_request *);

#endif
