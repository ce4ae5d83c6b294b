/* watch.c - a frame each second. */
#include "watch.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "field.h"
#include "ident.h"
#include "lookopt.h"
#include "node.h"
#include "rows.h"
#include "spark.h"
#include "table.h"
#include "term.h"
#include "verdict.h"

#define SERIES_MAX	1000	/* links and pools that have a history */

static const struct table_column	links[] = {
	{ "link", "LINK", TABLE_TEXT }, { "peer", "PEER", TABLE_TEXT },
	{ "state", "STATE", TABLE_TEXT },
	{ "out_octets", "OUT", TABLE_OCTETS },
	{ "in_octets", "IN", TABLE_OCTETS },
	{ "agreed_octets_per_second", "AGREED", TABLE_RATE },
	{ "history", "LAST 30 s", TABLE_TEXT }, { NULL, NULL, TABLE_TEXT } };
static const struct table_column	pools[] = {
	{ "peer", "POOL", TABLE_TEXT }, { "octets", "STOCK", TABLE_OCTETS },
	{ "keys", "KEYS", TABLE_INT }, { "waiting", "WAITING", TABLE_INT },
	{ "filled_octets_per_second", "FILLED", TABLE_RATE },
	{ "used_octets_per_second", "USED", TABLE_RATE },
	{ "history", "USED, LAST 30 s", TABLE_TEXT },
	{ NULL, NULL, TABLE_TEXT } };

/* ---- a frame ---- */

static json_t *
series(json_t *history, const char *kind, const char *name)
{
	char	 key[256];
	json_t	*v;

	snprintf(key, sizeof(key), "%s ", kind);
	field_text(key + strlen(key), sizeof(key) - strlen(key), name);
	if ((v = json_object_get(history, key)) == NULL &&
	    json_object_size(history) < SERIES_MAX) {
		v = json_array();
		json_object_set_new(history, key, v);
	}
	return v;
}

/* The row gets what its figure was lately. */
static void
remember(json_t *row, json_t *v, const char *figure, bool ascii)
{
	char	text[SPARK_TEXT];

	json_array_append_new(v, json_integer(field_int(row, figure, 0)));
	while (json_array_size(v) > SPARK_POINTS)
		json_array_remove(v, 0);
	json_object_set_new(row, "history", json_string(spark(text, v,
	    ascii)));
}

static json_t *
link_rows(const json_t *node, json_t *history, bool ascii)
{
	json_t	*rows = rows_links(node), *row;
	size_t	 i;

	json_array_foreach(rows, i, row)
		remember(row, series(history, "link", field_str(row, "link",
		    "")), "agreed_octets_per_second", ascii);
	return rows;
}

static json_t *
pool_rows(const json_t *node, json_t *history, bool ascii)
{
	json_t	*rows = json_array(), *all = rows_pools(node), *row;
	size_t	 i;

	json_array_foreach(all, i, row) {
		if (strcmp(field_str(row, "direction", ""), "out") != 0)
			continue;
		remember(row, series(history, "pool", field_str(row, "peer",
		    "")), "used_octets_per_second", ascii);
		json_array_append(rows, row);
	}
	json_decref(all);
	return rows;
}

static void
print_rows(FILE *f, const struct table_column *c, json_t *rows, size_t width)
{
	char	*text = table_text(c, rows, width);

	if (text != NULL && text[0] != '\0')
		fprintf(f, "\n%s\n", text);
	free(text);
	json_decref(rows);
}

static void
print_verdict(FILE *f, const json_t *node, int64_t now, bool colour)
{
	json_t		*v = verdict(node, now), *list, *first;
	const char	*state = field_str(v, "state", "?");
	char		 text[1024];

	fprintf(f, "%s%s: %s%s\n", !colour ? "" : strcmp(state, "ok") == 0 ?
	    "\033[32m" : strcmp(state, "warning") == 0 ? "\033[33m" :
	    "\033[31m", state, field_text(text, sizeof(text), field_str(v,
	    "verdict", "?")), colour ? "\033[0m" : "");
	list = field_array(v, "findings");
	first = json_array_get(list, 0);
	if (first != NULL)
		fprintf(f, "%s", field_text(text, sizeof(text),
		    field_str(first, "what", "")));
	if (json_array_size(list) > 1)
		fprintf(f, " (and %zu more: qkdctl status)",
		    json_array_size(list) - 1);
	fputs(first != NULL ? "\n" : "", f);
	json_decref(v);
}

void
watch_frame(FILE *f, const json_t *node, int64_t now, json_t *history,
    size_t width, bool colour, bool ascii)
{
	print_verdict(f, node, now, colour);
	print_rows(f, links, link_rows(node, history, ascii), width);
	print_rows(f, pools, pool_rows(node, history, ascii), width);
}

/* ---- the screen ---- */

static struct termios		before;
static volatile sig_atomic_t	ended;

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

/* Keys come at once and are not shown, until screen_end(). */
static bool
screen_begin(bool json)
{
	struct sigaction	sa = { .sa_handler = on_signal };
	struct termios		t;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (json || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	t = before;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	fputs("\033[?1049h\033[?25l", stdout);
	return true;
}

static void
screen_end(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* No more lines than the terminal has, each of them cleared to its end. */
static void
screen_put(const char *text)
{
	struct winsize	w;
	size_t		n;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_row == 0)
		w.ws_row = 24;
	fputs("\033[H", stdout);
	for (unsigned i = 1; *text != '\0' && i < w.ws_row; i++) {
		n = strcspn(text, "\n");
		printf("%.*s\033[K\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

/* A second; true: the operator has had enough. */
static bool
pause_or_key(bool screen)
{
	struct pollfd	p = { STDIN_FILENO, POLLIN, 0 };
	char		c = 0;

	if (poll(&p, screen ? 1 : 0, 1000) > 0 &&
	    read(STDIN_FILENO, &c, 1) <= 0)
		return true;
	return ended || c == 'q';
}

/* For programs: the verdict with the pools, one line. Does a daemon answer? */
static bool
put_json(const struct lookopt *o)
{
	json_t	*node = node_ask(&o->call);
	json_t	*v = verdict(node, (int64_t)now_ms());
	bool	 answers = node_answers(node);

	json_object_set_new(v, "time_ms", json_integer((json_int_t)now_ms()));
	json_object_set_new(v, "pools", rows_pools(node));
	json_dumpf(v, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	fflush(stdout);
	json_decref(v);
	json_decref(node);
	return answers;
}

static bool
put_frame(const struct lookopt *o, json_t *history, bool screen)
{
	bool	 ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	json_t	*node = node_ask(&o->call);
	bool	 answers = node_answers(node);
	char	*text = NULL;
	size_t	 len;
	FILE	*f = open_memstream(&text, &len);

	if (f == NULL)
		goto out;
	watch_frame(f, node, (int64_t)now_ms(), history, term_width(),
	    term_colour(), ascii);
	fclose(f);
	if (screen)
		screen_put(text);
	else {
		puts(text);
		fflush(stdout);
	}
	free(text);
out:
	json_decref(node);
	return answers;
}

int
watch_run(const struct call *call, int argc, char **argv)
{
	struct lookopt	 o;
	json_t		*history;
	bool		 screen, answers;
	int		 r = lookopt_read(&o, call, argc, argv, "n");

	if (r >= 0)
		return r;
	history = json_object();
	screen = screen_begin(o.call.json);
	for (long n = 1; ; n++) {
		answers = o.call.json ? put_json(&o) :
		    put_frame(&o, history, screen);
		if (n == o.count || ferror(stdout) || pause_or_key(screen))
			break;
	}
	if (screen)
		screen_end();
	json_decref(history);
	return term_flush(answers ? CALL_DONE : CALL_UNREACHABLE);
}
