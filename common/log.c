/* log.c - one event a line, in one write(2). */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OCTETS	2048
#define QUOTE_MAX	120
#define QUOTE_BUFS	8

static const char	*program = "qkdnode";
static enum log_level	 max_level = LL_INFO;
static bool		 journal;
static void		(*keep)(enum log_level, const char *);
static enum log_level	 keep_level;
static _Thread_local char	*diverted;	/* NULL: to stderr */
static _Thread_local size_t	 diverted_room;

/* systemd names the socket behind stderr; a redirected stderr is another. */
static bool
stderr_is_journal(void)
{
	const char		*env = getenv("JOURNAL_STREAM");
	unsigned long long	 dev, ino;
	struct stat		 st;

	return env != NULL && sscanf(env, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	    st.st_ino == ino;
}

void
log_init(const char *name, enum log_level max)
{
	program = name;
	max_level = max;
	journal = stderr_is_journal();
}

struct line {
	size_t	len;
	char	text[LINE_MAX_OCTETS];	/* the last octet is for '\n' */
};

static void
line_vadd(struct line *l, const char *fmt, va_list ap)
{
	size_t	room = sizeof(l->text) - 1 - l->len;
	int	n = vsnprintf(l->text + l->len, room, fmt, ap);

	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_add(struct line *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
line_add(struct line *l, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
}

static void
line_start(struct line *l, enum log_level level)
{
	struct timespec	ts;
	struct tm	tm;

	l->len = 0;
	if (!journal && clock_gettime(CLOCK_REALTIME, &ts) == 0 &&
	    gmtime_r(&ts.tv_sec, &tm) != NULL) {
		l->len = strftime(l->text, sizeof(l->text), "%FT%T", &tm);
		line_add(l, ".%03ldZ ", ts.tv_nsec / 1000000);
	}
	line_add(l, "<%d>%s: ", (int)level, program);
}

/* C0, DEL, and C1 in UTF-8 (c2 80 to c2 9f): a terminal may obey them. */
static void
line_clean(struct line *l)
{
	unsigned char	*p = (unsigned char *)l->text, before = 0;

	for (size_t i = 0; i < l->len; before = p[i++])
		if (p[i] < 0x20 || p[i] == 0x7f ||
		    (before == 0xc2 && p[i] >= 0x80 && p[i] < 0xa0))
			p[i] = '?';
}

static void
line_write(struct line *l)
{
	l->text[l->len++] = '\n';
	if (write(STDERR_FILENO, l->text, l->len) < 0)
		return;		/* there is nowhere else to complain */
}

static void
log_vevent(enum log_level level, const char *event, const char *fmt,
    va_list ap)
{
	struct line	l = { .len = 0 };
	size_t		start;

	if (diverted == NULL)
		line_start(&l, level);
	start = l.len;
	line_add(&l, "%s", event);
	if (fmt != NULL) {
		line_add(&l, " ");
		line_vadd(&l, fmt, ap);
	}
	line_clean(&l);
	if (diverted == NULL && keep != NULL && level <= keep_level)
		keep(level, l.text + start);
	if (diverted == NULL)
		line_write(&l);
	else if (level == LL_ERR && diverted[0] == '\0')
		snprintf(diverted, diverted_room, "%s", l.text);
}

void
log_keep(void (*fn)(enum log_level, const char *), enum log_level least)
{
	keep_level = least;
	keep = fn;
}

void
log_divert(char *text, size_t room)
{
	diverted = text;
	diverted_room = room;
	if (text != NULL)
		text[0] = '\0';
}

bool
log_wants(enum log_level level)
{
	return level <= max_level;
}

void
log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list	ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	log_vevent(level, event, fmt, ap);
	va_end(ap);
}

void
fatal(const char *event, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_vevent(LL_ERR, event, fmt, ap);
	va_end(ap);
	exit(1);
}

const char *
log_quote(const char *s)
{
	/* Every octet may become \xNN; then quotes, dots and the NUL. */
	static _Thread_local char	bufs[QUOTE_BUFS][QUOTE_MAX * 4 + 6];
	static _Thread_local unsigned	next;
	char				*start = bufs[next++ % QUOTE_BUFS];
	char				*o = start;
	size_t				 n = 0;

	*o++ = '"';
	for (; s != NULL && s[n] != '\0' && n < QUOTE_MAX; n++) {
		unsigned char	c = (unsigned char)s[n];

		if (c == '"' || c == '\\')
			o += sprintf(o, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			o += sprintf(o, "\\x%02x", c);
		else
			*o++ = (char)c;
	}
	strcpy(o, s != NULL && s[n] != '\0' ? "\"..." : "\"");
	return start;
}
