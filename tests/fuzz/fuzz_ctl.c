/* fuzz_ctl.c - a control line: arguments stay inside it and end. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("status"), FUZZ_TEXT("route set  \"SAE \\\"1\\\"\" x\ty "),
	FUZZ_TEXT("a \"\" \"b c\"d\"e\" \\ \"\\\\\""),
	FUZZ_TEXT("1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*args[CTL_ARGS_MAX], *line = strndup((const char *)data, len);
	char	*end;
	int	 n;

	if (line == NULL)
		abort();
	end = line + strlen(line);
	n = ctl_split(line, args);
	if (n > CTL_ARGS_MAX)
		abort();
	for (int i = 0; i < n; i++)
		if (args[i] < line || args[i] + strlen(args[i]) > end ||
		    (i > 0 && args[i] <= args[i - 1]))
			abort();
	free(line);
	return 0;
}
