# bench: the load generator; bench/run starts it (make bench-load first).
noinst_PROGRAMS += bench/load
bench_load_SOURCES = bench/load.c bench/job.c bench/job.h \
	bench/answer.c bench/answer.h
bench_load_LDADD = $(OPENSSL_LIBS)
EXTRA_DIST += bench/run
