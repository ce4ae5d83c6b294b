/* job.c - requests for keys, and the check of every answer. */
#include "config.h"

#include "job.h"
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool
job_next(struct job *j, struct job_request *r)
{
	bool dec = j->dec && !(j->enc && r->dec);

	if (j->begun == j->count || (dec && j->nlist - j->fetched < j->number))
		return false;
	if (r->text == NULL &&
	    (r->text = malloc(JOB_REQUEST_ROOM(j))) == NULL) {
		job_wrong(j, "the load generator is out of memory");
		return false;
	}
	j->begun++;
	r->dec = dec;
	r->first = j->fetched;
	j->fetched += dec ? j->number : 0;
	r->id = (uint32_t)j->begun << JOB_SLOT_BITS | r->slot;
	request_write(j, r);
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
job_answer(struct job *j, const struct job_request *r, const struct answer *a)
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
		    (int)(a->body < 90 ? a->body : 90), a->text + a->head);
		job_wrong(j, why);
		return;
	}
	n = answer_keys(a->text + a->head, a->body, k, JOB_KEYS_MAX,
	    j->size / 8);
	if (j->ak && a->command != REQUEST_ANSWER)
		job_wrong(j, "an answer of another kind");
	else if (n != (int)j->number)
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
		request_uuid(id, j->drawn[i].id);
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
