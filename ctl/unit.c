#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

#define WORDS_MAX	8

bool
unit_there(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

int
unit_do(const char *words, const char *unit, const char *why)
{
	char	copy[64], said[4096], *save, *argv[WORDS_MAX + 3];
	int	n = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	argv[n++] = (char *)"systemctl";
	for (char *w = strtok_r(copy, " ", &save); w != NULL && n < WORDS_MAX;
	    w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n++] = (char *)unit;
	argv[n] = NULL;
	printf("systemctl %s %s: %s\n", words, unit, why);
	fflush(stdout);
	if (run(argv, said, sizeof(said)) == 0)
		return 0;
	fprintf(stderr, "%sqkdctl: that failed; look at \"systemctl status "
	    "%s\" and \"journalctl -u %s\"\n", said, unit, unit);
	return -1;
}
