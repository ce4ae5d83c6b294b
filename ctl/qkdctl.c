/*
 * qkdctl - the operator's command. Its subcommands ask the daemons on their
 * control sockets, or open what their own files say; any other first word is
 * a daemon that is asked. No key can be asked for.
 */
#include "config.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "auditcmd.h"
#include "backupcmd.h"
#include "call.h"
#include "checkup.h"
#include "editcmd.h"
#include "events.h"
#include "generic.h"
#include "initcmd.h"
#include "keycmd.h"
#include "saecmd.h"
#include "servecmd.h"
#include "show.h"
#include "watch.h"

#define ANSWER_WAIT	30		/* s */

/* `args` and `help` are for the usage, and for completion by the shell. */
static const struct subcommand {
	const char	*name, *args, *help;
	int		(*run)(const struct call *, int argc, char **argv);
} subcommands[] = {
	{ "status", "[-j]", "can the node supply keys, and if not, why?",
	    status_run },
	{ "links", "[-j]", "QKD links: state, stock, rates", list_run },
	{ "pools", "[-j]", "stocks of keys shared with other nodes",
	    list_run },
	{ "peers", "[-j]", "other nodes and the connections to them",
	    list_run },
	{ "routes", "[-j]", "the ways of key relay as a table", list_run },
	{ "saes", "[-j]", "applications of this node and of others",
	    list_run },
	{ "sessions", "[-j]", "sessions of applications", list_run },
	{ "keys", "[-j] [-b N]", "requests of keys, without keys", list_run },
	{ "events", "[-j] [-f] [-n N]", "the last events of all daemons",
	    events_run },
	{ "watch", "[-j] [-n N]", "all of it live, with rates; q ends it",
	    watch_run },
	{ "route", "[set KM KM,KM,... | clear KM]",
	    "the ways of key relay", generic_route },
	{ "sae", "{status | get | fetch | session | listen} ...",
	    "keys for an application", saecmd },
	{ "check", "[-j] [--files] [--root DIR]",
	    "configuration, certificates, clock, disk, permissions, peers",
	    checkcmd },
	{ "init", "[--defaults] [--kme-id ID] [--listen ADDRESS] [--csr] "
	    "[--certificates DIR] ...",
	    "makes a working node of a fresh install", initcmd },
	{ "serve", "[--listen 127.0.0.1:PORT] [--host NAME]...",
	    "status page and metrics over HTTP", servecmd },
	{ "link", "{add | remove} NAME [--peer KM] [--driver KIND] ...",
	    "a QKD link of this node", linkcmd },
	{ "peer", "{add | remove} KM [--address HOST:PORT] ...",
	    "another node that keys are shared with", peercmd },
	{ "application", "{add | remove} ID [--name NAME] ...",
	    "an application of this node", applicationcmd },
	{ "rotate-key", "[--node-key] [kma | ksa]",
	    "new keys for the stores, while they serve", rotatecmd },
	{ "zeroize", "[--yes]", "destroys all keys of this node", zeroizecmd },
	{ "backup", "[--with-private-keys] FILE",
	    "all of this node but its keys, in one file", backupcmd },
	{ "restore", "[--to-root DIR] [--force] FILE",
	    "this node as a backup has it", restorecmd },
	{ "audit", AUDITCMD_ARGS,
	    "the record of what happened to keys", auditcmd },
};

#define NSUBCOMMANDS	(sizeof(subcommands) / sizeof(subcommands[0]))

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: qkdctl [-j] [-r RUNDIR] COMMAND [ARGUMENT...]\n"
	    "       qkdctl [-j] [-r RUNDIR] DAEMON COMMAND [ARGUMENT...]\n"
	    "\n"
	    "Commands:\n");
	for (size_t i = 0; i < NSUBCOMMANDS; i++)
		fprintf(f, "  %s %s\n             %s\n", subcommands[i].name,
		    subcommands[i].args, subcommands[i].help);
	fprintf(f,
	    "\n"
	    "Daemons of this node: kma, ksa, relayd or qkdmod-LINK.\n"
	    "Each of them knows the commands status and help.\n"
	    "\n"
	    "  -j, --json  the answer as JSON\n"
	    "  -r RUNDIR   directory of the sockets (" RUNSTATEDIR
	    "/qkdnode)\n"
	    "  -V, -h      version, this help\n"
	    "  --commands  the names of the commands, one a line\n"
	    "\n"
	    "Exit status: 0 done, 1 refused, 2 usage, 3 not reachable;\n"
	    "of status: 0 ok, 1 warning, 2 critical, 3 unknown.\n");
}

static void
print_commands(void)
{
	for (size_t i = 0; i < NSUBCOMMANDS; i++)
		puts(subcommands[i].name);
}

static const struct option	options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "json", no_argument, NULL, 'j' },
	{ "commands", no_argument, NULL, 'C' },
	{ NULL, 0, NULL, 0 }
};

/* The exit code, or -1: go on. */
static int
read_options(struct call *call, int argc, char **argv)
{
	int	c;

	/* '+': a command's own arguments may begin with a dash. */
	while ((c = getopt_long(argc, argv, "+jr:Vh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			call->json = true;
			break;
		case 'r':
			call->run_dir = optarg;
			break;
		case 'V':
			puts("qkdctl " PACKAGE_VERSION);
			return CALL_DONE;
		case 'h':
			usage(stdout);
			return CALL_DONE;
		case 'C':
			print_commands();
			return CALL_DONE;
		default:
			usage(stderr);
			return CALL_USAGE;
		}
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct call	call = { .run_dir = RUNSTATEDIR "/qkdnode",
			    .wait = ANSWER_WAIT };
	char		**args;
	int		nargs, r;

	setlocale(LC_CTYPE, "");	/* the width of what tables show */
	if ((r = read_options(&call, argc, argv)) >= 0)
		return r;
	args = argv + optind;
	nargs = argc - optind;
	for (size_t i = 0; nargs > 0 && i < NSUBCOMMANDS; i++)
		if (strcmp(args[0], subcommands[i].name) == 0)
			return subcommands[i].run(&call, nargs, args);
	if (nargs < 2) {
		usage(stderr);
		return CALL_USAGE;
	}
	return generic(&call, nargs, args);
}
