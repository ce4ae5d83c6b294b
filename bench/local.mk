# bench: the load generator; bench/run starts it (make bench-load first).
noinst_PROGRAMS += bench/load
bench_load_SOURCES = bench/load.c bench/job.c bench/job.h \
	bench/answer.c bench/answer.h bench/conn.c bench/conn.h \
	bench/request.c bench/request.h bench/options.c bench/options.h \
	bench/times.c bench/times.h
bench_load_LDADD = $(OPENSSL_LIBS) -lm
EXTRA_DIST += bench/run bench/README.md bench/lib
