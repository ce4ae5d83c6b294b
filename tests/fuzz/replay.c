/*
 * replay.c - runs a fuzz target without a fuzzer: over the files named, or
 * over its seeds, its corpus and some thousand mutations of them, the same
 * each time. With libFuzzer, it gives the seeds to the fuzzer.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/replay.h"

#ifdef QKD_FUZZERS

int	LLVMFuzzerInitialize(int *, char ***);

static void
write_seed(const char *dir, int number, const struct fuzz_seed *s)
{
	char	 path[4096];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/seed-%d", dir, number);
	if ((f = fopen(path, "wb")) == NULL ||
	    fwrite(s->p, 1, s->len, f) != s->len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

/* Into the corpus that the fuzzer will read: the first directory named. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	DIR	*d = NULL;
	int	 i;

	for (i = 1; i < *argc && d == NULL; i++)
		d = opendir((*argv)[i]);
	if (d == NULL)
		return 0;
	closedir(d);
	for (int n = 0; fuzz_seeds[n].p != NULL; n++)
		write_seed((*argv)[i - 1], n, &fuzz_seeds[n]);
	return 0;
}

#else

#define ROOM	4096
#define RUNS	20000
#define SEEDS	512

static struct fuzz_seed	seeds[SEEDS];
static size_t	nseeds;
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
mutate(uint8_t *p, size_t len)
{
	static const char odd[] = "\r\n\0\"\\{}[]:,%&?=/ \t\xff\x80\xc3-.09";
	const struct fuzz_seed *s = &seeds[draw((uint32_t)nseeds)];
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
	size_t	len;

	for (size_t i = 0; i < nseeds; i++)
		run(seeds[i].p, seeds[i].len);
	for (long i = 0; i < runs; i++) {
		const struct fuzz_seed *s = &seeds[draw((uint32_t)nseeds)];

		len = s->len < ROOM ? s->len : ROOM;
		memcpy(room, s->p, len);
		for (uint32_t n = 1 + draw(6); n > 0; n--)
			len = mutate(room, len);
		run(room, len);
	}
}

static size_t
read_file(const char *path, uint8_t *p, size_t room)
{
	FILE	*f = fopen(path, "rb");
	size_t	 n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(p, 1, room, f);
	fclose(f);
	return n;
}

static void
run_file(const char *path)
{
	static uint8_t	room[1 << 20];

	run(room, read_file(path, room, sizeof(room)));
}

static void
add_seed(const void *p, size_t len)
{
	if (nseeds == SEEDS) {
		fprintf(stderr, "more than %d seeds\n", SEEDS);
		exit(1);
	}
	seeds[nseeds++] = (struct fuzz_seed){ p, len };
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* tests/fuzz/corpus/NAME of the source tree, if fuzz_NAME has one; make
 * check says where that tree is. */
static void
add_corpus(const char *program)
{
	const char *top = getenv("srcdir"), *name = strrchr(program, '/');
	static uint8_t room[1 << 20];
	struct dirent **list;
	char	 path[4096];
	uint8_t	*copy;
	int	 n;
	size_t	 len;

	name = name == NULL ? program : name + 1;
	name += strncmp(name, "fuzz_", 5) == 0 ? 5 : 0;
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
	    top != NULL ? top : ".", name);
	if (chdir(path) < 0)
		return;
	if ((n = scandir(".", &list, visible, alphasort)) < 0)
		n = 0;
	for (int i = 0; i < n; i++) {
		len = read_file(list[i]->d_name, room, sizeof(room));
		if ((copy = malloc(len + 1)) == NULL)
			abort();
		memcpy(copy, room, len);
		add_seed(copy, len);
		free(list[i]);
	}
	free(list);
}

static void
free_corpus(size_t own)
{
	while (nseeds > own)
		free((void *)(uintptr_t)seeds[--nseeds].p);
}

int
main(int argc, char **argv)
{
	const char *runs = getenv("FUZZ_RUNS");
	size_t	own = 0;

	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc > 1)
		return 0;
	for (; fuzz_seeds[own].p != NULL; own++)
		add_seed(fuzz_seeds[own].p, fuzz_seeds[own].len);
	add_corpus(argv[0]);
	run_mutations(runs != NULL ? atol(runs) : RUNS);
	free_corpus(own);
	return 0;
}

#endif
