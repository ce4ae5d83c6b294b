/* request.c - what a request looks like, by either door. */
#include "config.h"

#include "request.h"

#include <stdio.h>
#include <string.h>

size_t
request_uuid(char *out, const uint8_t id[16])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[id[i] >> 4];
		*p++ = hex[id[i] & 15];
	}
	return p - out;
}

/* ---- HTTP ---- */

static void
enc_request(const struct job *j, struct job_request *r)
{
	r->len = snprintf(r->text, JOB_REQUEST_ROOM(j),
	    "GET /api/v1/keys/%s/enc_keys?number=%u&size=%u HTTP/1.1\r\n"
	    "Host: %s\r\n\r\n", j->sae, j->number, j->size, j->host);
}

static void
dec_one_request(const struct job *j, struct job_request *r)
{
	char id[37] = "";

	request_uuid(id, j->list[r->first].id);
	r->len = snprintf(r->text, JOB_REQUEST_ROOM(j),
	    "GET /api/v1/keys/%s/dec_keys?key_ID=%s HTTP/1.1\r\n"
	    "Host: %s\r\n\r\n", j->sae, id, j->host);
}

/* [{"key_ID":"..."},...] */
static char *
put_ids(char *p, const struct job *j, const struct job_request *r)
{
	*p++ = '[';
	for (unsigned i = 0; i < j->number; i++) {
		p = stpcpy(p, i == 0 ? "{\"key_ID\":\"" : ",{\"key_ID\":\"");
		p += request_uuid(p, j->list[r->first + i].id);
		p = stpcpy(p, "\"}");
	}
	*p++ = ']';
	return p;
}

static void
dec_many_request(const struct job *j, struct job_request *r)
{
	/* {"key_IDs":[ {"key_ID":"..."} , ... ]} */
	size_t body = 12 + j->number * (size_t)(11 + 36 + 2 + 1) - 1 + 2;
	char *p = r->text;

	p += sprintf(p, "POST /api/v1/keys/%s/dec_keys HTTP/1.1\r\n"
	    "Host: %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n{\"key_IDs\":", j->sae, j->host,
	    body);
	p = put_ids(p, j, r);
	*p++ = '}';
	r->len = p - r->text;
}

/* ---- frames ---- */

static char *
put16(char *p, unsigned v)
{
	*p++ = (char)(v >> 8);
	*p++ = (char)v;
	return p;
}

size_t
request_frame(char *out, uint32_t id, unsigned command, size_t len)
{
	out = put16(out, 1);
	out = put16(out, id >> 16);
	out = put16(out, id);
	out = put16(out, command);
	put16(out, (unsigned)len);
	return ANSWER_FRAME + len;
}

static void
key_request(const struct job *j, struct job_request *r)
{
	int n = snprintf(r->text + ANSWER_FRAME,
	    JOB_REQUEST_ROOM(j) - ANSWER_FRAME,
	    "{\"application_destination_ID\":\"%s\",\"number_of_keys\":%u,"
	    "\"size_of_key\":%u}", j->sae, j->number, j->size);

	r->len = request_frame(r->text, r->id, REQUEST_KEYS, n);
}

static void
key_request_with_id(const struct job *j, struct job_request *r)
{
	char *body = r->text + ANSWER_FRAME, *p = body;

	p += sprintf(p, "{\"application_source_ID\":\"%s\",\"key_IDs\":",
	    j->sae);
	p = put_ids(p, j, r);
	*p++ = '}';
	r->len = request_frame(r->text, r->id, REQUEST_WITH_ID, p - body);
}

void
request_write(const struct job *j, struct job_request *r)
{
	if (j->ak && r->dec)
		key_request_with_id(j, r);
	else if (j->ak)
		key_request(j, r);
	else if (!r->dec)
		enc_request(j, r);
	else if (j->number == 1)
		dec_one_request(j, r);
	else
		dec_many_request(j, r);
}
