/*
 * confine.h - what a process may touch from now on: files and TCP ports
 * (landlock), system calls (seccomp). Nothing of it can be taken back, by
 * whoever runs in the process. A role is a table in the daemon's main.c.
 */
#ifndef QKD_CONFINE_H
#define QKD_CONFINE_H

#include "conf.h"

enum confine_mode { CONFINE_TRY, CONFINE_REQUIRE, CONFINE_OFF };

extern const char *const	confine_modes[];	/* in that order */
/* Of a word; -1: none of them. */
int	confine_mode(const char *word);

/* The option of each daemon that has this door: S has an int `confine`. */
#define OPT_CONFINE(S) \
	OPT_CHOICE(S, confine, "try", confine_modes, \
	    "Before it serves, the daemon gives up all files, ports and " \
	    "system calls that it does not need. \"try\": as far as the " \
	    "kernel can, a warning names what it cannot; \"require\": does " \
	    "not start otherwise; \"off\": for looking for faults.")

/* For roles into which foreign code may come, which needs what it needs. */
#define OPT_CONFINE_KEEP(S) \
	OPT_STRINGS(S, confine_keep, \
	    "Files and directories (with all below) that stay open for " \
	    "reading and writing besides: those of a PKCS#11 token or of a " \
	    "device. What is not there at the start stays shut.")

enum confine_what {
	CONFINE_END,
	CONFINE_READ,		/* this file, or all below this directory */
	CONFINE_READ_AROUND,	/* all below the directory of this file: it
				 * may be replaced by another of that name */
	CONFINE_STORE,		/* files beside this one are read, written,
				 * made and removed too */
	CONFINE_KEEP,		/* this file, or all below this directory, to
				 * be read, written, made and removed */
	CONFINE_SOCKET,		/* UNIX socket, made and removed */
	CONFINE_BIND,		/* "host:port", TCP; "": none */
	CONFINE_CONNECT,
};

struct confine_place {
	enum confine_what	 what;
	const char		*path;	/* "" or a missing one: nothing */
	const char		*below;	/* of a run directory; NULL: path */
};

enum {				/* system calls beside those of all */
	CONFINE_TCP = 1,	/* makes TCP sockets */
	CONFINE_UDP = 2,	/* and UDP ones: asks name servers */
};

struct confine_role {
	const char			*name;
	const struct confine_place	*places;	/* CONFINE_END */
	unsigned			 calls;
};

/* Beside the table: what only the configuration knows. Before the next. */
void	confine_also(enum confine_what, const char *path);
void	confine_also_all(enum confine_what, const struct conf_strings *);
/*
 * Before the first thread, since this is inherited and not imposed; so all
 * that is opened at the start stands in the table too. Ends the process
 * when the mode asks for it.
 */
void	confine_files(const struct confine_role *, int mode);
/* When all is open, before anybody is served; for all threads. */
void	confine_calls(const struct confine_role *, int mode);

#endif
