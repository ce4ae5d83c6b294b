/* about.c - a ring of log lines; version and age of the process. */
#include "config.h"
#include "about.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "ident.h"
#include "log.h"

#define TEXT	480	/* octets of a line, with the NUL */

static struct {
	pthread_mutex_t	lock;		/* helper threads log too */
	uint64_t	started;	/* ms since 1970 */
	uint64_t	next;		/* number of the next event */
	uint64_t	first;		/* of the first one ever */
	struct { uint64_t ms; enum log_level level; char text[TEXT]; }
			event[ABOUT_EVENTS];
} about = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
keep(enum log_level level, const char *text)
{
	pthread_mutex_lock(&about.lock);
	about.event[about.next % ABOUT_EVENTS].ms = now_ms();
	about.event[about.next % ABOUT_EVENTS].level = level;
	snprintf(about.event[about.next % ABOUT_EVENTS].text, TEXT, "%s",
	    text);
	about.next++;
	pthread_mutex_unlock(&about.lock);
}

/* Numbers begin with the time, so that they grow over a restart too. */
void
about_start(void)
{
	about.started = now_ms();
	about.first = about.next = about.started * 1000;
	log_keep(keep, LL_NOTICE);
}

void
about_add(json_t *status)
{
	json_object_set_new(status, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(status, "pid", json_integer(getpid()));
	json_object_set_new(status, "started_ms",
	    json_integer((json_int_t)about.started));
}

/* A line that was cut may end within a character. */
static json_t *
text_json(const char *text)
{
	char	 ascii[TEXT];
	json_t	*s = json_string(text);

	if (s != NULL)
		return s;
	snprintf(ascii, sizeof(ascii), "%s", text);
	for (char *p = ascii; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(ascii);
}

static json_t *
event_json(uint64_t n)
{
	static const char *const	levels[] = { [LL_ERR] = "error",
		[LL_WARN] = "warning", [LL_NOTICE] = "notice" };
	size_t				i = n % ABOUT_EVENTS;

	return json_pack("{s:I, s:I, s:s, s:o}", "number", (json_int_t)n,
	    "time_ms", (json_int_t)about.event[i].ms, "level",
	    levels[about.event[i].level], "text",
	    text_json(about.event[i].text));
}

static json_t *
events(void *arg, int nargs, char **args)
{
	json_t		*list = json_array();
	uint64_t	 since = 0, oldest, n;
	char		*end = NULL;

	(void)arg;
	if (nargs == 2)
		since = strtoull(args[1], &end, 10);
	if (nargs == 2 && (args[1][0] < '0' || args[1][0] > '9' ||
	    *end != '\0')) {
		json_decref(list);
		return ctl_error("events: the number of an event expected");
	}
	pthread_mutex_lock(&about.lock);
	oldest = about.next - about.first > ABOUT_EVENTS ?
	    about.next - ABOUT_EVENTS : about.first;
	for (n = since > oldest ? since : oldest; n < about.next; n++)
		json_array_append_new(list, event_json(n));
	n = about.next;
	pthread_mutex_unlock(&about.lock);
	return json_pack("{s:o, s:I, s:b}", "events", list, "next",
	    (json_int_t)n, "lost", since != 0 && since < oldest);
}

const struct ctl_command about_commands[] = {
	{ "events", "[SINCE]", "the last notices, warnings and errors of the "
	    "log, from number SINCE on", 0, 1, false, events },
	{ .name = NULL }
};
