/* options.c - the command line of the load generator. */
#include "config.h"

#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECTIONS_MAX	16000
#define ROOM_FOR_MORE	65536	/* answers that come together */

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(2);
}

enum { HANDSHAKE = 256, RESUME, TLS12, RATE, HOLD, AK, WINDOW };

static const struct option options[] = {
	{ "connect", 1, NULL, 'C' }, { "cert", 1, NULL, 'c' },
	{ "key", 1, NULL, 'k' }, { "ca", 1, NULL, 'a' },
	{ "connections", 1, NULL, 'n' }, { "seconds", 1, NULL, 's' },
	{ "count", 1, NULL, 'r' }, { "number", 1, NULL, 'N' },
	{ "size", 1, NULL, 'S' }, { "sae", 1, NULL, 'p' },
	{ "ids", 1, NULL, 'i' }, { "dec", 0, NULL, 'd' },
	{ "mixed", 0, NULL, 'm' }, { "fixed", 0, NULL, 'f' },
	{ "handshakes", 0, NULL, HANDSHAKE }, { "resume", 0, NULL, RESUME },
	{ "tls12", 0, NULL, TLS12 }, { "rate", 1, NULL, RATE },
	{ "hold", 0, NULL, HOLD }, { "ak", 0, NULL, AK },
	{ "window", 1, NULL, WINDOW }, { "help", 0, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void
usage(void)
{
	puts("load --connect HOST:PORT --cert F --key F --ca F --sae OTHER\n"
	    "  [--dec | --mixed] [--ids FILE] [--number KEYS] [--size BITS]\n"
	    "  [--connections N] [--count REQUESTS] [--seconds S] [--fixed]\n"
	    "  [--rate R | --handshakes [--resume]] [--tls12] [--hold]\n"
	    "  [--ak [--window N]]\n"
	    "Draws keys (writes their IDs to FILE); with --dec, fetches "
	    "those in FILE;\nwith --mixed, both in turn.\n"
	    "--fixed: the server answers everything alike.\n"
	    "--ak: the door of Q.4161, N requests under way on each "
	    "connection.");
	exit(0);
}

static void
option(int c, struct load_options *o, struct job *j)
{
	switch (c) {
	case 'C': o->conn.address = j->host = optarg; break;
	case 'c': o->conn.cert = optarg; break;
	case 'k': o->conn.key = optarg; break;
	case 'a': o->conn.ca = optarg; break;
	case 'n': o->connections = atoi(optarg); break;
	case 's': o->seconds = atof(optarg); break;
	case 'r': j->count = strtoul(optarg, NULL, 10); break;
	case 'N': j->number = atoi(optarg); break;
	case 'S': j->size = atoi(optarg); break;
	case 'p': j->sae = optarg; break;
	case 'i': j->ids = optarg; break;
	case 'd': j->dec = true; j->enc = false; break;
	case 'm': j->dec = true; break;
	case 'f': j->fixed = true; break;
	case HANDSHAKE: o->mode = HANDSHAKES; break;
	case RESUME: o->conn.resume = true; o->mode = RESUMED; break;
	case TLS12: o->conn.version = TLS1_2_VERSION; break;
	case RATE: o->mode = OPEN; o->rate = atof(optarg); break;
	case HOLD: o->hold = true; break;
	case AK: o->conn.ak = j->ak = true; break;
	case WINDOW: o->conn.window = atoi(optarg); break;
	case 'h': usage(); break;
	default: exit(2);
	}
}

void
options_read(int argc, char **argv, struct load_options *o, struct job *j)
{
	int c;

	*o = (struct load_options){ .connections = 1, .seconds = 10,
	    .conn = { .version = TLS1_3_VERSION, .window = 1 } };
	*j = (struct job){ .enc = true, .number = 1, .size = 256,
	    .count = 1000 };
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		option(c, o, j);
	if (o->conn.address == NULL || o->conn.cert == NULL ||
	    o->conn.key == NULL || o->conn.ca == NULL || j->sae == NULL ||
	    (j->dec && !j->ids))
		die("an option is missing; see --help");
	if (o->connections < 1 || o->connections > CONNECTIONS_MAX ||
	    j->number < 1 || j->number > JOB_KEYS_MAX || j->size % 8 != 0 ||
	    j->size < 8 || j->count < 1 || j->count > 20000000 ||
	    (o->mode == OPEN && !(o->rate > 0)) || o->conn.window < 1 ||
	    o->conn.window > (o->conn.ak && o->mode == CLOSED ?
	    JOB_WINDOW_MAX : 1))
		die("an option is out of range");
	o->conn.room = j->number * (j->size / 6 + 128ul) + 8192 +
	    (o->conn.ak ? ROOM_FOR_MORE : 0);
}
