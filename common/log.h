/*
 * log.h - one event a line on stderr: "<6>kma: block agreed link=a-b n=3".
 * The priority prefix is what journald reads; without a journal a time stamp
 * precedes the line. Values never hold key bytes.
 */
#ifndef QKD_LOG_H
#define QKD_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LL_ERR = 3, LL_WARN = 4, LL_NOTICE = 5, LL_INFO = 6,
	LL_DEBUG = 7 };

void	log_init(const char *program, enum log_level max);
/*
 * `event` is the fixed text; `fmt` gives the "key=value ..." part, NULL for
 * none. A string value goes through log_quote() or is known to be an ID.
 * Control characters in the finished line become '?'.
 */
void	log_event(enum log_level, const char *event, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
#define log_err(...)	log_event(LL_ERR, __VA_ARGS__)
#define log_warn(...)	log_event(LL_WARN, __VA_ARGS__)
#define log_notice(...)	log_event(LL_NOTICE, __VA_ARGS__)
#define log_info(...)	log_event(LL_INFO, __VA_ARGS__)
/* On every request: its arguments cost nothing when it is off. */
#define log_debug(...)	(log_wants(LL_DEBUG) ? \
			    log_event(LL_DEBUG, __VA_ARGS__) : (void)0)
bool	log_wants(enum log_level);
/* Lines of `least` and worse go to keep() too, without time and program; any
 * thread may call it, and it must not log. */
void	log_keep(void (*keep)(enum log_level, const char *line),
	    enum log_level least);
/*
 * For code of ours that serves another program: until called with NULL, the
 * first error of this thread goes to `text`, and other events nowhere.
 */
void	log_divert(char *text, size_t room);
/*
 * "foreign text" quoted and escaped, at most 120 octets of it, for use as a
 * value; the result lies in one of 8 static buffers per thread.
 */
const char	*log_quote(const char *);
/* Start-up only: logs and exits with 1. */
void	fatal(const char *event, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3), noreturn));

#endif
