# bench: what bench/run starts: the load generator, two applications that
# share keys, octets through TLS alone, a wire (of tests too), many nodes.
noinst_PROGRAMS += bench/load bench/pair bench/pump bench/wire \
	bench/many
bench_client = bench/answer.c bench/answer.h bench/conn.c bench/conn.h \
	bench/request.c bench/request.h bench/times.c bench/times.h
bench_load_SOURCES = $(bench_client) bench/load.c bench/job.c bench/job.h \
	bench/options.c bench/options.h
bench_load_LDADD = $(OPENSSL_LIBS) -lm
bench_pair_SOURCES = $(bench_client) bench/pair.c
bench_pair_LDADD = $(OPENSSL_LIBS) -lm
bench_pump_SOURCES = bench/pump.c bench/times.c bench/times.h
bench_pump_LDADD = $(OPENSSL_LIBS) -lm
bench_wire_SOURCES = bench/wire.c bench/times.c bench/times.h
bench_wire_LDADD = -lm
bench_many_SOURCES = bench/many.c bench/manynet.c bench/manynet.h \
	bench/manyplain.c bench/manysim.c bench/manysim.h \
	bench/manysimimpl.h bench/manywalk.c bench/manywalk.h
bench_many_LDADD = libkma.a $(COMMON_LIBS)
EXTRA_DIST += bench/run bench/README.md bench/lib
