/* daemon.c - how every daemon starts and ends. */
#include "config.h"
#include "daemon.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "about.h"
#include "err.h"
#include "ident.h"
#include "log.h"
#include "msg.h"

#define RELOAD_MS	200	/* from the end of one to the next */
#define STOP_SECONDS	8	/* systemd and the tests wait for 10 */

static char	conf_path[PATH_MAX];

const char *
daemon_conf_path(void)
{
	return conf_path;
}

/* ---- arguments ---- */

enum { OPT_OPTIONS = 256, OPT_MAN, OPT_MESSAGES };

static const struct option longs[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, 'n' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "options", no_argument, NULL, OPT_OPTIONS },
	{ "man-options", no_argument, NULL, OPT_MAN },
	{ "dump-messages", no_argument, NULL, OPT_MESSAGES },
	{ NULL, 0, NULL, 0 }
};

static void
usage(const struct daemon_info *d, FILE *f)
{
	fprintf(f, "%s: %s\n\n"
	    "usage: %s [-nvVh] [-c FILE]\n"
	    "  -c, --config FILE  configuration file (%s/qkdnode/%s.conf)\n"
	    "  -n, --check        check the configuration and exit\n"
	    "  -v, --verbose      log details\n"
	    "  -V, --version      print the version and exit\n"
	    "  -h, --help         print this and exit\n"
	    "      --options      list the configuration options and exit\n"
	    "      --man-options  the same for a manual page\n"
	    "      --dump-messages  list the messages between the daemons\n",
	    d->name, d->summary, d->name, SYSCONFDIR, d->name);
}

static void
finish_output(void)
{
	exit(fflush(stdout) == 0 ? 0 : 1);
}

/* Prints what was asked for and exits, or returns. */
static void
answer(const struct daemon_info *d, int option)
{
	switch (option) {
	case 'V':
		printf("%s (qkdnode) %s\n", d->name, PACKAGE_VERSION);
		break;
	case 'h':
		usage(d, stdout);
		break;
	case OPT_OPTIONS:
		conf_print_options(d->options, stdout);
		break;
	case OPT_MAN:
		conf_print_man(d->options, stdout);
		break;
	case OPT_MESSAGES:
		msg_print_table(stdout);
		break;
	default:
		usage(d, stderr);
		exit(2);
	}
	finish_output();
}

struct args { bool check, verbose; };

static void
parse_args(const struct daemon_info *d, int argc, char **argv, struct args *a)
{
	int	o, n;

	n = snprintf(conf_path, sizeof(conf_path), "%s/qkdnode/%s.conf",
	    SYSCONFDIR, d->name);
	while ((o = getopt_long(argc, argv, "c:nvVh", longs, NULL)) != -1)
		switch (o) {
		case 'c':
			n = snprintf(conf_path, sizeof(conf_path), "%s",
			    optarg);
			break;
		case 'n':
			a->check = true;
			break;
		case 'v':
			a->verbose = true;
			break;
		default:
			answer(d, o);
		}
	if (optind < argc || n >= (int)sizeof(conf_path))
		answer(d, '?');
}

/* ---- start ---- */

static void
raise_limit(int resource)
{
	struct rlimit	l;

	if (getrlimit(resource, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(resource, &l);
	}
}

/* Key bytes must not reach a core file, nor a debugger of our user. */
static void
no_dumps(void)
{
	const struct rlimit	none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		fatal("core dumps cannot be switched off", NULL);
#ifndef QKD_SANITIZED	/* the leak checker traces its own process */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fatal("core dumps cannot be switched off", NULL);
#endif
}

void
daemon_start(const struct daemon_info *d, int argc, char **argv)
{
	struct args	a = { false, false };
	int		r;

	no_dumps();
	umask(0027);
	signal(SIGPIPE, SIG_IGN);
	parse_args(d, argc, argv, &a);
	log_init(d->name, a.verbose ? LL_DEBUG : LL_INFO);
	about_start();
	r = conf_load(d->options, d->conf, conf_path, stderr);
	if (r == 0 && d->check != NULL)
		r = d->check(conf_path, stderr);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", conf_path, err_text(r));
		exit(EX_CONFIG);	/* systemd does not try again */
	}
	if (a.check) {
		printf("%s: ok\n", conf_path);
		conf_free(d->options, d->conf);
		finish_output();
	}
	raise_limit(RLIMIT_MEMLOCK);
	raise_limit(RLIMIT_NOFILE);
	log_info("starting", "version=%s config=%s", PACKAGE_VERSION,
	    log_quote(conf_path));
}

/* ---- service manager ---- */

/* One datagram, as sd_notify(3) describes it. */
static void
notify(const char *text)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	const char		*path = getenv("NOTIFY_SOCKET");
	size_t			 len = path == NULL ? 0 : strlen(path);
	int			 fd;

	if (len == 0 || len >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path, len);
	if (sun.sun_path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un,
	    sun_path) + len)) < 0)
		log_debug("service manager was not told", NULL);
	close(fd);
}

void
daemon_store_ruined(const char *path)
{
	log_err("stopped: the key store cannot be trusted", "path=%s "
	    "remedy=\"mend the disk, then start again: the store is checked, "
	    "and other nodes are asked what is missing\"", log_quote(path));
	_exit(1);
}

void
daemon_ready(const char *status)
{
	char	text[512];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", status);
	notify(text);
	log_notice("ready", "status=%s", log_quote(status));
}

void
daemon_status(const char *fmt, ...)
{
	char	text[512] = "STATUS=";
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text + strlen(text), sizeof(text) - strlen(text), fmt, ap);
	va_end(ap);
	notify(text);
}

/* ---- the loop ---- */

static struct {
	struct event_base	*base;
	void			(*stop)(void *), (*reload)(void *);
	void			*arg;
	bool			 stopping;
	uint64_t		 reloaded;	/* ms; 0: never */
	struct event		*reloading;
	struct event		*deadline, *watchdog, *signals[3];
} loop;

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	log_warn("orderly end took too long", "seconds=%d", STOP_SECONDS);
	event_base_loopbreak(loop.base);
}

static void
on_terminate(evutil_socket_t sig, short what, void *arg)
{
	const struct timeval	limit = { STOP_SECONDS, 0 };

	(void)what, (void)arg;
	log_notice("stopping", "signal=%d again=%d", (int)sig, loop.stopping);
	if (loop.stopping || loop.stop == NULL) {
		event_base_loopbreak(loop.base);
		return;
	}
	loop.stopping = true;
	notify("STOPPING=1");
	event_add(loop.deadline, &limit);
	loop.stop(loop.arg);
}

static void
on_reloading(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	loop.reload(loop.arg);
	loop.reloaded = mono_ms();
}

/* libevent calls for every single signal, even if a thousand came: they share
 * a reload, and there is time for other things before the next. */
static void
on_reload(evutil_socket_t sig, short what, void *arg)
{
	uint64_t	next = loop.reloaded == 0 ? 0 :
			    loop.reloaded + RELOAD_MS, now = mono_ms();
	struct timeval	wait = { 0, next > now ? (next - now) * 1000 : 0 };

	(void)sig, (void)what, (void)arg;
	if (loop.reload != NULL &&
	    !event_pending(loop.reloading, EV_TIMEOUT, NULL))
		event_add(loop.reloading, &wait);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	notify("WATCHDOG=1");
}

/* Twice as often as the service manager wants to hear from us. */
static void
start_watchdog(void)
{
	const char	*env = getenv("WATCHDOG_USEC");
	long long	 us = env == NULL ? 0 : atoll(env) / 2;
	struct timeval	 tv = { us / 1000000, us % 1000000 };

	if (us <= 0)
		return;
	loop.watchdog = event_new(loop.base, -1, EV_PERSIST, on_watchdog,
	    NULL);
	if (loop.watchdog == NULL || event_add(loop.watchdog, &tv) < 0)
		fatal("watchdog timer cannot be made", NULL);
}

/* Kept as long as the process lives. */
static void
on_signal(size_t n, int sig, event_callback_fn fn)
{
	struct event	*ev = evsignal_new(loop.base, sig, fn, NULL);

	loop.signals[n] = ev;
	if (ev == NULL || event_add(ev, NULL) < 0)
		fatal("signal handler cannot be set", "signal=%d", sig);
}

struct event_base *
daemon_loop(void (*stop)(void *), void (*reload)(void *), void *arg)
{
	if ((loop.base = event_base_new()) == NULL || (loop.deadline =
	    evtimer_new(loop.base, on_deadline, NULL)) == NULL ||
	    (loop.reloading = evtimer_new(loop.base, on_reloading, NULL)) ==
	    NULL)
		fatal("event loop cannot be made", NULL);
	loop.stop = stop;
	loop.reload = reload;
	loop.arg = arg;
	loop.stopping = false;
	on_signal(0, SIGTERM, on_terminate);
	on_signal(1, SIGINT, on_terminate);
	on_signal(2, SIGHUP, on_reload);
	start_watchdog();
	return loop.base;
}
