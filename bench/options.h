/* options.h - the command line of the load generator. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "conn.h"
#include "job.h"

/* Closed: one request under way on each connection, all the time. Open:
 * requests at a rate. Else a connection for each request. */
enum mode { CLOSED, OPEN, HANDSHAKES, RESUMED };

struct load_options {
	enum mode		 mode;
	unsigned		 connections;
	double			 seconds, rate;
	bool			 hold;
	struct conn_setup	 conn;
};

/* Ends the program if they make no sense. */
void	options_read(int argc, char **argv, struct load_options *,
	    struct job *);

#endif
