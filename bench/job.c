/* job.c - requests for keys, and the check of every answer. */
#include "config.h"

#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_ROOM(j)	((j)->number * (size_t)64 + 1024)

/* Each line: key_ID, digest of the key as 16 hex digits. */
static int
read_ids(struct job *j)
{
	FILE *f = fopen(j->ids, "r");
	struct answer_key *k;
	char line[128];

	if (f == NULL) {
		perror(j->ids);
		return -1;
	}
	while (fgets(line, sizeof(line), f) != NULL &&
	    j->nlist < j->count * j->number) {
		k = &j->list[j->nlist++];
		if (strlen(line) < 54 || answer_uuid(line, 36, k->id) < 0) {
			fprintf(stderr, "%s:%zu: not a key_ID and a digest\n",
			    j->ids, j->nlist);
			fclose(f);
			return -1;
		}
		k->digest = strtoull(line + 37, NULL, 16);
	}
	fclose(f);
	if (!j->enc && j->count > j->nlist / j->number)
		j->count = j->nlist / j->number;
	return 0;
}

int
job_open(struct job *j)
{
	size_t most = j->count * j->number;

	j->list = calloc(most + 1, sizeof(*j->list));
	j->drawn = calloc(most + 1, sizeof(*j->drawn));
	j->seen = idset_new(most);
	if (j->list == NULL || j->drawn == NULL || j->seen == NULL) {
		fprintf(stderr, "out of memory\n");
		return -1;
	}
	return j->dec ? read_ids(j) : 0;
}

static size_t
uuid_text(char *out, const uint8_t id[16])
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

static void
enc_request(struct job *j, struct job_request *r)
{
	r->len = snprintf(r->text, REQUEST_ROOM(j),
	    "GET /api/v1/keys/%s/enc_keys?number=%u&size=%u HTTP/1.1\r\n"
	    "Host: %s\r\n\r\n", j->sae, j->number, j->size, j->host);
}

static void
dec_one_request(struct job *j, struct job_request *r)
{
	char id[37] = "";

	uuid_text(id, j->list[r->first].id);
	r->len = snprintf(r->text, REQUEST_ROOM(j),
	    "GET /api/v1/keys/%s/dec_keys?key_ID=%s HTTP/1.1\r\n"
	    "Host: %s\r\n\r\n", j->sae, id, j->host);
}

static void
dec_many_request(struct job *j, struct job_request *r)
{
	/* {"key_IDs":[ {"key_ID":"..."} , ... ]} */
	size_t body = 12 + j->number * (size_t)(11 + 36 + 2 + 1) - 1 + 2;
	char *p = r->text;

	p += sprintf(p, "POST /api/v1/keys/%s/dec_keys HTTP/1.1\r\n"
	    "Host: %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n{\"key_IDs\":[", j->sae, j->host,
	    body);
	for (unsigned i = 0; i < j->number; i++) {
		p = stpcpy(p, i == 0 ? "{\"key_ID\":\"" : ",{\"key_ID\":\"");
		p += uuid_text(p, j->list[r->first + i].id);
		p = stpcpy(p, "\"}");
	}
	p = stpcpy(p, "]}");
	r->len = p - r->text;
}

bool
job_next(struct job *j, struct job_request *r)
{
	bool dec = j->dec && !(j->enc && r->dec);

	if (j->begun == j->count || (dec && j->nlist - j->fetched < j->number))
		return false;
	if (r->text == NULL && (r->text = malloc(REQUEST_ROOM(j))) == NULL) {
		job_wrong(j, "the load generator is out of memory");
		return false;
	}
	j->begun++;
	r->dec = dec;
	r->first = j->fetched;
	j->fetched += dec ? j->number : 0;
	if (!dec)
		enc_request(j, r);
	else if (j->number == 1)
		dec_one_request(j, r);
	else
		dec_many_request(j, r);
	return true;
}

void
job_wrong(struct job *j, const char *why)
{
	if (j->wrong++ == 0)
		snprintf(j->fault, sizeof(j->fault), "%s", why);
}

/* The keys fetched are those that were asked for, in whatever order. */
static bool
fetched_right(struct job *j, const struct job_request *r,
    const struct answer_key *k)
{
	for (unsigned i = 0; i < j->number; i++) {
		const struct answer_key *want = &j->list[r->first + i], *got;
		unsigned n = 0;

		do
			got = &k[(i + n) % j->number];
		while (memcmp(got->id, want->id, 16) != 0 && ++n < j->number);
		if (n == j->number || got->digest != want->digest)
			return false;
	}
	return true;
}

static bool
keys_new(struct job *j, const struct answer_key *k)
{
	for (unsigned i = 0; i < j->number; i++)
		if (idset_add(j->seen, k[i].id) != 1)
			return false;
	return true;
}

void
job_answer(struct job *j, const struct job_request *r, const struct answer *a,
    const char *buf)
{
	struct answer_key k[JOB_KEYS_MAX];
	char why[128];
	int n;

	if (a->status == 503) {
		j->short_of_keys++;
		return;
	}
	if (a->status != 200) {
		snprintf(why, sizeof(why), "status %d: %.*s", a->status,
		    (int)(a->body < 90 ? a->body : 90), buf + a->head);
		job_wrong(j, why);
		return;
	}
	n = answer_keys(buf + a->head, a->body, k, JOB_KEYS_MAX, j->size / 8);
	if (n != (int)j->number)
		job_wrong(j, "not the number of keys, or not of the size, "
		    "that was asked for");
	else if (!j->fixed && r->dec && !fetched_right(j, r, k))
		job_wrong(j, "a key fetched is not the key drawn");
	else if (!j->fixed && !keys_new(j, k))
		job_wrong(j, "a key_ID came twice");
	else {
		if (!r->dec && !j->fixed && j->ids != NULL) {
			memcpy(&j->drawn[j->ndrawn], k, n * sizeof(*k));
			j->ndrawn += n;
		}
		j->good++;
		j->keys += n;
		j->octets = a->head + a->body;
	}
}

static int
write_ids(const struct job *j)
{
	FILE *f = fopen(j->ids, "w");
	char id[37] = "";

	if (f == NULL) {
		perror(j->ids);
		return -1;
	}
	for (size_t i = 0; i < j->ndrawn; i++) {
		uuid_text(id, j->drawn[i].id);
		fprintf(f, "%s %016llx\n", id,
		    (unsigned long long)j->drawn[i].digest);
	}
	return fclose(f) == 0 ? 0 : -1;
}

int
job_close(struct job *j)
{
	int r = j->dec || j->ids == NULL ? 0 : write_ids(j);

	free(j->list);
	free(j->drawn);
	idset_free(j->seen);
	return r;
}
