/* unit.h - what unit tests share: a main(), a directory, captured stderr. */
#ifndef QKD_UNIT_H
#define QKD_UNIT_H

#include <check.h>
#include <stddef.h>

int		 unit_run(const char *name, const TTest *const *, size_t n);

#define UNIT_MAIN(name, ...) \
int \
main(void) \
{ \
	const TTest *const	tests[] = { __VA_ARGS__ }; \
\
	return unit_run(name, tests, sizeof(tests) / sizeof(tests[0])); \
}

/* A path in a directory that is removed after the test; static buffers. */
const char	*unit_path(const char *file);
void		 unit_write(const char *path, const void *, size_t, int mode);
/* All of a file with a NUL after it; free() it. */
char		*unit_read(const char *path, size_t *len);
/*
 * A child lives until it kills itself, as it has to; what it wrote to the
 * report goes to `seen`, as far as there is room. Returns the octets.
 */
size_t		 unit_killed(void (*life)(int report), void *seen,
		    size_t room);
/* stderr goes to a file in between; the text has to be freed. */
void		 unit_capture(void);
char		*unit_captured(void);

#endif
