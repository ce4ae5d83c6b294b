/*
 * fuzz_ctlanswer.c - whatever daemons answer, qkdctl shows it without a crash
 * and without anything that a terminal obeys.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "events.h"
#include "field.h"
#include "node.h"
#include "rows.h"
#include "status.h"
#include "verdict.h"
#include "watch.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"present\":true,\"run_dir\":\"/r\",\"daemons\":{\"kma\":{"
	    "\"status\":{\"kme_id\":\"A\",\"ready\":true,\"missing\":[\"link "
	    "a-b: its qkdmod is not connected\"],\"links\":[{\"name\":\"a-b\","
	    "\"peer\":\"B\",\"state\":\"up\",\"counters\":{\"lost\":3},"
	    "\"stock\":{\"out_octets\":7}}]}}}}"),
	FUZZ_TEXT("{\"daemons\":{\"ksa\":{\"status\":{\"key_octets\":32,"
	    "\"warnings\":[\"x\\u001b[2J\"],\"pools\":[{\"peer\":\"B\","
	    "\"direction\":\"out\",\"octets\":640,\"usable\":true}],"
	    "\"applications\":{\"peers\":[{\"peer\":\"B\"}]}}},\"relayd\":{"
	    "\"status\":{\"peers\":[{\"kme_id\":\"B\",\"connected\":true,"
	    "\"certificate_expires_ms\":5}],\"routes\":{\"B\":\"A,B\"}}}},"
	    "\"route\":{\"routes\":[{\"to\":\"B\",\"cost\":2}]}}"),
	FUZZ_TEXT("{\"daemons\":{\"qkdmod-\\u009b\":{\"cause\":\"silent\","
	    "\"error\":\"\\u202e\"},\"kma\":{\"cause\":\"permission\"}}}"),
	FUZZ_TEXT("{\"events\":[{\"time_ms\":1,\"level\":\"error\",\"text\":"
	    "\"a\\u0085\"},{\"time_ms\":-99999999999999999}]}"),
	FUZZ_END
};

/* No control character of ASCII but the end of a
 * line, none of U+0080 to 009F, nothing that turns the direction. */
static void
harmless(const char *text)
{
	const unsigned char	*p = (const unsigned char *)text;

	for (; *p != '\0'; p++)
		if ((*p < 0x20 && *p != '\n') || *p == 0x7f ||
		    (p[0] == 0xc2 && p[1] < 0xa0) ||
		    (p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xaa &&
		    p[2] <= 0xae))
			abort();
}

static void
show_node(FILE *f, const json_t *node)
{
	json_t	*v = verdict(node, 1800000000000LL), *rows, *history;

	if (v == NULL)
		abort();
	status_print(f, v, 80, false);
	json_decref(v);
	rows = rows_peers(node);
	json_decref(rows);
	rows = rows_routes(node);
	json_decref(rows);
	history = json_object();
	watch_frame(f, node, 0, history, 0, false, false);
	watch_frame(f, node, 0, history, 120, false, true);
	json_decref(history);
}

static void
show_events(FILE *f, const json_t *answer)
{
	json_t	*list = json_array(), *sorted, *e;
	char	 line[EVENTS_LINE];
	size_t	 i;

	events_add(list, "kma", answer);
	sorted = events_sorted(list);
	json_array_foreach(sorted, i, e)
		fprintf(f, "%s\n", events_line(line, e));
	json_decref(sorted);
	json_decref(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t	*j = ask_parse((const char *)data, len);
	char	*text = NULL;
	size_t	 n;
	FILE	*f;

	if (j == NULL)
		return 0;
	if ((f = open_memstream(&text, &n)) == NULL)
		abort();
	show_node(f, j);
	show_events(f, j);
	fclose(f);
	harmless(text);
	free(text);
	json_decref(j);
	return 0;
}
