/*
 * daemon.h - what every daemon does the same way: arguments, configuration,
 * locked memory, no core dumps, signals, readiness.
 */
#ifndef QKD_DAEMON_H
#define QKD_DAEMON_H

#include <stdbool.h>
#include <event2/event.h>

#include "conf.h"

struct daemon_info {
	const char		*name;		/* "kma" */
	const char		*summary;	/* one line for --help */
	const struct conf_opt	*options;
	void			*conf;		/* zeroed; conf_load fills it */
	/* Cross-checks after conf_load; writes to err, 0 or -E_CONFIG. */
	int			(*check)(const char *path, FILE *err);
};

/*
 * -c FILE, -n (check and exit), -v (debug log), -V, -h, --options,
 * --man-options, --dump-messages. Returns when the daemon is to run; exits
 * otherwise. Leaves core dumps off, umask 0027, SIGPIPE ignored, log ready,
 * the limits of locked memory and open files raised as far as allowed.
 */
void	daemon_start(const struct daemon_info *, int argc, char **argv);
const char *daemon_conf_path(void);

/*
 * An event base; SIGTERM and SIGINT call stop(arg) once, SIGHUP
 * reload(arg), many of them in a row only now and then. stop() begins the
 * orderly end and later calls event_base_loopbreak(); after a second signal
 * or 8 s the loop is left in any case. Pats systemd's watchdog if there is
 * one.
 */
struct event_base *daemon_loop(void (*stop)(void *), void (*reload)(void *),
	    void *arg);
/* For db_on_ruin(): ends the process at once, with nothing said to anybody
 * but the log. A restart checks the store. */
void	daemon_store_ruined(const char *path);
/* READY=1 / STATUS=... to $NOTIFY_SOCKET, if there is one. */
void	daemon_ready(const char *status);
void	daemon_status(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

#endif
