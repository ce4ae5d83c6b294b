/*
 * fuzz_confedit.c - a configuration file that is edited: what comes out can
 * be read, has one group more, and loses it again.
 */
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/confedit.h"
#include "tests/fuzz/replay.h"

#define GROUP	"{ id = \"NEW\"; }"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("a = 1; # one\npeers = (\n\t{ id = \"A\"; }, # x\n"
	    "\t{ id = \"B\"; v = [1, 2]; }\n);\n"),
	FUZZ_TEXT("peers : ( { id = \"A\" \"B\" } /* ) */ , {} )"),
	FUZZ_TEXT("/* peers */ s = \"peers = (\\\"\"; // x\npeers = ();"),
	FUZZ_TEXT("g = { peers = (); }\nx = 0xffL\ny = -1.5e3;"),
	FUZZ_TEXT("@include \"x\""),
	FUZZ_END
};

static int
groups(const char *text)
{
	config_setting_t	*s;
	config_t		 cfg;
	int			 n;

	config_init(&cfg);
	if (config_read_string(&cfg, text) != CONFIG_TRUE)
		abort();
	s = config_lookup(&cfg, "peers");
	n = s == NULL ? 0 : config_setting_length(s);
	config_destroy(&cfg);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char		*text = strndup((const char *)data, len);
	struct confedit	 e;
	int		 n;

	if (text == NULL || confedit_open(&e, text) < 0)
		abort();
	if (confedit_add(&e, "peers", "id", "NEW", GROUP) == 0) {
		n = groups(e.text);
		if (strstr(e.text, GROUP) == NULL ||
		    strlen(e.text) < strlen(text) + strlen(GROUP) ||
		    confedit_remove(&e, "peers", "id", "NEW") < 0 ||
		    groups(e.text) != n - 1)
			abort();
	} else if (strcmp(e.text, text) != 0)
		abort();
	confedit_free(&e);
	free(text);
	return 0;
}
