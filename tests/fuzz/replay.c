/*
 * replay.c - runs a fuzz target without a fuzzer: over the files named, or
 * over its seeds and some thousand mutations of them, the same each time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/replay.h"

#define ROOM	4096
#define RUNS	20000

static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t
draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

/* In memory of its exact size, so that a read beyond it is noticed. */
static void
run(const uint8_t *p, size_t len)
{
	uint8_t	*copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, p, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static size_t
insert(uint8_t *p, size_t len, size_t at, const void *what, size_t n)
{
	if (len + n > ROOM)
		return len;
	memmove(p + at + n, p + at, len - at);
	memcpy(p + at, what, n);
	return len + n;
}

static size_t
cut(uint8_t *p, size_t len, size_t at, size_t n)
{
	if (n > len - at)
		n = len - at;
	memmove(p + at, p + at + n, len - at - n);
	return len - n;
}

static size_t
mutate(uint8_t *p, size_t len, size_t nseeds)
{
	static const char odd[] = "\r\n\0\"\\{}[]:,%&?=/ \t\xff\x80\xc3-.09";
	const struct fuzz_seed *s = &fuzz_seeds[draw((uint32_t)nseeds)];
	size_t	at = draw((uint32_t)len + 1), n, from;
	uint8_t	twice[64];

	switch (draw(6)) {
	case 0:
		return insert(p, len, at, &odd[draw(sizeof(odd) - 1)], 1);
	case 1:
		return cut(p, len, at, 1 + draw(8));
	case 2:
		if (at < len)
			p[at] = (uint8_t)draw(256);
		return len;
	case 3:				/* a piece of another seed */
		from = draw((uint32_t)s->len + 1);
		n = draw((uint32_t)(s->len - from) + 1);
		return insert(p, len, at, (const uint8_t *)s->p + from, n);
	case 4:				/* a piece of itself once more */
		n = draw(sizeof(twice));
		n = n < len - at ? n : len - at;
		memcpy(twice, p + at, n);
		return insert(p, len, draw((uint32_t)len + 1), twice, n);
	default:
		return draw(8) == 0 ? at : len;
	}
}

static void
run_mutations(long runs)
{
	static uint8_t	room[ROOM];
	size_t	nseeds = 0, len;

	while (fuzz_seeds[nseeds].p != NULL) {
		run(fuzz_seeds[nseeds].p, fuzz_seeds[nseeds].len);
		nseeds++;
	}
	for (long i = 0; i < runs; i++) {
		const struct fuzz_seed *s =
		    &fuzz_seeds[draw((uint32_t)nseeds)];

		len = s->len < ROOM ? s->len : ROOM;
		memcpy(room, s->p, len);
		for (uint32_t n = 1 + draw(6); n > 0; n--)
			len = mutate(room, len, nseeds);
		run(room, len);
	}
}

static void
run_file(const char *path)
{
	static uint8_t	room[1 << 20];
	FILE	*f = fopen(path, "rb");

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	run(room, fread(room, 1, sizeof(room), f));
	fclose(f);
}

int
main(int argc, char **argv)
{
	const char *runs = getenv("FUZZ_RUNS");

	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		run_mutations(runs != NULL ? atol(runs) : RUNS);
	return 0;
}
