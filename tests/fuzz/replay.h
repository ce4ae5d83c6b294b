/*
 * replay.h - a fuzz target is a file with LLVMFuzzerTestOneInput() and some
 * seeds. With clang -fsanitize=fuzzer it is one by itself; linked with
 * replay.c it is a test that needs no fuzzer.
 */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_seed {
	const void	*p;
	size_t		 len;
};
#define FUZZ_TEXT(s)	{ s, sizeof(s) - 1 }
#define FUZZ_END	{ NULL, 0 }

extern const struct fuzz_seed	fuzz_seeds[];	/* ends with FUZZ_END */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#endif
