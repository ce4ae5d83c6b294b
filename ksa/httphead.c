/* httphead.c - the head of an answer. */
#include <string.h>
#include <time.h>

#include "httphead.h"
#include "jsonout.h"

#define STATUS(code, words)	{ code, "HTTP/1.1 " #code " " words "\r\n" }

static const char *
status_line(int code)
{
	static const struct { int code; const char *line; } lines[] = {
		STATUS(200, "OK"), STATUS(400, "Bad Request"),
		STATUS(401, "Unauthorized"), STATUS(404, "Not Found"),
		STATUS(405, "Method Not Allowed"),
		STATUS(503, "Service Unavailable"),
	};
	size_t	i = 0, last = sizeof(lines) / sizeof(*lines) - 1;

	while (i < last && lines[i].code != code)
		i++;
	return lines[i].line;
}

/* RFC 7231 7.1.1.1; made once a second. */
static const char *
date(void)
{
	static time_t	 last;
	static char	 text[48];
	time_t		 now = time(NULL);
	struct tm	 tm;

	if (now != last && gmtime_r(&now, &tm) != NULL) {
		last = now;
		strftime(text, sizeof(text),
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	}
	return text;
}

static void
put(struct jsonout *o, const char *text)
{
	jsonout_raw(o, text, strlen(text));
}

size_t
httphead(char out[HTTPHEAD_MAX], int code, size_t body_len,
    const char *extra, bool keep_alive, bool old)
{
	struct jsonout	o = { out, HTTPHEAD_MAX, 0 };

	put(&o, status_line(code));
	put(&o, date());
	put(&o, "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n");
	if (!keep_alive)
		put(&o, "Connection: close\r\n");
	else if (old)
		put(&o, "Connection: keep-alive\r\n");
	if (extra != NULL)
		put(&o, extra);
	put(&o, "Content-Length: ");
	jsonout_uint(&o, body_len);
	put(&o, "\r\n\r\n");
	return o.len;
}
